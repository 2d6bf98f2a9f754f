"""Problems in an organiser's words: what pydantic refuses, where that stands, and what would be right instead."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from datetime import date, datetime, time
from typing import TYPE_CHECKING, NamedTuple, get_args

from pydantic import BaseModel

from aslms_feeds.definitions.shortening import shorten
from aslms_feeds.definitions.toml import step_into
from aslms_feeds.definitions.values import COUNTRY_PATTERN, LINE_PATTERN, NUMBER_PATTERN, PROSE_PATTERN, RETIRED_PATTERN
from aslms_feeds.identity import ID_LENGTH, ID_PATTERN, is_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

    from aslms_feeds.definitions.toml import Location

MAX_PROBLEMS = 500
"""The most problems listed of one file: a slip repeated in every line shows in fewer."""
ID_RULE = "small letters, digits and single hyphens, such as race-1"
_MAX_IDS = 30
"""Ids listed in a message; more are counted."""
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TELLING = frozenset({"timezone_naive", "year"})
"""Types of error that say more than what another alternative finds wrong with the same value."""
_DAYS = frozenset(
    {
        "date_type",
        "datetime_type",
        "date_from_datetime_inexact",
        "date_from_datetime_parsing",
        "datetime_from_date_parsing",
        "date_parsing",
        "datetime_parsing",
    }
)
_PATTERNS = {
    ID_PATTERN: f"an id is {ID_RULE}",
    LINE_PATTERN: "one line of text is wanted, without space at its ends",
    PROSE_PATTERN: "a text is wanted; leave the key out when there is nothing to say",
    COUNTRY_PATTERN: "a country's code of two capital letters is wanted (ISO 3166-1), such as MY",
    NUMBER_PATTERN: "a car's number is wanted, such as 99 or 007",
    RETIRED_PATTERN: "an event's id is wanted, or event.session",
}
_BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}


class Explanation(NamedTuple):
    """What is wrong at a place of a file."""

    location: Location
    message: str
    key: bool
    """Whether the key itself is meant, not its value."""


def explain_errors(model: type[BaseModel], data: object, errors: Iterable[ErrorDetails]) -> list[Explanation]:
    """Return pydantic's errors in our words."""
    places: dict[tuple[Location, bool], list[ErrorDetails]] = defaultdict(list)
    for error in errors:
        key = error["type"] == "extra_forbidden" or error["loc"][-1:] == ("[key]",)
        places[locate_error(data, error), key].append(error)
    explanations = []
    for count, ((location, key), same_place) in enumerate(places.items()):
        # Beyond what is listed, a problem is only counted.
        message = _explain_place(model, location, same_place) if count <= MAX_PROBLEMS else ""
        explanations.append(Explanation(location, message, key))
    return explanations


def locate_error(data: object, error: ErrorDetails) -> Location:
    """Return where an error is: without the names of union members, which pydantic puts in between."""
    location = error["loc"]
    steps: list[str | int] = []
    for index, step in enumerate(location):
        if isinstance(data, dict) and (step in data or (index == len(location) - 1 and step != "[key]")):
            data = data.get(step)
            steps.append(step)
        elif isinstance(data, tuple | list) and isinstance(step, int) and step < len(data):
            data = data[step]
            steps.append(step)
        else:
            break
    # A check of a whole table names the key it is about.
    key = error.get("ctx", {}).get("key")
    return (*steps, key) if isinstance(key, str) and isinstance(data, dict) else tuple(steps)


def name_place(data: object, location: Location) -> str:
    """Return a location with ids for list positions: ``event.sepang.session.race-1.start``."""
    words = []
    for step in location:
        value = step_into(data, step)
        if isinstance(step, int):
            name = value.get("id", value.get("number")) if isinstance(value, dict) else None
            words.append(name if isinstance(name, str) and _PLAIN.fullmatch(name) else f"#{step + 1}")
        else:
            words.append(step if _PLAIN.fullmatch(step) else show_value(step))
        data = value
    return ".".join(words)


def show_value(value: object) -> str:
    """Return a value of a file as a message shows it, on one line."""
    match value:
        case str():
            return repr(shorten(value, 60, stays=57))
        case bool():
            return str(value).lower()
        case datetime() | date() | time():
            return value.isoformat()
        case dict():
            return "a table"
        case tuple():
            return "a list"
        case _:
            return str(value)[:60]


def suggest_nearest(word: str, allowed: Iterable[str]) -> str:
    """Return the guess what a misspelt word should be, or nothing."""
    if len(word) > ID_LENGTH:
        return ""
    words = list(allowed)
    near = [candidate for candidate in words if candidate.lower() == word.lower()]
    near = near or difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return f", did you mean {near[0]!r}?" if near else ""


def explain_unknown(name: str, what: str, allowed: Iterable[str]) -> str:
    """Return the message for an id that is not defined, with the nearest one that is."""
    ids = sorted(candidate for candidate in allowed if is_id(candidate))
    more = f" and {len(ids) - _MAX_IDS} more" if len(ids) > _MAX_IDS else ""
    listed = ", ".join(ids[:_MAX_IDS]) + more if ids else "none is defined"
    return f"unknown {what} {name!r}{suggest_nearest(name, ids[:1000])}; allowed: {listed}"


def find_inner_model(annotation: object) -> type[BaseModel] | None:
    """Return the model of the tables that a key holds, from its annotation; None when it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (find_inner_model(inner) for inner in get_args(annotation))
    return next((model for model in models if model), None)


def _find_model_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    current: type[BaseModel] = model
    for step in location:
        for name, info in current.model_fields.items():
            if (info.alias or name) == step:
                current = find_inner_model(info.annotation) or current
                break
    return current


def _list_keys(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys a table at ``location`` may hold."""
    return [info.alias or name for name, info in _find_model_at(model, location).model_fields.items()]


def _explain_place(model: type[BaseModel], location: Location, errors: list[ErrorDetails]) -> str:
    """Return what is wrong at one place; an alternative that fits the value best speaks for all of them."""
    first = errors[0]
    value = first["input"]
    if first["type"] == "missing":
        return f"the key {location[-1]!r} is required"
    if first["type"] == "extra_forbidden":
        name, allowed = str(location[-1]), _list_keys(model, location[:-1])
        return f"unknown key {show_value(name)}{suggest_nearest(name, allowed)}; allowed: {', '.join(allowed)}"
    if first["type"] == "tuple_type" and isinstance(value, dict):
        name = ".".join(step for step in location if isinstance(step, str))
        return f"found one table; one of many is written with double brackets, [[{name}]]"
    telling = next((error for error in errors if error["type"] in _TELLING), None)
    if telling is not None:
        return _explain_error(telling, telling["input"])
    types = {error["type"] for error in errors}
    if not types.isdisjoint(_DAYS):
        return f"found {show_value(value)}; {_explain_day(value, types)}"
    return " or ".join(dict.fromkeys(_explain_error(error, value) for error in errors))


def _explain_day(value: object, types: set[str]) -> str:
    """Return which of a day, a time and a text is wanted where none of them was found."""
    time = not types.isdisjoint({"datetime_type", "datetime_from_date_parsing", "datetime_parsing"})
    day = not types.isdisjoint({"date_type", "date_from_datetime_inexact", "date_from_datetime_parsing"})
    text = ", or a text" if types & {"string_type", "string_too_long", "string_too_short"} else ""
    if isinstance(value, str):
        return "dates and times stand without quotes: " + ("2023-12-02T14:00:00" if time else "2023-12-02")
    if time and day:
        return f"a time with its day is wanted, 2023-12-02T14:00:00, or the day alone, 2023-12-02{text}"
    if time:
        return "a time with its day is wanted, such as 2023-12-02T14:00:00"
    return "a day alone is wanted, such as 2023-12-02"


def _explain_error(error: ErrorDetails, value: object) -> str:
    context = error.get("ctx", {})
    value_text = show_value(value)
    match error["type"]:
        case "enum" | "literal_error":
            allowed = re.findall(r"'([^']*)'|\b(\d+)\b", str(context.get("expected", "")))
            names = [name or number for name, number in allowed]
            return f"found {value_text}{suggest_nearest(str(value), names)}; allowed: {', '.join(names)}"
        case "string_pattern_mismatch":
            return f"found {value_text}; {_PATTERNS.get(str(context.get('pattern')), 'it looks otherwise')}"
        case "string_too_long":
            length = len(value) if isinstance(value, str) else 0
            return f"found {length:,} characters; {context.get('max_length'):,} are allowed"
        case "string_too_short":
            return "found an empty text; leave the key out when there is nothing to say"
        case "timezone_naive":
            return f"found {value_text}; times are the circuit's own: write it without Z or an offset"
        case "string_type":
            return f"found {value_text}; text in quotes is wanted"
        case "tuple_type":
            return f'found {value_text}; a list is wanted, such as ["one", "two"]'
        case "dict_type" | "model_type" | "model_attributes_type" if isinstance(value, tuple):
            return "found a list; one table is wanted"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"found {value_text}; a table is wanted"
        case "int_type" | "int_from_float" | "int_parsing_size":
            return f"found {value_text}; a whole number without quotes is wanted"
        case "float_type":
            return f"found {value_text}; a number without quotes is wanted"
        case "bool_type":
            return f"found {value_text}; true or false is wanted, without quotes"
        case "finite_number":
            return f"found {value_text}, which is no number"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" as bound:
            return f"found {value_text}; {_BOUNDS[bound]} {next(iter(context.values()), ''):g} is allowed"
        case _:
            text = error["msg"][0].lower() + error["msg"][1:]
            return f"found {value_text}; {text}" if not isinstance(value, dict | tuple) else text

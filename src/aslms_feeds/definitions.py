"""Definition files to the model, or every problem of every file at once, each with its place.

A problem in one series leaves the others untouched; a problem in the shared files stops them all.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from aslms_feeds import checks
from aslms_feeds.errors import Problem
from aslms_feeds.identity import ID_LENGTH, ID_PATTERN, SERIES_FOLDERS, SITE_FOLDERS
from aslms_feeds.model import (
    Circuit,
    Definition,
    Entries,
    News,
    Publisher,
    Results,
    Season,
    SeasonFiles,
    Series,
    SeriesFiles,
)
from aslms_feeds.moments import event_days
from aslms_feeds.positions import Positions
from aslms_feeds.toml import parse, text_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

    from aslms_feeds.positions import Location

M = TypeVar("M", bound=Definition)

PUBLISHER, CIRCUITS, SERIES, SEASON = "publisher.toml", "circuits.toml", "series.toml", "season.toml"
ENTRIES, RESULTS, NEWS = "entries.toml", "results.toml", "news.toml"
SEASON_FILES = (SEASON, ENTRIES, RESULTS, NEWS)


@dataclass(frozen=True)
class Definitions:
    """What a calendars folder defines: the series that are right, and the problems of those that are not."""

    publisher: Publisher | None
    series: Mapping[str, SeriesFiles]
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    """The problems by series; "" for the files they share."""
    files: Mapping[str, File] = field(default_factory=dict)
    """Every file, by its path below the folder."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in file order."""
        return tuple(sorted({problem for found in self.broken.values() for problem in found}))

    def problem(self, path: str, location: Location, message: str) -> Problem:
        """Return a problem at a place of a file, or of the file as a whole where it is gone."""
        file = self.files.get(path)
        return file.problem(location, message) if file else Problem(path, 0, 0, "", message)


class File:
    """One file: its table, what is wrong in it, and where things stand in it."""

    def __init__(self, label: str, content: bytes) -> None:
        """Read ``content``; ``label`` is how problems name the file."""
        self.label = label
        parsed = parse(label, content)
        self.text = parsed.text
        self.data = parsed.data
        self.problems = list(parsed.problems)
        self._positions: Positions | None = None

    def problem(self, location: Location, message: str, *, key: bool = False) -> Problem:
        """Return a problem at a place of this file."""
        self._positions = self._positions or Positions(self.text)
        line, column = self._positions.of(location, key=key)
        return Problem(self.label, line, column, where(self.data, location), message)

    def add(self, location: Location, message: str, *, key: bool = False) -> None:
        """Note a problem at a place of this file."""
        self.problems.append(self.problem(location, message, key=key))

    def read(self, model: type[M]) -> M | None:
        """Return the whole file as a model; None, and problems noted, when it is not one."""
        if self.data is None:
            return None
        self._check_text(())
        return self._validated(model, self.data, ())

    def read_tables(self, model: type[M]) -> dict[str, M]:
        """Return a file of tables named by ids as models; what is wrong is noted and left out."""
        found = {}
        if self.data is not None:
            self._check_text(())
            for name, table in self.data.items():
                if not re.match(ID_PATTERN, name) or len(name) > ID_LENGTH:
                    self.add((name,), f"{name!r} is no id: {_ID_RULE}", key=True)
                elif (value := self._validated(model, table, (name,))) is not None:
                    found[name] = value
        return found

    def _check_text(self, location: Location) -> None:
        for place, message in text_problems(self.data, location):
            self.add(place, message)

    def _validated(self, model: type[M], data: object, prefix: Location) -> M | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for location, message, key in explained(model, data, error.errors(include_url=False)):
                self.add(prefix + location, message, key=key)
            return None


_ID_RULE = "small letters, digits and single hyphens, such as race-1"


def where(data: object, location: Location) -> str:
    """Return a location with ids for list positions: ``event.sepang.session.race-1.start``."""
    words = []
    for step in location:
        inner: Any = None
        if isinstance(data, dict):
            inner = data.get(str(step))
        elif isinstance(data, tuple) and isinstance(step, int) and step < len(data):
            inner = data[step]
        if isinstance(step, int):
            name = inner.get("id", inner.get("number")) if isinstance(inner, dict) else None
            words.append(name if isinstance(name, str) and name else f"#{step + 1}")
        else:
            words.append(str(step))
        data = inner
    return ".".join(words)


def explained(model: type[BaseModel], data: object, errors: Iterable[ErrorDetails]) -> list[tuple[Location, str, bool]]:
    """Return pydantic's errors in our words: place, message, and whether the key itself is meant."""
    messages: dict[tuple[Location, bool], list[str]] = defaultdict(list)
    for error in errors:
        location = _real(data, error["loc"])
        key = error["type"] == "extra_forbidden" or error["loc"][-1:] == ("[key]",)
        message = _message(model, location, error)
        if message not in messages[location, key]:
            messages[location, key].append(message)
    return [(location, " or ".join(found), key) for (location, key), found in messages.items()]


def _real(data: object, location: tuple[int | str, ...]) -> Location:
    """Return a location without the names of union members, which pydantic puts in between."""
    real: list[str | int] = []
    for index, step in enumerate(location):
        if isinstance(data, dict) and (step in data or index == len(location) - 1):
            data = data.get(step)
            real.append(step)
        elif isinstance(data, tuple) and isinstance(step, int) and step < len(data):
            data = data[step]
            real.append(step)
        else:
            break
    return tuple(step for step in real if step != "[key]")


def _message(model: type[BaseModel], location: Location, error: ErrorDetails) -> str:
    found = error["input"]
    match error["type"]:
        case "extra_forbidden":
            allowed = _keys_at(model, location[:-1])
            return f"unknown key {location[-1]!r}{_nearest(str(location[-1]), allowed)}; allowed: {', '.join(allowed)}"
        case "missing":
            return f"the key {location[-1]!r} is required"
        case "enum" | "literal_error":
            allowed = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
            return f"found {_shown(found)}{_nearest(str(found), allowed)}; allowed: {', '.join(allowed)}"
        case "string_pattern_mismatch" if error.get("ctx", {}).get("pattern") == ID_PATTERN:
            return f"found {_shown(found)}; an id is {_ID_RULE}"
        case "string_pattern_mismatch":
            return f"found {_shown(found)}; one line of text without space at its ends" + _pattern_hint(error)
        case "timezone_naive":
            return f"found {found}; times are the circuit's own: write it without Z or an offset"
        case "date_type" | "datetime_type" | "date_from_datetime_inexact" if isinstance(found, str):
            return f"found the text {_shown(found)}; write a date without quotes: 2023-12-02 or 2023-12-02T14:00:00"
        case "date_type" | "date_from_datetime_inexact" | "date_from_datetime_parsing":
            return f"found {_shown(found)}; a day is wanted, such as 2023-12-02"
        case "datetime_type" | "datetime_from_date_parsing":
            return f"found {_shown(found)}; a time is wanted, such as 2023-12-02T14:00:00"
        case "string_type":
            return f"found {_shown(found)}; text in quotes is wanted"
        case "tuple_type":
            return f'found {_shown(found)}; a list is wanted, such as ["one", "two"]'
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"found {_shown(found)}; a table is wanted"
        case _:
            text = error["msg"][0].lower() + error["msg"][1:]
            return f"found {_shown(found)}; {text}" if not isinstance(found, dict | tuple) else text


def _pattern_hint(error: ErrorDetails) -> str:
    pattern = str(error.get("ctx", {}).get("pattern", ""))
    hints = {
        r"^[A-Z]{2}$": "; here a country code of two capital letters (ISO 3166-1), such as MY",
        r"^[0-9A-Za-z]{1,5}$": "; here a car's number, such as 99 or 007",
    }
    return hints.get(pattern, "")


def _shown(value: object) -> str:
    match value:
        case str():
            return repr(value if len(value) <= 60 else value[:57] + "…")  # noqa: PLR2004 - one line
        case bool():
            return str(value).lower()
        case datetime() | date():
            return value.isoformat()
        case dict():
            return "a table"
        case tuple():
            return "a list"
        case _:
            return str(value)


def _nearest(found: str, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(found, list(allowed), n=1, cutoff=0.6)
    return f", did you mean {near[0]!r}?" if near else ""


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys a table at ``location`` may hold."""
    current: type[BaseModel] = model
    for step in location:
        if isinstance(step, int):
            continue
        for name, info in current.model_fields.items():
            if (info.alias or name) == step:
                current = _model_in(info.annotation) or current
    return [info.alias or name for name, info in current.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        if found := _model_in(inner):
            return found
    return None


def read_definitions(contents: Mapping[str, bytes], root: str) -> Definitions:
    """Return what the files of a calendars folder define.

    ``contents`` maps paths below the folder to bytes; ``root`` is how the folder is named in problems.
    """
    files = {path: File(f"{root}/{path}", data) for path, data in sorted(contents.items()) if path.endswith(".toml")}
    shared: list[Problem] = []
    publisher = _shared(files, PUBLISHER, root, shared, Publisher)
    circuits: dict[str, Circuit] = {}
    if CIRCUITS in files:
        circuits = files[CIRCUITS].read_tables(Circuit)
        checks.circuits(files[CIRCUITS], circuits)
        shared += files[CIRCUITS].problems
    else:
        shared.append(Problem(f"{root}/{CIRCUITS}", 0, 0, "", "the file is missing; it names the venues"))
    folders = sorted({path.split("/")[0] for path in files if path.count("/") in (1, 2)})
    good: dict[str, SeriesFiles] = {}
    broken: dict[str, tuple[Problem, ...]] = {"": tuple(shared)} if shared else {}
    for name in folders:
        own = {path.removeprefix(f"{name}/"): file for path, file in files.items() if path.startswith(f"{name}/")}
        found = _series(name, own, publisher, circuits, root)
        problems = [problem for file in own.values() for problem in file.problems]
        if isinstance(found, Problem):
            problems.append(found)
        if problems:
            broken[name] = tuple(sorted(set(problems)))
        elif isinstance(found, SeriesFiles) and not shared:
            good[name] = found
    return Definitions(publisher, good, broken, files)


def _shared(files: Mapping[str, File], path: str, root: str, problems: list[Problem], model: type[M]) -> M | None:
    if path not in files:
        problems.append(Problem(f"{root}/{path}", 0, 0, "", "the file is missing; it says who publishes, and where"))
        return None
    value = files[path].read(model)
    if isinstance(value, Publisher):
        checks.publisher(files[path], value)
    problems += files[path].problems
    return value


def _series(
    name: str, files: Mapping[str, File], publisher: Publisher | None, circuits: Mapping[str, Circuit], root: str
) -> SeriesFiles | Problem | None:
    if SERIES not in files:
        return Problem(f"{root}/{name}/{SERIES}", 0, 0, "", "the file is missing; it names the series and its classes")
    series = files[SERIES].read(Series)
    languages = publisher.languages if publisher else ()
    if message := checks.folder(name, SITE_FOLDERS, languages):
        files[SERIES].add((), message)
    if series is not None:
        checks.series(files[SERIES], series)
    seasons = _seasons(files, series, circuits, languages)
    if series is None or publisher is None:
        return None
    return SeriesFiles(name, publisher, series, circuits, tuple(sorted(seasons, key=_by_time)))


def _seasons(
    files: Mapping[str, File], series: Series | None, circuits: Mapping[str, Circuit], languages: Iterable[str]
) -> list[SeasonFiles]:
    seasons = []
    folders: dict[str, dict[str, File]] = defaultdict(dict)
    for path, file in files.items():
        folder, _slash, rest = path.partition("/")
        if rest:
            folders[folder][rest] = file
        elif path != SERIES:
            file.add((), f"unknown file; a series folder holds {SERIES} and a folder for each season")
    for folder, own in sorted(folders.items()):
        season = _season(folder, own, languages)
        if season is not None and series is not None:
            checks.season(own, season, series, circuits)
        if season is not None:
            seasons.append(season)
    return seasons


def _season(folder: str, files: Mapping[str, File], languages: Iterable[str]) -> SeasonFiles | None:
    anchor = files.get(SEASON) or next(iter(files.values()))
    if message := checks.folder(folder, SERIES_FOLDERS, languages):
        anchor.add((), message)
    for path, file in files.items():
        if path not in SEASON_FILES:
            file.add((), f"unknown file; a season folder holds {', '.join(SEASON_FILES)}")
    if SEASON not in files:
        anchor.add((), f"the folder has no {SEASON}, which makes it a season")
        return None
    season = files[SEASON].read(Season)
    entries = files[ENTRIES].read(Entries) if ENTRIES in files else Entries()
    results = files[RESULTS].read(Results) if RESULTS in files else Results()
    news = files[NEWS].read(News) if NEWS in files else News()
    if season is None:
        return None
    # A file that is wrong has said so; the season is still checked against the others.
    return SeasonFiles(folder, season, entries or Entries(), results or Results(), news or News())


def _by_time(season: SeasonFiles) -> tuple[bool, date, str]:
    days = [found[0] for event in season.season.events if (found := event_days(event))]
    return season.season.kind == "championship", min(days, default=date.max), season.id

"""Definition files to the model, or every problem of every file at once, each with its place.

A problem in one series leaves the others untouched; a problem in the shared files stops them all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from aslms_feeds.definitions import checks
from aslms_feeds.definitions.checks import is_id, nearest
from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
from aslms_feeds.definitions.positions import Positions
from aslms_feeds.definitions.publisher import CALENDAR_NAMES, Publisher
from aslms_feeds.definitions.results import Entries, News, Results
from aslms_feeds.definitions.season import Season
from aslms_feeds.definitions.series import Circuit, Series
from aslms_feeds.definitions.shortening import shorten
from aslms_feeds.definitions.times import event_days
from aslms_feeds.definitions.toml import frozen, parse, text_problems, unfilled
from aslms_feeds.definitions.values import LINE_PATTERN, RETIRED_PATTERN, Definition
from aslms_feeds.errors import Problem
from aslms_feeds.identity import ID_PATTERN, SERIES_FOLDERS, SITE_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

    from aslms_feeds.definitions.positions import Location

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
        parsed = parse(content)
        self.text = parsed.text
        self.data = parsed.data
        self._filled = parsed.filled
        self._positions: Positions | None = None
        self._more = 0
        self._found = [Problem(label, note.line, note.column, "", note.message) for note in parsed.notes]
        self._note_short_times()

    @property
    def problems(self) -> list[Problem]:
        """What is wrong in it; a file with hundreds of problems has the first ones listed and the rest counted."""
        if not self._more:
            return self._found
        return [*self._found, Problem(self.label, 0, 0, "", f"and {self._more:,} more problems in this file")]

    def problem(self, location: Location, message: str, *, key: bool = False) -> Problem:
        """Return a problem at a place of this file."""
        line, column = self._placed.of(location, key=key)
        return Problem(self.label, line, unfilled(line, column, self._filled), where(self.data, location), message)

    def add(self, location: Location, message: str, *, key: bool = False) -> None:
        """Note a problem at a place of this file."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(self.problem(location, message, key=key))
        else:
            self._more += 1

    def ids(self, location: Location, key: str = "id") -> frozenset[str]:
        """Return the ids of a list of tables as they are written, whether the tables are right or not."""
        data: Any = self.data
        for step in location:
            if isinstance(data, dict):
                data = data.get(str(step))
            elif isinstance(data, tuple) and isinstance(step, int) and step < len(data):
                data = data[step]
            else:
                data = None
        rows = data if isinstance(data, tuple) else ()
        found = (row.get(key) for row in rows if isinstance(row, dict))
        return frozenset(name for name in found if isinstance(name, str))

    def read(self, model: type[M]) -> M | None:
        """Return the whole file as a model, without what is wrong in it; None when nothing can be made of it."""
        if self.data is None:
            return None
        self._check_text()
        return self._validated(model, self.data, ())

    def read_tables(self, model: type[M]) -> dict[str, M]:
        """Return a file of tables named by ids as models, without what is wrong in them."""
        found = {}
        if self.data is not None:
            self._check_text()
            for name, table in self.data.items():
                if not is_id(name):
                    self.add((name,), f"{_shown(name)} is no id: {_ID_RULE}", key=True)
                elif (value := self._validated(model, table, (name,))) is not None:
                    found[name] = value
        return found

    @property
    def _placed(self) -> Positions:
        if self._positions is None:
            self._positions = Positions(self.text)
        return self._positions

    def _note_short_times(self) -> None:
        # The text holds the seconds; a value behind them on its line stands three characters further right there.
        lines = self.text.split("\n")
        wanted: dict[tuple[int, int], tuple[int, int, str]] = {}
        shift: dict[int, int] = defaultdict(int)
        for line, column in self._filled:
            whole = column + shift[line]
            shift[line] += len(":00")
            # No key takes a time without its day, and that will be said.
            if time := _TIME.match(lines[line - 1], whole - 1):
                wanted[line, whole] = line, column, time.group()
        known = self._placed.at(set(wanted)) if wanted else {}
        for place, (line, column, full) in wanted.items():
            message = f"found {full[:-3]}, a time without seconds: TOML wants {full}"
            if len(self._found) < MAX_PROBLEMS:
                key = where(self.data, known.get(place, ()))
                self._found.append(Problem(self.label, line, column, key, message))
            else:
                self._more += 1

    def _check_text(self) -> None:
        for place, message in text_problems(self.data):
            self.add(place, message)

    def _validated(self, model: type[M], data: object, prefix: Location) -> M | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            value, errors = _mended(model, data, error)
        for location, message, key in explained(model, data, errors):
            self.add(prefix + location, message, key=key)
        return value


MAX_PROBLEMS = 500
"""The most problems listed of one file: a slip repeated in every line shows in fewer."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d")
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
            words.append(name if isinstance(name, str) and _PLAIN.fullmatch(name) else f"#{step + 1}")
        else:
            words.append(step if _PLAIN.fullmatch(step) else _shown(step))
        data = inner
    return ".".join(words)


_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def explained(model: type[BaseModel], data: object, errors: Iterable[ErrorDetails]) -> list[tuple[Location, str, bool]]:
    """Return pydantic's errors in our words: place, message, and whether the key itself is meant."""
    messages: dict[tuple[Location, bool], list[ErrorDetails]] = defaultdict(list)
    for one in errors:
        location = _real(data, one)
        key = one["type"] == "extra_forbidden" or one["loc"][-1:] == ("[key]",)
        messages[location, key].append(one)
    found = []
    for count, ((location, key), same) in enumerate(messages.items()):
        # Beyond what is listed, a problem is only counted.
        said = _message(model, location, same) if count <= MAX_PROBLEMS else ""
        found.append((location, said, key))
    return found


def _real(data: object, error: ErrorDetails) -> Location:
    """Return where an error is: without the names of union members, which pydantic puts in between."""
    location = error["loc"]
    real: list[str | int] = []
    for index, step in enumerate(location):
        if isinstance(data, dict) and (step in data or (index == len(location) - 1 and step != "[key]")):
            data = data.get(step)
            real.append(step)
        elif isinstance(data, tuple | list) and isinstance(step, int) and step < len(data):
            data = data[step]
            real.append(step)
        else:
            break
    # A check of a whole table names the key it is about.
    key = error.get("ctx", {}).get("key")
    return (*real, key) if isinstance(key, str) and isinstance(data, dict) else tuple(real)


def _message(model: type[BaseModel], location: Location, errors: list[ErrorDetails]) -> str:
    """Return what is wrong at one place; an alternative that fits the value best speaks for all of them."""
    if errors[0]["type"] == "missing":
        return f"the key {location[-1]!r} is required"
    if errors[0]["type"] == "extra_forbidden":
        name, allowed = str(location[-1]), _keys_at(model, location[:-1])
        return f"unknown key {_shown(name)}{nearest(name, allowed)}; allowed: {', '.join(allowed)}"
    if errors[0]["type"] == "tuple_type" and isinstance(errors[0]["input"], dict):
        name = ".".join(step for step in location if isinstance(step, str))
        return f"found one table; one of many is written with double brackets, [[{name}]]"
    told = [error for error in errors if error["type"] in _TELLING]
    if told:
        return _one_message(told[0], told[0]["input"])
    found = errors[0]["input"]
    types = {error["type"] for error in errors}
    if not types.isdisjoint(_DAYS):
        return f"found {_shown(found)}; {_day_wanted(found, types)}"
    return " or ".join(dict.fromkeys(_one_message(error, found) for error in errors))


_TELLING = frozenset({"timezone_naive", "year"})
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


def _day_wanted(found: object, types: set[str]) -> str:
    time = not types.isdisjoint({"datetime_type", "datetime_from_date_parsing", "datetime_parsing"})
    day = not types.isdisjoint({"date_type", "date_from_datetime_inexact", "date_from_datetime_parsing"})
    text = ", or a text" if types & {"string_type", "string_too_long", "string_too_short"} else ""
    if isinstance(found, str):
        return "dates and times stand without quotes: " + ("2023-12-02T14:00:00" if time else "2023-12-02")
    if time and day:
        return f"a time with its day is wanted, 2023-12-02T14:00:00, or the day alone, 2023-12-02{text}"
    if time:
        return "a time with its day is wanted, such as 2023-12-02T14:00:00"
    return "a day alone is wanted, such as 2023-12-02"


def _one_message(error: ErrorDetails, found: object) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "enum" | "literal_error":
            allowed = re.findall(r"'([^']*)'|\b(\d+)\b", str(context.get("expected", "")))
            names = [name or number for name, number in allowed]
            return f"found {_shown(found)}{nearest(str(found), names)}; allowed: {', '.join(names)}"
        case "string_pattern_mismatch":
            return f"found {_shown(found)}; {_PATTERNS.get(str(context.get('pattern')), 'it looks otherwise')}"
        case "string_too_long":
            length = len(found) if isinstance(found, str) else 0
            return f"found {length:,} characters; {context.get('max_length'):,} are allowed"
        case "string_too_short":
            return "found an empty text; leave the key out when there is nothing to say"
        case "timezone_naive":
            return f"found {_shown(found)}; times are the circuit's own: write it without Z or an offset"
        case "string_type":
            return f"found {_shown(found)}; text in quotes is wanted"
        case "tuple_type":
            return f'found {_shown(found)}; a list is wanted, such as ["one", "two"]'
        case "dict_type" | "model_type" | "model_attributes_type" if isinstance(found, tuple):
            return "found a list; one table is wanted"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"found {_shown(found)}; a table is wanted"
        case "int_type" | "int_from_float" | "int_parsing_size":
            return f"found {_shown(found)}; a whole number without quotes is wanted"
        case "float_type":
            return f"found {_shown(found)}; a number without quotes is wanted"
        case "bool_type":
            return f"found {_shown(found)}; true or false is wanted, without quotes"
        case "finite_number":
            return f"found {_shown(found)}, which is no number"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bound = next(iter(context.values()), "")
            words = error["type"].replace("_than", "").replace("_equal", " or equal to").replace("greater", "more than")
            words = {"more than or equal to": "at least", "less or equal to": "at most", "less": "less than"}.get(
                words, words
            )
            return f"found {_shown(found)}; {words} {bound:g} is allowed"
        case _:
            text = error["msg"][0].lower() + error["msg"][1:]
            return f"found {_shown(found)}; {text}" if not isinstance(found, dict | tuple) else text


def _shown(value: object) -> str:
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


_PATTERNS = {
    ID_PATTERN: f"an id is {_ID_RULE}",
    LINE_PATTERN: "one line of text is wanted, without space at its ends",
    r"\S": "a text is wanted; leave the key out when there is nothing to say",
    r"^[A-Z]{2}$": "a country's code of two capital letters is wanted (ISO 3166-1), such as MY",
    r"^[0-9A-Za-z]{1,5}$": "a car's number is wanted, such as 99 or 007",
    RETIRED_PATTERN: "an event's id is wanted, or event.session",
}


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys a table at ``location`` may hold."""
    current = _model_at(model, location)
    return [info.alias or name for name, info in current.model_fields.items()]


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    current: type[BaseModel] = model
    for step in location:
        for name, info in current.model_fields.items():
            if (info.alias or name) == step:
                current = _model_in(info.annotation) or current
                break
    return current


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        if found := _model_in(inner):
            return found
    return None


_STAND_IN: dict[str, object] = {
    "name": "?",
    "title": "?",
    "text": "?",
    "team": "?",
    "race": "?",
    "why": "?",
    "short": "?",
    "url": "https://example.org",
    "kind": "other",
    "what": "announced",
    "country": "XX",
    "timezone": "UTC",
    "base_url": "https://example.org",
    "identity": "example.org",
    "tag_date": date(2000, 1, 1),
}
"""What stands for a required key that is wrong or missing while the rest of its file is checked."""
_STAND_IN_IDS = frozenset({"id", "class", "event", "session"})
_ROUNDS = 4
"""Taking out what is wrong may show what a check of the whole table finds then."""


def _mended(model: type[M], data: object, error: ValidationError) -> tuple[M | None, list[ErrorDetails]]:
    """Return the model without what is wrong, and all that is: so the rest is checked in the same run.

    It is never published. Lists keep their length, so that positions in the model are positions in the file.
    """
    table = _unfrozen(data)
    errors: list[ErrorDetails] = []
    for _round in range(_ROUNDS):
        new = error.errors(include_url=False)
        # What stands in for something wrong is no mistake of the file.
        places = dict.fromkeys(_real(table, one) for one in new)
        errors += new
        if not all(_mend(model, table, place) for place in places):
            break
        try:
            return model.model_validate(frozen(table)), errors
        except ValidationError as again:
            error = again
    return None, errors


def _unfrozen(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    match value:
        case dict():
            return {key: _unfrozen(inner) for key, inner in value.items()}
        case tuple():
            return [_unfrozen(inner) for inner in value]
        case _:
            return value


def _holds_table(value: object, step: str | int) -> bool:
    return isinstance(value, list) and isinstance(step, int) and isinstance(value[step], dict)


def _mend(model: type[BaseModel], table: Any, location: Location) -> bool:  # noqa: ANN401 - any TOML value
    """Take what is wrong at a place out of the table; False when that cannot be done."""
    current, data = model, table
    for index, step in enumerate(location):
        if isinstance(step, int):
            data = data[step]
            if not isinstance(data, dict):
                return False
            continue
        info = next((info for name, info in current.model_fields.items() if (info.alias or name) == step), None)
        if info is None:
            return data.pop(step, None) is not None if isinstance(data, dict) else False
        inner = _model_in(info.annotation)
        deeper = location[index + 1 :]
        value = data.get(step)
        if inner is not None and deeper and (isinstance(value, dict) or _holds_table(value, deeper[0])):
            current, data = inner, value
        elif not info.is_required() and (step in data or step not in _STAND_IN):
            data.pop(step, None)
            return True
        elif step == "number":
            data[step] = f"Z{next(one for one in reversed(location) if isinstance(one, int)):04}"[:5]
            return True
        elif step in _STAND_IN:
            data[step] = _STAND_IN[step]
            return True
        elif step in _STAND_IN_IDS:
            data[step] = checks.UNREAD + "-".join(str(one) for one in location if isinstance(one, int))
            return True
        else:
            return False
    return False


def read_publisher(contents: Mapping[str, bytes]) -> Publisher | None:
    """Return what publisher.toml says; None where it cannot be read: :func:`read_definitions` says why."""
    return File(PUBLISHER, contents[PUBLISHER]).read(Publisher) if PUBLISHER in contents else None


def read_definitions(contents: Mapping[str, bytes], root: str) -> Definitions:
    """Return what the files of a calendars folder define.

    ``contents`` maps paths below the folder to bytes; ``root`` is how the folder is named in problems.
    """
    files = {path: File(f"{root}/{path}", data) for path, data in sorted(contents.items()) if path.endswith(".toml")}
    shared = [
        Problem(f"{root}/{path}", 0, 0, "", f"the file is missing; {why}")
        for path, why in _SHARED.items()
        if path not in files
    ]
    publisher = files[PUBLISHER].read(Publisher) if PUBLISHER in files else None
    if publisher is not None:
        checks.publisher(files[PUBLISHER], publisher)
    venues = checks.Venues({}, complete=False)
    if CIRCUITS in files:
        found = files[CIRCUITS].read_tables(Circuit)
        checks.circuits(files[CIRCUITS], found)
        names = files[CIRCUITS].data
        venues = checks.Venues(found, frozenset(names or ()), complete=names is not None)
    for path, file in files.items():
        if path not in _SHARED and path.count("/") not in (1, 2):
            allowed = f"the folder holds {PUBLISHER}, {CIRCUITS} and a folder for each series"
            file.add((), f"unknown file{nearest(path, _SHARED)}; {allowed}")
    folders = _by_folder({path: file for path, file in files.items() if path.count("/") in (1, 2)})
    good: dict[str, SeriesFiles] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    if publisher is not None:
        _across(files, publisher, folders)
    for name, own in folders.items():
        series, missing = _series(name, own, publisher, venues, root)
        if problems := [problem for file in own.values() for problem in file.problems] + missing:
            broken[name] = tuple(sorted(set(problems)))
        elif series is not None:
            good[name] = series
    if not folders:
        shared.append(Problem(root, 0, 0, "", f"no series is here: make a folder with a {SERIES} in it"))
    shared += [problem for path, file in files.items() if path.count("/") not in (1, 2) for problem in file.problems]
    if shared:
        broken[""] = tuple(shared)
        good = {}
    told = PUBLISHER in files and not files[PUBLISHER].problems
    return Definitions(publisher if told else None, good, broken, files)


_SHARED = {PUBLISHER: "it says who publishes, and where", CIRCUITS: "it names the venues"}


def _by_folder(files: Mapping[str, File]) -> dict[str, dict[str, File]]:
    """Return the files of each folder, by their path below it."""
    folders: dict[str, dict[str, File]] = defaultdict(dict)
    for path, file in files.items():
        folder, _slash, rest = path.partition("/")
        folders[folder][rest] = file
    return dict(sorted(folders.items()))


def _across(
    files: Mapping[str, File],
    publisher: Publisher,
    folders: Mapping[str, Mapping[str, File]],
) -> None:
    """Check what concerns all series: classes, series and bundles the publisher names, ids that two series claim."""
    file = files[PUBLISHER]
    named = publisher.calendars.classes
    if isinstance(named, tuple) and all(SERIES in own and own[SERIES].data is not None for own in folders.values()):
        known = frozenset[str]().union(*(own[SERIES].ids(("class",)) for own in folders.values()))
        checks.classes(file, named, known, ("calendars", "classes"))
    for index, upstream in enumerate(publisher.upstreams):
        # Another's definitions may bring a series of their own.
        if upstream.kind != "definitions" and upstream.series not in folders:
            file.add(("upstream", index, "series"), checks.unknown(upstream.series, "series", folders))
    # A series may come from another's definitions that nobody has fetched yet.
    series = {*folders, *(one.series for one in publisher.upstreams if one.kind == "definitions")}
    for index, bundle in enumerate(publisher.bundles):
        for place, name in enumerate(bundle.series):
            if name not in series:
                file.add(("bundle", index, "series", place), checks.unknown(name, "series", series))
    anchors = {name: own[SERIES] for name, own in folders.items() if SERIES in own}
    checks.folders_lasting(anchors, [(name, _former(anchor)) for name, anchor in anchors.items()])


def _former(file: File) -> tuple[str, ...]:
    found = (file.data or {}).get("formerly")
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, tuple) else ()


def _series(
    name: str, files: Mapping[str, File], publisher: Publisher | None, venues: checks.Venues, root: str
) -> tuple[SeriesFiles | None, list[Problem]]:
    """Return the series, as far as it can be read, and the problems that are in none of its files."""
    languages = publisher.languages if publisher else ()
    anchor = files.get(SERIES) or next(iter(files.values()))
    if message := checks.folder(name, SITE_FOLDERS, languages):
        anchor.add((), message)
    own = {path: file for path, file in files.items() if "/" not in path}
    for path, file in own.items():
        if path != SERIES:
            hint = nearest(path, (SERIES,))
            file.add((), f"unknown file{hint}; a series folder holds {SERIES} and a folder for each season")
    series = files[SERIES].read(Series) if SERIES in files else None
    if series is not None:
        checks.series(files[SERIES], series)
    classes = files[SERIES].ids(("class",)) if series is not None else None
    seasons = []
    folders = _by_folder({path: file for path, file in files.items() if "/" in path})
    for folder, inner in folders.items():
        season = _season(folder, inner, languages)
        if season is not None:
            checks.season(inner, season, classes, venues)
            seasons.append(season)
    lasting = [(season.id, season.season.formerly) for season in seasons]
    checks.folders_lasting({season.id: folders[season.id][SEASON] for season in seasons}, lasting)
    missing = []
    if SERIES not in files:
        message = "the file is missing; it names the series and its classes"
        missing.append(Problem(f"{root}/{name}/{SERIES}", 0, 0, "", message))
    if series is None or publisher is None:
        return None, missing
    return SeriesFiles(name, publisher, series, venues.circuits, tuple(sorted(seasons, key=_by_time))), missing


def _season(folder: str, files: Mapping[str, File], languages: Iterable[str]) -> SeasonFiles | None:
    anchor = files.get(SEASON) or next(iter(files.values()))
    if message := checks.folder(folder, SERIES_FOLDERS | CALENDAR_NAMES, languages):
        anchor.add((), message)
    for path, file in files.items():
        if path not in SEASON_FILES:
            hint = nearest(path, SEASON_FILES)
            file.add((), f"unknown file{hint}; a season folder holds {', '.join(SEASON_FILES)}")
    season = files[SEASON].read(Season) if SEASON in files else None
    entries = files[ENTRIES].read(Entries) if ENTRIES in files else None
    results = files[RESULTS].read(Results) if RESULTS in files else None
    news = files[NEWS].read(News) if NEWS in files else None
    if SEASON not in files:
        anchor.add((), f"the folder has no {SEASON}, which makes it a season")
    if season is None:
        return None
    return SeasonFiles(folder, season, entries or Entries(), results or Results(), news or News())


def _by_time(season: SeasonFiles) -> tuple[bool, date, str]:
    days = [found[0] for event in season.season.events if (found := event_days(event))]
    return season.season.kind == "championship", min(days, default=date.max), season.id

"""Definition files to the model, or every problem of every file at once, each with its place.

A problem in one series leaves the others untouched; a problem in the shared files stops them all.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from aslms_feeds.definitions.checks import (
    Venues,
    check_classes,
    check_folders_never_reused,
    explain_folder_name,
)
from aslms_feeds.definitions.explaining import explain_unknown, suggest_nearest
from aslms_feeds.definitions.files import CIRCUITS, ENTRIES, NEWS, PUBLISHER, RESULTS, SEASON, SEASON_FILES, SERIES
from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
from aslms_feeds.definitions.publisher import CALENDAR_NAMES, Publisher
from aslms_feeds.definitions.results import Entries, News, Results
from aslms_feeds.definitions.season import Season
from aslms_feeds.definitions.season_checks import check_season
from aslms_feeds.definitions.series import Circuit, Series
from aslms_feeds.definitions.series_checks import check_circuits, check_publisher, check_series
from aslms_feeds.definitions.source import SourceFile
from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.errors import Problem
from aslms_feeds.identity import SERIES_FOLDERS, SITE_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aslms_feeds.definitions.toml import Location

    Sources = Mapping[str, SourceFile]

_SHARED = {PUBLISHER: "it says who publishes, and where", CIRCUITS: "it names the venues"}
"""The files that all series share, and why they must be there."""
_FOLDER_DEPTHS = (1, 2)
"""How many slashes are in the path of a file in the folder of a series, and in that of a season."""


@dataclass(frozen=True)
class Definitions:
    """What a calendars folder defines: the series that are right, and the problems of those that are not."""

    publisher: Publisher | None
    series: Mapping[str, SeriesFiles]
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    """The problems by series; "" for the files they share."""
    files: Sources = field(default_factory=dict)
    """Every file, by its path below the folder."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in file order."""
        return tuple(sorted({problem for problems in self.broken.values() for problem in problems}))

    def make_problem(self, path: str, location: Location, message: str) -> Problem:
        """Return a problem at a place of a file, or of the file as a whole where it is gone."""
        file = self.files.get(path)
        return file.make_problem(location, message) if file else Problem(path, 0, 0, "", message)


def read_publisher(contents: Mapping[str, bytes]) -> Publisher | None:
    """Return what publisher.toml says; None where it cannot be read: :func:`read_definitions` says why."""
    return SourceFile(PUBLISHER, contents[PUBLISHER]).read_model(Publisher) if PUBLISHER in contents else None


def read_definitions(contents: Mapping[str, bytes], root: str) -> Definitions:
    """Return what the files of a calendars folder define.

    ``contents`` maps paths below the folder to bytes; ``root`` is how the folder is named in problems.
    """
    files = {
        path: SourceFile(f"{root}/{path}", data) for path, data in sorted(contents.items()) if path.endswith(".toml")
    }
    publisher = _read_publisher(files)
    venues = _read_venues(files)
    in_folders = {path: file for path, file in files.items() if path.count("/") in _FOLDER_DEPTHS}
    elsewhere = {path: file for path, file in files.items() if path not in in_folders}
    _refuse_unknown_files(elsewhere)
    folders = _group_by_folder(in_folders)
    if publisher is not None:
        _check_across(files, publisher, folders)
    series, broken = _read_all_series(folders, publisher, venues, root)
    if shared := [
        *_missing_files(files, folders, root),
        *(problem for file in elsewhere.values() for problem in file.problems),
    ]:
        broken[""] = tuple(shared)
        series = {}
    is_publisher_right = PUBLISHER in files and not files[PUBLISHER].problems
    return Definitions(publisher if is_publisher_right else None, series, broken, files)


def _read_publisher(files: Sources) -> Publisher | None:
    publisher = files[PUBLISHER].read_model(Publisher) if PUBLISHER in files else None
    if publisher is not None:
        check_publisher(files[PUBLISHER], publisher)
    return publisher


def _read_venues(files: Sources) -> Venues:
    if CIRCUITS not in files:
        return Venues({}, complete=False)
    file = files[CIRCUITS]
    circuits = file.read_tables(Circuit)
    check_circuits(file, circuits)
    return Venues(circuits, frozenset(file.data or ()), complete=file.data is not None)


def _refuse_unknown_files(files: Sources) -> None:
    allowed = f"the folder holds {PUBLISHER}, {CIRCUITS} and a folder for each series"
    for path, file in files.items():
        if path not in _SHARED:
            file.add_problem((), f"unknown file{suggest_nearest(path, _SHARED)}; {allowed}")


def _missing_files(files: Sources, folders: Mapping[str, Sources], root: str) -> Iterable[Problem]:
    for path, why in _SHARED.items():
        if path not in files:
            yield Problem(f"{root}/{path}", 0, 0, "", f"the file is missing; {why}")
    if not folders:
        yield Problem(root, 0, 0, "", f"no series is here: make a folder with a {SERIES} in it")


def _group_by_folder(files: Sources) -> dict[str, dict[str, SourceFile]]:
    """Return the files of each folder, by their path below it."""
    folders: dict[str, dict[str, SourceFile]] = defaultdict(dict)
    for path, file in files.items():
        folder, _slash, inner_path = path.partition("/")
        folders[folder][inner_path] = file
    return dict(sorted(folders.items()))


def _check_across(files: Sources, publisher: Publisher, folders: Mapping[str, Sources]) -> None:
    """Check what concerns all series: classes, series and bundles the publisher names, ids that two series claim."""
    file = files[PUBLISHER]
    series_files = {name: sources[SERIES] for name, sources in folders.items() if SERIES in sources}
    classes = publisher.calendars.classes
    if isinstance(classes, tuple) and all(
        name in series_files and series_files[name].data is not None for name in folders
    ):
        class_ids = frozenset[str]().union(*(anchor.list_ids(("class",)) for anchor in series_files.values()))
        check_classes(file, classes, class_ids, ("calendars", "classes"))
    for index, upstream in enumerate(publisher.upstreams):
        # Another's definitions may bring a series of their own.
        if upstream.kind != "definitions" and upstream.series not in folders:
            message = explain_unknown(upstream.series, "series", folders)
            file.add_problem(("upstream", index, "series"), message)
    # A series may come from another's definitions that nobody has fetched yet.
    series = {*folders, *(upstream.series for upstream in publisher.upstreams if upstream.kind == "definitions")}
    for index, bundle in enumerate(publisher.bundles):
        for place, name in enumerate(bundle.series):
            if name not in series:
                file.add_problem(("bundle", index, "series", place), explain_unknown(name, "series", series))
    check_folders_never_reused(
        series_files, [(name, _list_former_ids(anchor)) for name, anchor in series_files.items()]
    )


def _list_former_ids(file: SourceFile) -> tuple[str, ...]:
    """Return what ``formerly`` says, as it is written, whether the rest of the file is right or not."""
    names = (file.data or {}).get("formerly")
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, tuple) else ()


def _read_all_series(
    folders: Mapping[str, Sources], publisher: Publisher | None, venues: Venues, root: str
) -> tuple[dict[str, SeriesFiles], dict[str, tuple[Problem, ...]]]:
    """Return the series that are right, and the problems of the others."""
    right: dict[str, SeriesFiles] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    for name, files in folders.items():
        series = _read_series(name, files, publisher, venues)
        problems = {problem for file in files.values() for problem in file.problems}
        if SERIES not in files:
            message = "the file is missing; it names the series and its classes"
            problems.add(Problem(f"{root}/{name}/{SERIES}", 0, 0, "", message))
        if problems:
            broken[name] = tuple(sorted(problems))
        elif series is not None:
            right[name] = series
    return right, broken


def _read_series(name: str, files: Sources, publisher: Publisher | None, venues: Venues) -> SeriesFiles | None:
    """Return the series of a folder, as far as it can be read; None when nothing can be made of it."""
    languages = publisher.languages if publisher else ()
    anchor = files.get(SERIES) or next(iter(files.values()))
    if message := explain_folder_name(name, SITE_FOLDERS, languages):
        anchor.add_problem((), message)
    for path, file in files.items():
        if "/" not in path and path != SERIES:
            hint = suggest_nearest(path, (SERIES,))
            file.add_problem((), f"unknown file{hint}; a series folder holds {SERIES} and a folder for each season")
    series = files[SERIES].read_model(Series) if SERIES in files else None
    if series is not None:
        check_series(files[SERIES], series)
    classes = files[SERIES].list_ids(("class",)) if series is not None else None
    seasons = _read_seasons({path: file for path, file in files.items() if "/" in path}, languages, classes, venues)
    if series is None or publisher is None:
        return None
    return SeriesFiles(name, publisher, series, venues.circuits, seasons)


def _read_seasons(
    files: Sources, languages: Iterable[str], classes: frozenset[str] | None, venues: Venues
) -> tuple[SeasonFiles, ...]:
    """Return the seasons of a series that can be read, in order of time; ``classes`` are those of the series."""
    folders = _group_by_folder(files)
    seasons = []
    for folder, season_files in folders.items():
        season = _read_season(folder, season_files, languages)
        if season is not None:
            check_season(season_files, season, classes, venues)
            seasons.append(season)
    former = [(season.id, season.season.formerly) for season in seasons]
    check_folders_never_reused({season.id: folders[season.id][SEASON] for season in seasons}, former)
    return tuple(sorted(seasons, key=_sort_by_time))


def _read_season(folder: str, files: Sources, languages: Iterable[str]) -> SeasonFiles | None:
    anchor = files.get(SEASON) or next(iter(files.values()))
    if message := explain_folder_name(folder, SERIES_FOLDERS | set(CALENDAR_NAMES), languages):
        anchor.add_problem((), message)
    for path, file in files.items():
        if path not in SEASON_FILES:
            hint = suggest_nearest(path, SEASON_FILES)
            file.add_problem((), f"unknown file{hint}; a season folder holds {', '.join(SEASON_FILES)}")
    season = files[SEASON].read_model(Season) if SEASON in files else None
    entries = files[ENTRIES].read_model(Entries) if ENTRIES in files else None
    results = files[RESULTS].read_model(Results) if RESULTS in files else None
    news = files[NEWS].read_model(News) if NEWS in files else None
    if SEASON not in files:
        anchor.add_problem((), f"the folder has no {SEASON}, which makes it a season")
    if season is None:
        return None
    return SeasonFiles(folder, season, entries or Entries(), results or Results(), news or News())


def _sort_by_time(season: SeasonFiles) -> tuple[bool, date, str]:
    days = [days[0] for event in season.season.events if (days := find_event_days(event))]
    return season.season.kind == "championship", min(days, default=date.max), season.id

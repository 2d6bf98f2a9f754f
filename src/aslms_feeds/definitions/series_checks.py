"""What no single key of the files that seasons share shows: publisher.toml, circuits.toml and series.toml."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from aslms_feeds.definitions.checks import (
    check_colour,
    check_named_once,
    check_never_reused,
    check_reference,
    check_unique,
    is_reserved,
)
from aslms_feeds.definitions.crontab import parse_crontab
from aslms_feeds.definitions.explaining import suggest_nearest
from aslms_feeds.definitions.publisher import CALENDAR_NAMES
from aslms_feeds.definitions.times import list_timezones
from aslms_feeds.identity import ID_LENGTH, SITE_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.definitions.series import Circuit, Series
    from aslms_feeds.definitions.source import SourceFile
    from aslms_feeds.definitions.toml import Location


def check_publisher(file: SourceFile, publisher: Publisher) -> None:
    """Check publisher.toml."""
    if publisher.base_url.endswith("/") or "?" in publisher.base_url or "#" in publisher.base_url:
        file.add_problem(("base_url",), "write the address without a slash, query or fragment at its end")
    if len(set(publisher.languages)) != len(publisher.languages) or not publisher.languages:
        file.add_problem(("languages",), "name at least one language, and each once")
    if len(set(publisher.calendars.names)) != len(publisher.calendars.names):
        file.add_problem(("calendars", "names"), "name each calendar once")
    upstreams = [upstream.id for upstream in publisher.upstreams]
    check_unique(file, upstreams, "upstream", lambda index: ("upstream", index, "id"))
    _check_bundles(file, publisher)
    for index, line in enumerate(publisher.schedule):
        try:
            parse_crontab(line)
        except ValueError as error:
            file.add_problem(("schedule", index), str(error))


def _check_bundles(file: SourceFile, publisher: Publisher) -> None:
    bundles = publisher.bundles

    def locate(index: int) -> Location:
        return ("bundle", index, "id")

    check_unique(file, [bundle.id for bundle in bundles], "bundle", locate)
    check_never_reused(file, [(bundle.id, bundle.formerly) for bundle in bundles], locate)
    for index, bundle in enumerate(bundles):
        spot: Location = ("bundle", index)
        if is_reserved(bundle.id, SITE_FOLDERS, publisher.languages):
            message = f"the id {bundle.id!r} is reserved: the publication uses it, or a language may"
            file.add_problem((*spot, "id"), message)
        if not bundle.series:
            file.add_problem((*spot, "series"), "name at least one series")
        check_named_once(file, bundle.series, "series", (*spot, "series"))
        for place, name in enumerate(bundle.calendars):
            check_reference(file, name, frozenset(publisher.calendars.names), "calendar", (*spot, "calendars", place))
        check_named_once(file, bundle.calendars, "calendar", (*spot, "calendars"))
        check_colour(file, bundle.colour, (*spot, "colour"))


def check_circuits(file: SourceFile, circuits: Mapping[str, Circuit]) -> None:
    """Check circuits.toml."""
    for name, circuit in circuits.items():
        if circuit.timezone not in list_timezones():
            message = f"unknown time zone {circuit.timezone[:ID_LENGTH]!r}{_suggest_timezone(circuit.timezone)}"
            file.add_problem((name, "timezone"), f"{message}; an IANA name is wanted, such as Asia/Dubai")
    names = list(circuits)
    former = [(name, circuit.formerly) for name, circuit in circuits.items()]
    check_never_reused(file, former, lambda index: (names[index],))


@cache
def _suggest_timezone(timezone: str) -> str:
    return suggest_nearest(timezone, sorted(list_timezones()))


def check_series(file: SourceFile, series: Series) -> None:
    """Check series.toml."""
    ids = file.list_ids(("class",))
    class_ids = [race_class.id for race_class in series.classes]
    check_unique(file, class_ids, "class", lambda index: ("class", index, "id"))
    continued = {race_class.id: race_class.continues for race_class in series.classes}
    for index, race_class in enumerate(series.classes):
        spot: Location = ("class", index)
        if race_class.id in CALENDAR_NAMES:
            file.add_problem((*spot, "id"), f"the id {race_class.id!r} is reserved: calendars are called so")
        for place, former in enumerate(race_class.continues):
            check_reference(file, former, ids, "class", (*spot, "continues", place))
        if _continues_itself(race_class.id, continued):
            file.add_problem((*spot, "continues"), f"the class {race_class.id!r} continues itself in the end")
        if race_class.colour is not None:
            check_colour(file, race_class.colour, (*spot, "colour"))
    check_colour(file, series.colour, ("colour",))


def _continues_itself(name: str, continued: Mapping[str, tuple[str, ...]]) -> bool:
    """Say whether following what a class continues leads back to it."""
    visited: set[str] = set()
    ahead = list(continued.get(name, ()))
    while ahead:
        former = ahead.pop()
        if former == name:
            return True
        if former not in visited:
            visited.add(former)
            ahead += continued.get(former, ())
    return False

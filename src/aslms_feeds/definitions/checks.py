"""What no single key shows: references between files, ids used twice, times that do not exist, names that are ours."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

import webcolors
from babel.localedata import locale_identifiers

from aslms_feeds.definitions import crontab
from aslms_feeds.definitions.publisher import CALENDAR_NAMES
from aslms_feeds.definitions.times import Clock, clock, instant, known_timezones
from aslms_feeds.identity import ID_LENGTH, ID_PATTERN, SITE_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from aslms_feeds.definitions.model import SeasonFiles
    from aslms_feeds.definitions.positions import Location
    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.definitions.series import Circuit, Series

    Ids = AbstractSet[str]

    class Source(Protocol):
        """A file that problems can be noted in."""

        def add(self, location: Location, message: str, *, key: bool = False) -> None:
            """Note a problem at a place."""

        def ids(self, location: Location, key: str = "id") -> frozenset[str]:
            """Return the ids of a list of tables as they are written."""


UNREAD = "unread-0-"
"""How ids begin that stand for what could not be read; that has been said already."""
_SHOWN = 30
"""Ids listed in a message; more are counted."""


@dataclass(frozen=True)
class Venues:
    """The circuits: those that are right, the names of all, and whether there are no others."""

    circuits: Mapping[str, Circuit]
    names: frozenset[str] = frozenset()
    complete: bool = True


def is_id(name: str) -> bool:
    """Say whether a text is an id."""
    return len(name) <= ID_LENGTH and re.fullmatch(ID_PATTERN.rstrip("$"), name) is not None


def nearest(found: str, allowed: Iterable[str]) -> str:
    """Return the guess what a misspelt word should be, or nothing."""
    if len(found) > ID_LENGTH:
        return ""
    known = list(allowed)
    near = [one for one in known if one.lower() == found.lower()]
    near = near or difflib.get_close_matches(found, known, n=1, cutoff=0.6)
    return f", did you mean {near[0]!r}?" if near else ""


def unknown(name: str, what: str, allowed: Iterable[str]) -> str:
    """Return the message for an id that is not defined, with the nearest one that is."""
    known = sorted(one for one in allowed if is_id(one))
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    listed = ", ".join(known[:_SHOWN]) + more if known else "none is defined"
    return f"unknown {what} {name!r}{nearest(name, known[:1000])}; allowed: {listed}"


def folder(name: str, ours: Ids, languages: Iterable[str]) -> str:
    """Return why a folder may not be called so, or nothing."""
    if not is_id(name):
        return f"the folder {name[:100]!r} is no id: small letters, digits and single hyphens, such as 2023-24"
    if name in ours or name in _language_tags() or name in {tag.lower() for tag in languages}:
        return f"the folder name {name!r} is reserved: the publication uses it, or a language may"
    return ""


@cache
def _language_tags() -> frozenset[str]:
    return frozenset(tag.lower().replace("_", "-") for tag in locale_identifiers())


def publisher(file: Source, value: Publisher) -> None:
    """Check publisher.toml."""
    if value.base_url.endswith("/") or "?" in value.base_url or "#" in value.base_url:
        file.add(("base_url",), "write the address without a slash, query or fragment at its end")
    if len(set(value.languages)) != len(value.languages) or not value.languages:
        file.add(("languages",), "name at least one language, and each once")
    if len(set(value.calendars.names)) != len(value.calendars.names):
        file.add(("calendars", "names"), "name each calendar once")
    _once(file, [one.id for one in value.upstreams], lambda index: ("upstream", index, "id"), "upstream")
    _bundles(file, value)
    for index, line in enumerate(value.schedule):
        try:
            crontab.read(line)
        except ValueError as error:
            file.add(("schedule", index), str(error))


def _bundles(file: Source, value: Publisher) -> None:
    bundles = value.bundles
    _once(file, [one.id for one in bundles], lambda index: ("bundle", index, "id"), "bundle")
    _lasting(file, [(one.id, one.formerly) for one in bundles], lambda index: ("bundle", index, "id"))
    for index, one in enumerate(bundles):
        here: Location = ("bundle", index)
        if one.id in SITE_FOLDERS or one.id in _language_tags() or one.id in {tag.lower() for tag in value.languages}:
            message = f"the id {one.id!r} is reserved: the publication uses it, or a language may"
            file.add((*here, "id"), message)
        if not one.series:
            file.add((*here, "series"), "name at least one series")
        _named_once(file, one.series, "series", (*here, "series"))
        for place, name in enumerate(one.calendars):
            _known(file, name, frozenset(value.calendars.names), "calendar", (*here, "calendars", place))
        _named_once(file, one.calendars, "calendar", (*here, "calendars"))
        _colour(file, one.colour, (*here, "colour"))


def _named_once(file: Source, names: Sequence[str], what: str, location: Location) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            file.add((*location, index), f"the {what} {name!r} is named twice")


def circuits(file: Source, values: Mapping[str, Circuit]) -> None:
    """Check circuits.toml."""
    for name, circuit in values.items():
        if circuit.timezone not in known_timezones():
            message = f"unknown time zone {circuit.timezone[:ID_LENGTH]!r}{_near_timezone(circuit.timezone)}"
            file.add((name, "timezone"), f"{message}; an IANA name is wanted, such as Asia/Dubai")
    names = list(values)
    _lasting(file, [(name, circuit.formerly) for name, circuit in values.items()], lambda index: (names[index],))


@cache
def _near_timezone(timezone: str) -> str:
    return nearest(timezone, sorted(known_timezones()))


def series(file: Source, value: Series) -> None:
    """Check series.toml."""
    ids = file.ids(("class",))
    _once(file, [race_class.id for race_class in value.classes], lambda index: ("class", index, "id"), "class")
    follows = {race_class.id: race_class.continues for race_class in value.classes}
    for index, race_class in enumerate(value.classes):
        here: Location = ("class", index)
        if race_class.id in CALENDAR_NAMES:
            file.add((*here, "id"), f"the id {race_class.id!r} is reserved: calendars are called so")
        for place, other in enumerate(race_class.continues):
            _known(file, other, ids, "class", (*here, "continues", place))
        if _comes_back(race_class.id, follows):
            file.add((*here, "continues"), f"the class {race_class.id!r} continues itself in the end")
        if race_class.colour is not None:
            _colour(file, race_class.colour, ("class", index, "colour"))
    _colour(file, value.colour, ("colour",))


def _comes_back(name: str, follows: Mapping[str, tuple[str, ...]]) -> bool:
    """Say whether following what a class continues leads back to it."""
    seen: set[str] = set()
    ahead = list(follows.get(name, ()))
    while ahead:
        one = ahead.pop()
        if one == name:
            return True
        if one not in seen:
            seen.add(one)
            ahead += follows.get(one, ())
    return False


def _colour(file: Source, name: str, location: Location) -> None:
    names = webcolors.names("css3")
    if name not in names:
        guess = nearest(name, names)
        file.add(
            location, f"unknown colour {name[:ID_LENGTH]!r}{guess}; a CSS colour name is wanted, such as royalblue"
        )


def season(files: Mapping[str, Source], value: SeasonFiles, known: Ids | None, venues: Venues) -> None:
    """Check the files of a season, by their names, against each other, the classes of the series and the circuits.

    Where the classes are not known, since series.toml cannot be read, nothing is said about them.
    """
    file = files["season.toml"]
    classes(file, value.season.classes, known, ("classes",))
    events = value.season.events
    _once(file, [event.id for event in events], lambda index: ("event", index, "id"), "event")
    _lasting(file, [(event.id, event.formerly) for event in events], lambda index: ("event", index, "id"))
    allowed = frozenset(value.season.classes) or known
    change_ids: list[tuple[str, Location]] = [
        (change.id, ("change", n, "id")) for n, change in enumerate(value.season.changes)
    ]
    for n, change in enumerate(value.season.changes):
        if change.session is not None:
            message = "a change of the season has no session; one of an event is written [[event.change]]"
            file.add(("change", n, "session"), message)
    for index, event in enumerate(events):
        here: Location = ("event", index)
        _event(file, event, here, allowed, venues)
        change_ids += [(change.id, (*here, "change", n, "id")) for n, change in enumerate(event.changes)]
        sessions = file.ids((*here, "session")) | _buried(value, event)
        for n, change in enumerate(event.changes):
            _known(file, change.session, sessions, "session", (*here, "change", n, "session"))
    _once(file, [name for name, _place in change_ids], lambda index: change_ids[index][1], "change of this season")
    for name, place in change_ids:
        if name == "announced":
            file.add(place, "the id 'announced' is reserved: the announcement of the season is called so")
    named = file.ids(("event",)) | _buried(value)
    for index, record in enumerate(value.season.records):
        _known(file, record.event, named, "event", ("record", index, "event"))
    _retired(file, value)
    _others(files, value, known)


def _buried(value: SeasonFiles, event: Event | None = None) -> frozenset[str]:
    """Return the events that were retired, or the sessions of one: what was told of them stays."""
    names = [one.id.partition(".") for one in value.season.retired]
    if event:
        return frozenset(session for own, _dot, session in names if own in (event.id, *event.formerly) and session)
    return frozenset(own for own, _dot, session in names if not session)


def _retired(file: Source, value: SeasonFiles) -> None:
    alive: dict[str, str] = {}
    """What is in the season by every name it has and had: an event's new id leaves its graves where they are."""
    for event in value.season.events:
        for name in (event.id, *event.formerly):
            alive[name] = event.id
            for session in event.sessions:
                alive |= {f"{name}.{own}": f"{event.id}.{session.id}" for own in (session.id, *session.formerly)}
    _once(file, [one.id for one in value.season.retired], lambda index: ("retired", index, "id"), "retired")
    for index, one in enumerate(value.season.retired):
        if there := alive.get(one.id):
            now = "" if there == one.id else f" as {there!r}"
            message = f"{one.id!r} is in the season still{now}; take it out, or cancel it with status = 'cancelled'"
            file.add(("retired", index, "id"), message)


def _event(file: Source, event: Event, here: Location, allowed: Ids | None, venues: Venues) -> None:
    circuit = venues.circuits.get(event.circuit) if event.circuit else None
    if event.circuit is not None and venues.complete:
        _known(file, event.circuit, venues.names, "circuit", (*here, "circuit"))
    classes(file, event.classes, allowed, (*here, "classes"))
    _once(file, [one.id for one in event.sessions], lambda index: (*here, "session", index, "id"), "session")
    former = [(session.id, session.formerly) for session in event.sessions]
    _lasting(file, former, lambda index: (*here, "session", index, "id"))
    for index, session in enumerate(event.sessions):
        place = (*here, "session", index)
        classes(file, session.classes, frozenset(event.classes) or allowed, (*place, "classes"))
        if circuit is not None and circuit.timezone in known_timezones():
            _times(file, session, place, circuit.timezone)
        elif isinstance(session.start, datetime) and event.circuit is None:
            file.add((*place, "start"), "a time needs the circuit whose clock shows it: name the event's circuit")


def _times(file: Source, session: Session, here: Location, timezone: str) -> None:
    found = {}
    for key, value in (("start", session.start), ("end", session.end)):
        if not isinstance(value, datetime):
            continue
        found[key] = clock(value, timezone)
        if found[key] is Clock.SKIPPED:
            file.add((*here, key), f"{value} does not exist in {timezone}: the clocks go forward over it")
        elif found[key] is Clock.REPEATED and session.fold is None:
            message = f"{value} happens twice in {timezone}: the clocks go back; fold = 0 picks the first, 1 the second"
            file.add((*here, key), message)
    if session.fold is not None and Clock.REPEATED not in found.values():
        file.add((*here, "fold"), f"no clock in {timezone} is set back then: take it out")
    if isinstance(session.start, datetime) and session.end is not None:
        fold = session.fold or 0
        if instant(session.end, timezone, fold) <= instant(session.start, timezone, fold):
            file.add((*here, "end"), f"ends at {session.end}, which is not after its start, {session.start}")


def _others(files: Mapping[str, Source], value: SeasonFiles, known: Ids | None) -> None:
    season_file = files["season.toml"]
    events = season_file.ids(("event",)) | _buried(value)
    if file := files.get("entries.toml"):
        _once(file, [one.id for one in value.entries.lists], lambda index: ("list", index, "id"), "list")
        for index, one in enumerate(value.entries.lists):
            _known(file, one.event, events, "event", ("list", index, "event"))
            for name in one.counts:
                _known(file, name, known, "class", ("list", index, "counts", name))
            for n, entry in enumerate(one.entries):
                _known(file, entry.race_class, known, "class", ("list", index, "entry", n, "class"))
            numbers = [entry.number for entry in one.entries]
            _once(file, numbers, partial(_number, index), "number")
    if file := files.get("results.toml"):
        sessions = {
            event.id: season_file.ids(("event", index, "session")) | _buried(value, event)
            for index, event in enumerate(value.season.events)
        }
        _results(file, value, sessions, events, known)
    if file := files.get("news.toml"):
        _once(file, [item.id for item in value.news.news], lambda index: ("news", index, "id"), "news")
        for index, item in enumerate(value.news.news):
            for n, event in enumerate(item.events):
                _known(file, event, events, "event", ("news", index, "events", n))
            classes(file, item.classes, known, ("news", index, "classes"))


def _number(index: int, n: int) -> Location:
    return ("list", index, "entry", n, "number")


def _results(
    file: Source,
    value: SeasonFiles,
    sessions: Mapping[str, Ids],
    events: Ids,
    known: Ids | None,
) -> None:
    seen: set[tuple[str, str]] = set()
    for index, result in enumerate(value.results.results):
        here: Location = ("result", index)
        _known(file, result.event, events, "event", (*here, "event"))
        if result.event in sessions:
            _known(file, result.session, sessions[result.event], "session", (*here, "session"))
        if (result.event, result.session) in seen:
            file.add((*here, "session"), f"{result.event}.{result.session} has a result already")
        seen.add((result.event, result.session))
        for n, winner in enumerate(result.winners):
            _known(file, winner.race_class, known, "class", (*here, "winner", n, "class"))
    titles = [champion.key for champion in value.results.champions]
    _once(file, titles, lambda index: ("champion", index), "title")
    for index, champion in enumerate(value.results.champions):
        _known(file, champion.race_class, known, "class", ("champion", index, "class"))
    for index, invitation in enumerate(value.results.invitations):
        _known(file, invitation.race_class, known, "class", ("invitation", index, "class"))


def _known(file: Source, name: str | None, allowed: Ids | None, what: str, location: Location) -> None:
    if name is not None and allowed is not None and name not in allowed and not name.startswith(UNREAD):
        file.add(location, unknown(name, what, allowed))


def classes(file: Source, used: Sequence[str], allowed: Ids | None, location: Location) -> None:
    """Check a list of classes: each is one that may be named here, and named once."""
    seen: set[str] = set()
    for index, name in enumerate(used):
        _known(file, name, allowed, "class", (*location, index))
        if name in seen:
            file.add((*location, index), f"the class {name!r} is named twice")
        seen.add(name)


def _once(file: Source, names: Sequence[str], location: Callable[[int], Location], what: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            file.add(location(index), f"the {what} {name!r} is here twice; each needs a name of its own")
        seen.add(name)


def folders_lasting(files: Mapping[str, Source], names: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    """Check that no folder was called as another is or was."""
    owners: dict[str, str] = {}
    for name, former in names:
        for one in dict.fromkeys(former):
            if (one in files and one != name) or owners.setdefault(one, name) != name:
                files[name].add(("formerly",), _TAKEN.format(one))


_TAKEN = "{!r} is, or was, the id of another; an id is never used again"


def _lasting(file: Source, names: Sequence[tuple[str, tuple[str, ...]]], location: Callable[[int], Location]) -> None:
    """Check that no id is, or was, another's: UIDs are made from the first id ever and never used again."""
    present = {name for name, _former in names}
    owners: dict[str, int] = {}
    for index, (name, former) in enumerate(names):
        for one in dict.fromkeys(former):
            if (one in present and one != name) or owners.setdefault(one, index) != index:
                file.add(location(index), _TAKEN.format(one))

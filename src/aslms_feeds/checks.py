"""What no single key shows: references between files, ids used twice, times that do not exist, names that are ours."""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import webcolors
from babel.localedata import locale_identifiers

from aslms_feeds.identity import ID_LENGTH, ID_PATTERN
from aslms_feeds.moments import Clock, clock, instant, known_timezones

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aslms_feeds.model import Change, Circuit, Event, Publisher, SeasonFiles, Series, Session
    from aslms_feeds.positions import Location

    class Source(Protocol):
        """A file that problems can be noted in."""

        def add(self, location: Location, message: str, *, key: bool = False) -> None:
            """Note a problem at a place."""


def unknown(name: str, what: str, allowed: Iterable[str]) -> str:
    """Return the message for an id that is not defined, with the nearest one that is."""
    known = sorted(allowed)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f", did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {name!r}{guess}; allowed: {', '.join(known) or 'none is defined'}"


def folder(name: str, ours: frozenset[str], languages: Iterable[str]) -> str:
    """Return why a folder may not be called so, or nothing."""
    if not re.match(ID_PATTERN, name) or len(name) > ID_LENGTH:
        return f"the folder {name!r} is no id: small letters, digits and single hyphens, such as 2023-24"
    tags = {tag.lower().replace("_", "-") for tag in locale_identifiers()} | {tag.lower() for tag in languages}
    if name in ours or name in tags:
        return f"the folder name {name!r} is reserved: the publication uses it, or a language may"
    return ""


def publisher(file: Source, value: Publisher) -> None:
    """Check publisher.toml."""
    if value.base_url.endswith("/") or "?" in value.base_url or "#" in value.base_url:
        file.add(("base_url",), "write the address without a slash, query or fragment at its end")
    if len(set(value.languages)) != len(value.languages) or not value.languages:
        file.add(("languages",), "name at least one language, and each once")


def circuits(file: Source, values: Mapping[str, Circuit]) -> None:
    """Check circuits.toml."""
    for name, circuit in values.items():
        if circuit.timezone not in known_timezones():
            file.add((name, "timezone"), unknown(circuit.timezone, "time zone", _near(circuit.timezone)))
    _lasting(file, [(name, circuit.formerly) for name, circuit in values.items()], lambda index: (list(values)[index],))


def _near(timezone: str) -> list[str]:
    return difflib.get_close_matches(timezone, known_timezones(), n=5, cutoff=0.4) or [
        "an IANA name, such as Asia/Dubai"
    ]


def series(file: Source, value: Series) -> None:
    """Check series.toml."""
    ids = [race_class.id for race_class in value.classes]
    _once(file, ids, lambda index: ("class", index, "id"), "class")
    for index, race_class in enumerate(value.classes):
        for place, other in enumerate(race_class.continues):
            if other not in ids:
                file.add(("class", index, "continues", place), unknown(other, "class", ids))
        if race_class.colour is not None:
            _colour(file, race_class.colour, ("class", index, "colour"))
    _colour(file, value.colour, ("colour",))


def _colour(file: Source, name: str, location: Location) -> None:
    names = webcolors.names("css3")
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        file.add(location, f"found {name!r}; a CSS colour name is wanted, such as {', '.join(near) or 'royalblue'}")


def season(files: Mapping[str, Source], value: SeasonFiles, of: Series, venues: Mapping[str, Circuit]) -> None:
    """Check the files of a season, by their names, against each other, the series and the circuits."""
    classes = [race_class.id for race_class in of.classes]
    file = files["season.toml"]
    _classes(file, value.season.classes, classes, ("classes",))
    events = value.season.events
    _once(file, [event.id for event in events], lambda index: ("event", index, "id"), "event")
    _lasting(file, [(event.id, event.formerly) for event in events], lambda index: ("event", index, "id"))
    change_ids: list[tuple[str, Location]] = []
    for index, event in enumerate(events):
        here: Location = ("event", index)
        _event(file, event, here, value.season.classes or tuple(classes), venues)
        change_ids += [(change.id, (*here, "change", n, "id")) for n, change in enumerate(event.changes)]
        _changes(file, event.changes, [session.id for session in event.sessions], here)
    change_ids += [(change.id, ("change", n, "id")) for n, change in enumerate(value.season.changes)]
    _changes(file, value.season.changes, [], ())
    seen: set[str] = set()
    for name, location in change_ids:
        if name in seen:
            file.add(location, f"the change id {name!r} is used twice in this season")
        seen.add(name)
    _others(files, value, classes)


def _event(file: Source, event: Event, here: Location, classes: Sequence[str], venues: Mapping[str, Circuit]) -> None:
    circuit = venues.get(event.circuit) if event.circuit else None
    if event.circuit is not None and circuit is None:
        file.add((*here, "circuit"), unknown(event.circuit, "circuit", venues))
    _classes(file, event.classes, classes, (*here, "classes"))
    ids = [session.id for session in event.sessions]
    _once(file, ids, lambda index: (*here, "session", index, "id"), "session")
    former = [(session.id, session.formerly) for session in event.sessions]
    _lasting(file, former, lambda index: (*here, "session", index, "id"))
    for index, session in enumerate(event.sessions):
        place = (*here, "session", index)
        _classes(file, session.classes, event.classes or classes, (*place, "classes"))
        if circuit is not None and circuit.timezone in known_timezones():
            _times(file, session, place, circuit.timezone)
        elif isinstance(session.start, datetime) and event.circuit is None:
            file.add((*place, "start"), "a time needs the circuit whose clock shows it: name the event's circuit")


def _times(file: Source, session: Session, here: Location, timezone: str) -> None:
    for key in ("start", "end"):
        value = getattr(session, key)
        if not isinstance(value, datetime):
            continue
        match clock(value, timezone):
            case Clock.SKIPPED:
                file.add((*here, key), f"{value} does not exist in {timezone}: the clocks go forward over it")
            case Clock.REPEATED if session.fold is None and key == "start":
                message = f"{value} happens twice in {timezone}: the clocks go back; fold = 1 picks the second"
                file.add((*here, key), message)
            case _:
                continue
    if isinstance(session.start, datetime) and session.end is not None:
        fold = session.fold or 0
        if instant(session.end, timezone, fold) <= instant(session.start, timezone, fold):
            file.add((*here, "end"), f"ends at {session.end}, which is not after its start, {session.start}")


def _others(files: Mapping[str, Source], value: SeasonFiles, classes: Sequence[str]) -> None:
    events = {event.id: [session.id for session in event.sessions] for event in value.season.events}
    if file := files.get("entries.toml"):
        _once(file, [one.id for one in value.entries.lists], lambda index: ("list", index, "id"), "list")
        for index, one in enumerate(value.entries.lists):
            _known(file, one.event, events, "event", ("list", index, "event"))
            for name in one.counts:
                _known(file, name, classes, "class", ("list", index, "counts", name))
            for n, entry in enumerate(one.entries):
                _known(file, entry.race_class, classes, "class", ("list", index, "entry", n, "class"))
            numbers = [entry.number for entry in one.entries]
            _once(file, numbers, lambda n, index=index: ("list", index, "entry", n, "number"), "number")
    if file := files.get("results.toml"):
        _results(file, value, events, classes)
    if file := files.get("news.toml"):
        _once(file, [item.id for item in value.news.news], lambda index: ("news", index, "id"), "news")
        for index, item in enumerate(value.news.news):
            for n, event in enumerate(item.events):
                _known(file, event, events, "event", ("news", index, "events", n))
            for n, name in enumerate(item.classes):
                _known(file, name, classes, "class", ("news", index, "classes", n))


def _results(file: Source, value: SeasonFiles, events: Mapping[str, list[str]], classes: Sequence[str]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, result in enumerate(value.results.results):
        here: Location = ("result", index)
        _known(file, result.event, events, "event", (*here, "event"))
        if result.event in events:
            _known(file, result.session, events[result.event], "session", (*here, "session"))
        if (result.event, result.session) in seen:
            file.add((*here, "session"), f"{result.event}.{result.session} has a result already")
        seen.add((result.event, result.session))
        for n, winner in enumerate(result.winners):
            _known(file, winner.race_class, classes, "class", (*here, "winner", n, "class"))
    titles = [champion.key for champion in value.results.champions]
    _once(file, titles, lambda index: ("champion", index), "title")
    for index, champion in enumerate(value.results.champions):
        _known(file, champion.race_class, classes, "class", ("champion", index, "class"))
    for index, invitation in enumerate(value.results.invitations):
        _known(file, invitation.race_class, classes, "class", ("invitation", index, "class"))


def _changes(file: Source, changes: Sequence[Change], sessions: Sequence[str], here: Location) -> None:
    for index, change in enumerate(changes):
        _known(file, change.session, sessions, "session", (*here, "change", index, "session"))


def _known(file: Source, name: str | None, allowed: Iterable[str], what: str, location: Location) -> None:
    if name is not None and name not in allowed:
        file.add(location, unknown(name, what, allowed))


def _classes(file: Source, used: Sequence[str], allowed: Sequence[str], location: Location) -> None:
    for index, name in enumerate(used):
        _known(file, name, allowed, "class", (*location, index))
        if name in used[:index]:
            file.add((*location, index), f"the class {name!r} is named twice")


def _once(file: Source, names: Sequence[str], location: Any, what: str) -> None:  # noqa: ANN401 - a lambda
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            file.add(location(index), f"the {what} {name!r} is here twice; each needs a name of its own")
        seen.add(name)


def _lasting(file: Source, names: Sequence[tuple[str, tuple[str, ...]]], location: Any) -> None:  # noqa: ANN401
    """Check that no id is, or was, another's: UIDs are made from the first id ever and never used again."""
    owners: dict[str, int] = {}
    for index, (name, former) in enumerate(names):
        for one in {name, *former}:
            if one in owners and owners[one] != index:
                file.add(location(index), f"{one!r} is, or was, the id of another; an id is never used again")
            owners.setdefault(one, index)

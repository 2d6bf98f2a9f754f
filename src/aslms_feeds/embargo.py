"""What is public at an instant: definitions without whatever is under embargo, to the second.

It is taken out before anything is made of the definitions, so that no document, ledger, state or address can hold it;
names of classes and circuits become public only through something that is. What was public once stays public, also when
a clock goes back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aslms_feeds.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from aslms_feeds.ledger import Ledger
    from aslms_feeds.model import Event, Season, SeasonFiles, SeriesFiles

_Name = tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """What is public already, by kind and first ids: a season, then what is in it."""

    things: frozenset[_Name] = frozenset()
    classes: frozenset[str] = frozenset()
    circuits: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Visible:
    """What of a series is public at an instant."""

    files: SeriesFiles
    due: datetime | None
    """When more becomes public."""
    early: tuple[str, ...] = ()
    """What is public already although its embargo has not passed, as ``season`` or ``season.event``."""
    hidden: bool = False
    """Whether anything is under embargo."""


def known(files: SeriesFiles | None, ledgers: Mapping[str, Ledger]) -> Known:
    """Return what is public, from the definitions of the last generation, or else from its ledgers."""
    things: set[_Name] = set()
    classes: set[str] = set()
    circuits: set[str] = set()
    for season in files.seasons if files else ():
        things |= set(_names(season))
    if files:
        classes |= {one.id for one in files.series.classes}
        circuits |= set(files.circuits)
    for ledger in ledgers.values():
        for uid, one in ledger.revisions.items():
            # The ids in a UID are the first ones ever: session.event.season.series@identity.
            names = uid.partition("@")[0].split(".")
            things.add(("season", names[-2]))
            if one.statement.scope == "event":
                things.add(("event", names[-2], names[0]))
            classes |= set(one.statement.classes)
            circuits.add(one.statement.place)
        things |= {tuple(_item(key)) for key in ledger.items}
    return Known(frozenset(things), frozenset(classes), frozenset(circuits))


def _item(key: str) -> Iterator[str]:
    season, _slash, rest = key.partition("/")
    kind, _slash, name = rest.partition("/")
    yield from (kind, season, *name.split("/"))


def _names(season: SeasonFiles) -> Iterator[_Name]:
    own = season.lasting_id
    yield ("season", own)
    yield from (("event", own, event.lasting_id) for event in season.season.events)
    yield from (("entries", own, one.id) for one in season.entries.lists)
    yield from (("champion", own, one.key) for one in season.results.champions)
    yield from (("news", own, one.id) for one in season.news.news)
    for one in season.results.results:
        yield ("result", own, *_lasting(season.season, one.event, one.session))


def _lasting(season: Season, event_id: str, session_id: str) -> tuple[str, str]:
    event = season.event_called(event_id)
    session = event.session_called(session_id) if event else None
    return event.lasting_id if event else event_id, session.lasting_id if session else session_id


def visible(files: SeriesFiles, now: datetime, already: Known | None = None) -> Visible:
    """Return the definitions without what is under embargo at ``now``; what is ``already`` public stays."""
    gate = _Gate(now, already or Known())
    seasons = tuple(
        _season(season, gate)
        for season in files.seasons
        if gate.opens(season.season.embargo, ("season", season.lasting_id))
    )
    shown = replace(files, seasons=seasons)
    if not (gate.closed or gate.early):
        return Visible(files, None)
    return Visible(
        _named(shown, files, gate.known), min(gate.closed, default=None), tuple(gate.early), bool(gate.closed)
    )


@dataclass
class _Gate:
    """Lets through what is public, and remembers what is not."""

    now: datetime
    known: Known
    closed: list[datetime] = field(default_factory=list)
    early: list[str] = field(default_factory=list)

    def opens(self, embargo: datetime | None, name: _Name) -> bool:
        if embargo is None or embargo <= self.now:
            return True
        if name in self.known.things:
            self.early.append(".".join(name[1:]))
            return True
        self.closed.append(embargo.astimezone(UTC))
        return False


def _season(season: SeasonFiles, gate: _Gate) -> SeasonFiles:
    own = season.lasting_id
    events = tuple(
        event for event in season.season.events if gate.opens(event.embargo, ("event", own, event.lasting_id))
    )
    there = {event.id for event in events}
    lists = tuple(
        one
        for one in season.entries.lists
        if (one.event is None or one.event in there)
        and gate.opens(_later(season.entries.embargo, one.embargo), ("entries", own, one.id))
    )
    file = season.results
    results = tuple(
        one
        for one in file.results
        if one.event in there
        and gate.opens(
            _later(file.embargo, one.embargo), ("result", own, *_lasting(season.season, one.event, one.session))
        )
    )
    champions = tuple(
        one for one in file.champions if gate.opens(_later(file.embargo, one.embargo), ("champion", own, one.key))
    )
    invitations = file.invitations if gate.opens(file.embargo, ("invitations", own)) else ()
    news = tuple(
        one.model_copy(update={"events": tuple(event for event in one.events if event in there)})
        for one in season.news.news
        if gate.opens(one.embargo, ("news", own, one.id))
    )
    records = tuple(one for one in season.season.records if one.event is None or one.event in there)
    return replace(
        season,
        season=season.season.model_copy(update={"events": events, "records": records}),
        entries=season.entries.model_copy(update={"lists": lists}),
        results=file.model_copy(update={"results": results, "champions": champions, "invitations": invitations}),
        news=season.news.model_copy(update={"news": news}),
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((value for value in (one, other) if value), default=None)


def _named(shown: SeriesFiles, everything: SeriesFiles, already: Known) -> SeriesFiles:
    """Return what is public with the names that it gives away, and those that nothing under embargo needs."""
    public, all_of_it = set(_classes(shown)), set(_classes(everything))
    secret = all_of_it - public - already.classes
    classes = tuple(
        one.model_copy(update={"continues": tuple(other for other in one.continues if other not in secret)})
        for one in shown.series.classes
        if one.id not in secret
    )
    used, venues = set(_circuits(shown)), set(_circuits(everything))
    kept = {
        name: one
        for name, one in shown.circuits.items()
        if name in used or name not in venues or {name, *one.formerly} & already.circuits
    }
    return replace(shown, series=shown.series.model_copy(update={"classes": classes}), circuits=kept)


def _classes(files: SeriesFiles) -> Iterator[str]:
    for season in files.seasons:
        yield from season.season.classes
        for event in season.season.events:
            yield from _event_classes(event)
        for one in season.entries.lists:
            yield from one.counts
            yield from (entry.race_class for entry in one.entries)
        for result in season.results.results:
            yield from (winner.race_class for winner in result.winners)
        yield from (row.race_class for row in season.results.champions if row.race_class)
        yield from (row.race_class for row in season.results.invitations if row.race_class)
        for item in season.news.news:
            yield from item.classes


def _event_classes(event: Event) -> Iterator[str]:
    yield from event.classes
    for session in event.sessions:
        yield from session.classes


def _circuits(files: SeriesFiles) -> Iterator[str]:
    yield from (event.circuit for season in files.seasons for event in season.season.events if event.circuit)


_EMBARGO = re.compile(rb"^\s*embargo\s*=\s*([0-9][0-9T:+Zz. -]*)", re.MULTILINE)


def masked(problems: Iterable[Problem], contents: Mapping[str, bytes], root: str, now: datetime) -> list[Problem]:
    """Return problems as they may be logged: those of a file that is under embargo tell nothing of what is in it.

    Whoever edits it sees them with ``aslms-feeds check``. A file counts when it, or the season it belongs to, has any
    embargo that has not passed, or that cannot be read.
    """
    secret = _secret(contents, now)
    shown: dict[Problem, None] = {}
    for problem in problems:
        path = problem.file.removeprefix(f"{root}/")
        folder = path.rpartition("/")[0]
        hidden = path in secret or f"{folder}/season.toml" in secret
        shown[Problem(f"{root}/{path.split('/')[0]}", 0, 0, "", _HIDDEN) if hidden else problem] = None
    return list(shown)


_HIDDEN = "something is wrong in a file under embargo; aslms-feeds check says what"


def _secret(contents: Mapping[str, bytes], now: datetime) -> Collection[str]:
    return {path for path, text in contents.items() if any(_waits(found, now) for found in _EMBARGO.findall(text))}


def _waits(text: bytes, now: datetime) -> bool:
    try:
        instant = datetime.fromisoformat(text.decode("ascii").strip())
    except ValueError:
        return True
    return instant.tzinfo is None or instant > now

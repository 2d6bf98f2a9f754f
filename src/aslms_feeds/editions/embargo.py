"""What is public at an instant: definitions without whatever is under embargo, to the second.

It is taken out before anything is made of the definitions, so that no document, ledger, state or address can hold it;
names of classes and circuits become public only through something that is. What was public once stays public, also when
a clock goes back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from aslms_feeds.definitions.values import What
from aslms_feeds.errors import Problem
from aslms_feeds.identity import parse_uid
from aslms_feeds.ledger.values import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.results import Champion, Entries, EntryList, NewsItem, Result, Results
    from aslms_feeds.definitions.season import Event, Season
    from aslms_feeds.ledger.ledger import Ledger

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
            names, season_id, _series = parse_uid(uid)
            things.add(("season", season_id))
            if one.statement.scope in ("event", "entries"):
                things.add((one.statement.scope, season_id, names[0]))
            classes |= set(one.statement.classes)
            circuits.add(one.statement.place)
        for fact in ledger.facts:
            circuits |= {value.circuit for value in (fact.before, fact.after) if isinstance(value, Place)}
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
    if season.results.invitations:
        yield ("invitations", own)
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
    if gate.closed or gate.early:
        shown = _named(shown, files, gate.known)
    due = min(gate.closed, default=None)
    return Visible(_placed(shown, gate.known), due, tuple(gate.early), bool(gate.closed))


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
        _free(event) for event in season.season.events if gate.opens(event.embargo, ("event", own, event.lasting_id))
    )
    # Not those that are there: what is told of something that was retired stays.
    hidden = {event.id for event in season.season.events} - {event.id for event in events}
    lists = tuple(
        _free(one)
        for one in season.entries.lists
        if one.event not in hidden and gate.opens(_later(season.entries.embargo, one.embargo), ("entries", own, one.id))
    )
    file = season.results
    results = tuple(
        _free(one)
        for one in file.results
        if one.event not in hidden
        and gate.opens(
            _later(file.embargo, one.embargo), ("result", own, *_lasting(season.season, one.event, one.session))
        )
    )
    champions = tuple(
        _free(one)
        for one in file.champions
        if gate.opens(_later(file.embargo, one.embargo), ("champion", own, one.key))
    )
    invitations = file.invitations if gate.opens(file.embargo, ("invitations", own)) else ()
    news = tuple(
        _free(one).model_copy(update={"events": tuple(event for event in one.events if event not in hidden)})
        for one in season.news.news
        if gate.opens(one.embargo, ("news", own, one.id))
    )
    records = tuple(one for one in season.season.records if one.event not in hidden)
    kept = {"results": results, "champions": champions, "invitations": invitations}
    return replace(
        season,
        season=_free(season.season).model_copy(update={"events": events, "records": records}),
        entries=_free(season.entries).model_copy(update={"lists": lists}),
        results=_free(file).model_copy(update=kept),
        news=season.news.model_copy(update={"news": news}),
    )


_Kept = TypeVar("_Kept", "Season", "Event", "Entries", "EntryList", "Results", "Result", "Champion", "NewsItem")


def _free(one: _Kept) -> _Kept:
    """Return what may be seen without its embargo: when it was, or that there was one, is nobody's business."""
    return one.model_copy(update={"embargo": None}) if one.embargo else one


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((value for value in (one, other) if value), default=None)


def _named(shown: SeriesFiles, everything: SeriesFiles, already: Known) -> SeriesFiles:
    """Return what is public with the classes that it names, and those that nothing under embargo needs."""
    public, all_of_it = set(_classes(shown)), set(_classes(everything))
    secret = all_of_it - public - already.classes
    classes = tuple(
        one.model_copy(update={"continues": tuple(other for other in one.continues if other not in secret)})
        for one in shown.series.classes
        if one.id not in secret
    )
    return replace(shown, series=shown.series.model_copy(update={"classes": classes}))


def _placed(shown: SeriesFiles, already: Known) -> SeriesFiles:
    """Return what is public with the circuits that it names: another series may have a secret one of this table."""
    wanted = {*_circuits(shown), *already.circuits}
    kept = {name: one for name, one in shown.circuits.items() if {name, *one.formerly} & wanted}
    return replace(shown, circuits=kept)


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
    for event in (event for season in files.seasons for event in season.season.events):
        yield from (event.circuit,) if event.circuit else ()
        for change in event.changes:
            if change.what is What.PLACE_CHANGED:
                yield from (one for one in (change.before, change.after) if isinstance(one, str))


_KEY = re.compile(rb"(?i)embar\w*[\"']?\s*=([^,}#\r\n]*)")
"""The key and its value, also in a table of one line; misspelt it was meant all the same."""
_LISTS = re.compile(r", did you mean |; allowed: ")
"""What follows may name anything there is."""


def masked(problems: Iterable[Problem], contents: Mapping[str, bytes], root: str, now: datetime) -> list[Problem]:
    """Return problems as they may be logged: nothing of what is under embargo at ``now``.

    Whoever edits the files sees them whole with ``aslms-feeds check``. A file counts when it, or the season it belongs
    to, has any embargo that has not passed, or that cannot be read. Where there is one, the files that seasons share
    tell no more than the place, and the others do not list what would be right.
    """
    secret = {path for path, text in contents.items() if any(_waits(found, now) for found in _values(text))}
    if not secret:
        return list(problems)
    shown: dict[Problem, None] = {}
    for one in problems:
        path = one.file.removeprefix(f"{root}/")
        if _belongs(path, secret, contents):
            shown[Problem(f"{root}/{path.split('/')[0]}", 0, 0, "", f"something is wrong {_HIDDEN}")] = None
        elif path.count("/") < _SEASON_DEPTH and one.line:
            shown[one._replace(where="", message=f"something is wrong here, beside what is {_HIDDEN}")] = None
        else:
            shown[one._replace(message=_LISTS.split(one.message)[0])] = None
    return list(shown)


_HIDDEN = "under embargo; aslms-feeds check says what"
_SEASON_DEPTH = 2
"""Slashes in the path of a season's file; what has fewer is shared."""


def _belongs(path: str, secret: Collection[str], contents: Mapping[str, bytes]) -> bool:
    """Say whether a file is under embargo, or belongs to a season that is, or may be: its own file is not there."""
    folder = path.rpartition("/")[0]
    season = f"{folder}/season.toml"
    lost = path.count("/") == _SEASON_DEPTH and season not in contents
    return path in secret or season in secret or (lost and any(one.startswith(f"{folder}/") for one in secret))


def _values(text: bytes) -> Iterator[bytes]:
    """Yield what stands where an embargo may stand; a file in UTF-16 is refused, and has zeros between its letters."""
    for line in text.replace(b"\0", b"").splitlines():
        if not line.lstrip().startswith(b"#"):
            yield from _KEY.findall(line)


def _waits(text: bytes, now: datetime) -> bool:
    try:
        instant = datetime.fromisoformat(text.decode("ascii").strip().upper())
    except ValueError:
        return True
    return instant.tzinfo is None or instant > now

"""What is doubtful in definitions that are right: warnings, each with a name that ``accept`` answers at the spot.

``no-source``
    neither the season nor all of its events say where they are known from
``overlap``
    a session begins while another of one of its classes runs; where an end is not known, only the start counts
``outside``
    a session begins on a day that is not one of its event's stated days
``odd-hour``
    a race starts before 06:00 or after 23:00 by the circuit's clock
``no-race``
    an event has sessions, but no race
``round-gap``
    a round is missing; a cancelled race keeps its round, or stands for one that is missing
``last-cancelled``
    only the last session of an event is cancelled or postponed: a key meant for the event, below a session's header
``no-successor``
    the last season is over, and no other follows
``idle-accept``
    an ``accept`` answers nothing
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.definitions.times import find_event_days, load_zone, to_instant
from aslms_feeds.definitions.values import Kind, Status, Warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.reading import Definitions
    from aslms_feeds.definitions.season import Accepted, Event, Session
    from aslms_feeds.definitions.series import Circuit
    from aslms_feeds.definitions.toml import Location
    from aslms_feeds.errors import Problem

EARLIEST, LATEST = time(6), time(23)
"""Races start between these."""
_OFF = frozenset({Status.CANCELLED, Status.POSTPONED})


class Doubt(NamedTuple):
    """Something doubtful, at a place of season.toml."""

    code: Warned
    location: Location
    message: str


def find_warnings(definitions: Definitions, *, today: date) -> tuple[Problem, ...]:
    """Return what is doubtful in the series that are right, in file order."""
    return tuple(
        sorted(
            definitions.make_problem(
                f"{series.id}/{season.id}/season.toml",
                doubt.location,
                f"warning: {doubt.message} ({doubt.code}{'' if doubt.code is Warned.IDLE_ACCEPT else _HOW})",
            )
            for series in definitions.series.values()
            for season in series.seasons
            for doubt in find_doubts(season, series, today=today)
        )
    )


_HOW = "; accept answers it"


def find_doubts(season: SeasonFiles, series: SeriesFiles, *, today: date) -> Iterator[Doubt]:
    """Yield what is doubtful in a season and nobody accepted, then what was accepted in vain."""
    accepted = dict(_list_accepted(season))
    used = set()
    for doubt in _all_doubts(season, series, today):
        spots = [doubt.location[:length] for length in (4, 2, 0) if length <= len(doubt.location)]
        answers = [(spot, doubt.code) for spot in spots if (spot, doubt.code) in accepted]
        used.update(answers)
        if not answers:
            yield doubt
    for (spot, code), index in accepted.items():
        if (spot, code) not in used:
            yield Doubt(Warned.IDLE_ACCEPT, (*spot, "accept", index), f"nothing here is {code}: take it out")


def _list_accepted(season: SeasonFiles) -> Iterator[tuple[tuple[Location, Warned], int]]:
    def at(spot: Location, accept: tuple[Accepted, ...]) -> Iterator[tuple[tuple[Location, Warned], int]]:
        for index, accepted in enumerate(accept):
            yield (spot, accepted.warning), index

    yield from at((), season.season.accept)
    for index, event in enumerate(season.season.events):
        yield from at(("event", index), event.accept)
        for n, session in enumerate(event.sessions):
            yield from at(("event", index, "session", n), session.accept)


def _all_doubts(season: SeasonFiles, series: SeriesFiles, today: date) -> Iterator[Doubt]:
    events = season.season.events
    if not season.season.sources and not (events and all(event.sources for event in events)):
        yield Doubt(Warned.NO_SOURCE, (), "nothing says where this season is known from; add sources")
    for index, event in enumerate(events):
        yield from _doubts_of_event(event, ("event", index))
    yield from _find_overlaps(season, series)
    yield from _find_round_gaps(season)
    yield from _find_no_successor(season, series, today)


def _doubts_of_event(event: Event, location: Location) -> Iterator[Doubt]:
    off = event.status in _OFF
    if event.sessions and not off and all(session.kind is not Kind.RACE for session in event.sessions):
        yield Doubt(Warned.NO_RACE, location, "the event has sessions, but no race")
    if not off and len(event.sessions) > 1:
        *earlier, last = event.sessions
        explained = any(change.session == last.id for change in event.changes)
        if last.status in _OFF and all(session.status not in _OFF for session in earlier) and not explained:
            message = f"only the last session is {last.status}; is it the event? Then write it above the first session"
            yield Doubt(Warned.LAST_CANCELLED, (*location, "session", len(earlier), "status"), message)
    for n, session in enumerate(event.sessions):
        spot = (*location, "session", n, "start")
        start = session.start
        day = start.date() if isinstance(start, datetime) else start
        if day is not None and not (event.first_day or day) <= day <= (event.last_day or day):
            days = f"{event.first_day or '…'} to {event.last_day or '…'}"
            yield Doubt(Warned.OUTSIDE, spot, f"{day} is not one of the event's days, {days}")
        if isinstance(start, datetime) and session.kind is Kind.RACE and not EARLIEST <= start.time() <= LATEST:
            yield Doubt(Warned.ODD_HOUR, spot, f"a race at {start:%H:%M} by the circuit's clock")


class _Running(NamedTuple):
    end: datetime
    name: str


def _find_overlaps(season: SeasonFiles, series: SeriesFiles) -> Iterator[Doubt]:
    everyone = season.season.classes or tuple(race_class.id for race_class in series.series.classes) or ("",)
    timed = sorted(_timed_sessions(season, series.circuits), key=itemgetter(0))
    running: dict[str, _Running] = {}
    for begin, event, session, location in timed:
        classes = session.classes or event.classes or everyone
        other = next((running[name] for name in classes if name in running and running[name].end > begin), None)
        if other is not None:
            yield Doubt(Warned.OVERLAP, (*location, "start"), f"begins while {other.name} is on, in the same class")
        end = _find_end(begin, session, series.circuits[event.circuit or ""].timezone)
        for name in classes:
            if name not in running or running[name].end < end:
                running[name] = _Running(end, f"{event.id}.{session.id}")


def _timed_sessions(
    season: SeasonFiles, circuits: Mapping[str, Circuit]
) -> Iterator[tuple[datetime, Event, Session, Location]]:
    """Yield the sessions that will be or were held at a known time, with that."""
    for index, event in enumerate(season.season.events):
        circuit = circuits.get(event.circuit or "")
        if circuit is None or {event.status, season.season.status} & _OFF:
            continue
        for n, session in enumerate(event.sessions):
            if isinstance(session.start, datetime) and session.status not in _OFF:
                begin = to_instant(session.start, circuit.timezone, session.fold or 0)
                yield begin, event, session, ("event", index, "session", n)


def _find_end(begin: datetime, session: Session, timezone: str) -> datetime:
    if session.end is not None:
        return session.end.replace(tzinfo=load_zone(timezone), fold=session.fold or 0).astimezone(begin.tzinfo)
    length = timedelta(hours=session.hours or 0, minutes=session.minutes or 0)
    return begin + (length or timedelta(seconds=1))


def _find_round_gaps(season: SeasonFiles) -> Iterator[Doubt]:
    races = [
        (session, event.status in _OFF or session.status in _OFF, ("event", index, "session", n))
        for index, event in enumerate(season.season.events)
        for n, session in enumerate(event.sessions)
        if session.kind is Kind.RACE
    ]
    spare = sum(1 for session, off, _place in races if off and session.round is None)
    spare += sum(1 for event in season.season.events if event.status in _OFF and not event.sessions)
    places: dict[int, Location] = {}
    for session, _off, place in races:
        if session.round is not None:
            places.setdefault(session.round, place)
    missing = sorted(set(range(1, max(places, default=0))) - set(places))
    if len(missing) > spare:
        behind = min(number for number in places if number > missing[0])
        names = ", ".join(str(number) for number in missing)
        message = f"no race is round {names}; a cancelled race keeps its number"
        yield Doubt(Warned.ROUND_GAP, (*places[behind], "round"), message)


def _find_no_successor(season: SeasonFiles, series: SeriesFiles, today: date) -> Iterator[Doubt]:
    if season.id != series.seasons[-1].id or season.season.kind != "championship":
        return
    days = [days[1] for event in season.season.events if (days := find_event_days(event))]
    if days and max(days) < today:
        message = f"the last season was over on {max(days)}, and no other follows; add the next one, or what is known"
        yield Doubt(Warned.NO_SUCCESSOR, (), message)

"""When things happen: from the circuit's clock to UTC, and how much of it is known.

The zone rules come from the ``tzdata`` package alone, so that every machine computes the same instants.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.definitions.values import Kind

zoneinfo.reset_tzpath(())

ONE_DAY = timedelta(days=1)


class Precision(StrEnum):
    """How much of a start is known."""

    EVENT = "event"
    DAY = "day"
    TIME = "time"


class Clock(StrEnum):
    """What a circuit's clock does with a local time (RFC 5545 section 3.3.5)."""

    ONCE = "once"
    SKIPPED = "skipped"
    REPEATED = "repeated"


@dataclass(frozen=True)
class Span:
    """From ``start`` up to, not including, ``end``: two UTC instants, or two days."""

    start: datetime | date
    end: datetime | date
    precision: Precision
    end_known: bool
    timezone: str

    @property
    def timed(self) -> bool:
        """Whether the time is known, not the day alone."""
        return self.precision is Precision.TIME

    @property
    def local_start(self) -> datetime | date:
        """The start by the circuit's clock."""
        return to_local(self.start, self.timezone)

    @property
    def local_end(self) -> datetime | date:
        """The end by the circuit's clock."""
        return to_local(self.end, self.timezone)

    @property
    def first_day(self) -> date:
        """The first day, at the circuit."""
        return _to_day(self.local_start)

    @property
    def last_day(self) -> date:
        """The last day, at the circuit."""
        if isinstance(self.end, datetime):
            return _to_day(to_local(self.end - timedelta(microseconds=1), self.timezone))
        return self.end - ONE_DAY

    def has_ended(self, now: datetime) -> bool:
        """Whether it has ended by ``now``; a day ends at the circuit's midnight."""
        end = self.end if isinstance(self.end, datetime) else find_midnight(self.end, self.timezone)
        return end <= now


def _to_day(value: datetime | date) -> date:
    return value.date() if isinstance(value, datetime) else value


@cache
def list_timezones() -> frozenset[str]:
    """Return the names of all zones."""
    return frozenset(zoneinfo.available_timezones())


@cache
def load_zone(name: str) -> zoneinfo.ZoneInfo:
    """Return a zone by its IANA name."""
    return zoneinfo.ZoneInfo(name)


def to_local(value: datetime | date, timezone: str) -> datetime | date:
    """Return an instant as the zone's clock shows it; a day stays a day."""
    return value.astimezone(load_zone(timezone)) if isinstance(value, datetime) else value


def find_midnight(day: date, timezone: str) -> datetime:
    """Return the instant at which ``day`` begins in a zone."""
    return datetime.combine(day, time(), load_zone(timezone)).astimezone(UTC)


def check_clock(value: datetime, timezone: str) -> Clock:
    """Say whether a naive local time happens once, not at all or twice in a zone."""
    first = value.replace(tzinfo=load_zone(timezone), fold=0)
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return Clock.ONCE
    back = first.astimezone(UTC).astimezone(load_zone(timezone)).replace(tzinfo=None)
    return Clock.REPEATED if back == value.replace(fold=0) else Clock.SKIPPED


def to_instant(value: datetime, timezone: str, fold: int = 0) -> datetime:
    """Return the UTC instant of a naive local time."""
    return value.replace(tzinfo=load_zone(timezone), fold=fold).astimezone(UTC)


def find_event_days(event: Event) -> tuple[date, date] | None:
    """Return the first and last day of an event: as stated, else from its sessions; None when neither is known."""
    starts = [_to_day(session.start) for session in event.sessions if session.start is not None]
    ends = starts + [session.end.date() for session in event.sessions if session.end is not None]
    first = event.first_day or (min(starts) if starts else event.last_day)
    last = event.last_day or (max(ends) if ends else event.first_day)
    return (first, max(first, last)) if first and last else None


def find_event_span(event: Event, timezone: str) -> Span | None:
    """Return the days of an event as an all-day span (RFC 5545 section 3.6.1: the end is exclusive)."""
    days = find_event_days(event)
    return Span(days[0], days[1] + ONE_DAY, Precision.DAY, end_known=True, timezone=timezone) if days else None


def find_session_span(
    session: Session, event: Event, timezone: str, assumed_minutes: Mapping[Kind, int]
) -> Span | None:
    """Return when a session is, as far as it is known; None when not even the event's days are."""
    match session.start:
        case datetime() as start:
            begin = to_instant(start, timezone, session.fold or 0)
            end, is_known = _find_end(session, begin, timezone, assumed_minutes)
            return Span(begin, end, Precision.TIME, end_known=is_known, timezone=timezone)
        case date() as day:
            return Span(day, day + ONE_DAY, Precision.DAY, end_known=True, timezone=timezone)
        case _:
            whole = find_event_span(event, timezone)
            return Span(whole.start, whole.end, Precision.EVENT, end_known=True, timezone=timezone) if whole else None


def _find_end(session: Session, begin: datetime, timezone: str, assumed: Mapping[Kind, int]) -> tuple[datetime, bool]:
    if session.end is not None:
        return to_instant(session.end, timezone, session.fold or 0), True
    if session.hours is not None:
        return begin + timedelta(hours=session.hours), True
    if session.minutes is not None:
        return begin + timedelta(minutes=session.minutes), True
    return begin + timedelta(minutes=assumed.get(session.kind, 60)), False

"""Race meetings and sessions in one language: what the templates are given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import Precision, find_midnight
from aslms_feeds.instants import format_instant
from aslms_feeds.ledger.facts import OFF
from aslms_feeds.render.pages.series_view import ClassMark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aslms_feeds.definitions.results import Entry, EntryList, Result
    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.definitions.series import Broadcast, Circuit
    from aslms_feeds.definitions.times import Span
    from aslms_feeds.definitions.values import Status
    from aslms_feeds.editions.items import Item
    from aslms_feeds.ledger.stamps import Revision
    from aslms_feeds.render.pages.links import CalendarLink


@dataclass(frozen=True)
class SessionView:
    """One session in one language."""

    definition: Session
    name: str
    status: Status
    badge: Status | None
    """Its status, where it says more than the meeting's."""
    reason: str
    new_day: str
    note: str
    classes: tuple[ClassMark, ...]
    span: Span | None
    revision: Revision | None

    @property
    def id(self) -> str:
        """The id, which is the anchor too."""
        return self.definition.id

    @property
    def is_off(self) -> bool:
        """Whether it is cancelled or postponed."""
        return self.status in OFF

    @property
    def is_timed(self) -> bool:
        """Whether its time is known."""
        return self.span is not None and self.span.timed

    @property
    def day(self) -> date | None:
        """Its day at the circuit, where that is known."""
        return self.span.first_day if self.span and self.span.precision is not Precision.EVENT else None

    @property
    def start(self) -> datetime | date | None:
        """When it starts, by the circuit's clock."""
        return self.span.local_start if self.span else None

    @property
    def end(self) -> datetime | date | None:
        """When it ends, by the circuit's clock; None where that is not published."""
        return self.span.local_end if self.span and self.span.end_known else None

    @property
    def starts_at(self) -> str:
        """The instant it starts."""
        return _format_instants(self.span)[0]

    @property
    def ends_at(self) -> str:
        """The instant it ends."""
        return _format_instants(self.span)[1]


@dataclass(frozen=True)
class MeetingView:
    """One race meeting in one language."""

    event: Event
    name: str
    url: str
    is_over: bool
    """Whether its season is over: nothing more is to come."""
    status: Status
    reason: str
    new_day: str
    note: str
    days: str
    circuit: Circuit | None
    venue: str
    place: str
    rounds: tuple[int, ...]
    classes: tuple[ClassMark, ...]
    span: Span | None
    sessions: tuple[SessionView, ...]
    calendar: CalendarLink | None
    entry_lists: tuple[EntryList, ...]
    results: tuple[tuple[str, Result], ...]
    """With the name of the race."""
    broadcasts: tuple[Broadcast, ...]
    changes: tuple[Item, ...]
    revision: Revision | None

    @property
    def id(self) -> str:
        """The id within the season."""
        return self.event.id

    @property
    def is_off(self) -> bool:
        """Whether it is cancelled or postponed."""
        return self.status in OFF

    @property
    def starts_at(self) -> str:
        """The instant its first day begins."""
        return _format_instants(self.span)[0]

    @property
    def ends_at(self) -> str:
        """The instant its last day ends."""
        return _format_instants(self.span)[1]

    @property
    def stamped_sessions(self) -> tuple[SessionView, ...]:
        """Its sessions that are in calendars."""
        return tuple(session for session in self.sessions if session.revision)

    @property
    def by_day(self) -> list[tuple[date | None, list[SessionView]]]:
        """The sessions of each day; those whose day is not known come last."""
        ordered = sorted(
            self.sessions, key=lambda session: (session.day is None, session.day or date.min, session.starts_at)
        )
        return [(day, list(sessions)) for day, sessions in groupby(ordered, key=lambda session: session.day)]

    @property
    def length(self) -> float | None:
        """The length of a lap at the time, in kilometres."""
        return self.event.length_km or (self.circuit.length_km if self.circuit else None)


def _format_instants(span: Span | None) -> tuple[str, str]:
    """Return start and end as UTC instants; a day lasts from midnight to midnight at the circuit."""
    if span is None:
        return "", ""
    start, end = (
        time if isinstance(time, datetime) else find_midnight(time, span.timezone) for time in (span.start, span.end)
    )
    return format_instant(start), format_instant(end)


def group_by_class(entries: Sequence[Entry], classes: Sequence[ClassMark]) -> list[tuple[ClassMark, list[Entry]]]:
    """Return the cars of each class, in the series' order; classes that are not defined come last."""
    undefined = sorted({entry.race_class for entry in entries} - {mark.id for mark in classes})
    groups = (
        (mark, [entry for entry in entries if entry.race_class == mark.id])
        for mark in (*classes, *(ClassMark(name, name) for name in undefined))
    )
    return [(mark, cars) for mark, cars in groups if cars]

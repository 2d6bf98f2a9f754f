"""What differs between an event of ours and the event of theirs that was matched to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import Precision, Span, load_zone
from aslms_feeds.definitions.values import Status, What
from aslms_feeds.definitions.writing import write_times
from aslms_feeds.ledger.facts import OFF
from aslms_feeds.upstreams.proposals.patches import (
    Difference,
    format_days,
    format_span,
    write_changed_event,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from aslms_feeds.upstreams.proposals.statements import OurEvent, TheirEvent


@dataclass(frozen=True)
class DifferenceFinder:
    """Compares matched events of a season, as far as they are not over at ``now``."""

    our_events: tuple[OurEvent, ...]
    now: datetime

    def find(self, our_event: OurEvent, their_event: TheirEvent) -> Difference | None:
        """Return what differs; None where nothing does, or where it does not matter any more."""
        if self._is_over(our_event, their_event) or our_event.status in OFF:
            return None
        if status := their_event.off_status:
            what = What.CANCELLED if status is Status.CANCELLED else What.POSTPONED
            lines = [f'status = "{status.value}"']
            return _make_difference(our_event, their_event, what, our_event.status.value, status.value, lines)
        if our_event.session_id:
            return _compare_times(our_event, their_event)
        return self._compare_meeting_days(our_event, their_event)

    def _is_over(self, our_event: OurEvent, their_event: TheirEvent) -> bool:
        """Say whether it is over by both calendars: what is past is no proposal any more."""
        if our_event.span and not our_event.span.has_ended(self.now):
            return False
        start = their_event.find_instant(their_event.start, our_event.timezone)
        if start:
            return start <= self.now
        return their_event.find_last_day(our_event.timezone) < self.now.astimezone(load_zone(our_event.timezone)).date()

    def _compare_meeting_days(self, our_event: OurEvent, their_event: TheirEvent) -> Difference | None:
        """Compare the days of a whole race meeting.

        Where sessions say when the meeting is, whole days of theirs that touch it are less precise, and no difference.
        """
        first_day, last_day = (
            their_event.find_first_day(our_event.timezone),
            their_event.find_last_day(our_event.timezone),
        )
        has_sessions = any(event.session_id and event.event_id == our_event.event_id for event in self.our_events)
        our_days = ""
        if span := our_event.span:
            is_apart = last_day < span.first_day or first_day > span.last_day
            is_comparable = our_event.has_stated_days and not has_sessions
            if not is_apart and (not is_comparable or (span.first_day, span.last_day) == (first_day, last_day)):
                return None
            our_days = format_days(span.first_day, span.last_day)
        lines = [f"first_day = {first_day}", f"last_day = {last_day}"]
        if has_sessions:
            lines.append("# and its sessions, whose times this calendar does not give")
        return _make_difference(our_event, their_event, What.MOVED, our_days, format_days(first_day, last_day), lines)


def _compare_times(our_event: OurEvent, their_event: TheirEvent) -> Difference | None:
    """Compare when a session is: its day where either side knows no time, else its start and its end."""
    timezone, span = our_event.timezone, our_event.span
    begin = their_event.find_instant(their_event.start, timezone)
    day = their_event.find_first_day(timezone)
    if begin is None or not our_event.circuit_id:
        return _compare_day(our_event, their_event, day)
    end = their_event.find_instant(their_event.end, timezone)
    timed_span = span if span and span.timed else None
    if timed_span and _has_same_times(timed_span, begin, end):
        return None
    is_same_start = timed_span is not None and begin == timed_span.start
    is_same_day = timed_span.first_day == day if timed_span else _includes_day(span, day)
    return _make_difference(
        our_event,
        their_event,
        What.RETIMED if is_same_day else What.MOVED,
        _format_our_time(our_event, with_end=is_same_start),
        format_span(begin, end if is_same_start else None, timezone),
        write_times(begin, end, timezone, span=timed_span, length_key=our_event.length_key),
    )


def _compare_day(our_event: OurEvent, their_event: TheirEvent, day: date) -> Difference | None:
    span = our_event.span
    if _includes_day(span, day):
        return None
    our_day = str(span.first_day) if span and span.precision is not Precision.EVENT else ""
    return _make_difference(our_event, their_event, What.MOVED, our_day, str(day), [f"start = {day}"])


def _has_same_times(span: Span, begin: datetime, end: datetime | None) -> bool:
    """Say whether start and end are those of ours; an end counts only where both sides know a sensible one."""
    return begin == span.start and (not span.end_known or end is None or end == span.end or end <= begin)


def _includes_day(span: Span | None, day: date) -> bool:
    return span is not None and span.first_day <= day <= span.last_day


def _format_our_time(our_event: OurEvent, *, with_end: bool) -> str:
    """Return when a session of ours is, as precisely as we know; empty where only its meeting's days are known."""
    span = our_event.span
    if span and span.timed:
        return format_span(span.start, span.end if with_end else None, our_event.timezone)
    return str(span.first_day) if span and span.precision is Precision.DAY else ""


def _make_difference(
    our_event: OurEvent, their_event: TheirEvent, what: What, ours: str, theirs: str, lines: Sequence[str]
) -> Difference:
    return Difference(
        event=our_event.event_id,
        session=our_event.session_id,
        what=what,
        title=their_event.title,
        ours=ours,
        theirs=theirs,
        patch=write_changed_event(our_event, their_event, lines),
    )

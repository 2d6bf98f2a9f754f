"""A difference between their calendar and ours: its values by the circuit's clock, and the TOML that settles it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import to_local
from aslms_feeds.definitions.writing import write_comment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from aslms_feeds.definitions.values import What
    from aslms_feeds.upstreams.proposals.statements import OurEvent, TheirEvent


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something that their calendar says and ours does not."""

    event: str
    """The event's id; the id that is proposed where it is new."""
    session: str
    """The session's id; empty for an event."""
    what: What
    title: str
    """What they call it, without the series' name."""
    ours: str
    """What we say: a day, a time with its offset, a status; empty where we say nothing."""
    theirs: str
    """What they say, written in the same way."""
    patch: str
    """TOML for season.toml: the tables it changes or adds, with no more keys than needed."""


def format_local(moment: datetime | date, timezone: str) -> str:
    """Return a moment by the clock of a zone."""
    return to_local(moment, timezone).isoformat()


def format_span(start: datetime | date, end: datetime | date | None, timezone: str) -> str:
    """Return a span of time, as far as it is known, by the clock of a zone."""
    return f"{format_local(start, timezone)}/{format_local(end, timezone)}" if end else format_local(start, timezone)


def format_days(first_day: date, last_day: date) -> str:
    """Return a span of days, or the one day that it is."""
    return f"{first_day}/{last_day}" if last_day != first_day else str(first_day)


def format_their_time(their_event: TheirEvent, timezone: str | None) -> str:
    """Return when something of theirs is: by the clock of a zone, else by UTC."""
    begin = their_event.find_instant(their_event.start, timezone or "UTC")
    if begin:
        return format_local(begin, timezone or "UTC")
    return format_days(their_event.find_first_day("UTC"), their_event.find_last_day("UTC"))


def write_changed_event(our_event: OurEvent, their_event: TheirEvent, lines: Sequence[str]) -> str:
    """Return the patch that changes keys of a session of ours, or of a race meeting."""
    table = [f"[[event]]  # {write_comment(their_event.title)}, in place of its own", f'id = "{our_event.event_id}"']
    if our_event.session_id:
        table += ["", "  [[event.session]]", f'  id = "{our_event.session_id}"', *(f"  {line}" for line in lines)]
    else:
        table += lines
    return join_lines(table)


def write_added_session(meeting: OurEvent, their_event: TheirEvent, session_lines: Sequence[str]) -> str:
    """Return the patch that adds a session to a race meeting of ours."""
    comment = f"{write_comment(their_event.title)}, one session more"
    return join_lines([f"[[event]]  # {comment}", f'id = "{meeting.event_id}"', "", *session_lines])


def join_lines(lines: Sequence[str]) -> str:
    """Return the lines of a patch as its text."""
    return "\n".join(lines) + "\n"

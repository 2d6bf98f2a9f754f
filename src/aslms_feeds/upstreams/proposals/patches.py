"""What differs between theirs and ours, and how it is written in TOML, in the times of the circuit's clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import Clock, Span, clock, local, zone
from aslms_feeds.identity import ID_LENGTH
from aslms_feeds.upstreams.proposals.vocabulary import plain

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from aslms_feeds.definitions.values import What
    from aslms_feeds.upstreams.proposals.statements import Ours, Theirs


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something that they say and we do not."""

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
    patch: str
    """TOML for season.toml: the tables it changes or adds, with no more keys than needed."""


def shown(moment: datetime | date, own: Ours) -> str:
    """Return a moment by the clock of the circuit."""
    return local(moment, own.timezone).isoformat()


def until(start: datetime | date, end: datetime | date | None, own: Ours) -> str:
    """Return a span of time, as far as it is known, by the clock of the circuit."""
    return f"{shown(start, own)}/{shown(end, own)}" if end else shown(start, own)


def days_of(first: date, last: date) -> str:
    """Return a span of days."""
    return f"{first}/{last}" if last != first else str(first)


def value(one: Theirs, timezone: str | None) -> str:
    """Return when something of theirs is, by a zone's clock (UTC)."""
    begin = one.instant(one.start, timezone or "UTC")
    return local(begin, timezone or "UTC").isoformat() if begin else days_of(one.day("UTC"), one.last_day("UTC"))


def _naive(moment: datetime, timezone: str) -> datetime:
    return moment.astimezone(zone(timezone)).replace(tzinfo=None)


def start_lines(begin: datetime, timezone: str) -> list[str]:
    """Return the keys that say an instant by a zone's clock, also where an hour comes twice."""
    shown = _naive(begin, timezone)
    lines = [f"start = {shown.replace(fold=0).isoformat()}"]
    if clock(shown.replace(fold=0), timezone) is Clock.REPEATED:
        lines.append(f"fold = {shown.fold}")
    return lines


def time_lines(begin: datetime, end: datetime | None, known: Span | None, own: Ours) -> list[str]:
    """Return the keys that say their time in the way ours is said; an end is taken over only where we know one."""
    lines = start_lines(begin, own.timezone)
    if not (known and known.end_known and isinstance(known.end, datetime) and isinstance(known.start, datetime)):
        return lines
    length = known.end - known.start
    said = end - begin if end and end > begin else length
    if own.length == "end":
        lines.append(f"end = {_naive(begin + said, own.timezone).replace(fold=0).isoformat()}")
    elif said != length and own.length == "hours" and said <= timedelta(hours=48):
        lines.append(f"hours = {said / timedelta(hours=1):g}")
    elif said != length and own.length == "minutes" and timedelta(minutes=1) <= said <= timedelta(hours=48):
        lines.append(f"minutes = {said // timedelta(minutes=1)}")
    return lines


def slug(text: str) -> str:
    """Return a text as an id, empty where nothing of it can be in one."""
    letters = plain(text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[: ID_LENGTH - 4].strip("-")


def free(name: str, used: AbstractSet[str]) -> str:
    """Return an id that is not used, with a number behind it where it is."""
    tried, number = name, 2
    while tried in used:
        tried, number = f"{name}-{number}", number + 1
    return tried


def comment(text: str) -> str:
    """Return a text as it may stand in a comment."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:100]

"""VTIMEZONE in the one shape Outlook reads: one STANDARD, at most one DAYLIGHT, with RRULEs (RFC 5545 section 3.6.5).

The rules are the zone's present ones, from the footer of its TZif file (RFC 8536 section 3.3). Before they are used for
an instant, :func:`offset` says what they give for it; where that is not what the zone had, UTC is written instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources

_FOOTER = re.compile(
    r"^(?P<std><[^>]+>|[A-Za-z]+)(?P<stdoff>[+-]?\d+(?::\d+){0,2})"
    r"(?:(?P<dst><[^>]+>|[A-Za-z]+)(?P<dstoff>[+-]?\d+(?::\d+){0,2})?,(?P<start>[^,]+),(?P<end>[^,]+))?$"
)
_RULE = re.compile(r"^M(?P<month>\d+)\.(?P<week>[1-5])\.(?P<day>[0-6])(?:/(?P<time>[+-]?\d+(?::\d+){0,2}))?$")
_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_LAST_WEEK = 5


@dataclass(frozen=True)
class Rule:
    """A yearly change of the clock: the nth weekday of a month (5: the last), at a local time."""

    month: int
    week: int
    day: int
    """0 is Sunday."""
    time: timedelta

    def in_year(self, year: int) -> datetime:
        """Return the local time of the change in a year."""
        first = datetime(year, self.month, 1)  # noqa: DTZ001 - a local time
        shift = (self.day - (first.weekday() + 1)) % 7
        day = first + timedelta(days=shift + 7 * (self.week - 1))
        while day.month != self.month:
            day -= timedelta(days=7)
        return day + self.time


@dataclass(frozen=True)
class Rules:
    """What a zone does now, every year."""

    standard_name: str
    standard: timedelta
    daylight_name: str = ""
    daylight: timedelta = timedelta()
    to_daylight: Rule | None = None
    to_standard: Rule | None = None


@cache
def rules(name: str) -> Rules | None:
    """Return the present rules of a zone; None where VTIMEZONE cannot write them this way."""
    data = (resources.files("tzdata.zoneinfo") / name).read_bytes()
    return parse_footer(data.rstrip(b"\n").rsplit(b"\n", 1)[-1].decode("ascii", errors="replace"))


def parse_footer(footer: str) -> Rules | None:
    """Return the rules of a POSIX TZ string (RFC 8536 section 3.3.1), where its rules have the form Mm.w.d."""
    found = _FOOTER.match(footer)
    if not found:
        return None
    # POSIX counts offsets westward.
    standard = -_time(found["stdoff"])
    if not found["dst"]:
        return Rules(found["std"].strip("<>"), standard)
    start, end = _rule(found["start"]), _rule(found["end"])
    if start is None or end is None:
        return None
    daylight = -_time(found["dstoff"]) if found["dstoff"] else standard + timedelta(hours=1)
    if daylight <= standard:
        # Ireland's file calls winter time daylight saving; the change of names does not matter to a calendar.
        return Rules(found["dst"].strip("<>"), daylight, found["std"].strip("<>"), standard, end, start)
    return Rules(found["std"].strip("<>"), standard, found["dst"].strip("<>"), daylight, start, end)


def _time(text: str) -> timedelta:
    sign = -1 if text.startswith("-") else 1
    hours, minutes, seconds = [*map(int, text.lstrip("+-").split(":")), 0, 0][:3]
    return sign * timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _rule(text: str) -> Rule | None:
    found = _RULE.match(text)
    if not found:
        return None
    time = _time(found["time"] or "2")
    if not timedelta() <= time < timedelta(days=1):
        return None
    return Rule(int(found["month"]), int(found["week"]), int(found["day"]), time)


def offset(name: str, value: datetime) -> timedelta | None:
    """Return the offset from UTC that our VTIMEZONE gives a zone at an instant; None where there is none."""
    known = rules(name)
    if known is None:
        return None
    if known.to_daylight is None or known.to_standard is None:
        return known.standard
    instant = value.astimezone(UTC).replace(tzinfo=None)
    year = (instant + known.standard).year
    on = known.to_daylight.in_year(year) - known.standard
    off = known.to_standard.in_year(year) - known.daylight
    summer = on <= instant < off if on < off else not off <= instant < on
    return known.daylight if summer else known.standard


def vtimezone(name: str) -> str:
    """Return the VTIMEZONE of a zone, with CRLF; empty where it cannot be written."""
    known = rules(name)
    if known is None:
        return ""
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}"]
    if known.to_daylight is None or known.to_standard is None:
        lines += _observance("STANDARD", known.standard_name, known.standard, known.standard, None)
    else:
        lines += _observance("STANDARD", known.standard_name, known.daylight, known.standard, known.to_standard)
        lines += _observance("DAYLIGHT", known.daylight_name, known.standard, known.daylight, known.to_daylight)
    return "\r\n".join([*lines, "END:VTIMEZONE", ""])


def _observance(kind: str, label: str, before: timedelta, after: timedelta, rule: Rule | None) -> list[str]:
    # RFC 5545 section 3.6.5: DTSTART is the local time before the change.
    start = rule.in_year(1970) if rule else datetime(1970, 1, 1)  # noqa: DTZ001 - a local time
    lines = [f"BEGIN:{kind}", f"DTSTART:{start:%Y%m%dT%H%M%S}"]
    if rule:
        week = -1 if rule.week == _LAST_WEEK else rule.week
        lines.append(f"RRULE:FREQ=YEARLY;BYMONTH={rule.month};BYDAY={week}{_DAYS[rule.day]}")
    return [*lines, f"TZOFFSETFROM:{_offset(before)}", f"TZOFFSETTO:{_offset(after)}", f"TZNAME:{label}", f"END:{kind}"]


def _offset(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    return f"{sign}{hours:02d}{rest // 60:02d}"

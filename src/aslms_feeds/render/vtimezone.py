"""VTIMEZONE in the one shape Outlook reads: one STANDARD, at most one DAYLIGHT, with RRULEs (RFC 5545 section 3.6.5).

The rules are the zone's present ones, from the footer of its TZif file (RFC 8536 section 3.3). Before they are used for
an instant, :func:`find_offset` says what they give for it; where that is not what the zone had, UTC is written instead.
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
_CHANGE = re.compile(r"^M(?P<month>\d+)\.(?P<week>[1-5])\.(?P<day>[0-6])(?:/(?P<time>[+-]?\d+(?::\d+){0,2}))?$")
_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_LAST_WEEK = 5


@dataclass(frozen=True)
class YearlyChange:
    """A yearly change of the clock: the nth weekday of a month (5: the last), at a local time."""

    month: int
    week: int
    day: int
    """0 is Sunday."""
    time: timedelta

    def find_local_time(self, year: int) -> datetime:
        """Return the local time of the change in a year."""
        first = datetime(year, self.month, 1)  # noqa: DTZ001 - a local time
        shift = (self.day - (first.weekday() + 1)) % 7
        day = first + timedelta(days=shift + 7 * (self.week - 1))
        while day.month != self.month:
            day -= timedelta(days=7)
        return day + self.time


@dataclass(frozen=True)
class ZoneRules:
    """What a zone does now, every year."""

    standard_name: str
    standard: timedelta
    daylight_name: str = ""
    daylight: timedelta = timedelta()
    to_daylight: YearlyChange | None = None
    to_standard: YearlyChange | None = None


@cache
def load_rules(name: str) -> ZoneRules | None:
    """Return the present rules of a zone; None where VTIMEZONE cannot write them this way."""
    data = (resources.files("tzdata.zoneinfo") / name).read_bytes()
    return parse_footer(data.rstrip(b"\n").rsplit(b"\n", 1)[-1].decode("ascii", errors="replace"))


def parse_footer(footer: str) -> ZoneRules | None:
    """Return the rules of a POSIX TZ string (RFC 8536 section 3.3.1), where its rules have the form Mm.w.d."""
    match = _FOOTER.match(footer)
    if not match:
        return None
    # POSIX counts offsets westward.
    standard = -_parse_time(match["stdoff"])
    if not match["dst"]:
        return ZoneRules(match["std"].strip("<>"), standard)
    start, end = _parse_change(match["start"]), _parse_change(match["end"])
    if start is None or end is None:
        return None
    daylight = -_parse_time(match["dstoff"]) if match["dstoff"] else standard + timedelta(hours=1)
    if daylight <= standard:
        # Ireland's file calls winter time daylight saving; the change of names does not matter to a calendar.
        return ZoneRules(match["dst"].strip("<>"), daylight, match["std"].strip("<>"), standard, end, start)
    return ZoneRules(match["std"].strip("<>"), standard, match["dst"].strip("<>"), daylight, start, end)


def _parse_time(text: str) -> timedelta:
    sign = -1 if text.startswith("-") else 1
    hours, minutes, seconds = [*map(int, text.lstrip("+-").split(":")), 0, 0][:3]
    return sign * timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _parse_change(text: str) -> YearlyChange | None:
    match = _CHANGE.match(text)
    if not match:
        return None
    time = _parse_time(match["time"] or "2")
    if not timedelta() <= time < timedelta(days=1):
        return None
    return YearlyChange(int(match["month"]), int(match["week"]), int(match["day"]), time)


def find_offset(name: str, value: datetime) -> timedelta | None:
    """Return the offset from UTC that our VTIMEZONE gives a zone at an instant; None where there is none."""
    rules = load_rules(name)
    if rules is None:
        return None
    if rules.to_daylight is None or rules.to_standard is None:
        return rules.standard
    instant = value.astimezone(UTC).replace(tzinfo=None)
    year = (instant + rules.standard).year
    on = rules.to_daylight.find_local_time(year) - rules.standard
    off = rules.to_standard.find_local_time(year) - rules.daylight
    summer = on <= instant < off if on < off else not off <= instant < on
    return rules.daylight if summer else rules.standard


def render_vtimezone(name: str) -> str:
    """Return the VTIMEZONE of a zone, with CRLF; empty where it cannot be written."""
    rules = load_rules(name)
    if rules is None:
        return ""
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}"]
    if rules.to_daylight is None or rules.to_standard is None:
        lines += _render_observance("STANDARD", rules.standard_name, rules.standard, rules.standard, None)
    else:
        lines += _render_observance("STANDARD", rules.standard_name, rules.daylight, rules.standard, rules.to_standard)
        lines += _render_observance("DAYLIGHT", rules.daylight_name, rules.standard, rules.daylight, rules.to_daylight)
    return "\r\n".join([*lines, "END:VTIMEZONE", ""])


def _render_observance(
    kind: str, label: str, before: timedelta, after: timedelta, change: YearlyChange | None
) -> list[str]:
    # RFC 5545 section 3.6.5: DTSTART is the local time before the change.
    start = change.find_local_time(1970) if change else datetime(1970, 1, 1)  # noqa: DTZ001 - a local time
    lines = [f"BEGIN:{kind}", f"DTSTART:{start:%Y%m%dT%H%M%S}"]
    if change:
        week = -1 if change.week == _LAST_WEEK else change.week
        lines.append(f"RRULE:FREQ=YEARLY;BYMONTH={change.month};BYDAY={week}{_DAYS[change.day]}")
    return [
        *lines,
        f"TZOFFSETFROM:{_format_offset(before)}",
        f"TZOFFSETTO:{_format_offset(after)}",
        f"TZNAME:{label}",
        f"END:{kind}",
    ]


def _format_offset(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    sign = "-" if seconds < 0 else "+"
    minutes = abs(seconds) // 60
    return f"{sign}{minutes // 60:02d}{minutes % 60:02d}"

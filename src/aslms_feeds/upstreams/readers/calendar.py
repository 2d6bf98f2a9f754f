"""iCalendar files (RFC 5545): their events."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Calendar

from aslms_feeds.upstreams.readers.text import decoded, line, no_page
from aslms_feeds.upstreams.readers.values import Appointment, UnreadableError

MAX_APPOINTMENTS = 2_000


def read(body: bytes) -> list[dict[str, str]]:
    """Return the fields of its events; UnreadableError where it is no calendar, or not the whole of one."""
    zoneinfo.reset_tzpath(())  # the rules of the tzdata package, as everywhere in this program
    text = decoded(body)
    no_page(text)
    if not re.match(r"\s*BEGIN:VCALENDAR\s", text, re.IGNORECASE):
        raise UnreadableError("does not begin as a calendar does")
    if not re.search(r"\nEND:VCALENDAR\s*\Z", text, re.IGNORECASE):
        raise UnreadableError("does not end as a calendar does: it may have been cut short")
    if text.upper().count("BEGIN:VEVENT") > MAX_APPOINTMENTS:
        raise UnreadableError(f"has more than {MAX_APPOINTMENTS:,} events")
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        if isinstance(error.__context__, MemoryError):  # which the library takes for a mistake of the calendar
            raise error.__context__ from None
        raise UnreadableError("is no calendar that can be read (RFC 5545)") from None
    events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    read = [row for event in events if (row := _appointment(event)) is not None]
    if events and not read:
        raise UnreadableError("has no event whose start can be read")
    return [row._asdict() for row in read]


def _appointment(event: Any) -> Appointment | None:  # noqa: ANN401 - icalendar ships no complete types
    try:
        start = event.get("DTSTART").dt
        end = event.get("DTEND").dt if "DTEND" in event else None
        if end is None and "DURATION" in event:
            end = start + event.get("DURATION").dt
        begin, until = _moment(start), _moment(end) if type(end) is type(start) else ""
    except (ValueError, AttributeError, TypeError, OverflowError):
        return None
    title = _property(event, "SUMMARY")
    uid = _property(event, "UID") or f"{title} {begin}"
    place = _property(event, "LOCATION")
    return Appointment(uid, title, place, begin, until, _property(event, "STATUS").lower()) if begin else None


def _property(event: Any, name: str) -> str:  # noqa: ANN401 - icalendar ships no complete types
    value = event.get(name, "")
    return line(str(value[0] if isinstance(value, list) and value else value))


def _moment(value: object) -> str:
    """Return an instant in UTC, a time of a zone nobody knows, or a day; empty for what no season holds."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo and value.utcoffset() is not None else value.replace(tzinfo=None)
        return moment.replace(microsecond=0).isoformat() if _FIRST <= moment.date() <= _LAST else ""
    if isinstance(value, date):
        return value.isoformat() if _FIRST <= value <= _LAST else ""
    if isinstance(value, timedelta):
        raise TypeError("a duration")
    return ""


_FIRST, _LAST = date(1900, 1, 2), date(2199, 12, 30)

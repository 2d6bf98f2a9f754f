"""Reads iCalendar files (RFC 5545): their events."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Calendar

from aslms_feeds.upstreams.readers.text import clean_line, decode, refuse_page
from aslms_feeds.upstreams.readers.values import Appointment, UnreadableError

MAX_APPOINTMENTS = 2_000


def read_calendar(body: bytes) -> list[dict[str, str]]:
    """Return the fields of its events; UnreadableError where it is no calendar, or not the whole of one."""
    zoneinfo.reset_tzpath(())  # the rules of the tzdata package, as everywhere in this program
    text = decode(body)
    refuse_page(text)
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
    appointments = [appointment for event in events if (appointment := _parse_event(event)) is not None]
    if events and not appointments:
        raise UnreadableError("has no event whose start can be read")
    return [appointment._asdict() for appointment in appointments]


def _parse_event(event: Any) -> Appointment | None:  # noqa: ANN401 - icalendar ships no complete types
    """Return what an event says; None where it has no start that can be read."""
    try:
        start = event.get("DTSTART").dt
        end = event.get("DTEND").dt if "DTEND" in event else None
        if end is None and "DURATION" in event:
            end = start + event.get("DURATION").dt
        begin, until = _format_moment(start), _format_moment(end) if type(end) is type(start) else ""
    except (ValueError, AttributeError, TypeError, OverflowError):
        return None
    if not begin:
        return None
    title = _get_property(event, "SUMMARY")
    uid = _get_property(event, "UID") or f"{title} {begin}"
    place, status = _get_property(event, "LOCATION"), _get_property(event, "STATUS").lower()
    return Appointment(uid, title, place, begin, until, status)


def _get_property(event: Any, name: str) -> str:  # noqa: ANN401 - icalendar ships no complete types
    value = event.get(name, "")
    return clean_line(str(value[0] if isinstance(value, list) and value else value))


def _format_moment(value: object) -> str:
    """Return an instant in UTC, a time without offset where its zone is not known, or a day; empty if out of range."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo and value.utcoffset() is not None else value.replace(tzinfo=None)
        return moment.replace(microsecond=0).isoformat() if _FIRST <= moment.date() <= _LAST else ""
    if isinstance(value, date):
        return value.isoformat() if _FIRST <= value <= _LAST else ""
    if isinstance(value, timedelta):
        raise TypeError("a duration")
    return ""


_FIRST, _LAST = date(1900, 1, 2), date(2199, 12, 30)
"""The range of days that a season can hold."""

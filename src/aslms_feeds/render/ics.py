"""What a calendar file is made of: the VEVENT of a component, and the head of the file (RFC 5545, RFC 7986).

The package icalendar turns values into content lines; folding them is done here, on whole characters and never inside
an escape, since a calendar with a broken fold freezes a subscription without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import webcolors
from icalendar import Alarm, Event, Parameters, vCategory, vDDDTypes, vDuration, vGeo, vInt, vText, vUri
from icalendar import Calendar as Vcalendar

from aslms_feeds.definitions.publisher import Cancelled, Times
from aslms_feeds.definitions.times import load_zone
from aslms_feeds.definitions.values import Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from aslms_feeds.editions.calendars import Calendar
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.stamps import Revision

PRODID = "-//aslms-feeds//Race calendars//EN"
"""Constant: a version here would make every file new at every release."""
_LIMIT = 74
"""Octets of a line before it is folded, the leading space of a continuation not counted (RFC 5545 section 3.1)."""


class IcsText(vText):  # type: ignore[misc] # icalendar is untyped here
    r"""TEXT that keeps a backslash before a capital N (RFC 5545 section 3.3.11); icalendar's own makes it a newline."""

    def to_ical(self) -> bytes:
        """Return the escaped text."""
        text = str(self).replace("\\", "\\\\").replace(";", r"\;").replace(",", r"\,")
        return text.replace("\r\n", r"\n").replace("\n", r"\n").encode()


@dataclass(frozen=True)
class EventForm:
    """How a component is written: everything but its words and stamps that its VEVENT depends on."""

    language: str
    cancelled: Cancelled
    times: Times
    alarm_minutes: int | None
    """How long before the start an alarm rings; None for none."""
    tzids: frozenset[str] = frozenset()
    """The zones whose VTIMEZONE is right for this component; others are written in UTC."""


def fold_line(line: str) -> bytes:
    """Return a content line in pieces of at most 75 octets (RFC 5545 section 3.1)."""
    data = line.encode()
    pieces = []
    start = 0
    while len(data) - start > _LIMIT:
        end = start + _LIMIT
        while data[end] & 0xC0 == 0x80:  # noqa: PLR2004 - a UTF-8 continuation octet: never inside a character
            end -= 1
        end -= _count_open_escape(data, end)
        pieces.append(data[start:end])
        start = end
    return b"\r\n ".join([*pieces, data[start:]])


def _count_open_escape(data: bytes, end: int) -> int:
    """Return 1 when an escape begins at the octet before ``end``: an odd one in a run of backslashes or carets."""
    mark = data[end - 1 : end]
    if mark not in (b"\\", b"^"):
        return 0
    return (end - len(data[:end].rstrip(mark))) % 2


def write_lines(component: Event) -> bytes:
    """Return a component as folded content lines with CRLF at their ends."""
    return b"".join(fold_line(line) + b"\r\n" for line in component.content_lines() if line)


def format_status(status: Status, policy: Cancelled) -> str:
    """Return STATUS (RFC 5545 section 3.8.1.11); visible keeps what is off confirmed: Google hides it else."""
    match status:
        case Status.PROVISIONAL:
            return "TENTATIVE"
        case Status.CONFIRMED:
            return "CONFIRMED"
        case Status.CANCELLED | Status.POSTPONED:
            return "CANCELLED" if policy is Cancelled.MARKED else "CONFIRMED"


def format_description(component: Component, revision: Revision, language: Language) -> str:
    """Return the description of a component with its revision as the last line, by which one sees a stale app."""
    words = component.words[language.tag]
    revision_line = language.gettext(
        "revision %(count)s, %(stamp)s", count=revision.count, stamp=language.stamp(revision.last_modified)
    )
    return f"{words.description}\n{revision_line}"


def render_vevent(component: Component, revision: Revision, form: EventForm, language: Language) -> bytes:
    """Return one VEVENT (RFC 5545 section 3.6.1)."""
    words = component.words[form.language]
    event = Event()
    event["UID"] = IcsText(component.uid)
    event["DTSTAMP"] = event["LAST-MODIFIED"] = vDDDTypes(revision.last_modified)
    event["CREATED"] = vDDDTypes(revision.created)
    event["SEQUENCE"] = vInt(revision.sequence)
    event["DTSTART"] = _make_moment(component.span.start, component, form)
    event["DTEND"] = _make_moment(component.span.end, component, form)
    event["SUMMARY"] = IcsText(words.summary)
    event["DESCRIPTION"] = IcsText(format_description(component, revision, language))
    event["STATUS"] = IcsText(format_status(component.status, form.cancelled))
    event["URL"] = vUri(words.url)
    event["CATEGORIES"] = _make_categories(words.categories)
    event["TRANSP"] = IcsText("TRANSPARENT")
    event["X-MICROSOFT-CDO-BUSYSTATUS"] = IcsText("FREE")
    if words.location:
        event["LOCATION"] = IcsText(words.location)
    if component.position:
        event["GEO"] = vGeo(component.position)
        if words.location:
            latitude, longitude = component.position
            title = Parameters({"VALUE": "URI", "X-APPLE-RADIUS": "1000", "X-TITLE": words.location})
            event["X-APPLE-STRUCTURED-LOCATION"] = vUri(f"geo:{latitude},{longitude}", params=title)
    if component.parent:
        event["RELATED-TO"] = IcsText(component.parent)
    if form.alarm_minutes is not None:
        event.add_component(_make_alarm(component, form.alarm_minutes, words.summary))
    return write_lines(event)


def _make_categories(names: Iterable[str]) -> vCategory:
    """Return CATEGORIES (RFC 5545 section 3.8.1.2); vCategory would write its texts with icalendar's own escaping."""
    categories = vCategory(())
    categories.cats = [IcsText(name) for name in names]
    return categories


def _make_moment(value: datetime | date, component: Component, form: EventForm) -> vDDDTypes:
    timezone = component.span.timezone
    if isinstance(value, datetime) and form.times is Times.CIRCUIT and timezone in form.tzids:
        return vDDDTypes(value.astimezone(load_zone(timezone)))
    return vDDDTypes(value)


def _make_alarm(component: Component, minutes: int, title: str) -> Alarm:
    alarm = Alarm()
    alarm["ACTION"] = IcsText("DISPLAY")
    alarm["DESCRIPTION"] = IcsText(title)
    alarm["TRIGGER"] = vDuration(timedelta(minutes=-minutes))
    # RFC 9074 section 4: an alarm's own UID lets a client know it again once it was dismissed.
    alarm["UID"] = IcsText(f"alarm.{component.uid}")
    return alarm


def render_head(calendar: Calendar, source: str, refresh_hours: int, colour: str, newest: datetime) -> bytes:
    """Return how a calendar file begins, before its VTIMEZONEs (RFC 5545 section 3.6, RFC 7986 section 5).

    ``source`` is its own address, ``colour`` a CSS colour name, ``newest`` when the newest event in it changed.
    """
    interval = timedelta(hours=refresh_hours)
    header = Vcalendar()
    header["VERSION"] = IcsText("2.0")
    header["PRODID"] = IcsText(PRODID)
    header["CALSCALE"] = IcsText("GREGORIAN")
    # No UID (RFC 7986 section 5.3): vdirsyncer takes the first in the file for that of every event.
    header["NAME"] = header["X-WR-CALNAME"] = IcsText(calendar.title)
    header["DESCRIPTION"] = header["X-WR-CALDESC"] = IcsText(calendar.description)
    header["URL"] = vUri(calendar.page_url)
    header["SOURCE"] = vUri(source, params=Parameters({"VALUE": "URI"}))
    # RFC 7986 section 5.7 requires VALUE=DURATION, which icalendar would leave out.
    header["REFRESH-INTERVAL"] = vDuration(interval, params=Parameters({"VALUE": "DURATION"}))
    header["X-PUBLISHED-TTL"] = vDuration(interval)
    header["COLOR"] = IcsText(colour)
    header["X-APPLE-CALENDAR-COLOR"] = IcsText(webcolors.name_to_hex(colour).upper())
    header["LAST-MODIFIED"] = vDDDTypes(newest)
    return write_lines(header).removesuffix(b"END:VCALENDAR\r\n")

"""Calendars: each VEVENT once per language and form, and the files that share its bytes (RFC 5545, RFC 7986).

The package icalendar turns values into content lines; folding them is done here, on whole characters and never inside
an escape, since a calendar with a broken fold freezes a subscription without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import webcolors
from icalendar import Alarm, Event, Parameters, vCategory, vDDDTypes, vDuration, vGeo, vInt, vText, vUri
from icalendar import Calendar as Vcalendar

from aslms_feeds.definitions.publisher import Cancelled, Times
from aslms_feeds.definitions.times import Clock, clock, zone
from aslms_feeds.definitions.values import Kind, Status
from aslms_feeds.render.vtimezone import offset, vtimezone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.definitions.series import Series
    from aslms_feeds.editions.calendars import Calendar
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.ledger import Revision
    from aslms_feeds.publication.manifest import Document

PRODID = "-//aslms-feeds//Race calendars//EN"
"""Constant: a version here would make every file new at every release."""
_LIMIT = 74
"""Octets of a line before it is folded, the leading space of a continuation not counted (RFC 5545 section 3.1)."""


class Text(vText):  # type: ignore[misc] # icalendar is untyped here
    r"""TEXT that keeps a backslash before a capital N (RFC 5545 section 3.3.11); icalendar's own makes it a newline."""

    def to_ical(self) -> bytes:
        """Return the escaped text."""
        text = str(self).replace("\\", "\\\\").replace(";", r"\;").replace(",", r"\,")
        return text.replace("\r\n", r"\n").replace("\n", r"\n").encode()


@dataclass(frozen=True)
class Form:
    """How a component is written: what a rendering depends on beside what it says."""

    language: str
    cancelled: Cancelled
    times: Times
    alarm_minutes: int | None
    """How long before the start an alarm rings; None for none."""
    tzids: frozenset[str] = frozenset()
    """The zones whose VTIMEZONE is right for this component; others are written in UTC."""


def fold(line: str) -> bytes:
    """Return a content line in pieces of at most 75 octets (RFC 5545 section 3.1)."""
    data = line.encode()
    pieces = []
    start = 0
    while len(data) - start > _LIMIT:
        end = start + _LIMIT
        while data[end] & 0xC0 == 0x80:  # noqa: PLR2004 - a UTF-8 continuation octet: never inside a character
            end -= 1
        end -= _open_escape(data, end)
        pieces.append(data[start:end])
        start = end
    return b"\r\n ".join([*pieces, data[start:]])


def _open_escape(data: bytes, end: int) -> int:
    """Return 1 when an escape begins at the octet before ``end``: an odd one in a run of backslashes or carets."""
    mark = data[end - 1 : end]
    if mark not in (b"\\", b"^"):
        return 0
    return (end - len(data[:end].rstrip(mark))) % 2


def lines(component: Event) -> bytes:
    """Return a component as folded content lines with CRLF at their ends."""
    return b"".join(fold(line) + b"\r\n" for line in component.content_lines() if line)


def status_word(status: Status, policy: Cancelled) -> str:
    """Return STATUS (RFC 5545 section 3.8.1.11); visible keeps what is off confirmed, since Google hides the rest."""
    match status:
        case Status.PROVISIONAL:
            return "TENTATIVE"
        case Status.CONFIRMED:
            return "CONFIRMED"
        case Status.CANCELLED | Status.POSTPONED:
            return "CANCELLED" if policy is Cancelled.MARKED else "CONFIRMED"


def description(component: Component, revision: Revision, language: Language) -> str:
    """Return what a component says with its last line, the revision, by which a stale app can be told."""
    words = component.words[language.tag]
    last = language.gettext(
        "revision %(count)s, %(stamp)s", count=revision.count, stamp=language.stamp(revision.last_modified)
    )
    return f"{words.description}\n{last}"


def vevent(component: Component, revision: Revision, form: Form, language: Language) -> bytes:
    """Return one VEVENT (RFC 5545 section 3.6.1)."""
    words = component.words[form.language]
    event = Event()
    event["UID"] = Text(component.uid)
    event["DTSTAMP"] = event["LAST-MODIFIED"] = vDDDTypes(revision.last_modified)
    event["CREATED"] = vDDDTypes(revision.created)
    event["SEQUENCE"] = vInt(revision.sequence)
    event["DTSTART"] = _moment(component.span.start, component, form)
    event["DTEND"] = _moment(component.span.end, component, form)
    event["SUMMARY"] = Text(words.summary)
    event["DESCRIPTION"] = Text(description(component, revision, language))
    event["STATUS"] = Text(status_word(component.status, form.cancelled))
    event["URL"] = vUri(words.url)
    event["CATEGORIES"] = _categories(words.categories)
    event["TRANSP"] = Text("TRANSPARENT")
    event["X-MICROSOFT-CDO-BUSYSTATUS"] = Text("FREE")
    if words.location:
        event["LOCATION"] = Text(words.location)
    if component.position:
        event["GEO"] = vGeo(component.position)
        if words.location:
            latitude, longitude = component.position
            title = Parameters({"VALUE": "URI", "X-APPLE-RADIUS": "1000", "X-TITLE": words.location})
            event["X-APPLE-STRUCTURED-LOCATION"] = vUri(f"geo:{latitude},{longitude}", params=title)
    if component.parent:
        event["RELATED-TO"] = Text(component.parent)
    if form.alarm_minutes is not None:
        event.add_component(_alarm(component, form.alarm_minutes, words.summary))
    return lines(event)


def _categories(names: Iterable[str]) -> vCategory:
    """Return CATEGORIES (RFC 5545 section 3.8.1.2); vCategory would write its texts with icalendar's own escaping."""
    categories = vCategory(())
    categories.cats = [Text(name) for name in names]
    return categories


def _moment(value: datetime | date, component: Component, form: Form) -> vDDDTypes:
    timezone = component.span.timezone
    if isinstance(value, datetime) and form.times is Times.CIRCUIT and timezone in form.tzids:
        return vDDDTypes(value.astimezone(zone(timezone)))
    return vDDDTypes(value)


def _alarm(component: Component, minutes: int, title: str) -> Alarm:
    alarm = Alarm()
    alarm["ACTION"] = Text("DISPLAY")
    alarm["DESCRIPTION"] = Text(title)
    alarm["TRIGGER"] = vDuration(timedelta(minutes=-minutes))
    # RFC 9074 section 4: an alarm's own UID lets a client know it again once it was dismissed.
    alarm["UID"] = Text(f"alarm.{component.uid}")
    return alarm


def alarm_minutes(component: Component, publisher: Publisher, *, reminders: bool) -> int | None:
    """Return when the alarm of a component rings, in minutes before; never for what is off or has no time."""
    if not reminders or component.off or not component.span.timed or component.kind is None:
        return None
    return publisher.calendars.alarm_minutes.get(Kind(component.kind))


@dataclass(frozen=True)
class Rendered:
    """A calendar file and what it was joined from."""

    calendar: Calendar
    components: tuple[Component, ...]
    """Those of the seasons it kept."""
    head: bytes
    vevents: Mapping[tuple[str, Form], bytes]
    """Each VEVENT by UID and form, in order."""

    @cached_property
    def body(self) -> bytes:
        """The whole file."""
        return b"".join([self.head, *self.vevents.values(), b"END:VCALENDAR\r\n"])


class Renderer:
    """Renders each VEVENT of one series once and joins the bytes into every file that carries it."""

    def __init__(
        self,
        publisher: Publisher,
        series: Series,
        base: str,
        languages: Sequence[Language],
        revisions: Mapping[str, Revision],
        past: Callable[[str], Document | None] | None = None,
    ) -> None:
        """Keep what every file needs; ``base`` is the address of the series, ``revisions`` the stamps by UID.

        ``past`` returns a public calendar that this program would write alike: a VEVENT with the same stamps is taken
        from it.
        """
        self._publisher = publisher
        self._series = series
        self._base = base
        self._languages = {language.tag: language for language in languages}
        self._revisions = revisions
        self._vevents: dict[tuple[str, Form], bytes] = {}
        self._vtimezones: dict[str, bytes] = {}
        self._past = past
        self._published: dict[str, dict[str, bytes]] = {}
        self.reused: set[tuple[str, Form]] = set()
        """What was taken from what is public."""

    def calendar(self, calendar: Calendar) -> Rendered:
        """Return one calendar file (RFC 5545 section 3.4)."""
        held: Sequence[Component] = calendar.components
        keys: Sequence[tuple[str, Form]] = [self._rendered(component, calendar) for component in held]
        if calendar.evergreen:
            held, keys = self._newest_seasons(held, keys)
        zones = b"".join(self._vtimezone(name) for name in self._zones(held))
        vevents = {key: self._vevents[key] for key in keys}
        return Rendered(calendar, tuple(held), self._head(calendar, held) + zones, vevents)

    def _rendered(self, component: Component, calendar: Calendar) -> tuple[str, Form]:
        """Render a component, unless it was before in this form, and return what it is kept under."""
        options = self._publisher.calendars
        timezone = component.span.timezone
        tzids = frozenset({timezone}) if options.times is Times.CIRCUIT and _zone_is_right(component) else frozenset()
        minutes = alarm_minutes(component, self._publisher, reminders=calendar.reminders)
        form = Form(calendar.language, options.policy(calendar.name), options.times, minutes, tzids)
        key = (component.uid, form)
        if key not in self._vevents:
            revision = self._revisions[component.uid]
            known = self._public(calendar).get(component.uid, b"")
            if _stamped(known, revision):
                self._vevents[key] = known
                self.reused.add(key)
            else:
                self._vevents[key] = vevent(component, revision, form, self._languages[calendar.language])
        return key

    def _public(self, calendar: Calendar) -> Mapping[str, bytes]:
        """Return the VEVENTs of a calendar as it is public, by UID."""
        if self._past is None:
            return {}
        if calendar.path not in self._published:
            document = self._past(calendar.path)
            self._published[calendar.path] = cut(document.body) if document else {}
        return self._published[calendar.path]

    def _newest_seasons(
        self, held: Sequence[Component], keys: Sequence[tuple[str, Form]]
    ) -> tuple[Sequence[Component], Sequence[tuple[str, Form]]]:
        """Keep whole seasons, the newest first, up to the size; Google is reported to stop at about a megabyte."""
        room = self._publisher.calendars.max_kilobytes * 1000
        sizes: dict[str, int] = {}
        newest: dict[str, str] = {}
        for component, key in zip(held, keys, strict=True):
            sizes[component.season] = sizes.get(component.season, 0) + len(self._vevents[key])
            newest[component.season] = max(newest.get(component.season, ""), _day(component))
        kept: set[str] = set()
        for season in sorted(sizes, key=lambda name: newest[name], reverse=True):
            room -= sizes[season]
            if room < 0 and kept:
                break
            kept.add(season)
        pairs = [(one, key) for one, key in zip(held, keys, strict=True) if one.season in kept]
        return [one for one, _key in pairs], [key for _one, key in pairs]

    def _zones(self, held: Iterable[Component]) -> list[str]:
        if self._publisher.calendars.times is not Times.CIRCUIT:
            return []
        return sorted({one.span.timezone for one in held if one.span.timed and _zone_is_right(one)})

    def _vtimezone(self, name: str) -> bytes:
        if name not in self._vtimezones:
            text = vtimezone(name)
            self._vtimezones[name] = text.encode() if text else b""
        return self._vtimezones[name]

    def _head(self, calendar: Calendar, held: Sequence[Component]) -> bytes:
        newest = max(self._revisions[one.uid].last_modified for one in held)
        source = f"{self._base}/{calendar.path}"
        return head(calendar, source, self._publisher.calendars.refresh_hours, self._series.colour, newest)


def head(calendar: Calendar, source: str, refresh_hours: int, colour: str, newest: datetime) -> bytes:
    """Return how a calendar file begins, before its VTIMEZONEs (RFC 5545 section 3.6, RFC 7986 section 5).

    ``source`` is its own address, ``colour`` a CSS colour name, ``newest`` when the newest event in it changed.
    """
    interval = timedelta(hours=refresh_hours)
    begun = Vcalendar()
    begun["VERSION"] = Text("2.0")
    begun["PRODID"] = Text(PRODID)
    begun["CALSCALE"] = Text("GREGORIAN")
    # No UID (RFC 7986 section 5.3): vdirsyncer takes the first in the file for that of every event.
    begun["NAME"] = begun["X-WR-CALNAME"] = Text(calendar.title)
    begun["DESCRIPTION"] = begun["X-WR-CALDESC"] = Text(calendar.description)
    begun["URL"] = vUri(calendar.page_url)
    begun["SOURCE"] = vUri(source, params=Parameters({"VALUE": "URI"}))
    # RFC 7986 section 5.7 requires VALUE=DURATION, which icalendar would leave out.
    begun["REFRESH-INTERVAL"] = vDuration(interval, params=Parameters({"VALUE": "DURATION"}))
    begun["X-PUBLISHED-TTL"] = vDuration(interval)
    begun["COLOR"] = Text(colour)
    begun["X-APPLE-CALENDAR-COLOR"] = Text(webcolors.name_to_hex(colour).upper())
    begun["LAST-MODIFIED"] = vDDDTypes(newest)
    return lines(begun).removesuffix(b"END:VCALENDAR\r\n")


def cut(calendar: bytes) -> dict[str, bytes]:
    """Return the VEVENTs of a calendar that was written here, by UID."""
    found = {}
    for piece in calendar.split(_BEGIN)[1:]:
        body = _BEGIN + piece.removesuffix(b"END:VCALENDAR\r\n")
        uid = body[body.index(b"\r\nUID:") + 6 :].replace(b"\r\n ", b"")
        found[uid[: uid.index(b"\r\n")].decode()] = body
    return found


_BEGIN = b"BEGIN:VEVENT\r\n"


def _stamped(body: bytes, revision: Revision) -> bool:
    """Say whether a VEVENT has exactly these stamps."""
    # A line of text begins with a space or a name, never with one of these: what is folded begins with a space.
    stamps = (f"DTSTAMP:{_utc(revision.last_modified)}", f"CREATED:{_utc(revision.created)}")
    said = (*stamps, f"LAST-MODIFIED:{_utc(revision.last_modified)}", f"SEQUENCE:{revision.sequence}")
    return all(f"\r\n{one}\r\n".encode() in body for one in said)


def _utc(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _day(component: Component) -> str:
    start = component.span.start
    return f"{start.astimezone(UTC):%Y-%m-%d}" if isinstance(start, datetime) else start.isoformat()


def _zone_is_right(component: Component) -> bool:
    """Say whether the VTIMEZONE, which holds today's rules alone, gives this component's instants.

    Of a local time that the clocks show twice, RFC 5545 section 3.3.5 means the first and some clients the second: such
    times are in UTC.
    """
    name, start, end = component.span.timezone, component.span.start, component.span.end
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return False
    times = [value.astimezone(zone(name)) for value in (start, end)]
    return all(
        offset(name, time) == time.utcoffset() and clock(time.replace(tzinfo=None), name) is Clock.ONCE
        for time in times
    )

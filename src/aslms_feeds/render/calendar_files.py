"""Calendar files: each VEVENT is rendered once per language and form, and joined into every file that carries it.

A VEVENT that is public with the same stamps is taken from there, as long as the same program wrote it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.publisher import Times
from aslms_feeds.definitions.times import Clock, check_clock, load_zone
from aslms_feeds.definitions.values import Kind
from aslms_feeds.render.ics import EventForm, render_head, render_vevent
from aslms_feeds.render.vtimezone import find_offset, render_vtimezone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.definitions.series import Series
    from aslms_feeds.editions.calendars import Calendar
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.stamps import Revision
    from aslms_feeds.publication.manifest import Document

_BEGIN_VEVENT = b"BEGIN:VEVENT\r\n"
_END_CALENDAR = b"END:VCALENDAR\r\n"


@dataclass(frozen=True)
class CalendarFile:
    """A calendar file and the pieces it is joined from."""

    calendar: Calendar
    components: tuple[Component, ...]
    """Those of the seasons that fit into it."""
    head: bytes
    """How it begins, with its VTIMEZONEs."""
    vevents: Mapping[tuple[str, EventForm], bytes]
    """Each VEVENT by UID and form, in order."""

    @cached_property
    def body(self) -> bytes:
        """The whole file."""
        return join_calendar(self.head, self.vevents.values())


class CalendarRenderer:
    """Renders each VEVENT of one series once and joins the bytes into every file that carries it."""

    def __init__(
        self,
        publisher: Publisher,
        series: Series,
        base: str,
        languages: Sequence[Language],
        revisions: Mapping[str, Revision],
        find_public: Callable[[str], Document | None] | None = None,
    ) -> None:
        """Take what every file needs; ``base`` is the address of the series, ``revisions`` the stamps by UID.

        ``find_public`` returns a public calendar that this program would write alike: a VEVENT with the same stamps is
        taken from it.
        """
        self._publisher = publisher
        self._series = series
        self._base = base
        self._languages = {language.tag: language for language in languages}
        self._revisions = revisions
        self._vevents: dict[tuple[str, EventForm], bytes] = {}
        self._vtimezones: dict[str, bytes] = {}
        self._find_public = find_public
        self._public_vevents: dict[str, dict[str, bytes]] = {}
        self.reused: set[tuple[str, EventForm]] = set()
        """The VEVENTs that were taken from public calendars."""

    def render_calendar(self, calendar: Calendar) -> CalendarFile:
        """Return one calendar file (RFC 5545 section 3.4)."""
        components: Sequence[Component] = calendar.components
        keys: Sequence[tuple[str, EventForm]] = [
            self._render_component(component, calendar) for component in components
        ]
        if calendar.evergreen:
            seasons = self._choose_seasons(components, keys)
            pairs = zip(components, keys, strict=True)
            pairs_that_fit = [(component, key) for component, key in pairs if component.season in seasons]
            components, keys = zip(*pairs_that_fit, strict=True)
        vtimezones = b"".join(self._render_vtimezone(name) for name in self._list_zones(components))
        vevents = {key: self._vevents[key] for key in keys}
        return CalendarFile(calendar, tuple(components), self._render_head(calendar, components) + vtimezones, vevents)

    def _render_component(self, component: Component, calendar: Calendar) -> tuple[str, EventForm]:
        """Render a component, unless it was before in this form, and return the key of its VEVENT."""
        options = self._publisher.calendars
        in_circuit_time = options.times is Times.CIRCUIT and _is_vtimezone_right(component)
        tzids = frozenset({component.span.timezone}) if in_circuit_time else frozenset()
        minutes = find_alarm_minutes(component, self._publisher, reminders=calendar.reminders)
        form = EventForm(calendar.language, options.find_policy(calendar.name), options.times, minutes, tzids)
        key = (component.uid, form)
        if key not in self._vevents:
            revision = self._revisions[component.uid]
            public = self._load_public(calendar).get(component.uid, b"")
            if _has_stamps(public, revision):
                self._vevents[key] = public
                self.reused.add(key)
            else:
                self._vevents[key] = render_vevent(component, revision, form, self._languages[calendar.language])
        return key

    def _load_public(self, calendar: Calendar) -> Mapping[str, bytes]:
        """Return the VEVENTs of a calendar as it is public, by UID."""
        if self._find_public is None:
            return {}
        if calendar.path not in self._public_vevents:
            document = self._find_public(calendar.path)
            self._public_vevents[calendar.path] = split_vevents(document.body) if document else {}
        return self._public_vevents[calendar.path]

    def _choose_seasons(self, components: Sequence[Component], keys: Sequence[tuple[str, EventForm]]) -> set[str]:
        events = (
            (component.season, _find_instant(component.span.start), len(self._vevents[key]))
            for component, key in zip(components, keys, strict=True)
        )
        return choose_newest_seasons(events, self._publisher.calendars.max_kilobytes)

    def _list_zones(self, components: Iterable[Component]) -> list[str]:
        if self._publisher.calendars.times is not Times.CIRCUIT:
            return []
        spans = (component.span for component in components if _is_vtimezone_right(component))
        return sorted({span.timezone for span in spans if span.timed})

    def _render_vtimezone(self, name: str) -> bytes:
        if name not in self._vtimezones:
            self._vtimezones[name] = render_vtimezone(name).encode()
        return self._vtimezones[name]

    def _render_head(self, calendar: Calendar, components: Iterable[Component]) -> bytes:
        newest = max(self._revisions[component.uid].last_modified for component in components)
        source = f"{self._base}/{calendar.path}"
        return render_head(calendar, source, self._publisher.calendars.refresh_hours, self._series.colour, newest)


def join_calendar(head: bytes, vevents: Iterable[bytes]) -> bytes:
    """Return the calendar file that a head and VEVENTs make."""
    return b"".join([head, *vevents, _END_CALENDAR])


def split_vevents(calendar: bytes) -> dict[str, bytes]:
    """Return the VEVENTs of a calendar that :func:`join_calendar` made, by UID."""
    vevents = {}
    for piece in calendar.split(_BEGIN_VEVENT)[1:]:
        body = _BEGIN_VEVENT + piece.removesuffix(_END_CALENDAR)
        uid = body[body.index(b"\r\nUID:") + 6 :].replace(b"\r\n ", b"")
        vevents[uid[: uid.index(b"\r\n")].decode()] = body
    return vevents


def choose_newest_seasons(events: Iterable[tuple[str, datetime, int]], kilobytes: int) -> set[str]:
    """Return the seasons that fit into a calendar as a whole, the newest first; at least one.

    An event comes with its season, its start and its size in octets. The newest season is the one whose last event
    starts last, or else has the later name. Google is reported to stop reading at about a megabyte.
    """
    sizes: Counter[str] = Counter()
    last_starts: dict[str, datetime] = {}
    for season, start, size in events:
        sizes[season] += size
        last_starts[season] = max(last_starts.get(season, start), start)
    room = kilobytes * 1000
    chosen: set[str] = set()
    for season in sorted(sizes, key=lambda name: (last_starts[name], name), reverse=True):
        room -= sizes[season]
        if room < 0 and chosen:
            break
        chosen.add(season)
    return chosen


def find_alarm_minutes(component: Component, publisher: Publisher, *, reminders: bool) -> int | None:
    """Return when the alarm of a component rings, in minutes before; never for what is off or has no time."""
    if not reminders or component.off or not component.span.timed or component.kind is None:
        return None
    return publisher.calendars.alarm_minutes.get(Kind(component.kind))


def _has_stamps(vevent: bytes, revision: Revision) -> bool:
    """Say whether a VEVENT has exactly the stamps of a revision."""
    # A line of text begins with a space or a name, never with one of these: what is folded begins with a space.
    created, changed = _format_utc(revision.created), _format_utc(revision.last_modified)
    stamps = (
        f"DTSTAMP:{changed}",
        f"CREATED:{created}",
        f"LAST-MODIFIED:{changed}",
        f"SEQUENCE:{revision.sequence}",
    )
    return all(f"\r\n{stamp}\r\n".encode() in vevent for stamp in stamps)


def _format_utc(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _find_instant(start: datetime | date) -> datetime:
    """Return when something starts; a day begins at midnight in UTC."""
    return start if isinstance(start, datetime) else datetime.combine(start, time(), UTC)


def _is_vtimezone_right(component: Component) -> bool:
    """Say whether the VTIMEZONE, which holds today's rules alone, gives this component's instants.

    Of a local time that the clocks show twice, RFC 5545 section 3.3.5 means the first and some clients the second: such
    times are in UTC.
    """
    name, start, end = component.span.timezone, component.span.start, component.span.end
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return False
    times = [value.astimezone(load_zone(name)) for value in (start, end)]
    return all(
        find_offset(name, value) == value.utcoffset() and check_clock(value.replace(tzinfo=None), name) is Clock.ONCE
        for value in times
    )

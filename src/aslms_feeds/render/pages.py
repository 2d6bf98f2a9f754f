"""The pages: values in, complete HTML documents out, the same bytes for the same edition.

A page says what stays true until the definitions change. What depends on the hour, such as the next session, a
countdown or the reader's own time zone, is left to a small script, and no page needs it. Templates and static files are
read from the package once.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import segno
from babel.dates import format_skeleton
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup, escape

from aslms_feeds import markup, naming
from aslms_feeds.addresses import INDEX, Addresses
from aslms_feeds.calendars import what_it_holds
from aslms_feeds.components import why
from aslms_feeds.errors import RenderError
from aslms_feeds.facts import OFF
from aslms_feeds.feed import FEEDS
from aslms_feeds.language import language as language_of
from aslms_feeds.model import Kind, Status, translated
from aslms_feeds.moments import ONE_DAY, Precision, event_days, midnight
from aslms_feeds.publication import ASSETS, CSS, HTML, PNG, SCRIPT, SVG, Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jinja2.runtime import Context

    from aslms_feeds.calendars import Calendar
    from aslms_feeds.components import Component
    from aslms_feeds.edition import Edition, SeasonEdition
    from aslms_feeds.feed import FeedName, Item
    from aslms_feeds.language import Language
    from aslms_feeds.ledger import Revision
    from aslms_feeds.model import (
        Broadcast,
        Circuit,
        Entry,
        EntryList,
        Event,
        Publisher,
        RaceClass,
        Result,
        Season,
        Session,
    )
    from aslms_feeds.moments import Span

_PACKAGE = Path(__file__).parents[1]
_STATIC = _PACKAGE / "static"
_MEDIA_TYPES = {".css": CSS, ".js": SCRIPT, ".svg": SVG, ".png": PNG}
_SCHEMES = ("https", "http", "webcal", "mailto")
_COLOUR = re.compile(r"^[A-Za-z]{3,24}$")
_LATEST = 5
_FORMATS = (
    ("atom.xml", "application/atom+xml"),
    ("rss.xml", "application/rss+xml"),
    # NetNewsWire sees types that end in "/json" only, others ask for the registered one.
    ("feed.json", "application/json"),
    ("feed.json", "application/feed+json"),
)
_MONTHS_SHOWN = 12
_LABEL_LENGTH = 42
_SOURCE_LENGTH = 90


def series_pages(edition: Edition) -> list[Document]:
    """Return every page of a series in every language, and the assets they use."""
    made = [*_assets(), _colours(edition)]
    for language in edition.languages:
        book = _Book(edition, language)
        made += [book.series_page(), book.subscribe_page(), book.changes_page()]
        for season in book.seasons:
            made.append(book.season_page(season))
            made += [book.meeting_page(season, meeting) for meeting in season.meetings]
    return made


@dataclass(frozen=True)
class TeaserEvent:
    """One race meeting as the front page shows it."""

    name: str
    url: str
    days: str
    place: str
    status: Status
    starts_at: str
    """An ISO 8601 instant; empty when no day is known."""
    ends_at: str


@dataclass(frozen=True)
class Teaser:
    """What the front page shows of a series, in one language."""

    name: str
    about: str
    url: str
    season: str
    """The current season's name; empty when there is none."""
    season_url: str
    status: Status | None
    classes: tuple[str, ...]
    events: tuple[TeaserEvent, ...]
    subscribe_url: str
    calendar_url: str
    """The evergreen calendar of all sessions; empty before the first date."""
    feed_url: str


def teasers(edition: Edition) -> dict[str, Teaser]:
    """Return what the front page shows of a series, by language."""
    return {language.tag: _Book(edition, language).teaser() for language in edition.languages}


def site_pages(publisher: Publisher, series: Sequence[Mapping[str, Teaser]]) -> list[Document]:
    """Return the front page in every language, and its assets; ``series`` holds the :func:`teasers` of each."""
    made = list(_assets())
    addresses = Addresses(publisher.base_url, "", publisher.languages[0])
    languages = [language_of(tag) for tag in publisher.languages]
    for language in languages:
        _ = language.gettext
        path = addresses.path(language.tag, INDEX)
        name = translated(publisher.name, publisher.names, language.tag)
        page = _Page(
            title=name,
            heading=name,
            description=_("Race calendars and news to subscribe to, kept up to date."),
            url=_site_url(addresses, language),
            alternates=tuple((other, _site_url(addresses, other)) for other in languages),
            site=name,
            assets=f"{_local(publisher.base_url)}/",
            icon=f"{publisher.base_url}/{icon_path()}",
        )
        cards = [teaser[language.tag] for teaser in series if language.tag in teaser]
        opml = f"{_local(publisher.base_url)}/feeds.opml"
        made.append(Document(path, HTML, _render("front.html", language, page=page, series=cards, opml=opml)))
    return made


def icon_path() -> str:
    """Return the path of the square PNG icon, 512 pixels wide, as every part of the site has it."""
    return _asset("icon.png").path


# What templates are given


@dataclass(frozen=True)
class _Page:
    """The frame of a page: head, header and footer."""

    title: str
    heading: str
    description: str
    url: str
    alternates: tuple[tuple[Language, str], ...]
    site: str
    assets: str
    """Where the assets folder is, on this host."""
    icon: str
    crumbs: tuple[tuple[str, str], ...] = ()
    nav: tuple[tuple[str, str], ...] = ()
    feeds: tuple[_FeedLink, ...] = ()
    calendars: tuple[_CalendarLink, ...] = ()
    styles: tuple[str, ...] = ()
    data: Markup | None = None


@dataclass(frozen=True)
class _FeedLink:
    name: FeedName
    title: str
    what: str
    urls: Mapping[str, str]
    """By file name."""

    @property
    def types(self) -> Iterable[tuple[str, str]]:
        return [(self.urls[file], media_type) for file, media_type in _FORMATS]


@dataclass(frozen=True)
class _CalendarLink:
    calendar: Calendar
    label: str
    url: str

    @property
    def webcal(self) -> str:
        return f"webcal://{self.url.partition('://')[2]}"

    @property
    def google(self) -> str:
        # Google refuses https in cid: the webcal address is what it takes.
        return f"https://calendar.google.com/calendar/r?cid={quote(self.webcal, safe='')}"

    @property
    def outlook(self) -> str:
        return self._microsoft("outlook.live.com")

    @property
    def office(self) -> str:
        return self._microsoft("outlook.office.com")

    def _microsoft(self, host: str) -> str:
        name = quote(self.calendar.title, safe="")
        return f"https://{host}/calendar/0/addfromweb?url={quote(self.url, safe='')}&name={name}"


@dataclass(frozen=True)
class _Class:
    id: str
    name: str
    what: str = ""


@dataclass(frozen=True)
class _Session:
    session: Session
    name: str
    status: Status
    badge: Status | None
    reason: str
    new_day: str
    note: str
    classes: tuple[_Class, ...]
    span: Span | None
    revision: Revision | None

    @property
    def id(self) -> str:
        return self.session.id

    @property
    def off(self) -> bool:
        return self.status in OFF

    @property
    def timed(self) -> bool:
        return self.span is not None and self.span.timed

    @property
    def day(self) -> date | None:
        known = self.span is not None and self.span.precision is not Precision.EVENT
        return self.span.first_day if known and self.span else None

    @property
    def start(self) -> datetime | date | None:
        return self.span.local_start if self.span else None

    @property
    def end(self) -> datetime | date | None:
        return self.span.local_end if self.span and self.span.end_known else None

    @property
    def starts_at(self) -> str:
        return _instants(self.span)[0]

    @property
    def ends_at(self) -> str:
        return _instants(self.span)[1]


@dataclass(frozen=True)
class _Meeting:
    event: Event
    name: str
    url: str
    status: Status
    reason: str
    new_day: str
    note: str
    days: str
    circuit: Circuit | None
    venue: str
    place: str
    rounds: tuple[int, ...]
    classes: tuple[_Class, ...]
    span: Span | None
    sessions: tuple[_Session, ...]
    calendar: _CalendarLink | None
    lists: tuple[EntryList, ...]
    results: tuple[tuple[str, Result], ...]
    """With the name of the race."""
    broadcasts: tuple[Broadcast, ...]
    changes: tuple[Item, ...]
    revision: Revision | None

    @property
    def id(self) -> str:
        return self.event.id

    @property
    def off(self) -> bool:
        return self.status in OFF

    @property
    def starts_at(self) -> str:
        return _instants(self.span)[0]

    @property
    def ends_at(self) -> str:
        return _instants(self.span)[1]

    @property
    def by_day(self) -> list[tuple[date | None, list[_Session]]]:
        """The sessions of each day; those whose day is not known come last."""
        ordered = sorted(self.sessions, key=lambda one: (one.day is None, one.day or date.min, one.starts_at))
        return [(day, list(group)) for day, group in groupby(ordered, key=lambda one: one.day)]

    @property
    def length(self) -> float | None:
        return self.event.length_km or (self.circuit.length_km if self.circuit else None)


@dataclass(frozen=True)
class _Bar:
    """A race meeting on the timeline; positions are percentages of its width."""

    x: float
    width: float
    y: int
    text_x: float
    dx: int
    anchor: str
    label: str
    status: Status


@dataclass(frozen=True)
class _Timeline:
    months: tuple[tuple[float, str], ...]
    bars: tuple[_Bar, ...]
    height: int
    title: str


# One series in one language


@dataclass(frozen=True)
class _Book:
    """All pages of a series in one language."""

    edition: Edition
    language: Language

    def url(self, *parts: str) -> str:
        return self.edition.addresses.page_url(self.language.tag, *parts)

    def href(self, *parts: str) -> str:
        return _local(self.url(*parts))

    @cached_property
    def name(self) -> str:
        return naming.series_name(self.edition.files.series, self.language)

    @cached_property
    def about(self) -> str:
        series = self.edition.files.series
        return translated(series.about or "", series.abouts, self.language.tag)

    @cached_property
    def site(self) -> str:
        publisher = self.edition.files.publisher
        return translated(publisher.name, publisher.names, self.language.tag)

    @cached_property
    def seasons(self) -> tuple[_Season, ...]:
        """Every season, the newest first."""
        return tuple(_Season(self, season) for season in reversed(self.edition.seasons))

    @cached_property
    def colours(self) -> str:
        return _local(self.edition.addresses.url(_colours(self.edition).path))

    @cached_property
    def current(self) -> _Season | None:
        return next((season for season in self.seasons if season.id == self.edition.current), None)

    @cached_property
    def calendars(self) -> tuple[_CalendarLink, ...]:
        own = (one for one in self.edition.calendars if one.language == self.language.tag)
        return tuple(_CalendarLink(one, self._label(one), self.edition.addresses.url(one.path)) for one in own)

    def _label(self, calendar: Calendar) -> str:
        _ = self.language.gettext
        if calendar.event:
            return calendar.title
        held = _capital(what_it_holds(calendar.name, self.language))
        if calendar.race_class:
            race_class = naming.class_name(calendar.race_class, self.edition.files.series, self.language)
            return _("%(class)s: %(what)s", **{"class": race_class, "what": held})
        return held

    @cached_property
    def evergreen(self) -> tuple[_CalendarLink, ...]:
        return tuple(one for one in self.calendars if one.calendar.evergreen)

    @property
    def main_calendars(self) -> tuple[_CalendarLink, ...]:
        return tuple(one for one in self.evergreen if not one.calendar.race_class and not one.calendar.reminders)

    @property
    def class_calendars(self) -> tuple[_CalendarLink, ...]:
        return tuple(one for one in self.evergreen if one.calendar.race_class and not one.calendar.reminders)

    @property
    def reminder_calendars(self) -> tuple[_CalendarLink, ...]:
        return tuple(one for one in self.evergreen if one.calendar.reminders)

    @cached_property
    def feeds(self) -> tuple[_FeedLink, ...]:
        _ = self.language.gettext
        short = self.edition.files.series.short
        told: dict[FeedName, tuple[str, str]] = {
            "news": (
                _("%(series)s news", series=short),
                _("Announcements, entry lists, and what must be known to be there. Never tells a result."),
            ),
            "changes": (
                _("%(series)s changes", series=short),
                _("Everything that is added, moved or called off. Never tells a result."),
            ),
            "results": (_("%(series)s results", series=short), _("Winners and champions.")),
            "everything": (
                _("%(series)s: everything", series=short),
                _("News, changes and results in one feed."),
            ),
        }
        addresses = self.edition.addresses
        return tuple(
            _FeedLink(
                feed,
                *told[feed],
                {file: addresses.url(addresses.feed(self.language.tag, feed, file)) for file, _type in _FORMATS},
            )
            for feed in FEEDS
        )

    def items(self, feed: FeedName) -> list[Item]:
        """Return the items of a feed, of every season: newest first, those without a date last."""
        found = [item for season in self.seasons for item in season.items if feed in item.feeds]
        dated = sorted((item for item in found if item.published), key=_published, reverse=True)
        return dated + [item for item in found if not item.published]

    def classes(self, ids: Iterable[str]) -> tuple[_Class, ...]:
        wanted = set(ids)
        return tuple(self._class(one) for one in self.edition.files.series.classes if one.id in wanted)

    def _class(self, race_class: RaceClass) -> _Class:
        name = translated(race_class.name, race_class.names, self.language.tag)
        return _Class(race_class.id, name, race_class.what or "")

    def document(self, template: str, page: _Page, parts: Sequence[str], **values: object) -> Document:
        body = _render(template, self.language, page=page, book=self, **values)
        return Document(self.edition.addresses.page(self.language.tag, *parts), HTML, body)

    def page(
        self,
        parts: Sequence[str],
        heading: str,
        description: str,
        *,
        crumbs: Sequence[tuple[str, str]] = (),
        calendars: Sequence[_CalendarLink] = (),
        data: Mapping[str, Any] | None = None,
    ) -> _Page:
        _ = self.language.gettext
        addresses = self.edition.addresses
        nav = [(self.href(), self.edition.files.series.short)]
        if self.current:
            nav.append((self.href(self.current.id), _("Season")))
        nav += [(self.href("subscribe"), _("Subscribe")), (self.href("changes"), _("Changes"))]
        home = _local(_site_url(addresses, self.language))
        # The whole site may have another name than its one series; both are shown once.
        trail = [(home, self.site), *([(self.href(), self.name)] if parts else []), *crumbs]
        return _Page(
            title=heading if not parts else f"{heading} · {self.name}",
            heading=heading,
            description=_summary(description),
            url=self.url(*parts),
            alternates=tuple((one, addresses.page_url(one.tag, *parts)) for one in self.edition.languages),
            site=self.site,
            assets=_local(addresses.url("")),
            icon=addresses.url(icon_path()),
            crumbs=tuple(trail),
            nav=tuple(nav),
            feeds=self.feeds,
            calendars=(*calendars, *self.main_calendars),
            styles=(self.colours,),
            data=_json(data) if data else None,
        )

    def series_page(self) -> Document:
        page = self.page((), self.name, markup.plain(self.about) if self.about else self.name)
        latest = self.items("changes")[:_LATEST]
        return self.document("series.html", page, (), season=self.current, latest=latest)

    def subscribe_page(self) -> Document:
        _ = self.language.gettext
        page = self.page(
            ("subscribe",),
            _("Subscribe"),
            _("%(series)s in your own calendar and feed reader: every address.", series=self.name),
        )
        options = self.edition.files.publisher.calendars
        values = {
            "qr": _qr_code(page.url, _("QR code that leads to this page")),
            "refresh_hours": options.refresh_hours,
            "alarms": [
                (naming.kind_name(kind, self.language), options.alarm_minutes[kind])
                for kind in Kind
                if kind in options.alarm_minutes
            ],
        }
        return self.document("subscribe.html", page, ("subscribe",), **values)

    def changes_page(self) -> Document:
        _ = self.language.gettext
        page = self.page(
            ("changes",), _("Changes"), _("Everything that was added, moved or called off, the newest first.")
        )
        return self.document("changes.html", page, ("changes",), items=self.items("changes"))

    def season_page(self, season: _Season) -> Document:
        page = self.page(
            (season.id,),
            season.name,
            markup.plain(season.about) if season.about else season.summary,
            calendars=season.calendars,
            data=_season_data(self, season),
        )
        return self.document("season.html", page, (season.id,), season=season)

    def meeting_page(self, season: _Season, meeting: _Meeting) -> Document:
        page = self.page(
            (season.id, meeting.id),
            meeting.name,
            ", ".join(filter(None, (meeting.name, meeting.days, meeting.venue, meeting.place))),
            crumbs=((season.url, season.name),),
            calendars=(meeting.calendar,) if meeting.calendar else (),
            data=_meeting_data(self, meeting, season),
        )
        place = [one.id for one in season.meetings].index(meeting.id)
        values = {
            "season": season,
            "meeting": meeting,
            "before": season.meetings[place - 1] if place else None,
            "after": season.meetings[place + 1] if place + 1 < len(season.meetings) else None,
        }
        return self.document("meeting.html", page, (season.id, meeting.id), **values)

    def teaser(self) -> Teaser:
        season = self.current
        return Teaser(
            name=self.name,
            about=_summary(markup.plain(self.about)) if self.about else "",
            url=self.url(),
            season=season.name if season else "",
            season_url=self.url(season.id) if season else "",
            status=season.season.status if season else None,
            classes=tuple(one.name for one in season.classes) if season else (),
            events=tuple(
                TeaserEvent(
                    name=meeting.name,
                    url=self.url(season.id, meeting.id),
                    days=meeting.days,
                    place=meeting.place,
                    status=meeting.status,
                    starts_at=meeting.starts_at,
                    ends_at=meeting.ends_at,
                )
                for meeting in season.meetings
            )
            if season
            else (),
            subscribe_url=self.url("subscribe"),
            calendar_url=self.main_calendars[0].url if self.main_calendars else "",
            feed_url=self.feeds[0].urls["atom.xml"],
        )


@dataclass(frozen=True)
class _Season:
    """One season in one language."""

    book: _Book
    edition: SeasonEdition

    @property
    def id(self) -> str:
        return self.edition.files.id

    @property
    def season(self) -> Season:
        return self.edition.files.season

    @property
    def url(self) -> str:
        return self.book.href(self.id)

    @cached_property
    def name(self) -> str:
        return naming.season_name(self.season, self.book.language)

    @cached_property
    def about(self) -> str:
        return translated(self.season.about or "", self.season.abouts, self.book.language.tag)

    @cached_property
    def reason(self) -> str:
        """Why the season as a whole is off."""
        return next(
            (
                translated(change.why or "", change.whys, self.book.language.tag)
                for change in self.season.changes
                if change.what == self.season.status.value
            ),
            "",
        )

    @cached_property
    def classes(self) -> tuple[_Class, ...]:
        return self.book.classes(self.season.classes)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return self.edition.items.get(self.book.language.tag, ())

    @property
    def news(self) -> list[Item]:
        """What is told beside the changes."""
        return [item for item in self.items if "news" in item.feeds and "changes" not in item.feeds]

    @property
    def changes(self) -> list[Item]:
        return [item for item in self.items if "changes" in item.feeds]

    @property
    def spoilers(self) -> list[Item]:
        """Announcements that tell a result."""
        return [item for item in self.items if not item.feeds & {"news", "changes"} and _anchor(item)]

    @cached_property
    def calendars(self) -> tuple[_CalendarLink, ...]:
        return tuple(one for one in self.book.calendars if one.calendar.season == self.id and not one.calendar.event)

    @cached_property
    def meeting_calendars(self) -> tuple[_CalendarLink, ...]:
        return tuple(one for one in self.book.calendars if one.calendar.season == self.id and one.calendar.event)

    @cached_property
    def lists(self) -> tuple[EntryList, ...]:
        """The entry lists for the season as a whole."""
        return tuple(one for one in self.edition.files.entries.lists if one.event is None)

    @cached_property
    def days(self) -> str:
        known = [days for event in self.season.events if (days := event_days(event))]
        if not known:
            return ""
        return self.book.language.days(min(first for first, _last in known), max(last for _first, last in known))

    @cached_property
    def summary(self) -> str:
        _ = self.book.language.gettext
        return ", ".join(filter(None, (self.name, self.days))) if self.days else self.name

    @cached_property
    def timeline(self) -> _Timeline | None:
        return _timeline(self)

    @cached_property
    def meetings(self) -> tuple[_Meeting, ...]:
        made = {(one.event, one.session): one for one in self.edition.components}
        return tuple(self._meeting(event, made) for event in self.season.events)

    def _meeting(self, event: Event, made: Mapping[tuple[str, str], Component]) -> _Meeting:
        language, files = self.book.language, self.book.edition.files
        circuit = naming.circuit_of(event, files.circuits)
        status = naming.status_of(None, event, self.season)
        reason, new_day = why(event, self.season, None, status, language)
        component = made.get((event.id, ""))
        days = event_days(event)
        names = {one.id: naming.session_name(one, files.series, language) for one in event.sessions}
        place = filter(None, ((circuit.city or "", language.country(circuit.country)) if circuit else ()))
        return _Meeting(
            event=event,
            name=naming.event_name(event, language),
            url=self.book.href(self.id, event.id),
            status=status,
            reason=reason,
            new_day=new_day,
            note=translated(event.note or "", event.notes, language.tag),
            days=language.days(*days) if days else event.when or "",
            circuit=circuit,
            venue=naming.venue_name(circuit, event, language),
            place=", ".join(place),
            rounds=naming.rounds_of(event),
            classes=self.book.classes(naming.classes_of(None, event, self.season)),
            span=component.span if component else None,
            sessions=tuple(self._session(one, event, status, made.get((event.id, one.id))) for one in event.sessions),
            calendar=next((one for one in self.meeting_calendars if one.calendar.event == event.id), None),
            lists=tuple(one for one in self.edition.files.entries.lists if one.event == event.id),
            results=tuple(
                (names.get(one.session, one.session), one)
                for one in self.edition.files.results.results
                if one.event == event.id
            ),
            broadcasts=naming.broadcasts_of(event, self.season, files.series),
            changes=tuple(item for item in self.changes if item.event == event.id),
            revision=self.edition.ledger.revisions.get(component.uid) if component else None,
        )

    def _session(self, session: Session, event: Event, above: Status, component: Component | None) -> _Session:
        language = self.book.language
        status = naming.status_of(session, event, self.season)
        reason, new_day = why(event, self.season, session, status, language) if status is not above else ("", "")
        return _Session(
            session=session,
            name=naming.session_name(session, self.book.edition.files.series, language),
            status=status,
            badge=status if status in OFF or status is not above else None,
            reason=reason,
            new_day=new_day,
            note=translated(session.note or "", session.notes, language.tag),
            # A session for every class of the meeting needs no marks.
            classes=self.book.classes(session.classes),
            span=component.span if component else None,
            revision=self.edition.ledger.revisions.get(component.uid) if component else None,
        )

    def session_name(self, event_id: str, session_id: str) -> str:
        """Return what a race is called with its meeting; ids that are not defined stay themselves."""
        for meeting in self.meetings:
            if meeting.id == event_id:
                names = [one.name for one in meeting.sessions if one.id == session_id]
                return f"{meeting.name}: {names[0] if names else session_id}"
        return f"{event_id}: {session_id}"


# Small steps


def _published(item: Item) -> tuple[datetime, str]:
    return item.published or datetime.min.replace(tzinfo=UTC), item.key


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _summary(text: str, limit: int = 200) -> str:
    words = " ".join(text.split())
    return words if len(words) <= limit else words[:limit].rsplit(" ", 1)[0].rstrip(",;:.") + " …"


def _local(url: str) -> str:
    """Return an address of ours without its host, so that a copy of the site elsewhere leads nowhere else."""
    return urlsplit(url).path


def _site_url(addresses: Addresses, language: Language) -> str:
    return f"{addresses.base_url}/{addresses.path(language.tag, '')}"


def _instants(span: Span | None) -> tuple[str, str]:
    """Return start and end as UTC instants; a day lasts from midnight to midnight at the circuit."""
    if span is None:
        return "", ""
    start, end = (one if isinstance(one, datetime) else midnight(one, span.timezone) for one in (span.start, span.end))
    return _iso(start), _iso(end)


def _iso(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _anchor(item: Item) -> str:
    """Return the anchor of an announcement on its season's page, from its key ``2023-24/news/calendar``."""
    _season, kind, name = [*item.key.split("/", 2), "", ""][:3]
    return f"news-{name}" if kind == "news" else ""


def _timeline(season: _Season) -> _Timeline | None:
    """Lay the meetings of a season out over its months; nothing without two meetings to compare."""
    dated = [(meeting, days) for meeting in season.meetings if (days := event_days(meeting.event))]
    if len(dated) < 2:  # noqa: PLR2004 - one meeting has nothing to be compared with
        return None
    language = season.book.language
    first = min(days[0] for _meeting, days in dated).replace(day=1)
    end = _next_month(max(days[1] for _meeting, days in dated))
    whole = (end - first).days
    mirrored = language.direction == "rtl"

    def across(day: date) -> float:
        return 100 * (day - first).days / whole

    bars = []
    for row, (meeting, (start, last)) in enumerate(sorted(dated, key=lambda one: (one[1], one[0].id))):
        x, width = across(start), max(across(last + ONE_DAY) - across(start), 1.0)
        label = meeting.name if len(meeting.name) <= _LABEL_LENGTH else f"{meeting.name[: _LABEL_LENGTH - 1]}…"
        after = x + width / 2 < 50  # noqa: PLR2004 - the label goes where there is more room
        text_x = x + width if after else x
        bars.append(
            _Bar(
                x=round(100 - x - width if mirrored else x, 2),
                width=round(width, 2),
                y=30 + row * 26,
                text_x=round(100 - text_x if mirrored else text_x, 2),
                dx=8 if after != mirrored else -8,
                anchor="start" if after != mirrored else "end",
                label=label,
                status=meeting.status,
            )
        )
    months, day = [], first
    while day < end:
        months.append((day, _next_month(day)))
        day = months[-1][1]
    step = -(-len(months) // _MONTHS_SHOWN)
    labels = tuple(
        (round(100 - across(month) if mirrored else across(month), 2), _month(month, language))
        for month, _end in months[::step]
    )
    _ = language.gettext
    title = _("The race meetings of %(season)s over its months", season=season.name)
    return _Timeline(labels, tuple(bars), 30 + len(bars) * 26, title)


def _month(day: date, language: Language) -> str:
    return str(format_skeleton("MMM", day, locale=language.locale))


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _qr_code(url: str, title: str) -> Markup:
    """Return a QR code as inline SVG; its colours are fixed, because dark on light is what cameras read."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=False,
        nl=False,
        omitsize=True,
        border=4,
        title=title,
        dark="#000",
        light="#fff",
        svgclass="qr",
        lineclass=None,
    )
    return Markup(out.getvalue().decode().replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 - segno escapes the title


# Data for search engines: schema.org


_STATUS = {
    Status.CANCELLED: "https://schema.org/EventCancelled",
    Status.POSTPONED: "https://schema.org/EventPostponed",
    Status.PROVISIONAL: "https://schema.org/EventScheduled",
    Status.CONFIRMED: "https://schema.org/EventScheduled",
}


def _season_data(book: _Book, season: _Season) -> dict[str, Any]:
    url = book.url(season.id)
    organizer = season.season.organiser or book.edition.files.series.organiser
    known = [event for meeting in season.meetings if (event := _event_data(book, season, meeting))]
    data: dict[str, Any] = {"@type": "EventSeries", "@id": url, "name": season.name, "url": url}
    if organizer:
        data["organizer"] = {"@type": "Organization", "name": organizer}
    if known:
        data["subEvent"] = known
    return {"@context": "https://schema.org", **data}


def _meeting_data(book: _Book, meeting: _Meeting, season: _Season) -> dict[str, Any]:
    data = _event_data(book, season, meeting)
    if not data:
        return {}
    whole = {"@type": "EventSeries", "@id": book.url(season.id), "name": season.name, "url": book.url(season.id)}
    parts = [
        {
            "@type": "SportsEvent",
            "name": f"{meeting.name}: {one.name}",
            "url": f"{data['url']}#{one.id}",
            "sport": "Motorsport",
            "eventStatus": _STATUS[one.status],
            "location": data["location"],
            **_days_data(one.span, end=one.span.end_known),
        }
        for one in meeting.sessions
        if one.span and one.day
    ]
    return {
        "@context": "https://schema.org",
        **data,
        "superEvent": whole,
        **({"subEvent": parts} if parts else {}),
    }


def _event_data(book: _Book, season: _Season, meeting: _Meeting) -> dict[str, Any]:
    """Return a meeting as a SportsEvent, or nothing while the day or place that search engines demand is not known."""
    if not meeting.span or not meeting.circuit:
        return {}
    url = book.url(season.id, meeting.id)
    circuit = meeting.circuit
    address = {"@type": "PostalAddress", "addressCountry": circuit.country}
    if circuit.city:
        address["addressLocality"] = circuit.city
    place: dict[str, Any] = {"@type": "Place", "name": meeting.venue, "address": address}
    if circuit.latitude is not None:
        place["geo"] = {"@type": "GeoCoordinates", "latitude": circuit.latitude, "longitude": circuit.longitude}
    data: dict[str, Any] = {
        "@type": "SportsEvent",
        "@id": url,
        "name": meeting.name,
        "url": url,
        "sport": "Motorsport",
        "eventStatus": _STATUS[meeting.status],
        "location": place,
        **_days_data(meeting.span, end=True),
    }
    organizer = season.season.organiser or book.edition.files.series.organiser
    if organizer:
        data["organizer"] = {"@type": "Organization", "name": organizer}
    return data


def _days_data(span: Span, *, end: bool) -> dict[str, str]:
    """Return start and end as schema.org wants them: times with their offset, or days, the last one included."""
    if isinstance(span.local_start, datetime):
        said = {"startDate": span.local_start.isoformat()}
        return {**said, "endDate": span.local_end.isoformat()} if end else said
    return {"startDate": span.first_day.isoformat(), "endDate": span.last_day.isoformat()}


def _json(data: Mapping[str, Any]) -> Markup:
    """Return JSON for a data block: ``<`` is written as an escape, so that nothing can close the element."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped for a data block above


# Assets


@cache
def _asset(name: str) -> Document:
    """Return a static file under a name that changes with its content, so that it may be cached for ever."""
    return _named(name, (_STATIC / name).read_bytes())


def _named(name: str, body: bytes) -> Document:
    file = Path(name)
    digest = hashlib.sha256(body).hexdigest()[:10]
    return Document(f"{ASSETS}{file.stem}.{digest}{file.suffix}", _MEDIA_TYPES[file.suffix], body)


def _assets() -> tuple[Document, ...]:
    return tuple(_asset(name) for name in ("site.css", "site.js", "icon.svg", "icon.png"))


def _colours(edition: Edition) -> Document:
    """Return the stylesheet with the colours of the series and its classes; what is no colour name is left out."""
    series = edition.files.series
    marks = [(":root", "--series", series.colour)]
    marks += [(f".class-{one.id}", "--mark", one.colour) for one in series.classes if one.colour]
    rules = [f"{where} {{ {what}: {colour} }}\n" for where, what, colour in marks if _COLOUR.match(colour)]
    return _named("classes.css", "".join(rules).encode())


# Templates


def _render(template: str, language: Language, **values: object) -> bytes:
    text = _environment().get_template(template).render(language=language, **values)
    return text.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_PACKAGE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # the extension adds it
    environment.globals.update(
        {"_": _gettext, "gettext": _gettext, "ngettext": _ngettext, "asset": _asset_path, "anchor": _anchor}
    )
    environment.filters.update(
        {
            "href": _href,
            "markdown": _markdown,
            "sanitised": _sanitised,
            "short": _short,
            "iso": _iso,
            "offset": _offset,
            "local": _local,
            "by_class": _by_class,
        }
    )
    environment.filters["status"] = _status
    return environment


@pass_context
def _gettext(context: Context, message: str, **values: object) -> Markup:
    """Return a message in the page's language; the message itself is text too, never markup."""
    return escape(context["language"].gettext(message)) % values


@pass_context
def _ngettext(context: Context, one: str, many: str, n: int, **values: object) -> Markup:
    return escape(context["language"].translations.ngettext(one, many, n)) % {"n": n, **values}


@pass_context
def _status(context: Context, status: Status) -> str:
    return naming.status_name(status, context["language"])


def _asset_path(name: str) -> str:
    return _asset(name).path


def _href(value: str) -> str:
    """Return an address a page may link to; autoescape does not stop ``javascript:``, this does."""
    scheme, colon, _rest = value.partition(":")
    ours = value.startswith(("/", "#")) and not value.startswith("//")
    if ours or (colon and scheme in _SCHEMES):
        return value
    raise RenderError(f"{value!r} is no address that a page may link to", hint="https, http, webcal or mailto")


def _markdown(text: str) -> Markup:
    return Markup(markup.html(text))  # noqa: S704 - sanitised there


def _sanitised(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - items hold sanitised fragments


def _short(url: str) -> str:
    """Return an address as people read it."""
    text = unquote(url.partition("://")[2].removeprefix("www.")).rstrip("/")
    return text if len(text) <= _SOURCE_LENGTH else f"{text[: _SOURCE_LENGTH - 1]}…"


def _offset(value: datetime) -> str:
    text = f"{value:%z}"
    return f"UTC{text[:3]}:{text[3:5]}"


def _by_class(entries: Sequence[Entry], classes: Sequence[_Class]) -> list[tuple[_Class, list[Entry]]]:
    """Return the cars of each class, in the series' order; classes that are not defined come last."""
    known = {one.id: one for one in classes}
    unknown = sorted({entry.race_class for entry in entries} - known.keys())
    ordered = [*classes, *(_Class(name, name) for name in unknown)]
    return [(one, held) for one in ordered if (held := [car for car in entries if car.race_class == one.id])]

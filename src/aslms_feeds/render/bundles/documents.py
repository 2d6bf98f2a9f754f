"""Bundles: several series in one calendar, feed and page, made from what each of them has public, and nothing else.

A VEVENT keeps its bytes, an item its id and its dates; a bundle adds their order, a head and a page. So a series that
cannot be built now, or is under embargo, is in its bundles just as it is public, or is not in them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.publisher import CALENDAR_NAMES
from aslms_feeds.definitions.values import translate
from aslms_feeds.editions.addresses import BUNDLES, Addresses, BundleAddresses
from aslms_feeds.editions.calendars import Calendar, what_it_holds
from aslms_feeds.editions.feeds import Feed, describe_feed
from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.editions.language import language as language_of
from aslms_feeds.errors import IdentityError, Problem, PublicationError
from aslms_feeds.identity import fingerprint, make_tag_uri
from aslms_feeds.publication.formats import ATOM, FEED_FILES, JSON_FEED
from aslms_feeds.publication.manifest import CALENDAR, HTML, INDEX_PAGE, Document
from aslms_feeds.render import opml, readback
from aslms_feeds.render.bundles.calendars import join_events
from aslms_feeds.render.bundles.items import newest_first, retold
from aslms_feeds.render.feed_documents import render_feed
from aslms_feeds.render.ics import render_head
from aslms_feeds.render.pages import bundle as pages
from aslms_feeds.render.pages.assets import icon_path
from aslms_feeds.render.pages.bundle import BundleView, SeriesLink
from aslms_feeds.render.pages.links import CalendarLink, FeedLink
from aslms_feeds.render.pages.series_view import told
from aslms_feeds.render.reuse import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from aslms_feeds.definitions.publisher import Bundle, CalendarName, Publisher
    from aslms_feeds.editions.items import FeedName
    from aslms_feeds.editions.language import Language
    from aslms_feeds.publication.manifest import Listed, Manifest
    from aslms_feeds.render.pages.summary import Teaser
    from aslms_feeds.render.reuse import PublicDocuments

_SERIES = "series.json"
"""The document in which a series says what it is called."""


@dataclass(frozen=True)
class PublicSeries:
    """A series as it is public."""

    id: str
    manifest: Manifest
    teasers: Mapping[str, Teaser]
    """What the front page shows of it, by language; empty where it has lost that, until it is built again."""
    read: Callable[[str], bytes]
    """Returns the bytes of one of its documents; raises :class:`PublicationError`."""

    def body(self, row: Listed) -> bytes:
        """Return the bytes of a document; raises :class:`PublicationError` where they are not those it should have."""
        body = self.read(row.path)
        if hashlib.sha256(body).hexdigest() != row.sha256:
            message = f"{row.path} of {self.id} is not what its manifest lists"
            raise PublicationError(message, hint="restore that file from a backup; what is public stays")
        return body


@dataclass(frozen=True)
class BundleDocuments:
    """Everything that bundles publish."""

    documents: tuple[Document, ...] = ()
    views: Mapping[str, Sequence[BundleView]] = field(default_factory=dict)
    """What the front page shows, by language."""
    feeds: tuple[opml.Outline, ...] = ()
    """A folder for each bundle."""
    moved: frozenset[str] = frozenset()
    """The former addresses of pages, which no sitemap names."""
    units: Mapping[str, Unit] = field(default_factory=dict)


NO_BUNDLES = BundleDocuments()
"""What is made where there are none."""


def render_bundles(
    publisher: Publisher,
    members: Mapping[str, PublicSeries],
    past: PublicDocuments,
    *,
    root: str = "calendars",
    tools: str = "",
) -> BundleDocuments:
    """Return what every bundle publishes; paths are below the top of the site.

    ``past`` is what is public there, ``root`` how problems name the calendars folder; ``tools`` tells one version of
    this program and its libraries from another. Raises :class:`IdentityError` when something that is public would not
    be kept up to date any more, and :class:`aslms_feeds.errors.RenderError` when a document reads back wrong.
    """
    bundles = [_Bundle(publisher, one, members, past, tools) for one in publisher.bundles]
    problems = [*_lost(publisher, past.rows, root), *(found for one in bundles for found in one.emptied(root))]
    if problems:
        raise IdentityError(problems)
    documents: list[Document] = []
    views: dict[str, list[BundleView]] = {}
    feeds: list[opml.Outline] = []
    units: dict[str, Unit] = {}
    for bundle in bundles:
        shelves = [_Shelf(bundle, language) for language in bundle.languages]
        for shelf in shelves:
            found, units[shelf.unit] = shelf.documents()
            documents += found
            views.setdefault(shelf.tag, []).append(shelf.view)
        if shelves:
            outlines = tuple(outline for shelf in shelves for outline in shelf.outlines)
            feeds.append(opml.Outline(shelves[0].name, html_url=shelves[0].view.url, outlines=outlines))
    moved = {one.path(tag, INDEX_PAGE) for bundle in bundles for one in bundle.formerly for tag in publisher.languages}
    return BundleDocuments(tuple(documents), views, tuple(feeds), frozenset(moved), units)


def _lost(publisher: Publisher, published: Iterable[str], root: str) -> Iterator[Problem]:
    """Yield a problem for each bundle, and each language of one, that nothing would keep up to date any more."""
    known = {name for one in publisher.bundles for name in (one.id, *one.formerly)}
    languages = {"", *(f"/{tag.lower()}" for tag in publisher.languages[1:])}
    seen: set[str] = set()
    for path in sorted(published):
        language, _slash, rest = f"/{path}".partition(f"/{BUNDLES}/")
        name = rest.partition("/")[0]
        if not name or name in seen:
            continue
        if name not in known:
            seen.add(name)
            message = (
                f"the bundle {name!r} was published and is not in the definitions any more: whoever has subscribed to "
                "it would keep old times. Put it back; if another one takes its place, give that one "
                f'formerly = ["{name}"]'
            )
            yield Problem(f"{root}/publisher.toml", 0, 0, f"bundle.{name}", message)
        elif language not in languages:
            seen.add(name)
            message = f"{path} was published, and its language is not defined any more: put the language back"
            yield Problem(f"{root}/publisher.toml", 0, 0, "languages", message)


@dataclass(frozen=True)
class _Bundle:
    """A bundle, and the series in it that are public."""

    publisher: Publisher
    said: Bundle
    everybody: Mapping[str, PublicSeries]
    past: PublicDocuments
    tools: str

    @cached_property
    def addresses(self) -> BundleAddresses:
        return self._addresses(self.said.id)

    @cached_property
    def formerly(self) -> tuple[BundleAddresses, ...]:
        return tuple(map(self._addresses, self.said.formerly))

    def _addresses(self, name: str) -> BundleAddresses:
        return BundleAddresses(self.publisher.base_url, name, self.publisher.languages[0])

    @cached_property
    def languages(self) -> tuple[Language, ...]:
        """The languages in which any of it is public."""
        return tuple(language_of(tag) for tag in self.publisher.languages if self.members(tag))

    def members(self, tag: str) -> tuple[PublicSeries, ...]:
        """Return the series that are public in a language, in the order of the definitions."""
        found = (self.everybody.get(name) for name in self.said.series)
        return tuple(one for one in found if one and self.listed(one, lambda where: where.path(tag, _SERIES)))

    def names(self, tag: str) -> tuple[CalendarName, ...]:
        """Return the calendars it has: those that are wanted, and those that were published."""
        wanted = self.said.calendars or self.publisher.calendars.names
        every = (self.addresses, *self.formerly)
        return tuple(
            name
            for name in CALENDAR_NAMES
            if name in wanted or any(one.calendar(tag, name) in self.past.rows for one in every)
        )

    def listed(self, member: PublicSeries, path: Callable[[Addresses], str]) -> Listed | None:
        """Return a public document of a series in it."""
        addresses = Addresses(self.publisher.base_url, member.id, self.publisher.languages[0])
        return member.manifest.documents.get(path(addresses))

    def every(self, tag: str, path: Callable[[Addresses], str]) -> list[tuple[PublicSeries, Listed]]:
        """Return the same public document of every series that has it."""
        found = ((one, self.listed(one, path)) for one in self.members(tag))
        return [(one, row) for one, row in found if row]

    def calendars(self, tag: str, name: CalendarName) -> list[tuple[PublicSeries, Listed]]:
        """Return the public calendars of a kind, those that changed last at the end."""
        found = self.every(tag, lambda where: where.evergreen(tag, name))
        return sorted(found, key=lambda pair: (pair[1].modified, pair[0].id))

    def feeds(self, tag: str, name: FeedName) -> list[tuple[PublicSeries, Listed]]:
        """Return the public feeds of a kind, each in its form that is read most easily."""
        return self.every(tag, lambda where: where.feed(tag, name, JSON_FEED.file))

    def emptied(self, root: str) -> Iterator[Problem]:
        """Yield a problem for each public calendar that would hold nothing, and each page that would show no series."""
        for tag in self.publisher.languages:
            empty = [name for name in CALENDAR_NAMES if not self.calendars(tag, name)]
            silent = [name for name in FEED_NAMES if not self.feeds(tag, name)]
            for one in (self.addresses, *self.formerly):
                paths = {one.calendar(tag, name) for name in empty}
                paths |= {one.path(tag, name, ATOM.file) for name in silent}
                paths |= set() if self.members(tag) else {one.path(tag, INDEX_PAGE)}
                for path in sorted(self.past.rows.keys() & paths):
                    message = f"{path} was published, and no series of the bundle has anything for it: put one back"
                    yield Problem(f"{root}/publisher.toml", 0, 0, f"bundle.{self.said.id}.series", message)


@dataclass(frozen=True)
class _Shelf:
    """A bundle in one language."""

    bundle: _Bundle
    language: Language

    @property
    def tag(self) -> str:
        return self.language.tag

    @property
    def unit(self) -> str:
        """What its documents are known as together (``kept``)."""
        return f"{self.bundle.said.id}/{self.tag}"

    @cached_property
    def name(self) -> str:
        return translate(self.bundle.said.name, self.bundle.said.names, self.tag)

    @cached_property
    def members(self) -> tuple[PublicSeries, ...]:
        return self.bundle.members(self.tag)

    def documents(self) -> tuple[list[Document], Unit]:
        """Return its documents and what they are made from; what would be made again as it is, is taken as it is."""
        sources = self._sources()
        found = self.bundle.past.find_unit_documents(self.unit, sources)
        if found is None:
            found = self._made()
        return found, Unit(sources, tuple(one.path for one in found))

    def _sources(self) -> str:
        """Return a fingerprint of everything that decides a byte."""
        bundle, tag = self.bundle, self.tag
        rows = [("", bundle.publisher.model_dump_json().encode())]
        rows += [(one.id, json.dumps(asdict(teaser)).encode()) for one, teaser in self._teasers]
        found = bundle.every(tag, lambda where: where.path(tag, _SERIES))
        found += [pair for feed in FEED_NAMES for pair in bundle.feeds(tag, feed)]
        found += [pair for name in bundle.names(tag) for pair in bundle.calendars(tag, name)]
        rows += [(f"{one.id}/{row.path}", f"{row.sha256} {row.modified}".encode()) for one, row in found]
        return fingerprint(rows, bundle.tools, *(one.tag for one in bundle.languages))

    def _former(self) -> dict[str, str]:
        """Return what is public under an id that the bundle had, and where that is today."""
        pairs = ((path, former) for former in self.bundle.formerly for path in self.bundle.past.rows)
        found = ((path, self.bundle.addresses.successor(former, self.tag, path)) for path, former in pairs)
        return {path: now for path, now in found if now}

    def _made(self) -> list[Document]:
        bundle, where = self.bundle, self.bundle.addresses
        made = [self._calendar(link) for link in self.view.calendars]
        for feed in self.feeds:
            folder = where.path(self.tag, feed.name)
            made += render_feed(folder, feed)
        alternates = [(one, where.page_url(one.tag)) for one in bundle.languages]
        page = pages.page(self.view, bundle.publisher, self.language, alternates)
        made.append(Document(where.path(self.tag, INDEX_PAGE), HTML, page))
        self._read_back(made)
        new = {one.path: one for one in made}
        leading = pages.moved(self.view, bundle.publisher, self.language, alternates) if bundle.formerly else b""
        # A page leads on; a calendar or a feed is carried on: not every client follows a redirect.
        return made + [
            Document(path, new[now].media_type, leading if new[now].media_type == HTML else new[now].body)
            for path, now in sorted(self._former().items())
            if now in new
        ]

    def _read_back(self, made: Iterable[Document]) -> None:
        known = self.bundle.past.rows
        fresh = {one.path: one for one in made if one.path not in known or known[one.path].sha256 != one.sha256}
        for feed in self.feeds:
            readback.check_feed(feed, self.bundle.addresses.path(self.tag, feed.name), fresh)
        for one in fresh.values():
            if one.media_type == HTML:
                readback.check_page(one)

    # --- The page -----------------------------------------------------------------------------------------------------

    @cached_property
    def view(self) -> BundleView:
        """What its page shows."""
        said, tag = self.bundle.said, self.tag
        meetings = [(self._series[one.id], event) for one, teaser in self._teasers for event in teaser.events]
        return BundleView(
            name=self.name,
            about=translate(said.about or "", said.abouts, tag),
            url=self.bundle.addresses.page_url(tag),
            series=tuple(self._series.values()),
            # What has no day yet is the last; "~" comes after all digits.
            meetings=tuple(sorted(meetings, key=lambda one: (one[1].starts_at or "~", one[1].name, one[1].url))),
            awaited=tuple(
                (self._series[one.id], teaser.season, teaser.season_url)
                for one, teaser in self._teasers
                if teaser.season and not teaser.events
            ),
            calendars=tuple(self._link(name) for name in self.bundle.names(tag) if self.bundle.calendars(tag, name)),
            feeds=tuple(self._feed_link(name) for name in FEED_NAMES if self.bundle.feeds(tag, name)),
        )

    @cached_property
    def _series(self) -> dict[str, SeriesLink]:
        """The series in it, by id, as each says itself."""
        listed = self.bundle.every(self.tag, lambda where: where.path(self.tag, _SERIES))
        said = {member.id: json.loads(member.body(row)) for member, row in listed}
        return {name: SeriesLink(one["short"], one["name"], one["page"]) for name, one in said.items()}

    @property
    def _teasers(self) -> list[tuple[PublicSeries, Teaser]]:
        return [(one, one.teasers[self.tag]) for one in self.members if self.tag in one.teasers]

    def _feed_link(self, name: FeedName) -> FeedLink:
        where = self.bundle.addresses
        urls = {file: where.url(where.path(self.tag, name, file)) for file in FEED_FILES}
        return FeedLink(name, *told(name, self.name, self.language), urls)

    def _link(self, name: CalendarName) -> CalendarLink:
        _ = self.language.gettext
        where, held = self.bundle.addresses, what_it_holds(name, self.language)
        calendar = Calendar(
            path=where.calendar(self.tag, name),
            language=self.tag,
            name=name,
            season="",
            event="",
            race_class="",
            reminders=False,
            title=_("%(title)s: %(what)s", title=self.name, what=held),
            description=_("Every season and every change of it. Subscribe once."),
            page_url=where.page_url(self.tag),
            components=(),
        )
        return CalendarLink(calendar, held[:1].upper() + held[1:], where.url(calendar.path))

    @property
    def outlines(self) -> Iterator[opml.Outline]:
        """Its feeds as the list of all feeds shows them."""
        for link in self.view.feeds:
            title, _description = describe_feed(link.name, self.name, self.language)
            yield opml.Outline(title, link.urls[ATOM.file], self.view.url, self.tag)

    # --- Calendars ----------------------------------------------------------------------------------------------------

    def _calendar(self, link: CalendarLink) -> Document:
        calendar, options = link.calendar, self.bundle.publisher.calendars
        bodies = [member.body(row) for member, row in self.bundle.calendars(self.tag, calendar.name)]
        held = join_events(bodies, options.max_kilobytes)
        begun = (
            render_head(calendar, link.url, options.refresh_hours, self.bundle.said.colour, held.newest)
            + held.vtimezones
        )
        document = Document(calendar.path, CALENDAR, b"".join([begun, *held.vevents.values(), b"END:VCALENDAR\r\n"]))
        readback.check_bundle_calendar(document, link.url, begun, held.vevents)
        return document

    # --- Feeds --------------------------------------------------------------------------------------------------------

    @cached_property
    def feeds(self) -> tuple[Feed, ...]:
        """Every feed: the newest items of its series' feeds of the same name."""
        return tuple(map(self._feed, self.view.feeds))

    def _feed(self, link: FeedLink) -> Feed:
        publisher, name = self.bundle.publisher, link.name
        listed = self.bundle.feeds(self.tag, name)
        every = (
            item
            for member, row in listed
            for item in retold(name, member.body(row), self._series[member.id].names, self.language)
        )
        held = sorted(every, key=newest_first)[: publisher.feeds.items]
        title, description = describe_feed(name, self.name, self.language)
        return Feed(
            name=name,
            language=self.tag,
            direction=self.language.direction,
            id=make_tag_uri(
                publisher.identity, publisher.tag_date, self.tag, BUNDLES, self.bundle.said.lasting_id, "feed", name
            ),
            title=title,
            description=description,
            page_url=self.bundle.addresses.page_url(self.tag),
            urls=link.urls,
            icon_url=f"{publisher.base_url}/{icon_path()}",
            author=translate(publisher.name, publisher.names, self.tag),
            items=tuple(held),
            updated=max((one.changed for one in held), default=min(row.modified for _member, row in listed)),
            hub=publisher.feeds.hub,
        )

"""A bundle in one language: what its page shows, its calendars and its feeds, before any of it is rendered."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import translate
from aslms_feeds.editions.addresses import BUNDLES
from aslms_feeds.editions.calendars import Calendar, describe_content
from aslms_feeds.editions.feeds import Feed, describe_feed
from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.identity import fingerprint, make_tag_uri
from aslms_feeds.publication.formats import ATOM, FEED_FILES
from aslms_feeds.render import opml
from aslms_feeds.render.bundles.calendars import join_events
from aslms_feeds.render.bundles.items import parse_items, rank_newest_first
from aslms_feeds.render.pages.assets import find_icon_path
from aslms_feeds.render.pages.bundle import BundleView, SeriesLink
from aslms_feeds.render.pages.links import CalendarLink, FeedLink
from aslms_feeds.render.pages.series_view import introduce_feed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aslms_feeds.definitions.publisher import CalendarName
    from aslms_feeds.editions.items import FeedName
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.bundles.bundle import PublicBundle, PublicSeries
    from aslms_feeds.render.bundles.calendars import JoinedEvents
    from aslms_feeds.render.pages.summary import Teaser


@dataclass(frozen=True)
class BundleEdition:
    """A bundle in one language."""

    bundle: PublicBundle
    language: Language

    @property
    def tag(self) -> str:
        """The tag of its language."""
        return self.language.tag

    @cached_property
    def name(self) -> str:
        """What the bundle is called."""
        definition = self.bundle.definition
        return translate(definition.name, definition.names, self.tag)

    @cached_property
    def view(self) -> BundleView:
        """What its page shows."""
        bundle, tag, series, definition = self.bundle, self.tag, self._series_links, self.bundle.definition
        meetings = [(series[member.id], event) for member, teaser in self._teasers for event in teaser.events]
        return BundleView(
            name=self.name,
            about=translate(definition.about or "", definition.abouts, tag),
            url=bundle.addresses.page_url(tag),
            series=tuple(series.values()),
            # What has no day yet is the last; "~" comes after all digits.
            meetings=tuple(sorted(meetings, key=lambda pair: (pair[1].starts_at or "~", pair[1].name, pair[1].url))),
            awaited=tuple(
                (series[member.id], teaser.season, teaser.season_url)
                for member, teaser in self._teasers
                if teaser.season and not teaser.events
            ),
            calendars=tuple(
                self._make_calendar_link(name)
                for name in bundle.list_calendar_names(tag)
                if bundle.list_calendars(tag, name)
            ),
            feeds=tuple(self._make_feed_link(name) for name in FEED_NAMES if bundle.list_feeds(tag, name)),
        )

    @cached_property
    def _series_links(self) -> dict[str, SeriesLink]:
        """Its series by id, under the names that each gives itself."""
        data = {series.id: json.loads(series.load_row(row)) for series, row in self.bundle.list_data(self.tag)}
        return {name: SeriesLink(series["short"], series["name"], series["page"]) for name, series in data.items()}

    @cached_property
    def _teasers(self) -> list[tuple[PublicSeries, Teaser]]:
        members = self.bundle.list_series(self.tag)
        return [(series, series.teasers[self.tag]) for series in members if self.tag in series.teasers]

    def _make_feed_link(self, name: FeedName) -> FeedLink:
        addresses = self.bundle.addresses
        urls = {file: addresses.url(addresses.path(self.tag, name, file)) for file in FEED_FILES}
        return FeedLink(name, *introduce_feed(name, self.name, self.language), urls)

    def _make_calendar_link(self, name: CalendarName) -> CalendarLink:
        _ = self.language.gettext
        addresses, content = self.bundle.addresses, describe_content(name, self.language)
        calendar = Calendar(
            path=addresses.calendar(self.tag, name),
            language=self.tag,
            name=name,
            season="",
            event="",
            race_class="",
            reminders=False,
            title=_("%(title)s: %(what)s", title=self.name, what=content),
            description=_("Every season and every change of it. Subscribe once."),
            page_url=addresses.page_url(self.tag),
            components=(),
        )
        return CalendarLink(calendar, content[:1].upper() + content[1:], addresses.url(calendar.path))

    def list_outlines(self) -> Iterator[opml.Outline]:
        """Yield its feeds as the list of all feeds shows them."""
        for link in self.view.feeds:
            title, _description = describe_feed(link.name, self.name, self.language)
            yield opml.Outline(title, link.urls[ATOM.file], self.view.url, self.tag)

    def join_calendar(self, name: CalendarName) -> JoinedEvents:
        """Return the events of its series' calendars of a kind."""
        bodies = [series.load_row(row) for series, row in self.bundle.list_calendars(self.tag, name)]
        return join_events(bodies, self.bundle.publisher.calendars.max_kilobytes)

    @cached_property
    def feeds(self) -> tuple[Feed, ...]:
        """Every feed: the newest items of its series' feeds of the same name."""
        return tuple(map(self._make_feed, self.view.feeds))

    def _make_feed(self, link: FeedLink) -> Feed:
        publisher, name, definition = self.bundle.publisher, link.name, self.bundle.definition
        rows = self.bundle.list_feeds(self.tag, name)
        all_items = (
            item
            for series, row in rows
            for item in parse_items(name, series.load_row(row), self._series_links[series.id].names, self.language)
        )
        items = sorted(all_items, key=rank_newest_first)[: publisher.feeds.items]
        title, description = describe_feed(name, self.name, self.language)
        return Feed(
            name=name,
            language=self.tag,
            direction=self.language.direction,
            id=make_tag_uri(
                publisher.identity, publisher.tag_date, self.tag, BUNDLES, definition.lasting_id, "feed", name
            ),
            title=title,
            description=description,
            page_url=self.bundle.addresses.page_url(self.tag),
            urls=link.urls,
            icon_url=f"{publisher.base_url}/{find_icon_path()}",
            author=translate(publisher.name, publisher.names, self.tag),
            items=tuple(items),
            updated=max((item.updated_at for item in items), default=min(row.modified for _series, row in rows)),
            hub=publisher.feeds.hub,
        )

    def fingerprint_sources(self, tools: str) -> str:
        """Return a fingerprint of everything that decides a byte of its documents."""
        bundle, tag = self.bundle, self.tag
        rows = [("", bundle.publisher.model_dump_json().encode())]
        rows += [(series.id, json.dumps(asdict(teaser)).encode()) for series, teaser in self._teasers]
        documents = bundle.list_data(tag)
        documents += [pair for feed in FEED_NAMES for pair in bundle.list_feeds(tag, feed)]
        documents += [pair for name in bundle.list_calendar_names(tag) for pair in bundle.list_calendars(tag, name)]
        rows += [(f"{series.id}/{row.path}", f"{row.sha256} {row.modified}".encode()) for series, row in documents]
        return fingerprint(rows, tools, *(language.tag for language in bundle.languages))

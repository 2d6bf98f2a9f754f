"""Which feeds a series has in a language, what each is called, and which items it and its archives hold."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from aslms_feeds.editions import labels
from aslms_feeds.editions.items import FEED_NAMES, Item, sort_newest_first
from aslms_feeds.identity import digest, make_tag_uri
from aslms_feeds.publication.formats import ATOM, FEED_FORMATS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.items import FeedName
    from aslms_feeds.editions.language import Language


@dataclass(frozen=True)
class Feed:
    """One feed in one language: the same items, ids and order in every format."""

    name: FeedName
    language: str
    direction: str
    """``ltr`` or ``rtl``."""
    id: str
    """A tag URI."""
    title: str
    description: str
    page_url: str
    """The HTML page behind it."""
    urls: Mapping[str, str]
    """Its own address in each format, by file name."""
    icon_url: str
    """A square PNG, 512 pixels wide."""
    author: str
    items: tuple[Item, ...]
    """Newest first; every one has a date."""
    updated: datetime
    """When the newest change of an item was (RFC 4287 section 4.2.15)."""
    hub: str | None = None
    """The WebSub hub, where there is one."""
    archive: bool = False
    """Whether this is an archive document (RFC 5005 section 4), which never changes but for corrections."""
    previous_archive: str | None = None
    """The address, in the same format, of the next older archive: has the file name left open as ``{file}``."""
    next_archive: str | None = None
    """The address of the next newer archive, with ``{file}``."""
    current: str | None = None
    """For an archive: the address of the feed that people subscribe to, with ``{file}``."""

    def digest(self) -> str:
        """Return a digest of all that its documents show."""
        values = [f"{field.name}={getattr(self, field.name)}" for field in fields(self) if field.name != "items"]
        return digest(*values, *(item.digest() for item in self.items))


def make_feeds(
    files: SeriesFiles,
    items: Mapping[str, Sequence[Item]],
    addresses: Addresses,
    language: Language,
    *,
    over: Sequence[str],
    opened: datetime,
    icon_url: str,
    published: Collection[str] = (),
) -> list[tuple[str, Feed]]:
    """Return every feed of a series in one language, with the folder of each.

    ``items`` are by season in order of time, ``over`` the seasons that are archived once a feed is full, ``opened`` the
    date of a feed that has no item yet; an archive that is among the ``published`` paths goes on.
    """
    feeds: list[tuple[str, Feed]] = []
    for name in FEED_NAMES:
        maker = _FeedMaker(files, addresses, language, name, opened, icon_url)
        carried = {
            season: [item for item in season_items if name in item.feeds and item.published]
            for season, season_items in items.items()
        }
        feeds += maker.make_all(carried, over, published)
    return feeds


@dataclass(frozen=True)
class _FeedMaker:
    """Makes one feed in one language, and its archives."""

    files: SeriesFiles
    addresses: Addresses
    language: Language
    name: FeedName
    opened: datetime
    icon_url: str

    def make_all(
        self, items: Mapping[str, Sequence[Item]], over: Sequence[str], published: Collection[str]
    ) -> Iterator[tuple[str, Feed]]:
        """Yield the feed of the newest items, and an archive for each season that is over."""
        newest_items = sorted((item for season_items in items.values() for item in season_items), key=sort_newest_first)
        limit = self.files.publisher.feeds.items
        is_full = len(newest_items) > limit
        archives = {
            season: self._archive_folder(season)
            for season in over
            if items.get(season) and (is_full or f"{self._archive_folder(season)}/{ATOM.file}" in published)
        }
        current = self.addresses.path(self.language.tag, self.name)
        folders = list(archives.values())
        yield current, self._make(current, newest_items[:limit], previous=folders[-1] if folders else None)
        for season, previous, following in zip(archives, [None, *folders], [*folders[1:], None], strict=False):
            feed = self._make(archives[season], items[season], previous=previous, following=following)
            yield archives[season], replace(feed, archive=True, current=self._url_pattern(current))

    def _archive_folder(self, season: str) -> str:
        return self.addresses.feed(self.language.tag, self.name, season)

    def _url_pattern(self, folder: str) -> str:
        return self.addresses.url(f"{folder}/{{file}}")

    def _make(
        self, folder: str, items: Sequence[Item], *, previous: str | None = None, following: str | None = None
    ) -> Feed:
        publisher, tag = self.files.publisher, self.language.tag
        title, description = describe_series_feed(self.name, self.files, self.language)
        updates = [item.updated for item in items if item.updated]
        return Feed(
            name=self.name,
            language=tag,
            direction=self.language.direction,
            id=make_tag_uri(publisher.identity, publisher.tag_date, tag, self.files.lasting_id, "feed", self.name),
            title=title,
            description=description,
            page_url=self.addresses.page_url(tag, *(["changes"] if self.name == "changes" else [])),
            urls={feed_format.file: self.addresses.url(f"{folder}/{feed_format.file}") for feed_format in FEED_FORMATS},
            icon_url=self.icon_url,
            author=publisher.names.get(tag, publisher.name),
            items=tuple(sorted(items, key=sort_newest_first)),
            updated=max(updates, default=self.opened),
            hub=publisher.feeds.hub,
            previous_archive=self._url_pattern(previous) if previous else None,
            next_archive=self._url_pattern(following) if following else None,
        )


def describe_series_feed(name: FeedName, files: SeriesFiles, language: Language) -> tuple[str, str]:
    """Return the title and the description of a feed of a series."""
    return describe_feed(name, labels.name_series(files.series, language), language)


def describe_feed(name: FeedName, series: str, language: Language) -> tuple[str, str]:
    """Return the title and the description of a feed of what is called so: a series, or several in one."""
    _ = language.gettext
    match name:
        case "news":
            return _("%(series)s: news", series=series), _("Announcements and what changes your plans. No results.")
        case "changes":
            return _("%(series)s: changes", series=series), _("Every change of the calendar and timetable. No results.")
        case "results":
            return _("%(series)s: results", series=series), _("Results, titles and race reports.")
        case "everything":
            return _("%(series)s: everything", series=series), _("News, changes and results in one feed.")

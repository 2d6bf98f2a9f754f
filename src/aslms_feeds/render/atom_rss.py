"""RSS 2.0 and Atom: the same items, ids and order in both, by feedgen and an extension that mends its gaps.

Both are built from elements, so that escaping is nobody's job, and hold no moment but the feed's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import format_datetime
from html import unescape
from typing import TYPE_CHECKING

from feedgen.feed import FeedGenerator
from lxml.etree import SubElement

from aslms_feeds.editions import markup
from aslms_feeds.errors import RenderError
from aslms_feeds.instants import format_instant
from aslms_feeds.publication.formats import ATOM, RSS, FeedFormat
from aslms_feeds.render.feed_contents import check_feed_texts, check_item_texts, convert_to_utc, find_dates

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from lxml.etree import _Element

    from aslms_feeds.editions.feeds import Feed
    from aslms_feeds.editions.items import Item

GENERATOR = "aslms-feeds"
"""Who made it. A name alone: with a version in it, every release would rewrite every feed."""

TTL_MINUTES = 60
"""How long a reader of RSS may wait before it asks again."""

_REFERENCE = re.compile(r"&#?\w+;?")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_HISTORY = "http://purl.org/syndication/history/1.0"


@dataclass(frozen=True)
class _XmlFormat:
    feed_format: FeedFormat
    namespaces: tuple[tuple[str, str], ...]


_ATOM_FORMAT = _XmlFormat(ATOM, (("fh", _HISTORY),))
_RSS_FORMAT = _XmlFormat(RSS, (("dc", _DUBLIN_CORE), ("fh", _HISTORY)))


def render_atom(feed: Feed) -> bytes:
    """Return a feed as Atom 1.0 (RFC 4287)."""
    generator = _make_generator(feed, _ATOM_FORMAT)
    generator.link([_make_link("self", feed.urls[ATOM.file], ATOM.link_type), *_list_relations(feed, _ATOM_FORMAT)])
    generator.link(_make_link("alternate", feed.page_url, "text/html"))
    generator.author(name=feed.author)
    generator.icon(feed.icon_url)
    return _write(feed, generator.atom_str)


def render_rss(feed: Feed) -> bytes:
    """Return a feed as RSS 2.0, with content:encoded, dc:creator and atom:link."""
    generator = _make_generator(feed, _RSS_FORMAT)
    generator.link(_make_link("self", feed.urls[RSS.file], RSS.link_type))
    # The last link given becomes the channel's, whatever its rel.
    generator.link(_make_link("alternate", feed.page_url, "text/html"))
    generator.image(url=feed.icon_url, title=feed.title, link=feed.page_url)
    generator.docs("https://www.rssboard.org/rss-specification")
    generator.ttl(TTL_MINUTES)
    return _write(feed, generator.rss_str)


def _write(feed: Feed, write: Callable[..., bytes]) -> bytes:
    try:
        return write(pretty=True)
    except ValueError as error:  # feedgen misses something required, or lxml refuses a text
        raise RenderError(f"feed {feed.name}: {error}") from error


def _make_generator(feed: Feed, form: _XmlFormat) -> FeedGenerator:
    check_feed_texts(feed)
    generator = FeedGenerator()
    generator.register_extension("aslms", _FeedExtension, _ItemExtension, atom=True, rss=True)
    generator.aslms.setup(feed, form)
    generator.id(feed.id)
    generator.title(feed.title)
    generator.subtitle(feed.description)
    generator.language(feed.language)
    generator.updated(feed.updated)
    generator.generator(GENERATOR)
    for item in feed.items:
        _add_item(generator, feed, item)
    return generator


def _add_item(generator: FeedGenerator, feed: Feed, item: Item) -> None:
    check_item_texts(item)
    published, updated = find_dates(item)
    # feedgen puts each entry before the last unless told otherwise.
    entry = generator.add_entry(order="append")
    entry.aslms.setup(item, published, updated, feed.author)
    entry.id(item.id)
    entry.title(item.title)
    entry.link(href=item.url)
    entry.summary(item.text, type="text")
    entry.content(markup.mark_direction(item.html, feed.direction), type="html")
    entry.category([{"term": category} for category in item.categories])


def _make_link(rel: str, href: str, media_type: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media_type}


def _list_relations(feed: Feed, form: _XmlFormat) -> list[dict[str, str]]:
    """Return the hub (WebSub section 4) and the neighbours (RFC 5005 section 4), in the feed's own format."""
    archives = {
        "prev-archive": feed.previous_archive,
        "next-archive": feed.next_archive,
        "current": feed.current,
    }
    hub = [{"rel": "hub", "href": feed.hub}] if feed.hub else []
    file, link_type = form.feed_format.file, form.feed_format.link_type
    links = [_make_link(rel, url.replace("{file}", file), link_type) for rel, url in archives.items() if url]
    return [*hub, *links]


def _format_rfc822(value: datetime) -> str:
    return format_datetime(value, usegmt=True)


def _escape_html(text: str) -> str:
    """Return plain text so that readers who take it for HTML see the same; nearly always it is the text as it is."""
    return _TAG.sub("&lt;", _REFERENCE.sub(_escape_reference, text))


def _escape_reference(match: re.Match[str]) -> str:
    return match[0] if unescape(match[0]) == match[0] else f"&amp;{match[0][1:]}"


def _set_text(parent: _Element, name: str, text: str) -> None:
    """Set the text of a child element, which is made when it is missing."""
    child = parent.find(name)
    (SubElement(parent, name) if child is None else child).text = text


class _FeedExtension:
    """What feedgen lacks in a feed."""

    def setup(self, feed: Feed, form: _XmlFormat) -> None:
        """Take the feed and the format it is about to be written in."""
        self._feed = feed
        self._format = form
        self._updated = convert_to_utc(f"feed {feed.name}", feed.updated)

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare on the root: always the same for one format."""
        return dict(self._format.namespaces)

    def extend_atom(self, root: _Element) -> _Element:
        """Mend an Atom feed."""
        # Gap: dates end in +00:00, with the zone they were given in.
        _set_text(root, "updated", format_instant(self._updated))
        self._mark_archive(root)
        return root

    def extend_rss(self, root: _Element) -> _Element:
        """Mend an RSS channel."""
        channel = root[0]
        # Gap: dates end in +0000, and a year before 1000 is short of digits.
        _set_text(channel, "lastBuildDate", _format_rfc822(self._updated))
        # Gap: of the Atom links, only rel="self" gets into RSS.
        for link in _list_relations(self._feed, self._format):
            SubElement(channel, f"{{{_ATOM}}}link", link)
        self._mark_archive(channel)
        return root

    def _mark_archive(self, parent: _Element) -> None:
        # Gap: RFC 5005 section 4 is not known.
        if self._feed.archive:
            SubElement(parent, f"{{{_HISTORY}}}archive")


class _ItemExtension:
    """What feedgen lacks in an entry of Atom or an item of RSS."""

    def setup(self, item: Item, published: datetime, updated: datetime, author: str) -> None:
        """Take what feedgen would write wrongly, or not at all."""
        self._text = item.text
        self._published = published
        self._updated = updated
        self._author = author

    def extend_atom(self, entry: _Element) -> _Element:
        """Mend an Atom entry."""
        # Gap: links of entries lose everything but their address (python-feedgen issue 135).
        for link in entry.findall("link"):
            link.set("rel", "alternate")
            link.set("type", "text/html")
        # Gap: the default is the moment of rendering; dates end in +00:00.
        _set_text(entry, "updated", format_instant(self._updated))
        _set_text(entry, "published", format_instant(self._published))
        return entry

    def extend_rss(self, item: _Element) -> _Element:
        """Mend an RSS item."""
        # Gap: the summary, which is text, becomes the description, which readers show as HTML.
        if self._text:
            _set_text(item, "description", _escape_html(self._text))
        # Gap: an author without an e-mail address, which is what RSS means by author, is left out.
        _set_text(item, f"{{{_DUBLIN_CORE}}}creator", self._author)
        # Gap: feedgen switches the process's locale to write this date, and ends it in +0000.
        _set_text(item, "pubDate", _format_rfc822(self._published))
        return item

"""RSS 2.0 and Atom: the same items, ids and order in both, by feedgen and an extension that mends its gaps.

Both are built from elements, so that escaping is nobody's job, and hold no moment but the feed's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import unescape
from typing import TYPE_CHECKING

from feedgen.feed import FeedGenerator
from lxml.etree import SubElement

from aslms_feeds.editions import markup
from aslms_feeds.errors import RenderError
from aslms_feeds.publication.formats import ATOM, RSS, FeedFormat

if TYPE_CHECKING:
    from collections.abc import Callable

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
    generator = _generator(feed, _ATOM_FORMAT)
    generator.link([_link("self", feed.urls[ATOM.file], ATOM.link_type), *_relations(feed, _ATOM_FORMAT)])
    generator.link(_link("alternate", feed.page_url, "text/html"))
    generator.author(name=feed.author)
    generator.icon(feed.icon_url)
    return _written(feed, generator.atom_str)


def render_rss(feed: Feed) -> bytes:
    """Return a feed as RSS 2.0, with content:encoded, dc:creator and atom:link."""
    generator = _generator(feed, _RSS_FORMAT)
    generator.link(_link("self", feed.urls[RSS.file], RSS.link_type))
    # The last link given becomes the channel's, whatever its rel.
    generator.link(_link("alternate", feed.page_url, "text/html"))
    generator.image(url=feed.icon_url, title=feed.title, link=feed.page_url)
    generator.docs("https://www.rssboard.org/rss-specification")
    generator.ttl(TTL_MINUTES)
    return _written(feed, generator.rss_str)


def _written(feed: Feed, write: Callable[..., bytes]) -> bytes:
    try:
        return write(pretty=True)
    except ValueError as error:  # feedgen misses something required, or lxml refuses a text
        raise RenderError(f"feed {feed.name}: {error}") from error


def _generator(feed: Feed, form: _XmlFormat) -> FeedGenerator:
    markup.legal(f"feed {feed.name}", feed.id, feed.title, feed.description, feed.author)
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
        _add(generator, feed, item)
    return generator


def _add(generator: FeedGenerator, feed: Feed, item: Item) -> None:
    owner = f"item {item.key}"
    markup.legal(owner, item.id, item.title, item.text, item.html, item.url, *item.categories)
    published = _utc(owner, item.published)
    # feedgen puts each entry before the last unless told otherwise.
    entry = generator.add_entry(order="append")
    entry.aslms.setup(item, published, _utc(owner, item.updated or published), feed.author)
    entry.id(item.id)
    entry.title(item.title)
    entry.link(href=item.url)
    entry.summary(item.text, type="text")
    entry.content(markup.directed(item.html, feed.direction), type="html")
    entry.category([{"term": category} for category in item.categories])


def _link(rel: str, href: str, media_type: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media_type}


def _relations(feed: Feed, form: _XmlFormat) -> list[dict[str, str]]:
    """Return the hub (WebSub section 4) and the neighbours (RFC 5005 section 4), in the feed's own format."""
    archives = {
        "prev-archive": feed.previous_archive,
        "next-archive": feed.next_archive,
        "current": feed.current,
    }
    hub = [{"rel": "hub", "href": feed.hub}] if feed.hub else []
    file, link_type = form.feed_format.file, form.feed_format.link_type
    links = [_link(rel, url.replace("{file}", file), link_type) for rel, url in archives.items() if url]
    return [*hub, *links]


def _utc(owner: str, value: datetime | None) -> datetime:
    # Without a zone it would be the zone of the machine.
    if value is None or value.tzinfo is None:
        raise RenderError(f"{owner}: what is in a feed has a date with its time zone, not {value}")
    return value.astimezone(UTC)


def _rfc3339(value: datetime) -> str:
    return f"{value.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _rfc822(value: datetime) -> str:
    return format_datetime(value, usegmt=True)


def _as_html(text: str) -> str:
    """Return plain text so that readers who take it for HTML see the same; nearly always it is the text as it is."""
    return _TAG.sub("&lt;", _REFERENCE.sub(_unreferenced, text))


def _unreferenced(found: re.Match[str]) -> str:
    return found[0] if unescape(found[0]) == found[0] else f"&amp;{found[0][1:]}"


def _say(parent: _Element, name: str, text: str) -> None:
    """Set the text of a child element, which is made when it is missing."""
    child = parent.find(name)
    (SubElement(parent, name) if child is None else child).text = text


class _FeedExtension:
    """What feedgen lacks in a feed."""

    def setup(self, feed: Feed, form: _XmlFormat) -> None:
        """Take the feed and the format it is about to be written in."""
        self._feed = feed
        self._format = form
        self._updated = _utc(f"feed {feed.name}", feed.updated)

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare on the root: always the same for one format."""
        return dict(self._format.namespaces)

    def extend_atom(self, root: _Element) -> _Element:
        """Mend an Atom feed."""
        # Gap: dates end in +00:00, with the zone they were given in.
        _say(root, "updated", _rfc3339(self._updated))
        self._mark_archive(root)
        return root

    def extend_rss(self, root: _Element) -> _Element:
        """Mend an RSS channel."""
        channel = root[0]
        # Gap: dates end in +0000, and a year before 1000 is short of digits.
        _say(channel, "lastBuildDate", _rfc822(self._updated))
        # Gap: of the Atom links, only rel="self" gets into RSS.
        for link in _relations(self._feed, self._format):
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
        _say(entry, "updated", _rfc3339(self._updated))
        _say(entry, "published", _rfc3339(self._published))
        return entry

    def extend_rss(self, item: _Element) -> _Element:
        """Mend an RSS item."""
        # Gap: the summary, which is text, becomes the description, which readers show as HTML.
        if self._text:
            _say(item, "description", _as_html(self._text))
        # Gap: an author without an e-mail address, which is what RSS means by author, is left out.
        _say(item, f"{{{_DUBLIN_CORE}}}creator", self._author)
        # Gap: feedgen switches the process's locale to write this date, and ends it in +0000.
        _say(item, "pubDate", _rfc822(self._published))
        return item

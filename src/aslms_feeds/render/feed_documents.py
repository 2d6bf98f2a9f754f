"""A feed as documents: one in each format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.publication.formats import ATOM, FEED_FORMATS, JSON_FEED, RSS
from aslms_feeds.publication.manifest import Document
from aslms_feeds.render.atom_rss import render_atom, render_rss
from aslms_feeds.render.jsonfeed import render_json_feed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aslms_feeds.editions.feeds import Feed
    from aslms_feeds.publication.formats import FeedFormat

_RENDERERS: Mapping[FeedFormat, Callable[[Feed], bytes]] = {
    ATOM: render_atom,
    RSS: render_rss,
    JSON_FEED: render_json_feed,
}


def render_feed(folder: str, feed: Feed) -> list[Document]:
    """Return the documents of a feed, in a folder."""
    return [
        Document(f"{folder}/{feed_format.file}", feed_format.media_type, _RENDERERS[feed_format](feed))
        for feed_format in FEED_FORMATS
    ]

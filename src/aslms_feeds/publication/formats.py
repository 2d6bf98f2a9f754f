"""The formats that every feed is published in: how its file is called, and as what it is served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FeedFormat:
    """One format of a feed."""

    name: str
    """As people know it."""
    file: str
    """The name of the file, in the folder of the feed."""
    link_type: str
    """The media type as links to it say it, without a character set."""

    @property
    def media_type(self) -> str:
        """The media type of the document itself."""
        return f"{self.link_type}; charset=utf-8"


ATOM = FeedFormat("Atom", "atom.xml", "application/atom+xml")
RSS = FeedFormat("RSS", "rss.xml", "application/rss+xml")
JSON_FEED = FeedFormat("JSON Feed", "feed.json", "application/feed+json")

FEED_FORMATS = (ATOM, RSS, JSON_FEED)
"""Every format, in the order in which readers should find them."""

FEED_FILES = tuple(feed_format.file for feed_format in FEED_FORMATS)
FEED_MEDIA_TYPES = frozenset(feed_format.media_type for feed_format in FEED_FORMATS)


def is_feed(path: str, media_type: str) -> bool:
    """Say whether a document is a feed: it bears the name and the media type of one format."""
    name = path.rpartition("/")[2]
    return any((name, media_type) == (feed_format.file, feed_format.media_type) for feed_format in FEED_FORMATS)

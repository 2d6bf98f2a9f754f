"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): the same items, ids and order as in RSS and Atom."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from aslms_feeds.editions import markup
from aslms_feeds.errors import RenderError
from aslms_feeds.publication.formats import JSON_FEED

if TYPE_CHECKING:
    from datetime import datetime

    from aslms_feeds.editions.feeds import Feed
    from aslms_feeds.editions.items import Item

VERSION = "https://jsonfeed.org/version/1.1"


def render_json_feed(feed: Feed) -> bytes:
    """Return a feed as JSON Feed 1.1."""
    markup.legal(f"feed {feed.name}", feed.id, feed.title, feed.description, feed.author)
    document: dict[str, Any] = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.page_url,
        "feed_url": feed.urls[JSON_FEED.file],
        "description": feed.description,
        "icon": feed.icon_url,
        "authors": [{"name": feed.author}],
        "language": feed.language,
    }
    # Older items are the next page here, from the feed people subscribe to through all archives. The format has no way
    # back to newer ones and no mark of an archive (RFC 5005).
    if feed.previous_archive:
        document["next_url"] = feed.previous_archive.replace("{file}", JSON_FEED.file)
    if feed.hub:
        document["hubs"] = [{"type": "WebSub", "url": feed.hub}]
    document["items"] = [_item(feed, item) for item in feed.items]
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _item(feed: Feed, item: Item) -> dict[str, Any]:
    owner = f"item {item.key}"
    markup.legal(owner, item.id, item.title, item.text, item.html, item.url, *item.categories)
    return {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": markup.directed(item.html, feed.direction),
        "content_text": item.text,
        "date_published": _rfc3339(owner, item.published),
        "date_modified": _rfc3339(owner, item.updated or item.published),
        "tags": list(item.categories),
        "language": feed.language,
    }


def _rfc3339(owner: str, value: datetime | None) -> str:
    # Without a zone it would be the zone of the machine.
    if value is None or value.tzinfo is None:
        raise RenderError(f"{owner}: what is in a feed has a date with its time zone, not {value}")
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"

"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): the same items, ids and order as in RSS and Atom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aslms_feeds.editions import markup
from aslms_feeds.instants import format_instant
from aslms_feeds.publication.formats import JSON_FEED
from aslms_feeds.render.feed_contents import check_feed_texts, check_item_texts, find_dates

if TYPE_CHECKING:
    from aslms_feeds.editions.feeds import Feed
    from aslms_feeds.editions.items import Item

VERSION = "https://jsonfeed.org/version/1.1"


def render_json_feed(feed: Feed) -> bytes:
    """Return a feed as JSON Feed 1.1."""
    check_feed_texts(feed)
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
    document["items"] = [_render_item(feed, item) for item in feed.items]
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _render_item(feed: Feed, item: Item) -> dict[str, Any]:
    check_item_texts(item)
    published, updated = find_dates(item)
    return {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": markup.mark_direction(item.html, feed.direction),
        "content_text": item.text,
        "date_published": format_instant(published),
        "date_modified": format_instant(updated),
        "tags": list(item.categories),
        "language": feed.language,
    }

"""What a feed must be in every format: texts that XML can hold, and dates whose instant is known."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from aslms_feeds.editions import markup
from aslms_feeds.errors import RenderError

if TYPE_CHECKING:
    from datetime import datetime

    from aslms_feeds.editions.feeds import Feed
    from aslms_feeds.editions.items import Item


def check_feed_texts(feed: Feed) -> None:
    """Raise an error where XML could not hold a text of a feed."""
    markup.check_legal(f"feed {feed.name}", feed.id, feed.title, feed.description, feed.author)


def check_item_texts(item: Item) -> None:
    """Raise an error where XML could not hold a text of an item."""
    markup.check_legal(f"item {item.key}", item.id, item.title, item.text, item.html, item.url, *item.categories)


def find_dates(item: Item) -> tuple[datetime, datetime]:
    """Return when an item was published and when it was updated, in UTC."""
    owner = f"item {item.key}"
    return convert_to_utc(owner, item.published), convert_to_utc(owner, item.updated or item.published)


def convert_to_utc(owner: str, value: datetime | None) -> datetime:
    """Return an instant in UTC; raise :class:`RenderError` where it has no zone: it would be the machine's."""
    if value is None or value.tzinfo is None:
        message = f"{owner}: what is in a feed has a date with its time zone, not {value}"
        raise RenderError(message)
    return value.astimezone(UTC)

"""Items read from the public feeds of several series: each keeps its id, its address and its dates."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.editions.items import Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aslms_feeds.editions.items import FeedName
    from aslms_feeds.editions.language import Language

_DIRECTED = re.compile(r'<div dir="rtl">(.*)</div>', re.DOTALL)
"""What ``markup.mark_direction`` makes of a fragment; no fragment has a ``div`` of its own."""


@dataclass(frozen=True)
class PublicItem(Item):
    """An item as it is in a public feed."""

    public_html: str
    public_text: str
    published_at: datetime
    updated_at: datetime
    """When it was edited, or else published."""

    @cached_property
    def html(self) -> str:
        """The fragment as it was read."""
        return self.public_html

    @cached_property
    def text(self) -> str:
        """The text as it was read."""
        return self.public_text


def parse_items(feed: FeedName, body: bytes, names: Sequence[str], language: Language) -> Iterator[PublicItem]:
    """Yield the items of a JSON Feed that was published here.

    ``names`` are the series', the short one first: a title that holds none of them is given it in front.
    """
    for row in json.loads(body)["items"]:
        directed = _DIRECTED.fullmatch(row["content_html"])
        published, updated = (datetime.fromisoformat(row[key]) for key in ("date_published", "date_modified"))
        yield PublicItem(
            key=row["id"],
            id=row["id"],
            season="",
            event="",
            what=None,
            title=_name_series(row["title"], names, language),
            markdown="",
            url=row["url"],
            page=row["url"],
            categories=tuple(row["tags"]),
            feeds=frozenset({feed}),
            published=published,
            updated=updated,
            translated=True,
            public_html=directed[1] if directed else row["content_html"],
            public_text=row["content_text"],
            published_at=published,
            updated_at=updated,
        )


def rank_newest_first(item: PublicItem) -> tuple[float, str]:
    """Return what items of several series are sorted by: their dates; those of one instant by id."""
    return -item.published_at.timestamp(), item.id


def _name_series(title: str, names: Sequence[str], language: Language) -> str:
    """Return a title that names its series."""
    # Letters beyond ASCII may stand right beside a name: not every script has spaces.
    if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", title, re.ASCII) for name in names):
        return title
    return language.gettext("%(title)s: %(what)s", title=names[0], what=title)

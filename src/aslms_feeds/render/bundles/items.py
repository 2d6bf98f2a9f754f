"""Items retold from public feeds: each keeps its id, its address and its dates."""

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
"""What ``markup.directed`` makes of a fragment; no fragment has a ``div`` of its own."""


@dataclass(frozen=True)
class Retold(Item):
    """An item as a public feed tells it."""

    fragment: str
    words: str
    since: datetime
    """When it was published."""
    changed: datetime
    """When it was edited, or else published."""

    @cached_property
    def html(self) -> str:
        """The fragment as it was read."""
        return self.fragment

    @cached_property
    def text(self) -> str:
        """The text as it was read."""
        return self.words


def retold(feed: FeedName, body: bytes, names: Sequence[str], language: Language) -> Iterator[Retold]:
    """Yield the items of a JSON Feed that was published here.

    ``names`` are the series', the short one first: a title that holds none of them begins with it.
    """
    for one in json.loads(body)["items"]:
        directed = _DIRECTED.fullmatch(one["content_html"])
        since, changed = (datetime.fromisoformat(one[key]) for key in ("date_published", "date_modified"))
        yield Retold(
            key=one["id"],
            id=one["id"],
            season="",
            event="",
            what=None,
            title=_titled(one["title"], names, language),
            markdown="",
            url=one["url"],
            page=one["url"],
            categories=tuple(one["tags"]),
            feeds=frozenset({feed}),
            published=since,
            updated=changed,
            translated=True,
            fragment=directed[1] if directed else one["content_html"],
            words=one["content_text"],
            since=since,
            changed=changed,
        )


def newest_first(item: Retold) -> tuple[float, str]:
    """Return what items of several series are sorted by: their dates; those of one instant by id."""
    return -item.since.timestamp(), item.id


def _titled(title: str, names: Sequence[str], language: Language) -> str:
    # Letters beyond ASCII may stand right beside a name: not every script has spaces.
    if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", title, re.ASCII) for name in names):
        return title
    return language.gettext("%(title)s: %(what)s", title=names[0], what=title)

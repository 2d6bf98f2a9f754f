"""Items of other people's feeds as news of ours: plain words, with their origin, that say no more than they did."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from aslms_feeds.definitions.results import NewsItem
from aslms_feeds.definitions.toml import text_problems
from aslms_feeds.identity import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.definitions.publisher import Upstream


def item_id(upstream: Upstream, key: str) -> str:
    """Return the id of an item by the key that its feed knows it by."""
    return f"{upstream.id[:40].rstrip('-')}-{digest(upstream.id, key).removeprefix('1:')[:16]}"


def day(text: str, now: datetime) -> date:
    """Return the day of an item: never one to come, and the day it was seen where it does not say."""
    today = now.astimezone(UTC).date()
    try:
        return min(date.fromisoformat(text), today)
    except ValueError:
        return today


def news(row: Mapping[str, str], *, spoils: bool) -> NewsItem | None:
    """Return an item as news; None for one that no definition could say."""
    try:
        item = NewsItem(
            id=row["id"],
            on=date.fromisoformat(row["on"]),
            title=row["title"],
            text=_markdown(row["text"] or row["title"]),
            origin=row["origin"],
            spoils=spoils,
            sources=(row["link"],) if row["link"] else (),
        )
    except (ValidationError, ValueError):
        return None
    return None if any(text_problems((item.title, item.text, item.origin))) else item


_MARKS = re.compile(r"[\\`*_\[\]<>&~|!]")
_BEGINS = re.compile(r"^(?:[#+=:-]|\d{1,9}(?=[.)]))", re.MULTILINE)


def _markdown(text: str) -> str:
    """Return plain text as Markdown that says exactly this (CommonMark 2.4): foreign words make no links or lists."""
    escaped = _MARKS.sub(r"\\\g<0>", text)
    return _BEGINS.sub(lambda found: f"\\{found[0]}" if not found[0][0].isdigit() else f"{found[0]}\\", escaped)

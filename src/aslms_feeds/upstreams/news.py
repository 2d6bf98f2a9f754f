"""Items of other people's feeds as news of ours: plain words, with their origin, that say no more than they did."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from aslms_feeds.definitions.results import NewsItem
from aslms_feeds.definitions.toml import text_problems
from aslms_feeds.identity import digest
from aslms_feeds.publication.workspace import Workspace
from aslms_feeds.upstreams.cache import ITEMS, DamagedError, UpstreamCache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.definitions.publisher import Upstream
    from aslms_feeds.upstreams.layers import DefinitionLayers

RECOVERED_NEWS_FILE = "joined.json"
"""The file of the private state that holds other people's news that a recovery has found among what is public."""


def make_item_id(upstream: Upstream, key: str) -> str:
    """Return the id of an item by the key that its feed knows it by."""
    return f"{upstream.id[:40].rstrip('-')}-{digest(upstream.id, key).removeprefix('1:')[:16]}"


def find_day(text: str, now: datetime) -> date:
    """Return the day of an item: never one to come, and today where the feed does not say."""
    today = now.astimezone(UTC).date()
    try:
        return min(date.fromisoformat(text), today)
    except ValueError:
        return today


def make_news_item(row: Mapping[str, str], *, spoils: bool) -> NewsItem | None:
    """Return a stored item as news; None for one that no definition could say."""
    try:
        item = NewsItem(
            id=row["id"],
            on=date.fromisoformat(row["on"]),
            title=row["title"],
            text=_escape_markdown(row["text"] or row["title"]),
            origin=row["origin"],
            spoils=spoils,
            sources=(row["link"],) if row["link"] else (),
        )
    except (ValidationError, ValueError):
        return None
    return None if any(text_problems((item.title, item.text, item.origin))) else item


_MARKS = re.compile(r"[\\`*_\[\]<>&~|!]")
_LINE_STARTS = re.compile(r"^(?:[#+=:-]|\d{1,9}(?=[.)]))", re.MULTILINE)


def _escape_markdown(text: str) -> str:
    """Return plain text as Markdown that says exactly this (CommonMark 2.4): foreign words make no links or lists."""
    escaped = _MARKS.sub(r"\\\g<0>", text)
    return _LINE_STARTS.sub(lambda match: f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}", escaped)


def load_news(layers: DefinitionLayers, troubles: dict[str, str]) -> dict[tuple[str, str], tuple[NewsItem, ...]]:
    """Return the stored news of every feed by series and season, also of feeds that are asked no more.

    What was published stays published. What cannot be read is added to ``troubles``, by upstream.
    """
    spoils = {upstream.id: upstream.spoils for upstream in layers.publisher.upstreams}
    news: dict[tuple[str, str], list[NewsItem]] = {}
    for path in sorted(Workspace(layers.output).upstreams.glob(f"*/{ITEMS}")):
        upstream_id = path.parent.name
        try:
            data = UpstreamCache(path.parent).load(ITEMS)
        except DamagedError as error:
            troubles[upstream_id] = f"{error}: restore it, for what was published once stays"
            continue
        for row in data.get("items", ()):
            item = make_news_item(row, spoils=spoils.get(upstream_id, data["spoils"]))
            if item is None:
                troubles[upstream_id] = f"{ITEMS} holds what is no news, {row['id'][:100]!r}: restore it"
                continue
            season_id = layers.find_season_id(row["series"], row["season"])
            news.setdefault((row["series"], season_id), []).append(item)
    return {key: tuple(items) for key, items in sorted(news.items())}


# --- Among the definitions of a series -------------------------------------------------------------------------------


def join_news(
    files: SeriesFiles,
    fresh: Mapping[str, tuple[NewsItem, ...]],
    published: SeriesFiles | None,
    recovered: Mapping[str, tuple[NewsItem, ...]],
) -> SeriesFiles:
    """Return definitions with the news of other people's feeds, by season: also what they do not offer any more.

    ``fresh`` is what feeds offer, ``published`` the definitions that the public generation was made from, ``recovered``
    what a recovery has found.
    """
    public_seasons = {season.lasting_id: season for season in published.seasons} if published else {}
    seasons = []
    for season in files.seasons:
        public = public_seasons.get(season.lasting_id)
        public_items = [item for item in (public.news.news if public else ()) if item.origin]
        written_ids = {item.id for item in season.news.news}
        items: dict[str, NewsItem] = {}
        for item in (*fresh.get(season.id, ()), *public_items, *recovered.get(season.id, ())):
            if item.id not in written_ids:
                items.setdefault(item.id, item)
        joined = sorted(items.values(), key=lambda item: (str(item.on), item.id))
        news = season.news.model_copy(update={"news": (*season.news.news, *joined)})
        seasons.append(replace(season, news=news))
    return replace(files, seasons=tuple(seasons))


def parse_recovered_news(text: bytes) -> dict[str, tuple[NewsItem, ...]]:
    """Return the news by season that a recovery has put into :data:`RECOVERED_NEWS_FILE`."""
    return {
        season: tuple(NewsItem.model_validate_json(json.dumps(item)) for item in items)
        for season, items in json.loads(text)["seasons"].items()
    }

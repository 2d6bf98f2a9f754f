"""Decides whether the content of an answer is taken, by comparison with the last good one, and stores what is.

Doubtful content (empty or far smaller than before, of another series, with problems) raises a `DoubtError` and changes
nothing. Where an operator has released the upstream from quarantine, its content is trusted: it is taken however it
differs.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aslms_feeds.upstreams import news
from aslms_feeds.upstreams.cache import EVENTS, FILES, ITEMS, DamagedError
from aslms_feeds.upstreams.proposals.matching import names_an_event
from aslms_feeds.upstreams.proposals.statements import TheirEvent, parse_their_event
from aslms_feeds.upstreams.readers.values import ForeignFeed
from aslms_feeds.upstreams.requests import Content, DefinitionFiles, DoubtError, ForeignCalendar, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import Upstream
    from aslms_feeds.upstreams.cache import UpstreamCache
    from aslms_feeds.upstreams.layers import DefinitionLayers
    from aslms_feeds.upstreams.readers.values import Appointment, FeedEntry

MAX_NEW_ITEMS = 50
"""New items of a feed in one answer; more are taken for another feed's."""
MAX_ITEMS = 5_000
"""Items that are ever taken from a feed."""


def accept(content: Content, upstream: Upstream, layers: DefinitionLayers, *, is_trusted: bool) -> None:
    """Store the content of an upstream's answer; DoubtError where it is not taken, TroubleError where it cannot be."""
    match content:
        case ForeignFeed():
            _accept_feed(content, upstream, layers, is_trusted=is_trusted)
        case ForeignCalendar(appointments):
            _accept_calendar(appointments, upstream, layers, is_trusted=is_trusted)
        case DefinitionFiles(texts):
            _accept_definitions(texts, upstream, layers, is_trusted=is_trusted)


def _accept_feed(feed: ForeignFeed, upstream: Upstream, layers: DefinitionLayers, *, is_trusted: bool) -> None:
    """Add new items and change edited ones; none is ever removed, since what was published once stays."""
    cache = layers.open_cache(upstream.id)
    data = cache.load(ITEMS) or {"items": [], "seen": 0}
    rows: dict[str, dict[str, str]] = {row["id"]: row for row in data["items"]}
    entries = {news.make_item_id(upstream, entry.key): entry for entry in feed.entries}
    new_count = sum(item_id not in rows for item_id in entries)
    if not is_trusted:
        _check_not_shrunken(len(entries), data["seen"], "items")
        if new_count > MAX_NEW_ITEMS:
            raise DoubtError(f"brings {new_count} new items at once, more than {MAX_NEW_ITEMS}")
    if len(rows) + new_count > MAX_ITEMS:
        raise DoubtError(f"has brought more than {MAX_ITEMS:,} items: it makes new ones of old ones")
    season = layers.find_season(upstream) if new_count else None
    if new_count and season is None:
        raise TroubleError(f"the series {upstream.series!r} has no season that its items could join")
    origin = feed.title or urlsplit(upstream.url).hostname or upstream.id
    for item_id, entry in entries.items():
        row = rows.get(item_id) or {
            "id": item_id,
            "series": upstream.series,
            "season": season.id if season else "",
            "on": news.find_day(entry.on, layers.now).isoformat(),
            "origin": origin,
        }
        row = _update_row(row, entry)
        if news.make_news_item(row, spoils=upstream.spoils) is not None:
            rows[item_id] = row
    sorted_rows = sorted(rows.values(), key=lambda row: (row["on"], row["id"]))
    cache.save(ITEMS, seen=len(entries), spoils=upstream.spoils, items=sorted_rows)


def _update_row(row: Mapping[str, str], entry: FeedEntry) -> dict[str, str]:
    return {**row, "title": entry.title, "text": entry.text, "link": entry.link}


def _accept_calendar(
    appointments: tuple[Appointment, ...], upstream: Upstream, layers: DefinitionLayers, *, is_trusted: bool
) -> None:
    """Replace the events, if the calendar is about the series at all."""
    cache = layers.open_cache(upstream.id)
    if not is_trusted:
        _check_not_shrunken(len(appointments), _count_appointments(cache), "events")
        files = layers.definitions.series.get(upstream.series)
        if files and appointments and not names_an_event(files, parse_appointments(appointments)):
            raise DoubtError(f"names no event of the series {upstream.series!r}: it is another calendar")
    cache.save(EVENTS, events=[appointment._asdict() for appointment in appointments])


def _accept_definitions(
    texts: Mapping[str, str], upstream: Upstream, layers: DefinitionLayers, *, is_trusted: bool
) -> None:
    """Replace the files, if the series has no problem with them and loses no season and few sessions."""
    cache = layers.open_cache(upstream.id)
    old_texts = cache.load_files(upstream.series) if cache.has_data(upstream) else {}
    if not is_trusted:
        _check_not_shrunken(len(texts), len(old_texts), "files")
    new = layers.read_definitions_with(upstream, texts)
    if problems := (*new.broken.get("", ()), *new.broken.get(upstream.series, ())):
        further = f", and {len(problems) - 1} more problems" if len(problems) > 1 else ""
        raise DoubtError(f"{problems[0]}{further}")
    if upstream.series not in new.series:
        raise DoubtError(f"does not define the series {upstream.series!r}")
    old = layers.read_definitions_with(upstream, old_texts).series.get(upstream.series)
    if old and not is_trusted:
        _check_nothing_lost(old, new.series[upstream.series])
    cache.save(FILES, series=upstream.series, files=dict(sorted(texts.items())))


def parse_appointments(appointments: Iterable[Appointment]) -> list[TheirEvent]:
    """Return the events of a calendar as values that can be compared, without those whose times cannot be read."""
    events: list[TheirEvent] = []
    for appointment in appointments:
        with suppress(ValueError):
            events.append(parse_their_event(**appointment._asdict()))
    return events


def _count_appointments(cache: UpstreamCache) -> int:
    """Return how many events are stored; none where they are damaged, since they can be had again."""
    try:
        return len(cache.load_appointments())
    except DamagedError:
        return 0


def _check_nothing_lost(old: SeriesFiles, new: SeriesFiles) -> None:
    new_seasons = {name: season for season in new.seasons for name in (season.id, *season.season.formerly)}
    if lost := [season.id for season in old.seasons if season.id not in new_seasons]:
        raise DoubtError(f"has lost the season {', '.join(lost)}")
    for season in old.seasons:
        _check_not_shrunken(
            _count_sessions(new_seasons[season.id]), _count_sessions(season), f"sessions in {season.id}"
        )


def _count_sessions(season: SeasonFiles) -> int:
    return sum(len(event.sessions) for event in season.season.events)


def _check_not_shrunken(new_count: int, old_count: int, plural: str) -> None:
    if old_count and not new_count:
        raise DoubtError(f"has no {plural}; it had {old_count:,}")
    if 2 * new_count < old_count:
        raise DoubtError(f"has shrunk: {new_count:,} {plural}; it had {old_count:,}")

"""What the front page of the site shows of a series; it is kept as data, so that the front page can be made alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.instants import format_instant
from aslms_feeds.publication.formats import ATOM
from aslms_feeds.render.pages.frame import make_series_picture, summarise_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aslms_feeds.definitions.values import Status
    from aslms_feeds.editions.items import Item
    from aslms_feeds.render.pages.meetings import MeetingView
    from aslms_feeds.render.pages.seasons import SeasonView
    from aslms_feeds.render.pages.series_view import SeriesView


@dataclass(frozen=True)
class TeaserEvent:
    """One race meeting as the front page shows it."""

    name: str
    url: str
    days: str
    place: str
    status: Status
    starts_at: str
    """An ISO 8601 instant; empty when no day is known."""
    ends_at: str


@dataclass(frozen=True)
class TeaserItem:
    """One piece of news or change as the front page shows it."""

    title: str
    url: str
    day: str
    """When it was published, in words."""
    published: str
    """The same as an ISO 8601 instant."""


@dataclass(frozen=True)
class Teaser:
    """What the front page shows of a series, in one language."""

    name: str
    about: str
    url: str
    season: str
    """The current season's name; empty when there is none."""
    season_url: str
    status: Status | None
    classes: tuple[str, ...]
    events: tuple[TeaserEvent, ...]
    subscribe_url: str
    calendar_url: str
    """The evergreen calendar of all sessions; empty before the first date."""
    feed_url: str
    season_about: str = ""
    """What is special about the current season, on one line."""
    last: str = ""
    """The name of the last season, while the current one has no race meeting; else empty."""
    last_url: str = ""
    last_events: tuple[TeaserEvent, ...] = ()
    latest: tuple[TeaserItem, ...] = ()
    """The newest news and changes, which say no result."""
    image_url: str = ""
    """Its share image."""
    image_alt: str = ""


_NEWEST = 3


def make_teaser(
    series: SeriesView, season: SeasonView | None, last: SeasonView | None, latest: Sequence[Item]
) -> Teaser:
    """Return what the front page shows of a series with this current season, the last one, and the latest items."""
    image = make_series_picture(series).link
    return Teaser(
        name=series.name,
        about=summarise_markdown(series.about) if series.about else "",
        url=series.make_url(),
        season=season.name if season else "",
        season_url=series.make_url(season.id) if season else "",
        status=season.definition.status if season else None,
        classes=tuple(race_class.name for race_class in season.classes) if season else (),
        events=_make_events(series, season) if season else (),
        subscribe_url=series.make_url("subscribe"),
        calendar_url=series.main_calendars[0].url if series.main_calendars else "",
        feed_url=series.feeds[0].urls[ATOM.file],
        season_about=summarise_markdown(season.about) if season and season.about else "",
        last=last.name if last else "",
        last_url=series.make_url(last.id) if last else "",
        last_events=_make_events(series, last) if last else (),
        latest=tuple(_make_item(series, item, item.published) for item in latest[:_NEWEST] if item.published),
        image_url=image.url,
        image_alt=image.alt,
    )


def _make_events(series: SeriesView, season: SeasonView) -> tuple[TeaserEvent, ...]:
    return tuple(_make_event(series, season, meeting) for meeting in season.meetings)


def _make_item(series: SeriesView, item: Item, published: datetime) -> TeaserItem:
    return TeaserItem(item.title, item.page, series.language.short_day(published.date()), format_instant(published))


def _make_event(series: SeriesView, season: SeasonView, meeting: MeetingView) -> TeaserEvent:
    return TeaserEvent(
        name=meeting.name,
        url=series.make_url(season.id, meeting.id),
        days=meeting.days,
        place=meeting.place,
        status=meeting.status,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
    )

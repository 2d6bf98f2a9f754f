"""What the front page of the site shows of a series; it is kept as data, so that the front page can be made alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.instants import format_instant
from aslms_feeds.publication.formats import ATOM
from aslms_feeds.render.pages.frame import plain, series_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aslms_feeds.definitions.values import Status
    from aslms_feeds.editions.items import Item
    from aslms_feeds.render.pages.meetings import MeetingView
    from aslms_feeds.render.pages.seasons import SeasonView
    from aslms_feeds.render.pages.series_view import Book


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
    """The newest news and changes, which tell no result."""
    image_url: str = ""
    """Its share image."""
    image_alt: str = ""


_NEWEST = 3


def teaser(book: Book, season: SeasonView | None, last: SeasonView | None, latest: Sequence[Item]) -> Teaser:
    """Return what the front page shows of a series with this current season, the last one, and the latest items."""
    image = series_picture(book).link
    return Teaser(
        name=book.name,
        about=plain(book.about) if book.about else "",
        url=book.url(),
        season=season.name if season else "",
        season_url=book.url(season.id) if season else "",
        status=season.season.status if season else None,
        classes=tuple(one.name for one in season.classes) if season else (),
        events=_events(book, season) if season else (),
        subscribe_url=book.url("subscribe"),
        calendar_url=book.main_calendars[0].url if book.main_calendars else "",
        feed_url=book.feeds[0].urls[ATOM.file],
        season_about=plain(season.about) if season and season.about else "",
        last=last.name if last else "",
        last_url=book.url(last.id) if last else "",
        last_events=_events(book, last) if last else (),
        latest=tuple(_item(book, item, item.published) for item in latest[:_NEWEST] if item.published),
        image_url=image.url,
        image_alt=image.alt,
    )


def _events(book: Book, season: SeasonView) -> tuple[TeaserEvent, ...]:
    return tuple(_event(book, season, meeting) for meeting in season.meetings)


def _item(book: Book, item: Item, published: datetime) -> TeaserItem:
    return TeaserItem(item.title, item.page, book.language.short_day(published.date()), format_instant(published))


def _event(book: Book, season: SeasonView, meeting: MeetingView) -> TeaserEvent:
    return TeaserEvent(
        name=meeting.name,
        url=book.url(season.id, meeting.id),
        days=meeting.days,
        place=meeting.place,
        status=meeting.status,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
    )

"""What the front page of the site shows of a series; it is kept as data, so that the front page can be made alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.render.frame import plain

if TYPE_CHECKING:
    from aslms_feeds.model import Status
    from aslms_feeds.render.book import Book
    from aslms_feeds.render.meetings import MeetingView
    from aslms_feeds.render.seasons import SeasonView


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


def teaser(book: Book, season: SeasonView | None) -> Teaser:
    """Return what the front page shows of a series with this current season."""
    return Teaser(
        name=book.name,
        about=plain(book.about) if book.about else "",
        url=book.url(),
        season=season.name if season else "",
        season_url=book.url(season.id) if season else "",
        status=season.season.status if season else None,
        classes=tuple(one.name for one in season.classes) if season else (),
        events=tuple(_event(book, season, meeting) for meeting in season.meetings) if season else (),
        subscribe_url=book.url("subscribe"),
        calendar_url=book.main_calendars[0].url if book.main_calendars else "",
        feed_url=book.feeds[0].urls["atom.xml"],
    )


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

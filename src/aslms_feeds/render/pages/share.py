"""Share images: the picture of a page that messengers and social networks show beside a link to it (Open Graph).

Each address holds the digest of what its image shows, so an image that is public already is never drawn again, and
a page never leads to a picture of another day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import Status
from aslms_feeds.editions import labels
from aslms_feeds.render.images.posters import Poster, make_picture
from aslms_feeds.render.pages.frame import series_picture
from aslms_feeds.render.pages.seasons import SeasonView
from aslms_feeds.render.pages.series_view import Book

if TYPE_CHECKING:
    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.images.posters import Picture
    from aslms_feeds.render.pages.meetings import MeetingView


def season_picture(season: SeasonView) -> Picture:
    """Return the share image of a season's page."""
    book = season.book
    _ = book.language.gettext
    status = season.season.status
    cities = (one.circuit.city or one.venue if one.circuit else one.venue for one in season.meetings if not one.off)
    poster = Poster(
        short=book.series.short,
        series="" if book.name in season.name else book.name,
        colour=book.series.colour,
        title=season.name,
        days=season.days or ("" if season.meetings else _("The calendar is to be announced.")),
        place=book.language.commas(dict.fromkeys(cities)),
        status=status,
        status_name=labels.name_status(status, book.language),
    )
    return make_picture(poster, book.edition.addresses, book.language, season.id)


def meeting_picture(season: SeasonView, meeting: MeetingView) -> Picture:
    """Return the share image of a race meeting's page."""
    book = season.book
    _ = book.language.gettext
    poster = Poster(
        short=book.series.short,
        series=book.name,
        colour=book.series.colour,
        title=meeting.name,
        days=meeting.days or _("The day is not known yet"),
        place=labels.describe_location(meeting.circuit, meeting.event, book.language),
        status=meeting.status,
        status_name=labels.name_status(meeting.status, book.language),
        new_days=meeting.new_day if meeting.status is Status.POSTPONED else "",
    )
    return make_picture(poster, book.edition.addresses, book.language, season.id, meeting.id)


def season_pictures(edition: Edition, season: SeasonEdition, language: Language) -> list[Picture]:
    """Return the images of a season and its race meetings in one language, not drawn yet; a forerunner has none."""
    view = SeasonView(Book(edition, language), season)
    if view.forerunner:
        return []
    return [season_picture(view), *(meeting_picture(view, meeting) for meeting in view.meetings)]


def series_pictures(edition: Edition) -> list[Picture]:
    """Return the images of the series in every language, not drawn yet."""
    return [series_picture(Book(edition, language)) for language in edition.languages]

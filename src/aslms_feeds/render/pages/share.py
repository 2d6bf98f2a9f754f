"""Share images: the picture of a page that messengers and social networks show beside a link to it (Open Graph).

Each address holds the digest of what its image shows, so an image that is public already is never drawn again, and
a page never leads to a picture of another day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import Status
from aslms_feeds.editions import labels
from aslms_feeds.render.images.posters import Poster, make_picture
from aslms_feeds.render.pages.frame import make_series_picture
from aslms_feeds.render.pages.seasons import SeasonView
from aslms_feeds.render.pages.series_view import SeriesView

if TYPE_CHECKING:
    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.images.posters import Picture
    from aslms_feeds.render.pages.meetings import MeetingView


def make_season_picture(season: SeasonView) -> Picture:
    """Return the share image of a season's page."""
    series = season.series
    _ = series.language.gettext
    status = season.definition.status
    cities = (
        (meeting.circuit.city if meeting.circuit else "") or meeting.venue
        for meeting in season.meetings
        if not meeting.is_off
    )
    poster = Poster(
        short=series.definition.short,
        series="" if series.name in season.name else series.name,
        colour=series.definition.colour,
        title=season.name,
        days=season.days or ("" if season.meetings else _("The calendar is to be announced.")),
        place=series.language.commas(dict.fromkeys(cities)),
        status=status,
        status_name=labels.name_status(status, series.language),
    )
    return make_picture(poster, series.edition.addresses, series.language, season.id)


def make_meeting_picture(season: SeasonView, meeting: MeetingView) -> Picture:
    """Return the share image of a race meeting's page."""
    series = season.series
    _ = series.language.gettext
    poster = Poster(
        short=series.definition.short,
        series=series.name,
        colour=series.definition.colour,
        title=meeting.name,
        days=meeting.days or _("The day is not known yet"),
        place=labels.describe_location(meeting.circuit, meeting.event, series.language),
        status=meeting.status,
        status_name=labels.name_status(meeting.status, series.language),
        new_days=meeting.new_day if meeting.status is Status.POSTPONED else "",
    )
    return make_picture(poster, series.edition.addresses, series.language, season.id, meeting.id)


def make_season_pictures(edition: Edition, season: SeasonEdition, language: Language) -> list[Picture]:
    """Return the images of a season and its race meetings in one language, not drawn yet; a forerunner has none."""
    view = SeasonView(SeriesView(edition, language), season)
    if view.is_forerunner:
        return []
    return [make_season_picture(view), *(make_meeting_picture(view, meeting) for meeting in view.meetings)]


def make_series_pictures(edition: Edition) -> list[Picture]:
    """Return the images of the series in every language, not drawn yet."""
    return [make_series_picture(SeriesView(edition, language)) for language in edition.languages]

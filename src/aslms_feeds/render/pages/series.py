"""Which pages a series has: values in, complete HTML documents out, the same bytes for the same edition.

A page says what stays true until the definitions change. What depends on the hour, such as the next session, a
countdown or the reader's own time zone, is left to a small script, and no page needs it. Templates and static files are
read from the package once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.editions import markup
from aslms_feeds.publication.manifest import HTML, Document
from aslms_feeds.render.pages import drawings
from aslms_feeds.render.pages.assets import load_asset, load_assets, load_series_assets, write_colours
from aslms_feeds.render.pages.clients import list_clients
from aslms_feeds.render.pages.frame import Page, frame_page, make_opml_path, shorten_description
from aslms_feeds.render.pages.history import History
from aslms_feeds.render.pages.links import strip_host
from aslms_feeds.render.pages.seasons import SeasonView
from aslms_feeds.render.pages.series_view import SeriesView
from aslms_feeds.render.pages.share import make_meeting_picture, make_season_picture
from aslms_feeds.render.pages.structured import describe_meeting, describe_season, write_data_block
from aslms_feeds.render.pages.subscribing import SubscribeChoices, write_snippet
from aslms_feeds.render.pages.summary import Teaser, make_teaser
from aslms_feeds.render.pages.templates import render

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.edition import Edition
    from aslms_feeds.editions.items import FeedName, Item
    from aslms_feeds.render.pages.meetings import MeetingView


_LATEST = 6


def make_series_pages(edition: Edition) -> list[Document]:
    """Return every page of a series in every language, and the assets they use."""
    pages = SeriesPages(edition)
    seasons = (pages.make_season_pages(season.files.id) for season in edition.seasons)
    return [*pages.make_series_pages(), *(page for season_pages in seasons for page in season_pages)]


def make_series_assets(edition: Edition) -> list[Document]:
    """Return the assets that the pages of a series use."""
    return [*load_assets(), *load_series_assets(), write_colours(edition.files.series)]


class SeriesPages:
    """The pages of a series in every language: those of the whole series, and those of each season."""

    def __init__(self, edition: Edition) -> None:
        """Keep what the pages show."""
        self._edition = edition
        self._languages = {
            language.tag: _LanguagePages(SeriesView(edition, language)) for language in edition.languages
        }

    def make_series_pages(
        self, *, archives: Collection[str] = (), components: Mapping[str, Sequence[Component]] | None = None
    ) -> list[Document]:
        """Return the pages that belong to no single season, and the assets all pages use.

        ``archives`` are the folders of archived feeds. ``components`` says by its path what each calendar holds that
        was cut to a size.
        """
        pages = make_series_assets(self._edition)
        for tag in self._languages:
            pages += self.make_series_pages_in(tag, archives, components or {})
        return pages

    def make_series_pages_in(
        self, tag: str, archives: Collection[str], components: Mapping[str, Sequence[Component]]
    ) -> list[Document]:
        """Return the pages of one language that belong to no single season; see `make_series_pages`."""
        pages = self._languages[tag]
        return [
            pages.make_series_page(),
            pages.make_subscribe_page(),
            pages.make_embedded_page(),
            pages.make_changes_page(),
            pages.make_history_page(),
            pages.make_feeds_page(archives),
            pages.make_why_page(components),
        ]

    def make_season_pages(self, season_id: str) -> list[Document]:
        """Return the pages of a season and its race meetings; a forerunner has none."""
        return [page for tag in self._languages for page in self.make_season_pages_in(tag, season_id)]

    def make_season_pages_in(self, tag: str, season_id: str) -> list[Document]:
        """Return the pages of a season in one language."""
        pages = self._languages[tag]
        season = next((season for season in pages.seasons if season.id == season_id), None)
        if season is None:
            return []
        meetings = [pages.make_meeting_page(season, meeting) for meeting in season.meetings]
        return [pages.make_season_page(season), *meetings]


def make_moved_page(edition: Edition, path: str, successor: str) -> Document:
    """Return the page at a former address: it leads on, at once and by itself, to where its content is today."""
    folders = successor.split("/")[:-1]
    first, *languages = edition.languages
    language = next((language for language in languages if folders[:1] == [language.tag]), first)
    parts = folders if language is first else folders[1:]
    _ = language.gettext
    series = SeriesView(edition, language)
    page = frame_page(series, parts, _("This page has moved"), _("It has a new address."))
    return Document(path, HTML, render("moved.html", language, page=page))


def make_teasers(edition: Edition) -> dict[str, Teaser]:
    """Return what the front page shows of a series, by language."""
    every_language = (SeriesView(edition, language) for language in edition.languages)
    return {series.language.tag: _LanguagePages(series).make_teaser() for series in every_language}


@dataclass(frozen=True)
class _LanguagePages:
    """All pages of a series in one language."""

    series: SeriesView

    @cached_property
    def seasons(self) -> tuple[SeasonView, ...]:
        """The seasons that have pages, the newest first; forerunners are on the history page alone."""
        seasons = (SeasonView(self.series, season) for season in reversed(self.series.edition.seasons))
        return tuple(season for season in seasons if not season.is_forerunner)

    @cached_property
    def current(self) -> SeasonView | None:
        return next((season for season in self.seasons if season.id == self.series.edition.current), None)

    @cached_property
    def last(self) -> SeasonView | None:
        """The newest season that has race meetings, where the current one has none yet."""
        if self.current is None or self.current.meetings:
            return None
        return next((season for season in self.seasons if season.is_over and season.meetings), None)

    def _list_items(self, *feeds: FeedName) -> list[Item]:
        """Return the items of feeds, of every season: newest first, those without a date last."""
        items = [item for season in self.seasons for item in season.items if item.feeds.intersection(feeds)]
        dated = sorted((item for item in items if item.published), key=_find_item_order, reverse=True)
        return dated + [item for item in items if not item.published]

    @property
    def latest(self) -> list[Item]:
        """The newest news and changes, which say no result."""
        return self._list_items("news", "changes")[:_LATEST]

    def make_teaser(self) -> Teaser:
        """Return what the front page shows of the series."""
        return make_teaser(self.series, self.current, self.last, self.latest)

    def _render_page(self, template: str, page: Page, parts: Sequence[str], **values: object) -> Document:
        language = self.series.language
        body = render(template, language, page=page, series=self.series, **values)
        return Document(self.series.edition.addresses.page(language.tag, *parts), HTML, body)

    def make_series_page(self) -> Document:
        series = self.series
        page = frame_page(series, (), series.name, markup.render_plain(series.about) if series.about else series.name)
        values = {"season": self.current, "seasons": self.seasons, "last": self.last, "latest": self.latest}
        return self._render_page("series.html", page, (), **values)

    def make_subscribe_page(self) -> Document:
        series = self.series
        _ = series.language.gettext
        what = _("%(series)s in your own calendar and feed reader: every address.", series=series.name)
        page = frame_page(series, ("subscribe",), _("Subscribe"), what)
        addresses = series.edition.addresses
        page = replace(page, styles=(*page.styles, strip_host(addresses.url(load_asset("subscribe.css").path))))
        embed = addresses.url(addresses.embed(series.language.tag))
        values = {
            "choices": SubscribeChoices(series, self.seasons),
            "qr": drawings.draw_qr_code(page.url, _("QR code that leads to this page")),
            "embed": strip_host(embed),
            "frame": write_snippet(embed, series.name),
        }
        return self._render_page("subscribe.html", page, ("subscribe",), **values)

    def make_embedded_page(self) -> Document:
        """Return the page that other sites show in a frame."""
        series, addresses = self.series, self.series.edition.addresses
        heading = self.current.name if self.current else series.name
        styles = (load_asset("embed.css"), write_colours(series.definition))
        languages = series.edition.languages
        page = replace(
            frame_page(series, (), heading, heading),
            alternates=tuple((language, addresses.url(addresses.embed(language.tag))) for language in languages),
            styles=tuple(strip_host(addresses.url(style.path)) for style in styles),
        )
        body = render("embed.html", series.language, page=page, series=series, season=self.current)
        return Document(addresses.embed(series.language.tag), HTML, body)

    def make_changes_page(self) -> Document:
        _ = self.series.language.gettext
        what = _("Everything that was added, moved or called off, the newest first.")
        page = frame_page(self.series, ("changes",), _("Changes"), what)
        return self._render_page("changes.html", page, ("changes",), items=self._list_items("changes"))

    def make_feeds_page(self, archives: Collection[str]) -> Document:
        _ = self.series.language.gettext
        what = _("%(series)s in your feed reader: every feed and its addresses.", series=self.series.name)
        page = frame_page(self.series, ("feeds",), _("Feeds"), what)
        feeds = self.series.list_feeds(archives, {season.id: season.name for season in self.seasons})
        opml = make_opml_path(self.series.edition.addresses.base_url)
        return self._render_page("feeds.html", page, ("feeds",), feeds=feeds, opml=opml)

    def make_why_page(self, components: Mapping[str, Sequence[Component]]) -> Document:
        series = self.series
        _ = series.language.gettext
        refresh_hours = series.edition.files.publisher.calendars.refresh_hours
        what = _("What your app should show, and what to do when it shows something else.")
        page = frame_page(series, ("why",), _("Why does my app show something else?"), what)
        current = self.current if self.current and self.current.stamped_meetings else None
        values = {
            "season": current or next((season for season in self.seasons if season.stamped_meetings), None),
            "groups": [
                (title, series.describe_calendars(links, components))
                for title, links in (
                    (_("Every season"), series.main_calendars),
                    (_("One class only"), series.class_calendars),
                    (_("With reminders"), series.reminder_calendars),
                )
                if links
            ],
            "clients": list_clients(series.language, refresh_hours=refresh_hours),
        }
        return self._render_page("why.html", page, ("why",), **values)

    def make_history_page(self) -> Document:
        _ = self.series.language.gettext
        what = _("%(series)s through the years: champions, classes, circuits and changes.", series=self.series.name)
        page = frame_page(self.series, ("history",), _("History"), what)
        seasons = (SeasonView(self.series, season) for season in self.series.edition.seasons)
        forerunners = sorted(
            (season for season in seasons if season.is_forerunner), key=lambda season: (-season.year, season.id)
        )
        history = History(self.series, self.seasons, tuple(forerunners))
        return self._render_page("history.html", page, ("history",), history=history)

    def make_season_page(self, season: SeasonView) -> Document:
        _ = self.series.language.gettext
        about = markup.render_plain(season.about) if season.about else season.name_and_days
        image = make_season_picture(season).link
        data = describe_season(self.series, season, image, shorten_description(about))
        page = frame_page(
            self.series,
            (season.id,),
            season.name,
            about,
            calendars=season.calendars,
            data=write_data_block(data) if data else None,
            image=image,
        )
        title = _("The race meetings of %(season)s over its months", season=season.name)
        days = ((meeting, find_event_days(meeting.event)) for meeting in season.meetings)
        dated = [(meeting.name, meeting.status, span) for meeting, span in days if span]
        timeline = drawings.lay_out_timeline(dated, title, self.series.language)
        return self._render_page("season.html", page, (season.id,), season=season, timeline=timeline)

    def make_meeting_page(self, season: SeasonView, meeting: MeetingView) -> Document:
        about = self.series.language.parts((meeting.name, meeting.days, meeting.venue, meeting.place))
        image = make_meeting_picture(season, meeting).link
        data = describe_meeting(self.series, meeting, season, image, shorten_description(about))
        page = frame_page(
            self.series,
            (season.id, meeting.id),
            meeting.name,
            about,
            crumbs=((season.url, season.name),),
            calendars=(meeting.calendar,) if meeting.calendar else (),
            data=write_data_block(data) if data else None,
            image=image,
        )
        place = [neighbour.id for neighbour in season.meetings].index(meeting.id)
        values = {
            "season": season,
            "meeting": meeting,
            "before": season.meetings[place - 1] if place else None,
            "after": season.meetings[place + 1] if place + 1 < len(season.meetings) else None,
        }
        return self._render_page("meeting.html", page, (season.id, meeting.id), **values)


def _find_item_order(item: Item) -> tuple[datetime, str]:
    return item.published or datetime.min.replace(tzinfo=UTC), item.key

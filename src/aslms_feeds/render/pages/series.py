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
from aslms_feeds.render.pages.assets import asset, assets, colours, series_assets
from aslms_feeds.render.pages.clients import clients
from aslms_feeds.render.pages.frame import Page, framed, opml_path, summary
from aslms_feeds.render.pages.history import History
from aslms_feeds.render.pages.links import local
from aslms_feeds.render.pages.seasons import SeasonView
from aslms_feeds.render.pages.series_view import Book
from aslms_feeds.render.pages.share import meeting_picture, season_picture
from aslms_feeds.render.pages.structured import data_block, meeting_data, season_data
from aslms_feeds.render.pages.subscribing import Subscribing, snippet
from aslms_feeds.render.pages.summary import Teaser, teaser
from aslms_feeds.render.pages.templates import render

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.edition import Edition
    from aslms_feeds.editions.items import FeedName, Item
    from aslms_feeds.render.pages.meetings import MeetingView


_LATEST = 6


def series_pages(edition: Edition) -> list[Document]:
    """Return every page of a series in every language, and the assets they use."""
    pages = SeriesPages(edition)
    return [*pages.series(), *(page for season in edition.seasons for page in pages.season(season.files.id))]


def series_files(edition: Edition) -> list[Document]:
    """Return the assets that the pages of a series use."""
    return [*assets(), *series_assets(), colours(edition.files.series)]


class SeriesPages:
    """The pages of a series in every language: those of the whole series, and those of each season."""

    def __init__(self, edition: Edition) -> None:
        """Keep what the pages show."""
        self._edition = edition
        self._languages = {language.tag: _Pages(Book(edition, language)) for language in edition.languages}

    def series(
        self, *, archives: Collection[str] = (), held: Mapping[str, Sequence[Component]] | None = None
    ) -> list[Document]:
        """Return the pages that belong to no one season, and the assets all pages use.

        ``archives`` are the folders of archived feeds, ``held`` says by path what calendars hold that were cut to size.
        """
        made = series_files(self._edition)
        return made + [page for tag in self._languages for page in self.series_in(tag, archives, held or {})]

    def series_in(self, tag: str, archives: Collection[str], held: Mapping[str, Sequence[Component]]) -> list[Document]:
        """Return the pages of one language that belong to no one season; the arguments are those of `series`."""
        own = self._languages[tag]
        made = [own.series(), own.subscribe(), own.embed(), own.changes(), own.history()]
        return [*made, own.feeds(archives), own.why(held)]

    def season(self, name: str) -> list[Document]:
        """Return the pages of a season and its race meetings; a forerunner has none of its own."""
        return [page for tag in self._languages for page in self.season_in(tag, name)]

    def season_in(self, tag: str, name: str) -> list[Document]:
        """Return the pages of a season in one language."""
        own, made = self._languages[tag], []
        for season in own.seasons:
            if season.id == name:
                made += [own.season(season), *(own.meeting(season, meeting) for meeting in season.meetings)]
        return made


def moved_page(edition: Edition, path: str, successor: str) -> Document:
    """Return the page at a former address: it leads on, at once and by itself, to where its content is today."""
    parts = successor.split("/")
    language = next((one for one in edition.languages[1:] if one.tag == parts[0]), edition.languages[0])
    own = parts[:-1] if language is edition.languages[0] else parts[1:-1]
    _ = language.gettext
    page = framed(Book(edition, language), own, _("This page has moved"), _("It has a new address."))
    return Document(path, HTML, render("moved.html", language, page=page))


def teasers(edition: Edition) -> dict[str, Teaser]:
    """Return what the front page shows of a series, by language."""
    books = {language.tag: Book(edition, language) for language in edition.languages}
    return {tag: _Pages(book).teaser() for tag, book in books.items()}


@dataclass(frozen=True)
class _Pages:
    """All pages of a series in one language."""

    book: Book

    @cached_property
    def seasons(self) -> tuple[SeasonView, ...]:
        """The seasons that have pages, the newest first; forerunners are on the history page alone."""
        every = (SeasonView(self.book, season) for season in reversed(self.book.edition.seasons))
        return tuple(season for season in every if not season.forerunner)

    @cached_property
    def current(self) -> SeasonView | None:
        return next((season for season in self.seasons if season.id == self.book.edition.current), None)

    @cached_property
    def last(self) -> SeasonView | None:
        """The newest season that has race meetings, where the current one has none yet."""
        if self.current is None or self.current.meetings:
            return None
        return next((season for season in self.seasons if season.over and season.meetings), None)

    def items(self, *feeds: FeedName) -> list[Item]:
        """Return the items of feeds, of every season: newest first, those without a date last."""
        found = [item for season in self.seasons for item in season.items if item.feeds.intersection(feeds)]
        dated = sorted((item for item in found if item.published), key=_published, reverse=True)
        return dated + [item for item in found if not item.published]

    @property
    def latest(self) -> list[Item]:
        """The newest news and changes, which tell no result."""
        return self.items("news", "changes")[:_LATEST]

    def teaser(self) -> Teaser:
        """Return what the front page shows of the series."""
        return teaser(self.book, self.current, self.last, self.latest)

    def document(self, template: str, page: Page, parts: Sequence[str], **values: object) -> Document:
        language = self.book.language
        body = render(template, language, page=page, book=self.book, **values)
        return Document(self.book.edition.addresses.page(language.tag, *parts), HTML, body)

    def series(self) -> Document:
        book = self.book
        page = framed(book, (), book.name, markup.plain(book.about) if book.about else book.name)
        values = {"season": self.current, "seasons": self.seasons, "last": self.last, "latest": self.latest}
        return self.document("series.html", page, (), **values)

    def subscribe(self) -> Document:
        book = self.book
        _ = book.language.gettext
        what = _("%(series)s in your own calendar and feed reader: every address.", series=book.name)
        page = framed(book, ("subscribe",), _("Subscribe"), what)
        page = replace(page, styles=(*page.styles, local(book.edition.addresses.url(asset("subscribe.css").path))))
        embed = book.edition.addresses.url(book.edition.addresses.embed(book.language.tag))
        values = {
            "subscribing": Subscribing(book, self.seasons),
            "qr": drawings.qr_code(page.url, _("QR code that leads to this page")),
            "embed": local(embed),
            "frame": snippet(embed, book.name),
        }
        return self.document("subscribe.html", page, ("subscribe",), **values)

    def embed(self) -> Document:
        """Return the page that other sites show in a frame."""
        book, addresses = self.book, self.book.edition.addresses
        heading = self.current.name if self.current else book.name
        page = replace(
            framed(book, (), heading, heading),
            alternates=tuple((one, addresses.url(addresses.embed(one.tag))) for one in book.edition.languages),
            styles=(local(addresses.url(asset("embed.css").path)), local(addresses.url(colours(book.series).path))),
        )
        body = render("embed.html", book.language, page=page, book=book, season=self.current)
        return Document(addresses.embed(book.language.tag), HTML, body)

    def changes(self) -> Document:
        _ = self.book.language.gettext
        what = _("Everything that was added, moved or called off, the newest first.")
        page = framed(self.book, ("changes",), _("Changes"), what)
        return self.document("changes.html", page, ("changes",), items=self.items("changes"))

    def feeds(self, archives: Collection[str]) -> Document:
        _ = self.book.language.gettext
        what = _("%(series)s in your feed reader: every feed and its addresses.", series=self.book.name)
        page = framed(self.book, ("feeds",), _("Feeds"), what)
        listed = self.book.listed_feeds(archives, {season.id: season.name for season in self.seasons})
        opml = opml_path(self.book.edition.addresses.base_url)
        return self.document("feeds.html", page, ("feeds",), listed=listed, opml=opml)

    def why(self, held: Mapping[str, Sequence[Component]]) -> Document:
        book = self.book
        _ = book.language.gettext
        what = _("What your app should show, and what to do when it shows something else.")
        page = framed(book, ("why",), _("Why does my app show something else?"), what)
        shown = self.current if self.current and self.current.stamped else None
        values = {
            "season": shown or next((season for season in self.seasons if season.stamped), None),
            "groups": [
                (title, book.states(links, held))
                for title, links in (
                    (_("Every season"), book.main_calendars),
                    (_("One class only"), book.class_calendars),
                    (_("With reminders"), book.reminder_calendars),
                )
                if links
            ],
            "clients": clients(book.language, refresh_hours=book.edition.files.publisher.calendars.refresh_hours),
        }
        return self.document("why.html", page, ("why",), **values)

    def history(self) -> Document:
        _ = self.book.language.gettext
        what = _("%(series)s through the years: champions, classes, circuits and changes.", series=self.book.name)
        page = framed(self.book, ("history",), _("History"), what)
        every = (SeasonView(self.book, season) for season in self.book.edition.seasons)
        before = [season for season in every if season.forerunner]
        forerunners = tuple(sorted(before, key=lambda season: (-season.year, season.id)))
        history = History(self.book, self.seasons, forerunners)
        return self.document("history.html", page, ("history",), history=history)

    def season(self, season: SeasonView) -> Document:
        _ = self.book.language.gettext
        about = markup.plain(season.about) if season.about else season.summary
        image = season_picture(season).link
        data = season_data(self.book, season, image, summary(about))
        page = framed(
            self.book,
            (season.id,),
            season.name,
            about,
            calendars=season.calendars,
            data=data_block(data) if data else None,
            image=image,
        )
        title = _("The race meetings of %(season)s over its months", season=season.name)
        dated = [(one.name, one.status, days) for one in season.meetings if (days := find_event_days(one.event))]
        line = drawings.timeline(dated, title, self.book.language)
        return self.document("season.html", page, (season.id,), season=season, timeline=line)

    def meeting(self, season: SeasonView, meeting: MeetingView) -> Document:
        about = self.book.language.parts((meeting.name, meeting.days, meeting.venue, meeting.place))
        image = meeting_picture(season, meeting).link
        data = meeting_data(self.book, meeting, season, image, summary(about))
        page = framed(
            self.book,
            (season.id, meeting.id),
            meeting.name,
            about,
            crumbs=((season.url, season.name),),
            calendars=(meeting.calendar,) if meeting.calendar else (),
            data=data_block(data) if data else None,
            image=image,
        )
        place = [one.id for one in season.meetings].index(meeting.id)
        values = {
            "season": season,
            "meeting": meeting,
            "before": season.meetings[place - 1] if place else None,
            "after": season.meetings[place + 1] if place + 1 < len(season.meetings) else None,
        }
        return self.document("meeting.html", page, (season.id, meeting.id), **values)


def _published(item: Item) -> tuple[datetime, str]:
    return item.published or datetime.min.replace(tzinfo=UTC), item.key

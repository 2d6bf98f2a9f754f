"""Which pages there are: values in, complete HTML documents out, the same bytes for the same edition.

A page says what stays true until the definitions change. What depends on the hour, such as the next session, a
countdown or the reader's own time zone, is left to a small script, and no page needs it. Templates and static files are
read from the package once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds import markup, naming
from aslms_feeds.addresses import INDEX, Addresses
from aslms_feeds.language import language as language_of
from aslms_feeds.model import Kind, translated
from aslms_feeds.moments import event_days
from aslms_feeds.publication import HTML, Document
from aslms_feeds.render import drawings
from aslms_feeds.render.assets import assets, colours, icon_path
from aslms_feeds.render.book import Book
from aslms_feeds.render.frame import Page, framed, site_url
from aslms_feeds.render.history import History
from aslms_feeds.render.links import local
from aslms_feeds.render.seasons import SeasonView
from aslms_feeds.render.structured import data_block, meeting_data, season_data
from aslms_feeds.render.teasers import Teaser, TeaserEvent, teaser
from aslms_feeds.render.templates import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aslms_feeds.edition import Edition
    from aslms_feeds.feed import FeedName, Item
    from aslms_feeds.model import Publisher
    from aslms_feeds.render.meetings import MeetingView

__all__ = ["SeriesPages", "Teaser", "TeaserEvent", "icon_path", "series_pages", "site_pages", "teasers"]

_LATEST = 5


def series_pages(edition: Edition) -> list[Document]:
    """Return every page of a series in every language, and the assets they use."""
    pages = SeriesPages(edition)
    return [*pages.series(), *(page for season in edition.seasons for page in pages.season(season.files.id))]


class SeriesPages:
    """The pages of a series in every language: those of the whole series, and those of each season."""

    def __init__(self, edition: Edition) -> None:
        """Keep what the pages show."""
        self._edition = edition
        self._languages = [_Pages(Book(edition, language)) for language in edition.languages]

    def series(self) -> list[Document]:
        """Return the pages that belong to no one season, and the assets all pages use."""
        made = [*assets(), colours(self._edition.files.series)]
        for pages in self._languages:
            made += [pages.series(), pages.subscribe(), pages.changes(), pages.history()]
        return made

    def season(self, name: str) -> list[Document]:
        """Return the pages of a season and its race meetings; a forerunner has none of its own."""
        made = []
        for pages in self._languages:
            for season in pages.seasons:
                if season.id == name:
                    made.append(pages.season(season))
                    made += [pages.meeting(season, meeting) for meeting in season.meetings]
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
    return {tag: teaser(book, _Pages(book).current) for tag, book in books.items()}


def site_pages(publisher: Publisher, series: Sequence[Mapping[str, Teaser]]) -> list[Document]:
    """Return the front page in every language, and its assets; ``series`` holds the :func:`teasers` of each."""
    made = list(assets())
    addresses = Addresses(publisher.base_url, "", publisher.languages[0])
    languages = [language_of(tag) for tag in publisher.languages]
    for language in languages:
        _ = language.gettext
        name = translated(publisher.name, publisher.names, language.tag)
        page = Page(
            title=name,
            heading=name,
            description=_("Race calendars and news to subscribe to, kept up to date."),
            url=site_url(addresses, language),
            alternates=tuple((other, site_url(addresses, other)) for other in languages),
            site=name,
            assets=f"{local(publisher.base_url)}/",
            icon=f"{publisher.base_url}/{icon_path()}",
        )
        cards = [one[language.tag] for one in series if language.tag in one]
        opml = f"{local(publisher.base_url)}/feeds.opml"
        body = render("front.html", language, page=page, series=cards, opml=opml)
        made.append(Document(addresses.path(language.tag, INDEX), HTML, body))
    return made


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

    def items(self, feed: FeedName) -> list[Item]:
        """Return the items of a feed, of every season: newest first, those without a date last."""
        found = [item for season in self.seasons for item in season.items if feed in item.feeds]
        dated = sorted((item for item in found if item.published), key=_published, reverse=True)
        return dated + [item for item in found if not item.published]

    def document(self, template: str, page: Page, parts: Sequence[str], **values: object) -> Document:
        language = self.book.language
        body = render(template, language, page=page, book=self.book, **values)
        return Document(self.book.edition.addresses.page(language.tag, *parts), HTML, body)

    def series(self) -> Document:
        book = self.book
        page = framed(book, (), book.name, markup.plain(book.about) if book.about else book.name)
        values = {"season": self.current, "seasons": self.seasons, "latest": self.items("changes")[:_LATEST]}
        return self.document("series.html", page, (), **values)

    def subscribe(self) -> Document:
        book = self.book
        _ = book.language.gettext
        what = _("%(series)s in your own calendar and feed reader: every address.", series=book.name)
        page = framed(book, ("subscribe",), _("Subscribe"), what)
        options = book.edition.files.publisher.calendars
        values = {
            "seasons": self.seasons,
            "qr": drawings.qr_code(page.url, _("QR code that leads to this page")),
            "refresh_hours": options.refresh_hours,
            "alarms": [
                (naming.kind_name(kind, book.language), options.alarm_minutes[kind])
                for kind in Kind
                if kind in options.alarm_minutes
            ],
        }
        return self.document("subscribe.html", page, ("subscribe",), **values)

    def changes(self) -> Document:
        _ = self.book.language.gettext
        what = _("Everything that was added, moved or called off, the newest first.")
        page = framed(self.book, ("changes",), _("Changes"), what)
        return self.document("changes.html", page, ("changes",), items=self.items("changes"))

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
        page = framed(
            self.book,
            (season.id,),
            season.name,
            markup.plain(season.about) if season.about else season.summary,
            calendars=season.calendars,
            data=data_block(season_data(self.book, season)),
        )
        title = _("The race meetings of %(season)s over its months", season=season.name)
        dated = [(one.name, one.status, days) for one in season.meetings if (days := event_days(one.event))]
        line = drawings.timeline(dated, title, self.book.language)
        return self.document("season.html", page, (season.id,), season=season, timeline=line)

    def meeting(self, season: SeasonView, meeting: MeetingView) -> Document:
        data = meeting_data(self.book, meeting, season)
        page = framed(
            self.book,
            (season.id, meeting.id),
            meeting.name,
            ", ".join(filter(None, (meeting.name, meeting.days, meeting.venue, meeting.place))),
            crumbs=((season.url, season.name),),
            calendars=(meeting.calendar,) if meeting.calendar else (),
            data=data_block(data) if data else None,
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

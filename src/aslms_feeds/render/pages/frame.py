"""The frame of every page: its head, header and footer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.definitions.shortening import shorten_to_words
from aslms_feeds.editions import markup
from aslms_feeds.render.images.posters import Poster, make_picture
from aslms_feeds.render.pages.assets import colours, icon_path
from aslms_feeds.render.pages.links import local, report_link
from aslms_feeds.render.pages.structured import breadcrumbs, data_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.images.posters import Picture, ShareImage
    from aslms_feeds.render.pages.links import CalendarLink, FeedLink
    from aslms_feeds.render.pages.series_view import Book

_DESCRIPTION_LENGTH = 200


@dataclass(frozen=True)
class Page:
    """What the frame of a page shows."""

    title: str
    heading: str
    description: str
    url: str
    alternates: tuple[tuple[Language, str], ...]
    """The same page in every language, this one included."""
    site: str
    assets: str
    """Where the assets folder is, on this host."""
    icon: str
    crumbs: tuple[tuple[str, str], ...] = ()
    nav: tuple[tuple[str, str], ...] = ()
    footer: tuple[tuple[str, str], ...] = ()
    """Links at the end, with their texts."""
    feeds: tuple[FeedLink, ...] = ()
    calendars: tuple[CalendarLink, ...] = ()
    styles: tuple[str, ...] = ()
    data: Markup | None = None
    """A block of structured data."""
    report: str = ""
    """Where to report a wrong time on this page; empty where the publisher names no address."""
    image: ShareImage | None = None
    """The picture beside a link to the page; else the icon is."""

    @property
    def trail(self) -> Markup | None:
        """The way to the page, as a block of structured data; nothing for the front page."""
        host = self.url.removesuffix(local(self.url))
        way = breadcrumbs([*((f"{host}{path}", name) for path, name in self.crumbs), (self.url, self.heading)])
        return data_block(way) if way else None


def framed(
    book: Book,
    parts: Sequence[str],
    heading: str,
    description: str,
    *,
    crumbs: Sequence[tuple[str, str]] = (),
    calendars: Sequence[CalendarLink] = (),
    data: Markup | None = None,
    image: ShareImage | None = None,
) -> Page:
    """Return the frame of one page of a series; one without a share image of its own has that of the series."""
    addresses = book.edition.addresses
    # The whole site may have another name than its one series; both are shown once.
    home = local(site_url(addresses, book.language))
    trail = [(home, book.site), *([(book.href(), book.name)] if parts else []), *crumbs]
    title = heading if not parts else f"{heading} · {book.name}"
    return Page(
        title=title,
        heading=heading,
        description=summary(description),
        url=book.url(*parts),
        alternates=tuple((one, addresses.page_url(one.tag, *parts)) for one in book.edition.languages),
        site=book.site,
        assets=local(addresses.url("")),
        icon=addresses.url(icon_path()),
        crumbs=tuple(trail),
        nav=_nav(book),
        footer=_footer(book),
        feeds=book.feeds,
        calendars=(*calendars, *book.main_calendars),
        styles=(local(addresses.url(colours(book.series).path)),),
        data=data,
        report=_report(book, title, book.url(*parts)),
        image=image or series_picture(book).link,
    )


def series_picture(book: Book) -> Picture:
    """Return the share image of a series."""
    _ = book.language.gettext
    poster = Poster(
        short=book.series.short,
        series="",
        colour=book.series.colour,
        title=book.name,
        place=_("Race calendars and news to subscribe to, kept up to date."),
    )
    return make_picture(poster, book.edition.addresses, book.language)


def _report(book: Book, title: str, url: str) -> str:
    report = book.edition.files.publisher.report
    return report_link(report, book.language.gettext("Wrong time: %(page)s", page=title), url) if report else ""


def _nav(book: Book) -> tuple[tuple[str, str], ...]:
    _ = book.language.gettext
    current = book.edition.current
    return (
        (book.href(), book.series.short),
        *([(book.href(current), _("Season"))] if current else []),
        (book.href("subscribe"), _("Subscribe")),
        (book.href("changes"), _("Changes")),
        (book.href("feeds"), _("Feeds")),
        (book.href("history"), _("History")),
    )


def _footer(book: Book) -> tuple[tuple[str, str], ...]:
    _ = book.language.gettext
    return (
        (book.href("why"), _("Why does my app show something else?")),
        (book.data("series.json"), _("The series as data")),
        (opml_path(book.edition.addresses.base_url), _("All feeds as one OPML file")),
    )


def opml_path(base_url: str) -> str:
    """Return the address of the list of all feeds, on this host."""
    return f"{local(base_url)}/feeds.opml"


def site_url(addresses: Addresses, language: Language) -> str:
    """Return the public address of the front page in a language."""
    return f"{addresses.base_url}/{addresses.path(language.tag, '')}"


def plain(text: str) -> str:
    """Return the first words of a Markdown text as one plain line."""
    return summary(markup.plain(text))


def summary(text: str) -> str:
    """Return the first words of a plain text on one line."""
    words = " ".join(text.split())
    return shorten_to_words(
        words, _DESCRIPTION_LENGTH, stays=_DESCRIPTION_LENGTH, punctuation=",;:.", trim=",;:.", ellipsis=" …"
    )

"""The frame of every page: its head, header and footer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds import markup
from aslms_feeds.render.assets import colours, icon_path
from aslms_feeds.render.links import local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from aslms_feeds.addresses import Addresses
    from aslms_feeds.language import Language
    from aslms_feeds.render.book import Book
    from aslms_feeds.render.links import CalendarLink, FeedLink

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
    feeds: tuple[FeedLink, ...] = ()
    calendars: tuple[CalendarLink, ...] = ()
    styles: tuple[str, ...] = ()
    data: Markup | None = None
    """A block of structured data."""


def framed(
    book: Book,
    parts: Sequence[str],
    heading: str,
    description: str,
    *,
    crumbs: Sequence[tuple[str, str]] = (),
    calendars: Sequence[CalendarLink] = (),
    data: Markup | None = None,
) -> Page:
    """Return the frame of one page of a series."""
    addresses = book.edition.addresses
    # The whole site may have another name than its one series; both are shown once.
    home = local(site_url(addresses, book.language))
    trail = [(home, book.site), *([(book.href(), book.name)] if parts else []), *crumbs]
    return Page(
        title=heading if not parts else f"{heading} · {book.name}",
        heading=heading,
        description=summary(description),
        url=book.url(*parts),
        alternates=tuple((one, addresses.page_url(one.tag, *parts)) for one in book.edition.languages),
        site=book.site,
        assets=local(addresses.url("")),
        icon=addresses.url(icon_path()),
        crumbs=tuple(trail),
        nav=_nav(book),
        feeds=book.feeds,
        calendars=(*calendars, *book.main_calendars),
        styles=(local(addresses.url(colours(book.series).path)),),
        data=data,
    )


def _nav(book: Book) -> tuple[tuple[str, str], ...]:
    _ = book.language.gettext
    current = book.edition.current
    return (
        (book.href(), book.series.short),
        *([(book.href(current), _("Season"))] if current else []),
        (book.href("subscribe"), _("Subscribe")),
        (book.href("changes"), _("Changes")),
        (book.href("history"), _("History")),
    )


def site_url(addresses: Addresses, language: Language) -> str:
    """Return the public address of the front page in a language."""
    return f"{addresses.base_url}/{addresses.path(language.tag, '')}"


def plain(text: str) -> str:
    """Return the first words of a Markdown text as one plain line."""
    return summary(markup.plain(text))


def summary(text: str) -> str:
    """Return the first words of a plain text on one line."""
    words = " ".join(text.split())
    if len(words) <= _DESCRIPTION_LENGTH:
        return words
    return words[:_DESCRIPTION_LENGTH].rsplit(" ", 1)[0].rstrip(",;:.") + " …"

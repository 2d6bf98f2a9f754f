"""An edition to all its documents, each read back before it may be published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds import readback
from aslms_feeds.feed import feeds
from aslms_feeds.publication import ATOM, CALENDAR, HTML, JSON_FEED, RSS, Document
from aslms_feeds.render import data, jsonfeed, pages
from aslms_feeds.render.feeds import atom, rss
from aslms_feeds.render.ics import Rendered, Renderer
from aslms_feeds.safeguards import successor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from aslms_feeds.edition import Edition
    from aslms_feeds.feed import Feed


@dataclass(frozen=True)
class Documents:
    """Everything a series publishes."""

    documents: tuple[Document, ...]
    calendars: tuple[Rendered, ...]
    feeds: tuple[tuple[str, Feed], ...]


def render(edition: Edition, published: Mapping[str, str]) -> Documents:
    """Return every document of a series; raises :class:`aslms_feeds.errors.RenderError` when one reads back wrong.

    ``published`` holds the SHA-256 of what is public, by path: it was read back before.
    """
    renderer = Renderer(
        edition.files.publisher,
        edition.files.series,
        edition.addresses.url("").rstrip("/"),
        edition.languages,
        edition.revisions,
    )
    calendars = tuple(renderer.calendar(calendar) for calendar in edition.calendars)
    made = [Document(one.calendar.path, CALENDAR, one.body) for one in calendars]
    told = tuple(_feeds(edition, published))
    for folder, feed in told:
        made.append(Document(f"{folder}/atom.xml", ATOM, atom(feed)))
        made.append(Document(f"{folder}/rss.xml", RSS, rss(feed)))
        made.append(Document(f"{folder}/feed.json", JSON_FEED, jsonfeed.render(feed)))
    made += data.documents(edition)
    made += pages.series_pages(edition)
    made += _at_old_addresses(edition, made, published)
    whole = Documents(tuple(sorted(made, key=lambda one: one.path)), calendars, told)
    readback.check(edition, whole.documents, calendars, told, published)
    return whole


def _at_old_addresses(edition: Edition, made: Sequence[Document], published: Iterable[str]) -> list[Document]:
    """Return what is public under an address that a new id of its season or event has changed.

    A page leads on to the new one; a calendar, a feed or data is carried on: not every client follows a redirect.
    """
    new = {one.path: one for one in made}
    old = [(path, new.get(successor(path, edition.files))) for path in published if path not in new]
    return [
        pages.moved_page(edition, path, one.path)
        if one.media_type == HTML
        else Document(path, one.media_type, one.body)
        for path, one in old
        if one is not None
    ]


def _feeds(edition: Edition, published: Collection[str]) -> list[tuple[str, Feed]]:
    made: list[tuple[str, Feed]] = []
    seasons = [one for one in edition.seasons if one.files.season.kind == "championship"]
    names = [one.files.id for one in seasons]
    over = names[: names.index(edition.current)] if edition.current else []
    opened = min((one.ledger.opened for one in edition.seasons), default=None)
    for language in edition.languages:
        told = {one.files.id: one.items[language.tag] for one in seasons}
        icon = edition.addresses.url(pages.icon_path())
        if opened is not None:
            made += feeds(
                edition.files,
                told,
                edition.addresses,
                language,
                over=over,
                opened=opened,
                icon_url=icon,
                published=published,
            )
    return made

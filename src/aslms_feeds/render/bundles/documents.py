"""Bundles: several series in one calendar, feed and page, made from what each of them has public, and nothing else.

A VEVENT keeps its bytes, an item its id and its dates; a bundle adds their order, a head and a page. So a series that
cannot be built now, or is under embargo, is in its bundles just as it is public, or is not in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aslms_feeds.errors import IdentityError
from aslms_feeds.publication.manifest import CALENDAR, HTML, INDEX_PAGE, Document
from aslms_feeds.render import opml, readback
from aslms_feeds.render.bundles.bundle import PublicBundle, PublicSeries
from aslms_feeds.render.bundles.edition import BundleEdition
from aslms_feeds.render.bundles.losses import find_emptied_documents, find_lost_bundles
from aslms_feeds.render.calendar_files import join_calendar
from aslms_feeds.render.feed_documents import render_feed
from aslms_feeds.render.ics import render_head
from aslms_feeds.render.pages import bundle as pages
from aslms_feeds.render.reuse import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.render.pages.bundle import BundleView
    from aslms_feeds.render.pages.links import CalendarLink
    from aslms_feeds.render.reuse import PublicDocuments


@dataclass(frozen=True)
class BundleDocuments:
    """Everything that bundles publish."""

    documents: tuple[Document, ...] = ()
    views: Mapping[str, Sequence[BundleView]] = field(default_factory=dict)
    """What the front page shows, by language."""
    feeds: tuple[opml.Outline, ...] = ()
    """A folder for each bundle."""
    moved: frozenset[str] = frozenset()
    """The former addresses of pages, which no sitemap names."""
    units: Mapping[str, Unit] = field(default_factory=dict)
    """What the documents of each bundle and language were made from."""


NO_BUNDLES = BundleDocuments()
"""What is published where there are none."""


def render_bundles(
    publisher: Publisher,
    all_series: Mapping[str, PublicSeries],
    past: PublicDocuments,
    *,
    root: str = "calendars",
    tools: str = "",
) -> BundleDocuments:
    """Return what every bundle publishes; paths are below the top of the site.

    ``past`` is what is public there, ``root`` how problems name the calendars folder; ``tools`` tells one version of
    this program and its libraries from another. Raises :class:`IdentityError` when something that is public would not
    be kept up to date any more, and :class:`aslms_feeds.errors.RenderError` when a document reads back wrong.
    """
    bundles = [PublicBundle(publisher, definition, all_series, past) for definition in publisher.bundles]
    problems = [*find_lost_bundles(publisher, past.rows, root)]
    problems += [problem for bundle in bundles for problem in find_emptied_documents(bundle, root)]
    if problems:
        raise IdentityError(problems)
    documents: list[Document] = []
    views: dict[str, list[BundleView]] = {}
    feeds: list[opml.Outline] = []
    units: dict[str, Unit] = {}
    for bundle in bundles:
        editions = [BundleEdition(bundle, language) for language in bundle.languages]
        for edition in editions:
            unit = f"{bundle.definition.id}/{edition.tag}"
            edition_documents, units[unit] = _reuse_or_render(edition, unit, tools)
            documents += edition_documents
            views.setdefault(edition.tag, []).append(edition.view)
        if editions:
            outlines = tuple(outline for edition in editions for outline in edition.list_outlines())
            feeds.append(opml.Outline(editions[0].name, html_url=editions[0].view.url, outlines=outlines))
    return BundleDocuments(tuple(documents), views, tuple(feeds), _find_moved_pages(publisher, bundles), units)


def _find_moved_pages(publisher: Publisher, bundles: Iterable[PublicBundle]) -> frozenset[str]:
    """Return the former addresses of the bundles' pages."""
    former = [addresses for bundle in bundles for addresses in bundle.former_addresses]
    return frozenset(addresses.path(tag, INDEX_PAGE) for addresses in former for tag in publisher.languages)


def _reuse_or_render(edition: BundleEdition, unit: str, tools: str) -> tuple[list[Document], Unit]:
    """Return the documents of an edition and their sources; what would be rendered as it is, is taken as it is."""
    sources = edition.fingerprint_sources(tools)
    documents = edition.bundle.past.find_unit_documents(unit, sources)
    if documents is None:
        documents = _render(edition)
    return documents, Unit(sources, tuple(document.path for document in documents))


def _render(edition: BundleEdition) -> list[Document]:
    bundle, tag, addresses = edition.bundle, edition.tag, edition.bundle.addresses
    documents = [_render_calendar(edition, link) for link in edition.view.calendars]
    for feed in edition.feeds:
        documents += render_feed(addresses.path(tag, feed.name), feed)
    alternates = [(language, addresses.page_url(language.tag)) for language in bundle.languages]
    page = pages.make_bundle_page(edition.view, bundle.publisher, edition.language, alternates)
    documents.append(Document(addresses.path(tag, INDEX_PAGE), HTML, page))
    _check(edition, documents)
    moved_page = b""
    if bundle.former_addresses:
        moved_page = pages.make_moved_bundle_page(edition.view, bundle.publisher, edition.language, alternates)
    return documents + _render_old_addresses(edition, documents, moved_page)


def _render_calendar(edition: BundleEdition, link: CalendarLink) -> Document:
    calendar, bundle = link.calendar, edition.bundle
    events = edition.join_calendar(calendar.name)
    hours = bundle.publisher.calendars.refresh_hours
    head = render_head(calendar, link.url, hours, bundle.definition.colour, events.newest) + events.vtimezones
    document = Document(calendar.path, CALENDAR, join_calendar(head, events.vevents.values()))
    readback.check_bundle_calendar(document, link.url, head, events.vevents)
    return document


def _check(edition: BundleEdition, documents: Iterable[Document]) -> None:
    """Read back the feeds and the page, as far as they are not public already; calendars were when they were made."""
    digests = edition.bundle.past.digests
    fresh = {document.path: document for document in documents if digests.get(document.path) != document.sha256}
    for feed in edition.feeds:
        readback.check_feed(feed, edition.bundle.addresses.path(edition.tag, feed.name), fresh)
    for document in fresh.values():
        if document.media_type == HTML:
            readback.check_page(document)


def _render_old_addresses(edition: BundleEdition, documents: Iterable[Document], moved_page: bytes) -> list[Document]:
    """Return what is public under an id that the bundle had.

    A page leads on; a calendar or a feed is carried on: not every client follows a redirect.
    """
    new = {document.path: document for document in documents}
    successors = {path: new[successor] for path, successor in _find_successors(edition).items() if successor in new}
    return [
        Document(path, document.media_type, moved_page if document.media_type == HTML else document.body)
        for path, document in sorted(successors.items())
    ]


def _find_successors(edition: BundleEdition) -> dict[str, str]:
    """Return where each document is today that is public under an id that the bundle had."""
    bundle = edition.bundle
    return {
        path: successor
        for former in bundle.former_addresses
        for path in bundle.past.rows
        if (successor := bundle.addresses.successor(former, edition.tag, path))
    }

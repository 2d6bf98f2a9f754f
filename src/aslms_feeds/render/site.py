"""The top of the site, made from what each published series says of itself: front page, OPML, sitemap, robots.txt.

It is built last and from published state alone, so that a series with a wrong file stays on it as it was.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lxml.etree import Element, SubElement, tostring

from aslms_feeds.definitions.values import Status
from aslms_feeds.editions.addresses import find_successor
from aslms_feeds.editions.feeds import describe_series_feed
from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.instants import format_instant
from aslms_feeds.publication.formats import ATOM
from aslms_feeds.publication.manifest import EMBED_PAGE, HTML, NOT_FOUND_PAGE, OPML, TEXT, XML, Document
from aslms_feeds.publication.records import encode_json, require_record
from aslms_feeds.render import opml
from aslms_feeds.render.bundles.documents import NO_BUNDLES
from aslms_feeds.render.pages.front import make_site_pages
from aslms_feeds.render.pages.series import make_teasers
from aslms_feeds.render.pages.summary import Teaser, TeaserEvent, TeaserItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.editions.edition import Edition
    from aslms_feeds.publication.manifest import Manifest
    from aslms_feeds.render.bundles.documents import BundleDocuments

LISTING_FILE = "site.json"
"""The file of a series' private state that the top of the site is made from."""
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass(frozen=True)
class SeriesListing:
    """What the top of the site shows of a published series."""

    teasers: Mapping[str, Teaser]
    """By language."""
    feeds: tuple[opml.Outline, ...]
    moved: frozenset[str] = frozenset()
    """The former addresses of pages, which no sitemap names."""


def write_listing(edition: Edition, published: Iterable[str] = ()) -> bytes:
    """Return what the site shows of a series, for its private state; ``published`` are its addresses so far."""
    feeds = []
    for language in edition.languages:
        for name in FEED_NAMES:
            title, _description = describe_series_feed(name, edition.files, language)
            path = edition.addresses.feed(language.tag, name, ATOM.file)
            page = edition.addresses.page_url(language.tag)
            feeds.append(opml.Outline(title, edition.addresses.url(path), page, language.tag))
    data = {
        "teasers": {tag: asdict(teaser) for tag, teaser in make_teasers(edition).items()},
        "feeds": [asdict(outline) for outline in feeds],
        "moved": sorted(path for path in published if find_successor(path, edition.files) != path),
    }
    return encode_json(data)


def parse_listing(text: bytes) -> SeriesListing:
    """Return the listing that :func:`write_listing` wrote."""
    hint = "restore the generation folder from a backup"
    return require_record(text, None, _build_listing, name=LISTING_FILE, hint=hint)


def _build_listing(data: Mapping[str, Any]) -> SeriesListing:
    teasers = {tag: _build_teaser(row) for tag, row in data["teasers"].items()}
    feeds = tuple(opml.Outline(**{**row, "outlines": ()}) for row in data["feeds"])
    return SeriesListing(teasers, feeds, frozenset(data["moved"]))


def _build_teaser(row: Mapping[str, Any]) -> Teaser:
    lists = {name: tuple(_build_event(event) for event in row.get(name, ())) for name in ("events", "last_events")}
    latest = tuple(TeaserItem(**item) for item in row.get("latest", ()))
    status = Status(row["status"]) if row["status"] else None
    return Teaser(**{**row, **lists, "status": status, "classes": tuple(row["classes"]), "latest": latest})


def _build_event(row: Mapping[str, Any]) -> TeaserEvent:
    return TeaserEvent(**{**row, "status": Status(row["status"])})


def render_site(
    publisher: Publisher,
    listings: Mapping[str, SeriesListing],
    manifests: Mapping[str, Manifest],
    bundles: BundleDocuments = NO_BUNDLES,
) -> tuple[Document, ...]:
    """Return the documents of the top of the site; ``listings`` and ``manifests`` are by series."""
    names = sorted(listings)
    documents = make_site_pages(publisher, [listings[name].teasers for name in names], bundles.views)
    documents += bundles.documents
    outlines = [*(_make_folder(listings[name], publisher.languages[0]) for name in names), *bundles.feeds]
    documents.append(Document("feeds.opml", OPML, opml.render_opml(publisher.name, outlines)))
    documents.append(Document("robots.txt", TEXT, _render_robots(publisher)))
    unlisted = {NOT_FOUND_PAGE, *bundles.moved}
    pages = [page for page in documents if page.media_type == HTML and page.path not in unlisted]
    documents.append(Document("sitemap.xml", XML, _render_sitemap(publisher, pages, manifests, listings)))
    return tuple(sorted(documents, key=lambda document: document.path))


def _make_folder(series: SeriesListing, language: str) -> opml.Outline:
    return opml.Outline(series.teasers[language].name, html_url=series.teasers[language].url, outlines=series.feeds)


def _render_robots(publisher: Publisher) -> bytes:
    # Google Calendar obeys robots.txt, so nothing at all is forbidden.
    return f"User-agent: *\nDisallow:\n\nSitemap: {publisher.base_url}/sitemap.xml\n".encode()


def _render_sitemap(
    publisher: Publisher,
    own_pages: Iterable[Document],
    manifests: Mapping[str, Manifest],
    listings: Mapping[str, SeriesListing],
) -> bytes:
    root = Element("urlset", xmlns=_SITEMAP)
    pages: Sequence[tuple[str, str]] = [
        *((page.path, "") for page in own_pages),
        *(
            (f"{name}/{row.path}", format_instant(row.modified))
            for name, manifest in sorted(manifests.items())
            for row in manifest.documents.values()
            if row.media_type == HTML and row.path not in listings[name].moved and not row.path.endswith(EMBED_PAGE)
        ),
    ]
    for path, modified in sorted(pages):
        entry = SubElement(root, "url")
        SubElement(entry, "loc").text = f"{publisher.base_url}/{path.removesuffix('index.html')}"
        if modified:
            SubElement(entry, "lastmod").text = modified
    return tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)

"""The top of the site, made from what each published series says of itself: front page, OPML, sitemap, robots.txt.

It is built last and from published state alone, so that a series with a wrong file stays on it as it was.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lxml.etree import Element, SubElement, tostring

from aslms_feeds.definitions.values import Status
from aslms_feeds.editions.addresses import EMBED, NOT_FOUND
from aslms_feeds.editions.feeds import describe_series_feed
from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.editions.safeguards import successor
from aslms_feeds.publication.formats import ATOM
from aslms_feeds.publication.manifest import HTML, OPML, TEXT, XML, Document
from aslms_feeds.publication.records import encode_json, require_record
from aslms_feeds.render import opml
from aslms_feeds.render.bundles.documents import NO_BUNDLES
from aslms_feeds.render.pages.front import site_pages
from aslms_feeds.render.pages.series import teasers
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
    """What a published series says of itself."""

    teasers: Mapping[str, Teaser]
    """By language."""
    feeds: tuple[opml.Outline, ...]
    moved: frozenset[str] = frozenset()
    """The former addresses of pages, which no sitemap names."""


def write_listing(edition: Edition, published: Iterable[str] = ()) -> bytes:
    """Return what a series says of itself, as its private state keeps it; ``published`` are its addresses so far."""
    feeds = []
    for language in edition.languages:
        for name in FEED_NAMES:
            title, _description = describe_series_feed(name, edition.files, language)
            path = edition.addresses.feed(language.tag, name, ATOM.file)
            page = edition.addresses.page_url(language.tag)
            feeds.append(opml.Outline(title, edition.addresses.url(path), page, language.tag))
    data = {
        "teasers": {tag: asdict(teaser) for tag, teaser in teasers(edition).items()},
        "feeds": [asdict(one) for one in feeds],
        "moved": sorted(path for path in published if successor(path, edition.files) != path),
    }
    return encode_json(data)


def parse_listing(text: bytes) -> SeriesListing:
    """Return the listing that :func:`write_listing` wrote."""
    hint = "restore the generation folder from a backup"
    return require_record(text, None, _listing, name=LISTING_FILE, hint=hint)


def _listing(data: Mapping[str, Any]) -> SeriesListing:
    teasers = {tag: _teaser(row) for tag, row in data["teasers"].items()}
    feeds = tuple(opml.Outline(**{**row, "outlines": ()}) for row in data["feeds"])
    return SeriesListing(teasers, feeds, frozenset(data["moved"]))


def _teaser(row: Mapping[str, Any]) -> Teaser:
    lists = {name: tuple(_event(one) for one in row.get(name, ())) for name in ("events", "last_events")}
    latest = tuple(TeaserItem(**one) for one in row.get("latest", ()))
    status = Status(row["status"]) if row["status"] else None
    return Teaser(**{**row, **lists, "status": status, "classes": tuple(row["classes"]), "latest": latest})


def _event(row: Mapping[str, Any]) -> TeaserEvent:
    return TeaserEvent(**{**row, "status": Status(row["status"])})


def render_site(
    publisher: Publisher,
    listings: Mapping[str, SeriesListing],
    manifests: Mapping[str, Manifest],
    bundles: BundleDocuments = NO_BUNDLES,
) -> tuple[Document, ...]:
    """Return the documents of the top of the site; ``listings`` and ``manifests`` are by series."""
    made = site_pages(publisher, [listings[name].teasers for name in sorted(listings)], bundles.views)
    made += bundles.documents
    outlines = [*(_folder(listings[name], publisher.languages[0]) for name in sorted(listings)), *bundles.feeds]
    made.append(Document("feeds.opml", OPML, opml.render_opml(publisher.name, outlines)))
    made.append(Document("robots.txt", TEXT, _robots(publisher)))
    own = [one for one in made if one.media_type == HTML and one.path not in {NOT_FOUND, *bundles.moved}]
    made.append(Document("sitemap.xml", XML, _sitemap(publisher, own, manifests, listings)))
    return tuple(sorted(made, key=lambda one: one.path))


def _folder(series: SeriesListing, language: str) -> opml.Outline:
    return opml.Outline(series.teasers[language].name, html_url=series.teasers[language].url, outlines=series.feeds)


def _robots(publisher: Publisher) -> bytes:
    # Google Calendar obeys robots.txt, so nothing at all is forbidden.
    return f"User-agent: *\nDisallow:\n\nSitemap: {publisher.base_url}/sitemap.xml\n".encode()


def _sitemap(
    publisher: Publisher,
    own: Iterable[Document],
    manifests: Mapping[str, Manifest],
    listings: Mapping[str, SeriesListing],
) -> bytes:
    root = Element("urlset", xmlns=_SITEMAP)
    pages: Sequence[tuple[str, str]] = [
        *((one.path, "") for one in own),
        *(
            (f"{name}/{row.path}", f"{row.modified:%Y-%m-%dT%H:%M:%SZ}")
            for name, manifest in sorted(manifests.items())
            for row in manifest.documents.values()
            if row.media_type == HTML and row.path not in listings[name].moved and not row.path.endswith(EMBED)
        ),
    ]
    for path, modified in sorted(pages):
        entry = SubElement(root, "url")
        SubElement(entry, "loc").text = f"{publisher.base_url}/{path.removesuffix('index.html')}"
        if modified:
            SubElement(entry, "lastmod").text = modified
    return tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)

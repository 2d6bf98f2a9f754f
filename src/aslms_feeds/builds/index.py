"""The index: the part that leads to all series, made from what they publish, after them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aslms_feeds.builds import freshness
from aslms_feeds.builds.public_parts import load_public_documents
from aslms_feeds.publication.manifest import INDEX
from aslms_feeds.publication.publish import LINKED, publish
from aslms_feeds.render import reuse, site
from aslms_feeds.render.bundles.bundle import PublicSeries
from aslms_feeds.render.bundles.documents import render_bundles
from aslms_feeds.report import Part

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.publication.publish import Generation, Store


def publish_index(
    store: Store,
    public: Generation | None,
    publisher: Publisher,
    *,
    now: datetime,
    root: str,
    before_switch: Callable[[], None],
) -> Part:
    """Publish the index for the series that are public; ``public`` is its public generation."""
    listings, members = {}, {}
    for name in store.list_parts():
        series = store.read_current(name) if name != INDEX else None
        if series is None:
            continue
        if site.LISTING_FILE in series.state:
            listings[name] = site.parse_listing(series.state[site.LISTING_FILE])
        teasers = listings[name].teasers if name in listings else {}
        members[name] = PublicSeries(name, series.manifest, teasers, partial(store.read_document, name))
    public_documents = load_public_documents(store, INDEX, public)
    bundles = render_bundles(
        publisher, members, public_documents, root=root, tools=freshness.fingerprint_installation()
    )
    manifests = {name: members[name].manifest for name in listings}
    documents = site.render_site(publisher, listings, manifests, bundles)
    notes = {reuse.UNITS_FILE: reuse.write_units(bundles.units)} if bundles.units else {}
    # A series that is new must be linked, even when no document of the index differs.
    names = "\n".join(sorted(listings)).encode()
    manifest, change = publish(
        store, INDEX, documents, {LINKED: names}, now=now, notes=notes, before_switch=before_switch
    )
    return Part(
        INDEX,
        manifest.generation,
        documents=len(manifest.documents),
        size=sum(row.size for row in manifest.documents.values()),
        written=tuple(document.path for document in change.put),
    )

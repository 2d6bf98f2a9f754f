"""Uses of the public names, as the type checker must accept them; this file is checked and never run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, assert_type

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.definitions import files
from aslms_feeds.definitions.reading import Definitions, read_definitions
from aslms_feeds.editions.compose import compose
from aslms_feeds.editions.edition import Edition
from aslms_feeds.errors import AslmsFeedsError, Problem
from aslms_feeds.ledger.ledger import Ledger, open_ledger, read_ledger
from aslms_feeds.publication.manifest import Document, Manifest, changes, next_manifest
from aslms_feeds.publication.publish import Store, publish
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.render.documents import render_series
from aslms_feeds.serve.server import Site

if TYPE_CHECKING:
    from aslms_feeds.report import Report

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def the_whole_flow(folder: Path, output: Path) -> Report:
    """Publish a calendars folder."""
    report = regenerate(
        LocalStore(output), files.read_calendars_folder(folder), now=NOW, base_url=None, root=str(folder)
    )
    assert_type(report.failed, bool)
    assert_type(report.parts[0].problems, tuple[Problem, ...])
    return report


def its_steps(contents: dict[str, bytes]) -> tuple[Document, ...]:
    """Go through the flow by hand."""
    found = read_definitions(contents, "calendars")
    assert_type(found, Definitions)
    edition = compose(found.series["aslms"], {}, now=NOW, base_url="https://calendar.example.org")
    assert_type(edition, Edition)
    return render_series(edition).documents


def every_store_is_a_store() -> list[Store]:
    """Each implementation satisfies the interface."""
    return [LocalStore(Path("publication")), MemoryStore()]


def a_publication(store: Store, documents: list[Document]) -> Manifest:
    """Publish documents of one's own."""
    manifest, change = publish(store, "aslms", documents, {}, now=NOW)
    assert_type(change.put, tuple[Document, ...])
    return next_manifest(manifest, "aslms", changes(manifest, documents), now=NOW)


def a_ledger(text: bytes) -> Ledger:
    """Read a ledger, or open one."""
    try:
        return read_ledger(text)
    except AslmsFeedsError as error:
        assert_type(error.hint, str)
        return open_ledger("2030", minted="example.org,2029-12-01", now=NOW, backfilled=False)


APPLICATION = Site(Path("publication"))

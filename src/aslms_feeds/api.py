"""The public names for programs: load and check definitions, publish them, look ahead, read a manifest.

Nothing else in this package is public: it may change with any version. ``now`` is an aware instant; it stamps, decides
what an embargo still hides and which season is current, and nothing else. The same definitions at the same instant give
the same bytes.

>>> from datetime import UTC, datetime
>>> from aslms_feeds import api
>>> definitions = api.load("calendars")
>>> definitions.problems
()
>>> publication = api.build_in_memory("calendars", now=datetime(2030, 1, 1, tzinfo=UTC))
>>> publication.report.failed
False
>>> publication.read("cup/cup-races.ics")[:15]
b'BEGIN:VCALENDAR'
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds.builds.build import build as build_output
from aslms_feeds.builds.build import plan_build
from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.definitions.files import read_calendars_folder
from aslms_feeds.definitions.reading import Definitions, read_definitions
from aslms_feeds.definitions.warnings import find_warnings
from aslms_feeds.errors import AslmsFeedsError, Busy, DefinitionError, IdentityError, Problem, PublicationError
from aslms_feeds.publication.manifest import INDEX, Document, Listed, Manifest, read_manifest
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.report import EventChange, ItemChange, NewFact, Part, Report
from aslms_feeds.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

__all__ = [
    "AslmsFeedsError",
    "Busy",
    "DefinitionError",
    "Definitions",
    "Document",
    "EventChange",
    "IdentityError",
    "ItemChange",
    "Listed",
    "Manifest",
    "NewFact",
    "Part",
    "Problem",
    "Publication",
    "PublicationError",
    "Report",
    "build",
    "build_in_memory",
    "find_doubts",
    "load",
    "plan",
    "read_manifest",
]


def load(calendars: Path | str) -> Definitions:
    """Return what a calendars folder defines: its series, and every problem of every file with its place.

    Raises :class:`AslmsFeedsError` where there is no such folder, or a link in it leads out of it.
    """
    return read_definitions(read_calendars_folder(calendars), str(calendars))


def find_doubts(definitions: Definitions, *, today: date) -> tuple[Problem, ...]:
    """Return what is doubtful in definitions, as ``aslms-feeds check`` warns of it; ``accept`` answers each."""
    return find_warnings(definitions, today=today)


def build(
    calendars: Path | str, output: Path | str, *, now: datetime, base_url: str | None = None, state: Path | None = None
) -> Report:
    """Publish a calendars folder into ``output``, as ``aslms-feeds build`` does, and return what that did.

    ``base_url`` is used instead of the one in ``publisher.toml``; ``state`` is a folder for the ledgers, for machines
    that forget. A series with a problem stays at its last good generation. Where nothing would change the report has
    no part. Raises :class:`Busy` while another build is at work, and :class:`PublicationError` when nothing can be
    published.
    """
    settings = Settings(calendars=Path(calendars), output=Path(output), base_url=base_url, state=state)
    return build_output(settings, now) or Report(())


def plan(calendars: Path | str, output: Path | str, *, now: datetime, base_url: str | None = None) -> Report:
    """Return what :func:`build` would tell subscribers and write; nothing is written, nobody is asked."""
    settings = Settings(calendars=Path(calendars), output=Path(output), base_url=base_url)
    _store, report = plan_build(settings, read_calendars_folder(calendars), base_url, now=now)
    return report


@dataclass(frozen=True)
class Publication:
    """A publication in memory: documents by their addresses below the site, and what the build of it did."""

    report: Report
    _store: MemoryStore

    def __iter__(self) -> Iterator[str]:
        """Yield the address of every document, sorted: ``aslms/2023-24/index.html``."""
        yield from sorted(f"{prefix}{path}" for prefix, manifest in self._manifests() for path in manifest.documents)

    def read(self, address: str) -> bytes:
        """Return the bytes of the document at an address; :class:`KeyError` where there is none."""
        for prefix, manifest in self._manifests():
            path = address.removeprefix(prefix)
            if address.startswith(prefix) and path in manifest.documents:
                return self._store.read_document(manifest.part, path)
        raise KeyError(address)

    def manifest(self, part: str) -> Manifest:
        """Return the manifest of a series, or of ``index``: path, digest, size and time of every document of it."""
        generation = self._store.read_current(part)
        if generation is None:
            raise KeyError(part)
        return generation.manifest

    def _manifests(self) -> Iterator[tuple[str, Manifest]]:
        for part in self._store.list_parts():
            yield ("" if part == INDEX else f"{part}/"), self.manifest(part)


def build_in_memory(
    calendars: Path | str, *, now: datetime, base_url: str | None = None, previous: Publication | None = None
) -> Publication:
    """Publish a calendars folder in memory; ``previous`` is what was published before, whose stamps go on.

    ``previous`` is brought to the new state, too: keep what you need of it.
    """
    store = previous._store if previous else MemoryStore()  # noqa: SLF001 - one of its own kind
    report = regenerate(store, read_calendars_folder(calendars), now=now, base_url=base_url, root=str(calendars))
    return Publication(report, store)

"""Documents that are taken from what is public, since nothing that decides their bytes has changed.

A *unit* is a set of documents made from the same sources, such as a season's pages, data and calendars. As long as its
sources have the fingerprint they had, its documents would be the same bytes and are not made again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import Document, Listed
from aslms_feeds.publication.records import read_record_or, write_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNITS_FILE = "kept.json"
"""The file of a series' private state that knows its units."""
FORMAT = 1


@dataclass(frozen=True)
class Unit:
    """What a set of documents was made from, and where they are."""

    sources: str
    """A fingerprint of everything that decides their bytes."""
    paths: tuple[str, ...]


def _refuse_to_load(path: str) -> bytes:
    message = f"nothing is public at {path!r}"
    raise PublicationError(message)


@dataclass(frozen=True)
class PublicDocuments:
    """The public documents of a series, and what they were made from; none before its first publication."""

    rows: Mapping[str, Listed] = field(default_factory=dict)
    """What the manifest lists, by path."""
    units: Mapping[str, Unit] = field(default_factory=dict)
    """What the documents were made from, by the unit's name."""
    load: Callable[[str], bytes] = _refuse_to_load
    """Returns the bytes of a document; raises :class:`PublicationError`."""

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each document, by path."""
        return {path: row.sha256 for path, row in self.rows.items()}

    def find_document(self, path: str) -> Document | None:
        """Return a public document; None where there is none, or where it is damaged."""
        row = self.rows.get(path)
        if row is None:
            return None
        try:
            body = self.load(path)
        except PublicationError:
            return None
        return Document(path, row.media_type, body) if hashlib.sha256(body).hexdigest() == row.sha256 else None

    def find_unit_documents(self, name: str, sources: str) -> list[Document] | None:
        """Return the documents of a unit; None when its sources differ, or when any document is gone or damaged."""
        unit = self.units.get(name)
        if unit is None or unit.sources != sources:
            return None
        documents = [self.find_document(path) for path in unit.paths]
        undamaged = [document for document in documents if document is not None]
        return undamaged if len(undamaged) == len(documents) else None


def write_units(units: Mapping[str, Unit]) -> bytes:
    """Return units as the private state holds them."""
    rows = {name: {"sources": unit.sources, "paths": list(unit.paths)} for name, unit in sorted(units.items())}
    return write_record(FORMAT, {"units": rows}, compact=True)


def parse_units(text: bytes) -> dict[str, Unit]:
    """Return the units that :func:`write_units` wrote; none where another version did: all is made anew then."""
    return read_record_or({}, text, FORMAT, _build_units)


def _build_units(data: Mapping[str, Any]) -> dict[str, Unit]:
    return {name: Unit(str(row["sources"]), tuple(map(str, row["paths"]))) for name, row in data["units"].items()}

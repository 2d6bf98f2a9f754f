"""What stays as it is: documents whose every source is what it was when they were made.

A *unit* is a set of documents made from the same sources, such as a season's pages, data and calendars. As long as its
sources have the fingerprint they had, its documents are taken from what is public instead of being made again: they
would be the same bytes.
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


def _nothing(path: str) -> bytes:
    message = f"nothing is public at {path!r}"
    raise PublicationError(message)


@dataclass(frozen=True)
class PublicDocuments:
    """What is public of a series; empty for a first publication."""

    rows: Mapping[str, Listed] = field(default_factory=dict)
    """The documents, by path."""
    units: Mapping[str, Unit] = field(default_factory=dict)
    """What they were made from, by the unit's name."""
    read: Callable[[str], bytes] = _nothing
    """Returns the bytes of one; raises :class:`PublicationError`."""

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each document, by path."""
        return {path: row.sha256 for path, row in self.rows.items()}

    def document(self, path: str) -> Document | None:
        """Return a public document; None where there is none, or where it is damaged."""
        row = self.rows.get(path)
        if row is None:
            return None
        try:
            body = self.read(path)
        except PublicationError:
            return None
        return Document(path, row.media_type, body) if hashlib.sha256(body).hexdigest() == row.sha256 else None

    def documents(self, unit: str, sources: str) -> list[Document] | None:
        """Return the documents of a unit; None when its sources differ, or when any document is gone or damaged."""
        known = self.units.get(unit)
        if known is None or known.sources != sources:
            return None
        found = [self.document(path) for path in known.paths]
        whole = [one for one in found if one is not None]
        return whole if len(whole) == len(found) else None


def write_units(units: Mapping[str, Unit]) -> bytes:
    """Return units as the private state keeps them."""
    rows = {name: {"sources": one.sources, "paths": list(one.paths)} for name, one in sorted(units.items())}
    return write_record(FORMAT, {"units": rows}, compact=True)


def parse_units(text: bytes) -> dict[str, Unit]:
    """Return the units that :func:`write_units` wrote; none where another version did: all is made anew then."""
    return read_record_or({}, text, FORMAT, _units)


def _units(data: Mapping[str, Any]) -> dict[str, Unit]:
    return {name: Unit(str(row["sources"]), tuple(map(str, row["paths"]))) for name, row in data["units"].items()}

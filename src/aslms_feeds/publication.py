"""Documents with digests, the manifest that lists them, and what differs between two editions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.errors import PublicationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = 1
MANIFEST = "manifest.json"

CALENDAR = "text/calendar; charset=utf-8"
ATOM = "application/atom+xml; charset=utf-8"
RSS = "application/rss+xml; charset=utf-8"
JSON_FEED = "application/feed+json; charset=utf-8"
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
SVG = "image/svg+xml"
PNG = "image/png"
TEXT = "text/plain; charset=utf-8"
XML = "application/xml; charset=utf-8"
OPML = "text/x-opml; charset=utf-8"

ASSETS = "assets/"
"""The folder whose files carry their digest in their name and never change."""


@dataclass(frozen=True)
class Document:
    """Bytes at a path, and what they are."""

    path: str
    """Below the part's folder, with slashes, without one in front."""
    media_type: str
    body: bytes

    @cached_property
    def sha256(self) -> str:
        """The digest of the bytes, in hex."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True)
class Listed:
    """A document as the manifest lists it."""

    path: str
    sha256: str
    size: int
    media_type: str
    modified: datetime
    """The second its content last changed."""


@dataclass(frozen=True)
class Manifest:
    """Everything one generation of a part holds."""

    part: str
    generation: int
    published: datetime
    documents: Mapping[str, Listed] = field(default_factory=dict)
    """By path."""

    def to_json(self) -> bytes:
        """Return the manifest as it is published, the same bytes for the same manifest."""
        rows = [
            {
                "path": row.path,
                "sha256": row.sha256,
                "size": row.size,
                "type": row.media_type,
                "modified": _instant(row.modified),
            }
            for row in sorted(self.documents.values(), key=lambda row: row.path)
        ]
        data = {
            "format": FORMAT,
            "part": self.part,
            "generation": self.generation,
            "published": _instant(self.published),
            "documents": rows,
        }
        return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


@dataclass(frozen=True)
class Changes:
    """What a new generation changes: documents that are new or differ, and paths that only the old one has."""

    put: tuple[Document, ...]
    left: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether anything has to be written."""
        return bool(self.put)


def read_manifest(text: bytes) -> Manifest:
    """Return the manifest that :meth:`Manifest.to_json` wrote."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            message = f"the manifest has format {data['format']}, this program reads {FORMAT}"
            raise PublicationError(message, hint="use the version that wrote it, or newer")
        rows = (
            Listed(row["path"], row["sha256"], row["size"], row["type"], datetime.fromisoformat(row["modified"]))
            for row in data["documents"]
        )
        return Manifest(
            data["part"],
            data["generation"],
            datetime.fromisoformat(data["published"]),
            {row.path: row for row in rows},
        )
    except (ValueError, KeyError, TypeError) as error:
        message = f"the manifest cannot be read: {error!r}"
        raise PublicationError(message, hint="restore the generation folder from a backup") from error


def changes(old: Manifest | None, documents: Iterable[Document]) -> Changes:
    """Return what differs between what is published and ``documents``."""
    listed = old.documents if old else {}
    wanted = {document.path: document for document in documents}
    put = [document for path, document in sorted(wanted.items()) if _differs(listed.get(path), document)]
    return Changes(tuple(put), tuple(sorted(listed.keys() - wanted.keys())))


def _differs(listed: Listed | None, document: Document) -> bool:
    return listed is None or (listed.sha256, listed.media_type) != (document.sha256, document.media_type)


def next_manifest(old: Manifest | None, part: str, change: Changes, *, now: datetime) -> Manifest:
    """Return the manifest after ``change``: an address once published stays, and time at an address only grows."""
    now = now.astimezone(UTC).replace(microsecond=0)
    documents = dict(old.documents) if old else {}
    for document in change.put:
        before = documents.get(document.path)
        modified = max(now, before.modified + timedelta(seconds=1)) if before else now
        documents[document.path] = Listed(
            document.path, document.sha256, len(document.body), document.media_type, modified
        )
    published = max(now, old.published + timedelta(seconds=1)) if old else now
    return Manifest(part, old.generation + 1 if old else 1, published, documents)


def _instant(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

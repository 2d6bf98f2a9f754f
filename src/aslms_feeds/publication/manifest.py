"""Documents with digests, the manifest that lists them, and what differs between two editions."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aslms_feeds.errors import PublicationError
from aslms_feeds.instants import ONE_SECOND, format_instant, parse_instant, whole_second
from aslms_feeds.publication.records import require_record, write_record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

FORMAT = 1
MANIFEST = "manifest.json"
INDEX = "index"
"""The part whose documents are at the top of the site; every other part is in the folder of its name."""

CALENDAR = "text/calendar; charset=utf-8"
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
SVG = "image/svg+xml"
PNG = "image/png"
TEXT = "text/plain; charset=utf-8"
XML = "application/xml; charset=utf-8"
OPML = "text/x-opml; charset=utf-8"

INDEX_PAGE = "index.html"
"""The page of a folder, whose address is the folder's."""
NOT_FOUND_PAGE = "404.html"
"""The page at the top of the site for every address at which there is nothing."""
EMBED_PAGE = "embed.html"
"""The page that other sites show in a frame; no id holds a dot, so nothing else can be called so."""

ASSETS = "assets/"
"""The folder whose files carry their digest in their name and never change."""


TWINS = (".gz", ".br")
"""The endings of the compressed files beside a document's own."""

_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f\ud800-\udfff]+")
_MEDIA_TYPE = re.compile(r"[!#$&^_.+a-z0-9-]+/[!#$&^_.+a-z0-9-]+(; ?[a-z0-9-]+=[A-Za-z0-9_.-]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
    state: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of each file of the private state that belongs to it: another ledger in its place is noticed."""

    def to_json(self) -> bytes:
        """Return the manifest as it is published, the same bytes for the same manifest."""
        rows = [
            {
                "path": row.path,
                "sha256": row.sha256,
                "size": row.size,
                "type": row.media_type,
                "modified": format_instant(row.modified),
            }
            for row in sorted(self.documents.values(), key=lambda row: row.path)
        ]
        fields = {
            "part": self.part,
            "generation": self.generation,
            "published": format_instant(self.published),
            "state": dict(sorted(self.state.items())),
            "documents": rows,
        }
        return write_record(FORMAT, fields)


@dataclass(frozen=True)
class Changes:
    """What a new generation changes: documents that are new or differ, and paths that only the old one has."""

    put: tuple[Document, ...]
    left: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether anything has to be written."""
        return bool(self.put)


def read_manifest(text: bytes) -> Manifest:
    """Return the manifest that :meth:`Manifest.to_json` wrote; one that could lead astray is refused."""
    hint = "restore the generation folder from a backup"
    return require_record(text, FORMAT, _parse_manifest, name="the manifest", hint=hint)


def _parse_manifest(data: Mapping[str, Any]) -> Manifest:
    rows = [_listed(row) for row in data["documents"]]
    state = {str(path): _digest(sha256) for path, sha256 in data.get("state", {}).items()}
    return _manifest(data["part"], data["generation"], parse_instant(data["published"]), rows, state)


def _digest(value: object) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        message = f"{value!r} is no SHA-256"
        raise ValueError(message)
    return value


def _manifest(
    part: object, generation: object, published: datetime, rows: Sequence[Listed], state: Mapping[str, str]
) -> Manifest:
    documents = {row.path: row for row in rows}
    if not isinstance(part, str) or type(generation) is not int or generation < 1 or len(documents) != len(rows):
        message = "it has no part or no generation, or a path twice"
        raise ValueError(message)
    return Manifest(part, generation, published, documents, state)


def _listed(row: Mapping[str, Any]) -> Listed:
    listed = Listed(row["path"], row["sha256"], row["size"], row["type"], parse_instant(row["modified"]))
    if not is_document_path(listed.path):
        message = f"{listed.path!r} is not the path of a document"
        raise ValueError(message)
    if not (_SHA256.fullmatch(listed.sha256) and _MEDIA_TYPE.fullmatch(listed.media_type) and _is_size(listed.size)):
        message = f"{listed.path} has no digest, size or media type"
        raise ValueError(message)
    return listed


def is_document_path(path: str) -> bool:
    """Say whether a path leads to a place below a folder, and nowhere else."""
    return all(_SEGMENT.fullmatch(segment) for segment in path.split("/"))


def _is_size(value: object) -> bool:
    return type(value) is int and value >= 0


def find_changes(old: Manifest | None, documents: Iterable[Document]) -> Changes:
    """Return what differs between what is published and ``documents``."""
    listed = old.documents if old else {}
    by_path: dict[str, Document] = {}
    for document in documents:
        if by_path.setdefault(document.path, document) != document:
            message = f"there are two documents at {document.path}"
            raise PublicationError(message)
    put = [document for path, document in sorted(by_path.items()) if _differs(listed.get(path), document)]
    return Changes(tuple(put), tuple(sorted(listed.keys() - by_path.keys())))


def _differs(listed: Listed | None, document: Document) -> bool:
    return listed is None or (listed.sha256, listed.media_type) != (document.sha256, document.media_type)


def continue_manifest(old: Manifest | None, part: str, change: Changes, *, now: datetime) -> Manifest:
    """Return the manifest after ``change``: an address once published stays, and time at an address only grows."""
    now = whole_second(now)
    documents = dict(old.documents) if old else {}
    for document in change.put:
        before = documents.get(document.path)
        modified = max(now, before.modified + ONE_SECOND) if before else now
        documents[document.path] = Listed(
            document.path, document.sha256, len(document.body), document.media_type, modified
        )
    published = max(now, old.published + ONE_SECOND) if old else now
    return Manifest(part, old.generation + 1 if old else 1, published, documents)


def check_successor(manifest: Manifest, put: Mapping[str, Document], *, after: int) -> None:
    """Refuse a generation that no store could hold, or that would not be the successor of generation ``after``."""
    if manifest.generation <= after:
        message = f"generation {manifest.generation} of {manifest.part} would follow generation {after}"
        raise PublicationError(message, hint="another build was faster; build again")
    for path, document in put.items():
        if path not in manifest.documents or manifest.documents[path].sha256 != document.sha256:
            message = f"{path} is not what the manifest of {manifest.part} lists"
            raise PublicationError(message)
    files = {MANIFEST, *manifest.documents}
    occupied = files | {f"{path}{ending}" for path in files for ending in TWINS}
    for path in manifest.documents:
        if reason := _find_obstacle(path, occupied, manifest.documents):
            message = f"{manifest.part} cannot have a document {path!r}: {reason}"
            raise PublicationError(message, hint="give it another address; the public one stays")


def _find_obstacle(path: str, occupied: Collection[str], documents: Mapping[str, Listed]) -> str:
    segments = path.split("/")
    if not is_document_path(path):
        return "that is no path below the site"
    if path == MANIFEST or (path.endswith(TWINS) and (path[:-3] == MANIFEST or path[:-3] in documents)):
        return "a file of ours is there"
    folders = ("/".join(segments[:count]) for count in range(1, len(segments)))
    blocked = next((folder for folder in folders if folder in occupied), "")
    return f"{blocked} is a file" if blocked else ""

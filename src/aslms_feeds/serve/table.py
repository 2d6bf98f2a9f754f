"""Everything that can be asked for, by address: documents in their codings, and redirects to where they are.

Manifests and contents come in. A request's path is a key of the table and nothing else: no path of a request ever
reaches a file system.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import EMBED_PAGE, INDEX, MANIFEST, Listed, read_manifest
from aslms_feeds.serve.answers import (
    COMMON_HEADERS,
    FOR_A_YEAR,
    FOR_FIVE_MINUTES,
    HEALTHY,
    OTHER_POLICY,
    PAGE_POLICY,
    UNFRAMED,
    Headers,
    SiteAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CODINGS = {"br": ".br", "gzip": ".gz"}
"""The content codings there are twins for, best first, and how the names of the twins end."""


@dataclass(frozen=True, slots=True)
class Representation:
    """A document in one content coding: its validator, its own headers, and its bytes or the file that holds them."""

    etag: bytes
    size: int
    content: bytes | str
    validators: Headers
    encoding: Headers


@dataclass(frozen=True, slots=True)
class Resource:
    """A document that can be asked for: its representations by content coding, and the headers they share."""

    modified: int
    last_modified: bytes
    representations: Mapping[str, Representation]
    general_headers: Headers
    """Headers of every answer about it."""
    content_headers: Headers
    """Headers of an answer that carries it."""


class Redirect(NamedTuple):
    """An address that is another way to write one nearby, given relative to it (RFC 9110 section 10.2.2)."""

    location: bytes


TableEntry = Resource | Redirect | SiteAnswer


Table = dict[str, TableEntry]


@lru_cache(maxsize=256)
def _shared_headers(media_type: str, *, framed: bool, lasting: bool, varies: bool) -> tuple[Headers, Headers]:
    page = PAGE_POLICY if framed else PAGE_POLICY + UNFRAMED
    general_headers = (
        (b"cache-control", FOR_A_YEAR if lasting else FOR_FIVE_MINUTES),
        (b"content-security-policy", page if media_type.startswith("text/html") else OTHER_POLICY),
        *(((b"vary", b"Accept-Encoding"),) if varies else ()),
        *COMMON_HEADERS,
    )
    return general_headers, (
        (b"content-type", media_type.encode()),
        (b"accept-ranges", b"bytes"),
        *general_headers,
    )


def list_documents(text: bytes, part: str, sha256: str) -> tuple[Listed, ...]:
    """Return the documents that the manifest of ``part`` lists, and last itself, whose digest is ``sha256``."""
    manifest = read_manifest(text)
    if manifest.part != part:
        raise PublicationError(f"it is the manifest of {manifest.part}, not of {part}")
    manifest_row = Listed(MANIFEST, sha256, len(text), "application/json", manifest.published)
    return (*manifest.documents.values(), manifest_row)


def describe_resource(listed: Listed, contents: Mapping[str, tuple[int, bytes | str]]) -> Resource:
    """Return what can be asked for of one document, given size and content by coding, ``identity`` among them."""
    last_modified = format_datetime(listed.modified, usegmt=True).encode()
    *folders, name = listed.path.split("/")
    general_headers, content_headers = _shared_headers(
        listed.media_type, framed=name == EMBED_PAGE, lasting="assets" in folders, varies=len(contents) > 1
    )
    return Resource(
        modified=int(listed.modified.timestamp()),
        last_modified=last_modified,
        representations={
            coding: _describe_representation(listed.sha256, coding, last_modified, size, content)
            for coding, (size, content) in contents.items()
        },
        general_headers=general_headers,
        content_headers=content_headers,
    )


def _describe_representation(
    sha256: str, coding: str, modified: bytes, size: int, content: bytes | str
) -> Representation:
    # RFC 9110 section 8.8.3.3: the same document in two codings is two representations with two entity tags.
    suffix = {"identity": "", "gzip": "-gz", "br": "-br"}[coding]
    etag = f'"{sha256[:32]}{suffix}"'.encode()
    return Representation(
        etag=etag,
        size=size,
        content=content,
        validators=((b"etag", etag), (b"last-modified", modified)),
        encoding=((b"content-encoding", coding.encode()),) if suffix else (),
    )


def build_table(part: str, resources: Iterable[tuple[str, Resource]]) -> Table:
    """Return what ``part`` adds to the table: its resources by address, and the redirects that lead to them."""
    root = "/" if part == INDEX else f"/{part}/"
    table: Table = {}
    for path, resource in resources:
        folder, _, name = f"{root}{path}".rpartition("/")
        if name != "index.html":
            table[f"{folder}/{name}"] = resource
            continue
        table[f"{folder}/"] = resource
        table[f"{folder}/{name}"] = Redirect(b"./")
        if folder:
            table[folder] = Redirect(f"{folder.rpartition('/')[2]}/".encode())
    return table


def join_tables(parts: Iterable[Table]) -> Table | None:
    """Return the table of the whole site, or None while no part is there."""
    table: Table = {}
    for part in parts:
        table.update(part)
    return {**table, "/healthz": HEALTHY} if table else None

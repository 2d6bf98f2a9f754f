"""What is served of a store, part by part: each generation is read once, and again only what a switch has changed.

A part, which is a series or the index, is read through the generation its ``current`` names, so that an answer is of
one generation whatever happens meanwhile; a part that cannot be read stays as it was while the others go on.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aslms_feeds.errors import PublicationError
from aslms_feeds.identity import ID_PATTERN
from aslms_feeds.publication.manifest import INDEX, MANIFEST, Listed
from aslms_feeds.serve.feed_links import add_links
from aslms_feeds.serve.health import PublicGeneration
from aslms_feeds.serve.table import CODINGS, Table, build_table, describe_resource, join_tables, list_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from aslms_feeds.serve.answers import FileSlice

RESIDENT_BYTES = 64 * 2**20
"""How many bytes of documents are kept in memory; the rest is read when it is asked for."""
RETRY_POLLS = 20
"""After how many refreshes a generation that could not be read is tried again."""
_SERIES = re.compile(ID_PATTERN)
_GENERATION = re.compile(r"generations/[0-9]+")


@dataclass(frozen=True)
class ServedPart:
    """One generation of a series or of the index, ready to be served."""

    generation: str
    table: Table
    resident: Mapping[tuple[str, str], bytes]
    """The contents kept in memory, by digest of the document and content coding."""
    public: PublicGeneration
    """Its number, and since when it is public."""


@dataclass
class ServedParts:
    """What is served of one store, part by part; `refresh` brings it up to date."""

    output: Path
    loaded: dict[str, ServedPart] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The generation that could not be read, and why, by part."""
    refreshes: int = 0

    def refresh(self) -> bool:
        """Read every part whose ``current`` names another generation than before; say whether anything changed."""
        changed = False
        retry = self.refreshes % RETRY_POLLS == 0
        self.refreshes += 1
        for name, folder in _find_folders(self.output):
            generation = _read_generation(folder)
            part, failed = self.loaded.get(name), self.failed.get(name)
            if generation == (part.generation if part else ""):
                self.failed.pop(name, None)
            elif retry or not failed or failed[0] != generation:
                changed |= self._load(name, folder, generation)
        return changed

    def _load(self, name: str, folder: Path, generation: str) -> bool:
        other_parts = (part for other_name, part in self.loaded.items() if other_name != name)
        room = RESIDENT_BYTES - sum(len(content) for part in other_parts for content in part.resident.values())
        part = self.loaded.get(name)
        try:
            resident = part.resident if part else {}
            self.loaded[name] = load_part(name, folder, generation, room=room, resident_before=resident)
        except (OSError, PublicationError) as error:
            trouble = (generation, f"{name}: {generation or 'current'} cannot be served: {error}")
            if self.failed.get(name) != trouble:
                self.failed[name] = trouble
                complain(trouble[1])
            return False
        self.failed.pop(name, None)
        return True

    def table(self) -> Table | None:
        """Return the table of all parts; the index comes first, so that a series owns all of its folder."""
        return join_tables(
            self.loaded[name].table for name in sorted(self.loaded, key=lambda name: (name != INDEX, name))
        )


def _find_folders(output: Path) -> Iterator[tuple[str, Path]]:
    yield INDEX, output / INDEX
    with suppress(FileNotFoundError), os.scandir(output / "series") as entries:
        for name in sorted(entry.name for entry in entries):
            if _SERIES.fullmatch(name) and name != INDEX:
                yield name, output / "series" / name


def _read_generation(folder: Path) -> str:
    """Return the generation that is published, nothing where there is none."""
    with suppress(OSError):
        return str((folder / "current").readlink())
    return ""


def complain(text: str) -> None:
    """Say on one line of the standard error what is wrong."""
    sys.stderr.write(f"aslms-feeds: {' '.join(text.split())}\n")
    sys.stderr.flush()


def load_part(
    name: str, folder: Path, generation: str, *, room: int, resident_before: Mapping[tuple[str, str], bytes]
) -> ServedPart:
    """Return one generation of a part, with at most ``room`` bytes in memory, small documents first.

    Contents in ``resident_before`` are not read again: a switch costs only what changed.
    """
    if not _GENERATION.fullmatch(generation):
        raise PublicationError(f"current leads to {generation!r}, which is no generation")
    site = folder / generation / "site"
    text = (site / MANIFEST).read_bytes()
    documents = list_documents(text, name, hashlib.sha256(text).hexdigest())
    sizes = dict(_find_sizes(str(site)))
    resident: dict[tuple[str, str], bytes] = {}
    resources = {}
    for document in sorted(documents, key=lambda document: document.size):
        contents: dict[str, tuple[int, bytes | str]] = {}
        for coding, path in _find_codings(document, sizes):
            key = (document.sha256, coding)
            if key not in resident and sizes[path] <= room:
                before = resident_before.get(key, b"")
                resident[key] = before if len(before) == sizes[path] > 0 else _read_content(site, path, document)
                room -= sizes[path]
            contents[coding] = (sizes[path], resident.get(key, f"{site}/{path}"))
        resource = describe_resource(document, contents)
        resources[document.path] = add_links(resource, document, contents["identity"][1])
    public = PublicGeneration(int(generation.rpartition("/")[2]), documents[-1].modified)
    return ServedPart(generation, build_table(name, resources.items()), resident, public)


def _find_sizes(site: str, below: str = "") -> Iterator[tuple[str, int]]:
    """Yield path and size of every regular file; links are not followed."""
    with os.scandir(f"{site}/{below}") as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _find_sizes(site, f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                yield path, entry.stat(follow_symlinks=False).st_size


def _find_codings(document: Listed, sizes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    if sizes.get(document.path) != document.size:
        size = f"{sizes[document.path]} bytes" if document.path in sizes else "not there"
        raise PublicationError(f"{document.path} is {size}, the manifest says {document.size} bytes")
    yield "identity", document.path
    for coding, ending in CODINGS.items():
        if f"{document.path}{ending}" in sizes:
            yield coding, f"{document.path}{ending}"


def _read_content(site: Path, path: str, document: Listed) -> bytes:
    content = (site / path).read_bytes()
    if path == document.path and hashlib.sha256(content).hexdigest() != document.sha256:
        raise PublicationError(f"{path} is not what the manifest says")
    return content


def read_slice(file_slice: FileSlice) -> bytes:
    """Return bytes of a document that is not kept in memory; raises :class:`OSError`."""
    path, start, stop = file_slice
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - the path is a plain string in the table
        file.seek(start)
        content = file.read(stop - start)
    if len(content) != stop - start:
        raise OSError(f"{path} is shorter than it was")
    return content

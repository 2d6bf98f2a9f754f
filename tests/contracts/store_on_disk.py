"""Writes what a local store leaves on disk, with plain file operations: generations, manifests, twins, ``current``."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from typing import TYPE_CHECKING

import brotli

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TYPES = {
    "bin": "application/octet-stream",
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "json": "application/json",
    "opml": "text/x-opml; charset=utf-8",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
    "xml": "application/atom+xml; charset=utf-8",
}
COMPRESSIBLE = {"css", "html", "ics", "json", "opml", "txt", "xml"}
MODIFIED = "2026-11-20T09:30:00Z"
PUBLISHED = "2026-11-21T04:00:00Z"


def folder_of(output: Path, part: str) -> Path:
    """Return the folder of a series, or of the index."""
    return output / "index" if part == "index" else output / "series" / part


def write_generation(output: Path, part: str, generation: int, files: Mapping[str, bytes]) -> Path:
    """Write a whole generation beside what is published; nobody sees it yet."""
    folder = folder_of(output, part) / "generations" / str(generation)
    (folder / "state").mkdir(parents=True)
    (folder / "state" / "2023-24.json").write_bytes(b'{"ledger": "private"}')
    listed = []
    for path, content in sorted(files.items()):
        ending = path.rpartition(".")[2]
        write(folder / "site" / path, content, twins=ending in COMPRESSIBLE)
        digest = hashlib.sha256(content).hexdigest()
        facts = {"sha256": digest, "size": len(content), "type": TYPES[ending], "modified": MODIFIED}
        listed.append({"path": path, **facts})
    manifest = {"format": 1, "part": part, "generation": generation, "published": PUBLISHED, "documents": listed}
    write(folder / "site" / "manifest.json", json.dumps(manifest, indent=1).encode(), twins=True)
    return folder


def write(path: Path, content: bytes, *, twins: bool) -> None:
    """Write one file, and its compressed twins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if twins:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content, 6, mtime=0))
        path.with_name(f"{path.name}.br").write_bytes(brotli.compress(content, quality=5))


def switch(output: Path, part: str, generation: int) -> None:
    """Publish a generation: one rename of the link ``current``."""
    folder = folder_of(output, part)
    beside = folder / f"current.{generation}"
    beside.symlink_to(f"generations/{generation}")
    os.replace(beside, folder / "current")  # noqa: PTH105 - as a store does it


def publish(output: Path, part: str, generation: int, files: Mapping[str, bytes]) -> None:
    """Write a generation and switch to it."""
    write_generation(output, part, generation, files)
    switch(output, part, generation)

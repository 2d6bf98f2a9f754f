"""Writes one tree of a new generation: new files with their compressed twins, unchanged ones as hard links."""

from __future__ import annotations

import gzip
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import brotli

from aslms_feeds.errors import PublicationError
from aslms_feeds.processes import count_processors
from aslms_feeds.publication import files
from aslms_feeds.publication.manifest import TWINS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aslms_feeds.publication.manifest import Document, Listed

_SMALLEST_TWIN = 256
"""Octets; what is smaller is not worth a compressed twin."""
_COMPRESSIBLE = ("text/", "application/", "image/svg+xml")


class TreeWriter:
    """Writes one tree of a generation and remembers what to sync; paths are text, for there are thousands of them."""

    def __init__(self, root: Path, mode: int) -> None:
        """Make the folder ``root``, which is not there yet."""
        self._root = str(root)
        self._folders = {""}
        self._files: list[str] = []
        root.mkdir(mode=mode)

    def write_with_twins(self, documents: Sequence[tuple[Document, datetime]]) -> None:
        """Write documents and their compressed twins, which are made on every processor; with each its time."""
        pool = ThreadPoolExecutor(count_processors())
        try:
            twins = pool.map(_compress, (document for document, _modified in documents))
            for (document, modified), bodies in zip(documents, twins, strict=True):
                self.write(document.path, document.body, modified)
                for ending, body in bodies.items():
                    self.write(f"{document.path}{ending}", body, modified)
        finally:
            pool.shutdown(cancel_futures=True)

    def link(self, old: Path | None, listed: Listed) -> None:
        """Take over an unchanged file and its twins from the last generation."""
        source, target = f"{old or self._root}/{listed.path}", self._place(listed.path)
        for ending in ("", *TWINS):
            status = _find_status(f"{source}{ending}")
            if status is None and ending:
                continue
            if status is None or not stat.S_ISREG(status.st_mode) or (not ending and status.st_size != listed.size):
                message = f"{source}{ending} should hold the {listed.size} bytes of an unchanged document and does not"
                raise PublicationError(message, hint="restore that file from a backup; what is public stays")
            os.link(f"{source}{ending}", f"{target}{ending}")

    def write(self, path: str, body: bytes, modified: datetime) -> None:
        """Write a file, its time that of its content."""
        target = self._place(path)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            seconds = modified.timestamp()
            os.utime(handle, (seconds, seconds))
        self._files.append(target)

    def sync(self) -> None:
        """Make the files that were written durable, and the names in all folders."""
        files.sync_all([*self._files, *(f"{self._root}/{folder}" for folder in self._folders)])

    def _place(self, path: str) -> str:
        """Return where a document of this tree is, in a folder that is there."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            parts = folder.split("/")
            if not all(parts) or ".." in parts:
                message = f"{path!r} leads out of the publication"
                raise PublicationError(message)
            Path(self._root, folder).mkdir(parents=True, exist_ok=True)
            self._folders.update("/".join(parts[:count]) for count in range(1, len(parts) + 1))
        return f"{self._root}/{path}"


def _find_status(path: str) -> os.stat_result | None:
    """Return what the file system knows of a file, or of a link itself; None where there is none."""
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _compress(document: Document) -> dict[str, bytes]:
    """Return a document compressed, where that is less, by the endings of the twins' names."""
    body = document.body
    if not document.media_type.startswith(_COMPRESSIBLE) or len(body) < _SMALLEST_TWIN:
        return {}
    twins = zip(TWINS, (gzip.compress(body, 6, mtime=0), brotli.compress(body, quality=5)), strict=True)
    return {ending: twin for ending, twin in twins if len(twin) < len(body)}

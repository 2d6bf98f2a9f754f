"""A publication in a folder: generations with hard links, everything synced, then one rename of a symbolic link.

``OUTPUT/series/<part>/generations/<n>/{site,state}`` holds generation n, ``current`` beside it names the public one,
and ``OUTPUT/site`` is the web root: the index' own documents and a link to each series' current ``site``, nothing else.
Whoever reads sees the old or the new generation; whenever a builder dies, the next one starts from the public one.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import brotli

from aslms_feeds.errors import Busy, PublicationError
from aslms_feeds.publication import INDEX, MANIFEST, read_manifest
from aslms_feeds.publish import Generation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from aslms_feeds.publication import Document, Manifest

KEEP_GENERATIONS = 5
KEEP_SECONDS = 600
"""Old generations outlive their slowest readers: at least so many, and at least so long."""
_SMALLEST_TWIN = 256
"""Octets; what is smaller is not worth a compressed twin."""
_COMPRESSIBLE = ("text/", "application/", "image/svg+xml")


class LocalStore:
    """A store in a folder of one machine."""

    def __init__(self, output: Path) -> None:
        """Use ``output``, which is made when it is not there."""
        self.output = output

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other builders out; the lock dies with its holder."""
        try:
            self.output.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.output / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _storage_error(error, self.output) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"another build is writing {self.output}"
                raise Busy(message, hint="wait until it is done; the lock ends with that process") from error
            yield
        finally:
            os.close(handle)

    def parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are public."""
        series = self.output / "series"
        found = [path.name for path in series.iterdir()] if series.is_dir() else []
        return tuple(sorted(name for name in [*found, INDEX] if (self._folder(name) / "current").is_symlink()))

    def current(self, part: str) -> Generation | None:
        """Return the generation that is public now."""
        folder = self._current(part)
        if folder is None:
            return None
        try:
            manifest = read_manifest((folder / "site" / MANIFEST).read_bytes())
            state = {
                path.relative_to(folder / "state").as_posix(): path.read_bytes()
                for path in sorted((folder / "state").rglob("*"))
                if path.is_file()
            }
        except OSError as error:
            message = f"the public generation {folder} cannot be read: {error.strerror}"
            raise PublicationError(
                message, hint="restore it from a backup; building on without it would lose stamps"
            ) from error
        return Generation(manifest, state)

    def read(self, part: str, path: str) -> bytes:
        """Return the bytes of a public document."""
        folder = self._current(part)
        if folder is None:
            message = f"{part} is not published"
            raise PublicationError(message)
        try:
            return (folder / "site" / path).read_bytes()
        except OSError as error:
            message = f"{part} has no document {path!r}"
            raise PublicationError(message) from error

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Make a new generation public, whole."""
        try:
            self._switch(manifest, {one.path: one for one in put}, state)
        except OSError as error:
            self._sweep(manifest.part)
            raise _storage_error(error, self.output) from error

    def _switch(self, manifest: Manifest, put: Mapping[str, Document], state: Mapping[str, bytes]) -> None:
        part = manifest.part
        self._sweep(part)
        generations = self._folder(part) / "generations"
        generations.mkdir(parents=True, exist_ok=True)
        old = self._current(part)
        new = generations / f".{manifest.generation}"
        writer = _Writer(new / "site")
        for path, listed in manifest.documents.items():
            if path in put:
                writer.write(path, put[path].body, listed.media_type, listed.modified)
            elif old is not None:
                writer.link(old / "site", path)
            else:
                message = f"{path} is listed but was never written"
                raise PublicationError(message)
        writer.write(MANIFEST, manifest.to_json(), "application/json", manifest.published)
        if part == INDEX:
            for name in self.parts():
                if name != INDEX:
                    (new / "site" / name).symlink_to(Path("../../../../series") / name / "current" / "site")
        private = _Writer(new / "state")
        for path, body in state.items():
            private.write(path, body, "", manifest.published)
        (new / "state").mkdir(exist_ok=True)
        writer.sync()
        private.sync()
        _sync(new)
        final = generations / str(manifest.generation)
        new.rename(final)
        _sync(generations)
        _point(self._folder(part) / "current", Path("generations") / final.name)
        if part == INDEX:
            _point(self.output / "site", Path(INDEX) / "current" / "site")
        self._prune(part, manifest.generation)

    def _folder(self, part: str) -> Path:
        return self.output / INDEX if part == INDEX else self.output / "series" / part

    def _current(self, part: str) -> Path | None:
        link = self._folder(part) / "current"
        return link.parent / link.readlink() if link.is_symlink() else None

    def _sweep(self, part: str) -> None:
        """Remove what a builder that died, or a full disk, left behind: it was never public."""
        generations = self._folder(part) / "generations"
        current = self._current(part)
        newest = int(current.name) if current else 0
        for path in generations.iterdir() if generations.is_dir() else ():
            if path.name.startswith(".") or (path.name.isdigit() and int(path.name) > newest):
                shutil.rmtree(path, ignore_errors=True)

    def _prune(self, part: str, newest: int) -> None:
        for path in (self._folder(part) / "generations").iterdir():
            if path.name.isdigit() and int(path.name) <= newest - KEEP_GENERATIONS:
                successor = path.with_name(str(int(path.name) + 1))
                replaced = successor.stat().st_mtime if successor.exists() else path.stat().st_mtime
                if time.time() - replaced >= KEEP_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)


class _Writer:
    """Writes one tree of a generation and remembers what to sync."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: set[Path] = set()
        self._make(root)

    def write(self, path: str, body: bytes, media_type: str, modified: datetime) -> None:
        """Write a file with its compressed twins, its time that of its content."""
        self._file(self._inside(path), body, modified)
        if media_type.startswith(_COMPRESSIBLE) and len(body) >= _SMALLEST_TWIN:
            self._file(self._inside(f"{path}.gz"), gzip.compress(body, 6, mtime=0), modified)
            self._file(self._inside(f"{path}.br"), brotli.compress(body, quality=5), modified)

    def link(self, old: Path, path: str) -> None:
        """Take over an unchanged file and its twins from the last generation."""
        for name in (path, f"{path}.gz", f"{path}.br"):
            source = old / name
            if name == path or source.exists():
                target = self._inside(name)
                self._make(target.parent)
                os.link(source, target)

    def sync(self) -> None:
        """Make the folders' own entries durable."""
        for folder in sorted(self._folders, key=lambda path: -len(path.parts)):
            _sync(folder)

    def _file(self, target: Path, body: bytes, modified: datetime) -> None:
        self._make(target.parent)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            seconds = modified.timestamp()
            os.utime(handle, (seconds, seconds))
            os.fsync(handle)

    def _make(self, folder: Path) -> None:
        if folder not in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            self._folders.update({folder, *(one for one in folder.parents if one.is_relative_to(self._root))})

    def _inside(self, path: str) -> Path:
        target = self._root / path
        if path.startswith("/") or ".." in target.parts:
            message = f"{path!r} leads out of the publication"
            raise PublicationError(message)
        return target


def _point(link: Path, target: Path) -> None:
    """Point a symbolic link at a target with one rename (POSIX rename is atomic), and make it durable."""
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.rename(link)
    _sync(link.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _storage_error(error: OSError, output: Path) -> PublicationError:
    message = f"cannot write {error.filename or output}: {error.strerror or error}"
    hint = "what is public is untouched; make room or set the rights, then build again"
    return PublicationError(message, hint=hint)

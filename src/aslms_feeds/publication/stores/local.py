"""A publication in a folder: generations with hard links, everything synced, then one rename of a symbolic link.

``OUTPUT/series/<part>/generations/<n>/{site,state}`` holds generation n, ``current`` beside it names the public one,
and ``OUTPUT/site`` is the web root: the index' own documents and a link to each series' current ``site``, nothing else.
Whoever reads sees the old or the new generation; whenever a builder dies, the next one starts from the public one.

A generation is made under a hidden name and gets its number when it is whole. Once ``current`` has led to it, it holds
an empty file ``public``: what has none was never seen by anybody and is swept away, what has one is never made again.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import brotli

from aslms_feeds.errors import PublicationError
from aslms_feeds.identity import ID_PATTERN
from aslms_feeds.processes import count_processors
from aslms_feeds.publication import files
from aslms_feeds.publication.manifest import (
    INDEX,
    JSON,
    MANIFEST,
    TWINS,
    Document,
    check,
    is_document_path,
    read_manifest,
)
from aslms_feeds.publication.publish import KEEP_GENERATIONS, RECOVER, Generation, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from aslms_feeds.publication.manifest import Listed, Manifest

KEEP_SECONDS = 600
"""Old generations outlive their slowest readers: at least so many, and at least so long."""
_SMALLEST_TWIN = 256
"""Octets; what is smaller is not worth a compressed twin."""
_COMPRESSIBLE = ("text/", "application/", "image/svg+xml")
_PUBLIC = "public"
"""The file that says since when a generation is, or was, public: by its time."""
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_RESTORE = f"building on without it would lose stamps; {RECOVER}"


class LocalStore:
    """A store in a folder of one machine."""

    def __init__(self, output: Path) -> None:
        """Use ``output``, which is made when it is not there."""
        self.output = output
        self._read_last: tuple[Path, int, Mapping[str, Listed]] | None = None
        self._switched: dict[str, int] = {}
        """The parts that have a new generation since the lock was taken."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other builders out, tidy up after one that died, and behind oneself; the lock dies with its holder."""
        with ExitStack() as held:
            try:
                _make(self.output)
                held.enter_context(files.hold_lock(self.output / "lock", f"another build is writing {self.output}"))
                self._tidy()
            except OSError as error:
                raise _storage_error(error, self.output) from error
            self._switched.clear()
            yield
            # At the end: nobody who waits for the index, or for what comes next, waits for this.
            for part, generation in self._switched.items():
                with suppress(OSError):
                    self._prune(part, generation)

    def parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are public."""
        return tuple(sorted(name for name in self._names() if (self._folder(name) / "current").is_symlink()))

    def current(self, part: str) -> Generation | None:
        """Return the generation that is public now."""
        folder = self._current(part)
        return None if folder is None else _read(folder, part)

    def past(self, part: str) -> tuple[int, ...]:
        """Return the numbers of the generations that are still there, the oldest first, the public one last."""
        known = _numbered(self._folder(part))
        return tuple(number for number, path in known if (path / _PUBLIC).exists())

    def generation(self, part: str, number: int) -> Generation:
        """Return a generation that is still there."""
        if number not in self.past(part):
            message = f"generation {number} of {part} is not there"
            raise PublicationError(message, hint=f"these are: {numbers(self.past(part))}")
        return _read(self._folder(part) / "generations" / str(number), part)

    def read(self, part: str, path: str) -> bytes:
        """Return the bytes of a public document, or of the manifest."""
        folder = self._current(part)
        try:
            if folder is not None:
                site = folder / "site"
                if path == MANIFEST or path in self._documents(site):
                    with open(f"{site}/{path}", "rb") as file:  # noqa: PTH123 - a plain string: there are thousands
                        return file.read()
        except OSError as error:
            message = f"{folder}/site/{path} cannot be read: {error.strerror}"
            raise PublicationError(message, hint=_RESTORE) from error
        message = f"{part} has no document {path!r}"
        raise PublicationError(message)

    def read_state(self, part: str, path: str) -> bytes | None:
        """Return a file of the public generation's private state; None where it has none."""
        folder = self._current(part)
        if folder is None:
            return None
        try:
            return _read_inside(folder / "state", path)
        except OSError as error:
            message = f"{folder}/state/{path} cannot be read: {error.strerror}"
            raise PublicationError(message, hint=_RESTORE) from error

    def _documents(self, site: Path) -> Mapping[str, Listed]:
        """Return what a generation's manifest lists; it is parsed once for many documents."""
        changed = (site / MANIFEST).stat().st_mtime_ns
        if self._read_last is None or self._read_last[:2] != (site, changed):
            self._read_last = (site, changed, read_manifest((site / MANIFEST).read_bytes()).documents)
        return self._read_last[2]

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Make a new generation public, whole."""
        part, fresh = manifest.part, {one.path: one for one in put}
        old = self._current(part)
        check(manifest, fresh, after=int(old.name) if old else 0)
        self._stay_inside(part)
        self._not_switched_back(part, old)
        try:
            self._sweep(part)
            final = self._write(manifest, fresh, state, old)
            _point(self._folder(part) / "current", Path("generations") / final.name)
        except BaseException as error:
            if self._is_public(part, manifest.generation):
                # Only the last sync can have failed: readers have the new generation, whole.
                message = f"generation {manifest.generation} of {part} is public, but may be lost with the power"
                raise PublicationError(f"{message}: {error}", hint="look after the disk, then build again") from error
            self._sweep(part)
            if isinstance(error, OSError):
                raise _storage_error(error, self.output) from error
            raise
        with suppress(OSError):
            (final / _PUBLIC).touch(exist_ok=True)
        self._switched[part] = manifest.generation

    def _tidy(self) -> None:
        for name in self._names():
            self._sweep(name)
        # Before the index there is nothing behind it; whoever removes it finds it again after the next build.
        _point(self.output / "site", Path(INDEX) / "current" / "site")

    def _write(
        self, manifest: Manifest, put: Mapping[str, Document], state: Mapping[str, bytes], old: Path | None
    ) -> Path:
        """Write a whole generation, durable, which nobody sees yet."""
        generations = self._folder(manifest.part) / "generations"
        _make(generations)
        there = read_manifest((old / "site" / MANIFEST).read_bytes()).documents if old else {}
        new = generations / f".{manifest.generation}"
        new.mkdir()
        writer = _Writer(new / "site", 0o777)
        fresh = [(Document(MANIFEST, JSON, manifest.to_json()), manifest.published)]
        for path, listed in manifest.documents.items():
            if path in put and not (there.get(path) == listed and _intact(old, listed)):
                fresh.append((put[path], listed.modified))
            else:
                writer.link(old / "site" if old else None, listed)
        writer.write_with_twins(fresh)
        if manifest.part == INDEX:
            self._link_series(new / "site")
        private = _Writer(new / "state", 0o700)
        for path, body in state.items():
            private.write(path, body, manifest.published)
        writer.sync()
        private.sync()
        files.sync(new)
        final = generations / str(manifest.generation)
        new.rename(final)
        files.sync(generations)
        return final

    def _link_series(self, site: Path) -> None:
        for name in self.parts():
            if name != INDEX:
                if os.path.lexists(site / name):
                    message = f"the index has a document where the series {name!r} is"
                    raise PublicationError(message)
                (site / name).symlink_to(Path("../../../../series") / name / "current" / "site")

    # --- Where things are -------------------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        """Return the parts there are folders of; copies, links and what is not named like a series are none."""
        found = [INDEX]
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.output / "series") as entries:
            found += [one.name for one in entries if _is_name(one.name) and one.is_dir(follow_symlinks=False)]
        return sorted(set(found))

    def _folder(self, part: str) -> Path:
        if not _is_name(part):
            message = f"{part!r} is not the name of a part"
            raise PublicationError(message)
        return self.output / INDEX if part == INDEX else self.output / "series" / part

    def _current(self, part: str) -> Path | None:
        """Return the folder of the public generation; None only where there never was one."""
        if not _is_name(part):
            return None
        folder = self._folder(part)
        try:
            target = (folder / "current").readlink()
        except FileNotFoundError:
            known = _numbered(folder)
            if known and (known[-1][0] > 1 or (known[-1][1] / _PUBLIC).exists()):
                message = f"{folder / 'current'} is gone and there are generations"
                hint = f"ln -s generations/{known[-1][0]} {folder / 'current'}, if that one was the last"
                raise PublicationError(message, hint=hint) from None
            return None
        except OSError as error:
            message = f"{folder / 'current'} is not the link it should be: {error.strerror}"
            raise PublicationError(message, hint=_RESTORE) from error
        public = folder / target
        if target.parent != Path("generations") or not _NUMBER.fullmatch(target.name):
            message = f"{folder / 'current'} leads to {str(target)!r}, which is no generation"
            raise PublicationError(message, hint=_RESTORE)
        if public.is_symlink() or not public.is_dir():
            message = f"the public generation {public} is gone"
            raise PublicationError(message, hint=_RESTORE)
        return public

    def _is_public(self, part: str, generation: int) -> bool:
        try:
            return (self._folder(part) / "current").readlink() == Path("generations") / str(generation)
        except OSError:
            return False

    def _stay_inside(self, part: str) -> None:
        """Refuse to write through a link: it would lead out of the publication."""
        folder = self._folder(part)
        for one in (folder.parent, folder, folder / "generations"):
            if one != self.output and one.is_symlink():
                message = f"{one} is a link; nothing is written through it"
                raise PublicationError(message, hint="remove the link, or put the folder itself there")

    def _not_switched_back(self, part: str, old: Path | None) -> None:
        """Refuse to give a number and stamps away twice: subscribers have seen them."""
        newest = [(number, path) for number, path in _numbered(self._folder(part)) if (path / _PUBLIC).exists()]
        if old and newest and newest[-1][0] > int(old.name):
            link, last = self._folder(part) / "current", newest[-1][0]
            message = f"{link} was switched back from generation {last} to {old.name} by hand; it stays there"
            raise PublicationError(message, hint=f"ln -sfn generations/{last} {link}, then build: that releases it")

    # --- What is left over ------------------------------------------------------------------------------------------

    def _sweep(self, part: str) -> None:
        """Remove what a builder that died, or a full disk, left behind: it was never public."""
        with suppress(OSError, PublicationError):
            self._stay_inside(part)
            folder, current = self._folder(part), self._current(part)
            if current and (current / "site" / MANIFEST).exists() and not (current / _PUBLIC).exists():
                (current / _PUBLIC).touch()
            newest = int(current.name) if current else 0
            (folder / ".current").unlink(missing_ok=True)
            with os.scandir(folder / "generations") as entries:
                found = [Path(one.path) for one in entries if one.name.startswith(".")]
            late = [path for number, path in _numbered(folder) if number > newest and not (path / _PUBLIC).exists()]
            for path in (*found, *late):
                _remove(path)

    def _prune(self, part: str, newest: int) -> None:
        """Remove the generations nobody can be reading any more: a name that is gone at once, then what it held."""
        known = _numbered(self._folder(part))
        for (number, path), (_number, successor) in pairwise(known):
            if number < newest - KEEP_GENERATIONS and _older(successor, KEEP_SECONDS):
                gone = path.with_name(f".{path.name}")
                path.rename(gone)
                _remove(gone)


class _Writer:
    """Writes one tree of a generation and remembers what to sync; paths are text, for there are thousands of them."""

    def __init__(self, root: Path, mode: int) -> None:
        self._root = str(root)
        self._folders = {""}
        self._files: list[str] = []
        root.mkdir(mode=mode)

    def write_with_twins(self, fresh: Sequence[tuple[Document, datetime]]) -> None:
        """Write documents and their compressed twins, which are made on every processor; with each its time."""
        pool = ThreadPoolExecutor(count_processors())
        try:
            twins = pool.map(_twins, (document for document, _modified in fresh))
            for (document, modified), packed in zip(fresh, twins, strict=True):
                self.write(document.path, document.body, modified)
                for ending, less in packed.items():
                    self.write(f"{document.path}{ending}", less, modified)
        finally:
            pool.shutdown(cancel_futures=True)

    def link(self, old: Path | None, listed: Listed) -> None:
        """Take over an unchanged file and its twins from the last generation."""
        source, target = f"{old or self._root}/{listed.path}", self._inside(listed.path)
        for ending in ("", *TWINS):
            try:
                known = os.lstat(f"{source}{ending}")
            except FileNotFoundError:
                known = None
            if known is None and ending:
                continue
            if known is None or not stat.S_ISREG(known.st_mode) or (not ending and known.st_size != listed.size):
                message = f"{source}{ending} should hold the {listed.size} bytes of an unchanged document and does not"
                raise PublicationError(message, hint="restore that file from a backup; what is public stays")
            os.link(f"{source}{ending}", f"{target}{ending}")

    def sync(self) -> None:
        """Make the files that were written durable, and the names in all folders."""
        files.sync_all([*self._files, *(f"{self._root}/{folder}" for folder in self._folders)])

    def write(self, path: str, body: bytes, modified: datetime) -> None:
        """Write a file, its time that of its content."""
        target = self._inside(path)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            seconds = modified.timestamp()
            os.utime(handle, (seconds, seconds))
        self._files.append(target)

    def _inside(self, path: str) -> str:
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


def _twins(document: Document) -> dict[str, bytes]:
    """Return a document compressed, where that is less, by the endings of the twins' names."""
    body = document.body
    if not document.media_type.startswith(_COMPRESSIBLE) or len(body) < _SMALLEST_TWIN:
        return {}
    packed = zip(TWINS, (gzip.compress(body, 6, mtime=0), brotli.compress(body, quality=5)), strict=True)
    return {ending: less for ending, less in packed if len(less) < len(body)}


def _read(folder: Path, part: str) -> Generation:
    """Return the generation in a folder."""
    try:
        manifest = read_manifest((folder / "site" / MANIFEST).read_bytes())
        state = dict(_files(folder / "state"))
    except OSError as error:
        message = f"the public generation {folder} cannot be read: {error.filename}: {error.strerror}"
        raise PublicationError(message, hint=_RESTORE) from error
    except PublicationError as error:
        message = f"{folder / 'site' / MANIFEST}: {error}"
        raise PublicationError(message, hint=error.hint) from error
    if (manifest.part, manifest.generation) != (part, int(folder.name)):
        message = f"{folder} holds generation {manifest.generation} of {manifest.part!r}"
        raise PublicationError(message, hint=_RESTORE)
    return Generation(manifest, state)


def _intact(old: Path | None, listed: Listed) -> bool:
    """Say whether the last generation still has a document that has not changed."""
    try:
        known = os.lstat(f"{old}/site/{listed.path}") if old else None
    except OSError:
        return False
    return known is not None and stat.S_ISREG(known.st_mode) and known.st_size == listed.size


def _is_name(part: str) -> bool:
    return bool(re.fullmatch(ID_PATTERN, part))


def _read_inside(root: Path, path: str) -> bytes | None:
    """Return the bytes of a file of a folder; None where there is none, or where the path leads elsewhere."""
    file = root / path
    if not is_document_path(path) or not os.path.lexists(file):
        return None
    if not stat.S_ISREG(file.lstat().st_mode):
        message = f"{file} is no file"
        raise PublicationError(message, hint=_RESTORE)
    return file.read_bytes()


def _files(root: Path, below: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield every file of a folder by its path; what is neither a file nor a folder is refused."""
    with os.scandir(root / below) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(root, f"{below}{entry.name}/")
        elif entry.is_file(follow_symlinks=False):
            yield f"{below}{entry.name}", (root / below / entry.name).read_bytes()
        else:
            message = f"{entry.path} is neither a file nor a folder"
            raise PublicationError(message, hint=_RESTORE)


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    """Return the numbered generations of a part, in order."""
    try:
        names = os.listdir(folder / "generations")  # noqa: PTH208 - names are all that is wanted
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((int(name), folder / "generations" / name) for name in names if _NUMBER.fullmatch(name))


def _older(generation: Path, seconds: float) -> bool:
    """Say whether a generation became public longer ago; a time to come is a clock that was wrong."""
    mark = generation / _PUBLIC
    since = (mark if mark.exists() else generation).stat().st_mtime
    return not 0 <= time.time() - since < seconds


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    """Make a folder and what is above it, each durable in its parent."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        files.sync(folder.parent)


def _point(link: Path, target: Path) -> None:
    """Point a symbolic link at a target with one rename (POSIX rename is atomic), and make it durable."""
    if link.is_symlink() and link.readlink() == target:
        return
    if link.exists() and not link.is_symlink():
        message = f"{link} is in the way: a link of ours belongs there"
        raise PublicationError(message, hint="move it away, then build again")
    fresh = link.with_name(f".{link.name}")
    _remove(fresh)
    fresh.symlink_to(target)
    fresh.rename(link)
    files.sync(link.parent)


def _storage_error(error: OSError, output: Path) -> PublicationError:
    message = f"cannot write {error.filename or output}: {error.strerror or error}"
    hint = "what is public is untouched; make room or set the rights, then build again"
    return PublicationError(message, hint=hint)

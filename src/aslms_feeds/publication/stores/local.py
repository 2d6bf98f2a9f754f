"""A publication in a folder: generations with hard links, everything synced, then one rename of a symbolic link.

``OUTPUT/series/<part>`` holds the generations of a part, see `generations`, and ``OUTPUT/site`` is the web root: the
index' own documents and a link to each series' current ``site``, nothing else. Whoever reads sees the old or the new
generation; whenever a builder dies, the next one starts from the public one. A generation is made under a hidden name
and gets its number when it is whole.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds.errors import PublicationError
from aslms_feeds.identity import ID_PATTERN
from aslms_feeds.publication import files
from aslms_feeds.publication.manifest import INDEX, JSON, MANIFEST, Document, check_successor, read_manifest
from aslms_feeds.publication.publish import list_numbers
from aslms_feeds.publication.stores.generations import (
    RESTORE,
    PartFolder,
    point,
    read_generation_folder,
    read_state_file,
)
from aslms_feeds.publication.stores.writer import TreeWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aslms_feeds.publication.manifest import Listed, Manifest
    from aslms_feeds.publication.publish import Generation


class LocalStore:
    """A store in a folder of one machine."""

    def __init__(self, output: Path) -> None:
        """Use ``output``, which is made when it is not there."""
        self.output = output
        self._last_manifest: tuple[Path, int, Mapping[str, Listed]] | None = None
        self._switched: dict[str, int] = {}
        """The parts that have a new generation since the lock was taken."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other builders out, tidy up after one that died, and behind oneself; the lock dies with its holder."""
        with ExitStack() as stack:
            try:
                _make_folder(self.output)
                stack.enter_context(files.hold_lock(self.output / "lock", f"another build is writing {self.output}"))
                self._tidy()
            except OSError as error:
                raise _storage_error(error, self.output) from error
            self._switched.clear()
            yield
            # At the end: nobody who waits for the index, or for what comes next, waits for this.
            for part, generation in self._switched.items():
                with suppress(OSError):
                    self._folder(part).prune(generation)

    def list_parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are public."""
        return tuple(name for name in self._names() if (self._folder(name).folder / "current").is_symlink())

    def read_current(self, part: str) -> Generation | None:
        """Return the generation that is public now."""
        folder = self._find_current(part)
        return None if folder is None else read_generation_folder(folder, part)

    def list_generations(self, part: str) -> tuple[int, ...]:
        """Return the numbers of the generations that are still there, the oldest first, the public one last."""
        return tuple(number for number, _path in self._folder(part).list_public())

    def read_generation(self, part: str, number: int) -> Generation:
        """Return a generation that is still there."""
        if number not in self.list_generations(part):
            message = f"generation {number} of {part} is not there"
            raise PublicationError(message, hint=f"these are: {list_numbers(self.list_generations(part))}")
        return read_generation_folder(self._folder(part).generations / str(number), part)

    def read_document(self, part: str, path: str) -> bytes:
        """Return the bytes of a public document, or of the manifest."""
        folder = self._find_current(part)
        try:
            if folder is not None:
                site = folder / "site"
                if path == MANIFEST or path in self._read_documents(site):
                    with open(f"{site}/{path}", "rb") as file:  # noqa: PTH123 - a plain string: there are thousands
                        return file.read()
        except OSError as error:
            message = f"{folder}/site/{path} cannot be read: {error.strerror}"
            raise PublicationError(message, hint=RESTORE) from error
        message = f"{part} has no document {path!r}"
        raise PublicationError(message)

    def read_state(self, part: str, path: str) -> bytes | None:
        """Return a file of the public generation's private state; None where it has none."""
        folder = self._find_current(part)
        if folder is None:
            return None
        try:
            return read_state_file(folder, path)
        except OSError as error:
            message = f"{folder}/state/{path} cannot be read: {error.strerror}"
            raise PublicationError(message, hint=RESTORE) from error

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Make a new generation public, whole."""
        part, documents = manifest.part, {document.path: document for document in put}
        folder, current = self._folder(part), self._find_current(part)
        check_successor(manifest, documents, after=int(current.name) if current else 0)
        folder.refuse_links()
        folder.refuse_older(current)
        try:
            folder.sweep()
            generation = self._write(manifest, documents, state, current)
            folder.switch_to(generation)
        except BaseException as error:
            if folder.is_current(manifest.generation):
                # Only the last sync can have failed: readers have the new generation, whole.
                message = f"generation {manifest.generation} of {part} is public, but may be lost with the power"
                raise PublicationError(f"{message}: {error}", hint="look after the disk, then build again") from error
            folder.sweep()
            if isinstance(error, OSError):
                raise _storage_error(error, self.output) from error
            raise
        with suppress(OSError):
            folder.mark_public(generation)
        self._switched[part] = manifest.generation

    def _tidy(self) -> None:
        for name in self._names():
            self._folder(name).sweep()
        # Before the index there is nothing behind it; whoever removes it finds it again after the next build.
        point(self.output / "site", Path(INDEX) / "current" / "site")

    def _write(
        self, manifest: Manifest, put: Mapping[str, Document], state: Mapping[str, bytes], current: Path | None
    ) -> Path:
        """Write a whole generation, durable, which nobody sees yet."""
        generations = self._folder(manifest.part).generations
        _make_folder(generations)
        hidden = generations / f".{manifest.generation}"
        hidden.mkdir()
        site = self._write_site(hidden / "site", manifest, put, current)
        if manifest.part == INDEX:
            self._link_series(hidden / "site")
        private = TreeWriter(hidden / "state", 0o700)
        for path, body in state.items():
            private.write(path, body, manifest.published)
        site.sync()
        private.sync()
        files.sync(hidden)
        generation = generations / str(manifest.generation)
        hidden.rename(generation)
        files.sync(generations)
        return generation

    def _write_site(
        self, site: Path, manifest: Manifest, put: Mapping[str, Document], current: Path | None
    ) -> TreeWriter:
        """Write the documents: what changed anew, the rest as links to the files of the public generation."""
        old = read_manifest((current / "site" / MANIFEST).read_bytes()).documents if current else {}
        writer = TreeWriter(site, 0o777)
        changed = [(Document(MANIFEST, JSON, manifest.to_json()), manifest.published)]
        for path, listed in manifest.documents.items():
            if path in put and not (old.get(path) == listed and _is_intact(current, listed)):
                changed.append((put[path], listed.modified))
            else:
                writer.link(current / "site" if current else None, listed)
        writer.write_with_twins(changed)
        return writer

    def _link_series(self, site: Path) -> None:
        for name in self.list_parts():
            if name != INDEX:
                if os.path.lexists(site / name):
                    message = f"the index has a document where the series {name!r} is"
                    raise PublicationError(message)
                (site / name).symlink_to(Path("../../../../series") / name / "current" / "site")

    # --- Where things are -------------------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        """Return the parts there are folders of; copies, links and what is not named like a series are none."""
        names = {INDEX}
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.output / "series") as entries:
            names |= {entry.name for entry in entries if _is_name(entry.name) and entry.is_dir(follow_symlinks=False)}
        return sorted(names)

    def _folder(self, part: str) -> PartFolder:
        if not _is_name(part):
            message = f"{part!r} is not the name of a part"
            raise PublicationError(message)
        return PartFolder(self.output, self.output / INDEX if part == INDEX else self.output / "series" / part)

    def _find_current(self, part: str) -> Path | None:
        """Return the folder of the public generation; None where there never was one."""
        return self._folder(part).find_current() if _is_name(part) else None

    def _read_documents(self, site: Path) -> Mapping[str, Listed]:
        """Return what a generation's manifest lists; it is parsed once for many documents."""
        changed = (site / MANIFEST).stat().st_mtime_ns
        if self._last_manifest is None or self._last_manifest[:2] != (site, changed):
            self._last_manifest = (site, changed, read_manifest((site / MANIFEST).read_bytes()).documents)
        return self._last_manifest[2]


def _is_intact(generation: Path | None, listed: Listed) -> bool:
    """Say whether the last generation still has a document that has not changed."""
    try:
        status = os.lstat(f"{generation}/site/{listed.path}") if generation else None
    except OSError:
        return False
    return status is not None and stat.S_ISREG(status.st_mode) and status.st_size == listed.size


def _is_name(part: str) -> bool:
    return bool(re.fullmatch(ID_PATTERN, part))


def _make_folder(folder: Path) -> None:
    """Make a folder and what is above it, each durable in its parent."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        files.sync(folder.parent)


def _storage_error(error: OSError, output: Path) -> PublicationError:
    message = f"cannot write {error.filename or output}: {error.strerror or error}"
    hint = "what is public is untouched; make room or set the rights, then build again"
    return PublicationError(message, hint=hint)

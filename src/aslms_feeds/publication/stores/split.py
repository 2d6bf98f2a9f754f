"""A publication in one folder and its memory in another: for a pipeline whose machine forgets everything.

``STATE/<part>`` holds the manifest, the ledgers and what else belongs to the public generation, as files that can be
committed to a repository; the documents are made anew on each run. Whatever nothing makes any more, but was published,
is kept beside them by its digest.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication import files as publication_files
from aslms_feeds.publication.manifest import ASSETS, MANIFEST, Document, check_successor, read_manifest
from aslms_feeds.publication.publish import RECOVER, Generation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from aslms_feeds.publication.manifest import Listed, Manifest
    from aslms_feeds.publication.publish import Store

_DOCUMENTS = "kept/"
"""The folder of a part that holds documents which nothing makes any more, by their digest."""
_NEW, _OLD = ".new", ".old"


class SplitStore:
    """A store whose memory is in a folder of its own, written before what it remembers is public."""

    def __init__(self, inner: Store, state: Path) -> None:
        """Publish into ``inner`` and remember in ``state``, which is made when it is not there."""
        self.inner = inner
        self.state = state

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other builders out of both folders, and finish what one that died began."""
        with ExitStack() as stack:
            try:
                self.state.mkdir(parents=True, exist_ok=True)
                stack.enter_context(
                    publication_files.hold_lock(self.state, f"another build is writing {self.state}", folder=True)
                )
                self._tidy()
            except OSError as error:
                raise _storage_failure(self.state, error) from error
            stack.enter_context(self.inner.lock())
            yield

    def list_parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are public, or remembered."""
        folders = [path for path in self.state.iterdir() if path.is_dir()] if self.state.is_dir() else []
        remembered = (_find_part(path.name) for path in folders if path.name[0] != "." or path.name.endswith(_OLD))
        return tuple(sorted({*remembered, *self.inner.list_parts()}))

    def read_current(self, part: str) -> Generation | None:
        """Return the generation that is remembered; not whole while its documents are not there.

        Raises :class:`aslms_feeds.errors.PublicationError` when the memory is older than what is public.
        """
        memory, public = self._read_memory(part), self.inner.read_current(part)
        if memory is None or public is None:
            generation = memory or public
            return replace(generation, whole=False) if generation else None
        ours, theirs = memory.manifest, public.manifest
        if ours.generation < theirs.generation or (ours.generation == theirs.generation and ours != theirs):
            message = (
                f"{self.state / part} remembers generation {ours.generation} of {part}, and generation "
                f"{theirs.generation} is public: stamps would go back"
            )
            raise PublicationError(message, hint=f"take the newest {self.state}; {RECOVER}")
        return replace(memory, whole=ours.generation == theirs.generation)

    def list_generations(self, part: str) -> tuple[int, ...]:
        """Return the numbers of the generations that are still there."""
        return self.inner.list_generations(part)

    def read_generation(self, part: str, number: int) -> Generation:
        """Return a generation that is still there."""
        return self.inner.read_generation(part, number)

    def read_document(self, part: str, path: str) -> bytes:
        """Return the bytes of a public document, or of the manifest."""
        memory = self._read_memory(part)
        if memory and path in memory.manifest.documents:
            with suppress(OSError):
                return (self.state / part / _DOCUMENTS / memory.manifest.documents[path].sha256).read_bytes()
        return self.inner.read_document(part, path)

    def read_state(self, part: str, path: str) -> bytes | None:
        """Return a file of the remembered private state; None where it has none."""
        generation = self.read_current(part)
        return generation.state.get(path) if generation else None

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Remember a generation, then make it public: a builder that dies in between goes on from there."""
        part, fresh = manifest.part, {document.path: document for document in put}
        memory, public = self._read_memory(part), self.inner.read_current(part)
        before = [old.manifest.generation for old in (memory, public) if old and old.manifest != manifest]
        check_successor(manifest, fresh, after=max(before, default=0))
        unmade = [self._find_unmade(part, row) for path, row in manifest.documents.items() if path not in fresh]
        # A style that changes is not made any more, and pages that a browser has still ask for it.
        assets = [document for path, document in fresh.items() if path.startswith(ASSETS)]
        files = {MANIFEST: manifest.to_json(), **state}
        files |= {f"{_DOCUMENTS}{document.sha256}": document.body for document in (*unmade, *assets)}
        try:
            self._write_memory(part, files)
        except OSError as error:
            raise _storage_failure(self.state / part, error) from error
        if public is None or public.manifest != manifest:
            self.inner.switch(manifest, [*fresh.values(), *unmade], state)

    def _read_memory(self, part: str) -> Generation | None:
        folder = self.state / part
        if not os.path.lexists(folder):
            # A builder that died between its renames left the old one under another name.
            folder = self.state / f".{part}{_OLD}"
        if not os.path.lexists(folder):
            return None
        if not (folder / MANIFEST).is_file():
            message = f"{folder} is no memory of a part: it has no {MANIFEST}"
            raise PublicationError(message, hint=f"put it back from the repository; {RECOVER}")
        try:
            files = {
                path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
            }
            manifest = read_manifest(files.pop(MANIFEST))
        except OSError as error:
            raise _storage_failure(folder, error) from error
        state = {path: text for path, text in files.items() if not path.startswith(_DOCUMENTS)}
        return Generation(manifest, state)

    def _find_unmade(self, part: str, row: Listed) -> Document:
        with suppress(PublicationError):
            document = Document(row.path, row.media_type, self.read_document(part, row.path))
            if document.sha256 == row.sha256:
                return document
        message = f"{row.path} of {part} was published, nothing makes it any more, and it is not here"
        raise PublicationError(message, hint="get it first from where it is public: aslms-feeds recover https://…")

    def _write_memory(self, part: str, files: Mapping[str, bytes]) -> None:
        """Write a folder beside, then let two renames put it in the place of the old one."""
        folder = self.state / part
        fresh, old = folder.with_name(f".{part}{_NEW}"), folder.with_name(f".{part}{_OLD}")
        _remove(fresh)
        for path, body in sorted(files.items(), key=lambda row: row[0] == MANIFEST):
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            publication_files.create(fresh / path, body)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        publication_files.sync(self.state)
        _remove(old)

    def _tidy(self) -> None:
        """Put back, or finish, what a builder left that died between its renames."""
        for old in self.state.glob(f".*{_OLD}"):
            folder = self.state / old.name.removeprefix(".").removesuffix(_OLD)
            if folder.exists():
                _remove(old)
            else:
                old.rename(folder)
        for fresh in self.state.glob(f".*{_NEW}"):
            _remove(fresh)


def _find_part(folder: str) -> str:
    """Return the part that a folder is of: also of one that is between its renames."""
    return folder.removeprefix(".").removesuffix(_OLD) if folder.endswith(_OLD) else folder


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _storage_failure(path: Path, error: OSError) -> PublicationError:
    message = f"cannot use {error.filename or path}: {error.strerror or error}"
    return PublicationError(message, hint="what is public is untouched; make room or set the rights, then build again")

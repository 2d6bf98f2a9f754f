"""A publication in memory: what tests and previews need, with the behaviour of a real store."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from aslms_feeds.errors import Busy, PublicationError
from aslms_feeds.publication.manifest import MANIFEST, check_successor
from aslms_feeds.publication.publish import KEEP_GENERATIONS, Generation, list_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aslms_feeds.publication.manifest import Document, Manifest


class MemoryStore:
    """A store that is gone with its process."""

    def __init__(self) -> None:
        """Start empty."""
        self._generations: dict[str, Generation] = {}
        self._past: dict[str, dict[int, Generation]] = {}
        self._bodies: dict[str, dict[str, bytes]] = {}
        self._locked = False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other builders out."""
        if self._locked:
            message = "another build is writing this publication"
            raise Busy(message, hint="wait until it is done")
        self._locked = True
        try:
            yield
        finally:
            self._locked = False

    def list_parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are public."""
        return tuple(sorted(self._generations))

    def read_current(self, part: str) -> Generation | None:
        """Return the generation that is public now."""
        return self._generations.get(part)

    def list_generations(self, part: str) -> tuple[int, ...]:
        """Return the numbers of the generations that are still there."""
        return tuple(sorted(self._past.get(part, {})))

    def read_generation(self, part: str, number: int) -> Generation:
        """Return a generation that is still there."""
        try:
            return self._past[part][number]
        except KeyError:
            message = f"generation {number} of {part} is not there"
            raise PublicationError(message, hint=f"these are: {list_numbers(self.list_generations(part))}") from None

    def read_document(self, part: str, path: str) -> bytes:
        """Return the bytes of a public document."""
        try:
            return self._bodies[part][path]
        except KeyError:
            message = f"{part} has no document {path!r}"
            raise PublicationError(message) from None

    def read_state(self, part: str, path: str) -> bytes | None:
        """Return a file of the public generation's private state; None where it has none."""
        return self._generations[part].state.get(path) if part in self._generations else None

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Make a new generation public, whole."""
        public = self._generations.get(manifest.part)
        documents = {document.path: document for document in put}
        check_successor(manifest, documents, after=public.manifest.generation if public else 0)
        bodies = self._bodies.get(manifest.part, {}) | {path: document.body for path, document in documents.items()}
        if missing := manifest.documents.keys() - bodies.keys():
            message = f"{', '.join(sorted(missing))} listed but never written"
            raise PublicationError(message)
        listed = {path: bodies[path] for path in manifest.documents}
        self._bodies[manifest.part] = {**listed, MANIFEST: manifest.to_json()}
        self._generations[manifest.part] = Generation(manifest, dict(state))
        past = self._past.setdefault(manifest.part, {})
        past[manifest.generation] = self._generations[manifest.part]
        for number in sorted(past)[: -KEEP_GENERATIONS - 1]:
            del past[number]

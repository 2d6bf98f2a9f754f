"""What would be published, over what is: reads go through to a real store, writes stay in memory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import INDEX, Document
from aslms_feeds.publication.publish import list_numbers
from aslms_feeds.publication.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aslms_feeds.publication.manifest import Manifest
    from aslms_feeds.publication.publish import Generation, Store


class PreviewStore:
    """A store that changes nothing of the one below it."""

    def __init__(self, below: Store) -> None:
        """Look at ``below``; nothing is locked, since nothing is written."""
        self.below = below
        self.above = MemoryStore()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep nobody out."""
        yield

    def list_parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are, or would be, public."""
        return tuple(sorted({*self.below.list_parts(), *self.above.list_parts()}))

    def read_current(self, part: str) -> Generation | None:
        """Return the generation that is, or would be, public."""
        return self.above.read_current(part) or self.below.read_current(part)

    def list_generations(self, part: str) -> tuple[int, ...]:
        """Return the numbers of the generations that are still there, or would be."""
        return (*self.below.list_generations(part), *self.above.list_generations(part))

    def read_generation(self, part: str, number: int) -> Generation:
        """Return a generation that is still there, or would be."""
        if number not in self.list_generations(part):
            message = f"generation {number} of {part} is not there"
            raise PublicationError(message, hint=f"these are: {list_numbers(self.list_generations(part))}")
        return (self.above if number in self.above.list_generations(part) else self.below).read_generation(part, number)

    def read_document(self, part: str, path: str) -> bytes:
        """Return the bytes of a document that is, or would be, public."""
        return (self.above if self.above.read_current(part) else self.below).read_document(part, path)

    def read_state(self, part: str, path: str) -> bytes | None:
        """Return a file of the private state that is, or would be, the public generation's; None where it has none."""
        return (self.above if self.above.read_current(part) else self.below).read_state(part, path)

    def write(self, store: Store) -> None:
        """Bring another store to what would be public here, without the private state."""
        with store.lock():
            for part in sorted(self.list_parts(), key=lambda name: name == INDEX):
                generation, copy = self.read_current(part), store.read_current(part)
                if generation is None:
                    continue
                rows = generation.manifest.documents.values()
                documents = [Document(row.path, row.media_type, self.read_document(part, row.path)) for row in rows]
                number = copy.manifest.generation + 1 if copy else 1
                store.switch(replace(generation.manifest, generation=number, state={}), documents, {})

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Show a generation to whoever reads through this store."""
        changed = {document.path: document for document in put}
        rows = [row for path, row in manifest.documents.items() if path not in changed]
        unchanged = [Document(row.path, row.media_type, self.read_document(manifest.part, row.path)) for row in rows]
        self.above.switch(manifest, [*changed.values(), *unchanged], state)

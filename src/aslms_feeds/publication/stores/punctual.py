"""A store that waits before its first write: everything is made ahead, and is out on the second it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from aslms_feeds.publication.manifest import Document, Manifest
    from aslms_feeds.publication.publish import Generation, Store


class PunctualStore:
    """A store behind a gate: ``wait`` returns when it opens, or raises to give the build up."""

    def __init__(self, inner: Store, wait: Callable[[], None]) -> None:
        """Write into ``inner``, once ``wait`` has returned for the first time."""
        self.inner = inner
        self._wait = wait
        self._open = False

    def lock(self) -> AbstractContextManager[None]:
        """Keep other builders out."""
        return self.inner.lock()

    def parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are public."""
        return self.inner.parts()

    def current(self, part: str) -> Generation | None:
        """Return the generation that is public now."""
        return self.inner.current(part)

    def past(self, part: str) -> tuple[int, ...]:
        """Return the numbers of the generations that are still there."""
        return self.inner.past(part)

    def generation(self, part: str, number: int) -> Generation:
        """Return a generation that is still there."""
        return self.inner.generation(part, number)

    def read(self, part: str, path: str) -> bytes:
        """Return the bytes of a public document."""
        return self.inner.read(part, path)

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Make a new generation public, not before its time."""
        if not self._open:
            self._wait()
            self._open = True
        self.inner.switch(manifest, put, state)

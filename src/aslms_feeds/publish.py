"""Bring a store to a publication: what changed is written, one switch makes it public, nothing half done is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aslms_feeds.publication import Manifest, changes, next_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from aslms_feeds.publication import Changes, Document


@dataclass(frozen=True)
class Generation:
    """What is public of a part now: its manifest, and the private state that belongs to it."""

    manifest: Manifest
    state: Mapping[str, bytes]


class Store(Protocol):
    """A place a publication can live in, in parts that are switched one by one."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other builders out; raises :class:`aslms_feeds.errors.Busy` at once when one is there."""
        ...

    def parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are public."""
        ...

    def current(self, part: str) -> Generation | None:
        """Return the generation that is public now."""
        ...

    def read(self, part: str, path: str) -> bytes:
        """Return the bytes of a public document."""
        ...

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Make a new generation public, whole: ``put`` holds the documents that differ from the last one's."""
        ...


def publish(
    store: Store, part: str, documents: Iterable[Document], state: Mapping[str, bytes], *, now: datetime
) -> tuple[Manifest, Changes]:
    """Make documents and state the public generation of a part; write nothing when both are what they were."""
    before = store.current(part)
    old = before.manifest if before else None
    change = changes(old, documents)
    if before and not change and dict(before.state) == dict(state):
        return before.manifest, change
    manifest = next_manifest(old, part, change, now=now)
    store.switch(manifest, change.put, state)
    return manifest, change

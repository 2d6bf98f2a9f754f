"""Bring a store to a publication: what changed is written, one switch makes it public, nothing half done is seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import Manifest, continue_manifest, find_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from aslms_feeds.publication.manifest import Changes, Document


@dataclass(frozen=True)
class Generation:
    """What is public of a part now: its manifest, and the private state that belongs to it."""

    manifest: Manifest
    state: Mapping[str, bytes]
    whole: bool = True
    """False: readers do not have all of it yet; the same generation has to be switched to again."""

    def check(self) -> None:
        """Refuse a state that is not the one this generation was published with: stamps would go back."""
        # Ledgers first: what matters most is named.
        for path, sha256 in sorted(self.manifest.state.items(), key=lambda row: (not row[0].startswith(LEDGER), row)):
            reason = "is gone" if path not in self.state else "is empty" if not self.state[path] else ""
            if not reason and hashlib.sha256(self.state[path]).hexdigest() != sha256:
                reason = "is damaged, was edited, or belongs to another generation"
            if reason:
                manifest = self.manifest
                message = f"{path} of {manifest.part}, generation {manifest.generation}, {reason}; nothing is published"
                raise PublicationError(message, hint=RECOVER)


LEDGER = "ledger/"
"""The folder of the private state that holds each season's ledger."""
LINKED = "series"
"""The file of the index' private state that names the series it leads to."""
KEEP_GENERATIONS = 5
"""Old generations that stay at least, beside the public one."""
RECOVER = "aslms-feeds recover rebuilds it from what is published; else restore it from a backup"


class Store(Protocol):
    """A place a publication can live in, in parts that are switched one by one."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other builders out; raises :class:`aslms_feeds.errors.Busy` at once when one is there."""
        ...

    def list_parts(self) -> tuple[str, ...]:
        """Return the names of the parts that are public."""
        ...

    def read_current(self, part: str) -> Generation | None:
        """Return the generation that is public now."""
        ...

    def list_generations(self, part: str) -> tuple[int, ...]:
        """Return the numbers of the generations that are still there, the oldest first, the public one last."""
        ...

    def read_generation(self, part: str, number: int) -> Generation:
        """Return a generation that is still there; raises :class:`aslms_feeds.errors.PublicationError`."""
        ...

    def read_document(self, part: str, path: str) -> bytes:
        """Return the bytes of a public document."""
        ...

    def read_state(self, part: str, path: str) -> bytes | None:
        """Return a file of the public generation's private state, without reading all of it; None where it has none."""
        ...

    def switch(self, manifest: Manifest, put: Iterable[Document], state: Mapping[str, bytes]) -> None:
        """Make a new generation public, whole: ``put`` holds at least the documents that differ from the last one's."""
        ...


def publish(
    store: Store,
    part: str,
    documents: Collection[Document],
    state: Mapping[str, bytes],
    *,
    now: datetime,
    notes: Mapping[str, bytes] | None = None,
    before_switch: Callable[[], None] = lambda: None,
) -> tuple[Manifest, Changes]:
    """Make documents and state the public generation of a part; write nothing when both are what they were.

    ``notes`` is private too, but no reason for a generation: it is kept with the next one that has another.
    ``before_switch`` is called when there is something to write and everything of it is made: it may wait for the
    second at which that is due, or raise to have nothing written.
    """
    before, notes = store.read_current(part), notes or {}
    old = before.manifest if before else None
    change = find_changes(old, documents)
    old_state = {path: text for path, text in before.state.items() if path not in notes} if before else {}
    if before and not change and old_state == dict(state):
        if before.whole:
            return before.manifest, change
        manifest, whole = before.manifest, before.state
    else:
        whole = {**state, **notes}
        sums = {path: hashlib.sha256(text).hexdigest() for path, text in whole.items()}
        manifest = replace(continue_manifest(old, part, change, now=now), state=sums)
    before_switch()
    store.switch(manifest, documents, whole)
    return manifest, change


def list_numbers(generations: Iterable[int]) -> str:
    """Return generations as a message lists them."""
    return ", ".join(map(str, generations)) or "none"

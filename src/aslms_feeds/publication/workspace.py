"""A folder that is published into, as the rest of the program opens it: its store, its lock, its private files.

Private files lie beside the parts: the record of the last run, the status, the outbox of what is to be told, and what
upstreams said. Nothing of them is served. Stores are imported when one is opened: the server opens none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aslms_feeds.publication import files
from aslms_feeds.publication.records import RecordError, encode_json, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from aslms_feeds.publication.publish import Store

STATUS = "status.json"
"""The file that says what the last build did."""


def open_store(output: Path, state: Path | None = None) -> Store:
    """Return the place that is published into; with ``state``, its memory is in that folder, apart from it."""
    from aslms_feeds.publication.stores.local import LocalStore
    from aslms_feeds.publication.stores.split import SplitStore

    local = LocalStore(output)
    return local if state is None else SplitStore(local, state)


@dataclass(frozen=True)
class Workspace:
    """A folder that is published into, with what is private in it."""

    output: Path

    @property
    def outbox(self) -> Path:
        """The folder of what waits to be told to hubs and receivers."""
        return self.output / "outbox"

    @property
    def upstreams(self) -> Path:
        """The folder of what upstreams said, one folder of it for each."""
        return self.output / "upstreams"

    @property
    def proposals(self) -> Path:
        """The file that says where somebody else's calendar differs from ours."""
        return self.output / "proposals.json"

    def lock(self) -> AbstractContextManager[None]:
        """Keep other builders out; raises :class:`aslms_feeds.errors.Busy` at once when one is there."""
        return open_store(self.output).lock()

    def read_status(self) -> dict[str, Any]:
        """Return what status.json says; nothing where there is none that can be read."""
        try:
            status = read_record((self.output / STATUS).read_bytes(), None, lambda data: data)
        except (OSError, RecordError):
            return {}
        return status if isinstance(status, dict) else {}

    def write_status(self, status: Mapping[str, Any]) -> None:
        """Write status.json whole; only while the lock is held."""
        files.replace(self.output / STATUS, encode_json(status), synced=False)

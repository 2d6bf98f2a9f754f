"""What became of a part, generation by generation: when, which facts came with it, and what it went back to.

It travels with the private state, so that it also lists generations whose folders are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aslms_feeds.instants import format_moment
from aslms_feeds.publication.records import encode_json, require_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aslms_feeds.publication.manifest import Manifest
    from aslms_feeds.publication.publish import Store

HISTORY_FILE = "chronicle.json"
"""The file of the private state that holds it."""
MOST_GENERATIONS = 500
"""How many of them are remembered."""


@dataclass(frozen=True)
class HistoryRow:
    """One generation."""

    generation: int
    published: datetime
    documents: int
    """How many changed."""
    facts: tuple[str, ...] = ()
    """What came with it, as ``season: what about``."""
    back_to: int | None = None
    """The generation whose content it shows again; None: the definitions'."""


def write_history(rows: Iterable[HistoryRow]) -> bytes:
    """Return the history as the private state holds it, the newest generations of it."""
    newest = sorted(rows, key=lambda row: row.generation)[-MOST_GENERATIONS:]
    data = [
        {
            "generation": row.generation,
            "published": format_moment(row.published),
            "documents": row.documents,
            "told": list(row.facts),
            "back_to": row.back_to,
        }
        for row in newest
    ]
    return encode_json(data)


def parse_history(text: bytes | None) -> tuple[HistoryRow, ...]:
    """Return what :func:`write_history` wrote, in order; nothing of a part that has none yet."""
    if text is None:
        return ()
    hint = "it only tells of the past: the next generation begins a new one"
    return require_record(text, None, lambda data: tuple(map(_parse_row, data)), name=HISTORY_FILE, hint=hint)


def read_history(store: Store, part: str) -> tuple[HistoryRow, ...]:
    """Return the history of a part that is public."""
    return parse_history(store.read_state(part, HISTORY_FILE))


def complete_history(rows: Iterable[HistoryRow], manifests: Iterable[Manifest]) -> tuple[HistoryRow, ...]:
    """Return the history with the generations that are there and missing in it, as after a recovery."""
    generations = {
        manifest.generation: HistoryRow(manifest.generation, manifest.published, len(manifest.documents))
        for manifest in manifests
    }
    generations |= {row.generation: row for row in rows}
    return tuple(generations[number] for number in sorted(generations))


def _parse_row(data: dict[str, Any]) -> HistoryRow:
    back_to = data["back_to"]
    return HistoryRow(
        generation=int(data["generation"]),
        published=datetime.fromisoformat(data["published"]),
        documents=int(data["documents"]),
        facts=tuple(map(str, data["told"])),
        back_to=None if back_to is None else int(back_to),
    )

"""What became of a part, generation by generation: when, what subscribers were told, and what it went back to.

It travels with the private state, so that it tells also of generations whose folders are gone.
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

CHRONICLE = "chronicle.json"
"""The file of the private state that holds it."""
LONGEST = 500
"""Generations that are remembered."""


@dataclass(frozen=True)
class Row:
    """One generation."""

    generation: int
    published: datetime
    documents: int
    """How many changed."""
    told: tuple[str, ...] = ()
    """The facts that came with it, as ``season: what about``."""
    back_to: int | None = None
    """The generation whose content it shows again; None: the definitions'."""


def write(rows: Iterable[Row]) -> bytes:
    """Return the chronicle as text, the newest generations of it."""
    kept = sorted(rows, key=lambda row: row.generation)[-LONGEST:]
    data = [
        {
            "generation": row.generation,
            "published": format_moment(row.published),
            "documents": row.documents,
            "told": list(row.told),
            "back_to": row.back_to,
        }
        for row in kept
    ]
    return encode_json(data)


def read(text: bytes) -> tuple[Row, ...]:
    """Return what :func:`write` wrote, in order."""
    hint = "it only tells of the past: the next generation begins a new one"
    return require_record(text, None, lambda data: tuple(map(_row, data)), name=CHRONICLE, hint=hint)


def completed(rows: Iterable[Row], manifests: Iterable[Manifest]) -> tuple[Row, ...]:
    """Return the chronicle with the generations that are there and that it does not tell of, as after a recovery."""
    found = {one.generation: Row(one.generation, one.published, len(one.documents)) for one in manifests}
    found |= {row.generation: row for row in rows}
    return tuple(found[number] for number in sorted(found))


def _row(data: dict[str, Any]) -> Row:
    back_to = data["back_to"]
    return Row(
        generation=int(data["generation"]),
        published=datetime.fromisoformat(data["published"]),
        documents=int(data["documents"]),
        told=tuple(map(str, data["told"])),
        back_to=None if back_to is None else int(back_to),
    )

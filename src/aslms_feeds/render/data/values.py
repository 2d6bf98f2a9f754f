"""How values are written in the data documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aslms_feeds.instants import format_moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from aslms_feeds.definitions.series import Broadcast
    from aslms_feeds.definitions.values import Definition
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.edition import SeasonEdition
    from aslms_feeds.ledger.stamps import Revision

FORMAT = 1
"""The format of the data documents, which each of them names."""

NO_STAMPS = {"sequence": None, "revision": None, "created": None, "last_modified": None}
"""The stamps of an event or session that is in no calendar."""


def dump_stamps(revision: Revision) -> dict[str, Any]:
    """Return the stamps of an event, a session or a season."""
    return {
        "sequence": revision.sequence,
        "revision": revision.count,
        "created": format_moment(revision.created),
        "last_modified": format_moment(revision.last_modified),
    }


def dump_broadcasts(broadcasts: Iterable[Broadcast]) -> list[dict[str, Any]]:
    """Return where something is shown."""
    return [broadcast.model_dump(mode="json") for broadcast in broadcasts]


_PLURALS = {"entry": "entries", "winner": "winners"}
"""Lists carry the singular in the files (``[[list.entry]]``) and the plural in the data."""


def dump_definition(value: Definition) -> dict[str, Any]:
    """Return what a definition says, without what is for this program alone."""
    data = value.model_dump(mode="json", by_alias=True, exclude={"embargo", "accept"})
    return {_PLURALS.get(key, key): field for key, field in data.items()}


def format_time(value: date | datetime | None) -> str | None:
    """Return a day, an instant in UTC or a local time as text."""
    if isinstance(value, datetime) and value.tzinfo is UTC:
        return format_moment(value)
    return value.isoformat() if value else None


def find_page_url(addresses: Addresses, tag: str, season: SeasonEdition, *event: str) -> str:
    """Return the page of a season or an event; a forerunner's is its place on the history page."""
    if season.files.season.kind == "forerunner":
        return f"{addresses.page_url(tag, 'history')}#{season.files.id}"
    return addresses.page_url(tag, season.files.id, *event)

"""Names that outlive a rebuild: UIDs, tag URIs, digests, and what may be an id at all.

A name is made from the ids in the definitions and from nothing else: no title, no date, no position, no host that
serves the files. RFC 5545 section 3.8.4.7 and RFC 7986 section 5.3 want a UID for ever; RFC 4151 the same of a tag.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

ID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
"""What an id looks like: it becomes a part of addresses, file names and UIDs."""

ID_LENGTH = 64
"""The longest id, in characters."""

SERIES_FOLDERS = frozenset(
    {
        "assets",
        "bundles",
        "changes",
        "everything",
        "feeds",
        "history",
        "news",
        "reminders",
        "results",
        "subscribe",
        "why",
    }
)
"""Folders of ours below a series: no season may be called so."""

SITE_FOLDERS = frozenset({"404", "assets", "bundles", "feeds", "healthz", "index", "metrics", "site", "status"})
"""Names of ours at the top of the site: no series may be called so."""


def is_id(name: str) -> bool:
    """Say whether a text is an id."""
    return len(name) <= ID_LENGTH and re.fullmatch(ID_PATTERN.rstrip("$"), name) is not None


def make_component_uid(identity: str, series: str, season: str, event: str, session: str | None = None) -> str:
    """Return the UID of a session, or of the whole race meeting when ``session`` is None.

    >>> make_component_uid("example.org", "aslms", "2023-24", "sepang", "race-1")
    'race-1.sepang.2023-24.aslms@example.org'
    """
    name = f"{session}.{event}" if session else event
    return f"{name}.{make_season_uid(identity, series, season)}"


def make_season_uid(identity: str, series: str, season: str) -> str:
    """Return the name that a season's own statement has in the ledger: ``2023-24.aslms@example.org``."""
    return f"{season}.{series}@{identity}"


def make_entry_list_uid(identity: str, series: str, season: str, entry_list: str) -> str:
    """Return the name that an entry list has in the ledger: ``all.entries.2023-24.aslms@example.org``."""
    return f"{entry_list}.entries.{make_season_uid(identity, series, season)}"


class UidParts(NamedTuple):
    """What a UID is made from: the first ids that everything ever had."""

    names: tuple[str, ...]
    """What it names in the season: a session and its event, an event, or nothing for the season itself."""
    season: str
    series: str


def parse_uid(uid: str) -> UidParts:
    """Return the parts of a UID that was made here.

    >>> parse_uid("race-1.sepang.2023-24.aslms@example.org")
    UidParts(names=('race-1', 'sepang'), season='2023-24', series='aslms')
    """
    *names, season, series = uid.partition("@")[0].split(".")
    return UidParts(tuple(names), season, series)


def make_tag_uri(identity: str, minted: date, *specific: str) -> str:
    """Return a tag URI (RFC 4151): ``tag:example.org,2026-11-21:en/aslms/2023-24/news/calendar``."""
    return f"tag:{identity},{minted.isoformat()}:{'/'.join(specific)}"


def digest(*parts: str | bytes) -> str:
    """Return a stable content hash, its version in front; parts cannot run into each other."""
    hasher = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return f"1:{hasher.hexdigest()}"


def fingerprint(files: Iterable[tuple[str, bytes]], *versions: str) -> str:
    """Return the fingerprint of what a series is made from: its files, in any order, and the versions of its tools."""
    hasher = hashlib.blake2b(digest_size=16)
    for name, data in sorted(files):
        hasher.update(f"{name}\0{len(data)}\0".encode())
        hasher.update(data)
    for version in versions:
        hasher.update(f"\1{version}".encode())
    return f"1:{hasher.hexdigest()}"

"""What readers say: plain text values, and why a document is refused."""

from __future__ import annotations

from typing import NamedTuple

TITLE, TEXT, LINK = 200, 1_000, 2_000
"""Characters that are kept of a title, of a text and of an address; longer addresses are left out."""


class UnreadableError(Exception):
    """Why a document is refused: continues a sentence that begins with its name."""


class Entry(NamedTuple):
    """One item of a feed; texts are plain, clean and short."""

    key: str
    """A digest of what the feed knows it by."""
    title: str
    """One line."""
    text: str
    """Paragraphs, with an empty line between them; may be empty."""
    link: str
    """An absolute https address; empty where there is none."""
    on: str
    """Its day, as 2026-11-21; empty where it does not say."""


class Feed(NamedTuple):
    """A feed's title, which may be empty, and its items in its own order."""

    title: str
    entries: tuple[Entry, ...]


class Appointment(NamedTuple):
    """One VEVENT of a calendar; texts are one clean line each."""

    uid: str
    title: str
    place: str
    start: str
    """ISO 8601: an instant in UTC, a local time without offset where its zone is not known, or a day."""
    end: str
    """The same kind of value, exclusive; empty where it does not say."""
    status: str
    """STATUS in small letters (RFC 5545 section 3.8.1.11); empty where it does not say."""

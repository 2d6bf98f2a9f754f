"""What readers return: plain text values, and the error that says why a document is refused."""

from __future__ import annotations

from typing import NamedTuple

MAX_TITLE, MAX_TEXT, MAX_LINK = 200, 1_000, 2_000
"""Characters of a title, of a text and of an address; titles and texts are shortened, longer addresses left out."""


class UnreadableError(Exception):
    """Why a document is refused: continues a sentence that begins with its name."""


class FeedEntry(NamedTuple):
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


class ForeignFeed(NamedTuple):
    """A feed's title, which may be empty, and its items in its own order."""

    title: str
    entries: tuple[FeedEntry, ...]


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

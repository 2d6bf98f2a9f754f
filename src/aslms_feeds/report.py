"""What a build did, as values: part by part, with the facts, calendar entries and items that are new or changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from aslms_feeds.errors import Problem
    from aslms_feeds.ledger.facts import Fact


class NewFact(NamedTuple):
    """A fact, and how it is told in the first language."""

    season: str
    fact: Fact
    headline: str
    text: str
    """Plain."""

    def data(self) -> dict[str, str | None]:
        """Return it as JSON says it; None for what it has not."""
        return {
            "season": self.season,
            "id": self.fact.id,
            "what": self.fact.what,
            "event": self.fact.event or None,
            "session": self.fact.session or None,
            "from": self.fact.before or None,
            "to": self.fact.after or None,
            "headline": self.headline,
            "text": self.text,
        }


class EventChange(NamedTuple):
    """A component that is new or says something else than before."""

    season: str
    uid: str
    before: int | None
    """Its SEQUENCE before; None where there was none."""
    sequence: int


class ItemChange(NamedTuple):
    """An item that is new or was edited."""

    key: str
    title: str
    """In the first language."""
    new: bool


@dataclass(frozen=True)
class Part:
    """What became of one part of the publication: a series, or the index."""

    name: str
    generation: int = 0
    """The public generation; 0 when there is none."""
    documents: int = 0
    size: int = 0
    """Octets of all documents."""
    written: tuple[str, ...] = ()
    """The paths that changed."""
    told: tuple[NewFact, ...] = ()
    """What subscribers are told that they were not told before."""
    revised: tuple[EventChange, ...] = ()
    """What calendar programs replace."""
    items: tuple[ItemChange, ...] = ()
    """What feed readers show as new, or as edited."""
    problems: tuple[Problem, ...] = ()
    error: str = ""
    hint: str = ""
    back_to: int | None = None
    """The generation whose content is shown instead of what the definitions say; None: no rollback holds."""
    storage: bool = False
    """Whether the error is the store's: what is public cannot be read, or nothing can be written."""

    @property
    def failed(self) -> bool:
        """Whether it stays at its last good generation because something is wrong."""
        return bool(self.problems or self.error)


@dataclass(frozen=True)
class Report:
    """What a build did."""

    parts: tuple[Part, ...]
    next_due: datetime | None = None
    notes: tuple[str, ...] = ()
    """What did not work beside publishing, such as a ping that nobody took."""

    @property
    def failed(self) -> bool:
        """Whether any part has a problem."""
        return any(part.failed for part in self.parts)

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(part.written for part in self.parts)

"""What a build did, as values: part by part, with new facts, changed events and feed items.

`builds.recipe` makes it; what prints it, logs it, keeps it in status.json or tells others of it reads it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from aslms_feeds.ledger.values import format_value

if TYPE_CHECKING:
    from datetime import datetime

    from aslms_feeds.errors import Problem
    from aslms_feeds.ledger.facts import Fact


class NewFact(NamedTuple):
    """A fact that its season's ledger did not hold before, and how it is told in the first language."""

    season: str
    """The season's id."""
    fact: Fact
    headline: str
    """The title of the item that tells it."""
    text: str
    """The text of that item, without markup."""

    def data(self) -> dict[str, str | None]:
        """Return it as JSON says it; None for what it has not."""
        return {
            "season": self.season,
            "id": self.fact.id,
            "what": self.fact.what,
            "event": self.fact.event or None,
            "session": self.fact.session or None,
            "from": format_value(self.fact.before),
            "to": format_value(self.fact.after),
            "headline": self.headline,
            "text": self.text,
        }


class EventChange(NamedTuple):
    """A calendar component that is new, or says something else than in the generation before."""

    season: str
    """The season's id."""
    uid: str
    before: int | None
    """Its SEQUENCE in the generation before; None where it was not there."""
    sequence: int
    """Its SEQUENCE now."""


class ItemChange(NamedTuple):
    """A feed item that is new, or says something else than in the generation before."""

    key: str
    """What its Atom id is made from: the same in every language."""
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
    new_facts: tuple[NewFact, ...] = ()
    """What subscribers are told that they were not told before."""
    changed_events: tuple[EventChange, ...] = ()
    """What calendar programs replace."""
    changed_items: tuple[ItemChange, ...] = ()
    """What feed readers show as new, or as edited."""
    problems: tuple[Problem, ...] = ()
    """What is wrong in the definitions of the series."""
    error: str = ""
    """What else kept it from being published; empty: nothing did."""
    hint: str = ""
    """What to do about the error."""
    back_to: int | None = None
    """The generation whose content is shown instead of what the definitions say; None: no rollback holds."""
    storage: bool = False
    """Whether the error is the store's: what is public cannot be read, or nothing can be written."""

    @property
    def failed(self) -> bool:
        """Whether it stays at its last good generation because something is wrong."""
        return bool(self.problems or self.error)

    def messages(self) -> list[str]:
        """Return all that is wrong, as lines."""
        return [*map(str, self.problems), *([self.error] if self.error else [])]

    def data(self) -> dict[str, Any]:
        """Return it as JSON says it, in ``build --json`` and in status.json."""
        return {
            "part": self.name,
            "ok": not self.failed,
            "generation": self.generation,
            "back_to": self.back_to,
            "documents": self.documents,
            "bytes": self.size,
            "written": list(self.written),
            "problems": self.messages(),
        }


@dataclass(frozen=True)
class Report:
    """What a build did."""

    parts: tuple[Part, ...] = ()
    next_due: datetime | None = None
    """When the publication changes although its definitions do not; None: never."""
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

    def data(self) -> dict[str, Any]:
        """Return it as JSON says it, in ``build --json`` and in status.json."""
        return {"ok": not self.failed, "changed": self.changed, "parts": [part.data() for part in self.parts]}

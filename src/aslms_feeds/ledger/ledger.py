"""The heart: what each component said before, and the stamps it carries because of that.

A ledger belongs to one season and travels with the generation it stamped. Everything here is a value: the old ledger,
the new statements and the time go in, the new ledger comes out.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from aslms_feeds.definitions.values import What
from aslms_feeds.errors import PublicationError
from aslms_feeds.identity import parse_uid
from aslms_feeds.instants import ONE_SECOND, format_instant, parse_instant, whole_second
from aslms_feeds.ledger.facts import Fact, Statement, differences, grouped, shown, worth_telling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = 1


@dataclass(frozen=True)
class Revision:
    """How often, and when, a component changed."""

    statement: Statement
    sequence: int
    """SEQUENCE (RFC 5545 section 3.8.7.4): significant changes only."""
    count: int
    """All changes, the first publication included; subscribers read it in the description."""
    created: datetime
    last_modified: datetime
    """LAST-MODIFIED and DTSTAMP: without a METHOD both mean this (RFC 5545 section 3.8.7.2)."""


@dataclass(frozen=True)
class Dating:
    """When a feed item was published, and when its text last changed (RFC 4287 sections 4.2.9 and 4.2.15)."""

    published: datetime
    updated: datetime
    texts: Mapping[str, str]
    """A digest of the item in each language."""
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What it was filed under, by language: some readers take another category for an edit."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """Where it was told to be, by language, below the series: some readers take another address for another item."""


class Offer(NamedTuple):
    """An item as it would be published."""

    published: datetime
    """The date to publish it under, if it is new."""
    texts: Mapping[str, str]
    categories: Mapping[str, tuple[str, ...]] = {}
    pages: Mapping[str, str] = {}


@dataclass(frozen=True)
class Ledger:
    """All revisions, facts and item dates of one season."""

    season: str
    minted: str
    """The authority and day its tag URIs and UIDs are made from (RFC 4151): set once, for ever."""
    opened: datetime
    backfilled: bool
    """Whether the season was over when this ledger was opened: history, not news."""
    revisions: Mapping[str, Revision] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    items: Mapping[str, Dating] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    """The UIDs of tombstones: they stay cancelled, and name nothing else ever again."""
    changes: frozenset[str] = frozenset()
    """The ids of the ``change`` entries that were there: what they explain has happened."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """The id of the fact that a ``change`` gives the reason of, by the change's id: once, for ever."""

    def vanished(self, statements: Mapping[str, Statement]) -> dict[str, Statement]:
        """Return what was stated before and is not any more, by UID."""
        return {uid: old.statement for uid, old in self.revisions.items() if uid not in statements}

    def revise(self, statements: Mapping[str, Statement], *, now: datetime) -> Ledger:
        """Return the ledger after ``statements`` are published at ``now``; nothing that was stated may be missing."""
        if missing := self.vanished(statements):
            message = f"{', '.join(sorted(missing))} would vanish"
            raise PublicationError(message, hint="cancel, rename with formerly, or retire it")
        now = whole_second(now)
        first = not self.revisions
        revisions = {uid: _revise(self.revisions.get(uid), said, now) for uid, said in sorted(statements.items())}
        news = [] if first else _facts(self.revisions, revisions, now)
        sessions = Counter(said.event for said in statements.values() if said.scope == "session")
        told = self._grouped(worth_telling(news, sessions), statements)
        return replace(self, revisions=revisions, facts=(*self.facts, *told))

    def _grouped(self, news: Sequence[Fact], statements: Mapping[str, Statement]) -> list[Fact]:
        """Return the facts of this build with those of one event under the key of one item, which is new."""
        stamp = max((fact.at for fact in news if fact.at), default=self.opened)
        used = {fact.item for fact in self.facts}
        while any(item.endswith(_together(stamp)) for item in used):
            stamp += ONE_SECOND
        # The id in a UID is the first one ever, so that no other event can come to the same name.
        events = {said.event: (uid, said) for uid, said in statements.items() if said.scope == "event"}
        items = {event: f"change/{parse_uid(uid).names[0]}{_together(stamp)}" for event, (uid, _said) in events.items()}
        return grouped(news, items, {event: said.names for event, (_uid, said) in events.items()})

    def with_facts(self, *facts: Fact) -> Ledger:
        """Return the ledger with more facts."""
        return replace(self, facts=(*self.facts, *facts))

    def date_items(self, items: Mapping[str, Offer], *, now: datetime) -> Ledger:
        """Return the ledger after feed items are published at ``now``.

        An item once dated keeps its date; what is not offered any more keeps its place, so that ids are never used
        again.
        """
        now = whole_second(now)
        dated = dict(self.items)
        for key, offer in sorted(items.items()):
            dated[key] = _date(self.items.get(key), offer, now)
        return replace(self, items=dated)

    def to_json(self) -> bytes:
        """Return the ledger as text, the same bytes for the same ledger."""
        return self._text

    @cached_property
    def _text(self) -> bytes:
        data = {
            "format": FORMAT,
            "season": self.season,
            "minted": self.minted,
            "opened": format_instant(self.opened),
            "backfilled": self.backfilled,
            "retired": sorted(self.retired),
            "changes": sorted(self.changes),
            "reasons": dict(sorted(self.reasons.items())),
            "revisions": {uid: _revision_data(revision) for uid, revision in sorted(self.revisions.items())},
            "facts": [_fact_data(fact) for fact in self.facts],
            "items": {
                key: {
                    "published": format_instant(item.published),
                    "updated": format_instant(item.updated),
                    "texts": dict(sorted(item.texts.items())),
                    "categories": {tag: list(names) for tag, names in sorted(item.categories.items())},
                    "pages": dict(sorted(item.pages.items())),
                }
                for key, item in sorted(self.items.items())
            },
        }
        return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


def open_ledger(season: str, *, minted: str, now: datetime, backfilled: bool) -> Ledger:
    """Return the ledger of a season nothing was published of yet."""
    return Ledger(season=season, minted=minted, opened=whole_second(now), backfilled=backfilled)


def read_ledger(text: bytes) -> Ledger:
    """Return the ledger that :meth:`Ledger.to_json` wrote; a damaged one is refused, never guessed at."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            message = f"the ledger has format {data['format']}, this program reads {FORMAT}"
            raise PublicationError(message, hint="use the version that wrote it, or newer")
        return Ledger(
            season=data["season"],
            minted=data["minted"],
            opened=parse_instant(data["opened"]),
            backfilled=data["backfilled"],
            retired=frozenset(data["retired"]),
            changes=frozenset(data["changes"]),
            reasons=dict(data["reasons"]),
            revisions={uid: _read_revision(row) for uid, row in data["revisions"].items()},
            facts=tuple(_read_fact(row) for row in data["facts"]),
            items={
                key: Dating(
                    parse_instant(row["published"]),
                    parse_instant(row["updated"]),
                    row["texts"],
                    {tag: tuple(names) for tag, names in row["categories"].items()},
                    {tag: str(page) for tag, page in row["pages"].items()},
                )
                for key, row in data["items"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"the ledger cannot be read: {error!r}"
        raise PublicationError(message, hint="restore the generation folder from a backup") from error


def _revise(old: Revision | None, said: Statement, now: datetime) -> Revision:
    if old is None:
        return Revision(statement=said, sequence=0, count=1, created=now, last_modified=now)
    if said.says_the_same_as(old.statement):
        return replace(old, statement=said)
    # RFC 5545 section 3.8.7.4: SEQUENCE counts significant revisions only.
    significant = said.significant != old.statement.significant
    return replace(
        old,
        statement=said,
        sequence=old.sequence + significant,
        count=old.count + 1,
        last_modified=max(now, old.last_modified + ONE_SECOND),
    )


def _together(stamp: datetime) -> str:
    """Return how the key of an item ends that tells several facts of one build."""
    return f".changes.{stamp:%Y%m%dT%H%M%SZ}"


def _date(old: Dating | None, offer: Offer, now: datetime) -> Dating:
    if old is None:
        published = whole_second(offer.published)
        return Dating(published, published, dict(offer.texts), dict(offer.categories), dict(offer.pages))
    changed = any(offer.texts[tag] != old.texts[tag] for tag in offer.texts.keys() & old.texts.keys())
    updated = max(now, old.updated + ONE_SECOND) if changed else old.updated
    # With an edit everything may be new; without one nothing may.
    categories = offer.categories if changed else {**offer.categories, **old.categories}
    pages = {**offer.pages, **old.pages}
    return Dating(old.published, updated, {**old.texts, **offer.texts}, dict(categories), pages)


def _facts(old: Mapping[str, Revision], new: Mapping[str, Revision], now: datetime) -> list[Fact]:
    found = []
    for uid, revision in sorted(new.items(), key=lambda row: (row[1].statement.start, row[0])):
        said = revision.statement
        before = old.get(uid)
        if before is None:
            # What is over when it first appears is history; an entry list is an item of its own.
            changes = [] if said.over(now) or said.scope == "entries" else [(What.ADDED, "", shown(said))]
            stamp = revision.created
        elif before.last_modified == revision.last_modified or before.statement.over(now):
            # Nothing was said anew, or what has ended was corrected.
            continue
        else:
            changes = differences(before.statement, said)
            stamp = revision.last_modified
        for what, was, became in changes:
            # The ids in a UID are the first ones ever, so that no other thing can come to the same name.
            name = ".".join(parse_uid(uid).names) if said.scope != "season" else "season"
            detail = f".{became or was}" if what in (What.CLASS_ADDED, What.CLASS_DROPPED) else ""
            found.append(
                Fact(
                    id=f"{name}.{what}{detail}.{stamp:%Y%m%dT%H%M%SZ}",
                    what=what,
                    event=said.event,
                    session=said.session,
                    at=stamp,
                    before=was,
                    after=became,
                    timezone=said.timezone,
                    names=said.names,
                )
            )
    return found


def _revision_data(revision: Revision) -> dict[str, Any]:
    return {
        "sequence": revision.sequence,
        "count": revision.count,
        "created": format_instant(revision.created),
        "last_modified": format_instant(revision.last_modified),
        "statement": asdict(revision.statement),
    }


def _read_revision(row: dict[str, Any]) -> Revision:
    said = row["statement"]
    statement = Statement(**{**said, "classes": tuple(said["classes"])})
    created, modified = parse_instant(row["created"]), parse_instant(row["last_modified"])
    return Revision(statement, int(row["sequence"]), int(row["count"]), created, modified)


def _fact_data(fact: Fact) -> dict[str, Any]:
    data = asdict(fact)
    data["at"] = format_instant(fact.at) if fact.at else None
    data["on"] = fact.on.isoformat() if fact.on else None
    return data


def _read_fact(row: dict[str, Any]) -> Fact:
    return Fact(
        **{
            **row,
            "what": What(row["what"]),
            "at": parse_instant(row["at"]) if row["at"] else None,
            "on": date.fromisoformat(row["on"]) if row["on"] else None,
            "sources": tuple(row["sources"]),
        }
    )

"""The ledger of a season: what each component said before, the stamps it carries because of that, and every fact.

A ledger travels with the generation it stamped. Everything here is a value: the old ledger, the new statements and the
time go in, the new ledger comes out.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import What
from aslms_feeds.errors import PublicationError
from aslms_feeds.identity import parse_uid
from aslms_feeds.instants import ONE_SECOND, format_instant, parse_instant, whole_second
from aslms_feeds.ledger.facts import Fact, Statement, Transition, differences, drop_implied, group_by_event
from aslms_feeds.ledger.json_format import (
    FORMAT,
    UNTYPED,
    format_dating,
    format_fact,
    format_revision,
    parse_dating,
    parse_fact,
    parse_revision,
)
from aslms_feeds.ledger.stamps import Dating, Offer, Revision, date_item, revise_component

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime


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

    def find_vanished(self, statements: Mapping[str, Statement]) -> dict[str, Statement]:
        """Return what was stated before and is not any more, by UID."""
        return {uid: revision.statement for uid, revision in self.revisions.items() if uid not in statements}

    def revise(self, statements: Mapping[str, Statement], *, now: datetime) -> Ledger:
        """Return the ledger after ``statements`` are published at ``now``; nothing that was stated may be missing."""
        if missing := self.find_vanished(statements):
            message = f"{', '.join(sorted(missing))} would vanish"
            raise PublicationError(message, hint="cancel, rename with formerly, or retire it")
        now = whole_second(now)
        first = not self.revisions
        revisions = {
            uid: revise_component(self.revisions.get(uid), statement, now)
            for uid, statement in sorted(statements.items())
        }
        news = [] if first else list(_new_facts(self.revisions, revisions, now))
        sessions = Counter(statement.event for statement in statements.values() if statement.scope == "session")
        facts = self._group(drop_implied(news, sessions), statements)
        return replace(self, revisions=revisions, facts=(*self.facts, *facts))

    def _group(self, news: Sequence[Fact], statements: Mapping[str, Statement]) -> list[Fact]:
        """Return the facts of this build with those of one event under the key of one item, which is new."""
        stamp = max((fact.at for fact in news if fact.at), default=self.opened)
        keys = {fact.item for fact in self.facts}
        while any(key.endswith(_key_ending(stamp)) for key in keys):
            stamp += ONE_SECOND
        # The id in a UID is the first one ever, so that no other event can come to the same name.
        events = {
            statement.event: (uid, statement) for uid, statement in statements.items() if statement.scope == "event"
        }
        items = {event: f"change/{parse_uid(uid).names[0]}{_key_ending(stamp)}" for event, (uid, _) in events.items()}
        return group_by_event(news, items, {event: statement.names for event, (_, statement) in events.items()})

    def add_facts(self, *facts: Fact) -> Ledger:
        """Return the ledger with more facts."""
        return replace(self, facts=(*self.facts, *facts))

    def date_items(self, items: Mapping[str, Offer], *, now: datetime) -> Ledger:
        """Return the ledger after feed items are published at ``now``.

        An item once dated keeps its date; what is not offered any more keeps its place, so that ids are never used
        again.
        """
        now = whole_second(now)
        dates = dict(self.items)
        for key, offer in sorted(items.items()):
            dates[key] = date_item(self.items.get(key), offer, now)
        return replace(self, items=dates)

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
            "revisions": {uid: format_revision(revision) for uid, revision in sorted(self.revisions.items())},
            "facts": [format_fact(fact) for fact in self.facts],
            "items": {key: format_dating(dating) for key, dating in sorted(self.items.items())},
        }
        return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


def open_ledger(season: str, *, minted: str, now: datetime, backfilled: bool) -> Ledger:
    """Return the ledger of a season nothing was published of yet."""
    return Ledger(season=season, minted=minted, opened=whole_second(now), backfilled=backfilled)


def read_ledger(text: bytes) -> Ledger:
    """Return the ledger that :meth:`Ledger.to_json` wrote; a damaged one is refused, never guessed at."""
    try:
        data = json.loads(text)
        written_in = data["format"]
        if written_in not in (UNTYPED, FORMAT):
            message = f"the ledger has format {written_in}, this program reads {UNTYPED} and {FORMAT}"
            raise PublicationError(message, hint="use the version that wrote it, or newer")
        return Ledger(
            season=data["season"],
            minted=data["minted"],
            opened=parse_instant(data["opened"]),
            backfilled=data["backfilled"],
            retired=frozenset(data["retired"]),
            changes=frozenset(data["changes"]),
            reasons=dict(data["reasons"]),
            revisions={uid: parse_revision(row) for uid, row in data["revisions"].items()},
            facts=tuple(parse_fact(row, written_in) for row in data["facts"]),
            items={key: parse_dating(row) for key, row in data["items"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"the ledger cannot be read: {error!r}"
        raise PublicationError(message, hint="restore the generation folder from a backup") from error


def _key_ending(stamp: datetime) -> str:
    """Return how the key of an item ends that tells several facts of one build."""
    return f".changes.{stamp:%Y%m%dT%H%M%SZ}"


def _new_facts(old: Mapping[str, Revision], new: Mapping[str, Revision], now: datetime) -> Iterator[Fact]:
    """Yield the facts that lead from the revisions before a build to those after it."""
    for uid, revision in sorted(new.items(), key=lambda row: (row[1].statement.start, row[0])):
        statement = revision.statement
        earlier = old.get(uid)
        if earlier is None:
            # What is over when it first appears is history; an entry list is an item of its own.
            is_news = not statement.is_over(now) and statement.scope != "entries"
            changes = [Transition(What.ADDED, after=statement.when)] if is_news else []
            stamp = revision.created
        elif earlier.last_modified == revision.last_modified or earlier.statement.is_over(now):
            # Nothing was said anew, or what has ended was corrected.
            continue
        else:
            changes = differences(earlier.statement, statement)
            stamp = revision.last_modified
        for change in changes:
            yield _make_fact(uid, statement, change, stamp)


def _make_fact(uid: str, statement: Statement, change: Transition, stamp: datetime) -> Fact:
    # The ids in a UID are the first ones ever, so that no other thing can come to the same name.
    name = ".".join(parse_uid(uid).names) if statement.scope != "season" else "season"
    detail = f".{change.after or change.before}" if change.what in (What.CLASS_ADDED, What.CLASS_DROPPED) else ""
    return Fact(
        id=f"{name}.{change.what}{detail}.{stamp:%Y%m%dT%H%M%SZ}",
        what=change.what,
        event=statement.event,
        session=statement.session,
        at=stamp,
        before=change.before,
        after=change.after,
        timezone=statement.timezone,
        names=statement.names,
    )

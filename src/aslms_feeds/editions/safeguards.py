"""What stops a series instead of harming its subscribers: things that would vanish, names used again, mass changes.

Every problem says what was published, where it was defined, and the ways out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import Precision
from aslms_feeds.definitions.values import What
from aslms_feeds.editions.addresses import find_successor
from aslms_feeds.errors import Problem
from aslms_feeds.instants import parse_moment
from aslms_feeds.ledger.facts import OFF, parse_local_day
from aslms_feeds.ledger.history import stated_changes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.ledger.facts import Statement
    from aslms_feeds.ledger.ledger import Ledger


_FEWEST = 2
"""Sessions; fewer are never a mass."""
_LEAP = timedelta(hours=3)
_MOVES = frozenset({What.MOVED, What.RETIMED, What.CALENDAR_CHANGED, What.POSTPONED, What.REINSTATED})
"""The facts that explain why something is at another time."""


@dataclass(frozen=True)
class Guard:
    """Holds one season's definitions against its ledger."""

    files: SeriesFiles
    season: SeasonFiles
    folder: str
    """How problems name the series' folder."""

    def find_vanished(self, ledger: Ledger, statements: Mapping[str, Statement]) -> list[Problem]:
        """Return a problem for each thing that was stated and is not any more, or has lost its days."""
        gone = ledger.find_vanished(statements)
        events = {old.event for old in gone.values() if old.scope == "event"}
        problems = [
            self._statement_lost(old) for old in gone.values() if old.scope == "event" or old.event not in events
        ]
        for uid, revision in ledger.revisions.items():
            if uid in statements and revision.statement.start and not statements[uid].start:
                problems.append(self._days_lost(revision.statement))
        return problems

    def find_retired(self, statements: Mapping[str, Statement]) -> frozenset[str]:
        """Return the UIDs that ``retired`` names."""
        names = {retired.id for retired in self.season.season.retired}
        return frozenset(
            uid
            for uid, statement in statements.items()
            if statement.scope in ("event", "session")
            and any(
                f"{event_id}.{statement.session}".rstrip(".") in names or event_id in names
                for event_id in self._event_ids(statement.event)
            )
        )

    def _event_ids(self, event_id: str) -> tuple[str, ...]:
        """Return the ids an event has and had."""
        event = next((event for event in self.season.season.events if event.id == event_id), None)
        return (event_id, *event.formerly) if event else (event_id,)

    def find_taken_names(self, definitions: SeasonFiles) -> list[Problem]:
        """Return a problem for each name that a tombstone has or had and that the ``definitions`` have taken.

        This season has the tombstones of the ``definitions``: their UIDs are made from the first of their names.
        """
        whole = {event.id: event for event in self.season.season.events}
        problems = [
            self._name_taken(f"event.{event.id}", name, tombstone.id)
            for event, tombstone, name in _find_shared_names(definitions.season.events, self.season.season.events)
        ]
        for event in definitions.season.events:
            problems += [
                self._name_taken(f"event.{event.id}.session.{session.id}", name, f"{event.id}.{tombstone.id}")
                for session, tombstone, name in _find_shared_names(event.sessions, whole[event.id].sessions)
            ]
        return problems

    def _name_taken(self, where: str, name: str, tombstone: str) -> Problem:
        message = (
            f"{name!r} is a name of {tombstone!r}, which was published by mistake and retired; an id once published "
            "is never used again: give what is new an id of its own"
        )
        return self._problem("season.toml", where, message)

    def find_reused_names(
        self, ledger: Ledger, statements: Mapping[str, Statement], retired: Collection[str]
    ) -> list[Problem]:
        """Return a problem for each tombstone whose name something else has taken."""
        problems = []
        for uid in sorted((ledger.retired - set(retired)) & statements.keys()):
            new = statements[uid]
            name = f"{new.event}.{new.session}" if new.session else new.event
            message = (
                f"{new.session or new.event!r} was published by mistake and retired; an id once published is never "
                f'used again: give what is new an id of its own, and put [[retired]] with id = "{name}" back'
            )
            where = f"event.{new.event}.session.{new.session}" if new.session else f"event.{new.event}"
            problems.append(self._problem("season.toml", where, message))
        return problems

    def find_mass_change(self, before: Ledger, after: Ledger, now: datetime) -> list[Problem]:
        """Return a problem when more than a third of the coming sessions move or go, and nothing says why.

        One session alone is never a mass; what moves by less than three hours within its day is a timetable at work.
        """
        coming = {
            uid: revision.statement
            for uid, revision in before.revisions.items()
            if revision.statement.scope == "session"
            and revision.statement.status not in OFF
            and not revision.statement.is_over(now)
        }
        gone = after.retired - before.retired
        statements = {uid: after.revisions[uid].statement for uid in coming}
        moved = [
            old
            for uid, old in coming.items()
            if uid in gone or (_is_leap(old, statements[uid]) and not self._is_explained(statements[uid], before))
        ]
        if len(moved) < _FEWEST or 3 * len(moved) <= len(coming):
            return []
        names = ", ".join(sorted(f"{old.event}.{old.session}" for old in moved)[:3])
        more = ", …" if moved[3:] else ""
        message = (
            f"{len(moved)} of {len(coming)} coming sessions would move or go at once ({names}{more}) and nothing says "
            "why. If it is a slip, such as a wrong time zone, mend it; if it is meant, say so with [[event.change]] or "
            "[[change]], or a status, or publish it once with: aslms-feeds build --accept-mass-change"
        )
        return [self._problem("season.toml", "event", message)]

    def _is_explained(self, new: Statement, before: Ledger) -> bool:
        """Say whether a ``change`` that was not there before tells of the session, of its event or of the season."""
        return any(
            fact.what in _MOVES and fact.event in ("", new.event) and fact.session in ("", new.session)
            for fact in stated_changes(self.season, self.files)
            if fact.id not in before.changes
        )

    def _problem(self, file: str, where: str, message: str) -> Problem:
        return Problem(f"{self.folder}/{self.season.id}/{file}", 0, 0, where, message)

    def _statement_lost(self, old: Statement) -> Problem:
        if old.scope == "entries":
            message = "this entry list was published and is not in the definitions any more; put it back"
            return self._problem("entries.toml", f"list.{old.session}", message)
        name = f"{old.event}.session.{old.session}" if old.session else old.event
        old_id = old.session or old.event
        retired = f"{old.event}.{old.session}" if old.session else old.event
        message = (
            f"{old_id!r} was published and is not in the definitions any more. If it is off, keep it with "
            f'status = "cancelled"; if its id changed, give the new one formerly = ["{old_id}"]; if it was published '
            f'by mistake, add [[retired]] with id = "{retired}" and the reason as why'
        )
        return self._problem("season.toml", f"event.{name}", message)

    def _days_lost(self, old: Statement) -> Problem:
        message = (
            "its days were published and are not in the definitions any more; keep them, and if they do not hold, "
            'set status = "postponed"'
        )
        return self._problem("season.toml", f"event.{old.event}", message)

    def lost_item(self, key: str) -> Problem:
        """Return the problem of a feed item that nothing makes any more."""
        _season, kind, name = key.split("/", 2)
        files = {"news": "news.toml", "entries": "entries.toml", "result": "results.toml", "champion": "results.toml"}
        message = (
            f"the {kind} item {name!r} was published and is not in the definitions any more, or has lost its date; "
            "readers keep what they were told: put it back, and say in its text what is wrong with it"
        )
        return self._problem(files.get(kind, "season.toml"), f"{kind}.{name}", message)


def _find_shared_names(
    alive: Sequence[Event | Session], whole: Sequence[Event | Session]
) -> Iterator[tuple[Event | Session, Event | Session, str]]:
    """Yield what is alive with the tombstone beside it that has or had one of its ids, and that id."""
    living_ids = {living.id for living in alive}
    tombstones = {
        name: tombstone
        for tombstone in whole
        if tombstone.id not in living_ids
        for name in (tombstone.id, *tombstone.formerly)
    }
    for living in alive:
        if name := next((name for name in (living.id, *living.formerly) if name in tombstones), None):
            yield living, tombstones[name], name


def _is_leap(old: Statement, new: Statement) -> bool:
    """Say whether a session moves to another day at its circuit, or by hours."""
    if new.status in OFF or Precision.EVENT in (old.precision, new.precision):
        return False
    if parse_local_day(old.start, old.timezone) != parse_local_day(new.start, new.timezone):
        return True
    old_start, new_start = parse_moment(old.start), parse_moment(new.start)
    return isinstance(old_start, datetime) and isinstance(new_start, datetime) and abs(new_start - old_start) >= _LEAP


def find_identity_problems(files: SeriesFiles, ledgers: Mapping[str, Ledger], root: str) -> Iterator[Problem]:
    """Yield a problem when what every UID and item id is made from is not what it was."""
    ours = describe_minting(files)
    for ledger in ledgers.values():
        if ledger.minted != ours:
            identity, _comma, day = ledger.minted.partition(",")
            message = (
                f'the publication was begun with identity = "{identity}" and tag_date = {day}; every UID and item id '
                "is made from them, so they stay for ever, on whatever host: set them back"
            )
            yield Problem(f"{root}/publisher.toml", 0, 0, "identity", message)
            return


def describe_minting(files: SeriesFiles) -> str:
    """Return what every UID and item id is made from."""
    return f"{files.publisher.identity},{files.publisher.tag_date.isoformat()}"


def find_lost_calendars(
    files: SeriesFiles, possible: Collection[str], published: Collection[str], root: str
) -> Iterator[Problem]:
    """Yield a problem for each calendar that people may be subscribed to and that nothing would keep up to date."""
    for path in sorted(published):
        if path.endswith(".ics") and path not in possible and find_successor(path, files) not in possible:
            message = (
                f"the calendar {path} was published, and what it is made from is not defined any more: "
                "put its class, or its language in publisher.toml, back"
            )
            yield Problem(f"{root}/{files.id}/series.toml", 0, 0, "", message)


def is_season_defined(files: SeriesFiles, season: str) -> bool:
    """Say whether a season that was published is defined, under this id or another."""
    return any(season in (defined.id, *defined.season.formerly) for defined in files.seasons)


def lost_season(files: SeriesFiles, season: str, root: str) -> Problem:
    """Return the problem of a season whose folder is gone."""
    message = (
        f"the season {season!r} was published and its folder is gone. Put it back; if the folder has a new name, add "
        f'formerly = ["{season}"] to its season.toml'
    )
    return Problem(f"{root}/{files.id}/{season}/season.toml", 0, 0, "", message)

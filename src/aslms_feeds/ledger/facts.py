"""What components state, and the typed facts two statements of the same thing differ by.

A statement is all a component says, apart from its stamps. Facts are what subscribers are told: feed items, the change
lists on the pages, ``changes.json`` and the output of ``plan`` all come from them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from aslms_feeds.definitions.times import Precision, find_midnight, to_local
from aslms_feeds.definitions.values import Status, What
from aslms_feeds.instants import parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Scope = Literal["season", "event", "session", "entries"]
OFF = (Status.CANCELLED, Status.POSTPONED)


@dataclass(frozen=True)
class Statement:
    """All that one component says, apart from its stamps; times are ISO 8601, instants in UTC."""

    scope: Scope
    event: str
    """The event's id today; empty for the season itself."""
    session: str
    """The session's id today, or the entry list's; empty for an event or the season."""
    name: str
    start: str = ""
    end: str = ""
    """Exclusive."""
    end_known: bool = True
    """False: the end is assumed, which is nobody's news."""
    precision: str = ""
    status: str = Status.PROVISIONAL
    place: str = ""
    """The circuit's id, the first it ever had."""
    timezone: str = "UTC"
    classes: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """A digest of everything it says in a language, by language tag."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What it is called in each language: for the facts about it, which keep the name it had."""
    subject: Mapping[str, Any] = field(default_factory=dict)
    """Its definition, so that it can still be shown, as cancelled, when it was published by mistake."""

    @property
    def significant(self) -> tuple[str, str, str, str]:
        """What makes SEQUENCE grow (RFC 5545 section 3.8.7.4): start, end, status and place."""
        return self.start, self.end, self.status, self.place

    def says_the_same_as(self, other: Statement) -> bool:
        """Compare what both say; a language that only one of them has does not count, nor do names and subject."""
        shared = self.texts.keys() & other.texts.keys()
        return (
            self.significant == other.significant
            and (self.name, self.precision, self.classes) == (other.name, other.precision, other.classes)
            and all(self.texts[tag] == other.texts[tag] for tag in shared)
        )

    def over(self, now: datetime) -> bool:
        """Whether what it states has ended by ``now``."""
        if not self.end:
            return False
        end = parse_moment(self.end)
        return (end if isinstance(end, datetime) else find_midnight(end, self.timezone)) <= now


@dataclass(frozen=True)
class Fact:
    """One thing that changed, or became known."""

    id: str
    """Unique within the season; item ids are made from it."""
    what: What
    event: str = ""
    session: str = ""
    at: datetime | None = None
    """The stamp of the build that saw it; None for history, which has a day at most."""
    on: date | None = None
    on_basis: str = ""
    before: str = ""
    after: str = ""
    timezone: str = "UTC"
    names: Mapping[str, str] = field(default_factory=dict)
    """What it was about was called so, by language, when it happened: what was told stays as it was told."""
    why: str = ""
    whys: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    item: str = ""
    """The feed item that tells it, where that is not its own: one for all that changed at an event in one build."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What its event was called when it happened, by language: the headline of an item that tells several facts."""

    @property
    def scope(self) -> tuple[str, str]:
        """What it is about: event and session id, empty where it is about more."""
        return self.event, self.session

    @property
    def told_in(self) -> str:
        """The key of the feed item that tells it, within the season."""
        return self.item or f"change/{self.id}"


def line(fact: Fact) -> str:
    """Return a fact as a log shows it: ids, type, before and after."""
    about = ".".join(part for part in fact.scope if part) or "the season"
    if fact.what in (What.ANNOUNCED, What.RESULT, What.CHAMPION):
        return f"{about}: {fact.what}"
    change = " → ".join(part for part in (fact.before, fact.after) if part)
    return f"{about}: {fact.what} {change}".rstrip()


def local_day(text: str, timezone: str) -> date | None:
    """Return the day at the circuit of a statement's start."""
    if not text:
        return None
    value = to_local(parse_moment(text), timezone)
    return value.date() if isinstance(value, datetime) else value


def differences(old: Statement, new: Statement) -> list[tuple[What, str, str]]:
    """Return the facts that lead from one statement to the next, as type, before and after."""
    found: list[tuple[What, str, str]] = []
    if new.scope == "entries":
        return [(What.ENTRY_LIST, *entry_changes(old.subject, new.subject))]
    was, now = Status(old.status), Status(new.status)
    if old.name != new.name:
        found.append((What.RENAMED, old.name, new.name))
    if now is Status.CANCELLED:
        return [*found, (What.CANCELLED, shown(old), "")] if was is not Status.CANCELLED else found
    if now is Status.POSTPONED:
        return [*found, (What.POSTPONED, shown(old), "")] if was is not Status.POSTPONED else found
    if was in OFF:
        found.append((What.REINSTATED, shown(old), shown(new)))
    else:
        found += _time(old, new)
    if old.place != new.place and old.scope != "season":
        found.append((What.PLACE_CHANGED, old.place, new.place))
    found += [(What.CLASS_ADDED, "", name) for name in new.classes if name not in old.classes]
    found += [(What.CLASS_DROPPED, name, "") for name in old.classes if name not in new.classes]
    return found


def entry_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, str]:
    """Return the cars that left and the cars that came, from two lists of cars by number."""
    gone = [f"#{number} {car}" for number, car in old.items() if new.get(number) != car]
    came = [f"#{number} {car}" for number, car in new.items() if old.get(number) != car]
    return "; ".join(gone), "; ".join(came)


def _time(old: Statement, new: Statement) -> list[tuple[What, str, str]]:
    confirmed = old.status == Status.PROVISIONAL and new.status == Status.CONFIRMED
    was, now = shown(old), shown(new)
    same_days = Precision.TIME not in (old.precision, new.precision) and (old.start, old.end) == (new.start, new.end)
    if was == now or same_days:
        doubted = old.status == Status.CONFIRMED and new.status == Status.PROVISIONAL
        return [(What.TIME_CONFIRMED, now, now)] if confirmed else [(What.RETIMED, now, now)] if doubted else []
    if old.precision == new.precision == Precision.EVENT:
        return []  # It is some time during its event: where that goes, the event's own fact says.
    if old.start and _days(old) != _days(new) and Precision.EVENT not in (old.precision, new.precision):
        return [(What.MOVED, was, now)]
    finest = Precision.TIME if new.scope == "session" else Precision.DAY
    if old.precision != finest and new.precision == finest and new.status == Status.CONFIRMED:
        return [(What.TIME_CONFIRMED, was, now)]
    return [(What.RETIMED, was, now)]


def shown(statement: Statement) -> str:
    """Return a start and an end as an ISO 8601 interval, or one day alone; an end that is assumed is nobody's news."""
    if (statement.precision == Precision.TIME and statement.end_known) or (
        statement.end and (statement.scope == "event" or statement.precision == Precision.EVENT)
    ):
        return f"{statement.start}/{statement.end}"
    return statement.start


def _days(statement: Statement) -> tuple[date | None, date | None]:
    last = local_day(statement.end, statement.timezone) if statement.scope == "event" else None
    return local_day(statement.start, statement.timezone), last


_OF_ALL = (What.CANCELLED, What.POSTPONED, What.REINSTATED)
"""What happens to a season happens to everything in it."""


def worth_telling(facts: Iterable[Fact], sessions: Mapping[str, int]) -> list[Fact]:
    """Return the facts of one build without those that others imply; ``sessions`` counts each event's sessions.

    A cancelled event cancels its sessions: one fact tells it. An event whose days only follow some of its sessions has
    not moved: those sessions have.
    """
    facts = list(facts)
    season_wide = {(fact.what, fact.before, fact.after) for fact in facts if not fact.event}
    season_wide |= {(fact.what, "", "") for fact in facts if not fact.event and fact.what in _OF_ALL}
    whole_events = {(fact.what, fact.event) for fact in facts if fact.event and not fact.session}
    moved = Counter(fact.event for fact in facts if fact.session and fact.what is What.MOVED)
    whole_events -= {(What.MOVED, event) for event, count in moved.items() if count < sessions.get(event, 0)}
    return [fact for fact in facts if not _implied(fact, season_wide, whole_events)]


def grouped(facts: Sequence[Fact], items: Mapping[str, str], about: Mapping[str, Mapping[str, str]]) -> list[Fact]:
    """Return the facts of one build, those of one event told in one item.

    ``items`` holds the key of that item, and ``about`` what the event is called by language, by the event's id.
    """
    together = Counter(fact.event for fact in facts if fact.event in items)
    return [
        replace(fact, item=items[fact.event], about=dict(about[fact.event])) if together[fact.event] > 1 else fact
        for fact in facts
    ]


def _implied(fact: Fact, season_wide: set[tuple[What, str, str]], whole_events: set[tuple[What, str]]) -> bool:
    if not fact.event:
        return False
    if fact.what in (What.CLASS_ADDED, What.CLASS_DROPPED) and (fact.what, fact.before, fact.after) in season_wide:
        return True
    if fact.what in _OF_ALL and (fact.what, "", "") in season_wide:
        return True
    if fact.what in (What.TIME_CONFIRMED, What.RETIMED):
        # Only how sure it is has changed, of everything; a time that is another one is told wherever it is.
        of_all = (fact.what, "", "") in season_wide or (bool(fact.session) and (fact.what, fact.event) in whole_events)
        return fact.before == fact.after and of_all
    if not fact.session:
        return fact.what is What.MOVED and (fact.what, fact.event) not in whole_events
    return fact.what is not What.RENAMED and (fact.what, fact.event) in whole_events

"""What components state, and the typed facts two statements of the same thing differ by.

A statement is all a component says, apart from its stamps. Facts are what subscribers are told: feed items, the change
lists on the pages, ``changes.json`` and the output of ``plan`` all come from them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from aslms_feeds.definitions.times import Precision, find_midnight, to_local
from aslms_feeds.definitions.values import Status, What
from aslms_feeds.instants import parse_moment
from aslms_feeds.ledger.values import Cars, FactValue, Place, RaceClassId, When, Wording, format_value

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
    """False: the end is assumed, and a change of it is no fact."""
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

    def says_the_same_as(self, earlier: Statement) -> bool:
        """Compare what both say; a language that only one of them has does not count, nor do names and subject."""
        shared = self.texts.keys() & earlier.texts.keys()
        return (
            self.significant == earlier.significant
            and (self.name, self.precision, self.classes) == (earlier.name, earlier.precision, earlier.classes)
            and all(self.texts[tag] == earlier.texts[tag] for tag in shared)
        )

    @property
    def when(self) -> When | None:
        """From when to when; the start alone where the end is assumed, since that is no fact."""
        if not self.start:
            return None
        has_known_end = (
            (self.precision == Precision.TIME and self.end_known)
            or self.precision == Precision.EVENT
            or self.scope == "event"
        )
        return When(parse_moment(self.start), parse_moment(self.end) if self.end and has_known_end else None)

    @property
    def local_days(self) -> tuple[date | None, date | None]:
        """The day of its start at the circuit, and for an event that of its end."""
        last = parse_local_day(self.end, self.timezone) if self.scope == "event" else None
        return parse_local_day(self.start, self.timezone), last

    def is_over(self, now: datetime) -> bool:
        """Say whether what it states has ended by ``now``."""
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
    before: FactValue | None = None
    after: FactValue | None = None
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
    def item_key(self) -> str:
        """The key of the feed item that tells it, within the season."""
        return self.item or f"change/{self.id}"


class Transition(NamedTuple):
    """What leads from one statement to the next: the type of a fact, and what it was and became."""

    what: What
    before: FactValue | None = None
    after: FactValue | None = None


def summarise(fact: Fact) -> str:
    """Return a fact as a log shows it: ids, type, before and after."""
    about = ".".join(part for part in fact.scope if part) or "the season"
    if fact.what in (What.ANNOUNCED, What.RESULT, What.CHAMPION):
        return f"{about}: {fact.what}"
    change = " → ".join(text for value in (fact.before, fact.after) if (text := format_value(value)))
    return f"{about}: {fact.what} {change}".rstrip()


def parse_local_day(text: str, timezone: str) -> date | None:
    """Return the day at the circuit of a statement's start."""
    if not text:
        return None
    value = to_local(parse_moment(text), timezone)
    return value.date() if isinstance(value, datetime) else value


def differences(old: Statement, new: Statement) -> list[Transition]:
    """Return what leads from one statement to the next."""
    if new.scope == "entries":
        return [Transition(What.ENTRY_LIST, *compare_cars(old.subject, new.subject))]
    renamed = [] if old.name == new.name else [Transition(What.RENAMED, Wording(old.name), Wording(new.name))]
    if new.status in OFF:
        off = Transition(What(new.status), old.when)
        return [*renamed, off] if old.status != new.status else renamed
    return renamed + _compare_times(old, new) + _compare_places(old, new) + _compare_classes(old, new)


def compare_cars(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Cars | None, Cars | None]:
    """Return the cars that left and the cars that came, from two lists of cars by number."""
    departures = tuple(f"#{number} {car}" for number, car in old.items() if new.get(number) != car)
    arrivals = tuple(f"#{number} {car}" for number, car in new.items() if old.get(number) != car)
    return Cars(departures) if departures else None, Cars(arrivals) if arrivals else None


def _compare_places(old: Statement, new: Statement) -> list[Transition]:
    if old.place == new.place or old.scope == "season":
        return []
    before, after = (Place(statement.place) if statement.place else None for statement in (old, new))
    return [Transition(What.PLACE_CHANGED, before, after)]


def _compare_classes(old: Statement, new: Statement) -> list[Transition]:
    return [
        *(Transition(What.CLASS_ADDED, after=RaceClassId(name)) for name in new.classes if name not in old.classes),
        *(Transition(What.CLASS_DROPPED, before=RaceClassId(name)) for name in old.classes if name not in new.classes),
    ]


def _compare_times(old: Statement, new: Statement) -> list[Transition]:
    before, after = old.when, new.when
    if old.status in OFF:
        return [Transition(What.REINSTATED, before, after)]
    has_days_only = Precision.TIME not in (old.precision, new.precision)
    if before == after or (has_days_only and (old.start, old.end) == (new.start, new.end)):
        return _compare_certainty(old, new)
    if old.precision == new.precision == Precision.EVENT:
        return []  # It is some time during its event: where that goes, the event's own fact says.
    if old.start and old.local_days != new.local_days and Precision.EVENT not in (old.precision, new.precision):
        return [Transition(What.MOVED, before, after)]
    finest = Precision.TIME if new.scope == "session" else Precision.DAY
    if old.precision != finest and new.precision == finest and new.status == Status.CONFIRMED:
        return [Transition(What.TIME_CONFIRMED, before, after)]
    return [Transition(What.RETIMED, before, after)]


def _compare_certainty(old: Statement, new: Statement) -> list[Transition]:
    """Return the fact that the same time is confirmed, or provisional again."""
    match old.status, new.status:
        case Status.PROVISIONAL, Status.CONFIRMED:
            return [Transition(What.TIME_CONFIRMED, new.when, new.when)]
        case Status.CONFIRMED, Status.PROVISIONAL:
            return [Transition(What.RETIMED, new.when, new.when)]
        case _:
            return []


_OF_ALL = (What.CANCELLED, What.POSTPONED, What.REINSTATED)
"""What happens to a season happens to everything in it."""


def drop_implied(facts: Iterable[Fact], sessions: Mapping[str, int]) -> list[Fact]:
    """Return the facts of one build without those that others imply; ``sessions`` counts each event's sessions.

    A cancelled event cancels its sessions: one fact tells it. An event whose days only follow some of its sessions has
    not moved: those sessions have.
    """
    facts = list(facts)
    season_wide = {Transition(fact.what, fact.before, fact.after) for fact in facts if not fact.event}
    season_wide |= {Transition(fact.what) for fact in facts if not fact.event and fact.what in _OF_ALL}
    whole_events = {(fact.what, fact.event) for fact in facts if fact.event and not fact.session}
    moved = Counter(fact.event for fact in facts if fact.session and fact.what is What.MOVED)
    whole_events -= {(What.MOVED, event) for event, count in moved.items() if count < sessions.get(event, 0)}
    return [fact for fact in facts if not _is_implied(fact, season_wide, whole_events)]


def group_by_event(
    facts: Sequence[Fact], items: Mapping[str, str], about: Mapping[str, Mapping[str, str]]
) -> list[Fact]:
    """Return the facts of one build, those of one event told in one item.

    ``items`` holds the key of that item, and ``about`` what the event is called by language, by the event's id.
    """
    counts = Counter(fact.event for fact in facts if fact.event in items)
    return [
        replace(fact, item=items[fact.event], about=dict(about[fact.event])) if counts[fact.event] > 1 else fact
        for fact in facts
    ]


def _is_implied(fact: Fact, season_wide: set[Transition], whole_events: set[tuple[What, str]]) -> bool:
    if not fact.event:
        return False
    if fact.what in (What.CLASS_ADDED, What.CLASS_DROPPED):
        if Transition(fact.what, fact.before, fact.after) in season_wide:
            return True
    elif fact.what in _OF_ALL and Transition(fact.what) in season_wide:
        return True
    elif fact.what in (What.TIME_CONFIRMED, What.RETIMED):
        # A time that is only surer now is implied by the fact about the whole; another time is a fact of its own.
        is_told_of_event = bool(fact.session) and (fact.what, fact.event) in whole_events
        return fact.before == fact.after and (Transition(fact.what) in season_wide or is_told_of_event)
    if not fact.session:
        return fact.what is What.MOVED and (fact.what, fact.event) not in whole_events
    return fact.what is not What.RENAMED and (fact.what, fact.event) in whole_events

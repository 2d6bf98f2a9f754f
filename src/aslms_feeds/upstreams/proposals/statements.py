"""Events of our seasons and of somebody else's calendar, as values that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.times import ONE_DAY, Span, find_event_span, find_session_span, load_zone, to_local
from aslms_feeds.definitions.values import Kind, Status
from aslms_feeds.editions import labels
from aslms_feeds.editions.components import make_uid
from aslms_feeds.editions.language import load_language
from aslms_feeds.upstreams.proposals.vocabulary import (
    CANCELLED_WORDS,
    KIND_WORDS,
    POSTPONED_WORDS,
    WARM_UP_WORDS,
    find_kind,
    find_number,
    split_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.definitions.series import Circuit

_LONGEST_RACE = timedelta(hours=36)
"""Nothing races so long: what lasts longer is a meeting of several days, written with times."""


@dataclass(frozen=True, kw_only=True)
class OurEvent:
    """One session of ours, or a whole race meeting where ``session_id`` is empty."""

    uid: str
    event_id: str
    session_id: str
    names: tuple[str, ...]
    """All that the race meeting and its place are called."""
    session_names: tuple[str, ...]
    """All that the session is called; none for a race meeting."""
    kind: Kind | None
    span: Span | None
    """None where not even the days are known."""
    status: Status
    timezone: str
    circuit_id: str
    """Empty where there is no circuit, and no time can be given."""
    length_key: str = ""
    """The key that says how long it lasts: end, hours, minutes, or none."""
    has_stated_days: bool = False
    """Whether a race meeting's first and last day stand in the file themselves."""

    @property
    def place(self) -> str:
        """What tells it from events elsewhere."""
        return self.circuit_id or self.event_id

    @cached_property
    def number(self) -> int | None:
        """Which one of its kind it is."""
        return find_number(" ".join(self.session_names))

    @cached_property
    def distinctive_words(self) -> frozenset[str]:
        """What tells a session from others of its kind, beside its number: GT, LMP2, warm-up."""
        words = frozenset(word for name in self.session_names for word in split_words(name) if not word.isdecimal())
        return words - (KIND_WORDS - WARM_UP_WORDS)

    def is_named_in(self, words: AbstractSet[str]) -> bool:
        """Say whether a title holds all words of one of the session's names, if those are several."""
        return any(len(name) > 1 and name <= words for name in map(frozenset, map(split_words, self.session_names)))


@dataclass(frozen=True, kw_only=True)
class TheirEvent:
    """One event of somebody else's calendar: a session or a race meeting."""

    uid: str
    title: str
    place: str
    start: datetime | date
    """An instant in UTC, a time by the circuit's clock (without offset), or a day."""
    end: datetime | date | None
    """The same kind of value, exclusive; None where it does not say."""
    status: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of its title."""
        return split_words(self.title)

    @property
    def is_session(self) -> bool:
        """Whether it is a session rather than a whole race meeting."""
        return isinstance(self.start, datetime) or (find_kind(self.words) is not None and not self.lasts_days)

    @property
    def off_status(self) -> Status | None:
        """Whether it is cancelled or postponed, by its status or by how its title begins or ends."""
        edges = {self.words[0], self.words[-1]} if self.words else set()
        if self.status == "cancelled" or edges & CANCELLED_WORDS:
            return Status.CANCELLED
        return Status.POSTPONED if edges & POSTPONED_WORDS else None

    @property
    def lasts_days(self) -> bool:
        """Whether it is days, and more than one."""
        if isinstance(self.start, datetime) or self.end is None or isinstance(self.end, datetime):
            return False
        return self.end - self.start > ONE_DAY

    def find_first_day(self, timezone: str) -> date:
        """Return its first day, by a zone's clock."""
        if not isinstance(self.start, datetime):
            return self.start
        start = to_local(self.start, timezone) if self.start.tzinfo else self.start
        return start.date() if isinstance(start, datetime) else start

    def find_last_day(self, timezone: str) -> date:
        """Return its last day, by a zone's clock."""
        if self.end is None or isinstance(self.end, datetime):
            return self.find_first_day(timezone)
        return max(self.end - ONE_DAY, self.find_first_day(timezone))

    def find_instant(self, value: datetime | date | None, timezone: str) -> datetime | None:
        """Return its start or its end as an instant in UTC; None for a day."""
        if not isinstance(value, datetime):
            return None
        return (value if value.tzinfo else value.replace(tzinfo=load_zone(timezone))).astimezone(UTC)


def parse_their_event(uid: str, title: str, place: str, start: str, end: str, status: str) -> TheirEvent:
    """Return an event of theirs from ISO 8601 texts; ValueError where they are none."""
    begin, until = _parse_moment(start), _parse_moment(end) if end else None
    if isinstance(begin, datetime) and isinstance(until, datetime):
        if (begin.tzinfo is None) != (until.tzinfo is None):
            until = None
        elif until - begin >= _LONGEST_RACE:
            begin, until = begin.date(), (until - timedelta(seconds=1)).date() + ONE_DAY
    return TheirEvent(uid=uid, title=title, place=place, start=begin, end=until, status=status)


def _parse_moment(text: str) -> datetime | date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def collect_our_events(files: SeriesFiles, season: SeasonFiles) -> tuple[OurEvent, ...]:
    """Return the race meetings of a season and their sessions, in the file's order."""
    return tuple(our_event for event in season.season.events for our_event in _collect_meeting(files, season, event))


def _collect_meeting(files: SeriesFiles, season: SeasonFiles, event: Event) -> Iterator[OurEvent]:
    """Yield a race meeting and its sessions."""
    circuit = files.circuits.get(event.circuit) if event.circuit else None
    timezone = circuit.timezone if circuit else "UTC"
    names = (event.name, *event.names.values(), event.id, event.circuit_name or "", *collect_circuit_names(circuit))
    assumed_minutes = files.publisher.calendars.assumed_minutes
    for session in (None, *event.sessions):
        yield OurEvent(
            uid=make_uid(files, season, event, session),
            event_id=event.id,
            session_id=session.id if session else "",
            names=tuple(name for name in names if name),
            session_names=_collect_session_names(files, session) if session else (),
            kind=session.kind if session else None,
            span=find_session_span(session, event, timezone, assumed_minutes)
            if session
            else find_event_span(event, timezone),
            status=inherited.status_of(session, event, season.season),
            timezone=timezone,
            circuit_id=event.circuit if event.circuit and circuit else "",
            length_key=next((key for key in ("end", "hours", "minutes") if session and getattr(session, key)), ""),
            has_stated_days=event.first_day is not None and event.last_day is not None,
        )


def collect_circuit_names(circuit: Circuit | None) -> tuple[str, ...]:
    """Return all that a circuit is called; nothing where there is none."""
    return (circuit.name, *circuit.names.values(), circuit.city or "") if circuit else ()


def _collect_session_names(files: SeriesFiles, session: Session) -> tuple[str, ...]:
    label = labels.name_session(session, files.series, load_language(files.publisher.languages[0]))
    return tuple(dict.fromkeys((session.id.replace("-", " "), label, *session.names.values())))

"""What we say and what somebody else says of the same season, as values that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.times import ONE_DAY, Span, event_span, local, session_span, zone
from aslms_feeds.definitions.values import Kind, Status
from aslms_feeds.editions import labels
from aslms_feeds.editions.language import language
from aslms_feeds.identity import component_uid
from aslms_feeds.upstreams.proposals.vocabulary import (
    CANCELLED,
    KIND_WORDS,
    POSTPONED,
    WARM,
    kind_of,
    number_of,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.definitions.series import Circuit

_DAYS = timedelta(hours=36)
"""Nothing races so long: what does is days, written with times."""


@dataclass(frozen=True, kw_only=True)
class Ours:
    """What we say of one session, or of a whole race meeting where ``session`` is empty."""

    uid: str
    event: str
    session: str
    names: tuple[str, ...]
    """All that the race meeting and its place are called."""
    own: tuple[str, ...]
    """All that the session is called; none for a race meeting."""
    kind: Kind | None
    span: Span | None
    """None where not even the days are known."""
    status: Status
    timezone: str
    circuit: str
    """The circuit's id; empty where there is none, and no time can be given."""
    length: str = ""
    """The key that says how long it lasts: end, hours, minutes, or none."""
    stated: bool = False
    """Whether a race meeting's first and last day stand in the file themselves."""

    @property
    def place(self) -> str:
        """What tells it from events elsewhere."""
        return self.circuit or self.event

    @cached_property
    def number(self) -> int | None:
        """Which one of its kind it is."""
        return number_of(" ".join(self.own))

    def is_named_in(self, words: AbstractSet[str]) -> bool:
        """Say whether a title holds all words of one of its names, if those are several."""
        return any(len(name) > 1 and name <= words for name in map(frozenset, map(words_of, self.own)))

    @cached_property
    def extras(self) -> frozenset[str]:
        """What tells a session from others of its kind, beside its number: GT, LMP2, warm-up."""
        words = frozenset(word for name in self.own for word in words_of(name) if not word.isdecimal())
        return words - (KIND_WORDS - WARM)


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """What somebody else's calendar says."""

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
        return words_of(self.title)

    @property
    def is_session(self) -> bool:
        """Whether it is a session rather than a whole race meeting."""
        return isinstance(self.start, datetime) or (kind_of(self.words) is not None and not self.lasts_days)

    @property
    def off(self) -> Status | None:
        """Whether it is cancelled or postponed, by its status or by how its title begins or ends."""
        edges = {self.words[0], self.words[-1]} if self.words else set()
        if self.status == "cancelled" or edges & CANCELLED:
            return Status.CANCELLED
        return Status.POSTPONED if edges & POSTPONED else None

    @property
    def lasts_days(self) -> bool:
        """Whether it is days, and more than one."""
        if isinstance(self.start, datetime) or self.end is None or isinstance(self.end, datetime):
            return False
        return self.end - self.start > ONE_DAY

    def day(self, timezone: str) -> date:
        """Return its first day, by a zone's clock."""
        if not isinstance(self.start, datetime):
            return self.start
        start = local(self.start, timezone) if self.start.tzinfo else self.start
        return start.date() if isinstance(start, datetime) else start

    def last_day(self, timezone: str) -> date:
        """Return its last day, by a zone's clock."""
        if self.end is None or isinstance(self.end, datetime):
            return self.day(timezone)
        return max(self.end - ONE_DAY, self.day(timezone))

    def instant(self, value: datetime | date | None, timezone: str) -> datetime | None:
        """Return one of its two moments as an instant in UTC; None for a day."""
        if not isinstance(value, datetime):
            return None
        return (value if value.tzinfo else value.replace(tzinfo=zone(timezone))).astimezone(UTC)


def theirs(uid: str, title: str, place: str, start: str, end: str, status: str) -> Theirs:
    """Return one of their events from ISO 8601 texts; ValueError where they are none."""
    begin, until = _read(start), _read(end) if end else None
    if isinstance(begin, datetime) and isinstance(until, datetime):
        if (begin.tzinfo is None) != (until.tzinfo is None):
            until = None
        elif until - begin >= _DAYS:  # nothing races so long: days, written with times
            begin, until = begin.date(), (until - timedelta(seconds=1)).date() + ONE_DAY
    return Theirs(uid=uid, title=title, place=place, start=begin, end=until, status=status)


def _read(text: str) -> datetime | date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def ours(files: SeriesFiles, season: SeasonFiles) -> tuple[Ours, ...]:
    """Return what a season says of its race meetings and of their sessions, in the file's order."""
    return tuple(one for event in season.season.events for one in _of_event(files, season, event))


def _of_event(files: SeriesFiles, season: SeasonFiles, event: Event) -> Iterator[Ours]:
    circuit = files.circuits.get(event.circuit) if event.circuit else None
    timezone = circuit.timezone if circuit else "UTC"
    names = (event.name, *event.names.values(), event.id, event.circuit_name or "", *called(circuit))
    assumed = files.publisher.calendars.assumed_minutes
    for session in (None, *event.sessions):
        parts = (season.lasting_id, event.lasting_id, session.lasting_id if session else None)
        yield Ours(
            uid=component_uid(files.publisher.identity, files.lasting_id, *parts),
            event=event.id,
            session=session.id if session else "",
            names=tuple(name for name in names if name),
            own=_session_names(files, session) if session else (),
            kind=session.kind if session else None,
            span=session_span(session, event, timezone, assumed) if session else event_span(event, timezone),
            status=inherited.status_of(session, event, season.season),
            timezone=timezone,
            circuit=event.circuit if event.circuit and circuit else "",
            length=next((key for key in ("end", "hours", "minutes") if session and getattr(session, key)), ""),
            stated=event.first_day is not None and event.last_day is not None,
        )


def called(circuit: Circuit | None) -> tuple[str, ...]:
    """Return all that a circuit is called; nothing where there is none."""
    return (circuit.name, *circuit.names.values(), circuit.city or "") if circuit else ()


def _session_names(files: SeriesFiles, session: Session) -> tuple[str, ...]:
    made = labels.session_name(session, files.series, language(files.publisher.languages[0]))
    return tuple(dict.fromkeys((session.id.replace("-", " "), made, *session.names.values())))

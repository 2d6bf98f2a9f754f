"""A season as its organiser writes it: season.toml with its events, their sessions and what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from aslms_feeds.definitions.series import Broadcast
from aslms_feeds.definitions.values import (
    RETIRED_PATTERN,
    Day,
    Definition,
    Id,
    Instant,
    KindValue,
    Line,
    Moment,
    Names,
    Prose,
    Proses,
    Status,
    StatusValue,
    Url,
    WarningCode,
    WhatValue,
    find_first_id,
)
from aslms_feeds.identity import ID_LENGTH


class Accepted(Definition):
    """A warning of `check` that is right as it is here."""

    warning: WarningCode
    """The warning's name, as `check` shows it."""
    why: Line
    """Why it is right here."""


class Change(Definition):
    """Something that changed before this tool saw it, or the reason of a change it sees."""

    id: Id
    """The id; once published, never used for another change."""
    what: WhatValue
    """The type of fact."""
    session: Id | None = None
    """The session it is about; else the event, or the season."""
    on: Day | None = None
    """The day it became known. Without it, it is on pages and in JSON only."""
    on_basis: Literal["reported"] | None = None
    """"reported": `on` is the day of the report, not of the decision."""
    before: Moment | Day | Line | None = Field(default=None, alias="from")
    """What it was: a day, a time or a name."""
    after: Moment | Day | Line | None = Field(default=None, alias="to")
    """What it became."""
    why: Line | None = None
    """The reason, in one sentence."""
    whys: Names = {}
    """The reason in other languages."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""


class Session(Definition):
    """A timed slot of a race meeting."""

    id: Id
    """The id within the event; it makes the UID and never changes."""
    name: Line | None = None
    """The name; else it is made from the id: `race-1` is Race 1, `qualifying-gt` is Qualifying GT."""
    names: Names = {}
    """The name in other languages."""
    kind: KindValue
    """What it is for: test, practice, qualifying, race or other."""
    classes: tuple[Id, ...] = ()
    """The classes that take part; none given: all classes of the event."""
    round: Annotated[int, Field(ge=1, le=99)] | None = None
    """The round of the championship, for races that count."""
    start: Moment | Day | None = None
    """When it starts, by the circuit's clock. A date alone: the time is not known. Absent: some time in the event."""
    end: Moment | None = None
    """When it ends, by the circuit's clock; else `hours`, `minutes`, or not known."""
    hours: Annotated[float, Field(gt=0, le=48)] | None = None
    """How long it lasts, in hours."""
    minutes: Annotated[int, Field(gt=0, le=2880)] | None = None
    """How long it lasts, in minutes."""
    distance_km: Annotated[float, Field(gt=0, le=10_000)] | None = None
    """The distance a race goes over, where that ends it."""
    fold: Literal[0, 1] | None = None
    """Of the two times that a clock set back shows, 0: the first is meant; 1: the second."""
    status: StatusValue | None = None
    """Its own status; else the event's."""
    note: Line | None = None
    """One sentence for the timetable."""
    notes: Names = {}
    """The note in other languages."""
    formerly: tuple[Id, ...] = ()
    """Ids it had before, the first one first."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""
    accept: tuple[Accepted, ...] = ()
    """Warnings of `check` that are right here: `accept = [{ warning = "overlap", why = "…" }]`."""

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        lengths = [name for name in ("end", "hours", "minutes") if getattr(self, name) is not None]
        if len(lengths) > 1:
            facts = {"given": " and ".join(lengths), "key": lengths[1]}
            raise PydanticCustomError("length", "give one of end, hours and minutes, not {given}", facts)
        if self.end is not None and not isinstance(self.start, datetime):
            raise PydanticCustomError("length", "an end needs a start with a time", {"key": "end"})
        return self

    @property
    def lasting_id(self) -> str:
        """The id its UID is made from: the first it ever had."""
        return find_first_id(self.id, self.formerly)


class Event(Definition):
    """A race meeting: some days at one circuit."""

    id: Id
    """The id within the season; it makes the address and the UIDs and never changes."""
    name: Line
    """The name, such as 4 Hours of Sepang."""
    names: Names = {}
    """The name in other languages."""
    circuit: Id | None = None
    """Where it is held: an id of circuits.toml."""
    circuit_name: Line | None = None
    """What the venue was called at the time, where that differs."""
    length_km: Annotated[float, Field(gt=0, le=100)] | None = None
    """The length of a lap at the time, where that differs."""
    first_day: Day | None = None
    """The first day; else the first session's."""
    last_day: Day | None = None
    """The last day; else the last session's."""
    when: Line | None = None
    """A date too vague for a calendar, such as late 2001: for pages and JSON only."""
    classes: tuple[Id, ...] = ()
    """The classes that take part; none given: all classes of the season."""
    joint_with: tuple[Line, ...] = ()
    """Other series it is held together with."""
    status: StatusValue | None = None
    """Its own status; else the season's."""
    url: Url | None = None
    """The organiser's page about it."""
    note: Line | None = None
    """One sentence for its page."""
    notes: Names = {}
    """The note in other languages."""
    broadcasts: tuple[Broadcast, ...] = Field(default=(), alias="broadcast")
    """Where it can be watched; else as the season says."""
    sessions: tuple[Session, ...] = Field(default=(), alias="session")
    """Its sessions, one `[[event.session]]` each."""
    changes: tuple[Change, ...] = Field(default=(), alias="change")
    """What changed, one `[[event.change]]` each."""
    embargo: Instant | None = None
    """With offset: nothing of the event is public before this second; once public, it stays."""
    formerly: tuple[Id, ...] = ()
    """Ids it had before, the first one first."""
    checked: Day | None = None
    """When a person last compared it with its sources."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""
    accept: tuple[Accepted, ...] = ()
    """Warnings of `check` that are right here: `accept = [{ warning = "overlap", why = "…" }]`."""

    @model_validator(mode="after")
    def _check_days(self) -> Self:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            facts = {"key": "last_day", "first": self.first_day.isoformat(), "last": self.last_day.isoformat()}
            raise PydanticCustomError("days", "the last day, {last}, is before the first day, {first}", facts)
        return self

    @property
    def lasting_id(self) -> str:
        """The id its UID is made from: the first it ever had."""
        return find_first_id(self.id, self.formerly)

    def find_session(self, name: str) -> Session | None:
        """Return the session that has this id, or had it."""
        return next((session for session in self.sessions if name in (session.id, *session.formerly)), None)


class Record(Definition):
    """Something about a season worth remembering, such as the smallest grid."""

    text: Line
    """What it is, in one sentence."""
    event: Id | None = None
    """The event it was set at."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""


class Retired(Definition):
    """A tombstone: something that was published by mistake and stays cancelled for ever."""

    id: Annotated[str, StringConstraints(pattern=RETIRED_PATTERN, max_length=2 * ID_LENGTH + 1)]
    """What it was: an event's id, or event.session."""
    why: Line
    """The reason, which subscribers read."""


class Season(Definition):
    """season.toml: a season; its folder's name is its id, for ever."""

    name: Line
    """The name, such as 2023/24 Asian Le Mans Series."""
    names: Names = {}
    """The name in other languages."""
    kind: Literal["championship", "forerunner"] = "championship"
    """forerunner: a season before the series; on the history page and in JSON only."""
    status: StatusValue = Status.PROVISIONAL
    """How sure the calendar is; events and sessions may say otherwise."""
    announced: Day | None = None
    """When it was announced."""
    embargo: Instant | None = None
    """With offset: nothing of this folder is public before this second; once public, it stays."""
    organiser: Line | None = None
    """Who organised it, where that differs from the series."""
    about: Prose | None = None
    """What is special about it, in a few sentences."""
    abouts: Proses = {}
    """The same in other languages."""
    classes: tuple[Id, ...] = ()
    """The classes that take part: ids of series.toml."""
    events: tuple[Event, ...] = Field(default=(), alias="event")
    """Its race meetings, one `[[event]]` each. None: the calendar is to be announced."""
    rules: tuple[Line, ...] = ()
    """Who may drive and enter, one sentence each."""
    records: tuple[Record, ...] = Field(default=(), alias="record")
    """What is worth remembering, one `[[record]]` each."""
    changes: tuple[Change, ...] = Field(default=(), alias="change")
    """What changed for the season as a whole, one `[[change]]` each."""
    retired: tuple[Retired, ...] = ()
    """What was published by mistake, one `[[retired]]` each."""
    broadcasts: tuple[Broadcast, ...] = Field(default=(), alias="broadcast")
    """Where it can be watched; else as the series says."""
    formerly: tuple[Id, ...] = ()
    """Ids it had before, the first one first."""
    checked: Day | None = None
    """When a person last compared it with its sources."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""
    accept: tuple[Accepted, ...] = ()
    """Warnings of `check` that are right here: `accept = [{ warning = "overlap", why = "…" }]`."""

    def find_event(self, name: str) -> Event | None:
        """Return the event that has this id, or had it."""
        return next((event for event in self.events if name in (event.id, *event.formerly)), None)

    def find_lasting_ids(self, event_id: str, session_id: str) -> tuple[str, str]:
        """Return an event and a session by the first ids they ever had."""
        event = self.find_event(event_id)
        session = event.find_session(session_id) if event else None
        return event.lasting_id if event else event_id, session.lasting_id if session else session_id

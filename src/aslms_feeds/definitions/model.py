"""The season as its organiser describes it: what the files of ``calendars/`` say, as frozen values.

The attribute docstrings are the reference: ``calendars/README.md`` and the JSON Schemas in ``calendars/schema/`` are
made from them. Names of keys are the names in the files; lists carry the singular the file writes (``[[event]]``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from aslms_feeds.identity import ID_LENGTH, ID_PATTERN

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = re.compile(r"^https?://[A-Za-z0-9._~-]+(?::\d{1,5})?(?:[/?#][!-~]*)?$")
_HOST = re.compile(r"^(?=.{1,120}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$")
_EMAIL = re.compile(
    r"(?:mailto:)?[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}"
    r"@(?=.{1,120}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)


def _url(value: str) -> str:
    if not _URL.fullmatch(value):
        message = (
            "an address starts with https:// or http://; characters beyond ASCII and spaces are written as %-escapes"
        )
        raise PydanticCustomError("url", message)
    return value


def _report(value: str) -> str:
    if _EMAIL.fullmatch(value) or (value.startswith("https://") and _URL.fullmatch(value)):
        return value
    message = "an address that starts with https://, or an e-mail address such as times@example.org"
    raise PydanticCustomError("report", message)


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise PydanticCustomError("host", "a host name of yours in lower case, such as calendar.example.org")
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise PydanticCustomError("language", "a language tag (BCP 47), such as en, fr, ja or zh-Hant")
    return value


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=ID_LENGTH)]
"""Small letters, digits and single hyphens."""
LINE_PATTERN = r"^\S([^\n\r\t]*\S)?$"
RETIRED_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)?$"
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Days outside are slips of the pen; the calendar's own bounds are too near to compute with."""


def _year(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        facts = {"found": value.isoformat(), "first": FIRST_YEAR, "last": LAST_YEAR}
        raise PydanticCustomError("year", "the year is not between {first} and {last}", facts)
    return value


Day = Annotated[date, AfterValidator(_year)]
Moment = Annotated[NaiveDatetime, AfterValidator(_year)]
Instant = Annotated[AwareDatetime, AfterValidator(_year)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE_PATTERN)]
"""One line of text without space at its ends."""
Prose = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]
"""Text of several lines."""
URL_LENGTH = 2_000
Url = Annotated[str, AfterValidator(_url), StringConstraints(max_length=URL_LENGTH)]
Report = Annotated[str, AfterValidator(_report), StringConstraints(max_length=URL_LENGTH)]
Host = Annotated[str, AfterValidator(_host)]
LanguageTag = Annotated[str, AfterValidator(_language)]
Names = dict[LanguageTag, Line]
Proses = dict[LanguageTag, Prose]


class Status(StrEnum):
    """How sure a season, event or session is."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What a session is for."""

    TEST = "test"
    PRACTICE = "practice"
    QUALIFYING = "qualifying"
    RACE = "race"
    OTHER = "other"


class Warned(StrEnum):
    """The warnings of `check`."""

    NO_SOURCE = "no-source"
    OVERLAP = "overlap"
    OUTSIDE = "outside"
    ODD_HOUR = "odd-hour"
    NO_RACE = "no-race"
    ROUND_GAP = "round-gap"
    LAST_CANCELLED = "last-cancelled"
    NO_SUCCESSOR = "no-successor"
    IDLE_ACCEPT = "idle-accept"


class What(StrEnum):
    """The types of fact: everything that can be news about a season."""

    ANNOUNCED = "announced"
    ADDED = "added"
    MOVED = "moved"
    RETIMED = "retimed"
    TIME_CONFIRMED = "time-confirmed"
    PLACE_CHANGED = "place-changed"
    RENAMED = "renamed"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    REINSTATED = "reinstated"
    CLASS_ADDED = "class-added"
    CLASS_DROPPED = "class-dropped"
    ENTRY_LIST = "entry-list"
    ORGANISER_CHANGED = "organiser-changed"
    CALENDAR_CHANGED = "calendar-changed"
    RESULT = "result"
    CHAMPION = "champion"


StatusValue = Annotated[Status, Field(strict=False)]
KindValue = Annotated[Kind, Field(strict=False)]
WarningCode = Annotated[Warned, Field(strict=False)]
WhatValue = Annotated[What, Field(strict=False)]


class Definition(BaseModel):
    """What every definition has in common: frozen, no unknown keys, no guessing of types."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_by_alias=True,
        validate_by_name=True,
    )


class Accepted(Definition):
    """A warning of `check` that is right as it is here."""

    warning: WarningCode
    """The warning's name, as `check` shows it."""
    why: Line
    """Why it is right here."""


class Broadcast(Definition):
    """Where a season or an event can be watched."""

    name: Line
    """Who shows it."""
    url: Url
    """Where."""
    territories: tuple[Line, ...] = ()
    """The countries or regions it is shown in; none: everywhere."""


class Circuit(Definition):
    """A venue; circuits.toml has one table for each, named by its id."""

    name: Line
    """The venue's name."""
    names: Names = {}
    """The name in other languages."""
    city: Line | None = None
    """The city or place it is in."""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    """The country, as its ISO 3166-1 code of two letters."""
    timezone: str
    """The IANA time zone whose clocks the circuit keeps, such as Asia/Kuala_Lumpur."""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    """Degrees north."""
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Degrees east."""
    length_km: Annotated[float, Field(gt=0, le=100)] | None = None
    """The length of a lap, in kilometres."""
    url: Url | None = None
    """The circuit's own page."""
    formerly: tuple[Id, ...] = ()
    """Ids it had before, the first one first."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            key = {"key": "latitude" if self.longitude is None else "longitude"}
            raise PydanticCustomError("position", "latitude and longitude go together: give both or none", key)
        return self


class RaceClass(Definition):
    """A class of cars of a series."""

    id: Id
    """The id: in addresses (`aslms-races-lmp2.ics`) and in the other files."""
    name: Line
    """The name, such as LMP2."""
    names: Names = {}
    """The name in other languages."""
    colour: Line | None = None
    """A CSS colour name, for marks on the pages."""
    what: Line | None = None
    """What the class is and who may enter, in one sentence."""
    continues: tuple[Id, ...] = ()
    """Classes it follows: its calendars and feeds carry theirs, and theirs carry it."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""


class Series(Definition):
    """series.toml: a racing series; its folder's name is its id."""

    name: Line
    """The full name."""
    names: Names = {}
    """The name in other languages."""
    short: Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=LINE_PATTERN)]
    """The short name that opens every title, such as AsLMS."""
    organiser: Line | None = None
    """Who organises it."""
    url: Url | None = None
    """Its own site."""
    about: Prose | None = None
    """What it is, in a few sentences."""
    abouts: Proses = {}
    """The same in other languages."""
    colour: Line = "darkslateblue"
    """The colour of its calendars: a CSS colour name (RFC 7986 section 5.9)."""
    classes: tuple[RaceClass, ...] = Field(default=(), alias="class")
    """Every class it has or had, one `[[class]]` each."""
    broadcasts: tuple[Broadcast, ...] = Field(default=(), alias="broadcast")
    """Where it can be watched, for seasons that do not say."""
    formerly: tuple[Id, ...] = ()
    """Ids it had before, the first one first."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""


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
    def _consistent(self) -> Self:
        given = [name for name in ("end", "hours", "minutes") if getattr(self, name) is not None]
        if len(given) > 1:
            facts = {"given": " and ".join(given), "key": given[1]}
            raise PydanticCustomError("length", "give one of end, hours and minutes, not {given}", facts)
        if self.end is not None and not isinstance(self.start, datetime):
            raise PydanticCustomError("length", "an end needs a start with a time", {"key": "end"})
        return self

    @property
    def lasting_id(self) -> str:
        """The id its UID is made from: the first it ever had."""
        return self.formerly[0] if self.formerly else self.id


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
    def _in_order(self) -> Self:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            facts = {"key": "last_day", "first": self.first_day.isoformat(), "last": self.last_day.isoformat()}
            raise PydanticCustomError("days", "the last day, {last}, is before the first day, {first}", facts)
        return self

    @property
    def lasting_id(self) -> str:
        """The id its UID is made from: the first it ever had."""
        return self.formerly[0] if self.formerly else self.id

    def session_called(self, name: str) -> Session | None:
        """Return the session that has this id, or had it."""
        return next((one for one in self.sessions if name in (one.id, *one.formerly)), None)


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

    def event_called(self, name: str) -> Event | None:
        """Return the event that has this id, or had it."""
        return next((one for one in self.events if name in (one.id, *one.formerly)), None)


class Entry(Definition):
    """A car on an entry list."""

    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,5}$")]
    """The number on the car, as text: 007 is not 7."""
    race_class: Id = Field(alias="class")
    """Its class."""
    team: Line
    """Who enters it."""
    car: Line | None = None
    """What it is."""
    drivers: tuple[Line, ...] = ()
    """Who drives."""


class EntryList(Definition):
    """Who is entered, for the season or for one event."""

    id: Id
    """The id within the season."""
    event: Id | None = None
    """The event it is for; none: the season."""
    on: Day | None = None
    """The day it was published."""
    count: Annotated[int, Field(ge=0, le=500)] | None = None
    """How many cars, where the list itself is not known."""
    counts: dict[Id, Annotated[int, Field(ge=0, le=500)]] = {}
    """How many cars in each class."""
    note: Line | None = None
    """One sentence about the list."""
    embargo: Instant | None = None
    """With offset: the list is not public before this second."""
    entries: tuple[Entry, ...] = Field(default=(), alias="entry")
    """The cars, one `[[list.entry]]` each."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""


class Entries(Definition):
    """entries.toml: the entry lists of a season."""

    embargo: Instant | None = None
    """With offset: none of these lists is public before this second."""
    lists: tuple[EntryList, ...] = Field(default=(), alias="list")
    """The lists, one `[[list]]` each."""


class Winner(Definition):
    """Who won: a car and its crew."""

    team: Line | None = None
    """The team."""
    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,5}$")] | None = None
    """The number on the car."""
    car: Line | None = None
    """What it was."""
    drivers: tuple[Line, ...] = ()
    """The crew."""


class ClassWinner(Winner):
    """Who won a class."""

    race_class: Id = Field(alias="class")
    """The class."""


class Result(Definition):
    """How a race ended."""

    event: Id
    """The event."""
    session: Id
    """The race."""
    on: Day | None = None
    """The day the result became known; else the day of the race."""
    embargo: Instant | None = None
    """With offset: the result is not public before this second."""
    overall: Winner | None = None
    """The overall winner."""
    winners: tuple[ClassWinner, ...] = Field(default=(), alias="winner")
    """The class winners, one `[[result.winner]]` each."""
    note: Line | None = None
    """One sentence about it."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""


class Champion(Definition):
    """Who won a title."""

    race_class: Id | None = Field(default=None, alias="class")
    """The class the title is for."""
    title: Line | None = None
    """The name of a title that is not a class's, such as a trophy."""
    drivers: tuple[Line, ...] = ()
    """The drivers who won it."""
    team: Line | None = None
    """The team that won it."""
    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,5}$")] | None = None
    """The number on the car."""
    car: Line | None = None
    """What they drove."""
    on: Day | None = None
    """The day it was decided; else the day of the last race."""
    embargo: Instant | None = None
    """With offset: the title is not public before this second."""
    note: Line | None = None
    """One sentence about it."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.race_class is None and self.title is None:
            raise PydanticCustomError("champion", "a champion needs a class or a title", {"key": "title"})
        return self

    @property
    def key(self) -> str:
        """What tells the titles of a season apart; drivers and teams of one class may have a row each."""
        name = self.race_class or re.sub(r"[^a-z0-9]+", "-", (self.title or "").lower()).strip("-")
        return f"{name}-drivers" if self.drivers and not self.team else f"{name}-team" if not self.drivers else name


class Invitation(Definition):
    """What a team earned beside the title: a place at another race."""

    race: Line
    """The race it is for."""
    team: Line
    """Who is invited."""
    race_class: Id | None = Field(default=None, alias="class")
    """The class it was earned in."""
    priority: bool = False
    """True: priority for a place, not the place itself."""
    note: Line | None = None
    """One sentence about it."""
    sources: tuple[Url, ...] = ()
    """Where this is known from."""


class Results(Definition):
    """results.toml: results, champions and invitations; none of it reaches calendars or the news and changes feeds."""

    embargo: Instant | None = None
    """With offset: none of this file is public before this second."""
    results: tuple[Result, ...] = Field(default=(), alias="result")
    """The races, one `[[result]]` each."""
    champions: tuple[Champion, ...] = Field(default=(), alias="champion")
    """The titles, one `[[champion]]` each."""
    invitations: tuple[Invitation, ...] = Field(default=(), alias="invitation")
    """The invitations, one `[[invitation]]` each."""


class NewsItem(Definition):
    """An announcement."""

    id: Id
    """The id within the season; it makes the item's id and never changes."""
    on: Day | None = None
    """The day of the announcement. Without it, it is on pages only."""
    embargo: Instant | None = None
    """With offset: it is not public before this second."""
    title: Line
    """The headline."""
    titles: Names = {}
    """The headline in other languages."""
    text: Prose
    """The text, in Markdown without HTML."""
    texts: Proses = {}
    """The text in other languages."""
    events: tuple[Id, ...] = ()
    """The events it is about."""
    classes: tuple[Id, ...] = ()
    """The classes it is about."""
    spoils: bool = False
    """True: it tells a result, and stays out of the news and changes feeds."""
    origin: Line | None = None
    """Whose it is, where it was taken from another's feed."""
    sources: tuple[Url, ...] = ()
    """Where this is known from; the first is linked."""


class News(Definition):
    """news.toml: the announcements of a season."""

    news: tuple[NewsItem, ...] = ()
    """The announcements, one `[[news]]` each."""


class Cancelled(StrEnum):
    """How calendars show what is cancelled or postponed."""

    VISIBLE = "visible"
    MARKED = "marked"
    HIDDEN = "hidden"


class Times(StrEnum):
    """How calendars write times."""

    UTC = "utc"
    CIRCUIT = "circuit"


CalendarName = Literal["all", "races", "qualifying", "weekends"]
CALENDAR_NAMES = frozenset({"all", "races", "qualifying", "weekends"})
"""No class or season may be called so: file names join the two."""


class Calendars(Definition):
    """Which calendars exist and how they are written."""

    names: tuple[CalendarName, ...] = ("all", "races", "qualifying", "weekends")
    """The evergreen calendars."""
    classes: bool | tuple[Id, ...] = True
    """One of each for every class as well; or for the classes named here."""
    reminders: bool = True
    """The same again with an alarm, in a folder of their own."""
    cancelled: Annotated[Cancelled, Field(strict=False)] = Cancelled.VISIBLE
    """visible: cancelled events stay, named so in the title; marked: with STATUS:CANCELLED too; hidden: left out."""
    cancelled_in: dict[CalendarName, Annotated[Cancelled, Field(strict=False)]] = {}
    """The same for single calendars, by name: `cancelled_in = { weekends = "hidden" }`."""
    times: Annotated[Times, Field(strict=False)] = Times.UTC
    """utc, or circuit: with TZID and VTIMEZONE."""
    refresh_hours: Annotated[int, Field(ge=1, le=168)] = 6
    """How often clients are asked to look again, in hours."""
    max_kilobytes: Annotated[int, Field(ge=50, le=10_000)] = 900
    """An evergreen calendar keeps whole seasons, the newest first, up to this size."""
    alarm_minutes: dict[Annotated[Kind, Field(strict=False)], Annotated[int, Field(ge=0, le=10_080)]] = {Kind.RACE: 60}
    """How long before the start an alarm rings, by kind of session, in minutes; kinds not named have none."""
    assumed_minutes: dict[Annotated[Kind, Field(strict=False)], Annotated[int, Field(ge=1, le=2_880)]] = {
        Kind.TEST: 60,
        Kind.PRACTICE: 60,
        Kind.QUALIFYING: 15,
        Kind.RACE: 240,
        Kind.OTHER: 60,
    }
    """How long a session is drawn where its end is not published, by kind, in minutes; its text says so."""

    def policy(self, name: CalendarName) -> Cancelled:
        """Return how a calendar shows what is cancelled or postponed."""
        return self.cancelled_in.get(name, self.cancelled)


class Feeds(Definition):
    """How the feeds are written."""

    items: Annotated[int, Field(ge=10, le=500)] = 50
    """How many of the newest items a feed holds; the rest is in the seasons' archives."""
    hub: Url | None = None
    """The WebSub hub that is told of news."""


UpstreamKind = Literal["definitions", "feed", "ics"]
Announced = Literal["facts", "errors", "warnings"]


class Upstream(Definition):
    """Somebody else's data that is looked at again and again."""

    id: Id
    """The id of the upstream; it never changes."""
    kind: UpstreamKind
    """definitions: TOML files published as if they lay here; feed: news to join; ics: a calendar to compare."""
    url: Url
    """Its address: a TOML file, a folder with a slash at its end, or an archive (.zip, .tar.gz); a feed; a calendar."""
    series: Id
    """The series it is about."""
    season: Id | None = None
    """The season its items or sessions belong to; else the current one."""
    files: tuple[Line, ...] = ()
    """For a folder of definitions: the files in it, such as `2026-27/season.toml`."""
    every_minutes: Annotated[int, Field(ge=5, le=10_080)] = 60
    """How often it is asked, in minutes."""
    hosts: tuple[Host, ...] = ()
    """Other hosts it may redirect to."""
    spoils: bool = False
    """True: its items tell results, and stay out of the news and changes feeds."""


class Notify(Definition):
    """Whom to tell of what happens here."""

    url: Url | None = None
    """The address that is posted to."""
    url_from: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")] | None = None
    """The environment variable that holds the address, where that is a secret."""
    format: Literal["json", "slack"] = "json"
    """json: everything as data; slack: one line of text, as Slack and its like take it."""
    on: tuple[Announced, ...] = ("facts", "errors", "warnings")
    """What is told: facts subscribers are told, errors, warnings."""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.url is None) == (self.url_from is None):
            raise PydanticCustomError("address", "give one of url and url_from", {"key": "url"})
        return self


class Bundle(Definition):
    """Several series in one calendar, feed and page."""

    id: Id
    """The id: in addresses (`bundles/endurance/endurance-races.ics`)."""
    name: Line
    """The name."""
    names: Names = {}
    """The name in other languages."""
    about: Prose | None = None
    """What the series have in common, in a few sentences."""
    abouts: Proses = {}
    """The same in other languages."""
    colour: Line = "darkslateblue"
    """The colour of its calendars: a CSS colour name (RFC 7986 section 5.9)."""
    series: tuple[Id, ...]
    """The series in it, by their folders' names. One that is not public yet joins when it is."""
    calendars: tuple[CalendarName, ...] = ()
    """Which of the publisher's calendars it has; none given: all of them."""
    formerly: tuple[Id, ...] = ()
    """Ids it had before, the first one first: what is at their addresses follows this bundle."""

    @property
    def lasting_id(self) -> str:
        """The id its feeds' ids are made from: the first it ever had."""
        return self.formerly[0] if self.formerly else self.id


class Network(Definition):
    """What requests to other machines may do."""

    allow_http: bool = False
    """True: addresses without TLS may be asked too."""
    allow_loopback: bool = False
    """True: programs on this machine may be asked too, and no other private address."""


class Publisher(Definition):
    """publisher.toml: this publication."""

    name: Line
    """The title of the front page."""
    names: Names = {}
    """The title in other languages."""
    base_url: Url
    """Where it is published, without a slash at the end."""
    identity: Host
    """What every UID and item id ends in. Set it once, to a host name of yours: it outlives any move."""
    tag_date: Day
    """A day on which that host name was yours (RFC 4151). Set it once."""
    languages: tuple[LanguageTag, ...] = ("en",)
    """The languages it is published in, the first at the plain addresses."""
    report: Report | None = None
    """Where readers report a wrong time: an https address, or an e-mail address. Pages link to it; calendars do not."""
    calendars: Calendars = Calendars()
    """Which calendars exist and how they are written."""
    feeds: Feeds = Feeds()
    """How the feeds are written."""
    schedule: tuple[Line, ...] = ()
    """When the service builds although nothing changed here: crontab lines in UTC (`0 6 * * mon`), or `@daily`."""
    bundles: tuple[Bundle, ...] = Field(default=(), alias="bundle")
    """Several series in one calendar, feed and page, one `[[bundle]]` each."""
    upstreams: tuple[Upstream, ...] = Field(default=(), alias="upstream")
    """Whose data is looked at, one `[[upstream]]` each."""
    notify: tuple[Notify, ...] = ()
    """Who is told of what happens, one `[[notify]]` each."""
    heartbeat: Url | None = None
    """An address that is asked for after each good run, so that silence is noticed."""
    heartbeat_from: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")] | None = None
    """The environment variable that holds that address, where it is a secret."""
    network: Network = Network()
    """What requests to other machines may do."""


@dataclass(frozen=True)
class SeasonFiles:
    """All that is defined about one season; ``id`` is its folder's name."""

    id: str
    season: Season
    entries: Entries = field(default_factory=Entries)
    results: Results = field(default_factory=Results)
    news: News = field(default_factory=News)

    @property
    def lasting_id(self) -> str:
        """The id its UIDs are made from: the first it ever had."""
        return self.season.formerly[0] if self.season.formerly else self.id


@dataclass(frozen=True)
class SeriesFiles:
    """All that is defined about one series, its seasons in order of time; ``id`` is its folder's name."""

    id: str
    publisher: Publisher
    series: Series
    circuits: Mapping[str, Circuit]
    seasons: tuple[SeasonFiles, ...]

    @property
    def lasting_id(self) -> str:
        """The id its UIDs are made from: the first it ever had."""
        return self.series.formerly[0] if self.series.formerly else self.id


def translated(text: str, texts: dict[str, str], language: str) -> str:
    """Return ``text`` in ``language`` where the definitions have it."""
    return texts.get(language, text)


FILES: dict[str, type[Definition]] = {
    "publisher": Publisher,
    "series": Series,
    "season": Season,
    "entries": Entries,
    "results": Results,
    "news": News,
}
"""The models by the file they are read from; circuits.toml is a table of :class:`Circuit`."""


def json_schema(model: type[Definition]) -> dict[str, Any]:
    """Return the JSON Schema of one file, as editors use it for completion."""
    return model.model_json_schema(by_alias=True)

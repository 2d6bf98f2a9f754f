"""The publication as its publisher describes it: publisher.toml with its calendars, feeds, bundles and upstreams."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from aslms_feeds.definitions.values import (
    Day,
    Definition,
    Host,
    Id,
    Kind,
    LanguageTag,
    Line,
    Names,
    Prose,
    Proses,
    ReportAddress,
    Url,
    VariableName,
    find_first_id,
)


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
CALENDAR_NAMES: tuple[CalendarName, ...] = get_args(CalendarName)
"""The four calendars. No class or season may be called so: file names join the two."""


class Calendars(Definition):
    """Which calendars exist and how they are written."""

    names: tuple[CalendarName, ...] = CALENDAR_NAMES
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

    def find_policy(self, name: CalendarName) -> Cancelled:
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
    url_from: VariableName | None = None
    """The environment variable that holds the address, where that is a secret."""
    format: Literal["json", "slack"] = "json"
    """json: everything as data; slack: one line of text, as Slack and its like take it."""
    on: tuple[Announced, ...] = ("facts", "errors", "warnings")
    """What is told: facts subscribers are told, errors, warnings."""

    @model_validator(mode="after")
    def _check_address(self) -> Self:
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
        return find_first_id(self.id, self.formerly)


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
    report: ReportAddress | None = None
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
    heartbeat_from: VariableName | None = None
    """The environment variable that holds that address, where it is a secret."""
    network: Network = Network()
    """What requests to other machines may do."""

"""What the seasons of a series share: series.toml with its classes, and the venues of circuits.toml."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from aslms_feeds.definitions.values import LINE_PATTERN, Country, Definition, Id, Line, Names, Prose, Proses, Url


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
    country: Country
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
    def _check_position(self) -> Self:
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

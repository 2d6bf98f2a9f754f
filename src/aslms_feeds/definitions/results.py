"""What is known of a season beside its timetable: entries.toml, results.toml and news.toml."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from aslms_feeds.definitions.values import CarNumber, Day, Definition, Id, Instant, Line, Names, Prose, Proses, Url


class Entry(Definition):
    """A car on an entry list."""

    number: CarNumber
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
    number: CarNumber | None = None
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
    number: CarNumber | None = None
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
    def _check_title(self) -> Self:
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

"""What something was and what it became, as a fact says it: a value of a type of its own for each kind of thing.

Each value writes itself, with :func:`str`, as the one line that is published of it; :func:`parse_value` reads that line
again, because what a line means depends on the type of the fact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from aslms_feeds.definitions.times import Precision
from aslms_feeds.definitions.values import What
from aslms_feeds.instants import format_moment, parse_moment, whole_second


@dataclass(frozen=True)
class When:
    """A day or an instant, or from one up to, not including, another."""

    start: datetime | date
    end: datetime | date | None = None
    """None: a day, or a start whose end is not known."""
    wording: str = ""
    """How the organiser wrote it, where it is written here in another way; it is published as it was written."""

    def __str__(self) -> str:
        """Return it in ISO 8601: ``2023-12-02``, or ``2023-12-01/2023-12-04``; instants are in UTC."""
        return self.wording or "/".join(format_moment(moment) for moment in (self.start, self.end) if moment)

    @property
    def precision(self) -> Precision:
        """How much of a start it tells."""
        if isinstance(self.start, datetime) or isinstance(self.end, datetime):
            return Precision.TIME
        return Precision.EVENT if self.end else Precision.DAY


@dataclass(frozen=True)
class Place:
    """A circuit by its id, or by a name that is no circuit's id."""

    circuit: str

    def __str__(self) -> str:
        """Return the id."""
        return self.circuit


@dataclass(frozen=True)
class RaceClassId:
    """A race class by its id."""

    race_class: str

    def __str__(self) -> str:
        """Return the id."""
        return self.race_class


@dataclass(frozen=True)
class Cars:
    """Cars of an entry list, each as it is told: ``#99 99 Racing, Oreca 07``."""

    cars: tuple[str, ...]

    def __str__(self) -> str:
        """Return them one after another."""
        return "; ".join(self.cars)


@dataclass(frozen=True)
class Wording:
    """Words: a name, or a date that is told in words."""

    text: str

    def __str__(self) -> str:
        """Return the words."""
        return self.text


class AnnouncedEvent(NamedTuple):
    """An event of a calendar that is announced, by its id, and its days."""

    event: str
    days: When | Wording | None = None

    def __str__(self) -> str:
        """Return both: ``sepang=2023-12-01/2023-12-04``."""
        return self.event if self.days is None else f"{self.event}={self.days}"


@dataclass(frozen=True)
class AnnouncedCalendar:
    """The events of a season when it was announced."""

    events: tuple[AnnouncedEvent, ...]

    def __str__(self) -> str:
        """Return them one after another."""
        return ";".join(map(str, self.events))


FactValue = When | Place | RaceClassId | Cars | Wording | AnnouncedCalendar


def format_value(value: FactValue | None) -> str | None:
    """Return a value as it is published; None for nothing."""
    return None if value is None else str(value)


def parse_value(what: What, text: str) -> FactValue | None:
    """Return the value that a fact of this type says with a text; None for an empty one."""
    if not text:
        return None
    match what:
        case What.PLACE_CHANGED:
            return Place(text)
        case What.CLASS_ADDED | What.CLASS_DROPPED:
            return RaceClassId(text)
        case What.ENTRY_LIST:
            return Cars(tuple(text.split("; ")))
        case What.ANNOUNCED:
            return AnnouncedCalendar(tuple(_parse_event(part) for part in text.split(";")))
        case What.RENAMED:
            return Wording(text)
        case _:
            return _parse_when(text)


def _parse_event(text: str) -> AnnouncedEvent:
    event, equals, days = text.partition("=")
    return AnnouncedEvent(event, _parse_when(days) if equals else None)


def _parse_whole_second(text: str) -> datetime | date:
    moment = parse_moment(text)
    return whole_second(moment) if isinstance(moment, datetime) else moment


def _parse_when(text: str) -> When | Wording:
    try:
        moments = [_parse_whole_second(part) for part in text.split("/") if part]
    except (ValueError, OverflowError):
        return Wording(text)
    if not moments:
        return Wording(text)
    when = When(moments[0], moments[-1] if len(moments) > 1 else None)
    return when if str(when) == text else replace(when, wording=text)

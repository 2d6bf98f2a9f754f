"""What keys may hold: ids, lines, addresses, days and times, the closed lists of words, and the base of every table.

A value that is none of these is a problem at its place; :mod:`aslms_feeds.definitions.explaining` words it.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, NaiveDatetime, StringConstraints
from pydantic_core import PydanticCustomError

from aslms_feeds.identity import ID_LENGTH, ID_PATTERN

LINE_PATTERN = r"^\S([^\n\r\t]*\S)?$"
RETIRED_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)?$"
PROSE_PATTERN = r"\S"
COUNTRY_PATTERN = r"^[A-Z]{2}$"
NUMBER_PATTERN = r"^[0-9A-Za-z]{1,5}$"
VARIABLE_PATTERN = r"^[A-Z][A-Z0-9_]{0,99}$"
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Days outside are slips of the pen; the calendar's own bounds are too near to compute with."""
URL_LENGTH = 2_000

_URL = re.compile(r"^https?://[A-Za-z0-9._~-]+(?::\d{1,5})?(?:[/?#][!-~]*)?$")
_HOST = re.compile(r"^(?=.{1,120}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$")
_EMAIL = re.compile(
    r"(?:mailto:)?[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}"
    r"@(?=.{1,120}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)


def _check_url(value: str) -> str:
    if not _URL.fullmatch(value):
        message = (
            "an address starts with https:// or http://; characters beyond ASCII and spaces are written as %-escapes"
        )
        raise PydanticCustomError("url", message)
    return value


def _check_report(value: str) -> str:
    if _EMAIL.fullmatch(value) or (value.startswith("https://") and _URL.fullmatch(value)):
        return value
    message = "an address that starts with https://, or an e-mail address such as times@example.org"
    raise PydanticCustomError("report", message)


def _check_host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise PydanticCustomError("host", "a host name of yours in lower case, such as calendar.example.org")
    return value


def _check_language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise PydanticCustomError("language", "a language tag (BCP 47), such as en, fr, ja or zh-Hant")
    return value


def _check_year(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        facts = {"found": value.isoformat(), "first": FIRST_YEAR, "last": LAST_YEAR}
        raise PydanticCustomError("year", "the year is not between {first} and {last}", facts)
    return value


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=ID_LENGTH)]
"""Small letters, digits and single hyphens."""
Day = Annotated[date, AfterValidator(_check_year)]
Moment = Annotated[NaiveDatetime, AfterValidator(_check_year)]
Instant = Annotated[AwareDatetime, AfterValidator(_check_year)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE_PATTERN)]
"""One line of text without space at its ends."""
Prose = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=PROSE_PATTERN)]
"""Text of several lines."""
Url = Annotated[str, AfterValidator(_check_url), StringConstraints(max_length=URL_LENGTH)]
ReportAddress = Annotated[str, AfterValidator(_check_report), StringConstraints(max_length=URL_LENGTH)]
Host = Annotated[str, AfterValidator(_check_host)]
LanguageTag = Annotated[str, AfterValidator(_check_language)]
Country = Annotated[str, StringConstraints(pattern=COUNTRY_PATTERN)]
CarNumber = Annotated[str, StringConstraints(pattern=NUMBER_PATTERN)]
VariableName = Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN)]
"""The name of an environment variable."""
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


def find_first_id(current_id: str, former_ids: tuple[str, ...]) -> str:
    """Return the first id that something ever had: what lasts of it is named by that."""
    return former_ids[0] if former_ids else current_id


def translate(text: str, texts: dict[str, str], language: str) -> str:
    """Return ``text`` in ``language`` where the definitions have it."""
    return texts.get(language, text)

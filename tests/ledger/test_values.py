"""What was and what became: each type of fact has its type of value, and each value one line."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from aslms_feeds.definitions.times import Precision
from aslms_feeds.definitions.values import What
from aslms_feeds.ledger.values import (
    AnnouncedCalendar,
    AnnouncedEvent,
    Cars,
    Place,
    RaceClassId,
    When,
    Wording,
    format_value,
    parse_value,
)

FRIDAY, MONDAY = date(2030, 3, 1), date(2030, 3, 4)
NOON, TWO = datetime(2030, 3, 1, 12, tzinfo=UTC), datetime(2030, 3, 1, 14, tzinfo=UTC)

VALUES = [
    (What.MOVED, "2030-03-01", When(FRIDAY)),
    (What.MOVED, "2030-03-01/2030-03-04", When(FRIDAY, MONDAY)),
    (What.RETIMED, "2030-03-01T12:00:00Z", When(NOON)),
    (What.RETIMED, "2030-03-01T12:00:00Z/2030-03-01T14:00:00Z", When(NOON, TWO)),
    # As an organiser may write a date in quotes: it is understood, and published as it was written.
    (What.RETIMED, "2030-03-01T21:00:00+09:00", When(NOON, wording="2030-03-01T21:00:00+09:00")),
    (What.CANCELLED, "20300301", When(FRIDAY, wording="20300301")),
    (What.POSTPONED, "2030-03-01/", When(FRIDAY, wording="2030-03-01/")),
    (What.MOVED, "spring", Wording("spring")),
    (What.MOVED, "spring/autumn", Wording("spring/autumn")),
    (What.MOVED, "/", Wording("/")),
    (What.RETIMED, "2030-03-01T12:00:00", Wording("2030-03-01T12:00:00")),
    (What.ORGANISER_CHANGED, "A Club", Wording("A Club")),
    (What.RENAMED, "2030-03-01", Wording("2030-03-01")),
    (What.PLACE_CHANGED, "sepang", Place("sepang")),
    (What.CLASS_ADDED, "gt", RaceClassId("gt")),
    (What.CLASS_DROPPED, "gt", RaceClassId("gt")),
    (What.ENTRY_LIST, "#7 A, B; #8 C", Cars(("#7 A, B", "#8 C"))),
    (
        What.ANNOUNCED,
        "okayama=2030-03-01/2030-03-04;paris=in May;dubai=;yas",
        AnnouncedCalendar(
            (
                AnnouncedEvent("okayama", When(FRIDAY, MONDAY)),
                AnnouncedEvent("paris", Wording("in May")),
                AnnouncedEvent("dubai", Wording("")),
                AnnouncedEvent("yas"),
            )
        ),
    ),
]


@pytest.mark.parametrize(("what", "text", "value"), VALUES, ids=str)
def test_a_value_is_published_as_one_line_and_read_from_it(what, text, value):
    """The line is the value's, and what it means depends on the type of the fact."""
    assert format_value(value) == text
    assert parse_value(what, text) == value


@pytest.mark.parametrize("what", What)
def test_nothing_is_no_value(what):
    """An empty line was how the format before said nothing."""
    assert parse_value(what, "") is None
    assert format_value(None) is None


@pytest.mark.parametrize(
    ("when", "precision"),
    [
        (When(FRIDAY), Precision.DAY),
        (When(FRIDAY, MONDAY), Precision.EVENT),
        (When(NOON), Precision.TIME),
        (When(NOON, TWO), Precision.TIME),
    ],
)
def test_how_much_of_a_start_is_told(when, precision):
    """A day, some time within days, or a time."""
    assert when.precision is precision

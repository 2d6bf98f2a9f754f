"""Instants and days are text in one form, and come back from it."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from aslms_feeds.instants import earliest, format_instant, format_moment, parse_instant, parse_moment

TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2023, 12, 2, 19, 0, tzinfo=TOKYO), "2023-12-02T10:00:00Z"),
        (datetime(2023, 12, 2, 10, 0, 0, 999_999, tzinfo=UTC), "2023-12-02T10:00:00Z"),
        (datetime(999, 1, 2, 3, 4, 5, tzinfo=UTC), "0999-01-02T03:04:05Z"),
    ],
)
def test_an_instant_is_written_in_utc_and_whole_seconds(value, text):
    """A year has four digits, whatever it is."""
    assert format_instant(value) == text
    assert parse_instant(text) == value.replace(microsecond=0)


def test_an_instant_without_an_offset_is_none():
    """It could be anywhere."""
    with pytest.raises(ValueError, match=r"^2023-12-02T10:00:00 has no offset$"):
        parse_instant("2023-12-02T10:00:00")


@pytest.mark.parametrize("value", [date(2023, 12, 2), datetime(2023, 12, 2, 10, 0, tzinfo=UTC)])
def test_a_moment_comes_back_as_what_it_was(value):
    """A day stays a day, an instant an instant."""
    moment = parse_moment(format_moment(value))
    assert (moment, type(moment)) == (value, type(value))


def test_the_earliest_is_of_those_that_there_are():
    """Instants that are not known do not count."""
    first, second = datetime(2023, 12, 2, tzinfo=UTC), datetime(2023, 12, 3, tzinfo=UTC)
    assert earliest(None, second, first) == first
    assert earliest(None, None) is None

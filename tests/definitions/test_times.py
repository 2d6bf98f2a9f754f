"""When things happen: circuits' clocks, precision, days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from aslms_feeds.definitions.season import Event, Session
from aslms_feeds.definitions.times import (
    Clock,
    Precision,
    check_clock,
    find_event_days,
    find_event_span,
    find_midnight,
    find_session_span,
    to_instant,
)
from aslms_feeds.definitions.values import Kind

ASSUMED = {Kind.RACE: 240}


def at(text: str) -> datetime:
    """Return a time by the circuit's clock."""
    return datetime.fromisoformat(text)


def an_event(*sessions: Session, **keys) -> Event:
    """Return an event."""
    return Event(id="e", name="E", circuit="c", sessions=sessions, **keys)


def a_race(**keys) -> Session:
    """Return a race."""
    return Session(id="race", kind="race", **keys)


@pytest.mark.parametrize(
    ("text", "zone", "what"),
    [
        ("2030-03-31T01:59:59", "Europe/Paris", Clock.ONCE),
        ("2030-03-31T02:00:00", "Europe/Paris", Clock.SKIPPED),
        ("2030-03-31T02:59:59", "Europe/Paris", Clock.SKIPPED),
        ("2030-03-31T03:00:00", "Europe/Paris", Clock.ONCE),
        ("2030-10-27T01:59:59", "Europe/Paris", Clock.ONCE),
        ("2030-10-27T02:00:00", "Europe/Paris", Clock.REPEATED),
        ("2030-10-27T03:00:00", "Europe/Paris", Clock.ONCE),
        ("2030-10-06T02:15:00", "Australia/Lord_Howe", Clock.SKIPPED),
        ("2030-04-07T01:45:00", "Australia/Lord_Howe", Clock.REPEATED),
        ("2011-12-30T12:00:00", "Pacific/Apia", Clock.SKIPPED),
        ("2030-06-01T02:30:00", "Asia/Tokyo", Clock.ONCE),
    ],
)
def test_what_a_clock_does(text, zone, what):
    """A local time is once, skipped or repeated, to the second, with changes of any size."""
    assert check_clock(at(text), zone) is what


def test_fold_picks_the_second():
    """The same time by the clock, an hour apart."""
    first, second = (to_instant(at("2030-10-27T02:30:00"), "Europe/Paris", fold) for fold in (0, 1))
    assert (first, second - first) == (datetime(2030, 10, 27, 0, 30, tzinfo=UTC), timedelta(hours=1))


def test_a_session_gets_more_precise():
    """Its event's days, then its day, then its time: three spans of one session."""
    event = an_event(a_race(), first_day=date(2030, 3, 1), last_day=date(2030, 3, 3))
    spans = [
        find_session_span(session, event, "Asia/Tokyo", ASSUMED)
        for session in (a_race(), a_race(start=date(2030, 3, 2)), a_race(start=at("2030-03-02T13:00:00"), hours=4))
    ]
    assert [(span.precision, span.start, span.end, span.end_known) for span in spans] == [
        (Precision.EVENT, date(2030, 3, 1), date(2030, 3, 4), True),
        (Precision.DAY, date(2030, 3, 2), date(2030, 3, 3), True),
        (
            Precision.TIME,
            datetime(2030, 3, 2, 4, tzinfo=UTC),
            datetime(2030, 3, 2, 8, tzinfo=UTC),
            True,
        ),
    ]
    assert [span.timed for span in spans] == [False, False, True]


@pytest.mark.parametrize(
    ("keys", "minutes", "is_known"),
    [
        ({"end": at("2030-03-31T05:00:00")}, 360, True),
        ({"hours": 1.5}, 90, True),
        ({"minutes": 20}, 20, True),
        ({}, 240, False),
        ({"distance_km": 500.0}, 240, False),
    ],
)
def test_how_long_a_session_lasts(keys, minutes, is_known):
    """By its end over a clock change, hours, minutes, or as the kind is assumed to."""
    span = find_session_span(a_race(start=at("2030-03-30T22:00:00"), **keys), an_event(), "Europe/Paris", ASSUMED)
    assert (span.end - span.start, span.end_known) == (timedelta(minutes=minutes), is_known)


def test_a_session_of_an_undated_event_has_no_span():
    """Not even the event's days are known."""
    assert find_session_span(a_race(), an_event(when="late 2030"), "Asia/Tokyo", ASSUMED) is None
    assert find_event_span(an_event(when="late 2030"), "Asia/Tokyo") is None


@pytest.mark.parametrize(
    ("event", "days"),
    [
        (an_event(), None),
        (an_event(first_day=date(2030, 3, 1)), (date(2030, 3, 1), date(2030, 3, 1))),
        (an_event(last_day=date(2030, 3, 3)), (date(2030, 3, 3), date(2030, 3, 3))),
        (an_event(a_race(start=date(2030, 3, 2))), (date(2030, 3, 2), date(2030, 3, 2))),
        (
            an_event(a_race(start=at("2030-03-02T22:00:00"), end=at("2030-03-03T02:00:00"))),
            (date(2030, 3, 2), date(2030, 3, 3)),
        ),
        (an_event(a_race(start=date(2030, 3, 9)), first_day=date(2030, 3, 1)), (date(2030, 3, 1), date(2030, 3, 9))),
        (an_event(a_race(start=date(2030, 3, 2)), first_day=date(2030, 3, 5)), (date(2030, 3, 5), date(2030, 3, 5))),
    ],
)
def test_the_days_of_an_event(event, days):
    """As stated, else from its sessions; never backwards."""
    assert find_event_days(event) == days


def test_a_day_ends_at_the_circuits_midnight():
    """Over at the instant the next day begins there, not a second before."""
    span = find_event_span(an_event(first_day=date(2030, 3, 1)), "Asia/Tokyo")
    assert find_midnight(date(2030, 3, 2), "Asia/Tokyo") == datetime(2030, 3, 1, 15, tzinfo=UTC)
    assert not span.has_ended(datetime(2030, 3, 1, 14, 59, 59, tzinfo=UTC))
    assert span.has_ended(datetime(2030, 3, 1, 15, tzinfo=UTC))


def test_a_span_knows_its_days_at_the_circuit():
    """A race over midnight has two days there; one that ends at midnight has one."""
    race = a_race(start=at("2030-03-02T22:00:00"), hours=4)
    span = find_session_span(race, an_event(), "Asia/Tokyo", ASSUMED)
    assert (span.first_day, span.last_day) == (date(2030, 3, 2), date(2030, 3, 3))
    short = find_session_span(a_race(start=at("2030-03-02T22:00:00"), hours=2), an_event(), "Asia/Tokyo", ASSUMED)
    assert short.last_day == date(2030, 3, 2)

"""Two statements of one thing, and the facts between them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from aslms_feeds.definitions.values import What
from aslms_feeds.ledger.facts import Fact, Statement, differences, drop_implied
from aslms_feeds.ledger.values import Cars, RaceClassId, When

RACE = Statement(
    scope="session",
    event="sepang",
    session="race-1",
    name="Race 1",
    start="2023-12-02T06:00:00Z",
    end="2023-12-02T10:00:00Z",
    precision="time",
    status="confirmed",
    place="sepang",
    timezone="Asia/Kuala_Lumpur",
    classes=("lmp2", "gt"),
)
WEEKEND = replace(RACE, scope="event", session="", start="2023-12-01", end="2023-12-04", precision="day")


@pytest.mark.parametrize(
    ("old", "new", "facts"),
    [
        ({}, {}, []),
        ({}, {"start": "2023-12-02T07:00:00Z"}, [What.RETIMED]),
        # 16:30 UTC is half past midnight in Malaysia: the next day, where the race is.
        ({}, {"start": "2023-12-02T16:30:00Z", "end": "2023-12-02T20:30:00Z"}, [What.MOVED]),
        ({"start": "2023-12-01T17:00:00Z"}, {"start": "2023-12-02T06:00:00Z"}, [What.RETIMED]),
        ({}, {"end": "2023-12-02T11:00:00Z"}, [What.RETIMED]),
        ({"status": "provisional"}, {}, [What.TIME_CONFIRMED]),
        ({"status": "provisional"}, {"start": "2023-12-02T07:00:00Z"}, [What.RETIMED]),
        ({"start": "2023-12-02", "end": "2023-12-03", "precision": "day"}, {}, [What.TIME_CONFIRMED]),
        (
            {"start": "2023-12-02", "end": "2023-12-03", "precision": "day"},
            {"status": "provisional"},
            [What.RETIMED],
        ),
        ({"start": "2023-12-01", "end": "2023-12-02", "precision": "day"}, {}, [What.MOVED]),
        ({"start": "2023-12-01", "end": "2023-12-04", "precision": "event"}, {}, [What.TIME_CONFIRMED]),
        ({}, {"status": "cancelled"}, [What.CANCELLED]),
        ({}, {"status": "postponed"}, [What.POSTPONED]),
        ({"status": "postponed"}, {"status": "cancelled"}, [What.CANCELLED]),
        ({"status": "cancelled"}, {"status": "cancelled", "start": "2023-12-02T07:00:00Z"}, []),
        ({"status": "cancelled"}, {}, [What.REINSTATED]),
        ({"status": "postponed"}, {"start": "2024-01-02T06:00:00Z"}, [What.REINSTATED]),
        ({}, {"place": "dubai"}, [What.PLACE_CHANGED]),
        ({}, {"name": "Race One"}, [What.RENAMED]),
        ({}, {"classes": ("lmp2", "gt", "lmp3")}, [What.CLASS_ADDED]),
        ({}, {"classes": ("gt",)}, [What.CLASS_DROPPED]),
        ({}, {"name": "R", "place": "dubai", "start": "2023-12-02T07:00:00Z"}, None),
    ],
)
def test_differences(old, new, facts):
    """Each kind of change is the fact subscribers would call it, by the circuit's own days."""
    types = [what for what, _before, _after in differences(replace(RACE, **old), replace(RACE, **new))]
    assert types == (facts if facts is not None else [What.RENAMED, What.RETIMED, What.PLACE_CHANGED])


def test_a_fact_holds_what_was_and_what_became():
    """From when to when where there is a time or several days."""
    later = replace(RACE, start="2023-12-02T07:00:00Z", end="2023-12-02T11:00:00Z")
    before = When(datetime(2023, 12, 2, 6, tzinfo=UTC), datetime(2023, 12, 2, 10, tzinfo=UTC))
    after = When(datetime(2023, 12, 2, 7, tzinfo=UTC), datetime(2023, 12, 2, 11, tzinfo=UTC))
    assert differences(RACE, later) == [(What.RETIMED, before, after)]
    moved = replace(WEEKEND, start="2023-12-08", end="2023-12-11")
    days = When(date(2023, 12, 1), date(2023, 12, 4)), When(date(2023, 12, 8), date(2023, 12, 11))
    assert differences(WEEKEND, moved) == [(What.MOVED, *days)]


def test_an_entry_list_tells_who_left_and_who_came():
    """By number; a car that changed hands has left and come."""
    old = Statement(
        scope="entries", event="", session="season", name="season", subject={"1": "A, Oreca", "2": "B, Ligier"}
    )
    new = replace(old, subject={"1": "A, Oreca", "2": "C, Ligier", "7": "D, Duqueine"})
    assert differences(old, new) == [
        (What.ENTRY_LIST, Cars(("#2 B, Ligier",)), Cars(("#2 C, Ligier", "#7 D, Duqueine")))
    ]


def make_fact(what, event="", session="", **values):
    """Return a fact with an id."""
    return Fact(id=f"{session}.{event}.{what}", what=what, event=event, session=session, **values)


@pytest.mark.parametrize("what", [What.CANCELLED, What.POSTPONED, What.REINSTATED, What.PLACE_CHANGED, What.ADDED])
def test_a_whole_event_is_told_once(what):
    """What happens to an event happens to its sessions; the others' stay."""
    whole = make_fact(what, "sepang")
    inner = [make_fact(what, "sepang", "race-1"), make_fact(what, "sepang", "race-2")]
    elsewhere = make_fact(what, "dubai", "race")
    assert drop_implied([whole, *inner, elsewhere], {"sepang": 2, "dubai": 3}) == [whole, elsewhere]


def test_an_event_that_moved_whole_is_told_once():
    """All of its sessions moved with it."""
    whole = make_fact(What.MOVED, "sepang")
    inner = [make_fact(What.MOVED, "sepang", "race-1"), make_fact(What.MOVED, "sepang", "race-2")]
    assert drop_implied([whole, *inner], {"sepang": 2}) == [whole]


def test_days_that_follow_one_session_are_that_sessions_news():
    """The event did not move: a session did."""
    whole, session = make_fact(What.MOVED, "sepang"), make_fact(What.MOVED, "sepang", "test")
    assert drop_implied([whole, session], {"sepang": 5}) == [session]


def test_a_class_that_joins_the_season_is_told_once():
    """Not again for every event and session; a class that joins one event is told there."""
    season = make_fact(What.CLASS_ADDED, after=RaceClassId("gt3"))
    event = make_fact(What.CLASS_ADDED, "sepang", after=RaceClassId("gt3"))
    session = make_fact(What.CLASS_ADDED, "sepang", "race-1", after=RaceClassId("gt3"))
    assert drop_implied([season, event, session], {"sepang": 1}) == [season]
    assert drop_implied([event, session], {"sepang": 1}) == [event]
    assert drop_implied([session], {"sepang": 2}) == [session]


def test_what_is_over_is_over_at_the_circuits_midnight():
    """A day ends where it is; an instant is an instant."""
    assert not WEEKEND.is_over(datetime(2023, 12, 3, 15, 59, tzinfo=UTC))
    assert WEEKEND.is_over(datetime(2023, 12, 3, 16, 0, tzinfo=UTC))
    assert RACE.is_over(datetime(2023, 12, 2, 10, 0, tzinfo=UTC))
    assert not replace(RACE, start="", end="").is_over(datetime(2099, 1, 1, tzinfo=UTC))

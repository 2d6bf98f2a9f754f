"""What an event or a session does not state, it takes from what holds it."""

import pytest

from aslms_feeds.definitions.inherited import rounds_of, status_of
from aslms_feeds.definitions.season import Event, Season, Session
from aslms_feeds.definitions.values import Kind, Status


@pytest.mark.parametrize(
    ("season", "event", "session", "status"),
    [
        ("confirmed", None, None, "confirmed"),
        ("confirmed", "provisional", None, "provisional"),
        ("provisional", "provisional", "confirmed", "confirmed"),
        ("confirmed", "cancelled", "confirmed", "cancelled"),
        ("postponed", "confirmed", "confirmed", "postponed"),
        ("cancelled", "postponed", "confirmed", "cancelled"),
        ("confirmed", "confirmed", "postponed", "postponed"),
    ],
)
def test_cancelled_or_postponed_above_wins(season, event, session, status):
    """Else the nearest statement."""
    race = Session(id="s", kind=Kind.RACE, status=session and Status(session))
    meeting = Event(id="e", name="E", status=event and Status(event))
    assert status_of(race, meeting, Season(name="S", status=Status(season))) == status


def test_rounds_are_listed_once():
    """Races of one event may share a round."""
    sessions = tuple(Session(id=f"race-{n}", kind=Kind.RACE, round=(n and (n + 1) // 2) or None) for n in range(5))
    assert rounds_of(Event(id="e", name="E", sessions=sessions)) == (1, 2)

"""What they have and we do not."""

from their_calendar import propose, summarize_proposals, their_event

from aslms_feeds.definitions.values import What
from seasons import (
    SEASON,
    SERIES,
    contents,
    series_files,
)


def test_a_new_event_comes_with_its_sessions_and_its_circuit():
    """What belongs together is one event; a circuit that is known gives its clock."""
    group = [
        their_event(
            "Test Series: 6 Hours of Japan - Qualifying GT",
            "2030-04-19T05:00:00+00:00",
            place="Okayama International Circuit",
        ),
        their_event("Test Series: 6 Hours of Japan - Race 1", "2030-04-20T04:00:00+00:00", "2030-04-20T10:00:00+00:00"),
        their_event("Test Series: 6 Hours of Japan - Race 2", "2030-04-21T04:00:00+00:00", "2030-04-21T10:00:00+00:00"),
    ]
    files = series_files(contents(SEASON[: SEASON.index("[[event]]")]))
    (proposal,) = propose(*group, files=files)
    assert (proposal.event, proposal.session, proposal.what) == ("6-hours-of-japan", "", What.ADDED)
    assert (proposal.ours, proposal.theirs) == ("", "2030-04-19/2030-04-21")
    assert (
        proposal.patch
        == """\
[[event]]
id = "6-hours-of-japan"
name = "6 Hours of Japan"
circuit = "okayama"
first_day = 2030-04-19
last_day = 2030-04-21
status = "provisional"

  [[event.session]]
  id = "qualifying-gt"
  kind = "qualifying"
  classes = ["gt"]
  start = 2030-04-19T14:00:00

  [[event.session]]
  id = "race-1"
  kind = "race"
  start = 2030-04-20T13:00:00
  minutes = 360

  [[event.session]]
  id = "race-2"
  kind = "race"
  start = 2030-04-21T13:00:00
  minutes = 360
"""
    )


def test_an_event_at_a_place_nobody_knows_says_so():
    """A time would need its clock, so only the day is written, and what they said beside it."""
    (proposal,) = propose(their_event("Grand Opening: Race", "2030-04-20T04:00:00+00:00", place="Elsewhere"))
    assert "# circuit: Elsewhere\n" in proposal.patch
    assert "  start = 2030-04-20\n  # their time: 2030-04-20T04:00:00+00:00\n" in proposal.patch


def test_a_season_without_a_calendar_takes_what_is_to_come():
    """Before the calendar is announced, everything in the next year is an event more."""
    files = series_files(contents(SEASON[: SEASON.index("[[event]]")], series=SERIES))
    events = [
        their_event("Okayama", "2030-03-01", "2030-03-03"),
        their_event("Paris", "2029-12-01"),
        their_event("Paris", "2032-01-01"),
    ]
    assert summarize_proposals(*events, files=files) == [("okayama", "", What.ADDED, "", "2030-03-01/2030-03-02")]

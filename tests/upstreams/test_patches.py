"""What to write: TOML that makes ours say what theirs does."""

import tomllib
from datetime import date

import pytest
from their_calendar import propose, their_event

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.definitions.values import What
from seasons import (
    SEASON,
    contents,
    series_files,
)

SEPARATELY = contents(
    SEASON.replace("minutes = 90", "end = 2030-03-01T11:30:00").replace(
        "start = 2030-04-06T13:00:00\n  hours = 4", "start = 2030-04-06"
    )
)


def apply_patch(proposal, files):
    """Return the season after a person has written what a proposal says: keys replaced, new tables added."""
    season = tomllib.loads(files["trial/2030/season.toml"].decode())
    for event in tomllib.loads(proposal.patch)["event"]:
        our_event = next((candidate for candidate in season["event"] if candidate["id"] == event["id"]), None)
        if our_event is None:
            season["event"].append(event)
            continue
        sessions = event.pop("session", [])
        our_event.update(event)
        for session in sessions:
            our_session = next((row for row in our_event["session"] if row["id"] == session["id"]), None)
            if our_session is None:
                our_event["session"].append(session)
            else:
                our_session.update(session)
    return {**files, "trial/2030/season.toml": write_season(season).encode()}


def write_season(season):
    """Return a season as TOML."""
    lines = [f"{key} = {toml(value)}" for key, value in season.items() if key != "event"]
    for event in season["event"]:
        lines += ["[[event]]", *(f"{key} = {toml(value)}" for key, value in event.items() if key != "session")]
        for session in event.get("session", []):
            lines += ["[[event.session]]", *(f"{key} = {toml(value)}" for key, value in session.items())]
    return "\n".join(lines)


def toml(value):
    """Return a value as TOML."""
    match value:
        case str():
            return f'"{value}"'
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case date():
            return value.isoformat()
        case _:
            return str(value)


@pytest.mark.parametrize(
    "event",
    [
        their_event("Okayama Race", "2030-03-03T04:00:00+00:00"),
        their_event("Okayama Race", "2030-03-02T04:00:00+00:00", "2030-03-02T09:30:00+00:00"),
        their_event("Okayama Race", "2030-03-09"),
        their_event("Okayama Practice", "2030-03-01T02:00:00+00:00"),
        their_event("Okayama Practice", "2030-03-01T01:00:00+00:00", "2030-03-01T02:20:00+00:00"),
        their_event("Paris Race", "2030-04-06T08:00:00+00:00"),
        their_event("Paris Race", "2030-04-13T11:00:00+00:00"),
        their_event("Paris Race", "2030-10-27T00:30:00+00:00"),
        their_event("Paris Race", "2030-03-31T11:00:00+00:00"),
        their_event("4h Okayama", "2030-03-08", "2030-03-11"),
        their_event("CANCELLED: 4 Hours of Paris", "2030-04-06"),
        their_event("Okayama FP2", "2030-03-01T07:00:00+00:00", "2030-03-01T07:30:00+00:00"),
        their_event("4 Hours of Suzuka - Race 1", "2030-04-20T04:00:00+00:00", place="Suzuka"),
        their_event(
            "Test Series: 2 Hours of Paris Nord: Race", "2030-05-11T00:00:00+00:00", "2030-05-11T02:00:00+00:00"
        ),
        their_event("Okayama Sprint: Race", "2030-05-11T03:00:00+00:00", "2030-05-11T05:00:00+00:00"),
    ],
)
@pytest.mark.parametrize("files", [contents(), SEPARATELY], ids=["lengths", "ends"])
def test_a_patch_makes_ours_say_what_theirs_does(files, event):
    """Written into the season file, it is a season without a problem, and nothing is left to propose."""
    series = series_files(files)
    for proposal in propose(event, files=series):
        after = apply_patch(proposal, files)
        definitions = read_definitions(after, "calendars")
        assert definitions.problems == ()
        remaining = propose(event, files=definitions.series["trial"])
        assert [proposal for proposal in remaining if proposal.session] == []
        if not (proposal.what is What.ADDED and "# circuit" in proposal.patch):
            assert remaining == ()


def test_a_patch_holds_no_more_than_it_needs():
    """The tables it changes, by their ids, and the keys that change, by the circuit's clock."""
    (proposal,) = propose(their_event("Okayama Race", "2030-03-03T04:00:00+00:00", "2030-03-03T10:00:00+00:00"))
    assert proposal.patch == (
        "[[event]]  # Okayama Race, in place of its own\n"
        'id = "okayama"\n\n'
        "  [[event.session]]\n"
        '  id = "race-1"\n'
        "  start = 2030-03-03T13:00:00\n"
        "  hours = 6\n"
    )


def test_an_hour_that_comes_twice_says_which():
    """In the night the clocks go back, a time alone is not enough."""
    season = SEASON.replace("2030-04-06T13:00:00", "2030-10-27T13:00:00")
    (first,) = propose(their_event("Paris Race", "2030-10-27T00:30:00+00:00"), files=series_files(contents(season)))
    (second,) = propose(their_event("Paris Race", "2030-10-27T01:30:00+00:00"), files=series_files(contents(season)))
    assert "start = 2030-10-27T02:30:00\n  fold = 0\n" in first.patch
    assert "start = 2030-10-27T02:30:00\n  fold = 1\n" in second.patch

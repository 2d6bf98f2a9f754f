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


def applied(proposal, files):
    """Return the season after a person has written what a proposal says: keys replaced, new tables added."""
    season = tomllib.loads(files["trial/2030/season.toml"].decode())
    for event in tomllib.loads(proposal.patch)["event"]:
        own = next((one for one in season["event"] if one["id"] == event["id"]), None)
        if own is None:
            season["event"].append(event)
            continue
        sessions = event.pop("session", [])
        own.update(event)
        for session in sessions:
            there = next((one for one in own["session"] if one["id"] == session["id"]), None)
            if there is None:
                own["session"].append(session)
            else:
                there.update(session)
    return {**files, "trial/2030/season.toml": written(season).encode()}


def written(season):
    """Return a season as TOML."""
    lines = [f"{key} = {value(one)}" for key, one in season.items() if key != "event"]
    for event in season["event"]:
        lines += ["[[event]]", *(f"{key} = {value(one)}" for key, one in event.items() if key != "session")]
        for session in event.get("session", []):
            lines += ["[[event.session]]", *(f"{key} = {value(one)}" for key, one in session.items())]
    return "\n".join(lines)


def value(one):
    """Return a value as TOML."""
    match one:
        case str():
            return f'"{one}"'
        case list():
            return f"[{', '.join(map(value, one))}]"
        case date():
            return one.isoformat()
        case _:
            return str(one)


@pytest.mark.parametrize(
    "other",
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
def test_a_patch_makes_ours_say_what_theirs_does(files, other):
    """Written into the season file, it is a season without a problem, and nothing is left to propose."""
    here = series_files(files)
    for proposal in propose(other, files=here):
        after = applied(proposal, files)
        read = read_definitions(after, "calendars")
        assert read.problems == ()
        left = propose(other, files=read.series["trial"])
        assert [one for one in left if one.session] == []
        if not (proposal.what is What.ADDED and "# circuit" in proposal.patch):
            assert left == ()


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

"""Somebody else's calendar compared with ours: equal says nothing, every difference is a proposal."""

import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from their_calendar import propose, summarize_proposals, their_event

from aslms_feeds.definitions.values import What
from aslms_feeds.upstreams.proposals import compare as proposal_compare
from aslms_feeds.upstreams.proposals.compare import compare_calendar
from aslms_feeds.upstreams.proposals.matching import names_an_event
from aslms_feeds.upstreams.proposals.statements import parse_their_event
from aslms_feeds.upstreams.sandbox import read_calendar
from seasons import (
    CALENDARS,
    NOW,
    everything,
    folder,
    series_files,
)


@pytest.mark.parametrize("name", ["2030/cup-2030-all.ics", "cup-qualifying.ics", "cup-weekends.ics"])
def test_our_own_calendar_differs_in_nothing(everything_now, name):
    """What we publish ourselves, with our UIDs or under other ones, is what we say."""
    files = series_files(everything(), "cup")
    rows = read_calendar(everything_now[name])
    mirrored = [parse_their_event(**row._asdict()) for row in rows]
    copied = [parse_their_event(**row._replace(uid=f"copy-{at}")._asdict()) for at, row in enumerate(rows)]
    season = next(season for season in files.seasons if season.id == "2030")
    assert len(rows) > 1
    assert compare_calendar(files, season, mirrored, "club", now=NOW) == ()
    assert compare_calendar(files, season, copied, "club", now=NOW) == ()


@pytest.mark.slow
def test_the_real_seasons_differ_from_themselves_in_nothing(real):
    """Years of races at the same circuits, under the same names, are told apart by when they are."""
    now = datetime(2013, 1, 1, tzinfo=UTC)
    files = series_files(folder(CALENDARS), "aslms")
    appointments = read_calendar(real["aslms-all.ics"])
    rows = [parse_their_event(**row._replace(uid=f"copy-{at}")._asdict()) for at, row in enumerate(appointments)]
    assert len(rows) > 100
    assert names_an_event(files, rows)
    proposed = [
        proposal for season in files.seasons for proposal in compare_calendar(files, season, rows, "club", now=now)
    ]
    assert [proposal for proposal in proposed if proposal.what is not What.ADDED] == []


def test_an_end_of_theirs_is_no_news_where_we_know_none():
    """Calendars must write some end; ours that is assumed is not compared with theirs that is."""
    assert propose(their_event("Okayama qualifying GT", "2030-03-01T05:00:00+00:00", "2030-03-01T06:30:00+00:00")) == ()


def test_a_meeting_that_is_off_is_one_proposal():
    """Its sessions go with it."""
    off = [
        their_event("CANCELLED: Okayama", "2030-03-01", "2030-03-03"),
        their_event("CANCELLED: Okayama Race", "2030-03-02T04:00:00+00:00"),
        their_event("CANCELLED: Okayama Practice", "2030-03-01T01:00:00+00:00"),
    ]
    assert summarize_proposals(*off) == [("okayama", "", What.CANCELLED, "confirmed", "cancelled")]


def test_the_same_difference_is_the_same_proposal():
    """Its id stays while ours and theirs do, and only then."""
    first, same, different = (
        propose(their_event(title, start, uid=uid))[0].id
        for title, start, uid in (
            ("Okayama Race", "2030-03-02T05:00:00+00:00", "a"),
            ("4 Hours of Okayama: Race 1", "2030-03-02T05:00:00+00:00", "b"),
            ("Okayama Race", "2030-03-02T06:00:00+00:00", "a"),
        )
    )
    assert first == same != different
    assert first.startswith("club-")


def test_a_calendar_that_differs_in_everything_proposes_no_flood():
    """A hundred proposals are more than a person reads."""
    flood = [
        their_event(f"Meeting {at} of Place{at} Race", f"2030-03-{at % 28 + 1:02}T05:00:00+00:00") for at in range(300)
    ]
    assert len(propose(*flood)) == proposal_compare.MAX_PROPOSALS


LETTERS = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=60)
MOMENTS = st.datetimes(datetime(2030, 1, 11), datetime(2030, 6, 1)).map(lambda moment: moment.replace(microsecond=0))  # noqa: DTZ001


@pytest.mark.slow
@given(
    st.lists(
        st.builds(
            lambda title, place, start, length, form: their_event(
                title,
                start.date().isoformat() if form == 0 else start.isoformat() + ("+00:00" if form == 1 else ""),
                (start + length).isoformat() + "+00:00" if form == 1 else "",
                place=place,
            ),
            st.one_of(LETTERS, st.sampled_from(["Okayama", "Paris Race 1", "Okayama FP", "Cancelled Paris Race"])),
            LETTERS,
            MOMENTS,
            st.timedeltas(timedelta(hours=-2), timedelta(days=4)),
            st.integers(0, 2),
        ),
        max_size=6,
    )
)
def test_whatever_they_say_a_patch_can_be_read(events):
    """Foreign titles neither break a patch nor write anything into it; the order they come in changes nothing."""
    proposed = propose(*events)
    assert propose(*reversed(events)) == proposed
    assert proposal_compare.parse_proposals(proposal_compare.format_proposals(proposed)) == proposed
    assert len({proposal.id for proposal in proposed}) == len(proposed)
    for proposal in proposed:
        (event,) = tomllib.loads(proposal.patch)["event"]
        assert event["id"] == proposal.event
        assert event.keys() <= {"id", "name", "circuit", "first_day", "last_day", "status", "session"}
        for session in event.get("session", []):
            assert session.keys() <= {"id", "kind", "classes", "start", "end", "hours", "minutes", "fold", "status"}


def test_proposals_are_shown_for_people():
    """What, ours, theirs, whose, and what to write."""
    text = proposal_compare.describe_proposals(propose(their_event("Okayama Race", "2030-03-03T04:00:00+00:00")))
    assert (
        text
        == """\
trial 2030: okayama.race-1: moved
  ours    2030-03-02T13:00:00+09:00
  theirs  2030-03-03T13:00:00+09:00 (club: Okayama Race)
    [[event]]  # Okayama Race, in place of its own
    id = "okayama"

      [[event.session]]
      id = "race-1"
      start = 2030-03-03T13:00:00"""
    )
    assert proposal_compare.describe_proposals(()) == "nothing is proposed"


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"format": 1, "proposals": [{}]}'])
def test_proposals_that_cannot_be_read_are_an_error(text):
    """A file that is damaged does not look like an empty one."""
    with pytest.raises(ValueError):  # noqa: PT011 - whichever
        proposal_compare.parse_proposals(text)

"""Which of theirs is which of ours."""

import pytest
from their_calendar import FILES, propose, summarize_proposals, their_event

from aslms_feeds.definitions.values import What
from aslms_feeds.upstreams.proposals.matching import names_an_event
from seasons import (
    SEASON,
    contents,
    series_files,
)


@pytest.mark.parametrize(
    "title",
    [
        "4 Hours of Okayama: Race 1",
        "TS | Okayama | Race",
        "Test Series – 4h d'Okayama – Course 1",
        "R1 Okayama",
        "OKAYAMA",
        "Okayma Race",  # misspelt
        "Ōkayama Rennen 1",
        "4 Hours of Okayama (Mimasaka)",
    ],
)
def test_a_race_is_known_by_many_names(title):
    """Series, separators, languages, accents and a slip of the pen do not matter."""
    assert summarize_proposals(their_event(title, "2030-03-02T05:00:00+00:00")) == [
        ("okayama", "race-1", What.RETIMED, "2030-03-02T13:00:00+09:00", "2030-03-02T14:00:00+09:00")
    ]


@pytest.mark.parametrize(
    ("title", "session"),
    [
        ("Okayama FP1", "practice-1"),
        ("Okayama: Free Practice", "practice-1"),
        ("Okayama Quali", "qualifying-gt"),
        ("Okayama Qualifying GT", "qualifying-gt"),
        ("Okayama - Hyperpole", "qualifying-gt"),
    ],
)
def test_sessions_are_known_by_kind_number_and_class(title, session):
    """Each goes to its own, however near another one is in time."""
    assert [proposal.session for proposal in propose(their_event(title, "2030-03-02T04:10:00+00:00"))] == [session]


@pytest.mark.parametrize("title", ["Okayama 練習", "Okayama Autogramme", "岡山 Okayama"])
def test_at_exactly_the_time_of_ours_it_is_ours(title):
    """A kind in a language that nobody here speaks is known by its time, as long as that is equal."""
    assert propose(their_event(title, "2030-03-01T01:00:00+00:00", place="Okayama")) == ()


@pytest.mark.parametrize("title", ["Okayama FP2", "Okayama Qualifying Prototype", "Okayama Warm-up"])
def test_what_we_do_not_have_is_a_session_more(title):
    """Another number, class or kind is another session, at an event of ours."""
    (proposal,) = propose(their_event(title, "2030-03-01T07:00:00+00:00", "2030-03-01T07:30:00+00:00"))
    assert (proposal.event, proposal.what, proposal.theirs) == ("okayama", What.ADDED, "2030-03-01T16:00:00+09:00")


def test_the_nearer_of_two_is_meant():
    """Of two events at one circuit, words leave the choice to time."""
    again = SEASON + SEASON[SEASON.index("[[event]]") : SEASON.index('[[event]]\nid = "paris"')].replace(
        'id = "okayama"', 'id = "okayama-2"', 1
    ).replace("2030-03-0", "2030-05-0")
    files = series_files(contents(again))
    races = [
        their_event("Okayama Race", "2030-05-02T05:00:00+00:00"),
        their_event("Okayama Race", "2030-03-02T05:00:00+00:00"),
    ]
    assert [(proposal.event, proposal.theirs[:10]) for proposal in propose(*races, files=files)] == [
        ("okayama", "2030-03-02"),
        ("okayama-2", "2030-05-02"),
    ]


def test_a_word_more_counts_more_than_a_day_less():
    """Of two events at one circuit, the one that is named is meant, though the other is nearer."""
    again = SEASON + SEASON[SEASON.index("[[event]]") : SEASON.index('[[event]]\nid = "paris"')].replace(
        'id = "okayama"\nname = "', 'id = "okayama-summer"\nname = "Summer ', 1
    ).replace("2030-03-0", "2030-05-0")
    files = series_files(contents(again))
    assert [
        proposal.event
        for proposal in propose(their_event("Summer Okayama Race", "2030-03-20T04:00:00+00:00"), files=files)
    ] == ["okayama-summer"]


def test_one_of_theirs_is_one_of_ours():
    """A double entry is not two of ours, and the better fit wins whatever the order."""
    first, second = (
        their_event("Okayama Race 1", "2030-03-02T05:00:00+00:00"),
        their_event("Okayama Race 1", "2030-03-02T06:00:00+00:00"),
    )
    assert summarize_proposals(first, second) == summarize_proposals(second, first)
    assert [row[1:3] for row in summarize_proposals(first, second)] == [
        ("race-1", What.RETIMED),
        ("race-1-2", What.ADDED),
    ]


def test_another_years_race_is_not_ours():
    """What is months away is another season's; what is long over is nobody's news."""
    assert (
        propose(
            their_event("Okayama Race", "2029-03-02T05:00:00+00:00"),
            their_event("Okayama", "2031-03-02T05:00:00+00:00"),
        )
        == ()
    )


def test_whether_a_calendar_is_about_the_series_at_all():
    """One event of any season is enough; nothing in common is another calendar."""
    assert names_an_event(FILES, [their_event("Dentist", "2030-01-01"), their_event("Okayama", "2019-01-01")])
    assert not names_an_event(
        FILES, [their_event("Dentist", "2030-01-01"), their_event("4 Hours of Race Circuit", "2030-03-02")]
    )
    assert not names_an_event(FILES, [])

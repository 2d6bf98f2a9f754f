"""Somebody else's calendar compared with ours: equal says nothing, every difference says what to write."""

import tomllib
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds import proposals
from aslms_feeds.definitions import read_definitions
from aslms_feeds.foreign import read_calendar
from aslms_feeds.model import Kind, What
from aslms_feeds.proposals import compare, overlaps, theirs
from seasons import (
    CALENDARS,
    NOW,
    SEASON,
    SERIES,
    contents,
    everything,
    folder,
    series_files,
)

FILES = series_files(contents())
SEPARATELY = contents(
    SEASON.replace("minutes = 90", "end = 2030-03-01T11:30:00").replace(
        "start = 2030-04-06T13:00:00\n  hours = 4", "start = 2030-04-06"
    )
)


def says(title, start, end="", *, place="", status="", uid=""):
    """Return one of their events."""
    return theirs(uid or f"{title} {start}", title, place, start, end, status)


def found(*others, files=FILES, season="2030", now=NOW):
    """Return what is proposed."""
    (own,) = [one for one in files.seasons if one.id == season]
    return compare(files, own, others, "club", now=now)


def short(*others, **further):
    """Return what is proposed, in short."""
    return [(one.event, one.session, one.what, one.ours, one.theirs) for one in found(*others, **further)]


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


# Equal


@pytest.mark.parametrize("name", ["2030/cup-2030-all.ics", "cup-qualifying.ics", "cup-weekends.ics"])
def test_our_own_calendar_differs_in_nothing(everything_now, name):
    """What we publish ourselves, with our UIDs or under other ones, is what we say."""
    files = series_files(everything(), "cup")
    rows = read_calendar(everything_now[name])
    mirrored = [theirs(**row._asdict()) for row in rows]
    copied = [theirs(**row._replace(uid=f"copy-{at}")._asdict()) for at, row in enumerate(rows)]
    season = next(one for one in files.seasons if one.id == "2030")
    assert len(rows) > 1
    assert compare(files, season, mirrored, "club", now=NOW) == ()
    assert compare(files, season, copied, "club", now=NOW) == ()


def test_the_real_seasons_differ_from_themselves_in_nothing(real):
    """Years of races at the same circuits, under the same names, are told apart by when they are."""
    now = datetime(2013, 1, 1, tzinfo=UTC)
    files = series_files(folder(CALENDARS), "aslms")
    found_there = read_calendar(real["aslms-all.ics"])
    rows = [theirs(**row._replace(uid=f"copy-{at}")._asdict()) for at, row in enumerate(found_there)]
    assert len(rows) > 100
    assert overlaps(files, rows)
    proposed = [one for season in files.seasons for one in compare(files, season, rows, "club", now=now)]
    assert [one for one in proposed if one.what is not What.ADDED] == []


def test_an_end_of_theirs_is_no_news_where_we_know_none():
    """Calendars must write some end; ours that is assumed is not compared with theirs that is."""
    assert found(says("Okayama qualifying GT", "2030-03-01T05:00:00+00:00", "2030-03-01T06:30:00+00:00")) == ()


# Matching


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
    assert short(says(title, "2030-03-02T05:00:00+00:00")) == [
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
    assert [one.session for one in found(says(title, "2030-03-02T04:10:00+00:00"))] == [session]


@pytest.mark.parametrize("title", ["Okayama 練習", "Okayama Autogramme", "岡山 Okayama"])
def test_at_exactly_the_time_of_ours_it_is_ours(title):
    """A kind in a language that nobody here speaks is known by its time, as long as that is equal."""
    assert found(says(title, "2030-03-01T01:00:00+00:00", place="Okayama")) == ()


@pytest.mark.parametrize("title", ["Okayama FP2", "Okayama Qualifying Prototype", "Okayama Warm-up"])
def test_what_we_do_not_have_is_a_session_more(title):
    """Another number, class or kind is another session, at an event of ours."""
    (proposal,) = found(says(title, "2030-03-01T07:00:00+00:00", "2030-03-01T07:30:00+00:00"))
    assert (proposal.event, proposal.what, proposal.theirs) == ("okayama", What.ADDED, "2030-03-01T16:00:00+09:00")


def test_the_nearer_of_two_is_meant():
    """Of two events at one circuit, words leave the choice to time."""
    again = SEASON + SEASON[SEASON.index("[[event]]") : SEASON.index('[[event]]\nid = "paris"')].replace(
        'id = "okayama"', 'id = "okayama-2"', 1
    ).replace("2030-03-0", "2030-05-0")
    files = series_files(contents(again))
    races = [says("Okayama Race", "2030-05-02T05:00:00+00:00"), says("Okayama Race", "2030-03-02T05:00:00+00:00")]
    assert [(one.event, one.theirs[:10]) for one in found(*races, files=files)] == [
        ("okayama", "2030-03-02"),
        ("okayama-2", "2030-05-02"),
    ]


def test_a_word_more_counts_more_than_a_day_less():
    """Of two events at one circuit, the one that is named is meant, though the other is nearer."""
    again = SEASON + SEASON[SEASON.index("[[event]]") : SEASON.index('[[event]]\nid = "paris"')].replace(
        'id = "okayama"\nname = "', 'id = "okayama-summer"\nname = "Summer ', 1
    ).replace("2030-03-0", "2030-05-0")
    files = series_files(contents(again))
    assert [one.event for one in found(says("Summer Okayama Race", "2030-03-20T04:00:00+00:00"), files=files)] == [
        "okayama-summer"
    ]


def test_one_of_theirs_is_one_of_ours():
    """A double entry is not two of ours, and the better fit wins whatever the order."""
    one, two = says("Okayama Race 1", "2030-03-02T05:00:00+00:00"), says("Okayama Race 1", "2030-03-02T06:00:00+00:00")
    assert short(one, two) == short(two, one)
    assert [row[1:3] for row in short(one, two)] == [("race-1", What.RETIMED), ("race-1-2", What.ADDED)]


def test_another_years_race_is_not_ours():
    """What is months away is another season's; what is long over is nobody's news."""
    assert found(says("Okayama Race", "2029-03-02T05:00:00+00:00"), says("Okayama", "2031-03-02T05:00:00+00:00")) == ()


def test_whether_a_calendar_is_about_the_series_at_all():
    """One event of any season is enough; nothing in common is another calendar."""
    assert overlaps(FILES, [says("Dentist", "2030-01-01"), says("Okayama", "2019-01-01")])
    assert not overlaps(FILES, [says("Dentist", "2030-01-01"), says("4 Hours of Race Circuit", "2030-03-02")])
    assert not overlaps(FILES, [])


# Differences


@pytest.mark.parametrize(
    ("other", "proposed"),
    [
        (
            says("Okayama Race", "2030-03-03T04:00:00+00:00"),
            ("race-1", What.MOVED, "2030-03-02T13:00:00+09:00", "2030-03-03T13:00:00+09:00"),
        ),
        (
            says("Okayama Race", "2030-03-02T04:00:00+00:00", "2030-03-02T10:00:00+00:00"),
            (
                "race-1",
                What.RETIMED,
                "2030-03-02T13:00:00+09:00/2030-03-02T17:00:00+09:00",
                "2030-03-02T13:00:00+09:00/2030-03-02T19:00:00+09:00",
            ),
        ),
        (says("Okayama Race", "2030-03-04"), ("race-1", What.MOVED, "2030-03-02", "2030-03-04")),
        (
            says("Okayama Race", "2030-03-02T15:00:00"),
            ("race-1", What.RETIMED, "2030-03-02T13:00:00+09:00", "2030-03-02T15:00:00+09:00"),
        ),
        (says("CANCELLED: Okayama Race", "2030-03-02"), ("race-1", What.CANCELLED, "confirmed", "cancelled")),
        (
            says("Okayama Race", "2030-03-02T04:00:00+00:00", status="cancelled"),
            ("race-1", What.CANCELLED, "confirmed", "cancelled"),
        ),
        (says("4h Okayama (postponed)", "2030-03-01", "2030-03-03"), ("", What.POSTPONED, "confirmed", "postponed")),
        (
            says("4h Okayama", "2030-03-08", "2030-03-11"),
            ("", What.MOVED, "2030-03-01/2030-03-02", "2030-03-08/2030-03-10"),
        ),
        (
            says("4h Okayama", "2030-03-08T00:00:00+00:00", "2030-03-11T00:00:00+00:00"),
            ("", What.MOVED, "2030-03-01/2030-03-02", "2030-03-08/2030-03-10"),
        ),
    ],
)
def test_a_difference_says_ours_and_theirs(other, proposed):
    """Moved, retimed, another length, off: with both values by the circuit's clock."""
    assert short(other) == [("okayama", *proposed)]


@pytest.mark.parametrize(
    "other",
    [
        says("Okayama Race", "2030-03-02"),
        says("Okayama weekend", "2030-03-01", "2030-03-04"),
        says("Okayama race weekend", "2030-02-28", "2030-03-03"),
        says("Okayama", "2030-03-02", "2030-03-03"),
    ],
)
def test_less_than_we_know_is_no_difference(other):
    """A day on which our session is, or days around ours, say nothing else than we do."""
    assert found(other) == ()


def test_what_is_over_is_not_proposed():
    """After the last of both there is nothing to decide; before it there is."""
    other = says("Okayama Race", "2030-03-02T05:00:00+00:00")
    after = datetime(2030, 3, 2, 9, 0, tzinfo=UTC)
    assert found(other, now=after - timedelta(hours=2))
    assert found(other, now=after) == ()


def test_what_we_called_off_is_not_proposed_again():
    """Others are slow to notice."""
    files = series_files(
        contents(SEASON.replace('circuit = "okayama"\n', 'circuit = "okayama"\nstatus = "cancelled"\n'))
    )
    assert (
        found(says("Okayama Race", "2030-03-09T05:00:00+00:00"), says("Okayama FP2", "2030-03-01"), files=files) == ()
    )


def test_a_meeting_that_is_off_is_one_proposal():
    """Its sessions go with it."""
    off = [
        says("CANCELLED: Okayama", "2030-03-01", "2030-03-03"),
        says("CANCELLED: Okayama Race", "2030-03-02T04:00:00+00:00"),
        says("CANCELLED: Okayama Practice", "2030-03-01T01:00:00+00:00"),
    ]
    assert short(*off) == [("okayama", "", What.CANCELLED, "confirmed", "cancelled")]


def test_the_same_difference_is_the_same_proposal():
    """Its id stays while ours and theirs do, and only then."""
    one, same, other = (
        found(says(title, start, uid=uid))[0].id
        for title, start, uid in (
            ("Okayama Race", "2030-03-02T05:00:00+00:00", "a"),
            ("4 Hours of Okayama: Race 1", "2030-03-02T05:00:00+00:00", "b"),
            ("Okayama Race", "2030-03-02T06:00:00+00:00", "a"),
        )
    )
    assert one == same != other
    assert one.startswith("club-")


def test_a_calendar_that_differs_in_everything_proposes_no_flood():
    """A hundred proposals are more than a person reads."""
    flood = [says(f"Meeting {at} of Place{at} Race", f"2030-03-{at % 28 + 1:02}T05:00:00+00:00") for at in range(300)]
    assert len(found(*flood)) == proposals.MOST


# Patches


@pytest.mark.parametrize(
    "other",
    [
        says("Okayama Race", "2030-03-03T04:00:00+00:00"),
        says("Okayama Race", "2030-03-02T04:00:00+00:00", "2030-03-02T09:30:00+00:00"),
        says("Okayama Race", "2030-03-09"),
        says("Okayama Practice", "2030-03-01T02:00:00+00:00"),
        says("Okayama Practice", "2030-03-01T01:00:00+00:00", "2030-03-01T02:20:00+00:00"),
        says("Paris Race", "2030-04-06T08:00:00+00:00"),
        says("Paris Race", "2030-04-13T11:00:00+00:00"),
        says("Paris Race", "2030-10-27T00:30:00+00:00"),
        says("Paris Race", "2030-03-31T11:00:00+00:00"),
        says("4h Okayama", "2030-03-08", "2030-03-11"),
        says("CANCELLED: 4 Hours of Paris", "2030-04-06"),
        says("Okayama FP2", "2030-03-01T07:00:00+00:00", "2030-03-01T07:30:00+00:00"),
        says("4 Hours of Suzuka - Race 1", "2030-04-20T04:00:00+00:00", place="Suzuka"),
        says("Test Series: 2 Hours of Paris Nord: Race", "2030-05-11T00:00:00+00:00", "2030-05-11T02:00:00+00:00"),
        says("Okayama Sprint: Race", "2030-05-11T03:00:00+00:00", "2030-05-11T05:00:00+00:00"),
    ],
)
@pytest.mark.parametrize("files", [contents(), SEPARATELY], ids=["lengths", "ends"])
def test_a_patch_makes_ours_say_what_theirs_does(files, other):
    """Written into the season file, it is a season without a problem, and nothing is left to propose."""
    here = series_files(files)
    for proposal in found(other, files=here):
        after = applied(proposal, files)
        read = read_definitions(after, "calendars")
        assert read.problems == ()
        left = found(other, files=read.series["trial"])
        assert [one for one in left if one.session] == []
        if not (proposal.what is What.ADDED and "# circuit" in proposal.patch):
            assert left == ()


def test_a_patch_holds_no_more_than_it_needs():
    """The tables it changes, by their ids, and the keys that change, by the circuit's clock."""
    (proposal,) = found(says("Okayama Race", "2030-03-03T04:00:00+00:00", "2030-03-03T10:00:00+00:00"))
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
    (first,) = found(says("Paris Race", "2030-10-27T00:30:00+00:00"), files=series_files(contents(season)))
    (second,) = found(says("Paris Race", "2030-10-27T01:30:00+00:00"), files=series_files(contents(season)))
    assert "start = 2030-10-27T02:30:00\n  fold = 0\n" in first.patch
    assert "start = 2030-10-27T02:30:00\n  fold = 1\n" in second.patch


def test_a_new_event_comes_with_its_sessions_and_its_circuit():
    """What belongs together is one event; a circuit that is known gives its clock."""
    group = [
        says(
            "Test Series: 6 Hours of Japan - Qualifying GT",
            "2030-04-19T05:00:00+00:00",
            place="Okayama International Circuit",
        ),
        says("Test Series: 6 Hours of Japan - Race 1", "2030-04-20T04:00:00+00:00", "2030-04-20T10:00:00+00:00"),
        says("Test Series: 6 Hours of Japan - Race 2", "2030-04-21T04:00:00+00:00", "2030-04-21T10:00:00+00:00"),
    ]
    files = series_files(contents(SEASON[: SEASON.index("[[event]]")]))
    (proposal,) = found(*group, files=files)
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
    (proposal,) = found(says("Grand Opening: Race", "2030-04-20T04:00:00+00:00", place="Elsewhere"))
    assert "# circuit: Elsewhere\n" in proposal.patch
    assert "  start = 2030-04-20\n  # their time: 2030-04-20T04:00:00+00:00\n" in proposal.patch


LETTERS = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=60)
MOMENTS = st.datetimes(datetime(2030, 1, 11), datetime(2030, 6, 1)).map(lambda one: one.replace(microsecond=0))  # noqa: DTZ001


@given(
    st.lists(
        st.builds(
            lambda title, place, start, length, form: says(
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
def test_whatever_they_say_a_patch_can_be_read(others):
    """Foreign titles neither break a patch nor write anything into it; the order they come in changes nothing."""
    proposed = found(*others)
    assert found(*reversed(others)) == proposed
    assert proposals.read(proposals.to_json(proposed)) == proposed
    assert len({one.id for one in proposed}) == len(proposed)
    for one in proposed:
        (event,) = tomllib.loads(one.patch)["event"]
        assert event["id"] == one.event
        assert event.keys() <= {"id", "name", "circuit", "first_day", "last_day", "status", "session"}
        for session in event.get("session", []):
            assert session.keys() <= {"id", "kind", "classes", "start", "end", "hours", "minutes", "fold", "status"}


# Ours


def test_what_we_say_is_taken_from_the_definitions():
    """Ids and UIDs as they are published, spans as they are computed, names in every language."""
    own = {one.session or one.event: one for one in proposals.ours(FILES, FILES.seasons[0])}
    race = own["race-1"]
    assert race.uid == "race-1.okayama.2030.trial@example.org"
    assert (race.kind, race.length, race.number, race.timezone) == (Kind.RACE, "hours", 1, "Asia/Tokyo")
    assert own["qualifying-gt"].extras == {"gt"}
    assert own["okayama"].uid == "okayama.2030.trial@example.org"


def test_a_season_without_a_calendar_takes_what_is_to_come():
    """Before the calendar is announced, everything in the next year is an event more."""
    files = series_files(contents(SEASON[: SEASON.index("[[event]]")], series=SERIES))
    others = [says("Okayama", "2030-03-01", "2030-03-03"), says("Paris", "2029-12-01"), says("Paris", "2032-01-01")]
    assert short(*others, files=files) == [("okayama", "", What.ADDED, "", "2030-03-01/2030-03-02")]


# Telling


def test_proposals_are_shown_for_people():
    """What, ours, theirs, whose, and what to write."""
    text = proposals.shown(found(says("Okayama Race", "2030-03-03T04:00:00+00:00")))
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
    assert proposals.shown(()) == "nothing is proposed"


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"format": 1, "proposals": [{}]}'])
def test_proposals_that_cannot_be_read_are_an_error(text):
    """A file that is damaged does not look like an empty one."""
    with pytest.raises(ValueError):  # noqa: PT011 - whichever
        proposals.read(text)

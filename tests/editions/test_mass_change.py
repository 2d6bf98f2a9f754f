"""A mass change that nothing explains is stopped; one that something explains, or somebody accepts, is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aslms_feeds.builds.recipe import Orders, regenerate
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import CIRCUITS, NOW, PUBLISHER, contents, edited

FEW = PUBLISHER + '\n[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\n'
HOUR = timedelta(hours=1)


def season(*starts, more="", status="confirmed", event="", each=""):
    """Return a season with a race for each start, by number, at one event."""
    race = '\n  [[event.session]]\n  id = "race-{}"\n  kind = "race"\n  {}\n  {}\n'
    races = "".join(
        race.format(number, f"start = {start}" if start else "", each)
        for number, start in enumerate(starts, 1)
        if start is not None
    )
    return f"""\
name = "2030 Test Series"
status = "{status}"
announced = 2029-12-20
classes = ["proto"]
{more}
[[event]]
id = "okayama"
name = "Races of Okayama"
circuit = "okayama"
first_day = 2030-03-01
last_day = 2030-03-31
{event}
{races}"""


def days(*numbers, hour=13):
    """Return starts on days of March."""
    return [f"2030-03-{number:02}T{hour:02}:00:00" for number in numbers]


def after(first, second, *, now=NOW + HOUR, files=None, orders=None):
    """Return what became of the series when one season followed the other."""
    store = MemoryStore()
    report = regenerate(store, contents(first, publisher=FEW), now=NOW)
    assert not report.failed, report
    files = contents(second, publisher=FEW) if files is None else files
    return regenerate(store, files, now=now, orders=orders).parts[0]


def message(moved, coming, names, more=""):
    """Return the whole message."""
    return (
        f"calendars/trial/2030/season.toml: event: {moved} of {coming} coming sessions would move or go at once "
        f"({names}{more}) and nothing says why. If it is a slip, such as a wrong time zone, mend it; if it is meant, "
        "say so with [[event.change]] or [[change]], or a status, or publish it once with: "
        "aslms-feeds build --accept-mass-change"
    )


FIVE = days(1, 2, 3, 4, 5)


def test_the_whole_message():
    """It says how many of how many, names the first three, and every way out; nothing is published."""
    part = after(season(*FIVE), season(*days(6, 7, 8, 9, 5)))
    names = "okayama.race-1, okayama.race-2, okayama.race-3"
    assert [str(problem) for problem in part.problems] == [message(4, 5, names, ", …")]
    assert (part.generation, part.written, part.new_facts) == (1, (), ())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "moved", "stopped"),
    [
        (1, 1, False),
        (2, 1, False),
        (2, 2, True),
        (3, 1, False),
        (3, 2, True),
        (5, 2, True),
        (6, 2, False),
        (6, 3, True),
        (9, 3, False),
        (9, 4, True),
    ],
)
def test_more_than_a_third_and_never_one_alone(count, moved, stopped):
    """The third itself passes; one session alone is always somebody's decision."""
    first = days(*range(1, count + 1))
    second = days(*range(11, 11 + moved), *range(moved + 1, count + 1))
    part = after(season(*first), season(*second))
    assert bool(part.problems) == stopped
    assert part.generation == (1 if stopped else 2)


@pytest.mark.parametrize(
    ("before", "now", "stopped"),
    [
        # Less than three hours within the day is a timetable at work.
        ("2030-03-02T10:00:00", "2030-03-02T12:59:00", False),
        ("2030-03-02T10:00:00", "2030-03-02T13:00:00", True),
        ("2030-03-02T13:00:00", "2030-03-02T10:00:00", True),
        # An hour that crosses the circuit's midnight is another day; one that crosses UTC's is not.
        ("2030-03-02T23:30:00", "2030-03-03T00:30:00", True),
        ("2030-03-02T08:30:00", "2030-03-02T09:30:00", False),
        # What becomes known, or open again, within its day is no leap; to another day it is.
        ("2030-03-02", "2030-03-02T13:00:00", False),
        ("2030-03-02T13:00:00", "2030-03-02", False),
        ("2030-03-02", "2030-03-03", True),
        ("2030-03-02", "2030-03-03T13:00:00", True),
        ("", "2030-03-02T13:00:00", False),
        ("2030-03-02T13:00:00", "", False),
    ],
)
def test_what_a_leap_is(before, now, stopped):
    """Another day at the circuit, or three hours and more."""
    part = after(season(before, before), season(now, now))
    assert bool(part.problems) == stopped


def test_a_wrong_time_zone_is_caught():
    """The slip it is made for: nothing in the season's file has changed, and every session is hours away."""
    wrong = CIRCUITS.replace("Asia/Tokyo", "Europe/London")
    part = after(season(*FIVE), "", files=contents(season(*FIVE), publisher=FEW, circuits=wrong))
    assert "5 of 5 coming sessions would move or go at once" in part.problems[0].message


def test_a_wrong_year_is_caught():
    """As is a season that was copied and not wholly changed back."""
    part = after(
        season(*FIVE), season(*(start.replace("2030", "2031") for start in FIVE)).replace("= 2030-", "= 2031-")
    )
    assert "5 of 5 coming sessions would move or go at once" in part.problems[0].message


CHANGE = '[[{}change]]\nid = "later"\nwhat = "{}"\nwhy = "The track is being repaired."\n'


@pytest.mark.parametrize("what", ["moved", "retimed", "calendar-changed", "postponed", "reinstated"])
@pytest.mark.parametrize("scope", ["", "event."])
def test_a_change_that_is_new_explains_it(what, scope):
    """For the event or the whole season; whoever writes down the reason means it."""
    change = CHANGE.format(scope, what)
    second = season(*days(6, 7, 8, 9, 10), **{"event" if scope else "more": change})
    # What belongs to the event as a whole stands below its own keys.
    part = after(season(*FIVE), second)
    assert part.problems == ()
    assert part.generation == 2


@pytest.mark.parametrize("what", ["renamed", "cancelled", "class-added", "announced"])
def test_another_kind_of_change_explains_nothing(what):
    """A new name is no reason for another day."""
    part = after(season(*FIVE), season(*days(6, 7, 8, 9, 10), more=CHANGE.format("", what)))
    assert "5 of 5 coming sessions" in part.problems[0].message


@pytest.mark.slow
def test_a_change_explains_once():
    """What it explained has happened: the next mass change needs a reason of its own."""
    store = MemoryStore()
    change = CHANGE.format("", "moved")
    for step, (text, stopped) in enumerate(
        [
            (season(*FIVE), False),
            (season(*days(6, 7, 8, 9, 10), more=change), False),
            (season(*days(11, 12, 13, 14, 15), more=change), True),
            (season(*days(11, 12, 13, 14, 15), more=change + change.replace('"later"', '"again"')), False),
        ]
    ):
        report = regenerate(store, contents(text, publisher=FEW), now=NOW + step * HOUR)
        assert report.failed == stopped, step


def test_a_change_of_one_session_explains_that_session():
    """The others are counted as before."""
    change = CHANGE.format("event.", "moved") + 'session = "race-1"\n'
    moved = days(6, 7, 3, 4, 5)
    assert after(season(*FIVE), season(*moved, event=change)).problems == ()
    part = after(season(*FIVE), season(*days(6, 7, 8, 4, 5), event=change))
    assert [str(problem) for problem in part.problems] == [message(2, 5, "okayama.race-2, okayama.race-3")]


def test_a_change_of_another_event_explains_nothing():
    """A reason given for one meeting is none for the other."""
    second_season = (
        '\n[[event]]\nid = "paris"\nname = "Paris"\ncircuit = "paris"\nfirst_day = 2030-06-01\nlast_day = 2030-06-02\n'
    )
    change = CHANGE.format("event.", "moved")
    part = after(season(*FIVE) + second_season, season(*days(6, 7, 8, 9, 10)) + second_season + change)
    assert "5 of 5 coming sessions" in part.problems[0].message


@pytest.mark.slow
@pytest.mark.parametrize("status", ["cancelled", "postponed"])
def test_a_status_explains_it(status):
    """What is off may be anywhere: its title says that it is off."""
    moved = season(*days(6, 7, 8, 9, 10))
    assert after(season(*FIVE), season(*days(6, 7, 8, 9, 10), event=f'status = "{status}"')).problems == ()
    assert after(season(*FIVE), season(*days(6, 7, 8, 9, 10), each=f'status = "{status}"')).problems == ()
    # What was off is not coming, so that nobody is misled by its new day.
    assert after(season(*FIVE, event=f'status = "{status}"'), moved).problems == ()


@pytest.mark.slow
def test_provisional_sessions_count_too():
    """Fans plan with them."""
    part = after(season(*FIVE, status="provisional"), season(*days(6, 7, 8, 9, 10), status="provisional"))
    assert "5 of 5 coming sessions" in part.problems[0].message


@pytest.mark.slow
def test_what_is_over_does_not_count():
    """Neither among those that move, which are corrections, nor among those that could."""
    now = datetime(2030, 3, 3, 6, tzinfo=UTC)  # two are over, the third is running
    assert after(season(*FIVE), season(*days(11, 12, 3, 4, 5)), now=now).problems == ()
    part = after(season(*FIVE), season(*days(1, 2, 3, 14, 15)), now=now)
    assert [str(problem) for problem in part.problems] == [message(2, 3, "okayama.race-4, okayama.race-5")]
    assert after(season(*FIVE), season(*days(1, 2, 3, 4, 15)), now=now).problems == ()


def retired(*names):
    """Return tombstones."""
    return "".join(f'[[retired]]\nid = "okayama.{name}"\nwhy = "A slip."\n' for name in names)


@pytest.mark.slow
def test_what_is_retired_goes():
    """A tombstone is one session's own explanation only while it is few."""
    assert after(season(*FIVE), season(None, *FIVE[1:], more=retired("race-1"))).problems == ()
    part = after(season(*FIVE), season(None, None, *FIVE[2:], more=retired("race-1", "race-2")))
    assert [str(problem) for problem in part.problems] == [message(2, 5, "okayama.race-1, okayama.race-2")]


@pytest.mark.slow
def test_what_is_new_or_renamed_is_no_mass():
    """Ten new sessions move nobody; new ids, with their old ones, move nothing."""
    assert after(season(*FIVE), season(*FIVE, *days(11, 12, 13, 14, 15))).problems == ()
    ids = season(*FIVE)
    for number in range(1, 6):
        ids = ids.replace(f'id = "race-{number}"', f'id = "heat-{number}"\n  formerly = ["race-{number}"]')
    assert after(season(*FIVE), ids).problems == ()


def test_a_renamed_event_that_moves_is_a_mass():
    """Under its new id it is the same event."""
    second = season(*days(6, 7, 8, 9, 10)).replace('id = "okayama"', 'id = "oka"\nformerly = ["okayama"]')
    assert "5 of 5 coming sessions" in after(season(*FIVE), second).problems[0].message


@pytest.mark.slow
def test_whoever_accepts_it_publishes_it_once():
    """Accepting is for one build: the next mass change is stopped again."""
    store = MemoryStore()
    regenerate(store, contents(season(*FIVE), publisher=FEW), now=NOW)
    accept = Orders(accept_mass_change=True)
    moved = contents(season(*days(6, 7, 8, 9, 10)), publisher=FEW)
    assert regenerate(store, moved, now=NOW + HOUR).failed
    report = regenerate(store, moved, now=NOW + HOUR, orders=accept)
    assert not report.failed
    assert len(report.parts[0].new_facts) == 5
    assert not regenerate(store, moved, now=NOW + 2 * HOUR).failed
    assert regenerate(store, contents(season(*FIVE), publisher=FEW), now=NOW + 2 * HOUR).failed


def test_accepting_a_mass_change_accepts_nothing_else():
    """What would vanish is stopped all the same."""
    part = after(season(*FIVE), season(*days(6, 7, 8, 9)), orders=Orders(accept_mass_change=True))
    assert [problem.where for problem in part.problems] == ["event.okayama.session.race-5"]


def test_a_first_publication_is_none():
    """Nobody has planned with it yet."""
    report = regenerate(MemoryStore(), contents(season(*FIVE), publisher=FEW), now=NOW)
    assert not report.failed


@pytest.mark.slow
def test_seasons_are_counted_one_by_one():
    """A small season's mass change is not hidden by a large one; both are named in one run."""
    store = MemoryStore()
    files = contents(season(*days(*range(1, 20))), publisher=FEW)
    files["trial/2031/season.toml"] = season(*FIVE).replace("2030-", "2031-").replace("2030 Test", "2031 Test").encode()
    assert not regenerate(store, files, now=NOW).failed
    wrong = edited(files, "trial/2031/season.toml", *((f"2031-03-0{day}T", f"2031-03-1{day}T") for day in range(1, 6)))
    part = regenerate(store, wrong, now=NOW + HOUR).parts[0]
    assert [problem.file for problem in part.problems] == ["calendars/trial/2031/season.toml"]
    assert "5 of 5 coming sessions" in part.problems[0].message


@pytest.mark.slow
def test_the_other_series_are_published():
    """A mass change stops its own series alone."""
    store = MemoryStore()
    files = contents(season(*FIVE), publisher=FEW)
    files |= {path.replace("trial/", "cup/"): text for path, text in files.items() if path.startswith("trial/")}
    regenerate(store, files, now=NOW)
    files["trial/2030/season.toml"] = season(*days(6, 7, 8, 9, 10)).encode()
    files["cup/2030/season.toml"] = season(*days(6, 2, 3, 4, 5)).encode()
    parts = {part.name: part for part in regenerate(store, files, now=NOW + HOUR).parts}
    assert (parts["trial"].generation, parts["cup"].generation, parts["index"].failed) == (1, 2, False)

"""What subscribers see when they come back: published, changed and published again, before real programs.

The tables say by hand what the definitions mean, in UTC: Okayama is nine hours ahead, Paris two in summer.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from contracts.subscribers import Newsboat, Sfeed, Vdirsyncer, served

from seasons import LATER, NOW, PUBLISHER, contents, edited, everything, everything_at_first

if TYPE_CHECKING:
    from pathlib import Path

    from contracts.calendar_readers import Read
    from contracts.subscribers import Kept, OnDisk

SEASON_FILE = "trial/2030/season.toml"
FEW = PUBLISHER + '\n[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\n'
"""A publisher with the calendars that are read here, so that each step is short."""
DAY, SECOND, HOUR = timedelta(days=1), timedelta(seconds=1), timedelta(hours=1)


# --- Calendars ------------------------------------------------------------------------------------------------------

NEXT_SEASON = """\
name = "2031 Test Series"
status = "confirmed"
announced = 2029-12-20
classes = ["proto", "gt"]

[[event]]
id = "paris"
name = "4 Hours of Paris"
circuit = "paris"

  [[event.session]]
  id = "race"
  kind = "race"
  start = 2031-04-05T13:00:00
  hours = 4
"""
MORE_PRACTICE = """\
  [[event.session]]
  id = "practice-2"
  kind = "practice"
  start = 2030-03-01T16:00:00
  minutes = 60

  [[event.session]]
  id = "practice-3"
  kind = "practice"
  start = 2030-03-01T17:30:00
  end = 2030-03-01T18:15:00

"""
WARM_UP = """\
  [[event.session]]
  id = "warm-up"
  kind = "other"
  start = 2030-03-02T08:00:00
  minutes = 20

"""
ADDED = """\
  [[event.session]]
  id = "race-2"
  kind = "race"
  round = 3
  start = 2030-03-02T09:00:00
  hours = 1

"""
RETIRED = """
[[retired]]
id = "okayama.warm-up"
why = "There is no warm-up."
"""
PARIS = '[[event]]\nid = "paris"\n'
OFF = (PARIS, f'{PARIS}status = "cancelled"\n')


def race_at(start: str) -> tuple[str, str]:
    """Return the edit that moves race 1 of Okayama."""
    return "start = 2030-03-02T13:00:00", f"start = {start}"


def calendar_steps() -> dict[str, tuple[dict[str, bytes], datetime]]:
    """Return what is published, and when, in order."""
    first = contents(publisher=FEW) | {"trial/2031/season.toml": NEXT_SEASON.encode()}
    practice = 'id = "practice-1"\n'
    first = edited(
        first,
        SEASON_FILE,
        (practice, practice + '  name = "Free Practice"\n'),
        (PARIS, MORE_PRACTICE + WARM_UP + PARIS),
    )
    text = first[SEASON_FILE].decode()
    changed = first | {SEASON_FILE: (text.replace(WARM_UP, ADDED) + RETIRED).encode()}
    changed = edited(
        changed,
        SEASON_FILE,
        (practice, 'id = "fp-1"\n  formerly = ["practice-1"]\n'),
        ('id = "qualifying-gt"', 'id = "qualifying-night"\n  formerly = ["qualifying-gt"]'),
    )
    back = edited(
        changed, SEASON_FILE, race_at("2030-03-03T14:00:00"), ("start = 2030-04-06T13:00", "start = 2030-09-14T15:00")
    )
    return {
        "first": (first, NOW),
        "again": (first, NOW + DAY),
        "changed": (edited(changed, SEASON_FILE, race_at("2030-03-03T14:30:00"), OFF), LATER),
        "same second": (edited(changed, SEASON_FILE, race_at("2030-03-03T15:00:00"), OFF), LATER),
        "clock back": (edited(changed, SEASON_FILE, race_at("2030-03-03T14:00:00"), OFF), NOW - HOUR),
        "back on": (back, LATER + 10 * DAY),
    }


Row = tuple[str, datetime, datetime, int]
"""Title, start, end, SEQUENCE."""


def row(title: str, start: str, end: str, sequence: int = 0) -> Row:
    """Return what a subscriber sees of one event; its day is written once."""
    begin = datetime.fromisoformat(f"{start}:00+00:00")
    hour, minute = map(int, end.split(":"))
    return f"TS {title}", begin, begin.replace(hour=hour, minute=minute), sequence


PRACTICE = "practice-1.okayama.2030.trial@example.org"
QUALIFYING = "qualifying-gt.okayama.2030.trial@example.org"
WARMING_UP = "warm-up.okayama.2030.trial@example.org"
RACE_1 = "race-1.okayama.2030.trial@example.org"
RACE_2 = "race-2.okayama.2030.trial@example.org"
RACE_PARIS = "race.paris.2030.trial@example.org"
NEXT_PARIS = "race.paris.2031.trial@example.org"


def calendar_truth() -> dict[str, dict[str, Row]]:
    """Return what the evergreen calendar shows after each step, by UID."""
    first = {
        PRACTICE: row("4 Hours of Okayama: Free Practice", "2030-03-01T01:00", "02:30"),
        PRACTICE.replace("1", "2"): row("4 Hours of Okayama: Practice 2", "2030-03-01T07:00", "08:00"),
        PRACTICE.replace("1", "3"): row("4 Hours of Okayama: Practice 3", "2030-03-01T08:30", "09:15"),
        # Its end is not given; a quarter of an hour is assumed.
        QUALIFYING: row("4 Hours of Okayama: Qualifying GT", "2030-03-01T05:00", "05:15"),
        WARMING_UP: row("4 Hours of Okayama: Warm up", "2030-03-01T23:00", "23:20"),
        RACE_1: row("4 Hours of Okayama: Race 1", "2030-03-02T04:00", "08:00"),
        RACE_PARIS: row("4 Hours of Paris: Race", "2030-04-06T11:00", "15:00"),
        NEXT_PARIS: row("4 Hours of Paris: Race", "2031-04-05T11:00", "15:00"),
    }
    changed = first | {
        QUALIFYING: row("4 Hours of Okayama: Qualifying night", "2030-03-01T05:00", "05:15"),
        WARMING_UP: _off(row("4 Hours of Okayama: Warm up", "2030-03-01T23:00", "23:20", 1)),
        RACE_1: row("4 Hours of Okayama: Race 1", "2030-03-03T05:30", "09:30", 1),
        RACE_2: row("4 Hours of Okayama: Race 2", "2030-03-02T00:00", "01:00"),
        RACE_PARIS: _off(row("4 Hours of Paris: Race", "2030-04-06T11:00", "15:00", 1)),
    }
    same_second = changed | {RACE_1: row("4 Hours of Okayama: Race 1", "2030-03-03T06:00", "10:00", 2)}
    clock_back = same_second | {RACE_1: row("4 Hours of Okayama: Race 1", "2030-03-03T05:00", "09:00", 3)}
    return {
        "first": first,
        "again": first,
        "changed": changed,
        "same second": same_second,
        "clock back": clock_back,
        "back on": clock_back | {RACE_PARIS: row("4 Hours of Paris: Race", "2030-09-14T13:00", "17:00", 2)},
    }


def _off(one: Row) -> Row:
    return (f"CANCELLED: {one[0]}", *one[1:])


TRUTH = calendar_truth()
STEPS = tuple(TRUTH)
PAIRS = tuple(pairwise(STEPS))


@dataclass(frozen=True)
class Synced:
    """What a subscriber has after a step: khal's list by UID where it is asked, and the files it is read from."""

    files: dict[str, OnDisk]
    events: dict[str, Read] = field(default_factory=dict)


@pytest.fixture(scope="module")
def calendars(tmp_path_factory) -> dict[str, dict[str, Synced]]:
    """Return what followers of the evergreen calendar, and of one season, have after each step."""
    evergreen, season = "/trial/trial-all.ics", "/trial/2030/trial-2030-all.ics"
    found: dict[str, dict[str, Synced]] = {}
    with served(tmp_path_factory.mktemp("calendars")) as there:
        subscriber = Vdirsyncer(
            tmp_path_factory.mktemp("vdirsyncer"),
            there,
            followed={"followed": evergreen},
            kept={"kept": evergreen, "season": season},
        )
        for step, (files, now) in calendar_steps().items():
            there.publish(files, now)
            subscriber.sync()
            found[step] = {
                "followed": Synced(subscriber.files("followed"), subscriber.events("followed")),
                "kept": Synced(subscriber.files("kept"), subscriber.events("kept")),
                "season": Synced(subscriber.files("season")),
            }
    return found


def shown(one: Read) -> Row:
    """Return an event as in the tables."""
    return one.summary, one.start, one.end, one.sequence


@pytest.mark.parametrize("step", STEPS)
def test_a_follower_sees_every_event_once_where_it_is_now(calendars, step):
    """Moved: at its new time and not at the old. Cancelled: once, saying so. Added, renamed, retired: nothing lost."""
    seen = sorted(map(shown, calendars[step]["followed"].events.values()))
    assert seen == sorted(TRUTH[step].values())


@pytest.mark.parametrize("step", STEPS)
def test_a_follower_by_uid_sees_the_same_events_for_ever(calendars, step):
    """A UID is the one of its first day, whatever became of its id; SEQUENCE counts what was rescheduled."""
    assert {uid: shown(one) for uid, one in calendars[step]["kept"].events.items()} == TRUTH[step]


@pytest.mark.parametrize("step", STEPS)
def test_a_season_and_the_evergreen_calendar_say_the_same(calendars, step):
    """Who follows both has each event of the season under one UID, in the same words to the last stamp."""
    kept, season = (
        {one.value("UID"): one.event for one in calendars[step][name].files.values()} for name in ("kept", "season")
    )
    assert season.keys() == {uid for uid in TRUTH[step] if uid.endswith(".2030.trial@example.org")}
    assert season == {uid: kept[uid] for uid in season}


@pytest.mark.parametrize("name", ["followed", "kept", "season"])
def test_an_unchanged_publication_touches_no_file(calendars, name):
    """Built again a day later from the same definitions: no file of a subscriber is even written."""
    assert calendars["again"][name].files == calendars["first"][name].files


@pytest.mark.parametrize(("before", "step"), PAIRS)
def test_what_says_the_same_is_not_touched(calendars, before, step):
    """A change of one event leaves the files of all the others alone, and a new id alone is no change."""
    unchanged = {uid for uid in TRUTH[step] if TRUTH[step][uid] == TRUTH[before].get(uid)}
    assert unchanged
    old, new = calendars[before]["kept"].files, calendars[step]["kept"].files
    touched = {one.value("UID") for name, one in new.items() if old.get(name) != one}
    assert touched == TRUTH[step].keys() - unchanged
    # The follower by content drops and adds exactly as many files.
    old, new = calendars[before]["followed"].files, calendars[step]["followed"].files
    assert len(new.keys() - old.keys()) == len(touched)
    assert all(old[name] == new[name] for name in old.keys() & new.keys())


def test_a_file_stays_the_file_of_its_event(calendars):
    """Moved, cancelled, renamed, retired: an event is the same item of the calendar from its first day to its last."""
    names = {}
    for step in STEPS:
        for name, one in calendars[step]["kept"].files.items():
            assert names.setdefault(one.value("UID"), name) == name
    assert len(set(names.values())) == len(names) == len(TRUTH["back on"])


@pytest.mark.parametrize(("before", "step"), PAIRS)
def test_stamps_only_grow(calendars, before, step):
    """Every change has a later LAST-MODIFIED, also in the same second and when the clock went back; CREATED stays."""
    old, new = ({one.value("UID"): one for one in calendars[name]["kept"].files.values()} for name in (before, step))
    for uid in old:
        later = new[uid].value("LAST-MODIFIED") > old[uid].value("LAST-MODIFIED")
        assert later == (TRUTH[step][uid] != TRUTH[before][uid]), uid
        assert new[uid].value("DTSTAMP") == new[uid].value("LAST-MODIFIED")
        assert new[uid].value("CREATED") == old[uid].value("CREATED")


def test_two_changes_in_one_second_and_one_before_it_are_a_second_apart(calendars):
    """What the clock cannot tell apart is stamped one second after the last."""
    stamps = []
    for step in ("changed", "same second", "clock back", "back on"):
        (race,) = [one for one in calendars[step]["kept"].files.values() if one.value("UID") == RACE_1]
        stamps.append(datetime.strptime(race.value("LAST-MODIFIED"), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
    assert stamps == [LATER, LATER + SECOND, LATER + 2 * SECOND, LATER + 2 * SECOND]


# Everything a season can hold


def starts(files: dict[str, bytes], season: str) -> list[str]:
    """Return when the sessions of a season start, read straight from its definitions: instants in UTC, or days."""
    circuits = tomllib.loads(files["circuits.toml"].decode())
    found = []
    for event in tomllib.loads(files[f"cup/{season}/season.toml"].decode())["event"]:
        sessions = event.get("session", [])
        days = [_day(one["start"]) for one in sessions if "start" in one]
        for one in sessions:
            start = one.get("start") or event.get("first_day") or min(days)
            if isinstance(start, datetime):
                zone = ZoneInfo(circuits[event["circuit"]]["timezone"])
                start = start.replace(tzinfo=zone, fold=one.get("fold", 0)).astimezone(UTC)
            found.append(start.isoformat())
    return sorted(found)


def _day(start: datetime | date) -> date:
    return start.date() if isinstance(start, datetime) else start


OFF_AT_LAST = {
    "CANCELLED: EC 2 × 4 Hours of Okayama 🏁: Warm up",
    "CANCELLED: EC Summer Okayama: Qualifying",
    "CANCELLED: EC Summer Okayama: Race",
    "POSTPONED: EC 4 Hours of Dubai: Race",
    "POSTPONED: EC 4 Hours of Yas: Race",
}


def test_a_follower_of_everything_has_everything_once(tmp_path):
    """Every type of change at once: after it, all sessions are where the definitions have them, and nothing else is."""
    path = "/cup/2030/cup-2030-all.ics"
    uids = []
    with served(tmp_path / "site") as there:
        subscriber = Vdirsyncer(tmp_path / "vdirsyncer", there, followed={"followed": path}, kept={"kept": path})
        for files, now in ((everything_at_first(), NOW), (everything(), LATER)):
            there.publish(files, now)
            subscriber.sync()
            followed, kept = subscriber.events("followed"), subscriber.events("kept")
            assert sorted(map(shown, followed.values()), key=str) == sorted(map(shown, kept.values()), key=str)
            assert sorted(one.start.isoformat() for one in kept.values()) == starts(files, "2030")
            uids.append(kept.keys())
    assert uids[0] == uids[1]
    assert {one.summary for one in kept.values() if re.match("[A-Z]+: ", one.summary)} == OFF_AT_LAST


# --- Feeds ----------------------------------------------------------------------------------------------------------

NEWS = """\
[[news]]
id = "calendar"
on = 2029-12-20
title = "The calendar is out"
text = "Two rounds."
"""
DUBAI = """
[[event]]
id = "dubai"
name = "4 Hours of Dubai"
circuit = "paris"

  [[event.session]]
  id = "race"
  kind = "race"
  start = 2030-05-04T13:00:00
  hours = 4
"""


def feed_steps() -> dict[str, tuple[dict[str, bytes], datetime]]:
    """Return what is published, and when, in order."""
    first = contents(publisher=FEW, news=NEWS)
    more = first | {SEASON_FILE: first[SEASON_FILE] + DUBAI.encode()}
    back = edited(
        more, SEASON_FILE, race_at("2030-03-03T14:00:00"), ("start = 2030-04-06T13:00", "start = 2030-09-14T15:00")
    )
    back = edited(back, "trial/2030/news.toml", ("Two rounds.", "Three rounds, one of them later."))
    renamed = edited(
        back,
        SEASON_FILE,
        ('id = "race-1"', 'id = "race-one"\n  formerly = ["race-1"]\n  name = "Race 1"'),
        (PARIS, '[[event]]\nid = "paname"\nformerly = ["paris"]\n'),
    )
    elsewhere = {path.replace("trial/2030/", "trial/2030-31/"): data for path, data in renamed.items()}
    elsewhere["trial/2030-31/season.toml"] = b'formerly = ["2030"]\n' + renamed[SEASON_FILE]
    return {
        "first": (first, NOW),
        "again": (first, NOW + DAY),
        "changed": (edited(more, SEASON_FILE, race_at("2030-03-03T14:30:00"), OFF), LATER),
        "same second": (edited(more, SEASON_FILE, race_at("2030-03-03T15:00:00"), OFF), LATER),
        "clock back": (edited(more, SEASON_FILE, race_at("2030-03-03T14:00:00"), OFF), NOW - HOUR),
        "back on": (back, LATER + 10 * DAY),
        "new ids": (renamed, LATER + 11 * DAY),
        "new season id": (elsewhere, LATER + 12 * DAY),
    }


BOTH, CHANGES_ONLY, NEWS_ONLY = {"changes", "news"}, {"changes"}, {"news"}
ANNOUNCED = datetime(2029, 12, 20, tzinfo=UTC)
TOLD: dict[str, list[tuple[str, datetime, set[str]]]] = {
    "first": [
        ("2030 Test Series announced", ANNOUNCED, NEWS_ONLY),
        ("The calendar is out", ANNOUNCED, NEWS_ONLY),
    ],
    "again": [],
    "changed": [
        ("4 Hours of Okayama: Race 1 moved to 3 Mar 2030", LATER, BOTH),
        ("4 Hours of Paris is cancelled", LATER, BOTH),
        ("New: 4 Hours of Dubai", LATER, BOTH),
    ],
    "same second": [("4 Hours of Okayama: Race 1: new time", LATER + SECOND, CHANGES_ONLY)],
    "clock back": [("4 Hours of Okayama: Race 1: new time", LATER + 2 * SECOND, CHANGES_ONLY)],
    "back on": [("4 Hours of Paris is back on", LATER + 10 * DAY, BOTH)],
    "new ids": [],
    "new season id": [],
}
"""What each step tells: title, date and the feeds that carry it."""
FEED_PAIRS = tuple(pairwise(TOLD))
FORMATS = ("atom", "rss")
needs_newsboat = pytest.mark.skipif(
    not shutil.which("newsboat"), reason="newsboat is missing: apt-get install newsboat"
)
needs_sfeed = pytest.mark.skipif(
    not shutil.which("sfeed_update"), reason="sfeed is missing: apt-get install sfeed curl"
)
READERS = [
    *(pytest.param(f"newsboat {one}", marks=needs_newsboat) for one in FORMATS),
    *(pytest.param(f"sfeed {feed} {one}", marks=needs_sfeed) for feed in ("changes", "news") for one in FORMATS),
]


NEWCOMER = "newcomer"
"""The readers of somebody who subscribes after the last step."""


class Readers:
    """Every reader that is installed."""

    def __init__(self, folder: Path, url: str) -> None:
        """Subscribe to both feeds: newsboat once in each format, sfeed in all formats at once."""
        folder.mkdir()
        feeds = {f"{feed} {form}": f"{url}/trial/{feed}/{form}.xml" for feed in ("changes", "news") for form in FORMATS}
        self._feeds = tuple(feeds)
        self._boats = {
            form: Newsboat(folder / f"newsboat-{form}", [url for name, url in feeds.items() if name.endswith(form)])
            for form in FORMATS
            if shutil.which("newsboat")
        }
        self._sfeed = Sfeed(folder / "sfeed", feeds) if shutil.which("sfeed_update") else None

    def sync(self) -> dict[str, list[Kept]]:
        """Fetch all, return what each keeps, and read everything."""
        found = {}
        for form, boat in self._boats.items():
            boat.sync()
            found[f"newsboat {form}"] = boat.items()
            boat.read_all()
        if self._sfeed:
            self._sfeed.sync()
            found |= {f"sfeed {name}": self._sfeed.items(name) for name in self._feeds}
        return found


@pytest.fixture(scope="module")
def readers(tmp_path_factory) -> dict[str, dict[str, list[Kept]]]:
    """Return what each reader that is installed keeps after each step; all is read between the steps."""
    folder = tmp_path_factory.mktemp("readers")
    found: dict[str, dict[str, list[Kept]]] = {}
    with served(folder) as there:
        followers = Readers(folder / "followers", there.url)
        for step, (files, now) in feed_steps().items():
            there.publish(files, now)
            found[step] = followers.sync()
        found[NEWCOMER] = Readers(folder / "newcomers", there.url).sync()
    return found


def told(step: str, reader: str) -> list[tuple[str, int]]:
    """Return what a step tells a reader: newsboat has both feeds in one list, and an item of both once."""
    program, feed, *_form = reader.split()
    return sorted(
        (title, int(when.timestamp())) for title, when, feeds in TOLD[step] if program == "newsboat" or feed in feeds
    )


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("step", TOLD)
def test_each_change_is_one_new_item(readers, reader, step):
    """Under an id never seen before, with the date of the change, also when the clock stood still or went back."""
    earlier = list(TOLD)[: list(TOLD).index(step)]
    seen = {one.id for name in earlier for one in readers[name][reader]}
    new = [one for one in readers[step][reader] if one.id not in seen]
    assert sorted((one.title, one.published) for one in new) == told(step, reader)


@pytest.mark.parametrize("reader", READERS)
def test_no_item_is_there_twice_and_none_is_lost(readers, reader):
    """What was ever told is there once at the end."""
    last = readers["new ids"][reader]
    assert len({one.id for one in last}) == len(last)
    assert sorted((one.title, one.published) for one in last) == sorted(
        row for step in TOLD for row in told(step, reader)
    )


def unread(one: Kept) -> Kept:
    """Return an item as it was before it was read."""
    return replace(one, unread=one.unread if one.unread is None else True)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("before", "step"), FEED_PAIRS)
def test_old_items_stay_as_they_were(readers, reader, before, step):
    """No word, date or link of an old item changes, but for the announcement that was edited, which keeps its id."""
    old = {one.id: unread(one) for one in readers[before][reader]}
    new = {one.id: unread(one) for one in readers[step][reader] if one.id in old}
    if step == "back on" and reader.startswith("newsboat"):
        (edit,) = [name for name, one in old.items() if one.title == "The calendar is out"]
        assert "Two rounds." in old[edit].content
        assert "Three rounds, one of them later." in new[edit].content
        new[edit] = replace(new[edit], content=old[edit].content)
    assert new == old


@pytest.mark.parametrize("reader", READERS)
def test_a_newcomer_has_what_a_follower_has(readers, reader):
    """Who followed every step and who came after the last keep the same items, to the last word."""

    def last(one: Kept) -> Kept:
        # sfeed never takes over a new text of an item it knows.
        return replace(unread(one), content="" if reader.startswith("sfeed") else one.content)

    followed = {one.id: last(one) for one in readers["new ids"][reader]}
    assert {one.id: last(one) for one in readers[NEWCOMER][reader]} == followed


@needs_newsboat
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("step", TOLD)
def test_only_new_items_are_unread(readers, form, step):
    """What was read stays read, edited or not."""
    kept = readers[step][f"newsboat {form}"]
    assert sorted((one.title, one.published) for one in kept if one.unread) == told(step, f"newsboat {form}")

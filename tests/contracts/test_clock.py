"""Clocks and calendars as they misbehave: set back, changed by law, leap days, ends of years, two builders at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import commands
import icalendar
import pytest
import tzdata
from contracts.crashing import FEW, leftovers, stamps, whole

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import NOW, SEASON, contents, documents, everything

COMMAND = [sys.executable, "-m", "aslms_feeds"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RACE = "race-1.okayama.2030.trial@example.org"
MOVED = SEASON.replace("2030-03-02T13:00", "2030-03-02T15:00")


def write(root: Path, files: dict[str, bytes]) -> Path:
    """Write a calendars folder."""
    for path, body in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    return root


def run(calendars: Path, output: Path, now: datetime, zones: str = "") -> str:
    """Build and return what was said; with other zones than those that are installed in a process that starts."""
    command = ["build", "--calendars", str(calendars), "--output", str(output), "--now", now.isoformat()]
    if not zones:
        process = commands.run(calendars, *command)
        assert (process.status, process.errors) == (0, ""), process.errors
        return process.out
    environment = {**os.environ, "PYTHONPATH": zones}
    started = subprocess.run([*COMMAND, *command], env=environment, capture_output=True, text=True, check=False)
    assert (started.returncode, started.stderr) == (0, ""), started.stderr
    return started.stdout


# --- A clock that goes back -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Return a publication of one season, to be copied."""
    folder = tmp_path_factory.mktemp("first")
    regenerate(LocalStore(folder), contents(publisher=FEW), now=NOW)
    return folder


@pytest.mark.parametrize("back", [timedelta(seconds=1), HOUR, 365 * DAY, 40 * 365 * DAY])
def test_stamps_go_on_when_the_clock_goes_back(first, tmp_path, back):
    """Between two builds the clock was set back: whatever changed is stamped later than before, everywhere."""
    shutil.copytree(first, tmp_path, symlinks=True, dirs_exist_ok=True)
    store = LocalStore(tmp_path)
    before, times = stamps(tmp_path), store.read_current("trial").manifest
    report = regenerate(store, contents(MOVED, publisher=FEW), now=NOW - back)
    assert not report.failed, report
    after, manifest = stamps(tmp_path), store.read_current("trial").manifest
    assert after[RACE] == (1, f"{NOW + timedelta(seconds=1):%Y%m%dT%H%M%SZ}", "20300302T060000Z")
    assert {uid: row for uid, row in after.items() if uid != RACE} == {
        uid: row for uid, row in before.items() if uid != RACE
    }
    assert manifest.published == NOW + timedelta(seconds=1)
    for path, row in manifest.documents.items():
        old = times.documents[path]
        assert row.modified == (old.modified if row.sha256 == old.sha256 else NOW + timedelta(seconds=1))
    feed = json.loads(store.read_document("trial", "changes/feed.json"))
    assert feed["items"][0]["date_published"] == "2030-01-10T12:00:01Z"


def test_a_clock_that_goes_back_alone_changes_no_calendar(everything_store):
    """The same definitions at an earlier time: no calendar changes, no list of changes, and no ledger."""
    store = deepcopy(everything_store)
    before = documents(store, "cup"), dict(store.read_current("cup").state)
    regenerate(store, everything(), now=NOW)
    after = documents(store, "cup")
    assert {path: body for path, body in after.items() if path.endswith((".ics", "/changes.json"))} == {
        path: body for path, body in before[0].items() if path.endswith((".ics", "/changes.json"))
    }
    ledgers = {path for path in before[1] if path.startswith("ledger/")}
    assert ledgers
    assert all(store.read_current("cup").state[path] == before[1][path] for path in ledgers)


def test_a_clock_that_runs_wild_never_takes_a_stamp_back(tmp_path):
    """Years ahead, back again, ahead: SEQUENCE counts the changes, and each is later than the last one."""
    store, seen = LocalStore(tmp_path), []
    for step, days in enumerate((0, 9000, -9000, 3, 9001, -1)):
        text = SEASON.replace("03-02T13:00", f"03-02T{10 + step % 3}:00")
        report = regenerate(store, contents(text, publisher=FEW), now=datetime(2029, 1, 1, tzinfo=UTC) + days * DAY)
        assert not report.failed, report
        seen.append((*stamps(tmp_path)[RACE][:2], store.read_current("trial").manifest.published))
    assert [row[0] for row in seen] == [0, 1, 2, 3, 4, 5]
    for first, second in pairwise(seen):
        assert first[1] < second[1]
        assert first[2] < second[2]


def test_the_command_looks_again_when_the_clock_went_back(tmp_path):
    """A run recorded in the future answers for nothing: the next one looks, and finds that all is as it should be."""
    calendars, output = write(tmp_path / "calendars", contents(publisher=FEW)), tmp_path / "output"
    run(calendars, output, NOW + 1000 * DAY)
    record = (output / "last-run").read_bytes()
    public = (output / "series/trial/current").readlink()
    assert run(calendars, output, NOW) != ""
    assert (output / "last-run").read_bytes() != record
    assert json.loads((output / "last-run").read_bytes())["at"] == "2030-01-10T12:00:00+00:00"
    assert stamps(output)[RACE][:2] == (0, f"{NOW + 1000 * DAY:%Y%m%dT%H%M%SZ}")
    assert int(public.name) == 1


# --- A zone whose rules change --------------------------------------------------------------------------------------


def tzif(before: int, at: datetime, after: int) -> bytes:
    """Return a zone (RFC 9636) whose offset from UTC, in hours, changes once and for good."""
    names = b"".join(b"%+03d\0" % hours for hours in (before, after))
    types = struct.pack(">lBB", before * 3600, 0, 0) + struct.pack(">lBB", after * 3600, 0, 4)

    def block(times: bytes, count: int) -> bytes:
        head = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, count, 2, len(names))
        return head + times + b"\1" * count + types + names

    footer = f"\n<{after:+03d}>{-after}\n".encode()
    return block(b"", 0) + block(struct.pack(">q", int(at.timestamp())), 1) + footer


def zones(root: Path, **changed: bytes) -> str:
    """Return a folder for PYTHONPATH that has the zones as they are installed, but for some: ``Asia__Tokyo``."""
    packages = root / "site-packages"
    shutil.copytree(Path(tzdata.__file__).parent, packages / "tzdata", ignore=shutil.ignore_patterns("__pycache__"))
    for name, body in changed.items():
        (packages / "tzdata" / "zoneinfo" / name.replace("__", "/")).write_bytes(body)
    return str(packages)


MAY = """
[[event]]
id = "okayama-may"
name = "May Races of Okayama"
circuit = "okayama"

  [[event.session]]
  id = "race-1"
  kind = "race"
  start = 2030-05-04T13:00:00
  hours = 4

  [[event.session]]
  id = "race-2"
  kind = "race"
  start = 2030-05-05T09:30:00
  hours = 4

  [[event.session]]
  id = "race-3"
  kind = "race"
  start = 2030-05-06
"""
MAY_RACES = {f"race-{number}.okayama-may.2030.trial@example.org" for number in (1, 2)}


@pytest.fixture(scope="module")
def by_old_rules(tmp_path_factory):
    """Return a folder of definitions and a publication of them with the zones that are installed, to be copied."""
    folder = tmp_path_factory.mktemp("old")
    run(write(folder / "calendars", contents(SEASON + MAY, publisher=FEW)), folder / "output", NOW)
    return folder


@pytest.fixture
def may(by_old_rules, tmp_path):
    """Return such folders of the test's own."""
    shutil.copytree(by_old_rules, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path / "calendars", tmp_path / "output"


def test_exactly_what_a_changed_rule_moves_is_stamped(may, tmp_path):
    """Japan changes its clocks in April: what is later moves in UTC; days, earlier races and other zones do not."""
    calendars, output = may
    before = stamps(output)
    assert run(calendars, output, NOW + HOUR) == f"{output}: nothing changed\n"
    new = zones(tmp_path / "new", Asia__Tokyo=tzif(9, datetime(2030, 4, 1, tzinfo=UTC), 8))
    said = run(calendars, output, NOW + DAY, new)
    after = stamps(output)
    assert {uid for uid in after if after[uid] != before[uid]} == MAY_RACES
    assert {before[uid][2] for uid in MAY_RACES} == {"20300504T040000Z", "20300505T003000Z"}
    assert {after[uid] for uid in MAY_RACES} == {
        (1, "20300111T120000Z", "20300504T050000Z"),
        (1, "20300111T120000Z", "20300505T013000Z"),
    }
    assert len(re.findall(r"^  2030: okayama-may\.race-[12]: retimed ", said, re.MULTILINE)) == 2
    # Once told, it is what is known.
    assert run(calendars, output, NOW + 2 * DAY, new) == f"{output}: nothing changed\n"
    assert stamps(output) == after


def test_a_changed_rule_is_no_news_of_what_is_over(may, tmp_path):
    """That the zone was another one all along is corrected everywhere, and told of what is still to come alone."""
    calendars, output = may
    now = datetime(2030, 4, 1, tzinfo=UTC)
    before = stamps(output)
    new = zones(tmp_path / "new", Asia__Tokyo=tzif(8, datetime(2029, 1, 1, tzinfo=UTC), 8))
    said = run(calendars, output, now, new)
    after = stamps(output)
    assert {uid for uid in after if after[uid] != before[uid]} == {RACE, *MAY_RACES}
    assert after[RACE] == (1, "20300401T000000Z", "20300302T050000Z")
    facts = re.findall(r"^  2030: (\S+): ", said, re.MULTILINE)
    assert sorted(facts) == ["okayama-may.race-1", "okayama-may.race-2"]


def test_a_changed_rule_reaches_calendars_in_circuit_time(tmp_path):
    """With times by the circuit's clock, the wall clock stays and the zone that comes along has the new rule."""
    publisher = FEW + 'times = "circuit"\n'
    calendars, output = write(tmp_path / "calendars", contents(SEASON + MAY, publisher=publisher)), tmp_path / "output"
    at = datetime(2030, 4, 1, tzinfo=UTC)
    texts = []
    for step, packages in enumerate(("", zones(tmp_path / "new", Asia__Tokyo=tzif(9, at, 8)))):
        run(calendars, output, NOW + step * DAY, packages)
        texts.append((output / "site/trial/trial-races.ics").read_text())
    for text, offset in zip(texts, ("+0900", "+0800"), strict=True):
        assert "DTSTART;TZID=Asia/Tokyo:20300504T130000\n" in text
        assert re.findall(r"TZID:Asia/Tokyo\n(?:.*\n)*?TZOFFSETTO:(.*)", text) == [offset]
    # Today's rule would place the race of March wrongly: it is written in UTC, and stands where it stood.
    assert "DTSTART;TZID=Asia/Tokyo:20300302T130000\n" in texts[0]
    assert "DTSTART:20300302T040000Z\n" in texts[1]
    assert stamps(output)[RACE][0] == 0


# --- Days of their own kind -----------------------------------------------------------------------------------------


def dated(first: str, last: str, *starts: str, circuit: str = "okayama", hours: int = 4) -> str:
    """Return a season with one event and a race for each start."""
    races = "".join(
        f'\n  [[event.session]]\n  id = "race-{number}"\n  kind = "race"\n  start = {start}\n'
        + (f"  hours = {hours}\n" if "T" in start else "")
        for number, start in enumerate(starts, 1)
    )
    days = f"first_day = {first}\nlast_day = {last}\n" if first else ""
    return (
        'name = "2030 Test Series"\nstatus = "confirmed"\nannounced = 2027-12-20\nclasses = ["proto"]\n\n'
        f'[[event]]\nid = "meeting"\nname = "Meeting"\ncircuit = "{circuit}"\n{days}{races}'
    )


def shown(store) -> dict[str, tuple[date, date]]:
    """Return start and end of every calendar event by the first part of its UID, as icalendar reads them."""
    calendar = icalendar.Calendar.from_ical(store.read_document("trial", "trial-all.ics"))
    weekends = icalendar.Calendar.from_ical(store.read_document("trial", "trial-weekends.ics"))
    events = [*calendar.walk("VEVENT"), *weekends.walk("VEVENT")]
    return {str(event["UID"]).partition(".")[0]: (event.decoded("DTSTART"), event.decoded("DTEND")) for event in events}


BOTH = FEW.replace('"races"', '"all", "weekends"')


def test_a_leap_day():
    """29 February has a day before and a day after, all-day and timed, at the circuit and in UTC."""
    store = MemoryStore()
    text = dated("2028-02-28", "2028-03-01", "2028-02-29", "2028-02-29T08:30:00", "2028-02-29T22:00:00")
    assert not regenerate(store, contents(text, publisher=BOTH), now=datetime(2028, 1, 1, tzinfo=UTC)).failed
    utc = datetime(2028, 2, 28, 23, 30, tzinfo=UTC)
    assert shown(store) == {
        "meeting": (date(2028, 2, 28), date(2028, 3, 2)),
        "race-1": (date(2028, 2, 29), date(2028, 3, 1)),
        "race-2": (utc, utc + 4 * HOUR),
        "race-3": (utc + 13.5 * HOUR, utc + 17.5 * HOUR),
    }
    data = json.loads(store.read_document("trial", "2030/season.json"))
    assert [one["day"] for one in data["events"][0]["sessions"]] == ["2028-02-29"] * 3
    moved = text.replace("2028-02-29T22", "2028-03-01T22")
    part = regenerate(store, contents(moved, publisher=BOTH), now=datetime(2028, 1, 2, tzinfo=UTC)).parts[0]
    assert [one.headline for one in part.new_facts] == ["Meeting: Race 3 moved to 1 Mar 2028"]


def test_a_day_that_there_is_not():
    """29 February of another year is a problem with its place, not the day after."""
    part = regenerate(MemoryStore(), contents(dated("", "", "2030-02-29T13:00:00"), publisher=BOTH), now=NOW).parts[0]
    assert part.problems
    assert part.problems[0].line > 1


def test_the_season_is_over_with_the_leap_day_at_its_circuit():
    """Midnight after 29 February in Japan: the season was the current one to its last second."""
    store = MemoryStore()
    files = contents(dated("2028-02-29", "2028-02-29", "2028-02-29"), publisher=BOTH)
    report = regenerate(store, files, now=datetime(2028, 1, 1, tzinfo=UTC))
    assert report.next_due == datetime(2028, 2, 29, 15, tzinfo=UTC)
    report = regenerate(store, files, now=report.next_due - timedelta(seconds=1))
    assert report.next_due == datetime(2028, 2, 29, 15, tzinfo=UTC)
    assert regenerate(store, files, now=report.next_due).next_due is None


@pytest.mark.parametrize(
    ("circuit", "start", "utc", "day"),
    [
        # Already the new year in Japan, still the old one in UTC.
        ("okayama", "2031-01-01T08:00:00", datetime(2030, 12, 31, 23, tzinfo=UTC), "2031-01-01"),
        # Across midnight at the circuit and in UTC, one hour apart.
        ("paris", "2030-12-31T22:00:00", datetime(2030, 12, 31, 21, tzinfo=UTC), "2030-12-31"),
        ("paris", "2031-01-01T00:30:00", datetime(2030, 12, 31, 23, 30, tzinfo=UTC), "2031-01-01"),
    ],
)
def test_the_end_of_a_year(circuit, start, utc, day):
    """The race and its meeting are on the circuit's day, in its year, whatever UTC has; the end is in the new year."""
    store = MemoryStore()
    assert not regenerate(store, contents(dated("", "", start, circuit=circuit), publisher=BOTH), now=NOW).failed
    first = date.fromisoformat(day)
    assert shown(store) == {"meeting": (first, first + DAY), "race-1": (utc, utc + 4 * HOUR)}
    assert (utc + 4 * HOUR).year == 2031
    session = json.loads(store.read_document("trial", "2030/season.json"))["events"][0]["sessions"][0]
    assert (session["day"], session["start"]) == (day, f"{utc:%Y-%m-%dT%H:%M:%SZ}")


def test_an_hour_across_new_year():
    """By UTC's new year nothing moves, by the circuit's it does; both are told by the circuit's day."""
    store = MemoryStore()
    for step, start in enumerate(("2031-01-01T08:30:00", "2031-01-01T09:30:00", "2030-12-31T23:30:00")):
        report = regenerate(store, contents(dated("", "", start), publisher=BOTH), now=NOW + step * HOUR)
        facts = [one.headline for one in report.parts[0].new_facts]
        expected = ("2030 Test Series announced", "Meeting: Race 1: new time", "Meeting moved to 31 Dec 2030")[step]
        assert facts == [expected]


# --- Two builders ---------------------------------------------------------------------------------------------------


def test_two_builders_with_other_definitions_at_once(tmp_path):
    """Each build publishes or is told that another is at work; no number is given twice, and stamps only grow."""
    folders = [
        write(tmp_path / name, contents(SEASON.replace("03-02T13:00", f"03-02T{hour}:00"), publisher=FEW))
        for name, hour in (("one", "14"), ("two", "15"))
    ]
    output = tmp_path / "output"
    numbers, seen = [], []

    def build(calendars: Path) -> list[str]:
        return ["build", "--calendars", str(calendars), "--output", str(output)]

    for turn in range(4):
        processes = commands.together(tmp_path, *map(build, folders))
        assert 0 in {process.status for process in processes}
        for status, out, errors in processes:
            assert status in (0, 75), errors
            if status == 75:
                assert errors.startswith(f"aslms-feeds: another build is writing {output}\n")
            numbers += [int(number) for number in re.findall(r"^trial: generation (\d+)", out, re.MULTILINE)]
        site = output / "series/trial/current/site"
        assert whole(site)[0] == max(numbers)
        assert leftovers(output) == []
        seen.append(stamps(output)[RACE])
        # Whoever was turned away comes back, as cron does.
        status, out, errors = commands.run(tmp_path, *build(folders[turn % 2]))
        assert status == 0, errors
        numbers += [int(number) for number in re.findall(r"^trial: generation (\d+)", out, re.MULTILINE)]
        seen.append(stamps(output)[RACE])
        assert seen[-1][2] == ("20300302T050000Z", "20300302T060000Z")[turn % 2]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert [row[:2] for row in seen] == sorted(row[:2] for row in seen)
    assert seen[-1][0] == len(numbers) - 1

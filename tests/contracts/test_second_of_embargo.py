"""The command keeps an embargo: before its second no byte on disk or in a log tells of it; then all is there, once.

One word stands in every text, id and folder name of what is hidden. Whatever a build leaves behind is searched for it:
all files and what is packed in them, the names of files and folders, where links lead, output and errors.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
import commands
import pytest
from contracts.crashing import KILLED, arm, calls_of, child, kill_at, leftovers

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.stores.local import LocalStore
from seasons import CIRCUITS, PUBLISHER, SEASON, SERIES, contents

if TYPE_CHECKING:
    from concurrent.futures import Future

COMMAND = [sys.executable, "-m", "aslms_feeds"]
KILLS = int(os.environ.get("ASLMS_FEEDS_EMBARGO_KILLS", "4"))
"""Builders to kill around their second; the environment may ask for more."""
WORD = "zanzibar"
DUE = datetime(2030, 1, 11, 12, tzinfo=UTC)
EARLY, BEFORE, AFTER = DUE - timedelta(hours=1), DUE - timedelta(seconds=1), DUE + timedelta(hours=1)

_PUBLISHER = PUBLISHER + 'languages = ["en", "fr"]\n\n[calendars]\nnames = ["all", "weekends"]\nreminders = true\n'
_CIRCUIT = """
[zanzibar]
name = "Zanzibar Ring"
city = "Zanzibar City"
country = "TZ"
timezone = "Africa/Dar_es_Salaam"
url = "https://zanzibar.example.org/"
sources = ["https://example.org/zanzibar"]
"""
_CLASS = """
[[class]]
id = "zanzibar"
name = "Zanzibar Class"
names = { fr = "Classe Zanzibar" }
colour = "tomato"
what = "Cars of Zanzibar."
continues = ["gt"]
sources = ["https://example.org/zanzibar/class"]
"""
_EVENT = """
[[event]]
id = "zanzibar{n}"
name = "4 Hours of Zanzibar"
names = {{ fr = "4 heures de Zanzibar" }}
circuit = "zanzibar"
circuit_name = "Zanzibar (old layout)"
classes = ["zanzibar", "gt"]
joint_with = ["Zanzibar Cup"]
url = "https://zanzibar.example.org/event"
note = "Zanzibar, at last."
sources = ["https://zanzibar.example.org/event/source"]
{key}
  [[event.session]]
  id = "zanzibar-qualifying"
  kind = "qualifying"
  name = "Qualifying of Zanzibar"
  classes = ["zanzibar"]
  start = {year}-05-04T09:00:00

  [[event.session]]
  id = "zanzibar-race"
  kind = "race"
  note = "Round Zanzibar."
  start = {year}-05-04T13:00:00
  hours = 4

  [[event.broadcast]]
  name = "Zanzibar TV"
  url = "https://tv.zanzibar.example.org"

  [[event.change]]
  id = "zanzibar{n}-place"
  what = "renamed"
  from = "Zanzibar 500"
  why = "Zanzibar wants it."
"""
_SEASON = """
name = "2031 Zanzibar Series"
names = {{ fr = "Série Zanzibar 2031" }}
{key}
status = "confirmed"
classes = ["gt", "zanzibar"]
about = "All of it in Zanzibar."
rules = ["Drivers from Zanzibar."]
sources = ["https://example.org/zanzibar/2031"]

[[record]]
text = "The first in Zanzibar."

[[change]]
id = "zanzibar-organiser"
what = "organiser-changed"
to = "Zanzibar Racing"
"""
_ENTRIES = """
[[list]]
id = "zanzibar-{event}"
event = "{event}"
on = 2030-01-10
{key}
counts = {{ gt = 1 }}
note = "Zanzibar enters."
sources = ["https://zanzibar.example.org/entries"]

  [[list.entry]]
  number = "7"
  class = "gt"
  team = "Team Zanzibar"
  car = "Zanzibar One"
  drivers = ["A. Zanzibar"]
"""
_RESULTS = """
[[result]]
event = "{event}"
session = "{session}"
{key}
overall = {{ team = "Team Zanzibar", drivers = ["A. Zanzibar"] }}
note = "Zanzibar won."

  [[result.winner]]
  class = "gt"
  team = "Zanzibar Winners"

[[champion]]
title = "Zanzibar Trophy"
{key}
drivers = ["B. Zanzibar"]
team = "Team Zanzibar"
note = "For Zanzibar."
"""
_INVITATION = """
[[invitation]]
race = "24 Hours of Zanzibar"
team = "Team Zanzibar"
"""
_NEWS = """
[[news]]
id = "zanzibar"
on = 2030-01-10
{key}
title = "We go to Zanzibar"
titles = {{ fr = "Nous allons à Zanzibar" }}
text = "**Zanzibar** it is: [see](https://zanzibar.example.org/news)."
texts = {{ fr = "Ce sera Zanzibar." }}
events = [{events}]
sources = ["https://zanzibar.example.org/news"]
"""


def folder(due: datetime, *, few: bool = False) -> dict[str, bytes]:
    """Return a calendars folder with something of every kind under an embargo, in a public season and as a season."""
    key = f"embargo = {due.isoformat()}"
    event = {"key": key, "event": "okayama", "session": "race-1"}
    files = contents(
        SEASON + _EVENT.format(n="", key=key, year=2030),
        publisher=PUBLISHER + '\n[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\n'
        if few
        else _PUBLISHER,
        circuits=CIRCUITS + _CIRCUIT,
        series=SERIES + _CLASS,
        entries=_ENTRIES.format(**event),
        results=_RESULTS.format(**event),
        news=_NEWS.format(key=key, events='"zanzibar", "paris"'),
    )
    # A public season names its classes itself; the hidden class comes with the event.
    files["trial/2030/season.toml"] = files["trial/2030/season.toml"].replace(b'classes = ["proto", "gt"]\n', b"")
    hidden = {"key": "", "event": "zanzibar-31", "session": "zanzibar-race"}
    texts = {
        "season": _SEASON.format(key=key) + _EVENT.format(n="-31", key="", year=2031),
        "entries": _ENTRIES.format(**hidden),
        "results": f"{key}\n" + _RESULTS.format(**hidden) + _INVITATION,
        "news": _NEWS.format(key="", events='"zanzibar-31"'),
    }
    return files | {f"trial/2031-zanzibar/{name}.toml": text.encode() for name, text in texts.items()}


def write(place: Path, files: dict[str, bytes]) -> None:
    """Write a calendars folder, whole: nothing of an older one is left."""
    shutil.rmtree(place / "calendars", ignore_errors=True)
    for path, data in files.items():
        (place / "calendars" / path).parent.mkdir(parents=True, exist_ok=True)
        (place / "calendars" / path).write_bytes(data)


@pytest.fixture
def fresh(tmp_path):
    """Return a working directory with a calendars folder; its own name has the word nowhere."""
    write(tmp_path, folder(DUE, few=True))
    assert WORD not in str(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def published_once(tmp_path_factory):
    """Return a working directory in which it was published an hour early."""
    place = tmp_path_factory.mktemp("kept")
    write(place, folder(DUE, few=True))
    status, output_text = run(place, "build", *at(EARLY))
    assert (status, told(output_text), leaks(place / "publication")) == (0, False, [])
    return place


@pytest.fixture
def place(published_once, tmp_path):
    """Return a copy of it."""
    copy = tmp_path / "place"
    shutil.copytree(published_once, copy, symlinks=True)
    return copy


def run(place: Path, *arguments: str) -> tuple[int, str]:
    """Return the exit status of a command, and all that it said."""
    process = commands.run(place, *arguments, **_MORE)
    return process.status, process.out + process.errors


_MORE = {"COLUMNS": "200", "PYTHONWARNINGS": "error"}


def at(instant: datetime) -> tuple[str, str]:
    """Return the option that lets a command take an instant for the time."""
    return "--now", instant.isoformat()


def told(text: str | bytes) -> bool:
    """Say whether a text holds the word, folded lines of calendars joined."""
    data = text.encode() if isinstance(text, str) else text
    return WORD.encode() in data.replace(b"\r\n ", b"").lower()


def forms(path: Path) -> list[bytes]:
    """Return what a file holds: its bytes, and what is packed in them."""
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        return [data, gzip.decompress(data)]
    return [data, brotli.decompress(data)] if path.suffix == ".br" else [data]


def leaks(root: Path) -> list[str]:
    """Return everything below a folder that holds the word: names, links and contents."""
    leaked = []
    for above, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(above, name)
            if path.is_symlink():
                holds = told(name) or told(str(path.readlink()))
            else:
                holds = told(name) or (path.is_file() and any(told(one) for one in forms(path)))
            if holds:
                leaked.append(str(path.relative_to(root)))
    return leaked


def items(output: Path, name: str = "everything") -> list[dict]:
    """Return the items of a public feed."""
    return json.loads((output / "site/trial" / name / "feed.json").read_bytes())["items"]


def stamps(output: Path) -> dict[str, tuple[int, str]]:
    """Return SEQUENCE and LAST-MODIFIED of every public component, by UID."""
    leaked = {}
    for name in ("trial-all.ics", "trial-weekends.ics"):
        path = output / "site/trial" / name
        text = path.read_text().replace("\r\n ", "").replace("\n ", "") if path.is_file() else ""
        for event in text.split("BEGIN:VEVENT")[1:]:
            values = dict(re.findall(r"^(UID|SEQUENCE|LAST-MODIFIED):(.*)$", event, re.MULTILINE))
            leaked[values["UID"].strip()] = int(values["SEQUENCE"]), values["LAST-MODIFIED"].strip()
    return leaked


def generation(output: Path) -> int:
    """Return the number of the public generation of the series."""
    return int((output / "series/trial/current").readlink().name)


NEW_UIDS = {
    f"{name}@example.org"
    for event in ("zanzibar.2030.trial", "zanzibar-31.2031-zanzibar.trial")
    for name in (f"zanzibar-qualifying.{event}", f"zanzibar-race.{event}")
}
NEW_ITEMS = [
    "2030/champion/zanzibar-trophy",
    "2030/change/zanzibar.added",
    "2030/entries/zanzibar-okayama",
    "2030/news/zanzibar",
    "2030/result/okayama/race-1",
    "2031-zanzibar/champion/zanzibar-trophy",
    "2031-zanzibar/change/announced",
    "2031-zanzibar/entries/zanzibar-zanzibar-31",
    "2031-zanzibar/news/zanzibar",
    "2031-zanzibar/result/zanzibar-31/zanzibar-race",
]
"""The keys of the items that the second brings, without the stamp of a change."""


def keys(output: Path) -> list[str]:
    """Return the keys of all public items, sorted."""
    leaked = [one["id"].split("/trial/", 1)[1] for one in items(output)]
    return sorted(re.sub(r"\.\d{8}T\d{6}Z$", "", one) for one in leaked)


def all_there_once(output: Path, before: list[str], due: datetime) -> None:
    """Assert that all that waited is public, once, as new, stamped with its second."""
    assert keys(output) == sorted([*before, *NEW_ITEMS])
    ids = [one["id"] for one in items(output)]
    assert len(set(ids)) == len(ids)
    leaked = {uid: stamp for uid, stamp in stamps(output).items() if WORD in uid}
    assert set(leaked) >= NEW_UIDS
    assert set(leaked.values()) == {(0, f"{due:%Y%m%dT%H%M%SZ}")}


# --- Before and after -----------------------------------------------------------------------------------------------


def test_not_one_byte_before_its_second_and_everything_after_it(fresh):
    """Documents, twins, manifests, ledgers, definitions, chronicle, status, last run, lock, names, links and output."""
    place, output = fresh, fresh / "publication"
    write(place, folder(DUE))
    status, output_text = run(place, "build", *at(BEFORE))
    assert (status, told(output_text), leaks(output)) == (0, False, [])
    names = {path.name for path in output.rglob("*")}
    assert names >= {"lock", "last-run", "status.json", "chronicle.json", "definitions.json.gz", "2030.json"}
    assert any(name.endswith(".br") for name in names)
    before = keys(output)
    for command in (("history",), ("history", "--json"), ("plan", *at(BEFORE)), ("build", "--json", *at(BEFORE))):
        status, output_text = run(place, *command)
        assert (status, told(output_text)) == (0, False), command
    status, output_text = run(place, "build", *at(DUE))
    assert (status, told(output_text)) == (0, True)
    all_there_once(output, before, DUE)
    # It is in all those places now: the search would have found it in any of them.
    leaked = leaks(output / "series/trial/generations/2")
    for part in (
        "site/2031-zanzibar",
        "site/2030/zanzibar/trial-2030-zanzibar.ics",
        "site/trial-all-zanzibar.ics",
        "site/index.html",
        "site/index.html.gz",
        "site/index.html.br",
        "site/manifest.json",
        "site/series.json",
        "site/news/atom.xml",
        "site/fr/news/rss.xml",
        "site/reminders/trial-all.ics",
        "state/definitions.json.gz",
        "state/chronicle.json",
        "state/site.json",
        "state/ledger/2030.json",
    ):
        assert part in leaked
    assert {"status.json"} <= set(leaks(output))
    assert leaks(output / "series/trial/generations/1") == []


def test_builds_around_the_second(place):
    """However many there are, one of them brings it, whole: the first that is not early."""
    output, second, before = place / "publication", timedelta(seconds=1), []
    for instant in (DUE - 60 * second, BEFORE, BEFORE, DUE - timedelta(microseconds=1)):
        status, output_text = run(place, "build", *at(instant))
        assert (status, told(output_text), leaks(output)) == (0, False, [])
        before = keys(output)
        assert generation(output) == 1
    for instant in (DUE, DUE, DUE + second, AFTER, BEFORE, AFTER):
        assert run(place, "build", *at(instant))[0] == 0
        all_there_once(output, before, DUE)
        assert generation(output) == 2


def test_a_memory_of_its_own_holds_nothing_either(fresh):
    """The folder of ``--state`` is committed to a repository that others may read."""
    place, output, memory = fresh, fresh / "publication", fresh / "memory"
    status, output_text = run(place, "build", "--state", "memory", *at(BEFORE))
    assert (status, told(output_text), leaks(output), leaks(memory)) == (0, False, [], [])
    before = keys(output)
    # On a machine that forgets everything but that folder, too.
    shutil.rmtree(output)
    status, output_text = run(place, "build", "--state", "memory", *at(BEFORE))
    assert (status, told(output_text), leaks(output), leaks(memory)) == (0, False, [], [])
    assert run(place, "build", "--state", "memory", *at(DUE))[0] == 0
    all_there_once(output, before, DUE)
    assert "trial/ledger/2030.json" in leaks(memory)


def test_plan_and_preview_of_a_later_instant_tell_it_and_leave_no_trace(place):
    """Where it is published nothing knows of them; without an instant they tell nothing."""
    output = place / "publication"
    for changes, *command in ((2, "plan", "--exit-code"), (0, "plan", "--json")):
        status, output_text = run(place, *command, *at(BEFORE))
        assert (status, told(output_text)) == (0, False)
        status, output_text = run(place, *command, *at(DUE))
        assert (status, told(output_text), leaks(output)) == (changes, True, [])
    status, output_text = run(place, "preview", "looked-at", *at(BEFORE))
    assert (status, told(output_text), leaks(place / "looked-at")) == (0, False, [])
    status, output_text = run(place, "preview", "looked-at", *at(DUE))
    assert (status, told(output_text), leaks(output)) == (0, True, [])
    assert set(stamps(place / "looked-at")) >= NEW_UIDS
    before = keys(output)
    assert run(place, "build", *at(DUE))[0] == 0
    all_there_once(output, before, DUE)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("trial/2031-zanzibar/season.toml", b'name = "2031 Zanzibar', b'nam = "2031 Zanzibar'),
        ("trial/2031-zanzibar/season.toml", b'"confirmed"', b'"confirmed in Zanzibar"'),
        ("trial/2031-zanzibar/news.toml", b'id = "zanzibar"', b'id = "Zanzibar!"'),
        ("trial/2031-zanzibar/results.toml", b'event = "zanzibar-31"', b'event = "zanzibar-32"'),
        ("trial/2030/season.toml", b'circuit = "zanzibar"', b'circuit = "zanzibr"'),
        ("trial/2030/season.toml", b'circuit = "paris"', b'circuit = "unknown"'),
        ("trial/2030/entries.toml", b'"7"', b'"zanzibar-7"'),
        ("trial/2030/results.toml", b'session = "race-1"', b'session = "zanzibar"'),
        ("trial/2030/news.toml", b"[[news]]", b"[[news] zanzibar"),
        ("trial/series.toml", b'colour = "tomato"', b'colour = "zanzibar"'),
        ("circuits.toml", b"Africa/Dar_es_Salaam", b"Africa/Zanzibar_City"),
        ("publisher.toml", b"classes = []", b'classes = ["zanziba"]'),
    ],
)
def test_a_mistake_in_something_hidden_gives_nothing_away(place, path, old, new):
    """The build says that something is wrong, and where to see what; what was public stays; later it is told whole."""
    output, files = place / "publication", folder(DUE, few=True)
    assert old in files[path]
    write(place, {**files, path: files[path].replace(old, new, 1)})
    status, wrong = run(place, "check")
    assert status == 1
    status, output_text = run(place, "build", *at(BEFORE))
    assert (status, told(output_text), leaks(output), generation(output)) == (1, False, [], 1)
    assert "aslms-feeds check says what" in output_text or "unknown circuit 'unknown'\n" in output_text
    assert json.loads((output / "status.json").read_bytes())["ok"] is False
    status, output_text = run(place, "build", *at(DUE))
    assert (status, generation(output)) == (1, 1)
    assert wrong.splitlines()[0] in output_text.splitlines()


def test_a_mistake_that_is_repaired_late_costs_only_the_time(place):
    """What should have been public by then is announced with the next build, once."""
    output, files = place / "publication", folder(DUE, few=True)
    before = keys(output)
    wrong = files["trial/2030/season.toml"].replace(b'circuit = "zanzibar"', b'circuit = "zanzibr"')
    write(place, {**files, "trial/2030/season.toml": wrong})
    for instant in (BEFORE, DUE):
        assert run(place, "build", *at(instant))[0] == 1
    write(place, files)
    assert run(place, "build", *at(AFTER))[0] == 0
    all_there_once(output, before, AFTER)


# --- Going back -----------------------------------------------------------------------------------------------------


def test_what_became_public_stays_when_the_site_is_rolled_back(place):
    """To a generation of before: cancelled in calendars, never gone; its announcements stay; no id begins again."""
    output = place / "publication"
    assert run(place, "build", *at(DUE))[0] == 0
    public_stamps, told_items = stamps(output), keys(output)
    status, output_text = run(place, "rollback", "trial", "--to", "1", *at(AFTER))
    assert (status, generation(output)) == (0, 3), output_text
    back = stamps(output)
    assert back.keys() == public_stamps.keys()
    for uid in NEW_UIDS:
        assert back[uid] == (1, f"{AFTER:%Y%m%dT%H%M%SZ}")
    text = (output / "site/trial/trial-all.ics").read_text().replace("\n ", "")
    assert text.count("SUMMARY:CANCELLED: ") == len(NEW_UIDS)
    assert set(told_items) <= set(keys(output))
    # Released, it is as it was, and the stamps go on.
    assert run(place, "rollback", "trial", "--release", *at(AFTER + timedelta(hours=1)))[0] == 0
    assert {stamps(output)[uid][0] for uid in NEW_UIDS} == {2}


def test_a_rollback_before_the_second_holds_nothing_of_what_waits(place):
    """Neither what is published again nor what is kept to hold it; released, the second brings it."""
    output, files = place / "publication", folder(DUE, few=True)
    files["trial/2030/season.toml"] = files["trial/2030/season.toml"].replace(b"2030-04-06T13", b"2030-04-06T15")
    write(place, files)
    assert run(place, "build", *at(EARLY + timedelta(minutes=1)))[0] == 0
    status, output_text = run(place, "rollback", "trial", *at(BEFORE))
    assert (status, told(output_text), leaks(output), generation(output)) == (0, False, [], 3)
    assert (output / "series/trial/current/state/held.json.gz").is_file()
    before = keys(output)
    status, output_text = run(place, "rollback", "trial", "--release", *at(BEFORE))
    assert (status, told(output_text), leaks(output)) == (0, False, [])
    assert run(place, "build", *at(DUE))[0] == 0
    assert len([one for one in keys(output) if one in NEW_ITEMS]) == len(NEW_ITEMS)
    assert len(before) > 0


@pytest.mark.parametrize("lost", ["ledgers", "everything private"])
def test_recover_neither_tells_nor_forgets(place, lost):
    """Before the second there is nothing to find; after it, what is public is known to be, whatever a clock says."""
    output = place / "publication"
    before = keys(output)
    _lose(output, lost)
    status, output_text = run(place, "recover")
    assert (status, told(output_text), leaks(output)) == (0, False, [])
    status, output_text = run(place, "build", *at(BEFORE))
    assert (status, told(output_text), leaks(output)) == (0, False, [])
    assert run(place, "build", *at(DUE))[0] == 0
    # What was published last is stamped as late as all stamps before it were.
    assert keys(output) == sorted([*before, *NEW_ITEMS])
    public_stamps = stamps(output)
    assert {public_stamps[uid][0] for uid in NEW_UIDS} == {0}
    _lose(output, lost)
    assert run(place, "recover")[0] == 0
    for instant in (BEFORE, AFTER):
        status, output_text = run(place, "build", *at(instant))
        assert status == 0, output_text
        assert stamps(output) == public_stamps
        assert keys(output) == sorted([*before, *NEW_ITEMS])


def _lose(output: Path, what: str) -> None:
    state = (output / "series/trial/current").resolve() / "state"
    shutil.rmtree(state / "ledger" if what == "ledgers" else state)
    state.mkdir(exist_ok=True)


# --- On the second itself, by the clock of this machine ---------------------------------------------------------------


def soon(seconds: float) -> datetime:
    """Return a whole second that comes in about so many seconds."""
    return (datetime.now(UTC) + timedelta(seconds=seconds + 0.5)).replace(microsecond=0)


def started(place: Path, due: datetime) -> subprocess.Popen[str]:
    """Return a build that makes everything ahead and waits for its second."""
    return subprocess.Popen(
        [*COMMAND, "build", "--not-before", due.isoformat()],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **_MORE},
    )


def beside(pool: ThreadPoolExecutor, place: Path, due: datetime) -> Future[tuple[int, str]]:
    """Return what will come of such a build, in a process that is loaded."""
    return pool.submit(run, place, "build", "--not-before", due.isoformat())


def until_it_has_read(place: Path, building: Future[tuple[int, str]]) -> None:
    """Return when a builder has read the definitions and begun: it takes the record of the last run away."""
    while (place / "publication/last-run").exists():
        assert not building.done(), building.result()
        time.sleep(0.01)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """Return a working directory in which it was published just now, and waits for long."""
    place = tmp_path_factory.mktemp("waiting")
    write(place, folder(datetime(2032, 1, 1, tzinfo=UTC), few=True))
    assert run(place, "build")[0] == 0
    assert leaks(place / "publication") == []
    return place


def copied(waiting: Path, place: Path, due: datetime) -> list[str]:
    """Copy that directory, put another second into its definitions and return the keys of what is public."""
    shutil.copytree(waiting, place, symlinks=True)
    write(place, folder(due, few=True))
    return keys(place / "publication")


def test_a_build_ahead_of_its_second_writes_nothing_before_it(waiting, tmp_path):
    """While it waits, the whole folder is searched again and again; then all is there, stamped with the second."""
    place, output, due = tmp_path / "place", tmp_path / "place/publication", soon(3)
    before = copied(waiting, place, due)
    with ThreadPoolExecutor() as pool:
        building = beside(pool, place, due)
        looked = 0
        while not building.done() and datetime.now(UTC) < due:
            leaked = leaks(output)
            # What was found before the second was there before the second.
            if datetime.now(UTC) < due:
                assert leaked == []
                looked += 1
    status, output_text = building.result()
    assert (status, told(output_text)) == (0, True), output_text
    assert datetime.now(UTC) >= due
    assert looked > 0
    all_there_once(output, before, due)
    assert generation(output) == 2
    new = output / "series/trial/generations/2/public"
    assert new.stat().st_mtime >= due.timestamp()
    assert run(place, "build") == (0, "publication: nothing changed\n")


def test_a_second_that_has_passed_is_not_waited_for(fresh):
    """Nor is it the time of what is published: that is now."""
    due = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    write(fresh, folder(due, few=True))
    status, output_text = run(fresh, "build", "--not-before", due.isoformat())
    assert status == 0, output_text
    leaked = {stamp for uid, (_sequence, stamp) in stamps(fresh / "publication").items() if WORD in uid}
    assert min(leaked) > f"{due:%Y%m%dT%H%M%SZ}"


def test_an_edit_while_a_build_waits_overtakes_it(waiting, tmp_path):
    """Status 75 and what to do, and nothing written: not even that it failed. The next build is right."""
    place, output, due = tmp_path / "place", tmp_path / "place/publication", soon(3)
    before = copied(waiting, place, due)
    old_files = _files(output)
    with ThreadPoolExecutor() as pool:
        building = beside(pool, place, due)
        until_it_has_read(place, building)
        files = folder(due, few=True)
        files["trial/2030/news.toml"] = files["trial/2030/news.toml"].replace(b"We go to", b"We all go to")
        write(place, files)
    overtaken = "aslms-feeds: the definitions changed while the build waited\nTry: build again\n"
    assert building.result() == (75, overtaken)
    assert datetime.now(UTC) >= due
    assert leaks(output) == []
    old_files.pop("last-run")
    assert _files(output) == old_files
    assert leftovers(output) == []
    assert run(place, "build", *at(due))[0] == 0
    all_there_once(output, before, due)
    assert "We all go to Zanzibar" in {one["title"] for one in items(output)}


def _files(output: Path) -> dict[str, bytes]:
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_builders_killed_around_their_second(waiting, tmp_path):
    """Killed at random moments: nothing before the second, and after the next run everything, exactly once."""
    chance = random.Random(20300111)  # noqa: S311 - a test that can be run again
    killed = early = 0
    for number in range(KILLS):
        place = tmp_path / f"try-{number}"
        output, due = place / "publication", soon(2)
        before = copied(waiting, place, due)
        with started(place, due) as builder:
            # Half of them after the second: that is where there is something to tear.
            moment = due.timestamp() + (chance.uniform(-1, 0) if number % 2 else chance.uniform(0, 0.4))
            time.sleep(max(0, moment - time.time()))
            builder.send_signal(signal.SIGKILL)
            output_text = builder.communicate(timeout=60)[0]
        leaked = leaks(output)
        if datetime.now(UTC) < due:
            assert (leaked, told(output_text)) == ([], False), (
                f"killed {moment - due.timestamp():+.3f} s from its second"
            )
            early += 1
        killed += builder.returncode == KILLED
        status, output_text = run(place, "build", *at(due))
        assert status == 0, output_text
        all_there_once(output, before, due)
        assert generation(output) == 2
        assert leftovers(output) == []
        shutil.rmtree(place)
    assert killed >= KILLS / 2
    assert early > 0


def test_builders_killed_at_their_system_calls(published_once, tmp_path):
    """Before the gate opens no call has told anything; cut at any later one, the next run makes it good, once."""
    files, before = folder(DUE, few=True), keys(published_once / "publication")
    opened = tmp_path / "opened"

    def again() -> Path:
        output = tmp_path / "tried"
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(published_once / "publication", output, symlinks=True)
        return output

    def build(output: Path) -> None:
        report = regenerate(LocalStore(output), files, now=DUE, before_switch=opened.mkdir)
        assert not report.failed, report

    output = again()
    calls = calls_of(lambda: build(output))
    opened.rmdir()
    gate = calls.index("mkdir") + 1
    # What a call before the gate leaves is there when the gate opens, too.
    switches = [number for number, name in enumerate(calls, 1) if name in ("rename", "symlink")]
    chosen = sorted({1, gate, *switches, *range(200, len(calls), 200)})
    states = set()
    for number in chosen:
        output = again()
        assert child(lambda number=number, output=output: (arm(kill_at(number)), build(output))) == KILLED
        public = generation(output) == 2
        if not opened.exists():
            assert leaks(output) == [], f"killed before call {number}"
        states.add((opened.exists(), public))
        if opened.exists():
            opened.rmdir()
        assert not regenerate(LocalStore(output), files, now=DUE).failed
        all_there_once(output, before, DUE)
        assert generation(output) == 2
        assert leftovers(output) == []
    assert states == {(False, False), (True, False), (True, True)}

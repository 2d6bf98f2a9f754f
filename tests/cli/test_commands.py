"""The command as its users meet it: whole output, exit statuses, mistakes included."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager

import commands
import pytest
from contracts.crashing import KILLED, child

from aslms_feeds.cli import commands as cli_commands
from aslms_feeds.publication.stores.local import LocalStore
from seasons import PUBLISHER, SEASON, SERIES, contents

COMMAND = [sys.executable, "-m", "aslms_feeds"]
UNMEASURED = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
"""For servers that are measured elsewhere: coverage costs as much as their work."""
FEW = PUBLISHER + '\n[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\n'
MOVED = SEASON.replace("2030-03-02T13:00:00", "2030-03-02T15:00:00")
RACE = "race-1.okayama.2030.trial@example.org"
THEN, THEN_AFTER = "2030-03-02T04:00:00Z/2030-03-02T08:00:00Z", "2030-03-02T06:00:00Z/2030-03-02T10:00:00Z"
FIRST, SECOND, THIRD = "2030-01-10T12:00:00Z", "2030-01-11T12:00:00Z", "2030-01-12T12:00:00Z"


@pytest.fixture
def folder(tmp_path):
    """Return a working directory with a calendars folder."""
    write(tmp_path, contents())
    return tmp_path


def write(folder, files):
    """Write a calendars folder."""
    for path, data in files.items():
        (folder / "calendars" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "calendars" / path).write_bytes(data)


def run(folder, *arguments, **environment):
    """Return exit status, output and errors of one command."""
    return commands.run(folder, *arguments, **{"COLUMNS": "100", **environment})


def built(folder, text=SEASON, now=FIRST, *options, publisher=FEW, **environment):
    """Write a season, build it and return what was said; nothing may be wrong."""
    write(folder, contents(text, publisher=publisher))
    status, out, errors = run(folder, "build", "--now", now, *options, **environment)
    assert (status, errors) == (0, ""), errors
    return out


@pytest.fixture(scope="module")
def _begun(tmp_path_factory):
    """Publish a season."""
    folder = tmp_path_factory.mktemp("begun")
    built(folder)
    return folder


@pytest.fixture
def begun(_begun, tmp_path):
    """Return a folder of the test's own in which a season was published."""
    return shutil.copytree(_begun, tmp_path, symlinks=True, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def _moved(_begun, tmp_path_factory):
    """Publish it again."""
    folder = shutil.copytree(_begun, tmp_path_factory.mktemp("moved"), symlinks=True, dirs_exist_ok=True)
    built(folder, MOVED, SECOND)
    return folder


@pytest.fixture
def moved(_moved, tmp_path):
    """Return a folder of the test's own in which a race was published, and then moved by two hours."""
    return shutil.copytree(_moved, tmp_path, symlinks=True, dirs_exist_ok=True)


def test_check_says_that_nothing_is_wrong(folder):
    """One line with what there is; what is doubtful goes to stderr, and only --strict makes it an error."""
    warning = (
        "calendars/trial/2030/season.toml:1:1: warning: nothing says where this season is known from; add sources "
        "(no-source; accept answers it)\n"
    )
    counts = "calendars: 1 series, 1 season, 2 events, 4 sessions: no problem\n"
    assert run(folder, "check") == (0, counts, warning)
    status, out, errors = run(folder, "check", "--strict")
    assert (status, out) == (1, "")
    assert errors.startswith(warning)


def test_check_names_every_problem_with_its_place(folder):
    """As compilers do; the status is 1."""
    write(folder, contents(SEASON.replace('circuit = "paris"', 'circuit = "pariss"').replace('"race-1"', '"Race 1"')))
    status, out, errors = run(folder, "check")
    assert (status, out) == (1, "")
    assert errors == (
        "calendars/trial/2030/season.toml:24:8: event.okayama.session.#3.id: found 'Race 1'; an id is small "
        "letters, digits and single hyphens, such as race-1\n"
        "calendars/trial/2030/season.toml:33:11: event.paris.circuit: unknown circuit 'pariss', did you mean 'paris'?; "
        "allowed: okayama, paris\n"
        "calendars: 2 problems\n"
    )
    status, out, _errors = run(folder, "check", "--json")
    assert status == 1
    assert json.loads(out)["problems"][0]["file"] == "calendars/trial/2030/season.toml"


def test_a_build_publishes_and_the_next_one_has_nothing_to_do(folder):
    """It says what changed, and that nothing did."""
    write(folder, contents(publisher=FEW))
    status, out, errors = run(folder, "build", "--now", "2030-01-10T12:00:00Z")
    assert (status, errors) == (0, "")
    assert re.match(r"trial: generation 1, (\d+) of \1 documents changed\n  2030: the season: announced\n", out)
    for _again in range(2):
        assert run(folder, "build", "--now", "2030-01-10T13:00:00Z") == (0, "publication: nothing changed\n", "")
    assert json.loads(run(folder, "build", "--json")[1])["changed"] is False


def test_a_build_tells_what_subscribers_are_told(begun):
    """A moved session is one fact."""
    write(begun, contents(SEASON.replace("2030-03-02T13:00:00", "2030-03-03T13:00:00"), publisher=FEW))
    status, out, _errors = run(begun, "build", "--now", "2030-01-11T12:00:00Z")
    assert status == 0
    assert (
        "  2030: okayama.race-1: moved 2030-03-02T04:00:00Z/2030-03-02T08:00:00Z → "
        "2030-03-03T04:00:00Z/2030-03-03T08:00:00Z\n"
    ) in out


def test_a_build_that_would_lose_something_stops_and_says_how_to_go_on(begun):
    """Status 1; what is public stays."""
    write(begun, contents(SEASON[: SEASON.index('[[event]]\nid = "paris"')], publisher=FEW))
    status, out, errors = run(begun, "build", "--now", "2030-01-11T12:00:00Z")
    assert status == 1
    assert "'paris' was published and is not in the definitions any more" in errors
    assert errors.endswith("trial: stays at generation 1\n")
    assert "trial" not in out
    state = json.loads((begun / "publication" / "status.json").read_text())
    assert (state["ok"], [part["part"] for part in state["parts"] if not part["ok"]]) == (False, ["trial"])


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["buld"], 64, "invalid choice: 'buld'"),
        ([], 64, "required: COMMAND"),
        (["build", "--now", "tomorrow"], 64, "'tomorrow' is no instant; write 2026-12-01T00:00:00Z"),
        (["build", "--now", "2030-01-01T00:00:00"], 64, "has no offset; write 2030-01-01T00:00:00Z for UTC"),
        (["build", "--base-url", "example.org"], 64, "does not start with https:// or http://"),
        (["check", "--calendars", "nowhere"], 64, "there is no folder nowhere"),
        (["serve", "--port", "http"], 64, "port is 'http', which is no number"),
        (["watch", "--calendars", "nowhere"], 64, "there is no folder nowhere"),
    ],
)
def test_mistakes_are_answered_with_what_would_be_right(folder, arguments, status, message):
    """No trace, one reason, one hint."""
    found, _out, errors = run(folder, *arguments)
    assert (found, message in errors) == (status, True)
    assert "Traceback" not in errors
    assert "Try: " in errors


def test_an_output_that_cannot_be_written_is_an_input_output_error(folder):
    """Status 74, as sysexits.h has it."""
    (folder / "publication").write_text("a file")
    status, _out, errors = run(folder, "build")
    assert status == 74
    assert "Traceback" not in errors


def test_help_names_every_command(folder):
    """And every command has help of its own."""
    status, out, _errors = run(folder, "--help")
    assert status == 0
    for command in ("check", "build", "plan", "history", "rollback", "recover", "serve", "watch", "schema"):
        assert f"  {command} " in out
        assert run(folder, command, "--help")[0] == 0
    assert run(folder, "--version")[1].startswith("aslms-feeds ")


def test_schema_writes_what_is_stale_and_can_only_look(folder):
    """``--check`` is for a pipeline."""
    assert run(folder, "schema", "--check")[0] == 1
    assert "season.json" in run(folder, "schema")[1]
    assert run(folder, "schema", "--check") == (0, "", "")


def free_port():
    """Return a port nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, seconds=15.0):
    """Return the body at an address, once there is one."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own server
                return answer.read().decode()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@pytest.mark.slow
def test_serve_watch_publishes_an_edit_and_ends_cleanly(folder):
    """From nothing to a page, an edit to a new calendar, a broken edit to none, and both processes end."""
    write(folder, contents(publisher=FEW))
    port = free_port()
    served = subprocess.Popen(
        [*COMMAND, "serve", "--watch", "--settle", "0.2", "--port", str(port)],
        cwd=folder,
        env=UNMEASURED,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}/trial/trial-all.ics"
        assert "DTSTART:20300302T040000Z" in get(address)
        write(folder, contents(SEASON.replace("2030-03-02T13:00:00", "2030-03-02 25:00"), publisher=FEW))
        end = time.monotonic() + 15
        status = folder / "publication/status.json"
        while not status.exists() or json.loads(status.read_bytes())["ok"]:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert "DTSTART:20300302T040000Z" in get(address)
        write(folder, contents(SEASON.replace("2030-03-02T13:00:00", "2030-03-02T15:00:00"), publisher=FEW))
        end = time.monotonic() + 15
        while "DTSTART:20300302T060000Z" not in get(address):
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        served.send_signal(signal.SIGTERM)
        out, errors = served.communicate(timeout=15)
    assert f"Serving publication on http://127.0.0.1:{port}/ (Ctrl-C ends it)" in out
    assert 'failed trial generation=1 error="2 problems"' in errors
    assert "Traceback" not in errors


def test_damaged_generations_are_an_input_output_error(begun):
    """Status 74 for a series whose public generation cannot be read; nothing starts again at SEQUENCE 0."""
    (begun / "publication/series/trial/generations/1/site/manifest.json").unlink()
    write(begun, contents(SEASON.replace("2030-03-02T13:00:00", "2030-03-02T14:00:00"), publisher=FEW))
    status, _out, errors = run(begun, "build")
    assert status == 74
    assert "cannot be read" in errors
    assert "Traceback" not in errors


# --- What has changed, or would -------------------------------------------------------------------------------------

RETIMED = f"  2030: okayama.race-1: retimed {THEN} → {THEN_AFTER}\n"
BACK = f"  2030: okayama.race-1: retimed {THEN_AFTER} → {THEN}\n"
ROLLED_BACK = (
    "trial: rolled back to generation 1, until its definitions change or: aslms-feeds rollback trial --release\n"
)


def test_plan_shows_what_a_build_would_do_and_does_nothing(begun):
    """The whole output: facts with what subscribers read, SEQUENCE, feed items and files; the disk is untouched."""
    write(begun, contents(MOVED, publisher=FEW))
    before = snapshot(begun / "publication")
    status, out, errors = run(begun, "plan", "--now", SECOND)
    assert (status, errors) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    told = lines.index("Calendar event SEQUENCE")
    assert lines[:2] == [
        "trial: 18 files, 1 changed calendar event, 1 feed item",
        "Season Fact What subscribers read In full",
    ]
    row = " ".join(lines[2:told])
    assert row.startswith("2030 okayama.race-1: retimed ")
    assert "4 Hours of Okayama: Race 1: new time" in row
    assert "15:00 – 19:00 at the circuit (06:00 – 10:00 UTC)." in row
    assert lines[told:] == [
        "Calendar event SEQUENCE",
        f"{RACE} 0 → 1",
        "Feed item Headline",
        "2030/change/race-1.okayama.retimed.20300111T120000Z new 4 Hours of Okayama: Race 1: new time",
        "File",
        *("2030/changes.json", "2030/index.html", "2030/okayama/index.html", "2030/okayama/trial-2030-okayama.ics"),
        *("2030/season.json", "2030/trial-2030-all.ics", "2030/trial-2030-races.ics"),
        *(f"changes/{name}" for name in ("atom.xml", "feed.json", "index.html", "rss.xml")),
        "embed.html",
        *(f"everything/{name}" for name in ("atom.xml", "feed.json", "rss.xml")),
        *("index.html", "trial-all.ics", "why/index.html"),
        *("index: 2 files", "File", "index.html", "sitemap.xml"),
    ]
    assert snapshot(begun / "publication") == before


def snapshot(root):
    """Return inode, time and size of everything below a folder."""
    return {str(path): (*path.lstat()[1:2], path.lstat().st_mtime_ns, path.lstat().st_size) for path in root.rglob("*")}


def test_plan_and_build_say_the_same(begun):
    """What a plan announces is what the build of the same instant does: files, facts, revisions."""
    write(begun, contents(MOVED, publisher=FEW))
    planned = json.loads(run(begun, "plan", "--now", SECOND, "--json")[1])
    report = json.loads(run(begun, "build", "--now", SECOND, "--json")[1])
    assert [part["documents"] for part in planned["parts"]] == [part["written"] for part in report["parts"]]
    (fact,) = planned["parts"][0]["facts"]
    assert (fact["what"], fact["from"], fact["to"]) == ("retimed", THEN, THEN_AFTER)
    assert planned["parts"][0]["revisions"] == [{"season": "2030", "uid": RACE, "sequence": {"from": 0, "to": 1}}]
    data = json.loads((begun / "publication/site/trial/2030/changes.json").read_bytes())
    assert [fact["id"] for fact in data["facts"]][-1] == fact["id"]


def test_plan_can_answer_with_its_exit_status(folder):
    """2 when something would change, 0 when nothing would, 1 when the definitions are wrong."""
    write(folder, contents(publisher=FEW))
    assert run(folder, "plan", "--exit-code", "--now", FIRST)[0] == 2
    assert not (folder / "publication").exists()
    built(folder)
    for _again in range(2):
        assert run(folder, "plan", "--exit-code", "--now", FIRST) == (0, "publication: nothing would change\n", "")
        (folder / "publication/last-run").unlink(missing_ok=True)
    write(folder, contents(MOVED, publisher=FEW))
    assert run(folder, "plan", "--exit-code", "--now", SECOND)[0] == 2
    assert run(folder, "plan", "--now", SECOND)[0] == 0
    write(folder, contents(MOVED.replace("hours = 4", "hours = 0"), publisher=FEW))
    status, out, errors = run(folder, "plan", "--exit-code", "--now", SECOND)
    assert (status, out) == (1, "")
    assert len(errors.splitlines()) == 2
    assert "event.okayama.session.race-1.hours: " in errors


def test_plan_shows_a_mass_change_and_build_asks_whether_it_is_meant(begun):
    """The build ends with 1 and the way out; told that it is meant, it publishes what the plan showed."""
    write(begun, contents(SEASON.replace("T1", "T0"), publisher=FEW))
    status, out, errors = run(begun, "plan", "--now", SECOND)
    assert (status, errors) == (0, "")
    assert "4 changed calendar events" in out
    status, out, errors = run(begun, "build", "--now", SECOND)
    assert (status, out) == (1, "")
    assert errors == (
        "calendars/trial/2030/season.toml: event: 4 of 4 coming sessions would move or go at once "
        "(okayama.practice-1, okayama.qualifying-gt, okayama.race-1, …) and nothing says why. If it is a slip, such as "
        "a wrong time zone, mend it; if it is meant, say so with [[event.change]] or [[change]], or a status, or "
        "publish it once with: aslms-feeds build --accept-mass-change\ntrial: stays at generation 1\n"
    )
    status, out, errors = run(begun, "build", "--now", SECOND, "--accept-mass-change")
    assert (status, errors) == (0, "")
    assert out.startswith("trial: generation 2, ")
    assert run(begun, "build", "--now", SECOND) == (0, "publication: nothing changed\n", "")


def test_plan_of_what_is_published_under_another_address(folder):
    """Where the site is was said to the build; a plan that is not told shows the real changes alone."""
    built(folder, SEASON, FIRST, "--base-url", "https://staging.example.org")
    assert run(folder, "plan", "--now", SECOND, "--exit-code") == (0, "publication: nothing would change\n", "")
    write(folder, contents(MOVED, publisher=FEW))
    assert json.loads(run(folder, "plan", "--now", SECOND, "--json")[1])["parts"][0]["revisions"] == [
        {"season": "2030", "uid": RACE, "sequence": {"from": 0, "to": 1}}
    ]
    status, out, _errors = run(folder, "plan", "--now", SECOND, "--base-url", "https://calendar.example.org")
    assert status == 0
    assert "6 changed calendar events" in out


def test_plan_waits_for_nobody(moved):
    """While another process builds, a plan can be made."""
    write(moved, contents(publisher=FEW))
    code = (
        "import sys; from pathlib import Path; from aslms_feeds.publication.stores.local import LocalStore\n"
        "with LocalStore(Path('publication')).lock(): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=moved, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        assert run(moved, "plan", "--now", THIRD, "--exit-code")[0] == 2
        assert run(moved, "build", "--now", THIRD)[0] == 75
        holder.stdin.close()


def test_a_quiet_build_says_nothing_when_nothing_changed(moved):
    """For cron, which mails whatever is said; a change is said."""
    for _again in range(2):
        assert run(moved, "build", "--quiet", "--now", THIRD) == (0, "", "")
        (moved / "publication/last-run").unlink(missing_ok=True)
    write(moved, contents(publisher=FEW))
    assert run(moved, "build", "--quiet", "--now", THIRD)[1].startswith("trial: generation 3, ")


def test_history_lists_what_was_published(moved):
    """Each generation with when, how much and what was told, the newest first; as JSON too."""
    whole = (
        "trial: 2 generations, of which 2 can be gone back to\n"
        "     2  2030-01-11 12:00:00 UTC  18 documents changed\n"
        f"      {RETIMED}"
        "     1  2030-01-10 12:00:00 UTC  42 documents changed\n"
        "        2030: the season: announced\n"
    )
    assert run(moved, "history") == run(moved, "history", "trial") == (0, whole, "")
    folder = json.loads(run(moved, "history", "--json")[1])
    assert [(row["generation"], row["published"], row["documents"]) for row in folder["trial"]] == [
        (1, FIRST, 42),
        (2, SECOND, 18),
    ]


def test_history_before_anything_is_published(folder):
    """It says so."""
    assert run(folder, "history") == (0, "nothing is published\n", "")
    assert run(folder, "history", "--json") == (0, "{}\n", "")


# --- Going back -----------------------------------------------------------------------------------------------------


def test_a_rollback_from_beginning_to_end(moved):
    """Back, held over builds, in the history, and released by an edit; what was public keeps its stamps growing."""
    status, out, errors = run(moved, "rollback", "trial", "--now", THIRD)
    assert (status, errors) == (0, "")
    assert out == (
        f"trial: generation 3, 18 of 42 documents changed\n{BACK}{ROLLED_BACK}"
        "index: generation 3, 2 of 9 documents changed\n  index.html\n  sitemap.xml\n"
    )
    text = (moved / "publication/site/trial/trial-all.ics").read_text()
    assert "DTSTART:20300302T040000Z" in text
    assert race(moved) == ("20300302T040000Z", "2", "20300112T120000Z")
    for day in (13, 20):
        # The first of them looks, the second has its fingerprints.
        status, out, errors = run(moved, "build", "--now", f"2030-01-{day}T12:00:00Z")
        assert (status, errors, out.splitlines()[-1]) == (0, "", "publication: nothing changed")
    assert race(moved) == ("20300302T040000Z", "2", "20300112T120000Z")
    assert "     3  2030-01-12 12:00:00 UTC  18 documents changed, back to 1\n" in run(moved, "history")[1]
    assert json.loads((moved / "publication/status.json").read_bytes())["parts"][0]["back_to"] == 1
    out = built(moved, MOVED.replace("4 Hours of Paris", "Paris 4 Hours"), "2030-01-21T12:00:00Z")
    assert out.startswith("trial: generation 4, ")
    assert RETIMED in out
    assert "rolled back" not in out
    assert race(moved) == ("20300302T060000Z", "3", "20300121T120000Z")


def race(folder):
    """Return DTSTART, SEQUENCE and LAST-MODIFIED of the public race."""
    text = (folder / "publication/site/trial/trial-all.ics").read_text().replace("\n ", "")
    (event,) = [part for part in text.split("BEGIN:VEVENT") if f"UID:{RACE}\n" in part]
    return tuple(
        re.search(rf"^{name}:(.*)$", event, re.MULTILINE)[1] for name in ("DTSTART", "SEQUENCE", "LAST-MODIFIED")
    )


def test_a_rollback_is_released_by_a_word(moved):
    """And said to hold no more; a second word has nothing to release."""
    run(moved, "rollback", "trial", "--to", "1", "--now", THIRD)
    status, out, errors = run(moved, "rollback", "trial", "--release", "--now", "2030-01-13T12:00:00Z")
    assert (status, errors) == (0, "")
    assert out.startswith(f"trial: generation 4, 18 of 42 documents changed\n{RETIMED}index: ")
    assert run(moved, "rollback", "trial", "--release") == (0, "trial: no rollback holds\n", "")
    assert run(moved, "build", "--now", "2030-01-14T12:00:00Z") == (0, "publication: nothing changed\n", "")


def test_events_added_since_stay_cancelled(begun):
    """What fans have in their calendars is called off, not gone."""
    more = SEASON + '\n[[event]]\nid = "extra"\nname = "Extra"\ncircuit = "paris"\nfirst_day = 2030-05-01\n'
    built(begun, more, SECOND)
    out = run(begun, "rollback", "trial", "--now", THIRD)[1]
    assert "  2030: extra: cancelled 2030-05-01/2030-05-02\n" in out
    page = (begun / "publication/site/trial/2030/extra/index.html").read_text()
    assert "Cancelled" in page


def test_going_back_twice_goes_back_twice(moved):
    """The generation before is the one before what is shown, so that a rollback can be repeated."""
    built(moved, MOVED.replace("15:00:00", "16:00:00"), THIRD)
    assert "rolled back to generation 2" in run(moved, "rollback", "trial", "--now", "2030-01-13T12:00:00Z")[1]
    assert "rolled back to generation 1" in run(moved, "rollback", "trial", "--now", "2030-01-14T12:00:00Z")[1]
    assert run(moved, "rollback", "trial")[0] == 64


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["history", "tria"], "no series 'tria' is published in publication", "these are: trial"),
        (
            ["rollback", "tria"],
            "the series 'tria' is not published in publication",
            "aslms-feeds history lists what is",
        ),
        (["rollback", "trial", "--to", "7"], "generation 7 of trial is not there", "these are: 1, 2"),
        (["rollback", "trial", "--to", "0"], "generation 0 of trial is not there", "these are: 1, 2"),
        (["rollback", "trial", "--to", "-1"], "generation -1 of trial is not there", "these are: 1, 2"),
        (
            ["rollback", "index"],
            "'index' is no series: it is made from what they publish",
            "name a series; aslms-feeds history lists them",
        ),
        (
            ["recover", "nowhere"],
            "there is no folder nowhere",
            "name a published folder (it holds sitemap.xml), or an address with https://",
        ),
    ],
)
def test_wrong_usage_of_what_looks_back(moved, arguments, message, hint):
    """Status 64, one reason, one hint, and nothing is published."""
    before = snapshot(moved / "publication/series")
    assert run(moved, *arguments) == (64, "", f"aslms-feeds: {message}\nTry: {hint}\n")
    assert snapshot(moved / "publication/series") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rollback"], "the following arguments are required: SERIES"),
        (["rollback", "trial", "--to", "one"], "argument --to: invalid int value: 'one'"),
        (["rollback", "trial", "--to", "1", "--release"], "argument --release: not allowed with argument --to"),
        (["plan", "--now", "soon"], "argument --now: 'soon' is no instant; write 2026-12-01T00:00:00Z"),
        (["plan", "trial"], "unrecognized arguments: trial"),
    ],
)
def test_arguments_that_are_none(folder, arguments, message):
    """As every command says it."""
    status, out, errors = run(folder, *arguments)
    assert (status, out) == (64, "")
    assert f": {message}\nTry: " in errors


def test_going_back_before_the_first_generation(begun):
    """There is nothing to go back to, and the message says before what."""
    status, _out, errors = run(begun, "rollback", "trial")
    assert status == 64
    assert errors == (
        "aslms-feeds: trial has no generation before 1\nTry: aslms-feeds history lists those that are there\n"
    )


# --- Lost and found -------------------------------------------------------------------------------------------------


def ledger(folder):
    """Return the path of the public ledger."""
    return folder / "publication/series/trial/current/state/ledger/2030.json"


@pytest.mark.parametrize(
    ("command", "damage"),
    [
        *(("build", damage) for damage in ("gone", "empty", "truncated", "edited", "older", "future")),
        ("plan", "edited"),
        ("rollback", "gone"),
    ],
)
def test_a_damaged_ledger_is_explained_and_the_site_untouched(moved, damage, command):
    """Whatever happened to it: status 74, what is wrong, the way out, and what is public stays as it is."""
    path = ledger(moved)
    good = path.read_bytes()
    reason = "is damaged, was edited, or belongs to another generation"
    match damage:
        case "gone":
            path.unlink()
            reason = "is gone"
        case "empty":
            path.write_bytes(b"")
            reason = "is empty"
        case "truncated":
            path.write_bytes(good[: len(good) // 2])
        case "edited":
            path.write_bytes(good.replace(b'"sequence": 1', b'"sequence": 0'))
        case "older":
            path.write_bytes((moved / "publication/series/trial/generations/1/state/ledger/2030.json").read_bytes())
        case _:
            path.write_bytes(re.sub(rb'"format": (\d+)', rb'"format": 1\1', good))
    write(moved, contents(SEASON.replace("13:00:00", "16:00:00"), publisher=FEW))
    before = snapshot(moved / "publication/series"), snapshot(moved / "publication/index")
    status, out, errors = run(moved, command, *(["trial"] if command == "rollback" else []), "--now", THIRD)
    assert (status, out) == (74, "")
    lines = errors.splitlines()
    assert lines[0] == f"trial: ledger/2030.json of trial, generation 2, {reason}; nothing is published"
    assert lines[1].startswith("Try: aslms-feeds recover rebuilds it from what is published")
    assert lines[2:] == ([] if command == "plan" else ["trial: stays at generation 2"])
    assert (snapshot(moved / "publication/series"), snapshot(moved / "publication/index")) == before
    assert run(moved, "recover")[0] == 0
    assert ledger(moved).read_bytes() == good


def test_after_a_recovery_an_edit_goes_on_where_the_ledger_was(moved):
    """With the SEQUENCE after the one that was lost."""
    write(moved, contents(SEASON.replace("13:00:00", "16:00:00"), publisher=FEW))
    ledger(moved).unlink()
    assert run(moved, "build", "--now", THIRD)[0] == 74
    assert run(moved, "recover")[0] == 0
    status, _out, errors = run(moved, "build", "--now", THIRD)
    assert (status, errors) == (0, "")
    assert race(moved) == ("20300302T070000Z", "2", "20300112T120000Z")


def test_recover_from_what_is_public_here(moved):
    """The whole output; the next build goes on."""
    ledger(moved).unlink()
    assert run(moved, "recover") == (
        0,
        "trial: generation 3, 42 documents, 1 ledger\nindex: generation 3, 9 documents\n"
        "Now publish what the definitions say: aslms-feeds build\n",
        "",
    )
    assert run(moved, "build", "--now", THIRD) == (0, "publication: nothing changed\n", "")
    assert race(moved) == ("20300302T060000Z", "1", "20300111T120000Z")


def test_recover_everything_from_a_folder(moved):
    """A copy of the web root, on a machine that has nothing else."""
    shutil.copytree(moved / "publication/site", moved / "copy", symlinks=False)
    shutil.rmtree(moved / "publication")
    status, out, errors = run(moved, "recover", "copy")
    assert (status, errors) == (0, "")
    assert out.startswith("trial: generation 2, 42 documents, 1 ledger\n")
    assert run(moved, "history")[1] == (
        "trial: 1 generation, of which 1 can be gone back to\n     2  2030-01-11 12:00:00 UTC  42 documents changed\n"
    )
    assert run(moved, "rollback", "trial")[0] == 64
    assert run(moved, "plan", "--now", THIRD, "--exit-code") == (0, "publication: nothing would change\n", "")
    built(moved, SEASON, THIRD)
    assert race(moved) == ("20300302T040000Z", "2", "20300112T120000Z")


def test_recover_refuses_an_older_publication(moved):
    """A stale copy would take stamps back."""
    shutil.copytree(moved / "publication/site", moved / "copy", symlinks=False)
    built(moved, SEASON, THIRD)
    before = snapshot(moved / "publication/series")
    assert run(moved, "recover", "copy") == (
        74,
        "",
        "aslms-feeds: generation 3 of trial is here, and only 2 was found: stamps would go back\n"
        "Try: recover from what was published last; without an address: from here\n",
    )
    assert snapshot(moved / "publication/series") == before
    # The next build looks again, and finds nothing amiss.
    assert run(moved, "build", "--now", "2030-01-13T12:00:00Z") == (0, "publication: nothing changed\n", "")


@pytest.mark.parametrize("arguments", [["calendars"], ["copy", "--series", "cup"], ["copy", "--series", "index"]])
def test_recover_that_finds_nothing_is_an_error(moved, arguments):
    """Whoever builds after it would begin at SEQUENCE 0: a pipeline must stop here."""
    shutil.copytree(moved / "publication/site", moved / "copy", symlinks=False)
    shutil.rmtree(moved / "publication")
    status, out, errors = run(moved, "recover", *arguments)
    assert status in (64, 74)
    assert "Now publish" not in out
    assert "Try: " in errors
    assert "Traceback" not in errors


@contextmanager
def serving(folder, output):
    """Serve a publication with the command and yield its address."""
    port = free_port()
    command = [*COMMAND, "serve", "--output", output, "--port", str(port)]
    served = subprocess.Popen(
        command, cwd=folder, env=UNMEASURED, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        get(f"http://127.0.0.1:{port}/manifest.json")
        yield f"http://127.0.0.1:{port}"
    finally:
        served.send_signal(signal.SIGTERM)
        _out, errors = served.communicate(timeout=15)
    assert "Traceback" not in errors


@pytest.mark.slow
def test_recover_everything_from_a_deployed_site(moved):
    """Over HTTP, from our own server: all comes back to the byte, and a stale site is refused."""
    shutil.move(moved / "publication", moved / "deployed")
    with serving(moved, "deployed") as address:
        assert run(moved, "recover", f"{address}/") == (
            0,
            "trial: generation 2, 42 documents, 1 ledger\nindex: generation 2, 9 documents\n"
            "Now publish what the definitions say: aslms-feeds build\n",
            "",
        )
        for path in (moved / "deployed/site").rglob("*"):
            if path.is_file():
                assert (
                    moved / "publication/site" / path.relative_to(moved / "deployed/site")
                ).read_bytes() == path.read_bytes()
        status, out, errors = run(moved, "recover", f"{address}/trial")
        assert (status, out) == (74, "trial: nothing is published there\n")
        assert "Traceback" not in errors
        built(moved, SEASON, THIRD)
        assert race(moved) == ("20300302T040000Z", "2", "20300112T120000Z")
        status, _out, errors = run(moved, "recover", address)
        assert (status, errors.splitlines()[0]) == (
            74,
            "aslms-feeds: generation 3 of trial is here, and only 2 was found: stamps would go back",
        )


def test_recover_from_a_wrong_address(moved):
    """Nobody answers (74), or it is no address to ask (64): the message names it, and nothing is touched."""
    before = snapshot(moved / "publication/series")
    port = free_port()
    for address, expected, message in (
        (f"http://127.0.0.1:{port}", 74, f"http://127.0.0.1:{port}/trial/manifest.json: cannot be reached: "),
        ("http://calendar.example.org", 64, "http://calendar.example.org/trial/manifest.json: is not an https address"),
        ("ftp://127.0.0.1", 64, "ftp://127.0.0.1/trial/manifest.json: is not an https address"),
    ):
        status, out, errors = run(moved, "recover", address)
        assert (status, out) == (expected, "")
        assert errors.startswith(f"aslms-feeds: {message}")
        assert "Traceback" not in errors
    assert snapshot(moved / "publication/series") == before


# --- A machine that forgets -----------------------------------------------------------------------------------------


def public(folder, output="publication"):
    """Return every file that is public, with the second it was last changed."""
    site = folder / output / "site"
    found = {}
    for root, _folders, files in os.walk(site, followlinks=True):
        for name in files:
            path = os.path.join(root, name)  # noqa: PTH118 - os.walk speaks in text
            with open(path, "rb") as file:  # noqa: PTH123 - the same
                found[os.path.relpath(path, site)] = (file.read(), os.stat(path).st_mtime)  # noqa: PTH116 - the same
    return found


RENAMED = 'formerly = ["2030"]\n' + MOVED
STEPS = [
    (SEASON, "2030", SERIES),
    (MOVED, "2030", SERIES),
    (MOVED, "2030", SERIES.replace("royalblue", "crimson")),
    (RENAMED, "season-1", SERIES.replace("royalblue", "crimson")),
    (RENAMED, "season-1", SERIES.replace("royalblue", "crimson")),
    (RENAMED.replace("15:00:00", "16:00:00"), "season-1", SERIES),
    (RENAMED.replace("16:00:00", "15:00:00"), "season-1", SERIES),
]
"""A season, moved, in other colours, renamed, unchanged, moved again, and back."""


def step(folder, number):
    """Write the definitions of a step and return its instant."""
    text, name, series = STEPS[number]
    shutil.rmtree(folder / "calendars")
    write(folder, contents(text, name=name, series=series, publisher=FEW))
    return f"2030-01-{10 + number}T12:00:00Z"


def test_a_pipeline_that_forgets_publishes_what_a_disk_would(folder):
    """With its memory in a folder of its own and OUTPUT thrown away each time: the same bytes, stamps and times."""
    # That it is moved comes together with its other colours.
    for number in (0, 2, 3, 4, 5, 6):
        now = step(folder, number)
        separate = run(folder, "build", "--now", now, "--output", "kept")
        shutil.rmtree(folder / "publication", ignore_errors=True)
        forgotten = run(folder, "build", "--now", now, "--state", "memory")
        assert (separate[0], forgotten[0]) == (0, 0), (separate, forgotten)
        assert forgotten[1].replace("publication:", "kept:") == separate[1]
        expected, found = public(folder, "kept"), public(folder)
        assert found.keys() == expected.keys()
        assert [path for path in expected if expected[path] != found[path]] == []
    assert {"trial/2030/season.json", "trial/season-1/season.json"} <= public(folder).keys()
    assert json.loads(run(folder, "history", "--state", "memory", "--json")[1])["trial"][-1]["generation"] == 5


def test_a_pipeline_may_keep_its_memory_in_the_environment(folder):
    """As every option; a build that has nothing to do remembers, too."""
    built(folder, SEASON, FIRST, ASLMS_FEEDS_STATE="memory")
    shutil.rmtree(folder / "memory")
    assert run(folder, "build", "--now", SECOND, ASLMS_FEEDS_STATE="memory")[0] == 0
    shutil.rmtree(folder / "publication")
    built(folder, MOVED, THIRD, ASLMS_FEEDS_STATE="memory")
    assert race(folder) == ("20300302T060000Z", "1", "20300112T120000Z")


@pytest.fixture(scope="module")
def _remembered(tmp_path_factory):
    """Publish with a memory, and write an edit; publish both without one, too."""
    folder = tmp_path_factory.mktemp("remembered")
    write(folder, contents(publisher=FEW))
    for number in (0, 1):
        now = step(folder, number)
        assert run(folder, "build", "--now", now, "--output", "kept")[0] == 0
        if number == 0:
            assert run(folder, "build", "--now", now, "--state", "memory")[0] == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("switches", [0, 1])
@pytest.mark.parametrize("forgets", [True, False])
def test_a_pipeline_killed_between_its_two_writes(_remembered, tmp_path, switches, forgets):
    """What was remembered and not published comes out as it was remembered, whatever the next run's clock says."""
    folder = shutil.copytree(_remembered, tmp_path, symlinks=True, dirs_exist_ok=True)
    if forgets:
        shutil.rmtree(folder / "publication")

    def build_and_die():
        left, real = switches, LocalStore.switch

        def switch(self, *arguments):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            real(self, *arguments)

        LocalStore.switch = switch
        os.chdir(folder)
        cli_commands.main(["build", "--now", SECOND, "--state", "memory"])

    assert child(build_and_die) == KILLED
    if forgets:
        shutil.rmtree(folder / "publication")
    status, _out, errors = run(folder, "build", "--now", "2030-01-20T12:00:00Z", "--state", "memory")
    assert (status, errors) == (0, "")
    expected, found = public(folder, "kept"), public(folder)
    # The index is published after the series: where it was not remembered yet, it is as late as the second run.
    late = {path for path in expected if "/" not in path} if switches == 0 else set()
    assert found.keys() == expected.keys()
    assert {path for path in expected if expected[path] != found[path]} <= late
    assert race(folder) == ("20300302T060000Z", "1", "20300111T120000Z")


def test_a_memory_older_than_what_is_public_is_refused(moved):
    """A pipeline that did not push its memory: status 74, both numbers, and the site stays."""
    shutil.rmtree(moved / "publication")
    built(moved, SEASON, FIRST, "--state", "memory")
    shutil.copytree(moved / "memory", moved / "stale")
    built(moved, MOVED, SECOND, "--state", "memory")
    write(moved, contents(SEASON.replace("13:00:00", "16:00:00"), publisher=FEW))
    before = snapshot(moved / "publication/series")
    status, _out, errors = run(moved, "build", "--now", THIRD, "--state", "stale")
    assert status == 74
    assert errors.startswith(
        "trial: stale/trial remembers generation 1 of trial, and generation 2 is public: stamps would go back\n"
        "Try: take the newest stale; "
    )
    assert snapshot(moved / "publication/series") == before


def test_a_plan_with_a_memory_writes_nothing(folder):
    """Neither into the memory nor where the publication was."""
    built(folder, SEASON, FIRST, "--state", "memory")
    shutil.rmtree(folder / "publication")
    before = snapshot(folder)
    plan = ("plan", "--state", "memory", "--exit-code", "--now", SECOND)
    assert run(folder, *plan) == (0, "publication: nothing would change\n", "")
    assert snapshot(folder) == before
    write(folder, contents(MOVED, publisher=FEW))
    before = snapshot(folder)
    status, out, errors = run(folder, *plan)
    assert (status, errors) == (2, "")
    assert f"{RACE}  0 → 1" in out
    assert snapshot(folder) == before

"""One build for the service: what it notes, what it says in its last line, and how it ends."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contracts.services import PATIENCE, alive, until

import aslms_feeds
from aslms_feeds.builds import log
from aslms_feeds.builds.attempt import Attempt, command_arguments
from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.builds.subprocess import BUSY, FAULT, WAIT_OPTION, Outcome, log_report, run_build
from aslms_feeds.errors import Busy, PublicationError, Superseded
from aslms_feeds.processes import command_of
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.settings import Settings
from seasons import NOW, SEASON, contents

pytestmark = pytest.mark.slow


DUE = datetime(2030, 3, 1, tzinfo=UTC)


@pytest.fixture
def noted():
    """Log as JSON, and return what reads the events noted since it was asked last."""
    root, package_logger = logging.getLogger(), logging.getLogger("aslms_feeds.builds.log")
    before = root.handlers[:], root.level, package_logger.level
    stream = io.StringIO()
    log.start_log("json", stream)

    def new() -> list[dict]:
        rows = [json.loads(line) for line in stream.getvalue().splitlines()]
        stream.seek(0)
        stream.truncate()
        return rows

    yield new
    root.handlers[:], level, own_level = before
    root.setLevel(level)
    package_logger.setLevel(own_level)
    logging.captureWarnings(capture=False)


def attempted(build, capsys) -> tuple[int, Outcome | None]:
    """Return the status and the last line of a build."""
    number = run_build(
        build,
        find_next_due=lambda: DUE,
        find_warnings=lambda: ("w",),
        status_of=lambda error: BUSY * isinstance(error, Busy) or 74,
    )
    return number, Outcome.parse(capsys.readouterr().out)


def built(files, store=None):
    """Return the report of a build."""
    return regenerate(store or MemoryStore(), files, now=NOW)


@pytest.mark.parametrize(
    "outcome", [Outcome(), Outcome(changed=True, retry=True, next_due=DUE, warnings=("a\nb", "ü"), seconds=2.5)]
)
def test_a_last_line_says_everything(outcome):
    """It comes back as it was, whatever was printed before it."""
    assert "\n" not in outcome.format_line()
    assert Outcome.parse(f"chat\n{outcome.format_line()}\n") == outcome


@pytest.mark.parametrize("text", ["", "\n", "chat", "[]", "[1, 2, 3, 4]", '[true, false, "soon", [], 0]', "{}", "null"])
def test_a_process_that_says_nothing_has_died(text):
    """Whatever else it printed."""
    assert Outcome.parse(text) is None


def test_a_build_with_something_to_do(capsys):
    """Status 0; it says when the next one is due, how long it worked, and what will need attention."""
    number, outcome = attempted(lambda: built(contents()), capsys)
    assert number == 0
    assert outcome.seconds > 0
    due = built(contents()).next_due
    assert outcome._replace(seconds=0) == Outcome(changed=True, retry=False, next_due=due, warnings=("w",))


def test_a_build_with_nothing_to_do(capsys):
    """Status 0; what is due is what the last run noted."""
    assert attempted(lambda: None, capsys) == (0, Outcome(next_due=DUE, warnings=("w",)))


def test_wrong_definitions_are_not_tried_again(capsys):
    """Status 1; only an edit mends them."""
    files = {**contents(), "trial/2030/season.toml": b"nmae = 1"}
    number, outcome = attempted(lambda: built(files), capsys)
    assert (number, outcome.retry) == (1, False)


def test_what_another_try_may_mend_is_tried_again(capsys, noted):
    """A store that cannot be used, and a fault of the program: told with a reason, and not what is due."""

    def no_room():
        raise PublicationError("no room", hint="make some")

    def fault():
        raise ZeroDivisionError("a fault")

    assert attempted(no_room, capsys) == (74, Outcome(retry=True))
    assert attempted(fault, capsys) == (FAULT, Outcome(retry=True))
    with pytest.raises(PublicationError):
        no_room()


@pytest.mark.parametrize("kind", [Busy, Superseded])
def test_who_meets_another_build_says_nothing(capsys, kind):
    """Status 75: it has no news, and the service tries again in a moment."""

    def busy():
        raise kind("another build is at work")

    assert attempted(busy, capsys) == (BUSY, None)


def test_failures_are_noted(noted):
    """With what to do about them; a fault with its traceback."""

    def no_room():
        raise PublicationError("no room", hint="make some")

    def fault():
        raise ZeroDivisionError("a fault")

    for build in (no_room, fault):
        run_build(build, find_next_due=lambda: None, find_warnings=tuple, status_of=lambda _error: 74)
    first, second = noted()
    assert (first["event"], first["error"], first["hint"]) == ("failed", "no room", "make some")
    assert (second["event"], second["level"]) == ("log", "error")
    assert "ZeroDivisionError: a fault" in second["traceback"]


def test_what_a_build_did_is_noted(noted):
    """Each part that was published, each fact; each problem at its place, and the part that stays."""
    store = MemoryStore()
    log_report(built(contents(), store))
    rows = noted()
    assert [(row["event"], row["subject"]) for row in rows] == [
        ("build", "trial"),
        ("fact", "trial"),
        ("build", "index"),
    ]
    assert (rows[0]["generation"], rows[0]["facts"], rows[0]["written"]) == (1, 1, rows[0]["documents"])
    assert (rows[1]["what"], rows[1]["season"], rows[1]["headline"]) == (
        "announced",
        "2030",
        "2030 Test Series announced",
    )
    moved = SEASON.replace("2030-03-02T13:00", "2030-03-02T15:00")
    log_report(built(contents(moved), store))
    (fact,) = [row for row in noted() if row["event"] == "fact"]
    keys = ("what", "meeting", "session", "before", "after")
    assert [fact[key] for key in keys] == [
        "retimed",
        "okayama",
        "race-1",
        "2030-03-02T04:00:00Z/2030-03-02T08:00:00Z",
        "2030-03-02T06:00:00Z/2030-03-02T10:00:00Z",
    ]
    log_report(built({**contents(), "trial/2030/season.toml": b"nmae = 1"}, store))
    *problems, failed = noted()
    assert [(row["event"], row["file"], row["line"]) for row in problems] == [
        ("problem", "calendars/trial/2030/season.toml", 1),
        ("problem", "calendars/trial/2030/season.toml", 1),
    ]
    assert (failed["event"], failed["subject"], failed["generation"], failed["error"]) == (
        "failed",
        "trial",
        2,
        "2 problems",
    )
    log_report(built({**contents(), "trial/2030/season.toml": f"{SEASON}\nsurprise = 1".encode()}, store))
    problem, failed = noted()
    assert (problem["event"], failed["error"]) == ("problem", "1 problem")


def test_nothing_done_is_nothing_noted(noted):
    """A build that looked again and found all as it was has no news."""
    store = MemoryStore()
    built(contents(), store)
    log_report(built(contents(), store))
    assert noted() == []


def test_settings_go_with_the_command(tmp_path):
    """A child works with the settings of its parent, and not with what lies where it was started."""
    settings = Settings(tmp_path, tmp_path / "o", "https://a.example", tmp_path / "s", log_format="json")
    assert command_arguments("build", settings) == [
        "build",
        "--parent",
        str(os.getpid()),
        "--calendars",
        str(tmp_path),
        "--output",
        f"{tmp_path}/o",
        "--log-format",
        "json",
        "--base-url",
        "https://a.example",
        "--state",
        f"{tmp_path}/s",
    ]


@pytest.fixture
def loaded(tmp_path):
    """Return a copy of the package, a folder of definitions, and what starts a build of both that is held."""
    package = Path(aslms_feeds.__file__).parent
    shutil.copytree(package, tmp_path / "copy/aslms_feeds", ignore=shutil.ignore_patterns("__pycache__"))
    for path, data in contents().items():
        (tmp_path / "calendars" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "calendars" / path).write_bytes(data)
    settings = Settings(tmp_path / "calendars", tmp_path / "output")
    command = command_of("aslms_feeds", *command_arguments("build", settings, WAIT_OPTION))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "copy"), "PYTHONDONTWRITEBYTECODE": "1"}
    started = []

    def start():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started.append(subprocess.Popen(command, env=environment, text=True, **pipes))
        until(lambda: "pydantic_core" in Path(f"/proc/{started[-1].pid}/maps").read_text())
        return started[-1]

    yield tmp_path, environment, start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("installed", [False, True])
def test_a_build_that_was_held_publishes_with_what_is_installed(loaded, installed):
    """What is installed while it is held counts: the next run finds that everything is as it should be."""
    folder, environment, start = loaded
    child = start()
    if installed:
        style = folder / "copy/aslms_feeds/render/pages/static/site.css"
        style.write_text(f"{style.read_text()}/* newer */")
    output, _errors = child.communicate("\n", PATIENCE)
    assert Outcome.parse(output).changed
    assert child.returncode == 0
    styles = [path.read_text() for path in (folder / "output/site").resolve().glob("assets/*.css")]
    assert any("/* newer */" in text for text in styles) is installed
    place = ["--calendars", folder / "calendars", "--output", folder / "output"]
    again = [sys.executable, "-P", "-m", "aslms_feeds", "build", *place]
    process = subprocess.run(again, env=environment, capture_output=True, text=True, check=True)
    assert process.stdout.endswith("nothing changed\n")


def test_a_build_that_was_held_and_is_not_wanted_does_nothing(loaded):
    """It has read nothing, and writes nothing."""
    folder, _environment, start = loaded
    child = start()
    assert child.communicate(timeout=PATIENCE)[0] == ""
    assert child.returncode == 0
    assert not (folder / "output").exists()


def test_waiting_ends_at_the_instant():
    """A build waits while its moment is ahead, and one without a moment never does."""
    build = Attempt(None, DUE)
    assert build.waits(DUE - timedelta(seconds=1))
    assert not build.waits(DUE - timedelta(seconds=1), 1)
    assert not build.waits(DUE)
    assert not Attempt(None, None).waits(DUE)


def test_a_child_does_not_outlive_its_parent():
    """However the parent ends: the child is told to, as by SIGTERM."""
    code = (
        "import os, sys, threading; from aslms_feeds.builds.subprocess import end_with_parent; "
        "end_with_parent(os.getppid()); {}"
    )
    parent_code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); child.wait()"
    )
    forever = code.format("print('here', flush=True); threading.Event().wait()")
    with subprocess.Popen([sys.executable, "-c", parent_code, forever], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.send_signal(signal.SIGKILL)
    until(lambda: not alive(child))


def test_a_child_whose_parent_has_gone_before_ends_too():
    """It looks at once."""
    code = (
        "import threading; from aslms_feeds.builds.subprocess import end_with_parent; "
        "end_with_parent(1 << 30); threading.Event().wait()"
    )
    process = subprocess.run([sys.executable, "-c", code], check=False, timeout=PATIENCE)
    assert process.returncode == -signal.SIGTERM

"""The command as its users meet it: whole output, exit statuses, mistakes included."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing

import pytest

from seasons import SEASON, contents

COMMAND = [sys.executable, "-m", "aslms_feeds"]


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
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


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
    status, out, errors = run(folder, "build", "--now", "2030-01-10T12:00:00Z")
    assert (status, errors) == (0, "")
    assert re.match(r"trial: generation 1, (\d+) of \1 documents changed\n  2030: the season: announced\n", out)
    for _again in range(2):
        assert run(folder, "build", "--now", "2030-01-10T13:00:00Z") == (0, "publication: nothing changed\n", "")
    assert json.loads(run(folder, "build", "--json")[1])["changed"] is False


def test_a_build_tells_what_subscribers_are_told(folder):
    """A moved session is one fact."""
    run(folder, "build", "--now", "2030-01-10T12:00:00Z")
    write(folder, contents(SEASON.replace("2030-03-02T13:00:00", "2030-03-03T13:00:00")))
    status, out, _errors = run(folder, "build", "--now", "2030-01-11T12:00:00Z")
    assert status == 0
    assert (
        "  2030: okayama.race-1: moved 2030-03-02T04:00:00Z/2030-03-02T08:00:00Z → "
        "2030-03-03T04:00:00Z/2030-03-03T08:00:00Z\n"
    ) in out


def test_a_build_that_would_lose_something_stops_and_says_how_to_go_on(folder):
    """Status 1; what is public stays."""
    run(folder, "build", "--now", "2030-01-10T12:00:00Z")
    write(folder, contents(SEASON[: SEASON.index('[[event]]\nid = "paris"')]))
    status, out, errors = run(folder, "build", "--now", "2030-01-11T12:00:00Z")
    assert status == 1
    assert "'paris' was published and is not in the definitions any more" in errors
    assert errors.endswith("trial: stays at generation 1\n")
    assert "trial" not in out
    state = json.loads((folder / "publication" / "status.json").read_text())
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
    for command in ("check", "build", "serve", "watch", "schema"):
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


def test_serve_watch_publishes_an_edit_and_ends_cleanly(folder):
    """From nothing to a page, an edit to a new calendar, a broken edit to none, and both processes end."""
    port = free_port()
    served = subprocess.Popen(
        [*COMMAND, "serve", "--watch", "--settle", "0.2", "--port", str(port)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}/trial/trial-all.ics"
        assert "DTSTART:20300302T040000Z" in get(address)
        write(folder, contents(SEASON.replace("2030-03-02T13:00:00", "2030-03-02 25:00")))
        time.sleep(1.5)
        assert "DTSTART:20300302T040000Z" in get(address)
        write(folder, contents(SEASON.replace("2030-03-02T13:00:00", "2030-03-02T15:00:00")))
        end = time.monotonic() + 15
        while "DTSTART:20300302T060000Z" not in get(address):
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        served.send_signal(signal.SIGTERM)
        out, errors = served.communicate(timeout=15)
    assert f"Serving publication on http://127.0.0.1:{port}/ (Ctrl-C ends it)" in out
    assert "trial: stays at generation 1" in errors
    assert "Traceback" not in errors


def test_damaged_generations_are_an_input_output_error(folder):
    """Status 74 for a series whose public generation cannot be read; nothing starts again at SEQUENCE 0."""
    run(folder, "build", "--now", "2030-01-10T12:00:00Z")
    (folder / "publication/series/trial/generations/1/site/manifest.json").unlink()
    write(folder, contents(SEASON.replace("2030-03-02T13:00:00", "2030-03-02T14:00:00")))
    status, _out, errors = run(folder, "build")
    assert status == 74
    assert "cannot be read" in errors
    assert "Traceback" not in errors

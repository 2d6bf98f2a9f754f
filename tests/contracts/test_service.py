"""The service as its operator meets it: real processes, a real clock, edits, kills, and a second service beside it."""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import commands
import pytest
from contracts.crashing import leftovers, stamps, whole
from contracts.services import FEW, PATCHED, PATIENCE, Service, alive, children, edit, stop, until, watching, write

from aslms_feeds.publication.stores.local import LocalStore
from seasons import SEASON, contents

SOON = PATCHED.format(seconds=0.5, grace=10)
"""A service that tries again, after a failure, in half a second instead of a minute."""
TURNS = int(os.environ.get("ASLMS_FEEDS_TURNS", "5"))
"""Services that are told to end at a random moment; the environment may ask for more, up to 15."""
EDITS = 2
"""Edits that two services meet on."""
STREET_RACE = "Midnight Street Race"
STREET = """
[[event]]
id = "street"
name = "{name}"
embargo = {embargo:%Y-%m-%dT%H:%M:%SZ}
  [[event.session]]
  id = "race"
  kind = "race"
  start = 2030-05-05
"""


@pytest.fixture
def calendars(tmp_path):
    """Return a calendars folder with one series."""
    return write(tmp_path / "calendars")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a publication of that folder, and how many seconds a process needs on this machine to build it."""
    place = tmp_path_factory.mktemp("built")
    write(place / "calendars")
    began = time.monotonic()
    command = [sys.executable, "-m", "aslms_feeds", "build", "--output", "output"]
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    subprocess.run(command, cwd=place, env=environment, check=True)
    seconds = time.monotonic() - began
    known(place / "output")  # for which a process is loaded when it is asked for the first time
    return place / "output", seconds


@pytest.fixture
def output(built, tmp_path):
    """Return a copy of it: a service that begins with it has nothing to do until something is edited, or due."""
    shutil.copytree(built[0], tmp_path / "output", symlinks=True)
    return tmp_path / "output"


def known(output: Path) -> None:
    """Let the definitions beside a publication be known to it, without what waits in them, before a service is."""
    assert commands.run(output.parent, "build", "--output", "output").status == 0


@pytest.fixture
def soon(built):
    """Return a whole second to come, after as much time as a service needs to begin and to build more than once.

    That is one that is not measured: what is measured takes twice as long.
    """
    return in_a_while(math.ceil(3 + 3 * built[1]))


def races(service: Service) -> str:
    """Return the public calendar of races."""
    return (service.output / "site/trial/trial-races.ics").read_text()


def in_a_while(seconds: int) -> datetime:
    """Return a whole second to come."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


# --- Edits and schedule ----------------------------------------------------------------------------------------------


def test_from_an_edit_to_the_publication(calendars, output):
    """Each step is noted, in this order, and an edit that changes nothing of the definitions publishes nothing."""
    with watching(calendars, output) as service:
        assert service.rests()["changed"] is False
        before = len(service.rows)
        edit(calendars, 14)
        service.rests(before)
        events = service.events()[before:]
        assert events in (
            ["edit", "begun", "build", "fact", "ended"],
            ["edit", "begun", "build", "fact", "build", "ended"],
        )
        assert service.rows[before + 1]["subject"] == "edit"
        ended = service.rows[-1]
        assert (ended["status"], ended["changed"], ended["dropped"]) == (0, True, False)
        assert ended["due"] == service.status()["next_due"]
        before = len(service.rows)
        edit(calendars, 14)
        assert service.rests(before)["changed"] is False
        assert service.generation() == 2


def test_every_line_is_an_event_with_its_keys(calendars, output):
    """Whatever happens, the log is one JSON object a line, and an event has the same keys each time."""
    with watching(calendars, output, measured=False) as service:
        service.rests()
        for hour in (14, "x", 15):
            before = len(service.rows)
            edit(calendars, hour)
            service.rests(before)
        service.process.terminate()
        service.process.wait(PATIENCE)
        service.tells("stopped")
    assert service.other == []
    keys: dict[str, set[str]] = {}
    for row in service.rows:
        assert list(row)[:4] == ["at", "level", "event", "subject"]
        assert keys.setdefault(row["event"], set(row)) == set(row)
    assert keys.keys() == {
        *("started", "begun", "build", "fact", "edit", "problem", "failed", "ended", "stopping", "stopped")
    }


def test_a_broken_file_keeps_its_series_and_no_other(calendars, tmp_path):
    """The other series goes on; log and status name the file, and the series is back when it is mended."""
    for path, body in _cup(calendars):
        path.write_bytes(body)
    with watching(calendars, tmp_path / "output", measured=False) as service:
        service.reaches(1, "cup")
        service.rests()
        before = len(service.rows)
        season = calendars / "trial/2030/season.toml"
        season.write_text(SEASON[: len(SEASON) // 2])
        definition = calendars / "cup/2030/season.toml"
        definition.write_text(SEASON.replace("03-02T13:00", "03-02T15:00"))
        service.tells("failed", before, subject="trial", generation=1)
        service.reaches(2, "cup")
        ended = service.rests(before)
        assert ended["status"] == 1
        status = service.status()
        assert status["ok"] is False
        assert {part["part"]: part["ok"] for part in status["parts"]} == {"cup": True, "trial": False, "index": True}
        assert service.tells("problem", before)["file"] == str(season)
        assert "retry" not in {row["subject"] for row in service.rows if row["event"] == "job"}
        good = status["last_good"]
        before = len(service.rows)
        season.write_text(SEASON)
        service.rests(before)
        assert service.status()["ok"] is True
        assert service.status()["last_good"] >= good


def _cup(calendars: Path) -> list[tuple[Path, bytes]]:
    leaks = []
    for path, body in contents(publisher=FEW).items():
        if path.startswith("trial/"):
            place = calendars / path.replace("trial/", "cup/")
            place.parent.mkdir(parents=True, exist_ok=True)
            leaks.append((place, body))
    return leaks


def test_the_schedule_is_taken_from_publisher_toml(calendars, output):
    """A line that is added there is a job; a wrong one is a problem at its place, and the jobs stay."""
    publisher = calendars / "publisher.toml"
    with watching(calendars, output) as service:
        service.rests()
        before = len(service.rows)
        publisher.write_text(f'schedule = ["* * * * *"]\n{FEW}')
        assert service.tells("schedule", before)["lines"] == "* * * * *"
        before = len(service.rows)
        publisher.write_text(f'schedule = ["* * * *"]\n{FEW}')
        problem = service.tells("problem", before)
        assert (problem["line"], problem["where"]) == (1, "schedule.#1")
        assert problem["message"].startswith("'* * * *' has 4 fields; wanted are five")


# --- Loaded ahead ----------------------------------------------------------------------------------------------------


def loaded(pid: int) -> bool:
    """Say whether a process has loaded what makes documents."""
    with suppress(OSError):
        return "pydantic_core" in Path(f"/proc/{pid}/maps").read_text()
    return False


def held(service: Service) -> int:
    """Wait for the build that is held for an edit, loaded, and return its process."""
    (pid,) = until(lambda: children(service.process.pid, b"--held"), service.rows)
    until(lambda: loaded(pid), service.rows)
    return pid


def test_a_build_is_loaded_while_an_edit_has_to_stand(calendars, output):
    """One process for all edits of a moment; it reads definitions and clock when the last one has stood."""
    with watching(calendars, output, measured=False, settle=4) as service:
        service.rests()
        before = len(service.rows)
        edit(calendars, 14)
        service.tells("edit", before)
        pid = held(service)
        edit(calendars, 15)
        later = len(service.rows)
        last = datetime.now(UTC)
        service.tells("edit", later)
        assert held(service) == pid
        assert service.generation() == 1
        begun = service.tells("begun", later)
        service.rests(later)
        assert begun["subject"] == "edit"
        assert "DTSTART:20300302T060000Z" in races(service)
        stamp = re.search(r"UID:race-1\..*?LAST-MODIFIED:(\w+)", races(service), re.DOTALL)[1]
        assert stamp >= f"{last + timedelta(seconds=3):%Y%m%dT%H%M%SZ}"
        assert service.events()[before:].count("begun") == 1
        assert not alive(pid)


def test_a_build_that_is_held_leaves_with_its_service(calendars, output):
    """Told to end, or killed, while an edit has to stand: nothing of the edit is public, and nobody is left."""
    for number, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        with watching(calendars, output, settle=300) as service:
            service.rests()
            edit(calendars, 14)
            pid = held(service)
            stop(service.process.pid, number)
            assert service.process.wait(PATIENCE) == status
            until(lambda pid=pid: not alive(pid))
            assert service.generation() == 1
            assert service.other == []
            assert "died" not in service.events()
        edit(calendars, 13)


def test_a_build_that_dies_while_it_is_held_is_begun_afresh(calendars, output):
    """It had nothing to do yet, so nobody is told."""
    with watching(calendars, output, settle=2) as service:
        service.rests()
        before = len(service.rows)
        edit(calendars, 14)
        stop(held(service), signal.SIGKILL)
        service.reaches(2)
        service.rests(before)
        assert "died" not in service.events()


# --- To the second ---------------------------------------------------------------------------------------------------


def anywhere(output: Path, text: str) -> list[str]:
    """Return the files below a folder that hold a text; files and folders may come, go and be renamed meanwhile."""
    leaks = []
    for folder, _folders, names in os.walk(output):  # which goes on where a folder is no longer there
        for path in (Path(folder, name) for name in names):
            try:
                if text.encode() in path.read_bytes():
                    leaks.append(str(path))
            except (FileNotFoundError, IsADirectoryError):
                continue
    return leaks


def test_what_is_due_is_public_at_its_second_and_on_no_disk_before(calendars, output, soon):
    """It is made ahead, waits, and is written when its instant has come; the log has the order."""
    due = soon
    write(calendars, SEASON + STREET.format(name=STREET_RACE, embargo=due))
    known(output)
    with watching(calendars, output, measured=False) as service:
        service.rests()
        assert service.status()["next_due"] == f"{due:%Y-%m-%dT%H:%M:%SZ}"
        looks = 0
        while True:
            leaks = anywhere(service.output, STREET_RACE)
            if datetime.now(UTC) >= due:
                break
            assert leaks == []
            looks += 1
            time.sleep(0.1)  # a look is work that the build needs the machine for
        assert looks > 10
        service.reaches(2)
        assert "BEGIN:VEVENT" in races(service)
        assert anywhere(service.output / "site", STREET_RACE)
        service.tells("job", subject="due", due=f"{due:%Y-%m-%dT%H:%M:%SZ}")
        begun = service.tells("begun", subject="due", not_before=f"{due:%Y-%m-%dT%H:%M:%SZ}")
        assert begun["at"] < f"{due:%Y-%m-%dT%H:%M:%SZ}", "it was begun ahead"
        assert service.tells("build", subject="trial", generation=2)["at"] >= f"{due:%Y-%m-%dT%H:%M:%SZ}"
        assert all(
            STREET_RACE not in json.dumps(row) for row in service.rows if row["at"] < f"{due:%Y-%m-%dT%H:%M:%SZ}"
        )


def test_an_edit_overtakes_a_build_that_waits(calendars, output, soon):
    """It is public when it has stood, before the instant; and what is due is public at its instant all the same."""
    due = soon
    season = SEASON + STREET.format(name=STREET_RACE, embargo=due)
    write(calendars, season)
    known(output)
    with watching(calendars, output, measured=False) as service:
        service.rests()
        waiting = service.tells("begun", subject="due")
        before = service.rows.index(waiting)
        (calendars / "trial/2030/season.toml").write_text(season.replace("03-02T13:00", "03-02T14:00"))
        service.reaches(2)
        assert datetime.now(UTC) < due, "this machine is too slow to say"
        assert "DTSTART:20300302T050000Z" in races(service)
        assert anywhere(service.output, STREET_RACE) == []
        service.reaches(3)
        assert anywhere(service.output / "site", STREET_RACE)
        assert service.tells("ended", before)["dropped"] is True
        assert "died" not in service.events()
        assert service.status()["ok"] is True


def test_edits_that_never_rest_do_not_hold_up_what_is_due(calendars, output, soon):
    """Somebody saves again and again while the instant comes: it is public all the same, and the edits later."""
    due = soon
    season = SEASON + STREET.format(name=STREET_RACE, embargo=due)
    write(calendars, season)
    known(output)
    over = threading.Event()

    def save() -> None:
        number = 0
        while not over.wait(0.3):
            number += 1
            (calendars / "trial/2030/season.toml").write_text(f"{season}\n# {number}\n")

    with watching(calendars, output, settle=4, measured=False) as service:
        service.tells("begun", subject="due")
        saving = threading.Thread(target=save)
        saving.start()
        try:
            service.reaches(2)
            assert datetime.now(UTC) >= due
            assert "begun edit" not in {f"{row['event']} {row['subject']}" for row in service.rows}
        finally:
            over.set()
            saving.join()
        assert anywhere(service.output / "site", STREET_RACE)
        service.tells("begun", subject="edit")


def test_an_embargo_that_is_put_off_is_kept(calendars, output, soon):
    """A build that was made for the old instant publishes nothing of it."""
    due = soon
    write(calendars, SEASON + STREET.format(name=STREET_RACE, embargo=due))
    known(output)
    with watching(calendars, output, measured=False) as service:
        service.tells("begun", subject="due")
        later = due + timedelta(days=300)
        before = len(service.rows)
        write(calendars, SEASON + STREET.format(name=STREET_RACE, embargo=later))
        until(lambda: datetime.now(UTC) > due + timedelta(seconds=1))
        service.tells("ended", before, dropped=False, due=f"{later:%Y-%m-%dT%H:%M:%SZ}")
        assert anywhere(service.output, STREET_RACE) == []


def test_nothing_under_embargo_is_in_log_or_status(calendars, tmp_path):
    """What is wrong in a season under embargo is told without a word of what is in it."""
    secret = calendars / "trial/2031/season.toml"
    secret.parent.mkdir()
    secret.write_text(f'name = "{STREET_RACE}"\nembargo = 2099-01-01T00:00:00Z\nsurprise = 1\n')
    with watching(calendars, tmp_path / "output") as service:
        service.tells("failed", subject="trial")
        service.rests()
        text = json.dumps([service.rows, service.other, service.status()])
    assert "something is wrong" in text
    for word in (STREET_RACE, "surprise", "2031"):
        assert word not in text


def test_a_series_that_is_over_is_warned_of_once(calendars, tmp_path):
    """In log and status, until another season follows; not at every build."""
    over = SEASON.replace("2030-", "2020-")
    write(calendars, over)
    with watching(calendars, tmp_path / "output", measured=False) as service:
        first = service.tells("warning")
        assert "trial: the last season was over on 2020-04-06, and no other follows" in first["message"]
        service.rests()
        assert service.status()["warnings"] == [first["message"]]
        before = len(service.rows)
        (calendars / "trial/2030/season.toml").write_text(over.replace("03-02T13:00", "03-02T14:00"))
        service.rests(before)
        assert service.events().count("warning") == 1
        before = len(service.rows)
        (calendars / "trial/2031").mkdir()
        (calendars / "trial/2031/season.toml").write_text('name = "2031"\nannounced = 2020-06-01\nclasses = ["gt"]\n')
        service.rests(before)
        assert service.status()["warnings"] == []


# --- Failures --------------------------------------------------------------------------------------------------------


def test_a_build_that_is_killed_is_told_and_made_good(calendars, output):
    """Log and status.json say that it died; the next attempt comes without an edit and clears it."""
    with watching(calendars, output, patch=SOON) as service:
        service.rests()
        stop_at_work(service, calendars, signal.SIGKILL)
        died = service.tells("died", subject="build")
        assert died["how"] == "died with signal 9"
        service.tells("job", subject="retry")
        service.reaches(2)
        until(lambda: service.status()["ok"])
        assert service.status()["error"] is None


def stop_at_work(service: Service, calendars: Path, number: int) -> None:
    """Send a signal to the next build of a service, in the midst of it."""
    edit(calendars, 14)
    builder = service.builder()
    until(lambda: not (service.output / "last-run").exists() or not alive(builder))
    stop(builder, number)


def test_a_crash_is_in_the_status_until_it_is_made_good(calendars, output):
    """Monitors see it: not ok, with the reason, everything else as it was."""
    with watching(calendars, output, measured=False) as service:  # which tries again after a minute
        service.rests()
        good = service.status()
        before = len(service.rows)
        stop_at_work(service, calendars, signal.SIGKILL)
        service.rests(before)
        status = service.status()
        assert (status["ok"], status["error"]) == (False, {"message": "the build died with signal 9", "hint": ""})
        assert (status["parts"], status["last_good"]) == (good["parts"], good["last_good"])
        before = len(service.rows)
        edit(calendars, 15)
        service.tells("ended", before, status=0)
        assert service.status()["ok"] is True


def test_a_store_that_cannot_be_written_is_tried_again(calendars, tmp_path):
    """The service says why, goes on, and publishes as soon as it can."""
    output = tmp_path / "output"
    output.mkdir()
    (output / "lock").symlink_to("elsewhere")
    with watching(calendars, output, patch=SOON) as service:
        service.tells("failed", subject="")
        assert service.tells("ended")["status"] == 74
        service.tells("job", subject="retry")
        (output / "lock").unlink()
        service.reaches(1)


# --- Ending ----------------------------------------------------------------------------------------------------------


def test_a_build_at_work_comes_to_its_end(calendars, tmp_path):
    """Told to end in the midst of a build, the service begins nothing more and lets it finish: status 0."""
    with watching(calendars, tmp_path / "output") as service:
        service.tells("begun")
        service.builder()
        service.process.terminate()
        assert service.process.wait(PATIENCE) == 0
        service.tells("stopped")
        events = [event for event in service.events() if event in {"begun", "stopping", "build", "ended", "stopped"}]
    assert events == ["begun", "stopping", "build", "build", "ended", "stopped"]
    assert service.generation() == 1


def test_a_build_that_takes_too_long_is_ended(calendars, output):
    """After the grace it is told to end, too; what is public is whole."""
    with watching(calendars, output, patch=PATCHED.format(seconds=60, grace=0)) as service:
        service.rests()
        before = len(service.rows)
        edit(calendars, 14)
        service.tells("begun", before)
        builder = service.builder()
        stop(builder, signal.SIGSTOP)  # as on a disk that hangs
        service.process.terminate()
        assert service.process.wait(PATIENCE) == 0
        until(lambda: not alive(builder))
        service.tells("stopped")
    assert whole((service.output / "site/trial").resolve())[0] == 1


def test_a_build_that_waits_is_dropped(calendars, output):
    """The service does not wait for its instant, and nothing of it is on the disk."""
    write(calendars, SEASON + STREET.format(name=STREET_RACE, embargo=in_a_while(60)))
    known(output)
    code = PATCHED.format(seconds=60, grace=40).replace("sys.exit", "jobs.LEAD_SECONDS = 59.0; sys.exit")
    with watching(calendars, output, patch=code) as service:
        service.tells("begun", subject="due")
        builder = service.builder()
        service.process.terminate()
        assert service.process.wait(PATIENCE) == 0
        assert service.tells("ended", service.events().index("stopping"))["dropped"] is True
        assert "died" not in service.events()
        until(lambda: not alive(builder))
    assert anywhere(service.output, STREET_RACE) == []


def test_builds_end_with_a_service_that_is_killed(calendars, output):
    """A build whose service has gone is told to end, and the next service finds nothing in its way."""
    write(calendars, SEASON + STREET.format(name=STREET_RACE, embargo=in_a_while(300)))
    known(output)
    code = PATCHED.format(seconds=60, grace=10).replace("sys.exit", "jobs.LEAD_SECONDS = 299.0; sys.exit")
    with watching(calendars, output, patch=code) as service:
        service.tells("begun", subject="due")
        builder = service.builder()
        service.process.kill()
        until(lambda: not alive(builder))
    with watching(calendars, output) as service:
        assert service.rests()["status"] == 0


def test_a_service_that_is_told_to_end_at_any_moment_leaves_whole_generations(calendars, tmp_path):
    """SIGTERM at random moments, to the service or to all its processes: readers see whole generations only."""
    output, chance = tmp_path / "output", random.Random(4)  # noqa: S311 - moments, not secrets
    known: dict[str, tuple[int, str, str]] = {}
    over, wrong, published = threading.Event(), [], set()

    def read() -> None:
        while not over.wait(0.02):
            site = output / "site/trial"
            try:
                resolved = site.resolve(strict=True)
            except OSError:
                continue
            try:
                published.add(whole(resolved)[0])
            except (OSError, AssertionError, ValueError) as error:
                wrong.append(f"{type(error).__name__}: {error}")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(TURNS):
            (calendars / "trial/2030/season.toml").write_text(SEASON.replace("03-02T13:00", f"03-02T{8 + turn}:00"))
            with watching(calendars, output, settle=0, measured=False) as service:
                service.tells("begun")
                moment = threading.Event()
                moment.wait(chance.uniform(0, 2.5))
                processes = [service.process.pid] + (children(service.process.pid, b"build") if turn % 2 else [])
                for pid in processes:
                    stop(pid, signal.SIGTERM)
                assert service.process.wait(PATIENCE) == 0
                service.tells("stopped")
                assert not [row for row in service.rows if row["event"] in {"died", "log"}]
                assert service.other == []
            public = stamps(output)
            assert all(public[uid][:2] >= known[uid][:2] for uid in known)
            known.update(public)
    finally:
        over.set()
        reader.join()
    assert wrong == []
    assert published
    with watching(calendars, output) as service:
        service.rests()
        assert f"DTSTART:20300302T{7 + TURNS - 9:02}0000Z" in races(service)
    assert leftovers(output) == []


# --- Two services ----------------------------------------------------------------------------------------------------


def test_two_services_on_one_publication(calendars, output):
    """Each edit is one generation, whoever builds it; both go on, and status.json is right."""
    beside = {"settle": 0, "measured": False}
    with watching(calendars, output, **beside) as one, watching(calendars, output, **beside) as definition:
        for service in (one, definition):
            service.rests()
        for turn in range(EDITS):
            before = len(one.rows), len(definition.rows)
            edit(calendars, 14 + turn)
            for service, number in zip((one, definition), before, strict=True):
                service.tells("edit", number)
                service.tells("ended", number)
            until(lambda turn=turn: f"DTSTART:20300302T{5 + turn:02}0000Z" in races(one))
        assert one.process.poll() is None
        assert definition.process.poll() is None
        for service in (one, definition):
            assert not [row for row in service.rows if row["event"] in {"died", "failed", "log"}]
            assert service.other == []
        assert one.generation() <= 1 + EDITS
        until(lambda: one.status()["ok"])


def test_a_service_that_meets_another_build_says_so_and_goes_on(calendars, output):
    """It is busy, once in the log, until the other has done; then it builds."""
    with watching(calendars, output) as service:
        service.rests()
        before = len(service.rows)
        with LocalStore(output).lock():
            edit(calendars, 14)
            service.tells("busy", before)
            until(lambda: len(service.rows) > before)
        service.reaches(2)
        assert service.events()[before:].count("busy") == 1
        assert re.search("DTSTART:20300302T050000Z", races(service))

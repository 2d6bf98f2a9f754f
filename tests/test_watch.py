"""Watching: an edit is public once it has stood, a wrong one is reported, and the watcher ends when it should."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aslms_feeds.stores.local import LocalStore
from aslms_feeds.watch import Pending
from seasons import PUBLISHER, SEASON, contents

FEW = PUBLISHER + '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
SETTLE = 0.45
PATIENCE = 30
"""Seconds after which something that should happen has not happened; machines may be busy."""


@pytest.fixture
def calendars(tmp_path):
    """Return a calendars folder with one series."""
    return write(tmp_path / "calendars", SEASON)


def write(folder: Path, season: str) -> Path:
    """Write a calendars folder with one season."""
    for path, data in contents(season, publisher=FEW).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def edit(calendars: Path, hour: int | str) -> None:
    """Move the first race to another hour."""
    (calendars / "trial/2030/season.toml").write_text(SEASON.replace("03-02T13:00", f"03-02T{hour}:00"))


class Watcher:
    """A watcher in a process of its own, and what it says."""

    def __init__(self, calendars: Path, output: Path, *more: str, settle: float = SETTLE) -> None:
        """Start it."""
        self.output, self.lines = output, []
        command = [sys.executable, "-u", "-m", "aslms_feeds", "watch", "--settle", str(settle), *more]
        command += ["--calendars", str(calendars), "--output", str(output)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def says(self, beginning: str) -> str:
        """Wait for a line that begins like this, and return it."""
        return until(lambda: next((line for line in self.lines if line.startswith(beginning)), ""), self.lines)

    def generation(self) -> int:
        """Return the public generation."""
        return LocalStore(self.output).current("trial").manifest.generation

    def reaches(self, generation: int) -> None:
        """Wait for a generation."""
        self.says(f"trial: generation {generation}, ")

    def end(self) -> int:
        """Kill what is left of it and return its exit status."""
        self.process.kill()
        status = self.process.wait()
        self._reader.join()
        self.process.stdout.close()
        return status


def until(found, *about):
    """Return what ``found`` gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE} s: {about}")


@contextmanager
def watching(calendars: Path, output: Path, *more: str, settle: float = SETTLE):
    """Watch a folder until the end of the block."""
    watcher = Watcher(calendars, output, *more, settle=settle)
    try:
        yield watcher
    finally:
        watcher.end()


def test_what_waits_is_due_when_it_has_stood():
    """An edit is due `settle` seconds after the last touch, and nothing is due when nothing waits."""
    assert not Pending().due(1000, 5)
    assert not Pending(995.5).due(1000, 5)
    assert Pending(995).due(1000, 5)


def test_edits(calendars, tmp_path):
    """What is there is published at once; an edit when it has stood; edits in quick succession are one build.

    A wrong definition is named with its line; the watcher goes on, and what is mended is public.
    """
    with watching(calendars, tmp_path / "output") as watcher:
        watcher.reaches(1)
        began = time.monotonic()
        edit(calendars, 14)
        watcher.reaches(2)
        assert time.monotonic() - began >= SETTLE
        for hour in (15, 16, 17, 18, 19):
            edit(calendars, hour)
            time.sleep(SETTLE / 3)
        watcher.reaches(3)
        time.sleep(2 * SETTLE)
        assert watcher.generation() == 3
        assert "DTSTART:20300302T100000Z" in (tmp_path / "output/site/trial/trial-races.ics").read_text()
        edit(calendars, "x")
        watcher.says(f"{calendars}/trial/2030/season.toml:27:")
        watcher.says("trial: stays at generation 3")
        edit(calendars, 14)
        watcher.reaches(4)


def test_what_is_edited_during_a_build_is_not_missed(calendars, tmp_path):
    """An edit while the first build runs is published after it, without another edit."""
    with watching(calendars, tmp_path / "output", settle=0) as watcher:
        until((tmp_path / "output/lock").exists)
        edit(calendars, 14)
        edit(calendars, 15)
        races = tmp_path / "output/site/trial/trial-races.ics"
        until(lambda: races.exists() and "DTSTART:20300302T060000Z" in races.read_text(), watcher.lines)


def test_a_new_file_a_new_series_and_a_file_that_goes(calendars, tmp_path):
    """Whatever appears below the folder is noticed, and so is what goes."""
    with watching(calendars, tmp_path / "output") as watcher:
        watcher.reaches(1)
        shutil.copytree(calendars / "trial", tmp_path / "cup")
        (tmp_path / "cup").rename(calendars / "cup")
        watcher.says("cup: generation 1, ")
        (calendars / "trial/2030/season.toml").unlink()
        watcher.says("trial: stays at generation 1")


@pytest.mark.parametrize("how", ["replaced", "switched"])
def test_the_folder_itself_is_replaced(calendars, tmp_path, how):
    """A folder that is moved away and comes back, or a link to it that is switched, is watched on."""
    new = write(tmp_path / "new", SEASON.replace("03-02T13:00", "03-02T14:00"))
    place = calendars
    if how == "switched":
        place = tmp_path / "link"
        place.symlink_to(calendars)
    with watching(place, tmp_path / "output") as watcher:
        watcher.reaches(1)
        if how == "switched":
            (tmp_path / "fresh").symlink_to(new)
            (tmp_path / "fresh").rename(place)
        else:
            calendars.rename(tmp_path / "old")
            time.sleep(2 * SETTLE)
            new.rename(calendars)
        watcher.reaches(2)
        edit(place, 15)
        watcher.reaches(3)


def test_a_build_that_was_busy_is_tried_again(calendars, tmp_path):
    """What failed for another reason than the definitions is tried again without an edit."""
    code = "import sys; from aslms_feeds import cli; cli._RETRY_SECONDS = 1.0; sys.exit(cli.main(sys.argv[1:]))"
    output = tmp_path / "output"
    command = [sys.executable, "-c", code, "watch", "--settle", "0.1", "--calendars", calendars, "--output", output]
    with LocalStore(output).lock():
        watcher = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert watcher.stderr.readline() == f"aslms-feeds: another build is writing {output}\n"
        except BaseException:
            watcher.kill()
            raise
    try:
        until((output / "site/trial/trial-races.ics").exists)
    finally:
        watcher.kill()
        watcher.communicate()


def test_it_builds_when_something_is_due(tmp_path):
    """Without any edit, the watcher builds when the instant has come that the last build gave it."""
    from aslms_feeds.watch import watch

    (tmp_path / "calendars").mkdir()
    times = []

    class EnoughError(Exception):
        pass

    def build() -> datetime | None:
        times.append(datetime.now(UTC))
        if len(times) == 2:
            raise EnoughError
        return times[0] + timedelta(seconds=1)

    with pytest.raises(EnoughError):
        watch(tmp_path / "calendars", build, settle=3600)
    assert timedelta(seconds=1) <= times[1] - times[0] < timedelta(seconds=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(calendars, tmp_path, number):
    """SIGTERM ends it with status 0, Ctrl-C with 130, soon and without a trace."""
    with watching(calendars, tmp_path / "output") as watcher:
        watcher.reaches(1)
        watcher.process.send_signal(number)
        assert watcher.process.wait(PATIENCE) == (0 if number == signal.SIGTERM else 130)
        assert not [line for line in watcher.lines if "Traceback" in line]


def test_it_ends_with_its_parent(calendars, tmp_path):
    """A watcher that was started for a server does not outlive it."""
    code = (
        "import subprocess, sys, os\n"
        "watch = [sys.executable, '-m', 'aslms_feeds', 'watch', '--parent', str(os.getpid())]\n"
        "child = subprocess.Popen([*watch, *sys.argv[1:]])\n"
        "print(child.pid, flush=True); child.wait()"
    )
    command = [sys.executable, "-c", code, "--calendars", calendars, "--output", tmp_path / "output"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        watcher = int(parent.stdout.readline())
        until((tmp_path / "output/last-run").exists)
        parent.kill()
    until(lambda: not _alive(watcher))


def test_a_server_watches_and_starts_its_watcher_again(calendars, tmp_path):
    """`serve --watch` publishes edits; a watcher that is killed is started again; both end together."""
    code = "import sys; from aslms_feeds import cli; cli._AGAIN_SECONDS = 0.2; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "serve", "--watch", "--settle", "0.1", "--port", str(_free_port())]
    command += ["--calendars", str(calendars), "--output", str(tmp_path / "output")]
    races = tmp_path / "output/site/trial/trial-races.ics"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            until(races.exists)
            first = until(lambda: _watchers(server.pid))[0]
            os.kill(first, signal.SIGKILL)
            second = until(lambda: [pid for pid in _watchers(server.pid) if pid != first])[0]
            edit(calendars, 15)
            until(lambda: "DTSTART:20300302T060000Z" in races.read_text())
        finally:
            server.terminate()
            told, _nothing = server.communicate(timeout=PATIENCE)
    assert "aslms-feeds: the watcher ended with status -9; starting it again" in told
    assert not _alive(second)


def _free_port() -> int:
    import socket

    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return attempt.getsockname()[1]


def _watchers(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = status.with_name("cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if fields[1] == str(parent) and b"--parent" in command and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

"""A service in a process of its own, and what it notes: for the tests that edit, wait and kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aslms_feeds.publication.stores.local import LocalStore
from seasons import PUBLISHER, SEASON, contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FEW = PUBLISHER + '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
SETTLE = 0.45
PATIENCE = 90
"""Seconds after which something that should happen has not happened; machines may be busy."""
PATCHED = (
    "import sys; from aslms_feeds.builds import background, jobs, service; from aslms_feeds.cli import commands; "
    "jobs.RETRY_SECONDS = background.AGAIN_SECONDS = {seconds}; service.GRACE_SECONDS = {grace}; "
    "sys.exit(commands.main(sys.argv[1:]))"
)

Row = dict[str, Any]


def write(folder: Path, season: str = SEASON, publisher: str = FEW) -> Path:
    """Write a calendars folder with one season."""
    for path, data in contents(season, publisher=publisher).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def edit(calendars: Path, hour: int | str) -> None:
    """Move the first race to another hour."""
    (calendars / "trial/2030/season.toml").write_text(SEASON.replace("03-02T13:00", f"03-02T{hour}:00"))


class Service:
    """A service at work, with every event it notes, in order."""

    def __init__(
        self,
        calendars: Path,
        output: Path,
        *more: str,
        settle: float = SETTLE,
        patch: str = "",
        measured: bool = True,
    ) -> None:
        """Start ``watch``; ``patch`` is code to run instead of the module.

        Services that do the same again and again need not be ``measured``: coverage costs as much as their work.
        """
        self.calendars, self.output = calendars, output
        self.rows: list[Row] = []
        self.other: list[str] = []
        """Lines that are no events."""
        self._news = threading.Condition()
        self._ended = False
        start = ["-c", patch] if patch else ["-m", "aslms_feeds"]
        command = [sys.executable, *start, "watch", "--log-format", "json", "--settle", str(settle), *more]
        command += ["--calendars", str(calendars), "--output", str(output)]
        environment = {name: value for name, value in os.environ.items() if measured or "COVERAGE" not in name}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._news:
                try:
                    self.rows.append(json.loads(line))
                except ValueError:
                    self.other.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def tells(self, event: str, after: int = 0, **facts: object) -> Row:
        """Wait for an event with these facts among those from number ``after`` on, and return it."""

        def found() -> Row | None:
            rows = (row for row in self.rows[after:] if row["event"] == event)
            return next((row for row in rows if facts.items() <= row.items()), None)

        with self._news:
            self._news.wait_for(lambda: found() or self._ended, PATIENCE)
            row = found()
        assert row, f"no {event} {facts} in {self.rows[after:]} {self.other}"
        return row

    def events(self) -> list[str]:
        """Return the names of all events so far."""
        return [row["event"] for row in self.rows]

    def reaches(self, generation: int, part: str = "trial") -> Row:
        """Wait for a generation."""
        return self.tells("build", subject=part, generation=generation)

    def rests(self, after: int = 0) -> Row:
        """Wait for the end of a build."""
        return self.tells("ended", after)

    def generation(self) -> int:
        """Return the public generation."""
        return LocalStore(self.output).read_current("trial").manifest.generation

    def status(self) -> Row:
        """Return what status.json says."""
        return json.loads((self.output / "status.json").read_bytes())

    def builder(self) -> int:
        """Wait for a build to be at work, and return its process."""
        return until(lambda: children(self.process.pid, b"build"), self.rows)[0]

    def end(self) -> int:
        """Kill what is left of it and return its exit status."""
        self.process.kill()
        status = self.process.wait()
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()
        return status


@contextmanager
def watching(calendars: Path, output: Path, *more: str, **how: Any) -> Iterator[Service]:
    """Have a service until the end of the block."""
    service = Service(calendars, output, *more, **how)
    try:
        yield service
    finally:
        service.end()


def until(found: Callable[[], Any], *about: object) -> Any:
    """Return what ``found`` gives as soon as it gives something: what another process does to files tells nobody."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE} s: {about}")


def children(parent: int, word: bytes) -> list[int]:
    """Return the processes that a process has started with this word on their command line."""
    row = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            command = status.with_name("cmdline").read_bytes().split(b"\0")
            if fields[1] == str(parent) and word in command and fields[0] != "Z":
                row.append(int(status.parent.name))
    return row


def alive(pid: int) -> bool:
    """Say whether a process is at work."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stop(pid: int, number: int) -> None:
    """Send a signal to a process, should it still be there."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)

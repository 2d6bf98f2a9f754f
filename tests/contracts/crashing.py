"""Ends or hampers a builder at a chosen system call, or at any moment, and reads what is public as a server does.

``python crashing.py build OUTPUT SECONDS KILLS SEED`` builds seasons that change all the time, kills the builder at
random moments and looks after each kill; ``python crashing.py read OUTPUT`` reads until its input ends. Both print
what they found as JSON.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
import select
import signal
import sys
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import brotli

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import images

import seasons
from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.stores.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = ("open", "fsync", "utime", "link", "mkdir", "rename", "replace", "rmdir", "symlink", "unlink")
"""What a builder changes a disk with."""
FEW = seasons.PUBLISHER + '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
"""A publisher with few calendars, so that a build is short."""
KILLED = -signal.SIGKILL
STORAGE = 74


def child(action: Callable[[], object]) -> int:
    """Run an action in a process of its own and return its exit status; 74 for a publication error."""
    pid = os.fork()
    if not pid:
        # What it runs is lost to coverage with it, whatever it is looked at.
        sys.settrace(None)
        threading.settrace(None)
        status = 70
        try:
            action()
            status = 0
        except PublicationError:
            status = STORAGE
        except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def arm(act: Callable[[int, str], None]) -> None:
    """Have ``act`` called before each call that changes a disk, with its number and its name, in this process."""
    count = 0
    one_by_one = threading.Lock()

    def counted(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            nonlocal count
            if name == "open" and not int(str(arguments[1])) & (os.O_WRONLY | os.O_RDWR):
                return real(*arguments, **named)
            with one_by_one:
                count += 1
                number = count
            act(number, name)
            return real(*arguments, **named)

        return call

    for name in CALLS:
        setattr(os, name, counted(name, getattr(os, name)))


def calls_of(action: Callable[[], object]) -> list[str]:
    """Return the names of the calls an action makes, in order; it is run in a child, to its end."""
    reading, writing = os.pipe()

    def noted() -> None:
        arm(lambda _number, name: os.write(writing, f"{name}\n".encode()) and None)
        action()

    assert child(noted) == 0
    os.close(writing)
    with os.fdopen(reading) as names:
        return names.read().split()


def kill_at(chosen: int) -> Callable[[int, str], None]:
    """Return what ends this process before its call number ``chosen``, as a power cut would."""

    def act(number: int, _name: str) -> None:
        if number == chosen:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def fail_at(chosen: int, errno: int, *, for_good: bool) -> Callable[[int, str], None]:
    """Return what makes call number ``chosen`` fail, and all later ones when it is ``for_good``."""

    def act(number: int, _name: str) -> None:
        if number == chosen or (for_good and number > chosen):
            raise OSError(errno, os.strerror(errno))

    return act


def whole(site: Path) -> tuple[int, dict[str, str]]:
    """Return the generation and the digests of one folder that is served, after comparing every file with both."""
    manifest = json.loads((site / "manifest.json").read_bytes())
    digests = {}
    for row in manifest["documents"]:
        body = (site / row["path"]).read_bytes()
        digests[row["path"]] = hashlib.sha256(body).hexdigest()
        assert (digests[row["path"]], len(body)) == (row["sha256"], row["size"]), f"{site}/{row['path']} is torn"
        for ending, unpack in ((".gz", gzip.decompress), (".br", brotli.decompress)):
            twin = site / f"{row['path']}{ending}"
            if twin.exists():
                assert unpack(twin.read_bytes()) == body, f"{twin} is torn"
    return manifest["generation"], digests


def leftovers(output: Path) -> list[str]:
    """Return what no builder should leave behind."""
    hidden = [str(path) for path in output.rglob(".*")]
    folders = [output / "index", *(output / "series").glob("*")]
    newer = [
        str(path)
        for folder in folders
        for path in (folder / "generations").glob("*")
        if int(path.name) > int((folder / "current").readlink().name)
    ]
    return hidden + newer


# --- Kills at any moment, while others read -------------------------------------------------------------------------


def read_as_server(output: Path) -> dict[str, int | list[str]]:
    """Read whole generations and single files until standard input ends; count, and keep what was wrong."""
    wrong: list[str] = []
    generations: set[str] = set()
    rounds = files = 0
    documents: set[tuple[str, str]] = set()
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        site = output / "site" / "trial"
        try:
            # Strictly: a link that leads nowhere yet would otherwise stay unresolved in the path.
            resolved = Path(os.path.realpath(site, strict=True))
        except OSError as error:
            if generations:
                wrong.append(f"missing: {error}")
            continue  # before the first publication
        try:
            number, digests = whole(resolved)
            generations.add(resolved.parent.name)
            if str(number) != resolved.parent.name:
                wrong.append(f"mixed: generation {number} in {resolved}")
            # As a plain file server reads: every path through the links, each at its own moment.
            for path in digests:
                documents.add((path, hashlib.sha256((site / path).read_bytes()).hexdigest()))
                files += 1
            rounds += 1
        except (OSError, AssertionError, ValueError) as error:
            wrong.append(f"{type(error).__name__}: {error}")
    listed = set()
    for manifest in (output / "series" / "trial" / "generations").glob("[0-9]*/site/manifest.json"):
        listed |= {(row["path"], row["sha256"]) for row in json.loads(manifest.read_bytes())["documents"]}
    wrong += [f"torn: {path} was never published like this" for path, _sha in sorted(documents - listed)]
    return {"rounds": rounds, "files": files, "generations": len(generations), "wrong": wrong}


_STAMPS = re.compile(
    r"LAST-MODIFIED:(?P<modified>\d{8}T\d{6}Z)|SEQUENCE:(?P<sequence>\d+)|DTSTART[^:]*:(?P<start>\S+)|UID:(?P<uid>\S+)"
)


def stamps(output: Path) -> dict[str, tuple[int, str, str]]:
    """Return SEQUENCE, LAST-MODIFIED and DTSTART of every public event, by UID; nothing before there is any."""
    try:
        text = (output / "site" / "trial" / "trial-races.ics").read_text()
    except FileNotFoundError:
        return {}
    stamps = {}
    for event in text.replace("\r\n ", "").split("BEGIN:VEVENT")[1:]:
        values = {key: value for stamp in _STAMPS.finditer(event) for key, value in stamp.groupdict().items() if value}
        stamps[values["uid"]] = (int(values["sequence"]), values["modified"], values["start"])
    return stamps


class Crashes:
    """Builds one season again and again, and watches what becomes public."""

    def __init__(self, output: Path) -> None:
        """Publish for the first time."""
        self._output = output
        self._known: dict[str, tuple[int, str, str]] = {}
        self.now = seasons.NOW
        self.wrong: list[str] = []
        began = time.monotonic()
        self.build(8)
        self.seconds = time.monotonic() - began
        self.look()

    def build(self, hour: int) -> None:
        """Publish the race at an hour."""
        texts = seasons.SEASON.replace("03-02T13:00", f"03-02T{hour:02}:00")
        report = regenerate(LocalStore(self._output), seasons.contents(texts, publisher=FEW), now=self.now)
        assert not report.failed, report

    def look(self) -> bool:
        """Say whether something else is public than before; stamps must only grow, and with what they stamp."""
        public, changed = stamps(self._output), False
        for uid, (sequence, modified, start) in public.items():
            before = self._known.get(uid, (0, "", ""))
            changed |= before != (sequence, modified, start)
            if (sequence, modified) < before[:2] or (start != before[2] and modified <= before[1]):
                self.wrong.append(f"{uid}: {before} became {(sequence, modified, start)}")
        if not public.keys() >= self._known.keys():
            self.wrong.append("events vanished")
        self._known.update(public)
        return changed

    def kill(self, hour: int, moment: float) -> int:
        """Kill a builder after some seconds and return its exit status; it may have been done before."""
        pid = os.fork()
        if not pid:
            status = 70
            try:
                self.build(hour)
                status = 0
            except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
                traceback.print_exc()
            finally:
                os._exit(status)
        time.sleep(moment)
        os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def finish(self, hour: int) -> None:
        """Build to the end: it must be right, with nothing left over."""
        began = time.monotonic()
        self.build(hour)
        self.seconds = (self.seconds + time.monotonic() - began) / 2
        self.look()
        start = self._known["race-1.okayama.2030.trial@example.org"][2]
        if start != f"{datetime(2030, 3, 2, hour, tzinfo=UTC) - timedelta(hours=9):%Y%m%dT%H%M%SZ}":
            self.wrong.append(f"{start} is public, the definitions say {hour}:00")
        self.wrong += leftovers(self._output)


def crash(output: Path, seconds: float, kills: int, seed: int) -> dict[str, object]:
    """Kill builders at random moments until there were ``kills`` or the time is over; check what each leaves."""
    chance = random.Random(seed)  # noqa: S311 - a test that can be run again
    crashes = Crashes(output)
    counts = {"kills": 0, "finished": 0, "switched": 0}
    hour, end = 8, time.monotonic() + seconds
    while counts["kills"] < kills and time.monotonic() < end:
        hour = 8 + (hour - 7) % 12
        # The clock goes on, and sometimes back.
        crashes.now += timedelta(seconds=chance.choice((-90, 1, 7, 3600)))
        status = crashes.kill(hour, chance.uniform(0, crashes.seconds * 1.1))
        counts["finished" if status == 0 else "kills"] += 1
        if status not in (KILLED, 0):
            crashes.wrong.append(f"a builder ended with {status}")
        counts["switched"] += crashes.look()
        if chance.choice((True, False)):
            crashes.finish(hour)
    crashes.finish(hour)
    return {**counts, "wrong": crashes.wrong}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["read", folder]:
            print(json.dumps(read_as_server(Path(folder))))
        case ["build", folder, seconds, kills, seed]:
            # Builders that draw less are killed while they write.
            drawn = Path(folder).with_name("images")
            drawn.mkdir()
            images.keep(drawn)
            print(json.dumps(crash(Path(folder), float(seconds), int(kills), int(seed))))
        case _:
            sys.exit(64)

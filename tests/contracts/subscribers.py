"""A publication behind a real server, and programs we did not write that subscribe to it and come back for more."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from contracts.calendar_readers import Khal

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.stores.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from contracts.calendar_readers import Read

_PATIENCE = 10.0
"""Seconds to wait for what takes a fraction of one."""


class Site:
    """A publication in a folder, and the server that answers from it at the address it is published for."""

    def __init__(self, output: Path, client: httpx.Client) -> None:
        """Publish in ``output``; ``client`` asks the server."""
        self.output, self._client = output, client
        self.url = str(client.base_url).rstrip("/")

    def publish(self, files: Mapping[str, bytes], now: datetime) -> None:
        """Publish a calendars folder at an instant, and wait until the server answers from it."""
        report = regenerate(LocalStore(self.output), files, now=now, base_url=self.url)
        assert not report.failed, [(part.name, part.problems, part.error) for part in report.parts]
        for part in report.parts:
            path = "/manifest.json" if part.name == "index" else f"/{part.name}/manifest.json"
            _wait(lambda path=path, part=part: self._generation(path) == part.generation, f"the switch of {path}")

    def read(self, path: str) -> bytes:
        """Return one document as it is served."""
        return self._client.get(path).raise_for_status().content

    def _generation(self, path: str) -> int:
        answer = self._client.get(path)
        return answer.json()["generation"] if answer.status_code == httpx.codes.OK else 0


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """Run ``aslms-feeds serve`` on a publication in ``folder``; it must have nothing to complain about."""
    output, log = folder / "publication", folder / "serve.log"
    output.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "aslms_feeds", "serve", "--output", output, "--port", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            _wait(lambda: _answers(client) or process.poll() is not None, "the start")
            assert process.poll() is None, log.read_text()
            yield Site(output, client)
        process.terminate()
        process.wait(_PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert log.read_text() == ""


def _answers(client: httpx.Client) -> bool:
    try:
        client.get("/healthz")
    except httpx.TransportError:
        return False
    return True


def _wait(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {_PATIENCE} s"
        time.sleep(0.01)


def _run(home: Path, *command: str | Path) -> str:
    """Run a program that knows nothing of this machine's settings and proxies, and return what it printed."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
    run = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert run.returncode == 0, (command, run.returncode, run.stdout, run.stderr)
    return run.stdout


# Calendars


@dataclass(frozen=True)
class OnDisk:
    """One file of a subscriber's calendar."""

    content: bytes
    written: tuple[int, int]
    """Its inode and the nanosecond of its last change: what is not touched keeps both."""

    @property
    def event(self) -> str:
        """The lines of its one VEVENT, unfolded."""
        (found,) = re.findall(r"BEGIN:VEVENT\n.*?END:VEVENT", self.text, flags=re.DOTALL)
        return found

    @property
    def text(self) -> str:
        """Its lines, unfolded."""
        return self.content.decode().replace("\r\n", "\n").replace("\n ", "")

    def value(self, name: str) -> str:
        """Return a property of its one VEVENT."""
        (found,) = re.findall(rf"^{name}[:;](.*)$", self.event, flags=re.MULTILINE)
        return found


_VDIRSYNCER_PAIR = """\
[pair {name}]
a = "{name}_there"
b = "{name}_here"
collections = null
conflict_resolution = "a wins"
[storage {name}_there]
{there}
[storage {name}_here]
type = "filesystem"
path = "{vdir}"
fileext = ".ics"
"""


class Vdirsyncer:
    """vdirsyncer with calendars it follows, each in a folder that khal reads.

    Its own storage for the web, ``followed``, names events by a hash of what they say, so every change is a new event
    and an old one gone. A downloaded file, ``kept``, is followed by UID, as phones do.
    """

    def __init__(self, folder: Path, site: Site, *, followed: Mapping[str, str], kept: Mapping[str, str]) -> None:
        """Subscribe to the documents of these names; nothing is read yet."""
        self._folder, self._site, self._kept = folder, site, dict(kept)
        self._khal = {name: Khal(folder / name) for name in (*followed, *kept)}
        there = {name: f'type = "http"\nurl = "{site.url}{path}"' for name, path in followed.items()}
        there |= {name: f'type = "singlefile"\npath = "{self._download(name)}"\nread_only = true' for name in kept}
        pairs = [
            _VDIRSYNCER_PAIR.format(name=name, there=one, vdir=self._khal[name].vdir) for name, one in there.items()
        ]
        self._config = folder / "config"
        self._config.write_text("\n".join([f'[general]\nstatus_path = "{folder}/status/"', *pairs]))

    def sync(self) -> None:
        """Fetch everything that is followed."""
        for name, path in self._kept.items():
            self._download(name).write_bytes(self._site.read(path))
        program = Path(sys.executable).with_name("vdirsyncer")
        if not (self._folder / "status").exists():
            _run(self._folder, program, "-c", self._config, "discover")
        _run(self._folder, program, "-c", self._config, "sync")

    def files(self, name: str) -> dict[str, OnDisk]:
        """Return the files of a calendar, by name."""
        found = {}
        for path in self._khal[name].vdir.iterdir():
            status = path.stat()
            found[path.name] = OnDisk(path.read_bytes(), (status.st_ino, status.st_mtime_ns))
        return found

    def events(self, name: str) -> dict[str, Read]:
        """Return what khal lists of a calendar from 2029 to 2033, by UID; it looks at every day by itself."""
        return self._khal[name].events("2029-01-01", 5 * 365)

    def _download(self, name: str) -> Path:
        return self._folder / f"{name}.ics"


# Feeds


@dataclass(frozen=True)
class Kept:
    """One item as a feed reader keeps it."""

    id: str
    title: str
    link: str
    published: int
    """Seconds since 1970."""
    content: str
    unread: bool | None = None
    """None: this reader does not keep book."""


class Newsboat:
    """newsboat with a cache of its own, reading several feeds."""

    def __init__(self, folder: Path, urls: Iterable[str]) -> None:
        """Subscribe; nothing is read yet."""
        folder.mkdir()
        self._folder = folder
        (folder / "urls").write_text("".join(f"{url}\n" for url in urls))
        (folder / "config").touch()

    def sync(self) -> None:
        """Fetch every feed."""
        self._run("-x", "reload")

    def read_all(self) -> None:
        """Read every article there is."""
        read = self._folder / "read"
        read.write_text("".join(f"{one.id}\n" for one in self.items()))
        self._run("-I", read)

    def items(self) -> list[Kept]:
        """Return all articles it keeps; its own count of unread ones must agree."""
        columns = "guid, title, url, pubDate, content, unread"
        with closing(sqlite3.connect(self._folder / "cache.db")) as cache:
            rows = cache.execute(f"SELECT {columns} FROM rss_item WHERE deleted = 0 ORDER BY id")  # noqa: S608
            found = [Kept(*row[:5], unread=bool(row[5])) for row in rows]
        counted = self._run("-x", "print-unread").strip()
        assert counted == f"{sum(one.unread is True for one in found)} unread articles"
        return found

    def _run(self, *arguments: str | Path) -> str:
        folder = self._folder
        options = ["-u", folder / "urls", "-c", folder / "cache.db", "-C", folder / "config"]
        return _run(folder, "newsboat", *options, *arguments)


class Sfeed:
    """sfeed_update with a folder of its own, where it merges what it fetches into a file for each feed."""

    def __init__(self, folder: Path, feeds: Mapping[str, str]) -> None:
        """Subscribe to feeds by name; nothing is read yet."""
        folder.mkdir()
        self._folder = folder
        lines = [f'\tfeed "{name}" "{url}"' for name, url in feeds.items()]
        config = [f'sfeedpath="{folder}/feeds"', "feeds() {", *lines, "}"]
        (folder / "sfeedrc").write_text("".join(f"{line}\n" for line in config))

    def sync(self) -> None:
        """Fetch every feed."""
        _run(self._folder, "sfeed_update", self._folder / "sfeedrc")

    def items(self, name: str) -> list[Kept]:
        """Return all items of one feed that it keeps."""
        lines = (self._folder / "feeds" / name).read_text().splitlines()
        return list(map(self._item, lines))

    @staticmethod
    def _item(line: str) -> Kept:
        published, title, link, content, _type, name, *_rest = line.split("\t")
        return Kept(name, title, link, int(published), content)

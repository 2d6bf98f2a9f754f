"""Runs ``aslms-feeds`` in processes of their own that are loaded already: one process loads, and forks for each run.

A run has its own working directory, environment, output and exit status, and ends as every interpreter does; what it
does not have is two seconds of imports and of templates that are compiled. Tests of the start itself, of other hash
seeds or time zones, of signals and kills start the program.

``python commands.py FOLDER`` is that process: requests in, a line for those that run at once, exit statuses out.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from untraced import TRACING

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 120
"""After which a run that has not ended is killed, with status -14."""


WORK = (
    "builds.build",
    "builds.recovery",
    "builds.recipe",
    "cli.building",
    "cli.commands",
    "cli.going_back",
    "cli.looking",
    "cli.output",
    "definitions.schema",
    "definitions.warnings",
    "notify.queueing",
    "upstreams.poll",
    "upstreams.proposals.compare",
)
"""Modules that commands load when they need them; with what those load."""


class Ending(NamedTuple):
    """What a run came to."""

    status: int
    out: str
    errors: str


class Loaded:
    """The process that has loaded the program."""

    def __init__(self) -> None:
        """Have none yet."""
        self.images: Path | None = None
        """Where share images are kept; :mod:`images`."""
        self._process: subprocess.Popen[str] | None = None

    def _begin(self) -> subprocess.Popen[str]:
        assert self.images, "conftest says where images are"
        command = [sys.executable, "-W", "error", __file__, str(self.images)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **TRACING}
        )
        atexit.register(self.end)
        return process

    def run_together(self, requests: list[dict[str, object]]) -> list[int]:
        """Return the exit statuses of runs that begin together."""
        if self._process is None:
            self._process = self._begin()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(requests) + "\n")
        self._process.stdin.flush()
        return [int(status) for status in self._process.stdout.readline().split()]

    def end(self) -> None:
        """Let it go."""
        if self._process:
            self._process.communicate()
            self._process = None


loaded = Loaded()


def run(place: Path, *arguments: str, **environment: str) -> Ending:
    """Run a command in a folder, with more in its environment, and return what it came to."""
    return together(place, arguments, **environment)[0]


def together(place: Path, *commands: Sequence[str], **environment: str) -> list[Ending]:
    """Run commands in a folder at the same time, and return what each came to when all have ended."""
    with tempfile.TemporaryDirectory() as folder:
        files = [(Path(folder, f"out-{number}"), Path(folder, f"errors-{number}")) for number in range(len(commands))]
        statuses = loaded.run_together(
            [
                {
                    "arguments": arguments,
                    "place": str(place),
                    "environment": {**os.environ, **environment},
                    "out": str(out),
                    "errors": str(errors),
                }
                for arguments, (out, errors) in zip(commands, files, strict=True)
            ]
        )
        return [
            Ending(status, out.read_text(), errors.read_text())
            for status, (out, errors) in zip(statuses, files, strict=True)
        ]


# --- The process that is loaded --------------------------------------------------------------------------------------


def _load(folder: Path) -> None:
    """Load all that commands need, as a first run does."""
    import images

    images.keep(folder)
    for name in WORK:
        importlib.import_module(f"aslms_feeds.{name}")
    from seasons import NOW, contents, published

    published((contents(), NOW))
    # What is loaded stays where it is in the memory of all runs.
    gc.collect()
    gc.freeze()


def _become(request: dict[str, str | list[str]]) -> None:
    """Be the process that was asked for."""
    signal.alarm(SECONDS)
    for path, number in ((os.devnull, 0), (request["out"], 1), (request["errors"], 2)):
        opened = os.open(str(path), os.O_RDWR | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(str(request["place"]))
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]


def main() -> None:
    """Fork for each request, and be what it asks for in the fork."""
    _load(Path(sys.argv[1]))
    while line := sys.stdin.readline():
        pids = []
        for request in json.loads(line):
            if not (pid := os.fork()):
                _become(request)
                runpy.run_module("aslms_feeds", run_name="__main__", alter_sys=True)
                return
            pids.append(pid)
        print(*(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids), flush=True)
    # Nothing is left to be noted, and nobody waits for it.
    os._exit(0)


if __name__ == "__main__":
    main()

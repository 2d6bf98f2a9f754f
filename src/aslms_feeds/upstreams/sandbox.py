"""What other people's bytes say: archives, feeds and calendars to plain text values, read where they can do no harm.

Each document is read in a child process of its own (`readers.child`) that may use half a gigabyte and five seconds,
write no file and start nothing. It answers with JSON, of which only so much is read; a reader that crashes, hangs or
swells is a document that is refused, with the reason.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aslms_feeds.upstreams.readers.child import CPU_SECONDS
from aslms_feeds.upstreams.readers.values import TEXT, Appointment, Entry, Feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

T = TypeVar("T")

SECONDS = 15.0
"""How long a reader may take by the clock on the wall: a busy machine is no fault of the document."""
RESULT = 16 << 20
"""Octets of the JSON that a reader answers with."""


class Refused(NamedTuple):
    """Nothing can be made of a document; ``reason`` continues a sentence that begins with its name."""

    reason: str


def read_feed(body: bytes, url: str, charset: str = "", *, seconds: float = SECONDS) -> Feed | Refused:
    """Return what an RSS, Atom or JSON feed from ``url`` says; ``charset`` is what its answer said it was."""
    return _ask("feed", body, url, charset, seconds=seconds, build=_feed_of)


def read_calendar(body: bytes, *, seconds: float = SECONDS) -> tuple[Appointment, ...] | Refused:
    """Return the events of an iCalendar file (RFC 5545); of one that repeats, the first."""
    return _ask("calendar", body, seconds=seconds, build=lambda found: tuple(_rows(Appointment, found)))


def read_archive(body: bytes, series: str, *, seconds: float = SECONDS) -> dict[str, str] | Refused:
    """Return the definition files of a series in a .zip or .tar.gz, by their path below the folder of that name."""
    return _ask("archive", body, series, seconds=seconds, build=_files_of)


def _feed_of(found: Any) -> Feed:  # noqa: ANN401 - JSON of a process that is not trusted
    return Feed(_text(found["title"]), tuple(_rows(Entry, found["entries"])))


def _files_of(found: Any) -> dict[str, str]:  # noqa: ANN401 - JSON of a process that is not trusted
    return {_text(path): _text(text) for path, text in found.items()}


def _rows(kind: Callable[..., T], found: Iterable[Mapping[str, object]]) -> Iterator[T]:
    for row in found:
        yield kind(**{name: _text(value) for name, value in row.items()})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _ask(kind: str, body: bytes, *options: str, seconds: float, build: Callable[[Any], T]) -> T | Refused:
    """Return what ``build`` makes of a reader's answer."""
    answer, status = _run([kind, *options], body, seconds)
    if len(answer) > RESULT:
        return Refused("says more than can be taken in")
    if status == -signal.SIGXCPU:
        return Refused(f"takes more than {CPU_SECONDS} seconds to read")
    if status == -signal.SIGKILL:
        return Refused(f"is not read within {seconds:g} seconds, or needs too much of the machine")
    if status:
        return Refused("makes its reader crash")
    try:
        said = json.loads(answer)
        return Refused(_text(said["refused"])[:TEXT]) if "refused" in said else build(said["found"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Refused("makes its reader talk nonsense")


def _run(arguments: list[str], body: bytes, seconds: float) -> tuple[bytes, int]:
    """Return what a child wrote, a byte more than is allowed at most, and its exit status."""
    # Nothing of the environment but what finds this package: it may hold keys of the publication.
    environment = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    with tempfile.TemporaryFile() as given:
        given.write(body)
        given.seek(0)
        with subprocess.Popen(  # noqa: S603 - ourselves, and the arguments are ids and addresses
            [sys.executable, "-P", "-B", "-m", "aslms_feeds.upstreams.readers.child", *arguments],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as child:
            alarm = threading.Timer(max(seconds, 0.1), child.kill)
            alarm.start()
            try:
                assert child.stdout is not None  # noqa: S101 - a pipe was asked for
                answer = child.stdout.read(RESULT + 1)
                if len(answer) > RESULT:
                    child.kill()
                child.wait()
            finally:
                alarm.cancel()
                child.kill()
            return answer, child.returncode

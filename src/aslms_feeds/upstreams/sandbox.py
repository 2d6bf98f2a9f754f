"""Reads archives, feeds and calendars of others where their bytes can do no harm, and returns plain text values.

Each document is read in a child process of its own (`readers.child`) that may use half a gigabyte and five seconds,
write no file and start nothing. It answers with JSON, of which only so much is read; where the child crashes, hangs or
grows too large, the document is refused, with the reason.
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
from aslms_feeds.upstreams.readers.values import MAX_TEXT, Appointment, FeedEntry, ForeignFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

T = TypeVar("T")

SECONDS = 15.0
"""How long a reader may take by the clock on the wall: a busy machine is no fault of the document."""
MAX_ANSWER = 16 << 20
"""Octets of the JSON that a child answers with."""


class Refusal(NamedTuple):
    """A document that cannot be used; ``reason`` continues a sentence that begins with its name."""

    reason: str


def read_feed(body: bytes, url: str, charset: str = "", *, seconds: float = SECONDS) -> ForeignFeed | Refusal:
    """Return what an RSS, Atom or JSON feed from ``url`` says; ``charset`` is the one that its answer named."""
    return _read_in_child("feed", body, url, charset, seconds=seconds, build=_build_feed)


def read_calendar(body: bytes, *, seconds: float = SECONDS) -> tuple[Appointment, ...] | Refusal:
    """Return the events of an iCalendar file (RFC 5545); of one that repeats, the first."""
    return _read_in_child("calendar", body, seconds=seconds, build=_build_appointments)


def read_archive(body: bytes, series: str, *, seconds: float = SECONDS) -> dict[str, str] | Refusal:
    """Return the definition files of a series in a .zip or .tar.gz, by their path below the folder of that name."""
    return _read_in_child("archive", body, series, seconds=seconds, build=_build_files)


def _build_feed(content: Any) -> ForeignFeed:  # noqa: ANN401 - JSON of a process that is not trusted
    return ForeignFeed(_check_text(content["title"]), tuple(_build_rows(FeedEntry, content["entries"])))


def _build_appointments(content: Any) -> tuple[Appointment, ...]:  # noqa: ANN401 - JSON of a process that is not trusted
    return tuple(_build_rows(Appointment, content))


def _build_files(content: Any) -> dict[str, str]:  # noqa: ANN401 - JSON of a process that is not trusted
    return {_check_text(path): _check_text(text) for path, text in content.items()}


def _build_rows(kind: Callable[..., T], rows: Iterable[Mapping[str, object]]) -> Iterator[T]:
    for row in rows:
        yield kind(**{name: _check_text(value) for name, value in row.items()})


def _check_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _read_in_child(kind: str, body: bytes, *options: str, seconds: float, build: Callable[[Any], T]) -> T | Refusal:
    """Return what ``build`` makes of what a child has read, or why the document is refused."""
    answer, status = _run_child([kind, *options], body, seconds)
    if len(answer) > MAX_ANSWER:
        return Refusal("says more than can be taken in")
    if status == -signal.SIGXCPU:
        return Refusal(f"takes more than {CPU_SECONDS} seconds to read")
    if status == -signal.SIGKILL:
        return Refusal(f"is not read within {seconds:g} seconds, or needs too much of the machine")
    if status:
        return Refusal("makes its reader crash")
    try:
        result = json.loads(answer)
        if "refused" in result:
            return Refusal(_check_text(result["refused"])[:MAX_TEXT])
        return build(result["content"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Refusal("makes its reader talk nonsense")


def _run_child(arguments: list[str], body: bytes, seconds: float) -> tuple[bytes, int]:
    """Return what a child wrote, at most one octet more than is allowed, and its exit status."""
    # Nothing of the environment but what finds this package: it may hold keys of the publication.
    environment = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    with tempfile.TemporaryFile() as document:
        document.write(body)
        document.seek(0)
        with subprocess.Popen(  # noqa: S603 - ourselves, and the arguments are ids and addresses
            [sys.executable, "-P", "-B", "-m", "aslms_feeds.upstreams.readers.child", *arguments],
            stdin=document,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as child:
            timer = threading.Timer(max(seconds, 0.1), child.kill)
            timer.start()
            try:
                assert child.stdout is not None  # noqa: S101 - a pipe was asked for
                answer = child.stdout.read(MAX_ANSWER + 1)
                if len(answer) > MAX_ANSWER:
                    child.kill()
                child.wait()
            finally:
                timer.cancel()
                child.kill()
            return answer, child.returncode

"""Reads archives, feeds and calendars of others where their bytes can do no harm, and returns plain text values.

Each document is read in a child process of its own (`readers.child`) that may use half a gigabyte and five seconds,
write no file and start nothing. It answers with JSON, of which only so much is read; where the child crashes, hangs or
grows too large, the document is refused, with the reason.
"""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aslms_feeds.processes import bare_environment, run_child
from aslms_feeds.upstreams.readers.child import CPU_SECONDS
from aslms_feeds.upstreams.readers.values import MAX_TEXT, Appointment, FeedEntry, ForeignFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

T = TypeVar("T")

SECONDS = 15.0
"""How long a reader may take by the clock on the wall: a busy machine is no fault of the document."""
MAX_ANSWER = 16 << 20
"""Octets of the JSON that a child answers with."""
_READER = "aslms_feeds.upstreams.readers.child"
"""The module that a child runs."""


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
    answer, status = run_child(
        _READER, kind, *options, body=body, seconds=seconds, most_output=MAX_ANSWER, environment=bare_environment()
    )
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

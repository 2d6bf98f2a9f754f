"""The outbox: what waits to be told, a file for each message in ``OUTPUT/outbox``, and what was put there already.

It is private. A file of ours that is not there or damaged has said nothing: then things are told twice rather than
never. No address of a receiver is in it; they are read from the definitions when something is sent.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aslms_feeds.errors import Busy
from aslms_feeds.identity import digest
from aslms_feeds.instants import format_moment, parse_instant
from aslms_feeds.notify import messages as notify_messages
from aslms_feeds.notify.messages import Trouble
from aslms_feeds.publication import files
from aslms_feeds.publication.records import read_record_or, write_record
from aslms_feeds.publication.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Notify
    from aslms_feeds.notify.messages import Notice

T = TypeVar("T")
D = TypeVar("D")

KNOWN = "known.json"
TRIES = "tries.json"
FORMAT = 1

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
"""Between two attempts; each wait is three times the last one."""
FARTHEST = timedelta(days=1)
"""No wait is longer (`upstream.LATEST`): one that seems so was written by a clock that was ahead."""


@dataclass(frozen=True)
class Message:
    """One thing to tell one destination; ``name`` is its file's."""

    name: str
    to: str
    since: datetime
    topic: str = ""
    """The address of the feed, for a ping."""
    generation: int = 0
    body: Mapping[str, Any] = field(default_factory=dict)
    """What is posted, for a notice."""

    def to_json(self) -> bytes:
        """Return the file."""
        content = {"topic": self.topic, "generation": self.generation} if self.topic else {"body": self.body}
        return write_record(FORMAT, {"to": self.to, "since": self.since.isoformat(), **content})


class Wait(NamedTuple):
    """How often something failed in a row, and when it is tried again."""

    failures: int = 0
    until: datetime | None = None

    def over(self, now: datetime) -> bool:
        """Whether it is time."""
        return self.until is None or not now < self.until <= now + FARTHEST

    def longer(self, now: datetime) -> Wait:
        """Return the wait after one more failure."""
        steps = min(self.failures, 10)
        return Wait(self.failures + 1, now + min(LONGEST_WAIT, FIRST_WAIT * 3**steps))


@dataclass(frozen=True)
class Known:
    """What is in the outbox already, or was."""

    parts: Mapping[str, tuple[int, Mapping[str, str]]] = field(default_factory=dict)
    """The generation, and the digest of each feed by path, by part."""
    troubles: Mapping[str, Trouble] = field(default_factory=dict)


# Messages


def ping(hub: str, topic: str, generation: int, now: datetime) -> Message:
    """Return the message that tells a hub (by its key) that a feed, the ``topic``, has changed."""
    return Message(f"{_topic_name(topic)}{generation}.json", hub, now, topic, generation)


def _topic_name(topic: str) -> str:
    return f"ping-{_hex(digest(topic))}-"


def letter(to: Notify, notice: Notice, now: datetime) -> Message:
    """Return the message that brings a notice to somebody."""
    key = receiver_key(to)
    name = f"notice-{_hex(digest(key, notice.id))}.json"
    return Message(name, key, now, body=notify_messages.body(notice, to.format))


def hub_key(url: str) -> str:
    """Return what tells one hub from another."""
    return f"hub:{_hex(digest(url))}"


def receiver_key(to: Notify) -> str:
    """Return what tells one receiver from another without naming its address, which is secret."""
    return f"notify:{_hex(digest(to.url or '', to.url_from or '', to.format))}"


def _hex(value: str) -> str:
    return value.partition(":")[2]


# The folder


def opened(output: Path) -> Path:
    """Return the outbox of a publication, made where there is none; raises OSError."""
    box = Workspace(output).outbox
    if not box.is_dir():
        box.mkdir(mode=0o700)
        files.sync(output)
    return box


@contextmanager
def alone(output: Path) -> Iterator[Path | None]:
    """Give the outbox to one delivery at a time; None where there is none, or another is at work."""
    box = Workspace(output).outbox
    if not box.is_dir():
        yield None
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(files.hold_lock(box / "lock", "another delivery is at work"))
        except Busy:
            yield None
        else:
            yield box


def put(box: Path, messages: Collection[Message]) -> None:
    """Put messages in, each in the place of earlier pings of its topic; they are durable together. Raises OSError."""
    for one in messages:
        files.replace(box / one.name, one.to_json())
        _drop_older(box, one)
    if messages:
        files.sync(box)


def _drop_older(box: Path, ping: Message) -> None:
    """Remove earlier pings of the same topic: the hub fetches what is there now."""
    if ping.topic:
        for path in box.glob(f"{_topic_name(ping.topic)}*.json"):
            if path.name != ping.name:
                path.unlink(missing_ok=True)


def names(box: Path) -> list[str]:
    """Return the names of all messages."""
    with os.scandir(box) as entries:
        return sorted(one.name for one in entries if one.name.startswith(("ping-", "notice-")))


def message(box: Path, name: str) -> Message | None:
    """Return a message; None where it is gone, or is none that this version wrote."""

    def read(data: Mapping[str, Any]) -> Message:
        since, topic = parse_instant(data["since"]), str(data.get("topic", ""))
        return Message(name, str(data["to"]), since, topic, int(data.get("generation", 0)), dict(data.get("body", {})))

    return _read(box / name, read, None)


def known(box: Path) -> Known:
    """Return what was put here already."""

    def read(data: Mapping[str, Any]) -> Known:
        parts = {name: (int(one["generation"]), dict(one["feeds"])) for name, one in data["parts"].items()}
        return Known(parts, {key: Trouble(*one) for key, one in data["troubles"].items()})

    return _read(box / KNOWN, read, Known())


def keep_known(box: Path, known: Known) -> None:
    """Keep what is in the outbox already, which must be there; raises OSError."""
    files.replace(box / KNOWN, _known_json(known))
    files.sync(box)


def _known_json(known: Known) -> bytes:
    parts = {name: {"generation": number, "feeds": dict(feeds)} for name, (number, feeds) in known.parts.items()}
    troubles = {key: list(one) for key, one in known.troubles.items()}
    return write_record(FORMAT, {"parts": parts, "troubles": troubles})


def waits(box: Path) -> dict[str, Wait]:
    """Return what is waited for, by destination or message."""

    def read(data: Mapping[str, Any]) -> dict[str, Wait]:
        return {key: Wait(int(count), parse_instant(until)) for key, (count, until) in data["waits"].items()}

    return _read(box / TRIES, read, {})


def keep_waits(box: Path, waits: Mapping[str, Wait]) -> None:
    """Keep what is waited for; raises OSError."""
    if not waits:
        (box / TRIES).unlink(missing_ok=True)
    else:
        rows = {key: [one.failures, format_moment(one.until)] for key, one in sorted(waits.items()) if one.until}
        files.replace(box / TRIES, write_record(FORMAT, {"waits": rows}))


def _read(path: Path, read: Callable[[Mapping[str, Any]], T], otherwise: D) -> T | D:
    """Return what a file of ours says; ``otherwise`` where it is not there or damaged: then things are told twice."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return otherwise
    return read_record_or(otherwise, text, FORMAT, read)

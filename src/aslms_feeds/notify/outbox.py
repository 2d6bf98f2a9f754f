"""The outbox: what waits to be told, a file for each message in ``OUTPUT/outbox``, and what was put there already.

It is private. A file of ours that is not there or damaged counts as none: then things are told twice rather than
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

STATE_FILE = "known.json"
WAITS_FILE = "tries.json"
FORMAT = 1

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
"""Between two attempts; each wait is three times the last one."""
FARTHEST = timedelta(days=1)
"""No wait is longer (`network.responses.LATEST`): one that seems so was written by a clock that was ahead."""


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

    def is_over(self, now: datetime) -> bool:
        """Whether it is time."""
        return self.until is None or not now < self.until <= now + FARTHEST

    def after_failure(self, now: datetime) -> Wait:
        """Return the wait after one more failure."""
        steps = min(self.failures, 10)
        return Wait(self.failures + 1, now + min(LONGEST_WAIT, FIRST_WAIT * 3**steps))


@dataclass(frozen=True)
class NotedState:
    """What was put into the outbox, whether it is still there or not."""

    parts: Mapping[str, tuple[int, Mapping[str, str]]] = field(default_factory=dict)
    """The generation, and the digest of each feed by path, by part."""
    troubles: Mapping[str, Trouble] = field(default_factory=dict)


# Messages


def make_ping(hub: str, topic: str, generation: int, now: datetime) -> Message:
    """Return the message that tells a hub (by its key) that a feed, the ``topic``, has changed."""
    return Message(f"{_name_for_topic(topic)}{generation}.json", hub, now, topic, generation)


def _name_for_topic(topic: str) -> str:
    return f"ping-{_strip_version(digest(topic))}-"


def make_letter(to: Notify, notice: Notice, now: datetime) -> Message:
    """Return the message that brings a notice to somebody."""
    key = key_of_receiver(to)
    name = f"notice-{_strip_version(digest(key, notice.id))}.json"
    return Message(name, key, now, body=notify_messages.make_body(notice, to.format))


def key_of_hub(url: str) -> str:
    """Return what tells one hub from another."""
    return f"hub:{_strip_version(digest(url))}"


def key_of_receiver(to: Notify) -> str:
    """Return what tells one receiver from another without naming its address, which is secret."""
    return f"notify:{_strip_version(digest(to.url or '', to.url_from or '', to.format))}"


def _strip_version(value: str) -> str:
    return value.partition(":")[2]


# The folder


def open_outbox(output: Path) -> Path:
    """Return the outbox of a publication, made where there is none; raises OSError."""
    box = Workspace(output).outbox
    if not box.is_dir():
        box.mkdir(mode=0o700)
        files.sync(output)
    return box


@contextmanager
def hold_outbox(output: Path) -> Iterator[Path | None]:
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


def put_messages(box: Path, messages: Collection[Message]) -> None:
    """Put messages in, each in the place of earlier pings of its topic; they are durable together. Raises OSError."""
    for message in messages:
        files.replace(box / message.name, message.to_json())
        _drop_older(box, message)
    if messages:
        files.sync(box)


def _drop_older(box: Path, ping: Message) -> None:
    """Remove earlier pings of the same topic: the hub fetches what is there now."""
    if ping.topic:
        for path in box.glob(f"{_name_for_topic(ping.topic)}*.json"):
            if path.name != ping.name:
                path.unlink(missing_ok=True)


def list_names(box: Path) -> list[str]:
    """Return the names of all messages."""
    with os.scandir(box) as entries:
        return sorted(entry.name for entry in entries if entry.name.startswith(("ping-", "notice-")))


def load_message(box: Path, name: str) -> Message | None:
    """Return a message; None where it is gone, or is none that this version wrote."""

    def build(data: Mapping[str, Any]) -> Message:
        since, topic = parse_instant(data["since"]), str(data.get("topic", ""))
        return Message(name, str(data["to"]), since, topic, int(data.get("generation", 0)), dict(data.get("body", {})))

    return _load_record(box / name, build, None)


def load_noted_state(box: Path) -> NotedState:
    """Return what was put into the outbox before."""

    def build(data: Mapping[str, Any]) -> NotedState:
        parts = {name: (int(part["generation"]), dict(part["feeds"])) for name, part in data["parts"].items()}
        return NotedState(parts, {key: Trouble(*trouble) for key, trouble in data["troubles"].items()})

    return _load_record(box / STATE_FILE, build, NotedState())


def write_noted_state(box: Path, state: NotedState) -> None:
    """Write down what was put into the outbox, which must be there; raises OSError."""
    files.replace(box / STATE_FILE, _format_noted_state(state))
    files.sync(box)


def _format_noted_state(state: NotedState) -> bytes:
    parts = {name: {"generation": number, "feeds": dict(feeds)} for name, (number, feeds) in state.parts.items()}
    troubles = {key: list(trouble) for key, trouble in state.troubles.items()}
    return write_record(FORMAT, {"parts": parts, "troubles": troubles})


def load_waits(box: Path) -> dict[str, Wait]:
    """Return what is waited for, by destination or message."""

    def build(data: Mapping[str, Any]) -> dict[str, Wait]:
        return {key: Wait(int(count), parse_instant(until)) for key, (count, until) in data["waits"].items()}

    return _load_record(box / WAITS_FILE, build, {})


def write_waits(box: Path, waits: Mapping[str, Wait]) -> None:
    """Write down what is waited for; raises OSError."""
    if not waits:
        (box / WAITS_FILE).unlink(missing_ok=True)
    else:
        rows = {key: [wait.failures, format_moment(wait.until)] for key, wait in sorted(waits.items()) if wait.until}
        files.replace(box / WAITS_FILE, write_record(FORMAT, {"waits": rows}))


def _load_record(path: Path, build: Callable[[Mapping[str, Any]], T], otherwise: D) -> T | D:
    """Return what a file of ours says; ``otherwise`` where it is not there or damaged: then things are told twice."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return otherwise
    return read_record_or(otherwise, text, FORMAT, build)

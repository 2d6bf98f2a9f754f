"""Sends messages to one destination after the other is refused or taken, and the heartbeat; says when to try again."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from aslms_feeds.errors import AnswerError, FetchError
from aslms_feeds.network.responses import Acceptance, Deferred, RequestRules
from aslms_feeds.notify import messages as notify_messages
from aslms_feeds.notify.destinations import Destination, find_host
from aslms_feeds.notify.outbox import Wait

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from aslms_feeds.notify.outbox import Message

PATIENCE = 5.0
"""The time for one request, in seconds."""


@dataclass
class SendingResult:
    """What became of the messages of one destination; filled in by the thread that sends them."""

    sent: int = 0
    wait: Wait | None = None
    """Until when the destination is left alone; None: it answers."""
    waits: dict[str, Wait] = field(default_factory=dict)
    """The same for single messages that it refused."""
    warnings: list[str] = field(default_factory=list)
    unfinished: bool = False
    """Whether the time was over before all was sent."""


class Sending(NamedTuple):
    """By what rules, with what and until when is sent."""

    pool: ThreadPoolExecutor
    rules: RequestRules
    now: datetime
    deadline: float
    settle: float


def send_messages(
    box: Path, to: Destination, messages: Sequence[Message], waits: Mapping[str, Wait], sending: Sending
) -> SendingResult:
    """Send messages to one destination, one after the other, until it fails or the time is over."""
    from aslms_feeds.network.fetch import Fetcher

    result, now = SendingResult(), sending.now
    before = waits.get(to.key, Wait())
    if not to.url:
        result.wait = before.after_failure(now)
        result.warnings.append(f"{to.name} is not told: the environment variable is not set")
        return result
    if to.feeds:
        _let_settle(box, messages, sending)
    with Fetcher(sending.rules) as fetcher:
        for message in messages:
            seconds = sending.deadline - time.monotonic()
            if seconds <= 0:
                result.unfinished = True
                break
            fetcher.rules = replace(sending.rules, seconds=min(PATIENCE, seconds))
            try:
                match fetcher.post(to.url, _encode_message(message), media_type=to.media_type, now=now):
                    case Acceptance():
                        (box / message.name).unlink(missing_ok=True)
                        result.sent += 1
                    case Deferred(status, retry_at):
                        result.wait = Wait(before.failures + 1, retry_at)
                        result.warnings.append(
                            f"{to.name} answers {status} and is asked again at {format_clock(retry_at)}"
                        )
                        break
            except FetchError as error:
                if _is_about_one_message(error):
                    wait = result.waits[message.name] = waits.get(message.name, Wait()).after_failure(now)
                else:
                    wait = result.wait = before.after_failure(now)
                result.warnings.append(f"{error}; tried again at {format_clock(wait.until or now)}")
                if result.wait:
                    break
    return result


def _let_settle(box: Path, messages: Iterable[Message], sending: Sending) -> None:
    """Wait until what is told of has been public for a moment, by the time of the newest message."""
    with suppress(FileNotFoundError):
        age = time.time() - max((box / message.name).stat().st_mtime for message in messages)
        # A time to come is a clock that was wrong.
        wait = min(sending.settle - max(age, 0), sending.deadline - time.monotonic())
        time.sleep(max(0, wait))


def _encode_message(message: Message) -> bytes:
    if not message.topic:
        return notify_messages.encode_body(message.body)
    # WebSub section 6 leaves the ping to hub and publisher. `hub.url` is what PubSubHubbub 0.4 said, `hub.topic` what
    # some hubs want instead; each ignores the other.
    return urlencode({"hub.mode": "publish", "hub.url": message.topic, "hub.topic": message.topic}).encode()


def _is_about_one_message(error: FetchError) -> bool:
    """Say whether another message may well be taken."""
    return (
        isinstance(error, AnswerError)
        and error.status is not None
        and HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    )


def format_clock(instant: datetime) -> str:
    """Return an instant as messages have it."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def send_heartbeat(url: str, rules: RequestRules, now: datetime, deadline: float) -> str:
    """Ask for the heartbeat's address; return what is wrong, empty where nothing is."""
    from aslms_feeds.network.fetch import Fetcher

    if not url:
        return "no heartbeat: the environment variable is not set"
    seconds = max(0.01, min(PATIENCE, deadline - time.monotonic()))
    try:
        with Fetcher(replace(rules, seconds=seconds)) as fetcher:
            answer = fetcher.ping(url, now=now)
    except FetchError as error:
        return f"heartbeat: {error}"
    return f"heartbeat: {find_host(url)} answers {answer.status}" if isinstance(answer, Deferred) else ""

"""Sends what waits in the outbox: pings to the WebSub hub, notices, and the heartbeat; none of it holds up a build.

`deliver` runs when no lock is held: a message is removed when somebody took it, so each arrives at least once. What
does not work is tried again, later and later. Addresses are read from the definitions, and are kept and told nowhere.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode, urlsplit

from aslms_feeds.errors import AnswerError, AslmsFeedsError, FetchError, PublicationError
from aslms_feeds.network.responses import Acceptance, Deferred, RequestRules
from aslms_feeds.notify import messages as notify_messages
from aslms_feeds.notify import outbox
from aslms_feeds.notify.outbox import FIRST_WAIT, Wait
from aslms_feeds.publication import last_run
from aslms_feeds.publication.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.notify.outbox import Message
    from aslms_feeds.report import Report

SECONDS = 10.0
"""The time for one delivery, everything in it."""
SETTLE = 1.0
"""How many seconds after the switch a hub is told: servers notice it a moment later, and a hub fetches at once."""
PATIENCE = 5.0
"""The time for one request, in seconds."""
GIVEN_UP = timedelta(days=3)
"""How long a message is worth sending."""
BEAT = timedelta(hours=1)
"""How often a heartbeat is due where nothing else is: who listens for silence has to be told how long it may be."""
AT_ONCE = 8
"""Destinations that are told at the same time."""


@dataclass(frozen=True)
class Delivered:
    """What a delivery did."""

    sent: int = 0
    """Messages that were taken."""
    waiting: int = 0
    """Messages that are still to be sent."""
    next_attempt: datetime | None = None
    """When there is something to do again; None: nothing waits, and no heartbeat is wanted."""
    warnings: tuple[str, ...] = ()
    """What did not work, in words that hold nothing secret."""


@dataclass(frozen=True)
class _Destination:
    """Where messages go; ``url`` is empty where a variable that holds it is not set."""

    key: str
    name: str
    """What messages call it: its host at most."""
    url: str
    media_type: str
    feeds: bool = False
    """Whether it fetches what it is told of: it is a hub."""


@dataclass
class _Tried:
    """What became of the messages of one destination; filled in by the thread that sends them."""

    sent: int = 0
    wait: Wait | None = None
    """Until when the destination is left alone; None: it answers."""
    waits: dict[str, Wait] = field(default_factory=dict)
    """The same for single messages that it refused."""
    warnings: list[str] = field(default_factory=list)
    unfinished: bool = False
    """Whether the time was over before all was sent."""


def deliver(
    output: Path,
    publisher: Publisher | None,
    report: Report | None = None,
    *,
    now: datetime,
    seconds: float = SECONDS,
    settle: float = SETTLE,
    environment: Mapping[str, str] | None = None,
) -> Delivered:
    """Send what waits in the outbox and is due, and after a good run the heartbeat; takes at most ``seconds``.

    To be called when no lock is held; a second delivery at the same time leaves all to the first. With ``report``, the
    next attempt is noted in the record of the last run, so that a run that has nothing else to do makes it. Raises
    nothing: what does not work waits for the next attempt, and is in ``warnings``.
    """
    if publisher is None:
        return Delivered()
    try:
        variables = os.environ if environment is None else environment
        done = _deliver(output, publisher, report, now, (seconds, settle), variables)
    except Exception as error:  # noqa: BLE001 - no fault here may make what is published look unpublished
        # What other libraries say could quote an address.
        reason = str(error) if isinstance(error, (OSError, AslmsFeedsError)) else type(error).__name__
        return Delivered(next_attempt=now + FIRST_WAIT, warnings=(f"push: {reason}",))
    if report is not None:
        _postpone(output, min((one for one in (report.next_due, done.next_attempt) if one), default=None), now)
    return done


def _deliver(
    output: Path,
    publisher: Publisher,
    report: Report | None,
    now: datetime,
    limits: tuple[float, float],
    environment: Mapping[str, str],
) -> Delivered:
    seconds, settle = limits
    deadline = time.monotonic() + seconds
    beat = publisher.heartbeat or environment.get(publisher.heartbeat_from or "", "")
    wanted = bool(beat or publisher.heartbeat_from)
    due = now + BEAT if wanted else None
    if not wanted and not Workspace(output).outbox.is_dir():
        return Delivered()
    rules = RequestRules(allow_http=publisher.network.allow_http, allow_loopback=publisher.network.allow_loopback)
    good = report is not None and not report.failed
    with outbox.alone(output) as box, ThreadPoolExecutor(AT_ONCE + 1) as pool:
        beating = pool.submit(_beat, beat, rules, now, deadline) if wanted and good else None
        if box:
            done = _emptied(box, publisher, environment, _Sending(pool, rules, now, deadline, settle))
        else:
            done = Delivered(next_attempt=now + FIRST_WAIT if Workspace(output).outbox.is_dir() else None)
        if beating and (trouble := beating.result()):
            done = replace(done, warnings=(*done.warnings, trouble))
    return replace(done, next_attempt=min((one for one in (done.next_attempt, due) if one), default=None))


class _Sending(NamedTuple):
    """By what rules, with what and until when is sent."""

    pool: ThreadPoolExecutor
    rules: RequestRules
    now: datetime
    deadline: float
    settle: float


def _emptied(box: Path, publisher: Publisher, environment: Mapping[str, str], sending: _Sending) -> Delivered:
    """Send what is due, and keep what for each destination and message is to be waited for."""
    now = sending.now
    waits = outbox.waits(box)
    destinations = {one.key: one for one in _destinations(publisher, environment)}
    messages, warnings = _waiting(box, destinations, now)
    due: dict[str, list[Message]] = defaultdict(list)
    for one in messages:
        if waits.get(one.to, Wait()).over(now) and waits.get(one.name, Wait()).over(now):
            due[one.to].append(one)
    tried = {
        key: sending.pool.submit(_send, box, destinations[key], found, waits, sending) for key, found in due.items()
    }
    sent, unfinished = 0, False
    for key, future in tried.items():
        result = future.result()
        waits.pop(key, None)
        waits |= {key: result.wait} if result.wait else {}
        waits |= result.waits
        sent += result.sent
        unfinished |= result.unfinished
        warnings += result.warnings
    left = [one for one in messages if (box / one.name).exists()]
    waits = {key: waits[key] for key in {*(one.to for one in left), *(one.name for one in left)} & waits.keys()}
    outbox.keep_waits(box, waits)
    instants = [_due(one, waits, now) for one in left]
    # What the time did not suffice for is due at once, but not before others had their turn.
    soonest = now + timedelta(seconds=1) if unfinished else now
    return Delivered(sent, len(left), max(soonest, min(instants)) if instants else None, tuple(warnings))


def _due(message: Message, waits: Mapping[str, Wait], now: datetime) -> datetime:
    found = (waits.get(key, Wait()) for key in (message.to, message.name))
    return max(now, *(one.until or now for one in found))


def _send(
    box: Path, to: _Destination, messages: Sequence[Message], waits: Mapping[str, Wait], sending: _Sending
) -> _Tried:
    """Send messages to one destination, one after the other, until it fails or the time is over."""
    from aslms_feeds.network.fetch import Fetcher

    done, now = _Tried(), sending.now
    before = waits.get(to.key, Wait())
    if not to.url:
        done.wait = before.longer(now)
        done.warnings.append(f"{to.name} is not told: the environment variable is not set")
        return done
    if to.feeds:
        _let_settle(box, messages, sending)
    with Fetcher(sending.rules) as fetcher:
        for message in messages:
            left = sending.deadline - time.monotonic()
            if left <= 0:
                done.unfinished = True
                break
            fetcher.rules = replace(sending.rules, seconds=min(PATIENCE, left))
            try:
                match fetcher.post(to.url, _posted(message), media_type=to.media_type, now=now):
                    case Acceptance():
                        (box / message.name).unlink(missing_ok=True)
                        done.sent += 1
                    case Deferred(status, retry_at):
                        done.wait = Wait(before.failures + 1, retry_at)
                        done.warnings.append(f"{to.name} answers {status} and is asked again at {_clock(retry_at)}")
                        break
            except FetchError as error:
                if _refuses_this_one(error):
                    wait = done.waits[message.name] = waits.get(message.name, Wait()).longer(now)
                else:
                    wait = done.wait = before.longer(now)
                done.warnings.append(f"{error}; tried again at {_clock(wait.until or now)}")
                if done.wait:
                    break
    return done


def _let_settle(box: Path, messages: Iterable[Message], sending: _Sending) -> None:
    """Wait until what is told of has been public for a moment, by the time of the newest message."""
    with suppress(FileNotFoundError):
        age = time.time() - max((box / one.name).stat().st_mtime for one in messages)
        # A time to come is a clock that was wrong.
        wait = min(sending.settle - max(age, 0), sending.deadline - time.monotonic())
        time.sleep(max(0, wait))


def _posted(message: Message) -> bytes:
    if not message.topic:
        return notify_messages.encode(message.body)
    # WebSub section 6 leaves the ping to hub and publisher. `hub.url` is what PubSubHubbub 0.4 said, `hub.topic` what
    # some hubs want instead; each ignores the other.
    return urlencode({"hub.mode": "publish", "hub.url": message.topic, "hub.topic": message.topic}).encode()


def _refuses_this_one(error: FetchError) -> bool:
    """Say whether another message may well be taken."""
    return (
        isinstance(error, AnswerError)
        and error.status is not None
        and HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    )


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _beat(url: str, rules: RequestRules, now: datetime, deadline: float) -> str:
    """Ask for the heartbeat's address; return what is wrong, empty where nothing is."""
    from aslms_feeds.network.fetch import Fetcher

    if not url:
        return "no heartbeat: the environment variable is not set"
    left = max(0.01, min(PATIENCE, deadline - time.monotonic()))
    try:
        with Fetcher(replace(rules, seconds=left)) as fetcher:
            answer = fetcher.ping(url, now=now)
    except FetchError as error:
        return f"heartbeat: {error}"
    return f"heartbeat: {_host(url)} answers {answer.status}" if isinstance(answer, Deferred) else ""


def _destinations(publisher: Publisher, environment: Mapping[str, str]) -> Iterator[_Destination]:
    if publisher.feeds.hub:
        name = f"the hub {_host(publisher.feeds.hub)}"
        form = "application/x-www-form-urlencoded"
        yield _Destination(outbox.hub_key(publisher.feeds.hub), name, publisher.feeds.hub, form, feeds=True)
    for to in publisher.notify:
        url = to.url or environment.get(to.url_from or "", "")
        yield _Destination(outbox.receiver_key(to), f"notify {_host(url) or to.url_from}", url, "application/json")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _waiting(box: Path, destinations: Mapping[str, _Destination], now: datetime) -> tuple[list[Message], list[str]]:
    """Return the messages that are still worth sending, the oldest first; the others are removed."""
    warnings: list[str] = []
    found: list[Message] = []
    newest: dict[str, int] = {}
    for name in outbox.names(box):
        message = outbox.message(box, name)
        if message is None or message.to not in destinations:
            (box / name).unlink(missing_ok=True)
        elif now - message.since > GIVEN_UP:
            (box / name).unlink(missing_ok=True)
            what = f"that {message.topic} changed" if message.topic else "what happened"
            since = _clock(message.since)
            warnings.append(f"{destinations[message.to].name} was not told {what}: given up after trying since {since}")
        else:
            found.append(message)
            newest[message.topic] = max(newest.get(message.topic, 0), message.generation)
    for one in found:
        if one.generation < newest[one.topic]:
            (box / one.name).unlink(missing_ok=True)
    kept = (one for one in found if one.generation == newest[one.topic])
    return sorted(kept, key=lambda one: (one.since, one.name)), warnings


def _postpone(output: Path, due: datetime | None, at: datetime) -> None:
    """Correct the instant at which a run has something to do, in the record of the run of ``at`` alone."""
    last = last_run.read_last_run(output)
    if last is None or last.at != at or last.next_due == due:
        return
    # A builder that is at work notes its own.
    with suppress(PublicationError, OSError), Workspace(output).lock():
        last = last_run.read_last_run(output)
        if last is not None and last.at == at:
            last_run.write_last_run(output, last._replace(next_due=due))

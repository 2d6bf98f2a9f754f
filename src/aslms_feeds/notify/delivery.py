"""Sends what waits in the outbox: pings to the WebSub hub, notices, and the heartbeat; none of it holds up a build.

`deliver` runs when no lock is held: a message is removed when somebody took it, so each arrives at least once. What
does not work is tried again, later and later. Addresses are read from the definitions, and told nowhere.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.errors import AslmsFeedsError, PublicationError
from aslms_feeds.instants import earliest
from aslms_feeds.network.responses import RequestRules
from aslms_feeds.notify import outbox
from aslms_feeds.notify.destinations import Destination, find_destinations
from aslms_feeds.notify.outbox import FIRST_WAIT, Wait
from aslms_feeds.notify.sending import Sending, format_clock, send_heartbeat, send_messages
from aslms_feeds.publication import last_run
from aslms_feeds.publication.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.notify.outbox import Message
    from aslms_feeds.report import Report

SECONDS = 10.0
"""The time for one delivery, everything in it."""
SETTLE = 1.0
"""How many seconds after the switch a hub is told: servers notice it a moment later, and a hub fetches at once."""
GIVEN_UP = timedelta(days=3)
"""How long a message is worth sending."""
BEAT = timedelta(hours=1)
"""How often a heartbeat is due where nothing else is: who listens for silence has to be told how long it may be."""
AT_ONCE = 8
"""Destinations that are told at the same time."""


@dataclass(frozen=True)
class DeliveryResult:
    """What a delivery did."""

    sent: int = 0
    """Messages that were taken."""
    waiting: int = 0
    """Messages that are still to be sent."""
    next_attempt: datetime | None = None
    """When there is something to do again; None: nothing waits, and no heartbeat is wanted."""
    warnings: tuple[str, ...] = ()
    """What did not work, in words that hold nothing secret."""


def deliver(
    output: Path,
    publisher: Publisher | None,
    report: Report | None = None,
    *,
    now: datetime,
    seconds: float = SECONDS,
    settle: float = SETTLE,
    environment: Mapping[str, str] | None = None,
) -> DeliveryResult:
    """Send what waits in the outbox and is due, and after a good run the heartbeat; takes at most ``seconds``.

    To be called when no lock is held; a second delivery at the same time leaves all to the first. With ``report``, the
    next attempt is noted in the record of the last run, so that a run that has nothing else to do makes it. Raises
    nothing: what does not work waits for the next attempt, and is in ``warnings``.
    """
    if publisher is None:
        return DeliveryResult()
    try:
        variables = os.environ if environment is None else environment
        result = _deliver(output, publisher, report, now, (seconds, settle), variables)
    except Exception as error:  # noqa: BLE001 - no fault here may make what is published look unpublished
        # What other libraries say could quote an address.
        reason = str(error) if isinstance(error, (OSError, AslmsFeedsError)) else type(error).__name__
        return DeliveryResult(next_attempt=now + FIRST_WAIT, warnings=(f"push: {reason}",))
    if report is not None:
        _correct_next_due(output, earliest(report.next_due, result.next_attempt), now)
    return result


def _deliver(
    output: Path,
    publisher: Publisher,
    report: Report | None,
    now: datetime,
    limits: tuple[float, float],
    environment: Mapping[str, str],
) -> DeliveryResult:
    seconds, settle = limits
    deadline = time.monotonic() + seconds
    heartbeat = publisher.heartbeat or environment.get(publisher.heartbeat_from or "", "")
    has_heartbeat = bool(heartbeat or publisher.heartbeat_from)
    due = now + BEAT if has_heartbeat else None
    if not has_heartbeat and not Workspace(output).outbox.is_dir():
        return DeliveryResult()
    rules = RequestRules(allow_http=publisher.network.allow_http, allow_loopback=publisher.network.allow_loopback)
    good = report is not None and not report.failed
    with outbox.hold_outbox(output) as box, ThreadPoolExecutor(AT_ONCE + 1) as pool:
        beating = pool.submit(send_heartbeat, heartbeat, rules, now, deadline) if has_heartbeat and good else None
        if box:
            result = _empty_outbox(box, publisher, environment, Sending(pool, rules, now, deadline, settle))
        else:
            result = DeliveryResult(next_attempt=now + FIRST_WAIT if Workspace(output).outbox.is_dir() else None)
        if beating and (trouble := beating.result()):
            result = replace(result, warnings=(*result.warnings, trouble))
    return replace(result, next_attempt=earliest(result.next_attempt, due))


def _empty_outbox(box: Path, publisher: Publisher, environment: Mapping[str, str], sending: Sending) -> DeliveryResult:
    """Send what is due, and keep what for each destination and message is to be waited for."""
    now = sending.now
    waits = outbox.load_waits(box)
    destinations = {destination.key: destination for destination in find_destinations(publisher, environment)}
    messages, warnings = _sort_messages(box, destinations, now)
    due: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if waits.get(message.to, Wait()).is_over(now) and waits.get(message.name, Wait()).is_over(now):
            due[message.to].append(message)
    attempts = {
        key: sending.pool.submit(send_messages, box, destinations[key], due_messages, waits, sending)
        for key, due_messages in due.items()
    }
    sent, unfinished = 0, False
    for key, future in attempts.items():
        result = future.result()
        waits.pop(key, None)
        waits |= {key: result.wait} if result.wait else {}
        waits |= result.waits
        sent += result.sent
        unfinished |= result.unfinished
        warnings += result.warnings
    remaining = [message for message in messages if (box / message.name).exists()]
    keys = {key for message in remaining for key in (message.to, message.name)}
    waits = {key: waits[key] for key in keys & waits.keys()}
    outbox.write_waits(box, waits)
    instants = [_find_due(message, waits, now) for message in remaining]
    # What the time did not suffice for is due at once, but not before others had their turn.
    soonest = now + timedelta(seconds=1) if unfinished else now
    return DeliveryResult(sent, len(remaining), max(soonest, min(instants)) if instants else None, tuple(warnings))


def _find_due(message: Message, waits: Mapping[str, Wait], now: datetime) -> datetime:
    return max(now, *(waits.get(key, Wait()).until or now for key in (message.to, message.name)))


def _sort_messages(
    box: Path, destinations: Mapping[str, Destination], now: datetime
) -> tuple[list[Message], list[str]]:
    """Return the messages that are still worth sending, the oldest first; the others are removed."""
    warnings: list[str] = []
    messages: list[Message] = []
    newest: dict[str, int] = {}
    for name in outbox.list_names(box):
        message = outbox.load_message(box, name)
        if message is None or message.to not in destinations:
            (box / name).unlink(missing_ok=True)
        elif now - message.since > GIVEN_UP:
            (box / name).unlink(missing_ok=True)
            what = f"that {message.topic} changed" if message.topic else "what happened"
            since = format_clock(message.since)
            warnings.append(f"{destinations[message.to].name} was not told {what}: given up after trying since {since}")
        else:
            messages.append(message)
            newest[message.topic] = max(newest.get(message.topic, 0), message.generation)
    current: list[Message] = []
    for message in messages:
        if message.generation < newest[message.topic]:
            (box / message.name).unlink(missing_ok=True)
        else:
            current.append(message)
    return sorted(current, key=lambda message: (message.since, message.name)), warnings


def _correct_next_due(output: Path, due: datetime | None, at: datetime) -> None:
    """Correct the instant at which a run has something to do, in the record of the run of ``at`` alone."""
    last = last_run.read_last_run(output)
    if last is None or last.at != at or last.next_due == due:
        return
    # A builder that is at work notes its own.
    with suppress(PublicationError, OSError), Workspace(output).lock():
        last = last_run.read_last_run(output)
        if last is not None and last.at == at:
            last_run.write_last_run(output, last._replace(next_due=due))

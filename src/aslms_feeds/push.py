"""Tells others what was published: pings to the WebSub hub, notices, the heartbeat; none of it ever holds up a build.

`note` runs under the build's lock, right after the switch, and only writes: what has to be told lies in
``OUTPUT/outbox`` from then on, a file for each message. `deliver` runs when the lock is released, and only sends: a
message is removed when somebody took it, so each arrives at least once.

A builder may die at any moment. What was public before it could write is told by the next one: ``known.json`` holds
the digest of every feed, the generation and the troubles that are in the outbox already, is written last, and is
compared with what is public. Addresses are read from the definitions when something is sent and are kept nowhere.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from aslms_feeds import chronicle, freshness, notices
from aslms_feeds.errors import AnswerError, AslmsFeedsError, FetchError, PublicationError
from aslms_feeds.facts import write_moment
from aslms_feeds.identity import digest
from aslms_feeds.notices import Trouble
from aslms_feeds.publication import ATOM, INDEX, JSON_FEED, MANIFEST, RSS, read_manifest
from aslms_feeds.stores.local import LocalStore
from aslms_feeds.upstream import Accepted, Deferred, Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from aslms_feeds.errors import Problem
    from aslms_feeds.model import Notify, Publisher
    from aslms_feeds.notices import Notice
    from aslms_feeds.regenerate import Part, Report

T = TypeVar("T")

OUTBOX = "outbox"
"""The folder of what waits to be told; it is private."""
KNOWN = "known.json"
TRIES = "tries.json"
FORMAT = 1

SECONDS = 10.0
"""The time for one delivery, everything in it."""
SETTLE = 1.0
"""How many seconds after the switch a hub is told: servers notice it a moment later, and a hub fetches at once."""
PATIENCE = 5.0
"""The time for one request, in seconds."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
"""Between two attempts; each wait is three times the last one."""
GIVEN_UP = timedelta(days=3)
"""How long a message is worth sending."""
FARTHEST = timedelta(days=1)
"""No wait is longer (`upstream.LATEST`): one that seems so was written by a clock that was ahead."""
BEAT = timedelta(hours=1)
"""How often a heartbeat is due where nothing else is: who listens for silence has to be told how long it may be."""
AT_ONCE = 8
"""Destinations that are told at the same time."""

_FEEDS = {ATOM: "atom.xml", RSS: "rss.xml", JSON_FEED: "feed.json"}


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
        data: dict[str, Any] = {"format": FORMAT, "to": self.to, "since": self.since.isoformat()}
        data |= {"topic": self.topic, "generation": self.generation} if self.topic else {"body": self.body}
        return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


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


# Under the lock: what has to be told


@dataclass(frozen=True)
class _Known:
    """What is in the outbox already, or was."""

    parts: Mapping[str, tuple[int, Mapping[str, str]]] = field(default_factory=dict)
    """The generation, and the digest of each feed by path, by part."""
    troubles: Mapping[str, Trouble] = field(default_factory=dict)


def note(
    output: Path,
    publisher: Publisher | None,
    report: Report,
    *,
    now: datetime,
    warnings: Iterable[Problem] = (),
    quarantined: Mapping[str, str] | None = None,
) -> datetime | None:
    """Put what has to be told after a build into the outbox; return ``now`` when something waits there, else None.

    To be called under the lock of the store, after the switch. ``publisher`` has the address it was published at, or
    is None where its file cannot be read: then nobody is known to be told. Problems in ``report`` and ``warnings`` must
    hold nothing that is under embargo. Whatever goes wrong, here with the disk, is made good by the next build.
    """
    if publisher is None or not (publisher.feeds.hub or publisher.notify or (output / OUTBOX).is_dir()):
        return None
    try:
        box = _opened(output)
        known = _known(box)
        messages, fresh = _news(output, publisher, report, known, now, (warnings, quarantined))
        for one in messages:
            _write(box / one.name, one.to_json())
            _drop_older(box, one)
        if messages:
            _sync(box)
        if fresh != known:
            # Last: what it says is noted must be.
            _write(box / KNOWN, _known_json(fresh))
            _sync(box)
        return now if _names(box) else None
    except Exception:
        # It is published, and stays so. The mark was not written: the next build looks again.
        logging.getLogger(__name__).exception("push: what has to be told cannot be noted")
        return now


def _news(
    output: Path,
    publisher: Publisher,
    report: Report,
    known: _Known,
    now: datetime,
    doubts: tuple[Iterable[Problem], Mapping[str, str] | None],
) -> tuple[list[Message], _Known]:
    """Return what has to be told, and what is known from then on."""
    messages: list[Message] = []
    told: list[Notice] = []
    parts = dict(known.parts)
    for part in report.parts:
        mark = known.parts.get(part.name)
        if part.generation == 0 or (mark and mark[0] == part.generation):
            continue
        try:
            feeds, missed = _of_part(LocalStore(output), part, mark)
        except PublicationError:
            continue  # It is reported as a problem of that part; the next build looks again.
        root = publisher.base_url if part.name == INDEX else f"{publisher.base_url}/{part.name}"
        if publisher.feeds.hub:
            before = mark[1] if mark else {}
            paths = [path for path, sha256 in sorted(feeds.items()) if before.get(path) != sha256]
            hub = _hub_key(publisher.feeds.hub)
            messages += [_ping(hub, f"{root}/{quote(path)}", part.generation, now) for path in paths]
        notice = notices.facts(part, publication=publisher.name, url=f"{root}/", now=now, missed=missed)
        told += [notice] if notice else []
        # Who switches back by hand, and forth again, has no news.
        parts[part.name] = (max(part.generation, mark[0] if mark else 0), feeds)
    found = notices.troubles(report, warnings=doubts[0], quarantined=doubts[1])
    for kind in ("errors", "warnings"):
        notice = notices.changed(kind, known.troubles, found, publication=publisher.name, now=now)
        told += [notice] if notice else []
    messages += [_letter(to, one, now) for one in told for to in publisher.notify if one.kind in to.on]
    return messages, _Known(parts, found)


def _of_part(
    store: LocalStore, part: Part, mark: tuple[int, Mapping[str, str]] | None
) -> tuple[dict[str, str], list[str]]:
    """Return the digests of a part's feeds by path, and the facts of generations that nobody was told of."""
    manifest = read_manifest(store.read(part.name, MANIFEST))
    feeds = {
        path: row.sha256
        for path, row in manifest.documents.items()
        if path.rpartition("/")[2] == _FEEDS.get(row.media_type)
    }
    # The report tells of the generation that this build made; what a builder made that died, the chronicle tells. But
    # who asks to be told today is not told of the past: without a mark, only a first generation is news.
    known = mark[0] if mark else 0 if part.generation == 1 else part.generation
    last = part.generation - 1 if part.written or part.told else part.generation
    return feeds, _missed(store, part.name, range(known + 1, last + 1))


def _missed(store: LocalStore, part: str, generations: range) -> list[str]:
    public = store.current(part) if generations else None
    text = public.state.get(chronicle.CHRONICLE) if public else None
    if text is None:
        return []
    return [told for row in chronicle.read(text) if row.generation in generations for told in row.told]


def _ping(hub: str, topic: str, generation: int, now: datetime) -> Message:
    return Message(f"{_topic_name(topic)}{generation}.json", hub, now, topic, generation)


def _topic_name(topic: str) -> str:
    return f"ping-{_hex(digest(topic))}-"


def _letter(to: Notify, notice: Notice, now: datetime) -> Message:
    key = _key(to)
    name = f"notice-{_hex(digest(key, notice.id))}.json"
    return Message(name, key, now, body=notices.body(notice, to.format))


def _hub_key(url: str) -> str:
    return f"hub:{_hex(digest(url))}"


def _key(to: Notify) -> str:
    """Return what tells one receiver from another without naming its address, which is secret."""
    return f"notify:{_hex(digest(to.url or '', to.url_from or '', to.format))}"


def _hex(value: str) -> str:
    return value.partition(":")[2]


def _drop_older(box: Path, ping: Message) -> None:
    """Remove earlier pings of the same topic: the hub fetches what is there now."""
    if ping.topic:
        for path in box.glob(f"{_topic_name(ping.topic)}*.json"):
            if path.name != ping.name:
                path.unlink(missing_ok=True)


# After the lock: sending


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
    except Exception as error:  # noqa: BLE001 - it is published, and that nobody was told must not look otherwise
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
    if not wanted and not (output / OUTBOX).is_dir():
        return Delivered()
    rules = Rules(allow_http=publisher.network.allow_http, allow_loopback=publisher.network.allow_loopback)
    good = report is not None and not report.failed
    with _alone(output) as box, ThreadPoolExecutor(AT_ONCE + 1) as pool:
        beating = pool.submit(_beat, beat, rules, now, deadline) if wanted and good else None
        if box:
            done = _emptied(box, publisher, environment, _Sending(pool, rules, now, deadline, settle))
        else:
            done = Delivered(next_attempt=now + FIRST_WAIT if (output / OUTBOX).is_dir() else None)
        if beating and (trouble := beating.result()):
            done = replace(done, warnings=(*done.warnings, trouble))
    return replace(done, next_attempt=min((one for one in (done.next_attempt, due) if one), default=None))


class _Sending(NamedTuple):
    """By what rules, with what and until when is sent."""

    pool: ThreadPoolExecutor
    rules: Rules
    now: datetime
    deadline: float
    settle: float


def _emptied(box: Path, publisher: Publisher, environment: Mapping[str, str], sending: _Sending) -> Delivered:
    """Send what is due, and keep what for each destination and message is to be waited for."""
    now = sending.now
    waits = _waits(box)
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
    _keep_waits(box, waits)
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
    from aslms_feeds.fetch import Fetcher

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
                    case Accepted():
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
        return notices.encode(message.body)
    # WebSub section 6 leaves the ping to hub and publisher. `hub.url` is what PubSubHubbub 0.4 said, `hub.topic` what
    # some hubs want instead; each ignores the other.
    return urlencode({"hub.mode": "publish", "hub.url": message.topic, "hub.topic": message.topic}).encode()


def _refuses_this_one(error: FetchError) -> bool:
    """Say whether another message may well be taken."""
    return isinstance(error, AnswerError) and error.status is not None and 400 <= error.status < 500  # noqa: PLR2004


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _beat(url: str, rules: Rules, now: datetime, deadline: float) -> str:
    """Ask for the heartbeat's address; return what is wrong, empty where nothing is."""
    from aslms_feeds.fetch import Fetcher

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
        yield _Destination(_hub_key(publisher.feeds.hub), name, publisher.feeds.hub, form, feeds=True)
    for to in publisher.notify:
        url = to.url or environment.get(to.url_from or "", "")
        yield _Destination(_key(to), f"notify {_host(url) or to.url_from}", url, "application/json")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


# The folder


def _opened(output: Path) -> Path:
    box = output / OUTBOX
    if not box.is_dir():
        box.mkdir(mode=0o700)
        _sync(output)
    return box


@contextmanager
def _alone(output: Path) -> Iterator[Path | None]:
    """Give the outbox to one delivery at a time; None where there is none, or another is at work."""
    box = output / OUTBOX
    if not box.is_dir():
        yield None
        return
    handle = os.open(box / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield box
    finally:
        os.close(handle)


def _names(box: Path) -> list[str]:
    with os.scandir(box) as entries:
        return sorted(one.name for one in entries if one.name.startswith(("ping-", "notice-")))


def _waiting(box: Path, destinations: Mapping[str, _Destination], now: datetime) -> tuple[list[Message], list[str]]:
    """Return the messages that are still worth sending, the oldest first; the others are removed."""
    warnings: list[str] = []
    found: list[Message] = []
    newest: dict[str, int] = {}
    for name in _names(box):
        message = _message(box, name)
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


def _message(box: Path, name: str) -> Message | None:
    """Return a message; None where it is gone, or is none that this version wrote."""
    try:
        data = json.loads((box / name).read_bytes())
        if data["format"] != FORMAT:
            return None
        since, topic = _instant(data["since"]), str(data.get("topic", ""))
        return Message(name, str(data["to"]), since, topic, int(data.get("generation", 0)), dict(data.get("body", {})))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _known(box: Path) -> _Known:
    def read(data: Mapping[str, Any]) -> _Known:
        parts = {name: (int(one["generation"]), dict(one["feeds"])) for name, one in data["parts"].items()}
        return _Known(parts, {key: Trouble(*one) for key, one in data["troubles"].items()})

    return _read(box / KNOWN, read, _Known())


def _known_json(known: _Known) -> bytes:
    parts = {name: {"generation": number, "feeds": dict(feeds)} for name, (number, feeds) in known.parts.items()}
    troubles = {key: list(one) for key, one in known.troubles.items()}
    data = {"format": FORMAT, "parts": parts, "troubles": troubles}
    return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


def _waits(box: Path) -> dict[str, Wait]:
    def read(data: Mapping[str, Any]) -> dict[str, Wait]:
        return {key: Wait(int(count), _instant(until)) for key, (count, until) in data["waits"].items()}

    return _read(box / TRIES, read, {})


def _keep_waits(box: Path, waits: Mapping[str, Wait]) -> None:
    if not waits:
        (box / TRIES).unlink(missing_ok=True)
    else:
        rows = {key: [one.failures, write_moment(one.until)] for key, one in sorted(waits.items()) if one.until}
        _write(box / TRIES, json.dumps({"format": FORMAT, "waits": rows}, indent=1).encode() + b"\n")


def _read(path: Path, read: Callable[[Mapping[str, Any]], T], otherwise: T) -> T:
    """Return what a file of ours says; ``otherwise`` where it is not there or damaged: then things are told twice."""
    try:
        data = json.loads(path.read_bytes())
        return read(data) if data["format"] == FORMAT else otherwise
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return otherwise


def _instant(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        message = f"{text} has no offset"
        raise ValueError(message)
    return value


def _write(path: Path, body: bytes) -> None:
    """Write a file whole: beside it, then one rename; durable when its folder is synced too."""
    fresh = path.with_name(f".{path.name}")
    with fresh.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _postpone(output: Path, due: datetime | None, at: datetime) -> None:
    """Correct the instant at which a run has something to do, in the record of the run of ``at`` alone."""
    last = freshness.read(output)
    if last is None or last.at != at or last.next_due == due:
        return
    # A builder that is at work notes its own.
    with suppress(PublicationError, OSError), LocalStore(output).lock():
        last = freshness.read(output)
        if last is not None and last.at == at:
            freshness.write(output, last._replace(next_due=due))

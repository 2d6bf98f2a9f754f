"""Telling others: a real hub with a real subscriber, hubs that keep no rule, and builders that die at any moment."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
import stamina
from contracts import servers
from contracts.hostile import Hostile, answer, drip, endless, head, raw, silent
from contracts.raw_http import ask
from contracts.servers import free_port, wait_for
from contracts.telling import FORMATS, MINUTE, Telling, publisher_toml

from aslms_feeds.network import fetch
from aslms_feeds.notify import delivery
from aslms_feeds.publication.stores.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.servers import Running

WEBSUB = Path(__file__).with_name("websub.py")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def without_waiting():
    """Retry as often as ever, at once."""
    with stamina.set_testing(True, attempts=fetch.ATTEMPTS):
        yield


def pings(server: Hostile) -> list[str]:
    """Return the topics that a hub was told of, in order; each ping says what hubs of every age want."""
    topics = []
    for talk in server.asked:
        assert (talk.method, talk.headers["content-type"]) == ("POST", FORM)
        fields = parse_qs(talk.body.decode(), strict_parsing=True)
        assert fields == {"hub.mode": ["publish"], "hub.url": fields["hub.topic"], "hub.topic": fields["hub.topic"]}
        topics += fields["hub.topic"]
    return topics


def to_hub(output: Path, hub: Hostile, target: str = "/hub?key=hush", more: str = "") -> Telling:
    """Return a publication whose hub that is."""
    return Telling(output, publisher_toml(hub=hub.url(target), more=more))


@pytest.fixture(scope="module")
def one_hub() -> Iterator[Hostile]:
    """Return a hub whose habit each test chooses."""
    with Hostile({"/hub": answer(b"", status=202)}) as hub:
        yield hub


@pytest.fixture(scope="module")
def first(tmp_path_factory, one_hub) -> Telling:
    """Return a publication whose hub that is, published for the first time, with all its pings in the outbox."""
    telling = to_hub(tmp_path_factory.mktemp("first") / "out", one_hub)
    assert not telling.build().failed
    return telling


@pytest.fixture
def hub(one_hub) -> Hostile:
    """Return the hub, which has not been asked yet and answers as one should."""
    one_hub.habits["/hub"] = answer(b"", status=202)
    one_hub.asked = []
    one_hub.connections = 0
    return one_hub


@pytest.fixture
def telling(first, hub, tmp_path) -> Telling:
    """Return a copy of the publication."""
    shutil.copytree(first.output, tmp_path / "out", symlinks=True)
    return replace(first, output=tmp_path / "out")


# A hub that keeps the rules


def test_a_ping_for_each_topic_and_generation(telling, hub):
    """Taken, it is gone; the next delivery has nothing to say."""
    hub.habits["/hub"] = raw(head(204, "Connection: close"))
    result = telling.deliver()
    assert (result.sent, result.waiting, result.next_attempt, result.warnings) == (12, 0, None, ())
    assert sorted(pings(hub)) == sorted(telling.feeds())
    assert telling.deliver() == delivery.DeliveryResult()
    before = telling.feeds()
    telling.build(telling.files(paris="5 Hours of Paris"))
    telling.deliver()
    changed = sorted(topic for topic, sha256 in telling.feeds().items() if before[topic] != sha256)
    assert sorted(pings(hub)[12:]) == changed


@pytest.fixture
def started(tmp_path) -> Iterator[list[Running]]:
    """Return a list of programs that are ended after the test."""
    running: list[Running] = []
    yield running
    for one in reversed(running):
        one.process.kill()
        one.process.wait()


def begin(started: list[Running], role: str, folder: Path, *more: str) -> Running:
    """Start the hub or the subscriber."""
    port = free_port()
    # What is not ours is not measured. Not through a proxy of this machine: what listens here is asked here.
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    environment |= {"NO_PROXY": "*", "no_proxy": "*"}
    command = [sys.executable, str(WEBSUB), role, str(port), str(folder), *more]
    log = folder.with_name(f"{folder.name}.log")
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
    started.append(servers.Running(("127.0.0.1", port), process, log))
    return started[-1]


def listens(running: Running) -> bool:
    """Say whether somebody answers there, whatever."""
    assert running.process.poll() is None, running.lines()
    try:
        return ask(running.address, "/").status > 0
    except OSError:
        return False


@pytest.mark.skipif(
    not (importlib.util.find_spec("flask_websub") and importlib.util.find_spec("celery")),
    reason="Flask-WebSub and Celery are not installed: they are in the dev extra",
)
def test_subscribers_of_a_real_hub_have_the_new_feed(tmp_path, started):
    """Each finds the hub in its feed, subscribes there, and is sent the very bytes that were published, and once."""
    hub = begin(started, "hub", tmp_path / "hub")
    output = tmp_path / "out"
    site = servers.serve(output, tmp_path / "site.log")
    started.append(site)
    wait_for(lambda: listens(hub), 20, "the hub")
    base_url = f"http://127.0.0.1:{site.address[1]}"
    telling = Telling(output, publisher_toml(base_url=base_url, hub=f"http://127.0.0.1:{hub.address[1]}/hub"))
    telling.build()
    paths = [f"trial/changes/{name}" for name in FORMATS]
    wait_for(lambda: all(ask(site.address, f"/{path}").status == 200 for path in paths), 20, "the publication")
    assert telling.deliver().warnings == ()
    inboxes = {path: tmp_path / path.rpartition("/")[2] for path in paths}
    readers = {path: begin(started, "subscriber", inboxes[path], f"{base_url}/{path}") for path in paths}
    for path, reader in readers.items():
        ready = inboxes[path] / "ready"
        wait_for(lambda: ready.exists() or reader.process.poll() is not None, 20, "the subscription")  # noqa: B023
        assert ready.read_text() == f"{base_url}/{path}", reader.lines()

    telling.build(telling.files(paris="5 Hours of Paris"))
    # A hub fetches at once; the embedded server looks for a switch four times a second.
    result = telling.deliver(settle=delivery.SETTLE)
    assert result.warnings == ()
    assert result.sent > 0
    for path, inbox in inboxes.items():
        public = (output / "site" / path).read_bytes()
        wait_for((inbox / "1").exists, 20, "the notification")
        assert (inbox / "1").read_bytes() == public
        assert b"5 Hours of Paris" in public
    telling.build(telling.files(paris="5 Hours of Paris"))
    assert telling.deliver().sent == 0
    assert not [inbox for inbox in inboxes.values() if (inbox / "2").exists()]


# Hubs that keep none


BAD = {
    "silent": (silent, "no whole answer within"),
    "slow": (drip(b"HTTP/1.1 202 Acc", b"epted\r\n" * 400), "no whole answer within"),
    "endless head": (
        endless(b"HTTP/1.1 202 OK\r\n", b"X: " + b"y" * 60000 + b"\r\n", most=1 << 26),
        "sends an answer that is not HTTP",
    ),
    "garbage": (raw(b"\x00\xffSSH-2.0-OpenSSH\r\n\r\n"), "sends an answer that is not HTTP"),
    "hangs up": (raw(b""), "hangs up without an answer"),
    "redirects": (answer(b"", "Location: /elsewhere?key=hush", status=302), "redirects, which a POST does not follow"),
    "redirects inside": (answer(b"", "Location: http://169.254.169.254/", status=307), "redirects, which a POST"),
    "fails": (answer(b"secret trace", status=500), "answers 500 Internal Server Error"),
    "is away": (answer(b"", status=503), "answers 503 Service Unavailable"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_hub_delays_and_fails_nothing(telling, hub, bad):
    """It is asked once, left alone for a minute, and told everything when it is well again; no message is secret."""
    habit, fields = BAD[bad]
    hub.habits["/hub"] = habit
    result = telling.deliver(seconds=0.5)
    assert (result.sent, result.waiting, result.next_attempt) == (0, 12, telling.now + MINUTE)
    (warning,) = result.warnings
    assert warning.startswith(f"http://127.0.0.1:{hub.port}/…: {fields}")
    assert warning.endswith("; tried again at 2030-01-10 12:02 UTC")
    assert "hush" not in warning
    assert len(hub.asked) == 1
    # Meanwhile the season changes, and is public at once.
    telling.now += MINUTE / 4
    assert not telling.build(telling.files(paris="5 Hours of Paris")).failed
    assert b"5 Hours of Paris" in (telling.output / "site" / "trial" / "changes" / "atom.xml").read_bytes()
    hub.habits["/hub"] = raw(head(202))
    result = telling.deliver(later=MINUTE)
    assert (result.sent, result.waiting, result.warnings) == (12, 0, ())
    assert sorted(pings(hub)[1:]) == sorted(telling.feeds())


def test_a_dead_hub_is_asked_less_and_less(tmp_path):
    """Nobody listens: the waits grow, a publication goes on, and in the end nothing is left."""
    telling = Telling(tmp_path / "out", publisher_toml(hub=f"http://127.0.0.1:{free_port()}/"))
    telling.build()
    later, waits = timedelta(0), []
    while True:
        result = telling.deliver(later=later, good=False, seconds=0.5)
        if not result.waiting:
            break
        waits.append((result.next_attempt - telling.now - later) // MINUTE)
        later = result.next_attempt - telling.now
    assert waits[:7] == [1, 3, 9, 27, 81, 243, 360]
    assert len(result.warnings) == 12
    assert all("given up" in one for one in result.warnings)
    assert telling.waiting() == []


def test_a_hub_that_is_well_again_is_trusted_again(telling, hub):
    """Its next failure is waited for as if it were the first."""
    hub.habits["/hub"] = answer(b"", status=500)
    assert telling.deliver().next_attempt == telling.now + MINUTE
    assert telling.deliver(later=MINUTE).next_attempt == telling.now + 4 * MINUTE
    hub.habits["/hub"] = answer(b"", status=202)
    assert telling.deliver(later=4 * MINUTE).waiting == 0
    hub.habits["/hub"] = answer(b"", status=500)
    telling.now += 5 * MINUTE
    telling.build(telling.files(paris="5 Hours of Paris"))
    assert telling.deliver().next_attempt == telling.now + MINUTE


def test_a_builder_that_died_before_it_dropped_an_older_ping(telling, hub):
    """The topic is told of once, and both are gone."""
    for path in (telling.output / "outbox").glob("ping-*-1.json"):
        older = path.read_bytes()
        path.with_name(path.name.replace("-1.json", "-2.json")).write_bytes(
            older.replace(b'"generation": 1', b'"generation": 2')
        )
    assert telling.deliver().sent == 12
    assert telling.waiting() == []
    assert sorted(pings(hub)) == sorted(telling.feeds())


def test_retry_after_is_obeyed(telling, hub):
    """By a hub that is asked too much; also when there is news for it in the meantime."""
    hub.habits["/hub"] = answer(b"", "Retry-After: 7200", status=429)
    two_hours = telling.now + timedelta(hours=2)
    result = telling.deliver()
    assert (result.waiting, result.next_attempt) == (12, two_hours)
    assert result.warnings == ("the hub 127.0.0.1 answers 429 and is asked again at 2030-01-10 14:01 UTC",)
    telling.build(telling.files(paris="5 Hours of Paris"))
    assert telling.deliver().next_attempt == two_hours
    assert len(hub.asked) == 1
    hub.habits["/hub"] = answer(b"", status=202)
    assert telling.deliver(later=timedelta(hours=2)).sent == 12


def test_a_topic_that_is_refused_does_not_keep_the_others(telling, hub):
    """It is tried again by itself, later."""

    def picky(talk):
        status = 404 if b"results" in talk.body else 204
        talk.send(head(status, "Connection: close", "Content-Length: 0" if status == 404 else "X: y"))

    hub.habits["/hub"] = picky
    result = telling.deliver()
    assert (result.sent, result.waiting, len(result.warnings)) == (9, 3, 3)
    assert result.next_attempt == telling.now + MINUTE
    assert {"results" in topic for topic in telling.topics()} == {True}
    assert telling.deliver(later=MINUTE / 2).warnings == ()
    hub.habits["/hub"] = answer(b"", status=202)
    assert telling.deliver(later=MINUTE).sent == 3


def test_a_slow_hub_gets_what_there_is_time_for(telling, hub):
    """The rest follows at once, in the next run; the total limit holds whatever each answer takes."""
    counts = []

    def slow(talk):
        counts.append(talk.body)
        if len(counts) == 3:
            talk.pause(5)
        answer(b"", status=202)(talk)

    hub.habits["/hub"] = slow
    result = telling.deliver(seconds=0.5)
    assert (result.sent, result.waiting) == (2, 10)
    assert telling.deliver(later=MINUTE).sent == 10


def test_a_hub_is_told_a_moment_after_the_switch(tmp_path):
    """It would fetch what a server that has not noticed yet still has; what waited longer does not wait again."""
    moments = []

    def note(talk):
        moments.append(time.time())
        answer(b"", status=202)(talk)

    with Hostile({"/hub": note}) as hub:
        telling = to_hub(tmp_path / "out", hub)
        telling.build()
        noted = max(path.stat().st_mtime for path in (telling.output / "outbox").glob("ping-*"))
        assert telling.deliver(settle=0.5).sent == 12
        assert min(moments) >= noted + 0.5
        telling.build(telling.files(paris="5 Hours of Paris"))
        for path in (telling.output / "outbox").glob("ping-*"):
            os.utime(path, (noted - 60, noted - 60))
        assert telling.deliver(settle=1000.0, seconds=0.2).sent == 0
        assert telling.deliver(settle=30.0).sent > 0


def test_without_time_nothing_is_sent_and_nothing_lost(telling, hub):
    """A limit of no seconds is kept, too."""
    result = telling.deliver(seconds=0)
    assert (result.sent, result.waiting, len(hub.asked)) == (0, 12, 0)
    assert result.next_attempt == telling.now + timedelta(seconds=1)


def test_a_second_delivery_leaves_all_to_the_first(telling, hub):
    """Nothing is sent twice by two that overlap; a build in the meantime notes its news without waiting for them."""
    arrived, go_on = threading.Event(), threading.Event()

    def held(talk):
        arrived.set()
        go_on.wait(20)
        answer(b"", status=202)(talk)

    hub.habits["/hub"] = held
    first: list[delivery.DeliveryResult] = []
    arguments = {"now": telling.now, "seconds": 30.0, "settle": 0.0}
    thread = threading.Thread(
        target=lambda: first.append(delivery.deliver(telling.output, telling.settings(), telling.report, **arguments))
    )
    thread.start()
    assert arrived.wait(20)
    telling.build(telling.files(paris="5 Hours of Paris"))
    noted = telling.topics()
    assert set(noted.values()) == {1, 2}
    result = telling.deliver()
    assert (result.sent, result.next_attempt) == (0, telling.now + MINUTE)
    go_on.set()
    thread.join()
    assert first[0].warnings == ()
    # What was replaced while the first delivery was at work is still told.
    left = telling.topics()
    assert left == {topic: generation for topic, generation in noted.items() if generation == 2}
    assert telling.deliver().sent == len(left)
    assert set(pings(hub)) == telling.feeds().keys()


def test_an_address_inside_is_never_asked(tmp_path):
    """A hub is vetted like every other address; without the network's leave, loopback is inside, too."""
    with Hostile({"/hub": answer(b"", status=202)}) as hub:
        telling = to_hub(tmp_path / "out", hub)
        telling.publisher = telling.publisher.replace("allow_loopback = true", "")
        telling.build()
        result = telling.deliver()
        assert (result.sent, result.waiting, hub.connections) == (0, 12, 0)
        assert result.warnings[0].startswith(f"http://127.0.0.1:{hub.port}/…: is not an https address")


# Notices and the heartbeat


def test_notices_are_posted_as_their_receivers_want_them(tmp_path):
    """JSON to one, a Slack text to the other, whose address comes from the environment; each once."""
    with Hostile({"/json": answer(b"ok"), "/slack": answer(b"ok")}) as receiver:
        more = f'[[notify]]\nurl = "{receiver.url("/json")}"\n[[notify]]\nurl_from = "HOOK"\nformat = "slack"\n'
        environment = {"HOOK": receiver.url("/slack?hush")}
        telling = Telling(tmp_path / "out", publisher_toml(more=more), environment=environment)
        telling.build()
        assert telling.deliver().sent == 2
        fields = {talk.target: json.loads(talk.body) for talk in receiver.asked}
        assert {talk.headers["content-type"] for talk in receiver.asked} == {"application/json"}
        assert fields["/json"]["facts"][0]["what"] == "announced"
        assert fields["/slack?hush"]["text"] == fields["/json"]["text"]
        telling.build()
        assert telling.deliver().sent == 0


def test_one_receiver_that_is_down_does_not_keep_the_others(tmp_path):
    """Each has its own waits."""
    with Hostile({"/good": answer(b""), "/bad": answer(b"", status=500)}) as receiver:
        more = "".join(f'[[notify]]\nurl = "{receiver.url(target)}"\n' for target in ("/bad", "/good"))
        telling = Telling(tmp_path / "out", publisher_toml(more=more))
        telling.build()
        result = telling.deliver()
        assert (result.sent, result.waiting, len(result.warnings)) == (1, 1, 1)
        telling.build(telling.files(paris="5 Hours of Paris"))
        assert telling.deliver(later=-MINUTE / 2).sent == 1
        assert [talk.target for talk in receiver.asked].count("/bad") == 1


def test_the_heartbeat_follows_good_runs_alone(tmp_path):
    """It is asked for after each, never after a bad one, and is due again within an hour."""
    with Hostile({"/beat": answer(b"OK")}) as receiver:
        more = f'heartbeat = "{receiver.url("/beat")}"\n'
        telling = Telling(tmp_path / "out", more + publisher_toml())
        telling.build()
        hour = telling.now + timedelta(hours=1)
        assert telling.deliver().next_attempt == hour
        assert [(talk.method, talk.target) for talk in receiver.asked] == [("GET", "/beat")]
        wrong = telling.files()
        wrong["trial/2030/news.toml"] = b"nonsense"
        telling.build(wrong)
        telling.deliver()
        assert len(receiver.asked) == 1
        assert not (telling.output / "outbox").exists()


@pytest.mark.parametrize(
    ("habit", "said"),
    [
        (answer(b"", status=404), "heartbeat: http://127.0.0.1:{port}/…: answers 404 Not Found"),
        (answer(b"", "Retry-After: 9", status=429), "heartbeat: 127.0.0.1 answers 429"),
        (silent, "heartbeat: http://127.0.0.1:{port}/…: no whole answer within 0."),
    ],
)
def test_a_heartbeat_that_fails_is_said_and_forgotten(tmp_path, habit, said):
    """It does not wait in the outbox: by the time it could be told, it would say nothing."""
    with Hostile({"/beat": habit}) as receiver:
        more = 'heartbeat_from = "BEAT"\n'
        environment = {"BEAT": receiver.url("/beat")}
        telling = Telling(tmp_path / "out", more + publisher_toml(), environment=environment)
        telling.build()
        (warning,) = telling.deliver(seconds=0.5).warnings
        assert warning.startswith(said.format(port=receiver.port))
        telling.environment = {}
        assert telling.deliver().warnings == ("no heartbeat: the environment variable is not set",)


# Builders that die


class Cache:
    """A hub that, told of a topic, takes what is public there: what a real one sends to its subscribers."""

    def __init__(self, output: Path) -> None:
        """Know nothing yet."""
        self.output = output
        self.held: dict[str, bytes] = {}

    def __call__(self, talk) -> None:
        """Take the topic's document, and answer."""
        (topic,) = parse_qs(talk.body.decode())["hub.topic"]
        path = topic.removeprefix("https://calendar.example.org/")
        self.held[path] = (self.output / "site" / path).read_bytes()
        answer(b"", status=202)(talk)


def build_for_ever(telling: Telling, rounds: int) -> None:
    """Change, publish, tell, again and again."""
    for number in range(rounds):
        telling.build(telling.files(paris=f"{number} Hours of Paris"))
        telling.deliver()


def test_a_hub_is_right_in_the_end_whenever_builders_die(tmp_path):
    """Killed at any moment: one more run, and the hub has every feed as it is public."""
    seed = random.Random(20261121)  # noqa: S311 - moments, no secrets
    output = tmp_path / "out"
    cache = Cache(output)
    with Hostile({"/hub": cache}) as hub:
        telling = to_hub(output, hub)
        killed, unfinished = 0, 0
        for turn in range(8):
            telling.now += timedelta(hours=1)
            with ExitStack() as stack:
                child = os.fork()
                if not child:
                    try:
                        build_for_ever(telling, 50)
                    finally:
                        os._exit(0)
                stack.callback(os.waitpid, child, 0)
                arrived = len(hub.asked) + seed.randrange(1, 30)
                if turn % 3:
                    wait_for(lambda arrived=arrived: len(hub.asked) >= arrived, 60, "the pings")
                else:
                    threading.Event().wait(seed.uniform(0.2, 1.2))
                os.kill(child, signal.SIGKILL)
            killed += 1
            unfinished += bool(telling.output.exists() and (not (output / "last-run").exists() or telling.waiting()))
            if not output.exists():
                continue
            telling.now += timedelta(hours=1)
            telling.build(telling.files(paris=f"{turn} Last Hours of Paris") if turn % 2 else None)
            telling.deliver(seconds=30)
            assert telling.waiting() == []
            public = LocalStore(output).read_current("trial").manifest.documents
            feeds = {path for path in public if path.rpartition("/")[2] in {"atom.xml", "rss.xml", "feed.json"}}
            assert {f"trial/{path}" for path in feeds} == cache.held.keys()
            for path, body in cache.held.items():
                assert body == (output / "site" / path).read_bytes(), path
        assert killed == 8
        assert unfinished > 2, "the builder was never killed at work"

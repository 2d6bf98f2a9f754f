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
    found = []
    for talk in server.asked:
        assert (talk.method, talk.headers["content-type"]) == ("POST", FORM)
        said = parse_qs(talk.body.decode(), strict_parsing=True)
        assert said == {"hub.mode": ["publish"], "hub.url": said["hub.topic"], "hub.topic": said["hub.topic"]}
        found += said["hub.topic"]
    return found


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
    it = to_hub(tmp_path_factory.mktemp("first") / "out", one_hub)
    assert not it.build().failed
    return it


@pytest.fixture
def hub(one_hub) -> Hostile:
    """Return the hub, which has not been asked yet and answers as one should."""
    one_hub.habits["/hub"] = answer(b"", status=202)
    one_hub.asked = []
    one_hub.connections = 0
    return one_hub


@pytest.fixture
def it(first, hub, tmp_path) -> Telling:
    """Return a copy of the publication."""
    shutil.copytree(first.output, tmp_path / "out", symlinks=True)
    return replace(first, output=tmp_path / "out")


# A hub that keeps the rules


def test_a_ping_for_each_topic_and_generation(it, hub):
    """Taken, it is gone; the next delivery has nothing to say."""
    hub.habits["/hub"] = raw(head(204, "Connection: close"))
    done = it.deliver()
    assert (done.sent, done.waiting, done.next_attempt, done.warnings) == (12, 0, None, ())
    assert sorted(pings(hub)) == sorted(it.feeds())
    assert it.deliver() == delivery.DeliveryResult()
    before = it.feeds()
    it.build(it.files(paris="5 Hours of Paris"))
    it.deliver()
    changed = sorted(topic for topic, sha256 in it.feeds().items() if before[topic] != sha256)
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
    it = Telling(output, publisher_toml(base_url=base_url, hub=f"http://127.0.0.1:{hub.address[1]}/hub"))
    it.build()
    paths = [f"trial/changes/{name}" for name in FORMATS]
    wait_for(lambda: all(ask(site.address, f"/{path}").status == 200 for path in paths), 20, "the publication")
    assert it.deliver().warnings == ()
    inboxes = {path: tmp_path / path.rpartition("/")[2] for path in paths}
    readers = {path: begin(started, "subscriber", inboxes[path], f"{base_url}/{path}") for path in paths}
    for path, reader in readers.items():
        ready = inboxes[path] / "ready"
        wait_for(lambda: ready.exists() or reader.process.poll() is not None, 20, "the subscription")  # noqa: B023
        assert ready.read_text() == f"{base_url}/{path}", reader.lines()

    it.build(it.files(paris="5 Hours of Paris"))
    # A hub fetches at once; the embedded server looks for a switch four times a second.
    done = it.deliver(settle=delivery.SETTLE)
    assert done.warnings == ()
    assert done.sent > 0
    for path, inbox in inboxes.items():
        public = (output / "site" / path).read_bytes()
        wait_for((inbox / "1").exists, 20, "the notification")
        assert (inbox / "1").read_bytes() == public
        assert b"5 Hours of Paris" in public
    it.build(it.files(paris="5 Hours of Paris"))
    assert it.deliver().sent == 0
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
def test_a_bad_hub_delays_and_fails_nothing(it, hub, bad):
    """It is asked once, left alone for a minute, and told everything when it is well again; no message is secret."""
    habit, said = BAD[bad]
    hub.habits["/hub"] = habit
    done = it.deliver(seconds=0.5)
    assert (done.sent, done.waiting, done.next_attempt) == (0, 12, it.now + MINUTE)
    (warning,) = done.warnings
    assert warning.startswith(f"http://127.0.0.1:{hub.port}/…: {said}")
    assert warning.endswith("; tried again at 2030-01-10 12:02 UTC")
    assert "hush" not in warning
    assert len(hub.asked) == 1
    # Meanwhile the season changes, and is public at once.
    it.now += MINUTE / 4
    assert not it.build(it.files(paris="5 Hours of Paris")).failed
    assert b"5 Hours of Paris" in (it.output / "site" / "trial" / "changes" / "atom.xml").read_bytes()
    hub.habits["/hub"] = raw(head(202))
    done = it.deliver(later=MINUTE)
    assert (done.sent, done.waiting, done.warnings) == (12, 0, ())
    assert sorted(pings(hub)[1:]) == sorted(it.feeds())


def test_a_dead_hub_is_asked_less_and_less(tmp_path):
    """Nobody listens: the waits grow, a publication goes on, and in the end nothing is left."""
    it = Telling(tmp_path / "out", publisher_toml(hub=f"http://127.0.0.1:{free_port()}/"))
    it.build()
    later, waits = timedelta(0), []
    while True:
        done = it.deliver(later=later, good=False, seconds=0.5)
        if not done.waiting:
            break
        waits.append((done.next_attempt - it.now - later) // MINUTE)
        later = done.next_attempt - it.now
    assert waits[:7] == [1, 3, 9, 27, 81, 243, 360]
    assert len(done.warnings) == 12
    assert all("given up" in one for one in done.warnings)
    assert it.waiting() == []


def test_a_hub_that_is_well_again_is_trusted_again(it, hub):
    """Its next failure is waited for as if it were the first."""
    hub.habits["/hub"] = answer(b"", status=500)
    assert it.deliver().next_attempt == it.now + MINUTE
    assert it.deliver(later=MINUTE).next_attempt == it.now + 4 * MINUTE
    hub.habits["/hub"] = answer(b"", status=202)
    assert it.deliver(later=4 * MINUTE).waiting == 0
    hub.habits["/hub"] = answer(b"", status=500)
    it.now += 5 * MINUTE
    it.build(it.files(paris="5 Hours of Paris"))
    assert it.deliver().next_attempt == it.now + MINUTE


def test_a_builder_that_died_before_it_dropped_an_older_ping(it, hub):
    """The topic is told of once, and both are gone."""
    for path in (it.output / "outbox").glob("ping-*-1.json"):
        older = path.read_bytes()
        path.with_name(path.name.replace("-1.json", "-2.json")).write_bytes(
            older.replace(b'"generation": 1', b'"generation": 2')
        )
    assert it.deliver().sent == 12
    assert it.waiting() == []
    assert sorted(pings(hub)) == sorted(it.feeds())


def test_retry_after_is_obeyed(it, hub):
    """By a hub that is asked too much; also when there is news for it in the meantime."""
    hub.habits["/hub"] = answer(b"", "Retry-After: 7200", status=429)
    two_hours = it.now + timedelta(hours=2)
    done = it.deliver()
    assert (done.waiting, done.next_attempt) == (12, two_hours)
    assert done.warnings == ("the hub 127.0.0.1 answers 429 and is asked again at 2030-01-10 14:01 UTC",)
    it.build(it.files(paris="5 Hours of Paris"))
    assert it.deliver().next_attempt == two_hours
    assert len(hub.asked) == 1
    hub.habits["/hub"] = answer(b"", status=202)
    assert it.deliver(later=timedelta(hours=2)).sent == 12


def test_a_topic_that_is_refused_does_not_keep_the_others(it, hub):
    """It is tried again by itself, later."""

    def picky(talk):
        status = 404 if b"results" in talk.body else 204
        talk.send(head(status, "Connection: close", "Content-Length: 0" if status == 404 else "X: y"))

    hub.habits["/hub"] = picky
    done = it.deliver()
    assert (done.sent, done.waiting, len(done.warnings)) == (9, 3, 3)
    assert done.next_attempt == it.now + MINUTE
    assert {"results" in topic for topic in it.topics()} == {True}
    assert it.deliver(later=MINUTE / 2).warnings == ()
    hub.habits["/hub"] = answer(b"", status=202)
    assert it.deliver(later=MINUTE).sent == 3


def test_a_slow_hub_gets_what_there_is_time_for(it, hub):
    """The rest follows at once, in the next run; the total limit holds whatever each answer takes."""
    taken = []

    def slow(talk):
        taken.append(talk.body)
        if len(taken) == 3:
            talk.pause(5)
        answer(b"", status=202)(talk)

    hub.habits["/hub"] = slow
    done = it.deliver(seconds=0.5)
    assert (done.sent, done.waiting) == (2, 10)
    assert it.deliver(later=MINUTE).sent == 10


def test_a_hub_is_told_a_moment_after_the_switch(tmp_path):
    """It would fetch what a server that has not noticed yet still has; what waited longer does not wait again."""
    moments = []

    def note(talk):
        moments.append(time.time())
        answer(b"", status=202)(talk)

    with Hostile({"/hub": note}) as hub:
        it = to_hub(tmp_path / "out", hub)
        it.build()
        noted = max(path.stat().st_mtime for path in (it.output / "outbox").glob("ping-*"))
        assert it.deliver(settle=0.5).sent == 12
        assert min(moments) >= noted + 0.5
        it.build(it.files(paris="5 Hours of Paris"))
        for path in (it.output / "outbox").glob("ping-*"):
            os.utime(path, (noted - 60, noted - 60))
        assert it.deliver(settle=1000.0, seconds=0.2).sent == 0
        assert it.deliver(settle=30.0).sent > 0


def test_without_time_nothing_is_sent_and_nothing_lost(it, hub):
    """A limit of no seconds is kept, too."""
    done = it.deliver(seconds=0)
    assert (done.sent, done.waiting, len(hub.asked)) == (0, 12, 0)
    assert done.next_attempt == it.now + timedelta(seconds=1)


def test_a_second_delivery_leaves_all_to_the_first(it, hub):
    """Nothing is sent twice by two that overlap; a build in the meantime notes its news without waiting for them."""
    asked, go_on = threading.Event(), threading.Event()

    def held(talk):
        asked.set()
        go_on.wait(20)
        answer(b"", status=202)(talk)

    hub.habits["/hub"] = held
    first: list[delivery.DeliveryResult] = []
    arguments = {"now": it.now, "seconds": 30.0, "settle": 0.0}
    thread = threading.Thread(
        target=lambda: first.append(delivery.deliver(it.output, it.settings(), it.report, **arguments))
    )
    thread.start()
    assert asked.wait(20)
    it.build(it.files(paris="5 Hours of Paris"))
    noted = it.topics()
    assert set(noted.values()) == {1, 2}
    done = it.deliver()
    assert (done.sent, done.next_attempt) == (0, it.now + MINUTE)
    go_on.set()
    thread.join()
    assert first[0].warnings == ()
    # What was replaced while the first delivery was at work is still told.
    left = it.topics()
    assert left == {topic: generation for topic, generation in noted.items() if generation == 2}
    assert it.deliver().sent == len(left)
    assert set(pings(hub)) == it.feeds().keys()


def test_an_address_inside_is_never_asked(tmp_path):
    """A hub is vetted like every other address; without the network's leave, loopback is inside, too."""
    with Hostile({"/hub": answer(b"", status=202)}) as hub:
        it = to_hub(tmp_path / "out", hub)
        it.publisher = it.publisher.replace("allow_loopback = true", "")
        it.build()
        done = it.deliver()
        assert (done.sent, done.waiting, hub.connections) == (0, 12, 0)
        assert done.warnings[0].startswith(f"http://127.0.0.1:{hub.port}/…: is not an https address")


# Notices and the heartbeat


def test_notices_are_posted_as_their_receivers_want_them(tmp_path):
    """JSON to one, a Slack text to the other, whose address comes from the environment; each once."""
    with Hostile({"/json": answer(b"ok"), "/slack": answer(b"ok")}) as receiver:
        more = f'[[notify]]\nurl = "{receiver.url("/json")}"\n[[notify]]\nurl_from = "HOOK"\nformat = "slack"\n'
        environment = {"HOOK": receiver.url("/slack?hush")}
        it = Telling(tmp_path / "out", publisher_toml(more=more), environment=environment)
        it.build()
        assert it.deliver().sent == 2
        said = {talk.target: json.loads(talk.body) for talk in receiver.asked}
        assert {talk.headers["content-type"] for talk in receiver.asked} == {"application/json"}
        assert said["/json"]["facts"][0]["what"] == "announced"
        assert said["/slack?hush"]["text"] == said["/json"]["text"]
        it.build()
        assert it.deliver().sent == 0


def test_one_receiver_that_is_down_does_not_keep_the_others(tmp_path):
    """Each has its own waits."""
    with Hostile({"/good": answer(b""), "/bad": answer(b"", status=500)}) as receiver:
        more = "".join(f'[[notify]]\nurl = "{receiver.url(target)}"\n' for target in ("/bad", "/good"))
        it = Telling(tmp_path / "out", publisher_toml(more=more))
        it.build()
        done = it.deliver()
        assert (done.sent, done.waiting, len(done.warnings)) == (1, 1, 1)
        it.build(it.files(paris="5 Hours of Paris"))
        assert it.deliver(later=-MINUTE / 2).sent == 1
        assert [talk.target for talk in receiver.asked].count("/bad") == 1


def test_the_heartbeat_follows_good_runs_alone(tmp_path):
    """It is asked for after each, never after a bad one, and is due again within an hour."""
    with Hostile({"/beat": answer(b"OK")}) as receiver:
        more = f'heartbeat = "{receiver.url("/beat")}"\n'
        it = Telling(tmp_path / "out", more + publisher_toml())
        it.build()
        hour = it.now + timedelta(hours=1)
        assert it.deliver().next_attempt == hour
        assert [(talk.method, talk.target) for talk in receiver.asked] == [("GET", "/beat")]
        wrong = it.files()
        wrong["trial/2030/news.toml"] = b"nonsense"
        it.build(wrong)
        it.deliver()
        assert len(receiver.asked) == 1
        assert not (it.output / "outbox").exists()


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
        it = Telling(tmp_path / "out", more + publisher_toml(), environment=environment)
        it.build()
        (warning,) = it.deliver(seconds=0.5).warnings
        assert warning.startswith(said.format(port=receiver.port))
        it.environment = {}
        assert it.deliver().warnings == ("no heartbeat: the environment variable is not set",)


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


def build_for_ever(it: Telling, rounds: int) -> None:
    """Change, publish, tell, again and again."""
    for number in range(rounds):
        it.build(it.files(paris=f"{number} Hours of Paris"))
        it.deliver()


def test_a_hub_is_right_in_the_end_whenever_builders_die(tmp_path):
    """Killed at any moment: one more run, and the hub has every feed as it is public."""
    seed = random.Random(20261121)  # noqa: S311 - moments, no secrets
    output = tmp_path / "out"
    cache = Cache(output)
    with Hostile({"/hub": cache}) as hub:
        it = to_hub(output, hub)
        killed, unfinished = 0, 0
        for turn in range(8):
            it.now += timedelta(hours=1)
            with ExitStack() as stack:
                child = os.fork()
                if not child:
                    try:
                        build_for_ever(it, 50)
                    finally:
                        os._exit(0)
                stack.callback(os.waitpid, child, 0)
                asked = len(hub.asked) + seed.randrange(1, 30)
                if turn % 3:
                    wait_for(lambda asked=asked: len(hub.asked) >= asked, 60, "the pings")
                else:
                    threading.Event().wait(seed.uniform(0.2, 1.2))
                os.kill(child, signal.SIGKILL)
            killed += 1
            unfinished += bool(it.output.exists() and (not (output / "last-run").exists() or it.waiting()))
            if not output.exists():
                continue
            it.now += timedelta(hours=1)
            it.build(it.files(paris=f"{turn} Last Hours of Paris") if turn % 2 else None)
            it.deliver(seconds=30)
            assert it.waiting() == []
            public = LocalStore(output).read_current("trial").manifest.documents
            feeds = {path for path in public if path.rpartition("/")[2] in {"atom.xml", "rss.xml", "feed.json"}}
            assert {f"trial/{path}" for path in feeds} == cache.held.keys()
            for path, body in cache.held.items():
                assert body == (output / "site" / path).read_bytes(), path
        assert killed == 8
        assert unfinished > 2, "the builder was never killed at work"

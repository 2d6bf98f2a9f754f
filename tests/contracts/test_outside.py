"""A publication seen from outside: its health, its public status, its metrics, its hub; over real sockets."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from contracts import servers
from contracts.raw_http import ask, head
from contracts.servers import Running, free_port, stop, wait_for
from contracts.store_on_disk import TYPES, publish
from contracts.telling import Telling, publisher_toml
from prometheus_client.parser import text_string_to_metric_families

from aslms_feeds.serve.application import METRICS_HOST
from aslms_feeds.serve.parts import ServedParts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FILES = {"index.html": b"<p>A season.</p>" * 30, "aslms-all.ics": b"BEGIN:VCALENDAR\r\n" * 40}
CALENDAR = "/aslms/aslms-all.ics"
OK = b"ok\n"


@pytest.fixture
def output(tmp_path) -> Path:
    """Return a publication of one series and the index, as a build left it an hour ago."""
    folder = tmp_path / "publication"
    publish(folder, "index", 3, {"index.html": b"<p>All.</p>"})
    publish(folder, "aslms", 12, FILES)
    built(folder, HOUR)
    return folder


@pytest.fixture
def serving(tmp_path) -> Iterator[Callable[..., Running]]:
    """Start servers as the command does, ended after the test."""
    started: list[Running] = []

    def begin(output: Path, *options: str) -> Running:
        port = free_port()
        log = tmp_path / f"server-{len(started)}.log"
        command = [sys.executable, "-m", "aslms_feeds", "serve", "--output", str(output), "--port", str(port)]
        started.append(servers.begin([*command, *options], port, log))
        return started[-1]

    yield begin
    for running in started:
        stop(running)


def built(output: Path, ago: timedelta, *, due: datetime | None = None, **fields: object) -> None:
    """Leave what a build leaves that came to its end so long ago."""
    at = datetime.now(UTC) - ago
    status = {"at": at.isoformat(), "ok": True, "parts": [], "last_good": at.isoformat(), **fields}
    for name, data in (
        ("status.json", {**status, "next_due": due.isoformat() if due else None}),
        ("last-run", {"next_due": due.isoformat() if due else None}),
    ):
        fresh = output / f".{name}"
        fresh.write_text(json.dumps(data))
        os.utime(fresh, (at.timestamp(), at.timestamp()))
        fresh.rename(output / name)


def comes(running: Running, target: str, status: int) -> bytes:
    """Wait until a target is answered with a status, and return the content."""
    wait_for(lambda: ask(running.address, target).status == status, 10, f"{status} at {target}")
    return ask(running.address, target).body


# Health


def test_health_follows_the_builds(output, serving):
    """Green; red when they stop, or come late; green again after the next one. What is served does not care."""
    running = serving(output)
    assert ask(running.address, "/healthz").body == OK
    built(output, 3 * DAY)
    assert json.loads(comes(running, "/healthz", 503)) == {"ok": False, "reasons": ["the last good build is too old"]}
    answer = ask(running.address, "/healthz")
    assert answer.get("content-type") == "application/json; charset=utf-8"
    assert answer.get("cache-control") == "no-store"
    assert ask(running.address, CALENDAR).status == 200
    built(output, HOUR)
    assert comes(running, "/healthz", 200) == OK
    built(output, HOUR, due=datetime.now(UTC) - 5 * timedelta(minutes=1))
    assert json.loads(comes(running, "/healthz", 503))["reasons"] == ["a build that was due is late"]
    built(output, timedelta(0))
    assert comes(running, "/healthz", 200) == OK


def test_a_run_that_finds_nothing_to_do_is_a_sign_of_life(output, serving):
    """It touches `last-run` and nothing else."""
    built(output, 3 * DAY)
    running = serving(output)
    comes(running, "/healthz", 503)
    (output / "last-run").touch()
    assert comes(running, "/healthz", 200) == OK


def test_before_the_first_publication_there_is_a_reason(tmp_path, serving):
    """Other addresses say the same in words; the status is there once something is."""
    running = serving(tmp_path / "nothing")
    assert json.loads(comes(running, "/healthz", 503)) == {"ok": False, "reasons": ["nothing is published yet"]}
    assert ask(running.address, "/status.json").status == 503
    publish(tmp_path / "nothing", "aslms", 1, FILES)
    assert comes(running, "/healthz", 200) == OK
    assert json.loads(comes(running, "/status.json", 200))["series"].keys() == {"aslms"}


def test_a_broken_status_is_no_trouble(output, serving):
    """What a build left may be half a file of another program; the site is served, and nothing is complained of."""
    running = serving(output)
    for text in (b"", b"\x00" * 1000, b"[" * 100_000):
        (output / "status.json").write_bytes(text)
        (output / "last-run").write_bytes(text)
        publish(output, f"s{len(text)}", 1, FILES)
        comes(running, f"/s{len(text)}/", 200)
        assert ask(running.address, "/healthz").body == OK
    assert running.lines() == [f"Serving {output} on http://127.0.0.1:{running.address[1]}/ (Ctrl-C ends it)"]


# The public status


def test_the_public_status_tells_generations_and_no_secrets(output, serving):
    """Neither problems, nor files, nor what is to come, nor a series that is not public."""
    parts = [
        {"part": "aslms", "ok": False, "problems": ["calendars/aslms/2030/season.toml:3:1: start: is secret"]},
        {"part": "hidden", "ok": False, "error": "embargo", "problems": ["calendars/hidden"]},
    ]
    built(output, HOUR, ok=False, parts=parts, due=datetime.now(UTC) + DAY, error=None)
    running = serving(output)
    answer = ask(running.address, "/status.json")
    assert json.loads(answer.body) == {
        "ok": False,
        "series": {"aslms": {"ok": False, "generation": 12, "published": "2026-11-21T04:00:00Z"}},
    }
    assert answer.get("cache-control") == "no-store"
    assert answer.get("access-control-allow-origin") == "*"
    publish(output, "aslms", 13, FILES)
    built(output, timedelta(0))
    wait_for(lambda: b'"generation": 13' in ask(running.address, "/status.json").body, 10, "the next generation")
    wait_for(lambda: json.loads(ask(running.address, "/status.json").body)["ok"], 10, "a good build")


def test_nothing_that_is_published_stands_in_the_way(output, serving):
    """A document of such a name is hidden by ours; a series cannot have one."""
    publish(output, "index", 4, {"status.json": b"{}", "index.html": b"<p>All.</p>"})
    running = serving(output)
    assert "series" in json.loads(ask(running.address, "/status.json").body)


@pytest.mark.parametrize(
    "target", ["/status.json/", "/healthz/", "/x/../status.json", "/last-run", "/metrics", "//healthz"]
)
def test_an_address_is_a_key_and_not_a_path(output, serving, target):
    """What only resembles an address of ours is not there."""
    assert ask(serving(output).address, target).status == 404


def test_methods(output, serving):
    """HEAD has the same headers and nothing else; nothing can be sent."""
    running = serving(output)
    for target in ("/healthz", "/status.json"):
        whole, short = (ask(running.address, target, method=method) for method in ("GET", "HEAD"))
        assert (short.status, short.body) == (200, b"")
        assert short.get("content-length") == whole.get("content-length") == str(len(whole.body))
        assert ask(running.address, target, method="POST").status == 405


# Metrics


def scraped(port: int) -> dict[tuple[str, ...], float]:
    """Return the samples that Prometheus would read, by name and labels."""
    text = ask((METRICS_HOST, port), "/metrics").body.decode()
    families = text_string_to_metric_families(text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_metrics_count_what_is_answered(output, serving):
    """By kind and status, on a port of their own, as Prometheus reads them."""
    built(output, HOUR, extra={"health": {"counters": {"builds": {"ok": 5}, "changes": {"all": 2}}}})
    port = free_port()
    running = serving(output, "--metrics-port", str(port))
    before = scraped(port)
    etag = ask(running.address, CALENDAR).get("etag")
    for _ in range(3):
        assert ask(running.address, CALENDAR, f"If-None-Match: {etag}").status == 304
    for target in ("/aslms/", "/aslms", "/nowhere", "/nowhere/else"):
        ask(running.address, target)
    after = scraped(port)
    counted = {key[1:]: value - before.get(key, 0) for key, value in after.items() if "requests" in key[0]}
    assert {key: value for key, value in counted.items() if value} == {
        ("calendar", "200"): 1,
        ("calendar", "304"): 3,
        ("page", "200"): 1,
        ("redirect", "308"): 1,
        ("other", "404"): 2,
    }
    assert after["aslms_feeds_generation", "aslms"] == 12
    assert after["aslms_feeds_builds_total", "ok"] == 5
    assert after["aslms_feeds_changes_total",] == 2
    assert after["aslms_feeds_healthy",] == 1
    assert 3600 <= after["aslms_feeds_age_seconds",] < 7200


def test_metrics_are_for_this_machine_alone(output, serving):
    """They are not on the port of the site, and not on another address, wherever the site listens."""
    port = free_port()
    running = serving(output, "--host", "0.0.0.0", "--metrics-port", str(port))  # noqa: S104 - that is the point
    assert ask(running.address, "/metrics").status == 404
    assert ("aslms_feeds_healthy",) in scraped(port)
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.2", port), 5):
        pass


@pytest.mark.parametrize("port", ["taken", "70000"])
def test_a_port_for_metrics_that_cannot_be_had_is_said_at_once(output, port):
    """With the option's name, before anything is served."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        chosen = str(listener.getsockname()[1]) if port == "taken" else port
        command = [sys.executable, "-m", "aslms_feeds", "serve", "--output", str(output), "--port", str(free_port())]
        process = subprocess.run(
            [*command, "--metrics-port", chosen], capture_output=True, text=True, timeout=60, check=False
        )
    assert process.returncode == 64
    assert process.stderr.startswith(f"aslms-feeds: cannot listen on 127.0.0.1 port {chosen}: ")
    assert "Try: Choose another --metrics-port" in process.stderr


# The hub


@pytest.mark.parametrize("format_", ["atom.xml", "rss.xml", "feed.json"])
def test_a_feed_says_its_hub_in_a_header_too(tmp_path, serving, format_):
    """WebSub, section 4: that is where subscribers look first. Pages and calendars have no hub."""
    hub = "https://hub.example.org/?a=1&b=2"
    telling = Telling(tmp_path / "out", publisher_toml(hub=hub))
    telling.build()
    running = serving(telling.output)
    answer = ask(running.address, f"/trial/changes/{format_}")
    url = f"https://calendar.example.org/trial/changes/{format_}"
    assert answer.get("link") == f'<{hub}>; rel="hub", <{url}>; rel="self"'
    for target in ("/trial/", "/trial/trial-races.ics", "/trial/series.json", "/healthz"):
        assert ask(running.address, target).get("link") is None


def test_without_a_hub_there_is_no_header(tmp_path, serving):
    """A link to oneself alone tells nobody anything."""
    telling = Telling(tmp_path / "out", publisher_toml())
    telling.build()
    assert ask(serving(telling.output).address, "/trial/news/atom.xml").get("link") is None


@pytest.mark.parametrize(
    "body",
    [
        b'<feed><link href="https://a.example/" rel="hub"/></feed>',
        b'<feed><link href="https://a.example/&#10;X:y" rel="hub"/><link href="https://a.example/" rel="self"/></feed>',
        b'<feed><link href="javascript:1" rel="hub"/><link href="https://a.example/" rel="self"/></feed>',
        b'<feed><link href="https://a.example/>; rel=x" rel="hub"/><link href="https://a.example/" rel="self"/></feed>',
        b'<feed><entry><link href="https://a.example/" rel="hub"/><link href="https://a.example/" rel="self"/></entry>',
        b"\xff\xfe<feed>",
        b"",
    ],
)
def test_no_content_of_a_feed_makes_another_header(tmp_path, body):
    """Only two addresses that are nothing else, from before the first item."""
    assert TYPES["xml"].startswith("application/atom+xml")
    publish(tmp_path, "aslms", 1, {"atom.xml": body + b"\n"})
    parts = ServedParts(tmp_path)
    assert parts.refresh()
    assert b"link" not in dict(parts.table()["/aslms/atom.xml"].content_headers)


def test_a_head_that_is_asked_for_with_a_method_of_its_own_is_counted(output, serving):
    """Every answer counts, whatever was asked."""
    port = free_port()
    running = serving(output, "--metrics-port", str(port))
    with socket.create_connection(running.address, 5) as connection:
        connection.sendall(head("/nowhere").replace(b"GET", b"BREW", 1))
        assert connection.recv(1000).startswith(b"HTTP/1.1 405")
    assert scraped(port)["aslms_feeds_requests_total", "other", "405"] == 1

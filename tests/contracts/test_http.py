"""What every server of a publication does, asked over real sockets: RFC 9110, RFC 9112, and only what is published.

The suite asks every server in turn: ``serve``, and nginx and Caddy with the files of ``deploy/``. What those two do
otherwise is listed in ``DIFFERENCES``. What only the embedded server promises is below "The embedded server alone".
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from contracts import servers
from contracts.raw_http import Connection, Response, ask, decoded, head
from contracts.servers import Reader, Running, answers, of_generation, set_times, stop, wait_for, web_root
from contracts.store_on_disk import MODIFIED, TYPES, publish, switch, write, write_generation
from contracts.store_on_disk import PUBLISHED as GENERATED

from aslms_feeds.errors import UsageError
from aslms_feeds.serve.parts import RESIDENT_BYTES, RETRY_POLLS, ServedParts, load_part
from aslms_feeds.serve.server import run_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CALENDAR = b"".join(b"LINE:%05d Sepang, Dubai, Yas Marina\r\n" % number for number in range(600))
PAGE = b"<!doctype html><title>Asian Le Mans Series</title>" + b"<p>A season.</p>" * 60
NOTHING = b"<!doctype html><title>There is nothing at this address</title>" + b"<p>Rien.</p>" * 60
PUBLISHED: dict[str, dict[str, bytes]] = {
    "index": {
        "index.html": PAGE,
        "404.html": NOTHING,
        "feeds.opml": b"<opml version='2.0'><body/></opml>" * 9,
        "robots.txt": b"User-agent: *\nAllow: /\n",
        "assets/style.0a1b2c3d.css": b"body{color:#123}" * 30,
        "bundles/asia/all.ics": CALENDAR,
    },
    "aslms": {
        "index.html": PAGE,
        "aslms-all.ics": CALENDAR,
        "2023-24/index.html": PAGE + b"2023/24",
        "2023-24/season.json": b'{"season": "2023-24"}' * 20,
        "2023-24/sepang/index.html": PAGE + b"Sepang",
        "embed.html": PAGE + b"For frames",
        "fr/embed.html": PAGE + b"For frames, in French",
        "news/atom.xml": b"<feed/>" * 40,
        "assets/logo.9f8e7d6c.png": b"\x89PNG\r\n" + bytes(range(256)),
    },
    "elms": {"elms-all.ics": CALENDAR[:4000]},
}
EMPTY = b""
IN_ORDER = re.compile(r'\[notice\]|"level":"(?:info|warn)"')
"""What a server may say on stderr while nothing is wrong."""


@dataclass(frozen=True)
class Server:
    """A server that runs: where it listens and what it has to answer with."""

    address: tuple[str, int]
    output: Path
    documents: Mapping[str, bytes]
    types: Mapping[str, str]


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Server:
    """Publish what is above and return what has to be answered; nobody serves it yet."""
    output = tmp_path_factory.mktemp("publication")
    documents, types = {}, {}
    for part, files in PUBLISHED.items():
        files_of_part = files if part != "elms" else {**files, "empty.txt": EMPTY}
        publish(output, part, 12, files_of_part)
        for path, content in files_of_part.items():
            address = ("/" if part == "index" else f"/{part}/") + path.removesuffix("index.html")
            documents[address], types[address] = content, TYPES[path.rpartition(".")[2]]
    web_root(output)
    set_times(output, modified=datetime.fromisoformat(MODIFIED), published=datetime.fromisoformat(GENERATED))
    # The last build was today, whatever day that is: health is a question of the clock.
    write(output / "status.json", b"{}", twins=False)
    return Server(("", 0), output, documents, types)


@pytest.fixture(scope="module", params=["serve", "nginx", "caddy"])
def server(request, published, tmp_path_factory) -> Iterator[Server]:
    """Every server in turn, serving what is published above."""
    folder = tmp_path_factory.mktemp(request.param)
    match request.param:
        case "nginx":
            running = servers.nginx(published.output, folder)
        case "caddy":
            running = servers.caddy(published.output, folder)
        case _:
            running = servers.serve(published.output, folder / "server.log")
    yield replace(published, address=running.address)
    stop(running)
    assert [line for line in running.lines() if not IN_ORDER.search(line)] == []


@pytest.fixture
def alone(tmp_path) -> Iterator[Callable[[Path], Running]]:
    """Start servers of one's own, ended after the test."""
    started: list[Running] = []

    def begin(output: Path, files: tuple[int, int] | None = None) -> Running:
        started.append(servers.serve(output, tmp_path / f"server-{len(started)}.log", files))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            stop(running)


class Difference(NamedTuple):
    """A case that a server answers otherwise, whatever its configuration says, and why that may be."""

    servers: set[str]
    test: str
    arguments: Mapping[str, Sequence[object]]
    """Values of the test's arguments; no name: all of them."""
    why: str


DIFFERENCES = [
    Difference(
        {"nginx", "caddy"},
        "test_scripts_of_other_sites_may_ask",
        {"target": ["*"]},
        "a preflight is for an address; both answer OPTIONS * (RFC 9110 section 9.3.7) before any configuration",
    ),
    Difference(
        {"nginx"},
        "test_conditions",
        {"headers": [['If-None-Match: "a"', 'If-None-Match: "ETAG"']]},
        "400: If-None-Match in two lines; nginx 1.22 takes one",
    ),
    Difference(
        {"caddy"},
        "test_conditions",
        {"headers": [['If-None-Match: "a"', 'If-None-Match: "ETAG"']]},
        "200: If-None-Match in two lines; Go reads the first, and the client gets all of it again",
    ),
    Difference(
        {"nginx"},
        "test_conditions",
        {"headers": [['If-None-Match: "ETAG"', "If-Modified-Since: Fri, 20 Nov 2026 09:29:59 GMT"]]},
        "200: nginx wants both conditions to hold, and the client gets all of it again",
    ),
    Difference(
        {"nginx"},
        "test_conditions",
        {
            "headers": [
                ["If-Unmodified-Since: yesterday"],
                ['If-Match: "ETAG"', "If-Unmodified-Since: Fri, 20 Nov 2026 09:29:59 GMT"],
            ]
        },
        "412: nginx wants both conditions to hold, and takes what is no date for one long ago; only writers send these",
    ),
    Difference(
        {"caddy"},
        "test_not_modified_says_all_but_the_content",
        {},
        "Go leaves Last-Modified out where there is an ETag; RFC 9110 section 15.4.5 does not ask for it",
    ),
    Difference(
        {"caddy"},
        "test_head_says_what_get_says",
        {"accept": ["gzip", "br"]},
        "Go states no length of encoded content, and sends it in chunks; RFC 9110 section 9.3.2 lets HEAD leave it out",
    ),
    Difference(
        {"nginx"},
        "test_the_best_accepted_coding_is_sent",
        {"accepted": ["x-gzip"]},
        "the document without a coding: nginx does not know the old name of gzip",
    ),
    Difference(
        {"nginx"},
        "test_the_best_accepted_coding_is_sent",
        {"accepted": ["br; q=0.2 , gzip ; q=0.5"]},
        "Brotli: nginx asks whether a coding is accepted, not how much",
    ),
    Difference(
        {"nginx", "caddy"},
        "test_the_best_accepted_coding_is_sent",
        {"accepted": ["identity;q=1, br;q=0.5"]},
        "Brotli, which is accepted: neither weighs having no coding against one",
    ),
    Difference(
        {"nginx"},
        "test_a_range_is_of_the_coding_that_is_sent",
        {},
        "200: nginx sends twins whole, which RFC 9110 section 14.2 allows",
    ),
    Difference(
        {"nginx"},
        "test_what_is_no_range_is_ignored",
        {"value": ["bytes=9-3", "bytes=a-b", "bytes=1", "bytes=--1"]},
        "416, which RFC 9110 section 14.2 allows for ranges that are malformed",
    ),
    Difference(
        {"caddy"},
        "test_what_is_no_range_is_ignored",
        {"value": ["bytes=9-3"]},
        "416, which RFC 9110 section 14.2 allows for ranges that are malformed",
    ),
    Difference(
        {"caddy"},
        "test_a_range_beyond_the_end",
        {"value": ["bytes=-0"]},
        "200: Go would send a 206 of nothing, so the Caddyfile takes it for no range",
    ),
]


@pytest.fixture(autouse=True)
def differences(request) -> None:
    """Expect a listed difference to be one: what a server does as all others do must not stay on the list."""
    if "server" in request.fixturenames:
        arguments = request.node.callspec.params
        for difference in DIFFERENCES:
            applies = arguments["server"] in difference.servers and request.node.originalname == difference.test
            if applies and all(arguments[name] in values for name, values in difference.arguments.items()):
                request.applymarker(pytest.mark.xfail(reason=difference.why, raises=AssertionError, strict=True))


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.test)
def test_every_difference_is_about_a_case(difference):
    """A list that names what is not there would say more than is known."""
    marks = getattr(globals()[difference.test], "pytestmark", [])
    cases = {mark.args[0]: mark.args[1] for mark in marks if mark.name == "parametrize"}
    for name, values in difference.arguments.items():
        known_values = [
            case[names.index(name)] if len(names) > 1 else case
            for names in [
                (argument_names,) if isinstance(argument_names, str) else argument_names for argument_names in cases
            ]
            if name in names
            for case in cases[names[0] if len(names) == 1 else names]
        ]
        assert all(value in known_values for value in values)


ICS = "/aslms/aslms-all.ics"


def plain(server: Server, target: str = ICS) -> Response:
    """Return the unconditional answer."""
    return ask(server.address, target)


# --- What is there, and what is not ---------------------------------------------------------------------------------


def test_every_document_is_served_as_it_was_published(server):
    """Bytes, type, length and validators are those of the document, in every part of the site."""
    for target, content in server.documents.items():
        answer = plain(server, target)
        assert (answer.status, answer.body) == (200, content), target
        assert media_type(answer) == server.types[target]
        assert answer.get("content-length") == str(len(content))
        assert answer.get("last-modified") == "Fri, 20 Nov 2026 09:30:00 GMT"
        assert re.fullmatch(r'"[^"]+"', answer.get("etag") or "")
        assert answer.get("accept-ranges") == "bytes"
        assert answer.get("content-encoding") is None
        assert answer.get("content-disposition") is None
        assert answer.get("date")
        assert not re.search(r"\d", answer.get("server") or "")


def media_type(answer: Response) -> str:
    """Return the type of an answer; JSON has no charset (RFC 8259 section 11), said or not."""
    return re.sub(r"^(application/json); charset=utf-8$", r"\1", answer.get("content-type") or "")


def test_every_answer_carries_the_headers_that_keep_readers_safe(server):
    """CORS for everybody, nosniff, a policy per kind and a lifetime per kind."""
    for target in server.documents:
        answer = plain(server, target)
        assert answer.get("access-control-allow-origin") == "*"
        assert {"ETag", "Last-Modified", "Content-Length"} <= set(exposed(answer))
        assert answer.get("cross-origin-resource-policy") == "cross-origin"
        assert answer.get("x-content-type-options") == "nosniff"
        assert answer.get("referrer-policy") == "strict-origin-when-cross-origin"
        page = server.types[target].startswith("text/html")
        policy = answer.get("content-security-policy") or ""
        assert policy.startswith("default-src 'none'; style-src 'self'" if page else "default-src 'none'; sandbox")
        assert "unsafe" not in policy
        if page:  # the page for frames is the only one that may be shown in them, and by anybody
            assert ("frame-ancestors" not in policy) is target.endswith("/embed.html"), target
            assert policy.removesuffix("; frame-ancestors 'none'").endswith("; form-action 'none'")
        lasting = "public, max-age=31536000, immutable"
        assert answer.get("cache-control") == (lasting if "/assets/" in target else "public, max-age=300")


def exposed(answer: Response) -> list[str]:
    """Return the names of headers that scripts may read."""
    return (answer.get("access-control-expose-headers") or "").split(", ")


def test_the_manifests_are_served(server):
    """A manifest is a document too, as of its publication."""
    for target, part in (("/manifest.json", "index"), ("/aslms/manifest.json", "aslms")):
        answer = plain(server, target)
        assert json.loads(answer.body)["part"] == part
        assert media_type(answer) == "application/json"
        assert answer.get("last-modified") == "Sat, 21 Nov 2026 04:00:00 GMT"


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/aslms", "/aslms/"),
        ("/aslms/index.html", "/aslms/"),
        ("/index.html", "/"),
        ("/aslms/2023-24", "/aslms/2023-24/"),
        ("/aslms/2023-24/sepang?lang=fr&x=%20", "/aslms/2023-24/sepang/?lang=fr&x=%20"),
        ("/aslms/2023-24/sepang/index.html?a=1", "/aslms/2023-24/sepang/?a=1"),
    ],
)
def test_other_spellings_of_a_page_lead_to_it(server, target, leads_to):
    """308, the query kept, and no host in Location that a proxy would have to rewrite."""
    from urllib.parse import urljoin

    answer = ask(server.address, target, 'If-None-Match: "x"', "Range: bytes=0-3")
    assert answer.status == 308
    location = answer.get("location") or ""
    assert "://" not in location
    assert not location.startswith("//")
    assert urljoin(target, location) == leads_to
    assert answer.get("access-control-allow-origin") == "*"
    assert plain(server, leads_to).status == 200


UNPUBLISHED = [
    "/nothing.ics",
    "/aslms/nothing/",
    "/ASLMS/aslms-all.ics",
    "/aslms/ASLMS-ALL.ICS",
    "/aslms/aslms-all.ics/",
    "/aslms//aslms-all.ics",
    "//aslms/aslms-all.ics",
    "/aslms/./aslms-all.ics",
    "/aslms/../aslms/aslms-all.ics",
    "/aslms/%2e%2e/aslms/aslms-all.ics",
    "/aslms/aslms-all.ics.gz",
    "/aslms/aslms-all.ics.br",
    "/aslms/aslms-all.ics%00",
    "/aslms/aslms-all.ics%00.html",
    "/aslms%5caslms-all.ics",
    "/aslms\\aslms-all.ics",
    "/aslms/aslms%252dall.ics",
    "/aslms/%2561slms-all.ics",
    "/aslms/aslms-all.ics;v=1",
    "/aslms/aslms-all.ics%20",
    "/aslms/aslms-all.ics.",
    "/aslms/aslms-all%ff.ics",
    "/aslms/%",
    "/aslms/%zz",
    "/aslms/state/2023-24.json",
    "/aslms/../state/2023-24.json",
    "/aslms/%2e%2e/state/2023-24.json",
    "/aslms/..%2fstate/2023-24.json",
    "/aslms/%2e%2e%2f%2e%2e%2fstate%2f2023-24.json",
    "/aslms/..\\state\\2023-24.json",
    "/series/aslms/current/state/2023-24.json",
    "/series/aslms/current/site/aslms-all.ics",
    "/aslms/current/site/aslms-all.ics",
    "/index/current/site/index.html",
    "/aslms/generations/12/site/aslms-all.ics",
    "/last-run",
    "/../../../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "//etc/passwd",
    "/asl*",
    "/asl%3fs/",
    "/%5ba%5dslms/",
    "/assets",
    "/assets/",
    "/aslms/reminders/",
    "http://localhost/aslms/../state/2023-24.json",
    "http://localhost//etc/passwd",
    "file:///etc/passwd",
    "/" + "a" * 7000,
]


@pytest.mark.parametrize("target", UNPUBLISHED)
def test_what_is_not_published_is_not_found(server, target):
    """An address is spelled one way; no spelling leaves the publication or enters its private folders."""
    answer = plain(server, target)
    assert answer.status in {400, 404}, answer
    assert answer.body == NOTHING or len(answer.body) < 600
    assert b"ledger" not in answer.body
    assert b"root:" not in answer.body


@pytest.mark.parametrize("target", ["/nothing", "/nothing.ics", "/aslms/2027-28/", "/aslms/2023-24/../", "/a.html"])
def test_not_found_is_a_page_and_soon_forgotten(server, target):
    """Whoever follows an old link is led on; a page that is about to be published must not stay away for long."""
    answer = plain(server, target)
    assert (answer.status, answer.body) == (404, NOTHING)
    assert answer.get("content-type") == "text/html; charset=utf-8"
    assert answer.get("cache-control") == "public, max-age=10"
    assert answer.get("content-security-policy") == plain(server, "/").get("content-security-policy")
    assert answer.get("access-control-allow-origin") == "*"
    assert answer.get("x-content-type-options") == "nosniff"


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_not_found_is_compressed_too(server, coding):
    """The page for what is not there has twins, as every page has."""
    answer = ask(server.address, "/aslms/nothing", f"Accept-Encoding: {coding}")
    assert (answer.status, answer.get("content-encoding")) == (404, coding)
    assert answer.get("vary") == "Accept-Encoding"
    assert decoded(answer) == NOTHING


@pytest.mark.parametrize(
    "header",
    [
        'If-None-Match: "ETAG"',
        "If-Modified-Since: Fri, 20 Nov 2026 09:30:00 GMT",
        'If-Match: "x"',
        "If-Unmodified-Since: Fri, 20 Nov 2026 09:29:59 GMT",
        "Range: bytes=0-3",
    ],
)
def test_no_condition_makes_something_of_nothing(server, header):
    """RFC 9110 section 13.2.1: conditions and ranges are about what was asked for, and the page is not that."""
    etag = (plain(server, "/404.html").get("etag") or "").strip('"')
    answer = ask(server.address, "/nothing", header.replace("ETAG", etag))
    assert (answer.status, answer.body) == (404, NOTHING)


@pytest.mark.parametrize("name", ["serve", "nginx", "caddy"])
def test_not_found_is_plain_without_its_page(tmp_path, name):
    """Where the page is not published, a line of plain text says it."""
    publish(tmp_path / "publication", "aslms", 1, PUBLISHED["aslms"])
    publish(tmp_path / "publication", "index", 1, {"robots.txt": PUBLISHED["index"]["robots.txt"]})
    web_root(tmp_path / "publication")
    begin = {"nginx": servers.nginx, "caddy": servers.caddy}.get(name)
    running = (
        begin(tmp_path / "publication", tmp_path)
        if begin
        else servers.serve(tmp_path / "publication", tmp_path / "server.log")
    )
    try:
        for target in ("/nothing", "/nothing.html"):
            answer = ask(running.address, target)
            assert (answer.status, answer.body) == (404, b"not found\n")
            assert answer.get("content-type") == "text/plain; charset=utf-8"
            assert answer.get("content-security-policy") == "default-src 'none'; sandbox"
            assert answer.get("cache-control") == "public, max-age=10"
    finally:
        stop(running)


def test_escapes_are_decoded_once(server):
    """RFC 3986 section 2.3: an unreserved character means the same with and without its escape."""
    assert plain(server, "/aslms/%61slms%2Dall.ics").body == CALENDAR


def test_a_query_and_an_absolute_target_change_nothing(server):
    """RFC 9112 section 3.2.2: a server accepts the absolute form."""
    assert plain(server, f"{ICS}?utm=1").body == CALENDAR
    assert plain(server, f"http://localhost{ICS}?x").body == CALENDAR


# --- Methods --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["identity", "gzip", "br"])
def test_head_says_what_get_says(server, accept):
    """RFC 9110 section 9.3.2: the same headers, no content, whatever the coding."""
    for target in [*server.documents, "/aslms", "/nothing"]:
        got = ask(server.address, target, f"Accept-Encoding: {accept}")
        headed = ask(server.address, target, f"Accept-Encoding: {accept}", method="HEAD")
        assert headed.status == got.status
        assert without_date(headed) == without_date(got), target


def without_date(answer: Response) -> list[tuple[str, str]]:
    """Return the headers that do not tell the time."""
    return sorted((name.lower(), value) for name, value in answer.headers if name.lower() != "date")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_a_publication_is_only_read(server, method):
    """405 with Allow (RFC 9110 section 15.5.6)."""
    answer = ask(server.address, ICS, method=method)
    assert answer.status == 405
    assert set((answer.get("allow") or "").split(", ")) >= {"GET", "HEAD"}
    assert len(answer.body) < 600


def test_a_body_is_ignored(server):
    """What comes with a request changes neither its answer nor the next request's."""
    with Connection(*server.address) as connection:
        for method, status in (("GET", 200), ("POST", 405)):
            connection.send(head(ICS, "Content-Length: 11", method=method) + b"GET / HTTP/")
            assert connection.receive().status == status
        connection.send(head("/robots.txt"))
        assert connection.receive().body == PUBLISHED["index"]["robots.txt"]


@pytest.mark.parametrize("target", [ICS, "/nothing", "*"])
def test_scripts_of_other_sites_may_ask(server, target):
    """The answer to a preflight allows conditional and range requests."""
    names = "if-none-match,range"
    asks = ("Origin: https://fan.example", "Access-Control-Request-Method: GET")
    answer = ask(server.address, target, *asks, f"Access-Control-Request-Headers: {names}", method="OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.get("access-control-allow-origin") == "*"
    assert answer.get("access-control-allow-methods") == "GET, HEAD, OPTIONS"
    allowed = {name.lower() for name in (answer.get("access-control-allow-headers") or "").split(", ")}
    assert {"if-none-match", "if-modified-since", "range", "if-range"} <= allowed
    assert int(answer.get("access-control-max-age") or 0) >= 600


# --- Validators -----------------------------------------------------------------------------------------------------

NOW = "Fri, 20 Nov 2026 09:30:00 GMT"
BEFORE = "Fri, 20 Nov 2026 09:29:59 GMT"
AFTER = "Sat, 21 Nov 2026 00:00:00 GMT"
CONDITIONS = [
    (['If-None-Match: "ETAG"'], 304),
    (['If-None-Match: W/"ETAG"'], 304),
    (["If-None-Match: *"], 304),
    (['If-None-Match: "a", W/"b" ,,"ETAG"'], 304),
    (['If-None-Match: "a"', 'If-None-Match: "ETAG"'], 304),
    (['If-None-Match: "other"'], 200),
    (["If-None-Match: ETAG"], 200),
    (['If-None-Match: "ETAG'], 200),
    (["If-None-Match:"], 200),
    (['If-None-Match: "ETAG-"'], 200),
    (['If-None-Match: "other"', f"If-Modified-Since: {AFTER}"], 200),
    (['If-None-Match: "ETAG"', f"If-Modified-Since: {BEFORE}"], 304),
    ([f"If-Modified-Since: {NOW}"], 304),
    ([f"If-Modified-Since: {AFTER}"], 304),
    ([f"If-Modified-Since: {BEFORE}"], 200),
    (["If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT"], 200),
    (["If-Modified-Since: Friday, 20-Nov-26 09:30:00 GMT"], 304),
    (["If-Modified-Since: Fri Nov 20 09:30:00 2026"], 304),
    (["If-Modified-Since: tomorrow"], 200),
    (["If-Modified-Since: 2026-11-21T00:00:00Z"], 200),
    (['If-Match: "ETAG"'], 200),
    (["If-Match: *"], 200),
    (['If-Match: "a", "ETAG"'], 200),
    (['If-Match: "other"'], 412),
    (['If-Match: W/"ETAG"'], 412),
    ([f"If-Unmodified-Since: {NOW}"], 200),
    ([f"If-Unmodified-Since: {BEFORE}"], 412),
    (["If-Unmodified-Since: yesterday"], 200),
    (['If-Match: "ETAG"', f"If-Unmodified-Since: {BEFORE}"], 200),
    (['If-Match: "other"', 'If-None-Match: "ETAG"'], 412),
    (['If-Match: "ETAG"', 'If-None-Match: "ETAG"'], 304),
    ([f"If-Unmodified-Since: {NOW}", f"If-Modified-Since: {NOW}"], 304),
    (['If-None-Match: "ETAG"', "Range: bytes=0-4"], 304),
    (['If-Match: "other"', "Range: bytes=0-4"], 412),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("headers", "status"), CONDITIONS)
def test_conditions(server, headers, status, method):
    """RFC 9110 section 13: each condition, and their order."""
    etag = (plain(server).get("etag") or "").strip('"')
    answer = ask(server.address, ICS, *(header.replace("ETAG", etag) for header in headers), method=method)
    assert answer.status == status
    assert answer.get("access-control-allow-origin") == "*"
    if status == 200 and method == "GET":
        assert answer.body == CALENDAR


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_not_modified_says_all_but_the_content(server, coding):
    """RFC 9110 section 15.4.5: what 200 would have said, without what describes a content."""
    full = ask(server.address, ICS, f"Accept-Encoding: {coding}")
    bare = ask(server.address, ICS, f"Accept-Encoding: {coding}", f"If-None-Match: {full.get('etag')}")
    content = {"content-type", "content-length", "content-encoding", "accept-ranges"}
    assert bare.status == 304
    assert without_date(bare) == [(name, value) for name, value in without_date(full) if name not in content]


def test_an_entity_tag_is_of_one_coding(server):
    """RFC 9110 section 8.8.3.3: each coding has its own tag, which does not answer for the others."""
    codings = ("identity", "gzip", "br")
    tags = {coding: ask(server.address, ICS, f"Accept-Encoding: {coding}").get("etag") for coding in codings}
    assert len(set(tags.values())) == 3
    for accepted in codings:
        for of, tag in tags.items():
            answer = ask(server.address, ICS, f"Accept-Encoding: {accepted}", f"If-None-Match: {tag}")
            assert answer.status == (304 if accepted == of else 200)


# --- Codings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("deflate", None),
        ("gzip;q=0", None),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.2 , gzip ; q=0.5", "gzip"),
        ("br;q=0,gzip;q=0", None),
        ("identity", None),
        ("identity;q=1, br;q=0.5", None),
        ("gzip;q=0.001", "gzip"),
        ("*;q=0", None),
        ("gzip, *;q=0", "gzip"),
    ],
)
def test_the_best_accepted_coding_is_sent(server, accepted, coding):
    """RFC 9110 section 12.5.3; whatever is sent decodes to the document, and says that it varies."""
    answer = ask(server.address, ICS, *([] if accepted is None else [f"Accept-Encoding: {accepted}"]))
    assert answer.get("content-encoding") == coding
    assert decoded(answer) == CALENDAR
    assert answer.get("vary") == "Accept-Encoding"
    assert answer.get("content-type") == TYPES["ics"]


def test_what_has_no_twin_does_not_vary(server):
    """A picture is the same for everybody."""
    answer = ask(server.address, "/aslms/assets/logo.9f8e7d6c.png", "Accept-Encoding: gzip, br")
    assert answer.get("vary") is None
    assert answer.get("content-encoding") is None


# --- Ranges ---------------------------------------------------------------------------------------------------------

SIZE = len(CALENDAR)


@pytest.mark.parametrize(
    ("value", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
        (f"bytes=10-{SIZE * 2}", 10, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
    ],
)
def test_one_range(server, value, start, stop):
    """RFC 9110 section 14: 206, its place in the whole, and the validators of the whole."""
    answer = ask(server.address, ICS, f"Range: {value}")
    assert (answer.status, answer.body) == (206, CALENDAR[start:stop])
    assert answer.get("content-range") == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.get("etag") == plain(server).get("etag")
    assert answer.get("content-type") == TYPES["ics"]
    assert answer.get("vary") == "Accept-Encoding"


@pytest.mark.parametrize("value", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0", f"bytes={'9' * 17}-"])
def test_a_range_beyond_the_end(server, value):
    """416 says how long the document is (RFC 9110 section 15.5.17)."""
    answer = ask(server.address, ICS, f"Range: {value}")
    assert answer.status == 416
    assert answer.get("content-range") == f"bytes */{SIZE}"
    assert len(answer.body) < 600


@pytest.mark.parametrize("value", ["lines=1-2", "bytes=9-3", "bytes=a-b", "bytes=", "bytes", "bytes=1", "bytes=--1"])
def test_what_is_no_range_is_ignored(server, value):
    """RFC 9110 section 14.2: the whole document."""
    assert ask(server.address, ICS, f"Range: {value}").body == CALENDAR


def test_several_ranges_are_answered_with_the_whole(server):
    """Nobody needs multipart/byteranges of a calendar."""
    answer = ask(server.address, ICS, "Range: bytes=0-1,5-6")
    assert (answer.status, answer.body) == (200, CALENDAR)


def test_a_range_is_of_the_coding_that_is_sent(server):
    """A range counts the bytes on the wire; HEAD has none."""
    full = ask(server.address, ICS, "Accept-Encoding: gzip")
    part = ask(server.address, ICS, "Accept-Encoding: gzip", "Range: bytes=3-40")
    assert (part.status, part.body) == (206, full.body[3:41])
    assert part.get("etag") == full.get("etag")
    assert part.get("content-encoding") == "gzip"


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        ('"ETAG"', 206),
        ('W/"ETAG"', 200),
        ('"other"', 200),
        (NOW, 206),
        (BEFORE, 200),
        ("nonsense", 200),
    ],
)
def test_a_range_only_of_what_is_held(server, if_range, status):
    """RFC 9110 section 13.1.5: strongly compared tags, dates only exactly."""
    etag = (plain(server).get("etag") or "").strip('"')
    answer = ask(server.address, ICS, "Range: bytes=0-9", f"If-Range: {if_range.replace('ETAG', etag)}")
    assert answer.status == status
    assert answer.body == CALENDAR[: 10 if status == 206 else None]


# --- Connections ----------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again(server):
    """HTTP/1.1 keeps a connection open, whatever the answers were."""
    with Connection(*server.address) as connection:
        for target, status in ((ICS, 200), ("/nothing", 404), ("/aslms", 308), (ICS, 200)):
            connection.send(head(target))
            assert connection.receive().status == status
        connection.send(head(ICS, "If-None-Match: *"))
        assert connection.receive().status == 304
        connection.send(head(ICS, method="HEAD"))
        assert connection.receive("HEAD").get("content-length") == str(SIZE)
        connection.send(head("/robots.txt", "Connection: close"))
        assert connection.receive().body == PUBLISHED["index"]["robots.txt"]
        assert connection.ended()


def test_requests_in_a_row_are_answered_in_order(server):
    """RFC 9112 section 9.3.2: pipelining."""
    targets = [ICS, "/robots.txt", "/nothing", "/", "/feeds.opml"] * 4
    with Connection(*server.address) as connection:
        connection.send(b"".join(head(target) for target in targets))
        for target in targets:
            assert connection.receive().body == server.documents.get(target, NOTHING), target


def test_http_1_0(server):
    """A client of HTTP/1.0 gets a whole answer and the end of the connection, with no Host named."""
    with Connection(*server.address) as connection:
        connection.send(head(ICS, version="1.0", host=""))
        assert connection.receive().body == CALENDAR
        assert connection.ended()


@pytest.mark.parametrize("hosts", [[], ["Host: a", "Host: b"]])
def test_a_request_names_one_host(server, hosts):
    """RFC 9112 section 3.2: 400 without Host, and with several."""
    with Connection(*server.address) as connection:
        connection.send(head(ICS, *hosts, "Connection: close", host=""))
        assert connection.receive().status == 400


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET  HTTP/1.1\r\n\r\n", b"\r\n\x00\r\n\r\n", b"HELO\r\n\r\n"]
)
def test_what_is_not_http_harms_nobody(server, sent):
    """The connection ends, with or without a word, and the next one is served."""
    with Connection(*server.address) as connection:
        connection.send(sent)
        connection.finish()
        assert connection._more() in {True, False}
    assert plain(server).status == 200


def test_a_huge_head_is_refused(server):
    """Heads have a limit, and going over it costs the connection only."""
    with Connection(*server.address) as connection:
        try:
            connection.send(head(ICS, *(f"X-{number}: {'a' * 4000}" for number in range(50))))
            assert connection.receive().status in {400, 431}
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert plain(server).status == 200


# --- The embedded server alone --------------------------------------------------------------------------------------

embedded = pytest.mark.parametrize("server", ["serve"], indirect=True)


@embedded
@pytest.mark.parametrize("target", UNPUBLISHED)
def test_what_is_no_key_of_the_table_is_404(server, target):
    """No spelling of a path is an error of its own: it is looked up and not there."""
    assert ask(server.address, target).status == (400 if target.startswith("file:") else 404)


@embedded
def test_the_entity_tag_is_the_digest(server):
    """Validators come from content: the same bytes have the same tag on every machine."""
    digest = hashlib.sha256(CALENDAR).hexdigest()[:32]
    for coding, suffix in (("identity", ""), ("gzip", "-gz"), ("br", "-br")):
        assert ask(server.address, ICS, f"Accept-Encoding: {coding}").get("etag") == f'"{digest}{suffix}"'


@embedded
def test_a_wildcard_takes_the_best_twin_and_nothing_acceptable_is_no_error(server):
    """RFC 9110 sections 12.5.3 and 12.4.1."""
    assert ask(server.address, ICS, "Accept-Encoding: *").get("content-encoding") == "br"
    png = ask(server.address, "/aslms/assets/logo.9f8e7d6c.png", "Accept-Encoding: identity;q=0")
    assert png.status == 200


@embedded
def test_health(server):
    """A publication is loaded; nobody keeps that answer."""
    answer = plain(server, "/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert answer.get("cache-control") == "no-store"


def test_before_the_first_publication_and_after_it(tmp_path, alone):
    """503 with Retry-After while there is nothing; then the first generation, without a restart."""
    output = tmp_path / "publication"
    running = alone(output)
    for target in ("/", "/aslms/", "/healthz"):
        answer = ask(running.address, target)
        assert answer.status == 503
        assert int(answer.get("retry-after") or 0) > 0
        assert answer.get("cache-control") == "no-store"
    publish(output, "aslms", 1, PUBLISHED["aslms"])
    wait_for(lambda: ask(running.address, "/healthz").status == 200, 1, "the first publication")
    assert ask(running.address, ICS).body == CALENDAR
    assert ask(running.address, "/").status == 404
    assert running.lines() == []


def test_a_switch_is_noticed_within_a_second_and_nobody_reads_a_mixture(tmp_path, alone):
    """Eight clients read through eight switches: every answer is whole, of one generation, and tagged as such."""
    output = tmp_path / "publication"
    publish(output, "aslms", 1, {"a.ics": of_generation(1), "b.bin": of_generation(1)})
    running = alone(output)
    finished = threading.Event()
    readers = [Reader(running.address, finished) for _ in range(8)]
    for reader in readers:
        reader.start()
    try:
        for generation in range(2, 10):
            everybody = lambda last=generation - 1: all(reader.generations_seen[-1:] == [last] for reader in readers)  # noqa: E731
            wait_for(everybody, 3, f"that every client reads generation {generation - 1}")
            content = of_generation(generation)
            same = {"c.txt": b"always the same\n" * 90}
            publish(output, "aslms", generation, {"a.ics": content, "b.bin": content, **same})
            etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            noticed = lambda etag=etag: ask(running.address, "/aslms/b.bin").get("etag") == etag  # noqa: E731
            wait_for(noticed, 1, "the switch")
    finally:
        finished.set()
        for reader in readers:
            reader.join(10)
    assert [reader.problems for reader in readers] == [[]] * 8
    digests = {number: hashlib.sha256(of_generation(number)).hexdigest()[:32] for number in range(1, 10)}
    for reader in readers:
        assert {read.tag.strip('"').partition("-")[0] == digests[read.generation] for read in reader.reads} == {True}
        assert reader.generations_seen == sorted(reader.generations_seen)
        assert set(reader.generations_seen) >= set(range(1, 9))
    assert running.lines() == []


def test_a_document_is_read_from_the_generation_that_named_it(tmp_path):
    """A table leads into its own generation, also after the next switch."""
    publish(tmp_path, "aslms", 1, {"a.bin": b"one"})
    folder = tmp_path / "series" / "aslms"
    part = load_part("aslms", folder, "generations/1", room=0, resident_before={})
    publish(tmp_path, "aslms", 2, {"a.bin": b"two"})
    content = part.table["/aslms/a.bin"].representations["identity"].content
    assert Path(content).read_bytes() == b"one"


def test_a_switch_reads_only_what_changed(tmp_path):
    """Contents that stay are the same objects, so a switch costs neither their reading nor their memory."""
    publish(tmp_path, "aslms", 1, {"a.ics": CALENDAR, "b.ics": b"one"})
    parts = ServedParts(tmp_path)
    assert parts.refresh()
    before = parts.loaded["aslms"].resident
    assert not parts.refresh()
    publish(tmp_path, "aslms", 2, {"a.ics": CALENDAR, "b.ics": b"two"})
    assert parts.refresh()
    after = parts.loaded["aslms"].resident
    digest = hashlib.sha256(CALENDAR).hexdigest()
    for coding in ("identity", "gzip", "br"):
        assert after[digest, coding] is before[digest, coding]
    assert (hashlib.sha256(b"one").hexdigest(), "identity") not in after


def test_a_generation_that_could_not_be_read_is_tried_again_and_complained_of_once(tmp_path, capsys):
    """A fault that passes heals without a new generation; one that stays does not fill the log."""
    corrupt(tmp_path, 1, "a document is missing")
    parts = ServedParts(tmp_path)
    assert [parts.refresh() for _ in range(2 * RETRY_POLLS)] == [False] * 2 * RETRY_POLLS
    assert len(capsys.readouterr().err.splitlines()) == 1
    write(tmp_path / "series" / "aslms" / "current" / "site" / "aslms-all.ics", b"new", twins=False)
    assert any(parts.refresh() for _ in range(RETRY_POLLS))
    assert parts.failed == {}
    assert "/aslms/aslms-all.ics" in (parts.table() or {})


def test_only_series_are_read(tmp_path):
    """Folders that could not be the name of a series, and files, are nobody's."""
    for name in ("aslms", "Aslms", "a b", ".tmp", "index"):
        publish(tmp_path, "index" if name == "index" else name, 1, {"a.bin": b"one"})
        if name == "index":
            shutil.copytree(tmp_path / "index", tmp_path / "series" / "index", symlinks=True)
    (tmp_path / "series" / "file").write_bytes(b"")
    outside = tmp_path / "series" / "outside"
    outside.mkdir()
    (outside / "current").symlink_to(tmp_path / "series" / "aslms" / "generations" / "1")
    parts = ServedParts(tmp_path)
    assert parts.refresh()
    assert set(parts.loaded) == {"index", "aslms"}
    assert set(parts.failed) == {"outside"}


def corrupt(output: Path, generation: int, what: str) -> None:
    """Publish a generation of aslms in which something is wrong."""
    folder = write_generation(output, "aslms", generation, {"aslms-all.ics": b"new"})
    manifest = folder / "site" / "manifest.json"
    listed = json.loads(manifest.read_bytes())
    match what:
        case "torn manifest":
            manifest.write_bytes(manifest.read_bytes()[:-20])
        case "no manifest":
            manifest.unlink()
        case "manifest of another part":
            manifest.write_text(json.dumps({**listed, "part": "elms"}))
        case "a way out":
            listed["documents"][0]["path"] = "../state/2023-24.json"
            manifest.write_text(json.dumps(listed))
        case "a document is missing":
            (folder / "site" / "aslms-all.ics").unlink()
        case "a document is shorter":
            (folder / "site" / "aslms-all.ics").write_bytes(b"ne")
        case "a document is another":
            (folder / "site" / "aslms-all.ics").write_bytes(b"old")
        case "a document is a link":
            (folder / "site" / "aslms-all.ics").unlink()
            (folder / "site" / "aslms-all.ics").symlink_to(folder / "state" / "2023-24.json")
    switch(output, "aslms", generation)


def test_a_series_that_cannot_be_read_stays_as_it_was_and_the_others_go_on(tmp_path, alone):
    """Whatever is wrong with a generation, one line says so, its predecessor is served, its successor replaces it."""
    troubles = {
        "torn manifest": "the manifest cannot be read: JSONDecodeError",
        "no manifest": "No such file or directory",
        "manifest of another part": "it is the manifest of elms, not of aslms",
        "a way out": "'../state/2023-24.json' is not the path of a document",
        "a document is missing": "aslms-all.ics is not there, the manifest says 3 bytes",
        "a document is shorter": "aslms-all.ics is 2 bytes, the manifest says 3 bytes",
        "a document is another": "aslms-all.ics is not what the manifest says",
        "a document is a link": "aslms-all.ics is not there, the manifest says 3 bytes",
    }
    output = tmp_path / "publication"
    publish(output, "aslms", 1, PUBLISHED["aslms"])
    publish(output, "elms", 1, {"elms-all.ics": b"1"})
    running = alone(output)
    for generation, what in enumerate(troubles, start=2):
        corrupt(output, generation, what)
        number = b"%d" % generation
        publish(output, "elms", generation, {"elms-all.ics": number})
        wait_for(
            lambda number=number: ask(running.address, "/elms/elms-all.ics").body == number, 1, "the switch of elms"
        )
        assert ask(running.address, ICS).body == CALENDAR, what
    complaints = running.lines()
    assert len(complaints) == len(troubles), complaints
    for generation, (line, what) in enumerate(zip(complaints, troubles.values(), strict=True), start=2):
        assert line.startswith(f"aslms-feeds: aslms: generations/{generation} cannot be served: ")
        assert what in line
    publish(output, "aslms", 99, {"aslms-all.ics": b"well again"})
    wait_for(lambda: ask(running.address, ICS).body == b"well again", 1, "the repair")


def test_what_was_published_stays_when_its_link_goes(tmp_path, alone):
    """An address once published answers, also while somebody moves folders about."""
    output = tmp_path / "publication"
    publish(output, "aslms", 1, PUBLISHED["aslms"])
    running = alone(output)
    (output / "series" / "aslms" / "current").unlink()
    wait_for(lambda: len(running.lines()) == 1, 1, "the complaint")
    shutil.rmtree(output)
    time.sleep(0.6)
    assert ask(running.address, ICS).body == CALENDAR
    assert ask(running.address, "/healthz").status == 200
    assert running.process.poll() is None


def test_what_does_not_fit_into_memory_is_read_when_asked_for(tmp_path, alone):
    """Documents beyond the limit are served from their generation, in ranges too; one that is gone is 503."""
    output = tmp_path / "publication"
    big = os.urandom(1 << 16) * (RESIDENT_BYTES // (1 << 16)) + b"the end"
    publish(output, "aslms", 1, {"big.bin": big, "aslms-all.ics": CALENDAR})
    running = alone(output)
    assert ask(running.address, "/aslms/big.bin").body == big
    part = ask(running.address, "/aslms/big.bin", "Range: bytes=-12")
    assert (part.status, part.body) == (206, big[-12:])
    headed = ask(running.address, "/aslms/big.bin", method="HEAD")
    assert headed.get("content-length") == str(len(big))
    validated = ask(running.address, "/aslms/big.bin", f"If-None-Match: {headed.get('etag')}")
    assert validated.status == 304
    assert resident(running.process.pid) < 2 * RESIDENT_BYTES + len(big)
    (output / "series" / "aslms" / "generations" / "1" / "site" / "big.bin").unlink()
    gone = ask(running.address, "/aslms/big.bin")
    assert gone.status == 503
    assert gone.get("retry-after")
    assert ask(running.address, ICS).body == CALENDAR
    assert len(running.lines()) == 1


def resident(pid: int) -> int:
    """Return the bytes of memory a process and its children hold."""
    pages = sum(int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in [pid, *children(pid)])
    return pages * os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """Return the processes a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once(tmp_path, alone, number):
    """A signal ends it cleanly within a second, also while clients keep connections open, and frees the port."""
    output = tmp_path / "publication"
    publish(output, "aslms", 1, PUBLISHED["aslms"])
    running = alone(output)
    with Connection(*running.address) as idle:
        idle.send(head(ICS))
        assert idle.receive().status == 200
        assert stop(running, number) < 1
        assert idle.ended()
    assert running.process.returncode == 0
    assert running.lines() == []
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(running.address)


def test_a_client_that_never_finishes_holds_the_end_up_for_a_second_only(tmp_path, alone):
    """Whoever is in the middle of something has one second to finish."""
    running = alone(tmp_path)
    with Connection(*running.address) as half:
        half.send(b"GET /aslms/ HT")
        time.sleep(0.1)
        assert stop(running) < 2
    assert running.process.returncode == 0


@pytest.mark.parametrize(("files", "served"), [((200, 200), False), ((200, 600), True)])
def test_connections_leave_files_to_read_with(tmp_path, alone, files, served):
    """Idle connections wait where files are scarce, and cannot hide the next generation; a soft limit is raised."""
    output = tmp_path / "publication"
    publish(output, "aslms", 1, {"a.ics": b"1"})
    running = alone(output, files)
    idle = [Connection(*running.address) for _ in range(250)]
    try:
        idle[-1].send(head("/healthz"))
        idle[-1]._socket.settimeout(0.5)
        if served:
            assert idle[-1].receive().status == 200
        else:
            with pytest.raises(TimeoutError):
                idle[-1].receive()
        publish(output, "aslms", 2, {"a.ics": b"2"})
        time.sleep(0.6)
    finally:
        for connection in idle:
            connection._socket.close()
    assert ask(running.address, "/aslms/a.ics").body == b"2"
    assert running.lines() == []


def test_a_worker_that_dies_is_replaced(tmp_path, alone):
    """Somebody kills the worker: the server is back within seconds and still answers."""
    output = tmp_path / "publication"
    publish(output, "aslms", 1, PUBLISHED["aslms"])
    running = alone(output)
    (worker,) = children(running.process.pid)
    os.kill(worker, signal.SIGKILL)
    wait_for(
        lambda: children(running.process.pid) not in ([], [worker]) and answers(running.address), 3, "the new worker"
    )
    assert ask(running.address, ICS).body == CALENDAR


def test_a_worker_ends_when_its_parent_was_killed(tmp_path, alone):
    """Nothing keeps the port when the server is gone."""
    running = alone(tmp_path)
    (worker,) = children(running.process.pid)
    stop(running, signal.SIGKILL)

    def is_gone() -> bool:
        status = Path(f"/proc/{worker}/stat")
        return not status.exists() or status.read_text().rpartition(") ")[2].startswith("Z")

    wait_for(is_gone, 3, "the end of the worker")
    with pytest.raises(ConnectionRefusedError):
        ask(running.address, "/")


def test_a_port_that_is_taken_is_said_at_once(tmp_path):
    """Not two servers on one port, and words instead of a trace."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(UsageError) as caught:
            run_server(tmp_path, host="127.0.0.1", port=port)
    assert str(caught.value) == f"cannot listen on 127.0.0.1 port {port}: [Errno 98] Address already in use"
    assert caught.value.hint == "Choose another --host or --port, or stop the program that listens there."

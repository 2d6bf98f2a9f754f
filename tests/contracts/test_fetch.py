"""The one way out against upstreams that keep no rule: nothing inside, nothing late, no excess, no lies."""

import errno
import gzip
import logging
import os
import socket
import ssl
import struct
import subprocess
import threading
import tracemalloc
import zlib
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta

import httpcore
import httpx
import pytest
import stamina
from contracts.hostile import Hostile, answer, drip, endless, head, in_turn, raw, silent

from aslms_feeds.errors import AnswerError, FetchError, RefusedError, UnreachableError
from aslms_feeds.identity import digest
from aslms_feeds.network import fetch
from aslms_feeds.network.backend import GuardedBackend, install_backend, look_up
from aslms_feeds.network.failures import translate_failures
from aslms_feeds.network.fetch import Fetcher
from aslms_feeds.network.responses import Acceptance, Deferred, Fetched, RequestRules, Unchanged, Validators

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BODY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
CALENDAR = ("Content-Type: text/calendar; charset=utf-8", 'ETag: "one"', "Last-Modified: Sat, 21 Nov 2026 10:00:00 GMT")
VALIDATORS = Validators('"one"', "Sat, 21 Nov 2026 10:00:00 GMT", digest(BODY))
GOOD = answer(BODY, *CALENDAR)
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
LIMIT = 100_000
RULES = RequestRules(allow_loopback=True, limit=LIMIT)
BRIEF = RequestRules(allow_loopback=True, limit=LIMIT, seconds=0.5)


@pytest.fixture(autouse=True)
def without_waiting():
    """Retry as often as ever, at once."""
    with stamina.set_testing(True, attempts=fetch.ATTEMPTS):
        yield


def serve(**habits):
    """Return a server with one habit for each target: ``calendar`` answers ``/calendar``."""
    return Hostile({f"/{name}": habit for name, habit in habits.items()})


def get(server, target="/calendar", rules=RULES, **further):
    """Ask once."""
    with Fetcher(rules) as fetcher:
        return fetcher.get(server.url(target), now=NOW, **further)


def failure(kind, server, target="/calendar", rules=RULES):
    """Return what is said of a request that fails, with the server's own address left out."""
    with pytest.raises(kind) as caught:
        get(server, target, rules)
    assert caught.value.__cause__ is None or not isinstance(caught.value.__cause__, FetchError)
    return str(caught.value).replace(f"http://127.0.0.1:{server.port}", "")


# What is asked, and what comes of it


def test_a_document_comes_with_what_to_ask_next_time():
    """Body, type, charset and validators; nothing of us is sent but our name."""
    with serve(calendar=GOOD) as server:
        assert get(server) == Fetched(BODY, "text/calendar", "utf-8", VALIDATORS)
        assert server.asked[0].headers == {
            "host": f"127.0.0.1:{server.port}",
            "user-agent": fetch.USER_AGENT,
            "accept": "*/*",
            "accept-encoding": "gzip, identity",
        }


def test_the_second_request_is_conditional_and_brings_nothing():
    """Stored validators are sent, and a 304 is believed."""

    def habit(talk):
        fresh = talk.headers.get("if-none-match") == '"one"' and talk.headers.get("if-modified-since")
        (answer(status=304) if fresh else GOOD)(talk)

    with serve(calendar=habit) as server:
        first = get(server)
        assert get(server, validators=first.validators) == Unchanged(VALIDATORS)


def test_a_304_that_nobody_asked_for_is_an_error():
    """A first request cannot be told that nothing changed."""
    with serve(calendar=answer(status=304)) as server:
        assert failure(AnswerError, server) == "/calendar: answers 304 Not Modified to a request without conditions"


def test_a_tag_that_lies_changes_nothing():
    """A new tag on the same bytes is no news; an old tag on new bytes does not hide them."""
    with serve(same=answer(BODY, 'ETag: "two"'), other=answer(BODY * 2, 'ETag: "one"')) as server:
        assert get(server, "/same", validators=VALIDATORS) == Unchanged(Validators('"two"', "", digest(BODY)))
        assert get(server, "/other", validators=VALIDATORS).body == BODY * 2


def test_a_compressed_body_is_inflated():
    """Gzip is asked for, and understood."""
    with serve(calendar=answer(gzip.compress(BODY), "Content-Encoding: gzip")) as server:
        assert get(server).body == BODY


def test_a_body_that_ends_with_the_connection_is_whole_without_tls():
    """An old server may state no length."""
    with serve(calendar=raw(head(200, "Connection: close"), BODY)) as server:
        assert get(server).body == BODY


def test_a_download_is_the_document_or_an_error():
    """Who needs the document now is not told to come back later."""
    with (
        serve(calendar=GOOD, busy=answer(b"", "Retry-After: 7200", status=503)) as server,
        Fetcher(RULES) as fetcher,
    ):
        assert fetcher.download(server.url("/calendar"), now=NOW).body == BODY
        with pytest.raises(AnswerError) as caught:
            fetcher.download(server.url("/busy?key=hush"), now=NOW)
        assert str(caught.value) == (
            f"{server.url('/busy')}: answers 503 and asks to be left alone until 2026-11-21 14:00 UTC"
        )


def test_a_post_sends_its_body_once():
    """A hub's answer is its status; what it writes below is not waited for."""
    with serve(hub=raw(head(204))) as server, Fetcher(RULES) as fetcher:
        acceptance = fetcher.post(server.url("/hub"), b"hub.mode=publish", media_type="application/json", now=NOW)
        assert acceptance == Acceptance(204)
        requests = [(talk.method, talk.body, talk.headers["content-type"]) for talk in server.asked]
        assert requests == [("POST", b"hub.mode=publish", "application/json")]


def test_a_ping_needs_no_answer_but_a_status():
    """A heartbeat is done when its status has come, whatever follows it."""
    slow = drip(head(200, "Content-Length: 100"), b"x" * 100)
    with serve(beat=in_turn(slow, answer(status=404))) as server, Fetcher(BRIEF) as fetcher:
        assert fetcher.ping(server.url("/beat"), now=NOW) == Acceptance(200)
        with pytest.raises(AnswerError, match="answers 404 Not Found"):
            fetcher.ping(server.url("/beat"), now=NOW)


def test_connections_are_kept_and_closed():
    """Many documents of one host come over one connection; one that was closed meanwhile is made again."""
    with serve(calendar=GOOD, last=raw(head(200, "Content-Length: 2"), b"ok")) as server, Fetcher(RULES) as fetcher:
        for _ in range(5):
            fetcher.get(server.url("/calendar"), now=NOW)
        assert server.connections == 1
        fetcher.get(server.url("/last"), now=NOW)
        assert server.hung_up.wait(10)
        acceptance = fetcher.post(server.url("/calendar"), b"{}", media_type="application/json", now=NOW)
        assert (acceptance, server.connections) == (Acceptance(200), 2)


def test_a_kept_connection_that_hangs_up_is_made_again():
    """A server may close just when the next request is on its way."""
    with serve(calendar=in_turn(GOOD, raw(), GOOD)) as server, Fetcher(RULES) as fetcher:
        for _ in range(2):
            assert fetcher.get(server.url("/calendar"), now=NOW).body == BODY
        assert (len(server.asked), server.connections) == (3, 2)


def test_cookies_are_forgotten():
    """What an upstream wants remembered is not."""
    with serve(calendar=answer(BODY, "Set-Cookie: id=1; Path=/")) as server, Fetcher(RULES) as fetcher:
        for _ in range(2):
            fetcher.get(server.url("/calendar"), now=NOW)
        assert [talk.headers.get("cookie") for talk in server.asked] == [None, None]


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    """A proxy would look names up where nobody vets them."""
    with serve(calendar=GOOD) as server, serve() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        assert get(server).body == BODY
        assert proxy.connections == 0


# Waiting and trying again


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7200", 2 * HOUR),
        ("1", HOUR),
        ("99999999999999999999", DAY),
        ("Sat, 21 Nov 2026 15:00:00 GMT", 3 * HOUR),
        ("Tue, 01 Jan 2999 00:00:00 GMT", DAY),
    ],
)
def test_a_server_that_asks_for_time_gets_it(status, value, wait):
    """Retry-After, in seconds or as a date, is honoured between an hour and a day, and not tried against."""
    with serve(calendar=answer(b"", f"Retry-After: {value}", status=status)) as server:
        assert get(server) == Deferred(status, NOW + wait)
        assert len(server.asked) == 1


def test_nonsense_for_a_time_is_none():
    """429 waits an hour all the same; 503 is tried again like any gateway in trouble."""
    with serve(
        many=answer(b"", "Retry-After: soon", status=429),
        busy=in_turn(answer(b"", "Retry-After: -1", status=503), GOOD),
    ) as server:
        assert get(server, "/many") == Deferred(429, NOW + HOUR)
        assert get(server, "/busy").body == BODY


def test_a_gateway_in_trouble_is_asked_again(caplog):
    """502, 503 and 504 pass; a few attempts, then its error, and not a word in between."""
    with serve(
        passing=in_turn(answer(status=502), answer(status=504), GOOD),
        lasting=in_turn(answer(status=503)),
    ) as server:
        assert get(server, "/passing").body == BODY
        assert failure(AnswerError, server, "/lasting") == "/lasting: answers 503 Service Unavailable"
        assert [talk.target for talk in server.asked] == ["/passing"] * 3 + ["/lasting"] * 3
    assert caplog.records == []


def test_an_error_of_the_server_is_left_to_the_next_poll():
    """500 is not tried against at once; when it is over, the document comes."""
    with serve(calendar=in_turn(answer(status=500), GOOD)) as server:
        assert failure(AnswerError, server) == "/calendar: answers 500 Internal Server Error"
        assert len(server.asked) == 1
        assert get(server).body == BODY


def test_nothing_is_tried_again_when_there_is_no_time_for_it():
    """An attempt that might begin after the deadline is not waited for."""
    with serve(calendar=answer(status=503)) as server:
        failure(AnswerError, server, rules=BRIEF)
        assert len(server.asked) == 1


def test_a_connection_closed_at_once_is_tried_again():
    """Hanging up happens: a GET is repeated, a POST is not, since it may have been taken."""
    with serve(calendar=in_turn(raw(), GOOD), always=raw(), hub=raw()) as server:
        assert get(server).body == BODY
        assert failure(UnreachableError, server, "/always") == "/always: hangs up without an answer"
        with Fetcher(RULES) as fetcher, pytest.raises(UnreachableError):
            fetcher.post(server.url("/hub"), b"{}", media_type="application/json", now=NOW)
        assert [talk.target for talk in server.asked] == ["/calendar"] * 2 + ["/always"] * 3 + ["/hub"]


def test_a_post_to_a_gateway_in_trouble_is_not_repeated():
    """504 may mean that it was taken; whoever keeps the outbox decides."""
    with serve(hub=answer(status=504)) as server, Fetcher(RULES) as fetcher:
        with pytest.raises(AnswerError) as caught:
            fetcher.post(server.url("/hub"), b"{}", media_type="application/json", now=NOW)
        assert (caught.value.status, caught.value.transient, len(server.asked)) == (504, True, 1)


def test_a_port_that_nobody_listens_on_is_unreachable():
    """A refused connection is tried again, for a POST too: nothing was sent."""
    with serve() as server:
        closed = server.port
    looked_up = []

    def resolve(host, port):
        looked_up.append(host)
        return look_up(host, port)

    with Fetcher(RULES, resolve=resolve) as fetcher, pytest.raises(UnreachableError) as caught:
        fetcher.post(f"http://127.0.0.1:{closed}/hook", b"{}", media_type="application/json", now=NOW)
    assert str(caught.value) == f"http://127.0.0.1:{closed}/…: cannot be reached: {REFUSED}"
    assert looked_up == ["127.0.0.1"] * 3


# Time


@pytest.mark.parametrize(
    "habit",
    [
        silent,
        drip(head(200, "Content-Length: 100"), b"x" * 100),
        drip(b"", head(200, "Content-Length: 0", "X-Padding: " + "x" * 100)),
        drip(head(200, "Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 20 + b"0\r\n\r\n"),
        drip(head(200, "Content-Encoding: gzip", "Connection: close"), gzip.compress(bytes(range(100)))),
        endless(b"", head(103, "Link: </a>"), end=head(200, "Content-Length: 0"), most=32 << 20),
        in_turn(*[raw(head(302, "Location: /calendar", "Content-Length: 0"))] * 3, silent),
    ],
    ids=["silent", "body", "head", "chunks", "gzip", "hints", "redirects"],
)
def test_one_deadline_covers_everything(habit):
    """Silence, a byte now and then, endless hints and redirects all end when the time is over."""
    with serve(calendar=habit) as server:
        assert failure(UnreachableError, server, rules=BRIEF) == "/calendar: no whole answer within 0.5 seconds"


def test_a_handshake_cannot_outlast_the_deadline():
    """A server that takes the connection and says nothing of TLS is given up."""
    with Hostile({}, deaf=silent) as server, Fetcher(BRIEF) as fetcher, pytest.raises(UnreachableError) as caught:
        fetcher.get(server.url("/", scheme="https"), now=NOW)
    assert str(caught.value).endswith("/: no whole answer within 0.5 seconds")


def test_a_reader_of_a_post_cannot_outlast_the_deadline():
    """A server that takes a body sip by sip is given up: each sip buys no more time."""
    sips = []

    def sip(talk):
        while not sips or sips[-1]:
            talk.pause(0.02)
            sips.append(len(talk.socket.recv(1 << 15)))

    with Hostile({}, deaf=sip) as server, Fetcher(BRIEF) as fetcher, pytest.raises(UnreachableError) as caught:
        fetcher.post(server.url("/hook"), bytes(32 << 20), media_type="application/json", now=NOW)
    assert str(caught.value).endswith("/…: no whole answer within 0.5 seconds")
    assert sum(sips) < 16 << 20  # half of it, since some of what was sent lies in buffers


def test_a_look_up_cannot_outlast_the_deadline():
    """A name server that says nothing is left behind."""
    over, results = threading.Event(), []

    def resolve(host, port):
        over.wait(10)
        results.append(host)
        return ["127.0.0.1"]

    with serve(calendar=GOOD) as server, Fetcher(BRIEF, resolve=resolve) as fetcher:
        with pytest.raises(UnreachableError) as caught:
            fetcher.get(server.url("/calendar"), now=NOW)
        assert results == []
        over.set()
        assert str(caught.value).endswith("/calendar: no whole answer within 0.5 seconds")
        assert server.connections == 0


# Size and form


def test_an_endless_body_is_left_at_the_limit():
    """Reading stops; the server notices that nobody listens."""
    with serve(calendar=endless(head(200, "Connection: close"), b"x" * 65536, most=256 << 20)) as server:
        assert failure(AnswerError, server) == "/calendar: sends more than 100,000 bytes"
    assert server.sent < 64 << 20


def test_the_limit_itself_is_allowed():
    """A body of exactly the limit comes through, one byte more does not."""
    with serve(full=answer(bytes(LIMIT)), over=answer(bytes(LIMIT + 1))) as server:
        assert get(server, "/full").body == bytes(LIMIT)
        assert failure(AnswerError, server, "/over") == "/over: sends more than 100,000 bytes"


def test_a_bomb_costs_no_memory():
    """64 MB in 64 KB are not inflated to be counted."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(deflate.compress(bytes(1 << 20)) for _ in range(64)), deflate.flush()])
    with serve(calendar=answer(bomb, "Content-Encoding: gzip")) as server, Fetcher(RULES) as fetcher:
        tracemalloc.start()
        try:
            with pytest.raises(AnswerError, match="sends more than 100,000 bytes"):
                fetcher.get(server.url("/calendar"), now=NOW)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("body", "coding", "expected"),
    [
        (gzip.compress(gzip.compress(bytes(1 << 20))), "gzip, gzip", "a content coding that was not asked for"),
        (gzip.compress(bytes(90_000)) * 2, "gzip", "more after the end of its gzip"),
        (zlib.compress(BODY), "deflate", "a content coding that was not asked for: 'deflate'"),
        (BODY, "gzip", "damaged gzip"),
        (BODY, "br", "a content coding that was not asked for: 'br'"),
    ],
    ids=["nested", "members", "deflate", "none", "brotli"],
)
def test_other_codings_are_not_undone(body, coding, expected):
    """Only one layer of one gzip is taken off."""
    with serve(calendar=answer(body, f"Content-Encoding: {coding}")) as server:
        assert failure(AnswerError, server).startswith(f"/calendar: sends {expected}")


def test_gzip_within_gzip_is_only_bytes():
    """What is compressed in itself is not inflated a second time."""
    inner = gzip.compress(bytes(1 << 24))
    with serve(calendar=answer(gzip.compress(inner), "Content-Encoding: gzip")) as server:
        assert get(server).body == inner


CUT = "breaks off in the middle of its answer"
ODD = "sends an answer that is cut short or not HTTP (RFC 9112)"
NONE = "sends an answer that is not HTTP (RFC 9112)"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (head(200, "Content-Length: 100") + BODY, ODD),
        (head(200, "Transfer-Encoding: chunked") + b"5\r\nBEGIN\r\n", ODD),
        (head(200, "Transfer-Encoding: chunked") + b"5\r\nBEG", ODD),
        (head(200, "Transfer-Encoding: chunked") + b"nonsense\r\n", ODD),
        (head(200, "Transfer-Encoding: chunked") + b"5;" + b"x" * 200_000, ODD),
        (head(200, "Transfer-Encoding: chunked") + b"0\r\n" + b"X: y\r\n" * 40_000, ODD),
        (head(200, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", NONE),
        (head(200, "Content-Length: 100", "Content-Length: 10") + BODY, NONE),
        (head(200, "Content-Length: -1") + BODY, NONE),
        (head(200, "Content-Length: ten") + BODY, NONE),
        (head(200, "Content-Length: 10, 10, 11") + BODY, NONE),
        (b"HTTP/1.1 200 OK\r\nContent-Le", NONE),
        (b"\x16\x03\x01\x02\x00\x01" * 100, NONE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", NONE),
        (b"220 mail.example.org ESMTP\r\n", NONE),
        (b"HTTP/9.9 abc\r\n\r\n", NONE),
        (b"\x00" * 100, NONE),
        (head(200, *[f"X-{number}: {'x' * 1000}" for number in range(400)]), NONE),
        (head(200, "X: " + "x" * 400_000), NONE),
        (b"HTTP/1.1 200 OK\r\nX: a\r\n b\x00c\r\n\r\n", NONE),
    ],
)
def test_what_is_cut_short_or_no_http_is_never_data(sent, expected):
    """Lengths that are not met, chunks that end early, huge heads and other protocols are errors."""
    with serve(calendar=raw(sent)) as server:
        assert failure(AnswerError, server) == f"/calendar: {expected}"


def test_what_is_reset_in_the_middle_is_never_data():
    """A connection that dies within a body leaves nothing behind."""

    def reset(talk):
        talk.send(head(200, "Content-Length: 100") + BODY)
        # Zero seconds to linger: closing resets.
        talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with serve(calendar=reset) as server:
        assert failure(AnswerError, server) in {f"/calendar: {CUT}", f"/calendar: {ODD}"}


def test_a_body_longer_than_stated_is_as_long_as_stated():
    """RFC 9112, section 6.3: the length decides; what follows is no part of the answer."""
    with serve(calendar=raw(head(200, f"Content-Length: {len(BODY)}") + BODY + b"<script>")) as server:
        assert get(server).body == BODY


# Where requests go


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f.1", "0"),
        *("0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),  # noqa: S104
    ],
)
def test_no_spelling_of_loopback_is_connected_to(host):
    """Where loopback is not allowed, nothing that the system reads as loopback is asked."""
    with serve(calendar=GOOD) as server:
        with Fetcher(RequestRules(allow_http=True)) as fetcher, pytest.raises(RefusedError) as caught:
            fetcher.get(server.url("/calendar", host=host), now=NOW)
        assert server.connections == 0
    assert caught.value.hint == "only public addresses are asked"


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ("10.0.0.1", "10.0.0.1, a private address"),
        ("169.254.169.254", "169.254.169.254, a link-local address"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1, an IPv4 address in disguise"),
        ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1, an IPv4 address behind NAT64"),
        ("[fe80::1]", "fe80::1, a link-local address"),
        ("0x0a000001", "10.0.0.1, a private address"),
    ],
)
def test_a_redirect_to_an_inner_address_is_refused(host, what):
    """Every hop is vetted where it connects, also where its host is allowed, and loopback too."""
    rules = RequestRules(allow_http=True, allow_loopback=True, hosts=frozenset({host.strip("[]")}))
    leading_on = raw(head(302, f"Location: http://{host}/latest/meta-data/?key=hush"))
    with serve(calendar=leading_on) as server, pytest.raises(RefusedError) as caught:
        get(server, rules=rules)
    assert str(caught.value) == f"http://{host}/latest/meta-data/: leads to {what}"


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "javascript:1"])
def test_a_redirect_to_another_scheme_is_refused(location):
    """Nothing but https, and http where it is allowed."""
    with serve(calendar=raw(head(302, f"Location: {location}"))) as server:
        assert failure(RefusedError, server).endswith(": is not an https address")


@pytest.mark.parametrize("location", ["http://[", "http://a:b/", "http://\x7f/", "http://127.0.0.1:99999999999/"])
def test_a_redirect_to_nonsense_is_an_error(location):
    """What cannot be read as an address is not guessed at."""
    with serve(calendar=raw(head(302, f"Location: {location}"))) as server:
        with pytest.raises((AnswerError, RefusedError)):
            get(server)
        assert len(server.asked) == 1


def test_a_redirect_to_another_host_must_be_allowed():
    """A host that is not the one asked, and not listed, is not asked, even where it is public and harmless."""
    with serve(calendar=GOOD) as second, serve() as server:
        server.habits["/calendar"] = raw(head(301, f"Location: {second.url('/calendar', host='localhost')}"))
        assert failure(RefusedError, server) == (
            f"/calendar: redirects to another host: {second.url('/calendar', host='localhost')}"
        )
        assert second.connections == 0
        assert get(server, rules=RequestRules(allow_loopback=True, hosts=frozenset({"localhost"}))).body == BODY


def test_redirects_are_followed_a_few_times_with_the_conditions():
    """Three are followed, relative ones too; the fourth is one too many, and loops are that."""
    with serve(
        a=raw(head(301, "Location: b")),
        b=raw(head(302, "Location: /c?x=1#there")),
        c=raw(head(308, "Location: //127.0.0.1:PORT/calendar")),
        calendar=GOOD,
        loop=raw(head(307, "Location: /loop")),
    ) as server:
        server.habits["/c"] = raw(head(308, f"Location: //127.0.0.1:{server.port}/calendar"))
        assert get(server, "/a", validators=VALIDATORS) == Unchanged(VALIDATORS)
        assert [talk.target for talk in server.asked] == ["/a", "/b", "/c?x=1", "/calendar"]
        assert {talk.headers["if-none-match"] for talk in server.asked} == {'"one"'}
        assert failure(AnswerError, server, "/loop") == "/loop: redirects more than 3 times"
        assert len(server.asked) == 8


def test_a_redirect_without_an_address_is_an_error():
    """302 and nothing else."""
    with serve(calendar=answer(status=302)) as server:
        assert failure(AnswerError, server) == "/calendar: answers 302 Found without saying where to"


def test_a_post_is_never_redirected():
    """What is sent goes to the address that the operator wrote, or nowhere."""
    with serve(hook=raw(head(307, "Location: /other")), other=GOOD) as server, Fetcher(RULES) as fetcher:
        with pytest.raises(AnswerError) as caught:
            fetcher.post(server.url("/hook"), b"{}", media_type="application/json", now=NOW)
        assert str(caught.value) == f"{server.url('/…')}: redirects, which a POST does not follow"
        assert [talk.target for talk in server.asked] == ["/hook"]


@pytest.mark.parametrize(
    ("url", "rules", "expected"),
    [
        ("http://example.org/a?key=hush", RequestRules(), "http://example.org/a: is not an https address"),
        ("http://127.0.0.1/", RequestRules(), "http://127.0.0.1/: is not an https address"),
        ("http://example.org/", RequestRules(allow_loopback=True), "http://example.org/: is not an https address"),
        ("http://127.1/", RequestRules(allow_loopback=True), "http://127.1/: is not an https address"),
        ("http://10.0.0.1/", RequestRules(allow_loopback=True), "http://10.0.0.1/: is not an https address"),
        ("file:///etc/passwd", RequestRules(allow_http=True), "file:///etc/passwd: is not an https address"),
        ("wss://example.org/", RequestRules(allow_http=True), "wss://example.org/: is not an https address"),
        ("https:///a", RequestRules(), "https:///a: is not an https address"),
        ("/a", RequestRules(), ":///a: is not an https address"),
        ("https://me:hush@example.org/a", RequestRules(), "https://example.org/a: holds a user name or a password"),
        ("https://me@example.org/", RequestRules(), "https://example.org/: holds a user name or a password"),
        ("https://example.org:hush/", RequestRules(), "https://…: is no address that can be asked"),
        ("https://exa\x00mple.org/?hush", RequestRules(), "https://…: is no address that can be asked"),
        ("https://example.org:65536/", RequestRules(), "https://example.org:65536/: names a port that there cannot be"),
        ("https://example.org:0/", RequestRules(), "https://example.org:0/: names a port that there cannot be"),
        (
            "https://" + "a" * 300 + "/?hush",
            RequestRules(),
            "https://" + "a" * 192 + ": cannot be reached: its name is not known",
        ),
    ],
)
def test_addresses_that_cannot_be_asked(url, rules, expected):
    """Only https, or http where it is allowed, without credentials; messages hold no query and no password."""
    with Fetcher(rules) as fetcher, pytest.raises(FetchError) as caught:
        fetcher.get(url, now=NOW)
    assert str(caught.value) == expected


# Names


def test_a_name_is_looked_up_once_and_its_answer_connected_to():
    """A name that changes its answer between check and use has no such moment."""
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    with (
        serve(calendar=raw(head(200, "Content-Length: 2"), b"ok")) as server,
        Fetcher(RequestRules(allow_http=True, allow_loopback=True), resolve=lambda *_: next(answers)) as fetcher,
    ):
        url = server.url("/calendar", host="rebind.test")
        assert fetcher.get(url, now=NOW).body == b"ok"
        with pytest.raises(RefusedError) as caught:
            fetcher.get(url, now=NOW)
        assert str(caught.value) == f"{url}: leads to 169.254.169.254, a link-local address"
        assert (next(answers, None), server.connections) == (None, 1)


def test_a_redirect_back_to_a_name_is_vetted_again():
    """The second look-up of one request counts as much as the first."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with (
        serve(calendar=raw(head(302, "Location: /inner", "Connection: close"))) as server,
        Fetcher(RequestRules(allow_http=True, allow_loopback=True), resolve=lambda *_: next(answers)) as fetcher,
        pytest.raises(RefusedError, match=r"/inner: leads to 10\.0\.0\.1, a private address$"),
    ):
        fetcher.get(server.url("/calendar", host="rebind.test"), now=NOW)


@pytest.mark.parametrize("addresses", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "nonsense"]])
def test_one_inner_address_among_others_refuses_them_all(addresses):
    """A name with an inner address is not asked at its other ones."""
    with (
        serve(calendar=GOOD) as server,
        Fetcher(RequestRules(allow_http=True, allow_loopback=True), resolve=lambda *_: addresses) as fetcher,
    ):
        with pytest.raises(RefusedError):
            fetcher.get(server.url("/calendar", host="mixed.test"), now=NOW)
        assert server.connections == 0


def test_the_next_address_is_tried_where_one_does_not_answer():
    """A host is reachable when one of its addresses is."""
    with (
        serve(calendar=GOOD) as server,
        Fetcher(
            RequestRules(allow_http=True, allow_loopback=True), resolve=lambda *_: ["127.0.0.2", "127.0.0.1"]
        ) as fetcher,
    ):
        assert fetcher.get(server.url("/calendar", host="two.test"), now=NOW).body == BODY


def test_an_address_that_says_nothing_does_not_use_up_the_time():
    """The addresses of a name share what is left: a dead one comes before a living one."""
    with (
        serve(calendar=GOOD) as server,
        socket.create_server(("127.0.0.2", server.port), backlog=0),
        ExitStack() as queue,
        Fetcher(
            RequestRules(allow_http=True, allow_loopback=True, seconds=1), resolve=lambda *_: ["127.0.0.2", "127.0.0.1"]
        ) as fetcher,
    ):
        for _ in range(4):  # nobody accepts these, and there is no room for more
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003
            waiting.connect_ex(("127.0.0.2", server.port))
        assert fetcher.get(server.url("/calendar", host="two.test"), now=NOW).body == BODY


def test_a_name_without_an_address_is_unreachable():
    """No answer, and an answer without addresses, are the same to us; neither is connected to anything."""

    def unknown(host, port):
        raise OSError("[Errno -2] Name or service not known")

    for resolve, expected in (
        (unknown, "[Errno -2] Name or service not known"),
        (lambda *_: [], "its name has no address"),
    ):
        with Fetcher(resolve=resolve) as fetcher, pytest.raises(UnreachableError) as caught:
            fetcher.get("https://nowhere.test/a", now=NOW)
        assert str(caught.value) == f"https://nowhere.test/a: cannot be reached: {expected}"


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the file of a key and a certificate for upstream.test, made for this run."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=upstream.test"
    process = subprocess.run(
        [*command.split(), "-addext", "subjectAltName=DNS:upstream.test", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    assert process.returncode == 0
    bundle = folder / "both.pem"
    bundle.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return bundle


@pytest.fixture
def secure(certificate):
    """Return a server with that certificate, and a client that trusts it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    names = []
    context.sni_callback = lambda _, name, __: names.append(name)
    trusting = ssl.create_default_context(cafile=certificate)
    with (
        Hostile({"/calendar": GOOD}, tls=context) as server,
        Fetcher(RULES, resolve=lambda *_: ["127.0.0.1"], tls=trusting) as fetcher,
    ):
        server.names = names
        yield server, fetcher


def test_a_certificate_is_for_the_name_and_not_for_the_address(secure):
    """The vetted address is connected to; the name is what is asked for, and what the certificate must say."""
    server, fetcher = secure
    fetched = fetcher.get(server.url("/calendar", host="upstream.test", scheme="https"), now=NOW)
    assert (fetched.body, server.names) == (BODY, ["upstream.test"])
    assert server.asked[0].headers["host"] == f"upstream.test:{server.port}"
    url = server.url("/calendar", host="other.test", scheme="https")
    with pytest.raises(UnreachableError) as caught:
        fetcher.get(url, now=NOW)
    expected = "Hostname mismatch, certificate is not valid for 'other.test'."
    assert str(caught.value) == f"{url}: shows a certificate that is not trusted ({expected})"


def test_a_certificate_of_nobody_is_not_trusted(secure):
    """By default only the authorities of certifi are believed; nothing is sent to anybody else."""
    server, _ = secure
    with Fetcher(RULES, resolve=lambda *_: ["127.0.0.1"]) as fetcher, pytest.raises(UnreachableError) as caught:
        fetcher.get(server.url("/calendar", host="upstream.test", scheme="https"), now=NOW)
    assert str(caught.value).endswith("/calendar: shows a certificate that is not trusted (self-signed certificate)")
    assert server.asked == []


def test_under_tls_a_body_without_a_length_ends_with_a_closure_alert(secure):
    """RFC 9112, section 9.8: a connection that is merely cut may have been cut by anybody."""
    server, fetcher = secure

    def closing(talk):
        raw(head(200, "Connection: close"), BODY)(talk)
        with suppress(OSError):
            talk.socket.unwrap()

    server.habits |= {"/closed": closing, "/cut": raw(head(200, "Connection: close"), BODY)}
    assert fetcher.get(server.url("/closed", host="upstream.test", scheme="https"), now=NOW).body == BODY
    with pytest.raises(AnswerError, match=CUT):
        fetcher.get(server.url("/cut", host="upstream.test", scheme="https"), now=NOW)


def test_https_does_not_lead_to_http(certificate, secure):
    """A secure address is not turned into one that anybody on the way can answer, even where http is allowed."""
    server, _ = secure
    server.habits["/calendar"] = raw(head(301, "Location: http://upstream.test/plain"))
    rules = RequestRules(allow_http=True, allow_loopback=True)
    trusting = ssl.create_default_context(cafile=certificate)
    url = server.url("/calendar", host="upstream.test", scheme="https")
    with (
        Fetcher(rules, resolve=lambda *_: ["127.0.0.1"], tls=trusting) as fetcher,
        pytest.raises(RefusedError) as caught,
    ):
        fetcher.get(url, now=NOW)
    assert str(caught.value) == f"{url}: redirects from https to plain http: http://upstream.test/plain"


# What is kept secret


def chain(error):
    """Return the texts of an error and of all that led to it."""
    texts = []
    while error is not None:
        texts.append(f"{error} {getattr(error, 'hint', '')} {error.args}")
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


LEADING_ON = raw(head(302, "Location: /other?token=hush"))


@pytest.mark.parametrize(
    "habit",
    [raw(), raw(b"garbage"), answer(status=404), silent, LEADING_ON],
    ids=["closed", "garbage", "missing", "silent", "redirect"],
)
def test_secrets_stay_out_of_messages_and_logs(habit, caplog):
    """No query is ever said or logged; of an address that things are sent to, not even the path."""
    caplog.set_level(logging.DEBUG)
    with serve(secret=habit, other=answer(status=404)) as server, Fetcher(BRIEF) as fetcher:
        for ask in (
            lambda url: fetcher.post(url, b"hush", media_type="application/json", now=NOW),
            lambda url: fetcher.get(url, now=NOW),
        ):
            with pytest.raises(FetchError) as caught:
                ask(server.url("/secret?token=hush"))
            assert "hush" not in chain(caught.value)
        with pytest.raises(FetchError) as caught:
            fetcher.post(server.url("/secret"), b"", media_type="application/json", now=NOW)
        assert "secret" not in str(caught.value)
    # What httpcore notes of an answer's head is for those who debug it; a Location of the other side may be in there.
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]
    if habit is not LEADING_ON:
        assert "hush" not in caplog.text


# What httpx is relied on for


EXCEPTIONS = [kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("kind", EXCEPTIONS, ids=[kind.__name__ for kind in EXCEPTIONS])
def test_every_exception_of_httpx_becomes_one_of_ours(kind, begun):
    """Whatever httpx may raise, before an answer or within it, leaves as a FetchError that knows its cause."""
    raised = kind.__new__(kind, "what the library says of hush")
    with pytest.raises(FetchError) as caught, translate_failures("https://example.org/a", RULES, has_begun=begun):
        raise raised
    assert caught.value.__cause__ is raised
    assert caught.value.url == "https://example.org/a"


def test_the_list_of_exceptions_is_not_empty():
    """The test above looks at what it should: the roots of httpx' trees, and their branches."""
    assert {httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict, httpx.ReadTimeout} <= set(
        EXCEPTIONS
    )


def test_connections_are_made_by_our_own_backend():
    """The pool of a transport, and what makes its connections, are where they are replaced."""
    with Fetcher() as fetcher:
        pool = fetcher._transport._pool
        assert isinstance(pool._network_backend, GuardedBackend)
        assert pool._proxy is None
        connection = pool.create_connection(httpcore.Origin(b"https", b"example.org", 443))
        assert connection._network_backend is pool._network_backend


def test_a_transport_built_differently_is_not_used():
    """Should a new httpx keep its backend elsewhere, nothing is asked at all."""
    with httpx.HTTPTransport() as transport:
        del transport._pool._network_backend
        with pytest.raises(AttributeError):
            install_backend(transport, GuardedBackend(look_up, allow_loopback=False))
        transport._pool._network_backend = None
        with pytest.raises(TypeError):
            install_backend(transport, GuardedBackend(look_up, allow_loopback=False))


def test_the_system_looks_names_up():
    """Addresses come once each, as text."""
    assert look_up("127.0.0.1", 80) == ["127.0.0.1"]
    assert set(look_up("localhost", 80)) <= {"127.0.0.1", "::1"}

"""What an answer of another machine means."""

import gzip
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.errors import AnswerError
from aslms_feeds.identity import digest
from aslms_feeds.network.responses import (
    Acceptance,
    AnswerHead,
    Deferred,
    Fetched,
    Unchanged,
    Validators,
    decode_body,
    find_redirect,
    parse_content_type,
    parse_retry_after,
    read_acceptance,
    read_document,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = "https://example.org/cal.ics"
BODY = b"BEGIN:VCALENDAR\r\n"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MODIFIED = "Sat, 21 Nov 2026 10:00:00 GMT"


def head(status=200, **headers):
    """Return the head of an answer."""
    return AnswerHead(URL, status, {name.replace("_", "-"): value for name, value in headers.items()})


def read(answer, body=BODY, sent=Validators(), limit=1000):  # noqa: B008 - a value
    """Return what an answer brings, to a request that was made with ``sent``."""
    return read_document(answer, [body], sent, limit=limit, now=NOW)


# Validators


def test_nothing_known_asks_for_everything():
    """Without validators a request has no conditions; a digest is for ourselves."""
    assert Validators(digest=digest(BODY)).headers() == {}


def test_both_validators_are_sent_as_they_came():
    """A tag and a date go back unchanged: some servers compare the date as text."""
    assert Validators('W/"a"', MODIFIED).headers() == {"If-None-Match": 'W/"a"', "If-Modified-Since": MODIFIED}


def test_an_answer_brings_its_body_and_what_to_ask_with_next_time():
    """A 200 gives body, type, charset and validators."""
    fetched = read(head(content_type="text/calendar; charset=UTF-8", etag='"a"', last_modified=MODIFIED))
    assert fetched == Fetched(BODY, "text/calendar", "utf-8", Validators('"a"', MODIFIED, digest(BODY)))


@pytest.mark.parametrize(
    ("etag", "stored"),
    [
        ('"a"', '"a"'),
        ('W/"a"', 'W/"a"'),
        ('""', '""'),
        ("a", ""),
        ('"a", "b"', ""),
        ('w/"a"', ""),
        ('"a"\r\nX: y', ""),
        ('"a b"', ""),
        ('"' + "x" * 510 + '"', '"' + "x" * 510 + '"'),
        ('"' + "x" * 511 + '"', ""),
    ],
)
def test_only_tags_that_are_tags_are_kept(etag, stored):
    """What is no entity tag, or a very long one, is not sent back for ever."""
    assert read(head(etag=etag)).validators.etag == stored


@pytest.mark.parametrize(
    "date", ["yesterday", "", "Sat, 21 Nov 2026 10:00:00 +0100", "2026-11-21", MODIFIED + "\r\nX: y"]
)
def test_only_dates_that_are_dates_are_kept(date):
    """A Last-Modified that is no HTTP date is not sent back."""
    assert read(head(last_modified=date)).validators.last_modified == ""


def test_the_same_body_under_a_new_tag_is_unchanged():
    """A tag that changes for nothing is believed for the next request, and is no news."""
    assert read(head(etag='"b"'), sent=Validators('"a"', "", digest(BODY))) == Unchanged(
        Validators('"b"', "", digest(BODY))
    )


def test_another_body_under_the_same_tag_is_news():
    """A tag that stays while the body changes does not hide it."""
    fetched = read(head(etag='"a"'), b"other", sent=Validators('"a"', "", digest(BODY)))
    assert fetched == Fetched(b"other", "", "", Validators('"a"', "", digest(b"other")))


def test_not_modified_keeps_what_is_known_and_takes_what_is_new():
    """RFC 9110, section 15.4.5: a 304 may renew a validator; what it leaves out stays."""
    validators = Validators('"a"', MODIFIED, "1:00")
    assert read(head(304), sent=validators) == Unchanged(validators)
    assert read(head(304, etag='"b"'), sent=validators) == Unchanged(Validators('"b"', MODIFIED, "1:00"))


def test_not_modified_to_an_unconditional_request_is_an_error():
    """A 304 that nobody asked for brings nothing, and there is nothing to keep."""
    with pytest.raises(AnswerError) as caught:
        read(head(304), sent=Validators(digest="1:00"))
    assert str(caught.value) == f"{URL}: answers 304 Not Modified to a request without conditions"


# Statuses


@pytest.mark.parametrize("status", [201, 202, 203, 204, 206, 300, 305, 400, 401, 403, 404, 410, 418, 500, 501, 599])
def test_any_other_status_is_an_error_at_once(status):
    """Only 200 brings a document; what fails for good is not asked again in a moment."""
    with pytest.raises(AnswerError) as caught:
        read(head(status))
    assert (caught.value.status, caught.value.transient, caught.value.url) == (status, False, URL)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_in_trouble_may_be_asked_again(status):
    """502, 503 and 504 without Retry-After are worth another try."""
    with pytest.raises(AnswerError) as caught:
        read(head(status))
    assert (caught.value.status, caught.value.transient) == (status, True)


def test_a_status_nobody_knows_is_named_by_its_number():
    """There is no phrase for 799."""
    with pytest.raises(AnswerError) as caught:
        read(head(799))
    assert str(caught.value) == f"{URL}: answers 799"


def test_what_is_sent_is_accepted_with_any_success():
    """Hubs answer 202 or 204, webhooks 200, 201 or 204."""
    assert [read_acceptance(head(status), now=NOW) for status in (200, 202, 204)] == [
        Acceptance(200),
        Acceptance(202),
        Acceptance(204),
    ]
    with pytest.raises(AnswerError) as caught:
        read_acceptance(head(410), now=NOW)
    assert str(caught.value) == f"{URL}: answers 410 Gone"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_says_where_to(status):
    """Five statuses send on; without an address they are errors."""
    assert find_redirect(head(status, location="/new")) == "/new"
    with pytest.raises(AnswerError, match=r"without saying where to$"):
        find_redirect(head(status))


@pytest.mark.parametrize("status", [200, 300, 304, 305, 404])
def test_nothing_else_redirects(status):
    """A Location on another status is not followed."""
    assert find_redirect(head(status, location="/new")) is None


# Retry-After


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7200", 2 * HOUR),
        ("0", HOUR),
        ("1", HOUR),
        ("86400", DAY),
        ("86401", DAY),
        ("9" * 9, DAY),
        ("9" * 10, DAY),
        ("9" * 5000, DAY),
        ("Sat, 21 Nov 2026 15:00:00 GMT", 3 * HOUR),
        ("Saturday, 21-Nov-26 15:00:00 GMT", 3 * HOUR),
        ("Sat Nov 21 15:00:00 2026", 3 * HOUR),
        ("Sat, 21 Nov 2020 15:00:00 GMT", HOUR),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
    ],
)
def test_a_server_may_ask_for_an_hour_to_a_day(value, wait):
    """Seconds and dates are honoured within the bounds."""
    assert parse_retry_after(value, now=NOW) == NOW + wait


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "1e3", "١٢", "Sat, 99 Nov 2026 15:00:00 GMT", "12 parsecs"])
def test_nonsense_says_nothing(value):
    """What is neither seconds nor a date is as good as absent."""
    assert parse_retry_after(value, now=NOW) is None


@pytest.mark.slow
@given(st.text())
def test_retry_after_is_never_outside_its_bounds(value):
    """Whatever is sent, the next request is an hour to a day away, or nothing was said."""
    retry_at = parse_retry_after(value, now=NOW)
    assert retry_at is None or NOW + HOUR <= retry_at <= NOW + DAY


def test_too_many_requests_always_waits():
    """429 without a time to wait means the shortest one; 503 with one is the same as 429."""
    assert read(head(429)) == Deferred(429, NOW + HOUR)
    assert read(head(429, retry_after="later")) == Deferred(429, NOW + HOUR)
    assert read(head(503, retry_after=" 7200 ")) == Deferred(503, NOW + 2 * HOUR)
    assert read_acceptance(head(429, retry_after="7200"), now=NOW) == Deferred(429, NOW + 2 * HOUR)


def test_other_errors_do_not_become_waits():
    """Retry-After on a 404 changes nothing."""
    with pytest.raises(AnswerError):
        read(head(404, retry_after="7200"))


# Types


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ("", "")),
        ("text/calendar", ("text/calendar", "")),
        ("Text/Calendar ; Charset=UTF-8", ("text/calendar", "utf-8")),
        ('application/atom+xml;type=feed;charset="utf-8"', ("application/atom+xml", "utf-8")),
        ("calendar", ("", "")),
        ("text/", ("", "")),
        ("text/html, text/plain", ("", "")),
        ("; charset=utf-8", ("", "")),
    ],
)
def test_a_content_type_is_a_value(value, expected):
    """Media type and charset in lower case; nonsense is nothing said."""
    assert parse_content_type(value) == expected


@given(st.text(st.characters(max_codepoint=255)))
def test_no_content_type_breaks_the_reader(value):
    """Any header that can be sent is read."""
    media_type, charset = parse_content_type("text/plain;" + value)
    assert media_type == "text/plain"
    assert charset == charset.lower()


# Bodies


def gzipped(data):
    """Return ``data`` compressed, the same bytes at any time."""
    return gzip.compress(data, mtime=0)


def failure(answer, *chunks, limit=1000):
    """Return what is said of a body that cannot be used."""
    with pytest.raises(AnswerError) as caught:
        decode_body(answer, chunks, limit=limit)
    return str(caught.value)


@given(st.binary(max_size=3000), st.integers(1, 500), st.sampled_from(["gzip", "x-gzip", " GZIP ", "", "identity"]))
def test_a_body_is_what_was_sent(data, step, coding):
    """Cut anywhere, compressed or not, the body comes out whole."""
    sent = gzipped(data) if "gzip" in coding.lower() else data
    chunks = [sent[start : start + step] for start in range(0, len(sent), step)]
    assert decode_body(head(content_encoding=coding), chunks, limit=len(data)) == data


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_the_limit_is_inclusive(coding):
    """Exactly the limit passes, a byte more does not, however little was on the wire."""
    body = bytes(1001)
    sent = gzipped(body) if coding else body
    assert decode_body(head(content_encoding=coding), [sent], limit=1001) == body
    assert failure(head(content_encoding=coding), sent, limit=1000) == f"{URL}: sends more than 1,000 bytes"


def test_a_bomb_is_not_inflated():
    """Reading stops at the limit: what lies behind it is never asked for."""

    def chunks():
        yield bomb
        raise AssertionError("read on after the limit")

    bomb = gzipped(bytes(1 << 24))
    with pytest.raises(AnswerError):
        decode_body(head(content_encoding="gzip"), chunks(), limit=1000)


def test_bytes_that_decode_to_nothing_are_counted():
    """Empty deflate blocks give no byte of body, and still come to an end."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    empty = b"\x00\x00\x00\xff\xff" * 4000
    start = deflate.compress(b"") + deflate.flush(zlib.Z_SYNC_FLUSH)
    assert failure(head(content_encoding="gzip"), start, *[empty] * 20) == f"{URL}: sends more than 1,000 bytes"


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "identity, gzip", "compress", "x" * 500])
def test_codings_that_were_not_asked_for_are_refused(coding):
    """Only gzip and identity are asked for; gzip in gzip is how bombs are stacked."""
    expected = f"{URL}: sends a content coding that was not asked for: {coding[:40]!r}"
    assert failure(head(content_encoding=coding), b"x") == expected


def test_unfinished_and_damaged_gzip_is_no_body():
    """What ends early, does not inflate, fails its checksum or goes on after its end is an error."""
    good = gzipped(BODY)
    gz = head(content_encoding="gzip")
    assert failure(gz, good[:-1]) == f"{URL}: ends in the middle of its gzip"
    assert failure(gz) == f"{URL}: ends in the middle of its gzip"
    assert failure(gz, b"<html>") == f"{URL}: sends damaged gzip"
    assert failure(gz, good[:-8] + bytes(8)) == f"{URL}: sends damaged gzip"
    assert failure(gz, good + good) == f"{URL}: sends more after the end of its gzip"
    assert failure(gz, good, b"x") == f"{URL}: sends more after the end of its gzip"

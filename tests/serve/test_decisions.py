"""The decisions of the server, one by one; what they look like on the wire is in ``contracts/test_http.py``."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.publication.manifest import Listed
from aslms_feeds.serve.answers import (
    BAD_REQUEST,
    HEALTHY,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_YET,
    OPTIONS,
    FileSlice,
    SiteAnswer,
)
from aslms_feeds.serve.decisions import SiteRequest, answer_request, evaluate_conditions
from aslms_feeds.serve.table import build_table, describe_resource, join_tables

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
MODIFIED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4
TAG = b'"0123456789abcdef0123456789abcdef"'
HOST = (b"host", b"example.org")
CALENDAR = Listed("aslms-all.ics", DIGEST, 9, "text/calendar; charset=utf-8", MODIFIED)
PAGE = Listed("2023-24/index.html", DIGEST, 4, "text/html; charset=utf-8", MODIFIED)
RESOURCE = describe_resource(CALENDAR, {"identity": (9, b"BEGIN:END"), "gzip": (4, b"gzip"), "br": (2, b"br")})
LAZY = describe_resource(PAGE, {"identity": (4, "/store/2023-24/index.html")})
TABLE = join_tables([build_table("index", []), build_table("aslms", [(CALENDAR.path, RESOURCE), (PAGE.path, LAZY)])])


def ask(
    path: str, *headers: tuple[bytes, bytes], method: str = "GET", query: bytes = b"", version: str = "1.1"
) -> SiteAnswer:
    """Return the answer to a request that names its host."""
    return answer_request(TABLE, SiteRequest(method, path, query, [HOST, *headers], version), now=NOW)


def value(response: SiteAnswer, name: bytes) -> bytes | None:
    """Return the value of a header of an answer."""
    values = [text for key, text in response.headers if key == name]
    assert len(values) <= 1
    return values[0] if values else None


FIELDS = b"host accept-encoding if-match if-none-match if-modified-since if-unmodified-since range if-range".split()


def test_before_anything_is_published():
    """Every address says to come back."""
    for path in ("/", "/healthz", "/aslms/"):
        assert answer_request(None, SiteRequest("GET", path, b"", [HOST]), now=NOW) == NOT_YET
    assert value(NOT_YET, b"retry-after") == b"5"


def test_a_folder_keeps_its_query_unless_it_could_not_be_sent_back():
    """Only printable ASCII returns in a header."""
    assert value(ask("/aslms/2023-24", query=b"a=%C3%A9&b"), b"location") == b"2023-24/?a=%C3%A9&b"
    assert value(ask("/aslms/2023-24", query=b"a=\xff"), b"location") == b"2023-24/"
    assert value(ask("/aslms/2023-24", query=b"a\r\nset-cookie: b"), b"location") == b"2023-24/"
    assert ask("/aslms/2023-24").status == 308


def test_a_document_in_a_file_is_cut_there():
    """The answer says which bytes of which file to send; HEAD and 304 need none."""
    assert ask("/aslms/2023-24/").content == FileSlice("/store/2023-24/index.html", 0, 4)
    assert ask("/aslms/2023-24/", (b"range", b"bytes=1-2")).content == FileSlice("/store/2023-24/index.html", 1, 3)
    assert ask("/aslms/2023-24/", method="HEAD").content == b""
    assert ask("/aslms/2023-24/", (b"if-none-match", b"*")).content == b""


def test_head_ignores_a_range():
    """RFC 9110 section 14.2: ranges are defined for GET."""
    headed = ask("/aslms/aslms-all.ics", (b"range", b"bytes=0-1"), method="HEAD")
    assert headed == (200, ask("/aslms/aslms-all.ics").headers, b"")


def test_an_ignored_range_changes_nothing():
    """The answer is the one without it, header by header."""
    plain = ask("/aslms/aslms-all.ics")
    for field in (b"lines=1-2", b"bytes=3-1", b"bytes=0-1,3-4"):
        ignored = ask("/aslms/aslms-all.ics", (b"range", field))
        assert (ignored.status, sorted(ignored.headers), ignored.content) == (200, sorted(plain.headers), plain.content)


def test_other_methods_do_not_look():
    """405 and the answer to a preflight do not depend on what is there, or on conditions."""
    for path in ("/aslms/aslms-all.ics", "/nothing"):
        assert ask(path, (b"if-match", b'"x"'), method="POST") == NOT_ALLOWED
        assert ask(path, (b"if-match", b'"x"'), method="OPTIONS") == OPTIONS
        assert ask(path, method="get") == NOT_ALLOWED


def test_conditions_are_ignored_where_there_is_no_document():
    """RFC 9110 section 13.2.1: an answer that is neither 2xx nor 412 anyway stays what it is."""
    for header in ((b"if-match", b'"x"'), (b"if-none-match", b"*"), (b"range", b"bytes=0-1")):
        assert ask("/nothing", header) == NOT_FOUND
        assert ask("/aslms/2023-24", header).status == 308


def test_one_host_is_named():
    """RFC 9112 section 3.2; HTTP/1.0 knew no hosts."""
    for headers in ([], [(b"host", b"")], [HOST, HOST], [HOST, HOST, HOST]):
        assert answer_request(TABLE, SiteRequest("GET", "/", b"", headers), now=NOW) == BAD_REQUEST
    assert answer_request(TABLE, SiteRequest("GET", "/healthz", b"", [], "1.0"), now=NOW) == HEALTHY
    assert answer_request(TABLE, SiteRequest("GET", "/healthz", b"", [], "1"), now=NOW) == HEALTHY


def test_lines_of_one_header_are_one_list():
    """RFC 9110 section 5.3."""
    twice = ((b"accept-encoding", b"deflate"), (b"accept-encoding", b"gzip"))
    assert value(ask("/aslms/aslms-all.ics", *twice), b"content-encoding") == b"gzip"
    twice = ((b"if-modified-since", b"Sat, 21 Nov 2026 04:00:00 GMT"),) * 2
    assert ask("/aslms/aslms-all.ics", *twice).status == 200  # section 13.1.3: not a list


@given(
    st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "\x00"]),
    st.sampled_from(["/aslms/aslms-all.ics", "/aslms/2023-24", "/aslms/2023-24/", "/x", "", "*"]),
    st.binary(max_size=10),
    st.lists(
        st.tuples(
            st.sampled_from(FIELDS),
            st.one_of(
                st.binary(max_size=30),
                st.sampled_from(
                    [TAG, b"W/" + TAG, b"*", b"bytes=0-3", b"bytes=-0", b"gzip", b"Fri, 20 Nov 2026 09:30:00 GMT"]
                ),
            ),
        ),
        max_size=6,
    ),
)
def test_any_request_has_an_answer_that_can_be_sent(method, path, query, headers):
    """No header of a request raises, states a wrong length, or puts a line break into an answer."""
    response = answer_request(TABLE, SiteRequest(method, path, query, [HOST, *headers]), now=NOW)
    assert response.status in {200, 204, 206, 304, 308, 400, 404, 405, 412, 416}
    assert not any(b"\r" in text or b"\n" in text for _, text in response.headers)
    length = (
        len(response.content) if isinstance(response.content, bytes) else response.content.stop - response.content.start
    )
    if response.status in {204, 304}:
        assert (length, value(response, b"content-length")) == (0, None)
    elif method != "HEAD":
        assert value(response, b"content-length") == b"%d" % length
    assert value(response, b"access-control-allow-origin") == b"*"


def test_the_order_of_conditions():
    """RFC 9110 section 13.2.2: If-Match before If-Unmodified-Since, If-None-Match before If-Modified-Since."""
    early, late = b"Fri, 20 Nov 2026 09:29:59 GMT", b"Fri, 20 Nov 2026 09:30:01 GMT"
    cases = [
        ({b"if-match": TAG, b"if-unmodified-since": early}, 200),
        ({b"if-match": b'"x"', b"if-unmodified-since": late}, 412),
        ({b"if-match": b"nonsense"}, 412),
        ({b"if-unmodified-since": late, b"if-none-match": TAG}, 304),
        ({b"if-none-match": b'"x"', b"if-modified-since": late}, 200),
        ({b"if-none-match": b"nonsense", b"if-modified-since": late}, 200),
        ({b"if-modified-since": early}, 200),
        ({b"if-modified-since": late}, 304),
        ({}, 200),
    ]
    assert [evaluate_conditions(TAG, RESOURCE, fields, NOW) for fields, _ in cases] == [status for _, status in cases]

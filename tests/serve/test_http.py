"""The decisions of the server, one by one; what they look like on the wire is in ``contracts/test_http.py``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.errors import PublicationError
from aslms_feeds.serve.http import (
    BAD_REQUEST,
    HEALTHY,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_YET,
    OPTIONS,
    Answer,
    Listed,
    Redirect,
    Request,
    Slice,
    addresses,
    answer,
    byte_range,
    evaluate,
    http_date,
    matches,
    preferences,
    read_manifest,
    resource,
    whole,
)

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
MODIFIED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4
TAG = b'"0123456789abcdef0123456789abcdef"'
HOST = (b"host", b"example.org")
CALENDAR = Listed("aslms-all.ics", DIGEST, 9, "text/calendar; charset=utf-8", MODIFIED)
PAGE = Listed("2023-24/index.html", DIGEST, 4, "text/html; charset=utf-8", MODIFIED)
FOUND = resource(CALENDAR, {"identity": (9, b"BEGIN:END"), "gzip": (4, b"gzip"), "br": (2, b"br")})
LAZY = resource(PAGE, {"identity": (4, "/store/2023-24/index.html")})
TABLE = whole([addresses("index", []), addresses("aslms", [(CALENDAR.path, FOUND), (PAGE.path, LAZY)])])


def ask(
    path: str, *headers: tuple[bytes, bytes], method: str = "GET", query: bytes = b"", version: str = "1.1"
) -> Answer:
    """Return the answer to a request that names its host."""
    return answer(TABLE, Request(method, path, query, [HOST, *headers], version), now=NOW)


def value(given: Answer, name: bytes) -> bytes | None:
    """Return the value of a header of an answer."""
    values = [text for key, text in given.headers if key == name]
    assert len(values) <= 1
    return values[0] if values else None


FIELDS = b"host accept-encoding if-match if-none-match if-modified-since if-unmodified-since range if-range".split()


# --- The table ------------------------------------------------------------------------------------------------------


def test_the_index_is_at_the_top_and_a_series_in_its_folder():
    """index.html answers as its folder, and two other spellings lead there, relative to where they are."""
    home = resource(PAGE, {"identity": (4, b"home")})
    assert addresses("index", [("index.html", home), ("feeds.opml", home), ("fr/index.html", home)]) == {
        "/": home,
        "/index.html": Redirect(b"./"),
        "/feeds.opml": home,
        "/fr/": home,
        "/fr": Redirect(b"fr/"),
        "/fr/index.html": Redirect(b"./"),
    }
    assert addresses("aslms", [("index.html", home), ("a/b.ics", home)]) == {
        "/aslms/": home,
        "/aslms": Redirect(b"aslms/"),
        "/aslms/index.html": Redirect(b"./"),
        "/aslms/a/b.ics": home,
    }


def test_a_table_without_parts_is_none():
    """Nothing published is not an empty site."""
    assert whole([]) is None
    assert whole([{}, {}]) is None
    assert whole([{"/": Redirect(b"x")}]) == {"/": Redirect(b"x"), "/healthz": HEALTHY}


def test_before_anything_is_published():
    """Every address says to come back."""
    for path in ("/", "/healthz", "/aslms/"):
        assert answer(None, Request("GET", path, b"", [HOST]), now=NOW) == NOT_YET
    assert value(NOT_YET, b"retry-after") == b"5"


def test_a_folder_keeps_its_query_unless_it_could_not_be_sent_back():
    """Only printable ASCII returns in a header."""
    assert value(ask("/aslms/2023-24", query=b"a=%C3%A9&b"), b"location") == b"2023-24/?a=%C3%A9&b"
    assert value(ask("/aslms/2023-24", query=b"a=\xff"), b"location") == b"2023-24/"
    assert value(ask("/aslms/2023-24", query=b"a\r\nset-cookie: b"), b"location") == b"2023-24/"
    assert ask("/aslms/2023-24").status == 308


@pytest.mark.parametrize(
    ("listed", "cache"),
    [
        ("assets/style.0a1b2c3d.css", b"public, max-age=31536000, immutable"),
        ("fr/assets/x.png", b"public, max-age=31536000, immutable"),
        ("assets", b"public, max-age=300"),
        ("my-assets/style.css", b"public, max-age=300"),
    ],
)
def test_only_what_has_its_digest_in_its_name_lasts(listed, cache):
    """The folder assets holds it, at any depth."""
    found = resource(Listed(listed, DIGEST, 1, "text/css", MODIFIED), {"identity": (1, b"x")})
    assert (b"cache-control", cache) in found.kept


def test_headers_of_one_kind_are_shared():
    """A site of many documents holds few tables of headers."""
    again = resource(CALENDAR, {"identity": (1, b"x"), "br": (1, b"x")})
    assert again.kept is FOUND.kept
    assert again.described is FOUND.described


# --- Manifests ------------------------------------------------------------------------------------------------------


def manifest(**changes: object) -> bytes:
    """Return a manifest with one document, changed as said."""
    document = {
        "path": "a.ics",
        "sha256": DIGEST,
        "size": 9,
        "type": "text/calendar",
        "modified": "2026-11-20T09:30:00Z",
    }
    top = {"format": 1, "part": "aslms", "generation": 12, "published": "2026-11-21T04:00:00Z"}
    document |= {key: new for key, new in changes.items() if key in document}
    top |= {key: new for key, new in changes.items() if key in top}
    return json.dumps({**top, "documents": [document]}).encode()


def test_a_manifest_lists_its_documents_and_itself():
    """The manifest's own time is that of the publication."""
    text = manifest()
    assert read_manifest(text, "aslms", "f" * 64) == (
        Listed("a.ics", DIGEST, 9, "text/calendar", MODIFIED),
        Listed("manifest.json", "f" * 64, len(text), "application/json", NOW),
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "the manifest has format 2, this program reads 1"),
        ({"part": "elms"}, "it is the manifest of elms, not of aslms"),
        ({"path": "../a.ics"}, "the manifest cannot be read: '../a.ics' is not the path of a document"),
        ({"path": "/etc/passwd"}, "the manifest cannot be read: '/etc/passwd' is not the path of a document"),
        ({"path": "a//b"}, "the manifest cannot be read: 'a//b' is not the path of a document"),
        ({"path": "a/./b"}, "the manifest cannot be read: 'a/./b' is not the path of a document"),
        ({"path": "a\\b"}, "the manifest cannot be read: 'a\\\\b' is not the path of a document"),
        ({"path": "a\x00b"}, "the manifest cannot be read: 'a\\x00b' is not the path of a document"),
        ({"path": "a\n"}, "the manifest cannot be read: 'a\\n' is not the path of a document"),
        ({"path": ""}, "the manifest cannot be read: '' is not the path of a document"),
        ({"path": 7}, "the manifest cannot be read: AttributeError: 'int' object has no attribute 'split'"),
        ({"sha256": "abc"}, "the manifest cannot be read: a.ics has no digest, size or media type"),
        ({"size": -1}, "the manifest cannot be read: a.ics has no digest, size or media type"),
        (
            {"type": "text/html\r\nset-cookie: a=b"},
            "the manifest cannot be read: a.ics has no digest, size or media type",
        ),
        ({"modified": "2026-11-20T09:30:00"}, "the manifest cannot be read: 2026-11-20T09:30:00 has no offset"),
        ({"modified": "soon"}, "the manifest cannot be read: Invalid isoformat string: 'soon'"),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(changes, message):
    """Whatever is wrong, the message says what; no path leaves the site, no value breaks a header."""
    with pytest.raises(PublicationError) as caught:
        read_manifest(manifest(**changes), "aslms", DIGEST)
    assert str(caught.value) == message


@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists).map(str).map(str.encode),
    )
)
def test_what_is_no_manifest_is_a_publication_error(text):
    """No other error, whatever the bytes."""
    with pytest.raises(PublicationError):
        read_manifest(text, "aslms", DIGEST)


# --- Answers --------------------------------------------------------------------------------------------------------


def test_a_document_in_a_file_is_cut_there():
    """The answer says which bytes of which file to send; HEAD and 304 need none."""
    assert ask("/aslms/2023-24/").content == Slice("/store/2023-24/index.html", 0, 4)
    assert ask("/aslms/2023-24/", (b"range", b"bytes=1-2")).content == Slice("/store/2023-24/index.html", 1, 3)
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
        assert answer(TABLE, Request("GET", "/", b"", headers), now=NOW) == BAD_REQUEST
    assert answer(TABLE, Request("GET", "/healthz", b"", [], "1.0"), now=NOW) == HEALTHY
    assert answer(TABLE, Request("GET", "/healthz", b"", [], "1"), now=NOW) == HEALTHY


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
    given = answer(TABLE, Request(method, path, query, [HOST, *headers]), now=NOW)
    assert given.status in {200, 204, 206, 304, 308, 400, 404, 405, 412, 416}
    assert not any(b"\r" in text or b"\n" in text for _, text in given.headers)
    length = len(given.content) if isinstance(given.content, bytes) else given.content.stop - given.content.start
    if given.status in {204, 304}:
        assert (length, value(given, b"content-length")) == (0, None)
    elif method != "HEAD":
        assert value(given, b"content-length") == b"%d" % length
    assert value(given, b"access-control-allow-origin") == b"*"


# --- Entity tags ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "weakly", "strongly"),
    [
        (b'"a"', True, True),
        (b' "a"\t', True, True),
        (b'W/"a"', True, False),
        (b'w/"a"', True, True),  # what precedes the quote is not an entity tag's, so it is nothing
        (b"*", True, True),
        (b'"b", "a"', True, True),
        (b'"b",W/"a"', True, False),
        (b',, ,"a",', True, True),
        (b'"b","c"', False, False),
        (b'"a, "b"', False, False),
        (b"a", False, False),
        (b"'a'", False, False),
        (b'"A"', False, False),
        (b'"a', False, False),
        (b'""', False, False),
        (b"", False, False),
        (b'*, "b"', False, False),
        (b'"*"', False, False),
        (b'"\xc3\xa9", "a"', True, True),
    ],
)
def test_entity_tags_are_compared(field, weakly, strongly):
    """RFC 9110 section 8.8.3.2: If-None-Match weakly, If-Match strongly; what is malformed names nothing."""
    assert matches(field, b'"a"', weakly=True) is weakly
    assert matches(field, b'"a"', weakly=False) is strongly


_OPAQUE = st.text("".join(map(chr, [0x21, *range(0x23, 0x7F)])), max_size=12).map(str.encode)


@given(st.lists(st.tuples(st.booleans(), _OPAQUE), min_size=1), _OPAQUE, st.sampled_from([b",", b", ", b" ,\t", b",,"]))
def test_any_list_of_entity_tags_is_read(tags, wanted, between):
    """A tag is found exactly when it is in the list, commas inside tags or not."""
    field = between.join((b'W/"%b"' if weak else b'"%b"') % tag for weak, tag in tags)
    assert matches(field, b'"%b"' % wanted, weakly=True) is (wanted in {tag for _, tag in tags})
    assert matches(field, b'"%b"' % wanted, weakly=False) is ((False, wanted) in tags)


@given(st.binary())
def test_no_entity_tag_raises(field):
    """Whatever it is."""
    assert matches(field, TAG, weakly=True) in {True, False}


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
    assert [evaluate(TAG, FOUND, fields, NOW) for fields, _ in cases] == [status for _, status in cases]


# --- Accept-Encoding ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "codings"),
    [
        (b"", ("identity",)),
        (b"gzip", ("gzip", "identity")),
        (b"gzip, br", ("br", "gzip", "identity")),
        (b"GZIP;Q=0.5,br;q=0.4", ("gzip", "br", "identity")),
        (b"x-gzip", ("gzip", "identity")),
        (b"x-gzip;q=0, gzip", ("gzip", "identity")),
        (b"x-br", ("identity",)),
        (b"*", ("br", "gzip", "identity")),
        (b"*;q=0.5, gzip", ("gzip", "br", "identity")),
        (b"*;q=0", ()),
        (b"identity;q=0", ()),
        (b"identity;q=0, gzip;q=0.1", ("gzip",)),
        (b"*;q=0, identity", ("identity",)),
        (b"gzip;q=0.5, identity", ("identity", "gzip")),
        (b"gzip ; q=0.001", ("gzip", "identity")),
        (b"gzip;q=0.000", ("identity",)),
        (b"gzip;q=1.", ("gzip", "identity")),
        (b"gzip;q=2", ("identity",)),
        (b"gzip;q=0.1234", ("identity",)),
        (b"gzip;q=yes, br", ("br", "identity")),
        (b"gzip;level=9", ("identity",)),
        (b"gzip br", ("identity",)),
        (b"\xff,gzip", ("gzip", "identity")),
        (b",,gzip,,", ("gzip", "identity")),
    ],
)
def test_accepted_codings(field, codings):
    """RFC 9110 section 12.5.3: the highest weight first, brotli before gzip, identity last unless it was asked for."""
    assert preferences(field) == codings


@given(st.binary())
def test_no_accepted_coding_raises(field):
    """Whatever it is, the codings are known ones, each once."""
    found = preferences(field)
    assert len(set(found)) == len(found)
    assert set(found) <= {"br", "gzip", "identity"}


# --- Range ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (b"bytes=0-9", (0, 10)),
        (b"Bytes= 0-9 ", (0, 10)),
        (b"bytes=0-", (0, 100)),
        (b"bytes=99-", (99, 100)),
        (b"bytes=-1", (99, 100)),
        (b"bytes=-500", (0, 100)),
        (b"bytes=50-500", (50, 100)),
        (b"bytes=0-" + b"9" * 5000, (0, 100)),
        (b"bytes=" + b"0" * 5000 + b"7-8", (7, 9)),
        (b"bytes=100-", (100, 100)),
        (b"bytes=200-300", (200, 100)),
        (b"bytes=-0", (100, 100)),
        (b"bytes=" + b"9" * 5000 + b"-", (10**18, 100)),
        (b"bytes=9-0", None),
        (b"bytes=0-1,5-6", None),
        (b"bytes=-", None),
        (b"bytes=", None),
        (b"bytes=+1-2", None),
        (b"bytes=0x1-2", None),
        (b"bytes=1 -2", None),
        (b"bytes=\xb2-", None),
        (b"items=0-1", None),
        (b"0-1", None),
        (b"", None),
    ],
)
def test_ranges(field, found):
    """RFC 9110 section 14.1.2, of 100 bytes: start and stop, an empty one when it cannot be met, None to ignore it."""
    assert byte_range(field, 100) == found


def test_an_empty_document_has_no_ranges():
    """It is sent whole, which is quickly done."""
    assert byte_range(b"bytes=0-0", 0) is None
    assert byte_range(b"bytes=-5", 0) is None


@given(st.one_of(st.binary(), st.from_regex(rb"bytes=[0-9]*-[0-9]*", fullmatch=True)), st.integers(0, 10**6))
def test_no_range_leaves_the_document(field, size):
    """Whatever is asked for, what is sent lies inside."""
    found = byte_range(field, size)
    if found and found[0] < found[1]:
        assert 0 <= found[0] < found[1] <= size


@given(st.binary(min_size=1, max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_what_python_slices(content, first, last):
    """First and last byte are both included; a suffix counts from the end."""
    found = byte_range(b"bytes=%d-%d" % (first, last), len(content))
    if first <= last and first < len(content):
        assert content[slice(*found)] == content[first : last + 1]
    if last:
        assert content[slice(*byte_range(b"bytes=-%d" % last, len(content)))] == content[-last:]


# --- Dates ----------------------------------------------------------------------------------------------------------


def seconds(year: int, *rest: int) -> int:
    """Return the seconds since 1970 of a moment in UTC."""
    return int(datetime(year, *rest, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (b"Sun, 06 Nov 1994 08:49:37 GMT", seconds(1994, 11, 6, 8, 49, 37)),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", seconds(1994, 11, 6, 8, 49, 37)),
        (b"Sun Nov  6 08:49:37 1994", seconds(1994, 11, 6, 8, 49, 37)),
        (b"Wed Nov 16 08:49:37 1994", seconds(1994, 11, 16, 8, 49, 37)),
        (b"  Sun, 06 Nov 1994 08:49:37 GMT ", seconds(1994, 11, 6, 8, 49, 37)),
        (b"Saturday, 21-Nov-76 00:00:00 GMT", seconds(2076, 11, 21)),
        (b"Monday, 21-Nov-77 00:00:00 GMT", seconds(1977, 11, 21)),
        (b"Saturday, 01-Jan-00 00:00:00 GMT", seconds(2000, 1, 1)),
        (b"Sat, 31 Dec 2016 23:59:60 GMT", seconds(2017, 1, 1)),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0),
        (b"Wed, 31 Dec 1969 23:59:59 GMT", -1),
        (b"Fri, 31 Dec 9999 23:59:60 GMT", seconds(9999, 12, 31, 23, 59, 59) + 1),
        (b"Sat, 01 Jan 0000 00:00:00 GMT", None),
        (b"Sun, 31 Feb 2026 00:00:00 GMT", None),
        (b"Sunday, 29-Feb-25 00:00:00 GMT", None),
        (b"Sun, 06 Nov 1994 24:00:00 GMT", None),
        (b"Sun, 06 Nov 1994 08:49:61 GMT", None),
        (b"Sun, 6 Nov 1994 08:49:37 GMT", None),
        (b"sun, 06 nov 1994 08:49:37 gmt", None),
        (b"Sun, 06 Nov 1994 08:49:37 +0000", None),
        (b"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", None),
        (b"Sun, 06 Nov 1994 08:49:37 GMT; length=5", None),
        (b"1994-11-06T08:49:37Z", None),
        (b"784111777", None),
        (b"", None),
    ],
)
def test_http_dates(field, found):
    """RFC 9110 section 5.6.7: three formats, nothing else; two-digit years are at most 50 years ahead."""
    assert http_date(field, now=NOW) == found


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_any_date_is_read_back(moment):
    """In the preferred format and in asctime's, to the second."""
    expected = int((moment - timedelta(microseconds=moment.microsecond)).timestamp())
    assert http_date(format_datetime(moment, usegmt=True).encode(), now=NOW) == expected
    assert http_date(moment.ctime().encode(), now=NOW) == expected


@given(
    st.one_of(st.binary(), st.from_regex(rb"Mon, [0-9]{2} Feb [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT", fullmatch=True))
)
def test_no_date_raises(field):
    """Whatever it is."""
    found = http_date(field, now=NOW)
    assert found is None or isinstance(found, int)

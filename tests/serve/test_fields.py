"""Values of header fields, one by one: what is malformed never raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.serve.fields import matches_tag, parse_accepted_codings, parse_byte_range, parse_http_date

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
TAG = b'"0123456789abcdef0123456789abcdef"'


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
    assert matches_tag(field, b'"a"', weakly=True) is weakly
    assert matches_tag(field, b'"a"', weakly=False) is strongly


_OPAQUE = st.text("".join(map(chr, [0x21, *range(0x23, 0x7F)])), max_size=12).map(str.encode)


@given(st.lists(st.tuples(st.booleans(), _OPAQUE), min_size=1), _OPAQUE, st.sampled_from([b",", b", ", b" ,\t", b",,"]))
def test_any_list_of_entity_tags_is_read(tags, expected, between):
    """A tag is found exactly when it is in the list, commas inside tags or not."""
    field = between.join((b'W/"%b"' if weak else b'"%b"') % tag for weak, tag in tags)
    assert matches_tag(field, b'"%b"' % expected, weakly=True) is (expected in {tag for _, tag in tags})
    assert matches_tag(field, b'"%b"' % expected, weakly=False) is ((False, expected) in tags)


@given(st.binary())
def test_no_entity_tag_raises(field):
    """Whatever it is."""
    assert matches_tag(field, TAG, weakly=True) in {True, False}


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
    assert parse_accepted_codings(field) == codings


@given(st.binary())
def test_no_accepted_coding_raises(field):
    """Whatever it is, the codings are known ones, each once."""
    codings = parse_accepted_codings(field)
    assert len(set(codings)) == len(codings)
    assert set(codings) <= {"br", "gzip", "identity"}


# --- Range ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "expected"),
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
def test_ranges(field, expected):
    """RFC 9110 section 14.1.2, of 100 bytes: start and stop, an empty one when it cannot be met, None to ignore it."""
    assert parse_byte_range(field, 100) == expected


def test_an_empty_document_has_no_ranges():
    """It is sent whole, which is quickly done."""
    assert parse_byte_range(b"bytes=0-0", 0) is None
    assert parse_byte_range(b"bytes=-5", 0) is None


@given(st.one_of(st.binary(), st.from_regex(rb"bytes=[0-9]*-[0-9]*", fullmatch=True)), st.integers(0, 10**6))
def test_no_range_leaves_the_document(field, size):
    """Whatever is asked for, what is sent lies inside."""
    limits = parse_byte_range(field, size)
    if limits and limits[0] < limits[1]:
        assert 0 <= limits[0] < limits[1] <= size


@given(st.binary(min_size=1, max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_what_python_slices(content, first, last):
    """First and last byte are both included; a suffix counts from the end."""
    limits = parse_byte_range(b"bytes=%d-%d" % (first, last), len(content))
    if first <= last and first < len(content):
        assert content[slice(*limits)] == content[first : last + 1]
    if last:
        assert content[slice(*parse_byte_range(b"bytes=-%d" % last, len(content)))] == content[-last:]


# --- Dates ----------------------------------------------------------------------------------------------------------


def seconds(year: int, *parts: int) -> int:
    """Return the seconds since 1970 of a moment in UTC."""
    return int(datetime(year, *parts, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("field", "expected"),
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
def test_http_dates(field, expected):
    """RFC 9110 section 5.6.7: three formats, nothing else; two-digit years are at most 50 years ahead."""
    assert parse_http_date(field, now=NOW) == expected


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_any_date_is_read_back(moment):
    """In the preferred format and in asctime's, to the second."""
    expected = int((moment - timedelta(microseconds=moment.microsecond)).timestamp())
    assert parse_http_date(format_datetime(moment, usegmt=True).encode(), now=NOW) == expected
    assert parse_http_date(moment.ctime().encode(), now=NOW) == expected


@given(
    st.one_of(st.binary(), st.from_regex(rb"Mon, [0-9]{2} Feb [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT", fullmatch=True))
)
def test_no_date_raises(field):
    """Whatever it is."""
    instant = parse_http_date(field, now=NOW)
    assert instant is None or isinstance(instant, int)

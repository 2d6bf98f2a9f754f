"""The table of everything published: addresses, redirects, headers, and the manifests it is made from."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import Listed
from aslms_feeds.serve.answers import (
    HEALTHY,
)
from aslms_feeds.serve.table import Redirect, build_table, describe_resource, join_tables, list_documents

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


def test_the_index_is_at_the_top_and_a_series_in_its_folder():
    """index.html answers as its folder, and two other spellings lead there, relative to where they are."""
    home = describe_resource(PAGE, {"identity": (4, b"home")})
    assert build_table("index", [("index.html", home), ("feeds.opml", home), ("fr/index.html", home)]) == {
        "/": home,
        "/index.html": Redirect(b"./"),
        "/feeds.opml": home,
        "/fr/": home,
        "/fr": Redirect(b"fr/"),
        "/fr/index.html": Redirect(b"./"),
    }
    assert build_table("aslms", [("index.html", home), ("a/b.ics", home)]) == {
        "/aslms/": home,
        "/aslms": Redirect(b"aslms/"),
        "/aslms/index.html": Redirect(b"./"),
        "/aslms/a/b.ics": home,
    }


def test_a_table_without_parts_is_none():
    """Nothing published is not an empty site."""
    assert join_tables([]) is None
    assert join_tables([{}, {}]) is None
    assert join_tables([{"/": Redirect(b"x")}]) == {"/": Redirect(b"x"), "/healthz": HEALTHY}


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
    resource = describe_resource(Listed(listed, DIGEST, 1, "text/css", MODIFIED), {"identity": (1, b"x")})
    assert (b"cache-control", cache) in resource.general_headers


def test_headers_of_one_kind_are_shared():
    """A site of many documents holds few tables of headers."""
    again = describe_resource(CALENDAR, {"identity": (1, b"x"), "br": (1, b"x")})
    assert again.general_headers is RESOURCE.general_headers
    assert again.content_headers is RESOURCE.content_headers


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
    assert list_documents(text, "aslms", "f" * 64) == (
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
        list_documents(manifest(**changes), "aslms", DIGEST)
    assert str(caught.value) == message


@pytest.mark.slow
@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists).map(str).map(str.encode),
    )
)
def test_what_is_no_manifest_is_a_publication_error(text):
    """No other error, whatever the bytes."""
    with pytest.raises(PublicationError):
        list_documents(text, "aslms", DIGEST)

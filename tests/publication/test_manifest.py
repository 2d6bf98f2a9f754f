"""Documents with digests, the manifest, and what differs between two editions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import (
    CALENDAR,
    HTML,
    Changes,
    Document,
    Listed,
    Manifest,
    continue_manifest,
    find_changes,
    read_manifest,
)

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PAGE = Document("index.html", HTML, b"a page")
RACES = Document("2030/races.ics", CALENDAR, b"races")


def first(*documents, now=NOW) -> Manifest:
    """Return the manifest of a first publication."""
    return continue_manifest(None, "trial", find_changes(None, documents), now=now)


def test_the_digest_of_a_document():
    """A document's digest is the SHA-256 of its bytes."""
    assert Document("x", HTML, b"").sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_everything_is_new_at_first():
    """A first publication puts every document, in order of their paths."""
    assert find_changes(None, [PAGE, RACES]) == Changes(put=(RACES, PAGE), left=())


def test_what_differs():
    """Another content and another media type differ; what is not offered is left as it is."""
    old = first(PAGE, RACES)
    assert not find_changes(old, [RACES, PAGE])
    assert find_changes(old, [Document("index.html", HTML, b"other"), RACES]).put == (
        Document("index.html", HTML, b"other"),
    )
    assert find_changes(old, [Document("index.html", "text/plain", b"a page"), RACES]).put[0].media_type == "text/plain"
    assert find_changes(old, [PAGE]) == Changes(put=(), left=("2030/races.ics",))


def test_two_documents_at_one_address():
    """Two contents for one address are a fault, the same twice is none."""
    assert find_changes(None, [PAGE, PAGE]).put == (PAGE,)
    with pytest.raises(PublicationError) as raised:
        find_changes(None, [PAGE, Document("index.html", HTML, b"other")])
    assert str(raised.value) == "there are two documents at index.html"


def test_times_are_whole_seconds_in_utc():
    """Whatever the zone and the fraction of `now`, the manifest holds whole seconds of UTC."""
    manifest = first(PAGE, now=datetime(2030, 1, 1, 13, 0, 0, 999999, tzinfo=timezone(timedelta(hours=1))))
    assert manifest.published == manifest.documents["index.html"].modified == NOW
    assert b'"modified": "2030-01-01T12:00:00Z"' in manifest.to_json()


@pytest.mark.parametrize("now", [NOW, NOW - timedelta(days=400), NOW + SECOND / 2])
def test_time_at_an_address_only_grows(now):
    """A change is later than the one before, also when the clock goes back or two come within a second."""
    old = first(PAGE, RACES)
    new = continue_manifest(old, "trial", find_changes(old, [Document("index.html", HTML, b"other")]), now=now)
    assert new.generation == 2
    assert new.published == NOW + SECOND
    assert new.documents["index.html"].modified == NOW + SECOND
    assert new.documents["2030/races.ics"] == old.documents["2030/races.ics"]


def test_a_manifest_reads_back():
    """What was written is what is read, and the same manifest is the same bytes."""
    manifest = first(PAGE, RACES, Document("a ü/b.html", HTML, b""))
    assert read_manifest(manifest.to_json()) == manifest
    assert first(RACES, Document("a ü/b.html", HTML, b""), PAGE).to_json() == manifest.to_json()


def test_the_manifest_as_it_is_published():
    """Programs that are not ours read this: the whole text."""
    listed = Listed("index.html", "0" * 64, 6, HTML, NOW)
    state = {"ledger/2030.json": "1" * 64}
    assert Manifest("trial", 3, NOW, {"index.html": listed}, state).to_json().decode() == (
        '{\n "format": 1,\n "part": "trial",\n "generation": 3,\n "published": "2030-01-01T12:00:00Z",\n'
        ' "state": {\n  "ledger/2030.json": "' + "1" * 64 + '"\n },\n'
        ' "documents": [\n  {\n   "path": "index.html",\n   "sha256": "' + "0" * 64 + '",\n   "size": 6,\n'
        '   "type": "text/html; charset=utf-8",\n   "modified": "2030-01-01T12:00:00Z"\n  }\n ]\n}\n'
    )


def row(**changed) -> dict[str, object]:
    """Return a manifest's only document, changed."""
    return {**json.loads(first(PAGE).to_json())["documents"][0], **changed}


def text(**changed) -> bytes:
    """Return a manifest as text, changed."""
    return json.dumps({**json.loads(first(PAGE).to_json()), **changed}).encode()


@pytest.mark.parametrize(
    "garbled",
    [
        *(b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"format": 1}'),
        *(text(part=None), text(part=3), text(generation=0), text(generation="1"), text(generation=True)),
        *(text(generation=1.0), text(published="2030-01-01"), text(published="x"), text(published=None)),
        *(text(state={"a": value}) for value in ("", "0" * 63, 3, None)),
        *(text(state=[]), text(state="x")),
        *(text(documents=None), text(documents=[1]), text(documents=[row(), row()])),
        *(text(documents=[row(path=path)]) for path in ("", "/x", "../x", "a/../x", "a//b", "a\x00", "a\\b", 3, None)),
        *(text(documents=[row(sha256=value)]) for value in ("", "0" * 63, "G" * 64, None, 3)),
        *(text(documents=[row(size=value)]) for value in (-1, "1", None, 1.5, True)),
        *(text(documents=[row(type=value)]) for value in ("", "html", "text/html\r\nX: y", None)),
        *(
            text(documents=[row(modified=value)])
            for value in ("", "2030-01-01T00:00:00", "0001-01-01T00:00:00+23:59", 3)
        ),
    ],
)
def test_a_garbled_manifest_is_refused(garbled):
    """A manifest that could lead astray is an error with a way out, never a guess."""
    with pytest.raises(PublicationError, match=r"^the manifest cannot be read: ") as raised:
        read_manifest(garbled)
    assert raised.value.hint == "restore the generation folder from a backup"


def test_a_manifest_of_another_format():
    """A newer program's manifest is not guessed at."""
    with pytest.raises(PublicationError) as raised:
        read_manifest(text(format=2))
    assert str(raised.value) == "the manifest has format 2, this program reads 1"

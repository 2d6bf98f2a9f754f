"""The last gate: a document that does not say what the model says is never published."""

from __future__ import annotations

import pytest

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.formats import ATOM, RSS
from aslms_feeds.publication.manifest import Document
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.render import calendar_files, documents, feed_documents
from seasons import NOW, contents, edited

BASE = "https://calendar.example.org"


def refused(files=None, *, store=None):
    """Return why the series is not published."""
    store = store or MemoryStore()
    report = regenerate(store, files or contents(), now=NOW, base_url=BASE)
    [part] = [part for part in report.parts if part.name == "trial"]
    assert report.failed
    assert part.failed
    return part.error


def damaged(monkeypatch, old, new):
    """Make the calendar renderer write something else than it should."""
    right = calendar_files.render_vevent
    monkeypatch.setattr(calendar_files, "render_vevent", lambda *arguments: right(*arguments).replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"DTSTART:20300302T040000Z", b"DTSTART:20300302T050000Z", "DTSTART of race-1.okayama.2030.trial@example.org"),
        (b"SEQUENCE:0", b"SEQUENCE:1", "SEQUENCE of "),
        (b"SUMMARY:TS ", b"SUMMARY:", "SUMMARY of "),
        (b"LOCATION:", b"LOCATION:x", "LOCATION of "),
        (b"UID:race-1.", b"UID:race-2.", "UID of race-1.okayama.2030.trial@example.org"),
        (b"BEGIN:VEVENT", b"BEGIN:VTODO", "cannot be read back"),
        (b"\r\nSTATUS", b"\nSTATUS", "has a line that is too long or ends wrongly"),
        (b"TRANSP:TRANSPARENT", b"X-A:" + b"x" * 80, "has a line that is too long or ends wrongly"),
    ],
)
def test_a_vevent_that_reads_back_wrong_stops_its_series(monkeypatch, old, new, message):
    """Whatever differs is named; nothing is published."""
    damaged(monkeypatch, old, new)
    store = MemoryStore()
    assert message in refused(store=store)
    assert store.read_current("trial") is None


def test_what_is_public_stays_public(monkeypatch):
    """A fault of the program costs an update, not the publication."""
    store = MemoryStore()
    assert not regenerate(store, contents(), now=NOW, base_url=BASE).failed
    before = store.read_current("trial")
    damaged(monkeypatch, b"SEQUENCE:", b"SEQUENCE:9")
    moved = edited(contents(), "trial/2030/season.toml", ("2030-03-02T13:00:00", "2030-03-02T13:30:00"))
    assert refused(moved, store=store).startswith("SEQUENCE of ")
    assert store.read_current("trial") == before


def test_a_calendar_with_an_event_twice_is_refused(monkeypatch):
    """Each UID once in each file."""
    right = calendar_files.render_vevent
    monkeypatch.setattr(calendar_files, "render_vevent", lambda *arguments: right(*arguments) * 2)
    assert refused() == "2030/trial-2030-all.ics does not begin, go on and end as a calendar does"


@pytest.mark.parametrize("feed_format", [ATOM, RSS])
def test_a_feed_that_lost_an_item_is_refused(monkeypatch, feed_format):
    """All three formats hold the same items in the same order."""
    right = feed_documents._RENDERERS[feed_format]
    wrong = lambda feed: right(feed).replace(b"announced", b"denounced", 1)  # noqa: E731 - one line says it
    monkeypatch.setitem(feed_documents._RENDERERS, feed_format, wrong)
    assert "does not hold the 1 items of its feed in order" in refused()


def test_a_page_without_a_heading_is_refused(monkeypatch):
    """Pages are read back too."""
    page = Document("x/index.html", "text/html; charset=utf-8", b"<!doctype html><html lang=en><title>x</title><p>x")
    monkeypatch.setattr(documents.series.SeriesPages, "make_series_pages_in", lambda *_values: [page])
    assert refused() == "x/index.html lacks a title, a heading or a language"


def test_feeds_that_are_no_xml_are_refused(monkeypatch):
    """The parser's own words are in the message."""
    monkeypatch.setitem(feed_documents._RENDERERS, ATOM, lambda _feed: b"<feed")
    assert "is no XML" in refused()

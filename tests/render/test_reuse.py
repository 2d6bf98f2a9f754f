"""What is kept instead of made again: the same bytes as if everything were made, and less work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aslms_feeds.builds import freshness
from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import Document, Listed
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.render import calendar_files, reuse
from aslms_feeds.render.pages import templates
from aslms_feeds.render.reuse import PublicDocuments, Unit
from seasons import LATER, NOW, documents, edited, everything, everything_at_first, published

PUBLISHER, SERIES, SEASON = "publisher.toml", "cup/series.toml", "cup/2030/season.toml"
DAY = timedelta(days=1)


def edit_of(path: str, *edits: tuple[str, str]):
    """Return a step: an edit of what the step before said."""
    return lambda files: edited(files, path, *edits)


HISTORY = {
    "everything changes": lambda _files: everything(),
    "a session is retimed": edit_of(SEASON, ("start = 2030-03-02T13:00:00", "start = 2030-03-02T13:10:00")),
    "it goes back": edit_of(SEASON, ("start = 2030-03-02T13:10:00", "start = 2030-03-02T13:00:00")),
    "news is edited": edit_of("cup/2030/news.toml", ("**Eight** rounds", "**Nine** rounds")),
    "a circuit has another name": edit_of("circuits.toml", ('name      = "Okayama', 'name      = "New Okayama')),
    "the series has another name": edit_of(SERIES, ('short     = "EC"', 'short     = "XC"')),
    "an old season is edited": edit_of("cup/2029/season.toml", ('name      = "2029', 'name      = "Old 2029')),
    "calendars say it otherwise": edit_of(PUBLISHER, ("[calendars]", '[calendars]\ncancelled = "marked"')),
    "a season goes": lambda files: {path: data for path, data in files.items() if not path.startswith("cup/2031")},
    "nothing changes": lambda files: files,
}


def steps():
    """Yield the folders of a history with the instant each is published at."""
    files, now = everything_at_first(), NOW
    yield "at first", files, now
    for name, edit in HISTORY.items():
        now = max(LATER, now + DAY)
        try:
            files = edit(files)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
        yield name, files, now
    yield "the season ends", files, datetime(2030, 12, 31, tzinfo=UTC)
    yield "the next one begins", files, datetime(2032, 1, 1, tzinfo=UTC)


@pytest.mark.slow
def test_what_is_kept_is_what_would_be_made(monkeypatch):
    """After every edit the publication has the bytes that a program makes which keeps nothing."""
    keeping, forgetful = MemoryStore(), MemoryStore()
    for name, files, now in steps():
        for store, tools in ((keeping, "one version"), (forgetful, f"another version for {name}")):
            monkeypatch.setattr(freshness, "fingerprint_installation", lambda tools=tools: tools)
            report = regenerate(store, files, now=now)
            parts = [(part.name, part.error, [str(problem) for problem in part.problems]) for part in report.parts]
        for part in ("cup", "index"):
            reused, rendered = keeping.read_current(part), forgetful.read_current(part)
            assert reused.manifest.documents == rendered.manifest.documents, (name, parts)
            assert documents(keeping, part) == documents(forgetful, part), name


@pytest.fixture
def work(monkeypatch):
    """Count what is made anew: pages and VEVENTs."""
    counts = {"pages": 0, "events": 0}
    page, event = templates.render, calendar_files.render_vevent

    def counted(what, make):
        def call(*arguments, **values):
            counts[what] += 1
            return make(*arguments, **values)

        return call

    monkeypatch.setattr("aslms_feeds.render.pages.series.render", counted("pages", page))
    monkeypatch.setattr(calendar_files, "render_vevent", counted("events", event))
    return counts


@pytest.mark.slow
def test_one_moved_session_makes_little_anew(work):
    """The other seasons' pages are kept, and so is every VEVENT that says what it said."""
    store = published((everything_at_first(), NOW), (everything(), LATER))
    whole = dict(work)
    work.update(pages=0, events=0)
    moved = edited(everything(), SEASON, ("start = 2030-03-02T13:00:00", "start = 2030-03-02T13:10:00"))
    published((moved, LATER + DAY), store=store)
    assert 0 < work["events"] < whole["events"] / 5
    assert 0 < work["pages"] < whole["pages"] / 2


@pytest.mark.slow
def test_another_version_makes_everything_anew(work, monkeypatch):
    """What an older program made is not trusted."""
    store = published((everything(), NOW))
    whole = dict(work)
    work.update(pages=0, events=0)
    monkeypatch.setattr(freshness, "fingerprint_installation", lambda: "another version")
    published((everything(), NOW), store=store)
    assert work == whole


def a_past(body: bytes = b"text", **units: Unit) -> PublicDocuments:
    """Return a past with one document, ``a.txt``, which reads as ``body``."""
    row = Listed("a.txt", Document("a.txt", "text/plain", b"text").sha256, 4, "text/plain", NOW)
    return PublicDocuments({"a.txt": row}, units, lambda _path: body)


def test_a_unit_is_kept_while_its_sources_are_the_same():
    """Else, or when nobody knows it, there is nothing to keep."""
    past = a_past(one=Unit("1:a", ("a.txt",)))
    assert past.find_unit_documents("one", "1:a") == [Document("a.txt", "text/plain", b"text")]
    assert past.find_unit_documents("one", "1:b") is None
    assert past.find_unit_documents("two", "1:a") is None


def test_a_damaged_document_is_made_again():
    """Bytes that are not the manifest's are no document, and their unit is not whole."""
    past = a_past(b"tex?", one=Unit("1:a", ("a.txt",)))
    assert past.find_document("a.txt") is None
    assert past.find_unit_documents("one", "1:a") is None


def test_a_lost_document_is_made_again():
    """Nor is one that the manifest does not list, or that cannot be read."""

    def gone(path):
        raise PublicationError(path)

    rows = a_past().rows
    assert a_past(one=Unit("1:a", ("a.txt", "b.txt"))).find_unit_documents("one", "1:a") is None
    assert PublicDocuments(rows, {"one": Unit("1:a", ("a.txt",))}, gone).find_unit_documents("one", "1:a") is None


def test_units_are_what_they_were_after_reading():
    """Written and read they are the same; the same units are the same bytes."""
    units = {"b": Unit("1:b", ("x/y.html", "z")), "a": Unit("1:a", ())}
    assert reuse.parse_units(reuse.write_units(units)) == units
    assert reuse.write_units(units) == reuse.write_units(dict(reversed(units.items())))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"format": 2, "units": {}}', b'{"format": 1, "units": [1]}', b"\xff"]
)
def test_units_that_cannot_be_read_are_none(text):
    """Then everything is made again."""
    assert reuse.parse_units(text) == {}

"""What became of each series, generation by generation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.builds.recipe import Orders, regenerate
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.history import (
    HISTORY_FILE,
    MOST_GENERATIONS,
    HistoryRow,
    complete_history,
    parse_history,
    write_history,
)
from aslms_feeds.publication.manifest import HTML, Listed, Manifest
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import LATER, NOW, PUBLISHER, SEASON, contents, everything, everything_at_first

FEW = PUBLISHER + '\n[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\n'
HOUR = timedelta(hours=1)
MOVED = SEASON.replace("2030-03-02T13:00:00", "2030-03-03T13:00:00")
TEXT = write_history([HistoryRow(1, NOW, 32, ("2030: the season: announced",)), HistoryRow(2, NOW + HOUR, 4, (), 1)])


def rows(store, name="trial"):
    """Return the public chronicle of a series."""
    return parse_history(store.read_current(name).state[HISTORY_FILE])


instants = st.datetimes(datetime(1990, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
chronicles = st.lists(
    st.builds(
        HistoryRow,
        generation=st.integers(1, 10**9),
        published=instants.map(lambda value: value.replace(microsecond=0)),
        documents=st.integers(0, 10**6),
        facts=st.lists(st.text(), max_size=3).map(tuple),
        back_to=st.none() | st.integers(1, 10**9),
    ),
    unique_by=lambda row: row.generation,
    max_size=8,
)


@pytest.mark.slow
@given(chronicles)
def test_what_is_written_is_read(generations):
    """In order of the generations, whatever was told; and the same rows give the same bytes."""
    assert parse_history(write_history(generations)) == tuple(sorted(generations, key=lambda row: row.generation))
    assert write_history(reversed(generations)) == write_history(generations)


def test_the_oldest_are_forgotten():
    """A series that is published for years keeps a chronicle of bounded size: the newest generations."""
    generations = parse_history(
        write_history(HistoryRow(number, NOW, 1) for number in range(1, MOST_GENERATIONS + 201))
    )
    assert [row.generation for row in generations] == list(range(201, MOST_GENERATIONS + 201))


def without(key):
    """Return a chronicle one of whose rows lacks a key."""
    return json.dumps([{name: value for name, value in row.items() if name != key} for row in json.loads(TEXT)])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        TEXT[:-9],
        b"{",
        b"3",
        b"null",
        b"[3]",
        b"[[]]",
        *(without(key).encode() for key in ("generation", "published", "documents", "told", "back_to")),
        TEXT.replace(b'"generation": 1', b'"generation": "one"'),
        TEXT.replace(b"2030-01-10", b"2030-13-10"),
    ],
)
def test_a_damaged_chronicle_is_refused(text):
    """With what is wrong with it, and that nothing of worth depends on it."""
    with pytest.raises(PublicationError, match=r"chronicle\.json cannot be read: ") as raised:
        parse_history(text)
    assert raised.value.hint == "it only tells of the past: the next generation begins a new one"


@pytest.mark.slow
def test_each_generation_is_one_row():
    """When it came out, how many documents changed, what subscribers were told, and what it went back to."""
    store = MemoryStore()
    regenerate(store, contents(publisher=FEW), now=NOW)
    count = len(store.read_current("trial").manifest.documents)
    regenerate(store, contents(MOVED, publisher=FEW), now=NOW + HOUR)
    regenerate(store, contents(MOVED, publisher=FEW), now=NOW + 2 * HOUR)
    regenerate(store, contents(MOVED, publisher=FEW), now=NOW + 3 * HOUR, orders=Orders(back_to={"trial": 1}))
    first, second, third = rows(store)
    assert first == HistoryRow(1, NOW, count, ("2030: the season: announced",))
    then, now = "2030-03-02T04:00:00Z/2030-03-02T08:00:00Z", "2030-03-03T04:00:00Z/2030-03-03T08:00:00Z"
    assert (second.generation, second.published, second.back_to) == (2, NOW + HOUR, None)
    assert second.facts == (f"2030: okayama.race-1: moved {then} → {now}",)
    assert 0 < second.documents < count
    assert (third.generation, third.published, third.back_to) == (3, NOW + 3 * HOUR, 1)
    assert third.facts == (f"2030: okayama.race-1: moved {now} → {then}",)
    assert HISTORY_FILE not in store.read_current("index").state


@pytest.mark.slow
def test_it_tells_all_that_was_told_and_what_has_no_news():
    """Every fact of a build is in its row; a generation of words alone has an empty one."""
    store = MemoryStore()
    regenerate(store, everything_at_first(), now=NOW)
    report = regenerate(store, everything(), now=LATER, orders=Orders(accept_mass_change=True))
    new_facts = next(part for part in report.parts if part.name == "cup").new_facts
    assert len(rows(store, "cup")[1].facts) == len(new_facts) > 10
    store = MemoryStore()
    regenerate(store, contents(publisher=FEW), now=NOW)
    regenerate(store, contents(SEASON + '\n[[record]]\ntext = "A record."\n', publisher=FEW), now=NOW + HOUR)
    assert [row.facts for row in rows(store)] == [("2030: the season: announced",), ()]


@pytest.mark.slow
def test_a_chronicle_alone_makes_no_generation():
    """It goes with generations that have another reason: a build that changes nothing writes nothing."""
    store = MemoryStore()
    regenerate(store, contents(publisher=FEW), now=NOW)
    for hours in range(1, 4):
        regenerate(store, contents(publisher=FEW), now=NOW + hours * HOUR)
    assert store.read_current("trial").manifest.generation == 1
    assert len(rows(store)) == 1


def test_rows_never_go_back_in_time():
    """A clock that was set back is no reason for a chronicle out of order: it says what the manifest says."""
    store = MemoryStore()
    regenerate(store, contents(publisher=FEW), now=NOW)
    first = store.read_current("trial").manifest.published
    regenerate(store, contents(MOVED, publisher=FEW), now=NOW - 1000 * HOUR)
    second = store.read_current("trial").manifest.published
    assert first < second
    assert [row.published for row in rows(store)] == [first, second]


@pytest.mark.slow
def test_numbers_are_those_of_the_manifest():
    """The row's number is the generation it came with, whatever else happened in between."""
    store = MemoryStore()
    for step, text in enumerate((SEASON, MOVED, SEASON, MOVED)):
        regenerate(store, contents(text, publisher=FEW), now=NOW + step * HOUR)
        regenerate(store, contents(text + "x =", publisher=FEW), now=NOW + step * HOUR)
        assert rows(store)[-1].generation == store.read_current("trial").manifest.generation == step + 1
    assert [row.generation for row in rows(store)] == [1, 2, 3, 4]


@pytest.mark.slow
def test_a_generation_without_a_chronicle_begins_one():
    """As after it was recovered: it only tells of the past."""
    store = MemoryStore()
    regenerate(store, contents(publisher=FEW), now=NOW)
    public = store.read_current("trial")
    state = {path: text for path, text in public.state.items() if path != HISTORY_FILE}
    sums = {path: text for path, text in public.manifest.state.items() if path in state}
    empty = MemoryStore()
    empty.switch(replace(public.manifest, documents={}, state=sums), [], state)
    report = regenerate(empty, contents(MOVED, publisher=FEW), now=NOW + HOUR)
    assert not report.failed
    assert [row.generation for row in rows(empty)] == [2]


def test_generations_it_does_not_know_are_told_of_by_their_manifests():
    """After a recovery: when they came out and how many documents they hold; what it knows, it knows better."""
    page = Listed("index.html", "0" * 64, 3, HTML, NOW)
    manifests = [Manifest("trial", number, NOW + number * HOUR, {page.path: page}) for number in (2, 4)]
    listed = [
        HistoryRow(3, NOW + 3 * HOUR, 7, ("2030: the season: announced",)),
        HistoryRow(4, NOW + 4 * HOUR, 8, (), 3),
    ]
    assert complete_history(listed, manifests) == (HistoryRow(2, NOW + 2 * HOUR, 1), *listed)
    assert complete_history([], manifests) == (HistoryRow(2, NOW + 2 * HOUR, 1), HistoryRow(4, NOW + 4 * HOUR, 1))
    assert complete_history(listed, []) == tuple(listed)

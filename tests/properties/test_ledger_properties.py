"""What holds for a ledger after any history of statements, clocks and languages, and for any value of a fact."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from aslms_feeds.definitions.values import What
from aslms_feeds.ledger.facts import Fact, Statement
from aslms_feeds.ledger.ledger import open_ledger, read_ledger
from aslms_feeds.ledger.stamps import Offer
from aslms_feeds.ledger.values import (
    AnnouncedCalendar,
    AnnouncedEvent,
    Cars,
    Place,
    RaceClassId,
    When,
    Wording,
    format_value,
    parse_value,
)

START = datetime(2030, 1, 1, tzinfo=UTC)
UIDS = tuple(f"race-{number}.okayama.2030.trial@example.org" for number in (1, 2, 3))

starts = st.sampled_from(["2030-03-02T04:00:00Z", "2030-03-02T05:00:00Z", "2030-03-03T04:00:00Z"])
statements = st.builds(
    Statement,
    scope=st.just("session"),
    event=st.just("okayama"),
    session=st.sampled_from(["race-1", "race-2"]),
    name=st.sampled_from(["Race 1", "Race One"]),
    start=starts,
    end=st.just("2030-03-04T08:00:00Z"),
    precision=st.just("time"),
    status=st.sampled_from(["provisional", "confirmed", "postponed", "cancelled"]),
    place=st.sampled_from(["okayama", "fuji"]),
    timezone=st.just("Asia/Tokyo"),
    classes=st.sampled_from([("gt",), ("gt", "lmp2")]),
    texts=st.dictionaries(st.sampled_from(["en", "fr", "ja"]), st.sampled_from(["1:a", "1:b"]), min_size=1),
)
builds = st.lists(
    st.tuples(st.fixed_dictionaries({}, optional=dict.fromkeys(UIDS, statements)), st.integers(-5, 5)),
    min_size=1,
    max_size=8,
)

days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
instants = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the zone is beside it
    lambda instant: instant.replace(microsecond=0)
)
spans = st.one_of(
    st.builds(When, days, st.none() | days), st.builds(When, instants, st.none() | instants), st.builds(When, days)
)
lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=30)
moments = st.one_of(
    spans.map(str), st.from_regex(r"[0-9]{4}-?[0-9W]{2,3}-?[0-9]{1,2}(T[0-9]{2}:[0-9]{2}Z?)?/?", fullmatch=True)
)
announced = st.lists(st.builds(AnnouncedEvent, lines, st.none() | spans), min_size=1, max_size=4)
values = st.one_of(
    spans,
    lines.map(Place),
    lines.map(RaceClassId),
    st.lists(lines, min_size=1, max_size=4).map(lambda cars: Cars(tuple(cars))),
    lines.map(Wording),
    announced.map(lambda events: AnnouncedCalendar(tuple(events))),
)
facts = st.builds(Fact, id=lines, what=st.sampled_from(What), before=st.none() | values, after=st.none() | values)
rows = st.tuples(st.sampled_from(What), st.just("") | lines | moments, st.just("") | lines | moments)
"""The type of a fact, and what was and became, as format 1 held them."""


def play(history):
    """Yield each ledger of a history with the statements before it; what was said once is said for ever."""
    ledger, statements, now = (
        open_ledger("2030", minted="example.org,2029-12-01", now=START, backfilled=False),
        {},
        START,
    )
    for changes, seconds in history:
        now += timedelta(seconds=seconds)
        statements = {**statements, **changes}
        before, ledger = ledger, ledger.revise(statements, now=now)
        yield before, ledger, statements, now


@given(builds)
def test_stamps_after_any_history(history):
    """SEQUENCE moves by one exactly when the significant part did; stamps never go back; CREATED stays."""
    for before, after, statements, now in play(history):
        assert after.revisions.keys() == statements.keys()
        for uid, new in after.revisions.items():
            old = before.revisions.get(uid)
            assert new.statement == statements[uid]
            if old is None:
                assert (new.sequence, new.count, new.created, new.last_modified) == (0, 1, now, now)
                continue
            same = new.statement.says_the_same_as(old.statement)
            moved = new.statement.significant != old.statement.significant
            assert new.created == old.created
            assert new.sequence - old.sequence == int(moved)
            assert (new.last_modified == old.last_modified) == same
            assert new.count - old.count == int(not same)
            assert new.last_modified >= old.last_modified
            assert same or new.last_modified >= now


@given(builds)
def test_the_same_again_is_the_same(history):
    """Building twice in a row is building once, whatever the clock says."""
    for _before, after, statements, now in play(history):
        assert after.revise(statements, now=now + timedelta(days=3)) == after


@given(builds)
def test_facts_are_only_added_and_never_share_an_id(history):
    """What was told stays told; every id is one fact's alone."""
    for before, after, _statements, _now in play(history):
        assert after.facts[: len(before.facts)] == before.facts
        ids = [fact.id for fact in after.facts]
        assert len(ids) == len(set(ids))


@given(
    builds,
    st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(["1:a", "1:b"]), st.integers(-5, 5))),
    st.lists(facts, max_size=3),
)
def test_a_ledger_survives_being_written(history, items, further_facts):
    """Reading what was written gives the same ledger and the same bytes, with dated items and any facts too."""
    *_earlier, (_before, ledger, _statements, now) = play(history)
    ledger = ledger.add_facts(*further_facts)
    for key, text, seconds in items:
        now += timedelta(seconds=seconds)
        before = ledger.items.get(key)
        ledger = ledger.date_items({key: Offer(now, {"en": text})}, now=now)
        assert before is None or ledger.items[key].published == before.published
        assert before is None or (ledger.items[key].updated > before.updated) == (before.texts["en"] != text)
    assert read_ledger(ledger.to_json()) == ledger
    assert read_ledger(ledger.to_json()).to_json() == ledger.to_json()


@given(builds, st.lists(rows, max_size=5))
@example(
    [({}, 0)],
    [
        (What.MOVED, "0999-01-01T10:00Z", "0001-01-01T00:00:00+09:00"),
        (What.MOVED, "2030-03-01T10:00:00.5Z", "9999-12-31T23:59:59-09:00/2030-03-01"),
        (What.RETIMED, "2030-W09-5", "20300301/2030-03-02/2030-03-03"),
    ],
)
def test_the_facts_of_format_1_are_published_as_they_were(history, values_by_type):
    """Whatever the lines of the format before said: they come out the same, now and after format 2 was written."""
    *_earlier, (_before, ledger, _statements, _now) = play(history)
    ledger = ledger.add_facts(*(Fact(str(number), what) for number, (what, *_) in enumerate(values_by_type)))
    data = json.loads(ledger.to_json())
    published = [(format_value(fact.before) or "", format_value(fact.after) or "") for fact in ledger.facts]
    published[len(published) - len(values_by_type) :] = [(before, after) for _what, before, after in values_by_type]
    for row, (before, after) in zip(data["facts"], published, strict=True):
        row["before"], row["after"] = before, after
    read = read_ledger(json.dumps({**data, "format": 1}).encode())
    assert read.revisions == ledger.revisions
    assert [replace(fact, before=None, after=None) for fact in read.facts] == [
        replace(fact, before=None, after=None) for fact in ledger.facts
    ]
    for again in (read, read_ledger(read.to_json())):
        assert again == read
        assert [(format_value(fact.before) or "", format_value(fact.after) or "") for fact in again.facts] == published


@given(builds)
def test_facts_that_were_seen_are_the_same_from_format_1(history):
    """What the ledger itself found is found again with its types."""
    *_earlier, (_before, ledger, _statements, _now) = play(history)
    for fact in ledger.facts:
        for value in (fact.before, fact.after):
            assert parse_value(fact.what, format_value(value) or "") == value


@given(statements, statements)
def test_saying_the_same_is_symmetric(first, second):
    """It does not matter which was said first; the subject never counts."""
    assert first.says_the_same_as(second) == second.says_the_same_as(first)
    assert first.says_the_same_as(replace(first, subject={"event": {"id": "x"}}))

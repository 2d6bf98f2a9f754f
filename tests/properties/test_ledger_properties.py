"""What holds for a ledger after any history of statements, clocks and languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.ledger.facts import Statement
from aslms_feeds.ledger.ledger import open_ledger, read_ledger
from aslms_feeds.ledger.stamps import Offer

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


def played(history):
    """Yield each ledger of a history with the statements before it; what was said once is said for ever."""
    ledger, said, now = open_ledger("2030", minted="example.org,2029-12-01", now=START, backfilled=False), {}, START
    for new, seconds in history:
        now += timedelta(seconds=seconds)
        said = {**said, **new}
        before, ledger = ledger, ledger.revise(said, now=now)
        yield before, ledger, said, now


@given(builds)
def test_stamps_after_any_history(history):
    """SEQUENCE moves by one exactly when the significant part did; stamps never go back; CREATED stays."""
    for before, after, said, now in played(history):
        assert after.revisions.keys() == said.keys()
        for uid, new in after.revisions.items():
            old = before.revisions.get(uid)
            assert new.statement == said[uid]
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
    for _before, after, said, now in played(history):
        assert after.revise(said, now=now + timedelta(days=3)) == after


@given(builds)
def test_facts_are_only_added_and_never_share_an_id(history):
    """What was told stays told; every id is one fact's alone."""
    for before, after, _said, _now in played(history):
        assert after.facts[: len(before.facts)] == before.facts
        ids = [fact.id for fact in after.facts]
        assert len(ids) == len(set(ids))


@given(builds, st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(["1:a", "1:b"]), st.integers(-5, 5))))
def test_a_ledger_survives_being_written(history, items):
    """Reading what was written gives the same ledger and the same bytes, with dated items too."""
    *_rest, (_before, ledger, _said, now) = played(history)
    for key, text, seconds in items:
        now += timedelta(seconds=seconds)
        before = ledger.items.get(key)
        ledger = ledger.date_items({key: Offer(now, {"en": text})}, now=now)
        assert before is None or ledger.items[key].published == before.published
        assert before is None or (ledger.items[key].updated > before.updated) == (before.texts["en"] != text)
    assert read_ledger(ledger.to_json()) == ledger
    assert read_ledger(ledger.to_json()).to_json() == ledger.to_json()


@given(statements, statements)
def test_saying_the_same_is_symmetric(one, other):
    """It does not matter which was said first; the subject never counts."""
    assert one.says_the_same_as(other) == other.says_the_same_as(one)
    assert one.says_the_same_as(replace(one, subject={"event": {"id": "x"}}))

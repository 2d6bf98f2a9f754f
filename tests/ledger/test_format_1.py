"""Ledgers of format 1, as the version before published them: they are read, say the same and go on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aslms_feeds.ledger.ledger import read_ledger
from aslms_feeds.ledger.values import AnnouncedCalendar, Cars, Place, RaceClassId, When, Wording, format_value

LEDGERS = sorted(Path(__file__).parent.glob("format-1/*.json"))
HOUR = timedelta(hours=1)


@pytest.fixture(params=LEDGERS, ids=lambda path: path.stem)
def text(request):
    """Return a ledger that was published in format 1, cut to a few revisions and items."""
    return request.param.read_bytes()


def test_facts_are_published_as_they_were(text):
    """Ids, keys of items, days and what was and became; only how the ledger holds them is new."""
    facts, rows = read_ledger(text).facts, json.loads(text)["facts"]
    published = [
        (fact.id, fact.item, format_value(fact.before) or "", format_value(fact.after) or "") for fact in facts
    ]
    assert published == [(row["id"], row["item"], row["before"], row["after"]) for row in rows]


def test_everything_else_is_written_as_it_was(text):
    """Format 2 differs by its number and by the values of facts alone."""
    old, new = json.loads(text), json.loads(read_ledger(text).to_json())
    assert (old.pop("format"), new.pop("format")) == (1, 2)
    for rows in (old["facts"], new["facts"]):
        for row in rows:
            del row["before"], row["after"]
    assert new == old


def test_format_2_holds_the_same_ledger(text):
    """What was read from format 1 is read again from format 2."""
    ledger = read_ledger(text)
    assert read_ledger(ledger.to_json()) == ledger


def test_it_goes_on(text):
    """The same statements again change nothing; a change counts on from where the ledger was."""
    ledger = read_ledger(text)
    statements = {uid: revision.statement for uid, revision in ledger.revisions.items()}
    later = max(revision.last_modified for revision in ledger.revisions.values()) + HOUR
    assert ledger.revise(statements, now=later) == ledger
    uid = next(uid for uid in statements if uid.startswith("race-1."))
    moved = {**statements, uid: replace(statements[uid], place="elsewhere", end="2099-03-02T08:00:00Z")}
    old, new = ledger.revisions[uid], ledger.revise(moved, now=later).revisions[uid]
    assert (new.sequence, new.count, new.created) == (old.sequence + 1, old.count + 1, old.created)


def test_each_kind_of_value_was_read():
    """The files hold them all, so that a kind that is not read as itself is noticed."""
    facts = [fact for path in LEDGERS for fact in read_ledger(path.read_bytes()).facts]
    types = {type(value) for fact in facts for value in (fact.before, fact.after)}
    assert types == {type(None), When, Place, RaceClassId, Cars, Wording, AnnouncedCalendar}

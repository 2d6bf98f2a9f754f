"""The ledger: what is stamped when, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aslms_feeds.definitions.values import What
from aslms_feeds.errors import PublicationError
from aslms_feeds.ledger.facts import Fact, Statement
from aslms_feeds.ledger.ledger import open_ledger, read_ledger
from aslms_feeds.ledger.stamps import Offer

NOW = datetime(2030, 1, 1, 12, 0, 0, 987_654, tzinfo=UTC)
WHOLE = NOW.replace(microsecond=0)
LATER = WHOLE + timedelta(hours=1)

RACE = Statement(
    scope="session",
    event="okayama",
    session="race-1",
    name="Race 1",
    start="2030-03-02T04:00:00Z",
    end="2030-03-02T08:00:00Z",
    precision="time",
    status="confirmed",
    place="okayama",
    timezone="Asia/Tokyo",
    classes=("proto", "gt"),
    texts={"en": "1:aa", "fr": "1:bb"},
    subject={"event": {"id": "okayama"}},
)
UID = "race-1.okayama.2030.trial@example.org"


def publish_first(now=NOW):
    """Return a ledger after a first publication."""
    return open_ledger("2030", minted="example.org,2029-12-01", now=now, backfilled=False).revise({UID: RACE}, now=now)


def test_a_first_publication_starts_at_zero_and_is_no_news():
    """SEQUENCE 0, revision 1, all stamps the whole second of the build, and no fact."""
    revision = publish_first().revisions[UID]
    assert (revision.sequence, revision.count) == (0, 1)
    assert revision.created == revision.last_modified == WHOLE
    assert publish_first().facts == ()


def test_the_same_statement_again_changes_nothing():
    """A build over unchanged definitions keeps every stamp, at any later time."""
    ledger = publish_first()
    assert ledger.revise({UID: RACE}, now=LATER) == ledger


@pytest.mark.parametrize(
    "change",
    [
        {"start": "2030-03-02T05:00:00Z"},
        {"end": "2030-03-02T09:00:00Z"},
        {"status": "cancelled"},
        {"place": "paris"},
    ],
)
def test_a_significant_change_moves_sequence_and_stamps(change):
    """Start, end, status and place count (RFC 5545 section 3.8.7.4)."""
    revision = publish_first().revise({UID: replace(RACE, **change)}, now=LATER).revisions[UID]
    assert (revision.sequence, revision.count, revision.created, revision.last_modified) == (1, 2, WHOLE, LATER)


@pytest.mark.parametrize(
    "change",
    [{"name": "Race One"}, {"classes": ("gt",)}, {"texts": {"en": "1:cc", "fr": "1:bb"}}, {"precision": "day"}],
)
def test_any_other_change_moves_the_stamps_alone(change):
    """A text that changed must reach clients that look at LAST-MODIFIED, but is no reschedule."""
    revision = publish_first().revise({UID: replace(RACE, **change)}, now=LATER).revisions[UID]
    assert (revision.sequence, revision.count, revision.last_modified) == (0, 2, LATER)


def test_a_new_language_stamps_nothing():
    """The text of a language nobody had yet is not a change of what was said; nor is one that goes."""
    ledger = publish_first()
    more = replace(RACE, texts={**RACE.texts, "ja": "1:dd"})
    revised = ledger.revise({UID: more}, now=LATER)
    assert revised.revisions[UID].last_modified == WHOLE
    assert revised.revisions[UID].statement.texts["ja"] == "1:dd"
    fewer = revised.revise({UID: replace(RACE, texts={"ja": "1:dd"})}, now=LATER)
    assert fewer.revisions[UID].last_modified == WHOLE


def test_a_changed_text_in_one_language_stamps_all():
    """One statement covers all languages."""
    ledger = publish_first().revise({UID: replace(RACE, texts={"en": "1:aa", "fr": "1:xx"})}, now=LATER)
    assert ledger.revisions[UID].last_modified == LATER


def test_stamps_grow_also_when_the_clock_goes_back():
    """LAST-MODIFIED is strictly later at every change, whatever the clock says."""
    ledger = publish_first().revise({UID: replace(RACE, status="postponed")}, now=NOW - timedelta(days=9))
    assert ledger.revisions[UID].last_modified == WHOLE + timedelta(seconds=1)


def test_nothing_vanishes():
    """A statement that is gone is refused with its UID."""
    ledger = publish_first()
    assert list(ledger.find_vanished({})) == [UID]
    with pytest.raises(PublicationError, match=r"^race-1\.okayama\.2030\.trial@example\.org would vanish$"):
        ledger.revise({}, now=LATER)


def test_a_session_that_has_ended_is_corrected_without_news():
    """New stamps, so that clients take the correction, but no item in the changes feed."""
    after = datetime(2030, 3, 3, tzinfo=UTC)
    ledger = publish_first().revise({UID: replace(RACE, start="2030-03-02T04:30:00Z")}, now=after)
    assert ledger.revisions[UID].sequence == 1
    assert ledger.facts == ()


def test_a_session_that_runs_still_makes_news():
    """A race that is stopped and started again is news while it has not ended."""
    during = datetime(2030, 3, 2, 7, 0, tzinfo=UTC)
    ledger = publish_first().revise({UID: replace(RACE, end="2030-03-02T09:00:00Z")}, now=during)
    assert [fact.what for fact in ledger.facts] == [What.RETIMED]


def test_a_session_added_later_is_news_and_one_long_over_is_history():
    """ADDED is told for what is to come."""
    second_uid = "race-2.okayama.2030.trial@example.org"
    second = replace(RACE, session="race-2", start="2030-03-03T04:00:00Z", end="2030-03-03T08:00:00Z")
    ledger = publish_first().revise({UID: RACE, second_uid: second}, now=LATER)
    assert [(fact.what, fact.session, fact.at) for fact in ledger.facts] == [(What.ADDED, "race-2", LATER)]
    late = publish_first().revise({UID: RACE, second_uid: second}, now=datetime(2030, 4, 1, tzinfo=UTC))
    assert late.facts == ()
    assert late.revisions[second_uid].sequence == 0


def test_every_fact_has_an_id_of_its_own():
    """Two changes of one session in turn are two facts with two ids, also within a second."""
    ledger = publish_first()
    for minute in (1, 2, 3):
        ledger = ledger.revise({UID: replace(RACE, start=f"2030-03-02T04:0{minute}:00Z")}, now=NOW)
    ids = [fact.id for fact in ledger.facts]
    assert ids == [f"race-1.okayama.retimed.2030010{1}T12000{n}Z" for n in (1, 2, 3)]
    assert ledger.revisions[UID].sequence == 3


def test_an_item_keeps_its_date_and_moves_updated_with_its_text():
    """``published`` is fixed; ``updated`` moves strictly with an edit, and not for a new language."""
    first = WHOLE - timedelta(days=30)
    ledger = publish_first().date_items({"2030/news/a": Offer(first, {"en": "1:a"})}, now=NOW)
    again = ledger.date_items({"2030/news/a": Offer(LATER, {"en": "1:a", "fr": "1:f"})}, now=LATER)
    assert (again.items["2030/news/a"].published, again.items["2030/news/a"].updated) == (first, first)
    edited = again.date_items({"2030/news/a": Offer(LATER, {"en": "1:b", "fr": "1:f"})}, now=LATER)
    assert (edited.items["2030/news/a"].published, edited.items["2030/news/a"].updated) == (first, LATER)
    back = edited.date_items({"2030/news/a": Offer(LATER, {"en": "1:c"})}, now=NOW)
    assert back.items["2030/news/a"].updated == LATER + timedelta(seconds=1)
    assert back.date_items({}, now=LATER).items.keys() == {"2030/news/a"}


def test_a_ledger_reads_back_as_it_was_written():
    """Writing and reading loses nothing, and gives the same bytes again."""
    ledger = (
        publish_first()
        .revise({UID: replace(RACE, status="cancelled")}, now=LATER)
        .add_facts(Fact("a", What.ANNOUNCED, on=WHOLE.date(), whys={"fr": "parce que"}, sources=("https://x.example",)))
        .date_items({"2030/news/a": Offer(NOW, {"en": "1:a"})}, now=NOW)
    )
    text = ledger.to_json()
    assert read_ledger(text) == ledger
    assert read_ledger(text).to_json() == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the ledger cannot be read: JSONDecodeError"),
        (b"{}", "the ledger cannot be read: KeyError('format')"),
        (b'{"format": 3}', "the ledger has format 3, this program reads 1 and 2"),
        (b"[]", "the ledger cannot be read: TypeError"),
    ],
)
def test_a_damaged_ledger_is_refused(text, message):
    """It is never guessed at: a wrong ledger would start events again at SEQUENCE 0."""
    with pytest.raises(PublicationError) as caught:
        read_ledger(text)
    assert str(caught.value).startswith(message)
    assert caught.value.hint

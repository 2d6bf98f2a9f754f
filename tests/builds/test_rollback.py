"""Going back: old content under stamps that grow, held until the definitions change, and nothing lost."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from aslms_feeds.builds.recipe import Orders, regenerate
from aslms_feeds.builds.rollback import restore_content
from aslms_feeds.builds.saved_definitions import (
    DEFINITIONS_FILE,
    ROLLBACK_FILE,
    Rollback,
    load_definitions,
    load_rollback,
    write_definitions,
    write_rollback,
)
from aslms_feeds.definitions.values import What
from aslms_feeds.errors import PublicationError
from aslms_feeds.ledger.ledger import read_ledger
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import (
    CALENDARS,
    LATER,
    NOW,
    PUBLISHER,
    SEASON,
    SERIES,
    contents,
    everything,
    everything_at_first,
    folder,
    once_published,
    series_files,
)

FEW = PUBLISHER + '\n[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\n'
HOUR = timedelta(hours=1)
RACE = "race-1.okayama.2030.trial@example.org"
MOVED = SEASON.replace("2030-03-02T13:00:00", "2030-03-03T13:00:00")
EXTRA_EVENT = """
[[event]]
id = "second"
name = "4 Hours of Okayama II"
circuit = "okayama"

  [[event.session]]
  id = "race"
  kind = "race"
  start = 2030-05-04T13:00:00
"""


def build(store, files, now, **orders):
    """Publish and return what became of the series."""
    given_orders = Orders(accept_mass_change=orders.pop("accept", False), **orders)
    report = regenerate(store, files, now=now, orders=given_orders)
    parts = {part.name: part for part in report.parts}
    return next(part for name, part in parts.items() if name != "index")


def good(store, files, now, **orders):
    """Publish what must not fail."""
    part = build(store, files, now, **orders)
    assert not part.failed, (part.problems, part.error)
    return part


def back(store, files, now, number, name="trial"):
    """Go back to a generation."""
    return good(store, files, now, back_to={name: number})


def ledger(store, season="2030", name="trial"):
    """Return a season's public ledger."""
    return read_ledger(store.read_current(name).state[f"ledger/{season}.json"])


def revision(store, uid, season="2030"):
    """Return what a component says, with its stamps."""
    return ledger(store, season).revisions[uid]


def stated(store, season="2030", name="trial"):
    """Return what every component says, by UID."""
    return {uid: row.statement for uid, row in ledger(store, season, name).revisions.items()}


@pytest.fixture
def moved():
    """Return a store in which a race was published, and then moved by a day."""
    return once_published((contents(publisher=FEW), NOW), (contents(MOVED, publisher=FEW), NOW + HOUR))


@pytest.fixture(scope="module")
def _gone_back():
    """Go back from there to the first generation."""
    store = once_published((contents(publisher=FEW), NOW), (contents(MOVED, publisher=FEW), NOW + HOUR))
    back(store, contents(MOVED, publisher=FEW), NOW + 2 * HOUR, 1)
    return store


@pytest.fixture
def gone_back(_gone_back):
    """Return a store in which that race was moved, and a rollback of it holds."""
    return deepcopy(_gone_back)


# --- Definitions that are kept --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "name"), [(everything(), "cup"), (folder(CALENDARS), "aslms")], ids=["everything", "real"]
)
def test_definitions_come_back_as_they_were_kept(files, name):
    """Every key of every file; settings are those of today, not of then; the same definitions give the same bytes."""
    whole = series_files(files, name)
    assert load_definitions(write_definitions(whole), whole.publisher) == whole
    publisher = whole.publisher.model_copy(update={"base_url": "https://other.example.org"})
    assert load_definitions(write_definitions(whole), publisher) == replace(whole, publisher=publisher)
    assert write_definitions(series_files(files, name)) == write_definitions(whole)
    assert load_rollback(write_rollback(Rollback(7, "1:ab", whole)), publisher) == Rollback(
        7, "1:ab", replace(whole, publisher=publisher)
    )


def packed(data):
    """Return what a file of ours looks like."""
    return gzip.compress(json.dumps(data).encode(), mtime=0)


WHOLE = write_definitions(series_files(contents()))
DATA = json.loads(gzip.decompress(WHOLE))
OTHER_DEFINITIONS = write_definitions(series_files(contents(SEASON.replace("hours = 4", "hours = 6"))))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        WHOLE[:-9],
        WHOLE[:40],
        WHOLE[:60] + bytes(9) + WHOLE[69:],
        gzip.compress(b"\xff", mtime=0),
        gzip.compress(b"{", mtime=0),
        packed([]),
        packed({}),
        packed({**DATA, "seasons": None}),
        packed({**DATA, "seasons": [{"id": "2030"}]}),
        packed({**DATA, "series": {"name": 3}}),
        packed({name: value for name, value in DATA.items() if name != "circuits"}),
    ],
)
@pytest.mark.parametrize("read", [load_definitions, load_rollback])
def test_damaged_definitions_are_refused(text, read):
    """With what is wrong and what to do, whatever is wrong with them."""
    with pytest.raises(PublicationError, match="the definitions of that generation cannot be read: ") as raised:
        read(text, series_files(contents()).publisher)
    assert raised.value.hint == "go back to another generation"


@pytest.mark.parametrize("read", [load_definitions, load_rollback])
def test_definitions_of_a_later_program_are_refused(read):
    """A format that does not exist yet is not guessed at."""
    with pytest.raises(PublicationError) as raised:
        read(packed({**DATA, "format": 2}), series_files(contents()).publisher)
    assert str(raised.value) == "it has format 2, this program reads 1"
    assert raised.value.hint == "use the version that wrote it, or newer"


# --- The old content, published anew --------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_old_time_comes_back_with_new_stamps(moved):
    """DTSTART is the old one, SEQUENCE and LAST-MODIFIED go on, the generation is a new one, and it is told."""
    first = moved.read_generation("trial", 1)
    before = revision(moved, RACE)
    part = back(moved, contents(MOVED, publisher=FEW), NOW + 2 * HOUR, 1)
    after = revision(moved, RACE)
    assert (part.generation, part.back_to) == (3, 1)
    old = read_ledger(first.state["ledger/2030.json"]).revisions[RACE]
    assert after.statement == old.statement
    assert (old.sequence, before.sequence, after.sequence) == (0, 1, 2)
    assert (after.count, after.last_modified, after.created) == (3, NOW + 2 * HOUR, old.created)
    assert [(new.fact.what, new.headline) for new in part.new_facts] == [
        (What.MOVED, "4 Hours of Okayama: Race 1 moved to 2 Mar 2030")
    ]
    text = moved.read_document("trial", "trial-all.ics")
    assert b"DTSTART:20300302T040000Z" in text
    assert b"DTSTART:20300303T040000Z" not in text
    # What did not change in between keeps every stamp.
    paris = "race.paris.2030.trial@example.org"
    assert revision(moved, paris) == read_ledger(first.state["ledger/2030.json"]).revisions[paris]


@pytest.mark.slow
def test_pages_and_data_say_what_they_said(moved):
    """The data has the old time; no item is lost and none has another date; the way back is one more."""
    items = {key: row.published for key, row in ledger(moved).items.items()}
    back(moved, contents(MOVED, publisher=FEW), NOW + 2 * HOUR, 1)
    data = json.loads(moved.read_document("trial", "2030/season.json"))
    race = next(session for event in data["events"] for session in event["sessions"] if session["id"] == "race-1")
    assert race["start"] == "2030-03-02T04:00:00Z"
    after = {key: row.published for key, row in ledger(moved).items.items()}
    assert items.items() <= after.items()
    assert len(after) == len(items) + 1


@pytest.mark.slow
def test_every_type_of_change_is_undone(everything_first_store, everything_store):
    """A season in which everything changed says, after a rollback, what it said at first."""
    seasons = ("1998-suzuka", "2029", "2030", "2031")
    first = {name: stated(everything_first_store, name, "cup") for name in seasons}
    store = deepcopy(everything_store)
    assert stated(store, "2030", "cup") != first["2030"]
    before = ledger(store, "2030", "cup")
    back(store, everything(), LATER + HOUR, 1, "cup")
    for name, said in first.items():
        assert {uid: statement.significant for uid, statement in stated(store, name, "cup").items()} == {
            uid: statement.significant for uid, statement in said.items()
        }
    for uid, new in ledger(store, "2030", "cup").revisions.items():
        old = before.revisions[uid]
        significant = new.statement.significant != old.statement.significant
        assert new.sequence == old.sequence + significant
        assert new.last_modified >= old.last_modified + significant * timedelta(seconds=1)


def test_going_back_to_what_is_public_changes_no_document(moved):
    """Holding the public content is a generation of state alone: it says what holds from now on."""
    part = back(moved, contents(MOVED, publisher=FEW), NOW + 2 * HOUR, 2)
    assert (part.generation, part.written, part.new_facts, part.back_to) == (3, (), (), 2)


@pytest.mark.slow
def test_back_and_forth(moved):
    """Each rollback is another generation; stamps never go back."""
    revisions = [revision(moved, RACE)]
    for step, number in enumerate((1, 2, 1, 3, 4), 2):
        back(moved, contents(MOVED, publisher=FEW), NOW + step * HOUR, number)
        revisions.append(revision(moved, RACE))
    days = [row.statement.start[8:10] for row in revisions]
    assert days == ["03", "02", "03", "02", "02", "03"]
    assert [row.sequence for row in revisions] == [1, 2, 3, 4, 4, 5]
    assert [row.last_modified for row in revisions] == sorted(row.last_modified for row in revisions)


def test_settings_are_those_of_today(moved):
    """A rollback brings back what the season says, not where it is published."""
    files = contents(MOVED, publisher=FEW.replace("calendar.example.org", "new.example.org"))
    back(moved, files, NOW + 2 * HOUR, 1)
    text = moved.read_document("trial", "trial-all.ics")
    assert b"https://new.example.org/trial/2030/okayama/" in text
    assert b"calendar.example.org" not in text


# --- How long it holds ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_holds_over_builds(gone_back):
    """The same definitions again change nothing, today or in a month, and the report says what is shown."""
    files = contents(MOVED, publisher=FEW)
    held_state = gone_back.read_current("trial")
    for hours in (3, 30, 700):
        part = good(gone_back, files, NOW + hours * HOUR)
        assert (part.back_to, part.written, part.generation) == (1, (), 3)
    assert gone_back.read_current("trial") == held_state


@pytest.mark.parametrize("path", ["trial/2030/season.toml", "trial/series.toml", "circuits.toml"])
def test_an_edit_ends_it(gone_back, path):
    """Whatever changes of what the series is made from, even a comment, releases the rollback."""
    files = contents(MOVED, publisher=FEW)
    part = good(gone_back, {**files, path: files[path] + b"# checked again\n"}, NOW + 3 * HOUR)
    assert part.back_to is None
    assert ROLLBACK_FILE not in gone_back.read_current("trial").state
    assert revision(gone_back, RACE).statement.start == "2030-03-03T04:00:00Z"
    assert revision(gone_back, RACE).sequence == 3


@pytest.mark.slow
def test_an_edit_elsewhere_does_not_end_it(moved):
    """Another series, or a setting, is no reason to publish again what was taken back."""
    files = contents(MOVED, publisher=FEW)
    files |= {name.replace("trial/", "cup/"): text for name, text in files.items() if name.startswith("trial/")}
    regenerate(moved, files, now=NOW + HOUR)
    report = regenerate(moved, files, now=NOW + 2 * HOUR, orders=Orders(back_to={"trial": 1}))
    assert {part.name: part.back_to for part in report.parts} == {"cup": None, "trial": 1, "index": None}
    for path in ("publisher.toml", "cup/2030/season.toml"):
        store = deepcopy(moved)
        report = regenerate(store, {**files, path: files[path] + b"# a comment\n"}, now=NOW + 3 * HOUR)
        assert {part.name: part.back_to for part in report.parts} == {"cup": None, "trial": 1, "index": None}
        assert revision(store, RACE).statement.start == "2030-03-02T04:00:00Z"


def test_an_order_ends_it(gone_back):
    """A release publishes what the definitions say; where no rollback holds, it is a build like any other."""
    files = contents(MOVED, publisher=FEW)
    part = good(gone_back, files, NOW + 3 * HOUR, release=frozenset(["trial"]))
    assert (part.back_to, part.generation) == (None, 4)
    assert revision(gone_back, RACE).statement.start == "2030-03-03T04:00:00Z"
    assert good(gone_back, files, NOW + 4 * HOUR, release=frozenset(["trial"])).written == ()


@pytest.mark.slow
def test_a_rollback_of_a_mass_change_needs_no_other_word():
    """Going back moves as much as what it undoes, and so does its release."""
    store, wrong = once_published((contents(publisher=FEW), NOW)), SEASON.replace("T1", "T0")
    assert build(store, contents(wrong, publisher=FEW), NOW + HOUR).problems
    good(store, contents(wrong, publisher=FEW), NOW + HOUR, accept=True)
    assert len(back(store, contents(wrong, publisher=FEW), NOW + 2 * HOUR, 1).changed_events) == 4
    assert (
        len(good(store, contents(wrong, publisher=FEW), NOW + 3 * HOUR, release=frozenset(["trial"])).changed_events)
        == 4
    )


def test_a_rollback_may_be_ordered_while_another_holds(gone_back):
    """The last order counts, also against the content a rollback shows."""
    files = contents(MOVED, publisher=FEW)
    part = back(gone_back, files, NOW + 3 * HOUR, 2)
    assert (part.back_to, revision(gone_back, RACE).statement.start) == (2, "2030-03-03T04:00:00Z")
    assert good(gone_back, files, NOW + 4 * HOUR).back_to == 2


def test_broken_definitions_neither_end_nor_extend_it(gone_back):
    """A series whose file is wrong stays as it is; once mended, the edit has ended the rollback."""
    files = contents(MOVED, publisher=FEW)
    assert build(gone_back, contents(MOVED + "x =", publisher=FEW), NOW + 3 * HOUR).problems
    assert revision(gone_back, RACE).statement.start == "2030-03-02T04:00:00Z"
    assert good(gone_back, files, NOW + 4 * HOUR).back_to == 1
    assert good(gone_back, contents(MOVED + "# mended", publisher=FEW), NOW + 5 * HOUR).back_to is None


# --- What came since ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_was_added_since_stays_and_is_cancelled():
    """An event and a session that were public cannot vanish: they stay under their UIDs, as cancelled."""
    store = once_published((contents(publisher=FEW), NOW))
    paris = '[[event]]\nid = "paris"'
    race = '  [[event.session]]\n  id = "race-2"\n  kind = "race"\n  start = 2030-03-03T13:00:00\n\n'
    more = SEASON.replace(paris, race + paris)
    good(store, contents(more + EXTRA_EVENT, publisher=FEW), NOW + HOUR)
    part = back(store, contents(more + EXTRA_EVENT, publisher=FEW), NOW + 2 * HOUR, 1)
    statement = stated(store)
    for name in ("second", "race.second", "race-2.okayama"):
        uid = f"{name}.2030.trial@example.org"
        assert (statement[uid].status, revision(store, uid).sequence) == ("cancelled", 1)
    assert {(new.fact.what, new.fact.event, new.fact.session) for new in part.new_facts} >= {
        (What.CANCELLED, "second", ""),
        (What.CANCELLED, "okayama", "race-2"),
    }
    assert "CANCELLED: TS 4 Hours of Okayama II: Race" in store.read_document("trial", "trial-all.ics").decode()
    assert good(store, contents(more + EXTRA_EVENT, publisher=FEW), NOW + 3 * HOUR).written == ()


@pytest.mark.slow
def test_a_season_added_since_stays_and_is_cancelled():
    """It is public, so it stays; all of it is off."""
    files = contents(publisher=FEW)
    store = once_published((files, NOW))
    files["trial/2031/season.toml"] = SEASON.replace("2030", "2031").encode()
    good(store, files, NOW + HOUR)
    back(store, files, NOW + 2 * HOUR, 1)
    assert {statement.status for statement in stated(store, "2031").values()} == {"cancelled"}
    assert {statement.status for statement in stated(store, "2030").values()} == {"confirmed"}
    assert store.read_document("trial", "2031/season.json")


NEWS = '[[news]]\nid = "hello"\non = 2030-01-10\ntitle = "Hello"\ntext = "There is news."\nevents = ["okayama"]\n'
ENTRIES = """\
[[list]]
id = "okayama"
event = "okayama"
on = 2030-01-10

  [[list.entry]]
  number = "7"
  class = "gt"
  team = "Seven"
"""
RESULTS = '[[result]]\nevent = "okayama"\nsession = "race-1"\non = 2030-03-02\n\n  [result.overall]\n  team = "Seven"\n'
CHAMPIONS = '\n[[champion]]\nclass = "gt"\nteam = "Seven"\non = 2030-04-06\n'


def test_what_readers_were_told_since_stays():
    """Announcements, entry lists, results and titles are items with ids: each stays as it was."""
    store = once_published((contents(publisher=FEW), NOW))
    more = contents(publisher=FEW, news=NEWS, entries=ENTRIES, results=RESULTS + CHAMPIONS)
    good(store, more, NOW + HOUR)
    before = ledger(store).items
    assert {key.split("/")[1] for key in before} == {"news", "entries", "result", "champion", "change"}
    back(store, more, NOW + 2 * HOUR, 1)
    assert ledger(store).items == before
    feed = json.loads(store.read_document("trial", "everything/feed.json"))
    assert {"Hello", "4 Hours of Okayama: entry list with one car"} <= {item["title"] for item in feed["items"]}


@pytest.mark.slow
def test_an_edited_text_is_taken_back():
    """An announcement keeps its id and its date, says again what it said, and is marked as edited."""
    store = once_published((contents(publisher=FEW, news=NEWS), NOW))
    edited = contents(publisher=FEW, news=NEWS.replace("There is news.", "There is wrong news."))
    good(store, edited, NOW + HOUR)
    back(store, edited, NOW + 2 * HOUR, 1)
    item = next(
        item for item in json.loads(store.read_document("trial", "news/feed.json"))["items"] if item["title"] == "Hello"
    )
    assert "There is news." in item["content_html"]
    dating = ledger(store).items["2030/news/hello"]
    assert dating.updated == NOW + 2 * HOUR
    assert dating.published < NOW + HOUR


@pytest.mark.slow
def test_days_that_became_known_cannot_be_unknown_again():
    """An event that had no day at first keeps its days, postponed: calendars have them."""
    undated = SEASON + '\n[[event]]\nid = "open"\nname = "Open"\nwhen = "autumn"\n'
    dated = undated.replace('when = "autumn"', "first_day = 2030-09-01\nlast_day = 2030-09-02")
    store = once_published((contents(undated, publisher=FEW), NOW))
    good(store, contents(dated, publisher=FEW), NOW + HOUR)
    back(store, contents(dated, publisher=FEW), NOW + 2 * HOUR, 1)
    statement = stated(store)["open.2030.trial@example.org"]
    assert (statement.status, statement.start) == ("postponed", "2030-09-01")


@pytest.mark.slow
def test_a_class_added_since_stays_defined():
    """Its calendars have subscribers; the season takes part without it again."""
    publisher = FEW.replace("classes = []", "classes = true")
    series = SERIES + '\n[[class]]\nid = "am"\nname = "Am"\n'
    season = SEASON.replace('["proto", "gt"]', '["proto", "gt", "am"]')
    store = once_published((contents(publisher=publisher), NOW))
    good(store, contents(season, series=series, publisher=publisher), NOW + HOUR)
    assert store.read_document("trial", "trial-all-am.ics")
    back(store, contents(season, series=series, publisher=publisher), NOW + 2 * HOUR, 1)
    assert stated(store)[RACE].classes == ("proto", "gt")
    assert store.read_document("trial", "trial-all-am.ics")


# --- Ids of today ---------------------------------------------------------------------------------------------------


def renamed() -> dict[str, bytes]:
    """Return the season with a new id for itself, an event, a session and a circuit."""
    season = (
        ('formerly = ["2030"]\n' + MOVED)
        .replace('id = "okayama"', 'id = "oka"\nformerly = ["okayama"]')
        .replace('id = "race-1"', 'id = "first"\n  formerly = ["race-1"]')
        .replace('circuit = "okayama"', 'circuit = "mimasaka"')
    )
    circuits = contents()["circuits.toml"].decode().replace("[okayama]", '[mimasaka]\nformerly = ["okayama"]')
    return contents(
        season,
        name="season-1",
        publisher=FEW,
        circuits=circuits,
        news=NEWS.replace('"okayama"', '"oka"'),
        entries=ENTRIES.replace('event = "okayama"', 'event = "oka"'),
        results=RESULTS.replace('"okayama"', '"oka"').replace('"race-1"', '"first"'),
    )


@pytest.mark.slow
def test_going_back_over_new_ids():
    """The old content under today's ids: the same UIDs and items, and the one fact is about the session's new name."""
    store = once_published((contents(publisher=FEW, news=NEWS, entries=ENTRIES, results=RESULTS), NOW))
    good(store, renamed(), NOW + HOUR)
    before = ledger(store, "season-1")
    part = back(store, renamed(), NOW + 2 * HOUR, 1)
    after = ledger(store, "season-1")
    assert after.revisions.keys() == before.revisions.keys()
    assert after.items.items() >= before.items.items()
    statement = after.revisions[RACE].statement
    assert (statement.start, statement.event, statement.session, statement.place) == (
        "2030-03-02T04:00:00Z",
        "oka",
        "first",
        "okayama",
    )
    assert [(new.fact.what, new.fact.event, new.fact.session) for new in part.new_facts] == [
        (What.MOVED, "oka", "first")
    ]
    assert good(store, renamed(), NOW + 3 * HOUR).written == ()


def test_carried_definitions_use_todays_ids():
    """Events, sessions, lists, results and announcements are joined by the ids of today, each once."""
    old = series_files(contents(publisher=FEW, news=NEWS, entries=ENTRIES, results=RESULTS))
    restored = restore_content(old, series_files(renamed()))
    (season,) = restored.seasons
    assert (season.id, season.season.formerly) == ("season-1", ("2030",))
    assert [event.id for event in season.season.events] == ["oka", "paris"]
    assert [session.id for session in season.season.events[0].sessions] == ["practice-1", "qualifying-gt", "first"]
    assert [(entries.id, entries.event) for entries in season.entries.lists] == [("okayama", "oka")]
    assert [(result.event, result.session) for result in season.results.results] == [("oka", "first")]
    assert [item.events for item in season.news.news] == [("oka",)]


@pytest.mark.parametrize("files", [everything(), everything_at_first()], ids=["now", "at first"])
def test_going_back_to_the_same_definitions_is_nothing_at_all(files):
    """What is carried over itself is itself, whatever a season holds."""
    whole = series_files(files, "cup")
    assert restore_content(whole, whole) == whole


@pytest.mark.slow
def test_a_tombstone_stays_buried():
    """What was retired since stays cancelled, although the old definitions have it alive."""
    store = once_published((contents(SEASON + EXTRA_EVENT, publisher=FEW), NOW))
    retired = contents(SEASON + '\n[[retired]]\nid = "second"\nwhy = "A slip."\n', publisher=FEW)
    good(store, retired, NOW + HOUR)
    before = ledger(store)
    part = back(store, retired, NOW + 2 * HOUR, 1)
    assert stated(store)["race.second.2030.trial@example.org"].status == "cancelled"
    assert ledger(store).retired == before.retired
    assert part.new_facts == ()
    assert not build(store, retired, NOW + 3 * HOUR).failed


# --- What there is to go back to ------------------------------------------------------------------------------------


def test_a_generation_that_is_not_there(moved):
    """The message names those that are; nothing is published."""
    part = build(moved, contents(MOVED, publisher=FEW), NOW + 2 * HOUR, back_to={"trial": 9})
    assert (part.error, part.hint) == ("generation 9 of trial is not there", "these are: 1, 2")
    assert moved.read_current("trial").manifest.generation == 2


@pytest.mark.parametrize("gone", [1, 2])
def test_a_generation_that_does_not_know_what_it_was_made_from(moved, gone):
    """As one that was recovered: it is refused, and another may do."""
    store = MemoryStore()
    for number in (1, 2):
        generation = moved.read_generation("trial", number)
        state = {path: text for path, text in generation.state.items() if number != gone or path != DEFINITIONS_FILE}
        sums = {path: text for path, text in generation.manifest.state.items() if path in state}
        store.switch(replace(generation.manifest, documents={}, state=sums), [], state)
    part = build(store, contents(MOVED, publisher=FEW), NOW + 2 * HOUR, back_to={"trial": 1})
    assert part.error == "generation 1 of trial does not know what it was made from"
    assert part.hint == "go back to another one"


def test_a_generation_whose_state_is_damaged(moved):
    """Definitions that were changed on the disk are not published."""
    store = MemoryStore()
    for number in (1, 2):
        generation = moved.read_generation("trial", number)
        state = {**generation.state, **({DEFINITIONS_FILE: OTHER_DEFINITIONS} if number == 1 else {})}
        store.switch(replace(generation.manifest, documents={}), [], state)
    part = build(store, contents(MOVED, publisher=FEW), NOW + 2 * HOUR, back_to={"trial": 1})
    assert part.error == (
        f"{DEFINITIONS_FILE} of trial, generation 1, is damaged, was edited, or belongs to another generation; "
        "nothing is published"
    )


def test_a_first_publication_cannot_go_back():
    """An order for a series that is not public is no order: it is published as it is defined."""
    part = good(MemoryStore(), contents(publisher=FEW), NOW, back_to={"trial": 1})
    assert (part.generation, part.back_to) == (1, None)

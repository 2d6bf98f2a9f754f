"""Definitions and ledgers to an edition: what is public stays, what changed is told, what would vanish is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.editions.addresses import find_successor
from aslms_feeds.editions.compose import compose, find_next_change
from aslms_feeds.editions.current import find_current_season
from aslms_feeds.errors import IdentityError
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import NOW, PUBLISHER, SEASON, SERIES, contents

BASE = "https://calendar.example.org"
LATER = NOW + timedelta(days=1)
RACE = 'id = "race-1"\n  kind = "race"\n  round = 1\n  start = 2030-03-02T13:00:00\n  hours = 4'
PARIS = SEASON[SEASON.index('[[event]]\nid = "paris"') :]


def edition(season=SEASON, *, before=None, now=NOW, **files):
    """Return the edition of the small series; ``before`` is the edition published before."""
    definitions = read_definitions(contents(season, **files), "calendars")
    assert definitions.problems == ()
    ledgers = {season.files.id: season.ledger for season in before.seasons} if before else {}
    return compose(definitions.series["trial"], ledgers, now=now, base_url=BASE)


def list_items(composed, language="en"):
    """Return the newest season's dated items as (title, feeds)."""
    return [
        (item.title, sorted(item.feeds - {"everything"}))
        for item in composed.seasons[-1].items[language]
        if item.published is not None
    ]


def revision(composed, uid):
    """Return the stamps of a component by the start of its UID."""
    return composed.revisions[f"{uid}.2030.trial@example.org"]


def refused(season=SEASON, *, before, now=LATER, **files):
    """Return the problems that stop a build, as text."""
    with pytest.raises(IdentityError) as caught:
        edition(season, before=before, now=now, **files)
    return [str(problem) for problem in caught.value.problems]


def test_a_first_publication_is_one_announcement():
    """Nothing is told as added."""
    edition_now = edition()
    assert list_items(edition_now) == [("2030 Test Series announced", ["news"])]
    assert {row.sequence for row in edition_now.revisions.values()} == {0}


def test_unchanged_definitions_give_the_same_edition_at_any_time():
    """A year later, too: the ledger is the same, byte for byte."""
    edition_now = edition()
    again = edition(before=edition_now, now=NOW + timedelta(days=365))
    assert again.seasons[0].ledger.to_json() == edition_now.seasons[0].ledger.to_json()
    assert again.seasons[0].items == edition_now.seasons[0].items


def test_moving_one_session_is_one_fact_and_one_new_revision():
    """Its weekend and the other sessions keep their stamps."""
    edition_now = edition()
    two = edition(SEASON.replace("2030-03-02T13:00:00", "2030-03-02T14:00:00"), before=edition_now, now=LATER)
    changed = {uid for uid, row in two.revisions.items() if row != edition_now.revisions[uid]}
    assert changed == {"race-1.okayama.2030.trial@example.org"}
    assert revision(two, "race-1.okayama").sequence == 1
    assert list_items(two)[0] == ("4 Hours of Okayama: Race 1: new time", ["changes"])


def test_a_cancelled_event_stays_and_is_told_once_with_its_reason():
    """All its sessions are cancelled with it; the reason comes first in the text of each."""
    change = '\n[[event.change]]\nid = "storm"\nwhat = "cancelled"\nwhy = "A storm is coming."\n'
    off = SEASON.replace('circuit = "paris"\n', 'circuit = "paris"\nstatus = "cancelled"\n', 1) + change
    two = edition(off, before=edition(), now=LATER)
    item = two.seasons[0].items["en"][0]
    assert (item.title, sorted(item.feeds)) == ("4 Hours of Paris is cancelled", ["changes", "everything", "news"])
    assert "A storm is coming." in item.text
    assert [title for title, _feeds in list_items(two)].count("4 Hours of Paris is cancelled") == 1
    race = next(
        component
        for component in two.seasons[0].components
        if (component.event, component.session) == ("paris", "race")
    )
    assert race.words["en"].summary == "CANCELLED: TS 4 Hours of Paris: Race"
    assert race.words["en"].description.startswith("Cancelled. A storm is coming.\n")
    assert revision(two, "race.paris").sequence == 1


def test_a_reason_given_later_is_added_to_the_item_not_told_again():
    """The change entry belongs to the change the ledger saw."""
    off = SEASON.replace('circuit = "paris"\n', 'circuit = "paris"\nstatus = "cancelled"\n', 1)
    two = edition(off, before=edition(), now=LATER)
    change = '\n[[event.change]]\nid = "storm"\nwhat = "cancelled"\non = 2030-01-12\nwhy = "A storm is coming."\n'
    three = edition(off + change, before=two, now=LATER + timedelta(days=2))
    before, after = two.seasons[0].items["en"], three.seasons[0].items["en"]
    assert [item.id for item in after] == [item.id for item in before]
    assert "A storm is coming." in after[0].text
    assert after[0].updated == LATER + timedelta(days=2)
    assert after[0].published == LATER


def test_history_is_told_with_its_own_day_and_never_stamps():
    """A change from before this tool is an item; one without a day is on pages only."""
    history = (
        '\n[[event.change]]\nid = "was-march"\nwhat = "moved"\non = 2029-12-24\nfrom = 2030-03-06\nto = 2030-04-06\n'
        '\n[[event.change]]\nid = "was-lyon"\nwhat = "place-changed"\nfrom = "Lyon"\nto = "Paris"\n'
    )
    edition_now = edition()
    two = edition(SEASON + history, before=edition_now, now=LATER)
    items = {item.key: item for item in two.seasons[0].items["en"]}
    assert items["2030/change/was-march"].published == datetime(2029, 12, 24, tzinfo=UTC)
    assert items["2030/change/was-lyon"].published is None
    for uid, revision in two.revisions.items():
        # What is told of an event is remembered with it, and is no part of what it says.
        assert replace(revision, statement=edition_now.revisions[uid].statement) == edition_now.revisions[uid]


def test_an_event_that_is_gone_stops_the_series_with_the_three_ways_out():
    """One problem for the event, not one for each of its sessions."""
    problems = refused(SEASON.replace(PARIS, ""), before=edition())
    assert problems == [
        "calendars/trial/2030/season.toml: event.paris: 'paris' was published and is not in the definitions any more. "
        'If it is off, keep it with status = "cancelled"; if its id changed, give the new one formerly = ["paris"]; '
        'if it was published by mistake, add [[retired]] with id = "paris" and the reason as why'
    ]


def test_a_session_that_is_gone_stops_the_series():
    """By its event's id and its own."""
    [problem] = refused(SEASON.replace("race-1", "race"), before=edition())
    assert problem.startswith("calendars/trial/2030/season.toml: event.okayama.session.race-1: 'race-1' was published")
    assert '[[retired]] with id = "okayama.race-1"' in problem


def test_a_renamed_id_keeps_its_uid():
    """``formerly`` makes the UID from the first id ever; nothing is stamped but for the new address."""
    edition_now = edition()
    renamed = SEASON.replace(RACE, RACE.replace('"race-1"', '"main"') + '\n  formerly = ["race-1"]\n  name = "Race 1"')
    two = edition(renamed, before=edition_now, now=LATER)
    assert two.revisions.keys() == edition_now.revisions.keys()
    assert {uid: row.last_modified for uid, row in two.revisions.items()} == {
        uid: row.last_modified for uid, row in edition_now.revisions.items()
    }


def test_a_retired_event_stays_cancelled_for_ever():
    """It is shown as the ledger knows it, with the reason, and goes on so at every later build."""
    grave = '\n[[retired]]\nid = "paris"\nwhy = "It was never planned."\n'
    two = edition(SEASON.replace(PARIS, "") + grave, before=edition(), now=LATER)
    race = next(
        component
        for component in two.seasons[0].components
        if (component.event, component.session) == ("paris", "race")
    )
    assert race.words["en"].summary == "CANCELLED: TS 4 Hours of Paris: Race"
    assert race.words["en"].description.startswith("Cancelled. It was never planned.")
    assert revision(two, "race.paris").sequence == 1
    three = edition(SEASON.replace(PARIS, "") + grave, before=two, now=LATER + timedelta(days=9))
    assert three.revisions == two.revisions
    assert list_items(three) == list_items(two)


def test_a_retired_session_leaves_the_rest_of_its_event():
    """Only the session is cancelled, and its day is none of the event's any more."""
    grave = '\n[[retired]]\nid = "okayama.race-1"\nwhy = "A slip."\n'
    gone = SEASON.replace("  [[event.session]]\n  " + RACE, "")
    assert "race-1" not in gone
    two = edition(gone + grave, before=edition(), now=LATER)
    status = {(component.event, component.session): str(component.status) for component in two.seasons[0].components}
    assert status["okayama", "race-1"] == "cancelled"
    assert status["okayama", "practice-1"] == "confirmed"
    weekends = [
        composed.seasons[0].find_component("okayama").span.last_day.isoformat() for composed in (edition(), two)
    ]
    assert weekends == ["2030-03-02", "2030-03-01"]


@pytest.mark.slow
def test_a_new_id_of_an_event_leaves_its_graves_where_they_are():
    """A retired session is still the event's, with what was told of it, and its name is nobody else's."""
    store = MemoryStore()
    won = '[[result]]\nevent = "{}"\nsession = "race-1"\non = 2029-12-25\noverall = {{ team = "The Winners" }}\n'
    first = regenerate(store, contents(SEASON, results=won.format("okayama")), now=NOW, base_url=BASE)
    assert not first.failed, first.parts
    grave = '\n[[retired]]\nid = "okayama.race-1"\nwhy = "A slip."\n'
    gone = SEASON.replace("  [[event.session]]\n  " + RACE, "") + grave
    renamed = gone.replace('id = "okayama"\n', 'id = "aida"\nformerly = ["okayama"]\n', 1)
    for season, event in ((gone, "okayama"), (renamed, "aida")):
        report = regenerate(store, contents(season, results=won.format(event)), now=LATER, base_url=BASE)
        assert not report.failed, report.parts
        assert b"The Winners" in store.read_document("trial", "everything/feed.json")
    again = renamed.replace("  [[event.session]]", "  [[event.session]]\n  " + RACE + "\n  [[event.session]]", 1)
    (problem,) = (
        regenerate(store, contents(again, results=won.format("aida")), now=LATER, base_url=BASE).parts[0].problems
    )
    assert "'okayama.race-1' is in the season still as 'aida.race-1'" in str(problem)


def test_no_name_that_a_tombstone_ever_had_is_used_again():
    """An event and a session that had another id before they were retired; as an id, and as a former one."""
    event = SEASON.replace('id = "paris"\n', 'id = "lutetia"\nformerly = ["paris"]\n')
    session = SEASON.replace('id = "race-1"\n', 'id = "sprint"\n  formerly = ["race-1"]\n')
    grave = '\n[[retired]]\nid = "{}"\nwhy = "A slip."\n'
    later = SEASON.replace("2030-03-02T13:00", "2030-03-02T15:00")
    message = (
        "calendars/trial/2030/season.toml: event.{}: '{}' is a name of '{}', which was published by mistake and "
        "retired; an id once published is never used again: give what is new an id of its own"
    )
    for renamed, old, own_changes, again, place in (
        (event, "paris", "lutetia", PARIS, "paris"),
        (event, "paris", "lutetia", PARIS.replace('id = "paris"\n', 'id = "new"\nformerly = ["paris"]\n'), "new"),
        (session, "race-1", "okayama.sprint", None, "okayama.session.race-1"),
    ):
        season_text = SEASON.replace(PARIS, again) if again else later
        gone = SEASON.replace(PARIS, "") if again else SEASON.replace("  [[event.session]]\n  " + RACE, "")
        two = edition(renamed, before=edition(), now=LATER)
        three = edition(gone + grave.format(own_changes), before=two, now=LATER + timedelta(hours=1))
        for before in (two, three):
            assert refused(season_text + grave.format(own_changes), before=before) == [
                message.format(place, old, own_changes)
            ]


def test_days_that_were_published_cannot_be_taken_back():
    """An event without days would vanish from every calendar."""
    undated = SEASON.replace("  start = 2030-04-06T13:00:00\n  hours = 4\n", "")
    problems = refused(undated, before=edition())
    assert any("its days were published" in problem and "postponed" in problem for problem in problems)


def test_a_season_that_is_gone_stops_the_series():
    """Its folder can be renamed with formerly."""
    problems = refused(before=edition(), name="2030-31")
    assert problems == [
        "calendars/trial/2030/season.toml: the season '2030' was published and its folder is gone. Put it back; if the "
        'folder has a new name, add formerly = ["2030"] to its season.toml'
    ]
    renamed = edition('formerly = ["2030"]\n' + SEASON, before=edition(), now=LATER, name="2030-31")
    assert set(renamed.revisions) == set(edition().revisions)


def test_news_that_is_gone_stops_the_series():
    """Readers keep what they were told."""
    news = '[[news]]\nid = "calendar"\non = 2029-12-20\ntitle = "Two races"\ntext = "Okayama and Paris."\n'
    edition_now = edition(news=news)
    assert ("Two races", ["news"]) in list_items(edition_now)
    [problem] = refused(before=edition_now, news="")
    assert problem.startswith("calendars/trial/2030/news.toml: news.calendar: the news item 'calendar' was published")


def test_results_and_spoilers_stay_in_their_own_feeds():
    """The news and changes feeds never tell who won."""
    news = '[[news]]\nid = "report"\non = 2030-03-03\ntitle = "How it went"\ntext = "Well."\nspoils = true\n'
    results = (
        '[[result]]\nevent = "okayama"\nsession = "race-1"\n[result.overall]\nteam = "Team X"\nnumber = "7"\n'
        '[[champion]]\nclass = "gt"\nteam = "Team Y"\n'
    )
    edition_now = edition(news=news, results=results, now=datetime(2030, 3, 4, tzinfo=UTC))
    feeds = dict(list_items(edition_now))
    assert feeds["How it went"] == ["results"]
    assert feeds["4 Hours of Okayama: Race 1, won by Team X #7"] == ["results"]
    assert feeds["2030 Test Series, GT: Team Y"] == ["results"]


def test_an_entry_list_is_told_and_so_is_each_change_of_it():
    """The list keeps its item; what changed is a new one."""
    cars = '[[list]]\nid = "season"\n[[list.entry]]\nnumber = "{}"\nclass = "gt"\nteam = "Team X"\n'
    edition_now = edition(entries=cars.format(7))
    assert ("2030 Test Series: entry list with one car", ["news"]) in list_items(edition_now)
    two = edition(entries=cars.format(8), before=edition_now, now=LATER)
    assert list_items(two)[0] == ("2030 Test Series: entry list changed", ["changes"])
    assert two.seasons[0].items["en"][0].text.startswith("- Out: #7 Team X\n- In: #8 Team X")


def test_a_season_that_is_over_at_first_is_history():
    """Stamps of now, SEQUENCE 0, and an announcement only with its own day."""
    edition_now = edition(now=datetime(2031, 1, 1, tzinfo=UTC))
    assert edition_now.seasons[0].ledger.backfilled
    assert edition_now.seasons[0].items["en"][0].published == datetime(2029, 12, 20, tzinfo=UTC)
    bare = edition(SEASON.replace("announced = 2029-12-20\n", ""), now=datetime(2031, 1, 1, tzinfo=UTC))
    assert list_items(bare) == []


def test_a_season_without_a_calendar_is_announced_and_has_no_component():
    """The calendar is to be announced; its first events are then news."""
    bare = 'name = "2030 Test Series"\nclasses = ["gt"]\n'
    edition_now = edition(bare)
    assert (edition_now.calendars, list_items(edition_now)) == ((), [("2030 Test Series announced", ["news"])])
    assert edition_now.seasons[0].items["en"][0].text == "The calendar is to be announced.\n\nClasses: GT"
    two = edition(SEASON, before=edition_now, now=LATER)
    titles = [title for title, _feeds in list_items(two)]
    assert sorted(titles) == [
        "2030 Test Series announced",
        "2030 Test Series confirmed",
        "2030 Test Series: with Prototype",
        "New: 4 Hours of Okayama",
        "New: 4 Hours of Paris",
    ]


@pytest.mark.parametrize(
    ("now", "current"),
    [
        (datetime(2030, 1, 1, tzinfo=UTC), "2030"),
        # The race in Paris ends at 17:00 local time, 15:00 UTC; the weekend's day at midnight, 22:00 UTC.
        (datetime(2030, 4, 6, 21, 59, tzinfo=UTC), "2030"),
        (datetime(2030, 4, 6, 22, 0, tzinfo=UTC), "2031"),
    ],
)
def test_the_current_season_ends_with_its_last_day_at_the_circuit(now, current):
    """The next one takes over, even while it has no calendar."""
    files = contents()
    files["trial/2031/season.toml"] = b'name = "2031 Test Series"\n'
    definitions = read_definitions(files, "calendars")
    edition_now = compose(definitions.series["trial"], {}, now=now, base_url=BASE)
    season = find_current_season(definitions.series["trial"], now)
    assert season is not None
    assert edition_now.current == season.id == current


def test_the_next_due_instant_is_the_end_of_a_season():
    """Then another season is the current one, though no definition changed."""
    assert find_next_change(edition(), NOW) == datetime(2030, 4, 6, 22, 0, tzinfo=UTC)
    assert find_next_change(edition(), datetime(2030, 4, 6, 22, 0, tzinfo=UTC)) is None


def test_another_identity_or_tag_date_is_refused():
    """Every UID and every item id would be another's."""
    publisher = PUBLISHER.replace('"example.org"', '"example.net"')
    problems = refused(before=edition(), publisher=publisher)
    assert problems == [
        'calendars/publisher.toml: identity: the publication was begun with identity = "example.org" and tag_date = '
        "2029-12-01; every UID and item id is made from them, so they stay for ever, on whatever host: set them back"
    ]
    assert refused(before=edition(), publisher=PUBLISHER.replace("2029-12-01", "2029-12-02"))


def test_a_move_to_another_host_is_no_news():
    """The addresses in events change, so their stamps do; what readers were told was not edited."""
    edition_now = edition()
    definitions = read_definitions(contents(), "calendars")
    ledgers = {row.files.id: row.ledger for row in edition_now.seasons}
    two = compose(definitions.series["trial"], ledgers, now=LATER, base_url="https://moved.example.net")
    assert {row.sequence for row in two.revisions.values()} == {0}
    assert two.seasons[0].ledger.items == edition_now.seasons[0].ledger.items
    assert two.seasons[0].ledger.facts == edition_now.seasons[0].ledger.facts


def test_what_was_told_keeps_the_name_it_was_told_by():
    """Renaming an event later does not edit what readers have already read."""
    moved = SEASON.replace("2030-03-02T13:00:00", "2030-03-02T14:00:00")
    two = edition(moved, before=edition(), now=LATER)
    renamed = moved.replace('"4 Hours of Okayama"', '"Okayama Endurance"')
    three = edition(renamed, before=two, now=LATER + timedelta(days=1))
    assert "4 Hours of Okayama: Race 1: new time" in dict(list_items(three))
    assert "Okayama Endurance: new name" in dict(list_items(three))
    key = next(key for key in two.seasons[0].ledger.items if "retimed" in key)
    assert three.seasons[0].ledger.items[key] == two.seasons[0].ledger.items[key]


def test_a_cancelled_season_is_told_once():
    """Not for every event, and not for every session."""
    off = SEASON.replace('status = "confirmed"', 'status = "cancelled"')
    two = edition(off, before=edition(), now=LATER)
    assert [title for title, _feeds in list_items(two)] == [
        "2030 Test Series is cancelled",
        "2030 Test Series announced",
    ]


@pytest.mark.parametrize(
    ("path", "today"),
    [
        ("2029/trial-2029-all.ics", "2030/trial-2030-all.ics"),
        ("2029/index.html", "2030/index.html"),
        ("2029/tokyo/index.html", "2030/okayama/index.html"),
        ("2029/tokyo/trial-2029-tokyo.ics", "2030/okayama/trial-2030-okayama.ics"),
        ("2030/tokyo/trial-2030-tokyo.ics", "2030/okayama/trial-2030-okayama.ics"),
        ("news/2029/atom.xml", "news/2030/atom.xml"),
        ("fr/2029/season.json", "fr/2030/season.json"),
        ("2030/okayama/index.html", "2030/okayama/index.html"),
        ("trial-all.ics", "trial-all.ics"),
        ("assets/site.css", "assets/site.css"),
    ],
)
def test_an_old_address_leads_to_what_it_is_today(path, today):
    """By the former ids of seasons and events, in folders and in file names."""
    renamed = SEASON.replace('id = "okayama"\n', 'id = "okayama"\nformerly = ["tokyo"]\n', 1)
    definitions = read_definitions(contents('formerly = ["2029"]\n' + renamed), "calendars")
    assert find_successor(path, definitions.series["trial"]) == today


@pytest.mark.slow
def test_a_renamed_event_is_kept_up_to_date_at_its_old_address():
    """Who subscribed to the old calendar gets what the new one says."""
    store = MemoryStore()
    regenerate(store, contents(), now=NOW, base_url=BASE)
    renamed = SEASON.replace('id = "okayama"\n', 'id = "japan"\nformerly = ["okayama"]\n', 1)
    report = regenerate(store, contents(renamed), now=LATER, base_url=BASE)
    assert not report.failed
    later = renamed.replace("2030-03-02T13:00:00", "2030-03-02T16:00:00")
    assert not regenerate(store, contents(later), now=LATER + timedelta(days=1), base_url=BASE).failed
    old = store.read_document("trial", "2030/okayama/trial-2030-okayama.ics")
    assert b"DTSTART:20300302T070000Z" in old
    assert old == store.read_document("trial", "2030/japan/trial-2030-japan.ics")
    page = store.read_document("trial", "2030/okayama/index.html").decode()
    assert '<meta http-equiv="refresh" content="0; url=https://calendar.example.org/trial/2030/japan/">' in page
    assert '<link rel="canonical" href="https://calendar.example.org/trial/2030/japan/">' in page
    assert "/trial/2030/okayama/" not in store.read_document("index", "sitemap.xml").decode()


def test_a_calendar_nothing_would_keep_up_to_date_stops_the_series():
    """A class that is gone leaves its subscribers behind."""
    store = MemoryStore()
    regenerate(store, contents(), now=NOW, base_url=BASE)
    season = SEASON.replace('classes = ["proto", "gt"]\n', 'classes = ["proto"]\n').replace('  classes = ["gt"]\n', "")
    series = SERIES[: SERIES.index('[[class]]\nid = "gt"')]
    report = regenerate(store, contents(season, series=series), now=LATER, base_url=BASE)
    [part] = [part for part in report.parts if part.failed]
    assert str(part.problems[0]) == (
        "calendars/trial/series.toml: the calendar reminders/trial-all-gt.ics was published, and what it is made from "
        "is not defined any more: put its class, or its language in publisher.toml, back"
    )


@pytest.mark.slow
def test_a_calendar_that_nothing_is_left_of_holds_what_there_is():
    """A class that nobody is in any more leaves its subscribers with right times, not with old ones."""
    store = MemoryStore()
    regenerate(store, contents(), now=NOW, base_url=BASE)
    season = SEASON.replace('classes = ["proto", "gt"]\n', 'classes = ["proto"]\n').replace('  classes = ["gt"]\n', "")
    assert not regenerate(store, contents(season), now=LATER, base_url=BASE).failed
    moved = season.replace("2030-03-02T13:00:00", "2030-03-02T14:00:00")
    assert not regenerate(store, contents(moved), now=LATER + timedelta(days=1), base_url=BASE).failed
    body = store.read_document("trial", "trial-races-gt.ics")
    assert b"DTSTART:20300302T050000Z" in body
    assert body.count(b"BEGIN:VEVENT") == 2


@pytest.mark.slow
def test_a_retired_event_keeps_what_was_told_of_it():
    """Its changes, and news and lists that name it, need no event of that id in the file."""
    store = MemoryStore()
    change = (
        '\n[[event.change]]\nid = "was-march"\nwhat = "moved"\non = 2029-12-24\nfrom = 2030-03-06\nto = 2030-04-06\n'
    )
    news = '[[news]]\nid = "n"\non = 2029-12-25\ntitle = "T"\ntext = "x"\nevents = ["paris"]\n'
    regenerate(store, contents(SEASON + change, news=news), now=NOW, base_url=BASE)
    retired = SEASON.replace(PARIS, "") + '\n[[retired]]\nid = "paris"\nwhy = "A slip."\n'
    report = regenerate(store, contents(retired, news=news), now=LATER, base_url=BASE)
    assert not report.failed, report.parts
    changes = json.loads(store.read_document("trial", "2030/changes.json"))
    assert {"2030/change/was-march", "2030/news/n"} <= {item["key"] for item in changes["items"]}


def test_an_id_of_ours_is_no_change():
    """The announcement of a season has an item of its own."""
    change = '\n[[change]]\nid = "announced"\nwhat = "calendar-changed"\n'
    report = regenerate(MemoryStore(), contents(SEASON + change), now=NOW, base_url=BASE)
    assert [str(problem).partition("change.announced.")[2] for part in report.parts for problem in part.problems] == [
        "id: the id 'announced' is reserved: the announcement of the season is called so"
    ]


@pytest.mark.slow
def test_a_calendar_that_is_switched_off_goes_on_for_those_who_have_it():
    """Switching reminders off stops new subscriptions, not the old ones."""
    store = MemoryStore()
    regenerate(store, contents(), now=NOW, base_url=BASE)
    publisher = PUBLISHER + "[calendars]\nreminders = false\nclasses = false\n"
    moved = SEASON.replace("2030-03-02T13:00:00", "2030-03-02T16:00:00")
    assert not regenerate(store, contents(moved, publisher=publisher), now=LATER, base_url=BASE).failed
    assert b"DTSTART:20300302T070000Z" in store.read_document("trial", "reminders/trial-races-gt.ics")
    fresh = MemoryStore()
    regenerate(fresh, contents(publisher=publisher), now=NOW, base_url=BASE)
    assert not [
        path for path in fresh.read_current("trial").manifest.documents if "reminders" in path or "-gt." in path
    ]


def test_a_renamed_season_is_no_news_to_the_operator():
    """What was told under the old id is not reported again."""
    store = MemoryStore()
    regenerate(store, contents(), now=NOW, base_url=BASE)
    report = regenerate(store, contents('formerly = ["2030"]\n' + SEASON, name="2030-31"), now=LATER, base_url=BASE)
    assert not report.failed
    assert [part.new_facts for part in report.parts] == [(), ()]


def test_a_renamed_season_keeps_the_addresses_its_items_were_told_with():
    """Feed readers take another address for another item; pages lead to where it is today."""
    before = edition()
    renamed = edition('formerly = ["2030"]\n' + SEASON, before=before, now=LATER, name="2030-31")
    (old,), (new,) = (composed.seasons[0].items["en"] for composed in (before, renamed))
    assert (new.id, new.url) == (old.id, old.url) == (old.id, f"{BASE}/trial/2030/")
    assert new.page == f"{BASE}/trial/2030-31/"

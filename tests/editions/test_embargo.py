"""What is public at an instant: nothing a second early, everything on the second, and for good."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aslms_feeds.builds.recipe import Orders, regenerate
from aslms_feeds.builds.saved_definitions import DEFINITIONS_FILE, load_definitions
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.editions.already_public import AlreadyPublic, find_already_public
from aslms_feeds.editions.embargo import hide_embargoed
from aslms_feeds.editions.masking import mask_problems
from aslms_feeds.errors import Problem
from aslms_feeds.ledger.ledger import read_ledger
from aslms_feeds.publication.manifest import INDEX
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import (
    CIRCUITS,
    NOW,
    PUBLISHER,
    SEASON,
    SERIES,
    contents,
    documents,
    edited,
    once_published,
    published,
    series_files,
)

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DUE = NOW + timedelta(days=1)
EARLY = DUE - SECOND
KEY = "embargo = 2030-01-11T21:00:00+09:00\n"
"""DUE, as somebody in Japan writes it."""
FEW = PUBLISHER + '\n[calendars]\nnames = ["all"]\n'
EVENT = """
[[event]]
id = "street"
name = "A Street Race"
circuit = "street"
{key}
  [[event.session]]
  id = "race"
  kind = "race"
  classes = ["hyper"]
  start = 2030-05-04T13:00:00
"""
STREET = """
[street]
name = "The Street"
country = "FR"
timezone = "Europe/Paris"
"""
HYPER = """
[[class]]
id = "hyper"
name = "Hyper"
colour = "tomato"
"""
NEXT = 'name = "2031 Test Series"\n{key}classes = ["proto", "hyper"]\n'
LIST = '[[list]]\nid = "first"\n{key}counts = {{ gt = 20 }}\n'
RESULT = '[[result]]\nevent = "okayama"\nsession = "race-1"\n{key}overall = {{ team = "Winners" }}\n'
CHAMPION = '[[champion]]\nclass = "gt"\n{key}team = "Winners"\n'
INVITATION = '[[invitation]]\nrace = "The 24 Hours"\nteam = "Winners"\n'
NEWS = '[[news]]\nid = "paper"\non = 2030-01-10\n{key}title = "News"\ntext = "Something."\n'
KINDS = ["season", "event", "entries", "list", "results", "result", "champion", "invitations", "news"]


def folder(kind: str, key: str = KEY) -> dict[str, bytes]:
    """Return a calendars folder with one thing of a kind under embargo."""
    first = f"{key}\n"
    match kind:
        case "season":
            files = contents(publisher=FEW, circuits=CIRCUITS + STREET, series=SERIES + HYPER)
            return files | {"trial/2031/season.toml": (NEXT + EVENT).replace("{key}", key, 1).format(key="").encode()}
        case "event":
            season = SEASON + EVENT.format(key=key)
            season = season.replace('classes = ["proto", "gt"]', "")
            return contents(season, publisher=FEW, circuits=CIRCUITS + STREET, series=SERIES + HYPER)
        case "entries":
            return contents(publisher=FEW, entries=first + LIST.format(key=""))
        case "list":
            return contents(publisher=FEW, entries=LIST.format(key=key))
        case "results":
            whole = RESULT + CHAMPION + INVITATION
            return contents(publisher=FEW, results=first + whole.format(key=""))
        case "result":
            return contents(publisher=FEW, results=RESULT.format(key=key))
        case "champion":
            return contents(publisher=FEW, results=CHAMPION.format(key=key))
        case "invitations":
            return contents(publisher=FEW, results=first + INVITATION)
        case _:
            return contents(publisher=FEW, news=NEWS.format(key=key))


def without(kind: str) -> dict[str, bytes]:
    """Return the same folder as if nobody had written that thing yet."""
    season = SEASON.replace('classes = ["proto", "gt"]', "") if kind == "event" else SEASON
    return contents(season, publisher=FEW)


def count_definitions(files) -> dict[str, int]:
    """Return how much of each kind there is."""
    seasons = files.seasons
    return {
        "season": len(seasons),
        "event": sum(len(season.season.events) for season in seasons),
        "list": sum(len(entry_list.entries.lists) for entry_list in seasons),
        "result": sum(len(season.results.results) for season in seasons),
        "champion": sum(len(season.results.champions) for season in seasons),
        "invitations": sum(len(season.results.invitations) for season in seasons),
        "news": sum(len(season.news.news) for season in seasons),
    }


def class_ids(files) -> list[str]:
    """Return the classes that are named."""
    return [race_class.id for race_class in files.series.classes]


def reveal(files: dict[str, bytes], now: datetime, already: AlreadyPublic | None = None):
    """Return what of a calendars folder is public."""
    return hide_embargoed(series_files(files), now, already)


def build(store, files, now, **orders):
    """Return what became of each part."""
    return {part.name: part for part in regenerate(store, files, now=now, orders=Orders(**orders)).parts}


# --- Hidden, and on the second shown --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_thing_is_hidden_until_its_second(kind):
    """A second early it is not there at all; on the second everything is, as if it had no embargo."""
    files = folder(kind)
    whole = series_files(folder(kind, ""))
    before = reveal(files, DUE - SECOND)
    assert (before.due, before.hidden, before.early) == (DUE, True, ())
    counts_before, all_of_it = count_definitions(before.files), count_definitions(whole)
    assert counts_before == count_definitions(series_files(without(kind)))
    assert counts_before != all_of_it
    after = reveal(files, DUE)
    assert (after.due, after.hidden, after.early) == (None, False, ())
    assert after.files == whole


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_before_its_second_everything_is_as_if_nobody_had_written_it(kind):
    """Byte for byte: documents, their compressed forms apart, ledgers and all other private state."""
    store, plain = once_published((folder(kind), EARLY)), once_published((without(kind), EARLY))
    assert documents(store) == documents(plain)
    assert documents(store, INDEX) == documents(plain, INDEX)
    for part in ("trial", INDEX):
        assert store.read_current(part) == plain.read_current(part)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_on_its_second_everything_is_as_if_it_had_been_written_just_then(kind):
    """The same bytes as without an embargo, when the files are brought at that second."""
    store = once_published((folder(kind), EARLY), (folder(kind), DUE))
    plain = once_published((without(kind), EARLY), (folder(kind, ""), DUE))
    assert documents(store) == documents(plain)
    for part in ("trial", INDEX):
        assert store.read_current(part) == plain.read_current(part)
    # Nor does the key say anything any more: it may be taken out.
    assert build(store, folder(kind, ""), DUE + HOUR)["trial"].generation == 2


@pytest.mark.slow
def test_a_build_in_between_changes_nothing():
    """However often it is built before the second, there is one generation, and one more after it."""
    files, store = folder("event"), MemoryStore()
    for now in (NOW, NOW + HOUR, DUE - SECOND):
        part = build(store, files, now)["trial"]
        assert (part.failed, part.generation) == (False, 1)
    for now in (DUE, DUE + SECOND, DUE + HOUR):
        part = build(store, files, now)["trial"]
        assert (part.failed, part.generation) == (False, 2)


def test_the_later_of_two_embargoes_counts():
    """That of a file, and that of one thing in it, whichever is written where."""
    later = KEY.replace("11T", "12T")
    for outer, inner in ((KEY, later), (later, KEY)):
        files = contents(entries=outer + LIST.format(key=inner), results=outer + RESULT.format(key=inner))
        for now, count in ((DUE, 0), (DUE + timedelta(days=1), 1)):
            public_files = reveal(files, now)
            assert (count_definitions(public_files.files)["list"], count_definitions(public_files.files)["result"]) == (
                count,
                count,
            )
        assert reveal(files, DUE).due == DUE + timedelta(days=1)


def test_with_a_hidden_event_goes_what_is_about_it():
    """Its entry list, its result and its record; news stays, and names it no more."""
    season = (
        SEASON.replace("[[event]]", '[[record]]\ntext = "Short."\nevent = "paris"\n\n[[event]]', 1)
        .replace('id = "paris"', f'id = "paris"\n{KEY}')
        .replace("[[event]]", '[[record]]\ntext = "Long."\nevent = "okayama"\n\n[[event]]', 1)
    )
    files = contents(
        season,
        entries='[[list]]\nid = "one"\nevent = "paris"\ncount = 20\n\n[[list]]\nid = "all"\ncount = 30\n',
        results='[[result]]\nevent = "paris"\nsession = "race"\noverall = { team = "Winners" }\n',
        news=NEWS.format(key="") + 'events = ["paris", "okayama"]\n',
    )
    public_files = reveal(files, DUE - SECOND).files.seasons[0]
    assert [entry_list.id for entry_list in public_files.entries.lists] == ["all"]
    assert public_files.results.results == ()
    assert [record.text for record in public_files.season.records] == ["Long."]
    assert [item.events for item in public_files.news.news] == [("okayama",)]
    whole = reveal(files, DUE).files.seasons[0]
    assert whole == series_files({path: data.replace(KEY.encode(), b"") for path, data in files.items()}).seasons[0]


@pytest.mark.slow
def test_several_instants_each_open_their_own():
    """The next one is due until the last has passed; each shows nothing of the ones after it."""
    season = SEASON + "".join(
        f'\n[[event]]\nid = "extra-{n}"\nname = "Extra {n}"\nembargo = 2030-01-1{n}T12:00:00Z\n' for n in (3, 1, 2)
    )
    files = contents(season, publisher=FEW)
    days = [datetime(2030, 1, day, 12, tzinfo=UTC) for day in (11, 12, 13)]
    store = MemoryStore()
    for count, now in enumerate((NOW, *days)):
        report = regenerate(store, files, now=now)
        names = {
            uid.split(".")[0] for uid in read_ledger(store.read_current("trial").state["ledger/2030.json"]).revisions
        }
        assert {f"extra-{n}" for n in range(1, count + 1)} == {name for name in names if name.startswith("extra")}
        assert reveal(files, now).due == next(iter(days[count:]), None)
        if count < len(days):
            assert report.next_due == days[count]
    # What is left is the season's end.
    assert report.next_due == datetime(2030, 4, 6, 22, tzinfo=UTC)


@pytest.mark.slow
def test_a_missed_second_is_made_good():
    """Whatever time has passed since, the next build shows all that is due, at once."""
    store = once_published((folder("news"), NOW), (folder("news"), DUE + timedelta(days=3)))
    items = json.loads(documents(store)["news/feed.json"])["items"]
    assert [item["title"] for item in items if item["title"] == "News"] == ["News"]


@pytest.mark.slow
def test_what_has_no_embargo_goes_on_meanwhile():
    """An edit of a public event is published although another one waits, and the wait goes on."""
    files = folder("event")
    store = once_published((files, NOW))
    moved = edited(files, "trial/2030/season.toml", ("2030-04-06T13:00", "2030-04-06T15:00"))
    part = build(store, moved, NOW + HOUR)["trial"]
    assert [str(new_fact.fact.what) for new_fact in part.new_facts] == ["retimed"]
    assert build(store, moved, DUE)["trial"].generation == 3


@pytest.mark.slow
def test_other_seasons_keep_every_byte():
    """A season that becomes public touches no calendar, feed archive, page of an event or data of another one."""
    store = once_published((folder("season"), NOW))
    before = documents(store)
    regenerate(store, folder("season"), now=DUE)
    after = documents(store)
    season_paths = [path for path in before if path.startswith("2030/")]
    data = [path for path in season_paths if path.endswith((".ics", "season.json", "changes.json"))]
    assert len(data) > 3
    assert {path: after[path] for path in data} == {path: before[path] for path in data}
    assert (
        store.read_current("trial").state["ledger/2030.json"]
        == once_published((folder("season"), NOW)).read_current("trial").state["ledger/2030.json"]
    )
    assert "2031/season.json" in after.keys() - before.keys()


def test_a_series_that_is_all_under_embargo_is_not_there():
    """No part, no link, no generation; on the second it is published for the first time."""
    files = contents(KEY + SEASON, publisher=FEW)
    files |= {path.replace("trial/", "cup/"): data for path, data in contents(publisher=FEW).items()}
    store = MemoryStore()
    report = regenerate(store, files, now=NOW)
    assert (report.failed, report.next_due) == (False, DUE)
    assert store.list_parts() == ("cup", INDEX)
    assert b"trial" not in b"".join(documents(store, INDEX).values())
    assert not regenerate(store, files, now=DUE).failed
    assert store.list_parts() == ("cup", INDEX, "trial")
    assert store.read_current("trial").manifest.generation == 1


def test_an_embargo_without_an_offset_is_refused():
    """Nobody can know which second it is."""
    definitions = read_definitions(contents(KEY.replace("+09:00", "") + SEASON), "calendars")
    assert [(problem.line, problem.where) for problem in definitions.problems] == [(1, "embargo")]


# --- Names of classes and circuits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["season", "event"])
def test_classes_and_circuits_become_public_only_through_something_public(kind):
    """What only a hidden event names is not in the definitions that documents and private state are made from."""
    files = folder(kind)
    before, after = reveal(files, DUE - SECOND).files, reveal(files, DUE).files
    assert class_ids(before) == ["proto", "gt"]
    assert sorted(before.circuits) == ["okayama", "paris"]
    assert class_ids(after) == ["proto", "gt", "hyper"]
    assert sorted(after.circuits) == ["okayama", "paris", "street"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("entries", '[[list]]\nid = "a"\n{key}counts = {{ hyper = 2 }}\n'),
        ("entries", '[[list]]\nid = "a"\n{key}\n[[list.entry]]\nnumber = "1"\nclass = "hyper"\nteam = "Team"\n'),
        (
            "results",
            '[[result]]\nevent = "paris"\nsession = "race"\n{key}\n'
            '[[result.winner]]\nclass = "hyper"\nteam = "Winners"\n',
        ),
        ("results", '[[champion]]\nclass = "hyper"\n{key}team = "Winners"\n'),
        ("results", '{key}[[invitation]]\nrace = "R"\nteam = "T"\nclass = "hyper"\n'),
        ("news", '[[news]]\nid = "a"\n{key}title = "T"\ntext = "T"\nclasses = ["hyper"]\n'),
    ],
    ids=["count", "entry", "winner", "champion", "invitation", "news"],
)
def test_a_class_hides_with_whatever_names_it(file, text):
    """And is there with it; what is public and names it makes it public."""
    files = contents(series=SERIES + HYPER, **{file: text.format(key=KEY)})
    assert class_ids(reveal(files, DUE - SECOND).files) == ["proto", "gt"]
    assert class_ids(reveal(files, DUE).files) == ["proto", "gt", "hyper"]
    # Through another thing, which is public.
    files = edited(files, "trial/2030/season.toml", ('classes = ["proto", "gt"]', 'classes = ["proto", "gt", "hyper"]'))
    assert class_ids(reveal(files, DUE - SECOND).files) == ["proto", "gt", "hyper"]


def test_a_public_class_does_not_tell_which_hidden_one_it_continues():
    """The link is there with the class."""
    files = edited(folder("event"), "trial/series.toml", ('name = "GT"', 'name = "GT"\ncontinues = ["hyper", "proto"]'))
    for now, follows in ((DUE - SECOND, ("proto",)), (DUE, ("hyper", "proto"))):
        classes = {race_class.id: race_class for race_class in reveal(files, now).files.series.classes}
        assert classes["gt"].continues == follows


@pytest.mark.slow
def test_a_hidden_class_that_continues_a_public_one_leaves_its_calendars_alone():
    """No address and no byte of the public class tells of its successor."""
    series = SERIES + HYPER + 'continues = ["gt"]\n'
    files = folder("season") | {"trial/series.toml": series.encode()}
    assert documents(once_published((files, NOW))) == documents(once_published((without("season"), NOW)))
    after = documents(once_published((files, NOW), (files, DUE)))
    assert "trial-all-hyper.ics" in after


def test_a_circuit_of_a_hidden_season_of_another_series_is_nobodys():
    """The table of circuits is shared: the private state of one series holds no secret of another."""
    files = folder("season")
    files |= {path.replace("trial/", "cup/"): data for path, data in contents(publisher=FEW).items() if "trial" in path}
    store = once_published((files, NOW))
    for name in ("cup", "trial"):
        public = store.read_current(name)
        made_from = load_definitions(public.state[DEFINITIONS_FILE], series_files(files, name).publisher)
        assert sorted(made_from.circuits) == ["okayama", "paris"]


@pytest.mark.slow
def test_a_circuit_that_is_named_by_history_stays_named():
    """Where an event was before: in a [[change]], in a fact of the ledger, in the last definitions."""
    change = '\n  [[event.change]]\n  id = "c"\n  what = "place-changed"\n  from = "street"\n  to = "paris"\n'
    files = contents(SEASON + change, circuits=CIRCUITS + STREET)
    assert sorted(reveal(files, NOW).files.circuits) == ["okayama", "paris", "street"]
    moved = contents(SEASON.replace('circuit = "paris"', 'circuit = "street"'), circuits=CIRCUITS + STREET)
    store = once_published((contents(circuits=CIRCUITS + STREET), NOW), (moved, NOW + HOUR))
    ledgers = {"2030": read_ledger(store.read_current("trial").state["ledger/2030.json"])}
    assert find_already_public(None, ledgers).circuits >= {"okayama", "paris", "street"}
    assert "paris" in reveal(moved, NOW, find_already_public(None, ledgers)).files.circuits
    texts = documents(published((moved, NOW + 2 * HOUR), store=store))["changes/feed.json"].decode()
    assert "Circuit de Paris" in texts


# --- Once public, always public -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("source", ["definitions", "ledger"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_public_once_stays_public_when_a_clock_goes_back(kind, source):
    """It is known from the definitions of the last generation; without them from its ledgers, where they tell."""
    files = folder(kind)
    store = once_published((files, EARLY), (files, DUE))
    ledgers = {
        path.split("/")[-1].removesuffix(".json"): read_ledger(text)
        for path, text in store.read_current("trial").state.items()
        if path.startswith("ledger/")
    }
    files_before = load_definitions(store.read_current("trial").state[DEFINITIONS_FILE], series_files(files).publisher)
    already = find_already_public(files_before, {}) if source == "definitions" else find_already_public(None, ledgers)
    public_files = reveal(files, DUE - HOUR, already)
    if source == "ledger" and kind in ("results", "invitations"):
        assert count_definitions(public_files.files)["result"] == count_definitions(series_files(files))["result"]
        return  # a ledger knows of no invitation
    assert count_definitions(public_files.files) == count_definitions(series_files(files))
    assert class_ids(public_files.files) == class_ids(series_files(files))
    assert public_files.due is None
    assert public_files.early


@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_that_goes_back_changes_nothing(kind):
    """No generation, no error: what a clock that was ahead has shown stays."""
    files = folder(kind)
    store = once_published((files, EARLY), (files, DUE))
    for now in (EARLY, NOW):
        part = build(store, files, now)["trial"]
        assert (part.problems, part.error, part.generation, part.written) == ((), "", 2, ())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_public_cannot_be_put_under_embargo(kind):
    """The build of that series stops with what is meant and what to do; what is public stays."""
    store = once_published((folder(kind, ""), NOW))
    before = documents(store)
    part = build(store, folder(kind), NOW + HOUR)["trial"]
    assert part.failed
    assert {problem.message for problem in part.problems} == {
        "this is public, and an embargo cannot take it back; take the key embargo out again"
    }
    season = "2031" if kind == "season" else "2030"
    assert {problem.file for problem in part.problems} == {f"calendars/trial/{season}"}
    assert documents(store) == before
    assert store.read_current("trial").manifest.generation == 1
    # The way out is the one it names.
    assert not build(store, folder(kind, ""), NOW + 2 * HOUR)["trial"].failed


def test_an_embargo_that_has_passed_may_be_added_or_moved_back():
    """Only one in the future would take something back."""
    past = KEY.replace("2030-01-11", "2030-01-09")
    store = once_published((folder("event", ""), NOW))
    assert not build(store, folder("event", past), NOW + HOUR)["trial"].failed


@pytest.mark.slow
def test_what_waits_may_wait_longer():
    """An embargo that has not passed can be moved, and taken out."""
    store = once_published((folder("event"), NOW))
    later = folder("event", KEY.replace("11T", "12T"))
    assert build(store, later, DUE)["trial"].generation == 1
    assert build(store, later, DUE + timedelta(days=1))["trial"].generation == 2
    store = once_published((folder("event"), NOW), (folder("event", ""), NOW + HOUR))
    assert store.read_current("trial").manifest.generation == 2


@pytest.mark.slow
def test_public_things_are_known_under_every_id_they_had():
    """A season, an event and a race that were renamed after they became public are no secret under the new names."""
    files = folder("event")
    files |= {"trial/2030/results.toml": RESULT.format(key=KEY).encode()}
    store = once_published((files, NOW), (files, DUE))
    season = files["trial/2030/season.toml"].decode()
    for old, new in (("street", "avenue"), ("okayama", "aida"), ("race-1", "race-one")):
        season = season.replace(f'id = "{old}"', f'id = "{new}"\nformerly = ["{old}"]', 1)
    renamed = {path: data for path, data in files.items() if "/2030/" not in path} | {
        "trial/2030-1/season.toml": ('formerly = ["2030"]\n' + season).encode(),
        "trial/2030-1/results.toml": RESULT.format(key=KEY)
        .replace("okayama", "aida")
        .replace("race-1", "race-one")
        .encode(),
    }
    part = build(store, renamed, DUE - HOUR)["trial"]
    assert not part.failed, part.problems
    data = json.loads(documents(store)["2030-1/season.json"])
    assert [event["id"] for event in data["events"]] == ["aida", "paris", "avenue"]
    # With the clock right again it is still refused to hide them.
    part = build(store, renamed | folder_later(renamed), DUE + HOUR)["trial"]
    assert sorted(problem.where for problem in part.problems) == ["2030.okayama.race-1", "2030.street"]


def folder_later(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files with every embargo put off by a year."""
    return {path: data.replace(b"embargo = 2030", b"embargo = 2031") for path, data in files.items()}


# --- Problems as they may be logged ---------------------------------------------------------------------------------

HIDDEN = "something is wrong under embargo; aslms-feeds check says what"
BESIDE = "something is wrong here, beside what is under embargo; aslms-feeds check says what"


def problems(files: dict[str, bytes], now: datetime = DUE - SECOND) -> list[str]:
    """Return the problems of a calendars folder as a log gets them."""
    return [
        str(problem)
        for problem in mask_problems(read_definitions(files, "calendars").problems, files, "calendars", now)
    ]


def broken(kind: str, old: str, new: str) -> dict[str, bytes]:
    """Return a folder with something under embargo and a mistake in one of its files."""
    files = folder(kind)
    path = next(path for path in reversed(files) if old.encode() in files[path])
    return {**files, path: files[path].replace(old.encode(), new.encode(), 1)}


@pytest.mark.parametrize(
    "files",
    [
        broken("season", "2031 Test", 'x"'),
        broken("event", 'id = "street"', 'id = "The Street"'),
        broken("entries", "counts", "secret_key"),
        broken("list", '"first"', '"First Secret"'),
        broken("results", "[[result]]", "[[resul]]"),
        broken("news", 'title = "News"', ""),
    ],
    ids=["syntax", "event", "entries", "list", "results", "news"],
)
def test_a_problem_of_what_is_hidden_tells_nothing_but_the_series(files):
    """However many there are, they are one line; after its second, as always."""
    assert read_definitions(files, "calendars").problems
    assert problems(files) == [f"calendars/trial: {HIDDEN}"]
    after = mask_problems(problems_found := read_definitions(files, "calendars").problems, files, "calendars", DUE)
    assert after == list(problems_found)


@pytest.mark.parametrize(
    "key",
    [
        'embargo = "2030-01-09T12:00:00Z"',
        "embargo = tomorrow",
        "embargo = 2030-01-09T12:00:00",
        "embargo = 2030-01-09",
        "embargo =",
        '"embargo" = 2031-01-01T00:00:00Z',
        "'embargo' = 2031-01-01 00:00:00z",
        "embargo=2031-01-01T00:00:00Z#comment",
        "Embargo = 2031-01-01T00:00:00Z",
        "embargoed = 2031-01-01T00:00:00Z",
        "embarg = 2031-01-01T00:00:00Z",
        "accept = [{ warning = 'x', embargo = 2031-01-01T00:00:00Z }]",
    ],
)
def test_an_embargo_that_cannot_be_read_was_meant(key):
    """A key that is misspelt, or a value that is no instant, makes nothing public in a log."""
    files = contents() | {"trial/2031-secret/season.toml": f'name = "Secret"\n{key}\nunknown-key = 1\n'.encode()}
    assert problems(files) == [f"calendars/trial: {HIDDEN}"]


def test_the_other_files_of_a_hidden_season_are_hidden_with_it():
    """Also when they name no embargo, and when its own file is not there."""
    files = contents() | {"trial/2031-secret/season.toml": (KEY + 'name = "S"\n').encode()}
    files |= {"trial/2031-secret/news.toml": b"wrong", "trial/2031-secret/Secret.toml": b""}
    assert problems(files) == [f"calendars/trial: {HIDDEN}"]
    files["trial/2031-secret/Season.toml"] = files.pop("trial/2031-secret/season.toml")
    assert problems(files) == [f"calendars/trial: {HIDDEN}"]


def test_a_file_in_another_encoding_hides_what_it_holds():
    """A file saved as UTF-16 is wrong, and its embargo was meant."""
    files = contents() | {"trial/2031-secret/season.toml": (KEY + 'name = "S"\n').encode("utf-16")}
    assert problems(files) == [f"calendars/trial: {HIDDEN}"]


def test_problems_of_public_files_are_told_while_something_waits():
    """With their places; but no list of what is allowed, and no guess, may name what is hidden."""
    files = edited(folder("season"), "trial/2030/season.toml", ('circuit = "paris"', 'circuit = "streat"'))
    assert "street" in str(read_definitions(files, "calendars").problems[0])
    assert problems(files) == ["calendars/trial/2030/season.toml:33:11: event.paris.circuit: unknown circuit 'streat'"]
    assert problems(files, DUE) == [
        "calendars/trial/2030/season.toml:33:11: event.paris.circuit: unknown circuit 'streat', did you mean "
        "'street'?; allowed: okayama, paris, street"
    ]


def test_problems_of_shared_files_tell_the_place_while_something_waits():
    """The names of hidden circuits and classes stand in them."""
    files = edited(folder("season"), "circuits.toml", ('name = "The Street"', 'nam = "The Street"'))
    files = edited(files, "trial/series.toml", ('colour = "tomato"', 'colour = "tomatoe"'))
    assert problems(files) == [
        f"calendars/circuits.toml:16:1: {BESIDE}",
        f"calendars/circuits.toml:17:1: {BESIDE}",
        f"calendars/trial/series.toml:19:10: {BESIDE}",
    ]


def test_without_an_embargo_problems_are_what_they_are():
    """Also where one has passed, and where one is only a comment."""
    wrong = SEASON.replace('circuit = "paris"', 'circuit = "pariss"')
    for line in ("", "# embargo = 2031-01-01T00:00:00Z\n", KEY.replace("2030-01-11", "2030-01-09")):
        files = contents(line + wrong)
        problems_found = read_definitions(files, "calendars").problems
        assert mask_problems(problems_found, files, "calendars", DUE - SECOND) == list(problems_found)
        assert len(problems_found) == 1


def test_a_problem_of_no_file_is_told():
    """Such as that the folder is empty."""
    lost = Problem("calendars", 0, 0, "", "no series is here")
    assert mask_problems([lost], folder("season"), "calendars", NOW) == [lost]


def test_one_broken_series_is_masked_in_the_report_and_the_other_goes_on():
    """As it is printed, and as status.json keeps it."""
    files = broken("season", "2031 Test", 'x"')
    files |= {path.replace("trial/", "cup/"): data for path, data in contents(publisher=FEW).items() if "trial" in path}
    store = MemoryStore()
    parts = build(store, files, NOW)
    assert [str(problem) for problem in parts["trial"].problems] == [f"calendars/trial: {HIDDEN}"]
    assert not parts["cup"].failed
    assert parts["cup"].generation == 1
    # At the second, nothing is secret any more.
    parts = build(store, files, DUE)
    assert parts["trial"].problems == read_definitions(files, "calendars").broken["trial"]


def test_definitions_that_were_kept_hold_nothing_that_is_hidden():
    """What a generation was made from is what was public: a rollback can show nothing else."""
    for kind in KINDS:
        store = once_published((folder(kind), EARLY))
        plain = series_files(without(kind))
        made_from = load_definitions(store.read_current("trial").state[DEFINITIONS_FILE], plain.publisher)
        assert replace(made_from, seasons=()) == replace(plain, seasons=())
        assert count_definitions(made_from) == count_definitions(plain)

"""Which calendars there are, what each carries, and what a change or a result reaches."""

import json
import re

import pytest
from icalendar import Calendar

from seasons import LATER, NOW, PUBLISHER, SEASON, SERIES, contents, documents, edited, published

EVENTS = {
    "practice": "practice-1.okayama",
    "qualifying": "qualifying-gt.okayama",
    "race": "race-1.okayama",
    "paris": "race.paris",
}


def build(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return what a folder gives when it is published for the first time."""
    return documents(published((files, NOW)))


def calendars(documents_by_path: dict[str, bytes]) -> dict[str, bytes]:
    """Return the calendar files."""
    return {path: body for path, body in documents_by_path.items() if path.endswith(".ics")}


def vevents(body: bytes) -> dict[str, bytes]:
    """Return the bytes of each VEVENT by UID."""
    vevents = re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body, re.DOTALL)
    return {re.search(rb"\r\nUID:(.*?)\r\n", vevent.replace(b"\r\n ", b""))[1].decode(): vevent for vevent in vevents}


def carried(body: bytes) -> set[str]:
    """Return the session and event of what a calendar carries."""
    return {uid.partition(".2030.")[0] for uid in vevents(body)}


@pytest.fixture(scope="module")
def small():
    """Return the documents of the small season."""
    return build(contents())


# What there is


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("trial-all.ics", {"practice", "qualifying", "race", "paris"}),
        ("trial-qualifying.ics", {"qualifying", "race", "paris"}),
        ("trial-races.ics", {"race", "paris"}),
        ("trial-all-proto.ics", {"practice", "race", "paris"}),
        ("trial-all-gt.ics", {"practice", "qualifying", "race", "paris"}),
        ("trial-qualifying-proto.ics", {"race", "paris"}),
        ("reminders/trial-qualifying.ics", {"qualifying", "race", "paris"}),
        ("2030/trial-2030-all.ics", {"practice", "qualifying", "race", "paris"}),
        ("2030/trial-2030-races.ics", {"race", "paris"}),
        ("2030/okayama/trial-2030-okayama.ics", {"practice", "qualifying", "race"}),
        ("2030/paris/trial-2030-paris.ics", {"paris"}),
    ],
)
def test_what_a_calendar_carries(small, path, names):
    """Sessions of its kinds, of its class and of all classes; a race meeting's own has its sessions, not its days."""
    assert carried(small[path]) == {EVENTS[name] for name in names}


def test_each_kind_of_session_is_in_its_calendars():
    """All has every kind, qualifying two, races one; a race meeting is none of them."""
    kinds = ["test", "practice", "qualifying", "race", "other"]
    sessions = "".join(f'[[event.session]]\nid = "{kind}"\nkind = "{kind}"\nstart = 2030-03-01\n' for kind in kinds)
    documents_by_path = build(contents(f'name = "2030"\nclasses = ["gt"]\n[[event]]\nid = "o"\nname = "O"\n{sessions}'))
    carried_kinds = {
        name: sorted(uid.removesuffix(".o") for uid in carried(documents_by_path[f"trial-{name}.ics"]))
        for name in ("all", "qualifying", "races", "weekends")
    }
    assert carried_kinds == {
        "all": sorted(kinds),
        "qualifying": ["qualifying", "race"],
        "races": ["race"],
        "weekends": ["o"],
    }


def test_weekends_are_in_a_calendar_of_their_own(small):
    """One all-day event for each meeting, and in no other calendar of a season that has sessions."""
    assert carried(small["trial-weekends.ics"]) == {"okayama", "paris"}
    paths = {path for path, body in calendars(small).items() if carried(body) & {"okayama", "paris"}}
    assert paths == {"trial-weekends.ics", "trial-weekends-gt.ics", "trial-weekends-proto.ics"}


def test_every_calendar_there_is(small):
    """Four names for all and for each class, reminders of what has times, two for the season, one for each meeting."""
    classes = ("", "-gt", "-proto")
    names = {f"trial-{name}{race_class}" for name in ("all", "races", "qualifying") for race_class in classes}
    weekends = {f"trial-weekends{race_class}" for race_class in classes}
    season_paths = {f"2030/trial-2030-{name}" for name in ("all", "races")}
    season_paths |= {f"2030/{event}/trial-2030-{event}" for event in ("okayama", "paris")}
    expected = names | weekends | season_paths | {f"reminders/{name}" for name in names}
    assert calendars(small).keys() == {f"{name}.ics" for name in expected}


def test_what_is_switched_off_is_not_there():
    """Names, classes and reminders are the publisher's choice."""
    options = 'names = ["races"]\nclasses = false\nreminders = false\n'
    documents_by_path = calendars(build(contents(publisher=f"{PUBLISHER}\n[calendars]\n{options}")))
    assert {path for path in documents_by_path if not path.startswith("2030/")} == {"trial-races.ics"}


def test_what_was_published_goes_on_when_it_is_switched_off():
    """Someone subscribes to it: its address answers, and it follows what changes."""
    store = published((contents(), NOW))
    files = contents(publisher=f'{PUBLISHER}\n[calendars]\nnames = ["races"]\nclasses = false\nreminders = false\n')
    files = edited(files, "trial/2030/season.toml", ("start = 2030-03-02T13:00:00", "start = 2030-03-02T14:00:00"))
    published((files, LATER), store=store)
    assert b"\r\nDTSTART:20300302T050000Z\r\n" in documents(store)["reminders/trial-all-gt.ics"]


@pytest.mark.slow
def test_no_calendar_is_ever_empty():
    """A season without a day has none, and a calendar appears with its first event."""
    season = 'name = "2030"\nclasses = ["gt"]\n'
    assert calendars(build(contents(season))) == {}
    store = published((contents(season), NOW), (contents(), LATER))
    assert "trial-all.ics" in documents(store)


def test_a_meeting_without_sessions_shows_its_days():
    """Its own calendar holds the weekend until a session is known, then the sessions."""
    season = 'name = "2030"\nclasses = ["gt"]\n[[event]]\nid = "o"\nname = "O"\nfirst_day = 2030-03-01\n'
    assert carried(build(contents(season))["2030/o/trial-2030-o.ics"]) == {"o"}


@pytest.mark.slow
def test_a_class_carries_what_it_continues():
    """Over any number of steps and both ways: old subscribers follow the successor, new ones see the past."""
    series = SERIES + '[[class]]\nid = "gt3"\nname = "GT3"\ncontinues = ["gt"]\n'
    series += '[[class]]\nid = "gt4"\nname = "GT4"\ncontinues = ["gt3"]\n'
    files = contents(series=series)
    later = SEASON.replace("2030", "2031").replace('"gt"', '"gt4"').replace("-gt", "-gt4")
    files["trial/2031/season.toml"] = later.encode()
    documents_by_path = build(files)
    assert (
        vevents(documents_by_path["trial-all-gt.ics"])
        == vevents(documents_by_path["trial-all-gt4.ics"])
        == vevents(documents_by_path["trial-all-gt3.ics"])
    )
    assert len(vevents(documents_by_path["trial-all-gt.ics"])) == 8
    assert len(vevents(documents_by_path["trial-all-proto.ics"])) == 6


def test_forerunners_are_in_no_calendar():
    """They are on the history page and in the data only."""
    season = SEASON.replace('status = "confirmed"\n', 'status = "confirmed"\nkind = "forerunner"\n', 1)
    files = {**contents(), "trial/1999/season.toml": season.replace("2030", "1999").encode()}
    documents_by_path = build(files)
    assert [path for path, body in calendars(documents_by_path).items() if b".1999." in body] == []
    assert json.loads(documents_by_path["1999/season.json"])["kind"] == "forerunner"


def test_titles_say_what_is_in_a_calendar(small):
    """Series, class, what, and whether it rings; with no comma, whose escape some clients would show."""
    titles = {path: str(Calendar.from_ical(body)["X-WR-CALNAME"]) for path, body in calendars(small).items()}
    assert titles["trial-all.ics"] == "Test Series: all sessions"
    assert titles["trial-qualifying-gt.ics"] == "Test Series GT: qualifying and races"
    assert titles["reminders/trial-races.ics"] == "Test Series: races with reminders"
    assert titles["trial-weekends.ics"] == "Test Series: race weekends"
    assert titles["2030/trial-2030-races.ics"] == "2030 Test Series: races"
    assert titles["2030/okayama/trial-2030-okayama.ics"] == "4 Hours of Okayama (2030 Test Series)"
    assert len(set(titles.values())) == len(titles)
    assert [path for path, body in calendars(small).items() if re.search(rb"X-WR-CAL\w+:[^\r]*\\", body)] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tag", "titles"),
    [
        ("fr", ("Test Series GT\N{NO-BREAK SPACE}: courses", "4 Hours of Okayama (2030 Test Series)")),
        ("zh-Hans", ("Test Series GT：正赛", "4 Hours of Okayama（2030 Test Series）")),
        # What begins with a number is held together in a line that runs from right to left.
        (
            "ar",
            ("\u2068Test Series GT\u2069: السباقات", "\u20684 Hours of Okayama\u2069 (\u20682030 Test Series\u2069)"),
        ),
    ],
)
def test_titles_have_the_languages_own_marks(tag, titles):
    """Colons and brackets are part of what is translated."""
    documents_by_path = build(contents(publisher=f'{PUBLISHER}languages = ["en", "{tag}"]\n'))
    paths = (f"{tag.lower()}/trial-races-gt.ics", f"{tag.lower()}/2030/okayama/trial-2030-okayama.ics")
    assert tuple(str(Calendar.from_ical(documents_by_path[path])["X-WR-CALNAME"]) for path in paths) == titles


# What a change reaches


@pytest.fixture(scope="module")
def moved():
    """Return what is published before and after one session moved to another time of its day."""
    store = published((contents(), NOW))
    before = documents(store)
    edit = ("start = 2030-03-02T13:00:00", "start = 2030-03-02T14:30:00")
    published((edited(contents(), "trial/2030/season.toml", edit), LATER), store=store)
    return before, documents(store)


@pytest.mark.slow
def test_one_session_that_moves_is_one_vevent_that_changes(moved):
    """In the calendars that carry it, and in each of them alone; the others keep their bytes."""
    before, after = moved
    race = "race-1.okayama.2030.trial@example.org"
    assert before.keys() == after.keys()
    changed = set()
    for path in calendars(after):
        old, new = vevents(before[path]), vevents(after[path])
        assert list(old) == list(new), path
        if differ := {uid for uid in new if old[uid] != new[uid]}:
            assert differ == {race}, path
            changed.add(path)
        else:
            assert before[path] == after[path], path
    assert changed == {path for path in calendars(after) if race in vevents(after[path])}
    assert len(changed) == 21


def test_one_session_that_moves_is_one_item_in_the_feeds(moved):
    """Changes and everything tell it, once; news and results do not hear of a new time."""
    before, after = moved
    for name in ("news", "changes", "results", "everything"):
        old, new = (
            json.loads(published_documents[f"{name}/feed.json"])["items"] for published_documents in (before, after)
        )
        titles = [item["title"] for item in new if item not in old]
        expected = ["4 Hours of Okayama: Race 1: new time"] if name in ("changes", "everything") else []
        assert titles == expected, name
        assert [item for item in old if item not in new] == []
        for file in ("atom.xml", "rss.xml"):
            assert (before[f"{name}/{file}"] != after[f"{name}/{file}"]) == bool(expected), name


def test_one_session_that_moves_changes_that_session_in_the_data(moved):
    """And adds one fact and one item; the other meeting's page keeps its bytes."""
    before, after = (
        {path: json.loads(published_documents[path]) for path in published_documents if path.endswith("s.json")}
        for published_documents in moved
    )
    assert before["series.json"] == after["series.json"]
    old, new = before["2030/changes.json"], after["2030/changes.json"]
    assert [fact["id"] for fact in new["facts"]][len(old["facts"]) :] == [
        "race-1.okayama.retimed.20300201T093000Z",
    ]
    assert len(new["items"]) == len(old["items"]) + 1
    old, new = (json.loads(published_documents["2030/season.json"]) for published_documents in moved)
    sessions = [
        (
            event["id"],
            session_before["id"],
            sorted(key for key in session_before if session_before[key] != session_after[key]),
        )
        for event, event_after in zip(old["events"], new["events"], strict=True)
        for session_before, session_after in zip(event["sessions"], event_after["sessions"], strict=True)
        if session_before != session_after
    ]
    times = ["end", "end_local", "last_modified", "revision", "sequence", "start", "start_local"]
    assert sessions == [("okayama", "race-1", times)]
    assert moved[0]["2030/paris/index.html"] == moved[1]["2030/paris/index.html"]


# The wall in front of results

RESULTS = """\
[[result]]
event = "okayama"
session = "race-1"
on = 2030-03-02
note = "ztoken-a"
sources = ["https://ztoken-b.example.org/"]
overall = { team = "ztoken-c", number = "777", car = "ztoken-d", drivers = ["ztoken-e"] }

  [[result.winner]]
  class = "gt"
  team = "ztoken-f"
  number = "778"
  car = "ztoken-g"
  drivers = ["ztoken-h"]

[[champion]]
class = "gt"
drivers = ["ztoken-i"]
team = "ztoken-j"
number = "779"
car = "ztoken-k"
note = "ztoken-l"
sources = ["https://ztoken-m.example.org/"]

[[champion]]
title = "ztoken-n"
team = "ztoken-o"
on = 2030-03-03

[[invitation]]
race = "ztoken-p"
team = "ztoken-q"
class = "gt"
note = "ztoken-r"
sources = ["https://ztoken-s.example.org/"]
"""
NEWS = """\
[[news]]
id = "ztoken-t"
on = 2030-03-02
title = "ztoken-u"
text = "ztoken-v"
events = ["okayama"]
sources = ["https://ztoken-w.example.org/"]
spoils = true

[[news]]
id = "harmless"
on = 2030-03-02
title = "Harmless"
text = "Nothing is told here."
"""


@pytest.mark.slow
def test_no_result_reaches_a_calendar_or_the_news():
    """No word of a result, a title, an invitation or a report that spoils is in calendars, news or changes."""
    after_the_race = LATER.replace(month=3, day=4)
    with_results = contents(results=RESULTS, news=NEWS)
    documents_by_path = documents(published((contents(), NOW), (with_results, after_the_race)))
    token = re.compile(rb"ztoken-[a-w]|77[789]")
    paths = {
        path for path, body in documents_by_path.items() if token.search(re.sub(rb"\r\n |sha|[0-9a-f]{20,}", b"", body))
    }
    walled = {path for path in documents_by_path if path.endswith(".ics") or path.startswith(("news/", "changes/"))}
    assert len(walled) > 30
    assert paths & walled == set()
    # They are told where people look for them, and every token is one of those.
    assert {"results/atom.xml", "results/rss.xml", "results/feed.json", "everything/feed.json"} <= paths
    everywhere = b"".join(documents_by_path[path] for path in paths)
    assert {letter for letter in "abcdefghijklmnopqrstuvw" if f"ztoken-{letter}".encode() not in everywhere} == set()
    assert b"Harmless" in documents_by_path["news/feed.json"]
    assert b"Harmless" not in documents_by_path["results/feed.json"]

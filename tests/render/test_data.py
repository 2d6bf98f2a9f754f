"""The data documents: everything that is known, null for what is not, and enough to rebuild a ledger from."""

import json
import re
from datetime import date

import pytest
from icalendar import Calendar

from seasons import LATER, NOW, SEASON, contents, documents, edited, published


@pytest.fixture(scope="module")
def season(everything_now):
    """Return season.json of the season that has everything."""
    return json.loads(everything_now["2030/season.json"])


def session(season: dict, event: str, name: str) -> dict:
    """Return a session of season.json."""
    events = {row["id"]: row for row in season["events"]}
    return next(row for row in events[event]["sessions"] if row["id"] == name)


def test_what_is_not_known_is_null(season):
    """A start without a time, an end that calendars only assume, a venue, a day: never a guess."""
    day = session(season, "okayama", "practice-1")
    assert [day[key] for key in ("precision", "day", "start", "start_local", "end", "end_local")] == [
        "day",
        "2030-03-01",
        None,
        None,
        None,
        None,
    ]
    parade = session(season, "okayama", "parade")
    assert [parade[key] for key in ("precision", "day", "start", "end")] == ["event", None, None, None]
    assumed = session(season, "okayama", "qualifying-gt3")
    assert [assumed[key] for key in ("start", "end", "end_local")] == ["2030-03-02T00:00:00Z", None, None]
    events = {row["id"]: row for row in season["events"]}
    assert events["street"]["circuit"] is None
    finale = events["finale"]
    assert [finale[key] for key in ("first_day", "last_day", "when", "uid", "sequence", "calendar")] == [
        None,
        None,
        "late 2030",
        None,
        None,
        None,
    ]


def test_times_are_given_in_utc_and_at_the_circuit(season):
    """With the offset that holds at each end of a session, also of one over a change of the clocks."""
    night = session(season, "paris", "race-night")
    assert [night[key] for key in ("start", "start_local", "end", "end_local")] == [
        "2030-03-30T21:00:00Z",
        "2030-03-30T22:00:00+01:00",
        "2030-03-31T03:00:00Z",
        "2030-03-31T05:00:00+02:00",
    ]
    twice = session(season, "paris-autumn", "race")
    assert (twice["start"], twice["start_local"]) == ("2030-10-27T01:30:00Z", "2030-10-27T02:30:00+01:00")


def test_what_is_off_says_why(season):
    """The reason stands beside the status, for the event and for its sessions."""
    events = {row["id"]: row for row in season["events"]}
    assert (events["dubai"]["status"], events["dubai"]["why"]) == ("postponed", "A sandstorm is forecast.")
    assert session(season, "okayama", "warm-up")["why"] == "The track is being swept, again; all day."
    assert session(season, "okayama", "race-1")["why"] is None
    assert (events["yas"]["status"], events["yas"]["why"]) == ("postponed", None)


def test_stamps_are_those_of_the_calendar(everything_now, season):
    """UID, SEQUENCE, CREATED and LAST-MODIFIED of every event and session, as the calendars have them."""
    rows = [row for event in season["events"] for row in (event, *event["sessions"]) if row["uid"]]
    data_stamps = {row["uid"]: (row["sequence"], row["created"], row["last_modified"], row["revision"]) for row in rows}
    calendar_stamps = {}
    for path in ("2030/cup-2030-all.ics", "cup-weekends.ics"):
        for event in Calendar.from_ical(everything_now[path]).walk("VEVENT"):
            if ".2030." in event["UID"]:
                stamps = (f"{event[name].dt:%Y-%m-%dT%H:%M:%SZ}" for name in ("CREATED", "LAST-MODIFIED"))
                count = re.search(r"^revision (\d+),", event["DESCRIPTION"], re.MULTILINE)
                calendar_stamps[str(event["UID"])] = (int(event["SEQUENCE"]), *stamps, int(count[1]))
    assert calendar_stamps == data_stamps


def test_changes_hold_every_fact_and_every_item(everything_now):
    """Facts with before and after, items with the ids and dates that the feeds have."""
    changes = json.loads(everything_now["2030/changes.json"])
    facts = {row["id"]: row for row in changes["facts"]}
    moved = facts["practice-1.paris.moved.20300201T093000Z"]
    assert (moved["what"], moved["event"], moved["session"], moved["at"]) == (
        "moved",
        "paris",
        "practice-1",
        "2030-02-01T09:30:00Z",
    )
    items = {row["id"]: row for row in changes["items"]}
    feed = json.loads(everything_now["everything/feed.json"])
    feed_items = [row for row in feed["items"] if "/2030/" in row["id"]]
    assert feed_items
    for row in feed_items:
        item = items[row["id"]]
        dates = (row["date_published"], row.get("date_modified", row["date_published"]))
        assert (item["title"], item["published"], item["updated"]) == (row["title"], *dates)


def test_what_has_no_date_is_in_the_data_only(everything_now):
    """Undated news and changes are items without a date, and in no feed."""
    items = json.loads(everything_now["2029/changes.json"])["items"]
    undated = {row["title"] for row in items if row["published"] is None}
    assert {"Undated news is on pages only", "2029 Everything Cup: New organiser"} <= undated
    feeds = [body for path, body in everything_now.items() if path.endswith("feed.json")]
    assert not any(title.encode() in body for title in undated for body in feeds)


def test_a_series_lists_its_seasons_and_its_calendars(everything_now):
    """In order of time, with every address, and which season it is now."""
    series = json.loads(everything_now["series.json"])
    assert series["current_season"] == "2030"
    rows = [(row["id"], row["kind"], row["first_day"], row["last_day"]) for row in series["seasons"]]
    assert rows == [
        ("1998-suzuka", "forerunner", None, None),
        ("2029", "championship", "2029-10-06", "2029-10-06"),
        ("2030", "championship", "2030-03-01", "2030-11-02"),
        ("2031", "championship", None, None),
    ]
    paths = {row["url"].removeprefix("https://calendar.example.org/cup/") for row in series["calendars"]}
    assert paths == {path for path in everything_now if path.endswith(".ics")}


def test_a_season_says_what_was_done_and_won(everything_now):
    """Lists in the plural, each with its sources and everything the files say."""
    season = json.loads(everything_now["2029/season.json"])
    (result,), (first, trophy), (invitation,) = season["results"], season["champions"], season["invitations"]
    assert result["overall"]["number"] == "007"
    assert result["winners"][0]["class"] == "gt"
    assert (first["class"], trophy["title"], trophy["class"]) == ("gt", "Trophy of Trophies", None)
    assert invitation["priority"] is True
    lists = json.loads(everything_now["2030/season.json"])["entry_lists"]
    assert [entry["number"] for entry in lists[1]["entries"]] == ["7", "007", "8"]
    assert lists[0]["counts"] == {"proto": 20, "gt3": 10}


def test_what_was_retired_is_in_the_data():
    """A tombstone is published with its reason, and its events stay, cancelled."""
    store = published((contents(), NOW))
    lines = SEASON[SEASON.index('[[event]]\nid = "paris"') :]
    tombstone = '[[retired]]\nid = "paris"\nwhy = "Published by mistake."\n'
    published((edited(contents(), "trial/2030/season.toml", (lines, tombstone)), LATER), store=store)
    published_documents = documents(store)
    assert json.loads(published_documents["2030/changes.json"])["retired"] == [
        {"id": "paris", "why": "Published by mistake."}
    ]
    paris = json.loads(published_documents["2030/season.json"])["events"][1]
    assert (paris["id"], paris["status"], paris["why"]) == ("paris", "cancelled", "Published by mistake.")


def test_every_day_and_instant_is_iso_8601(everything_now, real):
    """What looks like a date is one, whatever the key."""
    pattern = re.compile(r'"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))?"')
    for publication in (everything_now, real):
        for path, body in publication.items():
            if path.endswith(("season.json", "changes.json", "series.json")):
                for day, _time in pattern.findall(body.decode()):
                    date.fromisoformat(day)
                assert b"NaN" not in body
                assert b"Infinity" not in body

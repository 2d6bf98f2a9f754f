"""Which answers are taken, and what becomes of items and definitions that are."""

import re
from datetime import date

import pytest
from contracts.hostile import Hostile, answer, in_turn
from upstream_world import FEED, FOLDER, HOUR, ICS, NEXT, RACE, World, rss, titles, vcalendar

from aslms_feeds.editions.markup import render_plain
from seasons import NOW, contents


def test_items_become_news_with_their_origin(tmp_path):
    """Id, day, title, text, link and origin; the text says what it said, whatever Markdown would make of it."""
    body = rss(1, text="*Not* bold [no](link) &amp;lt;b&amp;gt; 1. #")
    with Hostile({"/feed": answer(body)}) as server:
        polled = World(tmp_path, server, FEED + "\nspoils = true").poll()
        (item,) = polled.news["trial", "2030"]
        assert re.fullmatch(r"club-[0-9a-f]{16}", item.id)
        assert (item.on, item.title, item.origin, item.spoils) == (date(2030, 1, 1), "Item 1", "Club News", True)
        assert item.sources == ("https://club.example/1",)
        assert render_plain(item.text) == "*Not* bold [no](link) <b> 1. # 1"


@pytest.mark.slow
def test_a_day_is_never_to_come(tmp_path):
    """A feed that is ahead, or says no day at all, has its items on the day they are seen."""
    ahead = rss(1).replace(b"01 Jan 2030", b"01 Jan 2035")
    with Hostile(
        {"/feed": answer(ahead), "/undated": answer(re.sub(rb"<pubDate>.*?</pubDate>", b"", rss(2)))}
    ) as server:
        world = World(tmp_path, server, FEED, FEED.replace("club", "other").replace("/feed", "/undated"))
        assert [item.on for item in world.poll().news["trial", "2030"]] == [NOW.date(), NOW.date()]


@pytest.mark.slow
def test_what_was_joined_stays_and_is_edited(tmp_path):
    """What a feed drops is kept, with its id and day; what it edits is edited."""
    edited = rss(2, 3, text="Other").replace(b"01 Jan", b"05 Jan")
    with Hostile({"/feed": in_turn(answer(rss(1, 2)), answer(edited))}) as server:
        world = World(tmp_path, server, FEED)
        before = {item.title: item for item in world.poll().news["trial", "2030"]}
        after = {item.title: item for item in world.poll(2 * HOUR).news["trial", "2030"]}
        assert after.keys() == {"Item 1", "Item 2", "Item 3"}
        assert after["Item 1"] == before["Item 1"]
        assert (after["Item 2"].id, after["Item 2"].on) == (before["Item 2"].id, date(2030, 1, 1))
        assert after["Item 2"].text == "Other 2"


@pytest.mark.slow
def test_without_a_season_items_wait(tmp_path):
    """They are not lost: as soon as there is a season, they join it."""
    with Hostile({"/feed": answer(rss(1), 'ETag: "1"')}) as server:
        world = World(tmp_path, server, FEED + '\nseason = "2031"')
        polled = world.poll()
        assert polled.news == {}
        assert polled.troubles == {"club": "the series 'trial' has no season that its items could join"}
        world.local_files = {**world.local_files, "trial/2031/season.toml": NEXT.encode()}
        assert titles(world.poll(3 * HOUR)) == {"2031": ["Item 1"]}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"name = \xff", "is not UTF-8 at byte 7"),
        (b" <html>", "is a page in HTML, such as one to log in with"),
    ],
)
def test_a_file_that_is_no_definition_is_doubted(tmp_path, body, reason):
    """Before anything is made of it."""
    with Hostile({"/trial/2031/season.toml": answer(body)}) as server:
        polled = World(tmp_path, server, FOLDER).poll()
        assert (polled.contents, polled.quarantines) == ({}, {"club": reason})


def test_a_series_that_is_not_whole_is_doubted(tmp_path):
    """A season alone is no series, and calendars of no series are compared with nothing."""
    shared = {path: data for path, data in contents().items() if "/" not in path}
    habits = {"/trial/2031/season.toml": answer(NEXT.encode()), "/ics": answer(vcalendar(RACE))}
    with Hostile(habits) as server:
        polled = World(tmp_path, server, FOLDER, ICS.replace("club", "cal"), local_files=shared).poll()
        assert polled.quarantines == {
            "club": "calendars/trial/series.toml: the file is missing; it names the series and its classes"
        }
        assert (polled.contents, polled.proposals, polled.troubles) == ({}, (), {})

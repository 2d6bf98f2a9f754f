"""What is asked for, and what an answer brings."""

import json

import pytest
from contracts.hostile import Hostile, answer, in_turn
from upstream_world import FEED, FILE, FOLDER, HOUR, NEXT, World, rss

from seasons import NOW


def test_unchanged_means_unchanged(tmp_path):
    """A 304, and the same bytes under a new tag, change nothing but the time."""

    def habit(talk):
        validator = talk.headers.get("if-none-match")
        tag = f'ETag: "{len(server.asked)}"'
        (answer(status=304) if validator == '"1"' and len(server.asked) == 2 else answer(rss(1), tag))(talk)

    with Hostile({"/feed": habit}) as server:
        world = World(tmp_path, server, FEED)
        first = world.poll()
        stored = world.file("items.json").read_bytes()
        inode = world.file("items.json").stat().st_ino
        for _ in range(2):
            later = world.poll(2 * HOUR)
            assert (later.news, later.troubles, later.quarantines) == (first.news, {}, {})
        assert world.file("items.json").read_bytes() == stored
        assert world.file("items.json").stat().st_ino == inode
        assert json.loads(world.file("state.json").read_bytes())["asked"] == world.now.isoformat()


def test_one_changed_file_of_a_folder_is_enough(tmp_path):
    """The others answer that nothing changed, and stay as they are kept."""
    news = '[[news]]\nid = "a"\non = 2030-12-01\ntitle = "A"\ntext = "B"\n'

    def season(talk):
        (answer(status=304) if "if-none-match" in talk.headers else answer(NEXT.encode(), 'ETag: "s"'))(talk)

    changing = in_turn(answer(news.encode()), answer(news.replace('"A"', '"C"').encode()))
    with Hostile({"/trial/2031/season.toml": season, "/trial/2031/news.toml": changing}) as server:
        files = FOLDER.replace('"2031/season.toml"', '"2031/season.toml", "2031/news.toml"')
        world = World(tmp_path, server, files)
        world.poll()
        after = world.poll(2 * HOUR)
        assert after.contents["trial/2031/season.toml"] == NEXT.encode()
        assert b'"C"' in after.contents["trial/2031/news.toml"]
        assert (after.quarantines, after.troubles) == ({}, {})


@pytest.mark.parametrize(
    ("upstream", "reason"),
    [
        (FOLDER.replace('"2031/season.toml"', ""), "a folder cannot be listed: name its files with the key files"),
        (
            FOLDER.replace("2031/season.toml", "../../etc/season.toml"),
            "'../../etc/season.toml' is no definition file, such as series.toml or 2026-27/season.toml",
        ),
        (
            FILE.replace("/2031/season.toml", "/Next%20one/season.toml"),
            "'Next%20one/season.toml' is no definition file, such as 2026-27/season.toml: name its season",
        ),
    ],
)
def test_what_is_set_wrongly_is_said(tmp_path, upstream, reason):
    """Before, or instead of, asking in vain."""
    with Hostile({"/trial/Next%20one/season.toml": answer(NEXT.encode())}) as server:
        polled = World(tmp_path, server, upstream).poll()
        assert (polled.troubles, polled.quarantines, polled.contents) == ({"club": reason}, {}, {})


def test_a_folder_that_asks_to_be_left_alone_is(tmp_path):
    """One file of it is enough, and none of the others is taken."""
    files = FOLDER.replace('"2031/season.toml"', '"2031/season.toml", "2031/news.toml"')
    habits = {
        "/trial/2031/season.toml": answer(NEXT.encode()),
        "/trial/2031/news.toml": answer(b"", "Retry-After: 7200", status=429),
    }
    with Hostile(habits) as server:
        polled = World(tmp_path, server, files).poll()
        assert polled.contents == {}
        assert polled.troubles == {"club": f"asks to be left alone until {NOW + 2 * HOUR:%Y-%m-%d %H:%M} UTC"}
        assert polled.next_due == NOW + 2 * HOUR


def test_a_file_that_is_missing_is_named(tmp_path):
    """Of a folder, the message says which."""
    with Hostile({"/trial/2031/season.toml": answer(status=404)}) as server:
        polled = World(tmp_path, server, FOLDER).poll()
        assert polled.troubles == {"club": "2031/season.toml: answers 404 Not Found"}


def test_a_folder_has_no_more_time_than_there_is(tmp_path):
    """However many files it has, each of which comes in time."""
    names = [f"20{at}/season.toml" for at in range(31, 61)]
    files = FOLDER.replace('"2031/season.toml"', ", ".join(f'"{name}"' for name in names))

    def slow(talk):
        talk.pause(0.2)
        answer(NEXT.encode())(talk)

    with Hostile({f"/trial/{name}": slow for name in names}) as server:
        polled = World(tmp_path, server, files).poll(seconds=1.5)
        assert polled.asked_ids == ("club",)
        assert set(polled.troubles) == {"club"}
        assert len(server.asked) < len(names)
        assert polled.next_due > NOW

"""Definitions of upstreams below those of the calendars folder, and the season that an upstream is about."""

from datetime import timedelta

import pytest
from contracts.hostile import Hostile, answer, in_turn
from upstream_world import ARCHIVE, DAY, FEED, FILE, FOLDER, NEXT, World, rss, titles, zipped

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import SEASON, SERIES, contents


def publish(world, polled):
    """Build what there is, and return the report."""
    return regenerate(MemoryStore(), {**polled.contents, **world.local_files}, now=world.now)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("upstream", "target", "body"),
    [
        (FOLDER, "/trial/2031/season.toml", NEXT.encode()),
        (FILE, "/trial/2031/season.toml", NEXT.encode()),
        (FILE.replace("/trial/2031/", "/x/") + '\nseason = "2031"', "/x/season.toml", NEXT.encode()),
        (ARCHIVE, "/main.zip", zipped(**{"2031_season": NEXT})),
    ],
    ids=["folder", "file", "file-of-a-season", "archive"],
)
def test_definitions_are_published_as_if_they_lay_here(tmp_path, upstream, target, body):
    """A folder, a file or an archive: its files come below the series' folder, and stay there between askings."""
    with Hostile({target: answer(body, 'ETag: "1"')}) as server:
        world = World(tmp_path, server, upstream)
        polled = world.poll()
        assert polled.contents == {"trial/2031/season.toml": NEXT.encode()}
        assert (polled.troubles, polled.quarantines) == ({}, {})
        assert world.poll(timedelta(minutes=1)).contents == polled.contents
        assert not publish(world, polled).failed


@pytest.mark.slow
def test_a_whole_series_may_come_from_elsewhere(tmp_path):
    """Only the publisher and the circuits are ours."""
    shared = {path: data for path, data in contents().items() if "/" not in path}
    with Hostile({"/main.zip": answer(zipped(series=SERIES, **{"2030_season": SEASON}))}) as server:
        world = World(tmp_path, server, ARCHIVE, local_files=shared)
        polled = world.poll()
        assert sorted(polled.contents) == ["trial/2030/season.toml", "trial/series.toml"]
        assert not publish(world, polled).failed


def test_a_file_that_lies_here_wins(tmp_path):
    """And it is told that the upstream says otherwise."""
    different = SEASON.replace("4 Hours of Paris", "5 Hours of Paris")
    with Hostile({"/main.zip": answer(zipped(**{"2030_season": different, "2031_season": NEXT}))}) as server:
        polled = World(tmp_path, server, ARCHIVE).poll()
        assert list(polled.contents) == ["trial/2031/season.toml"]
        assert polled.overridden_paths == ("trial/2030/season.toml",)


@pytest.mark.slow
def test_items_join_the_season_that_was_current_and_stay_there(tmp_path):
    """A new season takes new items only; one that is renamed keeps its own; a named season takes all."""
    two_seasons = contents() | {"trial/2031/season.toml": NEXT.encode()}
    with Hostile({"/feed": in_turn(answer(rss(1)), answer(rss(1, 2))), "/named": answer(rss(3))}) as server:
        named = FEED.replace("club", "named").replace("/feed", "/named") + '\nseason = "2030"'
        world = World(tmp_path, server, FEED, named, local_files=two_seasons)
        assert sorted(titles(world.poll())["2030"]) == ["Item 1", "Item 3"]
        later = world.poll(200 * DAY)
        assert sorted(titles(later)["2030"]) == ["Item 1", "Item 3"]
        assert titles(later)["2031"] == ["Item 2"]
        renamed = {path.replace("/2031/", "/2031-32/"): data for path, data in two_seasons.items()}
        path = "trial/2031-32/season.toml"
        renamed[path] = b'formerly = ["2031"]\n' + renamed[path]
        world.local_files = renamed
        assert titles(world.poll())["2031-32"] == ["Item 2"]


@pytest.mark.slow
def test_a_season_under_embargo_takes_no_items(tmp_path):
    """Nothing of it is public yet, so nothing may join it."""
    early = contents(SEASON.replace("status =", "embargo = 2030-01-11T00:00:00Z\nstatus =", 1))
    old = SEASON.replace("2030", "2029").replace("2029-12-20", "2028-12-20")
    local_files = early | {"trial/2029/season.toml": old.encode()}
    with Hostile({"/feed": in_turn(answer(rss(1)), answer(rss(1, 2)))}) as server:
        world = World(tmp_path, server, FEED, local_files=local_files)
        assert titles(world.poll()) == {"2029": ["Item 1"]}
        assert titles(world.poll(DAY)) == {"2029": ["Item 1"], "2030": ["Item 2"]}

"""When an upstream is asked, and when it is asked next."""

from datetime import UTC, datetime, timedelta

import pytest
from contracts.hostile import Hostile, answer
from hypothesis import given
from hypothesis import strategies as st
from upstream_world import DAY, FEED, HOUR, World, rss, titles

from aslms_feeds.definitions.publisher import Upstream
from aslms_feeds.upstreams.due import find_next_due
from seasons import NOW


def test_only_what_is_due_is_asked(tmp_path):
    """Once asked, an upstream is left alone for its interval, a tenth more or less; the data are there all the same."""
    with Hostile({"/feed": answer(rss(1), "Content-Type: application/rss+xml")}) as server:
        world = World(tmp_path, server, FEED)
        first = world.poll()
        assert (first.asked_ids, titles(first)) == (("club",), {"2030": ["Item 1"]})
        assert timedelta(minutes=54) <= first.next_due - NOW <= timedelta(minutes=66)
        again = world.poll(timedelta(minutes=53))
        assert (again.asked_ids, again.news, again.next_due) == ((), first.news, first.next_due)
        world.now = first.next_due
        assert world.poll().asked_ids == ("club",)
        assert len(server.asked) == 2


@given(st.sampled_from(["a", "b", "club"]), st.integers(0, 10**9), st.integers(0, 30))
def test_the_next_time_is_a_tenth_away_from_the_interval_at_most(name, now, failures):
    """It is the same for the same upstream and instant; failures make it rarer, up to a day."""
    upstream = Upstream(id=name, kind="feed", url="https://x.example", series="trial", every_minutes=60)
    now = datetime.fromtimestamp(now, UTC)
    due = find_next_due(upstream, now, failures) - now
    assert due == find_next_due(upstream, now, failures) - now
    whole = min(HOUR * 2 ** max(0, failures - 1), DAY)
    assert 0.9 * whole <= due <= 1.1 * whole + timedelta(seconds=1)


def test_two_upstreams_are_not_asked_at_the_same_second_for_ever():
    """The jitter comes from the id and the instant, so it spreads."""
    upstreams = [Upstream(id=f"u-{at}", kind="feed", url="https://x.example", series="t") for at in range(20)]
    assert len({find_next_due(upstream, NOW, 0) for upstream in upstreams}) > 15


def test_a_clock_that_was_ahead_holds_nobody_up(tmp_path):
    """What was asked in what is now the future is asked again."""
    with Hostile({"/feed": answer(rss(1))}) as server:
        world = World(tmp_path, server, FEED)
        world.poll(365 * DAY)
        assert world.poll(-365 * DAY).asked_ids == ("club",)


@pytest.mark.slow
def test_another_address_is_asked_at_once(tmp_path):
    """Validators of one address say nothing about another; what has been joined stays."""
    with Hostile({"/feed": answer(rss(1), 'ETag: "one"'), "/other": answer(rss(2), 'ETag: "one"')}) as server:
        World(tmp_path, server, FEED).poll()
        moved = World(tmp_path, server, FEED.replace("/feed", "/other")).poll()
        assert moved.asked_ids == ("club",)
        assert sorted(titles(moved)["2030"]) == ["Item 1", "Item 2"]
        assert "if-none-match" not in server.asked[-1].headers

"""What is stored of an upstream: damage to it, and loss of power while it is written."""

from datetime import timedelta

import pytest
from contracts.hostile import Hostile, answer, in_turn
from upstream_world import FEED, FOLDER, HOUR, ICS, NEXT, RACE, World, rss, titles, vcalendar

from aslms_feeds.publication import files as publication_files
from seasons import NOW


@pytest.mark.slow
def test_a_state_that_is_damaged_is_begun_again(tmp_path):
    """It is asked at once, and without validators."""
    with Hostile({"/feed": answer(rss(1), 'ETag: "1"')}) as server:
        world = World(tmp_path, server, FEED)
        first = world.poll()
        for damaged in ("", "[]", '{"format": 1}', '{"format": 1, "due": "soon"}', '{"format": 2}', "[" * 100_000):
            world.file("state.json").write_text(damaged)
            assert (world.poll().asked_ids, world.poll().news) == (("club",), first.news)
            assert "if-none-match" not in server.asked[-1].headers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("upstream", "name", "target", "body"),
    [
        (FOLDER, "files.json", "/trial/2031/season.toml", NEXT.encode()),
        (ICS, "events.json", "/ics", vcalendar(RACE)),
    ],
)
@pytest.mark.parametrize(
    "damage", [b"", b"{}", b'{"format": 1, "series": "trial", "files": {"a": 1}, "events": [{}]}', None]
)
def test_data_that_can_be_had_again_are_asked_for_again(tmp_path, upstream, name, target, body, damage):
    """At once, and as a whole, whatever the server would say about changes."""

    def habit(talk):
        (answer(status=304) if "if-none-match" in talk.headers else answer(body, 'ETag: "1"'))(talk)

    with Hostile({target: habit}) as server:
        world = World(tmp_path, server, upstream)
        first = world.poll()
        if damage is None:
            world.file(name).unlink()
        else:
            world.file(name).write_bytes(damage)
        again = world.poll(timedelta(minutes=1))
        assert again.asked_ids == ("club",)
        assert (again.contents, again.proposals, again.troubles) == (first.contents, first.proposals, {})


@pytest.mark.parametrize("damage", [b"{", b'{"format": 1, "seen": 1, "spoils": false, "items": [{"id": "x"}]}'])
def test_news_that_are_damaged_are_not_overwritten(tmp_path, damage):
    """What a feed has dropped is nowhere else: an operator must restore it."""
    with Hostile({"/feed": answer(rss(1))}) as server:
        world = World(tmp_path, server, FEED)
        world.poll()
        world.file("items.json").write_bytes(damage)
        polled = world.poll(2 * HOUR)
        assert polled.news == {}
        assert "restore it" in polled.troubles["club"]
        assert world.file("items.json").read_bytes() == damage


def test_an_item_that_is_no_news_is_told(tmp_path):
    """Somebody has edited what is kept; the others are still there."""
    with Hostile({"/feed": answer(rss(1, 2))}) as server:
        world = World(tmp_path, server, FEED)
        world.poll()
        text = world.file("items.json").read_text().replace('"Item 1"', '""')
        world.file("items.json").write_text(text)
        polled = world.poll()
        assert titles(polled) == {"2030": ["Item 2"]}
        assert "holds what is no news" in polled.troubles["club"]


@pytest.mark.slow
def test_dying_at_any_write_loses_nothing(tmp_path, monkeypatch):
    """Whatever was written last, the next call asks again and comes to the same."""
    with Hostile({"/feed": in_turn(answer(rss(1), 'ETag: "1"'), answer(rss(1, 2), 'ETag: "2"'))}) as server:
        whole = World(tmp_path / "whole", server, FEED)
        whole.poll()
        expected = whole.poll(2 * HOUR).news
    real = publication_files.replace
    for dies_at in range(4):
        writes = [dies_at]

        def dying(path, body, writes=writes):
            if writes[0] == 0:
                raise KeyboardInterrupt
            writes[0] -= 1
            real(path, body)

        with Hostile({"/feed": in_turn(answer(rss(1), 'ETag: "1"'), answer(rss(1, 2), 'ETag: "2"'))}) as server:
            world = World(tmp_path / str(dies_at), server, FEED)
            with monkeypatch.context() as patch:
                patch.setattr(publication_files, "replace", dying)
                if dies_at > 1:
                    world.poll()
                with pytest.raises(KeyboardInterrupt):
                    world.poll(2 * HOUR if dies_at > 1 else 0 * HOUR)
            world.now = NOW + 2 * HOUR
            world.poll()
            assert world.poll(2 * HOUR).news == expected

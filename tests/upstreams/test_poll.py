"""Asking other people: what comes of all upstreams together."""

import fcntl

import pytest
from contracts.hostile import Hostile, answer, in_turn
from upstream_world import (
    AGREED,
    DAY,
    FEED,
    FOLDER,
    HOUR,
    ICS,
    NEXT,
    RACE,
    World,
    rss,
    titles,
    vcalendar,
)

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.upstreams import news as upstream_news
from aslms_feeds.upstreams import sandbox
from aslms_feeds.upstreams.poll import PollResult, poll
from aslms_feeds.upstreams.proposals import compare
from seasons import NOW, contents


def test_without_upstreams_nothing_is_made(tmp_path):
    """Who asks nobody has no folder for it."""
    publisher = read_definitions(contents(), "calendars").publisher
    assert poll(tmp_path, publisher, now=NOW, local_files=contents()) == PollResult()
    assert list(tmp_path.iterdir()) == []


def test_another_process_is_not_joined_in_asking(tmp_path):
    """While one asks, another has what is kept."""
    with Hostile({"/feed": answer(rss(1))}) as server:
        world = World(tmp_path, server, FEED)
        first = world.poll()
        with (tmp_path / "upstreams" / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            busy = world.poll(2 * HOUR)
        assert (busy.asked_ids, busy.news, busy.troubles) == ((), first.news, {})
        assert world.poll().asked_ids == ("club",)


def test_what_cannot_be_kept_is_not_taken(tmp_path):
    """Where the folder takes nothing, nothing is asked, and that is said."""
    (tmp_path / "upstreams").write_text("no folder")
    with Hostile({"/feed": answer(rss(1))}) as server:
        polled = World(tmp_path, server, FEED).poll()
        assert (polled.asked_ids, polled.news, len(server.asked)) == ((), {}, 0)
        assert polled.troubles == {"club": f"nothing can be kept in {tmp_path}/upstreams: File exists"}


@pytest.mark.slow
def test_a_full_disk_takes_nothing(tmp_path, monkeypatch):
    """An item that could not be kept would be lost later, so it is not joined."""
    with Hostile({"/feed": answer(rss(1))}) as server:
        world = World(tmp_path, server, FEED)

        def full(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            polled = world.poll()
        assert (polled.news, polled.troubles) == ({}, {"club": "its answer cannot be kept: No space left on device"})
        assert titles(world.poll()) == {"2030": ["Item 1"]}


@pytest.mark.slow
def test_without_asking_nothing_is_asked_or_written(tmp_path):
    """A preview has what is kept, damage included, and leaves everything as it is."""
    upstreams = (FEED, ICS.replace("club", "cal"), FOLDER.replace("club", "next"))
    habits = {
        "/feed": answer(rss(1)),
        "/ics": answer(vcalendar(RACE)),
        "/trial/2031/season.toml": answer(NEXT.encode()),
    }
    with Hostile(habits) as server:
        world = World(tmp_path, server, *upstreams)
        first = world.poll()
        assert first.group_news_by_series() == {"trial": {"2030": first.news["trial", "2030"]}}
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        preview = world.poll(9 * DAY, ask=False)
        assert (preview.asked_ids, preview.contents, preview.news) == ((), first.contents, first.news)
        assert preview.proposals == first.proposals
        for name, upstream in (("files.json", "next"), ("events.json", "cal")):
            world.file(name, upstream).write_text("{")
        damaged = world.poll(ask=False)
        assert (damaged.contents, damaged.proposals) == ({}, ())
        assert damaged.troubles == {
            "cal": "events.json cannot be read: it is asked for again",
            "next": "files.json cannot be read: it is asked for again",
        }
        assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {path.name for path in before}
        assert len(server.asked) == len(upstreams)


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["read_feed", "NewsItem"])
def test_a_fault_of_ours_stops_neither_the_others_nor_the_build(tmp_path, monkeypatch, caplog, broken):
    """Wherever it is, it is told as what it is, with a trace in the log."""

    def fault(*_, **__):
        raise ZeroDivisionError

    with Hostile({"/feed": answer(rss(1)), "/ics": answer(vcalendar(RACE))}) as server:
        world = World(tmp_path, server, FEED, ICS.replace("club", "cal"))
        with monkeypatch.context() as patch:
            patch.setattr(sandbox if broken == "read_feed" else upstream_news, broken, fault)
            polled = world.poll()
        assert polled.troubles == {"club": "a fault of the program: ZeroDivisionError"}
        assert polled.proposals
        assert "ZeroDivisionError" in caplog.text


def test_items_stay_where_the_upstream_is_asked_no_more(tmp_path):
    """Taking an upstream out of publisher.toml takes nothing back that was published."""
    with Hostile({"/feed": answer(rss(1))}) as server:
        first = World(tmp_path, server, FEED).poll()
        after = World(tmp_path, server).poll()
        assert (after.news, after.asked_ids, after.next_due) == (first.news, (), None)


def test_differences_are_proposed_and_nothing_is_changed(tmp_path):
    """Theirs never becomes ours; it stands in a file until somebody decides."""
    with Hostile({"/ics": answer(vcalendar(RACE, AGREED), "Content-Type: text/calendar")}) as server:
        world = World(tmp_path, server, ICS)
        polled = world.poll()
        assert [
            (proposal.event, proposal.session, proposal.what, proposal.upstream) for proposal in polled.proposals
        ] == [("okayama", "race-1", "retimed", "club")]
        assert (polled.contents, polled.news) == ({}, {})
        assert compare.parse_proposals((tmp_path / "proposals.json").read_bytes()) == polled.proposals


def test_a_proposal_goes_when_we_agree(tmp_path):
    """Ours as it is now is compared with theirs as it was last seen, without asking again."""
    with Hostile({"/ics": answer(vcalendar(RACE))}) as server:
        world = World(tmp_path, server, ICS)
        assert world.poll().proposals
        path = "trial/2030/season.toml"
        world.local_files[path] = world.local_files[path].replace(b"2030-03-02T13:00:00", b"2030-03-02T14:00:00")
        again = world.poll()
        assert (again.proposals, again.asked_ids) == ((), ())
        assert compare.parse_proposals((tmp_path / "proposals.json").read_bytes()) == ()


@pytest.mark.slow
def test_the_same_state_answers_and_instant_give_the_same(tmp_path):
    """Nothing but these goes in: two outputs are the same files, byte for byte."""
    upstreams = (FEED, ICS.replace("club", "cal"), FOLDER.replace("club", "next"))

    def habits():
        return {
            "/feed": in_turn(answer(rss(*range(9)), 'ETag: "1"'), answer(rss(*range(5, 20)))),
            "/ics": in_turn(answer(vcalendar(RACE, AGREED)), answer(status=500)),
            "/trial/2031/season.toml": in_turn(answer(NEXT.encode()), answer(b"<html>")),
        }

    results = []
    with Hostile(habits()) as server:
        for name in ("one", "two"):
            server.habits = habits()
            world = World(tmp_path / name, server, *upstreams)
            polled = [world.poll(), world.poll(HOUR), world.poll(2 * HOUR)]
            files = {path.relative_to(tmp_path / name): path for path in (tmp_path / name).rglob("*") if path.is_file()}
            results.append((polled, {path: file.read_bytes() for path, file in files.items()}))
    assert results[0] == results[1]
    assert len(results[0][1]) == 9

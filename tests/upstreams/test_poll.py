"""Asking other people: what is due, what is taken, what is kept, and what comes of it."""

import fcntl
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from contracts.hostile import Hostile, answer, in_turn
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.definitions.publisher import Upstream
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.editions.markup import plain
from aslms_feeds.publication import files as publication_files
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.upstreams import news as upstream_news
from aslms_feeds.upstreams import sandbox
from aslms_feeds.upstreams.due import find_next_due
from aslms_feeds.upstreams.poll import PollResult, poll
from aslms_feeds.upstreams.proposals import compare
from seasons import NOW, PUBLISHER, SEASON, SERIES, contents

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOOPBACK = "\n[network]\nallow_loopback = true\n"


class World:
    """A calendars folder, an output, and upstreams on a server of ours; time goes on by itself from call to call."""

    def __init__(self, output, server, *upstreams, local_files=None):
        """Ask these upstreams, each given as its keys."""
        self.output, self.server, self.now = output, server, NOW
        tables = "".join(f"\n[[upstream]]\n{keys.replace('SERVER', server.url(''))}\n" for keys in upstreams)
        self.publisher_text = PUBLISHER + tables + LOOPBACK
        self.local_files = local_files or contents(publisher=self.publisher_text)
        self.publisher = read_definitions(contents(publisher=self.publisher_text), "calendars").publisher
        assert self.publisher is not None

    def poll(self, later=timedelta(), **further):
        """Ask what is due now, or so much later."""
        self.now += later
        return poll(self.output, self.publisher, now=self.now, local_files=self.local_files, **further)

    def file(self, name, upstream="club"):
        """Return a file that is kept of an upstream."""
        return self.output / "upstreams" / upstream / name


FEED = 'id = "club"\nkind = "feed"\nurl = "SERVER/feed"\nseries = "trial"'
ICS = 'id = "club"\nkind = "ics"\nurl = "SERVER/ics"\nseries = "trial"'
FOLDER = 'id = "club"\nkind = "definitions"\nurl = "SERVER/trial/"\nseries = "trial"\nfiles = ["2031/season.toml"]'
ONE = 'id = "club"\nkind = "definitions"\nurl = "SERVER/trial/2031/season.toml"\nseries = "trial"'
ARCHIVE = 'id = "club"\nkind = "definitions"\nurl = "SERVER/main.zip"\nseries = "trial"'

NEXT = SEASON.replace("2030", "2031").replace("2029", "2030")


def rss(*numbers, title="Club News", text="Words"):
    """Return an RSS feed of items with these numbers."""
    items = "".join(
        f"<item><guid>https://club.example/{number}</guid><title>Item {number}</title>"
        f"<pubDate>Tue, 01 Jan 2030 10:00:00 GMT</pubDate><description>{text} {number}</description></item>"
        for number in numbers
    )
    return f"<rss><channel><title>{title}</title>{items}</channel></rss>".encode()


def vcalendar(*events):
    """Return a calendar of titles and UTC starts."""
    inner = "".join(
        f"BEGIN:VEVENT\r\nUID:{at}\r\nSUMMARY:{title}\r\nDTSTART:{start}\r\nEND:VEVENT\r\n"
        for at, (title, start) in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\n{inner}END:VCALENDAR\r\n".encode()


RACE = ("Okayama Race", "20300302T050000Z")
AGREED = ("Paris Race", "20300406T110000Z")


def zipped(**files):
    """Return a .zip of definition files, by names with underscores for slashes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"top/trial/{name.replace('_', '/')}.toml", text)
    return file.getvalue()


def titles(polled):
    """Return the titles of what has been joined, by season."""
    return {season: [item.title for item in items] for (_series, season), items in polled.news.items()}


# When


def test_without_upstreams_nothing_is_made(tmp_path):
    """Who asks nobody has no folder for it."""
    publisher = read_definitions(contents(), "calendars").publisher
    assert poll(tmp_path, publisher, now=NOW, local_files=contents()) == PollResult()
    assert list(tmp_path.iterdir()) == []


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
    assert len({find_next_due(one, NOW, 0) for one in upstreams}) > 15


def test_a_clock_that_was_ahead_holds_nobody_up(tmp_path):
    """What was asked in what is now the future is asked again."""
    with Hostile({"/feed": answer(rss(1))}) as server:
        world = World(tmp_path, server, FEED)
        world.poll(365 * DAY)
        assert world.poll(-365 * DAY).asked_ids == ("club",)


def test_another_address_is_asked_at_once(tmp_path):
    """Validators of one address say nothing about another; what has been joined stays."""
    with Hostile({"/feed": answer(rss(1), 'ETag: "one"'), "/other": answer(rss(2), 'ETag: "one"')}) as server:
        World(tmp_path, server, FEED).poll()
        moved = World(tmp_path, server, FEED.replace("/feed", "/other")).poll()
        assert moved.asked_ids == ("club",)
        assert sorted(titles(moved)["2030"]) == ["Item 1", "Item 2"]
        assert "if-none-match" not in server.asked[-1].headers


def test_unchanged_means_unchanged(tmp_path):
    """A 304, and the same bytes under a new tag, change nothing but the time."""

    def habit(talk):
        known = talk.headers.get("if-none-match")
        tag = f'ETag: "{len(server.asked)}"'
        (answer(status=304) if known == '"1"' and len(server.asked) == 2 else answer(rss(1), tag))(talk)

    with Hostile({"/feed": habit}) as server:
        world = World(tmp_path, server, FEED)
        first = world.poll()
        kept = world.file("items.json").read_bytes()
        inode = world.file("items.json").stat().st_ino
        for _ in range(2):
            later = world.poll(2 * HOUR)
            assert (later.news, later.troubles, later.quarantines) == (first.news, {}, {})
        assert world.file("items.json").read_bytes() == kept
        assert world.file("items.json").stat().st_ino == inode
        assert json.loads(world.file("state.json").read_bytes())["asked"] == world.now.isoformat()


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
        assert first.news_by_series() == {"trial": {"2030": first.news["trial", "2030"]}}
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        shown = world.poll(9 * DAY, ask=False)
        assert (shown.asked_ids, shown.contents, shown.news) == ((), first.contents, first.news)
        assert shown.proposals == first.proposals
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


# Feeds


def test_items_become_news_with_their_origin(tmp_path):
    """Id, day, title, text, link and origin; the text says what it said, whatever Markdown would make of it."""
    body = rss(1, text="*Not* bold [no](link) &amp;lt;b&amp;gt; 1. #")
    with Hostile({"/feed": answer(body)}) as server:
        polled = World(tmp_path, server, FEED + "\nspoils = true").poll()
        (item,) = polled.news["trial", "2030"]
        assert re.fullmatch(r"club-[0-9a-f]{16}", item.id)
        assert (item.on, item.title, item.origin, item.spoils) == (date(2030, 1, 1), "Item 1", "Club News", True)
        assert item.sources == ("https://club.example/1",)
        assert plain(item.text) == "*Not* bold [no](link) <b> 1. # 1"


def test_a_day_is_never_to_come(tmp_path):
    """A feed that is ahead, or says no day at all, has its items on the day they are seen."""
    ahead = rss(1).replace(b"01 Jan 2030", b"01 Jan 2035")
    with Hostile(
        {"/feed": answer(ahead), "/undated": answer(re.sub(rb"<pubDate>.*?</pubDate>", b"", rss(2)))}
    ) as server:
        world = World(tmp_path, server, FEED, FEED.replace("club", "other").replace("/feed", "/undated"))
        assert [item.on for item in world.poll().news["trial", "2030"]] == [NOW.date(), NOW.date()]


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


def test_items_stay_where_the_upstream_is_asked_no_more(tmp_path):
    """Taking an upstream out of publisher.toml takes nothing back that was published."""
    with Hostile({"/feed": answer(rss(1))}) as server:
        first = World(tmp_path, server, FEED).poll()
        after = World(tmp_path, server).poll()
        assert (after.news, after.asked_ids, after.next_due) == (first.news, (), None)


def test_items_join_the_season_that_was_current_and_stay_there(tmp_path):
    """A new season takes new items only; one that is renamed keeps its own; a named season takes all."""
    both = contents() | {"trial/2031/season.toml": NEXT.encode()}
    with Hostile({"/feed": in_turn(answer(rss(1)), answer(rss(1, 2))), "/named": answer(rss(3))}) as server:
        named = FEED.replace("club", "named").replace("/feed", "/named") + '\nseason = "2030"'
        world = World(tmp_path, server, FEED, named, local_files=both)
        assert sorted(titles(world.poll())["2030"]) == ["Item 1", "Item 3"]
        later = world.poll(200 * DAY)
        assert sorted(titles(later)["2030"]) == ["Item 1", "Item 3"]
        assert titles(later)["2031"] == ["Item 2"]
        renamed = {path.replace("/2031/", "/2031-32/"): data for path, data in both.items()}
        path = "trial/2031-32/season.toml"
        renamed[path] = b'formerly = ["2031"]\n' + renamed[path]
        world.local_files = renamed
        assert titles(world.poll())["2031-32"] == ["Item 2"]


def test_a_season_under_embargo_takes_no_items(tmp_path):
    """Nothing of it is public yet, so nothing may join it."""
    early = contents(SEASON.replace("status =", "embargo = 2030-01-11T00:00:00Z\nstatus =", 1))
    old = SEASON.replace("2030", "2029").replace("2029-12-20", "2028-12-20")
    known = early | {"trial/2029/season.toml": old.encode()}
    with Hostile({"/feed": in_turn(answer(rss(1)), answer(rss(1, 2)))}) as server:
        world = World(tmp_path, server, FEED, local_files=known)
        assert titles(world.poll()) == {"2029": ["Item 1"]}
        assert titles(world.poll(DAY)) == {"2029": ["Item 1"], "2030": ["Item 2"]}


def test_without_a_season_items_wait(tmp_path):
    """They are not lost: as soon as there is a season, they join it."""
    with Hostile({"/feed": answer(rss(1), 'ETag: "1"')}) as server:
        world = World(tmp_path, server, FEED + '\nseason = "2031"')
        polled = world.poll()
        assert polled.news == {}
        assert polled.troubles == {"club": "the series 'trial' has no season that its items could join"}
        world.local_files = {**world.local_files, "trial/2031/season.toml": NEXT.encode()}
        assert titles(world.poll(3 * HOUR)) == {"2031": ["Item 1"]}


# Calendars


def test_differences_are_proposed_and_nothing_is_changed(tmp_path):
    """Theirs never becomes ours; it stands in a file until somebody decides."""
    with Hostile({"/ics": answer(vcalendar(RACE, AGREED), "Content-Type: text/calendar")}) as server:
        world = World(tmp_path, server, ICS)
        polled = world.poll()
        assert [(one.event, one.session, one.what, one.upstream) for one in polled.proposals] == [
            ("okayama", "race-1", "retimed", "club")
        ]
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


# Definitions


def published(world, polled):
    """Build what there is, and return the report."""
    return regenerate(MemoryStore(), {**polled.contents, **world.local_files}, now=world.now)


@pytest.mark.parametrize(
    ("upstream", "target", "body"),
    [
        (FOLDER, "/trial/2031/season.toml", NEXT.encode()),
        (ONE, "/trial/2031/season.toml", NEXT.encode()),
        (ONE.replace("/trial/2031/", "/x/") + '\nseason = "2031"', "/x/season.toml", NEXT.encode()),
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
        assert not published(world, polled).failed


def test_a_whole_series_may_come_from_elsewhere(tmp_path):
    """Only the publisher and the circuits are ours."""
    shared = {path: data for path, data in contents().items() if "/" not in path}
    with Hostile({"/main.zip": answer(zipped(series=SERIES, **{"2030_season": SEASON}))}) as server:
        world = World(tmp_path, server, ARCHIVE, local_files=shared)
        polled = world.poll()
        assert sorted(polled.contents) == ["trial/2030/season.toml", "trial/series.toml"]
        assert not published(world, polled).failed


def test_a_file_that_lies_here_wins(tmp_path):
    """And it is told that the upstream says otherwise."""
    other = SEASON.replace("4 Hours of Paris", "5 Hours of Paris")
    with Hostile({"/main.zip": answer(zipped(**{"2030_season": other, "2031_season": NEXT}))}) as server:
        polled = World(tmp_path, server, ARCHIVE).poll()
        assert list(polled.contents) == ["trial/2031/season.toml"]
        assert polled.overridden_paths == ("trial/2030/season.toml",)


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
            ONE.replace("/2031/season.toml", "/Next%20one/season.toml"),
            "'Next%20one/season.toml' is no definition file, such as 2026-27/season.toml: name its season",
        ),
    ],
)
def test_what_is_set_wrongly_is_said(tmp_path, upstream, reason):
    """Before, or instead of, asking in vain."""
    with Hostile({"/trial/Next%20one/season.toml": answer(NEXT.encode())}) as server:
        polled = World(tmp_path, server, upstream).poll()
        assert (polled.troubles, polled.quarantines, polled.contents) == ({"club": reason}, {}, {})


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


# What is kept


def test_a_state_that_is_damaged_is_begun_again(tmp_path):
    """It is asked at once, and without validators."""
    with Hostile({"/feed": answer(rss(1), 'ETag: "1"')}) as server:
        world = World(tmp_path, server, FEED)
        first = world.poll()
        for damaged in ("", "[]", '{"format": 1}', '{"format": 1, "due": "soon"}', '{"format": 2}', "[" * 100_000):
            world.file("state.json").write_text(damaged)
            assert (world.poll().asked_ids, world.poll().news) == (("club",), first.news)
            assert "if-none-match" not in server.asked[-1].headers


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


def test_dying_at_any_write_loses_nothing(tmp_path, monkeypatch):
    """Whatever was written last, the next call asks again and comes to the same."""
    with Hostile({"/feed": in_turn(answer(rss(1), 'ETag: "1"'), answer(rss(1, 2), 'ETag: "2"'))}) as server:
        whole = World(tmp_path / "whole", server, FEED)
        whole.poll()
        expected = whole.poll(2 * HOUR).news
    real = publication_files.replace
    for dies_at in range(4):
        left = [dies_at]

        def dying(path, body, left=left):
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
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

"""Upstreams that keep no rule: whatever they send, the last good data stay, the others go on, the reason is told."""

import gzip
import io
import json
import os
import socket
import struct
import tarfile
import threading
import zipfile
from datetime import timedelta

import pytest
import stamina
from contracts.hostile import Hostile, answer, drip, endless, head, in_turn, raw, silent
from upstream_world import ARCHIVE, FEED, FOLDER, HOUR, ICS, NEXT, NOW, RACE, World, rss, titles, vcalendar, zipped

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.network import fetch
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.upstreams import acceptance, poll, requests
from seasons import SEASON

GOOD_FEED = rss(*range(6))
GOOD_ICS = vcalendar(RACE, ("Paris Race", "20300406T110000Z"), ("Okayama FP1", "20300301T010000Z"))
GOOD_ZIP = zipped(**{"2031_season": NEXT})


@pytest.fixture(autouse=True)
def without_waiting():
    """Retry as often as ever, at once."""
    with stamina.set_testing(True, attempts=fetch.ATTEMPTS):
        yield


@pytest.fixture(autouse=True)
def readers_as_people_have_them(monkeypatch):
    """Read foreign documents in processes that may write nothing: under coverage, which other tests have, they may."""
    for name in [name for name in os.environ if "COVERAGE" in name]:
        monkeypatch.delenv(name)


@pytest.fixture
def quick(monkeypatch):
    """Give every document two seconds instead of thirty."""
    monkeypatch.setattr(requests, "SECONDS_EACH", 2.0)


def poll_before_and_after(habit, tmp_path, upstream, target, good, **options):
    """Return what there is before and after an upstream, and a good one beside it, has gone bad."""
    second_feed = FEED.replace('"club"', '"other"').replace("/feed", "/other")
    second_answers = in_turn(answer(rss(90)), answer(rss(90, 91)))
    with Hostile({target: in_turn(good, habit), "/other": second_answers}) as server:
        world = World(tmp_path, server, upstream, second_feed)
        before = world.poll()
        assert before.quarantines == before.troubles == {}
        return before, world.poll(2 * HOUR, **options), world


def assert_nothing_lost(before, later):
    """Assert that nothing was lost, and that the other upstream was heard."""
    assert later.contents == before.contents
    assert later.proposals == before.proposals
    assert set(titles(before)["2030"]) | {"Item 91"} == set(titles(later)["2030"])


def few(world):
    """Return the definitions of a world, to be published in few calendars."""
    publisher = (
        world.local_files["publisher.toml"] + b'[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
    )
    return {**world.local_files, "publisher.toml": publisher}


def bomb():
    """Return two hundred megabytes of gzip that begin like a feed."""
    packer = gzip.compress(b"<rss>" + bytes(1 << 20))
    return packer[:10] + gzip.compress(b"<rss>" + bytes(200 << 20), 6)[10:]


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(
        b'<!ENTITY lol%d "%s">' % (level, b"&lol%s;" % (b"" if level == 1 else b"%d" % (level - 1)) * 10)
        for level in range(1, 10)
    )
    + b"]><rss><channel><title>&lol9;</title></channel></rss>"
)
OUTSIDE = b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><title>&x;</title></channel></rss>'
LOGIN = b"<!doctype html><html><title>Sign in</title><form action=/login>"

# What is wrong with the answer itself: quarantine
QUARANTINED = {
    "an endless body": (
        endless(head(200), b"<rss>" + b"x" * 65_531),
        "sends more than 2,097,152 bytes",
    ),
    "a length that lies": (
        answer(b"x" * ((2 << 20) + 1)),
        "sends more than 2,097,152 bytes",
    ),
    "a gzip bomb": (answer(bomb(), "Content-Encoding: gzip"), "sends more than 2,097,152 bytes"),
    "bombs in each other": (
        answer(gzip.compress(gzip.compress(GOOD_FEED)), "Content-Encoding: gzip, gzip"),
        "sends a content coding that was not asked for: 'gzip, gzip'",
    ),
    "damaged gzip": (answer(b"\x1f\x8b\x08xxxx", "Content-Encoding: gzip"), "sends damaged gzip"),
    "a body that breaks off": (
        raw(head(200, "Content-Length: 1000"), GOOD_FEED[:100]),
        "sends an answer that is cut short or not HTTP (RFC 9112)",
    ),
    "a redirect loop": (answer(b"", "Location: ?again", status=302), "redirects more than 3 times"),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "sends an answer that is not HTTP (RFC 9112)"),
    "the wrong type": (answer(rss(*range(7)), "Content-Type: image/png"), "is image/png"),
    "a login page": (answer(LOGIN, "Content-Type: text/html"), "is a page in HTML, such as one to log in with"),
    "a login page that calls itself a feed": (
        answer(LOGIN, "Content-Type: application/rss+xml"),
        "is a page in HTML, such as one to log in with",
    ),
    "a billion laughs": (answer(LAUGHS), "has a DOCTYPE, which no feed needs"),
    "an entity from outside": (answer(OUTSIDE), "has a DOCTYPE, which no feed needs"),
    "an external DTD": (
        answer(b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/x.dtd"><rss/>'),
        "has a DOCTYPE, which no feed needs",
    ),
    "half a document": (answer(GOOD_FEED[:-30]), "is no XML, or not the whole of it (line 1)"),
    "invalid UTF-8": (answer(GOOD_FEED.replace(b"Words", b"\xff\xfe")), "is not UTF-8 at byte 161"),
    "nothing": (answer(b""), "is empty"),
    "no items": (answer(rss()), "has no items; it had 6"),
    "few items": (answer(rss(1, 2)), "has shrunk: 2 items; it had 6"),
    "a flood of items": (answer(rss(*range(200, 251))), "brings 51 new items at once, more than 50"),
}
# What is wrong with asking: trouble
TROUBLED = {
    "a redirect inside": (
        answer(b"", "Location: http://169.254.169.254/latest/meta-data/", status=302),
        "http://169.254.169.254/latest/meta-data/: is not an https address",
    ),
    "a redirect to a file": (
        answer(b"", "Location: file:///etc/passwd", status=302),
        "file:///etc/passwd: is not an https address",
    ),
    "a 304 that nobody asked for": (answer(status=304), "answers 304 Not Modified to a request without conditions"),
    "an error": (answer(b"oops", status=500), "answers 500 Internal Server Error"),
    "no such page": (answer(LOGIN, status=404), "answers 404 Not Found"),
    "forbidden": (answer(LOGIN, status=403), "answers 403 Forbidden"),
    "nobody": (raw(), "hangs up without an answer"),
}


@pytest.mark.parametrize("case", QUARANTINED)
def test_a_doubtful_answer_goes_into_quarantine(tmp_path, case):
    """Nothing of it is taken, the reason is told and kept, and the next sane answer ends it."""
    habit, reason = QUARANTINED[case]
    before, later, world = poll_before_and_after(habit, tmp_path, FEED, "/feed", answer(GOOD_FEED))
    assert_nothing_lost(before, later)
    assert later.quarantines == {"club": reason}
    assert later.troubles == {}
    assert world.file("quarantine").read_text().startswith(f"{reason}\n")
    with Hostile({"/feed": answer(rss(*range(7)))}) as sane:
        again = World(tmp_path, sane, FEED)
        again.now = world.now
        # Another port is another address, so it is asked at once.
        polled = again.poll()
    assert polled.quarantines == {}
    assert "Item 6" in titles(polled)["2030"]
    assert not world.file("quarantine").exists()


@pytest.mark.parametrize("case", TROUBLED)
def test_an_upstream_in_trouble_is_asked_again_more_rarely(tmp_path, case):
    """What was good stays, the reason is told, and nothing needs an operator."""
    habit, reason = TROUBLED[case]
    before, later, world = poll_before_and_after(habit, tmp_path, FEED, "/feed", answer(GOOD_FEED))
    assert_nothing_lost(before, later)
    assert later.troubles == {"club": reason}
    assert later.quarantines == {}
    assert not world.file("quarantine").exists()


def test_a_drip_ends_with_its_time(tmp_path, quick):
    """A byte now and then buys no more of it, and keeps nobody else waiting."""
    slow = drip(head(200), GOOD_FEED, pause=0.2)
    before, later, _world = poll_before_and_after(slow, tmp_path, FEED, "/feed", answer(GOOD_FEED))
    assert_nothing_lost(before, later)
    assert later.troubles == {"club": "no whole answer within 2 seconds"}


def test_silence_ends_with_its_time(tmp_path, quick):
    """Who says nothing is asked again later."""
    before, later, _world = poll_before_and_after(silent, tmp_path, FEED, "/feed", answer(GOOD_FEED))
    assert_nothing_lost(before, later)
    assert later.troubles == {"club": "no whole answer within 2 seconds"}


def test_many_that_drip_share_the_time_that_there_is(tmp_path):
    """Those that are slow do not add up, and those that nobody had time for are asked first by the next run."""
    habits = {f"/feed-{at}": drip(head(200), GOOD_FEED, pause=0.2) for at in range(9)}
    upstreams = [FEED.replace('"club"', f'"slow-{at}"').replace("/feed", f"/feed-{at}") for at in range(9)]
    with Hostile(habits) as server:
        world = World(tmp_path, server, *upstreams)
        first = world.poll(seconds=1.5)
        assert len(first.asked_ids) == poll.MAX_PARALLEL
        unasked_ids = {f"slow-{at}" for at in range(9)} - set(first.asked_ids)
        assert first.next_due == NOW
        assert set(world.poll(timedelta(minutes=1), seconds=1.5).asked_ids) == unasked_ids


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("retry_after", "hours"), [("7200", 2), ("5", 1), ("99999999", 24)])
def test_who_asks_to_be_left_alone_is(tmp_path, status, retry_after, hours):
    """For an hour at least, a day at most, and without a word of complaint but why."""
    before, later, world = poll_before_and_after(
        answer(b"", f"Retry-After: {retry_after}", status=status), tmp_path, FEED, "/feed", answer(GOOD_FEED)
    )
    assert_nothing_lost(before, later)
    until = world.now + hours * HOUR
    assert later.troubles == {"club": f"asks to be left alone until {until:%Y-%m-%d %H:%M} UTC"}
    due = json.loads(world.file("state.json").read_bytes())["due"]
    if hours > 1:
        assert due == until.isoformat()
    assert due >= until.isoformat()


def test_a_tag_that_lies_hides_nothing(tmp_path):
    """The old tag on a new body, and new tags on the old one: the body counts."""
    tag = 'ETag: "same"'
    habits = in_turn(answer(rss(1), tag), answer(rss(1, 2), tag), answer(rss(1, 2), 'ETag: "new"'))
    with Hostile({"/feed": habits}) as server:
        world = World(tmp_path, server, FEED)
        world.poll()
        second = world.poll(2 * HOUR)
        assert sorted(titles(second)["2030"]) == ["Item 1", "Item 2"]
        third = world.poll(2 * HOUR)
        assert (third.news, third.troubles) == (second.news, {})


def test_trouble_makes_it_rarer(tmp_path):
    """An hour, two, four, up to a day; one good answer ends it."""
    with Hostile({"/feed": in_turn(*[answer(status=500)] * 7, answer(rss(1)))}) as server:
        world = World(tmp_path, server, FEED)
        waits = []
        for _ in range(8):
            polled = world.poll()
            waits.append(round((polled.next_due - world.now) / HOUR))
            world.now = polled.next_due
        assert [wait in near for wait, near in zip(waits[:4], ({1}, {2}, {4}, {7, 8, 9}), strict=True)] == [True] * 4
        assert all(21 <= wait <= 27 for wait in waits[5:7])
        assert waits[7] == 1


# Quarantine


def test_an_operator_can_end_a_quarantine(tmp_path):
    """Removing the notice takes the next answer as it is, once, and only if it can be read at all."""
    habits = in_turn(answer(GOOD_FEED), answer(rss(1)), answer(LOGIN), answer(rss(1)), answer(rss(1)), answer(rss()))
    with Hostile({"/feed": habits}) as server:
        world = World(tmp_path, server, FEED)
        world.poll()
        assert world.poll(2 * HOUR).quarantines == {"club": "has shrunk: 1 items; it had 6"}
        notice = world.file("quarantine")
        notice.unlink()
        polled = world.poll(timedelta(minutes=1))
        assert polled.asked_ids == ("club",)
        assert polled.quarantines == {"club": "is a page in HTML, such as one to log in with"}
        notice.unlink()
        polled = world.poll(timedelta(minutes=1))
        assert (polled.asked_ids, polled.quarantines) == (("club",), {})
        assert len(polled.news["trial", "2030"]) == 6
        # From then on the smaller one is the measure.
        assert world.poll(2 * HOUR).quarantines == {}
        assert world.poll(2 * HOUR).quarantines == {"club": "has no items; it had 1"}


def test_a_release_waits_for_an_answer(tmp_path):
    """What is in trouble just then is still taken as it is when it comes."""
    habits = in_turn(answer(GOOD_FEED), answer(rss(1)), answer(status=500), answer(rss(1)))
    with Hostile({"/feed": habits}) as server:
        world = World(tmp_path, server, FEED)
        world.poll()
        world.poll(2 * HOUR)
        world.file("quarantine").unlink()
        assert world.poll().troubles == {"club": "answers 500 Internal Server Error"}
        assert world.poll(timedelta(minutes=5)).asked_ids == ()
        polled = world.poll(2 * HOUR)
        assert (polled.quarantines, polled.troubles) == ({}, {})


def test_what_is_doubted_is_asked_for_as_a_whole(tmp_path):
    """No tag, so that the server cannot say that nothing changed since what was never taken."""
    habits = in_turn(answer(GOOD_FEED, 'ETag: "1"'), answer(rss(1), 'ETag: "2"'), answer(rss(1), 'ETag: "2"'))
    with Hostile({"/feed": habits}) as server:
        world = World(tmp_path, server, FEED)
        for _ in range(3):
            polled = world.poll(2 * HOUR)
        assert polled.quarantines == {"club": "has shrunk: 1 items; it had 6"}
        assert [talk.headers.get("if-none-match") for talk in server.asked] == [None, '"1"', None]


def test_a_feed_that_makes_new_items_of_old_ones_is_stopped(tmp_path, monkeypatch):
    """With fifty new ones each time it would fill the disk and everybody's reader."""
    monkeypatch.setattr(acceptance, "MAX_ITEMS", 100)
    habits = in_turn(*[answer(rss(*range(at, at + 40))) for at in range(0, 200, 40)])
    with Hostile({"/feed": habits}) as server:
        world = World(tmp_path, server, FEED)
        for _ in range(4):
            polled = world.poll(2 * HOUR)
        assert len(polled.news["trial", "2030"]) == 80
        assert polled.quarantines == {"club": "has brought more than 100 items: it makes new ones of old ones"}


# Calendars


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (LOGIN, "is a page in HTML, such as one to log in with"),
        (GOOD_ICS[:-20], "does not end as a calendar does: it may have been cut short"),
        (vcalendar(), "has no events; it had 3"),
        (vcalendar(RACE), "has shrunk: 1 events; it had 3"),
        (
            vcalendar(*[("Dentist", "20300401T090000Z"), ("Bin collection", "20300402T060000Z")] * 2),
            "names no event of the series 'trial': it is another calendar",
        ),
        (vcalendar(*[RACE] * 2_001), "has more than 2,000 events"),
        (b"BEGIN:VCALENDAR\r\n\xff\r\nEND:VCALENDAR\r\n", "is not UTF-8 at byte 17"),
    ],
)
def test_a_doubtful_calendar_changes_no_proposal(tmp_path, body, reason):
    """Proposals still come from the last good one."""
    before, later, _world = poll_before_and_after(answer(body), tmp_path, ICS, "/ics", answer(GOOD_ICS))
    assert before.proposals
    assert_nothing_lost(before, later)
    assert later.quarantines == {"club": reason}


# Definitions


def tarred(*members):
    """Return a .tar.gz with the good season and further members."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        info = tarfile.TarInfo("top/trial/2031/season.toml")
        info.size = len(NEXT.encode())
        archive.addfile(info, io.BytesIO(NEXT.encode()))
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    return file.getvalue()


def slip():
    """Return a .zip whose second file would leave the folder it is unpacked in."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("top/trial/2031/season.toml", NEXT)
        archive.writestr("../../../../../../tmp/slipped.toml", "evil = true")
    return file.getvalue()


def zip_bomb():
    """Return a .zip that is small as long as nobody unpacks it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("top/trial/2031/season.toml", bytes(60 << 20))
    return file.getvalue()


MANY = NEXT + '\n[[event.session]]\nid = "extra"\nkind = "practise"\n' + 'start = "soon"\n'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (slip(), "holds a path that leads out of it: '../../../../../../tmp/slipped.toml'"),
        (zip_bomb(), "unpacks to more than it may:"),
        (tarred(("top/trial/2032", tarfile.SYMTYPE, "/etc")), "holds a link: 'top/trial/2032'"),
        (tarred(("top/trial/x.toml", tarfile.LNKTYPE, "top/y")), "holds a link: 'top/trial/x.toml'"),
        (tarred(("top/null", tarfile.CHRTYPE, "")), "holds a device or a pipe: 'top/null'"),
        (tarred(("/abs.toml", tarfile.REGTYPE, "")), "holds a path that leads out of it: '/abs.toml'"),
        (tarred()[:-40], "ends in the middle of its gzip"),
        (GOOD_ZIP[:-40], "is no .zip, or not the whole of one"),
        (LOGIN, "is neither a .zip nor a .tar.gz"),
        (b"x" * ((8 << 20) + 1), "sends more than 8,388,608 bytes"),
        (zipped(**{"2032_season": NEXT}), "has lost the season 2031"),
        (
            zipped(**{"2031_season": NEXT[: NEXT.index("[[event]]")]}),
            "has no sessions in 2031; it had 4",
        ),
        (
            zipped(**{"2031_season": MANY}),
            "calendars/trial/2031/season.toml:",
        ),
        (zipped(**{"2031_season": "= no TOML"}), "calendars/trial/2031/season.toml:1:1: "),
        (zipped(**{"2031_season": NEXT.replace('"paris"', '"monza"')}), "calendars/trial/2031/season.toml:"),
    ],
)
def test_doubtful_definitions_are_not_published(tmp_path, body, reason):
    """The last good set stays, and builds as before."""
    before, later, world = poll_before_and_after(answer(body), tmp_path, ARCHIVE, "/main.zip", answer(GOOD_ZIP))
    assert list(before.contents) == ["trial/2031/season.toml"]
    assert_nothing_lost(before, later)
    assert later.quarantines["club"].startswith(reason)
    assert not regenerate(MemoryStore(), {**later.contents, **few(world)}, now=world.now).failed


def test_a_season_that_mixes_good_and_bad_files_is_taken_as_a_whole_or_not(tmp_path):
    """One page in HTML among the files of a folder, and none of the others is taken."""
    files = FOLDER.replace('"2031/season.toml"', '"2031/season.toml", "2031/news.toml"')
    news = answer(b'[[news]]\nid = "a"\non = 2030-12-01\ntitle = "A"\ntext = "B"\n')
    habits = {
        "/trial/2031/season.toml": in_turn(answer(NEXT.encode()), answer(NEXT.replace("Paris", "Lyon").encode())),
        "/trial/2031/news.toml": in_turn(news, answer(LOGIN)),
    }
    with Hostile(habits) as server:
        world = World(tmp_path, server, files)
        before = world.poll()
        later = world.poll(2 * HOUR)
        assert later.contents == before.contents
        assert later.quarantines == {"club": "is a page in HTML, such as one to log in with"}


def test_definitions_that_were_doubted_from_the_first_are_nobodys(tmp_path):
    """Without a last good set there is nothing, and the local files are published without it."""
    with Hostile({"/main.zip": answer(LOGIN)}) as server:
        world = World(tmp_path, server, ARCHIVE)
        polled = world.poll()
        assert (polled.contents, polled.quarantines) == ({}, {"club": "is neither a .zip nor a .tar.gz"})
        assert not regenerate(MemoryStore(), few(world), now=world.now).failed


# Everything at once


def test_nothing_leaves_a_trace(tmp_path):
    """After all this there is no process, no thread and no file that was not there, outside of the output."""
    before = set(threading.enumerate())
    habits = {f"/{at}": habit for at, (habit, _reason) in enumerate([*QUARANTINED.values(), *TROUBLED.values()])}
    upstreams = [FEED.replace('"club"', f'"u-{at}"').replace("/feed", f"/{at}") for at in range(len(habits))]
    with Hostile(habits) as server:
        world = World(tmp_path / "output", server, *upstreams)
        polled = world.poll()
        assert len(polled.asked_ids) == len(habits)
    assert set(threading.enumerate()) == before
    assert polled.contents == {}
    # Only what is wrong by comparison with what was there before is taken from one that was never seen.
    accepted_ids = sorted(
        upstream.id for upstream in world.publisher.upstreams if world.file("items.json", upstream.id).exists()
    )
    reasons = [reason for _habit, reason in QUARANTINED.values()]
    assert accepted_ids == sorted(
        f"u-{at}" for at, reason in enumerate(reasons) if reason.startswith(("has no items", "has shrunk"))
    )
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def test_a_connection_that_is_reset_is_trouble(tmp_path):
    """Neither a hang nor a crash."""

    def reset(talk):
        talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        talk.socket.close()

    before, later, _world = poll_before_and_after(reset, tmp_path, FEED, "/feed", answer(GOOD_FEED))
    assert_nothing_lost(before, later)
    assert later.troubles == {"club": "hangs up without an answer"}


def test_the_whole_season_stays_right_while_an_upstream_goes_mad(tmp_path):
    """What subscribers get is, to the byte, what they got before."""
    bad = [habit for habit, _reason in QUARANTINED.values()]
    store = MemoryStore()
    with Hostile({"/main.zip": in_turn(answer(GOOD_ZIP), *bad)}) as server:
        world = World(tmp_path, server, ARCHIVE)
        first = world.poll()
        assert not regenerate(store, {**first.contents, **few(world)}, now=world.now).failed
        for _ in bad:
            polled = world.poll(2 * HOUR)
            assert polled.quarantines.keys() | polled.troubles.keys() == {"club"}
            assert not regenerate(store, {**polled.contents, **few(world)}, now=world.now).changed
    assert SEASON.encode() == world.local_files["trial/2030/season.toml"]

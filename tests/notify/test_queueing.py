"""What has to be told is in the outbox once it is public, whatever dies; nothing in it is secret."""

import errno
import logging
import os
import shutil

import pytest
from contracts.telling import HOOK_URL, START, Telling, publisher_toml

from aslms_feeds.errors import Problem
from aslms_feeds.notify import delivery, queueing
from aslms_feeds.notify.outbox import STATE_FILE
from aslms_feeds.publication import last_run

DOUBT = Problem("calendars/trial/2030/season.toml", 9, 1, "event.okayama", "has no source")


# Pings


def test_nobody_to_tell_is_no_outbox(tmp_path):
    """Without a hub and receivers, nothing is written, and nothing is due."""
    quiet = Telling(tmp_path / "out", publisher_toml())
    quiet.build()
    assert not (quiet.output / "outbox").exists()
    assert quiet.deliver() == delivery.DeliveryResult()
    assert last_run.read_last_run(quiet.output).next_due == quiet.report.next_due


def test_the_first_publication_pings_every_feed(pinged):
    """Each of the three formats is a topic of its own, by the address that the feed itself gives."""
    pinged.build()
    assert pinged.topics() == dict.fromkeys(pinged.feeds(), 1)
    kinds = {topic.split("/")[-2] for topic in pinged.topics()}
    assert kinds == {"news", "changes", "results", "everything"}
    for topic in pinged.topics():
        path = topic.removeprefix("https://calendar.example.org/trial/")
        assert topic.encode() in (pinged.output / "site" / "trial" / path).read_bytes()


@pytest.mark.slow
def test_only_feeds_that_changed_are_pinged(pinged):
    """One ping for each and generation; what is still to be sent of an earlier generation gives way."""
    pinged.build()
    before = pinged.feeds()
    pinged.build(pinged.files(paris="5 Hours of Paris"))
    changed = {topic for topic, sha256 in pinged.feeds().items() if before[topic] != sha256}
    assert changed
    assert changed != before.keys()
    assert pinged.topics() == {topic: 2 if topic in changed else 1 for topic in before}


def test_a_build_that_changes_nothing_pings_nothing(pinged):
    """What was sent is not noted again."""
    pinged.build()
    for path in (pinged.output / "outbox").glob("ping-*"):
        path.unlink()
    written = (pinged.output / "outbox" / STATE_FILE).stat().st_mtime_ns
    pinged.build()
    assert pinged.topics() == {}
    assert (pinged.output / "outbox" / STATE_FILE).stat().st_mtime_ns == written


@pytest.mark.slow
def test_a_builder_that_died_after_the_switch_is_made_good(pinged):
    """The next one compares what is public with what was noted, although it changes nothing itself."""
    pinged.build()
    before = pinged.feeds()
    files = pinged.files(paris="5 Hours of Paris")
    pinged.build(files, note=False)
    assert set(pinged.topics().values()) == {1}
    pinged.build(files)
    changed = {topic for topic, sha256 in pinged.feeds().items() if before[topic] != sha256}
    assert {topic for topic, generation in pinged.topics().items() if generation == 2} == changed != set()


@pytest.mark.slow
def test_a_new_hub_is_told_everything_and_the_old_one_nothing_more(pinged):
    """Every feed names its hub, so every feed changes."""
    pinged.build()
    pinged.publisher = publisher_toml(hub="https://other.example.org/")
    pinged.build()
    assert pinged.topics() == dict.fromkeys(pinged.feeds(), 2)
    assert len({message["to"] for message in pinged.waiting()}) == 1


@pytest.mark.slow
def test_a_series_with_a_wrong_file_is_not_pinged(pinged):
    """It stays as it is; when it is mended, what changed is pinged."""
    pinged.build()
    wrong = pinged.files(paris="5 Hours of Paris")
    wrong["trial/2030/news.toml"] = b"nonsense"
    assert pinged.build(wrong).failed
    assert set(pinged.topics().values()) == {1}
    pinged.build(pinged.files(paris="5 Hours of Paris"))
    assert set(pinged.topics().values()) == {1, 2}


# Notices


def test_facts_are_told_to_everybody_who_wants_them(telling):
    """Grouped by series, in each receiver's format."""
    telling.build()
    first, second = sorted(telling.notices(), key=len)
    assert list(first) == ["text"]
    assert (second["kind"], second["series"], second["generation"]) == ("facts", "trial", 1)
    assert [fact["what"] for fact in second["facts"]] == ["announced"]
    assert second["url"] == "https://calendar.example.org/trial/"


@pytest.mark.slow
def test_errors_and_warnings_are_told_once(telling):
    """When they appear and when they are gone, to those who want them."""
    telling.build()
    wrong = telling.files()
    wrong["trial/2030/news.toml"] = b"[[news]]\n"

    def news(files, **further):
        for path in (telling.output / "outbox").glob("notice-*"):
            path.unlink()
        telling.build(files, **further)
        return sorted(
            (notice["kind"], len(notice["appeared"]), len(notice["gone"]))
            for notice in telling.notices()
            if "kind" in notice
        )

    appeared = news(wrong)
    count = len(telling.report.parts[0].problems)
    assert appeared == [("errors", count, 0)]
    assert count > 0
    assert news(wrong) == []
    assert news(telling.files(), warnings=[DOUBT]) == [("errors", 0, count), ("warnings", 1, 0)]
    assert news(telling.files(), warnings=[DOUBT._replace(line=40)]) == []
    assert telling.notices() == []
    assert news(telling.files()) == [("warnings", 0, 1)]
    assert news(telling.files(), quarantined={"fia": "it shrank"}) == [("errors", 1, 0)]


@pytest.mark.slow
def test_facts_of_a_builder_that_died_are_told_by_the_next(telling):
    """The chronicle has them; facts of the next build are told with them, in order, once."""
    telling.build()
    for path in (telling.output / "outbox").glob("notice-*"):
        path.unlink()
    telling.build(telling.files(paris="5 Hours of Paris"), note=False)
    telling.build(telling.files(paris="5 Hours of Paris", okayama="5 Hours of Okayama"))
    (notice,) = (row for row in telling.notices() if "facts" in row)
    assert notice["generation"] == 3
    assert [fact["line"] for fact in notice["facts"]] == [
        "2030: paris: renamed 4 Hours of Paris → 5 Hours of Paris",
        "2030: okayama: renamed 4 Hours of Okayama → 5 Hours of Okayama",
    ]
    telling.build(telling.files(paris="5 Hours of Paris", okayama="5 Hours of Okayama"))
    assert len([notice for notice in telling.notices() if "facts" in notice]) == 1


@pytest.mark.slow
def test_who_asks_today_is_not_told_of_the_past(telling):
    """A receiver added to a publication hears of what happens from then on."""
    publisher, telling.publisher = telling.publisher, publisher_toml()
    telling.build()
    telling.build(telling.files(paris="5 Hours of Paris"))
    telling.publisher = publisher
    telling.build(telling.files(paris="5 Hours of Paris"))
    assert telling.notices() == []
    telling.build(telling.files())
    assert [len(notice["facts"]) for notice in telling.notices() if "facts" in notice] == [1]


@pytest.mark.slow
def test_going_back_by_hand_and_forth_again_is_no_news(telling):
    """What was told once stays told."""
    telling.build()
    telling.build(telling.files(paris="5 Hours of Paris"))
    before = telling.waiting()
    current = telling.output / "series" / "trial" / "current"
    for generation in (1, 2):
        current.unlink()
        current.symlink_to(f"generations/{generation}")
        telling.build(telling.files(paris="5 Hours of Paris"))
    facts = [row for row in telling.waiting() if "facts" in str(row)]
    assert facts == [row for row in before if "facts" in str(row)]


def test_no_address_of_a_receiver_is_written_anywhere(telling):
    """Such an address is a password: in the outbox it is a digest of itself, or of its variable's name."""
    telling.environment = {"HOOK": f"{HOOK_URL}/2"}
    telling.build()
    for path in telling.output.rglob("*"):
        if path.is_file():
            assert b"hush" not in path.read_bytes(), path
    assert (telling.output / "outbox").stat().st_mode & 0o077 == 0


# Trouble


@pytest.mark.slow
def test_what_cannot_be_noted_does_not_end_the_build(pinged, caplog):
    """A file where the outbox should be: it is published, the log says so, and the next build makes it good."""
    pinged.output.mkdir()
    (pinged.output / "outbox").write_bytes(b"")
    with caplog.at_level(logging.CRITICAL, "aslms_feeds.notify.queueing"):
        assert not pinged.build().failed
    assert last_run.read_last_run(pinged.output).next_due == pinged.now
    assert pinged.deliver().sent == 0
    (pinged.output / "outbox").unlink()
    pinged.build()
    assert pinged.topics() == dict.fromkeys(pinged.feeds(), 1)


@pytest.mark.slow
@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 2}', b'{"format": 1, "parts": 3}'])
def test_a_damaged_mark_tells_again_rather_than_never(pinged, text):
    """At least once."""
    pinged.build()
    for path in (pinged.output / "outbox").glob("ping-*"):
        path.unlink()
    (pinged.output / "outbox" / STATE_FILE).write_bytes(text)
    pinged.build()
    assert pinged.topics() == dict.fromkeys(pinged.feeds(), 1)


def test_a_publisher_file_that_cannot_be_read_tells_nobody(pinged):
    """Nobody knows whom; what waits goes on waiting."""
    pinged.build()
    assert queueing.queue_messages(pinged.output, None, pinged.report, now=START) is None
    assert delivery.deliver(pinged.output, None, pinged.report, now=START) == delivery.DeliveryResult()
    assert len(pinged.topics()) == 12


@pytest.mark.slow
def test_a_disk_that_fails_in_the_middle_loses_nothing(pinged, monkeypatch):
    """Wherever it fails, the mark is not there yet: what was not written is noted by the next build."""
    pinged.build()
    box, settings = pinged.output / "outbox", pinged.settings()
    sync, calls, failing = os.fsync, 0, 0

    def fsync(handle):
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(handle)

    while True:
        shutil.rmtree(box)
        calls, failing = 0, failing + 1
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fsync)
            queueing.queue_messages(pinged.output, settings, pinged.report, now=pinged.now)
        if calls < failing:
            break
        queueing.queue_messages(pinged.output, settings, pinged.report, now=pinged.now)
        assert pinged.topics() == dict.fromkeys(pinged.feeds(), 1)
    assert failing > 12

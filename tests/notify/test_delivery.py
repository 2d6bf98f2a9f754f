"""What is sent, what is not worth sending any more, and when it is tried again."""

import json
from datetime import timedelta

import pytest
from contracts.telling import HUB, MINUTE, RECEIVERS, Telling, publisher_toml

from aslms_feeds.notify.outbox import WAITS_FILE
from aslms_feeds.publication import last_run


def test_what_waits_makes_a_run_due(pinged):
    """A process that dies before it sends leaves the work to the next run, which is not told that there is none."""
    pinged.build()
    assert last_run.read_last_run(pinged.output).next_due == pinged.now


def test_files_that_are_no_messages_are_removed(pinged):
    """Another version's, or damaged ones; nothing is sent for them."""
    pinged.build()
    box = pinged.output / "outbox"
    for path in box.glob("ping-*"):
        path.unlink()
    for number, text in enumerate((b"", b"{}", b'{"format": 9}', b'{"format": 1, "to": "hub", "since": "2030-01-01"}')):
        (box / f"ping-{number}.json").write_bytes(text)
    assert pinged.deliver(seconds=0).waiting == 0
    assert list(box.glob("ping-*")) == []


def test_messages_to_somebody_who_is_not_told_any_more_are_removed(telling):
    """The operator took them out of publisher.toml."""
    telling.build()
    telling.publisher = publisher_toml()
    result = telling.deliver()
    assert (result.sent, result.waiting, result.warnings) == (0, 0, ())
    assert telling.waiting() == []


def test_a_variable_that_is_not_set_is_said_by_its_name(telling):
    """And the notice waits for it."""
    telling.publisher = publisher_toml(more=RECEIVERS.partition("\n\n")[2])
    telling.build()
    result = telling.deliver()
    assert result.warnings == ("notify HOOK is not told: the environment variable is not set",)
    assert (result.sent, result.waiting, result.next_attempt) == (0, 1, telling.now + MINUTE)


@pytest.mark.slow
def test_after_three_days_a_message_is_given_up(telling):
    """With a warning that says who was not telling."""
    telling.publisher = publisher_toml(hub=HUB, more=RECEIVERS.partition("\n\n")[2])
    telling.build()
    assert telling.deliver(later=timedelta(days=3, seconds=1)).waiting == 0
    result = Telling(telling.output.with_name("again"), telling.publisher)
    result.build()
    warnings = result.deliver(later=timedelta(days=3, seconds=1)).warnings
    assert len(warnings) == 13
    assert "notify HOOK was not told what happened: given up after trying since 2030-01-10 12:01 UTC" in warnings
    topic = "https://calendar.example.org/trial/news/atom.xml"
    assert (
        f"the hub hub.example.org was not told that {topic} changed: given up after trying since 2030-01-10 12:01 UTC"
    ) in warnings


def test_waits_survive_their_process(pinged):
    """A second run does not ask again before its time; a damaged record asks again."""
    pinged.publisher = publisher_toml(hub="http://10.0.0.1/")
    pinged.build()
    first = pinged.deliver()
    assert first.next_attempt == pinged.now + MINUTE
    assert len(first.warnings) == 1
    assert pinged.deliver(later=MINUTE / 2).warnings == ()
    again = pinged.deliver(later=MINUTE)
    assert len(again.warnings) == 1
    assert again.next_attempt == pinged.now + 4 * MINUTE
    (pinged.output / "outbox" / WAITS_FILE).write_bytes(b"{")
    assert len(pinged.deliver(later=MINUTE).warnings) == 1


def test_the_record_of_the_run_knows_the_next_attempt(pinged):
    """So that `build` with nothing else to do makes it; the record of another run is left alone."""
    pinged.publisher = publisher_toml(hub="http://10.0.0.1/")
    pinged.build()
    pinged.deliver()
    assert last_run.read_last_run(pinged.output).next_due == pinged.now + MINUTE
    pinged.now += MINUTE / 2
    pinged.deliver()
    assert last_run.read_last_run(pinged.output).next_due == pinged.now + MINUTE / 2
    assert json.loads((pinged.output / "last-run").read_bytes())["fingerprints"] == {"": "x"}

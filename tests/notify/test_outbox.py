"""How long what failed is waited for."""

from datetime import timedelta

from contracts.telling import MINUTE, START

from aslms_feeds.notify.outbox import Wait


def test_waits_grow_from_a_minute_to_six_hours():
    """Three times as long each time, for ever."""
    wait, minutes = Wait(), []
    for _ in range(20):
        wait = wait.after_failure(START)
        minutes.append((wait.until - START) // MINUTE)
    assert minutes[:8] == [1, 3, 9, 27, 81, 243, 360, 360]
    assert set(minutes[8:]) == {360}
    assert wait.failures == 20


def test_a_wait_ends_at_its_instant_or_when_the_clock_was_wrong():
    """What was written by a clock a year ahead does not silence a hub for a year."""
    wait = Wait(1, START + MINUTE)
    assert not wait.is_over(START)
    assert wait.is_over(START + MINUTE)
    assert Wait(1, START + timedelta(days=365)).is_over(START)
    assert Wait().is_over(START)

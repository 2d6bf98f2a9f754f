"""What differs: ours and theirs, and what to write."""

from datetime import UTC, datetime, timedelta

import pytest
from their_calendar import propose, summarize_proposals, their_event

from aslms_feeds.definitions.values import What
from seasons import (
    SEASON,
    contents,
    series_files,
)


@pytest.mark.parametrize(
    ("event", "proposed"),
    [
        (
            their_event("Okayama Race", "2030-03-03T04:00:00+00:00"),
            ("race-1", What.MOVED, "2030-03-02T13:00:00+09:00", "2030-03-03T13:00:00+09:00"),
        ),
        (
            their_event("Okayama Race", "2030-03-02T04:00:00+00:00", "2030-03-02T10:00:00+00:00"),
            (
                "race-1",
                What.RETIMED,
                "2030-03-02T13:00:00+09:00/2030-03-02T17:00:00+09:00",
                "2030-03-02T13:00:00+09:00/2030-03-02T19:00:00+09:00",
            ),
        ),
        (their_event("Okayama Race", "2030-03-04"), ("race-1", What.MOVED, "2030-03-02", "2030-03-04")),
        (
            their_event("Okayama Race", "2030-03-02T15:00:00"),
            ("race-1", What.RETIMED, "2030-03-02T13:00:00+09:00", "2030-03-02T15:00:00+09:00"),
        ),
        (their_event("CANCELLED: Okayama Race", "2030-03-02"), ("race-1", What.CANCELLED, "confirmed", "cancelled")),
        (
            their_event("Okayama Race", "2030-03-02T04:00:00+00:00", status="cancelled"),
            ("race-1", What.CANCELLED, "confirmed", "cancelled"),
        ),
        (
            their_event("4h Okayama (postponed)", "2030-03-01", "2030-03-03"),
            ("", What.POSTPONED, "confirmed", "postponed"),
        ),
        (
            their_event("4h Okayama", "2030-03-08", "2030-03-11"),
            ("", What.MOVED, "2030-03-01/2030-03-02", "2030-03-08/2030-03-10"),
        ),
        (
            their_event("4h Okayama", "2030-03-08T00:00:00+00:00", "2030-03-11T00:00:00+00:00"),
            ("", What.MOVED, "2030-03-01/2030-03-02", "2030-03-08/2030-03-10"),
        ),
    ],
)
def test_a_difference_says_ours_and_theirs(event, proposed):
    """Moved, retimed, another length, off: with both values by the circuit's clock."""
    assert summarize_proposals(event) == [("okayama", *proposed)]


@pytest.mark.parametrize(
    "event",
    [
        their_event("Okayama Race", "2030-03-02"),
        their_event("Okayama weekend", "2030-03-01", "2030-03-04"),
        their_event("Okayama race weekend", "2030-02-28", "2030-03-03"),
        their_event("Okayama", "2030-03-02", "2030-03-03"),
    ],
)
def test_less_than_we_know_is_no_difference(event):
    """A day on which our session is, or days around ours, say nothing else than we do."""
    assert propose(event) == ()


def test_what_is_over_is_not_proposed():
    """After the last of both there is nothing to decide; before it there is."""
    event = their_event("Okayama Race", "2030-03-02T05:00:00+00:00")
    after = datetime(2030, 3, 2, 9, 0, tzinfo=UTC)
    assert propose(event, now=after - timedelta(hours=2))
    assert propose(event, now=after) == ()


def test_what_we_called_off_is_not_proposed_again():
    """Others are slow to notice."""
    files = series_files(
        contents(SEASON.replace('circuit = "okayama"\n', 'circuit = "okayama"\nstatus = "cancelled"\n'))
    )
    assert (
        propose(
            their_event("Okayama Race", "2030-03-09T05:00:00+00:00"),
            their_event("Okayama FP2", "2030-03-01"),
            files=files,
        )
        == ()
    )

"""Calendar files: whole seasons up to a size, each event rendered once, and times as the circuits' clocks show them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from aslms_feeds.render.calendar_files import choose_newest_seasons
from seasons import NOW, PUBLISHER, contents, documents, published


def events(body: bytes) -> dict[str, Calendar]:
    """Return the VEVENTs of a file by UID."""
    return {str(event["UID"]): event for event in Calendar.from_ical(body).walk("VEVENT")}


def test_the_newest_seasons_that_fit_are_chosen():
    """The newest first, none after the first that does not fit, and of two that end at one instant the later name."""
    first, second, third = (datetime(2030, month, 1, tzinfo=UTC) for month in (1, 2, 3))
    sized = [("a", first, 400), ("b", second, 300), ("a", second, 300), ("c", third, 400)]
    assert choose_newest_seasons(sized, 2) == {"a", "b", "c"}
    assert choose_newest_seasons(sized, 1) == {"b", "c"}
    assert choose_newest_seasons([("a", first, 1), ("b", second, 700), ("c", third, 400)], 1) == {"c"}
    assert choose_newest_seasons([("c", third, 4000), ("b", second, 1)], 1) == {"c"}


@pytest.mark.slow
def test_an_evergreen_calendar_keeps_the_newest_whole_seasons():
    """Up to its size, without a cut inside a season; a season's own calendar keeps everything."""
    event = '[[event]]\nid = "okayama"\nname = "O"\ncircuit = "okayama"\n'
    session = '[[event.session]]\nid = "s-{}"\nkind = "practice"\nstart = 2030-03-01T10:00:00\n'
    season = 'name = "2030"\nclasses = ["gt"]\n' + event + "".join(session.format(n) for n in range(60))
    files = contents(season, publisher=f"{PUBLISHER}\n[calendars]\nmax_kilobytes = 150\n")
    for year in (2028, 2029):
        files[f"trial/{year}/season.toml"] = season.replace("2030", str(year)).encode()
    calendars = documents(published((files, NOW)))
    seasons = {uid.split(".")[2] for uid in events(calendars["trial-all.ics"])}
    assert seasons == {"2029", "2030"}
    assert len(events(calendars["trial-all.ics"])) == 120
    assert len(calendars["trial-all.ics"]) < 152_000
    assert len(events(calendars["2028/trial-2028-all.ics"])) == 60


@pytest.mark.slow
def test_the_newest_season_is_kept_whatever_its_size():
    """A calendar is never empty, and never holds half a season."""
    note = "n" * 200
    session = '[[event.session]]\nid = "s-{}"\nkind = "race"\nstart = 2030-03-01T10:00:00\nnote = "{}"\n'
    season = 'name = "2030"\nclasses = ["gt"]\n[[event]]\nid = "okayama"\nname = "O"\ncircuit = "okayama"\n'
    season += "".join(session.format(n, note) for n in range(60))
    files = contents(season, publisher=f"{PUBLISHER}\n[calendars]\nmax_kilobytes = 50\n")
    body = documents(published((files, NOW)))["trial-all.ics"]
    assert len(body) > 50_000
    assert len(events(body)) == 60


@pytest.mark.slow
def test_an_event_is_rendered_once_for_all_its_files(everything_now):
    """The same bytes in every file that carries it without an alarm."""
    written: dict[bytes, set[bytes]] = {}
    for path, body in everything_now.items():
        if path.endswith(".ics") and not path.startswith("reminders/"):
            for vevent in re.findall(rb"BEGIN:VEVENT.*?END:VEVENT\r\n", body, re.DOTALL):
                uid = re.search(rb"\r\nUID:(.*?)\r\n", vevent.replace(b"\r\n ", b""))
                written.setdefault(uid[1], set()).add(vevent)
    assert len(written) > 25
    assert {len(forms) for forms in written.values()} == {1}


def test_times_in_the_golden_season_are_those_of_its_clocks(everything_now):
    """Worked out by hand: Tokyo has nine hours, Paris one until 31 March 2030 at 01:00 UTC and two after it."""
    vevents = events(everything_now["2030/cup-2030-all.ics"])
    expected = {
        "race-1.okayama": (datetime(2030, 3, 2, 4, 0, tzinfo=UTC), timedelta(hours=4)),
        "test.paris": (datetime(2030, 3, 28, 22, 30, tzinfo=UTC), timedelta(minutes=45)),
        "race-night.paris": (datetime(2030, 3, 30, 21, 0, tzinfo=UTC), timedelta(hours=6)),
        "race-day.paris": (datetime(2030, 3, 31, 13, 0, tzinfo=UTC), timedelta(minutes=90)),
        "race-early.paris-autumn": (datetime(2030, 10, 26, 23, 30, tzinfo=UTC), timedelta(minutes=30)),
        "race.paris-autumn": (datetime(2030, 10, 27, 1, 30, tzinfo=UTC), timedelta(hours=2)),
    }
    for name, (start, length) in expected.items():
        event = vevents[f"{name}.2030.cup@example.org"]
        assert (event["DTSTART"].dt, event["DTEND"].dt - event["DTSTART"].dt) == (start, length), name

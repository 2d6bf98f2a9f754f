"""The precision ladder: days of an event, day of a session, provisional time, confirmed time, all under one UID."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import NOW, PUBLISHER, contents

FEW = PUBLISHER + '\n[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\n'
HOUR = timedelta(hours=1)
UID = "race.okayama.2030.trial@example.org"
DAYS = "first_day = 2030-03-01\nlast_day = 2030-03-03"
NAME = "4 Hours of Okayama: Race"


def season(session="", event=DAYS, length="hours = 4"):
    """Return a season with one race, of which so much is known."""
    return f"""\
name = "2030 Test Series"
status = "confirmed"
announced = 2029-12-20
classes = ["proto"]

[[event]]
id = "okayama"
name = "4 Hours of Okayama"
circuit = "okayama"
{event}

  [[event.session]]
  id = "race"
  kind = "race"
  {length if "T" in session else ""}
  {session}
"""


class Season:
    """A season that is published step by step, an hour apart."""

    def __init__(self, publisher=FEW):
        """Begin with nothing."""
        self.store = MemoryStore()
        self.now = NOW
        self.publisher = publisher

    def step(self, text):
        """Publish and return what became of the series."""
        self.now += HOUR
        report = regenerate(self.store, contents(text, publisher=self.publisher), now=self.now)
        assert not report.failed, report.parts
        return report.parts[0]

    def told(self, text):
        """Publish and return what is told of it: type, headline, text."""
        return [(str(one.fact.what), one.headline, one.text) for one in self.step(text).new_facts]

    @property
    def race(self):
        """The race as an independent parser reads it from the calendar; there is one of it."""
        found = icalendar.Calendar.from_ical(self.store.read("trial", "trial-all.ics"))
        (race,) = [one for one in found.walk("VEVENT") if one["UID"] == UID]
        return race


def shown(race):
    """Return start, end, SEQUENCE, STATUS and title."""
    return race.decoded("DTSTART"), race.decoded("DTEND"), race["SEQUENCE"], str(race["STATUS"]), str(race["SUMMARY"])


def utc(day, hour, minute=0):
    """Return an instant of March 2030."""
    return datetime(2030, 3, day, hour, minute, tzinfo=UTC)


THREE_DAYS = (date(2030, 3, 1), date(2030, 3, 4))
SATURDAY = (date(2030, 3, 2), date(2030, 3, 3))
TITLE = f"TS {NAME}"
PROVISIONAL = 'status = "provisional"'

LADDER = [
    (
        "start = 2030-03-02",
        ("retimed", f"{NAME}: the day is known", "Before: 1–3 Mar 2030. Now: Saturday, 2 March 2030."),
        (*SATURDAY, 1, "CONFIRMED", TITLE),
    ),
    (
        f"start = 2030-03-02T13:00:00\n{PROVISIONAL}",
        (
            "retimed",
            f"{NAME}: provisional time",
            "Before: Saturday, 2 March 2030. Now: Saturday, 2 March 2030, 13:00 – 17:00 at the circuit "
            "(04:00 – 08:00 UTC).",
        ),
        (utc(2, 4), utc(2, 8), 2, "TENTATIVE", f"{TITLE} (provisional)"),
    ),
    (
        f"start = 2030-03-02T13:30:00\n{PROVISIONAL}",
        (
            "retimed",
            f"{NAME}: new time",
            "Before: Saturday, 2 March 2030, 13:00 – 17:00 at the circuit (04:00 – 08:00 UTC). "
            "Now: Saturday, 2 March 2030, 13:30 – 17:30 at the circuit (04:30 – 08:30 UTC).",
        ),
        (utc(2, 4, 30), utc(2, 8, 30), 3, "TENTATIVE", f"{TITLE} (provisional)"),
    ),
    (
        "start = 2030-03-02T13:30:00",
        (
            "time-confirmed",
            f"{NAME}: time confirmed",
            "Time confirmed: Saturday, 2 March 2030, 13:30 – 17:30 at the circuit (04:30 – 08:30 UTC).",
        ),
        (utc(2, 4, 30), utc(2, 8, 30), 4, "CONFIRMED", TITLE),
    ),
    (
        "start = 2030-03-02",
        (
            "retimed",
            f"{NAME}: the time is open again",
            "Before: Saturday, 2 March 2030, 13:30 – 17:30 at the circuit (04:30 – 08:30 UTC). "
            "Now: Saturday, 2 March 2030.",
        ),
        (*SATURDAY, 5, "CONFIRMED", TITLE),
    ),
    (
        "",
        ("retimed", f"{NAME}: the day is open again", "Before: Saturday, 2 March 2030. Now: 1–3 Mar 2030."),
        (*THREE_DAYS, 6, "CONFIRMED", TITLE),
    ),
    (
        "start = 2030-03-02T13:00:00",
        (
            "time-confirmed",
            f"{NAME}: time confirmed",
            "Before: 1–3 Mar 2030. Now: Saturday, 2 March 2030, 13:00 – 17:00 at the circuit (04:00 – 08:00 UTC).",
        ),
        (utc(2, 4), utc(2, 8), 7, "CONFIRMED", TITLE),
    ),
    (
        "",
        (
            "retimed",
            f"{NAME}: the day is open again",
            "Before: Saturday, 2 March 2030, 13:00 – 17:00 at the circuit (04:00 – 08:00 UTC). Now: 1–3 Mar 2030.",
        ),
        (*THREE_DAYS, 8, "CONFIRMED", TITLE),
    ),
]
"""What is known of the race, what is told of the step that led there, and what calendars show then."""


def test_up_the_ladder_and_down_again():
    """Each step is one fact with a headline of its own; all-day becomes timed and all-day again under one UID."""
    one = Season()
    one.step(season())
    assert shown(one.race) == (*THREE_DAYS, 0, "CONFIRMED", TITLE)
    created, stamps = one.race.decoded("CREATED"), [one.race.decoded("LAST-MODIFIED")]
    for known, told, calendar in LADDER:
        assert one.told(season(known)) == [told]
        assert shown(one.race) == calendar
        assert one.race.decoded("CREATED") == created
        assert one.race.decoded("DTSTAMP") == one.race.decoded("LAST-MODIFIED")
        stamps.append(one.race.decoded("LAST-MODIFIED"))
    assert stamps == [NOW + hours * HOUR for hours in range(1, len(LADDER) + 2)]


def test_the_same_steps_reach_the_feeds_and_the_data():
    """Every step is an item of its own in the changes feed, newest first, and a fact in the data."""
    one = Season()
    one.step(season())
    for known, _told, _calendar in LADDER:
        one.step(season(known))
    feed = json.loads(one.store.read("trial", "changes/feed.json"))["items"]
    assert [item["title"] for item in feed] == [told[1] for _known, told, _calendar in reversed(LADDER)]
    assert len({item["id"] for item in feed}) == len(LADDER)
    facts = json.loads(one.store.read("trial", "2030/changes.json"))["facts"]
    seen = [(fact["what"], fact["session"]) for fact in facts if fact["session"]]
    assert seen == [(told[0], "race") for _known, told, _calendar in LADDER]


def test_all_day_stays_all_day_in_every_time_zone():
    """A day is written as a date, with times of the circuit too: nothing of it can shift."""
    for times in ("utc", "circuit"):
        one = Season(FEW + f'times = "{times}"\n')
        one.step(season("start = 2030-03-02"))
        text = one.store.read("trial", "trial-all.ics")
        assert b"DTSTART;VALUE=DATE:20300302\r\nDTEND;VALUE=DATE:20300303\r\n" in text
        one.step(season("start = 2030-03-02T13:00:00"))
        text = one.store.read("trial", "trial-all.ics")
        written = b"DTSTART:20300302T040000Z" if times == "utc" else b"DTSTART;TZID=Asia/Tokyo:20300302T130000"
        assert written + b"\r\n" in text
        assert b"20300302\r\n" not in text
        one.step(season("start = 2030-03-02"))
        assert b"DTSTART;VALUE=DATE:20300302\r\nDTEND;VALUE=DATE:20300303\r\n" in one.store.read(
            "trial", "trial-all.ics"
        )


@pytest.mark.parametrize(
    ("before", "after", "what", "headline"),
    [
        ("start = 2030-03-02", "start = 2030-03-03", "moved", "moved to 3 Mar 2030"),
        ("start = 2030-03-02", "start = 2030-03-03T13:00:00", "moved", "moved to 3 Mar 2030"),
        ("start = 2030-03-02T13:00:00", "start = 2030-03-03", "moved", "moved to 3 Mar 2030"),
        # 23:30 in Japan is the same day in Japan; 00:30 is the next, though both are 2 March in UTC.
        ("start = 2030-03-02T22:30:00", "start = 2030-03-02T23:30:00", "retimed", "new time"),
        ("start = 2030-03-02T23:30:00", "start = 2030-03-03T00:30:00", "moved", "moved to 3 Mar 2030"),
        # 08:30 in Japan is the day before in UTC.
        ("start = 2030-03-02T08:30:00", "start = 2030-03-02T09:30:00", "retimed", "new time"),
    ],
)
def test_another_day_is_another_thing_than_another_time(before, after, what, headline):
    """Days are those at the circuit, whatever the precision before and after."""
    one = Season()
    one.step(season(before))
    ((found, title, _text),) = one.told(season(after))
    assert found == what
    assert title in (f"{NAME} {headline}", f"{NAME}: {headline}")


def test_a_step_up_is_confirmed_or_provisional_by_its_status():
    """From a day straight to a confirmed time."""
    one = Season()
    one.step(season("start = 2030-03-02"))
    assert [told[:2] for told in one.told(season("start = 2030-03-02T13:00:00"))] == [
        ("time-confirmed", f"{NAME}: time confirmed")
    ]


def test_a_day_is_confirmed_without_a_time():
    """A provisional day that is confirmed is news; that a time was confirmed would be wrong."""
    one = Season()
    one.step(season(f"start = 2030-03-02\n{PROVISIONAL}"))
    ((_what, headline, text),) = one.told(season("start = 2030-03-02"))
    assert "time confirmed" not in headline
    assert "Saturday, 2 March 2030" in text


def test_a_day_that_was_never_in_doubt_is_no_news():
    """At a meeting of one day, the day of its race says nothing new, and its calendar event keeps its SEQUENCE."""
    day = "first_day = 2030-03-02\nlast_day = 2030-03-02"
    one = Season()
    one.step(season(event=day))
    before = shown(one.race)
    assert one.told(season("start = 2030-03-02", event=day)) == []
    assert shown(one.race) == before == (*SATURDAY, 0, "CONFIRMED", TITLE)
    assert one.told(season(event=day)) == []


def test_a_session_without_a_day_follows_its_event():
    """An event that moves takes it along: one fact, about the event."""
    one = Season()
    one.step(season())
    told = one.told(season(event="first_day = 2030-03-08\nlast_day = 2030-03-10"))
    assert told == [("moved", "4 Hours of Okayama moved to 8 Mar 2030", "Before: 1–3 Mar 2030. Now: 8–10 Mar 2030.")]
    assert shown(one.race)[:3] == (date(2030, 3, 8), date(2030, 3, 11), 1)


def test_an_event_climbs_too():
    """No day at all, then days: the UID was taken from the first day on, and nothing was in calendars before."""
    one = Season()
    one.step(season(event='when = "in spring"'))
    assert "trial-all.ics" not in one.store.current("trial").manifest.documents
    part = one.step(season(event=DAYS))
    assert {row.uid.partition(".")[0] for row in part.changed_events} == {"race", "okayama"}
    assert shown(one.race) == (*THREE_DAYS, 0, "CONFIRMED", TITLE)
    event = {one.fact.what for one in part.new_facts if not one.fact.session}
    assert len(event) == 1


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ("", "Added: 1–3 Mar 2030."),
        ("start = 2030-03-02", "Added: Saturday, 2 March 2030."),
        ("start = 2030-03-02T13:00:00", "Added: Saturday, 2 March 2030, 13:00"),
    ],
)
def test_a_session_that_is_new_is_told_by_what_is_known(known, text):
    """Of a session whose day is not known, no day is told."""
    one = Season()
    one.step(season(known)[: season(known).index("  [[event.session]]")])
    ((what, headline, told),) = one.told(season(known))
    assert (what, headline) == ("added", f"New: {NAME}")
    assert told.startswith(text)


def test_cancelled_on_any_rung_and_back():
    """Whatever is known of it: cancelled keeps the rung it was on, and back on it may be on another."""
    one = Season()
    one.step(season("start = 2030-03-02"))
    told = one.told(season('start = 2030-03-02\nstatus = "cancelled"'))
    assert told == [("cancelled", f"{NAME} is cancelled", "It was to be on Saturday, 2 March 2030.")]
    assert shown(one.race) == (*SATURDAY, 1, "CONFIRMED", f"CANCELLED: {TITLE}")
    told = one.told(season("start = 2030-03-02T13:00:00"))
    assert [row[:2] for row in told] == [("reinstated", f"{NAME} is back on")]
    assert shown(one.race) == (utc(2, 4), utc(2, 8), 2, "CONFIRMED", TITLE)


def test_an_end_that_is_assumed_is_not_told():
    """An end that becomes known is news; one that we only assumed is not, although calendars draw it."""
    one = Season()
    one.step(season("start = 2030-03-02T13:00:00", length=""))
    assert shown(one.race)[:3] == (utc(2, 4), utc(2, 8), 0)
    told = one.told(season("start = 2030-03-02T13:00:00", length="hours = 6"))
    assert told == [
        (
            "retimed",
            f"{NAME}: new time",
            "Before: Saturday, 2 March 2030, 13:00 at the circuit (04:00 UTC). "
            "Now: Saturday, 2 March 2030, 13:00 – 19:00 at the circuit (04:00 – 10:00 UTC).",
        )
    ]
    assert shown(one.race)[:3] == (utc(2, 4), utc(2, 10), 1)

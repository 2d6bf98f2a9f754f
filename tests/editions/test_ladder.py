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

    def list_new_facts(self, text):
        """Publish and return what is told of it: type, headline, text."""
        return [(str(new_fact.fact.what), new_fact.headline, new_fact.text) for new_fact in self.step(text).new_facts]

    @property
    def race(self):
        """The race as an independent parser reads it from the calendar; there is one of it."""
        calendar = icalendar.Calendar.from_ical(self.store.read_document("trial", "trial-all.ics"))
        (race,) = [vevent for vevent in calendar.walk("VEVENT") if vevent["UID"] == UID]
        return race


def show_times(race):
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


@pytest.mark.slow
def test_up_the_ladder_and_down_again():
    """Each step is one fact with a headline of its own; all-day becomes timed and all-day again under one UID."""
    season_in_steps = Season()
    season_in_steps.step(season())
    assert show_times(season_in_steps.race) == (*THREE_DAYS, 0, "CONFIRMED", TITLE)
    created, stamps = season_in_steps.race.decoded("CREATED"), [season_in_steps.race.decoded("LAST-MODIFIED")]
    for definition, fact, calendar in LADDER:
        assert season_in_steps.list_new_facts(season(definition)) == [fact]
        assert show_times(season_in_steps.race) == calendar
        assert season_in_steps.race.decoded("CREATED") == created
        assert season_in_steps.race.decoded("DTSTAMP") == season_in_steps.race.decoded("LAST-MODIFIED")
        stamps.append(season_in_steps.race.decoded("LAST-MODIFIED"))
    assert stamps == [NOW + hours * HOUR for hours in range(1, len(LADDER) + 2)]


@pytest.mark.slow
def test_the_same_steps_reach_the_feeds_and_the_data():
    """Every step is an item of its own in the changes feed, newest first, and a fact in the data."""
    season_in_steps = Season()
    season_in_steps.step(season())
    for definition, _fact, _calendar in LADDER:
        season_in_steps.step(season(definition))
    feed = json.loads(season_in_steps.store.read_document("trial", "changes/feed.json"))["items"]
    assert [item["title"] for item in feed] == [fact[1] for _definition, fact, _calendar in reversed(LADDER)]
    assert len({item["id"] for item in feed}) == len(LADDER)
    facts = json.loads(season_in_steps.store.read_document("trial", "2030/changes.json"))["facts"]
    session_facts = [(fact["what"], fact["session"]) for fact in facts if fact["session"]]
    assert session_facts == [(fact[0], "race") for _definition, fact, _calendar in LADDER]


@pytest.mark.slow
def test_all_day_stays_all_day_in_every_time_zone():
    """A day is written as a date, with times of the circuit too: nothing of it can shift."""
    for times in ("utc", "circuit"):
        season_in_steps = Season(FEW + f'times = "{times}"\n')
        season_in_steps.step(season("start = 2030-03-02"))
        text = season_in_steps.store.read_document("trial", "trial-all.ics")
        assert b"DTSTART;VALUE=DATE:20300302\r\nDTEND;VALUE=DATE:20300303\r\n" in text
        season_in_steps.step(season("start = 2030-03-02T13:00:00"))
        text = season_in_steps.store.read_document("trial", "trial-all.ics")
        written = b"DTSTART:20300302T040000Z" if times == "utc" else b"DTSTART;TZID=Asia/Tokyo:20300302T130000"
        assert written + b"\r\n" in text
        assert b"20300302\r\n" not in text
        season_in_steps.step(season("start = 2030-03-02"))
        assert b"DTSTART;VALUE=DATE:20300302\r\nDTEND;VALUE=DATE:20300303\r\n" in season_in_steps.store.read_document(
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
    season_in_steps = Season()
    season_in_steps.step(season(before))
    ((fact_type, title, _text),) = season_in_steps.list_new_facts(season(after))
    assert fact_type == what
    assert title in (f"{NAME} {headline}", f"{NAME}: {headline}")


def test_a_step_up_is_confirmed_or_provisional_by_its_status():
    """From a day straight to a confirmed time."""
    season_in_steps = Season()
    season_in_steps.step(season("start = 2030-03-02"))
    assert [facts[:2] for facts in season_in_steps.list_new_facts(season("start = 2030-03-02T13:00:00"))] == [
        ("time-confirmed", f"{NAME}: time confirmed")
    ]


def test_a_day_is_confirmed_without_a_time():
    """A provisional day that is confirmed is news; that a time was confirmed would be wrong."""
    season_in_steps = Season()
    season_in_steps.step(season(f"start = 2030-03-02\n{PROVISIONAL}"))
    ((_what, headline, text),) = season_in_steps.list_new_facts(season("start = 2030-03-02"))
    assert "time confirmed" not in headline
    assert "Saturday, 2 March 2030" in text


@pytest.mark.slow
def test_a_day_that_was_never_in_doubt_is_no_news():
    """At a meeting of one day, the day of its race says nothing new, and its calendar event keeps its SEQUENCE."""
    day = "first_day = 2030-03-02\nlast_day = 2030-03-02"
    season_in_steps = Season()
    season_in_steps.step(season(event=day))
    before = show_times(season_in_steps.race)
    assert season_in_steps.list_new_facts(season("start = 2030-03-02", event=day)) == []
    assert show_times(season_in_steps.race) == before == (*SATURDAY, 0, "CONFIRMED", TITLE)
    assert season_in_steps.list_new_facts(season(event=day)) == []


@pytest.mark.slow
def test_a_session_without_a_day_follows_its_event():
    """An event that moves takes it along: one fact, about the event."""
    season_in_steps = Season()
    season_in_steps.step(season())
    facts = season_in_steps.list_new_facts(season(event="first_day = 2030-03-08\nlast_day = 2030-03-10"))
    assert facts == [("moved", "4 Hours of Okayama moved to 8 Mar 2030", "Before: 1–3 Mar 2030. Now: 8–10 Mar 2030.")]
    assert show_times(season_in_steps.race)[:3] == (date(2030, 3, 8), date(2030, 3, 11), 1)


def test_an_event_climbs_too():
    """No day at all, then days: the UID was taken from the first day on, and nothing was in calendars before."""
    season_in_steps = Season()
    season_in_steps.step(season(event='when = "in spring"'))
    assert "trial-all.ics" not in season_in_steps.store.read_current("trial").manifest.documents
    part = season_in_steps.step(season(event=DAYS))
    assert {row.uid.partition(".")[0] for row in part.changed_events} == {"race", "okayama"}
    assert show_times(season_in_steps.race) == (*THREE_DAYS, 0, "CONFIRMED", TITLE)
    event = {new_fact.fact.what for new_fact in part.new_facts if not new_fact.fact.session}
    assert len(event) == 1


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ("", "Added: 1–3 Mar 2030."),
        ("start = 2030-03-02", "Added: Saturday, 2 March 2030."),
        ("start = 2030-03-02T13:00:00", "Added: Saturday, 2 March 2030, 13:00"),
    ],
)
def test_a_session_that_is_new_is_told_by_its_precision(definition, text):
    """Of a session whose day is not known, no day is told."""
    season_in_steps = Season()
    season_in_steps.step(season(definition)[: season(definition).index("  [[event.session]]")])
    ((what, headline, fact_text),) = season_in_steps.list_new_facts(season(definition))
    assert (what, headline) == ("added", f"New: {NAME}")
    assert fact_text.startswith(text)


def test_cancelled_on_any_rung_and_back():
    """Whatever is known of it: cancelled keeps the rung it was on, and back on it may be on another."""
    season_in_steps = Season()
    season_in_steps.step(season("start = 2030-03-02"))
    facts = season_in_steps.list_new_facts(season('start = 2030-03-02\nstatus = "cancelled"'))
    assert facts == [("cancelled", f"{NAME} is cancelled", "It was to be on Saturday, 2 March 2030.")]
    assert show_times(season_in_steps.race) == (*SATURDAY, 1, "CONFIRMED", f"CANCELLED: {TITLE}")
    facts = season_in_steps.list_new_facts(season("start = 2030-03-02T13:00:00"))
    assert [row[:2] for row in facts] == [("reinstated", f"{NAME} is back on")]
    assert show_times(season_in_steps.race) == (utc(2, 4), utc(2, 8), 2, "CONFIRMED", TITLE)


def test_an_end_that_is_assumed_is_not_told():
    """An end that becomes known is news; one that we only assumed is not, although calendars draw it."""
    season_in_steps = Season()
    season_in_steps.step(season("start = 2030-03-02T13:00:00", length=""))
    assert show_times(season_in_steps.race)[:3] == (utc(2, 4), utc(2, 8), 0)
    facts = season_in_steps.list_new_facts(season("start = 2030-03-02T13:00:00", length="hours = 6"))
    assert facts == [
        (
            "retimed",
            f"{NAME}: new time",
            "Before: Saturday, 2 March 2030, 13:00 at the circuit (04:00 UTC). "
            "Now: Saturday, 2 March 2030, 13:00 – 19:00 at the circuit (04:00 – 10:00 UTC).",
        )
    ]
    assert show_times(season_in_steps.race)[:3] == (utc(2, 4), utc(2, 10), 1)

"""How calendars are written: lines, heads, what is off, alarms and zones."""

import re
from datetime import timedelta

import pytest
from icalendar import Calendar

from aslms_feeds.render import ics
from seasons import NOW, PUBLISHER, SEASON, contents, documents, edited, published

RACE = "race-1.okayama.2030.trial@example.org"
CANCELLED = ('id = "paris"\n', 'id = "paris"\nstatus = "cancelled"\n')
POSTPONED = ('id = "race-1"\n', 'id = "race-1"\n  status = "postponed"\n')
DAY_ONLY = ("start = 2030-03-01T14:00:00", "start = 2030-03-01")


def build(*edits: tuple[str, str], options: str = "") -> dict[str, bytes]:
    """Return the documents of the small season with edits, its calendars written as ``options`` say."""
    publisher = f"{PUBLISHER}\n[calendars]\n{options}\n"
    return documents(published((edited(contents(publisher=publisher), "trial/2030/season.toml", *edits), NOW)))


def events(body: bytes) -> dict[str, Calendar]:
    """Return the VEVENTs of a file by UID."""
    return {str(event["UID"]): event for event in Calendar.from_ical(body).walk("VEVENT")}


def unfolded(body: bytes) -> list[bytes]:
    """Return the content lines of a file (RFC 5545 section 3.1)."""
    return body.replace(b"\r\n ", b"").split(b"\r\n")


# Lines


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        ("SUMMARY:" + "x" * 66, ["SUMMARY:" + "x" * 66]),
        ("SUMMARY:" + "x" * 67, ["SUMMARY:" + "x" * 66, " x"]),
        ("x" * 149, ["x" * 74, " " + "x" * 74, " x"]),
        ("x" * 73 + "é", ["x" * 73, " é"]),
        ("x" * 72 + "🏁🏁", ["x" * 72, " 🏁🏁"]),
        ("x" * 73 + r"\n", ["x" * 73, r" \n"]),
        ("x" * 72 + r"\\y", ["x" * 72 + r"\\", " y"]),
        ("x" * 73 + r"\\y", ["x" * 73, r" \\y"]),
        ("x" * 71 + r"\\\n", ["x" * 71 + r"\\", r" \n"]),
        ("x" * 73 + "^^", ["x" * 73, " ^^"]),
        ("x" * 72 + "^^y", ["x" * 72 + "^^", " y"]),
    ],
    ids=lambda value: None if isinstance(value, list) else f"{len(value.encode())} octets, ends {value[-3:]}",
)
def test_a_long_line_is_folded_between_characters_and_escapes(line, folded):
    """At most 75 octets a line, never inside a character, an escape of TEXT or one of a parameter."""
    assert ics.fold_line(line).decode().split("\r\n") == folded


def test_lines_of_any_length_are_there(everything_now):
    """The season that has everything holds titles of exactly 75, 76 and 200 octets, folded at 75."""
    body = everything_now["2030/cup-2030-all.ics"]
    titles = {len(line) for line in unfolded(body) if line.startswith(b"SUMMARY:")}
    assert {75, 76, 200} <= titles
    assert max(len(line) for line in body.split(b"\r\n")) == 75


def test_text_is_escaped_as_the_standard_says():
    r"""Backslash, semicolon, comma and newline (RFC 5545 section 3.3.11); \N stays a backslash and an N."""
    assert ics.IcsText("C:\\New;\\new, or\nnot").to_ical() == rb"C:\\New\;\\new\, or\nnot"


def test_categories_are_escaped_like_any_text(everything_now):
    """The comma of a class name does not make two categories of it, nor its backslash a line."""
    lines = unfolded(everything_now["2030/cup-2030-races.ics"])
    assert lines.count(rb'CATEGORIES:EC,Race,Prototype,GT3\, C:\\New\; all "comers"') == 8


# What a calendar says of itself


def test_the_head_of_a_calendar():
    """Everything clients look for, in the form the standards want, and nothing that makes it an invitation."""
    body = build(options="refresh_hours = 12")["trial-races-gt.ics"]
    assert [line.decode() for line in unfolded(body)[: unfolded(body).index(b"BEGIN:VEVENT")]] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//aslms-feeds//Race calendars//EN",
        "CALSCALE:GREGORIAN",
        "DESCRIPTION:Every season and every change of it. Subscribe once.",
        "X-WR-CALDESC:Every season and every change of it. Subscribe once.",
        "NAME:Test Series GT: races",
        "X-WR-CALNAME:Test Series GT: races",
        "COLOR:darkslateblue",
        "LAST-MODIFIED:20300110T120000Z",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
        "SOURCE;VALUE=URI:https://calendar.example.org/trial/trial-races-gt.ics",
        "URL:https://calendar.example.org/trial/",
        "X-APPLE-CALENDAR-COLOR:#483D8B",
        "X-PUBLISHED-TTL:PT12H",
    ]
    assert not re.search(rb"\r\n(METHOD|ORGANIZER|ATTENDEE|RRULE|X-WR-TIMEZONE)", body)


def test_an_event_holds_what_clients_look_for():
    """The whole VEVENT of a session, and its weekend's."""
    whole = build()
    race = events(whole["trial-all.ics"])[RACE]
    assert [line.decode() for line in unfolded(race.to_ical())] == [
        "BEGIN:VEVENT",
        "SUMMARY:TS 4 Hours of Okayama: Race 1",
        "DTSTART:20300302T040000Z",
        "DTEND:20300302T080000Z",
        "DTSTAMP:20300110T120000Z",
        f"UID:{RACE}",
        "SEQUENCE:0",
        "CATEGORIES:TS,Race,Prototype,GT",
        "CREATED:20300110T120000Z",
        r"DESCRIPTION:2030 Test Series\, round 1\nAt the circuit: Saturday\, 2 March 2030\, 13:00 (UTC+09:00)"
        r"\nIn UTC: Saturday\, 2 March 2030\, 04:00\nEnds at 17:00 at the circuit.\nClasses: Prototype\, GT"
        r"\nhttps://calendar.example.org/trial/2030/okayama/\nrevision 1\, 10 Jan 2030 12:00 UTC",
        "GEO:34.9153;134.2211",
        "LAST-MODIFIED:20300110T120000Z",
        r"LOCATION:Okayama International Circuit\, Mimasaka\, Japan",
        "RELATED-TO:okayama.2030.trial@example.org",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "URL:https://calendar.example.org/trial/2030/okayama/",
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=1000;X-TITLE="Okayama International Circuit, Mimasaka, '
        'Japan":geo:34.9153,134.2211',
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "END:VEVENT",
        "",
    ]
    weekend = events(whole["trial-weekends.ics"])["okayama.2030.trial@example.org"]
    assert (weekend["DTSTART"].to_ical(), weekend["DTEND"].to_ical()) == (b"20300301", b"20300303")


# What is off


def test_visible_keeps_what_is_off_confirmed_and_says_so_in_the_title():
    """Google and some phones hide STATUS:CANCELLED, so that nobody would see why the race is gone."""
    vevents = events(build(CANCELLED, POSTPONED)["trial-all.ics"])
    titles = {uid: (str(event["SUMMARY"]), str(event["STATUS"])) for uid, event in vevents.items()}
    assert titles["race.paris.2030.trial@example.org"] == ("CANCELLED: TS 4 Hours of Paris: Race", "CONFIRMED")
    assert titles[RACE] == ("POSTPONED: TS 4 Hours of Okayama: Race 1", "CONFIRMED")


def test_marked_says_it_in_the_status_too():
    """Both are CANCELLED to a calendar: it knows no word for postponed."""
    vevents = events(build(CANCELLED, POSTPONED, options='cancelled = "marked"')["trial-all.ics"])
    titles = {uid: (str(event["SUMMARY"]), str(event["STATUS"])) for uid, event in vevents.items()}
    assert titles["race.paris.2030.trial@example.org"] == ("CANCELLED: TS 4 Hours of Paris: Race", "CANCELLED")
    assert titles[RACE] == ("POSTPONED: TS 4 Hours of Okayama: Race 1", "CANCELLED")
    assert titles["practice-1.okayama.2030.trial@example.org"][1] == "CONFIRMED"


def test_hidden_leaves_out_what_is_off_but_never_empties_a_calendar():
    """A calendar that would have no event left keeps what it had: some clients forget everything, some keep it all."""
    calendars = build(CANCELLED, POSTPONED, options='cancelled = "hidden"')
    assert events(calendars["trial-all.ics"]).keys() == {
        "practice-1.okayama.2030.trial@example.org",
        "qualifying-gt.okayama.2030.trial@example.org",
    }
    assert events(calendars["trial-weekends.ics"]).keys() == {"okayama.2030.trial@example.org"}
    paris = events(calendars["2030/paris/trial-2030-paris.ics"])
    assert [str(event["SUMMARY"]) for event in paris.values()] == ["CANCELLED: TS 4 Hours of Paris: Race"]


@pytest.mark.slow
def test_the_policy_changes_no_stamp():
    """It is how calendars are written, not what they say: SEQUENCE and LAST-MODIFIED are the same."""
    stamps = {
        policy: {
            uid: (event["SEQUENCE"], event["LAST-MODIFIED"].dt)
            for uid, event in events(build(CANCELLED, options=f'cancelled = "{policy}"')["trial-all.ics"]).items()
        }
        for policy in ("visible", "marked")
    }
    assert stamps["visible"] == stamps["marked"]


# Reminders


@pytest.mark.slow
def test_alarms_ring_before_what_they_are_set_for_and_nowhere_else():
    """An hour before races, a quarter before qualifying; never for what is off, has no time, or in other calendars."""
    options = "alarm_minutes = { race = 60, qualifying = 15 }"
    calendars = build(CANCELLED, options=options)
    alarms = {
        uid: [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")]
        for uid, event in events(calendars["reminders/trial-all.ics"]).items()
    }
    assert alarms == {
        "practice-1.okayama.2030.trial@example.org": [],
        "qualifying-gt.okayama.2030.trial@example.org": [timedelta(minutes=-15)],
        RACE: [timedelta(minutes=-60)],
        "race.paris.2030.trial@example.org": [],
    }
    without_time = events(build(DAY_ONLY, POSTPONED, options=options)["reminders/trial-all.ics"])
    assert [uid for uid, event in without_time.items() if event.walk("VALARM")] == ["race.paris.2030.trial@example.org"]
    plain_calendars = [
        path for path, body in calendars.items() if b"VALARM" in body and not path.startswith("reminders/")
    ]
    assert plain_calendars == []


def test_an_alarm_has_what_clients_ask_of_it():
    """Its own UID, a description and nothing more (RFC 5545 section 3.6.6, RFC 9074 section 4)."""
    race = events(build()["reminders/trial-races.ics"])[RACE]
    (alarm,) = race.walk("VALARM")
    assert unfolded(alarm.to_ical()) == [
        b"BEGIN:VALARM",
        b"ACTION:DISPLAY",
        b"DESCRIPTION:TS 4 Hours of Okayama: Race 1",
        b"TRIGGER:-PT1H",
        f"UID:alarm.{RACE}".encode(),
        b"END:VALARM",
        b"",
    ]


def test_reminders_differ_by_their_alarms_alone(everything_now):
    """The same events with the same stamps as the calendar without alarms."""
    plain, reminding = everything_now["cup-qualifying.ics"], everything_now["reminders/cup-qualifying.ics"]
    stripped = re.sub(rb"BEGIN:VALARM.*?END:VALARM\r\n", b"", reminding, flags=re.DOTALL)
    start = b"BEGIN:VEVENT"
    assert stripped != reminding
    assert stripped[stripped.index(start) :] == plain[plain.index(start) :]


# Zones


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        # The rule has an hour past midnight that VTIMEZONE has no word for.
        ("Asia/Jerusalem", "2030-04-06", b"DTSTART:20300406T100000Z"),
        # Half an hour behind today's time, for three years.
        ("Asia/Pyongyang", "2017-04-06", b"DTSTART:20170406T043000Z"),
    ],
)
def test_what_a_zones_yearly_rules_do_not_say_is_in_utc(zone, day, start):
    """The instant is right and no VTIMEZONE is there to say otherwise."""
    season = SEASON.replace("2030-04-06", day)
    files = contents(season, publisher=f'{PUBLISHER}\n[calendars]\ntimes = "circuit"\n')
    files = edited(files, "circuits.toml", ('timezone = "Europe/Paris"', f'timezone = "{zone}"'))
    body = documents(published((files, NOW)))["2030/paris/trial-2030-paris.ics"]
    assert b"VTIMEZONE" not in body
    assert start in body.split(b"\r\n")

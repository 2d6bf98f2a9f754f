"""Calendars of others: what is when, and what is refused."""

from datetime import UTC, date, datetime

import pytest

from aslms_feeds.upstreams.readers import calendar
from aslms_feeds.upstreams.readers.values import Appointment
from aslms_feeds.upstreams.sandbox import Refusal, read_calendar


def refusal(read_document, *arguments, **options):
    """Return why a document is refused."""
    result = read_document(*arguments, **options)
    assert isinstance(result, Refusal), result
    return result.reason


def vcalendar(*events):
    """Return a calendar with these VEVENTs, as lines."""
    inner = "".join(
        "BEGIN:VEVENT\r\n" + "".join(f"{line}\r\n" for line in event) + "END:VEVENT\r\n" for event in events
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{inner}END:VCALENDAR\r\n".encode()


def test_a_calendar_says_what_is_when():
    """Instants are UTC, days are days, ends are exclusive, a zone nobody knows leaves a local time."""
    appointments = read_calendar(
        vcalendar(
            ("UID:1", "SUMMARY:Race\\, one", "DTSTART:20301201T060000Z", "DURATION:PT4H", "LOCATION:Sepang"),
            ("UID:2", "SUMMARY:Two", "DTSTART;TZID=Asia/Kuala_Lumpur:20301201T140000", "STATUS:CANCELLED"),
            ("UID:3", "SUMMARY:Days", "DTSTART;VALUE=DATE:20301201", "DTEND;VALUE=DATE:20301203"),
            ("UID:4", "SUMMARY:Floating", "DTSTART;TZID=Moon/Base:20301201T140000"),
            ("UID:5", "SUMMARY:No start"),
            ("UID:6", "SUMMARY:Broken", "DTSTART:2030"),
            ("UID:7", "SUMMARY:Mixed", "DTSTART:20301201T060000Z", "DTEND;VALUE=DATE:20301203"),
            ("SUMMARY:Windows", "DTSTART;TZID=Singapore Standard Time:20301201T140000"),
        )
    )
    assert appointments == (
        Appointment("1", "Race, one", "Sepang", "2030-12-01T06:00:00+00:00", "2030-12-01T10:00:00+00:00", ""),
        Appointment("2", "Two", "", "2030-12-01T06:00:00+00:00", "", "cancelled"),
        Appointment("3", "Days", "", "2030-12-01", "2030-12-03", ""),
        Appointment("4", "Floating", "", "2030-12-01T14:00:00", "", ""),
        Appointment("7", "Mixed", "", "2030-12-01T06:00:00+00:00", "", ""),
        Appointment("Windows 2030-12-01T06:00:00+00:00", "Windows", "", "2030-12-01T06:00:00+00:00", "", ""),
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<!DOCTYPE html><p>Log in", "is a page in HTML, such as one to log in with"),
        (b"hello", "does not begin as a calendar does"),
        (
            b"BEGIN:VCALENDAR\r\nno colon\r\nEND:VCALENDAR\r\n",
            "is no calendar that can be read (RFC 5545)",
        ),
        (
            vcalendar(("UID:1", "DTSTART:20301201T060000Z"))[:-20],
            "does not end as a calendar does: it may have been cut short",
        ),
        (vcalendar(("UID:1", "DTSTART:soon")), "has no event whose start can be read"),
        (vcalendar(*[("UID:1",)] * 2_001), "has more than 2,000 events"),
        (b"BEGIN:VCALENDAR\r\nSUMMARY:\xc3\x28\r\nEND:VCALENDAR\r\n", "is not UTF-8 at byte 25"),
    ],
)
def test_what_is_no_calendar_is_refused_with_the_reason(body, reason):
    """Pages, halves and other things say what they are."""
    assert refusal(read_calendar, body) == reason


def test_a_calendar_without_events_is_one():
    """Whether that is right is for others to say."""
    assert read_calendar(vcalendar()) == ()


def test_days_out_of_reach_are_no_days():
    """What no season can hold is left out, whoever says it."""
    assert calendar._format_moment(date(1, 1, 1)) == ""
    assert calendar._format_moment(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) == ""
    assert calendar._format_moment(datetime(2030, 1, 1, tzinfo=UTC)) == "2030-01-01T00:00:00+00:00"

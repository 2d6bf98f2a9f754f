"""What holds of calendars for any text and any season."""

import re
from datetime import date, timedelta

from hypothesis import example, given
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar, vDDDTypes
from icalendar import Event as Vevent

from aslms_feeds.definitions import toml
from aslms_feeds.render import ics
from seasons import NOW, PUBLISHER, contents, documents, published

# What the definitions let in, and what they do not, is said in one place: toml.text_problems.
CHARACTERS = st.characters(exclude_categories=("Cs",)).filter(lambda char: not list(toml.text_problems(char)))
TEXTS = st.text(CHARACTERS | st.sampled_from("\\;,:\n\t\"^N n'🏁日ع"), max_size=400)
LINES = TEXTS.map(lambda text: re.sub(r"\s+", " ", text).strip()[:200].strip()).filter(
    lambda text: re.match(r"^\S([^\n\r\t]*\S)?$", text) is not None
)
DAYS = st.dates(date(2029, 1, 1), date(2031, 12, 31)).map(date.isoformat)
# At noon no clock in the world is changed.
STARTS = DAYS | DAYS.map("{}T12:00:00".format)
ZONES = ("Asia/Tokyo", "Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


def unfold(body: bytes) -> bytes:
    """Take the folds out (RFC 5545 section 3.1)."""
    return body.replace(b"\r\n ", b"")


def escapes(text: bytes, mark: bytes) -> bool:
    """Say whether the marks at the end of a piece are whole pairs."""
    return (len(text) - len(text.rstrip(mark))) % 2 == 0


@given(st.text(CHARACTERS | st.sampled_from("\\^N🏁日é"), max_size=500).map(lambda text: text.replace("\n", "")))
@example("x" * 74 + "\\" * 3 + "n")
@example("^" * 300)
@example("\\" * 301)
def test_folding_loses_nothing_and_cuts_nothing(line):
    """Unfolding gives the line back; no piece is over 75 octets or ends inside a character or an escape."""
    folded = ics.fold_line(line)
    pieces = folded.split(b"\r\n")
    assert unfold(folded) == line.encode()
    assert all(len(piece) <= 75 for piece in pieces)
    assert all(piece.startswith(b" ") for piece in pieces[1:])
    before = b""
    for piece in pieces:
        piece.decode()
        before += piece.removeprefix(b" ") if before else piece
        if before != line.encode():
            assert escapes(before, b"\\")
            assert escapes(before, b"^")


def one_event(text: str) -> bytes:
    """Return a calendar whose one event has a text wherever texts go."""
    event = Vevent()
    event["UID"] = ics.IcsText("one@example.org")
    event["DTSTAMP"] = event["DTSTART"] = vDDDTypes(NOW)
    event["DTEND"] = vDDDTypes(NOW + timedelta(hours=1))
    for name in ("SUMMARY", "DESCRIPTION", "LOCATION"):
        event[name] = ics.IcsText(text)
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n"
    return head + ics.write_lines(event) + b"END:VCALENDAR\r\n"


@given(TEXTS)
@example("C:\\New\\notes; \\N, \\n and \\, too\\")
@example("\\\\N\\\\\\n")
@example("a\nb\n\n")
def test_any_text_comes_back_from_icalendar(text):
    """What was escaped and folded is unfolded and unescaped by a reader of its own, to the character."""
    event = Calendar.from_ical(one_event(text)).walk("VEVENT")[0]
    assert [str(event[name]) for name in ("SUMMARY", "DESCRIPTION", "LOCATION")] == [text] * 3


@given(TEXTS)
@example("C:\\New\\notes; \\N, \\n and \\, too\\")
def test_any_text_comes_back_from_ical(text):
    """The same of the package ical."""
    event = IcsCalendarStream.calendar_from_ics(one_event(text).decode()).events[0]
    assert [event.summary or "", event.description or "", event.location or ""] == [text] * 3


def quoted(text: str) -> str:
    """Return a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


@st.composite
def seasons(draw) -> dict[str, bytes]:
    """Draw a calendars folder: any texts, any days, any zone, any status."""
    status = st.sampled_from(["provisional", "confirmed", "postponed", "cancelled"])
    zone = draw(st.sampled_from(ZONES))
    circuits = (
        f'[here]\nname = {quoted(draw(LINES))}\ncountry = "FR"\ntimezone = "{zone}"\nlatitude = 1\nlongitude = 2\n'
    )
    text = f"name = {quoted(draw(LINES))}\nstatus = {quoted(draw(status))}\nclasses = ['gt', 'proto']\n"
    for event in range(draw(st.integers(1, 2))):
        text += f'[[event]]\nid = "event-{event}"\nname = {quoted(draw(LINES))}\ncircuit = "here"\n'
        text += f"status = {quoted(draw(status))}\n"
        for session in range(draw(st.integers(1, 3))):
            start = draw(STARTS)
            kind = draw(st.sampled_from(["test", "practice", "qualifying", "race", "other"]))
            text += f'[[event.session]]\nid = "session-{session}"\nkind = "{kind}"\nstart = {start}\n'
            text += f"name = {quoted(draw(LINES))}\nnote = {quoted(draw(LINES))}\n"
        text += f'[[event.change]]\nid = "change-{event}"\nwhat = "cancelled"\nwhy = {quoted(draw(LINES))}\n'
    times = draw(st.sampled_from(["utc", "circuit"]))
    publisher = f'{PUBLISHER}\n[calendars]\ntimes = "{times}"\nclasses = false\n'
    return contents(text, publisher=publisher, circuits=circuits)


@given(seasons())
def test_any_season_reads_back(files):
    """Whatever it is called and whenever it is: both readers find the same events in its calendar, each once."""
    files_published = documents(published((files, NOW)))
    for path in ("reminders/trial-all.ics", "trial-weekends.ics"):
        body = files_published[path]
        assert all(len(line) <= 75 for line in body.split(b"\r\n"))
        events = {str(event["UID"]): event for event in Calendar.from_ical(body).walk("VEVENT")}
        events_of_ical = {event.uid: event for event in IcsCalendarStream.calendar_from_ics(body.decode()).events}
        assert len(events) == body.count(b"BEGIN:VEVENT")
        assert events.keys() == events_of_ical.keys()
        for uid, event in events.items():
            assert str(event["SUMMARY"]) == events_of_ical[uid].summary
            assert str(event["DESCRIPTION"]) == events_of_ical[uid].description
            assert str(event["LOCATION"]) == events_of_ical[uid].location
            assert event["DTSTART"].dt == events_of_ical[uid].dtstart
            assert event["DTEND"].dt == events_of_ical[uid].dtend
            assert len(str(event["DESCRIPTION"])) < 3_000
            assert len(str(event["SUMMARY"])) <= 250

"""Calendar programs we did not write read the same events in our files, and follow what changes in them."""

import json
import re
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from conftest import REAL_NOW
from contracts.calendar_readers import Khal, Read, with_ical, with_ical_js, with_icalendar
from icalendar import Calendar
from untraced import untraced

from seasons import (
    LATER,
    NOW,
    contents,
    documents,
    edited,
    everything,
    everything_at_first,
    published,
    real_seasons,
)


def calendars(found: dict[str, bytes]) -> dict[str, bytes]:
    """Return the calendar files of a publication."""
    return {path: body for path, body in found.items() if path.endswith(".ics")}


def whole(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return files that hold every event of every season between them."""
    return {path: body for path, body in files.items() if re.search(r"^\d.*-all\.ics$|weekends\.ics$", path)}


def moments(found: dict[str, bytes]) -> dict[str, tuple]:
    """Return what the JSON files say of each UID: start, end where it is known, SEQUENCE."""
    said = {}
    for path, body in found.items():
        if not path.endswith("/season.json"):
            continue
        for event in json.loads(body)["events"]:
            days = event["first_day"] and (
                date.fromisoformat(event["first_day"]),
                date.fromisoformat(event["last_day"]) + timedelta(days=1),
            )
            said[event["uid"]] = (days, event["sequence"])
            for session in event["sessions"]:
                said[session["uid"]] = (_span(session, days), session["sequence"])
    return said


def _span(session: dict, days: tuple[date, date]) -> tuple:
    match session["precision"]:
        case "time":
            end = session["end"] and datetime.fromisoformat(session["end"])
            return datetime.fromisoformat(session["start"]), end
        case "day":
            day = date.fromisoformat(session["day"])
            return day, day + timedelta(days=1)
        case _:
            return days


@pytest.mark.parametrize("publication", ["everything_now", "real"])
def test_icalendar_and_ical_read_what_the_data_says(publication, request):
    """Each event once, at the instants and with the SEQUENCE that season.json has for its UID."""
    found = request.getfixturevalue(publication)
    said = moments(found)
    for path, body in whole(calendars(found)).items():
        read = with_icalendar(body)
        assert with_ical(body) == read, path
        for uid, one in read.items():
            (start, end), sequence = said[uid]
            assert (one.start, one.sequence) == (start, sequence), uid
            assert one.end == end or (end is None and one.end > one.start), uid


def test_ical_js_reads_everything(everything_now, tmp_path):
    """In every file of the season that has everything, what icalendar reads, to the last character."""
    for path, body in calendars(everything_now).items():
        assert with_ical_js(body, tmp_path) == with_icalendar(body), path


def test_ical_js_reads_the_real_seasons(real, tmp_path):
    """In files that hold every event of every season between them."""
    read = {}
    for path, body in whole(calendars(real)).items():
        read[path] = with_ical_js(body, tmp_path)
        assert read[path] == with_icalendar(body), path
    unfolded = b"".join(calendars(real).values()).replace(b"\r\n ", b"").decode()
    everywhere = set(re.findall(r"BEGIN:VEVENT\r\n(?:(?!END:).*\r\n)*?UID:(.*)\r\n", unfolded))
    assert {uid for one in read.values() for uid in one} == everywhere


def as_khal(one: Read) -> Read:
    r"""Return an event as khal keeps it: icalendar, which writes its files, makes a newline of \N."""
    texts = {name: getattr(one, name).replace(r"\N", "\n") for name in ("summary", "location", "description")}
    return replace(one, **texts)


@pytest.mark.parametrize(
    ("publication", "path"),
    [
        ("everything_now", "2030/cup-2030-all.ics"),
        ("everything_now", "reminders/cup-qualifying.ics"),
        ("real", "aslms-weekends.ics"),
        ("real", "reminders/aslms-all.ics"),
    ],
)
def test_khal_lists_what_is_published(publication, path, request, tmp_path):
    """The command khal, which imports a file, lists all its events at the same times and with the same words."""
    body = request.getfixturevalue(publication)[path]
    khal = Khal(tmp_path / "khal")
    khal.subscribe(body)
    assert khal.events() == {uid: as_khal(one) for uid, one in with_icalendar(body).items()}


# Times as circuit clocks show them


def at_the_circuit(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return a folder whose calendars are written with TZID and VTIMEZONE."""
    text = files["publisher.toml"].decode()
    text = re.sub(r"\ntimes .*", "", text)
    text = text.replace("[calendars]\n", '[calendars]\ntimes = "circuit"\n')
    assert 'times = "circuit"' in text
    return {**files, "publisher.toml": text.encode()}


@pytest.fixture(scope="module")
def everything_local():
    """Return the season that has everything, its times with TZID."""
    first, now = at_the_circuit(everything_at_first()), at_the_circuit(everything())
    return documents(published((first, NOW), (now, LATER)), "cup")


def test_circuit_times_are_the_same_instants(everything_local, everything_now, tmp_path):
    """With TZID and VTIMEZONE every reader finds the instants that UTC gives: with daylight saving time and without."""
    path = "2030/cup-2030-all.ics"
    local, utc = everything_local[path], with_icalendar(everything_now[path])
    assert with_icalendar(local) == utc
    assert with_ical(local) == utc
    # ical.js alone of these goes by the rules in the file; the others know the zones by their names.
    assert with_ical_js(local, tmp_path) == utc


def test_circuit_times_name_zones_that_the_file_defines(everything_local):
    """Each zone is defined once and used; what the rules cannot say is in UTC."""
    calendar = Calendar.from_ical(everything_local["2030/cup-2030-all.ics"])
    zones = [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")]
    assert zones == ["Asia/Dubai", "Asia/Tokyo", "Europe/Paris"]
    written = {}
    for event in calendar.walk("VEVENT"):
        written[str(event["UID"])] = {str(event[name].params.get("TZID", "UTC")) for name in ("DTSTART", "DTEND")}
    assert {name for names in written.values() for name in names} == {*zones, "UTC"}
    # A race over the change in spring; and in autumn one that ends at 02:00, which comes twice, and one in between.
    assert written["race-night.paris.2030.cup@example.org"] == {"Europe/Paris"}
    assert written["race-early.paris-autumn.2030.cup@example.org"] == {"UTC"}
    assert written["race.paris-autumn.2030.cup@example.org"] == {"UTC"}


def test_real_circuit_times_are_the_same_instants(real, real_store, tmp_path):
    """Every session of every real season, also those from before a zone's present rules, once a publisher wants them.

    Events that are written by another clock are new revisions, and say nothing else that is new.
    """
    with untraced():
        store = published((at_the_circuit(real_seasons()), REAL_NOW + timedelta(hours=1)), store=deepcopy(real_store))
    local = documents(store, "aslms")["reminders/aslms-all.ics"]
    utc = as_first_said(with_icalendar(real["reminders/aslms-all.ics"]))
    assert b"BEGIN:VTIMEZONE" in local
    assert as_first_said(with_icalendar(local)) == utc
    assert as_first_said(with_ical_js(local, tmp_path)) == utc


def as_first_said(found: dict[str, Read]) -> dict[str, Read]:
    """Return events without the last line of what is said of them: when that was written, and for which time."""
    bare = {uid: replace(one, description=one.description.rpartition("\nrevision ")[0]) for uid, one in found.items()}
    assert all(one.description for one in bare.values())
    return bare


# Following what changes

MOVED = ("start = 2030-03-02T13:00:00", "start = 2030-03-02T14:30:00")
CANCELLED = ('id = "paris"\n', 'id = "paris"\nstatus = "cancelled"\n')
RENAMED = ('id = "practice-1"', 'id = "warm-up"\n  formerly = ["practice-1"]')


@pytest.fixture(scope="module")
def steps():
    """Return one calendar before and after a session moved, an event was cancelled and a session got a new id."""
    store = published((contents(), NOW))
    before = documents(store)["trial-all.ics"]
    published((edited(contents(), "trial/2030/season.toml", MOVED, CANCELLED, RENAMED), LATER), store=store)
    return before, documents(store)["trial-all.ics"]


def test_khal_follows_a_change(steps, tmp_path):
    """By UID: what moved is there once, at its new time; what is cancelled says so; nothing is doubled or lost."""
    before, after = steps
    khal = Khal(tmp_path / "khal")
    khal.subscribe(before)
    first = khal.events("2029-01-01", 5 * 365)
    khal.subscribe(after)
    second = khal.events("2029-01-01", 5 * 365)
    assert first.keys() == second.keys() == with_icalendar(after).keys()
    race = "race-1.okayama.2030.trial@example.org"
    assert [one.start for one in second.values() if one.summary == first[race].summary] == [
        datetime(2030, 3, 2, 5, 30, tzinfo=UTC)
    ]
    assert second["race.paris.2030.trial@example.org"].summary == "CANCELLED: TS 4 Hours of Paris: Race"
    assert second["practice-1.okayama.2030.trial@example.org"].summary == "TS 4 Hours of Okayama: Warm up"
    assert {uid: one.sequence for uid, one in second.items()} == {
        "practice-1.okayama.2030.trial@example.org": 0,
        "qualifying-gt.okayama.2030.trial@example.org": 0,
        race: 1,
        "race.paris.2030.trial@example.org": 1,
    }


@cache
def events(body: bytes) -> dict[str, Calendar]:
    """Return the VEVENTs of a file by UID; nobody changes them."""
    return {str(event["UID"]): event for event in Calendar.from_ical(body).walk("VEVENT")}


def icsx5(kept: dict, body: bytes) -> dict:
    """Do as ICSx5 does: take an event over when its LAST-MODIFIED is later, drop what the file has no more."""
    new = events(body)
    return {
        uid: one if uid not in kept or one["LAST-MODIFIED"].dt > kept[uid]["LAST-MODIFIED"].dt else kept[uid]
        for uid, one in new.items()
    }


def gnome(kept: dict, body: bytes) -> dict:
    """Do as GNOME does: take an event over when its DTSTAMP, LAST-MODIFIED and SEQUENCE are not what they were."""

    def revision(event) -> tuple:
        return event["DTSTAMP"].dt, event["LAST-MODIFIED"].dt, event["SEQUENCE"]

    new = events(body)
    return {
        uid: one if uid not in kept or revision(one) != revision(kept[uid]) else kept[uid] for uid, one in new.items()
    }


@pytest.mark.parametrize("client", [icsx5, gnome])
def test_clients_that_go_by_stamps_show_the_new_file(steps, client):
    """After the second fetch they show what a client that never saw the first file shows, byte for byte."""
    before, after = steps
    kept = client(client({}, before), after)
    assert {uid: one.to_ical() for uid, one in kept.items()} == {
        uid: one.to_ical() for uid, one in client({}, after).items()
    }


@pytest.mark.parametrize("client", [icsx5, gnome])
def test_clients_that_go_by_stamps_follow_everything(everything_first, everything_now, client):
    """The same of every change of the season that has everything, in every file."""
    for path, body in calendars(everything_now).items():
        kept = client({}, everything_first[path]) if path in everything_first else {}
        assert {uid: one.to_ical() for uid, one in client(kept, body).items()} == {
            uid: one.to_ical() for uid, one in client({}, body).items()
        }, path


def test_stamps_move_only_with_what_is_said(everything_first, everything_now):
    """An event that says the same has the bytes it had; one that says something else has later stamps."""
    path = "2030/cup-2030-all.ics"
    old, new = events(everything_first[path]), events(everything_now[path])
    changed = {uid for uid in old if old[uid].to_ical() != new[uid].to_ical()}
    assert changed
    assert changed < old.keys()
    for uid in old:
        later = new[uid]["LAST-MODIFIED"].dt > old[uid]["LAST-MODIFIED"].dt
        assert later == (uid in changed), uid
        assert new[uid]["DTSTAMP"].dt == new[uid]["LAST-MODIFIED"].dt
        assert new[uid]["CREATED"].dt == old[uid]["CREATED"].dt
        significant = any(old[uid][name].dt != new[uid][name].dt for name in ("DTSTART", "DTEND"))
        assert not significant or new[uid]["SEQUENCE"] == old[uid]["SEQUENCE"] + 1, uid

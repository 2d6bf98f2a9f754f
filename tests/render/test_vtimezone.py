"""The rules of time zones as calendars define them, read by a program of its own and held against the tz database."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from dateutil.tz import tzical

from aslms_feeds.definitions.times import list_timezones, load_zone
from aslms_feeds.render.vtimezone import find_offset, load_rules, parse_footer, render_vtimezone

PARIS = """\
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
END:DAYLIGHT
END:VTIMEZONE
"""
KATHMANDU = """\
BEGIN:VTIMEZONE
TZID:Asia/Kathmandu
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0545
TZOFFSETTO:+0545
TZNAME:+0545
END:STANDARD
END:VTIMEZONE
"""
YEARS = (2027, 2030, 2036)


@pytest.mark.parametrize(("name", "text"), [("Europe/Paris", PARIS), ("Asia/Kathmandu", KATHMANDU)])
def test_a_zone_is_written_in_the_one_shape_every_client_reads(name, text):
    """One STANDARD, at most one DAYLIGHT, yearly rules, no list of dates; a fixed zone has no rule at all."""
    assert render_vtimezone(name) == text.replace("\n", "\r\n")


def changes(name: str, year: int) -> list[datetime]:
    """Return the instants of a year at which a zone's offset changes, to the quarter of an hour."""
    step = timedelta(minutes=15)
    first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    instants_of_change = []
    day = first
    while day < last:
        after = day + timedelta(days=1)
        if day.astimezone(load_zone(name)).utcoffset() != after.astimezone(load_zone(name)).utcoffset():
            moment = day
            while (
                moment.astimezone(load_zone(name)).utcoffset()
                == (moment + step).astimezone(load_zone(name)).utcoffset()
            ):
                moment += step
            instants_of_change.append(moment + step)
        day = after
    return instants_of_change


@pytest.fixture(scope="module")
def written():
    """Return the zones whose VTIMEZONE can be written, one name for each set of rules."""
    by_rules = {render_vtimezone(name).replace(name, ""): name for name in sorted(list_timezones()) if "/" in name}
    return sorted(name for text, name in by_rules.items() if text)


def instants(name: str, year: int) -> list[datetime]:
    """Return the middle of every month, and the time around every change."""
    sampled = [datetime(year, month, 15, 12, tzinfo=UTC) for month in range(1, 13)]
    for change in changes(name, year):
        sampled += [change - timedelta(minutes=15), change, change + timedelta(hours=1)]
    return sampled


@pytest.mark.slow
def test_the_rules_give_what_the_database_has(written):
    """At all times, for all rules there are; where the tz database has plans of its own, that is seen."""
    assert len(written) > 60
    wrong = {
        (name, year)
        for name in written
        for year in YEARS
        for instant in instants(name, year)
        if find_offset(name, instant.astimezone(load_zone(name))) != instant.astimezone(load_zone(name)).utcoffset()
    }
    # A year for which the tz database knows better: calendars write UTC there, and no zone has one for long.
    assert len(wrong) <= 2
    assert {year for _name, year in wrong} <= {YEARS[0]}


@pytest.mark.slow
def test_a_reader_of_its_own_finds_the_same_offsets(written):
    """Dateutil goes by the rules in the text alone; away from the hour that comes twice, it says what ours say."""
    for name in written:
        theirs = tzical(io.StringIO(render_vtimezone(name))).get()
        for instant in [*changes(name, 2030), datetime(2030, 1, 15, tzinfo=UTC), datetime(2030, 7, 15, tzinfo=UTC)]:
            for hours in (-3, 3):
                moment = instant + timedelta(hours=hours)
                ours = find_offset(name, moment)
                assert ours is not None
                assert theirs.utcoffset((moment + ours).replace(tzinfo=None)) == ours, (name, moment)


@pytest.mark.parametrize("name", ["Asia/Jerusalem", "America/Nuuk", "Africa/Cairo"])
def test_a_zone_whose_rules_have_another_form_is_not_written(name):
    """An hour before midnight or past 24 has no RRULE: no VTIMEZONE and no offset, rather than a wrong one."""
    assert (render_vtimezone(name), find_offset(name, datetime(2030, 1, 1, tzinfo=UTC))) == ("", None)


@pytest.mark.parametrize(
    "footer",
    [
        "",
        "XXX",
        "EET-2EEST,J60,J300",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
    ],
)
def test_a_footer_of_another_form_gives_no_rules(footer):
    """Days of the year, times before midnight and what is no footer."""
    assert parse_footer(footer) is None


def test_irelands_winter_is_standard_time():
    """Its file calls winter the daylight saving time; written so, Outlook would not know what to do with it."""
    dublin = load_rules("Europe/Dublin")
    assert dublin is not None
    assert (dublin.standard, dublin.daylight) == (timedelta(), timedelta(hours=1))
    assert render_vtimezone("Europe/Dublin").count("TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nTZNAME:IST") == 1

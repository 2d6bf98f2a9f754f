"""What each event in a calendar says, on every step from a season to a confirmed time."""

from datetime import UTC, date, datetime

import pytest

from aslms_feeds.definitions.values import Status
from aslms_feeds.editions.addresses import Addresses
from aslms_feeds.editions.components import Component, make_components
from aslms_feeds.editions.descriptions import DESCRIPTION_LIMIT, TITLE_LIMIT
from aslms_feeds.editions.language import load_language
from aslms_feeds.editions.season_statements import collect_entry_statements, collect_statements
from seasons import PUBLISHER, contents, series_files

HEAD = 'name = "2030 Test Series"\nclasses = ["proto", "gt"]\nstatus = "confirmed"\n'
EVENT = '[[event]]\nid = "paris"\nname = "4 Hours of Paris"\ncircuit = "paris"\n'
PAGE = "https://calendar.example.org/trial/2030/paris/"


def make_by_id(text: str, tag: str = "en", **files: str) -> dict[str, Component]:
    """Return the components of a season by session id, the weekend under its event's."""
    series = series_files(contents(HEAD + text, **files))
    addresses = Addresses(series.publisher.base_url, series.id, "en")
    season = series.seasons[0]
    return {
        component.session or component.event: component
        for component in make_components(series, season, addresses, [load_language(tag)])
    }


def session(text: str, event: str = "") -> Component:
    """Return the one session of an event in Paris."""
    return make_by_id(f'{EVENT}{event}[[event.session]]\nid = "race"\nkind = "race"\n{text}')["race"]


def list_lines(component: Component) -> list[str]:
    """Return the lines of a description but for its last, the address."""
    lines = component.words["en"].description.split("\n")
    assert lines[-1] == PAGE
    return lines[:-1]


CLASSES = "Classes: Prototype, GT"


@pytest.mark.parametrize(
    ("text", "title", "lines"),
    [
        (
            "start = 2030-04-06T13:00:00\nhours = 4\nround = 2",
            "TS 4 Hours of Paris: Race",
            [
                "2030 Test Series, round 2",
                "At the circuit: Saturday, 6 April 2030, 13:00 (UTC+02:00)",
                "In UTC: Saturday, 6 April 2030, 11:00",
                "Ends at 17:00 at the circuit.",
            ],
        ),
        (
            "start = 2030-04-06T23:30:00\nminutes = 45",
            "TS 4 Hours of Paris: Race",
            [
                "2030 Test Series",
                "At the circuit: Saturday, 6 April 2030, 23:30 (UTC+02:00)",
                "In UTC: Saturday, 6 April 2030, 21:30",
                "Ends at 00:15 on Sun 7 Apr at the circuit.",
            ],
        ),
        (
            'start = 2030-01-06T00:30:00\ndistance_km = 1000.5\nstatus = "provisional"\nnote = "Bring a hat."',
            "TS 4 Hours of Paris: Race (provisional)",
            [
                "2030 Test Series",
                "At the circuit: Sunday, 6 January 2030, 00:30 (UTC+01:00)",
                "In UTC: Saturday, 5 January 2030, 23:30",
                "The end is not published; the length shown here is assumed.",
                "The time is provisional.",
                "Distance: 1,000.5 km",
                "Bring a hat.",
            ],
        ),
        (
            "start = 2030-04-06",
            "TS 4 Hours of Paris: Race",
            ["2030 Test Series", "On Saturday, 6 April 2030; the time is not known."],
        ),
        (
            'start = 2030-04-06T13:00:00\nhours = 4\nstatus = "cancelled"',
            "CANCELLED: TS 4 Hours of Paris: Race",
            [
                "Cancelled.",
                "2030 Test Series",
                "It was to start on Saturday, 6 April 2030, 13:00 (UTC+02:00), at the circuit.",
            ],
        ),
        (
            'start = 2030-04-06\nstatus = "postponed"',
            "POSTPONED: TS 4 Hours of Paris: Race",
            [
                "Postponed; the new date is not known.",
                "2030 Test Series",
                "It was to be on Saturday, 6 April 2030.",
            ],
        ),
    ],
    ids=["a time", "over midnight", "provisional, without an end", "a day", "cancelled", "postponed"],
)
def test_a_session_says_what_is_known_of_it(text, title, lines):
    """What happened first, then circuit time and UTC in words; an end that is not known is not stated."""
    component = session(text)
    assert component.words["en"].summary == title
    assert list_lines(component) == [*lines, CLASSES]


def test_a_session_without_a_day_spans_its_event():
    """And says so; of an event of one day the day is known."""
    component = session("", "first_day = 2030-04-05\nlast_day = 2030-04-06\n")
    assert (component.span.start, component.span.end) == (date(2030, 4, 5), date(2030, 4, 7))
    assert list_lines(component)[1] == "Some time during 5–6 Apr 2030; the day is not known."
    component = session("", "first_day = 2030-04-05\nlast_day = 2030-04-05\n")
    assert list_lines(component)[1] == "On Friday, 5 April 2030; the time is not known."
    component = session("", 'status = "cancelled"\nfirst_day = 2030-04-05\nlast_day = 2030-04-06\n')
    assert list_lines(component)[2] == "It was to be some time during 5–6 Apr 2030."


def test_a_session_of_an_event_without_days_is_no_component():
    """It has no place in a calendar yet; what it states is kept."""
    files = series_files(contents(f'{HEAD}{EVENT}when = "late"\n[[event.session]]\nid = "race"\nkind = "race"\n'))
    season = files.seasons[0]
    addresses = Addresses(files.publisher.base_url, files.id, "en")
    assert make_components(files, season, addresses, [load_language("en")]) == ()
    assert {uid: statement.start for uid, statement in collect_statements(files, season, [], []).items()} == {
        "2030.trial@example.org": "",
        "paris.2030.trial@example.org": "",
    }


def test_a_reason_is_the_nearest_one():
    """The session's own, else its event's, else the season's; a new day is named with it."""
    season = '[[change]]\nid = "all"\nwhat = "cancelled"\nwhy = "All off."\n'
    event = '[[event.change]]\nid = "event"\nwhat = "{what}"\nwhy = "The event is off."\n{to}\n'
    own_change = '[[event.change]]\nid = "own"\nwhat = "cancelled"\nsession = "race"\nwhy = "The race is off."\n'
    text = '[[event.session]]\nid = "race"\nkind = "race"\nstart = 2030-04-06\n'

    def first(status: str, *changes: str) -> str:
        head, event_changes = changes[0], "".join(changes[1:])
        return list_lines(make_by_id(f'{head}{EVENT}status = "{status}"\n{text}{event_changes}')["race"])[0]

    off = event.format(what="cancelled", to="")
    assert first("cancelled", season, off, own_change) == "Cancelled. The race is off."
    assert first("cancelled", season, off) == "Cancelled. The event is off."
    assert first("cancelled", season) == "Cancelled. All off."
    later = event.format(what="postponed", to="to = 2030-06-01")
    assert first("postponed", season, later) == "Postponed to Saturday, 1 June 2030. The event is off."
    vague = event.format(what="postponed", to='to = "the summer"')
    assert first("postponed", season, vague) == "Postponed to the summer. The event is off."


def test_a_weekend_tells_no_times():
    """Rounds, lap and where the timetable is: its text stays the same while sessions move within its days."""
    text = (
        f"{EVENT}length_km = 4.2\n"
        '[[event.session]]\nid = "race-1"\nkind = "race"\nround = 1\nstart = 2030-04-06T13:00:00\n'
        '[[event.session]]\nid = "race-2"\nkind = "race"\nround = 2\nstart = 2030-04-07T13:00:00\n'
    )
    weekend = make_by_id(text)["paris"]
    assert (weekend.span.start, weekend.span.end, weekend.session) == (date(2030, 4, 6), date(2030, 4, 8), "")
    assert list_lines(weekend) == [
        "2030 Test Series, rounds 1 and 2",
        "A lap is 4.2 km.",
        "The timetable is on the page below.",
        CLASSES,
    ]
    assert make_by_id(text.replace("T13", "T15"))["paris"].words == weekend.words
    assert weekend.words["en"].categories == ("TS", "Race meeting", "Prototype", "GT")


def test_a_weekend_that_is_off_points_to_no_timetable():
    """It says what happened and which rounds it would have been."""
    text = (
        f'{EVENT}status = "cancelled"\n[[event.session]]\nid = "race"\nkind = "race"\nround = 1\nstart = 2030-04-06\n'
    )
    assert list_lines(make_by_id(text)["paris"]) == ["Cancelled.", "2030 Test Series, round 1", CLASSES]


def test_where_to_watch_is_said_of_what_can_be_watched():
    """The nearest statement, its territories, and nothing for what is off."""
    watch = '[[event.broadcast]]\nname = "TV"\nurl = "https://tv.example.org/"\nterritories = ["France", "Japan"]\n'
    text = EVENT + '[[event.session]]\nid = "race"\nkind = "race"\nstart = 2030-04-06\n'
    line = "Watch: TV (France, Japan) https://tv.example.org/"
    assert line in list_lines(make_by_id(text + watch)["race"])
    assert line not in list_lines(make_by_id(f'{text}status = "cancelled"\n{watch}')["race"])


@pytest.mark.parametrize(
    ("tag", "title", "place", "lines"),
    [
        (
            "ja",
            "【中止】TS 4 Hours of Paris 決勝レース1",
            "Circuit de Paris、Paris、フランス",
            ("中止になりました。Rain.", "クラス: Prototype、GT"),
        ),
        (
            "zh-Hans",
            "【已取消】TS 4 Hours of Paris · 正赛1",
            "Circuit de Paris，Paris，法国",
            ("已取消。Rain.", "组别：Prototype、GT"),
        ),
        (
            "fr",
            "ANNULÉ\N{NO-BREAK SPACE}: TS 4 Hours of Paris – Course 1",
            "Circuit de Paris, Paris, France",
            ("Annulé. Rain.", "Catégories\N{NO-BREAK SPACE}: Prototype, GT"),
        ),
        (
            "ar",
            "[ملغى] \u2068TS \u20684 Hours of Paris\u2069: السباق 1\u2069",
            "Circuit de Paris، Paris، فرنسا",
            ("ملغى. Rain.", "الفئتان: Prototype، GT"),
        ),
    ],
)
def test_each_language_has_its_own_marks(tag, title, place, lines):
    """Between names, parts of a place and sentences; a broadcast's countries are in the language's brackets."""
    event = f'{EVENT}[[event.session]]\nid = "race-1"\nkind = "race"\nstart = 2030-04-06T13:00:00\n'
    why = '[[event.change]]\nid = "off"\nwhat = "cancelled"\nsession = "race-1"\nwhy = "Rain."\n'
    words = make_by_id(event + 'status = "cancelled"\n' + why, tag)["race-1"].words[tag]
    assert (words.summary, words.location) == (title, place)
    description_lines = words.description.split("\n")
    assert (description_lines[0], description_lines[-2]) == lines


def test_where_to_watch_is_in_the_languages_brackets():
    """And in none where it can be watched everywhere."""
    watch = '[[event.broadcast]]\nname = "TV"\nurl = "https://tv.example.org/"\n'
    text = EVENT + '[[event.session]]\nid = "race"\nkind = "race"\nstart = 2030-04-06\n' + watch
    where = 'territories = ["France", "Japan"]\n'
    japanese = [make_by_id(component, "ja")["race"].words["ja"].description for component in (text, text + where)]
    assert "\n視聴: TV https://tv.example.org/\n" in japanese[0]
    assert "\n視聴: TV（France、Japan） https://tv.example.org/\n" in japanese[1]


def test_texts_stay_within_what_clients_keep():
    """Titles and places under 255 characters, descriptions under 3,000, the address of the page never cut off."""
    watch = "".join(
        f'[[event.broadcast]]\nname = "{"n" * 190}"\nurl = "https://tv.example.org/{n}"\n' for n in range(30)
    )
    long = f'[[event]]\nid = "paris"\nname = "{"é" * 200}"\ncircuit = "paris"\n'
    component = make_by_id(
        f'{long}[[event.session]]\nid = "race"\nname = "{"s" * 200}"\nkind = "race"\nstart = 2030-04-06\n{watch}'
    )
    words = component["race"].words["en"]
    assert len(words.summary) == TITLE_LIMIT
    assert words.summary.endswith("…")
    assert len(words.description) <= DESCRIPTION_LIMIT + 1
    assert words.description.endswith(f"…\n{PAGE}")


def test_the_uid_comes_from_the_first_ids_and_the_place_too():
    """A new id or name at any level, or a circuit's, changes neither the UID nor the place it states."""
    circuits = '[new]\nname = "New"\ncountry = "FR"\ntimezone = "Europe/Paris"\nformerly = ["old"]\n'
    text = (
        '[[event]]\nid = "now"\nname = "Now"\ncircuit = "new"\nformerly = ["then"]\n[[event.session]]\nid = "race"\n'
        'kind = "race"\nstart = 2030-04-06\nformerly = ["first", "second"]\n'
    )
    component = make_by_id(text, circuits=circuits)["race"]
    assert (component.uid, component.parent, component.place) == (
        "first.then.2030.trial@example.org",
        "then.2030.trial@example.org",
        "old",
    )


def test_assumed_lengths_are_the_publishers():
    """An end that is not known is drawn by kind, and never said to be known."""
    publisher = f"{PUBLISHER}\n[calendars]\nassumed_minutes = {{ race = 90 }}\n"
    text = EVENT + '[[event.session]]\nid = "race"\nkind = "race"\nstart = 2030-04-06T13:00:00\n'
    span = make_by_id(text, publisher=publisher)["race"].span
    assert (span.end, span.end_known) == (datetime(2030, 4, 6, 12, 30, tzinfo=UTC), False)


def test_status_comes_from_above_when_it_is_off():
    """A cancelled event cancels its sessions; else the nearest stated status holds."""
    text = '[[event.session]]\nid = "race"\nkind = "race"\nstart = 2030-04-06\n'
    cancelled = make_by_id(f'{EVENT}status = "cancelled"\n{text}status = "confirmed"\n')["race"]
    provisional = make_by_id(f'{EVENT}status = "provisional"\n{text}')["race"]
    confirmed = make_by_id(f'{EVENT}status = "provisional"\n{text}status = "confirmed"\n')["race"]
    assert (cancelled.status, provisional.status, confirmed.status) == (
        Status.CANCELLED,
        Status.PROVISIONAL,
        Status.CONFIRMED,
    )
    assert [component.off for component in (cancelled, provisional, confirmed)] == [True, False, False]


def test_an_entry_list_states_its_cars():
    """By number: the team and, where it is known, the car."""
    entries = (
        '[[list]]\nid = "first"\n[[list.entry]]\nnumber = "007"\nclass = "gt"\nteam = "A"\ncar = "B"\n'
        '[[list.entry]]\nnumber = "7"\nclass = "gt"\nteam = "C"\n'
    )
    files = series_files(contents(entries=entries))
    statements = collect_entry_statements(files, files.seasons[0], [])
    assert {uid: statement.subject for uid, statement in statements.items()} == {
        "first.entries.2030.trial@example.org": {"007": "A, B", "7": "C"}
    }

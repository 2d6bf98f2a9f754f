"""The history of the series in ``calendars/``, held against an article on it and the announcement of 2023/24.

The tables are these two texts, written out by hand. Where better sources won, ``BETTER`` names the statement, what is
defined instead, and why.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.definitions.values import Status, What

if TYPE_CHECKING:
    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.results import Champion
    from aslms_feeds.definitions.season import Event

CALENDARS = Path(__file__).parents[2] / "calendars"
HISTORY = "https://en.wikipedia.org/wiki/Asian_Le_Mans_Series"


class Better(NamedTuple):
    """What is defined where better sources contradict a text."""

    defined: object
    why: str


# The text on the series

DAYS = {
    "2008-shanghai shanghai": (date(2008, 11, 1), date(2008, 11, 2)),
    "2009 shanghai": (date(2009, 11, 7), date(2009, 11, 8)),
}

RACES = {
    "2009 okayama race-1": date(2009, 10, 30),
    "2009 okayama race-2": date(2009, 11, 1),
    # the announcement of 2023/24
    "2023-24 sepang race-1": date(2023, 12, 2),
    "2023-24 sepang race-2": date(2023, 12, 3),
    "2023-24 dubai race": date(2024, 2, 4),
    "2023-24 abu-dhabi race-1": date(2024, 2, 10),
    "2023-24 abu-dhabi race-2": date(2024, 2, 11),
}

YEARS = {
    "1999-fuji": (1999, 1999),
    "2000-adelaide": (2000, 2000),
    "jlmc-2006": (2006, 2006),
    "jlmc-2007": (2007, 2007),
    "2009": (2009, 2009),
    "2010": (2010, 2010),
    "2013": (2013, 2013),
    "2014": (2014, 2014),
    "2015-16": (2015, 2016),
    "2016-17": (2016, 2017),
    "2017-18": (2017, 2018),
    "2018-19": (2018, 2019),
}

NEWS = {
    "2013 relaunch": date(2012, 6, 14),
    "2013 gt300": date(2012, 8, 20),
    "2013 gt-classes": date(2013, 4, 20),
    "2014 aco-takes-over": None,  # after the season
    "2015-16 plans": None,
    "2016-17 gt-asia": None,  # October 2016
    "2023-24 le-mans-places": None,
}

CHANGES = {
    "2009 shanghai-cancelled": (What.CANCELLED, date(2009, 8, 4)),
    "2013 relaunch": (What.ANNOUNCED, date(2012, 6, 14)),
    "2013 gtc-am-added": (What.CLASS_ADDED, date(2013, 4, 20)),
    "2014 buriram-cancelled": (What.CANCELLED, None),
    "2014 cn-for-lmpc": (What.CLASS_ADDED, None),
    "2014 one-gt-class": (What.CLASS_ADDED, None),
    "2014 gtc-am-renamed": (What.RENAMED, None),
    "2014 organiser-aco": (What.ORGANISER_CHANGED, None),
    "2015-16 lmp3-added": (What.CLASS_ADDED, None),
    "2015-16 gt-split": (What.CLASS_ADDED, None),
    "2016-17 gt-am-dropped": (What.CLASS_DROPPED, None),
    "2016-17 gt-cup-added": (What.CLASS_ADDED, None),
    "2017-18 cn-dropped": (What.CLASS_DROPPED, None),
    "2017-18 gt-am-back": (What.CLASS_ADDED, None),
    "2018-19 lmp2-am-added": (What.CLASS_ADDED, None),
}

CLASSES = {
    "2009": ("LMP1", "LMP2", "GT1", "GT2"),
    "2013": ("LMP2", "LMP3", "GTE", "GTC", "LMPC", "GTC Am", "SGT"),
    "2014": ("LMP2", "CN", "GT", "GT Am"),
    "2015-16": ("LMP2", "LMP3", "CN", "GT", "GT Am"),
    "2016-17": ("LMP2", "LMP3", "CN", "GT", "GT Cup"),
    "2017-18": ("LMP2", "LMP3", "GT", "GT Am", "GT Cup"),
    "2018-19": ("LMP2", "LMP2 Am", "LMP3", "GT", "GT Am", "GT Cup"),
    # the announcement of 2023/24
    "2023-24": ("LMP2", "LMP3", "GT"),
}

# The row of 2013 has no year and no class names in the text.
DRIVERS = {
    "2009": {
        "LMP1": ("Christophe Tinseau", "Shinji Nakano"),
        "LMP2": ("Jacques Nicolet", "Matthieu Lahaye", "Richard Hein"),
        "GT1": ("Atsushi Yogo", "Hiroyuki Iiri"),
        "GT2": ("Dominik Farnbacher", "Allan Simonsen"),
    },
    "2013": {
        "LMP2": ("David Cheng",),
        "LM GTE": ("Naoki Yokomizo", "Akira Iida", "Shogo Mitsuyama"),
        "GTC": ("Andrea Bertolini", "Michele Rugolo", "Steve Wyatt"),
    },
    "2014": {
        "LMP2": ("David Cheng", "Ho-Pin Tung"),
        "CN": ("Kevin Tse",),
        "GT": ("Jun San Chen", "Tatsuya Tanigawa"),
    },
    "2015-16": {
        "LMP2": ("Nicolas Leutwiler",),
        "LMP3": ("David Cheng", "Ho-Pin Tung"),
        "CN": ("Denis Lian", "Giorgio Maggi"),
        "GT": ("Weng Sun Mok", "Rob Bell", "Keita Sawa"),
        "GT Am": ("Paul Ip",),
    },
    "2016-17": {
        "LMP2": ("Andrea Roda",),
        "LMP3": ("Nigel Moore", "Phil Hanson"),
        "CN": ("Kenji Abe", "Akihiro Asai", "Qin Tianqi", "Tira Sosothikul", "Medhapan Sundaradeja"),
        "GT": ("Michele Rugolo",),
        "GT Cup": ("Takuma Aoki", "Shinyo Sano"),
    },
    "2017-18": {
        "LMP2": ("Harrison Newey", "Stéphane Richelmi", "Thomas Laurent"),
        "LMP3": ("Guy Cosmo", "Patrick Byrne"),
        "GT": ("Jesse Krohn", "Jun-San Chen"),
        "GT Am": ("Max Wiser", "Weian Chen"),
        "GT Cup": ("Will Bamber", "Graeme Dowsett"),
    },
    "2018-19": {
        "LMP2": ("Paul di Resta", "Phil Hanson"),
        "LMP2 Am": ("Kang Ling", "Darren Burke", "Miro Konopka"),
        "LMP3": ("Jakub Smiechowski", "Martin Hippe"),
        "GT": ("James Calado", "Kei Cozzolino", "Takeshi Kimura"),
        "GT Am": ("Max Wiser",),
        "GT Cup": ("Philippe Descombes", "Benny Simonsen"),
    },
}

# "The current season" of the text's box.
BOX = {
    "2018-19": {
        "LMP2": ("Paul di Resta", "Phil Hanson"),
        "LMP2 Am": ("Miro Konopka", "Kang Ling", "Darren Bourke"),
        "LMP3": ("Jakub Smiechowski", "Martin Hippe"),
        "GT": ("James Calado", "Kei Cozzolino", "Takeshi Kimura"),
        "GT Am": ("Massimiliano Wiser",),
        "GT Cup": ("Philippe Descombes", "Benny Simonsen"),
    },
}

TEAMS = {
    "2009": {
        "LMP1": "Sora Racing",
        "LMP2": "OAK Racing/Team Mazda France",
        "GT1": "JLOC",
        "GT2": "Hankook Team Farnbacher",
    },
    "2013": {"LMP2": "OAK Racing", "LM GTE": "Team Taisan Ken Endless", "GTC": "AF Corse"},
    "2014": {"LMP2": "OAK Racing", "CN": "Craft-Bamboo Racing", "GT": "AAI-Rstrada"},
    "2015-16": {
        "LMP2": "Race Performance",
        "LMP3": "DC Racing",
        "CN": "Avelon Formula",
        "GT": "Clearwater Racing",
        "GT Am": "KCMG",
    },
    "2016-17": {
        "LMP2": "Algarve Pro Racing",
        "LMP3": "Tockwith Motorsports",
        "CN": "PS Racing",
        "GT": "DH Racing",
        "GT Cup": "TKS",
    },
    "2018-19": {
        "LMP2": "United Autosports",
        "LMP2 Am": "ARC Bratislava",
        "LMP3": "Inter Europol Competition",
        "GT": "CarGuy Racing",
        "GT Am": "Tianshi Racing Team",
        "GT Cup": "Modena Motorsports",
    },
}

COUNTS = {
    # the announcement of 2023/24
    "2023-24 races": 5,
    "2023-24 cars": 39,
    "2023-24 cars LMP2": 11,
    "2023-24 cars LMP3": 5,
    "2023-24 cars GT": 23,
    "2023-24 cars GT entered": 23,
    # the text on the series
    "2010 races": 1,
    "2013 inje cars": 8,
    "2014 inje cars": 6,
}

BETTER = {
    "2009 okayama race-1": Better(
        date(2009, 10, 31),
        "the Japanese press, the team's preview and the race reports have race 1 on Saturday; Friday was for practice",
    ),
    "2013 classes": Better(
        {"LMP2", "LMPC", "LM GTE", "GTC", "GTC Am", "SGT"},
        "LMP3 came in 2015/16, and the text itself says later that LMPC was the class without entries; GTE is LM GTE",
    ),
    "2014 buriram-cancelled": Better(
        (What.CANCELLED, date(2014, 10, 13)), "a race report has it by this day; the text has no day"
    ),
    "2014 cn-for-lmpc": Better(
        (What.CLASS_ADDED, date(2013, 12, 7)), "published with the calendar; the text has no day"
    ),
    "2014 one-gt-class": Better(
        (What.CLASS_ADDED, date(2013, 12, 7)), "published with the calendar; the text has no day"
    ),
    "2014 inje cars": Better(8, "the list counts the entries, of which six started: the record says so"),
    "2009 LMP2 team": Better("OAK Racing / Team Mazda France", "the same with space around the stroke"),
    "2018-19 LMP3 drivers": Better({"Jakub Śmiechowski", "Martin Hippe"}, "spelt as in Polish"),
    "2018-19 LMP3 drivers, box": Better({"Jakub Śmiechowski", "Martin Hippe"}, "spelt as in Polish"),
    "2018-19 LMP2 Am drivers, box": Better(
        {"Miro Konopka", "Kang Ling", "Darren Burke"}, "the race reports and the text's own table have Burke"
    ),
    "2018-19 GT Am drivers": Better({"Massimiliano Wiser"}, "Max Wiser in full, as the text's own box has him"),
}

CANCELLED = {
    "2001-sepang": {"sepang"},
    "2008-shanghai": {"shanghai"},
    "2009": {"shanghai"},
    "2013": {"shanghai", "ordos", "sentul"},
    "2014": {"zhuhai", "buriram"},
    "2015-16": {"shanghai"},
    "2017-18": {"zhejiang"},
    "2021": {"suzuka", "shanghai", "buriram", "sepang"},
}
"""The meetings that were called off, by season; the first three are in the text, as is Buriram in 2014."""


@cache
def series() -> SeriesFiles:
    """Return what is defined about the series."""
    contents = {path.relative_to(CALENDARS).as_posix(): path.read_bytes() for path in CALENDARS.rglob("*.toml")}
    definitions = read_definitions(contents, "calendars")
    assert definitions.problems == ()
    return definitions.series["aslms"]


def season(name: str) -> SeasonFiles:
    """Return a season by its id."""
    return next(season for season in series().seasons if season.id == name)


def event(name: str, of: str) -> Event:
    """Return an event by its id and its season's."""
    return next(event for event in season(of).season.events if event.id == name)


def class_name(name: str | None) -> str:
    """Return the name of a class by its id."""
    return next(race_class.name for race_class in series().series.classes if race_class.id == name)


def class_id(name: str) -> str:
    """Return the id of a class by its name."""
    return next(race_class.id for race_class in series().series.classes if race_class.name == name)


def day(start: datetime | date | None) -> date | None:
    """Return the day of a start."""
    return start.date() if isinstance(start, datetime) else start


def champions(of: str) -> list[Champion]:
    """Return who won the titles of the classes."""
    return [champion for champion in season(of).results.champions if champion.race_class]


def list_statements() -> dict[str, object]:
    """Return every statement of the texts by a name of its own."""
    statements: dict[str, object] = {**DAYS, **RACES, **COUNTS}
    statements |= {f"{name} years": years for name, years in YEARS.items()}
    statements |= {f"{name} news": on for name, on in NEWS.items()}
    statements |= dict(CHANGES)
    statements |= {f"{name} classes": set(classes) for name, classes in CLASSES.items()}
    for name, table in DRIVERS.items():
        statements |= {f"{name} {race_class} drivers": set(drivers) for race_class, drivers in table.items()}
        statements[f"{name} champions"] = set(table)
    for name, table in BOX.items():
        statements |= {f"{name} {race_class} drivers, box": set(drivers) for race_class, drivers in table.items()}
    for name, teams in TEAMS.items():
        statements |= {f"{name} {race_class} team": team for race_class, team in teams.items()}
    return statements


@cache
def list_defined() -> dict[str, object]:
    """Return the same from the definitions, by the same names."""
    statements: dict[str, object] = {}
    for files in series().seasons:
        held_events = [event for event in files.season.events if event.status is not Status.CANCELLED]
        days = [on for event in held_events for session in event.sessions if (on := day(session.start))]
        statements[f"{files.id} years"] = (min(days).year, max(days).year) if days else None
        statements[f"{files.id} races"] = sum(
            session.kind == "race" for event in held_events for session in event.sessions
        )
        statements[f"{files.id} classes"] = {class_name(name) for name in files.season.classes}
        for event_ in files.season.events:
            statements[f"{files.id} {event_.id}"] = (event_.first_day, event_.last_day)
            statements |= {f"{files.id} {event_.id} {race.id}": day(race.start) for race in event_.sessions}
        changes = chain(files.season.changes, *(event_.changes for event_ in files.season.events))
        statements |= {f"{files.id} {change.id}": (change.what, change.on) for change in changes}
        statements |= {f"{files.id} {item.id} news": item.on for item in files.news.news}
        for list_ in files.entries.lists:
            place = f"{files.id} {list_.event} cars" if list_.event else f"{files.id} cars"
            statements[place] = list_.count
            statements |= {f"{place} {class_name(name)}": count for name, count in list_.counts.items()}
            entered = Counter(class_name(entry.race_class) for entry in list_.entries)
            statements |= {f"{place} {name} entered": count for name, count in entered.items()}
        statements[f"{files.id} champions"] = {class_name(champion.race_class) for champion in champions(files.id)}
        for champion in champions(files.id):
            name = f"{files.id} {class_name(champion.race_class)}"
            if champion.drivers:
                statements[f"{name} drivers"] = statements[f"{name} drivers, box"] = set(champion.drivers)
            if champion.team:
                statements[f"{name} team"] = champion.team
    return statements


@pytest.mark.parametrize("name", sorted(list_statements()))
def test_a_statement_of_the_texts_is_defined(name: str) -> None:
    """Each day, class list, champion and count of the texts is in the definitions, or better sources have won."""
    expected = BETTER[name].defined if name in BETTER else list_statements()[name]
    assert list_defined()[name] == expected


@pytest.mark.parametrize("name", sorted(BETTER))
def test_a_known_conflict_is_one(name: str) -> None:
    """What ``BETTER`` names is in the texts, says something else there, and has a reason."""
    assert list_statements()[name] != BETTER[name].defined
    assert BETTER[name].why


def test_every_event_has_a_source() -> None:
    """Every event and season of the series says where it is known from."""
    for files in series().seasons:
        assert files.season.sources, files.id
        for event_ in files.season.events:
            assert event_.sources, f"{files.id} {event_.id}"


def test_every_source_is_public() -> None:
    """Sources are addresses on the web, never a note of ours."""
    for path in CALENDARS.rglob("*.toml"):
        text = path.read_text()
        assert "seed:" not in text, path
        assert "unverified" not in text, path


def test_cancelled_meetings_stay() -> None:
    """Meetings that were called off are in their seasons still, cancelled, with a reason."""
    for files in series().seasons:
        off = {event_.id for event_ in files.season.events if event_.status is Status.CANCELLED}
        assert off == CANCELLED.get(files.id, set()), files.id
        for name in off:
            reasons = [change.why for change in event(name, files.id).changes if change.what is What.CANCELLED]
            assert len(reasons) == 1, f"{files.id} {name}"
            assert reasons[0], f"{files.id} {name}"


def test_forerunners_are_no_seasons_of_the_series() -> None:
    """What came before 2009 is a forerunner, and nothing else is."""
    forerunners = {files.id for files in series().seasons if files.season.kind == "forerunner"}
    assert forerunners == {"1999-fuji", "2000-adelaide", "2001-sepang", "jlmc-2006", "jlmc-2007", "2008-shanghai"}


def test_a_plan_without_a_day_has_no_day() -> None:
    """The race at Sepang in late 2001 has words for its date and nothing a calendar could show."""
    plan = event("sepang", "2001-sepang")
    assert plan.when == "late 2001"
    assert (plan.first_day, plan.last_day) == (None, None)
    assert all(session.start is None for session in plan.sessions)


def test_okayama_was_two_races_of_500_km() -> None:
    """The first season had one race of 500 km on each of two days."""
    races = [session for session in event("okayama", "2009").sessions if session.kind == "race"]
    assert [race.distance_km for race in races] == [500, 500]


def test_fuji_and_zhuhai_were_held_over_1000_km() -> None:
    """The race at Fuji in 1999 and the one at Zhuhai in 2010 were planned over 1000 km."""
    assert event("fuji", "1999-fuji").sessions[0].distance_km == 1000
    assert event("zhuhai", "2010").sessions[0].distance_km == 1000


def test_joint_meetings() -> None:
    """Zhuhai 2010 was part of the Intercontinental Le Mans Cup, and Super GT raced at Fuji in 2013."""
    assert event("zhuhai", "2010").joint_with == ("Intercontinental Le Mans Cup",)
    assert event("fuji", "2013").joint_with == ("Super GT",)
    assert event("fuji", "2015-16").joint_with == ("FIA World Endurance Championship",)


def test_sgt_was_run_at_fuji_only() -> None:
    """Of all events of 2013 only Fuji has the class of Super GT's cars."""
    events = season("2013").season.events
    assert {event_.id for event_ in events if "sgt" in event_.classes} == {"fuji"}
    assert all(event_.classes for event_ in events)


def test_lmpc_had_no_entries() -> None:
    """LMPC was a class of 2013 and is at no event of it."""
    assert "lmpc" in season("2013").season.classes
    assert not any("lmpc" in event_.classes for event_ in season("2013").season.events)


def test_gt_am_is_the_new_name_of_gtc_am() -> None:
    """One class of the past follows another under a new name; LMPC and CN, or GT and LM GTE, do not."""
    continues = {race_class.id: race_class.continues for race_class in series().series.classes if race_class.continues}
    assert continues == {"gt3": ("gt",), "gt-am": ("gtc-am",)}


@pytest.mark.parametrize(
    "cup",
    [
        "Lamborghini Super Trofeo",
        "Porsche Cup Asia",
        "Ferrari Challenge Asia",
        "Audi R8 LMS Cup Asia",
        "Lotus Cup Asia",
    ],
)
def test_gtc_am_is_for_one_make_cups(cup: str) -> None:
    """The class says which cups its cars come from."""
    what = next(race_class.what for race_class in series().series.classes if race_class.id == "gtc-am")
    assert cup in (what or "")


def test_every_class_says_what_it_is() -> None:
    """Each class of the series has a sentence on what it is, and a source."""
    for race_class in series().series.classes:
        assert race_class.what, race_class.id
        assert race_class.sources, race_class.id


def test_rules_for_drivers() -> None:
    """2013 wants an Asian driver and an amateur in each car, 2014 lets in the Australasia region."""
    rules_2013, rules_2014 = " ".join(season("2013").season.rules), " ".join(season("2014").season.rules)
    assert "Asian nationality" in rules_2013
    assert "Pro-Am" in rules_2013
    assert "Michelin" in rules_2013
    assert "Australasia" in rules_2014


def test_the_organiser_changed_after_2014() -> None:
    """The ACO took over from the S2M Group, because of few cars."""
    change = next(change for change in season("2014").season.changes if change.what is What.ORGANISER_CHANGED)
    assert (change.before, change.after) == ("S2M Group", "Automobile Club de l'Ouest (ACO)")
    assert (change.why or "").startswith("Few cars")
    organisers = {name: season(name).season.organiser or "" for name in ("2013", "2014", "2015-16")}
    assert {name for name, organiser in organisers.items() if "S2M Group" in organiser} == {"2013", "2014"}
    assert "ACO" in organisers["2015-16"]


def test_smallest_grids() -> None:
    """The grids of Inje in 2013 and 2014 are records, the second one smaller."""
    eight, six = season("2013").season.records[0], season("2014").season.records[0]
    assert (eight.event, six.event) == ("inje", "inje")
    assert eight.text.startswith("Eight cars")
    assert six.text.startswith("Six cars started")


def test_trophy_beside_the_championship() -> None:
    """The Michelin Asia GT Challenge is a title of 2016/17; no winner is made up."""
    trophy = next(title for title in season("2016-17").results.champions if title.race_class is None)
    assert trophy.title == "Michelin Asia GT Challenge"
    assert trophy.drivers == ()
    assert trophy.team is None


@pytest.mark.parametrize(
    ("of", "classes"),
    [("2009", {"LMP1", "LMP2", "GT1", "GT2"}), ("2013", {"LMP2", "GTC"}), ("2023-24", {"LMP2", "GT"})],
)
def test_invitations_to_le_mans(of: str, classes: set[str]) -> None:
    """The classes whose winners were promised a place at the 24 Hours of Le Mans have one, for the year after."""
    places = [place for place in season(of).results.invitations if not place.priority]
    assert {class_name(place.race_class) for place in places} == classes
    following = {"2009": 2010, "2013": 2014, "2023-24": 2024}[of]
    assert {place.race for place in places} == {f"24 Hours of Le Mans {following}"}


def test_lmp3_has_priority_for_road_to_le_mans() -> None:
    """In 2023/24 the LMP3 champion has priority for Road to Le Mans 2024, and no place at the 24 hours."""
    places = [place for place in season("2023-24").results.invitations if place.race_class == class_id("LMP3")]
    assert [(place.race, place.priority) for place in places] == [("Road to Le Mans 2024", True)]


@pytest.mark.parametrize(
    "team", ["GetSpeed", "Attempto Racing", "Leipert Motorsport", "Herberth Motorsport", "Project 1", "Team Motopark"]
)
def test_german_teams_of_2023_24(team: str) -> None:
    """The teams that the announcement names are on the entry list of 2023/24, in GT."""
    entries = season("2023-24").entries.lists[0].entries
    assert {entry.race_class for entry in entries if team in entry.team} == {"gt"}


def test_proton_has_two_orecas_in_2023_24() -> None:
    """Proton Competition entered two Oreca cars in LMP2."""
    entries = season("2023-24").entries.lists[0].entries
    cars = [(entry.race_class, entry.car) for entry in entries if entry.team == "Proton Competition"]
    assert cars == [("lmp2", "Oreca 07 - Gibson")] * 2


def test_lmp2_and_lmp3_cars_of_2023_24() -> None:
    """The LMP2 field is all Oreca 07, the LMP3 field all Ligier JS P320."""
    entries = season("2023-24").entries.lists[0].entries
    cars = {name: {entry.car for entry in entries if entry.race_class == name} for name in ("lmp2", "lmp3")}
    assert cars == {"lmp2": {"Oreca 07 - Gibson"}, "lmp3": {"Ligier JS P320 - Nissan"}}


def test_results_stay_out_of_plain_news() -> None:
    """An announcement of the past that gives a result away says so: every one on the day of a race that was held."""
    for files in series().seasons:
        held_events = [event_ for event_ in files.season.events if event_.status is not Status.CANCELLED]
        races = {day(race.start) for event_ in held_events for race in event_.sessions if race.kind == "race"}
        plain = [item.id for item in files.news.news if item.on in races - {None} and not item.spoils]
        assert plain == [], files.id


def test_the_text_itself_is_a_source() -> None:
    """The article the history comes from is named wherever it is the source."""
    for name in ("1999-fuji", "2001-sepang", "2009", "2010", "2013", "2014", "2015-16", "2016-17"):
        assert HISTORY in season(name).season.sources, name

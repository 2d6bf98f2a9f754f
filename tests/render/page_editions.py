"""Editions for the tests of the pages: a series whose seasons have everything that is hard to show, and its pages."""

from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import lxml.html

from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
from aslms_feeds.definitions.publisher import Publisher
from aslms_feeds.definitions.results import (
    Champion,
    ClassWinner,
    Entries,
    Entry,
    EntryList,
    Invitation,
    News,
    NewsItem,
    Result,
    Results,
    Winner,
)
from aslms_feeds.definitions.season import Change, Event, Record, Season, Session
from aslms_feeds.definitions.series import Broadcast, Circuit, RaceClass, Series
from aslms_feeds.definitions.values import Kind, Status, What
from aslms_feeds.editions.compose import compose
from aslms_feeds.render.pages import front
from aslms_feeds.render.pages import series as page_series

BASE = "https://calendars.example/races"
NOW = datetime(2025, 11, 20, 12, tzinfo=UTC)
LATER = datetime(2025, 11, 25, 9, 30, tzinfo=UTC)
EVIL = "<script>alert('1')</script> & \"quotes\""
LONG = ("The Extraordinarily Long Name of a Race Meeting That Nobody at the Circuit Could Ever Say in One Breath " * 2)[
    :180
]

SEPANG = Circuit(
    name="Sepang International Circuit",
    names={"ja": "セパン・インターナショナル・サーキット", "ar": "حلبة سيبانغ الدولية"},
    city="Sepang",
    country="MY",
    timezone="Asia/Kuala_Lumpur",
    latitude=2.7609,
    longitude=101.7378,
    length_km=5.543,
    url="https://circuit.example/",
)
DUBAI = Circuit(name="Dubai Autodrome", country="AE", timezone="Asia/Dubai")
OKAYAMA = Circuit(
    name="Okayama International Circuit",
    city="Mimasaka",
    country="JP",
    timezone="Asia/Tokyo",
    sources=("https://source.example/okayama",),
)


def session(name, kind=Kind.RACE, start=None, **more):
    """Return a session whose id is its name."""
    return Session(id=name, kind=kind, start=start, **more)


def sepang():
    """Return a full race meeting: every kind of session, one without a time, one without a day, one cancelled."""
    return Event(
        id="sepang",
        name="4 Hours of Sepang",
        names={"ja": "セパン4時間", "ar": "أربع ساعات سيبانغ"},
        circuit="sepang",
        first_day=date(2025, 12, 11),
        last_day=date(2025, 12, 14),
        url="https://organiser.example/sepang?a=1&b=2",
        checked=date(2025, 11, 18),
        sources=("https://source.example/a%20page",),
        broadcasts=(Broadcast(name="Race TV", url="https://tv.example/", territories=("Asia", "Europe")),),
        session=(
            session("test", Kind.TEST),
            session("practice-1", Kind.PRACTICE, datetime(2025, 12, 12, 6, 30), minutes=90),  # noqa: DTZ001
            session("qualifying-gt", Kind.QUALIFYING, date(2025, 12, 13), classes=("gt",)),
            session("race-1", start=datetime(2025, 12, 13, 13), hours=4, round=1, note=EVIL),  # noqa: DTZ001
            session("night", start=datetime(2025, 12, 13, 22), hours=4, status=Status.CANCELLED),  # noqa: DTZ001
            session("race-2", start=datetime(2025, 12, 14, 13), round=2, status=Status.PROVISIONAL),  # noqa: DTZ001
        ),
        change=(
            Change(id="night-off", what=What.CANCELLED, session="night", on=date(2025, 11, 1), why="No lights."),
            Change(
                id="moved",
                what=What.MOVED,
                on=date(2025, 10, 2),
                **{"from": date(2025, 12, 4), "to": date(2025, 12, 11)},
            ),
        ),
    )


def running():
    """Return the current season, with one event of each difficult kind."""
    events = (
        sepang(),
        Event(
            id="dubai",
            name=EVIL,
            circuit="dubai",
            first_day=date(2026, 1, 29),
            last_day=date(2026, 2, 1),
            status=Status.POSTPONED,
            change=(Change(id="later", what=What.POSTPONED, to=date(2026, 3, 7), why="The paddock is under water."),),
        ),
        Event(id="long", name=LONG.strip(), circuit="dubai", first_day=date(2026, 2, 6), status=Status.CANCELLED),
        Event(id="someday", name="Someday", when="late spring"),
        Event(id="nowhere", name="鈴鹿", first_day=date(2026, 4, 1), session=(session("race"),)),
    )
    return SeasonFiles(
        "2025-26",
        Season(
            name="2025/26 Season",
            names={"ar": "موسم 2025/26"},
            status=Status.CONFIRMED,
            announced=date(2025, 3, 19),
            about="Four races. See <https://organiser.example/>.",
            classes=("lmp2", "gt"),
            event=events,
            sources=("https://source.example/calendar",),
        ),
        Entries(
            list=(
                EntryList(id="season", on=date(2025, 9, 11), count=39, counts={"lmp2": 16, "gt": 23}),
                EntryList(
                    id="sepang",
                    event="sepang",
                    on=date(2025, 11, 19),
                    entry=(
                        Entry(
                            number="007", **{"class": "gt"}, team=EVIL, car="Aston", drivers=("A. Ünsal", "山本 尚貴")
                        ),
                        Entry(number="26", **{"class": "lmp2"}, team="Algarve"),
                    ),
                ),
            )
        ),
        Results(),
        News(
            news=(
                NewsItem(
                    id="hello", on=date(2025, 11, 12), title=EVIL, text="Some **bold** <b>text</b>", events=("sepang",)
                ),
                NewsItem(id="undated", title="An undated one", text="Known, but not since when."),
            )
        ),
    )


def finished():
    """Return a season that is over, with results and champions."""
    race = session("race", start=datetime(2024, 12, 8, 13), hours=4, round=1)  # noqa: DTZ001
    return SeasonFiles(
        "2024-25",
        Season(
            name="2024/25 Season",
            status=Status.CONFIRMED,
            classes=("lmp2",),
            event=(Event(id="sepang", name="4 Hours of Sepang", circuit="sepang", session=(race,)),),
        ),
        results=Results(
            result=(
                Result(
                    event="sepang",
                    session="race",
                    overall=Winner(team="Winning Team", number="4", drivers=("First", "Second")),
                    winner=(ClassWinner(**{"class": "lmp2"}, team="Winning Team", number="4"),),
                ),
            ),
            champion=(Champion(**{"class": "lmp2"}, drivers=("First", "Second")), Champion(title="Trophy", team=EVIL)),
            invitation=(Invitation(race="24 Hours", team="Winning Team", priority=True),),
        ),
        news=News(news=(NewsItem(id="title", title="First wins the title", text="It is done.", spoils=True),)),
    )


def announced():
    """Return a season of which nothing but the classes is known."""
    return SeasonFiles("2026-27", Season(name="2026/27 Season", classes=("gt", "gt3")))


def old():
    """Return a season of long ago, of which little is known: days without times, changes, a title nobody knows of."""
    races = (
        session("race-1", start=date(2009, 10, 31), distance_km=500, round=1),
        session("race-2", start=date(2009, 11, 1), distance_km=500, round=1, sources=(source("race"),)),
    )
    okayama = Event(
        id="okayama",
        name="1000 km of Okayama",
        circuit="okayama",
        joint_with=("Another Cup",),
        session=races,
        change=(
            Change(
                id="here",
                what=What.PLACE_CHANGED,
                on=date(2009, 2, 26),
                **{"from": "Dubai Autodrome", "to": "Okayama International Circuit"},
            ),
        ),
        sources=(source("meeting"), source("season")),
    )
    later = Change(id="later", what=What.POSTPONED, on=date(2009, 8, 4), on_basis="reported", why="No money.")
    events = (
        okayama,
        Event(
            id="sepang",
            name="1000 km of Sepang",
            circuit="sepang",
            first_day=date(2009, 11, 7),
            last_day=date(2009, 11, 8),
            status=Status.CANCELLED,
        ),
        Event(
            id="dubai", name="Night of Dubai", circuit="dubai", when="early 2010", status="postponed", change=(later,)
        ),
    )
    changes = (
        Change(
            id="organiser",
            what=What.ORGANISER_CHANGED,
            on=date(2009, 1, 10),
            sources=(source("organiser"),),
            **{"from": "Nobody", "to": "The First Club"},
        ),
        Change(id="plan", what=What.CALENDAR_CHANGED, why="Three races become one."),
    )
    champions = (
        Champion(
            **{"class": "lmp1"},
            drivers=("Christophe", "Shinji"),
            team="Sora",
            car="Pescarolo",
            note="By a lap.",
            sources=(source("title"),),
        ),
        Champion(**{"class": "gt1"}, note="Nobody wrote it down."),
        Champion(title="The Trophy", team=EVIL),
    )
    return SeasonFiles(
        "2009",
        Season(
            name="2009 Example Series",
            status=Status.CONFIRMED,
            organiser="The First Club",
            classes=("lmp1", "lmp2", "gt1"),
            rules=("Every car has an amateur.", EVIL),
            checked=date(2024, 1, 5),
            event=events,
            record=(Record(text="The first race of all.", event="okayama", sources=(source("record"),)),),
            change=changes,
            sources=(source("season"),),
        ),
        Entries(
            list=(
                EntryList(id="year", count=22, note="Counted on the grid.", sources=(source("grid"),)),
                EntryList(id="okayama", event="okayama", counts={"lmp1": 9, "gt1": 4}, sources=(source("list"),)),
            )
        ),
        Results(
            result=(
                Result(event="okayama", session="race-1", note="Who won is not known.", sources=(source("flag"),)),
            ),
            champion=champions,
            invitation=(
                Invitation(race="24 Hours of 2010", team="Sora", **{"class": "lmp1"}, sources=(source("invitation"),)),
            ),
        ),
        News(news=(NewsItem(id="undated", title="Long ago", text="Nobody knows when.", sources=(source("news"),)),)),
    )


def forerunner():
    """Return a season before the series, with a winner."""
    race = session("race", start=datetime(1999, 11, 7, 11), hours=6, distance_km=1000, note="In the rain.")  # noqa: DTZ001
    return SeasonFiles(
        "1999-okayama",
        Season(
            name="1999 Okayama 1000 km",
            kind="forerunner",
            status=Status.CONFIRMED,
            organiser="The Oldest Club",
            about="How it *began*.",
            classes=("gt500",),
            event=(
                Event(
                    id="okayama",
                    name="Okayama 1000 km",
                    circuit="okayama",
                    joint_with=("Touring Cars",),
                    session=(race,),
                ),
            ),
            change=(Change(id="only", what=What.CALENDAR_CHANGED, on=date(2000, 1, 4), why="It is never run again."),),
            checked=date(2024, 2, 6),
            sources=(source("forerunner"),),
        ),
        Entries(list=(EntryList(id="grid", event="okayama", count=23),)),
        Results(
            result=(
                Result(
                    event="okayama",
                    session="race",
                    overall=Winner(team="Old Team", car="R391", drivers=("Érik", "Satoshi")),
                    sources=(source("oldest"),),
                ),
            ),
            champion=(Champion(**{"class": "gt500"}, drivers=("Masami",)),),
        ),
        News(
            news=(NewsItem(id="report", on=date(1999, 11, 8), title="Old Team wins", text="It rained.", spoils=True),)
        ),
    )


def plan():
    """Return a forerunner that was never held, and whose day is not known."""
    off = Change(id="off", what=What.CANCELLED, why="Nobody came.", sources=(source("off"),))
    event = Event(
        id="sepang", name="Plan for Sepang", circuit="sepang", when="late 2001", status="cancelled", change=(off,)
    )
    return SeasonFiles("plan", Season(name="A plan", kind="forerunner", status=Status.CONFIRMED, event=(event,)))


def source(name):
    """Return the address of a source."""
    return f"https://source.example/{name}"


def series_files(*seasons, languages=("en", "ar", "ja"), base=BASE):
    """Return a series of these seasons."""
    publisher = Publisher(
        name="Race calendars & more",
        base_url=base,
        identity="calendars.example",
        tag_date=date(2025, 1, 1),
        languages=languages,
    )
    series = Series(
        name="Example Series",
        short="EX",
        organiser="The Club",
        url="https://organiser.example/",
        about="A series with *style*.",
        **{
            "class": (
                RaceClass(id="lmp2", name="LMP2", colour="royalblue", what="Prototypes."),
                RaceClass(
                    id="gt", name="GT", names={"ja": "ジーティー"}, colour="red;} body { display: none", what=EVIL
                ),
                RaceClass(id="gt3", name="GT3", continues=("gt",), sources=(source("gt3"),)),
                RaceClass(id="lmp1", name="LMP1", what="The fastest.", sources=(source("lmp1"),)),
                RaceClass(id="gt1", name="GT1"),
                RaceClass(id="gt500", name="GT500", what="From another series.", sources=(source("gt500"),)),
            )
        },
    )
    return SeriesFiles("ex", publisher, series, {"sepang": SEPANG, "dubai": DUBAI, "okayama": OKAYAMA}, seasons)


def every(season):
    """Return all seasons, this one the running one."""
    return forerunner(), plan(), old(), finished(), season, announced()


def make_edition(files=None, now=NOW, ledgers=None):
    """Return an edition, composed as a build does it."""
    files = files or series_files(*every(running()))
    return compose(files, ledgers or {}, now=now, base_url=files.publisher.base_url)


def changed_edition():
    """Return the edition after a second build, in which a race has moved."""
    first = make_edition()
    event = sepang()
    moved = [
        one.model_copy(update={"start": datetime(2025, 12, 14, 14, 30)}) if one.id == "race-2" else one  # noqa: DTZ001
        for one in event.sessions
    ]
    season = running()
    events = (event.model_copy(update={"sessions": tuple(moved)}), *season.season.events[1:])
    season = replace(season, season=season.season.model_copy(update={"events": events}))
    ledgers = {one.files.id: one.ledger for one in first.seasons}
    return make_edition(series_files(*every(season)), LATER, ledgers)


def whole_site(edition):
    """Return every document of the site by its path below the host."""
    root = urlsplit(edition.addresses.base_url).path
    made = {f"{root}/ex/{one.path}": one for one in page_series.make_series_pages(edition)}
    site = front.make_site_pages(edition.files.publisher, [page_series.make_teasers(edition)])
    return {**made, **{f"{root}/{one.path}": one for one in site}}


def tree(document):
    """Return a parsed page."""
    return lxml.html.document_fromstring(document.body.decode())


def words(element):
    """Return the text of an element on one line."""
    return " ".join(element.text_content().split())


def page(trees, path, language=""):
    """Return a page of the series by its path."""
    folder = f"{language}/" if language else ""
    return trees[f"/races/ex/{folder}{path}index.html"]


def row(tree_, name):
    """Return the row of a session on its meeting's page."""
    (found,) = tree_.xpath("//tr[@id=$name]", name=name)
    return found

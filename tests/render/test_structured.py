"""Structured data: what search engines are told is what the definitions say, and all that they demand."""

import json
import re
from datetime import date, datetime

import pytest
from page_editions import BASE, EVIL, LATER, changed_edition, make_edition, running, series_files, tree, whole_site

from aslms_feeds.definitions.model import SeasonFiles
from aslms_feeds.definitions.season import Change, Event, Season, Session
from aslms_feeds.definitions.values import Kind, Status, What
from aslms_feeds.render.pages.structured import make_breadcrumbs, write_data_block

MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d[+-]\d\d:\d\d)?")
STATES = {"EventScheduled", "EventCancelled", "EventPostponed", "EventRescheduled"}


@pytest.fixture(scope="module")
def site():
    """Return the documents of the edition after a change."""
    return whole_site(changed_edition())


@pytest.fixture(scope="module")
def blocks(site):
    """Return the data blocks of every page, by path."""
    return {path: told(one) for path, one in site.items() if path.endswith(".html")}


def told(document):
    """Return the data blocks of a page."""
    return [json.loads(text) for text in tree(document).xpath("//script[@type='application/ld+json']/text()")]


def block(blocks, path, *kinds):
    """Return the one block of these types on a page."""
    found = [one for one in blocks[path] if one["@type"] in kinds]
    assert len(found) == 1, path
    return found[0]


def meeting(event):
    """Return the data of the page of a meeting that is defined so."""
    season = SeasonFiles("2026", Season(name="2026 Season", status=Status.CONFIRMED, event=(event,)))
    site = whole_site(make_edition(series_files(season, languages=("en",))))
    return next(one for one in told(site["/races/ex/2026/one/index.html"]) if one["@type"] == "SportsEvent")


def every_event(data):
    """Yield every event in a block, those inside others too."""
    if isinstance(data, dict):
        if data.get("@type") in ("SportsEvent", "EventSeries"):
            yield data
        for value in data.values():
            yield from every_event(value)
    if isinstance(data, list):
        for value in data:
            yield from every_event(value)


@pytest.mark.slow
def test_every_event_has_what_search_engines_demand(blocks):
    """Each event, in whatever it stands, has a name, a startDate, a location with a name, and a known status."""
    found = [event for page in blocks.values() for event in every_event(page)]
    assert len(found) > 50
    for event in found:
        assert event["name"]
        assert MOMENT.fullmatch(event["startDate"])
        assert MOMENT.fullmatch(event.get("endDate", event["startDate"]))
        assert event.get("endDate", event["startDate"]) >= event["startDate"]
        places = event["location"] if event["@type"] == "EventSeries" else [event["location"]]
        assert places
        for place in places:
            assert place["@type"] == "Place"
            assert place["name"]
            assert place["address"]["addressCountry"]
        if "eventStatus" in event:
            assert event["eventStatus"].removeprefix("https://schema.org/") in STATES
        rescheduled = event.get("eventStatus") == "https://schema.org/EventRescheduled"
        assert ("previousStartDate" in event) is rescheduled
        assert "offers" not in event
        assert "competitor" not in event


@pytest.mark.slow
def test_events_stand_only_on_pages_of_events(blocks):
    """A season or a meeting is told on its own page; one without a day or a place is not told at all."""
    kinds = {path: [one["@type"] for one in page] for path, page in blocks.items()}
    assert kinds["/races/ex/2025-26/index.html"] == ["EventSeries", "BreadcrumbList"]
    assert kinds["/races/ex/2025-26/sepang/index.html"] == ["SportsEvent", "BreadcrumbList"]
    for path in ("2026-27/", "2025-26/someday/", "2025-26/nowhere/", "history/", "subscribe/", ""):
        assert kinds[f"/races/ex/{path}index.html"] == ["BreadcrumbList"], path
    assert kinds["/races/index.html"] == []


def test_a_meeting_says_all_that_is_known(blocks, site):
    """Place with address and position, organiser, days, image, language and description are those of the page."""
    path = "/races/ex/ja/2025-26/sepang/index.html"
    data = block(blocks, path, "SportsEvent")
    page = tree(site[path])
    assert data["@context"] == "https://schema.org"
    assert data["url"] == data["@id"] == f"{BASE}/ex/ja/2025-26/sepang/"
    assert (data["startDate"], data["endDate"]) == ("2025-12-11", "2025-12-14")
    assert data["location"]["name"] == "セパン・インターナショナル・サーキット"
    assert data["location"]["address"] == {
        "@type": "PostalAddress",
        "addressCountry": "MY",
        "addressLocality": "Sepang",
    }
    assert data["location"]["geo"] == {"@type": "GeoCoordinates", "latitude": 2.7609, "longitude": 101.7378}
    assert data["organizer"] == {"@type": "Organization", "name": "The Club", "url": "https://organiser.example/"}
    assert data["inLanguage"] == "ja"
    assert data["image"] == page.xpath("//meta[@property='og:image']/@content")
    assert [data["description"]] == page.xpath("//meta[@name='description']/@content")
    assert data["superEvent"]["@id"] == f"{BASE}/ex/ja/2025-26/"


def test_sessions_have_the_circuit_s_time(blocks):
    """Each session with a day is a part, in the circuit's time with its offset; an end that is assumed is not told."""
    data = block(blocks, "/races/ex/2025-26/sepang/index.html", "SportsEvent")
    parts = {part["url"].rpartition("#")[2]: part for part in data["subEvent"]}
    assert list(parts) == ["practice-1", "qualifying-gt", "race-1", "night", "race-2"]
    assert parts["race-1"]["startDate"] == "2025-12-13T13:00:00+08:00"
    assert parts["race-1"]["endDate"] == "2025-12-13T17:00:00+08:00"
    assert parts["qualifying-gt"]["startDate"] == parts["qualifying-gt"]["endDate"] == "2025-12-13"
    assert "endDate" not in parts["race-2"]
    assert parts["night"]["eventStatus"] == "https://schema.org/EventCancelled"


def test_a_change_that_was_seen_is_told_with_the_former_start(blocks):
    """What a build saw move is rescheduled: a race to another time, a meeting by the history that is written down."""
    data = block(blocks, "/races/ex/2025-26/sepang/index.html", "SportsEvent")
    parts = {part["url"].rpartition("#")[2]: part for part in data["subEvent"]}
    assert parts["race-2"]["eventStatus"] == "https://schema.org/EventRescheduled"
    assert parts["race-2"]["previousStartDate"] == "2025-12-14T13:00:00+08:00"
    assert parts["race-2"]["startDate"] == "2025-12-14T14:30:00+08:00"
    assert parts["race-1"]["eventStatus"] == "https://schema.org/EventScheduled"
    assert (data["eventStatus"], data["previousStartDate"]) == ("https://schema.org/EventRescheduled", "2025-12-04")


def test_what_was_seen_counts_more_than_what_was_told():
    """A move that a build saw is newer than any history in the definitions, whenever that was."""
    told_of = Change(id="told", what=What.MOVED, on=date(2025, 12, 31), **{"from": date(2026, 1, 4)})
    event = Event(id="one", name="One", circuit="dubai", first_day=date(2026, 1, 25), change=(told_of,))
    moved = event.model_copy(update={"first_day": date(2026, 2, 1)})
    before, after = (
        series_files(
            SeasonFiles("2026", Season(name="2026 Season", status=Status.CONFIRMED, event=(one,))), languages=("en",)
        )
        for one in (event, moved)
    )
    ledgers = {one.files.id: one.ledger for one in make_edition(before).seasons}
    page = whole_site(make_edition(after, LATER, ledgers))["/races/ex/2026/one/index.html"]
    assert (told(page)[0]["startDate"], told(page)[0]["previousStartDate"]) == ("2026-02-01", "2026-01-25")


def test_postponed_to_a_known_day_is_rescheduled(blocks):
    """A meeting with a new day starts then, and names its old one; how long it will be is not known."""
    data = block(blocks, "/races/ex/2025-26/dubai/index.html", "SportsEvent")
    assert data["name"] == EVIL
    assert data["eventStatus"] == "https://schema.org/EventRescheduled"
    assert (data["startDate"], data["previousStartDate"]) == ("2026-03-07", "2026-01-29")
    assert "endDate" not in data


def test_postponed_without_a_new_day_keeps_its_days():
    """Nobody knows when: the old days stay, and the status says it; so with a new date in words."""
    for change in ((), (Change(id="later", what=What.POSTPONED, to="late in the year"),)):
        event = Event(
            id="one",
            name="One",
            circuit="dubai",
            first_day=date(2026, 2, 1),
            last_day=date(2026, 2, 2),
            status=Status.POSTPONED,
            change=change,
        )
        data = meeting(event)
        assert data["eventStatus"] == "https://schema.org/EventPostponed"
        assert (data["startDate"], data["endDate"]) == ("2026-02-01", "2026-02-02")


def test_a_session_postponed_to_a_time_has_its_offset():
    """The new time of a session is the circuit's, with its offset."""
    race = Session(id="race", kind=Kind.RACE, start=datetime(2026, 2, 1, 13), hours=4, status=Status.POSTPONED)  # noqa: DTZ001
    later = Change(id="later", what=What.POSTPONED, session="race", to=datetime(2026, 2, 2, 9, 30))  # noqa: DTZ001
    (part,) = meeting(Event(id="one", name="One", circuit="dubai", session=(race,), change=(later,)))["subEvent"]
    assert part["eventStatus"] == "https://schema.org/EventRescheduled"
    assert (part["startDate"], part["previousStartDate"]) == ("2026-02-02T09:30:00+04:00", "2026-02-01T13:00:00+04:00")


def test_a_day_that_got_its_time_is_not_rescheduled():
    """A session whose day was known, and now its time, starts when it was to; one that was cancelled is only that."""
    retimed = Change(id="timed", what=What.RETIMED, session="race", **{"from": date(2026, 2, 1)})
    moved = Change(id="moved", what=What.MOVED, session="off", **{"from": date(2026, 1, 31)})
    start = datetime(2026, 2, 1, 13)  # noqa: DTZ001
    race = Session(id="race", kind=Kind.RACE, start=start, hours=4)
    off = Session(id="off", kind=Kind.RACE, start=start, hours=4, status=Status.CANCELLED)
    data = meeting(Event(id="one", name="One", circuit="dubai", session=(race, off), change=(retimed, moved)))
    states = [part["eventStatus"].rpartition("/")[2] for part in data["subEvent"]]
    assert states == ["EventScheduled", "EventCancelled"]


@pytest.mark.parametrize("what", [What.MOVED, What.RETIMED, What.REINSTATED])
def test_what_starts_anew_names_its_former_start(what):
    """Moved, retimed, or back on another day: each is rescheduled, by its last change."""
    changes = (
        Change(id="first", what=what, on=date(2025, 3, 1), **{"from": date(2026, 1, 4)}),
        Change(id="last", what=what, on=date(2025, 9, 1), **{"from": date(2026, 1, 25)}),
        Change(id="place", what=What.PLACE_CHANGED, on=date(2025, 10, 1), **{"from": "Elsewhere"}),
    )
    data = meeting(Event(id="one", name="One", circuit="dubai", first_day=date(2026, 2, 1), change=changes))
    assert (data["eventStatus"], data["previousStartDate"]) == ("https://schema.org/EventRescheduled", "2026-01-25")


def test_former_starts_follow_a_meeting_to_its_new_id():
    """A meeting that moved and then got another id is still told as moved; a former date in words is not told."""
    moved = Change(id="moved", what=What.MOVED, **{"from": date(2026, 1, 25)})
    event = Event(id="one", name="One", formerly=("old",), circuit="dubai", first_day=date(2026, 2, 1), change=(moved,))
    assert meeting(event)["previousStartDate"] == "2026-01-25"
    vague = event.model_copy(update={"changes": (Change(id="moved", what=What.MOVED, **{"from": "last winter"}),)})
    assert meeting(vague)["eventStatus"] == "https://schema.org/EventScheduled"


def test_a_season_holds_its_meetings(blocks):
    """A season is a series of events: its days, its places and the meetings that can be told, each once."""
    data = block(blocks, "/races/ex/2025-26/index.html", "EventSeries")
    assert [part["url"].split("/")[-2] for part in data["subEvent"]] == ["sepang", "dubai", "long"]
    assert [place["name"] for place in data["location"]] == ["Sepang International Circuit", "Dubai Autodrome"]
    assert (data["startDate"], data["endDate"]) == ("2025-12-11", "2026-04-01")
    old = block(blocks, "/races/ex/2009/index.html", "EventSeries")
    assert old["organizer"] == {"@type": "Organization", "name": "The First Club"}


def test_every_page_knows_its_place(blocks, site):
    """The crumbs that a page shows are told too, as absolute addresses that exist, the page itself last."""
    hosts = BASE.removesuffix("/races")
    for path, page in blocks.items():
        if path.endswith(("404.html", "embed.html")) or path.count("/") == 2 + (path.split("/")[2] in ("ar", "ja")):
            continue
        steps = block(blocks, path, "BreadcrumbList")["itemListElement"]
        assert [step["position"] for step in steps] == list(range(1, len(steps) + 1)), page
        assert steps[-1]["item"] == f"{hosts}{path.removesuffix('index.html')}"
        for step in steps:
            assert step["name"]
            assert f"{step['item'].removeprefix(hosts)}index.html" in site
    (crumbs,) = [one for one in blocks["/races/ex/2025-26/sepang/index.html"] if one["@type"] == "BreadcrumbList"]
    names = [step["name"] for step in crumbs["itemListElement"]]
    assert names == ["Race calendars & more", "Example Series", "2025/26 Season", "4 Hours of Sepang"]


def test_one_step_is_no_way():
    """The front page has no breadcrumbs: search engines want two steps."""
    assert make_breadcrumbs([("https://one.example/", "One")]) == {}


def test_nothing_closes_a_data_block():
    """What a text holds is an escape in the block, and the same text when it is read."""
    said = {"name": f"{EVIL}</script><!--\u2028\u2029"}
    text = str(write_data_block(said))
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == said


@pytest.mark.slow
def test_the_same_data_for_the_same_season():
    """The running season is told the same in each language, but for its words."""
    site = whole_site(make_edition(series_files(running())))
    blocks = [told(site[f"/races/ex/{tag}2025-26/index.html"])[0] for tag in ("", "ar/", "ja/")]
    for one in blocks[1:]:
        assert [part["startDate"] for part in one["subEvent"]] == [part["startDate"] for part in blocks[0]["subEvent"]]
    assert [one["inLanguage"] for one in blocks] == ["en", "ar", "ja"]

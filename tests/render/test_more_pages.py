"""Feeds, "Why does my app show something else?", not found, and the frame: what a reader finds around the seasons."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import lxml.html
import pytest
from icalendar import Calendar
from page_editions import (
    BASE,
    LATER,
    announced,
    every,
    finished,
    make_edition,
    page,
    running,
    series_files,
    tree,
    whole_site,
    words,
)

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.definitions.season import Event
from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.editions.language import load_language
from aslms_feeds.identity import SERIES_FOLDERS, SITE_FOLDERS
from aslms_feeds.publication.manifest import HTML
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.render import calendar_files, ics
from aslms_feeds.render import site as index
from aslms_feeds.render.pages import front as pages_front
from aslms_feeds.render.pages import series
from aslms_feeds.render.pages.clients import list_clients
from seasons import NOW, PUBLISHER, contents

OVER = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""After the season that runs in the other tests."""
FORMATS = ("atom.xml", "rss.xml", "feed.json")


def between(*seasons, now=OVER, **more):
    """Return the parsed pages of a series whose current season has no calendar yet."""
    made = whole_site(make_edition(series_files(*(seasons or every(running())), **more), now=now))
    return {path: tree(one) for path, one in made.items() if path.endswith(".html")}


def make_series_pages(edition, **given):
    """Return the parsed pages that belong to no one season, by path."""
    made = series.SeriesPages(edition).make_series_pages(**given)
    return {one.path: tree(one) for one in made if one.media_type == HTML}


# --- Feeds ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("tag", ["", "ar", "ja"])
def test_every_feed_has_its_addresses_in_every_format(edition, trees, tag):
    """Each feed stands there with the exact address of each format, to copy, in the order readers should choose."""
    sections = page(trees, "feeds/", tag).xpath("//section[starts-with(@aria-labelledby, 'page_feed_')]")
    found = {one.get("aria-labelledby").removeprefix("page_feed_"): one for one in sections}
    assert tuple(found) == FEED_NAMES
    for name, one in found.items():
        expected = [edition.addresses.url(edition.addresses.feed(tag or "en", name, file)) for file in FORMATS]
        assert [words(code) for code in one.xpath(".//code")] == expected
        assert one.xpath(".//button/@data-copy") == expected
        assert [words(term) for term in one.xpath(".//dt")] == ["Atom", "RSS", "JSON Feed"]


@pytest.mark.slow
def test_feeds_say_whether_they_spoil_a_race(trees):
    """Who watches later sees which feeds to keep away from."""
    sections = page(trees, "feeds/").xpath("//section[starts-with(@aria-labelledby, 'page_feed_')]")
    badges = {
        one.get("aria-labelledby").removeprefix("page_feed_"): words(one.xpath(".//p/span")[0]) for one in sections
    }
    told = {"news": "no results", "changes": "no results", "results": "tells results", "everything": "tells results"}
    assert badges == told


def test_archives_are_listed_where_there_are_some(edition):
    """A feed leads to the archives that exist, each under its season's name, and to no other."""
    there = ["news/2024-25", "news/2009", "ja/results/2009"]
    made = make_series_pages(edition, archives=there)
    folds = made["feeds/index.html"].xpath("//section[@aria-labelledby='page_feed_news']//ul[@class='archives']/li")
    assert [words(one.xpath("bdi")[0]) for one in folds] == ["2024/25 Season", "2009 Example Series"]
    assert folds[0].xpath(".//a/@href") == [f"/races/ex/news/2024-25/{file}" for file in FORMATS]
    assert len(made["feeds/index.html"].xpath("//ul[@class='archives']")) == 1
    links = made["ja/feeds/index.html"].xpath("//ul[@class='archives']//a/@href")
    assert links == [f"/races/ex/ja/results/2009/{file}" for file in FORMATS]
    assert not made["ar/feeds/index.html"].xpath("//ul[@class='archives']")


def test_all_feeds_can_be_taken_at_once(trees):
    """The page of the feeds leads to the list that readers import, and so does every page's end."""
    assert "/races/feeds.opml" in page(trees, "feeds/").xpath("//main//a/@href")
    for path, one in trees.items():
        if not path.endswith("/embed.html"):
            assert "/races/feeds.opml" in one.xpath("//footer//a/@href"), path


# --- What an app should show ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["en", "ar", "ja"])
def test_revisions_are_the_last_lines_of_the_entries(edition, trees, tag):
    """Each row says, letter for letter, what the description of that calendar entry ends in."""
    (season,) = [one for one in edition.seasons if one.files.id == edition.current]
    expected = {}
    for one in season.components:
        text = ics.format_description(one, season.find_revision(one), load_language(tag))
        expected.setdefault(one.event, []).append(text.splitlines()[-1])
    tables = page(trees, "why/", "" if tag == "en" else tag).xpath("//table[contains(@class, 'checks')]")
    shown = [[words(cell) for cell in one.xpath(".//td[@class='revision']")] for one in tables]
    assert [sorted(one) for one in shown] == [sorted(one) for one in expected.values()]
    assert any("2" in line for one in shown for line in one)


def test_the_meeting_s_page_shows_the_same_revisions(trees):
    """The race meeting's own page has the same rows, and leads to the page that explains them."""
    meeting = page(trees, "2025-26/sepang/")
    own = meeting.xpath("//table[@class='revisions']/tbody/tr")
    (fold, *_others) = page(trees, "why/").xpath("//section[@aria-labelledby='page_revisions']//details")
    there = fold.xpath(".//tbody/tr")
    assert words(fold.xpath("summary/bdi")[0]) == "4 Hours of Sepang"
    assert [(words(one.xpath("th")[0]), words(one.xpath("td[last()]")[0])) for one in own] == [
        (words(one.xpath("th")[0]), words(one.xpath("td[last()]")[0])) for one in there
    ]
    assert meeting.xpath("//section[@aria-labelledby='page_revisions']//a/@href") == ["/races/ex/why/"]


def test_revisions_stand_beside_the_time(trees):
    """A row says when the session starts, at the circuit and, by the script, for the reader."""
    rows = page(trees, "why/").xpath("//table[contains(@class, 'checks')]//tr[th/bdi = 'Race 1']")
    assert words(rows[0].xpath("td[1]")[0]) == "Sat 13 Dec 13:00 UTC+08:00"
    assert rows[0].xpath("td[2]/@data-yours") == ["2025-12-13T05:00:00Z"]
    (whole,) = page(trees, "why/").xpath("//table[contains(@class, 'checks')]//tr[th/bdi = 'Qualifying GT']")
    assert words(whole.xpath("td[1]")[0]) == "Sat 13 Dec"
    assert not whole.xpath("td[2]/@data-yours")


@pytest.mark.slow
def test_without_a_calendar_the_last_season_is_shown():
    """What people have in their apps is the last season, while the current one has no date."""
    for path in ("why/", "ar/why/"):
        (heading,) = between()[f"/races/ex/{path}index.html"].xpath("//section[@aria-labelledby='page_revisions']/h3/a")
        assert heading.get("href").endswith("/2025-26/")


def test_without_any_session_there_is_no_table():
    """Before the first date the page still says how apps behave."""
    one = page(between(announced()), "why/")
    assert not one.xpath("//table[contains(@class, 'checks')]")
    assert not one.xpath("//section[@aria-labelledby='page_calendars']")
    assert one.xpath("//table[contains(@class, 'apps')]//tbody/tr")
    assert not one.xpath("//a[@href='#page_revisions']")


def rendered(edition):
    """Return every calendar as it is published, with what reads it back, by its title."""
    renderer = calendar_files.CalendarRenderer(
        edition.files.publisher,
        edition.files.series,
        edition.addresses.url("").rstrip("/"),
        edition.languages,
        edition.revisions,
    )
    return [(one, Calendar.from_ical(renderer.render_calendar(one).body)) for one in edition.calendars]


def states(one):
    """Return what the page says of each calendar: its newest change and how many entries it has."""
    rows = one.xpath("//section[@aria-labelledby='page_calendars']//tbody/tr")
    return {
        words(row.xpath("th")[0]): (row.xpath("string(.//time/@datetime)"), words(row.xpath("td[2]")[0]))
        for row in rows
    }


@pytest.mark.slow
@pytest.mark.parametrize("tag", ["en", "ar"])
def test_what_calendars_hold_is_what_they_hold(edition, trees, tag):
    """The entries that are counted are those in the file, and the newest change is the file's LAST-MODIFIED."""
    expected = {
        str(read["NAME"]): (f"{read['LAST-MODIFIED'].dt:%Y-%m-%dT%H:%M:%SZ}", str(len(read.walk("VEVENT"))))
        for calendar, read in rendered(edition)
        if calendar.evergreen and calendar.language == tag
    }
    found = states(page(trees, "why/", "" if tag == "en" else tag))
    assert found == expected
    assert {stamp for stamp, _count in found.values()} == {"2025-11-20T12:00:00Z", f"{LATER:%Y-%m-%dT%H:%M:%SZ}"}


@pytest.mark.slow
def test_what_was_cut_off_a_calendar_is_not_counted():
    """A calendar that is cut to its newest seasons is counted as it is published."""
    files = series_files(*every(running()))
    options = files.publisher.calendars.model_copy(update={"max_kilobytes": 8})
    small = make_edition(replace(files, publisher=files.publisher.model_copy(update={"calendars": options})))
    renderer = calendar_files.CalendarRenderer(
        small.files.publisher, small.files.series, BASE, small.languages, small.revisions
    )
    held = {one.path: renderer.render_calendar(one).components for one in small.calendars}
    cut = [one for one in small.calendars if len(held[one.path]) < len(one.components)]
    assert cut
    found = states(make_series_pages(small, components=held)["why/index.html"])
    for one in cut:
        if one.language == "en" and one.evergreen:
            assert found[one.title][1] == str(len(held[one.path]))


@pytest.mark.parametrize("tag", ["en", "fr", "ar", "ja"])
def test_every_app_has_an_answer_in_every_column(tag):
    """Nothing is left blank, no app is named twice, and how often the calendars ask to be read is said."""
    known = list_clients(load_language(tag), refresh_hours=6)
    assert len({one.id for one in known}) == len({one.name for one in known}) == len(known) >= 9
    for one in known:
        assert all((one.name, one.refresh, one.again, one.subscribed, one.reminders, one.cancelled)), one.id
    said = {one.id: one.refresh for one in known}
    assert "6" in said["nextcloud"]
    assert "6" in said["outlook-windows"]
    once = {one.id: one.refresh for one in list_clients(load_language(tag), refresh_hours=1)}
    assert "6" not in once["nextcloud"]


def test_every_app_is_on_the_page(trees):
    """The table has a row for each app, and each cell its heading for small screens."""
    rows = page(trees, "why/").xpath("//table[contains(@class, 'apps')]/tbody/tr")
    known = list_clients(load_language("en"), refresh_hours=6)
    assert [words(one.xpath("th")[0]) for one in rows] == [one.name for one in known]
    heads = [words(one) for one in page(trees, "why/").xpath("//table[contains(@class, 'apps')]/thead//th")]
    assert all(one.xpath("td/@data-label") == heads[1:] for one in rows)


# --- Not found ------------------------------------------------------------------------------------------------------


def test_not_found_works_from_any_depth(trees):
    """Every link and asset of the page begins at the root of the host, with the folder the site lies in."""
    one = trees["/races/404.html"]
    links = one.xpath("//@href | //@src")
    assert links
    for link in links:
        assert link.startswith(("/races/", f"{BASE}/", "#")), link


def test_not_found_speaks_every_language(trees):
    """Nobody knows which language was asked for: each has its line, its direction and its front page."""
    lines = trees["/races/404.html"].xpath("//ul[@class='homes']/li")
    assert [(one.get("lang"), one.get("dir"), *one.xpath(".//a/@href")) for one in lines] == [
        ("en", "ltr", "/races/"),
        ("ar", "rtl", "/races/ar/"),
        ("ja", "ltr", "/races/ja/"),
    ]
    assert words(trees["/races/404.html"].xpath("//h1")[0]) == "There is nothing at this address"


def test_not_found_leads_to_every_series(trees):
    """The series, its current season and the addresses of its calendars are one step away."""
    links = trees["/races/404.html"].xpath("//main//section//a/@href")
    assert links == ["/races/ex/", "/races/ex/2025-26/", "/races/ex/subscribe/"]
    (alone,) = [one for one in pages_front.make_site_pages(series_files().publisher, []) if one.path == "404.html"]
    assert tree(alone).xpath("//main//a/@href") == ["/races/", "/races/ar/", "/races/ja/"]


@pytest.mark.slow
def test_search_engines_leave_not_found_alone():
    """The page says so itself, and no sitemap names it; the index publishes it."""
    store = MemoryStore()
    regenerate(store, contents(publisher=PUBLISHER + 'languages = ["en", "fr"]\n'), now=NOW)
    one = store.read_document("index", "404.html")
    assert one
    parsed = lxml.html.document_fromstring(one.decode())
    assert parsed.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert b"404" not in store.read_document("index", "sitemap.xml")
    assert b"/trial/why/" in store.read_document("index", "sitemap.xml")
    assert b"/fr/feeds/" in store.read_document("index", "sitemap.xml")


# --- The frame ------------------------------------------------------------------------------------------------------


def framed(trees):
    """Return the pages that have the whole frame."""
    return {path: one for path, one in trees.items() if not path.endswith(("/404.html", "/embed.html"))}


def test_every_page_switches_language_and_stays(trees):
    """At the top of every page is a list of languages that leads to that page in each, the present one marked."""
    for path, one in framed(trees).items():
        (switch,) = one.xpath("//header//nav[@class='languages']")
        named = {link.get("hreflang"): urlsplit(link.get("href")).path for link in one.xpath("//link[@hreflang]")}
        found = {link.get("hreflang"): link for link in switch.xpath(".//a")}
        assert {tag: link.get("href") for tag, link in found.items()} == {tag: named[tag] for tag in ("en", "ar", "ja")}
        (current,) = switch.xpath(".//a[@aria-current]")
        assert current.get("href") == path.removesuffix("index.html")
        assert words(switch.xpath(".//summary")[0]) == words(current) == load_language(one.get("lang")).name
        assert found["ar"].get("dir") == "rtl"


def test_one_language_needs_no_switch():
    """A publication in one language has no list of one."""
    made = whole_site(make_edition(series_files(announced(), languages=("fr",))))
    for path, one in made.items():
        if path.endswith(".html"):
            assert not tree(one).xpath("//nav[@class='languages']"), path


def test_the_menu_is_the_same_everywhere(trees):
    """Season, subscribe, changes, feeds and history are in the menu of every page of the series."""
    for path, one in framed(trees).items():
        if path.startswith("/races/ex/"):
            folder = next((f"/races/ex/{tag}/" for tag in ("ar", "ja") if f"/{tag}/" in path), "/races/ex/")
            links = one.xpath("//header//nav[not(@class)]//a/@href")
            parts = ("", "2025-26/", "subscribe/", "changes/", "feeds/", "history/")
            assert links == [folder + part for part in parts], path
            marked = one.xpath("//header//nav[not(@class)]//a[@aria-current='page']/@href")
            assert marked == [link for link in links if f"{link}index.html" == path], path


def test_every_page_ends_with_help_and_data(trees):
    """The page for apps that differ, the series as data and the list of feeds are at the end of every page."""
    for path, one in framed(trees).items():
        if path.startswith("/races/ex/"):
            tag = next((f"{tag}/" for tag in ("ar", "ja") if f"/{tag}/" in path), "")
            links = one.xpath("//footer//ul[@class='foot']//a/@href")
            expected = [f"/races/ex/{tag}why/", f"/races/ex/{tag}series.json", "/races/feeds.opml"]
            assert links == expected, path


def test_the_first_link_leads_to_the_content(trees):
    """Before everything else stands the link that skips it."""
    for path, one in trees.items():
        if not path.endswith("/embed.html"):
            assert one.xpath("(//body//a)[1]/@href") == ["#page_main"], path


@pytest.mark.parametrize("name", ["feeds", "why"])
def test_no_season_can_take_the_name_of_a_page(name):
    """A season called like one of our pages stops its series, with the reason."""
    assert name in SERIES_FOLDERS
    report = regenerate(MemoryStore(), contents(name=name), now=NOW)
    assert report.failed
    (problem,) = [one for part in report.parts for one in part.problems]
    assert f"{name!r} is reserved" in problem.message


def test_no_series_can_take_the_name_of_a_page():
    """Nor can a series be called like the page for what is not there."""
    assert "404" in SITE_FOLDERS


# --- The series and the front page ----------------------------------------------------------------------------------


def test_the_series_begins_with_what_is_next(trees):
    """The season comes first, then how to subscribe, then what is new; what the series is comes late."""
    order = [one.get("aria-labelledby") for one in page(trees, "").xpath("//main/section")]
    assert order[:3] == ["page_season", "page_subscribe", "page_changes"]
    assert order.index("page_about") > order.index("page_changes")
    assert page(trees, "").xpath("//section[@aria-labelledby='page_season']//p[@data-countdown]")


def test_the_timetables_of_a_running_season_are_on_the_series_page(trees):
    """Each race meeting has its sessions in the circuit's time, folded; the script opens the next one."""
    meetings = page(trees, "").xpath("//section[@aria-labelledby='page_season']//li[@class='meeting']")
    (sepang,) = [one for one in meetings if one.get("data-name") == "4 Hours of Sepang"]
    (fold,) = sepang.xpath("details[@data-open-next]")
    assert fold.get("open") is None
    assert words(fold.xpath(".//tr[@id='sepang.race-1']/td[1]")[0]) == "13:00–17:00 UTC+08:00"
    own = page(trees, "2025-26/sepang/").xpath("//table[contains(@class, 'timetable')]//tr[@id]")
    assert len(fold.xpath(".//tr[@id]")) == len(own)


def test_news_and_changes_are_on_the_series_page_and_no_result(edition, trees):
    """The newest items of both feeds stand together, newest first."""
    shown = page(trees, "").xpath("//section[@aria-labelledby='page_changes']//p[@class='title']")
    items = [item for season in edition.seasons for item in season.items["en"] if item.published]
    told = sorted(
        (one for one in items if one.feeds & {"news", "changes"}),
        key=lambda one: (one.published, one.key),
        reverse=True,
    )
    assert [words(one) for one in shown] == [" ".join(one.title.split()) for one in told[: len(shown)]]
    assert len(shown) == 6
    kinds = {frozenset(one.feeds & {"news", "changes"}) for one in told[:6]}
    assert len(kinds) > 1


@pytest.mark.slow
def test_a_season_without_a_calendar_looks_back():
    """What is known of the season is said, and the race meetings of the one before are linked."""
    made = between()
    one = page(made, "")
    assert words(one.xpath("//section[@aria-labelledby='page_season']/h2/a")[0]) == "2026/27 Season"
    assert "The calendar is to be announced." in words(one.get_element_by_id("page_season").getparent())
    (last,) = one.xpath("//section[@aria-labelledby='page_last']")
    assert last.xpath("h3/a/@href") == ["/races/ex/2025-26/"]
    assert last.xpath(".//li[1]//a/@href") == ["/races/ex/2025-26/sepang/"]
    front = made["/races/index.html"]
    assert f"{BASE}/ex/2025-26/sepang/".removeprefix("https://calendars.example") in front.xpath("//article//a/@href")
    assert not page(between(finished(), now=OVER), "").xpath("//section[@aria-labelledby='page_last']")


def test_a_running_season_does_not_look_back(trees):
    """As long as the season has race meetings, the one before is a link among the other seasons."""
    assert not page(trees, "").xpath("//section[@aria-labelledby='page_last']")
    assert "4 Hours of Sepang" in words(trees["/races/index.html"].xpath("//article")[0])
    assert "2024/25" not in words(trees["/races/index.html"].xpath("//article//ol[@class='meetings']")[0])


def test_the_front_page_subscribes_in_one_click(trees):
    """The address stands there to copy, and opens in an app; the latest items are one click away."""
    (article,) = trees["/races/index.html"].xpath("//article")
    assert article.xpath(".//button/@data-copy") == [f"{BASE}/ex/ex-all.ics"]
    assert "webcal://calendars.example/races/ex/ex-all.ics" in article.xpath(".//a/@href")
    items = article.xpath(".//ol[@class='items']/li")
    assert len(items) == 3
    dates = [one.xpath("string(time/@datetime)") for one in items]
    assert dates == sorted(dates, reverse=True)
    text = words(article)
    assert "First wins" not in text
    assert "Winning Team" not in text


def test_the_front_page_is_made_from_what_is_kept(edition):
    """What a series says of itself survives being written and read, and what an older version wrote is read too."""
    whole = make_edition(series_files(*every(running())), now=OVER)
    for one in (edition, whole):
        assert index.parse_listing(index.write_listing(one)).teasers == series.make_teasers(one)
    data = json.loads(index.write_listing(whole))
    for row in data["teasers"].values():
        for name in ("season_about", "last", "last_url", "last_events", "latest"):
            del row[name]
    old = index.parse_listing(json.dumps(data).encode()).teasers["en"]
    assert (old.last, old.last_events, old.latest) == ("", (), ())
    assert old.name == "Example Series"


def test_pages_are_light(site):
    """What a phone loads for one of these pages, style and script included, stays under 60 KB."""
    shared = [one for path, one in site.items() if path.startswith("/races/ex/assets/site.")]
    assert len(shared) == 2
    shared_size = sum(len(gzip.compress(one.body)) for one in shared)
    for path in ("ex/", "ex/feeds/", "ex/why/", "ex/changes/", "", "ex/ar/why/"):
        size = len(gzip.compress(site[f"/races/{path}index.html"].body)) + shared_size
        assert size < 60_000, (path, size)


@pytest.mark.slow
def test_a_series_that_begins_has_every_page():
    """With nothing but a name, the pages are there and lead to each other."""
    made = between(now=OVER)
    event = Event(id="someday", name="Someday", when="late spring")
    start = replace(announced(), season=announced().season.model_copy(update={"events": (event,)}))
    for trees in (made, between(start), between(announced(), languages=("en",))):
        for path in ("", "feeds/", "why/", "changes/"):
            assert page(trees, path).xpath("//h1"), path

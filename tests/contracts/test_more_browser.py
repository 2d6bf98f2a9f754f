"""The pages around the seasons in a real browser: feeds, apps that differ, not found, the frame, and on paper."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from contracts import servers
from contracts.raw_http import ask
from contracts.test_browser import (  # - fixtures among them
    BEFORE,
    DESKTOP,
    OPEN,
    PHONE,
    _failed,
    address,  # noqa: F401
    browser,  # noqa: F401
    judge,
    visit,  # noqa: F401
    with_axe,
)

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.stores.local import LocalStore
from seasons import NOW, PUBLISHER, SERIES, contents

NARROW = {"width": 320, "height": 640}
PAGES = (
    "/races/",
    "/races/404.html",
    "/races/ex/",
    "/races/ex/feeds/",
    "/races/ex/why/",
    "/races/ex/changes/",
    "/races/ar/",
    "/races/ex/ar/",
    "/races/ex/ar/feeds/",
    "/races/ex/ar/why/",
)
SEASONS = ("2025-26/", "2025-26/sepang/", "ar/2025-26/", "ar/2025-26/sepang/")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Serve a publication of two series in two languages, as people run it."""
    folder = tmp_path_factory.mktemp("publication")
    few = '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
    files = contents(publisher=PUBLISHER + 'languages = ["en", "ar"]\n' + few)
    other = contents(series=SERIES.replace("Test Series", "Test Cup"))
    files |= {path.replace("trial/", "cup/"): data for path, data in other.items() if path.startswith("trial/")}
    assert not regenerate(LocalStore(folder), files, now=NOW).failed
    running = servers.serve(folder, tmp_path_factory.mktemp("log") / "server.log")
    yield running.address
    servers.stop(running)


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"])
def test_everybody_can_use_these_pages(visit, address, viewport, scheme):  # noqa: F811 - fixtures
    """The rules of axe (WCAG 2.2 AA and best practice) find nothing, with every fold and the list of languages open."""
    # axe waits on timers, so its clock runs.
    page = with_axe(visit("/races/ex/", now=None, viewport=viewport, color_scheme=scheme, reduced_motion="reduce"))
    for path in PAGES:
        page.goto(address + path)
        page.evaluate(OPEN)
        judge(page, path)


def test_nothing_is_too_wide(visit, address):  # noqa: F811
    """At 320 pixels, and with text twice as large, no page scrolls sideways, whatever is open."""
    page = visit("/races/ex/")
    for path in (*PAGES, *(f"/races/ex/{season}" for season in SEASONS)):
        page.goto(address + path)
        page.evaluate(OPEN)
        for viewport, size in ((NARROW, "100%"), (PHONE, "200%"), (DESKTOP, "200%")):
            page.set_viewport_size(viewport)
            page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], (path, viewport, size)


def test_the_language_is_switched_by_keyboard(visit, address):  # noqa: F811
    """The list opens with a key, leads to the same place of the same page, and closes with another key."""
    page = visit("/races/ex/why/#page_apps", now=None, viewport=NARROW)
    fold = page.locator(".languages details")
    summary = fold.locator("summary")
    assert summary.inner_text().startswith("English")
    summary.focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert fold.get_attribute("open") is None
    assert page.evaluate("document.activeElement.localName") == "summary"
    page.keyboard.press("Enter")
    for _step in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/races/ex/ar/why/#page_apps")
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    assert page.locator(".languages details").get_attribute("open") is None


def test_the_list_of_languages_closes_like_a_menu(visit):  # noqa: F811
    """A click anywhere else closes it; it covers nothing for ever."""
    page = visit("/races/ex/")
    page.locator(".languages summary").click()
    assert page.get_by_role("link", name="日本語").is_visible()
    page.locator("h1").click()
    assert not page.get_by_role("link", name="日本語").is_visible()


def test_the_language_is_switched_without_the_script(visit, address):  # noqa: F811
    """Without JavaScript the list opens, and leads to the same page."""
    page = visit("/races/ex/2025-26/sepang/", java_script_enabled=False, viewport=NARROW)
    page.locator(".languages summary").click()
    page.get_by_role("link", name="日本語").click()
    assert page.url == f"{address}/races/ex/ja/2025-26/sepang/"


def test_the_next_timetable_is_open(visit):  # noqa: F811
    """The sessions of the next race meeting are in sight, once: who closes them is not contradicted."""
    page = visit("/races/ex/", now=BEFORE)
    folds = page.locator("[data-open-next]")
    (sepang,) = [one for one in folds.all() if "4 Hours of Sepang" in one.inner_text()]
    assert [one.get_attribute("open") is not None for one in folds.all()].count(True) == 1
    assert sepang.locator("tr.next").get_attribute("id") == "sepang.race-1"
    assert page.locator("li.next .name").first.inner_text() == "4 Hours of Sepang"
    assert sepang.locator("tr[id='sepang.race-1'] .yours").inner_text() == "06:00"
    sepang.locator("summary").click()
    page.clock.run_for(3000)
    assert sepang.get_attribute("open") is None
    line = re.sub(r"\s+", " ", page.locator("[data-countdown]").inner_text())
    assert line.startswith("Next 4 Hours of Sepang: Race 1 1 hr")


def test_every_timetable_can_be_opened_without_the_script(visit):  # noqa: F811
    """Without JavaScript nothing is opened, and everything can be."""
    page = visit("/races/ex/", java_script_enabled=False)
    fold = page.locator("[data-open-next]").first
    assert not fold.locator("table").is_visible()
    fold.locator("summary").click()
    assert fold.locator("tr[id='sepang.race-1'] .at").inner_text() == "13:00–17:00 UTC+08:00"


def test_feeds_are_copied(visit):  # noqa: F811
    """A copy button of the feeds' page puts that very address on the clipboard."""
    page = visit("/races/ex/feeds/", permissions=["clipboard-read", "clipboard-write"])
    row = page.locator("section[aria-labelledby=page_feed_results] .ways > div", has_text="RSS")
    row.get_by_role("button", name="Copy").click()
    row.locator("button.done").wait_for()
    page.clock.run_for(100)
    assert page.get_by_role("status").inner_text() == "The address is copied."
    wanted = "https://calendars.example/races/ex/results/rss.xml"
    assert page.evaluate("navigator.clipboard.readText()") == wanted


def test_times_beside_revisions_are_the_reader_s_too(visit):  # noqa: F811
    """Whoever compares an app with the page sees the time their app means."""
    page = visit("/races/ex/why/", zone="America/Los_Angeles")
    page.evaluate(OPEN)
    row = page.locator(".checks tr", has=page.get_by_role("rowheader", name="Race 1", exact=True)).first
    assert row.locator(".yours").inner_text() == "21:00 Fri 12 Dec"
    assert row.locator(".revision").inner_text() == "revision 1, 20 Nov 2025 12:00 UTC"


def test_both_clocks_count_to_24(visit):  # noqa: F811
    """The reader's time is written as the circuit's is, also where people write it otherwise."""
    page = visit("/races/ex/ar/2025-26/sepang/", zone="America/Los_Angeles")
    assert page.locator("tr[id='race-1'] .at > time").inner_text() == "13:00"
    assert page.locator("tr[id='race-1'] .yours time").inner_text().startswith("21:00 ")


@pytest.mark.parametrize(
    "target", ["/nothing", "/trial/2030/okayama/gone/", "/a/b/c/d/e/f/g.html", "/trial/ar/nothing"]
)
def test_not_found_leads_on_from_any_depth(browser, published, target):  # noqa: F811
    """Wherever somebody gets lost, the page has its style and script, and every link of it leads to something."""
    base = "http://{}:{}".format(*published)
    page = browser.new_page(viewport=NARROW)
    complaints, answers = [], {}
    page.on("response", lambda answer: answers.update({urlsplit(answer.url).path: answer.status}))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: _failed(request, complaints))
    assert page.goto(base + target).status == 404
    assert page.get_by_role("heading", level=1).inner_text() == "There is nothing at this address"
    # The icon may be asked for or not; style and script are.
    assert {status for path, status in answers.items() if path != target} == {200}
    assert len([path for path in answers if path.endswith((".css", ".js"))]) == 2
    assert page.evaluate("getComputedStyle(document.querySelector('.wide')).maxWidth") != "none"
    links = page.evaluate("[...document.querySelectorAll('main a, footer a')].map(one => one.href)")
    paths = {urlsplit(link).path for link in links}
    assert {"/", "/ar/", "/trial/", "/cup/", "/trial/subscribe/", "/feeds.opml"} <= paths
    assert {path: ask(published, path).status for path in paths} == dict.fromkeys(paths, 200)
    page.get_by_role("link", name="Test Cup", exact=True).click()
    page.wait_for_url(f"{base}/cup/")
    page.close()
    assert complaints == []


@pytest.mark.parametrize(("path", "sheets"), [("/races/ex/2025-26/", 4), ("/races/ex/2025-26/sepang/", 2)])
def test_a_season_prints_well(visit, path, sheets):  # noqa: F811
    """On A4 there are the timetables and no buttons, menus or folds, on few sheets."""
    page = visit(path)
    page.emulate_media(media="print")
    for gone in (
        "header nav:not(.crumbs)",
        ".foot",
        ".languages",
        "section.subscribe",
        "button",
        ".actions",
        "[data-countdown]",
    ):
        for one in page.locator(gone).all():
            assert not one.is_visible(), gone
    # A sheet is narrower than a tablet, and still has room for a table with heads.
    page.set_viewport_size({"width": 688, "height": 1010})
    assert page.locator(".timetable thead").first.is_visible()
    assert page.locator(".printed").inner_text().endswith(f"https://calendars.example{path}")
    pdf = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= sheets


def test_the_clock_of_these_tests_is_before_the_race():
    """What is next in them is the first race of the season that runs."""
    assert datetime.fromisoformat(BEFORE) < datetime(2025, 12, 13, 5, tzinfo=UTC)

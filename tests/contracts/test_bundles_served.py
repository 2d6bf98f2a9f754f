"""Bundles as they are served: to calendar programs and feed readers we did not write, and in a real browser."""

from __future__ import annotations

import json

import feedparser
import pytest
from axe_playwright_python.sync_playwright import Axe
from bundle_folders import BUNDLE, FEW, NEWS, two
from contracts import servers
from contracts.calendar_readers import with_ical, with_icalendar
from contracts.raw_http import ask, decoded
from contracts.test_browser import DESKTOP, PHONE, browser, visit  # noqa: F401 - fixtures

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.formats import FEED_FORMATS
from aslms_feeds.publication.manifest import CALENDAR, HTML, INDEX
from aslms_feeds.publication.stores.local import LocalStore
from seasons import NOW

PAGES = ("/bundles/endurance/", "/ar/bundles/endurance/", "/")
OPEN = "document.querySelectorAll('details').forEach(fold => { fold.open = true })"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
KINDS = {"index.html": HTML, **{feed_format.file: feed_format.media_type for feed_format in FEED_FORMATS}}


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """Publish two series and a bundle of them in two languages, times at the circuit."""
    folder = tmp_path_factory.mktemp("publication")
    settings = FEW.replace('"fr"', '"ar"').replace("reminders", 'times = "circuit"\nreminders')
    bundle = BUNDLE.replace("fr =", "ar =").replace("Endurance et plus", "سباقات التحمل")
    assert not regenerate(LocalStore(folder), two(bundle, settings=settings, news=NEWS), now=NOW).failed
    return folder


@pytest.fixture(scope="module")
def running(output, tmp_path_factory):
    """Serve it as the command does."""
    found = servers.serve(output, tmp_path_factory.mktemp("log") / "server.log")
    yield found
    servers.stop(found)


@pytest.fixture(scope="module")
def address(running):
    """Return where it is served."""
    return "http://{}:{}".format(*running.address)


def test_every_document_answers_as_its_kind(running, output):
    """Each document of a bundle has its media type, lets every page read it, and is not sent twice."""
    manifest = LocalStore(output).read_current(INDEX).manifest
    paths = [path for path in manifest.documents if "bundles/" in path]
    assert len(paths) == 2 * (2 + 12 + 1)
    for path in paths:
        found = ask(running.address, f"/{path.removesuffix('index.html')}")
        assert found.status == 200
        assert found.get("content-type") == KINDS.get(path.rpartition("/")[2], CALENDAR)
        assert found.get("access-control-allow-origin") == "*"
        again = ask(running.address, f"/{path.removesuffix('index.html')}", f"If-None-Match: {found.get('etag')}")
        assert again.status == 304


def test_the_folder_leads_to_its_page_and_others_to_nothing(running):
    """An address without its slash is another way to write the page's; what was never published is not found."""
    leading = ask(running.address, "/bundles/endurance")
    assert (leading.status, leading.get("location")) == (308, "endurance/")
    for path in ("/bundles/", "/bundles/other/", "/bundles/endurance/endurance-weekends.ics", "/fr/bundles/endurance/"):
        assert ask(running.address, path).status == 404


@pytest.mark.parametrize("language", ["", "ar/"])
def test_calendar_programs_read_what_the_series_say(running, language):
    """Icalendar and ical read each event once, at the instants and in the words that they read in its series."""
    found = decoded(ask(running.address, f"/{language}bundles/endurance/endurance-all.ics"))
    own = [decoded(ask(running.address, f"/{series}/{language}{series}-all.ics")) for series in ("trial", "cup")]
    for read in (with_icalendar, with_ical):
        assert read(found) == {**read(own[0]), **read(own[1])}
        assert len(read(found)) == 8


@pytest.mark.parametrize("language", ["", "ar/"])
def test_feed_readers_find_the_same_items_in_every_format(running, language):
    """Atom, RSS and JSON Feed hold the same items in the same order, each with the title that names its series."""
    root = f"/{language}bundles/endurance/everything"
    atom, rss = (feedparser.parse(decoded(ask(running.address, f"{root}/{file}"))) for file in ("atom.xml", "rss.xml"))
    data = json.loads(decoded(ask(running.address, f"{root}/feed.json")))
    said = [(one["id"], one["title"], one["url"]) for one in data["items"]]
    assert said == [(one.id, one.title, one.link) for one in atom.entries]
    assert said == [(one.id, one.title, one.link) for one in rss.entries]
    assert len(said) == 3


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"])
def test_everybody_can_use_the_page(visit, address, viewport, scheme):  # noqa: F811 - fixtures
    """The rules of axe (WCAG 2.2 AA and best practice) find nothing, and the browser has nothing to complain about."""
    page = visit(PAGES[0], now=None, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    for path in PAGES:
        page.goto(address + path)
        page.evaluate(OPEN)
        found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"], "preload": False})
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"


@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways_on_a_narrow_screen(visit, path):  # noqa: F811 - fixtures
    """At 320 pixels, and with text of twice the size, the page is as wide as the screen."""
    page = visit(path, viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.set_viewport_size({"width": 640, "height": 640})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") == 640


def test_the_next_meeting_of_all_series_is_shown(visit):  # noqa: F811 - fixtures
    """Between the first series' race and the second's, the second's is next, and it counts down to it."""
    page = visit("/bundles/endurance/", now="2030-03-05T12:00:00Z")
    assert page.locator(".meeting.next a").get_attribute("href") == "/cup/2030/okayama/"
    assert page.locator("[data-countdown]").inner_text().split("\n")[0].startswith("Next")
    assert page.locator(".meeting.over").count() == 1

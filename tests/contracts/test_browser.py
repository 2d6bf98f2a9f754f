"""The pages in a real browser, under the content security policy they are served with."""

import functools
import http.server
import re
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_editions import announced, changed_edition, make_edition, series_files, whole_site
from playwright.sync_api import sync_playwright

from aslms_feeds.render import pages

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PHONE = {"width": 360, "height": 760}
DESKTOP = {"width": 1280, "height": 900}
PATHS = (
    "/races/",
    "/races/ex/",
    "/races/ex/2024-25/",
    "/races/ex/2025-26/",
    "/races/ex/2025-26/sepang/",
    "/races/ex/2025-26/dubai/",
    "/races/ex/2026-27/",
    "/races/ex/subscribe/",
    "/races/ex/changes/",
    "/races/ex/history/",
    "/races/ex/2009/",
    "/races/ex/2009/okayama/",
    "/races/ex/ar/2025-26/",
    "/races/ex/ar/2025-26/sepang/",
    "/races/ex/ar/history/",
    "/races/ex/ja/",
)
DARK = (
    "/races/",
    "/races/ex/",
    "/races/ex/2024-25/",
    "/races/ex/2025-26/sepang/",
    "/races/ex/subscribe/",
    "/races/ex/history/",
)
"""One page of each kind, for what changes colours alone."""
MEETING = "/races/ex/2025-26/sepang/"
BEFORE = "2025-12-13T03:29:30Z"
"""Half a minute more than an hour and a half before race 1."""


class _Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Serve the whole site and return where."""
    root = tmp_path_factory.mktemp("site")
    for path, document in whole_site(changed_edition()).items():
        file = root / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document.body)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=root))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    """Start Debian's Chromium."""
    if not Path(CHROMIUM).exists() and not shutil.which("chromium"):
        pytest.fail("these tests need Chromium: install the Debian package chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
        started = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def visit(browser, address):
    """Return a function that opens a page; whatever the browser complains about fails the test."""
    contexts, complaints = [], []

    def opened(path, *, now=BEFORE, expect_complaints=False, **options):
        options.setdefault("viewport", DESKTOP)
        context = browser.new_context(timezone_id=options.pop("zone", "Europe/Paris"), **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if now:
            # The clock runs until it is paused, and cannot be paused in its past.
            page.clock.install(time=datetime.fromisoformat(now) - timedelta(minutes=1))
            page.clock.pause_at(datetime.fromisoformat(now))
        heard = [] if expect_complaints else complaints
        page.on("console", lambda message: heard.append(f"{path}: {message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"{path}: {error}"))
        page.on("requestfailed", lambda request: _failed(request, complaints))
        page.on("response", lambda answer: _note(answer, complaints))
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _failed(request, complaints):
    # Leaving a page stops what it still loads.
    if request.failure != "net::ERR_ABORTED":
        complaints.append(f"{request.failure}: {request.url}")


def _note(answer, complaints):
    if answer.status >= 400:
        complaints.append(f"{answer.status}: {answer.url}")


def test_the_policy_is_at_work(visit):
    """The browser enforces the policy: a style written into a page has no effect."""
    page = visit("/races/ex/", now=None, expect_complaints=True)
    blocked = page.evaluate(
        """() => new Promise(resolve => {
            document.addEventListener("securitypolicyviolation", event => resolve(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "document.title = 'owned'";
            document.body.append(script);
        })"""
    )
    assert blocked == "script-src-elem"
    assert page.title() != "owned"
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_everybody_can_use_every_page(visit, address, viewport, scheme):
    """The rules of axe (WCAG 2.2 AA and best practice) find nothing, with every fold open; nothing is too wide.

    In the dark colours alone are looked at, on one page of each kind.
    """
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    if scheme == "dark":
        rules = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    # axe waits on timers, so its clock runs.
    page = visit(PATHS[0], now=None, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    for path in DARK if scheme == "dark" else PATHS:
        page.goto(address + path)
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
        found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"], "preload": False})
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= viewport["width"], path


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Paris", {"practice-1": "23:30 Thu 11 Dec", "race-1": "06:00", "race-2": "07:30"}),
        ("America/Los_Angeles", {"practice-1": "14:30 Thu 11 Dec", "race-1": "21:00 Fri 12 Dec"}),
        ("Australia/Adelaide", {"practice-1": "09:00", "race-1": "15:30", "race-2": "17:00"}),
    ],
)
def test_times_in_the_readers_zone(visit, zone, expected):
    """Each time stands beside the circuit's in the reader's zone, with the day where that is another."""
    page = visit(MEETING, zone=zone)
    for session, shown in expected.items():
        assert page.locator(f"tr[id='{session}'] .yours").inner_text() == shown
        assert page.locator(f"tr[id='{session}'] .yours time").get_attribute("datetime").endswith("Z")
    assert zone in page.locator("thead .yours").inner_text().replace(" ", "_")
    assert page.locator("tr[id='qualifying-gt'] .yours").inner_text() == ""


def test_countdown_runs(visit):
    """The next session is marked and counted down to; then it is on; then the next one is; nothing cancelled is."""
    page = visit(MEETING)
    line = page.locator("[data-countdown]")
    marked = page.locator("tr.next")
    assert re.sub(r"\s+", " ", line.inner_text()) == "Next 4 Hours of Sepang: Race 1 1 hr 30 mins"
    assert marked.get_attribute("id") == "race-1"
    page.clock.run_for(40 * 1000)
    assert line.locator("strong").inner_text() == "1 hr 29 mins"
    page.clock.pause_at(datetime.fromisoformat("2025-12-13T09:10:00Z"))
    page.clock.run_for(1000)
    assert re.sub(r"\s+", " ", line.inner_text()) == "On now 4 Hours of Sepang: Qualifying GT"
    page.clock.pause_at(datetime.fromisoformat("2025-12-13T16:30:00Z"))
    page.clock.run_for(1000)
    assert marked.get_attribute("id") == "race-2"
    assert re.sub(r"\s+", " ", line.inner_text()) == "Next 4 Hours of Sepang: Race 2 13 hrs 59 mins"
    page.clock.pause_at(datetime.fromisoformat("2025-12-14T06:29:10Z"))
    page.clock.run_for(1000)
    assert line.locator("strong").inner_text() == "49 secs"
    page.clock.pause_at(datetime.fromisoformat("2025-12-14T06:30:10Z"))
    page.clock.run_for(1000)
    assert re.sub(r"\s+", " ", line.inner_text()) == "On now 4 Hours of Sepang: Race 2"


def test_countdown_ends_with_the_last_session(visit):
    """When all is over, nothing is marked and no countdown is shown."""
    page = visit(MEETING, now="2025-12-20T00:00:00Z")
    assert page.locator(".next").count() == 0
    assert not page.locator("[data-countdown]").is_visible()


def test_days_are_counted_for_what_has_no_time(visit):
    """Race meetings are counted down to in days."""
    page = visit("/races/ex/", now="2025-12-05T12:00:00Z")
    assert re.sub(r"\s+", " ", page.locator("[data-countdown]").inner_text()) == "Next 4 Hours of Sepang in 6 days"
    page = visit("/races/", now="2025-12-12T12:00:00Z")
    assert re.sub(r"\s+", " ", page.locator("[data-countdown]").inner_text()) == "On now 4 Hours of Sepang"
    page = visit("/races/ex/", now="2025-12-20T12:00:00Z")
    assert page.locator("li.next .name").inner_text() == "鈴鹿"


def test_addresses_are_copied(visit):
    """A copy button puts the address on the clipboard and says so to everybody."""
    page = visit("/races/ex/subscribe/", permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy").first
    button.click()
    page.clock.run_for(100)
    assert page.get_by_role("status").inner_text() == "The address is copied."
    assert page.evaluate("navigator.clipboard.readText()") == "https://calendars.example/races/ex/ex-all.ics"


def test_address_is_selected_where_copying_is_refused(visit):
    """Where the browser refuses, the address is selected for the reader's own hands."""
    page = visit("/races/ex/subscribe/")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')) }")
    page.get_by_role("button", name="Copy").first.click()
    page.clock.run_for(100)
    assert page.get_by_role("status").inner_text() == "Copying is not allowed here; the address is selected."
    assert page.evaluate("getSelection().toString()") == "https://calendars.example/races/ex/ex-all.ics"


def test_pages_work_without_the_script(visit):
    """Without JavaScript the timetable and the addresses are all there, and no button that does nothing."""
    page = visit(MEETING, java_script_enabled=False)
    assert page.locator("tr[id='race-1'] .at").inner_text() == "13:00–17:00 UTC+08:00"
    assert page.locator("tr[id='race-1'] .utc").inner_text() == "05:00"
    assert not page.locator("thead .yours").is_visible()
    assert page.get_by_role("button").count() == 0
    assert not page.locator("[data-countdown]").is_visible()
    assert page.locator(".copyable code").first.inner_text().endswith("/ex-all.ics")


def test_the_keyboard_reaches_the_content_first(visit):
    """The first key leads to a link that skips the header."""
    page = visit("/races/ex/2025-26/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "page_main"


def test_anchors_of_folded_news_open_the_fold(visit):
    """A feed's link to an announcement that tells a result opens what it is folded in."""
    page = visit("/races/ex/2024-25/#news-title")
    assert page.get_by_text("It is done.").is_visible()


def test_citations_jump_to_their_source(visit):
    """The number beside a fact leads to its source, which is marked, and is large enough to be touched."""
    page = visit("/races/ex/history/", viewport=PHONE)
    number = page.locator(".champions sup a").first
    box = number.bounding_box()
    assert min(box["width"], box["height"]) >= 24
    number.click()
    assert page.locator("li:target a").get_attribute("href") == "https://source.example/title"


def test_feeds_lead_to_forerunners(visit):
    """The address that data gives for a forerunner shows it."""
    page = visit("/races/ex/history/#1999-okayama")
    assert page.locator("article:target").get_by_text("How it began.").is_visible()
    assert page.evaluate("document.querySelector('article:target').getBoundingClientRect().top < innerHeight")


@pytest.mark.parametrize("language", ["", "ar/"])
def test_classes_through_the_years_scroll_inside_their_region(visit, language):
    """On a phone the drawing and the table of the classes scroll by themselves, with the names in sight."""
    page = visit(f"/races/ex/{language}history/", viewport=PHONE)
    for region in page.locator("#page_classes ~ .scroll").all():
        assert region.evaluate("one => one.scrollWidth <= one.clientWidth || one.tabIndex === 0")
        assert region.bounding_box()["width"] <= PHONE["width"]
    page.set_viewport_size({"width": 200, "height": 700})
    table = page.locator("#page_classes ~ .scroll").nth(1)
    edge = table.locator("tbody th").first
    before = edge.bounding_box()["x"]
    table.evaluate("(one, by) => { one.scrollLeft = by }", -60 if language else 60)
    assert table.evaluate("one => Math.abs(one.scrollLeft)") > 0
    assert edge.bounding_box()["x"] == before


def test_timetable_prints_on_one_page(visit):
    """A race meeting's timetable, with its head, fits on one sheet of A4."""
    page = visit(MEETING)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1010})
    box = page.locator(".timetable").bounding_box()
    assert box["y"] + box["height"] < 1010
    assert not page.locator("section.subscribe").is_visible()


def test_a_series_that_starts_is_usable(browser, tmp_path):
    """A series with one announced season is read from a folder, without a server, and its script runs."""
    for document in pages.series_pages(make_edition(series_files(announced(), languages=("en",)))):
        file = tmp_path / document.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document.body)
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    assert page.get_by_text("The calendar is to be announced.").is_visible()
    page.close()

"""The pages in a real browser: as ``aslms-feeds serve`` answers them, and difficult ones under the same policy."""

import functools
import http.server
import re
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from contracts import servers
from contracts.raw_http import ask
from page_editions import announced, make_edition, series_files
from playwright.sync_api import sync_playwright

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.render.pages import series
from seasons import LATER, NOW, contents, edited, everything, everything_at_first

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
MEETING = "/races/ex/2025-26/sepang/"
BEFORE = "2025-12-13T03:29:30Z"
"""Half a minute more than an hour and a half before race 1."""
OPEN = "document.querySelectorAll('details').forEach(fold => { fold.open = true })"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BASE = "https://calendar.example.org"
KINDS = {
    "front": "/{}",
    "bundle": "/{}bundles/both/",
    "series": "/cup/{}",
    "season": "/cup/{}2030/",
    "season that is over": "/cup/{}2029/",
    "season without dates": "/cup/{}2031/",
    "meeting": "/cup/{}2030/okayama/",
    "subscribe": "/cup/{}subscribe/",
    "changes": "/cup/{}changes/",
    "feeds": "/cup/{}feeds/",
    "history": "/cup/{}history/",
    "why": "/cup/{}why/",
    "frame": "/cup/{}embed.html",
    "not found": "/cup/{}nothing/",
}
"""Every kind of page there is, with a place for the language."""
RACE_SOON = "2030-03-02T02:29:30Z"
"""Half a minute more than an hour and a half before race 1 at Okayama, nine hours ahead of UTC."""
PUBLISHER = """languages = ["en", "ar", "ja"]
report = "times@example.org"
"""
BUNDLE = """
[[bundle]]
id = "both"
name = "Both cups"
names = { ar = "الكأسان", ja = "二つのカップ" }
about = "Everything that is **long**."
series = ["cup", "trial"]
"""


class _Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory, site):
    """Serve the whole site and return where."""
    root = tmp_path_factory.mktemp("site")
    for path, document in site.items():
        file = root / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document.body)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=root))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def everything_published(store):
    """Publish the seasons that have everything, with a second series and a bundle, in three languages, as they grew."""
    path, publisher = "cup/2030/season.toml", ("tag_date = 2029-12-01\n", "tag_date = 2029-12-01\n" + PUBLISHER)
    old, new = 'id      = "gulf"\n', 'id      = "gulf"\nformerly = ["gulf-sprint"]\n'
    first = edited(everything_at_first(), path, (old, 'id      = "gulf-sprint"\n'))
    second = edited(edited(everything(), path, (old, new)), "publisher.toml", publisher)
    second["publisher.toml"] += BUNDLE.encode()
    second |= {name: data for name, data in contents().items() if name.startswith("trial/")}
    for files, now in ((first, NOW), (second, LATER)):
        report = regenerate(store, files, now=now)
        assert not report.failed, [(part.problems, part.error) for part in report.parts]
    return store


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Publish the seasons that have everything, and serve them as the command does."""
    output = tmp_path_factory.mktemp("everything") / "output"
    everything_published(LocalStore(output))
    running = servers.serve(output, output.parent / "server.log")
    yield running.address
    servers.stop(running)


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


class Visits:
    """Opens pages of a site, each in a context of its own, and hears whatever the browser complains about."""

    def __init__(self, browser, address):
        """Begin without any."""
        self.browser, self.address = browser, address
        self.contexts, self.complaints = [], []

    def __call__(self, path, *, now=BEFORE, zone="Europe/Paris", expect_complaints=False, **options):
        """Return a page that is open, at an instant if one is given, in a reader's time zone."""
        options.setdefault("viewport", DESKTOP)
        context = self.browser.new_context(timezone_id=zone, **options)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if now:
            # The clock runs until it is paused, and cannot be paused in its past.
            page.clock.install(time=datetime.fromisoformat(now) - timedelta(minutes=1))
            page.clock.pause_at(datetime.fromisoformat(now))
        heard = [] if expect_complaints else self.complaints
        page.on("console", lambda message: heard.append(f"{page.url}: {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        page.on("requestfailed", lambda request: _failed(request, self.complaints))
        page.on("response", self._answered)
        page.goto(self.address + path)
        return page

    def _asked(self, request):
        if not request.url.startswith((f"{self.address}/", "data:")):
            self.complaints.append(f"a request to somebody else: {request.url}")

    def _answered(self, answer):
        if answer.status >= 400 and not answer.url.endswith("/nothing/"):
            self.complaints.append(f"{answer.status}: {answer.url}")

    def end(self):
        """Close every page, and fail when there were complaints or a page kept something at the reader's."""
        for context in self.contexts:
            if context.storage_state() != {"cookies": [], "origins": []}:
                self.complaints.append(f"stored: {context.storage_state()}")
            context.close()
        # The console repeats what the answer said; a page that is not there is one of the kinds.
        missing = "Failed to load resource: the server responded with a status of 404 (Not Found)"
        assert [one for one in self.complaints if not one.endswith(f"/nothing/: error: {missing}")] == []


@pytest.fixture
def visit(browser, address):
    """Return a function that opens a page; whatever the browser complains about fails the test."""
    visits = Visits(browser, address)
    yield visits
    visits.end()


@pytest.fixture
def look(browser, server):
    """Return a function that opens a page of what ``serve`` answers; whatever the browser complains about fails."""
    visits = Visits(browser, "http://{}:{}".format(*server))
    yield visits
    visits.end()


def _failed(request, complaints):
    # Leaving a page stops what it still loads.
    if request.failure != "net::ERR_ABORTED":
        complaints.append(f"{request.failure}: {request.url}")


COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules about colours, which is all that differs between light and dark; they take most of the time."""
AXE = """async ([rules, colours, everywhere]) => {
    const looks = ["color", "backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode", "textShadow",
        "fontSize", "fontWeight", "fontFamily", "textDecorationLine", "borderBottomStyle", "display"];
    const numbers = new Map(), ids = new Map(), placed = new Set(), shown = new Set();
    for (const one of document.querySelectorAll("*")) {
        delete one.dataset.judged;
        const style = getComputedStyle(one), above = one.parentElement;
        const look = [ids.get(above), one.localName, ...looks.map(name => style[name])].join("|");
        if (!numbers.has(look)) numbers.set(look, numbers.size);
        ids.set(one, numbers.get(look));
        if (placed.has(above) || !["static", "relative"].includes(style.position)) placed.add(one);
        const text = [...one.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!text && !one.matches("a, button, input, select") || !one.checkVisibility()) continue;
        if (everywhere || placed.has(one) || !shown.has(ids.get(one))) one.dataset.judged = "";
        shown.add(ids.get(one));
    }
    const selector = { "link-in-text-block": "a[href]" };
    axe.configure({ rules: colours.map(id => ({ id, selector: `${selector[id] ?? "*"}[data-judged]` })) });
    const options = { runOnly: rules, resultTypes: ["violations"], reporter: "no-passes", preload: false };
    const { violations } = await axe.run(options);
    return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(node => node.html) }));
}"""
"""Only what is wrong leaves the page: all that is right would take as long again to hand over.

Texts of one look, in elements of the same looks up to the root, have the same contrast: one of them is judged, and
each that is placed on top of others. ``everywhere`` judges all of them.
"""


def with_axe(page):
    """Have axe in every document that is opened in a page from now on, and return the page."""
    page.add_init_script(Axe().axe_script)
    return page


def judge(page, where, rules=None, *, everywhere=False):
    """Fail when axe finds something: by default by any rule of WCAG 2.2 AA or best practice."""
    assert page.evaluate(AXE, [rules or RULES, COLOURS, everywhere]) == [], where


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


def test_everybody_can_use_difficult_pages(visit, address):
    """Names that are long or hold markup, old seasons and other scripts: axe finds nothing, nothing is too wide."""
    # axe waits on timers, so its clock runs.
    page = with_axe(visit("/races/ex/why/", now=None, viewport=PHONE, reduced_motion="reduce"))
    for path in PATHS:
        page.goto(address + path)
        page.evaluate(OPEN)
        judge(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


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
    assert page.locator("li.next > .name").inner_text() == "鈴鹿"


def test_addresses_are_copied(visit):
    """A copy button puts the address on the clipboard and says so to everybody."""
    page = visit("/races/ex/subscribe/", permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy").first
    button.click()
    page.locator("button.done").wait_for()
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
    for document in series.make_series_pages(make_edition(series_files(announced(), languages=("en",)))):
        file = tmp_path / document.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document.body)
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    assert page.get_by_text("The calendar is to be announced.").first.is_visible()
    page.close()


# --- What ``serve`` answers -------------------------------------------------------------------------------------------

ALL = [KINDS[kind].format(prefix) for kind in KINDS for prefix in ("", "ar/")]
WIDTHS = (({"width": 320, "height": 640}, "100%"), (PHONE, "200%"), (DESKTOP, "200%"))
"""The narrowest screen, and text that is twice as large (WCAG 1.4.10, 1.4.4)."""


def fits(page, where):
    """Fail when a page scrolls sideways on the narrowest screen or with large text."""
    for viewport, size in WIDTHS:
        page.set_viewport_size(viewport)
        page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], (where, viewport, size)
    page.evaluate("document.documentElement.style.fontSize = ''")


LARGE_PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize(("viewport", "scheme"), [(LARGE_PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["", "ar/"], ids=["en", "ar"])
def test_everybody_can_use_every_kind_of_page(look, language, viewport, scheme):
    """The rules of axe (WCAG 2.2 AA, with the size of targets) find nothing on any kind of page, everything open.

    The reader is where every time is of another day, so that all there is to see is there. The page is opened in the
    light or in the dark, and then the other falls, which only changes colours. Whatever the browser says, asks for
    elsewhere or keeps is a failure too.
    """
    options = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
    page = with_axe(look("/", now=None, zone="America/Los_Angeles", **options))
    # axe waits on timers: the hour is fixed, and they run.
    page.clock.set_fixed_time(RACE_SOON)
    everywhere = viewport is DESKTOP and not language
    for kind, path in KINDS.items():
        page.goto(look.address + path.format(language))
        page.evaluate(OPEN)
        judge(page, f"{kind} {language}", everywhere=everywhere)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], kind
        page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
        judge(page, f"{kind} {language}, not {scheme}", {"type": "rule", "values": COLOURS})
        page.emulate_media(color_scheme=scheme)
        if viewport is DESKTOP:
            fits(page, f"{kind} {language}")


def test_pages_in_wide_glyphs_fit_too(look):
    """Japanese, whose words break anywhere and whose glyphs are wide, scrolls no page sideways."""
    page = look("/ja/", now=RACE_SOON, zone="Australia/Lord_Howe")
    for kind, path in KINDS.items():
        page.goto(look.address + path.format("ja/"))
        page.evaluate(OPEN)
        fits(page, kind)


SPOILT = """() => {
    const main = document.querySelector("main");
    const put = (text, css) => {
        const one = document.createElement("p");
        one.textContent = text;
        one.style.cssText = css;
        main.prepend(one);
        return one;
    };
    // In the light only the first is pale, in the dark only the second.
    put("pale", "color: #ccc; background: light-dark(#fff, #000)");
    put("pale again", "color: #333; background: light-dark(#fff, #000)");
    // Two of the same look, each on top of something that it does not stand in.
    for (const [row, colour] of [["1", "#eee"], ["2", "#222"]]) {
        const css = `grid-area: ${row} / 1; position: absolute; inset: 0; margin: 0`;
        const grid = document.createElement("div");
        grid.style.cssText = "position: relative; height: 3rem";
        grid.append(put("", `${css}; background: ${colour}`), put(`on ${colour}`, `${css}; color: #000`));
        main.prepend(grid);
    }
    const links = [1, 2].map(number => {
        const link = document.createElement("a");
        link.href = `#${number}`;
        link.textContent = number;
        link.style.cssText = "display: block; font-size: 8px; line-height: 10px; width: 10px";
        return link;
    });
    main.prepend(...links);
}"""


def test_the_rules_are_at_work(look):
    """Axe looks at contrast, by day and by night, and at the size of targets, and finds what is wrong with them."""
    page = with_axe(look("/", now=None, color_scheme="light", reduced_motion="reduce"))
    page.goto(f"{look.address}/cup/changes/")
    page.evaluate(SPOILT)
    found = {one["id"]: one["nodes"] for one in page.evaluate(AXE, [RULES, COLOURS, False])}
    assert found.keys() >= {"color-contrast", "target-size"}
    assert [re.sub("<.*?>", "", node) for node in found["color-contrast"]] == ["on #222", "pale"]
    page.emulate_media(color_scheme="dark")
    rules = {"type": "rule", "values": COLOURS}
    (found,) = page.evaluate(AXE, [rules, COLOURS, False])
    assert found["id"] == "color-contrast"
    assert [re.sub("<.*?>", "", node) for node in found["nodes"]] == ["on #222", "pale again"]


@pytest.mark.parametrize(
    ("zone", "okayama", "paris", "autumn"),
    [
        (
            "UTC",
            {"practice-2": "06:00", "race-1": "04:00", "warm-up": "23:00 Sat 2 Mar"},
            {"race-night": "21:00", "race-day": "13:00"},
            {"race-early": "23:30 Sat 26 Oct", "race": "01:30"},
        ),
        (
            "Asia/Tokyo",
            {"practice-2": "15:00", "race-1": "13:00", "race-2": "11:00"},
            {"race-night": "06:00 Sun 31 Mar", "race-day": "22:00"},
            {"race-early": "08:30", "race": "10:30"},
        ),
        # Summer time begins on 10 March, between now and Paris.
        (
            "America/Los_Angeles",
            {"practice-2": "22:00 Thu 28 Feb", "race-1": "20:00 Fri 1 Mar", "race-2": "18:00 Sat 2 Mar"},
            {"race-night": "14:00", "race-day": "06:00"},
            {"race-early": "16:30 Sat 26 Oct", "race": "18:30 Sat 26 Oct"},
        ),
        # The clocks go forward at 02:00 on 31 March, while the race through the night is on, and back on 27 October.
        (
            "Europe/Paris",
            {"practice-2": "07:00", "race-1": "05:00", "qualifying-proto": "01:30"},
            {"race-night": "22:00", "race-day": "15:00"},
            {"race-early": "01:30", "race": "02:30"},
        ),
        # Half an hour off, and half an hour of summer time until 7 April.
        (
            "Australia/Lord_Howe",
            {"practice-2": "17:00", "race-1": "15:00", "race-2": "13:00"},
            {"race-night": "08:00 Sun 31 Mar", "race-day": "00:00 Mon 1 Apr"},
            {"race-early": "10:30", "race": "12:30"},
        ),
    ],
)
def test_times_are_the_readers_across_midnight_and_clock_changes(look, zone, okayama, paris, autumn):
    """Each time is said in the reader's zone as it will be then, with the day where that is another."""
    page = look("/", now=RACE_SOON, zone=zone)
    for meeting, expected in (("okayama", okayama), ("paris", paris), ("paris-autumn", autumn)):
        page.goto(f"{look.address}/cup/2030/{meeting}/")
        for session, shown in expected.items():
            cell = page.locator(f"tr[id='{session}'] .yours")
            assert cell.inner_text() == shown, (meeting, session)
            assert ("other-day" in cell.get_attribute("class")) == (" " in shown), (meeting, session)
        assert page.locator("thead .zone").inner_text() == zone.replace("_", " ")


def test_the_readers_times_are_written_in_the_page_s_language(look):
    """In Arabic the other day is Arabic, the clock has the digits of the circuit's, and both say the same instant."""
    page = look("/cup/ar/2030/okayama/", now=RACE_SOON, zone="America/Los_Angeles")
    cell = page.locator("tr[id='race-1'] .yours")
    assert cell.inner_text() == "20:00 الجمعة، 1 مارس"
    assert cell.locator("time").get_attribute("datetime") == "2030-03-02T04:00:00.000Z"
    assert page.locator("tr[id='race-1'] .utc time").get_attribute("datetime") == "2030-03-02T04:00:00Z"


def said(page):
    """Return what the countdown says, in one line; None where it is not shown."""
    line = page.locator("[data-countdown]").first
    return re.sub(r"\s+", " ", line.inner_text()) if line.is_visible() else None


OKAYAMA = "2 × 4 Hours of Okayama 🏁"


COUNTDOWNS = (
    ("/cup/2030/okayama/", RACE_SOON, f"Next {OKAYAMA}: Race 1 1 hr 30 mins"),
    ("/cup/2030/okayama/", "2030-03-02T03:59:50Z", f"Next {OKAYAMA}: Race 1 10 secs"),
    ("/cup/2030/okayama/", "2030-03-02T04:00:00Z", f"On now {OKAYAMA}: Race 1"),
    ("/cup/2030/okayama/", "2030-03-02T07:59:59Z", f"On now {OKAYAMA}: Race 1"),
    # What is cancelled is not waited for.
    ("/cup/2030/okayama/", "2030-03-02T20:00:00Z", f"Next {OKAYAMA}: Race 2 6 hrs"),
    ("/cup/2030/okayama/", "2030-03-09T00:00:00Z", None),
    ("/cup/2030/", "2030-03-31T00:30:00Z", "On now 6 Hours of Paris: Race through the night"),
    ("/cup/2030/", "2030-03-31T03:00:00Z", "Next 6 Hours of Paris: Race day 10 hrs"),
    (
        "/cup/",
        "2030-03-20T12:00:00Z",
        "Next 6 Hours of Paris: A line of exactly seventy-five octets in all!! 8 days 10 hrs",
    ),
    # What is postponed is not waited for either.
    ("/cup/embed.html", "2030-04-30T12:00:00Z", "Next Gulf Sprint in 11 days"),
    ("/", "2030-02-20T12:00:00Z", f"Next {OKAYAMA} in 9 days"),
    ("/bundles/both/", "2030-04-02T12:00:00Z", "Next 4 Hours of Paris in 4 days"),
    ("/cup/ar/2030/okayama/", RACE_SOON, f"التالي \u2068{OKAYAMA}\u2069: السباق 1 1 س 30 د"),
    ("/cup/2029/okayama/", RACE_SOON, None),
)


def test_the_countdown_is_right(look):
    """Before, during and after a session, on every page that counts, the line says what comes and how long until."""
    page = look("/", now=None)
    for path, now, expected in COUNTDOWNS:
        page.clock.set_fixed_time(now)
        page.goto(look.address + path)
        assert said(page) == expected, (path, now)


HIDDEN = ".yours, [data-countdown], [data-copy], [data-choices], [data-note], li > span[data-start]"
"""What only the script shows: all of it needs the script."""
TOLD = """hidden => [...document.querySelectorAll("main :is(time, code, li, dd, th, td, p, h1, h2, h3, a)")]
    .filter(one => !one.closest(hidden) && !one.closest("[data-choices], [data-unscripted], [data-chosen]"))
    .map(one => { const copy = one.cloneNode(true); copy.querySelectorAll(hidden).forEach(part => part.remove());
        const text = copy.textContent.replace(/\\s+/g, " ").trim();
        return `${one.localName} ${one.getAttribute("href")} ${text}`; })"""
UNSEEN = """() => [...document.querySelectorAll("main :is(time, code, li, dd, a)")]
    .filter(one => !one.closest("[hidden]") && !one.checkVisibility()).map(one => one.outerHTML)"""


def test_without_the_script_everything_is_there(look):
    """Every kind of page says the same without it: timetables, addresses, lists, changes, links; all can be opened."""
    without = look("/", java_script_enabled=False, now=None)
    scripted = look("/", now=RACE_SOON)
    mirrored = [KINDS[kind].format("ar/") for kind in ("series", "meeting", "subscribe")]
    for path in (*(KINDS[kind].format("") for kind in KINDS), *mirrored):
        for page in (without, scripted):
            page.goto(look.address + path)
        assert without.evaluate(TOLD, HIDDEN) == scripted.evaluate(TOLD, HIDDEN), path
        others = f"[...document.querySelectorAll('[hidden]')].filter(one => !one.matches({HIDDEN!r})).length"
        assert without.evaluate(others) == 0, path
        without.evaluate(OPEN)
        assert without.evaluate(UNSEEN) == [], path


ADDRESSES = """() => [...document.querySelectorAll("a[href^='webcal:'], a[href*='cid='], a[href*='addfromweb']")]
    .map(link => [link.href, link.closest(".card, tr:has(code), article, [data-chosen]")
        .querySelector("code").textContent])"""


def test_every_way_to_subscribe_carries_the_address(look, server):
    """Google, Outlook and webcal links, decoded, carry exactly the address beside them, and a calendar is there."""
    page = look("/", now=RACE_SOON)
    carried = {}
    for path in (*ALL, "/trial/subscribe/", "/trial/ar/subscribe/"):
        page.goto(look.address + path)
        for link, shown in page.evaluate(ADDRESSES):
            parts = urlsplit(link)
            if parts.scheme == "webcal":
                way, address = "webcal", "https" + link.removeprefix("webcal")
            elif parts.hostname == "calendar.google.com":
                (found,) = parse_qs(parts.query)["cid"]
                way, address = "google", found.replace("webcal://", "https://")
            else:
                (address,) = parse_qs(parts.query)["url"]
                way = parts.hostname
            assert address == shown, (path, link)
            carried.setdefault(address, set()).add(way)
    ways = {"webcal", "google", "outlook.live.com", "outlook.office.com"}
    assert {address: found for address, found in carried.items() if found != ways} == {}
    assert len(carried) > 40
    for address in carried:
        answer = ask(server, address.removeprefix(BASE))
        assert (answer.status, answer.get("content-type")) == (200, "text/calendar; charset=utf-8"), address


@pytest.mark.parametrize("language", ["", "ar/"], ids=["en", "ar"])
def test_each_copy_button_puts_its_address_on_the_clipboard(look, server, language):
    """Whatever is beside a button is what is copied, exactly, on every kind of page, and it is an address of ours."""
    page = look("/", now=RACE_SOON, permissions=["clipboard-read", "clipboard-write"])
    copied = set()
    for kind in ("front", "bundle", "series", "season", "meeting", "subscribe", "feeds"):
        page.goto(look.address + KINDS[kind].format(language))
        page.evaluate("navigator.clipboard.writeText('')")
        for button in page.locator("[data-copy]:visible").all():
            button.click()
            shown = button.locator("xpath=preceding-sibling::code").inner_text()
            assert page.evaluate("navigator.clipboard.readText()") == shown, kind
            copied.add(shown)
    (frame,) = [one for one in copied if not one.startswith(BASE)]
    assert frame.startswith(f'<iframe src="{BASE}/cup/{language}embed.html"')
    assert len(copied) > 10
    assert {one: ask(server, one.removeprefix(BASE)).status for one in copied - {frame}} == dict.fromkeys(
        copied - {frame}, 200
    )


def test_the_language_switch_leads_to_the_same_page(look):
    """From every kind of page, each language leads to the same page: in Arabic, the same parts in the same order."""
    page = look("/", now=RACE_SOON)
    parts = (
        "[...document.querySelectorAll('main [id], main .meeting, main article')].map(one => one.id || one.className)"
    )
    for kind, path in KINDS.items():
        if kind == "not found":
            continue
        page.goto(look.address + path.format(""))
        here = page.evaluate(parts)
        links = page.evaluate("[...document.querySelectorAll('.languages a')].map(one => [one.hreflang, one.href])")
        if kind == "frame":
            # It has no menu; who embeds it chooses. Its head names the others.
            links = page.evaluate(
                "[...document.querySelectorAll('link[hreflang]')].map(one => [one.hreflang, one.href])"
            )
            links = [(tag, url.replace(BASE, look.address)) for tag, url in links if tag != "x-default"]
        assert [(tag, url) for tag, url in links] == [
            (tag, look.address + path.format(prefix)) for tag, prefix in (("en", ""), ("ar", "ar/"), ("ja", "ja/"))
        ]
        page.goto(links[1][1])
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
        assert page.evaluate(parts) == here, kind


RISES = """selector => {
    const [one, two] = [...document.querySelectorAll(selector)].map(found => found.getBoundingClientRect());
    return Math.sign(two.x + two.width / 2 - one.x - one.width / 2);
}"""
"""1 where the second thing stands to the right of the first one, -1 to the left."""
BACKWARDS = """selector => [...document.querySelectorAll(selector)].filter(one => {
    const text = document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode();
    const at = (index) => { const range = new Range(); range.setStart(text, index); range.setEnd(text, index + 1);
        return range.getBoundingClientRect(); };
    return one.checkVisibility() && [0, 1, 2, 3].some(index => at(index + 1).x <= at(index).x);
}).map(one => one.outerHTML)"""


@pytest.mark.parametrize(("language", "direction"), [("", 1), ("ar/", -1)], ids=["en", "ar"])
def test_the_layout_is_mirrored_for_arabic(look, language, direction):
    """Menus, breadcrumbs, tables, cards and buttons run from right to left; addresses, times and offsets never do."""
    page = look(f"/cup/{language}2030/okayama/", now=RACE_SOON, zone="Asia/Tokyo")
    seen = {
        selector: page.evaluate(RISES, selector)
        for selector in (
            ".crumbs li",
            "header nav:not([class]) li",
            ".crumbs, .languages",
            "#race-1 > *",
            ".timetable thead th",
            ".card",
            ".copyable > *",
            ".actions li",
            ".facts div:first-child > *",
            "tr[id='race-1'] .at > *",
            "[data-countdown] > :first-child, [data-countdown] > :last-child",
        )
    }
    assert seen == dict.fromkeys(seen, direction)
    assert page.evaluate(BACKWARDS, ".at time, .utc time, .yours time, .at .offset, .copyable code") == []
    page.goto(f"{look.address}/cup/{language}2030/")
    months = page.evaluate(RISES, ".timeline .month")
    page.goto(f"{look.address}/cup/{language}subscribe/")
    assert [months, page.evaluate(RISES, ".option"), page.evaluate(RISES, ".clients tbody tr:first-child > *")] == [
        direction
    ] * 3
    page.evaluate(OPEN)
    assert page.evaluate(BACKWARDS, "code") == []


REACHABLE = """() => {
    const radio = one => one.type === "radio" && !one.checked;
    window.reachable = [...document.querySelectorAll("a[href], button, summary, input, select, [tabindex='0']")]
        .filter(one => one.checkVisibility({ visibilityProperty: true }) && !radio(one));
    return window.reachable.map(one => one.outerHTML.slice(0, 120));
}"""
FOLLOWED = """() => {
    window.followed = [];
    // When the key is let go, the focus has moved and is scrolled to.
    addEventListener("keyup", () => {
        const one = document.activeElement;
        const seen = one.type === "radio" ? one.nextElementSibling : one;
        const { outlineStyle, outlineWidth } = getComputedStyle(seen);
        const { top, bottom, width } = seen.getBoundingClientRect();
        window.followed.push([window.reachable.indexOf(one), outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
            bottom > 0 && top < innerHeight && width > 0]);
    });
}"""


def test_the_keyboard_reaches_everything_in_order(look):
    """Tab comes by every link, button, choice and fold, in the order they stand in, each with its focus in sight."""
    page = look("/", now=RACE_SOON)
    for kind, path in KINDS.items():
        page.goto(look.address + path.format("ar/" if kind == "series" else ""))
        wanted = page.evaluate(REACHABLE)
        assert len(wanted) > 5, kind
        assert "skip" in wanted[0] or kind == "frame"
        page.evaluate(FOLLOWED)
        for _one in wanted:
            page.keyboard.press("Tab")
        followed = page.evaluate("window.followed")
        assert followed == [[index, True, True] for index in range(len(wanted))], (kind, wanted)


def test_folds_open_by_key(look):
    """Enter opens a fold, and what is in it is next."""
    page = look("/cup/2030/", now=RACE_SOON)
    fold = page.locator("section.subscribe details").first
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None
    page.keyboard.press("Tab")
    assert fold.evaluate("fold => fold.contains(document.activeElement) && fold.firstElementChild") is not None
    assert page.evaluate("document.activeElement.localName") != "summary"


def test_timetables_are_printed(look):
    """On paper every timetable is there, with heads and each session, black on white for who reads in the dark too."""
    page = look("/", now=RACE_SOON, color_scheme="dark", viewport={"width": 688, "height": 1010})
    page.emulate_media(media="print")
    for path in ("/cup/2030/", "/cup/ar/2030/", "/cup/2030/okayama/", "/cup/ar/2030/paris/"):
        page.goto(look.address + path)
        rows = page.locator(".timetable tr.session")
        assert rows.count() >= 6, path
        assert all(row.is_visible() for row in rows.all()), path
        assert page.locator(".timetable thead th").first.is_visible(), path
        assert page.evaluate(
            "[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).color]"
        ) == [
            "rgb(255, 255, 255)",
            "rgb(0, 0, 0)",
        ], path
        assert not page.get_by_role("button").count(), path
        assert page.evaluate("document.documentElement.scrollWidth") <= 688, path


def test_tables_stay_tables_on_a_phone(look):
    """Where tables become cards, who listens to the page still has rows with heads and cells.

    Browsers once took ``display`` for the meaning of a table; that this one does not is why no roles repeat it.
    """
    page = look("/cup/2030/okayama/", now=RACE_SOON, viewport=PHONE)
    assert page.evaluate("getComputedStyle(document.querySelector('#race-1')).display") == "grid"
    row = page.get_by_role("table", name=f"Timetable of {OKAYAMA}").get_by_role("row").filter(has_text="Race 1")
    assert row.get_by_role("rowheader").inner_text().startswith("Race 1")
    assert row.get_by_role("cell").first.inner_text().split() == ["13:00", "–17:00", "UTC+09:00"]


@pytest.mark.parametrize("kind", ["series", "meeting", "subscribe"])
def test_a_first_visit_is_light(look, kind):
    """All that a browser loads to show a page for the first time, as it is sent, is under 60,000 bytes."""
    context = look.browser.new_context()
    page, loaded = context.new_page(), {}
    page.on("requestfinished", lambda request: loaded.update({urlsplit(request.url).path: request}))
    page.goto(look.address + KINDS[kind].format(""), wait_until="networkidle")
    sizes = {path: one.sizes()["responseBodySize"] for path, one in loaded.items()}
    context.close()
    assert {path.rpartition(".")[2] for path in sizes if "." in path} >= {"css", "js", "svg"}
    assert min(sizes.values()) > 0
    assert sum(sizes.values()) < 60_000, sizes

"""The subscribe page and the page for frames in a real browser, served by ``aslms-feeds serve`` with its headers."""

from __future__ import annotations

import http.server
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from contracts import servers
from contracts.servers import stop
from contracts.test_browser import COLOURS, judge, with_axe
from playwright.sync_api import expect, sync_playwright

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.publication.stores.local import LocalStore
from seasons import NOW, PUBLISHER, SEASON, contents

CHROMIUM = "/usr/bin/chromium"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}
BASE = "https://calendar.example.org/trial"
SUBSCRIBE, FRAME = "/trial/subscribe/", "/trial/embed.html"
BEFORE = "2030-02-28T23:30:30Z"
"""An hour and a half before the first practice at Okayama, nine hours ahead of UTC."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Publish two seasons in two languages, serve them and return where."""
    output = tmp_path_factory.mktemp("subscribe") / "output"
    files = contents(publisher=PUBLISHER + 'languages = ["en", "ar"]\nreport = "times@example.org"\n')
    past = SEASON.replace("2030", "2029").replace('id = "race-1"', 'id = "race"')
    files["trial/2029/season.toml"] = past.replace("announced = 2029-12-20", "announced = 2028-12-20").encode()
    report = regenerate(LocalStore(output), files, now=NOW)
    assert not report.failed, [(part.problems, part.error) for part in report.parts]
    running = servers.serve(output, output.parent / "server.log")
    yield "http://{}:{}".format(*running.address)
    stop(running)


@pytest.fixture(scope="module")
def browser():
    """Start Debian's Chromium."""
    found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    if not found:
        pytest.fail("these tests need Chromium: install the Debian package chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def visit(browser, address):
    """Return a function that opens a page; whatever the browser complains about fails the test."""
    contexts, complaints = [], []

    def opened(path, *, now=None, **options):
        options.setdefault("viewport", DESKTOP)
        context = browser.new_context(timezone_id="Europe/Paris", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if now:
            page.clock.install(time=datetime.fromisoformat(now) - timedelta(minutes=1))
            page.clock.pause_at(datetime.fromisoformat(now))
        page.on("console", lambda message: complaints.append(f"{path}: {message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"{path}: {error}"))
        page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def shown(page):
    """Return the address that is offered, which the copy button and every client's button must agree with."""
    url, copied, found = page.evaluate(_SHOWN)
    assert copied == url
    links = dict(found)
    assert {tuple(one) for one in found} == set(links.items())  # each button of a kind leads to one address
    assert set(links) == {"webcal", "google", "outlook", "office", "file"}
    assert links["webcal"] == url.replace("https://", "webcal://")
    assert parse_qs(urlsplit(links["google"]).query) == {"cid": [links["webcal"]]}
    assert parse_qs(urlsplit(links["outlook"]).query)["url"] == [url]
    assert parse_qs(urlsplit(links["office"]).query)["url"] == [url]
    assert links["file"] == urlsplit(url).path
    return url.removeprefix(f"{BASE}/")


_SHOWN = """() => {
    const chosen = document.querySelector("[data-chosen]");
    const ways = [...chosen.querySelectorAll("a[data-way]")];
    return [
        chosen.querySelector("code").textContent,
        chosen.querySelector("[data-copy]").dataset.copy,
        ways.map(way => [way.dataset.way, way.getAttribute("href")]),
    ];
}"""


def reach(page, name, value):
    """Press Tab until a control has the focus, as somebody without a pointer does."""
    for _press in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("[document.activeElement.name, document.activeElement.value]")
        if focused == [name, value]:
            return
    pytest.fail(f"the keyboard does not reach {name}={value}")


def test_a_calendar_is_chosen_by_keyboard_alone(visit):
    """Tab and the arrows choose; the address, each button, the fragment and what is announced follow at once."""
    page = visit(SUBSCRIBE)
    assert shown(page) == "trial-all.ics"
    assert "#" not in page.url
    reach(page, "what", "all")
    page.keyboard.press("ArrowDown")
    assert shown(page) == "trial-races.ics"
    assert page.get_by_role("status").inner_text() == "Shown: Test Series: races"
    reach(page, "class", "")
    page.keyboard.press("ArrowRight")
    assert shown(page) == "trial-races-proto.ics"
    reach(page, "reminders", "")
    page.keyboard.press("ArrowDown")
    assert shown(page) == "reminders/trial-races-proto.ics"
    assert page.url.endswith("#what=races&class=proto&reminders=yes")
    assert page.locator("[data-title]").first.inner_text() == "Test Series Prototype: races with reminders"
    assert page.get_by_role("status").inner_text() == "Shown: Test Series Prototype: races with reminders"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "season"
    page.keyboard.press("ArrowDown")
    assert shown(page) == "2030/trial-2030-races.ics"
    assert page.url.endswith("#what=races&season=2030")
    # Next comes the button that copies, which is what all this was for.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.copy").endswith("/2030/trial-2030-races.ics")


def test_no_combination_is_shown_that_does_not_exist(visit):
    """What was chosen last holds, the rest gives way, and the page says so; what gave way comes back when it can."""
    page = visit(SUBSCRIBE)
    note = page.locator("[data-note]")
    choose(page, "Prototype")
    choose(page, "With reminders")
    assert not note.is_visible()
    choose(page, "Race weekends")
    assert shown(page) == "trial-weekends-proto.ics"
    assert note.inner_text() == "There is no such calendar; this is the nearest one."
    said = "There is no such calendar; the nearest one is shown: Test Series Prototype: race weekends"
    assert page.get_by_role("status").inner_text() == said
    assert page.get_by_role("radio", name="Without", exact=True).is_checked()
    choose(page, "Races")
    assert shown(page) == "reminders/trial-races-proto.ics"
    assert not note.is_visible()
    page.get_by_role("combobox").select_option("2029")
    assert shown(page) == "2029/trial-2029-races.ics"
    assert note.is_visible()
    assert page.get_by_role("radio", name="All classes").is_checked()
    choose(page, "GT")
    assert shown(page).endswith("trial-races-gt.ics")
    assert page.get_by_role("combobox").input_value() == ""


def choose(page, name):
    """Choose by the text that is seen, as a finger does."""
    page.get_by_role("radio", name=name, exact=True).click()


def test_every_combination_can_be_shown(visit):
    """Whatever is chosen, what is shown is a calendar of the list, is what was chosen last, and each can be reached."""
    page = visit(SUBSCRIBE)
    listed = page.evaluate(
        """() => [...document.querySelectorAll("tr[data-what]")].map(row => [
            [row.dataset.what, row.dataset.class, row.dataset.reminders, row.dataset.season].join(),
            row.querySelector("[data-way=url]").href,
        ])"""
    )
    seen = page.evaluate(
        """() => {
            const control = name => [...document.querySelectorAll(`[name=${name}]`)];
            const season = control("season")[0];
            const code = document.querySelector("[data-chosen] code");
            const found = [];
            for (const year of [...season.options].map(one => one.value))
                for (const ring of control("reminders"))
                    for (const one of control("class"))
                        for (const what of control("what")) {
                            season.value = year;
                            season.dispatchEvent(new Event("change", { bubbles: true }));
                            ring.click(), one.click(), what.click();
                            const asked = [what.value, one.value, ring.value, year].join();
                            const now = name => (document.querySelector(`[name=${name}]:checked`) ?? season).value;
                            const shown = ["what", "class", "reminders", "season"].map(now).join();
                            found.push([asked, shown, code.textContent, location.hash]);
                        }
            return found;
        }"""
    )
    addresses = dict(listed)
    assert len(addresses) == len(listed)
    assert len(seen) == 4 * 3 * 2 * 3
    for asked, now, address, fragment in seen:
        assert addresses[now] == address
        assert now == asked or asked not in addresses
        # The order in which things were chosen is what decides: the last one holds.
        assert now.partition(",")[0] == asked.partition(",")[0]
        given = parse_qs(fragment.removeprefix("#"))
        assert ",".join(given.get(kind, [""])[0] for kind in ("what", "class", "reminders", "season")) == now
    assert {now for _asked, now, _address, _fragment in seen} == set(addresses)


def test_the_address_is_copied(visit):
    """The clipboard holds exactly the address of the chosen calendar, and everybody is told."""
    page = visit(f"{SUBSCRIBE}#what=races&class=gt", permissions=["clipboard-read", "clipboard-write"])
    page.locator("[data-chosen] [data-copy]").click()
    expect(page.get_by_role("status")).to_have_text("The address is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == f"{BASE}/trial-races-gt.ics"
    choose(page, "All sessions")
    page.locator("[data-chosen] [data-copy]").press("Enter")
    expect(page.get_by_role("status")).to_have_text("The address is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == f"{BASE}/trial-all-gt.ics"


def test_the_snippet_is_copied(visit, address):
    """The clipboard holds the frame, and the page it shows is there."""
    page = visit(SUBSCRIBE, permissions=["clipboard-read", "clipboard-write"])
    page.locator("[aria-labelledby=page_embed] [data-copy]").click()
    expect(page.get_by_role("status")).to_have_text("The address is copied.")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(f'<iframe src="{BASE}/embed.html" title="Test Series"')
    assert page.request.get(address + FRAME).ok


SHARED = (
    ("#what=qualifying&class=gt&reminders=yes", "reminders/trial-qualifying-gt.ics", True),
    ("#what=races&season=2029", "2029/trial-2029-races.ics", True),
    ("#what=weekends&season=2029", "trial-weekends.ics", False),
    ("#what=races&class=nothing", "trial-races.ics", False),
    ("#what=nonsense", "trial-all.ics", False),
    ("#what=%3Cb%3E&class=%22%5D", "trial-all.ics", False),
    ("#page_feeds", "trial-all.ics", True),
)
"""A fragment, the calendar that is shown then, and whether it is exactly the one that was asked for."""


def test_a_shared_address_restores_the_choice(visit, address):
    """Opening an address with a choice in it shows that calendar, or the nearest, and says which it is."""
    page = visit(SUBSCRIBE)
    for fragment, expected, exact in SHARED:
        page.goto("about:blank")  # on the open page a fragment would only be followed
        page.goto(address + SUBSCRIBE + fragment)
        assert shown(page) == expected, fragment
        assert page.locator("[data-note]").is_visible() is not exact, fragment


def test_another_fragment_is_followed_at_once(visit, address):
    """A choice that is followed on the open page, or come back to, is shown and announced; an anchor changes none."""
    page = visit(SUBSCRIBE)
    page.goto(f"{address}{SUBSCRIBE}#what=races&reminders=yes")
    expect(page.get_by_role("status")).to_have_text("Shown: Test Series: races with reminders")
    assert shown(page) == "reminders/trial-races.ics"
    page.goto(f"{address}{SUBSCRIBE}#page_feeds")
    page.wait_for_function("location.hash === '#page_feeds'")
    assert shown(page) == "reminders/trial-races.ics"


def test_everything_is_there_without_the_script(visit):
    """Without JavaScript every calendar is a link, no control does nothing, and the page says where to look."""
    page = visit(SUBSCRIBE, java_script_enabled=False)
    assert not page.locator("[data-choices]").is_visible()
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("radio").count() == 0
    assert page.get_by_text("Those of one class, with reminders or of one season").is_visible()
    assert shown(page) == "trial-all.ics"
    page.locator("summary", has_text="With reminders").click()
    link = page.locator(f"a[href='{BASE}/reminders/trial-races-gt.ics']")
    assert link.is_visible()
    row = page.locator("tr", has=link)
    assert row.locator("a").count() == 5
    page.locator("summary", has_text="Past seasons").click()
    page.locator("summary", has_text="2029 Test Series").click()
    assert page.locator(f"a[href='{BASE}/2029/trial-2029-races.ics']").is_visible()


def test_a_file_that_is_downloaded_is_the_calendar(visit):
    """The download is the file that a subscription reads."""
    page = visit(f"{SUBSCRIBE}#what=races&class=gt")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download the file once").click()
    assert downloading.value.suggested_filename == "trial-races-gt.ics"
    assert b"BEGIN:VCALENDAR" in Path(downloading.value.path()).read_bytes()


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"])
def test_everybody_can_use_both_pages(visit, address, viewport, scheme):
    """The rules of axe find nothing in either direction, with every fold open and a note shown; nothing is too wide.

    Those about colours do not either when the reader's light changes.
    """
    page = with_axe(visit(SUBSCRIBE, viewport=viewport, color_scheme=scheme, reduced_motion="reduce"))
    for path in (f"{SUBSCRIBE}#what=weekends&reminders=yes", FRAME, "/trial/ar/subscribe/", "/trial/ar/embed.html"):
        page.goto("about:blank")  # from which a fragment leads to a document of its own, that has axe
        page.goto(address + path)
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
        judge(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
        page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
        judge(page, f"{path}, not {scheme}", {"type": "rule", "values": COLOURS})
        page.emulate_media(color_scheme=scheme)


@pytest.mark.parametrize(("path", "width"), [(SUBSCRIBE, 320), ("/trial/ar/subscribe/", 320), (FRAME, 280)])
def test_twice_the_text_fits_into_a_narrow_column(visit, path, width):
    """At 200 % text nothing of ours is wider than a small phone or the frame; lists may scroll by themselves."""
    page = visit(path, viewport={"width": width, "height": 640})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    wide = page.evaluate(
        """width => [...document.querySelectorAll("main *")].filter(one => {
            const box = one.getBoundingClientRect();
            return box.width > 1 && (box.right > width + 1 || box.left < -1) && !one.closest(".scroll > *");
        }).map(one => one.outerHTML.slice(0, 80))""",
        width,
    )
    assert wide == []


def test_paper_shows_the_calendar_and_the_way_here(visit):
    """Printed, the page holds the chosen address and the QR code, and none of the controls."""
    page = visit(f"{SUBSCRIBE}#what=races")
    page.emulate_media(media="print")
    assert page.locator("[data-chosen] code").first.inner_text() == f"{BASE}/trial-races.ics"
    assert page.locator("[data-chosen] code").first.is_visible()
    assert page.locator("svg.qr").is_visible()
    assert not page.locator("[data-choices]").is_visible()
    assert not page.get_by_role("button", name="Copy").first.is_visible()


# --- The frame ------------------------------------------------------------------------------------------------------


def test_the_frame_counts_down_to_the_next_session(visit):
    """The next session is named with the time until then; its race meeting is marked."""
    page = visit(FRAME, now=BEFORE, viewport={"width": 280, "height": 480})
    line = page.locator("[data-countdown]")
    assert line.locator("bdi").inner_text() == "4 Hours of Okayama: Practice 1"
    assert line.locator("strong").inner_text() == "1 hr 29 mins"
    page.clock.pause_at(datetime.fromisoformat("2030-03-03T00:00:00Z"))
    page.clock.run_for(1000)
    assert line.locator("bdi").inner_text() == "4 Hours of Paris: Race"
    assert page.locator("li:has(.next) > a").inner_text() == "4 Hours of Paris"


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another site, which shows whatever the query names in a frame."""

    def do_GET(self):
        """Answer with a page that has one frame."""
        target = parse_qs(urlsplit(self.path).query).get("show", [""])[0]
        body = f'<!doctype html><title>Elsewhere</title><iframe src="{target}" width="320" height="480"></iframe>'
        self.send_response(200 if target else 204)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode() if target else b"")

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def elsewhere():
    """Serve another site and return where."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_another_site_shows_the_frame(browser, address, elsewhere):
    """In a frame of another origin the page is whole, its script runs, and its links open outside the frame."""
    page = browser.new_page(timezone_id="Europe/Paris")
    page.clock.install(time=datetime.fromisoformat(BEFORE))
    page.goto(f"{elsewhere}/?show={address}{FRAME}")
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text("2030 Test Series")
    expect(frame.locator("[data-countdown] bdi")).to_have_text("4 Hours of Okayama: Practice 1")
    assert frame.locator("h1").evaluate("() => getComputedStyle(document.body).marginTop") == "0px"
    with page.context.expect_page() as opening:
        frame.get_by_role("link", name="4 Hours of Paris").click()
    assert opening.value.url == f"{address}/trial/2030/paris/"
    assert page.url.startswith(elsewhere)
    page.close()


@pytest.mark.parametrize("path", ["/trial/2030/", SUBSCRIBE, "/"])
def test_no_other_page_may_be_framed(browser, address, elsewhere, path):
    """Every other page refuses: the browser shows nothing of it and names the reason."""
    page = browser.new_page()
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto(f"{elsewhere}/?show={address}{path}")
    (_top, framed) = page.frames
    assert not framed.url.startswith(address)
    page.close()

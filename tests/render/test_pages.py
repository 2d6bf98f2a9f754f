"""The pages: whole, safe, linked, and the same bytes for the same edition."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from jinja2 import Environment, nodes
from page_editions import (
    BASE,
    EVIL,
    LATER,
    LONG,
    changed_edition,
    make_edition,
    page,
    row,
    series_files,
    tree,
    whole_site,
    words,
)

from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.errors import RenderError
from aslms_feeds.render.pages import front as pages_front
from aslms_feeds.render.pages import series as page_series
from aslms_feeds.render.pages import templates
from aslms_feeds.render.pages.assets import find_icon_path

PACKAGE = Path(page_series.__file__).parent


def test_every_page_is_there(trees):
    """Every season and event has its page in every language; forerunners have none of their own."""
    own = ["", "subscribe/", "changes/", "feeds/", "why/", "history/"]
    own += ["2024-25/", "2024-25/sepang/", "2025-26/", "2026-27/"]
    own += [f"2009/{event}" for event in ("", "okayama/", "sepang/", "dubai/")]
    own += [f"2025-26/{event}/" for event in ("sepang", "dubai", "long", "someday", "nowhere")]
    expected = {f"/races/ex/{tag}{path}index.html" for tag in ("", "ar/", "ja/") for path in own}
    expected |= {f"/races/ex/{tag}embed.html" for tag in ("", "ar/", "ja/")}
    expected |= {f"/races/{tag}index.html" for tag in ("", "ar/", "ja/")} | {"/races/404.html"}
    assert set(trees) == expected


def test_language_and_direction_are_set(trees):
    """Every page says its language and which way it runs, and leads to itself in the others."""
    for path, one in trees.items():
        tag = next((tag for tag in ("ar", "ja") if f"/{tag}/" in path), "en")
        assert (one.get("lang"), one.get("dir")) == (tag, "rtl" if tag == "ar" else "ltr"), path
        found = {link.get("hreflang") for link in one.xpath("//link[@rel='alternate'][@hreflang]")}
        # The page for what is not there is one page in every language.
        assert found == (set() if path == "/races/404.html" else {"en", "ar", "ja", "x-default"}), path


def test_ids_are_unique(trees):
    """No page has two things of one id."""
    for path, one in trees.items():
        ids = one.xpath("//@id")
        assert len(ids) == len(set(ids)), path


def test_every_link_leads_somewhere(edition, site, trees):
    """Every link of ours leads to a document that is published, and its anchor is there."""
    addresses = edition.addresses
    known = set(site)
    known |= {urlsplit(addresses.url(calendar.path)).path for calendar in edition.calendars}
    known |= {
        urlsplit(addresses.url(addresses.feed(language.tag, feed, file))).path
        for language in edition.languages
        for feed in FEED_NAMES
        for file in ("atom.xml", "rss.xml", "feed.json")
    }
    seasons = [*edition.files.seasons]
    known |= {
        f"/races/ex/{tag}{season.id}/{file}.json"
        for tag in ("", "ar/", "ja/")
        for season in seasons
        for file in ("season", "changes")
    }
    known |= {f"/races/ex/{tag}series.json" for tag in ("", "ar/", "ja/")}
    known.add("/races/feeds.opml")
    for path, one in trees.items():
        for link in one.xpath("//@href | //@src"):
            address, anchor = urldefrag(link.replace("webcal://", "https://"))
            if address.startswith("http") and not address.startswith(BASE):
                continue
            target = urlsplit(address).path or path
            target += "index.html" if target.endswith("/") else ""
            assert target in known, (path, link)
            if anchor:
                assert unquote(anchor) in trees[target].xpath("//@id"), (path, link)


def test_items_lead_to_anchors_that_exist(edition, trees):
    """What the feeds link to is on the page they link to."""
    checked = 0
    for season in edition.seasons:
        for tag, items in season.items.items():
            for item in items:
                address, anchor = urldefrag(item.url)
                target = trees[f"{urlsplit(address).path}index.html"]
                assert not anchor or anchor in target.xpath("//@id"), (tag, item.url)
                checked += bool(anchor)
    assert checked > 10


def test_nothing_inline(trees):
    """No style or script is written into a page, so that the content security policy needs no exception."""
    for path, one in trees.items():
        assert not one.xpath("//style | //@style | //@*[starts-with(name(), 'on')]"), path
        for script in one.xpath("//script"):
            assert script.get("src") or script.get("type") == "application/ld+json", path


def test_pictures_have_names(trees):
    """Every drawing says what it shows."""
    seen = 0
    for path, one in trees.items():
        for drawing in one.xpath("//svg"):
            assert drawing.get("role") == "img", path
            assert drawing.xpath("string(title)"), path
            seen += 1
        assert not one.xpath("//img[not(@alt)]"), path
    assert seen > 3


def test_headings_nest(trees):
    """Every page has one first heading, and no level is skipped."""
    for path, one in trees.items():
        levels = [int(heading.tag[1]) for heading in one.xpath("//h1 | //h2 | //h3 | //h4")]
        assert levels[0] == 1, path
        assert levels.count(1) == 1, path
        assert all(below - above <= 1 for above, below in itertools.pairwise(levels)), (path, levels)


def test_markup_is_balanced(site):
    """Every element that needs an end tag has one, in the right order."""
    void = {"meta", "link", "br", "hr", "img", "input", "line", "rect", "path"}
    for path, document in site.items():
        if not path.endswith(".html"):
            continue
        text = re.sub(r"(<script[^>]*>).*?(</script>)", r"\1\2", document.body.decode(), flags=re.DOTALL)
        stack = []
        for closing, name, selfclosed in re.findall(r"<(/?)([a-z][a-z0-9]*)(?:\s[^<>]*?)?(/?)>", text):
            if closing:
                assert stack.pop() == name, (path, name)
            elif not selfclosed and name not in void:
                stack.append(name)
        assert stack == [], path


def test_text_of_others_stays_text(site, trees):
    """Names, notes and titles show their markup; none of it becomes an element."""
    for path, document in site.items():
        if path.endswith(".html"):
            assert b"<script>alert" not in document.body, path
    assert words(page(trees, "2025-26/dubai/").xpath("//h1")[0]) == EVIL
    assert EVIL in words(row(page(trees, "2025-26/sepang/"), "race-1"))
    assert EVIL in words(page(trees, "2025-26/").get_element_by_id("news-hello"))
    assert page(trees, "2025-26/").get_element_by_id("news-hello").xpath(".//strong/text()") == ["bold"]


def test_data_block_cannot_be_closed(site):
    """A name that holds an end tag does not end the block of data it is in."""
    body = site["/races/ex/2025-26/dubai/index.html"].body.decode()
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', body, re.DOTALL)
    assert block
    assert not set("<>&") & set(block[1])
    assert json.loads(block[1])["name"] == EVIL


def test_addresses_of_other_kinds_are_refused():
    """A link to a script is an error, whatever autoescape thinks of it."""
    for address in (
        "javascript:alert(1)",
        "data:text/html,x",
        "//elsewhere.example/",
        "JavaScript:x",
        " https://x",
        "",
    ):
        with pytest.raises(RenderError, match="no address that a page may link to"):
            templates.check_address(address)
    for address in (
        "https://x.example",
        "http://x.example",
        "webcal://x.example/a.ics",
        "mailto:a@b.example",
        "/a",
        "#b",
    ):
        assert templates.check_address(address) == address


def test_templates_filter_every_address():
    """No template writes a value into an address without the filter that refuses foreign schemes."""
    for path in sorted((PACKAGE / "templates").glob("*.html")):
        text = path.read_text()
        found = re.findall(r'\b(?:href|src|action)="(?:#\w+|\{\{ ((?:(?!\}\}).)*) \}\})"', text)
        assert len(found) == len(re.findall(r"\b(?:href|src|action)=", text)), path.name
        assert all(value.endswith("|href") for value in found if value), path.name


def test_templates_translate_every_text():
    """Every word that a template writes itself goes through gettext, names of products aside."""
    names = {"RSS", "JSON", "Feed", "Atom", "Google", "Apple", "Outlook.com,", "Microsoft", "365", "Proton"}
    names |= {"Fastmail", "Thunderbird", "ICSx5", "Nextcloud", "season.json", "changes.json"}
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in sorted((PACKAGE / "templates").glob("*.html")):
        parsed = environment.parse(path.read_text())
        text = "\0".join(data.data for data in parsed.find_all(nodes.TemplateData))
        plain = re.sub(r"<[^>]*>", " ", text.replace("\0", "")).split()
        assert {word for word in plain if re.search(r"[A-Za-z]{2}", word)} <= names, path.name


def test_timetable_gives_circuit_time_offset_and_utc(trees):
    """A session shows the circuit's clock with its offset, and UTC with the day where that is another."""
    early = row(page(trees, "2025-26/sepang/"), "practice-1")
    assert words(early.xpath("td[1]")[0]) == "06:30–08:00 UTC+08:00"
    assert words(early.xpath("td[last()]")[0]) == "22:30 Thu 11 Dec"
    assert early.xpath("td[1]/time/@datetime") == ["2025-12-12T06:30:00+08:00"]
    assert early.get("data-start") == "2025-12-11T22:30:00Z"
    assert words(row(page(trees, "2025-26/sepang/"), "race-1").xpath("td[last()]")[0]) == "05:00"


def test_sessions_stand_under_their_day(trees):
    """Each day has its heading; what has no day comes last and says so."""
    bodies = page(trees, "2025-26/sepang/").xpath("//table[contains(@class, 'timetable')]/tbody")
    days = [(words(one.xpath("tr[1]")[0]), [found.get("id") for found in one.xpath("tr[@id]")]) for one in bodies]
    assert days == [
        ("Friday, 12 December 2025", ["practice-1"]),
        ("Saturday, 13 December 2025", ["qualifying-gt", "race-1", "night"]),
        ("Sunday, 14 December 2025", ["race-2"]),
        ("The day is not known yet", ["test"]),
    ]


def test_unknown_times_are_said(trees):
    """A session without a time says so and has no cell for the reader's zone to fill."""
    found = row(page(trees, "2025-26/sepang/"), "qualifying-gt")
    assert words(found.xpath("td[1]")[0]) == "time to be announced"
    assert not found.xpath(".//@data-yours")
    assert found.get("data-whole-days") is not None


def test_an_assumed_end_is_not_shown(trees):
    """Where no end is published none is shown, and the page says why."""
    found = row(page(trees, "2025-26/sepang/"), "race-2")
    assert words(found.xpath("td[1]")[0]) == "14:30 UTC+08:00"
    assert "end not published" in words(found)


def test_cancelled_session_is_marked_with_its_reason(trees):
    """A cancelled session stays in the timetable, marked, with the reason, and is never next."""
    found = row(page(trees, "2025-26/sepang/"), "night")
    assert "cancelled" in words(found)
    assert "Cancelled. No lights." in words(found)
    assert found.get("data-off") is not None
    assert words(found.xpath("td[1]")[0]) == "22:00–02:00 Sun 14 Dec UTC+08:00"


def test_postponed_meeting_says_when_and_why(trees):
    """A postponed race meeting says its new day and the reason on its own page and the season's."""
    for path in ("2025-26/dubai/", "2025-26/"):
        text = words(page(trees, path).xpath("//main")[0])
        assert "Postponed to Saturday, 7 March 2026. The paddock is under water." in text


def test_vague_dates_are_shown_as_they_are(trees):
    """A race meeting that has only a vague date shows it, and is in no countdown."""
    (line,) = page(trees, "").xpath("//li[contains(@class, 'meeting')][contains(., 'Someday')]")
    assert "late spring" in words(line)
    assert line.get("data-start") is None


def test_season_without_a_calendar(trees):
    """A season without events says that they are to come, and shows its classes."""
    text = words(page(trees, "2026-27/").xpath("//main")[0])
    assert "The calendar is to be announced." in text
    assert EVIL in text


def test_series_without_any_season():
    """A series that has nothing yet has pages all the same."""
    made = whole_site(make_edition(series_files(languages=("en",))))
    text = words(tree(made["/races/ex/index.html"]))
    assert "No season has been announced yet." in text
    assert "Calendars appear here with the first date." in text
    assert "No season has been announced yet." in words(tree(made["/races/index.html"]))
    assert "/races/ex/2025-26/index.html" not in made


def test_front_page_without_series():
    """A site without series says so."""
    (front,) = [
        one
        for one in pages_front.make_site_pages(series_files(languages=("en",)).publisher, [])
        if one.path == "index.html"
    ]
    assert "No series has been published yet." in words(tree(front))


def test_current_season_is_the_edition_s(trees):
    """The series' page shows the season that the edition calls current, and lists the others."""
    series = page(trees, "")
    assert words(series.xpath("//h2")[0]) == "2025/26 Season"
    listed = [words(link) for link in series.xpath("//ul[@class='seasons']//a")]
    assert listed == ["2026/27 Season", "2024/25 Season", "2009 Example Series"]


def test_change_is_told_on_every_page_it_belongs_to(trees):
    """A session that moved is in the latest changes, the season's, the meeting's and on the page of all changes."""
    for path in ("", "changes/", "2025-26/", "2025-26/sepang/"):
        titles = [words(one) for one in page(trees, path).xpath("//ol[@class='items']//p[@class='title']")]
        assert "4 Hours of Sepang: Race 2: new time" in titles, path
    dates = page(trees, "changes/").xpath("//ol[@class='items']/li/time/@datetime")
    assert dates == sorted(dates, reverse=True)


def test_revisions_tell_a_stale_app_from_a_wrong_calendar(trees):
    """The meeting's page says which revision of each session an app should show."""
    rows = page(trees, "2025-26/sepang/").xpath("//table[@class='revisions']/tbody/tr")
    told = {words(one.xpath("th")[0]): words(one.xpath("td")[0]) for one in rows}
    assert told["Race 2"] == "revision 2, 25 Nov 2025 09:30 UTC"
    assert told["Race 1"] == "revision 1, 20 Nov 2025 12:00 UTC"
    assert told["Race weekend"] == "revision 1, 20 Nov 2025 12:00 UTC"


def test_results_are_behind_a_fold(site):
    """Nothing outside the folded results names a winner, but the history page for seasons that are over."""
    for path, body in site.items():
        if not path.endswith(".html") or path.endswith("/history/index.html"):
            continue
        one = tree(body)
        for fold in one.xpath("//details[@class='spoilers']"):
            assert fold.get("open") is None, path
            fold.drop_tree()
        text = words(one)
        assert "Winning Team" not in text, path
        assert "First wins" not in text, path


def test_results_are_on_the_pages(site):
    """Champions, winners and invitations are told on the season's page, the race's on the meeting's."""
    season = words(tree(site["/races/ex/2024-25/index.html"]))
    for told in ("Champions", "First and Second", "Trophy", "#4 Winning Team", "24 Hours", "First wins the title"):
        assert told in season
    assert "#4 Winning Team" in words(tree(site["/races/ex/2024-25/sepang/index.html"]))


def test_entry_list_keeps_numbers_as_written(trees):
    """Cars are listed by class in the series' order, and 007 is not 7."""
    meeting = page(trees, "2025-26/sepang/")
    cars = [words(one) for one in meeting.xpath("//table[@class='cars']/tbody/tr/td[1]")]
    assert cars == ["26", "007"]
    assert "A. Ünsal and 山本 尚貴" in words(meeting)
    assert "39 cars" in words(page(trees, "2025-26/").get_element_by_id("page_entries").getparent())


def test_feeds_and_calendars_are_found_by_readers(trees):
    """The head names the feeds, Atom first, and the calendars; no reader stumbles into the results."""
    found = page(trees, "2025-26/sepang/").xpath("//link[@rel='alternate'][@type]")
    listed = [(link.get("type"), link.get("href").removeprefix(f"{BASE}/ex/")) for link in found]
    assert listed[:4] == [
        ("application/atom+xml", "news/atom.xml"),
        ("application/atom+xml", "changes/atom.xml"),
        ("application/atom+xml", "everything/atom.xml"),
        ("application/rss+xml", "news/rss.xml"),
    ]
    assert ("application/json", "news/feed.json") in listed
    assert ("application/feed+json", "news/feed.json") in listed
    assert ("text/calendar", "2025-26/sepang/ex-2025-26-sepang.ics") in listed
    assert not [address for _type, address in listed if address.startswith("results/")]


def test_search_engines_read_the_meeting(site):
    """The data block is a SportsEvent with place, days, status and its sessions in the circuit's time."""
    text = tree(site["/races/ex/2025-26/sepang/index.html"]).xpath("//script[@type='application/ld+json']/text()")[0]
    data = json.loads(text)
    assert (data["@type"], data["startDate"], data["endDate"]) == ("SportsEvent", "2025-12-11", "2025-12-14")
    assert data["location"]["address"] == {
        "@type": "PostalAddress",
        "addressCountry": "MY",
        "addressLocality": "Sepang",
    }
    assert data["superEvent"]["@id"] == f"{BASE}/ex/2025-26/"
    parts = {part["url"].partition("#")[2]: part for part in data["subEvent"]}
    assert parts["race-1"]["startDate"] == "2025-12-13T13:00:00+08:00"
    assert parts["race-1"]["endDate"] == "2025-12-13T17:00:00+08:00"
    assert "endDate" not in parts["race-2"]
    assert parts["night"]["eventStatus"] == "https://schema.org/EventCancelled"
    text = tree(site["/races/ex/2025-26/index.html"]).xpath("//script[@type='application/ld+json']/text()")[0]
    states = {part["name"]: part["eventStatus"].rpartition("/")[2] for part in json.loads(text)["subEvent"]}
    assert states == {"4 Hours of Sepang": "EventRescheduled", EVIL: "EventRescheduled", LONG.strip(): "EventCancelled"}


def test_names_in_other_languages(trees):
    """Pages of a language use the names the definitions have in it."""
    assert words(page(trees, "2025-26/sepang/", "ja").xpath("//h1")[0]) == "セパン4時間"
    assert "حلبة سيبانغ الدولية" in words(page(trees, "2025-26/sepang/", "ar"))
    assert "ジーティー" in words(page(trees, "2025-26/", "ja"))


def test_timeline_stays_inside_and_mirrors(trees):
    """Every bar lies between 0 and 100 percent, and from right to left the season runs the other way."""
    positions = {}
    for tag in ("", "ar"):
        bars = page(trees, "2025-26/", tag).xpath("//svg[@class='timeline']/g")
        assert len(bars) == 4
        found = [
            (float(x.strip("%")), float(w.strip("%"))) for bar in bars for x, w in [bar.xpath("rect/@x | rect/@width")]
        ]
        assert all(x >= 0 and x + width <= 100.01 for x, width in found)
        positions[tag] = [x for x, _width in found]
    assert positions[""] == sorted(positions[""])
    assert positions["ar"] == sorted(positions["ar"], reverse=True)


def test_colour_that_is_none_is_left_out(site):
    """A colour becomes a rule only when it looks like a colour's name."""
    (path,) = [path for path in site if "/classes." in path]
    assert site[path].body.decode() == ":root { --series: darkslateblue }\n.class-lmp2 { --mark: royalblue }\n"


def test_assets_bear_their_digest(site):
    """Every asset's name holds the first ten digits of its digest, so that it can be cached for ever."""
    names = [path for path in site if "/assets/" in path]
    assert len(names) == 12
    for path in names:
        assert path.split(".")[-2] == site[path].sha256[:10]
    icon = site[f"/races/ex/{find_icon_path()}"].body
    assert icon[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(icon[16:20], "big"), int.from_bytes(icon[20:24], "big")) == (512, 512)


def test_assets_are_small():
    """The stylesheet stays under 25 KB and the script under 6 KB."""
    assert (PACKAGE / "static/site.css").stat().st_size < 25_000
    assert (PACKAGE / "static/site.js").stat().st_size < 6_000


@pytest.mark.slow
def test_the_hour_is_in_no_page(site):
    """A later build of the same season makes the same bytes: nothing that the clock decides is in a page."""
    first = make_edition()
    ledgers = {one.files.id: one.ledger for one in first.seasons}
    again = make_edition(now=LATER, ledgers=ledgers)
    assert whole_site(again) == whole_site(first)
    assert whole_site(changed_edition()) == site


@pytest.mark.slow
def test_same_bytes_under_any_hash_seed_and_zone(tmp_path):
    """Another process, with another hash seed and time zone, makes the same bytes."""
    program = (
        "import hashlib, page_editions as t; site = t.whole_site(t.changed_edition());"
        "print(hashlib.sha256(b''.join(p.encode() + site[p].body for p in site)).hexdigest())"
    )
    found = set()
    for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland")):
        setting = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "PYTHONPATH": os.pathsep.join(str(Path(__file__).parents[up]) for up in (0, 1)),
        }
        done = subprocess.run([sys.executable, "-c", program], env=setting, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1


def test_words_in_another_language_say_so(trees):
    """What the definitions have in the first language alone is marked as such where it stands on a page in another."""
    for tag in ("", "ar/", "ja/"):
        for path in (f"/races/ex/{tag}index.html", f"/races/ex/{tag}2025-26/index.html"):
            marked = trees[path].xpath("//main//*[@lang][not(ancestor::table)]")
            assert bool(marked) == bool(tag), path
            assert {(one.get("lang"), one.get("dir")) for one in marked} <= {("en", "ltr")}, path
            assert {one.tag for one in marked} <= {"div", "bdi"}, path

"""The subscribe page and the page for frames: every combination with its addresses, and reports of wrong times."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date
from functools import cache
from urllib.parse import parse_qs, unquote, urlsplit

import lxml.html
import pytest
from conftest import REAL_NOW
from lxml import etree
from page_editions import BASE, changed_edition, make_edition, page, series_files, tree, whole_site, words
from pydantic import ValidationError

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.definitions import reading
from aslms_feeds.definitions.publisher import Publisher
from aslms_feeds.editions.compose import compose
from aslms_feeds.editions.language import load_language
from aslms_feeds.publication.manifest import INDEX
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.render.documents import render_series
from aslms_feeds.render.pages import series
from aslms_feeds.render.pages.clients import list_clients
from aslms_feeds.render.pages.links import make_report_link
from aslms_feeds.render.pages.series_view import SeriesView
from seasons import CALENDARS, NOW, PUBLISHER, contents, folder

KINDS = ("what", "class", "reminders", "season")
TAGS = ("en", "ar", "ja")


def subscribe_page(trees, tag="en"):
    """Return the subscribe page in a language."""
    return page(trees, "subscribe/", "" if tag == "en" else tag)


def with_options(**options):
    """Return the documents of an edition whose publisher says something else about calendars, by path."""
    files = series_files(*changed_edition().files.seasons, languages=("en",))
    calendars = files.publisher.calendars.model_copy(update=options)
    files = replace(files, publisher=files.publisher.model_copy(update={"calendars": calendars}))
    return whole_site(make_edition(files))


def reporting(report, languages=("en",)):
    """Return the edition of a publisher who says where to report."""
    files = series_files(*changed_edition().files.seasons, languages=languages)
    return make_edition(replace(files, publisher=files.publisher.model_copy(update={"report": report})))


def rows(one):
    """Return the rows of all calendars that can be chosen, by their combination."""
    found = [(tuple(row.get(f"data-{kind}") for kind in KINDS), row) for row in one.xpath("//tr[@data-what]")]
    assert len(dict(found)) == len(found)
    return dict(found)


def combination(calendar):
    """Return what a calendar is, as its row says it."""
    return (calendar.name, calendar.race_class, "yes" if calendar.reminders else "", calendar.season)


def ways(element):
    """Return the links of an element by the way they open a calendar."""
    return {link.get("data-way"): link.get("href") for link in element.xpath(".//a[@data-way]")}


# --- The choice -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("tag", TAGS)
def test_every_combination_has_exactly_its_addresses(edition, trees, tag):
    """Each calendar of a language is there once, and each of its links leads to its own address and title."""
    found = rows(subscribe_page(trees, tag))
    own = [one for one in edition.calendars if one.language == tag and not one.event]
    assert len({one.season for one in own}) > 2
    assert set(found) == {combination(one) for one in own}
    for calendar in own:
        url = edition.addresses.url(calendar.path)
        row = found[combination(calendar)]
        links = ways(row)
        assert list(links) == ["url", "webcal", "google", "outlook", "office"]
        assert links["url"] == url
        assert words(row.xpath(".//code")[0]) == url
        assert links["webcal"] == url.replace("https://", "webcal://")
        google = urlsplit(links["google"])
        assert (google.scheme, google.netloc, google.path) == ("https", "calendar.google.com", "/calendar/r")
        assert parse_qs(google.query, strict_parsing=True) == {"cid": [links["webcal"]]}
        for way, host in (("outlook", "outlook.live.com"), ("office", "outlook.office.com")):
            asked = urlsplit(links[way])
            assert (asked.scheme, asked.netloc, asked.path) == ("https", host, "/calendar/0/addfromweb")
            assert parse_qs(asked.query, strict_parsing=True) == {"url": [url], "name": [calendar.title]}
        assert row.get("data-title") == calendar.title
        assert row.get("data-about") == calendar.description


@pytest.mark.slow
@pytest.mark.parametrize("tag", TAGS)
def test_the_choices_are_those_of_the_calendars(edition, trees, tag):
    """What can be chosen of each kind is what some calendar is, under a legend, and the first calendar is chosen."""
    one = subscribe_page(trees, tag)
    choices = one.xpath("//*[@data-choices]")[0]
    assert choices.get("hidden") is not None
    first = next(iter(rows(one)))
    for kind, chosen in zip(KINDS, first, strict=True):
        (field,) = choices.xpath(f"./fieldset[.//*[@name='{kind}']]")
        assert words(field.xpath("legend")[0])
        values = field.xpath(".//input[@type='radio']/@value | .//option/@value")
        assert set(values) == {row[KINDS.index(kind)] for row in rows(one)}
        assert len(values) == len(set(values)) > 1
        assert field.xpath(".//input[@checked]/@value | .//option[@selected]/@value") == [chosen]
        assert all(words(label) for label in field.xpath(".//label | .//option"))
    names = [words(label) for label in choices.xpath("./fieldset[1]/label")]
    expected = {"en": ["All sessions", "Races", "Qualifying and races", "Race weekends"]}
    assert names == expected.get(tag, names)


@pytest.mark.parametrize("tag", TAGS)
def test_the_first_calendar_is_shown_without_a_script(edition, trees, tag):
    """The address to copy comes first; the buttons of every client and the download lead to the same calendar."""
    one = subscribe_page(trees, tag)
    (chosen,) = one.xpath("//*[@data-chosen]")
    first = ways(next(iter(rows(one).values())))
    url = edition.addresses.url(next(found for found in edition.calendars if found.language == tag).path)
    assert words(chosen.xpath(".//code")[0]) == url
    assert chosen.xpath(".//button/@data-copy") == [url]
    shown = [(link.get("data-way"), link.get("href")) for link in chosen.xpath(".//a[@data-way]")]
    assert [way for way, _href in shown] == [
        *("webcal", "webcal", "google", "outlook", "office", "webcal"),
        "file",
    ]
    assert all(href == first[way] for way, href in shown[:-1])
    (download,) = chosen.xpath(".//a[@download]")
    assert download.get("href") == urlsplit(url).path
    order = [element.tag for element in chosen.xpath(".//code | .//a[@data-way]")]
    assert order[0] == "code"


def test_calendars_of_single_meetings_are_plain_links(edition, trees):
    """Each race meeting's calendar is linked below its season."""
    linked = set(subscribe_page(trees).xpath("//details//ul/li/a/@href"))
    own = {edition.addresses.url(one.path) for one in edition.calendars if one.language == "en" and one.event}
    assert own
    assert own <= linked


def test_only_what_is_published_can_be_chosen():
    """A publisher with fewer calendars has a page with fewer choices, and none that leaves nothing to choose."""
    few = tree(with_options(names=("races",), classes=False, reminders=False)["/races/ex/subscribe/index.html"])
    assert not few.xpath("//*[@name='class' or @name='reminders']")
    assert few.xpath("//input[@name='what']/@value") == ["races", "all"]  # a season's calendars are always there
    assert {row[:3] for row in rows(few)} == {("races", "", ""), ("all", "", "")}
    assert next(iter(rows(few))) == ("races", "", "", "")
    assert "Reminders" not in words(few.xpath("//*[@data-chosen]")[0])


def test_before_the_first_date_there_is_nothing_to_choose():
    """A series without a calendar says that calendars are to come; the feeds and the frame are there."""
    made = whole_site(make_edition(series_files(languages=("en",))))
    one = tree(made["/races/ex/subscribe/index.html"])
    assert "Calendars appear here with the first date." in words(one)
    assert not one.xpath("//*[@data-choices] | //tr[@data-what]")
    assert one.get_element_by_id("page_refresh") is not None
    assert one.xpath("//h2[@id='page_feeds']")
    assert "No season has been announced yet." in words(tree(made["/races/ex/embed.html"]))


# --- What each app does ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", TAGS)
def test_each_client_is_told_of_once(trees, tag):
    """Every client that is known stands in one row, with an answer in each column."""
    tables = subscribe_page(trees, tag).xpath("//table[contains(@class, 'clients')]")
    found = [row for table in tables for row in table.xpath("./tbody/tr")]
    known = list_clients(load_language(tag), refresh_hours=6)
    assert len(found) == len(known)
    told = sorted(tuple(words(cell) for cell in row.xpath("td")) for row in found)
    stays = {row[1] for row in told}
    assert len(stays) == 1
    assert told == sorted((one.refresh, *stays, one.reminders) for one in known)
    heads = [[words(head) for head in table.xpath("./thead//th")] for table in tables]
    for table, names in zip(tables, heads, strict=True):
        for row in table.xpath("./tbody/tr"):
            assert row.xpath("td/@data-label") == names[1:]
    assert "ignored" in {row[-1] for row in told} or tag != "en"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"cancelled": "visible"}, "stays, and its title says so"),
        ({"cancelled": "marked"}, "hidden"),
        ({"cancelled": "hidden"}, "goes"),
        (
            {"cancelled": "marked", "cancelled_in": {"weekends": "hidden"}},
            "All sessions: hidden, Races: hidden, Qualifying and races: hidden and Race weekends: goes",
        ),
    ],
)
def test_what_becomes_of_a_cancelled_session_is_as_the_publisher_has_it(options, expected):
    """Only a calendar that marks what is cancelled leaves it to the client; Google's answer stands here for all."""
    read = Publisher.model_validate({**minimal(), "calendars": options}).calendars
    one = tree(with_options(cancelled=read.cancelled, cancelled_in=read.cancelled_in)["/races/ex/subscribe/index.html"])
    (row,) = one.xpath("//table[contains(@class, 'clients')]/tbody/tr[.//a[@data-way='google']]")
    assert words(row.xpath("td[2]")[0]) == expected


def minimal():
    """Return the least that publisher.toml must hold."""
    return {"name": "N", "base_url": BASE, "identity": "calendars.example", "tag_date": date(2025, 1, 1)}


# --- Reports --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("report", ["mailto:times+races@calendars.example", "times+races@calendars.example"])
@pytest.mark.parametrize("tag", ["en", "ar"])
def test_a_wrong_time_is_reported_by_mail(report, tag):
    """The message names the page in its subject and holds its address, on each page that shows times or calendars."""
    site = whole_site(reporting(report, languages=("en", "ar")))
    trees = {path: tree(one) for path, one in site.items() if path.endswith(".html")}
    for path in ("2025-26/sepang/", "2025-26/", "subscribe/", "2009/okayama/"):
        one = page(trees, path, "" if tag == "en" else tag)
        (link,) = one.xpath("//p[@class='report']/a/@href")
        asked = urlsplit(link)
        assert (asked.scheme, unquote(asked.path)) == ("mailto", "times+races@calendars.example")
        said = parse_qs(asked.query, strict_parsing=True)
        folder_ = "" if tag == "en" else f"{tag}/"
        assert said["body"] == [f"{BASE}/ex/{folder_}{path}"]
        assert words(one.xpath("//h1")[0]) in said["subject"][0]
    assert not page(trees, "history/").xpath("//p[@class='report']")


def test_hostile_names_stay_in_the_subject():
    """A name with & and ? in it cannot add anything to the message."""
    link = make_report_link("a@b.example", "A & b?body=c#d\r\nBcc: x", "https://x.example/?a=1&b=2")
    said = parse_qs(urlsplit(link).query, strict_parsing=True)
    assert said == {"subject": ["A & b?body=c#d\r\nBcc: x"], "body": ["https://x.example/?a=1&b=2"]}
    assert "\r" not in link


def test_an_address_for_reports_is_linked_as_it_is():
    """An https address is linked without anything added."""
    site = whole_site(reporting("https://forms.example/report?series=ex"))
    links = {
        path: tree(one).xpath("//p[@class='report']/a/@href") for path, one in site.items() if path.endswith(".html")
    }
    assert links["/races/ex/2025-26/sepang/index.html"] == ["https://forms.example/report?series=ex"]
    assert links["/races/ex/2025-26/index.html"] == ["https://forms.example/report?series=ex"]
    assert links["/races/ex/subscribe/index.html"] == ["https://forms.example/report?series=ex"]


def test_nobody_to_report_to_is_nothing(trees):
    """Without the key no page speaks of reports."""
    for path, one in trees.items():
        assert not one.xpath("//p[@class='report'] | //a[starts-with(@href, 'mailto:')]"), path


@pytest.mark.slow
def test_reports_are_in_no_calendar_and_no_feed():
    """The address stands on pages only: a calendar does not change with it."""
    with_report, without = render_series(reporting("times@calendars.example")), render_series(reporting(None))
    assert any(b"times@" in one.body for one in with_report.documents)
    others = {one.path: one.body for one in without.documents if not one.path.endswith(".html")}
    assert {one.path: one.body for one in with_report.documents if not one.path.endswith(".html")} == others


@pytest.mark.parametrize(
    "report",
    [
        "javascript:alert(1)",
        "http://plain.example/",
        "mailto:",
        "mailto:a@b.example?subject=x",
        "a b@c.example",
        "times@localhost",
        "https://",
        "a@b.example\n",
        "<a@b.example>",
    ],
)
def test_what_is_no_address_for_reports(report):
    """What is neither an https address nor an e-mail address is refused, and the message says what is."""
    with pytest.raises(ValidationError, match=r"an e-mail address such as times@example\.org"):
        Publisher.model_validate({**minimal(), "report": report})
    text = PUBLISHER + f"report = {definitions_text(report)}\n"
    found = reading.read_definitions(contents(publisher=text), "calendars")
    (problem,) = found.problems
    assert (problem.file, problem.where) == ("calendars/publisher.toml", "report")


def definitions_text(value):
    """Return a text as TOML writes it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def test_when_each_meeting_was_compared(edition, trees):
    """The season's page says of each race meeting when it was last compared with its sources, where that is known."""
    meetings = page(trees, "2025-26/").xpath("//article[contains(@class, 'event')]")
    told = {one.get("id"): "Last compared on" in words(one) for one in meetings}
    (season,) = [one for one in edition.files.seasons if one.id == "2025-26"]
    assert told == {f"event-{event.id}": event.checked is not None for event in season.season.events}
    assert any(told.values())
    (sepang,) = [one for one in meetings if one.get("id") == "event-sepang"]
    assert "Last compared on 18 Nov 2025." in words(sepang)


# --- The page for frames --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", TAGS)
def test_the_frame_shows_the_current_season(edition, trees, tag):
    """Every race meeting of the current season is in it with its days and place, and what the countdown needs."""
    own = "" if tag == "en" else f"{tag}/"
    one = trees[f"/races/ex/{own}embed.html"]
    made = SeriesView(edition, load_language(tag))
    (season,) = [found for found in edition.files.seasons if found.id == edition.current]
    listed = one.xpath("//ol/li")
    assert [link.get("href") for link in one.xpath("//ol/li/a")] == [
        made.link_to(season.id, event.id) for event in season.season.events
    ]
    assert all(words(line.xpath("span[@class='days']")[0]) for line in listed)
    (sepang,) = [line for line in listed if line.xpath("a[contains(@href, '/sepang/')]")]
    assert made.language.country("MY") in words(sepang)
    assert len(sepang.xpath("span[@hidden][@data-start]")) == 5  # all but the one without a day
    assert one.xpath("//p[@data-countdown][@hidden]")


def test_the_frame_is_small_and_leads_out_of_itself(trees):
    """No header, no footer, no picture; every link opens beside it, and one leads to the subscribe page."""
    for path, one in trees.items():
        if not path.endswith("/embed.html"):
            assert not one.xpath("//meta[@name='robots']") or path == "/races/404.html", path
            continue
        assert one.xpath("//meta[@name='robots']/@content") == ["noindex"]
        assert not one.xpath("//header | //footer | //nav | //img | //svg")
        links = one.xpath("//a")
        assert len(links) > 5
        assert all((link.get("target"), link.get("rel")) == ("_blank", "noopener") for link in links)
        assert links[-1].get("href").endswith("/subscribe/")


@pytest.mark.parametrize("tag", TAGS)
def test_the_snippet_shows_the_frame(trees, tag):
    """What is to be pasted is one frame with the absolute address, a title and lazy loading."""
    own = "" if tag == "en" else f"{tag}/"
    section = subscribe_page(trees, tag).xpath("//section[@aria-labelledby='page_embed']")[0]
    (text,) = section.xpath(".//button/@data-copy")
    assert words(section.xpath(".//code")[0]) == text
    frame = lxml.html.fragment_fromstring(text)
    assert (frame.tag, frame.get("src"), frame.get("loading")) == ("iframe", f"{BASE}/ex/{own}embed.html", "lazy")
    assert frame.get("title") == "Example Series"
    assert section.xpath(".//a/@href") == [f"/races/ex/{own}embed.html"]


def test_frames_are_in_no_sitemap():
    """Search engines are not led to the page for frames; the pages it leads to are in the sitemap."""
    store = MemoryStore()
    publisher = PUBLISHER + 'languages = ["en", "fr"]\n\n[calendars]\nclasses = []\nreminders = false\n'
    assert not regenerate(store, contents(publisher=publisher), now=NOW).failed
    assert {"embed.html", "fr/embed.html"} <= set(store.read_current("trial").manifest.documents)
    listed = [one.text for one in etree.fromstring(store.read_document(INDEX, "sitemap.xml")).iter("{*}loc")]
    assert not [address for address in listed if "embed" in address]
    assert "https://calendar.example.org/trial/fr/subscribe/" in listed


# --- Weight ---------------------------------------------------------------------------------------------------------


@cache
def real_pages():
    """Return the pages of the real seasons, by path."""
    files = reading.read_definitions(folder(CALENDARS), "calendars").series["aslms"]
    return {one.path: one.body for one in series.make_series_pages(compose(files, {}, now=REAL_NOW, base_url=BASE))}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "most"), [("subscribe/index.html", 25_000), ("embed.html", 5_000)])
def test_pages_are_light(path, most):
    """With all real seasons the page stays small, and with all it loads under 60 KB, as it is sent."""
    made = real_pages()
    body = gzip.compress(made[path], 6)
    assert len(body) < most
    one = lxml.html.document_fromstring(made[path].decode())
    loaded = one.xpath("//link[@rel='stylesheet' or @rel='icon'][not(@sizes)]/@href | //script/@src")
    found = {made_path for made_path in made for address in loaded if address.endswith(f"/{made_path}")}
    assert len(found) == len(set(loaded))
    assert len(body) + sum(len(gzip.compress(made[one_path], 6)) for one_path in found) < 60_000

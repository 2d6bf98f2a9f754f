"""The history page, and the pages of seasons that are over: what was, who won where that spoils nothing, and why."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from page_editions import (
    EVIL,
    announced,
    changed_edition,
    every,
    finished,
    forerunner,
    make_edition,
    page,
    row,
    running,
    series_files,
    tree,
    whole_site,
    words,
)
from pydantic import BaseModel

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.definitions.results import Champion, Invitation, Result, Results, Winner
from aslms_feeds.definitions.season import Record
from aslms_feeds.definitions.values import Status
from aslms_feeds.editions.compose import compose
from aslms_feeds.editions.language import load_language
from aslms_feeds.render.pages import drawings
from aslms_feeds.render.pages.series import make_series_pages
from aslms_feeds.render.pages.templates import Citations
from seasons import CALENDARS, folder

REAL_NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def site():
    """Return the documents of the edition after a change."""
    return whole_site(changed_edition())


@pytest.fixture(scope="module")
def trees(site):
    """Return the parsed pages by path."""
    return {path: tree(one) for path, one in site.items() if path.endswith(".html")}


@pytest.fixture(scope="module")
def history(trees):
    """Return the history page."""
    return page(trees, "history/")


@pytest.fixture(scope="module")
def real_series():
    """Return the real series as an edition, and its pages by path."""
    found = read_definitions(folder(CALENDARS), "calendars").series["aslms"]
    found = replace(found, publisher=found.publisher.model_copy(update={"languages": ("en", "ar")}))
    edition = compose(found, {}, now=REAL_NOW, base_url="https://calendars.example")
    return edition, {one.path: one for one in make_series_pages(edition) if one.path.endswith(".html")}


def section(tree_, name):
    """Return the section under a heading."""
    (found,) = tree_.xpath("//section[@aria-labelledby=$name]", name=name)
    return found


def cells(line):
    """Return the words of each cell of a row."""
    return [words(one) for one in line.xpath("th | td")]


@pytest.mark.slow
def test_every_page_leads_to_the_history(trees):
    """The history is in the navigation of every page of the series, and on the series' own page by what it holds."""
    for path, one in trees.items():
        if path.startswith("/races/ex/") and not path.endswith("/embed.html"):
            tag = next((f"{tag}/" for tag in ("ar", "ja") if f"/{tag}/" in path), "")
            assert f"/races/ex/{tag}history/" in one.xpath("//nav//a/@href"), path
    assert page(trees, "").xpath("//main//a[@href='/races/ex/history/']")


@pytest.mark.slow
def test_champions_are_told_openly_newest_first(history):
    """Every season that is over has its champions in one table, by class, with drivers, team and car."""
    bodies = section(history, "page_champions").xpath(".//table/tbody")
    assert [words(one.xpath("tr[1]")[0]) for one in bodies] == ["2024/25 Season", "2009 Example Series"]
    told = [cells(line) for line in bodies[1].xpath("tr[position() > 1]")]
    assert [line[0] for line in told] == ["LMP1", "GT1", "The Trophy"]
    assert told[0][1].startswith("Christophe and Shinji")
    assert told[0][1].endswith("By a lap.")
    assert told[0][2:] == ["Sora", "Pescarolo"]
    assert told[2][2] == EVIL
    assert not history.xpath("//main//details")


def test_a_title_nobody_knows_of_says_so(history, trees):
    """A champion without a name is not known, here and on the page of the season; a season without any says so too."""
    (line,) = section(history, "page_champions").xpath(".//tr[th[normalize-space()='GT1']]")
    assert cells(line) == ["GT1", "not known Nobody wrote it down.", "", ""]
    assert "not known Nobody wrote it down." in words(section(page(trees, "2009/"), "page_results"))
    bare = replace(finished(), results=Results())
    alone = whole_site(make_edition(series_files(bare, announced(), languages=("en",))))
    assert "No champion is known." in words(tree(alone["/races/ex/history/index.html"]))


def test_the_current_season_is_not_spoiled():
    """Nothing of the results, titles, invitations and records of the current season is on the history page."""
    told = Results(
        result=(Result(event="sepang", session="race-1", overall=Winner(team="Leading Team")),),
        champion=(Champion(**{"class": "lmp2"}, team="Leading Team"),),
        invitation=(Invitation(race="24 Hours", team="Leading Team"),),
    )
    season = running()
    season = replace(
        season,
        season=season.season.model_copy(update={"records": (Record(text="Leading Team won all of it."),)}),
        results=told,
    )
    site = whole_site(make_edition(series_files(*every(season), languages=("en",))))
    shown = words(tree(site["/races/ex/history/index.html"]))
    assert "Leading Team" not in shown
    assert "Nothing here tells how the current season goes. 2025/26 Season" in shown
    own = tree(site["/races/ex/2025-26/index.html"])
    (fold,) = own.xpath("//details[@class='spoilers']")
    assert "Leading Team won all of it." in words(fold)
    fold.drop_tree()
    assert "Leading Team" not in words(own)


def test_invitations_by_season(history):
    """What teams earned beside the titles is listed by season, with the class and the race."""
    lines = [cells(line) for line in section(history, "page_invitations").xpath(".//tbody/tr")]
    assert [line[0] for line in lines] == ["2024/25 Season", "Winning Team", "2009 Example Series", "Sora"]
    assert lines[1][1:] == ["", "24 Hours priority for a place"]
    assert lines[3][1] == "LMP1"


def test_records_by_season(history):
    """What is worth remembering is listed with its season and meeting."""
    assert "2009 Example Series The first race of all. 1000 km of Okayama" in words(section(history, "page_records"))


def test_class_table_says_which_class_ran_when(history):
    """Classes stand in the order of their first season; every mark has a text; what continues another says so."""
    (table,) = section(history, "page_classes").xpath(".//table")
    assert cells(table.xpath("thead/tr")[0]) == ["Class", "2009", "2024-25", "2025-26", "2026-27"]
    lines = {words(line.xpath("th/span[contains(@class, 'mark')]")[0]): line for line in table.xpath("tbody/tr")}
    marks = {name: [words(cell) for cell in line.xpath("td")] for name, line in lines.items()}
    assert marks == {
        "LMP2": ["yes", "yes", "yes", ""],
        "LMP1": ["yes", "", "", ""],
        "GT1": ["yes", "", "", ""],
        "GT": ["", "", "yes", "yes"],
        "GT3": ["", "", "", "yes"],
    }
    assert list(marks) == ["LMP2", "LMP1", "GT1", "GT", "GT3"]
    assert "continues GT" in words(lines["GT3"])


def test_a_class_of_one_meeting_is_a_class_of_its_season():
    """What only a meeting names ran in that season too."""
    season = finished()
    event = season.season.events[0].model_copy(update={"classes": ("lmp2", "gt")})
    season = replace(season, season=season.season.model_copy(update={"events": (event,)}))
    site = whole_site(make_edition(series_files(season, announced(), languages=("en",))))
    lines = [cells(line) for line in tree(site["/races/ex/history/index.html"]).xpath("//table[@class='grid']//tr")]
    assert ["GT", "yes", "yes"] in lines


def test_drawing_of_classes_says_what_the_table_says(trees):
    """Each unbroken run of a class in the table is one bar of the drawing, as many seasons wide, in every direction."""
    for tag in ("", "ar"):
        one = page(trees, "history/", tag)
        (drawing,) = one.xpath("//svg[@class='class-years']")
        width = float(drawing.get("width"))
        assert drawing.xpath("title/text()")
        assert not drawing.xpath(".//@style | .//style")
        column = drawings._COLUMN
        side = width - 4 * column
        drawn = {}
        for bar in drawing.xpath("rect"):
            x, wide = float(bar.get("x")), float(bar.get("width"))
            begins = (width - x - wide if tag else x) - side
            name = bar.get("class").removeprefix("run class-")
            drawn.setdefault(name, []).append((round(begins / column), round((wide + 6) / column)))
        listed = {}
        for line in one.xpath("//table[@class='grid']/tbody/tr"):
            held = [bool(words(cell)) for cell in line.xpath("td")]
            name = re.search(r"class-(\S+)", line.xpath(".//span[contains(@class, 'on ')]/@class")[0])[1]
            runs = [(on, list(columns)) for on, columns in groupby(range(len(held)), key=held.__getitem__)]
            listed[name] = [(columns[0], len(columns)) for on, columns in runs if on]
        assert drawn == listed, tag
    text = page(trees, "history/").xpath("string(//svg[@class='class-years']/desc)")
    assert "GT3 continues GT." in text


def test_a_class_leads_to_the_one_that_continues_it():
    """The line runs from the end of the one to the begin of the other; without an end before it there is none."""
    old, new = (True, True, False, False), (False, False, False, True)
    english = load_language("en")
    made = drawings.draw_class_years(["1", "2", "3", "4"], [("a", "A", old, ()), ("b", "B", new, ("a",))], english)
    column, side = drawings._COLUMN, 2 * drawings._LETTER
    begin, middle, end = re.match(r"M(\d+) 38H(\d+)V64H(\d+)$", made.links[0]).groups()
    assert side + 2 * column - 4 < int(begin) < int(middle) < int(end) < side + 3 * column + 4
    together = [("a", "A", (True, True), ()), ("b", "B", (True, True), ("a", "nowhere"))]
    assert drawings.draw_class_years(["1", "2"], together, english).links == ()
    assert drawings.draw_class_years(["1"], [("a", "A", (True,), ())], english) is None
    assert drawings.draw_class_years(["1", "2"], [], english) is None


def test_circuits_count_what_was_held(history):
    """A circuit lists its seasons; what was cancelled or postponed is marked, and what is to come does not count."""
    rows = [cells(line) for line in section(history, "page_circuits").xpath(".//tbody/tr")]
    told = {line[0].split(" Source")[0]: line[1:] for line in rows}
    assert list(told) == ["Okayama International Circuit", "Sepang International Circuit", "Dubai Autodrome"]
    assert told["Sepang International Circuit"] == [
        "Sepang, Malaysia",
        "2025-26 the current season 2024-25 2009 cancelled",
        "1 race meeting held",
    ]
    assert told["Okayama International Circuit"] == ["Mimasaka, Japan", "2009", "1 race meeting held"]
    assert told["Dubai Autodrome"] == [
        "United Arab Emirates",
        "2025-26 postponed 2025-26 cancelled 2009 postponed",
        "0 race meetings held",
    ]


def test_changes_season_by_season(history):
    """Each season tells what was moved, called off or reorganised, with the reason; other changes are not history."""
    found = section(history, "page_changes")
    assert [words(one) for one in found.xpath(".//h3")] == ["2025/26 Season", "2009 Example Series"]
    text = words(found)
    for told in (
        "4 Hours of Sepang: Night is cancelled",
        "No lights.",
        "The First Club",
        "Three races become one.",
        "Okayama International Circuit",
        "No money.",
        "The date is that of the report.",
    ):
        assert told in text
    assert "Race 2: new time" not in text
    assert "calendar announced" not in text


def test_what_is_off_without_a_word_is_told_from_its_status(history):
    """A meeting that is cancelled by its status alone is among the changes; no other is there twice."""
    lines = [words(line) for line in section(history, "page_changes").xpath(".//ul[@class='plain']/li")]
    assert [line for line in lines if "Sepang" in line] == [
        "1000 km of Sepang cancelled 7–8 Nov 2009. Cancelled.",
    ]
    assert [line for line in lines if "Dubai" in line or "Night" in line] == []


def test_forerunners_are_on_the_history_page_alone(site, trees, history):
    """A forerunner has no page, stands in no list of seasons and is told with days, winner, titles and changes."""
    assert not [path for path in site if "1999" in path or "/plan" in path]
    for path, one in trees.items():
        if not path.endswith("/history/index.html"):
            assert "1999 Okayama" not in words(one), path
            assert "A plan" not in words(one), path
    one = history.get_element_by_id("1999-okayama")
    text = words(one)
    for told in (
        "7 November 1999 · The Oldest Club",
        "How it began.",
        "GT500",
        "Race · 7 Nov 1999 11:00 · 1,000 km · 6 hours In the rain.",
        "Held together with: Touring Cars.",
        "23 cars",
        "Old Team R391",
        "Érik and Satoshi",
        "Masami",
        "It is never run again.",
        "Old Team wins",
        "Last compared on 6 Feb 2024.",
    ):
        assert told in text
    off = words(history.get_element_by_id("plan"))
    assert "A plan late 2001" in off
    assert "Plan for Sepang cancelled late 2001 · Sepang International Circuit" in off
    assert off.count("Nobody came.") == 1
    ids = [article.get("id") for article in section(history, "page_forerunners").xpath("./article")]
    assert ids == ["plan", "1999-okayama"]


def test_forerunners_alone_are_a_history():
    """A series whose first season is still to come has its forerunners on the page, and says that none is over."""
    site = whole_site(make_edition(series_files(forerunner(), announced(), languages=("en",))))
    one = tree(site["/races/ex/history/index.html"])
    assert "No season is over yet." in words(one)
    assert one.get_element_by_id("1999-okayama") is not None
    assert not one.xpath("//svg[@class='class-years']")


def test_sources_are_numbered_once():
    """A source has the number of its first citation, however often it is cited."""
    citations = Citations()
    assert citations.number_sources(["b", "a"]) == [1, 2]
    assert citations.number_sources(["c", "b", "c"]) == [3, 1]
    assert citations.sources == [(1, "b"), (2, "a"), (3, "c")]


def test_citations_lead_to_their_source(history):
    """The number at a fact is the number its source has in the list at the end."""
    (line,) = section(history, "page_champions").xpath(".//tr[th[normalize-space()='LMP1']]")
    (link,) = line.xpath(".//sup/a")
    source = history.get_element_by_id(link.get("href")[1:])
    assert source.xpath("a/@href") == ["https://source.example/title"]
    assert words(link) == f"Source {1 + len(source.xpath('preceding-sibling::li'))}"


def sources_of(value):
    """Yield every source that a definition names, at any depth."""
    if isinstance(value, BaseModel):
        yield from getattr(value, "sources", ())
        for name in type(value).model_fields:
            yield from sources_of(getattr(value, name))
    elif isinstance(value, tuple):
        for one in value:
            yield from sources_of(one)


def all_sources(files):
    """Return the sources of a series; those of circuits and classes count when a season has them."""
    used = {event.circuit for season in files.seasons for event in season.season.events}
    named = {one for season in files.seasons for one in season.season.classes}
    found = {url for name, circuit in files.circuits.items() if name in used for url in circuit.sources}
    found |= {url for one in files.series.classes if one.id in named for url in one.sources} | {*files.series.sources}
    for season in files.seasons:
        for part in (season.season, season.entries, season.results, season.news):
            found |= set(sources_of(part))
    return found


def test_every_source_is_shown(trees):
    """Whatever names a source, it can be followed from some page."""
    shown = {link for one in trees.values() for link in one.xpath("//a/@href")}
    wanted = all_sources(changed_edition().files)
    assert len(wanted) > 15
    assert wanted - shown == set()


def test_rules_and_classes_are_explained(trees):
    """A season's page lists its rules and says what its classes are and who organised it."""
    one = page(trees, "2009/")
    assert [words(line) for line in section(one, "page_rules").xpath(".//li")] == ["Every car has an amateur.", EVIL]
    assert "LMP1The fastest." in words(section(one, "page_classes"))
    assert "Organiser: The First Club" in words(one)
    assert not page(trees, "2026-27/").xpath("//*[@id='page_rules']")


def test_seasons_that_are_over_promise_nothing(trees):
    """What was never known of a season that is over is not known; it is not to be announced any more."""
    for path in ("2009/", "2009/okayama/", "2009/sepang/", "2009/dubai/"):
        text = words(page(trees, path).xpath("//main")[0])
        assert "to be announced" not in text, path
        assert "may still change" not in text, path
    meeting = page(trees, "2009/okayama/")
    assert words(row(meeting, "race-1").xpath("td[1]")[0]) == "time not known"
    assert "No timetable is known." in words(page(trees, "2009/dubai/"))
    assert "early 2010" in words(page(trees, "2009/dubai/").xpath("//h1/..")[0])
    assert "time to be announced" in words(page(trees, "2025-26/sepang/"))


def test_days_of_a_season_leave_out_what_was_not_held(trees):
    """A season lasts from its first meeting that was held to its last."""
    (line,) = page(trees, "2009/").xpath("//h1/following-sibling::p[1]")
    assert "31 Oct – 1 Nov 2009" in words(line).replace("\u2009", " ")


def test_shared_meetings_and_lists_with_counts_alone(trees):
    """A meeting names the series it is shared with; a list of which only counts are known shows them with its note."""
    assert "Held together with: Another Cup." in words(page(trees, "2009/okayama/"))
    one = page(trees, "2009/")
    assert "Held together with: Another Cup." in words(one.get_element_by_id("event-okayama"))
    lists = words(section(one, "page_entries"))
    assert "22 cars" in lists
    assert "Counted on the grid." in lists
    assert "13 carsLMP1 9GT1 4" in words(section(page(trees, "2009/okayama/"), "page_entries"))


def test_undated_news_says_so(trees):
    """News whose day is not known is on the page of its season, and says that."""
    assert "Long ago day not known" in words(page(trees, "2009/").get_element_by_id("news-undated"))


def test_only_classes_with_calendars_can_be_subscribed_to(trees):
    """The subscribe page has calendars of a class only where an edition has them."""
    files = series_files(*every(running()), languages=("en",))
    chosen = files.publisher.calendars.model_copy(update={"classes": ("gt",)})
    files = replace(files, publisher=files.publisher.model_copy(update={"calendars": chosen}))
    one = tree(whole_site(make_edition(files))["/races/ex/subscribe/index.html"])
    labels = {words(line) for line in one.xpath("//table[@class='addresses']//th[@scope='row']")}
    assert {label for label in labels if label.startswith("GT: ")}
    assert not {label for label in labels if label.startswith(("LMP2: ", "LMP1: ", "GT1: "))}
    assert [words(line) for line in page(trees, "subscribe/").xpath("//th[starts-with(., 'LMP1: ')]")]


@pytest.mark.slow
def test_real_seasons_have_light_whole_pages(real_series):
    """Every page of the real series is under 250 KB, has unique ids, and leads to pages and anchors that exist."""
    edition, made = real_series
    parsed = {path: tree(one) for path, one in made.items()}
    championship = [one for one in edition.seasons if one.files.season.kind == "championship"]
    own = [path for path in made if not path.startswith("ar/")]
    assert {path.split("/")[0] for path in own if path.count("/") == 2} == {
        one.files.id for one in championship if one.files.season.events
    }
    assert sorted(f"ar/{path}" for path in own) == sorted(path for path in made if path.startswith("ar/"))
    for path, one in parsed.items():
        assert len(made[path].body) < 250_000, path
        ids = one.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        for link in one.xpath("//a/@href"):
            address, anchor = urldefrag(link)
            if address.startswith("http") and "://calendars.example/aslms/" not in address:
                continue
            where = urlsplit(address).path or f"/aslms/{path.removesuffix('index.html')}"
            if not where.startswith("/aslms/") or not where.endswith("/"):
                continue  # a document of another kind, or the front page
            target = where.removeprefix("/aslms/")
            assert f"{target}index.html" in parsed, (path, link)
            assert not anchor or unquote(anchor) in parsed[f"{target}index.html"].xpath("//@id"), (path, link)


@pytest.mark.slow
def test_real_sources_are_all_shown(real_series):
    """Every source that the real definitions name can be followed from some page."""
    edition, made = real_series
    shown = {link for one in made.values() for link in tree(one).xpath("//a/@href")}
    assert all_sources(edition.files) - shown == set()


def test_real_history_has_every_season(real_series):
    """Every season that is over has champions on the page, or says that none is known; cancelled ones are marked."""
    edition, made = real_series
    one = tree(made["history/index.html"])
    listed = {words(head) for head in section(one, "page_champions").xpath(".//tr[contains(@class, 'day')]")}
    over = [season for season in edition.files.seasons if season.season.kind == "championship"]
    assert listed == {season.season.name for season in over if season.id != edition.current}
    for season in over:
        if season.id != edition.current:
            for champion in season.results.champions:
                assert not champion.team or champion.team in words(one)
    assert "2015/16" in [words(head) for head in one.xpath("//table[@class='grid']/thead//th")]
    assert "2016/17 2015/16 (2) 2014" in words(section(one, "page_circuits"))
    off = [
        event
        for season in over
        for event in season.season.events
        if Status.CANCELLED in (event.status, season.season.status)
    ]
    badges = section(one, "page_circuits").xpath(".//li[contains(@class, 'off')]")
    assert len(badges) == len(off) > 5

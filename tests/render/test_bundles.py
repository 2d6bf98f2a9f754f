"""Bundles: several series in one calendar, feed and page, made from what each of them has public."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import feedparser
import pytest
from bundle_folders import BUNDLE, CUP_SEASON, FEW, NEWS, RESULTS, two
from conftest import REAL_NOW
from icalendar import Calendar
from lxml import etree
from lxml import html as lxml_html

import seasons
from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.builds.recovery import recover_parts
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.editions.addresses import BundleAddresses
from aslms_feeds.errors import RenderError
from aslms_feeds.publication.manifest import CALENDAR, HTML, INDEX, Document
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.publication.stores.split import SplitStore
from aslms_feeds.render import readback, site
from aslms_feeds.render.bundles.bundle import PublicSeries
from aslms_feeds.render.bundles.calendars import join_events
from aslms_feeds.render.bundles.documents import render_bundles
from aslms_feeds.render.calendar_files import split_vevents
from aslms_feeds.render.reuse import PublicDocuments
from seasons import NOW, SEASON, documents, real_seasons

pytestmark = pytest.mark.slow


BASE = "https://calendar.example.org"
LATER, LATEST = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


def published(*steps: tuple[dict[str, bytes], datetime], store: MemoryStore | None = None) -> MemoryStore:
    """Publish as `seasons.published` does; those who begin with the same steps have copies of one build."""
    return seasons.once_published(*steps) if store is None else seasons.published(*steps, store=store)


def built(store, files, now=NOW):
    """Return the part of the index after a build in which nothing else had a problem."""
    report = regenerate(store, files, now=now)
    assert not any(part.failed for part in report.parts[:-1]), report
    assert report.parts[-1].name == INDEX
    return report.parts[-1]


def vevents(store, path: str, part: str = INDEX) -> dict[str, bytes]:
    """Return the VEVENTs of a public calendar, by UID and in order."""
    return split_vevents(store.read_document(part, path))


def items(store, path: str, part: str = INDEX) -> list[feedparser.FeedParserDict]:
    """Return the items of a public feed as a reader sees them."""
    feed = feedparser.parse(store.read_document(part, path))
    assert not feed.bozo, feed
    return feed.entries


def page(store, path: str = "bundles/endurance/index.html"):
    """Return a public page of the top of the site."""
    return lxml_html.document_fromstring(store.read_document(INDEX, path).decode())


def below(store, prefix: str) -> set[str]:
    """Return the paths at the top of the site that begin so."""
    return {path for path in store.read_current(INDEX).manifest.documents if path.startswith(prefix)}


# Calendars


@pytest.mark.parametrize("name", ["all", "races"])
@pytest.mark.parametrize("language", ["", "fr/"])
def test_an_event_has_the_bytes_of_its_series(name, language):
    """Each VEVENT of each series is there once, byte for byte, in its own language, ordered by start and UID."""
    store = published((two(), NOW))
    joined = vevents(store, f"{language}bundles/endurance/endurance-{name}.ics")
    of_series = vevents(store, f"{language}trial-{name}.ics", "trial") | vevents(
        store, f"{language}cup-{name}.ics", "cup"
    )
    assert joined == of_series
    assert len(joined) == {"all": 8, "races": 4}[name]
    starts = [event["DTSTART"].dt for event in Calendar.from_ical(b"".join(_whole(joined))).walk("VEVENT")]
    assert starts == sorted(starts)
    # They start at the same instant.
    assert list(joined)[-2:] == ["race.paris.2030.cup@example.org", "race.paris.2030.trial@example.org"]


def _whole(events):
    yield b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
    yield from events.values()
    yield b"END:VCALENDAR\r\n"


def test_a_calendar_begins_as_others_do():
    """It has its own name, address, page, colour and refresh interval, and is as new as its newest event."""
    store = published((two(), NOW), (two(season=SEASON.replace("T13:00", "T13:30", 1)), LATER))
    body = store.read_document(INDEX, "fr/bundles/endurance/endurance-races.ics")
    calendar = Calendar.from_ical(body)
    assert str(calendar["NAME"]) == str(calendar["X-WR-CALNAME"])
    assert str(calendar["NAME"]).startswith("Endurance et plus")
    assert str(calendar["SOURCE"]) == f"{BASE}/fr/bundles/endurance/endurance-races.ics"
    assert str(calendar["URL"]) == f"{BASE}/fr/bundles/endurance/"
    assert str(calendar["COLOR"]) == "royalblue"
    assert str(calendar["X-APPLE-CALENDAR-COLOR"]) == "#4169E1"
    assert calendar["REFRESH-INTERVAL"].dt == timedelta(hours=6)
    assert calendar["LAST-MODIFIED"].dt == LATER
    assert "METHOD" not in calendar
    assert "UID" not in calendar
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))


def test_times_at_the_circuit_bring_each_zone_once():
    """Each zone that any event names is defined once, zones nobody needs are not, and every instant is as in UTC."""
    at_circuit = FEW.replace("reminders", 'times = "circuit"\nreminders')
    elsewhere = CUP_SEASON.replace('circuit = "paris"', 'circuit = "okayama"')
    circuit, utc = (
        Calendar.from_ical(
            published((two(settings=settings, cup_season=elsewhere), NOW)).read_document(
                INDEX, "bundles/endurance/endurance-all.ics"
            )
        )
        for settings in (at_circuit, FEW)
    )
    assert [str(zone["TZID"]) for zone in circuit.walk("VTIMEZONE")] == ["Asia/Tokyo", "Europe/Paris"]
    assert [str(zone["TZID"]) for zone in utc.walk("VTIMEZONE")] == []
    starts, same = ([event["DTSTART"].dt for event in calendar.walk("VEVENT")] for calendar in (circuit, utc))
    assert starts == same
    assert {str(start.tzinfo) for start in starts} == {"Asia/Tokyo", "Europe/Paris"}


def test_a_zone_nobody_needs_any_more_is_left_out():
    """A VTIMEZONE comes with the first time that names it: a calendar of which the seasons are cut has no other."""
    zone = b"BEGIN:VTIMEZONE\r\nTZID:%s\r\nEND:VTIMEZONE\r\n"
    calendar = b"BEGIN:VCALENDAR\r\n%s%sEND:VCALENDAR\r\n"
    old = calendar % (zone % b"Europe/Paris", _event(b";TZID=Europe/Paris:20290301T100000", b"race.2029.trial@x", 900))
    new = calendar % (zone % b"Asia/Tokyo", _event(b";TZID=Asia/Tokyo:20300301T100000", b"race.2030.trial@x", 900))
    joined = join_events([old, new], 1)
    assert list(joined.vevents) == ["race.2030.trial@x"]
    assert joined.vtimezones == zone % b"Asia/Tokyo"
    assert join_events([old, new], 3).vtimezones == zone % b"Asia/Tokyo" + zone % b"Europe/Paris"


def test_a_full_calendar_keeps_the_newest_seasons_of_all():
    """Up to the size, whole seasons are kept, the newest first, whichever series they are of; those before are left."""
    settings = '[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\nmax_kilobytes = 50\n'
    bundle = BUNDLE.replace('names = { fr = "Endurance et plus" }\n', "")
    # Many sessions with long notes fill a calendar with few seasons.
    qualifying = '  [[event.session]]\n  id = "qualifying-gt"'
    more = "".join(
        f'  [[event.session]]\n  id = "practice-{hour}"\n  kind = "practice"\n  start = 2030-03-01T{hour}:00:00\n\n'
        for hour in range(15, 21)
    )
    long = re.sub(r"announced.*\n", "", SEASON).replace(qualifying, more + qualifying)
    long = re.sub(r"(  kind = .*)", rf'\1\n  note = "{"word " * 36}end"', long)
    files = two(bundle, settings=settings)
    for year in range(2027, 2030):
        for series, days in (("trial", "01"), ("cup", "08")):
            text = long.replace("2030-03-01", f"{year}-03-{days}")
            text = text.replace("2030-03-02", f"{year}-03-{days}").replace("2030", str(year))
            files[f"{series}/{year}/season.toml"] = text.encode()
    store = published((files, NOW))
    joined = vevents(store, "bundles/endurance/endurance-all.ics")
    sizes: dict[tuple[str, str], int] = {}
    for uid, body in joined.items():
        *_event, season, series = uid.partition("@")[0].split(".")
        sizes[season, series] = sizes.get((season, series), 0) + len(body)
    assert sum(sizes.values()) <= 50_000
    assert sum(sizes.values()) + max(sizes.values()) > 50_000
    newest = sorted(sizes, key=lambda season: (season[0], season[1] == "trial"), reverse=True)
    all_seasons = [(str(year), series) for year in range(2030, 2026, -1) for series in ("trial", "cup")]
    assert 4 < len(newest) < len(all_seasons)
    assert sorted(newest) == sorted(all_seasons[: len(newest)])
    whole = vevents(store, "trial-all.ics", "trial") | vevents(store, "cup-all.ics", "cup")
    assert {uid for uid in whole if tuple(uid.partition("@")[0].split(".")[-2:]) in sizes} == set(joined)


def _event(start: bytes, uid: bytes, size: int = 0) -> bytes:
    """Return a VEVENT of about a size."""
    lines = [b"BEGIN:VEVENT", b"DTSTART" + start, b"UID:" + uid, b"LAST-MODIFIED:20300101T000000Z", b"X" * size]
    return b"".join(line + b"\r\n" for line in (*filter(None, lines), b"END:VEVENT"))


def test_a_season_that_does_not_fit_ends_the_calendar():
    """What is older than the first season that does not fit is left out too: a calendar has no holes."""
    seasons = ((b"2030", 500), (b"2029", 900), (b"2028", 10))
    bodies = [_event(b":%s0301T100000Z" % year, b"race.a.%s.trial@x" % year, size) for year, size in seasons]
    whole = b"BEGIN:VCALENDAR\r\n" + b"".join(bodies) + b"END:VCALENDAR\r\n"
    assert list(join_events([whole], 1).vevents) == ["race.a.2030.trial@x"]
    assert len(join_events([whole], 2).vevents) == 3


def test_events_are_in_order_of_their_instants_whatever_clock_they_are_written_by():
    """A start in the morning of Paris is after one at noon in Tokyo; a day without a time begins at midnight in UTC."""
    starts = {
        b"paris": b";TZID=Europe/Paris:20300301T060000",
        b"tokyo": b";TZID=Asia/Tokyo:20300301T120000",
        b"utc": b":20300301T040000Z",
        b"day": b";VALUE=DATE:20300301",
    }
    events = [_event(start, b"race.%s.2030.trial@x" % name) for name, start in starts.items()]
    zones = [b"BEGIN:VTIMEZONE\r\nTZID:%s\r\nEND:VTIMEZONE\r\n" % name for name in (b"Europe/Paris", b"Asia/Tokyo")]
    joined = join_events([b"BEGIN:VCALENDAR\r\n" + b"".join([*zones, *events]) + b"END:VCALENDAR\r\n"], 900)
    assert [uid.split(".")[1] for uid in joined.vevents] == ["day", "tokyo", "utc", "paris"]


def test_of_two_renderings_of_a_zone_the_later_is_taken():
    """A zone that tzdata has changed since one of the series was built is defined once, as it was written last."""
    zone = b"BEGIN:VTIMEZONE\r\nTZID:Asia/Tokyo\r\nX-%s:1\r\nEND:VTIMEZONE\r\n"
    event = _event(b";TZID=Asia/Tokyo:20300301T120000", b"race.a.2030.%s@x")
    old, new = (b"BEGIN:VCALENDAR\r\n" + zone % name + event % name + b"END:VCALENDAR\r\n" for name in (b"OLD", b"NEW"))
    assert join_events([old, new], 900).vtimezones == zone % b"NEW"


def test_the_order_of_the_series_changes_no_calendar_and_no_feed():
    """Whatever order the definitions name the series in, everybody gets the same bytes; the page lists them so."""
    reverse = BUNDLE.replace('["trial", "cup"]', '["cup", "trial"]')
    forward, backward = (documents(published((two(text), NOW)), INDEX) for text in (BUNDLE, reverse))
    assert forward.keys() == backward.keys()
    differ = {path for path in forward if "bundles/" in path and forward[path] != backward[path]}
    assert differ == {"bundles/endurance/index.html", "fr/bundles/endurance/index.html"}


def test_a_calendar_appears_with_its_first_event_and_stays():
    """Before the first date a bundle has feeds and a page; no calendar is ever empty."""
    undated = re.sub(r"\[\[event\]\].*", "", SEASON, flags=re.DOTALL)
    store = published((two(season=undated, cup_season=undated.replace("12-20", "12-22")), NOW))
    assert below(store, "bundles/") == {
        "bundles/endurance/index.html",
        *(
            f"bundles/endurance/{feed}/{file}"
            for feed in ("news", "changes", "results", "everything")
            for file in ("atom.xml", "rss.xml", "feed.json")
        ),
    }
    assert "Calendars appear here with the first date." in page(store).text_content()
    published((two(cup_season=undated.replace("12-20", "12-22")), LATER), store=store)
    assert list(vevents(store, "bundles/endurance/endurance-races.ics")) == [
        "race-1.okayama.2030.trial@example.org",
        "race.paris.2030.trial@example.org",
    ]


def test_a_calendar_that_is_no_longer_wanted_is_kept_up_to_date():
    """Whoever has subscribed to a calendar keeps it, also when the bundle names fewer."""
    fewer = BUNDLE + 'calendars = ["races"]\n'
    assert below(published((two(fewer), NOW)), "bundles/endurance/endurance") == {
        "bundles/endurance/endurance-races.ics"
    }
    store = published((two(), NOW), (two(fewer, season=SEASON.replace("T10:00", "T11:00")), LATER))
    assert vevents(store, "bundles/endurance/endurance-all.ics") == {
        **vevents(store, "trial-all.ics", "trial"),
        **vevents(store, "cup-all.ics", "cup"),
    }


# Feeds


def _summarize(item):
    return item.link, item.published, item.get("updated") if "updated" in item else "", item.summary, item.content


@pytest.mark.parametrize("file", ["atom.xml", "rss.xml"])
def test_items_keep_their_ids_and_dates(file):
    """The items of all series stand in one order by date, each with the id, address and dates of its series' feed."""
    store = published((two(news=NEWS), NOW), (two(news=NEWS, season=SEASON.replace("T13:00", "T13:30", 1)), LATER))
    for feed in ("news", "changes", "results", "everything"):
        joined = items(store, f"bundles/endurance/{feed}/{file}")
        of_series = items(store, f"{feed}/{file}", "trial") + items(store, f"{feed}/{file}", "cup")
        assert {item.id: _summarize(item) for item in joined} == {item.id: _summarize(item) for item in of_series}
        dates = [item.published_parsed for item in joined]
        assert dates == sorted(dates, reverse=True)
    assert len(items(store, "bundles/endurance/everything/atom.xml")) == 4


def test_a_title_says_which_series_it_is_about():
    """A title that holds neither name of its series begins with the short one, in every format."""
    store = published((two(news=NEWS), NOW))
    titles = ["LC: Tickets are **on** sale", "LC: The Year 2030 announced", "2030 Test Series announced"]
    assert [item.title for item in items(store, "bundles/endurance/news/atom.xml")] == titles
    assert [item.title for item in items(store, "bundles/endurance/news/rss.xml")] == titles
    data = json.loads(store.read_document(INDEX, "bundles/endurance/news/feed.json"))
    assert [item["title"] for item in data["items"]] == titles


def test_a_feed_holds_the_newest_items_of_all():
    """As many items as a feed holds are taken from all series together, the newest first, and no archives are made."""
    settings = FEW.replace("[calendars]", "[feeds]\nitems = 10\n\n[calendars]")
    days = [
        f'[[news]]\nid = "day-{day}"\non = 2029-12-{day:02}\ntitle = "Day {day}"\ntext = "It is."\n'
        for day in range(1, 19)
    ]
    files = two(settings=settings, news="\n".join(days[::2]))
    files["trial/2030/news.toml"] = "\n".join(days[1::2]).encode()
    store = published((files, NOW))
    titles = [item.title for item in items(store, "bundles/endurance/news/rss.xml")]
    assert titles == [
        "LC: The Year 2030 announced",
        "2030 Test Series announced",
        *(f"{'TS' if day % 2 == 0 else 'LC'}: Day {day}" for day in range(18, 10, -1)),
    ]


def test_a_feed_says_what_it_is():
    """Every format has its own address in it, the page behind it, an id of its own, and the date of its newest item."""
    hub = FEW.replace("[calendars]", '[feeds]\nhub = "https://hub.example.org/"\n\n[calendars]')
    store = published((two(settings=hub, news=NEWS), NOW))
    atom = feedparser.parse(store.read_document(INDEX, "fr/bundles/endurance/news/atom.xml")).feed
    rss = feedparser.parse(store.read_document(INDEX, "fr/bundles/endurance/news/rss.xml")).feed
    data = json.loads(store.read_document(INDEX, "fr/bundles/endurance/news/feed.json"))
    assert atom.id == "tag:example.org,2029-12-01:fr/bundles/endurance/feed/news"
    assert atom.updated == "2029-12-24T00:00:00Z"
    root = f"{BASE}/fr/bundles/endurance"
    for feed, file in ((atom, "atom.xml"), (rss, "rss.xml")):
        links = {link.rel: link.href for link in feed.links}
        assert links["self"] == f"{root}/news/{file}"
        assert links["alternate"] == f"{root}/"
        assert links["hub"] == "https://hub.example.org/"
        assert feed.title.startswith("Endurance et plus")
    assert (data["feed_url"], data["home_page_url"]) == (f"{root}/news/feed.json", f"{root}/")
    assert data["language"] == "fr"


def test_a_feed_without_items_has_a_date_that_stays():
    """A feed that tells nothing yet is there, and says the same at every build."""
    store = published((two(), NOW))
    before = store.read_document(INDEX, "bundles/endurance/results/atom.xml")
    assert feedparser.parse(before).feed.updated == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    published((two(season=SEASON.replace("T13:00", "T13:30", 1)), LATER), store=store)
    assert store.read_document(INDEX, "bundles/endurance/results/atom.xml") == before


def test_results_are_in_no_feed_that_does_not_tell_them():
    """A winner is in results and everything; news and changes never spoil one."""
    store = published((two(results=RESULTS), NOW))
    spoilers = {
        feed: b"The Winners" in store.read_document(INDEX, f"bundles/endurance/{feed}/atom.xml")
        for feed in ("news", "changes", "results", "everything")
    }
    assert spoilers == {"news": False, "changes": False, "results": True, "everything": True}


def test_an_item_that_runs_from_right_to_left_says_so_once():
    """What says that a text runs from right to left stands around it once, as in the feed it was taken from."""
    store = published((two(settings=FEW.replace('"fr"', '"ar"'), news=NEWS), NOW))
    for file in ("atom.xml", "rss.xml", "feed.json"):
        joined = store.read_document(INDEX, f"ar/bundles/endurance/news/{file}")
        of_series = store.read_document("cup", f"ar/news/{file}") + store.read_document("trial", f"ar/news/{file}")
        assert joined.count(b"rtl") == of_series.count(b"rtl") > 0


# What changes


def test_nothing_changed_and_nothing_is_written():
    """A second build with the same definitions makes no generation, and neither does one on another day."""
    store = published((two(), NOW))
    for now in (LATER, NOW + timedelta(days=2)):
        part = built(store, two(), now)
        assert (part.generation, part.written) == (1, ())


def test_one_moved_session_changes_exactly_its_bundles_files():
    """A session that moves changes the calendars that hold it and the feeds that tell of it, and no other byte."""
    bundles = BUNDLE + '\n[[bundle]]\nid = "short"\nname = "Short"\nseries = ["cup"]\n'
    store = published((two(bundles), NOW))
    part = built(store, two(bundles, season=SEASON.replace("T10:00:00", "T10:30:00")), LATER)
    assert {path for path in part.written if "bundles/" in path} == {
        f"{language}bundles/endurance/{path}"
        for language in ("", "fr/")
        for path in (
            "endurance-all.ics",
            *(f"{feed}/{file}" for feed in ("changes", "everything") for file in ("atom.xml", "rss.xml", "feed.json")),
        )
    }
    moved = vevents(store, "bundles/endurance/endurance-all.ics")["practice-1.okayama.2030.trial@example.org"]
    assert b"\r\nSEQUENCE:1\r\n" in moved


def test_what_is_kept_is_what_would_be_made():
    """Bundles that were built step by step have the same bytes as those that are built at once from the same series."""
    moved = SEASON.replace("T10:00:00", "T10:30:00")
    steps = ({}, {"news": NEWS}, {"news": NEWS, "season": moved}, {"news": NEWS, "season": moved, "results": RESULTS})
    instants = [NOW + timedelta(hours=hours) for hours in range(len(steps))]
    later = two(**steps[-1])
    step_by_step = published(*((two(**texts), now) for texts, now in zip(steps, instants, strict=True)))
    plain = published(*((two("", **texts), now) for texts, now in zip(steps, instants, strict=True)))
    published((later, instants[-1] + timedelta(hours=1)), store=plain)
    stepwise, at_once = documents(step_by_step, INDEX), documents(plain, INDEX)
    assert {path: body for path, body in stepwise.items() if "bundles/" in path} == {
        path: body for path, body in at_once.items() if "bundles/" in path
    }


def test_a_bundle_that_says_something_else_is_written_anew():
    """A new name is in the heads of its calendars and feeds and on its page; no event and no item changes."""
    store = published((two(), NOW))
    before = vevents(store, "bundles/endurance/endurance-all.ics")
    part = built(store, two(BUNDLE.replace('"Endurance & more"', '"Long races"')), LATER)
    assert {path for path in part.written if path.startswith("fr/bundles")} == set()
    assert "bundles/endurance/endurance-all.ics" in part.written
    assert vevents(store, "bundles/endurance/endurance-all.ics") == before
    assert page(store).findtext(".//h1/bdi") == "Long races"


def members(store) -> dict[str, PublicSeries]:
    """Return the series of a store as the index takes them."""
    generations = {name: store.read_current(name) for name in ("trial", "cup")}
    return {
        name: PublicSeries(
            name,
            generation.manifest,
            site.parse_listing(generation.state[site.LISTING_FILE]).teasers,
            partial(store.read_document, name),
        )
        for name, generation in generations.items()
    }


def test_another_version_of_the_program_makes_everything_anew():
    """What was made is kept as long as its sources are what they were, and so is the program."""
    store, publisher = published((two(), NOW)), read_definitions(two(), "calendars").publisher
    first, same, newer = (
        render_bundles(publisher, members(store), PublicDocuments(), tools=tools).units for tools in ("1", "1", "2")
    )
    assert first == same
    assert first.keys() == newer.keys() == {"endurance/en", "endurance/fr"}
    assert all(first[name].sources != newer[name].sources for name in first)


@pytest.mark.parametrize("newer", ["trial", "cup"])
def test_a_zone_is_the_one_of_the_calendar_that_changed_last(newer):
    """Where two series were built with two versions of tzdata, the later one says what the zone's rules are."""
    files = two(settings=FEW.replace("reminders", 'times = "circuit"\nreminders'))
    store, publisher = published((files, NOW)), read_definitions(files, "calendars").publisher
    series = members(store)
    path = f"{newer}-races.ics"
    body = store.read_document(newer, path).replace(b"TZID:Asia/Tokyo\r\n", b"TZID:Asia/Tokyo\r\nX-RULES:NEW\r\n")
    row = series[newer].manifest.documents[path]
    row = replace(row, sha256=Document(path, CALENDAR, body).sha256, size=len(body), modified=LATER)
    manifest = replace(series[newer].manifest, documents={**series[newer].manifest.documents, path: row})
    load = series[newer].load
    series[newer] = replace(series[newer], manifest=manifest, load=lambda file: body if file == path else load(file))
    rendered = {
        document.path: document.body for document in render_bundles(publisher, series, PublicDocuments()).documents
    }
    assert b"X-RULES:NEW" in rendered["bundles/endurance/endurance-races.ics"]
    assert b"X-RULES:NEW" not in rendered["bundles/endurance/endurance-all.ics"]


# Series that are not there


def test_a_series_that_cannot_be_built_stays_in_its_bundles():
    """A wrong file stops its series alone: the bundle keeps what is public of it, and moves on with the other."""
    store = published((two(), NOW))
    wrong = two(season="wrong", cup_season=CUP_SEASON.replace("T10:00:00", "T10:30:00"))
    report = regenerate(store, wrong, now=LATER)
    assert [part.name for part in report.parts if part.failed] == ["trial"]
    joined = vevents(store, "bundles/endurance/endurance-all.ics")
    assert joined == {**vevents(store, "trial-all.ics", "trial"), **vevents(store, "cup-all.ics", "cup")}
    assert len(joined) == 8
    assert b"\r\nSEQUENCE:1\r\n" in joined["practice-1.okayama.2030.cup@example.org"]


def test_a_series_under_embargo_is_absent_with_its_name():
    """Before its second a series is nowhere in its bundles, and joins them with the build that makes it public."""
    instant = NOW + timedelta(hours=3)
    secret = two(cup_season=f"embargo = {instant.isoformat()}\n{CUP_SEASON}")
    store = published((secret, NOW))
    for path, body in documents(store, INDEX).items():
        assert b"Cup" not in body, path
        assert b"LC" not in body, path
        assert b"cup" not in body, path
    assert len(vevents(store, "bundles/endurance/endurance-all.ics")) == 4
    published((secret, instant), store=store)
    assert len(vevents(store, "bundles/endurance/endurance-all.ics")) == 8
    assert "Long Cup" in page(store).text_content()


def test_a_bundle_appears_with_its_first_series():
    """While none of its series is public, nothing of a bundle is, its name included."""
    instant = NOW + timedelta(hours=3)
    secret = two(
        BUNDLE.replace('["trial", "cup"]', '["cup"]'), cup_season=f"embargo = {instant.isoformat()}\n{CUP_SEASON}"
    )
    store = published((secret, NOW))
    assert not any(b"Endurance" in body for body in documents(store, INDEX).values())
    published((secret, instant), store=store)
    assert len(vevents(store, "bundles/endurance/endurance-all.ics")) == 4


def test_a_damaged_calendar_of_a_series_stops_the_index(tmp_path):
    """Events are never lost because a file on the disk is not what it was: the index stays and says which."""
    store = LocalStore(tmp_path)
    regenerate(store, two(), now=NOW)
    file = tmp_path / "site/trial/trial-races.ics"
    file.write_bytes(file.read_bytes().replace(b"13:00", b"13:01"))
    part = regenerate(store, two(BUNDLE.replace("long", "short")), now=LATER).parts[-1]
    assert part.error == "trial-races.ics of trial is not what its manifest lists"
    assert part.storage
    assert part.generation == 1


# What must not vanish


def test_a_removed_bundle_stops_the_index():
    """Whoever has subscribed to it must not keep old times: the message says the ways out, and all stays as it was."""
    store = published((two(), NOW))
    before = documents(store, INDEX)
    part = built(store, two("", season=SEASON.replace("T10:00:00", "T10:30:00")), LATER)
    assert [str(problem) for problem in part.problems] == [
        "calendars/publisher.toml: bundle.endurance: the bundle 'endurance' was published and is not in the "
        "definitions any more: whoever has subscribed to it would keep old times. Put it back; if another one takes "
        'its place, give that one formerly = ["endurance"]'
    ]
    assert documents(store, INDEX) == before
    part = built(store, two(season=SEASON.replace("T10:00:00", "T10:30:00")), LATEST)
    assert not part.failed
    assert "bundles/endurance/endurance-all.ics" in part.written


def test_the_old_addresses_of_a_renamed_bundle_are_carried_on():
    """Calendars and feeds at a former id stay as new as those at the new one; the page there leads on, ids stay."""
    store = published((two(), NOW))
    renamed = BUNDLE.replace('id = "endurance"', 'id = "long"\nformerly = ["endurance"]')
    published((two(renamed), LATER), store=store)
    later = two(renamed, season=SEASON.replace("T10:00:00", "T10:30:00"))
    published((later, LATEST), store=store)
    old, new = (
        {path.removeprefix(f"{folder}/") for path in below(store, f"{folder}/")}
        for folder in ("bundles/endurance", "bundles/long")
    )
    assert {path.replace("endurance-", "long-") for path in old} == new
    for path in old:
        at_old, at_new = (
            store.read_document(INDEX, f"bundles/endurance/{path}"),
            store.read_document(INDEX, f"bundles/long/{path.replace('endurance-', 'long-')}"),
        )
        assert (at_old == at_new) == (path != "index.html"), path
    leading = page(store)
    assert leading.xpath("//meta[@http-equiv='refresh']/@content") == [f"0; url={BASE}/bundles/long/"]
    atom = feedparser.parse(store.read_document(INDEX, "bundles/long/news/atom.xml")).feed
    assert atom.id == "tag:example.org,2029-12-01:en/bundles/endurance/feed/news"
    sitemap = store.read_document(INDEX, "sitemap.xml").decode()
    assert f"{BASE}/bundles/long/<" in sitemap
    assert f"{BASE}/bundles/endurance/<" not in sitemap
    assert built(store, later, LATEST + timedelta(hours=1)).written == ()


def test_one_bundle_can_take_the_places_of_two():
    """The addresses of both carry on what the new one holds."""
    apart = "".join(f'\n[[bundle]]\nid = "{name}"\nname = "{name}"\nseries = ["{name}"]\n' for name in ("trial", "cup"))
    together = BUNDLE + 'formerly = ["trial", "cup"]\n'
    store = published((two(apart), NOW), (two(together), LATER))
    body = store.read_document(INDEX, "bundles/endurance/endurance-all.ics")
    assert (
        store.read_document(INDEX, "bundles/trial/trial-all.ics")
        == store.read_document(INDEX, "bundles/cup/cup-all.ics")
        == body
    )


def test_a_language_that_is_taken_out_stops_the_index():
    """The bundle's documents in that language would go stale: the message says what brings them back."""
    store = published((two(), NOW))
    part = regenerate(store, two(settings=FEW.replace(', "fr"', "")), now=LATER).parts[-1]
    assert [str(problem) for problem in part.problems] == [
        "calendars/publisher.toml: languages: fr/bundles/endurance/changes/atom.xml was published, and its language is "
        "not defined any more: put the language back"
    ]


def test_a_calendar_that_would_be_empty_stops_the_index():
    """A bundle may change its series, but not so that nothing is left for those who have subscribed."""
    undated = re.sub(r"\[\[event\]\].*", "", CUP_SEASON, flags=re.DOTALL)
    only = BUNDLE.replace('["trial", "cup"]', '["trial"]')
    store = published((two(only, cup_season=undated), NOW))
    part = built(store, two(only.replace('["trial"]', '["cup"]'), cup_season=undated), LATER)
    assert [str(problem) for problem in part.problems] == [
        f"calendars/publisher.toml: bundle.endurance.series: {language}bundles/endurance/endurance-{name}.ics was "
        "published, and no series of the bundle has anything for it: put one back"
        for language in ("", "fr/")
        for name in ("all", "races")
    ]


def test_a_series_can_leave_a_bundle():
    """Which series are in a bundle is its publisher's choice: what is left goes on."""
    store = published((two(), NOW), (two(BUNDLE.replace('["trial", "cup"]', '["cup"]')), LATER))
    joined = vevents(store, "bundles/endurance/endurance-all.ics")
    assert joined == vevents(store, "cup-all.ics", "cup")


def test_a_language_that_is_added_has_the_bundle_too():
    """A new language has every bundle from its first build on, and the old ones link to it."""
    store = published((two(settings=FEW.replace(', "fr"', "")), NOW), (two(), LATER))
    assert (
        vevents(store, "fr/bundles/endurance/endurance-all.ics").keys()
        == vevents(store, "bundles/endurance/endurance-all.ics").keys()
    )
    assert page(store).xpath("//link[@rel='alternate'][@hreflang='fr']/@href") == [f"{BASE}/fr/bundles/endurance/"]


# Pages


def test_the_page_leads_to_everything():
    """It lists the race meetings of all its series in order of time, its calendars for every client, and its feeds."""
    store = published((two(), NOW))
    tree = page(store)
    assert tree.findtext(".//h1/bdi") == "Endurance & more"
    assert tree.find(".//main//strong").text == "long"
    meetings = [
        (link.get("data-start"), link.xpath(".//*[@class='mark']/bdi/text()"), link.xpath(".//a/@href"))
        for link in tree.xpath("//*[@id='page_main']//li[@data-start]")
    ]
    assert [(series, links) for _start, series, links in meetings] == [
        (["TS"], ["/trial/2030/okayama/"]),
        (["LC"], ["/cup/2030/okayama/"]),
        (["LC"], ["/cup/2030/paris/"]),
        (["TS"], ["/trial/2030/paris/"]),
    ]
    assert [start for start, _series, _links in meetings] == sorted(start for start, _series, _links in meetings)
    links = tree.xpath("//a/@href")
    for name in ("all", "races"):
        url = f"{BASE}/bundles/endurance/endurance-{name}.ics"
        assert f"webcal{url.removeprefix('https')}" in links
        google = [parse_qs(urlsplit(link).query)["cid"][0] for link in links if "calendar.google" in link]
        assert f"webcal{url.removeprefix('https')}" in google
        outlook = [parse_qs(urlsplit(link).query)["url"][0] for link in links if "/addfromweb" in link]
        assert outlook.count(url) == 2
        assert url in tree.xpath("//code/text()")
        assert tree.xpath(f"//link[@type='text/calendar'][@href='{url}']")
    for feed in ("news", "changes", "results", "everything"):
        assert f"{BASE}/bundles/endurance/{feed}/atom.xml" in tree.xpath("//code/text()")
        # A results feed is never what a reader finds by itself.
        found_by_readers = tree.xpath(f"//link[@href='{BASE}/bundles/endurance/{feed}/atom.xml']/@type")
        assert found_by_readers == ([] if feed == "results" else ["application/atom+xml"])
    assert {"/trial/", "/cup/"} <= set(links)


def test_a_season_without_a_calendar_is_awaited():
    """A series of which only the season is announced stands at the end of the race meetings, and leads to it."""
    undated = re.sub(r"\[\[event\]\].*", "", CUP_SEASON, flags=re.DOTALL)
    meetings = page(published((two(cup_season=undated), NOW))).xpath("//*[@class='meetings']/li")
    assert [meeting.xpath(".//a/@href")[0] for meeting in meetings] == [
        "/trial/2030/okayama/",
        "/trial/2030/paris/",
        "/cup/2030/",
    ]
    assert " ".join(meetings[-1].text_content().split()) == "to be announced The Year 2030 LC"


def test_every_link_of_the_page_leads_somewhere():
    """Whatever the page of a bundle names on this site is public, in every language."""
    store = published((two(), NOW))
    addresses = {f"/{path.removesuffix('index.html')}" for path in documents(store, INDEX)}
    for series in ("trial", "cup"):
        addresses |= {f"/{series}/{path.removesuffix('index.html')}" for path in documents(store, series)}
    for path in ("bundles/endurance/index.html", "fr/bundles/endurance/index.html", "index.html", "fr/index.html"):
        tree = page(store, path)
        for link in tree.xpath("//@href | //@src"):
            if link.startswith(("/", BASE)):
                assert link.removeprefix(BASE).partition("#")[0] in addresses, (path, link)


def test_a_page_is_the_same_page_in_every_language():
    """Each language has the page, and leads to the others; without a text of its own it names its series."""
    store = published((two(BUNDLE.replace('about = "Everything that is **long**."\n', "")), NOW))
    tree = page(store, "fr/bundles/endurance/index.html")
    assert tree.get("lang") == "fr"
    assert tree.findtext(".//h1/bdi") == "Endurance et plus"
    alternates = {link.get("hreflang"): link.get("href") for link in tree.xpath("//link[@rel='alternate'][@hreflang]")}
    assert alternates == {
        "en": f"{BASE}/bundles/endurance/",
        "fr": f"{BASE}/fr/bundles/endurance/",
        "x-default": f"{BASE}/bundles/endurance/",
    }
    lead = page(store).xpath("//*[@class='lead']")[0].text_content()
    assert lead == "Test Series and Long Cup in one calendar and one feed."


def test_a_bundle_is_on_the_front_page_in_the_list_of_feeds_and_in_the_sitemap():
    """Whoever comes to the front page, takes all feeds at once, or crawls the site, finds the bundle."""
    store = published((two(), NOW))
    assert page(store, "index.html").xpath("//section[@aria-labelledby='page_bundles']//a/@href") == [
        "/bundles/endurance/"
    ]
    assert page(store, "fr/index.html").xpath("//section[@aria-labelledby='page_bundles']//a/@href") == [
        "/fr/bundles/endurance/"
    ]
    opml = etree.fromstring(store.read_document(INDEX, "feeds.opml"))
    (folder,) = opml.xpath("//outline[@text='Endurance & more']")
    assert folder.xpath("outline/@xmlUrl") == [
        f"{BASE}/{language}bundles/endurance/{feed}/atom.xml"
        for language in ("", "fr/")
        for feed in ("news", "changes", "results", "everything")
    ]
    assert len(set(folder.xpath("outline/@text"))) == 8
    sitemap = etree.fromstring(store.read_document(INDEX, "sitemap.xml")).xpath("//*[local-name()='loc']/text()")
    assert sitemap.count(f"{BASE}/bundles/endurance/") == sitemap.count(f"{BASE}/fr/bundles/endurance/") == 1


def test_without_bundles_nothing_is_said_of_them():
    """A publication of single series has no heading for what it does not have, and no state for it."""
    store = published((two(""), NOW))
    assert page(store, "index.html").xpath("//*[@id='page_bundles']") == []
    assert dict(store.read_current(INDEX).state) == {"series": b"cup\ntrial"}


def test_names_are_text_wherever_they_stand():
    """A name with characters that mean something elsewhere is itself in calendars, pages and the list of feeds."""
    name = '<b>; \\\\n, & \\"all\\"'
    store = published((two(BUNDLE.replace("Endurance & more", name)), NOW))
    plain_name = '<b>; \\n, & "all"'
    assert page(store).findtext(".//h1/bdi") == plain_name
    calendar = store.read_document(INDEX, "bundles/endurance/endurance-all.ics")
    assert (
        rb"""
NAME:<b>\; \\n\, & "all": all sessions
""".replace(b"\n", b"\r\n")
        in calendar
    )
    opml = etree.fromstring(store.read_document(INDEX, "feeds.opml"))
    assert plain_name in opml.xpath("//outline/@text")


# Definitions


def test_every_problem_of_a_bundle_has_its_place():
    """Ids are checked like others; series and calendars must be there, with the nearest that is."""
    bundles = """
[[bundle]]
id = "fr"
name = "A"
series = ["trail", "trial", "trial"]
calendars = ["weekends", "all", "all"]
colour = "bleu"

[[bundle]]
id = "feeds"
name = "B"
series = []
formerly = ["fr"]

[[bundle]]
id = "feeds"
name = "C"
series = ["cup"]
"""
    problems = [str(problem) for problem in read_definitions(two(bundles), "calendars").problems]
    assert problems == [
        "calendars/publisher.toml:13:6: bundle.fr.id: the id 'fr' is reserved: the publication uses it, or a language "
        "may",
        "calendars/publisher.toml:15:11: bundle.fr.series.#1: unknown series 'trail', did you mean 'trial'?; allowed: "
        "cup, trial",
        "calendars/publisher.toml:15:29: bundle.fr.series.#3: the series 'trial' is named twice",
        "calendars/publisher.toml:16:14: bundle.fr.calendars.#1: unknown calendar 'weekends'; allowed: all, races",
        "calendars/publisher.toml:16:33: bundle.fr.calendars.#3: the calendar 'all' is named twice",
        "calendars/publisher.toml:17:10: bundle.fr.colour: unknown colour 'bleu', did you mean 'blue'?; a CSS colour "
        "name is wanted, such as royalblue",
        "calendars/publisher.toml:20:6: bundle.feeds.id: 'fr' is, or was, the id of another; an id is never used again",
        "calendars/publisher.toml:20:6: bundle.feeds.id: the id 'feeds' is reserved: the publication uses it, or a "
        "language may",
        "calendars/publisher.toml:22:10: bundle.feeds.series: name at least one series",
        "calendars/publisher.toml:26:6: bundle.feeds.id: the bundle 'feeds' is here twice; each needs a name of its "
        "own",
        "calendars/publisher.toml:26:6: bundle.feeds.id: the id 'feeds' is reserved: the publication uses it, or a "
        "language may",
    ]


@pytest.mark.parametrize(
    ("bundle", "message"),
    [
        (
            'id = "Long Races"\nname = "A"\nseries = ["cup"]',
            "bundle.#1.id: found 'Long Races'; an id is small letters, digits and single hyphens, such as race-1",
        ),
        ('id = "a"\nname = "A"', "bundle.a.series: the key 'series' is required"),
        (
            'id = "a"\nname = "A"\nseries = ["cup"]\ncalendars = ["race"]',
            "bundle.a.calendars.#1: found 'race', did you mean 'races'?; allowed: all, races, qualifying, weekends",
        ),
    ],
)
def test_a_bundle_is_written_as_the_model_says(bundle, message):
    """What a key may hold is checked as everywhere."""
    messages = [
        str(problem).split(": ", 1)[1]
        for problem in read_definitions(two(f"\n[[bundle]]\n{bundle}\n"), "calendars").problems
    ]
    assert messages == [message]


def test_a_series_that_others_define_may_be_named_before_it_is_fetched():
    """Where an upstream brings a whole series, bundles may name it while nobody has asked for it yet."""
    upstream = """
[[upstream]]
id = "theirs"
kind = "definitions"
url = "https://other.example/series.zip"
series = "other"
"""
    bundle = BUNDLE.replace('"cup"', '"cup", "other"')
    assert read_definitions(two(bundle + upstream), "calendars").problems == ()
    assert len(read_definitions(two(bundle), "calendars").problems) == 1


# The last gate


def test_a_calendar_that_was_joined_wrongly_is_refused():
    """Events that are not in the file, lines that are too long, and times whose zone is missing never become public."""
    calendar = published((two(), NOW)).read_document(INDEX, "bundles/endurance/endurance-races.ics")
    vevents_now = split_vevents(calendar)
    url = f"{BASE}/bundles/endurance/endurance-races.ics"
    begun = calendar[: calendar.index(b"BEGIN:VEVENT")]

    def check(*, head=begun, events=vevents_now, body=None, source=url):
        whole = body or head + b"".join(events.values()) + b"END:VCALENDAR\r\n"
        readback.check_bundle_calendar(Document("a.ics", CALENDAR, whole), source, head, events)

    check()
    some = dict(list(vevents_now.items())[1:])
    local = {
        uid: re.sub(rb"DTSTART:(\d+T\d+)Z", rb"DTSTART;TZID=Asia/Tokyo:\1", text) for uid, text in vevents_now.items()
    }
    for wrong in (
        {"body": calendar, "events": some},
        {"events": {}},
        {"events": local},
        {"head": begun.replace(b"NAME:", b"NAME:" + b"x" * 80)},
        {"head": begun.replace(b"VERSION:2.0\r\n", b"")},
        {"head": begun[:-2] + b"\n"},
        {"source": f"{BASE}/bundles/endurance/endurance-all.ics"},
    ):
        with pytest.raises(RenderError, match=r"^a\.ics "):
            check(**wrong)


def test_a_public_event_without_its_stamps_is_refused():
    """What is no event of ours is not passed on."""
    whole = published((two(), NOW)).read_document("trial", "trial-races.ics")
    for line in (rb"DTSTART:\d+T\d+Z\r\n", rb"LAST-MODIFIED:\d+T\d+Z\r\n"):
        with pytest.raises(ValueError, match=r"has no (start|LAST-MODIFIED)$"):
            join_events([re.sub(rb"(?<=\r\n)" + line, b"", whole)], 900)


# Other ways to the same publication


def test_bundles_can_be_recovered(tmp_path):
    """A publication that is rebuilt from what is public has the same bundles, and builds on as before."""
    store, copy = LocalStore(tmp_path / "one"), LocalStore(tmp_path / "two")
    regenerate(store, two(), now=NOW)
    with copy.lock():
        list(recover_parts(copy, ("cup", "trial"), str(tmp_path / "one/site"), whole=True, now=LATER))
    assert documents(copy, INDEX) == documents(store, INDEX)
    part = built(copy, two(), LATEST)
    assert not [path for path in part.written if "bundles/" in path]


def test_another_address_is_in_every_document():
    """A publication for another address names that one and no other in its bundles."""
    store = MemoryStore()
    regenerate(store, two(), now=NOW, base_url="https://other.example/racing")
    for path, body in documents(store, INDEX).items():
        if "bundles/" in path:
            assert b"calendar.example.org" not in body, path
    assert page(store).xpath("//link[@rel='canonical']/@href") == ["https://other.example/racing/bundles/endurance/"]


def test_a_series_that_has_lost_its_state_stays_in_its_bundles(tmp_path):
    """What is public of a series is enough: a bundle loses no event because a private file is gone."""
    store = LocalStore(tmp_path)
    regenerate(store, two(), now=NOW)
    before = documents(store, INDEX)
    (tmp_path / "series/trial/current/state" / site.LISTING_FILE).unlink()
    report = regenerate(store, two(cup_season=CUP_SEASON.replace("T10:00:00", "T10:30:00")), now=LATER)
    assert [part.name for part in report.parts if part.failed] == ["trial"]
    joined = vevents(store, "bundles/endurance/endurance-all.ics")
    assert len(joined) == 8
    assert joined["race.paris.2030.trial@example.org"] in before["bundles/endurance/endurance-all.ics"]
    assert {"Test Series", "Long Cup"} <= set(page(store).xpath("//*[@class='seasons']//bdi/text()"))


def test_a_pipeline_that_forgets_everything_has_the_same_bundles(tmp_path):
    """Where only the state is kept between builds, the bundles are made anew as they were, with their times."""
    builds = []
    for run, files in enumerate((two(), two(), two(season=SEASON.replace("T10:00:00", "T10:30:00")))):
        store = SplitStore(LocalStore(tmp_path / f"output-{run}"), tmp_path / "state")
        assert not regenerate(store, files, now=NOW + timedelta(hours=run)).failed
        builds.append((documents(store, INDEX), store.read_current(INDEX).manifest))
    assert builds[0] == builds[1]
    plain = published((two(), NOW), (two(season=SEASON.replace("T10:00:00", "T10:30:00")), NOW + timedelta(hours=2)))
    assert builds[2][0] == documents(plain, INDEX)
    assert builds[2][1].documents == plain.read_current(INDEX).manifest.documents


@pytest.mark.parametrize(
    ("path", "successor"),
    [
        ("bundles/old/old-races.ics", "bundles/new/new-races.ics"),
        ("bundles/old/news/atom.xml", "bundles/new/news/atom.xml"),
        ("bundles/old/index.html", "bundles/new/index.html"),
        ("bundles/older/older-races.ics", ""),
        ("fr/bundles/old/old-races.ics", ""),
    ],
)
def test_where_a_document_of_a_former_id_is_today(path, successor):
    """The folder and the names of calendars change with the id; other bundles and languages are others."""
    new, old = (BundleAddresses(BASE, name, "en") for name in ("new", "old"))
    assert new.successor(old, "en", path) == successor


def test_the_real_seasons_in_a_bundle(real_store):
    """Every VEVENT of the real series is in a bundle of it, byte for byte, and so are the newest items."""
    files = real_seasons()
    text = files["publisher.toml"] + b'\n[[bundle]]\nid = "asia"\nname = "Racing in Asia"\nseries = ["aslms"]\n'
    store = published(({**files, "publisher.toml": text}, REAL_NOW + timedelta(hours=1)), store=deepcopy(real_store))
    for name in ("all", "races", "qualifying", "weekends"):
        joined = vevents(store, f"bundles/asia/asia-{name}.ics")
        assert joined == vevents(store, f"aslms-{name}.ics", "aslms")
        for before, after in pairwise(
            Calendar.from_ical(store.read_document(INDEX, f"bundles/asia/asia-{name}.ics")).walk("VEVENT")
        ):
            assert _instant(before) <= _instant(after)
    for feed in ("news", "changes", "results", "everything"):
        of_series, joined = (
            items(store, f"{where}{feed}/atom.xml", part) for where, part in (("", "aslms"), ("bundles/asia/", INDEX))
        )
        assert {(item.id, item.published, item.updated) for item in joined} == {
            (item.id, item.published, item.updated) for item in of_series
        }
    assert store.read_current(INDEX).manifest.documents["bundles/asia/index.html"].media_type == HTML


def _instant(event) -> datetime:
    start = event["DTSTART"].dt
    return start if isinstance(start, datetime) else datetime(start.year, start.month, start.day, tzinfo=UTC)

"""Which items the feeds hold, in which order, and where the rest is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.editions.compose import compose
from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.render.documents import render_series
from seasons import NOW, PUBLISHER, contents

BASE = "https://calendar.example.org"
SMALL = PUBLISHER + "[feeds]\nitems = 10\n"


def news(count, year):
    """Return a news file of one announcement a day."""
    item = '[[news]]\nid = "n{0}"\non = {1}-01-{0:02}\ntitle = "{1} {0}"\ntext = "Text."\n'
    return "".join(item.format(day, year) for day in range(1, count + 1))


def list_items(files, now=NOW):
    """Return the feeds of a series by folder."""
    definitions = read_definitions(files, "calendars")
    assert definitions.problems == ()
    return dict(render_series(compose(definitions.series["trial"], {}, now=now, base_url=BASE)).feeds)


@pytest.fixture(scope="module")
def archived():
    """Return feeds of ten items, with two seasons that are over and hold more."""
    files = contents(news=news(8, 2030), publisher=SMALL)
    season = '\n[[event]]\nid = "x"\nname = "X"\ncircuit = "paris"\nfirst_day = {0}-02-01\nlast_day = {0}-02-02\n'
    for year in (2027, 2028):
        text = f'name = "{year}"\nstatus = "confirmed"\n' + season.format(year)
        files[f"trial/{year}/season.toml"] = text.encode()
        files[f"trial/{year}/news.toml"] = news(6, year).encode()
    return list_items(files)


def test_every_series_has_four_feeds():
    """Also before there is anything to tell: people subscribe early."""
    feeds = list_items(contents('name = "2030"\n'), now=datetime(2030, 1, 1, tzinfo=UTC))
    assert tuple(feeds) == FEED_NAMES
    assert feeds["changes"].items == ()
    assert feeds["changes"].updated == datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.slow
def test_a_feed_holds_the_newest_items_newest_first(archived):
    """As many as the publisher wants; equal dates by key."""
    feed = archived["news"]
    dates = [item.published for item in feed.items]
    assert len(dates) == 10
    assert dates == sorted(dates, reverse=True)
    assert feed.updated == max(item.updated for item in feed.items)


def test_the_rest_is_in_the_archives_of_seasons_that_are_over(archived):
    """A chain from the newest to the oldest and back (RFC 5005 section 4)."""
    assert [folder for folder in archived if folder.startswith("news/")] == ["news/2027", "news/2028"]
    current, old, oldest = archived["news"], archived["news/2028"], archived["news/2027"]
    assert current.previous_archive == f"{BASE}/trial/news/2028/{{file}}"
    assert (old.previous_archive, old.next_archive) == (f"{BASE}/trial/news/2027/{{file}}", None)
    assert (oldest.previous_archive, oldest.next_archive) == (None, f"{BASE}/trial/news/2028/{{file}}")
    assert old.current == oldest.current == f"{BASE}/trial/news/{{file}}"
    assert (old.archive, oldest.archive, current.archive) == (True, True, False)
    everything = {item.id for feed in (current, old, oldest) for item in feed.items}
    assert len(everything) == 8 + 6 + 6 + 1


def test_a_feed_and_its_archives_share_one_id(archived):
    """They are one logical feed."""
    assert archived["news"].id == archived["news/2028"].id == "tag:example.org,2029-12-01:en/trial/feed/news"
    assert archived["changes"].id != archived["news"].id


def test_an_item_has_one_id_in_every_feed_that_carries_it(archived):
    """Readers that file items by id across feeds show it once."""
    ids = {item.key: item.id for item in archived["everything"].items}
    assert all(ids[item.key] == item.id for item in archived["news"].items if item.key in ids)


@pytest.mark.parametrize(
    ("on", "published"),
    [
        ("2029-12-01", datetime(2029, 12, 1, tzinfo=UTC)),
        # Fresh: the second it came out, so that readers show it where it belongs.
        ("2030-01-09", NOW),
        ("2030-01-10", NOW),
        # Readers float what is in the future on top.
        ("2030-02-01", NOW),
    ],
)
def test_the_date_of_an_announcement(on, published):
    """Its own day when that is past, now when it is fresh, and never the future."""
    item = f'[[news]]\nid = "a"\non = {on}\ntitle = "A"\ntext = "B."\n'
    feed = list_items(contents(news=item))["news"]
    assert next(item for item in feed.items if item.title == "A").published == published


def test_an_announcement_without_a_day_is_on_pages_only():
    """No date, no order: readers would date it by when they saw it."""
    feed = list_items(contents(news='[[news]]\nid = "a"\ntitle = "A"\ntext = "B."\n'))["everything"]
    assert [item.title for item in feed.items] == ["2030 Test Series announced"]


def test_text_is_markdown_made_safe_and_ends_with_its_source():
    """Scripts are text; links lead out."""
    news = (
        '[[news]]\nid = "a"\non = 2029-12-01\ntitle = "<b>A</b>"\ntext = "**B** <script>x</script>"\n'
        'sources = ["https://www.example.com/a_(b)"]\n'
    )
    feed = list_items(contents(news=news))["news"]
    item = feed.items[-1]
    assert item.title == "<b>A</b>"
    assert "<strong>B</strong> &lt;script&gt;" in item.html
    assert 'href="https://www.example.com/a_%28b%29"' in item.html
    assert item.text.endswith("Source: example.com (https://www.example.com/a_%28b%29)")


@pytest.mark.slow
def test_a_result_of_a_running_season_comes_out_when_it_is_entered():
    """Not at midnight before the race."""
    results = '[[result]]\nevent = "okayama"\nsession = "race-1"\n[result.overall]\nteam = "X"\n'
    now = datetime(2030, 3, 2, 8, 30, tzinfo=UTC)
    feed = list_items(contents(results=results), now=now)["results"]
    assert feed.items[0].published == now
    late = list_items(contents(results=results), now=now + timedelta(days=30))["results"]
    assert late.items[0].published == datetime(2030, 3, 2, tzinfo=UTC)

"""JSON Feed: what is in RSS and Atom is here, in the same order."""

import json

import pytest
from feed_samples import ARCHIVE, AWKWARD, BASE, CASES, a_feed, an_item, check_golden

from aslms_feeds.render import jsonfeed


@pytest.mark.parametrize("case", CASES)
def test_documents_are_the_golden_ones(case):
    """Every byte of a feed is known."""
    check_golden(f"{case}/feed.json", jsonfeed.render_json_feed(CASES[case]))


def test_the_feed_says_what_version_1_1_asks():
    """Everything about the feed is there, under the names of version 1.1."""
    document = json.loads(jsonfeed.render_json_feed(AWKWARD))
    del document["items"]
    assert document == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": AWKWARD.title,
        "home_page_url": AWKWARD.page_url,
        "feed_url": AWKWARD.urls["feed.json"],
        "description": AWKWARD.description,
        "icon": AWKWARD.icon_url,
        "authors": [{"name": AWKWARD.author}],
        "language": "en",
        "next_url": f"{BASE}/2022-23/news/feed.json",
        "hubs": [{"type": "WebSub", "url": AWKWARD.hub}],
    }


def test_items_say_everything():
    """Ids, texts, dates in UTC and tags of every item, in the feed's order."""
    items = json.loads(jsonfeed.render_json_feed(AWKWARD))["items"]
    assert [item["id"] for item in items] == [item.id for item in AWKWARD.items]
    assert items[1] == {
        "id": AWKWARD.items[1].id,
        "url": AWKWARD.items[1].url,
        "title": AWKWARD.items[1].title,
        "content_html": AWKWARD.items[1].html,
        "content_text": AWKWARD.items[1].text,
        "date_published": "2023-06-10T00:00:00Z",
        "date_modified": "2023-06-10T01:00:00Z",
        "tags": ["日程"],
        "language": "en",
    }


def test_pages_lead_from_the_feed_through_older_archives():
    """The next page is the next older archive, from an archive too; a feed without one is complete."""
    assert json.loads(jsonfeed.render_json_feed(ARCHIVE))["next_url"] == f"{BASE}/ar/2021/news/feed.json"
    complete = json.loads(jsonfeed.render_json_feed(a_feed(an_item("2023-24/news/a"))))
    assert "next_url" not in complete
    assert "hubs" not in complete


def test_an_item_without_update_was_modified_when_published():
    """There is always a date of change."""
    (item,) = json.loads(jsonfeed.render_json_feed(a_feed(an_item("2023-24/news/a", updated=None))))["items"]
    assert item["date_modified"] == item["date_published"] == "2023-06-09T13:00:00Z"


def test_right_to_left_is_in_the_fragment():
    """A fragment that runs from right to left says so itself, as in the other formats."""
    (item,) = json.loads(jsonfeed.render_json_feed(ARCHIVE))["items"]
    assert item["content_html"] == f'<div dir="rtl">{ARCHIVE.items[0].html}</div>'


def test_text_is_written_as_it_is():
    """Letters of every script stand in the file as themselves, in UTF-8, and the last line ends."""
    document = jsonfeed.render_json_feed(AWKWARD)
    assert "日程発表：富士スピードウェイ 🗻".encode() in document
    assert document.endswith(b"}\n")

"""Feeds that the tests of every format share."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from aslms_feeds.definitions.values import What
from aslms_feeds.editions.feeds import Feed
from aslms_feeds.editions.items import Item
from aslms_feeds.publication.formats import FEED_FILES
from aslms_feeds.render import atom_rss, jsonfeed

GOLDEN = Path(__file__).parents[1] / "golden" / "feeds"
BASE = "https://racing.example/aslms"


def an_item(key: str, markdown: str = "A text.", **values) -> Item:
    """Return an item with everything a feed shows."""
    fields = {
        "key": key,
        "id": f"tag:racing.example,2023-06-09:en/aslms/{key}",
        "season": "2023-24",
        "event": "",
        "what": None,
        "title": "A title",
        "markdown": markdown,
        "url": f"{BASE}/2023-24/#{key.rpartition('/')[2]}",
        "page": f"{BASE}/2023-24/#{key.rpartition('/')[2]}",
        "categories": (),
        "feeds": frozenset({"news"}),
        "published": datetime(2023, 6, 9, 13, 0, tzinfo=UTC),
        "updated": datetime(2023, 6, 9, 13, 0, tzinfo=UTC),
        "translated": True,
    }
    item = Item(**{**fields, **{name: value for name, value in values.items() if name in fields}})
    # What Markdown would not say: it is kept where the item keeps what it has made of its own.
    vars(item).update({name: value for name, value in values.items() if name not in fields})
    return item


def a_feed(*items: Item, **values) -> Feed:
    """Return a feed at addresses of its own."""
    fields = {
        "name": "news",
        "language": "en",
        "direction": "ltr",
        "id": "tag:racing.example,2023-06-09:en/aslms/feeds/news",
        "title": "AsLMS news",
        "description": "Announcements, entry lists & changes of the Asian Le Mans Series",
        "page_url": f"{BASE}/",
        "urls": {file: f"{BASE}/news/{file}" for file in FEED_FILES},
        "icon_url": f"{BASE}/assets/icon-512.png",
        "author": "Asian Le Mans Series",
        "items": items,
        "updated": datetime(2023, 12, 2, 9, 59, 59, tzinfo=UTC),
    }
    return Feed(**{**fields, **values})


AWKWARD = a_feed(
    an_item(
        "2023-24/changes/sepang-race-1",
        'Moved: it\'s "Saturday" & <b>not</b> Sunday ]]> &amp; that is `if (a < b && c > d)`.\n\n'
        "Second line\\\nthird line.",
        event="sepang",
        what=What.MOVED,
        title="4 Hours of Sepang: Race 1 & 2 <moved> ]]> \"now\" 'Saturday' 🏁",
        categories=("GT", "LMP2 & LMP3", "moved"),
        published=datetime(2023, 12, 2, 9, 59, 59, tzinfo=UTC),
        updated=datetime(2023, 12, 2, 9, 59, 59, tzinfo=UTC),
    ),
    an_item(
        "2023-24/news/fuji",
        "# 富士\n\n**アジアン・ル・マン**の日程です。[詳細](https://racing.example/fuji?a=1&b=2)と[相対](/fuji)\n\n"
        "- 一\n- 二",
        title="日程発表：富士スピードウェイ 🗻",
        categories=("日程",),
        # Nine in the morning in Japan, edited an hour later.
        published=datetime(2023, 6, 10, 9, 0, tzinfo=timezone(timedelta(hours=9))),
        updated=datetime(2023, 6, 10, 10, 0, tzinfo=timezone(timedelta(hours=9))),
    ),
    an_item("2023-24/news/dubai", "سباق دبي لمدة 4 ساعات (2023/24)", title="سباق دبي: 4 ساعات"),
    hub="https://hub.example/?a=1&b=2",
    previous_archive=f"{BASE}/2022-23/news/{{file}}",
)
ARCHIVE = a_feed(
    replace(AWKWARD.items[2], markdown="سباق [دبي](https://racing.example/)"),
    language="ar",
    direction="rtl",
    title="أخبار",
    page_url=f"{BASE}/ar/2022/",
    urls={file: f"{BASE}/ar/2022/news/{file}" for file in FEED_FILES},
    archive=True,
    previous_archive=f"{BASE}/ar/2021/news/{{file}}",
    next_archive=f"{BASE}/ar/2023/news/{{file}}",
    current=f"{BASE}/ar/news/{{file}}",
)
CASES = {"awkward": AWKWARD, "archive": ARCHIVE, "empty": a_feed()}
XML_FORMATS = {"atom.xml": atom_rss.render_atom, "rss.xml": atom_rss.render_rss}
FORMATS = {**XML_FORMATS, "feed.json": jsonfeed.render_json_feed}


def check_golden(name: str, document: bytes) -> None:
    """Compare a document with its golden file, byte for byte."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document)
    assert document.decode() == path.read_bytes().decode()

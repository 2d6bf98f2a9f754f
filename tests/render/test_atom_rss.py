"""RSS, Atom and the list of feeds; and the feeds that the tests of every format share.

``UPDATE_GOLDEN=1`` writes the golden files anew instead of comparing them: read the difference as code.
"""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from feed_samples import (
    ARCHIVE,
    AWKWARD,
    BASE,
    CASES,
    FORMATS,
    XML_FORMATS,
    a_feed,
    an_item,
    check_golden,
)
from lxml import etree

from aslms_feeds.errors import RenderError
from aslms_feeds.render import atom_rss, opml

NAMES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
}


def find(document: bytes, path: str) -> list:
    """Return what an XPath finds in a document."""
    return etree.fromstring(document).xpath(path, namespaces=NAMES)


def links(document: bytes, parent: str) -> dict[str, tuple[str, str | None]]:
    """Return the Atom links of an element: their address and type, by rel."""
    return {link.get("rel"): (link.get("href"), link.get("type")) for link in find(document, f"{parent}/atom:link")}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("file", XML_FORMATS)
def test_documents_are_the_golden_ones(case, file):
    """Every byte of a feed is known."""
    check_golden(f"{case}/{file}", XML_FORMATS[file](CASES[case]))


def test_awkward_text_survives():
    """Titles, texts and fragments come out of the XML as they went in."""
    atom = atom_rss.render_atom(AWKWARD)
    rss = atom_rss.render_rss(AWKWARD)
    for field, in_atom, in_rss in [
        ("title", "//atom:entry/atom:title", "//item/title"),
        ("html", "//atom:entry/atom:content", "//item/content:encoded"),
        ("id", "//atom:entry/atom:id", "//item/guid"),
    ]:
        texts = [getattr(item, field) for item in AWKWARD.items]
        assert [element.text for element in find(atom, in_atom)] == texts
        assert [element.text for element in find(rss, in_rss)] == texts
    assert [element.text for element in find(atom, "//atom:summary[@type='text']")] == [i.text for i in AWKWARD.items]


def test_order_is_the_feeds_own():
    """Entries stand in the order of the feed in both formats, although feedgen would turn it round."""
    feed = a_feed(*(an_item(f"2023-24/news/n{number}") for number in range(7)))
    ids = [item.id for item in feed.items]
    assert [element.text for element in find(atom_rss.render_atom(feed), "//atom:entry/atom:id")] == ids
    assert [element.text for element in find(atom_rss.render_rss(feed), "//item/guid[@isPermaLink='false']")] == ids


def test_dates_are_the_items_own_in_utc():
    """Published is fixed and updated is what was given, in UTC whatever their zone; RSS has four digits and GMT."""
    atom, rss = atom_rss.render_atom(AWKWARD), atom_rss.render_rss(AWKWARD)
    assert find(atom, "string(//atom:entry[2]/atom:published)") == "2023-06-10T00:00:00Z"
    assert find(atom, "string(//atom:entry[2]/atom:updated)") == "2023-06-10T01:00:00Z"
    assert find(atom, "string(/atom:feed/atom:updated)") == "2023-12-02T09:59:59Z"
    assert find(rss, "string(//item[2]/pubDate)") == "Sat, 10 Jun 2023 00:00:00 GMT"
    assert find(rss, "string(//lastBuildDate)") == "Sat, 02 Dec 2023 09:59:59 GMT"


def test_an_item_without_update_was_updated_when_published():
    """Atom wants a date of update from every entry (RFC 4287 section 4.1.2)."""
    atom = atom_rss.render_atom(a_feed(an_item("2023-24/news/a", updated=None)))
    assert find(atom, "string(//atom:entry/atom:updated)") == "2023-06-09T13:00:00Z"


@pytest.mark.parametrize("file", FORMATS)
def test_dates_are_whole_seconds(file):
    """A part of a second, which RSS cannot say, is said by no format."""
    moment = datetime(2023, 6, 9, 13, 0, 0, 999_999, tzinfo=UTC)
    render = FORMATS[file]
    whole = a_feed(an_item("2023-24/news/a"), updated=moment.replace(microsecond=0))
    assert render(a_feed(an_item("2023-24/news/a", published=moment, updated=moment), updated=moment)) == render(whole)


def test_each_format_names_itself():
    """The self link is the exact address of the format it stands in; a hub and an archive are linked when there are."""
    assert links(atom_rss.render_atom(AWKWARD), "/atom:feed") == {
        "self": (AWKWARD.urls["atom.xml"], "application/atom+xml"),
        "alternate": (AWKWARD.page_url, "text/html"),
        "hub": (AWKWARD.hub, None),
        "prev-archive": (f"{BASE}/2022-23/news/atom.xml", "application/atom+xml"),
    }
    assert links(atom_rss.render_rss(AWKWARD), "/rss/channel") == {
        "self": (AWKWARD.urls["rss.xml"], "application/rss+xml"),
        "hub": (AWKWARD.hub, None),
        "prev-archive": (f"{BASE}/2022-23/news/rss.xml", "application/rss+xml"),
    }


def test_a_feed_without_hub_or_archive_links_none():
    """Nothing is linked that is not there."""
    feed = a_feed(an_item("2023-24/news/a"))
    assert links(atom_rss.render_atom(feed), "/atom:feed").keys() == {"self", "alternate"}
    assert links(atom_rss.render_rss(feed), "/rss/channel").keys() == {"self"}
    assert not find(atom_rss.render_atom(feed), "//fh:archive")
    assert not find(atom_rss.render_rss(feed), "//fh:archive")


def test_an_archive_says_so_and_knows_its_neighbours():
    """An archive is marked and links the older, the newer and the current document, in its own format (RFC 5005)."""
    for document, parent, file in [
        (atom_rss.render_atom(ARCHIVE), "/atom:feed", "atom.xml"),
        (atom_rss.render_rss(ARCHIVE), "/rss/channel", "rss.xml"),
    ]:
        assert len(find(document, f"{parent}/fh:archive")) == 1
        hrefs = {rel: href for rel, (href, _) in links(document, parent).items()}
        assert hrefs["prev-archive"] == f"{BASE}/ar/2021/news/{file}"
        assert hrefs["next-archive"] == f"{BASE}/ar/2023/news/{file}"
        assert hrefs["current"] == f"{BASE}/ar/news/{file}"
        assert hrefs["self"] == f"{BASE}/ar/2022/news/{file}"


def test_entries_link_their_page():
    """An entry's link says that it is the page of it, and of what type (RFC 4287 section 4.2.7)."""
    assert [dict(link.attrib) for link in find(atom_rss.render_atom(AWKWARD), "//atom:entry/atom:link")] == [
        {"href": item.url, "rel": "alternate", "type": "text/html"} for item in AWKWARD.items
    ]
    assert [link.text for link in find(atom_rss.render_rss(AWKWARD), "//item/link")] == [
        item.url for item in AWKWARD.items
    ]


def test_categories_stand_as_given():
    """Every category is there, in its order, in both formats."""
    categories = [category for item in AWKWARD.items for category in item.categories]
    assert find(atom_rss.render_atom(AWKWARD), "//atom:entry/atom:category/@term") == categories
    assert [element.text for element in find(atom_rss.render_rss(AWKWARD), "//item/category")] == categories


def test_the_channel_says_what_rss_readers_ask():
    """Language, image with the channel's title and link, ttl, docs, and the page behind it."""
    rss = atom_rss.render_rss(AWKWARD)
    channel = {
        name: find(rss, f"string(/rss/channel/{name})")
        for name in ("title", "link", "language", "ttl", "docs", "image/title", "image/link", "image/url", "generator")
    }
    assert channel == {
        "title": AWKWARD.title,
        "link": AWKWARD.page_url,
        "language": "en",
        "ttl": "60",
        "docs": "https://www.rssboard.org/rss-specification",
        "image/title": AWKWARD.title,
        "image/link": AWKWARD.page_url,
        "image/url": AWKWARD.icon_url,
        "generator": "aslms-feeds",
    }


def test_the_author_is_a_name():
    """Atom has an author; RSS has dc:creator, since its own author must be an e-mail address."""
    assert find(atom_rss.render_atom(AWKWARD), "string(/atom:feed/atom:author/atom:name)") == AWKWARD.author
    assert [e.text for e in find(atom_rss.render_rss(AWKWARD), "//item/dc:creator")] == [AWKWARD.author] * 3
    assert not find(atom_rss.render_rss(AWKWARD), "//author")


def test_a_description_means_the_same_as_text_and_as_html():
    """Readers show an RSS description as HTML: what would be a tag or a reference there is escaped, nothing else."""
    text = "R&D: 5 < 6 & 7 > 3, but <b>, </b>, <!-- and &copy; &copy &#65; are text & AT&T too"
    (description,) = find(atom_rss.render_rss(a_feed(an_item("2023-24/news/a", text=text))), "//item/description")
    assert description.text == (
        "R&D: 5 < 6 & 7 > 3, but &lt;b>, &lt;/b>, &lt;!-- and &amp;copy; &amp;copy &amp;#65; are text & AT&T too"
    )


def test_an_item_without_text_keeps_its_html():
    """Without plain text the HTML takes its place in RSS."""
    rss = atom_rss.render_rss(a_feed(an_item("2023-24/news/a", text="")))
    assert find(rss, "string(//item/description)") == "<p>A text.</p>"


def test_right_to_left_is_in_the_fragment():
    """No feed format has a direction: a fragment that runs from right to left says so itself."""
    for document, path in [
        (atom_rss.render_atom(ARCHIVE), "//atom:content"),
        (atom_rss.render_rss(ARCHIVE), "//item/content:encoded"),
    ]:
        (content,) = find(document, path)
        assert content.text == f'<div dir="rtl">{ARCHIVE.items[0].html}</div>'


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("file", XML_FORMATS)
def test_no_stylesheet_no_doctype(case, file):
    """A feed is an XML declaration and one element, in UTF-8."""
    document = XML_FORMATS[file](CASES[case])
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<")
    assert document.count(b"<?") == 1
    assert b"<!" not in document


@pytest.mark.parametrize("file", XML_FORMATS)
def test_namespaces_are_the_same_in_every_feed(file):
    """What a feed holds does not change what its root declares."""
    roots = {tuple(sorted(etree.fromstring(XML_FORMATS[file](feed)).nsmap.items(), key=str)) for feed in CASES.values()}
    assert len(roots) == 1


@pytest.mark.parametrize("file", FORMATS)
@pytest.mark.parametrize(("field", "character"), [("title", "\v"), ("text", "\0"), ("html", "\x85"), ("url", "\ufffe")])
def test_a_control_character_names_its_item(file, field, character):
    """One character no feed can carry stops every format of it, and says where it is."""
    good = an_item("2023-24/news/good")
    bad = an_item("2023-24/news/bad", **{field: f"before {character} after"})
    with pytest.raises(RenderError) as caught:
        FORMATS[file](a_feed(good, bad))
    assert str(caught.value) == f"item 2023-24/news/bad: a feed cannot carry the character U+{ord(character):04X}"
    assert caught.value.hint == "take the character out of the text it came from"


@pytest.mark.parametrize("file", FORMATS)
def test_a_control_character_of_the_feed_names_the_feed(file):
    """The words of the feed itself are looked at too."""
    with pytest.raises(RenderError, match=r"^feed news: a feed cannot carry the character U\+0007$"):
        FORMATS[file](a_feed(title="News\a"))


@pytest.mark.parametrize("file", FORMATS)
def test_an_item_without_a_date_is_refused(file):
    """What has no date is on pages only, and a date without its zone is none."""
    for published in (None, datetime(2023, 6, 9)):  # noqa: DTZ001 - the mistake under test
        item = an_item("2023-24/news/bad", published=published, updated=None)
        with pytest.raises(RenderError) as caught:
            FORMATS[file](a_feed(item))
        message = f"item 2023-24/news/bad: what is in a feed has a date with its time zone, not {published}"
        assert str(caught.value) == message


@pytest.mark.parametrize("file", XML_FORMATS)
def test_what_feedgen_and_lxml_refuse_becomes_our_error(file):
    """No foreign exception leaves the door."""
    with pytest.raises(RenderError, match=r"^feed news: Required fields not set"):
        XML_FORMATS[file](a_feed(title=""))
    with pytest.raises(RenderError, match=r"^feed news: All strings must be XML compatible"):
        XML_FORMATS[file](a_feed(page_url="https://racing.example/\v"))


def test_a_date_without_zone_stops_the_feed():
    """The feed's own date is held to the same."""
    for render in XML_FORMATS.values():
        with pytest.raises(RenderError, match=r"^feed news: what is in a feed has a date with its time zone"):
            render(a_feed(updated=datetime(2023, 6, 9)))  # noqa: DTZ001 - the mistake under test


@pytest.mark.slow
def test_the_same_bytes_anywhere():
    """Neither the hash seed, nor the time zone, nor the locale of the machine is in a feed."""
    script = (
        "import hashlib, feed_samples as t\n"
        "print(hashlib.sha256(b''.join(r(c) for c in t.CASES.values() for r in t.FORMATS.values())).hexdigest())"
    )
    digest = hashlib.sha256(b"".join(r(c) for c in CASES.values() for r in FORMATS.values())).hexdigest()
    for seed, zone, locale in [("0", "Asia/Tokyo", "C"), ("4711", "America/St_Johns", "C.UTF-8")]:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        run = subprocess.run(
            [sys.executable, "-c", script], cwd=Path(__file__).parent, env=environment, capture_output=True, check=True
        )
        assert run.stdout.decode().strip() == digest


OUTLINES = (
    opml.Outline(
        "Asian Le Mans Series",
        html_url=f"{BASE}/",
        outlines=(
            opml.Outline("AsLMS news & more", f"{BASE}/news/atom.xml", f"{BASE}/", "en"),
            opml.Outline("ニュース <AsLMS>", f"{BASE}/ja/news/atom.xml", f"{BASE}/ja/", "ja"),
        ),
    ),
    opml.Outline("Everything", "https://racing.example/bundles/all/atom.xml"),
)


def test_the_list_of_feeds_is_the_golden_one():
    """Feeds are nested by series, and there is no date to change without need."""
    check_golden("feeds.opml", opml.render_opml("Racing feeds & calendars", OUTLINES))


def test_the_list_of_feeds_keeps_every_word():
    """Readers find name, address and page of each feed; a folder has no type and no address of a feed."""
    outlines = find(opml.render_opml("Racing feeds", OUTLINES), "//outline")
    assert [(o.get("text"), o.get("type"), o.get("xmlUrl"), o.get("htmlUrl"), o.get("language")) for o in outlines] == [
        ("Asian Le Mans Series", None, None, f"{BASE}/", None),
        ("AsLMS news & more", "rss", f"{BASE}/news/atom.xml", f"{BASE}/", "en"),
        ("ニュース <AsLMS>", "rss", f"{BASE}/ja/news/atom.xml", f"{BASE}/ja/", "ja"),
        ("Everything", "rss", "https://racing.example/bundles/all/atom.xml", None, None),
    ]
    assert all(outline.get("title") == outline.get("text") for outline in outlines)


def test_the_list_of_feeds_refuses_control_characters():
    """A name with one stops the list."""
    with pytest.raises(RenderError, match=r"a feed cannot carry the character U\+001B$"):
        opml.render_opml("Racing feeds", [opml.Outline("AsLMS \x1b[31m")])

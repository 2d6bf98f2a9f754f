"""RSS, Atom and JSON feeds of others: what their items say, and what is refused."""

import json

import pytest

from aslms_feeds.upstreams.readers.values import MAX_TEXT, MAX_TITLE, ForeignFeed
from aslms_feeds.upstreams.sandbox import Refusal, read_feed

URL = "https://news.example.org/feed"


def entries(body, **options):
    """Return the items of a feed without their keys."""
    feed = read_feed(body.encode() if isinstance(body, str) else body, URL, **options)
    assert isinstance(feed, ForeignFeed), feed
    return [entry[1:] for entry in feed.entries]


def rss(*items, head=""):
    """Return an RSS feed with these items, as written."""
    inner = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0"?>{head}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Paddock &amp; Pits</title>{inner}</channel></rss>"
    )


def refusal(read_document, *arguments, **options):
    """Return why a document is refused."""
    result = read_document(*arguments, **options)
    assert isinstance(result, Refusal), result
    return result.reason


def test_an_rss_feed_says_title_items_days_and_links():
    """HTML becomes plain paragraphs; the permanent link is the guid; the day is the sender's own."""
    body = rss(
        "<title>Six &amp;amp; more</title><guid>https://news.example.org/1</guid>"
        "<pubDate>Fri, 20 Nov 2026 23:30:00 +0900</pubDate>"
        "<description>&lt;p&gt;First.&lt;/p&gt;&lt;p&gt;Second&lt;br&gt;line.&lt;/p&gt;</description>",
        "<title>Two</title><guid isPermaLink='false'>x-2</guid><content:encoded><![CDATA[<b>Bold</b>]]>"
        "</content:encoded><description>Shorter</description>",
    )
    assert read_feed(body.encode(), URL).title == "Paddock & Pits"
    assert entries(body) == [
        ("Six & more", "First.\n\nSecond\n\nline.", "https://news.example.org/1", "2026-11-20"),
        ("Two", "Bold", "", ""),
    ]


def test_an_atom_feed_says_the_same():
    """Text, HTML and XHTML become plain; the alternate link is taken; published counts before updated."""
    body = """<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">Team &amp;lt;i&gt;News&lt;/i&gt;</title>
    <entry><id>urn:1</id><title>A &lt; B</title><link rel="self" href="https://x.example/self"/>
      <link href="/one"/><published>2026-11-20T10:00:00Z</published><updated>2026-11-21T10:00:00Z</updated>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One.</p><p>Two.</p></div></content></entry>
    <entry><id>urn:2</id><title type="html">&lt;b&gt;Bold&lt;/b&gt;</title><updated>2026-11-21</updated>
      <summary>Plain
      words.</summary></entry>
    <entry><id>urn:3</id><title>Picture</title><content type="image/png">iVBORw0KGgo=</content></entry></feed>"""
    assert entries(body) == [
        ("A < B", "One.\n\nTwo.", "https://news.example.org/one", "2026-11-20"),
        ("Bold", "Plain words.", "", "2026-11-21"),
        ("Picture", "", "", ""),
    ]


def test_rss_1_says_the_same():
    """The oldest of the formats has its items beside the channel, and Dublin Core for their days."""
    body = """<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Old</title></channel>
      <item rdf:about="https://old.example/1"><title>First</title><link>https://old.example/1</link>
      <description>Words</description><dc:date>2026-11-20T10:00:00+09:00</dc:date></item></rdf:RDF>"""
    assert read_feed(body.encode(), URL).title == "Old"
    assert entries(body) == [("First", "Words", "https://old.example/1", "2026-11-20")]


def test_a_json_feed_says_the_same():
    """HTML before text before summary; an item without a title is called by how it begins."""
    items = [
        {"id": "1", "title": "One", "url": "https://x.example/1", "content_html": "<p>Words</p>"},
        {"id": 2, "content_text": "Only text.\n\nMore of it.", "date_published": "2026-11-20T10:00:00+09:00"},
        {"id": "3", "title": "Three", "summary": "Sum", "url": "javascript:alert(1)"},
        {"title": "nobody knows it"},
        "no item",
    ]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": items})
    assert entries(body) == [
        ("One", "Words", "https://x.example/1", ""),
        ("Only text.", "Only text.\n\nMore of it.", "", "2026-11-20"),
        ("Three", "Sum", "", ""),
    ]


def test_an_item_is_known_by_its_own_id():
    """The key outlives title, text and link; of two items with one id the first counts."""
    first = read_feed(rss("<guid>a</guid><title>Old</title>", "<guid>a</guid><title>Twin</title>").encode(), URL)
    second = read_feed(rss("<guid>a</guid><title>New</title><link>https://x.example/</link>").encode(), URL)
    assert [entry.title for entry in first.entries] == ["Old"]
    assert first.entries[0].key == second.entries[0].key


@pytest.mark.parametrize(
    ("link", "cleaned"),
    [
        ("https://x.example/a b?c=d#e", "https://x.example/a%20b?c=d#e"),
        ("https://x.example/ä%20", "https://x.example/%C3%A4%20"),
        ("//other.example/x", "https://other.example/x"),
        ("http://x.example/", ""),
        ("https://user:secret@x.example/", ""),
        ("https://пример.example/", ""),
        ("https://x.example:99999/", ""),
        ("data:text/html,x", ""),
        ("https://[broken/", ""),
        ("https://x.example/" + "a" * 2_000, ""),
    ],
)
def test_only_plain_https_links_are_kept(link, cleaned):
    """Whatever else an address is, readers are not sent there."""
    assert entries(rss(f"<guid isPermaLink='false'>a</guid><title>T</title><link>{link}</link>"))[0][2] == cleaned


def test_foreign_html_leaves_its_words_and_nothing_else():
    """No script, style, picture, frame or attribute comes through, and no mark-up survives as such."""
    markup = (
        '<p onclick="x()">Hello <a href="https://evil.example">there</a></p><script>alert(1)</script>'
        "<style>p{}</style><iframe src=x>no</iframe><img src=x onerror=y alt=pic><svg><text>in svg</text></svg>"
        "<p>5 &lt; 6 &amp;lt;b&amp;gt;</p><!-- hidden --><li>item"
    )
    item = f"<guid>a</guid><title>T</title><description><![CDATA[{markup}]]></description>"
    assert entries(rss(item))[0][1] == "Hello there\n\n5 < 6 &lt;b&gt;\n\nitem"


def test_characters_that_lie_are_taken_out():
    """Bidi overrides, invisible tags, byte order marks and controls are gone; emoji, ZWJ and accents are not."""
    title = "a\u202eb\u2066c\ufeffd\U000e0041e &#x85; f\u200dg é 🏁"
    assert entries(rss(f"<guid>a</guid><title>{title}</title>"))[0][0] == "abcde f\u200dg é 🏁"
    body = json.dumps(
        {"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "a\x00\x1b[31mb\ud800c\uffff"}]}
    )
    assert entries(body)[0][0] == "a[31mbc"


def test_long_texts_are_cut_at_a_word():
    """A text ends with … after about a thousand characters, a title after two hundred."""
    ((title, text, _, _),) = entries(
        rss(
            f"<guid>a</guid><title>{'word ' * 100}</title>"
            f"<description>{'para ' * 90}&lt;p&gt;{'more ' * 900}</description>"
        )
    )
    assert len(title) <= MAX_TITLE
    assert title.endswith("word…")
    assert 900 < len(text) <= MAX_TEXT + 10
    assert text.endswith("more…")
    assert "\n\n" in text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss>&b;</rss>', "has a DOCTYPE, which no feed needs"),
        (
            b'<?xml version="1.0"?><!-- x --><!DOCTYPE r SYSTEM "file:///etc/passwd"><rss/>',
            "has a DOCTYPE, which no feed needs",
        ),
        ('<!DOCTYPE rss [<!ENTITY a "b">]><rss/>'.encode("utf-16"), "has a DOCTYPE, which no feed needs"),
        (b"<!doctype html><title>Log in</title>", "is a page in HTML, such as one to log in with"),
        (b"\n<html lang=en><body>", "is a page in HTML, such as one to log in with"),
        (b"<rss><channel><item>", "is no XML, or not the whole of it (line 1)"),
        (b"<rss><channel>&undefined;</channel></rss>", "is no XML, or not the whole of it (line 1)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is XML, and not a feed: its root is <svg>"),
        (b"<rss><channel><title>\xff</title></channel></rss>", "is not UTF-8 at byte 21"),
        (b'<?xml version="1.0" encoding="utf-7"?><rss/>', "is written in 'utf-7', which is not read here"),
        (b'<?xml version="1.0" encoding="martian"?><rss/>', "is written in 'martian', which is not read here"),
        (b'<?xml version="1.0" encoding="zlib"?><rss/>', "is written in 'zlib', which is not read here"),
        (b'{"version": 1, "items": []}', "is JSON, and not a JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1"', "is no JSON, or not the whole of it"),
        (b'{"a":' + b"[" * 100_000, "is nested too deeply"),
        (b"<rss>" + b"<a>" * 100_000, "is no XML, or not the whole of it (line 1)"),
        (b" ", "is empty"),
        (b"\x89PNG\r\n\x1a\n", "is not UTF-8 at byte 0"),
    ],
)
def test_what_is_no_feed_is_refused_with_the_reason(body, reason):
    """Bombs, pages, halves and other things say what they are."""
    assert refusal(read_feed, body, URL) == reason


def test_text_that_mentions_a_doctype_is_no_doctype():
    """Only before the root would it be one."""
    item = "<guid>a</guid><title>On HTML</title><description><![CDATA[<!DOCTYPE html> is how]]></description>"
    assert entries(rss(item))[0][1] == "is how"


@pytest.mark.slow
def test_other_charsets_are_read_by_mark_declaration_or_header():
    """The document's own word counts more than its server's."""
    item = "<guid>a</guid><title>Prés</title>"
    assert entries(rss(item).encode("utf-16"))[0][0] == "Prés"
    latin = rss(item).replace('version="1.0"', 'version="1.0" encoding="iso-8859-1"').encode("latin-1")
    assert entries(latin, charset="utf-8")[0][0] == "Prés"
    assert entries(rss(item).encode("latin-1"), charset="iso-8859-1")[0][0] == "Prés"

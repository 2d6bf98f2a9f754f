"""What holds for any feed and any Markdown."""

import json
import re
from datetime import UTC, datetime
from html import unescape

import feedparser
import nh3
from feed_samples import FORMATS, a_feed, an_item
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aslms_feeds.editions import markup
from aslms_feeds.render import atom_rss, jsonfeed

LEGAL = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r")
"""Every character of XML 1.0 but the control characters that readers take for others."""
AWKWARD = st.sampled_from(
    ["&", "<", ">", "]]>", "&amp;", "&#65;", "<b>", "</p>", "<!--", "\n", "🏁", "日", "ع", "\u2028"]
)
TEXT = st.lists(LEGAL | AWKWARD, max_size=40).map("".join)
# A reader may take the space off both ends and put lines on one: titles are one line without such space to begin with.
LINE = TEXT.map(lambda text: " ".join(text.split()) or "-")
NEAT = TEXT.map(lambda text: text.replace("\r", "").strip() or "-")
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1), timezones=st.timezones())  # noqa: DTZ001 - see timezones


@st.composite
def items(draw, number: int):
    """Draw an item with any texts, dates in any zone."""
    return an_item(
        f"2023-24/news/n{number}",
        title=draw(LINE),
        text=draw(NEAT),
        html=markup.render_html(draw(TEXT)),
        url=f"https://racing.example/aslms/#{number}",
        categories=tuple(sorted(draw(st.sets(LINE, max_size=3)))),
        published=draw(MOMENTS),
        updated=draw(st.none() | MOMENTS),
    )


@st.composite
def any_feed(draw):
    """Draw a feed with any items, in both directions of writing."""
    number = draw(st.integers(0, 5))
    return a_feed(
        *(draw(items(n)) for n in range(number)),
        title=draw(LINE),
        description=draw(LINE),
        author=draw(LINE),
        direction=draw(st.sampled_from(["ltr", "rtl"])),
        updated=draw(MOMENTS),
        hub=draw(st.none() | st.just("https://hub.example/")),
        archive=draw(st.booleans()),
        previous_archive=draw(st.none() | st.just("https://racing.example/1/{file}")),
    )


def seconds(value: datetime) -> datetime:
    """Return the whole second of a moment, in UTC, which is what a feed can say."""
    return value.astimezone(UTC).replace(microsecond=0)


def parsed(document: bytes) -> feedparser.FeedParserDict:
    """Return what feedparser reads, without repairing anything."""
    result = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    assert not result.bozo, result.bozo_exception
    return result


def repaired(text: str) -> str:
    """Return text as feedparser gives it: what could be UTF-8 taken for Latin-1 is taken for that."""
    try:
        return text.encode("iso-8859-1").decode()
    except UnicodeError:
        return text


def moment(value) -> datetime:
    """Return the moment in a date as feedparser gives it."""
    return datetime(*value[:6], tzinfo=UTC)


@given(any_feed())
@settings(deadline=None)
def test_a_reader_finds_the_same_in_atom_and_rss(feed):
    """Well-formed for any text, with the same ids, titles, addresses, categories, order and dates."""
    for render in (atom_rss.render_atom, atom_rss.render_rss):
        feed_read = parsed(render(feed))
        assert feed_read.feed.title == repaired(feed.title)
        assert [entry.id for entry in feed_read.entries] == [item.id for item in feed.items]
        assert [entry.title for entry in feed_read.entries] == [repaired(item.title) for item in feed.items]
        assert [entry.link for entry in feed_read.entries] == [item.url for item in feed.items]
        tags = [tuple(tag.term for tag in entry.get("tags", ())) for entry in feed_read.entries]
        categories = [item.categories for item in feed.items]
        assert tags == (
            [tuple(map(repaired, terms)) for terms in categories] if render is atom_rss.render_rss else categories
        )
        assert [moment(entry.published_parsed) for entry in feed_read.entries] == [
            seconds(item.published) for item in feed.items
        ]
        assert moment(feed_read.feed.updated_parsed) == seconds(feed.updated)
    assert [moment(entry.updated_parsed) for entry in parsed(atom_rss.render_atom(feed)).entries] == [
        seconds(item.updated or item.published) for item in feed.items
    ]


@given(any_feed())
@settings(deadline=None)
def test_json_says_the_same(feed):
    """Every text of every item, character for character, in the same order."""
    items = json.loads(jsonfeed.render_json_feed(feed))["items"]
    assert [(i["id"], i["title"], i["content_text"], i["url"], tuple(i["tags"])) for i in items] == [
        (item.id, item.title, item.text, item.url, item.categories) for item in feed.items
    ]
    assert [i["content_html"] for i in items] == [
        markup.mark_direction(item.html, feed.direction) for item in feed.items
    ]
    assert [datetime.fromisoformat(i["date_published"]) for i in items] == [seconds(i.published) for i in feed.items]
    assert [datetime.fromisoformat(i["date_modified"]) for i in items] == [
        seconds(i.updated or i.published) for i in feed.items
    ]


@given(any_feed())
@settings(deadline=None)
def test_rendering_twice_gives_the_same_bytes(feed):
    """Nothing of the moment of rendering is in a feed."""
    for render in FORMATS.values():
        assert render(feed) == render(feed)


@given(NEAT)
@example("&copy &copy; <b>x</b> <!-- a --> <?x?> </p> <![CDATA[x]]> a<1 &#65; &unknown; &amp;lt; AT&T")
@settings(deadline=None)
def test_a_description_read_escape_html_is_the_text(text):
    """No text becomes a tag or a reference in a reader that shows descriptions as HTML."""
    text_shown = nh3.clean(atom_rss._escape_html(text), tags=set(), clean_content_tags=set())
    assert unescape(text_shown) == text


TAG = re.compile(r"<(/?)([a-z0-9]+)((?: [^<>]*)?)>")
ATTRIBUTES = re.compile(
    r'(?: href="(?:https?://|mailto:)[^"<>]*"(?= rel="noopener noreferrer"$)| rel="noopener noreferrer"$)*',
    re.IGNORECASE,
)
FRAGMENTS = st.sampled_from(
    [
        *("<a href=javascript:x>", "<img src=x onerror=y>", "<svg/onload=x>", "</p>", "<style>", "<!--", "-->", "<!["),
        *("[a](", "](javascript:x)", "](JaVaScRiPt&colon;x)", "](//e.org)", "](https://e.org)", "](mailto:a@b)", ")"),
        *("![a](https://e.org/x.png)", '<https://e.org/">', "<javascript:x>", "`", "```\n", "# ", "- ", "1. ", "> "),
        *("| a |\n|--|\n", "\n\n", "\\", "&lt;", "&#60;", '"', "'", " onclick=x ", "**", "~~", "[a]: data:x\n"),
        *("[a]", "999999999. ", "\t", "https:", "http:x", "<", "&#0;", "&#x1b;", "&#x85;"),
    ]
)
MARKDOWN = st.lists(FRAGMENTS | st.text(LEGAL, max_size=4), max_size=25).map("".join)


@given(MARKDOWN)
@example('[a](https://e.org "t") [b](/c) <https://e.org/"> ![d](https://e.org)\n\n3. e\n\n<svg onload=x>')
@settings(deadline=None)
def test_no_markdown_gets_past_the_list(markdown):
    """No tag, attribute or scheme outside the list, whatever the Markdown; and no character a feed cannot carry."""
    fragment = markup.render_html(markdown)
    for closing, tag, attributes in TAG.findall(fragment):
        assert tag in markup.TAGS
        if tag == "a" and not closing:
            assert attributes.endswith(' rel="noopener noreferrer"')
            assert ATTRIBUTES.fullmatch(attributes)
        else:
            assert re.fullmatch(r' start="\d+"' if tag == "ol" and attributes else "", attributes)
    assert "<" not in TAG.sub("", fragment)
    markup.check_legal("fragment", fragment, markup.render_plain(markdown))


@given(MARKDOWN)
@settings(deadline=None)
def test_sanitising_is_done(markdown):
    """A second pass has nothing to do: what comes out is what a browser makes of it, too."""
    fragment = markup.render_html(markdown)
    assert markup._CLEANER.clean(fragment) == fragment


@given(st.lists(st.text("abc日ع🏁", min_size=1), min_size=1))
@settings(deadline=None)
def test_plain_paragraphs_stay_as_they_are(paragraphs):
    """Text without marks is the same in Markdown and in plain text."""
    text = "\n\n".join(paragraphs)
    assert markup.render_plain(text) == text

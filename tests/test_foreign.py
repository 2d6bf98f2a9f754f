"""Foreign bytes, read where they can do no harm: what archives, feeds and calendars say, and what is refused."""

import gzip
import io
import json
import os
import sys
import tarfile
import threading
import zipfile
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aslms_feeds import foreign
from aslms_feeds.foreign import Appointment, Feed, Refused, read_archive, read_calendar, read_feed
from aslms_feeds.toml import text_problems

URL = "https://news.example.org/feed"


def entries(body, **further):
    """Return the items of a feed without their keys."""
    found = read_feed(body.encode() if isinstance(body, str) else body, URL, **further)
    assert isinstance(found, Feed), found
    return [entry[1:] for entry in found.entries]


def rss(*items, head=""):
    """Return an RSS feed with these items, as written."""
    inner = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0"?>{head}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Paddock &amp; Pits</title>{inner}</channel></rss>"
    )


def refusal(read, *arguments, **further):
    """Return why something is refused."""
    found = read(*arguments, **further)
    assert isinstance(found, Refused), found
    return found.reason


# Feeds


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
    one = read_feed(rss("<guid>a</guid><title>Old</title>", "<guid>a</guid><title>Twin</title>").encode(), URL)
    two = read_feed(rss("<guid>a</guid><title>New</title><link>https://x.example/</link>").encode(), URL)
    assert [entry.title for entry in one.entries] == ["Old"]
    assert one.entries[0].key == two.entries[0].key


@pytest.mark.parametrize(
    ("link", "kept"),
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
def test_only_plain_https_links_are_kept(link, kept):
    """Whatever else an address is, readers are not sent there."""
    assert entries(rss(f"<guid isPermaLink='false'>a</guid><title>T</title><link>{link}</link>"))[0][2] == kept


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
    assert len(title) <= foreign.TITLE
    assert title.endswith("word…")
    assert 900 < len(text) <= foreign.TEXT + 10
    assert text.endswith("more…")
    assert "\n\n" in text


@given(st.text(max_size=3_000))
@example("\u2028".join("ab" * 400))
@example("x\n\n" * 400 + "y" * 2_000)
def test_every_text_comes_out_clean_and_short(text):
    """Whatever comes in, what comes out is text that a feed can carry."""
    paragraphs, line = foreign._paragraphs(text), foreign._line(text)
    assert not list(text_problems((paragraphs, line)))
    assert len(paragraphs) <= foreign.TEXT + 2
    assert len(line) <= foreign.TITLE
    assert line == " ".join(line.split())
    assert paragraphs == foreign._paragraphs(paragraphs)


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


def test_other_charsets_are_read_by_mark_declaration_or_header():
    """The document's own word counts more than its server's."""
    item = "<guid>a</guid><title>Prés</title>"
    assert entries(rss(item).encode("utf-16"))[0][0] == "Prés"
    latin = rss(item).replace('version="1.0"', 'version="1.0" encoding="iso-8859-1"').encode("latin-1")
    assert entries(latin, charset="utf-8")[0][0] == "Prés"
    assert entries(rss(item).encode("latin-1"), charset="iso-8859-1")[0][0] == "Prés"


# Calendars


def vcalendar(*events):
    """Return a calendar with these VEVENTs, as lines."""
    inner = "".join(
        "BEGIN:VEVENT\r\n" + "".join(f"{line}\r\n" for line in event) + "END:VEVENT\r\n" for event in events
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{inner}END:VCALENDAR\r\n".encode()


def test_a_calendar_says_what_is_when():
    """Instants are UTC, days are days, ends are exclusive, a zone nobody knows leaves a local time."""
    found = read_calendar(
        vcalendar(
            ("UID:1", "SUMMARY:Race\\, one", "DTSTART:20301201T060000Z", "DURATION:PT4H", "LOCATION:Sepang"),
            ("UID:2", "SUMMARY:Two", "DTSTART;TZID=Asia/Kuala_Lumpur:20301201T140000", "STATUS:CANCELLED"),
            ("UID:3", "SUMMARY:Days", "DTSTART;VALUE=DATE:20301201", "DTEND;VALUE=DATE:20301203"),
            ("UID:4", "SUMMARY:Floating", "DTSTART;TZID=Moon/Base:20301201T140000"),
            ("UID:5", "SUMMARY:No start"),
            ("UID:6", "SUMMARY:Broken", "DTSTART:2030"),
            ("UID:7", "SUMMARY:Mixed", "DTSTART:20301201T060000Z", "DTEND;VALUE=DATE:20301203"),
            ("SUMMARY:Windows", "DTSTART;TZID=Singapore Standard Time:20301201T140000"),
        )
    )
    assert found == (
        Appointment("1", "Race, one", "Sepang", "2030-12-01T06:00:00+00:00", "2030-12-01T10:00:00+00:00", ""),
        Appointment("2", "Two", "", "2030-12-01T06:00:00+00:00", "", "cancelled"),
        Appointment("3", "Days", "", "2030-12-01", "2030-12-03", ""),
        Appointment("4", "Floating", "", "2030-12-01T14:00:00", "", ""),
        Appointment("7", "Mixed", "", "2030-12-01T06:00:00+00:00", "", ""),
        Appointment("Windows 2030-12-01T06:00:00+00:00", "Windows", "", "2030-12-01T06:00:00+00:00", "", ""),
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<!DOCTYPE html><p>Log in", "is a page in HTML, such as one to log in with"),
        (b"hello", "does not begin as a calendar does"),
        (
            b"BEGIN:VCALENDAR\r\nno colon\r\nEND:VCALENDAR\r\n",
            "is no calendar that can be read (RFC 5545)",
        ),
        (
            vcalendar(("UID:1", "DTSTART:20301201T060000Z"))[:-20],
            "does not end as a calendar does: it may have been cut short",
        ),
        (vcalendar(("UID:1", "DTSTART:soon")), "has no event whose start can be read"),
        (vcalendar(*[("UID:1",)] * 2_001), "has more than 2,000 events"),
        (b"BEGIN:VCALENDAR\r\nSUMMARY:\xc3\x28\r\nEND:VCALENDAR\r\n", "is not UTF-8 at byte 25"),
    ],
)
def test_what_is_no_calendar_is_refused_with_the_reason(body, reason):
    """Pages, halves and other things say what they are."""
    assert refusal(read_calendar, body) == reason


def test_a_calendar_without_events_is_one():
    """Whether that is right is for others to say."""
    assert read_calendar(vcalendar()) == ()


# Archives

SEASON = "repo-main/calendars/aslms/2030/season.toml"


def zipped(*rows, compression=zipfile.ZIP_DEFLATED):
    """Return a .zip of names, or ZipInfo, and texts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in rows:
            archive.writestr(name, data)
    return file.getvalue()


def tarred(*rows):
    """Return a .tar.gz of names and texts, or of TarInfo with the text None."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in rows:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if data is not None:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data or b""))
    return file.getvalue()


def special(name, kind, **values):
    """Return a member of a tar that is no file."""
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in values.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_the_definitions_of_one_series_are_found_wherever_they_lie(pack):
    """The top folder may be called as it likes; other series, pictures and hidden files are not looked at."""
    body = pack(
        (SEASON, b'name = "x"'),
        ("repo-main/calendars/aslms/series.toml", b'name = "y"'),
        ("repo-main/calendars/aslms/logo.png", b"\x89PNG"),
        ("repo-main/calendars/aslms/.hidden.toml", b"secret"),
        ("repo-main/calendars/aslms/2030/deeper/x.toml", b"deep"),
        ("repo-main/calendars/elms/series.toml", b"other"),
        ("repo-main/README.md", b"read me"),
    )
    assert read_archive(body, "aslms") == {"2030/season.toml": 'name = "x"', "series.toml": 'name = "y"'}


def test_a_repository_may_be_called_as_the_series():
    """The innermost folder of that name counts."""
    body = zipped(("aslms/calendars/aslms/2030/season.toml", b"a = 1"))
    assert read_archive(body, "aslms") == {"2030/season.toml": "a = 1"}


def test_a_tar_may_begin_at_its_own_folder():
    """``tar c .`` writes ./ before every name."""
    body = tarred((special("./", tarfile.DIRTYPE), None), ("./aslms/series.toml", b"a = 1"))
    assert read_archive(body, "aslms") == {"series.toml": "a = 1"}


def symlink(name):
    """Return the member of a .zip that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info


GOOD = (SEASON, b"a = 1")
ZIP_BOMB = zipped((SEASON, bytes(20_000_000)))
BOMB = gzip.compress(bytes(20_000_000))
BACKSLASH = zipped(GOOD, ("repo/xxevil.toml", b"")).replace(b"repo/xxevil", b"repo\\..\\evl")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (zipped(GOOD, ("../../evil.toml", b"")), "holds a path that leads out of it: '../../evil.toml'"),
        (zipped(GOOD, ("repo/aslms/../../x", b"")), "holds a path that leads out of it: 'repo/aslms/../../x'"),
        (zipped(GOOD, ("/etc/evil.toml", b"")), "holds a path that leads out of it: '/etc/evil.toml'"),
        (zipped(GOOD, ("C:/evil.toml", b"")), "holds a path that leads out of it: 'C:/evil.toml'"),
        (BACKSLASH, "holds a path that leads out of it: 'repo\\\\..\\\\evl.toml'"),
        (tarred(GOOD, ("../evil.toml", b"")), "holds a path that leads out of it: '../evil.toml'"),
        (tarred(GOOD, ("/evil.toml", b"")), "holds a path that leads out of it: '/evil.toml'"),
        (zipped((symlink(SEASON), b"/etc/passwd")), f"holds a link: {SEASON!r}"),
        (zipped((symlink("repo/aslms"), b"/etc")), "holds a link: 'repo/aslms'"),
        (tarred((special(SEASON, tarfile.SYMTYPE, linkname="/etc/passwd"), None)), f"holds a link: {SEASON!r}"),
        (
            tarred(GOOD, (special(SEASON + "x", tarfile.LNKTYPE, linkname=SEASON), None)),
            f"holds a link: {SEASON + 'x'!r}",
        ),
        (tarred(GOOD, (special("r/null", tarfile.CHRTYPE), None)), "holds a device or a pipe: 'r/null'"),
        (tarred(GOOD, (special("r/disk", tarfile.BLKTYPE), None)), "holds a device or a pipe: 'r/disk'"),
        (tarred(GOOD, (special("r/pipe", tarfile.FIFOTYPE), None)), "holds a device or a pipe: 'r/pipe'"),
        (tarred(GOOD, GOOD), f"holds a file twice: {SEASON!r}"),
        (
            tarred(GOOD, ("other/aslms/2030/season.toml", b"")),
            "holds several folders called 'aslms': 'other', 'repo-main/calendars'",
        ),
        (zipped(*[(f"r/{number}", b"") for number in range(20_001)]), "holds more than 20,000 files"),
        (tarred(*[(f"r/{number}", b"") for number in range(20_001)]), "holds more than 20,000 files"),
        (zipped(("repo/README.md", b"")), "holds no folder 'aslms' with definitions"),
        (zipped((SEASON, b"\xff")), f"holds a file that is not UTF-8: {SEASON!r}"),
        (
            zipped((SEASON, os.urandom(300_000))),
            f"holds more, or larger, definitions than are read: {SEASON!r}",
        ),
        (
            tarred(*[(f"r/aslms/s{number}/season.toml", b"") for number in range(201)]),
            "holds more, or larger, definitions than are read: 'r/aslms/s200/season.toml'",
        ),
        (ZIP_BOMB, f"unpacks to more than it may: {len(ZIP_BOMB):,} bytes become 20,000,000 or more"),
        (BOMB, f"unpacks to more than it may: {len(BOMB):,} bytes become {100 * len(BOMB) + 1:,} or more"),
        (zipped(GOOD)[:-30], "is no .zip, or not the whole of one"),
        (tarred(GOOD)[:-12], "ends in the middle of its gzip"),
        (gzip.compress(b"no tar at all" * 100), "is no .tar, or not the whole of one"),
        (b"\x1f\x8bno gzip", "is damaged gzip"),
        (b"<!DOCTYPE html>", "is neither a .zip nor a .tar.gz"),
        (
            zipped(GOOD, compression=zipfile.ZIP_BZIP2),
            f"holds a file that is encrypted, or packed in an odd way: {SEASON!r}",
        ),
    ],
)
def test_a_hostile_archive_is_refused_with_the_reason(body, reason):
    """Slips, bombs, links, devices, doubles, halves: none is unpacked, and each says what it is."""
    assert refusal(read_archive, body, "aslms") == reason


def test_a_zip_that_lies_about_sizes_and_checksums_is_refused():
    """What a file is said to be and what it is may differ."""
    body = zipped((SEASON, b"a = 1 # long enough to be told apart"), compression=zipfile.ZIP_STORED)
    assert refusal(read_archive, body.replace(b"told apart", b"torn apart"), "aslms") == (
        f"holds a file that is damaged: {SEASON!r}"
    )


def test_links_elsewhere_are_nobodys_business():
    """Nothing is unpacked, so a link outside the series' folder leads nowhere."""
    body = tarred(GOOD, (special("repo/latest", tarfile.SYMTYPE, linkname="/etc"), None))
    assert read_archive(body, "aslms") == {"2030/season.toml": "a = 1"}


# The child


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Run another program in the child's place, under the child's own limits."""

    def use(code):
        package = tmp_path / "aslms_feeds"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "foreign.py").write_text(code)
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    return use


LIMITED = f"""\
import os, resource, signal, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({foreign.MEMORY}, {foreign.MEMORY}))
"""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass", "takes more than 5 seconds to read"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "makes its reader crash"),
        ("sys.exit(3)", "makes its reader crash"),
        ("b = bytearray(1 << 30)", "makes its reader crash"),
        ("print('not JSON')", "makes its reader talk nonsense"),
        ('print(\'{"found": {"title": 1, "entries": []}}\')', "makes its reader talk nonsense"),
        ('print(\'{"found": {"title": "", "entries": [{"key": "x"}]}}\')', "makes its reader talk nonsense"),
        ("print('[' * 100000)", "makes its reader talk nonsense"),
        ("while True: sys.stdout.write('x' * 65536)", "says more than can be taken in"),
    ],
)
def test_a_reader_that_goes_wrong_is_a_document_that_is_refused(stand_in, code, reason):
    """Whatever becomes of the child, the parent goes on and says what happened."""
    stand_in(LIMITED + code)
    assert refusal(read_feed, b"x", URL) == reason


def test_a_reader_that_hangs_is_killed(stand_in):
    """It is gone before the call returns, and so is its deputy's clock."""
    stand_in("import time\ntime.sleep(3600)")
    before = threading.active_count()
    assert (
        refusal(read_feed, b"x", URL, seconds=0.3) == "is not read within 0.3 seconds, or needs too much of the machine"
    )
    assert threading.active_count() <= before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_reader_has_little_memory_and_time_and_writes_nothing(tmp_path, monkeypatch):
    """The limits are set before anything foreign is read, and hold."""
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import json, resource\nfrom aslms_feeds import foreign\nforeign._limit()\n"
        "said = [resource.getrlimit(getattr(resource, name))[0] for name in ('RLIMIT_AS', 'RLIMIT_CPU', 'RLIMIT_CORE',"
        " 'RLIMIT_FSIZE')]\n"
        "try:\n    bytearray(foreign.MEMORY)\n    said.append('room')\n"
        "except MemoryError:\n    said.append('no room')\n"
        "try:\n    with open('written', 'wb', buffering=0) as file:\n        file.write(b'x')\n"
        "    said.append('written')\nexcept OSError:\n    said.append('no file')\n"
        "print(json.dumps(said))\n"
    )
    monkeypatch.chdir(tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    reading, writing = os.pipe()
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-B", str(probe)],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)],
    )
    os.close(writing)
    with os.fdopen(reading) as said:
        assert json.loads(said.read()) == [foreign.MEMORY, foreign.CPU_SECONDS, 0, 0, "no room", "no file"]
    assert os.waitpid(child, 0)[1] == 0


def test_a_reader_that_swells_or_spins_by_itself_is_stopped(tmp_path):
    """The real child, given a document that costs more than it may, says so."""
    # Millions of short properties in one event: a calendar library keeps an object for each.
    body = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + b"X:1\r\n" * 3_000_000 + b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    assert refusal(read_calendar, body, seconds=120) in {
        f"takes more than {foreign.CPU_SECONDS} seconds to read",
        f"needs more than {foreign.MEMORY >> 20} MB to read",
    }


def test_the_environment_stays_here(stand_in, monkeypatch):
    """Keys of the publication are not shown to what reads foreign bytes."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    stand_in("import json, os\nprint(json.dumps({'refused': ' '.join(sorted(os.environ))}))")
    assert "AWS" not in refusal(read_feed, b"x", URL)


def test_importing_it_brings_no_library():
    """A child that reads feeds does not pay for calendars, and the parent pays for neither."""
    code = (
        "import sys\nfrom aslms_feeds import foreign\n"
        "print(sorted({'lxml', 'nh3', 'icalendar', 'pydantic', 'httpx'} & set(sys.modules)))"
    )
    reading, writing = os.pipe()
    child = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)]
    )
    os.close(writing)
    with os.fdopen(reading) as said:
        assert said.read() == "[]\n"
    assert os.waitpid(child, 0)[1] == 0


def test_days_out_of_reach_are_no_days():
    """What no season can hold is left out, whoever says it."""
    assert foreign._moment(date(1, 1, 1)) == ""
    assert foreign._moment(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) == ""
    assert foreign._moment(datetime(2030, 1, 1, tzinfo=UTC)) == "2030-01-01T00:00:00+00:00"

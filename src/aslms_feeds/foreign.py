"""What other people's bytes say: archives, feeds and calendars to plain text values, read where they can do no harm.

Each document is read in a child process of its own that may use half a gigabyte and five seconds, write no file and
start nothing. It answers with JSON, of which only so much is read; a reader that crashes, hangs or swells is a
document that is refused, with the reason. This module is both sides: `read_feed` and its like ask, `main` is the child.

Importing it costs next to nothing, since a child does it each time: readers import their libraries themselves.
"""

from __future__ import annotations

import codecs
import html
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import unicodedata
import zipfile
import zlib
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lxml.etree import _Element

T = TypeVar("T")

MEMORY = 512 << 20
"""Octets of address space that a reader may have."""
CPU_SECONDS = 5
SECONDS = 15.0
"""How long a reader may take by the clock on the wall: a busy machine is no fault of the document."""
RESULT = 16 << 20
"""Octets of the JSON that a reader answers with."""

TITLE, TEXT, LINK = 200, 1_000, 2_000
"""Characters that are kept of a title, of a text and of an address; longer addresses are left out."""
MAX_ENTRIES = 500
"""Entries of a feed that are looked at, its first ones."""
MAX_APPOINTMENTS = 2_000

MAX_FILE = 256 * 1024
"""Octets of one definition file, as in `aslms_feeds.toml`."""
MAX_FILES = 200
MAX_DEFINITIONS = 2 << 20
"""Octets of all definition files of an archive."""
MAX_MEMBERS = 20_000
"""Files of any kind in an archive: a repository may hold more than definitions."""
MAX_INFLATED = 128 << 20
"""Octets that an archive may unpack to, of which only the definitions are kept."""
MAX_RATIO = 100
"""How many times its own size an archive may unpack to, once that is more than a megabyte; text is five to ten."""
_SMALL = 1 << 20


class Refused(NamedTuple):
    """Nothing can be made of a document; ``reason`` continues a sentence that begins with its name."""

    reason: str


class Entry(NamedTuple):
    """One item of a feed; texts are plain, clean and short."""

    key: str
    """A digest of what the feed knows it by."""
    title: str
    """One line."""
    text: str
    """Paragraphs, with an empty line between them; may be empty."""
    link: str
    """An absolute https address; empty where there is none."""
    on: str
    """Its day, as 2026-11-21; empty where it does not say."""


class Feed(NamedTuple):
    """A feed's title, which may be empty, and its items in its own order."""

    title: str
    entries: tuple[Entry, ...]


class Appointment(NamedTuple):
    """One VEVENT of a calendar; texts are one clean line each."""

    uid: str
    title: str
    place: str
    start: str
    """ISO 8601: an instant in UTC, a local time without offset where its zone is not known, or a day."""
    end: str
    """The same kind of value, exclusive; empty where it does not say."""
    status: str
    """STATUS in small letters (RFC 5545 section 3.8.1.11); empty where it does not say."""


# Asking


def read_feed(body: bytes, url: str, charset: str = "", *, seconds: float = SECONDS) -> Feed | Refused:
    """Return what an RSS, Atom or JSON feed from ``url`` says; ``charset`` is what its answer said it was."""
    return _ask("feed", body, url, charset, seconds=seconds, build=_feed_of)


def read_calendar(body: bytes, *, seconds: float = SECONDS) -> tuple[Appointment, ...] | Refused:
    """Return the events of an iCalendar file (RFC 5545); of one that repeats, the first."""
    return _ask("calendar", body, seconds=seconds, build=lambda found: tuple(_rows(Appointment, found)))


def read_archive(body: bytes, series: str, *, seconds: float = SECONDS) -> dict[str, str] | Refused:
    """Return the definition files of a series in a .zip or .tar.gz, by their path below the folder of that name."""
    return _ask("archive", body, series, seconds=seconds, build=_files_of)


def _feed_of(found: Any) -> Feed:  # noqa: ANN401 - JSON of a process that is not trusted
    return Feed(_text(found["title"]), tuple(_rows(Entry, found["entries"])))


def _files_of(found: Any) -> dict[str, str]:  # noqa: ANN401
    return {_text(path): _text(text) for path, text in found.items()}


def _rows(kind: Callable[..., T], found: Iterable[Mapping[str, object]]) -> Iterator[T]:
    for row in found:
        yield kind(**{name: _text(value) for name, value in row.items()})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _ask(kind: str, body: bytes, *options: str, seconds: float, build: Callable[[Any], T]) -> T | Refused:
    """Return what ``build`` makes of a reader's answer."""
    answer, status = _run([kind, *options], body, seconds)
    if len(answer) > RESULT:
        return Refused("says more than can be taken in")
    if status == -signal.SIGXCPU:
        return Refused(f"takes more than {CPU_SECONDS} seconds to read")
    if status == -signal.SIGKILL:
        return Refused(f"is not read within {seconds:g} seconds, or needs too much of the machine")
    if status:
        return Refused("makes its reader crash")
    try:
        said = json.loads(answer)
        return Refused(_text(said["refused"])[:TEXT]) if "refused" in said else build(said["found"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Refused("makes its reader talk nonsense")


def _run(arguments: list[str], body: bytes, seconds: float) -> tuple[bytes, int]:
    """Return what a child wrote, a byte more than is allowed at most, and its exit status."""
    # Nothing of the environment but what finds this package: it may hold keys of the publication.
    environment = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    with tempfile.TemporaryFile() as given:
        given.write(body)
        given.seek(0)
        with subprocess.Popen(  # noqa: S603 - ourselves, and the arguments are ids and addresses
            [sys.executable, "-P", "-B", "-m", "aslms_feeds.foreign", *arguments],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as child:
            alarm = threading.Timer(max(seconds, 0.1), child.kill)
            alarm.start()
            try:
                assert child.stdout is not None  # noqa: S101 - a pipe was asked for
                answer = child.stdout.read(RESULT + 1)
                if len(answer) > RESULT:
                    child.kill()
                child.wait()
            finally:
                alarm.cancel()
                child.kill()
            return answer, child.returncode


# The child


class _No(Exception):  # noqa: N818 - it never leaves this module
    """Why a document is refused."""


def main() -> None:
    """Read one document from standard input and write what it says as JSON."""
    _limit()
    kind, *options = sys.argv[1:]
    try:
        said = {"found": _READERS[kind](sys.stdin.buffer.read(), *options)}
    except _No as refused:
        said = {"refused": str(refused)}
    except MemoryError:
        said = {"refused": f"needs more than {MEMORY >> 20} MB to read"}
    except RecursionError:
        said = {"refused": "is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - whatever a library does with hostile bytes
        said = {"refused": f"cannot be read ({type(error).__name__})"}
    sys.stdout.write(json.dumps(said))


def _limit() -> None:
    """Take from this process what no reader needs; what a system does not know is left as it is."""
    for name, soft, hard in (
        ("RLIMIT_AS", MEMORY, MEMORY),
        ("RLIMIT_CPU", CPU_SECONDS, CPU_SECONDS + 1),
        ("RLIMIT_CORE", 0, 0),
        ("RLIMIT_NOFILE", 64, 64),
    ):
        with suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (soft, hard))
    if "COVERAGE_PROCESS_CONFIG" not in os.environ and "COVERAGE_PROCESS_START" not in os.environ:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


# Text

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSETS = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "shift_jis", "euc_jp", "gb18030", "big5"})
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_PROLOG = re.compile(r"(?:\s+|<\?(?:(?!\?>).)*+\?>|<!--(?:(?!-->).)*+-->)*+", re.DOTALL)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def _decoded(body: bytes, charset: str = "") -> str:
    """Return a document's text: its own mark counts more than its own word, and that more than its server's."""
    if not body.strip():
        raise _No("is empty")
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _as_text(body.removeprefix(mark), name)
    declared = _DECLARED.match(body)
    named = declared[1].decode("ascii") if declared else charset
    try:
        known = codecs.lookup(named or "utf-8").name
    except LookupError:
        known = ""
    if known not in _CHARSETS:
        raise _No(f"is written in {named[:40]!r}, which is not read here")
    return _as_text(body, known)


def _as_text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise _No(f"is not {charset.upper()} at byte {error.start:,}") from None


def _no_page(text: str) -> None:
    """Refuse what a login, an error or a captive network answers instead of the document."""
    if _PAGE.match(text, _prolog(text)):
        raise _No("is a page in HTML, such as one to log in with")


def _prolog(text: str) -> int:
    found = _PROLOG.match(text)
    return found.end() if found else 0


# Unicode, UAX 9 and section 23: characters that reorder, hide or tag what stands around them.
_HIDDEN = frozenset(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)]
)


def _clean(text: str) -> str:
    """Return a text without what no feed or calendar carries, and without what makes it look otherwise than it is."""
    return "".join(_kept(char) for char in unicodedata.normalize("NFC", text))


def _kept(char: str) -> str:
    code = ord(char)
    if char in "\n\r\t\u0085\u2028\u2029":
        return "\n" if char != "\t" else " "
    # Unicode section 23.7: noncharacters are never text.
    never = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # noqa: PLR2004 - the block's bounds
    return "" if never or code in _HIDDEN or unicodedata.category(char) in ("Cc", "Cs") else char


def _line(text: str, most: int = TITLE) -> str:
    """Return a text as one clean line."""
    return _shortened(" ".join(_clean(text[: most * 10]).split()), most)


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    words = cut.rpartition(" ")[0].rstrip(" ,;:–-")
    return f"{words if len(words) > most // 2 else cut.rstrip()}…"


def _paragraphs(text: str) -> str:
    """Return a text as clean paragraphs."""
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", _clean(text)))
    return _cut("\n\n".join(part for part in parts if part))


def _cut(text: str) -> str:
    return _shortened(text, TEXT) if "\n\n" not in text[:TEXT] else _shortened_paragraphs(text)


def _shortened_paragraphs(text: str) -> str:
    if len(text) <= TEXT:
        return text
    kept: list[str] = []
    room = TEXT
    for part in text.split("\n\n"):
        if room < TEXT // 10:
            return "\n\n".join([*kept[:-1], f"{kept[-1]}…"]) if not kept[-1].endswith("…") else "\n\n".join(kept)
        kept.append(_shortened(part, room))
        room -= len(part) + 2
    return "\n\n".join(kept)


_BLOCKS = frozenset(
    "p br div li ul ol dl dt dd h1 h2 h3 h4 h5 h6 blockquote pre table tr td th hr section article figure".split()  # noqa: SIM905
)


def _plain(markup: str) -> str:
    """Return HTML as plain paragraphs: its words, without anything that was not to be read."""
    import nh3

    cleaned = nh3.clean(
        markup[: TEXT * 100],
        tags=set(_BLOCKS),
        clean_content_tags={"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title"},
        attributes={},
        link_rel=None,
    )
    # What is left is well formed: every < begins one of the tags above, and every one of those parts two texts.
    return _paragraphs(html.unescape(re.sub(r"<[^>]*>", "\n\n", cleaned.replace("\n", " "))))


# Feeds

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RSS1 = "{http://purl.org/rss/1.0/}"


def _feed(body: bytes, url: str, charset: str) -> dict[str, Any]:
    text = _decoded(body, charset)
    if text.lstrip().startswith("{"):
        title, entries = _json_feed(text, url)
    else:
        _no_page(text)
        title, entries = _xml_feed(text, url)
    seen = {entry.key: entry for entry in reversed(entries)}  # of two with one name, the first
    kept = [entry for entry in entries if seen.get(entry.key) is entry and (entry.title or entry.text)]
    return {"title": _line(title), "entries": [entry._asdict() for entry in kept]}


def _entry(key: str, title: str, text: str, link: str, when: date | None) -> Entry:
    """Return an item; one without a title is called by how its text begins."""
    paragraphs = text.split("\n\n", 1)
    title = title or _shortened(paragraphs[0], TITLE // 2)
    return Entry(sha256(key.encode(errors="replace")).hexdigest(), title, text, link, when.isoformat() if when else "")


def _json_feed(text: str, url: str) -> tuple[str, list[Entry]]:
    """Return title and items of a JSON Feed (version 1.1 of its specification)."""
    try:
        data = json.loads(text)
    except ValueError:
        raise _No("is no JSON, or not the whole of it") from None
    rows = data.get("items")
    if not str(data.get("version", "")).startswith("https://jsonfeed.org/version/") or not isinstance(rows, list):
        raise _No("is JSON, and not a JSON Feed")
    entries = []
    for row in rows[:MAX_ENTRIES]:
        said = {name: value for name, value in row.items() if isinstance(value, str)} if isinstance(row, dict) else {}
        number = row.get("id") if isinstance(row, dict) else None
        key = said.get("id") or (str(number) if isinstance(number, int) else "") or said.get("url", "")
        words = _plain(said["content_html"]) if "content_html" in said else ""
        words = words or _paragraphs(said.get("content_text", "")[: TEXT * 10] or said.get("summary", "")[: TEXT * 10])
        if key:
            when = _iso_day(said.get("date_published") or said.get("date_modified", ""))
            entries.append(_entry(key, _line(said.get("title", "")), words, _link(said.get("url", ""), url), when))
    title = data.get("title")
    return title if isinstance(title, str) else "", entries


def _xml_feed(text: str, url: str) -> tuple[str, list[Entry]]:
    from lxml import etree

    # XML 1.0 section 2.8: entities are declared in a DOCTYPE, and nowhere else; no feed needs one.
    if text.startswith("<!DOCTYPE", _prolog(text)):
        raise _No("has a DOCTYPE, which no feed needs")
    whole = re.sub(r"^\s*<\?xml(?:(?!\?>).)*+\?>", "", text, count=1, flags=re.DOTALL)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(whole.lstrip().encode(errors="replace"), parser)
    except etree.XMLSyntaxError as error:
        raise _No(f"is no XML, or not the whole of it (line {error.lineno})") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _No("has a DOCTYPE, which no feed needs")
    if root.tag == f"{_ATOM}feed":
        return _words(root.find(f"{_ATOM}title")), [_atom(one, url) for one in _first(root.findall(f"{_ATOM}entry"))]
    if root.tag == "rss" and (channel := root.find("channel")) is not None:
        return _inner(channel, "title"), [_rss(one, url, "") for one in _first(channel.findall("item"))]
    if root.tag == f"{_RDF}RDF":
        head = root.find(f"{_RSS1}channel")
        title = _inner(head, f"{_RSS1}title") if head is not None else ""
        return title, [_rss(one, url, _RSS1) for one in _first(root.findall(f"{_RSS1}item"))]
    raise _No(f"is XML, and not a feed: its root is <{_line(etree.QName(root).localname, 40)}>")


def _first(found: list[_Element]) -> list[_Element]:
    return found[:MAX_ENTRIES]


def _inner(element: _Element, name: str) -> str:
    found = element.find(name)
    return "".join(map(str, found.itertext())) if found is not None else ""


def _rss(item: _Element, url: str, space: str) -> Entry:
    """Return an item of RSS 2.0 or RSS 1.0 (``space``), whose texts are HTML, whatever they were meant to be."""
    link = _inner(item, f"{space}link").strip()
    guid = item.find("guid")
    key = _inner(item, "guid").strip() or item.get(f"{_RDF}about", "") or link
    if not link and guid is not None and guid.get("isPermaLink", "true") == "true":
        link = key
    title = " ".join(_plain(_inner(item, f"{space}title")).split())
    markup = _inner(item, f"{_CONTENT}encoded") or _inner(item, f"{space}description")
    when = _mail_day(_inner(item, "pubDate")) or _iso_day(_inner(item, f"{_DC}date"))
    return _entry(key or f"{title} {when}", _shortened(title, TITLE), _plain(markup), _link(link, url), when)


def _atom(entry: _Element, url: str) -> Entry:
    """Return an entry of Atom (RFC 4287 section 4.1.2)."""
    links = [one for one in entry.findall(f"{_ATOM}link") if one.get("rel", "alternate") == "alternate"]
    link = links[0].get("href", "") if links else ""
    title = " ".join(_words(entry.find(f"{_ATOM}title")).split())
    text = _words(entry.find(f"{_ATOM}content")) or _words(entry.find(f"{_ATOM}summary"))
    when = _iso_day(_inner(entry, f"{_ATOM}published")) or _iso_day(_inner(entry, f"{_ATOM}updated"))
    key = _inner(entry, f"{_ATOM}id").strip() or link or f"{title} {when}"
    return _entry(key, _shortened(title, TITLE), text, _link(link, url), when)


def _words(construct: _Element | None) -> str:
    """Return a text construct of Atom (RFC 4287 section 3.1) as plain paragraphs."""
    from lxml import etree

    if construct is None:
        return ""
    match construct.get("type", "text"):
        case "xhtml":
            return _plain(etree.tostring(construct, encoding="unicode", method="html", with_tail=False))
        case "html" | "text/html":
            return _plain("".join(map(str, construct.itertext())))
        case "text" | "text/plain":
            return _paragraphs("".join(map(str, construct.itertext()))[: TEXT * 10])
        case _:
            return ""


def _link(address: str, base: str) -> str:
    """Return an address to link to: absolute, https, without a password; empty where it cannot be."""
    from urllib.parse import quote, urljoin, urlsplit

    if not address.strip():
        return ""
    try:
        whole = urljoin(base, _clean(address[: LINK + 1]).strip())
        parts = urlsplit(whole)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or port == 0 or not parts.netloc.isascii():
        return ""
    written = quote(whole, safe="!#$%&'()*+,/:;=?@[]~")
    return written if len(written) <= LINK else ""


def _mail_day(text: str) -> date | None:
    from email.utils import parsedate_to_datetime

    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return parsedate_to_datetime(text[:100].strip()).date()
    return None


def _iso_day(text: str) -> date | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text[:40].strip()).date()
    with suppress(ValueError):
        return date.fromisoformat(text.strip()[:10])
    return None


# Calendars


def _calendar(body: bytes) -> list[dict[str, str]]:
    import zoneinfo

    from icalendar import Calendar

    zoneinfo.reset_tzpath(())  # the rules of the tzdata package, as everywhere in this program
    text = _decoded(body)
    _no_page(text)
    if not re.match(r"\s*BEGIN:VCALENDAR\s", text, re.IGNORECASE):
        raise _No("does not begin as a calendar does")
    if not re.search(r"\nEND:VCALENDAR\s*\Z", text, re.IGNORECASE):
        raise _No("does not end as a calendar does: it may have been cut short")
    if text.upper().count("BEGIN:VEVENT") > MAX_APPOINTMENTS:
        raise _No(f"has more than {MAX_APPOINTMENTS:,} events")
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        if isinstance(error.__context__, MemoryError):  # which the library takes for a mistake of the calendar
            raise error.__context__ from None
        raise _No("is no calendar that can be read (RFC 5545)") from None
    events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    read = [row for event in events if (row := _appointment(event)) is not None]
    if events and not read:
        raise _No("has no event whose start can be read")
    return [row._asdict() for row in read]


def _appointment(event: Any) -> Appointment | None:  # noqa: ANN401 - icalendar ships no complete types
    try:
        start = event.get("DTSTART").dt
        end = event.get("DTEND").dt if "DTEND" in event else None
        if end is None and "DURATION" in event:
            end = start + event.get("DURATION").dt
        begin, until = _moment(start), _moment(end) if type(end) is type(start) else ""
    except (ValueError, AttributeError, TypeError, OverflowError):
        return None
    title = _property(event, "SUMMARY")
    uid = _property(event, "UID") or f"{title} {begin}"
    place = _property(event, "LOCATION")
    return Appointment(uid, title, place, begin, until, _property(event, "STATUS").lower()) if begin else None


def _property(event: Any, name: str) -> str:  # noqa: ANN401
    value = event.get(name, "")
    return _line(str(value[0] if isinstance(value, list) and value else value))


def _moment(value: object) -> str:
    """Return an instant in UTC, a time of a zone nobody knows, or a day; empty for what no season holds."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo and value.utcoffset() is not None else value.replace(tzinfo=None)
        return moment.replace(microsecond=0).isoformat() if _FIRST <= moment.date() <= _LAST else ""
    if isinstance(value, date):
        return value.isoformat() if _FIRST <= value <= _LAST else ""
    if isinstance(value, timedelta):
        raise TypeError("a duration")
    return ""


_FIRST, _LAST = date(1900, 1, 2), date(2199, 12, 30)

# Archives


class _Member(NamedTuple):
    """One file of an archive."""

    name: str
    kind: str
    """file, link, folder, or other: a device, a pipe."""
    read: Callable[[int], bytes]
    """Return so many bytes of it at most."""


def _archive(body: bytes, series: str) -> dict[str, str]:
    if body.startswith(b"PK"):
        return _definitions(_zipped(body), series)
    if body.startswith(b"\x1f\x8b"):
        return _definitions(_tarred(_inflated(body)), series)
    raise _No("is neither a .zip nor a .tar.gz")


def _definitions(members: Iterable[_Member], series: str) -> dict[str, str]:
    """Return the texts of the series' definition files; nothing is ever written anywhere."""
    found: dict[str, str] = {}
    tops, size = set(), 0
    for count, member in enumerate(members):
        if count >= MAX_MEMBERS:
            raise _No(f"holds more than {MAX_MEMBERS:,} files")
        parts = _parts(member)
        if series not in parts[:-1]:
            if member.kind == "link" and parts[-1] == series:
                raise _No(f"holds a link: {_shown(member.name)}")
            continue
        at = max(index for index, part in enumerate(parts[:-1]) if part == series)
        if member.kind == "link":
            raise _No(f"holds a link: {_shown(member.name)}")
        below = "/".join(parts[at + 1 :])
        if member.kind != "file" or not below.endswith(".toml") or below.count("/") > 1 or "/." in f"/{below}":
            continue
        tops.add("/".join(parts[:at]))
        if below.casefold() in {path.casefold() for path in found} and len(tops) == 1:
            raise _No(f"holds a file twice: {_shown(member.name)}")
        data = member.read(MAX_FILE + 1)
        size += len(data)
        if len(data) > MAX_FILE or size > MAX_DEFINITIONS or len(found) >= MAX_FILES:
            raise _No(f"holds more, or larger, definitions than are read: {_shown(member.name)}")
        try:
            found[below] = data.decode()
        except UnicodeDecodeError:
            raise _No(f"holds a file that is not UTF-8: {_shown(member.name)}") from None
    if len(tops) > 1:
        raise _No(f"holds several folders called {series!r}: {', '.join(sorted(map(_shown, tops)))}")
    if not found:
        raise _No(f"holds no folder {series!r} with definitions")
    return found


def _parts(member: _Member) -> list[str]:
    """Return the steps of a member's path; one that leads out of the archive is an attack, wherever it leads."""
    name = member.name.rstrip("/") if member.kind == "folder" else member.name
    parts = name.removeprefix("./").split("/")
    odd = any(ord(char) < ord(" ") or char in "\\\x7f" for char in name)
    if odd or name.startswith("/") or re.match(r"[A-Za-z]:", name) or any(part in ("", "..") for part in parts if name):
        raise _No(f"holds a path that leads out of it: {_shown(member.name)}")
    if member.kind == "other":
        raise _No(f"holds a device or a pipe: {_shown(member.name)}")
    return parts


def _shown(name: str) -> str:
    return repr(name[:100])


def _zipped(body: bytes) -> Iterator[_Member]:
    import stat

    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise _No("is no .zip, or not the whole of one") from None
    rows = archive.infolist()
    if len(rows) > MAX_MEMBERS:
        raise _No(f"holds more than {MAX_MEMBERS:,} files")
    said = sum(row.file_size for row in rows)
    _sane_size(said, len(body))
    for row in rows:
        mode = row.external_attr >> 16 if row.create_system == 3 else 0  # noqa: PLR2004 - APPNOTE 4.4.2: Unix
        kind = "folder" if row.is_dir() else _KINDS.get(stat.S_IFMT(mode), "other")
        # `filename` has been tidied up by the library: what the archive says is what is judged.
        yield _Member(row.orig_filename, kind, partial(_unzipped, archive, row))


_KINDS = {0: "file", 0o100000: "file", 0o120000: "link", 0o040000: "folder"}


def _unzipped(archive: zipfile.ZipFile, row: zipfile.ZipInfo, most: int) -> bytes:
    if row.flag_bits & 1 or row.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _No(f"holds a file that is encrypted, or packed in an odd way: {_shown(row.orig_filename)}")
    try:
        with archive.open(row) as file:
            return file.read(most)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError):
        raise _No(f"holds a file that is damaged: {_shown(row.orig_filename)}") from None


def _sane_size(unpacked: int, packed: int) -> None:
    if unpacked > MAX_INFLATED or unpacked > max(_SMALL, MAX_RATIO * packed):
        raise _No(f"unpacks to more than it may: {packed:,} bytes become {unpacked:,} or more")


def _inflated(body: bytes) -> bytes:
    inflate = zlib.decompressobj(31)
    most = min(MAX_INFLATED, max(_SMALL, MAX_RATIO * len(body)))
    try:
        data = inflate.decompress(body, most + 1)
    except zlib.error:
        raise _No("is damaged gzip") from None
    _sane_size(len(data), len(body))
    if not inflate.eof:
        raise _No("ends in the middle of its gzip")
    return data


def _tarred(data: bytes) -> Iterator[_Member]:
    import tarfile

    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            while (row := archive.next()) is not None:
                plain = row.isreg() and not row.issparse()
                kind = (
                    "file" if plain else "folder" if row.isdir() else "link" if row.issym() or row.islnk() else "other"
                )

                def read(most: int, row: tarfile.TarInfo = row) -> bytes:
                    file = archive.extractfile(row)
                    return file.read(most) if file else b""

                yield _Member(row.name, kind, read)
    except (tarfile.TarError, ValueError, EOFError, OSError):
        raise _No("is no .tar, or not the whole of one") from None


_READERS: dict[str, Callable[..., Any]] = {"feed": _feed, "calendar": _calendar, "archive": _archive}

if __name__ == "__main__":
    main()

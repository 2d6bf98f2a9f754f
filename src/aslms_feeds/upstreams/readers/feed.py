"""RSS, Atom and JSON feeds: their titles and their items."""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

import nh3
from lxml import etree

from aslms_feeds.upstreams.readers.text import clean, decoded, line, no_page, paragraphs, prolog, shortened
from aslms_feeds.upstreams.readers.values import LINK, TEXT, TITLE, Entry, UnreadableError

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_ENTRIES = 500
"""Entries of a feed that are looked at, its first ones."""

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RSS1 = "{http://purl.org/rss/1.0/}"


def read(body: bytes, url: str, charset: str) -> dict[str, Any]:
    """Return title and items of the feed at ``url``; UnreadableError where it is none, or not the whole of one."""
    text = decoded(body, charset)
    if text.lstrip().startswith("{"):
        title, entries = _json_feed(text, url)
    else:
        no_page(text)
        title, entries = _xml_feed(text, url)
    seen = {entry.key: entry for entry in reversed(entries)}  # of two with one name, the first
    kept = [entry for entry in entries if seen.get(entry.key) is entry and (entry.title or entry.text)]
    return {"title": line(title), "entries": [entry._asdict() for entry in kept]}


def _entry(key: str, title: str, text: str, link: str, when: date | None) -> Entry:
    """Return an item; one without a title is called by how its text begins."""
    paragraphs = text.split("\n\n", 1)
    title = title or shortened(paragraphs[0], TITLE // 2)
    return Entry(sha256(key.encode(errors="replace")).hexdigest(), title, text, link, when.isoformat() if when else "")


def _json_feed(text: str, url: str) -> tuple[str, list[Entry]]:
    """Return title and items of a JSON Feed (version 1.1 of its specification)."""
    try:
        data = json.loads(text)
    except ValueError:
        raise UnreadableError("is no JSON, or not the whole of it") from None
    rows = data.get("items")
    if not str(data.get("version", "")).startswith("https://jsonfeed.org/version/") or not isinstance(rows, list):
        raise UnreadableError("is JSON, and not a JSON Feed")
    entries = []
    for row in rows[:MAX_ENTRIES]:
        said = {name: value for name, value in row.items() if isinstance(value, str)} if isinstance(row, dict) else {}
        number = row.get("id") if isinstance(row, dict) else None
        key = said.get("id") or (str(number) if isinstance(number, int) else "") or said.get("url", "")
        words = _plain(said["content_html"]) if "content_html" in said else ""
        words = words or paragraphs(said.get("content_text", "")[: TEXT * 10] or said.get("summary", "")[: TEXT * 10])
        if key:
            when = _iso_day(said.get("date_published") or said.get("date_modified", ""))
            entries.append(_entry(key, line(said.get("title", "")), words, _link(said.get("url", ""), url), when))
    title = data.get("title")
    return title if isinstance(title, str) else "", entries


def _xml_feed(text: str, url: str) -> tuple[str, list[Entry]]:
    # XML 1.0 section 2.8: entities are declared in a DOCTYPE, and nowhere else; no feed needs one.
    if text.startswith("<!DOCTYPE", prolog(text)):
        raise UnreadableError("has a DOCTYPE, which no feed needs")
    whole = re.sub(r"^\s*<\?xml(?:(?!\?>).)*+\?>", "", text, count=1, flags=re.DOTALL)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(whole.lstrip().encode(errors="replace"), parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"is no XML, or not the whole of it (line {error.lineno})") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableError("has a DOCTYPE, which no feed needs")
    if root.tag == f"{_ATOM}feed":
        return _words(root.find(f"{_ATOM}title")), [_atom(one, url) for one in _first(root.findall(f"{_ATOM}entry"))]
    if root.tag == "rss" and (channel := root.find("channel")) is not None:
        return _inner(channel, "title"), [_rss(one, url, "") for one in _first(channel.findall("item"))]
    if root.tag == f"{_RDF}RDF":
        head = root.find(f"{_RSS1}channel")
        title = _inner(head, f"{_RSS1}title") if head is not None else ""
        return title, [_rss(one, url, _RSS1) for one in _first(root.findall(f"{_RSS1}item"))]
    raise UnreadableError(f"is XML, and not a feed: its root is <{line(etree.QName(root).localname, 40)}>")


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
    return _entry(key or f"{title} {when}", shortened(title, TITLE), _plain(markup), _link(link, url), when)


def _atom(entry: _Element, url: str) -> Entry:
    """Return an entry of Atom (RFC 4287 section 4.1.2)."""
    links = [one for one in entry.findall(f"{_ATOM}link") if one.get("rel", "alternate") == "alternate"]
    link = links[0].get("href", "") if links else ""
    title = " ".join(_words(entry.find(f"{_ATOM}title")).split())
    text = _words(entry.find(f"{_ATOM}content")) or _words(entry.find(f"{_ATOM}summary"))
    when = _iso_day(_inner(entry, f"{_ATOM}published")) or _iso_day(_inner(entry, f"{_ATOM}updated"))
    key = _inner(entry, f"{_ATOM}id").strip() or link or f"{title} {when}"
    return _entry(key, shortened(title, TITLE), text, _link(link, url), when)


def _words(construct: _Element | None) -> str:
    """Return a text construct of Atom (RFC 4287 section 3.1) as plain paragraphs."""
    if construct is None:
        return ""
    match construct.get("type", "text"):
        case "xhtml":
            return _plain(etree.tostring(construct, encoding="unicode", method="html", with_tail=False))
        case "html" | "text/html":
            return _plain("".join(map(str, construct.itertext())))
        case "text" | "text/plain":
            return paragraphs("".join(map(str, construct.itertext()))[: TEXT * 10])
        case _:
            return ""


def _link(address: str, base: str) -> str:
    """Return an address to link to: absolute, https, without a password; empty where it cannot be."""
    if not address.strip():
        return ""
    try:
        whole = urljoin(base, clean(address[: LINK + 1]).strip())
        parts = urlsplit(whole)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or port == 0 or not parts.netloc.isascii():
        return ""
    written = quote(whole, safe="!#$%&'()*+,/:;=?@[]~")
    return written if len(written) <= LINK else ""


def _mail_day(text: str) -> date | None:
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return parsedate_to_datetime(text[:100].strip()).date()
    return None


def _iso_day(text: str) -> date | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text[:40].strip()).date()
    with suppress(ValueError):
        return date.fromisoformat(text.strip()[:10])
    return None


_BLOCKS = frozenset(
    "p br div li ul ol dl dt dd h1 h2 h3 h4 h5 h6 blockquote pre table tr td th hr section article figure".split()  # noqa: SIM905 - as one reads it
)


def _plain(markup: str) -> str:
    """Return HTML as plain paragraphs: its words, without anything that was not to be read."""
    cleaned = nh3.clean(
        markup[: TEXT * 100],
        tags=set(_BLOCKS),
        clean_content_tags={"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title"},
        attributes={},
        link_rel=None,
    )
    # What is left is well formed: every < begins one of the tags above, and every one of those parts two texts.
    return paragraphs(html.unescape(re.sub(r"<[^>]*>", "\n\n", cleaned.replace("\n", " "))))

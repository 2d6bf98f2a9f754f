"""Reads RSS, Atom and JSON feeds: their titles and their items."""

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

from aslms_feeds.upstreams.readers.text import (
    clean,
    clean_line,
    clean_paragraphs,
    decode,
    find_root,
    refuse_page,
    shorten_foreign,
)
from aslms_feeds.upstreams.readers.values import MAX_LINK, MAX_TEXT, MAX_TITLE, FeedEntry, UnreadableError

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_ENTRIES = 500
"""Entries of a feed that are read: its first ones."""

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RSS1 = "{http://purl.org/rss/1.0/}"


def read_feed(body: bytes, url: str, charset: str) -> dict[str, Any]:
    """Return title and items of the feed at ``url``; UnreadableError where it is none, or not the whole of one."""
    text = decode(body, charset)
    if text.lstrip().startswith("{"):
        title, entries = _parse_json_feed(text, url)
    else:
        refuse_page(text)
        title, entries = _parse_xml_feed(text, url)
    first_entries = {entry.key: entry for entry in reversed(entries)}  # of two with one key, the first
    rows = [entry._asdict() for entry in entries if first_entries[entry.key] is entry and (entry.title or entry.text)]
    return {"title": clean_line(title), "entries": rows}


def _make_entry(key: str, title: str, text: str, link: str, day: date | None) -> FeedEntry:
    """Return an item; one without a title is called by how its text begins."""
    title = title or shorten_foreign(text.split("\n\n", 1)[0], MAX_TITLE // 2)
    hashed_key = sha256(key.encode(errors="replace")).hexdigest()
    return FeedEntry(hashed_key, title, text, link, day.isoformat() if day else "")


def _parse_json_feed(text: str, url: str) -> tuple[str, list[FeedEntry]]:
    """Return title and items of a JSON Feed (version 1.1 of its specification)."""
    try:
        data = json.loads(text)
    except ValueError:
        raise UnreadableError("is no JSON, or not the whole of it") from None
    rows = data.get("items")
    if not str(data.get("version", "")).startswith("https://jsonfeed.org/version/") or not isinstance(rows, list):
        raise UnreadableError("is JSON, and not a JSON Feed")
    entries = [_parse_json_item(row, url) for row in rows[:MAX_ENTRIES] if isinstance(row, dict)]
    title = data.get("title")
    return title if isinstance(title, str) else "", [entry for entry in entries if entry]


def _parse_json_item(row: dict[str, object], url: str) -> FeedEntry | None:
    """Return an item; None where nothing tells it from others."""
    texts = {name: value for name, value in row.items() if isinstance(value, str)}
    number = row.get("id")
    key = texts.get("id") or (str(number) if isinstance(number, int) else "") or texts.get("url", "")
    if not key:
        return None
    text = _strip_markup(texts.get("content_html", "")) or clean_paragraphs(
        texts.get("content_text", "")[: MAX_TEXT * 10] or texts.get("summary", "")[: MAX_TEXT * 10]
    )
    day = _parse_iso_day(texts.get("date_published") or texts.get("date_modified", ""))
    return _make_entry(key, clean_line(texts.get("title", "")), text, _clean_link(texts.get("url", ""), url), day)


def _parse_xml_feed(text: str, url: str) -> tuple[str, list[FeedEntry]]:
    root = _parse_xml(text)
    if root.tag == f"{_ATOM}feed":
        entries = root.findall(f"{_ATOM}entry")[:MAX_ENTRIES]
        return _parse_atom_text(root.find(f"{_ATOM}title")), [_parse_atom_entry(entry, url) for entry in entries]
    if root.tag == "rss" and (channel := root.find("channel")) is not None:
        items = channel.findall("item")[:MAX_ENTRIES]
        return _find_text(channel, "title"), [_parse_rss_item(item, url, "") for item in items]
    if root.tag == f"{_RDF}RDF":
        channel = root.find(f"{_RSS1}channel")
        title = _find_text(channel, f"{_RSS1}title") if channel is not None else ""
        items = root.findall(f"{_RSS1}item")[:MAX_ENTRIES]
        return title, [_parse_rss_item(item, url, _RSS1) for item in items]
    raise UnreadableError(f"is XML, and not a feed: its root is <{clean_line(etree.QName(root).localname, 40)}>")


def _parse_xml(text: str) -> _Element:
    # XML 1.0 section 2.8: entities are declared in a DOCTYPE, and nowhere else; no feed needs one.
    if text.startswith("<!DOCTYPE", find_root(text)):
        raise UnreadableError("has a DOCTYPE, which no feed needs")
    undeclared = re.sub(r"^\s*<\?xml(?:(?!\?>).)*+\?>", "", text, count=1, flags=re.DOTALL)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(undeclared.lstrip().encode(errors="replace"), parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"is no XML, or not the whole of it (line {error.lineno})") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableError("has a DOCTYPE, which no feed needs")
    return root


def _find_text(element: _Element, name: str) -> str:
    child = element.find(name)
    return "".join(map(str, child.itertext())) if child is not None else ""


def _parse_rss_item(item: _Element, url: str, namespace: str) -> FeedEntry:
    """Return an item of RSS 2.0, or of RSS 1.0 (``namespace``); its texts are HTML, whatever they were meant to be."""
    link = _find_text(item, f"{namespace}link").strip()
    guid = item.find("guid")
    key = _find_text(item, "guid").strip() or item.get(f"{_RDF}about", "") or link
    if not link and guid is not None and guid.get("isPermaLink", "true") == "true":
        link = key
    title = " ".join(_strip_markup(_find_text(item, f"{namespace}title")).split())
    text = _strip_markup(_find_text(item, f"{_CONTENT}encoded") or _find_text(item, f"{namespace}description"))
    day = _parse_mail_day(_find_text(item, "pubDate")) or _parse_iso_day(_find_text(item, f"{_DC}date"))
    return _make_entry(key or f"{title} {day}", shorten_foreign(title, MAX_TITLE), text, _clean_link(link, url), day)


def _parse_atom_entry(entry: _Element, url: str) -> FeedEntry:
    """Return an entry of Atom (RFC 4287 section 4.1.2)."""
    links = [link for link in entry.findall(f"{_ATOM}link") if link.get("rel", "alternate") == "alternate"]
    link = links[0].get("href", "") if links else ""
    title = " ".join(_parse_atom_text(entry.find(f"{_ATOM}title")).split())
    text = _parse_atom_text(entry.find(f"{_ATOM}content")) or _parse_atom_text(entry.find(f"{_ATOM}summary"))
    day = _parse_iso_day(_find_text(entry, f"{_ATOM}published")) or _parse_iso_day(_find_text(entry, f"{_ATOM}updated"))
    key = _find_text(entry, f"{_ATOM}id").strip() or link or f"{title} {day}"
    return _make_entry(key, shorten_foreign(title, MAX_TITLE), text, _clean_link(link, url), day)


def _parse_atom_text(construct: _Element | None) -> str:
    """Return a text construct of Atom (RFC 4287 section 3.1) as plain paragraphs."""
    if construct is None:
        return ""
    match construct.get("type", "text"):
        case "xhtml":
            return _strip_markup(etree.tostring(construct, encoding="unicode", method="html", with_tail=False))
        case "html" | "text/html":
            return _strip_markup("".join(map(str, construct.itertext())))
        case "text" | "text/plain":
            return clean_paragraphs("".join(map(str, construct.itertext()))[: MAX_TEXT * 10])
        case _:
            return ""


def _clean_link(address: str, base: str) -> str:
    """Return an address to link to: absolute, https, without a password; empty where it cannot be."""
    if not address.strip():
        return ""
    try:
        whole = urljoin(base, clean(address[: MAX_LINK + 1]).strip())
        parts = urlsplit(whole)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or port == 0 or not parts.netloc.isascii():
        return ""
    quoted = quote(whole, safe="!#$%&'()*+,/:;=?@[]~")
    return quoted if len(quoted) <= MAX_LINK else ""


def _parse_mail_day(text: str) -> date | None:
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return parsedate_to_datetime(text[:100].strip()).date()
    return None


def _parse_iso_day(text: str) -> date | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text[:40].strip()).date()
    with suppress(ValueError):
        return date.fromisoformat(text.strip()[:10])
    return None


_BLOCKS = frozenset(
    "p br div li ul ol dl dt dd h1 h2 h3 h4 h5 h6 blockquote pre table tr td th hr section article figure".split()  # noqa: SIM905 - as one reads it
)


def _strip_markup(markup: str) -> str:
    """Return the visible words of HTML as plain paragraphs."""
    cleaned = nh3.clean(
        markup[: MAX_TEXT * 100],
        tags=set(_BLOCKS),
        clean_content_tags={"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title"},
        attributes={},
        link_rel=None,
    )
    # What is left is well formed: every < begins one of the tags above, and every one of those parts two texts.
    return clean_paragraphs(html.unescape(re.sub(r"<[^>]*>", "\n\n", cleaned.replace("\n", " "))))

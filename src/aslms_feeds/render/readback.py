"""The last gate: every distinct rendering is parsed back and compared with the model before the switch.

A document that is refused here stops its series; what is public stays public.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from icalendar import Calendar as Vcalendar
from icalendar import vCategory
from lxml import etree
from lxml import html as lxml_html

from aslms_feeds.errors import RenderError
from aslms_feeds.publication.formats import ATOM, JSON_FEED, RSS
from aslms_feeds.publication.manifest import HTML, JSON
from aslms_feeds.render.ics import format_description, format_status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from icalendar import Component as Vcomponent

    from aslms_feeds.definitions.publisher import Cancelled
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.edition import Edition
    from aslms_feeds.editions.feeds import Feed
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.stamps import Revision
    from aslms_feeds.publication.manifest import Document
    from aslms_feeds.render.calendar_files import CalendarFile
    from aslms_feeds.render.ics import EventForm

_WRAP = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n%sEND:VCALENDAR\r\n"
_LONG_LINE = re.compile(rb"[^\r\n]{76,}")
_BARE_END = re.compile(rb"[^\r]\n|\r[^\n]")
_TZID = re.compile(rb"\r\nDT(?:START|END);TZID=\"?([^:\";]+)")
_ATOM = "{http://www.w3.org/2005/Atom}"


def check_series(
    edition: Edition,
    documents: Iterable[Document],
    calendars: Sequence[CalendarFile],
    feeds: Iterable[tuple[str, Feed]],
    published: Mapping[str, str],
    reused: Collection[tuple[str, EventForm]] = (),
) -> None:
    """Raise :class:`RenderError` for the first document of a series that does not say what the model says.

    ``feeds`` come with their folders. ``published`` holds the SHA-256 of what is public, by path: the same bytes were
    read back before they became so, and so were the VEVENTs that are ``reused``.
    """
    fresh = {document.path: document for document in documents if published.get(document.path) != document.sha256}
    _check_calendars(edition, calendars, fresh, reused)
    for folder, feed in feeds:
        check_feed(feed, folder, fresh)
    for document in fresh.values():
        if document.media_type == HTML:
            check_page(document)
        elif document.media_type == JSON:
            json.loads(document.body)


def _check_calendars(
    edition: Edition,
    calendars: Sequence[CalendarFile],
    fresh: Collection[str],
    reused: Collection[tuple[str, EventForm]],
) -> None:
    """Check the calendars at the ``fresh`` paths, each VEVENT once."""
    components = {component.uid: component for season in edition.seasons for component in season.components}
    languages = {language.tag: language for language in edition.languages}
    checked = {key for file in calendars if file.calendar.path not in fresh for key in file.vevents} | set(reused)
    for file in calendars:
        if file.calendar.path not in fresh:
            continue
        for (uid, form), body in file.vevents.items():
            if (uid, form) not in checked:
                checked.add((uid, form))
                language = languages[form.language]
                _check_vevent(components[uid], edition.revisions[uid], language, form.cancelled, body)
        _check_calendar(file)


def _check_vevent(component: Component, revision: Revision, language: Language, policy: Cancelled, body: bytes) -> None:
    if _LONG_LINE.search(body) or _BARE_END.search(body):
        message = f"{component.uid} has a line that is too long or ends wrongly"
        raise RenderError(message)
    try:
        event = Vcalendar.from_ical(_WRAP % body).walk("VEVENT")[0]
    except (ValueError, IndexError) as error:
        message = f"the VEVENT of {component.uid} cannot be read back: {error}"
        raise RenderError(message) from error
    words = component.words[language.tag]
    expected = {
        "UID": component.uid,
        "SUMMARY": words.summary,
        "DESCRIPTION": format_description(component, revision, language),
        "LOCATION": words.location,
        "URL": words.url,
        "SEQUENCE": revision.sequence,
        "DTSTART": component.span.start,
        "DTEND": component.span.end,
        "DTSTAMP": revision.last_modified,
        "LAST-MODIFIED": revision.last_modified,
        "CREATED": revision.created,
        "STATUS": format_status(component.status, policy),
        "CATEGORIES": words.categories,
    }
    for name, value in expected.items():
        read_back = _read_property(event, name)
        if read_back != value:
            message = f"{name} of {component.uid} reads back as {read_back!r}, not {value!r}"
            raise RenderError(message, hint="this is a fault of the program; what is public stays public")


def _read_property(event: Vcomponent, name: str) -> object:
    """Return a property of a VEVENT in the form the model has it."""
    value = event.get(name)
    if isinstance(value, vCategory):
        return tuple(map(str, value.cats))
    if hasattr(value, "dt"):
        return value.dt.astimezone(UTC) if isinstance(value.dt, datetime) else value.dt
    return "" if value is None else int(value) if name == "SEQUENCE" else str(value)


def _check_calendar(file: CalendarFile) -> None:
    """Check the joints: head, each component's VEVENT once and in order, and the end."""
    path = file.calendar.path
    uids = [uid for uid, _form in file.vevents]
    if not uids or uids != [component.uid for component in file.components] or len(set(uids)) != len(uids):
        message = f"{path} does not hold each of its {len(file.components)} events once"
        raise RenderError(message)
    _check_joints(path, file.head, list(file.vevents.values()), file.body)


def _check_joints(path: str, head: bytes, vevents: Sequence[bytes], whole: bytes) -> None:
    body = b"".join(vevents)
    if _LONG_LINE.search(head) or _BARE_END.search(head):
        message = f"{path} has a line that is too long or ends wrongly"
        raise RenderError(message)
    begins = head.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    if not begins or whole != head + body + b"END:VCALENDAR\r\n" or body.count(b"BEGIN:VEVENT\r\n") != len(vevents):
        message = f"{path} does not begin, go on and end as a calendar does"
        raise RenderError(message)


def check_bundle_calendar(document: Document, url: str, head: bytes, vevents: Mapping[str, bytes]) -> None:
    """Check a calendar that is joined from public VEVENTs, which were read back before: its head, zones and joints.

    ``url`` is its own address, ``vevents`` are by UID. Raises :class:`RenderError`.
    """
    _check_joints(document.path, head, list(vevents.values()), document.body)
    parsed = Vcalendar.from_ical(head + b"END:VCALENDAR\r\n")
    used_zones = {name.decode() for vevent in vevents.values() for name in _TZID.findall(vevent)}
    zones = [str(zone["TZID"]) for zone in parsed.walk("VTIMEZONE")]
    if not vevents or str(parsed["SOURCE"]) != url or sorted(used_zones) != sorted(zones):
        message = f"{document.path} does not hold its address, its events and the zones of its times, each once"
        raise RenderError(message)


def check_feed(feed: Feed, folder: str, documents: Mapping[str, Document]) -> None:
    """Check that a feed reads back in each format that is among ``documents``; raises :class:`RenderError`."""
    expected = [(item.id, item.title) for item in feed.items]
    parsers = {ATOM.file: _parse_atom_items, RSS.file: _parse_rss_items, JSON_FEED.file: _parse_json_items}
    for name, parse in parsers.items():
        document = documents.get(f"{folder}/{name}")
        if document is not None and parse(document) != expected:
            message = f"{folder}/{name} does not hold the {len(expected)} items of its feed in order"
            raise RenderError(message)


def _parse_atom_items(document: Document) -> list[tuple[str | None, str | None]]:
    entries = _parse_xml(document).iter(f"{_ATOM}entry")
    return [(entry.findtext(f"{_ATOM}id"), entry.findtext(f"{_ATOM}title")) for entry in entries]


def _parse_rss_items(document: Document) -> list[tuple[str | None, str | None]]:
    return [(item.findtext("guid"), item.findtext("title")) for item in _parse_xml(document).iter("item")]


def _parse_json_items(document: Document) -> list[tuple[str | None, str | None]]:
    return [(item["id"], item["title"]) for item in json.loads(document.body)["items"]]


def _parse_xml(document: Document) -> etree._Element:
    try:
        return etree.fromstring(document.body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        message = f"{document.path} is no XML: {error}"
        raise RenderError(message) from error


def check_page(document: Document) -> None:
    """Check that a page has a title, a heading and a language; raises :class:`RenderError`."""
    page = lxml_html.document_fromstring(document.body.decode())
    if not (page.findtext(".//title") or "").strip() or page.find(".//h1") is None or not page.get("lang"):
        message = f"{document.path} lacks a title, a heading or a language"
        raise RenderError(message)

"""Data for search engines: seasons and race meetings as schema.org describes them, in JSON-LD."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from aslms_feeds.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.moments import Span
    from aslms_feeds.render.book import Book
    from aslms_feeds.render.meetings import MeetingView
    from aslms_feeds.render.seasons import SeasonView

_STATUS = {
    Status.CANCELLED: "https://schema.org/EventCancelled",
    Status.POSTPONED: "https://schema.org/EventPostponed",
    Status.PROVISIONAL: "https://schema.org/EventScheduled",
    Status.CONFIRMED: "https://schema.org/EventScheduled",
}


def season_data(book: Book, season: SeasonView) -> dict[str, Any]:
    """Return a season as an EventSeries of its meetings."""
    url = book.url(season.id)
    organizer = season.organiser
    known = [event for meeting in season.meetings if (event := _event_data(book, season, meeting))]
    data: dict[str, Any] = {"@type": "EventSeries", "@id": url, "name": season.name, "url": url}
    if organizer:
        data["organizer"] = {"@type": "Organization", "name": organizer}
    if known:
        data["subEvent"] = known
    return {"@context": "https://schema.org", **data}


def meeting_data(book: Book, meeting: MeetingView, season: SeasonView) -> dict[str, Any]:
    """Return a race meeting as a SportsEvent with its sessions; nothing while its day or place is not known."""
    data = _event_data(book, season, meeting)
    if not data:
        return {}
    whole = {"@type": "EventSeries", "@id": book.url(season.id), "name": season.name, "url": book.url(season.id)}
    parts = [
        {
            "@type": "SportsEvent",
            "name": f"{meeting.name}: {one.name}",
            "url": f"{data['url']}#{one.id}",
            "sport": "Motorsport",
            "eventStatus": _STATUS[one.status],
            "location": data["location"],
            **_days_data(one.span, end=one.span.end_known),
        }
        for one in meeting.sessions
        if one.span and one.day
    ]
    return {
        "@context": "https://schema.org",
        **data,
        "superEvent": whole,
        **({"subEvent": parts} if parts else {}),
    }


def _event_data(book: Book, season: SeasonView, meeting: MeetingView) -> dict[str, Any]:
    """Return a meeting as a SportsEvent, or nothing while the day or place that search engines demand is not known."""
    if not meeting.span or not meeting.circuit:
        return {}
    url = book.url(season.id, meeting.id)
    circuit = meeting.circuit
    address = {"@type": "PostalAddress", "addressCountry": circuit.country}
    if circuit.city:
        address["addressLocality"] = circuit.city
    place: dict[str, Any] = {"@type": "Place", "name": meeting.venue, "address": address}
    if circuit.latitude is not None:
        place["geo"] = {"@type": "GeoCoordinates", "latitude": circuit.latitude, "longitude": circuit.longitude}
    data: dict[str, Any] = {
        "@type": "SportsEvent",
        "@id": url,
        "name": meeting.name,
        "url": url,
        "sport": "Motorsport",
        "eventStatus": _STATUS[meeting.status],
        "location": place,
        **_days_data(meeting.span, end=True),
    }
    organizer = season.organiser
    if organizer:
        data["organizer"] = {"@type": "Organization", "name": organizer}
    return data


def _days_data(span: Span, *, end: bool) -> dict[str, str]:
    """Return start and end as schema.org wants them: times with their offset, or days, the last one included."""
    if isinstance(span.local_start, datetime):
        said = {"startDate": span.local_start.isoformat()}
        return {**said, "endDate": span.local_end.isoformat()} if end else said
    return {"startDate": span.first_day.isoformat(), "endDate": span.last_day.isoformat()}


def data_block(data: Mapping[str, Any]) -> Markup:
    """Return JSON for a data block: ``<`` is written as an escape, so that nothing can close the element."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped for a data block above

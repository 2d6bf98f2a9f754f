"""Data for search engines: seasons, race meetings and the way to a page as schema.org describes them, in JSON-LD.

An event is told once its day and its place are known: search engines refuse one without a name, a startDate or a
location. Its eventStatus says more than ours: what was moved, or postponed to a day that is known, is EventRescheduled
and names its former start.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from aslms_feeds.definitions.times import load_zone as timezone_of
from aslms_feeds.definitions.times import to_local
from aslms_feeds.definitions.values import Status, What
from aslms_feeds.ledger.history import collect_facts
from aslms_feeds.ledger.values import When

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aslms_feeds.definitions.season import Change
    from aslms_feeds.definitions.times import Span
    from aslms_feeds.render.images.posters import ShareImage
    from aslms_feeds.render.pages.meetings import MeetingView, SessionView
    from aslms_feeds.render.pages.seasons import SeasonView
    from aslms_feeds.render.pages.series_view import Book

Data = dict[str, Any]

CONTEXT = "https://schema.org"
_STATUS = {
    Status.CANCELLED: f"{CONTEXT}/EventCancelled",
    Status.POSTPONED: f"{CONTEXT}/EventPostponed",
    Status.PROVISIONAL: f"{CONTEXT}/EventScheduled",
    Status.CONFIRMED: f"{CONTEXT}/EventScheduled",
}
_RESCHEDULED = f"{CONTEXT}/EventRescheduled"
_NEW_STARTS = (What.MOVED, What.RETIMED, What.REINSTATED)


def season_data(book: Book, season: SeasonView, image: ShareImage, description: str) -> Data:
    """Return a season as an EventSeries of its meetings; nothing while no day or no place of it is known."""
    data = _season(book, season)
    if "startDate" not in data or "location" not in data:
        return {}
    before = _former_starts(season)
    known = [told for meeting in season.meetings if (told := _meeting(book, season, meeting, before))]
    return {
        "@context": CONTEXT,
        **data,
        **_presented(book, image, description),
        **_organised(book, season),
        "eventStatus": _STATUS[season.season.status],
        "subEvent": known,
    }


def meeting_data(book: Book, meeting: MeetingView, season: SeasonView, image: ShareImage, description: str) -> Data:
    """Return a race meeting as a SportsEvent with its sessions; nothing while its day or place is not known."""
    before = _former_starts(season)
    data = _meeting(book, season, meeting, before)
    if not data:
        return {}
    parts = [
        {
            "@type": "SportsEvent",
            "name": book.language.gettext("%(event)s: %(session)s", event=meeting.name, session=one.name),
            "url": f"{data['url']}#{one.id}",
            "sport": "Motorsport",
            "location": data["location"],
            **_when(one, one.span, before.get((meeting.id, one.id), ""), _postponed_to(meeting, one)),
        }
        for one in meeting.sessions
        if one.span and one.day
    ]
    return {
        "@context": CONTEXT,
        **data,
        **_presented(book, image, description),
        **({"subEvent": parts} if parts else {}),
        "superEvent": _season(book, season),
    }


def _season(book: Book, season: SeasonView) -> Data:
    """Return what is said of a season wherever it is named."""
    url = book.url(season.id)
    data: Data = {"@type": "EventSeries", "@id": url, "name": season.name, "url": url}
    if season.dates:
        first, last = season.dates
        data |= {"startDate": first.isoformat(), "endDate": last.isoformat()}
    places = {one.venue: _place(one) for one in season.meetings if one.circuit}
    if places:
        data["location"] = list(places.values())
    return data


def _meeting(book: Book, season: SeasonView, meeting: MeetingView, before: Mapping[tuple[str, str], str]) -> Data:
    """Return a meeting as a SportsEvent, or nothing while the day or place that search engines demand is not known."""
    if not meeting.span or not meeting.circuit:
        return {}
    url = book.url(season.id, meeting.id)
    return {
        "@type": "SportsEvent",
        "@id": url,
        "name": meeting.name,
        "url": url,
        "sport": "Motorsport",
        "location": _place(meeting),
        **_when(meeting, meeting.span, before.get((meeting.id, ""), ""), _postponed_to(meeting)),
        **_organised(book, season),
    }


def _place(meeting: MeetingView) -> Data:
    circuit = meeting.circuit
    place: Data = {"@type": "Place", "name": meeting.venue}
    if circuit:
        address = {"@type": "PostalAddress", "addressCountry": circuit.country}
        place["address"] = address | ({"addressLocality": circuit.city} if circuit.city else {})
    if circuit and circuit.latitude is not None:
        place["geo"] = {"@type": "GeoCoordinates", "latitude": circuit.latitude, "longitude": circuit.longitude}
    return place


def _organised(book: Book, season: SeasonView) -> Data:
    if not season.organiser:
        return {}
    # The series' own site is its organiser's, not that of who organised an old season.
    own = {"url": book.series.url} if book.series.url and not season.season.organiser else {}
    return {"organizer": {"@type": "Organization", "name": season.organiser, **own}}


def _presented(book: Book, image: ShareImage, description: str) -> Data:
    return {"image": [image.url], "description": description, "inLanguage": book.language.tag}


def _when(about: MeetingView | SessionView, span: Span, former: str, postponed_to: str) -> Data:
    """Return status, start and end as schema.org wants them, and the former start of what has another one now."""
    days = _days(span)
    if about.status is Status.POSTPONED and postponed_to:
        return {"eventStatus": _RESCHEDULED, "previousStartDate": days["startDate"], "startDate": postponed_to}
    # A day that got its time is no other start.
    if former and not about.off and not days["startDate"].startswith(former):
        return {"eventStatus": _RESCHEDULED, "previousStartDate": former, **days}
    return {"eventStatus": _STATUS[about.status], **days}


def _days(span: Span) -> dict[str, str]:
    """Return start and end: times with their offset, or days, the last one included; no end that is assumed."""
    if isinstance(span.local_start, datetime):
        said = {"startDate": span.local_start.isoformat()}
        return {**said, "endDate": span.local_end.isoformat()} if span.end_known else said
    return {"startDate": span.first_day.isoformat(), "endDate": span.last_day.isoformat()}


def _postponed_to(meeting: MeetingView, session: SessionView | None = None) -> str:
    """Return the new start of what is postponed, where its own ``change`` says a day or a time; else nothing."""
    about = session.id if session else None
    for change in meeting.event.changes:
        if change.session == about and change.what is What.POSTPONED:
            return _moment(change, meeting.circuit.timezone if meeting.circuit else "UTC")
    return ""


def _moment(change: Change, timezone: str) -> str:
    match change.after:
        case datetime() as start:
            return start.replace(tzinfo=timezone_of(timezone)).isoformat()
        case date() as day:
            return day.isoformat()
        case _:
            return ""


def _former_starts(season: SeasonView) -> dict[tuple[str, str], str]:
    """Return the start that each meeting and session had before its last change, by their ids today."""
    names = {old: event.id for event in season.season.events for old in (event.id, *event.formerly)}
    found = {}
    facts = collect_facts(season.edition.files, season.book.edition.files, season.edition.ledger)
    # What the ledger saw comes first, oldest first; history that was only told is older than that.
    for fact in sorted(
        facts, key=lambda one: (one.at is not None, one.at.isoformat() if one.at else str(one.on or ""))
    ):
        if fact.what in _NEW_STARTS and isinstance(fact.before, When):
            start = to_local(fact.before.start, fact.timezone)
            found[names.get(fact.event, fact.event), fact.session] = start.isoformat()
    return found


def data_block(data: Mapping[str, Any]) -> Markup:
    """Return JSON for a data block: ``<`` is written as an escape, so that nothing can close the element."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped for a data block above


def breadcrumbs(trail: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the way from the front page to a page, each step an address and a name; search engines want two."""
    if len(trail) < 2:  # noqa: PLR2004 - the front page has no way to it
        return {}
    steps = [
        {"@type": "ListItem", "position": position, "name": name, "item": url}
        for position, (url, name) in enumerate(trail, 1)
    ]
    return {"@context": CONTEXT, "@type": "BreadcrumbList", "itemListElement": steps}

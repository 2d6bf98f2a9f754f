"""Data for search engines: seasons, race meetings and the way to a page as schema.org describes them, in JSON-LD.

An event is described once its day and its place are known: search engines refuse one without a name, a startDate or a
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
    from aslms_feeds.render.pages.series_view import SeriesView

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


def describe_season(series: SeriesView, season: SeasonView, image: ShareImage, description: str) -> Data:
    """Return a season as an EventSeries of its meetings; nothing while no day or no place of it is known."""
    data = _refer_to_season(series, season)
    if "startDate" not in data or "location" not in data:
        return {}
    former_starts = _find_former_starts(season)
    meetings = [_describe_event(series, season, meeting, former_starts) for meeting in season.meetings]
    return {
        "@context": CONTEXT,
        **data,
        **_describe_page(series, image, description),
        **_describe_organiser(series, season),
        "eventStatus": _STATUS[season.definition.status],
        "subEvent": [meeting for meeting in meetings if meeting],
    }


def describe_meeting(
    series: SeriesView, meeting: MeetingView, season: SeasonView, image: ShareImage, description: str
) -> Data:
    """Return a race meeting as a SportsEvent with its sessions; nothing while its day or place is not known."""
    former_starts = _find_former_starts(season)
    data = _describe_event(series, season, meeting, former_starts)
    if not data:
        return {}
    sessions = [
        {
            "@type": "SportsEvent",
            "name": series.language.gettext("%(event)s: %(session)s", event=meeting.name, session=session.name),
            "url": f"{data['url']}#{session.id}",
            "sport": "Motorsport",
            "location": data["location"],
            **_describe_times(
                session,
                session.span,
                former_starts.get((meeting.id, session.id), ""),
                _find_postponed_start(meeting, session),
            ),
        }
        for session in meeting.sessions
        if session.span and session.day
    ]
    return {
        "@context": CONTEXT,
        **data,
        **_describe_page(series, image, description),
        **({"subEvent": sessions} if sessions else {}),
        "superEvent": _refer_to_season(series, season),
    }


def _refer_to_season(series: SeriesView, season: SeasonView) -> Data:
    """Return how a season is named wherever another thing refers to it."""
    url = series.make_url(season.id)
    data: Data = {"@type": "EventSeries", "@id": url, "name": season.name, "url": url}
    if season.dates:
        first, last = season.dates
        data |= {"startDate": first.isoformat(), "endDate": last.isoformat()}
    places = {meeting.venue: _describe_place(meeting) for meeting in season.meetings if meeting.circuit}
    if places:
        data["location"] = list(places.values())
    return data


def _describe_event(
    series: SeriesView, season: SeasonView, meeting: MeetingView, former_starts: Mapping[tuple[str, str], str]
) -> Data:
    """Return a meeting as a SportsEvent, or nothing while the day or place that search engines demand is not known."""
    if not meeting.span or not meeting.circuit:
        return {}
    url = series.make_url(season.id, meeting.id)
    return {
        "@type": "SportsEvent",
        "@id": url,
        "name": meeting.name,
        "url": url,
        "sport": "Motorsport",
        "location": _describe_place(meeting),
        **_describe_times(
            meeting, meeting.span, former_starts.get((meeting.id, ""), ""), _find_postponed_start(meeting)
        ),
        **_describe_organiser(series, season),
    }


def _describe_place(meeting: MeetingView) -> Data:
    circuit = meeting.circuit
    place: Data = {"@type": "Place", "name": meeting.venue}
    if circuit:
        address = {"@type": "PostalAddress", "addressCountry": circuit.country}
        place["address"] = address | ({"addressLocality": circuit.city} if circuit.city else {})
    if circuit and circuit.latitude is not None:
        place["geo"] = {"@type": "GeoCoordinates", "latitude": circuit.latitude, "longitude": circuit.longitude}
    return place


def _describe_organiser(series: SeriesView, season: SeasonView) -> Data:
    if not season.organiser:
        return {}
    # The series' own site is its organiser's, not that of who organised an old season.
    site = {"url": series.definition.url} if series.definition.url and not season.definition.organiser else {}
    return {"organizer": {"@type": "Organization", "name": season.organiser, **site}}


def _describe_page(series: SeriesView, image: ShareImage, description: str) -> Data:
    return {"image": [image.url], "description": description, "inLanguage": series.language.tag}


def _describe_times(event: MeetingView | SessionView, span: Span, former: str, postponed_to: str) -> Data:
    """Return status, start and end as schema.org wants them, and the former start of what has another one now."""
    days = _describe_days(span)
    if event.status is Status.POSTPONED and postponed_to:
        return {"eventStatus": _RESCHEDULED, "previousStartDate": days["startDate"], "startDate": postponed_to}
    # A day that got its time is no other start.
    if former and not event.is_off and not days["startDate"].startswith(former):
        return {"eventStatus": _RESCHEDULED, "previousStartDate": former, **days}
    return {"eventStatus": _STATUS[event.status], **days}


def _describe_days(span: Span) -> dict[str, str]:
    """Return start and end: times with their offset, or days, the last one included; no end that is assumed."""
    if isinstance(span.local_start, datetime):
        start = {"startDate": span.local_start.isoformat()}
        return {**start, "endDate": span.local_end.isoformat()} if span.end_known else start
    return {"startDate": span.first_day.isoformat(), "endDate": span.last_day.isoformat()}


def _find_postponed_start(meeting: MeetingView, session: SessionView | None = None) -> str:
    """Return the new start of what is postponed, where its own ``change`` says a day or a time; else nothing."""
    session_id = session.id if session else None
    for change in meeting.event.changes:
        if change.session == session_id and change.what is What.POSTPONED:
            return _format_new_start(change, meeting.circuit.timezone if meeting.circuit else "UTC")
    return ""


def _format_new_start(change: Change, timezone: str) -> str:
    match change.after:
        case datetime() as start:
            return start.replace(tzinfo=timezone_of(timezone)).isoformat()
        case date() as day:
            return day.isoformat()
        case _:
            return ""


def _find_former_starts(season: SeasonView) -> dict[tuple[str, str], str]:
    """Return the start that each meeting and session had before its last change, by their ids today."""
    names = {old: event.id for event in season.definition.events for old in (event.id, *event.formerly)}
    former_starts = {}
    facts = collect_facts(season.edition.files, season.series.edition.files, season.edition.ledger)
    # First what only the definitions say, which is older; then what the ledger has seen itself, the oldest first.
    for fact in sorted(
        facts, key=lambda fact: (fact.at is not None, fact.at.isoformat() if fact.at else str(fact.on or ""))
    ):
        if fact.what in _NEW_STARTS and isinstance(fact.before, When):
            start = to_local(fact.before.start, fact.timezone)
            former_starts[names.get(fact.event, fact.event), fact.session] = start.isoformat()
    return former_starts


def write_data_block(data: Mapping[str, Any]) -> Markup:
    """Return JSON for a data block: ``<`` is written as an escape, so that nothing can close the element."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped for a data block above


def make_breadcrumbs(trail: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the way from the front page to a page, each step an address and a name; search engines want two."""
    if len(trail) < 2:  # noqa: PLR2004 - the front page has no way to it
        return {}
    steps = [
        {"@type": "ListItem", "position": position, "name": name, "item": url}
        for position, (url, name) in enumerate(trail, 1)
    ]
    return {"@context": CONTEXT, "@type": "BreadcrumbList", "itemListElement": steps}

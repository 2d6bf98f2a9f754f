"""``season.json``: a season with its events, sessions, entry lists, results and news."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.definitions.values import translate
from aslms_feeds.editions import labels
from aslms_feeds.editions.descriptions import find_reason
from aslms_feeds.editions.season_statements import find_season_uid
from aslms_feeds.instants import format_moment
from aslms_feeds.render.data.values import (
    FORMAT,
    NO_STAMPS,
    dump_broadcasts,
    dump_definition,
    dump_stamps,
    find_page_url,
    format_time,
)

if TYPE_CHECKING:
    from aslms_feeds.definitions.results import NewsItem
    from aslms_feeds.definitions.season import Event, Record, Session
    from aslms_feeds.definitions.series import Circuit
    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.language import Language


def describe_season(edition: Edition, season: SeasonEdition, language: Language) -> dict[str, Any]:
    """Return the content of ``season.json`` in one language."""
    return _SeasonData(edition, season, language).describe()


class _SeasonData:
    """The data of one season in one language."""

    def __init__(self, edition: Edition, season: SeasonEdition, language: Language) -> None:
        self.edition, self.season_edition, self.language = edition, season, language
        self.files, self.definition = edition.files, season.files.season

    def describe(self) -> dict[str, Any]:
        """Return the content of ``season.json``."""
        season, tag, addresses = self.definition, self.language.tag, self.edition.addresses
        revision = self.season_edition.ledger.revisions[find_season_uid(self.files, self.season_edition.files)]
        return {
            "format": FORMAT,
            "series": self.files.id,
            "id": self.season_edition.files.id,
            "formerly": list(season.formerly),
            "language": tag,
            "name": labels.name_season(season, self.language),
            "kind": season.kind,
            "status": season.status,
            "announced": format_time(season.announced),
            "organiser": season.organiser or self.files.series.organiser,
            "about": translate(season.about or "", season.abouts, tag).strip() or None,
            "rules": list(season.rules),
            "records": [_describe_record(record) for record in season.records],
            "page": find_page_url(addresses, tag, self.season_edition),
            **dump_stamps(revision),
            "classes": list(season.classes),
            "events": [self._describe_event(event) for event in season.events],
            "entry_lists": [dump_definition(entry_list) for entry_list in self.season_edition.files.entries.lists],
            "results": [dump_definition(result) for result in self.season_edition.files.results.results],
            "champions": [dump_definition(champion) for champion in self.season_edition.files.results.champions],
            "invitations": [
                dump_definition(invitation) for invitation in self.season_edition.files.results.invitations
            ],
            "news": [_describe_news(item, tag) for item in self.season_edition.files.news.news],
            "checked": format_time(season.checked),
            "sources": list(season.sources),
        }

    def _describe_event(self, event: Event) -> dict[str, Any]:
        component = self.season_edition.find_component(event.id)
        circuit = inherited.circuit_of(event, self.files.circuits)
        days = find_event_days(event)
        season, tag, addresses = self.season_edition.files.id, self.language.tag, self.edition.addresses
        path = addresses.event_calendar(tag, season, event.id)
        is_published = any(calendar.path == path for calendar in self.edition.calendars)
        return {
            "id": event.id,
            "formerly": list(event.formerly),
            "uid": component.uid if component else None,
            "name": labels.name_event(event, self.language),
            "status": inherited.status_of(None, event, self.definition),
            "why": self._find_reason(event, None),
            "first_day": format_time(days[0]) if days else None,
            "last_day": format_time(days[1]) if days else None,
            "when": event.when,
            "circuit": self._describe_circuit(event, circuit),
            "classes": list(inherited.classes_of(None, event, self.definition)),
            "joint_with": list(event.joint_with),
            "rounds": list(inherited.rounds_of(event)),
            "note": translate(event.note or "", event.notes, tag) or None,
            "url": event.url,
            "page": find_page_url(addresses, tag, self.season_edition, event.id),
            "calendar": addresses.url(path) if is_published else None,
            "broadcasts": dump_broadcasts(inherited.broadcasts_of(event, self.definition, self.files.series)),
            **(dump_stamps(self.season_edition.find_revision(component)) if component else NO_STAMPS),
            "sessions": [self._describe_session(session, event) for session in event.sessions],
            "checked": format_time(event.checked),
            "sources": list(event.sources),
        }

    def _describe_circuit(self, event: Event, circuit: Circuit | None) -> dict[str, Any] | None:
        if circuit is None:
            return {"name": event.circuit_name} if event.circuit_name else None
        return {
            "id": event.circuit,
            "name": labels.name_venue(circuit, event, self.language),
            "city": circuit.city,
            "country": circuit.country,
            "timezone": circuit.timezone,
            "latitude": circuit.latitude,
            "longitude": circuit.longitude,
            "length_km": event.length_km or circuit.length_km,
            "url": circuit.url,
        }

    def _describe_session(self, session: Session, event: Event) -> dict[str, Any]:
        component = self.season_edition.find_component(event.id, session.id)
        span = component.span if component else None
        timed = span is not None and span.timed
        return {
            "id": session.id,
            "formerly": list(session.formerly),
            "uid": component.uid if component else None,
            "name": labels.name_session(session, self.files.series, self.language),
            "kind": session.kind,
            "round": session.round,
            "classes": list(inherited.classes_of(session, event, self.definition)),
            "status": inherited.status_of(session, event, self.definition),
            "why": self._find_reason(event, session),
            "precision": span.precision if span else None,
            "day": format_time(session.start.date() if isinstance(session.start, datetime) else session.start),
            "start": format_moment(span.start) if span and timed else None,
            "start_local": format_time(span.local_start) if span and timed else None,
            "end": format_moment(span.end) if span and timed and span.end_known else None,
            "end_local": format_time(span.local_end) if span and timed and span.end_known else None,
            "distance_km": session.distance_km,
            "note": translate(session.note or "", session.notes, self.language.tag) or None,
            **(dump_stamps(self.season_edition.find_revision(component)) if component else NO_STAMPS),
            "sources": list(session.sources),
        }

    def _find_reason(self, event: Event, session: Session | None) -> str | None:
        """Return the reason of a cancellation or postponement."""
        status = inherited.status_of(session, event, self.definition)
        reason, _day = find_reason(event, self.definition, session, status, self.language)
        return reason or None


def _describe_record(record: Record) -> dict[str, Any]:
    return {"text": record.text, "event": record.event, "sources": list(record.sources)}


def _describe_news(item: NewsItem, tag: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "on": format_time(item.on),
        "title": translate(item.title, item.titles, tag),
        "text": translate(item.text, item.texts, tag).strip(),
        "spoils": item.spoils,
        "origin": item.origin,
        "events": list(item.events),
        "classes": list(item.classes),
        "sources": list(item.sources),
    }

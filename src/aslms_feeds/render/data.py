"""The data: ``season.json``, ``changes.json`` and ``series.json``. What is not known is null, never a guess.

The files carry every UID, stamp and item id, so that a lost ledger can be rebuilt from what is published.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.times import event_days
from aslms_feeds.definitions.values import translated
from aslms_feeds.editions import labels
from aslms_feeds.editions.descriptions import find_reason
from aslms_feeds.editions.season_statements import make_season_uid
from aslms_feeds.instants import format_moment
from aslms_feeds.ledger.history import collect_facts
from aslms_feeds.publication.manifest import JSON, Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.definitions.series import Broadcast, Circuit
    from aslms_feeds.definitions.values import Definition
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.ledger import Revision

FORMAT = 1


def series_document(edition: Edition, language: Language) -> Document:
    """Return the data of a series itself, in one language."""
    return _document(edition, language, ("series.json",), _series(edition, language))


def season_documents(edition: Edition, season: SeasonEdition, language: Language) -> list[Document]:
    """Return the data of a season, in one language."""
    teller = _Data(edition, season, language)
    return [
        _document(edition, language, (season.files.id, "season.json"), teller.season()),
        _document(edition, language, (season.files.id, "changes.json"), teller.changes()),
    ]


def _document(edition: Edition, language: Language, parts: tuple[str, ...], data: Mapping[str, Any]) -> Document:
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    return Document(edition.addresses.path(language.tag, *parts), JSON, text.encode() + b"\n")


def _series(edition: Edition, language: Language) -> dict[str, Any]:
    files, addresses, tag = edition.files, edition.addresses, language.tag
    series = files.series
    return {
        "format": FORMAT,
        "id": files.id,
        "language": tag,
        "name": labels.series_name(series, language),
        "short": series.short,
        "organiser": series.organiser,
        "url": series.url,
        "about": translated(series.about or "", series.abouts, tag).strip() or None,
        "page": addresses.page_url(tag),
        "classes": [
            {
                "id": one.id,
                "name": labels.class_name(one.id, series, language),
                "colour": one.colour,
                "what": one.what,
                "continues": list(one.continues),
                "sources": list(one.sources),
            }
            for one in series.classes
        ],
        "current_season": edition.current or None,
        "circuits": _circuits(edition, language),
        "seasons": [_Data(edition, one, language).brief() for one in edition.seasons],
        "calendars": [
            {
                "title": one.title,
                "selects": one.name,
                "season": one.season or None,
                "event": one.event or None,
                "class": one.race_class or None,
                "reminders": one.reminders,
                "url": addresses.url(one.path),
            }
            for one in edition.calendars
            if one.language == tag
        ],
    }


def _circuits(edition: Edition, language: Language) -> list[dict[str, Any]]:
    """Return the circuits this series has used: the names of others are nobody's business yet."""
    used = {event.circuit for season in edition.seasons for event in season.files.season.events}
    return [
        {
            "id": name,
            "name": translated(circuit.name, circuit.names, language.tag),
            "city": circuit.city,
            "country": circuit.country,
            "timezone": circuit.timezone,
            "latitude": circuit.latitude,
            "longitude": circuit.longitude,
            "length_km": circuit.length_km,
            "url": circuit.url,
            "sources": list(circuit.sources),
        }
        for name, circuit in sorted(edition.files.circuits.items())
        if name in used
    ]


def _page(addresses: Addresses, tag: str, season: SeasonEdition, *event: str) -> str:
    """Return the page of a season or an event; a forerunner's is its place on the history page."""
    if season.files.season.kind == "forerunner":
        return f"{addresses.page_url(tag, 'history')}#{season.files.id}"
    return addresses.page_url(tag, season.files.id, *event)


def _first_day(season: SeasonEdition) -> str | None:
    return min((one.span.first_day.isoformat() for one in season.components), default=None)


def _last_day(season: SeasonEdition) -> str | None:
    return max((one.span.last_day.isoformat() for one in season.components), default=None)


class _Data:
    """The data of one season in one language."""

    def __init__(self, edition: Edition, season: SeasonEdition, language: Language) -> None:
        self.edition, self.season_edition, self.language = edition, season, language
        self.files, self.definition = edition.files, season.files.season

    def brief(self) -> dict[str, Any]:
        """Return what series.json says of a season; its sessions, entries and news are in season.json."""
        season, one, tag = self.definition, self.season_edition, self.language.tag
        addresses = self.edition.addresses
        results = one.files.results
        return {
            "id": one.files.id,
            "name": labels.season_name(season, self.language),
            "kind": season.kind,
            "status": season.status,
            "announced": _text(season.announced),
            "organiser": season.organiser or self.files.series.organiser,
            "first_day": _first_day(one),
            "last_day": _last_day(one),
            "classes": list(season.classes),
            "rules": list(season.rules),
            "events": [self._brief_event(event) for event in season.events],
            "champions": [_plural(champion) for champion in results.champions],
            "invitations": [_plural(invitation) for invitation in results.invitations],
            "records": [record.text for record in season.records],
            "sources": list(season.sources),
            "page": _page(addresses, tag, one),
            "data": addresses.url(addresses.path(tag, one.files.id, "season.json")),
            "changes": addresses.url(addresses.path(tag, one.files.id, "changes.json")),
        }

    def _brief_event(self, event: Event) -> dict[str, Any]:
        days = event_days(event)
        return {
            "id": event.id,
            "name": labels.event_name(event, self.language),
            "status": inherited.status_of(None, event, self.definition),
            "first_day": _text(days[0]) if days else None,
            "last_day": _text(days[1]) if days else None,
            "when": event.when,
            "circuit": event.circuit,
            "rounds": list(inherited.rounds_of(event)),
            "page": _page(self.edition.addresses, self.language.tag, self.season_edition, event.id),
        }

    def season(self) -> dict[str, Any]:
        """Return season.json."""
        season, tag, addresses = self.definition, self.language.tag, self.edition.addresses
        own = self.season_edition.ledger.revisions[make_season_uid(self.files, self.season_edition.files)]
        return {
            "format": FORMAT,
            "series": self.files.id,
            "id": self.season_edition.files.id,
            "formerly": list(season.formerly),
            "language": tag,
            "name": labels.season_name(season, self.language),
            "kind": season.kind,
            "status": season.status,
            "announced": _text(season.announced),
            "organiser": season.organiser or self.files.series.organiser,
            "about": translated(season.about or "", season.abouts, tag).strip() or None,
            "rules": list(season.rules),
            "records": [{"text": one.text, "event": one.event, "sources": list(one.sources)} for one in season.records],
            "page": _page(addresses, tag, self.season_edition),
            **_stamps(own),
            "classes": list(season.classes),
            "events": [self._event(event) for event in season.events],
            "entry_lists": [_plural(one) for one in self.season_edition.files.entries.lists],
            "results": [_plural(one) for one in self.season_edition.files.results.results],
            "champions": [_plural(one) for one in self.season_edition.files.results.champions],
            "invitations": [_plural(one) for one in self.season_edition.files.results.invitations],
            "news": [
                {
                    "id": one.id,
                    "on": _text(one.on),
                    "title": translated(one.title, one.titles, tag),
                    "text": translated(one.text, one.texts, tag).strip(),
                    "spoils": one.spoils,
                    "origin": one.origin,
                    "events": list(one.events),
                    "classes": list(one.classes),
                    "sources": list(one.sources),
                }
                for one in self.season_edition.files.news.news
            ],
            "checked": _text(season.checked),
            "sources": list(season.sources),
        }

    def _event(self, event: Event) -> dict[str, Any]:
        component = self.season_edition.component(event.id)
        circuit = inherited.circuit_of(event, self.files.circuits)
        days = event_days(event)
        season, tag, addresses = self.season_edition.files.id, self.language.tag, self.edition.addresses
        calendar = addresses.event_calendar(tag, season, event.id)
        known = {one.path for one in self.edition.calendars}
        return {
            "id": event.id,
            "formerly": list(event.formerly),
            "uid": component.uid if component else None,
            "name": labels.event_name(event, self.language),
            "status": inherited.status_of(None, event, self.definition),
            "why": self._why(event, None),
            "first_day": _text(days[0]) if days else None,
            "last_day": _text(days[1]) if days else None,
            "when": event.when,
            "circuit": self._circuit(event, circuit),
            "classes": list(inherited.classes_of(None, event, self.definition)),
            "joint_with": list(event.joint_with),
            "rounds": list(inherited.rounds_of(event)),
            "note": translated(event.note or "", event.notes, tag) or None,
            "url": event.url,
            "page": _page(addresses, tag, self.season_edition, event.id),
            "calendar": addresses.url(calendar) if calendar in known else None,
            "broadcasts": _broadcasts(inherited.broadcasts_of(event, self.definition, self.files.series)),
            **(_stamps(self.season_edition.revision(component)) if component else _NO_STAMPS),
            "sessions": [self._session(session, event) for session in event.sessions],
            "checked": _text(event.checked),
            "sources": list(event.sources),
        }

    def _circuit(self, event: Event, circuit: Circuit | None) -> dict[str, Any] | None:
        if circuit is None:
            return {"name": event.circuit_name} if event.circuit_name else None
        return {
            "id": event.circuit,
            "name": labels.venue_name(circuit, event, self.language),
            "city": circuit.city,
            "country": circuit.country,
            "timezone": circuit.timezone,
            "latitude": circuit.latitude,
            "longitude": circuit.longitude,
            "length_km": event.length_km or circuit.length_km,
            "url": circuit.url,
        }

    def _session(self, session: Session, event: Event) -> dict[str, Any]:
        component = self.season_edition.component(event.id, session.id)
        span = component.span if component else None
        timed = span is not None and span.timed
        return {
            "id": session.id,
            "formerly": list(session.formerly),
            "uid": component.uid if component else None,
            "name": labels.session_name(session, self.files.series, self.language),
            "kind": session.kind,
            "round": session.round,
            "classes": list(inherited.classes_of(session, event, self.definition)),
            "status": inherited.status_of(session, event, self.definition),
            "why": self._why(event, session),
            "precision": span.precision if span else None,
            "day": _text(session.start.date() if isinstance(session.start, datetime) else session.start),
            "start": format_moment(span.start) if span and timed else None,
            "start_local": _text(span.local_start) if span and timed else None,
            "end": format_moment(span.end) if span and timed and span.end_known else None,
            "end_local": _text(span.local_end) if span and timed and span.end_known else None,
            "distance_km": session.distance_km,
            "note": translated(session.note or "", session.notes, self.language.tag) or None,
            **(_stamps(self.season_edition.revision(component)) if component else _NO_STAMPS),
            "sources": list(session.sources),
        }

    def _why(self, event: Event, session: Session | None) -> str | None:
        """Return the reason of a cancellation or postponement."""
        status = inherited.status_of(session, event, self.definition)
        reason, _day = find_reason(event, self.definition, session, status, self.language)
        return reason or None

    def changes(self) -> dict[str, Any]:
        """Return changes.json: every fact that was seen or is told of the past, and every item with its dates.

        In the first language it carries all that a lost ledger can be rebuilt from, exactly.
        """
        ledger = self.season_edition.ledger
        facts = collect_facts(self.season_edition.files, self.files, ledger)
        seen = {one.id for one in ledger.facts}
        recovery = {"recovery": json.loads(ledger.to_json())} if self.language is self.edition.languages[0] else {}
        return {
            "format": FORMAT,
            "series": self.files.id,
            "season": self.season_edition.files.id,
            "language": self.language.tag,
            "opened": format_moment(ledger.opened),
            "backfilled": ledger.backfilled,
            "retired": [{"id": one.id, "why": one.why} for one in self.definition.retired],
            "facts": [
                {
                    "id": one.id,
                    "what": one.what,
                    "event": one.event or None,
                    "session": one.session or None,
                    "at": format_moment(one.at) if one.at else None,
                    "on": _text(one.on),
                    "from": one.before or None,
                    "to": one.after or None,
                    "timezone": one.timezone,
                    "why": translated(one.why, dict(one.whys), self.language.tag) or None,
                    "item": f"{self.season_edition.files.lasting_id}/{one.told_in}",
                    "seen": one.id in seen,
                }
                for one in facts
            ],
            "items": [
                {
                    "key": one.key,
                    "id": one.id,
                    "what": one.what,
                    "event": one.event or None,
                    "title": one.title,
                    "text": one.text,
                    "url": one.url,
                    "feeds": sorted(one.feeds),
                    "published": format_moment(one.published) if one.published else None,
                    "updated": format_moment(one.updated) if one.updated else None,
                }
                for one in self.season_edition.items[self.language.tag]
            ],
            **recovery,
        }


_NO_STAMPS = {"sequence": None, "revision": None, "created": None, "last_modified": None}


def _stamps(revision: Revision) -> dict[str, Any]:
    return {
        "sequence": revision.sequence,
        "revision": revision.count,
        "created": format_moment(revision.created),
        "last_modified": format_moment(revision.last_modified),
    }


def _broadcasts(broadcasts: Iterable[Broadcast]) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json") for one in broadcasts]


_PLURALS = {"entry": "entries", "winner": "winners"}
"""Lists carry the singular in the files (``[[list.entry]]``) and the plural in the data."""


def _plural(value: Definition) -> dict[str, Any]:
    data = value.model_dump(mode="json", by_alias=True, exclude={"embargo", "accept"})
    return {_PLURALS.get(key, key): inner for key, inner in data.items()}


def _text(value: date | datetime | None) -> str | None:
    if isinstance(value, datetime) and value.tzinfo is UTC:
        return format_moment(value)
    return value.isoformat() if value else None

"""``series.json``: a series, its circuits and calendars, and each of its seasons in short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.definitions.values import translate
from aslms_feeds.editions import labels
from aslms_feeds.render.data.values import FORMAT, dump_definition, find_page_url, format_time

if TYPE_CHECKING:
    from aslms_feeds.definitions.season import Event
    from aslms_feeds.definitions.series import RaceClass, Series
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.calendars import Calendar
    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.language import Language


def describe_series(edition: Edition, language: Language) -> dict[str, Any]:
    """Return the content of ``series.json`` in one language."""
    files, addresses, tag = edition.files, edition.addresses, language.tag
    series = files.series
    return {
        "format": FORMAT,
        "id": files.id,
        "language": tag,
        "name": labels.name_series(series, language),
        "short": series.short,
        "organiser": series.organiser,
        "url": series.url,
        "about": translate(series.about or "", series.abouts, tag).strip() or None,
        "page": addresses.page_url(tag),
        "classes": [_describe_class(race_class, series, language) for race_class in series.classes],
        "current_season": edition.current or None,
        "circuits": _describe_circuits(edition, language),
        "seasons": [_describe_season(edition, season, language) for season in edition.seasons],
        "calendars": [
            _describe_calendar(calendar, addresses) for calendar in edition.calendars if calendar.language == tag
        ],
    }


def _describe_circuits(edition: Edition, language: Language) -> list[dict[str, Any]]:
    """Return the circuits of this series' seasons; others may be of a season that is not public yet."""
    used = {event.circuit for season in edition.seasons for event in season.files.season.events}
    return [
        {
            "id": name,
            "name": translate(circuit.name, circuit.names, language.tag),
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


def _describe_class(race_class: RaceClass, series: Series, language: Language) -> dict[str, Any]:
    return {
        "id": race_class.id,
        "name": labels.name_class(race_class.id, series, language),
        "colour": race_class.colour,
        "what": race_class.what,
        "continues": list(race_class.continues),
        "sources": list(race_class.sources),
    }


def _describe_calendar(calendar: Calendar, addresses: Addresses) -> dict[str, Any]:
    return {
        "title": calendar.title,
        "selects": calendar.name,
        "season": calendar.season or None,
        "event": calendar.event or None,
        "class": calendar.race_class or None,
        "reminders": calendar.reminders,
        "url": addresses.url(calendar.path),
    }


def _describe_season(edition: Edition, season: SeasonEdition, language: Language) -> dict[str, Any]:
    """Return a season in short; its sessions, entries and news are in ``season.json``."""
    definition, results, tag, addresses = season.files.season, season.files.results, language.tag, edition.addresses
    return {
        "id": season.files.id,
        "name": labels.name_season(definition, language),
        "kind": definition.kind,
        "status": definition.status,
        "announced": format_time(definition.announced),
        "organiser": definition.organiser or edition.files.series.organiser,
        "first_day": _find_first_day(season),
        "last_day": _find_last_day(season),
        "classes": list(definition.classes),
        "rules": list(definition.rules),
        "events": [_describe_event(edition, season, event, language) for event in definition.events],
        "champions": [dump_definition(champion) for champion in results.champions],
        "invitations": [dump_definition(invitation) for invitation in results.invitations],
        "records": [record.text for record in definition.records],
        "sources": list(definition.sources),
        "page": find_page_url(addresses, tag, season),
        "data": addresses.url(addresses.path(tag, season.files.id, "season.json")),
        "changes": addresses.url(addresses.path(tag, season.files.id, "changes.json")),
    }


def _describe_event(edition: Edition, season: SeasonEdition, event: Event, language: Language) -> dict[str, Any]:
    days = find_event_days(event)
    return {
        "id": event.id,
        "name": labels.name_event(event, language),
        "status": inherited.status_of(None, event, season.files.season),
        "first_day": format_time(days[0]) if days else None,
        "last_day": format_time(days[1]) if days else None,
        "when": event.when,
        "circuit": event.circuit,
        "rounds": list(inherited.rounds_of(event)),
        "page": find_page_url(edition.addresses, language.tag, season, event.id),
    }


def _find_first_day(season: SeasonEdition) -> str | None:
    return min((component.span.first_day.isoformat() for component in season.components), default=None)


def _find_last_day(season: SeasonEdition) -> str | None:
    return max((component.span.last_day.isoformat() for component in season.components), default=None)

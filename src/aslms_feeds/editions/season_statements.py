"""What a season states for the ledger to compare: itself, its components, events without days and entry lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.season import Event
from aslms_feeds.editions import labels
from aslms_feeds.editions.components import dump_subject, find_place, make_uid
from aslms_feeds.identity import digest, make_entry_list_uid, make_season_uid
from aslms_feeds.ledger.facts import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.results import EntryList
    from aslms_feeds.definitions.season import Event
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.language import Language


def state_season(season: SeasonFiles, languages: Sequence[Language]) -> Statement:
    """Return what the season itself says; it is not in calendars, but its changes are facts."""
    return Statement(
        scope="season",
        event="",
        session="",
        name=season.season.name,
        status=season.season.status,
        classes=season.season.classes,
        names={language.tag: labels.name_season(season.season, language) for language in languages},
    )


def collect_statements(
    files: SeriesFiles, season: SeasonFiles, components: Sequence[Component], languages: Sequence[Language]
) -> dict[str, Statement]:
    """Return all that a season and its entry lists state, by UID: also events that have no day yet."""
    return {
        find_season_uid(files, season): state_season(season, languages),
        **{
            make_uid(files, season, event): _state_event(files, season, event, languages)
            for event in season.season.events
        },
        **{component.uid: component.statement() for component in components},
        **collect_entry_statements(files, season, languages),
    }


def find_season_uid(files: SeriesFiles, season: SeasonFiles) -> str:
    """Return the name that the ledger keeps the season's own statement under."""
    return make_season_uid(files.publisher.identity, files.lasting_id, season.lasting_id)


def _state_event(files: SeriesFiles, season: SeasonFiles, event: Event, languages: Sequence[Language]) -> Statement:
    """Return what an event says that has no day yet."""
    return Statement(
        scope="event",
        event=event.id,
        session="",
        name=event.name,
        status=inherited.status_of(None, event, season.season),
        place=find_place(event, inherited.circuit_of(event, files.circuits)),
        classes=inherited.classes_of(None, event, season.season),
        names={language.tag: labels.name_event(event, language) for language in languages},
        subject=dump_subject(event, None),
    )


def collect_entry_statements(
    files: SeriesFiles, season: SeasonFiles, languages: Sequence[Language]
) -> dict[str, Statement]:
    """Return what the season's entry lists state, by name, so that a changed list is a fact."""
    identity = files.publisher.identity
    return {
        make_entry_list_uid(identity, files.lasting_id, season.lasting_id, entry_list.id): _state_entry_list(
            season, entry_list, languages
        )
        for entry_list in season.entries.lists
    }


def _state_entry_list(season: SeasonFiles, entry_list: EntryList, languages: Sequence[Language]) -> Statement:
    event = season.season.find_event(entry_list.event) if entry_list.event else None
    cars = {entry.number: ", ".join(filter(None, (entry.team, entry.car))) for entry in entry_list.entries}
    return Statement(
        scope="entries",
        event=entry_list.event or "",
        session=entry_list.id,
        name=entry_list.id,
        names={
            language.tag: labels.name_event(event, language) if event else labels.name_season(season.season, language)
            for language in languages
        },
        texts={"": digest(*(f"{number} {car}" for number, car in cars.items()), str(entry_list.count))},
        subject=cars,
    )

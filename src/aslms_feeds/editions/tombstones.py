"""What was published by mistake and retired: it is put back as cancelled, so that nobody keeps it as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aslms_feeds.definitions.season import Change, Event, Retired, Season, Session
from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.definitions.values import Status, What
from aslms_feeds.editions.components import restore_subject
from aslms_feeds.identity import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aslms_feeds.definitions.model import SeasonFiles
    from aslms_feeds.ledger.ledger import Ledger


def add_tombstones(season: SeasonFiles, ledger: Ledger | None) -> SeasonFiles:
    """Return the season with what was retired put back as cancelled, from what the ledger knows of it."""
    if ledger is None or not season.season.retired:
        return season
    events = {event.id: event for event in season.season.events}
    # Events first: the tombstone of a session is none for its event.
    for retired in sorted(season.season.retired, key=lambda retired: "." in retired.id):
        event = _restore_event(retired, season.season, events, ledger)
        if event:
            events[event.id] = event
    living = {event.id: event for event in season.season.events}
    dated = tuple(_keep_days(event, living.get(event.id)) for event in events.values())
    return replace(season, season=season.season.model_copy(update={"events": dated}))


def _restore_event(retired: Retired, season: Season, events: dict[str, Event], ledger: Ledger) -> Event | None:
    """Return an event with what was retired of it; None where the ledger does not know it."""
    event_id, _dot, session_id = retired.id.partition(".")
    living = season.find_event(event_id)
    event_id = living.id if living else event_id
    subjects = _find_subjects((living.id, *living.formerly) if living else (event_id,), ledger)
    if not subjects or (session_id and event_id not in events):
        return None  # A session has vanished with its event.
    event = events.get(event_id) or subjects[0][0].model_copy(update={"status": Status.CANCELLED})
    sessions = [session for _event, session in subjects if session and (not session_id or session.id == session_id)]
    return _cancel(event, sessions, session_id, retired)


def _find_subjects(event_ids: Sequence[str], ledger: Ledger) -> list[tuple[Event, Session | None]]:
    """Return what the ledger knows of an event and of its sessions, the event first."""
    statements = sorted(
        (revision.statement for revision in ledger.revisions.values()), key=lambda statement: statement.scope
    )
    return [
        restore_subject(statement.subject)
        for statement in statements
        if statement.event in event_ids and statement.subject and statement.scope in ("event", "session")
    ]


def _cancel(event: Event, sessions: Sequence[Session], session_id: str, retired: Retired) -> Event:
    """Return an event with sessions put back as cancelled, and the reason for it."""
    living = {session.id for session in event.sessions}
    cancelled = [
        session.model_copy(update={"status": Status.CANCELLED}) for session in sessions if session.id not in living
    ]
    # Named by the id that was retired, which no new id of its event changes.
    change_id = f"retired-{digest(retired.id)[2:18]}"
    change = Change(id=change_id, what=What.CANCELLED, session=session_id or None, why=retired.why)
    is_stated = any(stated.id == change_id for stated in event.changes)
    changes = event.changes if is_stated else (*event.changes, change)
    return event.model_copy(update={"sessions": (*event.sessions, *cancelled), "changes": changes})


def _keep_days(event: Event, living: Event | None) -> Event:
    """Return an event on the days that its other sessions have: a session that is retired does not extend them."""
    days = find_event_days(living) if living else None
    if days is None or find_event_days(event) == days:
        return event
    return event.model_copy(update={"first_day": days[0], "last_day": days[1]})

"""What an event or a session does not state and takes from what holds it: classes, status, broadcasts, circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.definitions.season import Event, Season, Session
    from aslms_feeds.definitions.series import Broadcast, Circuit, Series


def classes_of(session: Session | None, event: Event, season: Season) -> tuple[str, ...]:
    """Return the classes that take part, from the nearest statement."""
    return (session.classes if session else ()) or event.classes or season.classes


def status_of(session: Session | None, event: Event, season: Season) -> Status:
    """Return the status: cancelled or postponed above wins, else the nearest statement."""
    above = [season.status, event.status] if session else [season.status]
    for status in above:
        if status in (Status.CANCELLED, Status.POSTPONED):
            return status
    stated = session.status if session else None
    return stated or event.status or season.status


def broadcasts_of(event: Event, season: Season, series: Series) -> tuple[Broadcast, ...]:
    """Return where an event can be watched, from the nearest statement."""
    return event.broadcasts or season.broadcasts or series.broadcasts


def rounds_of(event: Event) -> tuple[int, ...]:
    """Return the rounds an event holds, each once."""
    return tuple(sorted({session.round for session in event.sessions if session.round is not None}))


def circuit_of(event: Event, circuits: Mapping[str, Circuit]) -> Circuit | None:
    """Return the event's circuit."""
    return circuits.get(event.circuit) if event.circuit else None

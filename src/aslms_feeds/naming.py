"""What things are called in a language: seasons, events, sessions, classes, places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.model import Kind, Status, What, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aslms_feeds.language import Language
    from aslms_feeds.model import Broadcast, Circuit, Event, RaceClass, Season, Series, Session


def kind_name(kind: Kind, language: Language) -> str:
    """Return what a kind of session is called."""
    _ = language.gettext
    match kind:
        case Kind.TEST:
            return _("Test")
        case Kind.PRACTICE:
            return _("Practice")
        case Kind.QUALIFYING:
            return _("Qualifying")
        case Kind.RACE:
            return _("Race")
        case Kind.OTHER:
            return _("Session")


def status_name(status: Status, language: Language) -> str:
    """Return what a status is called."""
    _ = language.gettext
    match status:
        case Status.PROVISIONAL:
            return _("provisional")
        case Status.CONFIRMED:
            return _("confirmed")
        case Status.POSTPONED:
            return _("postponed")
        case Status.CANCELLED:
            return _("cancelled")


def what_name(what: What, language: Language) -> str:
    """Return what a type of fact is called."""
    _ = language.gettext
    names = {
        What.ANNOUNCED: _("Announced"),
        What.ADDED: _("Added"),
        What.MOVED: _("Moved"),
        What.RETIMED: _("New time"),
        What.TIME_CONFIRMED: _("Time confirmed"),
        What.PLACE_CHANGED: _("New venue"),
        What.RENAMED: _("Renamed"),
        What.CANCELLED: _("Cancelled"),
        What.POSTPONED: _("Postponed"),
        What.REINSTATED: _("Back on"),
        What.CLASS_ADDED: _("Class added"),
        What.CLASS_DROPPED: _("Class dropped"),
        What.ENTRY_LIST: _("Entry list"),
        What.ORGANISER_CHANGED: _("New organiser"),
        What.CALENDAR_CHANGED: _("New calendar"),
        What.RESULT: _("Result"),
        What.CHAMPION: _("Champion"),
    }
    return names[what]


def class_name(class_id: str, series: Series, language: Language) -> str:
    """Return the name of a class; an id that is not defined stays itself."""
    for race_class in series.classes:
        if race_class.id == class_id:
            return translated(race_class.name, race_class.names, language.tag)
    return class_id


def class_names(ids: Iterable[str], series: Series, language: Language) -> tuple[str, ...]:
    """Return the names of classes in the series' order."""
    wanted = set(ids)
    return tuple(_class_name(c, language) for c in series.classes if c.id in wanted)


def _class_name(race_class: RaceClass, language: Language) -> str:
    return translated(race_class.name, race_class.names, language.tag)


def season_name(season: Season, language: Language) -> str:
    """Return the season's name."""
    return translated(season.name, season.names, language.tag)


def series_name(series: Series, language: Language) -> str:
    """Return the series' name."""
    return translated(series.name, series.names, language.tag)


def event_name(event: Event, language: Language) -> str:
    """Return the event's name."""
    return translated(event.name, event.names, language.tag)


def session_name(session: Session, series: Series, language: Language) -> str:
    """Return the session's name: as stated, else made from its id, so that ``qualifying-gt`` is Qualifying GT."""
    if session.name is not None or language.tag in session.names:
        return translated(session.name or "", session.names, language.tag)
    classes = {race_class.id: _class_name(race_class, language) for race_class in series.classes}
    words = []
    for word in session.id.split("-"):
        if word == session.kind.value:
            words.append(kind_name(session.kind, language))
        else:
            words.append(classes.get(word, word if words else word.capitalize()))
    return " ".join(words)


def venue_name(circuit: Circuit | None, event: Event, language: Language) -> str:
    """Return the venue's name, as it was at the time; empty when there is no circuit."""
    if event.circuit_name:
        return event.circuit_name
    return translated(circuit.name, circuit.names, language.tag) if circuit else ""


def location(circuit: Circuit | None, event: Event, language: Language) -> str:
    """Return venue, city and country, the venue first: phones search for this text (RFC 5545 section 3.8.1.7)."""
    parts = [venue_name(circuit, event, language)]
    if circuit:
        parts += [circuit.city or "", language.country(circuit.country)]
    return ", ".join(part for part in parts if part)


def classes_of(session: Session | None, event: Event, season: Season) -> tuple[str, ...]:
    """Return the classes that take part, from the nearest statement."""
    return (session.classes if session else ()) or event.classes or season.classes


def status_of(session: Session | None, event: Event, season: Season) -> Status:
    """Return the status: cancelled or postponed above wins, else the nearest statement."""
    above = [season.status, event.status] if session else [season.status]
    for status in above:
        if status in (Status.CANCELLED, Status.POSTPONED):
            return status
    own = session.status if session else None
    return own or event.status or season.status


def broadcasts_of(event: Event, season: Season, series: Series) -> tuple[Broadcast, ...]:
    """Return where an event can be watched, from the nearest statement."""
    return event.broadcasts or season.broadcasts or series.broadcasts


def rounds_of(event: Event) -> tuple[int, ...]:
    """Return the rounds an event holds, each once."""
    return tuple(sorted({session.round for session in event.sessions if session.round is not None}))


def circuit_of(event: Event, circuits: Mapping[str, Circuit]) -> Circuit | None:
    """Return the event's circuit."""
    return circuits.get(event.circuit) if event.circuit else None

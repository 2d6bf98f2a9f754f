"""What no single key of a season's files shows: references between them, ids used twice, times that do not exist."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from aslms_feeds.definitions.checks import check_classes, check_never_reused, check_reference, check_unique
from aslms_feeds.definitions.files import ENTRIES, NEWS, RESULTS, SEASON
from aslms_feeds.definitions.times import Clock, check_clock, list_timezones, to_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.definitions.checks import Ids, Venues
    from aslms_feeds.definitions.model import SeasonFiles
    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.definitions.source import SourceFile
    from aslms_feeds.definitions.toml import Location


def check_season(files: Mapping[str, SourceFile], season: SeasonFiles, class_ids: Ids | None, venues: Venues) -> None:
    """Check the files of a season, by their names, against each other, the classes of the series and the circuits.

    ``class_ids`` are those of the series; None where series.toml cannot be read: then nothing is said about them.
    """
    file = files[SEASON]
    _check_events(file, season, class_ids, venues)
    _check_changes(file, season)
    events = file.list_ids(("event",)) | _list_retired(season)
    for index, record in enumerate(season.season.records):
        check_reference(file, record.event, events, "event", ("record", index, "event"))
    _check_retired(file, season)
    if entries_file := files.get(ENTRIES):
        _check_entries(entries_file, season, events, class_ids)
    if results_file := files.get(RESULTS):
        _check_results(results_file, season, _list_sessions(file, season), events, class_ids)
    if news_file := files.get(NEWS):
        _check_news(news_file, season, events, class_ids)


def _list_retired(season: SeasonFiles, event: Event | None = None) -> frozenset[str]:
    """Return the events that were retired, or the sessions of one: what was published of them stays."""
    names = [retired.id.partition(".") for retired in season.season.retired]
    if event:
        ids = (event.id, *event.formerly)
        return frozenset(session for event_id, _dot, session in names if event_id in ids and session)
    return frozenset(event_id for event_id, _dot, session in names if not session)


def _list_sessions(file: SourceFile, season: SeasonFiles) -> dict[str, Ids]:
    """Return the sessions that may be named, by event: those that are there and those that were retired."""
    return {
        event.id: file.list_ids(("event", index, "session")) | _list_retired(season, event)
        for index, event in enumerate(season.season.events)
    }


def _check_events(file: SourceFile, season: SeasonFiles, class_ids: Ids | None, venues: Venues) -> None:
    check_classes(file, season.season.classes, class_ids, ("classes",))
    events = season.season.events

    def locate(index: int) -> Location:
        return ("event", index, "id")

    check_unique(file, [event.id for event in events], "event", locate)
    check_never_reused(file, [(event.id, event.formerly) for event in events], locate)
    allowed = frozenset(season.season.classes) or class_ids
    for index, event in enumerate(events):
        _check_event(file, event, ("event", index), allowed, venues)


def _check_event(file: SourceFile, event: Event, spot: Location, allowed: Ids | None, venues: Venues) -> None:
    circuit = venues.circuits.get(event.circuit) if event.circuit else None
    if event.circuit is not None and venues.complete:
        check_reference(file, event.circuit, venues.names, "circuit", (*spot, "circuit"))
    check_classes(file, event.classes, allowed, (*spot, "classes"))

    def locate(index: int) -> Location:
        return (*spot, "session", index, "id")

    check_unique(file, [session.id for session in event.sessions], "session", locate)
    check_never_reused(file, [(session.id, session.formerly) for session in event.sessions], locate)
    for index, session in enumerate(event.sessions):
        place = (*spot, "session", index)
        check_classes(file, session.classes, frozenset(event.classes) or allowed, (*place, "classes"))
        if circuit is not None and circuit.timezone in list_timezones():
            _check_times(file, session, place, circuit.timezone)
        elif isinstance(session.start, datetime) and event.circuit is None:
            message = "a time needs the circuit whose clock shows it: name the event's circuit"
            file.add_problem((*place, "start"), message)


def _check_times(file: SourceFile, session: Session, spot: Location, timezone: str) -> None:
    clocks = {}
    for key, time in (("start", session.start), ("end", session.end)):
        if not isinstance(time, datetime):
            continue
        clocks[key] = check_clock(time, timezone)
        if clocks[key] is Clock.SKIPPED:
            file.add_problem((*spot, key), f"{time} does not exist in {timezone}: the clocks go forward over it")
        elif clocks[key] is Clock.REPEATED and session.fold is None:
            message = f"{time} happens twice in {timezone}: the clocks go back; fold = 0 picks the first, 1 the second"
            file.add_problem((*spot, key), message)
    if session.fold is not None and Clock.REPEATED not in clocks.values():
        file.add_problem((*spot, "fold"), f"no clock in {timezone} is set back then: take it out")
    if isinstance(session.start, datetime) and session.end is not None:
        fold = session.fold or 0
        if to_instant(session.end, timezone, fold) <= to_instant(session.start, timezone, fold):
            message = f"ends at {session.end}, which is not after its start, {session.start}"
            file.add_problem((*spot, "end"), message)


def _check_changes(file: SourceFile, season: SeasonFiles) -> None:
    changes = season.season.changes
    ids: list[tuple[str, Location]] = [(change.id, ("change", n, "id")) for n, change in enumerate(changes)]
    for n, change in enumerate(changes):
        if change.session is not None:
            message = "a change of the season has no session; one of an event is written [[event.change]]"
            file.add_problem(("change", n, "session"), message)
    for index, event in enumerate(season.season.events):
        spot: Location = ("event", index, "change")
        ids += [(change.id, (*spot, n, "id")) for n, change in enumerate(event.changes)]
        sessions = file.list_ids(("event", index, "session")) | _list_retired(season, event)
        for n, change in enumerate(event.changes):
            check_reference(file, change.session, sessions, "session", (*spot, n, "session"))
    check_unique(file, [name for name, _location in ids], "change of this season", lambda index: ids[index][1])
    for name, location in ids:
        if name == "announced":
            message = "the id 'announced' is reserved: the announcement of the season is called so"
            file.add_problem(location, message)


def _check_retired(file: SourceFile, season: SeasonFiles) -> None:
    present: dict[str, str] = {}
    """What is in the season by every name it has and had: an event's new id leaves its tombstones where they are."""
    for event in season.season.events:
        for event_id in (event.id, *event.formerly):
            present[event_id] = event.id
            for session in event.sessions:
                ids = (session.id, *session.formerly)
                present |= {f"{event_id}.{session_id}": f"{event.id}.{session.id}" for session_id in ids}
    retired_ids = [retired.id for retired in season.season.retired]
    check_unique(file, retired_ids, "retired", lambda index: ("retired", index, "id"))
    for index, retired in enumerate(retired_ids):
        if current := present.get(retired):
            now = "" if current == retired else f" as {current!r}"
            message = f"{retired!r} is in the season still{now}; take it out, or cancel it with status = 'cancelled'"
            file.add_problem(("retired", index, "id"), message)


def _check_entries(file: SourceFile, season: SeasonFiles, events: Ids, class_ids: Ids | None) -> None:
    lists = season.entries.lists
    check_unique(file, [entry_list.id for entry_list in lists], "list", lambda index: ("list", index, "id"))
    for index, entry_list in enumerate(lists):
        check_reference(file, entry_list.event, events, "event", ("list", index, "event"))
        for name in entry_list.counts:
            check_reference(file, name, class_ids, "class", ("list", index, "counts", name))
        for n, entry in enumerate(entry_list.entries):
            check_reference(file, entry.race_class, class_ids, "class", ("list", index, "entry", n, "class"))
        numbers = [entry.number for entry in entry_list.entries]
        check_unique(file, numbers, "number", partial(_locate_number, index))


def _locate_number(index: int, n: int) -> Location:
    return ("list", index, "entry", n, "number")


def _check_results(
    file: SourceFile, season: SeasonFiles, sessions: Mapping[str, Ids], events: Ids, class_ids: Ids | None
) -> None:
    previous: set[tuple[str, str]] = set()
    for index, result in enumerate(season.results.results):
        spot: Location = ("result", index)
        check_reference(file, result.event, events, "event", (*spot, "event"))
        if result.event in sessions:
            check_reference(file, result.session, sessions[result.event], "session", (*spot, "session"))
        if (result.event, result.session) in previous:
            file.add_problem((*spot, "session"), f"{result.event}.{result.session} has a result already")
        previous.add((result.event, result.session))
        for n, winner in enumerate(result.winners):
            check_reference(file, winner.race_class, class_ids, "class", (*spot, "winner", n, "class"))
    titles = [champion.key for champion in season.results.champions]
    check_unique(file, titles, "title", lambda index: ("champion", index))
    for index, champion in enumerate(season.results.champions):
        check_reference(file, champion.race_class, class_ids, "class", ("champion", index, "class"))
    for index, invitation in enumerate(season.results.invitations):
        check_reference(file, invitation.race_class, class_ids, "class", ("invitation", index, "class"))


def _check_news(file: SourceFile, season: SeasonFiles, events: Ids, class_ids: Ids | None) -> None:
    items = season.news.news
    check_unique(file, [item.id for item in items], "news", lambda index: ("news", index, "id"))
    for index, item in enumerate(items):
        for n, event in enumerate(item.events):
            check_reference(file, event, events, "event", ("news", index, "events", n))
        check_classes(file, item.classes, class_ids, ("news", index, "classes"))

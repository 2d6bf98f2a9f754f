"""Old content as new definitions: what a generation said, under today's ids, and nothing lost that came since.

Each generation keeps the definitions it was made from. Going back composes the old ones anew with the ledgers of now,
so that stamps go on growing and every client follows. What was added since is public and cannot vanish: events and
sessions stay as cancelled, announcements, lists and results as they are.
"""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
from aslms_feeds.definitions.results import News
from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.definitions.values import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aslms_feeds.definitions.results import NewsItem, Results
    from aslms_feeds.definitions.season import Change, Event, Season, Session

    _Cancellable = TypeVar("_Cancellable", Season, Event, Session)


_Row = TypeVar("_Row")
_ID = attrgetter("id")


def restore_content(old: SeriesFiles, now: SeriesFiles) -> SeriesFiles:
    """Return what ``old`` says, under the ids of ``now``, with what was added since; settings are those of ``now``."""
    old_seasons = {season.lasting_id: season for season in old.seasons}
    classes = _merge_rows(old.series.classes, now.series.classes, _ID)
    seasons = tuple(
        _restore_season(old_seasons[season.lasting_id], season)
        if season.lasting_id in old_seasons
        else replace(season, season=_call_off(season.season))
        for season in now.seasons
    )
    return replace(
        now,
        series=old.series.model_copy(update={"formerly": now.series.formerly, "classes": classes}),
        circuits={**now.circuits, **old.circuits},
        seasons=seasons,
    )


def _restore_season(old: SeasonFiles, now: SeasonFiles) -> SeasonFiles:
    names = _CurrentNames(old, now)
    entries = [entries.model_copy(update={"event": names.event(entries.event)}) for entries in old.entries.lists]
    news = [
        item.model_copy(update={"events": tuple(names.event(event) for event in item.events)}) for item in old.news.news
    ]
    return SeasonFiles(
        now.id,
        _restore_events(old.season, now.season, names),
        old.entries.model_copy(update={"lists": _merge_rows(entries, now.entries.lists, _ID)}),
        _restore_results(old.results, now.results, names),
        News(news=_merge_rows(news, now.news.news, _ID, is_superseded=_has_no_day)),
    )


def _restore_events(old: Season, now: Season, names: _CurrentNames) -> Season:
    retired = _merge_rows(now.retired, old.retired, _ID)
    retired_ids = {tombstone.id for tombstone in retired}
    old_events = {event.lasting_id: event for event in old.events}
    events = tuple(
        _restore_event(old_events[event.lasting_id], event, names, retired_ids)
        if event.lasting_id in old_events
        else _call_off(event)
        for event in now.events
    )
    return old.model_copy(
        update={
            "formerly": now.formerly,
            "retired": retired,
            "events": events,
            "changes": _merge_changes(old.changes, now.changes),
            "records": tuple(record.model_copy(update={"event": names.event(record.event)}) for record in old.records),
        }
    )


def _restore_results(old: Results, now: Results, names: _CurrentNames) -> Results:
    results = [
        result.model_copy(
            update={"event": names.event(result.event), "session": names.session(result.event, result.session)}
        )
        for result in old.results
    ]
    champions = _merge_rows(
        old.champions,
        now.champions,
        lambda champion: champion.key,
        is_superseded=lambda champion: not (champion.drivers or champion.team),
    )
    merged = _merge_rows(results, now.results, lambda result: (result.event, result.session))
    return old.model_copy(update={"results": merged, "champions": champions})


def _restore_event(old: Event, now: Event, names: _CurrentNames, retired_ids: set[str]) -> Event:
    if find_event_days(now) and not find_event_days(old):
        # Its days are public: they cannot be taken back, only be called off until there are others.
        return now.model_copy(update={"status": Status.POSTPONED})
    old_sessions = {session.lasting_id: session for session in old.sessions}
    sessions = [
        _restore_session(old_sessions[session.lasting_id], session)
        if session.lasting_id in old_sessions
        else _call_off(session)
        for session in now.sessions
    ]
    changes: list[Change] = [
        change.model_copy(update={"session": names.session(old.id, change.session) if change.session else None})
        for change in old.changes
    ]
    return old.model_copy(
        update={
            "id": now.id,
            "formerly": now.formerly,
            "sessions": tuple(session for session in sessions if f"{now.id}.{session.id}" not in retired_ids),
            "changes": _merge_changes(changes, now.changes),
        }
    )


def _restore_session(old: Session, now: Session) -> Session:
    return old.model_copy(update={"id": now.id, "formerly": now.formerly})


def _call_off(definition: _Cancellable) -> _Cancellable:
    return definition.model_copy(update={"status": Status.CANCELLED})


def _merge_changes(old: Iterable[Change], now: Iterable[Change]) -> tuple[Change, ...]:
    """Return the announced changes: what has got a day since keeps it, because readers were told under it."""
    return _merge_rows(old, now, _ID, is_superseded=_has_no_day)


def _has_no_day(row: Change | NewsItem) -> bool:
    return row.on is None


def _merge_rows(
    rows: Iterable[_Row],
    additions: Iterable[_Row],
    key_of: Callable[[_Row], object],
    is_superseded: Callable[[_Row], object] = lambda _row: False,
) -> tuple[_Row, ...]:
    """Return the rows, and the additions that have a key of their own; a superseded row makes way for an addition."""
    additional = {key_of(row): row for row in additions}
    merged = {key_of(row): additional.get(key_of(row), row) if is_superseded(row) else row for row in rows}
    return (*merged.values(), *(row for key, row in additional.items() if key not in merged))


class _CurrentNames:
    """What the events and sessions of an old season are called now."""

    def __init__(self, old: SeasonFiles, now: SeasonFiles) -> None:
        current_events = {event.lasting_id: event for event in now.season.events}
        self._events: dict[str, str] = {}
        self._sessions: dict[tuple[str, str], str] = {}
        for event in old.season.events:
            current = current_events.get(event.lasting_id, event)
            self._events[event.id] = current.id
            session_ids = {session.lasting_id: session.id for session in current.sessions}
            for session in event.sessions:
                self._sessions[event.id, session.id] = session_ids.get(session.lasting_id, session.id)

    def event(self, event: Any) -> Any:  # noqa: ANN401 - an id or None, as the model has it
        return self._events.get(event, event)

    def session(self, event: str, session: str) -> str:
        return self._sessions.get((event, session), session)

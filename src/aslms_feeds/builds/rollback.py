"""Old content as new definitions: what a generation said, under today's ids, and nothing lost that came since.

Each generation keeps the definitions it was made from. Going back composes the old ones anew with the ledgers of now,
so that stamps go on growing and every client follows. What was added since is public and cannot vanish: events and
sessions stay as cancelled, announcements, lists and results as they are.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
from aslms_feeds.definitions.results import Entries, News, NewsItem, Results
from aslms_feeds.definitions.season import Season
from aslms_feeds.definitions.series import Circuit, Series
from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.definitions.values import Definition, Status
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.records import OtherFormatError, RecordError, read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.definitions.season import Change, Event, Session

DEFINITIONS = "definitions.json.gz"
"""The file of the private state that holds what a generation was made from."""
HELD = "held.json.gz"
"""The file of the private state that holds what is published instead of the definitions, until they change."""
JOINED = "joined.json"
"""The file of the private state that holds the joined news a recovery has found."""
FORMAT = 1

_Defined = TypeVar("_Defined", bound=Definition)


@dataclass(frozen=True)
class Held:
    """A rollback that holds."""

    back_to: int
    """The generation whose content is public again."""
    fingerprint: str
    """Of the definitions it holds against: it ends when they change."""
    files: SeriesFiles


def keep(files: SeriesFiles) -> bytes:
    """Return the definitions of a series as its private state keeps them, the same bytes for the same definitions."""
    return _packed(_data(files))


def kept(text: bytes, publisher: Publisher) -> SeriesFiles:
    """Return the definitions that :func:`keep` wrote, under the settings of today."""
    return _read(text, lambda data: _files(data, publisher))


def hold(held: Held) -> bytes:
    """Return a rollback as the private state keeps it."""
    data = {"back_to": held.back_to, "fingerprint": held.fingerprint, **_data(held.files)}
    return _packed(data)


def held(text: bytes, publisher: Publisher) -> Held:
    """Return the rollback that :func:`hold` wrote."""
    return _read(text, lambda data: Held(int(data["back_to"]), str(data["fingerprint"]), _files(data, publisher)))


_Made = TypeVar("_Made")


def _read(text: bytes, make: Callable[[dict[str, Any]], _Made]) -> _Made:
    try:
        return read_record(gzip.decompress(text), FORMAT, make)
    except OtherFormatError as error:
        raise PublicationError(str(error), hint="use the version that wrote it, or newer") from error
    except (OSError, EOFError, zlib.error, RecordError) as error:
        message = f"the definitions of that generation cannot be read: {error}"
        raise PublicationError(message, hint="go back to another generation") from error


def _packed(data: Mapping[str, Any]) -> bytes:
    return gzip.compress(write_record(FORMAT, data, compact=True), 6, mtime=0)


def _data(files: SeriesFiles) -> dict[str, Any]:
    return {
        "id": files.id,
        "series": _dump(files.series),
        "circuits": {name: _dump(circuit) for name, circuit in files.circuits.items()},
        "seasons": [
            {
                "id": one.id,
                "season": _dump(one.season),
                "entries": _dump(one.entries),
                "results": _dump(one.results),
                "news": _dump(one.news),
            }
            for one in files.seasons
        ],
    }


def _dump(value: Definition) -> dict[str, Any]:
    return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _files(data: Mapping[str, Any], publisher: Publisher) -> SeriesFiles:
    seasons = tuple(
        SeasonFiles(
            one["id"],
            _load(Season, one["season"]),
            _load(Entries, one["entries"]),
            _load(Results, one["results"]),
            _load(News, one["news"]),
        )
        for one in data["seasons"]
    )
    circuits = {name: _load(Circuit, one) for name, one in data["circuits"].items()}
    return SeriesFiles(data["id"], publisher, _load(Series, data["series"]), circuits, seasons)


def _load(model: type[_Defined], data: Mapping[str, Any]) -> _Defined:
    return model.model_validate_json(json.dumps(data))


def with_joined(
    files: SeriesFiles,
    fresh: Mapping[str, tuple[NewsItem, ...]],
    was: SeriesFiles | None,
    found: Mapping[str, tuple[NewsItem, ...]],
) -> SeriesFiles:
    """Return definitions with the news that was taken from elsewhere, by season: also what is not offered any more."""
    before = {one.lasting_id: one for one in was.seasons} if was else {}
    seasons = []
    for season in files.seasons:
        old = before.get(season.lasting_id)
        kept_items = [one for one in (old.news.news if old else ()) if one.origin]
        more: dict[str, NewsItem] = {}
        for one in (*season.news.news, *fresh.get(season.id, ()), *kept_items, *found.get(season.id, ())):
            more.setdefault(one.id, one)
        own = {one.id for one in season.news.news}
        taken = sorted((one for one in more.values() if one.id not in own), key=lambda one: (str(one.on), one.id))
        news = (*season.news.news, *taken)
        seasons.append(replace(season, news=season.news.model_copy(update={"news": news})))
    return replace(files, seasons=tuple(seasons))


def joined(text: bytes) -> dict[str, tuple[NewsItem, ...]]:
    """Return joined news by season, as a recovery keeps it."""
    return {
        season: tuple(_load(NewsItem, one) for one in items) for season, items in json.loads(text)["seasons"].items()
    }


def carried(old: SeriesFiles, now: SeriesFiles) -> SeriesFiles:
    """Return what ``old`` says, under the ids of ``now``, with what was added since; settings are those of ``now``."""
    seasons = {one.lasting_id: one for one in old.seasons}
    series = old.series.model_copy(
        update={
            "formerly": now.series.formerly,
            "classes": _joined(old.series.classes, now.series.classes, lambda one: one.id),
        }
    )
    return replace(
        now,
        series=series,
        circuits={**now.circuits, **old.circuits},
        seasons=tuple(
            _season(seasons[one.lasting_id], one) if one.lasting_id in seasons else _called_off(one)
            for one in now.seasons
        ),
    )


def _called_off(season: SeasonFiles) -> SeasonFiles:
    return replace(season, season=season.season.model_copy(update={"status": Status.CANCELLED}))


def _season(old: SeasonFiles, now: SeasonFiles) -> SeasonFiles:
    names = _Names(old, now)
    retired = _joined(now.season.retired, old.season.retired, lambda one: one.id)
    buried = {one.id for one in retired}
    events = {one.lasting_id: one for one in old.season.events}
    season = old.season.model_copy(
        update={
            "formerly": now.season.formerly,
            "retired": retired,
            "events": tuple(
                _event(events[one.lasting_id], one, names, buried) if one.lasting_id in events else _off(one)
                for one in now.season.events
            ),
            "changes": _changes(old.season.changes, now.season.changes),
            "records": tuple(one.model_copy(update={"event": names.event(one.event)}) for one in old.season.records),
        }
    )
    lists = [one.model_copy(update={"event": names.event(one.event)}) for one in old.entries.lists]
    results = [
        one.model_copy(update={"event": names.event(one.event), "session": names.session(one.event, one.session)})
        for one in old.results.results
    ]
    news = [
        one.model_copy(update={"events": tuple(names.event(event) for event in one.events)}) for one in old.news.news
    ]
    return SeasonFiles(
        now.id,
        season,
        old.entries.model_copy(update={"lists": _joined(lists, now.entries.lists, lambda one: one.id)}),
        old.results.model_copy(
            update={
                "results": _joined(results, now.results.results, lambda one: (one.event, one.session)),
                "champions": _joined(
                    old.results.champions,
                    now.results.champions,
                    lambda one: one.key,
                    stale=lambda one: not (one.drivers or one.team),
                ),
            }
        ),
        News(news=_joined(news, now.news.news, lambda one: one.id, stale=lambda one: one.on is None)),
    )


_Row = TypeVar("_Row")


def _joined(
    first: Iterable[_Row],
    more: Iterable[_Row],
    key: Callable[[_Row], object],
    stale: Callable[[_Row], object] = lambda _row: False,
) -> tuple[_Row, ...]:
    """Return the first rows and those of the others that have no namesake; a stale one makes way for its namesake."""
    others = {key(one): one for one in more}
    rows = {key(one): others.get(key(one), one) if stale(one) else one for one in first}
    return (*rows.values(), *(one for name, one in others.items() if name not in rows))


def _changes(old: Iterable[Change], now: Iterable[Change]) -> tuple[Change, ...]:
    """Return history: what has got a day since keeps it, because readers were told under it."""
    return _joined(old, now, lambda one: one.id, stale=lambda one: one.on is None)


def _event(old: Event, now: Event, names: _Names, buried: set[str]) -> Event:
    if find_event_days(now) and not find_event_days(old):
        # Its days are public: they cannot be taken back, only be called off until there are others.
        return now.model_copy(update={"status": Status.POSTPONED})
    sessions = {one.lasting_id: one for one in old.sessions}
    kept_sessions = [
        _session(sessions[one.lasting_id], one) if one.lasting_id in sessions else _off_session(one)
        for one in now.sessions
    ]
    changes: list[Change] = [
        one.model_copy(update={"session": names.session(old.id, one.session) if one.session else None})
        for one in old.changes
    ]
    return old.model_copy(
        update={
            "id": now.id,
            "formerly": now.formerly,
            "sessions": tuple(one for one in kept_sessions if f"{now.id}.{one.id}" not in buried),
            "changes": _changes(changes, now.changes),
        }
    )


def _session(old: Session, now: Session) -> Session:
    return old.model_copy(update={"id": now.id, "formerly": now.formerly})


def _off(event: Event) -> Event:
    return event.model_copy(update={"status": Status.CANCELLED})


def _off_session(session: Session) -> Session:
    return session.model_copy(update={"status": Status.CANCELLED})


class _Names:
    """What the events and sessions of an old season are called now."""

    def __init__(self, old: SeasonFiles, now: SeasonFiles) -> None:
        today = {one.lasting_id: one for one in now.season.events}
        self._events: dict[str, str] = {}
        self._sessions: dict[tuple[str, str], str] = {}
        for event in old.season.events:
            new = today.get(event.lasting_id, event)
            self._events[event.id] = new.id
            sessions = {one.lasting_id: one.id for one in new.sessions}
            for session in event.sessions:
                self._sessions[event.id, session.id] = sessions.get(session.lasting_id, session.id)

    def event(self, event: Any) -> Any:  # noqa: ANN401 - an id or None, as the model has it
        return self._events.get(event, event)

    def session(self, event: str, session: str) -> str:
        return self._sessions.get((event, session), session)

"""Other people's data: asked for when it is due, looked at with suspicion, and kept so that the last good stays.

`fetch` asks, `foreign` reads what came, and here it is decided whether that is taken. What is kept of an upstream lies
in ``OUTPUT/upstreams/<id>/``: ``state.json`` (validators, when it was asked and when it will be, what was wrong), and
its last good data: ``files.json`` of definitions, ``items.json`` of a feed, ``events.json`` of a calendar. Data are
written before the state that goes with them, each file whole; whoever dies in between asks again.

An answer that is doubtful (shrunken, emptied, somebody else's, too large, unreadable) is put into quarantine: nothing
of it is taken, ``quarantine`` says why, and every later answer is looked at again. One that is sane ends it. So does an
operator who removes that file: the next readable answer is then taken, however much smaller it is.

What comes out depends on what is stored, on the answers, on the definitions and on ``now``, and on nothing else.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import ValidationError

from aslms_feeds import foreign, proposals
from aslms_feeds.checks import is_id
from aslms_feeds.definitions import SEASON_FILES, SERIES, read_definitions
from aslms_feeds.errors import AnswerError, FetchError
from aslms_feeds.fetch import Fetcher
from aslms_feeds.foreign import Appointment, Feed, Refused
from aslms_feeds.identity import digest
from aslms_feeds.model import NewsItem
from aslms_feeds.toml import text_problems
from aslms_feeds.upstream import Deferred, Fetched, Rules, Unchanged, Validators

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from aslms_feeds.definitions import Definitions
    from aslms_feeds.model import Publisher, SeasonFiles, SeriesFiles, Upstream
    from aslms_feeds.proposals import Proposal, Theirs

T = TypeVar("T")

UPSTREAMS = "upstreams"
"""The folder below the output, one folder of it for each upstream."""
PROPOSALS = "proposals.json"
STATE, FILES, ITEMS, EVENTS, QUARANTINE = "state.json", "files.json", "items.json", "events.json", "quarantine"

SECONDS = 60.0
"""The time for all upstreams together; what it does not suffice for is asked by the next run."""
SECONDS_EACH = 30.0
"""The time for one document."""
SECONDS_LEAST = 1.0
"""Whoever would have less than this is asked by the next run."""
AT_ONCE = 8
LIMIT, ARCHIVE_LIMIT = 2 << 20, 8 << 20
"""Octets of a document, and of an archive."""
MOST_NEW = 50
"""New items of a feed in one answer; more are somebody else's."""
MOST_KEPT = 5_000
"""Items of a feed that are ever joined."""
_DAY_MINUTES = 24 * 60
_FORMAT = 1
_NOTHING = Validators()


@dataclass(frozen=True)
class Polled:
    """What other people's data come to now."""

    contents: Mapping[str, bytes] = field(default_factory=dict)
    """Definition files by path below the calendars folder, none of which lies there itself."""
    joined: Mapping[tuple[str, str], tuple[NewsItem, ...]] = field(default_factory=dict)
    """News by series and season."""
    proposals: tuple[Proposal, ...] = ()
    quarantined: Mapping[str, str] = field(default_factory=dict)
    """Why nothing of an upstream's last answer was taken, by its id."""
    troubled: Mapping[str, str] = field(default_factory=dict)
    """Why an upstream brought nothing, by its id: it will be asked again by itself."""
    overridden: tuple[str, ...] = ()
    """Paths of files that an upstream has too, and says otherwise: the folder's own are published."""
    asked: tuple[str, ...] = ()
    """The ids of the upstreams that were asked by this call."""
    next_due: datetime | None = None
    """When one of them is to be asked next."""

    def by_series(self) -> dict[str, dict[str, tuple[NewsItem, ...]]]:
        """Return the joined news by series, then season."""
        found: dict[str, dict[str, tuple[NewsItem, ...]]] = {}
        for (series, season), items in self.joined.items():
            found.setdefault(series, {})[season] = items
        return found


def poll(
    output: Path,
    publisher: Publisher,
    *,
    now: datetime,
    known: Mapping[str, bytes],
    root: str = "calendars",
    seconds: float = SECONDS,
    ask: bool = True,
) -> Polled:
    """Ask the upstreams that are due at ``now``, and return what all of them come to.

    Without ``ask`` nobody is asked and nothing is written: what is kept is returned.

    ``known`` are the files of the calendars folder, ``root`` is how problems name it. Nothing that an upstream does is
    raised; neither is a disk that takes nothing: what cannot be kept is not taken. One process asks at a time, and
    another returns what is kept.
    """
    folder = output / UPSTREAMS
    if not publisher.upstreams and not folder.exists():
        return Polled()
    run = _Run(output, publisher, now, known, root)
    if not ask:
        return run.polled()
    with _alone(folder) as reason:
        if reason is None:
            run.ask(_Asker(publisher, now, time.monotonic() + seconds))
        elif reason:
            run.unsaved.update(dict.fromkeys((one.id for one in publisher.upstreams), reason))
        polled = run.polled()
        if reason is None:
            with suppress(OSError):
                _tell(output / PROPOSALS, polled.proposals)
    return polled


def _tell(path: Path, found: Sequence[Proposal]) -> None:
    body = proposals.to_json(found).encode()
    there = path.read_bytes() if path.exists() else None
    if there != body and (found or there is not None):
        _replace(path, body)


@contextmanager
def _alone(folder: Path) -> Iterator[str | None]:
    """Yield why nothing can be asked: empty where another process does, None where we may; the lock dies with us."""
    handle, reason = -1, None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        reason = ""
    except OSError as error:
        reason = f"nothing can be kept in {folder}: {error.strerror or error}"
    try:
        yield reason
    finally:
        if handle >= 0:
            os.close(handle)


# What is kept


@dataclass(frozen=True, kw_only=True)
class _State:
    """What is known of an upstream beside its data."""

    of: str = ""
    """A digest of how it is set: another address has other validators."""
    asked: datetime | None = None
    due: datetime | None = None
    validators: Mapping[str, Validators] = field(default_factory=dict)
    """By file; "" where it is one document."""
    wrong: str = ""
    """Why it brought nothing."""
    quarantined: str = ""
    released: bool = False
    """Whether an operator has ended its quarantine."""
    failures: int = 0
    """How often in a row it brought nothing."""

    def to_json(self) -> str:
        """Return it as it is kept."""
        data = {
            **asdict(self),
            "format": _FORMAT,
            "asked": self.asked.isoformat() if self.asked else None,
            "due": self.due.isoformat() if self.due else None,
        }
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def of_json(cls, data: Any) -> _State:  # noqa: ANN401 - JSON
        """Return what was kept; ValueError, KeyError or TypeError where it is damaged."""
        if data.pop("format") != _FORMAT:
            raise ValueError("written by another version")
        data["validators"] = {name: Validators(**row) for name, row in data["validators"].items()}
        for name in ("asked", "due"):
            data[name] = datetime.fromisoformat(data[name]).astimezone(UTC) if data[name] else None
        return cls(**data)


class _DamagedError(Exception):
    """What was kept of an upstream cannot be read."""


@dataclass(frozen=True)
class _Place:
    """The folder of one upstream."""

    folder: Path

    def state(self) -> _State:
        """Return its state; that of one never asked, where it is gone or damaged."""
        try:
            return _State.of_json(json.loads((self.folder / STATE).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _State()

    def held(self, name: str) -> dict[str, Any]:
        """Return data that are kept, empty where there are none; _DamagedError where they cannot be read."""
        try:
            data = json.loads((self.folder / name).read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise _DamagedError(f"{name} cannot be read") from error
        if not _shaped(name, data):
            raise _DamagedError(f"{name} is damaged")
        return dict(data)

    def files(self, series: str) -> dict[str, str]:
        """Return the last good definitions of a series, by path below its folder."""
        data = self.held(FILES)
        return dict(data["files"]) if data and data["series"] == series else {}

    def has_good(self, upstream: Upstream) -> bool:
        """Say whether there are data of which an upstream may answer that they have not changed."""
        try:
            match upstream.kind:
                case "definitions":
                    return bool(self.files(upstream.series))
                case "feed":
                    return bool(self.held(ITEMS))
                case "ics":
                    return bool(self.held(EVENTS))
        except _DamagedError:
            return False

    def keep(self, name: str, **data: object) -> None:
        """Keep data."""
        self.folder.mkdir(parents=True, exist_ok=True)
        body = json.dumps({"format": _FORMAT, **data}, ensure_ascii=False, indent=1).encode() + b"\n"
        path = self.folder / name
        if not path.exists() or path.read_bytes() != body:
            _replace(path, body)

    def save(self, state: _State) -> None:
        """Keep the state, and say for people whether it is in quarantine."""
        self.folder.mkdir(parents=True, exist_ok=True)
        notice = self.folder / QUARANTINE
        if state.quarantined:
            body = (
                f"{state.quarantined}\n\nNothing of this answer was taken; the last good one is still published.\n"
                "This ends by itself with an answer that is sane. To take the next one as it is, remove this file.\n"
            ).encode()
            if not notice.exists() or notice.read_bytes() != body:
                _replace(notice, body)
        _replace(self.folder / STATE, state.to_json().encode())
        if not state.quarantined:
            notice.unlink(missing_ok=True)

    def released(self) -> bool:
        """Whether somebody has removed the notice of its quarantine."""
        return not (self.folder / QUARANTINE).exists()


def _shaped(name: str, data: object) -> bool:
    """Say whether what was kept looks as it was written."""
    match name, data:
        case "files.json", {"format": 1, "series": str(), "files": dict(files)}:
            return all(isinstance(text, str) for text in files.values())
        case "items.json", {"format": 1, "seen": int(), "spoils": bool(), "items": list(rows)}:
            return all(_texts(row, _ROW) for row in rows)
        case "events.json", {"format": 1, "events": list(rows)}:
            return all(_texts(row, frozenset(Appointment._fields)) for row in rows)
        case _:
            return False


_ROW = frozenset({"id", "series", "season", "on", "origin", "title", "text", "link"})


def _texts(row: object, names: frozenset[str]) -> bool:
    return isinstance(row, dict) and row.keys() == names and all(isinstance(value, str) for value in row.values())


def _replace(path: Path, body: bytes) -> None:
    """Write a file whole and durable: beside it, synced, then one rename."""
    fresh = path.with_name(f".{path.name}")
    try:
        with fresh.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# What came


@dataclass(frozen=True)
class _Calendar:
    """The events of a calendar."""

    events: tuple[Appointment, ...]


@dataclass(frozen=True)
class _Files:
    """The definition files of a series, by path below its folder."""

    files: Mapping[str, str]


_Found = Feed | _Calendar | _Files


@dataclass(frozen=True)
class _Brought:
    """Something to look at."""

    found: _Found
    validators: Mapping[str, Validators]


@dataclass(frozen=True)
class _Same:
    """What is kept still holds."""

    validators: Mapping[str, Validators]


@dataclass(frozen=True)
class _Later:
    """It asks to be left alone."""

    until: datetime


class _DoubtError(Exception):
    """An answer that is not taken, and why: it goes into quarantine."""


class _TroubleError(Exception):
    """Why nothing came of asking, though nothing is wrong with the data."""


class _TimeError(Exception):
    """No time was left to ask."""


_Answer = _Brought | _Same | _Later | _DoubtError | _TroubleError | _TimeError


@dataclass(frozen=True)
class _Asker:
    """What happens in threads, which write nothing: upstreams are asked, and what comes is read."""

    publisher: Publisher
    now: datetime
    deadline: float

    def answer(self, upstream: Upstream, state: _State, place: _Place) -> _Answer:
        """Return what asking came to; whatever it came to, the others go on."""
        try:
            return self._fetched(upstream, state, place)
        except (_DoubtError, _TroubleError, _TimeError) as found:
            return found
        except FetchError as error:
            reason = str(error).removeprefix(_shown(upstream)).removeprefix(": ")
            # Without a status, the answer itself is what cannot be used: too large, damaged, cut short.
            broken = isinstance(error, AnswerError) and error.status is None
            return _DoubtError(reason) if broken else _TroubleError(reason)
        except OSError as error:
            return _TroubleError(f"it cannot be read here: {error.strerror or error}")
        except Exception as error:
            logging.getLogger(__name__).exception("%s", upstream.id)
            return _TroubleError(f"a fault of the program: {type(error).__name__}")

    def _fetched(self, upstream: Upstream, state: _State, place: _Place) -> _Answer:
        network = self.publisher.network
        rules = Rules(
            allow_http=network.allow_http,
            allow_loopback=network.allow_loopback,
            hosts=frozenset(upstream.hosts),
            limit=ARCHIVE_LIMIT if _is_archive(upstream) else LIMIT,
        )
        # Of one in quarantine no validators are kept: what was never taken is asked for as a whole.
        known = state.validators if place.has_good(upstream) else {}
        if self._left() < SECONDS_LEAST:
            raise _TimeError
        with Fetcher(rules) as fetcher:
            if _is_folder(upstream):
                return self._folder(upstream, fetcher, known, place.files(upstream.series) if known else {})
            match self._get(fetcher, upstream.url, known.get("", _NOTHING)):
                case Fetched() as fetched:
                    return _Brought(self._read(upstream, fetched), {"": fetched.validators})
                case Unchanged(validators):
                    return _Same({"": validators})
                case Deferred(_, until):
                    return _Later(until)

    def _folder(
        self, upstream: Upstream, fetcher: Fetcher, known: Mapping[str, Validators], kept: Mapping[str, str]
    ) -> _Answer:
        """Ask for every file of a folder; those that did not change are the ones that are kept."""
        if not upstream.files:
            raise _TroubleError("a folder cannot be listed: name its files with the key files")
        found, validators, fresh = {}, {}, False
        for name in upstream.files:
            if not _is_definition(name):
                raise _TroubleError(f"{name!r} is no definition file, such as {SERIES} or 2026-27/season.toml")
            validator = known.get(name, _NOTHING) if name in kept else _NOTHING
            match self._get(fetcher, upstream.url + quote(name), validator):
                case Fetched(body=body, validators=new):
                    found[name], validators[name], fresh = _toml(body), new, True
                case Unchanged(new):
                    found[name], validators[name] = kept[name], new
                case Deferred(_, until):
                    return _Later(until)
        fresh = fresh or found.keys() != kept.keys()
        return _Brought(_Files(found), validators) if fresh else _Same(validators)

    def _get(self, fetcher: Fetcher, url: str, known: Validators) -> Fetched | Unchanged | Deferred:
        left = self._left()
        if left <= 0:
            raise _TroubleError("takes longer than the time that there is for all upstreams")
        fetcher.rules = replace(fetcher.rules, seconds=min(SECONDS_EACH, left))
        return fetcher.get(url, now=self.now, validators=known)

    def _left(self) -> float:
        return self.deadline - time.monotonic()

    def _read(self, upstream: Upstream, fetched: Fetched) -> _Found:
        """Return what a document says; _DoubtError where it is none of the wanted kind."""
        kind, _, _ = fetched.media_type.partition("/")
        if kind not in {"", "text", "application"}:
            raise _DoubtError(f"is {fetched.media_type}")
        seconds = min(foreign.SECONDS, max(self._left(), SECONDS_LEAST))
        if upstream.kind == "feed":
            return _sane(foreign.read_feed(fetched.body, upstream.url, fetched.charset, seconds=seconds))
        if upstream.kind == "ics":
            return _Calendar(_sane(foreign.read_calendar(fetched.body, seconds=seconds)))
        if _is_archive(upstream):
            return _Files(_sane(foreign.read_archive(fetched.body, upstream.series, seconds=seconds)))
        return _Files({_own_name(upstream): _toml(fetched.body)})


def _sane(found: T | Refused) -> T:
    """Return what was read; _DoubtError with the reason where it was refused."""
    if isinstance(found, Refused):
        raise _DoubtError(found.reason)
    return found


@dataclass(frozen=True)
class _Run:
    """One call of `poll`."""

    output: Path
    publisher: Publisher
    now: datetime
    known: Mapping[str, bytes]
    root: str
    asked: list[str] = field(default_factory=list)
    unsaved: dict[str, str] = field(default_factory=dict)
    """Why an answer could not be kept, by upstream."""

    def ask(self, asker: _Asker) -> None:
        """Ask what is due, several at a time, and take the answers one after the other."""
        due = [(one, state) for one in self.publisher.upstreams if (state := self._due(one)) is not None]
        due.sort(key=lambda row: (row[1].due or _EVER, row[0].id))
        if not due:
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(due))) as pool:
            answers = list(pool.map(lambda row: asker.answer(row[0], row[1], self._place(row[0].id)), due))
        for (upstream, state), answer in sorted(zip(due, answers, strict=True), key=lambda row: row[0][0].id):
            if isinstance(answer, _TimeError):
                continue
            self.asked.append(upstream.id)
            try:
                self._take(upstream, state, answer)
            except OSError as error:
                self.unsaved[upstream.id] = f"its answer cannot be kept: {error.strerror or error}"
            except Exception as error:
                logging.getLogger(__name__).exception("%s", upstream.id)
                self.unsaved[upstream.id] = f"a fault of the program: {type(error).__name__}"

    def _place(self, upstream: str) -> _Place:
        return _Place(self.output / UPSTREAMS / upstream)

    def _due(self, upstream: Upstream) -> _State | None:
        """Return the state of an upstream that is to be asked now, None where it is not."""
        place = self._place(upstream.id)
        state, of = place.state(), _settings(upstream)
        if state.of != of:
            return _State(of=of)
        if state.quarantined and place.released():
            return replace(state, quarantined="", released=True, due=None)
        if state.validators and not place.has_good(upstream):
            return replace(state, validators={})
        # A clock that was ahead has set a time that nobody should wait for.
        early = state.due is None or state.asked is None or self.now < state.asked
        return state if early or (state.due is not None and state.due <= self.now) else None

    # Taking: one after the other

    def _take(self, upstream: Upstream, state: _State, answer: _Answer) -> None:
        """Keep what an answer brings, or why it brings nothing, and when to ask again."""
        place = self._place(upstream.id)
        soonest = self.now
        try:
            match answer:
                case _Brought(found, validators):
                    self._keep(upstream, place, found, trusted=state.released)
                    new = _State(of=state.of, validators=validators)
                case _Same(validators):
                    new = _State(of=state.of, validators=validators)
                case _Later(soonest):
                    new = replace(state, wrong=f"asks to be left alone until {soonest:%Y-%m-%d %H:%M} UTC")
                case _:
                    raise answer
        except _DoubtError as doubt:
            new = _State(of=state.of, quarantined=str(doubt)[:1_000])
        except (_TroubleError, _DamagedError) as trouble:
            new = replace(state, wrong=str(trouble)[:1_000], failures=state.failures + 1)
        place.save(replace(new, asked=self.now, due=max(soonest, _next(upstream, self.now, new.failures))))

    def _keep(self, upstream: Upstream, place: _Place, found: _Found, *, trusted: bool) -> None:
        """Keep the data of an answer; ``trusted``: an operator wants it, however it differs from the last good one."""
        match found:
            case Feed():
                self._keep_feed(upstream, place, found, trusted=trusted)
            case _Calendar(events):
                self._keep_events(upstream, place, events, trusted=trusted)
            case _Files(files):
                self._keep_files(upstream, place, files, trusted=trusted)

    def _keep_feed(self, upstream: Upstream, place: _Place, feed: Feed, *, trusted: bool) -> None:
        """Join what is new, change what was edited, and forget nothing: what was published once stays."""
        data = place.held(ITEMS) or {"items": [], "seen": 0}
        rows = {row["id"]: row for row in data["items"]}
        entries = {_item_id(upstream, entry.key): entry for entry in feed.entries}
        new = [name for name in entries if name not in rows]
        if not trusted:
            _not_shrunken(len(entries), data["seen"], "items")
            if len(new) > MOST_NEW:
                raise _DoubtError(f"brings {len(new)} new items at once, more than {MOST_NEW}")
        if len(rows) + len(new) > MOST_KEPT:
            raise _DoubtError(f"has brought more than {MOST_KEPT:,} items: it makes new ones of old ones")
        season = self._season(upstream) if new else None
        if new and season is None:
            raise _TroubleError(f"the series {upstream.series!r} has no season that its items could join")
        origin = feed.title or urlsplit(upstream.url).hostname or upstream.id
        for name, entry in entries.items():
            row = rows.get(name) or {
                "id": name,
                "series": upstream.series,
                "season": season.id if season else "",
                "on": _day(entry.on, self.now).isoformat(),
                "origin": origin,
            }
            row = {**row, "title": entry.title, "text": entry.text, "link": entry.link}
            if _news(row, spoils=upstream.spoils) is not None:
                rows[name] = row
        place.keep(ITEMS, seen=len(entries), spoils=upstream.spoils, items=sorted(rows.values(), key=_by_day))

    def _keep_events(self, upstream: Upstream, place: _Place, found: tuple[Appointment, ...], *, trusted: bool) -> None:
        if not trusted:
            _not_shrunken(len(found), len(_intact(place, EVENTS).get("events", ())), "events")
            files = self._world.series.get(upstream.series)
            if files and found and not proposals.overlaps(files, _theirs(found)):
                raise _DoubtError(f"names no event of the series {upstream.series!r}: it is another calendar")
        place.keep(EVENTS, events=[one._asdict() for one in found])

    def _keep_files(self, upstream: Upstream, place: _Place, found: Mapping[str, str], *, trusted: bool) -> None:
        """Keep a set of definitions with which the series has no problem, and loses no season and few sessions."""
        kept = place.files(upstream.series) if place.has_good(upstream) else {}
        if not trusted:
            _not_shrunken(len(found), len(kept), "files")
        after = self._read_with(upstream, found)
        if problems := (*after.broken.get("", ()), *after.broken.get(upstream.series, ())):
            more = f", and {len(problems) - 1} more problems" if len(problems) > 1 else ""
            raise _DoubtError(f"{problems[0]}{more}")
        if upstream.series not in after.series:
            raise _DoubtError(f"does not define the series {upstream.series!r}")
        before = self._read_with(upstream, kept).series.get(upstream.series)
        if before and not trusted:
            _nothing_lost(before, after.series[upstream.series])
        place.keep(FILES, series=upstream.series, files=dict(sorted(found.items())))

    # What there is now

    def polled(self) -> Polled:
        """Return what is kept of all upstreams."""
        troubled: dict[str, str] = {}
        states = {one.id: self._place(one.id).state() for one in self.publisher.upstreams}
        for name, state in states.items():
            if state.wrong:
                troubled[name] = state.wrong
        overlay = self._overlay(troubled)
        joined = self._joined(troubled)
        found = self._proposals(troubled)
        troubled.update(self.unsaved)
        return Polled(
            contents={path: data for path, data in overlay.items() if path not in self.known},
            joined=joined,
            proposals=found,
            quarantined={name: state.quarantined for name, state in sorted(states.items()) if state.quarantined},
            troubled=dict(sorted(troubled.items())),
            overridden=tuple(path for path, data in overlay.items() if self.known.get(path, data) != data),
            asked=tuple(sorted(self.asked)),
            next_due=min((state.due or self.now for state in states.values()), default=None),
        )

    def _overlay(self, troubled: dict[str, str] | None = None, without: str = "") -> dict[str, bytes]:
        """Return the last good definitions of every upstream; of two that have one file, the first by id."""
        found: dict[str, bytes] = {}
        for upstream in sorted(self.publisher.upstreams, key=lambda one: one.id):
            if upstream.kind != "definitions" or upstream.id == without:
                continue
            try:
                files = self._place(upstream.id).files(upstream.series)
            except _DamagedError as error:
                if troubled is not None:
                    troubled[upstream.id] = f"{error}: it is asked for again"
                continue
            for path, text in files.items():
                found.setdefault(f"{upstream.series}/{path}", text.encode())
        return dict(sorted(found.items()))

    def _joined(self, troubled: dict[str, str]) -> dict[tuple[str, str], tuple[NewsItem, ...]]:
        """Return the news of every feed, also of those that are asked no more: what was published stays."""
        spoils = {one.id: one.spoils for one in self.publisher.upstreams}
        found: dict[tuple[str, str], list[NewsItem]] = {}
        for path in sorted((self.output / UPSTREAMS).glob(f"*/{ITEMS}")):
            name = path.parent.name
            try:
                data = _Place(path.parent).held(ITEMS)
            except _DamagedError as error:
                troubled[name] = f"{error}: restore it, for what was published once stays"
                continue
            for row in data.get("items", ()):
                item = _news(row, spoils=spoils.get(name, data["spoils"]))
                if item is None:
                    troubled[name] = f"{ITEMS} holds what is no news, {row['id'][:100]!r}: restore it"
                    continue
                found.setdefault((row["series"], self._renamed(row["series"], row["season"])), []).append(item)
        return {key: tuple(items) for key, items in sorted(found.items())}

    def _renamed(self, series: str, season: str) -> str:
        """Return what a season is called today."""
        if f"{series}/{season}/season.toml" in self.known or series not in self._world.series:
            return season
        seasons = self._world.series[series].seasons
        return next((one.id for one in seasons if season in (one.id, *one.season.formerly)), season)

    def _proposals(self, troubled: dict[str, str]) -> tuple[Proposal, ...]:
        """Return how every calendar differs from the definitions as they are now."""
        found: list[Proposal] = []
        for upstream in sorted(self.publisher.upstreams, key=lambda one: one.id):
            if upstream.kind != "ics":
                continue
            try:
                rows = [Appointment(**row) for row in self._place(upstream.id).held(EVENTS).get("events", ())]
            except _DamagedError as error:
                troubled[upstream.id] = f"{error}: it is asked for again"
                continue
            files, season = self._world.series.get(upstream.series), self._season(upstream)
            if files and season:
                found += proposals.compare(files, season, _theirs(rows), upstream.id, now=self.now)
        return tuple(found)

    # The definitions, with what is taken from upstreams

    @property
    def _world(self) -> Definitions:
        return self._read_merged({**self._overlay(), **self.known})

    def _read_with(self, upstream: Upstream, files: Mapping[str, str]) -> Definitions:
        """Return what there would be with another set of files of an upstream."""
        own = {f"{upstream.series}/{path}": text.encode() for path, text in files.items()}
        return self._read_merged({**self._overlay(without=upstream.id), **own, **self.known})

    def _read_merged(self, contents: Mapping[str, bytes]) -> Definitions:
        mark = digest(*(part for path, data in sorted(contents.items()) for part in (path, data)))
        if mark not in self._definitions:
            self._definitions[mark] = read_definitions(contents, self.root)
        return self._definitions[mark]

    @cached_property
    def _definitions(self) -> dict[str, Definitions]:
        return {}

    def _season(self, upstream: Upstream) -> SeasonFiles | None:
        """Return the season that an upstream is about: the one it names, else the current one."""
        files = self._world.series.get(upstream.series)
        if files is None:
            return None
        if upstream.season is not None:
            wanted = upstream.season
            return next((one for one in files.seasons if wanted in (one.id, *one.season.formerly)), None)
        return _current(files, self.now)


_EVER = datetime.min.replace(tzinfo=UTC)


def _settings(upstream: Upstream) -> str:
    parts = (upstream.kind, upstream.url, upstream.series, upstream.season or "", *upstream.files)
    return digest(*parts)


def _next(upstream: Upstream, now: datetime, failures: int) -> datetime:
    """Return when to ask again: a tenth sooner or later, so that not all the world asks at once; rarer in trouble."""
    minutes = upstream.every_minutes
    if failures > 1:
        minutes = max(minutes, min(minutes << min(failures - 1, 10), _DAY_MINUTES))
    share = int(digest(upstream.id, now.isoformat()).removeprefix("1:")[:8], 16) % 2_001 - 1_000
    return now + timedelta(seconds=60 * minutes + 60 * minutes * share // 10_000)


def _current(files: SeriesFiles, now: datetime) -> SeasonFiles | None:
    """Return the first season that is public and not over, else the last, as `compose` does."""
    own = [one for one in files.seasons if one.season.kind == "championship"]
    own = [one for one in own if one.season.embargo is None or one.season.embargo <= now]
    running = [one for one in own if not _over(files, one, now)]
    return running[0] if running else own[-1] if own else None


def _over(files: SeriesFiles, season: SeasonFiles, now: datetime) -> bool:
    spans = [one.span for one in proposals.ours(files, season) if one.span]
    return bool(spans) and all(span.over(now) for span in spans)


def _intact(place: _Place, name: str) -> dict[str, Any]:
    """Return data that are kept; none where they are damaged, and can be had again."""
    try:
        return place.held(name)
    except _DamagedError:
        return {}


def _theirs(rows: Sequence[Appointment]) -> list[Theirs]:
    found = []
    for row in rows:
        with suppress(ValueError):
            found.append(proposals.theirs(**row._asdict()))
    return found


def _shown(upstream: Upstream) -> str:
    """Return how errors name an upstream's address, which may be a secret of its operator's."""
    address = upstream.url.partition("?")[0][:200]
    return address if urlsplit(address).path else f"{address}/"


# Definitions


def _is_folder(upstream: Upstream) -> bool:
    return upstream.kind == "definitions" and urlsplit(upstream.url).path.endswith("/")


def _is_archive(upstream: Upstream) -> bool:
    path = urlsplit(upstream.url).path
    return upstream.kind == "definitions" and not path.endswith(("/", ".toml"))


def _is_definition(path: str) -> bool:
    folder, slash, name = path.rpartition("/")
    return path == SERIES or (bool(slash) and is_id(folder) and name in SEASON_FILES)


def _own_name(upstream: Upstream) -> str:
    """Return where the one file of an upstream would lie in the folder of its series."""
    *_, folder, name = ["", *urlsplit(upstream.url).path.split("/")]
    path = name if name == SERIES else f"{upstream.season or folder}/{name}"
    if not _is_definition(path):
        raise _TroubleError(f"{path!r} is no definition file, such as 2026-27/season.toml: name its season")
    return path


def _toml(body: bytes) -> str:
    if body.lstrip()[:1] == b"<":
        raise _DoubtError("is a page in HTML, such as one to log in with")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _DoubtError(f"is not UTF-8 at byte {error.start:,}") from None


def _nothing_lost(before: SeriesFiles, after: SeriesFiles) -> None:
    there = {name: one for one in after.seasons for name in (one.id, *one.season.formerly)}
    if lost := [one.id for one in before.seasons if one.id not in there]:
        raise _DoubtError(f"has lost the season {', '.join(lost)}")
    for one in before.seasons:
        _not_shrunken(_sessions(there[one.id]), _sessions(one), f"sessions in {one.id}")


def _sessions(season: SeasonFiles) -> int:
    return sum(len(event.sessions) for event in season.season.events)


def _not_shrunken(now: int, before: int, what: str) -> None:
    if before and not now:
        raise _DoubtError(f"has no {what}; it had {before:,}")
    if 2 * now < before:
        raise _DoubtError(f"has shrunk: {now:,} {what}; it had {before:,}")


# News


def _item_id(upstream: Upstream, key: str) -> str:
    return f"{upstream.id[:40].rstrip('-')}-{digest(upstream.id, key).removeprefix('1:')[:16]}"


def _day(text: str, now: datetime) -> date:
    """Return the day of an item: never one to come, and the day it was seen where it does not say."""
    today = now.astimezone(UTC).date()
    try:
        return min(date.fromisoformat(text), today)
    except ValueError:
        return today


def _by_day(row: Mapping[str, str]) -> tuple[str, str]:
    return row["on"], row["id"]


def _news(row: Mapping[str, str], *, spoils: bool) -> NewsItem | None:
    """Return an item as news; None for one that no definition could say."""
    try:
        item = NewsItem(
            id=row["id"],
            on=date.fromisoformat(row["on"]),
            title=row["title"],
            text=_markdown(row["text"] or row["title"]),
            origin=row["origin"],
            spoils=spoils,
            sources=(row["link"],) if row["link"] else (),
        )
    except (ValidationError, ValueError):
        return None
    return None if any(text_problems((item.title, item.text, item.origin))) else item


_MARKS = re.compile(r"[\\`*_\[\]<>&~|!]")
_BEGINS = re.compile(r"^(?:[#+=:-]|\d{1,9}(?=[.)]))", re.MULTILINE)


def _markdown(text: str) -> str:
    """Return plain text as Markdown that says exactly this (CommonMark 2.4): foreign words make no links or lists."""
    escaped = _MARKS.sub(r"\\\g<0>", text)
    return _BEGINS.sub(lambda found: f"\\{found[0]}" if not found[0][0].isdigit() else f"{found[0]}\\", escaped)

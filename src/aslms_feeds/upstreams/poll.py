"""Other people's data: asked for when it is due, looked at with suspicion, and kept so that the last good stays.

`asking` brings what upstreams say, and here it is decided whether that is taken. Data are written before the state that
goes with them; whoever dies in between asks again.

An answer that is doubtful (shrunken, emptied, somebody else's, too large, unreadable) is put into quarantine: nothing
of it is taken, ``quarantine`` says why, and every later answer is looked at again. One that is sane ends it. So does an
operator who removes that file: the next readable answer is then taken, however much smaller it is.

What comes out depends on what is stored, on the answers, on the definitions and on ``now``, and on nothing else.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aslms_feeds.errors import Busy
from aslms_feeds.identity import digest
from aslms_feeds.publication import files as publication_files
from aslms_feeds.upstreams import news
from aslms_feeds.upstreams.cache import EVENTS, FILES, ITEMS, UPSTREAMS, DamagedError, Holding, State
from aslms_feeds.upstreams.layers import Overlay
from aslms_feeds.upstreams.proposals import compare, matching, statements
from aslms_feeds.upstreams.readers.values import Appointment, ForeignFeed
from aslms_feeds.upstreams.requests import (
    Answer,
    Asker,
    Brought,
    Calendar,
    DoubtError,
    Files,
    Found,
    LateError,
    Later,
    Same,
    TroubleError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import Publisher, Upstream
    from aslms_feeds.definitions.results import NewsItem
    from aslms_feeds.upstreams.proposals.compare import Proposal
    from aslms_feeds.upstreams.proposals.statements import TheirEvent

PROPOSALS = "proposals.json"
"""The file below the output that says where somebody else's calendar differs from ours."""

SECONDS = 60.0
"""The time for all upstreams together; what it does not suffice for is asked by the next run."""
AT_ONCE = 8
MOST_NEW = 50
"""New items of a feed in one answer; more are somebody else's."""
MOST_KEPT = 5_000
"""Items of a feed that are ever joined."""
_DAY_MINUTES = 24 * 60


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
    run = _Run(publisher, now, Overlay(output, publisher, now, known, root))
    if not ask:
        return run.polled()
    with _alone(folder) as reason:
        if reason is None:
            run.ask(Asker(publisher, now, time.monotonic() + seconds))
        elif reason:
            run.unsaved.update(dict.fromkeys((one.id for one in publisher.upstreams), reason))
        polled = run.polled()
        if reason is None:
            with suppress(OSError):
                _tell(output / PROPOSALS, polled.proposals)
    return polled


def _tell(path: Path, found: Sequence[Proposal]) -> None:
    body = compare.format_proposals(found)
    there = path.read_bytes() if path.exists() else None
    if there != body and (found or there is not None):
        publication_files.replace(path, body)
        publication_files.sync(path.parent)


@contextmanager
def _alone(folder: Path) -> Iterator[str | None]:
    """Yield why nothing can be asked: empty where another process does, None where we may; the lock dies with us."""
    reason = None
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(publication_files.hold_lock(folder / "lock", "another run asks the upstreams"))
        except Busy:
            reason = ""
        except OSError as error:
            reason = f"nothing can be kept in {folder}: {error.strerror or error}"
        yield reason


@dataclass(frozen=True)
class _Run:
    """One call of `poll`."""

    publisher: Publisher
    now: datetime
    overlay: Overlay
    asked: list[str] = field(default_factory=list)
    unsaved: dict[str, str] = field(default_factory=dict)
    """Why an answer could not be kept, by upstream."""

    def ask(self, asker: Asker) -> None:
        """Ask what is due, several at a time, and take the answers one after the other."""
        due = [(one, state) for one in self.publisher.upstreams if (state := self._due(one)) is not None]
        due.sort(key=lambda row: (row[1].due or _EVER, row[0].id))
        if not due:
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(due))) as pool:
            answers = list(pool.map(lambda row: asker.answer(row[0], row[1], self.overlay.holding(row[0].id)), due))
        for (upstream, state), answer in sorted(zip(due, answers, strict=True), key=lambda row: row[0][0].id):
            if isinstance(answer, LateError):
                continue
            self.asked.append(upstream.id)
            try:
                self._take(upstream, state, answer)
            except OSError as error:
                self.unsaved[upstream.id] = f"its answer cannot be kept: {error.strerror or error}"
            except Exception as error:
                logging.getLogger(__name__).exception("%s", upstream.id)
                self.unsaved[upstream.id] = f"a fault of the program: {type(error).__name__}"

    def _due(self, upstream: Upstream) -> State | None:
        """Return the state of an upstream that is to be asked now, None where it is not."""
        place = self.overlay.holding(upstream.id)
        state, of = place.state(), _settings(upstream)
        if state.of != of:
            return State(of=of)
        if state.quarantined and place.released():
            return replace(state, quarantined="", released=True, due=None)
        if state.validators and not place.has_good(upstream):
            return replace(state, validators={})
        # A clock that was ahead has set a time that nobody should wait for.
        early = state.due is None or state.asked is None or self.now < state.asked
        return state if early or (state.due is not None and state.due <= self.now) else None

    # Taking: one after the other

    def _take(self, upstream: Upstream, state: State, answer: Answer) -> None:
        """Keep what an answer brings, or why it brings nothing, and when to ask again."""
        place = self.overlay.holding(upstream.id)
        soonest = self.now
        try:
            match answer:
                case Brought(found, validators):
                    self._keep(upstream, place, found, trusted=state.released)
                    new = State(of=state.of, validators=validators)
                case Same(validators):
                    new = State(of=state.of, validators=validators)
                case Later(soonest):
                    new = replace(state, wrong=f"asks to be left alone until {soonest:%Y-%m-%d %H:%M} UTC")
                case _:
                    raise answer
        except DoubtError as doubt:
            new = State(of=state.of, quarantined=str(doubt)[:1_000])
        except (TroubleError, DamagedError) as trouble:
            new = replace(state, wrong=str(trouble)[:1_000], failures=state.failures + 1)
        place.save(replace(new, asked=self.now, due=max(soonest, _next(upstream, self.now, new.failures))))

    def _keep(self, upstream: Upstream, place: Holding, found: Found, *, trusted: bool) -> None:
        """Keep the data of an answer; ``trusted``: an operator wants it, however it differs from the last good one."""
        match found:
            case ForeignFeed():
                self._keep_feed(upstream, place, found, trusted=trusted)
            case Calendar(events):
                self._keep_events(upstream, place, events, trusted=trusted)
            case Files(files):
                self._keep_files(upstream, place, files, trusted=trusted)

    def _keep_feed(self, upstream: Upstream, place: Holding, feed: ForeignFeed, *, trusted: bool) -> None:
        """Join what is new, change what was edited, and forget nothing: what was published once stays."""
        data = place.held(ITEMS) or {"items": [], "seen": 0}
        rows = {row["id"]: row for row in data["items"]}
        entries = {news.item_id(upstream, entry.key): entry for entry in feed.entries}
        new = [name for name in entries if name not in rows]
        if not trusted:
            _not_shrunken(len(entries), data["seen"], "items")
            if len(new) > MOST_NEW:
                raise DoubtError(f"brings {len(new)} new items at once, more than {MOST_NEW}")
        if len(rows) + len(new) > MOST_KEPT:
            raise DoubtError(f"has brought more than {MOST_KEPT:,} items: it makes new ones of old ones")
        season = self.overlay.season(upstream) if new else None
        if new and season is None:
            raise TroubleError(f"the series {upstream.series!r} has no season that its items could join")
        origin = feed.title or urlsplit(upstream.url).hostname or upstream.id
        for name, entry in entries.items():
            row = rows.get(name) or {
                "id": name,
                "series": upstream.series,
                "season": season.id if season else "",
                "on": news.day(entry.on, self.now).isoformat(),
                "origin": origin,
            }
            row = {**row, "title": entry.title, "text": entry.text, "link": entry.link}
            if news.news(row, spoils=upstream.spoils) is not None:
                rows[name] = row
        place.keep(ITEMS, seen=len(entries), spoils=upstream.spoils, items=sorted(rows.values(), key=_by_day))

    def _keep_events(
        self, upstream: Upstream, place: Holding, found: tuple[Appointment, ...], *, trusted: bool
    ) -> None:
        if not trusted:
            _not_shrunken(len(found), len(_intact(place, EVENTS).get("events", ())), "events")
            files = self.overlay.world.series.get(upstream.series)
            if files and found and not matching.names_an_event(files, _theirs(found)):
                raise DoubtError(f"names no event of the series {upstream.series!r}: it is another calendar")
        place.keep(EVENTS, events=[one._asdict() for one in found])

    def _keep_files(self, upstream: Upstream, place: Holding, found: Mapping[str, str], *, trusted: bool) -> None:
        """Keep a set of definitions with which the series has no problem, and loses no season and few sessions."""
        kept = place.files(upstream.series) if place.has_good(upstream) else {}
        if not trusted:
            _not_shrunken(len(found), len(kept), "files")
        after = self.overlay.world_with(upstream, found)
        if problems := (*after.broken.get("", ()), *after.broken.get(upstream.series, ())):
            more = f", and {len(problems) - 1} more problems" if len(problems) > 1 else ""
            raise DoubtError(f"{problems[0]}{more}")
        if upstream.series not in after.series:
            raise DoubtError(f"does not define the series {upstream.series!r}")
        before = self.overlay.world_with(upstream, kept).series.get(upstream.series)
        if before and not trusted:
            _nothing_lost(before, after.series[upstream.series])
        place.keep(FILES, series=upstream.series, files=dict(sorted(found.items())))

    # What there is now

    def polled(self) -> Polled:
        """Return what is kept of all upstreams."""
        troubled: dict[str, str] = {}
        known = self.overlay.known
        states = {one.id: self.overlay.holding(one.id).state() for one in self.publisher.upstreams}
        for name, state in states.items():
            if state.wrong:
                troubled[name] = state.wrong
        files = self.overlay.files(troubled)
        joined = self._joined(troubled)
        found = self._proposals(troubled)
        troubled.update(self.unsaved)
        return Polled(
            contents={path: data for path, data in files.items() if path not in known},
            joined=joined,
            proposals=found,
            quarantined={name: state.quarantined for name, state in sorted(states.items()) if state.quarantined},
            troubled=dict(sorted(troubled.items())),
            overridden=tuple(path for path, data in files.items() if known.get(path, data) != data),
            asked=tuple(sorted(self.asked)),
            next_due=min((state.due or self.now for state in states.values()), default=None),
        )

    def _joined(self, troubled: dict[str, str]) -> dict[tuple[str, str], tuple[NewsItem, ...]]:
        """Return the news of every feed, also of those that are asked no more: what was published stays."""
        spoils = {one.id: one.spoils for one in self.publisher.upstreams}
        found: dict[tuple[str, str], list[NewsItem]] = {}
        for path in sorted((self.overlay.output / UPSTREAMS).glob(f"*/{ITEMS}")):
            name = path.parent.name
            try:
                data = Holding(path.parent).held(ITEMS)
            except DamagedError as error:
                troubled[name] = f"{error}: restore it, for what was published once stays"
                continue
            for row in data.get("items", ()):
                item = news.news(row, spoils=spoils.get(name, data["spoils"]))
                if item is None:
                    troubled[name] = f"{ITEMS} holds what is no news, {row['id'][:100]!r}: restore it"
                    continue
                found.setdefault((row["series"], self.overlay.renamed(row["series"], row["season"])), []).append(item)
        return {key: tuple(items) for key, items in sorted(found.items())}

    def _proposals(self, troubled: dict[str, str]) -> tuple[Proposal, ...]:
        """Return how every calendar differs from the definitions as they are now."""
        found: list[Proposal] = []
        for upstream in sorted(self.publisher.upstreams, key=lambda one: one.id):
            if upstream.kind != "ics":
                continue
            try:
                rows = [Appointment(**row) for row in self.overlay.holding(upstream.id).held(EVENTS).get("events", ())]
            except DamagedError as error:
                troubled[upstream.id] = f"{error}: it is asked for again"
                continue
            files, season = self.overlay.world.series.get(upstream.series), self.overlay.season(upstream)
            if files and season:
                found += compare.compare_calendar(files, season, _theirs(rows), upstream.id, now=self.now)
        return tuple(found)


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


def _intact(place: Holding, name: str) -> dict[str, Any]:
    """Return data that are kept; none where they are damaged, and can be had again."""
    try:
        return place.held(name)
    except DamagedError:
        return {}


def _theirs(rows: Sequence[Appointment]) -> list[TheirEvent]:
    found = []
    for row in rows:
        with suppress(ValueError):
            found.append(statements.parse_their_event(**row._asdict()))
    return found


def _nothing_lost(before: SeriesFiles, after: SeriesFiles) -> None:
    there = {name: one for one in after.seasons for name in (one.id, *one.season.formerly)}
    if lost := [one.id for one in before.seasons if one.id not in there]:
        raise DoubtError(f"has lost the season {', '.join(lost)}")
    for one in before.seasons:
        _not_shrunken(_sessions(there[one.id]), _sessions(one), f"sessions in {one.id}")


def _sessions(season: SeasonFiles) -> int:
    return sum(len(event.sessions) for event in season.season.events)


def _not_shrunken(now: int, before: int, what: str) -> None:
    if before and not now:
        raise DoubtError(f"has no {what}; it had {before:,}")
    if 2 * now < before:
        raise DoubtError(f"has shrunk: {now:,} {what}; it had {before:,}")


def _by_day(row: Mapping[str, str]) -> tuple[str, str]:
    return row["on"], row["id"]

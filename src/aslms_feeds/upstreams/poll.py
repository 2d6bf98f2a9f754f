"""Asks other people for data when they are due, takes what is sane, and returns what all of it comes to.

`due` says who is asked, `requests` asks, `acceptance` decides whether an answer is taken, `cache` stores it. Data are
written before the state that goes with them; where a process ends in between, the next one asks again.

An answer that is doubtful puts its upstream into quarantine: nothing of it is taken, the file ``quarantine`` says why,
and every later answer is looked at again. One that is sane ends it. So does an operator who removes that file: the next
readable answer is then taken, however much smaller it is.

What is returned depends on what is stored, on the answers, on the definitions and on ``now``, and on nothing else.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aslms_feeds.errors import Busy
from aslms_feeds.instants import earliest
from aslms_feeds.publication import files as publication_files
from aslms_feeds.publication.files import hold_lock
from aslms_feeds.publication.workspace import Workspace
from aslms_feeds.upstreams.acceptance import accept, parse_appointments
from aslms_feeds.upstreams.cache import DamagedError, PollState
from aslms_feeds.upstreams.due import find_due_state, find_next_due
from aslms_feeds.upstreams.layers import DefinitionLayers
from aslms_feeds.upstreams.news import load_news
from aslms_feeds.upstreams.proposals.compare import compare_calendar, format_proposals
from aslms_feeds.upstreams.requests import (
    Answer,
    DoubtError,
    LateError,
    NewContent,
    Requester,
    RetryLater,
    SameContent,
    TroubleError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Publisher, Upstream
    from aslms_feeds.definitions.results import NewsItem
    from aslms_feeds.upstreams.proposals.compare import Proposal

SECONDS = 60.0
"""The time for all upstreams together; those for which it does not suffice are asked by the next run."""
MAX_PARALLEL = 8
"""Upstreams that are asked at the same time."""
_MAX_REASON = 1_000
"""Characters that are stored of a reason."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class PollResult:
    """What other people's data come to now."""

    contents: Mapping[str, bytes] = field(default_factory=dict)
    """Definition files by path below the calendars folder, none of which lies there itself."""
    news: Mapping[tuple[str, str], tuple[NewsItem, ...]] = field(default_factory=dict)
    """News by series and season."""
    proposals: tuple[Proposal, ...] = ()
    quarantines: Mapping[str, str] = field(default_factory=dict)
    """Why nothing of an upstream's last answer was taken, by its id."""
    troubles: Mapping[str, str] = field(default_factory=dict)
    """Why an upstream brought nothing, by its id: it will be asked again by itself."""
    overridden_paths: tuple[str, ...] = ()
    """Files that an upstream has, too, and says otherwise: those of the calendars folder are published."""
    asked_ids: tuple[str, ...] = ()
    """The upstreams that were asked by this call."""
    next_due: datetime | None = None
    """When one of them is to be asked next."""

    def group_news_by_series(self) -> dict[str, dict[str, tuple[NewsItem, ...]]]:
        """Return the news by series, then season."""
        news: dict[str, dict[str, tuple[NewsItem, ...]]] = {}
        for (series, season), items in self.news.items():
            news.setdefault(series, {})[season] = items
        return news


def poll(
    output: Path,
    publisher: Publisher,
    *,
    now: datetime,
    local_files: Mapping[str, bytes],
    root: str = "calendars",
    seconds: float = SECONDS,
    ask: bool = True,
) -> PollResult:
    """Ask the upstreams that are due at ``now``, and return what the data of all of them come to.

    ``local_files`` are the files of the calendars folder, ``root`` is how problems name it. Without ``ask`` none is
    asked and nothing is written: what is stored is returned. Nothing that an upstream does is raised; neither is a full
    disk: what cannot be stored is not taken. One process asks at a time, and another returns what is stored.
    """
    folder = Workspace(output).upstreams
    if not publisher.upstreams and not folder.exists():
        return PollResult()
    run = _PollRun(publisher, now, DefinitionLayers(output, publisher, now, local_files, root))
    if not ask:
        return run.make_result()
    with _lock(folder) as obstacle:
        if obstacle is None:
            run.ask(Requester(publisher, now, time.monotonic() + seconds))
        elif obstacle:
            run.storage_troubles.update(dict.fromkeys((upstream.id for upstream in publisher.upstreams), obstacle))
        result = run.make_result()
        if obstacle is None:
            with suppress(OSError):
                _save_proposals(Workspace(output).proposals, result.proposals)
    return result


def _save_proposals(path: Path, proposals: Sequence[Proposal]) -> None:
    """Write the proposals, where they are others than before; without any, no file is made."""
    body = format_proposals(proposals)
    old_body = path.read_bytes() if path.exists() else None
    if old_body != body and (proposals or old_body is not None):
        publication_files.replace(path, body)
        publication_files.sync(path.parent)


@contextmanager
def _lock(folder: Path) -> Iterator[str | None]:
    """Hold the lock of a folder; yield why nothing can be asked: empty where another process does, None if we may."""
    obstacle = None
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold_lock(folder / "lock", "another process asks the upstreams"))
        except Busy:
            obstacle = ""
        except OSError as error:
            obstacle = f"nothing can be kept in {folder}: {error.strerror or error}"
        yield obstacle


@dataclass(frozen=True)
class _PollRun:
    """One call of `poll`."""

    publisher: Publisher
    now: datetime
    layers: DefinitionLayers
    asked_ids: list[str] = field(default_factory=list)
    storage_troubles: dict[str, str] = field(default_factory=dict)
    """Why an answer could not be stored, by upstream."""

    def ask(self, requester: Requester) -> None:
        """Ask the upstreams that are due, several at a time, and take their answers one after the other."""
        due = [
            (upstream, state)
            for upstream in self.publisher.upstreams
            if (state := find_due_state(upstream, self.layers.open_cache(upstream.id), self.now)) is not None
        ]
        if not due:
            return
        due.sort(key=lambda pair: (pair[1].due or _NEVER, pair[0].id))
        with ThreadPoolExecutor(min(MAX_PARALLEL, len(due))) as pool:
            caches = [self.layers.open_cache(upstream.id) for upstream, _state in due]
            answers = list(pool.map(requester.request, *zip(*due, strict=True), caches))
        for (upstream, state), answer in sorted(zip(due, answers, strict=True), key=lambda row: row[0][0].id):
            if not isinstance(answer, LateError):
                self.asked_ids.append(upstream.id)
                self._take(upstream, state, answer)

    def _take(self, upstream: Upstream, state: PollState, answer: Answer) -> None:
        """Take an answer; where it cannot be stored, or a fault of ours prevents it, the other upstreams go on."""
        try:
            self._store(upstream, state, answer)
        except OSError as error:
            self.storage_troubles[upstream.id] = f"its answer cannot be kept: {error.strerror or error}"
        except Exception as error:
            logging.getLogger(__name__).exception("%s", upstream.id)
            self.storage_troubles[upstream.id] = f"a fault of the program: {type(error).__name__}"

    def _store(self, upstream: Upstream, state: PollState, answer: Answer) -> None:
        """Store what an answer brings, or why it brings nothing, and when to ask again."""
        earliest_due = self.now
        try:
            match answer:
                case NewContent(content, validators):
                    accept(content, upstream, self.layers, is_trusted=state.is_released)
                    new_state = PollState(settings=state.settings, validators=validators)
                case SameContent(validators):
                    new_state = PollState(settings=state.settings, validators=validators)
                case RetryLater(earliest_due):
                    trouble = f"asks to be left alone until {earliest_due:%Y-%m-%d %H:%M} UTC"
                    new_state = replace(state, trouble=trouble)
                case _:
                    raise answer
        except DoubtError as error:
            new_state = PollState(settings=state.settings, quarantine=str(error)[:_MAX_REASON])
        except (TroubleError, DamagedError) as error:
            new_state = replace(state, trouble=str(error)[:_MAX_REASON], failures=state.failures + 1)
        due = max(earliest_due, find_next_due(upstream, self.now, new_state.failures))
        self.layers.open_cache(upstream.id).save_state(replace(new_state, asked_at=self.now, due=due))

    def make_result(self) -> PollResult:
        """Return what the stored data of all upstreams come to."""
        states = {
            upstream.id: self.layers.open_cache(upstream.id).load_state() for upstream in self.publisher.upstreams
        }
        troubles = {upstream_id: state.trouble for upstream_id, state in states.items() if state.trouble}
        files = self.layers.load_upstream_files(troubles)
        news = load_news(self.layers, troubles)
        proposals = self._compare_calendars(troubles)
        troubles.update(self.storage_troubles)
        local_files = self.layers.local_files
        return PollResult(
            contents={path: data for path, data in files.items() if path not in local_files},
            news=news,
            proposals=proposals,
            quarantines={name: state.quarantine for name, state in sorted(states.items()) if state.quarantine},
            troubles=dict(sorted(troubles.items())),
            overridden_paths=tuple(path for path, data in files.items() if local_files.get(path, data) != data),
            asked_ids=tuple(sorted(self.asked_ids)),
            next_due=earliest(*(state.due or self.now for state in states.values())),
        )

    def _compare_calendars(self, troubles: dict[str, str]) -> tuple[Proposal, ...]:
        """Return how every stored calendar differs from the definitions as they are now."""
        proposals: list[Proposal] = []
        for upstream in sorted(self.publisher.upstreams, key=lambda upstream: upstream.id):
            if upstream.kind != "ics":
                continue
            try:
                appointments = self.layers.open_cache(upstream.id).load_appointments()
            except DamagedError as error:
                troubles[upstream.id] = f"{error}: it is asked for again"
                continue
            files, season = self.layers.definitions.series.get(upstream.series), self.layers.find_season(upstream)
            if files and season:
                events = parse_appointments(appointments)
                proposals += compare_calendar(files, season, events, upstream.id, now=self.now)
        return tuple(proposals)

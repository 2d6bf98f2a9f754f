"""Which of their events is which of ours: by UID, by words, and by nearness in time where words leave a choice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.definitions.values import Kind
from aslms_feeds.upstreams.proposals.statements import OurEvent, TheirEvent, collect_our_events
from aslms_feeds.upstreams.proposals.vocabulary import (
    ENOUGH,
    WARM_UP_WORDS,
    Vocabulary,
    find_kind,
    find_number,
    split_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.definitions.series import Series

MAX_DISTANCE = timedelta(days=120)
"""A session that is farther away than this is another season's."""
_CERTAIN = -100
"""How well something fits that bears our own UID."""


class Pair(NamedTuple):
    """The same session or race meeting, in our season and in their calendar."""

    our_event: OurEvent
    their_event: TheirEvent


class Unmatched(NamedTuple):
    """What is none of our sessions and meetings, and the ids of the meetings that it might belong to."""

    their_event: TheirEvent
    event_ids: frozenset[str]


class _Candidate(NamedTuple):
    """A pair that is possible, by places in the two sequences; the least is the best."""

    misfit: int
    distance: timedelta
    our_index: int
    their_index: int


def names_an_event(files: SeriesFiles, their_events: Sequence[TheirEvent]) -> bool:
    """Say whether a calendar is about a series at all: whether it names one event of any of its seasons."""
    our_events = [event for season in files.seasons for event in collect_our_events(files, season)]
    vocabulary = Vocabulary.collect(our_events, collect_series_names(files))
    uids = {event.uid for event in our_events}
    return not our_events or any(
        event.uid in uids or vocabulary.score_events(event.title, event.place) for event in their_events
    )


def collect_series_names(files: SeriesFiles) -> tuple[str, ...]:
    """Return all that a series is called."""
    return (files.series.name, files.series.short, *files.series.names.values())


def remove_series_name(files: SeriesFiles, title: str) -> str:
    """Return a title without the series' name, whose words mean no session: Test Series has races."""
    for name in sorted(collect_series_names(files), key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        title = re.sub(pattern, "", title, flags=re.IGNORECASE).strip(" -–—|:/,") or title
    return title


def make_sort_key(event: TheirEvent) -> tuple[str, ...]:
    """Return what their events are sorted by, whatever the order of their calendar."""
    end = event.end.isoformat() if event.end else ""
    return event.start.isoformat(), event.title, event.uid, event.place, end, event.status


@dataclass(frozen=True)
class Matcher:
    """Pairs their events with those of one season of ours."""

    series: Series
    our_events: tuple[OurEvent, ...]
    vocabulary: Vocabulary

    def match(self, their_events: Sequence[TheirEvent]) -> tuple[list[Pair], list[Unmatched]]:
        """Return which of theirs is which of ours, and those that are none, in their order."""
        scores = [self._score_events(event) for event in their_events]
        our_indexes: dict[int, int] = {}
        matched_indexes: set[int] = set()
        for candidate in sorted(self._find_candidates(their_events, scores)):
            if candidate.our_index not in matched_indexes and candidate.their_index not in our_indexes:
                our_indexes[candidate.their_index] = candidate.our_index
                matched_indexes.add(candidate.our_index)
        unmatched = [
            Unmatched(event, _find_best_ids(events))
            for index, (event, events) in enumerate(zip(their_events, scores, strict=True))
            if index not in our_indexes
        ]
        pairs = [Pair(self.our_events[ours], their_events[theirs]) for theirs, ours in sorted(our_indexes.items())]
        return pairs, unmatched

    def _score_events(self, event: TheirEvent) -> Mapping[str, int]:
        """Return the ids of our events that one of theirs can mean, with the weight of the words they share."""
        if event.uid in self._event_ids_by_uid:
            return {self._event_ids_by_uid[event.uid]: 0}
        return self.vocabulary.score_events(event.title, event.place)

    def _find_candidates(
        self, their_events: Sequence[TheirEvent], scores: Sequence[Mapping[str, int]]
    ) -> Iterator[_Candidate]:
        for their_index, (their_event, events) in enumerate(zip(their_events, scores, strict=True)):
            best_score = max(events.values(), default=0)
            for our_index, our_event in enumerate(self.our_events):
                if our_event.event_id not in events or (misfit := self._measure_misfit(our_event, their_event)) is None:
                    continue
                lighter = (best_score - events[our_event.event_id]) // ENOUGH
                yield _Candidate(misfit + lighter, _measure_distance(our_event, their_event), our_index, their_index)

    def _measure_misfit(self, our_event: OurEvent, their_event: TheirEvent) -> int | None:
        """Return how badly one of theirs fits one of ours, the best the least; None where it cannot be it."""
        if our_event.uid == their_event.uid:
            return _CERTAIN
        if _measure_distance(our_event, their_event) > MAX_DISTANCE:
            return None
        kind = find_kind(word for word in their_event.words if word not in self._meeting_words[our_event.event_id])
        is_meeting = not isinstance(their_event.start, datetime) and (kind is None or their_event.lasts_days)
        if is_meeting or not our_event.session_id:
            return 0 if is_meeting and not our_event.session_id else None
        return self._measure_session_misfit(our_event, their_event, kind)

    def _measure_session_misfit(self, our_event: OurEvent, their_event: TheirEvent, kind: Kind | None) -> int | None:
        words = frozenset(their_event.words)
        shared_words = our_event.distinctive_words & words
        # A title that names no kind means the race, unless its name or its time is another session's.
        start = their_event.find_instant(their_event.start, our_event.timezone)
        is_same_time = our_event.span is not None and start == our_event.span.start
        is_named = our_event.is_named_in(words) or (kind is None and is_same_time)
        is_other = our_event.kind is Kind.OTHER and shared_words
        if our_event.kind is not (kind or Kind.RACE) and not is_named and not is_other:
            return None
        number = find_number(their_event.title)
        if number is not None and number != (our_event.number or 1):
            return None
        if bool(our_event.distinctive_words & WARM_UP_WORDS) is not bool(words & WARM_UP_WORDS):
            return None
        our_classes, their_classes = our_event.distinctive_words & self._class_words, self._class_words & words
        if our_classes and their_classes and not our_classes & their_classes:
            return None
        foreign_classes = their_classes - our_event.distinctive_words
        return len(foreign_classes) - 2 * len(shared_words) - 2 * (number == our_event.number)

    @cached_property
    def _event_ids_by_uid(self) -> Mapping[str, str]:
        return {event.uid: event.event_id for event in self.our_events}

    @cached_property
    def _meeting_words(self) -> Mapping[str, frozenset[str]]:
        """The words of the race meetings' names, by event."""
        meetings = [event for event in self.our_events if not event.session_id]
        return {
            event.event_id: frozenset(word for name in event.names for word in split_words(name)) for event in meetings
        }

    @cached_property
    def _class_words(self) -> frozenset[str]:
        names = [name for race_class in self.series.classes for name in (race_class.id, race_class.name)]
        return frozenset(word for name in names for word in split_words(name) if not word.isdecimal())


def _find_best_ids(scores: Mapping[str, int]) -> frozenset[str]:
    best_score = max(scores.values(), default=0)
    return frozenset(event_id for event_id, score in scores.items() if score == best_score)


def _measure_distance(our_event: OurEvent, their_event: TheirEvent) -> timedelta:
    """Return how far apart the two are; what has no day is near to everything."""
    span = our_event.span
    if span is None:
        return timedelta()
    start = their_event.find_instant(their_event.start, our_event.timezone)
    if start and span.timed and isinstance(span.start, datetime):
        return abs(start - span.start)
    return count_days_between((span.first_day, span.last_day), their_event, our_event.timezone)


def count_days_between(our_days: tuple[date, date], their_event: TheirEvent, timezone: str = "UTC") -> timedelta:
    """Return how far an event of theirs is from a first and a last day of ours; nothing where they share a day."""
    first_day, last_day = our_days
    return max(
        their_event.find_first_day(timezone) - last_day, first_day - their_event.find_last_day(timezone), timedelta()
    )

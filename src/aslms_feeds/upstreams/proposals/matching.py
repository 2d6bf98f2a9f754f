"""Which of theirs is which of ours: by our own UIDs, by words, and by nearness in time where words leave a choice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import Kind
from aslms_feeds.upstreams.proposals.statements import Ours, Theirs, ours
from aslms_feeds.upstreams.proposals.vocabulary import ENOUGH, WARM, Vocabulary, kind_of, number_of, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.definitions.series import Series

REACH = timedelta(days=120)
"""A session that is farther away than this is another season's."""
_CERTAIN = -100
"""How well something fits that bears our own UID."""

Pair = tuple[Ours, Theirs]
Left = tuple[Theirs, frozenset[str]]
"""What is none of ours, and the events it might belong to."""


def overlaps(files: SeriesFiles, found: Sequence[Theirs]) -> bool:
    """Say whether a calendar is about a series at all: whether it names one event of any of its seasons."""
    known = [one for season in files.seasons for one in ours(files, season)]
    words = Vocabulary.of(known, names_of(files))
    uids = {one.uid for one in known}
    return not known or any(one.uid in uids or words.scores(one.title, one.place) for one in found)


def names_of(files: SeriesFiles) -> tuple[str, ...]:
    """Return all that a series is called."""
    return (files.series.name, files.series.short, *files.series.names.values())


def without_series(files: SeriesFiles, title: str) -> str:
    """Return a title without the series' name, whose words mean no session: Test Series has races."""
    for name in sorted(names_of(files), key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        title = re.sub(pattern, "", title, flags=re.IGNORECASE).strip(" -–—|:/,") or title
    return title


@dataclass(frozen=True)
class Matcher:
    """Finds what belongs together."""

    series: Series
    ours: tuple[Ours, ...]
    words: Vocabulary

    def pairs(self, found: Sequence[Theirs]) -> tuple[list[Pair], list[Left]]:
        """Return which of theirs is which of ours, and the rest with the events each might belong to."""
        by_uid = {own.uid: own for own in self.ours}
        scores = [
            {by_uid[one.uid].event: 0} if one.uid in by_uid else self.words.scores(one.title, one.place)
            for one in found
        ]
        candidates = []
        for at, (one, events) in enumerate(zip(found, scores, strict=True)):
            top = max(events.values(), default=0)
            for place, own in enumerate(self.ours):
                if own.event in events and (fit := self._fit(own, one)) is not None:
                    lighter = (top - events[own.event]) // ENOUGH
                    candidates.append((fit + lighter, _apart(own, one), place, at))
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        for _fit, _away, place, at in sorted(candidates):
            if place not in taken and at not in pairs:
                pairs[at] = place
                taken.add(place)
        left = [
            (one, _best(events)) for at, (one, events) in enumerate(zip(found, scores, strict=True)) if at not in pairs
        ]
        return [(self.ours[place], found[at]) for at, place in sorted(pairs.items())], left

    def _fit(self, own: Ours, one: Theirs) -> int | None:
        """Return how well one of theirs fits one of ours, the best the least; None where it cannot be it."""
        if own.uid == one.uid:
            return _CERTAIN
        if _apart(own, one) > REACH:
            return None
        said = kind_of(word for word in one.words if word not in self._event_words[own.event])
        whole = not isinstance(one.start, datetime) and (said is None or one.lasts_days)
        if whole or not own.session:
            return 0 if whole and not own.session else None
        words = frozenset(one.words)
        extras = own.extras & words
        # Who names no kind means the race, unless its name or its time is another session's.
        same_time = own.span is not None and one.instant(one.start, own.timezone) == own.span.start
        named = own.is_named_in(words) or (said is None and same_time)
        if own.kind is not (said or Kind.RACE) and not named and not (own.kind is Kind.OTHER and extras):
            return None
        number = number_of(one.title)
        if number is not None and number != (own.number or 1):
            return None
        if bool(own.extras & WARM) is not bool(words & WARM):
            return None
        classes, said_classes = own.extras & self._class_words, self._class_words & words
        if classes and said_classes and not classes & said_classes:
            return None
        return len(said_classes - own.extras) - 2 * len(extras) - 2 * (number == own.number)

    @cached_property
    def _event_words(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for own in self.ours:
            if not own.session:
                found[own.event] = frozenset(word for name in own.names for word in words_of(name))
        return found

    @cached_property
    def _class_words(self) -> frozenset[str]:
        names = [(one.id, one.name) for one in self.series.classes]
        return frozenset(word for pair in names for name in pair for word in words_of(name) if not word.isdecimal())


def _best(events: Mapping[str, int]) -> frozenset[str]:
    top = max(events.values(), default=0)
    return frozenset(event for event, score in events.items() if score == top)


def order(one: Theirs) -> tuple[str, ...]:
    """Return what theirs are sorted by, whatever their own order."""
    return one.start.isoformat(), one.title, one.uid, one.place, one.end.isoformat() if one.end else "", one.status


def _apart(own: Ours, one: Theirs) -> timedelta:
    """Return how far apart the two are; what has no day is near to everything."""
    if own.span is None:
        return timedelta()
    start = one.instant(one.start, own.timezone)
    if start and own.span.timed and isinstance(own.span.start, datetime):
        return abs(start - own.span.start)
    return between((own.span.first_day, own.span.last_day), one, own.timezone)


def between(days: tuple[date, date], one: Theirs, timezone: str = "UTC") -> timedelta:
    """Return how far something of theirs is from days of ours; nothing where they share a day."""
    return max(one.day(timezone) - days[1], days[0] - one.last_day(timezone), timedelta())

"""Finds what their calendar has and ours does not: sessions of our events, and new events with their sessions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import Kind, What
from aslms_feeds.definitions.writing import (
    make_id,
    make_unused_id,
    write_comment,
    write_ids,
    write_minutes,
    write_start,
    write_text,
)
from aslms_feeds.ledger.facts import OFF
from aslms_feeds.upstreams.proposals.matching import count_days_between
from aslms_feeds.upstreams.proposals.patches import (
    Difference,
    format_days,
    format_their_time,
    join_lines,
    write_added_session,
)
from aslms_feeds.upstreams.proposals.statements import collect_circuit_names
from aslms_feeds.upstreams.proposals.vocabulary import (
    ENOUGH,
    WEIGHT,
    Vocabulary,
    find_kind,
    find_number,
    find_telling_words,
    split_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.upstreams.proposals.matching import Pair, Unmatched
    from aslms_feeds.upstreams.proposals.statements import OurEvent, TheirEvent

MARGIN = timedelta(days=45)
"""How far before our first and behind our last day something of theirs may be new to the season."""
WITHOUT_CALENDAR = timedelta(days=400)
"""The same from today on, where our season has no day yet."""
NEAR = timedelta(days=7)
"""How far from a race meeting of ours a session of theirs can belong to it."""


@dataclass(frozen=True)
class AdditionFinder:
    """Finds what is new to a season, as far as it is not over at ``now``."""

    files: SeriesFiles
    our_events: tuple[OurEvent, ...]
    vocabulary: Vocabulary
    now: datetime

    def find(self, pairs: Sequence[Pair], unmatched: Sequence[Unmatched]) -> Iterator[Difference]:
        """Yield what we do not have: sessions of our events, then events with their sessions."""
        meeting_days = self._collect_meeting_days(pairs)
        session_ids: dict[str, set[str]] = defaultdict(set)
        for our_event in self.our_events:
            session_ids[our_event.event_id].add(our_event.session_id)
        elsewhere: list[TheirEvent] = []
        for their_event, event_ids in self._select_upcoming(unmatched):
            meeting = _find_meeting(meeting_days, their_event, event_ids)
            if meeting is None:
                elsewhere.append(their_event)
            elif their_event.is_session and meeting.status not in OFF:
                yield self._add_session(meeting, their_event, session_ids[meeting.event_id])
        used_ids = set(session_ids)
        for label, events in _group_by_meeting(elsewhere):
            yield self._add_event(label, events, used_ids)

    def _select_upcoming(self, unmatched: Sequence[Unmatched]) -> Iterator[Unmatched]:
        """Yield what takes place, is not over, and is near enough to the season to be of it."""
        first_day, last_day = self._find_window()
        for candidate in unmatched:
            event = candidate.their_event
            is_upcoming = event.find_last_day("UTC") >= self.now.date()
            if is_upcoming and not event.off_status and first_day <= event.find_first_day("UTC") <= last_day:
                yield candidate

    def _collect_meeting_days(self, pairs: Sequence[Pair]) -> list[tuple[OurEvent, tuple[date, date]]]:
        """Return our race meetings with the first and last days they have, by us and by them."""
        meetings = {event.event_id: event for event in self.our_events if not event.session_id}
        ours = [(event, (event.span.first_day, event.span.last_day)) for event in meetings.values() if event.span]
        theirs = [
            (
                meetings[our_event.event_id],
                (event.find_first_day(our_event.timezone), event.find_last_day(our_event.timezone)),
            )
            for our_event, event in pairs
        ]
        return ours + theirs

    def _find_window(self) -> tuple[date, date]:
        """Return the first and the last day on which something can be new to the season."""
        days = [day for event in self.our_events if event.span for day in (event.span.first_day, event.span.last_day)]
        if not days:
            return self.now.date(), self.now.date() + WITHOUT_CALENDAR
        return min(days) - MARGIN, max(days) + MARGIN

    def _add_session(self, meeting: OurEvent, event: TheirEvent, used_ids: set[str]) -> Difference:
        timezone = meeting.timezone if meeting.circuit_id else None
        session_id, lines = self._write_session(event, timezone, used_ids)
        patch = write_added_session(meeting, event, lines)
        return _make_addition(meeting.event_id, session_id, event.title, format_their_time(event, timezone), patch)

    def _write_session(self, event: TheirEvent, timezone: str | None, used_ids: set[str]) -> tuple[str, list[str]]:
        """Return the id and the table of a session that is new; its id is one of ``used_ids`` from now on."""
        kind = find_kind(event.words) or (Kind.RACE if isinstance(event.start, datetime) else Kind.OTHER)
        number = find_number(event.title)
        class_ids = [race_class.id for race_class in self.files.series.classes if race_class.id in event.words]
        parts = [kind.value, *([str(number)] if number else []), *class_ids]
        session_id = make_unused_id("-".join(parts), used_ids)
        used_ids.add(session_id)
        lines = ["[[event.session]]", f'id = "{session_id}"', f'kind = "{kind.value}"']
        if class_ids:
            lines.append(f"classes = {write_ids(class_ids)}")
        lines += _write_session_times(event, timezone)
        return session_id, [f"  {line}" for line in lines]

    def _add_event(self, label: str, events: Sequence[TheirEvent], used_ids: set[str]) -> Difference:
        """Return a race meeting that is new, with its sessions; its id is one of ``used_ids`` from now on."""
        circuit_id = self._find_circuit(events)
        timezone = self.files.circuits[circuit_id].timezone if circuit_id else None
        event_id = make_unused_id(make_id(label) or f"event-{events[0].find_first_day('UTC')}", used_ids)
        used_ids.add(event_id)
        first_day = min(event.find_first_day(timezone or "UTC") for event in events)
        last_day = max(event.find_last_day(timezone or "UTC") for event in events)
        unknown_circuit = f"# circuit: {write_comment(events[0].place or 'not said')}"
        lines = [
            "[[event]]",
            f'id = "{event_id}"',
            f"name = {write_text(label)}",
            f'circuit = "{circuit_id}"' if circuit_id else unknown_circuit,
            f"first_day = {first_day}",
            f"last_day = {last_day}",
            'status = "provisional"',
            *self._write_sessions(events, timezone),
        ]
        return _make_addition(event_id, "", events[0].title, format_days(first_day, last_day), join_lines(lines))

    def _write_sessions(self, events: Sequence[TheirEvent], timezone: str | None) -> Iterator[str]:
        session_ids: set[str] = set()
        for event in events:
            if event.is_session:
                yield ""
                yield from self._write_session(event, timezone, session_ids)[1]
                if timezone is None and isinstance(event.start, datetime):
                    yield f"  # their time: {event.start.isoformat()}"

    def _find_circuit(self, events: Sequence[TheirEvent]) -> str | None:
        """Return the id of the circuit of ours that they mean, where one and no other fits."""
        common_words = self.vocabulary.common_words
        circuit_words = {
            circuit_id: find_telling_words((circuit_id, *collect_circuit_names(circuit)), common_words)
            for circuit_id, circuit in self.files.circuits.items()
        }
        counts = Counter(word for words in circuit_words.values() for word in words)
        their_words = find_telling_words(
            [text for event in events for text in (event.title, event.place)], common_words
        )
        scores = {
            circuit_id: sum(WEIGHT // counts[word] for word in words & their_words)
            for circuit_id, words in circuit_words.items()
        }
        best_score = max(scores.values(), default=0)
        best_ids = [circuit_id for circuit_id, score in scores.items() if score == best_score]
        return best_ids[0] if best_score >= ENOUGH and len(best_ids) == 1 else None


def _find_meeting(
    meeting_days: Sequence[tuple[OurEvent, tuple[date, date]]], event: TheirEvent, event_ids: frozenset[str]
) -> OurEvent | None:
    """Return the race meeting of ours that something of theirs belongs to, by its words and its days."""
    return next(
        (
            meeting
            for meeting, days in meeting_days
            if meeting.event_id in event_ids and count_days_between(days, event) <= NEAR
        ),
        None,
    )


def _group_by_meeting(events: Sequence[TheirEvent]) -> list[tuple[str, list[TheirEvent]]]:
    """Return what belongs to one race meeting together: called alike, within days of each other."""
    groups: list[tuple[str, list[TheirEvent]]] = []
    for event in events:
        label = _find_meeting_label(event.title)
        for group_label, group in groups:
            is_near = event.find_first_day("UTC") - group[-1].find_last_day("UTC") <= NEAR
            if group_label.casefold() == label.casefold() and is_near:
                group.append(event)
                break
        else:
            groups.append((label, [event]))
    return groups


def _find_meeting_label(title: str) -> str:
    """Return what a title calls the race meeting: without the session behind it."""
    parts = [part.strip() for part in re.split(r"\s[-–—|/]\s|:\s|,\s", title) if part.strip()]
    meeting_parts = [part for part in parts if not find_kind(split_words(part))]
    return (meeting_parts or parts or ["Event"])[0]


def _write_session_times(event: TheirEvent, timezone: str | None) -> list[str]:
    """Return the keys that say when a new session is: its day alone where its clock or its time is not known."""
    begin = event.find_instant(event.start, timezone) if timezone else None
    if timezone is None or begin is None:
        return [f"start = {event.find_first_day(timezone or 'UTC')}"]
    return [*write_start(begin, timezone), *write_minutes(begin, event.find_instant(event.end, timezone))]


def _make_addition(event_id: str, session_id: str, title: str, theirs: str, patch: str) -> Difference:
    return Difference(
        event=event_id, session=session_id, what=What.ADDED, title=title, ours="", theirs=theirs, patch=patch
    )

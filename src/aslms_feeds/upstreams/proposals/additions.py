"""What they have and we do not: sessions of our events, and events with their sessions."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import Kind, What
from aslms_feeds.ledger.facts import OFF
from aslms_feeds.upstreams.proposals import patches
from aslms_feeds.upstreams.proposals.matching import between
from aslms_feeds.upstreams.proposals.patches import Difference
from aslms_feeds.upstreams.proposals.statements import called
from aslms_feeds.upstreams.proposals.vocabulary import ENOUGH, WEIGHT, Vocabulary, kind_of, number_of, telling, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.upstreams.proposals.matching import Left, Pair
    from aslms_feeds.upstreams.proposals.statements import Ours, Theirs

MARGIN = timedelta(days=45)
"""How far before our first and behind our last day something of theirs may be new to the season."""
WITHOUT_CALENDAR = timedelta(days=400)
"""The same from today on, where our season has no day yet."""
NEAR = timedelta(days=7)
"""How far from a race meeting of ours a session of theirs can belong to it."""


@dataclass(frozen=True)
class Additions:
    """Finds what is new to a season, for what is not over at ``now``."""

    files: SeriesFiles
    ours: tuple[Ours, ...]
    words: Vocabulary
    now: datetime

    def of(self, pairs: Sequence[Pair], left: Sequence[Left]) -> Iterator[Difference]:
        """Yield what we do not have: sessions of our events, then events with their sessions."""
        first, last = self._window()
        there = self._there(pairs)
        used: dict[str, set[str]] = defaultdict(set)
        for own in self.ours:
            used[own.event].add(own.session)
        foreign = []
        for one, events in left:
            if one.off or not first <= one.day("UTC") <= last or one.last_day("UTC") < self.now.date():
                continue
            near = [own for own, days in there if own.event in events and between(days, one) <= NEAR]
            if not near:
                foreign.append(one)
            elif one.is_session and near[0].status not in OFF:
                yield self._new_session(near[0], one, used[near[0].event])
        ids = {own.event for own in self.ours}
        for label, group in self._grouped(foreign):
            yield self._new_event(label, group, ids)

    def _there(self, pairs: Sequence[Pair]) -> list[tuple[Ours, tuple[date, date]]]:
        """Return the race meetings of ours with the days they are at, by us and by them."""
        meetings = {own.event: own for own in self.ours if not own.session}
        found = [(own, (own.span.first_day, own.span.last_day)) for own in meetings.values() if own.span]
        return found + [
            (meetings[own.event], (one.day(own.timezone), one.last_day(own.timezone))) for own, one in pairs
        ]

    def _window(self) -> tuple[date, date]:
        days = [day for own in self.ours if own.span for day in (own.span.first_day, own.span.last_day)]
        if not days:
            return self.now.date(), self.now.date() + WITHOUT_CALENDAR
        return min(days) - MARGIN, max(days) + MARGIN

    def _new_session(self, own: Ours, one: Theirs, used: set[str]) -> Difference:
        circuit = own.timezone if own.circuit else None
        name, lines = self._session(one, circuit, used)
        patch = [f"[[event]]  # {patches.comment(one.title)}, one session more", f'id = "{own.event}"', "", *lines]
        return _added(own.event, name, one.title, patches.value(one, circuit), patch)

    def _session(self, one: Theirs, timezone: str | None, used: set[str]) -> tuple[str, list[str]]:
        """Return the id and the table of a session that is new."""
        kind = kind_of(one.words) or (Kind.RACE if isinstance(one.start, datetime) else Kind.OTHER)
        number = number_of(one.title)
        classes = [one_class.id for one_class in self.files.series.classes if one_class.id in one.words]
        name = patches.free("-".join([kind.value, *([str(number)] if number else []), *classes]), used)
        used.add(name)
        lines = ["  [[event.session]]", f'  id = "{name}"', f'  kind = "{kind.value}"']
        if classes:
            lines.append(f"  classes = {json.dumps(classes)}")
        if timezone is None:
            return name, [*lines, f"  start = {one.day('UTC')}"]
        begin, end = one.instant(one.start, timezone), one.instant(one.end, timezone)
        if begin is None:
            return name, [*lines, f"  start = {one.day(timezone)}"]
        return name, lines + [f"  {line}" for line in patches.start_lines(begin, timezone)] + (
            [f"  minutes = {(end - begin) // timedelta(minutes=1)}"]
            if end and timedelta(minutes=1) <= end - begin <= timedelta(minutes=2880)
            else []
        )

    def _grouped(self, found: Sequence[Theirs]) -> list[tuple[str, list[Theirs]]]:
        """Return what belongs to one race meeting together: called alike, within days of each other."""
        groups: list[tuple[str, list[Theirs]]] = []
        for one in found:
            label = self._label(one)
            for name, group in groups:
                if name.casefold() == label.casefold() and one.day("UTC") - group[-1].last_day("UTC") <= NEAR:
                    group.append(one)
                    break
            else:
                groups.append((label, [one]))
        return groups

    def _label(self, one: Theirs) -> str:
        """Return what a title calls the event: without the session behind it."""
        parts = [part.strip() for part in re.split(r"\s[-–—|/]\s|:\s|,\s", one.title) if part.strip()]
        kept = [part for part in parts if not kind_of(words_of(part))]
        return (kept or parts or ["Event"])[0]

    def _new_event(self, label: str, group: Sequence[Theirs], ids: set[str]) -> Difference:
        circuit = self._circuit(group)
        timezone = self.files.circuits[circuit].timezone if circuit else None
        name = patches.free(patches.slug(label) or f"event-{group[0].day('UTC')}", ids)
        ids.add(name)
        zone_name = timezone or "UTC"
        first, last = min(one.day(zone_name) for one in group), max(one.last_day(zone_name) for one in group)
        lines = ["[[event]]", f'id = "{name}"', f"name = {json.dumps(label, ensure_ascii=False)}"]
        lines.append(
            f'circuit = "{circuit}"' if circuit else f"# circuit: {patches.comment(group[0].place or 'not said')}"
        )
        lines += [f"first_day = {first}", f"last_day = {last}", 'status = "provisional"']
        used: set[str] = set()
        for one in group:
            if one.is_session:
                lines += ["", *self._session(one, timezone, used)[1]]
                if timezone is None and isinstance(one.start, datetime):
                    lines.append(f"  # their time: {one.start.isoformat()}")
        return _added(name, "", group[0].title, patches.days_of(first, last), lines)

    def _circuit(self, group: Sequence[Theirs]) -> str | None:
        """Return the circuit of ours that they mean, where one and no other fits."""
        known = {name: telling((name, *called(one)), self.words.common) for name, one in self.files.circuits.items()}
        counted = Counter(word for words in known.values() for word in words)
        said = telling([text for one in group for text in (one.title, one.place)], self.words.common)
        scores = {name: sum(WEIGHT // counted[word] for word in words & said) for name, words in known.items()}
        top = max(scores.values(), default=0)
        best = [name for name, score in scores.items() if score == top]
        return best[0] if top >= ENOUGH and len(best) == 1 else None


def _added(event: str, session: str, title: str, said: str, patch: Sequence[str]) -> Difference:
    return Difference(
        event=event,
        session=session,
        what=What.ADDED,
        title=title,
        ours="",
        theirs=said,
        patch="\n".join(patch) + "\n",
    )

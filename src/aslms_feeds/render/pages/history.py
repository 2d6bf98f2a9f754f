"""The history of a series in one language: its champions, classes and circuits, what changed, and its forerunners.

Results are told of seasons that are over. The current season is the one an edition names, so nothing here depends on
the hour, and nothing tells how it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import What
from aslms_feeds.ledger.facts import OFF
from aslms_feeds.render.pages import drawings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aslms_feeds.definitions.series import Circuit
    from aslms_feeds.editions.items import Item
    from aslms_feeds.render.pages.drawings import ClassYears
    from aslms_feeds.render.pages.meetings import MeetingView, SessionView
    from aslms_feeds.render.pages.seasons import SeasonView
    from aslms_feeds.render.pages.series_view import Book, ClassMark

TOLD = frozenset(
    {
        What.ANNOUNCED,
        What.ADDED,
        What.MOVED,
        What.PLACE_CHANGED,
        What.RENAMED,
        What.CANCELLED,
        What.POSTPONED,
        What.REINSTATED,
        What.CLASS_ADDED,
        What.CLASS_DROPPED,
        What.ORGANISER_CHANGED,
        What.CALENDAR_CHANGED,
    }
)
"""The changes that are history; those of times, entry lists and results are on the pages of their season."""


@dataclass(frozen=True)
class ClassRow:
    """One class through the years."""

    mark: ClassMark
    held: tuple[bool, ...]
    """Whether each season has it, the oldest season first."""
    continues: tuple[ClassMark, ...]


@dataclass(frozen=True)
class Use:
    """One season at a circuit."""

    season: SeasonView
    held: tuple[MeetingView, ...]
    off: tuple[MeetingView, ...]


@dataclass(frozen=True)
class CircuitRow:
    """One circuit through the years."""

    circuit: Circuit
    name: str
    place: str
    uses: tuple[Use, ...]
    """The newest season first."""

    @property
    def count(self) -> int:
        """How many meetings were held there; what is still to come does not count."""
        return sum(len(use.held) for use in self.uses if use.season.over)


@dataclass(frozen=True)
class Off:
    """A meeting or session that is off, of which no change tells."""

    meeting: MeetingView
    session: SessionView | None = None

    @property
    def what(self) -> MeetingView | SessionView:
        """What is off."""
        return self.session or self.meeting


@dataclass(frozen=True)
class Changed:
    """What changed in one season."""

    season: SeasonView
    items: tuple[Item, ...]
    off: tuple[Off, ...]


@dataclass(frozen=True)
class History:
    """The history of a series; ``seasons`` and ``forerunners`` are the newest first."""

    book: Book
    seasons: tuple[SeasonView, ...]
    forerunners: tuple[SeasonView, ...]

    @cached_property
    def finished(self) -> tuple[SeasonView, ...]:
        """The seasons before the current one."""
        return tuple(season for season in self.seasons if season.over)

    @cached_property
    def current(self) -> SeasonView | None:
        """The current season, of which no result is told."""
        return next((season for season in self.seasons if season.id == self.book.edition.current), None)

    @cached_property
    def columns(self) -> tuple[SeasonView, ...]:
        """The seasons with classes, the oldest first."""
        return tuple(season for season in reversed(self.seasons) if season.classes)

    @cached_property
    def classes(self) -> tuple[ClassRow, ...]:
        """Every class there was, in the order of its first season."""
        had = [{one.id for one in season.classes} for season in self.columns]
        rows = [
            ClassRow(mark, tuple(one.id in ids for ids in had), self.book.classes(one.continues))
            for one in self.book.series.classes
            for mark in self.book.classes([one.id])
        ]
        known = [row for row in rows if any(row.held)]
        return tuple(sorted(known, key=lambda row: row.held.index(True)))

    @cached_property
    def marks(self) -> tuple[ClassMark, ...]:
        """The same classes, and after them those that only forerunners had."""
        known = tuple(row.mark for row in self.classes)
        before = self.book.classes(one.id for season in self.forerunners for one in season.classes)
        return known + tuple(one for one in before if one not in known)

    @cached_property
    def drawing(self) -> ClassYears | None:
        """The same as a drawing."""
        return drawings.class_years(
            [season.short for season in self.columns],
            [(row.mark.id, row.mark.name, row.held, [one.id for one in row.continues]) for row in self.classes],
            self.book.language,
        )

    @cached_property
    def circuits(self) -> tuple[CircuitRow, ...]:
        """Every circuit of a season, the one with most meetings first."""
        found: dict[str, list[Use]] = {}
        shown: dict[str, MeetingView] = {}
        for season in self.seasons:
            here: dict[str, list[MeetingView]] = {}
            for meeting in season.meetings:
                if meeting.circuit and meeting.event.circuit:
                    here.setdefault(meeting.event.circuit, []).append(meeting)
                    shown[meeting.event.circuit] = meeting
            for circuit, meetings in here.items():
                found.setdefault(circuit, []).append(self._use(season, meetings))
        rows = [self._circuit(shown[circuit], tuple(uses)) for circuit, uses in found.items()]
        return tuple(sorted(rows, key=lambda row: (-row.count, row.name)))

    def _use(self, season: SeasonView, meetings: Sequence[MeetingView]) -> Use:
        return Use(
            season,
            held=tuple(one for one in meetings if not one.off),
            off=tuple(one for one in meetings if one.off),
        )

    def _circuit(self, meeting: MeetingView, uses: tuple[Use, ...]) -> CircuitRow:
        circuit = self.book.edition.files.circuits[meeting.event.circuit or ""]
        name = circuit.names.get(self.book.language.tag, circuit.name)
        return CircuitRow(circuit, name, meeting.place, uses)

    @cached_property
    def changes(self) -> tuple[Changed, ...]:
        """What changed, season by season."""
        made = (Changed(season, _items(season), _untold(season)) for season in self.seasons)
        return tuple(one for one in made if one.items or one.off)

    @staticmethod
    def told(season: SeasonView) -> tuple[Item, ...]:
        """Return what is told of a forerunner, its news included."""
        news = {item.key for item in (*season.news, *season.spoilers) if item.what is None}
        changes = {item.key for item in _items(season)}
        return tuple(item for item in season.items if item.key in news | changes)


def _items(season: SeasonView) -> tuple[Item, ...]:
    # That the season is announced is no change of it; what led to it may be one.
    first = f"{season.edition.files.lasting_id}/change/announced"
    return tuple(item for item in season.items if item.what in TOLD and item.key != first)


def _untold(season: SeasonView) -> tuple[Off, ...]:
    """Return what its status says is off, where no change says so."""
    told = {(fact.what.value, fact.event, fact.session) for fact in season.edition.ledger.facts}
    told |= {(change.what.value, "", "") for change in season.season.changes}
    found: list[Off] = []
    for meeting in season.meetings:
        told |= {(change.what.value, meeting.id, change.session or "") for change in meeting.event.changes}
        if meeting.off:
            if not {(meeting.status.value, meeting.id, ""), (meeting.status.value, "", "")} & told:
                found.append(Off(meeting))
            continue
        found += [
            Off(meeting, session)
            for session in meeting.sessions
            if session.status in OFF and (session.status.value, meeting.id, session.id) not in told
        ]
    return tuple(found)

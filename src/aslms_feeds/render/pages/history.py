"""The history of a series in one language: its champions, classes and circuits, what changed, and its forerunners.

Only seasons that are over show their results. The current season is the one an edition names, so nothing here depends
on the hour, and the page spoils no race of it.
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
    from aslms_feeds.render.pages.series_view import ClassMark, SeriesView

HISTORIC_CHANGES = frozenset(
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
    presence: tuple[bool, ...]
    """Whether each season has it, the oldest season first."""
    continues: tuple[ClassMark, ...]


@dataclass(frozen=True)
class SeasonAtCircuit:
    """The race meetings of one season at a circuit."""

    season: SeasonView
    meetings: tuple[MeetingView, ...]
    """Those that took place, or are to."""
    called_off: tuple[MeetingView, ...]


@dataclass(frozen=True)
class CircuitRow:
    """One circuit through the years."""

    circuit: Circuit
    name: str
    place: str
    seasons: tuple[SeasonAtCircuit, ...]
    """The newest season first."""

    @property
    def count(self) -> int:
        """How many meetings were held there; what is still to come does not count."""
        return sum(len(visit.meetings) for visit in self.seasons if visit.season.is_over)


@dataclass(frozen=True)
class CalledOff:
    """A meeting or session that is off without a change that says why."""

    meeting: MeetingView
    session: SessionView | None = None

    @property
    def view(self) -> MeetingView | SessionView:
        """The meeting or session that is off."""
        return self.session or self.meeting


@dataclass(frozen=True)
class SeasonChanges:
    """What changed in one season."""

    season: SeasonView
    items: tuple[Item, ...]
    called_off: tuple[CalledOff, ...]


@dataclass(frozen=True)
class History:
    """The history of a series; ``seasons`` and ``forerunners`` are the newest first."""

    series: SeriesView
    seasons: tuple[SeasonView, ...]
    forerunners: tuple[SeasonView, ...]

    @cached_property
    def finished(self) -> tuple[SeasonView, ...]:
        """The seasons before the current one."""
        return tuple(season for season in self.seasons if season.is_over)

    @cached_property
    def current(self) -> SeasonView | None:
        """The current season, whose results are not shown."""
        return next((season for season in self.seasons if season.id == self.series.edition.current), None)

    @cached_property
    def columns(self) -> tuple[SeasonView, ...]:
        """The seasons with classes, the oldest first."""
        return tuple(season for season in reversed(self.seasons) if season.classes)

    @cached_property
    def classes(self) -> tuple[ClassRow, ...]:
        """Every class there was, in the order of its first season."""
        ids_by_season = [{mark.id for mark in season.classes} for season in self.columns]
        rows = (
            ClassRow(
                mark,
                tuple(race_class.id in ids for ids in ids_by_season),
                self.series.mark_classes(race_class.continues),
            )
            for race_class in self.series.definition.classes
            for mark in self.series.mark_classes([race_class.id])
        )
        return tuple(sorted((row for row in rows if any(row.presence)), key=lambda row: row.presence.index(True)))

    @cached_property
    def marks(self) -> tuple[ClassMark, ...]:
        """The same classes, and after them those that only forerunners had."""
        marks = tuple(row.mark for row in self.classes)
        before = self.series.mark_classes(mark.id for season in self.forerunners for mark in season.classes)
        return marks + tuple(mark for mark in before if mark not in marks)

    @cached_property
    def drawing(self) -> ClassYears | None:
        """The same as a drawing."""
        return drawings.draw_class_years(
            [season.short for season in self.columns],
            [(row.mark.id, row.mark.name, row.presence, [mark.id for mark in row.continues]) for row in self.classes],
            self.series.language,
        )

    @cached_property
    def circuits(self) -> tuple[CircuitRow, ...]:
        """Every circuit of a season, the one with most meetings first."""
        seasons: dict[str, list[SeasonAtCircuit]] = {}
        meeting_at: dict[str, MeetingView] = {}
        for season in self.seasons:
            meetings: dict[str, list[MeetingView]] = {}
            for meeting in season.meetings:
                if meeting.circuit and meeting.event.circuit:
                    meetings.setdefault(meeting.event.circuit, []).append(meeting)
                    meeting_at[meeting.event.circuit] = meeting
            for circuit, meetings_there in meetings.items():
                seasons.setdefault(circuit, []).append(_view_season_at_circuit(season, meetings_there))
        rows = [self._view_circuit(meeting_at[circuit], tuple(visits)) for circuit, visits in seasons.items()]
        return tuple(sorted(rows, key=lambda row: (-row.count, row.name)))

    def _view_circuit(self, meeting: MeetingView, seasons: tuple[SeasonAtCircuit, ...]) -> CircuitRow:
        circuit = self.series.edition.files.circuits[meeting.event.circuit or ""]
        name = circuit.names.get(self.series.language.tag, circuit.name)
        return CircuitRow(circuit, name, meeting.place, seasons)

    @cached_property
    def changes(self) -> tuple[SeasonChanges, ...]:
        """What changed, season by season."""
        changes = (SeasonChanges(season, _list_changes(season), _find_unexplained(season)) for season in self.seasons)
        return tuple(change for change in changes if change.items or change.called_off)

    @staticmethod
    def list_items(forerunner: SeasonView) -> tuple[Item, ...]:
        """Return the feed items of a forerunner, its news included."""
        news = {item.key for item in (*forerunner.news, *forerunner.spoilers) if item.what is None}
        changes = {item.key for item in _list_changes(forerunner)}
        return tuple(item for item in forerunner.items if item.key in news | changes)


def _view_season_at_circuit(season: SeasonView, meetings: Sequence[MeetingView]) -> SeasonAtCircuit:
    return SeasonAtCircuit(
        season,
        meetings=tuple(meeting for meeting in meetings if not meeting.is_off),
        called_off=tuple(meeting for meeting in meetings if meeting.is_off),
    )


def _list_changes(season: SeasonView) -> tuple[Item, ...]:
    # That the season is announced is no change of it; what led to it may be one.
    first = f"{season.edition.files.lasting_id}/change/announced"
    return tuple(item for item in season.items if item.what in HISTORIC_CHANGES and item.key != first)


def _find_unexplained(season: SeasonView) -> tuple[CalledOff, ...]:
    """Return what its status says is off, where no change says so."""
    explained = {(fact.what.value, fact.event, fact.session) for fact in season.edition.ledger.facts}
    explained |= {(change.what.value, "", "") for change in season.definition.changes}
    called_off: list[CalledOff] = []
    for meeting in season.meetings:
        explained |= {(change.what.value, meeting.id, change.session or "") for change in meeting.event.changes}
        if meeting.is_off:
            if not {(meeting.status.value, meeting.id, ""), (meeting.status.value, "", "")} & explained:
                called_off.append(CalledOff(meeting))
            continue
        called_off += [
            CalledOff(meeting, session)
            for session in meeting.sessions
            if session.status in OFF and (session.status.value, meeting.id, session.id) not in explained
        ]
    return tuple(called_off)

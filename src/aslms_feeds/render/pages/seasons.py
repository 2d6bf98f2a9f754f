"""Seasons in one language: what the templates are given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.definitions.values import translate
from aslms_feeds.editions import labels
from aslms_feeds.editions.descriptions import find_reason
from aslms_feeds.ledger.facts import OFF
from aslms_feeds.render.pages.meetings import MeetingView, SessionView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aslms_feeds.definitions.results import EntryList
    from aslms_feeds.definitions.season import Event, Season, Session
    from aslms_feeds.definitions.values import Status
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.edition import SeasonEdition
    from aslms_feeds.editions.items import Item
    from aslms_feeds.render.pages.links import CalendarLink
    from aslms_feeds.render.pages.series_view import ClassMark, SeriesView

_YEAR = re.compile(r"\b(?:19|20|21)\d\d\b")


@dataclass(frozen=True)
class SeasonView:
    """One season in one language."""

    series: SeriesView
    edition: SeasonEdition

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.edition.files.id

    @property
    def definition(self) -> Season:
        """The season as it is defined."""
        return self.edition.files.season

    @property
    def is_forerunner(self) -> bool:
        """Whether it was before the series, and is on the history page only."""
        return self.definition.kind == "forerunner"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return self.id in self.series.finished_seasons

    @property
    def url(self) -> str:
        """Its page, on this host; a forerunner has none."""
        return self.series.link_to(self.id)

    @cached_property
    def name(self) -> str:
        """Its name."""
        return labels.name_season(self.definition, self.series.language)

    @cached_property
    def short(self) -> str:
        """Its name without the name of the series, for tables: 2023/24; else its id."""
        before, named, after = self.name.partition(self.series.name)
        return " ".join((before + after).split()) or self.id if named else self.id

    @cached_property
    def about(self) -> str:
        """What is special about it, in Markdown."""
        return translate(self.definition.about or "", self.definition.abouts, self.series.language.tag)

    @cached_property
    def organiser(self) -> str:
        """Who organised it."""
        return self.definition.organiser or self.series.definition.organiser or ""

    @cached_property
    def reason(self) -> str:
        """Why the season as a whole is off."""
        return next(
            (
                translate(change.why or "", change.whys, self.series.language.tag)
                for change in self.definition.changes
                if change.what == self.definition.status.value
            ),
            "",
        )

    @cached_property
    def classes(self) -> tuple[ClassMark, ...]:
        """Its classes, those of its events included."""
        of_events = (race_class for event in self.definition.events for race_class in event.classes)
        return self.series.mark_classes((*self.definition.classes, *of_events))

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """All its feed items."""
        return self.edition.items.get(self.series.language.tag, ())

    @property
    def news(self) -> list[Item]:
        """Its news, without the changes."""
        return [item for item in self.items if "news" in item.feeds and "changes" not in item.feeds]

    @property
    def changes(self) -> list[Item]:
        """What has changed."""
        return [item for item in self.items if "changes" in item.feeds]

    @property
    def spoilers(self) -> list[Item]:
        """Announcements that say a result."""
        return [item for item in self.items if not item.feeds & {"news", "changes"} and make_anchor(item)]

    @cached_property
    def calendars(self) -> tuple[CalendarLink, ...]:
        """The calendars of this season alone."""
        return tuple(link for link in self._calendars if not link.calendar.event)

    @cached_property
    def meeting_calendars(self) -> tuple[CalendarLink, ...]:
        """The calendars of one meeting of it each."""
        return tuple(link for link in self._calendars if link.calendar.event)

    @property
    def _calendars(self) -> Iterator[CalendarLink]:
        return (link for link in self.series.calendars if link.calendar.season == self.id)

    @cached_property
    def entry_lists(self) -> tuple[EntryList, ...]:
        """The entry lists for the season as a whole."""
        return tuple(entry_list for entry_list in self.edition.files.entries.lists if entry_list.event is None)

    @cached_property
    def dates(self) -> tuple[date, date] | None:
        """Its first and last day, as far as they are known; what is off counts only when everything is."""
        dated = [(event, days) for event in self.definition.events if (days := find_event_days(event))]
        on = [days for event, days in dated if inherited.status_of(None, event, self.definition) not in OFF]
        spans = on or [days for _event, days in dated]
        return (min(first for first, _last in spans), max(last for _first, last in spans)) if spans else None

    @cached_property
    def days(self) -> str:
        """The same in words; else the vague date of an event."""
        if self.dates:
            return self.series.language.days(*self.dates)
        return next((event.when for event in self.definition.events if event.when), "")

    @cached_property
    def year(self) -> int:
        """The year it began in; without a known day, the first that is named in words."""
        if self.dates:
            return self.dates[0].year
        year = _YEAR.search(f"{self.days} {self.definition.name} {self.id}")
        return int(year[0]) if year else date.max.year

    @cached_property
    def name_and_days(self) -> str:
        """Its name and days."""
        return self.series.language.parts((self.name, self.days))

    @cached_property
    def meetings(self) -> tuple[MeetingView, ...]:
        """Its race meetings."""
        components = {(component.event, component.session): component for component in self.edition.components}
        return tuple(self._view_meeting(event, components) for event in self.definition.events)

    @cached_property
    def stamped_meetings(self) -> tuple[MeetingView, ...]:
        """Its race meetings that are in calendars, whole or in part."""
        return tuple(meeting for meeting in self.meetings if meeting.stamped_sessions or meeting.revision)

    def _view_meeting(self, event: Event, components: Mapping[tuple[str, str], Component]) -> MeetingView:
        language, files = self.series.language, self.series.edition.files
        circuit = inherited.circuit_of(event, files.circuits)
        status = inherited.status_of(None, event, self.definition)
        reason, new_day = find_reason(event, self.definition, None, status, language)
        component = components.get((event.id, ""))
        days = find_event_days(event)
        names = {session.id: labels.name_session(session, files.series, language) for session in event.sessions}
        return MeetingView(
            event=event,
            name=labels.name_event(event, language),
            is_over=self.is_over,
            url=self.series.link_to(self.id, event.id),
            status=status,
            reason=reason,
            new_day=new_day,
            note=translate(event.note or "", event.notes, language.tag),
            days=language.days(*days) if days else event.when or "",
            circuit=circuit,
            venue=labels.name_venue(circuit, event, language),
            place=labels.describe_city(circuit, language),
            rounds=inherited.rounds_of(event),
            classes=self.series.mark_classes(inherited.classes_of(None, event, self.definition)),
            span=component.span if component else None,
            sessions=tuple(
                self._view_session(session, event, status, components.get((event.id, session.id)))
                for session in event.sessions
            ),
            calendar=next((link for link in self.meeting_calendars if link.calendar.event == event.id), None),
            entry_lists=tuple(
                entry_list for entry_list in self.edition.files.entries.lists if entry_list.event == event.id
            ),
            results=tuple(
                (names.get(result.session, result.session), result)
                for result in self.edition.files.results.results
                if result.event == event.id
            ),
            broadcasts=inherited.broadcasts_of(event, self.definition, files.series),
            changes=tuple(item for item in self.changes if item.event == event.id),
            revision=self.edition.ledger.revisions.get(component.uid) if component else None,
        )

    def _view_session(
        self, session: Session, event: Event, event_status: Status, component: Component | None
    ) -> SessionView:
        language = self.series.language
        status = inherited.status_of(session, event, self.definition)
        reason, new_day = (
            find_reason(event, self.definition, session, status, language) if status is not event_status else ("", "")
        )
        return SessionView(
            definition=session,
            name=labels.name_session(session, self.series.definition, language),
            status=status,
            badge=status if status in OFF or status is not event_status else None,
            reason=reason,
            new_day=new_day,
            note=translate(session.note or "", session.notes, language.tag),
            # A session for every class of the meeting needs no marks.
            classes=self.series.mark_classes(session.classes),
            span=component.span if component else None,
            revision=self.edition.ledger.revisions.get(component.uid) if component else None,
        )

    def name_meeting(self, event_id: str) -> str:
        """Return what a meeting is called; an id that is not defined stays itself."""
        return next((meeting.name for meeting in self.meetings if meeting.id == event_id), event_id)

    def name_session(self, event_id: str, session_id: str) -> str:
        """Return what a race is called with its meeting; ids that are not defined stay themselves."""
        meeting = next((meeting for meeting in self.meetings if meeting.id == event_id), None)
        names = [session.name for session in meeting.sessions if session.id == session_id] if meeting else []
        event = meeting.name if meeting else event_id
        _ = self.series.language.gettext
        return _("%(event)s: %(session)s", event=event, session=next(iter(names), session_id))


def make_anchor(item: Item) -> str:
    """Return the anchor of an announcement on its season's page, from its key ``2023-24/news/calendar``."""
    _season, kind, name = [*item.key.split("/", 2), "", ""][:3]
    return f"news-{name}" if kind == "news" else ""

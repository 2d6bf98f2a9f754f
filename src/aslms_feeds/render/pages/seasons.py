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
    from collections.abc import Mapping

    from aslms_feeds.definitions.results import EntryList
    from aslms_feeds.definitions.season import Event, Season, Session
    from aslms_feeds.definitions.values import Status
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.edition import SeasonEdition
    from aslms_feeds.editions.items import Item
    from aslms_feeds.render.pages.links import CalendarLink
    from aslms_feeds.render.pages.series_view import Book, ClassMark

_YEAR = re.compile(r"\b(?:19|20|21)\d\d\b")


@dataclass(frozen=True)
class SeasonView:
    """One season in one language."""

    book: Book
    edition: SeasonEdition

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.edition.files.id

    @property
    def season(self) -> Season:
        """The season as it is defined."""
        return self.edition.files.season

    @property
    def forerunner(self) -> bool:
        """Whether it was before the series, and is on the history page only."""
        return self.season.kind == "forerunner"

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self.id in self.book.over

    @property
    def url(self) -> str:
        """Its page, on this host; a forerunner has none."""
        return self.book.href(self.id)

    @cached_property
    def name(self) -> str:
        """Its name."""
        return labels.name_season(self.season, self.book.language)

    @cached_property
    def short(self) -> str:
        """Its name without the name of the series, for tables: 2023/24; else its id."""
        before, named, after = self.name.partition(self.book.name)
        return " ".join((before + after).split()) or self.id if named else self.id

    @cached_property
    def about(self) -> str:
        """What is special about it, in Markdown."""
        return translate(self.season.about or "", self.season.abouts, self.book.language.tag)

    @cached_property
    def organiser(self) -> str:
        """Who organised it."""
        return self.season.organiser or self.book.series.organiser or ""

    @cached_property
    def reason(self) -> str:
        """Why the season as a whole is off."""
        return next(
            (
                translate(change.why or "", change.whys, self.book.language.tag)
                for change in self.season.changes
                if change.what == self.season.status.value
            ),
            "",
        )

    @cached_property
    def classes(self) -> tuple[ClassMark, ...]:
        """Its classes, those of its events included."""
        named = (*self.season.classes, *(one for event in self.season.events for one in event.classes))
        return self.book.classes(named)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """All that is told of it."""
        return self.edition.items.get(self.book.language.tag, ())

    @property
    def news(self) -> list[Item]:
        """What is told beside the changes."""
        return [item for item in self.items if "news" in item.feeds and "changes" not in item.feeds]

    @property
    def changes(self) -> list[Item]:
        """What has changed."""
        return [item for item in self.items if "changes" in item.feeds]

    @property
    def spoilers(self) -> list[Item]:
        """Announcements that tell a result."""
        return [item for item in self.items if not item.feeds & {"news", "changes"} and anchor(item)]

    @cached_property
    def calendars(self) -> tuple[CalendarLink, ...]:
        """The calendars of this season alone."""
        return tuple(one for one in self.book.calendars if one.calendar.season == self.id and not one.calendar.event)

    @cached_property
    def meeting_calendars(self) -> tuple[CalendarLink, ...]:
        """The calendars of one meeting of it each."""
        return tuple(one for one in self.book.calendars if one.calendar.season == self.id and one.calendar.event)

    @cached_property
    def lists(self) -> tuple[EntryList, ...]:
        """The entry lists for the season as a whole."""
        return tuple(one for one in self.edition.files.entries.lists if one.event is None)

    @cached_property
    def dates(self) -> tuple[date, date] | None:
        """Its first and last day, as far as they are known; what is off counts only when everything is."""
        dated = [(event, days) for event in self.season.events if (days := find_event_days(event))]
        on = [days for event, days in dated if inherited.status_of(None, event, self.season) not in OFF]
        known = on or [days for _event, days in dated]
        return (min(first for first, _last in known), max(last for _first, last in known)) if known else None

    @cached_property
    def days(self) -> str:
        """The same in words; else the vague date of an event."""
        if self.dates:
            return self.book.language.days(*self.dates)
        return next((event.when for event in self.season.events if event.when), "")

    @cached_property
    def year(self) -> int:
        """The year it began in; without a known day, the first that is named in words."""
        if self.dates:
            return self.dates[0].year
        found = _YEAR.search(f"{self.days} {self.season.name} {self.id}")
        return int(found[0]) if found else date.max.year

    @cached_property
    def summary(self) -> str:
        """Its name and days."""
        return self.book.language.parts((self.name, self.days))

    @cached_property
    def meetings(self) -> tuple[MeetingView, ...]:
        """Its race meetings."""
        made = {(one.event, one.session): one for one in self.edition.components}
        return tuple(self._meeting(event, made) for event in self.season.events)

    @cached_property
    def stamped(self) -> tuple[MeetingView, ...]:
        """Its race meetings that are in calendars, whole or in part."""
        return tuple(one for one in self.meetings if one.stamped or one.revision)

    def _meeting(self, event: Event, made: Mapping[tuple[str, str], Component]) -> MeetingView:
        language, files = self.book.language, self.book.edition.files
        circuit = inherited.circuit_of(event, files.circuits)
        status = inherited.status_of(None, event, self.season)
        reason, new_day = find_reason(event, self.season, None, status, language)
        component = made.get((event.id, ""))
        days = find_event_days(event)
        names = {one.id: labels.name_session(one, files.series, language) for one in event.sessions}
        return MeetingView(
            event=event,
            name=labels.name_event(event, language),
            over=self.over,
            url=self.book.href(self.id, event.id),
            status=status,
            reason=reason,
            new_day=new_day,
            note=translate(event.note or "", event.notes, language.tag),
            days=language.days(*days) if days else event.when or "",
            circuit=circuit,
            venue=labels.name_venue(circuit, event, language),
            place=labels.describe_city(circuit, language),
            rounds=inherited.rounds_of(event),
            classes=self.book.classes(inherited.classes_of(None, event, self.season)),
            span=component.span if component else None,
            sessions=tuple(self._session(one, event, status, made.get((event.id, one.id))) for one in event.sessions),
            calendar=next((one for one in self.meeting_calendars if one.calendar.event == event.id), None),
            lists=tuple(one for one in self.edition.files.entries.lists if one.event == event.id),
            results=tuple(
                (names.get(one.session, one.session), one)
                for one in self.edition.files.results.results
                if one.event == event.id
            ),
            broadcasts=inherited.broadcasts_of(event, self.season, files.series),
            changes=tuple(item for item in self.changes if item.event == event.id),
            revision=self.edition.ledger.revisions.get(component.uid) if component else None,
        )

    def _session(self, session: Session, event: Event, above: Status, component: Component | None) -> SessionView:
        language = self.book.language
        status = inherited.status_of(session, event, self.season)
        reason, new_day = (
            find_reason(event, self.season, session, status, language) if status is not above else ("", "")
        )
        return SessionView(
            session=session,
            name=labels.name_session(session, self.book.series, language),
            status=status,
            badge=status if status in OFF or status is not above else None,
            reason=reason,
            new_day=new_day,
            note=translate(session.note or "", session.notes, language.tag),
            # A session for every class of the meeting needs no marks.
            classes=self.book.classes(session.classes),
            span=component.span if component else None,
            revision=self.edition.ledger.revisions.get(component.uid) if component else None,
        )

    def meeting_name(self, event_id: str) -> str:
        """Return what a meeting is called; an id that is not defined stays itself."""
        return next((one.name for one in self.meetings if one.id == event_id), event_id)

    def session_name(self, event_id: str, session_id: str) -> str:
        """Return what a race is called with its meeting; ids that are not defined stay themselves."""
        meeting = next((one for one in self.meetings if one.id == event_id), None)
        names = [one.name for one in meeting.sessions if one.id == session_id] if meeting else []
        event = meeting.name if meeting else event_id
        _ = self.book.language.gettext
        return _("%(event)s: %(session)s", event=event, session=next(iter(names), session_id))


def anchor(item: Item) -> str:
    """Return the anchor of an announcement on its season's page, from its key ``2023-24/news/calendar``."""
    _season, kind, name = [*item.key.split("/", 2), "", ""][:3]
    return f"news-{name}" if kind == "news" else ""

"""What each VEVENT says in one language: its title, its place, its categories and its plain description."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.shortening import shorten
from aslms_feeds.definitions.values import Status, translate
from aslms_feeds.editions import labels
from aslms_feeds.ledger.facts import OFF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.definitions.season import Event, Season, Session
    from aslms_feeds.definitions.series import Broadcast, Circuit
    from aslms_feeds.definitions.times import Span
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.language import Language

DESCRIPTION_LIMIT = 2_900
"""Characters; Proton cuts a description at 3,000, and the revision line is still to come."""
TITLE_LIMIT = 250
"""Characters; Proton cuts a title or a place at 255."""


@dataclass(frozen=True)
class Words:
    """What a component says in one language."""

    name: str
    """The event's name, and the session's: the title without the series and its marks."""
    summary: str
    location: str
    description: str
    categories: tuple[str, ...]
    url: str


class Reason(NamedTuple):
    """Why something is cancelled or postponed, as far as it is known."""

    text: str = ""
    new_day: str = ""
    """In words; empty where there is none."""


def find_reason(event: Event, season: Season, session: Session | None, status: Status, language: Language) -> Reason:
    """Return why something is cancelled or postponed, and its new day, from the nearest ``change`` that says so."""
    if status not in OFF:
        return Reason()
    session_id = session.id if session else None
    nearest = [change for change in event.changes if change.session == session_id and change.what == status.value]
    nearest += [change for change in event.changes if change.session is None and change.what == status.value]
    nearest += [change for change in season.changes if change.what == status.value]
    if not nearest:
        return Reason()
    change = nearest[0]
    new_day = change.after or ""
    if not isinstance(new_day, str):
        new_day = language.day(new_day.date() if isinstance(new_day, datetime) else new_day)
    return Reason(translate(change.why or "", change.whys, language.tag), new_day)


@dataclass(frozen=True)
class DescriptionWriter:
    """Writes the words of one event and of its sessions."""

    files: SeriesFiles
    season: Season
    season_id: str
    event: Event
    circuit: Circuit | None
    addresses: Addresses

    def describe_weekend(self, status: Status, reason: Reason, language: Language) -> Words:
        """Return what the whole race meeting says."""
        _ = language.gettext
        name = labels.name_event(self.event, language)
        lines = [
            _write_off_line(status, reason, language),
            self._list_rounds(inherited.rounds_of(self.event), language),
        ]
        if status is Status.PROVISIONAL:
            lines.append(_("The dates are provisional."))
        if length := self.event.length_km or (self.circuit.length_km if self.circuit else None):
            lines.append(_("A lap is %(length)s km.", length=language.number(length)))
        if self.event.sessions and status not in OFF:
            lines.append(_("The timetable is on the page below."))
        return self._make_words(name, status, None, lines, language)

    def describe_session(
        self, session: Session, span: Span, status: Status, reason: Reason, language: Language
    ) -> Words:
        """Return what a session says."""
        _ = language.gettext
        session_name = labels.name_session(session, self.files.series, language)
        name = _("%(event)s: %(session)s", event=labels.name_event(self.event, language), session=session_name)
        lines = [_write_off_line(status, reason, language)]
        lines.append(self._list_rounds(() if session.round is None else (session.round,), language))
        lines += _write_when_lines(session, span, status, language)
        if note := translate(session.note or "", session.notes, language.tag):
            lines.append(note)
        return self._make_words(name, status, session, lines, language)

    def _list_rounds(self, rounds: Sequence[int], language: Language) -> str:
        """Return the season and the rounds of it: a list, not a sentence, since no one knows each name's article."""
        season = labels.name_season(self.season, language)
        if not rounds:
            return season
        values = {"season": season, "rounds": language.listing([str(number) for number in rounds])}
        return language.ngettext("%(season)s, round %(rounds)s", "%(season)s, rounds %(rounds)s", len(rounds), **values)

    def _make_words(
        self, name: str, status: Status, session: Session | None, lines: Sequence[str], language: Language
    ) -> Words:
        _ = language.gettext
        classes = labels.name_classes(
            inherited.classes_of(session, self.event, self.season), self.files.series, language
        )
        if classes:
            names = language.commas(classes)
            line = language.ngettext("Class: %(classes)s", "Classes: %(classes)s", len(classes), classes=names)
            lines = [*lines, line]
        broadcasts = inherited.broadcasts_of(self.event, self.season, self.files.series)
        for broadcast in () if status in OFF else broadcasts:
            lines = [*lines, _write_watch_line(broadcast, language)]
        url = self.addresses.page_url(language.tag, self.season_id, self.event.id)
        if self.season.kind == "forerunner":
            url = f"{self.addresses.page_url(language.tag, 'history')}#{self.season_id}"
        kind = labels.name_kind(session.kind, language) if session else _("Race meeting")
        # Translators: the title of a calendar entry: AsLMS 4 Hours of Sepang: Race 1.
        title = _("%(series)s %(name)s", series=self.files.series.short, name=name)
        text = shorten("\n".join(filter(None, lines)), DESCRIPTION_LIMIT - len(url), trim=None)
        return Words(
            name=name,
            summary=shorten(_mark_status(title, status, language), TITLE_LIMIT, trim=None),
            location=shorten(labels.describe_location(self.circuit, self.event, language), TITLE_LIMIT, trim=None),
            description=f"{text}\n{url}",
            categories=(self.files.series.short, kind, *classes),
            url=url,
        )


def _mark_status(name: str, status: Status, language: Language) -> str:
    _ = language.gettext
    match status:
        case Status.CANCELLED:
            return _("CANCELLED: %(name)s", name=name)
        case Status.POSTPONED:
            return _("POSTPONED: %(name)s", name=name)
        case Status.PROVISIONAL:
            return _("%(name)s (provisional)", name=name)
        case Status.CONFIRMED:
            return name


def _write_off_line(status: Status, reason: Reason, language: Language) -> str:
    _ = language.gettext
    match status:
        case Status.CANCELLED:
            text = _("Cancelled.")
        case Status.POSTPONED:
            text = (
                _("Postponed to %(day)s.", day=reason.new_day)
                if reason.new_day
                else _("Postponed; the new date is not known.")
            )
        case _:
            return ""
    return language.sentences((text, reason.text))


def _write_watch_line(broadcast: Broadcast, language: Language) -> str:
    _ = language.gettext
    if not broadcast.territories:
        return _("Watch: %(name)s %(url)s", name=broadcast.name, url=broadcast.url)
    territories = language.commas(broadcast.territories)
    # Translators: where to watch, and in which countries.
    return _(
        "Watch: %(name)s (%(territories)s) %(url)s", name=broadcast.name, territories=territories, url=broadcast.url
    )


def _write_when_lines(session: Session, span: Span, status: Status, language: Language) -> list[str]:
    if status in OFF:
        return [_write_planned_line(span, language)]
    _ = language.gettext
    start, end = span.local_start, span.local_end
    lines = []
    if isinstance(start, datetime) and isinstance(end, datetime) and isinstance(span.start, datetime):
        lines.append(
            _(
                "At the circuit: %(day)s, %(start)s (UTC%(offset)s)",
                day=language.day(start.date()),
                start=language.clock(start),
                offset=_format_offset(start),
            )
        )
        lines.append(
            _("In UTC: %(day)s, %(start)s", day=language.day(span.start.date()), start=language.clock(span.start))
        )
        if span.end_known:
            lines.append(_write_end_line(start, end, language))
        else:
            lines.append(_("The end is not published; the length shown here is assumed."))
        if status is Status.PROVISIONAL:
            lines.append(_("The time is provisional."))
    elif span.first_day == span.last_day:
        lines.append(_("On %(day)s; the time is not known.", day=language.day(span.first_day)))
    else:
        days = language.days(span.first_day, span.last_day)
        lines.append(_("Some time during %(days)s; the day is not known.", days=days))
    if session.distance_km is not None:
        lines.append(_("Distance: %(distance)s km", distance=language.number(session.distance_km)))
    return lines


def _write_planned_line(span: Span, language: Language) -> str:
    """Return when something was to be that is off: in the past tense, so that nobody takes it for a date."""
    _ = language.gettext
    start = span.local_start
    if isinstance(start, datetime):
        return _(
            "It was to start on %(day)s, %(start)s (UTC%(offset)s), at the circuit.",
            day=language.day(start.date()),
            start=language.clock(start),
            offset=_format_offset(start),
        )
    if span.first_day == span.last_day:
        return _("It was to be on %(day)s.", day=language.day(span.first_day))
    return _("It was to be some time during %(days)s.", days=language.days(span.first_day, span.last_day))


def _format_offset(value: datetime) -> str:
    text = f"{value:%z}"
    return f"{text[:3]}:{text[3:5]}"


def _write_end_line(start: datetime, end: datetime, language: Language) -> str:
    _ = language.gettext
    clock = language.clock(end)
    if end.date() == start.date():
        return _("Ends at %(end)s at the circuit.", end=clock)
    return _("Ends at %(end)s on %(day)s at the circuit.", end=clock, day=language.weekday(end.date()))

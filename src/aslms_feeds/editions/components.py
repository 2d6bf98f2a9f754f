"""What each VEVENT says, in every language, before anything is stamped or rendered.

A component is a session or a whole race meeting (a *weekend*). Its words are complete: title, place, categories and a
plain description whose last lines are the address of its page and, added when it is rendered, its revision.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.season import Event, Session
from aslms_feeds.definitions.times import Span, event_span, session_span
from aslms_feeds.definitions.values import Kind, Status, translated
from aslms_feeds.editions import labels
from aslms_feeds.identity import component_uid, digest
from aslms_feeds.instants import format_moment
from aslms_feeds.ledger.facts import OFF, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import Calendars
    from aslms_feeds.definitions.season import Season
    from aslms_feeds.definitions.series import Broadcast, Circuit
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


@dataclass(frozen=True)
class Component:
    """One VEVENT in the making: a session, or a whole race meeting when ``session`` is empty."""

    uid: str
    season: str
    event: str
    session: str
    kind: Kind | None
    classes: tuple[str, ...]
    span: Span
    status: Status
    place: str
    position: tuple[float, float] | None
    parent: str | None
    """The UID of its weekend (RELATED-TO, RFC 5545 section 3.8.4.5)."""
    words: Mapping[str, Words]
    name: str = ""
    subject: Mapping[str, Any] = field(default_factory=dict)
    form: str = ""
    """How settings have it written, apart from words: whoever changes those has every calendar program look again."""

    @property
    def off(self) -> bool:
        """Whether it is cancelled or postponed."""
        return self.status in OFF

    def statement(self) -> Statement:
        """Return what the ledger compares."""
        return Statement(
            scope="session" if self.session else "event",
            event=self.event,
            session=self.session,
            name=self.name,
            start=format_moment(self.span.start),
            end=format_moment(self.span.end),
            end_known=self.span.end_known,
            precision=self.span.precision,
            status=self.status,
            place=self.place,
            timezone=self.span.timezone,
            classes=self.classes,
            texts={tag: _digest(words, self) for tag, words in self.words.items()},
            names={tag: words.name for tag, words in self.words.items()},
            subject=self.subject,
        )


def _digest(words: Words, component: Component) -> str:
    position = ",".join(map(str, component.position)) if component.position else ""
    facts = (words.summary, words.location, words.description, words.url, *words.categories)
    return digest(*facts, position, str(component.kind or ""), component.parent or "", component.form)


@dataclass(frozen=True)
class _Teller:
    """What the texts of one event need to know."""

    files: SeriesFiles
    season: Season
    season_id: str
    event: Event
    circuit: Circuit | None
    addresses: Addresses

    def weekend(self, status: Status, why: _Why, language: Language) -> Words:
        _ = language.gettext
        name = labels.event_name(self.event, language)
        lines = [_off_line(status, why, language), self._rounds(inherited.rounds_of(self.event), language)]
        if status is Status.PROVISIONAL:
            lines.append(_("The dates are provisional."))
        if length := self.event.length_km or (self.circuit.length_km if self.circuit else None):
            lines.append(_("A lap is %(length)s km.", length=language.number(length)))
        if self.event.sessions and status not in OFF:
            lines.append(_("The timetable is on the page below."))
        return self._words(name, status, None, lines, language)

    def session(self, session: Session, span: Span, status: Status, why: _Why, language: Language) -> Words:
        _ = language.gettext
        own = labels.session_name(session, self.files.series, language)
        name = _("%(event)s: %(session)s", event=labels.event_name(self.event, language), session=own)
        lines = [_off_line(status, why, language)]
        lines.append(self._rounds(() if session.round is None else (session.round,), language))
        lines += _when_lines(session, span, status, language)
        if note := translated(session.note or "", session.notes, language.tag):
            lines.append(note)
        return self._words(name, status, session, lines, language)

    def _rounds(self, rounds: Sequence[int], language: Language) -> str:
        """Return the season and the rounds of it: a list, not a sentence, since no one knows each name's article."""
        season = labels.season_name(self.season, language)
        if not rounds:
            return season
        said = {"season": season, "rounds": language.listing([str(number) for number in rounds])}
        return language.ngettext("%(season)s, round %(rounds)s", "%(season)s, rounds %(rounds)s", len(rounds), **said)

    def _words(
        self, name: str, status: Status, session: Session | None, lines: Sequence[str], language: Language
    ) -> Words:
        _ = language.gettext
        classes = labels.class_names(
            inherited.classes_of(session, self.event, self.season), self.files.series, language
        )
        if classes:
            names = language.commas(classes)
            line = language.ngettext("Class: %(classes)s", "Classes: %(classes)s", len(classes), classes=names)
            lines = [*lines, line]
        broadcasts = inherited.broadcasts_of(self.event, self.season, self.files.series)
        for broadcast in () if status in OFF else broadcasts:
            lines = [*lines, _watch_line(broadcast, language)]
        url = self.addresses.page_url(language.tag, self.season_id, self.event.id)
        if self.season.kind == "forerunner":
            url = f"{self.addresses.page_url(language.tag, 'history')}#{self.season_id}"
        kind = labels.kind_name(session.kind, language) if session else _("Race meeting")
        # Translators: the title of a calendar entry: AsLMS 4 Hours of Sepang: Race 1.
        whole = _("%(series)s %(name)s", series=self.files.series.short, name=name)
        return Words(
            name=name,
            summary=_cut(_titled(whole, status, language), TITLE_LIMIT),
            location=_cut(labels.location(self.circuit, self.event, language), TITLE_LIMIT),
            description="\n".join([_cut("\n".join(filter(None, lines)), DESCRIPTION_LIMIT - len(url)), url]),
            categories=(self.files.series.short, kind, *classes),
            url=url,
        )


_Why = tuple[str, str]
"""The reason of a cancellation or postponement, and the new day, each empty when not known."""


def _titled(name: str, status: Status, language: Language) -> str:
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


def _off_line(status: Status, why: _Why, language: Language) -> str:
    _ = language.gettext
    reason, to = why
    match status:
        case Status.CANCELLED:
            text = _("Cancelled.")
        case Status.POSTPONED:
            text = _("Postponed to %(day)s.", day=to) if to else _("Postponed; the new date is not known.")
        case _:
            return ""
    return language.sentences((text, reason))


def _watch_line(broadcast: Broadcast, language: Language) -> str:
    _ = language.gettext
    if not broadcast.territories:
        return _("Watch: %(name)s %(url)s", name=broadcast.name, url=broadcast.url)
    where = language.commas(broadcast.territories)
    # Translators: where to watch, and in which countries.
    return _("Watch: %(name)s (%(territories)s) %(url)s", name=broadcast.name, territories=where, url=broadcast.url)


def _when_lines(session: Session, span: Span, status: Status, language: Language) -> list[str]:
    if status in OFF:
        return [_planned_line(span, language)]
    _ = language.gettext
    start, end = span.local_start, span.local_end
    lines = []
    if isinstance(start, datetime) and isinstance(end, datetime) and isinstance(span.start, datetime):
        lines.append(
            _(
                "At the circuit: %(day)s, %(start)s (UTC%(offset)s)",
                day=language.day(start.date()),
                start=language.clock(start),
                offset=_offset(start),
            )
        )
        lines.append(
            _("In UTC: %(day)s, %(start)s", day=language.day(span.start.date()), start=language.clock(span.start))
        )
        if span.end_known:
            lines.append(_end_line(start, end, language))
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


def _planned_line(span: Span, language: Language) -> str:
    """Return when something was to be that is off: in the past tense, so that nobody takes it for a date."""
    _ = language.gettext
    start = span.local_start
    if isinstance(start, datetime):
        return _(
            "It was to start on %(day)s, %(start)s (UTC%(offset)s), at the circuit.",
            day=language.day(start.date()),
            start=language.clock(start),
            offset=_offset(start),
        )
    if span.first_day == span.last_day:
        return _("It was to be on %(day)s.", day=language.day(span.first_day))
    return _("It was to be some time during %(days)s.", days=language.days(span.first_day, span.last_day))


def _offset(value: datetime) -> str:
    text = f"{value:%z}"
    return f"{text[:3]}:{text[3:5]}"


def _end_line(start: datetime, end: datetime, language: Language) -> str:
    _ = language.gettext
    clock = language.clock(end)
    if end.date() == start.date():
        return _("Ends at %(end)s at the circuit.", end=clock)
    return _("Ends at %(end)s on %(day)s at the circuit.", end=clock, day=language.weekday(end.date()))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def components(
    files: SeriesFiles, season: SeasonFiles, addresses: Addresses, languages: Sequence[Language]
) -> tuple[Component, ...]:
    """Return every component of a season, by start and UID; what has no day at all has none."""
    made: list[Component] = []
    for event in season.season.events:
        circuit = inherited.circuit_of(event, files.circuits)
        teller = _Teller(files, season.season, season.id, event, circuit, addresses)
        made += _of_event(teller, season, languages)
    return tuple(sorted(made, key=lambda component: (format_moment(component.span.start), component.uid)))


def _of_event(teller: _Teller, files: SeasonFiles, languages: Sequence[Language]) -> list[Component]:
    event, circuit, season = teller.event, teller.circuit, files.season
    timezone = circuit.timezone if circuit else "UTC"
    identity = teller.files.publisher.identity

    def uid(session: Session | None) -> str:
        return component_uid(
            identity,
            teller.files.lasting_id,
            files.lasting_id,
            event.lasting_id,
            session.lasting_id if session else None,
        )

    position = None
    if circuit and circuit.latitude is not None and circuit.longitude is not None:
        position = (circuit.latitude, circuit.longitude)
    place = _place(event, circuit)

    def component(session: Session | None, span: Span, words: Mapping[str, Words], status: Status) -> Component:
        return Component(
            uid=uid(session),
            season=files.id,
            event=event.id,
            session=session.id if session else "",
            kind=session.kind if session else None,
            classes=inherited.classes_of(session, event, season),
            span=span,
            status=status,
            place=place,
            position=position,
            parent=uid(None) if session else None,
            words=words,
            name=(labels.session_name(session, teller.files.series, languages[0]) if session else event.name),
            subject=_subject(event, session),
            form=_form(teller.files.publisher.calendars, session, span, status),
        )

    made = []
    if whole := event_span(event, timezone):
        status = inherited.status_of(None, event, season)
        said = {tag.tag: teller.weekend(status, why(event, season, None, status, tag), tag) for tag in languages}
        made.append(component(None, whole, said, status))
    for session in event.sessions:
        span = session_span(session, event, timezone, teller.files.publisher.calendars.assumed_minutes)
        if span is None:
            continue
        status = inherited.status_of(session, event, season)
        said = {
            tag.tag: teller.session(session, span, status, why(event, season, session, status, tag), tag)
            for tag in languages
        }
        made.append(component(session, span, said, status))
    return made


def _place(event: Event, circuit: Circuit | None) -> str:
    """Return the circuit's first id: that it is called otherwise is no new venue."""
    return (circuit.formerly[0] if circuit.formerly else event.circuit or "") if circuit else ""


def _form(options: Calendars, session: Session | None, span: Span, status: Status) -> str:
    policies = sorted({options.cancelled, *options.cancelled_in.values()}) if status in OFF else []
    alarm = options.alarm_minutes.get(session.kind) if session and span.timed and status not in OFF else None
    return ",".join([*policies, *([options.times] if span.timed else []), str(alarm or "")])


def _subject(event: Event, session: Session | None) -> dict[str, Any]:
    # What was told of an event is kept once, with the event.
    left_out = {"sessions", "changes"} if session else {"sessions"}
    said: dict[str, Any] = {
        "event": event.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=left_out)
    }
    if session:
        said["session"] = session.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return said


def why(event: Event, season: Season, session: Session | None, status: Status, language: Language) -> _Why:
    """Return why something is cancelled or postponed, and its new day, from the nearest ``change`` that says so."""
    if status not in OFF:
        return "", ""
    about = session.id if session else None
    nearest = [change for change in event.changes if change.session == about and change.what == status.value]
    nearest += [change for change in event.changes if change.session is None and change.what == status.value]
    nearest += [change for change in season.changes if change.what == status.value]
    if not nearest:
        return "", ""
    change = nearest[0]
    to = change.after
    day = language.day(to.date() if isinstance(to, datetime) else to) if to and not isinstance(to, str) else to or ""
    return translated(change.why or "", change.whys, language.tag), str(day)


def season_uid(files: SeriesFiles, season: SeasonFiles) -> str:
    """Return the name the ledger keeps the season's own statement under."""
    return f"{season.lasting_id}.{files.lasting_id}@{files.publisher.identity}"


def season_statement(season: SeasonFiles, languages: Sequence[Language]) -> Statement:
    """Return what the season itself says; it is not in calendars, but its changes are facts."""
    return Statement(
        scope="season",
        event="",
        session="",
        name=season.season.name,
        status=season.season.status,
        classes=season.season.classes,
        names={language.tag: labels.season_name(season.season, language) for language in languages},
    )


def statements(
    files: SeriesFiles, season: SeasonFiles, made: Sequence[Component], languages: Sequence[Language]
) -> dict[str, Statement]:
    """Return all that a season states, by UID: itself, its components, and events that have no day yet."""
    said = {season_uid(files, season): season_statement(season, languages)}
    for event in season.season.events:
        uid = component_uid(files.publisher.identity, files.lasting_id, season.lasting_id, event.lasting_id)
        said[uid] = Statement(
            scope="event",
            event=event.id,
            session="",
            name=event.name,
            status=inherited.status_of(None, event, season.season),
            place=_place(event, inherited.circuit_of(event, files.circuits)),
            classes=inherited.classes_of(None, event, season.season),
            names={language.tag: labels.event_name(event, language) for language in languages},
            subject=_subject(event, None),
        )
    said.update({component.uid: component.statement() for component in made})
    return said


def entry_statements(files: SeriesFiles, season: SeasonFiles, languages: Sequence[Language]) -> dict[str, Statement]:
    """Return what the season's entry lists state, by name, so that a changed list is a fact."""
    said = {}
    for one in season.entries.lists:
        event = season.season.event_called(one.event) if one.event else None
        cars = {entry.number: ", ".join(filter(None, (entry.team, entry.car))) for entry in one.entries}
        said[f"{one.id}.entries.{season_uid(files, season)}"] = Statement(
            scope="entries",
            event=one.event or "",
            session=one.id,
            name=one.id,
            names={
                tag.tag: labels.event_name(event, tag) if event else labels.season_name(season.season, tag)
                for tag in languages
            },
            texts={"": digest(*(f"{number} {car}" for number, car in cars.items()), str(one.count))},
            subject=cars,
        )
    return said


def revived(subject: Mapping[str, Any]) -> tuple[Event, Session | None]:
    """Return the event, and the session, that a statement's subject was made from."""
    event = Event.model_validate_json(json.dumps(subject["event"]))
    session = Session.model_validate_json(json.dumps(subject["session"])) if "session" in subject else None
    return event, session

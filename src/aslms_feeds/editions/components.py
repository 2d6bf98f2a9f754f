"""What each VEVENT says, in every language, before anything is stamped or rendered.

A component is a session or a whole race meeting (a *weekend*). Its words are complete: title, place, categories and a
plain description whose last lines are the address of its page and, added when it is rendered, its revision.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.season import Event, Session
from aslms_feeds.definitions.times import Span, find_event_span, find_session_span
from aslms_feeds.editions import labels
from aslms_feeds.editions.descriptions import DescriptionWriter, Reason, Words, find_reason
from aslms_feeds.identity import digest, make_component_uid
from aslms_feeds.instants import format_moment
from aslms_feeds.ledger.facts import OFF, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import Calendars
    from aslms_feeds.definitions.series import Circuit
    from aslms_feeds.definitions.values import Kind, Status
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.language import Language


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
    """How settings have it written, apart from words: a change of them is a change of every VEVENT."""

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
            texts={tag: _digest_words(words, self) for tag, words in self.words.items()},
            names={tag: words.name for tag, words in self.words.items()},
            subject=self.subject,
        )


def _digest_words(words: Words, component: Component) -> str:
    position = ",".join(map(str, component.position)) if component.position else ""
    facts = (words.summary, words.location, words.description, words.url, *words.categories)
    return digest(*facts, position, str(component.kind or ""), component.parent or "", component.form)


def make_components(
    files: SeriesFiles, season: SeasonFiles, addresses: Addresses, languages: Sequence[Language]
) -> tuple[Component, ...]:
    """Return every component of a season, by start and UID; what has no day at all has none."""
    components: list[Component] = []
    for event in season.season.events:
        circuit = inherited.circuit_of(event, files.circuits)
        writer = DescriptionWriter(files, season.season, season.id, event, circuit, addresses)
        components += _EventComponents(files, season, event, circuit, writer, languages).make_all()
    return tuple(sorted(components, key=lambda component: (format_moment(component.span.start), component.uid)))


@dataclass(frozen=True)
class _EventComponents:
    """Makes the components of one event."""

    files: SeriesFiles
    season: SeasonFiles
    event: Event
    circuit: Circuit | None
    writer: DescriptionWriter
    languages: Sequence[Language]

    def make_all(self) -> Iterator[Component]:
        timezone = self.circuit.timezone if self.circuit else "UTC"
        if days := find_event_span(self.event, timezone):
            yield self._make_weekend(days)
        for session in self.event.sessions:
            span = find_session_span(session, self.event, timezone, self.files.publisher.calendars.assumed_minutes)
            if span is not None:
                yield self._make_session(session, span)

    def _make_weekend(self, days: Span) -> Component:
        status = inherited.status_of(None, self.event, self.season.season)
        words = {
            language.tag: self.writer.describe_weekend(status, self._find_reason(None, status, language), language)
            for language in self.languages
        }
        return self._make(None, days, words, status)

    def _make_session(self, session: Session, span: Span) -> Component:
        status = inherited.status_of(session, self.event, self.season.season)
        words = {
            language.tag: self.writer.describe_session(
                session, span, status, self._find_reason(session, status, language), language
            )
            for language in self.languages
        }
        return self._make(session, span, words, status)

    def _find_reason(self, session: Session | None, status: Status, language: Language) -> Reason:
        return find_reason(self.event, self.season.season, session, status, language)

    def _make(self, session: Session | None, span: Span, words: Mapping[str, Words], status: Status) -> Component:
        series, calendars = self.files.series, self.files.publisher.calendars
        return Component(
            uid=make_uid(self.files, self.season, self.event, session),
            season=self.season.id,
            event=self.event.id,
            session=session.id if session else "",
            kind=session.kind if session else None,
            classes=inherited.classes_of(session, self.event, self.season.season),
            span=span,
            status=status,
            place=find_place(self.event, self.circuit),
            position=_find_position(self.circuit),
            parent=make_uid(self.files, self.season, self.event) if session else None,
            words=words,
            name=labels.name_session(session, series, self.languages[0]) if session else self.event.name,
            subject=dump_subject(self.event, session),
            form=_describe_form(calendars, session, span, status),
        )


def make_uid(files: SeriesFiles, season: SeasonFiles, event: Event, session: Session | None = None) -> str:
    """Return the UID of an event, or of a session, from the first ids they ever had."""
    return make_component_uid(
        files.publisher.identity,
        files.lasting_id,
        season.lasting_id,
        event.lasting_id,
        session.lasting_id if session else None,
    )


def find_place(event: Event, circuit: Circuit | None) -> str:
    """Return the circuit's first id: that it is called otherwise is no new venue."""
    return (circuit.formerly[0] if circuit.formerly else event.circuit or "") if circuit else ""


def _find_position(circuit: Circuit | None) -> tuple[float, float] | None:
    if circuit is None or circuit.latitude is None or circuit.longitude is None:
        return None
    return circuit.latitude, circuit.longitude


def _describe_form(options: Calendars, session: Session | None, span: Span, status: Status) -> str:
    policies = sorted({options.cancelled, *options.cancelled_in.values()}) if status in OFF else []
    alarm = options.alarm_minutes.get(session.kind) if session and span.timed and status not in OFF else None
    return ",".join([*policies, *([options.times] if span.timed else []), str(alarm or "")])


def dump_subject(event: Event, session: Session | None) -> dict[str, Any]:
    """Return the definitions of an event, or of a session with its event, as the ledger keeps them."""
    # The changes of an event are kept once, with the event.
    left_out = {"sessions", "changes"} if session else {"sessions"}
    subject: dict[str, Any] = {
        "event": event.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=left_out)
    }
    if session:
        subject["session"] = session.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return subject


def restore_subject(subject: Mapping[str, Any]) -> tuple[Event, Session | None]:
    """Return the event, and the session, that a statement's subject was made from."""
    event = Event.model_validate_json(json.dumps(subject["event"]))
    session = Session.model_validate_json(json.dumps(subject["session"])) if "session" in subject else None
    return event, session

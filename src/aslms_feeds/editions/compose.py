"""Definitions and the ledgers of the last generation to an edition: stamped, dated, ready to render.

Nothing vanishes: what was public and is not defined any more stops the series here, with the ways out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from aslms_feeds.definitions.season import Change, Event, Retired, Season, Session
from aslms_feeds.definitions.times import find_event_days, find_midnight
from aslms_feeds.definitions.values import Status, What
from aslms_feeds.editions import labels
from aslms_feeds.editions.addresses import Addresses
from aslms_feeds.editions.calendars import chosen, planned
from aslms_feeds.editions.components import make_components, restore_subject
from aslms_feeds.editions.current import find_current_season, is_season_over
from aslms_feeds.editions.drafts import write_drafts
from aslms_feeds.editions.edition import Edition, SeasonEdition
from aslms_feeds.editions.items import date_drafts
from aslms_feeds.editions.language import language
from aslms_feeds.editions.safeguards import Guard, lost_calendars, lost_season, minted, other_names, still_there
from aslms_feeds.editions.season_statements import collect_statements
from aslms_feeds.errors import IdentityError, Problem
from aslms_feeds.identity import digest
from aslms_feeds.instants import whole_second
from aslms_feeds.ledger.facts import Fact
from aslms_feeds.ledger.history import pair_reasons, stated_changes
from aslms_feeds.ledger.ledger import Ledger, open_ledger
from aslms_feeds.ledger.values import AnnouncedCalendar, AnnouncedEvent, When

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.items import Draft
    from aslms_feeds.editions.language import Language


def compose(
    files: SeriesFiles,
    ledgers: Mapping[str, Ledger],
    *,
    now: datetime,
    base_url: str,
    root: str = "calendars",
    published: Collection[str] = (),
    accept_mass_change: bool = False,
) -> Edition:
    """Return the edition of a series at ``now``.

    ``ledgers`` are those of the last generation by season, empty for a first publication; ``published`` the paths of
    its documents; ``root`` is how problems name the calendars folder. Raises :class:`IdentityError`, also for a mass
    change that nothing explains and nobody has accepted.
    """
    languages = tuple(language(tag) for tag in files.publisher.languages)
    addresses = Addresses(base_url, files.id, files.publisher.languages[0])
    problems = list(other_names(files, ledgers, root))
    if problems:
        raise IdentityError(problems)
    problems = [lost_season(files, season, root) for season in ledgers if not still_there(files, season)]
    editions = []
    for season in files.seasons:
        before = next((ledgers[name] for name in (season.id, *season.season.formerly) if name in ledgers), None)
        work = _SeasonWork(files, _with_tombstones(season, before), addresses, languages, f"{root}/{files.id}")
        found = work.guard.taken(season) or work.edition(before, now)
        if isinstance(found, list):
            problems += found
            continue
        editions.append(found)
        if before is not None and not accept_mass_change:
            problems += work.guard.mass_change(before, found.ledger, now)
    if problems:
        raise IdentityError(problems)
    files = replace(files, seasons=tuple(one.files for one in editions))
    # A forerunner is told about on pages and in the data, but nobody subscribes to it.
    made = {one.files.id: one.components for one in editions if one.files.season.kind == "championship"}
    possible = planned(files, made, addresses, languages)
    if problems := list(lost_calendars(files, {one.path for one in possible}, published, root)):
        raise IdentityError(problems)
    current = find_current_season(files, now)
    return Edition(
        files=files,
        languages=languages,
        addresses=addresses,
        seasons=tuple(editions),
        current=current.id if current else "",
        calendars=chosen(possible, files, published),
    )


def next_due(edition: Edition, now: datetime) -> datetime | None:
    """Return the next instant at which the edition changes although its definitions do not: a season's end."""
    ends = [max(_end(one) for one in season.components) for season in edition.seasons if season.components]
    return min((end for end in ends if end > now), default=None)


def _end(component: Component) -> datetime:
    span = component.span
    return span.end if isinstance(span.end, datetime) else find_midnight(span.end, span.timezone)


@dataclass(frozen=True)
class _SeasonWork:
    files: SeriesFiles
    season: SeasonFiles
    addresses: Addresses
    languages: tuple[Language, ...]
    folder: str

    @property
    def guard(self) -> Guard:
        return Guard(self.files, self.season, self.folder)

    def edition(self, before: Ledger | None, now: datetime) -> SeasonEdition | list[Problem]:
        made = make_components(self.files, self.season, self.addresses, self.languages)
        said = collect_statements(self.files, self.season, made, self.languages)
        ledger, guard = before or self._opened(made, now), self.guard
        retired = guard.retired(said)
        if problems := guard.vanished(ledger, said) + guard.used_again(ledger, said, retired):
            return problems
        known = {fact.id for fact in ledger.facts}
        ledger = ledger.revise(said, now=now)
        ledger = replace(ledger, reasons=pair_reasons(self.season, self.files, ledger, known))
        written = write_drafts(self.files, self.season, ledger, self.addresses, self.languages, now)
        dated = {one.key: one.offer(one.published) for one in written if one.published}
        if problems := [guard.lost_item(key) for key in ledger.items if key not in dated]:
            return problems
        if before is not None:
            ledger = ledger.with_facts(*_told_elsewhere(written, ledger, self.season.season, now))
        ledger = replace(
            ledger.date_items(dated, now=now),
            retired=ledger.retired | retired,
            changes=ledger.changes | {fact.id for fact in stated_changes(self.season, self.files)},
        )
        told = {one.tag: date_drafts(written, ledger, self.files, self.addresses, one) for one in self.languages}
        return SeasonEdition(self.season, made, ledger, told)

    def _opened(self, made: Sequence[Component], now: datetime) -> Ledger:
        """Return a new ledger; a first publication is one fact: the season is announced."""
        over = is_season_over(self.season, (component.span for component in made), now)
        ledger = open_ledger(self.season.id, minted=minted(self.files), now=now, backfilled=over)
        meetings = [component for component in made if not component.session]
        events = tuple(AnnouncedEvent(event.event, When(event.span.start, event.span.end)) for event in meetings)
        day = self.season.season.announced
        seen = None if over or day else ledger.opened
        announced = Fact(
            id="announced",
            what=What.ANNOUNCED,
            at=seen,
            on=day,
            after=AnnouncedCalendar(events) if events else None,
            names={tag.tag: labels.season_name(self.season.season, tag) for tag in self.languages},
            about={
                f"{tag.tag}/{event.id}": labels.event_name(event, tag)
                for tag in self.languages
                for event in self.season.season.events
            },
        )
        return ledger.with_facts(announced)


def _told_elsewhere(written: Sequence[Draft], ledger: Ledger, season: Season, now: datetime) -> Iterator[Fact]:
    """Yield the facts of results, titles and entry lists that are new: their items tell them."""
    for draft in written:
        kind, _slash, name = draft.key.partition("/")[2].partition("/")
        if kind not in ("result", "champion", "entries") or draft.key in ledger.items or not draft.published:
            continue
        what = draft.what or What.ENTRY_LIST
        event, _slash, session = name.partition("/") if kind == "result" else (draft.event, "", "")
        about = season.find_event(event)
        race = about.find_session(session) if about else None
        stamp = whole_second(now)
        yield Fact(
            id=f"{name.replace('/', '.')}.{what}.{stamp:%Y%m%dT%H%M%SZ}",
            what=what,
            event=draft.event or event,
            session=race.id if race else session,
            at=stamp,
            names={tag: story.title for tag, story in draft.stories.items()},
            item=f"{kind}/{name}",
        )


def _with_tombstones(season: SeasonFiles, ledger: Ledger | None) -> SeasonFiles:
    """Return the season with what was retired put back as cancelled, from what the ledger knows of it."""
    if ledger is None or not season.season.retired:
        return season
    events = {event.id: event for event in season.season.events}
    # Graves of events first: that of a session is none for its event.
    for retired in sorted(season.season.retired, key=lambda one: "." in one.id):
        event_id, _dot, session_id = retired.id.partition(".")
        alive = next((one for one in season.season.events if event_id in (one.id, *one.formerly)), None)
        names = (alive.id, *alive.formerly) if alive else (event_id,)
        known = [
            restore_subject(one.statement.subject)
            for one in sorted(ledger.revisions.values(), key=lambda one: one.statement.scope)
            if one.statement.event in names and one.statement.subject and one.statement.scope in ("event", "session")
        ]
        if not known:
            continue
        event_id = alive.id if alive else event_id
        if session_id and event_id not in events:
            continue  # It has vanished with its event.
        event = events.get(event_id) or known[0][0].model_copy(update={"status": Status.CANCELLED})
        sessions = [one for _event, one in known if one and (not session_id or one.id == session_id)]
        events[event_id] = _buried(event, sessions, session_id, retired)
    alive_now = {event.id: event for event in season.season.events}
    held = [_held(event, alive_now.get(event.id)) for event in events.values()]
    whole: Season = season.season.model_copy(update={"events": tuple(held)})
    return replace(season, season=whole)


def _held(event: Event, alive: Event | None) -> Event:
    """Return an event on the days of what is left of it: nobody comes for a session that is retired."""
    days = find_event_days(alive) if alive else None
    if days is None or find_event_days(event) == days:
        return event
    return event.model_copy(update={"first_day": days[0], "last_day": days[1]})


def _buried(event: Event, sessions: Sequence[Session], session_id: str, retired: Retired) -> Event:
    there = {session.id for session in event.sessions}
    back = [one.model_copy(update={"status": Status.CANCELLED}) for one in sessions if one.id not in there]
    # Named by what the grave says, which no new id of its event changes.
    name = f"retired-{digest(retired.id)[2:18]}"
    change = Change(id=name, what=What.CANCELLED, session=session_id or None, why=retired.why)
    changes = event.changes if any(one.id == change.id for one in event.changes) else (*event.changes, change)
    return event.model_copy(update={"sessions": (*event.sessions, *back), "changes": changes})

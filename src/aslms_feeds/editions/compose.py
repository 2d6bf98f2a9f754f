"""Definitions and the ledgers of the last generation to an edition: stamped, dated, ready to render.

Nothing vanishes: what was public and is not defined any more stops the series here, with the ways out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import find_midnight
from aslms_feeds.definitions.values import What
from aslms_feeds.editions import labels
from aslms_feeds.editions.addresses import Addresses
from aslms_feeds.editions.calendars import choose_calendars, plan_calendars
from aslms_feeds.editions.components import make_components
from aslms_feeds.editions.current import find_current_season, is_season_over
from aslms_feeds.editions.drafts import write_drafts
from aslms_feeds.editions.edition import Edition, SeasonEdition
from aslms_feeds.editions.items import date_drafts
from aslms_feeds.editions.language import load_language
from aslms_feeds.editions.safeguards import (
    Guard,
    describe_minting,
    find_identity_problems,
    find_lost_calendars,
    is_season_defined,
    lost_season,
)
from aslms_feeds.editions.season_statements import collect_statements
from aslms_feeds.editions.tombstones import add_tombstones
from aslms_feeds.errors import IdentityError, Problem
from aslms_feeds.instants import earliest, whole_second
from aslms_feeds.ledger.facts import Fact
from aslms_feeds.ledger.history import pair_reasons, stated_changes
from aslms_feeds.ledger.ledger import Ledger, open_ledger
from aslms_feeds.ledger.values import AnnouncedCalendar, AnnouncedEvent, When

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.season import Season
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
    problems = list(find_identity_problems(files, ledgers, root))
    if problems:
        raise IdentityError(problems)
    composer = _Composer(
        files=files,
        addresses=Addresses(base_url, files.id, files.publisher.languages[0]),
        languages=tuple(load_language(tag) for tag in files.publisher.languages),
        now=now,
        root=root,
        accept_mass_change=accept_mass_change,
    )
    problems = [lost_season(files, season, root) for season in ledgers if not is_season_defined(files, season)]
    seasons, season_problems = composer.compose_seasons(ledgers)
    problems += season_problems
    if problems:
        raise IdentityError(problems)
    return composer.compose_series(seasons, published)


def find_next_change(edition: Edition, now: datetime) -> datetime | None:
    """Return the next instant at which the edition changes although its definitions do not: a season's end."""
    ends = [
        max(_find_end(component) for component in season.components) for season in edition.seasons if season.components
    ]
    return earliest(*(end for end in ends if end > now))


def _find_end(component: Component) -> datetime:
    span = component.span
    return span.end if isinstance(span.end, datetime) else find_midnight(span.end, span.timezone)


@dataclass(frozen=True, kw_only=True)
class _Composer:
    """Composes one series."""

    files: SeriesFiles
    addresses: Addresses
    languages: tuple[Language, ...]
    now: datetime
    root: str
    accept_mass_change: bool

    def compose_seasons(self, ledgers: Mapping[str, Ledger]) -> tuple[list[SeasonEdition], list[Problem]]:
        """Return the seasons that nothing speaks against, and the problems of the others."""
        editions: list[SeasonEdition] = []
        problems: list[Problem] = []
        for season in self.files.seasons:
            ids = (season.id, *season.season.formerly)
            before = next((ledgers[season_id] for season_id in ids if season_id in ledgers), None)
            composer = _SeasonComposer(
                self.files,
                add_tombstones(season, before),
                self.addresses,
                self.languages,
                self.now,
                f"{self.root}/{self.files.id}",
            )
            result = composer.guard.find_taken_names(season) or composer.compose(before)
            if isinstance(result, list):
                problems += result
                continue
            editions.append(result)
            if before is not None and not self.accept_mass_change:
                problems += composer.guard.find_mass_change(before, result.ledger, self.now)
        return editions, problems

    def compose_series(self, seasons: Sequence[SeasonEdition], published: Collection[str]) -> Edition:
        """Return the edition of the whole series."""
        files = replace(self.files, seasons=tuple(season.files for season in seasons))
        # A forerunner is told about on pages and in the data, but nobody subscribes to it.
        components = {
            season.files.id: season.components for season in seasons if season.files.season.kind == "championship"
        }
        possible = plan_calendars(files, components, self.addresses, self.languages)
        paths = {calendar.path for calendar in possible}
        if problems := list(find_lost_calendars(files, paths, published, self.root)):
            raise IdentityError(problems)
        current = find_current_season(files, self.now)
        return Edition(
            files=files,
            languages=self.languages,
            addresses=self.addresses,
            seasons=tuple(seasons),
            current=current.id if current else "",
            calendars=choose_calendars(possible, files, published),
        )


@dataclass(frozen=True)
class _SeasonComposer:
    """Composes one season, whose definitions hold its tombstones."""

    files: SeriesFiles
    season: SeasonFiles
    addresses: Addresses
    languages: tuple[Language, ...]
    now: datetime
    folder: str

    @property
    def guard(self) -> Guard:
        return Guard(self.files, self.season, self.folder)

    def compose(self, before: Ledger | None) -> SeasonEdition | list[Problem]:
        """Return the season stamped and dated, or what speaks against it."""
        components = make_components(self.files, self.season, self.addresses, self.languages)
        statements = collect_statements(self.files, self.season, components, self.languages)
        ledger, guard = before or self._open_ledger(components), self.guard
        retired = guard.find_retired(statements)
        problems = guard.find_vanished(ledger, statements) + guard.find_reused_names(ledger, statements, retired)
        if problems:
            return problems
        ids_before = {fact.id for fact in ledger.facts}
        ledger = ledger.revise(statements, now=self.now)
        ledger = replace(ledger, reasons=pair_reasons(self.season, self.files, ledger, ids_before))
        drafts = write_drafts(self.files, self.season, ledger, self.addresses, self.languages, self.now)
        offers = {draft.key: draft.offer(draft.published) for draft in drafts if draft.published}
        if problems := [guard.lost_item(key) for key in ledger.items if key not in offers]:
            return problems
        if before is not None:
            ledger = ledger.add_facts(*_find_item_facts(drafts, ledger, self.season.season, self.now))
        ledger = replace(
            ledger.date_items(offers, now=self.now),
            retired=ledger.retired | retired,
            changes=ledger.changes | {fact.id for fact in stated_changes(self.season, self.files)},
        )
        items = {
            language.tag: date_drafts(drafts, ledger, self.files, self.addresses, language)
            for language in self.languages
        }
        return SeasonEdition(self.season, components, ledger, items)

    def _open_ledger(self, components: Sequence[Component]) -> Ledger:
        """Return a new ledger; a first publication is one fact: the season is announced."""
        is_over = is_season_over(self.season, (component.span for component in components), self.now)
        ledger = open_ledger(self.season.id, minted=describe_minting(self.files), now=self.now, backfilled=is_over)
        weekends = [component for component in components if not component.session]
        events = tuple(
            AnnouncedEvent(weekend.event, When(weekend.span.start, weekend.span.end)) for weekend in weekends
        )
        day = self.season.season.announced
        announced = Fact(
            id="announced",
            what=What.ANNOUNCED,
            at=None if is_over or day else ledger.opened,
            on=day,
            after=AnnouncedCalendar(events) if events else None,
            names={language.tag: labels.name_season(self.season.season, language) for language in self.languages},
            about={
                f"{language.tag}/{event.id}": labels.name_event(event, language)
                for language in self.languages
                for event in self.season.season.events
            },
        )
        return ledger.add_facts(announced)


def _find_item_facts(drafts: Sequence[Draft], ledger: Ledger, season: Season, now: datetime) -> Iterator[Fact]:
    """Yield the facts of results, titles and entry lists that are new: their items tell them."""
    stamp = whole_second(now)
    for draft in drafts:
        kind, _slash, name = draft.key.partition("/")[2].partition("/")
        if kind not in ("result", "champion", "entries") or draft.key in ledger.items or not draft.published:
            continue
        what = draft.what or What.ENTRY_LIST
        event_id, _slash, session_id = name.partition("/") if kind == "result" else (draft.event, "", "")
        event = season.find_event(event_id)
        session = event.find_session(session_id) if event else None
        yield Fact(
            id=f"{name.replace('/', '.')}.{what}.{stamp:%Y%m%dT%H%M%SZ}",
            what=what,
            event=draft.event or event_id,
            session=session.id if session else session_id,
            at=stamp,
            names={tag: story.title for tag, story in draft.stories.items()},
            item=f"{kind}/{name}",
        )

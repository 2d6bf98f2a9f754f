"""What a generation changes for subscribers: facts, calendar components and feed items, and its row in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.editions.fact_texts import FactWriter
from aslms_feeds.editions.markup import render_plain
from aslms_feeds.instants import ONE_SECOND
from aslms_feeds.ledger.facts import summarise
from aslms_feeds.publication import history
from aslms_feeds.publication.manifest import find_changes
from aslms_feeds.report import EventChange, ItemChange, NewFact, Part

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.ledger.ledger import Ledger
    from aslms_feeds.publication.manifest import Document
    from aslms_feeds.publication.publish import Generation


def describe_changes(edition: Edition, ledgers: Mapping[str, Ledger], back_to: int | None) -> Part:
    """Return what an edition changes for subscribers; ``ledgers`` are those of the public generation, by season."""
    language = edition.languages[0].tag
    seasons = [(season, _find_ledger(season, ledgers)) for season in edition.seasons]
    return Part(
        edition.files.id,
        new_facts=tuple(fact for season, ledger in seasons for fact in _new_facts(edition, season, ledger)),
        changed_events=tuple(change for season, ledger in seasons for change in _changed_events(season, ledger)),
        changed_items=tuple(
            change for season, ledger in seasons for change in _changed_items(season, ledger, language)
        ),
        back_to=back_to,
    )


def _find_ledger(season: SeasonEdition, ledgers: Mapping[str, Ledger]) -> Ledger | None:
    """Return the ledger a season had, under any id it had."""
    ids = (season.files.id, *season.files.season.formerly)
    return next((ledgers[season_id] for season_id in ids if season_id in ledgers), None)


def _new_facts(edition: Edition, season: SeasonEdition, ledger: Ledger | None) -> Iterator[NewFact]:
    """Yield the facts of a season that its ledger did not hold."""
    public_ids = {fact.id for fact in ledger.facts} if ledger else set()
    writer = FactWriter(edition.files, season.files, edition.languages[0])
    for fact in season.ledger.facts:
        if fact.id not in public_ids:
            story = writer.write_fact(fact)
            yield NewFact(season.files.id, fact, story.title, render_plain(story.text))


def _changed_events(season: SeasonEdition, ledger: Ledger | None) -> Iterator[EventChange]:
    """Yield the components of a season that were stamped."""
    for component in season.components:
        old = ledger.revisions.get(component.uid) if ledger else None
        new = season.find_revision(component)
        if old is None or old.last_modified != new.last_modified:
            yield EventChange(season.files.id, component.uid, old.sequence if old else None, new.sequence)


def _changed_items(season: SeasonEdition, ledger: Ledger | None, language: str) -> Iterator[ItemChange]:
    """Yield the items of a season that were dated."""
    for item in season.items[language]:
        old = ledger.items.get(item.key) if ledger else None
        if item.published and (old is None or old.updated != item.updated):
            yield ItemChange(item.key, item.title, old is None)


def continue_history(
    part: Part, public: Generation | None, documents: Collection[Document], now: datetime
) -> dict[str, bytes]:
    """Return the history file of a part, with a row for the generation that is being made."""
    changed = find_changes(public.manifest if public else None, documents)
    row = history.HistoryRow(
        generation=public.manifest.generation + 1 if public else 1,
        published=max(now, public.manifest.published + ONE_SECOND) if public else now,
        documents=len(changed.put),
        facts=tuple(f"{new.season}: {summarise(new.fact)}" for new in part.new_facts),
        back_to=part.back_to,
    )
    past = history.parse_history(public.state.get(history.HISTORY_FILE) if public else None)
    return {history.HISTORY_FILE: history.write_history((*past, row))}

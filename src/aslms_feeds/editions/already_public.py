"""What of a series is public already: it stays public, also when a clock goes back or an embargo is added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.identity import parse_uid
from aslms_feeds.ledger.values import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.ledger.ledger import Ledger

LastingName = tuple[str, ...]
"""A kind and first ids: a season, then what is in it."""


@dataclass(frozen=True)
class AlreadyPublic:
    """What is public already, by names that no new id changes."""

    names: frozenset[LastingName] = frozenset()
    """Seasons, events, entry lists, results, titles, news and lists of invitations."""
    classes: frozenset[str] = frozenset()
    circuits: frozenset[str] = frozenset()


def find_already_public(files: SeriesFiles | None, ledgers: Mapping[str, Ledger]) -> AlreadyPublic:
    """Return what is public, from the definitions of the last generation, and from its ledgers."""
    names: set[LastingName] = set()
    classes: set[str] = set()
    circuits: set[str] = set()
    if files:
        names |= {name for season in files.seasons for name in _season_names(season)}
        classes |= {race_class.id for race_class in files.series.classes}
        circuits |= set(files.circuits)
    for ledger in ledgers.values():
        names |= set(_ledger_names(ledger))
        statements = [revision.statement for revision in ledger.revisions.values()]
        classes |= {name for statement in statements for name in statement.classes}
        circuits |= {statement.place for statement in statements}
        values = [value for fact in ledger.facts for value in (fact.before, fact.after)]
        circuits |= {value.circuit for value in values if isinstance(value, Place)}
    return AlreadyPublic(frozenset(names), frozenset(classes), frozenset(circuits))


def _ledger_names(ledger: Ledger) -> Iterator[LastingName]:
    for uid, revision in ledger.revisions.items():
        ids, season_id, _series = parse_uid(uid)
        yield ("season", season_id)
        if revision.statement.scope in ("event", "entries"):
            yield (revision.statement.scope, season_id, ids[0])
    for key in ledger.items:
        season_id, kind, name = key.split("/", 2)
        yield (kind, season_id, *name.split("/"))


def _season_names(season: SeasonFiles) -> Iterator[LastingName]:
    season_id = season.lasting_id
    yield ("season", season_id)
    yield from (("event", season_id, event.lasting_id) for event in season.season.events)
    yield from (("entries", season_id, entry_list.id) for entry_list in season.entries.lists)
    yield from (("champion", season_id, champion.key) for champion in season.results.champions)
    yield from (("news", season_id, item.id) for item in season.news.news)
    if season.results.invitations:
        yield ("invitations", season_id)
    for result in season.results.results:
        yield ("result", season_id, *season.season.find_lasting_ids(result.event, result.session))

"""What the definitions say has changed, and which of the changes the ledger saw each of them gives the reason of.

A ``change`` in a season's files is history when nothing was published yet, and the reason of a fact when a build saw
the same thing change about that day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.inherited import circuit_of
from aslms_feeds.definitions.times import to_instant
from aslms_feeds.instants import format_moment
from aslms_feeds.ledger.facts import Fact
from aslms_feeds.ledger.values import FactValue, parse_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.season import Change, Season
    from aslms_feeds.definitions.values import What
    from aslms_feeds.ledger.ledger import Ledger

MATCHING = timedelta(days=7)
"""How far the day of a ``change`` may be from the build that saw the change, to be its reason."""


def stated_changes(season: SeasonFiles, files: SeriesFiles) -> Iterator[Fact]:
    """Yield what the definitions themselves say has changed."""
    for change in season.season.changes:
        yield _make_fact(change, "", "UTC")
    for event in season.season.events:
        circuit = circuit_of(event, files.circuits)
        for change in event.changes:
            yield _make_fact(change, event.id, circuit.timezone if circuit else "UTC")


def _make_fact(change: Change, event: str, timezone: str) -> Fact:
    return Fact(
        id=change.id,
        what=change.what,
        event=event,
        session=change.session or "",
        on=change.on,
        on_basis=change.on_basis or "",
        before=_read_value(change.what, change.before, timezone),
        after=_read_value(change.what, change.after, timezone),
        timezone=timezone,
        why=change.why or "",
        whys=change.whys,
        sources=change.sources,
    )


def _read_value(what: What, stated: date | datetime | str | None, timezone: str) -> FactValue | None:
    """Return what a ``change`` states as the value that facts of its type have."""
    match stated:
        case None:
            return None
        case datetime():
            return parse_value(what, format_moment(to_instant(stated, timezone)))
        case date():
            return parse_value(what, format_moment(stated))
        case _:
            return parse_value(what, stated)


def collect_facts(season: SeasonFiles, files: SeriesFiles, ledger: Ledger) -> list[Fact]:
    """Return what the ledger saw, with the reasons given for it, and what the definitions tell of the past."""
    changes = list(stated_changes(season, files))
    reasons = {ledger.reasons[change.id]: change for change in changes if change.id in ledger.reasons}
    facts = [_add_reason(fact, reasons.get(fact.id)) for fact in ledger.facts]
    return facts + [change for change in changes if change.id not in ledger.reasons]


def pair_reasons(
    season: SeasonFiles, files: SeriesFiles, ledger: Ledger, earlier_facts: Collection[str]
) -> dict[str, str]:
    """Return which fact each ``change`` gives the reason of, by the change's id; who was paired once stays so.

    ``earlier_facts`` are the ids of the facts before this build: what was written before a fact was seen explains it at
    once or never.
    """
    pairs = dict(ledger.reasons)
    for change in stated_changes(season, files):
        if change.id in pairs or f"{season.lasting_id}/change/{change.id}" in ledger.items:
            continue
        unexplained = [
            fact
            for fact in ledger.facts
            if fact.at
            and fact.id not in pairs.values()
            and (change.on or change.id not in ledger.changes or fact.id not in earlier_facts)
        ]
        if candidates := [fact for fact in unexplained if _may_explain(change, fact, season.season)]:
            nearest = max(candidates, key=lambda fact: (-_seconds_between(change, fact), fact.at, fact.id))
            pairs[change.id] = nearest.id
    return pairs


def _may_explain(change: Fact, fact: Fact, season: Season) -> bool:
    """Say whether a ``change`` may be about a change the ledger saw, which may have been called otherwise then."""
    event = season.find_event(fact.event)
    session = event.find_session(fact.session) if event else None
    scope = (event.id if event else fact.event, session.id if session else fact.session)
    is_same_thing = (change.what, *change.scope) == (fact.what, *scope)
    return is_same_thing and _seconds_between(change, fact) <= MATCHING.total_seconds()


def _seconds_between(change: Fact, fact: Fact) -> float:
    """Return how far the day of a ``change`` is from the build that saw it, in seconds; without a day it is near."""
    if change.on is None or fact.at is None:
        return 0.0
    return abs((fact.at - datetime.combine(change.on, time(), UTC)).total_seconds())


def _add_reason(fact: Fact, change: Fact | None) -> Fact:
    if change is None:
        return fact
    return replace(fact, after=fact.after or change.after, why=change.why, whys=change.whys, sources=change.sources)

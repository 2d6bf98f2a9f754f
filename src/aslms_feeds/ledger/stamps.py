"""The stamps of one component and the dates of one feed item, and how each build moves them on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.instants import ONE_SECOND, whole_second

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aslms_feeds.ledger.facts import Statement


@dataclass(frozen=True)
class Revision:
    """How often, and when, a component changed."""

    statement: Statement
    sequence: int
    """SEQUENCE (RFC 5545 section 3.8.7.4): significant changes only."""
    count: int
    """All changes, the first publication included; subscribers read it in the description."""
    created: datetime
    last_modified: datetime
    """LAST-MODIFIED and DTSTAMP: without a METHOD both mean this (RFC 5545 section 3.8.7.2)."""


@dataclass(frozen=True)
class Dating:
    """When a feed item was published, and when its text last changed (RFC 4287 sections 4.2.9 and 4.2.15)."""

    published: datetime
    updated: datetime
    texts: Mapping[str, str]
    """A digest of the item in each language."""
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Its categories, by language, as they were published: some readers take another one for an edit."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """The page it led to, by language, below the series: some readers take another address for another item."""


class Offer(NamedTuple):
    """An item as it would be published."""

    published: datetime
    """The date to publish it under, if it is new."""
    texts: Mapping[str, str]
    categories: Mapping[str, tuple[str, ...]] = {}
    pages: Mapping[str, str] = {}


def revise_component(old: Revision | None, statement: Statement, now: datetime) -> Revision:
    """Return the stamps of a component that says ``statement`` from ``now`` on."""
    if old is None:
        return Revision(statement=statement, sequence=0, count=1, created=now, last_modified=now)
    if statement.says_the_same_as(old.statement):
        return replace(old, statement=statement)
    # RFC 5545 section 3.8.7.4: SEQUENCE counts significant revisions only.
    significant = statement.significant != old.statement.significant
    return replace(
        old,
        statement=statement,
        sequence=old.sequence + significant,
        count=old.count + 1,
        last_modified=max(now, old.last_modified + ONE_SECOND),
    )


def date_item(old: Dating | None, offer: Offer, now: datetime) -> Dating:
    """Return the dates of an item that is published, or published again, at ``now``."""
    if old is None:
        published = whole_second(offer.published)
        return Dating(published, published, dict(offer.texts), dict(offer.categories), dict(offer.pages))
    changed = any(offer.texts[tag] != old.texts[tag] for tag in offer.texts.keys() & old.texts.keys())
    updated = max(now, old.updated + ONE_SECOND) if changed else old.updated
    # With an edit everything may be new; without one nothing may.
    categories = offer.categories if changed else {**offer.categories, **old.categories}
    pages = {**offer.pages, **old.pages}
    return Dating(old.published, updated, {**old.texts, **offer.texts}, dict(categories), pages)

"""One edition of a series: everything the renderers need, as values, stamped and dated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.calendars import Calendar
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.items import Item
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.ledger import Ledger
    from aslms_feeds.ledger.stamps import Revision


@dataclass(frozen=True)
class SeasonEdition:
    """One season, stamped."""

    files: SeasonFiles
    components: tuple[Component, ...]
    """By start and UID."""
    ledger: Ledger
    items: Mapping[str, tuple[Item, ...]]
    """By language; newest first, those without a date last."""

    def find_component(self, event: str, session: str = "") -> Component | None:
        """Return the component of a session, or of the whole event; None while it has no day."""
        for component in self.components:
            if (component.event, component.session) == (event, session):
                return component
        return None

    def find_revision(self, component: Component) -> Revision:
        """Return the stamps of a component."""
        return self.ledger.revisions[component.uid]


@dataclass(frozen=True)
class Edition:
    """One series, stamped."""

    files: SeriesFiles
    languages: tuple[Language, ...]
    addresses: Addresses
    seasons: tuple[SeasonEdition, ...]
    """In order of time, the ones without a day last."""
    current: str
    """The id of the current season; empty when there is none."""
    calendars: tuple[Calendar, ...]

    @cached_property
    def revisions(self) -> Mapping[str, Revision]:
        """The stamps of every component, by UID."""
        return {uid: revision for season in self.seasons for uid, revision in season.ledger.revisions.items()}

    @property
    def current_season(self) -> SeasonEdition | None:
        """The current season."""
        return next((season for season in self.seasons if season.files.id == self.current), None)

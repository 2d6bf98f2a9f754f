"""What a bundle is made from: its definition and what each of its series has public, never their definitions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.publisher import CALENDAR_NAMES
from aslms_feeds.editions.addresses import Addresses, BundleAddresses
from aslms_feeds.editions.language import load_language
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.formats import JSON_FEED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aslms_feeds.definitions.publisher import Bundle, CalendarName, Publisher
    from aslms_feeds.editions.items import FeedName
    from aslms_feeds.editions.language import Language
    from aslms_feeds.publication.manifest import Listed, Manifest
    from aslms_feeds.render.pages.summary import Teaser
    from aslms_feeds.render.reuse import PublicDocuments

_SERIES_DATA = "series.json"
"""The document in which a series says what it is called."""


@dataclass(frozen=True)
class PublicSeries:
    """A series as it is public."""

    id: str
    manifest: Manifest
    teasers: Mapping[str, Teaser]
    """What the front page shows of it, by language; empty where it has lost that, until it is built again."""
    load: Callable[[str], bytes]
    """Returns the bytes of one of its documents; raises :class:`PublicationError`."""

    def load_row(self, row: Listed) -> bytes:
        """Return the bytes of a document; raises :class:`PublicationError` where they are not those it should have."""
        body = self.load(row.path)
        if hashlib.sha256(body).hexdigest() != row.sha256:
            message = f"{row.path} of {self.id} is not what its manifest lists"
            raise PublicationError(message, hint="restore that file from a backup; what is public stays")
        return body


@dataclass(frozen=True)
class PublicBundle:
    """A bundle, and the series in it that are public."""

    publisher: Publisher
    definition: Bundle
    all_series: Mapping[str, PublicSeries]
    """Every public series of the site, by id."""
    past: PublicDocuments
    """What is public at the top of the site."""

    @cached_property
    def addresses(self) -> BundleAddresses:
        """Where its documents are."""
        return self._make_addresses(self.definition.id)

    @cached_property
    def former_addresses(self) -> tuple[BundleAddresses, ...]:
        """Where they were, under each id it had."""
        return tuple(map(self._make_addresses, self.definition.formerly))

    def _make_addresses(self, name: str) -> BundleAddresses:
        return BundleAddresses(self.publisher.base_url, name, self.publisher.languages[0])

    @cached_property
    def languages(self) -> tuple[Language, ...]:
        """The languages in which any of its series is public."""
        return tuple(load_language(tag) for tag in self.publisher.languages if self.list_data(tag))

    def list_data(self, tag: str) -> list[tuple[PublicSeries, Listed]]:
        """Return its series that are public in a language, in the order of the definitions, each with its data."""
        series = (self.all_series[name] for name in self.definition.series if name in self.all_series)
        return self._list_rows(series, lambda addresses: addresses.path(tag, _SERIES_DATA))

    def list_series(self, tag: str) -> tuple[PublicSeries, ...]:
        """Return its series that are public in a language."""
        return tuple(series for series, _row in self.list_data(tag))

    def list_calendars(self, tag: str, name: CalendarName) -> list[tuple[PublicSeries, Listed]]:
        """Return the public calendars of a kind, those that changed last at the end."""
        rows = self._list_rows(self.list_series(tag), lambda addresses: addresses.evergreen(tag, name))
        return sorted(rows, key=lambda pair: (pair[1].modified, pair[0].id))

    def list_feeds(self, tag: str, name: FeedName) -> list[tuple[PublicSeries, Listed]]:
        """Return the public feeds of a kind, each in its form that is read most easily."""
        return self._list_rows(self.list_series(tag), lambda addresses: addresses.feed(tag, name, JSON_FEED.file))

    def _list_rows(
        self, series: Iterable[PublicSeries], find_path: Callable[[Addresses], str]
    ) -> list[tuple[PublicSeries, Listed]]:
        """Return the same public document of each series that has it."""
        base_url, first_language = self.publisher.base_url, self.publisher.languages[0]
        paths = ((member, find_path(Addresses(base_url, member.id, first_language))) for member in series)
        rows = ((member, member.manifest.documents.get(path)) for member, path in paths)
        return [(member, row) for member, row in rows if row]

    def list_calendar_names(self, tag: str) -> tuple[CalendarName, ...]:
        """Return the calendars it has in a language: those it is to have, and those that were published."""
        defined = self.definition.calendars or self.publisher.calendars.names
        places = (self.addresses, *self.former_addresses)
        return tuple(
            name
            for name in CALENDAR_NAMES
            if name in defined or any(addresses.calendar(tag, name) in self.past.rows for addresses in places)
        )

"""One series in one language: what all its pages have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import translate
from aslms_feeds.editions import labels
from aslms_feeds.editions.calendars import describe_content
from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.publication.formats import FEED_FILES
from aslms_feeds.render.pages.links import CalendarLink, FeedLink, local

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from aslms_feeds.definitions.series import RaceClass, Series
    from aslms_feeds.editions.calendars import Calendar
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.edition import Edition
    from aslms_feeds.editions.items import FeedName
    from aslms_feeds.editions.language import Language


_TELL_RESULTS = ("results", "everything")
"""The feeds that spoil a race for who wants to watch it later."""


@dataclass(frozen=True)
class ClassMark:
    """A race class as pages show it."""

    id: str
    name: str
    what: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListedFeed:
    """A feed as the page of all feeds shows it."""

    link: FeedLink
    spoils: bool
    """Whether it tells results."""
    archives: tuple[tuple[str, Mapping[str, str]], ...]
    """The name of each archived season, and its addresses by file name (RFC 5005 section 4)."""


@dataclass(frozen=True)
class CalendarState:
    """What a calendar holds, by which an old copy of it can be told."""

    title: str
    """What apps call it."""
    count: int
    """How many events it holds."""
    changed: datetime
    """When the newest change of one of them was published."""


@dataclass(frozen=True)
class Book:
    """One series in one language."""

    edition: Edition
    language: Language

    @property
    def series(self) -> Series:
        """The series as it is defined."""
        return self.edition.files.series

    def url(self, *parts: str) -> str:
        """Return the public address of a page."""
        return self.edition.addresses.page_url(self.language.tag, *parts)

    def href(self, *parts: str) -> str:
        """Return the address of a page on this host."""
        return local(self.url(*parts))

    def data(self, *parts: str) -> str:
        """Return the address of a data document on this host."""
        addresses = self.edition.addresses
        return local(addresses.url(addresses.path(self.language.tag, *parts)))

    @cached_property
    def name(self) -> str:
        """The name of the series."""
        return labels.name_series(self.series, self.language)

    @cached_property
    def about(self) -> str:
        """What the series is, in Markdown."""
        return translate(self.series.about or "", self.series.abouts, self.language.tag)

    @cached_property
    def site(self) -> str:
        """The name of the whole site."""
        publisher = self.edition.files.publisher
        return translate(publisher.name, publisher.names, self.language.tag)

    @cached_property
    def over(self) -> frozenset[str]:
        """The seasons before the current one, by id: nothing more is to come in them."""
        ids = [one.files.id for one in self.edition.seasons]
        return frozenset(ids[: ids.index(self.edition.current)] if self.edition.current in ids else ids)

    def classes(self, ids: Iterable[str]) -> tuple[ClassMark, ...]:
        """Return classes in the series' order."""
        wanted = set(ids)
        return tuple(self._class(one) for one in self.series.classes if one.id in wanted)

    def _class(self, race_class: RaceClass) -> ClassMark:
        name = translate(race_class.name, race_class.names, self.language.tag)
        return ClassMark(race_class.id, name, race_class.what or "", race_class.sources)

    @cached_property
    def calendars(self) -> tuple[CalendarLink, ...]:
        """Every calendar in this language."""
        own = (one for one in self.edition.calendars if one.language == self.language.tag)
        return tuple(CalendarLink(one, self._label(one), self.edition.addresses.url(one.path)) for one in own)

    def _label(self, calendar: Calendar) -> str:
        _ = self.language.gettext
        if calendar.event:
            return calendar.title
        held = describe_content(calendar.name, self.language)
        held = held[:1].upper() + held[1:]
        if calendar.race_class:
            race_class = labels.name_class(calendar.race_class, self.series, self.language)
            return _("%(class)s: %(what)s", **{"class": race_class, "what": held})
        return held

    @cached_property
    def evergreen(self) -> tuple[CalendarLink, ...]:
        """The calendars that hold every season."""
        return tuple(one for one in self.calendars if one.calendar.evergreen)

    @property
    def main_calendars(self) -> tuple[CalendarLink, ...]:
        """Those of all classes, without reminders."""
        return tuple(one for one in self.evergreen if not one.calendar.race_class and not one.calendar.reminders)

    @property
    def class_calendars(self) -> tuple[CalendarLink, ...]:
        """Those of one class, without reminders."""
        return tuple(one for one in self.evergreen if one.calendar.race_class and not one.calendar.reminders)

    @property
    def reminder_calendars(self) -> tuple[CalendarLink, ...]:
        """Those that ring."""
        return tuple(one for one in self.evergreen if one.calendar.reminders)

    @cached_property
    def feeds(self) -> tuple[FeedLink, ...]:
        """Every feed."""
        addresses, tag = self.edition.addresses, self.language.tag
        return tuple(
            FeedLink(
                feed,
                *told(feed, self.series.short, self.language),
                {file: addresses.url(addresses.feed(tag, feed, file)) for file in FEED_FILES},
            )
            for feed in FEED_NAMES
        )

    def listed_feeds(self, archives: Collection[str], seasons: Mapping[str, str]) -> tuple[ListedFeed, ...]:
        """Return every feed with its archives; ``archives`` are the folders there are, ``seasons`` names by id."""
        return tuple(
            ListedFeed(one, one.name in _TELL_RESULTS, self._archives(one, archives, seasons)) for one in self.feeds
        )

    def _archives(
        self, feed: FeedLink, archives: Collection[str], seasons: Mapping[str, str]
    ) -> tuple[tuple[str, Mapping[str, str]], ...]:
        addresses, tag = self.edition.addresses, self.language.tag
        folders = [(name, addresses.feed(tag, feed.name, season)) for season, name in seasons.items()]
        return tuple(
            (name, {file: addresses.url(f"{folder}/{file}") for file in FEED_FILES})
            for name, folder in folders
            if folder in archives
        )

    def states(
        self, links: Iterable[CalendarLink], held: Mapping[str, Sequence[Component]]
    ) -> tuple[CalendarState, ...]:
        """Return what calendars hold; ``held`` says it by path where that is less than what there is for them."""
        revisions = self.edition.revisions
        found = ((link.calendar, held.get(link.calendar.path, link.calendar.components)) for link in links)
        return tuple(
            CalendarState(one.title, len(events), max(revisions[event.uid].last_modified for event in events))
            for one, events in found
        )


def told(feed: FeedName, series: str, language: Language) -> tuple[str, str]:
    """Return the name of a feed of a series, or of a bundle of some, and what it tells."""
    _ = language.gettext
    match feed:
        case "news":
            what = _("Announcements, entry lists, and what must be known to be there. Never tells a result.")
            return _("%(series)s news", series=series), what
        case "changes":
            what = _("Everything that is added, moved or called off. Never tells a result.")
            return _("%(series)s changes", series=series), what
        case "results":
            return _("%(series)s results", series=series), _("Winners and champions.")
        case "everything":
            return _("%(series)s: everything", series=series), _("News, changes and results in one feed.")

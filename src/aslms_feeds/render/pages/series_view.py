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
from aslms_feeds.render.pages.links import CalendarLink, FeedLink, strip_host

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
"""The feeds that spoil a race for somebody who wants to watch it later."""


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
    """Whether it says results."""
    archives: tuple[tuple[str, Mapping[str, str]], ...]
    """The name of each archived season, and its addresses by file name (RFC 5005 section 4)."""


@dataclass(frozen=True)
class CalendarState:
    """What a calendar holds, by which readers recognise an old copy of it."""

    title: str
    """What apps call it."""
    count: int
    """How many components it holds."""
    changed: datetime
    """When the newest change of one of them was published."""


@dataclass(frozen=True)
class SeriesView:
    """One series in one language."""

    edition: Edition
    language: Language

    @property
    def definition(self) -> Series:
        """The series as it is defined."""
        return self.edition.files.series

    def make_url(self, *parts: str) -> str:
        """Return the public address of a page."""
        return self.edition.addresses.page_url(self.language.tag, *parts)

    def link_to(self, *parts: str) -> str:
        """Return the address of a page on this host."""
        return strip_host(self.make_url(*parts))

    def link_to_data(self, *parts: str) -> str:
        """Return the address of a data document on this host."""
        addresses = self.edition.addresses
        return strip_host(addresses.url(addresses.path(self.language.tag, *parts)))

    @cached_property
    def name(self) -> str:
        """The name of the series."""
        return labels.name_series(self.definition, self.language)

    @cached_property
    def about(self) -> str:
        """What the series is, in Markdown."""
        return translate(self.definition.about or "", self.definition.abouts, self.language.tag)

    @cached_property
    def site(self) -> str:
        """The name of the whole site."""
        publisher = self.edition.files.publisher
        return translate(publisher.name, publisher.names, self.language.tag)

    @cached_property
    def finished_seasons(self) -> frozenset[str]:
        """The seasons before the current one, by id: nothing more is to come in them."""
        ids = [season.files.id for season in self.edition.seasons]
        return frozenset(ids[: ids.index(self.edition.current)] if self.edition.current in ids else ids)

    def mark_classes(self, ids: Iterable[str]) -> tuple[ClassMark, ...]:
        """Return the marks of some classes, in the series' order."""
        ids = set(ids)
        return tuple(self._mark_class(race_class) for race_class in self.definition.classes if race_class.id in ids)

    def _mark_class(self, race_class: RaceClass) -> ClassMark:
        name = translate(race_class.name, race_class.names, self.language.tag)
        return ClassMark(race_class.id, name, race_class.what or "", race_class.sources)

    @cached_property
    def calendars(self) -> tuple[CalendarLink, ...]:
        """Every calendar in this language."""
        return tuple(
            CalendarLink(calendar, self._label_calendar(calendar), self.edition.addresses.url(calendar.path))
            for calendar in self.edition.calendars
            if calendar.language == self.language.tag
        )

    def _label_calendar(self, calendar: Calendar) -> str:
        _ = self.language.gettext
        if calendar.event:
            return calendar.title
        content = describe_content(calendar.name, self.language)
        content = content[:1].upper() + content[1:]
        if calendar.race_class:
            race_class = labels.name_class(calendar.race_class, self.definition, self.language)
            return _("%(class)s: %(what)s", **{"class": race_class, "what": content})
        return content

    @cached_property
    def evergreen(self) -> tuple[CalendarLink, ...]:
        """The calendars that hold every season."""
        return tuple(link for link in self.calendars if link.calendar.evergreen)

    @property
    def main_calendars(self) -> tuple[CalendarLink, ...]:
        """Those of all classes, without reminders."""
        return self._choose_evergreen(of_a_class=False, reminders=False)

    @property
    def class_calendars(self) -> tuple[CalendarLink, ...]:
        """Those of one class, without reminders."""
        return self._choose_evergreen(of_a_class=True, reminders=False)

    @property
    def reminder_calendars(self) -> tuple[CalendarLink, ...]:
        """Those that ring."""
        return tuple(link for link in self.evergreen if link.calendar.reminders)

    def _choose_evergreen(self, *, of_a_class: bool, reminders: bool) -> tuple[CalendarLink, ...]:
        return tuple(
            link
            for link in self.evergreen
            if bool(link.calendar.race_class) is of_a_class and link.calendar.reminders is reminders
        )

    @cached_property
    def feeds(self) -> tuple[FeedLink, ...]:
        """Every feed."""
        addresses, tag = self.edition.addresses, self.language.tag
        return tuple(
            FeedLink(
                feed,
                *introduce_feed(feed, self.definition.short, self.language),
                {file: addresses.url(addresses.feed(tag, feed, file)) for file in FEED_FILES},
            )
            for feed in FEED_NAMES
        )

    def list_feeds(self, archives: Collection[str], seasons: Mapping[str, str]) -> tuple[ListedFeed, ...]:
        """Return every feed with its archives; ``archives`` are the folders there are, ``seasons`` names by id."""
        return tuple(
            ListedFeed(feed, feed.name in _TELL_RESULTS, self._list_archives(feed, archives, seasons))
            for feed in self.feeds
        )

    def _list_archives(
        self, feed: FeedLink, archives: Collection[str], seasons: Mapping[str, str]
    ) -> tuple[tuple[str, Mapping[str, str]], ...]:
        addresses, tag = self.edition.addresses, self.language.tag
        folders = [(name, addresses.feed(tag, feed.name, season)) for season, name in seasons.items()]
        return tuple(
            (name, {file: addresses.url(f"{folder}/{file}") for file in FEED_FILES})
            for name, folder in folders
            if folder in archives
        )

    def describe_calendars(
        self, links: Iterable[CalendarLink], components: Mapping[str, Sequence[Component]]
    ) -> tuple[CalendarState, ...]:
        """Return what calendars hold; ``components`` says it by path where a calendar was cut to a size."""
        return tuple(
            self._describe_calendar(link, components.get(link.calendar.path, link.calendar.components))
            for link in links
        )

    def _describe_calendar(self, link: CalendarLink, components: Sequence[Component]) -> CalendarState:
        revisions = self.edition.revisions
        newest = max(revisions[component.uid].last_modified for component in components)
        return CalendarState(link.calendar.title, len(components), newest)


def introduce_feed(feed: FeedName, series: str, language: Language) -> tuple[str, str]:
    """Return the name of a feed of a series, or of a bundle of some, and a sentence about what it holds."""
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

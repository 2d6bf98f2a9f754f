"""The subscribe page and the page that other sites show in a frame: what their templates are given.

A reader chooses what, a class, reminders and a season. The choices are the calendars themselves, so that none is
offered that does not exist; a script shows the calendar of a choice, and the list of all of them needs no script.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import escape

from aslms_feeds.definitions.publisher import Cancelled
from aslms_feeds.definitions.values import Kind
from aslms_feeds.editions import labels
from aslms_feeds.render.pages.clients import clients

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aslms_feeds.definitions.publisher import CalendarName
    from aslms_feeds.render.pages.links import CalendarLink
    from aslms_feeds.render.pages.seasons import SeasonView
    from aslms_feeds.render.pages.series_view import Book, ClassMark

WAYS = {
    "apple": (("webcal", "Apple Calendar"),),
    "thunderbird": (("webcal", "Thunderbird"),),
    "google": (("google", "Google Calendar"),),
    "outlook": (("outlook", "Outlook.com"), ("office", "Microsoft 365")),
    "icsx5": (("webcal", "ICSx5"),),
}
"""The links that open a calendar in a client, by its id: what `CalendarLink` calls each, and what its button says."""

FRAME = (320, 480)
"""The width and height of the frame that is offered to other sites, in pixels."""


@dataclass(frozen=True)
class Way:
    """A client, how it is reached from here, and what it does with a calendar."""

    name: str
    buttons: tuple[tuple[str, str], ...]
    """The links that open it; none: the address is pasted there."""
    how: str
    """What must be known to subscribe with it."""
    reminders: str
    cancelled: str
    refresh: str


@dataclass(frozen=True)
class Group:
    """Calendars that are listed together."""

    title: str
    links: tuple[CalendarLink, ...]
    meetings: tuple[CalendarLink, ...] = ()
    """The calendars of single race meetings."""
    over: bool = False
    """Whether it is a season in which nothing changes any more."""


@dataclass(frozen=True)
class Subscribing:
    """What there is to subscribe to, in one language."""

    book: Book
    seasons: Sequence[SeasonView]

    @cached_property
    def links(self) -> tuple[CalendarLink, ...]:
        """Every calendar that can be chosen, the first one first: of every season, then of single ones."""
        return (*self.book.evergreen, *(link for season in self.seasons for link in season.calendars))

    @property
    def first(self) -> CalendarLink | None:
        """The calendar that is shown before anything is chosen; none before the first date."""
        return next(iter(self.links), None)

    @cached_property
    def names(self) -> tuple[tuple[CalendarName, str], ...]:
        """What a calendar may hold, and how that is called."""
        found: dict[CalendarName, str] = {}
        for link in self.links:
            if not link.calendar.race_class:
                found.setdefault(link.calendar.name, link.label)
        return tuple(found.items())

    @cached_property
    def classes(self) -> tuple[ClassMark, ...]:
        """The classes that have calendars of their own."""
        return self.book.classes(link.calendar.race_class for link in self.links)

    @cached_property
    def in_season(self) -> tuple[SeasonView, ...]:
        """The seasons that have calendars of their own."""
        return tuple(season for season in self.seasons if season.calendars)

    @property
    def evergreen(self) -> bool:
        """Whether there is a calendar of every season."""
        return bool(self.book.evergreen)

    @property
    def rings(self) -> bool:
        """Whether there are calendars with reminders."""
        return bool(self.book.reminder_calendars)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Every calendar there is, under the headings of the list."""
        _ = self.book.language.gettext
        every = (
            Group(_("Every season"), self.book.main_calendars),
            Group(_("One class only"), self.book.class_calendars),
            Group(_("With reminders"), self.book.reminder_calendars),
            *(
                Group(season.name, season.calendars, season.meeting_calendars, over=season.over)
                for season in self.seasons
            ),
        )
        return tuple(group for group in every if group.links or group.meetings)

    @cached_property
    def alarms(self) -> tuple[tuple[str, int], ...]:
        """The kinds of session that ring, and how many minutes before their start."""
        minutes = self.book.edition.files.publisher.calendars.alarm_minutes
        return tuple((labels.name_kind(kind, self.book.language), minutes[kind]) for kind in Kind if kind in minutes)

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Every client: those first that a button leads to."""
        language = self.book.language
        known = {one.id: one for one in clients(language, refresh_hours=self.refresh_hours)}
        order = (*(name for name in WAYS if name in known), *(name for name in known if name not in WAYS))
        return tuple(
            Way(
                name=known[name].name,
                buttons=WAYS.get(name, ()),
                how=self._how(name),
                reminders=known[name].reminders,
                cancelled=self._cancelled(known[name].cancelled),
                refresh=known[name].refresh,
            )
            for name in order
        )

    @property
    def refresh_hours(self) -> int:
        """How often clients are asked to look again, in hours."""
        return self.book.edition.files.publisher.calendars.refresh_hours

    def _how(self, client: str) -> str:
        _ = self.book.language.gettext
        match client:
            case "google":
                return _(
                    "On a computer, not in the app. If the button does not work: Other calendars, From URL, and paste "
                    "the address."
                )
            case "outlook":
                return _("Or there: Add calendar, Subscribe from web, and paste the address.")
            case _ if client in WAYS:
                return ""
            case _:
                return _("Paste the address there.")

    def _cancelled(self, marked: str) -> str:
        """Return what becomes of cancelled sessions in a client that does this with what is marked as cancelled."""
        _ = self.book.language.gettext
        # RFC 5545 section 3.8.1.11: only what has STATUS:CANCELLED is the client's to show as it likes.
        told = {
            Cancelled.VISIBLE: _("stays, and its title says so"),
            Cancelled.MARKED: marked,
            Cancelled.HIDDEN: _("goes"),
        }
        options = self.book.edition.files.publisher.calendars
        policies = {name: options.find_policy(name) for name, _label in self.names}
        if len(set(policies.values())) == 1:
            return told[next(iter(policies.values()))]
        return self._listed((label, told[policies[name]]) for name, label in self.names)

    def _listed(self, parts: Iterable[tuple[str, str]]) -> str:
        language = self.book.language
        return language.listing(
            [language.gettext("%(what)s: %(answer)s", what=what, answer=answer) for what, answer in parts]
        )


def snippet(url: str, title: str) -> str:
    """Return the HTML that shows a page of ours on another site, as text to copy."""
    width, height = FRAME
    size = f'width="{width}" height="{height}" style="border: 0; max-width: 100%"'
    return f'<iframe src="{escape(url)}" title="{escape(title)}" loading="lazy" {size}></iframe>'

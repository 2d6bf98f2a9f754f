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
from aslms_feeds.render.pages.clients import list_clients

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aslms_feeds.definitions.publisher import CalendarName
    from aslms_feeds.render.pages.links import CalendarLink
    from aslms_feeds.render.pages.seasons import SeasonView
    from aslms_feeds.render.pages.series_view import ClassMark, SeriesView

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
class CalendarGroup:
    """Calendars that are listed together."""

    title: str
    links: tuple[CalendarLink, ...]
    meetings: tuple[CalendarLink, ...] = ()
    """The calendars of single race meetings."""
    is_over: bool = False
    """Whether it is a season in which nothing changes any more."""


@dataclass(frozen=True)
class SubscribeChoices:
    """What there is to subscribe to, in one language."""

    series: SeriesView
    seasons: Sequence[SeasonView]

    @cached_property
    def links(self) -> tuple[CalendarLink, ...]:
        """Every calendar that can be chosen, the first one first: of every season, then of single ones."""
        return (*self.series.evergreen, *(link for season in self.seasons for link in season.calendars))

    @property
    def first(self) -> CalendarLink | None:
        """The calendar that is shown before anything is chosen; none before the first date."""
        return next(iter(self.links), None)

    @cached_property
    def names(self) -> tuple[tuple[CalendarName, str], ...]:
        """What a calendar may hold, and how that is called."""
        names: dict[CalendarName, str] = {}
        for link in self.links:
            if not link.calendar.race_class:
                names.setdefault(link.calendar.name, link.label)
        return tuple(names.items())

    @cached_property
    def classes(self) -> tuple[ClassMark, ...]:
        """The classes that have calendars of their own."""
        return self.series.mark_classes(link.calendar.race_class for link in self.links)

    @cached_property
    def seasons_with_calendars(self) -> tuple[SeasonView, ...]:
        """The seasons that have calendars of their own."""
        return tuple(season for season in self.seasons if season.calendars)

    @property
    def has_evergreen(self) -> bool:
        """Whether there is a calendar of every season."""
        return bool(self.series.evergreen)

    @property
    def has_reminders(self) -> bool:
        """Whether there are calendars with reminders."""
        return bool(self.series.reminder_calendars)

    @cached_property
    def groups(self) -> tuple[CalendarGroup, ...]:
        """Every calendar there is, under the headings of the list."""
        _ = self.series.language.gettext
        groups = (
            CalendarGroup(_("Every season"), self.series.main_calendars),
            CalendarGroup(_("One class only"), self.series.class_calendars),
            CalendarGroup(_("With reminders"), self.series.reminder_calendars),
            *(
                CalendarGroup(season.name, season.calendars, season.meeting_calendars, is_over=season.is_over)
                for season in self.seasons
            ),
        )
        return tuple(group for group in groups if group.links or group.meetings)

    @cached_property
    def alarms(self) -> tuple[tuple[str, int], ...]:
        """The kinds of session that ring, and how many minutes before their start."""
        minutes = self.series.edition.files.publisher.calendars.alarm_minutes
        return tuple((labels.name_kind(kind, self.series.language), minutes[kind]) for kind in Kind if kind in minutes)

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Every client: those first that a button leads to."""
        language = self.series.language
        order = [*WAYS]
        clients = list_clients(language, refresh_hours=self.refresh_hours)
        return tuple(
            Way(
                name=client.name,
                buttons=WAYS.get(client.id, ()),
                how=self._explain_subscribing(client.id),
                reminders=client.reminders,
                cancelled=self._describe_cancelled(client.cancelled),
                refresh=client.refresh,
            )
            for client in sorted(
                clients, key=lambda client: order.index(client.id) if client.id in order else len(order)
            )
        )

    @property
    def refresh_hours(self) -> int:
        """How often clients are asked to look again, in hours."""
        return self.series.edition.files.publisher.calendars.refresh_hours

    def _explain_subscribing(self, client_id: str) -> str:
        _ = self.series.language.gettext
        match client_id:
            case "google":
                return _(
                    "On a computer, not in the app. If the button does not work: Other calendars, From URL, and paste "
                    "the address."
                )
            case "outlook":
                return _("Or there: Add calendar, Subscribe from web, and paste the address.")
            case _ if client_id in WAYS:
                return ""
            case _:
                return _("Paste the address there.")

    def _describe_cancelled(self, marked: str) -> str:
        """Return what becomes of cancelled sessions in a client that does this with what is marked as cancelled."""
        _ = self.series.language.gettext
        # RFC 5545 section 3.8.1.11: only what has STATUS:CANCELLED is the client's to show as it likes.
        effects = {
            Cancelled.VISIBLE: _("stays, and its title says so"),
            Cancelled.MARKED: marked,
            Cancelled.HIDDEN: _("goes"),
        }
        options = self.series.edition.files.publisher.calendars
        policies = {name: options.find_policy(name) for name, _label in self.names}
        if len(set(policies.values())) == 1:
            return effects[next(iter(policies.values()))]
        return self._join_answers((label, effects[policies[name]]) for name, label in self.names)

    def _join_answers(self, parts: Iterable[tuple[str, str]]) -> str:
        language = self.series.language
        return language.listing(
            [language.gettext("%(what)s: %(answer)s", what=what, answer=answer) for what, answer in parts]
        )


def write_snippet(url: str, title: str) -> str:
    """Return the HTML that shows a page of ours on another site, as text to copy."""
    width, height = FRAME
    size = f'width="{width}" height="{height}" style="border: 0; max-width: 100%"'
    return f'<iframe src="{escape(url)}" title="{escape(title)}" loading="lazy" {size}></iframe>'

"""Which calendars there are, what each is called and which components it carries.

Evergreen calendars hold every season and are subscribed to once, for good; a season and a race meeting have their own.
A calendar appears with its first component, and one that was published before goes on even when it is switched off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aslms_feeds.definitions.publisher import CALENDAR_NAMES, Cancelled
from aslms_feeds.definitions.values import Kind
from aslms_feeds.editions import labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import CalendarName
    from aslms_feeds.definitions.series import Series
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.components import Component
    from aslms_feeds.editions.language import Language

SEASON_CALENDARS: tuple[CalendarName, ...] = ("all", "races")


@dataclass(frozen=True)
class Calendar:
    """One calendar file in the making."""

    path: str
    language: str
    name: CalendarName
    """What it selects: all, races, qualifying or weekends."""
    season: str
    """Empty for an evergreen calendar."""
    event: str
    """Empty unless it is one race meeting's."""
    race_class: str
    """Empty for every class."""
    reminders: bool
    title: str
    description: str
    page_url: str
    components: tuple[Component, ...]
    spare: tuple[Component, ...] = ()
    """What it holds when it selects nothing any more: an empty calendar would leave old times with its subscribers."""

    @property
    def evergreen(self) -> bool:
        """Whether it holds every season."""
        return not self.season


def find_family(race_class: str, series: Series) -> frozenset[str]:
    """Return a class with all it continues and all that continue it, over any number of steps."""
    links = [{later.id, earlier} for later in series.classes for earlier in later.continues]
    classes = {race_class}
    while more := {name for link in links if classes & link for name in link} - classes:
        classes |= more
    return frozenset(classes)


def is_selected(name: CalendarName, component: Component) -> bool:
    """Say whether a calendar of this name carries a component."""
    match name:
        case "all":
            return component.kind is not None
        case "races":
            return component.kind is Kind.RACE
        case "qualifying":
            return component.kind in (Kind.QUALIFYING, Kind.RACE)
        case "weekends":
            return component.kind is None


def plan_calendars(
    files: SeriesFiles,
    components: Mapping[str, Sequence[Component]],
    addresses: Addresses,
    languages: Sequence[Language],
) -> tuple[Calendar, ...]:
    """Return every calendar there could be of a series, the empty ones too; ``components`` are by season."""
    everything = [component for season in files.seasons for component in components.get(season.id, ())]
    calendars: list[Calendar] = []
    for language in languages:
        planner = _Planner(files, addresses, language)
        calendars += planner.plan_evergreens(everything)
        for season in files.seasons:
            calendars += planner.plan_season(season, components.get(season.id, ()))
    return tuple(calendars)


def choose_calendars(
    possible: Iterable[Calendar], files: SeriesFiles, published: Collection[str]
) -> tuple[Calendar, ...]:
    """Return the calendars to publish: not empty, and switched on or published before (``published`` holds paths)."""
    options = files.publisher.calendars
    filled = (_fill(calendar, published) for calendar in possible)
    return tuple(
        _hide_cancelled(calendar, options.find_policy(calendar.name))
        for calendar in filled
        if calendar.components and (calendar.path in published or _is_switched_on(calendar, files))
    )


def _fill(calendar: Calendar, published: Collection[str]) -> Calendar:
    """Return a calendar that is not empty if it was published before."""
    if calendar.components or calendar.path not in published:
        return calendar
    return replace(calendar, components=calendar.spare)


def _is_switched_on(calendar: Calendar, files: SeriesFiles) -> bool:
    options = files.publisher.calendars
    if not calendar.evergreen:
        return True
    classes = options.classes
    return (
        calendar.name in options.names
        and (not calendar.race_class or classes is True or (classes is not False and calendar.race_class in classes))
        and (options.reminders or not calendar.reminders)
    )


def _hide_cancelled(calendar: Calendar, policy: Cancelled) -> Calendar:
    if policy is not Cancelled.HIDDEN:
        return calendar
    components = tuple(component for component in calendar.components if not component.off)
    # An empty calendar is dangerous: some clients keep what they had, some forget everything.
    return replace(calendar, components=components) if components else calendar


@dataclass(frozen=True)
class _Planner:
    files: SeriesFiles
    addresses: Addresses
    language: Language

    def plan_evergreens(self, everything: Sequence[Component]) -> Iterable[Calendar]:
        for name in CALENDAR_NAMES:
            for race_class in ("", *(race_class.id for race_class in self.files.series.classes)):
                classes = find_family(race_class, self.files.series) if race_class else frozenset()
                every_class = tuple(component for component in everything if is_selected(name, component))
                components = tuple(
                    component for component in every_class if not classes or classes & set(component.classes)
                )
                spare = every_class or tuple(everything)
                for reminders in (False, True) if name != "weekends" else (False,):
                    yield replace(self._make_evergreen(name, race_class, components, reminders=reminders), spare=spare)

    def _make_evergreen(
        self, name: CalendarName, race_class: str, components: tuple[Component, ...], *, reminders: bool
    ) -> Calendar:
        _ = self.language.gettext
        title = labels.name_series(self.files.series, self.language)
        if race_class:
            name_of_class = labels.name_class(race_class, self.files.series, self.language)
            # Translators: a series and one class of it, in the title of a calendar: AsLMS LMP2.
            title = _("%(series)s %(race_class)s", series=title, race_class=name_of_class)
        title = _("%(title)s: %(what)s", title=title, what=describe_content(name, self.language))
        if reminders:
            title = _("%(title)s with reminders", title=title)
        tag = self.language.tag
        return Calendar(
            path=self.addresses.evergreen(tag, name, race_class or None, reminders=reminders),
            language=tag,
            name=name,
            season="",
            event="",
            race_class=race_class,
            reminders=reminders,
            title=title,
            description=_("Every season and every change of it. Subscribe once."),
            page_url=self.addresses.page_url(tag),
            components=components,
        )

    def plan_season(self, season: SeasonFiles, components: Sequence[Component]) -> Iterable[Calendar]:
        _ = self.language.gettext
        title = labels.name_season(season.season, self.language)
        tag = self.language.tag
        for name in SEASON_CALENDARS:
            yield Calendar(
                path=self.addresses.season_calendar(tag, season.id, name),
                language=tag,
                name=name,
                season=season.id,
                event="",
                race_class="",
                reminders=False,
                title=_("%(title)s: %(what)s", title=title, what=describe_content(name, self.language)),
                description=_("This season only and every change of it."),
                page_url=self.addresses.page_url(tag, season.id),
                components=tuple(component for component in components if is_selected(name, component)),
                spare=tuple(components),
            )
        for event in season.season.events:
            meeting = labels.name_event(event, self.language)
            yield Calendar(
                path=self.addresses.event_calendar(tag, season.id, event.id),
                language=tag,
                name="all",
                season=season.id,
                event=event.id,
                race_class="",
                reminders=False,
                title=_("%(event)s (%(season)s)", event=meeting, season=title),
                description=_("One race meeting and every change of it."),
                page_url=self.addresses.page_url(tag, season.id, event.id),
                components=self._find_meeting(event.id, components),
            )

    @staticmethod
    def _find_meeting(event: str, components: Sequence[Component]) -> tuple[Component, ...]:
        """Return an event's sessions; the weekend itself while no session is known."""
        meeting = tuple(component for component in components if component.event == event)
        return tuple(component for component in meeting if component.session) or meeting


def describe_content(name: CalendarName, language: Language) -> str:
    """Return what a calendar of this name holds."""
    _ = language.gettext
    match name:
        case "all":
            return _("all sessions")
        case "races":
            return _("races")
        case "qualifying":
            return _("qualifying and races")
        case "weekends":
            return _("race weekends")

"""What is public at an instant: definitions without whatever is under embargo, to the second.

It is taken out before anything is made of the definitions, so that no document, ledger, state or address can hold it;
names of classes and circuits become public only through something that is. What was public once stays public.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from aslms_feeds.definitions.values import What
from aslms_feeds.editions.already_public import AlreadyPublic
from aslms_feeds.instants import earliest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.results import Champion, Entries, EntryList, NewsItem, Result, Results
    from aslms_feeds.definitions.season import Event, Season
    from aslms_feeds.editions.already_public import LastingName


@dataclass(frozen=True)
class PublicFiles:
    """What of a series is public at an instant."""

    files: SeriesFiles
    due: datetime | None
    """When more becomes public."""
    early: tuple[str, ...] = ()
    """What is public already although its embargo has not passed, as ``season`` or ``season.event``."""
    hidden: bool = False
    """Whether anything is under embargo."""


def hide_embargoed(files: SeriesFiles, now: datetime, already: AlreadyPublic | None = None) -> PublicFiles:
    """Return the definitions without what is under embargo at ``now``; what is ``already`` public stays."""
    gate = _Gate(now, already or AlreadyPublic())
    seasons = tuple(
        _filter_season(season, gate)
        for season in files.seasons
        if gate.admits(season.season.embargo, ("season", season.lasting_id))
    )
    public = replace(files, seasons=seasons)
    if gate.waiting or gate.early:
        public = _hide_classes(public, files, gate.already)
    public = _hide_circuits(public, gate.already)
    return PublicFiles(public, earliest(*gate.waiting), tuple(gate.early), bool(gate.waiting))


@dataclass
class _Gate:
    """Lets through what is public, and remembers what is not."""

    now: datetime
    already: AlreadyPublic
    waiting: list[datetime] = field(default_factory=list)
    """When what is under embargo becomes public."""
    early: list[str] = field(default_factory=list)

    def admits(self, embargo: datetime | None, name: LastingName) -> bool:
        if embargo is None or embargo <= self.now:
            return True
        if name in self.already.names:
            self.early.append(".".join(name[1:]))
            return True
        self.waiting.append(embargo.astimezone(UTC))
        return False


def _filter_season(season: SeasonFiles, gate: _Gate) -> SeasonFiles:
    season_id = season.lasting_id
    events = tuple(
        _without_embargo(event)
        for event in season.season.events
        if gate.admits(event.embargo, ("event", season_id, event.lasting_id))
    )
    # Items about events that were retired stay; only those about hidden events are taken out.
    hidden = {event.id for event in season.season.events} - {event.id for event in events}
    records = tuple(record for record in season.season.records if record.event not in hidden)
    news = tuple(
        _without_embargo(item).model_copy(
            update={"events": tuple(event for event in item.events if event not in hidden)}
        )
        for item in season.news.news
        if gate.admits(item.embargo, ("news", season_id, item.id))
    )
    return replace(
        season,
        season=_without_embargo(season.season).model_copy(update={"events": events, "records": records}),
        entries=_filter_entries(season, hidden, gate),
        results=_filter_results(season, hidden, gate),
        news=season.news.model_copy(update={"news": news}),
    )


def _filter_entries(season: SeasonFiles, hidden: Collection[str], gate: _Gate) -> Entries:
    lists = tuple(
        _without_embargo(entry_list)
        for entry_list in season.entries.lists
        if entry_list.event not in hidden
        and gate.admits(
            _find_later(season.entries.embargo, entry_list.embargo), ("entries", season.lasting_id, entry_list.id)
        )
    )
    return _without_embargo(season.entries).model_copy(update={"lists": lists})


def _filter_results(season: SeasonFiles, hidden: Collection[str], gate: _Gate) -> Results:
    file, season_id = season.results, season.lasting_id
    results = tuple(
        _without_embargo(result)
        for result in file.results
        if result.event not in hidden
        and gate.admits(
            _find_later(file.embargo, result.embargo),
            ("result", season_id, *season.season.find_lasting_ids(result.event, result.session)),
        )
    )
    champions = tuple(
        _without_embargo(champion)
        for champion in file.champions
        if gate.admits(_find_later(file.embargo, champion.embargo), ("champion", season_id, champion.key))
    )
    invitations = file.invitations if gate.admits(file.embargo, ("invitations", season_id)) else ()
    public = {"results": results, "champions": champions, "invitations": invitations}
    return _without_embargo(file).model_copy(update=public)


_Embargoed = TypeVar(
    "_Embargoed", "Season", "Event", "Entries", "EntryList", "Results", "Result", "Champion", "NewsItem"
)


def _without_embargo(definition: _Embargoed) -> _Embargoed:
    """Return a definition that is public without its embargo: that there was one, and until when, stays private."""
    return definition.model_copy(update={"embargo": None}) if definition.embargo else definition


def _find_later(*embargoes: datetime | None) -> datetime | None:
    return max((embargo for embargo in embargoes if embargo), default=None)


def _hide_classes(public: SeriesFiles, everything: SeriesFiles, already: AlreadyPublic) -> SeriesFiles:
    """Return what is public with the classes that it names, and those that nothing under embargo needs."""
    secret = set(_named_classes(everything)) - set(_named_classes(public)) - already.classes
    classes = tuple(
        race_class.model_copy(update={"continues": tuple(name for name in race_class.continues if name not in secret)})
        for race_class in public.series.classes
        if race_class.id not in secret
    )
    return replace(public, series=public.series.model_copy(update={"classes": classes}))


def _hide_circuits(public: SeriesFiles, already: AlreadyPublic) -> SeriesFiles:
    """Return what is public with the circuits that it names: another series may have a secret one of this table."""
    named = {*_named_circuits(public), *already.circuits}
    circuits = {name: circuit for name, circuit in public.circuits.items() if {name, *circuit.formerly} & named}
    return replace(public, circuits=circuits)


def _named_classes(files: SeriesFiles) -> Iterator[str]:
    for season in files.seasons:
        yield from season.season.classes
        for event in season.season.events:
            yield from _named_event_classes(event)
        for entry_list in season.entries.lists:
            yield from entry_list.counts
            yield from (entry.race_class for entry in entry_list.entries)
        for result in season.results.results:
            yield from (winner.race_class for winner in result.winners)
        yield from (champion.race_class for champion in season.results.champions if champion.race_class)
        yield from (team.race_class for team in season.results.invitations if team.race_class)
        for item in season.news.news:
            yield from item.classes


def _named_event_classes(event: Event) -> Iterator[str]:
    yield from event.classes
    for session in event.sessions:
        yield from session.classes


def _named_circuits(files: SeriesFiles) -> Iterator[str]:
    for event in (event for season in files.seasons for event in season.season.events):
        yield from (event.circuit,) if event.circuit else ()
        for change in event.changes:
            if change.what is What.PLACE_CHANGED:
                yield from (place for place in (change.before, change.after) if isinstance(place, str))

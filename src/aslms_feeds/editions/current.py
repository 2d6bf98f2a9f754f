"""Which season is the current one: for what is published, and for what upstreams are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.definitions import inherited
from aslms_feeds.definitions.times import find_event_span, find_session_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.times import Span


def find_current_season(files: SeriesFiles, now: datetime) -> SeasonFiles | None:
    """Return the first season that is public and not over, else the last; forerunners are never current."""
    seasons = [
        season
        for season in files.seasons
        if season.season.kind == "championship" and (season.season.embargo is None or season.season.embargo <= now)
    ]
    running = (season for season in seasons if not is_season_over(season, season_spans(files, season), now))
    return next(running, seasons[-1] if seasons else None)


def is_season_over(season: SeasonFiles, spans: Iterable[Span], now: datetime) -> bool:
    """Say whether a season has ended: all its days are over, at their circuits. A forerunner always has."""
    ends = [span.has_ended(now) for span in spans]
    return season.season.kind == "forerunner" or (bool(ends) and all(ends))


def season_spans(files: SeriesFiles, season: SeasonFiles) -> Iterator[Span]:
    """Yield when the events and sessions of a season are that have a day."""
    for event in season.season.events:
        circuit = inherited.circuit_of(event, files.circuits)
        timezone = circuit.timezone if circuit else "UTC"
        spans = [find_event_span(event, timezone)]
        spans += [
            find_session_span(session, event, timezone, files.publisher.calendars.assumed_minutes)
            for session in event.sessions
        ]
        yield from (span for span in spans if span)

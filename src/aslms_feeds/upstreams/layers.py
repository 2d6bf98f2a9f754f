"""The definitions as they are with what other people's definitions add: the folder's own files come first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.identity import digest
from aslms_feeds.upstreams.cache import UPSTREAMS, DamagedError, Holding
from aslms_feeds.upstreams.proposals import statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import Publisher, Upstream
    from aslms_feeds.definitions.reading import Definitions


@dataclass(frozen=True)
class Overlay:
    """The last good definitions of all upstreams, below the files of the calendars folder."""

    output: Path
    publisher: Publisher
    now: datetime
    known: Mapping[str, bytes]
    """The files of the calendars folder."""
    root: str
    """How problems name that folder."""

    def holding(self, upstream: str) -> Holding:
        """Return the folder of what is kept of an upstream."""
        return Holding(self.output / UPSTREAMS / upstream)

    def files(self, troubled: dict[str, str] | None = None, without: str = "") -> dict[str, bytes]:
        """Return the last good definitions of every upstream; of two that have one file, the first by id."""
        found: dict[str, bytes] = {}
        for upstream in sorted(self.publisher.upstreams, key=lambda one: one.id):
            if upstream.kind != "definitions" or upstream.id == without:
                continue
            try:
                files = self.holding(upstream.id).files(upstream.series)
            except DamagedError as error:
                if troubled is not None:
                    troubled[upstream.id] = f"{error}: it is asked for again"
                continue
            for path, text in files.items():
                found.setdefault(f"{upstream.series}/{path}", text.encode())
        return dict(sorted(found.items()))

    @property
    def world(self) -> Definitions:
        """Return all that is defined now."""
        return self._read({**self.files(), **self.known})

    def world_with(self, upstream: Upstream, files: Mapping[str, str]) -> Definitions:
        """Return what there would be with another set of files of an upstream."""
        own = {f"{upstream.series}/{path}": text.encode() for path, text in files.items()}
        return self._read({**self.files(without=upstream.id), **own, **self.known})

    def renamed(self, series: str, season: str) -> str:
        """Return what a season is called today."""
        if f"{series}/{season}/season.toml" in self.known or series not in self.world.series:
            return season
        seasons = self.world.series[series].seasons
        return next((one.id for one in seasons if season in (one.id, *one.season.formerly)), season)

    def season(self, upstream: Upstream) -> SeasonFiles | None:
        """Return the season that an upstream is about: the one it names, else the current one."""
        files = self.world.series.get(upstream.series)
        if files is None:
            return None
        if upstream.season is not None:
            wanted = upstream.season
            return next((one for one in files.seasons if wanted in (one.id, *one.season.formerly)), None)
        return _current(files, self.now)

    def _read(self, contents: Mapping[str, bytes]) -> Definitions:
        mark = digest(*(part for path, data in sorted(contents.items()) for part in (path, data)))
        if mark not in self._definitions:
            self._definitions[mark] = read_definitions(contents, self.root)
        return self._definitions[mark]

    @cached_property
    def _definitions(self) -> dict[str, Definitions]:
        return {}


def _current(files: SeriesFiles, now: datetime) -> SeasonFiles | None:
    """Return the first season that is public and not over, else the last, as `compose` does."""
    own = [one for one in files.seasons if one.season.kind == "championship"]
    own = [one for one in own if one.season.embargo is None or one.season.embargo <= now]
    running = [one for one in own if not _over(files, one, now)]
    return running[0] if running else own[-1] if own else None


def _over(files: SeriesFiles, season: SeasonFiles, now: datetime) -> bool:
    spans = [one.span for one in statements.collect_our_events(files, season) if one.span]
    return bool(spans) and all(span.over(now) for span in spans)

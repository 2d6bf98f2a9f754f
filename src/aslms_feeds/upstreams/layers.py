"""The definitions in two layers: the files of the calendars folder, and below them those that upstreams bring."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.editions.current import find_current_season
from aslms_feeds.identity import digest
from aslms_feeds.publication.workspace import Workspace
from aslms_feeds.upstreams.cache import DamagedError, UpstreamCache

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import Publisher, Upstream
    from aslms_feeds.definitions.reading import Definitions


@dataclass(frozen=True)
class DefinitionLayers:
    """The last good definitions of all upstreams, below the files of the calendars folder, which count more."""

    output: Path
    publisher: Publisher
    now: datetime
    local_files: Mapping[str, bytes]
    """The files of the calendars folder, by path below it."""
    root: str
    """How problems name that folder."""

    def open_cache(self, upstream_id: str) -> UpstreamCache:
        """Return the folder in which the data of an upstream are stored."""
        return UpstreamCache(Workspace(self.output).upstreams / upstream_id)

    def load_upstream_files(self, troubles: dict[str, str] | None = None, without: str = "") -> dict[str, bytes]:
        """Return the last good definitions of every upstream; of two that have one file, the first by id.

        What cannot be read is added to ``troubles``, by upstream; the upstream ``without`` is left out.
        """
        files: dict[str, bytes] = {}
        for upstream in sorted(self.publisher.upstreams, key=lambda upstream: upstream.id):
            if upstream.kind != "definitions" or upstream.id == without:
                continue
            try:
                texts = self.open_cache(upstream.id).load_files(upstream.series)
            except DamagedError as error:
                if troubles is not None:
                    troubles[upstream.id] = f"{error}: it is asked for again"
                continue
            for path, text in texts.items():
                files.setdefault(f"{upstream.series}/{path}", text.encode())
        return dict(sorted(files.items()))

    @property
    def definitions(self) -> Definitions:
        """Return all that is defined now."""
        return self._read({**self.load_upstream_files(), **self.local_files})

    def read_definitions_with(self, upstream: Upstream, texts: Mapping[str, str]) -> Definitions:
        """Return what would be defined with other files of an upstream."""
        files = {f"{upstream.series}/{path}": text.encode() for path, text in texts.items()}
        return self._read({**self.load_upstream_files(without=upstream.id), **files, **self.local_files})

    def find_season(self, upstream: Upstream) -> SeasonFiles | None:
        """Return the season that an upstream is about: the one it names, else the current one."""
        files = self.definitions.series.get(upstream.series)
        if files is None:
            return None
        if upstream.season is not None:
            return _find_season_called(files, upstream.season)
        return find_current_season(files, self.now)

    def find_season_id(self, series: str, season_id: str) -> str:
        """Return the id that a season has today, which may have been renamed."""
        files = self.definitions.series.get(series)
        if f"{series}/{season_id}/season.toml" in self.local_files or files is None:
            return season_id
        season = _find_season_called(files, season_id)
        return season.id if season else season_id

    def _read(self, contents: Mapping[str, bytes]) -> Definitions:
        key = digest(*(part for path, data in sorted(contents.items()) for part in (path, data)))
        if key not in self._definitions_by_digest:
            self._definitions_by_digest[key] = read_definitions(contents, self.root)
        return self._definitions_by_digest[key]

    @cached_property
    def _definitions_by_digest(self) -> dict[str, Definitions]:
        return {}


def _find_season_called(files: SeriesFiles, season_id: str) -> SeasonFiles | None:
    """Return the season that has an id now or had it formerly."""
    return next((season for season in files.seasons if season_id in (season.id, *season.season.formerly)), None)

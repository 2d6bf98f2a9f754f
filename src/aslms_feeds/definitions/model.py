"""The definitions held together: all files of a season and of a series, and the model of each file.

The attribute docstrings of the models are the reference: ``calendars/README.md`` and the JSON Schemas in
``calendars/schema/`` are made from them. Names of keys are the names in the files; lists carry the singular the file
writes (``[[event]]``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions.publisher import Publisher
from aslms_feeds.definitions.results import Entries, News, Results
from aslms_feeds.definitions.season import Season
from aslms_feeds.definitions.series import Circuit, Series
from aslms_feeds.definitions.values import find_first_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.definitions.values import Definition


@dataclass(frozen=True)
class SeasonFiles:
    """All that is defined about one season; ``id`` is its folder's name."""

    id: str
    season: Season
    entries: Entries = field(default_factory=Entries)
    results: Results = field(default_factory=Results)
    news: News = field(default_factory=News)

    @property
    def lasting_id(self) -> str:
        """The id its UIDs are made from: the first it ever had."""
        return find_first_id(self.id, self.season.formerly)


@dataclass(frozen=True)
class SeriesFiles:
    """All that is defined about one series, its seasons in order of time; ``id`` is its folder's name."""

    id: str
    publisher: Publisher
    series: Series
    circuits: Mapping[str, Circuit]
    seasons: tuple[SeasonFiles, ...]

    @property
    def lasting_id(self) -> str:
        """The id its UIDs are made from: the first it ever had."""
        return find_first_id(self.id, self.series.formerly)


FILES: dict[str, type[Definition]] = {
    "publisher": Publisher,
    "series": Series,
    "season": Season,
    "entries": Entries,
    "results": Results,
    "news": News,
}
"""The models by the file they are read from; circuits.toml is a table of :class:`Circuit`."""


def make_json_schema(model: type[Definition]) -> dict[str, Any]:
    """Return the JSON Schema of one file, as editors use it for completion."""
    return model.model_json_schema(by_alias=True)

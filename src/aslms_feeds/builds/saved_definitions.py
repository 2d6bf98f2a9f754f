"""What a generation was made from, in its private state: definitions, and the rollback that holds instead of them."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
from aslms_feeds.definitions.results import Entries, News, Results
from aslms_feeds.definitions.season import Season
from aslms_feeds.definitions.series import Circuit, Series
from aslms_feeds.definitions.values import Definition
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.records import OtherFormatError, RecordError, read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aslms_feeds.definitions.publisher import Publisher

DEFINITIONS_FILE = "definitions.json.gz"
"""The file of the private state that holds what a generation was made from."""
ROLLBACK_FILE = "held.json.gz"
"""The file of the private state that holds what is published instead of the definitions, until they change."""
FORMAT = 1

_Model = TypeVar("_Model", bound=Definition)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Rollback:
    """A rollback that holds."""

    back_to: int
    """The generation whose content is public again."""
    fingerprint: str
    """Of the definitions it holds against: it ends when they change."""
    files: SeriesFiles
    """What is published."""


def write_definitions(files: SeriesFiles) -> bytes:
    """Return the definitions of a series as a file, the same bytes for the same definitions."""
    return _pack(_dump_series(files))


def load_definitions(text: bytes, publisher: Publisher) -> SeriesFiles:
    """Return the definitions in a file, under the settings of today; raises PublicationError."""
    return _unpack(text, lambda data: _build_series(data, publisher))


def write_rollback(rollback: Rollback) -> bytes:
    """Return a rollback as a file."""
    fields = {"back_to": rollback.back_to, "fingerprint": rollback.fingerprint}
    return _pack({**fields, **_dump_series(rollback.files)})


def load_rollback(text: bytes, publisher: Publisher) -> Rollback:
    """Return the rollback in a file, under the settings of today; raises PublicationError."""

    def build(data: Mapping[str, Any]) -> Rollback:
        return Rollback(int(data["back_to"]), str(data["fingerprint"]), _build_series(data, publisher))

    return _unpack(text, build)


def _pack(fields: Mapping[str, Any]) -> bytes:
    return gzip.compress(write_record(FORMAT, fields, compact=True), 6, mtime=0)


def _unpack(text: bytes, build: Callable[[dict[str, Any]], _Value]) -> _Value:
    try:
        return read_record(gzip.decompress(text), FORMAT, build)
    except OtherFormatError as error:
        raise PublicationError(str(error), hint="use the version that wrote it, or newer") from error
    except (OSError, EOFError, zlib.error, RecordError) as error:
        message = f"the definitions of that generation cannot be read: {error}"
        raise PublicationError(message, hint="go back to another generation") from error


def _dump_series(files: SeriesFiles) -> dict[str, Any]:
    return {
        "id": files.id,
        "series": _dump(files.series),
        "circuits": {name: _dump(circuit) for name, circuit in files.circuits.items()},
        "seasons": [_dump_season(season) for season in files.seasons],
    }


def _dump_season(files: SeasonFiles) -> dict[str, Any]:
    return {
        "id": files.id,
        "season": _dump(files.season),
        "entries": _dump(files.entries),
        "results": _dump(files.results),
        "news": _dump(files.news),
    }


def _dump(definition: Definition) -> dict[str, Any]:
    return definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _build_series(data: Mapping[str, Any], publisher: Publisher) -> SeriesFiles:
    circuits = {name: _build(Circuit, circuit) for name, circuit in data["circuits"].items()}
    seasons = tuple(_build_season(season) for season in data["seasons"])
    return SeriesFiles(data["id"], publisher, _build(Series, data["series"]), circuits, seasons)


def _build_season(data: Mapping[str, Any]) -> SeasonFiles:
    return SeasonFiles(
        data["id"],
        _build(Season, data["season"]),
        _build(Entries, data["entries"]),
        _build(Results, data["results"]),
        _build(News, data["news"]),
    )


def _build(model: type[_Model], data: Mapping[str, Any]) -> _Model:
    return model.model_validate_json(json.dumps(data))

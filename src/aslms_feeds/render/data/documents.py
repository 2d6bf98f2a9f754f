"""The data documents of a series and its seasons: JSON, the same bytes for the same values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aslms_feeds.publication.manifest import JSON, Document
from aslms_feeds.render.data.changes import describe_changes
from aslms_feeds.render.data.season import describe_season
from aslms_feeds.render.data.series import describe_series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.language import Language


def render_series_data(edition: Edition, language: Language) -> Document:
    """Return the data of a series itself, in one language."""
    return _render(edition, language, ("series.json",), describe_series(edition, language))


def render_season_data(edition: Edition, season: SeasonEdition, language: Language) -> list[Document]:
    """Return the data of a season, in one language."""
    name = season.files.id
    return [
        _render(edition, language, (name, "season.json"), describe_season(edition, season, language)),
        _render(edition, language, (name, "changes.json"), describe_changes(edition, season, language)),
    ]


def _render(edition: Edition, language: Language, names: tuple[str, ...], content: Mapping[str, Any]) -> Document:
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    return Document(edition.addresses.path(language.tag, *names), JSON, text.encode() + b"\n")

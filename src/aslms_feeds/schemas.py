"""The JSON Schemas of the definition files, made from the models, as editors use them for completion."""

from __future__ import annotations

import json
from typing import Any

from aslms_feeds.model import FILES, Circuit, json_schema

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, bytes]:
    """Return every schema by its file name."""
    found = {f"{name}.json": _text(json_schema(model)) for name, model in FILES.items()}
    circuit = json_schema(Circuit)
    table = {
        "title": "Circuits",
        "description": "circuits.toml: the venues, a table for each, named by its id.",
        "type": "object",
        "propertyNames": {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        "additionalProperties": circuit,
    }
    return {**found, "circuits.json": _text(table)}


def _text(schema: dict[str, Any]) -> bytes:
    schema = {"$schema": _DRAFT, **_local_times(schema)}
    return json.dumps(schema, ensure_ascii=False, indent=1).encode() + b"\n"


def _local_times(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a schema in which times have no offset: TOML's local times, as editors know them."""
    match value:
        case dict():
            shaped = {key: _local_times(inner) for key, inner in value.items()}
            if shaped.get("format") == "date-time":
                shaped["format"] = "partial-date-time"
            return shaped
        case list():
            return [_local_times(inner) for inner in value]
        case _:
            return value

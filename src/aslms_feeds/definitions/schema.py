"""The models described: JSON Schemas for editors, and the reference of all keys for people.

JSON has no dates: a file is valid when it is with its days and times written as TOML writes them
(``2023-12-02``, ``2023-12-02T14:00:00``), which is what editors compare.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions.model import FILES, make_json_schema
from aslms_feeds.definitions.series import Circuit
from aslms_feeds.definitions.values import URL_LENGTH
from aslms_feeds.identity import ID_LENGTH, ID_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
BEGIN, END = "<!-- reference: begin -->\n", "<!-- reference: end -->\n"
"""What stands around the reference in ``calendars/README.md``."""


def make_schemas() -> dict[str, bytes]:
    """Return every schema by its file name."""
    files = {f"{name}.json": _write_schema(make_json_schema(model)) for name, model in FILES.items()}
    circuit = make_json_schema(Circuit)
    table = {
        "title": "Circuits",
        "description": "circuits.toml: the venues, a table for each, named by its id.",
        "type": "object",
        "propertyNames": {"pattern": ID_PATTERN, "maxLength": ID_LENGTH},
        "additionalProperties": circuit,
    }
    return {**files, "circuits.json": _write_schema(table)}


def _write_schema(schema: dict[str, Any]) -> bytes:
    schema = {"$schema": _DRAFT, **_use_local_times(schema)}
    return json.dumps(schema, ensure_ascii=False, indent=1).encode() + b"\n"


def _use_local_times(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a schema in which times have no offset: TOML's local times, as editors know them."""
    match value:
        case dict():
            shaped = {key: _use_local_times(inner) for key, inner in value.items()}
            if shaped.get("format") == "date-time":
                shaped["format"] = "partial-date-time"
            return shaped
        case list():
            return [_use_local_times(inner) for inner in value]
        case _:
            return value


def renew_reference(readme: str) -> str:
    """Return a text with the reference between its marks as it should be; a text without marks stays."""
    before, begin, after_begin = readme.partition(BEGIN)
    _old, end, after = after_begin.partition(END)
    return f"{before}{BEGIN}{write_reference()}{END}{after}" if begin and end else readme


def write_reference() -> str:
    """Return every key of every file, as Markdown."""
    files = {**{name: make_json_schema(model) for name, model in FILES.items()}, "circuits": make_json_schema(Circuit)}
    return "\n".join(line for name, schema in files.items() for line in _describe_file(name, schema))


def _describe_file(name: str, schema: dict[str, Any]) -> Iterator[str]:
    models: dict[str, Any] = schema.get("$defs", {})
    tables: dict[str, list[str]] = defaultdict(list)
    _collect_tables(schema, "[circuit-id]" if name == "circuits" else "", models, tables)
    yield f"\n### {name}.toml\n"
    yield _write_sentence(schema)
    for title, paths in tables.items():
        table = models.get(title, schema)
        if title != "":
            yield f"\n#### {', '.join(f'`{path}`' for path in paths)}\n"
            yield _write_sentence(table)
        elif name == "circuits":
            yield "\n#### `[circuit-id]`\n"
        yield "\n| key | value | what it says |\n| --- | --- | --- |"
        required = table.get("required", ())
        for key, value in table["properties"].items():
            must = " **required**" if key in required else ""
            yield f"| `{key}`{must} | {_describe_value(value, models)} | {_describe_key(value, models)} |"
    yield ""


def _write_sentence(schema: dict[str, Any]) -> str:
    return str(schema.get("description", "")).replace("\n", " ").replace("|", "\\|")


def _describe_key(value: dict[str, Any], models: dict[str, Any]) -> str:
    return _write_sentence(value) or _write_sentence(models.get(str(value.get("$ref", "")).rpartition("/")[2], {}))


def _collect_tables(schema: dict[str, Any], path: str, models: dict[str, Any], tables: dict[str, list[str]]) -> None:
    """Note every table below one, by the name of its model, with the header it is written with."""
    title = schema["title"] if path and not path.startswith("[circuit") else ""
    tables[title].append(path)
    for key, value in schema["properties"].items():
        inner, many = _find_table(value, models)
        if inner is not None:
            name = f"{path.strip('[]')}.{key}".strip(".")
            _collect_tables(inner, f"[[{name}]]" if many else f"[{name}]", models, tables)


def _find_table(value: dict[str, Any], models: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    for option in value.get("anyOf", [value]):
        many = option.get("type") == "array"
        inner = models.get(str((option["items"] if many else option).get("$ref", "")).rpartition("/")[2])
        if inner is not None and "properties" in inner:
            return inner, many
    return None, False


def _describe_value(value: dict[str, Any], models: dict[str, Any]) -> str:
    """Return what a key takes, in words."""
    match value:
        case {"anyOf": several}:
            words = [_describe_value(option, models) for option in several if option.get("type") != "null"]
        case {"$ref": name}:
            words = [_describe_value(models[name.rpartition("/")[2]], models)]
        case {"enum": options}:
            words = [" · ".join(f"`{json.dumps(option)}`" for option in options)]
        case {"const": only}:
            words = [f"`{json.dumps(only)}`"]
        case {"type": "array", "items": inner}:
            many = _describe_value(inner, models)
            words = ["tables" if many == "a table" else f"a list: {many}"]
        case {"type": "string"}:
            words = [_describe_string(value)]
        case {"type": "integer" | "number" as kind}:
            words = ["a whole number" if kind == "integer" else "a number"]
            if bounds := _write_bounds(value):
                words = [f"{words[0]}, {bounds}"]
        case {"type": "boolean"}:
            words = ["`true` · `false`"]
        case {"type": "object", "additionalProperties": dict() as inner}:
            words = [f"a table of names and values: {_describe_value(inner, models)}"]
        case _:
            words = ["a table"]
    text = " or ".join(dict.fromkeys(words))
    default = value.get("default")
    return f"{text}; else `{json.dumps(default)}`" if default not in (None, [], {}, "") and text != "a table" else text


def _describe_string(value: dict[str, Any]) -> str:
    if value.get("format") in ("date", "date-time"):
        return "a day" if value["format"] == "date" else "a time"
    pattern = value.get("pattern", "")
    if pattern == ID_PATTERN:
        return "an id"
    if value.get("maxLength") == URL_LENGTH:
        return "an address"
    return f"text of up to {value['maxLength']:,} characters" if "maxLength" in value else "text"


def _write_bounds(value: dict[str, Any]) -> str:
    low, high = value.get("minimum", value.get("exclusiveMinimum")), value.get("maximum")
    if low is not None and high is not None:
        return f"{'more than ' if 'exclusiveMinimum' in value else ''}{low:g} to {high:g}"
    return ""

"""Where a key or a value stands in a TOML file; only asked for when something is wrong there."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, NamedTuple

import tree_sitter_toml
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from aslms_feeds.definitions.toml import Location

_Point = tuple[int, int]
"""Row and column as tree-sitter counts: from 0, columns in bytes."""


class _Place(NamedTuple):
    key: _Point
    value: _Point


class Positions:
    """The places of every key of one file; lines and columns count from 1, columns in characters."""

    def __init__(self, text: str) -> None:
        """Read ``text``; a file that is no TOML has the places of what could be read."""
        self._lines = text.encode().split(b"\n")
        self._places: dict[Location, _Place] = {(): _Place((0, 0), (0, 0))}
        self._counts: dict[Location, int] = {}
        root = Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node
        for node in root.named_children:
            self._note_top_level(node)

    def find(self, location: Location, *, key: bool = False) -> tuple[int, int]:
        """Return line and column of a value, or of its key; of what holds it when it is missing."""
        for end in range(len(location), -1, -1):
            if place := self._places.get(location[:end]):
                return self._count_from_one(place.key if key or end < len(location) else place.value)
        return 1, 1

    def find_values(self, places: set[tuple[int, int]]) -> dict[tuple[int, int], Location]:
        """Return which values stand at the given lines and columns."""
        rows = {line - 1 for line, _column in places}
        locations = {}
        for location, place in self._places.items():
            if place.value[0] in rows and (position := self._count_from_one(place.value)) in places:
                locations[position] = location
        return locations

    def _count_from_one(self, point: _Point) -> tuple[int, int]:
        row, column = point
        line = self._lines[row] if row < len(self._lines) else b""
        return row + 1, len(line[:column].decode(errors="replace")) + 1

    def _note_top_level(self, node: Node) -> None:
        match node.type:
            case "pair":
                self._note_pair(node, ())
            case "table" | "table_array_element":
                children = node.named_children
                if not children:
                    return
                parts = tuple(_list_keys(children[0]))
                location = self._find_newest(parts[:-1]) + parts[-1:]
                if node.type == "table_array_element":
                    self._note_place(location, node, node, keep=True)
                    location = (*location, self._counts.setdefault(location, 0))
                    self._counts[location[:-1]] = int(location[-1]) + 1
                else:
                    location = self._find_newest(parts)
                self._note_place(location, node, node)
                for pair in children[1:]:
                    if pair.type == "pair":
                        self._note_pair(pair, location)

    def _find_newest(self, parts: tuple[str, ...]) -> Location:
        """Return where a table header leads: into the newest element of every list on the way."""
        location: Location = ()
        for part in parts:
            location = (*location, part)
            if location in self._counts:
                location = (*location, self._counts[location] - 1)
        return location

    def _note_pair(self, node: Node, inside: Location) -> None:
        children = node.named_children
        if len(children) < 2:  # noqa: PLR2004 - a broken pair has no value
            return
        location: Location = (*inside, *_list_keys(children[0]))
        self._note_place(location, children[0], children[1])
        for end in range(len(inside) + 1, len(location)):
            self._note_place(location[:end], children[0], children[0], keep=True)
        self._note_value(children[1], location)

    def _note_value(self, node: Node, location: Location) -> None:
        if node.type == "array":
            for index, child in enumerate(child for child in node.named_children if child.type != "comment"):
                self._note_place((*location, index), child, child)
                self._note_value(child, (*location, index))
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._note_pair(child, location)

    def _note_place(self, location: Location, key: Node, value: Node, *, keep: bool = False) -> None:
        if not (keep and location in self._places):
            self._places[location] = _Place(_start_of(key), _start_of(value))


def _start_of(node: Node) -> _Point:
    row, column = node.start_point
    return row, column


def _list_keys(node: Node) -> Iterator[str]:
    text = (node.text or b"").decode(errors="replace")
    match node.type:
        case "dotted_key":
            for child in node.named_children:
                yield from _list_keys(child)
        case "quoted_key":
            yield _unquote(text)
        case _:
            yield text


def _unquote(text: str) -> str:
    try:
        # TOML's escapes are not quite Python's or JSON's: \e and \x are none, \U has eight digits.
        return str(tomllib.loads(f"key = {text}")["key"])
    except ValueError:
        return text[1:-1]

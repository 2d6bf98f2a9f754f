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
            self._top(node)

    def find(self, location: Location, *, key: bool = False) -> tuple[int, int]:
        """Return line and column of a value, or of its key; of what holds it when it is missing."""
        for end in range(len(location), -1, -1):
            if place := self._places.get(location[:end]):
                return self._shown(place.key if key or end < len(location) else place.value)
        return 1, 1

    def find_values(self, places: set[tuple[int, int]]) -> dict[tuple[int, int], Location]:
        """Return which values stand at the given lines and columns."""
        rows = {line - 1 for line, _column in places}
        found = {}
        for location, place in self._places.items():
            if place.value[0] in rows and (shown := self._shown(place.value)) in places:
                found[shown] = location
        return found

    def _shown(self, point: _Point) -> tuple[int, int]:
        row, column = point
        line = self._lines[row] if row < len(self._lines) else b""
        return row + 1, len(line[:column].decode(errors="replace")) + 1

    def _top(self, node: Node) -> None:
        match node.type:
            case "pair":
                self._pair(node, ())
            case "table" | "table_array_element":
                children = node.named_children
                if not children:
                    return
                parts = tuple(_keys(children[0]))
                here = self._inside(parts[:-1]) + parts[-1:]
                if node.type == "table_array_element":
                    self._note(here, node, node, keep=True)
                    here = (*here, self._counts.setdefault(here, 0))
                    self._counts[here[:-1]] = int(here[-1]) + 1
                else:
                    here = self._inside(parts)
                self._note(here, node, node)
                for pair in children[1:]:
                    if pair.type == "pair":
                        self._pair(pair, here)

    def _inside(self, parts: tuple[str, ...]) -> Location:
        """Return where a table header leads: into the newest element of every list on the way."""
        here: Location = ()
        for part in parts:
            here = (*here, part)
            if here in self._counts:
                here = (*here, self._counts[here] - 1)
        return here

    def _pair(self, node: Node, inside: Location) -> None:
        children = node.named_children
        if len(children) < 2:  # noqa: PLR2004 - a broken pair has no value
            return
        here: Location = (*inside, *_keys(children[0]))
        self._note(here, children[0], children[1])
        for end in range(len(inside) + 1, len(here)):
            self._note(here[:end], children[0], children[0], keep=True)
        self._value(children[1], here)

    def _value(self, node: Node, here: Location) -> None:
        if node.type == "array":
            for index, child in enumerate(child for child in node.named_children if child.type != "comment"):
                self._note((*here, index), child, child)
                self._value(child, (*here, index))
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(child, here)

    def _note(self, here: Location, key: Node, value: Node, *, keep: bool = False) -> None:
        if not (keep and here in self._places):
            self._places[here] = _Place(_point(key), _point(value))


def _point(node: Node) -> _Point:
    row, column = node.start_point
    return row, column


def _keys(node: Node) -> Iterator[str]:
    text = (node.text or b"").decode(errors="replace")
    match node.type:
        case "dotted_key":
            for child in node.named_children:
                yield from _keys(child)
        case "quoted_key":
            yield _unquoted(text)
        case _:
            yield text


def _unquoted(text: str) -> str:
    try:
        # TOML's escapes are not quite Python's or JSON's: \e and \x are none, \U has eight digits.
        return str(tomllib.loads(f"key = {text}")["key"])
    except ValueError:
        return text[1:-1]

"""Where a key or a value stands in a TOML file; only asked for when something is wrong there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

import tree_sitter_toml
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

Location = tuple[str | int, ...]
"""Keys and list positions, from the top of the file: ``("event", 0, "session", 1, "start")``."""


class Place(NamedTuple):
    """Where a key and its value stand; lines and columns count from 1, columns in characters."""

    key: tuple[int, int]
    value: tuple[int, int]


class Positions:
    """The places of every key of one file."""

    def __init__(self, text: str) -> None:
        """Read ``text``; a file that is no TOML has the places of what could be read."""
        self._lines = text.split("\n")
        self._places: dict[Location, Place] = {(): Place((1, 1), (1, 1))}
        self._counts: dict[Location, int] = {}
        root = Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node
        for node in root.named_children:
            self._top(node)

    def of(self, location: Location, *, key: bool = False) -> tuple[int, int]:
        """Return line and column of a value, or of its key; of what holds it when it is missing."""
        for end in range(len(location), -1, -1):
            if place := self._places.get(location[:end]):
                return place.key if key or end < len(location) else place.value
        return 1, 1

    def _top(self, node: Node) -> None:
        match node.type:
            case "pair":
                self._pair(node, ())
            case "table" | "table_array_element":
                key = node.named_children[0]
                parts = tuple(_keys(key))
                here = self._inside(parts[:-1]) + parts[-1:]
                if node.type == "table_array_element":
                    self._note(here, node, node, keep=True)
                    here = (*here, self._counts.setdefault(here, 0))
                    self._counts[here[:-1]] = int(here[-1]) + 1
                else:
                    here = self._inside(parts)
                self._note(here, node, node)
                for pair in node.named_children[1:]:
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
            self._places[here] = Place(self._place(key), self._place(value))

    def _place(self, node: Node) -> tuple[int, int]:
        row, column = node.start_point
        # tree-sitter counts columns in bytes.
        return row + 1, len(self._lines[row].encode()[:column].decode(errors="replace")) + 1


def _keys(node: Node) -> Iterator[str]:
    text = (node.text or b"").decode()
    match node.type:
        case "dotted_key":
            for child in node.named_children:
                yield from _keys(child)
        case "quoted_key":
            yield _unquoted(text)
        case _:
            yield text


def _unquoted(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1]
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text[1:-1]

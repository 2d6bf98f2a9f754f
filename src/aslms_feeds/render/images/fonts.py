"""The letters of the share images: which font has which character, how wide a text is, and where its lines break.

The fonts lie in ``typefaces/``, whose README says how they were made, and with them the data file that says how wide
they draw. No font of the machine is ever used, so that every machine draws the same picture.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDER = Path(__file__).with_name("typefaces")
WIDTHS = FOLDER / "widths.json"
"""The digest of each font and the width of each of its characters; it is made when the fonts are."""
MISSING = "□"
"""What stands for a letter or digit that no font here has."""

_FONTS = {
    "Feeds Sans": "feeds-sans-bold.ttf",
    "Feeds Sans Japanese": "feeds-sans-japanese-bold.otf",
    "Feeds Sans Chinese": "feeds-sans-chinese-bold.otf",
    "Feeds Sans Korean": "feeds-sans-korean-bold.otf",
}
FAMILIES = tuple(_FONTS)
_FAMILY_OF = {"ja": "Feeds Sans Japanese", "zh": "Feeds Sans Chinese", "ko": "Feeds Sans Korean"}
"""The font with the forms of characters that readers of a language know; the same code may look otherwise in others."""
_UNITS = 1000
_JOINERS = "\u200c\u200d"
_RIGHT_TO_LEFT = ("R", "AL")
_FROM_RIGHT, _END = "\u2067", "\u2069"
_OPENING, _CLOSING = (
    "([{「『（《〈【〔“‘",
    "、。，．・：；？！ー～)]}」』）》〉】〕”’ぁぃぅぇぉっゃゅょァィゥェォッャュョ々,.:;!?%…–",
)


@dataclass(frozen=True)
class Typeface:
    """One font: its family, its digest, and how wide it draws each character it has."""

    family: str
    sha256: str
    widths: Mapping[str, int]
    """In thousandths of the size; kerning and joined letters only make a text narrower."""


@cache
def load_typeface(family: str) -> Typeface:
    """Return a font of ours by its family."""
    row = _load_widths()[_FONTS[family]]
    widths = {character: int(width) for width, characters in row["widths"].items() for character in characters}
    return Typeface(family, row["sha256"], widths)


@cache
def _load_widths() -> Mapping[str, Any]:
    """Return what the data file says of each font, by the font's file name."""
    widths: Mapping[str, Any] = json.loads(WIDTHS.read_bytes())
    return widths


@cache
def _measure_character(character: str, tag: str) -> int | None:
    """Return how wide a character is at most in a language; None where no font has it."""
    order = list_families(tag)
    if tag.partition("-")[0] in _FAMILY_OF:
        # A line is drawn in the first font or in that of the language: it depends on its other characters.
        widths = [load_typeface(family).widths.get(character) for family in order[:2]]
        if likely := [width for width in widths if width is not None]:
            return max(likely)
    every_width = (load_typeface(family).widths.get(character) for family in order)
    return next((width for width in every_width if width is not None), None)


def list_font_files() -> list[str]:
    """Return the paths of all fonts, always in the same order."""
    return [str(FOLDER / file) for file in _FONTS.values()]


def list_families(tag: str) -> tuple[str, ...]:
    """Return the families to look in for a language, the best one first."""
    preferred = _FAMILY_OF.get(tag.partition("-")[0])
    return tuple(sorted(_FONTS, key=lambda family: (family != "Feeds Sans", family != preferred)))


@dataclass(frozen=True)
class Letters:
    """The fonts as one language uses them."""

    tag: str

    def clean(self, text: str) -> str:
        """Return a text on one line that can be drawn: no control characters, nothing that no font here has.

        A letter or digit that is missing leaves :data:`MISSING`, an emoji or a mark leaves nothing.
        """
        text = unicodedata.normalize("NFC", " ".join(text.split()))
        return " ".join("".join(map(self._replace_missing, text)).split())

    def _replace_missing(self, character: str) -> str:
        category = unicodedata.category(character)
        if category.startswith("C") and character not in _JOINERS:
            return ""
        if _measure_character(character, self.tag) is not None:
            return character
        return MISSING if category[0] in "LN" else ""

    def split_by_family(self, text: str) -> list[tuple[str, str]]:
        """Return a text as pieces, each after its family; it is one piece where a font has every character of it."""
        order = list_families(self.tag)
        for family in order:
            if all(character in load_typeface(family).widths for character in text):
                return [(family, text)]
        family_of = {
            character: next((family for family in order if character in load_typeface(family).widths), order[0])
            for character in set(text)
        }
        return [(family, "".join(piece)) for family, piece in groupby(text, key=family_of.__getitem__)]

    def measure(self, text: str, size: int) -> float:
        """Return how wide a text is at most, in pixels."""
        return sum(_measure_character(character, self.tag) or 0 for character in text) * size / _UNITS

    def keeps_words_whole(self, text: str, size: int, room: int) -> bool:
        """Return whether no word has to be taken apart."""
        return all(self.measure(piece.rstrip(), size) <= room for piece in _split_where_lines_may_break(text))

    def break_lines(self, text: str, size: int, room: int) -> list[str]:
        """Return a text in as few lines as have room, of like widths; a word without room is taken apart."""
        pieces = [
            (part, self.measure(part.rstrip(), size), self.measure(part, size))
            for piece in _split_where_lines_may_break(text)
            for part in ([piece] if self.measure(piece.rstrip(), size) <= room else _split_into_characters(piece))
        ]
        lines = _fill_lines(pieces, room)
        widest = max(width for _piece, width, _spaced in pieces)
        for narrower in range(room - 20, max(room // 3, round(widest)), -20):
            narrower_lines = _fill_lines(pieces, narrower)
            if len(narrower_lines) > len(lines):
                break
            lines = narrower_lines
        return lines

    def cut(self, text: str, size: int, room: int) -> str:
        """Return a text that has room on one line, with an ellipsis where it was longer."""
        if self.measure(text, size) <= room:
            return text
        characters = _split_into_characters(text)
        while characters and self.measure("".join(characters).rstrip() + "…", size) > room:
            characters.pop()
        return "".join(characters).rstrip() + "…"


def _fill_lines(pieces: Iterable[tuple[str, float, float]], room: float) -> list[str]:
    """Return lines of pieces, each with its width and its width with the space after it."""
    lines, length = [""], 0.0
    for piece, width, spaced in pieces:
        if lines[-1] and length + width > room:
            lines.append("")
            length = 0.0
        lines[-1] += piece
        length += spaced
    return [line.strip() for line in lines]


def _split_where_lines_may_break(text: str) -> list[str]:
    """Return a text cut where a line may break: after spaces and hyphens, between Chinese and Japanese characters."""
    pieces = [""]
    for before, after in zip(" " + text, text, strict=False):
        if pieces[-1] and _may_break(before, after):
            pieces.append("")
        pieces[-1] += after
    return pieces


def _may_break(before: str, after: str) -> bool:
    if after == " " or after in _CLOSING or before in _OPENING:
        return False
    if _is_katakana(before) and _is_katakana(after):
        return False
    return before in " -/・" or _is_ideographic(before) or _is_ideographic(after)


def _is_ideographic(character: str) -> bool:
    """Return whether lines may break beside a character; Korean breaks at its spaces."""
    return unicodedata.east_asian_width(character) == "W" and not "\uac00" <= character <= "\ud7a3"


def _is_katakana(character: str) -> bool:
    return "\u30a1" <= character <= "\u30ff" and character != "・"


def _split_into_characters(text: str) -> list[str]:
    """Return the characters of a text, marks with the letter they stand on."""
    characters: list[str] = []
    for code in text:
        if characters and (unicodedata.category(code).startswith("M") or code in _JOINERS or _joins(characters[-1])):
            characters[-1] += code
        else:
            characters.append(code)
    return characters


def _joins(character: str) -> bool:
    return character[-1] in _JOINERS


def add_direction(text: str, direction: str) -> str:
    """Return a line that runs from right to left inside the controls that say so (UAX 9: RLI and PDI).

    The renderer takes every line for one from left to right. It is from right to left when its first letter is, or
    when any letter is and ``direction``, that of the language, is ``rtl``.
    """
    kinds = map(unicodedata.bidirectional, text)
    from_right = [kind in _RIGHT_TO_LEFT for kind in kinds if kind in ("L", *_RIGHT_TO_LEFT)]
    return f"{_FROM_RIGHT}{text}{_END}" if any(from_right[: None if direction == "rtl" else 1]) else text

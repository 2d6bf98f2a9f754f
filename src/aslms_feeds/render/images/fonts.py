"""The letters of the share images: which font has which character, how wide a text is, and where its lines break.

The fonts lie in ``typefaces/``, whose README says how they were made. No font of the machine is ever used, so that
every machine draws the same picture.
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FOLDER = Path(__file__).with_name("typefaces")
MISSING = "□"
"""What stands for a letter or digit that no font here has."""

_FONTS = {
    "Feeds Sans": "feeds-sans-bold.ttf",
    "Feeds Sans Japanese": "feeds-sans-japanese-bold.otf",
    "Feeds Sans Chinese": "feeds-sans-chinese-bold.otf",
    "Feeds Sans Korean": "feeds-sans-korean-bold.otf",
}
FAMILIES = tuple(_FONTS)
_OWN = {"ja": "Feeds Sans Japanese", "zh": "Feeds Sans Chinese", "ko": "Feeds Sans Korean"}
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
def typeface(family: str) -> Typeface:
    """Return a font of ours by its family."""
    data = (FOLDER / _FONTS[family]).read_bytes()
    return Typeface(family, hashlib.sha256(data).hexdigest(), _widths(data))


@cache
def _advance(character: str, tag: str) -> int | None:
    """Return how wide a character is at most in a language; None where no font has it."""
    first, *others = families(tag)
    if tag.partition("-")[0] in _OWN:
        found = [typeface(one).widths.get(character) for one in (first, others.pop(0))]
        if known := [width for width in found if width is not None]:
            return max(known)
    widths = (typeface(one).widths.get(character) for one in (first, *others))
    return next((width for width in widths if width is not None), None)


def font_files() -> list[str]:
    """Return the paths of all fonts, always in the same order."""
    return [str(FOLDER / file) for file in _FONTS.values()]


def families(tag: str) -> tuple[str, ...]:
    """Return the families to look in for a language, the best one first."""
    own = _OWN.get(tag.partition("-")[0])
    return tuple(sorted(_FONTS, key=lambda family: (family != "Feeds Sans", family != own)))


def _widths(data: bytes) -> dict[str, int]:
    """Return the advance of each character (OpenType 1.9: hmtx, and cmap format 4, which all our fonts have)."""
    count = struct.unpack_from(">H", data, 4)[0]
    rows = (struct.unpack_from(">4s4xL", data, 12 + 16 * row) for row in range(count))
    tables = dict(rows)
    measured = struct.unpack_from(">H", data, tables[b"hhea"] + 34)[0]
    advances = struct.unpack_from(">" + "Hh" * measured, data, tables[b"hmtx"])[::2]
    return {chr(code): advances[min(glyph, measured - 1)] for code, glyph in _glyphs(data, tables[b"cmap"]) if glyph}


def _glyphs(data: bytes, cmap: int) -> Iterator[tuple[int, int]]:
    """Yield the glyph of each code point."""
    subtable = cmap + struct.unpack_from(">L", data, cmap + 8)[0]
    half = struct.unpack_from(">H", data, subtable + 6)[0]
    segments = half // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{segments}H", data, subtable + at) for at in (14, *(16 + half * n for n in (1, 2, 3)))
    )
    for segment, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        base = subtable + 16 + 3 * half + 2 * segment + offset
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = struct.unpack_from(">H", data, base + 2 * (code - first))[0] if offset else code
            yield code, (glyph + delta) & 0xFFFF if glyph else 0


@dataclass(frozen=True)
class Letters:
    """The fonts as one language uses them."""

    tag: str

    def cleaned(self, text: str) -> str:
        """Return a text on one line that can be drawn: no control characters, nothing that no font here has.

        A letter or digit that is missing leaves :data:`MISSING`, an emoji or a mark leaves nothing.
        """
        text = unicodedata.normalize("NFC", " ".join(text.split()))
        return " ".join("".join(map(self._drawn, text)).split())

    def _drawn(self, character: str) -> str:
        category = unicodedata.category(character)
        if category.startswith("C") and character not in _JOINERS:
            return ""
        if _advance(character, self.tag) is not None:
            return character
        return MISSING if category[0] in "LN" else ""

    def runs(self, text: str) -> list[tuple[str, str]]:
        """Return a text as pieces, each with its family: one, where a font has every character of it."""
        order = families(self.tag)
        for family in order:
            if all(character in typeface(family).widths for character in text):
                return [(family, text)]
        has = {one: next((f for f in order if one in typeface(f).widths), order[0]) for one in set(text)}
        return [(family, "".join(piece)) for family, piece in groupby(text, key=has.__getitem__)]

    def width(self, text: str, size: int) -> float:
        """Return how wide a text is at most, in pixels."""
        return sum(_advance(one, self.tag) or 0 for one in text) * size / _UNITS

    def whole(self, text: str, size: int, room: int) -> bool:
        """Return whether no word has to be taken apart."""
        return all(self.width(piece.rstrip(), size) <= room for piece in _pieces(text))

    def lines(self, text: str, size: int, room: int) -> list[str]:
        """Return a text in as few lines as have room, of like widths; a word without room is taken apart."""
        pieces = [
            (one, self.width(one.rstrip(), size), self.width(one, size))
            for piece in _pieces(text)
            for one in ([piece] if self.width(piece.rstrip(), size) <= room else _characters(piece))
        ]
        fitting = _filled(pieces, room)
        widest = max(width for _piece, width, _spaced in pieces)
        for narrower in range(room - 20, max(room // 3, round(widest)), -20):
            again = _filled(pieces, narrower)
            if len(again) > len(fitting):
                break
            fitting = again
        return fitting

    def cut(self, text: str, size: int, room: int) -> str:
        """Return a text that has room on one line, with an ellipsis where it was longer."""
        if self.width(text, size) <= room:
            return text
        kept = _characters(text)
        while kept and self.width("".join(kept).rstrip() + "…", size) > room:
            kept.pop()
        return "".join(kept).rstrip() + "…"


def _filled(pieces: Iterable[tuple[str, float, float]], room: float) -> list[str]:
    """Return lines of pieces, each with its width and its width with the space after it."""
    lines, used = [""], 0.0
    for piece, width, spaced in pieces:
        if lines[-1] and used + width > room:
            lines.append("")
            used = 0.0
        lines[-1] += piece
        used += spaced
    return [line.strip() for line in lines]


def _pieces(text: str) -> list[str]:
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
    if _katakana(before) and _katakana(after):
        return False
    return before in " -/・" or _ideographic(before) or _ideographic(after)


def _ideographic(character: str) -> bool:
    """Return whether lines may break beside a character; Korean breaks at its spaces."""
    return unicodedata.east_asian_width(character) == "W" and not "\uac00" <= character <= "\ud7a3"


def _katakana(character: str) -> bool:
    return "\u30a1" <= character <= "\u30ff" and character != "・"


def _characters(text: str) -> list[str]:
    """Return the characters of a text, marks with the letter they stand on."""
    held: list[str] = []
    for one in text:
        if held and (unicodedata.category(one).startswith("M") or one in _JOINERS or held[-1][-1] in _JOINERS):
            held[-1] += one
        else:
            held.append(one)
    return held


def directed(text: str, direction: str) -> str:
    """Return a line that runs from right to left inside the controls that say so (UAX 9: RLI and PDI).

    The renderer takes every line for one from left to right. It is from right to left when its first letter is, or
    when any letter is and ``direction``, that of the language, is ``rtl``.
    """
    kinds = [kind for one in text if (kind := unicodedata.bidirectional(one)) in ("L", *_RIGHT_TO_LEFT)]
    from_right = [kind in _RIGHT_TO_LEFT for kind in kinds]
    return f"{_FROM_RIGHT}{text}{_END}" if any(from_right[: None if direction == "rtl" else 1]) else text

"""The drawing of a share image: what it says, as SVG, then as PNG by resvg, the same bytes on every machine.

Everything is flat and most of it upright: such a picture is small, and its deflation is most of the time it takes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import webcolors
from lxml.etree import Element, SubElement, tostring

from aslms_feeds.definitions.values import Status
from aslms_feeds.publication.manifest import PNG
from aslms_feeds.render.images.fonts import FAMILIES, Letters, add_direction, list_font_files, load_typeface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.language import Language

WIDTH, HEIGHT = 1200, 630
"""The size in pixels that every reader of Open Graph shows whole."""

_DRAWING = 1
"""Part of every address; it grows with any change of the drawing that the SVG text does not show."""
_EDGE, _ROOM, _SQUARE = 64, 850, 45
"""The margin, the width of texts and the side of the chequered flag's squares, in pixels."""
_FLAG = (0.10, 0.24, 0.44, 0.70, 1.0)
"""How strong the series' colour is in each column of the flag."""
_TITLES = ((104, 1), (92, 2), (78, 3), (64, 3), (54, 4), (44, 5))
"""The sizes of a title, and how many lines each may have."""
_DAYS = ((48, 1), (40, 1), (40, 2))
_PLACES = ((36, 1), (31, 1), (31, 2))
_NIGHT, _WHITE, _BLACK = (13, 16, 22), (255, 255, 255), (0, 0, 0)
_AMBER, _RED = (255, 196, 94), (255, 138, 122)
_STATUS_COLOURS = {Status.PROVISIONAL: _AMBER, Status.POSTPONED: _AMBER, Status.CANCELLED: _RED}

_LEAST_CONTRAST = 2
"""The least contrast of what is no text, such as the flag."""

_Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Poster:
    """What a share image says, in one language; texts may hold anything."""

    short: str
    """The short name of the series."""
    series: str
    """Its full name; empty where the title says it."""
    colour: str
    """Its colour, by its CSS name."""
    title: str
    days: str = ""
    place: str = ""
    status: Status = Status.CONFIRMED
    status_name: str = ""
    new_days: str = ""
    """When it is instead, where it is postponed and that is known."""

    @property
    def alt(self) -> str:
        """The same in words, for readers who do not see the image."""
        texts = (self.title, self.status_name, self.new_days or self.days, self.place, self.series)
        return " · ".join(" ".join(text.split()) for text in texts if text)


@dataclass(frozen=True)
class ShareImage:
    """A share image as the head of a page names it."""

    url: str
    alt: str
    """The same in words."""
    width: int = WIDTH
    height: int = HEIGHT
    media_type: str = PNG


@dataclass(frozen=True)
class Picture:
    """A share image in the making: where it will be, what it says, and how it looks."""

    folder: str
    """The path of its page's folder, with a slash at its end; empty for the page of the series."""
    url: str
    """The public address of that folder."""
    alt: str
    svg: str

    @cached_property
    def name(self) -> str:
        """The file name: it changes with everything the image shows, and with what draws it."""
        from resvg_py import __resvg_version__, __version__

        fonts = (load_typeface(family).sha256 for family in FAMILIES if f'font-family="{family}"' in self.svg)
        ingredients = "\0".join((str(_DRAWING), __version__, __resvg_version__, *fonts, self.svg))
        return f"share-{hashlib.sha256(ingredients.encode()).hexdigest()[:12]}.png"

    @property
    def path(self) -> str:
        """The path of its document."""
        return f"{self.folder}{self.name}"

    @property
    def link(self) -> ShareImage:
        """The image as the head of its page names it."""
        return ShareImage(f"{self.url}{self.name}", self.alt)


def make_picture(poster: Poster, addresses: Addresses, language: Language, *parts: str) -> Picture:
    """Return the share image of the page at ``parts`` in a language."""
    folder = addresses.path(language.tag, *parts, "")
    return Picture(folder, addresses.url(folder), poster.alt, draw_svg(poster, language))


def draw_png(svg: str) -> bytes:
    """Return an SVG as PNG, with our fonts and nothing else of this machine: some 40 ms of work."""
    from resvg_py import svg_to_bytes

    return svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=list_font_files(), font_family="Feeds Sans")


def draw_svg(poster: Poster, language: Language) -> str:
    """Return a share image as SVG, built from elements, so that no name can be more than text in it."""
    return _PosterDrawing(poster, language).draw()


class _PosterDrawing:
    """The drawing of one poster: from right to left for the languages that read so."""

    def __init__(self, poster: Poster, language: Language) -> None:
        self._poster = poster
        self._letters = Letters(language.tag)
        self._mirrored = language.direction == "rtl"
        self._accent, self._night = _make_colours(poster.colour)
        self._soft = _mix(_WHITE, self._night, 0.72)
        size = {"width": str(WIDTH), "height": str(HEIGHT), "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
        self._root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size})

    def draw(self) -> str:
        """Return the drawing as SVG."""
        self._draw_box(0, 0, WIDTH, HEIGHT, self._night)
        self._draw_flag()
        self._write_head()
        colour = _STATUS_COLOURS.get(self._poster.status)
        top = self._write_status(144, colour) if colour else 144
        bottom = self._write_details()
        self._write_title(top, bottom)
        return tostring(self._root, encoding="unicode")

    def _draw_flag(self) -> None:
        """Draw the chequered flag that fades into the night."""
        for column, strength in enumerate(_FLAG):
            x = WIDTH - _SQUARE * (len(_FLAG) - column)
            colour = _mix(self._accent, self._night, strength)
            for y in range(_SQUARE * (column % 2), HEIGHT, 2 * _SQUARE):
                self._draw_box(x, y, _SQUARE, _SQUARE, colour)

    def _write_head(self) -> None:
        """Write the short name on the series' colour, and the full name beside it."""
        short = self._letters.clean(self._poster.short)
        width = round(self._letters.measure(short, 34)) + 44
        self._draw_box(_EDGE, 52, width, 60, self._accent)
        self._write_line(short, _EDGE + 22, 94, 34, _choose_ink(self._accent))
        full = self._letters.cut(self._letters.clean(self._poster.series), 32, _ROOM - width - 24)
        self._write_line(full, _EDGE + width + 24, 94, 32, self._soft)

    def _write_status(self, top: int, colour: _Colour) -> int:
        """Write the status below ``top``; return where the room below it begins."""
        name = self._letters.clean(self._poster.status_name)
        width = round(self._letters.measure(name, 34)) + 44
        self._draw_box(_EDGE, top + 6, width, 56, colour)
        self._write_line(name, _EDGE + 22, top + 46, 34, _NIGHT)
        return top + 74

    def _write_details(self) -> int:
        """Write days and place from the bottom up; return where the room above them ends."""
        base = HEIGHT - 56
        size, lines = self._fit_lines(self._poster.place, _PLACES)
        for line in reversed(lines):
            self._write_line(line, _EDGE, base, size, self._soft)
            base -= 46
        base -= 8
        off = self._poster.status in (Status.CANCELLED, Status.POSTPONED)
        for days, colour, struck in (
            (self._poster.new_days, _AMBER, False),
            (self._poster.days, self._soft if off else _WHITE, off),
        ):
            size, lines = self._fit_lines(days, _DAYS)
            for line in reversed(lines):
                self._write_line(line, _EDGE, base, size, colour, struck=struck)
                base -= 60
        return base

    def _fit_lines(self, text: str, sizes: Sequence[tuple[int, int]]) -> tuple[int, list[str]]:
        """Return a text in the first size in which it has few enough lines, else cut in the last; no text, no line."""
        text = self._letters.clean(text)
        if not text:
            return sizes[0][0], []
        for size, most in sizes:
            lines = self._letters.break_lines(text, size, _ROOM)
            # A word that must be taken apart is better read whole in a smaller size.
            if len(lines) <= most and (size == sizes[-1][0] or self._letters.keeps_words_whole(text, size, _ROOM)):
                return size, lines
        for line in lines[: most - 1]:
            text = text[text.index(line) + len(line) :].lstrip()
        return size, [*lines[: most - 1], self._letters.cut(text, size, _ROOM)]

    def _write_title(self, top: int, bottom: int) -> None:
        """Write the title between ``top`` and ``bottom``, as large as it has room in few lines."""
        sizes = [(size, max(1, min(most, (bottom - top) // _measure_line_height(size)))) for size, most in _TITLES]
        size, lines = self._fit_lines(self._poster.title, sizes)
        height = _measure_line_height(size)
        first = top + (bottom - top - height * len(lines)) // 2 + round(size * 0.95)
        for row, line in enumerate(lines):
            self._write_line(line, _EDGE, first + row * height, size, _WHITE)

    def _draw_box(self, x: int, y: int, width: int, height: int, colour: _Colour) -> None:
        left = WIDTH - x - width if self._mirrored else x
        place = {"x": str(left), "y": str(y), "width": str(width), "height": str(height)}
        SubElement(self._root, "rect", place | {"fill": _format_colour(colour)})

    def _write_line(self, text: str, x: int, y: int, size: int, colour: _Colour, *, struck: bool = False) -> None:
        """Write one line that begins at ``x``, each piece in the font that has its characters."""
        attributes = {"x": str(WIDTH - x if self._mirrored else x), "y": str(y), "font-size": str(size)}
        attributes |= {"fill": _format_colour(colour), "font-weight": "700"}
        attributes |= {"text-anchor": "end"} if self._mirrored else {}
        attributes |= {"text-decoration": "line-through"} if struck else {}
        line = SubElement(self._root, "text", attributes)
        for family, piece in self._letters.split_by_family(add_direction(text, "rtl" if self._mirrored else "ltr")):
            _write_piece(line, family, piece)


def _write_piece(line: _Element, family: str, text: str) -> None:
    SubElement(line, "tspan", {"font-family": family}).text = text


def _measure_line_height(size: int) -> int:
    """Return how far apart the lines of a title are."""
    return round(size * 1.18)


def _make_colours(name: str) -> tuple[_Colour, _Colour]:
    """Return the series' colour, lightened until it is seen on the night, and the night with a trace of it."""
    rgb = webcolors.name_to_rgb(name)
    pure = (rgb.red, rgb.green, rgb.blue)
    night = _mix(pure, _NIGHT, 0.14)
    lighter_ones = (_mix(_WHITE, pure, step / 10) for step in range(11))
    accent = next(colour for colour in lighter_ones if _measure_contrast(colour, night) >= _LEAST_CONTRAST)
    return accent, night


def _mix(colour: _Colour, ground: _Colour, share: float) -> _Colour:
    """Return a colour over another one, of which it leaves less the greater its ``share`` is."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(colour, ground, strict=True))
    return red, green, blue


def _format_colour(colour: _Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _choose_ink(paper: _Colour) -> _Colour:
    """Return white or black, whichever is easier to read on a colour: one of them always has a contrast of 4.5."""
    return max((_WHITE, _BLACK), key=lambda ink: _measure_contrast(ink, paper))


def _measure_contrast(colour: _Colour, ground: _Colour) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    high, low = sorted((_measure_luminance(colour), _measure_luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _measure_luminance(colour: _Colour) -> float:
    red, green, blue = ((c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in colour)  # noqa: PLR2004 - 0.04045 of 255
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

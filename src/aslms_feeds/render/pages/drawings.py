"""The drawings: a season's timeline, the classes through the years and the QR code, as inline SVG that has a name.

Colours and fonts come from the stylesheet: a drawing has presentation attributes and CSS classes, never a style.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

import segno
from markupsafe import Markup

from aslms_feeds.definitions.shortening import shorten
from aslms_feeds.definitions.times import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aslms_feeds.definitions.values import Status
    from aslms_feeds.editions.language import Language

_MONTHS_SHOWN = 12
_LABEL_LENGTH = 42
_COLUMN, _ROW, _TOP, _GAP, _LETTER = 58, 26, 30, 3, 8
"""The grid of the classes, in pixels: a season's width, a class's height, the head, the gap of bars, a letter."""
_NAME_LENGTH = 20


@dataclass(frozen=True)
class Bar:
    """A race meeting on the timeline; positions are percentages of its width."""

    x: float
    width: float
    y: int
    text_x: float
    dx: int
    anchor: str
    label: str
    status: Status


@dataclass(frozen=True)
class Timeline:
    """The race meetings of a season over its months."""

    months: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...]
    height: int
    title: str


def lay_out_timeline(
    meetings: Sequence[tuple[str, Status, tuple[date, date]]], title: str, language: Language
) -> Timeline | None:
    """Lay meetings, each a name, a status and days, out over their months; nothing without two to compare."""
    if len(meetings) < 2:  # noqa: PLR2004 - one meeting has nothing to be compared with
        return None
    first = min(days[0] for _name, _status, days in meetings).replace(day=1)
    end = _find_next_month(max(days[1] for _name, _status, days in meetings))
    whole = (end - first).days
    mirrored = language.direction == "rtl"

    def across(day: date) -> float:
        return 100 * (day - first).days / whole

    bars = []
    for row, (name, status, (start, last)) in enumerate(sorted(meetings, key=lambda meeting: meeting[2])):
        x, width = across(start), max(across(last + ONE_DAY) - across(start), 1.0)
        after = x + width / 2 < 50  # noqa: PLR2004 - the label goes where there is more room
        text_x = x + width if after else x
        bars.append(
            Bar(
                x=round(100 - x - width if mirrored else x, 2),
                width=round(width, 2),
                y=30 + row * 26,
                text_x=round(100 - text_x if mirrored else text_x, 2),
                dx=8 if after != mirrored else -8,
                anchor="start" if after != mirrored else "end",
                label=shorten(name, _LABEL_LENGTH),
                status=status,
            )
        )
    months = list(_months(first, end))
    step = -(-len(months) // _MONTHS_SHOWN)
    labels = tuple(
        (round(100 - across(month) if mirrored else across(month), 2), language.month(month))
        for month in months[::step]
    )
    return Timeline(labels, tuple(bars), 30 + len(bars) * 26, title)


def _months(first: date, end: date) -> Iterator[date]:
    while first < end:
        yield first
        first = _find_next_month(first)


def _find_next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


@dataclass(frozen=True)
class ClassRun:
    """Seasons one after the other in which there was a class; positions are pixels."""

    race_class: str
    x: int
    y: int
    width: int


@dataclass(frozen=True)
class DrawnText:
    """A text in the drawing."""

    x: int
    y: int
    text: str


@dataclass(frozen=True)
class ClassYears:
    """The classes of every season, as bars."""

    width: int
    height: int
    seasons: tuple[DrawnText, ...]
    names: tuple[DrawnText, ...]
    runs: tuple[ClassRun, ...]
    links: tuple[str, ...]
    """Paths from a class to the one that continues it."""


def draw_class_years(
    seasons: Sequence[str], classes: Sequence[tuple[str, str, Sequence[bool], Sequence[str]]], language: Language
) -> ClassYears | None:
    """Draw the seasons of classes, each an id, a name, whether each season has it, and the classes it continues."""
    if len(seasons) < 2 or not classes:  # noqa: PLR2004 - one season has no years to be drawn over
        return None
    mirrored = language.direction == "rtl"
    side = _LETTER * min(_NAME_LENGTH, max(len(name) for _id, name, _presence, _continued in classes)) + _LETTER
    width = side + _COLUMN * len(seasons)

    def across(x: int, wide: int = 0) -> int:
        return width - x - wide if mirrored else x

    runs, names, links = [], [], []
    rows = {race_class: (row, presence) for row, (race_class, _name, presence, _continued) in enumerate(classes)}
    for row, (race_class, name, presence, continued) in enumerate(classes):
        y = _TOP + row * _ROW
        names.append(DrawnText(across(0), y + 13, shorten(name, _NAME_LENGTH)))
        for start, count in _find_runs(presence):
            wide = count * _COLUMN - 2 * _GAP
            runs.append(ClassRun(race_class, across(side + start * _COLUMN + _GAP, wide), y, wide))
        for old_row, old_presence in (rows[old] for old in continued if old in rows):
            if ends := _find_link(old_presence, presence):
                end, begin = (side + column * _COLUMN for column in ends)
                points = [across(x) for x in (end - _GAP, (end + begin) // 2, begin + _GAP)]
                top, bottom = _TOP + old_row * _ROW + 8, y + 8
                links.append(f"M{points[0]} {top}H{points[1]}V{bottom}H{points[2]}")
    heads = tuple(
        DrawnText(across(side + (2 * column + 1) * _COLUMN // 2), 14, name) for column, name in enumerate(seasons)
    )
    return ClassYears(width, _TOP + len(classes) * _ROW, heads, tuple(names), tuple(runs), tuple(links))


def _find_runs(presence: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield the first column and the length of each unbroken run of seasons in which there was a class."""
    for is_present, group in groupby(range(len(presence)), key=lambda column: presence[column]):
        if is_present:
            columns = list(group)
            yield columns[0], len(columns)


def _find_link(before: Sequence[bool], after: Sequence[bool]) -> tuple[int, int] | None:
    """Return where a class ends and the one that continues it begins; nothing when both began together."""
    begins = after.index(True)
    ends = [column + 1 for column, is_present in enumerate(before) if is_present and column < begins]
    return (ends[-1], begins) if ends else None


def draw_qr_code(url: str, title: str) -> Markup:
    """Return a QR code as inline SVG; its colours are fixed, because dark on light is what cameras read."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=False,
        nl=False,
        omitsize=True,
        border=4,
        title=title,
        dark="#000",
        light="#fff",
        svgclass="qr",
        lineclass=None,
    )
    return Markup(out.getvalue().decode().replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 - segno escapes the title

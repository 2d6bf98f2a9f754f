"""Crontab lines are read as cron means them, and written as fields for a scheduler that counts weekdays otherwise.

A line is five fields, ``minute hour day-of-month month weekday``, or ``@daily`` and its like; times are UTC. Weekdays
are 0 to 7, where 0 and 7 are Sunday. Where neither day field begins with a star, either of them is enough: that is how
cron reads ``0 6 1 * mon`` (POSIX.1-2017, crontab, "either the day of month or the day of week").
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

SHORT = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""Lines in one word, and the five fields they stand for."""


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int
    words: tuple[str, ...] = ()
    """Names of its numbers, from the lowest on."""

    def parse(self, text: str) -> frozenset[int]:
        """Return the numbers a field of a line stands for."""
        return frozenset(number for item in text.split(",") for number in self._parse_item(item))

    def _parse_item(self, item: str) -> range:
        match = re.fullmatch(r"(?P<star>\*)|(?P<first>[^-/]+)(?:-(?P<last>[^-/]+))?", item.partition("/")[0])
        if match is None:
            raise ValueError(
                f"{self.name} {item!r} is neither a number, a range such as {self.lowest}-{self.highest}, nor *"
            )
        whole = match["star"] is not None
        first = self.lowest if whole else self._parse_number(match["first"])
        last = self.highest if whole else self._parse_number(match["last"] or match["first"])
        if last < first and match["last"] == "sun":
            last = 7
        if last < first:
            parts = _write_span(first, self.highest), _write_span(self.lowest, last)
            raise ValueError(f"{self.name} {item!r} goes backwards; write {','.join(parts)}")
        step = 1
        if "/" in item:
            if not whole and not match["last"]:
                better = f"{first}-{self.highest}/{item.partition('/')[2]}"
                raise ValueError(f"{self.name} {item!r} is a step without a range; write {better}")
            step = self._parse_step(item, last - first)
        return range(first, last + 1, step)

    def _parse_step(self, item: str, longest: int) -> int:
        text = item.partition("/")[2]
        if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= longest:
            raise ValueError(f"{self.name} {item!r} has the step {text!r}; allowed: 1 to {longest}")
        return int(text)

    def _parse_number(self, text: str) -> int:
        if text in self.words:
            return self.lowest + self.words.index(text)
        if re.fullmatch(r"[0-9]{1,4}", text) and self.lowest <= int(text) <= self.highest:
            return int(text)
        guess = f", did you mean {text[:3]!r}?" if text[:3] in self.words else ""
        names = f", or {self.words[0]} to {self.words[-1]}" if self.words else ""
        raise ValueError(f"unknown {self.name} {text!r}{guess}; allowed: {self.lowest} to {self.highest}{names}")


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


class Crontab(NamedTuple):
    """When a line fires, in UTC."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday, 6 is Saturday."""
    either: bool
    """Whether a day of the month or a weekday is enough; else it takes both."""

    @property
    def triggers(self) -> tuple[dict[str, str], ...]:
        """The keyword arguments of APScheduler's cron trigger; the line fires when any of them does.

        APScheduler counts weekdays from Monday = 0, whatever ``from_crontab`` is given.
        """
        time = {
            "month": _write_numbers(self.months, 1, 12),
            "hour": _write_numbers(self.hours, 0, 23),
            "minute": _write_numbers(self.minutes, 0, 59),
            "second": "0",
        }
        days = {"day": _write_numbers(self.days, 1, 31)}
        weekdays = {"day_of_week": _write_numbers(frozenset((day - 1) % 7 for day in self.weekdays), 0, 6)}
        if not self.either:
            return ({**time, **days, **weekdays},)
        return ({**time, **weekdays}, {**time, **days})[: 2 if _is_possible(self.days, self.months) else 1]


def parse_crontab(line: str) -> Crontab:
    """Return when a line fires; raises :class:`ValueError` with what is wrong in it."""
    text = line.strip().lower()
    if text.startswith("@"):
        if text not in SHORT:
            raise ValueError(f"unknown {line.strip()!r}; allowed: {', '.join(SHORT)}, or five fields")
        text = SHORT[text]
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"{line.strip()!r} has {len(fields)} field{'s' if len(fields) != 1 else ''}; wanted are five: "
            "minute, hour, day of the month, month, weekday (times in UTC, no command)"
        )
    minutes, hours, days, months, weekdays = (kind.parse(field) for kind, field in zip(_FIELDS, fields, strict=True))
    # As cron does it: a field that begins with a star, such as */2, restricts, and the other one too.
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    if not either and not _is_possible(days, months):
        raise ValueError(f"{line.strip()!r} never fires: none of these months has such a day")
    return Crontab(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either)


def _is_possible(days: frozenset[int], months: frozenset[int]) -> bool:
    return any(min(days) <= _LONGEST_MONTH[month - 1] for month in months)


def _write_span(first: int, last: int) -> str:
    return f"{first}-{last}" if last > first else str(first)


def _write_numbers(numbers: frozenset[int], lowest: int, highest: int) -> str:
    return "*" if len(numbers) > highest - lowest else ",".join(map(str, sorted(numbers)))

"""Values of header fields that a request may hold, read as RFC 9110 says; what is malformed never raises."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from aslms_feeds.serve.table import CODINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTITY_TAG = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def matches_tag(value: bytes, etag: bytes, *, weakly: bool) -> bool:
    """Say whether an If-Match or If-None-Match field names ``etag``, which is strong (RFC 9110 section 8.8.3.2).

    What is not an entity tag in it names nothing.
    """
    return value.strip(b" \t") in {etag, b"*"} or any(
        tag == etag and (weakly or not weak) for weak, tag in _ENTITY_TAG.findall(value)
    )


_CODING = re.compile(rb"([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")

_LEAST = 0.0001
"""The weight of ``identity`` where nobody gave it one: acceptable, after everything that was asked for."""


@lru_cache(maxsize=128)
def parse_accepted_codings(value: bytes) -> tuple[str, ...]:
    """Return the content codings an Accept-Encoding field accepts, the most wanted first (RFC 9110 section 12.5.3).

    >>> parse_accepted_codings(b"gzip, deflate, br;q=0.5")
    ('gzip', 'br', 'identity')
    """
    weights: dict[str, float] = {}
    for element in value.lower().split(b","):
        if coding_match := _CODING.fullmatch(element.strip(b" \t")):
            coding = "gzip" if coding_match[1] == b"x-gzip" else coding_match[1].decode()  # section 8.4.1.3
            weights[coding] = max(weights.get(coding, 0.0), float(coding_match[2] or 1))
    any_weight = weights.get("*")
    offered = {coding: weights.get(coding, any_weight or 0.0) for coding in CODINGS}
    offered["identity"] = weights.get("identity", _LEAST if any_weight is None else any_weight)
    return tuple(sorted((coding for coding in offered if offered[coding]), key=lambda coding: -offered[coding]))


_RANGE = re.compile(rb"bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*", re.IGNORECASE)


def parse_byte_range(value: bytes, size: int) -> tuple[int, int] | None:
    """Return start and stop of the one range a Range field asks for (RFC 9110 section 14.1.2); None: send the whole.

    Several ranges, another unit, and what is malformed are answered with the whole. A range that begins at or after the
    end, or is the last 0 bytes, is not satisfiable: its stop is not after its start.
    """
    range_match = _RANGE.fullmatch(value.strip(b" \t"))
    if not range_match or not size:
        return None
    first, last, suffix = range_match.groups()
    if suffix:
        return max(0, size - _parse_number(suffix)), size
    start, stop = _parse_number(first), _parse_number(last) + 1 if last else size
    return None if last and stop <= start else (start, min(stop, size))


_DIGITS = 18
"""As many fit in 64 bits."""


def _parse_number(digits: bytes) -> int:
    """Return a number; beyond any size they are all the same (and int() refuses to read very long ones)."""
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _DIGITS else 10**_DIGITS


_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

_MONTH = rb"(?P<month>" + b"|".join(_MONTHS) + rb")"

_TIME = rb"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-5][0-9]|60)"

_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"


_LONG_DAY = rb"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"

_DATES = (
    re.compile(_DAY + rb", (?P<day>[0-9]{2}) " + _MONTH + rb" (?P<year>[0-9]{4}) " + _TIME + rb" GMT"),
    re.compile(_LONG_DAY + rb", (?P<day>[0-9]{2})-" + _MONTH + rb"-(?P<year>[0-9]{2}) " + _TIME + rb" GMT"),
    re.compile(_DAY + rb" " + _MONTH + rb" (?P<day>[0-9]{2}| [0-9]) " + _TIME + rb" (?P<year>[0-9]{4})"),
)


def parse_http_date(value: bytes, *, now: datetime) -> int | None:
    """Return the seconds since 1970 of an HTTP-date in any of its three formats (RFC 9110 section 5.6.7), else None."""
    for form in _DATES:
        if date_match := form.fullmatch(value.strip(b" \t")):
            return _seconds_since_1970(date_match.groupdict(), now)
    return None


def _seconds_since_1970(groups: Mapping[str, bytes], now: datetime) -> int | None:
    day, hour, minute, second = (int(groups[name]) for name in ("day", "hour", "minute", "second"))
    year, month = int(groups["year"]), _MONTHS.index(groups["month"]) + 1
    try:
        if len(groups["year"]) == 2:  # noqa: PLR2004 - the obsolete RFC 850 format
            year = _full_year(year, now)
        return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) + second
    except ValueError:  # such as 31 February
        return None


def _full_year(year: int, now: datetime) -> int:
    """Return the year two digits stand for: what seems over 50 years ahead is in the past (RFC 9110 section 5.6.7)."""
    latest = (now + timedelta(days=50 * 365.25)).year
    return latest - (latest - year) % 100

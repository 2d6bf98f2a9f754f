"""Definitions as TOML: single values, the keys that say a session's times, and ids made of names.

Plain values come in, lines of a definition file come out, for whoever proposes changes to a season or begins one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import Clock, Span, check_clock, load_zone
from aslms_feeds.identity import ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

MAX_LENGTH = timedelta(hours=48)
"""How long a session may last that is written with hours or minutes."""
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_SUFFIX_LENGTH = 4
"""Characters of an id that are left for a number behind it."""
_COMMENT_LENGTH = 100


def write_text(text: str) -> str:
    """Return a text as a basic string of TOML."""
    return json.dumps(text, ensure_ascii=False)


def write_ids(ids: Sequence[str]) -> str:
    """Return ids as an array of TOML."""
    return json.dumps(ids)


def write_comment(text: str) -> str:
    """Return a text as it may stand behind the # of a comment: one line, printable and short."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_COMMENT_LENGTH]


def write_start(begin: datetime, timezone: str) -> list[str]:
    """Return the keys that say an instant by a zone's clock, also where an hour comes twice."""
    local_begin = _to_wall_time(begin, timezone)
    lines = [f"start = {local_begin.replace(fold=0).isoformat()}"]
    if check_clock(local_begin.replace(fold=0), timezone) is Clock.REPEATED:
        lines.append(f"fold = {local_begin.fold}")
    return lines


def write_minutes(begin: datetime, end: datetime | None) -> list[str]:
    """Return the key that says how long a session lasts; none where its end is unknown or no season could hold it."""
    if end is None or not _MINUTE <= end - begin <= MAX_LENGTH:
        return []
    return [f"minutes = {(end - begin) // _MINUTE}"]


def write_times(
    begin: datetime, end: datetime | None, timezone: str, *, span: Span | None, length_key: str
) -> list[str]:
    """Return the keys that say other times of a session that is defined already.

    ``span`` is when it is defined to be, ``length_key`` the key that says how long it lasts. A new end is written with
    the same key, and only where the definition states an end.
    """
    lines = write_start(begin, timezone)
    if not (span and span.end_known and isinstance(span.end, datetime) and isinstance(span.start, datetime)):
        return lines
    old_length = span.end - span.start
    length = end - begin if end and end > begin else old_length
    if length_key == "end":
        lines.append(f"end = {_to_wall_time(begin + length, timezone).replace(fold=0).isoformat()}")
    elif length != old_length and length_key == "hours" and length <= MAX_LENGTH:
        lines.append(f"hours = {length / _HOUR:g}")
    elif length != old_length and length_key == "minutes" and _MINUTE <= length <= MAX_LENGTH:
        lines.append(f"minutes = {length // _MINUTE}")
    return lines


def make_id(name: str) -> str:
    """Return a name as an id, empty where no character of it can be in one."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[: ID_LENGTH - _SUFFIX_LENGTH].strip("-")


def make_unused_id(name: str, used_ids: AbstractSet[str]) -> str:
    """Return an id that is not used yet, with a number behind it where the id itself is."""
    unused, number = name, 2
    while unused in used_ids:
        unused, number = f"{name}-{number}", number + 1
    return unused


def _to_wall_time(moment: datetime, timezone: str) -> datetime:
    return moment.astimezone(load_zone(timezone)).replace(tzinfo=None)

"""Calendars joined from public ones: each VEVENT keeps its bytes, and with them its UID and its stamps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import zone
from aslms_feeds.identity import parse_uid
from aslms_feeds.render.ics import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A content line that begins so is this property: what is folded begins with a space, and a text has no line of its own.
_START = re.compile(rb"\r\nDTSTART(?:;VALUE=DATE|;TZID=([^:\r]+))?:(\d{8})(?:T(\d{6}))?Z?\r\n")
_CHANGED = re.compile(rb"\r\nLAST-MODIFIED:(\d{8}T\d{6})Z\r\n")
_TZID = re.compile(rb"\r\nDT(?:START|END);TZID=([^:\r]+):")
_ZONE = re.compile(rb"BEGIN:VTIMEZONE\r\nTZID:([^\r]+)\r\n.*?END:VTIMEZONE\r\n", re.DOTALL)


@dataclass(frozen=True)
class Joined:
    """What one calendar takes from others."""

    zones: bytes
    """The VTIMEZONEs of its times, each once, by name."""
    vevents: Mapping[str, bytes]
    """By UID; in order of their starts."""
    newest: datetime
    """When the newest change of one of them was published."""


@dataclass(frozen=True)
class _Vevent:
    uid: str
    body: bytes
    start: datetime

    @property
    def season(self) -> str:
        """Its season and series."""
        _names, season, series = parse_uid(self.uid)
        return f"{season}.{series}"


def joined(calendars: Sequence[bytes], kilobytes: int) -> Joined:
    """Return what calendars hold together: whole seasons, the newest first, up to a size in kilobytes.

    Of two renderings of a zone that of the last calendar is taken; a day begins at midnight in UTC. Raises
    :class:`ValueError` when there is nothing in them.
    """
    every = (_vevent(uid, body) for text in calendars for uid, body in cut(text).items())
    held = sorted(_newest_seasons(list(every), kilobytes * 1000), key=lambda one: (one.start, one.uid))
    zones = {found[1]: found[0] for text in calendars for found in _ZONE.finditer(text)}
    wanted = {name for one in held for name in _TZID.findall(one.body)}
    return Joined(
        zones=b"".join(zones[name] for name in sorted(wanted)),
        vevents={one.uid: one.body for one in held},
        newest=max(_changed(one.body) for one in held),
    )


def _newest_seasons(every: Sequence[_Vevent], room: int) -> Iterable[_Vevent]:
    """Keep whole seasons as a series' own calendars do; Google is reported to stop at about a megabyte."""
    sizes: dict[str, int] = {}
    newest: dict[str, datetime] = {}
    for one in every:
        sizes[one.season] = sizes.get(one.season, 0) + len(one.body)
        newest[one.season] = max(newest.get(one.season, one.start), one.start)
    kept: set[str] = set()
    for season in sorted(sizes, key=lambda name: (newest[name], name), reverse=True):
        room -= sizes[season]
        if room < 0 and kept:
            break
        kept.add(season)
    return (one for one in every if one.season in kept)


def _vevent(uid: str, body: bytes) -> _Vevent:
    found = _START.search(body)
    if found is None:
        message = f"{uid} has no start"
        raise ValueError(message)
    name, day, clock = found.groups()
    start = datetime.combine(datetime.strptime(day.decode(), "%Y%m%d").date(), time(), UTC)  # noqa: DTZ007 - a day
    if clock:
        at = time(int(clock[:2]), int(clock[2:4]), int(clock[4:]))
        start = datetime.combine(start, at, zone(name.decode()) if name else UTC).astimezone(UTC)
    return _Vevent(uid, body, start)


def _changed(body: bytes) -> datetime:
    found = _CHANGED.search(body)
    if found is None:
        message = "an event has no LAST-MODIFIED"
        raise ValueError(message)
    return datetime.strptime(found[1].decode(), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)

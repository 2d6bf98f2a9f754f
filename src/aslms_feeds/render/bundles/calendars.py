"""Calendars joined from public ones: each VEVENT keeps its bytes, and with them its UID and its stamps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import load_zone
from aslms_feeds.identity import parse_uid
from aslms_feeds.render.calendar_files import choose_newest_seasons, split_vevents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A content line that begins so is this property: what is folded begins with a space, and a text has no line of its own.
_START = re.compile(rb"\r\nDTSTART(?:;VALUE=DATE|;TZID=([^:\r]+))?:(\d{8})(?:T(\d{6}))?Z?\r\n")
_CHANGED = re.compile(rb"\r\nLAST-MODIFIED:(\d{8}T\d{6})Z\r\n")
_TZID = re.compile(rb"\r\nDT(?:START|END);TZID=([^:\r]+):")
_VTIMEZONE = re.compile(rb"BEGIN:VTIMEZONE\r\nTZID:([^\r]+)\r\n.*?END:VTIMEZONE\r\n", re.DOTALL)


@dataclass(frozen=True)
class JoinedEvents:
    """What the calendar of a bundle takes from those of its series."""

    vtimezones: bytes
    """The VTIMEZONEs of its times, each once, by name."""
    vevents: Mapping[str, bytes]
    """By UID; in order of their starts."""
    newest: datetime
    """When the newest change of one of them was published."""


@dataclass(frozen=True)
class _PublicEvent:
    uid: str
    body: bytes
    start: datetime

    @property
    def season(self) -> str:
        """Its season and series."""
        _names, season, series = parse_uid(self.uid)
        return f"{season}.{series}"


def join_events(calendars: Sequence[bytes], kilobytes: int) -> JoinedEvents:
    """Return what calendars hold together: whole seasons, the newest first, up to a size in kilobytes.

    Of two renderings of a zone that of the last calendar is taken; a day begins at midnight in UTC. Raises
    :class:`ValueError` when there is nothing in them.
    """
    events = [_parse_vevent(uid, body) for text in calendars for uid, body in split_vevents(text).items()]
    seasons = choose_newest_seasons(((event.season, event.start, len(event.body)) for event in events), kilobytes)
    events = sorted((event for event in events if event.season in seasons), key=lambda event: (event.start, event.uid))
    vtimezones = {match[1]: match[0] for text in calendars for match in _VTIMEZONE.finditer(text)}
    zone_names = {name for event in events for name in _TZID.findall(event.body)}
    return JoinedEvents(
        vtimezones=b"".join(vtimezones[name] for name in sorted(zone_names)),
        vevents={event.uid: event.body for event in events},
        newest=max(_parse_changed(event.body) for event in events),
    )


def _parse_vevent(uid: str, body: bytes) -> _PublicEvent:
    match = _START.search(body)
    if match is None:
        message = f"{uid} has no start"
        raise ValueError(message)
    name, day, clock = match.groups()
    start = datetime.combine(datetime.strptime(day.decode(), "%Y%m%d").date(), time(), UTC)  # noqa: DTZ007 - a day
    if clock:
        at = time(int(clock[:2]), int(clock[2:4]), int(clock[4:]))
        start = datetime.combine(start, at, load_zone(name.decode()) if name else UTC).astimezone(UTC)
    return _PublicEvent(uid, body, start)


def _parse_changed(body: bytes) -> datetime:
    match = _CHANGED.search(body)
    if match is None:
        message = "an event has no LAST-MODIFIED"
        raise ValueError(message)
    return datetime.strptime(match[1].decode(), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)

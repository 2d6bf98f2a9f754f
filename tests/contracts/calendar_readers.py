"""Calendar programs we did not write, each made to say what it reads in a file: the same rows from all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

if TYPE_CHECKING:
    from collections.abc import Iterable

CLIENTS = Path(__file__).parents[1] / "clients"
_KHAL_CONFIG = """\
[calendars]
[[cup]]
path = {folder}/vdir
[sqlite]
path = {folder}/khal.db
[locale]
local_timezone = UTC
default_timezone = UTC
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
"""
_KHAL_FIELDS = ("uid", "title", "start-long-full", "end-long-full", "all-day", "location", "description", "status")


@dataclass(frozen=True)
class Read:
    """One event as a reader understands it; instants in UTC, the end of days exclusive."""

    uid: str
    summary: str
    start: datetime | date
    end: datetime | date
    location: str
    description: str
    status: str
    sequence: int | None
    """None: this reader does not tell."""


def with_icalendar(body: bytes) -> dict[str, Read]:
    """Return what icalendar reads, by UID."""
    return _by_uid(
        Read(
            uid=str(event["UID"]),
            summary=str(event["SUMMARY"]),
            start=_utc(event["DTSTART"].dt),
            end=_utc(event["DTEND"].dt),
            location=str(event.get("LOCATION", "")),
            description=str(event["DESCRIPTION"]),
            status=str(event["STATUS"]),
            sequence=int(event["SEQUENCE"]),
        )
        for event in Calendar.from_ical(body).walk("VEVENT")
    )


def with_ical(body: bytes) -> dict[str, Read]:
    """Return what ical reads, by UID."""
    return _by_uid(
        Read(
            uid=event.uid,
            summary=event.summary or "",
            start=_utc(event.dtstart),
            end=_utc(event.dtend),
            location=event.location or "",
            description=event.description or "",
            status=event.status.value if event.status else "",
            sequence=event.sequence,
        )
        for event in IcsCalendarStream.calendar_from_ics(body.decode()).events
    )


def with_ical_js(body: bytes, folder: Path) -> dict[str, Read]:
    """Return what ical.js reads, by UID; every zone it meets must be one it knows."""
    file = folder / "calendar.ics"
    file.write_bytes(body)
    run = subprocess.run(["node", CLIENTS / "ical.mjs", file], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    rows = json.loads(run.stdout)
    assert [row["uid"] for row in rows if not row["zoneKnown"] and "T" in row["start"]] == []
    return _by_uid(
        Read(
            uid=row["uid"],
            summary=row["summary"],
            start=_moment(row["start"]),
            end=_moment(row["end"]),
            location=row["location"] or "",
            description=row["description"],
            status=row["status"],
            sequence=row["sequence"],
        )
        for row in rows
    )


class Khal:
    """The command khal with a configuration, a folder of events and a database of its own."""

    def __init__(self, folder: Path) -> None:
        """Start with an empty calendar."""
        self.folder = folder
        self.vdir = folder / "vdir"
        self.vdir.mkdir(parents=True)
        (folder / "config").write_text(_KHAL_CONFIG.format(folder=folder))

    def _run(self, *arguments: str | Path) -> str:
        command = [Path(sys.executable).with_name("khal"), "-c", self.folder / "config", *arguments]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (0, ""), run.stderr
        return run.stdout

    def subscribe(self, body: bytes) -> None:
        """Do what a program that follows a calendar does: take over every event by its UID, drop what is gone."""
        file = self.folder / "calendar.ics"
        file.write_bytes(body)
        self._run("import", "--batch", "-a", "cup", file)
        there = set(with_icalendar(body))
        for path in self.vdir.iterdir():
            if not set(with_icalendar(path.read_bytes())) <= there:
                path.unlink()

    def events(self, first: str = "1999-01-01", days: int = 12_000) -> dict[str, Read]:
        """Return what khal lists, by UID; the SEQUENCE is that of the file it keeps."""
        fields = [part for name in _KHAL_FIELDS for part in ("--json", name)]
        lines = self._run("list", "--once", *fields, first, f"{days}d").splitlines()
        rows = [row for line in lines if line != "[]" for row in json.loads(line)]
        kept = {
            uid: one.sequence for path in self.vdir.iterdir() for uid, one in with_icalendar(path.read_bytes()).items()
        }
        return _by_uid(self._row(row, kept) for row in rows)

    @staticmethod
    def _row(row: dict[str, str], kept: dict[str, int | None]) -> Read:
        start, end = (datetime.fromisoformat(row[name]) for name in ("start-long-full", "end-long-full"))
        days = row["all-day"] == "True"
        return Read(
            uid=row["uid"],
            summary=row["title"],
            start=start.date() if days else start.replace(tzinfo=UTC),
            # khal shows the last day, not the day after it.
            end=date.fromordinal(end.date().toordinal() + 1) if days else end.replace(tzinfo=UTC),
            location=row["location"],
            description=row["description"],
            status=row["status"].strip(),
            sequence=kept[row["uid"]],
        )


def _by_uid(rows: Iterable[Read]) -> dict[str, Read]:
    found: dict[str, Read] = {}
    for row in rows:
        assert row.uid not in found, f"{row.uid} is read twice"
        found[row.uid] = row
    return found


def _utc(value: datetime | date | None) -> datetime | date:
    assert value is not None
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _moment(text: str) -> datetime | date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)

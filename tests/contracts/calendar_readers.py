"""Calendar programs we did not write, each made to say what it reads in a file: the same rows from all of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import traceback
import warnings
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


def _speak_into(said: Path, complained: Path) -> None:
    """Have this process write to files, whatever its output was before."""
    for number, path, name in ((1, said, "stdout"), (2, complained, "stderr")):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
        setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def _ended(end: SystemExit) -> int:
    """Return the exit status of a process that ends so, after it has said everything."""
    sys.stdout.flush()
    sys.stderr.flush()
    return end.code if isinstance(end.code, int) else int(end.code is not None)


class Khal:
    """The command khal with a configuration, a folder of events and a database of its own."""

    def __init__(self, folder: Path) -> None:
        """Start with an empty calendar."""
        self.folder = folder
        self.vdir = folder / "vdir"
        self.vdir.mkdir(parents=True)
        (folder / "config").write_text(_KHAL_CONFIG.format(folder=folder))

    def _run(self, *arguments: str | Path) -> str:
        """Run the command in a fork of this process, which has loaded it: to start takes longer than what it does."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from khal.cli import main_khal
        said, complained = self.folder / "stdout", self.folder / "stderr"
        if not (pid := os.fork()):
            sys.settrace(None)
            try:
                _speak_into(said, complained)
                warnings.simplefilter("ignore")
                main_khal(["-c", str(self.folder / "config"), *map(str, arguments)], prog_name="khal")
            except SystemExit as end:
                os._exit(_ended(end))
            except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
                traceback.print_exc()
                sys.stderr.flush()
            finally:
                os._exit(70)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert (status, complained.read_text()) == (0, ""), (status, complained.read_text())
        return said.read_text()

    def subscribe(self, body: bytes) -> None:
        """Do what a program that follows a calendar does: take over every event by its UID, drop what is gone."""
        file = self.folder / "calendar.ics"
        file.write_bytes(body)
        self._run("import", "--batch", "-a", "cup", file)
        there = _sequences(body)
        for path in self.vdir.iterdir():
            if not _sequences(path.read_bytes()).keys() <= there.keys():
                path.unlink()

    def events(self, first: str = "1999-01-01", days: int = 12_000) -> dict[str, Read]:
        """Return what khal lists, by UID; the SEQUENCE is that of the file it keeps."""
        fields = [part for name in _KHAL_FIELDS for part in ("--json", name)]
        lines = self._run("list", "--once", *fields, first, f"{days}d").splitlines()
        rows = [row for line in lines if line != "[]" for row in json.loads(line)]
        kept = {uid: number for path in self.vdir.iterdir() for uid, number in _sequences(path.read_bytes()).items()}
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


def _sequences(body: bytes) -> dict[str, int]:
    """Return the SEQUENCE of each event by its UID; every event has both."""
    found = {}
    unfolded = body.decode().replace("\r\n", "\n").replace("\n ", "")
    # Alarms have UIDs of their own.
    bare = re.sub(r"(?ms)^BEGIN:VALARM$.*?^END:VALARM$", "", unfolded)
    for event in re.split(r"(?m)^BEGIN:VEVENT$", bare)[1:]:
        (uid,), (number,) = (re.findall(rf"(?m)^{name}:(.*)$", event) for name in ("UID", "SEQUENCE"))
        found[uid] = int(number)
    return found


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

"""``OUTPUT/last-run``: what the last run that had no problem was made from, so that the next one can see what differs.

Its time says when a run last came to its end, also one that found nothing to do. A run that has nothing to do reads it
first of all, so nothing large is imported here.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from aslms_feeds.instants import parse_instant
from aslms_feeds.publication.records import read_record_or, write_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

LAST_RUN = "last-run"
"""The file below the output; it is private."""
_FORMAT = 1


class LastRun(NamedTuple):
    """What the last run that had no problem was made from."""

    at: datetime
    """What it took for the time."""
    fingerprints: Mapping[str, str]
    """By a digest of the series' name; "" for the files they share. Empty after a run that had problems."""
    generations: Mapping[str, str]
    """What the web root and each part's ``current`` led to."""
    next_due: datetime | None
    """When the publication changes although its definitions do not."""
    base_url: str | None = None
    """The address it was told to publish for; None: publisher.toml's."""


def read_last_run(output: Path | str) -> LastRun | None:
    """Return the record of the last run; None when there is none that can be used."""
    try:
        with open(f"{output}/{LAST_RUN}", "rb") as file:  # noqa: PTH123 - a plain string
            text = file.read()
    except OSError:
        return None
    return read_record_or(None, text, _FORMAT, _parse)


def _parse(data: Mapping[str, Any]) -> LastRun:
    due = parse_instant(data["next_due"]) if data["next_due"] else None
    fingerprints, links = dict(data["fingerprints"]), dict(data["generations"])
    return LastRun(parse_instant(data["at"]), fingerprints, links, due, data.get("base_url"))


def write_last_run(output: Path, run: LastRun) -> None:
    """Record a run; one that had problems has no fingerprints, and the next one must look again."""
    from aslms_feeds.publication import files  # A run that changes nothing does not get here.

    fields = {
        "at": run.at.isoformat(),
        "fingerprints": dict(run.fingerprints),
        "generations": dict(run.generations),
        "next_due": run.next_due.isoformat() if run.next_due else None,
        "base_url": run.base_url,
    }
    files.replace(output / LAST_RUN, write_record(_FORMAT, fields), synced=False)


def touch_last_run(output: Path | str) -> None:
    """Note by its time alone that a run found nothing to do: this needs no room, no lock and no other file."""
    with suppress(FileNotFoundError):  # a builder has just begun
        os.utime(f"{output}/{LAST_RUN}")


def forget_last_run(output: Path) -> None:
    """Remove the record before anything is written: should this run die, the next one looks again."""
    (output / LAST_RUN).unlink(missing_ok=True)


def read_current_links(output: Path | str) -> dict[str, str]:
    """Return what the web root and each part's ``current`` lead to now: which generations are public."""
    links = {"site": f"{output}/site", "index": f"{output}/index/current"}
    with suppress(OSError):
        links |= {name: f"{output}/series/{name}/current" for name in os.listdir(f"{output}/series")}  # noqa: PTH208 - plain text
    targets = {}
    for name, link in links.items():
        with suppress(OSError):
            targets[name] = os.readlink(link)  # noqa: PTH115 - plain text, not a path
    return targets

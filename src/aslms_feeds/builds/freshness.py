"""Whether there is anything to do at all: fingerprints of the last run against those of now.

This is asked before anything large is imported, so that a run that changes nothing costs next to nothing.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.definitions import files as definition_files
from aslms_feeds.identity import fingerprint
from aslms_feeds.instants import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

LAST_RUN = "last-run"
_FORMAT = 1


class LastRun(NamedTuple):
    """What the last run that had no problem was made from."""

    at: datetime
    """What it took for the time."""
    fingerprints: Mapping[str, str]
    """By a digest of the series' name; "" for the files they share."""
    generations: Mapping[str, str]
    """What the web root and each part's ``current`` led to."""
    next_due: datetime | None
    """When the publication changes although its definitions do not."""
    base_url: str | None = None
    """The address it was told to publish for; None: publisher.toml's."""


def fingerprints(contents: Mapping[str, bytes], base_url: str | None) -> dict[str, str]:
    """Return the fingerprint of every series, by a digest of its name: its files, and what makes documents of them."""
    versions = (tools(), base_url or "")
    shared = {path: data for path, data in contents.items() if "/" not in path}
    files = {"": shared, **definition_files.group_by_series(contents)}
    # By a digest of its name: a series may be under embargo, and with it what it is called.
    names = {name: fingerprint([(name, b"")]) if name else "" for name in files}
    return {names[name]: fingerprint(found.items(), *versions) for name, found in files.items()}


@cache
def tools() -> str:
    """Return what tells one installation from another: this package's files and the folder of its dependencies.

    Asked once, when a process starts: what is installed while it runs is not what it publishes with.
    """
    return _installed()


def is_current() -> bool:
    """Say whether what is installed is what this process began with."""
    return tools() == _installed()


def _installed() -> str:
    marks = []
    for folder, folders, files in os.walk(os.path.dirname(os.path.dirname(__file__))):  # noqa: PTH120 - a plain string
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        marks += [_mark(f"{folder}/{name}") for name in sorted(files)]
    for path in sys.path:
        if path.endswith(("site-packages", "dist-packages")) and os.path.isdir(path):  # noqa: PTH112 - a plain string
            marks.append(_mark(path))
    return "|".join([*marks, sys.version.split()[0]])


def _mark(path: str) -> str:
    stat = os.stat(path)  # noqa: PTH116 - Path is slower, and this is every run
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


def generations(output: Path | str) -> dict[str, str]:
    """Return what the web root and each part's ``current`` lead to now."""
    links = {"site": f"{output}/site", "index": f"{output}/index/current"}
    with suppress(OSError):
        links |= {name: f"{output}/series/{name}/current" for name in os.listdir(f"{output}/series")}  # noqa: PTH208 - plain text
    found = {}
    for name, link in links.items():
        with suppress(OSError):
            found[name] = os.readlink(link)  # noqa: PTH115 - plain text, not a path
    return found


def read(output: Path | str) -> LastRun | None:
    """Return the last run's record; None when there is none that can be used."""
    try:
        with open(f"{output}/{LAST_RUN}", "rb") as file:  # noqa: PTH123 - a plain string
            data = json.loads(file.read())
        if data["format"] != _FORMAT:
            return None
        due = parse_instant(data["next_due"]) if data["next_due"] else None
        prints, links = dict(data["fingerprints"]), dict(data["generations"])
        return LastRun(parse_instant(data["at"]), prints, links, due, data.get("base_url"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write(output: Path, run: LastRun) -> None:
    """Record a run; one that had problems has no fingerprints, and the next one must look again."""
    from aslms_feeds.publication import files as publication_files  # A run that changes nothing does not get here.

    data = {
        "format": _FORMAT,
        "at": run.at.isoformat(),
        "fingerprints": dict(run.fingerprints),
        "generations": dict(run.generations),
        "next_due": run.next_due.isoformat() if run.next_due else None,
        "base_url": run.base_url,
    }
    publication_files.replace(output / LAST_RUN, json.dumps(data, indent=1).encode() + b"\n", synced=False)


def touch(output: Path | str) -> None:
    """Note by its time alone that a run found nothing to do: this needs no room, no lock and no other file."""
    with suppress(FileNotFoundError):  # a builder has just begun
        os.utime(f"{output}/{LAST_RUN}")


def forget(output: Path) -> None:
    """Remove the record before anything is written: should this run die, the next one looks again."""
    (output / LAST_RUN).unlink(missing_ok=True)


def unchanged(output: Path | str, contents: Mapping[str, bytes], base_url: str | None, *, now: datetime) -> bool:
    """Say whether a build would change nothing."""
    last = read(output)
    if last is None or not last.fingerprints:
        return False
    # A clock that was ahead published what was not due yet; what is due is looked at again.
    if now < last.at or (last.next_due is not None and last.next_due <= now):
        return False
    return last.generations == generations(output) and last.fingerprints == fingerprints(contents, base_url)

"""Whether there is anything to do at all: fingerprints of the last run against those of now.

This is asked before anything large is imported, so that a run that changes nothing costs next to nothing.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds import sources
from aslms_feeds.identity import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

LAST_RUN = "last-run"
_FORMAT = 1


@dataclass(frozen=True)
class LastRun:
    """What the last run that had no problem was made from."""

    fingerprints: Mapping[str, str]
    """By series."""
    generations: Mapping[str, str]
    """What each part's ``current`` led to."""
    next_due: datetime | None
    """When the publication changes although its definitions do not."""


def fingerprints(contents: Mapping[str, bytes], base_url: str | None) -> dict[str, str]:
    """Return the fingerprint of every series: its files, and what makes documents of them."""
    versions = (_tools(), base_url or "")
    return {name: fingerprint(files.items(), *versions) for name, files in sources.by_series(contents).items()}


def _tools() -> str:
    """Return what tells one installation from another: this package's files and the folder of its dependencies."""
    package = Path(__file__).parent
    marks = []
    for folder, folders, files in os.walk(package):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        marks += [_mark(f"{folder}/{name}") for name in sorted(files)]
    for path in sys.path:
        if path.endswith("site-packages"):
            marks.append(_mark(path))
    return "|".join([*marks, sys.version.split()[0]])


def _mark(path: str) -> str:
    stat = os.stat(path)  # noqa: PTH116 - Path is slower, and this is every run
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


def generations(output: Path) -> dict[str, str]:
    """Return what each part's ``current`` leads to now."""
    found = {}
    series = output / "series"
    folders = [output / "index", *(series.iterdir() if series.is_dir() else ())]
    for folder in folders:
        try:
            found[folder.name] = os.readlink(folder / "current")  # noqa: PTH115 - plain text, not a path
        except OSError:
            continue
    return found


def read(output: Path) -> LastRun | None:
    """Return the last run's record; None when there is none that can be used."""
    try:
        data = json.loads((output / LAST_RUN).read_bytes())
        if data["format"] != _FORMAT:
            return None
        due = datetime.fromisoformat(data["next_due"]) if data["next_due"] else None
        return LastRun(data["fingerprints"], data["generations"], due)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(output: Path, run: LastRun | None, *, now: datetime) -> None:
    """Record a run; None: it had problems, and the next one must look again."""
    data = {
        "format": _FORMAT,
        "at": now.isoformat(),
        "fingerprints": dict(run.fingerprints) if run else {},
        "generations": dict(run.generations) if run else {},
        "next_due": run.next_due.isoformat() if run and run.next_due else None,
    }
    replace(output / LAST_RUN, json.dumps(data, indent=1).encode() + b"\n")


def replace(path: Path, body: bytes) -> None:
    """Write a file whole: beside it, then one rename."""
    fresh = path.with_name(f".{path.name}")
    fresh.write_bytes(body)
    fresh.replace(path)


def unchanged(output: Path, contents: Mapping[str, bytes], base_url: str | None, *, now: datetime) -> bool:
    """Say whether a build would change nothing."""
    last = read(output)
    if last is None or not last.fingerprints or (last.next_due is not None and last.next_due <= now):
        return False
    return last.fingerprints == fingerprints(contents, base_url) and last.generations == generations(output)

"""Whether there is anything to do at all: fingerprints of the last run against those of now.

This is asked before anything large is imported, so that a run that changes nothing costs next to nothing.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from aslms_feeds.definitions import files as definition_files
from aslms_feeds.identity import fingerprint
from aslms_feeds.publication.last_run import read_current_links, read_last_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path


def fingerprint_series(contents: Mapping[str, bytes], base_url: str | None) -> dict[str, str]:
    """Return the fingerprint of every series, by a digest of its name: its files, and what makes documents of them."""
    versions = (fingerprint_installation(), base_url or "")
    shared = {path: data for path, data in contents.items() if "/" not in path}
    files = {"": shared, **definition_files.group_by_series(contents)}
    # By a digest of its name: a series may be under embargo, and with it what it is called.
    names = {name: fingerprint([(name, b"")]) if name else "" for name in files}
    return {names[name]: fingerprint(texts.items(), *versions) for name, texts in files.items()}


@cache
def fingerprint_installation() -> str:
    """Return what tells one installation from another: this package's files and the folder of its dependencies.

    Asked once, when a process starts: what is installed while it runs is not what it publishes with.
    """
    return _read_installation()


def is_current() -> bool:
    """Say whether what is installed is what this process began with."""
    return fingerprint_installation() == _read_installation()


def _read_installation() -> str:
    marks = []
    for folder, folders, files in os.walk(os.path.dirname(os.path.dirname(__file__))):  # noqa: PTH120 - a plain string
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        marks += [_describe_file(f"{folder}/{name}") for name in sorted(files)]
    for path in sys.path:
        if path.endswith(("site-packages", "dist-packages")) and os.path.isdir(path):  # noqa: PTH112 - a plain string
            marks.append(_describe_file(path))
    return "|".join([*marks, sys.version.split()[0]])


def _describe_file(path: str) -> str:
    stat = os.stat(path)  # noqa: PTH116 - Path is slower, and this is every run
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


def is_unchanged(output: Path | str, contents: Mapping[str, bytes], base_url: str | None, *, now: datetime) -> bool:
    """Say whether a build would change nothing."""
    last = read_last_run(output)
    if last is None or not last.fingerprints:
        return False
    # A clock that was ahead published what was not due yet; what is due is looked at again.
    if now < last.at or (last.next_due is not None and last.next_due <= now):
        return False
    return last.generations == read_current_links(output) and last.fingerprints == fingerprint_series(
        contents, base_url
    )

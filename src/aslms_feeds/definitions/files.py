"""The files of a calendars folder: what they are called, how large they may be, and their bytes by their paths."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from aslms_feeds.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PUBLISHER, CIRCUITS, SERIES, SEASON = "publisher.toml", "circuits.toml", "series.toml", "season.toml"
ENTRIES, RESULTS, NEWS = "entries.toml", "results.toml", "news.toml"
SHARED = (PUBLISHER, CIRCUITS)
"""The files that every series is made from."""
SEASON_FILES = (SEASON, ENTRIES, RESULTS, NEWS)
MAX_BYTES = 256 * 1024
"""The largest definition file; tomllib takes seconds for some larger ones."""
_DEPTH = 3
"""calendars/<series>/<season>/<file>."""


def read_calendars_folder(folder: Path | str, *, named: bool = True) -> dict[str, bytes]:
    """Return every definition file of a folder by its path below it; hidden files and the schemas are none.

    A definition is a regular file of this folder. A link is followed only where it stays inside: a copy of somebody
    else's repository could otherwise publish any file of this machine. Raises :class:`aslms_feeds.errors.UsageError`
    with the file that is wrong; unless ``named`` it names the series alone of one that belongs to a season: nobody can
    say whether that is under embargo.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 - plain strings: this is every run
        message = f"there is no folder {folder}"
        raise UsageError(message, hint="name the folder of the definitions with --calendars")
    root, hint = os.path.realpath(folder), "set its rights, or move it out of the folder"
    try:
        return {path: _read_file(root, path) for path in _walk(root, "", _DEPTH)}
    except _WrongError as error:
        message, hint = f"{_name_place(root, error.place, named=named)} {error}", error.hint
    except OSError as error:
        place = _name_place(root, str(error.filename or f"{root}/"), named=named)
        message = f"cannot read {place}: {error.strerror or error}"
    raise UsageError(message, hint=hint if named else f"{hint}; aslms-feeds check names it")


class _WrongError(Exception):
    """What is wrong with the file or folder at ``place``, continuing a sentence that begins with it."""

    def __init__(self, place: str, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.place = place
        self.hint = hint


def _name_place(root: str, place: str, *, named: bool) -> str:
    """Return how errors name a file or folder."""
    series, _slash, path = place.removeprefix(f"{root}/").partition("/")
    return place if named or path in ("", "series.toml") else f"something in {root}/{series}"


def _walk(root: str, below: str, depth: int) -> Iterator[str]:
    with os.scandir(f"{root}/{below}") as entries:
        entries_by_name = sorted(entries, key=lambda entry: entry.name)
    for entry in entries_by_name:
        path = f"{below}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            _refuse_outward_link(root, path)
        if entry.is_dir() and depth > 1:
            if path != "schema":
                yield from _walk(root, f"{path}/", depth - 1)
        elif entry.name.endswith(".toml"):
            yield path


def _refuse_outward_link(root: str, path: str) -> None:
    if not f"{os.path.realpath(f'{root}/{path}')}/".startswith(f"{root}/"):
        message = "is a link that leads out of the folder of the definitions"
        raise _WrongError(f"{root}/{path}", message, hint="put a copy of the file there instead")


def _read_file(root: str, path: str) -> bytes:
    """Return a file's bytes; a pipe or a device could keep us waiting for ever."""
    whole = f"{root}/{path}"
    if not stat.S_ISREG(os.stat(whole).st_mode):  # noqa: PTH116 - plain strings: this is every run
        message = "is called like a definition file and is no regular file"
        raise _WrongError(whole, message, hint="move it out of the folder")
    handle = os.open(whole, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        # One byte more than is allowed: enough to refuse the file, whatever its size.
        return file.read(MAX_BYTES + 1)


def group_by_series(contents: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Return the files that each series is made from, the shared ones with every series."""
    shared = {path: contents[path] for path in SHARED if path in contents}
    files: dict[str, dict[str, bytes]] = {}
    for path, data in contents.items():
        series, slash, _path = path.partition("/")
        if slash:
            files.setdefault(series, dict(shared))[path] = data
    return files

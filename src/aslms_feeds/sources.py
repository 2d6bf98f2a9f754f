"""The files of a calendars folder, read whole: paths below it and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHARED = ("publisher.toml", "circuits.toml")
_DEPTH = 3
"""calendars/<series>/<season>/<file>."""
_TOO_LARGE = 256 * 1024 + 1
"""One byte more than a definition file may have: enough to refuse it, whatever its size."""


def read(folder: Path) -> dict[str, bytes]:
    """Return every definition file of a folder by its path below it; hidden files and the schemas are none."""
    if not folder.is_dir():
        message = f"there is no folder {folder}"
        raise UsageError(message, hint="name the folder of the definitions with --calendars")
    found = {}
    for path in _files(folder, _DEPTH):
        try:
            with path.open("rb") as file:
                found[path.relative_to(folder).as_posix()] = file.read(_TOO_LARGE)
        except OSError as error:
            message = f"cannot read {path}: {error.strerror}"
            raise UsageError(message, hint="set its rights, or move it out of the folder") from error
    return found


def _files(folder: Path, depth: int) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and depth > 1 and not (depth == _DEPTH and path.name == "schema"):
            yield from _files(path, depth - 1)
        elif path.suffix == ".toml" and path.is_file():
            yield path


def by_series(contents: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Return the files that each series is made from, the shared ones with every series."""
    shared = {path: contents[path] for path in SHARED if path in contents}
    found: dict[str, dict[str, bytes]] = {}
    for path, data in contents.items():
        series, slash, _rest = path.partition("/")
        if slash:
            found.setdefault(series, dict(shared))[path] = data
    return found

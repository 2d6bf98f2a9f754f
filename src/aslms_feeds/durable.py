"""Files that are whole or not there, whenever the power goes: written beside, synced, then one rename.

A new name is durable only when its folder is synced, too; whoever writes several files syncs it once, behind them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace(path: Path, body: bytes, *, synced: bool = True) -> None:
    """Write a file whole: beside it, then one rename (POSIX rename is atomic); only one process at a time may do this.

    Without ``synced`` it is whole for every reader, but may be the old one after a loss of power. Raises
    :class:`OSError`, and leaves nothing beside the old file then.
    """
    fresh = path.with_name(f".{path.name}")
    # What is there was left by somebody who died, or is a link that leads elsewhere.
    fresh.unlink(missing_ok=True)
    try:
        create(fresh, body, synced=synced)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def create(path: Path, body: bytes, *, synced: bool = True) -> None:
    """Write a file that is not there yet; raises :class:`OSError`, also where it is."""
    with path.open("xb") as file:
        file.write(body)
        file.flush()
        if synced:
            os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

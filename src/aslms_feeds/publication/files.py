"""Files that are whole or not there, whenever the power goes; and locks that end with the process that holds them.

A file is written beside the old one and synced, then takes its place with one rename. A new name is durable only when
its folder is synced, too; whoever writes several files syncs it once, behind them.
"""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from aslms_feeds.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_AT_ONCE = 32
"""Threads that wait for the disk; they do nothing else."""


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


def sync(path: Path | str) -> None:
    """Make durable what a file holds, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(paths: Iterable[str]) -> None:
    """Make many files and folders durable; a disk that is asked by many at once flushes once for all of them.

    Raises the first :class:`OSError`; nothing is asked of the disk any more then.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(sync, paths))


@contextmanager
def hold_lock(path: Path, busy: str, *, folder: bool = False) -> Iterator[None]:
    """Keep other processes out, by the lock of a file, which is made where there is none, or of a ``folder``.

    The lock ends with its holder. Raises :class:`aslms_feeds.errors.Busy`, which says ``busy``, at once where another
    process has it, and :class:`OSError` where the file cannot be opened.
    """
    kind = os.O_RDONLY | os.O_DIRECTORY if folder else os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    handle = os.open(path, kind | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(busy, hint="wait until it is done; the lock ends with that process") from error
        yield
    finally:
        os.close(handle)

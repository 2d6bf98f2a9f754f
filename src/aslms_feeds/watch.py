"""Regenerate when the definitions change: an edit is public once it has stood for a while.

The clock and the file system only wake the build; what is due is decided by the data.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from watchfiles import watch as file_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LOOK_MILLISECONDS = 250


@dataclass
class Pending:
    """Whether an edit waits to be published, and since when nothing was touched."""

    touched: float | None = None
    """Seconds of a monotonic clock; None when nothing waits."""

    def due(self, now: float, settle: float) -> bool:
        """Say whether an edit has stood for ``settle`` seconds."""
        return self.touched is not None and now - self.touched >= settle


def watch(folder: Path, build: Callable[[], datetime | None], *, settle: float, parent: int | None = None) -> None:
    """Call ``build`` after every edit below ``folder``, and when what it returned as the next due instant has come.

    ``settle`` is in seconds. With ``parent``, end when that is not the parent process any more. A folder that is
    replaced, or is a link that is switched, counts as an edit.
    """
    pending = Pending(time.monotonic() - settle)
    next_due: datetime | None = None
    looks = _Looks(folder)
    while parent is None or os.getppid() == parent:
        # Before the build: what is edited while it runs must be seen afterwards.
        if looks.edited():
            pending.touched = time.monotonic()
        overdue = next_due is not None and next_due <= datetime.now(UTC)
        if overdue or pending.due(time.monotonic(), settle):
            pending.touched = None
            next_due = build()


class _Looks:
    """Looks at a folder, again and again, whatever it leads to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[int, int] | None = None
        self._changes: Iterator[object] = iter(())
        self.edited()

    def edited(self) -> bool:
        """Wait a moment and say whether anything was edited in it."""
        try:
            known = self._folder.stat()
            if (known.st_dev, known.st_ino) != self._seen:
                self._changes = self._start()
                next(self._changes)
                self._seen = known.st_dev, known.st_ino
                return True
            return bool(next(self._changes))
        except (OSError, StopIteration):
            self._seen = None
            time.sleep(_LOOK_MILLISECONDS / 1000)
            return False

    def _start(self) -> Iterator[object]:
        return file_changes(
            self._folder, debounce=_LOOK_MILLISECONDS, step=50, yield_on_timeout=True, rust_timeout=_LOOK_MILLISECONDS
        )

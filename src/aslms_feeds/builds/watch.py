"""Looking at the definitions: whether anything was edited, whatever the folder leads to meanwhile."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from watchfiles import watch as file_changes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from watchfiles import Change

LOOK_SECONDS = 0.25
"""How long one look takes when nothing happens."""


class Looks:
    """Looks at a folder, again and again.

    A folder that is replaced, or is a link that is switched, counts as an edit. Where the system cannot tell of
    changes, such as when it watches as many folders as it may, the files are looked at themselves.
    """

    def __init__(self, folder: Path) -> None:
        """Begin: what is edited from now on is seen by :meth:`edited`."""
        self._folder = folder
        self._seen: tuple[int, int] | None = None
        self._changes: Iterator[set[tuple[Change, str]]] = iter(())
        self._polling: bool | None = None
        self.edited()

    def edited(self) -> int:
        """Wait a moment, at most :data:`LOOK_SECONDS`, and return how many files and folders were edited in it."""
        try:
            status = self._folder.stat()
            if (status.st_dev, status.st_ino) == self._seen:
                return sum(_may_be_definition(path) for _change, path in next(self._changes))
            self._changes = self._start()
            next(self._changes)
            self._seen = status.st_dev, status.st_ino
        except (FileNotFoundError, StopIteration):
            self._seen = None
            time.sleep(LOOK_SECONDS)
            return 0
        except (OSError, RuntimeError) as error:
            self._fall_back(error)
            time.sleep(LOOK_SECONDS)
            return 0
        return 1

    def _fall_back(self, error: Exception) -> None:
        if not self._polling:
            message = "the system cannot tell of changes in %s, so its files are looked at themselves: %s"
            logging.getLogger(__name__).warning(message, self._folder, error)
        self._polling, self._seen = True, None

    def _start(self) -> Iterator[set[tuple[Change, str]]]:
        milliseconds = round(LOOK_SECONDS * 1000)
        return file_changes(
            self._folder,
            watch_filter=None,  # with one, a look would last as long as other files are written
            debounce=milliseconds,
            step=50,
            yield_on_timeout=True,
            rust_timeout=milliseconds,
            raise_interrupt=False,
            force_polling=self._polling,
        )


def _may_be_definition(path: str) -> bool:
    """Say whether a path may be a definition, or a folder of them; not what editors leave beside them."""
    name = path.rpartition("/")[2]
    return "." not in name or (name.endswith(".toml") and not name.startswith("."))

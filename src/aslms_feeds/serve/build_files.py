"""The files that a build leaves beside a publication, read again when they have changed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aslms_feeds.publication.last_run import LAST_RUN
from aslms_feeds.publication.workspace import STATUS
from aslms_feeds.serve.health import BuildFile, BuildHealth, read_build_health

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class BuildFiles:
    """What is known of the builds; files that did not change are not read again."""

    output: Path
    health: BuildHealth = field(default_factory=BuildHealth)
    stats: tuple[tuple[int, int, int], ...] = ()

    def refresh(self) -> None:
        """Read what the last build left, where that is new."""
        files = self.output / LAST_RUN, self.output / STATUS
        stats = tuple(map(_stat, files))
        if stats != self.stats:
            self.health = read_build_health(*map(_read_file, files))
            self.stats = stats


def _stat(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0, 0
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read_file(path: Path) -> BuildFile | None:
    try:
        with path.open("rb") as file:
            written = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            return BuildFile(file.read(), written)
    except OSError:
        return None

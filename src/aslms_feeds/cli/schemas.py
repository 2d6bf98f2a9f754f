"""The command ``schema``: what editors and the README of the definitions know of their keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aslms_feeds.cli.statuses import SUCCESS, WRONG

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from aslms_feeds.settings import Settings


def run_schema(arguments: Namespace, settings: Settings) -> int:
    """Write what is out of date, or with ``--check`` only say so."""
    from aslms_feeds.definitions.schema import make_schemas, renew_reference

    folder = settings.calendars / "schema"
    fresh: dict[Path, bytes] = {folder / name: text for name, text in make_schemas().items()}
    readme = settings.calendars / "README.md"
    if readme.is_file():
        fresh[readme] = renew_reference(readme.read_text(encoding="utf-8")).encode()
    stale = [path for path, text in fresh.items() if not _holds(path, text)]
    if arguments.check:
        for path in stale:
            print(f"{path} is out of date; write it with: aslms-feeds schema", file=sys.stderr)
        return WRONG if stale else SUCCESS
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_bytes(fresh[path])
        print(path)
    return SUCCESS


def _holds(path: Path, text: bytes) -> bool:
    return path.is_file() and path.read_bytes() == text

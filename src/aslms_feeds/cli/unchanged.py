"""The shortest way through the commonest run: a build with nothing to do, answered before anything is imported for it.

It reads the few options such a run has in crontabs. Whatever is not plain, wrong or worth saying more about is left to
``cli``, which looks again.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from aslms_feeds.builds import freshness
from aslms_feeds.definitions import files
from aslms_feeds.publication import last_run

_OPTIONS = {"--calendars": "CALENDARS", "--output": "OUTPUT", "--base-url": "BASE_URL"}
_DEFAULTS = {"CALENDARS": "calendars", "OUTPUT": "publication", "BASE_URL": ""}


def nothing_to_do(arguments: list[str]) -> bool:
    """Say whether these are the arguments of a build that would change nothing; then it has said so."""
    chosen = _chosen(arguments)
    if chosen is None:
        return False
    output = chosen["OUTPUT"].rstrip("/") or "/"
    base_url = chosen["BASE_URL"].rstrip("/") or None
    try:
        contents = files.read_calendars_folder(chosen["CALENDARS"])
        if not freshness.unchanged(output, contents, base_url, now=datetime.now(UTC)):
            return False
        last_run.touch_last_run(output)
    except Exception:  # noqa: BLE001 - whatever is wrong, cli says it better
        return False
    sys.stdout.write(f"{output}: nothing changed\n")
    return True


def _chosen(arguments: list[str]) -> dict[str, str] | None:
    """Return the settings of ``build`` with plain options; None for anything else."""
    if arguments[:1] != ["build"] or len(arguments) % 2 == 0 or os.environ.get("ASLMS_FEEDS_STATE"):
        return None
    given = {name: os.environ.get(f"ASLMS_FEEDS_{name}") or default for name, default in _DEFAULTS.items()}
    for option, value in zip(arguments[1::2], arguments[2::2], strict=True):
        if option not in _OPTIONS or value.startswith("-"):
            return None
        given[_OPTIONS[option]] = value
    return given

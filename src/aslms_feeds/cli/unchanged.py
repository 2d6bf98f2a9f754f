"""The shortest way through the commonest run: a build with nothing to do, answered before anything is imported for it.

It reads the few options such a run has in crontabs. Whatever is not plain, wrong or worth saying more about is left to
``cli``, which looks again.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from aslms_feeds.builds import freshness
from aslms_feeds.definitions import files
from aslms_feeds.publication import last_run
from aslms_feeds.settings import FOLDERS, find_choices, option_of

_PLAIN = {option_of(name): name for name in ("calendars", "output", "base_url")}
"""The options that a build has in crontabs."""


def nothing_to_do(arguments: list[str]) -> bool:
    """Say whether these are the arguments of a build that would change nothing; then it has said so."""
    choices = _plain_choices(arguments)
    if choices is None:
        return False
    output = choices["output"].rstrip("/") or "/"
    base_url = choices.get("base_url", "").rstrip("/") or None
    try:
        contents = files.read_calendars_folder(choices["calendars"])
        if not freshness.is_unchanged(output, contents, base_url, now=datetime.now(UTC)):
            return False
        last_run.touch_last_run(output)
    except Exception:  # noqa: BLE001 - whatever is wrong, cli says it better
        return False
    sys.stdout.write(f"{output}: nothing changed\n")
    return True


def _plain_choices(arguments: list[str]) -> dict[str, str] | None:
    """Return what is chosen for a ``build`` with plain options, and the folders' defaults; None for anything else."""
    if arguments[:1] != ["build"] or len(arguments) % 2 == 0:
        return None
    options = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    if not options.keys() <= _PLAIN.keys() or any(not text or text.startswith("-") for text in options.values()):
        return None
    choices = find_choices({_PLAIN[option]: text for option, text in options.items()})
    return None if "state" in choices else {**FOLDERS, **{name: str(text) for name, text in choices.items()}}

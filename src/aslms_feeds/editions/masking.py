"""Problems as they may be logged and published: without what is under embargo."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from aslms_feeds.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_KEY = re.compile(rb"(?i)embar\w*[\"']?\s*=([^,}#\r\n]*)")
"""The key and its value, also in a table of one line; misspelt it was meant all the same."""
_LISTS = re.compile(r", did you mean |; allowed: ")
"""What follows may name anything there is."""


def mask_problems(
    problems: Iterable[Problem], contents: Mapping[str, bytes], root: str, now: datetime
) -> list[Problem]:
    """Return problems as they may be logged: nothing of what is under embargo at ``now``.

    Whoever edits the files sees them whole with ``aslms-feeds check``. A file counts when it, or the season it belongs
    to, has any embargo that has not passed, or that cannot be read. Where there is one, the files that seasons share
    tell no more than the place, and the others do not list what would be right.
    """
    secret = {
        path for path, text in contents.items() if any(_is_waiting(value, now) for value in _embargo_values(text))
    }
    if not secret:
        return list(problems)
    return list(dict.fromkeys(_mask(problem, secret, contents, root) for problem in problems))


def _mask(problem: Problem, secret: Collection[str], contents: Mapping[str, bytes], root: str) -> Problem:
    path = problem.file.removeprefix(f"{root}/")
    if _is_secret(path, secret, contents):
        return Problem(f"{root}/{path.split('/')[0]}", 0, 0, "", f"something is wrong {_HIDDEN}")
    if path.count("/") < _SEASON_DEPTH and problem.line:
        return problem._replace(where="", message=f"something is wrong here, beside what is {_HIDDEN}")
    return problem._replace(message=_LISTS.split(problem.message)[0])


_HIDDEN = "under embargo; aslms-feeds check says what"
_SEASON_DEPTH = 2
"""Slashes in the path of a season's file; what has fewer is shared."""


def _is_secret(path: str, secret: Collection[str], contents: Mapping[str, bytes]) -> bool:
    """Say whether a file is under embargo, or belongs to a season that is, or may be: its own file is not there."""
    folder = path.rpartition("/")[0]
    season = f"{folder}/season.toml"
    is_lost = path.count("/") == _SEASON_DEPTH and season not in contents
    return (
        path in secret
        or season in secret
        or (is_lost and any(secret_path.startswith(f"{folder}/") for secret_path in secret))
    )


def _embargo_values(text: bytes) -> Iterator[bytes]:
    """Yield what stands where an embargo may stand; a file in UTF-16 is refused, and has zeros between its letters."""
    for line in text.replace(b"\0", b"").splitlines():
        if not line.lstrip().startswith(b"#"):
            yield from _KEY.findall(line)


def _is_waiting(text: bytes, now: datetime) -> bool:
    try:
        instant = datetime.fromisoformat(text.decode("ascii").strip().upper())
    except ValueError:
        return True
    return instant.tzinfo is None or instant > now

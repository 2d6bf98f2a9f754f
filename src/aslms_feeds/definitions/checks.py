"""What every definition file is checked for: ids used once and never again, references to what exists, reserved names.

Each check notes what is wrong at its place in the file and returns nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import webcolors
from babel.localedata import locale_identifiers

from aslms_feeds.definitions.explaining import explain_unknown, suggest_nearest
from aslms_feeds.definitions.mending import UNREAD
from aslms_feeds.identity import ID_LENGTH, is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from aslms_feeds.definitions.series import Circuit
    from aslms_feeds.definitions.source import SourceFile
    from aslms_feeds.definitions.toml import Location

    Ids = AbstractSet[str]
    FormerIds = Sequence[tuple[str, tuple[str, ...]]]
    """Ids, each with those that the same thing had before."""

_REUSED = "{!r} is, or was, the id of another; an id is never used again"


@dataclass(frozen=True)
class Venues:
    """The circuits: those that are right, the names of all, and whether there are no others."""

    circuits: Mapping[str, Circuit]
    names: frozenset[str] = frozenset()
    complete: bool = True


def is_reserved(name: str, reserved: Ids, languages: Iterable[str]) -> bool:
    """Say whether a name is one of ours, or the tag of a language: folders of translations are called so."""
    return name in reserved or name in _list_language_tags() or name in {tag.lower() for tag in languages}


@cache
def _list_language_tags() -> frozenset[str]:
    return frozenset(tag.lower().replace("_", "-") for tag in locale_identifiers())


def explain_folder_name(name: str, reserved: Ids, languages: Iterable[str]) -> str:
    """Return why a folder may not be called so, or nothing."""
    if not is_id(name):
        return f"the folder {name[:100]!r} is no id: small letters, digits and single hyphens, such as 2023-24"
    if is_reserved(name, reserved, languages):
        return f"the folder name {name!r} is reserved: the publication uses it, or a language may"
    return ""


def check_reference(file: SourceFile, name: str | None, allowed: Ids | None, what: str, location: Location) -> None:
    """Check that a name is one of ``allowed``; None: there is no name, or it is not known which are allowed."""
    if name is not None and allowed is not None and name not in allowed and not name.startswith(UNREAD):
        file.add_problem(location, explain_unknown(name, what, allowed))


def check_classes(file: SourceFile, names: Sequence[str], allowed: Ids | None, location: Location) -> None:
    """Check a list of classes: each is one that may be named here, and named once."""
    for index, name in enumerate(names):
        check_reference(file, name, allowed, "class", (*location, index))
    check_named_once(file, names, "class", location)


def check_named_once(file: SourceFile, names: Sequence[str], what: str, location: Location) -> None:
    """Check that a list names nothing twice."""
    previous: set[str] = set()
    for index, name in enumerate(names):
        if name in previous:
            file.add_problem((*location, index), f"the {what} {name!r} is named twice")
        previous.add(name)


def check_unique(file: SourceFile, ids: Sequence[str], what: str, locate: Callable[[int], Location]) -> None:
    """Check that no two have the same id; ``locate`` tells where the id of each is written."""
    previous: set[str] = set()
    for index, name in enumerate(ids):
        if name in previous:
            file.add_problem(locate(index), f"the {what} {name!r} is here twice; each needs a name of its own")
        previous.add(name)


def check_never_reused(file: SourceFile, ids: FormerIds, locate: Callable[[int], Location]) -> None:
    """Check that no id is, or was, another's: UIDs are made from the first id ever and never used again."""
    for index, name in _reused_ids(ids):
        file.add_problem(locate(index), _REUSED.format(name))


def check_folders_never_reused(files: Mapping[str, SourceFile], ids: FormerIds) -> None:
    """Check that no folder was called as another is or was; ``files`` are those that say what it was called."""
    for index, name in _reused_ids(ids):
        folder, _former = ids[index]
        files[folder].add_problem(("formerly",), _REUSED.format(name))


def _reused_ids(ids: FormerIds) -> Iterator[tuple[int, str]]:
    """Yield former ids that are or were another's as well, with the position of who claims them."""
    present = {name for name, _former in ids}
    owners: dict[str, int] = {}
    for index, (name, former) in enumerate(ids):
        for old in dict.fromkeys(former):
            if (old in present and old != name) or owners.setdefault(old, index) != index:
                yield index, old


def check_colour(file: SourceFile, name: str, location: Location) -> None:
    """Check that a colour has a name of CSS."""
    names = webcolors.names("css3")
    if name not in names:
        message = f"unknown colour {name[:ID_LENGTH]!r}{suggest_nearest(name, names)}"
        file.add_problem(location, f"{message}; a CSS colour name is wanted, such as royalblue")

"""The folder of one part: its numbered generations, the link that names the public one, and what is left over.

``generations/<n>/{site,state}`` holds generation n, ``current`` beside it names the public one. Once ``current`` has
led to a generation it holds an empty file ``public``: what has none was never seen by anybody and is swept away, what
has one is never made again.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication import files
from aslms_feeds.publication.manifest import MANIFEST, is_document_path, read_manifest
from aslms_feeds.publication.publish import KEEP_GENERATIONS, RECOVER, Generation

if TYPE_CHECKING:
    from collections.abc import Iterator

KEEP_SECONDS = 600
"""Old generations outlive their slowest readers: at least so many, and at least so long."""
RESTORE = f"building on without it would lose stamps; {RECOVER}"
GENERATIONS = "generations"
_PUBLIC = "public"
"""The file that says since when a generation is, or was, public: by its time."""
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class PartFolder:
    """The folder of one part, below the folder that is published into."""

    output: Path
    folder: Path

    @property
    def generations(self) -> Path:
        """The folder of all its generations."""
        return self.folder / GENERATIONS

    def list_numbered(self) -> list[tuple[int, Path]]:
        """Return the numbered generations, in order."""
        try:
            names = os.listdir(self.generations)  # noqa: PTH208 - names are all that is needed
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted((int(name), self.generations / name) for name in names if _NUMBER.fullmatch(name))

    def list_public(self) -> list[tuple[int, Path]]:
        """Return the generations that are, or were, public, in order."""
        return [(number, path) for number, path in self.list_numbered() if (path / _PUBLIC).exists()]

    def find_current(self) -> Path | None:
        """Return the folder of the public generation; None only where there never was one."""
        link = self.folder / "current"
        try:
            target = link.readlink()
        except FileNotFoundError:
            generations = self.list_numbered()
            if generations and (generations[-1][0] > 1 or (generations[-1][1] / _PUBLIC).exists()):
                message = f"{link} is gone and there are generations"
                hint = f"ln -s {GENERATIONS}/{generations[-1][0]} {link}, if that one was the last"
                raise PublicationError(message, hint=hint) from None
            return None
        except OSError as error:
            message = f"{link} is not the link it should be: {error.strerror}"
            raise PublicationError(message, hint=RESTORE) from error
        public = self.folder / target
        if target.parent != Path(GENERATIONS) or not _NUMBER.fullmatch(target.name):
            message = f"{link} leads to {str(target)!r}, which is no generation"
            raise PublicationError(message, hint=RESTORE)
        if public.is_symlink() or not public.is_dir():
            message = f"the public generation {public} is gone"
            raise PublicationError(message, hint=RESTORE)
        return public

    def is_current(self, generation: int) -> bool:
        """Say whether ``current`` leads to a generation."""
        try:
            return (self.folder / "current").readlink() == Path(GENERATIONS) / str(generation)
        except OSError:
            return False

    def switch_to(self, generation: Path) -> None:
        """Make a generation the public one, with one rename."""
        point(self.folder / "current", Path(GENERATIONS) / generation.name)

    def mark_public(self, generation: Path) -> None:
        """Note that readers have seen a generation, or have begun to."""
        (generation / _PUBLIC).touch(exist_ok=True)

    def refuse_links(self) -> None:
        """Refuse to write through a link: it would lead out of the publication."""
        for folder in (self.folder.parent, self.folder, self.generations):
            if folder != self.output and folder.is_symlink():
                message = f"{folder} is a link; nothing is written through it"
                raise PublicationError(message, hint="remove the link, or put the folder itself there")

    def refuse_older(self, current: Path | None) -> None:
        """Refuse to give a number and stamps away twice: subscribers have seen them."""
        public = self.list_public()
        if current and public and public[-1][0] > int(current.name):
            link, newest = self.folder / "current", public[-1][0]
            message = f"{link} was switched back from generation {newest} to {current.name} by hand; it stays there"
            hint = f"ln -sfn {GENERATIONS}/{newest} {link}, then build: that releases it"
            raise PublicationError(message, hint=hint)

    def sweep(self) -> None:
        """Remove what a builder that died, or a full disk, left behind: it was never public."""
        with suppress(OSError, PublicationError):
            self.refuse_links()
            current = self.find_current()
            if current and (current / "site" / MANIFEST).exists() and not (current / _PUBLIC).exists():
                (current / _PUBLIC).touch()
            newest = int(current.name) if current else 0
            (self.folder / ".current").unlink(missing_ok=True)
            with os.scandir(self.generations) as entries:
                unfinished = [Path(entry.path) for entry in entries if entry.name.startswith(".")]
            unseen = [
                path for number, path in self.list_numbered() if number > newest and not (path / _PUBLIC).exists()
            ]
            for path in (*unfinished, *unseen):
                remove(path)

    def prune(self, newest: int) -> None:
        """Remove the generations nobody can be reading any more: a name that is gone at once, then what it held."""
        for (number, path), (_number, successor) in pairwise(self.list_numbered()):
            if number < newest - KEEP_GENERATIONS and _is_public_longer_than(KEEP_SECONDS, successor):
                hidden = path.with_name(f".{path.name}")
                path.rename(hidden)
                remove(hidden)


def read_generation_folder(folder: Path, part: str) -> Generation:
    """Return the generation in a folder."""
    try:
        manifest = read_manifest((folder / "site" / MANIFEST).read_bytes())
        state = dict(_read_files(folder / "state"))
    except OSError as error:
        message = f"the public generation {folder} cannot be read: {error.filename}: {error.strerror}"
        raise PublicationError(message, hint=RESTORE) from error
    except PublicationError as error:
        message = f"{folder / 'site' / MANIFEST}: {error}"
        raise PublicationError(message, hint=error.hint) from error
    if (manifest.part, manifest.generation) != (part, int(folder.name)):
        message = f"{folder} holds generation {manifest.generation} of {manifest.part!r}"
        raise PublicationError(message, hint=RESTORE)
    return Generation(manifest, state)


def read_state_file(folder: Path, path: str) -> bytes | None:
    """Return a file of a generation's private state; None where there is none, or where the path leads elsewhere."""
    file = folder / "state" / path
    if not is_document_path(path) or not os.path.lexists(file):
        return None
    if not stat.S_ISREG(file.lstat().st_mode):
        message = f"{file} is no file"
        raise PublicationError(message, hint=RESTORE)
    return file.read_bytes()


def _read_files(root: Path, below: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield every file of a folder by its path; what is neither a file nor a folder is refused."""
    with os.scandir(root / below) as entries:
        in_order = sorted(entries, key=lambda entry: entry.name)
    for entry in in_order:
        if entry.is_dir(follow_symlinks=False):
            yield from _read_files(root, f"{below}{entry.name}/")
        elif entry.is_file(follow_symlinks=False):
            yield f"{below}{entry.name}", (root / below / entry.name).read_bytes()
        else:
            message = f"{entry.path} is neither a file nor a folder"
            raise PublicationError(message, hint=RESTORE)


def _is_public_longer_than(seconds: float, generation: Path) -> bool:
    """Say whether a generation became public longer ago; a time to come is a clock that was wrong."""
    mark = generation / _PUBLIC
    since = (mark if mark.exists() else generation).stat().st_mtime
    return not 0 <= time.time() - since < seconds


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, as far as that goes."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def point(link: Path, target: Path) -> None:
    """Point a symbolic link at a target with one rename (POSIX rename is atomic), and make it durable."""
    if link.is_symlink() and link.readlink() == target:
        return
    if link.exists() and not link.is_symlink():
        message = f"{link} is in the way: a link of ours belongs there"
        raise PublicationError(message, hint="move it away, then build again")
    fresh = link.with_name(f".{link.name}")
    remove(fresh)
    fresh.symlink_to(target)
    fresh.rename(link)
    files.sync(link.parent)

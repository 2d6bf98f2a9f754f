"""Archives (.zip, .tar.gz): the definition files of one series, and nothing that leads anywhere else."""

from __future__ import annotations

import io
import re
import stat
import tarfile
import zipfile
import zlib
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.upstreams.readers.values import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAX_FILE = 256 * 1024
"""Octets of one definition file, as in `aslms_feeds.definitions.toml`."""
MAX_FILES = 200
MAX_DEFINITIONS = 2 << 20
"""Octets of all definition files of an archive."""
MAX_MEMBERS = 20_000
"""Files of any kind in an archive: a repository may hold more than definitions."""
MAX_INFLATED = 128 << 20
"""Octets that an archive may unpack to, of which only the definitions are kept."""
MAX_RATIO = 100
"""How many times its own size an archive may unpack to, once that is more than a megabyte; text is five to ten."""
_SMALL = 1 << 20


class _Member(NamedTuple):
    """One file of an archive."""

    name: str
    kind: str
    """file, link, folder, or other: a device, a pipe."""
    read: Callable[[int], bytes]
    """Return so many bytes of it at most."""


def read(body: bytes, series: str) -> dict[str, str]:
    """Return the definition files of a series, by path below its folder; UnreadableError where they are not taken."""
    if body.startswith(b"PK"):
        return _definitions(_zipped(body), series)
    if body.startswith(b"\x1f\x8b"):
        return _definitions(_tarred(_inflated(body)), series)
    raise UnreadableError("is neither a .zip nor a .tar.gz")


def _definitions(members: Iterable[_Member], series: str) -> dict[str, str]:
    """Return the texts of the series' definition files; nothing is ever written anywhere."""
    found: dict[str, str] = {}
    tops, size = set(), 0
    for count, member in enumerate(members):
        if count >= MAX_MEMBERS:
            raise UnreadableError(f"holds more than {MAX_MEMBERS:,} files")
        parts = _parts(member)
        if series not in parts[:-1]:
            if member.kind == "link" and parts[-1] == series:
                raise UnreadableError(f"holds a link: {_shown(member.name)}")
            continue
        at = max(index for index, part in enumerate(parts[:-1]) if part == series)
        if member.kind == "link":
            raise UnreadableError(f"holds a link: {_shown(member.name)}")
        below = "/".join(parts[at + 1 :])
        if member.kind != "file" or not below.endswith(".toml") or below.count("/") > 1 or "/." in f"/{below}":
            continue
        tops.add("/".join(parts[:at]))
        if below.casefold() in {path.casefold() for path in found} and len(tops) == 1:
            raise UnreadableError(f"holds a file twice: {_shown(member.name)}")
        data = member.read(MAX_FILE + 1)
        size += len(data)
        if len(data) > MAX_FILE or size > MAX_DEFINITIONS or len(found) >= MAX_FILES:
            raise UnreadableError(f"holds more, or larger, definitions than are read: {_shown(member.name)}")
        try:
            found[below] = data.decode()
        except UnicodeDecodeError:
            raise UnreadableError(f"holds a file that is not UTF-8: {_shown(member.name)}") from None
    if len(tops) > 1:
        raise UnreadableError(f"holds several folders called {series!r}: {', '.join(sorted(map(_shown, tops)))}")
    if not found:
        raise UnreadableError(f"holds no folder {series!r} with definitions")
    return found


def _parts(member: _Member) -> list[str]:
    """Return the steps of a member's path; one that leads out of the archive is an attack, wherever it leads."""
    name = member.name.rstrip("/") if member.kind == "folder" else member.name
    parts = name.removeprefix("./").split("/")
    odd = any(ord(char) < ord(" ") or char in "\\\x7f" for char in name)
    if odd or name.startswith("/") or re.match(r"[A-Za-z]:", name) or any(part in ("", "..") for part in parts if name):
        raise UnreadableError(f"holds a path that leads out of it: {_shown(member.name)}")
    if member.kind == "other":
        raise UnreadableError(f"holds a device or a pipe: {_shown(member.name)}")
    return parts


def _shown(name: str) -> str:
    return repr(name[:100])


def _zipped(body: bytes) -> Iterator[_Member]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise UnreadableError("is no .zip, or not the whole of one") from None
    rows = archive.infolist()
    if len(rows) > MAX_MEMBERS:
        raise UnreadableError(f"holds more than {MAX_MEMBERS:,} files")
    said = sum(row.file_size for row in rows)
    _sane_size(said, len(body))
    for row in rows:
        mode = row.external_attr >> 16 if row.create_system == 3 else 0  # noqa: PLR2004 - APPNOTE 4.4.2: Unix
        kind = "folder" if row.is_dir() else _KINDS.get(stat.S_IFMT(mode), "other")
        # `filename` has been tidied up by the library: what the archive says is what is judged.
        yield _Member(row.orig_filename, kind, partial(_unzipped, archive, row))


_KINDS = {0: "file", 0o100000: "file", 0o120000: "link", 0o040000: "folder"}


def _unzipped(archive: zipfile.ZipFile, row: zipfile.ZipInfo, most: int) -> bytes:
    if row.flag_bits & 1 or row.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableError(f"holds a file that is encrypted, or packed in an odd way: {_shown(row.orig_filename)}")
    try:
        with archive.open(row) as file:
            return file.read(most)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError):
        raise UnreadableError(f"holds a file that is damaged: {_shown(row.orig_filename)}") from None


def _sane_size(unpacked: int, packed: int) -> None:
    if unpacked > MAX_INFLATED or unpacked > max(_SMALL, MAX_RATIO * packed):
        raise UnreadableError(f"unpacks to more than it may: {packed:,} bytes become {unpacked:,} or more")


def _inflated(body: bytes) -> bytes:
    inflate = zlib.decompressobj(31)
    most = min(MAX_INFLATED, max(_SMALL, MAX_RATIO * len(body)))
    try:
        data = inflate.decompress(body, most + 1)
    except zlib.error:
        raise UnreadableError("is damaged gzip") from None
    _sane_size(len(data), len(body))
    if not inflate.eof:
        raise UnreadableError("ends in the middle of its gzip")
    return data


def _tarred(data: bytes) -> Iterator[_Member]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            while (row := archive.next()) is not None:
                plain = row.isreg() and not row.issparse()
                kind = (
                    "file" if plain else "folder" if row.isdir() else "link" if row.issym() or row.islnk() else "other"
                )

                def read(most: int, row: tarfile.TarInfo = row) -> bytes:
                    file = archive.extractfile(row)
                    return file.read(most) if file else b""

                yield _Member(row.name, kind, read)
    except (tarfile.TarError, ValueError, EOFError, OSError):
        raise UnreadableError("is no .tar, or not the whole of one") from None

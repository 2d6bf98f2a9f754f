"""Reads archives (.zip, .tar.gz): the definition files of one series, and nothing that leads anywhere else."""

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
    content: Callable[[int], bytes]
    """Returns so many bytes of it at most."""


def read_archive(body: bytes, series: str) -> dict[str, str]:
    """Return the definition files of a series, by path below its folder; UnreadableError where they are not taken."""
    if body.startswith(b"PK"):
        return _select_definitions(_read_zip(body), series)
    if body.startswith(b"\x1f\x8b"):
        return _select_definitions(_read_tar(_inflate(body)), series)
    raise UnreadableError("is neither a .zip nor a .tar.gz")


def _select_definitions(members: Iterable[_Member], series: str) -> dict[str, str]:
    """Return the texts of the series' definition files; nothing is ever written anywhere."""
    texts: dict[str, str] = {}
    series_folders: set[str] = set()
    total_size = 0
    for count, member in enumerate(members):
        if count >= MAX_MEMBERS:
            raise UnreadableError(f"holds more than {MAX_MEMBERS:,} files")
        folder, path = _split_at_series(member, series)
        if path is None:
            continue
        series_folders.add(folder)
        if len(series_folders) == 1 and path.casefold() in {name.casefold() for name in texts}:
            raise UnreadableError(f"holds a file twice: {_quote(member.name)}")
        data = member.content(MAX_FILE + 1)
        total_size += len(data)
        if len(data) > MAX_FILE or total_size > MAX_DEFINITIONS or len(texts) >= MAX_FILES:
            raise UnreadableError(f"holds more, or larger, definitions than are read: {_quote(member.name)}")
        texts[path] = _decode(member, data)
    if len(series_folders) > 1:
        names = ", ".join(sorted(map(_quote, series_folders)))
        raise UnreadableError(f"holds several folders called {series!r}: {names}")
    if not texts:
        raise UnreadableError(f"holds no folder {series!r} with definitions")
    return texts


def _split_at_series(member: _Member, series: str) -> tuple[str, str | None]:
    """Return the folder that the innermost folder of the series is in, and a definition's path below that one.

    The path is None for what is no definition of the series.
    """
    parts = _split_path(member)
    is_below = series in parts[:-1]
    if member.kind == "link" and (is_below or parts[-1] == series):
        raise UnreadableError(f"holds a link: {_quote(member.name)}")
    if not is_below or member.kind != "file":
        return "", None
    index = max(index for index, part in enumerate(parts[:-1]) if part == series)
    path = "/".join(parts[index + 1 :])
    if not path.endswith(".toml") or path.count("/") > 1 or "/." in f"/{path}":
        return "", None
    return "/".join(parts[:index]), path


def _split_path(member: _Member) -> list[str]:
    """Return the parts of a member's path; one that leads out of the archive is an attack, wherever it leads."""
    name = member.name.rstrip("/") if member.kind == "folder" else member.name
    parts = name.removeprefix("./").split("/")
    is_odd = any(ord(char) < ord(" ") or char in "\\\x7f" for char in name)
    is_absolute = name.startswith("/") or re.match(r"[A-Za-z]:", name)
    if is_odd or is_absolute or any(part in ("", "..") for part in parts if name):
        raise UnreadableError(f"holds a path that leads out of it: {_quote(member.name)}")
    if member.kind == "other":
        raise UnreadableError(f"holds a device or a pipe: {_quote(member.name)}")
    return parts


def _decode(member: _Member, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UnreadableError(f"holds a file that is not UTF-8: {_quote(member.name)}") from None


def _quote(name: str) -> str:
    return repr(name[:100])


def _read_zip(body: bytes) -> Iterator[_Member]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise UnreadableError("is no .zip, or not the whole of one") from None
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise UnreadableError(f"holds more than {MAX_MEMBERS:,} files")
    _check_size(sum(info.file_size for info in infos), len(body))
    for info in infos:
        mode = info.external_attr >> 16 if info.create_system == 3 else 0  # noqa: PLR2004 - APPNOTE 4.4.2: Unix
        kind = "folder" if info.is_dir() else _KINDS.get(stat.S_IFMT(mode), "other")
        # `filename` has been tidied up by the library: the name that stands in the archive is the one that is judged.
        yield _Member(info.orig_filename, kind, partial(_unzip, archive, info))


_KINDS = {0: "file", 0o100000: "file", 0o120000: "link", 0o040000: "folder"}


def _unzip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableError(f"holds a file that is encrypted, or packed in an odd way: {_quote(info.orig_filename)}")
    try:
        with archive.open(info) as file:
            return file.read(limit)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError):
        raise UnreadableError(f"holds a file that is damaged: {_quote(info.orig_filename)}") from None


def _check_size(unpacked: int, packed: int) -> None:
    if unpacked > MAX_INFLATED or unpacked > max(_SMALL, MAX_RATIO * packed):
        raise UnreadableError(f"unpacks to more than it may: {packed:,} bytes become {unpacked:,} or more")


def _inflate(body: bytes) -> bytes:
    decompressor = zlib.decompressobj(wbits=31)  # gzip alone
    limit = min(MAX_INFLATED, max(_SMALL, MAX_RATIO * len(body)))
    try:
        data = decompressor.decompress(body, limit + 1)
    except zlib.error:
        raise UnreadableError("is damaged gzip") from None
    _check_size(len(data), len(body))
    if not decompressor.eof:
        raise UnreadableError("ends in the middle of its gzip")
    return data


def _read_tar(data: bytes) -> Iterator[_Member]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            while (info := archive.next()) is not None:
                yield _Member(info.name, _classify(info), partial(_untar, archive, info))
    except (tarfile.TarError, ValueError, EOFError, OSError):
        raise UnreadableError("is no .tar, or not the whole of one") from None


def _classify(info: tarfile.TarInfo) -> str:
    if info.isreg() and not info.issparse():
        return "file"
    if info.isdir():
        return "folder"
    return "link" if info.issym() or info.islnk() else "other"


def _untar(archive: tarfile.TarFile, info: tarfile.TarInfo, limit: int) -> bytes:
    file = archive.extractfile(info)
    return file.read(limit) if file else b""

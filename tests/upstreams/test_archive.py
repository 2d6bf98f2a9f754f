"""Archives of definitions: what is taken from them, and what is refused."""

import gzip
import io
import os
import tarfile
import zipfile

import pytest

from aslms_feeds.upstreams.sandbox import Refusal, read_archive


def refusal(read_document, *arguments, **options):
    """Return why a document is refused."""
    result = read_document(*arguments, **options)
    assert isinstance(result, Refusal), result
    return result.reason


SEASON = "repo-main/calendars/aslms/2030/season.toml"


def zipped(*rows, compression=zipfile.ZIP_DEFLATED):
    """Return a .zip of names, or ZipInfo, and texts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in rows:
            archive.writestr(name, data)
    return file.getvalue()


def tarred(*rows):
    """Return a .tar.gz of names and texts, or of TarInfo with the text None."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in rows:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if data is not None:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data or b""))
    return file.getvalue()


def special(name, kind, **values):
    """Return a member of a tar that is no file."""
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in values.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_the_definitions_of_one_series_are_found_wherever_they_lie(pack):
    """The top folder may be called as it likes; other series, pictures and hidden files are not looked at."""
    body = pack(
        (SEASON, b'name = "x"'),
        ("repo-main/calendars/aslms/series.toml", b'name = "y"'),
        ("repo-main/calendars/aslms/logo.png", b"\x89PNG"),
        ("repo-main/calendars/aslms/.hidden.toml", b"secret"),
        ("repo-main/calendars/aslms/2030/deeper/x.toml", b"deep"),
        ("repo-main/calendars/elms/series.toml", b"other"),
        ("repo-main/README.md", b"read me"),
    )
    assert read_archive(body, "aslms") == {"2030/season.toml": 'name = "x"', "series.toml": 'name = "y"'}


def test_a_repository_may_be_called_as_the_series():
    """The innermost folder of that name counts."""
    body = zipped(("aslms/calendars/aslms/2030/season.toml", b"a = 1"))
    assert read_archive(body, "aslms") == {"2030/season.toml": "a = 1"}


def test_a_tar_may_begin_at_its_own_folder():
    """``tar c .`` writes ./ before every name."""
    body = tarred((special("./", tarfile.DIRTYPE), None), ("./aslms/series.toml", b"a = 1"))
    assert read_archive(body, "aslms") == {"series.toml": "a = 1"}


def symlink(name):
    """Return the member of a .zip that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info


GOOD = (SEASON, b"a = 1")
ZIP_BOMB = zipped((SEASON, bytes(20_000_000)))
BOMB = gzip.compress(bytes(20_000_000))
BACKSLASH = zipped(GOOD, ("repo/xxevil.toml", b"")).replace(b"repo/xxevil", b"repo\\..\\evl")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (zipped(GOOD, ("../../evil.toml", b"")), "holds a path that leads out of it: '../../evil.toml'"),
        (zipped(GOOD, ("repo/aslms/../../x", b"")), "holds a path that leads out of it: 'repo/aslms/../../x'"),
        (zipped(GOOD, ("/etc/evil.toml", b"")), "holds a path that leads out of it: '/etc/evil.toml'"),
        (zipped(GOOD, ("C:/evil.toml", b"")), "holds a path that leads out of it: 'C:/evil.toml'"),
        (BACKSLASH, "holds a path that leads out of it: 'repo\\\\..\\\\evl.toml'"),
        (tarred(GOOD, ("../evil.toml", b"")), "holds a path that leads out of it: '../evil.toml'"),
        (tarred(GOOD, ("/evil.toml", b"")), "holds a path that leads out of it: '/evil.toml'"),
        (zipped((symlink(SEASON), b"/etc/passwd")), f"holds a link: {SEASON!r}"),
        (zipped((symlink("repo/aslms"), b"/etc")), "holds a link: 'repo/aslms'"),
        (tarred((special(SEASON, tarfile.SYMTYPE, linkname="/etc/passwd"), None)), f"holds a link: {SEASON!r}"),
        (
            tarred(GOOD, (special(SEASON + "x", tarfile.LNKTYPE, linkname=SEASON), None)),
            f"holds a link: {SEASON + 'x'!r}",
        ),
        (tarred(GOOD, (special("r/null", tarfile.CHRTYPE), None)), "holds a device or a pipe: 'r/null'"),
        (tarred(GOOD, (special("r/disk", tarfile.BLKTYPE), None)), "holds a device or a pipe: 'r/disk'"),
        (tarred(GOOD, (special("r/pipe", tarfile.FIFOTYPE), None)), "holds a device or a pipe: 'r/pipe'"),
        (tarred(GOOD, GOOD), f"holds a file twice: {SEASON!r}"),
        (
            tarred(GOOD, ("other/aslms/2030/season.toml", b"")),
            "holds several folders called 'aslms': 'other', 'repo-main/calendars'",
        ),
        (zipped(*[(f"r/{number}", b"") for number in range(20_001)]), "holds more than 20,000 files"),
        (tarred(*[(f"r/{number}", b"") for number in range(20_001)]), "holds more than 20,000 files"),
        (zipped(("repo/README.md", b"")), "holds no folder 'aslms' with definitions"),
        (zipped((SEASON, b"\xff")), f"holds a file that is not UTF-8: {SEASON!r}"),
        (
            zipped((SEASON, os.urandom(300_000))),
            f"holds more, or larger, definitions than are read: {SEASON!r}",
        ),
        (
            tarred(*[(f"r/aslms/s{number}/season.toml", b"") for number in range(201)]),
            "holds more, or larger, definitions than are read: 'r/aslms/s200/season.toml'",
        ),
        (ZIP_BOMB, f"unpacks to more than it may: {len(ZIP_BOMB):,} bytes become 20,000,000 or more"),
        (BOMB, f"unpacks to more than it may: {len(BOMB):,} bytes become {100 * len(BOMB) + 1:,} or more"),
        (zipped(GOOD)[:-30], "is no .zip, or not the whole of one"),
        (tarred(GOOD)[:-12], "ends in the middle of its gzip"),
        (gzip.compress(b"no tar at all" * 100), "is no .tar, or not the whole of one"),
        (b"\x1f\x8bno gzip", "is damaged gzip"),
        (b"<!DOCTYPE html>", "is neither a .zip nor a .tar.gz"),
        (
            zipped(GOOD, compression=zipfile.ZIP_BZIP2),
            f"holds a file that is encrypted, or packed in an odd way: {SEASON!r}",
        ),
    ],
)
def test_a_hostile_archive_is_refused_with_the_reason(body, reason):
    """Slips, bombs, links, devices, doubles, halves: none is unpacked, and each says what it is."""
    assert refusal(read_archive, body, "aslms") == reason


def test_a_zip_that_lies_about_sizes_and_checksums_is_refused():
    """What a file is said to be and what it is may differ."""
    body = zipped((SEASON, b"a = 1 # long enough to be told apart"), compression=zipfile.ZIP_STORED)
    assert refusal(read_archive, body.replace(b"told apart", b"torn apart"), "aslms") == (
        f"holds a file that is damaged: {SEASON!r}"
    )


def test_links_elsewhere_are_nobodys_business():
    """Nothing is unpacked, so a link outside the series' folder leads nowhere."""
    body = tarred(GOOD, (special("repo/latest", tarfile.SYMTYPE, linkname="/etc"), None))
    assert read_archive(body, "aslms") == {"2030/season.toml": "a = 1"}

"""Files that are whole or not there: replaced, made, and synced with their folders."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from aslms_feeds.errors import Busy
from aslms_feeds.publication import files


@pytest.fixture
def synced(monkeypatch):
    """Return the paths that were synced, in order."""
    paths, real = [], os.fsync

    def fsync(handle):
        paths.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_file_is_replaced_whole(tmp_path, before):
    """Whether it was there or not; whoever has the old one open reads on in it."""
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    reader = path.open("rb") if before else None
    files.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    if reader:
        with reader:
            assert reader.read() == before


def test_its_bytes_are_synced_before_it_has_its_name(tmp_path, synced):
    """A loss of power leaves the old file or the new one, never an empty one; or it is not asked for."""
    files.replace(tmp_path / "file", b"new")
    assert synced == [f"{tmp_path}/.file"]
    files.replace(tmp_path / "file", b"newer", synced=False)
    assert synced == [f"{tmp_path}/.file"]
    files.sync(tmp_path)
    assert synced[1:] == [str(tmp_path)]


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    """On a full disk, and where a folder has the name."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    (tmp_path / "folder").mkdir()

    def full(_handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            files.replace(path, b"new")
    with pytest.raises(OSError, match="directory"):
        files.replace(tmp_path / "folder", b"new")
    assert path.read_bytes() == b"old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


def test_what_somebody_left_beside_it_is_no_hindrance(tmp_path):
    """Half a file of one who died is thrown away; a planted link is not followed."""
    (tmp_path / ".file").write_bytes(b"half")
    files.replace(tmp_path / "file", b"new")
    (tmp_path / ".file").symlink_to(tmp_path / "elsewhere")
    files.replace(tmp_path / "file", b"newer")
    assert (tmp_path / "file").read_bytes() == b"newer"
    assert stat.S_ISREG((tmp_path / "file").lstat().st_mode)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_new_file_is_never_written_over_another(tmp_path, synced):
    """Nor through a link."""
    files.create(tmp_path / "file", b"one")
    assert synced == [f"{tmp_path}/file"]
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            files.create(tmp_path / name, b"two")
    assert (tmp_path / "file").read_bytes() == b"one"
    assert not (tmp_path / "elsewhere").exists()


def test_many_are_synced_and_the_first_that_fails_is_said(tmp_path, monkeypatch):
    """Files and folders, each once, in any order; nothing is left at work when one cannot be."""
    for number in range(99):
        (tmp_path / f"{number}").write_bytes(b"x")
    paths = [str(tmp_path), *(str(tmp_path / f"{number}") for number in range(99))]
    synced_paths, broken, real = [], "", os.fsync

    def fsync(handle):
        path = str(Path(f"/proc/self/fd/{handle}").readlink())
        synced_paths.append(path)
        if path == broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    files.sync_all(paths)
    assert sorted(synced_paths) == sorted(paths)
    broken, at_work = paths[7], threading.active_count()
    with pytest.raises(OSError, match="Input/output error"):
        files.sync_all(paths)
    assert broken in synced_paths[len(paths) :]
    assert threading.active_count() == at_work
    with pytest.raises(FileNotFoundError):
        files.sync_all([*paths[:3], str(tmp_path / "gone")])
    files.sync_all([])


@pytest.mark.parametrize("folder", [False, True])
def test_a_lock_has_one_holder_and_ends_with_it(tmp_path, folder):
    """By a file, which is made, or by a folder; who comes second is told so at once, in the words of the caller."""
    path, message = tmp_path if folder else tmp_path / "lock", "somebody writes here"
    with (
        files.hold_lock(path, message, folder=folder),
        pytest.raises(Busy, match=message),
        files.hold_lock(path, message, folder=folder),
    ):
        pass
    with files.hold_lock(path, message, folder=folder):
        pass


def test_a_lock_is_not_made_through_a_link(tmp_path):
    """A planted link leads nowhere."""
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), files.hold_lock(tmp_path / "lock", ""):
        pass
    assert not (tmp_path / "elsewhere").exists()

"""Reading a calendars folder: every definition file, nothing else, and nothing that leads elsewhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

import pytest

from aslms_feeds.definitions import files
from aslms_feeds.errors import UsageError
from seasons import contents


@pytest.fixture
def folder(tmp_path):
    """Return a calendars folder with one series."""
    calendars = tmp_path / "calendars"
    for path, data in contents().items():
        (calendars / path).parent.mkdir(parents=True, exist_ok=True)
        (calendars / path).write_bytes(data)
    return calendars


def refused(folder: Path) -> str:
    """Return why a folder is refused; there is always a way out."""
    with pytest.raises(UsageError) as raised:
        files.read_calendars_folder(folder)
    assert raised.value.hint
    return str(raised.value).replace(f"{folder}/", "")


def test_every_definition_file_is_read(folder):
    """The files come back by their paths below the folder, as they are."""
    assert files.read_calendars_folder(folder) == contents()


@pytest.mark.parametrize(
    "path",
    [
        *("README.md", "trial/notes.txt", "trial/2030/season.toml~", "trial/2030/season.toml.swp", "toml"),
        *(".git/config.toml", ".hidden.toml", "trial/.draft/season.toml", "trial/2030/.season.toml"),
        *("schema/season.toml", "trial/2030/deeper/season.toml"),
    ],
)
def test_what_is_no_definition(folder, path):
    """Notes, hidden files, an editor's leavings, schemas and deeper folders are not read."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(b"x")
    assert files.read_calendars_folder(folder) == contents()


def test_a_series_may_have_a_season_called_schema(folder):
    """Only the folder of the schemas themselves is left out."""
    (folder / "trial/schema").mkdir()
    (folder / "trial/schema/season.toml").write_bytes(b"x")
    assert "trial/schema/season.toml" in files.read_calendars_folder(folder)


def test_a_huge_file_is_cut_where_it_is_too_large(folder):
    """One byte more than is allowed says enough; memory is not filled."""
    (folder / "trial/2030/news.toml").write_bytes(b"#" * 10**6)
    assert len(files.read_calendars_folder(folder)["trial/2030/news.toml"]) == 256 * 1024 + 1


def test_no_folder(tmp_path):
    """A folder that is not there is named, with the option that names another."""
    with pytest.raises(UsageError) as raised:
        files.read_calendars_folder(tmp_path / "nowhere")
    assert str(raised.value) == f"there is no folder {tmp_path / 'nowhere'}"
    assert raised.value.hint == "name the folder of the definitions with --calendars"


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../../secret.toml", "/dev/zero", "/nowhere/at/all", "/proc/self/environ"]
)
def test_a_link_out_of_the_folder(folder, target):
    """A definition that is a link to somewhere else is refused, whatever is there."""
    (folder.parent / "secret.toml").write_bytes(b"secret")
    (folder / "trial/2030/season.toml").unlink()
    (folder / "trial/2030/season.toml").symlink_to(target)
    assert refused(folder) == "trial/2030/season.toml is a link that leads out of the folder of the definitions"


def test_a_folder_that_is_a_link_out_of_the_folder(folder, tmp_path):
    """A whole series or season from elsewhere is refused as well, and so is one through two links."""
    (tmp_path / "other/2031").mkdir(parents=True)
    (tmp_path / "other/2031/season.toml").write_bytes(b"x")
    (folder / "trial/2031").symlink_to(tmp_path / "other/2031")
    assert refused(folder) == "trial/2031 is a link that leads out of the folder of the definitions"
    (folder / "trial/2031").unlink()
    (folder / ".out").symlink_to(tmp_path / "other")
    (folder / "cup").symlink_to(".out")
    assert refused(folder) == "cup is a link that leads out of the folder of the definitions"


def test_a_folder_beside_with_the_same_beginning(folder):
    """`calendars-old` is not inside `calendars`."""
    beside = folder.with_name("calendars-old")
    beside.mkdir()
    (beside / "x.toml").write_bytes(b"x")
    (folder / "x.toml").symlink_to("../calendars-old/x.toml")
    assert refused(folder) == "x.toml is a link that leads out of the folder of the definitions"


def test_links_within_the_folder(folder):
    """Two seasons may share a file, and the folder itself may be a link."""
    (folder / "trial/2031").mkdir()
    (folder / "trial/2031/season.toml").symlink_to("../2030/season.toml")
    (folder.parent / "link").symlink_to("calendars")
    for path in (folder, folder.parent / "link"):
        assert files.read_calendars_folder(path)["trial/2031/season.toml"] == contents()["trial/2030/season.toml"]


def test_a_link_in_a_circle(folder):
    """A folder that contains itself ends at the depth of a season; a link to itself is refused."""
    (folder / "again").symlink_to(".")
    assert "again/trial/series.toml" in files.read_calendars_folder(folder)
    (folder / "again").unlink()
    (folder / "x.toml").symlink_to("x.toml")
    assert "x.toml" in refused(folder)


def test_what_could_keep_us_waiting(folder):
    """A pipe, a socket and a folder called like a definition are refused at once."""
    path = folder / "trial/2030/news.toml"
    os.mkfifo(path)
    reason = "trial/2030/news.toml is called like a definition file and is no regular file"
    assert refused(folder) == reason
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listening, chdir(path.parent):  # such addresses are short
        listening.bind(path.name)
        assert refused(folder) == reason
    path.unlink()
    path.mkdir()
    assert refused(folder) == reason


def test_a_file_without_rights(folder):
    """A file that may not be read is named, with what to do; asked by somebody who is not root."""
    (folder / "trial/series.toml").chmod(0)
    temporary = Path(tempfile.gettempdir())
    for path in (folder, *(parent for parent in folder.parents if temporary in parent.parents)):
        path.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path; from aslms_feeds.definitions import files as sources\n"
        "from aslms_feeds.errors import *\n"
        "os.getuid() or os.seteuid(65534)\n"
        "try: sources.read_calendars_folder(Path(sys.argv[1]))\nexcept UsageError as error: print(error)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    assert process.stdout == f"cannot read {folder}/trial/series.toml: Permission denied\n"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("trial/2030/news.toml", "something in {}/trial is called like a definition file and is no regular file"),
        ("trial/series.toml", "{}/trial/series.toml is called like a definition file and is no regular file"),
        ("circuits.toml", "{}/circuits.toml is called like a definition file and is no regular file"),
    ],
)
def test_what_is_wrong_in_a_season_may_be_under_embargo(folder, path, message):
    """A log names its series alone; a person is told where to look."""
    (folder / path).unlink(missing_ok=True)
    os.mkfifo(folder / path)
    with pytest.raises(UsageError) as raised:
        files.read_calendars_folder(folder, named=False)
    assert str(raised.value) == message.format(folder)
    assert raised.value.hint == "move it out of the folder; aslms-feeds check names it"


def test_a_season_without_rights_is_not_named(folder):
    """Neither is one whose folder may not be read, or whose link leads elsewhere."""
    (folder / "trial/2031").symlink_to("/etc")
    with pytest.raises(UsageError) as raised:
        files.read_calendars_folder(folder, named=False)
    link = "is a link that leads out of the folder of the definitions"
    assert str(raised.value) == f"something in {folder}/trial {link}"
    (folder / "trial/2031").unlink()
    (folder / "trial/2031").symlink_to("2031")
    with pytest.raises(UsageError) as raised:
        files.read_calendars_folder(folder, named=False)
    assert "2031" not in str(raised.value)


def test_files_by_series():
    """Each series has its own files and the shared ones; the shared ones alone are no series."""
    shared = {"publisher.toml": b"p", "circuits.toml": b"c"}
    assert files.group_by_series({**shared, "a/series.toml": b"a", "b/1/season.toml": b"b", "x.toml": b"x"}) == {
        "a": {**shared, "a/series.toml": b"a"},
        "b": {**shared, "b/1/season.toml": b"b"},
    }
    assert files.group_by_series(shared) == {}

"""Watching: an edit is public once it has stood, a wrong one is reported, and the watcher ends when it should."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import commands
import pytest
from contracts.services import PATCHED, PATIENCE, alive, children, edit, until, watching, write

from aslms_feeds.builds.watch import Looks
from aslms_feeds.publication.stores.local import LocalStore
from seasons import SEASON

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def calendars(tmp_path):
    """Return a calendars folder with one series."""
    return write(tmp_path / "calendars")


@pytest.fixture(scope="module")
def _published(tmp_path_factory):
    """Publish that folder."""
    folder = tmp_path_factory.mktemp("published")
    write(folder / "calendars")
    assert commands.run(folder, "build", "--output", "output").status == 0
    return folder


@pytest.fixture
def published(_published, tmp_path):
    """Return a calendars folder that has been published to ``output`` beside it: a watcher finds nothing to do."""
    return shutil.copytree(_published, tmp_path, symlinks=True, dirs_exist_ok=True) / "calendars"


def looked_at(folder: Path) -> tuple[int, int]:
    """Return what every build changes, also one that has nothing to do."""
    record = (folder / "output/last-run").stat()
    return record.st_ino, record.st_mtime_ns


def look(looks: Looks) -> int:
    """Look until something was edited, and a little longer; return how many files and folders were."""
    return until(looks.edited) + looks.edited()


# --- Looking ---------------------------------------------------------------------------------------------------------


def test_what_is_written_made_moved_and_removed_is_seen(tmp_path):
    """Files and folders, at any depth; and once each."""
    looks = Looks(tmp_path)
    assert looks.edited() == 0
    (tmp_path / "publisher.toml").write_text("")
    assert look(looks) == 1
    (tmp_path / "aslms/2023-24").mkdir(parents=True)
    assert look(looks) >= 1
    (tmp_path / "aslms/2023-24/season.toml").write_text("x")
    assert look(looks) == 1
    (tmp_path / "aslms").rename(tmp_path / "other")
    assert look(looks) >= 1
    (tmp_path / "other/2023-24/season.toml").unlink()
    assert look(looks) == 1
    assert looks.edited() == 0


def test_what_is_no_definition_is_no_edit(tmp_path):
    """What editors leave beside a file, hidden files and texts wake nobody, however often they are written."""
    looks = Looks(tmp_path)
    for number in range(3):
        for name in ("season.toml~", ".season.toml.swp", ".#season.toml", "README.md", ".hidden.toml"):
            (tmp_path / name).write_text(str(number))
        assert looks.edited() == 0
    (tmp_path / "season.toml").write_text("x")
    assert look(looks) == 1


def test_a_folder_that_comes_and_goes(tmp_path):
    """It need not be there; when it is there, or another is in its place, that is an edit."""
    folder = tmp_path / "calendars"
    looks = Looks(folder)
    assert looks.edited() == 0
    folder.mkdir()
    assert look(looks) == 1
    folder.rename(tmp_path / "away")
    until(lambda: not looks.edited())
    (tmp_path / "new").mkdir()
    (tmp_path / "new").rename(folder)
    assert look(looks) == 1
    (folder / "a.toml").write_text("x")
    assert look(looks) == 1


def test_where_the_system_cannot_tell_the_files_are_looked_at(tmp_path):
    """With no watches left to have, edits are seen all the same, and the log says why it is slower."""
    code = (
        "import logging, resource, sys; from pathlib import Path\n"
        "from aslms_feeds.builds.watch import Looks\n"
        "logging.basicConfig(stream=sys.stdout, format='%(message)s')\n"
        "import watchfiles.main as main\n"
        "real = main.RustNotify\n"
        "def without(paths, debug, polling, *more):\n"
        "    if not polling: raise OSError('OS file watch limit reached. (os error 28)')\n"
        "    return real(paths, debug, polling, *more)\n"
        "main.RustNotify = without\n"
        "folder = Path(sys.argv[1]); looks = Looks(folder); looks.edited()\n"
        "(folder / 'a.toml').write_text('x')\n"
        "while not looks.edited(): pass\n"
        "print('seen')"
    )
    command = [sys.executable, "-c", code, tmp_path]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
    assert output.splitlines() == [
        f"the system cannot tell of changes in {tmp_path}, so its files are looked at themselves: "
        "OS file watch limit reached. (os error 28)",
        "seen",
    ]


def test_a_look_is_silent_where_all_is_well(tmp_path, caplog):
    """Nothing is logged for a folder that is there."""
    with caplog.at_level(logging.INFO, "aslms_feeds"):
        Looks(tmp_path).edited()
    assert caplog.messages == []


# --- Publishing what is edited ---------------------------------------------------------------------------------------


def test_edits(calendars, tmp_path):
    """What is there is published at once; an edit when it has stood; edits in quick succession are one build.

    A wrong definition is named with its line; the watcher goes on, and what is mended is public.
    """
    with watching(calendars, tmp_path / "output", settle=1.5, measured=False) as watcher:
        watcher.reaches(1)
        watcher.rests()
        for hour in (14, 15, 16, 17, 18):
            before = len(watcher.rows)
            edit(calendars, hour)
            watcher.tells("edit", before, files=1)
        watcher.reaches(2)
        watcher.rests(before)
        assert "DTSTART:20300302T090000Z" in (tmp_path / "output/site/trial/trial-races.ics").read_text()
        assert watcher.generation() == 2
        before = len(watcher.rows)
        edit(calendars, "x")
        wrong = watcher.tells("problem", before, subject="trial")
        assert (wrong["file"], wrong["line"]) == (f"{calendars}/trial/2030/season.toml", 27)
        watcher.tells("failed", before, subject="trial", generation=2)
        edit(calendars, 14)
        watcher.reaches(3)


def test_what_is_edited_during_a_build_is_not_missed(calendars, tmp_path):
    """An edit while the first build runs is published after it, without another edit."""
    with watching(calendars, tmp_path / "output", settle=0, measured=False) as watcher:
        until((tmp_path / "output/lock").exists)
        edit(calendars, 14)
        edit(calendars, 15)
        races = tmp_path / "output/site/trial/trial-races.ics"
        until(lambda: races.exists() and "DTSTART:20300302T060000Z" in races.read_text(), watcher.rows)


def test_a_new_file_a_new_series_and_a_file_that_goes(published, tmp_path):
    """Whatever appears below the folder is noticed, and so is what goes."""
    with watching(published, tmp_path / "output", measured=False) as watcher:
        watcher.rests()
        shutil.copytree(published / "trial", tmp_path / "cup")
        (tmp_path / "cup").rename(published / "cup")
        watcher.reaches(1, "cup")
        (published / "trial/2030/season.toml").unlink()
        watcher.tells("failed", subject="trial", generation=1)


@pytest.mark.parametrize("how", ["replaced", "switched"])
def test_the_folder_itself_is_replaced(published, tmp_path, how):
    """A folder that is moved away and comes back, or a link to it that is switched, is watched on."""
    new = write(tmp_path / "new", SEASON.replace("03-02T13:00", "03-02T14:00"))
    place = published
    if how == "switched":
        place = tmp_path / "link"
        place.symlink_to(published)
    with watching(place, tmp_path / "output", measured=False) as watcher:
        watcher.rests()
        if how == "switched":
            (tmp_path / "fresh").symlink_to(new)
            (tmp_path / "fresh").rename(place)
        else:
            published.rename(tmp_path / "old")
            watcher.tells("failed", subject="", error=f"there is no folder {published}")
            new.rename(published)
        watcher.reaches(2)
        edit(place, 15)
        watcher.reaches(3)


def test_a_build_that_was_busy_is_tried_again(calendars, tmp_path):
    """What failed since another build was at work is tried again without an edit; it is noted once."""
    with ExitStack() as stack:
        stack.enter_context(LocalStore(tmp_path / "output").lock())
        with watching(calendars, tmp_path / "output", measured=False) as watcher:
            watcher.tells("busy")
            first = watcher.builder()
            until(lambda: [pid for pid in children(watcher.process.pid, b"build") if pid != first])
            stack.close()
            watcher.reaches(1)
            assert watcher.events().count("busy") == 1


# --- Ending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(published, tmp_path, number):
    """SIGTERM ends it with status 0, Ctrl-C with 130, soon and without a trace."""
    with watching(published, tmp_path / "output") as watcher:
        watcher.rests()
        watcher.process.send_signal(number)
        assert watcher.process.wait(PATIENCE) == (0 if number == signal.SIGTERM else 130)
        watcher.tells("stopped")
        assert watcher.other == []


def test_it_ends_with_its_parent(published, tmp_path):
    """A watcher that was started for a server does not outlive it."""
    code = (
        "import subprocess, sys, os\n"
        "watch = [sys.executable, '-m', 'aslms_feeds', 'watch', '--parent', str(os.getpid())]\n"
        "child = subprocess.Popen([*watch, *sys.argv[1:]])\n"
        "print(child.pid, flush=True); child.wait()"
    )
    command = [sys.executable, "-c", code, "--calendars", published, "--output", tmp_path / "output"]
    looked = looked_at(tmp_path)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        watcher = int(parent.stdout.readline())
        until(lambda: looked_at(tmp_path) != looked)
        parent.kill()
    until(lambda: not alive(watcher))


def test_a_server_watches_and_starts_its_watcher_again(published, tmp_path):
    """`serve --watch` publishes edits; a watcher that is killed is started again; both end together."""
    code = PATCHED.format(seconds=0.2, grace=10)
    command = [sys.executable, "-c", code, "serve", "--watch", "--settle", "0.1", "--port", str(_free_port())]
    command += ["--calendars", str(published), "--output", str(tmp_path / "output")]
    races = tmp_path / "output/site/trial/trial-races.ics"
    looked = looked_at(tmp_path)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            until(lambda: looked_at(tmp_path) != looked)
            first = until(lambda: children(server.pid, b"watch"))[0]
            os.kill(first, signal.SIGKILL)
            second = until(lambda: [pid for pid in children(server.pid, b"watch") if pid != first])[0]
            edit(published, 15)
            until(lambda: "DTSTART:20300302T060000Z" in races.read_text())
        finally:
            server.terminate()
            output, _nothing = server.communicate(timeout=PATIENCE)
    assert ' died watcher how="died with signal 9"\n' in output
    assert not alive(second)


def _free_port() -> int:
    import socket

    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return attempt.getsockname()[1]

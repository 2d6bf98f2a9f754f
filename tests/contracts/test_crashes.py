"""Whatever ends or hampers a builder, what is public is one whole generation, and the next build is right."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contracts.crashing import FEW, KILLED, STORAGE, arm, calls_of, child, fail_at, kill_at, leftovers, stamps, whole
from untraced import untraced

import seasons
from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import CALENDAR, HTML, INDEX, PNG, Document
from aslms_feeds.publication.publish import publish
from aslms_feeds.publication.stores.local import LocalStore

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DRIVER = Path(__file__).with_name("crashing.py")
KILLS = int(os.environ.get("CRASHES", "12"))
"""How many builders are killed at random moments; `CRASHES=500` for a long look."""

FIRST = (
    Document("index.html", HTML, b"<p>first</p>" * 40),
    Document("2030/races.ics", CALENDAR, b"BEGIN:VCALENDAR\r\n" * 40),
    Document("2030/same.ics", CALENDAR, b"the same\r\n" * 60),
    Document("icon.png", PNG, bytes(range(256))),
)
SECOND = (
    Document("index.html", HTML, b"<p>second</p>" * 40),
    FIRST[2],
    Document("2030/new/all.ics", CALENDAR, b"new\r\n"),
)
STATE = {"ledger/2030.json": b"1"}


def build(output: Path, documents: tuple[Document, ...], now: datetime, part: str = "trial") -> None:
    """Publish as a build does, under the lock."""
    store = LocalStore(output)
    with store.lock():
        publish(store, part, documents, STATE, now=now)


def public(output: Path, part: str = "trial") -> dict[str, str] | None:
    """Return the digests of what is public, compared with the manifest; None before the first publication."""
    folder = output / INDEX if part == INDEX else output / "series" / part
    return whole(folder / "current" / "site")[1] if (folder / "current").exists() else None


def after(*editions: tuple[Document, ...]) -> dict[str, str]:
    """Return the digests of what is public when editions were published one after the other."""
    return {document.path: document.sha256 for edition in editions for document in edition}


@pytest.fixture(params=["first publication", "second generation", "index"])
def place(request, tmp_path):
    """Return a folder to publish into, what is public in it, what comes next, and the part."""
    output = tmp_path / "kept"
    output.mkdir()
    if request.param != "first publication":
        build(output, FIRST, NOW)
    if request.param == "index":
        build(output, FIRST, NOW, INDEX)
    old = () if request.param == "first publication" else (FIRST,)
    return output, old, INDEX if request.param == "index" else "trial"


def _fresh(output: Path) -> Path:
    copy = output.with_name("tried")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(output, copy, symlinks=True)
    return copy


def _next_build_is_right(output: Path, part: str, old: tuple[tuple[Document, ...], ...]) -> None:
    before = LocalStore(output).read_current(part)
    build(output, SECOND, LATER, part)
    assert public(output, part) == after(*old, SECOND)
    assert leftovers(output) == []
    now = LocalStore(output).read_current(part)
    assert now.manifest.generation == len(old) + 1, "what nobody saw needs no number"
    if before:
        for path, listed in before.manifest.documents.items():
            assert now.manifest.documents[path].modified >= listed.modified
    assert whole(output / "site")[0] if part == INDEX else (output / "site").is_symlink()


def test_killed_before_any_system_call(place):
    """A builder that dies before its n-th system call, for every n, leaves the old or the new generation."""
    publication, old, part = place
    output = _fresh(publication)
    calls = calls_of(lambda: build(output, SECOND, LATER, part))
    assert {"open", "fsync", "mkdir", "rename", "symlink"} <= set(calls)
    states = set()
    for number in range(1, len(calls) + 1):
        output = _fresh(publication)
        status = child(lambda number=number, output=output: (arm(kill_at(number)), build(output, SECOND, LATER, part)))
        assert status == KILLED
        generation = public(output, part)
        assert generation in ((after(*old) or None), after(*old, SECOND)), f"killed before call {number}"
        states.add(generation == after(*old, SECOND))
        _next_build_is_right(output, part, old)
    assert states == {False, True}


@pytest.mark.parametrize(
    ("place", "code", "for_good"),
    [
        ("second generation", errno.ENOSPC, True),
        ("second generation", errno.EIO, False),
        ("first publication", errno.EDQUOT, False),
        ("index", errno.EROFS, True),
    ],
    indirect=["place"],
    ids=["full", "broken", "quota", "read-only"],
)
def test_failing_system_calls(place, code, for_good):
    """When the n-th system call fails, for every n, the build says so and what is public stays whole."""
    publication, old, part = place
    output = _fresh(publication)
    calls = calls_of(lambda: build(output, SECOND, LATER, part))
    reported = 0
    for number in range(1, len(calls) + 1):
        output = _fresh(publication)
        trouble = fail_at(number, code, for_good=for_good)
        status = child(lambda trouble=trouble, output=output: (arm(trouble), build(output, SECOND, LATER, part)))
        generation = public(output, part)
        if status == 0:
            assert generation == after(*old, SECOND), f"{calls[number - 1]} (call {number}) failed and nobody was told"
        else:
            assert status == STORAGE, f"{calls[number - 1]} (call {number})"
            reported += 1
            assert generation in ((after(*old) or None), after(*old, SECOND))
        _next_build_is_right(output, part, old)
    assert reported > len(calls) / 2


def test_a_failed_last_sync_says_that_the_new_generation_is_public(tmp_path):
    """When only the sync after the switch fails, nobody is told that what is public was untouched."""
    build(tmp_path / "kept", FIRST, NOW)
    output = _fresh(tmp_path / "kept")
    calls = calls_of(lambda: build(output, SECOND, LATER))
    last = len(calls) - calls[::-1].index("fsync")
    output = _fresh(tmp_path / "kept")

    def failing() -> None:
        arm(fail_at(last, errno.EIO, for_good=False))
        with pytest.raises(PublicationError, match="generation 2 of trial is public, but may be lost with the power"):
            build(output, SECOND, LATER)

    assert child(failing) == 0
    assert public(output) == after(FIRST, SECOND)


def test_a_full_disk_is_an_error_and_no_damage(tmp_path):
    """On a file system that is really full, the build ends with 74, what is public stays, and room heals it."""
    inside = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from contracts.test_crashes import FIRST, LATER, NOW, SECOND, after, build, leftovers, public
import seasons
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import Document
output = Path(sys.argv[1], "output")
build(output, FIRST, NOW)
large = Document("large.bin", "font/woff2", os.urandom(900_000))
for documents in ((*SECOND, large), tuple(Document(f"{n}.bin", "font/woff2", os.urandom(40_000)) for n in range(40))):
    filler = Path(sys.argv[1], "filler")
    filler.write_bytes(bytes(200_000))
    try:
        build(output, documents, LATER)
        sys.exit("a full disk was not noticed")
    except PublicationError as error:
        assert "No space left on device" in str(error), error
    assert public(output) == after(FIRST)
    assert leftovers(output) == []
    filler.unlink()
build(output, SECOND, LATER)
assert public(output) == after(FIRST, SECOND) and leftovers(output) == []
print("healed")
"""
    # A file system of one megabyte, in a mount namespace of its own that ends with the process.
    mounted = 'mount -t tmpfs -o size=1m,mode=755 none "$1" && shift && exec "$@"'
    command = [sys.executable, "-c", inside, str(tmp_path), str(DRIVER.parent), str(DRIVER.parents[1])]
    private = ["unshare", "--mount", "--map-root-user", "sh", "-c", mounted, "sh", str(tmp_path)]
    possible = shutil.which("unshare") and subprocess.run([*private, "true"], capture_output=True, check=False)
    if possible and possible.returncode == 0:
        process = subprocess.run([*private, *command], capture_output=True, text=True, check=False, timeout=60)
        assert (process.stdout, process.returncode) == ("healed\n", 0), process.stderr
    # Everywhere: no file may grow beyond what it needs, which fails within the writing of a file.
    output = tmp_path / "limited"
    build(output, FIRST, NOW)

    def limited() -> None:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        build(output, (*SECOND, Document("large.bin", "font/woff2", bytes(range(256)) * 400)), LATER)

    assert child(limited) == STORAGE
    assert public(output) == after(FIRST)
    assert leftovers(output) == []
    _next_build_is_right(output, "trial", (FIRST,))


def test_a_whole_build_killed_between_writing_and_switching(tmp_path):
    """A build of a series and the index, cut at every rename and link and at many other calls, is made good."""
    old = seasons.contents(publisher=FEW)
    new = seasons.contents(seasons.SEASON.replace("03-02T13:00", "03-02T15:00"), publisher=FEW)
    later = seasons.NOW + timedelta(hours=1)
    publication, uid = tmp_path / "kept", "race-1.okayama.2030.trial@example.org"
    regenerate(LocalStore(publication), old, now=seasons.NOW)
    before = stamps(publication)[uid]
    output = _fresh(publication)
    calls = calls_of(lambda: regenerate(LocalStore(output), new, now=later))
    chosen = [n for n, name in enumerate(calls, 1) if name in ("rename", "symlink") or n % 80 == 0]
    generations = set()
    for number in chosen:
        output = _fresh(publication)
        run = lambda n=number, o=output: (arm(kill_at(n)), regenerate(LocalStore(o), new, now=later))  # noqa: E731
        assert child(run) == KILLED
        crashed = stamps(output)[uid]
        generations.add(crashed)
        # The definitions of the next run may be others again; the stamps go on from what was public.
        with untraced():
            report = regenerate(LocalStore(output), new, now=later + timedelta(hours=1))
        assert not report.failed
        now = stamps(output)[uid]
        assert now == crashed if crashed != before else now[:2] == (before[0] + 1, "20300110T140000Z")
        assert leftovers(output) == []
        assert whole(output / "site" / "trial")
        assert whole(output / "site")
    assert generations == {before, (1, "20300110T130000Z", "20300302T060000Z")}


def test_killed_at_random_moments_while_others_read(tmp_path):
    """Builders die at random moments while another program reads: nothing torn, missing or mixed; stamps only grow."""
    output = tmp_path / "output"
    run = [sys.executable, str(DRIVER)]
    # Nothing here is for coverage, which would make every build longer and tell of none that is killed.
    plain = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": plain}
    reader = subprocess.Popen([*run, "read", str(output)], **pipes)
    seconds = max(20, KILLS * 0.6)
    try:
        process = subprocess.run(
            [*run, "build", str(output), str(seconds), str(KILLS), "20300301"],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + 60,
            env=plain,
        )
    finally:
        documents = json.loads(reader.communicate(timeout=60)[0])
    assert process.returncode == 0, process.stderr
    built = json.loads(process.stdout)
    assert built["wrong"] == []
    assert built["kills"] >= min(KILLS, 8)
    assert documents["wrong"] == []
    assert documents["rounds"] > 0
    assert documents["generations"] > 1

"""Whether there is anything to do: every input counts, and asking costs next to nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import commands
import pytest
from contracts.crashing import KILLED, child

import aslms_feeds
from aslms_feeds.builds import freshness, recipe
from aslms_feeds.cli import commands as cli_commands
from aslms_feeds.definitions import files as definition_files
from aslms_feeds.publication import last_run
from aslms_feeds.publication.stores.local import LocalStore
from seasons import NOW, PUBLISHER, contents

FEW = PUBLISHER + '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
DUE = datetime(2030, 4, 6, 22, 0, tzinfo=UTC)
"""The end of the season: midnight in Paris after its last race."""
LATER = NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Return a publication with the record of its last run, to be copied."""
    folder, files = tmp_path_factory.mktemp("recorded"), contents(publisher=FEW)
    report = recipe.regenerate(LocalStore(folder), files, now=NOW)
    assert report.next_due == DUE
    prints = freshness.fingerprint_series(files, None)
    last_run.write_last_run(folder, last_run.LastRun(NOW, prints, last_run.read_current_links(folder), report.next_due))
    return folder


@pytest.fixture
def output(recorded, tmp_path):
    """Return such a publication of the test's own."""
    return shutil.copytree(recorded, tmp_path / "output", symlinks=True)


def unchanged(output, files=None, base_url=None, now=LATER):
    """Ask as a build does."""
    return freshness.is_unchanged(output, files or contents(publisher=FEW), base_url, now=now)


@pytest.mark.slow
def test_nothing_changed(output):
    """The same files before the next due instant: nothing to do."""
    assert unchanged(output)
    assert unchanged(output, now=DUE - timedelta(seconds=1))


@pytest.mark.parametrize(
    "path", [*contents(), "trial/2030/news.toml", "trial/2031/season.toml", "cup/series.toml", "x.toml"]
)
def test_any_file_counts(output, path):
    """A file that changed, is new or is gone is noticed, whatever its place."""
    files = contents(publisher=FEW)
    assert not unchanged(output, {**files, path: files.get(path, b"") + b"\n"})
    if path in files:
        assert not unchanged(output, {name: data for name, data in files.items() if name != path})


def test_the_base_address_counts(output):
    """Every document holds it."""
    assert not unchanged(output, base_url="https://elsewhere.example.org")


def test_the_clock_counts(output):
    """What is due is looked at, from its second on; so is a clock that went back."""
    assert not unchanged(output, now=DUE)
    assert not unchanged(output, now=NOW - timedelta(seconds=1))


@pytest.mark.parametrize("link", ["series/trial/current", "index/current", "site"])
@pytest.mark.parametrize("target", ["generations/7", None])
def test_a_link_switched_by_hand_counts(output, link, target):
    """Another generation than the one that was published is noticed, and so is none."""
    (output / link).unlink()
    if target:
        (output / link).symlink_to(target)
    assert not unchanged(output)


def test_another_part_counts(output):
    """A series that appeared in the publication is noticed."""
    (output / "series/cup").mkdir()
    (output / "series/cup/current").symlink_to("generations/1")
    assert not unchanged(output)


def test_a_run_with_problems_is_no_last_run(output):
    """After a run that had problems there is always something to do."""
    last_run.write_last_run(output, last_run.LastRun(NOW, {}, last_run.read_current_links(output), None))
    assert not unchanged(output)


@pytest.mark.parametrize(
    "garbled",
    [
        *(b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": 2}', b'{"format": 1}'),
        *(b'{"format":1,"at":"2030-01-10T12:00:00","fingerprints":{"":"x"},"generations":{},"next_due":null}',),
        *(b'{"format":1,"at":3,"fingerprints":{"":"x"},"generations":{},"next_due":null}',),
        *(b'{"format":1,"at":"2030-01-10T12:00:00Z","fingerprints":7,"generations":[1],"next_due":null}',),
        *(
            b'{"format":1,"at":"2030-01-10T12:00:00Z","fingerprints":{"":"x"},"generations":{},"next_due":"2031-01-01"}',
        ),
    ],
)
def test_a_garbled_record_is_none(output, garbled):
    """Whatever stands in `last-run`, the answer is to look, never an error."""
    (output / "last-run").write_bytes(garbled)
    assert not unchanged(output)


def test_no_record_and_no_output(tmp_path):
    """Before the first run there is everything to do."""
    assert not unchanged(tmp_path / "nowhere")


# --- A copy of the package, in processes of their own ---------------------------------------------------------------

UNMEASURED = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
"""Coverage of a copy is nothing, and coverage loads what the program does not."""


@pytest.fixture
def package(tmp_path):
    """Return a folder with a copy of the package that a test may change."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(aslms_feeds.__file__).parent, tmp_path / "copy/aslms_feeds", ignore=ignored)
    return tmp_path / "copy"


def run(package: Path, *command: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the copied package."""
    environment = {**UNMEASURED, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run(
        [sys.executable, *map(str, command)], env=environment, capture_output=True, text=True, check=True, timeout=60
    )


@pytest.mark.slow
def test_any_file_of_the_package_counts(package):
    """Code, template, style sheet, translation: whatever differs makes other documents."""
    ask = (
        "from aslms_feeds.builds import freshness; "
        "print(freshness.__file__, freshness.fingerprint_series({}, None)[''])"
    )
    folder = [run(package, "-c", ask).stdout]
    assert folder[0].startswith(str(package))
    assert run(package, "-c", ask).stdout == folder[0]
    for name in ("render/ics.py", "render/pages/templates/base.html", "render/pages/static/site.css"):
        path = package / "aslms_feeds" / name
        path.write_bytes(path.read_bytes() + b"\n")
        folder.append(run(package, "-c", ask).stdout)
    (package / "aslms_feeds/editions/locale/xx.mo").parent.mkdir(exist_ok=True)
    (package / "aslms_feeds/editions/locale/xx.mo").write_bytes(b"")
    folder.append(run(package, "-c", ask).stdout)
    assert len(set(folder)) == 5


def test_what_is_installed_while_a_process_runs_counts_for_the_next_one(package):
    """A process publishes with what it has loaded, and records that, not what came after."""
    ask = (
        "from pathlib import Path; from aslms_feeds.builds import freshness\n"
        "before = freshness.fingerprint_series({}, None)\n"
        "path = Path(freshness.__file__).with_name('new.py'); path.write_text('')\n"
        "assert freshness.fingerprint_series({}, None) == before; print(before[''])"
    )
    before = run(package, "-c", ask).stdout
    after = run(
        package, "-c", "from aslms_feeds.builds import freshness; print(freshness.fingerprint_series({}, None)[''])"
    ).stdout
    assert before != after


def test_a_path_that_is_not_there(package):
    """An import path that does not exist is no reason to fail."""
    path = os.pathsep.join((str(package), "/nowhere/site-packages"))
    assert run(
        package,
        "-c",
        "from aslms_feeds.builds import freshness; freshness.fingerprint_series({}, None)",
        PYTHONPATH=path,
    )


@pytest.mark.slow
def test_an_unchanged_build_loads_no_library(tmp_path):
    """A run that finds nothing to do imports none of the libraries that make documents, nor our own modules for it."""
    calendars, output = tmp_path / "calendars", tmp_path / "output"
    for path, data in contents(publisher=FEW).items():
        (calendars / path).parent.mkdir(parents=True, exist_ok=True)
        (calendars / path).write_bytes(data)
    code = (
        "import sys; from aslms_feeds.cli.commands import main\n"
        "assert main(sys.argv[1:]) == 0; print(' '.join(sorted({name for name in sys.modules})))"
    )
    command = [sys.executable, "-c", code, "build", "--calendars", calendars, "--output", output]
    first, second = (
        subprocess.run(command, env=UNMEASURED, capture_output=True, text=True, check=True, timeout=60)
        for _ in range(2)
    )
    loaded = set(second.stdout.split("nothing changed\n")[1].split())
    heavy = {"pydantic", "icalendar", "jinja2", "lxml", "feedgen", "babel", "brotli", "markdown_it", "httpx", "tzdata"}
    assert heavy - {"httpx"} <= set(first.stdout.split())
    assert not loaded & heavy
    ours = {name for name in loaded if name.startswith("aslms_feeds.")}
    modules = (
        "builds.build",
        "builds.freshness",
        "cli.arguments",
        "cli.building",
        "cli.commands",
        "cli.statuses",
        "definitions.files",
        "errors",
        "identity",
        "instants",
        "publication.last_run",
        "publication.records",
        "settings",
    )
    rooms = {name.partition(".")[0] for name in modules if "." in name}
    assert ours == {f"aslms_feeds.{name}" for name in (*modules, *rooms)}


def test_the_record_of_a_build_that_died_is_gone(tmp_path):
    """A build removes the record before it writes, so that the next one looks whatever the fingerprints say."""
    calendars, output = tmp_path / "calendars", tmp_path / "output"
    for path, data in contents(publisher=FEW).items():
        (calendars / path).parent.mkdir(parents=True, exist_ok=True)
        (calendars / path).write_bytes(data)
    command = ["build", "--calendars", str(calendars), "--output", str(output)]
    assert commands.run(tmp_path, *command).status == 0
    assert freshness.is_unchanged(
        output, definition_files.read_calendars_folder(calendars), None, now=datetime.now(UTC)
    )
    (calendars / "trial/series.toml").write_bytes(b"")

    def dies():
        recipe.regenerate = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
        cli_commands.main(command)

    assert child(dies) == KILLED
    assert not (output / "last-run").exists()

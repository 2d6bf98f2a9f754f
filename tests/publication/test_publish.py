"""Publishing what changed, and the whole flow: what becomes of each series when something is wrong with one."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import commands
import pytest

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.errors import PublicationError
from aslms_feeds.ledger.ledger import read_ledger
from aslms_feeds.publication.manifest import HTML, INDEX, Changes, Document
from aslms_feeds.publication.publish import publish
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import NOW, PUBLISHER, SEASON, contents

FEW = PUBLISHER + '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
LATER = NOW + timedelta(hours=1)
MOVED = SEASON.replace("2030-03-02T13:00", "2030-03-02T15:00")
PAGE = Document("index.html", HTML, b"a page")


def two(first: str = SEASON, second: str = SEASON, publisher: str = FEW, seasons: tuple[str, ...] = ("2030",)):
    """Return a calendars folder with the series ``trial`` and ``cup``, the first with as many seasons as are named."""
    files = contents(first, publisher=publisher)
    cup = contents(second, name="2030", publisher=publisher)
    files |= {path.replace("trial/", "cup/"): data for path, data in cup.items()}
    for name in seasons:
        files[f"trial/{name}/season.toml"] = first.replace("2030", name).encode()
    return files


def built(store, files, now=NOW):
    """Return what became of each part."""
    return {part.name: part for part in regenerate(store, files, now=now).parts}


def write(folder: Path, files) -> Path:
    """Write a calendars folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def run(*arguments) -> commands.Ending:
    """Run the command."""
    return commands.run(Path.cwd(), *map(str, arguments))


@pytest.fixture(scope="module")
def _once(tmp_path_factory):
    """Publish two series."""
    output = tmp_path_factory.mktemp("once")
    built(LocalStore(output), two())
    return output


@pytest.fixture
def once(_once, tmp_path):
    """Return a publication of two series, of the test's own."""
    return shutil.copytree(_once, tmp_path / "output", symlinks=True)


@pytest.fixture(scope="module")
def _twice(_once, tmp_path_factory):
    """Publish one of them again."""
    output = shutil.copytree(_once, tmp_path_factory.mktemp("twice"), symlinks=True, dirs_exist_ok=True)
    built(LocalStore(output), two(MOVED), LATER)
    return output


@pytest.fixture
def twice(_twice, tmp_path):
    """Return a publication of two series, one of which was published twice, of the test's own."""
    return shutil.copytree(_twice, tmp_path / "output", symlinks=True)


# --- publish --------------------------------------------------------------------------------------------------------


class Watched(MemoryStore):
    """A memory store that notes what it is given to write."""

    def __init__(self):
        """Start empty."""
        super().__init__()
        self.switched = []

    def switch(self, manifest, put, state):
        """Note the paths and switch."""
        documents = tuple(put)
        self.switched.append((manifest.generation, [document.path for document in documents]))
        super().switch(manifest, documents, state)


def test_only_what_changed_is_written():
    """The store is given a publication, writes what differs, and is left alone when nothing does."""
    store, races = Watched(), Document("2030/races.ics", HTML, b"races")
    publish(store, "trial", [PAGE, races], {}, now=NOW)
    publish(store, "trial", [PAGE, races], {}, now=LATER)
    manifest, change = publish(store, "trial", [PAGE, Document(races.path, HTML, b"moved")], {}, now=LATER)
    assert store.switched == [(1, ["index.html", "2030/races.ics"]), (2, ["index.html", "2030/races.ics"])]
    assert (manifest.generation, [document.path for document in change.put]) == (2, ["2030/races.ics"])


def test_a_ledger_that_changes_is_published_with_the_same_documents():
    """State alone makes a generation: stamps that nobody stored would be given twice."""
    store = MemoryStore()
    publish(store, "trial", [PAGE], {"ledger": b"1"}, now=NOW)
    manifest, change = publish(store, "trial", [PAGE], {"ledger": b"2"}, now=LATER)
    assert (manifest.generation, change) == (2, Changes(put=(), left=()))


# --- One series and the others --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_broken_series_stays_and_the_other_is_published(once):
    """The series with a wrong file stays at its last generation; the other moves; the report names the place."""
    store = LocalStore(once)
    before = store.read_document("trial", "trial-races.ics")
    parts = built(store, two(MOVED.replace("hours = 4", "hours = 'x'"), MOVED), LATER)
    assert (parts["trial"].generation, parts["cup"].generation) == (1, 2)
    assert [problem.file for problem in parts["trial"].problems] == ["calendars/trial/2030/season.toml"] * 2
    assert store.read_document("trial", "trial-races.ics") == before
    assert b"DTSTART:20300302T060000Z" in store.read_document("cup", "cup-races.ics")
    assert not parts[INDEX].failed
    parts = built(store, two(MOVED, MOVED), LATER)
    assert (parts["trial"].generation, parts["cup"].generation) == (2, 2)


def test_the_command_names_what_stays(tmp_path):
    """The exit status is 1, the message names file, line and generation, and status.json the series."""
    calendars, output = write(tmp_path / "calendars", two()), tmp_path / "output"
    assert run("build", "--calendars", calendars, "--output", output, "--now", NOW.isoformat()).status == 0
    write(calendars, two(SEASON.replace("hours = 4", "hours = 'x'"), MOVED))
    result = run("build", "--calendars", calendars, "--output", output, "--now", LATER.isoformat())
    assert result.status == 1
    assert f"{calendars}/trial/2030/season.toml:28:11: event.okayama.session.race-1.hours: " in result.errors
    assert "trial: stays at generation 1\n" in result.errors
    assert "cup: generation 2, " in result.out
    status = json.loads((output / "status.json").read_bytes())
    assert [(part["part"], part["ok"], part["generation"]) for part in status["parts"]] == [
        ("cup", True, 2),
        ("trial", False, 1),
        ("index", True, 2),
    ]
    # While something is wrong, every run looks again; as soon as it is mended, it is published.
    assert run("build", "--calendars", calendars, "--output", output, "--now", LATER.isoformat()).status == 1
    write(calendars, two(MOVED, MOVED))
    assert run("build", "--calendars", calendars, "--output", output, "--now", LATER.isoformat()).status == 0


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of everything below a folder."""
    return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in root.rglob("*")}


def test_a_second_run_writes_nothing_and_says_so(tmp_path):
    """An unchanged run touches `last-run` alone; one that has to look again writes that and `status.json`."""
    calendars, output = write(tmp_path / "calendars", two()), tmp_path / "output"
    arguments = ("build", "--calendars", calendars, "--output", output)
    first = run(*arguments, "--now", NOW.isoformat())
    assert "trial: generation 1, " in first.out
    before = snapshot(output)
    again = run(*arguments, "--now", LATER.isoformat())
    assert (again.out, again.errors, again.status) == (f"{output}: nothing changed\n", "", 0)
    after = snapshot(output)
    assert {path for path in after if after[path] != before.get(path)} == {str(output / "last-run")}
    (output / "last-run").unlink()
    again = run(*arguments, "--now", LATER.isoformat())
    assert (again.out, again.status) == (f"{output}: nothing changed\n", 0)
    after = snapshot(output)
    assert {path for path in after if after[path] != before.get(path)} == {
        str(output / "last-run"),
        str(output / "status.json"),
    }


@pytest.mark.slow
def test_a_wrong_publisher_file_stops_all_and_loses_nothing(once):
    """What all series share is wrong: nothing is published, everything stays."""
    store = LocalStore(once)
    before = snapshot(once)
    parts = built(store, two(MOVED, MOVED, publisher="name = 3"), LATER)
    assert list(parts) == [INDEX]
    assert parts[INDEX].problems
    assert snapshot(once) == before


def test_a_series_whose_folder_is_gone(once):
    """A series that is public and not defined any more is named, stays, and stays on the front page."""
    store = LocalStore(once)
    files = {path: data for path, data in two(MOVED, MOVED).items() if not path.startswith("cup/")}
    parts = built(store, files, LATER)
    assert [str(problem) for problem in parts["cup"].problems] == [
        "calendars/cup/series.toml: the series 'cup' is published and its folder is gone; put it back"
    ]
    assert parts["trial"].generation == 2
    assert (once / "site/cup/cup-races.ics").is_file()
    assert b"/cup/" in store.read_document(INDEX, "index.html")


# --- What is public is damaged --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_lost_ledger_of_one_season(tmp_path):
    """A season that is public and has lost its ledger is refused, although another season's ledger is there."""
    store = LocalStore(tmp_path)
    built(store, two(seasons=("2030", "2031")))
    ledgers = tmp_path / "series/trial/current/state/ledger"
    assert sorted(path.name for path in ledgers.iterdir()) == ["2030.json", "2031.json"]
    (ledgers / "2031.json").unlink()
    before = snapshot(tmp_path / "series/trial")
    parts = built(store, two(MOVED, MOVED, seasons=("2030", "2031")), LATER)
    assert parts["trial"].error == "ledger/2031.json of trial, generation 1, is gone; nothing is published"
    assert parts["trial"].hint.startswith("aslms-feeds recover rebuilds it from what is published")
    assert (parts["trial"].storage, parts["trial"].generation, parts["cup"].generation) == (True, 1, 2)
    assert snapshot(tmp_path / "series/trial") == before


@pytest.mark.slow
def test_a_renamed_season_is_no_lost_ledger(tmp_path):
    """The old address of a season that has another id now answers on, and has no ledger of its own."""
    store = LocalStore(tmp_path)
    built(store, contents(publisher=FEW))
    renamed = contents('formerly = ["2030"]\n' + SEASON, name="season-1", publisher=FEW)
    for now in (LATER, LATER + timedelta(hours=1)):
        parts = built(store, renamed, now)
        assert not parts["trial"].failed, parts["trial"]
    ledgers = store.read_current("trial").state
    assert [path for path in ledgers if path.startswith("ledger/")] == ["ledger/season-1.json"]
    assert store.read_document("trial", "2030/season.json")


_PUBLIC = "series/trial/generations/2"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "gone", "garbled"),
    [
        (
            f"{_PUBLIC}/state/ledger/2030.json",
            "ledger/2030.json of trial, generation 2, is gone",
            "is damaged, was edited",
        ),
        (
            f"{_PUBLIC}/state/ledger",
            "ledger/2030.json of trial, generation 2, is gone",
            "2030.json of trial, generation 2, is gone",
        ),
        (f"{_PUBLIC}/state", "cannot be read", "ledger/2030.json of trial, generation 2, is gone"),
        (f"{_PUBLIC}/site/manifest.json", "cannot be read", "the manifest cannot be read"),
        (f"{_PUBLIC}/site", "cannot be read", "cannot be read"),
        (_PUBLIC, "is gone", "cannot be read"),
        ("series/trial/generations", "is gone", "is gone"),
        ("series/trial/current", "current is gone", "current is not the link it should be"),
        ("series/trial", "its generations are gone", "its generations are gone"),
    ],
)
@pytest.mark.parametrize("how", ["gone", "garbled"])
def test_whatever_is_lost_of_a_series_stamps_never_start_again(twice, place, gone, garbled, how):
    """Whatever is gone or garbled of a public series, it is refused with a way out, and the others are published."""
    store = LocalStore(twice)
    assert max(revision.sequence for revision in read_ledger(_ledger(store)).revisions.values()) == 1
    lost = twice / place
    folder = lost.is_dir() and not lost.is_symlink()
    shutil.rmtree(lost) if folder else lost.unlink()
    if how == "garbled":
        lost.mkdir() if folder else lost.write_bytes(b'{"format": 1')
    before = snapshot(twice / "series/trial")
    parts = built(store, two(SEASON, MOVED), LATER)
    assert (gone if how == "gone" else garbled) in parts["trial"].error
    assert (parts["trial"].storage, bool(parts["trial"].hint), parts["cup"].generation) == (True, True, 2)
    assert snapshot(twice / "series/trial") == before


def test_all_series_are_lost(once):
    """An index without its series starts none of them again."""
    store = LocalStore(once)
    shutil.rmtree(once / "series")
    parts = built(store, two(), LATER)
    assert [parts[name].error for name in ("cup", "trial")] == [
        "the series 'cup' is public and its generations are gone",
        "the series 'trial' is public and its generations are gone",
    ]
    assert not (once / "series").exists()


def _ledger(store) -> bytes:
    return store.read_current("trial").state["ledger/2030.json"]


def test_a_fault_of_the_program_in_one_series(tmp_path, monkeypatch, caplog):
    """An error nobody foresaw, met in one series, is reported with its trace; the others are published."""
    from aslms_feeds.builds import recipe as flow

    real = flow.compose

    def compose(files, *arguments, **named):
        if files.id == "cup":
            raise ZeroDivisionError("nobody foresaw this")
        return real(files, *arguments, **named)

    monkeypatch.setattr(flow, "compose", compose)
    parts = built(LocalStore(tmp_path), two())
    assert parts["cup"].error == "ZeroDivisionError: nobody foresaw this"
    assert not parts["cup"].storage
    assert parts["trial"].generation == 1
    assert not parts[INDEX].failed
    assert "Traceback" in caplog.text


def test_the_report_is_recorded_while_others_are_kept_out(tmp_path):
    """What is written beside the publication is written under the lock."""
    store, reports = LocalStore(tmp_path), []

    def record(report):
        with pytest.raises(PublicationError, match="another build"):
            LocalStore(tmp_path).lock().__enter__()
        reports.append(report)

    assert [regenerate(store, contents(publisher=FEW), now=NOW, record=record)] == reports


def test_a_second_builder_is_busy(tmp_path):
    """While a build is at work, the second ends with 75, says so, and writes nothing."""
    calendars, output = write(tmp_path / "calendars", two()), tmp_path / "output"
    with LocalStore(output).lock():
        before = snapshot(output)
        result = run("build", "--calendars", calendars, "--output", output)
        assert result.status == 75
        assert result.errors == (
            f"aslms-feeds: another build is writing {output}\n"
            "Try: wait until it is done; the lock ends with that process\n"
        )
        assert snapshot(output) == before


def test_many_builders_at_once(tmp_path):
    """Of builders that start together, one publishes, the others wait or find nothing to do; the result is whole."""
    calendars, output = write(tmp_path / "calendars", two()), tmp_path / "output"
    command = ("build", "--calendars", str(calendars), "--output", str(output))
    statuses = sorted(result.status for result in commands.together(tmp_path, *[command] * 4))
    assert statuses[0] == 0
    assert set(statuses) <= {0, 75}
    assert run(*command).out == f"{output}: nothing changed\n"
    assert LocalStore(output).read_current("trial").manifest.generation == 1
    assert not list(output.rglob(".*"))


def test_a_folder_that_cannot_be_written(tmp_path):
    """Where nothing can be written, the command ends with 74 and names the place."""
    calendars = write(tmp_path / "calendars", two())
    (tmp_path / "file").write_bytes(b"")
    result = run("build", "--calendars", calendars, "--output", tmp_path / "file" / "output")
    assert result.status == 74
    assert str(tmp_path / "file") in result.errors
    assert "Traceback" not in result.errors

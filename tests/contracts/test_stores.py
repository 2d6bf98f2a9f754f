"""What every store promises, and what a folder of this machine promises besides."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import brotli
import pytest

from aslms_feeds.errors import Busy, PublicationError
from aslms_feeds.publication import CALENDAR, HTML, INDEX, PNG, Document, Listed, Manifest
from aslms_feeds.publish import publish
from aslms_feeds.stores import local
from aslms_feeds.stores.local import LocalStore
from aslms_feeds.stores.memory import MemoryStore

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAGE = Document("index.html", HTML, b"<p>a page</p>" * 40)
RACES = Document("2030/races.ics", CALENDAR, b"BEGIN:VCALENDAR\r\n" * 40)
ICON = Document("icon.png", PNG, bytes(range(256)))
STATE = {"ledger/2030.json": b'{"a": 1}', "site.json": b"{}"}


def of(document: Document, body: bytes) -> Document:
    """Return another content for the same address."""
    return Document(document.path, document.media_type, body)


def put(store, *documents, state=STATE, now=NOW, part="trial"):
    """Publish as a build does."""
    with store.lock():
        return publish(store, part, documents, state, now=now)


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    """Return an empty store of each kind."""
    return LocalStore(tmp_path / "some" / "output") if request.param == "local" else MemoryStore()


@pytest.fixture
def output(tmp_path):
    """Return a folder in which one part and the index are public."""
    found = LocalStore(tmp_path / "output")
    put(found, PAGE, RACES, ICON)
    put(found, PAGE, part=INDEX, state={"series": b"trial"})
    return found.output


# --- Every store ----------------------------------------------------------------------------------------------------


def test_an_empty_store(store):
    """Nothing is public before the first publication."""
    assert store.parts() == ()
    assert store.current("trial") is None
    with pytest.raises(PublicationError, match=r"trial has no document 'index\.html'"):
        store.read("trial", "index.html")


def test_what_was_published_is_public(store):
    """Documents, manifest and state come back as they were given, part by part."""
    manifest, change = put(store, PAGE, RACES)
    put(store, ICON, part="other", state={})
    assert change.put == (RACES, PAGE)
    assert store.parts() == ("other", "trial")
    generation = store.current("trial")
    assert generation.manifest == manifest
    assert dict(generation.state) == STATE
    assert store.read("trial", "2030/races.ics") == RACES.body
    assert store.read("trial", "manifest.json") == manifest.to_json()
    assert (store.current("other").manifest.documents.keys(), store.current("other").state) == ({"icon.png"}, {})


def test_an_address_once_public_stays(store):
    """What is not offered any more is carried over, and its time does not move."""
    put(store, PAGE, RACES)
    manifest, _change = put(store, of(PAGE, b"new"), now=NOW + HOUR)
    assert store.read("trial", "2030/races.ics") == RACES.body
    assert store.read("trial", "index.html") == b"new"
    assert {path: row.modified for path, row in manifest.documents.items()} == {
        "2030/races.ics": NOW,
        "index.html": NOW + HOUR,
    }


def test_only_a_change_makes_a_generation(store):
    """The same documents and state again change nothing; either of them, changed, is a new generation."""
    first, _change = put(store, PAGE, RACES)
    again, change = put(store, PAGE, RACES, now=NOW + HOUR)
    assert again == first
    assert not change
    assert put(store, PAGE, RACES, state={}, now=NOW + HOUR)[0].generation == 2
    assert dict(store.current("trial").state) == {}
    assert put(store, PAGE, of(RACES, b"x"), state={}, now=NOW)[0].generation == 3


def test_generations_only_grow(store):
    """A generation that is not after the public one is refused, as when two builders met."""
    manifest, _change = put(store, PAGE)
    for number in (0, 1):
        late = Manifest("trial", number, NOW, manifest.documents)
        with pytest.raises(PublicationError, match=f"generation {number} of trial would follow generation 1"):
            store.switch(late, (), {})
    assert store.current("trial").manifest == manifest


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (("../out.html",), "that is no path below the site"),
        (("/etc/out.html",), "that is no path below the site"),
        (("a//b",), "that is no path below the site"),
        (("a/./b",), "that is no path below the site"),
        (("a\\b",), "that is no path below the site"),
        (("a\x00b",), "that is no path below the site"),
        (("\ud800",), "that is no path below the site"),
        (("",), "that is no path below the site"),
        (("manifest.json",), "a file of ours is there"),
        (("manifest.json.br",), "a file of ours is there"),
        (("x.ics", "x.ics.gz"), "a file of ours is there"),
        (("a", "a/b"), "a is a file"),
        (("a", "a.gz/b"), "a.gz is a file"),
        (("manifest.json/b",), "manifest.json is a file"),
    ],
)
def test_addresses_no_store_could_hold(store, paths, reason):
    """A document that would leave the site, or be in another's way, is refused before anything is written."""
    before, _change = put(store, PAGE)
    with pytest.raises(PublicationError) as raised:
        put(store, *(Document(path, CALENDAR, b"x") for path in paths))
    assert str(raised.value) == f"trial cannot have a document {paths[-1]!r}: {reason}"
    assert store.current("trial").manifest == before


def test_an_address_in_the_way_of_a_carried_over_one(store):
    """What was public once still counts: a folder cannot take the place of a file."""
    put(store, Document("2030", CALENDAR, b"x"))
    with pytest.raises(PublicationError, match=r"'2030/races\.ics': 2030 is a file"):
        put(store, RACES)
    assert store.read("trial", "2030") == b"x"


def test_a_manifest_that_promises_too_much(store):
    """A document that is listed and was never written, or written and differs, is refused."""
    manifest, _change = put(store, PAGE)
    rows = {**manifest.documents, "new.html": Listed("new.html", "0" * 64, 3, HTML, NOW)}
    with pytest.raises(PublicationError):
        store.switch(Manifest("trial", 2, NOW, rows), (), STATE)
    with pytest.raises(PublicationError, match=r"new\.html is not what the manifest of trial lists"):
        store.switch(Manifest("trial", 2, NOW, rows), (Document("new.html", HTML, b"abc"),), STATE)
    assert store.current("trial").manifest == manifest
    assert put(store, RACES)[0].generation == 2


@pytest.mark.parametrize("path", ["../state/site.json", "index.html.gz", "2030", "/etc/passwd", "", "state", "other"])
def test_only_documents_are_read(store, path):
    """What the manifest does not list cannot be read: no state, no twin, no folder, nothing outside."""
    put(store, PAGE, RACES)
    with pytest.raises(PublicationError):
        store.read("trial", path)


def test_one_builder_at_a_time(store):
    """The second builder is told at once, and the lock is free after the first, also when that one failed."""
    other = LocalStore(store.output) if isinstance(store, LocalStore) else store
    with store.lock(), pytest.raises(Busy, match="another build is writing"):
        other.lock().__enter__()
    with pytest.raises(PublicationError, match="is a file"):
        put(store, PAGE, Document("index.html/x", HTML, b""))
    with other.lock():
        pass


# --- A folder of this machine ---------------------------------------------------------------------------------------


def snapshot(root: Path) -> dict[str, tuple[int, int, int]]:
    """Return inode, time and size of everything below a folder."""
    found = {}
    for path in sorted(root.rglob("*")):
        known = path.lstat()
        found[str(path)] = (known.st_ino, known.st_mtime_ns, known.st_size)
    return found


def test_an_unchanged_publication_touches_nothing(output):
    """Publishing the same again leaves every file, folder, link and time as it was."""
    before = snapshot(output)
    put(LocalStore(output), PAGE, RACES, ICON, now=NOW + HOUR)
    assert snapshot(output) == before


def test_unchanged_files_are_the_same_file(output):
    """A new generation shares what did not change, twins too, and a file's time is that of its content."""
    put(LocalStore(output), of(PAGE, b"<p>new</p>" * 40), RACES, now=NOW + HOUR)
    old, new = (output / "series/trial/generations" / number / "site" for number in "12")
    for name in ("2030/races.ics", "2030/races.ics.gz", "2030/races.ics.br", "icon.png"):
        assert (old / name).stat().st_ino == (new / name).stat().st_ino
        assert (new / name).stat().st_mtime == NOW.timestamp()
    for name in ("index.html", "index.html.gz", "manifest.json"):
        assert (old / name).stat().st_ino != (new / name).stat().st_ino
        assert (new / name).stat().st_mtime == (NOW + HOUR).timestamp()


def test_twins(tmp_path):
    """Compressed twins unpack to the body, and are there only where they are smaller."""
    noise = random.Random(1).randbytes(2000)  # noqa: S311 - cannot be compressed
    put(LocalStore(tmp_path), PAGE, ICON, Document("noise.json", "application/json", noise), of(RACES, b"short"))
    site = tmp_path / "series/trial/current/site"
    assert sorted(path.name for path in site.rglob("*.*")) == [
        *("icon.png", "index.html", "index.html.br", "index.html.gz"),
        *("manifest.json", "manifest.json.br", "manifest.json.gz", "noise.json", "races.ics"),
    ]
    for ending, unpack in ((".gz", gzip.decompress), (".br", brotli.decompress)):
        for name in ("index.html", "manifest.json"):
            assert unpack((site / f"{name}{ending}").read_bytes()) == (site / name).read_bytes()


def test_a_document_that_is_not_worth_a_twin_any_more(tmp_path):
    """A stale twin never stays beside a body that changed."""
    store = LocalStore(tmp_path)
    put(store, PAGE)
    put(store, of(PAGE, b"short"))
    assert sorted(path.name for path in (tmp_path / "series/trial/current/site").glob("index*")) == ["index.html"]


def test_the_web_root_leads_to_what_is_public_and_to_nothing_else(output):
    """Whoever follows every link from the web root meets the documents, manifests and twins of each current site."""
    put(LocalStore(output), of(PAGE, b"<p>new</p>" * 40), RACES, now=NOW + HOUR)
    met = {}
    for folder, _folders, files in os.walk(output / "site", followlinks=True):
        for name in files:
            path = Path(folder, name)
            assert stat.S_ISREG(path.lstat().st_mode)
            met[path.relative_to(output / "site").as_posix()] = path.resolve().relative_to(output.resolve()).as_posix()
    documents = {path for path in met if not path.endswith((".gz", ".br"))}
    assert documents == {
        *("index.html", "manifest.json"),
        *("trial/index.html", "trial/manifest.json", "trial/icon.png", "trial/2030/races.ics"),
    }
    for path, real in met.items():
        home = "series/trial/generations/2/site/" if path.startswith("trial/") else "index/generations/1/site/"
        assert real == home + path.removeprefix("trial/")


def test_private_state_is_not_below_the_site(output):
    """The ledger lies beside the site, in a folder for the builder alone."""
    folder = output / "series/trial/current"
    assert json.loads((folder / "state/ledger/2030.json").read_bytes()) == {"a": 1}
    assert stat.S_IMODE((folder / "state").stat().st_mode) == 0o700
    assert not list((folder / "site").rglob("*ledger*"))


def test_a_publication_can_be_moved(output, tmp_path):
    """All links are relative: a copy elsewhere is whole, and is built on."""
    moved = tmp_path / "elsewhere"
    shutil.copytree(output, moved, symlinks=True)
    shutil.rmtree(output)
    assert (moved / "site/trial/index.html").read_bytes() == PAGE.body
    assert put(LocalStore(moved), of(PAGE, b"new"))[0].generation == 2


def test_the_output_folder_may_be_a_link(tmp_path):
    """An operator may keep the publication on another disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "output").symlink_to("disk")
    put(LocalStore(tmp_path / "output"), PAGE)
    assert (tmp_path / "disk/series/trial/current/site/index.html").read_bytes() == PAGE.body


def test_the_lock_dies_with_its_holder(tmp_path):
    """A builder that is killed leaves no lock behind."""
    code = (
        "import sys, time; from pathlib import Path; from aslms_feeds.stores.local import LocalStore\n"
        "with LocalStore(Path(sys.argv[1])).lock(): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy) as raised, LocalStore(tmp_path).lock():
            pass
        assert str(raised.value) == f"another build is writing {tmp_path}"
        holder.kill()
    with LocalStore(tmp_path).lock():
        pass


def age(output: Path, seconds: float) -> None:
    """Let every generation have become public so much earlier."""
    for mark in output.rglob("public"):
        known = mark.stat().st_mtime
        os.utime(mark, (known - seconds, known - seconds))


def generations(output: Path) -> list[int]:
    """Return the numbers of the generations that are kept."""
    return sorted(int(path.name) for path in (output / "series/trial/generations").iterdir())


def test_old_generations_outlive_their_readers(tmp_path):
    """The last five besides the public one are kept, and all younger than ten minutes; a slow reader reads on."""
    store = LocalStore(tmp_path)
    for number in range(1, 9):
        put(store, of(PAGE, b"%d" % number), ICON)
    assert generations(tmp_path) == [1, 2, 3, 4, 5, 6, 7, 8]
    slow = (tmp_path / "series/trial/current/site").resolve()
    with (slow / "index.html").open("rb") as reading:
        age(tmp_path, local.KEEP_SECONDS - 5)
        put(store, of(PAGE, b"9"))
        assert generations(tmp_path) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
        age(tmp_path, 10)
        put(store, of(PAGE, b"10"))
        # Number 4 was replaced by number 5, more than ten minutes ago; five old ones stay whatever their age.
        assert generations(tmp_path) == [5, 6, 7, 8, 9, 10]
        assert reading.read() == b"8"
        assert (slow / "icon.png").read_bytes() == ICON.body


def test_a_generation_counts_as_old_from_its_replacement_on(tmp_path):
    """What was public for a year until a minute ago is kept for nine more."""
    store = LocalStore(tmp_path)
    for number in range(1, 7):
        put(store, of(PAGE, b"%d" % number))
    age(tmp_path, 10**7)
    put(store, of(PAGE, b"7"))
    assert generations(tmp_path) == [2, 3, 4, 5, 6, 7]
    age(tmp_path, 10**7)
    for number in range(8, 20):
        put(store, of(PAGE, b"%d" % number))
    assert generations(tmp_path) == list(range(7, 20)), "number 7 was replaced just now"


def test_a_clock_that_was_ahead_keeps_nothing_for_ever(tmp_path):
    """A generation of the year 2200 is pruned like an old one."""
    store = LocalStore(tmp_path)
    for number in range(1, 9):
        put(store, of(PAGE, b"%d" % number))
    age(tmp_path, -(10**9))
    put(store, of(PAGE, b"9"))
    assert generations(tmp_path) == [4, 5, 6, 7, 8, 9]


def test_readers_never_meet_a_gap_while_generations_are_switched(tmp_path):
    """A reader that opens one address all the time gets one of the published contents, every time."""
    store = LocalStore(tmp_path)
    put(store, of(PAGE, b"0" * 300), part=INDEX)
    wrong: list[object] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            try:
                body = (tmp_path / "site/index.html").read_bytes()
                if len(body) != 300 or len(set(body)) != 1:
                    wrong.append(body)
            except OSError as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 60):
        put(store, of(PAGE, b"%d" % (number % 10) * 300), part=INDEX, now=NOW + number * HOUR)
    over.set()
    for reader in readers:
        reader.join()
    assert wrong == []


# --- What lies in the folder and is not ours ------------------------------------------------------------------------


def outside(tmp_path: Path) -> Path:
    """Return a folder that nobody may write to."""
    found = tmp_path / "outside"
    (found / "generations/1/site").mkdir(parents=True, exist_ok=True)
    (found / "precious").write_bytes(b"precious")
    return found


@pytest.mark.parametrize("link", ["series", "series/trial", "series/trial/generations"])
def test_nothing_is_written_through_a_link(tmp_path, link):
    """Where a folder of ours is a link to somewhere else, the build refuses and nothing is written there."""
    away = outside(tmp_path)
    output = tmp_path / "output"
    (output / link).parent.mkdir(parents=True)
    (output / link).symlink_to(away)
    before = snapshot(away)
    with pytest.raises(PublicationError, match=r"is a link; nothing is written through it"):
        put(LocalStore(output), PAGE)
    assert snapshot(away) == before


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("../../../outside", "which is no generation"),
        ("/etc", "which is no generation"),
        ("generations/../generations/1", "which is no generation"),
        ("generations/x", "which is no generation"),
        ("generations/01", "which is no generation"),
        ("generations/7", "is gone"),
    ],
)
def test_current_leads_astray(output, tmp_path, target, message):
    """A `current` that is no link to a generation of ours is refused, and what lies there is untouched."""
    before = snapshot(outside(tmp_path))
    (output / "series/trial/current").unlink()
    (output / "series/trial/current").symlink_to(target)
    with pytest.raises(PublicationError, match=message):
        put(LocalStore(output), of(PAGE, b"new"))
    assert snapshot(tmp_path / "outside") == before
    assert generations(output) == [1]


def test_a_generation_that_is_a_link(output, tmp_path):
    """The public generation may not be a link either."""
    outside(tmp_path)
    (output / "series/trial/generations/1").rename(tmp_path / "moved")
    (output / "series/trial/generations/1").symlink_to(tmp_path / "moved")
    with pytest.raises(PublicationError, match=r"the public generation .* is gone"):
        put(LocalStore(output), of(PAGE, b"new"))


@pytest.mark.parametrize("name", ["2", ".2", ".current"])
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_planted_where_the_next_generation_should_be(output, tmp_path, name, kind):
    """A file, a link or a folder in the way is removed, not followed, and the build goes on."""
    away = outside(tmp_path)
    before = snapshot(away)
    folder = output / "series/trial"
    planted = folder / name if name == ".current" else folder / "generations" / name
    match kind:
        case "file":
            planted.write_bytes(b"x")
        case "link":
            planted.symlink_to(away)
        case _:
            (planted / "site").mkdir(parents=True)
    assert put(LocalStore(output), of(PAGE, b"new"))[0].generation == 2
    assert (folder / "current/site/index.html").read_bytes() == b"new"
    assert not (folder / "current").resolve().is_relative_to(away)
    assert snapshot(away) == before


def test_a_link_where_the_lock_should_be(tmp_path):
    """The lock is never made through a link."""
    (tmp_path / "output").mkdir()
    (tmp_path / "output/lock").symlink_to(tmp_path / "made")
    with pytest.raises(PublicationError, match="cannot write"), LocalStore(tmp_path / "output").lock():
        pass
    assert not (tmp_path / "made").exists()


def test_a_folder_where_the_web_root_should_be(tmp_path):
    """A web root that somebody made by hand is in the way, and the message says so."""
    (tmp_path / "site").mkdir()
    with pytest.raises(PublicationError) as raised:
        put(LocalStore(tmp_path), PAGE)
    assert str(raised.value) == f"{tmp_path / 'site'} is in the way: a link of ours belongs there"


def test_the_web_root_comes_back(output):
    """Whoever removes or turns the web root finds it right after the next build, even one that changes nothing."""
    (output / "site").unlink()
    put(LocalStore(output), PAGE, RACES, ICON)
    assert (output / "site/trial/index.html").read_bytes() == PAGE.body
    (output / "site").unlink()
    (output / "site").symlink_to("/etc")
    put(LocalStore(output), PAGE, RACES, ICON)
    assert (output / "site/trial/index.html").read_bytes() == PAGE.body


def test_copies_beside_the_series_are_none(output):
    """A backup of a series beside it, a stray file and a link are not parts."""
    shutil.copytree(output / "series/trial", output / "series/trial.bak", symlinks=True)
    (output / "series/note.txt").write_bytes(b"x")
    (output / "series/link").symlink_to("trial")
    assert LocalStore(output).parts() == ("index", "trial")


def test_an_index_document_where_a_series_is(output):
    """The index cannot publish below a series' address."""
    with pytest.raises(PublicationError, match="the index has a document where the series 'trial' is"):
        put(LocalStore(output), PAGE, Document("trial/x.html", HTML, b"x"), part=INDEX)
    assert LocalStore(output).current(INDEX).manifest.generation == 1


# --- What is damaged ------------------------------------------------------------------------------------------------


def damage(output: Path, what: str) -> None:
    """Damage the public generation."""
    folder = output / "series/trial"
    site = folder / "generations/1/site"
    match what:
        case "no manifest":
            (site / "manifest.json").unlink()
        case "garbled manifest":
            (site / "manifest.json").write_bytes(b"{")
        case "another part's":
            text = (site / "manifest.json").read_text()
            (site / "manifest.json").write_text(text.replace('"part": "trial"', '"part": "other"'))
        case "another generation's":
            text = (site / "manifest.json").read_text()
            (site / "manifest.json").write_text(text.replace('"generation": 1', '"generation": 9'))
        case "no state":
            shutil.rmtree(folder / "generations/1/state")
        case "state is a link":
            (folder / "generations/1/state/ledger/2030.json").unlink()
            (folder / "generations/1/state/ledger/2030.json").symlink_to("/etc/passwd")
        case "no current":
            (folder / "current").unlink()
        case "current is a file":
            (folder / "current").unlink()
            (folder / "current").write_bytes(b"generations/1")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no manifest", "cannot be read: .*manifest.json: No such file or directory"),
        ("garbled manifest", "manifest.json: the manifest cannot be read"),
        ("another part's", "holds generation 1 of 'other'"),
        ("another generation's", "holds generation 9 of 'trial'"),
        ("no state", "cannot be read: .*state.*: No such file or directory"),
        ("state is a link", "2030.json is neither a file nor a folder"),
        ("no current", "current is gone and there are generations"),
        ("current is a file", "current is not the link it should be"),
    ],
)
def test_a_damaged_publication_is_never_built_on(output, what, message):
    """What cannot be trusted is named, with what to do, and nothing is written over it."""
    damage(output, what)
    before = snapshot(output / "series")
    with pytest.raises(PublicationError, match=message) as raised:
        put(LocalStore(output), of(PAGE, b"new"))
    assert raised.value.hint
    assert snapshot(output / "series") == before


@pytest.mark.parametrize("what", ["gone", "shorter", "a link"])
def test_an_unchanged_document_that_is_damaged(output, what):
    """A file that cannot be taken over stops the switch; nothing half made is left, and a backup heals it."""
    file = output / "series/trial/generations/1/site/2030/races.ics"
    kept = file.read_bytes()
    file.unlink()
    if what == "shorter":
        file.write_bytes(kept[:-1])
    elif what == "a link":
        file.symlink_to("/etc/passwd")
    with pytest.raises(PublicationError) as raised:
        put(LocalStore(output), of(PAGE, b"new"), RACES)
    assert f"{file} should hold the {len(kept)} bytes of an unchanged document" in str(raised.value)
    assert os.listdir(output / "series/trial/generations") == ["1"]  # noqa: PTH208 - names are all that is wanted
    file.unlink(missing_ok=True)
    file.write_bytes(kept)
    assert put(LocalStore(output), of(PAGE, b"new"), RACES)[0].generation == 2


def test_switched_back_by_hand(output):
    """A generation that an operator switched back to stays, and no number is given twice, until it is released."""
    store, folder = LocalStore(output), output / "series/trial"
    put(store, of(PAGE, b"second"))
    (folder / "current").unlink()
    (folder / "current").symlink_to("generations/1")
    assert not put(store, PAGE, RACES, ICON)[1], "what is public is what is wanted"
    with pytest.raises(PublicationError) as raised:
        put(store, of(PAGE, b"third"))
    assert str(raised.value) == f"{folder / 'current'} was switched back from generation 2 to 1 by hand; it stays there"
    assert store.read("trial", "index.html") == PAGE.body
    subprocess.run(raised.value.hint.split(", then")[0].split(), check=True)
    assert put(store, of(PAGE, b"third"))[0].generation == 3


def test_a_generation_nobody_saw_is_made_again(output):
    """What a builder finished and did not switch to is swept away with its number, whatever the next build does."""
    folder = output / "series/trial"
    shutil.copytree(folder / "generations/1", folder / "generations/2", ignore=shutil.ignore_patterns("public"))
    shutil.copytree(folder / "generations/1", folder / "generations/.3")
    put(LocalStore(output), PAGE, RACES, ICON)
    assert generations(output) == [1]


def test_the_mark_of_a_switch_is_made_good(output):
    """A builder that died just after its switch left no mark; the next one knows that readers have seen it."""
    mark = output / "series/trial/generations/1/public"
    mark.unlink()
    before = time.time()
    put(LocalStore(output), PAGE, RACES, ICON)
    assert mark.stat().st_mtime >= before - 1

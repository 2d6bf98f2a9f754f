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
from aslms_feeds.publication.manifest import CALENDAR, HTML, INDEX, PNG, Document, Listed, Manifest
from aslms_feeds.publication.publish import Generation, publish
from aslms_feeds.publication.stores.generations import KEEP_SECONDS
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.publication.stores.preview import PreviewStore
from aslms_feeds.publication.stores.split import SplitStore

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


@pytest.fixture(params=["local", "memory", "split", "preview"])
def store(request, tmp_path):
    """Return an empty store of each kind."""
    local_store = LocalStore(tmp_path / "some" / "output")
    match request.param:
        case "local":
            return local_store
        case "memory":
            return MemoryStore()
        case "split":
            return SplitStore(local_store, tmp_path / "some" / "memory")
        case _:
            return PreviewStore(local_store)


@pytest.fixture
def output(tmp_path):
    """Return a folder in which one part and the index are public."""
    store = LocalStore(tmp_path / "output")
    put(store, PAGE, RACES, ICON)
    put(store, PAGE, part=INDEX, state={"series": b"trial"})
    return store.output


# --- Every store ----------------------------------------------------------------------------------------------------


def test_an_empty_store(store):
    """Nothing is public before the first publication."""
    assert store.list_parts() == ()
    assert store.read_current("trial") is None
    with pytest.raises(PublicationError, match=r"trial has no document 'index\.html'"):
        store.read_document("trial", "index.html")


def test_what_was_published_is_public(store):
    """Documents, manifest and state come back as they were given, part by part."""
    manifest, change = put(store, PAGE, RACES)
    put(store, ICON, part="other", state={})
    assert change.put == (RACES, PAGE)
    assert store.list_parts() == ("other", "trial")
    generation = store.read_current("trial")
    assert generation.manifest == manifest
    assert dict(generation.state) == STATE
    assert store.read_document("trial", "2030/races.ics") == RACES.body
    assert store.read_document("trial", "manifest.json") == manifest.to_json()
    assert (store.read_current("other").manifest.documents.keys(), store.read_current("other").state) == (
        {"icon.png"},
        {},
    )


def test_one_file_of_the_state_is_read_alone(store):
    """That of the public generation; what it has not, and what leads elsewhere, is none."""
    assert store.read_state("trial", "ledger/2030.json") is None
    put(store, PAGE, state={"ledger/2030.json": b"old"})
    put(store, PAGE, state=STATE)
    for path, text in STATE.items():
        assert store.read_state("trial", path) == text
    for path in (
        "none.json",
        "ledger/none.json",
        "../site/index.html",
        "../../2/state/ledger/2030.json",
        "/etc/passwd",
        "",
    ):
        assert store.read_state("trial", path) is None
    assert store.read_state("other", "ledger/2030.json") is None


def test_an_address_once_public_stays(store):
    """What is not offered any more is carried over, and its time does not move."""
    put(store, PAGE, RACES)
    manifest, _change = put(store, of(PAGE, b"new"), now=NOW + HOUR)
    assert store.read_document("trial", "2030/races.ics") == RACES.body
    assert store.read_document("trial", "index.html") == b"new"
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
    assert dict(store.read_current("trial").state) == {}
    assert put(store, PAGE, of(RACES, b"x"), state={}, now=NOW)[0].generation == 3


def test_generations_only_grow(store):
    """A generation that is not after the public one is refused, as when two builders met."""
    manifest, _change = put(store, PAGE)
    for number in (0, 1):
        late = Manifest("trial", number, NOW, manifest.documents)
        with pytest.raises(PublicationError, match=f"generation {number} of trial would follow generation 1"):
            store.switch(late, (), {})
    assert store.read_current("trial").manifest == manifest


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
    assert store.read_current("trial").manifest == before


def test_an_address_in_the_way_of_a_carried_over_one(store):
    """What was public once still counts: a folder cannot take the place of a file."""
    put(store, Document("2030", CALENDAR, b"x"))
    with pytest.raises(PublicationError, match=r"'2030/races\.ics': 2030 is a file"):
        put(store, RACES)
    assert store.read_document("trial", "2030") == b"x"


def test_a_manifest_that_promises_too_much(store):
    """A document that is listed and was never written, or written and differs, is refused."""
    manifest, _change = put(store, PAGE)
    rows = {**manifest.documents, "new.html": Listed("new.html", "0" * 64, 3, HTML, NOW)}
    with pytest.raises(PublicationError):
        store.switch(Manifest("trial", 2, NOW, rows), (), STATE)
    with pytest.raises(PublicationError, match=r"new\.html is not what the manifest of trial lists"):
        store.switch(Manifest("trial", 2, NOW, rows), (Document("new.html", HTML, b"abc"),), STATE)
    assert store.read_current("trial").manifest == manifest
    assert put(store, RACES)[0].generation == 2


@pytest.mark.parametrize("path", ["../state/site.json", "index.html.gz", "2030", "/etc/passwd", "", "state", "other"])
def test_only_documents_are_read(store, path):
    """What the manifest does not list cannot be read: no state, no twin, no folder, nothing outside."""
    put(store, PAGE, RACES)
    with pytest.raises(PublicationError):
        store.read_document("trial", path)


def another(store):
    """Return what a second process has of the same store; of a store in memory there is but one."""
    match store:
        case LocalStore():
            return LocalStore(store.output)
        case SplitStore():
            return SplitStore(another(store.inner), store.state)
        case _:
            return store


def test_one_builder_at_a_time(store):
    """The second builder is told at once, and the lock is free after the first, also when that one failed."""
    if isinstance(store, PreviewStore):
        pytest.skip("a preview writes nothing, so that nobody has to wait for it")
    second = another(store)
    with store.lock(), pytest.raises(Busy, match="another build is writing"):
        second.lock().__enter__()
    with pytest.raises(PublicationError, match="is a file"):
        put(store, PAGE, Document("index.html/x", HTML, b""))
    with second.lock():
        pass


def test_old_generations_can_be_looked_at(store):
    """Each is there with its manifest and its state, the public one last; one that is not there is named."""
    manifests = [put(store, of(PAGE, b"%d" % number), state={"n": b"%d" % number})[0] for number in range(3)]
    assert store.list_generations("trial") == (1, 2, 3)
    for number, manifest in enumerate(manifests):
        generation = store.read_generation("trial", number + 1)
        assert (generation.manifest, dict(generation.state)) == (manifest, {"n": b"%d" % number})
        generation.check()
    assert store.read_generation("trial", 3) == store.read_current("trial")
    for number in (0, 4, -1):
        with pytest.raises(PublicationError) as raised:
            store.read_generation("trial", number)
        assert str(raised.value) == f"generation {number} of trial is not there"
        assert raised.value.hint == "these are: 1, 2, 3"
    assert store.list_generations("other") == ()
    with pytest.raises(PublicationError) as raised:
        store.read_generation("other", 1)
    assert raised.value.hint == "these are: none"


def test_a_state_is_held_against_its_digest(store):
    """What is not the state a generation was published with is refused, file by file, with what is wrong."""
    put(store, PAGE)
    good = store.read_current("trial")
    good.check()
    for text, reason in ((None, "is gone"), (b"", "is empty"), (b'{"a": 2}', "is damaged, was edited, or belongs to")):
        state = {**STATE, "ledger/2030.json": text}
        bad = Generation(good.manifest, {path: body for path, body in state.items() if body is not None})
        with pytest.raises(PublicationError) as raised:
            bad.check()
        assert str(raised.value).startswith(f"ledger/2030.json of trial, generation 1, {reason}")
        assert raised.value.hint.startswith("aslms-feeds recover rebuilds it")


def test_notes_make_no_generation(store):
    """What only goes along is written with the next generation that has a reason of its own."""
    with store.lock():
        publish(store, "trial", [PAGE], STATE, now=NOW, notes={"note": b"1"})
        manifest, change = publish(store, "trial", [PAGE], STATE, now=NOW + HOUR, notes={"note": b"2"})
        assert (manifest.generation, bool(change)) == (1, False)
        assert store.read_current("trial").state["note"] == b"1"
        publish(store, "trial", [of(PAGE, b"new")], STATE, now=NOW + HOUR, notes={"note": b"3"})
    assert dict(store.read_current("trial").state) == {**STATE, "note": b"3"}
    assert store.read_current("trial").manifest.state.keys() == {*STATE, "note"}


# --- A folder of this machine ---------------------------------------------------------------------------------------


def snapshot(root: Path) -> dict[str, tuple[int, int, int]]:
    """Return inode, time and size of everything below a folder."""
    files = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        files[str(path)] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return files


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
    real_paths = {}
    for folder, _folders, files in os.walk(output / "site", followlinks=True):
        for name in files:
            path = Path(folder, name)
            assert stat.S_ISREG(path.lstat().st_mode)
            real_paths[path.relative_to(output / "site").as_posix()] = (
                path.resolve().relative_to(output.resolve()).as_posix()
            )
    documents = {path for path in real_paths if not path.endswith((".gz", ".br"))}
    assert documents == {
        *("index.html", "manifest.json"),
        *("trial/index.html", "trial/manifest.json", "trial/icon.png", "trial/2030/races.ics"),
    }
    for path, real in real_paths.items():
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
        "import sys, time; from pathlib import Path; from aslms_feeds.publication.stores.local import LocalStore\n"
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
        since = mark.stat().st_mtime
        os.utime(mark, (since - seconds, since - seconds))


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
        age(tmp_path, KEEP_SECONDS - 5)
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
    folder = tmp_path / "outside"
    (folder / "generations/1/site").mkdir(parents=True, exist_ok=True)
    (folder / "precious").write_bytes(b"precious")
    return folder


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
    assert LocalStore(output).list_parts() == ("index", "trial")


def test_an_index_document_where_a_series_is(output):
    """The index cannot publish below a series' address."""
    with pytest.raises(PublicationError, match="the index has a document where the series 'trial' is"):
        put(LocalStore(output), PAGE, Document("trial/x.html", HTML, b"x"), part=INDEX)
    assert LocalStore(output).read_current(INDEX).manifest.generation == 1


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


@pytest.mark.parametrize(("what", "message"), [("state is a link", "is no file"), ("no current", "current is gone")])
def test_a_file_of_the_state_is_not_read_through_damage(output, what, message):
    """Neither through a link, nor as if nothing had ever been public."""
    damage(output, what)
    with pytest.raises(PublicationError, match=message) as raised:
        LocalStore(output).read_state("trial", "ledger/2030.json")
    assert raised.value.hint


@pytest.mark.parametrize("what", ["gone", "shorter", "a link"])
def test_a_carried_document_that_is_damaged(output, what):
    """A file nothing makes any more cannot be taken over: nothing half made is left, and a backup heals it."""
    file = output / "series/trial/generations/1/site/2030/races.ics"
    body = file.read_bytes()
    file.unlink()
    if what == "shorter":
        file.write_bytes(body[:-1])
    elif what == "a link":
        file.symlink_to("/etc/passwd")
    with pytest.raises(PublicationError) as raised:
        put(LocalStore(output), of(PAGE, b"new"))
    assert f"{file} should hold the {len(body)} bytes of an unchanged document" in str(raised.value)
    assert os.listdir(output / "series/trial/generations") == ["1"]  # noqa: PTH208 - names are all that is wanted
    file.unlink(missing_ok=True)
    file.write_bytes(body)
    assert put(LocalStore(output), of(PAGE, b"new"))[0].generation == 2


@pytest.mark.parametrize("what", ["gone", "shorter", "a link"])
def test_an_unchanged_document_that_is_damaged(output, what):
    """A file that is made again is written again with the next generation, twins too, and keeps its time."""
    file = output / "series/trial/generations/1/site/2030/races.ics"
    body = file.read_bytes()
    file.unlink()
    if what == "shorter":
        file.write_bytes(body[:-1])
    elif what == "a link":
        file.symlink_to("/etc/passwd")
    manifest, change = put(LocalStore(output), of(PAGE, b"new"), RACES, now=NOW + HOUR)
    assert [document.path for document in change.put] == ["index.html"]
    healed = output / "series/trial/current/site/2030/races.ics"
    assert (healed.read_bytes(), healed.is_symlink()) == (body, False)
    assert healed.stat().st_mtime == manifest.documents["2030/races.ics"].modified.timestamp() == NOW.timestamp()
    assert gzip.decompress(healed.with_name("races.ics.gz").read_bytes()) == body


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
    assert store.read_document("trial", "index.html") == PAGE.body
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


# --- A preview ------------------------------------------------------------------------------------------------------


def test_a_preview_changes_nothing_below_it(output):
    """What would be public is seen through it, with what is carried over; on the disk nothing has moved."""
    store, before = LocalStore(output), snapshot(output)
    preview = PreviewStore(store)
    manifest, _change = put(preview, of(PAGE, b"new"), now=NOW + HOUR)
    put(preview, ICON, part="other")
    assert snapshot(output) == before
    assert (preview.list_parts(), store.list_parts()) == (("index", "other", "trial"), ("index", "trial"))
    assert (preview.read_current("trial").manifest, manifest.generation) == (manifest, 2)
    assert (preview.read_document("trial", "index.html"), store.read_document("trial", "index.html")) == (
        b"new",
        PAGE.body,
    )
    assert preview.read_document("trial", "2030/races.ics") == RACES.body
    assert preview.read_document(INDEX, "index.html") == PAGE.body
    assert (preview.list_generations("trial"), store.list_generations("trial")) == ((1, 2), (1,))
    assert preview.read_generation("trial", 1) == store.read_current("trial")
    assert preview.read_generation("trial", 2) == preview.read_current("trial")


def test_a_preview_waits_for_nobody(output):
    """While a build is at work, others may look at what would come of theirs."""
    with LocalStore(output).lock():
        assert put(PreviewStore(LocalStore(output)), of(PAGE, b"new"))[0].generation == 2


# --- A memory of its own --------------------------------------------------------------------------------------------

STYLE = Document("assets/site.0123456789.css", "text/css; charset=utf-8", b"a { color: red }")


@pytest.fixture
def split(tmp_path):
    """Return a store whose memory is elsewhere, with one publication in it."""
    store = SplitStore(LocalStore(tmp_path / "output"), tmp_path / "memory")
    put(store, PAGE, RACES, STYLE)
    return store


def forget_output(store):
    """Throw the publication away, as a pipeline does."""
    shutil.rmtree(store.inner.output)


def test_what_is_remembered_outlives_the_publication(split):
    """The generation is known, its documents are not there; the same ones again make it whole, as it was."""
    before, manifest = split.read_current("trial"), split.inner.read_document("trial", "manifest.json")
    forget_output(split)
    generation = split.read_current("trial")
    assert (generation.manifest, generation.state, generation.whole) == (before.manifest, before.state, False)
    assert split.list_parts() == ("trial",)
    with pytest.raises(PublicationError, match=r"trial has no document 'index\.html'"):
        split.read_document("trial", "index.html")
    again, change = put(split, PAGE, RACES, STYLE, now=NOW + HOUR)
    assert (again, bool(change)) == (before.manifest, False)
    assert split.read_current("trial") == before
    assert split.inner.read_document("trial", "manifest.json") == manifest
    assert (split.inner.output / "series/trial/current/site/index.html").stat().st_mtime == NOW.timestamp()


def test_a_change_after_the_publication_was_thrown_away(split):
    """It is the next generation; what did not change keeps its time."""
    forget_output(split)
    manifest, change = put(split, of(PAGE, b"new"), RACES, STYLE, now=NOW + HOUR)
    assert (manifest.generation, [document.path for document in change.put]) == (2, ["index.html"])
    assert manifest.documents["2030/races.ics"].modified == NOW
    assert split.read_document("trial", "2030/races.ics") == RACES.body


def test_assets_and_what_nothing_makes_any_more_are_remembered(split):
    """A page that somebody has open asks for the old style; an address once public answers, from the memory alone."""
    put(split, of(PAGE, b"new"), STYLE, now=NOW + HOUR)
    for hours in range(2, 5):
        forget_output(split)
        manifest, _change = put(split, of(PAGE, b"%d" % hours), now=NOW + hours * HOUR)
        assert manifest.generation == hours + 1
        assert split.inner.read_document("trial", RACES.path) == RACES.body
        assert split.inner.read_document("trial", STYLE.path) == STYLE.body
        assert {manifest.documents[path].modified for path in (RACES.path, STYLE.path)} == {NOW}


def test_what_only_the_publication_had_is_asked_for(split):
    """What was made last time, is not made now and was thrown away is named, with where to get it."""
    forget_output(split)
    before = snapshot(split.state)
    with pytest.raises(PublicationError) as raised:
        put(split, of(PAGE, b"new"), STYLE)
    assert str(raised.value) == ("2030/races.ics of trial was published, nothing makes it any more, and it is not here")
    assert "aslms-feeds recover" in raised.value.hint
    assert snapshot(split.state) == before


def test_a_memory_begun_over_a_publication_knows_it_at_once(tmp_path):
    """Also when nothing has changed: the publication may be gone before the next build."""
    plain = LocalStore(tmp_path / "output")
    put(plain, PAGE, RACES)
    put(plain, of(PAGE, b"new"), RACES, now=NOW + HOUR)
    before, public = plain.read_current("trial"), snapshot(tmp_path / "output")
    store = SplitStore(plain, tmp_path / "memory")
    put(store, of(PAGE, b"new"), RACES, now=NOW + 2 * HOUR)
    assert snapshot(tmp_path / "output") == public
    forget_output(store)
    assert store.read_current("trial").manifest == before.manifest
    assert put(store, of(PAGE, b"newer"), RACES, now=NOW + 3 * HOUR)[0].generation == 3


@pytest.mark.parametrize("older", ["one generation", "another one of the same number"])
def test_a_memory_that_is_older_than_what_is_public(split, tmp_path, older):
    """Stamps would be given twice: it is refused, with both numbers, and nothing is written."""
    shutil.copytree(split.state, tmp_path / "kept")
    if older == "one generation":
        put(split, of(PAGE, b"new"), RACES, STYLE, now=NOW + HOUR)
    else:
        shutil.rmtree(split.inner.output)
        put(LocalStore(split.inner.output), of(PAGE, b"another"))
    shutil.rmtree(split.state)
    shutil.copytree(tmp_path / "kept", split.state)
    before = snapshot(tmp_path)
    with pytest.raises(PublicationError) as raised:
        put(split, of(PAGE, b"newer"), RACES, STYLE, now=NOW + 2 * HOUR)
    number = 2 if older == "one generation" else 1
    assert str(raised.value) == (
        f"{split.state / 'trial'} remembers generation 1 of trial, and generation {number} is public: "
        "stamps would go back"
    )
    assert {path: row for path, row in snapshot(tmp_path).items() if "lock" not in path} == {
        path: row for path, row in before.items() if "lock" not in path
    }


def test_a_builder_that_died_between_memory_and_switch(split):
    """What was remembered is what comes out, under its number and time, whatever the clock says since."""
    before = another(split)
    inner, split.inner = split.inner, PreviewStore(split.inner)  # what is switched here is never seen
    claimed, _change = put(split, of(PAGE, b"new"), RACES, STYLE, now=NOW + HOUR)
    split.inner = inner
    generation = before.read_current("trial")
    assert (generation.manifest, generation.whole) == (claimed, False)
    assert before.inner.read_current("trial").manifest.generation == 1
    again, _change = put(before, of(PAGE, b"new"), RACES, STYLE, now=NOW + 9 * HOUR)
    assert again == claimed
    assert before.inner.read_document("trial", "index.html") == b"new"


def test_a_builder_that_died_and_an_edit_after_it(split):
    """Nobody saw what was remembered; its number is not given again, and its time is the least of the next one."""
    inner, split.inner = split.inner, PreviewStore(split.inner)
    put(split, of(PAGE, b"new"), RACES, STYLE, now=NOW + 5 * HOUR)
    split.inner = inner
    manifest, _change = put(split, of(PAGE, b"newer"), RACES, STYLE, now=NOW + HOUR)
    assert manifest.generation == 3
    assert manifest.published == NOW + 5 * HOUR + timedelta(seconds=1)
    assert split.inner.read_document("trial", "index.html") == b"newer"


@pytest.mark.parametrize("moment", ["after the first rename", "after the second rename", "before both"])
def test_a_memory_half_replaced(split, moment):
    """A builder that died between the renames leaves the old memory or the new one; reading needs no repair."""
    manifest = split.read_current("trial").manifest
    folder, old, fresh = (split.state / name for name in ("trial", ".trial.old", ".trial.new"))
    match moment:
        case "after the first rename":
            shutil.copytree(folder, fresh)
            folder.rename(old)
        case "after the second rename":
            shutil.copytree(folder, old)
        case _:
            fresh.mkdir()
            (fresh / "manifest.json").write_bytes(b"{")
    assert split.list_parts() == ("trial",)
    with split.lock():
        assert split.read_current("trial").manifest == manifest
    assert [path.name for path in split.state.iterdir()] == ["trial"]


def test_what_no_store_could_hold_is_not_remembered_either(split):
    """A document that is refused leaves the memory as it was: the next build is not stopped by it."""
    before = snapshot(split.state)
    with pytest.raises(PublicationError, match="is a file"):
        put(split, PAGE, RACES, STYLE, Document("index.html/x", HTML, b"x"))
    assert snapshot(split.state) == before
    assert put(split, of(PAGE, b"new"), RACES, STYLE)[0].generation == 2


@pytest.mark.parametrize("damage", ["garbled", "empty", "no manifest", "a file"])
def test_a_damaged_memory(split, damage):
    """It is named and never guessed at; without the publication beside it nothing begins again."""
    folder = split.state / "trial"
    match damage:
        case "garbled":
            (folder / "manifest.json").write_bytes(b"{")
        case "empty":
            (folder / "manifest.json").write_bytes(b"")
        case "no manifest":
            (folder / "manifest.json").unlink()
        case _:
            shutil.rmtree(folder)
            folder.write_bytes(b"x")
    forget_output(split)
    with pytest.raises(PublicationError) as raised:
        put(split, of(PAGE, b"new"), RACES, STYLE)
    assert raised.value.hint


def test_two_builders_with_one_memory(tmp_path):
    """Two machines that share the memory, and not the publication, do not both give a number away."""
    first = SplitStore(LocalStore(tmp_path / "one"), tmp_path / "memory")
    second = SplitStore(LocalStore(tmp_path / "two"), tmp_path / "memory")
    with first.lock(), pytest.raises(Busy) as raised, second.lock():
        pass
    assert str(raised.value) == f"another build is writing {tmp_path / 'memory'}"


def test_a_memory_that_cannot_be_written(tmp_path):
    """Nothing is public that is not remembered."""
    (tmp_path / "memory").write_bytes(b"a file")
    store = SplitStore(LocalStore(tmp_path / "output"), tmp_path / "memory")
    with pytest.raises(PublicationError, match="cannot use") as raised:
        put(store, PAGE)
    assert raised.value.hint
    assert not (tmp_path / "output").exists()

"""Ledgers rebuilt from what is public: from a folder, a site or the store itself, where it can be trusted."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from aslms_feeds.builds.recipe import Orders, regenerate
from aslms_feeds.builds.recovery import read_publication, recover_parts, restore_part
from aslms_feeds.errors import PublicationError, UsageError
from aslms_feeds.ledger.ledger import read_ledger
from aslms_feeds.ledger.values import format_value
from aslms_feeds.publication.manifest import INDEX, MANIFEST, Document
from aslms_feeds.publication.publish import publish
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import LATER, NOW, PUBLISHER, SEASON, contents, documents, everything, everything_at_first

FEW = PUBLISHER + '\n[calendars]\nnames = ["all"]\nclasses = []\nreminders = false\n'
HOUR = timedelta(hours=1)
MOVED = SEASON.replace("2030-03-02T13:00:00", "2030-03-03T13:00:00")
RACE = "race-1.okayama.2030.trial@example.org"


def build(store, files, now=NOW, **orders):
    """Publish what must not fail."""
    report = regenerate(store, files, now=now, orders=Orders(**orders) if orders else None)
    assert not report.failed, [(part.problems, part.error) for part in report.parts]
    return report


def recovery(store, names, source=None, *, whole=True):
    """Recover as the command does and return its lines."""
    with store.lock():
        return list(recover_parts(store, names, source, whole=whole, now=LATER))


def ledgers(store, part="trial"):
    """Return the ledgers of a series."""
    return {path: text for path, text in store.read_current(part).state.items() if path.startswith("ledger/")}


@pytest.fixture(scope="module")
def cup():
    """Return a store in which the season that has everything was published, changed, and taken back in part."""
    store = MemoryStore()
    build(store, everything_at_first())
    build(store, everything(), LATER, accept_mass_change=True)
    return store


@pytest.fixture
def published(tmp_path):
    """Return a store on disk with a race that moved."""
    store = LocalStore(tmp_path / "output")
    build(store, contents(publisher=FEW))
    build(store, contents(MOVED, publisher=FEW), NOW + HOUR)
    return store


@pytest.fixture
def copy(published, tmp_path):
    """Return a copy of what is public, as a web server has it."""
    shutil.copytree(published.output / "site", tmp_path / "copy", symlinks=False)
    return tmp_path / "copy"


# --- What the data holds --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_ledger_is_in_the_public_data(cup):
    """All revisions, facts, item dates and tombstones of every season come back to the byte."""
    recovered = read_publication("cup", lambda path: cup.read_document("cup", path))
    assert {f"ledger/{name}.json": rebuilt.to_json() for name, rebuilt in recovered.ledgers.items()} == ledgers(
        cup, "cup"
    )
    assert recovered.manifest == cup.read_current("cup").manifest
    assert {document.path: document.body for document in recovered.documents} == documents(cup, "cup")


@pytest.mark.slow
def test_ledgers_after_new_ids_and_tombstones():
    """A renamed season has one ledger, although its data is at two addresses; what is retired stays so."""
    store = MemoryStore()
    extra = '\n[[event]]\nid = "second"\nname = "Second"\ncircuit = "okayama"\nfirst_day = 2030-05-01\n'
    build(store, contents(SEASON + extra, publisher=FEW))
    renamed = 'formerly = ["2030"]\n' + SEASON + '\n[[retired]]\nid = "second"\nwhy = "A slip."\n'
    build(store, contents(renamed, name="season-1", publisher=FEW), NOW + HOUR)
    assert {"2030/changes.json", "season-1/changes.json"} <= documents(store).keys()
    recovered = read_publication("trial", lambda path: store.read_document("trial", path))
    (ledger,) = recovered.ledgers.values()
    assert [ledger.to_json()] == list(ledgers(store).values())
    assert ledger.retired == {"second.2030.trial@example.org"}
    new = MemoryStore()
    restore_part(new, "trial", recovered)
    report = build(new, contents(renamed, name="season-1", publisher=FEW), NOW + 2 * HOUR)
    assert report.parts[0].written == ()
    assert ledgers(new) == ledgers(store)


@pytest.mark.slow
def test_only_one_language_carries_the_ledger():
    """The data of the others is for readers; a ledger is found once."""
    store = MemoryStore()
    build(store, contents(publisher='languages = ["en", "fr", "ja"]\n' + FEW))
    carrying = [path for path, body in documents(store).items() if path.endswith(".json") and b'"recovery"' in body]
    assert carrying == ["2030/changes.json"]


@pytest.mark.slow
def test_what_is_here_already_is_not_asked_for(cup):
    """Whoever reads is asked only for what is not known by its digest."""
    paths = []

    def read(path):
        paths.append(path)
        return cup.read_document("cup", path)

    bodies = {(document.path, document.sha256): document.body for document in read_publication("cup", read).documents}
    new = "2030/season.json"
    paths.clear()
    recovered = read_publication("cup", read, lambda path, sha256: None if path == new else bodies[path, sha256])
    assert paths == [MANIFEST, new]
    assert {document.path: document.body for document in recovered.documents} == documents(cup, "cup")


# --- What is not believed -------------------------------------------------------------------------------------------


def reader(store, **changed):
    """Return what reads a series with some documents changed; None: they are not there."""
    changed = {path.replace("__", "/").replace("_json", ".json"): body for path, body in changed.items()}

    def read(path):
        if path not in changed:
            return store.read_document("trial", path)
        if changed[path] is None:
            raise PublicationError(f"trial has no document {path!r}")
        return changed[path](store.read_document("trial", path))

    return read


@pytest.mark.parametrize("path", ["2030__season_json", "2030__changes_json", "series_json"])
def test_a_document_that_is_not_what_the_manifest_lists(path):
    """Whatever was changed on its way is refused by its digest."""
    store = MemoryStore()
    build(store, contents(publisher=FEW))
    with pytest.raises(PublicationError) as raised:
        read_publication("trial", reader(store, **{path: lambda body: body + b" "}))
    name = path.replace("__", "/").replace("_json", ".json")
    assert str(raised.value) == f"{name} of trial is not what the manifest of generation 1 lists"
    assert raised.value.hint == "read it again in a minute: it may have been changing; else use a backup"


def test_a_document_that_is_missing():
    """Nothing is recovered in part."""
    store = MemoryStore()
    build(store, contents(publisher=FEW))
    with pytest.raises(PublicationError, match=r"trial has no document '2030/season\.json'"):
        read_publication("trial", reader(store, **{"2030__season_json": None}))


@pytest.mark.parametrize("part", ["cup", INDEX])
def test_the_manifest_of_another_part(part):
    """An address one folder too deep, or another series' is told apart."""
    store = MemoryStore()
    build(store, contents(publisher=FEW))
    with pytest.raises(PublicationError) as raised:
        read_publication(part, lambda path: store.read_document("trial", path))
    assert str(raised.value) == f"that is the publication of 'trial', not of '{part}'"
    assert raised.value.hint == "name the folder, or the address, above the series' own"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _body: b"", "the manifest cannot be read: "),
        (lambda body: body[:-30], "the manifest cannot be read: "),
        (lambda _body: b"<html>Not found</html>", "the manifest cannot be read: "),
        (lambda body: body.replace(b'"format": 1', b'"format": 2'), "the manifest has format 2, this program reads 1"),
        (lambda body: body.replace(b"2030/season.json", b"../../etc/passwd"), "is not the path of a document"),
        (lambda body: body.replace(b'"generation": 1', b'"generation": 0'), "it has no part or no generation"),
    ],
)
def test_a_manifest_that_cannot_be_trusted(change, message):
    """Cut short, a page of a server, of a later program, or leading astray."""
    store = MemoryStore()
    build(store, contents(publisher=FEW))
    with pytest.raises(PublicationError, match=message) as raised:
        read_publication("trial", reader(store, manifest_json=change))
    assert raised.value.hint


def republished(data):
    """Return a store that has published this as the data of a season, with a manifest that says so."""
    store = MemoryStore()
    publish(store, "trial", [Document("2030/changes.json", "application/json", data)], {}, now=NOW)
    return store


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", "the data of trial does not hold what a ledger is rebuilt from"),
        (b"", "2030/changes.json cannot be read: "),
        (b"[", "2030/changes.json cannot be read: "),
        (b"3", "2030/changes.json cannot be read: "),
        (b'{"recovery": 3}', "the ledger cannot be read: "),
        (b'{"recovery": {}}', "the ledger cannot be read: "),
        (b'{"recovery": {"format": 3}}', "the ledger has format 3, this program reads 1 and 2"),
    ],
)
def test_data_that_holds_no_ledger(data, message):
    """Of another program, damaged before it was published, or of a later version: refused, with what to do."""
    store = republished(data)
    with pytest.raises(PublicationError, match=message) as raised:
        read_publication("trial", lambda path: store.read_document("trial", path))
    assert raised.value.hint


def in_format_1(text):
    """Return a ledger as the version before wrote it, with values of facts as the lines that are published."""
    data = json.loads(text)
    for row, fact in zip(data["facts"], read_ledger(text).facts, strict=True):
        row["before"], row["after"] = format_value(fact.before) or "", format_value(fact.after) or ""
    return json.dumps({**data, "format": 1}, ensure_ascii=False, indent=1).encode() + b"\n"


@pytest.fixture
def version_before(cup):
    """Return a store with what the version before published of the season that has everything."""
    store = MemoryStore()
    bodies = documents(cup, "cup")
    for path, body in bodies.items():
        if b'"recovery"' in body:
            data = json.loads(body)
            data["recovery"] = json.loads(in_format_1(json.dumps(data["recovery"]).encode()))
            bodies[path] = json.dumps(data).encode()
    state = {path: in_format_1(text) for path, text in ledgers(cup, "cup").items()}
    media_types = {path: row.media_type for path, row in cup.read_current("cup").manifest.documents.items()}
    published = [Document(path, media_types[path], body) for path, body in bodies.items()]
    publish(store, "cup", published, state, now=LATER)
    return store


def test_data_of_the_version_before_holds_the_same_ledgers(cup, version_before):
    """Facts, stamps and dates; only how the values of facts are written is another."""
    recovered = read_publication("cup", lambda path: version_before.read_document("cup", path))
    assert {f"ledger/{name}.json": ledger.to_json() for name, ledger in recovered.ledgers.items()} == ledgers(
        cup, "cup"
    )


@pytest.mark.slow
def test_a_publication_of_the_version_before_goes_on(cup, version_before):
    """No stamp moves, and no document changes but the data that carries the ledger."""
    report = build(version_before, everything(), LATER + HOUR)
    written = {path for part in report.parts if part.name == "cup" for path in part.written}
    assert written == {path for path, body in documents(cup, "cup").items() if b'"recovery"' in body}
    assert ledgers(version_before, "cup") == ledgers(cup, "cup")
    assert documents(version_before, "cup") == documents(cup, "cup")


# --- Into a store ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_everything_is_lost_and_comes_back(published, copy, tmp_path):
    """Into an empty folder: documents, ledgers, generations and times as they were, and a build finds nothing to do."""
    new = LocalStore(tmp_path / "new")
    count = len(published.read_current("trial").manifest.documents)
    assert recovery(new, ("trial",), str(copy)) == [
        f"trial: generation 2, {count} documents, 1 ledger",
        f"index: generation 2, {len(published.read_current(INDEX).manifest.documents)} documents",
    ]
    assert ledgers(new) == ledgers(published)
    assert documents(new) == documents(published)
    old, now = published.read_current("trial").manifest, new.read_current("trial").manifest
    assert (now.generation, now.published, now.documents) == (old.generation, old.published, old.documents)
    for file in (new.output / "site").rglob("*.ics"):
        assert (
            file.stat().st_mtime == (published.output / "site" / file.relative_to(new.output / "site")).stat().st_mtime
        )
    report = build(new, contents(MOVED, publisher=FEW), NOW + 2 * HOUR)
    assert not report.changed
    assert documents(new) == documents(published)


@pytest.mark.slow
def test_stamps_go_on_after_a_recovery(published, copy, tmp_path):
    """The next change of a race that had SEQUENCE 1 has SEQUENCE 2, later than what was public."""
    new = LocalStore(tmp_path / "new")
    recovery(new, ("trial",), str(copy))
    build(new, contents(publisher=FEW), NOW)
    before, after = (read_ledger(ledgers(store)["ledger/2030.json"]).revisions[RACE] for store in (published, new))
    assert (before.sequence, after.sequence) == (1, 2)
    assert after.last_modified > before.last_modified
    assert new.read_current("trial").manifest.published > published.read_current("trial").manifest.published


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["gone", "truncated", "edited", "all of it"])
def test_the_store_recovers_itself(published, damage):
    """A ledger that is lost or damaged comes back from the public generation beside it, as the next generation."""
    state = published.output / "series/trial/current/state"
    good = (state / "ledger/2030.json").read_bytes()
    match damage:
        case "gone":
            (state / "ledger/2030.json").unlink()
        case "truncated":
            (state / "ledger/2030.json").write_bytes(good[:100])
        case "edited":
            (state / "ledger/2030.json").write_bytes(good.replace(b'"sequence": 1', b'"sequence": 0'))
        case _:
            shutil.rmtree(state)
            state.mkdir()
    report = regenerate(published, contents(publisher=FEW), now=NOW + 2 * HOUR)
    assert "aslms-feeds recover" in report.parts[0].hint
    assert recovery(published, ("trial",))[0].startswith("trial: generation 3, ")
    assert ledgers(published)["ledger/2030.json"] == good
    build(published, contents(publisher=FEW), NOW + 2 * HOUR)
    assert read_ledger(ledgers(published)["ledger/2030.json"]).revisions[RACE].sequence == 2


@pytest.mark.slow
def test_state_that_is_intact_is_kept(published):
    """What went well beside a damaged ledger stays: the chronicle, and what a rollback needs."""
    before = published.read_current("trial").state
    (published.output / "series/trial/current/state/ledger/2030.json").unlink()
    recovery(published, ("trial",))
    assert published.read_current("trial").state == before


@pytest.mark.slow
def test_a_rollback_that_held_still_holds(published):
    """The wrong content that was taken back does not return with a recovery."""
    files = contents(MOVED, publisher=FEW)
    build(published, files, NOW + 2 * HOUR, back_to={"trial": 1})
    (published.output / "series/trial/current/state/ledger/2030.json").write_bytes(b"{}")
    recovery(published, ("trial",))
    assert build(published, files, NOW + 3 * HOUR).parts[0].back_to == 1


@pytest.mark.slow
def test_an_older_publication_is_refused(published, copy):
    """A cache or a backup that is older than what is here would take stamps back: nothing is written."""
    build(published, contents(SEASON.replace("hours = 4", "hours = 6"), publisher=FEW), NOW + 2 * HOUR)
    before = {part: published.read_current(part) for part in published.list_parts()}
    with pytest.raises(PublicationError) as raised:
        recovery(published, ("trial",), str(copy))
    assert str(raised.value) == "generation 3 of trial is here, and only 2 was found: stamps would go back"
    assert raised.value.hint == "recover from what was published last; without an address: from here"
    assert {part: published.read_current(part) for part in published.list_parts()} == before


@pytest.mark.slow
def test_the_same_and_a_newer_publication_are_taken(published, copy, tmp_path):
    """The same is published anew under the next number; a newer one keeps its own."""
    assert recovery(published, ("trial",), str(copy))[0].startswith("trial: generation 3, ")
    old = LocalStore(tmp_path / "old")
    build(old, contents(publisher=FEW))
    assert recovery(old, ("trial",), str(copy))[0].startswith("trial: generation 2, ")
    assert ledgers(old) == ledgers(published)


@pytest.mark.slow
def test_a_series_that_was_never_published_is_no_loss(published, copy, tmp_path):
    """It is named, the others are recovered, and the next build publishes it for the first time."""
    new = LocalStore(tmp_path / "new")
    lines = recovery(new, ("cup", "trial"), str(copy))
    assert lines[0] == "cup: nothing is published there"
    assert [line.partition(":")[0] for line in lines] == ["cup", "trial", "index"]
    files = contents(MOVED, publisher=FEW)
    files |= {path.replace("trial/", "cup/"): text for path, text in files.items() if path.startswith("trial/")}
    build(new, files, NOW + 2 * HOUR)
    assert new.read_current("cup").manifest.generation == 1
    assert documents(new) == documents(published)


@pytest.mark.slow
def test_one_series_of_several(published, copy, tmp_path):
    """Only what is asked for is recovered; the index and the others stay."""
    new = LocalStore(tmp_path / "new")
    files = {path.replace("trial/", "cup/"): text for path, text in contents(publisher=FEW).items()}
    build(new, files)
    before = new.read_current("cup"), new.read_current(INDEX)
    assert [line.partition(":")[0] for line in recovery(new, ("trial",), str(copy), whole=False)] == ["trial"]
    assert (new.read_current("cup"), new.read_current(INDEX)) == before
    assert ledgers(new) == ledgers(published)


@pytest.mark.slow
@pytest.mark.parametrize(("names", "whole"), [(("cup",), False), (("cup", "trial"), False), (("cup",), True)])
def test_nothing_is_found_of_what_was_asked_for(published, copy, tmp_path, names, whole):
    """That is an error: whoever builds on it would begin at SEQUENCE 0."""
    new = LocalStore(tmp_path / "new")
    with pytest.raises(PublicationError, match="nothing was found of cup") as raised:
        recovery(new, names, str(copy), whole=whole)
    assert "SEQUENCE 0" in raised.value.hint


def test_a_folder_that_is_none(tmp_path):
    """A name that leads nowhere is a slip of the pen."""
    with pytest.raises(UsageError) as raised:
        recovery(LocalStore(tmp_path / "new"), ("trial",), str(tmp_path / "nowhere"))
    assert str(raised.value) == f"there is no folder {tmp_path / 'nowhere'}"
    assert raised.value.hint == "name a published folder (it holds sitemap.xml), or an address with https://"


@pytest.mark.slow
def test_a_folder_that_lacks_a_document(copy, tmp_path):
    """The place that cannot be read is named, and nothing is recovered in part."""
    (copy / "trial/2030/season.json").unlink()
    new = LocalStore(tmp_path / "new")
    with pytest.raises(PublicationError) as raised:
        recovery(new, ("trial",), str(copy))
    assert str(raised.value) == f"{copy / 'trial/2030/season.json'} cannot be read: No such file or directory"
    assert new.read_current("trial") is None


def test_restoring_keeps_what_the_manifest_lists(cup):
    """The digests of the rebuilt state are in the new manifest, so that a damage after it is noticed too."""
    recovered = read_publication("cup", lambda path: cup.read_document("cup", path))
    store = MemoryStore()
    manifest = restore_part(store, "cup", recovered)
    store.read_current("cup").check()
    assert manifest.state.keys() == ledgers(cup, "cup").keys()
    again = restore_part(store, "cup", replace(recovered))
    assert again.generation == manifest.generation + 1


@pytest.mark.slow
def test_the_recovered_index_leads_to_what_was_found(published, copy, tmp_path):
    """Were a series' folder lost after that, it is noticed as before."""
    new = LocalStore(tmp_path / "new")
    recovery(new, ("trial",), str(copy))
    shutil.rmtree(new.output / "series" / "trial")
    report = regenerate(new, contents(publisher=FEW), now=NOW + 2 * HOUR)
    assert report.parts[0].error == "the series 'trial' is public and its generations are gone"


def test_data_says_what_a_ledger_needs_in_public(cup):
    """It is plain JSON that anybody can read: the same revisions as in the calendars."""
    data = json.loads(cup.read_document("cup", "2030/changes.json"))["recovery"]
    text = cup.read_document("cup", "2030/cup-2030-all.ics").decode().replace("\r\n ", "")
    for uid, row in data["revisions"].items():
        if row["statement"]["start"] and f"UID:{uid}\r\n" in text:
            (event,) = [part for part in text.split("BEGIN:VEVENT") if f"UID:{uid}\r\n" in part]
            assert f"SEQUENCE:{row['sequence']}\r\n" in event
            assert f"LAST-MODIFIED:{row['last_modified'].replace('-', '').replace(':', '')}\r\n" in event
    assert text.count("BEGIN:VEVENT") > 10

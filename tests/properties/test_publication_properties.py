"""What holds for any sequence of publications, whatever the documents, the states and the clock."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from aslms_feeds.publication.manifest import CALENDAR, HTML, Document, read_manifest
from aslms_feeds.publication.publish import publish
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore

START = datetime(2030, 1, 1, tzinfo=UTC)
PATHS = ("index.html", "2030/races.ics", "2030/sepang/index.html", "a/b/c/d.ics", "z")

documents = st.dictionaries(
    st.sampled_from(PATHS), st.tuples(st.sampled_from((HTML, CALENDAR)), st.sampled_from((b"", b"1", b"2" * 400)))
)
clocks = st.integers(-(10**6), 10**6)
steps = st.lists(
    st.tuples(documents, st.dictionaries(st.sampled_from("xy"), st.binary(max_size=2)), clocks), max_size=6
)


def check_step(store, edition, state, now) -> None:
    """Publish once and compare what is public before and after."""
    given_documents = [Document(path, media_type, body) for path, (media_type, body) in edition.items()]
    before = store.read_current("trial")
    old = before.manifest.documents if before else {}
    with store.lock():
        manifest, _change = publish(store, "trial", given_documents, state, now=now)
    after = store.read_current("trial")

    assert after.manifest == manifest == read_manifest(store.read_document("trial", "manifest.json"))
    assert dict(after.state) == state
    changed = {document.path for document in given_documents if _differs(old.get(document.path), document)}
    anything = before is None or bool(changed) or dict(before.state) != state
    assert manifest.generation == (before.manifest.generation if before else 0) + anything
    assert manifest.documents.keys() == old.keys() | edition.keys()
    for path, listed in manifest.documents.items():
        body = store.read_document("trial", path)
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (listed.sha256, listed.size)
        if path in edition:
            assert (listed.media_type, body) == edition[path]
        if path not in changed:
            assert listed == old[path]
        elif path in old:
            assert listed.modified > old[path].modified
    if before:
        assert manifest.published > before.manifest.published if anything else manifest == before.manifest


def _differs(listed, document) -> bool:
    return listed is None or (listed.sha256, listed.media_type) != (document.sha256, document.media_type)


@given(steps)
def test_any_sequence_of_publications_in_memory(sequence):
    """The manifest is what can be read; times and numbers move with a change, grow, and move with nothing else."""
    store = MemoryStore()
    for edition, state, seconds in sequence:
        check_step(store, edition, state, START + timedelta(seconds=seconds))


@settings(max_examples=25)
@given(steps)
def test_any_sequence_of_publications_in_a_folder(tmp_path_factory, sequence):
    """A folder keeps the same promises, read anew at every step."""
    output = tmp_path_factory.mktemp("output")
    for edition, state, seconds in sequence:
        check_step(LocalStore(output), edition, state, START + timedelta(seconds=seconds))


@settings(max_examples=25)
@given(steps)
def test_both_stores_publish_the_same(tmp_path_factory, sequence):
    """The same publications give the same manifests, whatever the store."""
    stores = (MemoryStore(), LocalStore(tmp_path_factory.mktemp("output")))
    for edition, state, seconds in sequence:
        given_documents = [Document(path, media_type, body) for path, (media_type, body) in edition.items()]
        now = START + timedelta(seconds=seconds)
        first, second = (publish(store, "trial", given_documents, state, now=now) for store in stores)
        assert first == second

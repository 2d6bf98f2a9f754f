"""A folder that is published into, as others open it: its store, its lock, and the status beside it."""

from __future__ import annotations

import pytest

from aslms_feeds.errors import Busy
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.split import SplitStore
from aslms_feeds.publication.workspace import Workspace, open_store


def test_the_store_has_its_memory_where_it_is_told(tmp_path):
    """With the publication, or in a folder of its own."""
    assert isinstance(open_store(tmp_path), LocalStore)
    store = open_store(tmp_path / "output", tmp_path / "memory")
    assert isinstance(store, SplitStore)
    assert store.state == tmp_path / "memory"


def test_its_lock_is_that_of_the_store(tmp_path):
    """Whoever writes beside a publication keeps builders out."""
    with Workspace(tmp_path).lock(), pytest.raises(Busy), open_store(tmp_path).lock():
        pass


@pytest.mark.parametrize("text", [b"", b"[]", b"7", b"{", b"[" * 100_000, b"\xff"])
def test_a_damaged_status_says_nothing(tmp_path, text):
    """Nor does one that is not there."""
    workspace = Workspace(tmp_path)
    assert workspace.read_status() == {}
    (tmp_path / "status.json").write_bytes(text)
    assert workspace.read_status() == {}
    workspace.write_status({"ok": True, "error": None})
    assert workspace.read_status() == {"ok": True, "error": None}

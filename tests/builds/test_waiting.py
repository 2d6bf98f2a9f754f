"""A build that waits: the first write comes not before its time, and none at all when it is given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aslms_feeds.builds.recipe import Orders, regenerate
from aslms_feeds.errors import Superseded
from aslms_feeds.publication.manifest import HTML, INDEX, Document
from aslms_feeds.publication.publish import publish
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import PUBLISHER, SEASON, contents, documents, published

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
DUE = NOW + timedelta(hours=1)
HOUR = timedelta(hours=1)
PAGE, OTHER = (Document("index.html", HTML, body) for body in (b"a page", b"another"))
FEW = PUBLISHER + '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
STREET = '\n[[event]]\nid = "street"\nname = "A Street Race"\nembargo = 2030-01-10T13:00:00Z\n'


class Gate:
    """Opens when asked, notes how often it was and what was public then; or gives up."""

    def __init__(self, store, trouble=None):
        """Watch a store; ``trouble`` is what is raised."""
        self.store, self.trouble, self.asked = store, trouble, []

    def __call__(self):
        """Open."""
        self.asked.append({part: self.store.read_current(part).manifest.generation for part in self.store.list_parts()})
        if self.trouble:
            raise self.trouble


@pytest.fixture
def inner():
    """Return a store with two generations of a series."""
    store = MemoryStore()
    for page in (PAGE, OTHER):
        publish(store, "trial", (page,), {"a": page.body}, now=NOW)
    return store


def test_what_is_written_waits_and_what_is_not_does_not(inner):
    """It is asked before anything of a generation is public, and only where there is one."""
    gate = Gate(inner)
    publish(inner, "trial", (OTHER,), {"a": OTHER.body}, now=NOW, before_switch=gate)
    assert gate.asked == [], "nothing was written, so nothing had to wait"
    publish(inner, "trial", (PAGE,), {}, now=DUE, before_switch=gate)
    assert gate.asked == [{"trial": 2}], "it waited before anything of it was public"
    assert inner.read_current("trial").manifest.generation == 3


def test_what_is_given_up_is_not_written(inner):
    """Neither then nor later: every write asks again."""
    gate = Gate(inner, Superseded("changed"))
    for _again in range(2):
        with pytest.raises(Superseded):
            publish(inner, "trial", (PAGE,), {}, now=DUE, before_switch=gate)
    assert len(gate.asked) == 2
    assert inner.list_generations("trial") == (1, 2)


@pytest.mark.slow
def test_a_build_that_waits_publishes_what_one_does_that_does_not():
    """The same bytes, stamped with the second it waited for; unchanged parts are not waited for."""
    files = contents(SEASON + STREET, publisher=FEW)
    store = published((files, NOW))
    gate = Gate(store)
    report = regenerate(store, files, now=DUE, before_switch=gate)
    assert not report.failed
    assert gate.asked == [{INDEX: 1, "trial": 1}]
    plain = published((files, NOW), (files, DUE))
    for part in ("trial", INDEX):
        assert store.read_current(part) == plain.read_current(part)
        assert documents(store, part) == documents(plain, part)
    again = Gate(store)
    assert not regenerate(store, files, now=DUE + HOUR, before_switch=again).changed
    assert again.asked == []


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_a_build_that_is_overtaken_ends_without_a_trace(count):
    """It raises, for the whole of it: no part is written, none is reported as failed, and nothing is recorded."""
    files = contents(SEASON + STREET, publisher=FEW)
    if count > 1:
        files |= {path.replace("trial/", "cup/"): data for path, data in files.items()}
    store = published((files, NOW))
    before = {part: store.read_current(part) for part in store.list_parts()}
    gate, recorded = Gate(store, Superseded("changed", hint="build again")), []
    with pytest.raises(Superseded, match="changed"):
        regenerate(store, files, now=DUE, record=recorded.append, before_switch=gate)
    assert len(gate.asked) == 1
    assert recorded == []
    assert {part: store.read_current(part) for part in store.list_parts()} == before
    with store.lock():
        pass  # it is free again


def test_a_first_publication_and_an_index_wait_too():
    """Where only the index has something to write, it does not come early either."""
    store = MemoryStore()
    gate = Gate(store, Superseded("changed"))
    with pytest.raises(Superseded):
        regenerate(store, contents(publisher=FEW), now=DUE, before_switch=gate)
    assert store.list_parts() == ()
    store = published((contents(publisher=FEW), NOW))
    gate = Gate(store, Superseded("changed"))
    named = contents(publisher=FEW.replace('name = "Test calendars"', 'name = "Other calendars"', 1))
    with pytest.raises(Superseded):
        regenerate(store, named, now=DUE, orders=Orders(), before_switch=gate)
    assert store.read_current(INDEX).manifest.generation == 1

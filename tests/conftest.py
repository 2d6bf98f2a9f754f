"""Publications that many tests read, each built once."""

import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import commands
import images
import page_editions
import pytest
from contracts.telling import HUB, RECEIVERS, Telling, publisher_toml
from hypothesis import settings
from untraced import untraced

from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import LATER, NOW, documents, everything, everything_at_first, published, real_seasons

# Without a time limit, for machines that do other things too, and without a folder of found examples in the checkout.
# The same examples in every run: what fails has failed for everybody, and a change is to blame.
settings.register_profile("here", deadline=None, database=None, max_examples=50, derandomize=True)
# By hand, for a long look: pytest --hypothesis-profile=thorough tests/properties
settings.register_profile("thorough", deadline=None, database=None, max_examples=1000)
settings.load_profile("here")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a parameter of bytes by its argument: some are made anew, and every process must know a test by one name."""
    return argname if isinstance(val, bytes) else None


LONG = ("contracts", "properties")
"""Folders of tests that start servers, clients and browsers, or try many examples."""
UNTRACED = frozenset(
    f"test_{name}.py"
    for name in (
        "browser",
        "bundles_served",
        "calendar_clients",
        "crashes",
        "deploy",
        "determinism",
        "feed_readers",
        "more_browser",
        "nu",
        "outside",
        "second_sync",
        "subscribe_browser",
    )
)
"""Files whose tests take no line that others do not take: coverage does not trace them, nor what is in properties."""
REAL = frozenset({"real", "real_store"})
"""Fixtures that publish the real seasons."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no process is left alone with one at the end; mark what is slow."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)
    for item in items:
        if item.path.parent.name in LONG or not REAL.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Run a test and its fixtures, under coverage only where that finds anything."""
    if item.path.name in UNTRACED or item.path.parent.name == "properties":
        with untraced():
            return (yield)
    return (yield)


@pytest.fixture(scope="session")
def everybodys(tmp_path_factory) -> Path:
    """Return a folder that all processes of this run of the tests share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def built_once(folder: Path, name: str, build: Callable[[], MemoryStore]) -> MemoryStore:
    """Return a store that the first process to come builds; the others wait for it, and each has its own copy."""
    path = folder / f"{name}.pickle"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_bytes(pickle.dumps(build()))
    return pickle.loads(path.read_bytes())  # noqa: S301 - written above


@pytest.fixture(scope="session", autouse=True)
def _images_are_kept(everybodys):
    """Draw each share image once, whichever process of this run of the tests comes to it first."""
    folder = everybodys / "images"
    folder.mkdir(exist_ok=True)
    commands.loaded.images = folder
    images.keep(folder)


@pytest.fixture(scope="module", autouse=True)
def _images_are_drawn(request, _images_are_kept):
    """Draw them each time where that is what is tested."""
    if request.path.name != "test_share.py":
        yield
        return
    with images.drawn_afresh():
        yield


REAL_NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="session")
def everything_first_store(everybodys):
    """Return a store with the season that has everything, as first published; who publishes on works on a deep copy."""
    return built_once(everybodys, "first", lambda: published((everything_at_first(), NOW)))


@pytest.fixture(scope="session")
def everything_store(everybodys, everything_first_store):
    """Return a store with the season that has everything after all that changed in it; deep copies as above."""
    first = everything_first_store
    return built_once(everybodys, "everything", lambda: published((everything(), LATER), store=deepcopy(first)))


@pytest.fixture(scope="session")
def everything_first(everything_first_store):
    """Return the documents of the season that has everything, as first published."""
    return documents(everything_first_store, "cup")


@pytest.fixture(scope="session")
def everything_now(everything_store):
    """Return the documents of the season that has everything after all that changed in it."""
    return documents(everything_store, "cup")


@pytest.fixture(scope="session")
def real_store(everybodys):
    """Return a store with the real seasons, in English; who publishes on works on a deep copy."""
    with untraced():
        return built_once(everybodys, "real", lambda: published((real_seasons(), REAL_NOW)))


@pytest.fixture(scope="session")
def real(real_store):
    """Return the documents of the real seasons, in English."""
    return documents(real_store, "aslms")


@pytest.fixture(scope="session")
def edition():
    """Return the edition whose seasons have everything that is hard to show, after a change."""
    return page_editions.changed_edition()


@pytest.fixture(scope="session")
def site(edition):
    """Return the documents of that edition, by their addresses."""
    return page_editions.whole_site(edition)


@pytest.fixture(scope="session")
def trees(site):
    """Return its pages, parsed; who takes something out of one parses it anew."""
    return {path: page_editions.tree(one) for path, one in site.items() if path.endswith(".html")}


@pytest.fixture
def pinged(tmp_path):
    """Return a publication with a hub, not published yet."""
    return Telling(tmp_path / "out", publisher_toml(hub=HUB))


@pytest.fixture
def telling(tmp_path):
    """Return a publication that tells two receivers, not published yet."""
    return Telling(tmp_path / "out", publisher_toml(more=RECEIVERS))

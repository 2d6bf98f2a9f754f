"""Publications that many tests read, each built once."""

import os
from datetime import UTC, datetime

import commands
import images
import page_editions
import pytest
from contracts.telling import HUB, TOLD, Telling, publisher_toml
from hypothesis import settings

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.path.parent.name not in ("contracts", "properties"))


@pytest.fixture(scope="session", autouse=True)
def _images_are_kept(tmp_path_factory):
    """Draw each share image once, whichever process of this run of the tests comes to it first."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "images"
    folder.mkdir(exist_ok=True)
    commands.loaded.images = folder
    images.keep(folder)


@pytest.fixture(scope="module", autouse=True)
def _images_are_drawn(request, _images_are_kept):
    """Draw them each time where that is what is tested."""
    if request.module.__name__ != "test_share":
        yield
        return
    with images.drawn_afresh():
        yield


REAL_NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="session")
def everything_first():
    """Return the documents of the season that has everything, as first published."""
    return documents(published((everything_at_first(), NOW)), "cup")


@pytest.fixture(scope="session")
def everything_now():
    """Return the documents of the season that has everything after all that changed in it."""
    return documents(published((everything_at_first(), NOW), (everything(), LATER)), "cup")


@pytest.fixture(scope="session")
def real_store():
    """Return a store with the real seasons, in English; who publishes on works on a deep copy."""
    return published((real_seasons(), REAL_NOW))


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
def told(tmp_path):
    """Return a publication that tells two receivers, not published yet."""
    return Telling(tmp_path / "out", publisher_toml(more=TOLD))

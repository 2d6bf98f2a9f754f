"""Every calendar, feed and data document of two publications, byte for byte.

``everything`` is ``tests/seasons/everything`` after its second build; ``2023-24`` that season of ``calendars/`` alone.
Pages are not among them: they are large, change with every touch of the design, and have tests of their own.
``UPDATE_GOLDEN=1`` writes the files anew: read the difference as code.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seasons import CALENDARS, PUBLISHER, documents, folder, published

GOLDEN = Path(__file__).with_name("golden")
OFFSEASON = datetime(2024, 6, 1, tzinfo=UTC)
SMALL = f"{PUBLISHER}\n[calendars]\nclasses = false\nalarm_minutes = {{ race = 60, qualifying = 15 }}\n"


@pytest.fixture(scope="module")
def one_season():
    """Return what season 2023-24 alone gives, for a publisher of its own."""
    files = {path: body for path, body in folder(CALENDARS).items() if path.count("/") < 2 or "/2023-24/" in path}
    return documents(published(({**files, "publisher.toml": SMALL.encode()}, OFFSEASON)), "aslms")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "publication"), [("everything", "everything_now"), ("2023-24", "one_season")])
def test_a_publication_is_its_golden_files(name, publication, request):
    """No document differs, none is missing, and no golden file is left over."""
    published_documents = request.getfixturevalue(publication)
    documents_now = {
        path: body for path, body in published_documents.items() if path.endswith((".ics", ".xml", ".json"))
    }
    root = GOLDEN / name
    golden_files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    if os.environ.get("UPDATE_GOLDEN"):
        for path in golden_files.keys() - documents_now.keys():
            golden_files[path].unlink()
        for path, body in documents_now.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        return
    differ = sorted(
        path
        for path in documents_now.keys() & golden_files.keys()
        if golden_files[path].read_bytes() != documents_now[path]
    )
    assert (
        differ,
        sorted(documents_now.keys() - golden_files.keys()),
        sorted(golden_files.keys() - documents_now.keys()),
    ) == ([], [], []), "UPDATE_GOLDEN=1 writes them anew"

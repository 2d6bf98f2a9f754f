"""The same definitions give the same bytes: in any environment, on any day, again and again."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import REAL_NOW
from untraced import untraced

from aslms_feeds.publication.history import HISTORY_FILE
from aslms_feeds.publication.manifest import Manifest
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import (
    CALENDARS,
    LATER,
    NOW,
    documents,
    everything,
    everything_at_first,
    folder,
    published,
    real_seasons,
)

ENVIRONMENTS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8"},
    # Turkish has another small letter for I, another comma and other names; Newfoundland is half an hour off.
    {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"},
)
ONE_YEAR = timedelta(days=365)


def write(files: dict[str, bytes], root: Path) -> Path:
    """Write a calendars folder."""
    for path, body in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return root


@pytest.fixture(scope="module")
def locales(tmp_path_factory):
    """Return a folder with the Turkish locale, where this machine can make one; without it, C takes its place."""
    root = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        command = ["localedef", "-c", "-i", "tr_TR", "-f", "UTF-8", root / "tr_TR.UTF-8"]
        subprocess.run(command, capture_output=True, check=False)
    return root


def build(calendars: Path, output: Path, now: datetime, environment: dict[str, str]) -> None:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "aslms_feeds", "build", "--calendars", calendars, "--output", output]
    # Nothing here is for coverage, which would make every build twice as long.
    ours = ("LC_", "LANG", "TZ", "PYTHONHASHSEED", "PYTHONUTF8", "COVERAGE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    run = subprocess.run(
        [*command, "--now", now.isoformat()],
        env={**clean, **environment},
        capture_output=True,
        check=False,
    )
    # Its hub is nowhere: that is said, and is no matter of what is published.
    said = [line for line in run.stderr.splitlines() if b"hub.example.org" not in line]
    assert (run.returncode, said) == (0, []), run.stderr


def tree(output: Path) -> dict[str, bytes]:
    """Return every file of every generation by its path, public and private, compressed twins included."""
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for part in ("series", "index")
        for path in sorted((output / part).rglob("*"))
        if path.is_file() and not path.is_symlink() and "/current/" not in path.as_posix()
    }


@pytest.mark.parametrize("which", ["everything", "real"])
def test_every_environment_gives_the_same_bytes(which, locales, tmp_path):
    """Hash seed, time zone and locale of the machine reach no file, compressed ones and private state included."""
    if which == "everything":
        steps, environments = [(everything_at_first(), NOW), (everything(), LATER)], ENVIRONMENTS[::2]
    else:
        files = real_seasons(("en", "ja"), ("2009", "2023-24", "2026-27"))
        steps, environments = [(files, REAL_NOW)], ENVIRONMENTS[:2]
    found = []
    for number, environment in enumerate(environments):
        output = tmp_path / f"output-{number}"
        for step, (files, now) in enumerate(steps):
            # The name of the folder is no part of what is published either.
            calendars = write(files, tmp_path / f"calendars-{number}-{step}")
            build(calendars, output, now, {**environment, "LOCPATH": str(locales)})
        found.append(tree(output))
    assert any(path.endswith(".ics.br") for path in found[0])
    assert any("/state/" in path for path in found[0])
    for other in found[1:]:
        assert other.keys() == found[0].keys()
        assert [path for path, body in other.items() if body != found[0][path]] == []


def test_a_year_later_nothing_is_new(everything_store):
    """The same files a year on, in another current season: no calendar and no data of any season has changed."""
    store = deepcopy(everything_store)
    before = documents(store, "cup")
    published((everything(), LATER + ONE_YEAR), store=store)
    after = documents(store, "cup")
    assert before.keys() <= after.keys()
    changed = {path for path in before if before[path] != after[path]}
    # It has become another season's turn: the list of seasons says so, and the pages that lead to the current one.
    assert {path for path in changed if not path.endswith(".html")} <= {"series.json"} | {
        path for path in changed if path.endswith(("/atom.xml", "/rss.xml", "/feed.json"))
    }
    assert {"index.html", "series.json"} <= changed
    for path in changed:
        if path.endswith("/feed.json"):
            assert json.loads(before[path])["items"] == json.loads(after[path])["items"], path


def test_the_real_seasons_do_not_change_with_the_day(real, real_store):
    """Nothing of the seasons that are over is touched in the next twenty years."""
    after = documents(published((real_seasons(), REAL_NOW + 20 * ONE_YEAR), store=deepcopy(real_store)), "aslms")
    assert after.keys() == real.keys()
    assert [path for path in real if real[path] != after[path]] == []


def test_the_real_seasons_say_the_same_in_every_language():
    """In all languages of this repository: English is what it is alone, and the others have its events and stamps."""
    languages = tomllib.loads(folder(CALENDARS)["publisher.toml"].decode())["languages"]
    # A forerunner, two that were raced, and one that is awaited; all seasons are what `real` holds, in English.
    chosen = ("1999-fuji", "2021", "2023-24", "2026-27")
    with untraced():
        alone, found = (
            documents(published((real_seasons(tags, chosen), REAL_NOW)), "aslms") for tags in (("en",), languages)
        )
    assert [path for path in alone if path.endswith(".ics") and found[path] != alone[path]] == []
    known = stamps(alone["aslms-all.ics"])
    assert known
    for tag in languages[1:]:
        place = tag.lower()
        assert stamps(found[f"{place}/aslms-all.ics"]) == known, tag
        assert {f"{place}/{path}" for path in alone if path.endswith((".html", ".ics", ".xml"))} <= found.keys()


def stamps(calendar: bytes) -> list[bytes]:
    """Return what identifies and stamps the events of a calendar, in order."""
    return re.findall(rb"(?m)^(?:UID|SEQUENCE|DTSTAMP|DTSTART)[:;].*$", calendar.replace(b"\r\n ", b""))


def test_what_is_published_depends_on_the_ledger_and_not_on_what_lies_there(everything_store):
    """A store that has lost every document, but not its ledgers, gets the very bytes it had.

    Only the pictures of older pages, which nothing names any more, are lost.
    """
    store = everything_store
    state = store.read_current("cup").state
    empty = MemoryStore()
    empty.switch(Manifest("cup", 2, LATER, {}), [], state)
    published((everything(), LATER + timedelta(days=3)), store=empty)
    found, before = documents(empty, "cup"), documents(store, "cup")
    lost = before.keys() - found.keys()
    assert found == {path: body for path, body in before.items() if path not in lost}
    texts = b"".join(body for path, body in found.items() if path.endswith(".html"))
    assert [path for path in lost if not path.endswith(".png") or Path(path).name.encode() in texts] == []
    # Only the chronicle tells that everything had to be written again.
    assert {**empty.read_current("cup").state, HISTORY_FILE: b""} == {**state, HISTORY_FILE: b""}


def test_a_second_build_writes_nothing(everything_store):
    """The same files again, days later: no document, no ledger, no generation."""
    store = deepcopy(everything_store)
    before = {part: store.read_current(part) for part in store.list_parts()}
    published((everything(), LATER + timedelta(days=3)), store=store)
    assert {part: store.read_current(part) for part in store.list_parts()} == before

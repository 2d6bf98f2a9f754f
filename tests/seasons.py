"""Builders of calendars folders for tests: paths and bytes, with defaults for everything a test does not say."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.publication.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aslms_feeds.definitions.model import SeriesFiles

CALENDARS = Path(__file__).parents[1] / "calendars"
"""The real seasons."""
NOW = datetime(2030, 1, 10, 12, 0, 0, tzinfo=UTC)
"""Before the season below begins."""

PUBLISHER = """\
name = "Test calendars"
base_url = "https://calendar.example.org"
identity = "example.org"
tag_date = 2029-12-01
"""

CIRCUITS = """\
[okayama]
name = "Okayama International Circuit"
city = "Mimasaka"
country = "JP"
timezone = "Asia/Tokyo"
latitude = 34.9153
longitude = 134.2211
length_km = 3.703

[paris]
name = "Circuit de Paris"
city = "Paris"
country = "FR"
timezone = "Europe/Paris"
"""

SERIES = """\
name = "Test Series"
short = "TS"
organiser = "The Organiser"
url = "https://series.example.org"

[[class]]
id = "proto"
name = "Prototype"
colour = "royalblue"

[[class]]
id = "gt"
name = "GT"
colour = "seagreen"
"""

SEASON = """\
name = "2030 Test Series"
status = "confirmed"
announced = 2029-12-20
classes = ["proto", "gt"]

[[event]]
id = "okayama"
name = "4 Hours of Okayama"
circuit = "okayama"

  [[event.session]]
  id = "practice-1"
  kind = "practice"
  start = 2030-03-01T10:00:00
  minutes = 90

  [[event.session]]
  id = "qualifying-gt"
  kind = "qualifying"
  classes = ["gt"]
  start = 2030-03-01T14:00:00

  [[event.session]]
  id = "race-1"
  kind = "race"
  round = 1
  start = 2030-03-02T13:00:00
  hours = 4

[[event]]
id = "paris"
name = "4 Hours of Paris"
circuit = "paris"

  [[event.session]]
  id = "race"
  kind = "race"
  round = 2
  start = 2030-04-06T13:00:00
  hours = 4
"""


def contents(season: str = SEASON, *, name: str = "2030", series: str = SERIES, **files: str) -> dict[str, bytes]:
    """Return a calendars folder with one series, ``trial``, and one season.

    ``files`` are further files by name with underscores: ``publisher``, ``circuits``, or ``news``, ``entries`` and
    ``results`` of the season.
    """
    texts = {
        "publisher.toml": files.pop("publisher", PUBLISHER),
        "circuits.toml": files.pop("circuits", CIRCUITS),
        "trial/series.toml": series,
        f"trial/{name}/season.toml": season,
    }
    texts |= {f"trial/{name}/{file}.toml": text for file, text in files.items()}
    return {path: text.encode() for path, text in texts.items()}


EVERYTHING = Path(__file__).with_name("seasons") / "everything"
"""A calendars folder that has everything a season can hold, as files."""
LATER = datetime(2030, 2, 1, 9, 30, 0, tzinfo=UTC)
"""When it is published for the second time, as its files say."""

_AT_FIRST = (
    # As it was published at NOW: every type of change lies between this and the files.
    ('name    = "2 × 4 Hours of Okayama 🏁"', 'name    = "4 Hours of Okayama"'),
    ("start   = 2030-03-02T09:30:00\n  minutes = 20", "start   = 2030-03-02T09:30:00\n  minutes = 15"),
    ("start = 2030-03-02T13:00:00", "start = 2030-03-02T12:30:00"),
    ('start  = 2030-03-03T08:00:00\n  status = "cancelled"', "start  = 2030-03-03T08:00:00"),
    ("start = 2030-03-29T10:00:00", "start = 2030-03-28T10:00:00"),
    ("start = 2030-03-30T16:00:00", "start = 2030-03-30"),
    ('circuit = "dubai"\nstatus  = "postponed"', 'circuit = "dubai"'),
    ('name    = "Gulf Sprint"\ncircuit = "dubai"', 'name    = "Gulf Sprint"\ncircuit = "yas"'),
    ("first_day = 2030-05-11\nlast_day  = 2030-05-12", "first_day = 2030-05-18\nlast_day  = 2030-05-19"),
    ('circuit_name = "Yas Marina (old layout)"\nlength_km = 4.7\nstatus  = "postponed"', ""),
    ('classes = ["proto"]\nstatus  = "cancelled"', 'classes = ["proto", "gt3"]'),
    ('circuit = "paris"\n\n  # 02:30', 'circuit = "paris"\nstatus = "cancelled"\n\n  # 02:30'),
    ('id        = "street"\n', 'id        = "street"\nclasses   = ["gt3"]\n'),
)


def folder(root: Path) -> dict[str, bytes]:
    """Return the files of a calendars folder."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.toml"))}


def real_seasons(languages: Sequence[str] = ("en",), seasons: Collection[str] = ()) -> dict[str, bytes]:
    """Return the real calendars folder, published in few languages, since all of them take minutes.

    ``seasons`` are the only ones that are in it; none named: all of them.
    """
    files = folder(CALENDARS)
    text, count = re.subn(rb"(?ms)^languages *= *\[.*?\]", b"", files["publisher.toml"])
    assert count == 1, "publisher.toml says its languages once"
    given = f"languages = {json.dumps(list(languages))}\n".encode()
    files["publisher.toml"] = text.replace(b"[calendars]", given + b"[calendars]", 1)
    return {
        path: data
        for path, data in files.items()
        if path.count("/") < 2 or not seasons or path.split("/")[1] in seasons
    }


def edited(files: dict[str, bytes], path: str, *edits: tuple[str, str]) -> dict[str, bytes]:
    """Return a calendars folder with texts of one file replaced, each of which it holds once."""
    text = files[path].decode()
    for old, new in edits:
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    return {**files, path: text.encode()}


def everything() -> dict[str, bytes]:
    """Return the folder that has everything."""
    return folder(EVERYTHING)


def everything_at_first() -> dict[str, bytes]:
    """Return the same folder as it was before all that changed in it."""
    season = everything()["cup/2030/season.toml"].decode()
    # Nobody gives a reason for what is not cancelled yet.
    reason = next(part for part in season.split("[[") if 'id   = "summer-off"' in part)
    files = edited(everything(), "cup/2030/season.toml", *_AT_FIRST, (f"[[{reason}", ""))
    files = edited(files, "cup/2030/entries.toml", ('team   = "Class Team"', 'team   = "Another Team"'))
    return edited(files, "cup/2030/news.toml", ("**Eight** rounds", "Eight rounds"))


def series_files(files: dict[str, bytes], series: str = "trial") -> SeriesFiles:
    """Return what a calendars folder without a problem defines about one series."""
    found = read_definitions(files, "calendars")
    assert found.problems == ()
    return found.series[series]


def published(*steps: tuple[dict[str, bytes], datetime], store: MemoryStore | None = None) -> MemoryStore:
    """Return a store in which calendars folders were published one after the other, none of them with a problem."""
    store = store or MemoryStore()
    for files, now in steps:
        report = regenerate(store, files, now=now)
        assert not report.failed, [(part.problems, part.error) for part in report.parts]
    return store


_PUBLISHED: dict[tuple[object, ...], MemoryStore] = {}


def once_published(*steps: tuple[dict[str, bytes], datetime]) -> MemoryStore:
    """Return a store of the caller's own in which folders were published; what others began with is not built again."""
    if not steps:
        return MemoryStore()
    key = tuple((now, *sorted(files.items())) for files, now in steps)
    if key not in _PUBLISHED:
        _PUBLISHED[key] = published(steps[-1], store=once_published(*steps[:-1]))
    return deepcopy(_PUBLISHED[key])


def documents(store: MemoryStore, part: str = "trial") -> dict[str, bytes]:
    """Return what a series has published, by path."""
    generation = store.read_current(part)
    assert generation is not None, f"{part} is not published"
    return {path: store.read_document(part, path) for path in generation.manifest.documents}

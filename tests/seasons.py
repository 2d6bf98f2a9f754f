"""Builders of calendars folders for tests: paths and bytes, with sensible defaults for everything a test does not say."""

from __future__ import annotations

from datetime import UTC, datetime

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
    """Return a calendars folder with one series, ``ts``, and one season.

    ``files`` are further files by name with underscores: ``publisher``, ``circuits``, or ``news``, ``entries`` and
    ``results`` of the season.
    """
    texts = {
        "publisher.toml": files.pop("publisher", PUBLISHER),
        "circuits.toml": files.pop("circuits", CIRCUITS),
        "ts/series.toml": series,
        f"ts/{name}/season.toml": season,
    }
    texts |= {f"ts/{name}/{file}.toml": text for file, text in files.items()}
    return {path: text.encode() for path, text in texts.items()}

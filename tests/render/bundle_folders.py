"""Calendars folders with two series and bundles of them."""

from __future__ import annotations

from seasons import PUBLISHER, SEASON, SERIES, contents

FEW = 'languages = ["en", "fr"]\n\n[calendars]\nnames = ["all", "races"]\nclasses = []\nreminders = false\n'
BUNDLE = """
[[bundle]]
id = "endurance"
name = "Endurance & more"
names = { fr = "Endurance et plus" }
about = "Everything that is **long**."
colour = "royalblue"
series = ["trial", "cup"]
"""
CUP = SERIES.replace('"Test Series"', '"Long Cup"').replace('"TS"', '"LC"')
CUP_SEASON = (
    SEASON.replace("2030 Test Series", "The Year 2030")
    .replace("2030-03-01", "2030-03-08")
    .replace("2030-03-02", "2030-03-09")
    .replace("announced = 2029-12-20", "announced = 2029-12-22")
)
NEWS = """
[[news]]
id = "tickets"
on = 2029-12-24
title = "Tickets are **on** sale"
text = "Buy [here](https://series.example.org/tickets)."
"""
RESULTS = """
[[result]]
event = "okayama"
session = "race-1"
on = 2029-12-30
overall = { team = "The Winners" }
"""


def two(
    bundles: str = BUNDLE, *, settings: str = FEW, season: str = SEASON, cup_season: str = CUP_SEASON, **files: str
) -> dict[str, bytes]:
    """Return a calendars folder with the series ``trial`` and ``cup`` and some bundles; ``files`` are of the cup."""
    publisher = PUBLISHER + settings + bundles
    more = contents(cup_season, publisher=publisher, series=CUP, **files)
    return contents(season, publisher=publisher) | {
        path.replace("trial/", "cup/"): text for path, text in more.items() if path.startswith("trial/")
    }

"""Public addresses."""

from __future__ import annotations

import pytest

from aslms_feeds.editions.addresses import Addresses

HERE = Addresses("https://calendar.example.org/races", "aslms", "en")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (HERE.page("en"), "index.html"),
        (HERE.page("fr", "2023-24", "sepang"), "fr/2023-24/sepang/index.html"),
        (HERE.page("zh-Hant"), "zh-hant/index.html"),
        (HERE.evergreen("en", "all"), "aslms-all.ics"),
        (HERE.evergreen("fr", "races", "lmp2"), "fr/aslms-races-lmp2.ics"),
        (HERE.evergreen("en", "races", "lmp2", reminders=True), "reminders/aslms-races-lmp2.ics"),
        (HERE.season_calendar("en", "2023-24", "races"), "2023-24/aslms-2023-24-races.ics"),
        (HERE.event_calendar("en", "2023-24", "sepang"), "2023-24/sepang/aslms-2023-24-sepang.ics"),
        (HERE.feed("en", "news", "atom.xml"), "news/atom.xml"),
    ],
)
def test_paths(path, wanted):
    """The first language has no folder; every other one has its own for everything."""
    assert path == wanted


def test_addresses_of_pages_end_in_a_slash():
    """No index.html in an address."""
    assert HERE.page_url("en", "2023-24") == "https://calendar.example.org/races/aslms/2023-24/"
    assert HERE.page_url("en") == "https://calendar.example.org/races/aslms/"
    assert HERE.url("aslms-all.ics") == "https://calendar.example.org/races/aslms/aslms-all.ics"

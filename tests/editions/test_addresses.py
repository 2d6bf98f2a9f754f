"""Public addresses."""

from __future__ import annotations

import pytest

from aslms_feeds.editions.addresses import Addresses

ADDRESSES = Addresses("https://calendar.example.org/races", "aslms", "en")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (ADDRESSES.page("en"), "index.html"),
        (ADDRESSES.page("fr", "2023-24", "sepang"), "fr/2023-24/sepang/index.html"),
        (ADDRESSES.page("zh-Hant"), "zh-hant/index.html"),
        (ADDRESSES.evergreen("en", "all"), "aslms-all.ics"),
        (ADDRESSES.evergreen("fr", "races", "lmp2"), "fr/aslms-races-lmp2.ics"),
        (ADDRESSES.evergreen("en", "races", "lmp2", reminders=True), "reminders/aslms-races-lmp2.ics"),
        (ADDRESSES.season_calendar("en", "2023-24", "races"), "2023-24/aslms-2023-24-races.ics"),
        (ADDRESSES.event_calendar("en", "2023-24", "sepang"), "2023-24/sepang/aslms-2023-24-sepang.ics"),
        (ADDRESSES.feed("en", "news", "atom.xml"), "news/atom.xml"),
    ],
)
def test_paths(path, expected):
    """The first language has no folder; every other one has its own for everything."""
    assert path == expected


def test_addresses_of_pages_end_in_a_slash():
    """No index.html in an address."""
    assert ADDRESSES.page_url("en", "2023-24") == "https://calendar.example.org/races/aslms/2023-24/"
    assert ADDRESSES.page_url("en") == "https://calendar.example.org/races/aslms/"
    assert ADDRESSES.url("aslms-all.ics") == "https://calendar.example.org/races/aslms/aslms-all.ics"

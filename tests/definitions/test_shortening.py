"""Texts cut to a length: whole where they fit, else with an ellipsis, between words or anywhere."""

from __future__ import annotations

import pytest

from aslms_feeds.definitions.shortening import shorten, shorten_to_words


@pytest.mark.parametrize(
    ("options", "shortened"),
    [
        ({}, "4 Hours …"),
        ({"trim": None}, "4 Hours…"),
        ({"stays": 6}, "4 Hour…"),
        ({"ellipsis": " [more]"}, "4 Hours  [more]"),
    ],
)
def test_shorten(options, shortened):
    """A longer text loses its end; what stays is as long as is said, and trimmed of what is said."""
    assert shorten("4 Hours of Sepang", 9, **options) == shortened


@pytest.mark.parametrize("limit", [17, 18])
def test_a_text_that_fits_stays(limit):
    """A text of the limit's length is whole."""
    assert shorten("4 Hours of Sepang", limit) == "4 Hours of Sepang"
    assert shorten_to_words("4 Hours of Sepang", limit, punctuation="") == "4 Hours of Sepang"


@pytest.mark.parametrize(
    ("text", "options", "shortened"),
    [
        ("Sepang, Malaysia", {}, "Sepang…"),
        ("Sepang, Malaysia", {"least": 6}, "Sepang…"),
        ("Sepang, Malaysia", {"least": 7}, "Sepang, M…"),
        ("Sepang, Malaysia", {"stays": 15, "ellipsis": " …"}, "Sepang …"),
        ("Kuala-Lumpur", {}, "Kuala-Lum…"),
        ("Sepang:::::::", {}, "Sepang:::…"),
        ("Sepang:::::::", {"trim": ":"}, "Sepang…"),
    ],
)
def test_shorten_to_words(text, options, shortened):
    """A cut at a space loses the punctuation before it; a long word is cut inside, where too little would remain."""
    assert shorten_to_words(text, 10, punctuation=" ,", **options) == shortened

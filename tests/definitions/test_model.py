"""The model: what a value may be, whoever makes it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from pydantic import ValidationError

from aslms_feeds.definitions.model import SeasonFiles
from aslms_feeds.definitions.publisher import Publisher
from aslms_feeds.definitions.results import Champion, NewsItem
from aslms_feeds.definitions.season import Event, Retired, Season, Session
from aslms_feeds.definitions.series import Circuit, Series
from aslms_feeds.definitions.values import translate

PUBLISHER = {"name": "x", "base_url": "https://example.org", "identity": "example.org", "tag_date": date(2030, 1, 1)}
CIRCUIT = {"name": "x", "country": "MY", "timezone": "UTC"}
NEWS = {"id": "a", "title": "t", "text": "t"}
RACE = {"id": "a", "kind": "race"}


@pytest.mark.parametrize(
    ("model", "base", "bad"),
    [
        (Publisher, PUBLISHER, {"base_url": "https://example.org\n"}),
        (Publisher, PUBLISHER, {"base_url": "ftp://example.org"}),
        (Publisher, PUBLISHER, {"base_url": "https://user@example.org"}),
        (Publisher, PUBLISHER, {"identity": "example.org\n"}),
        (Publisher, PUBLISHER, {"identity": "localhost"}),
        (Publisher, PUBLISHER, {"identity": "Example.org"}),
        (Publisher, PUBLISHER, {"languages": ("en\n",)}),
        (Publisher, PUBLISHER, {"languages": ("english",)}),
        (Circuit, CIRCUIT, {"latitude": 90.1, "longitude": 0}),
        (Circuit, CIRCUIT, {"latitude": 1.0}),
        (Circuit, CIRCUIT, {"latitude": float("nan"), "longitude": 0.0}),
        (Circuit, CIRCUIT, {"length_km": float("inf")}),
        (Circuit, CIRCUIT, {"length_km": 0}),
        (Circuit, CIRCUIT, {"country": "my"}),
        (NewsItem, NEWS, {"text": " \n"}),
        (NewsItem, NEWS, {"title": "a\nb"}),
        (NewsItem, NEWS, {"title": " a"}),
        (NewsItem, NEWS, {"id": "a_b"}),
        (NewsItem, NEWS, {"id": "a" * 65}),
        (NewsItem, NEWS, {"id": "a\n"}),
        (NewsItem, NEWS, {"on": date(1899, 12, 31)}),
        (NewsItem, NEWS, {"on": "2030-01-01"}),
        (NewsItem, NEWS, {"on": datetime(2030, 1, 1)}),  # noqa: DTZ001 - a local time
        (Session, RACE, {"start": datetime(2200, 1, 1)}),  # noqa: DTZ001
        (Session, RACE, {"hours": "4"}),
        (Session, RACE, {"hours": True}),
        (Session, RACE, {"minutes": 90.0}),
        (Session, RACE, {"hours": 4, "minutes": 5}),
        (Session, RACE, {"end": datetime(2030, 1, 1)}),  # noqa: DTZ001
        (Session, RACE, {"fold": 2}),
        (Series, {"name": "x", "short": "x"}, {"short": "a\nb"}),
        (Event, {"id": "a", "name": "x"}, {"first_day": date(2030, 1, 2), "last_day": date(2030, 1, 1)}),
        (Retired, {"id": "a", "why": "x"}, {"id": "a.b.c"}),
        (Champion, {"race_class": "gt"}, {"race_class": None}),
    ],
)
def test_what_no_value_may_be(model, base, bad):
    """The right values are a model; one wrong among them is none."""
    model.model_validate(base)
    with pytest.raises(ValidationError):
        model.model_validate(base | bad)


def test_whole_numbers_are_numbers():
    """4 is as good as 4.0 where a number is wanted."""
    assert Session(id="a", kind="race", hours=4).hours == 4.0


def test_values_are_frozen():
    """Nobody changes a season after it was read."""
    with pytest.raises(ValidationError):
        Session(id="a", kind="race").id = "b"


def test_the_first_id_lasts():
    """UIDs are made from the first id ever, at every level."""
    assert Session(id="c", kind="race", formerly=("a", "b")).lasting_id == "a"
    assert Event(id="c", name="x").lasting_id == "c"
    assert SeasonFiles("2030", Season(name="x", formerly=("twenty-thirty",))).lasting_id == "twenty-thirty"


@pytest.mark.parametrize(
    ("champion", "key"),
    [
        (Champion(race_class="gt", drivers=("A",), team="T"), "gt"),
        (Champion(race_class="gt", drivers=("A",)), "gt-drivers"),
        (Champion(race_class="gt", team="T"), "gt-team"),
        (Champion(title="Trophy of Trophies!", team="T"), "trophy-of-trophies-team"),
    ],
)
def test_titles_are_told_apart(champion, key):
    """Drivers and teams of one class have a title each."""
    assert champion.key == key


def test_a_text_without_translation_stays():
    """The text in the language, else as it is."""
    assert (translate("a", {"fr": "b"}, "fr"), translate("a", {"fr": "b"}, "de")) == ("b", "a")

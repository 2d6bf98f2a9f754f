"""What things are called."""

import pytest

from aslms_feeds.definitions.season import Event, Session
from aslms_feeds.definitions.series import Circuit
from aslms_feeds.definitions.values import Kind, Status, What
from aslms_feeds.editions import labels
from aslms_feeds.editions.language import load_language
from seasons import SEASON, SERIES, contents, series_files

ENGLISH, JAPANESE = load_language("en"), load_language("ja")


@pytest.fixture(scope="module")
def files():
    """Return the small season, with Japanese names."""
    series = SERIES.replace('name = "GT"\n', 'name = "GT"\nnames = { ja = "ジーティー" }\n')
    series = series.replace('name = "Test Series"\n', 'name = "Test Series"\nnames = { ja = "試験" }\n')
    season = SEASON.replace('name = "4 Hours of Paris"\n', 'name = "4 Hours of Paris"\nnames = { ja = "パリ" }\n')
    return series_files(contents(season, series=series))


@pytest.mark.parametrize(
    ("session", "name"),
    [
        (Session(id="race-1", kind=Kind.RACE), "Race 1"),
        (Session(id="race", kind=Kind.RACE), "Race"),
        (Session(id="qualifying-gt", kind=Kind.QUALIFYING), "Qualifying GT"),
        (Session(id="qualifying-proto-gt", kind=Kind.QUALIFYING), "Qualifying Prototype GT"),
        (Session(id="drivers-parade", kind=Kind.OTHER), "Drivers parade"),
        (Session(id="other", kind=Kind.OTHER), "Session"),
        (Session(id="test-day", kind=Kind.TEST), "Test day"),
        (Session(id="race-1", kind=Kind.RACE, name="The Sprint"), "The Sprint"),
        (Session(id="race-1", kind=Kind.RACE, names={"ja": "決勝"}), "Race 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.id,
)
def test_a_session_is_called_as_stated_or_by_its_id(files, session, name):
    """Words of the id are kinds and classes where they are one."""
    assert labels.name_session(session, files.series, ENGLISH) == name


@pytest.mark.parametrize(
    ("session", "names"),
    [
        (Session(id="race-1", kind=Kind.RACE), ("決勝レース1", "Course 1", "السباق 1")),
        (
            Session(id="qualifying-gt", kind=Kind.QUALIFYING),
            ("予選 ジーティー", "Qualifications GT", "التجارب التأهيلية GT"),
        ),
        (
            Session(id="gt-qualifying", kind=Kind.QUALIFYING),
            ("予選 ジーティー", "Qualifications GT", "التجارب التأهيلية GT"),
        ),
        (
            Session(id="qualifying-proto-gt", kind=Kind.QUALIFYING),
            ("予選 Prototype・ジーティー", "Qualifications Prototype, GT", "التجارب التأهيلية Prototype وGT"),
        ),
        (
            Session(id="q", name="Qualifying Prototype and GT", kind=Kind.QUALIFYING),
            ("予選 Prototype・ジーティー", "Qualifications Prototype, GT", "التجارب التأهيلية Prototype وGT"),
        ),
        (
            Session(id="qualifying-gt-race-2", kind=Kind.QUALIFYING),
            ("予選 ジーティー（決勝レース2）", "Qualifications GT (Course 2)", "التجارب التأهيلية GT (السباق 2)"),
        ),
        (
            Session(id="qualifying-race-1", kind=Kind.RACE),
            ("予選レース1", "Course qualificative 1", "السباق التأهيلي 1"),
        ),
        (Session(id="free-practice-2", kind=Kind.PRACTICE), ("フリー走行2", "Essais libres 2", "التجارب الحرة 2")),
        (
            Session(id="fp1", name="Free Practice 1", kind=Kind.PRACTICE),
            ("フリー走行1", "Essais libres 1", "التجارب الحرة 1"),
        ),
        (
            Session(id="bronze-test", kind=Kind.TEST),
            ("ブロンズドライバーテスト", "Essais des pilotes bronze", "اختبارات السائقين البرونزيين"),
        ),
        (Session(id="warm-up", kind=Kind.PRACTICE), ("ウォームアップ走行", "Warm-up", "حصة الإحماء")),
        (
            Session(id="drivers-parade", kind=Kind.OTHER),
            ("ドライバーズパレード", "Parade des pilotes", "موكب السائقين"),
        ),
        (
            Session(id="x", name="Drivers' Parade", kind=Kind.OTHER),
            ("ドライバーズパレード", "Parade des pilotes", "موكب السائقين"),
        ),
        (Session(id="other", kind=Kind.OTHER), ("セッション", "Séance", "الحصة")),
        # What is stated in words of its own is a name; an id with such words keeps them.
        (Session(id="race-1", name="The Sprint", kind=Kind.RACE), ("The Sprint", "The Sprint", "The Sprint")),
        (Session(id="race-1", name="Race 1: Gold", kind=Kind.RACE), ("Race 1: Gold", "Race 1: Gold", "Race 1: Gold")),
        (Session(id="x", name="GT", kind=Kind.OTHER), ("GT", "GT", "GT")),
        (Session(id="gala-race", kind=Kind.RACE), ("Gala 決勝レース", "Gala Course", "Gala السباق")),
        (Session(id="gala-dinner", kind=Kind.OTHER), ("Gala dinner", "Gala dinner", "Gala dinner")),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "id", ""),
)
def test_usual_words_are_translated(files, session, names):
    """Of ids, and of stated names that hold nothing else; classes keep their names, and numbers their place."""
    translations = [labels.name_session(session, files.series, load_language(tag)) for tag in ("ja", "fr", "ar")]
    assert tuple(translations) == names


def test_a_translated_name_is_taken_where_there_is_one(files):
    """Of sessions, classes, events, seasons and series; else the plain name."""
    event = files.seasons[0].season.events[1]
    named = Session(id="race-1", kind=Kind.RACE, names={"ja": "決勝"})
    assert labels.name_session(named, files.series, JAPANESE) == "決勝"
    assert labels.name_session(Session(id="q-gt", kind=Kind.OTHER), files.series, JAPANESE) == "Q ジーティー"
    assert (labels.name_event(event, JAPANESE), labels.name_event(event, ENGLISH)) == ("パリ", "4 Hours of Paris")
    assert (labels.name_series(files.series, JAPANESE), labels.name_season(files.seasons[0].season, JAPANESE)) == (
        "試験",
        "2030 Test Series",
    )
    assert labels.name_class("gt", files.series, JAPANESE) == "ジーティー"
    assert labels.name_class("unknown", files.series, JAPANESE) == "unknown"


def test_classes_come_in_the_series_order(files):
    """However a session lists them."""
    assert labels.name_classes(("gt", "proto"), files.series, ENGLISH) == ("Prototype", "GT")


def test_every_kind_status_and_fact_has_a_name():
    """And no two the same."""
    for names in (
        [labels.name_kind(kind, ENGLISH) for kind in Kind],
        [labels.name_status(status, ENGLISH) for status in Status],
        [labels.name_change(what, ENGLISH) for what in What],
    ):
        assert all(names)
        assert len(set(names)) == len(names)


def test_a_place_is_venue_city_and_country():
    """The venue as it was called at the time, and first: phones search for this text."""
    circuit = Circuit(name="Fuji Speedway", names={"ja": "富士"}, city="Oyama", country="JP", timezone="Asia/Tokyo")
    event = Event(id="e", name="E")
    assert labels.describe_location(circuit, event, ENGLISH) == "Fuji Speedway, Oyama, Japan"
    assert labels.describe_location(circuit, event, JAPANESE) == "富士、Oyama、日本"
    assert labels.describe_location(circuit, event, load_language("ar")) == "Fuji Speedway، Oyama، اليابان"
    assert (labels.describe_city(circuit, ENGLISH), labels.describe_city(None, ENGLISH)) == ("Oyama, Japan", "")
    then = Event(id="e", name="E", circuit_name="Old Fuji")
    assert labels.describe_location(circuit, then, ENGLISH) == "Old Fuji, Oyama, Japan"
    assert (labels.describe_location(None, event, ENGLISH), labels.describe_location(None, then, ENGLISH)) == (
        "",
        "Old Fuji",
    )

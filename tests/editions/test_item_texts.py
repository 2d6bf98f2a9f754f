"""How entry lists, results and titles are told."""

import pytest

from aslms_feeds.definitions.results import Champion, ClassWinner, Entry, EntryList, Result, Winner
from aslms_feeds.editions import markup
from aslms_feeds.editions.item_texts import ItemWriter, name_crew
from aslms_feeds.editions.language import load_language
from aslms_feeds.editions.stories import Story
from seasons import contents, series_files


@pytest.fixture(scope="module")
def writer():
    """Return a writer about the small season."""
    files = series_files(contents())
    return ItemWriter(files, files.seasons[0], load_language("en"))


def plain(story: Story) -> tuple[str, str]:
    """Return a story as readers see it."""
    return story.title, markup.render_plain(story.text)


def test_lists_are_told_with_the_languages_own_marks(writer):
    """Labels, the cars of a class, and the drivers of a winner."""
    chinese = ItemWriter(writer.files, writer.season, load_language("zh-Hans"))
    overall = Winner(team="99 Racing", number="99", car="Oreca 07", drivers=("A", "B"))
    _title, text = plain(chinese.write_result(Result(event="okayama", session="race-1", overall=overall)))
    assert text == "- 全场：99 Racing #99；Oreca 07；A、B"
    arabic = ItemWriter(writer.files, writer.season, load_language("ar"))
    # A name that begins with a number would be torn apart in a line that runs from right to left.
    _title, text = plain(arabic.write_result(Result(event="okayama", session="race-1", overall=overall)))
    assert "\u206899 Racing #99\u2069" in text


def test_an_entry_list_is_told_by_its_counts(writer):
    """Counted where the cars are listed, as stated where they are not, and simply as a number else."""
    cars = tuple(Entry(number=str(n), race_class="gt" if n else "proto", team="T") for n in range(3))
    listed = EntryList(id="x", event="okayama", entries=cars, note="More *may* come.")
    assert plain(writer.write_entry_list(listed)) == (
        "4 Hours of Okayama: entry list with 3 cars",
        "On the list, by class:\n\n- Prototype: 1\n- GT: 2\n\nMore *may* come.",
    )
    stated = EntryList(id="x", count=1, counts={"gt": 1})
    assert plain(writer.write_entry_list(stated))[0] == "2030 Test Series: entry list with one car"
    assert plain(writer.write_entry_list(EntryList(id="x", count=30)))[1] == "2030 Test Series: entry list with 30 cars"


def test_a_result_is_told_with_its_winners(writer):
    """The overall winner in the headline, each class in the text."""
    overall = Winner(team="99 Racing", number="99", car="Oreca 07", drivers=("A", "B"))
    winner = ClassWinner(race_class="gt", team="Eight_*", number="88")
    result = Result(event="okayama", session="race-1", overall=overall, winners=(winner,), note="Wet.")
    assert plain(writer.write_result(result)) == (
        "4 Hours of Okayama: Race 1, won by 99 Racing #99",
        "- Overall: 99 Racing #99; Oreca 07; A, B\n- GT: Eight_* #88\n\nWet.",
    )
    nobody = Result(event="okayama", session="race-1", winners=(winner,))
    assert plain(writer.write_result(nobody))[0] == "4 Hours of Okayama: Race 1: result"


def test_a_title_is_told_with_who_won_it(writer):
    """Drivers first, else the team; a title of another name by that name."""
    drivers = Champion(race_class="gt", drivers=("A", "B", "C"), team="T", number="7", car="X", note="N.")
    assert plain(writer.write_champion(drivers)) == (
        "2030 Test Series, GT: A, B and C",
        "- Drivers: A, B, C\n- Team: T\n- Number: #7\n- Car: X\n\nN.",
    )
    assert plain(writer.write_champion(Champion(title="Cup", team="T")))[0] == "2030 Test Series, Cup: T"


def test_a_crew_is_its_team_and_number():
    """As far as they are known."""
    assert [name_crew(Winner(team="T", number="7")), name_crew(Winner(team="T")), name_crew(Winner(number="7"))] == [
        "T #7",
        "T",
        "#7",
    ]

"""How facts, entry lists, results and titles are told."""

from datetime import UTC, datetime

import pytest

from aslms_feeds.definitions.model import Champion, ClassWinner, Entry, EntryList, Result, What, Winner
from aslms_feeds.editions import markup
from aslms_feeds.editions.item_texts import Story, Teller, crew, escaped
from aslms_feeds.editions.language import language
from aslms_feeds.ledger.facts import Fact
from seasons import CIRCUITS, contents, series_files

OLD, NEW = "2030-03-02T03:30:00Z/2030-03-02T07:30:00Z", "2030-03-02T04:00:00Z/2030-03-02T08:00:00Z"


@pytest.fixture(scope="module")
def teller():
    """Return a teller of the small season."""
    circuits = CIRCUITS.replace("[paris]\n", '[paris]\nformerly = ["old-paris"]\n')
    files = series_files(contents(circuits=circuits))
    return Teller(files, files.seasons[0], language("en"))


def plain(story: Story) -> tuple[str, str]:
    """Return a story as readers see it."""
    return story.title, markup.plain(story.text)


def fact(what: str, event: str = "", session: str = "", **more) -> Fact:
    """Return a fact about the small season."""
    return Fact(id="x", what=What(what), event=event, session=session, **more)


@pytest.mark.parametrize(
    ("told", "title", "text"),
    [
        (
            fact("retimed", "okayama", "race-1", before=OLD, after=NEW, timezone="Asia/Tokyo"),
            "4 Hours of Okayama: Race 1: new time",
            "Before: Saturday, 2 March 2030, 12:30 – 16:30 at the circuit (03:30 – 07:30 UTC). "
            "Now: Saturday, 2 March 2030, 13:00 – 17:00 at the circuit (04:00 – 08:00 UTC).",
        ),
        (
            fact(
                "retimed",
                "paris",
                "race",
                before="2030-03-30",
                after="2030-03-30T21:00:00Z/2030-03-31T03:00:00Z",
                timezone="Europe/Paris",
            ),
            "4 Hours of Paris: Race: provisional time",
            "Before: Saturday, 30 March 2030. Now: Saturday, 30 March 2030, 22:00 at the circuit (21:00 UTC) – "
            "Sunday, 31 March 2030, 05:00 at the circuit (03:00 UTC).",
        ),
        (
            fact("moved", "paris", before="2030-04-06/2030-04-07", after="2030-05-03/2030-05-06"),
            "4 Hours of Paris moved to 3 May 2030",
            "Before: Saturday, 6 April 2030. Now: 3–5 May 2030.",
        ),
        (
            fact("moved", "paris", before="spring", after="autumn"),
            "4 Hours of Paris moved",
            "Before: spring. Now: autumn.",
        ),
        (fact("added", "paris", after="2030-04-06"), "New: 4 Hours of Paris", "Added: Saturday, 6 April 2030."),
        (
            fact("time-confirmed", "paris", "race", before="2030-04-06", after="2030-04-06T11:00:00Z"),
            "4 Hours of Paris: Race: time confirmed",
            "Before: Saturday, 6 April 2030. Now: Saturday, 6 April 2030, 11:00 at the circuit (11:00 UTC).",
        ),
        (
            fact("time-confirmed", before="", after=""),
            "2030 Test Series confirmed",
            "2030 Test Series confirmed",
        ),
        (
            fact("place-changed", "paris", before="okayama", after="old-paris"),
            "4 Hours of Paris: new venue",
            "Before: Okayama International Circuit. Now: Circuit de Paris.",
        ),
        (
            fact("place-changed", "paris", before="", after="gone"),
            "4 Hours of Paris: new venue",
            "New venue: gone.",
        ),
        (
            fact("renamed", "paris", before="Old *name*", after="4 Hours of Paris"),
            "4 Hours of Paris: new name",
            "Before: Old *name*. Now: 4 Hours of Paris.",
        ),
        (
            fact("cancelled", "paris", before="2030-04-06", why="No #1 <road>."),
            "4 Hours of Paris is cancelled",
            "It was to be on Saturday, 6 April 2030.\n\nNo #1 <road>.",
        ),
        (fact("cancelled", "paris", why="No road."), "4 Hours of Paris is cancelled", "No road."),
        (
            fact("cancelled", "paris", before="late 2030"),
            "4 Hours of Paris is cancelled",
            "Cancelled: late 2030.",
        ),
        (
            fact("postponed", "paris", before="2030-04-06"),
            "4 Hours of Paris is postponed",
            "It was to be on Saturday, 6 April 2030. The new date is not known yet.",
        ),
        (
            fact("postponed", "paris", before="2030-04-06", after="2030-06-01"),
            "4 Hours of Paris is postponed",
            "It was to be on Saturday, 6 April 2030; the new date is Saturday, 1 June 2030.",
        ),
        (
            fact("reinstated", "paris", before="2030-04-06", after="2030-04-06"),
            "4 Hours of Paris is back on",
            "Back on: Saturday, 6 April 2030.",
        ),
        (fact("class-added", "paris", after="gt"), "4 Hours of Paris: with GT", "Class added: GT."),
        (
            fact("class-dropped", before="proto"),
            "2030 Test Series: without Prototype",
            "Class dropped: Prototype.",
        ),
        (
            fact("entry-list", "okayama", "list", before="#7 A, B; #8 C", after="#9 D"),
            "4 Hours of Okayama: entry list changed",
            "- Out: #7 A, B\n- Out: #8 C\n- In: #9 D",
        ),
        (
            fact("organiser-changed", before="A", after="B", on_basis="reported"),
            "2030 Test Series: New organiser",
            "Before: A. Now: B.\n\nThe date is that of the report.",
        ),
        (
            fact("calendar-changed", why="Two rounds fewer."),
            "2030 Test Series: New calendar",
            "Two rounds fewer.",
        ),
        (
            fact("announced", after="okayama=2030-03-01/2030-03-03;paris=2030-04-06/2030-04-07;vague="),
            "2030 Test Series announced",
            "- 4 Hours of Okayama: 1–2 Mar 2030\n- 4 Hours of Paris: Saturday, 6 April 2030\n- vague",
        ),
        (
            fact("announced"),
            "2030 Test Series announced",
            "The calendar is to be announced.\n\nClasses: Prototype, GT",
        ),
    ],
    ids=lambda value: f"{value.what} {value.before}" if isinstance(value, Fact) else "",
)
def test_a_fact_is_told(teller, told, title, text):
    """A headline that says what happened to what, and a text with before, now and why."""
    assert plain(teller.fact(told)) == (title, text)


@pytest.mark.parametrize(
    ("tag", "title", "text"),
    [
        (
            "fr",
            "4 Hours of Okayama – Course 1\N{NO-BREAK SPACE}: nouvel horaire",
            "Avant\N{NO-BREAK SPACE}: samedi 2 mars 2030, 12:30 – 16:30, heure du circuit (03:30 – 07:30 UTC). "
            "Désormais\N{NO-BREAK SPACE}: samedi 2 mars 2030, 13:00 – 17:00, heure du circuit (04:00 – 08:00 UTC).",
        ),
        (
            "ja",
            "4 Hours of Okayama 決勝レース1: 時刻変更",
            "変更前: 現地時間 2030年3月2日土曜日 12:30～16:30（UTC 03:30～07:30）。"
            "変更後: 現地時間 2030年3月2日土曜日 13:00～17:00（UTC 04:00～08:00）。",
        ),
        (
            "zh-Hans",
            "4 Hours of Okayama · 正赛1：时间变更",
            "变更前：当地时间2030年3月2日星期六 12:30至16:30（UTC 03:30至07:30）。"
            "变更后：当地时间2030年3月2日星期六 13:00至17:00（UTC 04:00至08:00）。",
        ),
        (
            "th",
            "4 Hours of Okayama: เรซ 1: เวลาใหม่",
            "เดิม วันเสาร์ที่ 2 มีนาคม 2030 เวลา 12:30 – 16:30 ตามเวลาสนามแข่ง (03:30 – 07:30 UTC) "
            "เปลี่ยนเป็น วันเสาร์ที่ 2 มีนาคม 2030 เวลา 13:00 – 17:00 ตามเวลาสนามแข่ง (04:00 – 08:00 UTC)",
        ),
    ],
)
def test_a_fact_is_told_with_the_languages_own_marks(teller, tag, title, text):
    """Commas, colons, dashes and brackets are part of what is translated, and clocks have 24 hours everywhere."""
    told = fact("retimed", "okayama", "race-1", before=OLD, after=NEW, timezone="Asia/Tokyo")
    assert plain(Teller(teller.files, teller.season, language(tag)).fact(told)) == (title, text)


def test_lists_are_told_with_the_languages_own_marks(teller):
    """Labels, the cars of a class, the drivers of a winner, and what happened at once."""
    chinese = Teller(teller.files, teller.season, language("zh-Hans"))
    overall = Winner(team="99 Racing", number="99", car="Oreca 07", drivers=("A", "B"))
    _title, text = plain(chinese.result(Result(event="okayama", session="race-1", overall=overall)))
    assert text == "- 全场：99 Racing #99；Oreca 07；A、B"
    title, _text = plain(chinese.facts([fact("cancelled", "paris"), fact("class-added", "paris", after="gt")]))
    assert title == "4 Hours of Paris：取消、新增组别"
    assert plain(chinese.fact(fact("added", "paris", after="2030-04-06")))[1] == "新增：2030年4月6日星期六。"
    arabic = Teller(teller.files, teller.season, language("ar"))
    # A name that begins with a number would be torn apart in a line that runs from right to left.
    _title, text = plain(arabic.result(Result(event="okayama", session="race-1", overall=overall)))
    assert "\u206899 Racing #99\u2069" in text


def test_every_type_of_fact_has_a_story(teller):
    """With as little as is known, and with everything."""
    for what in What:
        for told in (fact(what), fact(what, "okayama", "race-1", before="2030-03-02", after="2030-03-09", why="W.")):
            title, text = plain(teller.fact(told))
            assert title
            assert text
            assert "  " not in title + text


def test_reasons_are_told_in_the_readers_language(teller):
    """Where the definitions have them."""
    french = Teller(teller.files, teller.season, language("fr"))
    told = fact("cancelled", "paris", why="Rain.", whys={"fr": "Pluie."})
    assert plain(french.fact(told))[1].endswith("Pluie.")
    assert plain(teller.fact(told))[1].endswith("Rain.")


def test_an_entry_list_is_told_by_its_counts(teller):
    """Counted where the cars are listed, as stated where they are not, and simply as a number else."""
    cars = tuple(Entry(number=str(n), race_class="gt" if n else "proto", team="T") for n in range(3))
    listed = EntryList(id="x", event="okayama", entries=cars, note="More *may* come.")
    assert plain(teller.entry_list(listed)) == (
        "4 Hours of Okayama: entry list with 3 cars",
        "On the list, by class:\n\n- Prototype: 1\n- GT: 2\n\nMore *may* come.",
    )
    stated = EntryList(id="x", count=1, counts={"gt": 1})
    assert plain(teller.entry_list(stated))[0] == "2030 Test Series: entry list with one car"
    assert plain(teller.entry_list(EntryList(id="x", count=30)))[1] == "2030 Test Series: entry list with 30 cars"


def test_a_result_is_told_with_its_winners(teller):
    """The overall winner in the headline, each class in the text."""
    overall = Winner(team="99 Racing", number="99", car="Oreca 07", drivers=("A", "B"))
    winner = ClassWinner(race_class="gt", team="Eight_*", number="88")
    result = Result(event="okayama", session="race-1", overall=overall, winners=(winner,), note="Wet.")
    assert plain(teller.result(result)) == (
        "4 Hours of Okayama: Race 1, won by 99 Racing #99",
        "- Overall: 99 Racing #99; Oreca 07; A, B\n- GT: Eight_* #88\n\nWet.",
    )
    nobody = Result(event="okayama", session="race-1", winners=(winner,))
    assert plain(teller.result(nobody))[0] == "4 Hours of Okayama: Race 1: result"


def test_a_title_is_told_with_who_won_it(teller):
    """Drivers first, else the team; a title of another name by that name."""
    drivers = Champion(race_class="gt", drivers=("A", "B", "C"), team="T", number="7", car="X", note="N.")
    assert plain(teller.champion(drivers)) == (
        "2030 Test Series, GT: A, B and C",
        "- Drivers: A, B, C\n- Team: T\n- Number: #7\n- Car: X\n\nN.",
    )
    assert plain(teller.champion(Champion(title="Cup", team="T")))[0] == "2030 Test Series, Cup: T"


def test_a_crew_is_its_team_and_number():
    """As far as they are known."""
    assert [crew(Winner(team="T", number="7")), crew(Winner(team="T")), crew(Winner(number="7"))] == ["T #7", "T", "#7"]


@pytest.mark.parametrize(
    "text", ["*a* _b_ `c` [d](e) <f> # g", "1. one", "- two", "~~a~~ | b & c \\ d!", "https://a.b"]
)
def test_what_is_escaped_is_shown_as_it_is(text):
    """Names and reasons are no Markdown, whatever they hold."""
    assert markup.plain(escaped(text)) == text


def test_a_moment_after_midnight_is_told_on_its_day(teller):
    """The day is the circuit's: 23:30 UTC on Friday is Saturday in Tokyo."""
    at = datetime(2030, 3, 1, 23, 30, tzinfo=UTC)
    told = fact("moved", "okayama", "race-1", before=OLD, after=f"{at:%Y-%m-%dT%H:%M:%SZ}", timezone="Asia/Tokyo")
    assert plain(teller.fact(told))[1].endswith(
        "Now: Saturday, 2 March 2030, 08:30 at the circuit (1 Mar 2030, 23:30 UTC)."
    )

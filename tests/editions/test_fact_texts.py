"""How facts are told."""

from datetime import UTC, datetime

import pytest

from aslms_feeds.definitions.values import What
from aslms_feeds.editions import markup
from aslms_feeds.editions.fact_texts import FactWriter
from aslms_feeds.editions.language import load_language
from aslms_feeds.editions.stories import Story
from aslms_feeds.ledger.facts import Fact
from aslms_feeds.ledger.values import parse_value
from seasons import CIRCUITS, contents, series_files

OLD, NEW = "2030-03-02T03:30:00Z/2030-03-02T07:30:00Z", "2030-03-02T04:00:00Z/2030-03-02T08:00:00Z"


@pytest.fixture(scope="module")
def writer():
    """Return a writer of the small season."""
    circuits = CIRCUITS.replace("[paris]\n", '[paris]\nformerly = ["old-paris"]\n')
    files = series_files(contents(circuits=circuits))
    return FactWriter(files, files.seasons[0], load_language("en"))


def plain(story: Story) -> tuple[str, str]:
    """Return a story as readers see it."""
    return story.title, markup.render_plain(story.text)


def make_fact(what: str, event: str = "", session: str = "", before: str = "", after: str = "", **more) -> Fact:
    """Return a fact about the small season; what was and became is given as it is published."""
    values = {"before": parse_value(What(what), before), "after": parse_value(What(what), after)}
    return Fact(id="x", what=What(what), event=event, session=session, **values, **more)


@pytest.mark.parametrize(
    ("fact", "title", "text"),
    [
        (
            make_fact("retimed", "okayama", "race-1", before=OLD, after=NEW, timezone="Asia/Tokyo"),
            "4 Hours of Okayama: Race 1: new time",
            "Before: Saturday, 2 March 2030, 12:30 – 16:30 at the circuit (03:30 – 07:30 UTC). "
            "Now: Saturday, 2 March 2030, 13:00 – 17:00 at the circuit (04:00 – 08:00 UTC).",
        ),
        (
            make_fact(
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
            make_fact("moved", "paris", before="2030-04-06/2030-04-07", after="2030-05-03/2030-05-06"),
            "4 Hours of Paris moved to 3 May 2030",
            "Before: Saturday, 6 April 2030. Now: 3–5 May 2030.",
        ),
        (
            make_fact("moved", "paris", before="spring", after="autumn"),
            "4 Hours of Paris moved",
            "Before: spring. Now: autumn.",
        ),
        (make_fact("added", "paris", after="2030-04-06"), "New: 4 Hours of Paris", "Added: Saturday, 6 April 2030."),
        (
            make_fact("time-confirmed", "paris", "race", before="2030-04-06", after="2030-04-06T11:00:00Z"),
            "4 Hours of Paris: Race: time confirmed",
            "Before: Saturday, 6 April 2030. Now: Saturday, 6 April 2030, 11:00 at the circuit (11:00 UTC).",
        ),
        (
            make_fact("time-confirmed", before="", after=""),
            "2030 Test Series confirmed",
            "2030 Test Series confirmed",
        ),
        (
            make_fact("place-changed", "paris", before="okayama", after="old-paris"),
            "4 Hours of Paris: new venue",
            "Before: Okayama International Circuit. Now: Circuit de Paris.",
        ),
        (
            make_fact("place-changed", "paris", before="", after="gone"),
            "4 Hours of Paris: new venue",
            "New venue: gone.",
        ),
        (
            make_fact("renamed", "paris", before="Old *name*", after="4 Hours of Paris"),
            "4 Hours of Paris: new name",
            "Before: Old *name*. Now: 4 Hours of Paris.",
        ),
        (
            make_fact("cancelled", "paris", before="2030-04-06", why="No #1 <road>."),
            "4 Hours of Paris is cancelled",
            "It was to be on Saturday, 6 April 2030.\n\nNo #1 <road>.",
        ),
        (make_fact("cancelled", "paris", why="No road."), "4 Hours of Paris is cancelled", "No road."),
        (
            make_fact("cancelled", "paris", before="late 2030"),
            "4 Hours of Paris is cancelled",
            "Cancelled: late 2030.",
        ),
        (
            make_fact("postponed", "paris", before="2030-04-06"),
            "4 Hours of Paris is postponed",
            "It was to be on Saturday, 6 April 2030. The new date is not known yet.",
        ),
        (
            make_fact("postponed", "paris", before="2030-04-06", after="2030-06-01"),
            "4 Hours of Paris is postponed",
            "It was to be on Saturday, 6 April 2030; the new date is Saturday, 1 June 2030.",
        ),
        (
            make_fact("reinstated", "paris", before="2030-04-06", after="2030-04-06"),
            "4 Hours of Paris is back on",
            "Back on: Saturday, 6 April 2030.",
        ),
        (make_fact("class-added", "paris", after="gt"), "4 Hours of Paris: with GT", "Class added: GT."),
        (
            make_fact("class-dropped", before="proto"),
            "2030 Test Series: without Prototype",
            "Class dropped: Prototype.",
        ),
        (
            make_fact("entry-list", "okayama", "list", before="#7 A, B; #8 C", after="#9 D"),
            "4 Hours of Okayama: entry list changed",
            "- Out: #7 A, B\n- Out: #8 C\n- In: #9 D",
        ),
        (
            make_fact("organiser-changed", before="A", after="B", on_basis="reported"),
            "2030 Test Series: New organiser",
            "Before: A. Now: B.\n\nThe date is that of the report.",
        ),
        (
            make_fact("calendar-changed", why="Two rounds fewer."),
            "2030 Test Series: New calendar",
            "Two rounds fewer.",
        ),
        (
            make_fact("announced", after="okayama=2030-03-01/2030-03-03;paris=2030-04-06/2030-04-07;vague="),
            "2030 Test Series announced",
            "- 4 Hours of Okayama: 1–2 Mar 2030\n- 4 Hours of Paris: Saturday, 6 April 2030\n- vague",
        ),
        (
            make_fact("announced"),
            "2030 Test Series announced",
            "The calendar is to be announced.\n\nClasses: Prototype, GT",
        ),
    ],
    ids=lambda value: f"{value.what} {value.before}" if isinstance(value, Fact) else "",
)
def test_a_fact_is_told(writer, fact, title, text):
    """A headline that says what happened to what, and a text with before, now and why."""
    assert plain(writer.write_fact(fact)) == (title, text)


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
def test_a_fact_is_told_with_the_languages_own_marks(writer, tag, title, text):
    """Commas, colons, dashes and brackets are part of what is translated, and clocks have 24 hours everywhere."""
    fact = make_fact("retimed", "okayama", "race-1", before=OLD, after=NEW, timezone="Asia/Tokyo")
    assert plain(FactWriter(writer.files, writer.season, load_language(tag)).write_fact(fact)) == (title, text)


def test_facts_of_one_item_are_told_with_the_languages_own_marks(writer):
    """What happened at once, and what was added."""
    chinese = FactWriter(writer.files, writer.season, load_language("zh-Hans"))
    title, _text = plain(
        chinese.write_facts([make_fact("cancelled", "paris"), make_fact("class-added", "paris", after="gt")])
    )
    assert title == "4 Hours of Paris：取消、新增组别"
    assert plain(chinese.write_fact(make_fact("added", "paris", after="2030-04-06")))[1] == "新增：2030年4月6日星期六。"


def test_every_type_of_fact_has_a_story(writer):
    """With as little as is known, and with everything."""
    for what in What:
        for fact in (
            make_fact(what),
            make_fact(what, "okayama", "race-1", before="2030-03-02", after="2030-03-09", why="W."),
        ):
            title, text = plain(writer.write_fact(fact))
            assert title
            assert text
            assert "  " not in title + text


def test_reasons_are_told_in_the_readers_language(writer):
    """Where the definitions have them."""
    french = FactWriter(writer.files, writer.season, load_language("fr"))
    fact = make_fact("cancelled", "paris", why="Rain.", whys={"fr": "Pluie."})
    assert plain(french.write_fact(fact))[1].endswith("Pluie.")
    assert plain(writer.write_fact(fact))[1].endswith("Rain.")


def test_a_moment_after_midnight_is_told_on_its_day(writer):
    """The day is the circuit's: 23:30 UTC on Friday is Saturday in Tokyo."""
    at = datetime(2030, 3, 1, 23, 30, tzinfo=UTC)
    fact = make_fact("moved", "okayama", "race-1", before=OLD, after=f"{at:%Y-%m-%dT%H:%M:%SZ}", timezone="Asia/Tokyo")
    assert plain(writer.write_fact(fact))[1].endswith(
        "Now: Saturday, 2 March 2030, 08:30 at the circuit (1 Mar 2030, 23:30 UTC)."
    )

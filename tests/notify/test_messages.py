"""What notifications say: facts of one series, what is wrong once and gone once, in two formats."""

import json
from datetime import UTC, date, datetime

import pytest

from aslms_feeds.definitions.values import What
from aslms_feeds.errors import Problem
from aslms_feeds.ledger.facts import Fact
from aslms_feeds.ledger.values import When
from aslms_feeds.notify import messages
from aslms_feeds.report import NewFact, Part, Report

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = "https://calendar.example.org/aslms/"
MOVED = NewFact(
    "2023-24",
    Fact("x1", What.MOVED, "sepang", "race-1", before=When(date(2023, 12, 1)), after=When(date(2023, 12, 2))),
    "Race 1 of Sepang has moved",
    "It is on 2 December now.\nIt was to be on 1 December.",
)
WRONG = Problem("calendars/aslms/2023-24/season.toml", 7, 3, "event.sepang.name", "is empty")


def of(part, **further):
    """Return the notice about a part."""
    return messages.make_facts_notice(part, publication="Race calendars", url=URL, now=NOW, **further)


def test_facts_of_a_generation_are_one_notice():
    """JSON tells everything of a fact, and the text beside it is what people read."""
    notice = of(Part("aslms", 4, new_facts=(MOVED,)))
    assert messages.make_body(notice, "json") == {
        "format": 1,
        "kind": "facts",
        "at": "2026-11-21T12:00:00Z",
        "publication": "Race calendars",
        "series": "aslms",
        "generation": 4,
        "url": URL,
        "facts": [
            {
                "line": "2023-24: sepang.race-1: moved 2023-12-01 → 2023-12-02",
                "season": "2023-24",
                "id": "x1",
                "what": "moved",
                "event": "sepang",
                "session": "race-1",
                "from": "2023-12-01",
                "to": "2023-12-02",
                "headline": "Race 1 of Sepang has moved",
                "text": "It is on 2 December now.\nIt was to be on 1 December.",
            }
        ],
        "more": 0,
        "text": (
            "Race calendars: aslms, generation 4: 1 fact. https://calendar.example.org/aslms/\n"
            "• Race 1 of Sepang has moved: It is on 2 December now. It was to be on 1 December."
        ),
    }


def test_a_generation_without_facts_is_no_news():
    """Files may change without anything that subscribers are told."""
    assert of(Part("aslms", 4, written=("index.html",))) is None


def test_what_a_dead_builder_published_is_told_as_the_chronicle_has_it():
    """There is no headline any more, but the line is the same; the notice is that of the later generation."""
    notice = of(Part("aslms", 5, new_facts=(MOVED,)), missed=["2023-24: dubai: cancelled"])
    data = messages.make_body(notice, "json")
    assert [fact["line"] for fact in data["facts"]] == [
        "2023-24: dubai: cancelled",
        "2023-24: sepang.race-1: moved 2023-12-01 → 2023-12-02",
    ]
    assert data["text"].splitlines()[1] == "2023-24: dubai: cancelled"


def test_the_same_news_has_the_same_id():
    """Noted twice, it is one notice; another generation is another one."""
    part = Part("aslms", 4, new_facts=(MOVED,))
    assert of(part).id == of(part).id
    assert of(part).id != of(Part("aslms", 5, new_facts=(MOVED,))).id
    assert of(part).id != of(Part("elms", 4, new_facts=(MOVED,))).id


def test_slack_gets_one_text_in_which_nothing_is_markup():
    """A headline cannot call a channel, or hide a link."""
    loud = MOVED._replace(headline="<!channel> A & B", text="<https://evil.example|Sepang>")
    body = messages.make_body(of(Part("aslms", 4, new_facts=(loud,))), "slack")
    assert list(body) == ["text"]
    assert body["text"].splitlines()[1] == ("• &lt;!channel&gt; A &amp; B: &lt;https://evil.example|Sepang&gt;")


def test_long_news_is_cut_and_counted():
    """A season of facts is no screen of text, and no megabyte of JSON; what is left out is counted."""
    long = MOVED._replace(text="x" * 10_000)
    data = messages.make_body(of(Part("aslms", 4, new_facts=(long,) * 300)), "json")
    lines = data["text"].splitlines()
    assert (len(data["facts"]), data["more"]) == (messages.MANY, 100)
    assert lines[-1] == "… and 281 more"
    assert len(lines) == messages.LINES + 1
    assert {len(line) for line in lines[1:-1]} == {messages.WIDTH}


# What is wrong


def troubles(*problems, error="", warnings=(), quarantined=None):
    """Return the troubles after a build."""
    report = Report((Part("aslms", 3, problems=problems, error=error), Part("index", 1)))
    return messages.find_troubles(report, warnings=warnings, quarantined=quarantined)


def changes(kind, known, now_found):
    """Return the appeared and the gone of one kind; None without news."""
    notice = messages.make_change_notice(kind, known, now_found, publication="Race calendars", now=NOW)
    data = messages.make_body(notice, "json") if notice else None
    return (data["appeared"], data["gone"], data["left"], data["text"]) if data else None


def test_a_problem_is_told_when_it_appears_and_when_it_is_gone():
    """And not in between, wherever in its file it stands by then."""
    row = {"part": "aslms", "message": str(WRONG)}
    assert changes("errors", {}, troubles(WRONG)) == (
        [row],
        [],
        1,
        f"Race calendars: 1 error\nerror: {WRONG}",
    )
    assert changes("errors", troubles(WRONG), troubles(WRONG._replace(line=12, column=1))) is None
    assert changes("errors", troubles(WRONG), troubles()) == ([], [row], 0, f"Race calendars: no errors\ngone: {WRONG}")


def test_a_part_that_fails_and_an_upstream_in_quarantine_are_errors():
    """Each with what is said about it."""
    appeared, _, left, _ = changes("errors", {}, troubles(error="no room", quarantined={"fia": "it shrank"}))
    assert left == 2
    assert appeared == [
        {"part": "aslms", "message": "aslms: no room"},
        {"part": "", "message": "upstream fia is in quarantine: it shrank"},
    ]


def test_warnings_are_their_own_kind():
    """Who wants errors alone is not told of doubts, and the same words are not the same trouble."""
    all_of_it = troubles(WRONG, warnings=[WRONG])
    assert len(all_of_it) == 2
    assert changes("errors", {}, all_of_it)[2] == 1
    assert changes("warnings", {}, all_of_it)[0] == [{"part": "", "message": str(WRONG)}]
    assert changes("warnings", {}, troubles(WRONG)) is None


@pytest.mark.parametrize("form", ["json", "slack"])
def test_what_is_posted_is_json_in_utf8(form):
    """Letters stay letters."""
    notice = of(Part("aslms", 4, new_facts=(MOVED._replace(headline="Yas Marina → São Paulo"),)))
    text = messages.encode_body(messages.make_body(notice, form))
    assert "São Paulo".encode() in text
    assert "text" in json.loads(text)

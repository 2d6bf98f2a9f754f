"""What commands print: every line of it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from aslms_feeds.cli import output
from aslms_feeds.definitions.values import What
from aslms_feeds.errors import Problem
from aslms_feeds.ledger.facts import Fact
from aslms_feeds.ledger.values import When
from aslms_feeds.publication.history import HistoryRow
from aslms_feeds.report import EventChange, ItemChange, NewFact, Part, Report

NOW = datetime(2030, 1, 10, 12, 0, tzinfo=UTC)
UID = "race.okayama.2030.trial@example.org"
FACT = Fact(
    id="race.okayama.moved.20300110T120000Z",
    what=What.MOVED,
    event="okayama",
    session="race",
    at=NOW,
    before=When(date(2030, 3, 2)),
    after=When(date(2030, 3, 3)),
)
NEW_FACT = NewFact("2030", FACT, "Okayama: Race moved to 3 Mar 2030", "Before: 2 March. Now: 3 March.")
MOVED = Part(
    "trial",
    generation=2,
    documents=3,
    size=999,
    written=("2030/season.json", "trial-all.ics"),
    new_facts=(NEW_FACT,),
    changed_events=(EventChange("2030", UID, 0, 1),),
    changed_items=(ItemChange("2030/change/race", "Okayama: Race moved to 3 Mar 2030", new=True),),
)
QUIET = Part("index", generation=1, documents=2)
PROBLEM = Problem("calendars/cup/2030/season.toml", 3, 1, "event.x", "is wrong")
WRONG = Part("cup", generation=4, problems=(PROBLEM,))
BROKEN = Part("gp", error="the disk is gone", hint="get another", storage=True)


def printed(capsys, report, **options):
    """Return what is printed of a build, to standard output and to standard error."""
    output.print_report(report, "publication", **options)
    return tuple(capsys.readouterr())


# --- build ----------------------------------------------------------------------------------------------------------


def test_a_build_names_what_it_wrote(capsys):
    """Few paths one by one, and every fact; what did not change is not mentioned."""
    assert printed(capsys, Report((MOVED, QUIET))) == (
        "trial: generation 2, 2 of 3 documents changed\n"
        "  2030/season.json\n"
        "  trial-all.ics\n"
        "  2030: okayama.race: moved 2030-03-02 → 2030-03-03\n",
        "",
    )


def test_a_build_that_changed_nothing_says_so(capsys):
    """Unless it was asked to be quiet."""
    assert printed(capsys, Report((QUIET,))) == ("publication: nothing changed\n", "")
    assert printed(capsys, Report((QUIET,)), quiet=True) == ("", "")


def test_quiet_hides_no_change_and_no_problem(capsys):
    """Cron mails what is printed: a change and a problem are worth a mail."""
    out, errors = printed(capsys, Report((MOVED, WRONG)), quiet=True)
    assert out.startswith("trial: generation 2, ")
    assert errors == "calendars/cup/2030/season.toml:3:1: event.x: is wrong\ncup: stays at generation 4\n"


def test_problems_go_to_standard_error_with_the_way_out(capsys):
    """What is wrong first, then what became of the part; a hint where there is one."""
    assert printed(capsys, Report((WRONG, BROKEN))) == (
        "",
        "calendars/cup/2030/season.toml:3:1: event.x: is wrong\n"
        "gp: the disk is gone\n"
        "Try: get another\n"
        "cup: stays at generation 4\n"
        "gp: is not published\n",
    )


def test_a_rollback_that_holds_is_mentioned_by_every_build(capsys):
    """Whoever wonders why an edit is not public reads why; a quiet build says it only with other news."""
    back = Part("trial", generation=3, documents=3, back_to=1)
    line = "trial: rolled back to generation 1, until its definitions change or: aslms-feeds rollback trial --release\n"
    assert printed(capsys, Report((back,))) == (f"{line}publication: nothing changed\n", "")
    assert printed(capsys, Report((back,)), quiet=True) == ("", "")


def test_many_paths_and_facts_are_counted(capsys):
    """Twelve of each are listed; more paths are a number, more facts end with one."""
    paths = tuple(f"{number}.ics" for number in range(13))
    out, _errors = printed(capsys, Report((Part("trial", 1, 20, 0, paths[:12], (NEW_FACT,) * 12),)))
    assert out.count(".ics") == out.count("moved") == 12
    assert "more" not in out
    out, _errors = printed(capsys, Report((Part("trial", 1, 20, 0, paths, (NEW_FACT,) * 15),)))
    assert out.startswith("trial: generation 1, 13 of 20 documents changed\n")
    assert (out.count(".ics"), out.count("moved")) == (0, 12)
    assert out.endswith("  and 3 more\n")


def test_a_build_as_json():
    """Everything a program may want to know, problems as lines."""
    back = Part("trial", generation=3, documents=3, size=10, back_to=1)
    assert json.loads(output.format_report(Report((MOVED, WRONG, BROKEN, back)))) == {
        "ok": False,
        "changed": True,
        "parts": [
            {
                "part": "trial",
                "ok": True,
                "generation": 2,
                "back_to": None,
                "documents": 3,
                "bytes": 999,
                "written": ["2030/season.json", "trial-all.ics"],
                "problems": [],
            },
            {
                "part": "cup",
                "ok": False,
                "generation": 4,
                "back_to": None,
                "documents": 0,
                "bytes": 0,
                "written": [],
                "problems": ["calendars/cup/2030/season.toml:3:1: event.x: is wrong"],
            },
            {
                "part": "gp",
                "ok": False,
                "generation": 0,
                "back_to": None,
                "documents": 0,
                "bytes": 0,
                "written": [],
                "problems": ["the disk is gone"],
            },
            {
                "part": "trial",
                "ok": True,
                "generation": 3,
                "back_to": 1,
                "documents": 3,
                "bytes": 10,
                "written": [],
                "problems": [],
            },
        ],
    }
    assert json.loads(output.format_report(None)) == {"ok": True, "changed": False, "parts": []}


# --- plan -----------------------------------------------------------------------------------------------------------


def test_a_plan_is_tables_of_what_would_change():
    """First the numbers, then what is told, what is replaced, what feed readers show, and the files."""
    added = EventChange("2030", "new.okayama.2030.trial@example.org", None, 0)
    part = Part(**{**vars(MOVED), "changed_events": (*MOVED.changed_events, added)})
    assert output.format_plan(Report((part, QUIET)), "publication") == (
        "trial: 2 files, 1 new calendar event, 1 changed calendar event, 1 feed item\n"
        "Season  Fact                                         What subscribers read              In full\n"
        "2030    okayama.race: moved 2030-03-02 → 2030-03-03  Okayama: Race moved to 3 Mar 2030  "
        "Before: 2 March. Now: 3 March.\n"
        "Calendar event                       SEQUENCE\n"
        "race.okayama.2030.trial@example.org  0 → 1\n"
        "Feed item              Headline\n"
        "2030/change/race  new  Okayama: Race moved to 3 Mar 2030\n"
        "File\n"
        "2030/season.json\n"
        "trial-all.ics"
    )


def test_a_plan_of_a_change_that_nobody_is_told_of():
    """Only the tables that have a row."""
    part = Part("trial", 2, 3, 0, ("index.html",))
    assert output.format_plan(Report((part, QUIET)), "publication") == "trial: 1 file\nFile\nindex.html"


def test_a_plan_counts_one_and_many():
    """In plain English."""
    item = ItemChange("2030/news/x", "X", new=False)
    part = Part(
        "trial", 2, 3, 0, ("a", "b"), changed_events=(EventChange("2030", UID, 3, 3),) * 2, changed_items=(item, item)
    )
    lines = output.format_plan(Report((part,)), "publication").splitlines()
    assert lines[0] == "trial: 2 files, 2 changed calendar events, 2 feed items"
    assert "race.okayama.2030.trial@example.org  3 → 3" in lines
    assert "2030/news/x  edited  X" in lines


def test_a_plan_without_anything_to_do():
    """It says so once, whether it had to look or not; where something is wrong it says nothing of the kind."""
    assert output.format_plan(None, "publication") == "publication: nothing would change"
    assert output.format_plan(Report((QUIET,)), "publication") == "publication: nothing would change"
    assert output.format_plan(Report((WRONG, QUIET)), "publication") == ""
    assert output.format_plan(Report((WRONG, MOVED)), "publication").startswith("trial: 2 files")


def test_a_long_plan_counts_the_rest():
    """Sixty rows of a table; the others are counted."""
    part = Part("trial", 2, 3, 0, tuple(f"{number:03}.ics" for number in range(75)))
    lines = output.format_plan(Report((part,)), "publication").splitlines()
    assert (lines[-2], lines[-1], len(lines)) == ("059.ics", "… and 15 more", 63)


@pytest.mark.parametrize("name", ["Race [gt] :car: Day", "A [/b] B", "[link=https://x.example]y[/link]", "a\\[b]"])
def test_names_are_shown_as_they_are(name):
    """Brackets and colons in a name are no markup for the terminal."""
    part = Part("trial", 2, 3, 0, ("a",), new_facts=(NewFact("2030", FACT, name, name),))
    heading, row = output.format_plan(Report((part,)), "publication").splitlines()[1:3]
    assert heading.startswith("Season  Fact")
    assert row.count(name) == 2


@pytest.mark.slow
def test_a_plan_fits_the_terminal_of_a_person(tmp_path):
    """Where a person watches, tables are as wide as the terminal and have their headings in bold."""
    code = (
        "from aslms_feeds.cli import output; from aslms_feeds.builds.recipe import Part, Report; "
        "print(output.format_plan(Report((Part('trial', written=('long-name/' * 20,)),)), 'publication'))"
    )
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "60", "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=theirs, env=environment) as process:
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
        assert process.wait(30) == 0
    os.close(ours)
    assert b"\x1b[1mFile" in text
    lines = re.sub(rb"\x1b\[[0-9;]*m", b"", text).decode().splitlines()
    assert max(map(len, lines)) <= 60
    assert "".join(line.strip() for line in lines[2:]) == "long-name/" * 20


def _read(terminal):
    """Return what was written to a terminal; nothing once the other side has closed it."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_a_plan_as_json():
    """Facts with what subscribers read, revisions, items and documents of every part."""
    assert json.loads(output.format_plan_json(Report((MOVED, WRONG)))) == {
        "ok": False,
        "changes": True,
        "parts": [
            {
                "part": "trial",
                "ok": True,
                "facts": [
                    {
                        "season": "2030",
                        "id": "race.okayama.moved.20300110T120000Z",
                        "what": "moved",
                        "event": "okayama",
                        "session": "race",
                        "from": "2030-03-02",
                        "to": "2030-03-03",
                        "headline": "Okayama: Race moved to 3 Mar 2030",
                        "text": "Before: 2 March. Now: 3 March.",
                    }
                ],
                "revisions": [{"season": "2030", "uid": UID, "sequence": {"from": 0, "to": 1}}],
                "items": [{"key": "2030/change/race", "title": "Okayama: Race moved to 3 Mar 2030", "new": True}],
                "documents": ["2030/season.json", "trial-all.ics"],
                "problems": [],
            },
            {
                "part": "cup",
                "ok": False,
                "facts": [],
                "revisions": [],
                "items": [],
                "documents": [],
                "problems": ["calendars/cup/2030/season.toml:3:1: event.x: is wrong"],
            },
        ],
    }
    assert json.loads(output.format_plan_json(None)) == {"ok": True, "changes": False, "parts": []}


# --- history --------------------------------------------------------------------------------------------------------

ROWS = (
    HistoryRow(1, NOW, 32, ("2030: the season: announced",)),
    HistoryRow(2, NOW.replace(hour=13), 4, tuple(f"2030: okayama.race-{number}: cancelled" for number in range(14))),
    HistoryRow(3, NOW.replace(hour=14), 4, (), 1),
)


def test_history_is_told_from_the_newest():
    """Each generation with its facts, what it went back to, and whether it is still there; many facts are counted."""
    listed = "".join(f"        2030: okayama.race-{number}: cancelled\n" for number in range(12))
    assert output.format_history({"trial": (ROWS, (2, 3)), "cup": (ROWS[:1], (1,))}) == (
        "trial: 3 generations, of which 2 can be gone back to\n"
        "     3  2030-01-10 14:00:00 UTC  4 documents changed, back to 1\n"
        "     2  2030-01-10 13:00:00 UTC  4 documents changed\n"
        f"{listed}"
        "        and 2 more\n"
        "     1  2030-01-10 12:00:00 UTC  32 documents changed, no longer there\n"
        "        2030: the season: announced\n"
        "\n"
        "cup: 1 generation, of which 1 can be gone back to\n"
        "     1  2030-01-10 12:00:00 UTC  32 documents changed\n"
        "        2030: the season: announced"
    )
    assert output.format_history({}) == "nothing is published"


def test_history_as_json():
    """In order, whole, with what can be gone back to."""
    rows = json.loads(output.format_history_json({"trial": (ROWS, (2, 3))}))["trial"]
    assert [(row["generation"], row["there"], row["back_to"]) for row in rows] == [
        (1, False, None),
        (2, True, None),
        (3, True, 1),
    ]
    assert rows[0] == {
        "generation": 1,
        "published": "2030-01-10T12:00:00Z",
        "documents": 32,
        "facts": ["2030: the season: announced"],
        "back_to": None,
        "there": False,
    }
    assert len(rows[1]["facts"]) == 14
    assert json.loads(output.format_history_json({})) == {}

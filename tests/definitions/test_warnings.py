"""Warnings: what is doubtful, what is not, and how to answer one."""

from __future__ import annotations

import json
from datetime import date

import pytest

from aslms_feeds.cli.commands import main
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.definitions.warnings import find_warnings
from seasons import SEASON, contents, edited, everything

PATH = "trial/2030/season.toml"
TODAY = date(2030, 1, 1)
SOURCED = SEASON.replace("announced", 'sources = ["https://example.org"]\nannounced')
ACCEPT = 'accept = [{{ warning = "{}", why = "It is so." }}]'


def season(*edits: tuple[str, str]) -> dict[str, bytes]:
    """Return a folder whose season has sources, edited."""
    return edited(contents(SOURCED), PATH, *edits)


def list_warnings(files: dict[str, bytes], today: date = TODAY) -> list[str]:
    """Return the warnings as they are printed, without the file's name."""
    definitions = read_definitions(files, "calendars")
    assert definitions.problems == ()
    return [str(warning).removeprefix(f"calendars/{PATH}:") for warning in find_warnings(definitions, today=today)]


RACE_2 = '  id = "race"\n  kind = "race"\n  round = 2\n  start = 2030-04-06T13:00:00\n  hours = 4\n'
QUALIFYING = "  start = 2030-03-01T14:00:00\n"
RACE_1 = "  start = 2030-03-02T13:00:00\n  hours = 4\n"


@pytest.mark.parametrize(
    ("edits", "warning"),
    [
        (
            [('sources = ["https://example.org"]\n', "")],
            "1:1: warning: nothing says where this season is known from; add sources (no-source; accept answers it)",
        ),
        (
            [(QUALIFYING, "  start = 2030-03-01T11:29:59\n")],
            "22:11: event.okayama.session.qualifying-gt.start: warning: begins while okayama.practice-1 is on, in the "
            "same class (overlap; accept answers it)",
        ),
        (
            [('circuit = "okayama"\n', 'circuit = "okayama"\nfirst_day = 2030-02-28\nlast_day = 2030-03-01\n')],
            "30:11: event.okayama.session.race-1.start: warning: 2030-03-02 is not one of the event's days, "
            "2030-02-28 to 2030-03-01 (outside; accept answers it)",
        ),
        (
            [("2030-04-06T13:00:00", "2030-04-06T05:59:59")],
            "40:11: event.paris.session.race.start: warning: a race at 05:59 by the circuit's clock "
            "(odd-hour; accept answers it)",
        ),
        (
            [("2030-04-06T13:00:00", "2030-04-06T23:00:01")],
            "40:11: event.paris.session.race.start: warning: a race at 23:00 by the circuit's clock "
            "(odd-hour; accept answers it)",
        ),
        (
            [(RACE_2, RACE_2.replace('"race"', '"test"').replace("round = 2\n", ""))],
            "31:1: event.paris: warning: the event has sessions, but no race (no-race; accept answers it)",
        ),
        (
            [("round = 2", "round = 4")],
            "39:11: event.paris.session.race.round: warning: no race is round 2, 3; a cancelled race keeps its number "
            "(round-gap; accept answers it)",
        ),
        (
            [(RACE_1, f'{RACE_1}  status = "cancelled"\n')],
            "30:12: event.okayama.session.race-1.status: warning: only the last session is cancelled; is it the event? "
            "Then write it above the first session (last-cancelled; accept answers it)",
        ),
        (
            [("announced", f"{ACCEPT.format('overlap')}\nannounced")],
            "4:11: accept.#1: warning: nothing here is overlap: take it out (idle-accept)",
        ),
    ],
)
def test_what_is_doubtful(edits, warning):
    """Each doubt is told once, with its place and its name."""
    assert list_warnings(season(*edits)) == [warning]


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [(QUALIFYING, "  start = 2030-03-01T11:30:00\n")],
        [
            (QUALIFYING, "  start = 2030-03-01T10:00:00\n"),
            ('kind = "practice"', 'kind = "practice"\nclasses = ["proto"]'),
        ],
        [(QUALIFYING, '  start = 2030-03-01T11:00:00\n  status = "cancelled"\n')],
        [('circuit = "okayama"\n', 'circuit = "okayama"\nfirst_day = 2030-03-01\nlast_day = 2030-03-02\n')],
        [("2030-04-06T13:00:00", "2030-04-06T06:00:00")],
        [("2030-04-06T13:00:00", "2030-04-06T23:00:00")],
        [("round = 2", "round = 1")],
        [("  round = 1\n", ""), (RACE_1, f'{RACE_1}  status = "cancelled"\n  {ACCEPT.format("last-cancelled")}\n')],
        [('circuit = "okayama"\n', 'circuit = "okayama"\nstatus = "cancelled"\n')],
        [
            (
                RACE_1,
                f'{RACE_1}  status = "cancelled"\n\n'
                '[[event.change]]\nid = "c"\nwhat = "cancelled"\nsession = "race-1"\n',
            )
        ],
        [
            (RACE_2, RACE_2.replace('"race"', '"other"').replace("round = 2\n", "")),
            ('circuit = "paris"\n', 'circuit = "paris"\nstatus = "postponed"\n'),
        ],
    ],
)
def test_what_is_not(edits):
    """Back to back, other classes, what is off, the event's own days, six and eleven o'clock, shared rounds."""
    assert list_warnings(season(*edits)) == []


def test_cancelled_rounds_make_no_gap():
    """A cancelled race without a number stands for the missing one; with its number, it is none missing."""
    off = ('circuit = "okayama"\n', 'circuit = "okayama"\nstatus = "cancelled"\n')
    assert list_warnings(season(off)) == []
    assert list_warnings(season(off, ("  round = 1\n", ""))) == []
    assert [
        warning.split("(")[1]
        for warning in list_warnings(season(off, ("  round = 1\n", ""), ("round = 2", "round = 3")))
    ] == ["round-gap; accept answers it)"]


@pytest.mark.parametrize(
    "edit",
    [
        ("hours = 4\n\n[[event]]", f"hours = 4\n  {ACCEPT.format('odd-hour')}\n\n[[event]]"),
        ('circuit = "okayama"\n', f'circuit = "okayama"\n{ACCEPT.format("odd-hour")}\n'),
        ("announced", f"{ACCEPT.format('odd-hour')}\nannounced"),
    ],
)
def test_a_warning_is_answered_at_the_spot(edit):
    """At the session, its event or the season; and not by the answer to another."""
    late = ("2030-03-02T13:00:00", "2030-03-02T23:30:00")
    assert list_warnings(season(late, edit)) == []
    elsewhere = (edit[0], edit[1].replace("odd-hour", "overlap"))
    names = sorted(warning.rsplit("(", 1)[1] for warning in list_warnings(season(late, elsewhere)))
    assert names == ["idle-accept)", "odd-hour; accept answers it)"]


def test_an_answer_elsewhere_is_none():
    """What another event accepted answers nothing here, and is idle there."""
    late = ("2030-03-02T13:00:00", "2030-03-02T23:30:00")
    warnings = list_warnings(season(late, ('circuit = "paris"\n', f'circuit = "paris"\n{ACCEPT.format("odd-hour")}\n')))
    assert [warning.rsplit("(", 1)[1] for warning in warnings] == ["odd-hour; accept answers it)", "idle-accept)"]


def test_a_finished_last_season_has_no_successor():
    """From the day after its last day; not while another follows, even without a calendar."""
    expected = "1:1: warning: the last season was over on 2030-04-06, and no other follows; add the next one, or what"
    assert list_warnings(season(), date(2030, 4, 6)) == []
    assert [warning[: len(expected)] for warning in list_warnings(season(), date(2030, 4, 7))] == [expected]
    following = {**season(), "trial/2031/season.toml": b'name = "2031"\nsources = ["https://example.org"]\n'}
    assert list_warnings(following, date(2030, 4, 7)) == []


def test_sessions_of_two_events_overlap_too():
    """One class cannot be at two circuits; each event's clock counts."""
    warnings = list_warnings(season(("start = 2030-04-06T13:00:00", "start = 2030-03-02T08:59:00")))
    assert [warning.split(": warning: ")[1] for warning in warnings] == [
        "begins while okayama.race-1 is on, in the same class (overlap; accept answers it)"
    ]
    assert list_warnings(season(("start = 2030-04-06T13:00:00", "start = 2030-03-02T09:00:00"))) == []


def test_a_broken_series_has_no_warnings():
    """Problems come first: what is wrong is not advised about."""
    definitions = read_definitions(edited(contents(), PATH, ("announced", "anounced")), "calendars")
    assert find_warnings(definitions, today=TODAY) == ()


def test_check_prints_warnings_and_strict_refuses_them(tmp_path, capsys):
    """Warnings go to stderr and stop nothing; with --strict the status is 1; --json lists both."""
    for path, data in everything().items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    assert main(["check", "--calendars", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert lines
    assert all(": warning: " in line for line in lines)
    assert out.endswith(": no problem\n")
    assert main(["check", "--strict", "--calendars", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", [*lines, f"{tmp_path}: no problem, {len(lines)} warnings"])
    assert main(["check", "--json", "--calendars", str(tmp_path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["problems"], len(answer["warnings"])) == ([], len(lines))


def test_check_says_problems_before_warnings(tmp_path, capsys):
    """A broken file ends with status 1 and a count."""
    for path, data in season(("round = 1", "round = 0")).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    assert main(["check", "--calendars", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 2)
    assert err.endswith(f"{tmp_path}: 1 problem\n")


@pytest.mark.slow
def test_schema_writes_what_is_stale(tmp_path, capsys):
    """Schemas and the reference in README.md are written once; --check only says what is stale."""
    readme = tmp_path / "README.md"
    readme.write_text("Mine.\n<!-- reference: begin -->\nold\n<!-- reference: end -->\nMine too.\n", encoding="utf-8")
    assert main(["schema", "--check", "--calendars", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 8
    assert main(["schema", "--calendars", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("Mine.\n")
    assert text.endswith("Mine too.\n")
    assert "\nold\n" not in text
    assert main(["schema", "--check", "--calendars", str(tmp_path)]) == 0
    assert main(["schema", "--calendars", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""

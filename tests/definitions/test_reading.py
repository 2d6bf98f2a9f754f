"""Definitions: every mistake of an organiser, as files, with the whole output beside each.

A case is a file, the ``season.toml`` of the folder of ``seasons.contents()``, or a whole folder. ``UPDATE_GOLDEN=1``
writes what they give; read each by eye.
"""

from __future__ import annotations

import os
from cProfile import Profile
from datetime import date
from pathlib import Path

import pytest
from untraced import untraced

from aslms_feeds.definitions.explaining import MAX_PROBLEMS
from aslms_feeds.definitions.files import MAX_BYTES
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.definitions.warnings import find_warnings
from seasons import CIRCUITS, PUBLISHER, SERIES, contents, everything, folder

CASES = Path(__file__).parent
INVALID = sorted({path.with_suffix("") for path in (CASES / "invalid").iterdir()})
VALID = sorted(path for path in (CASES / "valid").glob("*.toml"))
TODAY = date(2030, 1, 1)


def same(path: Path, text: str) -> None:
    """Compare with a file, or write it when asked to."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def case(path: Path) -> dict[str, bytes]:
    """Return the calendars folder of a case."""
    file = path.with_suffix(".toml")
    return {**contents(), "trial/2030/season.toml": file.read_bytes()} if file.is_file() else folder(path)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.name)
def test_every_mistake_is_said(path):
    """All problems of all files in one run, each with its place; nothing of it is published."""
    definitions = read_definitions(case(path), "calendars")
    same(path.with_suffix(".txt"), "".join(f"{problem}\n" for problem in definitions.problems))
    assert definitions.problems
    assert "trial" not in definitions.series


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_what_is_right_gives_a_season(path):
    """The season as it was read: what was given, and the warnings."""
    definitions = read_definitions(case(path.with_suffix("")), "calendars")
    assert definitions.problems == ()
    (season,) = definitions.series["trial"].seasons
    text = season.season.model_dump_json(by_alias=True, exclude_unset=True, indent=1)
    doubts = "".join(f"{warning}\n" for warning in find_warnings(definitions, today=TODAY))
    same(path.with_suffix(".json"), f"{text}\n")
    same(path.with_suffix(".txt"), doubts)


def test_seasons_stand_in_order_of_time():
    """Forerunners first, then by first day, undated seasons last, whatever their folders are called."""
    definitions = read_definitions(everything(), "calendars")
    assert definitions.problems == ()
    assert [season.id for season in definitions.series["cup"].seasons] == ["1998-suzuka", "2029", "2030", "2031"]


def test_one_series_does_not_harm_another():
    """A mistake in one series leaves the others; one in a shared file stops all."""
    two = {**contents(), "rival/series.toml": SERIES.encode(), "rival/2030/season.toml": b"nonsense"}
    definitions = read_definitions(two, "calendars")
    assert (list(definitions.series), list(definitions.broken)) == (["trial"], ["rival"])
    definitions = read_definitions({**two, "circuits.toml": CIRCUITS.replace("JP", "jp").encode()}, "calendars")
    assert (list(definitions.series), sorted(definitions.broken)) == ([], ["", "rival"])


def test_a_class_may_be_called_by_the_publisher_where_some_series_has_it():
    """Classes in publisher.toml are those of any series."""
    publisher = PUBLISHER + '\n[calendars]\nclasses = ["gt", "super"]\n'
    rival = SERIES.replace('"gt"', '"super"').encode()
    files = contents(publisher=publisher)
    assert read_definitions({**files, "rival/series.toml": rival}, "c").problems == ()
    (problem,) = read_definitions(files, "c").problems
    assert str(problem) == "c/publisher.toml:7:18: calendars.classes.#2: unknown class 'super'; allowed: gt, proto"


def test_problems_can_be_stated_later():
    """What finds out later names a place of a file, or the file when it is gone."""
    definitions = read_definitions(contents(), "calendars")
    problem = definitions.make_problem("trial/2030/season.toml", ("event", 1, "session", 0, "start"), "is odd")
    assert str(problem) == "calendars/trial/2030/season.toml:39:11: event.paris.session.race.start: is odd"
    assert (
        str(definitions.make_problem("trial/2031/season.toml", ("event", 1), "is gone"))
        == "trial/2031/season.toml: is gone"
    )


def test_hundreds_of_problems_are_counted():
    """The first five hundred of a file are listed, the others counted."""
    problems = read_definitions(contents("name = 'x'\n" + "".join(f"x{n} = 1\n" for n in range(510))), "c").problems
    assert len(problems) == 501
    assert str(problems[0]) == "c/trial/2030/season.toml: and 10 more problems in this file"


EDGE = "name = 'x'\n"
HOSTILE = {
    **{f"only {char!r}": char * MAX_BYTES for char in "[]{}\"'.=#\\,-_:1a \n\t"},
    "quotes": '"""' * (MAX_BYTES // 3),
    "escaped quotes": '"""\\' * (MAX_BYTES // 4),
    "dots": "a." * (MAX_BYTES // 2),
    "quoted dots": '"a".' * (MAX_BYTES // 4),
    "keys": "".join(f"strat{n} = 1\n" for n in range(18_000)),
    "tables": "".join(f"[a{n}]\n" for n in range(28_000)),
    "lists of tables": "[[event]]\n" * 26_000,
    "deep tables": "".join(f"[a.b.c.d.e.f.g.h{n}]\n" for n in range(11_000)),
    "unknown circuits": EDGE + "".join(f'[[event]]\nid="e{n}"\nname="x"\ncircuit="okayma{n}"\n' for n in range(4_500)),
    "sessions": EDGE
    + '[[event]]\nid="a"\nname="b"\ncircuit="okayama"\n'
    + "".join(f'[[event.session]]\nid="e{n}"\nkind="rac"\nstart=2030-01-01T00:00\n' for n in range(3_700)),
    "short times": f"{EDGE}classes=[{'2030-01-01T00:00,' * 15_000}]",
    "clocks": f"{EDGE}classes=[{'10:00,' * 15_000}]",
    "classes": f"{EDGE}classes=[{','.join(f'{chr(34)}a{n}{chr(34)}' for n in range(27_000))}]",
    "one class": EDGE + 'classes=["proto"' + ',"proto"' * 30_000 + "]",
    "one line": f"{EDGE}foo=[{'1,' * 120_000}]",
    "braces": f"{EDGE}foo={{{','.join(f'a{n}=1' for n in range(25_000))}}}\nclasses=[1]",
    "long id": f'{EDGE}[[event]]\nid="{"a" * 200_000}"\nname="b"\n',
    "long word": f'{EDGE}status="{"a" * 200_000}"',
    "long key": f'"{"a" * 200_000}"=1',
    "long address": f'{EDGE}sources=["https://{"a." * 100_000}"]',
    "control characters": 'name="' + "\\u0000" * 40_000 + '"',
    "former ids": f'{EDGE}[[event]]\nid="a"\nname="b"\nformerly={[f"a{n}" for n in range(25_000)]}',
    "long hexadecimal": f"name=0x{'f' * 200_000}",
}


def calls(work):
    """Return what ``work`` returns, and how many functions were called for it: a measure no busy machine changes."""
    profile = Profile()
    with untraced():
        answer = profile.runcall(work)
    return answer, sum(entry.callcount for entry in profile.getstats())


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_little(name):
    """256 KiB of anything are read and refused with work in proportion to their size."""
    files = {**contents(), "trial/2030/season.toml": HOSTILE[name].encode()[:MAX_BYTES]}
    definitions, count = calls(lambda: read_definitions(files, "calendars"))
    assert len(definitions.problems) <= MAX_PROBLEMS + 2
    assert all(len(str(problem)) < 3_000 for problem in definitions.problems)
    assert count < 40 * MAX_BYTES

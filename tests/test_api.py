"""The public names: what programs may use of the package."""

import doctest
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest

from aslms_feeds import api
from seasons import NOW, contents


@pytest.fixture
def calendars(tmp_path) -> Path:
    """Return a calendars folder on disk."""
    for path, body in contents().items():
        (tmp_path / "calendars" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "calendars" / path).write_bytes(body)
    return tmp_path / "calendars"


def test_the_example_runs(calendars, monkeypatch):
    """The example of the module does what it says, where there is a folder with a cup."""
    (calendars / "trial").rename(calendars / "cup")
    monkeypatch.chdir(calendars.parent)
    outcome = doctest.testmod(api)
    assert (outcome.failed, outcome.attempted > 4) == (0, True)


def test_every_public_name_is_there():
    """What is promised exists, and what the module defines itself is promised."""
    assert [name for name in api.__all__ if not hasattr(api, name)] == []
    own = {name for name, value in vars(api).items() if getattr(value, "__module__", "") == api.__name__}
    assert own <= set(api.__all__)


def test_definitions_come_with_every_problem_and_doubt(calendars):
    """Loading raises nothing for what is wrong in a file; it is listed with its place."""
    assert api.load(calendars).problems == ()
    assert api.find_doubts(api.load(calendars), today=date(2030, 1, 10)) != ()
    (calendars / "trial/series.toml").write_bytes(b'name = "Test Series"\n')
    problems = api.load(calendars).problems
    assert f"{calendars}/trial/series.toml" in {problem.file for problem in problems}


@pytest.mark.slow
def test_a_publication_on_disk_and_in_memory_is_the_same(calendars, tmp_path):
    """Both hold the same documents; the second build on disk has nothing to do, a plan says what one would tell."""
    report = api.build(calendars, tmp_path / "out", now=NOW)
    memory = api.build_in_memory(calendars, now=NOW)
    assert [part.name for part in report.parts] == ["trial", "index"]
    assert not memory.report.failed
    for address in memory:
        assert (tmp_path / "out/site" / address).read_bytes() == memory.read(address)
    on_disk = (tmp_path / "out/site/trial/manifest.json").read_bytes()
    assert api.read_manifest(on_disk) == memory.manifest("trial")
    assert api.build(calendars, tmp_path / "out", now=NOW).parts == ()

    season = calendars / "trial/2030/season.toml"
    season.write_bytes(season.read_bytes().replace(b"2030-03-02T", b"2030-03-03T"))
    planned = api.plan(calendars, tmp_path / "out", now=NOW + timedelta(hours=1))
    assert [fact.fact.what for part in planned.parts for fact in part.new_facts] == ["moved"]
    assert (tmp_path / "out/site/trial/manifest.json").read_bytes() == on_disk


def test_a_publication_in_memory_goes_on(calendars):
    """Stamps go on from what was published before; what is not there raises KeyError."""
    first = api.build_in_memory(calendars, now=NOW)
    before = first.manifest("trial")
    season = calendars / "trial/2030/season.toml"
    season.write_bytes(season.read_bytes().replace(b"2030-03-02T", b"2030-03-03T"))
    second = api.build_in_memory(calendars, now=NOW + timedelta(hours=1), previous=first)
    assert second.manifest("trial").generation == before.generation + 1
    assert b"SEQUENCE:1" in second.read("trial/trial-all.ics")
    for ask in (second.read, second.manifest):
        with pytest.raises(KeyError):
            ask("nothing")


def test_what_cannot_be_read_is_an_error_with_a_hint(tmp_path):
    """There is one exception to catch, and it says what to do."""
    with pytest.raises(api.AslmsFeedsError) as caught:
        api.load(tmp_path / "nowhere")
    assert caught.value.hint
    assert NOW.tzinfo is UTC

"""The quick answer: the same as the whole command's, or none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from aslms_feeds.__main__ import main
from aslms_feeds.cli import unchanged
from seasons import contents


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Return a working directory with a calendars folder that is published."""
    for path, data in contents().items():
        (tmp_path / "calendars" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "calendars" / path).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["aslms-feeds", "build"])
    assert main() == 0
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["build"],
        ["build", "--output", "publication"],
        ["build", "--output", "publication/", "--calendars", "calendars"],
    ],
)
def test_an_unchanged_build_is_answered(published, capsys, arguments):
    """In the words of the command."""
    capsys.readouterr()
    assert unchanged.nothing_to_do(arguments)
    assert capsys.readouterr().out == "publication: nothing changed\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["check"],
        ["build", "--json"],
        ["build", "--output"],
        ["build", "--output", "--json"],
        ["build", "--now", "2030-01-01T00:00:00Z"],
        ["build", "--help"],
        ["build", "--output", "elsewhere"],
        ["build", "--calendars", "nowhere"],
        ["build", "--base-url", "https://other.example.org"],
    ],
)
def test_everything_else_is_left_to_the_command(published, capsys, arguments):
    """Without a word."""
    capsys.readouterr()
    assert not unchanged.nothing_to_do(arguments)
    assert capsys.readouterr() == ("", "")


def test_an_edit_is_left_to_the_command(published):
    """Any byte of any definition."""
    file = published / "calendars/trial/2030/season.toml"
    file.write_text(file.read_text() + "# checked\n")
    assert not unchanged.nothing_to_do(["build"])


def test_the_environment_says_what_the_options_do_not(published, monkeypatch):
    """As the command reads it."""
    monkeypatch.setenv("ASLMS_FEEDS_OUTPUT", "elsewhere")
    assert not unchanged.nothing_to_do(["build"])
    assert unchanged.nothing_to_do(["build", "--output", "publication"])


@pytest.mark.slow
def test_nothing_large_is_imported(published):
    """That is what it is for."""
    code = (
        "import sys; from aslms_feeds.cli import unchanged as quick; assert quick.nothing_to_do(['build']);"
        "large = {'pydantic', 'icalendar', 'argparse', 'dataclasses', 'pathlib'};"
        "print(sorted(large & set(sys.modules)))"
    )
    bare = {**os.environ, "COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}
    process = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)
    assert process.stdout.endswith("[]\n")

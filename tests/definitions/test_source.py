"""One definition file: its table, the ids in it, and its problems at their places."""

from __future__ import annotations

from aslms_feeds.definitions.explaining import MAX_PROBLEMS
from aslms_feeds.definitions.publisher import Network
from aslms_feeds.definitions.source import SourceFile


def test_a_right_file_has_no_problem():
    """Not even an empty one."""
    assert SourceFile("x.toml", b"").problems == []


def test_a_problem_stands_where_its_value_is():
    """Line and column of the value, or of its key, in the file as it is written."""
    file = SourceFile("x.toml", b"a = [10:00, true]\n")
    assert str(file.make_problem(("a", 1), "is odd")) == "x.toml:1:13: a.#2: is odd"
    assert str(file.make_problem(("a",), "is odd", key=True)) == "x.toml:1:1: a: is odd"


def test_what_is_too_much_is_counted():
    """Beyond the most that are listed, problems have a number alone."""
    file = SourceFile("x.toml", b"a = 1\n")
    for _number in range(MAX_PROBLEMS + 3):
        file.add_problem(("a",), "is odd")
    assert len(file.problems) == MAX_PROBLEMS + 1
    assert str(file.problems[-1]) == "x.toml: and 3 more problems in this file"


def test_ids_are_listed_as_they_are_written():
    """Whatever else is wrong with the tables that have them."""
    file = SourceFile("x.toml", b'[[event]]\nid = "a"\n[[event.session]]\nid = "b"\n[[event]]\nid = 3\n')
    assert file.list_ids(("event",)) == {"a"}
    assert file.list_ids(("event", 0, "session")) == {"b"}
    assert file.list_ids(("event", 5, "session")) == frozenset()


def test_a_model_is_read_without_what_is_wrong():
    """The rest of the file is there; a file that is no TOML gives nothing."""
    file = SourceFile("x.toml", b"allow_http = 3\nallow_loopback = true\n")
    assert file.read_model(Network) == Network(allow_loopback=True)
    assert [str(problem) for problem in file.problems] == [
        "x.toml:1:14: allow_http: found 3; true or false is wanted, without quotes"
    ]
    assert SourceFile("x.toml", b"nonsense").read_model(Network) is None

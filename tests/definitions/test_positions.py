"""Where keys and values stand."""

from __future__ import annotations

import pytest

from aslms_feeds.definitions.positions import Positions

TEXT = """\
name = "é 🏁"
names = { fr = "日本", "x y" = 2 }
a.b = 1
list = [ # comment
  1, [2, { c = 3 }],
]

[[event]]
id = "one"

  [[event.session]]
  id = "a"
  [[event.session]]
  "start" = 2030-01-01T10:00:00

[[event]]
[event.more]
'q r' = 1
[[event.session]]
id = "b"
"""


@pytest.mark.parametrize(
    ("location", "key", "value"),
    [
        (("name",), (1, 1), (1, 8)),
        (("names", "fr"), (2, 11), (2, 16)),
        (("names", "x y"), (2, 22), (2, 30)),
        (("a", "b"), (3, 1), (3, 7)),
        (("a",), (3, 1), (3, 1)),
        (("list", 0), (5, 3), (5, 3)),
        (("list", 1, 1, "c"), (5, 12), (5, 16)),
        (("event", 0), (8, 1), (8, 1)),
        (("event",), (8, 1), (8, 1)),
        (("event", 0, "session", 1, "start"), (14, 3), (14, 13)),
        (("event", 1, "more", "q r"), (18, 1), (18, 9)),
        (("event", 1, "session", 0, "id"), (20, 1), (20, 6)),
    ],
)
def test_keys_and_values_have_places(location, key, value):
    """Lines and columns from 1, columns in characters, whatever the bytes."""
    positions = Positions(TEXT)
    assert (positions.find(location, key=True), positions.find(location)) == (key, value)


@pytest.mark.parametrize(
    ("location", "place"),
    [(("event", 0, "session", 1, "kind"), (13, 3)), (("nothing",), (1, 1)), (("names", "de"), (2, 1)), ((), (1, 1))],
)
def test_what_is_missing_has_the_place_of_its_holder(location, place):
    """A missing key is where its table begins."""
    assert Positions(TEXT).find(location) == place


def test_places_lead_back():
    """A line and column of a value tell what stands there."""
    assert Positions(TEXT).find_values({(14, 13), (2, 16), (9, 1)}) == {
        (14, 13): ("event", 0, "session", 1, "start"),
        (2, 16): ("names", "fr"),
    }


@pytest.mark.parametrize(
    "text", ["", "=", "[", "[[]]", "a = ", "[a\nb = 1\n[[c", "\0", '"\\x" = 1', "'''", "é = 1\nx = é"]
)
def test_broken_files_have_places_too(text):
    """What is no TOML has the places of what could be read."""
    line, column = Positions(text).find(("a", 0, "b"))
    assert line >= 1
    assert column >= 1


def test_escapes_in_keys_are_read_as_toml_reads_them():
    """A quoted key is the text it means."""
    text = '"\\U0001F3C1\\u0041" = 1\n"a\\"b" = 2'
    assert Positions(text).find(("🏁A",)) == (1, 22)
    assert Positions(text).find(('a"b',)) == (2, 10)

"""TOML: bytes in, a table or the reasons out."""

from __future__ import annotations

import pytest

from aslms_feeds.definitions.files import MAX_BYTES
from aslms_feeds.definitions.toml import Note, find_written_column, parse_toml, text_problems


def test_lists_become_tuples():
    """A table is plain values, its lists tuples all the way down."""
    parsed = parse_toml(b"a = [1, [2, { b = [3] }]]\n")
    assert (parsed.data, parsed.notes) == ({"a": (1, (2, {"b": (3,)}))}, ())


def test_seconds_are_added_and_remembered():
    """Times without seconds are read, and their places told as they stand in the file."""
    parsed = parse_toml(b'x = [2030-01-01T10:00, 11:30] # 12:00\ny = "13:00"\nz = 2030-01-01 14:00\n')
    assert parsed.text == 'x = [2030-01-01T10:00:00, 11:30:00] # 12:00\ny = "13:00"\nz = 2030-01-01 14:00:00\n'
    assert parsed.filled == ((1, 6), (1, 24), (3, 5))


def test_columns_count_without_what_was_added():
    """A column behind added seconds is told as in the file."""
    filled = ((1, 6), (1, 24))
    text = parse_toml(b"x = [2030-01-01T10:00, 11:30, true]").text
    assert (
        find_written_column(1, text.index("true") + 1, filled)
        == b"x = [2030-01-01T10:00, 11:30, true]".index(b"true") + 1
    )
    assert find_written_column(2, 40, filled) == 40
    assert find_written_column(1, 3, filled) == 3


def test_every_column_of_many_times_is_found():
    """Each character stands where it stood; what was added, at the value that it was added to, or behind it."""
    source = b"a = 11:30\nx = [ 10:00, 2030-01-01T10:00,11:30 ,12:00:00, 13:00]\ny = 14:00"
    parsed = parse_toml(source)
    for number, (line, old) in enumerate(zip(parsed.text.split("\n"), source.decode().split("\n"), strict=True), 1):
        columns = [find_written_column(number, column, parsed.filled) for column in range(1, len(line) + 1)]
        assert columns == sorted(columns)
        assert {columns[0], columns[-1]} <= set(range(1, len(old) + 1))
        for column, char in enumerate(line, 1):
            if char in "=[,]" or line[column - 2 : column] in (" 1", "[1"):
                assert old[columns[column - 1] - 1] == char


@pytest.mark.parametrize(
    "text",
    [
        "x = 1979-05-27T07:32:00.5",
        "x = 1979-05-27T07:32:00Z",
        "x = 07:32:00",
        "x = '''\n10:00 [[[[[[[[[[[[[[[[[[[[ '''",
        'x = """\\""" 10:00 """',
        "x = '10:00' # 10:00",
        "10-00 = 1",
    ],
)
def test_nothing_is_added_where_nothing_lacks(text):
    """Whole times, texts, comments and keys stay as they are."""
    parsed = parse_toml(text.encode())
    assert (parsed.text, parsed.filled, parsed.notes) == (text, (), ())


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"x" * (MAX_BYTES + 1), Note(0, 0, "the file is larger than 262,144 bytes; split it, or look what is in it")),
        (b"a = 1\nb = \xff", Note(2, 5, "byte 0xff is not UTF-8; save the file as UTF-8")),
        (b"\xef\xbb\xbf\xff", Note(1, 1, "the file begins with a byte order mark; save it as UTF-8 without one")),
        (b"a = 1\nb = " + b"[" * 17, Note(2, 21, "nested deeper than 16 levels, which no definition needs")),
        (
            b"a = 1\n" + b"b." * 16 + b"c = 1",
            Note(2, 1, "a dotted key of more than 16 parts, which no definition needs"),
        ),
        (
            b"a = 1\nb = -" + b"1" * 401,
            Note(2, 5, "a number or key of more than 400 characters, which no definition needs"),
        ),
        (b"a = 1\n\n  a = 2", Note(3, 3, "is no TOML: this name is here twice")),
        (b"a = [1,\n 2\n", Note(2, 3, "is no TOML: before this, a comma is missing in a list, or its ]")),
        (b"a = 10:00 b\n", Note(1, 11, "is no TOML: the line goes on after its value: text stands in quotes, and ")),
    ],
)
def test_why_it_is_no_toml(data, note):
    """What cannot be read says where and why; columns count as in the file."""
    parsed = parse_toml(data)
    assert parsed.data is None
    assert parsed.notes[0][:2] == note[:2]
    assert parsed.notes[0].message.startswith(note.message)


@pytest.mark.parametrize("size", [MAX_BYTES - 1, MAX_BYTES])
def test_a_file_of_the_largest_size_is_read(size):
    """The limit itself is allowed; so are sixteen levels and sixteen parts."""
    assert parse_toml(b"#" * size).data == {}
    assert parse_toml(b"a = " + b"[" * 16 + b"]" * 16).data is not None
    assert parse_toml(b"a." * 15 + b"b = 1").data is not None
    assert parse_toml(b"a = " + b"9" * 399).data is not None


@pytest.mark.parametrize(
    "char",
    ["\0", "\x1b", "\r", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\ufffe", "\ufdd0", "\U0010ffff", "\ud800"],
)
def test_what_no_calendar_may_carry(char):
    """Controls, line breaks of other kinds, byte order marks, noncharacters and surrogates are found anywhere."""
    assert [place for place, _message in text_problems({"a": ({"b": f"x{char}"}, 3)})] == [("a", 0, "b")]


@pytest.mark.parametrize("text", ["a\tb\nc", "日本 حتى 🏁\u200d\ufe0f", "\u00a0\u200f", "\ue000"])
def test_what_is_text(text):
    """Tabs, lines, every script, joiners and marks of direction are text."""
    assert list(text_problems({"a": text})) == []

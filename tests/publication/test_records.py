"""Records: what is written is read, and whatever else stands there is no record, or an error that says so."""

from __future__ import annotations

import pytest

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication import records

HINT = "build again"


def names_of(data):
    """Return what a record of the tests holds."""
    return [name.upper() for name in data["names"]]


def test_what_is_written_is_read():
    """Its format stands in front, its texts are readable."""
    text = records.write_record(3, {"names": ["björn"]})
    assert text == '{\n "format": 3,\n "names": [\n  "björn"\n ]\n}\n'.encode()
    assert records.read_record(text, 3, names_of) == ["BJÖRN"]
    compact = records.write_record(3, {"names": ["björn"]}, compact=True)
    assert compact == '{"format":3,"names":["björn"]}'.encode()
    assert records.read_record(compact, 3, names_of) == ["BJÖRN"]


def test_what_never_had_a_format_has_no_number():
    """Any JSON is read then."""
    assert records.read_record(b'["a"]', None, list) == ["a"]


DAMAGED = {
    b"": "JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    b"{": "JSONDecodeError: ",
    b"[": "JSONDecodeError: ",
    b"[]": "TypeError: ",
    b"3": "TypeError: ",
    b"null": "TypeError: ",
    b'"\xff"': "UnicodeDecodeError: ",
    b"[" * 100_000: "RecursionError: ",
    b"{}": "KeyError: 'format'",
    b'{"format": 3}': "KeyError: 'names'",
    b'{"format": 3, "names": 7}': "TypeError: 'int' object is not iterable",
    b'{"format": 3, "names": [7]}': "AttributeError: 'int' object has no attribute 'upper'",
}


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: repr(text[:30]))
def test_what_is_damaged_is_no_record(text):
    """Whatever stands there: there is none, or an error that says what is wrong with what."""
    assert records.read_record_or(None, text, 3, names_of) is None
    with pytest.raises(PublicationError) as raised:
        records.require_record(text, 3, names_of, name="the list", hint=HINT)
    assert str(raised.value).startswith(f"the list cannot be read: {DAMAGED[text]}")
    assert raised.value.hint == HINT


def test_what_another_version_wrote_is_no_record():
    """Nobody guesses what it means."""
    text = b'{"format": 4, "names": []}'
    assert records.read_record_or([], text, 3, names_of) == []
    with pytest.raises(records.OtherFormatError, match=r"^it has format 4, this program reads 3$"):
        records.read_record(text, 3, names_of)
    with pytest.raises(PublicationError, match=r"^the list has format 4, this program reads 3$") as raised:
        records.require_record(text, 3, names_of, name="the list", hint=HINT)
    assert raised.value.hint == "use the version that wrote it, or newer"


def test_what_a_reader_refuses_says_so_in_its_words():
    """A ValueError of the reader's is the reason, word for word."""

    def refuse(_data):
        message = "it has no name"
        raise ValueError(message)

    with pytest.raises(PublicationError, match=r"^the list cannot be read: it has no name$"):
        records.require_record(b"{}", None, refuse, name="the list", hint=HINT)

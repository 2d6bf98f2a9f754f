"""Problems in words: where they stand, what is meant, what would be right."""

from __future__ import annotations

import pytest

from aslms_feeds.definitions.explaining import explain_errors, explain_unknown, name_place, show_value, suggest_nearest
from aslms_feeds.definitions.model import SeasonFiles


def test_places_are_named_by_ids():
    """A list position has the id, or the number, of what stands there, where that is plain."""
    data = {"list": ({"id": "a", "entry": ({"number": "007"}, {"id": "x\ny"}, 3)},)}
    assert name_place(data, ("list", 0, "entry", 0, "team")) == "list.a.entry.007.team"
    assert name_place(data, ("list", 0, "entry", 1)) == "list.a.entry.#2"
    assert name_place(data, ("list", 0, "entry", 7, "a b")) == "list.a.entry.#8.'a b'"


def test_no_error_no_words():
    """Nothing to explain, nothing explained."""
    assert explain_errors(SeasonFiles, {}, ()) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Sepang", "'Sepang'"),
        ("a" * 60, repr("a" * 60)),
        ("a" * 61, repr("a" * 57 + "…")),
        (True, "true"),
        ({"a": 1}, "a table"),
        ((1, 2), "a list"),
        (10**70, "1" + "0" * 59),
    ],
)
def test_a_value_is_shown_on_one_line(value, text):
    """What is long is cut; tables and lists are called so."""
    assert show_value(value) == text


def test_the_nearest_word_is_suggested():
    """Capitals count least; what is like nothing has no suggestion, and neither has what is too long to compare."""
    assert suggest_nearest("Race", ("race", "rave")) == ", did you mean 'race'?"
    assert suggest_nearest("okayma", ("okayama", "paris")) == ", did you mean 'okayama'?"
    assert suggest_nearest("zzz", ("okayama", "paris")) == ""
    assert suggest_nearest("a" * 65, ("a" * 65,)) == ""


def test_ids_that_exist_are_listed():
    """All of them up to thirty, then their number; what is no id is not listed."""
    assert explain_unknown("a", "class", ()) == "unknown class 'a'; allowed: none is defined"
    assert explain_unknown("x", "class", ("gt", "No Id")) == "unknown class 'x'; allowed: gt"
    ids = [f"e{number:02}" for number in range(32)]
    assert explain_unknown("x", "event", ids) == f"unknown event 'x'; allowed: {', '.join(ids[:30])} and 2 more"

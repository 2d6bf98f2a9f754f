"""Names that outlive a rebuild."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.identity import (
    ID_PATTERN,
    digest,
    fingerprint,
    make_component_uid,
    make_entry_list_uid,
    make_season_uid,
    make_tag_uri,
    parse_uid,
)

ids = st.from_regex(re.compile(ID_PATTERN.replace("^", r"\A").replace("$", r"\Z")))


def test_a_uid_is_made_of_ids_alone():
    """Session, event, season, series, identity; a weekend has no session."""
    uid = make_component_uid("example.org", "aslms", "2023-24", "sepang", "race-1")
    assert uid == "race-1.sepang.2023-24.aslms@example.org"
    assert make_component_uid("example.org", "aslms", "2023-24", "sepang") == "sepang.2023-24.aslms@example.org"


@pytest.mark.slow
@given(st.lists(ids, min_size=4, max_size=4), st.lists(ids, min_size=4, max_size=4))
def test_no_two_sessions_share_a_uid(parts, other_parts):
    """Nor does a session share one with a weekend: ids hold no dot."""
    uid, other_uid = (make_component_uid("example.org", *ids) for ids in (parts, other_parts))
    assert (uid == other_uid) == (parts == other_parts)
    assert make_component_uid("example.org", *parts[:3]) != other_uid
    assert re.fullmatch(r"[!-~]+", uid)


def test_a_tag_has_a_name_for_ever():
    """RFC 4151."""
    minted = date(2026, 11, 21)
    assert make_tag_uri("example.org", minted, "en", "aslms", "x") == "tag:example.org,2026-11-21:en/aslms/x"


@given(st.lists(st.text()), st.lists(st.text()))
def test_parts_of_a_digest_cannot_run_into_each_other(parts, other_parts):
    """("ab", "c") is not ("a", "bc")."""
    assert (digest(*parts) == digest(*other_parts)) == (parts == other_parts)


def test_a_digest_is_the_same_for_ever():
    """The version stands in front, so that another way to hash is another digest."""
    assert digest("a", b"b") == "1:4fc56058b4df0ca122be9a2e429541d6"


def test_a_fingerprint_notices_every_file_and_version():
    """The order of files does not matter; names, bytes and versions do."""
    base = fingerprint([("a", b"1"), ("b", b"2")], "v1")
    assert fingerprint([("b", b"2"), ("a", b"1")], "v1") == base
    changed = [
        fingerprint([("a", b"1"), ("b", b"3")], "v1"),
        fingerprint([("a", b"1"), ("c", b"2")], "v1"),
        fingerprint([("a", b"1")], "v1"),
        fingerprint([("a", b"1"), ("b", b"2")], "v2"),
        fingerprint([("a", b"1"), ("b", b"2")], "v1", ""),
    ]
    assert base not in changed
    assert len(set(changed)) == len(changed)


def test_a_uid_is_taken_apart_as_it_was_made():
    """Whatever it names: a session, an event, the season itself or an entry list."""
    publication = ("example.org", "aslms", "2023-24")
    assert parse_uid(make_component_uid(*publication, "sepang", "race-1")) == (("race-1", "sepang"), "2023-24", "aslms")
    assert parse_uid(make_component_uid(*publication, "sepang")) == (("sepang",), "2023-24", "aslms")
    assert parse_uid(make_season_uid(*publication)) == ((), "2023-24", "aslms")
    assert parse_uid(make_entry_list_uid(*publication, "all")) == (("all", "entries"), "2023-24", "aslms")

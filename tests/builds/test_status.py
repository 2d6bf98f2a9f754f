"""status.json: what the last build did, what failed, what will need attention; and nothing of what is under embargo."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from aslms_feeds.builds import status
from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication import last_run
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.publication.workspace import Workspace
from seasons import NOW, SEASON, contents

LATER = datetime(2030, 6, 1, tzinfo=UTC)
BROKEN = {**contents(), "trial/2030/season.toml": b'name = "x"\nnmae = "y"\n'}
KEYS = ["at", "ok", "changed", "parts", "error", "next_due", "last_good", "warnings", "extra"]


def built(files, store=None, now=NOW):
    """Return the report of a build."""
    return regenerate(store or MemoryStore(), files, now=now)


def test_after_a_good_build():
    """It says when, what, when the next change is due, and that this was the last good build."""
    report = built(contents())
    document = status.describe_build(report, {}, now=NOW, extra={"proposals": 3})
    assert list(document) == KEYS
    assert [part["part"] for part in document.pop("parts")] == ["trial", "index"]
    assert document == {
        "at": "2030-01-10T12:00:00Z",
        "ok": True,
        "changed": True,
        "error": None,
        "next_due": f"{report.next_due:%Y-%m-%dT%H:%M:%SZ}",
        "last_good": "2030-01-10T12:00:00Z",
        "warnings": [],
        "extra": {"proposals": 3},
    }


def test_after_a_build_with_a_wrong_definition():
    """It is not ok; the last good build was the one before; warnings and what else was said stay."""
    before = status.describe_build(built(contents()), {}, now=NOW, extra={"proposals": 3}) | {"warnings": ["w"]}
    document = status.describe_build(built(BROKEN), before, now=LATER)
    assert (document["ok"], document["at"], document["last_good"]) == (
        False,
        "2030-06-01T00:00:00Z",
        "2030-01-10T12:00:00Z",
    )
    assert (document["warnings"], document["extra"]) == (["w"], {"proposals": 3})
    (part,) = (part for part in document["parts"] if not part["ok"])
    assert part["problems"][0].startswith("calendars/trial/2030/season.toml:2:1: nmae: unknown key 'nmae'")


def test_after_a_build_that_came_to_nothing():
    """What is public is what it was; the error and what to do about it are said."""
    before = status.describe_build(built(contents()), {}, now=NOW)
    document = status.describe_failure("no room", "make some", before, now=LATER)
    assert list(document) == KEYS
    assert (document["ok"], document["changed"], document["error"]) == (
        False,
        False,
        {"message": "no room", "hint": "make some"},
    )
    assert [document[key] for key in ("parts", "last_good", "next_due")] == [
        before[key] for key in ("parts", "last_good", "next_due")
    ]
    assert list(status.describe_failure("no room", "", {}, now=LATER)) == KEYS


def test_a_failure_is_written_and_the_next_run_looks_again(tmp_path):
    """The record of the last run goes with it: else a run with nothing to do would leave the failure standing."""
    (tmp_path / last_run.LAST_RUN).write_text("{}")
    status.record_failure(tmp_path, "it died", now=LATER)
    assert Workspace(tmp_path).read_status()["error"] == {"message": "it died", "hint": ""}
    assert not (tmp_path / last_run.LAST_RUN).exists()


def test_a_failure_is_not_written_where_another_builds(tmp_path):
    """That one will say how it went."""
    with Workspace(tmp_path).lock():
        Workspace(tmp_path).write_status({"ok": True})
        status.record_failure(tmp_path, "it died", now=LATER)
    assert Workspace(tmp_path).read_status() == {"ok": True}


def test_a_failure_makes_no_folder(tmp_path):
    """Where nothing was ever published there is nothing to say, and a misspelt folder stays absent."""
    status.record_failure(tmp_path / "output", "it died", now=LATER)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", [None, "", "{", "[]", "\xff", "[" * 100_000])
def test_a_status_that_cannot_be_read_is_none(tmp_path, text):
    """It is about to be written anew."""
    if text is not None:
        (tmp_path / "status.json").write_bytes(text.encode("latin-1"))
    assert Workspace(tmp_path).read_status() == {}


def test_a_series_without_a_next_season_is_warned_of(tmp_path):
    """From the day after its last one, in status.json too, until another season follows."""
    with Workspace(tmp_path).lock():
        Workspace(tmp_path).write_status({"ok": True, "warnings": []})
    last_day = datetime(2030, 4, 6, 23, tzinfo=UTC)
    assert status.record_warnings(tmp_path, contents(), "calendars", now=last_day) == ()
    document = status.record_warnings(tmp_path, contents(), "calendars", now=last_day + timedelta(hours=1))
    assert document == (
        "calendars/trial/2030/season.toml:1:1: trial: the last season was over on 2030-04-06, and no other follows; "
        "add the next one, or what is known",
    )
    assert Workspace(tmp_path).read_status() == {"ok": True, "warnings": list(document)}
    followed = {**contents(), "trial/2031/season.toml": b'name = "2031"\nannounced = 2030-04-01\n'}
    assert status.record_warnings(tmp_path, followed, "calendars", now=LATER) == ()
    assert Workspace(tmp_path).read_status() == {"ok": True, "warnings": []}


def test_warnings_make_no_status(tmp_path):
    """Where no build has written a status, they are only told."""
    assert len(status.record_warnings(tmp_path, contents(), "calendars", now=LATER)) == 1
    assert list(tmp_path.iterdir()) == []


def test_nothing_under_embargo_is_told():
    """What is wrong in a file under embargo is neither quoted nor placed; other problems are."""
    secret = b'name = "Secret"\nembargo = 2030-05-01T00:00:00Z\nsurprise = "Le Mans"\n'
    files = {**contents(), "trial/2031/season.toml": secret, "trial/2030/season.toml": SEASON.encode() + b"x = 1\n"}
    report = status.mask_report(built(files), files, "calendars", now=NOW)
    text = json.dumps(status.describe_build(report, {}, now=NOW))
    assert "surprise" not in text
    assert "2031" not in text
    assert "unknown key 'x'" in text
    after = json.dumps(
        status.describe_build(status.mask_report(built(files, now=LATER), files, "calendars", now=LATER), {}, now=LATER)
    )
    assert "unknown key 'surprise'" in after


def test_a_store_that_cannot_be_written_is_no_second_fault(tmp_path):
    """A failure that cannot be written down is still the one that is told."""
    (tmp_path / "lock").symlink_to("elsewhere")
    status.record_failure(tmp_path, "it died", now=LATER)
    with pytest.raises(PublicationError), Workspace(tmp_path).lock():
        pass
    assert Workspace(tmp_path).read_status() == {}

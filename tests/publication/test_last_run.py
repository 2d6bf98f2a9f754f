"""The record of the last run: whole or not there, read whatever became of it, and touched without reading it."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest

from aslms_feeds.publication import last_run
from seasons import NOW


def test_what_is_written_is_read(tmp_path):
    """Every field, with and without what may be missing."""
    run = last_run.LastRun(
        NOW, {"": "1:ab"}, {"site": "index/current/site"}, NOW + timedelta(days=1), "https://a.example"
    )
    for record in (run, run._replace(next_due=None, base_url=None)):
        last_run.write_last_run(tmp_path, record)
        assert last_run.read_last_run(tmp_path) == record


def test_one_that_is_not_there_is_touched_and_forgotten_in_vain(tmp_path):
    """A builder that has just begun has removed it; one that is there gets the time of now and keeps its bytes."""
    last_run.touch_last_run(tmp_path)
    assert not list(tmp_path.iterdir())
    last_run.write_last_run(tmp_path, last_run.LastRun(NOW, {}, {}, None))
    os.utime(tmp_path / "last-run", (0, 0))
    last_run.touch_last_run(tmp_path)
    assert (tmp_path / "last-run").stat().st_mtime > 0
    for _ in range(2):
        last_run.forget_last_run(tmp_path)
        assert last_run.read_last_run(tmp_path) is None


def test_the_links_of_today(tmp_path):
    """The web root and the public generation of each part, as the links say; what is none says nothing."""
    assert last_run.read_current_links(tmp_path) == {}
    (tmp_path / "series/trial").mkdir(parents=True)
    (tmp_path / "series/trial/current").symlink_to("generations/3")
    (tmp_path / "series/cup").mkdir()
    (tmp_path / "site").symlink_to("index/current/site")
    assert last_run.read_current_links(tmp_path) == {"site": "index/current/site", "trial": "generations/3"}


def test_a_record_that_cannot_be_written_leaves_nothing(tmp_path):
    """`last-run` is replaced whole; a failed attempt leaves nothing beside it."""
    (tmp_path / "last-run").mkdir()
    with pytest.raises(OSError, match="directory"):
        last_run.write_last_run(tmp_path, last_run.LastRun(NOW, {}, {}, None))
    assert not list(tmp_path.glob(".*"))


def test_a_link_beside_the_record_is_not_followed(tmp_path):
    """A planted link where the new record is written leads nowhere."""
    (tmp_path / ".last-run").symlink_to(tmp_path / "made")
    last_run.write_last_run(tmp_path, last_run.LastRun(NOW, {}, {}, None))
    assert not (tmp_path / "made").exists()
    assert json.loads((tmp_path / "last-run").read_bytes())["at"] == NOW.isoformat()

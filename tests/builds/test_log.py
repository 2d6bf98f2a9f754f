"""The service's log: one line for each event, whatever is in it, for people and for programs."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.builds import log
from aslms_feeds.builds.log import LONGEST, LogEntry

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(autouse=True)
def _loggers_as_before():
    """Leave the loggers of this process as they were."""
    root, package_logger = logging.getLogger(), logging.getLogger("aslms_feeds.builds.log")
    before = root.handlers[:], root.level, package_logger.level
    yield
    root.handlers[:], level, own_level = before
    root.setLevel(level)
    package_logger.setLevel(own_level)
    logging.captureWarnings(capture=False)


def written(form: str, *events: tuple) -> list[str]:
    """Return the lines that events make, without the moment."""
    stream = io.StringIO()
    log.start_log(form, stream)
    for event, subject, facts in events:
        log.write_entry(event, subject, **facts)
    lines = stream.getvalue().split("\n")
    assert lines.pop() == ""
    return lines


def test_text_for_people():
    """The moment in UTC, the event, what it is about, then what is known of it; what is not known is left out."""
    facts = {"generation": 4, "documents": 28, "back_to": None, "changed": True}
    (line,) = written("text", (LogEntry.BUILD, "aslms", facts))
    assert STAMP.fullmatch(line[:20])
    assert line[20:] == " build aslms generation=4 documents=28 changed=true"


def test_json_for_programs():
    """The same keys each time; what is not known is null."""
    facts = {"generation": 4, "back_to": None, "due": datetime(2030, 1, 1, 6, tzinfo=timezone(timedelta(hours=5)))}
    (line,) = written("json", (LogEntry.BUILD, "aslms", facts))
    row = json.loads(line)
    assert STAMP.fullmatch(row.pop("at"))
    assert row == {
        "level": "info",
        "event": "build",
        "subject": "aslms",
        "generation": 4,
        "back_to": None,
        "due": "2030-01-01T01:00:00Z",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_writes_a_line_of_their_own(form):
    """Line breaks, quotes, what looks like another key, and characters nobody sees are written as what they are."""
    hostile = 'a\n2030-01-01T00:00:00Z failed x="1" \u2028\u202e\u200b\x1b[31m\\ é'
    (line,) = written(form, (LogEntry.PROBLEM, "a b", {"message": hostile, "where": "=", "line": 3}))
    assert line.isprintable()
    if form == "text":
        assert line[20:] == (
            r' problem "a b" message="a\n2030-01-01T00:00:00Z failed x=\"1\" \u2028\u202e\u200b\u001b[31m\\ é" '
            'where="=" line=3'
        )
    else:
        assert json.loads(line)["message"] == hostile


@given(st.text(min_size=1), st.text(max_size=30))
def test_any_value_comes_back(value, subject):
    """What is written can be read again: one line, each value whole."""
    (text,) = written("text", (LogEntry.LOG, subject, {"message": value, "more": 1}))
    assert text.isprintable()
    message = text[20:].partition(" message=")[2].removesuffix(" more=1")
    assert (json.loads(message) if message.startswith('"') else message) == value
    (line,) = written("json", (LogEntry.LOG, subject, {"message": value}))
    assert json.loads(line)["message"] == value
    assert json.loads(line)["subject"] == subject


def test_long_values_are_cut():
    """A line is short enough to be written at once."""
    (line,) = written("json", (LogEntry.LOG, "", {"message": "x" * 5000}))
    assert json.loads(line)["message"] == "x" * (LONGEST - 1) + "…"


def test_what_libraries_say_is_one_line_too():
    """A fault comes with its traceback in the same line; what they chat about does not come."""
    stream = io.StringIO()
    log.start_log("json", stream)
    logger = logging.getLogger("apscheduler.scheduler")
    logger.info("chat")
    try:
        raise ValueError("no\nway")  # noqa: TRY301 - it is what is logged
    except ValueError:
        logger.exception("job %s failed", "x")
    row = json.loads(stream.getvalue())
    assert (row["level"], row["event"], row["subject"], row["message"]) == (
        "error",
        "log",
        "apscheduler.scheduler",
        "job x failed",
    )
    assert row["traceback"].startswith("Traceback (most recent call last):\n")
    assert row["traceback"].endswith("ValueError: no\nway\n")


def test_warnings_are_told():
    """What Python warns of comes in a line of its own."""
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        log.start_log("text", stream)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = stream.getvalue().splitlines()
    assert line[20:].startswith(" log py.warnings message=")
    assert "DeprecationWarning: old ways" in line


def test_the_moment_is_utc():
    """It is the moment of the event."""
    before = datetime.now(UTC).replace(microsecond=0)
    (line,) = written("text", (LogEntry.STARTED, "", {}))
    assert before <= datetime.fromisoformat(line.split()[0]) <= datetime.now(UTC)

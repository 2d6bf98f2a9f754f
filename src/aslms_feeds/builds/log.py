"""The service's log: one line for each event, for people or for programs, to standard error.

As text: ``2026-11-21T10:00:00Z build aslms generation=4 documents=28``. As JSON: one object a line, with the keys
``at``, ``level``, ``event``, ``subject`` and the event's own, which are always the same ones. What libraries have to
say comes as ``log``.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TextIO

from aslms_feeds.instants import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 1000
"""Characters of one value; longer ones end in an ellipsis, so that a line is written at once."""
_TRACE = 8000
"""Characters of a traceback: its end says most."""
_WORD = re.compile(r"[^\s\"'=\\]+")
"""A value that needs no quotes: no blanks, and nothing that could look like another key."""

_logger = logging.getLogger("aslms_feeds.builds.log")


class LogEntry(StrEnum):
    """What an entry of the log is about, in alphabetical order; the keys of each are in ``deploy/README.md``."""

    BEGUN = "begun"
    """A build was begun in a process of its own."""
    BUILD = "build"
    """A series, or the index, was published anew."""
    BUSY = "busy"
    """Another build is at work, or the definitions changed while one waited for its moment; it is tried again."""
    DIED = "died"
    """A process of ours ended as it should not."""
    EDIT = "edit"
    """Definitions were edited; they are published when they have stood."""
    ENDED = "ended"
    """A build came to its end."""
    FACT = "fact"
    """Something subscribers are told."""
    FAILED = "failed"
    """A part, or a whole build, came to nothing; what is public stays."""
    JOB = "job"
    """It is time for something."""
    LOG = "log"
    """What a library, or the program itself, has to say about a fault."""
    PROBLEM = "problem"
    """Something is wrong in a definition; its series stays as it is."""
    SCHEDULE = "schedule"
    """What is waited for has changed."""
    STARTED = "started"
    """The service is at work."""
    STOPPED = "stopped"
    """The service has come to its end."""
    STOPPING = "stopping"
    """The service was told to end."""
    WARNING = "warning"
    """Something will need attention."""


def start_log(form: str, stream: TextIO | None = None) -> None:
    """Write the log of this process to ``stream`` (standard error), as ``text`` or ``json``."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    _logger.setLevel(logging.INFO)


def write_entry(kind: LogEntry, subject: str = "", *, level: int = logging.INFO, **facts: object) -> None:
    """Write one entry; ``subject`` is what it is about, such as a series.

    A fact that is None has no value; text leaves it out, JSON says null. Instants are written in UTC.
    """
    _logger.log(level, kind, extra={"subject": subject, "facts": facts})


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_describe_record(record), ensure_ascii=True)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        row = _describe_record(record)
        at, event, subject = (row.pop(key) for key in ("at", "event", "subject"))
        del row["level"]
        words = [f"{key}={_quote_word(value)}" for key, value in row.items() if value is not None]
        return " ".join([str(at), str(event), *([_quote_word(subject)] if subject else []), *words])


def _describe_record(record: logging.LogRecord) -> dict[str, object]:
    facts: Mapping[str, object] | None = getattr(record, "facts", None)
    row: dict[str, object] = {
        "at": format_instant(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "event": record.getMessage() if facts is not None else LogEntry.LOG.value,
        "subject": getattr(record, "subject", record.name),
    }
    if facts is None:
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        return row | {"message": _plain_value(record.getMessage()), "traceback": trace[-_TRACE:] or None}
    return row | {key: _plain_value(value) for key, value in facts.items()}


def _plain_value(value: object) -> object:
    """Return a value as JSON has it: instants in UTC, long texts cut."""
    match value:
        case datetime():
            return format_instant(value)
        case str() if len(value) > LONGEST:
            return f"{value[: LONGEST - 1]}…"
        case None | bool() | int() | float() | str():
            return value
        case _:
            return _plain_value(str(value))


def _quote_word(value: object) -> str:
    """Return a value as a text line has it: in quotes, and with escapes, where it is not one plain word."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if _WORD.fullmatch(text) and text.isprintable():
        return text
    # What is invisible, or moves what follows it, is written as its number: a line is what it looks to be.
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in quoted)

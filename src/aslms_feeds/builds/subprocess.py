"""The process in which one build is done for the service: when it begins, what it says in its last line, how it ends.

In a thread of the service, or of a server, a build would hold up everything else. A process that dies takes nothing
with it: the store's lock ends with it, and what is public stays whole. `builds.attempt` is the other side.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.builds import freshness, log
from aslms_feeds.builds.log import LogEntry
from aslms_feeds.errors import AslmsFeedsError
from aslms_feeds.ledger.values import format_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aslms_feeds.report import Part, Report

WAIT_OPTION = "--held"
"""The option of a build that is loaded, and begins when it is told to."""
BUSY, FAULT = 75, 70
"""Exit statuses (sysexits.h): try again in a moment; a fault of the program."""
_PARENT_SECONDS = 0.5
"""How often a process looks whether the one that started it is still there."""


class Outcome(NamedTuple):
    """What a build says of itself in its last line."""

    changed: bool = False
    """Whether anything was published."""
    retry: bool = False
    """Whether something failed that may be mended without an edit."""
    next_due: datetime | None = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    """How long it worked, without waiting; 0 when it had nothing to do."""

    def format_line(self) -> str:
        """Return it as a line."""
        due = self.next_due.isoformat() if self.next_due else None
        return json.dumps([self.changed, self.retry, due, self.warnings, self.seconds])

    @classmethod
    def parse(cls, text: str) -> Outcome | None:
        """Return what the last line of a text says; None: the process died before it could say anything."""
        with suppress(ValueError, IndexError, TypeError):
            changed, retry, due, warnings, seconds = json.loads(text.splitlines()[-1])
            next_due = datetime.fromisoformat(due) if due else None
            return cls(changed, retry, next_due, tuple(warnings), seconds)
        return None


def end_with_parent(parent: int) -> None:
    """End this process as SIGTERM does, when ``parent`` is not the one above it any more."""

    def watch_parent() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch_parent, daemon=True).start()


def wait_for_release(load: Callable[[], None]) -> bool:
    """Load all that a build needs and wait for a line from the service; False: it will not come any more.

    Nothing is read of definitions and clocks before. What is installed meanwhile is not what is loaded: then this
    process begins again with it, and does not wait.
    """
    freshness.fingerprint_installation()
    load()
    if not sys.stdin.readline():
        return False
    if not freshness.is_current():
        command = [sys.executable, *(argument for argument in sys.orig_argv[1:] if argument != WAIT_OPTION)]
        os.execv(sys.executable, command)  # noqa: S606 - no shell, and what we were called with
    return True


def run_build(
    build: Callable[[], Report | None],
    *,
    find_next_due: Callable[[], datetime | None],
    find_warnings: Callable[[], Sequence[str]],
    status_of: Callable[[AslmsFeedsError], int],
) -> int:
    """Build, say what came of it in a last line, and return the exit status.

    ``build`` writes into the log what it did, or returns None when there was nothing to do; then ``find_next_due``
    is asked. ``find_warnings`` is asked in the end.
    """
    try:
        report = build()
        outcome = Outcome(next_due=report.next_due if report else find_next_due())
        if report is not None:
            retry = any(part.error for part in report.parts)
            outcome = outcome._replace(changed=report.changed, retry=retry, seconds=time.process_time())
        print(outcome._replace(warnings=tuple(find_warnings())).format_line(), flush=True)
    except AslmsFeedsError as error:
        if (status := status_of(error)) != BUSY:
            log.write_entry(
                LogEntry.FAILED, level=logging.ERROR, generation=None, error=str(error), hint=error.hint or None
            )
            print(Outcome(retry=True).format_line(), flush=True)
        return status
    except Exception:
        logging.getLogger(__name__).exception("a fault of the program")
        print(Outcome(retry=True).format_line(), flush=True)
        return FAULT
    return int(report is not None and report.failed)


def log_report(report: Report) -> None:
    """Write what a build did into the log."""
    for part in report.parts:
        for problem in part.problems:
            log.write_entry(LogEntry.PROBLEM, part.name, level=logging.ERROR, **problem._asdict())
        if part.failed:
            _log_failure(part)
        elif part.written:
            _log_build(part)


def _log_failure(part: Part) -> None:
    count = len(part.problems)
    error, hint = part.error or f"{count} problem{'s' if count != 1 else ''}", part.hint or None
    log.write_entry(LogEntry.FAILED, part.name, level=logging.ERROR, generation=part.generation, error=error, hint=hint)


def _log_build(part: Part) -> None:
    log.write_entry(
        LogEntry.BUILD,
        part.name,
        generation=part.generation,
        documents=part.documents,
        bytes=part.size,
        written=len(part.written),
        facts=len(part.new_facts),
        back_to=part.back_to,
    )
    for new in part.new_facts:
        log.write_entry(
            LogEntry.FACT,
            part.name,
            season=new.season,
            what=str(new.fact.what),
            meeting=new.fact.event or None,
            session=new.fact.session or None,
            before=format_value(new.fact.before),
            after=format_value(new.fact.after),
            headline=new.headline,
        )

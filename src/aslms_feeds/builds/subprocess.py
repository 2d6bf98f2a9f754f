"""One build as the service has it done, in a process of its own: what is asked of it, what it says, how it ends.

In a thread of the service, or of a server, a build would hold up everything else. A process that dies takes nothing
with it: the store's lock ends with it, and what is public stays whole.
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
from aslms_feeds.processes import start_task

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from aslms_feeds.report import Part, Report
    from aslms_feeds.settings import Settings

HELD = "--held"
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

    def line(self) -> str:
        """Return it as a line."""
        due = self.next_due.isoformat() if self.next_due else None
        return json.dumps([self.changed, self.retry, due, self.warnings, self.seconds])

    @classmethod
    def read(cls, text: str) -> Outcome | None:
        """Return what the last line of a text says; None: the process died before it could say anything."""
        with suppress(ValueError, IndexError, TypeError):
            changed, retry, due, warnings, seconds = json.loads(text.splitlines()[-1])
            next_due = datetime.fromisoformat(due) if due else None
            return cls(changed, retry, next_due, tuple(warnings), seconds)
        return None


# --- In the process that builds --------------------------------------------------------------------------------------


def end_with_parent(parent: int) -> None:
    """End this process as SIGTERM does, when ``parent`` is not the one above it any more."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, daemon=True).start()


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
        command = [sys.executable, *(one for one in sys.orig_argv[1:] if one != HELD)]
        os.execv(sys.executable, command)  # noqa: S606 - no shell, and what we were called with
    return True


def run_build(
    build: Callable[[], Report | None],
    *,
    next_due: Callable[[], datetime | None],
    warnings: Callable[[], Sequence[str]],
    status: Callable[[AslmsFeedsError], int],
) -> int:
    """Build, say what came of it in a last line, and return the exit status.

    ``build`` notes in the journal what it did, or returns None when there was nothing to do; then ``next_due`` is
    asked. ``warnings`` is asked in the end.
    """
    try:
        report = build()
        outcome = Outcome(next_due=report.next_due if report else next_due())
        if report is not None:
            retry = any(part.error for part in report.parts)
            outcome = outcome._replace(changed=report.changed, retry=retry, seconds=time.process_time())
        print(outcome._replace(warnings=tuple(warnings())).line(), flush=True)
    except AslmsFeedsError as error:
        if (number := status(error)) != BUSY:
            log.write_entry(
                LogEntry.FAILED, level=logging.ERROR, generation=None, error=str(error), hint=error.hint or None
            )
            print(Outcome(retry=True).line(), flush=True)
        return number
    except Exception:
        logging.getLogger(__name__).exception("a fault of the program")
        print(Outcome(retry=True).line(), flush=True)
        return FAULT
    return int(report is not None and report.failed)


def log_report(report: Report) -> None:
    """Note in the journal what a build did."""
    for part in report.parts:
        for one in part.problems:
            log.write_entry(LogEntry.PROBLEM, part.name, level=logging.ERROR, **one._asdict())
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
    for one in part.new_facts:
        log.write_entry(
            LogEntry.FACT,
            part.name,
            season=one.season,
            what=str(one.fact.what),
            meeting=one.fact.event or None,
            session=one.fact.session or None,
            before=format_value(one.fact.before),
            after=format_value(one.fact.after),
            headline=one.headline,
        )


# --- In the process that has it built --------------------------------------------------------------------------------


def command_arguments(name: str, chosen: Settings, *options: str) -> list[str]:
    """Return the arguments of one of our own commands with the settings of this process, whose child it will be."""
    arguments = [name, "--parent", str(os.getpid())]
    arguments += ["--calendars", str(chosen.calendars), "--output", str(chosen.output)]
    arguments += ["--log-format", chosen.log_format]
    if chosen.base_url:
        arguments += ["--base-url", chosen.base_url]
    if chosen.state:
        arguments += ["--state", str(chosen.state)]
    return [*arguments, *options]


class Attempt:
    """A build at work in a process of its own; nothing of it is public before ``not_before``."""

    def __init__(self, process: asyncio.subprocess.Process, not_before: datetime | None) -> None:
        """Look after a process; :meth:`begin` starts one."""
        self._process = process
        self.not_before = not_before
        self.dropped = False
        """Whether it was told to end."""

    @classmethod
    async def begin(cls, chosen: Settings, not_before: datetime | None = None, *, held: bool = False) -> Attempt:
        """Start a build; raises :class:`OSError` where the system starts no process.

        One that is ``held`` is loaded, and begins when it is waited for.
        """
        options = ["--not-before", not_before.isoformat()] if not_before else []
        options += [HELD] if held else []
        process = await start_task("aslms_feeds", *command_arguments("build", chosen, *options), waits=held)
        return cls(process, not_before)

    async def outcome(self) -> tuple[int, Outcome | None]:
        """Wait for its end and return its exit status, negative for a signal, and what it said, if anything.

        One that is held is let go.
        """
        said, _nothing = await self._process.communicate(b"\n" if self._process.stdin else None)
        return self._process.returncode or 0, Outcome.read(said.decode(errors="replace"))

    def waits(self, now: datetime, seconds: float = 0) -> bool:
        """Say whether its moment is more than ``seconds`` away."""
        return self.not_before is not None and (self.not_before - now).total_seconds() > seconds

    @property
    def ended(self) -> bool:
        """Whether it is no more."""
        return self._process.returncode is not None

    async def dismiss(self) -> None:
        """End one that is held: it has nothing to lose."""
        self.kill()
        await self._process.communicate()

    def drop(self) -> None:
        """Have it end: what it has not made public is dropped."""
        self.dropped = True
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it, whatever it does."""
        self.dropped = True
        with suppress(ProcessLookupError):
            self._process.kill()

"""The service: it looks at the definitions and at the clock, and has builds done in processes of their own.

What is due is decided by the data. The clock only wakes a build, so that a job that fires early, late or twice does no
harm. A build that has to be public to the second is begun ahead of it, and waits for that second with everything made.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from apscheduler.triggers.date import DateTrigger

from aslms_feeds import __version__
from aslms_feeds.builds import log
from aslms_feeds.builds.attempt import Attempt, describe_end
from aslms_feeds.builds.jobs import DAILY, LastBuild, make_trigger, new_scheduler, plan_starts, read_schedule
from aslms_feeds.builds.log import LogEntry
from aslms_feeds.builds.subprocess import BUSY, FAULT
from aslms_feeds.builds.watch import Looks

if TYPE_CHECKING:
    from aslms_feeds.builds.subprocess import Outcome
    from aslms_feeds.settings import Settings

MARGIN_SECONDS = 2.0
"""So shortly before an instant, at least, no other build is begun: it would still be at work then."""
GRACE_SECONDS = 10.0
"""How long a service that was told to end lets a build come to its end."""
EDIT = "edit"
"""Why a build is begun whose program was loaded ahead."""


class Service:
    """Builds after every edit, at the times of the schedule, and when something is due; until it is told to end."""

    def __init__(self, settings: Settings, *, parent: int | None = None) -> None:
        """Publish as ``settings`` say; with ``parent``, end when that is not the parent process any more."""
        self._settings = settings
        self._parent = parent
        self._scheduler = new_scheduler()
        self._schedule: tuple[str, ...] = ()
        self._reasons: list[str] = []
        self._ahead: datetime | None = None
        self._next_due: datetime | None = None
        self._seconds = 0.0
        self._running: Attempt | None = None
        self._loaded: asyncio.Task[Attempt] | None = None
        self._warned: dict[str, str] = {}
        self._busy = False
        self._settling: asyncio.TimerHandle | None = None
        self._ended_by: signal.Signals | None = None
        self._wake = asyncio.Event()
        self._ending = asyncio.Event()

    async def run(self) -> int:
        """Work until SIGTERM, SIGINT or the end of the parent, and return the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        log.write_entry(
            LogEntry.STARTED,
            version=__version__,
            calendars=str(self._settings.calendars),
            output=str(self._settings.output),
            settle=self._settings.settle,
        )
        self._scheduler.start()
        looking, building = (
            asyncio.create_task(self._watch_definitions()),
            asyncio.create_task(self._build_when_woken()),
        )
        ending = asyncio.create_task(self._ending.wait())
        tasks: list[asyncio.Task[Any]] = [looking, building, ending]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._scheduler.shutdown(wait=False)
            await self._finish_build(building)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        log.write_entry(LogEntry.STOPPED)
        return 128 + signal.SIGINT if self._ended_by is signal.SIGINT else 0

    # --- What wakes a build ------------------------------------------------------------------------------------------

    async def _watch_definitions(self) -> None:
        """Look at the definitions, and every second at the clock and the parent."""
        looks = await asyncio.to_thread(Looks, self._settings.calendars)
        self._wake_for("start")
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            edited = await asyncio.to_thread(looks.edited)
            if self._ending.is_set():
                return
            if edited:
                self._note_edit(edited)
            if loop.time() - looked >= 1:
                looked = loop.time()
                # The scheduler waits by a clock that stands still while a machine sleeps, and knows of no other.
                self._scheduler.wakeup()
                if self._parent is not None and os.getppid() != self._parent:
                    self._end(None)

    def _note_edit(self, count: int) -> None:
        log.write_entry(LogEntry.EDIT, files=count, settle=self._settings.settle)
        if self._running is not None and self._running.waits(datetime.now(UTC)):
            self._running.drop()  # What it has made is not what the definitions say any more.
        if self._loaded is None:
            # Loading takes longer than publishing an edit; while that has to stand, there is time for it.
            self._loaded = asyncio.create_task(Attempt.begin(self._settings, waits=True))
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(self._settings.settle, self._wake_for_edit)

    def _wake_for_edit(self) -> None:
        self._settling = None
        if self._running is not None and self._running.waits(datetime.now(UTC), self._margin()):
            self._running.drop()
        self._wake_for(EDIT)

    async def _run_job(self, job: str) -> None:
        """Wake a build for a job."""
        log.write_entry(LogEntry.JOB, job, due=self._next_due if job == "due" else None)
        if job == "due":
            self._ahead = self._next_due
            self._wake.set()
        else:
            self._wake_for(job)

    def _wake_for(self, reason: str) -> None:
        self._reasons.append(reason)
        self._wake.set()

    def _is_near(self, instant: datetime) -> bool:
        return (instant - datetime.now(UTC)).total_seconds() <= self._margin()

    def _margin(self) -> float:
        return max(MARGIN_SECONDS, 2 * self._seconds)

    # --- Builds ------------------------------------------------------------------------------------------------------

    async def _build_when_woken(self) -> None:
        """Have one build done after the other, as long as there is a reason for one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._ending.is_set():
                return
            if self._ahead is not None and (not self._reasons or self._is_near(self._ahead)):
                await self._run_build(["due"], self._ahead if self._ahead > datetime.now(UTC) else None)
            elif self._reasons:
                reasons, self._reasons = self._reasons, []
                await self._run_build(list(dict.fromkeys(reasons)), None)
            if self._reasons:
                self._wake.set()

    async def _run_build(self, reasons: list[str], not_before: datetime | None) -> None:
        """Have one build done, and arrange what follows from it."""
        began, start = datetime.now(UTC), time.monotonic()
        if not self._busy:
            log.write_entry(LogEntry.BEGUN, ",".join(reasons), not_before=not_before)
        try:
            loaded = await self._take_loaded() if EDIT in reasons else None
            self._running = running = loaded or await Attempt.begin(self._settings, not_before)
            status, outcome = await running.wait_for_outcome()
            dropped = running.dropped or await self._was_ended_with_us(status)
            how = f"died with {describe_end(status)}"
        except OSError as error:
            status, outcome, dropped, how = FAULT, None, False, f"could not be started: {error}"
        finally:
            self._running = None
        last = LastBuild(began, datetime.now(UTC), "due" in reasons)
        if status == BUSY:
            last = last._replace(busy=True)
        elif dropped:
            pass
        elif outcome is None:
            last = last._replace(failed=True)
            await self._record_death(how)
        else:
            last = last._replace(failed=outcome.retry)
            self._learn_from(outcome)
        self._log_end(status, outcome, dropped=dropped, seconds=time.monotonic() - start)
        self._arrange_jobs(last)

    async def _take_loaded(self) -> Attempt | None:
        """Return the build that is loaded for an edit; None where there is none, or whatever befell it."""
        starting, self._loaded = self._loaded, None
        with suppress(OSError):
            attempt = await starting if starting else None
            return None if attempt is None or attempt.has_ended else attempt
        return None

    async def _was_ended_with_us(self, status: int) -> bool:
        """Say whether a build was told to end by who tells this process, too: systemd tells all of a service."""
        if status == -signal.SIGTERM:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), 0.5)
        return status == -signal.SIGTERM and self._ending.is_set()

    def _learn_from(self, outcome: Outcome) -> None:
        # A build that came to nothing does not know what is due.
        if outcome.next_due is not None or not outcome.retry:
            self._next_due = outcome.next_due
        self._seconds = outcome.seconds or self._seconds
        today = datetime.now(UTC).date().isoformat()
        for warning in outcome.warnings:
            if self._warned.get(warning) != today:
                log.write_entry(LogEntry.WARNING, level=logging.WARNING, message=warning)
        self._warned = dict.fromkeys(outcome.warnings, today)

    def _log_end(self, status: int, outcome: Outcome | None, *, dropped: bool, seconds: float) -> None:
        """Note how a build ended; one that meets another is noted once, however often it is tried again."""
        if status != BUSY or dropped:
            changed = outcome.changed if outcome else False
            length = round(seconds, 2)
            log.write_entry(
                LogEntry.ENDED, status=status, seconds=length, changed=changed, dropped=dropped, due=self._next_due
            )
        elif not self._busy:
            log.write_entry(LogEntry.BUSY)
        self._busy = status == BUSY and not dropped

    async def _record_death(self, how: str) -> None:
        """Say that a build died, also where monitors look."""
        # It imports the definitions, which is much for a process that waits.
        from aslms_feeds.builds.status import record_failure

        log.write_entry(LogEntry.DIED, "build", level=logging.ERROR, how=how)
        await asyncio.to_thread(record_failure, self._settings.output, f"the build {how}", now=datetime.now(UTC))

    # --- Jobs --------------------------------------------------------------------------------------------------------

    def _arrange_jobs(self, last: LastBuild) -> None:
        """Arrange the jobs that follow from the definitions, and from how the last build ended."""
        self._ahead = None
        if self._ending.is_set():
            return
        schedule = read_schedule(self._settings.calendars)
        if schedule is not None and schedule != self._schedule:
            self._schedule = schedule
            log.write_entry(LogEntry.SCHEDULE, lines="; ".join(schedule))
        lines = {f"schedule {line}": line for line in self._schedule} | {"daily": DAILY}
        for job in self._scheduler.get_jobs():
            if job.id not in lines:
                job.remove()
        # What stays is left alone: put there anew at the very moment it is to fire, it would wait for the next time.
        for name in lines.keys() - {job.id for job in self._scheduler.get_jobs()}:
            self._scheduler.add_job(self._run_job, make_trigger(lines[name]), args=(name,), id=name)
        at = plan_starts(self._next_due, last, self._seconds)
        for name, instant in (("due", at.due), ("retry", at.retry)):
            if instant is not None:
                self._scheduler.add_job(self._run_job, DateTrigger(instant), args=(name,), id=name)

    # --- The end -----------------------------------------------------------------------------------------------------

    def _end(self, number: signal.Signals | None) -> None:
        """Begin nothing any more; told so twice from a terminal, wait for nothing either."""
        if self._ending.is_set():
            if number is signal.SIGINT and self._running is not None:
                self._running.drop()
            return
        log.write_entry(LogEntry.STOPPING, number.name if number else "parent")
        self._ended_by = number
        self._ending.set()
        self._wake.set()

    async def _finish_build(self, building: asyncio.Task[None]) -> None:
        """Let a build that is at work come to its end; one that waits for its moment is dropped."""
        self._ending.set()
        self._wake.set()
        if loaded := await self._take_loaded():
            await loaded.dismiss()
        if self._running is not None and self._running.waits(datetime.now(UTC)):
            self._running.drop()
        for seconds, end in ((GRACE_SECONDS, Attempt.drop), (MARGIN_SECONDS, Attempt.kill)):
            await asyncio.wait({building}, timeout=seconds)
            if self._running is not None:
                end(self._running)
        await asyncio.wait({building}, timeout=MARGIN_SECONDS)


def run_service(settings: Settings, *, parent: int | None = None) -> int:
    """Run the service and return its exit status."""

    async def work() -> int:
        return await Service(settings, parent=parent).run()

    return asyncio.run(work())

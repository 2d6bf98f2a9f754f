"""The service: it looks at the definitions and at the clock, and has builds done in processes of their own.

What is due is decided by the data. The clock only wakes a build, so that a job that fires early, late or twice does no
harm. A build that has to be public to the second is begun ahead of it, and waits for that second with everything made.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from aslms_feeds import __version__
from aslms_feeds.builds import log
from aslms_feeds.builds.log import LogEntry
from aslms_feeds.builds.subprocess import BUSY, FAULT, Attempt, command_arguments
from aslms_feeds.builds.watch import Looks
from aslms_feeds.definitions.crontab import parse_crontab
from aslms_feeds.definitions.files import PUBLISHER
from aslms_feeds.definitions.toml import parse_toml
from aslms_feeds.processes import start_child

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apscheduler.triggers.base import BaseTrigger

    from aslms_feeds.builds.subprocess import Outcome
    from aslms_feeds.settings import Settings

RETRY_SECONDS = 60.0
"""When what failed for another reason than the definitions is tried again."""
BUSY_SECONDS = 1.0
"""When a build is tried again that met another one at work."""
LEAD_SECONDS = 10.0
"""How long before its instant a build is begun at least; twice the time that builds take, if that is more."""
MARGIN_SECONDS = 2.0
"""So shortly before an instant, at least, no other build is begun: it would still be at work then."""
GRACE_SECONDS = 10.0
"""How long a service that was told to end lets a build come to its end."""
AGAIN_SECONDS = 5.0
"""How long after its end a watcher of a server is started again."""
EDITED = "edit"
"""Why a build is begun whose program was loaded ahead."""
DAILY = "@daily"
"""When the service looks for what will need attention, though nothing is due."""


def new_scheduler() -> AsyncIOScheduler:
    """Return a scheduler in UTC that runs every job, however late, and once for all the times it missed.

    Its jobs are in memory, derived from the definitions: a stored job would be unpickled, and could be shared.
    """
    defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    return AsyncIOScheduler(timezone=UTC, jobstores={"default": MemoryJobStore()}, job_defaults=defaults)


def make_trigger(line: str) -> BaseTrigger:
    """Return the trigger of a crontab line; raises :class:`ValueError` with what is wrong in it."""
    found = [CronTrigger(**fields, timezone=UTC) for fields in parse_crontab(line).triggers]
    return found[0] if len(found) == 1 else OrTrigger(found)


def read_schedule(folder: Path) -> tuple[str, ...] | None:
    """Return the crontab lines of publisher.toml; None while the file cannot be read, or is wrong."""
    with suppress(OSError, ValueError):
        data = parse_toml((folder / PUBLISHER).read_bytes()).data
        found = data.get("schedule", ()) if data is not None else None
        if isinstance(found, tuple) and all(isinstance(one, str) for one in found):
            for one in found:
                parse_crontab(one)
            return tuple(dict.fromkeys(found))
    return None


class Last(NamedTuple):
    """How the last build ended."""

    began: datetime
    ended: datetime
    due: bool = False
    """Whether it was begun for what is due."""
    busy: bool = False
    """Whether another was at work, or an edit overtook it at the last moment."""
    failed: bool = False
    """Whether something failed that may be mended without an edit."""


class Starts(NamedTuple):
    """When the next builds begin that no edit and no crontab line asks for."""

    due: datetime | None
    """For what is due."""
    retry: datetime | None
    """To try again."""


def plan_starts(due: datetime | None, last: Last, seconds: float) -> Starts:
    """Return when to begin a build that takes ``seconds`` for what is ``due``, and when to try the last one again."""
    pause = timedelta(seconds=BUSY_SECONDS if last.busy else RETRY_SECONDS)
    retry = last.ended + pause if last.failed or (last.busy and not last.due) else None
    if due is None:
        return Starts(None, retry)
    begin = due - timedelta(seconds=lead_seconds(seconds))
    if last.busy:
        begin = max(begin, last.ended + pause)
    elif last.failed:
        # Ahead it failed; at the instant itself it is worth another try.
        begin = max(due, last.ended + pause if due <= last.ended else due)
    elif due <= last.began:
        begin = last.ended + pause  # It should be done. Whatever is wrong with it, it must not keep the service busy.
    return Starts(begin, retry)


def lead_seconds(seconds: float) -> float:
    """Return how long before its instant a build is begun that takes so long, in seconds."""
    return max(LEAD_SECONDS, 2 * seconds)


class Service:
    """Builds after every edit, at the times of the schedule, and when something is due; until it is told to end."""

    def __init__(self, chosen: Settings, *, parent: int | None = None) -> None:
        """Publish as ``chosen`` says; with ``parent``, end when that is not the parent process any more."""
        self._chosen = chosen
        self._parent = parent
        self._scheduler = new_scheduler()
        self._lines: tuple[str, ...] = ()
        self._reasons: list[str] = []
        self._ahead: datetime | None = None
        self._due: datetime | None = None
        self._seconds = 0.0
        self._running: Attempt | None = None
        self._held: asyncio.Task[Attempt] | None = None
        self._warned: dict[str, str] = {}
        self._busy = False
        self._settling: asyncio.TimerHandle | None = None
        self._told: signal.Signals | None = None
        self._wake = asyncio.Event()
        self._over = asyncio.Event()

    async def run(self) -> int:
        """Work until SIGTERM, SIGINT or the end of the parent, and return the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        log.write_entry(
            LogEntry.STARTED,
            version=__version__,
            calendars=str(self._chosen.calendars),
            output=str(self._chosen.output),
            settle=self._chosen.settle,
        )
        self._scheduler.start()
        looking, building = asyncio.create_task(self._look()), asyncio.create_task(self._build())
        over = asyncio.create_task(self._over.wait())
        tasks: list[asyncio.Task[Any]] = [looking, building, over]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._scheduler.shutdown(wait=False)
            await self._last_build(building)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        log.write_entry(LogEntry.STOPPED)
        return 128 + signal.SIGINT if self._told is signal.SIGINT else 0

    # --- What wakes a build ------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Look at the definitions, and every second at the clock and the parent."""
        looks = await asyncio.to_thread(Looks, self._chosen.calendars)
        self._want("start")
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            edited = await asyncio.to_thread(looks.edited)
            if self._over.is_set():
                return
            if edited:
                self._edited(edited)
            if loop.time() - looked >= 1:
                looked = loop.time()
                # The scheduler waits by a clock that stands still while a machine sleeps, and knows of no other.
                self._scheduler.wakeup()
                if self._parent is not None and os.getppid() != self._parent:
                    self._end(None)

    def _edited(self, count: int) -> None:
        log.write_entry(LogEntry.EDIT, files=count, settle=self._chosen.settle)
        if self._running is not None and self._running.waits(datetime.now(UTC)):
            self._running.drop()  # What it has made is not what the definitions say any more.
        if self._held is None:
            # Loading takes longer than publishing an edit; while that has to stand, there is time for it.
            self._held = asyncio.create_task(Attempt.begin(self._chosen, held=True))
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(self._chosen.settle, self._settled)

    def _settled(self) -> None:
        self._settling = None
        if self._running is not None and self._running.waits(datetime.now(UTC), self._margin()):
            self._running.drop()
        self._want(EDITED)

    async def _fire(self, job: str) -> None:
        """Wake a build for a job."""
        log.write_entry(LogEntry.JOB, job, due=self._due if job == "due" else None)
        if job == "due":
            self._ahead = self._due
            self._wake.set()
        else:
            self._want(job)

    def _want(self, reason: str) -> None:
        self._reasons.append(reason)
        self._wake.set()

    def _is_near(self, instant: datetime) -> bool:
        return (instant - datetime.now(UTC)).total_seconds() <= self._margin()

    def _margin(self) -> float:
        return max(MARGIN_SECONDS, 2 * self._seconds)

    # --- Builds ------------------------------------------------------------------------------------------------------

    async def _build(self) -> None:
        """Have one build done after the other, as long as there is a reason for one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._over.is_set():
                return
            if self._ahead is not None and (not self._reasons or self._is_near(self._ahead)):
                await self._attempt(["due"], self._ahead if self._ahead > datetime.now(UTC) else None)
            elif self._reasons:
                reasons, self._reasons = self._reasons, []
                await self._attempt(list(dict.fromkeys(reasons)), None)
            if self._reasons:
                self._wake.set()

    async def _attempt(self, reasons: list[str], not_before: datetime | None) -> None:
        """Have one build done, and arrange what follows from it."""
        began, start = datetime.now(UTC), time.monotonic()
        if not self._busy:
            log.write_entry(LogEntry.BEGUN, ",".join(reasons), not_before=not_before)
        try:
            held = await self._loaded() if EDITED in reasons else None
            self._running = running = held or await Attempt.begin(self._chosen, not_before)
            number, outcome = await running.outcome()
            dropped = running.dropped or await self._ended_together(number)
            how = f"died with {_describe_end(number)}"
        except OSError as error:
            number, outcome, dropped, how = FAULT, None, False, f"could not be started: {error}"
        finally:
            self._running = None
        last = Last(began, datetime.now(UTC), "due" in reasons)
        if number == BUSY:
            last = last._replace(busy=True)
        elif dropped:
            pass
        elif outcome is None:
            last = last._replace(failed=True)
            await self._died(how)
        else:
            last = last._replace(failed=outcome.retry)
            self._learn(outcome)
        self._note_end(number, outcome, dropped=dropped, seconds=time.monotonic() - start)
        self._derive(last)

    async def _loaded(self) -> Attempt | None:
        """Return the build that is held for an edit; None where there is none, or whatever befell it."""
        held, self._held = self._held, None
        with suppress(OSError):
            found = await held if held else None
            return None if found is None or found.ended else found
        return None

    async def _ended_together(self, number: int) -> bool:
        """Say whether a build was told to end by who tells this process, too: systemd tells all of a service."""
        if number == -signal.SIGTERM:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), 0.5)
        return number == -signal.SIGTERM and self._over.is_set()

    def _learn(self, outcome: Outcome) -> None:
        # A build that came to nothing does not know what is due.
        if outcome.next_due is not None or not outcome.retry:
            self._due = outcome.next_due
        self._seconds = outcome.seconds or self._seconds
        today = datetime.now(UTC).date().isoformat()
        for one in outcome.warnings:
            if self._warned.get(one) != today:
                log.write_entry(LogEntry.WARNING, level=logging.WARNING, message=one)
        self._warned = dict.fromkeys(outcome.warnings, today)

    def _note_end(self, number: int, outcome: Outcome | None, *, dropped: bool, seconds: float) -> None:
        """Note how a build ended; one that meets another is noted once, however often it is tried again."""
        if number != BUSY or dropped:
            changed = outcome.changed if outcome else False
            length = round(seconds, 2)
            log.write_entry(
                LogEntry.ENDED, status=number, seconds=length, changed=changed, dropped=dropped, due=self._due
            )
        elif not self._busy:
            log.write_entry(LogEntry.BUSY)
        self._busy = number == BUSY and not dropped

    async def _died(self, how: str) -> None:
        """Say that a build died, also where monitors look."""
        from aslms_feeds.builds import (
            status,  # It knows the definitions, which is much to know for a process that waits.
        )

        log.write_entry(LogEntry.DIED, "build", level=logging.ERROR, how=how)
        await asyncio.to_thread(status.record_failure, self._chosen.output, f"the build {how}", now=datetime.now(UTC))

    # --- Jobs --------------------------------------------------------------------------------------------------------

    def _derive(self, last: Last) -> None:
        """Arrange the jobs that follow from the definitions, and from how the last build ended."""
        self._ahead = None
        if self._over.is_set():
            return
        found = read_schedule(self._chosen.calendars)
        if found is not None and found != self._lines:
            self._lines = found
            log.write_entry(LogEntry.SCHEDULE, lines="; ".join(found))
        wanted = {f"schedule {line}": line for line in self._lines} | {"daily": DAILY}
        for job in self._scheduler.get_jobs():
            if job.id not in wanted:
                job.remove()
        # What stays is left alone: put there anew at the very moment it is to fire, it would wait for the next time.
        for name in wanted.keys() - {job.id for job in self._scheduler.get_jobs()}:
            self._scheduler.add_job(self._fire, make_trigger(wanted[name]), args=(name,), id=name)
        at = plan_starts(self._due, last, self._seconds)
        for name, instant in (("due", at.due), ("retry", at.retry)):
            if instant is not None:
                self._scheduler.add_job(self._fire, DateTrigger(instant), args=(name,), id=name)

    # --- The end -----------------------------------------------------------------------------------------------------

    def _end(self, number: signal.Signals | None) -> None:
        """Begin nothing any more; told so twice from a terminal, wait for nothing either."""
        if self._over.is_set():
            if number is signal.SIGINT and self._running is not None:
                self._running.drop()
            return
        log.write_entry(LogEntry.STOPPING, number.name if number else "parent")
        self._told = number
        self._over.set()
        self._wake.set()

    async def _last_build(self, building: asyncio.Task[None]) -> None:
        """Let a build that is at work come to its end; one that waits for its moment is dropped."""
        self._over.set()
        self._wake.set()
        if held := await self._loaded():
            await held.dismiss()
        if self._running is not None and self._running.waits(datetime.now(UTC)):
            self._running.drop()
        for seconds, end in ((GRACE_SECONDS, Attempt.drop), (MARGIN_SECONDS, Attempt.kill)):
            await asyncio.wait({building}, timeout=seconds)
            if self._running is not None:
                end(self._running)
        await asyncio.wait({building}, timeout=MARGIN_SECONDS)


def run_service(chosen: Settings, *, parent: int | None = None) -> int:
    """Run the service and return its exit status."""

    async def work() -> int:
        return await Service(chosen, parent=parent).run()

    return asyncio.run(work())


def keep_watching(chosen: Settings) -> Callable[[], None]:
    """Watch in a process of its own, and start it again should it end; return what ends it for good.

    In a process that answers requests, every build would hold up the answers.
    """
    arguments = command_arguments("watch", chosen, "--settle", str(chosen.settle))
    over, switching = threading.Event(), threading.Lock()
    watchers = [start_child("aslms_feeds", *arguments)]

    def keep() -> None:
        while not over.is_set():
            number = watchers[-1].wait()
            if over.is_set():
                return
            log.write_entry(LogEntry.DIED, "watcher", level=logging.ERROR, how=f"died with {_describe_end(number)}")
            over.wait(AGAIN_SECONDS)
            with switching:
                if not over.is_set():
                    watchers.append(start_child("aslms_feeds", *arguments))

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()

    def end() -> None:
        with switching:
            over.set()
            watchers[-1].terminate()
        keeper.join()

    return end


def _describe_end(number: int) -> str:
    return f"signal {-number}" if number < 0 else f"status {number}"

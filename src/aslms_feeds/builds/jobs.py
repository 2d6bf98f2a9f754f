"""When the service has builds done: its clock, the lines of its schedule, what is due, and when to try again."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from aslms_feeds.definitions.crontab import parse_crontab
from aslms_feeds.definitions.files import PUBLISHER
from aslms_feeds.definitions.toml import parse_toml

if TYPE_CHECKING:
    from pathlib import Path

    from apscheduler.triggers.base import BaseTrigger

RETRY_SECONDS = 60.0
"""When what failed for another reason than the definitions is tried again."""
BUSY_SECONDS = 1.0
"""When a build is tried again that met another one at work."""
LEAD_SECONDS = 10.0
"""How long before its instant a build is begun at least; twice the time that builds take, if that is more."""
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
    triggers = [CronTrigger(**fields, timezone=UTC) for fields in parse_crontab(line).triggers]
    return triggers[0] if len(triggers) == 1 else OrTrigger(triggers)


def read_schedule(folder: Path) -> tuple[str, ...] | None:
    """Return the crontab lines of publisher.toml; None while the file cannot be read, or is wrong."""
    with suppress(OSError, ValueError):
        data = parse_toml((folder / PUBLISHER).read_bytes()).data
        lines = data.get("schedule", ()) if data is not None else None
        if isinstance(lines, tuple) and all(isinstance(line, str) for line in lines):
            for line in lines:
                parse_crontab(line)
            return tuple(dict.fromkeys(lines))
    return None


class LastBuild(NamedTuple):
    """How the last build ended."""

    began: datetime
    ended: datetime
    due: bool = False
    """Whether it was begun for what is due."""
    busy: bool = False
    """Whether another was at work, or an edit overtook it at the last moment."""
    failed: bool = False
    """Whether something failed that may be mended without an edit."""


class NextStarts(NamedTuple):
    """When the next builds begin that no edit and no crontab line asks for."""

    due: datetime | None
    """For what is due."""
    retry: datetime | None
    """To try again."""


def plan_starts(due: datetime | None, last: LastBuild, seconds: float) -> NextStarts:
    """Return when to begin a build that takes ``seconds`` for what is ``due``, and when to try the last one again."""
    pause = timedelta(seconds=BUSY_SECONDS if last.busy else RETRY_SECONDS)
    retry = last.ended + pause if last.failed or (last.busy and not last.due) else None
    if due is None:
        return NextStarts(None, retry)
    begin = due - timedelta(seconds=lead_seconds(seconds))
    if last.busy:
        begin = max(begin, last.ended + pause)
    elif last.failed:
        # Ahead it failed; at the instant itself it is worth another try.
        begin = max(due, last.ended + pause if due <= last.ended else due)
    elif due <= last.began:
        begin = last.ended + pause  # It should be done. Whatever is wrong with it, it must not keep the service busy.
    return NextStarts(begin, retry)


def lead_seconds(seconds: float) -> float:
    """Return how long before its instant a build is begun that takes so long, in seconds."""
    return max(LEAD_SECONDS, 2 * seconds)

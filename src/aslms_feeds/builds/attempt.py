"""A build that the service has done in a process of its own: begun, waited for, dropped; this is the parent's side."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from aslms_feeds.builds.subprocess import WAIT_OPTION, Outcome
from aslms_feeds.processes import start_task

if TYPE_CHECKING:
    import asyncio
    from datetime import datetime

    from aslms_feeds.settings import Settings


def command_arguments(name: str, settings: Settings, *options: str) -> list[str]:
    """Return the arguments of one of our own commands with the settings of this process, whose child it will be."""
    arguments = [name, "--parent", str(os.getpid())]
    arguments += ["--calendars", str(settings.calendars), "--output", str(settings.output)]
    arguments += ["--log-format", settings.log_format]
    if settings.base_url:
        arguments += ["--base-url", settings.base_url]
    if settings.state:
        arguments += ["--state", str(settings.state)]
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
    async def begin(cls, settings: Settings, not_before: datetime | None = None, *, waits: bool = False) -> Attempt:
        """Start a build; raises :class:`OSError` where the system starts no process.

        One that ``waits`` is loaded, and begins when it is waited for.
        """
        options = ["--not-before", not_before.isoformat()] if not_before else []
        options += [WAIT_OPTION] if waits else []
        process = await start_task("aslms_feeds", *command_arguments("build", settings, *options), waits=waits)
        return cls(process, not_before)

    async def wait_for_outcome(self) -> tuple[int, Outcome | None]:
        """Wait for its end and return its exit status, negative for a signal, and what it said, if anything.

        One that waits for it begins now.
        """
        output, _errors = await self._process.communicate(b"\n" if self._process.stdin else None)
        return self._process.returncode or 0, Outcome.parse(output.decode(errors="replace"))

    def waits(self, now: datetime, seconds: float = 0) -> bool:
        """Say whether its moment is more than ``seconds`` away."""
        return self.not_before is not None and (self.not_before - now).total_seconds() > seconds

    @property
    def has_ended(self) -> bool:
        """Whether it is no more."""
        return self._process.returncode is not None

    async def dismiss(self) -> None:
        """End one that waits to begin: it has nothing to lose."""
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


def describe_end(status: int) -> str:
    """Return how a process ended, by its exit status, which is negative for a signal."""
    return f"signal {-status}" if status < 0 else f"status {status}"

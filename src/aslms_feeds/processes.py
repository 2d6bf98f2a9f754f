"""Other processes of ours: children that run one of our modules, and forks that share the work of this process.

Every child is started here: with this interpreter, and with a module of this package, which is never looked for in the
folder that a command happens to run in.
A fork holds everything already, and what it makes comes back by a pipe; one that cannot begin, or dies, leaves its
share to this process.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    import asyncio
    import subprocess
    from collections.abc import Callable, Mapping, Sequence

    T = TypeVar("T")
    R = TypeVar("R")

_MOST = 4
"""Processes: each comes to need as much memory as this one, and many are not much faster than four."""
_INHERITED = 3
"""The first handle that is none of the standard ones."""


# --- Children that run one of our modules ----------------------------------------------------------------------------


def command_of(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs a module with this interpreter; the current folder is not searched for it."""
    return [sys.executable, "-P", "-m", module, *arguments]


def bare_environment() -> dict[str, str]:
    """Return the environment of a child that finds this package, writes no bytecode and knows nothing else of ours.

    Ours may hold keys of the publication. What measures coverage is left in it.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    search_path = os.pathsep.join(path for path in sys.path if path)
    return environment | {"PYTHONPATH": search_path, "PYTHONDONTWRITEBYTECODE": "1"}


class Answer(NamedTuple):
    """What a child came to."""

    output: bytes
    """What it wrote to its standard output; an octet more than was allowed, at most."""
    status: int
    """Its exit status; negative for the signal that ended it."""


def run_child(
    module: str,
    *arguments: str,
    body: bytes,
    seconds: float | None = None,
    most_output: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Run a module with ``body`` for its standard input, and return its answer when it has ended.

    It is killed after so many seconds, and when it has written more than so many octets. One that has an environment
    of its own does not write to our standard error either. Raises :class:`OSError` where the system starts none.
    """
    import subprocess
    import tempfile
    import threading

    with tempfile.TemporaryFile() as stdin:
        stdin.write(body)
        stdin.seek(0)
        with subprocess.Popen(  # noqa: S603 - a module of ours; what it works on is data
            command_of(module, *arguments),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=None if environment is None else subprocess.DEVNULL,
            env=environment,
        ) as child:
            alarm = threading.Timer(threading.TIMEOUT_MAX if seconds is None else max(seconds, 0.1), child.kill)
            alarm.start()
            try:
                assert child.stdout is not None  # noqa: S101 - a pipe was asked for
                output = child.stdout.read(-1 if most_output is None else most_output + 1)
                if most_output is not None and len(output) > most_output:
                    child.kill()
                child.wait()
            finally:
                alarm.cancel()
                child.kill()
            return Answer(output, child.returncode)


def start_child(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a module in a child that has our standard streams, and that whoever calls looks after."""
    import subprocess

    return subprocess.Popen(command_of(module, *arguments))  # noqa: S603 - a module of ours


async def start_task(module: str, *arguments: str, waits: bool) -> asyncio.subprocess.Process:
    """Start a module in a child that an asyncio loop waits for; what it writes is read, and with ``waits`` it is told.

    It is in a session of its own: Ctrl-C is for this process alone. Raises :class:`OSError` where the system starts no
    process.
    """
    import asyncio
    from asyncio.subprocess import DEVNULL, PIPE

    command = command_of(module, *arguments)
    stdin = PIPE if waits else DEVNULL
    return await asyncio.create_subprocess_exec(*command, stdin=stdin, stdout=PIPE, start_new_session=True)


# --- Forks that share work -------------------------------------------------------------------------------------------


class _Fork(NamedTuple):
    pid: int
    handle: int
    """Its results are read from it."""


def count_processors() -> int:
    """Return how many processors this process may use, at most four."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, _MOST)


def share_work(make: Callable[[T], R], tasks: Sequence[T], most: int) -> list[R]:
    """Return what ``make`` returns for each task, in their order, made by up to ``most`` processes.

    The results must be picklable, and may not depend on what another call has left behind. Raises what ``make`` raises.
    """
    count = min(most, len(tasks))
    if count <= 1 or not hasattr(os, "fork"):
        return [make(task) for task in tasks]
    forks: list[_Fork | None] = []
    try:
        forks.extend(_start_fork(make, tasks[number::count]) for number in range(1, count))
        shares = [[make(task) for task in tasks[::count]]]
        for number, fork in enumerate(forks, 1):
            shares.append((fork and _read_results(fork)) or [make(task) for task in tasks[number::count]])
    finally:
        for fork in forks:
            if fork:
                _end_fork(fork)
    return [shares[at % count][at // count] for at in range(len(tasks))]


def _start_fork(make: Callable[[T], R], share: Sequence[T]) -> _Fork | None:
    """Start a fork that makes its share; None where this machine has no room for one."""
    handles: tuple[int, ...] = ()
    try:
        handles = os.pipe()
        pid = os.fork()
    except OSError:
        for handle in handles:
            os.close(handle)
        return None
    reading, writing = handles
    if pid:
        os.close(writing)
        return _Fork(pid, reading)
    try:
        # What the parent holds by a handle, such as a lock, would be held as long as this process lives.
        for name in os.listdir("/dev/fd"):  # noqa: PTH208 - plain numbers
            if int(name) >= _INHERITED and int(name) != writing:
                with suppress(OSError):  # the one that listed them is closed
                    os.close(int(name))
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump([make(task) for task in share], pipe, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)


def _read_results(fork: _Fork) -> list[R] | None:
    """Return what a fork has made; None where it died before."""
    with os.fdopen(fork.handle, "rb", closefd=False) as pipe:
        try:
            results: list[R] = pickle.load(pipe)  # noqa: S301 - written by this very program
        except (EOFError, pickle.UnpicklingError):
            return None
    return results


def _end_fork(fork: _Fork) -> None:
    os.close(fork.handle)
    with suppress(ProcessLookupError):
        os.kill(fork.pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(fork.pid, 0)

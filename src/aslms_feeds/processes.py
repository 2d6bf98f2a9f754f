"""Work shared among processes: forks of this one, which hold everything already; what they make comes back by a pipe.

A fork that cannot begin, or dies, leaves its share to this process: there is no other way for it to fail.
"""

from __future__ import annotations

import os
import pickle
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    T = TypeVar("T")
    R = TypeVar("R")

_MOST = 4
"""Processes: each comes to need as much memory as this one, and many are not much faster than four."""
_INHERITED = 3
"""The first handle that is none of the standard ones."""


class _Fork(NamedTuple):
    pid: int
    answer: int
    """The handle that what it has made is read from."""


def count_processors() -> int:
    """Return how many processors this process may use, at most four."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, _MOST)


def share_work(make: Callable[[T], R], things: Sequence[T], most: int) -> list[R]:
    """Return what ``make`` returns for each thing, in their order, made by up to ``most`` processes.

    The results must be picklable, and may not depend on what another call has left behind. Raises what ``make`` raises.
    """
    count = min(most, len(things))
    if count <= 1 or not hasattr(os, "fork"):
        return [make(one) for one in things]
    forks: list[_Fork | None] = []
    try:
        forks.extend(_begin(make, things[at::count]) for at in range(1, count))
        shares = [[make(one) for one in things[::count]]]
        for at, fork in enumerate(forks, 1):
            shares.append((fork and _answer(fork)) or [make(one) for one in things[at::count]])
    finally:
        for fork in forks:
            if fork:
                _end(fork)
    return [shares[number % count][number // count] for number in range(len(things))]


def _begin(make: Callable[[T], R], share: Sequence[T]) -> _Fork | None:
    """Begin a fork; None where this machine has no room for one."""
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
        for name in [one.name for one in os.scandir("/dev/fd")]:
            if int(name) >= _INHERITED and int(name) != writing:
                with suppress(OSError):  # the one that listed them is closed
                    os.close(int(name))
        with os.fdopen(writing, "wb") as answer:
            pickle.dump([make(one) for one in share], answer, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)


def _answer(fork: _Fork) -> list[R] | None:
    """Return what a fork has made; None where it could not."""
    with os.fdopen(fork.answer, "rb", closefd=False) as answer:
        try:
            made: list[R] = pickle.load(answer)  # noqa: S301 - written by this very program
        except (EOFError, pickle.UnpicklingError):
            return None
    return made


def _end(fork: _Fork) -> None:
    os.close(fork.answer)
    with suppress(ProcessLookupError):
        os.kill(fork.pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(fork.pid, 0)

"""Work that coverage does not trace, which would cost as much again: it takes lines that others take one by one."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACING = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
"""What makes coverage trace the processes that tests start."""


@contextmanager
def untraced() -> Iterator[None]:
    """Trace nothing within the block, neither here, nor in threads and processes that begin there."""
    tracer, thread_tracer = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    for name in TRACING:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.update(TRACING)
        threading.settrace(thread_tracer)
        sys.settrace(tracer)

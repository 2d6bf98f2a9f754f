"""The child process that reads one foreign document: it first gives up everything that no reader needs.

`sandbox` starts it with a kind and its options; it reads the document from standard input and writes JSON. Importing it
costs next to nothing, since every child does it: the module that reads a kind is imported once the limits are set.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from contextlib import suppress
from importlib import import_module

from aslms_feeds.upstreams.readers.values import UnreadableError

MEMORY = 512 << 20
"""Octets of address space that a reader may have."""
CPU_SECONDS = 5


def main() -> None:
    """Read one document from standard input and write what it says as JSON."""
    _limit_resources()
    kind, *options = sys.argv[1:]
    try:
        read = getattr(import_module(f"aslms_feeds.upstreams.readers.{kind}"), f"read_{kind}")
        answer = {"content": read(sys.stdin.buffer.read(), *options)}
    except UnreadableError as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {"refused": f"needs more than {MEMORY >> 20} MB to read"}
    except RecursionError:
        answer = {"refused": "is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - whatever a library does with hostile bytes
        answer = {"refused": f"cannot be read ({type(error).__name__})"}
    sys.stdout.write(json.dumps(answer))


def _limit_resources() -> None:
    """Limit memory, time and files of this process; a limit that the system does not know is not set."""
    for name, soft, hard in (
        ("RLIMIT_AS", MEMORY, MEMORY),
        ("RLIMIT_CPU", CPU_SECONDS, CPU_SECONDS + 1),
        ("RLIMIT_CORE", 0, 0),
        ("RLIMIT_NOFILE", 64, 64),
    ):
        with suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (soft, hard))
    if "COVERAGE_PROCESS_CONFIG" not in os.environ and "COVERAGE_PROCESS_START" not in os.environ:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":
    main()

"""The process that reads one foreign document: it takes everything from itself that no reader needs, then reads.

Importing it costs next to nothing, since a child does it each time: what reads one kind is imported behind the limits.
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
    _limit()
    kind, *options = sys.argv[1:]
    try:
        reader = import_module(f"aslms_feeds.upstreams.readers.{kind}")
        said = {"found": reader.read(sys.stdin.buffer.read(), *options)}
    except UnreadableError as refused:
        said = {"refused": str(refused)}
    except MemoryError:
        said = {"refused": f"needs more than {MEMORY >> 20} MB to read"}
    except RecursionError:
        said = {"refused": "is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - whatever a library does with hostile bytes
        said = {"refused": f"cannot be read ({type(error).__name__})"}
    sys.stdout.write(json.dumps(said))


def _limit() -> None:
    """Take from this process what no reader needs; what a system does not know is left as it is."""
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

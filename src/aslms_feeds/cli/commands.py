"""The command ``aslms-feeds``: arguments in, one call, output and exit status out; each is imported when it is run."""

from __future__ import annotations

import io
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from aslms_feeds.cli.arguments import parser
from aslms_feeds.cli.statuses import STORAGE, status_of_error
from aslms_feeds.errors import AslmsFeedsError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

    from aslms_feeds.settings import Settings

_COMMANDS = {
    "build": "building",
    "check": "looking",
    "history": "going_back",
    "plan": "looking",
    "preview": "looking",
    "proposals": "looking",
    "recover": "going_back",
    "rollback": "going_back",
    "schema": "schemas",
    "serve": "serving",
    "watch": "serving",
}
"""The module that each command is in, as ``run_`` and its name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal that knows no arrow is no reason to stop.
    options = parser().parse_args(arguments)
    try:
        from aslms_feeds.settings import choose_settings

        return _find_command(options.command)(options, choose_settings(vars(options)))
    except AslmsFeedsError as error:
        return _print_error(error)
    except BrokenPipeError:
        # Whoever read along has seen enough; nothing more is written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        print(f"aslms-feeds: cannot use{place}: {error.strerror or error}", file=sys.stderr)
        return STORAGE
    except KeyboardInterrupt:
        return 130


def _find_command(name: str) -> Callable[[Namespace, Settings], int]:
    command: Callable[[Namespace, Settings], int] = getattr(
        import_module(f"aslms_feeds.cli.{_COMMANDS[name]}"), f"run_{name}"
    )
    return command


def _print_error(error: AslmsFeedsError) -> int:
    print(f"aslms-feeds: {error}", file=sys.stderr)
    if error.hint:
        print(f"Try: {error.hint}", file=sys.stderr)
    return status_of_error(error)

"""The server that runs the application: one worker, as many connections as files allow, nothing that outlives it."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from aslms_feeds.errors import UsageError
from aslms_feeds.serve.application import METRICS_HOST, Site

if TYPE_CHECKING:
    from pathlib import Path

SWITCH_SECONDS = 0.0005
"""How long the thread that reads a generation may keep Python from the one that answers; 5 ms would be usual."""

CONNECTIONS = 4096
"""How many connections are served at once, where the system allows that many files; more wait for their turn."""

OWN_FILES = 128
"""How many files the server may open besides connections: documents, folders, its own."""

_TO_STDERR = {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"}


def run_server(output: Path, *, host: str, port: int, metrics_port: int | None = None) -> None:
    """Serve the store in ``output`` until SIGTERM or SIGINT; ``metrics_port`` tells this machine how that goes."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    _try_address(host, port)
    if metrics_port is not None:
        _try_address(METRICS_HOST, metrics_port, "--metrics-port")
    server = Granian(
        "aslms_feeds.serve.application:Site",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        # A head that takes longer, or is larger, is no reader's. The time also ends connections nobody uses.
        http1_settings=HTTP1Settings(header_read_timeout=20_000, max_buffer_size=64 * 1024),
        backlog=1024,
        backpressure=_limit_connections(),
        log_level=LogLevels.error,
        log_dictconfig={"handlers": dict.fromkeys(("console", "access"), _TO_STDERR)},
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=1,
    )
    # Given its loader, granian does not put the working directory on sys.path to find the target there.
    server.serve(target_loader=partial(_load_site, output.resolve(), os.getpid(), metrics_port), wrap_loader=False)


def _load_site(output: Path, parent: int, metrics_port: int | None = None) -> Site:
    """Return the application for a worker, which must not outlive ``parent`` and keep the port."""

    def end_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.setswitchinterval(SWITCH_SECONDS)
    return Site(output, metrics_port)


def _limit_connections() -> int:
    """Return how many connections leave files to read with, after raising the limit as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = CONNECTIONS + OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < files:
        soft = files if hard == resource.RLIM_INFINITY else min(hard, files)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS, soft - OWN_FILES))


def _try_address(host: str, port: int, options: str = "--host or --port") -> None:
    """Fail early, with words: granian would share a port that is taken, or die in a worker."""
    hint = f"Choose another {options}, or stop the program that listens there."
    if not 0 <= port < 1 << 16:  # the system's look-up would take the number modulo 65,536
        raise UsageError(f"cannot listen on {host} port {port}: ports end at 65535", hint=hint)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on {host} port {port}: {error}", hint=hint) from error

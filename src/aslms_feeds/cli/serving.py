"""The commands ``serve`` and ``watch``, which run until they are told to end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds.cli.statuses import SUCCESS
from aslms_feeds.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from aslms_feeds.settings import Settings


def run_serve(arguments: Namespace, settings: Settings) -> int:
    """Answer requests, and with ``--watch`` publish edits meanwhile."""
    from aslms_feeds.serve.server import run_server

    end_watcher = None
    if arguments.watch:
        from aslms_feeds.builds import background, log

        log.start_log(settings.log_format)
        end_watcher = background.keep_watching(settings)
    try:
        print(f"Serving {settings.output} on http://{settings.host}:{settings.port}/ (Ctrl-C ends it)", flush=True)
        run_server(settings.output, host=settings.host, port=settings.port, metrics_port=settings.metrics_port)
    finally:
        if end_watcher is not None:
            end_watcher()
    return SUCCESS


def run_watch(arguments: Namespace, settings: Settings) -> int:
    """Publish whenever a definition changes or something is due."""
    if not Path(settings.calendars).is_dir():
        message = f"there is no folder {settings.calendars}"
        raise UsageError(message, hint="name the folder of the definitions with --calendars")
    from aslms_feeds.builds import log, service

    log.start_log(settings.log_format)
    return service.run_service(settings, parent=arguments.parent)

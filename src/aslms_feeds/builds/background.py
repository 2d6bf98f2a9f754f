"""The service beside a server: a watcher in a process of its own, which is started again should it end."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from aslms_feeds.builds import log
from aslms_feeds.builds.attempt import command_arguments, describe_end
from aslms_feeds.builds.log import LogEntry
from aslms_feeds.processes import start_child

if TYPE_CHECKING:
    from collections.abc import Callable

    from aslms_feeds.settings import Settings

AGAIN_SECONDS = 5.0
"""How long after its end a watcher of a server is started again."""


def keep_watching(settings: Settings) -> Callable[[], None]:
    """Watch in a process of its own, and start it again should it end; return what ends it for good.

    In a process that answers requests, every build would hold up the answers.
    """
    arguments = command_arguments("watch", settings, "--settle", str(settings.settle))
    over, switching = threading.Event(), threading.Lock()
    watchers = [start_child("aslms_feeds", *arguments)]

    def keep() -> None:
        while not over.is_set():
            number = watchers[-1].wait()
            if over.is_set():
                return
            log.write_entry(LogEntry.DIED, "watcher", level=logging.ERROR, how=f"died with {describe_end(number)}")
            over.wait(AGAIN_SECONDS)
            with switching:
                if not over.is_set():
                    watchers.append(start_child("aslms_feeds", *arguments))

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()

    def end() -> None:
        with switching:
            over.set()
            watchers[-1].terminate()
        keeper.join()

    return end

"""Builds a publication as the command does, and tells of it: what is noted under the lock, and sent after it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import seasons
from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.notify import delivery, queueing
from aslms_feeds.publication import last_run
from aslms_feeds.publication.stores.local import LocalStore

if TYPE_CHECKING:
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.notify.delivery import DeliveryResult
    from aslms_feeds.report import Report

START = datetime(2030, 1, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FORMATS = ("atom.xml", "rss.xml", "feed.json")
HUB = "https://hub.example.org/"
HOOK_URL = "https://hooks.example.org/services/T0/B0/hush"
RECEIVERS = f"""
[[notify]]
url = "{HOOK_URL}"

[[notify]]
url_from = "HOOK"
format = "slack"
on = ["facts", "warnings"]
"""
"""Two receivers: one whose address is written down, one whose address the environment holds."""


def publisher_toml(*, base_url: str = "https://calendar.example.org", hub: str = "", more: str = "") -> str:
    """Return a publisher.toml with few calendars, so that builds are short, that may ask this machine."""
    text = seasons.PUBLISHER.replace("https://calendar.example.org", base_url)
    feeds = f'\n[feeds]\nhub = "{hub}"\n' if hub else ""
    few = '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
    return f"{text}{few}{feeds}\n[network]\nallow_loopback = true\n{more}"


@dataclass
class Telling:
    """A publication that is built again and again, a minute later each time."""

    output: Path
    publisher: str
    now: datetime = START
    environment: dict[str, str] = field(default_factory=dict)
    report: Report | None = None

    def files(self, **names: str) -> dict[str, bytes]:
        """Return the definitions: the names of events, by id, are what changes."""
        text = seasons.SEASON
        for event, name in names.items():
            old = {"okayama": "4 Hours of Okayama", "paris": "4 Hours of Paris"}[event]
            assert text.count(old) == 1
            text = text.replace(old, name)
        return seasons.contents(text, publisher=self.publisher)

    def settings(self) -> Publisher:
        """Return what publisher.toml says."""
        publisher = read_definitions(self.files(), "calendars").publisher
        assert publisher is not None
        return publisher

    def build(self, files: dict[str, bytes] | None = None, *, note: bool = True, **further: Any) -> Report:
        """Publish, and note what has to be told; without ``note`` the builder dies between the two."""
        files = self.files() if files is None else files
        self.now += MINUTE
        publisher = read_definitions(files, "calendars").publisher
        last_run.forget_last_run(self.output) if self.output.is_dir() else None

        def record(report: Report) -> None:
            due = queueing.queue_messages(self.output, publisher, report, now=self.now, **further) if note else None
            generations = last_run.read_current_links(self.output)
            last_run.write_last_run(
                self.output, last_run.LastRun(self.now, {"": "x"}, generations, due or report.next_due)
            )

        self.report = regenerate(LocalStore(self.output), files, now=self.now, record=record)
        return self.report

    def deliver(
        self, *, later: timedelta = timedelta(0), seconds: float = 5.0, settle: float = 0, good: bool = True
    ) -> DeliveryResult:
        """Send what waits, ``later`` than the last build; with the report of that build, or without one."""
        return delivery.deliver(
            self.output,
            self.settings(),
            self.report if good else None,
            now=self.now + later,
            seconds=seconds,
            settle=settle,
            environment=self.environment,
        )

    def waiting(self) -> list[dict[str, Any]]:
        """Return the messages in the outbox, by the names of their files."""
        box = self.output / "outbox"
        return [json.loads(path.read_bytes()) for path in sorted(box.glob("[pn]*-*.json"))]

    def topics(self) -> dict[str, int]:
        """Return the topics of the pings in the outbox and their generations."""
        pings = [(message["topic"], message["generation"]) for message in self.waiting() if "topic" in message]
        assert len(dict(pings)) == len(pings), "a topic is pinged twice"
        return dict(pings)

    def notices(self) -> list[dict[str, Any]]:
        """Return what the notices in the outbox say."""
        return [message["body"] for message in self.waiting() if "body" in message]

    def feeds(self) -> dict[str, str]:
        """Return the digests of the public feeds by address."""
        manifest = LocalStore(self.output).read_current("trial").manifest
        root = f"{self.settings().base_url}/trial/"
        rows = manifest.documents.items()
        return {f"{root}{path}": row.sha256 for path, row in rows if path.rpartition("/")[2] in FORMATS}

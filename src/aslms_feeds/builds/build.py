"""One build, whoever asks for it: what is there is read, what changed is published, and others are told.

Without anything to do it imports next to nothing; what makes documents is imported when the fingerprints differ.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING

from aslms_feeds.builds import freshness
from aslms_feeds.definitions import files
from aslms_feeds.errors import AslmsFeedsError, Busy, Superseded
from aslms_feeds.instants import earliest
from aslms_feeds.publication import last_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aslms_feeds.builds.recipe import Orders
    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.publication.stores.preview import PreviewStore
    from aslms_feeds.report import Report
    from aslms_feeds.settings import Settings
    from aslms_feeds.upstreams.poll import PollResult


def build(
    settings: Settings,
    now: datetime,
    orders: Orders | None = None,
    *,
    not_before: datetime | None = None,
    tell: Callable[[Report], None] = lambda _report: None,
) -> Report | None:
    """Publish what the definitions say at ``now``, unless the fingerprints say that nothing would change: None.

    What is due at ``not_before`` is made ahead, and nothing of it is written before that instant. ``tell`` is called
    with the report as it may be logged. A build that comes to nothing says so in status.json, too; raises
    :class:`aslms_feeds.errors.Busy` when another one is at work, and whatever keeps all series from being published.
    """
    try:
        return _build(settings, now, orders, not_before, tell)
    except Busy:
        raise
    except Exception as error:
        from aslms_feeds.builds import status

        text, hint = (str(error), error.hint) if isinstance(error, AslmsFeedsError) else (repr(error), "")
        status.record_failure(settings.output, text, hint, now=now)
        raise


def load_modules() -> None:
    """Import and compile what a build needs that has something to do, so that one begun later begins at once."""
    for name in (
        "builds.recipe",
        "builds.status",
        "notify.delivery",
        "notify.queueing",
        "publication.stores.local",
        "publication.stores.split",
        "publication.workspace",
        "upstreams.poll",
    ):
        import_module(f"aslms_feeds.{name}")
    from aslms_feeds.editions import language
    from aslms_feeds.render.pages import templates

    templates.compile_templates()
    language.load_every_language()


def plan_build(
    settings: Settings, contents: Mapping[str, bytes], base_url: str | None, *, now: datetime
) -> tuple[PreviewStore, Report]:
    """Return what a build of the files ``contents`` would publish, with its report; nobody is asked, nothing written.

    A mass change is shown for what it is: only a build asks whether it is meant.
    """
    from aslms_feeds.builds.recipe import Orders, regenerate
    from aslms_feeds.definitions.reading import read_publisher
    from aslms_feeds.publication.stores.preview import PreviewStore
    from aslms_feeds.publication.workspace import open_store

    preview = PreviewStore(open_store(settings.output, settings.state))
    polled = _poll(settings, read_publisher(contents), contents, now, ask=False)
    report = regenerate(
        preview,
        {**polled.contents, **contents},
        now=now,
        base_url=base_url,
        root=str(settings.calendars),
        orders=Orders(accept_mass_change=True),
        news=polled.group_news_by_series(),
    )
    return preview, report


def _build(
    settings: Settings,
    now: datetime,
    orders: Orders | None,
    not_before: datetime | None,
    tell: Callable[[Report], None],
) -> Report | None:
    contents = files.read_calendars_folder(settings.calendars, named=False)
    simple = orders is None and settings.state is None
    if simple and freshness.is_unchanged(settings.output, contents, settings.base_url, now=now):
        last_run.touch_last_run(settings.output)
        return None
    current_fingerprints = freshness.fingerprint_series(contents, settings.base_url)
    from aslms_feeds.builds import status
    from aslms_feeds.builds.recipe import regenerate
    from aslms_feeds.definitions.reading import read_publisher
    from aslms_feeds.notify import delivery, queueing
    from aslms_feeds.publication.workspace import Workspace, open_store

    root = str(settings.calendars)
    publisher = read_publisher(contents)
    if publisher and settings.base_url:
        publisher = publisher.model_copy(update={"base_url": settings.base_url})
    # Whoever waits for a second must not wait for other people's servers.
    polled = _poll(settings, publisher, contents, now, ask=not_before is None)

    def record(report: Report) -> None:
        masked = status.mask_report(report, contents, root, now=now)
        has_readers = publisher is not None and any("warnings" in receiver.on for receiver in publisher.notify)
        delivery_due = queueing.queue_messages(
            settings.output,
            publisher,
            masked,
            now=now,
            warnings=status.find_ended_series(contents, root, now=now) if has_readers else (),
            quarantined=polled.quarantines,
        )
        due = earliest(report.next_due, polled.next_due, delivery_due)
        generations = last_run.read_current_links(settings.output)
        fingerprints = {} if report.failed else current_fingerprints
        last_run.write_last_run(
            settings.output, last_run.LastRun(now, fingerprints, generations, due, settings.base_url)
        )
        workspace = Workspace(settings.output)
        before = workspace.read_status()
        extra = status.describe_surroundings(before, publisher, masked, polled)
        workspace.write_status(status.describe_build(replace(masked, next_due=due), before, now=now, extra=extra))
        tell(masked)

    last_run.forget_last_run(settings.output)

    def wait() -> None:
        if not_before is not None:
            _wait_for(not_before, lambda: files.read_calendars_folder(settings.calendars, named=False) == contents)

    report = regenerate(
        open_store(settings.output, settings.state),
        {**polled.contents, **contents},
        now=now,
        base_url=settings.base_url,
        root=root,
        orders=orders,
        news=polled.group_news_by_series(),
        record=record,
        before_switch=wait,
    )
    report = replace(report, next_due=earliest(report.next_due, polled.next_due))
    delivered = delivery.deliver(settings.output, publisher, report, now=now)
    return replace(report, next_due=earliest(report.next_due, delivered.next_attempt), notes=delivered.warnings)


def _poll(
    settings: Settings, publisher: Publisher | None, contents: Mapping[str, bytes], now: datetime, *, ask: bool
) -> PollResult:
    from aslms_feeds.upstreams.poll import PollResult, poll

    if publisher is None:
        return PollResult()
    return poll(settings.output, publisher, now=now, local_files=contents, root=str(settings.calendars), ask=ask)


def _wait_for(instant: datetime, unchanged: Callable[[], bool]) -> None:
    """Return at an instant by this machine's clock; raise :class:`Superseded` when an edit has overtaken it."""
    while (left := (instant - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left, 0.5))
    if not unchanged():
        message = "the definitions changed while the build waited"
        raise Superseded(message, hint="build again")

"""The command ``build``, by hand and for the service; one that finds nothing to do imports next to nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aslms_feeds.cli.statuses import SUCCESS, status_of_error, status_of_report

if TYPE_CHECKING:
    from argparse import Namespace

    from aslms_feeds.report import Report
    from aslms_feeds.settings import Settings


def run_build(arguments: Namespace, settings: Settings) -> int:
    """Publish what the definitions say, and tell what changed."""
    from aslms_feeds.builds.build import build

    if arguments.parent is not None:
        return _build_for_service(arguments, settings)
    orders = None
    if arguments.accept_mass_change:
        from aslms_feeds.builds.recipe import Orders

        orders = Orders(accept_mass_change=True)
    now = arguments.now or datetime.now(UTC)
    report = build(settings, max(now, arguments.not_before or now), orders, not_before=arguments.not_before)
    if report is None and not arguments.json:
        if not arguments.quiet:
            print(f"{settings.output}: nothing changed")
        return SUCCESS
    from aslms_feeds.cli import output

    if arguments.json:
        print(output.format_report(report))
    elif report is not None:
        output.print_report(report, str(settings.output), quiet=arguments.quiet)
    return status_of_report(report)


def _build_for_service(arguments: Namespace, settings: Settings) -> int:
    """Build for the service that started this process."""
    from aslms_feeds.builds import log, subprocess
    from aslms_feeds.builds.build import build, load_modules
    from aslms_feeds.definitions import files
    from aslms_feeds.publication import last_run

    log.start_log(settings.log_format)
    subprocess.end_with_parent(arguments.parent)
    if arguments.held and not subprocess.wait_for_release(load_modules):
        return SUCCESS
    now = arguments.now or datetime.now(UTC)

    def build_once() -> Report | None:
        instant = max(now, arguments.not_before or now)
        return build(settings, instant, not_before=arguments.not_before, tell=subprocess.log_report)

    def find_next_due() -> datetime | None:
        last = last_run.read_last_run(settings.output)
        return last.next_due if last else None

    def record_warnings() -> tuple[str, ...]:
        from aslms_feeds.builds import status

        contents = files.read_calendars_folder(settings.calendars, named=False)
        return status.record_warnings(settings.output, contents, str(settings.calendars), now=now)

    return subprocess.run_build(
        build_once, find_next_due=find_next_due, find_warnings=record_warnings, status_of=status_of_error
    )

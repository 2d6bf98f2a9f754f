"""Exit statuses: what a command came to, as other mail- and cron-minded programs say it (sysexits.h)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.errors import AslmsFeedsError, Busy, FetchError, PublicationError, RefusedError, UsageError

if TYPE_CHECKING:
    from aslms_feeds.report import Report

SUCCESS, WRONG, PLANNED, USAGE, STORAGE, BUSY = 0, 1, 2, 64, 74, 75


def status_of_error(error: AslmsFeedsError) -> int:
    """Return the exit status of a command that ends with an error."""
    match error:
        case Busy():
            return BUSY
        case UsageError() | RefusedError():
            return USAGE
        case PublicationError() | FetchError():
            return STORAGE
        case _:
            return WRONG


def status_of_report(report: Report | None) -> int:
    """Return the exit status of a build; None: there was nothing to do."""
    if report is None or not report.failed:
        return SUCCESS
    return STORAGE if any(part.storage for part in report.parts) else WRONG

"""``OUTPUT/status.json``: what the last build that had anything to do did, and what will need attention. It is private.

Its keys: ``at``, the instant it was written for; ``ok``, whether nothing is wrong; ``changed``; ``parts``, as ``build
--json`` has them; ``error`` with ``message`` and ``hint``, where a build came to nothing as a whole, else null;
``next_due``, when the publication changes although its definitions do not; ``last_good``, the last build in which
nothing was wrong; ``warnings``; and ``extra``, what else there is to say, by topic. A run with nothing to do leaves it
as it is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.definitions.values import Warned
from aslms_feeds.definitions.warnings import find_doubts
from aslms_feeds.editions.masking import mask_problems
from aslms_feeds.errors import AslmsFeedsError
from aslms_feeds.instants import format_instant
from aslms_feeds.publication import last_run
from aslms_feeds.publication.workspace import Workspace
from aslms_feeds.serve import health

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.errors import Problem
    from aslms_feeds.report import Report
    from aslms_feeds.upstreams.poll import PollResult

    Status = dict[str, Any]


def describe_build(
    report: Report, before: Status, *, now: datetime, extra: Mapping[str, object] | None = None
) -> Status:
    """Return the status after a build; ``before`` is what it was, ``extra`` what else there is to say."""
    return {
        "at": _format(now),
        **report.data(),
        "error": None,
        "next_due": _format(report.next_due),
        "last_good": _format(now) if not report.failed else before.get("last_good"),
        "warnings": before.get("warnings", []),
        "extra": dict(extra) if extra is not None else before.get("extra", {}),
    }


def describe_surroundings(
    before: Status, publisher: Publisher | None, report: Report, polled: PollResult
) -> dict[str, object]:
    """Return what else there is to say after a build: upstreams, proposals, what health and metrics are read from."""
    extra = before.get("extra")
    health_record = extra.get("health") if isinstance(extra, dict) else None
    polls = {
        "quarantined": sum(upstream in polled.quarantines for upstream in polled.asked_ids),
        "failed": sum(
            upstream in polled.troubles and upstream not in polled.quarantines for upstream in polled.asked_ids
        ),
    }
    polls["ok"] = len(polled.asked_ids) - sum(polls.values())
    return {
        "upstreams": {
            "quarantined": dict(polled.quarantines),
            "troubled": dict(polled.troubles),
            "overridden": list(polled.overridden_paths),
        },
        "proposals": [proposal.id for proposal in polled.proposals],
        "health": health.count_build(
            health_record if isinstance(health_record, dict) else {},
            publisher,
            failed=report.failed,
            changed=report.changed,
            polls=polls,
        ),
    }


def describe_failure(message: str, hint: str, before: Status, *, now: datetime) -> Status:
    """Return the status after a build that came to nothing as a whole: what is public is what it was."""
    return {
        "at": _format(now),
        "ok": False,
        "changed": False,
        "parts": before.get("parts", []),
        "error": {"message": message, "hint": hint},
        "next_due": before.get("next_due"),
        "last_good": before.get("last_good"),
        "warnings": before.get("warnings", []),
        "extra": before.get("extra", {}),
    }


def record_failure(folder: Path, message: str, hint: str = "", *, now: datetime) -> None:
    """Say in status.json that a build came to nothing, where that can be written and no other build is at work.

    The next run looks at everything again, and says so when all is well.
    """
    if not folder.is_dir():
        return
    workspace = Workspace(folder)
    with suppress(AslmsFeedsError, OSError), workspace.lock():
        last_run.forget_last_run(folder)
        workspace.write_status(describe_failure(message, hint, workspace.read_status(), now=now))


def find_ended_series(contents: Mapping[str, bytes], root: str, *, now: datetime) -> list[Problem]:
    """Return what will need attention: the series whose last season is over, with no other to follow."""
    definitions = read_definitions(contents, root)
    problems = (
        definitions.make_problem(
            f"{series.id}/{season.id}/season.toml", doubt.location, f"{series.id}: {doubt.message}"
        )
        for series in definitions.series.values()
        for season in series.seasons[-1:]
        for doubt in find_doubts(season, series, today=now.date())
        if doubt.code is Warned.NO_SUCCESSOR
    )
    return mask_problems(sorted(problems), contents, root, now)


def record_warnings(folder: Path, contents: Mapping[str, bytes], root: str, *, now: datetime) -> tuple[str, ...]:
    """Return what will need attention although nothing is wrong, and say it in status.json where that has changed.

    These are the series whose last season is over, with no other to follow.
    """
    texts = tuple(str(problem) for problem in find_ended_series(contents, root, now=now))
    workspace = Workspace(folder)
    if workspace.read_status().get("warnings") not in (None, list(texts)):
        with suppress(AslmsFeedsError, OSError), workspace.lock():
            workspace.write_status(workspace.read_status() | {"warnings": list(texts)})
    return texts


def mask_report(report: Report, contents: Mapping[str, bytes], root: str, *, now: datetime) -> Report:
    """Return a report as it may be logged: what is wrong in files under embargo tells nothing of what is in them."""
    parts = (replace(part, problems=tuple(mask_problems(part.problems, contents, root, now))) for part in report.parts)
    return replace(report, parts=tuple(parts))


def _format(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None

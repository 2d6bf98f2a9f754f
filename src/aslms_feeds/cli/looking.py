"""The commands ``check``, ``plan``, ``preview`` and ``proposals``, which publish nothing."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds.cli.statuses import PLANNED, SUCCESS, WRONG, status_of_report
from aslms_feeds.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from aslms_feeds.definitions.reading import Definitions
    from aslms_feeds.errors import Problem
    from aslms_feeds.settings import Settings


def run_check(arguments: Namespace, settings: Settings) -> int:
    """Say everything that is wrong or doubtful in the definitions."""
    from aslms_feeds.definitions import files
    from aslms_feeds.definitions.reading import read_definitions
    from aslms_feeds.definitions.warnings import find_warnings

    definitions = read_definitions(files.read_calendars_folder(settings.calendars), str(settings.calendars))
    doubts = find_warnings(definitions, today=datetime.now(UTC).date())
    status = WRONG if definitions.problems or (arguments.strict and doubts) else SUCCESS
    if arguments.json:
        data = {"problems": _describe_problems(definitions.problems), "warnings": _describe_problems(doubts)}
        print(json.dumps(data, ensure_ascii=False, indent=1))
        return status
    for problem in (*definitions.problems, *doubts):
        print(problem, file=sys.stderr)
    summary = _count(len(definitions.problems), "problem")
    if status == WRONG:
        warnings = f", {_count(len(doubts), 'warning')}" if doubts else ""
        print(f"{settings.calendars}: {summary}{warnings}", file=sys.stderr)
    else:
        print(f"{settings.calendars}: {_count_definitions(definitions)}: {summary}")
    return status


def _describe_problems(problems: Iterable[Problem]) -> list[dict[str, object]]:
    return [
        {
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "where": problem.where,
            "message": problem.message,
        }
        for problem in problems
    ]


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'s' if number > 1 else ''}"


def _count_definitions(definitions: Definitions) -> str:
    seasons = [season for series in definitions.series.values() for season in series.seasons]
    events = [event for season in seasons for event in season.season.events]
    counts = [
        (len(definitions.series), "series", "series"),
        (len(seasons), "season", "seasons"),
        (len(events), "event", "events"),
        (sum(len(event.sessions) for event in events), "session", "sessions"),
    ]
    return ", ".join(f"{count} {singular if count == 1 else plural}" for count, singular, plural in counts)


def run_plan(arguments: Namespace, settings: Settings) -> int:
    """Say what a build would change for subscribers."""
    from aslms_feeds.builds import freshness
    from aslms_feeds.builds.build import plan_build
    from aslms_feeds.cli import output
    from aslms_feeds.definitions import files
    from aslms_feeds.publication import last_run

    now = arguments.now or datetime.now(UTC)
    contents = files.read_calendars_folder(settings.calendars)
    last = last_run.read_last_run(settings.output)
    # What is published under another address would differ in every file, and that is not what is asked.
    base_url = settings.base_url or (last.base_url if last else None)
    report = None
    if settings.state or not freshness.is_unchanged(settings.output, contents, base_url, now=now):
        _preview, report = plan_build(settings, contents, base_url, now=now)
    if text := output.format_plan_json(report) if arguments.json else output.format_plan(report, str(settings.output)):
        print(text)
    if report and report.failed:
        output.print_problems(report)
        return status_of_report(report)
    return PLANNED if arguments.exit_code and report and report.changed else SUCCESS


def run_preview(arguments: Namespace, settings: Settings) -> int:
    """Write the site into a folder that nobody serves."""
    from aslms_feeds.builds.build import plan_build
    from aslms_feeds.cli import output
    from aslms_feeds.definitions import files
    from aslms_feeds.publication.workspace import open_store

    folder = Path(arguments.folder)
    if folder.resolve() == settings.output.resolve():
        message = f"{folder} is what is published"
        raise UsageError(message, hint="name another folder, which nobody serves")
    now = arguments.now or datetime.now(UTC)
    preview, report = plan_build(settings, files.read_calendars_folder(settings.calendars), settings.base_url, now=now)
    preview.write(open_store(folder))
    output.print_report(report, str(folder))
    print(f"Look at it: aslms-feeds serve --output {folder} --port 8001")
    return status_of_report(report)


def run_proposals(arguments: Namespace, settings: Settings) -> int:
    """List where somebody else's calendar differs from ours."""
    from aslms_feeds.publication.workspace import Workspace
    from aslms_feeds.upstreams.proposals import compare

    path = Workspace(settings.output).proposals
    proposals = compare.parse_proposals(path.read_bytes()) if path.is_file() else ()
    print(compare.format_proposals(proposals).decode() if arguments.json else compare.describe_proposals(proposals))
    return SUCCESS

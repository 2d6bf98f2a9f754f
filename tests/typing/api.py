"""Uses of the public names, as the type checker must accept them; this file is checked and never run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_type

from aslms_feeds import api

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def check(calendars: Path) -> tuple[api.Problem, ...]:
    """Load definitions, and ask what is wrong and what is doubtful."""
    definitions = api.load(calendars)
    assert_type(definitions, api.Definitions)
    assert_type(definitions.problems, tuple[api.Problem, ...])
    return definitions.problems + api.find_doubts(definitions, today=NOW.date())


def publish(calendars: str, output: Path) -> api.Report:
    """Publish on disk, and look at what subscribers are told."""
    try:
        report = api.build(calendars, output, now=NOW, base_url="https://calendar.example.org")
    except api.Busy as error:
        assert_type(error.hint, str)
        raise
    assert_type(report.failed, bool)
    assert_type(report.parts, tuple[api.Part, ...])
    for part in report.parts:
        assert_type(part.new_facts, tuple[api.NewFact, ...])
        assert_type(part.problems, tuple[api.Problem, ...])
    return api.plan(calendars, output, now=NOW) if report.changed else report


def in_memory(calendars: Path) -> dict[str, bytes]:
    """Publish in memory, twice."""
    first = api.build_in_memory(calendars, now=NOW)
    second = api.build_in_memory(calendars, now=NOW, previous=first)
    assert_type(second.manifest("aslms"), api.Manifest)
    assert_type(second.report, api.Report)
    return {address: second.read(address) for address in second}


def read(path: Path) -> dict[str, api.Listed]:
    """Read a manifest that is published."""
    return dict(api.read_manifest(path.read_bytes()).documents)

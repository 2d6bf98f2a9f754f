"""Whether a publication is alive, as seen from outside: from what builds leave beside it, without any file or clock.

A build leaves ``last-run``, whose time says when a run last came to its end, and ``status.json``, which says how it
went. Both are private. What is made of them here may be seen by everybody: no instant that is still to come, no
message, no name of a file, and no series that is not public.

Of ``status.json`` these are read, each where it is there: ``ok``, ``at``, ``last_good`` and ``next_due`` (instants),
``parts`` with ``part``, ``ok`` and ``problems``, and in ``extra`` ``health``, as `count_build` returns it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from aslms_feeds.definitions.crontab import parse_crontab
from aslms_feeds.instants import format_moment
from aslms_feeds.publication import manifest
from aslms_feeds.publication.records import encode_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aslms_feeds.definitions.publisher import Publisher

LONGEST_PERIOD = timedelta(days=1)
"""How often there is a build at least, where nothing asks for more."""
PERIODS = 2
"""How many of them the last good build may be old."""
LATE = timedelta(seconds=60)
"""How late a build may be that was due at an instant."""

_DAYS, _MONTHS, _WEEKDAYS = 31, 12, 7


class BuildFile(NamedTuple):
    """A file that a build left: its bytes, and when it was written."""

    content: bytes
    modified: datetime


class PublicGeneration(NamedTuple):
    """The public generation of one part."""

    generation: int
    published: datetime


@dataclass(frozen=True)
class BuildHealth:
    """What is known of the builds."""

    ended: datetime | None = None
    """When the last run came to its end; None: nothing is known of any."""
    good: datetime | None = None
    """When the last good one did; None: there was none."""
    due: datetime | None = None
    """When the publication changes although its definitions do not."""
    period: timedelta = LONGEST_PERIOD
    problems: Mapping[str, int] = field(default_factory=dict)
    """How many problems each part has that the last build dealt with."""
    counters: Mapping[str, Any] = field(default_factory=dict)


def find_longest_period(publisher: Publisher) -> timedelta:
    """Return how long the time between two builds is at most, by the schedule and the upstreams, a day in any case."""
    polls = (timedelta(minutes=upstream.every_minutes) for upstream in publisher.upstreams)
    return min([LONGEST_PERIOD, *polls, *(_find_longest_gap(line) for line in publisher.schedule)])


def _find_longest_gap(line: str) -> timedelta:
    """Return the longest time between two times at which a line of the schedule fires, a day at most."""
    try:
        crontab = parse_crontab(line)
    except ValueError:
        return LONGEST_PERIOD
    if len(crontab.days) < _DAYS or len(crontab.months) < _MONTHS or len(crontab.weekdays) < _WEEKDAYS:
        return LONGEST_PERIOD
    fires = [
        timedelta(hours=hour, minutes=minute) for hour in sorted(crontab.hours) for minute in sorted(crontab.minutes)
    ]
    return max(after - before for before, after in pairwise([*fires, fires[0] + LONGEST_PERIOD]))


def count_build(
    before: Mapping[str, object],
    publisher: Publisher | None,
    *,
    failed: bool,
    changed: bool,
    polls: Mapping[str, int] | None = None,
) -> dict[str, object]:
    """Return what a build leaves in ``status.json`` for this module; ``before`` is what the last one left there.

    ``polls`` says how many upstreams were asked, by how that ended. Without ``publisher``, the period stays.
    """
    counters = _add_to_counters(before.get("counters"), failed=failed, changed=changed, polls=polls)
    seconds = find_longest_period(publisher).total_seconds() if publisher else before.get("period")
    return {"period": seconds, "counters": counters}


def _add_to_counters(
    before: object, *, failed: bool, changed: bool, polls: Mapping[str, int] | None
) -> dict[str, dict[str, int]]:
    builds = _parse_counts(before, "builds")
    result = "failed" if failed else "ok"
    builds[result] = builds.get(result, 0) + 1
    changes = _parse_counts(before, "changes")
    changes["all"] = changes.get("all", 0) + changed
    all_polls = _parse_counts(before, "polls")
    for outcome, count in (polls or {}).items():
        all_polls[outcome] = all_polls.get(outcome, 0) + count
    return {"builds": builds, "changes": changes, "polls": all_polls}


def _parse_counts(counters: object, name: str) -> dict[str, int]:
    counts = counters.get(name) if isinstance(counters, dict) else None
    rows = counts.items() if isinstance(counts, dict) else ()
    return {str(key): value for key, value in rows if type(value) is int and value >= 0}


# Reading


def read_build_health(last_run: BuildFile | None, status: BuildFile | None) -> BuildHealth:
    """Return what the files of the last build say; what is missing or damaged in them says nothing."""
    run, summary = _parse_object(last_run), _parse_object(status)
    at = _parse_instant(summary.get("at")) or (status.modified if status else None)
    ended = last_run.modified if last_run else at
    good = ended if summary.get("ok", True) is True else _parse_instant(summary.get("last_good"))
    # A build that is at work, or died, has removed the record of the last one.
    due = _parse_instant(run.get("next_due")) if last_run else _parse_instant(summary.get("next_due"))
    extra = _as_dict(_as_dict(summary.get("extra")).get("health"))
    seconds = extra.get("period")
    period = LONGEST_PERIOD
    if (
        isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and 0 < seconds < LONGEST_PERIOD.total_seconds()
    ):
        period = timedelta(seconds=seconds)
    return BuildHealth(ended, good, due, period, _count_problems(summary), _parse_counters(extra))


def _parse_object(record: BuildFile | None) -> dict[str, Any]:
    try:
        return _as_dict(json.loads(record.content)) if record else {}
    except (ValueError, RecursionError):
        return {}


def _as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parse_instant(value: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant and instant.tzinfo else None


def _count_problems(summary: Mapping[str, Any]) -> dict[str, int]:
    """Return how many problems each part has; one that is not well has at least one."""
    parts = summary.get("parts")
    # A build that came to nothing as a whole is a problem of all that there is.
    problems = {manifest.INDEX: 1} if summary.get("error") else {}
    for part in map(_as_dict, parts if isinstance(parts, list) else ()):
        if isinstance(part.get("part"), str):
            messages = part.get("problems")
            count = len(messages) if isinstance(messages, list) else 0
            well = part.get("ok", True) is True
            problems[part["part"]] = problems.get(part["part"], 0) + (count if well else max(1, count))
    return problems


def _parse_counters(extra: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return {name: _parse_counts(extra.get("counters"), name) for name in ("builds", "changes", "polls")}


# Judging


def find_reasons(builds: BuildHealth, *, now: datetime) -> tuple[str, ...]:
    """Return why the publication is not well, empty where it is; where nothing is known of builds, it is."""
    reasons = []
    if builds.ended is not None:
        if builds.good is None:
            reasons.append("no build has been good yet")
        elif now - builds.good > PERIODS * builds.period:
            reasons.append("the last good build is too old")
        if builds.due is not None and builds.ended < builds.due < now - LATE:
            reasons.append("a build that was due is late")
    return tuple(reasons)


def format_reasons(reasons: Iterable[str]) -> bytes:
    """Return what ``/healthz`` says where the publication is not well."""
    return json.dumps({"ok": False, "reasons": list(reasons)}).encode() + b"\n"


def format_status(builds: BuildHealth, public: Mapping[str, PublicGeneration], *, now: datetime) -> bytes:
    """Return ``/status.json``: the generation of each public series, since when, and whether all is well with it."""
    series = {
        name: {
            "ok": not builds.problems.get(name),
            "generation": generation.generation,
            "published": format_moment(generation.published),
        }
        for name, generation in sorted(public.items())
        if name != manifest.INDEX
    }
    ok = not find_reasons(builds, now=now) and all(row["ok"] for row in series.values())
    return encode_json({"ok": ok, "series": series})

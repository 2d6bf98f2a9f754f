"""Whether a publication is alive, as seen from outside: from what builds leave beside it, without any file or clock.

A build leaves ``last-run``, whose time says when a run last came to its end, and ``status.json``, which says how it
went. Both are private. What is made of them here may be seen by everybody, but for `metrics`: no instant that is still
to come, no message, no name of a file, and no series that is not public.

Of ``status.json`` these are read, each where it is there: ``ok``, ``at``, ``last_good`` and ``next_due`` (instants),
``parts`` with ``part``, ``ok`` and ``problems``, and in ``extra`` ``health``, as `noted` returns it.
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
from aslms_feeds.publication.formats import FEED_MEDIA_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

    from aslms_feeds.definitions.publisher import Publisher

LONGEST_PERIOD = timedelta(days=1)
"""How often there is a build at least, where nothing asks for more."""
PERIODS = 2
"""How many of them the last good build may be old."""
LATE = timedelta(seconds=60)
"""How late a build may be that was due at an instant."""

_DAYS, _MONTHS, _WEEKDAYS = 31, 12, 7


class Record(NamedTuple):
    """A file that a build left: its bytes, and when it was written."""

    content: bytes
    modified: datetime


class Public(NamedTuple):
    """The public generation of one part."""

    generation: int
    published: datetime


@dataclass(frozen=True)
class Builds:
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


def period(publisher: Publisher) -> timedelta:
    """Return how long the time between two builds is at most, by the schedule and the upstreams, a day in any case."""
    polls = (timedelta(minutes=one.every_minutes) for one in publisher.upstreams)
    return min([LONGEST_PERIOD, *polls, *(_gap(line) for line in publisher.schedule)])


def _gap(line: str) -> timedelta:
    """Return the longest time between two times at which a line of the schedule fires, a day at most."""
    try:
        found = parse_crontab(line)
    except ValueError:
        return LONGEST_PERIOD
    if len(found.days) < _DAYS or len(found.months) < _MONTHS or len(found.weekdays) < _WEEKDAYS:
        return LONGEST_PERIOD
    fires = [timedelta(hours=hour, minutes=minute) for hour in sorted(found.hours) for minute in sorted(found.minutes)]
    return max(after - before for before, after in pairwise([*fires, fires[0] + LONGEST_PERIOD]))


def noted(
    before: Mapping[str, object],
    publisher: Publisher | None,
    *,
    failed: bool,
    changed: bool,
    polls: Mapping[str, int] | None = None,
) -> dict[str, object]:
    """Return what a build leaves for `read` in ``status.json``; ``before`` is what the last one left there.

    ``polls`` says how many upstreams were asked, by how that ended. Without ``publisher``, the period stays.
    """
    counters = _counted(before.get("counters"), failed=failed, changed=changed, polls=polls)
    seconds = period(publisher).total_seconds() if publisher else before.get("period")
    return {"period": seconds, "counters": counters}


def _counted(
    before: object, *, failed: bool, changed: bool, polls: Mapping[str, int] | None
) -> dict[str, dict[str, int]]:
    builds = _numbers(before, "builds")
    result = "failed" if failed else "ok"
    builds[result] = builds.get(result, 0) + 1
    changes = _numbers(before, "changes")
    changes["all"] = changes.get("all", 0) + changed
    asked = _numbers(before, "polls")
    for how, count in (polls or {}).items():
        asked[how] = asked.get(how, 0) + count
    return {"builds": builds, "changes": changes, "polls": asked}


def _numbers(counters: object, name: str) -> dict[str, int]:
    found = counters.get(name) if isinstance(counters, dict) else None
    rows = found.items() if isinstance(found, dict) else ()
    return {str(key): value for key, value in rows if type(value) is int and value >= 0}


# Reading


def read(last_run: Record | None, status: Record | None) -> Builds:
    """Return what the files of the last build say; what is missing or damaged in them says nothing."""
    run, said = _object(last_run), _object(status)
    at = _instant(said.get("at")) or (status.modified if status else None)
    ended = last_run.modified if last_run else at
    good = ended if said.get("ok", True) is True else _instant(said.get("last_good"))
    # A build that is at work, or died, has removed the record of the last one.
    due = _instant(run.get("next_due")) if last_run else _instant(said.get("next_due"))
    extra = _table(_table(said.get("extra")).get("health"))
    seconds = extra.get("period")
    known = LONGEST_PERIOD
    if (
        isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and 0 < seconds < LONGEST_PERIOD.total_seconds()
    ):
        known = timedelta(seconds=seconds)
    return Builds(ended, good, due, known, _problems(said), _counters(extra))


def _object(record: Record | None) -> dict[str, Any]:
    try:
        return _table(json.loads(record.content)) if record else {}
    except (ValueError, RecursionError):
        return {}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _instant(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found and found.tzinfo else None


def _problems(said: Mapping[str, Any]) -> dict[str, int]:
    """Return how many problems each part has; one that is not well has at least one."""
    parts = said.get("parts")
    # A build that came to nothing as a whole is a problem of all that there is.
    found = {manifest.INDEX: 1} if said.get("error") else {}
    for part in map(_table, parts if isinstance(parts, list) else ()):
        if isinstance(part.get("part"), str):
            listed = part.get("problems")
            count = len(listed) if isinstance(listed, list) else 0
            well = part.get("ok", True) is True
            found[part["part"]] = found.get(part["part"], 0) + (count if well else max(1, count))
    return found


def _counters(extra: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return {name: _numbers(extra.get("counters"), name) for name in ("builds", "changes", "polls")}


# Judging


def reasons(builds: Builds, *, now: datetime) -> tuple[str, ...]:
    """Return why the publication is not well, empty where it is; where nothing is known of builds, it is."""
    found = []
    if builds.ended is not None:
        if builds.good is None:
            found.append("no build has been good yet")
        elif now - builds.good > PERIODS * builds.period:
            found.append("the last good build is too old")
        if builds.due is not None and builds.ended < builds.due < now - LATE:
            found.append("a build that was due is late")
    return tuple(found)


def reason_json(why: Iterable[str]) -> bytes:
    """Return what ``/healthz`` says where the publication is not well."""
    return json.dumps({"ok": False, "reasons": list(why)}).encode() + b"\n"


def status_json(builds: Builds, public: Mapping[str, Public], *, now: datetime) -> bytes:
    """Return ``/status.json``: the generation of each public series, since when, and whether all is well with it."""
    series = {
        name: {
            "ok": not builds.problems.get(name),
            "generation": one.generation,
            "published": format_moment(one.published),
        }
        for name, one in sorted(public.items())
        if name != manifest.INDEX
    }
    ok = not reasons(builds, now=now) and all(one["ok"] for one in series.values())
    return json.dumps({"ok": ok, "series": series}, indent=1).encode() + b"\n"


# Counting

_KINDS = {
    manifest.CALENDAR: "calendar",
    **dict.fromkeys(FEED_MEDIA_TYPES, "feed"),
    manifest.HTML: "page",
    manifest.CSS: "asset",
    manifest.SCRIPT: "asset",
    manifest.SVG: "asset",
    manifest.PNG: "asset",
}


def kind(media_type: str) -> str:
    """Return what requests for documents of a media type are counted as."""
    return _KINDS.get(media_type, "data")


def metrics(
    builds: Builds,
    public: Mapping[str, Public],
    requests: Mapping[tuple[str, int], int],
    *,
    now: datetime,
) -> Iterator[Metric]:
    """Yield what Prometheus is told; ``requests`` counts answers by kind and status.

    These are for the operator: they name series that are not public too.
    """
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    answered = CounterMetricFamily("aslms_feeds_requests", "Requests that were answered.", labels=["kind", "status"])
    for (what, status), count in sorted(requests.items()):
        answered.add_metric([what, str(status)], count)
    yield answered
    generation = GaugeMetricFamily("aslms_feeds_generation", "The public generation.", labels=["part"])
    since = GaugeMetricFamily(
        "aslms_feeds_published_timestamp_seconds", "When the public generation was published.", labels=["part"]
    )
    for name, one in sorted(public.items()):
        generation.add_metric([name], one.generation)
        since.add_metric([name], one.published.timestamp())
    yield from (generation, since)
    wrong = GaugeMetricFamily("aslms_feeds_problems", "Problems that keep a part from being built.", labels=["part"])
    for name, problems in sorted(builds.problems.items()):
        wrong.add_metric([name], problems)
    yield wrong
    yield GaugeMetricFamily("aslms_feeds_healthy", "1 where /healthz answers 200.", value=not reasons(builds, now=now))
    for name, text, instant in (
        ("run", "When a run last came to its end.", builds.ended),
        ("success", "When a run last came to a good end.", builds.good),
    ):
        if instant is not None:
            yield GaugeMetricFamily(f"aslms_feeds_last_{name}_timestamp_seconds", text, value=instant.timestamp())
    if builds.good is not None:
        age = (now - builds.good).total_seconds()
        yield GaugeMetricFamily("aslms_feeds_age_seconds", "How long ago a run was last good.", value=age)
    results = CounterMetricFamily("aslms_feeds_builds", "Builds that had anything to do.", labels=["result"])
    asked = CounterMetricFamily("aslms_feeds_polls", "Upstreams that were asked.", labels=["result"])
    for family, name in ((results, "builds"), (asked, "polls")):
        for result, count in sorted(builds.counters.get(name, {}).items()):
            family.add_metric([result], count)
        yield family
    changes = builds.counters.get("changes", {}).get("all", 0)
    yield CounterMetricFamily("aslms_feeds_changes", "Builds that changed what is public.", value=changes)

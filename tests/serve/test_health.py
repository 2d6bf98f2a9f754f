"""Health as seen from outside: red when builds stop or come late, and nothing told that is not public."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from aslms_feeds.definitions.publisher import Publisher
from aslms_feeds.identity import SITE_FOLDERS
from aslms_feeds.serve import health, metrics
from aslms_feeds.serve.health import BuildFile, BuildHealth, PublicGeneration

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PUBLIC = {
    "index": PublicGeneration(9, NOW - DAY),
    "aslms": PublicGeneration(4, NOW - HOUR),
    "elms": PublicGeneration(1, NOW - DAY),
}


def record(modified, **fields):
    """Return a file that a build left."""
    return BuildFile(json.dumps(fields).encode(), modified)


def written(instant):
    """Return an instant as the files have it."""
    return instant.isoformat()


def judged(last_run=None, status=None, now=NOW):
    """Return what is wrong by these files."""
    return health.find_reasons(health.read_build_health(last_run, status), now=now)


TOO_OLD, LATE, NEVER = "the last good build is too old", "a build that was due is late", "no build has been good yet"


def test_a_publication_that_nobody_builds_here_is_well():
    """A copy that is only served has no builds that could be late."""
    assert judged() == ()


def test_two_periods_without_a_good_build_are_too_long():
    """The time of `last-run` is that of the last run, also of one that had nothing to do."""
    status = record(NOW - 9 * DAY, ok=True, at=written(NOW - 9 * DAY))
    assert judged(record(NOW - 2 * DAY), status) == ()
    assert judged(record(NOW - 2 * DAY - MINUTE), status) == (TOO_OLD,)


def test_the_period_is_what_the_last_build_noted():
    """A publication that is polled every ten minutes is not well after half an hour of silence."""
    status = record(NOW, ok=True, extra={"health": {"period": 600}})
    assert judged(record(NOW - 20 * MINUTE), status) == ()
    assert judged(record(NOW - 21 * MINUTE), status) == (TOO_OLD,)


def test_runs_that_fail_are_no_good_builds():
    """However often they run: what counts is the last one in which nothing was wrong."""
    failing = {"ok": False, "at": written(NOW)}
    recent, old = written(NOW - DAY), written(NOW - 3 * DAY)
    assert judged(record(NOW), record(NOW, **failing, last_good=recent)) == ()
    assert judged(record(NOW), record(NOW, **failing, last_good=old)) == (TOO_OLD,)
    assert judged(record(NOW), record(NOW, **failing, last_good=None)) == (NEVER,)


def test_what_is_due_may_be_a_minute_late():
    """An embargo that passed is noticed at once, long before two periods are over, unless there was a build since."""
    due = record(NOW - HOUR, next_due=written(NOW - MINUTE))
    assert judged(due) == ()
    assert judged(due, now=NOW + timedelta(seconds=1)) == (LATE,)
    assert judged(record(NOW, next_due=written(NOW - HOUR))) == ()
    assert judged(record(NOW, next_due=written(NOW + HOUR))) == ()


def test_a_builder_that_died_is_noticed():
    """Its `last-run` is gone: the status of the build before it still says what was due, and when."""
    before = {"ok": True, "at": written(NOW - HOUR)}
    assert judged(None, record(NOW - HOUR, **before, next_due=None)) == ()
    assert judged(None, record(NOW - HOUR, **before, next_due=written(NOW - 2 * MINUTE))) == (LATE,)
    assert judged(None, record(NOW, **{**before, "at": written(NOW - 3 * DAY)}, next_due=None)) == (TOO_OLD,)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"next_due": 5, "ok": "yes", "parts": {"part": 1}, "extra": [], "at": "soon"}',
        b'{"next_due": "2026-11-21T00:00:00", "parts": [1, {"part": 2}], "extra": {"health": {"period": true}}}',
        b'{"extra": {"health": {"period": "1e999", "counters": {"builds": 3, "polls": {"ok": -1}}}}, "last_good": []}',
    ],
)
def test_files_that_say_nothing_sensible_do_not_matter(text):
    """Nothing is raised, and nothing that was not said is believed."""
    builds = health.read_build_health(BuildFile(text, NOW), BuildFile(text, NOW))
    assert (builds.period, builds.ended, builds.due, builds.problems) == (DAY, NOW, None, {})
    assert all(counts == {} for counts in builds.counters.values())


# The period


def publisher(**more):
    """Return a publisher."""
    needed = {"name": "x", "base_url": "https://a.example", "identity": "a.example", "tag_date": "2026-11-21"}
    return Publisher.model_validate({**needed, **more}, strict=False)


@pytest.mark.parametrize(
    ("schedule", "every", "period"),
    [
        ((), (), DAY),
        (("@hourly",), (), HOUR),
        (("*/10 * * * *", "@daily"), (), 10 * MINUTE),
        (("0 6,18 * * *",), (), 12 * HOUR),
        (("0 6,9 * * *",), (), 21 * HOUR),
        (("*/10 * * * mon-fri",), (), DAY),
        (("*/10 * 1 * *",), (), DAY),
        (("*/10 * * 6 *",), (), DAY),
        (("nonsense",), (), DAY),
        (("@hourly",), (15, 600), 15 * MINUTE),
    ],
)
def test_the_period_is_the_longest_silence_in_order(schedule, every, period):
    """Of the schedule's lines and the upstreams, the most frequent; of one line, its longest pause."""
    upstreams = [
        {"id": f"u{minutes}", "kind": "ics", "url": "https://b.example/x.ics", "series": "s", "every_minutes": minutes}
        for minutes in every
    ]
    assert health.find_longest_period(publisher(schedule=schedule, upstream=upstreams)) == period


def test_counters_grow_from_build_to_build():
    """They survive the processes that count, and damage."""
    first = health.count_build({}, publisher(), failed=False, changed=True, polls={"ok": 2})
    two = health.count_build(
        first, publisher(schedule=("@hourly",)), failed=True, changed=False, polls={"ok": 1, "failed": 1}
    )
    assert two == {
        "period": 3600.0,
        "counters": {"builds": {"ok": 1, "failed": 1}, "changes": {"all": 1}, "polls": {"ok": 3, "failed": 1}},
    }
    assert health.count_build(two, None, failed=True, changed=False)["period"] == 3600.0
    damaged = health.count_build({"counters": {"builds": [], "polls": {"ok": "x"}}}, None, failed=False, changed=False)
    assert damaged["counters"] == {"builds": {"ok": 1}, "changes": {"all": 0}, "polls": {}}


# What is told


def failing():
    """Return what is known after a build in which a public and a secret series failed."""
    parts = [
        {"part": "aslms", "ok": True, "problems": []},
        {"part": "elms", "ok": False, "problems": ["calendars/elms/2030/season.toml:3:1: secret"]},
        {"part": "hidden", "ok": False, "problems": []},
    ]
    status = record(NOW, ok=False, parts=parts, last_good=written(NOW - HOUR), next_due=written(NOW + HOUR))
    return health.read_build_health(None, status)


def test_the_public_status_names_public_series_and_nothing_else():
    """Generation, since when, and whether all is well: no message, no file, nothing that is to come."""
    text = health.format_status(failing(), PUBLIC, now=NOW)
    assert json.loads(text) == {
        "ok": False,
        "series": {
            "aslms": {"ok": True, "generation": 4, "published": "2026-11-21T11:00:00Z"},
            "elms": {"ok": False, "generation": 1, "published": "2026-11-20T12:00:00Z"},
        },
    }


def test_the_public_status_is_not_well_when_builds_stop():
    """Also while nothing is wrong with any series."""
    well = BuildHealth(ended=NOW, good=NOW)
    assert json.loads(health.format_status(well, PUBLIC, now=NOW))["ok"] is True
    assert json.loads(health.format_status(well, PUBLIC, now=NOW + 3 * DAY))["ok"] is False


def test_a_reason_tells_no_instant():
    """When something is due is nobody's business, also when it is late."""
    why = judged(record(NOW - 5 * DAY, next_due=written(NOW - HOUR)))
    assert json.loads(health.format_reasons(why)) == {"ok": False, "reasons": [TOO_OLD, LATE]}


def test_no_series_can_be_called_as_what_is_told():
    """Addresses of ours are reserved."""
    assert {"healthz", "metrics", "status"} <= SITE_FOLDERS


def test_a_build_that_came_to_nothing_is_a_problem():
    """It is not of one series."""
    status = record(NOW, ok=False, error={"message": "no room", "hint": ""}, parts=[], last_good=None)
    assert health.read_build_health(None, status).problems == {"index": 1}


# Metrics


def exposed(builds, requests=()):
    """Return samples by name and labels, as Prometheus reads them."""

    class Collector:
        def collect(self):
            return metrics.collect_metrics(builds, PUBLIC, dict(requests), now=NOW)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    families = text_string_to_metric_families(generate_latest(registry).decode())
    samples = (sample for family in families for sample in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_metrics_are_what_prometheus_reads():
    """Requests, generations, age, last success, problems, builds, changes and polls."""
    extra = {"health": health.count_build({}, None, failed=False, changed=True, polls={"ok": 2})}
    status = record(NOW - HOUR, ok=True, parts=[{"part": "aslms", "ok": False, "problems": ["a", "b"]}], extra=extra)
    builds = health.read_build_health(record(NOW - HOUR), status)
    assert exposed(builds, {("calendar", 304): 7, ("other", 404): 1}.items()) == {
        ("aslms_feeds_requests_total", "calendar", "304"): 7,
        ("aslms_feeds_requests_total", "other", "404"): 1,
        ("aslms_feeds_generation", "aslms"): 4,
        ("aslms_feeds_generation", "elms"): 1,
        ("aslms_feeds_generation", "index"): 9,
        ("aslms_feeds_published_timestamp_seconds", "aslms"): (NOW - HOUR).timestamp(),
        ("aslms_feeds_published_timestamp_seconds", "elms"): (NOW - DAY).timestamp(),
        ("aslms_feeds_published_timestamp_seconds", "index"): (NOW - DAY).timestamp(),
        ("aslms_feeds_problems", "aslms"): 2,
        ("aslms_feeds_healthy",): 1,
        ("aslms_feeds_last_run_timestamp_seconds",): (NOW - HOUR).timestamp(),
        ("aslms_feeds_last_success_timestamp_seconds",): (NOW - HOUR).timestamp(),
        ("aslms_feeds_age_seconds",): 3600,
        ("aslms_feeds_builds_total", "ok"): 1,
        ("aslms_feeds_polls_total", "ok"): 2,
        ("aslms_feeds_changes_total",): 1,
    }


def test_metrics_of_what_nobody_builds_say_less():
    """There is no age of nothing."""
    names = {name for name, *_ in exposed(BuildHealth())}
    assert "aslms_feeds_healthy" in names
    assert not names & {"aslms_feeds_age_seconds", "aslms_feeds_last_run_timestamp_seconds"}


def test_unhealthy_is_zero():
    """Like the answer of /healthz."""
    assert exposed(BuildHealth(ended=NOW))[("aslms_feeds_healthy",)] == 0


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("text/calendar; charset=utf-8", "calendar"),
        ("application/feed+json; charset=utf-8", "feed"),
        ("text/html; charset=utf-8", "page"),
        ("image/png", "asset"),
        ("application/json; charset=utf-8", "data"),
    ],
)
def test_requests_are_counted_by_kind(media_type, kind):
    """A few kinds, however many documents there are."""
    assert metrics.classify_request(media_type) == kind

"""What Prometheus is told of builds, generations and requests; it is the operator's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.publication.formats import FEED_MEDIA_TYPES
from aslms_feeds.publication.manifest import CALENDAR, CSS, HTML, PNG, SCRIPT, SVG
from aslms_feeds.serve.health import find_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from prometheus_client.core import Metric

    from aslms_feeds.serve.health import BuildHealth, PublicGeneration

_KINDS = {
    CALENDAR: "calendar",
    **dict.fromkeys(FEED_MEDIA_TYPES, "feed"),
    HTML: "page",
    CSS: "asset",
    SCRIPT: "asset",
    SVG: "asset",
    PNG: "asset",
}


def classify_request(media_type: str) -> str:
    """Return what requests for documents of a media type are counted as."""
    return _KINDS.get(media_type, "data")


def collect_metrics(
    builds: BuildHealth,
    public: Mapping[str, PublicGeneration],
    requests: Mapping[tuple[str, int], int],
    *,
    now: datetime,
) -> Iterator[Metric]:
    """Yield what Prometheus is told; ``requests`` counts answers by kind and status.

    These are for the operator: they name series that are not public too.
    """
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    answers = CounterMetricFamily("aslms_feeds_requests", "Requests that were answered.", labels=["kind", "status"])
    for (kind, status), count in sorted(requests.items()):
        answers.add_metric([kind, str(status)], count)
    yield answers
    generation = GaugeMetricFamily("aslms_feeds_generation", "The public generation.", labels=["part"])
    since = GaugeMetricFamily(
        "aslms_feeds_published_timestamp_seconds", "When the public generation was published.", labels=["part"]
    )
    for name, public_generation in sorted(public.items()):
        generation.add_metric([name], public_generation.generation)
        since.add_metric([name], public_generation.published.timestamp())
    yield from (generation, since)
    problems = GaugeMetricFamily("aslms_feeds_problems", "Problems that keep a part from being built.", labels=["part"])
    for name, count in sorted(builds.problems.items()):
        problems.add_metric([name], count)
    yield problems
    yield GaugeMetricFamily(
        "aslms_feeds_healthy", "1 where /healthz answers 200.", value=not find_reasons(builds, now=now)
    )
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
    polls = CounterMetricFamily("aslms_feeds_polls", "Upstreams that were asked.", labels=["result"])
    for family, name in ((results, "builds"), (polls, "polls")):
        for result, count in sorted(builds.counters.get(name, {}).items()):
            family.add_metric([result], count)
        yield family
    changes = builds.counters.get("changes", {}).get("all", 0)
    yield CounterMetricFamily("aslms_feeds_changes", "Builds that changed what is public.", value=changes)

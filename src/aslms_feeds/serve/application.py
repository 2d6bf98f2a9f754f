"""The ASGI application: it answers requests from a table that it replaces when a part has a new generation.

Reading files and noticing switches happen in threads; what is answered is decided in ``decisions``.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aslms_feeds.serve.answers import HEALTHY, UNREADABLE, FileSlice, json_answer
from aslms_feeds.serve.build_files import BuildFiles
from aslms_feeds.serve.decisions import SiteRequest, answer_request
from aslms_feeds.serve.health import find_reasons, format_reasons, format_status
from aslms_feeds.serve.metrics import classify_request, collect_metrics
from aslms_feeds.serve.parts import ServedParts, complain, read_slice
from aslms_feeds.serve.table import Resource, Table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
    from pathlib import Path

    from prometheus_client.core import Metric

    from aslms_feeds.serve.health import PublicGeneration

    AsgiMessage = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[AsgiMessage]]
    Send = Callable[[AsgiMessage], Awaitable[None]]

POLL_SECONDS = 0.25
"""How often the server looks for a new generation."""
HEALTH, STATUS = "/healthz", "/status.json"
"""Where everybody sees whether all is well; no series can be called so (`identity.SITE_FOLDERS`)."""
METRICS_HOST = "127.0.0.1"
"""The address on which metrics are told: they are the operator's alone."""


class Site:
    """The ASGI application: the store in ``output``, as of its last switch."""

    def __init__(self, output: Path, metrics_port: int | None = None) -> None:
        """Serve the store in ``output``, which need not exist yet; tell metrics on a port of their own, or nowhere."""
        self._parts = ServedParts(output)
        self._table: Table | None = None
        self._builds = BuildFiles(output)
        self._health_table: Table | None = None
        self._request_kinds: Mapping[str, str] = {}
        self._requests: dict[tuple[str, int], int] = {}
        self._metrics_port = metrics_port
        self._now = datetime.now(UTC)
        self._trouble = ""

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or live from startup to shutdown."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = SiteRequest(
            scope["method"], scope["path"], scope["query_string"], scope["headers"], scope["http_version"]
        )
        table = self._health_table if self._table is None and request.path == HEALTH else self._table
        status, headers, content = answer_request(table, request, now=self._now)
        if isinstance(content, FileSlice):
            try:
                content = await asyncio.to_thread(read_slice, content)
            except OSError as error:
                self._complain_once(f"{request.path}: {error}")
                status, headers, content = UNREADABLE
        count_key = self._request_kinds.get(request.path, "other"), status
        self._requests[count_key] = self._requests.get(count_key, 0) + 1
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._refresh()
        self._serve_metrics()
        watching = asyncio.create_task(self._watch())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        watching.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self._refresh()

    async def _refresh(self) -> None:
        """Notice switches; whatever goes wrong, what is served stays and the next look comes."""
        self._now = datetime.now(UTC)
        try:
            table = self._table
            if await asyncio.to_thread(self._parts.refresh):
                table = await asyncio.to_thread(self._parts.table)
                self._request_kinds = await asyncio.to_thread(_classify_addresses, table or {})
            self._health_table = await asyncio.to_thread(self._answer_health, self._now)
            if table is not None:
                table.update(self._health_table)
            self._table = table
        except Exception as error:  # noqa: BLE001 - a server that has stopped looking is stale for ever
            self._complain_once(f"looking for a new generation failed: {type(error).__name__}: {error}")

    def _public_generations(self) -> dict[str, PublicGeneration]:
        return {name: part.public for name, part in self._parts.loaded.copy().items()}

    def _answer_health(self, now: datetime) -> Table:
        """Return what is answered where everybody sees whether all is well."""
        self._builds.refresh()
        builds, public = self._builds.health, self._public_generations()
        reasons = find_reasons(builds, now=now) if public else ("nothing is published yet",)
        status = json_answer(200, format_status(builds, public, now=now))
        return {HEALTH: json_answer(503, format_reasons(reasons)) if reasons else HEALTHY, STATUS: status}

    def _serve_metrics(self) -> None:
        """Tell metrics in a thread; without them the site is served all the same."""
        if self._metrics_port is None:
            return
        from prometheus_client import CollectorRegistry, start_http_server

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_MetricsCollector(self))
        try:
            start_http_server(self._metrics_port, METRICS_HOST, registry)
        except OSError as error:
            complain(f"no metrics on {METRICS_HOST} port {self._metrics_port}: {error}")

    def collect_metrics(self) -> Iterable[Metric]:
        """Return what Prometheus is told."""
        now = datetime.now(UTC)
        return collect_metrics(self._builds.health, self._public_generations(), self._requests.copy(), now=now)

    def _complain_once(self, trouble: str) -> None:
        """Say what is wrong, but not again and again."""
        if trouble != self._trouble:
            self._trouble = trouble
            complain(trouble)


class _MetricsCollector:
    """What the registry asks; kept apart, so that ``Site`` has no method of another library's naming."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterable[Metric]:
        return self._site.collect_metrics()


def _classify_addresses(table: Table) -> dict[str, str]:
    """Return what requests for each address are counted as."""
    kinds = {}
    for path, entry in table.items():
        if isinstance(entry, Resource):
            kinds[path] = classify_request(dict(entry.content_headers)[b"content-type"].decode())
        else:
            kinds[path] = "redirect"
    return kinds | dict.fromkeys((HEALTH, STATUS), "health")

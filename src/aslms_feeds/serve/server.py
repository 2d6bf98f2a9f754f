"""Answers GET and HEAD for what a local store holds: the ASGI application and the server that runs it.

Reading files and noticing switches happen here; what is answered is decided in ``answers``. A part, which is a series
or the index, is read through the generation its ``current`` named, so that an answer is of one generation whatever
happens meanwhile, and a part that cannot be read stays as it was while the others go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import os
import re
import resource
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aslms_feeds.errors import PublicationError, UsageError
from aslms_feeds.identity import ID_PATTERN
from aslms_feeds.publication.formats import FEED_MEDIA_TYPES, JSON_FEED
from aslms_feeds.publication.manifest import INDEX, JSON, MANIFEST, Listed
from aslms_feeds.serve import health, http
from aslms_feeds.serve.health import Public, Record
from aslms_feeds.serve.http import CODINGS, Answer, Request, Resource, Slice, Table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
    from pathlib import Path

    from prometheus_client.core import Metric

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

RESIDENT_BYTES = 64 * 2**20
"""How many bytes of documents are kept in memory; the rest is read when it is asked for."""

POLL_SECONDS = 0.25
"""How often the server looks for a new generation."""

RETRY_POLLS = 20
"""After how many looks a generation that could not be read is tried again."""

SWITCH_SECONDS = 0.0005
"""How long the thread that reads a generation may keep Python from the one that answers; 5 ms would be usual."""

CONNECTIONS = 4096
"""How many connections are served at once, where the system allows that many files; more wait for their turn."""

OWN_FILES = 128
"""How many files the server may open besides connections: documents, folders, its own."""

HEALTH, STATUS = "/healthz", "/status.json"
"""Where everybody sees whether all is well; no series can be called so (`identity.SITE_FOLDERS`)."""
METRICS_HOST = "127.0.0.1"
"""The address on which metrics are told: they are the operator's alone."""

_TO_STDERR = {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"}
_SERIES = re.compile(ID_PATTERN)
_GENERATION = re.compile(r"generations/[0-9]+")


@dataclass(frozen=True)
class Part:
    """One generation of a series or of the index, ready to be served."""

    generation: str
    table: Table
    resident: Mapping[tuple[str, str], bytes]
    """The contents kept in memory, by digest of the document and content coding."""
    public: Public
    """Its number, and since when it is public."""


@dataclass
class Parts:
    """What is served of one store, part by part; `look` brings it up to date."""

    output: Path
    loaded: dict[str, Part] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The generation that could not be read, and why, by part."""
    looks: int = 0

    def look(self) -> bool:
        """Read every part whose ``current`` names another generation than before; say whether anything changed."""
        changed = False
        retry = self.looks % RETRY_POLLS == 0
        self.looks += 1
        for name, folder in _folders(self.output):
            generation = _current(folder)
            known, failed = self.loaded.get(name), self.failed.get(name)
            if generation == (known.generation if known else ""):
                self.failed.pop(name, None)
            elif retry or not failed or failed[0] != generation:
                changed |= self._load(name, folder, generation)
        return changed

    def _load(self, name: str, folder: Path, generation: str) -> bool:
        others = (part for other, part in self.loaded.items() if other != name)
        room = RESIDENT_BYTES - sum(len(content) for part in others for content in part.resident.values())
        known = self.loaded.get(name)
        try:
            self.loaded[name] = load(name, folder, generation, room=room, kept=known.resident if known else {})
        except (OSError, PublicationError) as error:
            trouble = (generation, f"{name}: {generation or 'current'} cannot be served: {error}")
            if self.failed.get(name) != trouble:
                self.failed[name] = trouble
                _complain(trouble[1])
            return False
        self.failed.pop(name, None)
        return True

    def table(self) -> Table | None:
        """Return the table of all parts; the index comes first, so that a series owns all of its folder."""
        return http.whole(
            self.loaded[name].table for name in sorted(self.loaded, key=lambda name: (name != INDEX, name))
        )


def _folders(output: Path) -> Iterator[tuple[str, Path]]:
    yield INDEX, output / INDEX
    with suppress(FileNotFoundError), os.scandir(output / "series") as entries:
        for name in sorted(entry.name for entry in entries):
            if _SERIES.fullmatch(name) and name != INDEX:
                yield name, output / "series" / name


def _current(folder: Path) -> str:
    """Return the generation that is published, nothing where there is none."""
    with suppress(OSError):
        return str((folder / "current").readlink())
    return ""


def _complain(text: str) -> None:
    sys.stderr.write(f"aslms-feeds: {' '.join(text.split())}\n")
    sys.stderr.flush()


# --- Reading one generation -----------------------------------------------------------------------------------------


def load(name: str, folder: Path, generation: str, *, room: int, kept: Mapping[tuple[str, str], bytes]) -> Part:
    """Return one generation of a part, with at most ``room`` bytes in memory, small documents first.

    Contents in ``kept`` are not read again: a switch costs what changed.
    """
    if not _GENERATION.fullmatch(generation):
        raise PublicationError(f"current leads to {generation!r}, which is no generation")
    site = folder / generation / "site"
    text = (site / MANIFEST).read_bytes()
    listed = http.read_manifest(text, name, hashlib.sha256(text).hexdigest())
    sizes = dict(_sizes(str(site)))
    resident: dict[tuple[str, str], bytes] = {}
    resources = {}
    for document in sorted(listed, key=lambda document: document.size):
        contents: dict[str, tuple[int, bytes | str]] = {}
        for coding, path in _forms(document, sizes):
            key = (document.sha256, coding)
            if key not in resident and sizes[path] <= room:
                resident[key] = kept[key] if len(kept.get(key, b"")) == sizes[path] > 0 else _read(site, path, document)
                room -= sizes[path]
            contents[coding] = (sizes[path], resident.get(key, f"{site}/{path}"))
        found = http.resource(document, contents)
        resources[document.path] = _advertised(found, document, contents["identity"][1])
    number, published = int(generation.rpartition("/")[2]), listed[-1].modified
    return Part(generation, http.addresses(name, resources.items()), resident, Public(number, published))


_HEAD = 4096
"""Octets at the beginning of a feed, before its first item."""
_LINK = re.compile(r"<(?:atom:)?link ([^<>]*)/>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_FIRST_ITEM = re.compile(rb'<entry>|<item>|"items"')


def _advertised(resource: Resource, document: Listed, content: bytes | str) -> Resource:
    """Return a feed with its hub and its own address in a Link header too (WebSub, section 4); others as they are."""
    if document.media_type not in FEED_MEDIA_TYPES:
        return resource
    if isinstance(content, str):
        with open(content, "rb") as file:  # noqa: PTH123 - the path is a plain string in the table
            content = file.read(_HEAD)
    links = _links(content[:_HEAD], document.media_type)
    if not links.keys() >= {"hub", "self"} or not all(_URI.fullmatch(url) for url in links.values()):
        return resource
    value = ", ".join(f'<{links[name]}>; rel="{name}"' for name in ("hub", "self"))
    return replace(resource, described=(*resource.described, (b"link", value.encode())))


_URI = re.compile(r"https?://[\w.~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)


def _links(beginning: bytes, media_type: str) -> dict[str, str]:
    """Return the hub and the address that a feed itself names, as far as it is one of ours."""
    before = _FIRST_ITEM.split(beginning, maxsplit=1)[0].decode("utf-8", "ignore")
    if media_type != JSON_FEED.media_type:
        found = [dict(_ATTRIBUTE.findall(attributes)) for attributes in _LINK.findall(before)]
        return {one["rel"]: html.unescape(one["href"]) for one in found if one.keys() >= {"rel", "href"}}
    try:
        data = json.loads(before + '"items": []}')
        return {"self": str(data["feed_url"]), "hub": str(data["hubs"][0]["url"])}
    except (ValueError, KeyError, TypeError, IndexError):
        return {}


def _sizes(site: str, below: str = "") -> Iterator[tuple[str, int]]:
    """Yield path and size of every regular file; links are not followed."""
    with os.scandir(f"{site}/{below}") as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _sizes(site, f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                yield path, entry.stat(follow_symlinks=False).st_size


def _forms(document: Listed, sizes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    if sizes.get(document.path) != document.size:
        found = f"{sizes[document.path]} bytes" if document.path in sizes else "not there"
        raise PublicationError(f"{document.path} is {found}, the manifest says {document.size} bytes")
    yield "identity", document.path
    for coding, ending in CODINGS.items():
        if f"{document.path}{ending}" in sizes:
            yield coding, f"{document.path}{ending}"


def _read(site: Path, path: str, document: Listed) -> bytes:
    content = (site / path).read_bytes()
    if path == document.path and hashlib.sha256(content).hexdigest() != document.sha256:
        raise PublicationError(f"{path} is not what the manifest says")
    return content


def _slice(part: Slice) -> bytes:
    with open(part.file, "rb", buffering=0) as file:  # noqa: PTH123 - the path is a plain string in the table
        file.seek(part.start)
        content = file.read(part.stop - part.start)
    if len(content) != part.stop - part.start:
        raise OSError(f"{part.file} is shorter than it was")
    return content


# --- The application ------------------------------------------------------------------------------------------------


class Site:
    """The ASGI application: the store in ``output``, as of its last switch."""

    def __init__(self, output: Path, metrics_port: int | None = None) -> None:
        """Serve the store in ``output``, which need not exist yet; tell metrics on a port of their own, or nowhere."""
        self._parts = Parts(output)
        self._table: Table | None = None
        self._builds = _Builds(output)
        self._own: Table | None = None
        self._kinds: Mapping[str, str] = {}
        self._requests: dict[tuple[str, int], int] = {}
        self._metrics_port = metrics_port
        self._now = datetime.now(UTC)
        self._trouble = ""

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or live from startup to shutdown."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(
            scope["method"], scope["path"], scope["query_string"], scope["headers"], scope["http_version"]
        )
        table = self._own if self._table is None and request.path == HEALTH else self._table
        status, headers, content = http.answer(table, request, now=self._now)
        if isinstance(content, Slice):
            try:
                content = await asyncio.to_thread(_slice, content)
            except OSError as error:
                self._complain_once(f"{request.path}: {error}")
                status, headers, content = http.UNREADABLE
        counted = self._kinds.get(request.path, "other"), status
        self._requests[counted] = self._requests.get(counted, 0) + 1
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._look()
        self._tell_metrics()
        watching = asyncio.create_task(self._watch())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        watching.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self._look()

    async def _look(self) -> None:
        """Notice switches; whatever goes wrong, what is served stays and the next look comes."""
        self._now = datetime.now(UTC)
        try:
            table = self._table
            if await asyncio.to_thread(self._parts.look):
                table = await asyncio.to_thread(self._parts.table)
                self._kinds = await asyncio.to_thread(_kinds, table or {})
            self._own = await asyncio.to_thread(self._health, self._now)
            if table is not None:
                table.update(self._own)
            self._table = table
        except Exception as error:  # noqa: BLE001 - a server that has stopped looking is stale for ever
            self._complain_once(f"looking for a new generation failed: {type(error).__name__}: {error}")

    def _public(self) -> dict[str, Public]:
        return {name: part.public for name, part in self._parts.loaded.copy().items()}

    def _health(self, now: datetime) -> Table:
        """Return what is answered where everybody sees whether all is well."""
        self._builds.look()
        builds, public = self._builds.known, self._public()
        why = health.reasons(builds, now=now) if public else ("nothing is published yet",)
        status = _own(200, health.status_json(builds, public, now=now))
        return {HEALTH: _own(503, health.reason_json(why)) if why else http.HEALTHY, STATUS: status}

    def _tell_metrics(self) -> None:
        """Tell metrics in a thread; without them the site is served all the same."""
        if self._metrics_port is None:
            return
        from prometheus_client import CollectorRegistry, start_http_server

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Metrics(self))
        try:
            start_http_server(self._metrics_port, METRICS_HOST, registry)
        except OSError as error:
            _complain(f"no metrics on {METRICS_HOST} port {self._metrics_port}: {error}")

    def metrics(self) -> Iterable[Metric]:
        """Return what Prometheus is told."""
        now = datetime.now(UTC)
        return health.metrics(self._builds.known, self._public(), self._requests.copy(), now=now)

    def _complain_once(self, trouble: str) -> None:
        """Say what is wrong, but not again and again."""
        if trouble != self._trouble:
            self._trouble = trouble
            _complain(trouble)


class _Metrics:
    """What the registry asks; kept apart, so that ``Site`` has no method of another library's naming."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterable[Metric]:
        return self._site.metrics()


def _kinds(table: Table) -> dict[str, str]:
    """Return what requests for each address are counted as."""
    found = {}
    for path, entry in table.items():
        if isinstance(entry, Resource):
            described = dict(entry.described)
            found[path] = health.kind(described[b"content-type"].decode())
        else:
            found[path] = "redirect"
    return found | dict.fromkeys((HEALTH, STATUS), "health")


@dataclass
class _Builds:
    """What is known of the builds; files that did not change are not read again."""

    output: Path
    known: health.Builds = field(default_factory=health.Builds)
    seen: tuple[tuple[int, int, int], ...] = ()

    def look(self) -> None:
        """Read what the last build left, where that is new."""
        files = self.output / "last-run", self.output / "status.json"
        seen = tuple(map(_mark, files))
        if seen != self.seen:
            self.known = health.read(*map(_record, files))
            self.seen = seen


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0, 0
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _record(path: Path) -> Record | None:
    try:
        with path.open("rb") as file:
            written = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            return Record(file.read(), written)
    except OSError:
        return None


def _own(status: int, content: bytes) -> Answer:
    """Return an answer about the publication, which nobody keeps."""
    about = http.HEALTHY if status == HTTPStatus.OK else http.NOT_YET
    headers = dict(about.headers)
    headers |= {b"content-type": JSON.encode(), b"content-length": b"%d" % len(content)}
    return Answer(status, tuple(headers.items()), content)


def run(output: Path, *, host: str, port: int, metrics_port: int | None = None) -> None:
    """Serve the store in ``output`` until SIGTERM or SIGINT; ``metrics_port`` tells this machine how that goes."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    _try_address(host, port)
    if metrics_port is not None:
        _try_address(METRICS_HOST, metrics_port, "--metrics-port")
    server = Granian(
        "aslms_feeds.serve.server:Site",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        # A head that takes longer, or is larger, is no reader's. The time also ends connections nobody uses.
        http1_settings=HTTP1Settings(header_read_timeout=20_000, max_buffer_size=64 * 1024),
        backlog=1024,
        backpressure=_connections(),
        log_level=LogLevels.error,
        log_dictconfig={"handlers": dict.fromkeys(("console", "access"), _TO_STDERR)},
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=1,
    )
    # Given its loader, granian does not put the working directory on sys.path to find the target there.
    server.serve(target_loader=partial(_site, output.resolve(), os.getpid(), metrics_port), wrap_loader=False)


def _site(output: Path, parent: int, metrics_port: int | None = None) -> Site:
    """Return the application for a worker, which must not outlive ``parent`` and keep the port."""

    def end_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.setswitchinterval(SWITCH_SECONDS)
    return Site(output, metrics_port)


def _connections() -> int:
    """Return how many connections leave files to read with, after raising the limit as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS, soft - OWN_FILES))


def _try_address(host: str, port: int, options: str = "--host or --port") -> None:
    """Fail early, with words: granian would share a port that is taken, or die in a worker."""
    hint = f"Choose another {options}, or stop the program that listens there."
    if not 0 <= port < 1 << 16:  # the system's look-up would take the number modulo 65,536
        raise UsageError(f"cannot listen on {host} port {port}: ports end at 65535", hint=hint)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on {host} port {port}: {error}", hint=hint) from error

"""Answers GET and HEAD for what a local store holds: the ASGI application and the server that runs it.

Reading files and noticing switches happen here; what is answered is decided in ``answers``. A part, which is a series
or the index, is read through the generation its ``current`` named, so that an answer is of one generation whatever
happens meanwhile, and a part that cannot be read stays as it was while the others go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import resource
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aslms_feeds import answers
from aslms_feeds.answers import CODINGS, Request, Slice, Table
from aslms_feeds.errors import PublicationError, UsageError
from aslms_feeds.identity import ID_PATTERN
from aslms_feeds.publication import INDEX, MANIFEST, Listed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
    from pathlib import Path

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
        return answers.whole(
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
    listed = answers.read_manifest(text, name, hashlib.sha256(text).hexdigest())
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
        resources[document.path] = answers.resource(document, contents)
    return Part(generation, answers.addresses(name, resources.items()), resident)


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

    def __init__(self, output: Path) -> None:
        """Serve the store in ``output``, which need not exist yet."""
        self._parts = Parts(output)
        self._table: Table | None = None
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
        status, headers, content = answers.answer(self._table, request, now=self._now)
        if isinstance(content, Slice):
            try:
                content = await asyncio.to_thread(_slice, content)
            except OSError as error:
                self._complain_once(f"{request.path}: {error}")
                status, headers, content = answers.UNREADABLE
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._look()
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
            if await asyncio.to_thread(self._parts.look):
                self._table = await asyncio.to_thread(self._parts.table)
        except Exception as error:  # noqa: BLE001 - a server that has stopped looking is stale for ever
            self._complain_once(f"looking for a new generation failed: {type(error).__name__}: {error}")

    def _complain_once(self, trouble: str) -> None:
        """Say what is wrong, but not again and again."""
        if trouble != self._trouble:
            self._trouble = trouble
            _complain(trouble)


def run(output: Path, *, host: str, port: int) -> None:
    """Serve the store in ``output`` until SIGTERM or SIGINT."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    _try_address(host, port)
    server = Granian(
        "aslms_feeds.serve:Site",
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
    server.serve(target_loader=partial(_site, output.resolve(), os.getpid()), wrap_loader=False)


def _site(output: Path, parent: int) -> Site:
    """Return the application for a worker, which must not outlive ``parent`` and keep the port."""

    def end_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.setswitchinterval(SWITCH_SECONDS)
    return Site(output)


def _connections() -> int:
    """Return how many connections leave files to read with, after raising the limit as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS, soft - OWN_FILES))


def _try_address(host: str, port: int) -> None:
    """Fail early, with words: granian would share a port that is taken, or die in a worker."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
    except (OSError, OverflowError) as error:
        hint = "Choose another --host or --port, or stop the program that listens there."
        raise UsageError(f"cannot listen on {host} port {port}: {error}", hint=hint) from error

"""A publication and its ledgers, rebuilt from what is public: the manifest, the documents, and the data among them.

Whoever reads is given as a function from path to bytes: a folder, a deployed site and a store are all the same here.
Nothing is believed that the manifest's digests do not confirm.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from aslms_feeds.errors import AnswerError, PublicationError, UsageError
from aslms_feeds.ledger.ledger import read_ledger
from aslms_feeds.publication.manifest import INDEX, MANIFEST, Document, Manifest, read_manifest
from aslms_feeds.publication.publish import LEDGER, LINKED
from aslms_feeds.upstreams.news import RECOVERED_NEWS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from aslms_feeds.ledger.ledger import Ledger
    from aslms_feeds.publication.publish import Store

CHANGES = "changes.json"
"""The document a ledger is rebuilt from."""


@dataclass(frozen=True)
class RecoveredPart:
    """One part, as it was found."""

    manifest: Manifest
    documents: tuple[Document, ...]
    ledgers: Mapping[str, Ledger]
    """By season."""


def read_publication(
    part: str,
    read: Callable[[str], bytes],
    find_body: Callable[[str, str], bytes | None] = lambda _path, _sha256: None,
) -> RecoveredPart:
    """Return a part with all its documents; ``find_body`` may give the bytes of a path and digest from elsewhere.

    Raises :class:`aslms_feeds.errors.PublicationError` for whatever is not there, or is not what the manifest says.
    """
    manifest = read_manifest(read(MANIFEST))
    if manifest.part != part:
        message = f"that is the publication of {manifest.part!r}, not of {part!r}"
        raise PublicationError(message, hint="name the folder, or the address, above the series' own")
    documents = []
    for path, row in manifest.documents.items():
        body = find_body(path, row.sha256)
        body = read(path) if body is None else body
        if hashlib.sha256(body).hexdigest() != row.sha256:
            message = f"{path} of {part} is not what the manifest of generation {manifest.generation} lists"
            raise PublicationError(
                message, hint="read it again in a minute: it may have been changing; else use a backup"
            )
        documents.append(Document(path, row.media_type, body))
    ledgers: dict[str, Ledger] = {}
    for document in documents:
        if document.path.split("/")[-1] == CHANGES and (ledger := _parse_ledger(document)):
            ledgers[ledger.season] = ledger
    seasons = {path.split("/")[-2] for path in manifest.documents if path.endswith(f"/{CHANGES}")}
    if part != INDEX and seasons and not ledgers:
        message = f"the data of {part} does not hold what a ledger is rebuilt from"
        raise PublicationError(message, hint="it was published by another program or version; use a backup")
    return RecoveredPart(manifest, tuple(documents), ledgers)


def _parse_ledger(document: Document) -> Ledger | None:
    """Return the ledger that a season's data carries; the copy at a former address has none of its own."""
    try:
        data: dict[str, Any] = json.loads(document.body)
        if "recovery" not in data:
            return None
        return read_ledger(json.dumps(data["recovery"]).encode())
    except (ValueError, TypeError, KeyError) as error:
        message = f"{document.path} cannot be read: {error!r}"
        raise PublicationError(message, hint="use a backup") from error


def restore_part(store: Store, part: str, recovered: RecoveredPart, series: tuple[str, ...] = ()) -> Manifest:
    """Make a recovered part the public generation of a store, its number and all stamps where they were, or further on.

    ``series`` are those an index leads to. Raises :class:`aslms_feeds.errors.PublicationError` when the store has
    published more since: stamps would go back.
    """
    newest = max(store.list_generations(part), default=0)
    manifest = recovered.manifest
    if newest > manifest.generation:
        message = (
            f"generation {newest} of {part} is here, and only {manifest.generation} was found: stamps would go back"
        )
        raise PublicationError(message, hint="recover from what was published last; without an address: from here")
    state = _load_intact_state(store, part)
    if news := _collect_foreign_news(recovered.documents):
        state[RECOVERED_NEWS_FILE] = news
    state |= {f"{LEDGER}{name}.json": ledger.to_json() for name, ledger in recovered.ledgers.items()}
    if part == INDEX:
        state = {LINKED: "\n".join(sorted({*series, *store.list_parts()} - {INDEX})).encode()}
    sums = {path: hashlib.sha256(text).hexdigest() for path, text in state.items()}
    number = max(newest + 1, manifest.generation)
    restored = replace(manifest, generation=number, state=sums)
    store.switch(restored, recovered.documents, state)
    return restored


def recover_parts(
    store: Store, series: Sequence[str], source: str | None, *, whole: bool, now: datetime
) -> Iterator[str]:
    """Recover series, and with ``whole`` the index too; yield a line for each part that is done.

    ``source`` is a folder or an address; None: what is public in the store itself.
    """
    public = []
    with _open_source(store, source, now) as find_reader:
        for name in series:
            if (read := find_reader(name)) is None:
                yield f"{name}: nothing is published there"
                continue
            public.append(name)
            yield _recover_part(store, name, read, ())
        if missing := [name for name in series if name not in public] if not (whole and public) else []:
            message = f"nothing was found of {', '.join(missing) or 'any series'}"
            hint = "name a published folder, or the address of the front page; a build now would begin at SEQUENCE 0"
            raise PublicationError(message, hint=hint)
        if whole and (read := find_reader(INDEX)) is not None:
            yield _recover_part(store, INDEX, read, tuple(public))


def _recover_part(store: Store, part: str, read: _PartReader, linked: tuple[str, ...]) -> str:
    recovered = read_publication(part, read, partial(_find_local_body, store, part))
    manifest = restore_part(store, part, recovered, linked)
    count = len(recovered.ledgers)
    ledgers = f", {count} ledger{'s' if count != 1 else ''}" if part != INDEX else ""
    return f"{part}: generation {manifest.generation}, {len(recovered.documents)} documents{ledgers}"


def _collect_foreign_news(documents: Iterable[Document]) -> bytes:
    """Return the news of each season that was taken from elsewhere: nobody else has it any more."""
    seasons: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        if document.path.count("/") != 1 or not document.path.endswith("/season.json"):
            continue  # one language says all of it
        data = json.loads(document.body)
        items = [{key: value for key, value in item.items() if value is not None} for item in data["news"]]
        if foreign := [item for item in items if item.get("origin")]:
            seasons[data["id"]] = foreign
    return json.dumps({"seasons": seasons}, ensure_ascii=False, indent=1).encode() if seasons else b""


def _load_intact_state(store: Store, part: str) -> dict[str, bytes]:
    """Return the private state that is here and is what it should be, without ledgers."""
    try:
        public = store.read_current(part)
    except PublicationError:
        return {}
    if public is None:
        return {}
    sums = public.manifest.state
    return {
        path: text
        for path, text in public.state.items()
        if not path.startswith(LEDGER) and hashlib.sha256(text).hexdigest() == sums.get(path)
    }


_PartReader = Callable[[str], bytes]


@contextmanager
def _open_source(store: Store, source: str | None, now: datetime) -> Iterator[Callable[[str], _PartReader | None]]:
    """Return what gives the reader of each part; None where there is nothing of it."""
    if source is None:
        yield lambda part: partial(store.read_document, part) if store.list_generations(part) else None
    elif "://" in source:
        with _open_site(source, now) as find_on_site:
            yield find_on_site
    else:
        yield partial(_find_in_folder, Path(source))


def _find_in_folder(root: Path, part: str) -> _PartReader | None:
    folder = root if part == INDEX else root / part
    if not root.is_dir():
        message = f"there is no folder {root}"
        raise UsageError(message, hint="name a published folder (it holds sitemap.xml), or an address with https://")
    if not (folder / MANIFEST).is_file():
        return None

    def read_file(path: str) -> bytes:
        try:
            return (folder / path).read_bytes()
        except OSError as error:
            message = f"{folder / path} cannot be read: {error.strerror}"
            raise PublicationError(message, hint="use another copy") from error

    return read_file


@contextmanager
def _open_site(url: str, now: datetime) -> Iterator[Callable[[str], _PartReader | None]]:
    from aslms_feeds.network.fetch import Fetcher
    from aslms_feeds.network.responses import RequestRules

    root = url.rstrip("/")
    with Fetcher(RequestRules(limit=_LARGEST, allow_loopback=urlsplit(url).hostname in _LOOPBACK)) as fetcher:

        def find_on_site(part: str) -> _PartReader | None:
            base = root if part == INDEX else f"{root}/{part}"

            def download(path: str) -> bytes:
                return fetcher.download(f"{base}/{quote(path)}", now=now).body

            try:
                download(MANIFEST)
            except AnswerError as error:
                if error.status in (404, 410):
                    return None
                raise
            return download

        yield find_on_site


_LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Whoever names this machine means it."""
_LARGEST = 16 * 1024 * 1024
"""Octets of one document of a deployed site."""


def _find_local_body(store: Store, part: str, path: str, sha256: str) -> bytes | None:
    """Return the bytes of a document that is here already."""
    try:
        body = store.read_document(part, path)
    except PublicationError:
        return None
    return body if hashlib.sha256(body).hexdigest() == sha256 else None

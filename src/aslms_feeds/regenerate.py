"""The whole flow, once, as a recipe: definitions, edition, documents, publication, series by series, the index last."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aslms_feeds import site
from aslms_feeds.compose import compose, next_due
from aslms_feeds.definitions import read_definitions
from aslms_feeds.errors import AslmsFeedsError, DefinitionError, IdentityError, Problem, PublicationError
from aslms_feeds.ledger import read_ledger
from aslms_feeds.publication import INDEX
from aslms_feeds.publish import publish
from aslms_feeds.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from aslms_feeds.definitions import Definitions
    from aslms_feeds.edition import SeasonEdition
    from aslms_feeds.facts import Fact
    from aslms_feeds.ledger import Ledger
    from aslms_feeds.model import Publisher, SeasonFiles, SeriesFiles
    from aslms_feeds.publish import Generation, Store

_LEDGER = "ledger/"
_LINKED = "series"
"""The file of the index' private state that names the series it leads to."""
_RESTORE = "restore the generation folder from a backup: without it every event would start again at SEQUENCE 0"


@dataclass(frozen=True)
class Part:
    """What became of one part of the publication: a series, or the index."""

    name: str
    generation: int = 0
    """The public generation; 0 when there is none."""
    documents: int = 0
    size: int = 0
    """Octets of all documents."""
    written: tuple[str, ...] = ()
    """The paths that changed."""
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    """What subscribers are told that they were not told before, by season."""
    problems: tuple[Problem, ...] = ()
    error: str = ""
    hint: str = ""
    storage: bool = False
    """Whether the error is the store's: what is public cannot be read, or nothing can be written."""

    @property
    def failed(self) -> bool:
        """Whether it stays at its last good generation because something is wrong."""
        return bool(self.problems or self.error)


@dataclass(frozen=True)
class Report:
    """What a build did."""

    parts: tuple[Part, ...]
    next_due: datetime | None = None

    @property
    def failed(self) -> bool:
        """Whether any part has a problem."""
        return any(part.failed for part in self.parts)

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(part.written for part in self.parts)


def regenerate(
    store: Store,
    contents: Mapping[str, bytes],
    *,
    now: datetime,
    base_url: str | None = None,
    root: str = "calendars",
    record: Callable[[Report], None] = lambda _report: None,
) -> Report:
    """Bring a store to what the definitions say at ``now``.

    ``contents`` are the files of the calendars folder, ``root`` is how problems name it; ``record`` is called with the
    report while other builders are still kept out. A series with a problem stays as it is; the others are published.
    Raises only what concerns the whole store, such as :class:`aslms_feeds.errors.Busy`.
    """
    with store.lock():
        report = _regenerate(store, read_definitions(contents, root), now, base_url, root)
        record(report)
    return report


def _regenerate(store: Store, definitions: Definitions, now: datetime, base_url: str | None, root: str) -> Report:
    if definitions.publisher is None or "" in definitions.broken:
        return Report((Part(INDEX, problems=definitions.problems),))
    publisher = definitions.publisher
    if base_url:
        publisher = publisher.model_copy(update={"base_url": base_url})
    parts, due = [], []
    linked = _linked(store)
    for name in sorted({*definitions.series, *definitions.broken, *store.parts(), *linked} - {INDEX}):
        part, next_instant = _series(store, name, definitions, publisher, now=now, root=root, linked=linked)
        parts.append(part)
        due += [next_instant] if next_instant else []
    parts.append(_index(store, publisher, now))
    return Report(tuple(parts), min(due, default=None))


def _linked(store: Store) -> frozenset[str]:
    """Return the series that the public index leads to: they are public, whatever became of their folders."""
    try:
        index = store.current(INDEX)
    except PublicationError:
        return frozenset()  # it is reported where the index is built
    return frozenset(index.state.get(_LINKED, b"").decode().split()) if index else frozenset()


def _series(
    store: Store,
    name: str,
    definitions: Definitions,
    publisher: Publisher,
    *,
    now: datetime,
    root: str,
    linked: Collection[str],
) -> tuple[Part, datetime | None]:
    problems = definitions.broken.get(name, ())
    generation = 0
    try:
        public = _public(store, name, linked)
        generation = public.manifest.generation if public else 0
        if problems:
            return Part(name, generation, problems=problems), None
        if name not in definitions.series:
            message = f"the series {name!r} is published and its folder is gone; put it back"
            return Part(name, generation, problems=(Problem(f"{root}/{name}/series.toml", 0, 0, "", message),)), None
        files = replace(definitions.series[name], publisher=publisher)
        return _publish(store, files, public, now, root)
    except (IdentityError, DefinitionError) as error:
        return Part(name, generation, problems=error.problems), None
    except PublicationError as error:
        return Part(name, generation, problems=problems, error=str(error), hint=error.hint, storage=True), None
    except AslmsFeedsError as error:
        return Part(name, generation, error=str(error), hint=error.hint), None
    except Exception as error:  # noqa: BLE001 - a fault in one series must not keep the others from being published
        return _fault(name, generation, error), None


def _fault(name: str, generation: int, error: Exception) -> Part:
    logging.getLogger(__name__).error("%s", name, exc_info=error)
    hint = "this is a fault of the program: report it with what was printed above"
    return Part(name, generation, error=f"{type(error).__name__}: {error}", hint=hint)


def _public(store: Store, name: str, linked: Collection[str]) -> Generation | None:
    public = store.current(name)
    if public is None and name in linked:
        message = f"the series {name!r} is public and its generations are gone"
        raise PublicationError(message, hint=_RESTORE)
    return public


def _publish(
    store: Store, files: SeriesFiles, public: Generation | None, now: datetime, root: str
) -> tuple[Part, datetime | None]:
    ledgers = {name: read_ledger(text) for name, text in _ledgers(public, files.seasons).items()}
    digests = {path: row.sha256 for path, row in public.manifest.documents.items()} if public else {}
    base = files.publisher.base_url
    edition = compose(files, ledgers, now=now, base_url=base, root=root, published=digests.keys())
    documents = render(edition, digests).documents
    state = {f"{_LEDGER}{one.files.id}.json": one.ledger.to_json() for one in edition.seasons}
    state[site.STATE] = site.card(edition)
    manifest, change = publish(store, files.id, documents, state, now=now)
    told = {one.files.id: _news(one, ledgers) for one in edition.seasons}
    part = Part(
        files.id,
        manifest.generation,
        documents=len(manifest.documents),
        size=sum(one.size for one in manifest.documents.values()),
        written=tuple(one.path for one in change.put),
        facts={season: facts for season, facts in told.items() if facts},
    )
    return part, next_due(edition, now)


def _news(season: SeasonEdition, ledgers: Mapping[str, Ledger]) -> tuple[Fact, ...]:
    """Return the facts of a season that no ledger knew before, under any id the season had."""
    names = (season.files.id, *season.files.season.formerly)
    known = {one.id for name in names if name in ledgers for one in ledgers[name].facts}
    return tuple(one for one in season.ledger.facts if one.id not in known)


def _ledgers(public: Generation | None, seasons: Iterable[SeasonFiles]) -> dict[str, bytes]:
    """Return the ledgers of the public generation; a season that is public without one is refused."""
    if public is None:
        return {}
    found = {
        path.removeprefix(_LEDGER).removesuffix(".json"): text
        for path, text in public.state.items()
        if path.startswith(_LEDGER)
    }
    # What is public under a season's former id has the ledger of the new one.
    names = [{one.id, *one.season.formerly} for one in seasons]
    told = {path.split("/")[0] for path in public.manifest.documents if path.endswith("/season.json")}
    told = {one for one in told if f"{one}/season.json" in public.manifest.documents}
    missing = [one for one in sorted(told) if not found.keys() & next((own for own in names if one in own), {one})]
    if missing:
        message = f"the ledger of {', '.join(missing)} is gone although the season is public"
        raise PublicationError(message, hint=_RESTORE)
    return found


def _index(store: Store, publisher: Publisher, now: datetime) -> Part:
    generation = 0
    cards, manifests = {}, {}
    try:
        public = store.current(INDEX)
        generation = public.manifest.generation if public else 0
        for name in store.parts():
            series = store.current(name) if name != INDEX else None
            if series is not None and site.STATE in series.state:
                cards[name] = site.read_card(series.state[site.STATE])
                manifests[name] = series.manifest
        documents = site.documents(publisher, cards, manifests)
        # A series that is new must be linked, even when no document of the index differs.
        names = "\n".join(sorted(cards)).encode()
        manifest, change = publish(store, INDEX, documents, {_LINKED: names}, now=now)
    except AslmsFeedsError as error:
        storage = isinstance(error, PublicationError)
        return Part(INDEX, generation, error=str(error), hint=error.hint, storage=storage)
    except Exception as error:  # noqa: BLE001 - the series are published; it is reported like theirs
        return _fault(INDEX, generation, error)
    return Part(
        INDEX,
        manifest.generation,
        documents=len(manifest.documents),
        size=sum(one.size for one in manifest.documents.values()),
        written=tuple(one.path for one in change.put),
    )

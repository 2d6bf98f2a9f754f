"""The whole flow, once, as a recipe: definitions, edition, documents, publication, series by series, the index last."""

from __future__ import annotations

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
    from collections.abc import Mapping
    from datetime import datetime

    from aslms_feeds.definitions import Definitions
    from aslms_feeds.facts import Fact
    from aslms_feeds.model import Publisher, SeriesFiles
    from aslms_feeds.publish import Generation, Store

_LEDGER = "ledger/"


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
    store: Store, contents: Mapping[str, bytes], *, now: datetime, base_url: str | None = None, root: str = "calendars"
) -> Report:
    """Bring a store to what the definitions say at ``now``.

    ``contents`` are the files of the calendars folder, ``root`` is how problems name it. A series with a problem stays
    as it is; the others are published. Raises only what concerns the whole store, such as
    :class:`aslms_feeds.errors.Busy`.
    """
    with store.lock():
        definitions = read_definitions(contents, root)
        if definitions.publisher is None or "" in definitions.broken:
            return Report((Part(INDEX, problems=definitions.problems),))
        publisher = definitions.publisher
        if base_url:
            publisher = publisher.model_copy(update={"base_url": base_url})
        parts, due = [], []
        for name in _names(store, definitions):
            part, next_instant = _series(store, name, definitions, publisher, now, root)
            parts.append(part)
            due += [next_instant] if next_instant else []
        parts.append(_index(store, publisher, now))
        return Report(tuple(parts), min(due, default=None))


def _names(store: Store, definitions: Definitions) -> list[str]:
    return sorted({*definitions.series, *definitions.broken, *store.parts()} - {INDEX})


def _series(
    store: Store, name: str, definitions: Definitions, publisher: Publisher, now: datetime, root: str
) -> tuple[Part, datetime | None]:
    public = store.current(name)
    generation = public.manifest.generation if public else 0
    if name in definitions.broken:
        return Part(name, generation, problems=definitions.broken[name]), None
    if name not in definitions.series:
        message = f"the series {name!r} is published and its folder is gone; put it back"
        return Part(name, generation, problems=(Problem(f"{root}/{name}/series.toml", 0, 0, "", message),)), None
    files = replace(definitions.series[name], publisher=publisher)
    try:
        return _publish(store, files, public, now, root)
    except (IdentityError, DefinitionError) as error:
        return Part(name, generation, problems=error.problems), None
    except AslmsFeedsError as error:
        return Part(name, generation, error=str(error), hint=error.hint), None


def _publish(
    store: Store, files: SeriesFiles, public: Generation | None, now: datetime, root: str
) -> tuple[Part, datetime | None]:
    ledgers = {name: read_ledger(text) for name, text in _ledgers(public).items()}
    digests = {path: row.sha256 for path, row in public.manifest.documents.items()} if public else {}
    base = files.publisher.base_url
    edition = compose(files, ledgers, now=now, base_url=base, root=root, published=digests.keys())
    documents = render(edition, digests).documents
    state = {f"{_LEDGER}{one.files.id}.json": one.ledger.to_json() for one in edition.seasons}
    state[site.STATE] = site.card(edition)
    manifest, change = publish(store, files.id, documents, state, now=now)
    told = {one.files.id: _news(one.ledger.facts, ledgers, one.files.id) for one in edition.seasons}
    part = Part(
        files.id,
        manifest.generation,
        documents=len(manifest.documents),
        size=sum(one.size for one in manifest.documents.values()),
        written=tuple(one.path for one in change.put),
        facts={season: facts for season, facts in told.items() if facts},
    )
    return part, next_due(edition, now)


def _news(facts: tuple[Fact, ...], ledgers: Mapping[str, object], season: str) -> tuple[Fact, ...]:
    from aslms_feeds.ledger import Ledger

    before = ledgers.get(season)
    known = {one.id for one in before.facts} if isinstance(before, Ledger) else set()
    return tuple(one for one in facts if one.id not in known)


def _ledgers(public: Generation | None) -> dict[str, bytes]:
    """Return the ledgers of the public generation; a season that is public without one is refused."""
    if public is None:
        return {}
    found = {
        path.removeprefix(_LEDGER).removesuffix(".json"): text
        for path, text in public.state.items()
        if path.startswith(_LEDGER)
    }
    seasons = {path.split("/")[0] for path in public.manifest.documents if path.endswith("/season.json")}
    missing = {one for one in seasons if f"{one}/season.json" in public.manifest.documents} - found.keys()
    if missing and not found:
        message = f"the ledger of {', '.join(sorted(missing))} is gone although the season is public"
        hint = "restore the generation folder from a backup: without it every event would start again at SEQUENCE 0"
        raise PublicationError(message, hint=hint)
    return found


def _index(store: Store, publisher: Publisher, now: datetime) -> Part:
    public = store.current(INDEX)
    cards, manifests = {}, {}
    try:
        for name in store.parts():
            generation = store.current(name)
            if name != INDEX and generation is not None and site.STATE in generation.state:
                cards[name] = site.read_card(generation.state[site.STATE])
                manifests[name] = generation.manifest
        documents = site.documents(publisher, cards, manifests)
        # A series that is new must be linked, even when no document of the index differs.
        names = "\n".join(sorted(cards)).encode()
        manifest, change = publish(store, INDEX, documents, {"series": names}, now=now)
    except AslmsFeedsError as error:
        return Part(INDEX, public.manifest.generation if public else 0, error=str(error), hint=error.hint)
    return Part(
        INDEX,
        manifest.generation,
        documents=len(manifest.documents),
        size=sum(one.size for one in manifest.documents.values()),
        written=tuple(one.path for one in change.put),
    )

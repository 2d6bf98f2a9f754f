"""What is public of a part, as the next build needs it: ledgers, documents and definitions, and that all are there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aslms_feeds.builds.saved_definitions import DEFINITIONS_FILE, load_definitions
from aslms_feeds.errors import PublicationError
from aslms_feeds.ledger.ledger import read_ledger
from aslms_feeds.publication.manifest import INDEX
from aslms_feeds.publication.publish import LEDGER, LINKED, RECOVER
from aslms_feeds.render import reuse
from aslms_feeds.render.reuse import PublicDocuments
from aslms_feeds.upstreams.news import RECOVERED_NEWS_FILE, parse_recovered_news

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.definitions.results import NewsItem
    from aslms_feeds.ledger.ledger import Ledger
    from aslms_feeds.publication.publish import Generation, Store

_RESTORE = f"without it every event would start again at SEQUENCE 0; {RECOVER}"


def find_linked_series(store: Store) -> frozenset[str]:
    """Return the series that the public index leads to: they are public, whatever became of their folders."""
    try:
        text = store.read_state(INDEX, LINKED)
    except PublicationError:
        return frozenset()  # it is reported where the index is built
    return frozenset((text or b"").decode().split())


def load_generation(store: Store, name: str, linked: Collection[str]) -> Generation | None:
    """Return the public generation of a series; None where it has none, and the index does not lead to it."""
    public = store.read_current(name)
    if public is None and name in linked:
        message = f"the series {name!r} is public and its generations are gone"
        raise PublicationError(message, hint=_RESTORE)
    return public


def load_ledgers(public: Generation | None) -> dict[str, Ledger]:
    """Return the ledgers of a generation, by season."""
    return {
        path.removeprefix(LEDGER).removesuffix(".json"): read_ledger(text)
        for path, text in (public.state.items() if public else ())
        if path.startswith(LEDGER)
    }


def check_ledgers(public: Generation | None, seasons: Iterable[SeasonFiles], ledgers: Mapping[str, Ledger]) -> None:
    """Raise PublicationError for a season that is public and has no ledger."""
    if public is None:
        return
    # What is public under a season's former id has the ledger of the new one.
    ids_of_seasons = [{season.id, *season.season.formerly} for season in seasons]
    documents = public.manifest.documents
    folders = {path.split("/")[0] for path in documents if path.endswith("/season.json")}
    public_ids = sorted(folder for folder in folders if f"{folder}/season.json" in documents)
    missing = [
        public_id
        for public_id in public_ids
        if not ledgers.keys() & next((ids for ids in ids_of_seasons if public_id in ids), {public_id})
    ]
    if missing:
        message = f"the ledger of {', '.join(missing)} is gone although the season is public"
        raise PublicationError(message, hint=_RESTORE)


def load_public_documents(store: Store, part: str, public: Generation | None) -> PublicDocuments:
    """Return the documents of a generation, which are published again where they still say the same."""
    if public is None:
        return PublicDocuments()
    units = reuse.parse_units(public.state[reuse.UNITS_FILE]) if reuse.UNITS_FILE in public.state else {}
    return PublicDocuments(public.manifest.documents, units, partial(store.read_document, part))


def load_public_definitions(public: Generation | None, publisher: Publisher) -> SeriesFiles | None:
    """Return the definitions that a generation was made from; None where it does not know them."""
    if public is None or DEFINITIONS_FILE not in public.state:
        return None
    return load_definitions(public.state[DEFINITIONS_FILE], publisher)


def load_recovered_news(public: Generation | None) -> Mapping[str, tuple[NewsItem, ...]]:
    """Return other people's news that a recovery found among what is published, by season."""
    text = public.state.get(RECOVERED_NEWS_FILE) if public else None
    return parse_recovered_news(text) if text else {}

"""The whole flow, once, as a recipe: definitions, edition, documents, publication, series by series, the index last."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from aslms_feeds.builds import freshness, public_parts
from aslms_feeds.builds.changes import continue_history, describe_changes
from aslms_feeds.builds.index import publish_index
from aslms_feeds.builds.rollback import restore_content
from aslms_feeds.builds.saved_definitions import (
    DEFINITIONS_FILE,
    ROLLBACK_FILE,
    Rollback,
    load_definitions,
    load_rollback,
    write_definitions,
    write_rollback,
)
from aslms_feeds.definitions.files import PUBLISHER, group_by_series
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.editions.already_public import find_already_public
from aslms_feeds.editions.compose import compose, find_next_change
from aslms_feeds.editions.embargo import hide_embargoed
from aslms_feeds.editions.masking import mask_problems
from aslms_feeds.errors import AslmsFeedsError, Busy, DefinitionError, IdentityError, Problem, PublicationError
from aslms_feeds.identity import fingerprint
from aslms_feeds.instants import earliest
from aslms_feeds.publication.manifest import INDEX
from aslms_feeds.publication.publish import LEDGER, publish
from aslms_feeds.render import reuse, site
from aslms_feeds.render.documents import render_series
from aslms_feeds.report import Part, Report
from aslms_feeds.upstreams.news import join_news

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.definitions.reading import Definitions
    from aslms_feeds.definitions.results import NewsItem
    from aslms_feeds.editions.edition import Edition
    from aslms_feeds.editions.embargo import PublicFiles
    from aslms_feeds.ledger.ledger import Ledger
    from aslms_feeds.publication.publish import Generation, Store

NewsBySeries = Mapping[str, Mapping[str, "tuple[NewsItem, ...]"]]
"""News of other people's feeds, by series and season."""


@dataclass(frozen=True)
class Orders:
    """What an operator asks for beside what the definitions say."""

    accept_mass_change: bool = False
    """Publish also when more than a third of a season's coming sessions move, and nothing says why."""
    back_to: Mapping[str, int] = field(default_factory=dict)
    """The generation to go back to, by series."""
    release: frozenset[str] = frozenset()
    """The series whose rollback ends."""


def regenerate(  # noqa: PLR0913 - the recipe of a build; all but two arguments have a default
    store: Store,
    contents: Mapping[str, bytes],
    *,
    now: datetime,
    base_url: str | None = None,
    root: str = "calendars",
    orders: Orders | None = None,
    news: NewsBySeries | None = None,
    before_switch: Callable[[], None] = lambda: None,
    record: Callable[[Report], None] = lambda _report: None,
) -> Report:
    """Bring a store to what the definitions say at ``now``.

    ``contents`` are the files of the calendars folder, ``root`` is how problems name it; ``news`` is what other
    people's feeds offer; ``record`` is called with the report while other builders are still kept out;
    ``before_switch`` is called once, when all that comes first is made and before any of it is written. A series with a
    problem stays as it is; the others are published.
    Raises only what concerns the whole store, such as :class:`aslms_feeds.errors.Busy`.
    """
    with store.lock():
        definitions = read_definitions(contents, root)
        # What is wrong in a file under embargo would give it away, in logs and in the status.
        masked = {
            name: tuple(mask_problems(problems, contents, root, now)) for name, problems in definitions.broken.items()
        }
        definitions = replace(definitions, broken=masked)
        if definitions.publisher is None or "" in definitions.broken:
            report = Report((Part(INDEX, problems=definitions.problems),))
        else:
            publisher = definitions.publisher
            if base_url:
                publisher = publisher.model_copy(update={"base_url": base_url})
            recipe = _Recipe(
                store=store,
                definitions=definitions,
                publisher=publisher,
                fingerprints=_fingerprint_definitions(contents),
                now=now,
                root=root,
                orders=orders or Orders(),
                news=news or {},
                before_switch=cache(before_switch),
            )
            report = recipe.publish_all()
        record(report)
    return report


def _fingerprint_definitions(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the fingerprint of what each series is defined by: a rollback ends when it changes."""
    return {
        name: fingerprint((path, text) for path, text in files.items() if path != PUBLISHER)
        for name, files in group_by_series(contents).items()
    }


@dataclass(frozen=True)
class _Recipe:
    """One build, with all that it is made from."""

    store: Store
    definitions: Definitions
    publisher: Publisher
    fingerprints: Mapping[str, str]
    now: datetime
    root: str
    orders: Orders
    news: NewsBySeries
    before_switch: Callable[[], None]
    """Called before anything is written; it does what it does once."""

    def publish_all(self) -> Report:
        """Publish every series, then the index."""
        parts, instants = [], []
        linked = public_parts.find_linked_series(self.store)
        names = {*self.definitions.series, *self.definitions.broken, *self.store.list_parts(), *linked} - {INDEX}
        for name in sorted(names):
            part, due = self._publish_part(name, partial(self._publish_series, name), linked)
            if part.generation or part.failed:
                parts.append(part)  # Else all there is of it is under embargo, its name too.
            instants.append(due)
        index, _due = self._publish_part(INDEX, self._publish_index)
        return Report((*parts, index), earliest(*instants))

    def _publish_part(
        self,
        name: str,
        publish_it: Callable[[Generation | None], tuple[Part, datetime | None]],
        linked: Collection[str] = (),
    ) -> tuple[Part, datetime | None]:
        """Publish a part, and say when it changes next; whatever is wrong with it does not keep others from it."""
        generation = 0
        try:
            public = public_parts.load_generation(self.store, name, linked)
            generation = public.manifest.generation if public else 0
            return publish_it(public)
        except Busy:
            raise
        except (IdentityError, DefinitionError) as error:
            return Part(name, generation, problems=error.problems), None
        except AslmsFeedsError as error:
            problems = self.definitions.broken.get(name, ())
            storage = isinstance(error, PublicationError)
            return Part(name, generation, problems=problems, error=str(error), hint=error.hint, storage=storage), None
        except Exception as error:
            logging.getLogger(__name__).exception("%s", name)
            hint = "this is a fault of the program: report it with what was printed above"
            return Part(name, generation, error=f"{type(error).__name__}: {error}", hint=hint), None

    def _publish_index(self, public: Generation | None) -> tuple[Part, None]:
        index = publish_index(
            self.store, public, self.publisher, now=self.now, root=self.root, before_switch=self.before_switch
        )
        return index, None

    def _publish_series(self, name: str, public: Generation | None) -> tuple[Part, datetime | None]:
        generation = public.manifest.generation if public else 0
        if name in self.definitions.broken:
            return Part(name, generation, problems=self.definitions.broken[name]), None
        if public is not None:
            public.check()
        if name not in self.definitions.series:
            message = f"the series {name!r} is published and its folder is gone; put it back"
            problem = Problem(f"{self.root}/{name}/series.toml", 0, 0, "", message)
            return Part(name, generation, problems=(problem,)), None
        files = replace(self.definitions.series[name], publisher=self.publisher)
        ledgers = public_parts.load_ledgers(public)
        visible = self._hide_embargoed(files, public, ledgers)
        if public is None and visible.hidden and not visible.files.seasons:
            return Part(name), visible.due  # all there is of it is under embargo
        rollback = self._find_rollback(visible.files, public, visible.due)
        files = rollback.files if rollback else visible.files
        public_parts.check_ledgers(public, files.seasons, ledgers)
        part, due = self._publish_edition(files, ledgers, public, rollback)
        return part, earliest(due, visible.due)

    def _hide_embargoed(
        self, files: SeriesFiles, public: Generation | None, ledgers: Mapping[str, Ledger]
    ) -> PublicFiles:
        """Return what of a series is public now; what was public stays so when a clock goes back, and only then."""
        published = public_parts.load_public_definitions(public, self.publisher)
        recovered = public_parts.load_recovered_news(public)
        files = join_news(files, self.news.get(files.id, {}), published, recovered)
        visible = hide_embargoed(files, self.now, find_already_public(published, ledgers))
        if visible.early and public and self.now >= public.manifest.published:
            message = "this is public, and an embargo cannot take it back; take the key embargo out again"
            raise IdentityError(
                Problem(f"{self.root}/{files.id}/{name.split('.')[0]}", 0, 0, name, message) for name in visible.early
            )
        return visible

    def _find_rollback(self, files: SeriesFiles, public: Generation | None, due: datetime | None) -> Rollback | None:
        """Return the rollback that is ordered, or that holds because the definitions are what they were."""
        if public is None or files.id in self.orders.release:
            return None
        # What becomes public by itself is a change of what the definitions say.
        mark = f"{self.fingerprints.get(files.id, '')} {due or ''}"
        if (number := self.orders.back_to.get(files.id)) is not None:
            return self._roll_back(files.id, public, number, mark)
        if ROLLBACK_FILE not in public.state:
            return None
        rollback = load_rollback(public.state[ROLLBACK_FILE], self.publisher)
        return rollback if rollback.fingerprint == mark else None

    def _roll_back(self, series: str, public: Generation, number: int, mark: str) -> Rollback:
        """Return the rollback of a series to a generation, which holds until ``mark`` is another."""
        target = self.store.read_generation(series, number)
        target.check()
        if DEFINITIONS_FILE not in target.state or DEFINITIONS_FILE not in public.state:
            message = f"generation {number} of {series} does not know what it was made from"
            raise PublicationError(message, hint="go back to another one")
        old = load_definitions(target.state[DEFINITIONS_FILE], self.publisher)
        now = load_definitions(public.state[DEFINITIONS_FILE], self.publisher)
        return Rollback(number, mark, restore_content(old, now))

    def _publish_edition(
        self, files: SeriesFiles, ledgers: Mapping[str, Ledger], public: Generation | None, rollback: Rollback | None
    ) -> tuple[Part, datetime | None]:
        """Compose, render and publish a series, and say when the edition changes by itself."""
        public_documents = public_parts.load_public_documents(self.store, files.id, public)
        accepted = rollback is not None or self.orders.accept_mass_change or files.id in self.orders.release
        edition = compose(
            files,
            ledgers,
            now=self.now,
            base_url=files.publisher.base_url,
            root=self.root,
            published=public_documents.rows.keys(),
            accept_mass_change=accepted,
        )
        rendered = render_series(edition, public_documents, tools=freshness.fingerprint_installation())
        part = describe_changes(edition, ledgers, rollback.back_to if rollback else None)
        state = _write_state(edition, public_documents.rows, rollback)
        notes = {
            DEFINITIONS_FILE: write_definitions(files),
            reuse.UNITS_FILE: reuse.write_units(rendered.units),
            **continue_history(part, public, rendered.documents, self.now),
        }
        manifest, change = publish(
            self.store,
            files.id,
            rendered.documents,
            state,
            now=self.now,
            notes=notes,
            before_switch=self.before_switch,
        )
        part = replace(
            part,
            generation=manifest.generation,
            documents=len(manifest.documents),
            size=sum(row.size for row in manifest.documents.values()),
            written=tuple(document.path for document in change.put),
        )
        return part, find_next_change(edition, self.now)


def _write_state(edition: Edition, published: Collection[str], rollback: Rollback | None) -> dict[str, bytes]:
    """Return the private state of an edition: what another generation cannot go on without."""
    state = {f"{LEDGER}{season.files.id}.json": season.ledger.to_json() for season in edition.seasons}
    state[site.LISTING_FILE] = site.write_listing(edition, published)
    if rollback:
        state[ROLLBACK_FILE] = write_rollback(rollback)
    return state

"""The whole flow, once, as a recipe: definitions, edition, documents, publication, series by series, the index last."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from aslms_feeds.builds import freshness, rollback
from aslms_feeds.builds.rollback import Held
from aslms_feeds.definitions.files import PUBLISHER, group_by_series
from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.editions.already_public import find_already_public
from aslms_feeds.editions.compose import compose, find_next_change
from aslms_feeds.editions.embargo import hide_embargoed
from aslms_feeds.editions.fact_texts import FactWriter
from aslms_feeds.editions.markup import plain
from aslms_feeds.editions.masking import mask_problems
from aslms_feeds.errors import AslmsFeedsError, Busy, DefinitionError, IdentityError, Problem, PublicationError
from aslms_feeds.identity import fingerprint
from aslms_feeds.instants import ONE_SECOND
from aslms_feeds.ledger.facts import summarise
from aslms_feeds.ledger.ledger import read_ledger
from aslms_feeds.publication import history
from aslms_feeds.publication.manifest import INDEX, changes
from aslms_feeds.publication.publish import LEDGER, LINKED, RECOVER, publish
from aslms_feeds.render import reuse, site
from aslms_feeds.render.bundles.bundle import PublicSeries
from aslms_feeds.render.bundles.documents import render_bundles
from aslms_feeds.render.documents import render_series
from aslms_feeds.render.reuse import PublicDocuments
from aslms_feeds.report import EventChange, ItemChange, NewFact, Part, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.definitions.reading import Definitions
    from aslms_feeds.definitions.results import NewsItem
    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.embargo import PublicFiles
    from aslms_feeds.ledger.ledger import Ledger
    from aslms_feeds.publication.manifest import Document
    from aslms_feeds.publication.publish import Generation, Store

Joined = Mapping[str, Mapping[str, "tuple[NewsItem, ...]"]]
"""News that was taken from elsewhere, by series and season."""
_RESTORE = f"without it every event would start again at SEQUENCE 0; {RECOVER}"


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
    joined: Joined | None = None,
    record: Callable[[Report], None] = lambda _report: None,
    before_switch: Callable[[], None] = lambda: None,
) -> Report:
    """Bring a store to what the definitions say at ``now``.

    ``contents`` are the files of the calendars folder, ``root`` is how problems name it; ``joined`` is news from
    elsewhere, by series and season; ``record`` is called with the report while other builders are still kept out;
    ``before_switch`` is called once, when all that comes first is made and before any of it is written. A series with a
    problem stays as it is; the others are published.
    Raises only what concerns the whole store, such as :class:`aslms_feeds.errors.Busy`.
    """
    with store.lock():
        definitions = read_definitions(contents, root)
        # What is wrong in a file under embargo would give it away, in logs and in the status.
        told = {name: tuple(mask_problems(found, contents, root, now)) for name, found in definitions.broken.items()}
        definitions = replace(definitions, broken=told)
        if definitions.publisher is None or "" in definitions.broken:
            report = Report((Part(INDEX, problems=definitions.problems),))
        else:
            publisher = definitions.publisher
            if base_url:
                publisher = publisher.model_copy(update={"base_url": base_url})
            prints = _prints(contents)
            begin = cache(before_switch)
            run = _Run(store, definitions, publisher, prints, now, root, orders or Orders(), joined or {}, begin)
            report = run.report()
        record(report)
    return report


def _prints(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the fingerprint of what each series is defined by: a rollback ends when it changes."""
    return {
        name: fingerprint((path, text) for path, text in files.items() if path != PUBLISHER)
        for name, files in group_by_series(contents).items()
    }


def _linked(store: Store) -> frozenset[str]:
    """Return the series that the public index leads to: they are public, whatever became of their folders."""
    try:
        index = store.current(INDEX)
    except PublicationError:
        return frozenset()  # it is reported where the index is built
    return frozenset(index.state.get(LINKED, b"").decode().split()) if index else frozenset()


@dataclass(frozen=True)
class _Run:
    """One build."""

    store: Store
    definitions: Definitions
    publisher: Publisher
    prints: Mapping[str, str]
    now: datetime
    root: str
    orders: Orders
    joined: Joined
    begin: Callable[[], None]
    """Called before anything is written; it does what it does once."""

    def report(self) -> Report:
        """Publish every series, then the index."""
        parts, due = [], []
        linked = _linked(self.store)
        known = {*self.definitions.series, *self.definitions.broken, *self.store.parts(), *linked} - {INDEX}
        for name in sorted(known):
            part, next_instant = self._series(name, linked)
            if part.generation or part.failed:
                parts.append(part)  # Else all there is of it is under embargo, its name too.
            due += [next_instant] if next_instant else []
        parts.append(_index(self.store, self.publisher, self.now, self.root, self.begin))
        return Report(tuple(parts), min(due, default=None))

    def _series(self, name: str, linked: Collection[str]) -> tuple[Part, datetime | None]:
        problems = self.definitions.broken.get(name, ())
        generation = 0
        try:
            public = _public(self.store, name, linked)
            generation = public.manifest.generation if public else 0
            if problems:
                return Part(name, generation, problems=problems), None
            if public is not None:
                public.check()
            if name not in self.definitions.series:
                message = f"the series {name!r} is published and its folder is gone; put it back"
                lost = Problem(f"{self.root}/{name}/series.toml", 0, 0, "", message)
                return Part(name, generation, problems=(lost,)), None
            files = replace(self.definitions.series[name], publisher=self.publisher)
            return self._publish(files, public)
        except Busy:
            raise
        except (IdentityError, DefinitionError) as error:
            return Part(name, generation, problems=error.problems), None
        except PublicationError as error:
            return Part(name, generation, problems=problems, error=str(error), hint=error.hint, storage=True), None
        except AslmsFeedsError as error:
            return Part(name, generation, error=str(error), hint=error.hint), None
        except Exception as error:  # noqa: BLE001 - a fault in one series must not keep the others from being published
            return _fault(name, generation, error), None

    def _publish(self, files: SeriesFiles, public: Generation | None) -> tuple[Part, datetime | None]:
        ledgers = {name: read_ledger(text) for name, text in _all_ledgers(public).items()}
        was = self._was(public)
        files = rollback.with_joined(files, self.joined.get(files.id, {}), was, _recovered_news(public))
        shown = self._visible(files, public, was, ledgers)
        if public is None and shown.hidden and not shown.files.seasons:
            return Part(files.id), shown.due  # all there is of it is under embargo
        held = self._held(shown.files, public, shown.due)
        files = held.files if held else shown.files
        _all_there(public, files.seasons, ledgers)
        past = _past(self.store, files.id, public)
        edition = compose(
            files,
            ledgers,
            now=self.now,
            base_url=files.publisher.base_url,
            root=self.root,
            published=past.rows.keys(),
            accept_mass_change=held is not None or self._accepts(files.id),
        )
        made = render_series(edition, past, tools=freshness.tools())
        documents = made.documents
        state = {f"{LEDGER}{one.files.id}.json": one.ledger.to_json() for one in edition.seasons}
        state[site.LISTING_FILE] = site.write_listing(edition, past.rows)
        if held:
            state[rollback.HELD] = rollback.hold(held)
        before = [(one, _ledger_of(one, ledgers)) for one in edition.seasons]
        part = Part(
            files.id,
            new_facts=tuple(told for one, ledger in before for told in _told(edition, one, ledger)),
            changed_events=tuple(revised for one, ledger in before for revised in _revised(one, ledger)),
            changed_items=tuple(
                item for one, ledger in before for item in _items(one, ledger, edition.languages[0].tag)
            ),
            back_to=held.back_to if held else None,
        )
        notes = {
            rollback.DEFINITIONS: rollback.keep(files),
            reuse.UNITS_FILE: reuse.write_units(made.units),
            **_chronicle(part, public, documents, self.now),
        }
        manifest, change = publish(
            self.store, files.id, documents, state, now=self.now, notes=notes, before_switch=self.begin
        )
        part = replace(
            part,
            generation=manifest.generation,
            documents=len(manifest.documents),
            size=sum(one.size for one in manifest.documents.values()),
            written=tuple(one.path for one in change.put),
        )
        return part, min((one for one in (find_next_change(edition, self.now), shown.due) if one), default=None)

    def _was(self, public: Generation | None) -> SeriesFiles | None:
        """Return the definitions that the public generation was made from, where it knows them."""
        if public is None or rollback.DEFINITIONS not in public.state:
            return None
        return rollback.kept(public.state[rollback.DEFINITIONS], self.publisher)

    def _visible(
        self, files: SeriesFiles, public: Generation | None, was: SeriesFiles | None, ledgers: Mapping[str, Ledger]
    ) -> PublicFiles:
        """Return what of a series is public now; what was public stays so when a clock goes back, and only then."""
        shown = hide_embargoed(files, self.now, find_already_public(was, ledgers))
        if shown.early and public and self.now >= public.manifest.published:
            message = "this is public, and an embargo cannot take it back; take the key embargo out again"
            raise IdentityError(
                Problem(f"{self.root}/{files.id}/{name.split('.')[0]}", 0, 0, name, message) for name in shown.early
            )
        return shown

    def _accepts(self, series: str) -> bool:
        return self.orders.accept_mass_change or series in self.orders.release

    def _held(self, files: SeriesFiles, public: Generation | None, due: datetime | None) -> Held | None:
        """Return the rollback that is ordered, or that holds because the definitions are what they were."""
        if public is None or files.id in self.orders.release:
            return None
        # What becomes public by itself is a change of what the definitions say.
        mark = f"{self.prints.get(files.id, '')} {due or ''}"
        if (number := self.orders.back_to.get(files.id)) is not None:
            old = self.store.generation(files.id, number)
            old.check()
            if rollback.DEFINITIONS not in old.state or rollback.DEFINITIONS not in public.state:
                message = f"generation {number} of {files.id} does not know what it was made from"
                raise PublicationError(message, hint="go back to another one")
            was, now = (rollback.kept(one.state[rollback.DEFINITIONS], self.publisher) for one in (old, public))
            return Held(number, mark, rollback.carried(was, now))
        if rollback.HELD not in public.state:
            return None
        held = rollback.held(public.state[rollback.HELD], self.publisher)
        return held if held.fingerprint == mark else None


def _recovered_news(public: Generation | None) -> Mapping[str, tuple[NewsItem, ...]]:
    """Return the joined news that a recovery found among what is published."""
    text = public.state.get(rollback.JOINED) if public else None
    return rollback.joined(text) if text else {}


def _chronicle(
    part: Part, public: Generation | None, documents: Collection[Document], now: datetime
) -> dict[str, bytes]:
    """Return the chronicle with the generation that is being made."""
    told = [f"{one.season}: {summarise(one.fact)}" for one in part.new_facts]
    changed = changes(public.manifest if public else None, documents)
    row = history.Row(
        generation=public.manifest.generation + 1 if public else 1,
        published=max(now, public.manifest.published + ONE_SECOND) if public else now,
        documents=len(changed.put),
        told=tuple(told),
        back_to=part.back_to,
    )
    past = public.state.get(history.CHRONICLE) if public else None
    return {history.CHRONICLE: history.write((*(history.read(past) if past else ()), row))}


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


def _ledger_of(season: SeasonEdition, ledgers: Mapping[str, Ledger]) -> Ledger | None:
    """Return the ledger a season had, under any id it had."""
    names = (season.files.id, *season.files.season.formerly)
    return next((ledgers[name] for name in names if name in ledgers), None)


def _told(edition: Edition, season: SeasonEdition, before: Ledger | None) -> Iterator[NewFact]:
    """Yield the facts of a season that its ledger did not know before."""
    known = {one.id for one in before.facts} if before else set()
    writer = FactWriter(edition.files, season.files, edition.languages[0])
    for fact in season.ledger.facts:
        if fact.id not in known:
            story = writer.write_fact(fact)
            yield NewFact(season.files.id, fact, story.title, plain(story.text))


def _revised(season: SeasonEdition, before: Ledger | None) -> Iterator[EventChange]:
    """Yield what is in calendars and was stamped."""
    for component in season.components:
        old = before.revisions.get(component.uid) if before else None
        new = season.revision(component)
        if old is None or old.last_modified != new.last_modified:
            yield EventChange(season.files.id, component.uid, old.sequence if old else None, new.sequence)


def _items(season: SeasonEdition, before: Ledger | None, language: str) -> Iterator[ItemChange]:
    """Yield what was dated."""
    for item in season.items[language]:
        old = before.items.get(item.key) if before else None
        if item.published and (old is None or old.updated != item.updated):
            yield ItemChange(item.key, item.title, old is None)


def _all_ledgers(public: Generation | None) -> dict[str, bytes]:
    """Return the ledgers of the public generation, by season."""
    return {
        path.removeprefix(LEDGER).removesuffix(".json"): text
        for path, text in (public.state.items() if public else ())
        if path.startswith(LEDGER)
    }


def _all_there(public: Generation | None, seasons: Iterable[SeasonFiles], found: Mapping[str, Ledger]) -> None:
    """Refuse a season that is public and has no ledger."""
    if public is None:
        return
    # What is public under a season's former id has the ledger of the new one.
    names = [{one.id, *one.season.formerly} for one in seasons]
    told = {path.split("/")[0] for path in public.manifest.documents if path.endswith("/season.json")}
    told = {one for one in told if f"{one}/season.json" in public.manifest.documents}
    missing = [one for one in sorted(told) if not found.keys() & next((own for own in names if one in own), {one})]
    if missing:
        message = f"the ledger of {', '.join(missing)} is gone although the season is public"
        raise PublicationError(message, hint=_RESTORE)


def _past(store: Store, part: str, public: Generation | None) -> PublicDocuments:
    """Return what is public of a part."""
    if public is None:
        return PublicDocuments()
    units = reuse.parse_units(public.state[reuse.UNITS_FILE]) if reuse.UNITS_FILE in public.state else {}
    return PublicDocuments(public.manifest.documents, units, partial(store.read, part))


def _index(store: Store, publisher: Publisher, now: datetime, root: str, begin: Callable[[], None]) -> Part:
    generation = 0
    listings, members = {}, {}
    try:
        public = store.current(INDEX)
        generation = public.manifest.generation if public else 0
        for name in store.parts():
            series = store.current(name) if name != INDEX else None
            if series is not None and site.LISTING_FILE in series.state:
                listings[name] = site.parse_listing(series.state[site.LISTING_FILE])
            if series is not None:
                teasers = listings[name].teasers if name in listings else {}
                members[name] = PublicSeries(name, series.manifest, teasers, partial(store.read, name))
        past = _past(store, INDEX, public)
        bundles = render_bundles(publisher, members, past, root=root, tools=freshness.tools())
        manifests = {name: members[name].manifest for name in listings}
        documents = site.render_site(publisher, listings, manifests, bundles)
        notes = {reuse.UNITS_FILE: reuse.write_units(bundles.units)} if bundles.units else {}
        # A series that is new must be linked, even when no document of the index differs.
        names = "\n".join(sorted(listings)).encode()
        manifest, change = publish(store, INDEX, documents, {LINKED: names}, now=now, notes=notes, before_switch=begin)
    except Busy:
        raise
    except IdentityError as error:
        return Part(INDEX, generation, problems=error.problems)
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

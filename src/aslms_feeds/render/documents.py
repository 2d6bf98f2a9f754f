"""An edition to all its documents, each read back before it may be published."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.editions.feeds import make_feeds
from aslms_feeds.editions.safeguards import successor
from aslms_feeds.identity import digest, fingerprint
from aslms_feeds.processes import count_processors, share_work
from aslms_feeds.publication.manifest import CALENDAR, HTML, Document
from aslms_feeds.render import readback
from aslms_feeds.render.calendar_files import CalendarFile, CalendarRenderer
from aslms_feeds.render.data.documents import render_season_data, render_series_data
from aslms_feeds.render.feed_documents import render_feed
from aslms_feeds.render.images import drawing
from aslms_feeds.render.pages import series, share
from aslms_feeds.render.pages.assets import icon_path
from aslms_feeds.render.reuse import PublicDocuments, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.feeds import Feed
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.images.posters import Picture

NOTHING_PUBLIC = PublicDocuments()
"""A first publication has no past."""
_EVERYTHING = "series"
"""The unit whose sources decide about every document."""
_SERIES_PAGES = 7
"""Pages of a series in one language that belong to no season."""
_WORTH_A_PROCESS = 40
"""Pages and feeds: a fork, and handing over what it has made, take as long as making about ten."""


@dataclass(frozen=True)
class SeriesDocuments:
    """Everything a series publishes."""

    documents: tuple[Document, ...]
    calendars: tuple[CalendarFile, ...]
    """Those that were made anew."""
    feeds: tuple[tuple[str, Feed], ...]
    units: Mapping[str, Unit]
    """What the documents of each season were made from."""


def render_series(edition: Edition, past: PublicDocuments = NOTHING_PUBLIC, *, tools: str = "") -> SeriesDocuments:
    """Return every document of a series; raises :class:`aslms_feeds.errors.RenderError` when one reads back wrong.

    What would only be made again as it is, is taken from the ``past``; ``tools`` tells one version of this program and
    its libraries from another. Nothing that is not in the edition decides a byte.
    """
    digests = past.digests
    sources = _Sources(edition, tools)
    work = _Work(edition, past, sources)
    told = tuple(_feeds(edition, digests))
    seasons = [one for one in edition.seasons if not work.keep(_season(one), sources.season(one))]
    fresh = [(folder, feed) for folder, feed in told if not work.keep(_feed(folder), sources.feed(feed))]
    work.make(seasons, fresh, [folder for folder, feed in told if feed.archive])
    work.made += _at_old_addresses(edition, work.made, digests)
    whole = tuple(sorted(work.made, key=lambda one: one.path))
    calendars = tuple(work.calendars)
    readback.check_series(edition, whole, calendars, told, digests, reused=work.renderer.reused)
    return SeriesDocuments(whole, calendars, told, work.units)


@dataclass(frozen=True)
class _Sources:
    """Fingerprints of what documents are made from."""

    edition: Edition
    tools: str

    @cached_property
    def common(self) -> str:
        """Of what every document may depend on."""
        files = self.edition.files
        rows = [("publisher", files.publisher), ("series", files.series)]
        rows += [(f"circuits/{name}", one) for name, one in files.circuits.items()]
        return fingerprint(((name, one.model_dump_json().encode()) for name, one in rows), self.tools)

    @cached_property
    def _around(self) -> tuple[str, ...]:
        """What the documents of a season show of the whole series."""
        return (self.common, self.edition.current, *(f"{one.path} {one.title}" for one in self.edition.calendars))

    def season(self, season: SeasonEdition) -> str:
        """Of the documents of a season."""
        one, ids = season.files, [each.files.id for each in self.edition.seasons]
        current = self.edition.current
        over = current in ids and ids.index(one.id) < ids.index(current)
        files = {"season": one.season, "entries": one.entries, "results": one.results, "news": one.news}
        rows = [(name, model.model_dump_json().encode()) for name, model in files.items()]
        rows.append(("ledger", season.ledger.to_json()))
        return fingerprint(rows, *self._around, one.id, "over" if over else "")

    def feed(self, feed: Feed) -> str:
        """Of the documents of a feed."""
        return digest(self.common, feed.digest())


class _Share(NamedTuple):
    """A part of a unit: what is in one language, or in none."""

    unit: str
    documents: Sequence[Document]
    pictures: Sequence[Picture] = ()


class _Work:
    """The documents: kept, or made anew."""

    def __init__(self, edition: Edition, past: PublicDocuments, sources: _Sources) -> None:
        """Keep what they are made from."""
        self._edition = edition
        self._past = past
        self._pages = series.SeriesPages(edition)
        self.made: list[Document] = []
        self.units = {_EVERYTHING: Unit(sources.common, ())}
        self.calendars: list[CalendarFile] = []
        # What a VEVENT says under the same stamps is the same, as long as the same program writes it.
        same = past.units.get(_EVERYTHING) == Unit(sources.common, ())
        self.renderer = CalendarRenderer(
            edition.files.publisher,
            edition.files.series,
            edition.addresses.url("").rstrip("/"),
            edition.languages,
            edition.revisions,
            find_public=past.document if same else None,
        )

    def keep(self, name: str, sources: str) -> bool:
        """Take the documents of a unit from the past; False: they are to be made."""
        held = self._past.documents(name, sources)
        self.units[name] = Unit(sources, tuple(one.path for one in held or ()))
        self.made += held or ()
        return held is not None

    def make(
        self, seasons: Sequence[SeasonEdition], feeds: Sequence[tuple[str, Feed]], archives: Collection[str]
    ) -> None:
        """Make the documents of seasons, feeds and the series itself; ``archives`` are folders of archived feeds.

        What is in one language is made by itself, and languages are shared among processors.
        """
        edition, pictures = self._edition, share.series_pictures(self._edition)
        for one in seasons:
            self._add(_Share(_season(one), self._calendars(one.files.id)))
        self.made += [*self._calendars(""), *series.series_files(edition)]
        held = {one.calendar.path: one.components for one in self.calendars}

        def in_language(language: Language) -> list[_Share]:
            made = [_Share(_feed(name), render_feed(name, feed)) for name, feed in feeds if _is_in(feed, language)]
            for one in seasons:
                documents = render_season_data(edition, one, language)
                documents += self._pages.season_in(language.tag, one.files.id)
                made.append(_Share(_season(one), documents, share.season_pictures(edition, one, language)))
            whole = [render_series_data(edition, language), *self._pages.series_in(language.tag, archives, held)]
            return [*made, _Share(_EVERYTHING, whole)]

        meetings = sum(1 + len(one.files.season.events) for one in seasons)
        worth = (len(edition.languages) * (_SERIES_PAGES + meetings) + len(feeds)) // _WORTH_A_PROCESS
        for made in share_work(in_language, edition.languages, min(count_processors(), worth)):
            for one_share in made:
                self._add(one_share)
                pictures += one_share.pictures
        self._draw(pictures)

    def _add(self, made: _Share) -> None:
        """Take what was made of a unit; its images are drawn later, all at once."""
        self.made += made.documents
        if made.unit != _EVERYTHING:  # which is never taken from the past as a whole
            paths = (*(one.path for one in made.documents), *(one.path for one in made.pictures))
            self.units[made.unit] = Unit(self.units[made.unit].sources, self.units[made.unit].paths + paths)

    def _draw(self, pictures: Sequence[Picture]) -> None:
        """Add images: one that is public shows the same, or it had another address."""
        public = [self._past.document(one.path) for one in pictures]
        fresh = drawing.draw_pictures([one for one, there in zip(pictures, public, strict=True) if there is None])
        self.made += [*(one for one in public if one is not None), *fresh]

    def _calendars(self, season: str) -> list[Document]:
        own = [self.renderer.render_calendar(one) for one in self._edition.calendars if one.season == season]
        self.calendars += own
        return [Document(one.calendar.path, CALENDAR, one.body) for one in own]


def _season(season: SeasonEdition) -> str:
    """Return the unit of a season's documents."""
    return f"season/{season.files.id}"


def _feed(folder: str) -> str:
    """Return the unit of a feed's documents."""
    return f"feed/{folder}"


def _is_in(feed: Feed, language: Language) -> bool:
    return feed.language == language.tag


def _at_old_addresses(edition: Edition, made: Sequence[Document], published: Iterable[str]) -> list[Document]:
    """Return what is public under an address that a new id of its season or event has changed.

    A page leads on to the new one; a calendar, a feed or data is carried on: not every client follows a redirect.
    """
    new = {one.path: one for one in made}
    old = [(path, new.get(successor(path, edition.files))) for path in published if path not in new]
    return [
        series.moved_page(edition, path, one.path)
        if one.media_type == HTML
        else Document(path, one.media_type, one.body)
        for path, one in old
        if one is not None
    ]


def _feeds(edition: Edition, published: Collection[str]) -> list[tuple[str, Feed]]:
    made: list[tuple[str, Feed]] = []
    seasons = [one for one in edition.seasons if one.files.season.kind == "championship"]
    names = [one.files.id for one in seasons]
    over = names[: names.index(edition.current)] if edition.current else []
    opened = min((one.ledger.opened for one in edition.seasons), default=None)
    for language in edition.languages:
        told = {one.files.id: one.items[language.tag] for one in seasons}
        icon = edition.addresses.url(icon_path())
        if opened is not None:
            made += make_feeds(
                edition.files,
                told,
                edition.addresses,
                language,
                over=over,
                opened=opened,
                icon_url=icon,
                published=published,
            )
    return made

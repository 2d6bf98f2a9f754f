"""All documents of a series are rendered from its edition, and read back before they may be published."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.editions.addresses import find_successor
from aslms_feeds.editions.feeds import make_feeds
from aslms_feeds.identity import digest, fingerprint
from aslms_feeds.processes import count_processors, share_work
from aslms_feeds.publication.manifest import CALENDAR, HTML, Document
from aslms_feeds.render import readback
from aslms_feeds.render.calendar_files import CalendarFile, CalendarRenderer
from aslms_feeds.render.data.documents import render_season_data, render_series_data
from aslms_feeds.render.feed_documents import render_feed
from aslms_feeds.render.images import drawing
from aslms_feeds.render.pages import series, share
from aslms_feeds.render.pages.assets import find_icon_path
from aslms_feeds.render.reuse import PublicDocuments, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.feeds import Feed
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.images.posters import Picture

NOTHING_PUBLIC = PublicDocuments()
"""What is public before a first publication."""
_SERIES_UNIT = "series"
"""The unit whose sources decide about every document."""
_SERIES_PAGES = 7
"""Pages of a series in one language that belong to no season."""
_WORTH_A_PROCESS = 40
"""Pages and feeds: a fork, and handing over its documents, take as long as making about ten."""


@dataclass(frozen=True)
class SeriesDocuments:
    """Everything a series publishes."""

    documents: tuple[Document, ...]
    calendars: tuple[CalendarFile, ...]
    """Those that were made anew."""
    feeds: tuple[tuple[str, Feed], ...]
    """Each with its folder."""
    units: Mapping[str, Unit]
    """What the documents of each season and feed were made from."""


def render_series(edition: Edition, past: PublicDocuments = NOTHING_PUBLIC, *, tools: str = "") -> SeriesDocuments:
    """Return every document of a series; raises :class:`aslms_feeds.errors.RenderError` when one reads back wrong.

    What would only be made again as it is, is taken from the ``past``; ``tools`` tells one version of this program and
    its libraries from another. Nothing that is not in the edition decides a byte.
    """
    digests = past.digests
    sources = _Sources(edition, tools)
    renderer = _SeriesRenderer(edition, past, sources)
    feeds = tuple(_list_feeds(edition, digests))
    seasons = [
        season
        for season in edition.seasons
        if not renderer.reuse(_name_season_unit(season), sources.fingerprint_season(season))
    ]
    new_feeds = [
        (folder, feed)
        for folder, feed in feeds
        if not renderer.reuse(_name_feed_unit(folder), sources.fingerprint_feed(feed))
    ]
    renderer.render(seasons, new_feeds, [folder for folder, feed in feeds if feed.archive])
    documents = renderer.documents + _render_old_addresses(edition, renderer.documents, digests)
    documents.sort(key=lambda document: document.path)
    calendars = tuple(renderer.calendar_files)
    readback.check_series(edition, documents, calendars, feeds, digests, reused=renderer.calendar_renderer.reused)
    return SeriesDocuments(tuple(documents), calendars, feeds, renderer.units)


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
        rows += [(f"circuits/{name}", circuit) for name, circuit in files.circuits.items()]
        return fingerprint(((name, model.model_dump_json().encode()) for name, model in rows), self.tools)

    @cached_property
    def _whole_series(self) -> tuple[str, ...]:
        """What the documents of a season show of the whole series."""
        calendars = (f"{calendar.path} {calendar.title}" for calendar in self.edition.calendars)
        return (self.common, self.edition.current, *calendars)

    def fingerprint_season(self, season: SeasonEdition) -> str:
        """Return the fingerprint of the documents of a season."""
        files, ids = season.files, [season.files.id for season in self.edition.seasons]
        current = self.edition.current
        is_over = current in ids and ids.index(files.id) < ids.index(current)
        models = {"season": files.season, "entries": files.entries, "results": files.results, "news": files.news}
        rows = [(name, model.model_dump_json().encode()) for name, model in models.items()]
        rows.append(("ledger", season.ledger.to_json()))
        return fingerprint(rows, *self._whole_series, files.id, "over" if is_over else "")

    def fingerprint_feed(self, feed: Feed) -> str:
        """Return the fingerprint of the documents of a feed."""
        return digest(self.common, feed.digest())


class _UnitPart(NamedTuple):
    """The documents of a unit that are in one language, or in none."""

    unit: str
    documents: Sequence[Document]
    pictures: Sequence[Picture] = ()


class _SeriesRenderer:
    """Collects the documents of a series, taken from what is public or rendered anew."""

    def __init__(self, edition: Edition, past: PublicDocuments, sources: _Sources) -> None:
        """Take what they are made from."""
        self._edition = edition
        self._past = past
        self._pages = series.SeriesPages(edition)
        self.documents: list[Document] = []
        self.units = {_SERIES_UNIT: Unit(sources.common, ())}
        self.calendar_files: list[CalendarFile] = []
        # What a VEVENT says under the same stamps is the same, as long as the same program writes it.
        is_same_program = past.units.get(_SERIES_UNIT) == Unit(sources.common, ())
        self.calendar_renderer = CalendarRenderer(
            edition.files.publisher,
            edition.files.series,
            edition.addresses.url("").rstrip("/"),
            edition.languages,
            edition.revisions,
            find_public=past.find_document if is_same_program else None,
        )

    def reuse(self, unit: str, sources: str) -> bool:
        """Take the documents of a unit from what is public; False: they are to be rendered."""
        documents = self._past.find_unit_documents(unit, sources)
        self.units[unit] = Unit(sources, tuple(document.path for document in documents or ()))
        self.documents += documents or ()
        return documents is not None

    def render(
        self, seasons: Sequence[SeasonEdition], feeds: Sequence[tuple[str, Feed]], archives: Collection[str]
    ) -> None:
        """Make the documents of seasons, feeds and the series itself; ``archives`` are folders of archived feeds.

        What is in one language is made by itself, and languages are shared among processors.
        """
        edition, pictures = self._edition, share.make_series_pictures(self._edition)
        for season in seasons:
            self._add(_UnitPart(_name_season_unit(season), self._render_calendars(season.files.id)))
        self.documents += [*self._render_calendars(""), *series.make_series_assets(edition)]
        components = {file.calendar.path: file.components for file in self.calendar_files}

        def render_language(language: Language) -> list[_UnitPart]:
            parts = [
                _UnitPart(_name_feed_unit(name), render_feed(name, feed))
                for name, feed in feeds
                if _is_in(feed, language)
            ]
            for season in seasons:
                documents = render_season_data(edition, season, language)
                documents += self._pages.make_season_pages_in(language.tag, season.files.id)
                pictures_of_season = share.make_season_pictures(edition, season, language)
                parts.append(_UnitPart(_name_season_unit(season), documents, pictures_of_season))
            pages = self._pages.make_series_pages_in(language.tag, archives, components)
            return [*parts, _UnitPart(_SERIES_UNIT, [render_series_data(edition, language), *pages])]

        for parts in share_work(render_language, edition.languages, self._count_processes(seasons, len(feeds))):
            for part in parts:
                self._add(part)
                pictures += part.pictures
        self._draw(pictures)

    def _count_processes(self, seasons: Sequence[SeasonEdition], feeds: int) -> int:
        """Return how many processes the work is worth."""
        meetings = sum(1 + len(season.files.season.events) for season in seasons)
        pages = len(self._edition.languages) * (_SERIES_PAGES + meetings)
        return min(count_processors(), (pages + feeds) // _WORTH_A_PROCESS)

    def _add(self, part: _UnitPart) -> None:
        """Take a part of a unit; its images are drawn later, all at once."""
        self.documents += part.documents
        if part.unit != _SERIES_UNIT:  # which is never taken from the past as a whole
            unit = self.units[part.unit]
            paths = (document.path for document in part.documents)
            pictures = (picture.path for picture in part.pictures)
            self.units[part.unit] = Unit(unit.sources, (*unit.paths, *paths, *pictures))

    def _draw(self, pictures: Sequence[Picture]) -> None:
        """Add images: one that is public shows the same, or it had another address."""
        public = {picture.path: self._past.find_document(picture.path) for picture in pictures}
        self.documents += [document for document in public.values() if document is not None]
        self.documents += drawing.draw_pictures([picture for picture in pictures if public[picture.path] is None])

    def _render_calendars(self, season: str) -> list[Document]:
        """Return the calendars of a season, or for an empty name those of the whole series."""
        calendars = [calendar for calendar in self._edition.calendars if calendar.season == season]
        files = [self.calendar_renderer.render_calendar(calendar) for calendar in calendars]
        self.calendar_files += files
        return [Document(file.calendar.path, CALENDAR, file.body) for file in files]


def _name_season_unit(season: SeasonEdition) -> str:
    """Return the name of the unit of a season's documents."""
    return f"season/{season.files.id}"


def _name_feed_unit(folder: str) -> str:
    """Return the name of the unit of a feed's documents."""
    return f"feed/{folder}"


def _is_in(feed: Feed, language: Language) -> bool:
    return feed.language == language.tag


def _render_old_addresses(edition: Edition, documents: Iterable[Document], published: Iterable[str]) -> list[Document]:
    """Return what is public under an address that a new id of its season or event has changed.

    A page leads on to the new one; a calendar, a feed or data is carried on: not every client follows a redirect.
    """
    new = {document.path: document for document in documents}
    successors = [(path, new.get(find_successor(path, edition.files))) for path in published if path not in new]
    return [
        series.make_moved_page(edition, path, document.path)
        if document.media_type == HTML
        else Document(path, document.media_type, document.body)
        for path, document in successors
        if document is not None
    ]


def _list_feeds(edition: Edition, published: Collection[str]) -> list[tuple[str, Feed]]:
    """Return every feed of a series with its folder; none before anything is in a ledger."""
    opened = min((season.ledger.opened for season in edition.seasons), default=None)
    if opened is None:
        return []
    seasons = [season for season in edition.seasons if season.files.season.kind == "championship"]
    ids = [season.files.id for season in seasons]
    return [
        folder_and_feed
        for language in edition.languages
        for folder_and_feed in make_feeds(
            edition.files,
            {season.files.id: season.items[language.tag] for season in seasons},
            edition.addresses,
            language,
            over=ids[: ids.index(edition.current)] if edition.current else [],
            opened=opened,
            icon_url=edition.addresses.url(find_icon_path()),
            published=published,
        )
    ]

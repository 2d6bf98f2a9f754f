"""Every public address, in one place: documents of a series by their path, and where a path is on the web.

An address once published answers for ever; no two things may share one (``identity`` reserves our own names).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.publication.manifest import EMBED_PAGE, INDEX_PAGE

if TYPE_CHECKING:
    from aslms_feeds.definitions.model import SeriesFiles

BUNDLES = "bundles"
"""The folder of all bundles."""


@dataclass(frozen=True)
class Addresses:
    """The addresses of one series, at a publication whose first language has no folder."""

    base_url: str
    series: str
    first_language: str

    def path(self, language: str, *parts: str) -> str:
        """Return the path of a document below the series' folder, in a language: ``fr/2023-24/season.json``."""
        folder = [] if language == self.first_language else [language.lower()]
        return "/".join([*folder, *parts])

    def page(self, language: str, *parts: str) -> str:
        """Return the path of a page: ``fr/2023-24/sepang/index.html``."""
        return self.path(language, *parts, INDEX_PAGE)

    def embed(self, language: str) -> str:
        """Return the path of the page that other sites show in a frame: ``fr/embed.html``."""
        return self.path(language, EMBED_PAGE)

    def evergreen(self, language: str, name: str, race_class: str | None = None, *, reminders: bool = False) -> str:
        """Return the path of an evergreen calendar: ``reminders/aslms-races-lmp2.ics``."""
        file = "-".join([self.series, name, *([race_class] if race_class else [])]) + ".ics"
        return self.path(language, *(["reminders"] if reminders else []), file)

    def season_calendar(self, language: str, season: str, name: str) -> str:
        """Return the path of a season's calendar: ``2023-24/aslms-2023-24-races.ics``."""
        return self.path(language, season, f"{self.series}-{season}-{name}.ics")

    def event_calendar(self, language: str, season: str, event: str) -> str:
        """Return the path of a race meeting's calendar: ``2023-24/sepang/aslms-2023-24-sepang.ics``."""
        return self.path(language, season, event, f"{self.series}-{season}-{event}.ics")

    def feed(self, language: str, feed: str, file: str) -> str:
        """Return the path of a feed in a format: ``news/atom.xml``."""
        return self.path(language, feed, file)

    def url(self, path: str) -> str:
        """Return the public address of a document of the series."""
        return f"{self.base_url}/{self.series}/{path.removesuffix(INDEX_PAGE)}"

    def page_url(self, language: str, *parts: str) -> str:
        """Return the public address of a page."""
        return self.url(self.page(language, *parts))


@dataclass(frozen=True)
class BundleAddresses:
    """The addresses of one bundle; its documents belong to the top of the site, so paths are below that."""

    base_url: str
    bundle: str
    first_language: str

    def path(self, language: str, *parts: str) -> str:
        """Return the path of a document in a language: ``fr/bundles/endurance/news/atom.xml``."""
        folder = [] if language == self.first_language else [language.lower()]
        return "/".join([*folder, BUNDLES, self.bundle, *parts])

    def calendar(self, language: str, name: str) -> str:
        """Return the path of a calendar: ``bundles/endurance/endurance-races.ics``."""
        return self.path(language, f"{self.bundle}-{name}.ics")

    def url(self, path: str) -> str:
        """Return the public address of a document."""
        return f"{self.base_url}/{path.removesuffix(INDEX_PAGE)}"

    def page_url(self, language: str) -> str:
        """Return the public address of the bundle's page."""
        return self.url(self.path(language, INDEX_PAGE))

    def successor(self, former: BundleAddresses, language: str, path: str) -> str:
        """Return where a document is today that was published under a former id; empty for any other path."""
        folder = former.path(language, "")
        if not path.startswith(folder):
            return ""
        name = path.removeprefix(folder)
        file = f"{former.bundle}-"
        return self.path(language, f"{self.bundle}-{name.removeprefix(file)}" if name.startswith(file) else name)


def find_successor(path: str, files: SeriesFiles) -> str:
    """Return where a document is today whose season or event has a new id; the path itself where nothing has.

    An address once published answers for ever: the old one carries what the new one does.
    """
    *folders, name = path.split("/")
    for season in files.seasons:
        for index, folder in enumerate(folders):
            if folder not in (season.id, *season.season.formerly):
                continue
            folders[index] = season.id
            name = _replace_prefix(name, f"{files.id}-{folder}-", f"{files.id}-{season.id}-")
            for event in season.season.events:
                if folders[index + 1 :] and folders[index + 1] in event.formerly:
                    name = _replace_prefix(
                        name, f"{files.id}-{season.id}-{folders[index + 1]}.", f"{files.id}-{season.id}-{event.id}."
                    )
                    folders[index + 1] = event.id
            return "/".join([*folders, name])
    return path


def _replace_prefix(name: str, old: str, new: str) -> str:
    return new + name.removeprefix(old) if name.startswith(old) else name

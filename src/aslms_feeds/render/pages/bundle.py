"""The page of a bundle: what several series have in common, in one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import translate
from aslms_feeds.editions import markup
from aslms_feeds.editions.addresses import Addresses
from aslms_feeds.render.pages.assets import icon_path
from aslms_feeds.render.pages.frame import Page, opml_path, site_url, summary
from aslms_feeds.render.pages.links import local
from aslms_feeds.render.pages.templates import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.pages.links import CalendarLink, FeedLink
    from aslms_feeds.render.pages.summary import TeaserEvent


@dataclass(frozen=True)
class SeriesLink:
    """A series in a bundle."""

    short: str
    name: str
    url: str

    @property
    def names(self) -> tuple[str, str]:
        """What it is called, the short name first."""
        return self.short, self.name


@dataclass(frozen=True)
class BundleView:
    """A bundle in one language."""

    name: str
    about: str
    """What the series have in common, in Markdown; may be empty."""
    url: str
    series: tuple[SeriesLink, ...]
    meetings: tuple[tuple[SeriesLink, TeaserEvent], ...]
    """The race meetings of each series' current season, in order of time."""
    awaited: tuple[tuple[SeriesLink, str, str], ...]
    """The current seasons that have no race meeting yet: their names and addresses."""
    calendars: tuple[CalendarLink, ...]
    feeds: tuple[FeedLink, ...]


def page(
    bundle: BundleView, publisher: Publisher, language: Language, alternates: Sequence[tuple[Language, str]]
) -> bytes:
    """Return the page of a bundle; ``alternates`` are the addresses of its pages in every language."""
    return render("bundle.html", language, page=_framed(bundle, publisher, language, alternates), bundle=bundle)


def moved(
    bundle: BundleView, publisher: Publisher, language: Language, alternates: Sequence[tuple[Language, str]]
) -> bytes:
    """Return the page at a former address of a bundle: it leads on, at once and by itself."""
    return render("moved.html", language, page=_framed(bundle, publisher, language, alternates))


def _framed(
    bundle: BundleView, publisher: Publisher, language: Language, alternates: Sequence[tuple[Language, str]]
) -> Page:
    _ = language.gettext
    site = translate(publisher.name, publisher.names, language.tag)
    home = site_url(Addresses(publisher.base_url, "", publisher.languages[0]), language)
    names = _("%(series)s in one calendar and one feed.", series=language.listing([one.name for one in bundle.series]))
    return Page(
        title=bundle.name,
        heading=bundle.name,
        description=summary(markup.plain(bundle.about) if bundle.about else names),
        url=bundle.url,
        alternates=tuple(alternates),
        site=site,
        assets=f"{local(publisher.base_url)}/",
        icon=f"{publisher.base_url}/{icon_path()}",
        crumbs=((local(home), site),),
        footer=((opml_path(publisher.base_url), _("All feeds as one OPML file")),),
        feeds=bundle.feeds,
        calendars=bundle.calendars,
    )

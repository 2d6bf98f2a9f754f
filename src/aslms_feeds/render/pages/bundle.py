"""The page of a bundle: what several series have in common, in one language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aslms_feeds.editions import markup
from aslms_feeds.editions.addresses import Addresses
from aslms_feeds.render.pages.frame import Page, frame_site_page, make_site_url, shorten_description
from aslms_feeds.render.pages.links import strip_host
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


def make_bundle_page(
    bundle: BundleView, publisher: Publisher, language: Language, alternates: Sequence[tuple[Language, str]]
) -> bytes:
    """Return the page of a bundle; ``alternates`` are the addresses of its pages in every language."""
    return render("bundle.html", language, page=_frame_bundle(bundle, publisher, language, alternates), bundle=bundle)


def make_moved_bundle_page(
    bundle: BundleView, publisher: Publisher, language: Language, alternates: Sequence[tuple[Language, str]]
) -> bytes:
    """Return the page at a former address of a bundle: it leads on, at once and by itself."""
    return render("moved.html", language, page=_frame_bundle(bundle, publisher, language, alternates))


def _frame_bundle(
    bundle: BundleView, publisher: Publisher, language: Language, alternates: Sequence[tuple[Language, str]]
) -> Page:
    home = make_site_url(Addresses(publisher.base_url, "", publisher.languages[0]), language)
    series = language.listing([series.name for series in bundle.series])
    names = language.gettext("%(series)s in one calendar and one feed.", series=series)
    page = frame_site_page(
        publisher,
        language,
        heading=bundle.name,
        description=shorten_description(markup.render_plain(bundle.about) if bundle.about else names),
        url=bundle.url,
        alternates=alternates,
    )
    crumbs = ((strip_host(home), page.site),)
    return replace(page, crumbs=crumbs, feeds=bundle.feeds, calendars=bundle.calendars)

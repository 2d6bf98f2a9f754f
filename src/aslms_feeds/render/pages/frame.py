"""The frame of every page: its head, header and footer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.definitions.shortening import shorten_to_words
from aslms_feeds.definitions.values import translate
from aslms_feeds.editions import markup
from aslms_feeds.render.images.posters import Poster, make_picture
from aslms_feeds.render.pages.assets import find_icon_path, write_colours
from aslms_feeds.render.pages.links import make_report_link, strip_host
from aslms_feeds.render.pages.structured import make_breadcrumbs, write_data_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.images.posters import Picture, ShareImage
    from aslms_feeds.render.pages.links import CalendarLink, FeedLink
    from aslms_feeds.render.pages.series_view import SeriesView

_DESCRIPTION_LENGTH = 200


@dataclass(frozen=True)
class Page:
    """What the frame of a page shows."""

    title: str
    heading: str
    description: str
    url: str
    alternates: tuple[tuple[Language, str], ...]
    """The same page in every language, this one included."""
    site: str
    assets: str
    """Where the assets folder is, on this host."""
    icon: str
    crumbs: tuple[tuple[str, str], ...] = ()
    nav: tuple[tuple[str, str], ...] = ()
    footer: tuple[tuple[str, str], ...] = ()
    """Links at the end, with their texts."""
    feeds: tuple[FeedLink, ...] = ()
    calendars: tuple[CalendarLink, ...] = ()
    styles: tuple[str, ...] = ()
    data: Markup | None = None
    """A block of structured data."""
    report: str = ""
    """Where to report a wrong time on this page; empty where the publisher names no address."""
    image: ShareImage | None = None
    """The picture beside a link to the page; else the icon is."""

    @property
    def trail(self) -> Markup | None:
        """The way to the page, as a block of structured data; nothing for the front page."""
        host = self.url.removesuffix(strip_host(self.url))
        steps = make_breadcrumbs([*((f"{host}{path}", name) for path, name in self.crumbs), (self.url, self.heading)])
        return write_data_block(steps) if steps else None


def frame_page(
    series: SeriesView,
    parts: Sequence[str],
    heading: str,
    description: str,
    *,
    crumbs: Sequence[tuple[str, str]] = (),
    calendars: Sequence[CalendarLink] = (),
    data: Markup | None = None,
    image: ShareImage | None = None,
) -> Page:
    """Return the frame of one page of a series; one without a share image of its own has that of the series."""
    addresses = series.edition.addresses
    # The whole site may have another name than its one series; both are shown once.
    home = strip_host(make_site_url(addresses, series.language))
    trail = [(home, series.site), *([(series.link_to(), series.name)] if parts else []), *crumbs]
    title = heading if not parts else f"{heading} · {series.name}"
    return Page(
        title=title,
        heading=heading,
        description=shorten_description(description),
        url=series.make_url(*parts),
        alternates=tuple((language, addresses.page_url(language.tag, *parts)) for language in series.edition.languages),
        site=series.site,
        assets=strip_host(addresses.url("")),
        icon=addresses.url(find_icon_path()),
        crumbs=tuple(trail),
        nav=_make_navigation(series),
        footer=_make_footer(series),
        feeds=series.feeds,
        calendars=(*calendars, *series.main_calendars),
        styles=(strip_host(addresses.url(write_colours(series.definition).path)),),
        data=data,
        report=_make_report_link(series, title, series.make_url(*parts)),
        image=image or make_series_picture(series).link,
    )


def frame_site_page(
    publisher: Publisher,
    language: Language,
    *,
    heading: str,
    description: str,
    url: str,
    alternates: Sequence[tuple[Language, str]] = (),
) -> Page:
    """Return the frame of a page that belongs to no single series."""
    return Page(
        title=heading,
        heading=heading,
        description=description,
        url=url,
        alternates=tuple(alternates),
        site=translate(publisher.name, publisher.names, language.tag),
        assets=f"{strip_host(publisher.base_url)}/",
        icon=f"{publisher.base_url}/{find_icon_path()}",
        footer=((make_opml_path(publisher.base_url), language.gettext("All feeds as one OPML file")),),
    )


def make_series_picture(series: SeriesView) -> Picture:
    """Return the share image of a series."""
    _ = series.language.gettext
    poster = Poster(
        short=series.definition.short,
        series="",
        colour=series.definition.colour,
        title=series.name,
        place=_("Race calendars and news to subscribe to, kept up to date."),
    )
    return make_picture(poster, series.edition.addresses, series.language)


def _make_report_link(series: SeriesView, title: str, url: str) -> str:
    report = series.edition.files.publisher.report
    return make_report_link(report, series.language.gettext("Wrong time: %(page)s", page=title), url) if report else ""


def _make_navigation(series: SeriesView) -> tuple[tuple[str, str], ...]:
    _ = series.language.gettext
    current = series.edition.current
    return (
        (series.link_to(), series.definition.short),
        *([(series.link_to(current), _("Season"))] if current else []),
        (series.link_to("subscribe"), _("Subscribe")),
        (series.link_to("changes"), _("Changes")),
        (series.link_to("feeds"), _("Feeds")),
        (series.link_to("history"), _("History")),
    )


def _make_footer(series: SeriesView) -> tuple[tuple[str, str], ...]:
    _ = series.language.gettext
    return (
        (series.link_to("why"), _("Why does my app show something else?")),
        (series.link_to_data("series.json"), _("The series as data")),
        (make_opml_path(series.edition.addresses.base_url), _("All feeds as one OPML file")),
    )


def make_opml_path(base_url: str) -> str:
    """Return the address of the list of all feeds, on this host."""
    return f"{strip_host(base_url)}/feeds.opml"


def make_site_url(addresses: Addresses, language: Language) -> str:
    """Return the public address of the front page in a language."""
    return f"{addresses.base_url}/{addresses.path(language.tag, '')}"


def summarise_markdown(text: str) -> str:
    """Return the first words of a Markdown text as one plain line."""
    return shorten_description(markup.render_plain(text))


def shorten_description(text: str) -> str:
    """Return the first words of a plain text on one line."""
    words = " ".join(text.split())
    return shorten_to_words(
        words, _DESCRIPTION_LENGTH, stays=_DESCRIPTION_LENGTH, punctuation=",;:.", trim=",;:.", ellipsis=" …"
    )

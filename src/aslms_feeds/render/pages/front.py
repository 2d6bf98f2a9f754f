"""The pages of the whole site, which belong to no series: the front page, and the page where there is nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import translate
from aslms_feeds.editions.addresses import Addresses
from aslms_feeds.editions.language import load_language
from aslms_feeds.publication.manifest import HTML, INDEX_PAGE, NOT_FOUND_PAGE, Document
from aslms_feeds.render.images.posters import ShareImage
from aslms_feeds.render.pages.assets import load_assets
from aslms_feeds.render.pages.frame import frame_site_page, make_site_url
from aslms_feeds.render.pages.links import strip_host
from aslms_feeds.render.pages.templates import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.pages.bundle import BundleView
    from aslms_feeds.render.pages.summary import Teaser


@dataclass(frozen=True)
class FrontPageLink:
    """How the page where there is nothing leads to the front page in one language."""

    language: Language
    message: str
    """That there is nothing, in that language."""
    url: str
    text: str


def make_site_pages(
    publisher: Publisher,
    teasers: Sequence[Mapping[str, Teaser]],
    bundles: Mapping[str, Sequence[BundleView]] | None = None,
) -> list[Document]:
    """Return the front page in every language, the page where there is nothing, and their assets.

    ``teasers`` holds what :func:`~aslms_feeds.render.pages.series.make_teasers` returns for each series, ``bundles``
    the bundles of each language.
    """
    languages = [load_language(tag) for tag in publisher.languages]
    pages = [
        _make_front_page(
            publisher,
            language,
            [by_language[language.tag] for by_language in teasers if language.tag in by_language],
            (bundles or {}).get(language.tag, ()),
        )
        for language in languages
    ]
    first = languages[0]
    in_first = [by_language[first.tag] for by_language in teasers if first.tag in by_language]
    return [*load_assets(), *pages, _make_not_found_page(publisher, in_first, languages)]


def _make_front_page(
    publisher: Publisher, language: Language, teasers: Sequence[Teaser], bundles: Sequence[BundleView]
) -> Document:
    addresses = Addresses(publisher.base_url, "", publisher.languages[0])
    languages = [load_language(tag) for tag in publisher.languages]
    page = frame_site_page(
        publisher,
        language,
        heading=translate(publisher.name, publisher.names, language.tag),
        description=language.gettext("Race calendars and news to subscribe to, kept up to date."),
        url=make_site_url(addresses, language),
        alternates=[(tongue, make_site_url(addresses, tongue)) for tongue in languages],
    )
    page = replace(page, image=_find_image(teasers))
    body = render("front.html", language, page=page, teasers=teasers, bundles=bundles)
    return Document(addresses.path(language.tag, INDEX_PAGE), HTML, body)


def _find_image(teasers: Sequence[Teaser]) -> ShareImage | None:
    """Return the picture of the site: that of its series, where it has but one."""
    images = [ShareImage(teaser.image_url, teaser.image_alt) for teaser in teasers]
    return images[0] if len(images) == 1 and images[0].url else None


def _make_not_found_page(publisher: Publisher, teasers: Sequence[Teaser], languages: Sequence[Language]) -> Document:
    """Return the page for addresses at which there is nothing, in every language at once: nobody knows which is asked.

    It is sent from any depth, so every link in it begins at the root of the host.
    """
    first = languages[0]
    addresses = Addresses(publisher.base_url, "", first.tag)
    _ = first.gettext
    page = frame_site_page(
        publisher,
        first,
        heading=_("There is nothing at this address"),
        description=_("The address may be misspelt, or not public yet."),
        url=f"{publisher.base_url}/{NOT_FOUND_PAGE}",
    )
    links = [_link_to_front_page(language, addresses) for language in languages]
    return Document(NOT_FOUND_PAGE, HTML, render("404.html", first, page=page, links=links, teasers=teasers))


def _link_to_front_page(language: Language, addresses: Addresses) -> FrontPageLink:
    _ = language.gettext
    url = strip_host(make_site_url(addresses, language))
    return FrontPageLink(language, _("There is nothing at this address"), url, _("To the front page"))

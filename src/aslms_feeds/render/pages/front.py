"""The pages of the whole site, which belong to no series: the front page, and the page where there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import translate
from aslms_feeds.editions.addresses import Addresses
from aslms_feeds.editions.language import load_language
from aslms_feeds.publication.manifest import HTML, INDEX_PAGE, NOT_FOUND_PAGE, Document
from aslms_feeds.render.images.posters import ShareImage
from aslms_feeds.render.pages.assets import assets, icon_path
from aslms_feeds.render.pages.frame import Page, opml_path, site_url
from aslms_feeds.render.pages.links import local
from aslms_feeds.render.pages.templates import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.editions.language import Language
    from aslms_feeds.render.pages.bundle import BundleView
    from aslms_feeds.render.pages.summary import Teaser


def site_pages(
    publisher: Publisher,
    series: Sequence[Mapping[str, Teaser]],
    bundles: Mapping[str, Sequence[BundleView]] | None = None,
) -> list[Document]:
    """Return the front page in every language, and its assets.

    ``series`` holds the :func:`~aslms_feeds.render.pages.series.teasers` of each, ``bundles`` those of each language.
    """
    made = list(assets())
    addresses = Addresses(publisher.base_url, "", publisher.languages[0])
    languages = [load_language(tag) for tag in publisher.languages]
    for language in languages:
        _ = language.gettext
        name = translate(publisher.name, publisher.names, language.tag)
        cards = [one[language.tag] for one in series if language.tag in one]
        page = Page(
            title=name,
            heading=name,
            description=_("Race calendars and news to subscribe to, kept up to date."),
            url=site_url(addresses, language),
            alternates=tuple((other, site_url(addresses, other)) for other in languages),
            site=name,
            assets=f"{local(publisher.base_url)}/",
            icon=f"{publisher.base_url}/{icon_path()}",
            footer=((opml_path(publisher.base_url), _("All feeds as one OPML file")),),
            image=_image(cards),
        )
        several = bundles.get(language.tag, ()) if bundles else ()
        body = render("front.html", language, page=page, series=cards, bundles=several)
        made.append(Document(addresses.path(language.tag, INDEX_PAGE), HTML, body))
    made.append(_not_found(publisher, series, languages))
    return made


def _image(cards: Sequence[Teaser]) -> ShareImage | None:
    """Return the picture of the site: that of its series, where it has but one."""
    held = [ShareImage(one.image_url, one.image_alt) for one in cards]
    return held[0] if len(held) == 1 and held[0].url else None


def _not_found(publisher: Publisher, series: Sequence[Mapping[str, Teaser]], languages: Sequence[Language]) -> Document:
    """Return the page for addresses at which there is nothing, in every language at once: nobody knows which is asked.

    It is sent from any depth, so every link in it begins at the root of the host.
    """
    first = languages[0]
    addresses = Addresses(publisher.base_url, "", first.tag)
    _ = first.gettext
    page = Page(
        title=_("There is nothing at this address"),
        heading=_("There is nothing at this address"),
        description=_("The address may be misspelt, or not public yet."),
        url=f"{publisher.base_url}/{NOT_FOUND_PAGE}",
        alternates=(),
        site=translate(publisher.name, publisher.names, first.tag),
        assets=f"{local(publisher.base_url)}/",
        icon=f"{publisher.base_url}/{icon_path()}",
        footer=((opml_path(publisher.base_url), _("All feeds as one OPML file")),),
    )
    homes = [_home(one, local(site_url(addresses, one))) for one in languages]
    cards = [one[first.tag] for one in series if first.tag in one]
    return Document(NOT_FOUND_PAGE, HTML, render("404.html", first, page=page, homes=homes, series=cards))


def _home(language: Language, url: str) -> tuple[Language, str, str, str]:
    """Return a language with what it says where there is nothing, and how it leads to its front page."""
    _ = language.gettext
    return language, _("There is nothing at this address"), url, _("To the front page")

"""The items that subscribers are told: as drafts in every language, and dated by the ledger in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from aslms_feeds.editions import markup
from aslms_feeds.editions.stories import Story, escape_markdown
from aslms_feeds.identity import digest, make_tag_uri
from aslms_feeds.ledger.stamps import Offer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from aslms_feeds.definitions.model import SeriesFiles
    from aslms_feeds.definitions.values import What
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.ledger import Ledger

FeedName = Literal["news", "changes", "results", "everything"]
FEED_NAMES: tuple[FeedName, ...] = ("news", "changes", "results", "everything")


@dataclass(frozen=True)
class Item:
    """One thing subscribers are told, in one language."""

    key: str
    """Unique in the series, the same in every language: ``2023-24/news/calendar``."""
    id: str
    """A tag URI, with the language in it (RFC 4151)."""
    season: str
    event: str
    """The event it is about; empty for none."""
    what: What | None
    """The type of fact; None for an announcement."""
    title: str
    """Plain text, one line."""
    markdown: str
    url: str
    """The address it was told with, for ever: some readers take another one for another item."""
    page: str
    """The address of what it tells today."""
    categories: tuple[str, ...]
    """Sorted."""
    feeds: frozenset[FeedName]
    published: datetime | None
    """None: on pages only."""
    updated: datetime | None
    translated: bool
    """Whether its words are in its language; else they are in the first one."""

    def digest(self) -> str:
        """Return a digest of all a feed shows of it."""
        dates = (str(self.published), str(self.updated))
        return digest(self.id, self.title, self.markdown, self.url, *dates, *self.categories)

    @cached_property
    def html(self) -> str:
        """A sanitised fragment with absolute links."""
        return markup.render_html(self.markdown)

    @cached_property
    def text(self) -> str:
        """The same as plain text."""
        return markup.render_plain(self.markdown)


@dataclass(frozen=True)
class Draft:
    """An item before it is dated: what it says in every language."""

    key: str
    season: str
    event: str
    what: What | None
    stories: Mapping[str, Story]
    pages: Mapping[str, str]
    categories: Mapping[str, tuple[str, ...]]
    feeds: frozenset[FeedName]
    published: datetime | None
    """The date to publish it under, if it is new; None: on pages only."""
    sources: tuple[str, ...] = ()

    def offer(self, published: datetime) -> Offer:
        """Return it as it would be published, with a digest of what it says; where it is read is no part of that."""
        digests = {tag: digest(story.title, story.text, *self.sources) for tag, story in self.stories.items()}
        return Offer(published, digests, self.categories, self.pages)


def date_drafts(
    drafts: Iterable[Draft], ledger: Ledger, files: SeriesFiles, addresses: Addresses, language: Language
) -> tuple[Item, ...]:
    """Return a season's items in one language, newest first, those without a date last."""
    publisher = files.publisher
    items = []
    for draft in drafts:
        story = draft.stories[language.tag]
        dating = ledger.items.get(draft.key) if draft.published else None
        text = story.text + _write_source_line(draft, language)
        items.append(
            Item(
                key=draft.key,
                id=make_tag_uri(publisher.identity, publisher.tag_date, language.tag, files.lasting_id, draft.key),
                season=draft.season,
                event=draft.event,
                what=draft.what,
                title=story.title,
                markdown=text,
                url=addresses.url((dating and dating.pages.get(language.tag)) or draft.pages[language.tag]),
                page=addresses.url(draft.pages[language.tag]),
                categories=(dating and dating.categories.get(language.tag)) or draft.categories[language.tag],
                feeds=draft.feeds,
                published=dating.published if dating else None,
                updated=dating.updated if dating else None,
                translated=story.translated,
            )
        )
    return tuple(sorted(items, key=sort_newest_first))


def _write_source_line(draft: Draft, language: Language) -> str:
    if not draft.sources:
        return ""
    links = language.commas(
        f"[{escape_markdown(_name_site(url))}]({url.replace('(', '%28').replace(')', '%29')})" for url in draft.sources
    )
    line = language.gettext("Source: %(links)s", links=links)
    return f"\n\n{line}"


def _name_site(url: str) -> str:
    return url.split("/")[2].removeprefix("www.")


def sort_newest_first(item: Item) -> tuple[float, str]:
    """Return the key that sorts items by their date, those without one last."""
    return (-item.published.timestamp() if item.published else float("inf"), item.key)

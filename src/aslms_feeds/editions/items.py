"""What the feeds tell: items, the feeds that carry them, and the words of each in every language.

An item comes from a fact the ledger saw, from history in the definitions, or from an announcement, an entry list, a
result or a title. What has no date is on pages only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from aslms_feeds.definitions.times import event_days
from aslms_feeds.definitions.values import What, translated
from aslms_feeds.editions import labels, markup
from aslms_feeds.editions.addresses import INDEX
from aslms_feeds.editions.fact_texts import FactWriter
from aslms_feeds.editions.item_texts import ItemWriter
from aslms_feeds.editions.stories import Story, escape_markdown
from aslms_feeds.identity import digest, tag_uri
from aslms_feeds.ledger.history import collect_facts
from aslms_feeds.ledger.ledger import Offer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.results import NewsItem
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.facts import Fact
    from aslms_feeds.ledger.ledger import Ledger

FeedName = Literal["news", "changes", "results", "everything"]
FEEDS: tuple[FeedName, ...] = ("news", "changes", "results", "everything")


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
        return markup.html(self.markdown)

    @cached_property
    def text(self) -> str:
        """The same as plain text."""
        return markup.plain(self.markdown)


@dataclass(frozen=True)
class Feed:
    """One feed in one language: the same items, ids and order in every format."""

    name: FeedName
    language: str
    direction: str
    """``ltr`` or ``rtl``."""
    id: str
    """A tag URI."""
    title: str
    description: str
    page_url: str
    """The HTML page behind it."""
    atom_url: str
    rss_url: str
    json_url: str
    icon_url: str
    """A square PNG, 512 pixels wide."""
    author: str
    items: tuple[Item, ...]
    """Newest first; every one has a date."""
    updated: datetime
    """When the newest change of an item was (RFC 4287 section 4.2.15)."""
    hub: str | None = None
    """The WebSub hub, where there is one."""
    archive: bool = False
    """Whether this is an archive document (RFC 5005 section 4), which never changes but for corrections."""
    previous_archive: str | None = None
    """The address, in the same format, of the next older archive: has the file name left open as ``{file}``."""
    next_archive: str | None = None
    """The address of the next newer archive, with ``{file}``."""
    current: str | None = None
    """For an archive: the address of the feed that people subscribe to, with ``{file}``."""

    def digest(self) -> str:
        """Return a digest of all that its documents show."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "items"}
        return digest(*(f"{name}={value}" for name, value in values.items()), *(one.digest() for one in self.items))


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
        said = {tag: digest(story.title, story.text, *self.sources) for tag, story in self.stories.items()}
        return Offer(published, said, self.categories, self.pages)


NEWSWORTHY = frozenset(
    {What.ADDED, What.MOVED, What.PLACE_CHANGED, What.CANCELLED, What.POSTPONED, What.REINSTATED, What.CALENDAR_CHANGED}
)
"""Changes that the news feed carries too: who plans to be there must hear of them."""
_WEIGHTS = (
    What.ANNOUNCED,
    What.CANCELLED,
    What.POSTPONED,
    What.REINSTATED,
    What.MOVED,
    What.PLACE_CHANGED,
    What.ADDED,
    What.RETIMED,
    What.TIME_CONFIRMED,
    What.CALENDAR_CHANGED,
    What.CLASS_ADDED,
    What.CLASS_DROPPED,
    What.RENAMED,
    What.ORGANISER_CHANGED,
    What.ENTRY_LIST,
    What.RESULT,
    What.CHAMPION,
)
RECENT = timedelta(days=2)
"""What is published within this time of its own date carries the second it was published; older things their date."""


def drafts(
    files: SeriesFiles,
    season: SeasonFiles,
    ledger: Ledger,
    addresses: Addresses,
    languages: Sequence[Language],
    now: datetime,
) -> tuple[Draft, ...]:
    """Return every item of a season, not yet dated."""
    writer = _Writer(files, season, ledger, addresses, tuple(languages), now)
    return tuple(writer.news() + writer.facts() + writer.entry_lists() + writer.results() + writer.champions())


@dataclass(frozen=True)
class _Writer:
    files: SeriesFiles
    season: SeasonFiles
    ledger: Ledger
    addresses: Addresses
    languages: tuple[Language, ...]
    now: datetime

    def news(self) -> list[Draft]:
        found = []
        for item in self.season.news.news:
            stories = {one.tag: self._announcement(item, one) for one in self.languages}
            found.append(
                self._draft(
                    f"news/{item.id}",
                    stories,
                    event=item.events[0] if len(item.events) == 1 else "",
                    anchor=("", f"news-{item.id}"),
                    classes=item.classes,
                    feeds=("results",) if item.spoils else ("news",),
                    published=self._dated(item.on),
                    sources=item.sources,
                )
            )
        return found

    def _announcement(self, item: NewsItem, language: Language) -> Story:
        text = translated(item.text, item.texts, language.tag)
        if item.origin:
            text += "\n\n" + language.gettext("Reported by %(origin)s.", origin=escape_markdown(item.origin))
        own = language.tag == self.languages[0].tag or language.tag in item.texts
        return Story(translated(item.title, item.titles, language.tag), text, translated=own)

    def facts(self) -> list[Draft]:
        together: dict[str, list[Fact]] = {}
        for fact in collect_facts(self.season, self.files, self.ledger):
            # A result, a title and an entry list are told by items of their own.
            if fact.told_in.startswith("change/"):
                together.setdefault(fact.told_in, []).append(fact)
        return [self._facts(key, sorted(facts, key=_weight)) for key, facts in together.items()]

    def entry_lists(self) -> list[Draft]:
        found = []
        for one in self.season.entries.lists:
            stories = {
                language.tag: ItemWriter(self.files, self.season, language).write_entry_list(one)
                for language in self.languages
            }
            found.append(
                self._draft(
                    f"entries/{one.id}",
                    stories,
                    event=one.event or "",
                    anchor=(one.event or "", f"entries-{one.id}"),
                    what=What.ENTRY_LIST,
                    feeds=("news",),
                    published=self._dated(one.on, live=True),
                    sources=one.sources,
                )
            )
        return found

    def results(self) -> list[Draft]:
        found = []
        for one in self.season.results.results:
            stories = {
                language.tag: ItemWriter(self.files, self.season, language).write_result(one)
                for language in self.languages
            }
            found.append(
                self._draft(
                    f"result/{self._lasting(one.event, one.session)}",
                    stories,
                    event=one.event,
                    anchor=(one.event, "results"),
                    what=What.RESULT,
                    feeds=("results",),
                    published=self._dated(one.on or self._last_day(one.event, one.session), live=True),
                    sources=one.sources,
                )
            )
        return found

    def _lasting(self, event_id: str, session_id: str) -> str:
        """Return an event and a session by the first ids they ever had."""
        event = self.season.season.event_called(event_id)
        session = event.session_called(session_id) if event else None
        return f"{event.lasting_id if event else event_id}/{session.lasting_id if session else session_id}"

    def champions(self) -> list[Draft]:
        found = []
        for one in self.season.results.champions:
            if not (one.drivers or one.team):
                continue  # A title whose winner is not known is on pages and in the data.
            stories = {
                language.tag: ItemWriter(self.files, self.season, language).write_champion(one)
                for language in self.languages
            }
            found.append(
                self._draft(
                    f"champion/{one.key}",
                    stories,
                    event="",
                    anchor=("", "results"),
                    what=What.CHAMPION,
                    classes=(one.race_class,) if one.race_class else (),
                    feeds=("results",),
                    published=self._dated(one.on or self._season_end(), live=True),
                    sources=one.sources,
                )
            )
        return found

    def _facts(self, key: str, facts: Sequence[Fact]) -> Draft:
        """Return the item that tells facts of one event, the weightiest first."""
        fact = facts[0]
        about = self.season.season.event_called(fact.event)
        feeds: tuple[FeedName, ...] = ("changes",)
        if any(one.what in NEWSWORTHY for one in facts):
            feeds = ("changes", "news")
        if fact.what is What.ANNOUNCED:
            feeds = ("news",)
        place = f"entries-{fact.session}" if fact.what is What.ENTRY_LIST else fact.session if fact.event else ""
        dates = [date for one in facts if (date := one.at or self._dated(one.on))]
        return self._draft(
            key,
            {
                language.tag: FactWriter(self.files, self.season, language).write_facts(facts)
                for language in self.languages
            },
            event=about.id if about else fact.event,
            anchor=(about.id if about else fact.event, place if len(facts) == 1 else ""),
            what=fact.what,
            feeds=feeds,
            published=max(dates, default=None),
            sources=tuple(dict.fromkeys(url for one in facts for url in one.sources)),
        )

    def _draft(  # noqa: PLR0913 - an item has this many sides
        self,
        key: str,
        stories: Mapping[str, Story],
        *,
        event: str,
        anchor: tuple[str, str],
        feeds: Sequence[FeedName],
        published: datetime | None,
        what: What | None = None,
        classes: Sequence[str] = (),
        sources: Sequence[str] = (),
    ) -> Draft:
        page, fragment = anchor
        parts = [self.season.id, *([page] if page else [])]
        if self.season.season.kind == "forerunner":
            parts, fragment = ["history"], self.season.id
        end = f"#{fragment}" if fragment else ""
        return Draft(
            key=f"{self.season.lasting_id}/{key}",
            season=self.season.id,
            event=event,
            what=what,
            stories=stories,
            pages={one.tag: self.addresses.page(one.tag, *parts).removesuffix(INDEX) + end for one in self.languages},
            categories={one.tag: self._categories(one, event, what, classes) for one in self.languages},
            feeds=frozenset((*feeds, "everything")),
            published=published,
            sources=tuple(sources),
        )

    def _categories(self, language: Language, event: str, what: What | None, classes: Sequence[str]) -> tuple[str, ...]:
        names = {labels.season_name(self.season.season, language)}
        names.update(labels.class_names(classes, self.files.series, language))
        if about := self.season.season.event_called(event):
            names.add(labels.event_name(about, language))
        names.add(labels.what_name(what, language) if what else language.gettext("News"))
        return tuple(sorted(names))

    def _dated(self, day: date | None, *, live: bool = False) -> datetime | None:
        """Return the date of an item that is known by its day.

        Without one it has none, unless the season runs and it came up while it did (``live``).
        """
        if day is None:
            return self.now if live and not self.ledger.backfilled else None
        midnight = datetime.combine(day, time(), UTC)
        return self.now if abs(self.now - midnight) < RECENT or midnight > self.now else midnight

    def _last_day(self, event_id: str, session_id: str) -> date | None:
        event = self.season.season.event_called(event_id)
        session = event.session_called(session_id) if event else None
        if session is None or session.start is None:
            return None
        return session.start.date() if isinstance(session.start, datetime) else session.start

    def _season_end(self) -> date | None:
        days = [found[1] for event in self.season.season.events if (found := event_days(event))]
        return max(days, default=None) if self.ledger.backfilled else None


def _weight(fact: Fact) -> tuple[int, str, str]:
    """Return how facts of one item are sorted: what decides whether to travel comes first."""
    return _WEIGHTS.index(fact.what), fact.session, fact.id


def items(
    written: Iterable[Draft], ledger: Ledger, files: SeriesFiles, addresses: Addresses, language: Language
) -> tuple[Item, ...]:
    """Return a season's items in one language, newest first, those without a date last."""
    publisher = files.publisher
    made = []
    for draft in written:
        story = draft.stories[language.tag]
        dating = ledger.items.get(draft.key) if draft.published else None
        text = story.text + _source_line(draft, language)
        made.append(
            Item(
                key=draft.key,
                id=tag_uri(publisher.identity, publisher.tag_date, language.tag, files.lasting_id, draft.key),
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
    return tuple(sorted(made, key=_newest_first))


def _source_line(draft: Draft, language: Language) -> str:
    if not draft.sources:
        return ""
    links = language.commas(
        f"[{escape_markdown(_site(url))}]({url.replace('(', '%28').replace(')', '%29')})" for url in draft.sources
    )
    line = language.gettext("Source: %(links)s", links=links)
    return f"\n\n{line}"


def _site(url: str) -> str:
    return url.split("/")[2].removeprefix("www.")


def _newest_first(item: Item) -> tuple[float, str]:
    return (-item.published.timestamp() if item.published else float("inf"), item.key)


def feeds(
    files: SeriesFiles,
    told: Mapping[str, Sequence[Item]],
    addresses: Addresses,
    language: Language,
    *,
    over: Sequence[str],
    opened: datetime,
    icon_url: str,
    published: Collection[str] = (),
) -> list[tuple[str, Feed]]:
    """Return every feed of a series in one language, with the folder of each.

    ``told`` holds the items by season in order of time, ``over`` the seasons that are archived once a feed is full,
    ``opened`` the date of a feed that has no item yet; an archive that is among the ``published`` paths goes on.
    """
    made: list[tuple[str, Feed]] = []
    for name in FEEDS:
        carried = {
            season: [one for one in held if name in one.feeds and one.published] for season, held in told.items()
        }
        everything = sorted((one for held in carried.values() for one in held), key=_newest_first)
        limit = files.publisher.feeds.items
        full = len(everything) > limit
        archived = [
            season
            for season in over
            if carried.get(season) and (full or f"{addresses.feed(language.tag, name, season)}/atom.xml" in published)
        ]
        folders = [addresses.feed(language.tag, name, season) for season in archived]
        shape = _Shape(files, addresses, language, name, opened, icon_url)
        current = addresses.path(language.tag, name)
        newest = folders[-1] if folders else None
        made.append((current, shape.feed(current, everything[:limit], previous=newest)))
        for index, (season, folder) in enumerate(zip(archived, folders, strict=True)):
            feed = shape.feed(
                folder,
                carried[season],
                previous=folders[index - 1] if index else None,
                following=folders[index + 1] if index + 1 < len(folders) else None,
            )
            made.append((folder, replace(feed, archive=True, current=addresses.url(f"{current}/{{file}}"))))
    return made


@dataclass(frozen=True)
class _Shape:
    files: SeriesFiles
    addresses: Addresses
    language: Language
    name: FeedName
    opened: datetime
    icon_url: str

    def feed(
        self, folder: str, held: Sequence[Item], *, previous: str | None = None, following: str | None = None
    ) -> Feed:
        publisher, tag = self.files.publisher, self.language.tag
        title, description = describe(self.name, self.files, self.language)
        dates = [one.updated for one in held if one.updated]
        return Feed(
            name=self.name,
            language=tag,
            direction=self.language.direction,
            id=tag_uri(publisher.identity, publisher.tag_date, tag, self.files.lasting_id, "feed", self.name),
            title=title,
            description=description,
            page_url=self.addresses.page_url(tag, *(["changes"] if self.name == "changes" else [])),
            atom_url=self.addresses.url(f"{folder}/atom.xml"),
            rss_url=self.addresses.url(f"{folder}/rss.xml"),
            json_url=self.addresses.url(f"{folder}/feed.json"),
            icon_url=self.icon_url,
            author=publisher.names.get(tag, publisher.name),
            items=tuple(sorted(held, key=_newest_first)),
            updated=max(dates, default=self.opened),
            hub=publisher.feeds.hub,
            previous_archive=self.addresses.url(f"{previous}/{{file}}") if previous else None,
            next_archive=self.addresses.url(f"{following}/{{file}}") if following else None,
        )


def describe(name: FeedName, files: SeriesFiles, language: Language) -> tuple[str, str]:
    """Return the title and the description of a feed of a series."""
    return described(name, labels.series_name(files.series, language), language)


def described(name: FeedName, series: str, language: Language) -> tuple[str, str]:
    """Return the title and the description of a feed of what is called so: a series, or several in one."""
    _ = language.gettext
    match name:
        case "news":
            return _("%(series)s: news", series=series), _("Announcements and what changes your plans. No results.")
        case "changes":
            return _("%(series)s: changes", series=series), _("Every change of the calendar and timetable. No results.")
        case "results":
            return _("%(series)s: results", series=series), _("Results, titles and race reports.")
        case "everything":
            return _("%(series)s: everything", series=series), _("News, changes and results in one feed.")

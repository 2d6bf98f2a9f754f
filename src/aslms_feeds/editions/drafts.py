"""What could be told of a season, before it is dated: its facts, announcements, entry lists, results and titles.

What has no date is on pages only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import find_event_days
from aslms_feeds.definitions.values import What, translate
from aslms_feeds.editions import labels
from aslms_feeds.editions.fact_texts import FactWriter
from aslms_feeds.editions.item_texts import ItemWriter
from aslms_feeds.editions.items import Draft
from aslms_feeds.editions.stories import Story, escape_markdown
from aslms_feeds.ledger.history import collect_facts
from aslms_feeds.publication.manifest import INDEX_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.results import NewsItem
    from aslms_feeds.editions.addresses import Addresses
    from aslms_feeds.editions.items import FeedName
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.facts import Fact
    from aslms_feeds.ledger.ledger import Ledger

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


def write_drafts(
    files: SeriesFiles,
    season: SeasonFiles,
    ledger: Ledger,
    addresses: Addresses,
    languages: Sequence[Language],
    now: datetime,
) -> tuple[Draft, ...]:
    """Return every item of a season, not yet dated."""
    writer = _DraftWriter(files, season, ledger, addresses, tuple(languages), now)
    return (
        *writer.write_news(),
        *writer.write_facts(),
        *writer.write_entry_lists(),
        *writer.write_results(),
        *writer.write_champions(),
    )


@dataclass(frozen=True)
class _DraftWriter:
    """Writes the drafts of one season."""

    files: SeriesFiles
    season: SeasonFiles
    ledger: Ledger
    addresses: Addresses
    languages: tuple[Language, ...]
    now: datetime

    def write_news(self) -> Iterator[Draft]:
        for item in self.season.news.news:
            yield self._make_draft(
                f"news/{item.id}",
                {language.tag: self._write_announcement(item, language) for language in self.languages},
                event=item.events[0] if len(item.events) == 1 else "",
                anchor=("", f"news-{item.id}"),
                classes=item.classes,
                feeds=("results",) if item.spoils else ("news",),
                published=self._find_date(item.on),
                sources=item.sources,
            )

    def _write_announcement(self, item: NewsItem, language: Language) -> Story:
        text = translate(item.text, item.texts, language.tag)
        if item.origin:
            text += "\n\n" + language.gettext("Reported by %(origin)s.", origin=escape_markdown(item.origin))
        is_translated = language.tag == self.languages[0].tag or language.tag in item.texts
        return Story(translate(item.title, item.titles, language.tag), text, translated=is_translated)

    def write_facts(self) -> Iterator[Draft]:
        facts_by_item: dict[str, list[Fact]] = {}
        for fact in collect_facts(self.season, self.files, self.ledger):
            # A result, a title and an entry list are told by items of their own.
            if fact.item_key.startswith("change/"):
                facts_by_item.setdefault(fact.item_key, []).append(fact)
        for key, facts in facts_by_item.items():
            yield self._write_facts(key, sorted(facts, key=_weigh))

    def _write_facts(self, key: str, facts: Sequence[Fact]) -> Draft:
        """Return the item that tells facts of one event, the weightiest first."""
        fact = facts[0]
        event = self.season.season.find_event(fact.event)
        event_id = event.id if event else fact.event
        place = f"entries-{fact.session}" if fact.what is What.ENTRY_LIST else fact.session if fact.event else ""
        dates = [date for fact in facts if (date := fact.at or self._find_date(fact.on))]
        return self._make_draft(
            key,
            {
                language.tag: FactWriter(self.files, self.season, language).write_facts(facts)
                for language in self.languages
            },
            event=event_id,
            anchor=(event_id, place if len(facts) == 1 else ""),
            what=fact.what,
            feeds=_choose_feeds(facts),
            published=max(dates, default=None),
            sources=tuple(dict.fromkeys(url for fact in facts for url in fact.sources)),
        )

    def write_entry_lists(self) -> Iterator[Draft]:
        for entry_list in self.season.entries.lists:
            yield self._make_draft(
                f"entries/{entry_list.id}",
                {language.tag: self._item_writer(language).write_entry_list(entry_list) for language in self.languages},
                event=entry_list.event or "",
                anchor=(entry_list.event or "", f"entries-{entry_list.id}"),
                what=What.ENTRY_LIST,
                feeds=("news",),
                published=self._find_date(entry_list.on, live=True),
                sources=entry_list.sources,
            )

    def write_results(self) -> Iterator[Draft]:
        for result in self.season.results.results:
            lasting_ids = self.season.season.find_lasting_ids(result.event, result.session)
            yield self._make_draft(
                f"result/{'/'.join(lasting_ids)}",
                {language.tag: self._item_writer(language).write_result(result) for language in self.languages},
                event=result.event,
                anchor=(result.event, "results"),
                what=What.RESULT,
                feeds=("results",),
                published=self._find_date(result.on or self._find_day(result.event, result.session), live=True),
                sources=result.sources,
            )

    def write_champions(self) -> Iterator[Draft]:
        for champion in self.season.results.champions:
            if not (champion.drivers or champion.team):
                continue  # A title whose winner is not known is on pages and in the data.
            yield self._make_draft(
                f"champion/{champion.key}",
                {language.tag: self._item_writer(language).write_champion(champion) for language in self.languages},
                event="",
                anchor=("", "results"),
                what=What.CHAMPION,
                classes=(champion.race_class,) if champion.race_class else (),
                feeds=("results",),
                published=self._find_date(champion.on or self._find_season_end(), live=True),
                sources=champion.sources,
            )

    def _item_writer(self, language: Language) -> ItemWriter:
        return ItemWriter(self.files, self.season, language)

    def _make_draft(  # noqa: PLR0913 - an item has this many sides
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
            pages={
                language.tag: self.addresses.page(language.tag, *parts).removesuffix(INDEX_PAGE) + end
                for language in self.languages
            },
            categories={
                language.tag: self._list_categories(language, event, what, classes) for language in self.languages
            },
            feeds=frozenset((*feeds, "everything")),
            published=published,
            sources=tuple(sources),
        )

    def _list_categories(
        self, language: Language, event_id: str, what: What | None, classes: Sequence[str]
    ) -> tuple[str, ...]:
        names = {labels.name_season(self.season.season, language)}
        names.update(labels.name_classes(classes, self.files.series, language))
        if event := self.season.season.find_event(event_id):
            names.add(labels.name_event(event, language))
        names.add(labels.name_change(what, language) if what else language.gettext("News"))
        return tuple(sorted(names))

    def _find_date(self, day: date | None, *, live: bool = False) -> datetime | None:
        """Return the date of an item that is known by its day.

        Without one it has none, unless the season runs and it came up while it did (``live``).
        """
        if day is None:
            return self.now if live and not self.ledger.backfilled else None
        midnight = datetime.combine(day, time(), UTC)
        return self.now if abs(self.now - midnight) < RECENT or midnight > self.now else midnight

    def _find_day(self, event_id: str, session_id: str) -> date | None:
        event = self.season.season.find_event(event_id)
        session = event.find_session(session_id) if event else None
        if session is None or session.start is None:
            return None
        return session.start.date() if isinstance(session.start, datetime) else session.start

    def _find_season_end(self) -> date | None:
        last_days = [days[1] for event in self.season.season.events if (days := find_event_days(event))]
        return max(last_days, default=None) if self.ledger.backfilled else None


def _choose_feeds(facts: Sequence[Fact]) -> tuple[FeedName, ...]:
    """Return the feeds of an item that tells facts, the weightiest first."""
    if facts[0].what is What.ANNOUNCED:
        return ("news",)
    return ("changes", "news") if any(fact.what in NEWSWORTHY for fact in facts) else ("changes",)


def _weigh(fact: Fact) -> tuple[int, str, str]:
    """Return how facts of one item are sorted: what decides whether to travel comes first."""
    return _WEIGHTS.index(fact.what), fact.session, fact.id

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
    from collections.abc import Mapping, Sequence

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
        text = translate(item.text, item.texts, language.tag)
        if item.origin:
            text += "\n\n" + language.gettext("Reported by %(origin)s.", origin=escape_markdown(item.origin))
        own = language.tag == self.languages[0].tag or language.tag in item.texts
        return Story(translate(item.title, item.titles, language.tag), text, translated=own)

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
        event = self.season.season.find_event(event_id)
        session = event.find_session(session_id) if event else None
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
        about = self.season.season.find_event(fact.event)
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
            pages={
                one.tag: self.addresses.page(one.tag, *parts).removesuffix(INDEX_PAGE) + end for one in self.languages
            },
            categories={one.tag: self._categories(one, event, what, classes) for one in self.languages},
            feeds=frozenset((*feeds, "everything")),
            published=published,
            sources=tuple(sources),
        )

    def _categories(self, language: Language, event: str, what: What | None, classes: Sequence[str]) -> tuple[str, ...]:
        names = {labels.season_name(self.season.season, language)}
        names.update(labels.class_names(classes, self.files.series, language))
        if about := self.season.season.find_event(event):
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
        event = self.season.season.find_event(event_id)
        session = event.find_session(session_id) if event else None
        if session is None or session.start is None:
            return None
        return session.start.date() if isinstance(session.start, datetime) else session.start

    def _season_end(self) -> date | None:
        days = [found[1] for event in self.season.season.events if (found := find_event_days(event))]
        return max(days, default=None) if self.ledger.backfilled else None


def _weight(fact: Fact) -> tuple[int, str, str]:
    """Return how facts of one item are sorted: what decides whether to travel comes first."""
    return _WEIGHTS.index(fact.what), fact.session, fact.id

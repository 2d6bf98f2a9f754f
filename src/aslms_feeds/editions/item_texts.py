"""How entry lists, results and titles are told in the feeds, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.editions import labels
from aslms_feeds.editions.language import join_texts
from aslms_feeds.editions.stories import Story, StoryWriter, escape_markdown

if TYPE_CHECKING:
    from aslms_feeds.definitions.results import Champion, EntryList, Result, Winner


class ItemWriter(StoryWriter):
    """Writes the items of a season's entry lists, results and titles."""

    def write_entry_list(self, entry_list: EntryList) -> Story:
        """Return how an entry list is told."""
        _ = self.language.gettext
        count = entry_list.count if entry_list.count is not None else len(entry_list.entries)
        about = self.event_name(entry_list.event) if entry_list.event else self.season_name()
        title = self.language.ngettext(
            "%(about)s: entry list with one car", "%(about)s: entry list with %(n)s cars", count, about=about
        )
        counts = entry_list.counts or _count_classes(entry_list)
        lines = [
            f"- {self.language.labelled(escape_markdown(name), str(counts[race_class.id]))}"
            for race_class in self.files.series.classes
            if race_class.id in counts
            for name in labels.name_classes([race_class.id], self.files.series, self.language)
        ]
        text = "\n".join([_("On the list, by class:"), "", *lines]) if lines else title
        return Story(title, f"{text}\n\n{escape_markdown(entry_list.note)}" if entry_list.note else text)

    def write_result(self, result: Result) -> Story:
        """Return how a result is told."""
        _ = self.language.gettext
        race = self.subject_name(result.event, result.session)
        crew = name_crew(result.overall) if result.overall else ""
        title = _("%(race)s, won by %(winner)s", race=race, winner=crew) if crew else _("%(race)s: result", race=race)
        lines = [self._describe_winner(_("Overall"), result.overall)] if result.overall else []
        for winner in result.winners:
            class_name = labels.name_class(winner.race_class, self.files.series, self.language)
            lines.append(self._describe_winner(class_name, winner))
        text = "\n".join(lines)
        return Story(title, f"{text}\n\n{escape_markdown(result.note)}" if result.note else text)

    def write_champion(self, champion: Champion) -> Story:
        """Return how a title is told."""
        _ = self.language.gettext
        series, language = self.files.series, self.language
        name = champion.title or labels.name_class(champion.race_class or "", series, language)
        winner = language.listing(champion.drivers) if champion.drivers else champion.team or ""
        title = _("%(season)s, %(name)s: %(winner)s", season=self.season_name(), name=name, winner=winner)
        facts = [(_("Drivers"), language.commas(champion.drivers)), (_("Team"), champion.team or "")]
        if champion.number:
            facts.append((_("Number"), f"#{champion.number}"))
        facts.append((_("Car"), champion.car or ""))
        text = "\n".join(f"- {language.labelled(label, escape_markdown(value))}" for label, value in facts if value)
        return Story(title, f"{text}\n\n{escape_markdown(champion.note)}" if champion.note else text)

    def _describe_winner(self, label: str, winner: Winner) -> str:
        _ = self.language.gettext
        details = [name_crew(winner), winner.car or "", self.language.commas(winner.drivers)]
        # Translators: a winner's team, car and drivers.
        text = join_texts(details, lambda first, following: _("%(first)s; %(next)s", first=first, next=following))
        return f"- {self.language.labelled(escape_markdown(label), escape_markdown(text))}"


def _count_classes(entry_list: EntryList) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in entry_list.entries:
        counts[entry.race_class] = counts.get(entry.race_class, 0) + 1
    return counts


def name_crew(winner: Winner) -> str:
    """Return a team and its number: 99 Racing #99."""
    return f"{winner.team or ''} #{winner.number}".strip() if winner.number else winner.team or ""

"""How facts, entry lists, results and titles are told, in a language: a headline and a Markdown text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.model import What, translated
from aslms_feeds.definitions.times import Precision, local
from aslms_feeds.editions import labels
from aslms_feeds.editions.language import joined
from aslms_feeds.instants import parse_moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from aslms_feeds.definitions.model import (
        Champion,
        EntryList,
        Event,
        Result,
        SeasonFiles,
        SeriesFiles,
        Session,
        Winner,
    )
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.facts import Fact


@dataclass(frozen=True)
class Story:
    """A headline, plain, and a text, in Markdown."""

    title: str
    text: str
    translated: bool = True
    """Whether it is in the language it was asked for; else it is in the first one."""


@dataclass(frozen=True)
class Teller:
    """Tells the stories of one season in one language."""

    files: SeriesFiles
    season: SeasonFiles
    language: Language

    def fact(self, fact: Fact) -> Story:
        """Return how a fact is told."""
        parts = [self._change(fact), escaped(translated(fact.why, dict(fact.whys), self.language.tag))]
        if fact.on_basis == "reported":
            parts.append(self.language.gettext("The date is that of the report."))
        title = self._subject(fact)
        return Story(title, "\n\n".join(filter(None, parts)) or escaped(title))

    def facts(self, facts: Sequence[Fact]) -> Story:
        """Return how the facts of one item are told, the weightiest first; one alone is told in full."""
        if len(facts) == 1:
            return self.fact(facts[0])
        _ = self.language.gettext
        name = facts[0].about.get(self.language.tag) or self._event_name(facts[0].event)
        kinds = dict.fromkeys(labels.what_name(fact.what, self.language) for fact in facts)
        # Translators: what happened to one thing at once: Moved · New venue.
        changes = joined(kinds, lambda one, more: _("%(first)s · %(next)s", first=one, next=more))
        title = _("%(name)s: %(changes)s", name=name, changes=changes)
        stories = [(self._subject(fact), self.fact(fact).text) for fact in facts]
        blocks = [f"**{escaped(headline)}**\n\n{text}" for headline, text in stories]
        return Story(title, "\n\n".join(blocks))

    def entry_list(self, entry_list: EntryList) -> Story:
        """Return how an entry list is told."""
        _ = self.language.gettext
        count = entry_list.count if entry_list.count is not None else len(entry_list.entries)
        about = self._event_name(entry_list.event) if entry_list.event else self._season_name()
        title = self.language.ngettext(
            "%(about)s: entry list with one car", "%(about)s: entry list with %(n)s cars", count, about=about
        )
        counts = entry_list.counts or _counted(entry_list)
        lines = [
            f"- {self.language.labelled(escaped(name), str(counts[race_class.id]))}"
            for race_class in self.files.series.classes
            if race_class.id in counts
            for name in labels.class_names([race_class.id], self.files.series, self.language)
        ]
        text = "\n".join([_("On the list, by class:"), "", *lines]) if lines else title
        return Story(title, f"{text}\n\n{escaped(entry_list.note)}" if entry_list.note else text)

    def result(self, result: Result) -> Story:
        """Return how a result is told."""
        _ = self.language.gettext
        race = self._name(result.event, result.session)
        winner = crew(result.overall) if result.overall else ""
        title = (
            _("%(race)s, won by %(winner)s", race=race, winner=winner) if winner else _("%(race)s: result", race=race)
        )
        lines = [self._winner(_("Overall"), result.overall)] if result.overall else []
        names = {one: labels.class_name(one.race_class, self.files.series, self.language) for one in result.winners}
        lines += [self._winner(name, one) for one, name in names.items()]
        text = "\n".join(lines)
        return Story(title, f"{text}\n\n{escaped(result.note)}" if result.note else text)

    def champion(self, champion: Champion) -> Story:
        """Return how a title is told."""
        _ = self.language.gettext
        series, language = self.files.series, self.language
        name = champion.title or labels.class_name(champion.race_class or "", series, language)
        winner = language.listing(champion.drivers) if champion.drivers else champion.team or ""
        title = _("%(season)s, %(name)s: %(winner)s", season=self._season_name(), name=name, winner=winner)
        facts = [(_("Drivers"), language.commas(champion.drivers)), (_("Team"), champion.team or "")]
        if champion.number:
            facts.append((_("Number"), f"#{champion.number}"))
        facts.append((_("Car"), champion.car or ""))
        text = "\n".join(f"- {language.labelled(label, escaped(value))}" for label, value in facts if value)
        return Story(title, f"{text}\n\n{escaped(champion.note)}" if champion.note else text)

    def _winner(self, label: str, winner: Winner) -> str:
        _ = self.language.gettext
        details = [crew(winner), winner.car or "", self.language.commas(winner.drivers)]
        # Translators: a winner's team, car and drivers.
        said = joined(details, lambda one, more: _("%(first)s; %(next)s", first=one, next=more))
        return f"- {self.language.labelled(escaped(label), escaped(said))}"

    def _season_name(self) -> str:
        return labels.season_name(self.season.season, self.language)

    def _event(self, event_id: str) -> Event | None:
        return self.season.season.event_called(event_id)

    def _event_name(self, event_id: str) -> str:
        event = self._event(event_id)
        return labels.event_name(event, self.language) if event else event_id

    def _session(self, event_id: str, session_id: str) -> Session | None:
        event = self._event(event_id)
        return event.session_called(session_id) if event else None

    def _name(self, event_id: str, session_id: str) -> str:
        if not event_id:
            return self._season_name()
        name = self._event_name(event_id)
        session = self._session(event_id, session_id) if session_id else None
        if session is None:
            return name
        own = labels.session_name(session, self.files.series, self.language)
        return self.language.gettext("%(event)s: %(session)s", event=name, session=own)

    def _subject(self, fact: Fact) -> str:
        """Return the headline."""
        _ = self.language.gettext
        # The session of an entry list's fact is the list.
        now = self._name(fact.event, "" if fact.what is What.ENTRY_LIST else fact.session)
        name = fact.names.get(self.language.tag) or now
        race_class = labels.class_name(fact.after or fact.before, self.files.series, self.language)
        day = self._first_day(fact.after, fact.timezone)
        match fact.what:
            case What.ANNOUNCED:
                return _("%(name)s announced", name=name)
            case What.ADDED:
                return _("New: %(name)s", name=name)
            case What.MOVED:
                return _("%(name)s moved to %(day)s", name=name, day=day) if day else _("%(name)s moved", name=name)
            case What.RETIMED:
                return self._retimed(name, fact)
            case What.TIME_CONFIRMED:
                return self._confirmed(name, fact)
            case What.PLACE_CHANGED:
                return _("%(name)s: new venue", name=name)
            case What.RENAMED:
                return _("%(name)s: new name", name=name)
            case What.CANCELLED:
                return _("%(name)s is cancelled", name=name)
            case What.POSTPONED:
                return _("%(name)s is postponed", name=name)
            case What.REINSTATED:
                return _("%(name)s is back on", name=name)
            case What.CLASS_ADDED:
                return _("%(name)s: with %(race_class)s", name=name, race_class=race_class)
            case What.CLASS_DROPPED:
                return _("%(name)s: without %(race_class)s", name=name, race_class=race_class)
            case What.ENTRY_LIST:
                return _("%(name)s: entry list changed", name=name)
            case _:
                return _("%(name)s: %(changes)s", name=name, changes=labels.what_name(fact.what, self.language))

    def _confirmed(self, name: str, fact: Fact) -> str:
        _ = self.language.gettext
        if _known(fact.after) is Precision.TIME:
            return _("%(name)s: time confirmed", name=name)
        if fact.session:
            return _("%(name)s: the day is confirmed", name=name)
        # An event or a season that had no days had nothing to confirm.
        return _("%(name)s confirmed", name=name) if fact.before == fact.after else self._retimed(name, fact)

    def _retimed(self, name: str, fact: Fact) -> str:
        """Return the headline of a step on the ladder from a race meeting's days to a time, or back."""
        _ = self.language.gettext
        if fact.before == fact.after:
            return _("%(name)s is provisional again", name=name)
        match _known(fact.before), _known(fact.after):
            case Precision.TIME, Precision.TIME:
                return _("%(name)s: new time", name=name)
            case _, Precision.TIME:
                return _("%(name)s: provisional time", name=name)
            case Precision.TIME, Precision.DAY:
                return _("%(name)s: the time is open again", name=name)
            case _, Precision.EVENT if fact.session:
                return _("%(name)s: the day is open again", name=name)
            case _, Precision.DAY:
                return _("%(name)s: the day is known", name=name)
            case _:
                return _("%(name)s: the days are known", name=name)

    def _change(self, fact: Fact) -> str:
        _ = self.language.gettext
        before, after = self._value(fact, fact.before), self._value(fact, fact.after)
        match fact.what:
            case What.ANNOUNCED:
                return self._announced(fact)
            case What.ENTRY_LIST:
                lines = [_("Out: %(car)s", car=escaped(car)) for car in fact.before.split("; ") if car]
                lines += [_("In: %(car)s", car=escaped(car)) for car in fact.after.split("; ") if car]
                return "\n".join(f"- {line}" for line in lines)
            case What.CANCELLED if _moments(fact.before):
                return _("It was to be on %(before)s.", before=before)
            case What.POSTPONED if _moments(fact.before) and after:
                return _("It was to be on %(before)s; the new date is %(after)s.", before=before, after=after)
            case What.POSTPONED if _moments(fact.before):
                return _("It was to be on %(before)s. The new date is not known yet.", before=before)
            case What.RETIMED if before and before == after:
                return _("It was confirmed before: %(after)s.", after=after)
            case _ if before and after and before != after:
                return _("Before: %(before)s. Now: %(after)s.", before=before, after=after)
            case _ if after or before:
                what = labels.what_name(fact.what, self.language)
                # Translators: a type of change, and what it led to: New venue: Sepang.
                return _("%(what)s: %(value)s.", what=what, value=after or before)
            case _:
                return ""

    def _announced(self, fact: Fact) -> str:
        _ = self.language.gettext
        lines = []
        for part in fact.after.split(";"):
            event, _equals, days = part.partition("=")
            if event:
                name = escaped(fact.about.get(f"{self.language.tag}/{event}") or self._event_name(event))
                held = self._interval(days, fact.timezone) if days else ""
                lines.append(f"- {self.language.labelled(name, held) if held else name}")
        if not lines:
            classes = labels.class_names(self.season.season.classes, self.files.series, self.language)
            text = _("The calendar is to be announced.")
            taking_part = _("Classes: %(classes)s", classes=escaped(self.language.commas(classes)))
            return f"{text}\n\n{taking_part}" if classes else text
        return "\n".join(lines)

    def _value(self, fact: Fact, value: str) -> str:
        """Return what something was or became, in words."""
        match fact.what:
            case What.PLACE_CHANGED:
                return escaped(self._place(value))
            case What.CLASS_ADDED | What.CLASS_DROPPED:
                return escaped(labels.class_name(value, self.files.series, self.language)) if value else ""
            case _:
                return self._interval(value, fact.timezone)

    def _place(self, circuit_id: str) -> str:
        """Return the name of a circuit by any id it has or had: a statement holds the first one ever."""
        for name, circuit in self.files.circuits.items():
            if circuit_id in (name, *circuit.formerly):
                return translated(circuit.name, circuit.names, self.language.tag)
        return circuit_id

    def _interval(self, value: str, timezone: str) -> str:
        moments = _moments(value)
        if not moments:
            return escaped(value)
        shown = [local(moment, timezone) for moment in moments]
        first, last = shown[0], shown[-1]
        if isinstance(first, datetime):
            if not isinstance(last, datetime) or last == first:
                return self._time(first)
            if first.date() == last.date() and first.utcoffset() == last.utcoffset():
                return self._time(first, until=last)
            return self.language.span(self._time(first), self._time(last))
        end = last - timedelta(days=1) if len(shown) > 1 and last > first else last
        return self.language.days(first, end) if end != first else self.language.day(first)

    def _time(self, value: datetime, until: datetime | None = None) -> str:
        """Return a time, or a time of one day from and until, by the circuit's clock and in UTC."""
        language = self.language
        at_circuit = language.day_and_time(language.day(value.date()), self._clocks(value, until))
        if value.tzinfo is None:
            return at_circuit
        utc = value.astimezone(UTC)
        in_utc = self._clocks(utc, until.astimezone(UTC) if until else None)
        if utc.date() != value.date():
            in_utc = language.day_and_time(language.short_day(utc.date()), in_utc)
        return language.gettext("%(local)s at the circuit (%(utc)s UTC)", local=at_circuit, utc=in_utc)

    def _clocks(self, value: datetime, until: datetime | None) -> str:
        clock = self.language.clock(value)
        return self.language.span(clock, self.language.clock(until)) if until else clock

    def _first_day(self, value: str, timezone: str) -> str:
        moments = _moments(value)
        if not moments:
            return ""
        day = local(moments[0], timezone)
        return self.language.short_day(day.date() if isinstance(day, datetime) else day)


def _moments(value: str) -> list[datetime | date]:
    try:
        return [parse_moment(part) for part in value.split("/") if part]
    except ValueError:
        return []


def _known(value: str) -> Precision | None:
    """Return how much of a start a fact's value tells; None for nothing."""
    if not value:
        return None
    if "T" in value:
        return Precision.TIME
    return Precision.EVENT if "/" in value else Precision.DAY


def _counted(entry_list: EntryList) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in entry_list.entries:
        counts[entry.race_class] = counts.get(entry.race_class, 0) + 1
    return counts


def crew(winner: Winner) -> str:
    """Return a team and its number: 99 Racing #99."""
    return f"{winner.team or ''} #{winner.number}".strip() if winner.number else winner.team or ""


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows it unchanged (CommonMark section 2.4)."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+-.!|~&" else char for char in text)

"""How facts are told in the feeds, in one language: what changed, from what to what, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import Precision, to_local
from aslms_feeds.definitions.values import What, translate
from aslms_feeds.editions import labels
from aslms_feeds.editions.language import join_texts
from aslms_feeds.editions.stories import Story, StoryWriter, escape_markdown
from aslms_feeds.ledger.values import AnnouncedCalendar, Cars, Place, RaceClassId, When

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aslms_feeds.ledger.facts import Fact
    from aslms_feeds.ledger.values import FactValue


class FactWriter(StoryWriter):
    """Writes the items of a season's facts."""

    def write_fact(self, fact: Fact) -> Story:
        """Return how a fact is told."""
        parts = [self._describe_change(fact), escape_markdown(translate(fact.why, dict(fact.whys), self.language.tag))]
        if fact.on_basis == "reported":
            parts.append(self.language.gettext("The date is that of the report."))
        title = self._write_headline(fact)
        return Story(title, "\n\n".join(filter(None, parts)) or escape_markdown(title))

    def write_facts(self, facts: Sequence[Fact]) -> Story:
        """Return how the facts of one item are told, the weightiest first; one alone is told in full."""
        if len(facts) == 1:
            return self.write_fact(facts[0])
        _ = self.language.gettext
        name = facts[0].about.get(self.language.tag) or self.event_name(facts[0].event)
        kinds = dict.fromkeys(labels.name_change(fact.what, self.language) for fact in facts)
        # Translators: what happened to one thing at once: Moved · New venue.
        changes = join_texts(kinds, lambda first, following: _("%(first)s · %(next)s", first=first, next=following))
        title = _("%(name)s: %(changes)s", name=name, changes=changes)
        stories = [(self._write_headline(fact), self.write_fact(fact).text) for fact in facts]
        blocks = [f"**{escape_markdown(headline)}**\n\n{text}" for headline, text in stories]
        return Story(title, "\n\n".join(blocks))

    def _write_headline(self, fact: Fact) -> str:
        """Return the headline."""
        _ = self.language.gettext
        # The session of an entry list's fact is the list.
        now = self.subject_name(fact.event, "" if fact.what is What.ENTRY_LIST else fact.session)
        name = fact.names.get(self.language.tag) or now
        race_class = labels.name_class(str(fact.after or fact.before or ""), self.files.series, self.language)
        day = self._describe_first_day(fact.after, fact.timezone)
        match fact.what:
            case What.ANNOUNCED:
                return _("%(name)s announced", name=name)
            case What.ADDED:
                return _("New: %(name)s", name=name)
            case What.MOVED:
                return _("%(name)s moved to %(day)s", name=name, day=day) if day else _("%(name)s moved", name=name)
            case What.RETIMED:
                return self._write_retimed(name, fact)
            case What.TIME_CONFIRMED:
                return self._write_confirmed(name, fact)
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
                return _("%(name)s: %(changes)s", name=name, changes=labels.name_change(fact.what, self.language))

    def _write_confirmed(self, name: str, fact: Fact) -> str:
        _ = self.language.gettext
        if _find_precision(fact.after) is Precision.TIME:
            return _("%(name)s: time confirmed", name=name)
        if fact.session:
            return _("%(name)s: the day is confirmed", name=name)
        # An event or a season that had no days had nothing to confirm.
        return _("%(name)s confirmed", name=name) if fact.before == fact.after else self._write_retimed(name, fact)

    def _write_retimed(self, name: str, fact: Fact) -> str:
        """Return the headline of a step on the ladder from a race meeting's days to a time, or back."""
        _ = self.language.gettext
        if fact.before == fact.after:
            return _("%(name)s is provisional again", name=name)
        match _find_precision(fact.before), _find_precision(fact.after):
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

    def _describe_change(self, fact: Fact) -> str:
        _ = self.language.gettext
        before, after = (self._describe_value(value, fact.timezone) for value in (fact.before, fact.after))
        match fact.what:
            case What.ANNOUNCED:
                return self._list_announced(fact)
            case What.ENTRY_LIST:
                lines = [_("Out: %(car)s", car=escape_markdown(car)) for car in _list_cars(fact.before)]
                lines += [_("In: %(car)s", car=escape_markdown(car)) for car in _list_cars(fact.after)]
                return "\n".join(f"- {line}" for line in lines)
            case What.CANCELLED if isinstance(fact.before, When):
                return _("It was to be on %(before)s.", before=before)
            case What.POSTPONED if isinstance(fact.before, When) and after:
                return _("It was to be on %(before)s; the new date is %(after)s.", before=before, after=after)
            case What.POSTPONED if isinstance(fact.before, When):
                return _("It was to be on %(before)s. The new date is not known yet.", before=before)
            case What.RETIMED if before and before == after:
                return _("It was confirmed before: %(after)s.", after=after)
            case _ if before and after and before != after:
                return _("Before: %(before)s. Now: %(after)s.", before=before, after=after)
            case _ if after or before:
                what = labels.name_change(fact.what, self.language)
                # Translators: a type of change, and what it led to: New venue: Sepang.
                return _("%(what)s: %(value)s.", what=what, value=after or before)
            case _:
                return ""

    def _list_announced(self, fact: Fact) -> str:
        _ = self.language.gettext
        lines = []
        for event, days in fact.after.events if isinstance(fact.after, AnnouncedCalendar) else ():
            if event:
                name = escape_markdown(fact.about.get(f"{self.language.tag}/{event}") or self.event_name(event))
                interval = self._describe_value(days, fact.timezone)
                lines.append(f"- {self.language.labelled(name, interval) if interval else name}")
        if not lines:
            classes = labels.name_classes(self.season.season.classes, self.files.series, self.language)
            text = _("The calendar is to be announced.")
            taking_part = _("Classes: %(classes)s", classes=escape_markdown(self.language.commas(classes)))
            return f"{text}\n\n{taking_part}" if classes else text
        return "\n".join(lines)

    def _describe_value(self, value: FactValue | None, timezone: str) -> str:
        """Return what something was or became, in words."""
        match value:
            case None:
                return ""
            case When():
                return self._describe_interval(value, timezone)
            case Place(circuit):
                return escape_markdown(self._name_place(circuit))
            case RaceClassId(race_class):
                return escape_markdown(labels.name_class(race_class, self.files.series, self.language))
            case _:
                return escape_markdown(str(value))

    def _name_place(self, circuit_id: str) -> str:
        """Return the name of a circuit by any id it has or had: a statement holds the first one ever."""
        for name, circuit in self.files.circuits.items():
            if circuit_id in (name, *circuit.formerly):
                return translate(circuit.name, circuit.names, self.language.tag)
        return circuit_id

    def _describe_interval(self, when: When, timezone: str) -> str:
        first = to_local(when.start, timezone)
        last = first if when.end is None else to_local(when.end, timezone)
        if isinstance(first, datetime):
            if not isinstance(last, datetime) or last == first:
                return self._describe_time(first)
            if first.date() == last.date() and first.utcoffset() == last.utcoffset():
                return self._describe_time(first, until=last)
            return self.language.span(self._describe_time(first), self._describe_time(last))
        end = last - timedelta(days=1) if last > first else last
        return self.language.days(first, end) if end != first else self.language.day(first)

    def _describe_time(self, value: datetime, until: datetime | None = None) -> str:
        """Return a time, or a time of one day from and until, by the circuit's clock and in UTC."""
        language = self.language
        at_circuit = language.day_and_time(language.day(value.date()), self._describe_clocks(value, until))
        if value.tzinfo is None:
            return at_circuit
        utc = value.astimezone(UTC)
        in_utc = self._describe_clocks(utc, until.astimezone(UTC) if until else None)
        if utc.date() != value.date():
            in_utc = language.day_and_time(language.short_day(utc.date()), in_utc)
        return language.gettext("%(local)s at the circuit (%(utc)s UTC)", local=at_circuit, utc=in_utc)

    def _describe_clocks(self, value: datetime, until: datetime | None) -> str:
        clock = self.language.clock(value)
        return self.language.span(clock, self.language.clock(until)) if until else clock

    def _describe_first_day(self, value: FactValue | None, timezone: str) -> str:
        if not isinstance(value, When):
            return ""
        day = to_local(value.start, timezone)
        return self.language.short_day(day.date() if isinstance(day, datetime) else day)


def _list_cars(value: FactValue | None) -> list[str]:
    return [car for car in value.cars if car] if isinstance(value, Cars) else []


def _find_precision(value: FactValue | None) -> Precision | None:
    """Return how much of a start a fact's value tells; None for nothing."""
    match value:
        case None:
            return None
        case When():
            return value.precision
        case _:
            # Words were taken by these letters when the first of them were told, and what was told keeps its headline.
            text = str(value)
            return Precision.TIME if "T" in text else Precision.EVENT if "/" in text else Precision.DAY

"""The ledger's own proof: each small lie put into ``ledger`` or ``facts`` is found out by what is checked here."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import aslms_feeds
from aslms_feeds.definitions.values import What
from aslms_feeds.errors import PublicationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

SOURCE = Path(aslms_feeds.__file__).parent
MODULES = {
    "instants": "instants",
    "values": "ledger.values",
    "facts": "ledger.facts",
    "stamps": "ledger.stamps",
    "json_format": "ledger.json_format",
    "ledger": "ledger.ledger",
}
"""Each imports those before it."""

NOW = datetime(2030, 1, 1, 12, 0, 0, 987_654, tzinfo=UTC)
WHOLE = NOW.replace(microsecond=0)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
LATER = WHOLE + HOUR
SEASON = "2030.trial@example.org"
RACE, PARIS_RACE, PRACTICE = f"race.okayama.{SEASON}", f"race.paris.{SEASON}", f"practice.okayama.{SEASON}"
OKAYAMA, PARIS = f"okayama.{SEASON}", f"paris.{SEASON}"


class Mutant(NamedTuple):
    """One lie."""

    module: str
    old: str
    """What the source says; it must say so once."""
    new: str
    """What the mutant says."""


MUTANTS = {
    "SEQUENCE with every change": Mutant(
        "stamps", "sequence=old.sequence + significant,", "sequence=old.sequence + 1,"
    ),
    "SEQUENCE never": Mutant("stamps", "sequence=old.sequence + significant,", "sequence=old.sequence,"),
    "SEQUENCE only for what is not significant": Mutant(
        "stamps",
        "statement.significant != old.statement.significant",
        "statement.significant == old.statement.significant",
    ),
    "stamps follow a clock that goes back": Mutant(
        "stamps", "last_modified=max(now, old.last_modified + ONE_SECOND),", "last_modified=now,"
    ),
    "two changes within a second have one stamp": Mutant(
        "stamps",
        "last_modified=max(now, old.last_modified + ONE_SECOND),",
        "last_modified=max(now, old.last_modified),",
    ),
    "stamps ignore the clock": Mutant(
        "stamps",
        "last_modified=max(now, old.last_modified + ONE_SECOND),",
        "last_modified=old.last_modified + ONE_SECOND,",
    ),
    "changes are not counted": Mutant("stamps", "count=old.count + 1,", "count=old.count,"),
    "what says the same is stamped": Mutant("stamps", "if statement.says_the_same_as(old.statement):", "if False:"),
    "what says the same keeps an old language": Mutant(
        "stamps", "return replace(old, statement=statement)", "return old"
    ),
    "a new component starts at one": Mutant(
        "stamps", "Revision(statement=statement, sequence=0,", "Revision(statement=statement, sequence=1,"
    ),
    "a fraction of a second is stamped": Mutant(
        "instants", "value.astimezone(UTC).replace(microsecond=0)", "value.astimezone(UTC)"
    ),
    "stamps in the zone of the machine": Mutant(
        "instants", "value.astimezone(UTC).replace(microsecond=0)", "value.replace(microsecond=0)"
    ),
    "things may vanish": Mutant("ledger", "if missing := self.find_vanished(statements):", "if missing := {}:"),
    "nothing is ever missed": Mutant("ledger", "if uid not in statements}", "if uid in ()}"),
    "a first publication is news": Mutant(
        "ledger",
        "[] if first else list(_new_facts(self.revisions, revisions, now))",
        "list(_new_facts(self.revisions, revisions, now))",
    ),
    "no news at all": Mutant("ledger", "[] if first else list(", "[] if True else list("),
    "old facts are forgotten": Mutant(
        "ledger", "revisions=revisions, facts=(*self.facts, *facts)", "revisions=revisions, facts=tuple(facts)"
    ),
    "what has ended makes news": Mutant("ledger", " or earlier.statement.is_over(now):", ":"),
    "what is over when it comes makes news": Mutant(
        "ledger", "not statement.is_over(now) and statement.scope", "statement.scope"
    ),
    "an entry list is added": Mutant("ledger", ' and statement.scope != "entries"', ""),
    "one key for two builds of one second": Mutant("ledger", "        stamp += ONE_SECOND\n", "        break\n"),
    "an item is told under today's id": Mutant(
        "ledger", "change/{parse_uid(uid).names[0]}{_key_ending", "change/{event}{_key_ending"
    ),
    "a fact is called by today's ids": Mutant(
        "ledger",
        '".".join(parse_uid(uid).names)',
        '".".join(filter(None, (statement.session, statement.event)))',
    ),
    "two classes share a fact's id": Mutant("ledger", 'detail = f".{change.after or change.before}"', 'detail = ""'),
    "an item gets a new date with an edit": Mutant(
        "stamps", "return Dating(old.published, updated,", "return Dating(updated, updated,"
    ),
    "an edit of an item is not dated": Mutant("stamps", "if changed else old.updated", "if False else old.updated"),
    "an item is dated anew with a new language": Mutant(
        "stamps",
        "any(offer.texts[tag] != old.texts[tag] for tag in offer.texts.keys() & old.texts.keys())",
        "offer.texts != old.texts",
    ),
    "an item that is not offered is forgotten": Mutant("ledger", "dates = dict(self.items)", "dates = {}"),
    "an edit within a second keeps its date": Mutant(
        "stamps", "max(now, old.updated + ONE_SECOND)", "max(now, old.updated)"
    ),
    "tombstones are not written": Mutant("ledger", '"retired": sorted(self.retired),', '"retired": [],'),
    "what a reason explains is not written": Mutant(
        "ledger", '"reasons": dict(sorted(self.reasons.items())),', '"reasons": {},'
    ),
    "reasons are not remembered": Mutant("ledger", '"changes": sorted(self.changes),', '"changes": [],'),
    "the count is not read": Mutant(
        "json_format", 'int(row["sequence"]), int(row["count"])', 'int(row["sequence"]), 1'
    ),
    "the day of a fact is not written": Mutant("json_format", "fact.on.isoformat() if fact.on else None", "None"),
    "the end of a span is not written": Mutant("json_format", 'format_moment(end) if end else ""', '""'),
    "how a span was worded is not written": Mutant("json_format", '"wording": wording}', '"wording": ""}'),
    "the days of an announced event are not written": Mutant(
        "json_format", '"days": _format_value(days)}', '"days": None}'
    ),
    "a place is read as words": Mutant("json_format", "return Place(circuit)", "return Wording(circuit)"),
    "a class is read as words": Mutant("json_format", "return RaceClassId(race_class)", "return Wording(race_class)"),
    "values of the format before are lost": Mutant(
        "json_format", "parse_value(what, after) if untyped", "None if untyped"
    ),
    "values of the format before are read as words": Mutant(
        "values", "return _parse_when(text)", "return Wording(text)"
    ),
    "what an organiser wrote is published in another form": Mutant(
        "values", "else replace(when, wording=text)", "else when"
    ),
    "a ledger of another format is read": Mutant("ledger", "if written_in not in (UNTYPED, FORMAT):", "if False:"),
    "the end is not significant": Mutant(
        "facts",
        "return self.start, self.end, self.status, self.place",
        'return self.start, "", self.status, self.place',
    ),
    "the place is not significant": Mutant(
        "facts", "return self.start, self.end, self.status, self.place", 'return self.start, self.end, self.status, ""'
    ),
    "the status is not significant": Mutant(
        "facts", "return self.start, self.end, self.status, self.place", 'return self.start, self.end, "", self.place'
    ),
    "a text alone is no change": Mutant(
        "facts", "and all(self.texts[tag] == earlier.texts[tag] for tag in shared)", ""
    ),
    "a new language is a change": Mutant(
        "facts", "and all(self.texts[tag] == earlier.texts[tag] for tag in shared)", "and self.texts == earlier.texts"
    ),
    "classes are no change": Mutant(
        "facts",
        "(self.name, self.precision, self.classes) == (earlier.name, earlier.precision, earlier.classes)",
        "(self.name, self.precision) == (earlier.name, earlier.precision)",
    ),
    "over at the day's beginning in UTC": Mutant(
        "facts", "find_midnight(end, self.timezone)", 'find_midnight(end, "UTC")'
    ),
    "over only after its last second": Mutant("facts", "self.timezone)) <= now", "self.timezone)) < now"),
    "days are those of UTC": Mutant(
        "facts", "value = to_local(parse_moment(text), timezone)", 'value = to_local(parse_moment(text), "UTC")'
    ),
    "cancelled again is news again": Mutant(
        "facts", "if old.status != new.status else renamed", "if True else renamed"
    ),
    "what is back on is only at another time": Mutant("facts", "if old.status in OFF:", "if False:"),
    "class added and dropped are exchanged": Mutant(
        "facts",
        "Transition(What.CLASS_DROPPED, before=RaceClassId(name))",
        "Transition(What.CLASS_ADDED, before=RaceClassId(name))",
    ),
    "the season has a place": Mutant("facts", ' or old.scope == "season":', ":"),
    "an assumed end is news": Mutant(
        "facts",
        "(self.precision == Precision.TIME and self.end_known)",
        "(self.precision == Precision.TIME)",
    ),
    "following the event's days is news": Mutant(
        "facts", "if old.precision == new.precision == Precision.EVENT:", "if False:"
    ),
    "a cancelled event cancels each session aloud": Mutant(
        "facts", "return fact.what is not What.RENAMED and (fact.what, fact.event) in whole_events", "return False"
    ),
    "an event that follows a session has moved": Mutant("facts", "if count < sessions.get(event, 0)}", "if count < 0}"),
    "a cancelled season cancels each event aloud": Mutant(
        "facts", "elif fact.what in _OF_ALL and Transition(fact.what) in season_wide:", "elif False:"
    ),
    "each fact has an item of its own": Mutant("facts", "if counts[fact.event] > 1 else fact", "if False else fact"),
    "a single fact is told as several": Mutant(
        "facts", "if counts[fact.event] > 1 else fact", "if fact.event in items else fact"
    ),
}


# --- What must hold -------------------------------------------------------------------------------------------------


class Program:
    """The modules, true or mutated, and what is said with them."""

    def __init__(self, modules: Mapping[str, ModuleType]) -> None:
        """Speak with these modules."""
        self.values, self.facts = modules["values"], modules["facts"]
        self.stamps, self.ledger = modules["stamps"], modules["ledger"]

    def make_session(self, event="okayama", name="race", **more):
        """Return what a session says."""
        values = {
            "start": "2030-03-02T04:00:00Z",
            "end": "2030-03-02T08:00:00Z",
            "precision": "time",
            "status": "confirmed",
            "place": event,
            "timezone": "Asia/Tokyo",
            "classes": ("proto", "gt"),
            "texts": {"en": "1:a", "fr": "1:b"},
            "names": {"en": name},
        }
        return self.facts.Statement("session", event, name, name, **{**values, **more})

    def make_event(self, event="okayama", **more):
        """Return what a race meeting says."""
        days = {"start": "2030-03-01", "end": "2030-03-03", "precision": "day", "end_known": True}
        return replace(self.make_session(event, **{**days, **more}), scope="event", session="", name=event)

    def make_season(self, **more):
        """Return what the season says."""
        return self.facts.Statement("season", "", "", "The season", status="confirmed", **more)

    def make_cars(self, *teams):
        """Return what the entry list of Okayama says."""
        text = {"": "1:" + ",".join(teams)}
        subject = {str(number): team for number, team in enumerate(teams, 1)}
        return self.facts.Statement("entries", "okayama", "cars", "cars", texts=text, subject=subject)

    def state_all(self, **statements):
        """Return everything the season says, by UID; what differs is given by name."""
        return {
            SEASON: statements.get("season", self.make_season()),
            OKAYAMA: statements.get("okayama", self.make_event()),
            PARIS: statements.get("paris", self.make_event("paris")),
            RACE: statements.get("race", self.make_session()),
            PRACTICE: statements.get("practice", self.make_session(name="practice", start="2030-03-01T04:00:00Z")),
            PARIS_RACE: statements.get("paris_race", self.make_session("paris")),
        }

    def publish(self, statements=None, *, now=NOW):
        """Return the ledger after a first publication."""
        empty = self.ledger.open_ledger("2030", minted="example.org,2029-12-01", now=now, backfilled=False)
        return empty.revise(statements or self.state_all(), now=now)

    def list_facts(self, before, after, *, now=LATER):
        """Return the facts of one build by type, event and session."""
        return [(fact.what, fact.event, fact.session) for fact in self.publish(before).revise(after, now=now).facts]

    def make_offer(self, day, **texts):
        """Return an item that is offered for a feed."""
        return self.stamps.Offer(day, texts, dict.fromkeys(texts, ("News",)))


def first_publication(p: Program) -> None:
    """Start with SEQUENCE 0, revision 1 and stamps in whole seconds of UTC, without news."""
    ledger = p.publish(now=NOW.astimezone(datetime.fromisoformat("2030-01-01T00:00+09:00").tzinfo))
    assert ledger.facts == ()
    for revision in ledger.revisions.values():
        assert (revision.sequence, revision.count) == (0, 1)
        assert revision.created.isoformat() == revision.last_modified.isoformat() == WHOLE.isoformat()
    assert ledger.opened.isoformat() == WHOLE.isoformat()


CHANGES = [
    ({"start": "2030-03-02T05:00:00Z"}, 1),
    ({"end": "2030-03-02T09:00:00Z"}, 1),
    ({"status": "cancelled"}, 1),
    ({"place": "paris"}, 1),
    ({"classes": ("gt",)}, 0),
    ({"precision": "day"}, 0),
    ({"texts": {"en": "1:x", "fr": "1:b"}}, 0),
    ({"texts": {"en": "1:a", "fr": "1:x"}}, 0),
]
CLOCKS = [NOW - 9 * HOUR, NOW, NOW + SECOND / 4, LATER]


def stamps(p: Program) -> None:
    """Count in SEQUENCE what is significant; LAST-MODIFIED moves with any change, strictly on; the rest stays."""
    for (change, significant), now in product(CHANGES, CLOCKS):
        before = p.publish()
        after = before.revise(p.state_all(race=p.make_session(**change)), now=now)
        old, new = before.revisions[RACE], after.revisions[RACE]
        assert (new.sequence, new.count, new.created) == (old.sequence + significant, 2, old.created)
        assert new.last_modified == max(now.replace(microsecond=0), WHOLE + SECOND)
        assert after.revisions[PARIS_RACE] == before.revisions[PARIS_RACE]
    renamed = (
        p.publish().revise(p.state_all(race=replace(p.make_session(), name="Race One")), now=LATER).revisions[RACE]
    )
    assert (renamed.sequence, renamed.count, renamed.last_modified) == (0, 2, LATER)


def the_same_again(p: Program) -> None:
    """Keep every stamp of what says the same; a language more or less is remembered and is no change."""
    ledger = p.publish()
    assert ledger.revise(p.state_all(), now=LATER) == ledger
    more = p.make_session(texts={"en": "1:a", "fr": "1:b", "ja": "1:c"})
    translated = ledger.revise(p.state_all(race=more), now=LATER)
    assert replace(translated.revisions[RACE], statement=p.make_session()) == ledger.revisions[RACE]
    assert translated.revisions[RACE].statement.texts == more.texts
    changed = translated.revise(p.state_all(race=replace(more, texts={**more.texts, "ja": "1:d"})), now=LATER)
    assert changed.revisions[RACE].last_modified == LATER
    assert (
        translated.revise(p.state_all(race=p.make_session(texts={"ja": "1:c"})), now=LATER)
        .revisions[RACE]
        .last_modified
        == WHOLE
    )


def nothing_vanishes(p: Program) -> None:
    """Refuse what was said and is missing."""
    fewer = {uid: statement for uid, statement in p.state_all().items() if uid != RACE}
    assert list(p.publish().find_vanished(fewer)) == [RACE]
    with pytest.raises(PublicationError, match="would vanish"):
        p.publish().revise(fewer, now=LATER)


def what_is_told(p: Program) -> None:
    """Tell each change as the fact it is, by the circuit's clock; what is off, assumed or only follows is none."""
    day = {"start": "2030-03-02", "end": "2030-03-03", "precision": "day"}
    some_time = {"start": "2030-03-01", "end": "2030-03-03", "precision": "event"}
    later = {"start": "2030-03-01", "end": "2030-03-04", "precision": "event"}
    guessed = {"end_known": False}
    for before, after, types in [
        ({}, {"start": "2030-03-02T05:00:00Z"}, [What.RETIMED]),
        # A quarter to midnight and a quarter past, in Japan.
        ({"start": "2030-03-02T14:45:00Z"}, {"start": "2030-03-02T15:15:00Z"}, [What.MOVED]),
        ({"start": "2030-03-01T23:45:00Z"}, {"start": "2030-03-02T00:15:00Z"}, [What.RETIMED]),
        ({}, {"end": "2030-03-02T09:00:00Z"}, [What.RETIMED]),
        (guessed, {**guessed, "end": "2030-03-02T09:00:00Z"}, []),
        (day, {}, [What.TIME_CONFIRMED]),
        (some_time, later, []),
        ({}, {"place": "paris"}, [What.PLACE_CHANGED]),
        ({}, {"classes": ("gt",)}, [What.CLASS_DROPPED]),
        ({"classes": ("gt",)}, {}, [What.CLASS_ADDED]),
        ({"classes": ("a",)}, {"classes": ("b", "c")}, [What.CLASS_ADDED, What.CLASS_ADDED, What.CLASS_DROPPED]),
        ({}, {"status": "cancelled"}, [What.CANCELLED]),
        ({"status": "cancelled"}, {"status": "cancelled", "start": "2030-03-02T05:00:00Z"}, []),
        ({"status": "postponed"}, {"status": "postponed", "place": "paris"}, []),
        ({"status": "postponed"}, {"start": "2030-03-09T05:00:00Z"}, [What.REINSTATED]),
    ]:
        facts = p.list_facts(p.state_all(race=p.make_session(**before)), p.state_all(race=p.make_session(**after)))
        assert facts == [(what, "okayama", "race") for what in types], (before, after)
    assert p.list_facts(p.state_all(), p.state_all(season=p.make_season(place="x"))) == []
    assert p.list_facts(p.state_all(), p.state_all(season=p.make_season(classes=("gt",)))) == [
        (What.CLASS_ADDED, "", "")
    ]


def what_is_implied(p: Program) -> None:
    """Tell of a cancelled event, or season, once; an event that follows a session has not moved, a moved one has."""
    off = {"status": "cancelled"}
    okayama = {
        "okayama": p.make_event(**off),
        "race": p.make_session(**off),
        "practice": p.make_session(name="practice", **off),
    }
    assert p.list_facts(p.state_all(), p.state_all(**okayama)) == [(What.CANCELLED, "okayama", "")]
    paris = {"paris": p.make_event("paris", **off), "paris_race": p.make_session("paris", **off)}
    whole = p.state_all(season=replace(p.make_season(), status="cancelled"), **okayama, **paris)
    assert p.list_facts(p.state_all(), whole) == [(What.CANCELLED, "", "")]
    day, next_day = {"end": "2030-03-04"}, {"start": "2030-03-03T04:00:00Z", "end": "2030-03-03T08:00:00Z"}
    follows = p.state_all(okayama=p.make_event(**day), race=p.make_session(**next_day))
    assert p.list_facts(p.state_all(), follows) == [(What.MOVED, "okayama", "race")]
    moved = p.state_all(paris=p.make_event("paris", **day), paris_race=p.make_session("paris", **next_day))
    assert p.list_facts(p.state_all(), moved) == [(What.MOVED, "paris", "")]
    renamed = p.state_all(okayama=p.make_event(**off), race=replace(p.make_session(**off), name="Race One"))
    assert (What.RENAMED, "okayama", "race") in p.list_facts(p.state_all(), renamed)


def what_has_ended(p: Program) -> None:
    """Correct what has ended, and take what has ended already, without news: to the second, by the midnight there."""
    moved = p.state_all(race=p.make_session(start="2030-03-02T04:30:00Z"))
    ends = datetime(2030, 3, 2, 8, tzinfo=UTC)
    assert p.list_facts(p.state_all(), moved, now=ends - SECOND) == [(What.RETIMED, "okayama", "race")]
    assert p.list_facts(p.state_all(), moved, now=ends) == []
    assert p.publish().revise(moved, now=ends).revisions[RACE].sequence == 1
    night = datetime(2030, 3, 2, 15, tzinfo=UTC)  # midnight in Japan
    of_a_day = {"end": "2030-03-03", "precision": "day"}
    days = [p.state_all(race=p.make_session(start=start, **of_a_day)) for start in ("2030-03-02", "2030-03-01")]
    assert p.list_facts(*days, now=night - SECOND) == [(What.MOVED, "okayama", "race")]
    assert p.list_facts(*days, now=night) == []
    first = {uid: statement for uid, statement in p.state_all().items() if uid != RACE}
    assert p.list_facts(first, p.state_all(), now=ends - SECOND) == [(What.ADDED, "okayama", "race")]
    assert p.list_facts(first, p.state_all(), now=ends) == []


def entry_lists(p: Program) -> None:
    """Tell who left a list and who came; one that is new has an item of its own."""
    before = {**p.state_all(), f"cars.entries.{SEASON}": p.make_cars("Ant", "Bee")}
    after = {**p.state_all(), f"cars.entries.{SEASON}": p.make_cars("Ant", "Cat")}
    assert p.list_facts(p.state_all(), before) == []
    (fact,) = p.publish(before).revise(after, now=LATER).facts
    assert (fact.what, str(fact.before), str(fact.after)) == (What.ENTRY_LIST, "#2 Bee", "#2 Cat")


def names_of_facts(p: Program) -> None:
    """Give no two facts one id and no two builds one item, whatever ids and clocks do; what was told stays."""
    ledger = p.publish()
    starts = [f"2030-03-02T04:0{minute}:00Z" for minute in range(1, 5)]
    for number, start in enumerate(starts):
        # Two sessions change in each build; the event is called something else each time.
        event = {"event": "okayama" if number < 2 else "paris"}
        statements = p.state_all(
            okayama=replace(p.make_event(), **event),
            race=replace(p.make_session(start=start, classes=(f"a{number}", f"b{number}")), **event),
            practice=replace(p.make_session(name="practice", start=start), **event),
            paris=replace(p.make_event("paris"), event="paris" if number < 2 else "okayama"),
            paris_race=replace(
                p.make_session("paris", start=start, place=f"p{number}"), event="paris" if number < 2 else "okayama"
            ),
        )
        before, ledger = ledger, ledger.revise(statements, now=NOW - number * HOUR)
        fresh = ledger.facts[len(before.facts) :]
        assert ledger.facts[: len(before.facts)] == before.facts
        assert fresh
        assert not {fact.item_key for fact in before.facts} & {fact.item_key for fact in fresh}
        # Of a UID there is no other owner, of the names made from it neither.
        for fact in fresh:
            first_ids = (
                {"okayama": "okayama", "paris": "paris"} if number < 2 else {"okayama": "paris", "paris": "okayama"}
            )
            assert f"{first_ids[fact.event]}." in fact.id
            assert f"change/{first_ids[fact.event]}.changes." in fact.item_key
        assert len({(fact.item_key, fact.event) for fact in fresh}) == len({fact.item_key for fact in fresh}) == 2
    assert len({fact.id for fact in ledger.facts}) == len(ledger.facts)
    # Two builds of one second, each with two changes of one session of Okayama.
    race = p.make_session(start=starts[0], classes=("gt",))
    once = p.publish().revise(p.state_all(race=race), now=LATER)
    twice = once.revise(p.state_all(race=race, practice=p.make_session(name="practice", classes=("gt",))), now=LATER)
    assert [fact.at for fact in twice.facts] == [LATER] * 4
    assert [fact.item_key for fact in twice.facts[:2]] != [fact.item_key for fact in twice.facts[2:]]
    (alone,) = p.publish().revise(p.state_all(race=p.make_session(start=starts[1])), now=LATER).facts
    assert (alone.item, alone.item_key) == ("", f"change/{alone.id}")


def dates_of_items(p: Program) -> None:
    """Keep the date of an item; its update moves strictly with an edit, not with a language; none is forgotten."""
    day = WHOLE - 99 * HOUR
    first = p.publish().date_items({"a": p.make_offer(day, en="1"), "b": p.make_offer(day, en="1")}, now=NOW)
    assert (first.items["a"].published, first.items["a"].updated) == (day, day)
    more = first.date_items({"a": p.make_offer(LATER, en="1", fr="1")}, now=LATER)
    assert (more.items["a"].published, more.items["a"].updated) == (day, day)
    assert more.items.get("b") == first.items["b"]
    edited = more.date_items({"a": p.make_offer(LATER, en="2")}, now=LATER)
    assert (edited.items["a"].published, edited.items["a"].updated) == (day, LATER)
    assert edited.items["a"].texts == {"en": "2", "fr": "1"}
    for now in (LATER, NOW - 9 * HOUR):
        again = edited.date_items({"a": p.make_offer(LATER, en="3")}, now=now)
        assert again.items["a"].updated == LATER + SECOND


def reading_and_writing(p: Program) -> None:
    """Lose nothing by writing and reading back; another format is refused."""
    result = p.facts.Fact("x", What.RESULT, on=date(2030, 1, 1), sources=("https://example.org",))
    ledger = p.publish().revise(
        p.state_all(race=p.make_session(place="paris"), paris_race=p.make_session("paris", status="cancelled")),
        now=LATER,
    )
    ledger = ledger.add_facts(result).date_items({"a": p.make_offer(NOW, en="1")}, now=NOW)
    ledger = replace(ledger, retired=frozenset({RACE}), changes=frozenset({"moved"}), reasons={"moved": "x"})
    text = ledger.to_json()
    assert p.ledger.read_ledger(text) == ledger
    assert p.ledger.read_ledger(text).to_json() == text
    with pytest.raises(PublicationError, match="has format 99"):
        p.ledger.read_ledger(text.replace(b'"format": 2', b'"format": 99'))


PUBLISHED_VALUES = {
    What.MOVED: ("2030-03-02", "2030-03-02T04:00:00Z/2030-03-02T08:00:00Z"),
    What.RETIMED: ("2030-03-02T13:00:00+09:00", "in spring"),
    What.PLACE_CHANGED: ("okayama", "paris"),
    What.RENAMED: ("Race 1", "Race One"),
    What.CLASS_ADDED: ("", "gt"),
    What.CLASS_DROPPED: ("proto", ""),
    What.ENTRY_LIST: ("#2 Bee; #3 Cat", "#2 Dog"),
    What.ANNOUNCED: ("", "okayama=2030-03-01/2030-03-04;paris="),
}


def values_of_facts(p: Program) -> None:
    """Write what was and became with its type, read it back, and publish it as it always was."""
    facts = [
        p.facts.Fact(
            what.value, what, before=p.values.parse_value(what, before), after=p.values.parse_value(what, after)
        )
        for what, (before, after) in PUBLISHED_VALUES.items()
    ]
    ledger = p.publish().add_facts(*facts)
    assert p.ledger.read_ledger(ledger.to_json()) == ledger
    published = {
        fact.what: tuple(p.values.format_value(value) or "" for value in (fact.before, fact.after)) for fact in facts
    }
    assert published == PUBLISHED_VALUES


def the_format_before(p: Program) -> None:
    """Read a ledger whose facts hold lines as the ledger it is now."""
    facts = [p.facts.Fact(what.value, what) for what in PUBLISHED_VALUES]
    data = json.loads(p.publish().add_facts(*facts).to_json())
    for row in data["facts"]:
        row["before"], row["after"] = PUBLISHED_VALUES[What(row["what"])]
    ledger = p.ledger.read_ledger(json.dumps({**data, "format": 1}).encode())
    assert json.loads(ledger.to_json())["format"] == 2
    assert p.ledger.read_ledger(ledger.to_json()) == ledger
    day, time = date(2030, 3, 2), datetime(2030, 3, 2, 4, tzinfo=UTC)
    moved, retimed, place, name, *_further = ledger.facts
    assert (moved.before, moved.after) == (p.values.When(day), p.values.When(time, time + 4 * HOUR))
    assert (retimed.before.start, retimed.after) == (time, p.values.Wording("in spring"))
    assert (place.after, name.after) == (p.values.Place("paris"), p.values.Wording("Race One"))
    for fact in ledger.facts:
        assert (str(fact.before or ""), str(fact.after or "")) == PUBLISHED_VALUES[fact.what]


CHECKS = (
    first_publication,
    stamps,
    the_same_again,
    nothing_vanishes,
    what_is_told,
    what_is_implied,
    what_has_ended,
    entry_lists,
    names_of_facts,
    dates_of_items,
    reading_and_writing,
    values_of_facts,
    the_format_before,
)


# --- Who says so ----------------------------------------------------------------------------------------------------


def program(monkeypatch: pytest.MonkeyPatch, mutant: Mutant | None = None) -> Program:
    """Return fresh copies of the modules, one of them mutated."""
    modules = {}
    for name, place in MODULES.items():
        path = SOURCE / f"{place.replace('.', '/')}.py"
        text = path.read_text()
        if mutant and mutant.module == name:
            assert text.count(mutant.old) == 1, f"{name}.py says {text.count(mutant.old)} times: {mutant.old}"
            text = text.replace(mutant.old, mutant.new)
        spec = importlib.util.spec_from_file_location(f"aslms_feeds.{place}", path)
        module = importlib.util.module_from_spec(spec)
        # The ledger's copy imports the copy of the facts.
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(text, f"{name}.py", "exec"), module.__dict__)  # noqa: S102 - our own source, with one change
        modules[name] = module
    return Program(modules)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_program_as_it_is_passes(monkeypatch, check):
    """Every check passes with the modules as they are."""
    check(program(monkeypatch))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found_out(monkeypatch, name):
    """At least one check fails with each mutant."""
    mutated = program(monkeypatch, MUTANTS[name])
    for check in CHECKS:
        try:
            check(mutated)
        except (AssertionError, PublicationError, pytest.fail.Exception):
            return
    pytest.fail(f"nothing found out: {name}")

"""Any history of a season's definitions: what subscribers hold after each step is what the season says."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import icalendar
from hypothesis import HealthCheck, assume, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from lxml import etree
from properties.modelled_season import (
    DAY_ONE,
    KINDS,
    Meeting,
    Shown,
    Slot,
    Told,
    Year,
    buried,
    carried,
    changed,
    first_year,
    new_items,
    said,
    would_vanish,
    written,
)

from aslms_feeds.builds import freshness
from aslms_feeds.builds.recipe import Orders, regenerate
from aslms_feeds.builds.recovery import recover, recovered, restore
from aslms_feeds.publication.manifest import MANIFEST
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.publication.stores.split import SplitStore
from seasons import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from properties.modelled_season import Said

    from aslms_feeds.report import Report

PART = "trial"
FEEDS = ("changes", "news", "results", "everything")
FULL = 50
"""Items a feed holds; older ones leave it."""
ATOM = "{http://www.w3.org/2005/Atom}"

indexes = st.integers(0, 9)
days = st.integers(0, 40)
hours = st.integers(8, 20)
statuses = st.sampled_from([None, "provisional", "confirmed", "postponed", "cancelled"])
some_classes = st.sampled_from([(), ("gt",), ("proto",), ("proto", "gt")])
ticks = st.sampled_from(
    [
        timedelta(0),
        timedelta(milliseconds=300),
        timedelta(seconds=1),
        timedelta(hours=3),
        timedelta(days=1, seconds=7),
        timedelta(days=20),
        timedelta(hours=-1),
        timedelta(days=-3),
    ]
)
"""How far the clock moves, back too."""
publishing = st.none() | ticks
"""How far, if an edit is published at once."""


# --- Where it is published ------------------------------------------------------------------------------------------


class InMemory:
    """A publication in memory."""

    def __init__(self) -> None:
        """Start empty."""
        self.store = MemoryStore()

    def damage(self, ledger: bytes | None) -> None:
        """Put something else in the place of the ledger; None takes it away."""
        state = dict(self.store.current(PART).state)
        name = _ledger(state)
        state = {**state, name: ledger} if ledger is not None else {k: v for k, v in state.items() if k != name}
        generation = self.store._generations[PART]
        self.store._generations[PART] = type(generation)(generation.manifest, state)

    def close(self) -> None:
        """Leave nothing behind."""


class OnDisk:
    """A publication in a folder."""

    def __init__(self) -> None:
        """Start empty."""
        self.folder = Path(tempfile.mkdtemp())
        self.store = LocalStore(self.folder / "output")

    def damage(self, ledger: bytes | None) -> None:
        """Put something else in the place of the ledger; None takes it away."""
        (found,) = (self.folder / "output/series/trial/current/state/ledger").iterdir()
        _overwrite(found, ledger)

    def close(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder)


class InTwoFolders:
    """A publication whose documents may be thrown away, and its memory beside it."""

    def __init__(self) -> None:
        """Start empty."""
        self.folder = Path(tempfile.mkdtemp())
        self.store = SplitStore(LocalStore(self.folder / "output"), self.folder / "state")

    def damage(self, ledger: bytes | None) -> None:
        """Put something else in the place of the ledger; None takes it away."""
        (found,) = (self.folder / "state/trial/ledger").iterdir()
        _overwrite(found, ledger)

    def forget(self) -> None:
        """Throw the documents away, as a pipeline's machine does."""
        shutil.rmtree(self.folder / "output")

    def close(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder)


def _ledger(state: Mapping[str, bytes]) -> str:
    (name,) = (path for path in state if path.startswith("ledger/"))
    return name


def _overwrite(path: Path, content: bytes | None) -> None:
    path.unlink()
    if content is not None:
        path.write_bytes(content)


# --- Who reads it ---------------------------------------------------------------------------------------------------


STAMPS = ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE")


@dataclass(frozen=True)
class Read:
    """A VEVENT as somebody holds it."""

    shown: Shown
    stamps: tuple[str, ...]
    """DTSTAMP, LAST-MODIFIED and SEQUENCE as they are written: texts of one length, but for the last."""
    created: str
    sequence: int
    whole: bytes

    @property
    def last_modified(self) -> str:
        """When it was changed last."""
        return self.stamps[1]


@lru_cache(maxsize=32)
def _read(calendar: bytes) -> dict[str, Read]:
    """Return what a calendar file holds, by UID; no UID may be there twice."""
    found: dict[str, Read] = {}
    for event in icalendar.Calendar.from_ical(calendar).walk("VEVENT"):
        uid = str(event["UID"])
        assert uid not in found, uid
        texts = {name: event[name].to_ical().decode() for name in (*STAMPS, "CREATED")}
        found[uid] = Read(
            Shown(event["DTSTART"].dt, event["DTEND"].dt, str(event["SUMMARY"]), str(event["LOCATION"])),
            tuple(texts[name] for name in STAMPS),
            texts["CREATED"],
            int(texts["SEQUENCE"]),
            event.to_ical(),
        )
    return found


def _by_last_modified(old: Read, new: Read) -> bool:
    """ICSx5: a known event is rewritten when its LAST-MODIFIED is later."""
    return new.last_modified > old.last_modified


def _by_stamps(old: Read, new: Read) -> bool:
    """GNOME: a known event is rewritten when its stamps, as one text, are others."""
    return "-".join(new.stamps) != "-".join(old.stamps)


def _always(_old: Read, _new: Read) -> bool:
    """Thunderbird: everything is replaced each time."""
    return True


RULES = (_by_last_modified, _by_stamps, _always)


class Client:
    """A calendar program that has subscribed to one calendar: what it holds, by UID."""

    def __init__(self, rewrites: Callable[[Read, Read], bool]) -> None:
        """Subscribe; nothing is read yet."""
        self._rewrites = rewrites
        self.held: dict[str, Read] = {}

    def sync(self, there: Mapping[str, Read]) -> None:
        """Take what is new and what the program's rule takes for changed; drop what is gone."""
        self.held = {
            uid: self.held[uid] if uid in self.held and not self._rewrites(self.held[uid], new) else new
            for uid, new in there.items()
        }


@dataclass(frozen=True)
class Entry:
    """An item as a feed reader keeps it."""

    published: str
    updated: str
    title: str
    content: str


def _entries(document: bytes) -> dict[str, Entry]:
    """Return the entries of an Atom feed by id; none may be there twice."""
    found = {}
    for entry in etree.fromstring(document).iter(f"{ATOM}entry"):
        name = entry.findtext(f"{ATOM}id")
        assert name not in found, name
        texts = [entry.findtext(f"{ATOM}{tag}") for tag in ("published", "updated", "title", "content")]
        found[name] = Entry(*texts)
    return found


# --- The machine ----------------------------------------------------------------------------------------------------


class ChangeMachine(RuleBasedStateMachine):
    """Edits a season in any order, publishes it now and then, and looks at what everybody holds."""

    home_type: type = InMemory

    def __init__(self) -> None:
        """Write the season down; nothing is published yet."""
        super().__init__()
        self.home = self.home_type()
        self.now = NOW
        self.draft = first_year()
        self.good = copy.deepcopy(self.draft)
        """The draft that was accepted last: what a slip is taken back to."""
        self.public: Year | None = None
        self.years: dict[int, Year] = {}
        """What each generation shows."""
        self.kept: set[int] = set()
        """The generations that know what they were made from."""
        self.held_against: dict[str, bytes] | None = None
        """The definitions a rollback holds against."""
        self.clients: dict[tuple[str, Callable[[Read, Read], bool]], Client] = {}
        self.latest: dict[str, Read] = {}
        """What was last published under each UID."""
        self.owners: dict[str, int] = {}
        """What each UID names."""
        self.entries: dict[str, dict[str, Entry]] = {name: {} for name in FEEDS}
        self.facts: list[dict[str, object]] = []
        self.reasons: dict[str, str] = {}
        """Why something was cancelled, by the item that tells it."""
        self.numbers = 9

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.home.close()

    # Publishing

    @property
    def store(self):
        """Where it is published."""
        return self.home.store

    def _documents(self) -> dict[str, bytes]:
        public = self.store.current(PART)
        return {path: self.store.read(PART, path) for path in public.manifest.documents} if public else {}

    def _build(self, year: Year, **orders: object) -> Report:
        orders = Orders(accept_mass_change=True, **orders)
        return regenerate(self.store, written(year), now=self.now, orders=orders)

    def _publish(self, tick: timedelta, *, back_to: int | None = None, release: bool = False) -> None:
        """Publish the draft, or what a rollback makes of it, and look at everything."""
        self.now += tick
        before = self.public
        if back_to is not None:
            wanted = carried(self.years[back_to], before)
        elif not release and self.held_against == written(self.draft):
            wanted = before
        else:
            wanted = buried(self.draft, before) if before else self.draft
        old = self._documents() if before and self._whole else {}
        report = self._build(
            self.draft,
            back_to={PART: back_to} if back_to is not None else {},
            release=frozenset({PART} if release else ()),
        )
        if before and would_vanish(before, wanted):
            self._stopped(report, old)
            self.draft = copy.deepcopy(self.good)
            return
        assert not report.failed, [(part.name, part.problems, part.error) for part in report.parts]
        self.good = copy.deepcopy(self.draft)
        if back_to is not None:
            self.held_against = written(self.draft)
        elif wanted is not before:
            self.held_against = None
            self.draft, self.good = copy.deepcopy(wanted), copy.deepcopy(wanted)
        self.public = copy.deepcopy(wanted)
        number = self.store.current(PART).manifest.generation
        if number not in self.years:
            self.kept.add(number)
        self.years[number] = self.public
        self._check(before, self.public, old)

    @property
    def _whole(self) -> bool:
        """Whether the documents are there; a pipeline's machine may have lost them."""
        return self.store.current(PART).whole

    def _stopped(self, report: Report, old: Mapping[str, bytes]) -> None:
        """Check that a series has stopped, and that nothing of it has changed."""
        (part,) = (part for part in report.parts if part.name == PART)
        assert part.failed
        assert "fault of the program" not in part.hint, part.error
        if old:
            assert self._documents() == old

    def _refuse(self, slip: Callable[[Year], object]) -> None:
        """Check that a slip in the definitions stops the series; it is undone then."""
        wrong = copy.deepcopy(self.draft)
        slip(wrong)
        old = self._documents() if self._whole else {}
        self._stopped(self._build(wrong), old)

    def _edited(self, tick: timedelta | None) -> None:
        if tick is not None:
            self._publish(tick)

    # What must hold

    def _check(self, before: Year | None, after: Year, old: Mapping[str, bytes]) -> None:
        there = self._documents()
        if before and old and before == after:
            assert there == old
        truth = said(after)
        self._check_calendars(before, after, truth, there)
        told = changed(before, after, self.now.replace(microsecond=0)) if before else []
        fresh = self._check_facts(before, after, told, there)
        self._check_feeds(before, after, told, there)
        self._check_reasons(before, after, fresh, there)
        if before and old and not told and _in_any_order(before) == _in_any_order(after):
            # Where things stand in the files is no change of what they say.
            spoken = [path for path in there if path.endswith((".ics", ".xml", "feed.json"))]
            assert [path for path in spoken if there[path] != old[path]] == []

    def _check_calendars(
        self, before: Year | None, after: Year, truth: Mapping[int, Said], there: Mapping[str, bytes]
    ) -> None:
        sessions = {one.uid: one for one in truth.values() if one.session}
        for uid, one in sessions.items():
            assert self.owners.setdefault(uid, one.key) == one.key, uid
        first, last = after.ids[0], after.id
        subscribed = {
            "trial-all.ics": sessions,
            "trial-all-gt.ics": {uid: one for uid, one in sessions.items() if "gt" in one.classes},
            f"{first}/trial-{first}-all.ics": sessions,
        }
        assert there[f"{first}/trial-{first}-all.ics"] == there[f"{last}/trial-{last}-all.ics"]
        for path, wanted in subscribed.items():
            published = _read(there[path])
            # A calendar is never empty: when nothing is left of its own it holds what there is.
            shown = {uid: one.shown for uid, one in (wanted or sessions).items()}
            assert {uid: one.shown for uid, one in published.items()} == shown, path
            for rewrites in RULES:
                client = self.clients.setdefault((path, rewrites), Client(rewrites))
                client.sync(published)
                assert {uid: one.shown for uid, one in client.held.items()} == shown, (path, rewrites)
                assert client.held == published, (path, rewrites)
        was = said(before) if before else {}
        for uid, new in _read(there["trial-all.ics"]).items():
            one, known = sessions[uid], self.latest.get(uid)
            self.latest[uid] = new
            assert new.stamps[0] == new.last_modified
            if known is None:
                assert (new.sequence, new.created) == (0, new.last_modified)
                continue
            assert new.created == known.created
            assert new.sequence == known.sequence + (one.moved_by != was[one.key].moved_by), uid
            assert (new.last_modified > known.last_modified) == (new.whole != known.whole), uid
            assert new.last_modified >= known.last_modified

    def _check_facts(
        self, before: Year | None, after: Year, told: list[Told], there: Mapping[str, bytes]
    ) -> list[dict[str, object]]:
        """Check what is told of this build; return it."""
        seen = [one for one in json.loads(there[f"{after.id}/changes.json"])["facts"] if one["seen"]]
        assert len(seen) >= len(self.facts)
        for old, new in zip(self.facts, seen, strict=False):
            # A reason may be given later; whatever was told once stays.
            assert {**new, "why": old["why"] and new["why"]} == old
        fresh = seen[len(self.facts) :]
        items = {one["item"] for one in self.facts}
        self.facts = seen
        assert len({one["id"] for one in seen}) == len(seen)
        if before is None:
            assert [one["what"] for one in seen] == ["announced"]
            return fresh
        found = [Told(one["what"], one["event"], one["session"], one["from"], one["to"]) for one in fresh]
        unlike = Counter(found), Counter(told)
        assert unlike[0] == unlike[1], (unlike[0] - unlike[1], unlike[1] - unlike[0])
        assert not items & {one["item"] for one in fresh}
        owners: dict[object, object] = {}
        for one in fresh:
            assert owners.setdefault(one["item"], one["event"]) == one["event"]
        return fresh

    def _check_feeds(self, before: Year | None, after: Year, told: list[Told], there: Mapping[str, bytes]) -> None:
        expected = new_items(told, before, after) if before else {}
        for name in FEEDS:
            known, new = self.entries[name], _entries(there[f"{name}/atom.xml"])
            self.entries[name] = {**known, **new}
            if len(self.entries[name]) > FULL:
                continue
            assert known.keys() <= new.keys(), name
            if before:
                assert len(new) - len(known) == expected[name], (name, new.keys() - known.keys())
            for entry in known:
                assert new[entry].published == known[entry].published
                same = (new[entry].title, new[entry].content) == (known[entry].title, known[entry].content)
                assert (new[entry].updated == known[entry].updated) == same
                assert new[entry].updated >= known[entry].updated
                if name == "changes":
                    assert new[entry].title == known[entry].title, entry

    def _check_reasons(
        self, before: Year | None, after: Year, fresh: list[dict[str, object]], there: Mapping[str, bytes]
    ) -> None:
        """Check that a cancellation is told with the reason that came with it, then and ever after."""
        items = {one["key"]: one for one in json.loads(there[f"{after.id}/changes.json"])["items"]}
        for fact in fresh if before else ():
            if (fact["what"], fact["session"]) != ("cancelled", None) or not fact["event"]:
                continue
            meeting = next(one for one in after.meetings if one.id == fact["event"])
            was = before.meeting(meeting.key)
            known = [why for _name, why in was.reasons] if was else []
            new = [why for _name, why in meeting.reasons if why not in known]
            # An older reason that has told nothing yet may be meant as well.
            if len(new) == 1 and set(known) <= set(self.reasons.values()):
                self.reasons[fact["item"]] = new[0]
        for key, why in self.reasons.items():
            assert why in items[key]["text"], (key, why)

    @initialize()
    def announce(self) -> None:
        """Publish the season for the first time."""
        self._publish(timedelta(0))

    # Edits

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    def _slot(self, index: int) -> tuple[Meeting, Slot]:
        slots = self.draft.slots()
        assume(slots)
        return slots[index % len(slots)]

    def _meeting(self, index: int) -> Meeting:
        meetings = self.draft.alive()
        assume(meetings)
        return meetings[index % len(meetings)]

    def _new_slot(self, kind: str, day: int, hour: int | None, *, minutes: int | None = None) -> Slot:
        number = self._number()
        start = _at(day) if hour is None else _at(day, hour)
        return Slot(number, [f"{kind}-{number}"], kind, start, minutes)

    @rule(day=days, circuit=st.sampled_from(["okayama", "paris"]), stated=st.booleans(), sure=statuses, tick=publishing)
    def add_meeting(self, day: int, circuit: str, *, stated: bool, sure: str | None, tick: timedelta | None) -> None:
        """Announce another meeting, with a race or with its days alone."""
        number = self._number()
        meeting = Meeting(number, [f"meeting-{number}"], f"Meeting {number}", circuit, status=sure)
        if stated:
            meeting.days = (_at(day), _at(day + 1))
        if day % 3:
            meeting.slots = [self._new_slot("race", day, 13, minutes=240)]
        self.draft.meetings.append(meeting)
        self._edited(tick)

    @rule(
        index=indexes,
        kind=st.sampled_from(sorted(KINDS)),
        day=days,
        hour=st.none() | hours,
        minutes=st.sampled_from([None, 30]),
        tick=publishing,
    )
    def add_session(
        self, index: int, kind: str, day: int, hour: int | None, minutes: int | None, tick: timedelta | None
    ) -> None:
        """Announce another session of a meeting."""
        self._meeting(index).slots.insert(0, self._new_slot(kind, day, hour, minutes=minutes))
        self._edited(tick)

    @rule(index=indexes, day=days, tick=publishing)
    def move(self, index: int, day: int, tick: timedelta | None) -> None:
        """Move a session to another day."""
        _meeting, slot = self._slot(index)
        slot.start = datetime.combine(_at(day), slot.start.time()) if isinstance(slot.start, datetime) else _at(day)
        self._edited(tick)

    @rule(index=indexes, shift=st.integers(-9, 9), tick=publishing)
    def move_meeting(self, index: int, shift: int, tick: timedelta | None) -> None:
        """Move a meeting as a whole by some days."""
        meeting = self._meeting(index)
        if meeting.days:
            meeting.days = (meeting.days[0] + timedelta(days=shift), meeting.days[1] + timedelta(days=shift))
        for slot in meeting.slots:
            if slot.start is not None and not slot.retired:
                slot.start += timedelta(days=shift)
        self._edited(tick)

    @rule(index=indexes, hour=hours, minutes=st.sampled_from([None, 30, 60, 240]), tick=publishing)
    def retime(self, index: int, hour: int, minutes: int | None, tick: timedelta | None) -> None:
        """Give a session another time, or its first, and another length."""
        meeting, slot = self._slot(index)
        day = slot.day or (meeting.held or (DAY_ONE,))[0]
        slot.start, slot.minutes = datetime.combine(day, time(hour)), minutes
        self._edited(tick)

    @rule(index=indexes, known=st.sampled_from(["event", "day"]), tick=publishing)
    def unsettle(self, index: int, known: str, tick: timedelta | None) -> None:
        """Take back a session's time, or its day."""
        _meeting, slot = self._slot(index)
        slot.start = slot.day if known == "day" else None
        self._edited(tick)

    @rule(index=indexes, stated=st.booleans(), day=days, tick=publishing)
    def state_days(self, index: int, *, stated: bool, day: int, tick: timedelta | None) -> None:
        """State the days of a meeting, or leave them to its sessions."""
        self._meeting(index).days = (_at(day), _at(day + 2)) if stated else None
        self._edited(tick)

    @rule(index=indexes, status=statuses, tick=publishing)
    def set_session(self, index: int, status: str | None, tick: timedelta | None) -> None:
        """Give a session a status of its own, or none."""
        self._slot(index)[1].status = status
        self._edited(tick)

    @rule(index=indexes, status=statuses, tick=publishing)
    def set_meeting(self, index: int, status: str | None, tick: timedelta | None) -> None:
        """Give a meeting a status of its own, or none."""
        self._meeting(index).status = status
        self._edited(tick)

    @rule(status=statuses.filter(bool), tick=publishing)
    def set_season(self, status: str, tick: timedelta | None) -> None:
        """Give the season another status."""
        self.draft.status = status
        self._edited(tick)

    @rule(index=indexes, shift=st.integers(1, 9), tick=publishing)
    def reinstate(self, index: int, shift: int, tick: timedelta | None) -> None:
        """Bring a meeting back on another date."""
        self._meeting(index).status = "confirmed"
        self.move_meeting(index, shift, tick)

    @rule(index=indexes, tick=publishing)
    def cancel_with_a_reason(self, index: int, tick: timedelta | None) -> None:
        """Cancel a meeting and say why."""
        meeting = self._meeting(index)
        meeting.status = "cancelled"
        number = self._number()
        meeting.reasons.append((f"off-{number}", f"Because of {number}"))
        self._edited(tick)

    @rule(index=indexes, tick=publishing)
    def rename_session(self, index: int, tick: timedelta | None) -> None:
        """Give a session another id."""
        self._slot(index)[1].ids.append(f"slot-{self._number()}")
        self._edited(tick)

    @rule(index=indexes, tick=publishing)
    def rename_meeting(self, index: int, tick: timedelta | None) -> None:
        """Give a meeting another id."""
        meeting = self._meeting(index)
        meeting.ids.append(f"place-{self._number()}")
        self._edited(tick)

    @rule(tick=publishing)
    def rename_season(self, tick: timedelta | None) -> None:
        """Give the season another id."""
        self.draft.ids.append(f"2030-{self._number()}")
        self._edited(tick)

    @rule(index=indexes, number=st.integers(1, 3), tick=publishing)
    def entitle_session(self, index: int, number: int, tick: timedelta | None) -> None:
        """Give a session another title."""
        self._slot(index)[1].name = f"Heat {number}"
        self._edited(tick)

    @rule(index=indexes, number=st.integers(1, 3), tick=publishing)
    def entitle_meeting(self, index: int, number: int, tick: timedelta | None) -> None:
        """Give a meeting another title."""
        self._meeting(index).name = f"{number} Hours of Somewhere"
        self._edited(tick)

    @rule(number=st.integers(1, 3), tick=publishing)
    def entitle_season(self, number: int, tick: timedelta | None) -> None:
        """Give the season another title."""
        self.draft.name = f"Test Series, edition {number}"
        self._edited(tick)

    @rule(index=indexes, tick=publishing)
    def reorder(self, index: int, tick: timedelta | None) -> None:
        """Write the meetings, and the sessions of one, in another order."""
        self._meeting(index).slots.reverse()
        self.draft.meetings.reverse()
        self._edited(tick)

    @rule(first=st.integers(1, 5), tick=publishing)
    def renumber(self, first: int, tick: timedelta | None) -> None:
        """Give the rounds other numbers."""
        races = [slot for _meeting, slot in self.draft.slots() if slot.kind == "race"]
        for number, slot in enumerate(races, first):
            slot.number = number
        self._edited(tick)

    @rule(index=indexes, circuit=st.sampled_from(["okayama", "paris"]), tick=publishing)
    def relocate(self, index: int, circuit: str, tick: timedelta | None) -> None:
        """Hold a meeting somewhere else, at the same times of other clocks."""
        self._meeting(index).circuit = circuit
        self._edited(tick)

    @rule(index=indexes, classes=some_classes, tick=publishing)
    def class_session(self, index: int, classes: tuple[str, ...], tick: timedelta | None) -> None:
        """Let other classes take part in a session."""
        self._slot(index)[1].classes = classes
        _narrow(self.draft)
        self._edited(tick)

    @rule(index=indexes, classes=some_classes, tick=publishing)
    def class_meeting(self, index: int, classes: tuple[str, ...], tick: timedelta | None) -> None:
        """Let other classes take part in a meeting."""
        self._meeting(index).classes = classes
        _narrow(self.draft)
        self._edited(tick)

    @rule(classes=some_classes.filter(bool), tick=publishing)
    def class_season(self, classes: tuple[str, ...], tick: timedelta | None) -> None:
        """Let other classes take part in the season."""
        self.draft.classes = classes
        _narrow(self.draft)
        self._edited(tick)

    @rule(index=indexes, tick=publishing)
    def retire_session(self, index: int, tick: timedelta | None) -> None:
        """Take out a session that was published by mistake; one that was not is just gone."""
        meeting, slot = self._slot(index)
        assume((meeting.key, slot.key) not in self.draft.results)
        was = self.public.meeting(meeting.key)
        known = next((one for one in was.slots if one.key == slot.key), None) if was else None
        if known is None or slot.key not in said(self.public):
            meeting.slots.remove(slot)
        else:
            slot.retired = True
            self.draft.graves.append(f"{was.id}.{known.id}")
        self._edited(tick)

    @rule(index=indexes, tick=publishing)
    def retire_meeting(self, index: int, tick: timedelta | None) -> None:
        """Take out a meeting that was published by mistake; one that was not is just gone."""
        meeting = self._meeting(index)
        named = {key for key, _own in self.draft.results} | {key for key, _teams in self.draft.lists.values()}
        assume(meeting.key not in named)
        was = self.public.meeting(meeting.key)
        if was is None:
            self.draft.meetings.remove(meeting)
        else:
            meeting.retired = True
            self.draft.graves.append(was.id)
        self._edited(tick)

    @rule(number=st.integers(1, 3), text=st.integers(1, 3), tick=publishing)
    def tell(self, number: int, text: int, tick: timedelta | None) -> None:
        """Write an announcement, or another text of one."""
        self.draft.news[f"news-{number}"] = f"It is number {text}."
        self._edited(tick)

    @rule(
        index=indexes, teams=st.lists(st.sampled_from(["Ant", "Bee", "Cat"]), min_size=1, max_size=3), tick=publishing
    )
    def enter(self, index: int, teams: list[str], tick: timedelta | None) -> None:
        """Publish the entry list of a meeting, or another one."""
        key = self._meeting(index).key
        self.draft.lists[f"list-{key}"] = (key, tuple(teams))
        self._edited(tick)

    @rule(index=indexes, team=st.sampled_from(["Ant", "Bee"]), tick=publishing)
    def finish(self, index: int, team: str, tick: timedelta | None) -> None:
        """Publish who has won, or has won after all."""
        meeting, slot = self._slot(index)
        self.draft.results[meeting.key, slot.key] = team
        self._edited(tick)

    @rule(tick=ticks)
    def publish(self, tick: timedelta) -> None:
        """Publish what has been edited, if anything."""
        self._publish(tick)

    @rule(tick=ticks)
    def publish_again(self, tick: timedelta) -> None:
        """Build twice: the second time there is nothing to do, and no byte changes.

        The second time another version of the program does it: nothing is kept, every document is made from scratch.
        """
        self._publish(tick)
        generation, old = self.store.current(PART).manifest.generation, self._documents()
        with patch.object(freshness, "tools", lambda: "another version"):
            self._publish(tick)
        assert self._documents() == old
        assert self.store.current(PART).manifest.generation == generation

    # Slips

    @rule(index=indexes)
    def drop_session(self, index: int) -> None:
        """Take a session out, which stops the series."""
        known = said(self.public)
        slots = [(meeting.key, slot.key) for meeting, slot in self.draft.slots() if slot.key in known]
        assume(slots)
        _key, own = slots[index % len(slots)]

        def slip(year: Year) -> None:
            for meeting in year.meetings:
                meeting.slots = [slot for slot in meeting.slots if slot.key != own]
            year.results = {pair: team for pair, team in year.results.items() if pair[1] != own}

        self._refuse(slip)

    @rule(index=indexes)
    def drop_meeting(self, index: int) -> None:
        """Take a meeting out, which stops the series."""
        meetings = [one.key for one in self.draft.alive() if self.public.meeting(one.key)]
        assume(meetings)
        key = meetings[index % len(meetings)]

        def slip(year: Year) -> None:
            year.meetings = [one for one in year.meetings if one.key != key]
            year.results = {pair: team for pair, team in year.results.items() if pair[0] != key}
            year.lists = {name: row for name, row in year.lists.items() if row[0] != key}

        self._refuse(slip)

    @rule(kind=st.sampled_from(["news", "lists", "results"]))
    def drop_what_was_told(self, kind: str) -> None:
        """Take an announcement, a list or a result out, which stops the series."""
        told = getattr(self.public, kind)
        assume(told)
        self._refuse(lambda year: getattr(year, kind).pop(next(iter(told))))

    @rule(index=indexes, forget=st.booleans())
    def rename_session_without_saying(self, index: int, *, forget: bool) -> None:
        """Give a new id that does not name the old one, or not the first, which stops the series."""
        known = said(self.public)
        slots = [slot.key for _meeting, slot in self.draft.slots() if slot.key in known]
        assume(slots)
        own = slots[index % len(slots)]

        def slip(year: Year) -> None:
            slot = next(slot for _meeting, slot in year.slots() if slot.key == own)
            slot.ids = [*slot.ids[1:], "another"] if forget else ["another"]

        self._refuse(slip)

    @rule(index=indexes, forget=st.booleans())
    def rename_meeting_without_saying(self, index: int, *, forget: bool) -> None:
        """Give a new id that does not name the old one, or not the first, which stops the series."""
        meetings = [one.key for one in self.draft.alive() if self.public.meeting(one.key)]
        assume(meetings)
        key = meetings[index % len(meetings)]

        def slip(year: Year) -> None:
            meeting = year.meeting(key)
            meeting.ids = [*meeting.ids[1:], "another"] if forget else ["another"]

        self._refuse(slip)

    @rule()
    def rename_season_without_saying(self) -> None:
        """Call the folder something else, which stops the series."""

        def slip(year: Year) -> None:
            year.ids = ["another"]

        self._refuse(slip)

    @rule(index=indexes)
    def use_an_id_again(self, index: int) -> None:
        """Use an id that was, or is, another session's, which stops the series."""
        taken = [
            (meeting.key, name)
            for meeting in self.draft.alive()
            for slot in meeting.slots
            for name in (slot.ids if slot.retired else slot.ids[:-1])
        ]
        assume(taken)
        key, name = taken[index % len(taken)]
        self._refuse(lambda year: year.meeting(key).slots.append(Slot(-1, [name], "race", _at(3, 12), 60)))

    @rule(index=indexes)
    def use_a_meeting_again(self, index: int) -> None:
        """Use an id that was, or is, another meeting's, which stops the series."""
        taken = [
            name for meeting in self.draft.meetings for name in (meeting.ids if meeting.retired else meeting.ids[:-1])
        ]
        assume(taken)
        name = taken[index % len(taken)]
        again = Meeting(-1, [name], "Again", "paris", (_at(3), _at(4)), slots=[Slot(-2, ["race"], "race", _at(3, 12))])
        self._refuse(lambda year: year.meetings.append(again))

    @rule(index=indexes, replaced=st.booleans())
    def open_a_grave(self, index: int, *, replaced: bool) -> None:
        """Take back that something is retired, which stops the series, also when something else has its name."""
        graves = [(meeting.key, slot.key) for meeting in self.public.alive() for slot in meeting.slots if slot.retired]
        assume(graves)
        key, own = graves[index % len(graves)]
        assume(self.draft.meeting(key) and not self.draft.meeting(key).retired)

        def slip(year: Year) -> None:
            meeting = year.meeting(key)
            slot = next(one for one in meeting.slots if one.key == own)
            names = {f"{event}.{name}" for event in meeting.ids for name in slot.ids}
            year.graves = [one for one in year.graves if one not in names]
            meeting.slots.remove(slot)
            if replaced:
                meeting.slots.append(Slot(-1, list(slot.ids), "race", _at(3, 12), 60))

        self._refuse(slip)

    # Going back

    @rule(index=indexes, tick=ticks)
    def roll_back(self, index: int, tick: timedelta) -> None:
        """Publish what a generation said, under stamps of now."""
        past = self.store.past(PART)
        assume(past)
        number = past[index % len(past)]
        if number in self.kept and self.store.current(PART).manifest.generation in self.kept:
            self._publish(tick, back_to=number)
            return
        self.now += tick
        self._stopped(self._build(self.draft, back_to={PART: number}), self._documents() if self._whole else {})

    @rule(tick=ticks)
    def release(self, tick: timedelta) -> None:
        """End a rollback, if there is one."""
        self._publish(tick, release=True)

    # Mishaps

    @rule(content=st.sampled_from([None, b"", b"{}", b"half"]), tick=ticks)
    def lose_the_ledger(self, content: bytes | None, tick: timedelta) -> None:
        """Damage the ledger, which stops the series until it is rebuilt from what is public."""
        if not self._whole:
            self._publish(tick)
        old = self._documents()
        self.home.damage(content)
        self._stopped(self._build(self.draft), old)
        lines = list(recover(self.store, [PART], None, whole=False, now=self.now))
        note(lines)
        self.kept.add(self.store.current(PART).manifest.generation)  # The rest of the private state is as it was.
        self._recovered(old, tick)

    @rule(tick=ticks)
    def lose_everything(self, tick: timedelta) -> None:
        """All that is left is what somebody has fetched: that is enough to go on from."""
        if not self._whole:
            self._publish(tick)
        old = self._documents()
        fetched = {
            part: {
                path: self.store.read(part, path) for path in (MANIFEST, *self.store.current(part).manifest.documents)
            }
            for part in (PART, "index")
        }
        self.home.close()
        self.home = self.home_type()
        restore(self.store, PART, recovered(PART, fetched[PART].__getitem__))
        restore(self.store, "index", recovered("index", fetched["index"].__getitem__), (PART,))
        # What a generation was made from is private, and a rollback with it.
        self.years, self.kept, self.held_against = {}, set(), None
        self._recovered(old, tick)

    def _recovered(self, old: Mapping[str, bytes], tick: timedelta) -> None:
        assert self._documents() == old
        self.years[self.store.current(PART).manifest.generation] = self.public
        self._publish(tick)


def _at(day: int, hour: int | None = None):
    """Return a day, or a time of it."""
    found = DAY_ONE + timedelta(days=day)
    return found if hour is None else datetime.combine(found, time(hour))


def _narrow(year: Year) -> None:
    """Take out of a season what takes part below and not above, which would be a mistake of another kind."""
    for meeting in year.alive():
        meeting.classes = tuple(one for one in meeting.classes if one in year.classes)
        for slot in meeting.slots:
            if not slot.retired:
                slot.classes = tuple(one for one in slot.classes if one in (meeting.classes or year.classes))


def _in_any_order(year: Year) -> object:
    """Return what a season says, wherever it stands in the files."""
    plain = copy.deepcopy(year)
    plain.meetings.sort(key=lambda one: one.key)
    for meeting in plain.meetings:
        meeting.slots.sort(key=lambda one: one.key)
    return plain


class PipelineMachine(ChangeMachine):
    """The same where the documents may be thrown away between builds."""

    home_type = InTwoFolders

    @rule()
    def forget(self) -> None:
        """Throw the documents away: the next build makes them again, to the byte."""
        if not self._whole:
            return
        old = self._documents()
        self.home.forget()
        self.draft = copy.deepcopy(self.good)
        self._publish(timedelta(0))
        assert self._documents() == old


class FolderMachine(ChangeMachine):
    """The same in a folder of this machine."""

    home_type = OnDisk


def look_at(machine: type[ChangeMachine], *, examples: int, steps: int) -> None:
    """Check that after any history every client holds the truth.

    Every UID and every item id means one thing, and stamps only grow.
    """
    options = settings(
        max_examples=examples * settings.default.max_examples // 50,  # as many more as the profile asks for
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),  # a build takes longer than drawing what to build
    )
    run_state_machine_as_test(machine, settings=options)

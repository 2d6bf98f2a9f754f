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
    Appearance,
    ExpectedFact,
    Meeting,
    Slot,
    Year,
    carry_back,
    count_new_items,
    expect_facts,
    freeze_retired,
    make_first_year,
    state_all,
    would_vanish,
    write_files,
)

from aslms_feeds.builds import freshness
from aslms_feeds.builds.recipe import Orders, regenerate
from aslms_feeds.builds.recovery import read_publication, recover_parts, restore_part
from aslms_feeds.publication.manifest import MANIFEST
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.publication.stores.split import SplitStore
from seasons import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from properties.modelled_season import ModelledStatement

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
        state = dict(self.store.read_current(PART).state)
        name = _find_ledger(state)
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
        (path,) = (self.folder / "output/series/trial/current/state/ledger").iterdir()
        _overwrite(path, ledger)

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
        (path,) = (self.folder / "state/trial/ledger").iterdir()
        _overwrite(path, ledger)

    def forget(self) -> None:
        """Throw the documents away, as a pipeline's machine does."""
        shutil.rmtree(self.folder / "output")

    def close(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder)


def _find_ledger(state: Mapping[str, bytes]) -> str:
    (name,) = (path for path in state if path.startswith("ledger/"))
    return name


def _overwrite(path: Path, content: bytes | None) -> None:
    path.unlink()
    if content is not None:
        path.write_bytes(content)


# --- Who reads it ---------------------------------------------------------------------------------------------------


STAMPS = ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE")


@dataclass(frozen=True)
class ReadEvent:
    """A VEVENT as somebody holds it."""

    appearance: Appearance
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
def _read_calendar(calendar: bytes) -> dict[str, ReadEvent]:
    """Return what a calendar file holds, by UID; no UID may be there twice."""
    events: dict[str, ReadEvent] = {}
    for event in icalendar.Calendar.from_ical(calendar).walk("VEVENT"):
        uid = str(event["UID"])
        assert uid not in events, uid
        texts = {name: event[name].to_ical().decode() for name in (*STAMPS, "CREATED")}
        events[uid] = ReadEvent(
            Appearance(event["DTSTART"].dt, event["DTEND"].dt, str(event["SUMMARY"]), str(event["LOCATION"])),
            tuple(texts[name] for name in STAMPS),
            texts["CREATED"],
            int(texts["SEQUENCE"]),
            event.to_ical(),
        )
    return events


def _rewrites_by_last_modified(old: ReadEvent, new: ReadEvent) -> bool:
    """ICSx5: a known event is rewritten when its LAST-MODIFIED is later."""
    return new.last_modified > old.last_modified


def _rewrites_by_stamps(old: ReadEvent, new: ReadEvent) -> bool:
    """GNOME: a known event is rewritten when its stamps, as one text, are others."""
    return "-".join(new.stamps) != "-".join(old.stamps)


def _rewrites_always(_old: ReadEvent, _new: ReadEvent) -> bool:
    """Thunderbird: everything is replaced each time."""
    return True


RULES = (_rewrites_by_last_modified, _rewrites_by_stamps, _rewrites_always)


class Client:
    """A calendar program that has subscribed to one calendar: what it holds, by UID."""

    def __init__(self, rewrites: Callable[[ReadEvent, ReadEvent], bool]) -> None:
        """Subscribe; nothing is read yet."""
        self._rewrites = rewrites
        self.events: dict[str, ReadEvent] = {}

    def sync(self, published: Mapping[str, ReadEvent]) -> None:
        """Take what is new and what the program's rule takes for changed; drop what is gone."""
        self.events = {
            uid: self.events[uid] if uid in self.events and not self._rewrites(self.events[uid], new) else new
            for uid, new in published.items()
        }


@dataclass(frozen=True)
class Entry:
    """An item as a feed reader keeps it."""

    published: str
    updated: str
    title: str
    content: str


def _read_entries(document: bytes) -> dict[str, Entry]:
    """Return the entries of an Atom feed by id; none may be there twice."""
    entries = {}
    for entry in etree.fromstring(document).iter(f"{ATOM}entry"):
        name = entry.findtext(f"{ATOM}id")
        assert name not in entries, name
        texts = [entry.findtext(f"{ATOM}{tag}") for tag in ("published", "updated", "title", "content")]
        entries[name] = Entry(*texts)
    return entries


# --- The machine ----------------------------------------------------------------------------------------------------


class ChangeMachine(RuleBasedStateMachine):
    """Edits a season in any order, publishes it now and then, and looks at what everybody holds."""

    home_type: type = InMemory

    def __init__(self) -> None:
        """Write the season down; nothing is published yet."""
        super().__init__()
        self.home = self.home_type()
        self.now = NOW
        self.draft = make_first_year()
        self.good = copy.deepcopy(self.draft)
        """The draft that was accepted last: what a slip is taken back to."""
        self.public: Year | None = None
        self.years: dict[int, Year] = {}
        """What each generation shows."""
        self.remembered: set[int] = set()
        """The generations that know what they were made from."""
        self.rolled_back_files: dict[str, bytes] | None = None
        """The definitions a rollback holds against."""
        self.clients: dict[tuple[str, Callable[[ReadEvent, ReadEvent], bool]], Client] = {}
        self.latest: dict[str, ReadEvent] = {}
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

    def _read_documents(self) -> dict[str, bytes]:
        public = self.store.read_current(PART)
        return {path: self.store.read_document(PART, path) for path in public.manifest.documents} if public else {}

    def _build(self, year: Year, **orders: object) -> Report:
        orders = Orders(accept_mass_change=True, **orders)
        return regenerate(self.store, write_files(year), now=self.now, orders=orders)

    def _publish(self, tick: timedelta, *, back_to: int | None = None, release: bool = False) -> None:
        """Publish the draft, or what a rollback makes of it, and look at everything."""
        self.now += tick
        before = self.public
        if back_to is not None:
            outcome = carry_back(self.years[back_to], before)
        elif not release and self.rolled_back_files == write_files(self.draft):
            outcome = before
        else:
            outcome = freeze_retired(self.draft, before) if before else self.draft
        old = self._read_documents() if before and self._is_whole else {}
        report = self._build(
            self.draft,
            back_to={PART: back_to} if back_to is not None else {},
            release=frozenset({PART} if release else ()),
        )
        if before and would_vanish(before, outcome):
            self._check_stopped(report, old)
            self.draft = copy.deepcopy(self.good)
            return
        assert not report.failed, [(part.name, part.problems, part.error) for part in report.parts]
        self.good = copy.deepcopy(self.draft)
        if back_to is not None:
            self.rolled_back_files = write_files(self.draft)
        elif outcome is not before:
            self.rolled_back_files = None
            self.draft, self.good = copy.deepcopy(outcome), copy.deepcopy(outcome)
        self.public = copy.deepcopy(outcome)
        number = self.store.read_current(PART).manifest.generation
        if number not in self.years:
            self.remembered.add(number)
        self.years[number] = self.public
        self._check(before, self.public, old)

    @property
    def _is_whole(self) -> bool:
        """Whether the documents are there; a pipeline's machine may have lost them."""
        return self.store.read_current(PART).whole

    def _check_stopped(self, report: Report, old: Mapping[str, bytes]) -> None:
        """Check that a series has stopped, and that nothing of it has changed."""
        (part,) = (part for part in report.parts if part.name == PART)
        assert part.failed
        assert "fault of the program" not in part.hint, part.error
        if old:
            assert self._read_documents() == old

    def _check_refused(self, slip: Callable[[Year], object]) -> None:
        """Check that a slip in the definitions stops the series; it is undone then."""
        wrong = copy.deepcopy(self.draft)
        slip(wrong)
        old = self._read_documents() if self._is_whole else {}
        self._check_stopped(self._build(wrong), old)

    def _publish_edit(self, tick: timedelta | None) -> None:
        if tick is not None:
            self._publish(tick)

    # What must hold

    def _check(self, before: Year | None, after: Year, old: Mapping[str, bytes]) -> None:
        documents = self._read_documents()
        if before and old and before == after:
            assert documents == old
        truth = state_all(after)
        self._check_calendars(before, after, truth, documents)
        expected = expect_facts(before, after, self.now.replace(microsecond=0)) if before else []
        fresh = self._check_facts(before, after, expected, documents)
        self._check_feeds(before, after, expected, documents)
        self._check_reasons(before, after, fresh, documents)
        if before and old and not expected and _sort_parts(before) == _sort_parts(after):
            # Where things stand in the files is no change of what they say.
            spoken = [path for path in documents if path.endswith((".ics", ".xml", "feed.json"))]
            assert [path for path in spoken if documents[path] != old[path]] == []

    def _check_calendars(
        self, before: Year | None, after: Year, truth: Mapping[int, ModelledStatement], documents: Mapping[str, bytes]
    ) -> None:
        sessions = {statement.uid: statement for statement in truth.values() if statement.session}
        for uid, statement in sessions.items():
            assert self.owners.setdefault(uid, statement.key) == statement.key, uid
        first, last = after.ids[0], after.id
        subscribed = {
            "trial-all.ics": sessions,
            "trial-all-gt.ics": {uid: statement for uid, statement in sessions.items() if "gt" in statement.classes},
            f"{first}/trial-{first}-all.ics": sessions,
        }
        assert documents[f"{first}/trial-{first}-all.ics"] == documents[f"{last}/trial-{last}-all.ics"]
        for path, statements in subscribed.items():
            published = _read_calendar(documents[path])
            # A calendar is never empty: when nothing is left of its own it holds what there is.
            appearances = {uid: statement.appearance for uid, statement in (statements or sessions).items()}
            assert {uid: statement.appearance for uid, statement in published.items()} == appearances, path
            for rewrites in RULES:
                client = self.clients.setdefault((path, rewrites), Client(rewrites))
                client.sync(published)
                assert {uid: statement.appearance for uid, statement in client.events.items()} == appearances, (
                    path,
                    rewrites,
                )
                assert client.events == published, (path, rewrites)
        earlier_statements = state_all(before) if before else {}
        for uid, new in _read_calendar(documents["trial-all.ics"]).items():
            statement, earlier = sessions[uid], self.latest.get(uid)
            self.latest[uid] = new
            assert new.stamps[0] == new.last_modified
            if earlier is None:
                assert (new.sequence, new.created) == (0, new.last_modified)
                continue
            assert new.created == earlier.created
            assert new.sequence == earlier.sequence + (
                statement.significant != earlier_statements[statement.key].significant
            ), uid
            assert (new.last_modified > earlier.last_modified) == (new.whole != earlier.whole), uid
            assert new.last_modified >= earlier.last_modified

    def _check_facts(
        self, before: Year | None, after: Year, expected: list[ExpectedFact], documents: Mapping[str, bytes]
    ) -> list[dict[str, object]]:
        """Check what is told of this build; return it."""
        facts = [fact for fact in json.loads(documents[f"{after.id}/changes.json"])["facts"] if fact["seen"]]
        assert len(facts) >= len(self.facts)
        for old, new in zip(self.facts, facts, strict=False):
            # A reason may be given later; what was published once stays.
            assert {**new, "why": old["why"] and new["why"]} == old
        fresh = facts[len(self.facts) :]
        items = {fact["item"] for fact in self.facts}
        self.facts = facts
        assert len({fact["id"] for fact in facts}) == len(facts)
        if before is None:
            assert [fact["what"] for fact in facts] == ["announced"]
            return fresh
        published = [
            ExpectedFact(fact["what"], fact["event"], fact["session"], fact["from"], fact["to"]) for fact in fresh
        ]
        unlike = Counter(published), Counter(expected)
        assert unlike[0] == unlike[1], (unlike[0] - unlike[1], unlike[1] - unlike[0])
        assert not items & {fact["item"] for fact in fresh}
        owners: dict[object, object] = {}
        for fact in fresh:
            assert owners.setdefault(fact["item"], fact["event"]) == fact["event"]
        return fresh

    def _check_feeds(
        self, before: Year | None, after: Year, facts: list[ExpectedFact], documents: Mapping[str, bytes]
    ) -> None:
        expected = count_new_items(facts, before, after) if before else {}
        for name in FEEDS:
            old, new = self.entries[name], _read_entries(documents[f"{name}/atom.xml"])
            self.entries[name] = {**old, **new}
            if len(self.entries[name]) > FULL:
                continue
            assert old.keys() <= new.keys(), name
            if before:
                assert len(new) - len(old) == expected[name], (name, new.keys() - old.keys())
            for entry in old:
                assert new[entry].published == old[entry].published
                same = (new[entry].title, new[entry].content) == (old[entry].title, old[entry].content)
                assert (new[entry].updated == old[entry].updated) == same
                assert new[entry].updated >= old[entry].updated
                if name == "changes":
                    assert new[entry].title == old[entry].title, entry

    def _check_reasons(
        self, before: Year | None, after: Year, fresh: list[dict[str, object]], documents: Mapping[str, bytes]
    ) -> None:
        """Check that a cancellation is told with the reason that came with it, then and ever after."""
        items = {item["key"]: item for item in json.loads(documents[f"{after.id}/changes.json"])["items"]}
        for fact in fresh if before else ():
            if (fact["what"], fact["session"]) != ("cancelled", None) or not fact["event"]:
                continue
            meeting = next(meeting for meeting in after.meetings if meeting.id == fact["event"])
            earlier = before.meeting(meeting.key)
            earlier_reasons = [why for _name, why in earlier.reasons] if earlier else []
            new = [why for _name, why in meeting.reasons if why not in earlier_reasons]
            # An older reason that has told nothing yet may be meant as well.
            if len(new) == 1 and set(earlier_reasons) <= set(self.reasons.values()):
                self.reasons[fact["item"]] = new[0]
        for key, why in self.reasons.items():
            assert why in items[key]["text"], (key, why)

    @initialize()
    def announce(self) -> None:
        """Publish the season for the first time."""
        self._publish(timedelta(0))

    # Edits

    def _next_number(self) -> int:
        self.numbers += 1
        return self.numbers

    def _pick_slot(self, index: int) -> tuple[Meeting, Slot]:
        slots = self.draft.slots()
        assume(slots)
        return slots[index % len(slots)]

    def _pick_meeting(self, index: int) -> Meeting:
        meetings = self.draft.defined_meetings()
        assume(meetings)
        return meetings[index % len(meetings)]

    def _make_slot(self, kind: str, day: int, hour: int | None, *, minutes: int | None = None) -> Slot:
        number = self._next_number()
        start = _make_moment(day) if hour is None else _make_moment(day, hour)
        return Slot(number, [f"{kind}-{number}"], kind, start, minutes)

    @rule(day=days, circuit=st.sampled_from(["okayama", "paris"]), stated=st.booleans(), sure=statuses, tick=publishing)
    def add_meeting(self, day: int, circuit: str, *, stated: bool, sure: str | None, tick: timedelta | None) -> None:
        """Announce another meeting, with a race or with its days alone."""
        number = self._next_number()
        meeting = Meeting(number, [f"meeting-{number}"], f"Meeting {number}", circuit, status=sure)
        if stated:
            meeting.days = (_make_moment(day), _make_moment(day + 1))
        if day % 3:
            meeting.slots = [self._make_slot("race", day, 13, minutes=240)]
        self.draft.meetings.append(meeting)
        self._publish_edit(tick)

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
        self._pick_meeting(index).slots.insert(0, self._make_slot(kind, day, hour, minutes=minutes))
        self._publish_edit(tick)

    @rule(index=indexes, day=days, tick=publishing)
    def move(self, index: int, day: int, tick: timedelta | None) -> None:
        """Move a session to another day."""
        _meeting, slot = self._pick_slot(index)
        slot.start = (
            datetime.combine(_make_moment(day), slot.start.time())
            if isinstance(slot.start, datetime)
            else _make_moment(day)
        )
        self._publish_edit(tick)

    @rule(index=indexes, shift=st.integers(-9, 9), tick=publishing)
    def move_meeting(self, index: int, shift: int, tick: timedelta | None) -> None:
        """Move a meeting as a whole by some days."""
        meeting = self._pick_meeting(index)
        if meeting.days:
            meeting.days = (meeting.days[0] + timedelta(days=shift), meeting.days[1] + timedelta(days=shift))
        for slot in meeting.slots:
            if slot.start is not None and not slot.retired:
                slot.start += timedelta(days=shift)
        self._publish_edit(tick)

    @rule(index=indexes, hour=hours, minutes=st.sampled_from([None, 30, 60, 240]), tick=publishing)
    def retime(self, index: int, hour: int, minutes: int | None, tick: timedelta | None) -> None:
        """Give a session another time, or its first, and another length."""
        meeting, slot = self._pick_slot(index)
        day = slot.day or (meeting.known_days or (DAY_ONE,))[0]
        slot.start, slot.minutes = datetime.combine(day, time(hour)), minutes
        self._publish_edit(tick)

    @rule(index=indexes, precision=st.sampled_from(["event", "day"]), tick=publishing)
    def unsettle(self, index: int, precision: str, tick: timedelta | None) -> None:
        """Take back a session's time, or its day."""
        _meeting, slot = self._pick_slot(index)
        slot.start = slot.day if precision == "day" else None
        self._publish_edit(tick)

    @rule(index=indexes, stated=st.booleans(), day=days, tick=publishing)
    def state_days(self, index: int, *, stated: bool, day: int, tick: timedelta | None) -> None:
        """State the days of a meeting, or leave them to its sessions."""
        self._pick_meeting(index).days = (_make_moment(day), _make_moment(day + 2)) if stated else None
        self._publish_edit(tick)

    @rule(index=indexes, status=statuses, tick=publishing)
    def set_session(self, index: int, status: str | None, tick: timedelta | None) -> None:
        """Give a session a status of its own, or none."""
        self._pick_slot(index)[1].status = status
        self._publish_edit(tick)

    @rule(index=indexes, status=statuses, tick=publishing)
    def set_meeting(self, index: int, status: str | None, tick: timedelta | None) -> None:
        """Give a meeting a status of its own, or none."""
        self._pick_meeting(index).status = status
        self._publish_edit(tick)

    @rule(status=statuses.filter(bool), tick=publishing)
    def set_season(self, status: str, tick: timedelta | None) -> None:
        """Give the season another status."""
        self.draft.status = status
        self._publish_edit(tick)

    @rule(index=indexes, shift=st.integers(1, 9), tick=publishing)
    def reinstate(self, index: int, shift: int, tick: timedelta | None) -> None:
        """Bring a meeting back on another date."""
        self._pick_meeting(index).status = "confirmed"
        self.move_meeting(index, shift, tick)

    @rule(index=indexes, tick=publishing)
    def cancel_with_a_reason(self, index: int, tick: timedelta | None) -> None:
        """Cancel a meeting and say why."""
        meeting = self._pick_meeting(index)
        meeting.status = "cancelled"
        number = self._next_number()
        meeting.reasons.append((f"off-{number}", f"Because of {number}"))
        self._publish_edit(tick)

    @rule(index=indexes, tick=publishing)
    def rename_session(self, index: int, tick: timedelta | None) -> None:
        """Give a session another id."""
        self._pick_slot(index)[1].ids.append(f"slot-{self._next_number()}")
        self._publish_edit(tick)

    @rule(index=indexes, tick=publishing)
    def rename_meeting(self, index: int, tick: timedelta | None) -> None:
        """Give a meeting another id."""
        meeting = self._pick_meeting(index)
        meeting.ids.append(f"place-{self._next_number()}")
        self._publish_edit(tick)

    @rule(tick=publishing)
    def rename_season(self, tick: timedelta | None) -> None:
        """Give the season another id."""
        self.draft.ids.append(f"2030-{self._next_number()}")
        self._publish_edit(tick)

    @rule(index=indexes, number=st.integers(1, 3), tick=publishing)
    def entitle_session(self, index: int, number: int, tick: timedelta | None) -> None:
        """Give a session another title."""
        self._pick_slot(index)[1].name = f"Heat {number}"
        self._publish_edit(tick)

    @rule(index=indexes, number=st.integers(1, 3), tick=publishing)
    def entitle_meeting(self, index: int, number: int, tick: timedelta | None) -> None:
        """Give a meeting another title."""
        self._pick_meeting(index).name = f"{number} Hours of Somewhere"
        self._publish_edit(tick)

    @rule(number=st.integers(1, 3), tick=publishing)
    def entitle_season(self, number: int, tick: timedelta | None) -> None:
        """Give the season another title."""
        self.draft.name = f"Test Series, edition {number}"
        self._publish_edit(tick)

    @rule(index=indexes, tick=publishing)
    def reorder(self, index: int, tick: timedelta | None) -> None:
        """Write the meetings, and the sessions of one, in another order."""
        self._pick_meeting(index).slots.reverse()
        self.draft.meetings.reverse()
        self._publish_edit(tick)

    @rule(first=st.integers(1, 5), tick=publishing)
    def renumber(self, first: int, tick: timedelta | None) -> None:
        """Give the rounds other numbers."""
        races = [slot for _meeting, slot in self.draft.slots() if slot.kind == "race"]
        for number, slot in enumerate(races, first):
            slot.number = number
        self._publish_edit(tick)

    @rule(index=indexes, circuit=st.sampled_from(["okayama", "paris"]), tick=publishing)
    def relocate(self, index: int, circuit: str, tick: timedelta | None) -> None:
        """Hold a meeting somewhere else, at the same times of other clocks."""
        self._pick_meeting(index).circuit = circuit
        self._publish_edit(tick)

    @rule(index=indexes, classes=some_classes, tick=publishing)
    def class_session(self, index: int, classes: tuple[str, ...], tick: timedelta | None) -> None:
        """Let other classes take part in a session."""
        self._pick_slot(index)[1].classes = classes
        _drop_unknown_classes(self.draft)
        self._publish_edit(tick)

    @rule(index=indexes, classes=some_classes, tick=publishing)
    def class_meeting(self, index: int, classes: tuple[str, ...], tick: timedelta | None) -> None:
        """Let other classes take part in a meeting."""
        self._pick_meeting(index).classes = classes
        _drop_unknown_classes(self.draft)
        self._publish_edit(tick)

    @rule(classes=some_classes.filter(bool), tick=publishing)
    def class_season(self, classes: tuple[str, ...], tick: timedelta | None) -> None:
        """Let other classes take part in the season."""
        self.draft.classes = classes
        _drop_unknown_classes(self.draft)
        self._publish_edit(tick)

    @rule(index=indexes, tick=publishing)
    def retire_session(self, index: int, tick: timedelta | None) -> None:
        """Take out a session that was published by mistake; one that was not is just gone."""
        meeting, slot = self._pick_slot(index)
        assume((meeting.key, slot.key) not in self.draft.results)
        public_meeting = self.public.meeting(meeting.key)
        public_slot = (
            next((public_slot for public_slot in public_meeting.slots if public_slot.key == slot.key), None)
            if public_meeting
            else None
        )
        if public_slot is None or slot.key not in state_all(self.public):
            meeting.slots.remove(slot)
        else:
            slot.retired = True
            self.draft.retired_ids.append(f"{public_meeting.id}.{public_slot.id}")
        self._publish_edit(tick)

    @rule(index=indexes, tick=publishing)
    def retire_meeting(self, index: int, tick: timedelta | None) -> None:
        """Take out a meeting that was published by mistake; one that was not is just gone."""
        meeting = self._pick_meeting(index)
        named = {key for key, _slot_key in self.draft.results} | {key for key, _teams in self.draft.lists.values()}
        assume(meeting.key not in named)
        public_meeting = self.public.meeting(meeting.key)
        if public_meeting is None:
            self.draft.meetings.remove(meeting)
        else:
            meeting.retired = True
            self.draft.retired_ids.append(public_meeting.id)
        self._publish_edit(tick)

    @rule(number=st.integers(1, 3), text=st.integers(1, 3), tick=publishing)
    def tell(self, number: int, text: int, tick: timedelta | None) -> None:
        """Write an announcement, or another text of one."""
        self.draft.news[f"news-{number}"] = f"It is number {text}."
        self._publish_edit(tick)

    @rule(
        index=indexes, teams=st.lists(st.sampled_from(["Ant", "Bee", "Cat"]), min_size=1, max_size=3), tick=publishing
    )
    def enter(self, index: int, teams: list[str], tick: timedelta | None) -> None:
        """Publish the entry list of a meeting, or another one."""
        key = self._pick_meeting(index).key
        self.draft.lists[f"list-{key}"] = (key, tuple(teams))
        self._publish_edit(tick)

    @rule(index=indexes, team=st.sampled_from(["Ant", "Bee"]), tick=publishing)
    def finish(self, index: int, team: str, tick: timedelta | None) -> None:
        """Publish who has won, or has won after all."""
        meeting, slot = self._pick_slot(index)
        self.draft.results[meeting.key, slot.key] = team
        self._publish_edit(tick)

    @rule(tick=ticks)
    def publish(self, tick: timedelta) -> None:
        """Publish what has been edited, if anything."""
        self._publish(tick)

    @rule(tick=ticks)
    def publish_again(self, tick: timedelta) -> None:
        """Build twice: the second time there is nothing to do, and no byte changes.

        The second time another version of the program does it: nothing is reused, every document is made from scratch.
        """
        self._publish(tick)
        generation, old = self.store.read_current(PART).manifest.generation, self._read_documents()
        with patch.object(freshness, "fingerprint_installation", lambda: "another version"):
            self._publish(tick)
        assert self._read_documents() == old
        assert self.store.read_current(PART).manifest.generation == generation

    # Slips

    @rule(index=indexes)
    def drop_session(self, index: int) -> None:
        """Take a session out, which stops the series."""
        statements = state_all(self.public)
        slots = [(meeting.key, slot.key) for meeting, slot in self.draft.slots() if slot.key in statements]
        assume(slots)
        _key, slot_key = slots[index % len(slots)]

        def slip(year: Year) -> None:
            for meeting in year.meetings:
                meeting.slots = [slot for slot in meeting.slots if slot.key != slot_key]
            year.results = {pair: team for pair, team in year.results.items() if pair[1] != slot_key}

        self._check_refused(slip)

    @rule(index=indexes)
    def drop_meeting(self, index: int) -> None:
        """Take a meeting out, which stops the series."""
        meetings = [meeting.key for meeting in self.draft.defined_meetings() if self.public.meeting(meeting.key)]
        assume(meetings)
        key = meetings[index % len(meetings)]

        def slip(year: Year) -> None:
            year.meetings = [meeting for meeting in year.meetings if meeting.key != key]
            year.results = {pair: team for pair, team in year.results.items() if pair[0] != key}
            year.lists = {name: row for name, row in year.lists.items() if row[0] != key}

        self._check_refused(slip)

    @rule(kind=st.sampled_from(["news", "lists", "results"]))
    def drop_news_or_results(self, kind: str) -> None:
        """Take an announcement, a list or a result out, which stops the series."""
        published = getattr(self.public, kind)
        assume(published)
        self._check_refused(lambda year: getattr(year, kind).pop(next(iter(published))))

    @rule(index=indexes, forget=st.booleans())
    def rename_session_without_saying(self, index: int, *, forget: bool) -> None:
        """Give a new id that does not name the old one, or not the first, which stops the series."""
        statements = state_all(self.public)
        slots = [slot.key for _meeting, slot in self.draft.slots() if slot.key in statements]
        assume(slots)
        slot_key = slots[index % len(slots)]

        def slip(year: Year) -> None:
            slot = next(slot for _meeting, slot in year.slots() if slot.key == slot_key)
            slot.ids = [*slot.ids[1:], "another"] if forget else ["another"]

        self._check_refused(slip)

    @rule(index=indexes, forget=st.booleans())
    def rename_meeting_without_saying(self, index: int, *, forget: bool) -> None:
        """Give a new id that does not name the old one, or not the first, which stops the series."""
        meetings = [meeting.key for meeting in self.draft.defined_meetings() if self.public.meeting(meeting.key)]
        assume(meetings)
        key = meetings[index % len(meetings)]

        def slip(year: Year) -> None:
            meeting = year.meeting(key)
            meeting.ids = [*meeting.ids[1:], "another"] if forget else ["another"]

        self._check_refused(slip)

    @rule()
    def rename_season_without_saying(self) -> None:
        """Call the folder something else, which stops the series."""

        def slip(year: Year) -> None:
            year.ids = ["another"]

        self._check_refused(slip)

    @rule(index=indexes)
    def use_an_id_again(self, index: int) -> None:
        """Use an id that was, or is, another session's, which stops the series."""
        used_ids = [
            (meeting.key, name)
            for meeting in self.draft.defined_meetings()
            for slot in meeting.slots
            for name in (slot.ids if slot.retired else slot.ids[:-1])
        ]
        assume(used_ids)
        key, name = used_ids[index % len(used_ids)]
        self._check_refused(
            lambda year: year.meeting(key).slots.append(Slot(-1, [name], "race", _make_moment(3, 12), 60))
        )

    @rule(index=indexes)
    def use_a_meeting_again(self, index: int) -> None:
        """Use an id that was, or is, another meeting's, which stops the series."""
        used_ids = [
            name for meeting in self.draft.meetings for name in (meeting.ids if meeting.retired else meeting.ids[:-1])
        ]
        assume(used_ids)
        name = used_ids[index % len(used_ids)]
        again = Meeting(
            -1,
            [name],
            "Again",
            "paris",
            (_make_moment(3), _make_moment(4)),
            slots=[Slot(-2, ["race"], "race", _make_moment(3, 12))],
        )
        self._check_refused(lambda year: year.meetings.append(again))

    @rule(index=indexes, replaced=st.booleans())
    def revoke_a_retirement(self, index: int, *, replaced: bool) -> None:
        """Take back that something is retired, which stops the series, also when something else has its name."""
        retired_slots = [
            (meeting.key, slot.key)
            for meeting in self.public.defined_meetings()
            for slot in meeting.slots
            if slot.retired
        ]
        assume(retired_slots)
        key, slot_key = retired_slots[index % len(retired_slots)]
        assume(self.draft.meeting(key) and not self.draft.meeting(key).retired)

        def slip(year: Year) -> None:
            meeting = year.meeting(key)
            slot = next(slot for slot in meeting.slots if slot.key == slot_key)
            names = {f"{event}.{name}" for event in meeting.ids for name in slot.ids}
            year.retired_ids = [name for name in year.retired_ids if name not in names]
            meeting.slots.remove(slot)
            if replaced:
                meeting.slots.append(Slot(-1, list(slot.ids), "race", _make_moment(3, 12), 60))

        self._check_refused(slip)

    # Going back

    @rule(index=indexes, tick=ticks)
    def roll_back(self, index: int, tick: timedelta) -> None:
        """Publish what a generation said, under stamps of now."""
        past = self.store.list_generations(PART)
        assume(past)
        number = past[index % len(past)]
        if number in self.remembered and self.store.read_current(PART).manifest.generation in self.remembered:
            self._publish(tick, back_to=number)
            return
        self.now += tick
        self._check_stopped(
            self._build(self.draft, back_to={PART: number}), self._read_documents() if self._is_whole else {}
        )

    @rule(tick=ticks)
    def release(self, tick: timedelta) -> None:
        """End a rollback, if there is one."""
        self._publish(tick, release=True)

    # Mishaps

    @rule(content=st.sampled_from([None, b"", b"{}", b"half"]), tick=ticks)
    def lose_the_ledger(self, content: bytes | None, tick: timedelta) -> None:
        """Damage the ledger, which stops the series until it is rebuilt from what is public."""
        if not self._is_whole:
            self._publish(tick)
        old = self._read_documents()
        self.home.damage(content)
        self._check_stopped(self._build(self.draft), old)
        lines = list(recover_parts(self.store, [PART], None, whole=False, now=self.now))
        note(lines)
        self.remembered.add(
            self.store.read_current(PART).manifest.generation
        )  # The rest of the private state is as it was.
        self._check_recovered(old, tick)

    @rule(tick=ticks)
    def lose_everything(self, tick: timedelta) -> None:
        """All that is left is what somebody has fetched: that is enough to go on from."""
        if not self._is_whole:
            self._publish(tick)
        old = self._read_documents()
        fetched = {
            part: {
                path: self.store.read_document(part, path)
                for path in (MANIFEST, *self.store.read_current(part).manifest.documents)
            }
            for part in (PART, "index")
        }
        self.home.close()
        self.home = self.home_type()
        restore_part(self.store, PART, read_publication(PART, fetched[PART].__getitem__))
        restore_part(self.store, "index", read_publication("index", fetched["index"].__getitem__), (PART,))
        # What a generation was made from is private, and a rollback with it.
        self.years, self.remembered, self.rolled_back_files = {}, set(), None
        self._check_recovered(old, tick)

    def _check_recovered(self, old: Mapping[str, bytes], tick: timedelta) -> None:
        assert self._read_documents() == old
        self.years[self.store.read_current(PART).manifest.generation] = self.public
        self._publish(tick)


def _make_moment(day: int, hour: int | None = None):
    """Return a day, or a time of it."""
    date = DAY_ONE + timedelta(days=day)
    return date if hour is None else datetime.combine(date, time(hour))


def _drop_unknown_classes(year: Year) -> None:
    """Take out of a season what takes part below and not above, which would be a mistake of another kind."""
    for meeting in year.defined_meetings():
        meeting.classes = tuple(race_class for race_class in meeting.classes if race_class in year.classes)
        for slot in meeting.slots:
            if not slot.retired:
                slot.classes = tuple(
                    race_class for race_class in slot.classes if race_class in (meeting.classes or year.classes)
                )


def _sort_parts(year: Year) -> object:
    """Return what a season says, wherever it stands in the files."""
    plain = copy.deepcopy(year)
    plain.meetings.sort(key=lambda part: part.key)
    for meeting in plain.meetings:
        meeting.slots.sort(key=lambda part: part.key)
    return plain


class PipelineMachine(ChangeMachine):
    """The same where the documents may be thrown away between builds."""

    home_type = InTwoFolders

    @rule()
    def forget(self) -> None:
        """Throw the documents away: the next build makes them again, to the byte."""
        if not self._is_whole:
            return
        old = self._read_documents()
        self.home.forget()
        self.draft = copy.deepcopy(self.good)
        self._publish(timedelta(0))
        assert self._read_documents() == old


class FolderMachine(ChangeMachine):
    """The same in a folder of this machine."""

    home_type = OnDisk


def run_machine(machine: type[ChangeMachine], *, examples: int, steps: int) -> None:
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

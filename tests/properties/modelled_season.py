"""A season as plain values: how it is written down, what its subscribers must see, and what a change of it is called.

Nothing of this is taken from the program: it says in its own words what the program has to arrive at.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from seasons import CIRCUITS, PUBLISHER, SERIES

ONE_DAY = timedelta(days=1)
DAY_ONE = date(2030, 3, 1)
OFF = ("cancelled", "postponed")
CLASSES = {"proto": "Prototype", "gt": "GT"}
KINDS = {"practice": "Practice", "qualifying": "Qualifying", "race": "Race"}
ASSUMED = {"practice": 60, "qualifying": 15, "race": 240}
"""How long a session is drawn whose end is not known, in minutes."""
ZONES = {"okayama": ZoneInfo("Asia/Tokyo"), "paris": ZoneInfo("Europe/Paris")}
PLACES = {
    "okayama": "Okayama International Circuit, Mimasaka, Japan",
    "paris": "Circuit de Paris, Paris, France",
}
SLIM = f"""{PUBLISHER}
[calendars]
names = ["all"]
classes = ["gt"]
reminders = false
"""
"""Calendars enough to tell an evergreen one, a class's and a season's."""


@dataclass
class Slot:
    """A session."""

    key: int
    """What it is, whatever it is called."""
    ids: list[str]
    """The first it ever had first, today's last."""
    kind: str
    start: datetime | date | None
    minutes: int | None = None
    number: int | None = None
    """Its round."""
    classes: tuple[str, ...] = ()
    status: str | None = None
    name: str | None = None
    retired: bool = False

    @property
    def id(self) -> str:
        """Today's id."""
        return self.ids[-1]

    @property
    def day(self) -> date | None:
        """The day it starts on, at the circuit."""
        return self.start.date() if isinstance(self.start, datetime) else self.start

    @property
    def title(self) -> str:
        """What it is called."""
        if self.name:
            return self.name
        words: list[str] = []
        for word in self.id.split("-"):
            plain = word if words else word.capitalize()
            words.append(KINDS[word] if word == self.kind else CLASSES.get(word, plain))
        return " ".join(words)


@dataclass
class Meeting:
    """A race meeting."""

    key: int
    ids: list[str]
    name: str
    circuit: str
    days: tuple[date, date] | None = None
    """The days as stated; None: from its sessions."""
    classes: tuple[str, ...] = ()
    status: str | None = None
    slots: list[Slot] = field(default_factory=list)
    reasons: list[tuple[str, str]] = field(default_factory=list)
    """Ids and texts of why it is cancelled."""
    retired: bool = False

    @property
    def id(self) -> str:
        """Today's id."""
        return self.ids[-1]

    @property
    def known_days(self) -> tuple[date, date] | None:
        """Its first and last day, as far as they are known; what is retired counts only where nothing else does."""
        left = [day for slot in self.slots if (day := slot.day) and not slot.retired]
        days = left or [day for slot in self.slots if (day := slot.day)]
        return self.days or ((min(days), max(days)) if days else None)


@dataclass
class Year:
    """A season with all its files."""

    ids: list[str]
    name: str
    status: str
    classes: tuple[str, ...]
    meetings: list[Meeting]
    retired_ids: list[str] = field(default_factory=list)
    """The ids of what is retired, as they were when it was."""
    news: dict[str, str] = field(default_factory=dict)
    """Texts by id."""
    lists: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    """A meeting's key and the teams entered, by the list's id."""
    results: dict[tuple[int, int], str] = field(default_factory=dict)
    """The winner, by the meeting's and the session's key."""

    @property
    def id(self) -> str:
        """Today's id: the folder's name."""
        return self.ids[-1]

    def meeting(self, key: int) -> Meeting | None:
        """Return the meeting that is this one, whatever it is called."""
        return next((meeting for meeting in self.meetings if meeting.key == key), None)

    def defined_meetings(self) -> list[Meeting]:
        """Return the meetings that are defined."""
        return [meeting for meeting in self.meetings if not meeting.retired]

    def slots(self) -> list[tuple[Meeting, Slot]]:
        """Return the sessions that are defined, each with its meeting."""
        return [(meeting, slot) for meeting in self.defined_meetings() for slot in meeting.slots if not slot.retired]


def _make_time(month: int, day: int, hour: int) -> datetime:
    """Return a time of 2030 by a circuit's clock."""
    return datetime.combine(date(2030, month, day), time(hour))


def make_first_year() -> Year:
    """Return the season as it is first announced."""
    okayama = Meeting(1, ["okayama"], "4 Hours of Okayama", "okayama")
    okayama.slots = [
        Slot(2, ["practice-1"], "practice", _make_time(3, 1, 10), 90),
        Slot(3, ["qualifying-gt"], "qualifying", _make_time(3, 1, 14), classes=("gt",)),
        Slot(4, ["race-1"], "race", _make_time(3, 2, 13), 240, number=1),
    ]
    paris = Meeting(5, ["paris"], "4 Hours of Paris", "paris", days=(date(2030, 3, 30), date(2030, 3, 31)))
    paris.slots = [Slot(6, ["race"], "race", _make_time(3, 31, 13), 240, number=2)]
    return Year(["2030"], "2030 Test Series", "confirmed", ("proto", "gt"), [okayama, paris])


# --- How it is written down -----------------------------------------------------------------------------------------


def _write_row(**values: object) -> str:
    lines = []
    for key, value in values.items():
        if value is None or value in ((), []):
            continue
        if isinstance(value, datetime | date):
            text = value.isoformat()
        elif isinstance(value, tuple | list):
            text = json.dumps(list(value))
        else:
            text = json.dumps(value)
        lines.append(f"{key} = {text}\n")
    return "".join(lines)


def _write_slot(slot: Slot) -> str:
    return "[[event.session]]\n" + _write_row(
        id=slot.id,
        formerly=slot.ids[:-1],
        kind=slot.kind,
        start=slot.start,
        minutes=slot.minutes,
        round=slot.number,
        classes=slot.classes,
        status=slot.status,
        name=slot.name,
    )


def _write_meeting(meeting: Meeting) -> str:
    first, last = meeting.days or (None, None)
    text = "[[event]]\n" + _write_row(
        id=meeting.id,
        formerly=meeting.ids[:-1],
        name=meeting.name,
        circuit=meeting.circuit,
        first_day=first,
        last_day=last,
        classes=meeting.classes,
        status=meeting.status,
    )
    text += "".join(_write_slot(slot) for slot in meeting.slots if not slot.retired)
    for name, why in meeting.reasons:
        text += "[[event.change]]\n" + _write_row(id=name, what="cancelled", why=why)
    return text


def write_files(year: Year) -> dict[str, bytes]:
    """Return the calendars folder that defines a season."""
    season = _write_row(
        name=year.name,
        formerly=year.ids[:-1],
        status=year.status,
        announced=date(2029, 12, 20),
        classes=year.classes,
    )
    season += "".join(_write_meeting(meeting) for meeting in year.defined_meetings())
    season += "".join("[[retired]]\n" + _write_row(id=name, why="A slip.") for name in year.retired_ids)
    news = "".join(
        "[[news]]\n" + _write_row(id=name, on=date(2029, 12, 24), title=f"News {name}", text=text)
        for name, text in year.news.items()
    )
    lists = ""
    for name, (key, teams) in year.lists.items():
        lists += "[[list]]\n" + _write_row(id=name, event=_require(year.meeting(key)).id)
        for number, team in enumerate(teams, 1):
            lists += "[[list.entry]]\n" + _write_row(number=str(number), **{"class": "gt"}, team=team)
    results = ""
    for (key, slot_key), team in year.results.items():
        meeting = _require(year.meeting(key))
        session = next(slot for slot in meeting.slots if slot.key == slot_key)
        results += "[[result]]\n" + _write_row(event=meeting.id, session=session.id)
        results += "[result.overall]\n" + _write_row(team=team)
    texts = {"season": season, "news": news, "entries": lists, "results": results}
    files = {f"trial/{year.id}/{name}.toml": text for name, text in texts.items() if text}
    files |= {"publisher.toml": SLIM, "circuits.toml": CIRCUITS, "trial/series.toml": SERIES}
    return {path: text.encode() for path, text in files.items()}


def _require(meeting: Meeting | None) -> Meeting:
    assert meeting is not None
    return meeting


# --- What it says ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelledStatement:
    """What the season says of a session, a meeting or itself, the season being number 0."""

    key: int
    meeting: int
    """The key of the meeting; 0 for the season itself."""
    event: str
    """Its id today."""
    session: str
    """Its id today; empty for a meeting or the season."""
    uid: str
    title: str
    name: str
    status: str
    place: str
    classes: tuple[str, ...]
    start: datetime | date | None
    end: datetime | date | None
    """Exclusive."""
    precision: str
    """event, day or time: how much of the start is known; empty for nothing."""
    end_known: bool
    zone: ZoneInfo

    @property
    def significant(self) -> tuple[object, ...]:
        """What SEQUENCE counts."""
        return self.start, self.end, self.status, self.place

    @property
    def appearance(self) -> Appearance:
        """What a calendar program displays."""
        mark = {"cancelled": "CANCELLED: {}", "postponed": "POSTPONED: {}", "provisional": "{} (provisional)"}
        title = mark.get(self.status, "{}").format(f"TS {self.title}")
        return Appearance(self.start, self.end, title, PLACES[self.place])

    def is_over(self, now: datetime) -> bool:
        """Say whether it has ended; a day ends at the circuit's midnight."""
        if self.end is None:
            return False
        end = self.end if isinstance(self.end, datetime) else datetime.combine(self.end, time(), self.zone)
        return end <= now

    @property
    def when(self) -> str:
        """When it is, as facts say it; an end that is assumed is nobody's news."""
        if self.start is None or self.end is None:
            return ""
        whole = self.precision == "event" or not self.session or (self.precision == "time" and self.end_known)
        return f"{_format_moment(self.start)}/{_format_moment(self.end)}" if whole else _format_moment(self.start)

    @property
    def span(self) -> tuple[datetime | date | None, datetime | date | None]:
        """From when, until when."""
        return self.start, self.end

    @property
    def local_days(self) -> tuple[date, ...]:
        """The days it is on, at the circuit."""
        if isinstance(self.start, datetime):
            return (self.start.astimezone(self.zone).date(),)
        if self.start is None or self.end is None or self.session:
            return () if self.start is None else (self.start,)
        return self.start, self.end


class Appearance(NamedTuple):
    """What somebody sees in a calendar program."""

    start: datetime | date | None
    end: datetime | date | None
    title: str
    place: str


def _format_moment(value: datetime | date) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value.isoformat()


def _find_status(*nearest_last: str | None) -> str:
    """Return what holds of the stated statuses: what is off above stays off, else the nearest statement."""
    *above, _nearest = nearest_last
    off = [status for status in above if status in OFF]
    return off[0] if off else [status for status in nearest_last if status][-1]


def state_all(year: Year) -> dict[int, ModelledStatement]:
    """Return all that a season says, by key: what has no day at all is in no calendar, and meetings are known."""
    season_fields = ("", "", "", year.name, year.name, year.status, "", year.classes)
    statements = {0: ModelledStatement(0, 0, *season_fields, None, None, "", end_known=True, zone=ZONES["paris"])}
    for meeting in year.meetings:
        end = f"{meeting.ids[0]}.{year.ids[0]}.trial@example.org"
        off = "cancelled" if meeting.retired else meeting.status
        status = _find_status(year.status, off)
        classes = meeting.classes or year.classes
        zone = ZONES[meeting.circuit]
        days = meeting.known_days
        first, last = (days[0], days[1] + ONE_DAY) if days else (None, None)
        statements[meeting.key] = ModelledStatement(
            *(meeting.key, meeting.key, meeting.id, "", end, meeting.name, meeting.name, status, meeting.circuit),
            *(classes, first, last, "day" if days else "", True, zone),
        )
        for slot in meeting.slots if days else ():
            slot_status = "cancelled" if slot.retired else slot.status
            begin, until, precision, end_known = _find_span(slot, first, last, zone)
            statements[slot.key] = ModelledStatement(
                *(slot.key, meeting.key, meeting.id, slot.id, f"{slot.ids[0]}.{end}"),
                *(
                    f"{meeting.name}: {slot.title}",
                    slot.title,
                    _find_status(year.status, off, slot_status),
                    meeting.circuit,
                ),
                *(slot.classes or classes, begin, until, precision, end_known, zone),
            )
    return statements


def _find_span(
    slot: Slot, first: date | None, last: date | None, zone: ZoneInfo
) -> tuple[datetime | date | None, datetime | date | None, str, bool]:
    match slot.start:
        case datetime() as local:
            begin = local.replace(tzinfo=zone).astimezone(UTC)
            minutes = ASSUMED[slot.kind] if slot.minutes is None else slot.minutes
            return begin, begin + timedelta(minutes=minutes), "time", slot.minutes is not None
        case date() as day:
            return day, day + ONE_DAY, "day", True
        case _:
            return first, last, "event", True


# --- What a change of it is called ----------------------------------------------------------------------------------


class ExpectedFact(NamedTuple):
    """A fact, as ``changes.json`` has it."""

    what: str
    event: str | None
    session: str | None
    before: str | None
    after: str | None


def expect_facts(before: Year, after: Year, now: datetime) -> list[ExpectedFact]:
    """Return what is told of the way from one season to the next, without what other facts imply."""
    old, new = state_all(before), state_all(after)
    facts = {key: _compare(old.get(key), statement, now) for key, statement in new.items()}
    slots = Counter(statement.meeting for statement in new.values() if statement.session)
    moved = Counter(
        new[key].meeting for key, differences in facts.items() if new[key].session and _has_fact(differences, "moved")
    )
    expected = []
    for key, differences in facts.items():
        statement = new[key]
        whole = facts[0] if statement.key else []
        event = facts[statement.meeting] if statement.session else []
        some = 0 < moved[statement.meeting] < slots[statement.meeting]
        for fact in differences:
            if _is_implied_by_season(fact, whole) or _is_implied_by_meeting(fact, event, some=some):
                continue
            if not statement.session and fact[0] == "moved" and some:
                continue  # Its days follow some of its sessions: those have moved.
            expected.append(
                ExpectedFact(
                    fact[0], statement.event or None, statement.session or None, fact[1] or None, fact[2] or None
                )
            )
    return expected + _compare_lists(before, after)


_Difference = tuple[str, str, str]


def _has_fact(differences: list[_Difference], what: str) -> bool:
    return any(fact[0] == what for fact in differences)


def _is_implied_by_season(fact: _Difference, season: list[_Difference]) -> bool:
    """Say whether what happened to the whole season says it."""
    if fact[0].startswith("class-"):
        return fact in season
    if fact[0] in ("time-confirmed", "retimed"):
        return fact[1] == fact[2] and _has_fact(season, fact[0])
    return fact[0] in ("cancelled", "postponed", "reinstated") and _has_fact(season, fact[0])


def _is_implied_by_meeting(fact: _Difference, event: list[_Difference], *, some: bool) -> bool:
    """Say whether what happened to its meeting says it."""
    match fact[0]:
        case "cancelled" | "postponed" | "reinstated" | "added" | "place-changed":
            return _has_fact(event, fact[0])
        case "moved":
            return _has_fact(event, "moved") and not some
        case "class-added" | "class-dropped":
            return fact in event
        case "time-confirmed" | "retimed":  # How sure it is has changed, not the time itself.
            return _has_fact(event, fact[0]) and fact[1] == fact[2]
        case _:
            return False


def _compare(old: ModelledStatement | None, new: ModelledStatement, now: datetime) -> list[_Difference]:
    if old is None:
        return [] if new.is_over(now) else [("added", "", new.when)]
    if old.is_over(now):
        return []  # A correction of what is past.
    differences = [("renamed", old.name, new.name)] if old.name != new.name else []
    if new.status in OFF:
        return [*differences, (new.status, old.when, "")] if old.status != new.status else differences
    if old.status in OFF:
        differences.append(("reinstated", old.when, new.when))
    else:
        differences += _compare_times(old, new)
    if old.place != new.place:
        differences.append(("place-changed", old.place, new.place))
    differences += [("class-added", "", race_class) for race_class in new.classes if race_class not in old.classes]
    return differences + [
        ("class-dropped", race_class, "") for race_class in old.classes if race_class not in new.classes
    ]


def _compare_times(old: ModelledStatement, new: ModelledStatement) -> list[_Difference]:
    sure = new.status == "confirmed"
    if old.when == new.when or ("time" not in (old.precision, new.precision) and old.span == new.span):
        what = {("provisional", "confirmed"): "time-confirmed", ("confirmed", "provisional"): "retimed"}
        return [(what[old.status, new.status], new.when, new.when)] if old.status != new.status else []
    if old.precision == new.precision == "event":
        return []
    if old.start and "event" not in (old.precision, new.precision) and old.local_days != new.local_days:
        return [("moved", old.when, new.when)]
    finest = "time" if new.session else "day"
    what = "time-confirmed" if sure and new.precision == finest != old.precision else "retimed"
    return [(what, old.when, new.when)]


def _compare_lists(before: Year, after: Year) -> list[ExpectedFact]:
    expected = []
    for name, (key, teams) in after.lists.items():
        event = _require(after.meeting(key)).id
        if name not in before.lists:
            expected.append(ExpectedFact("entry-list", event, None, None, None))
        elif (old := before.lists[name][1]) != teams:
            departures = [f"#{n} {team}" for n, team in enumerate(old, 1) if teams[n - 1 : n] != (team,)]
            arrivals = [f"#{n} {team}" for n, team in enumerate(teams, 1) if old[n - 1 : n] != (team,)]
            expected.append(
                ExpectedFact("entry-list", event, name, "; ".join(departures) or None, "; ".join(arrivals) or None)
            )
    for key, slot_key in after.results:
        if (key, slot_key) not in before.results:
            meeting = _require(after.meeting(key))
            session = next(slot.id for slot in meeting.slots if slot.key == slot_key)
            expected.append(ExpectedFact("result", meeting.id, session, None, None))
    return expected


NEWSWORTHY = ("added", "moved", "place-changed", "cancelled", "postponed", "reinstated")


def count_new_items(expected: list[ExpectedFact], before: Year, after: Year) -> dict[str, int]:
    """Return how many new items each feed has: one for all that happened to a meeting."""
    items: dict[object, list[str]] = {}
    for number, fact in enumerate(expected):
        if fact.what == "result" or (fact.what == "entry-list" and not fact.session):
            continue  # It has an item of its own.
        items.setdefault(fact.event or number, []).append(fact.what)
    loud = sum(any(what in NEWSWORTHY for what in kinds) for kinds in items.values())
    announced = len(after.news.keys() - before.news.keys()) + len(after.lists.keys() - before.lists.keys())
    results = len(after.results.keys() - before.results.keys())
    return {
        "changes": len(items),
        "news": loud + announced,
        "results": results,
        "everything": len(items) + announced + results,
    }


# --- What becomes of it ---------------------------------------------------------------------------------------------


def would_vanish(public: Year, draft: Year) -> bool:
    """Say whether something that is public would be gone, or would have no days any more."""
    new = state_all(draft)
    vanished = [
        key
        for key, statement in state_all(public).items()
        if key not in new or (statement.start and not new[key].start)
    ]
    lost = public.news.keys() - draft.news.keys() or public.lists.keys() - draft.lists.keys()
    return bool(vanished or lost or public.results.keys() - draft.results.keys())


def freeze_retired(draft: Year, public: Year) -> Year:
    """Return a season with what is newly retired as it was public last: that is all that is known of it."""
    year = copy.deepcopy(draft)
    for index, meeting in enumerate(year.meetings):
        last = copy.deepcopy(public.meeting(meeting.key))
        if last is None:
            continue
        if meeting.retired:
            last.retired = True
            year.meetings[index] = last
            continue
        slots = {slot.key: slot for slot in last.slots}
        meeting.slots = [
            replace(slots.get(slot.key, slot), retired=True) if slot.retired else slot for slot in meeting.slots
        ]
    return year


def carry_back(old: Year, now: Year) -> Year:
    """Return what an old season said under the ids of now; what came later is off, what was retired stays so."""
    year = copy.deepcopy(now)
    year.name, year.status, year.classes = old.name, old.status, old.classes
    year.news = {**now.news, **old.news}
    year.lists = {**now.lists, **old.lists}
    year.results = {**now.results, **old.results}
    for index, meeting in enumerate(year.meetings):
        earlier = copy.deepcopy(old.meeting(meeting.key))
        if meeting.retired:
            continue
        if earlier is None:
            meeting.status = "cancelled"
        elif meeting.known_days and not earlier.known_days:
            meeting.status = "postponed"
        else:
            before = {slot.key: slot for slot in earlier.slots}
            earlier.ids = meeting.ids
            earlier.slots = [_carry_slot_back(before.get(slot.key), slot) for slot in meeting.slots]
            reason_ids = {name for name, _why in earlier.reasons}
            earlier.reasons += [reason for reason in meeting.reasons if reason[0] not in reason_ids]
            year.meetings[index] = earlier
    return year


def _carry_slot_back(old: Slot | None, now: Slot) -> Slot:
    if now.retired:
        return now
    if old is None:
        now.status = "cancelled"
        return now
    old.ids = now.ids
    return old

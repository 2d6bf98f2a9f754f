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
    def held(self) -> tuple[date, date] | None:
        """Its first and last day, as far as they are known; what is retired counts only where nothing else does."""
        left = [day for slot in self.slots if (day := slot.day) and not slot.retired]
        known = left or [day for slot in self.slots if (day := slot.day)]
        return self.days or ((min(known), max(known)) if known else None)


@dataclass
class Year:
    """A season with all its files."""

    ids: list[str]
    name: str
    status: str
    classes: tuple[str, ...]
    meetings: list[Meeting]
    graves: list[str] = field(default_factory=list)
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
        return next((one for one in self.meetings if one.key == key), None)

    def alive(self) -> list[Meeting]:
        """Return the meetings that are defined."""
        return [one for one in self.meetings if not one.retired]

    def slots(self) -> list[tuple[Meeting, Slot]]:
        """Return the sessions that are defined, each with its meeting."""
        return [(meeting, slot) for meeting in self.alive() for slot in meeting.slots if not slot.retired]


def _local(month: int, day: int, hour: int) -> datetime:
    """Return a time of 2030 by a circuit's clock."""
    return datetime.combine(date(2030, month, day), time(hour))


def first_year() -> Year:
    """Return the season as it is first announced."""
    okayama = Meeting(1, ["okayama"], "4 Hours of Okayama", "okayama")
    okayama.slots = [
        Slot(2, ["practice-1"], "practice", _local(3, 1, 10), 90),
        Slot(3, ["qualifying-gt"], "qualifying", _local(3, 1, 14), classes=("gt",)),
        Slot(4, ["race-1"], "race", _local(3, 2, 13), 240, number=1),
    ]
    paris = Meeting(5, ["paris"], "4 Hours of Paris", "paris", days=(date(2030, 3, 30), date(2030, 3, 31)))
    paris.slots = [Slot(6, ["race"], "race", _local(3, 31, 13), 240, number=2)]
    return Year(["2030"], "2030 Test Series", "confirmed", ("proto", "gt"), [okayama, paris])


# --- How it is written down -----------------------------------------------------------------------------------------


def _row(**values: object) -> str:
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


def _slot_toml(slot: Slot) -> str:
    return "[[event.session]]\n" + _row(
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


def _meeting_toml(meeting: Meeting) -> str:
    first, last = meeting.days or (None, None)
    text = "[[event]]\n" + _row(
        id=meeting.id,
        formerly=meeting.ids[:-1],
        name=meeting.name,
        circuit=meeting.circuit,
        first_day=first,
        last_day=last,
        classes=meeting.classes,
        status=meeting.status,
    )
    text += "".join(_slot_toml(slot) for slot in meeting.slots if not slot.retired)
    for name, why in meeting.reasons:
        text += "[[event.change]]\n" + _row(id=name, what="cancelled", why=why)
    return text


def written(year: Year) -> dict[str, bytes]:
    """Return the calendars folder that defines a season."""
    season = _row(
        name=year.name,
        formerly=year.ids[:-1],
        status=year.status,
        announced=date(2029, 12, 20),
        classes=year.classes,
    )
    season += "".join(_meeting_toml(meeting) for meeting in year.alive())
    season += "".join("[[retired]]\n" + _row(id=name, why="A slip.") for name in year.graves)
    news = "".join(
        "[[news]]\n" + _row(id=name, on=date(2029, 12, 24), title=f"News {name}", text=text)
        for name, text in year.news.items()
    )
    lists = ""
    for name, (key, teams) in year.lists.items():
        lists += "[[list]]\n" + _row(id=name, event=_there(year.meeting(key)).id)
        for number, team in enumerate(teams, 1):
            lists += "[[list.entry]]\n" + _row(number=str(number), **{"class": "gt"}, team=team)
    results = ""
    for (key, own), team in year.results.items():
        meeting = _there(year.meeting(key))
        session = next(slot for slot in meeting.slots if slot.key == own)
        results += "[[result]]\n" + _row(event=meeting.id, session=session.id)
        results += "[result.overall]\n" + _row(team=team)
    texts = {"season": season, "news": news, "entries": lists, "results": results}
    files = {f"trial/{year.id}/{name}.toml": text for name, text in texts.items() if text}
    files |= {"publisher.toml": SLIM, "circuits.toml": CIRCUITS, "trial/series.toml": SERIES}
    return {path: text.encode() for path, text in files.items()}


def _there(meeting: Meeting | None) -> Meeting:
    assert meeting is not None
    return meeting


# --- What it says ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
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
    precise: str
    """event, day or time: how much of the start is known; empty for nothing."""
    end_known: bool
    zone: ZoneInfo

    @property
    def moved_by(self) -> tuple[object, ...]:
        """What SEQUENCE counts."""
        return self.start, self.end, self.status, self.place

    @property
    def shown(self) -> Shown:
        """What a calendar program displays."""
        mark = {"cancelled": "CANCELLED: {}", "postponed": "POSTPONED: {}", "provisional": "{} (provisional)"}
        title = mark.get(self.status, "{}").format(f"TS {self.title}")
        return Shown(self.start, self.end, title, PLACES[self.place])

    def over(self, now: datetime) -> bool:
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
        whole = self.precise == "event" or not self.session or (self.precise == "time" and self.end_known)
        return f"{_text(self.start)}/{_text(self.end)}" if whole else _text(self.start)

    @property
    def span(self) -> tuple[datetime | date | None, datetime | date | None]:
        """From when, until when."""
        return self.start, self.end

    @property
    def held(self) -> tuple[date, ...]:
        """The days it is on, at the circuit."""
        if isinstance(self.start, datetime):
            return (self.start.astimezone(self.zone).date(),)
        if self.start is None or self.end is None or self.session:
            return () if self.start is None else (self.start,)
        return self.start, self.end


class Shown(NamedTuple):
    """What somebody sees in a calendar program."""

    start: datetime | date | None
    end: datetime | date | None
    title: str
    place: str


def _text(value: datetime | date) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value.isoformat()


def _status(*nearest_last: str | None) -> str:
    """Return what holds of the stated statuses: what is off above stays off, else the nearest statement."""
    *above, _own = nearest_last
    off = [one for one in above if one in OFF]
    return off[0] if off else [one for one in nearest_last if one][-1]


def said(year: Year) -> dict[int, Said]:
    """Return all that a season says, by key: what has no day at all is in no calendar, and meetings are known."""
    own = ("", "", "", year.name, year.name, year.status, "", year.classes)
    found = {0: Said(0, 0, *own, None, None, "", end_known=True, zone=ZONES["paris"])}
    for meeting in year.meetings:
        end = f"{meeting.ids[0]}.{year.ids[0]}.trial@example.org"
        off = "cancelled" if meeting.retired else meeting.status
        status = _status(year.status, off)
        classes = meeting.classes or year.classes
        zone = ZONES[meeting.circuit]
        days = meeting.held
        first, last = (days[0], days[1] + ONE_DAY) if days else (None, None)
        found[meeting.key] = Said(
            *(meeting.key, meeting.key, meeting.id, "", end, meeting.name, meeting.name, status, meeting.circuit),
            *(classes, first, last, "day" if days else "", True, zone),
        )
        for slot in meeting.slots if days else ():
            own = "cancelled" if slot.retired else slot.status
            begin, until, precise, known = _span(slot, first, last, zone)
            found[slot.key] = Said(
                *(slot.key, meeting.key, meeting.id, slot.id, f"{slot.ids[0]}.{end}"),
                *(f"{meeting.name}: {slot.title}", slot.title, _status(year.status, off, own), meeting.circuit),
                *(slot.classes or classes, begin, until, precise, known, zone),
            )
    return found


def _span(
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


class Told(NamedTuple):
    """A fact, as ``changes.json`` has it."""

    what: str
    event: str | None
    session: str | None
    before: str | None
    after: str | None


def changed(before: Year, after: Year, now: datetime) -> list[Told]:
    """Return what is told of the way from one season to the next, without what other facts imply."""
    old, new = said(before), said(after)
    facts = {key: _differences(old.get(key), one, now) for key, one in new.items()}
    slots = Counter(one.meeting for one in new.values() if one.session)
    moved = Counter(new[key].meeting for key, found in facts.items() if new[key].session and _has(found, "moved"))
    told = []
    for key, found in facts.items():
        one = new[key]
        whole = facts[0] if one.key else []
        event = facts[one.meeting] if one.session else []
        some = 0 < moved[one.meeting] < slots[one.meeting]
        for fact in found:
            if _by_season(fact, whole) or _by_meeting(fact, event, some=some):
                continue
            if not one.session and fact[0] == "moved" and some:
                continue  # Its days follow some of its sessions: those have moved.
            told.append(Told(fact[0], one.event or None, one.session or None, fact[1] or None, fact[2] or None))
    return told + _lists_changed(before, after)


_Difference = tuple[str, str, str]


def _has(found: list[_Difference], what: str) -> bool:
    return any(fact[0] == what for fact in found)


def _by_season(fact: _Difference, season: list[_Difference]) -> bool:
    """Say whether what happened to the whole season says it."""
    if fact[0].startswith("class-"):
        return fact in season
    if fact[0] in ("time-confirmed", "retimed"):
        return fact[1] == fact[2] and _has(season, fact[0])
    return fact[0] in ("cancelled", "postponed", "reinstated") and _has(season, fact[0])


def _by_meeting(fact: _Difference, event: list[_Difference], *, some: bool) -> bool:
    """Say whether what happened to its meeting says it."""
    match fact[0]:
        case "cancelled" | "postponed" | "reinstated" | "added" | "place-changed":
            return _has(event, fact[0])
        case "moved":
            return _has(event, "moved") and not some
        case "class-added" | "class-dropped":
            return fact in event
        case "time-confirmed" | "retimed":  # How sure it is has changed, not the time itself.
            return _has(event, fact[0]) and fact[1] == fact[2]
        case _:
            return False


def _differences(old: Said | None, new: Said, now: datetime) -> list[_Difference]:
    if old is None:
        return [] if new.over(now) else [("added", "", new.when)]
    if old.over(now):
        return []  # A correction of what is past.
    found = [("renamed", old.name, new.name)] if old.name != new.name else []
    if new.status in OFF:
        return [*found, (new.status, old.when, "")] if old.status != new.status else found
    if old.status in OFF:
        found.append(("reinstated", old.when, new.when))
    else:
        found += _time(old, new)
    if old.place != new.place:
        found.append(("place-changed", old.place, new.place))
    found += [("class-added", "", one) for one in new.classes if one not in old.classes]
    return found + [("class-dropped", one, "") for one in old.classes if one not in new.classes]


def _time(old: Said, new: Said) -> list[_Difference]:
    sure = new.status == "confirmed"
    if old.when == new.when or ("time" not in (old.precise, new.precise) and old.span == new.span):
        what = {("provisional", "confirmed"): "time-confirmed", ("confirmed", "provisional"): "retimed"}
        return [(what[old.status, new.status], new.when, new.when)] if old.status != new.status else []
    if old.precise == new.precise == "event":
        return []
    if old.start and "event" not in (old.precise, new.precise) and old.held != new.held:
        return [("moved", old.when, new.when)]
    finest = "time" if new.session else "day"
    what = "time-confirmed" if sure and new.precise == finest != old.precise else "retimed"
    return [(what, old.when, new.when)]


def _lists_changed(before: Year, after: Year) -> list[Told]:
    found = []
    for name, (key, teams) in after.lists.items():
        event = _there(after.meeting(key)).id
        if name not in before.lists:
            found.append(Told("entry-list", event, None, None, None))
        elif (old := before.lists[name][1]) != teams:
            gone = [f"#{n} {team}" for n, team in enumerate(old, 1) if teams[n - 1 : n] != (team,)]
            came = [f"#{n} {team}" for n, team in enumerate(teams, 1) if old[n - 1 : n] != (team,)]
            found.append(Told("entry-list", event, name, "; ".join(gone) or None, "; ".join(came) or None))
    for key, own in after.results:
        if (key, own) not in before.results:
            meeting = _there(after.meeting(key))
            session = next(slot.id for slot in meeting.slots if slot.key == own)
            found.append(Told("result", meeting.id, session, None, None))
    return found


NEWSWORTHY = ("added", "moved", "place-changed", "cancelled", "postponed", "reinstated")


def new_items(told: list[Told], before: Year, after: Year) -> dict[str, int]:
    """Return how many new items each feed has: one for all that happened to a meeting."""
    items: dict[object, list[str]] = {}
    for number, fact in enumerate(told):
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


def would_vanish(public: Year, wanted: Year) -> bool:
    """Say whether something that is public would be gone, or would have no days any more."""
    new = said(wanted)
    gone = [key for key, one in said(public).items() if key not in new or (one.start and not new[key].start)]
    lost = public.news.keys() - wanted.news.keys() or public.lists.keys() - wanted.lists.keys()
    return bool(gone or lost or public.results.keys() - wanted.results.keys())


def buried(wanted: Year, public: Year) -> Year:
    """Return a season with what is newly retired as it was public last: that is all that is known of it."""
    year = copy.deepcopy(wanted)
    for index, meeting in enumerate(year.meetings):
        shown = copy.deepcopy(public.meeting(meeting.key))
        if shown is None:
            continue
        if meeting.retired:
            shown.retired = True
            year.meetings[index] = shown
            continue
        slots = {slot.key: slot for slot in shown.slots}
        meeting.slots = [
            replace(slots.get(slot.key, slot), retired=True) if slot.retired else slot for slot in meeting.slots
        ]
    return year


def carried(old: Year, now: Year) -> Year:
    """Return what an old season said under the ids of now; what came later is off, what was retired stays so."""
    year = copy.deepcopy(now)
    year.name, year.status, year.classes = old.name, old.status, old.classes
    year.news = {**now.news, **old.news}
    year.lists = {**now.lists, **old.lists}
    year.results = {**now.results, **old.results}
    for index, meeting in enumerate(year.meetings):
        was = copy.deepcopy(old.meeting(meeting.key))
        if meeting.retired:
            continue
        if was is None:
            meeting.status = "cancelled"
        elif meeting.held and not was.held:
            meeting.status = "postponed"
        else:
            before = {slot.key: slot for slot in was.slots}
            was.ids = meeting.ids
            was.slots = [_carried(before.get(slot.key), slot) for slot in meeting.slots]
            known = {name for name, _why in was.reasons}
            was.reasons += [one for one in meeting.reasons if one[0] not in known]
            year.meetings[index] = was
    return year


def _carried(old: Slot | None, now: Slot) -> Slot:
    if now.retired:
        return now
    if old is None:
        now.status = "cancelled"
        return now
    old.ids = now.ids
    return old

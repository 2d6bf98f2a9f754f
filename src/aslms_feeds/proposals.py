"""Somebody else's calendar compared with ours: what differs is a proposal for a person, and never published by itself.

Their titles are matched with our events and sessions by words, and by nearness in time where words leave a choice.
What matches and says the same is nobody's news; what differs becomes a `Proposal` with the TOML to write, in the times
of the circuit's clock. The same difference is the same proposal, with the same id, until either side changes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from aslms_feeds import naming
from aslms_feeds.facts import OFF
from aslms_feeds.identity import ID_LENGTH, component_uid, digest
from aslms_feeds.language import language
from aslms_feeds.model import Kind, Status, What
from aslms_feeds.moments import ONE_DAY, Clock, Precision, Span, clock, event_span, local, session_span, zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from aslms_feeds.model import Circuit, Event, SeasonFiles, SeriesFiles, Session

MOST = 100
"""Proposals of one upstream; a calendar that differs in more is another calendar."""
REACH = timedelta(days=120)
"""A session that is farther away than this is another season's."""
MARGIN = timedelta(days=45)
"""How far before our first and behind our last day something of theirs may be new to the season."""
WITHOUT_CALENDAR = timedelta(days=400)
"""The same from today on, where our season has no day yet."""
NEAR = timedelta(days=7)
"""How far from a race meeting of ours a session of theirs can belong to it."""
WEIGHT = 1000
"""What a word weighs that only one of our places is called."""
ENOUGH = 500
"""The weight of the words that make a title one of our events."""


@dataclass(frozen=True, kw_only=True)
class Ours:
    """What we say of one session, or of a whole race meeting where ``session`` is empty."""

    uid: str
    event: str
    session: str
    names: tuple[str, ...]
    """All that the race meeting and its place are called."""
    own: tuple[str, ...]
    """All that the session is called; none for a race meeting."""
    kind: Kind | None
    span: Span | None
    """None where not even the days are known."""
    status: Status
    timezone: str
    circuit: str
    """The circuit's id; empty where there is none, and no time can be given."""
    length: str = ""
    """The key that says how long it lasts: end, hours, minutes, or none."""
    stated: bool = False
    """Whether a race meeting's first and last day stand in the file themselves."""

    @property
    def place(self) -> str:
        """What tells it from events elsewhere."""
        return self.circuit or self.event

    @cached_property
    def number(self) -> int | None:
        """Which one of its kind it is."""
        return _number(" ".join(self.own))

    def is_named_in(self, words: AbstractSet[str]) -> bool:
        """Say whether a title holds all words of one of its names, if those are several."""
        return any(len(name) > 1 and name <= words for name in map(frozenset, map(_words, self.own)))

    @cached_property
    def extras(self) -> frozenset[str]:
        """What tells a session from others of its kind, beside its number: GT, LMP2, warm-up."""
        words = frozenset(word for name in self.own for word in _words(name) if not word.isdecimal())
        return words - (_KIND_WORDS - _WARM)


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """What somebody else's calendar says."""

    uid: str
    title: str
    place: str
    start: datetime | date
    """An instant in UTC, a time by the circuit's clock (without offset), or a day."""
    end: datetime | date | None
    """The same kind of value, exclusive; None where it does not say."""
    status: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of its title."""
        return _words(self.title)

    @property
    def is_session(self) -> bool:
        """Whether it is a session rather than a whole race meeting."""
        return isinstance(self.start, datetime) or (_kind(self.words) is not None and not self.lasts_days)

    @property
    def off(self) -> Status | None:
        """Whether it is cancelled or postponed, by its status or by how its title begins or ends."""
        edges = {self.words[0], self.words[-1]} if self.words else set()
        if self.status == "cancelled" or edges & _CANCELLED:
            return Status.CANCELLED
        return Status.POSTPONED if edges & _POSTPONED else None

    @property
    def lasts_days(self) -> bool:
        """Whether it is days, and more than one."""
        if isinstance(self.start, datetime) or self.end is None or isinstance(self.end, datetime):
            return False
        return self.end - self.start > ONE_DAY

    def day(self, timezone: str) -> date:
        """Return its first day, by a zone's clock."""
        if not isinstance(self.start, datetime):
            return self.start
        start = local(self.start, timezone) if self.start.tzinfo else self.start
        return start.date() if isinstance(start, datetime) else start

    def last_day(self, timezone: str) -> date:
        """Return its last day, by a zone's clock."""
        if self.end is None or isinstance(self.end, datetime):
            return self.day(timezone)
        return max(self.end - ONE_DAY, self.day(timezone))

    def instant(self, value: datetime | date | None, timezone: str) -> datetime | None:
        """Return one of its two moments as an instant in UTC; None for a day."""
        if not isinstance(value, datetime):
            return None
        return (value if value.tzinfo else value.replace(tzinfo=zone(timezone))).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One difference, and what to write where theirs is right."""

    id: str
    upstream: str
    """Whose calendar it is: the upstream's id."""
    series: str
    season: str
    event: str
    """The event's id; the id that is proposed where it is new."""
    session: str
    """The session's id; empty for an event."""
    what: What
    title: str
    """What they call it, without the series' name."""
    ours: str
    """What we say: a day, a time with its offset, a status; empty where we say nothing."""
    theirs: str
    patch: str
    """TOML for season.toml: the tables it changes or adds, with no more keys than needed."""


# Theirs and ours as values


def theirs(uid: str, title: str, place: str, start: str, end: str, status: str) -> Theirs:
    """Return one of their events from ISO 8601 texts; ValueError where they are none."""
    begin, until = _read(start), _read(end) if end else None
    if isinstance(begin, datetime) and isinstance(until, datetime):
        if (begin.tzinfo is None) != (until.tzinfo is None):
            until = None
        elif until - begin >= _DAYS:  # nothing races so long: days, written with times
            begin, until = begin.date(), (until - timedelta(seconds=1)).date() + ONE_DAY
    return Theirs(uid=uid, title=title, place=place, start=begin, end=until, status=status)


def _read(text: str) -> datetime | date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def ours(files: SeriesFiles, season: SeasonFiles) -> tuple[Ours, ...]:
    """Return what a season says of its race meetings and of their sessions, in the file's order."""
    return tuple(one for event in season.season.events for one in _of_event(files, season, event))


def _of_event(files: SeriesFiles, season: SeasonFiles, event: Event) -> Iterator[Ours]:
    circuit = files.circuits.get(event.circuit) if event.circuit else None
    timezone = circuit.timezone if circuit else "UTC"
    names = (event.name, *event.names.values(), event.id, event.circuit_name or "", *_called(circuit))
    assumed = files.publisher.calendars.assumed_minutes
    for session in (None, *event.sessions):
        parts = (season.lasting_id, event.lasting_id, session.lasting_id if session else None)
        yield Ours(
            uid=component_uid(files.publisher.identity, files.lasting_id, *parts),
            event=event.id,
            session=session.id if session else "",
            names=tuple(name for name in names if name),
            own=_session_names(files, session) if session else (),
            kind=session.kind if session else None,
            span=session_span(session, event, timezone, assumed) if session else event_span(event, timezone),
            status=naming.status_of(session, event, season.season),
            timezone=timezone,
            circuit=event.circuit if event.circuit and circuit else "",
            length=next((key for key in ("end", "hours", "minutes") if session and getattr(session, key)), ""),
            stated=event.first_day is not None and event.last_day is not None,
        )


def _called(circuit: Circuit | None) -> tuple[str, ...]:
    return (circuit.name, *circuit.names.values(), circuit.city or "") if circuit else ()


def _session_names(files: SeriesFiles, session: Session) -> tuple[str, ...]:
    made = naming.session_name(session, files.series, language(files.publisher.languages[0]))
    return tuple(dict.fromkeys((session.id.replace("-", " "), made, *session.names.values())))


# Words

_CERTAIN = -100
"""How well something fits that bears our own UID."""
_OFF = (What.CANCELLED, What.POSTPONED)
_DAYS = timedelta(hours=36)
_WARM = frozenset({"warm", "warmup"})
_KINDS: tuple[tuple[Kind, frozenset[str]], ...] = (
    (
        Kind.QUALIFYING,
        frozenset(
            {
                "qualifying",
                "quali",
                "qualif",
                "qualification",
                "qualifications",
                "hyperpole",
                "superpole",
                "q1",
                "q2",
                "q3",
            }
        ),
    ),
    (
        Kind.PRACTICE,
        frozenset(
            {
                "practice",
                "fp",
                "fp1",
                "fp2",
                "fp3",
                "fp4",
                "p1",
                "p2",
                "p3",
                "essais",
                "libres",
                "training",
                "warm",
                "warmup",
            }
        ),
    ),
    (Kind.TEST, frozenset({"test", "tests", "testing", "prologue", "shakedown", "rookie"})),
    (Kind.RACE, frozenset({"race", "races", "course", "rennen", "carrera", "gara", "r1", "r2", "r3"})),
)
_KIND_WORDS = frozenset().union(*(words for _kind, words in _KINDS))
_CANCELLED = frozenset({"cancelled", "canceled", "annule", "annulee", "abgesagt", "cancelado"})
_POSTPONED = frozenset({"postponed", "reporte", "reportee", "verschoben"})
_SHARED = """a and at circuit city course d de del des di du event fp gp grand h heures hour hours in international km
la le miglia miles motor motorsport of on park prix provisional rd ring round rounds season series session speedway
street the track up us weekend autodrome autodromo raceway racetrack championship cup"""
_COMMON = frozenset(_SHARED.split()) | _KIND_WORDS | _CANCELLED | _POSTPONED
"""Words that many events share, in whichever calendar."""
_NUMBER = re.compile(
    r"\b(?:fp|p|q|r|practice|qualifying|quali|race|course|rennen|session|test|essais|libres)[ #.:-]*(\d{1,2})\b"
)


def _plain(text: str) -> str:
    """Return a text in small letters without accents."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in split if not unicodedata.combining(char))


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", _plain(text)))


def _telling(texts: Iterable[str], common: AbstractSet[str]) -> frozenset[str]:
    """Return the words that say which event is meant."""
    found = {word for text in texts for word in _words(text)}
    return frozenset(word for word in found if word not in common and not word.isdecimal() and len(word) > 1)


def _number(text: str) -> int | None:
    found = _NUMBER.search(_plain(text))
    return int(found[1]) if found else None


def _kind(words: Iterable[str]) -> Kind | None:
    said = frozenset(words)
    return next((kind for kind, known in _KINDS if said & known), None)


def _variants(word: str) -> frozenset[str]:
    """Return a word and what is left of it without one letter: two that share one are alike but for a slip."""
    if len(word) < _LONG:
        return frozenset({word})
    return frozenset({word, *(word[:at] + word[at + 1 :] for at in range(len(word)))})


_LONG = 5
"""Letters; shorter words are alike by chance."""


@dataclass(frozen=True)
class _Vocabulary:
    """What the words of our events weigh: a word that many places share says little."""

    common: frozenset[str]
    events: Mapping[str, AbstractSet[str]]
    """The events that a word is of."""
    weights: Mapping[str, int]
    slips: Mapping[str, AbstractSet[str]]
    """The words that a misspelt one may be, by its variants."""

    @classmethod
    def of(cls, ours: Sequence[Ours], names: Iterable[str]) -> _Vocabulary:
        common = _COMMON | {word for name in names for word in _words(name)}
        events: dict[str, set[str]] = defaultdict(set)
        places: dict[str, set[str]] = defaultdict(set)
        slips: dict[str, set[str]] = defaultdict(set)
        for one in ours:
            # An event may be called by nothing else than the series is.
            for word in _telling(one.names, common) or _telling(one.names, frozenset()):
                events[word].add(one.event)
                places[word].add(one.place)
                for variant in _variants(word):
                    slips[variant].add(word)
        weights = {word: WEIGHT // len(known) for word, known in places.items()}
        return cls(common, dict(events), weights, dict(slips))

    def scores(self, one: Theirs) -> dict[str, int]:
        """Return the events of ours that something of theirs can be, with the weight of the words they share."""
        scores: Counter[str] = Counter()
        for word in sorted(_telling((one.title, one.place), frozenset())):
            for event, weight in self._weights(word).items():
                scores[event] += weight
        return {event: score for event, score in scores.items() if score >= ENOUGH}

    def _weights(self, word: str) -> dict[str, int]:
        known = {word} if word in self.events else set()
        if not known and word not in self.common:
            known = {near for variant in _variants(word) for near in self.slips.get(variant, ())}
        found: dict[str, int] = {}
        for near in known:
            for event in self.events[near]:
                found[event] = max(found.get(event, 0), self.weights[near])
        return found


# Comparing


def overlaps(files: SeriesFiles, found: Sequence[Theirs]) -> bool:
    """Say whether a calendar is about a series at all: whether it names one event of any of its seasons."""
    known = [one for season in files.seasons for one in ours(files, season)]
    words = _Vocabulary.of(known, _names(files))
    uids = {one.uid for one in known}
    return not known or any(one.uid in uids or words.scores(one) for one in found)


def compare(
    files: SeriesFiles, season: SeasonFiles, found: Sequence[Theirs], upstream: str, *, now: datetime
) -> tuple[Proposal, ...]:
    """Return how somebody else's calendar differs from a season of ours, for what is not over at ``now``.

    By event and session in the season's order, new events last; ``upstream`` is the id of whose calendar it is.
    """
    return _Work(files, season, upstream, now).proposals(found)


def _names(files: SeriesFiles) -> tuple[str, ...]:
    return (files.series.name, files.series.short, *files.series.names.values())


_Pair = tuple[Ours, Theirs]
_Left = tuple[Theirs, frozenset[str]]
"""What is none of ours, and the events it might belong to."""


@dataclass(frozen=True)
class _Work:
    files: SeriesFiles
    season: SeasonFiles
    upstream: str
    now: datetime

    @cached_property
    def ours(self) -> tuple[Ours, ...]:
        return ours(self.files, self.season)

    @cached_property
    def words(self) -> _Vocabulary:
        return _Vocabulary.of(self.ours, _names(self.files))

    def proposals(self, found: Sequence[Theirs]) -> tuple[Proposal, ...]:
        named = [replace(one, title=self._without_series(one.title)) for one in found]
        pairs, left = self._pairs(sorted(named, key=_order))
        changed = {(own.event, own.session): made for own, one in pairs if (made := self._difference(own, one))}
        in_order = [changed[own.event, own.session] for own in self.ours if (own.event, own.session) in changed]
        # A meeting that is off takes its sessions with it: that is one decision.
        off = {made.event for made in in_order if not made.session and made.what in _OFF}
        kept = [made for made in in_order if not (made.session and made.what in _OFF and made.event in off)]
        return (*kept, *self._added(pairs, left))[:MOST]

    def _without_series(self, title: str) -> str:
        """Return a title without the series' name, whose words mean no session: Test Series has races."""
        for name in sorted(_names(self.files), key=len, reverse=True):
            pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
            title = re.sub(pattern, "", title, flags=re.IGNORECASE).strip(" -–—|:/,") or title
        return title

    def _pairs(self, found: Sequence[Theirs]) -> tuple[list[_Pair], list[_Left]]:
        """Return which of theirs is which of ours, and the rest with the events each might belong to."""
        by_uid = {own.uid: own for own in self.ours}
        scores = [{by_uid[one.uid].event: 0} if one.uid in by_uid else self.words.scores(one) for one in found]
        candidates = []
        for at, (one, events) in enumerate(zip(found, scores, strict=True)):
            top = max(events.values(), default=0)
            for place, own in enumerate(self.ours):
                if own.event in events and (fit := self._fit(own, one)) is not None:
                    lighter = (top - events[own.event]) // ENOUGH
                    candidates.append((fit + lighter, _apart(own, one), place, at))
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        for _fit, _away, place, at in sorted(candidates):
            if place not in taken and at not in pairs:
                pairs[at] = place
                taken.add(place)
        left = [
            (one, _best(events)) for at, (one, events) in enumerate(zip(found, scores, strict=True)) if at not in pairs
        ]
        return [(self.ours[place], found[at]) for at, place in sorted(pairs.items())], left

    def _fit(self, own: Ours, one: Theirs) -> int | None:
        """Return how well one of theirs fits one of ours, the best the least; None where it cannot be it."""
        if own.uid == one.uid:
            return _CERTAIN
        if _apart(own, one) > REACH:
            return None
        said = _kind(word for word in one.words if word not in self._event_words[own.event])
        whole = not isinstance(one.start, datetime) and (said is None or one.lasts_days)
        if whole or not own.session:
            return 0 if whole and not own.session else None
        words = frozenset(one.words)
        extras = own.extras & words
        # Who names no kind means the race, unless its name or its time is another session's.
        same_time = own.span is not None and one.instant(one.start, own.timezone) == own.span.start
        named = own.is_named_in(words) or (said is None and same_time)
        if own.kind is not (said or Kind.RACE) and not named and not (own.kind is Kind.OTHER and extras):
            return None
        number = _number(one.title)
        if number is not None and number != (own.number or 1):
            return None
        if bool(own.extras & _WARM) is not bool(words & _WARM):
            return None
        classes, said_classes = own.extras & self._class_words, self._class_words & words
        if classes and said_classes and not classes & said_classes:
            return None
        return len(said_classes - own.extras) - 2 * len(extras) - 2 * (number == own.number)

    @cached_property
    def _event_words(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for own in self.ours:
            if not own.session:
                found[own.event] = frozenset(word for name in own.names for word in _words(name))
        return found

    @cached_property
    def _class_words(self) -> frozenset[str]:
        names = [(one.id, one.name) for one in self.files.series.classes]
        return frozenset(word for pair in names for name in pair for word in _words(name) if not word.isdecimal())

    # What differs

    def _difference(self, own: Ours, one: Theirs) -> Proposal | None:
        if self._over(own, one) or own.status in OFF:
            return None
        if off := one.off:
            what = What.CANCELLED if off is Status.CANCELLED else What.POSTPONED
            return self._proposal(own, one, what, own.status.value, off.value, [f'status = "{off.value}"'])
        return self._other_time(own, one) if own.session else self._other_days(own, one)

    def _over(self, own: Ours, one: Theirs) -> bool:
        """Say whether it is over for both: what is past is no proposal any more."""
        past = own.span.over(self.now) if own.span else True
        today = self.now.astimezone(zone(own.timezone)).date()
        start = one.instant(one.start, own.timezone)
        return past and (start <= self.now if start else one.last_day(own.timezone) < today)

    def _other_days(self, own: Ours, one: Theirs) -> Proposal | None:
        first, last = one.day(own.timezone), one.last_day(own.timezone)
        said = _days(first, last)
        if own.span:
            days = own.span.first_day, own.span.last_day
            apart = last < days[0] or first > days[1]
            bare = own.stated and not any(other.session and other.event == own.event for other in self.ours)
            # Who says when its sessions are has said it better than a calendar with whole days.
            if not apart and (not bare or days == (first, last)):
                return None
        lines = [f"first_day = {first}", f"last_day = {last}"]
        if any(other.session and other.event == own.event for other in self.ours):
            lines.append("# and its sessions, whose times this calendar does not give")
        return self._proposal(own, one, What.MOVED, _days(*days) if own.span else "", said, lines)

    def _other_time(self, own: Ours, one: Theirs) -> Proposal | None:
        begin = one.instant(one.start, own.timezone)
        span, day = own.span, one.day(own.timezone)
        timed = span is not None and span.timed
        if begin is None or not own.circuit:
            if span and span.first_day <= day <= span.last_day:
                return None
            shown = str(span.first_day) if span and span.precision is not Precision.EVENT else ""
            return self._proposal(own, one, What.MOVED, shown, str(day), [f"start = {day}"])
        end = one.instant(one.end, own.timezone)
        if span and timed and begin == span.start and (not span.end_known or end in (None, span.end) or end <= begin):
            return None
        known = span if timed else None
        lines = _time_lines(begin, end, known, own)
        here = span is not None and span.first_day <= day <= span.last_day
        same_start = known is not None and begin == known.start
        told = (_until(known.start, known.end, own) if same_start else _shown(known.start, own)) if known else ""
        if not told and span and span.precision is Precision.DAY:
            told = str(span.first_day)
        said = _until(begin, end, own) if same_start and end else _shown(begin, own)
        same_day = known.first_day == day if known else here
        return self._proposal(own, one, What.RETIMED if same_day else What.MOVED, told, said, lines)

    def _proposal(self, own: Ours, one: Theirs, what: What, told: str, said: str, lines: Sequence[str]) -> Proposal:
        table = [f"[[event]]  # {_comment(one.title)}, in place of its own", f'id = "{own.event}"']
        if own.session:
            table += ["", "  [[event.session]]", f'  id = "{own.session}"', *(f"  {line}" for line in lines)]
        else:
            table += lines
        return self._made(own.event, own.session, what, one.title, (told, said), table)

    def _made(
        self, event: str, session: str, what: What, title: str, values: tuple[str, str], patch: Sequence[str]
    ) -> Proposal:
        name = digest(self.upstream, self.files.id, self.season.id, event, session, what, *values)
        return Proposal(
            id=f"{self.upstream[:40].rstrip('-')}-{name.removeprefix('1:')[:10]}",
            upstream=self.upstream,
            series=self.files.id,
            season=self.season.id,
            event=event,
            session=session,
            what=what,
            title=title,
            ours=values[0],
            theirs=values[1],
            patch="\n".join(patch) + "\n",
        )

    # What is new

    def _added(self, pairs: Sequence[_Pair], left: Sequence[_Left]) -> Iterator[Proposal]:
        """Yield proposals for what we do not have: sessions of our events, then events with their sessions."""
        first, last = self._window()
        there = self._there(pairs)
        used: dict[str, set[str]] = defaultdict(set)
        for own in self.ours:
            used[own.event].add(own.session)
        foreign = []
        for one, events in left:
            if one.off or not first <= one.day("UTC") <= last or one.last_day("UTC") < self.now.date():
                continue
            near = [own for own, days in there if own.event in events and _between(days, one) <= NEAR]
            if not near:
                foreign.append(one)
            elif one.is_session and near[0].status not in OFF:
                yield self._new_session(near[0], one, used[near[0].event])
        ids = {own.event for own in self.ours}
        for label, group in self._grouped(foreign):
            yield self._new_event(label, group, ids)

    def _there(self, pairs: Sequence[_Pair]) -> list[tuple[Ours, tuple[date, date]]]:
        """Return the race meetings of ours with the days they are at, by us and by them."""
        meetings = {own.event: own for own in self.ours if not own.session}
        found = [(own, (own.span.first_day, own.span.last_day)) for own in meetings.values() if own.span]
        return found + [
            (meetings[own.event], (one.day(own.timezone), one.last_day(own.timezone))) for own, one in pairs
        ]

    def _window(self) -> tuple[date, date]:
        days = [day for own in self.ours if own.span for day in (own.span.first_day, own.span.last_day)]
        if not days:
            return self.now.date(), self.now.date() + WITHOUT_CALENDAR
        return min(days) - MARGIN, max(days) + MARGIN

    def _new_session(self, own: Ours, one: Theirs, used: set[str]) -> Proposal:
        circuit = own.timezone if own.circuit else None
        name, lines = self._session(one, circuit, used)
        patch = [f"[[event]]  # {_comment(one.title)}, one session more", f'id = "{own.event}"', "", *lines]
        return self._made(own.event, name, What.ADDED, one.title, ("", _value(one, circuit)), patch)

    def _session(self, one: Theirs, timezone: str | None, used: set[str]) -> tuple[str, list[str]]:
        """Return the id and the table of a session that is new."""
        kind = _kind(one.words) or (Kind.RACE if isinstance(one.start, datetime) else Kind.OTHER)
        number = _number(one.title)
        classes = [one_class.id for one_class in self.files.series.classes if one_class.id in one.words]
        name = _free("-".join([kind.value, *([str(number)] if number else []), *classes]), used)
        used.add(name)
        lines = ["  [[event.session]]", f'  id = "{name}"', f'  kind = "{kind.value}"']
        if classes:
            lines.append(f"  classes = {json.dumps(classes)}")
        if timezone is None:
            return name, [*lines, f"  start = {one.day('UTC')}"]
        begin, end = one.instant(one.start, timezone), one.instant(one.end, timezone)
        if begin is None:
            return name, [*lines, f"  start = {one.day(timezone)}"]
        return name, lines + [f"  {line}" for line in _start_lines(begin, timezone)] + (
            [f"  minutes = {(end - begin) // timedelta(minutes=1)}"]
            if end and timedelta(minutes=1) <= end - begin <= timedelta(minutes=2880)
            else []
        )

    def _grouped(self, found: Sequence[Theirs]) -> list[tuple[str, list[Theirs]]]:
        """Return what belongs to one race meeting together: called alike, within days of each other."""
        groups: list[tuple[str, list[Theirs]]] = []
        for one in found:
            label = self._label(one)
            for name, group in groups:
                if name.casefold() == label.casefold() and one.day("UTC") - group[-1].last_day("UTC") <= NEAR:
                    group.append(one)
                    break
            else:
                groups.append((label, [one]))
        return groups

    def _label(self, one: Theirs) -> str:
        """Return what a title calls the event: without the session behind it."""
        parts = [part.strip() for part in re.split(r"\s[-–—|/]\s|:\s|,\s", one.title) if part.strip()]
        kept = [part for part in parts if not _kind(_words(part))]
        return (kept or parts or ["Event"])[0]

    def _new_event(self, label: str, group: Sequence[Theirs], ids: set[str]) -> Proposal:
        circuit = self._circuit(group)
        timezone = self.files.circuits[circuit].timezone if circuit else None
        name = _free(_slug(label) or f"event-{group[0].day('UTC')}", ids)
        ids.add(name)
        zone_name = timezone or "UTC"
        first, last = min(one.day(zone_name) for one in group), max(one.last_day(zone_name) for one in group)
        lines = ["[[event]]", f'id = "{name}"', f"name = {json.dumps(label, ensure_ascii=False)}"]
        lines.append(f'circuit = "{circuit}"' if circuit else f"# circuit: {_comment(group[0].place or 'not said')}")
        lines += [f"first_day = {first}", f"last_day = {last}", 'status = "provisional"']
        used: set[str] = set()
        for one in group:
            if one.is_session:
                lines += ["", *self._session(one, timezone, used)[1]]
                if timezone is None and isinstance(one.start, datetime):
                    lines.append(f"  # their time: {one.start.isoformat()}")
        return self._made(name, "", What.ADDED, group[0].title, ("", _days(first, last)), lines)

    def _circuit(self, group: Sequence[Theirs]) -> str | None:
        """Return the circuit of ours that they mean, where one and no other fits."""
        known = {name: _telling((name, *_called(one)), self.words.common) for name, one in self.files.circuits.items()}
        counted = Counter(word for words in known.values() for word in words)
        said = _telling([text for one in group for text in (one.title, one.place)], self.words.common)
        scores = {name: sum(WEIGHT // counted[word] for word in words & said) for name, words in known.items()}
        top = max(scores.values(), default=0)
        best = [name for name, score in scores.items() if score == top]
        return best[0] if top >= ENOUGH and len(best) == 1 else None


def _best(events: Mapping[str, int]) -> frozenset[str]:
    top = max(events.values(), default=0)
    return frozenset(event for event, score in events.items() if score == top)


def _order(one: Theirs) -> tuple[str, ...]:
    return one.start.isoformat(), one.title, one.uid, one.place, one.end.isoformat() if one.end else "", one.status


def _apart(own: Ours, one: Theirs) -> timedelta:
    """Return how far apart the two are; what has no day is near to everything."""
    if own.span is None:
        return timedelta()
    start = one.instant(one.start, own.timezone)
    if start and own.span.timed and isinstance(own.span.start, datetime):
        return abs(start - own.span.start)
    return _between((own.span.first_day, own.span.last_day), one, own.timezone)


def _between(days: tuple[date, date], one: Theirs, timezone: str = "UTC") -> timedelta:
    return max(one.day(timezone) - days[1], days[0] - one.last_day(timezone), timedelta())


# Values and TOML


def _shown(moment: datetime | date, own: Ours) -> str:
    return local(moment, own.timezone).isoformat()


def _until(start: datetime | date, end: datetime | date | None, own: Ours) -> str:
    return f"{_shown(start, own)}/{_shown(end, own)}" if end else _shown(start, own)


def _days(first: date, last: date) -> str:
    return f"{first}/{last}" if last != first else str(first)


def _value(one: Theirs, timezone: str | None) -> str:
    begin = one.instant(one.start, timezone or "UTC")
    return local(begin, timezone or "UTC").isoformat() if begin else _days(one.day("UTC"), one.last_day("UTC"))


def _naive(moment: datetime, timezone: str) -> datetime:
    return moment.astimezone(zone(timezone)).replace(tzinfo=None)


def _start_lines(begin: datetime, timezone: str) -> list[str]:
    shown = _naive(begin, timezone)
    lines = [f"start = {shown.replace(fold=0).isoformat()}"]
    if clock(shown.replace(fold=0), timezone) is Clock.REPEATED:
        lines.append(f"fold = {shown.fold}")
    return lines


def _time_lines(begin: datetime, end: datetime | None, known: Span | None, own: Ours) -> list[str]:
    """Return the keys that say their time in the way ours is said; an end is taken over only where we know one."""
    lines = _start_lines(begin, own.timezone)
    if not (known and known.end_known and isinstance(known.end, datetime) and isinstance(known.start, datetime)):
        return lines
    length = known.end - known.start
    said = end - begin if end and end > begin else length
    if own.length == "end":
        lines.append(f"end = {_naive(begin + said, own.timezone).replace(fold=0).isoformat()}")
    elif said != length and own.length == "hours" and said <= timedelta(hours=48):
        lines.append(f"hours = {said / timedelta(hours=1):g}")
    elif said != length and own.length == "minutes" and timedelta(minutes=1) <= said <= timedelta(hours=48):
        lines.append(f"minutes = {said // timedelta(minutes=1)}")
    return lines


def _slug(text: str) -> str:
    letters = _plain(text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[: ID_LENGTH - 4].strip("-")


def _free(name: str, used: AbstractSet[str]) -> str:
    """Return an id that is not used, with a number behind it where it is."""
    tried, number = name, 2
    while tried in used:
        tried, number = f"{name}-{number}", number + 1
    return tried


def _comment(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:100]


# Telling


def to_json(found: Sequence[Proposal]) -> str:
    """Return proposals as they are kept, and as programs read them."""
    return json.dumps({"format": 1, "proposals": [asdict(one) for one in found]}, ensure_ascii=False, indent=1) + "\n"


def read(text: str | bytes) -> tuple[Proposal, ...]:
    """Return proposals that were kept; ValueError where they cannot be read."""
    try:
        data = json.loads(text)
        if data["format"] != 1:
            raise ValueError("written by another version")
        return tuple(Proposal(**{**row, "what": What(row["what"])}) for row in data["proposals"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("these are no proposals") from error


def shown(found: Sequence[Proposal]) -> str:
    """Return proposals for a person to read: what, ours, theirs, and the TOML to write."""
    return "\n\n".join(_told(one) for one in found) or "nothing is proposed"


def _told(one: Proposal) -> str:
    where = f"{one.series} {one.season}: {one.event}{f'.{one.session}' if one.session else ''}"
    lines = [
        f"{where}: {one.what.value}",
        f"  ours    {one.ours or '–'}",
        f"  theirs  {one.theirs} ({one.upstream}: {_comment(one.title)})",
        *(f"    {line}".rstrip() for line in one.patch.splitlines()),
    ]
    return "\n".join(lines)

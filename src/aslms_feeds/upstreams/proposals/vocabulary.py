"""The words that titles are made of, in many languages: which kind of session they mean, and which event of ours."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aslms_feeds.definitions.values import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

WEIGHT = 1000
"""What a word weighs that only one of our places is called."""
ENOUGH = 500
"""The weight of the words that make a title one of our events."""

WARM = frozenset({"warm", "warmup"})
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
KIND_WORDS = frozenset().union(*(words for _kind, words in _KINDS))
CANCELLED = frozenset({"cancelled", "canceled", "annule", "annulee", "abgesagt", "cancelado"})
POSTPONED = frozenset({"postponed", "reporte", "reportee", "verschoben"})
_SHARED = """a and at circuit city course d de del des di du event fp gp grand h heures hour hours in international km
la le miglia miles motor motorsport of on park prix provisional rd ring round rounds season series session speedway
street the track up us weekend autodrome autodromo raceway racetrack championship cup"""
_COMMON = frozenset(_SHARED.split()) | KIND_WORDS | CANCELLED | POSTPONED
"""Words that many events share, in whichever calendar."""
_NUMBER = re.compile(
    r"\b(?:fp|p|q|r|practice|qualifying|quali|race|course|rennen|session|test|essais|libres)[ #.:-]*(\d{1,2})\b"
)


def plain(text: str) -> str:
    """Return a text in small letters without accents."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in split if not unicodedata.combining(char))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, in small letters without accents."""
    return tuple(re.findall(r"[^\W_]+", plain(text)))


def telling(texts: Iterable[str], common: AbstractSet[str]) -> frozenset[str]:
    """Return the words that say which event is meant."""
    found = {word for text in texts for word in words_of(text)}
    return frozenset(word for word in found if word not in common and not word.isdecimal() and len(word) > 1)


def number_of(text: str) -> int | None:
    """Return which one of its kind a text says it is."""
    found = _NUMBER.search(plain(text))
    return int(found[1]) if found else None


def kind_of(words: Iterable[str]) -> Kind | None:
    """Return the kind of session that words say, if any does."""
    said = frozenset(words)
    return next((kind for kind, known in _KINDS if said & known), None)


def _variants(word: str) -> frozenset[str]:
    """Return a word and what is left of it without one letter: two that share one are alike but for a slip."""
    if len(word) < _LONG:
        return frozenset({word})
    return frozenset({word, *(word[:at] + word[at + 1 :] for at in range(len(word)))})


_LONG = 5
"""Letters; shorter words are alike by chance."""


class Named(Protocol):
    """What has names, and belongs to an event."""

    @property
    def event(self) -> str:
        """The event's id."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """All that the event and its place are called."""
        ...

    @property
    def place(self) -> str:
        """What tells it from events elsewhere."""
        ...


@dataclass(frozen=True)
class Vocabulary:
    """What the words of our events weigh: a word that many places share says little."""

    common: frozenset[str]
    events: Mapping[str, AbstractSet[str]]
    """The events that a word is of."""
    weights: Mapping[str, int]
    slips: Mapping[str, AbstractSet[str]]
    """The words that a misspelt one may be, by its variants."""

    @classmethod
    def of(cls, ours: Iterable[Named], names: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of what we have; ``names`` are the series' own, which tell nothing."""
        common = _COMMON | {word for name in names for word in words_of(name)}
        events: dict[str, set[str]] = defaultdict(set)
        places: dict[str, set[str]] = defaultdict(set)
        slips: dict[str, set[str]] = defaultdict(set)
        for one in ours:
            # An event may be called by nothing else than the series is.
            for word in telling(one.names, common) or telling(one.names, frozenset()):
                events[word].add(one.event)
                places[word].add(one.place)
                for variant in _variants(word):
                    slips[variant].add(word)
        weights = {word: WEIGHT // len(known) for word, known in places.items()}
        return cls(common, dict(events), weights, dict(slips))

    def scores(self, *texts: str) -> dict[str, int]:
        """Return the events of ours that texts of theirs can mean, with the weight of the words they share."""
        scores: Counter[str] = Counter()
        for word in sorted(telling(texts, frozenset())):
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

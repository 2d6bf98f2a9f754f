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
"""The weight of a word that is in the names of one place of ours only."""
ENOUGH = 500
"""The weight of words from which on a title means an event of ours."""

WARM_UP_WORDS = frozenset({"warm", "warmup"})
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
CANCELLED_WORDS = frozenset({"cancelled", "canceled", "annule", "annulee", "abgesagt", "cancelado"})
POSTPONED_WORDS = frozenset({"postponed", "reporte", "reportee", "verschoben"})
_SHARED = """a and at circuit city course d de del des di du event fp gp grand h heures hour hours in international km
la le miglia miles motor motorsport of on park prix provisional rd ring round rounds season series session speedway
street the track up us weekend autodrome autodromo raceway racetrack championship cup"""
_COMMON = frozenset(_SHARED.split()) | KIND_WORDS | CANCELLED_WORDS | POSTPONED_WORDS
"""Words that many events share, in whichever calendar."""
_NUMBER = re.compile(
    r"\b(?:fp|p|q|r|practice|qualifying|quali|race|course|rennen|session|test|essais|libres)[ #.:-]*(\d{1,2})\b"
)


def fold(text: str) -> str:
    """Return a text in small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a text, in small letters without accents."""
    return tuple(re.findall(r"[^\W_]+", fold(text)))


def find_telling_words(texts: Iterable[str], common_words: AbstractSet[str]) -> frozenset[str]:
    """Return the words that say which event is meant: neither common, nor a number, nor a single letter."""
    words = {word for text in texts for word in split_words(text)}
    return frozenset(word for word in words if word not in common_words and not word.isdecimal() and len(word) > 1)


def find_number(text: str) -> int | None:
    """Return which one of its kind a text says it is."""
    match = _NUMBER.search(fold(text))
    return int(match[1]) if match else None


def find_kind(words: Iterable[str]) -> Kind | None:
    """Return the kind of session that words say, if any does."""
    title_words = frozenset(words)
    return next((kind for kind, kind_words in _KINDS if title_words & kind_words), None)


def _make_variants(word: str) -> frozenset[str]:
    """Return a word, and it without one of its letters: two words that share a variant differ by a slip of the pen."""
    if len(word) < _LONG:
        return frozenset({word})
    return frozenset({word, *(word[:index] + word[index + 1 :] for index in range(len(word)))})


_LONG = 5
"""Letters; shorter words are alike by chance."""


class NamedEvent(Protocol):
    """Something of an event that has names and a place."""

    @property
    def event_id(self) -> str:
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
    """How much the words of our events' names weigh: a word that many places share says little."""

    common_words: frozenset[str]
    event_ids: Mapping[str, AbstractSet[str]]
    """The events that a word is of."""
    weights: Mapping[str, int]
    words_by_variant: Mapping[str, AbstractSet[str]]
    """The words that a misspelt one may be, by its variants."""

    @classmethod
    def collect(cls, events: Iterable[NamedEvent], series_names: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of our events; the words of ``series_names`` tell no event from another."""
        common_words = _COMMON | {word for name in series_names for word in split_words(name)}
        event_ids: dict[str, set[str]] = defaultdict(set)
        places: dict[str, set[str]] = defaultdict(set)
        words_by_variant: dict[str, set[str]] = defaultdict(set)
        for event in events:
            # An event may be called by nothing else than the series is.
            for word in find_telling_words(event.names, common_words) or find_telling_words(event.names, frozenset()):
                event_ids[word].add(event.event_id)
                places[word].add(event.place)
                for variant in _make_variants(word):
                    words_by_variant[variant].add(word)
        weights = {word: WEIGHT // len(word_places) for word, word_places in places.items()}
        return cls(common_words, dict(event_ids), weights, dict(words_by_variant))

    def score_events(self, *texts: str) -> dict[str, int]:
        """Return the ids of our events that texts of theirs can mean, with the weight of the words they share."""
        scores: Counter[str] = Counter()
        for word in sorted(find_telling_words(texts, frozenset())):
            for event_id, weight in self._weigh(word).items():
                scores[event_id] += weight
        return {event_id: score for event_id, score in scores.items() if score >= ENOUGH}

    def _weigh(self, word: str) -> dict[str, int]:
        """Return what a word weighs for each event that it, or a word it is a slip of, is of."""
        words = {word} if word in self.event_ids else set()
        if not words and word not in self.common_words:
            words = {near for variant in _make_variants(word) for near in self.words_by_variant.get(variant, ())}
        weights: dict[str, int] = {}
        for near in words:
            for event_id in self.event_ids[near]:
                weights[event_id] = max(weights.get(event_id, 0), self.weights[near])
        return weights

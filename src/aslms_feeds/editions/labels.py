"""What parts are called in a language: seasons, events, sessions, classes, places."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from aslms_feeds.definitions.values import Kind, Status, What, translate
from aslms_feeds.editions.language import join_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aslms_feeds.definitions.season import Event, Season, Session
    from aslms_feeds.definitions.series import Circuit, RaceClass, Series
    from aslms_feeds.editions.language import Language


def name_kind(kind: Kind, language: Language) -> str:
    """Return what a kind of session is called."""
    _ = language.gettext
    match kind:
        case Kind.TEST:
            return _("Test")
        case Kind.PRACTICE:
            return _("Practice")
        case Kind.QUALIFYING:
            return _("Qualifying")
        case Kind.RACE:
            return _("Race")
        case Kind.OTHER:
            return _("Session")


def name_status(status: Status, language: Language) -> str:
    """Return what a status is called."""
    _ = language.gettext
    match status:
        case Status.PROVISIONAL:
            return _("provisional")
        case Status.CONFIRMED:
            return _("confirmed")
        case Status.POSTPONED:
            return _("postponed")
        case Status.CANCELLED:
            return _("cancelled")


def name_change(what: What, language: Language) -> str:
    """Return what a type of fact is called."""
    _ = language.gettext
    names = {
        What.ANNOUNCED: _("Announced"),
        What.ADDED: _("Added"),
        What.MOVED: _("Moved"),
        What.RETIMED: _("New time"),
        What.TIME_CONFIRMED: _("Time confirmed"),
        What.PLACE_CHANGED: _("New venue"),
        What.RENAMED: _("Renamed"),
        What.CANCELLED: _("Cancelled"),
        What.POSTPONED: _("Postponed"),
        What.REINSTATED: _("Back on"),
        What.CLASS_ADDED: _("Class added"),
        What.CLASS_DROPPED: _("Class dropped"),
        What.ENTRY_LIST: _("Entry list"),
        What.ORGANISER_CHANGED: _("New organiser"),
        What.CALENDAR_CHANGED: _("New calendar"),
        What.RESULT: _("Result"),
        What.CHAMPION: _("Champion"),
    }
    return names[what]


def name_class(class_id: str, series: Series, language: Language) -> str:
    """Return the name of a class; an id that is not defined stays itself."""
    for race_class in series.classes:
        if race_class.id == class_id:
            return translate(race_class.name, race_class.names, language.tag)
    return class_id


def name_classes(ids: Iterable[str], series: Series, language: Language) -> tuple[str, ...]:
    """Return the names of classes in the series' order."""
    named = set(ids)
    return tuple(_name_class(c, language) for c in series.classes if c.id in named)


def _name_class(race_class: RaceClass, language: Language) -> str:
    return translate(race_class.name, race_class.names, language.tag)


def name_season(season: Season, language: Language) -> str:
    """Return the season's name."""
    return translate(season.name, season.names, language.tag)


def name_series(series: Series, language: Language) -> str:
    """Return the series' name."""
    return translate(series.name, series.names, language.tag)


def name_event(event: Event, language: Language) -> str:
    """Return the event's name."""
    return translate(event.name, event.names, language.tag)


def name_session(session: Session, series: Series, language: Language) -> str:
    """Return the session's name: as stated, else made from its id, so that ``qualifying-gt`` is Qualifying GT.

    Ids are English. In other languages, what is made of usual words alone is said in the language, a stated name too:
    ``Free Practice 2`` needs no translation in every file.
    """
    if language.tag in session.names:
        return session.names[language.tag]
    if language.english:
        return session.name or _name_by_id(session, series, language)
    classes = tuple(
        (text, _name_class(race_class, language))
        for race_class in series.classes
        for text in (race_class.id, race_class.name)
    )
    tokens = _find_tokens(session.name or session.id, session.kind, classes, language)
    is_usual = any(sort in ("term", "race") for sort, _text in tokens) and all(sort != "word" for sort, _text in tokens)
    return _join_tokens(tokens, language) if is_usual or session.name is None else session.name


def _name_by_id(session: Session, series: Series, language: Language) -> str:
    classes = {race_class.id: _name_class(race_class, language) for race_class in series.classes}
    words = []
    for word in session.id.split("-"):
        if word == session.kind.value:
            words.append(name_kind(session.kind, language))
        else:
            words.append(classes.get(word, word if words else word.capitalize()))
    return " ".join(words)


_Words = tuple[str, ...]
_Sort = Literal["term", "race", "class", "number", "word", "joint"]
"""What a word of a session's name is; a ``joint`` is the *and* and *for* between the others."""


@lru_cache(maxsize=64)
def _list_usual_words(language: Language) -> dict[_Words, tuple[_Sort, str]]:
    """Return the usual words of sessions' names and ids, and what they are called in a language."""
    _ = language.gettext
    races = {
        ("race",): _("Race"),
        ("sprint",): _("Sprint race"),
        ("sprint", "race"): _("Sprint race"),
        ("feature", "race"): _("Feature race"),
        ("support", "race"): _("Support race"),
    }
    terms = {
        ("test",): _("Test"),
        ("test", "day"): _("Test day"),
        ("test", "session"): _("Test"),
        ("private", "test"): _("Private test"),
        ("private", "test", "session"): _("Private test"),
        ("official", "test"): _("Official test"),
        ("official", "test", "session"): _("Official test"),
        ("collective", "test"): _("Collective test"),
        ("bronze", "test"): _("Bronze test"),
        ("rookie", "test"): _("Rookie test"),
        ("prologue",): _("Prologue"),
        ("shakedown",): _("Shakedown"),
        ("practice",): _("Practice"),
        ("practice", "session"): _("Practice"),
        ("free", "practice"): _("Free practice"),
        ("opening", "practice"): _("Opening practice"),
        ("night", "practice"): _("Night practice"),
        ("qualifying",): _("Qualifying"),
        ("qualifying", "session"): _("Qualifying"),
        ("hyperpole",): _("Hyperpole"),
        ("superpole",): _("Superpole"),
        ("warm", "up"): _("Warm-up"),
        ("warmup",): _("Warm-up"),
        ("pit", "walk"): _("Pit walk"),
        ("grid", "walk"): _("Grid walk"),
        ("autograph", "session"): _("Autograph session"),
        ("parade",): _("Parade"),
        ("drivers", "parade"): _("Drivers’ parade"),
        ("podium",): _("Podium ceremony"),
        ("session",): _("Session"),
        ("other",): _("Session"),
    }
    usual: dict[_Words, tuple[_Sort, str]] = {("and",): ("joint", ""), ("for",): ("joint", "")}
    usual.update({words: ("race", text) for words, text in races.items()})
    usual.update({words: ("term", text) for words, text in terms.items()})
    return usual


def _split_words(text: str) -> _Words:
    return tuple(re.sub(r"['’]", "", word) for word in re.split(r"[\s,&-]+", text.casefold()) if word)


@lru_cache(maxsize=10_000)
def _find_tokens(
    text: str, kind: Kind, classes: tuple[tuple[str, str], ...], language: Language
) -> tuple[tuple[_Sort, str], ...]:
    """Return what the words of a session's name or id are, the longest known run of words at a time.

    ``classes`` are ids and names of classes, each with what the class is called in the language.
    """
    vocabulary = dict(_list_usual_words(language))
    if kind is Kind.RACE:
        # Else it is a qualifying for a race.
        vocabulary["qualifying", "race"] = ("race", language.gettext("Qualifying race"))
    vocabulary |= {_split_words(name): ("class", class_name) for name, class_name in classes}
    words, tokens = _split_words(text), []
    while words:
        length = next((count for count in range(len(words), 0, -1) if words[:count] in vocabulary), 0)
        tokens.append(vocabulary[words[:length]] if length else ("number" if words[0].isdigit() else "word", words[0]))
        words = words[length or 1 :]
    return tuple(tokens)


def _join_tokens(tokens: Iterable[tuple[_Sort, str]], language: Language) -> str:
    """Return a session's name made of its words: each number and each class belongs to what is named before it."""
    _ = language.gettext
    parts: list[tuple[_Sort, str]] = []
    before = ""
    for sort, group in groupby((token for token in tokens if token[0] != "joint"), key=itemgetter(0)):
        texts = [text for _sort, text in group]
        match sort:
            case "class":
                # Translators: classes in the name of a session: Qualifying LMP2 LMP3.
                names = join_texts(
                    texts, lambda first, following: _("%(race_class)s %(next)s", race_class=first, next=following)
                )
                if parts:
                    # Translators: a session and its classes: Qualifying LMP2.
                    parts[-1] = parts[-1][0], _("%(session)s %(classes)s", session=parts[-1][1], classes=names)
                else:
                    before = names
            case "number" if parts:
                number = " ".join(texts)
                # Translators: a session that is one of several: Race 2, Practice 1.
                parts[-1] = parts[-1][0], _("%(session)s %(number)s", session=parts[-1][1], number=number)
            case _:
                parts += [(sort, text) for text in texts]
                if before:
                    parts[0] = parts[0][0], _("%(session)s %(classes)s", session=parts[0][1], classes=before)
                    before = ""
    name = parts[0][1] if parts else before
    for (earlier, _text), (sort, text) in pairwise(parts):
        if (earlier, sort) == ("term", "race"):
            # Translators: a qualifying that is for one of the races: Qualifying GT for Race 1.
            name = _("%(session)s for %(race)s", session=name, race=text)
        else:
            # Translators: two words of the name of a session, of which one has no translation.
            name = _("%(word)s %(next)s", word=name, next=text)
    return name[:1].upper() + name[1:]


def name_venue(circuit: Circuit | None, event: Event, language: Language) -> str:
    """Return the venue's name, as it was at the time; empty when there is no circuit."""
    if event.circuit_name:
        return event.circuit_name
    return translate(circuit.name, circuit.names, language.tag) if circuit else ""


def describe_location(circuit: Circuit | None, event: Event, language: Language) -> str:
    """Return venue, city and country, the venue first: phones search for this text (RFC 5545 section 3.8.1.7)."""
    parts = [name_venue(circuit, event, language)]
    if circuit:
        parts += [circuit.city or "", language.country(circuit.country)]
    return language.parts(parts)


def describe_city(circuit: Circuit | None, language: Language) -> str:
    """Return where a circuit is, as far as it is known: Sepang, Malaysia."""
    return language.parts((circuit.city or "", language.country(circuit.country))) if circuit else ""

"""How the rows of a ledger are written as JSON and read again: revisions, dates of items, and facts with their values.

Format 1 held the values of a fact as the lines that are published of them; such a ledger is read and goes on.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from aslms_feeds.definitions.values import What
from aslms_feeds.instants import format_instant, format_moment, parse_instant, parse_moment
from aslms_feeds.ledger.facts import Fact, Statement
from aslms_feeds.ledger.stamps import Dating, Revision
from aslms_feeds.ledger.values import (
    AnnouncedCalendar,
    AnnouncedEvent,
    Cars,
    FactValue,
    Place,
    RaceClassId,
    When,
    Wording,
    parse_value,
)

FORMAT = 2
UNTYPED = 1
"""The format before this one, whose facts hold lines instead of typed values."""


def format_revision(revision: Revision) -> dict[str, Any]:
    """Return a revision as JSON holds it."""
    return {
        "sequence": revision.sequence,
        "count": revision.count,
        "created": format_instant(revision.created),
        "last_modified": format_instant(revision.last_modified),
        "statement": asdict(revision.statement),
    }


def parse_revision(row: dict[str, Any]) -> Revision:
    """Return the revision that :func:`format_revision` wrote."""
    statement = Statement(**{**row["statement"], "classes": tuple(row["statement"]["classes"])})
    created, modified = parse_instant(row["created"]), parse_instant(row["last_modified"])
    return Revision(statement, int(row["sequence"]), int(row["count"]), created, modified)


def format_dating(dating: Dating) -> dict[str, Any]:
    """Return the dates of an item as JSON holds them."""
    return {
        "published": format_instant(dating.published),
        "updated": format_instant(dating.updated),
        "texts": dict(sorted(dating.texts.items())),
        "categories": {tag: list(names) for tag, names in sorted(dating.categories.items())},
        "pages": dict(sorted(dating.pages.items())),
    }


def parse_dating(row: dict[str, Any]) -> Dating:
    """Return the dates of an item that :func:`format_dating` wrote."""
    return Dating(
        parse_instant(row["published"]),
        parse_instant(row["updated"]),
        row["texts"],
        {tag: tuple(names) for tag, names in row["categories"].items()},
        {tag: str(page) for tag, page in row["pages"].items()},
    )


def format_fact(fact: Fact) -> dict[str, Any]:
    """Return a fact as JSON holds it."""
    return {
        **asdict(fact),
        "at": format_instant(fact.at) if fact.at else None,
        "on": fact.on.isoformat() if fact.on else None,
        "before": _format_value(fact.before),
        "after": _format_value(fact.after),
    }


def parse_fact(row: dict[str, Any], written_in: int) -> Fact:
    """Return the fact that :func:`format_fact` wrote, now or in the format before."""
    what = What(row["what"])
    before, after = row["before"], row["after"]
    untyped = written_in == UNTYPED
    return Fact(
        **{
            **row,
            "what": what,
            "at": parse_instant(row["at"]) if row["at"] else None,
            "on": date.fromisoformat(row["on"]) if row["on"] else None,
            "before": parse_value(what, before) if untyped else _parse_value(before),
            "after": parse_value(what, after) if untyped else _parse_value(after),
            "sources": tuple(row["sources"]),
        }
    )


def _format_value(value: FactValue | None) -> dict[str, Any] | None:
    match value:
        case None:
            return None
        case When(start, end, wording):
            parts = {"start": format_moment(start), "end": format_moment(end) if end else "", "wording": wording}
            return {"when": {name: text for name, text in parts.items() if text}}
        case Place(circuit):
            return {"place": circuit}
        case RaceClassId(race_class):
            return {"class": race_class}
        case Cars(cars):
            return {"cars": list(cars)}
        case Wording(text):
            return {"words": text}
        case AnnouncedCalendar(events):
            return {"calendar": [{"event": event, "days": _format_value(days)} for event, days in events]}


def _parse_value(row: dict[str, Any] | None) -> FactValue | None:
    match row:
        case None:
            return None
        case {"when": dict(when)}:
            end = parse_moment(when["end"]) if "end" in when else None
            return When(parse_moment(when["start"]), end, when.get("wording", ""))
        case {"place": str(circuit)}:
            return Place(circuit)
        case {"class": str(race_class)}:
            return RaceClassId(race_class)
        case {"cars": cars}:
            return Cars(tuple(cars))
        case {"words": str(text)}:
            return Wording(text)
        case {"calendar": events}:
            return AnnouncedCalendar(
                tuple(AnnouncedEvent(event["event"], _parse_days(event["days"])) for event in events)
            )
        case _:
            message = f"{row!r} is no value of a fact"
            raise ValueError(message)


def _parse_days(row: dict[str, Any] | None) -> When | Wording | None:
    days = _parse_value(row)
    if days is None or isinstance(days, When | Wording):
        return days
    message = f"{row!r} are no days of an event"
    raise ValueError(message)

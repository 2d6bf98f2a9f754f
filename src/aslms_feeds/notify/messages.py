"""What a notification says: what a build did goes in, and JSON, or one text as Slack and its like take it, comes out.

There are three kinds. ``facts`` tells what subscribers are told, one notice for each series and generation. ``errors``
and ``warnings`` tell what is wrong or doubtful once, when it appears, and once more when it is gone; that which stays
as it was is no news, so `Trouble.key` holds neither line nor column.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from aslms_feeds.definitions.shortening import shorten
from aslms_feeds.identity import digest
from aslms_feeds.instants import format_moment
from aslms_feeds.ledger.facts import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from aslms_feeds.definitions.publisher import Announced
    from aslms_feeds.errors import Problem
    from aslms_feeds.report import Part, Report

FORMAT = 1
MANY = 200
"""Facts or troubles listed one by one in JSON; more are counted."""
LINES = 20
"""Lines of a text; more are counted."""
WIDTH = 400
"""The longest line of a text, in characters."""

Format = Literal["json", "slack"]
Doubt = Literal["errors", "warnings"]


class Trouble(NamedTuple):
    """One thing that is wrong, or doubtful, until it is gone."""

    kind: Doubt
    part: str
    """The series it is about; empty where it is about more."""
    text: str

    def to_json(self) -> dict[str, str]:
        """Return it as it is kept and told."""
        return {"part": self.part, "message": self.text}


@dataclass(frozen=True)
class Notice:
    """One thing to tell; the same for everybody who wants to know its kind."""

    kind: Announced
    id: str
    """The same for the same news: a notice that was noted twice is one notice."""
    data: Mapping[str, Any]
    """What it says, as JSON."""
    lines: tuple[str, ...]
    """What it says, as text; the first is the headline."""


def make_body(notice: Notice, form: Format) -> dict[str, Any]:
    """Return the object that is posted, by the format its receiver asked for."""
    lines = [shorten(line, WIDTH) for line in notice.lines[:LINES]]
    if len(notice.lines) > LINES:
        lines.append(f"… and {len(notice.lines) - LINES} more")
    text = "\n".join(lines)
    if form == "slack":
        # Slack reads these three as markup: <!channel> in a headline would wake everybody.
        return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
    return {**notice.data, "text": text}


# Facts


def make_facts_notice(
    part: Part, *, publication: str, url: str, now: datetime, missed: Sequence[str] = ()
) -> Notice | None:
    """Return what subscribers are told by the generation of ``part``; None where that is nothing.

    ``url`` is the address of the series. ``missed`` are the facts, as the chronicle keeps them, of generations that a
    builder published and died before it could tell.
    """
    rows: list[dict[str, Any]] = [{"line": line} for line in missed]
    rows += [{"line": f"{new.season}: {summarise(new.fact)}", **new.data()} for new in part.new_facts]
    if not rows:
        return None
    data = {
        "format": FORMAT,
        "kind": "facts",
        "at": format_moment(now),
        "publication": publication,
        "series": part.name,
        "generation": part.generation,
        "url": url,
        "facts": rows[:MANY],
        "more": max(0, len(rows) - MANY),
    }
    lines = (*missed, *(_join_words(new.headline, new.text) for new in part.new_facts))
    heading = f"{publication}: {part.name}, generation {part.generation}: {_count(len(rows), 'fact')}. {url}"
    return Notice("facts", digest("facts", part.name, str(part.generation)), data, (heading, *lines))


def _join_words(headline: str, text: str) -> str:
    return " ".join(f"• {headline}: {text}".split()).rstrip(":")


# Errors and warnings


def find_troubles(
    report: Report, *, warnings: Iterable[Problem] = (), quarantined: Mapping[str, str] | None = None
) -> dict[str, Trouble]:
    """Return all that is wrong or doubtful after a build, by its key; ``quarantined`` holds reasons by upstream."""
    troubles: dict[str, Trouble] = {}
    for part in report.parts:
        for problem in part.problems:
            troubles[_make_key("errors", problem)] = Trouble("errors", part.name, str(problem))
        if part.error:
            troubles[digest("errors", part.name, part.error)] = Trouble(
                "errors", part.name, f"{part.name}: {part.error}"
            )
    for upstream, reason in sorted((quarantined or {}).items()):
        text = f"upstream {upstream} is in quarantine: {reason}"
        troubles[digest("quarantine", upstream, reason)] = Trouble("errors", "", text)
    for problem in warnings:
        troubles[_make_key("warnings", problem)] = Trouble("warnings", "", str(problem))
    return troubles


def _make_key(kind: Doubt, problem: Problem) -> str:
    """Return what stays the same when lines are inserted above it."""
    return digest(kind, problem.file, problem.where, problem.message)


def make_change_notice(
    kind: Doubt, before: Mapping[str, Trouble], after: Mapping[str, Trouble], *, publication: str, now: datetime
) -> Notice | None:
    """Return what has appeared and what is gone of one kind, by the troubles of two builds; None for nothing."""
    appeared = {key: trouble for key, trouble in after.items() if trouble.kind == kind and key not in before}
    gone = {key: trouble for key, trouble in before.items() if trouble.kind == kind and key not in after}
    if not appeared and not gone:
        return None
    count = sum(trouble.kind == kind for trouble in after.values())
    data = {
        "format": FORMAT,
        "kind": kind,
        "at": format_moment(now),
        "publication": publication,
        "appeared": [trouble.to_json() for trouble in list(appeared.values())[:MANY]],
        "gone": [trouble.to_json() for trouble in list(gone.values())[:MANY]],
        "left": count,
    }
    heading = f"{publication}: {_count(count, kind.removesuffix('s'))}"
    lines = [f"{kind.removesuffix('s')}: {trouble.text}" for trouble in appeared.values()]
    lines += [f"gone: {trouble.text}" for trouble in gone.values()]
    identity = digest(kind, *sorted(appeared), "", *sorted(gone))
    return Notice(kind, identity, data, (heading, *(" ".join(line.split()) for line in lines)))


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def encode_body(data: Mapping[str, Any]) -> bytes:
    """Return the bytes that are posted."""
    return json.dumps(data, ensure_ascii=False).encode()

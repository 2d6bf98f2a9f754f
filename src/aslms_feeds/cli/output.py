"""What commands print: lines and tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from io import StringIO
from typing import TYPE_CHECKING, Any

from aslms_feeds.instants import format_moment
from aslms_feeds.ledger.facts import summarise
from aslms_feeds.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from aslms_feeds.publication.history import HistoryRow
    from aslms_feeds.report import Part

    Histories = Mapping[str, tuple[Sequence[HistoryRow], Sequence[int]]]
    """The history of each series, and the numbers of its generations that are still stored."""

_MANY = 12
"""Paths and facts listed one by one; more are counted."""


def format_report(report: Report | None) -> str:
    """Return what a build did; None: there was nothing to do."""
    return json.dumps((report or Report()).data(), ensure_ascii=False, indent=1)


def print_report(report: Report, output: str, *, quiet: bool = False) -> None:
    """Print what a build did; with ``quiet`` nothing when nothing happened."""
    print_problems(report)
    for part in report.parts:
        if part.failed:
            stays = f"stays at generation {part.generation}" if part.generation else "is not published"
            print(f"{part.name}: {stays}", file=sys.stderr)
        elif part.written:
            _print_changes(part)
        if part.back_to and not quiet:
            print(
                f"{part.name}: rolled back to generation {part.back_to}, until its definitions change "
                f"or: aslms-feeds rollback {part.name} --release"
            )
    for note in report.notes:
        print(note, file=sys.stderr)
    if not report.changed and not report.failed and not quiet:
        print(f"{output}: nothing changed")


def print_problems(report: Report) -> None:
    """Print what is wrong, and what to do about it, to standard error."""
    for part in report.parts:
        for problem in part.problems:
            print(problem, file=sys.stderr)
        if part.error:
            print(f"{part.name}: {part.error}", file=sys.stderr)
        if part.hint:
            print(f"Try: {part.hint}", file=sys.stderr)


def _print_changes(part: Part) -> None:
    print(f"{part.name}: generation {part.generation}, {len(part.written)} of {part.documents} documents changed")
    if len(part.written) <= _MANY:
        for path in part.written:
            print(f"  {path}")
    for new in part.new_facts[:_MANY]:
        print(f"  {new.season}: {summarise(new.fact)}")
    if len(part.new_facts) > _MANY:
        print(f"  and {len(part.new_facts) - _MANY} more")


def format_plan(report: Report | None, output: str) -> str:
    """Return what a build would change, as tables."""
    if report is None or not report.changed:
        return f"{output}: nothing would change" if report is None or not report.failed else ""
    return "\n".join(_format_changes(part) for part in report.parts if part.written and not part.failed)


def _format_changes(part: Part) -> str:
    revised = [event for event in part.changed_events if event.before is not None]
    added = len(part.changed_events) - len(revised)
    counts = [
        (len(part.written), "file", "files"),
        (added, "new calendar event", "new calendar events"),
        (len(revised), "changed calendar event", "changed calendar events"),
        (len(part.changed_items), "feed item", "feed items"),
    ]
    summary = ", ".join(f"{count} {singular if count == 1 else plural}" for count, singular, plural in counts if count)
    texts = [f"{part.name}: {summary}"]
    if part.new_facts:
        rows = [(new.season, summarise(new.fact), new.headline, new.text) for new in part.new_facts[:_LONGEST]]
        texts.append(_format_table(("Season", "Fact", "What subscribers read", "In full"), rows, len(part.new_facts)))
    if revised:
        changes = [(event.uid, f"{event.before} → {event.sequence}") for event in revised[:_LONGEST]]
        texts.append(_format_table(("Calendar event", "SEQUENCE"), changes, len(revised)))
    items = [(item.key, "new" if item.new else "edited", item.title) for item in part.changed_items[:_LONGEST]]
    if items:
        texts.append(_format_table(("Feed item", "", "Headline"), items, len(part.changed_items)))
    files = [(path,) for path in part.written[:_LONGEST]]
    return "\n".join([*texts, _format_table(("File",), files, len(part.written))])


_LONGEST = 60
"""Rows of a table; more are counted."""


def _format_table(names: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> str:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    more = f"\n… and {count - len(rows)} more" if count > len(rows) else ""
    return _draw_table(table) + more


def _draw_table(table: Table) -> str:
    """Return a table as wide as the terminal; as wide as it wants to be where there is none."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    text = StringIO()
    width = None if is_terminal else 100_000
    # Names are no markup: a race called [gt] is called so.
    Console(file=text, force_terminal=is_terminal, width=width, markup=False, emoji=False, highlight=False).print(table)
    return "\n".join(row.rstrip() for row in text.getvalue().splitlines())


def format_plan_json(report: Report | None) -> str:
    """Return what a build would change, for programs."""
    parts = [_describe_changes(part) for part in report.parts] if report else []
    whole = {
        "ok": not (report and report.failed),
        "changes": bool(report and report.changed),
        "parts": parts,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)


def _describe_changes(part: Part) -> dict[str, Any]:
    return {
        "part": part.name,
        "ok": not part.failed,
        "facts": [new.data() for new in part.new_facts],
        "revisions": [
            {"season": event.season, "uid": event.uid, "sequence": {"from": event.before, "to": event.sequence}}
            for event in part.changed_events
        ],
        "items": [{"key": item.key, "title": item.title, "new": item.new} for item in part.changed_items],
        "documents": list(part.written),
        "problems": part.messages(),
    }


def format_history(histories: Histories) -> str:
    """Return the generations of each series, the newest first, with what subscribers were told."""
    return (
        "\n\n".join(_format_generations(name, rows, stored) for name, (rows, stored) in histories.items())
        or "nothing is published"
    )


def _format_generations(name: str, rows: Sequence[HistoryRow], stored: Sequence[int]) -> str:
    count = f"{len(rows)} generation{'s' if len(rows) != 1 else ''}"
    lines = [f"{name}: {count}, of which {len(stored)} can be gone back to"]
    for row in reversed(rows):
        back = f", back to {row.back_to}" if row.back_to else ""
        gone = "" if row.generation in stored else ", no longer there"
        lines.append(
            f"{row.generation:6}  {row.published:%Y-%m-%d %H:%M:%S} UTC  {row.documents} documents changed{back}{gone}"
        )
        lines += [f"        {fact}" for fact in row.facts[:_MANY]]
        if len(row.facts) > _MANY:
            lines.append(f"        and {len(row.facts) - _MANY} more")
    return "\n".join(lines)


def format_history_json(histories: Histories) -> str:
    """Return the generations of each series, for programs."""
    data = {
        name: [
            {
                "generation": row.generation,
                "published": format_moment(row.published),
                "documents": row.documents,
                "facts": list(row.facts),
                "back_to": row.back_to,
                "there": row.generation in stored,
            }
            for row in rows
        ]
        for name, (rows, stored) in histories.items()
    }
    return json.dumps(data, ensure_ascii=False, indent=1)

"""The commands ``history``, ``rollback`` and ``recover``, about what was published before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aslms_feeds.builds.build import build
from aslms_feeds.builds.recipe import Orders
from aslms_feeds.builds.recovery import recover_parts
from aslms_feeds.builds.saved_definitions import ROLLBACK_FILE
from aslms_feeds.cli import output
from aslms_feeds.cli.statuses import SUCCESS, status_of_report
from aslms_feeds.errors import UsageError
from aslms_feeds.publication import history, last_run
from aslms_feeds.publication.manifest import INDEX
from aslms_feeds.publication.workspace import open_store

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from pathlib import Path

    from aslms_feeds.publication.publish import Generation, Store
    from aslms_feeds.settings import Settings


def run_history(arguments: Namespace, settings: Settings) -> int:
    """List the generations of each series."""
    store = open_store(settings.output, settings.state)
    parts = [name for name in store.list_parts() if name != INDEX]
    if unknown := sorted(set(arguments.series) - set(parts)):
        message = f"no series {unknown[0]!r} is published in {settings.output}"
        raise UsageError(message, hint=f"these are: {', '.join(parts) or 'none'}")
    generations = {}
    for name in arguments.series or parts:
        numbers = store.list_generations(name)
        manifests = [store.read_generation(name, number).manifest for number in numbers]
        generations[name] = (history.complete_history(history.read_history(store, name), manifests), numbers)
    print(output.format_history_json(generations) if arguments.json else output.format_history(generations))
    return SUCCESS


def run_rollback(arguments: Namespace, settings: Settings) -> int:
    """Publish old content again, or end a rollback."""
    _refuse_index([arguments.series])
    store = open_store(settings.output, settings.state)
    public = store.read_current(arguments.series)
    if public is None:
        message = f"the series {arguments.series!r} is not published in {settings.output}"
        raise UsageError(message, hint="aslms-feeds history lists what is")
    if arguments.release:
        if ROLLBACK_FILE not in public.state:
            print(f"{arguments.series}: no rollback holds")
            return SUCCESS
        orders = Orders(release=frozenset([arguments.series]))
    else:
        number = _find_generation_before(store, arguments.series, public) if arguments.to is None else arguments.to
        if number not in (numbers := store.list_generations(arguments.series)):
            message = f"generation {number} of {arguments.series} is not there"
            raise UsageError(message, hint=f"these are: {', '.join(map(str, numbers))}")
        orders = Orders(back_to={arguments.series: number})
    report = build(settings, arguments.now or datetime.now(UTC), orders)
    if report is not None:
        output.print_report(report, str(settings.output))
    return status_of_report(report)


def _find_generation_before(store: Store, series: str, public: Generation) -> int:
    """Return the generation before the public one; before the one it shows again, when a rollback holds."""
    number = public.manifest.generation
    rows = history.read_history(store, series)
    content_of = next((row.back_to for row in rows if row.generation == number and row.back_to), number)
    earlier = [number for number in store.list_generations(series) if number < content_of]
    if not earlier:
        message = f"{series} has no generation before {content_of}"
        raise UsageError(message, hint="aslms-feeds history lists those that are there")
    return earlier[-1]


def run_recover(arguments: Namespace, settings: Settings) -> int:
    """Rebuild lost or damaged ledgers from what is published."""
    _refuse_index(arguments.series or ())
    store = open_store(settings.output, settings.state)
    folders = sorted(settings.calendars.iterdir()) if not arguments.series else []
    names = tuple(arguments.series or (folder.name for folder in folders if _is_series(folder)))
    with store.lock():
        last_run.forget_last_run(settings.output)
        for line in recover_parts(store, names, arguments.source, whole=not arguments.series, now=datetime.now(UTC)):
            print(line)
    print("Now publish what the definitions say: aslms-feeds build")
    return SUCCESS


def _is_series(folder: Path) -> bool:
    return (folder / "series.toml").is_file()


def _refuse_index(series: Sequence[str]) -> None:

    if INDEX in series:
        message = f"{INDEX!r} is no series: it is made from what they publish"
        raise UsageError(message, hint="name a series; aslms-feeds history lists them")

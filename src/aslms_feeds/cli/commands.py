"""The command ``aslms-feeds``: arguments in, one call, output and exit status out; each imports only what it needs."""

from __future__ import annotations

import io
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds.cli.arguments import USAGE, parser
from aslms_feeds.errors import AslmsFeedsError, Busy, FetchError, PublicationError, RefusedError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from aslms_feeds.builds.recipe import Orders
    from aslms_feeds.definitions.reading import Definitions
    from aslms_feeds.publication.publish import Generation, Store
    from aslms_feeds.report import Report
    from aslms_feeds.settings import Settings

# sysexits.h, as other mail- and cron-minded programs use it.
DONE, WRONG, PLANNED, STORAGE, BUSY = 0, 1, 2, 74, 75


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal that knows no arrow is no reason to stop.
    given = parser().parse_args(arguments)
    try:
        from aslms_feeds.settings import choose_settings

        return _COMMANDS[given.command](given, choose_settings(vars(given)))
    except AslmsFeedsError as error:
        return _failed(error)
    except BrokenPipeError:
        # Whoever read along has seen enough; nothing more is written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        print(f"aslms-feeds: cannot use{place}: {error.strerror or error}", file=sys.stderr)
        return STORAGE
    except KeyboardInterrupt:
        return 130


def _failed(error: AslmsFeedsError) -> int:
    print(f"aslms-feeds: {error}", file=sys.stderr)
    if error.hint:
        print(f"Try: {error.hint}", file=sys.stderr)
    return _status_of(error)


def _status_of(error: AslmsFeedsError) -> int:
    match error:
        case Busy():
            return BUSY
        case UsageError() | RefusedError():
            return USAGE
        case PublicationError() | FetchError():
            return STORAGE
        case _:
            return WRONG


def _check(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.definitions import files
    from aslms_feeds.definitions.reading import read_definitions
    from aslms_feeds.definitions.warnings import find_warnings

    found = read_definitions(files.read_calendars_folder(chosen.calendars), str(chosen.calendars))
    doubts = find_warnings(found, today=datetime.now(UTC).date())
    status = WRONG if found.problems or (given.strict and doubts) else DONE
    if given.json:
        import json

        rows = {
            name: [
                {"file": one.file, "line": one.line, "column": one.column, "where": one.where, "message": one.message}
                for one in problems
            ]
            for name, problems in (("problems", found.problems), ("warnings", doubts))
        }
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return status
    for problem in (*found.problems, *doubts):
        print(problem, file=sys.stderr)
    summary = _number(len(found.problems), "problem")
    if status == WRONG:
        doubtful = f", {_number(len(doubts), 'warning')}" if doubts else ""
        print(f"{chosen.calendars}: {summary}{doubtful}", file=sys.stderr)
    else:
        print(f"{chosen.calendars}: {_counted(found)}: {summary}")
    return status


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'s' if count > 1 else ''}"


def _counted(found: Definitions) -> str:
    seasons = [season for series in found.series.values() for season in series.seasons]
    events = [event for season in seasons for event in season.season.events]
    counts = [
        (len(found.series), "series", "series"),
        (len(seasons), "season", "seasons"),
        (len(events), "event", "events"),
        (sum(len(event.sessions) for event in events), "session", "sessions"),
    ]
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts)


def _build(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.builds.build import build

    if given.parent is not None:
        return _attempt(given, chosen)
    orders = _orders(accept_mass_change=True) if given.accept_mass_change else None
    now = given.now or datetime.now(UTC)
    report = build(chosen, max(now, given.not_before or now), orders, not_before=given.not_before)
    if report is None and not given.json:
        if not given.quiet:
            print(f"{chosen.output}: nothing changed")
        return DONE
    from aslms_feeds.cli import output

    if given.json:
        print(output.as_json(report))
    elif report is not None:
        output.tell(report, str(chosen.output), quiet=given.quiet)
    return _status(report)


def _attempt(given: Namespace, chosen: Settings) -> int:
    """Build for the service that started this process."""
    from aslms_feeds.builds import log, subprocess
    from aslms_feeds.builds.build import build, load_modules
    from aslms_feeds.definitions import files
    from aslms_feeds.publication import last_run

    log.start_log(chosen.log_format)
    subprocess.end_with(given.parent)
    if given.held and not subprocess.released(load_modules):
        return DONE
    now = given.now or datetime.now(UTC)

    def built() -> Report | None:
        at = max(now, given.not_before or now)
        return build(chosen, at, not_before=given.not_before, tell=subprocess.tell)

    def next_due() -> datetime | None:
        last = last_run.read_last_run(chosen.output)
        return last.next_due if last else None

    def warnings() -> tuple[str, ...]:
        from aslms_feeds.builds import status

        contents = files.read_calendars_folder(chosen.calendars, named=False)
        return status.record_warnings(chosen.output, contents, str(chosen.calendars), now=now)

    return subprocess.run(built, next_due=next_due, warnings=warnings, status=_status_of)


def _status(report: Report | None) -> int:
    if report is None or not report.failed:
        return DONE
    return STORAGE if any(part.storage for part in report.parts) else WRONG


def _orders(
    *, accept_mass_change: bool = False, back_to: dict[str, int] | None = None, release: str | None = None
) -> Orders:
    from aslms_feeds.builds.recipe import Orders

    return Orders(accept_mass_change, back_to or {}, frozenset([release] if release else ()))


def _preview(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.builds.build import plan_build
    from aslms_feeds.cli import output
    from aslms_feeds.definitions import files
    from aslms_feeds.publication.workspace import open_store

    folder = Path(given.folder)
    if folder.resolve() == chosen.output.resolve():
        message = f"{folder} is what is published"
        raise UsageError(message, hint="name another folder, which nobody serves")
    now = given.now or datetime.now(UTC)
    seen, report = plan_build(chosen, files.read_calendars_folder(chosen.calendars), chosen.base_url, now=now)
    seen.write(open_store(folder))
    output.tell(report, str(folder))
    print(f"Look at it: aslms-feeds serve --output {folder} --port 8001")
    return _status(report)


def _plan(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.builds import freshness
    from aslms_feeds.builds.build import plan_build
    from aslms_feeds.cli import output
    from aslms_feeds.definitions import files
    from aslms_feeds.publication import last_run

    now = given.now or datetime.now(UTC)
    contents = files.read_calendars_folder(chosen.calendars)
    last = last_run.read_last_run(chosen.output)
    # What is published under another address would differ in every file, and that is not what is asked.
    base_url = chosen.base_url or (last.base_url if last else None)
    report = None
    if chosen.state or not freshness.is_unchanged(chosen.output, contents, base_url, now=now):
        _seen, report = plan_build(chosen, contents, base_url, now=now)
    if text := output.plan_json(report) if given.json else output.plan(report, str(chosen.output)):
        print(text)
    if report and report.failed:
        output.problems(report)
        return _status(report)
    return PLANNED if given.exit_code and report and report.changed else DONE


def _proposals(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.publication.workspace import Workspace
    from aslms_feeds.upstreams.proposals import compare

    path = Workspace(chosen.output).proposals
    found = compare.parse_proposals(path.read_bytes()) if path.is_file() else ()
    print(compare.format_proposals(found).decode() if given.json else compare.describe_proposals(found))
    return DONE


def _history(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.cli import output
    from aslms_feeds.publication import history
    from aslms_feeds.publication.manifest import INDEX
    from aslms_feeds.publication.workspace import open_store

    place = open_store(chosen.output, chosen.state)
    parts = [name for name in place.parts() if name != INDEX]
    if unknown := sorted(set(given.series) - set(parts)):
        message = f"no series {unknown[0]!r} is published in {chosen.output}"
        raise UsageError(message, hint=f"these are: {', '.join(parts) or 'none'}")
    found = {}
    for name in given.series or parts:
        there = place.past(name)
        manifests = [place.generation(name, number).manifest for number in there]
        found[name] = (history.complete_history(history.read_history(place, name), manifests), there)
    print(output.history_json(found) if given.json else output.history(found))
    return DONE


def _rollback(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.builds import saved_definitions
    from aslms_feeds.builds.build import build
    from aslms_feeds.cli import output
    from aslms_feeds.publication.workspace import open_store

    _no_index([given.series])
    place = open_store(chosen.output, chosen.state)
    public = place.current(given.series)
    if public is None:
        message = f"the series {given.series!r} is not published in {chosen.output}"
        raise UsageError(message, hint="aslms-feeds history lists what is")
    if given.release:
        if saved_definitions.ROLLBACK_FILE not in public.state:
            print(f"{given.series}: no rollback holds")
            return DONE
        orders = _orders(release=given.series)
    else:
        number = _before(place, given.series, public) if given.to is None else given.to
        if number not in (there := place.past(given.series)):
            message = f"generation {number} of {given.series} is not there"
            raise UsageError(message, hint=f"these are: {', '.join(map(str, there))}")
        orders = _orders(back_to={given.series: number})
    report = build(chosen, given.now or datetime.now(UTC), orders)
    if report is not None:
        output.tell(report, str(chosen.output))
    return _status(report)


def _no_index(series: Sequence[str]) -> None:
    from aslms_feeds.publication.manifest import INDEX

    if INDEX in series:
        message = f"{INDEX!r} is no series: it is made from what they publish"
        raise UsageError(message, hint="name a series; aslms-feeds history lists them")


def _before(store: Store, series: str, public: Generation) -> int:
    """Return the generation before the public one; before the one it shows again, when a rollback holds."""
    from aslms_feeds.publication import history

    number = public.manifest.generation
    rows = history.read_history(store, series)
    shown = next((row.back_to for row in rows if row.generation == number and row.back_to), number)
    earlier = [one for one in store.past(series) if one < shown]
    if not earlier:
        message = f"{series} has no generation before {shown}"
        raise UsageError(message, hint="aslms-feeds history lists those that are there")
    return earlier[-1]


def _recover(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.builds.recovery import recover
    from aslms_feeds.publication import last_run
    from aslms_feeds.publication.workspace import open_store

    _no_index(given.series or ())
    place = open_store(chosen.output, chosen.state)
    names = tuple(given.series or (folder.name for folder in sorted(chosen.calendars.iterdir()) if _is_series(folder)))
    with place.lock():
        last_run.forget_last_run(chosen.output)
        for line in recover(place, names, given.source, whole=not given.series, now=datetime.now(UTC)):
            print(line)
    print("Now publish what the definitions say: aslms-feeds build")
    return DONE


def _is_series(folder: Path) -> bool:
    return (folder / "series.toml").is_file()


def _serve(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.serve.server import run_server

    end_watcher = None
    if given.watch:
        from aslms_feeds.builds import log, service

        log.start_log(chosen.log_format)
        end_watcher = service.keep_watching(chosen)
    try:
        print(f"Serving {chosen.output} on http://{chosen.host}:{chosen.port}/ (Ctrl-C ends it)", flush=True)
        run_server(chosen.output, host=chosen.host, port=chosen.port, metrics_port=chosen.metrics_port)
    finally:
        if end_watcher is not None:
            end_watcher()
    return DONE


def _watch(given: Namespace, chosen: Settings) -> int:
    if not Path(chosen.calendars).is_dir():
        message = f"there is no folder {chosen.calendars}"
        raise UsageError(message, hint="name the folder of the definitions with --calendars")
    from aslms_feeds.builds import log, service

    log.start_log(chosen.log_format)
    return service.run(chosen, parent=given.parent)


def _schema(given: Namespace, chosen: Settings) -> int:
    from aslms_feeds.definitions.schema import make_schemas, renew_reference

    folder = chosen.calendars / "schema"
    wanted: dict[Path, bytes] = {folder / name: text for name, text in make_schemas().items()}
    readme = chosen.calendars / "README.md"
    if readme.is_file():
        wanted[readme] = renew_reference(readme.read_text(encoding="utf-8")).encode()
    stale = [path for path, text in wanted.items() if not _is(path, text)]
    if given.check:
        for path in stale:
            print(f"{path} is out of date; write it with: aslms-feeds schema", file=sys.stderr)
        return WRONG if stale else DONE
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_bytes(wanted[path])
        print(path)
    return DONE


def _is(path: Path, text: bytes) -> bool:
    return path.is_file() and path.read_bytes() == text


_COMMANDS = {
    "build": _build,
    "check": _check,
    "history": _history,
    "plan": _plan,
    "preview": _preview,
    "proposals": _proposals,
    "recover": _recover,
    "rollback": _rollback,
    "schema": _schema,
    "serve": _serve,
    "watch": _watch,
}

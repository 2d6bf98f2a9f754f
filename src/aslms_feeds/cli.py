"""The command ``aslms-feeds``: arguments in, one call, output and exit status out; each imports only what it needs."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds import __version__
from aslms_feeds.errors import AslmsFeedsError, Busy, FetchError, PublicationError, RefusedError, Superseded, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from aslms_feeds.definitions import Definitions
    from aslms_feeds.model import Publisher
    from aslms_feeds.poll import Polled
    from aslms_feeds.publish import Generation, Store
    from aslms_feeds.regenerate import Orders, Report
    from aslms_feeds.settings import Settings

    _Command: TypeAlias = Callable[[argparse.Namespace, "Settings"], int]
    _Add: TypeAlias = Callable[[str, _Command, str], argparse.ArgumentParser]

# sysexits.h, as other mail- and cron-minded programs use it.
DONE, WRONG, PLANNED, USAGE, STORAGE, BUSY = 0, 1, 2, 64, 74, 75


class _Parser(argparse.ArgumentParser):
    """Wrong arguments end with status 64, and say what would be right."""

    def error(self, message: str) -> None:  # type: ignore[override] # it does not return
        """Say what is wrong with the arguments."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\nTry: {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal that knows no arrow is no reason to stop.
    given = _parser().parse_args(arguments)
    try:
        from aslms_feeds.settings import settings

        command: _Command = given.command
        return command(given, settings(vars(given)))
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


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="aslms-feeds",
        description="Turns a racing season's definition files into calendars, feeds, pages and data.",
        epilog="Exit status: 0 done, 1 definitions wrong, 64 usage, 74 input or output, 75 another build is at work. "
        "Every option is also read from the environment: ASLMS_FEEDS_OUTPUT for --output, and so on.",
    )
    parser.add_argument("--version", action="version", version=f"aslms-feeds {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)

    def add(name: str, command: _Command, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        one.set_defaults(command=command)
        folder = "the folder of the definitions (default: calendars)"
        one.add_argument("--calendars", metavar="DIR", help=folder)
        return one

    check = add("check", _check, "say everything that is wrong in the definitions")
    check.add_argument("--strict", action="store_true", help="warnings count as errors")
    check.add_argument("--json", action="store_true", help="as JSON, for programs")
    build = add("build", _build, "publish what the definitions say, and write only what changed")
    _writes(build)
    instant = "do it as of this instant, such as 2026-12-01T00:00:00Z (default: now)"
    build.add_argument("--now", metavar="INSTANT", type=_instant, help=instant)
    build.add_argument("--json", action="store_true", help="as JSON, for programs")
    build.add_argument("--quiet", action="store_true", help="say nothing when nothing changed")
    build.add_argument("--not-before", metavar="INSTANT", type=_instant, help=argparse.SUPPRESS)
    build.add_argument("--parent", metavar="PID", type=int, help=argparse.SUPPRESS)
    mass = "publish also when more than a third of a season's coming sessions move or go, and nothing says why"
    build.add_argument("--accept-mass-change", action="store_true", help=mass)
    _changing(add, instant)
    serve = add("serve", _serve, "answer GET and HEAD for what is published")
    _writes(serve)
    serve.add_argument("--host", metavar="ADDRESS", help="the address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", metavar="PORT", help="the port to listen on (default: 8000)")
    told = "tell Prometheus how the server does, on this port of 127.0.0.1 (default: nowhere)"
    serve.add_argument("--metrics-port", metavar="PORT", help=told)
    serve.add_argument("--watch", action="store_true", help="publish again whenever a definition changes")
    serve.add_argument("--settle", metavar="SECONDS", help="publish an edit once it stood so long (default: 30)")
    watch = add("watch", _watch, "publish again whenever a definition changes")
    _writes(watch)
    watch.add_argument("--settle", metavar="SECONDS", help="publish an edit once it stood so long (default: 30)")
    watch.add_argument("--parent", metavar="PID", type=int, help=argparse.SUPPRESS)
    for service in (serve, watch, build):
        text = "how the log of what happens is written: text (default) or json"
        service.add_argument("--log-format", metavar="FORMAT", help=text if service is not build else argparse.SUPPRESS)
    schema = add("schema", _schema, "write the JSON Schemas for editors, and the reference in README.md")
    schema.add_argument("--check", action="store_true", help="only say whether they are up to date")
    return parser


def _changing(add: _Add, instant: str) -> None:
    """Add the commands about what has changed, or would."""
    plan = add("plan", _plan, "say what would change for subscribers, and publish nothing")
    _writes(plan)
    plan.add_argument("--now", metavar="INSTANT", type=_instant, help=instant)
    plan.add_argument("--exit-code", action="store_true", help="exit with status 2 when something would change")
    plan.add_argument("--json", action="store_true", help="as JSON, for programs")
    preview = add("preview", _preview, "make the site, as of any instant, in a folder that nobody serves")
    _writes(preview)
    preview.add_argument("folder", metavar="FOLDER", nargs="?", default="preview", help="the folder (default: preview)")
    preview.add_argument("--now", metavar="INSTANT", type=_instant, help=instant)
    proposals = add("proposals", _proposals, "list where somebody else's calendar differs from ours")
    _writes(proposals)
    proposals.add_argument("--json", action="store_true", help="as JSON, for programs")
    history = add("history", _history, "list the generations of each series, and what subscribers were told")
    _writes(history)
    history.add_argument("series", metavar="SERIES", nargs="*", help="the series (default: all)")
    history.add_argument("--json", action="store_true", help="as JSON, for programs")
    back = add("rollback", _rollback, "publish old content again, with stamps that grow, until the definitions change")
    _writes(back)
    back.add_argument("series", metavar="SERIES", help="the series")
    way = back.add_mutually_exclusive_group()
    way.add_argument("--to", metavar="GENERATION", type=int, help="the generation (default: the one before)")
    way.add_argument("--release", action="store_true", help="end a rollback: publish what the definitions say")
    back.add_argument("--now", metavar="INSTANT", type=_instant, help=instant)
    recover = add("recover", _recover, "rebuild lost or damaged ledgers from what is published")
    _writes(recover)
    source = "a published folder or the address of a deployed site (default: the public generations in --output)"
    recover.add_argument("source", metavar="SOURCE", nargs="?", help=source)
    recover.add_argument("--series", metavar="SERIES", action="append", help="only this series; may be given again")


def _writes(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", metavar="DIR", help="the folder to publish into (default: publication)")
    command.add_argument("--base-url", metavar="URL", help="where the site is (default: as publisher.toml says)")
    memory = "keep ledgers in a folder of their own, to commit, for a machine that forgets (default: in --output)"
    command.add_argument("--state", metavar="DIR", help=memory)


def _instant(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no instant; write 2026-12-01T00:00:00Z"
        raise argparse.ArgumentTypeError(message) from None
    if value.tzinfo is None:
        message = f"{text!r} has no offset; write {text}Z for UTC"
        raise argparse.ArgumentTypeError(message)
    return value.astimezone(UTC)


def _check(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds import sources
    from aslms_feeds.advice import warnings
    from aslms_feeds.definitions import read_definitions

    found = read_definitions(sources.read(chosen.calendars), str(chosen.calendars))
    doubts = warnings(found, today=datetime.now(UTC).date())
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


def _build(given: argparse.Namespace, chosen: Settings) -> int:
    orders = _orders(accept_mass_change=True) if given.accept_mass_change else None
    now = given.now or datetime.now(UTC)
    if given.parent is not None:
        return _attempt(given, chosen, now)
    report = _regenerated(chosen, max(now, given.not_before or now), orders, not_before=given.not_before)
    if report is None and not given.json:
        if not given.quiet:
            print(f"{chosen.output}: nothing changed")
        return DONE
    from aslms_feeds import output

    if given.json:
        print(output.as_json(report))
    elif report is not None:
        output.tell(report, str(chosen.output), quiet=given.quiet)
    return _status(report)


def _attempt(given: argparse.Namespace, chosen: Settings, now: datetime) -> int:
    """Build for the service that started this process."""
    from aslms_feeds import attempt, freshness, journal, sources, status

    journal.start(chosen.log_format)
    attempt.end_with(given.parent)

    def build() -> Report | None:
        at = max(now, given.not_before or now)
        return _regenerated(chosen, at, not_before=given.not_before, tell=attempt.tell)

    def next_due() -> datetime | None:
        last = freshness.read(chosen.output)
        return last.next_due if last else None

    def warnings() -> tuple[str, ...]:
        return status.warnings(chosen.output, sources.read(chosen.calendars), str(chosen.calendars), now=now)

    return attempt.run(build, next_due=next_due, warnings=warnings, status=_status_of)


def _status(report: Report | None) -> int:
    if report is None or not report.failed:
        return DONE
    return STORAGE if any(part.storage for part in report.parts) else WRONG


def _orders(
    *, accept_mass_change: bool = False, back_to: dict[str, int] | None = None, release: str | None = None
) -> Orders:
    from aslms_feeds.regenerate import Orders

    return Orders(accept_mass_change, back_to or {}, frozenset([release] if release else ()))


def _store(chosen: Settings) -> Store:
    from aslms_feeds.stores.local import LocalStore

    local = LocalStore(chosen.output)
    if chosen.state is None:
        return local
    from aslms_feeds.stores.split import SplitStore

    return SplitStore(local, chosen.state)


def _regenerated(
    chosen: Settings,
    now: datetime,
    orders: Orders | None = None,
    *,
    not_before: datetime | None = None,
    tell: Callable[[Report], None] = lambda _report: None,
) -> Report | None:
    """Build, unless the fingerprints say that nothing would change; None: nothing would.

    What is due at ``not_before`` is made ahead, and nothing of it is written before that instant. ``tell`` is called
    with the report as it may be logged. A build that comes to nothing says so in status.json, too.
    """
    try:
        return _built(chosen, now, orders, not_before, tell)
    except Busy:
        raise
    except Exception as error:
        from aslms_feeds import status

        text, hint = (str(error), error.hint) if isinstance(error, AslmsFeedsError) else (repr(error), "")
        status.failed(chosen.output, text, hint, now=now)
        raise


def _built(
    chosen: Settings,
    now: datetime,
    orders: Orders | None,
    not_before: datetime | None,
    tell: Callable[[Report], None],
) -> Report | None:
    from aslms_feeds import freshness, sources

    contents = sources.read(chosen.calendars)
    simple = orders is None and chosen.state is None
    if simple and freshness.unchanged(chosen.output, contents, chosen.base_url, now=now):
        freshness.touch(chosen.output)
        return None
    prints = freshness.fingerprints(contents, chosen.base_url)
    from aslms_feeds import push, status
    from aslms_feeds.definitions import read_publisher
    from aslms_feeds.regenerate import regenerate

    root = str(chosen.calendars)
    publisher = read_publisher(contents)
    if publisher and chosen.base_url:
        publisher = publisher.model_copy(update={"base_url": chosen.base_url})
    # Whoever waits for a second must not wait for other people's servers.
    polled = _polled(chosen, publisher, contents, now, ask=not_before is None)

    def record(report: Report) -> None:
        shown = status.shown(report, contents, root, now=now)
        wanted = publisher is not None and any("warnings" in one.on for one in publisher.notify)
        told = push.note(
            chosen.output,
            publisher,
            shown,
            now=now,
            warnings=status.doubts(contents, root, now=now) if wanted else (),
            quarantined=polled.quarantined,
        )
        due = _earliest(report.next_due, polled.next_due, told)
        generations = freshness.generations(chosen.output)
        done = {} if report.failed else prints
        freshness.write(chosen.output, freshness.LastRun(now, done, generations, due, chosen.base_url))
        before = status.read(chosen.output)
        extra = status.beside(before, publisher, shown, polled)
        status.write(chosen.output, status.of_report(replace(shown, next_due=due), before, now=now, extra=extra))
        tell(shown)

    freshness.forget(chosen.output)
    store = _store(chosen)
    if not_before is not None:
        from aslms_feeds.stores.punctual import PunctualStore

        store = PunctualStore(store, lambda: _wait(not_before, lambda: sources.read(chosen.calendars) == contents))
    report = regenerate(
        store,
        {**polled.contents, **contents},
        now=now,
        base_url=chosen.base_url,
        root=root,
        orders=orders,
        joined=polled.by_series(),
        record=record,
    )
    report = replace(report, next_due=_earliest(report.next_due, polled.next_due))
    delivered = push.deliver(chosen.output, publisher, report, now=now)
    return replace(report, next_due=_earliest(report.next_due, delivered.next_attempt), notes=delivered.warnings)


def _polled(
    chosen: Settings, publisher: Publisher | None, contents: Mapping[str, bytes], now: datetime, *, ask: bool
) -> Polled:
    from aslms_feeds.poll import Polled, poll

    if publisher is None:
        return Polled()
    return poll(chosen.output, publisher, now=now, known=contents, root=str(chosen.calendars), ask=ask)


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((one for one in instants if one), default=None)


def _wait(instant: datetime, unchanged: Callable[[], bool]) -> None:
    """Return at an instant by this machine's clock; raise :class:`Superseded` when an edit has overtaken it."""
    while (left := (instant - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(min(left, 0.5))
    if not unchanged():
        message = "the definitions changed while the build waited"
        raise Superseded(message, hint="build again")


def _preview(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds import output, sources
    from aslms_feeds.definitions import read_publisher
    from aslms_feeds.regenerate import regenerate
    from aslms_feeds.stores.local import LocalStore
    from aslms_feeds.stores.preview import PreviewStore

    folder = Path(given.folder)
    if folder.resolve() == chosen.output.resolve():
        message = f"{folder} is what is published"
        raise UsageError(message, hint="name another folder, which nobody serves")
    store, root = PreviewStore(_store(chosen)), str(chosen.calendars)
    contents, orders = sources.read(chosen.calendars), _orders(accept_mass_change=True)
    now = given.now or datetime.now(UTC)
    polled = _polled(chosen, read_publisher(contents), contents, now, ask=False)
    report = regenerate(
        store,
        {**polled.contents, **contents},
        now=now,
        base_url=chosen.base_url,
        root=root,
        orders=orders,
        joined=polled.by_series(),
    )
    store.write(LocalStore(folder))
    output.tell(report, str(folder))
    print(f"Look at it: aslms-feeds serve --output {folder} --port 8001")
    return _status(report)


def _plan(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds import freshness, output, sources

    now = given.now or datetime.now(UTC)
    contents = sources.read(chosen.calendars)
    last = freshness.read(chosen.output)
    # What is published under another address would differ in every file, and that is not what is asked.
    base_url = chosen.base_url or (last.base_url if last else None)
    report = None
    if chosen.state or not freshness.unchanged(chosen.output, contents, base_url, now=now):
        from aslms_feeds.definitions import read_publisher
        from aslms_feeds.regenerate import regenerate
        from aslms_feeds.stores.preview import PreviewStore

        polled = _polled(chosen, read_publisher(contents), contents, now, ask=False)
        # A mass change is shown for what it is; only a build asks whether it is meant.
        orders, store = _orders(accept_mass_change=True), PreviewStore(_store(chosen))
        report = regenerate(
            store,
            {**polled.contents, **contents},
            now=now,
            base_url=base_url,
            root=str(chosen.calendars),
            orders=orders,
            joined=polled.by_series(),
        )
    if text := output.plan_json(report) if given.json else output.plan(report, str(chosen.output)):
        print(text)
    if report and report.failed:
        output.problems(report)
        return _status(report)
    return PLANNED if given.exit_code and report and report.changed else DONE


def _proposals(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds import proposals
    from aslms_feeds.poll import PROPOSALS

    path = chosen.output / PROPOSALS
    found = proposals.read(path.read_bytes()) if path.is_file() else ()
    print(proposals.to_json(found) if given.json else proposals.shown(found))
    return DONE


def _history(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds import chronicle, output
    from aslms_feeds.publication import INDEX

    store = _store(chosen)
    parts = [name for name in store.parts() if name != INDEX]
    if unknown := sorted(set(given.series) - set(parts)):
        message = f"no series {unknown[0]!r} is published in {chosen.output}"
        raise UsageError(message, hint=f"these are: {', '.join(parts) or 'none'}")
    found = {}
    for name in given.series or parts:
        public = store.current(name)
        text = public.state.get(chronicle.CHRONICLE) if public else None
        there = store.past(name)
        manifests = [store.generation(name, number).manifest for number in there]
        found[name] = (chronicle.completed(chronicle.read(text) if text else (), manifests), there)
    print(output.history_json(found) if given.json else output.history(found))
    return DONE


def _rollback(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds import output, rollback

    _no_index([given.series])
    store = _store(chosen)
    public = store.current(given.series)
    if public is None:
        message = f"the series {given.series!r} is not published in {chosen.output}"
        raise UsageError(message, hint="aslms-feeds history lists what is")
    if given.release:
        if rollback.HELD not in public.state:
            print(f"{given.series}: no rollback holds")
            return DONE
        orders = _orders(release=given.series)
    else:
        number = _before(store, given.series, public) if given.to is None else given.to
        if number not in (there := store.past(given.series)):
            message = f"generation {number} of {given.series} is not there"
            raise UsageError(message, hint=f"these are: {', '.join(map(str, there))}")
        orders = _orders(back_to={given.series: number})
    report = _regenerated(chosen, given.now or datetime.now(UTC), orders)
    if report is not None:
        output.tell(report, str(chosen.output))
    return _status(report)


def _no_index(series: Sequence[str]) -> None:
    from aslms_feeds.publication import INDEX

    if INDEX in series:
        message = f"{INDEX!r} is no series: it is made from what they publish"
        raise UsageError(message, hint="name a series; aslms-feeds history lists them")


def _before(store: Store, series: str, public: Generation) -> int:
    """Return the generation before the public one; before the one it shows again, when a rollback holds."""
    from aslms_feeds import chronicle

    number = public.manifest.generation
    rows = chronicle.read(public.state[chronicle.CHRONICLE]) if chronicle.CHRONICLE in public.state else ()
    shown = next((row.back_to for row in rows if row.generation == number and row.back_to), number)
    earlier = [one for one in store.past(series) if one < shown]
    if not earlier:
        message = f"{series} has no generation before {shown}"
        raise UsageError(message, hint="aslms-feeds history lists those that are there")
    return earlier[-1]


def _recover(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds import freshness
    from aslms_feeds.recovery import recover

    _no_index(given.series or ())
    store = _store(chosen)
    names = tuple(given.series or (folder.name for folder in sorted(chosen.calendars.iterdir()) if _is_series(folder)))
    with store.lock():
        freshness.forget(chosen.output)
        for line in recover(store, names, given.source, whole=not given.series, now=datetime.now(UTC)):
            print(line)
    print("Now publish what the definitions say: aslms-feeds build")
    return DONE


def _is_series(folder: Path) -> bool:
    return (folder / "series.toml").is_file()


def _serve(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds.serve import run

    end_watcher = None
    if given.watch:
        from aslms_feeds import journal, schedule

        journal.start(chosen.log_format)
        end_watcher = schedule.keep_watching(chosen)
    try:
        print(f"Serving {chosen.output} on http://{chosen.host}:{chosen.port}/ (Ctrl-C ends it)", flush=True)
        run(chosen.output, host=chosen.host, port=chosen.port, metrics_port=chosen.metrics_port)
    finally:
        if end_watcher is not None:
            end_watcher()
    return DONE


def _watch(given: argparse.Namespace, chosen: Settings) -> int:
    if not Path(chosen.calendars).is_dir():
        message = f"there is no folder {chosen.calendars}"
        raise UsageError(message, hint="name the folder of the definitions with --calendars")
    from aslms_feeds import journal, schedule

    journal.start(chosen.log_format)
    return schedule.run(chosen, parent=given.parent)


def _schema(given: argparse.Namespace, chosen: Settings) -> int:
    from aslms_feeds.schemas import schemas, with_reference

    folder = chosen.calendars / "schema"
    wanted: dict[Path, bytes] = {folder / name: text for name, text in schemas().items()}
    readme = chosen.calendars / "README.md"
    if readme.is_file():
        wanted[readme] = with_reference(readme.read_text(encoding="utf-8")).encode()
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

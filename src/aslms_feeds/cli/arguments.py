"""The arguments of the command ``aslms-feeds``: which commands there are, and what each can be told."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from aslms_feeds import __version__
from aslms_feeds.cli.statuses import USAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    _Add: TypeAlias = Callable[[str, str], argparse.ArgumentParser]


class _Parser(argparse.ArgumentParser):
    """Wrong arguments end with status 64, and say what would be right."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\nTry: {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Return what reads a command line; ``command`` is the command's name, None stands for what was not given."""
    whole = _Parser(
        prog="aslms-feeds",
        description="Turns a racing season's definition files into calendars, feeds, pages and data.",
        epilog="Exit status: 0 done, 1 definitions wrong, 64 usage, 74 input or output, 75 another build is at work. "
        "Every option is also read from the environment: ASLMS_FEEDS_OUTPUT for --output, and so on.",
    )
    whole.add_argument("--version", action="version", version=f"aslms-feeds {__version__}")
    commands = whole.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True, parser_class=_Parser
    )

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        folder = "the folder of the definitions (default: calendars)"
        command.add_argument("--calendars", metavar="DIR", help=folder)
        return command

    check = add("check", "say everything that is wrong in the definitions")
    check.add_argument("--strict", action="store_true", help="warnings count as errors")
    check.add_argument("--json", action="store_true", help="as JSON, for programs")
    build = add("build", "publish what the definitions say, and write only what changed")
    _writes(build)
    instant = "do it as of this instant, such as 2026-12-01T00:00:00Z (default: now)"
    build.add_argument("--now", metavar="INSTANT", type=_instant, help=instant)
    build.add_argument("--json", action="store_true", help="as JSON, for programs")
    build.add_argument("--quiet", action="store_true", help="say nothing when nothing changed")
    build.add_argument("--not-before", metavar="INSTANT", type=_instant, help=argparse.SUPPRESS)
    build.add_argument("--parent", metavar="PID", type=int, help=argparse.SUPPRESS)
    build.add_argument("--held", action="store_true", help=argparse.SUPPRESS)
    mass = "publish also when more than a third of a season's coming sessions move or go, and nothing says why"
    build.add_argument("--accept-mass-change", action="store_true", help=mass)
    _changing(add, instant)
    serve = add("serve", "answer GET and HEAD for what is published")
    _writes(serve)
    serve.add_argument("--host", metavar="ADDRESS", help="the address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", metavar="PORT", help="the port to listen on (default: 8000)")
    metrics = "tell Prometheus how the server does, on this port of 127.0.0.1 (default: nowhere)"
    serve.add_argument("--metrics-port", metavar="PORT", help=metrics)
    serve.add_argument("--watch", action="store_true", help="publish again whenever a definition changes")
    serve.add_argument("--settle", metavar="SECONDS", help="publish an edit once it stood so long (default: 30)")
    watch = add("watch", "publish again whenever a definition changes")
    _writes(watch)
    watch.add_argument("--settle", metavar="SECONDS", help="publish an edit once it stood so long (default: 30)")
    watch.add_argument("--parent", metavar="PID", type=int, help=argparse.SUPPRESS)
    for service in (serve, watch, build):
        text = "how the log of what happens is written: text (default) or json"
        service.add_argument("--log-format", metavar="FORMAT", help=text if service is not build else argparse.SUPPRESS)
    schema = add("schema", "write the JSON Schemas for editors, and the reference in README.md")
    schema.add_argument("--check", action="store_true", help="only say whether they are up to date")
    return whole


def _changing(add: _Add, instant: str) -> None:
    """Add the commands about what has changed, or would."""
    plan = add("plan", "say what would change for subscribers, and publish nothing")
    _writes(plan)
    plan.add_argument("--now", metavar="INSTANT", type=_instant, help=instant)
    plan.add_argument("--exit-code", action="store_true", help="exit with status 2 when something would change")
    plan.add_argument("--json", action="store_true", help="as JSON, for programs")
    preview = add("preview", "make the site, as of any instant, in a folder that nobody serves")
    _writes(preview)
    preview.add_argument("folder", metavar="FOLDER", nargs="?", default="preview", help="the folder (default: preview)")
    preview.add_argument("--now", metavar="INSTANT", type=_instant, help=instant)
    proposals = add("proposals", "list where somebody else's calendar differs from ours")
    _writes(proposals)
    proposals.add_argument("--json", action="store_true", help="as JSON, for programs")
    history = add("history", "list the generations of each series, and what subscribers were told")
    _writes(history)
    history.add_argument("series", metavar="SERIES", nargs="*", help="the series (default: all)")
    history.add_argument("--json", action="store_true", help="as JSON, for programs")
    back = add("rollback", "publish old content again, with stamps that grow, until the definitions change")
    _writes(back)
    back.add_argument("series", metavar="SERIES", help="the series")
    way = back.add_mutually_exclusive_group()
    way.add_argument("--to", metavar="GENERATION", type=int, help="the generation (default: the one before)")
    way.add_argument("--release", action="store_true", help="end a rollback: publish what the definitions say")
    back.add_argument("--now", metavar="INSTANT", type=_instant, help=instant)
    recover = add("recover", "rebuild lost or damaged ledgers from what is published")
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

"""Upstreams are asked, and what comes is read: in threads, which write nothing.

`fetch` asks, `foreign` reads what came; whether that is taken is decided in `poll`.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

from aslms_feeds.definitions.files import SEASON_FILES, SERIES
from aslms_feeds.errors import AnswerError, FetchError
from aslms_feeds.identity import is_id
from aslms_feeds.network.fetch import Fetcher
from aslms_feeds.network.responses import Deferred, Fetched, Rules, Unchanged, Validators
from aslms_feeds.upstreams import sandbox
from aslms_feeds.upstreams.readers.values import Appointment, ForeignFeed
from aslms_feeds.upstreams.sandbox import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aslms_feeds.definitions.publisher import Publisher, Upstream
    from aslms_feeds.upstreams.cache import Holding, State

T = TypeVar("T")

SECONDS_EACH = 30.0
"""The time for one document."""
SECONDS_LEAST = 1.0
"""Whoever would have less than this is asked by the next run."""
LIMIT, ARCHIVE_LIMIT = 2 << 20, 8 << 20
"""Octets of a document, and of an archive."""
_NOTHING = Validators()


@dataclass(frozen=True)
class Calendar:
    """The events of a calendar."""

    events: tuple[Appointment, ...]


@dataclass(frozen=True)
class Files:
    """The definition files of a series, by path below its folder."""

    files: Mapping[str, str]


Found = ForeignFeed | Calendar | Files


@dataclass(frozen=True)
class Brought:
    """Something to look at."""

    found: Found
    validators: Mapping[str, Validators]


@dataclass(frozen=True)
class Same:
    """What is kept still holds."""

    validators: Mapping[str, Validators]


@dataclass(frozen=True)
class Later:
    """It asks to be left alone."""

    until: datetime


class DoubtError(Exception):
    """An answer that is not taken, and why: it goes into quarantine."""


class TroubleError(Exception):
    """Why nothing came of asking, though nothing is wrong with the data."""


class LateError(Exception):
    """No time was left to ask."""


Answer = Brought | Same | Later | DoubtError | TroubleError | LateError


@dataclass(frozen=True)
class Asker:
    """What happens in threads, which write nothing: upstreams are asked, and what comes is read."""

    publisher: Publisher
    now: datetime
    deadline: float

    def answer(self, upstream: Upstream, state: State, place: Holding) -> Answer:
        """Return what asking came to; whatever it came to, the others go on."""
        try:
            return self._fetched(upstream, state, place)
        except (DoubtError, TroubleError, LateError) as found:
            return found
        except FetchError as error:
            reason = str(error).removeprefix(_shown(upstream)).removeprefix(": ")
            # Without a status, the answer itself is what cannot be used: too large, damaged, cut short.
            broken = isinstance(error, AnswerError) and error.status is None
            return DoubtError(reason) if broken else TroubleError(reason)
        except OSError as error:
            return TroubleError(f"it cannot be read here: {error.strerror or error}")
        except Exception as error:
            logging.getLogger(__name__).exception("%s", upstream.id)
            return TroubleError(f"a fault of the program: {type(error).__name__}")

    def _fetched(self, upstream: Upstream, state: State, place: Holding) -> Answer:
        network = self.publisher.network
        rules = Rules(
            allow_http=network.allow_http,
            allow_loopback=network.allow_loopback,
            hosts=frozenset(upstream.hosts),
            limit=ARCHIVE_LIMIT if _is_archive(upstream) else LIMIT,
        )
        # Of one in quarantine no validators are kept: what was never taken is asked for as a whole.
        known = state.validators if place.has_good(upstream) else {}
        if self._left() < SECONDS_LEAST:
            raise LateError
        with Fetcher(rules) as fetcher:
            if _is_folder(upstream):
                return self._folder(upstream, fetcher, known, place.files(upstream.series) if known else {})
            match self._get(fetcher, upstream.url, known.get("", _NOTHING)):
                case Fetched() as fetched:
                    return Brought(self._read(upstream, fetched), {"": fetched.validators})
                case Unchanged(validators):
                    return Same({"": validators})
                case Deferred(_, until):
                    return Later(until)

    def _folder(
        self, upstream: Upstream, fetcher: Fetcher, known: Mapping[str, Validators], kept: Mapping[str, str]
    ) -> Answer:
        """Ask for every file of a folder; those that did not change are the ones that are kept."""
        if not upstream.files:
            raise TroubleError("a folder cannot be listed: name its files with the key files")
        found, validators, fresh = {}, {}, False
        for name in upstream.files:
            if not _is_definition(name):
                raise TroubleError(f"{name!r} is no definition file, such as {SERIES} or 2026-27/season.toml")
            validator = known.get(name, _NOTHING) if name in kept else _NOTHING
            match self._get(fetcher, upstream.url + quote(name), validator):
                case Fetched(body=body, validators=new):
                    found[name], validators[name], fresh = _toml(body), new, True
                case Unchanged(new):
                    found[name], validators[name] = kept[name], new
                case Deferred(_, until):
                    return Later(until)
        fresh = fresh or found.keys() != kept.keys()
        return Brought(Files(found), validators) if fresh else Same(validators)

    def _get(self, fetcher: Fetcher, url: str, known: Validators) -> Fetched | Unchanged | Deferred:
        left = self._left()
        if left <= 0:
            raise TroubleError("takes longer than the time that there is for all upstreams")
        fetcher.rules = replace(fetcher.rules, seconds=min(SECONDS_EACH, left))
        return fetcher.get(url, now=self.now, validators=known)

    def _left(self) -> float:
        return self.deadline - time.monotonic()

    def _read(self, upstream: Upstream, fetched: Fetched) -> Found:
        """Return what a document says; DoubtError where it is none of the wanted kind."""
        kind, _, _ = fetched.media_type.partition("/")
        if kind not in {"", "text", "application"}:
            raise DoubtError(f"is {fetched.media_type}")
        seconds = min(sandbox.SECONDS, max(self._left(), SECONDS_LEAST))
        if upstream.kind == "feed":
            return _sane(sandbox.read_feed(fetched.body, upstream.url, fetched.charset, seconds=seconds))
        if upstream.kind == "ics":
            return Calendar(_sane(sandbox.read_calendar(fetched.body, seconds=seconds)))
        if _is_archive(upstream):
            return Files(_sane(sandbox.read_archive(fetched.body, upstream.series, seconds=seconds)))
        return Files({_own_name(upstream): _toml(fetched.body)})


def _sane(found: T | Refusal) -> T:
    """Return what was read; DoubtError with the reason where it was refused."""
    if isinstance(found, Refusal):
        raise DoubtError(found.reason)
    return found


def _shown(upstream: Upstream) -> str:
    """Return how errors name an upstream's address, which may be a secret of its operator's."""
    address = upstream.url.partition("?")[0][:200]
    return address if urlsplit(address).path else f"{address}/"


def _is_folder(upstream: Upstream) -> bool:
    return upstream.kind == "definitions" and urlsplit(upstream.url).path.endswith("/")


def _is_archive(upstream: Upstream) -> bool:
    path = urlsplit(upstream.url).path
    return upstream.kind == "definitions" and not path.endswith(("/", ".toml"))


def _is_definition(path: str) -> bool:
    folder, slash, name = path.rpartition("/")
    return path == SERIES or (bool(slash) and is_id(folder) and name in SEASON_FILES)


def _own_name(upstream: Upstream) -> str:
    """Return where the one file of an upstream would lie in the folder of its series."""
    *_, folder, name = ["", *urlsplit(upstream.url).path.split("/")]
    path = name if name == SERIES else f"{upstream.season or folder}/{name}"
    if not _is_definition(path):
        raise TroubleError(f"{path!r} is no definition file, such as 2026-27/season.toml: name its season")
    return path


def _toml(body: bytes) -> str:
    if body.lstrip()[:1] == b"<":
        raise DoubtError("is a page in HTML, such as one to log in with")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise DoubtError(f"is not UTF-8 at byte {error.start:,}") from None

"""Asks upstreams, and reads what they answer: in threads, which write nothing.

`network.fetch` asks, `sandbox` reads the answer; whether it is taken is decided in `acceptance`.
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
from aslms_feeds.network.responses import Deferred, Fetched, RequestRules, Unchanged, Validators
from aslms_feeds.upstreams import sandbox
from aslms_feeds.upstreams.readers.values import Appointment, ForeignFeed
from aslms_feeds.upstreams.sandbox import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aslms_feeds.definitions.publisher import Publisher, Upstream
    from aslms_feeds.upstreams.cache import PollState, UpstreamCache

T = TypeVar("T")

SECONDS_EACH = 30.0
"""The time for one document."""
MIN_SECONDS = 1.0
"""An upstream for which less than this remains is asked by the next run."""
MAX_DOCUMENT, MAX_ARCHIVE = 2 << 20, 8 << 20
"""Octets of a document, and of an archive."""
_NO_VALIDATORS = Validators()


@dataclass(frozen=True)
class ForeignCalendar:
    """The events of a calendar."""

    appointments: tuple[Appointment, ...]


@dataclass(frozen=True)
class DefinitionFiles:
    """The definition files of a series, by path below its folder."""

    texts: Mapping[str, str]


Content = ForeignFeed | ForeignCalendar | DefinitionFiles


@dataclass(frozen=True)
class NewContent:
    """An answer with content that was read, and that may be taken."""

    content: Content
    validators: Mapping[str, Validators]


@dataclass(frozen=True)
class SameContent:
    """The answer that the content which is stored has not changed."""

    validators: Mapping[str, Validators]


@dataclass(frozen=True)
class RetryLater:
    """The answer that it does not want to be asked before some time."""

    until: datetime


class DoubtError(Exception):
    """Why an answer is not taken: it goes into quarantine."""


class TroubleError(Exception):
    """Why nothing came of asking, though nothing is wrong with the data."""


class LateError(Exception):
    """No time was left to ask."""


Answer = NewContent | SameContent | RetryLater | DoubtError | TroubleError | LateError


@dataclass(frozen=True)
class Requester:
    """Asks upstreams and reads their answers, until a deadline (`time.monotonic`); it writes nothing."""

    publisher: Publisher
    now: datetime
    deadline: float

    def request(self, upstream: Upstream, state: PollState, cache: UpstreamCache) -> Answer:
        """Return an upstream's answer; its errors are answers, too, so that other upstreams are asked all the same."""
        try:
            return self._request(upstream, state, cache)
        except (DoubtError, TroubleError, LateError) as error:
            return error
        except FetchError as error:
            reason = str(error).removeprefix(_format_address(upstream)).removeprefix(": ")
            # Without a status, the answer itself is what cannot be used: too large, damaged, cut short.
            is_broken = isinstance(error, AnswerError) and error.status is None
            return DoubtError(reason) if is_broken else TroubleError(reason)
        except OSError as error:
            return TroubleError(f"it cannot be read here: {error.strerror or error}")
        except Exception as error:
            logging.getLogger(__name__).exception("%s", upstream.id)
            return TroubleError(f"a fault of the program: {type(error).__name__}")

    def _request(self, upstream: Upstream, state: PollState, cache: UpstreamCache) -> Answer:
        if self._count_seconds_left() < MIN_SECONDS:
            raise LateError
        # Without data there is nothing of which an upstream may say that it has not changed.
        validators = state.validators if cache.has_data(upstream) else {}
        with Fetcher(self._make_rules(upstream)) as fetcher:
            if _is_folder(upstream):
                texts = cache.load_files(upstream.series) if validators else {}
                return self._request_folder(upstream, fetcher, validators, texts)
            match self._get(fetcher, upstream.url, validators.get("", _NO_VALIDATORS)):
                case Fetched() as response:
                    return NewContent(self._read(upstream, response), {"": response.validators})
                case Unchanged(new_validators):
                    return SameContent({"": new_validators})
                case Deferred(_, until):
                    return RetryLater(until)

    def _make_rules(self, upstream: Upstream) -> RequestRules:
        network = self.publisher.network
        return RequestRules(
            allow_http=network.allow_http,
            allow_loopback=network.allow_loopback,
            hosts=frozenset(upstream.hosts),
            limit=MAX_ARCHIVE if _is_archive(upstream) else MAX_DOCUMENT,
        )

    def _request_folder(
        self, upstream: Upstream, fetcher: Fetcher, validators: Mapping[str, Validators], old_texts: Mapping[str, str]
    ) -> Answer:
        """Ask for every file of a folder; for those that did not change, the stored ones are taken."""
        if not upstream.files:
            raise TroubleError("a folder cannot be listed: name its files with the key files")
        texts: dict[str, str] = {}
        new_validators: dict[str, Validators] = {}
        has_changed = False
        for name in upstream.files:
            if not _is_definition(name):
                raise TroubleError(f"{name!r} is no definition file, such as {SERIES} or 2026-27/season.toml")
            validator = validators.get(name, _NO_VALIDATORS) if name in old_texts else _NO_VALIDATORS
            match self._get(fetcher, upstream.url + quote(name), validator):
                case Fetched(body=body, validators=new_validator):
                    texts[name], new_validators[name], has_changed = _decode_toml(body), new_validator, True
                case Unchanged(new_validator):
                    texts[name], new_validators[name] = old_texts[name], new_validator
                case Deferred(_, until):
                    return RetryLater(until)
        if has_changed or texts.keys() != old_texts.keys():
            return NewContent(DefinitionFiles(texts), new_validators)
        return SameContent(new_validators)

    def _get(self, fetcher: Fetcher, url: str, validators: Validators) -> Fetched | Unchanged | Deferred:
        seconds = self._count_seconds_left()
        if seconds <= 0:
            raise TroubleError("takes longer than the time that there is for all upstreams")
        fetcher.rules = replace(fetcher.rules, seconds=min(SECONDS_EACH, seconds))
        return fetcher.get(url, now=self.now, validators=validators)

    def _count_seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    def _read(self, upstream: Upstream, response: Fetched) -> Content:
        """Return the content of a document; DoubtError where it is none of the upstream's kind."""
        kind, _, _ = response.media_type.partition("/")
        if kind not in {"", "text", "application"}:
            raise DoubtError(f"is {response.media_type}")
        body, seconds = response.body, min(sandbox.SECONDS, max(self._count_seconds_left(), MIN_SECONDS))
        if upstream.kind == "feed":
            return _require(sandbox.read_feed(body, upstream.url, response.charset, seconds=seconds))
        if upstream.kind == "ics":
            return ForeignCalendar(_require(sandbox.read_calendar(body, seconds=seconds)))
        if _is_archive(upstream):
            return DefinitionFiles(_require(sandbox.read_archive(body, upstream.series, seconds=seconds)))
        return DefinitionFiles({_find_local_path(upstream): _decode_toml(body)})


def _require(content: T | Refusal) -> T:
    """Return what was read; DoubtError with the reason where it was refused."""
    if isinstance(content, Refusal):
        raise DoubtError(content.reason)
    return content


def _format_address(upstream: Upstream) -> str:
    """Return how errors name an upstream's address, whose query may be a secret of its operator's."""
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


def _find_local_path(upstream: Upstream) -> str:
    """Return where the one file of an upstream would lie in the folder of its series."""
    *_, folder, name = ["", *urlsplit(upstream.url).path.split("/")]
    path = name if name == SERIES else f"{upstream.season or folder}/{name}"
    if not _is_definition(path):
        raise TroubleError(f"{path!r} is no definition file, such as 2026-27/season.toml: name its season")
    return path


def _decode_toml(body: bytes) -> str:
    if body.lstrip()[:1] == b"<":
        raise DoubtError("is a page in HTML, such as one to log in with")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise DoubtError(f"is not UTF-8 at byte {error.start:,}") from None

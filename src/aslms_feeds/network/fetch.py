"""The one way out: every request of the program to another machine goes through a `Fetcher`.

`responses` decides what an answer means and `guard` which addresses may be asked; here they are asked, with httpx, over
connections of `backend`: no inner address, whatever a name or a redirect says, and one deadline for everything.

Not `httpx.Client` but its transport is asked: no cookies, no netrc, no proxies of the environment, no redirects but
those that are vetted here, and no log line with the whole URL. Importing this module costs 200 ms: commands do it late.
"""

from __future__ import annotations

import time
from contextlib import closing
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, TypeVar, overload

import httpx
import stamina
import stamina.instrumentation

from aslms_feeds import __version__
from aslms_feeds.errors import AnswerError, FetchError, RefusedError, UnreachableError
from aslms_feeds.network.backend import GuardedBackend, install_backend, look_up
from aslms_feeds.network.failures import translate_failures
from aslms_feeds.network.guard import describe_inner_address
from aslms_feeds.network.responses import (
    Acceptance,
    AnswerHead,
    Deferred,
    Fetched,
    RequestRules,
    Unchanged,
    Validators,
    find_redirect,
    read_acceptance,
    read_document,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

T = TypeVar("T")

REDIRECTS = 3
ATTEMPTS = 3
LONGEST_WAIT = 2.0
"""Seconds between two attempts, at most; an attempt that would not begin before the deadline is not waited for."""

USER_AGENT = f"aslms-feeds/{__version__}"

_HIDDEN_URL = "https://…"
_NO_VALIDATORS = Validators()
_RETRYING = stamina.RetryingCaller(
    attempts=ATTEMPTS, timeout=None, wait_initial=0.25, wait_max=LONGEST_WAIT, wait_jitter=0.5
)
# A retry is no news; what fails in the end is told by its error. Without this, stamina writes lines to standard error.
stamina.instrumentation.set_on_retry_hooks([])


class Fetcher:
    """Asks other machines by ``rules``; a context manager that closes the connections it kept open.

    Every method takes ``now``, an aware datetime that only Retry-After is counted from, and raises FetchError: its
    subclass says whether our rules forbid the request, nobody answers, or the answer cannot be used.
    """

    def __init__(
        self,
        rules: RequestRules | None = None,
        *,
        resolve: Callable[[str, int], Sequence[str]] = look_up,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take the rules, what turns a name into addresses, and whose certificates are trusted (certifi's)."""
        self.rules = rules or RequestRules()
        self._transport = httpx.HTTPTransport(
            verify=tls or _load_trust(), trust_env=False, limits=httpx.Limits(max_keepalive_connections=4)
        )
        install_backend(self._transport, GuardedBackend(resolve, allow_loopback=self.rules.allow_loopback))

    def __enter__(self) -> Self:
        """Be usable inside the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        self._transport.close()

    # What was never known cannot be unchanged.
    @overload
    def get(self, url: str, *, now: datetime) -> Fetched | Deferred: ...

    @overload
    def get(self, url: str, *, now: datetime, validators: Validators) -> Fetched | Unchanged | Deferred: ...

    def get(
        self, url: str, *, now: datetime, validators: Validators = _NO_VALIDATORS
    ) -> Fetched | Unchanged | Deferred:
        """Ask for the document at ``url``, unless it is still the one that ``validators`` came from."""
        exchange = self._exchange("GET", url, headers=validators.headers())
        return exchange.run(
            lambda head, chunks: read_document(head, chunks, validators, limit=self.rules.limit, now=now),
        )

    def download(self, url: str, *, now: datetime) -> Fetched:
        """Return the document at ``url``; AnswerError also where the server asks to come back later."""
        match self.get(url, now=now):
            case Fetched() as fetched:
                return fetched
            case Deferred(status, retry_at):
                raise AnswerError(
                    f"answers {status} and asks to be left alone until {retry_at:%Y-%m-%d %H:%M %Z}",
                    url=_name_address(httpx.URL(url)),
                    status=status,
                )

    def ping(self, url: str, *, now: datetime) -> Acceptance | Deferred:
        """Ask for ``url`` only to have asked: any status of success will do, and the answer's body is not read."""
        return self._exchange("GET", url, secret=True).run(lambda head, _: read_acceptance(head, now=now))

    def post(self, url: str, body: bytes, *, media_type: str, now: datetime) -> Acceptance | Deferred:
        """Send ``body``; it is sent again only where no connection could be made, and never follows a redirect."""
        exchange = self._exchange("POST", url, headers={"Content-Type": media_type}, content=body, secret=True)
        return exchange.run(lambda head, _: read_acceptance(head, now=now))

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        content: bytes | None = None,
        secret: bool = False,
    ) -> _Exchange:
        return _Exchange(self.rules, self._transport, method, url, headers=headers, content=content, secret=secret)


class _Exchange:
    """One call of a `Fetcher`: its requests, redirects and retries, until its deadline.

    ``secret``: addresses to which things are sent carry their password in the path, so messages name the host alone.
    """

    def __init__(
        self,
        rules: RequestRules,
        transport: httpx.HTTPTransport,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        secret: bool,
    ) -> None:
        self._rules = rules
        self._transport = transport
        self._method = method
        self._content = content
        self._secret = secret
        self._headers = {
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "gzip, identity",
            **headers,
        }
        self._deadline = time.monotonic() + self._rules.seconds
        self._url = url

    def run(self, finish: Callable[[AnswerHead, Iterator[bytes]], T]) -> T:
        """Return what ``finish`` makes of the answer; what failed and may pass is tried again, while there is time."""
        with translate_failures(_HIDDEN_URL, self._rules):
            url = httpx.URL(self._url)
        self._vet(url)
        return _RETRYING(self._is_worth_another_try, self._try_once, url, finish)

    def _try_once(self, url: httpx.URL, finish: Callable[[AnswerHead, Iterator[bytes]], T]) -> T:
        first = url.host
        for _ in range(REDIRECTS + 1):
            with closing(self._send(url)) as response:
                head = AnswerHead(self._name_url(url), response.status_code, dict(response.headers.items()))
                location = find_redirect(head)
                if location is None:
                    return finish(head, self._read_chunks(response, head.url))
            if self._method != "GET":
                raise AnswerError(
                    f"redirects, which a {self._method} does not follow", url=head.url, status=head.status
                )
            url = self._follow(url, location, first)
        raise AnswerError(f"redirects more than {REDIRECTS} times", url=self._name_url(url))

    def _send(self, url: httpx.URL) -> httpx.Response:
        with translate_failures(self._name_url(url), self._rules, may_retry=self._method == "GET"):
            # Every timeout is the instant of the deadline, not a duration: `GuardedBackend` counts what is left of it.
            instants = dict.fromkeys(("connect", "read", "write"), self._deadline)
            request = httpx.Request(
                self._method, url, headers=self._headers, content=self._content, extensions={"timeout": instants}
            )
            return self._transport.handle_request(request)

    def _read_chunks(self, response: httpx.Response, name: str) -> Iterator[bytes]:
        with translate_failures(name, self._rules, has_begun=True):
            # Raw: httpx' own decoding would inflate a bomb before anybody could look.
            yield from response.iter_raw()

    def _follow(self, url: httpx.URL, location: str, first: str) -> httpx.URL:
        with translate_failures(self._name_url(url), self._rules, has_begun=True):
            onward = url.join(location)
        self._vet(onward)
        if onward.host not in {first, *self._rules.hosts}:
            raise RefusedError(
                f"redirects to another host: {self._name_url(onward)}",
                url=self._name_url(url),
                hint="ask there in the first place, or allow that host",
            )
        if (url.scheme, onward.scheme) == ("https", "http"):
            raise RefusedError(f"redirects from https to plain http: {self._name_url(onward)}", url=self._name_url(url))
        return onward

    def _vet(self, url: httpx.URL) -> None:
        name = self._name_url(url)
        plain = self._rules.allow_http or (self._rules.allow_loopback and _is_loopback(url.host))
        if not url.host or (url.scheme != "https" and not (plain and url.scheme == "http")):
            raise RefusedError("is not an https address", url=name, hint="plain http is asked only where it is allowed")
        if url.port is not None and not 0 < url.port < 1 << 16:
            raise RefusedError("names a port that there cannot be", url=name, hint="ports end at 65535")
        if url.userinfo:
            raise RefusedError("holds a user name or a password", url=name, hint="leave out what stands before the @")

    def _name_url(self, url: httpx.URL) -> str:
        return _name_address(url, secret=self._secret)

    def _is_worth_another_try(self, error: Exception) -> bool:
        return (
            isinstance(error, FetchError)
            and error.transient
            and (self._method == "GET" or isinstance(error, UnreachableError))
            and self._deadline - time.monotonic() > LONGEST_WAIT
        )


def _name_address(url: httpx.URL, *, secret: bool = False) -> str:
    """Return what messages call an address: printable, without query and credentials, without path if ``secret``."""
    path = "/…" if secret else url.raw_path.partition(b"?")[0].decode("ascii")
    return f"{url.scheme}://{url.netloc.decode('ascii')}{path}"[:200]


def _is_loopback(host: str) -> bool:
    is_public = describe_inner_address(host) is None
    return host == "localhost" or (not is_public and describe_inner_address(host, allow_loopback=True) is None)


@cache
def _load_trust() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)

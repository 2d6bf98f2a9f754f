"""The one way out: every request of the program to another machine goes through a `Fetcher`.

`upstream` decides what may be asked and what an answer means; here it is asked, with httpx, under two guarantees that
httpx does not give. Both live below it, in the network backend, where nothing can go around them:

- *No inner address.* A name is looked up once, each of its addresses is vetted, and the connection is made to a vetted
  address. Redirects, names that change their answer and odd spellings (``127.1``, ``2130706433``) all end there.
- *One deadline.* Every connect, read and write gets what is left of it, so a byte now and then does not buy more time.

Not `httpx.Client` but its transport is asked: no cookies, no netrc, no proxies of the environment, no redirects but
those that are vetted here, and no log line with the whole URL. Importing this module costs 200 ms: commands do it late.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast, overload

import httpcore
import httpx
import stamina
import stamina.instrumentation

from aslms_feeds import __version__
from aslms_feeds.errors import AnswerError, FetchError, RefusedError, UnreachableError
from aslms_feeds.network.responses import (
    Accepted,
    Deferred,
    Fetched,
    Head,
    Rules,
    Unchanged,
    Validators,
    acceptance,
    document,
    inside,
    redirect,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

T = TypeVar("T")

REDIRECTS = 3
ATTEMPTS = 3
LONGEST_WAIT = 2.0
"""Seconds between two attempts, at most; an attempt that would not begin before the deadline is not waited for."""

USER_AGENT = f"aslms-feeds/{__version__}"

_HIDDEN = "https://…"
_NOTHING = Validators()
_IMPATIENT = stamina.RetryingCaller(
    attempts=ATTEMPTS, timeout=None, wait_initial=0.25, wait_max=LONGEST_WAIT, wait_jitter=0.5
)
# A retry is no news; what fails in the end is told by its error. Without this, stamina writes lines to standard error.
stamina.instrumentation.set_on_retry_hooks([])


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of ``host``, in the order the system prefers; OSError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


class Fetcher:
    """Asks other machines by ``rules``; a context manager that closes the connections it kept open.

    Every method takes ``now``, an aware datetime that only Retry-After is counted from, and raises FetchError: its
    subclass says whether our rules forbid the request, nobody answers, or the answer cannot be used.
    """

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        resolve: Callable[[str, int], Sequence[str]] = look_up,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take the rules, what turns a name into addresses, and whose certificates are trusted (certifi's)."""
        self.rules = rules or Rules()
        self._transport = httpx.HTTPTransport(
            verify=tls or _trusted(), trust_env=False, limits=httpx.Limits(max_keepalive_connections=4)
        )
        _guard(self._transport, _Backend(resolve, allow_loopback=self.rules.allow_loopback))

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

    def get(self, url: str, *, now: datetime, validators: Validators = _NOTHING) -> Fetched | Unchanged | Deferred:
        """Ask for the document at ``url``, unless it is still the one that ``validators`` came from."""
        exchange = self._exchange("GET", url, headers=validators.headers())
        return exchange.run(
            lambda head, chunks: document(head, chunks, validators, limit=self.rules.limit, now=now),
        )

    def download(self, url: str, *, now: datetime) -> Fetched:
        """Return the document at ``url``; AnswerError also where the server asks to come back later."""
        match self.get(url, now=now):
            case Fetched() as fetched:
                return fetched
            case Deferred(status, retry_at):
                raise AnswerError(
                    f"answers {status} and asks to be left alone until {retry_at:%Y-%m-%d %H:%M %Z}",
                    url=_name(httpx.URL(url)),
                    status=status,
                )

    def ping(self, url: str, *, now: datetime) -> Accepted | Deferred:
        """Ask for ``url`` only to have asked: any status of success will do, and the answer's body is not read."""
        return self._exchange("GET", url, secret=True).run(lambda head, _: acceptance(head, now=now))

    def post(self, url: str, body: bytes, *, media_type: str, now: datetime) -> Accepted | Deferred:
        """Send ``body``; it is sent again only where no connection could be made, and never follows a redirect."""
        exchange = self._exchange("POST", url, headers={"Content-Type": media_type}, content=body, secret=True)
        return exchange.run(lambda head, _: acceptance(head, now=now))

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
        rules: Rules,
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

    def run(self, finish: Callable[[Head, Iterator[bytes]], T]) -> T:
        """Return what ``finish`` makes of the answer; what failed and may pass is tried again, while there is time."""
        with _door(_HIDDEN, self._rules):
            url = httpx.URL(self._url)
        self._vet(url)
        return _IMPATIENT(self._worth_another_try, self._once, url, finish)

    def _once(self, url: httpx.URL, finish: Callable[[Head, Iterator[bytes]], T]) -> T:
        first = url.host
        for _ in range(REDIRECTS + 1):
            with closing(self._send(url)) as response:
                head = Head(self._name(url), response.status_code, dict(response.headers.items()))
                location = redirect(head)
                if location is None:
                    return finish(head, self._chunks(response, head.url))
            if self._method != "GET":
                raise AnswerError(
                    f"redirects, which a {self._method} does not follow", url=head.url, status=head.status
                )
            url = self._onward(url, location, first)
        raise AnswerError(f"redirects more than {REDIRECTS} times", url=self._name(url))

    def _send(self, url: httpx.URL) -> httpx.Response:
        with _door(self._name(url), self._rules, again=self._method == "GET"):
            # Every timeout is the instant of the deadline, not a duration: `_Backend` counts what is left of it.
            instants = dict.fromkeys(("connect", "read", "write"), self._deadline)
            request = httpx.Request(
                self._method, url, headers=self._headers, content=self._content, extensions={"timeout": instants}
            )
            return self._transport.handle_request(request)

    def _chunks(self, response: httpx.Response, name: str) -> Iterator[bytes]:
        with _door(name, self._rules, begun=True):
            # Raw: httpx' own decoding would inflate a bomb before anybody could look.
            yield from response.iter_raw()

    def _onward(self, url: httpx.URL, location: str, first: str) -> httpx.URL:
        with _door(self._name(url), self._rules, begun=True):
            onward = url.join(location)
        self._vet(onward)
        if onward.host not in {first, *self._rules.hosts}:
            raise RefusedError(
                f"redirects to another host: {self._name(onward)}",
                url=self._name(url),
                hint="ask there in the first place, or allow that host",
            )
        if (url.scheme, onward.scheme) == ("https", "http"):
            raise RefusedError(f"redirects from https to plain http: {self._name(onward)}", url=self._name(url))
        return onward

    def _vet(self, url: httpx.URL) -> None:
        name = self._name(url)
        plain = self._rules.allow_http or (self._rules.allow_loopback and _is_loopback(url.host))
        if not url.host or (url.scheme != "https" and not (plain and url.scheme == "http")):
            raise RefusedError("is not an https address", url=name, hint="plain http is asked only where it is allowed")
        if url.port is not None and not 0 < url.port < 1 << 16:
            raise RefusedError("names a port that there cannot be", url=name, hint="ports end at 65535")
        if url.userinfo:
            raise RefusedError("holds a user name or a password", url=name, hint="leave out what stands before the @")

    def _name(self, url: httpx.URL) -> str:
        return _name(url, secret=self._secret)

    def _worth_another_try(self, error: Exception) -> bool:
        return (
            isinstance(error, FetchError)
            and error.transient
            and (self._method == "GET" or isinstance(error, UnreachableError))
            and self._deadline - time.monotonic() > LONGEST_WAIT
        )


def _name(url: httpx.URL, *, secret: bool = False) -> str:
    """Return what messages call an address: printable, without query and credentials, without path if ``secret``."""
    path = "/…" if secret else url.raw_path.partition(b"?")[0].decode("ascii")
    return f"{url.scheme}://{url.netloc.decode('ascii')}{path}"[:200]


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (inside(host) is not None and inside(host, allow_loopback=True) is None)


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


# Errors


class _StopError(Exception):
    """What the backend has to say, before `_door` adds whom it is about."""

    def __init__(self, kind: type[RefusedError | UnreachableError], message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.hint = hint


@contextmanager
def _door(url: str, rules: Rules, *, begun: bool = False, again: bool = False) -> Iterator[None]:
    """Turn whatever httpx raises into one of our errors; ``begun``: an answer had come, ``again``: it may be retried.

    What the library says is not repeated, where it could quote an address or what the other side sent.
    """
    try:
        yield
    except _StopError as exc:
        raise exc.kind(str(exc), url=url, hint=exc.hint) from exc
    except httpx.TimeoutException as exc:
        raise UnreachableError(f"no whole answer within {rules.seconds:g} seconds", url=url) from exc
    except httpx.ConnectError as exc:
        raise UnreachableError(f"cannot be reached: {exc}", url=url, transient=True) from exc
    except (httpx.NetworkError, httpx.ProxyError) as exc:
        if begun:
            raise AnswerError("breaks off in the middle of its answer", url=url) from exc
        raise UnreachableError("hangs up without an answer", url=url, transient=again) from exc
    except (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol, ValueError) as exc:
        if begun:
            raise AnswerError("redirects to what is no address", url=url) from exc
        raise RefusedError("is no address that can be asked", url=url, hint="https://host/path") from exc
    except (httpx.HTTPError, httpx.StreamError, httpx.CookieConflict) as exc:
        what = "is cut short or not HTTP" if begun else "is not HTTP"
        raise AnswerError(f"sends an answer that {what} (RFC 9112)", url=url) from exc


# The network


def _guard(transport: httpx.HTTPTransport, backend: _Backend) -> None:
    # httpx has no parameter for what httpcore has. Should these names change, the read fails before anything is asked.
    pool = transport._pool  # noqa: SLF001 - httpx has no name for it
    if not isinstance(pool._network_backend, httpcore.NetworkBackend):  # noqa: SLF001 - httpcore has no name for it
        raise TypeError("httpcore keeps its network backend elsewhere")
    pool._network_backend = backend  # noqa: SLF001 - httpcore cannot set it later


def _left(deadline: float | None) -> float:
    """Return the seconds that are left; TimeoutError where there are none."""
    if deadline is None:
        raise TypeError("a request without a deadline")
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline is over")
    return left


def _in_time(deadline: float | None, function: Callable[[str, int], T], host: str, port: int) -> T:
    """Return what ``function`` returns, or leave it behind: a look-up takes no timeout and cannot be stopped."""
    answer: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answer.put((function(host, port), None))
        except Exception as exc:  # noqa: BLE001 - raised again below, where it is waited for
            answer.put((None, exc))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, failure = answer.get(timeout=_left(deadline))
    except queue.Empty:
        raise TimeoutError("the look-up takes too long") from None
    if failure is not None:
        raise failure
    return cast("T", result)


@contextmanager
def _translated(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Say it in httpcore's words, which httpx knows how to say in its own."""
    try:
        yield
    except TimeoutError as exc:
        raise late(str(exc)) from exc
    except ssl.SSLCertVerificationError as exc:
        raise _StopError(UnreachableError, f"shows a certificate that is not trusted ({exc.verify_message})") from exc
    except OSError as exc:
        raise broken(str(exc)) from exc


class _Backend(httpcore.NetworkBackend):
    """Connects to vetted addresses alone. Every ``timeout`` here is the instant (`time.monotonic`) of the deadline."""

    def __init__(self, resolve: Callable[[str, int], Sequence[str]], *, allow_loopback: bool) -> None:
        self._resolve = resolve
        self._allow_loopback = allow_loopback

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the interface
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - the interface
    ) -> httpcore.NetworkStream:
        """Look up, vet and connect, sharing the time that is left among the addresses."""
        with _translated(httpcore.ConnectTimeout, httpcore.ConnectError):
            addresses = self._vetted(host, port, timeout)
            failure = OSError("its name has no address")
            for position, address in enumerate(addresses):
                try:
                    connection = socket.create_connection((address, port), _left(timeout) / (len(addresses) - position))
                except OSError as exc:
                    failure = exc
                else:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return _Stream(connection)
            raise failure

    def _vetted(self, host: str, port: int, deadline: float | None) -> Sequence[str]:
        try:
            addresses = _in_time(deadline, self._resolve, host, port)
        except (socket.gaierror, UnicodeError) as exc:  # UnicodeError: labels that no name can have
            raise OSError("its name is not known") from exc
        for address in addresses:
            # One inner address among public ones is not skipped: it is what an attack on the look-up looks like.
            if what := inside(address, allow_loopback=self._allow_loopback):
                raise _StopError(RefusedError, f"leads to {address}, {what}", "only public addresses are asked")
        return addresses


class _Stream(httpcore.NetworkStream):
    """A socket whose every operation gets what is left until the deadline."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._answered = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _translated(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(_left(timeout))
            data = self._socket.recv(max_bytes)
        if not data and not self._answered:
            raise httpcore.ReadError("closed without an answer")
        self._answered = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._answered = False
        view = memoryview(buffer)
        with _translated(httpcore.WriteTimeout, httpcore.WriteError):
            while view:
                self._socket.settimeout(_left(timeout))
                view = view[self._socket.send(view) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            with _translated(httpcore.ConnectTimeout, httpcore.ConnectError):
                self._socket.settimeout(_left(timeout))
                # RFC 9112, section 9.8: a body that ends with the connection is whole only after a closure alert.
                secured = ssl_context.wrap_socket(
                    self._socket, server_hostname=server_hostname, suppress_ragged_eofs=False
                )
        except BaseException:
            self.close()
            raise
        return _Stream(secured)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the interface
        match info:
            case "ssl_object" if isinstance(self._socket, ssl.SSLSocket):
                return self._socket
            case "is_readable":  # a connection that was kept and has something to say has been closed
                return _is_readable(self._socket)
            case _:
                return None


def _is_readable(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))

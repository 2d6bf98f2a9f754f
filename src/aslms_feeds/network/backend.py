"""Connections under two guarantees that httpx does not give: no inner address, and one deadline for everything.

Both live in the network backend below httpx, where nothing can go around them. A name is looked up once, each of its
addresses is vetted, and the connection is made to a vetted address; every connect, read and write gets what is left of
the time.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpcore

from aslms_feeds.errors import RefusedError, UnreachableError
from aslms_feeds.network.failures import StoppedError
from aslms_feeds.network.guard import describe_inner_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import httpx

T = TypeVar("T")


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of ``host``, in the order the system prefers; OSError where it has none."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in entries))


def install_backend(transport: httpx.HTTPTransport, backend: GuardedBackend) -> None:
    """Have a transport of httpx make all its connections through ``backend``."""
    # httpx has no parameter for what httpcore has. Should these names change, the read fails before anything is asked.
    pool = transport._pool  # noqa: SLF001 - httpx has no name for it
    if not isinstance(pool._network_backend, httpcore.NetworkBackend):  # noqa: SLF001 - httpcore has no name for it
        raise TypeError("httpcore keeps its network backend elsewhere")
    pool._network_backend = backend  # noqa: SLF001 - httpcore cannot set it later


def _seconds_left(deadline: float | None) -> float:
    """Return the seconds that are left; TimeoutError where there are none."""
    if deadline is None:
        raise TypeError("a request without a deadline")
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline is over")
    return left


def _call_in_time(deadline: float | None, function: Callable[[str, int], T], host: str, port: int) -> T:
    """Return what ``function`` returns, or leave it behind: a look-up takes no timeout and cannot be stopped."""
    answer: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answer.put((function(host, port), None))
        except Exception as error:  # noqa: BLE001 - raised again below, where it is waited for
            answer.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, failure = answer.get(timeout=_seconds_left(deadline))
    except queue.Empty:
        raise TimeoutError("the look-up takes too long") from None
    if failure is not None:
        raise failure
    return cast("T", result)


@contextmanager
def _translate_socket_errors(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Say it in httpcore's words, which httpx knows how to say in its own."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise StoppedError(
            UnreachableError, f"shows a certificate that is not trusted ({error.verify_message})"
        ) from error
    except OSError as error:
        raise broken(str(error)) from error


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to vetted addresses alone. Every ``timeout`` here is the instant (`time.monotonic`) of the deadline."""

    def __init__(self, resolve: Callable[[str, int], Sequence[str]], *, allow_loopback: bool) -> None:
        """Take what turns a name into addresses, and whether those of this machine may be asked."""
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
        with _translate_socket_errors(httpcore.ConnectTimeout, httpcore.ConnectError):
            addresses = self._look_up_vetted(host, port, timeout)
            failure = OSError("its name has no address")
            for position, address in enumerate(addresses):
                try:
                    connection = socket.create_connection(
                        (address, port), _seconds_left(timeout) / (len(addresses) - position)
                    )
                except OSError as error:
                    failure = error
                else:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return _DeadlineStream(connection)
            raise failure

    def _look_up_vetted(self, host: str, port: int, deadline: float | None) -> Sequence[str]:
        try:
            addresses = _call_in_time(deadline, self._resolve, host, port)
        except (socket.gaierror, UnicodeError) as error:  # UnicodeError: labels that no name can have
            raise OSError("its name is not known") from error
        for address in addresses:
            # One inner address among public ones is not skipped: it is what an attack on the look-up looks like.
            if what := describe_inner_address(address, allow_loopback=self._allow_loopback):
                raise StoppedError(RefusedError, f"leads to {address}, {what}", "only public addresses are asked")
        return addresses


class _DeadlineStream(httpcore.NetworkStream):
    """A socket whose every operation gets what is left until the deadline."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._answered = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _translate_socket_errors(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(_seconds_left(timeout))
            data = self._socket.recv(max_bytes)
        if not data and not self._answered:
            raise httpcore.ReadError("closed without an answer")
        self._answered = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._answered = False
        view = memoryview(buffer)
        with _translate_socket_errors(httpcore.WriteTimeout, httpcore.WriteError):
            while view:
                self._socket.settimeout(_seconds_left(timeout))
                view = view[self._socket.send(view) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            with _translate_socket_errors(httpcore.ConnectTimeout, httpcore.ConnectError):
                self._socket.settimeout(_seconds_left(timeout))
                # RFC 9112, section 9.8: a body that ends with the connection is whole only after a closure alert.
                secured = ssl_context.wrap_socket(
                    self._socket, server_hostname=server_hostname, suppress_ragged_eofs=False
                )
        except BaseException:
            self.close()
            raise
        return _DeadlineStream(secured)

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

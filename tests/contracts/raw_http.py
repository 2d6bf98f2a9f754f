"""A client that sends exactly the bytes it is given, and reads answers without forgiving anything."""

from __future__ import annotations

import gzip
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import brotli

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Response:
    """One answer as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """Return the value of a header that comes once, None where it does not come."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


class Connection:
    """One TCP connection to a server."""

    def __init__(self, host: str, port: int) -> None:
        """Connect."""
        self._socket = socket.create_connection((host, port), timeout=5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self) -> Self:
        """Be open inside the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send ``data`` as it is."""
        self._socket.sendall(data)

    def finish(self) -> None:
        """Send nothing any more."""
        self._socket.shutdown(socket.SHUT_WR)

    def receive(self, method: str = "GET") -> Response:
        """Read one answer to a request of that method."""
        while b"\r\n\r\n" not in self._read:
            if not self._more():
                raise ConnectionResetError(f"the connection ended inside a head: {self._read!r}")
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
        answer = Response(int(first.split(" ")[1]), headers, b"")
        bare = method == "HEAD" or answer.status in {204, 304}
        return Response(answer.status, headers, b"" if bare else self._body(answer))

    def ended(self) -> bool:
        """Whether the server has closed, and sent nothing that was not read."""
        return not self._read and not self._more()

    def _body(self, answer: Response) -> bytes:
        if answer.get("transfer-encoding") == "chunked":
            return b"".join(self._chunks())
        size = answer.get("content-length")
        if size is None:  # RFC 9112 section 6.3: the content ends with the connection
            assert (answer.get("connection") or "").lower() == "close", f"no length: {answer.headers}"
            while self._more():
                pass
            return self._exactly(len(self._read))
        return self._exactly(int(size))

    def _chunks(self) -> Iterator[bytes]:
        """Yield the chunks of a content that states no length (RFC 9112 section 7.1), without trailers."""
        while size := int(self._line(), 16):
            yield self._exactly(size)
            assert self._line() == b""
        assert self._line() == b""

    def _line(self) -> bytes:
        while b"\r\n" not in self._read:
            assert self._more(), f"the connection ended inside a line: {self._read!r}"
        line, _, self._read = self._read.partition(b"\r\n")
        return line

    def _exactly(self, size: int) -> bytes:
        parts, have = [self._read], len(self._read)
        while have < size:
            data = self._socket.recv(1 << 20)
            assert data, f"the connection ended after {have} of {size} bytes"
            parts.append(data)
            have += len(data)
        whole = b"".join(parts)
        self._read = whole[size:]
        return whole[:size]

    def _more(self) -> bool:
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        self._read += data
        return bool(data)


def head(target: str, *headers: str, method: str = "GET", version: str = "1.1", host: str = "Host: localhost") -> bytes:
    """Return the bytes of a request without a body."""
    lines = [f"{method} {target} HTTP/{version}", *([host] if host else []), *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def ask(address: tuple[str, int], target: str, *headers: str, method: str = "GET") -> Response:
    """Ask once, on a connection of its own that the server closes after the answer."""
    with Connection(*address) as connection:
        connection.send(head(target, "Connection: close", *headers, method=method))
        answer = connection.receive(method)
        assert connection.ended(), "there was more than one answer"
        return answer


def decoded(answer: Response) -> bytes:
    """Return the document an answer carries."""
    match answer.get("content-encoding"):
        case "gzip":
            return gzip.decompress(answer.body)
        case "br":
            return brotli.decompress(answer.body)
        case other:
            assert other is None
            return answer.body

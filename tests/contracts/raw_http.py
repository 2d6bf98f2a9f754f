"""A client that sends exactly the bytes it is given, and reads answers without forgiving anything."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Self


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
        assert answer.get("transfer-encoding") is None, "every answer states its length"
        size = int(answer.get("content-length") or "-1")
        assert size >= 0, f"no length: {answer.headers}"
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

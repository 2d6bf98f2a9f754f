"""An upstream that keeps no rule: it sends exactly the bytes, pauses and ends that a test asks for.

Every bad habit comes to an end by itself after some seconds, with a good answer where it can: a client that does not
defend itself gets that answer, and its test fails instead of hanging.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl

SIZE = 1 << 16


@dataclass
class Talk:
    """One connection, and the request that was read from it last."""

    server: Hostile
    socket: socket.socket
    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep: bool = False
    """Whether the connection goes on after this answer."""

    def send(self, data: bytes) -> None:
        """Send ``data`` as it is; OSError where the client has left."""
        self.socket.sendall(data)
        self.server.sent += len(data)

    def pause(self, seconds: float) -> None:
        """Say nothing for a while, or until the server stops."""
        self.server.stopped.wait(seconds)


Habit = Callable[[Talk], None]


class Hostile:
    """A server on 127.0.0.1 that answers each target by its habit; ``deaf``: what it does before it reads anything."""

    def __init__(
        self, habits: dict[str, Habit], *, tls: ssl.SSLContext | None = None, deaf: Habit | None = None
    ) -> None:
        """Listen, on a port of the system's choice."""
        self.habits = habits
        self.asked: list[Talk] = []
        self.connections = 0
        self.sent = 0
        self.stopped = threading.Event()
        self.hung_up = threading.Event()
        """Set when a connection was closed, by whichever side."""
        self._tls = tls
        self._deaf = deaf
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        """Serve inside the block."""
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, hang up on everybody, and wait for every thread."""
        self.stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def url(self, target: str, *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return an address of this server."""
        return f"{scheme}://{host}:{self.port}{target}"

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._talk, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        # OSError: the client has left, which is what most tests want of it.
        with suppress(OSError), connection:
            self._serve(connection)
        self.hung_up.set()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        if self._deaf:
            self._deaf(Talk(self, connection))
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
        with connection:
            unread = b""
            while (talk := self._read(connection, unread)) is not None:
                self.asked.append(talk)
                self.habits[talk.target.partition("?")[0]](talk)
                if not talk.keep:
                    return

    def _read(self, connection: socket.socket, unread: bytes) -> Talk | None:
        while b"\r\n\r\n" not in unread:
            data = connection.recv(SIZE)
            if not data:
                return None
            unread += data
        head, _, body = unread.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            data = connection.recv(SIZE)
            if not data:  # the client has died while it spoke
                return None
            body += data
        return Talk(self, connection, method, target, headers, body)


def raw(*parts: bytes) -> Habit:
    """Send these bytes, then hang up."""

    def habit(talk: Talk) -> None:
        for part in parts:
            talk.send(part)

    return habit


def head(status: int = 200, *headers: str) -> bytes:
    """Return the head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status} Said", *headers, "", ""]).encode("latin-1")


def answer(body: bytes = b"", *headers: str, status: int = 200) -> Habit:
    """Answer as one should, and keep the connection."""

    def habit(talk: Talk) -> None:
        length = [] if status in {204, 304} else [f"Content-Length: {len(body)}"]
        talk.send(head(status, *headers, *length) + body)
        talk.keep = True

    return habit


def drip(start: bytes, slow: bytes, *, pause: float = 0.05) -> Habit:
    """Send ``start`` at once and ``slow`` byte by byte, with a pause after each."""

    def habit(talk: Talk) -> None:
        talk.send(start)
        for position in range(len(slow)):
            talk.pause(pause)
            talk.send(slow[position : position + 1])

    return habit


def silent(talk: Talk) -> None:
    """Say nothing for ten seconds, then answer after all."""
    talk.pause(10)
    answer(b"at last")(talk)


def endless(start: bytes, part: bytes, *, end: bytes = b"", most: int = 256 << 20) -> Habit:
    """Send ``part`` again and again until the client leaves, or ``most`` bytes have gone; then ``end``."""

    def habit(talk: Talk) -> None:
        talk.send(start)
        for _ in range(most // len(part)):
            talk.send(part)
        talk.send(end)

    return habit


def in_turn(*habits: Habit) -> Habit:
    """Behave like the first one to the first request, and so on; like the last one for ever."""
    left = list(habits)

    def habit(talk: Talk) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(talk)

    return habit

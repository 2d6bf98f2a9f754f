"""Every error this package raises on purpose, as one tree.

AslmsFeedsError
├── DefinitionError      the files of ``calendars/`` are wrong: every problem, each with its place
├── IdentityError        publishing this would make something that is public vanish
├── RenderError          a document does not say what the model says
├── PublicationError     what is published, or was, cannot be trusted
│   └── Busy             another builder holds the publication
│       └── Superseded   the definitions changed while a build waited for its second
├── FetchError           a request to another machine came to nothing
│   ├── RefusedError     our own rules forbid it; nothing was sent
│   ├── UnreachableError no answer, or not in time
│   └── AnswerError      an answer that cannot be used
└── UsageError           a command was asked for what it cannot do

An error carries facts: what happened, where, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Problem(NamedTuple):
    """One thing that is wrong, or doubtful, at one place in one file.

    ``line`` and ``column`` count from 1, columns in characters; 0 means the file as a whole.
    """

    file: str
    line: int
    column: int
    where: str
    """The key, written with ids instead of positions: ``event.sepang.session.race-1.start``."""
    message: str

    def __str__(self) -> str:
        """``file:line:column: where: message``, as compilers write it."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.where}: {self.message}" if self.where else f"{place}: {self.message}"


class AslmsFeedsError(Exception):
    """What every error of this package is."""

    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Say what happened; ``hint`` says what to do about it."""
        super().__init__(message)
        self.hint = hint


class DefinitionError(AslmsFeedsError):
    """The definitions are wrong; ``problems`` holds every one of them, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems sorted by file, line and column."""
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the definitions")


class IdentityError(AslmsFeedsError):
    """Something public would vanish, be renamed or be used again; ``problems`` says what and where."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems sorted by file, line and column."""
        self.problems = tuple(sorted(set(problems)))
        super().__init__("what is published would vanish")


class RenderError(AslmsFeedsError):
    """A document, read back, does not say what the model says; it is never published."""


class PublicationError(AslmsFeedsError):
    """A publication cannot be read, or cannot be trusted."""


class Busy(PublicationError):  # noqa: N818 - a state the caller waits out, not a fault
    """Another builder holds the lock of the publication."""


class FetchError(AslmsFeedsError):
    """A request to another machine came to nothing; ``url`` is its address without query and credentials.

    ``transient`` says that the same request may well succeed in a moment.
    """

    def __init__(self, message: str, *, url: str, hint: str = "", transient: bool = False) -> None:
        """Say what happened to the request for ``url``, which must hold nothing secret."""
        super().__init__(f"{url}: {message}", hint=hint)
        self.url = url
        self.transient = transient


class RefusedError(FetchError):
    """The address, or one it led to, is none that our own rules let us ask."""


class UnreachableError(FetchError):
    """No name, no connection, no trusted certificate, no answer, or not in time."""


class AnswerError(FetchError):
    """An answer came that cannot be used: its status (None where that was not understood), form, size or end."""

    def __init__(
        self, message: str, *, url: str, hint: str = "", transient: bool = False, status: int | None = None
    ) -> None:
        """Say what is wrong with the answer of ``url``, which must hold nothing secret."""
        super().__init__(message, url=url, hint=hint, transient=transient)
        self.status = status


class Superseded(Busy):
    """The definitions changed while a build waited for its second; another one makes what they say now."""


class UsageError(AslmsFeedsError):
    """A command was asked for something it cannot do."""

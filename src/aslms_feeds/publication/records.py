"""Values kept as JSON, with the number of their format in front; reading one survives whatever became of the file.

Most records are a help: one that is damaged, or that another version wrote, counts as none (`read_record_or`). Where a
series must not go on without one, it is an error that says so (`require_record`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from aslms_feeds.errors import PublicationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Value = TypeVar("_Value")
_Default = TypeVar("_Default")

_FAULTS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading JSON raises, or looking into it when it is not what was written."""


class RecordError(ValueError):
    """A record cannot be read; the message says why."""


class OtherFormatError(RecordError):
    """Another version has written a record: ``number`` is its format's."""

    def __init__(self, number: object, expected: int) -> None:
        """Say which format it has, and which one is expected."""
        super().__init__(f"it has format {number}, this program reads {expected}")
        self.number = number


def encode_json(data: object, *, compact: bool = False) -> bytes:
    """Return JSON as files of ours hold it, the same bytes for the same data: a line for each value, or as a whole."""
    if compact:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


def write_record(number: int, fields: Mapping[str, object], *, compact: bool = False) -> bytes:
    """Return a record whose format has the number ``number``."""
    return encode_json({"format": number, **fields}, compact=compact)


def read_record(text: bytes | str, number: int | None, build: Callable[[Any], _Value]) -> _Value:
    """Return what ``build`` makes of a record; raises :class:`RecordError`.

    ``number`` is the one of its format; None for what has no number and never had another format.
    """
    try:
        data = json.loads(text)
        if number is None or data["format"] == number:
            return build(data)
    except _FAULTS as error:
        reason = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        raise RecordError(reason) from error
    raise OtherFormatError(data["format"], number)


def read_record_or(
    default: _Default, text: bytes | str, number: int | None, build: Callable[[Any], _Value]
) -> _Value | _Default:
    """Return what ``build`` makes of a record; ``default`` where it is damaged or another version wrote it."""
    try:
        return read_record(text, number, build)
    except RecordError:
        return default


def require_record(
    text: bytes | str, number: int | None, build: Callable[[Any], _Value], *, name: str, hint: str
) -> _Value:
    """Return what ``build`` makes of a record that nothing can go on without.

    Raises :class:`aslms_feeds.errors.PublicationError`, which calls the record ``name`` and says ``hint`` where it is
    damaged.
    """
    try:
        return read_record(text, number, build)
    except OtherFormatError as error:
        message = f"{name} has format {error.number}, this program reads {number}"
        raise PublicationError(message, hint="use the version that wrote it, or newer") from error
    except RecordError as error:
        message = f"{name} cannot be read: {error}"
        raise PublicationError(message, hint=hint) from error

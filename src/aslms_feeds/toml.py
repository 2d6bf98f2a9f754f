"""One TOML file: bytes in, a plain table out, or every reason why it is none. Hostile files cost little."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aslms_feeds.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aslms_feeds.positions import Location

MAX_BYTES = 256 * 1024
"""The largest definition file; tomllib takes seconds for some larger ones."""
MAX_DEPTH = 16
"""The deepest nesting of brackets; tomllib recurses."""
MAX_KEY_PARTS = 16
"""The longest dotted key; tomllib takes quadratic time for it."""

_TOKENS = re.compile(
    r"\"\"\"(?:[^\\\"]|\\.|\"(?!\"\"))*\"{3,5}|'''(?:[^']|'(?!''))*'{3,5}"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|\#[^\n]*|[\[\]{}\n]",
    re.DOTALL,
)
_DOTTED = re.compile(rf"(?:[A-Za-z0-9_-]+[ \t]*\.[ \t]*){{{MAX_KEY_PARTS},}}")
_NO_SECONDS = re.compile(
    r"^(?P<before>[ \t]*[A-Za-z0-9_-]+[ \t]*=[ \t]*)(?P<time>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d)(?P<after>[ \t]*(?:\#.*)?)$",
    re.MULTILINE,
)
_SYNTAX = re.compile(r"^(?P<reason>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)$", re.DOTALL)
_ALLOWED_CONTROLS = "\n\t"
_LINE_BREAKS = "\u0085\u2028\u2029"


@dataclass(frozen=True)
class Parsed:
    """A file's table, its text and the problems found so far; ``data`` is None when it is no TOML."""

    text: str
    data: dict[str, Any] | None
    problems: tuple[Problem, ...]


def parse(file: str, data: bytes) -> Parsed:
    """Return the table of a TOML file with lists as tuples; problems name ``file``."""

    def failed(message: str, line: int = 0, column: int = 0, text: str = "") -> Parsed:
        return Parsed(text, None, (Problem(file, line, column, "", message),))

    if len(data) > MAX_BYTES:
        return failed(f"the file has {len(data):,} bytes; {MAX_BYTES:,} are allowed: split it, or look what is in it")
    if data.startswith(b"\xef\xbb\xbf"):
        return failed("the file begins with a byte order mark; save it as UTF-8 without one", 1, 1)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line, column = _line_column(data[: error.start].decode(errors="replace"))
        return failed(f"byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8", line, column)
    text = text.replace("\r\n", "\n")
    if place := _too_deep(text):
        return failed(f"nested deeper than {MAX_DEPTH} levels, which no definition needs", *place)
    if dotted := _DOTTED.search(text):
        message = f"a dotted key of more than {MAX_KEY_PARTS} parts, which no definition needs"
        return failed(message, *_line_column(text[: dotted.start()]))
    problems = tuple(_without_seconds(file, text))
    whole = _NO_SECONDS.sub(r"\g<before>\g<time>:00\g<after>", text)
    try:
        table = tomllib.loads(whole)
    except tomllib.TOMLDecodeError as error:
        return Parsed(text, None, (*problems, _syntax(file, str(error), text)))
    except (ValueError, RecursionError) as error:
        return Parsed(text, None, (*problems, Problem(file, 0, 0, "", f"cannot be read: {error}")))
    return Parsed(whole, _tuples(table), problems)


def text_problems(value: object, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Yield every place whose text holds what no calendar or feed may carry."""
    match value:
        case str():
            if bad := sorted({char for char in value if not _is_text(char)}):
                names = ", ".join(f"U+{ord(char):04X}" for char in bad)
                yield location, f"holds {names}, which calendars and feeds cannot carry; take it out"
        case dict():
            for key, inner in value.items():
                yield from text_problems(inner, (*location, key))
        case tuple() | list():
            for index, inner in enumerate(value):
                yield from text_problems(inner, (*location, index))
        case _:
            return


def _is_text(char: str) -> bool:
    if char in _ALLOWED_CONTROLS:
        return True
    code = ord(char)
    if unicodedata.category(char) in ("Cc", "Cs") or char in _LINE_BREAKS or char == "\ufeff":
        return False
    # Unicode section 23.7: noncharacters are never text.
    return not (code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF)  # noqa: PLR2004 - the block's bounds


def _tuples(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    match value:
        case dict():
            return {key: _tuples(inner) for key, inner in value.items()}
        case list():
            return tuple(_tuples(inner) for inner in value)
        case _:
            return value


def _line_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _too_deep(text: str) -> tuple[int, int] | None:
    depth = 0
    for token in _TOKENS.finditer(text):
        match token.group():
            case "[" | "{":
                depth += 1
                if depth > MAX_DEPTH:
                    return _line_column(text[: token.start()])
            case "]" | "}":
                depth = max(0, depth - 1)
            case _:
                continue
    return None


def _without_seconds(file: str, text: str) -> Iterator[Problem]:
    for found in _NO_SECONDS.finditer(text):
        line, column = _line_column(text[: found.start("time")])
        time = found["time"]
        key = found["before"].split("=")[0].strip()
        message = f"found {time}, a time without seconds: TOML wants {time[:10]}T{time[11:]}:00"
        yield Problem(file, line, column, key, message)


def _syntax(file: str, message: str, text: str) -> Problem:
    found = _SYNTAX.match(message)
    if found:
        return Problem(file, int(found["line"]), int(found["column"]), "", f"is no TOML: {found['reason']}")
    line, column = _line_column(text.rstrip("\n"))
    return Problem(
        file, line, column, "", f"is no TOML: {message.replace(' (at end of document)', ': the file ends here')}"
    )

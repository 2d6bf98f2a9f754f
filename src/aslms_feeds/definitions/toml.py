"""One TOML file: bytes in, a plain table out, or every reason why it is not TOML. Hostile files cost little."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

from aslms_feeds.definitions.files import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

Location = tuple[str | int, ...]
"""Keys and list positions, from the top of the file: ``("event", 0, "session", 1, "start")``."""
MAX_DEPTH = 16
"""The deepest nesting of brackets; tomllib recurses."""
MAX_KEY_PARTS = 16
"""The longest dotted key; tomllib takes quadratic time for it."""
MAX_WORD = 400
"""The longest number or bare key; Python refuses numbers of thousands of digits."""

_BARE = r"[A-Za-z0-9_-]++"
_PART = rf"(?:{_BARE}|\"(?:[^\"\\\n]|\\[^\n])*+\"|'[^'\n]*+')"
# Every alternative is possessive: what was read is never read again, whatever follows.
_TOKENS = re.compile(
    r"(?P<text>\"\"\"(?:[^\\\"]|\\.|\"(?!\"\"))*+(?:\"{3,5}|\Z)|'''(?:[^']|'(?!''))*+(?:'{3,5}|\Z))"
    r"|(?P<time>(?<![\w.:+-])\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?![\d:]))"
    r"|(?P<clock>(?<![\w.:+-])\d\d:\d\d(?![\d:]))"
    rf"|(?P<path>{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+)"
    r"|(?P<comment>\#[^\n]*+|\"[^\n]*+|'[^\n]*+)"
    r"|(?P<open>[\[{])|(?P<close>[\]}])",
    re.DOTALL,
)
_LONG = re.compile(rf"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{{{MAX_WORD},}}+")
_SYNTAX = re.compile(
    r"^(?P<reason>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL
)
_ALLOWED_CONTROLS = "\n\t"
_LINE_BREAKS = "\u0085\u2028\u2029"
_BOM = b"\xef\xbb\xbf"
_SECONDS = ":00"
"""What is added to a time that has none."""


class Note(NamedTuple):
    """Something to say about a place; lines and columns count from 1, columns in characters; 0: the whole file."""

    line: int
    column: int
    message: str


class Parsed(NamedTuple):
    """A file's table, its text and what was found so far."""

    text: str
    """The text, with the seconds that times lack."""
    data: dict[str, Any] | None
    """The table with lists as tuples; None when it is no TOML."""
    notes: tuple[Note, ...]
    """What is wrong, at its place in the file as it is."""
    filled: tuple[tuple[int, int], ...] = ()
    """Where times lack seconds, in the file as it is; the text holds three characters more behind each."""


def parse_toml(data: bytes) -> Parsed:
    """Return the table of a TOML file, or why it is not TOML."""

    def refuse(message: str, line: int = 0, column: int = 0) -> Parsed:
        return Parsed("", None, (*notes, Note(line, column, message)))

    notes: tuple[Note, ...] = ()
    if len(data) > MAX_BYTES:
        return refuse(f"the file is larger than {MAX_BYTES:,} bytes; split it, or look what is in it")
    if data.startswith(_BOM):
        notes = (Note(1, 1, "the file begins with a byte order mark; save it as UTF-8 without one"),)
        data = data.removeprefix(_BOM)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line, column = _find_line_column(data[: error.start].decode(errors="replace"))
        return refuse(f"byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8", line, column)
    text = text.replace("\r\n", "\n")
    scanned = _find_short_times(text)
    if isinstance(scanned, Note):
        return refuse(scanned.message, scanned.line, scanned.column)
    whole, filled = _add_seconds(text, scanned)
    try:
        return Parsed(whole, freeze(tomllib.loads(whole)), notes, filled)
    except tomllib.TOMLDecodeError as error:
        return Parsed(whole, None, (*notes, _explain_syntax(str(error), whole, filled)), filled)
    except (ValueError, RecursionError) as error:
        return Parsed(whole, None, (*notes, Note(0, 0, f"cannot be read: {error}")), filled)


def text_problems(value: object, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Yield every place whose text holds what no calendar or feed may carry."""
    match value:
        case str():
            if not (value.isascii() and value.isprintable()) and (
                bad := sorted({char for char in value if not _is_text(char)})
            ):
                names = ", ".join([*(f"U+{ord(char):04X}" for char in bad[:5]), *(["…"] if bad[5:] else [])])
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


def freeze(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Return a table with tuples for lists."""
    match value:
        case dict():
            return {key: freeze(inner) for key, inner in value.items()}
        case list():
            return tuple(freeze(inner) for inner in value)
        case _:
            return value


def step_into(data: object, step: str | int) -> object:
    """Return what stands in a table by a key, or in a list at a position; None when nothing does."""
    if isinstance(data, dict):
        return data.get(str(step))
    if isinstance(data, tuple) and isinstance(step, int) and step < len(data):
        return data[step]
    return None


def _find_line_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _find_short_times(text: str) -> Note | list[re.Match[str]]:
    """Return the times that lack seconds, or why the file would cost too much to read."""
    depth = 0
    short = []
    for token in _TOKENS.finditer(text):
        match token.lastgroup:
            case "open":
                depth += 1
                if depth > MAX_DEPTH:
                    message = f"nested deeper than {MAX_DEPTH} levels, which no definition needs"
                    return Note(*_find_line_column(text[: token.start()]), message)
            case "close":
                depth = max(0, depth - 1)
            case "path":
                if message := _explain_length(token.group()):
                    return Note(*_find_line_column(text[: token.start()]), message)
            case "time" | "clock":
                short.append(token)
            case _:
                continue
    return short


def _explain_length(path: str) -> str:
    if len(path) > MAX_WORD and _LONG.search(path):
        return f"a number or key of more than {MAX_WORD} characters, which no definition needs"
    if path.count(".") >= MAX_KEY_PARTS and len(re.findall(_PART, path)) > MAX_KEY_PARTS:
        return f"a dotted key of more than {MAX_KEY_PARTS} parts, which no definition needs"
    return ""


def _add_seconds(text: str, short: list[re.Match[str]]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the text with the seconds added, and where they were added."""
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    copied, line, line_start = 0, 1, 0
    for token in short:
        line += text.count("\n", copied, token.start())
        line_start = max(line_start, text.rfind("\n", copied, token.start()) + 1)
        places.append((line, token.start() - line_start + 1))
        parts += (text[copied : token.end()], _SECONDS)
        copied = token.end()
    return "".join((*parts, text[copied:])), tuple(places)


_WORDS = {
    "Cannot overwrite a value": "this name is here twice",
    "Cannot mutate immutable namespace": "this table is written elsewhere already",
    "Invalid value": "no value TOML knows: text stands in quotes, days and times do not, and true and false are small",
    "Expected newline or end of document after a statement": (
        "the line goes on after its value: text stands in quotes, and days and times must exist"
    ),
    "Expected '=' after a key in a key/value pair": 'a key, an equals sign and a value are wanted: name = "…"',
    "Invalid initial character for a key part": "a key is wanted here",
    "Invalid statement": "a key or a [table] is wanted here",
    "Invalid date or datetime": "no day or time that exists",
    "Unclosed array": "before this, a comma is missing in a list, or its ]",
    "Unclosed inline table": "before this, a comma is missing in a table in braces, or its }",
    "Unterminated string": "the text has no closing quotes",
    "Expected ']' at the end of a table declaration": "the table's name has no ]",
    "Expected ']]' at the end of an array declaration": "the table's name has no ]]",
    "Unescaped '\\' in a string": "a backslash in quotes is written twice; in single quotes, once",
    "Escaped character is not a Unicode scalar value": "this escape is no character",
}
_QUOTED = re.compile(r"^(?P<what>[A-Za-z ]+) (?P<found>['\"].*['\"])$", re.DOTALL)
_DECLARED = re.compile(r"^Cannot declare \((?P<name>.*?),?\) twice$", re.DOTALL)


def _explain_syntax(message: str, text: str, filled: tuple[tuple[int, int], ...]) -> Note:
    match = _SYNTAX.match(message)
    reason = match["reason"] if match else message
    if match and match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        line, column = _find_line_column(text.rstrip("\n"))
        if not match:
            line = column = 0
    if reason == "Cannot overwrite a value" or reason.startswith("Cannot declare"):
        # tomllib stops behind the value; what is here twice begins the line.
        begin = text.split("\n")[line - 1]
        column = len(begin) - len(begin.lstrip()) + 1
    return Note(line, find_written_column(line, column, filled), f"is no TOML: {_explain_reason(reason)}")


def _explain_reason(reason: str) -> str:
    """Return tomllib's reason in an organiser's words."""
    if declared := _DECLARED.match(reason):
        name = ".".join(re.findall(r"['\"](.*?)['\"]", declared["name"]))
        return f"the table [{name}] is here twice; one of many is written [[{name}]]"
    if reason in _WORDS:
        return _WORDS[reason]
    if reason == r"Illegal character '\n'":
        return "the text has no closing quotes on its line"
    if (quoted := _QUOTED.match(reason)) and quoted["what"] == "Duplicate inline table key":
        return f"the key {quoted['found'][:60]} is here twice"
    if quoted and quoted["what"] == "Illegal character":
        return f"the character {quoted['found']} may not stand here"
    return reason[0].lower() + reason[1:200]


def find_written_column(line: int, column: int, filled: tuple[tuple[int, int], ...]) -> int:
    """Return a column of the text with the seconds as a column of the file without them; ``filled`` is in order."""
    first, behind = bisect_left(filled, (line, 0)), bisect_left(filled, (line + 1, 0))
    # Searched, not counted: a file may have tens of thousands of times, and hundreds of problems.
    more = len(_SECONDS)
    last = bisect_left(range(first, behind), column, key=lambda n: filled[n][1] + more * (n - first))
    return max(filled[first + last - 1][1], column - more * last) if last else column

"""Foreign texts as plain ones: decoded, cleaned of what hides or reorders, in lines and paragraphs, and short."""

from __future__ import annotations

import codecs
import re
import unicodedata

from aslms_feeds.upstreams.readers.values import TEXT, TITLE, UnreadableError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSETS = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "shift_jis", "euc_jp", "gb18030", "big5"})
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_PROLOG = re.compile(r"(?:\s+|<\?(?:(?!\?>).)*+\?>|<!--(?:(?!-->).)*+-->)*+", re.DOTALL)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def decoded(body: bytes, charset: str = "") -> str:
    """Return a document's text: its own mark counts more than its own word, and that more than its server's."""
    if not body.strip():
        raise UnreadableError("is empty")
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _as_text(body.removeprefix(mark), name)
    declared = _DECLARED.match(body)
    named = declared[1].decode("ascii") if declared else charset
    try:
        known = codecs.lookup(named or "utf-8").name
    except LookupError:
        known = ""
    if known not in _CHARSETS:
        raise UnreadableError(f"is written in {named[:40]!r}, which is not read here")
    return _as_text(body, known)


def _as_text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not {charset.upper()} at byte {error.start:,}") from None


def no_page(text: str) -> None:
    """Refuse what a login, an error or a captive network answers instead of the document."""
    if _PAGE.match(text, prolog(text)):
        raise UnreadableError("is a page in HTML, such as one to log in with")


def prolog(text: str) -> int:
    """Return where a document of XML begins: behind declarations, instructions and comments."""
    found = _PROLOG.match(text)
    return found.end() if found else 0


# Unicode, UAX 9 and section 23: characters that reorder, hide or tag what stands around them.
_HIDDEN = frozenset(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)]
)


def clean(text: str) -> str:
    """Return a text without what no feed or calendar carries, and without what makes it look otherwise than it is."""
    return "".join(_kept(char) for char in unicodedata.normalize("NFC", text))


def _kept(char: str) -> str:
    code = ord(char)
    if char in "\n\r\t\u0085\u2028\u2029":
        return "\n" if char != "\t" else " "
    # Unicode section 23.7: noncharacters are never text.
    never = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # noqa: PLR2004 - the block's bounds
    return "" if never or code in _HIDDEN or unicodedata.category(char) in ("Cc", "Cs") else char


def line(text: str, most: int = TITLE) -> str:
    """Return a text as one clean line."""
    return shortened(" ".join(clean(text[: most * 10]).split()), most)


def shortened(text: str, most: int) -> str:
    """Return a text of so many characters at most, cut between words where it can be."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    words = cut.rpartition(" ")[0].rstrip(" ,;:–-")
    return f"{words if len(words) > most // 2 else cut.rstrip()}…"


def paragraphs(text: str) -> str:
    """Return a text as clean paragraphs."""
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", clean(text)))
    return _cut("\n\n".join(part for part in parts if part))


def _cut(text: str) -> str:
    return shortened(text, TEXT) if "\n\n" not in text[:TEXT] else _shortened_paragraphs(text)


def _shortened_paragraphs(text: str) -> str:
    if len(text) <= TEXT:
        return text
    kept: list[str] = []
    room = TEXT
    for part in text.split("\n\n"):
        if room < TEXT // 10:
            return "\n\n".join([*kept[:-1], f"{kept[-1]}…"]) if not kept[-1].endswith("…") else "\n\n".join(kept)
        kept.append(shortened(part, room))
        room -= len(part) + 2
    return "\n\n".join(kept)

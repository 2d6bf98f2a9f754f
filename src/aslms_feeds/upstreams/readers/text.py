"""Makes foreign texts plain: decoded, without characters that hide or reorder, in short lines and paragraphs."""

from __future__ import annotations

import codecs
import re
import unicodedata

from aslms_feeds.definitions.shortening import shorten_to_words
from aslms_feeds.upstreams.readers.values import MAX_TEXT, MAX_TITLE, UnreadableError

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


def decode(body: bytes, charset: str = "") -> str:
    """Return a document's text: a byte order mark counts more than its declaration, and that more than ``charset``."""
    if not body.strip():
        raise UnreadableError("is empty")
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _decode_as(body.removeprefix(mark), name)
    declaration = _DECLARED.match(body)
    label = declaration[1].decode("ascii") if declaration else charset
    try:
        codec = codecs.lookup(label or "utf-8").name
    except LookupError:
        codec = ""
    if codec not in _CHARSETS:
        raise UnreadableError(f"is written in {label[:40]!r}, which is not read here")
    return _decode_as(body, codec)


def _decode_as(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not {charset.upper()} at byte {error.start:,}") from None


def refuse_page(text: str) -> None:
    """Refuse the page that a login, an error or a captive network answers instead of the document."""
    if _PAGE.match(text, find_root(text)):
        raise UnreadableError("is a page in HTML, such as one to log in with")


def find_root(text: str) -> int:
    """Return where a document of XML begins: behind declarations, instructions and comments."""
    match = _PROLOG.match(text)
    return match.end() if match else 0


# Unicode, UAX 9 and section 23: characters that reorder, hide or tag what stands around them.
_HIDDEN = frozenset(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)]
)


def clean(text: str) -> str:
    """Return a text without characters that no feed or calendar carries, or that make it look otherwise than it is."""
    return "".join(_clean_character(char) for char in unicodedata.normalize("NFC", text))


def _clean_character(char: str) -> str:
    code = ord(char)
    if char in "\n\r\t\u0085\u2028\u2029":
        return "\n" if char != "\t" else " "
    # Unicode section 23.7: noncharacters are never text.
    is_noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # noqa: PLR2004 - the block's bounds
    return "" if is_noncharacter or code in _HIDDEN or unicodedata.category(char) in ("Cc", "Cs") else char


def clean_line(text: str, limit: int = MAX_TITLE) -> str:
    """Return a text as one clean line of so many characters at most."""
    return shorten_foreign(" ".join(clean(text[: limit * 10]).split()), limit)


def shorten_foreign(text: str, limit: int) -> str:
    """Return a text of so many characters at most, cut between words where half of it or more remains."""
    return shorten_to_words(text, limit, punctuation=" ,;:–-", least=limit // 2 + 1)


def clean_paragraphs(text: str) -> str:
    """Return a text as clean paragraphs, with an empty line between them, short as a whole."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", clean(text)))
    whole = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return _shorten_paragraphs(whole) if "\n\n" in whole[:MAX_TEXT] else shorten_foreign(whole, MAX_TEXT)


def _shorten_paragraphs(text: str) -> str:
    """Return as many paragraphs as there is room for; the last one ends in an ellipsis where some are left out."""
    if len(text) <= MAX_TEXT:
        return text
    paragraphs: list[str] = []
    room = MAX_TEXT
    for paragraph in text.split("\n\n"):
        if room < MAX_TEXT // 10:
            if not paragraphs[-1].endswith("…"):
                paragraphs[-1] += "…"
            break
        paragraphs.append(shorten_foreign(paragraph, room))
        room -= len(paragraph) + 2
    return "\n\n".join(paragraphs)

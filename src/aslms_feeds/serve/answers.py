"""What an answer is made of: status, headers, content; and the answers that are the same for every site.

Headers say what a browser or a cache may do with a document: policies, how long it lasts, and who may read it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from aslms_feeds.publication.manifest import JSON

Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]


class FileSlice(NamedTuple):
    """Bytes that lie in a file: those from ``start`` up to ``stop``."""

    file: str
    start: int
    stop: int


class SiteAnswer(NamedTuple):
    """A whole answer; its content is what follows the headers, or where that lies."""

    status: int
    headers: Headers
    content: bytes | FileSlice = b""


PAGE_POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
UNFRAMED = b"; frame-ancestors 'none'"
"""What every page says but the one that is made for frames, which anybody may show."""
OTHER_POLICY = b"default-src 'none'; sandbox"
FOR_A_YEAR = b"public, max-age=31536000, immutable"
FOR_FIVE_MINUTES = b"public, max-age=300"
FOR_TEN_SECONDS = b"public, max-age=10"
NO_STORE = b"no-store"
COMMON_HEADERS: Headers = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Accept-Ranges, Content-Encoding, Content-Length, Content-Range, Date, ETag, Last-Modified",
    ),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-content-type-options", b"nosniff"),
)


def format_length(size: int) -> Header:
    """Return the header that says how many bytes a content has."""
    return (b"content-length", b"%d" % size)


def plain_answer(status: int, text: str, cache: bytes, *headers: Header) -> SiteAnswer:
    """Return an answer of a few words; ``cache`` is what caches may do with it."""
    content = text.encode() + b"\n"
    plain = (
        (b"content-type", b"text/plain; charset=utf-8"),
        format_length(len(content)),
        (b"cache-control", cache),
        (b"content-security-policy", OTHER_POLICY),
    )
    return SiteAnswer(status, (*plain, *headers, *COMMON_HEADERS), content)


_ALLOW = (b"allow", b"GET, HEAD, OPTIONS")
HEALTHY = plain_answer(200, "ok", NO_STORE)
NOT_YET = plain_answer(503, "nothing is published yet", NO_STORE, (b"retry-after", b"5"))
UNREADABLE = plain_answer(503, "try again", NO_STORE, (b"retry-after", b"5"))
NOT_FOUND = plain_answer(404, "not found", FOR_TEN_SECONDS)
NOT_ALLOWED = plain_answer(405, "this site is only read", NO_STORE, _ALLOW)
CHANGED = plain_answer(412, "it is not, or no longer, what you ask about", NO_STORE)
BAD_REQUEST = plain_answer(400, "a request names one host", NO_STORE)
OPTIONS = SiteAnswer(
    204,
    (
        _ALLOW,
        (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
        (
            b"access-control-allow-headers",
            b"Cache-Control, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range",
        ),
        (b"access-control-max-age", b"86400"),
        *COMMON_HEADERS,
    ),
)


def json_answer(status: int, content: bytes) -> SiteAnswer:
    """Return an answer about the publication itself, which no cache stores."""
    headers = dict((HEALTHY if status == HTTPStatus.OK else NOT_YET).headers)
    headers |= {b"content-type": JSON.encode(), b"content-length": b"%d" % len(content)}
    return SiteAnswer(status, tuple(headers.items()), content)

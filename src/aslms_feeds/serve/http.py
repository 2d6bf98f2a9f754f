"""What the server answers: the table of everything published, and every decision about one request.

``serve`` reads manifests and files and hands them in; values go in and an `Answer` comes out. A request's path is a key
of the table and nothing else: no path of a request ever reaches a file system. The rules are those of RFC 9110.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.errors import PublicationError
from aslms_feeds.publication import manifest as publication_manifest
from aslms_feeds.publication.manifest import EMBED_PAGE, INDEX, MANIFEST, NOT_FOUND_PAGE, Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CODINGS = {"br": ".br", "gzip": ".gz"}
"""The content codings there are twins for, best first, and how the names of the twins end."""

Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]


class Slice(NamedTuple):
    """Bytes that lie in a file: those from ``start`` up to ``stop``."""

    file: str
    start: int
    stop: int


class Answer(NamedTuple):
    """A whole answer; its content is what follows the headers, or where that lies."""

    status: int
    headers: Headers
    content: bytes | Slice = b""


class Request(NamedTuple):
    """What a request says; the path is decoded once, names of headers are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Sequence[Header]
    version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Representation:
    """A document in one content coding: its validator, its own headers, and its bytes or the file that holds them."""

    etag: bytes
    size: int
    content: bytes | str
    validators: Headers
    encoded: Headers


@dataclass(frozen=True, slots=True)
class Resource:
    """A document that can be asked for: its representations by content coding, and the headers they share."""

    modified: int
    last_modified: bytes
    representations: Mapping[str, Representation]
    kept: Headers
    """Headers of every answer about it."""
    described: Headers
    """Headers of an answer that carries it."""


class Redirect(NamedTuple):
    """An address that is another way to write one nearby, given relative to it (RFC 9110 section 10.2.2)."""

    location: bytes


Entry = Resource | Redirect | Answer
Table = dict[str, Entry]

# --- Headers --------------------------------------------------------------------------------------------------------

_PAGE_POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
_UNFRAMED = b"; frame-ancestors 'none'"
"""What every page says but the one that is made for frames, which anybody may show."""
_OTHER_POLICY = b"default-src 'none'; sandbox"
_FOR_A_YEAR = b"public, max-age=31536000, immutable"
_FOR_FIVE_MINUTES = b"public, max-age=300"
_FOR_TEN_SECONDS = b"public, max-age=10"
_NEVER = b"no-store"

_ALWAYS: Headers = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Accept-Ranges, Content-Encoding, Content-Length, Content-Range, Date, ETag, Last-Modified",
    ),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-content-type-options", b"nosniff"),
)


def _length(size: int) -> Header:
    return (b"content-length", b"%d" % size)


def _note(status: int, text: str, cache: bytes, *more: Header) -> Answer:
    content = text.encode() + b"\n"
    plain = (
        (b"content-type", b"text/plain; charset=utf-8"),
        _length(len(content)),
        (b"cache-control", cache),
        (b"content-security-policy", _OTHER_POLICY),
    )
    return Answer(status, (*plain, *more, *_ALWAYS), content)


_ALLOW = (b"allow", b"GET, HEAD, OPTIONS")
HEALTHY = _note(200, "ok", _NEVER)
NOT_YET = _note(503, "nothing is published yet", _NEVER, (b"retry-after", b"5"))
UNREADABLE = _note(503, "try again", _NEVER, (b"retry-after", b"5"))
NOT_FOUND = _note(404, "not found", _FOR_TEN_SECONDS)
NOT_ALLOWED = _note(405, "this site is only read", _NEVER, _ALLOW)
CHANGED = _note(412, "it is not, or no longer, what you ask about", _NEVER)
BAD_REQUEST = _note(400, "a request names one host", _NEVER)
OPTIONS = Answer(
    204,
    (
        _ALLOW,
        (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
        (
            b"access-control-allow-headers",
            b"Cache-Control, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range",
        ),
        (b"access-control-max-age", b"86400"),
        *_ALWAYS,
    ),
)


@lru_cache(maxsize=256)
def _shared(media_type: str, *, framed: bool, lasting: bool, varies: bool) -> tuple[Headers, Headers]:
    page = _PAGE_POLICY if framed else _PAGE_POLICY + _UNFRAMED
    kept = (
        (b"cache-control", _FOR_A_YEAR if lasting else _FOR_FIVE_MINUTES),
        (b"content-security-policy", page if media_type.startswith("text/html") else _OTHER_POLICY),
        *(((b"vary", b"Accept-Encoding"),) if varies else ()),
        *_ALWAYS,
    )
    return kept, ((b"content-type", media_type.encode()), (b"accept-ranges", b"bytes"), *kept)


# --- The table ------------------------------------------------------------------------------------------------------


def read_manifest(text: bytes, part: str, sha256: str) -> tuple[Listed, ...]:
    """Return the documents that the manifest of ``part`` lists, and last itself, whose digest is ``sha256``."""
    manifest = publication_manifest.read_manifest(text)
    if manifest.part != part:
        raise PublicationError(f"it is the manifest of {manifest.part}, not of {part}")
    itself = Listed(MANIFEST, sha256, len(text), "application/json", manifest.published)
    return (*manifest.documents.values(), itself)


def resource(listed: Listed, contents: Mapping[str, tuple[int, bytes | str]]) -> Resource:
    """Return what can be asked for of one document, given size and content by coding, ``identity`` among them."""
    last_modified = format_datetime(listed.modified, usegmt=True).encode()
    *folders, name = listed.path.split("/")
    kept, described = _shared(
        listed.media_type, framed=name == EMBED_PAGE, lasting="assets" in folders, varies=len(contents) > 1
    )
    return Resource(
        modified=int(listed.modified.timestamp()),
        last_modified=last_modified,
        representations={
            coding: _representation(listed.sha256, coding, last_modified, size, content)
            for coding, (size, content) in contents.items()
        },
        kept=kept,
        described=described,
    )


def _representation(sha256: str, coding: str, modified: bytes, size: int, content: bytes | str) -> Representation:
    # RFC 9110 section 8.8.3.3: the same document in two codings is two representations with two entity tags.
    suffix = {"identity": "", "gzip": "-gz", "br": "-br"}[coding]
    etag = f'"{sha256[:32]}{suffix}"'.encode()
    return Representation(
        etag=etag,
        size=size,
        content=content,
        validators=((b"etag", etag), (b"last-modified", modified)),
        encoded=((b"content-encoding", coding.encode()),) if suffix else (),
    )


def addresses(part: str, resources: Iterable[tuple[str, Resource]]) -> Table:
    """Return what ``part`` adds to the table: its resources by address, and the redirects that lead to them."""
    root = "/" if part == INDEX else f"/{part}/"
    table: Table = {}
    for path, found in resources:
        folder, _, name = f"{root}{path}".rpartition("/")
        if name != "index.html":
            table[f"{folder}/{name}"] = found
            continue
        table[f"{folder}/"] = found
        table[f"{folder}/{name}"] = Redirect(b"./")
        if folder:
            table[folder] = Redirect(f"{folder.rpartition('/')[2]}/".encode())
    return table


def whole(parts: Iterable[Table]) -> Table | None:
    """Return the table of the whole site, or None while no part is there."""
    table: Table = {}
    for part in parts:
        table.update(part)
    return {**table, "/healthz": HEALTHY} if table else None


# --- Decisions ------------------------------------------------------------------------------------------------------


def answer(table: Table | None, request: Request, *, now: datetime) -> Answer:
    """Return the answer to ``request``."""
    fields = dict(request.headers)
    if len(fields) != len(request.headers):
        fields = _combined(request.headers)
    decided = _decide(table, request, fields, now)
    return Answer(decided.status, decided.headers) if request.method == "HEAD" else decided


def _combined(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """Join header lines of one name (RFC 9110 section 5.3); several hosts are as bad as none (RFC 9112 section 3.2)."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        fields[name] = value if name not in fields else b"" if name == b"host" else b"%b, %b" % (fields[name], value)
    return fields


def _decide(table: Table | None, request: Request, fields: Mapping[bytes, bytes], now: datetime) -> Answer:
    if not fields.get(b"host") and request.version == "1.1":  # RFC 9112 section 3.2
        return BAD_REQUEST
    if request.method not in {"GET", "HEAD"}:
        return OPTIONS if request.method == "OPTIONS" else NOT_ALLOWED
    if table is None:
        return NOT_YET
    found = table.get(request.path)
    if isinstance(found, Resource):
        return _represent(found, request.method, fields, now)
    if found is None:
        return _nothing(table.get(f"/{NOT_FOUND_PAGE}"), fields)
    return found if isinstance(found, Answer) else _redirect(found.location, request.query)


def _nothing(page: Entry | None, fields: Mapping[bytes, bytes]) -> Answer:
    """Return the answer where there is nothing: the page that says so, without validators, or plain words."""
    if not isinstance(page, Resource):
        return NOT_FOUND
    selected = _select(page.representations, fields.get(b"accept-encoding"))
    described = dict(page.described) | {b"cache-control": _FOR_TEN_SECONDS}
    del described[b"accept-ranges"]
    headers = (_length(selected.size), *selected.encoded, *described.items())
    return Answer(404, headers, _cut(selected, 0, selected.size))


def _redirect(location: bytes, query: bytes) -> Answer:
    if query and query.isascii() and query.decode().isprintable():
        location = b"%b?%b" % (location, query)
    return _note(308, "it is at its own address", _FOR_FIVE_MINUTES, (b"location", location))


def _represent(found: Resource, method: str, fields: Mapping[bytes, bytes], now: datetime) -> Answer:
    selected = _select(found.representations, fields.get(b"accept-encoding"))
    status = evaluate(selected.etag, found, fields, now)
    if status == HTTPStatus.NOT_MODIFIED:
        # RFC 9110 section 15.4.5: what 200 would say, but not what describes a content that is not sent.
        return Answer(304, selected.validators + found.kept)
    if status == HTTPStatus.PRECONDITION_FAILED:
        return CHANGED
    if method == "GET" and b"range" in fields and _same(fields.get(b"if-range"), selected.etag, found.last_modified):
        return _partial(found, selected, fields[b"range"])
    headers = (_length(selected.size), *selected.validators, *selected.encoded, *found.described)
    return Answer(200, headers, _cut(selected, 0, selected.size))


def _select(representations: Mapping[str, Representation], accepted: bytes | None) -> Representation:
    if accepted is not None and len(representations) > 1:
        for coding in preferences(accepted):
            if coding in representations:
                return representations[coding]
    # RFC 9110 section 12.4.1: where nothing acceptable is there the header may be disregarded; plain bytes beat 406.
    return representations["identity"]


def evaluate(etag: bytes, found: Resource, fields: Mapping[bytes, bytes], now: datetime) -> int:
    """Return 200, 304 or 412: preconditions in the order of RFC 9110 section 13.2.2.

    Only the entity tag of the selected representation matches. A cache may validate a gzip answer on behalf of a client
    that takes no gzip (RFC 9111 section 4.1): 304 for the tag of another coding would hand that client the wrong bytes.
    """
    if b"if-match" in fields:
        if not matches(fields[b"if-match"], etag, weakly=False):
            return 412
    elif b"if-unmodified-since" in fields:
        since = http_date(fields[b"if-unmodified-since"], now=now)
        if since is not None and found.modified > since:
            return 412
    if b"if-none-match" in fields:
        return 304 if matches(fields[b"if-none-match"], etag, weakly=True) else 200
    value = fields.get(b"if-modified-since")
    if value is None or value == found.last_modified:
        return 200 if value is None else 304
    since = http_date(value, now=now)
    return 200 if since is None or found.modified > since else 304


def _same(if_range: bytes | None, etag: bytes, last_modified: bytes) -> bool:
    # RFC 9110 section 13.1.5: compared strongly; a date only exactly.
    return if_range is None or if_range.strip(b" \t") in {etag, last_modified}


def _partial(found: Resource, selected: Representation, value: bytes) -> Answer:
    headers = (*selected.validators, *selected.encoded, *found.described)
    match byte_range(value, selected.size):
        case None:
            return Answer(200, (_length(selected.size), *headers), _cut(selected, 0, selected.size))
        case (start, stop) if start < stop:
            content_range = (b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, selected.size))
            return Answer(206, (_length(stop - start), content_range, *headers), _cut(selected, start, stop))
        case _:
            content_range = (b"content-range", b"bytes */%d" % selected.size)
            return _note(416, "there are no such bytes", _NEVER, content_range)


def _cut(selected: Representation, start: int, stop: int) -> bytes | Slice:
    if isinstance(selected.content, bytes):
        return selected.content[start:stop]
    return Slice(selected.content, start, stop)


# --- Values of headers ----------------------------------------------------------------------------------------------

_ENTITY_TAG = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def matches(value: bytes, etag: bytes, *, weakly: bool) -> bool:
    """Say whether an If-Match or If-None-Match field names ``etag``, which is strong (RFC 9110 section 8.8.3.2).

    What is not an entity tag in it names nothing.
    """
    return value.strip(b" \t") in {etag, b"*"} or any(
        tag == etag and (weakly or not weak) for weak, tag in _ENTITY_TAG.findall(value)
    )


_CODING = re.compile(rb"([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")
_LEAST = 0.0001
"""The weight of ``identity`` where nobody gave it one: acceptable, after everything that was asked for."""


@lru_cache(maxsize=128)
def preferences(value: bytes) -> tuple[str, ...]:
    """Return the content codings an Accept-Encoding field accepts, the most wanted first (RFC 9110 section 12.5.3).

    >>> preferences(b"gzip, deflate, br;q=0.5")
    ('gzip', 'br', 'identity')
    """
    weights: dict[str, float] = {}
    for element in value.lower().split(b","):
        if read := _CODING.fullmatch(element.strip(b" \t")):
            coding = "gzip" if read[1] == b"x-gzip" else read[1].decode()  # section 8.4.1.3
            weights[coding] = max(weights.get(coding, 0.0), float(read[2] or 1))
    other = weights.get("*")
    wanted = {coding: weights.get(coding, other or 0.0) for coding in CODINGS}
    wanted["identity"] = weights.get("identity", _LEAST if other is None else other)
    return tuple(sorted((coding for coding in wanted if wanted[coding]), key=lambda coding: -wanted[coding]))


_RANGE = re.compile(rb"bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*", re.IGNORECASE)


def byte_range(value: bytes, size: int) -> tuple[int, int] | None:
    """Return start and stop of the one range a Range field asks for (RFC 9110 section 14.1.2); None: send the whole.

    Several ranges, another unit, and what is malformed are answered with the whole. A range that begins at or after the
    end, or is the last 0 bytes, is not satisfiable: its stop is not after its start.
    """
    read = _RANGE.fullmatch(value.strip(b" \t"))
    if not read or not size:
        return None
    first, last, suffix = read.groups()
    if suffix:
        return max(0, size - _number(suffix)), size
    start, stop = _number(first), _number(last) + 1 if last else size
    return None if last and stop <= start else (start, min(stop, size))


_DIGITS = 18
"""As many fit in 64 bits."""


def _number(digits: bytes) -> int:
    """Return a number; beyond any size they are all the same (and int() refuses to read very long ones)."""
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _DIGITS else 10**_DIGITS


_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTH = rb"(?P<month>" + b"|".join(_MONTHS) + rb")"
_TIME = rb"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-5][0-9]|60)"
_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY = rb"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_DATES = (
    re.compile(_DAY + rb", (?P<day>[0-9]{2}) " + _MONTH + rb" (?P<year>[0-9]{4}) " + _TIME + rb" GMT"),
    re.compile(_LONG_DAY + rb", (?P<day>[0-9]{2})-" + _MONTH + rb"-(?P<year>[0-9]{2}) " + _TIME + rb" GMT"),
    re.compile(_DAY + rb" " + _MONTH + rb" (?P<day>[0-9]{2}| [0-9]) " + _TIME + rb" (?P<year>[0-9]{4})"),
)


def http_date(value: bytes, *, now: datetime) -> int | None:
    """Return the seconds since 1970 of an HTTP-date in any of its three formats (RFC 9110 section 5.6.7), else None."""
    for form in _DATES:
        if read := form.fullmatch(value.strip(b" \t")):
            return _seconds(read.groupdict(), now)
    return None


def _seconds(read: Mapping[str, bytes], now: datetime) -> int | None:
    day, hour, minute, second = (int(read[name]) for name in ("day", "hour", "minute", "second"))
    year, month = int(read["year"]), _MONTHS.index(read["month"]) + 1
    try:
        if len(read["year"]) == 2:  # noqa: PLR2004 - the obsolete RFC 850 format
            year = _full_year(year, now)
        return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) + second
    except ValueError:  # such as 31 February
        return None


def _full_year(year: int, now: datetime) -> int:
    """Return the year two digits stand for: what seems over 50 years ahead is in the past (RFC 9110 section 5.6.7)."""
    latest = (now + timedelta(days=50 * 365.25)).year
    return latest - (latest - year) % 100

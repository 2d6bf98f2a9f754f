"""What is answered to one request: which document, in which coding, whole, in part, or that it has not changed.

A table and a request come in, an answer goes out; nothing is read here. The rules are those of RFC 9110.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from aslms_feeds.publication.manifest import NOT_FOUND_PAGE
from aslms_feeds.serve.answers import (
    BAD_REQUEST,
    CHANGED,
    FOR_FIVE_MINUTES,
    FOR_TEN_SECONDS,
    NO_STORE,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_YET,
    OPTIONS,
    FileSlice,
    Header,
    SiteAnswer,
    format_length,
    plain_answer,
)
from aslms_feeds.serve.fields import matches_tag, parse_accepted_codings, parse_byte_range, parse_http_date
from aslms_feeds.serve.table import Representation, Resource, Table, TableEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


class SiteRequest(NamedTuple):
    """What a request says; the path is decoded once, names of headers are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Sequence[Header]
    version: str = "1.1"


def answer_request(table: Table | None, request: SiteRequest, *, now: datetime) -> SiteAnswer:
    """Return the answer to ``request``."""
    fields = dict(request.headers)
    if len(fields) != len(request.headers):
        fields = _join_fields(request.headers)
    answer = _decide(table, request, fields, now)
    return SiteAnswer(answer.status, answer.headers) if request.method == "HEAD" else answer


def _join_fields(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """Join header lines of one name (RFC 9110 section 5.3); several hosts are as bad as none (RFC 9112 section 3.2)."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        fields[name] = value if name not in fields else b"" if name == b"host" else b"%b, %b" % (fields[name], value)
    return fields


def _decide(table: Table | None, request: SiteRequest, fields: Mapping[bytes, bytes], now: datetime) -> SiteAnswer:
    if not fields.get(b"host") and request.version == "1.1":  # RFC 9112 section 3.2
        return BAD_REQUEST
    if request.method not in {"GET", "HEAD"}:
        return OPTIONS if request.method == "OPTIONS" else NOT_ALLOWED
    if table is None:
        return NOT_YET
    entry = table.get(request.path)
    if isinstance(entry, Resource):
        return _answer_resource(entry, request.method, fields, now)
    if entry is None:
        return _answer_not_found(table.get(f"/{NOT_FOUND_PAGE}"), fields)
    return entry if isinstance(entry, SiteAnswer) else _redirect(entry.location, request.query)


def _answer_not_found(page: TableEntry | None, fields: Mapping[bytes, bytes]) -> SiteAnswer:
    """Return the answer where there is nothing: the page that says so, without validators, or plain words."""
    if not isinstance(page, Resource):
        return NOT_FOUND
    selected = _select_coding(page.representations, fields.get(b"accept-encoding"))
    content_headers = dict(page.content_headers) | {b"cache-control": FOR_TEN_SECONDS}
    del content_headers[b"accept-ranges"]
    headers = (format_length(selected.size), *selected.encoding, *content_headers.items())
    return SiteAnswer(404, headers, _cut_content(selected, 0, selected.size))


def _redirect(location: bytes, query: bytes) -> SiteAnswer:
    if query and query.isascii() and query.decode().isprintable():
        location = b"%b?%b" % (location, query)
    return plain_answer(308, "it is at its own address", FOR_FIVE_MINUTES, (b"location", location))


def _answer_resource(resource: Resource, method: str, fields: Mapping[bytes, bytes], now: datetime) -> SiteAnswer:
    selected = _select_coding(resource.representations, fields.get(b"accept-encoding"))
    status = evaluate_conditions(selected.etag, resource, fields, now)
    if status == HTTPStatus.NOT_MODIFIED:
        # RFC 9110 section 15.4.5: what 200 would say, but not what describes a content that is not sent.
        return SiteAnswer(304, selected.validators + resource.general_headers)
    if status == HTTPStatus.PRECONDITION_FAILED:
        return CHANGED
    if (
        method == "GET"
        and b"range" in fields
        and _is_same_version(fields.get(b"if-range"), selected.etag, resource.last_modified)
    ):
        return _answer_range(resource, selected, fields[b"range"])
    headers = (format_length(selected.size), *selected.validators, *selected.encoding, *resource.content_headers)
    return SiteAnswer(200, headers, _cut_content(selected, 0, selected.size))


def _select_coding(representations: Mapping[str, Representation], accepted: bytes | None) -> Representation:
    if accepted is not None and len(representations) > 1:
        for coding in parse_accepted_codings(accepted):
            if coding in representations:
                return representations[coding]
    # RFC 9110 section 12.4.1: where nothing acceptable is there the header may be disregarded; plain bytes beat 406.
    return representations["identity"]


def evaluate_conditions(etag: bytes, resource: Resource, fields: Mapping[bytes, bytes], now: datetime) -> int:
    """Return 200, 304 or 412: preconditions in the order of RFC 9110 section 13.2.2.

    Only the entity tag of the selected representation matches. A cache may validate a gzip answer on behalf of a client
    that takes no gzip (RFC 9111 section 4.1): 304 for the tag of another coding would hand that client the wrong bytes.
    """
    if b"if-match" in fields:
        if not matches_tag(fields[b"if-match"], etag, weakly=False):
            return 412
    elif b"if-unmodified-since" in fields:
        since = parse_http_date(fields[b"if-unmodified-since"], now=now)
        if since is not None and resource.modified > since:
            return 412
    if b"if-none-match" in fields:
        return 304 if matches_tag(fields[b"if-none-match"], etag, weakly=True) else 200
    value = fields.get(b"if-modified-since")
    if value is None or value == resource.last_modified:
        return 200 if value is None else 304
    since = parse_http_date(value, now=now)
    return 200 if since is None or resource.modified > since else 304


def _is_same_version(if_range: bytes | None, etag: bytes, last_modified: bytes) -> bool:
    # RFC 9110 section 13.1.5: compared strongly; a date only exactly.
    return if_range is None or if_range.strip(b" \t") in {etag, last_modified}


def _answer_range(resource: Resource, selected: Representation, value: bytes) -> SiteAnswer:
    headers = (*selected.validators, *selected.encoding, *resource.content_headers)
    match parse_byte_range(value, selected.size):
        case None:
            return SiteAnswer(200, (format_length(selected.size), *headers), _cut_content(selected, 0, selected.size))
        case (start, stop) if start < stop:
            content_range = (b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, selected.size))
            return SiteAnswer(
                206, (format_length(stop - start), content_range, *headers), _cut_content(selected, start, stop)
            )
        case _:
            content_range = (b"content-range", b"bytes */%d" % selected.size)
            return plain_answer(416, "there are no such bytes", NO_STORE, content_range)


def _cut_content(selected: Representation, start: int, stop: int) -> bytes | FileSlice:
    if isinstance(selected.content, bytes):
        return selected.content[start:stop]
    return FileSlice(selected.content, start, stop)


# --- Values of headers ----------------------------------------------------------------------------------------------

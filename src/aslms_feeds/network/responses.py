"""What may be asked of other machines, what is sent to ask only for news, and what an answer means.

``fetch`` speaks; every decision it takes is made here, from values: which addresses are outside, which conditional
headers go with a request (RFC 9110, section 13), and what status, headers and bytes come down to. An upstream is
hostile until proven otherwise: it may lie about lengths, tags and types, send a bomb, or ask to wait for a century.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from aslms_feeds.errors import AnswerError
from aslms_feeds.identity import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SOONEST = timedelta(hours=1)
LATEST = timedelta(days=1)
"""Whatever an upstream says in Retry-After, it is asked again after an hour at the earliest, a day at the latest."""

RAW_SLACK = 1 << 16
"""Bytes that a body may be longer on the wire than decoded: gzip that compresses nothing, and not more."""

TAG_LENGTH = 512
"""The longest entity tag that is kept, in characters: it is sent with every request from then on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRules:
    """What a request may do and cost."""

    allow_http: bool = False
    """Plain http as well as https."""
    allow_loopback: bool = False
    """This machine's own loopback addresses, with plain http too; nothing else that is inside."""
    hosts: frozenset[str] = frozenset()
    """Hosts that a redirect may lead to, beside the one that was asked; in lower case."""
    seconds: float = 30.0
    """The time for everything: looking up names, connecting, redirects, retries, the last byte."""
    limit: int = 2 << 20
    """The most bytes of a body, decoded."""


@dataclass(frozen=True, slots=True)
class Validators:
    """The validators of an answer, with which a later request asks for changes only; empty where it had none.

    ``digest`` is that of the body: a tag may change, or stay, whatever the body does.
    """

    etag: str = ""
    last_modified: str = ""
    digest: str = ""

    def headers(self) -> dict[str, str]:
        """Return the headers of a conditional request (RFC 9110, section 13.1); none where nothing is known."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """The beginning of one answer: status, headers by lower-case name, and its address without anything secret."""

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole body that is not the one the validators came from; empty ``media_type`` or ``charset``: not said."""

    body: bytes
    media_type: str
    charset: str
    validators: Validators


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What is known still holds, by the server's word or by the body's digest."""

    validators: Validators


@dataclass(frozen=True, slots=True)
class Deferred:
    """The server asks to be left alone until ``retry_at``."""

    status: int
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The server took what was sent."""

    status: int


# What an answer means


def find_redirect(head: AnswerHead) -> str | None:
    """Return where an answer sends us on to (RFC 9110, section 15.4), None where it does not."""
    if head.status not in {301, 302, 303, 307, 308}:
        return None
    location = head.headers.get("location", "")
    if not location:
        raise AnswerError(f"{_describe_status(head)} without saying where to", url=head.url, status=head.status)
    return location


def read_document(
    head: AnswerHead, chunks: Iterable[bytes], sent: Validators, *, limit: int, now: datetime
) -> Fetched | Unchanged | Deferred:
    """Return what the answer to a GET brings; ``chunks`` is its body as sent, read only where it is wanted.

    AnswerError where the status is another, or the body too long or damaged.
    """
    match head.status:
        case 200:
            body = decode_body(head, chunks, limit=limit)
            fresh = _read_validators(head, body)
            media_type, charset = parse_content_type(head.headers.get("content-type", ""))
            if fresh.digest == sent.digest:
                return Unchanged(fresh)
            return Fetched(body, media_type, charset, fresh)
        case 304 if sent.headers():
            fresh = _read_validators(head, b"")  # RFC 9110, section 15.4.5: it may bring newer validators
            return Unchanged(
                Validators(fresh.etag or sent.etag, fresh.last_modified or sent.last_modified, sent.digest)
            )
        case 304:
            raise AnswerError(
                f"{_describe_status(head)} to a request without conditions", url=head.url, status=head.status
            )
        case _:
            return _read_deferral(head, now=now)


def read_acceptance(head: AnswerHead, *, now: datetime) -> Acceptance | Deferred:
    """Return whether what was sent was taken (any status of success); AnswerError where it was not."""
    return Acceptance(head.status) if 200 <= head.status < 300 else _read_deferral(head, now=now)  # noqa: PLR2004 - 2xx


def parse_content_type(value: str) -> tuple[str, str]:
    """Return the media type and the charset of a Content-Type, in lower case, empty where it does not say.

    >>> parse_content_type('Text/Calendar; charset="UTF-8"')
    ('text/calendar', 'utf-8')
    """
    kind, _, _ = value.partition(";")
    if not re.fullmatch(r"\s*[\w!#$&^.+-]+/[\w!#$&^.+-]+\s*", kind, re.ASCII):
        return "", ""
    message = Message()
    message["Content-Type"] = value
    return message.get_content_type(), message.get_content_charset("")


def parse_retry_after(value: str, *, now: datetime) -> datetime | None:
    """Return when to ask again by Retry-After (RFC 9110, section 10.2.3), within our bounds; None for nonsense."""
    if re.fullmatch(r"[0-9]+", value):
        # Nine digits are 31 years, and `int` refuses thousands of them.
        wait = timedelta(seconds=int(value)) if len(value) <= len("999999999") else LATEST
    else:
        try:
            date = parsedate_to_datetime(value)
            wait = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return now + min(max(wait, SOONEST), LATEST)


def _read_deferral(head: AnswerHead, *, now: datetime) -> Deferred:
    if head.status in {429, 503}:
        retry_at = parse_retry_after(head.headers.get("retry-after", "").strip(), now=now)
        if retry_at is None and head.status == HTTPStatus.TOO_MANY_REQUESTS:
            retry_at = now + SOONEST  # RFC 6585, section 4: it may say how long, and means it either way
        if retry_at is not None:
            return Deferred(head.status, retry_at)
    raise AnswerError(
        _describe_status(head), url=head.url, status=head.status, transient=head.status in {502, 503, 504}
    )


def _describe_status(head: AnswerHead) -> str:
    try:
        return f"answers {head.status} {HTTPStatus(head.status).phrase}"
    except ValueError:
        return f"answers {head.status}"


def _read_validators(head: AnswerHead, body: bytes) -> Validators:
    etag, modified = head.headers.get("etag", ""), head.headers.get("last-modified", "")
    # RFC 9110, section 8.8.3; what does not look like a tag or a date would only be thrown back at the server.
    if len(etag) > TAG_LENGTH or not re.fullmatch(r'(?:W/)?"[\x21\x23-\x7e]*"', etag):
        etag = ""
    if not re.fullmatch(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT", modified):
        modified = ""
    return Validators(etag, modified, digest(body))


# Bodies


def decode_body(head: AnswerHead, chunks: Iterable[bytes], *, limit: int) -> bytes:
    """Return the body that ``chunks`` carry, at most ``limit`` bytes of it after decompression, never more in memory.

    AnswerError for a coding we did not ask for, for a body that is longer, and for gzip that is damaged or unfinished.
    """
    coding = head.headers.get("content-encoding", "").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:  # "gzip, gzip" is how a small bomb becomes a large one
        raise AnswerError(f"sends a content coding that was not asked for: {coding[:40]!r}", url=head.url)
    # RFC 9110, section 8.4.1.3: x-gzip is gzip. 31 is the largest window with a gzip header and checksum around it.
    inflate = zlib.decompressobj(31) if coding.endswith("gzip") else None
    body, raw = bytearray(), 0
    for chunk in chunks:
        raw += len(chunk)
        try:
            # One byte more than there is room for tells "exactly full" from "too long"; 0 would mean no bound at all.
            body += inflate.decompress(chunk, limit - len(body) + 1) if inflate else chunk
        except zlib.error as error:
            raise AnswerError("sends damaged gzip", url=head.url) from error
        if len(body) > limit or raw > limit + RAW_SLACK:
            raise AnswerError(f"sends more than {limit:,} bytes", url=head.url)
        if inflate and inflate.unused_data:
            raise AnswerError("sends more after the end of its gzip", url=head.url)
    if inflate and not inflate.eof:
        raise AnswerError("ends in the middle of its gzip", url=head.url)
    return bytes(body)

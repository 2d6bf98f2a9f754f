"""Whatever goes wrong with a request, in our own errors: what the library says is not repeated."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from aslms_feeds.errors import AnswerError, RefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aslms_feeds.network.responses import RequestRules


class StoppedError(Exception):
    """What the backend has to say, before `translate_failures` adds whom it is about."""

    def __init__(self, kind: type[RefusedError | UnreachableError], message: str, hint: str = "") -> None:
        """Say what becomes of it, an error of which kind, and what to do."""
        super().__init__(message)
        self.kind = kind
        self.hint = hint


@contextmanager
def translate_failures(
    url: str, rules: RequestRules, *, has_begun: bool = False, may_retry: bool = False
) -> Iterator[None]:
    """Turn whatever httpx raises into one of our errors.

    ``has_begun``: an answer had come. ``may_retry``: the same request may be sent again.

    What the library says is not repeated, where it could quote an address or what the other side sent.
    """
    try:
        yield
    except StoppedError as error:
        raise error.kind(str(error), url=url, hint=error.hint) from error
    except httpx.TimeoutException as error:
        raise UnreachableError(f"no whole answer within {rules.seconds:g} seconds", url=url) from error
    except httpx.ConnectError as error:
        raise UnreachableError(f"cannot be reached: {error}", url=url, transient=True) from error
    except (httpx.NetworkError, httpx.ProxyError) as error:
        if has_begun:
            raise AnswerError("breaks off in the middle of its answer", url=url) from error
        raise UnreachableError("hangs up without an answer", url=url, transient=may_retry) from error
    except (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol, ValueError) as error:
        if has_begun:
            raise AnswerError("redirects to what is no address", url=url) from error
        raise RefusedError("is no address that can be asked", url=url, hint="https://host/path") from error
    except (httpx.HTTPError, httpx.StreamError, httpx.CookieConflict) as error:
        what = "is cut short or not HTTP" if has_begun else "is not HTTP"
        raise AnswerError(f"sends an answer that {what} (RFC 9112)", url=url) from error

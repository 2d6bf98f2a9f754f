"""When an upstream is to be asked: at once where its settings or its data say so, else when its time has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds.identity import digest
from aslms_feeds.upstreams.cache import PollState

if TYPE_CHECKING:
    from aslms_feeds.definitions.publisher import Upstream
    from aslms_feeds.upstreams.cache import UpstreamCache

_DAY_MINUTES = 24 * 60
_MAX_DOUBLINGS = 10
_JITTER = 10
"""The share of the interval, one in so many, that the next time is earlier or later at most."""


def find_due_state(upstream: Upstream, cache: UpstreamCache, now: datetime) -> PollState | None:
    """Return the state with which an upstream is to be asked now; None where it is not due."""
    state, settings = cache.load_state(), _hash_settings(upstream)
    if state.settings != settings:
        return PollState(settings=settings)
    if state.quarantine and not cache.has_notice():
        return replace(state, quarantine="", is_released=True, due=None)
    if state.validators and not cache.has_data(upstream):
        return replace(state, validators={})
    # A clock that was ahead has set a time that is too late.
    if state.due is None or state.asked_at is None or now < state.asked_at:
        return state
    return state if state.due <= now else None


def find_next_due(upstream: Upstream, now: datetime, failures: int) -> datetime:
    """Return when to ask again: after its interval, which doubles with failures up to a day.

    It is up to a tenth earlier or later, so that not all the world asks at once.
    """
    minutes = upstream.every_minutes
    if failures > 1:
        minutes = max(minutes, min(minutes << min(failures - 1, _MAX_DOUBLINGS), _DAY_MINUTES))
    per_mille = int(digest(upstream.id, now.isoformat()).removeprefix("1:")[:8], 16) % 2_001 - 1_000
    return now + timedelta(seconds=60 * minutes + 60 * minutes * per_mille // (1_000 * _JITTER))


def _hash_settings(upstream: Upstream) -> str:
    return digest(upstream.kind, upstream.url, upstream.series, upstream.season or "", *upstream.files)

"""Somebody else's calendar, compared with a season of ours: for the tests of the proposals that follow."""

from __future__ import annotations

from aslms_feeds.upstreams.proposals.compare import compare_calendar
from aslms_feeds.upstreams.proposals.statements import parse_their_event
from seasons import NOW, contents, series_files

FILES = series_files(contents())


def their_event(title, start, end="", *, place="", status="", uid=""):
    """Return an event of their calendar."""
    return parse_their_event(uid or f"{title} {start}", title, place, start, end, status)


def propose(*their_events, files=FILES, season="2030", now=NOW):
    """Return what is proposed for a season of ours where their calendar has these events."""
    (season_files,) = [candidate for candidate in files.seasons if candidate.id == season]
    return compare_calendar(files, season_files, their_events, "club", now=now)


def summarize_proposals(*their_events, **options):
    """Return what is proposed, in short."""
    return [
        (proposal.event, proposal.session, proposal.what, proposal.ours, proposal.theirs)
        for proposal in propose(*their_events, **options)
    ]

"""Somebody else's calendar, compared with a season of ours: for the tests of what is made of it."""

from __future__ import annotations

from aslms_feeds.upstreams.proposals.compare import compare
from aslms_feeds.upstreams.proposals.statements import theirs
from seasons import NOW, contents, series_files

FILES = series_files(contents())


def says(title, start, end="", *, place="", status="", uid=""):
    """Return one of their events."""
    return theirs(uid or f"{title} {start}", title, place, start, end, status)


def found(*others, files=FILES, season="2030", now=NOW):
    """Return what is proposed."""
    (own,) = [one for one in files.seasons if one.id == season]
    return compare(files, own, others, "club", now=now)


def short(*others, **further):
    """Return what is proposed, in short."""
    return [(one.event, one.session, one.what, one.ours, one.theirs) for one in found(*others, **further)]

"""Somebody else's calendar compared with ours: what differs is a proposal for a person, and never published by itself.

What matches and says the same is nobody's news; what differs becomes a `Proposal` with the TOML to write. The same
difference is the same proposal, with the same id, until either side changes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from aslms_feeds.definitions.values import What
from aslms_feeds.identity import digest
from aslms_feeds.upstreams.proposals.additions import Additions
from aslms_feeds.upstreams.proposals.differences import Differences
from aslms_feeds.upstreams.proposals.matching import Matcher, names_of, order, without_series
from aslms_feeds.upstreams.proposals.patches import Difference, comment
from aslms_feeds.upstreams.proposals.statements import ours
from aslms_feeds.upstreams.proposals.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.upstreams.proposals.statements import Theirs

MOST = 100
"""Proposals of one upstream; a calendar that differs in more is another calendar."""
_OFF = (What.CANCELLED, What.POSTPONED)


@dataclass(frozen=True, kw_only=True)
class Proposal(Difference):
    """One difference, and whose it is; what to write where theirs is right is its ``patch``."""

    id: str
    upstream: str
    """Whose calendar it is: the upstream's id."""
    series: str
    season: str


def compare(
    files: SeriesFiles, season: SeasonFiles, found: Sequence[Theirs], upstream: str, *, now: datetime
) -> tuple[Proposal, ...]:
    """Return how somebody else's calendar differs from a season of ours, for what is not over at ``now``.

    By event and session in the season's order, new events last; ``upstream`` is the id of whose calendar it is.
    """
    own = ours(files, season)
    words = Vocabulary.of(own, names_of(files))
    named = [replace(one, title=without_series(files, one.title)) for one in found]
    pairs, left = Matcher(files.series, own, words).pairs(sorted(named, key=order))
    differences = Differences(own, now)
    changed = {(one.event, one.session): made for one, their in pairs if (made := differences.of(one, their))}
    in_order = [changed[one.event, one.session] for one in own if (one.event, one.session) in changed]
    # A meeting that is off takes its sessions with it: that is one decision.
    off = {made.event for made in in_order if not made.session and made.what in _OFF}
    kept = [made for made in in_order if not (made.session and made.what in _OFF and made.event in off)]
    new = Additions(files, own, words, now).of(pairs, left)
    return tuple(_proposal(one, files.id, season.id, upstream) for one in (*kept, *new))[:MOST]


def _proposal(one: Difference, series: str, season: str, upstream: str) -> Proposal:
    name = digest(upstream, series, season, one.event, one.session, one.what, one.ours, one.theirs)
    return Proposal(
        id=f"{upstream[:40].rstrip('-')}-{name.removeprefix('1:')[:10]}",
        upstream=upstream,
        series=series,
        season=season,
        **vars(one),
    )


def to_json(found: Sequence[Proposal]) -> str:
    """Return proposals as they are kept, and as programs read them."""
    rows = [{"id": one.id, **asdict(one)} for one in found]
    return json.dumps({"format": 1, "proposals": rows}, ensure_ascii=False, indent=1) + "\n"


def read(text: str | bytes) -> tuple[Proposal, ...]:
    """Return proposals that were kept; ValueError where they cannot be read."""
    try:
        data = json.loads(text)
        if data["format"] != 1:
            raise ValueError("written by another version")
        return tuple(Proposal(**{**row, "what": What(row["what"])}) for row in data["proposals"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("these are no proposals") from error


def shown(found: Sequence[Proposal]) -> str:
    """Return proposals for a person to read: what, ours, theirs, and the TOML to write."""
    return "\n\n".join(_told(one) for one in found) or "nothing is proposed"


def _told(one: Proposal) -> str:
    where = f"{one.series} {one.season}: {one.event}{f'.{one.session}' if one.session else ''}"
    lines = [
        f"{where}: {one.what.value}",
        f"  ours    {one.ours or '–'}",
        f"  theirs  {one.theirs} ({one.upstream}: {comment(one.title)})",
        *(f"    {line}".rstrip() for line in one.patch.splitlines()),
    ]
    return "\n".join(lines)

"""Somebody else's calendar compared with ours: what differs is a proposal for a person, and never published by itself.

What matches and says the same is left out; what differs becomes a `Proposal` with the TOML to write. The same
difference is the same proposal, with the same id, until either side changes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions.values import What
from aslms_feeds.definitions.writing import write_comment
from aslms_feeds.identity import digest
from aslms_feeds.publication.records import read_record, write_record
from aslms_feeds.upstreams.proposals.additions import AdditionFinder
from aslms_feeds.upstreams.proposals.differences import DifferenceFinder
from aslms_feeds.upstreams.proposals.matching import Matcher, collect_series_names, make_sort_key, remove_series_name
from aslms_feeds.upstreams.proposals.patches import Difference
from aslms_feeds.upstreams.proposals.statements import collect_our_events
from aslms_feeds.upstreams.proposals.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.upstreams.proposals.statements import TheirEvent

MAX_PROPOSALS = 100
"""Proposals of one upstream; a calendar that differs in more is another calendar."""
_FORMAT = 1
_OFF = (What.CANCELLED, What.POSTPONED)


@dataclass(frozen=True, kw_only=True)
class Proposal(Difference):
    """One difference, and whose calendar it is in; what to write where they are right is its ``patch``."""

    id: str
    upstream: str
    """Whose calendar it is: the upstream's id."""
    series: str
    season: str


def compare_calendar(
    files: SeriesFiles, season: SeasonFiles, their_events: Sequence[TheirEvent], upstream: str, *, now: datetime
) -> tuple[Proposal, ...]:
    """Return how somebody else's calendar differs from a season of ours, as far as it is not over at ``now``.

    By event and session in the season's order, new events last; ``upstream`` is the id of whose calendar it is.
    """
    our_events = collect_our_events(files, season)
    vocabulary = Vocabulary.collect(our_events, collect_series_names(files))
    renamed = [replace(event, title=remove_series_name(files, event.title)) for event in their_events]
    pairs, unmatched = Matcher(files.series, our_events, vocabulary).match(sorted(renamed, key=make_sort_key))
    finder = DifferenceFinder(our_events, now)
    changes = {
        (pair.our_event.event_id, pair.our_event.session_id): difference
        for pair in pairs
        if (difference := finder.find(*pair))
    }
    ordered = [changes[key] for event in our_events if (key := (event.event_id, event.session_id)) in changes]
    additions = AdditionFinder(files, our_events, vocabulary, now).find(pairs, unmatched)
    differences = [*_drop_sessions_of_meetings_off(ordered), *additions]
    return tuple(_propose(difference, files.id, season.id, upstream) for difference in differences[:MAX_PROPOSALS])


def _drop_sessions_of_meetings_off(differences: Sequence[Difference]) -> list[Difference]:
    """Return the differences without sessions that are off because their meeting is: that is one decision."""
    off_ids = {change.event for change in differences if not change.session and change.what in _OFF}
    return [
        change for change in differences if not (change.session and change.what in _OFF and change.event in off_ids)
    ]


def _propose(difference: Difference, series: str, season: str, upstream: str) -> Proposal:
    key = (difference.event, difference.session, difference.what, difference.ours, difference.theirs)
    name = digest(upstream, series, season, *key).removeprefix("1:")[:10]
    return Proposal(
        id=f"{upstream[:40].rstrip('-')}-{name}", upstream=upstream, series=series, season=season, **vars(difference)
    )


def format_proposals(proposals: Sequence[Proposal]) -> bytes:
    """Return proposals as JSON, as they are stored, and as programs read them."""
    rows = [{"id": proposal.id, **asdict(proposal)} for proposal in proposals]
    return write_record(_FORMAT, {"proposals": rows})


def parse_proposals(text: str | bytes) -> tuple[Proposal, ...]:
    """Return the proposals of JSON that was stored; ValueError where it cannot be read."""
    return read_record(text, _FORMAT, _load_proposals)


def _load_proposals(data: Mapping[str, Any]) -> tuple[Proposal, ...]:
    return tuple(Proposal(**{**row, "what": What(row["what"])}) for row in data["proposals"])


def describe_proposals(proposals: Sequence[Proposal]) -> str:
    """Return proposals for a person to read: what differs, ours, theirs, and the TOML to write."""
    return "\n\n".join(map(_describe, proposals)) or "nothing is proposed"


def _describe(proposal: Proposal) -> str:
    session = f".{proposal.session}" if proposal.session else ""
    lines = [
        f"{proposal.series} {proposal.season}: {proposal.event}{session}: {proposal.what.value}",
        f"  ours    {proposal.ours or '–'}",
        f"  theirs  {proposal.theirs} ({proposal.upstream}: {write_comment(proposal.title)})",
        *(f"    {line}".rstrip() for line in proposal.patch.splitlines()),
    ]
    return "\n".join(lines)

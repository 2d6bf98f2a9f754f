"""What differs between something of ours and the same of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.definitions.times import Precision, zone
from aslms_feeds.definitions.values import Status, What
from aslms_feeds.ledger.facts import OFF
from aslms_feeds.upstreams.proposals import patches
from aslms_feeds.upstreams.proposals.patches import Difference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aslms_feeds.upstreams.proposals.statements import Ours, Theirs


@dataclass(frozen=True)
class Differences:
    """Compares pairs of a season, for what is not over at ``now``."""

    ours: tuple[Ours, ...]
    now: datetime

    def of(self, own: Ours, one: Theirs) -> Difference | None:
        """Return what differs; None where nothing does, or nobody needs to know."""
        if self._over(own, one) or own.status in OFF:
            return None
        if off := one.off:
            what = What.CANCELLED if off is Status.CANCELLED else What.POSTPONED
            return self._patched(own, one, what, own.status.value, off.value, [f'status = "{off.value}"'])
        return self._other_time(own, one) if own.session else self._other_days(own, one)

    def _over(self, own: Ours, one: Theirs) -> bool:
        """Say whether it is over for both: what is past is no proposal any more."""
        past = own.span.over(self.now) if own.span else True
        today = self.now.astimezone(zone(own.timezone)).date()
        start = one.instant(one.start, own.timezone)
        return past and (start <= self.now if start else one.last_day(own.timezone) < today)

    def _other_days(self, own: Ours, one: Theirs) -> Difference | None:
        first, last = one.day(own.timezone), one.last_day(own.timezone)
        said = patches.days_of(first, last)
        if own.span:
            days = own.span.first_day, own.span.last_day
            apart = last < days[0] or first > days[1]
            bare = own.stated and not any(other.session and other.event == own.event for other in self.ours)
            # Who says when its sessions are has said it better than a calendar with whole days.
            if not apart and (not bare or days == (first, last)):
                return None
        lines = [f"first_day = {first}", f"last_day = {last}"]
        if any(other.session and other.event == own.event for other in self.ours):
            lines.append("# and its sessions, whose times this calendar does not give")
        return self._patched(own, one, What.MOVED, patches.days_of(*days) if own.span else "", said, lines)

    def _other_time(self, own: Ours, one: Theirs) -> Difference | None:
        begin = one.instant(one.start, own.timezone)
        span, day = own.span, one.day(own.timezone)
        timed = span is not None and span.timed
        if begin is None or not own.circuit:
            if span and span.first_day <= day <= span.last_day:
                return None
            shown = str(span.first_day) if span and span.precision is not Precision.EVENT else ""
            return self._patched(own, one, What.MOVED, shown, str(day), [f"start = {day}"])
        end = one.instant(one.end, own.timezone)
        if span and timed and begin == span.start and (not span.end_known or end in (None, span.end) or end <= begin):
            return None
        known = span if timed else None
        lines = patches.time_lines(begin, end, known, own)
        here = span is not None and span.first_day <= day <= span.last_day
        same_start = known is not None and begin == known.start
        told = (
            (patches.until(known.start, known.end, own) if same_start else patches.shown(known.start, own))
            if known
            else ""
        )
        if not told and span and span.precision is Precision.DAY:
            told = str(span.first_day)
        said = patches.until(begin, end, own) if same_start and end else patches.shown(begin, own)
        same_day = known.first_day == day if known else here
        return self._patched(own, one, What.RETIMED if same_day else What.MOVED, told, said, lines)

    def _patched(self, own: Ours, one: Theirs, what: What, told: str, said: str, lines: Sequence[str]) -> Difference:
        table = [f"[[event]]  # {patches.comment(one.title)}, in place of its own", f'id = "{own.event}"']
        if own.session:
            table += ["", "  [[event.session]]", f'  id = "{own.session}"', *(f"  {line}" for line in lines)]
        else:
            table += lines
        return Difference(
            event=own.event,
            session=own.session,
            what=what,
            title=one.title,
            ours=told,
            theirs=said,
            patch="\n".join(table) + "\n",
        )

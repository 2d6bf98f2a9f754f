"""Definitions and the ledgers of the last generation to an edition: stamped, dated, ready to render.

Nothing vanishes: what was public and is not defined any more stops the series here, with the ways out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aslms_feeds import feed, naming
from aslms_feeds.addresses import Addresses
from aslms_feeds.calendars import chosen, planned
from aslms_feeds.components import Component, components, entry_statements, revived, statements
from aslms_feeds.edition import Edition, SeasonEdition
from aslms_feeds.errors import IdentityError, Problem
from aslms_feeds.facts import OFF, Fact, local_day, parse_moment, write_moment
from aslms_feeds.language import language
from aslms_feeds.ledger import Ledger, Offer, open_ledger, whole_second
from aslms_feeds.model import Change, Event, Season, SeasonFiles, SeriesFiles, Session, Status, What
from aslms_feeds.moments import Precision, midnight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aslms_feeds.facts import Statement
    from aslms_feeds.feed import Draft
    from aslms_feeds.language import Language


def compose(
    files: SeriesFiles,
    ledgers: Mapping[str, Ledger],
    *,
    now: datetime,
    base_url: str,
    root: str = "calendars",
    published: Collection[str] = (),
    accept_mass_change: bool = False,
) -> Edition:
    """Return the edition of a series at ``now``.

    ``ledgers`` are those of the last generation by season, empty for a first publication; ``published`` the paths of
    its documents; ``root`` is how problems name the calendars folder. Raises :class:`IdentityError`, also for a mass
    change that nothing explains and nobody has accepted.
    """
    languages = tuple(language(tag) for tag in files.publisher.languages)
    addresses = Addresses(base_url, files.id, files.publisher.languages[0])
    problems = list(_other_names(files, ledgers, root))
    if problems:
        raise IdentityError(problems)
    problems = [_lost_season(files, season, root) for season in ledgers if not _still_there(files, season)]
    editions = []
    for season in files.seasons:
        before = next((ledgers[name] for name in (season.id, *season.season.formerly) if name in ledgers), None)
        work = _SeasonWork(files, _with_tombstones(season, before), addresses, languages, f"{root}/{files.id}")
        found = work.edition(before, now)
        if isinstance(found, list):
            problems += found
            continue
        editions.append(found)
        if before is not None and not accept_mass_change:
            problems += work.mass_change(before, found, now)
    if problems:
        raise IdentityError(problems)
    files = replace(files, seasons=tuple(one.files for one in editions))
    # A forerunner is told about on pages and in the data, but nobody subscribes to it.
    made = {one.files.id: one.components for one in editions if one.files.season.kind == "championship"}
    possible = planned(files, made, addresses, languages)
    if problems := list(_lost_calendars(files, {one.path for one in possible}, published, root)):
        raise IdentityError(problems)
    return Edition(
        files=files,
        languages=languages,
        addresses=addresses,
        seasons=tuple(editions),
        current=current_season(editions, now),
        calendars=chosen(possible, files, published),
    )


def successor(path: str, files: SeriesFiles) -> str:
    """Return where a document is today whose season or event has a new id; the path itself where nothing has.

    An address once published answers for ever: the old one carries what the new one does.
    """
    *folders, name = path.split("/")
    for season in files.seasons:
        for index, folder in enumerate(folders):
            if folder not in (season.id, *season.season.formerly):
                continue
            folders[index] = season.id
            name = _renamed(name, f"{files.id}-{folder}-", f"{files.id}-{season.id}-")
            for event in season.season.events:
                if folders[index + 1 :] and folders[index + 1] in event.formerly:
                    name = _renamed(
                        name, f"{files.id}-{season.id}-{folders[index + 1]}.", f"{files.id}-{season.id}-{event.id}."
                    )
                    folders[index + 1] = event.id
            return "/".join([*folders, name])
    return path


def _renamed(name: str, old: str, new: str) -> str:
    return new + name.removeprefix(old) if name.startswith(old) else name


def season_over(season: SeasonFiles, made: Sequence[Component], now: datetime) -> bool:
    """Say whether a season has ended: all its days are over, at their circuits."""
    if season.season.kind == "forerunner":
        return True
    return bool(made) and all(component.span.over(now) for component in made)


def current_season(editions: Sequence[SeasonEdition], now: datetime) -> str:
    """Return the first season that is not over, else the last; forerunners are never current."""
    own = [one for one in editions if one.files.season.kind == "championship"]
    running = [one for one in own if not season_over(one.files, one.components, now)]
    return running[0].files.id if running else own[-1].files.id if own else ""


def next_due(edition: Edition, now: datetime) -> datetime | None:
    """Return the next instant at which the edition changes although its definitions do not: a season's end."""
    ends = [max(_end(one) for one in season.components) for season in edition.seasons if season.components]
    return min((end for end in ends if end > now), default=None)


def _end(component: Component) -> datetime:
    span = component.span
    return span.end if isinstance(span.end, datetime) else midnight(span.end, span.timezone)


@dataclass(frozen=True)
class _SeasonWork:
    files: SeriesFiles
    season: SeasonFiles
    addresses: Addresses
    languages: tuple[Language, ...]
    folder: str

    def edition(self, before: Ledger | None, now: datetime) -> SeasonEdition | list[Problem]:
        made = components(self.files, self.season, self.addresses, self.languages)
        said = {
            **statements(self.files, self.season, made, self.languages),
            **entry_statements(self.files, self.season),
        }
        ledger = before or self._opened(made, now)
        retired = self._retired(said)
        if problems := self._vanished(ledger, said) + self._used_again(ledger, said, retired):
            return problems
        ledger = ledger.revise(said, now=now)
        written = feed.drafts(self.files, self.season, ledger, self.addresses, self.languages, now)
        dated = {one.key: Offer(one.published, one.digests(), one.categories) for one in written if one.published}
        if problems := [self._lost_item(key) for key in ledger.items if key not in dated]:
            return problems
        if before is not None:
            ledger = ledger.with_facts(*_told_elsewhere(written, ledger, now))
        ledger = replace(
            ledger.date_items(dated, now=now),
            retired=ledger.retired | retired,
            changes=ledger.changes | {fact.id for fact in feed.history(self.season, self.files)},
        )
        told = {one.tag: feed.items(written, ledger, self.files, one) for one in self.languages}
        return SeasonEdition(self.season, made, ledger, told)

    def _opened(self, made: Sequence[Component], now: datetime) -> Ledger:
        """Return a new ledger; a first publication is one fact: the season is announced."""
        over = season_over(self.season, made, now)
        ledger = open_ledger(self.season.id, minted=_minted(self.files), now=now, backfilled=over)
        weekends = [one for one in made if not one.session]
        days = ";".join(f"{one.event}={write_moment(one.span.start)}/{write_moment(one.span.end)}" for one in weekends)
        day = self.season.season.announced
        seen = None if over or day else ledger.opened
        announced = Fact(
            id="announced",
            what=What.ANNOUNCED,
            at=seen,
            on=day,
            after=days,
            names={tag.tag: naming.season_name(self.season.season, tag) for tag in self.languages},
            about={
                f"{tag.tag}/{event.id}": naming.event_name(event, tag)
                for tag in self.languages
                for event in self.season.season.events
            },
        )
        return ledger.with_facts(announced)

    def _vanished(self, ledger: Ledger, said: Mapping[str, Statement]) -> list[Problem]:
        gone = ledger.vanished(said)
        events = {old.event for old in gone.values() if old.scope == "event"}
        problems = [self._lost(old) for old in gone.values() if old.scope == "event" or old.event not in events]
        for uid, revision in ledger.revisions.items():
            if uid in said and revision.statement.start and not said[uid].start:
                problems.append(self._undated(revision.statement))
        return problems

    def _retired(self, said: Mapping[str, Statement]) -> frozenset[str]:
        """Return the UIDs that ``retired`` names."""
        names = {one.id for one in self.season.season.retired}
        return frozenset(
            uid
            for uid, one in said.items()
            if one.scope in ("event", "session")
            and any(f"{event}.{one.session}".rstrip(".") in names or event in names for event in self._ids(one.event))
        )

    def _ids(self, event_id: str) -> tuple[str, ...]:
        """Return the ids an event has and had."""
        found = next((one for one in self.season.season.events if one.id == event_id), None)
        return (event_id, *found.formerly) if found else (event_id,)

    def _used_again(self, ledger: Ledger, said: Mapping[str, Statement], retired: Collection[str]) -> list[Problem]:
        """Return a problem for each tombstone whose name something else has taken."""
        problems = []
        for uid in sorted(ledger.retired - set(retired)):
            one = said[uid]
            own = f"{one.event}.{one.session}" if one.session else one.event
            message = (
                f"{one.session or one.event!r} was published by mistake and retired; an id once published is never "
                f'used again: give what is new an id of its own, and put [[retired]] with id = "{own}" back'
            )
            where = f"event.{one.event}.session.{one.session}" if one.session else f"event.{one.event}"
            problems.append(self._problem("season.toml", where, message))
        return problems

    def mass_change(self, before: Ledger, after: SeasonEdition, now: datetime) -> list[Problem]:
        """Return a problem when more than a third of the coming sessions move or go, and nothing says why.

        One session alone is never a mass; what moves by less than three hours within its day is a timetable at work.
        """
        coming = {
            uid: one.statement
            for uid, one in before.revisions.items()
            if one.statement.scope == "session" and one.statement.status not in OFF and not one.statement.over(now)
        }
        gone = after.ledger.retired - before.retired
        said = {uid: after.ledger.revisions[uid].statement for uid in coming}
        moved = [
            old
            for uid, old in coming.items()
            if uid in gone or (_leaps(old, said[uid]) and not self._explained(said[uid], before))
        ]
        if len(moved) < _FEWEST or 3 * len(moved) <= len(coming):
            return []
        shown = ", ".join(sorted(f"{one.event}.{one.session}" for one in moved)[:3])
        more = ", …" if moved[3:] else ""
        message = (
            f"{len(moved)} of {len(coming)} coming sessions would move or go at once ({shown}{more}) and nothing says "
            "why. If it is a slip, such as a wrong time zone, mend it; if it is meant, say so with [[event.change]] or "
            "[[change]], or a status, or publish it once with: aslms-feeds build --accept-mass-change"
        )
        return [self._problem("season.toml", "event", message)]

    def _explained(self, new: Statement, before: Ledger) -> bool:
        """Say whether a ``change`` that was not there before tells of the session, of its event or of the season."""
        return any(
            fact.what in _MOVES and fact.event in ("", new.event) and fact.session in ("", new.session)
            for fact in feed.history(self.season, self.files)
            if fact.id not in before.changes
        )

    def _problem(self, file: str, where: str, message: str) -> Problem:
        return Problem(f"{self.folder}/{self.season.id}/{file}", 0, 0, where, message)

    def _lost(self, old: Statement) -> Problem:
        if old.scope == "entries":
            message = "this entry list was published and is not in the definitions any more; put it back"
            return self._problem("entries.toml", f"list.{old.session}", message)
        name = f"{old.event}.session.{old.session}" if old.session else old.event
        own = old.session or old.event
        retired = f"{old.event}.{old.session}" if old.session else old.event
        message = (
            f"{own!r} was published and is not in the definitions any more. If it is off, keep it with "
            f'status = "cancelled"; if its id changed, give the new one formerly = ["{own}"]; if it was published by '
            f'mistake, add [[retired]] with id = "{retired}" and the reason as why'
        )
        return self._problem("season.toml", f"event.{name}", message)

    def _undated(self, old: Statement) -> Problem:
        message = (
            "its days were published and are not in the definitions any more; keep them, and if they do not hold, "
            'set status = "postponed"'
        )
        return self._problem("season.toml", f"event.{old.event}", message)

    def _lost_item(self, key: str) -> Problem:
        _season, kind, name = key.split("/", 2)
        files = {"news": "news.toml", "entries": "entries.toml", "result": "results.toml", "champion": "results.toml"}
        message = (
            f"the {kind} item {name!r} was published and is not in the definitions any more, or has lost its date; "
            "readers keep what they were told: put it back, and say in its text what is wrong with it"
        )
        return self._problem(files.get(kind, "season.toml"), f"{kind}.{name}", message)


_FEWEST = 2
"""Sessions; fewer are never a mass."""
_LEAP = timedelta(hours=3)
_MOVES = frozenset({What.MOVED, What.RETIMED, What.CALENDAR_CHANGED, What.POSTPONED, What.REINSTATED})
"""The facts that explain why something is at another time."""


def _leaps(old: Statement, new: Statement) -> bool:
    """Say whether a session moves to another day at its circuit, or by hours."""
    if new.status in OFF or Precision.EVENT in (old.precision, new.precision):
        return False
    if local_day(old.start, old.timezone) != local_day(new.start, new.timezone):
        return True
    was, now = parse_moment(old.start), parse_moment(new.start)
    return isinstance(was, datetime) and isinstance(now, datetime) and abs(now - was) >= _LEAP


def _told_elsewhere(written: Sequence[Draft], ledger: Ledger, now: datetime) -> Iterator[Fact]:
    """Yield the facts of results, titles and entry lists that are new: their items tell them."""
    for draft in written:
        kind, _slash, name = draft.key.partition("/")[2].partition("/")
        if kind not in ("result", "champion", "entries") or draft.key in ledger.items or not draft.published:
            continue
        what = draft.what or What.ENTRY_LIST
        event, _slash, session = name.partition("/") if kind == "result" else (draft.event, "", "")
        stamp = whole_second(now)
        yield Fact(
            id=f"{name.replace('/', '.')}.{what}.{stamp:%Y%m%dT%H%M%SZ}",
            what=what,
            event=draft.event or event,
            session=session,
            at=stamp,
            names={tag: story.title for tag, story in draft.stories.items()},
            item=f"{kind}/{name}",
        )


def _other_names(files: SeriesFiles, ledgers: Mapping[str, Ledger], root: str) -> Iterator[Problem]:
    """Yield a problem when what every UID and item id is made from is not what it was."""
    minted = _minted(files)
    for ledger in ledgers.values():
        if ledger.minted != minted:
            identity, _comma, day = ledger.minted.partition(",")
            message = (
                f'the publication was begun with identity = "{identity}" and tag_date = {day}; every UID and item id '
                "is made from them, so they stay for ever, on whatever host: set them back"
            )
            yield Problem(f"{root}/publisher.toml", 0, 0, "identity", message)
            return


def _minted(files: SeriesFiles) -> str:
    return f"{files.publisher.identity},{files.publisher.tag_date.isoformat()}"


def _lost_calendars(
    files: SeriesFiles, possible: Collection[str], published: Collection[str], root: str
) -> Iterator[Problem]:
    """Yield a problem for each calendar that people may be subscribed to and that nothing would keep up to date."""
    for path in sorted(published):
        if path.endswith(".ics") and path not in possible and successor(path, files) not in possible:
            message = (
                f"the calendar {path} was published, and what it is made from is not defined any more: "
                "put its class, or its language in publisher.toml, back"
            )
            yield Problem(f"{root}/{files.id}/series.toml", 0, 0, "", message)


def _still_there(files: SeriesFiles, season: str) -> bool:
    return any(season in (one.id, *one.season.formerly) for one in files.seasons)


def _lost_season(files: SeriesFiles, season: str, root: str) -> Problem:
    message = (
        f"the season {season!r} was published and its folder is gone. Put it back; if the folder has a new name, add "
        f'formerly = ["{season}"] to its season.toml'
    )
    return Problem(f"{root}/{files.id}/{season}/season.toml", 0, 0, "", message)


def _with_tombstones(season: SeasonFiles, ledger: Ledger | None) -> SeasonFiles:
    """Return the season with what was retired put back as cancelled, from what the ledger knows of it."""
    if ledger is None or not season.season.retired:
        return season
    events = {event.id: event for event in season.season.events}
    for retired in season.season.retired:
        event_id, _dot, session_id = retired.id.partition(".")
        alive = next((one for one in season.season.events if event_id in (one.id, *one.formerly)), None)
        names = (alive.id, *alive.formerly) if alive else (event_id,)
        known = [
            revived(one.statement.subject)
            for one in ledger.revisions.values()
            if one.statement.event in names and one.statement.subject and one.statement.scope in ("event", "session")
        ]
        if not known:
            continue
        event_id = alive.id if alive else event_id
        event = events.get(event_id) or known[0][0].model_copy(update={"status": Status.CANCELLED})
        sessions = [one for _event, one in known if one and (not session_id or one.id == session_id)]
        events[event_id] = _buried(event, sessions, session_id, retired.why)
    whole: Season = season.season.model_copy(update={"events": tuple(events.values())})
    return replace(season, season=whole)


def _buried(event: Event, sessions: Sequence[Session], session_id: str, why: str) -> Event:
    there = {session.id for session in event.sessions}
    back = [one.model_copy(update={"status": Status.CANCELLED}) for one in sessions if one.id not in there]
    name = f"retired-{event.id}-{session_id}" if session_id else f"retired-{event.id}"
    change = Change(id=name[:64], what=What.CANCELLED, session=session_id or None, why=why)
    changes = event.changes if any(one.id == change.id for one in event.changes) else (*event.changes, change)
    return event.model_copy(update={"sessions": (*event.sessions, *back), "changes": changes})

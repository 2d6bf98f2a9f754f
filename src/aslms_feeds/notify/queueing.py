"""What has to be told after a build: pings for the WebSub hub and notices, put into the outbox.

`queue_messages` runs under the build's lock, right after the switch, and only writes: what has to be told lies in
``OUTPUT/outbox`` from then on, a file for each message. `delivery` sends it when the lock is released.

A builder may die at any moment. What was public before it could write is told by the next one: ``known.json`` holds
the digest of every feed, the generation and the troubles that are in the outbox already, is written last, and is
compared with what is public.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from aslms_feeds.errors import PublicationError
from aslms_feeds.notify import messages as notify_messages
from aslms_feeds.notify import outbox
from aslms_feeds.notify.outbox import NotedState
from aslms_feeds.publication.formats import is_feed
from aslms_feeds.publication.history import read_history
from aslms_feeds.publication.manifest import INDEX, MANIFEST, read_manifest
from aslms_feeds.publication.workspace import Workspace, open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.errors import Problem
    from aslms_feeds.notify.messages import Notice
    from aslms_feeds.notify.outbox import Message
    from aslms_feeds.publication.publish import Store
    from aslms_feeds.report import Part, Report


def queue_messages(
    output: Path,
    publisher: Publisher | None,
    report: Report,
    *,
    now: datetime,
    warnings: Iterable[Problem] = (),
    quarantined: Mapping[str, str] | None = None,
) -> datetime | None:
    """Put what has to be told after a build into the outbox; return ``now`` when something waits there, else None.

    To be called under the lock of the store, after the switch. ``publisher`` has the address it was published at, or
    is None where its file cannot be read: then nobody is known to be told. Problems in ``report`` and ``warnings`` must
    hold nothing that is under embargo. Whatever goes wrong, here with the disk, is made good by the next build.
    """
    if publisher is None or not (publisher.feeds.hub or publisher.notify or Workspace(output).outbox.is_dir()):
        return None
    try:
        box = outbox.open_outbox(output)
        noted = outbox.load_noted_state(box)
        messages, state = _collect_messages(output, publisher, report, noted, now, (warnings, quarantined))
        outbox.put_messages(box, messages)
        if state != noted:
            # Last: what it says is noted must be.
            outbox.write_noted_state(box, state)
        return now if outbox.list_names(box) else None
    except Exception:
        # It is published, and stays so. The mark was not written: the next build looks again.
        logging.getLogger(__name__).exception("push: what has to be told cannot be noted")
        return now


def _collect_messages(
    output: Path,
    publisher: Publisher,
    report: Report,
    noted: NotedState,
    now: datetime,
    doubts: tuple[Iterable[Problem], Mapping[str, str] | None],
) -> tuple[list[Message], NotedState]:
    """Return what has to be told, and what is noted from then on."""
    messages: list[Message] = []
    notices: list[Notice] = []
    parts = dict(noted.parts)
    for part in report.parts:
        mark = noted.parts.get(part.name)
        if part.generation == 0 or (mark and mark[0] == part.generation):
            continue
        try:
            feeds, missed = _read_part(open_store(output), part, mark)
        except PublicationError:
            continue  # It is reported as a problem of that part; the next build looks again.
        root = publisher.base_url if part.name == INDEX else f"{publisher.base_url}/{part.name}"
        if publisher.feeds.hub:
            before = mark[1] if mark else {}
            paths = [path for path, sha256 in sorted(feeds.items()) if before.get(path) != sha256]
            hub = outbox.key_of_hub(publisher.feeds.hub)
            messages += [outbox.make_ping(hub, f"{root}/{quote(path)}", part.generation, now) for path in paths]
        notice = notify_messages.make_facts_notice(
            part, publication=publisher.name, url=f"{root}/", now=now, missed=missed
        )
        notices += [notice] if notice else []
        # Who switches back by hand, and forth again, has no news.
        parts[part.name] = (max(part.generation, mark[0] if mark else 0), feeds)
    troubles = notify_messages.find_troubles(report, warnings=doubts[0], quarantined=doubts[1])
    for kind in ("errors", "warnings"):
        notice = notify_messages.make_change_notice(kind, noted.troubles, troubles, publication=publisher.name, now=now)
        notices += [notice] if notice else []
    messages += [
        outbox.make_letter(to, notice, now) for notice in notices for to in publisher.notify if notice.kind in to.on
    ]
    return messages, NotedState(parts, troubles)


def _read_part(
    store: Store, part: Part, mark: tuple[int, Mapping[str, str]] | None
) -> tuple[dict[str, str], list[str]]:
    """Return the digests of a part's feeds by path, and the facts of generations that nobody was told of."""
    manifest = read_manifest(store.read_document(part.name, MANIFEST))
    feeds = {path: row.sha256 for path, row in manifest.documents.items() if is_feed(path, row.media_type)}
    # The report tells of the generation that this build made; what a builder made that died, the chronicle tells. But
    # who asks to be told today is not told of the past: without a mark, only a first generation is news.
    noted = mark[0] if mark else 0 if part.generation == 1 else part.generation
    last = part.generation - 1 if part.written or part.new_facts else part.generation
    return feeds, _find_missed_facts(store, part.name, range(noted + 1, last + 1))


def _find_missed_facts(store: Store, part: str, generations: range) -> list[str]:
    rows = read_history(store, part) if generations else ()
    return [fact for row in rows if row.generation in generations for fact in row.facts]

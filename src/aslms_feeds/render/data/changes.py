"""``changes.json``: the facts and items of a season with their dates, and a copy of its ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aslms_feeds.definitions.values import translate
from aslms_feeds.instants import format_moment
from aslms_feeds.ledger.history import collect_facts
from aslms_feeds.ledger.values import format_value
from aslms_feeds.render.data.values import FORMAT, format_time

if TYPE_CHECKING:
    from aslms_feeds.editions.edition import Edition, SeasonEdition
    from aslms_feeds.editions.items import Item
    from aslms_feeds.editions.language import Language
    from aslms_feeds.ledger.facts import Fact


def describe_changes(edition: Edition, season: SeasonEdition, language: Language) -> dict[str, Any]:
    """Return the content of ``changes.json``: every fact, seen or told of the past, and every item with its dates.

    In the first language it carries all that a lost ledger can be rebuilt from, exactly.
    """
    ledger, tag, lasting_id = season.ledger, language.tag, season.files.lasting_id
    facts = collect_facts(season.files, edition.files, ledger)
    seen_ids = {fact.id for fact in ledger.facts}
    recovery = {"recovery": json.loads(ledger.to_json())} if language is edition.languages[0] else {}
    return {
        "format": FORMAT,
        "series": edition.files.id,
        "season": season.files.id,
        "language": tag,
        "opened": format_moment(ledger.opened),
        "backfilled": ledger.backfilled,
        "retired": [{"id": tombstone.id, "why": tombstone.why} for tombstone in season.files.season.retired],
        "facts": [_describe_fact(fact, lasting_id, tag, is_seen=fact.id in seen_ids) for fact in facts],
        "items": [_describe_item(item) for item in season.items[tag]],
        **recovery,
    }


def _describe_fact(fact: Fact, season: str, tag: str, *, is_seen: bool) -> dict[str, Any]:
    return {
        "id": fact.id,
        "what": fact.what,
        "event": fact.event or None,
        "session": fact.session or None,
        "at": format_moment(fact.at) if fact.at else None,
        "on": format_time(fact.on),
        "from": format_value(fact.before),
        "to": format_value(fact.after),
        "timezone": fact.timezone,
        "why": translate(fact.why, dict(fact.whys), tag) or None,
        "item": f"{season}/{fact.item_key}",
        "seen": is_seen,
    }


def _describe_item(item: Item) -> dict[str, Any]:
    return {
        "key": item.key,
        "id": item.id,
        "what": item.what,
        "event": item.event or None,
        "title": item.title,
        "text": item.text,
        "url": item.url,
        "feeds": sorted(item.feeds),
        "published": format_moment(item.published) if item.published else None,
        "updated": format_moment(item.updated) if item.updated else None,
    }

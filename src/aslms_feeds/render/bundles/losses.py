"""What is public of bundles and would not be kept up to date any more: a problem each, and nothing is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aslms_feeds.definitions.publisher import CALENDAR_NAMES
from aslms_feeds.editions.addresses import BUNDLES
from aslms_feeds.editions.items import FEED_NAMES
from aslms_feeds.errors import Problem
from aslms_feeds.publication.formats import ATOM
from aslms_feeds.publication.manifest import INDEX_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aslms_feeds.definitions.publisher import Publisher
    from aslms_feeds.render.bundles.bundle import PublicBundle


def find_lost_bundles(publisher: Publisher, published: Iterable[str], root: str) -> Iterator[Problem]:
    """Yield a problem for each bundle, and each language of one, that is public and not defined any more."""
    ids = {name for bundle in publisher.bundles for name in (bundle.id, *bundle.formerly)}
    languages = {"", *(f"/{tag.lower()}" for tag in publisher.languages[1:])}
    reported: set[str] = set()
    for path in sorted(published):
        language, _slash, path_below = f"/{path}".partition(f"/{BUNDLES}/")
        name = path_below.partition("/")[0]
        if not name or name in reported:
            continue
        if name not in ids:
            reported.add(name)
            message = (
                f"the bundle {name!r} was published and is not in the definitions any more: whoever has subscribed to "
                "it would keep old times. Put it back; if another one takes its place, give that one "
                f'formerly = ["{name}"]'
            )
            yield Problem(f"{root}/publisher.toml", 0, 0, f"bundle.{name}", message)
        elif language not in languages:
            reported.add(name)
            message = f"{path} was published, and its language is not defined any more: put the language back"
            yield Problem(f"{root}/publisher.toml", 0, 0, "languages", message)


def find_emptied_documents(bundle: PublicBundle, root: str) -> Iterator[Problem]:
    """Yield a problem for each public document that no series of its bundle has anything for."""
    for tag in bundle.publisher.languages:
        calendars = [name for name in CALENDAR_NAMES if not bundle.list_calendars(tag, name)]
        feeds = [name for name in FEED_NAMES if not bundle.list_feeds(tag, name)]
        for addresses in (bundle.addresses, *bundle.former_addresses):
            paths = {addresses.calendar(tag, name) for name in calendars}
            paths |= {addresses.path(tag, name, ATOM.file) for name in feeds}
            paths |= set() if bundle.list_series(tag) else {addresses.path(tag, INDEX_PAGE)}
            for path in sorted(bundle.past.rows.keys() & paths):
                message = f"{path} was published, and no series of the bundle has anything for it: put one back"
                yield Problem(f"{root}/publisher.toml", 0, 0, f"bundle.{bundle.definition.id}.series", message)

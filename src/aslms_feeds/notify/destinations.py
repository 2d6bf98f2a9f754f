"""Where messages go: the hub and the receivers of the definitions, with addresses that are secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aslms_feeds.notify import outbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aslms_feeds.definitions.publisher import Publisher


@dataclass(frozen=True)
class Destination:
    """Where messages go; ``url`` is empty where a variable that holds it is not set."""

    key: str
    name: str
    """What messages call it: its host at most."""
    url: str
    media_type: str
    feeds: bool = False
    """Whether it fetches what it is told of: it is a hub."""


def find_destinations(publisher: Publisher, environment: Mapping[str, str]) -> Iterator[Destination]:
    """Yield the hub and every receiver; ``environment`` holds the addresses that publisher.toml does not."""
    if publisher.feeds.hub:
        name = f"the hub {find_host(publisher.feeds.hub)}"
        form = "application/x-www-form-urlencoded"
        yield Destination(outbox.key_of_hub(publisher.feeds.hub), name, publisher.feeds.hub, form, feeds=True)
    for to in publisher.notify:
        url = to.url or environment.get(to.url_from or "", "")
        yield Destination(
            outbox.key_of_receiver(to), f"notify {find_host(url) or to.url_from}", url, "application/json"
        )


def find_host(url: str) -> str:
    """Return the host of an address, which may be told; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""

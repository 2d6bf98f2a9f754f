"""The hub and the own address of a feed as a Link header, read from the feed itself (WebSub, section 4)."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from aslms_feeds.publication.formats import FEED_MEDIA_TYPES, JSON_FEED

if TYPE_CHECKING:
    from aslms_feeds.publication.manifest import Listed
    from aslms_feeds.serve.table import Resource

_HEAD = 4096
"""Octets at the beginning of a feed, before its first item."""
_LINK = re.compile(r"<(?:atom:)?link ([^<>]*)/>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_FIRST_ITEM = re.compile(rb'<entry>|<item>|"items"')


def add_links(resource: Resource, document: Listed, content: bytes | str) -> Resource:
    """Return a feed with its hub and its own address in a Link header too (WebSub, section 4); any other as it is."""
    if document.media_type not in FEED_MEDIA_TYPES:
        return resource
    if isinstance(content, str):
        with open(content, "rb") as file:  # noqa: PTH123 - the path is a plain string in the table
            content = file.read(_HEAD)
    links = _find_links(content[:_HEAD], document.media_type)
    if not links.keys() >= {"hub", "self"} or not all(_URI.fullmatch(url) for url in links.values()):
        return resource
    value = ", ".join(f'<{links[name]}>; rel="{name}"' for name in ("hub", "self"))
    return replace(resource, content_headers=(*resource.content_headers, (b"link", value.encode())))


_URI = re.compile(r"https?://[\w.~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)


def _find_links(beginning: bytes, media_type: str) -> dict[str, str]:
    """Return the hub and the address that a feed itself names, as far as it is one of ours."""
    before = _FIRST_ITEM.split(beginning, maxsplit=1)[0].decode("utf-8", "ignore")
    if media_type != JSON_FEED.media_type:
        links = [dict(_ATTRIBUTE.findall(attributes)) for attributes in _LINK.findall(before)]
        return {link["rel"]: html.unescape(link["href"]) for link in links if link.keys() >= {"rel", "href"}}
    try:
        data = json.loads(before + '"items": []}')
        return {"self": str(data["feed_url"]), "hub": str(data["hubs"][0]["url"])}
    except (ValueError, KeyError, TypeError, IndexError):
        return {}

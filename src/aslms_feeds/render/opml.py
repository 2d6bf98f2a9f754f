"""OPML 2.0: every feed in one file, so that a reader takes them all in one import (http://opml.org/spec2.opml)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml.etree import Element, SubElement, tostring

from aslms_feeds.editions import markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element


@dataclass(frozen=True)
class Outline:
    """A feed, or a folder of feeds such as a series."""

    text: str
    """What readers call it."""
    xml_url: str = ""
    """The feed's address; empty for a folder."""
    html_url: str = ""
    """The page behind it."""
    language: str = ""
    """The language tag."""
    outlines: tuple[Outline, ...] = ()
    """What a folder holds."""


def render_opml(title: str, outlines: Sequence[Outline]) -> bytes:
    """Return a subscription list; without a date, which would change it when no feed has come or gone."""
    markup.check_legal("feeds.opml", title)
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = title
    _add_outlines(SubElement(root, "body"), outlines)
    return tostring(root, pretty_print=True, encoding="UTF-8", xml_declaration=True)


def _add_outlines(parent: _Element, outlines: Sequence[Outline]) -> None:
    for outline in outlines:
        markup.check_legal(
            f"feeds.opml: {outline.text}", outline.text, outline.xml_url, outline.html_url, outline.language
        )
        # Most readers show title, some show text; the type of a subscription is "rss", whatever its format.
        attributes = {
            "type": "rss" if outline.xml_url else "",
            "text": outline.text,
            "title": outline.text,
            "xmlUrl": outline.xml_url,
            "htmlUrl": outline.html_url,
            "language": outline.language,
        }
        element = SubElement(parent, "outline", {name: value for name, value in attributes.items() if value})
        _add_outlines(element, outline.outlines)

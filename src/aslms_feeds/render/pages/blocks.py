"""Data blocks: JSON-LD as an element of a page holds it, and the one that every page has, its place in the site."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTEXT = "https://schema.org"


def data_block(data: Mapping[str, Any]) -> Markup:
    """Return JSON for a data block: ``<`` is written as an escape, so that nothing can close the element."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped for a data block above


def breadcrumbs(trail: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the way from the front page to a page, each step an address and a name; search engines want two."""
    if len(trail) < 2:  # noqa: PLR2004 - the front page has no way to it
        return {}
    steps = [
        {"@type": "ListItem", "position": position, "name": name, "item": url}
        for position, (url, name) in enumerate(trail, 1)
    ]
    return {"@context": CONTEXT, "@type": "BreadcrumbList", "itemListElement": steps}

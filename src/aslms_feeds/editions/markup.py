"""Text for readers: Markdown to a sanitised HTML fragment and to plain text, and what a feed can carry at all.

Two locks, one behind the other: markdown-it-py never passes HTML on, and nh3 lets nothing out but the tags below.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from aslms_feeds.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

TAGS = frozenset(
    "a blockquote br code em h3 h4 h5 h6 hr li ol p pre s strong table tbody td th thead tr ul".split()  # noqa: SIM905 - as one reads it
)
"""Every tag a fragment may hold: what Markdown can say, without pictures. Its titles begin below those of a page."""

SCHEMES = frozenset({"http", "https", "mailto"})
"""Where a link may lead."""

_ABSOLUTE = re.compile(r"(?:https?://[^/?#\s]|mailto:[^\s@]+@)", re.IGNORECASE)
# XML 1.0 section 2.2: outside its characters the feed ends for every reader, escaped or not. It allows U+007F to U+009F
# with a warning: readers take them for the letters Windows had there.
_ILLEGAL = re.compile(r"[^\t\n\r\x20-\x7E\xA0-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")

_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    # Readers have no base address: a relative link would lead anywhere, so it loses its address.
    attribute_filter=lambda _tag, name, value: value if name != "href" or _ABSOLUTE.match(value) else None,
    url_schemes=set(SCHEMES),
    link_rel="noopener noreferrer",
)


def render_html(markdown: str) -> str:
    """Return Markdown as an HTML fragment of ``TAGS``, with absolute links only."""
    rendered = _MARKDOWN.renderer.render(_parse_tokens(markdown), _MARKDOWN.options, {})
    return _CLEANER.clean(rendered).strip()


def render_plain(markdown: str) -> str:
    """Return Markdown as plain text: paragraphs apart, lists marked, the address of a link behind its words."""
    return _render_blocks(SyntaxTreeNode(_parse_tokens(markdown)).children)


@lru_cache(maxsize=4096)
def _parse_tokens(markdown: str) -> list[Token]:
    """Return a text parsed; every item needs it twice, as HTML and as plain text."""
    return _MARKDOWN.parse(markdown)


def mark_direction(fragment: str, direction: str) -> str:
    """Return a fragment that says itself that it runs from right to left, since no feed format can say it for it."""
    return f'<div dir="rtl">{fragment}</div>' if direction == "rtl" else fragment


def check_legal(owner: str, *texts: str) -> None:
    """Raise a ``RenderError`` that names ``owner`` when a text holds a character that no feed can carry."""
    for text in texts:
        if illegal := _ILLEGAL.search(text):
            message = f"{owner}: a feed cannot carry the character U+{ord(illegal[0]):04X}"
            raise RenderError(message, hint="take the character out of the text it came from")


def _make_parser() -> MarkdownIt:
    markdown = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})
    markdown.core.ruler.push("demote", _demote)
    markdown.add_render_rule("image", _render_alternative)
    return markdown


def _demote(state: StateCore) -> None:
    """Make ``#`` an h3: above it stand the titles of the page and of the item."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"


def _render_alternative(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Say what a picture shows, since pictures stay out."""
    return escape(renderer.renderInlineAsText(tokens[index].children, options, env))


_MARKDOWN = _make_parser()


def _render_blocks(nodes: Sequence[SyntaxTreeNode], between: str = "\n\n") -> str:
    return between.join(text for text in map(_render_block, nodes) if text)


def _render_block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "fence" | "code_block":
            return node.content.rstrip("\n")
        case "hr":
            return ""
        case "bullet_list" | "ordered_list":
            return _render_list(node)
        case "table":
            return "\n".join(_render_row(row) for part in node.children for row in part.children)
        case "paragraph" | "heading":
            return _render_inline(node.children).strip()
        case _:
            return _render_blocks(node.children)


def _render_list(node: SyntaxTreeNode) -> str:
    first = int(node.attrs.get("start", 1))
    ordered = node.type == "ordered_list"
    items = []
    for number, item in enumerate(node.children, first):
        mark = f"{number}. " if ordered else "- "
        items.append((mark + _render_blocks(item.children, "\n").replace("\n", "\n" + " " * len(mark))).rstrip())
    return "\n".join(items)


def _render_row(row: SyntaxTreeNode) -> str:
    return " | ".join(_render_inline(cell.children) for cell in row.children)


def _render_inline(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "".join(map(_render_words, nodes))


def _render_words(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline" | "text_special":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "link":
            return _render_link(_render_inline(node.children), str(node.attrs.get("href", "")))
        case _:
            return _render_inline(node.children)


def _render_link(words: str, address: str) -> str:
    if not _ABSOLUTE.match(address) or words in {address, address.removeprefix("mailto:")}:
        return words
    return f"{words} ({address.removeprefix('mailto:')})" if words else address

"""The door to Jinja2: templates in, HTML out, with every text through gettext and every address looked at."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup, escape

from aslms_feeds.definitions.shortening import shorten
from aslms_feeds.editions import labels, markup
from aslms_feeds.errors import RenderError
from aslms_feeds.instants import format_instant
from aslms_feeds.publication.formats import FEED_FORMATS
from aslms_feeds.render.pages.assets import load_asset
from aslms_feeds.render.pages.links import strip_host
from aslms_feeds.render.pages.meetings import group_by_class
from aslms_feeds.render.pages.seasons import make_anchor

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from datetime import datetime

    from jinja2.runtime import Context

    from aslms_feeds.definitions.values import Status
    from aslms_feeds.editions.language import Language

_TEMPLATES = Path(__file__).with_name("templates")
_SCHEMES = ("https", "http", "webcal", "mailto")
_SOURCE_LENGTH = 90


class Citations:
    """The sources of one page: each gets a number where it is first cited, and is listed once, at the end."""

    def __init__(self) -> None:
        """Begin without any."""
        self._numbers: dict[str, int] = {}

    def number_sources(self, urls: Iterable[str]) -> list[int]:
        """Return the numbers of some sources, new ones for those that are cited for the first time."""
        return [self._numbers.setdefault(url, len(self._numbers) + 1) for url in dict.fromkeys(urls)]

    @property
    def sources(self) -> list[tuple[int, str]]:
        """Every source so far with its number."""
        return [(number, url) for url, number in self._numbers.items()]


def render(template: str, language: Language, **values: object) -> bytes:
    """Return a page in a language."""
    text = _make_environment().get_template(template).render(language=language, citations=Citations(), **values)
    return text.encode()


def compile_templates() -> None:
    """Compile every template, for a process that has time now and none later."""
    for name in _make_environment().list_templates():
        _make_environment().get_template(name)


@cache
def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # the extension adds it
    environment.globals.update(
        {
            "_": _gettext,
            "gettext": _gettext,
            "ngettext": _ngettext,
            "asset": _find_asset_path,
            "make_anchor": make_anchor,
            "mark_language": _mark_language,
            "feed_formats": FEED_FORMATS,
        }
    )
    environment.filters.update(
        {
            "href": check_address,
            "render_markdown": _render_markdown,
            "trust_sanitised": _trust_sanitised,
            "shorten_address": _shorten_address,
            "format_instant": format_instant,
            "format_offset": _format_offset,
            "strip_host": strip_host,
            "group_by_class": group_by_class,
        }
    )
    environment.filters["name_status"] = _name_status
    return environment


@pass_context
def _gettext(context: Context, message: str, **values: object) -> Markup:
    """Return a message in the page's language; the message itself is text too, never markup."""
    return escape(context["language"].gettext(message)) % values


@pass_context
def _ngettext(context: Context, singular: str, plural: str, n: int, **values: object) -> Markup:
    return escape(context["language"].translations.ngettext(singular, plural, n)) % {"n": n, **values}


@pass_context
def _mark_language(context: Context, texts: Container[str] = ()) -> Markup:
    """Return the attributes of words that the definitions have in the first language alone (WCAG 2.2, 3.1.2)."""
    first = context["page"].alternates[0][0]
    if context["language"].tag == first.tag or context["language"].tag in texts:
        return Markup("")
    return Markup(' lang="{}" dir="{}"').format(first.tag, first.direction)


@pass_context
def _name_status(context: Context, status: Status) -> str:
    return labels.name_status(status, context["language"])


def _find_asset_path(name: str) -> str:
    return load_asset(name).path


def check_address(value: str) -> str:
    """Return an address a page may link to; autoescape does not stop ``javascript:``, this does."""
    scheme, colon, _path = value.partition(":")
    is_ours = value.startswith(("/", "#")) and not value.startswith("//")
    if is_ours or (colon and scheme in _SCHEMES):
        return value
    raise RenderError(f"{value!r} is no address that a page may link to", hint="https, http, webcal or mailto")


def _render_markdown(text: str) -> Markup:
    return Markup(markup.render_html(text))  # noqa: S704 - sanitised there


def _trust_sanitised(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - items hold sanitised fragments


def _shorten_address(url: str) -> str:
    """Return an address as people read it."""
    return shorten(unquote(url.partition("://")[2].removeprefix("www.")).rstrip("/"), _SOURCE_LENGTH)


def _format_offset(value: datetime) -> str:
    text = f"{value:%z}"
    return f"UTC{text[:3]}:{text[3:5]}"

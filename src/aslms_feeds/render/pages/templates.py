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
from aslms_feeds.render.pages.assets import asset
from aslms_feeds.render.pages.links import local
from aslms_feeds.render.pages.meetings import by_class
from aslms_feeds.render.pages.seasons import anchor

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

    def numbers(self, urls: Iterable[str]) -> list[int]:
        """Return the numbers of some sources, new ones for those that are cited for the first time."""
        return [self._numbers.setdefault(url, len(self._numbers) + 1) for url in dict.fromkeys(urls)]

    @property
    def listed(self) -> list[tuple[int, str]]:
        """Every source so far with its number."""
        return [(number, url) for url, number in self._numbers.items()]


def render(template: str, language: Language, **values: object) -> bytes:
    """Return a page in a language."""
    made = _environment().get_template(template)
    return made.render(language=language, citations=Citations(), **values).encode()


def load() -> None:
    """Compile every template, for a process that has time now and none later."""
    for name in _environment().list_templates():
        _environment().get_template(name)


@cache
def _environment() -> Environment:
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
            "asset": _asset_path,
            "anchor": anchor,
            "spoken": _spoken,
            "feed_formats": FEED_FORMATS,
        }
    )
    environment.filters.update(
        {
            "href": href,
            "markdown": _markdown,
            "sanitised": _sanitised,
            "short": _short,
            "iso": format_instant,
            "offset": _offset,
            "local": local,
            "by_class": by_class,
        }
    )
    environment.filters["status"] = _status
    return environment


@pass_context
def _gettext(context: Context, message: str, **values: object) -> Markup:
    """Return a message in the page's language; the message itself is text too, never markup."""
    return escape(context["language"].gettext(message)) % values


@pass_context
def _ngettext(context: Context, one: str, many: str, n: int, **values: object) -> Markup:
    return escape(context["language"].translations.ngettext(one, many, n)) % {"n": n, **values}


@pass_context
def _spoken(context: Context, texts: Container[str] = ()) -> Markup:
    """Return the attributes of words that the definitions have in the first language alone (WCAG 2.2, 3.1.2)."""
    first = context["page"].alternates[0][0]
    if context["language"].tag == first.tag or context["language"].tag in texts:
        return Markup("")
    return Markup(' lang="{}" dir="{}"').format(first.tag, first.direction)


@pass_context
def _status(context: Context, status: Status) -> str:
    return labels.name_status(status, context["language"])


def _asset_path(name: str) -> str:
    return asset(name).path


def href(value: str) -> str:
    """Return an address a page may link to; autoescape does not stop ``javascript:``, this does."""
    scheme, colon, _rest = value.partition(":")
    ours = value.startswith(("/", "#")) and not value.startswith("//")
    if ours or (colon and scheme in _SCHEMES):
        return value
    raise RenderError(f"{value!r} is no address that a page may link to", hint="https, http, webcal or mailto")


def _markdown(text: str) -> Markup:
    return Markup(markup.html(text))  # noqa: S704 - sanitised there


def _sanitised(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - items hold sanitised fragments


def _short(url: str) -> str:
    """Return an address as people read it."""
    return shorten(unquote(url.partition("://")[2].removeprefix("www.")).rstrip("/"), _SOURCE_LENGTH)


def _offset(value: datetime) -> str:
    text = f"{value:%z}"
    return f"UTC{text[:3]}:{text[3:5]}"

"""The files beside the pages: style, script and icons, each under a name that changes with its content."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aslms_feeds.publication.manifest import ASSETS, CSS, PNG, SCRIPT, SVG, Document

if TYPE_CHECKING:
    from aslms_feeds.definitions.series import Series

_STATIC = Path(__file__).with_name("static")
_MEDIA_TYPES = {".css": CSS, ".js": SCRIPT, ".svg": SVG, ".png": PNG}
_COLOUR = re.compile(r"^[A-Za-z]{3,24}$")


@cache
def load_asset(name: str) -> Document:
    """Return a static file under a name that changes with its content, so that it may be cached for ever."""
    return _name_by_content(name, (_STATIC / name).read_bytes())


def load_assets() -> tuple[Document, ...]:
    """Return every static file."""
    return tuple(load_asset(name) for name in ("site.css", "site.js", "icon.svg", "icon.png"))


def load_series_assets() -> tuple[Document, ...]:
    """Return the static files that only pages of a series use."""
    return tuple(load_asset(name) for name in ("subscribe.css", "subscribe.js", "embed.css"))


def find_icon_path() -> str:
    """Return the path of the square PNG icon, 512 pixels wide, as every part of the site has it."""
    return load_asset("icon.png").path


def write_colours(series: Series) -> Document:
    """Return the stylesheet with the colours of a series and its classes; what is no colour name is left out."""
    colours = [(":root", "--series", series.colour)]
    colours += [(f".class-{mark.id}", "--mark", mark.colour) for mark in series.classes if mark.colour]
    rules = [f"{where} {{ {name}: {colour} }}\n" for where, name, colour in colours if _COLOUR.match(colour)]
    return _name_by_content("classes.css", "".join(rules).encode())


def _name_by_content(name: str, body: bytes) -> Document:
    file = Path(name)
    digest = hashlib.sha256(body).hexdigest()[:10]
    return Document(f"{ASSETS}{file.stem}.{digest}{file.suffix}", _MEDIA_TYPES[file.suffix], body)

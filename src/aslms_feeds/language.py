"""One language of the publication: its texts through gettext, its dates and countries through CLDR.

Languages are data: a catalogue ``locale/<tag>/LC_MESSAGES/aslms_feeds.po`` beside this file is all a new one needs.
"""

from __future__ import annotations

import gettext as _gettext
import io
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

LOCALES = Path(__file__).with_name("locale")
DOMAIN = "aslms_feeds"

_CLDR = {"en": "en_GB"}
"""Tags that mean another country's habits to CLDR: here English dates have the day first, and 24 hours."""


@dataclass(frozen=True)
class Language:
    """A language tag and how to say things in it."""

    tag: str
    translations: _gettext.NullTranslations
    locale: Locale

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``, as HTML wants it."""
        return str(self.locale.text_direction)

    @property
    def name(self) -> str:
        """The language's own name for itself."""
        return str(self.locale.get_language_name() or self.tag)

    def gettext(self, message: str, **values: object) -> str:
        """Return ``message`` in this language, ``%(name)s`` filled in."""
        text = self.translations.gettext(message)
        return text % values if values else text

    def ngettext(self, one: str, many: str, n: int, **values: object) -> str:
        """Return the plural form for ``n``, which is also the value ``%(n)s``."""
        return self.translations.ngettext(one, many, n) % {"n": n, **values}

    def day(self, value: date) -> str:
        """Saturday, 2 December 2023."""
        return _date(value, "full", self.locale)

    def short_day(self, value: date) -> str:
        """2 Dec 2023."""
        return _date(value, "medium", self.locale)

    def weekday(self, value: date) -> str:
        """Sat 2 Dec."""
        return str(format_skeleton("MMMEd", value, locale=self.locale))

    def days(self, first: date, last: date) -> str:
        """30 Nov – 3 Dec 2023, or 2 December 2023."""
        if first == last:
            return _date(first, "long", self.locale)
        return str(format_interval(first, last, skeleton="yMMMMd", locale=self.locale))

    def clock(self, value: datetime) -> str:
        """14:00, as the given time zone's clocks show it."""
        return str(format_time(value, "short", tzinfo=value.tzinfo, locale=self.locale))

    def stamp(self, value: datetime) -> str:
        """2 Dec 2023 10:00 UTC."""
        return f"{self.short_day(value.date())} {value:%H:%M} UTC"

    def number(self, value: float) -> str:
        """3.703, with the language's own marks."""
        return str(format_decimal(value, locale=self.locale))

    def country(self, code: str) -> str:
        """Malaysia, for MY."""
        return str(self.locale.territories.get(code, code))

    def listing(self, items: Sequence[str]) -> str:
        """LMP2, LMP3 and GT."""
        return str(format_list(list(items), locale=self.locale))


@lru_cache(maxsize=20_000)
def _date(value: date, style: str, locale: Locale) -> str:
    return str(format_date(value, style, locale=locale))


def compiled(catalogue: bytes) -> _gettext.GNUTranslations:
    """Return the translations of a ``.po`` file's bytes."""
    binary = io.BytesIO()
    write_mo(binary, read_po(io.BytesIO(catalogue), abort_invalid=True))
    binary.seek(0)
    return _gettext.GNUTranslations(binary)


@cache
def language(tag: str) -> Language:
    """Return a language by its tag; English needs no catalogue, any other tag needs one or stays English."""
    path = LOCALES / tag / "LC_MESSAGES" / f"{DOMAIN}.po"
    translations = compiled(path.read_bytes()) if path.is_file() else _gettext.NullTranslations()
    return Language(tag, translations, _locale(tag))


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(_CLDR.get(tag, tag.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")

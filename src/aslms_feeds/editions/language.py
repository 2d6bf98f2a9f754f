"""One language of the publication: its texts through gettext, its dates and countries through CLDR.

Languages are data: a catalogue ``locale/<tag>/LC_MESSAGES/aslms_feeds.po`` beside this file is all a new one needs.
"""

from __future__ import annotations

import gettext as _gettext
import io
import re
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, match_skeleton
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

LOCALES = Path(__file__).with_name("locale")
DOMAIN = "aslms_feeds"

_CLDR = {"en": "en_GB"}
"""Tags that mean another country's habits to CLDR: here English dates have the day first, and 24 hours."""

_MENU = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "ms": "Bahasa Melayu"}
"""Names that a list of languages shows and CLDR does not have: the script is what readers of Chinese choose by."""


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
    def english(self) -> bool:
        """Whether it is the language that our own texts and ids are written in."""
        return self.locale.language == "en"

    @property
    def name(self) -> str:
        """The language's own name for itself, as a list of languages shows it: Français, 日本語."""
        name = _MENU.get(self.tag) or str(self.locale.get_language_name() or self.tag)
        return name[:1].upper() + name[1:]

    def gettext(self, message: str, **values: object) -> str:
        """Return ``message`` in this language, ``%(name)s`` filled in."""
        text = self.translations.gettext(message)
        return text % values if values else text

    def ngettext(self, singular: str, plural: str, n: int, **values: object) -> str:
        """Return the plural form for ``n``, which is also the value ``%(n)s``."""
        return self.translations.ngettext(singular, plural, n) % {"n": n, **values}

    def day(self, value: date) -> str:
        """Saturday, 2 December 2023."""
        return _format_date(value, "full", self.locale)

    def short_day(self, value: date) -> str:
        """2 Dec 2023; always with the month as a word, since 02/12 is two days."""
        return _format_date(value, "yMMMd", self.locale)

    def weekday(self, value: date) -> str:
        """Sat 2 Dec."""
        return _format_date(value, "MMMEd", self.locale)

    def month(self, value: date) -> str:
        """Dec."""
        # CLDR's form for a month alone is an alias in most languages, and Babel answers an alias with the month of
        # whichever language asked first.
        return str(format_date(value, "MMM", locale=self.locale))

    def days(self, first: date, last: date) -> str:
        """30 Nov – 3 Dec 2023, or 2 December 2023."""
        if first == last:
            return _format_date(first, "long", self.locale)
        text = str(format_interval(first, last, skeleton="yMMMMd", locale=self.locale))
        # CLDR's Malay has a comma before the year of two months that it has nowhere else.
        return text.replace(",", "") if self.locale.language == "ms" else _mark_first_of_month(text, self.locale)

    def clock(self, value: datetime) -> str:
        """14:00, as the given time zone's clocks show it: 24 hours in every language, as timetables have them."""
        return f"{value:%H:%M}"

    def stamp(self, value: datetime) -> str:
        """2 Dec 2023 10:00 UTC."""
        # Translators: the second something changed, in UTC.
        return self.gettext("%(day)s %(time)s UTC", day=self.short_day(value.date()), time=self.clock(value))

    def number(self, value: float) -> str:
        """3.703, with the language's own marks."""
        return str(format_decimal(value, locale=self.locale))

    def country(self, code: str) -> str:
        """Malaysia, for MY."""
        return str(self.locale.territories.get(code, code))

    def listing(self, items: Sequence[str]) -> str:
        """LMP2, LMP3 and GT."""
        if self.locale.language == "th" and len(items) > 1:
            # CLDR's Thai has no space before a Latin name, and nothing but spaces between names that have some.
            return f"{', '.join(items[:-1])} และ {items[-1]}"
        return str(format_list(list(items), locale=self.locale))

    def commas(self, items: Iterable[str]) -> str:
        """LMP2, LMP3, GT: things of one kind; what is empty is left out."""
        _ = self.gettext
        # Translators: a plain list of names or sources, without "and".
        return join_texts(items, lambda first, following: _("%(name)s, %(next)s", name=first, next=following))

    def parts(self, items: Iterable[str]) -> str:
        """Sepang, Malaysia: each part places the one before it; what is empty is left out."""
        _ = self.gettext
        # Translators: what belongs to one thing: a circuit, its city, its country; a race meeting and its days.
        return join_texts(items, lambda first, following: _("%(part)s, %(next)s", part=first, next=following))

    def sentences(self, items: Iterable[str]) -> str:
        """Return sentences one after the other: Cancelled. No road. What is empty is left out."""
        _ = self.gettext
        # Translators: two sentences, one after the other. Chinese and Japanese have no space between them.
        return join_texts(items, lambda first, following: _("%(sentence)s %(next)s", sentence=first, next=following))

    def labelled(self, label: str, value: str) -> str:
        """Team: 99 Racing."""
        # Translators: a line of a list: what it is about, and what is said of it.
        return self.gettext("%(label)s: %(value)s", label=label, value=value)

    def span(self, start: str, end: str) -> str:
        """13:00 – 17:00: two times, or two days with their times."""
        # Translators: from one time to another: 13:00 – 17:00.
        return self.gettext("%(start)s – %(end)s", start=start, end=end)

    def day_and_time(self, day: str, time: str) -> str:
        """Saturday, 2 December 2023, 14:00."""
        # Translators: a day in words, and a time or a span of times on it.
        return self.gettext("%(day)s, %(time)s", day=day, time=time)


def join_texts(items: Iterable[str], two: Callable[[str, str], str]) -> str:
    """Return all items that hold something as one text, made by what joins ``two`` of them."""
    texts = [item for item in items if item]
    return reduce(two, texts) if texts else ""


@lru_cache(maxsize=20_000)
def _format_date(value: date, form: str, locale: Locale) -> str:
    if form not in ("full", "long"):
        return _mark_first_of_month(str(format_skeleton(_find_skeleton(form, locale), value, locale=locale)), locale)
    # Thai tells years of the Christian era by "ค.ศ." in these two forms only; the year itself tells it well enough.
    pattern = locale.date_formats[form].pattern.replace("G ", "")
    return _mark_first_of_month(str(format_date(value, pattern, locale=locale)), locale)


@cache
def _find_skeleton(form: str, locale: Locale) -> str:
    """Return the form of a date that a locale has and that is nearest; Babel looks for it anew for each date."""
    forms = locale.datetime_skeletons
    return form if form in forms else match_skeleton(form, forms) or form


def _mark_first_of_month(text: str, locale: Locale) -> str:
    """Return a date as people write it: CLDR has "1 juin", French has "1er juin"."""
    return re.sub(r"(?<!\d)1(?=[ –\u2009])", "1er", text) if locale.language == "fr" else text


def compile_catalogue(catalogue: bytes) -> _gettext.GNUTranslations:
    """Return the translations of a ``.po`` file's bytes."""
    binary = io.BytesIO()
    write_mo(binary, read_po(io.BytesIO(catalogue), abort_invalid=True))
    binary.seek(0)
    return _gettext.GNUTranslations(binary)


@cache
def load_language(tag: str) -> Language:
    """Return a language by its tag; English needs no catalogue, any other tag needs one or stays English."""
    path = LOCALES / tag / "LC_MESSAGES" / f"{DOMAIN}.po"
    translations = compile_catalogue(path.read_bytes()) if path.is_file() else _gettext.NullTranslations()
    return Language(tag, translations, _load_locale(tag))


def load_every_language() -> None:
    """Read every catalogue and its locale's forms of dates, for a process that has time now and none later."""
    for path in LOCALES.iterdir():
        if path.is_dir():
            load_language(path.name).short_day(date(2000, 1, 1))


def _load_locale(tag: str) -> Locale:
    try:
        return Locale.parse(_CLDR.get(tag, tag.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")

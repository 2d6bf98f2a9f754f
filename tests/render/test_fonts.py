"""The letters of the share images: the fonts, how wide they draw, and where lines break."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import unicodedata
from datetime import date

import pytest
from fontTools.ttLib import TTFont

from aslms_feeds.editions.language import LOCALES, load_language
from aslms_feeds.render.images import fonts

TAGS = ("en", "fr", "ar", "ja", "ko", "ms", "th", "zh-Hans")


@pytest.mark.parametrize("tag", TAGS)
def test_fonts_have_every_character_of_our_languages(tag):
    """Nothing that the catalogue or the calendar of a language says is left out or shown as an empty box."""
    tongue = load_language(tag)
    path = LOCALES / tag / "LC_MESSAGES" / "aslms_feeds.po"
    messages = re.findall(r'^msgstr(?:\[\d\])? "(.*)"$', path.read_text(), re.MULTILINE) if path.is_file() else []
    messages += [tongue.days(date(2026, month, 1), date(2026, month, 2)) for month in range(1, 13)]
    messages += list(tongue.locale.territories.values())
    letters = fonts.Letters(tag)
    for text in messages:
        plain = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf")
        cleaned = letters.clean(plain)
        assert cleaned == " ".join(plain.split()), text
        assert fonts.MISSING not in cleaned


def test_missing_letters_are_boxes_and_emoji_are_left_out():
    """A letter that no font has is shown as one box; an emoji, a mark or a control leaves nothing."""
    letters = fonts.Letters("en")
    assert letters.clean("Sepang 🏁 4\x00 \u202eHours\u2028 ꯀ") == f"Sepang 4 Hours {fonts.MISSING}"
    assert letters.clean("Vie\u0302\u0323t Nam") == "Việt Nam"
    assert letters.clean("🏁") == ""


def test_words_stay_whole():
    """Lines break between words, and between Chinese and Japanese characters, but not inside a Japanese word."""
    letters = fonts.Letters("ja")
    assert letters.break_lines("The Bend Motorsport Park", 100, 850) == ["The Bend", "Motorsport Park"]
    for line in letters.break_lines("アジアン・ル・マン・シリーズ第一戦セパン四時間耐久レース（マレーシア）", 60, 850):
        assert line[0] not in "、。）ー"
    assert letters.break_lines("セパン・インターナショナル・サーキット", 60, 700)[0].endswith("・")
    assert letters.cut("Sepang International Circuit", 60, 400).endswith("…")


def test_fonts_are_those_that_the_readme_describes():
    """Each font's digest is in the README, none bears a name that is reserved, and together they stay under 6 MB."""
    readme = (fonts.FOLDER / "README.md").read_text()
    total = 0
    for path in map(fonts.Path, fonts.list_font_files()):
        data = path.read_bytes()
        total += len(data)
        assert f"| `{hashlib.sha256(data).hexdigest()}` | `{path.name}` |" in readme
        for reserved in ("Source", "Noto Sans"):
            assert reserved.encode("utf-16-be") not in data
    assert total < 6_000_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (fonts.FOLDER / "OFL.txt").read_text()


@pytest.mark.parametrize("family", fonts.FAMILIES)
def test_widths_are_those_of_the_fonts(family):
    """What the data file says of a font is what fontTools reads in it: digest, characters, and the width of each."""
    path = fonts.FOLDER / fonts._FONTS[family]
    font, typeface = TTFont(path), fonts.load_typeface(family)
    assert typeface.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert font["head"].unitsPerEm == fonts._UNITS
    assert typeface.widths == {chr(code): font["hmtx"][glyph][0] for code, glyph in font.getBestCmap().items()}


@pytest.mark.slow
def test_the_readme_makes_the_data_file(tmp_path):
    """The program in the README writes the very file that is shipped, which is small and holds nothing invisible."""
    *_fonts_script, script = re.findall(r"```python\n(.*?)```", (fonts.FOLDER / "README.md").read_text(), re.DOTALL)
    for path in fonts.list_font_files():
        shutil.copy(path, tmp_path)
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True, capture_output=True)
    text = fonts.WIDTHS.read_text(encoding="utf-8")
    assert (tmp_path / "widths.json").read_text(encoding="utf-8") == text
    assert text.replace("\n", "").isprintable()
    assert len(text.encode()) < 100_000
    assert json.loads(text).keys() == set(fonts._FONTS.values())

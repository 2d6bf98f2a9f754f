"""Share images: what they show, where they are, and that every machine draws the same."""

import os
import re
import struct
import subprocess
import sys
import unicodedata
from datetime import date

import pytest
import webcolors
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from page_editions import BASE, EVIL, LONG, make_edition, running, series_files, tree, whole_site

from aslms_feeds.definitions.values import Status
from aslms_feeds.editions.addresses import Addresses
from aslms_feeds.editions.language import load_language
from aslms_feeds.render.images import drawing, fonts, posters
from aslms_feeds.render.images.posters import HEIGHT, WIDTH, Poster, draw_png, draw_svg
from aslms_feeds.render.pages import share

TAGS = ("en", "fr", "ar", "ja", "ko", "ms", "th", "zh-Hans")
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = f"{EVIL} \x00\x1b\x7f\u202e]]> 🏁 हिन्दी"


class Public:
    """A publication that has every address it is asked for."""

    def __init__(self):
        """Begin without being asked."""
        self.asked = []

    def __contains__(self, path):
        """Remember what was asked."""
        self.asked.append(path)
        return True


def poster(**more):
    """Return the poster of a race meeting."""
    usual = {
        "short": "EX",
        "series": "Example Series",
        "colour": "darkslateblue",
        "title": "4 Hours of Sepang",
        "days": "11–14 December 2025",
        "place": "Sepang International Circuit, Sepang, Malaysia",
    }
    return Poster(**{**usual, **more})


def texts(picture):
    """Return the lines of an SVG, without the controls that set a direction."""
    lines = etree.fromstring(picture).iter(f"{SVG}text")
    return ["".join(c for c in "".join(one.itertext()) if unicodedata.category(c) != "Cf") for one in lines]


def families(picture):
    """Return the fonts that an SVG names."""
    return set(re.findall(r'font-family="([^"]+)"', picture))


def pictures_of(edition, season):
    """Return the pictures of a season in every language."""
    return [one for language in edition.languages for one in share.make_season_pictures(edition, season, language)]


def made_of(pictures, published):
    """Return the pictures that are not ``published``, as they are drawn."""
    return drawing.draw_pictures([one for one in pictures if one.path not in published])


@pytest.fixture(scope="module")
def heads(edition):
    """Return what the head of each page says by its Open Graph properties."""
    found = {}
    for path, one in whole_site(edition).items():
        if path.endswith(".html"):
            meta = tree(one).xpath("//meta[@property or starts-with(@name, 'twitter:')]")
            found[path] = [(row.get("property") or row.get("name"), row.get("content")) for row in meta]
    return found


@pytest.mark.slow
def test_every_page_names_an_image_that_is_made(edition, heads):
    """The address in a page's head is one of those that are made: its own beside it, else that of the series."""
    public = Public()
    for season in edition.seasons:
        assert made_of(pictures_of(edition, season), public) == []
    assert made_of(share.make_series_pictures(edition), public) == []
    made = {f"{BASE}/ex/{path}" for path in public.asked}
    assert len(made) == len(public.asked)
    named = {path: dict(rows)["og:image"] for path, rows in heads.items() if path.endswith("/index.html")}
    assert set(named.values()) == made
    beside = re.compile(rf"{re.escape(BASE)}/ex/ja/2025-26/sepang/share-[0-9a-f]{{12}}\.png")
    assert beside.fullmatch(named["/races/ex/ja/2025-26/sepang/index.html"])
    assert named["/races/ex/ja/history/index.html"] == named["/races/ex/ja/index.html"]
    assert named["/races/ex/ja/index.html"] != named["/races/ex/index.html"]


@pytest.mark.slow
def test_heads_say_what_the_image_is(heads):
    """Type, size and words stand beside the address, and the card is the large one; other languages are named."""
    rows = heads["/races/ex/2025-26/sepang/index.html"]
    said = dict(rows)
    assert (said["og:image:type"], said["og:image:width"], said["og:image:height"]) == ("image/png", "1200", "630")
    assert said["og:image:alt"].startswith("4 Hours of Sepang · ")
    assert "Sepang International Circuit" in said["og:image:alt"]
    assert said["twitter:card"] == "summary_large_image"
    assert said["og:locale"] == "en_GB"
    assert [value for name, value in rows if name == "og:locale:alternate"] == ["ar", "ja"]
    assert dict(heads["/races/404.html"])["twitter:card"] == "summary"


@pytest.mark.slow
def test_only_what_is_not_public_is_drawn(edition):
    """An address that is published is not drawn again; a new one is a PNG of 1200 by 630 under 60 KB."""
    season = next(one for one in edition.seasons if one.files.id == "2025-26")
    public = Public()
    made_of(pictures_of(edition, season), public)
    wanted = [path for path in public.asked if re.match(r"(ja/)?2025-26/(sepang/)?share-", path)]
    assert len(wanted) == 4
    made = made_of(pictures_of(edition, season), set(public.asked) - set(wanted))
    assert [one.path for one in made] == wanted
    for one in made:
        assert one.media_type == "image/png"
        assert one.body.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack_from(">II", one.body, 16) == (WIDTH, HEIGHT)
        assert len(one.body) < 60_000
    assert len({one.sha256 for one in made}) == 4


def test_forerunners_have_no_images(edition):
    """A season before the series has no page, and no image."""
    public = Public()
    for season in edition.seasons:
        if season.files.season.kind == "forerunner":
            made_of(pictures_of(edition, season), public)
    assert public.asked == []


def test_addresses_change_with_what_is_shown_and_with_nothing_else():
    """What moves, is renamed or called off has another address; what its image does not show changes none."""

    def asked(season):
        edition, public = make_edition(series_files(season, languages=("en",))), Public()
        made_of(pictures_of(edition, edition.seasons[0]), public)
        return {path.rpartition("/")[0]: path for path in public.asked}

    before = running()
    first, *others = before.season.events
    for change, same in (
        ({"checked": date(2025, 11, 19), "note": "Bring a hat."}, True),
        ({"name": "5 Hours of Sepang"}, False),
        ({"last_day": date(2025, 12, 15)}, False),
        ({"status": Status.PROVISIONAL}, False),
        ({"circuit": "dubai"}, False),
    ):
        events = (first.model_copy(update=change), *others)
        after = type(before)(before.id, before.season.model_copy(update={"events": events}))
        now, then = asked(after), asked(before)
        assert (now["2025-26/sepang"] == then["2025-26/sepang"]) is same, change
        assert now["2025-26/dubai"] == then["2025-26/dubai"]


@pytest.mark.slow
def test_the_same_bytes_under_any_hash_seed_and_zone():
    """Neither the hash seed, the zone nor the locale of a machine changes a byte."""
    program = (
        "import hashlib; from aslms_feeds.editions.language import load_language\n"
        "from aslms_feeds.render.images.posters import *;"
        "one = draw_svg(Poster('EX', 'Example', 'teal', 'セパン 4 Hours', '2025年', 'Sepang'), load_language('ja'));"
        "print(hashlib.sha256(one.encode() + draw_png(one)).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(told) == 1


def test_the_address_holds_the_digest_of_the_whole_drawing(monkeypatch):
    """Another colour or short name is another address, as is another version of the drawing under the same SVG."""
    addresses = Addresses(BASE, "ex", "en")

    def path(**more):
        return posters.make_picture(poster(**more), addresses, load_language("en"), "2025-26").path

    first = path()
    assert re.fullmatch(r"2025-26/share-[0-9a-f]{12}\.png", first)
    assert len({first, path(colour="teal"), path(short="XE"), path()}) == 3
    monkeypatch.setattr(posters, "_DRAWING", posters._DRAWING + 1)
    assert path() != first


def test_no_font_of_the_machine_is_used():
    """A font that this machine may have is not found, as one that nobody has."""
    picture = draw_svg(poster(), load_language("en"))
    named = {draw_png(picture.replace("Feeds Sans", family)) for family in ("No Such Font", "DejaVu Sans", "Arial")}
    assert len(named) == 1


@pytest.mark.parametrize("tag", TAGS)
def test_hostile_names_are_only_text(tag):
    """Markup, quotes and controls in every text make no element; the text is there, but for what cannot be drawn."""
    every = dict.fromkeys(("short", "series", "title", "days", "place", "status_name", "new_days"), HOSTILE)
    picture = draw_svg(poster(**every, status=Status.POSTPONED), load_language(tag))
    root = etree.fromstring(picture)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {"svg", "rect", "text", "tspan"}
    assert "<script>alert('1')</script>" in texts(picture)[0]
    assert draw_png(picture).startswith(b"\x89PNG")


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("title", ["4 Hours of Sepang", LONG, "W" * 200, "セパン" * 60, "สนาม" * 40, "حلبة" * 40, ""])
def test_no_text_reaches_the_flag_or_the_edge(tag, title):
    """However long a name is, the strips beside the texts look as they do without any text."""
    said = poster(title=title, series=title, place=title, days=title, new_days=title, status=Status.POSTPONED)
    picture = draw_svg(said, load_language(tag))
    empty = re.sub(r"<text .*?</text>", "", picture)
    assert empty.count("<text") == 0 < picture.count("<text")
    strips = ["0 0 60 630", "920 0 50 630"] if tag != "ar" else ["1140 0 60 630", "230 0 50 630"]
    for strip in (*strips, "0 0 1200 40", "0 600 1200 30"):
        _x, _y, width, height = strip.split()

        def cropped(whole, strip=strip, width=width, height=height):
            head = f'width="{width}" height="{height}" viewBox="{strip}"'
            return draw_png(whole.replace('width="1200" height="630" viewBox="0 0 1200 630"', head, 1))

        assert cropped(picture) == cropped(empty), strip


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.sampled_from(TAGS), st.sampled_from(Status))
def test_any_text_can_be_shown(text, tag, status):
    """Whatever a text holds, the image is well-formed, and each of its lines has room and a font."""
    tongue = load_language(tag)
    letters = fonts.Letters(tag)
    picture = draw_svg(poster(title=text, place=text, days=text, status=status, status_name=text[:20]), tongue)
    for element in etree.fromstring(picture).iter(f"{SVG}text"):
        line = "".join(element.itertext())
        assert letters.measure(line, int(element.get("font-size"))) <= 1000
        for piece in element:
            known = fonts.load_typeface(piece.get("font-family")).widths
            assert all(character in known for character in piece.text or "")


def test_each_language_has_its_own_forms():
    """The same Chinese character is drawn by the font of the page's language, and looks different."""
    one = {tag: draw_svg(poster(title="直"), load_language(tag)) for tag in ("ja", "zh-Hans", "en")}
    assert "Feeds Sans Japanese" in families(one["ja"])
    assert "Feeds Sans Chinese" in families(one["zh-Hans"])
    assert "Feeds Sans Chinese" not in families(one["ja"])
    assert draw_png(one["ja"]) != draw_png(one["zh-Hans"])
    assert families(draw_svg(poster(), load_language("ja"))) == {"Feeds Sans"}


def test_arabic_runs_from_right_to_left():
    """In Arabic everything is mirrored, and a line is told to run from the right; a Latin name is not."""
    arabic = etree.fromstring(draw_svg(poster(days="30 نوفمبر – 3 ديسمبر 2023"), load_language("ar")))
    lines = list(arabic.iter(f"{SVG}text"))
    assert {one.get("text-anchor") for one in lines} == {"end"}
    assert {int(one.get("x")) > WIDTH // 2 for one in lines} == {True}
    told = {"".join(one.itertext()) for one in lines}
    assert "\u206730 نوفمبر – 3 ديسمبر 2023\u2069" in told
    assert "4 Hours of Sepang" in told
    corners = {(int(one.get("x")), int(one.get("y"))) for one in arabic.iter(f"{SVG}rect")}
    assert (0, 0) in corners
    assert all(x + 45 <= WIDTH for x, _y in corners - {(0, 0)})


def test_what_is_off_says_so():
    """What is cancelled or postponed has its days struck through and a mark; a new day stands beside."""
    said = poster(status=Status.POSTPONED, status_name="postponed", new_days="7 March 2026")
    lines = list(etree.fromstring(draw_svg(said, load_language("en"))).iter(f"{SVG}text"))
    struck = ["".join(one.itertext()) for one in lines if one.get("text-decoration") == "line-through"]
    assert struck == ["11–14 December 2025"]
    assert {"postponed", "7 March 2026"} <= set(texts(draw_svg(said, load_language("en"))))
    assert said.alt == (
        "4 Hours of Sepang · postponed · 7 March 2026 · Sepang International Circuit, Sepang, Malaysia · Example Series"
    )
    assert "line-through" not in draw_svg(poster(), load_language("en"))


def test_seasons_and_meetings_say_what_is_known(edition):
    """A season lists its places; one without a calendar says that; a meeting without a day says that."""

    def shown(season, event=""):
        view = share.SeasonView(share.SeriesView(edition, load_language("en")), seasons[season])
        if not event:
            return texts(share.make_season_picture(view).svg)
        return texts(share.make_meeting_picture(view, next(one for one in view.meetings if one.id == event)).svg)

    seasons = {one.files.id: one for one in edition.seasons}
    assert "The calendar is to be announced." in shown("2026-27")
    assert "provisional" in shown("2026-27")
    assert "Sepang" in shown("2024-25")
    assert "4 Hours of Sepang" in shown("2025-26", "sepang")
    assert "late spring" in shown("2025-26", "someday")
    assert "cancelled" in shown("2025-26", "long")


@pytest.mark.parametrize("colour", sorted(webcolors.names("css3")))
def test_every_colour_can_be_read(colour):
    """With any colour of a series, texts have a contrast of 4.5 and the flag is seen (WCAG 2.2, 1.4.3 and 1.4.11)."""
    accent, night = posters._make_colours(colour)
    assert posters._measure_contrast(posters._WHITE, night) > 7
    assert posters._measure_contrast(posters._mix(posters._WHITE, night, 0.72), night) > 4.5
    assert posters._measure_contrast(posters._choose_ink(accent), accent) > 4.5
    assert posters._measure_contrast(accent, night) >= 2
    for chip in posters._STATUS_COLOURS.values():
        assert posters._measure_contrast(posters._NIGHT, chip) > 7


@pytest.mark.slow
def test_many_processes_draw_what_one_draws(edition, monkeypatch):
    """However many draw, the images are the same, in the same order; two that show the same are drawn once."""
    monkeypatch.setattr(drawing, "WORTH_A_PROCESS", 2)
    pictures = [one for season in edition.seasons for one in pictures_of(edition, season)]
    assert len({one.svg for one in pictures}) > 6, "too few to be shared out"
    assert drawing.draw_pictures([*pictures, *pictures], 3) == drawing.draw_pictures([*pictures, *pictures], 1)


@pytest.mark.slow
def test_a_process_that_fails_costs_time_alone(edition, monkeypatch):
    """What another process does not draw is drawn here."""
    monkeypatch.setattr(drawing, "WORTH_A_PROCESS", 2)
    pictures = [one for season in edition.seasons for one in pictures_of(edition, season)]
    right = drawing.draw_pictures(pictures, 1)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert drawing.draw_pictures(pictures, 3) == right

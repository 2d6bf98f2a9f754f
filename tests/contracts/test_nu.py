"""Pages, styles and drawings through the Nu Html Checker, which is what the W3C's validator runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import brotli
import pytest
from contracts.test_browser import everything_published
from untraced import untraced

from aslms_feeds.publication.manifest import INDEX
from aslms_feeds.publication.stores.memory import MemoryStore
from seasons import documents

JAR = Path(__file__).parents[1] / "clients" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
UNKNOWN = "error: CSS: “paint-order”: Property “paint-order” doesn't exist."
"""SVG 2 section 13.8 and CSS Fill and Stroke level 3 have it, every browser knows it; the checker's list does not."""
WRONG = {
    "wrong.html": (
        '<!doctype html>\n<html lang="en"><head><title>Wrong</title></head><body>'
        "<p><div>One</div></p><table><tr><td role=cell>1</td></tr></table></body></html>\n"
    ),
    "wrong.css": "p { colour: red; }\n",
    "wrong.svg": '<svg xmlns="http://www.w3.org/2000/svg"><paragraph/></svg>\n',
}
"""What has to be complained of, so that silence about the rest means something."""


class Checked(NamedTuple):
    """What was given to the checker and what it said, by file."""

    files: dict[str, bytes]
    said: dict[str, set[str]]


@pytest.fixture(scope="module")
def pages(real_store):
    """Return the pages, styles and drawings of the seasons that have everything and of the real ones, by address."""
    found = {}
    with untraced():
        everything = everything_published(MemoryStore())
    for site, store, parts in (
        ("everything", everything, ("cup", "trial", INDEX)),
        ("real", real_store, ("aslms", INDEX)),
    ):
        for part in parts:
            at = f"{site}/" if part == INDEX else f"{site}/{part}/"
            found |= {at + path: body for path, body in documents(store, part).items()}
    return {path: body for path, body in found.items() if path.endswith((".html", ".css", ".svg", ".js"))}


@pytest.fixture(scope="module")
def checked(pages, tmp_path_factory):
    """Check everything in one run of the checker, for starting it takes longer than most pages do."""
    if not shutil.which("java"):
        pytest.fail("these tests need Java: install the Debian package default-jre-headless")
    if not JAR.exists():
        pytest.fail("the HTML checker is missing: run 'sh tests/clients/install.sh'")
    root = tmp_path_factory.mktemp("nu")
    given = {path: body for path, body in pages.items() if not path.endswith(".js")}
    given |= {name: text.encode() for name, text in WRONG.items()}
    for path, body in given.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    # Its schemas are deep: on the usual stack the checker overflows where Java compiles little.
    java = ["java", "-Xss8m", "-XX:TieredStopAtLevel=1", "-jar", str(JAR)]
    command = [*java, "--format", "json", "--stdout", "--exit-zero-always", "--also-check-css", "--also-check-svg"]
    done = subprocess.run([*command, str(root)], capture_output=True, check=True)
    said = {path: set() for path in given}
    for one in json.loads(done.stdout)["messages"]:
        path = urlsplit(one["url"]).path.removeprefix(f"{root}/")
        said[path].add(f"{one.get('subType', one['type'])}: {one['message']}")
    return Checked(given, said)


def test_the_checker_is_at_work(checked):
    """It complains of wrong HTML, wrong CSS and wrong SVG beside the rest, in the same run."""
    found = {path: " ".join(checked.said[path]) for path in WRONG}
    assert "No “p” element in scope but a “p” end tag seen." in found["wrong.html"]
    assert "role" in found["wrong.html"]
    assert "“colour”" in found["wrong.css"]
    assert "“paragraph”" in found["wrong.svg"]


def test_every_page_style_and_drawing_is_valid(checked):
    """There is no error and no warning about any page in three languages, any style sheet or any drawing."""
    found = {path: said for path, said in checked.said.items() if said and path not in WRONG}
    styles = {path for path in found if "/assets/site." in path}
    assert {path: found.pop(path) for path in styles} == {path: {UNKNOWN} for path in styles}
    assert found == {}


def test_every_kind_of_page_is_among_them(pages):
    """Pages of every kind were checked, in each of the languages, with the drawings that stand in them."""
    kinds = {path.partition("/")[2] for path in pages}
    wanted = [
        f"{part}{page}"
        for tag in ("", "ar/", "ja/")
        for part, names in (
            (tag, ("", "bundles/both/")),
            (
                f"cup/{tag}",
                (
                    "",
                    "2029/",
                    "2030/",
                    "2031/",
                    "2030/okayama/",
                    "changes/",
                    "feeds/",
                    "history/",
                    "subscribe/",
                    "why/",
                ),
            ),
        )
        for page in (f"{name}index.html" for name in names)
    ]
    # A page that leads on is where a meeting was before it had a new id, and says so in the language it had then.
    moved = "cup/2030/gulf-sprint/index.html"
    assert {*wanted, moved, "404.html", "cup/embed.html", "cup/ar/embed.html", "aslms/index.html"} <= kinds
    assert b"http-equiv" in pages[f"everything/{moved}"]
    assert b"<svg" in pages["everything/cup/2030/index.html"]
    assert b"<svg" in pages["real/aslms/history/index.html"]
    assert {path.rpartition(".")[2] for path in pages} == {"html", "css", "svg", "js"}


@pytest.mark.parametrize("page", ["", "2023-24/", "2023-24/sepang/", "subscribe/"])
def test_a_first_visit_to_a_real_series_is_light(pages, page):
    """What a browser loads to show a page of the real seasons, compressed as it is served, is under 60,000 bytes."""
    read = [f"/aslms/{page}index.html"]
    html = pages[f"real{read[0]}"].decode()
    read += re.findall(r'<(?:link rel="(?:stylesheet|icon)"|script)[^>]* (?:href|src)="([^"]+\.(?:css|js|svg))"', html)
    assert len({*read}) >= 4
    sizes = {path: len(brotli.compress(pages[f"real{path}"], quality=5)) for path in read}
    assert sum(sizes.values()) < 60_000, sizes

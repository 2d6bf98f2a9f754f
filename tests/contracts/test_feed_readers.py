"""Readers we did not write, in Python and in JavaScript, find in each format what the feed says."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest
from feed_samples import CASES, FORMATS, XML_FORMATS

from aslms_feeds.editions import markup

CLIENTS = Path(__file__).parents[1] / "clients"
ADVICE = 'run "sh tests/clients/install.sh"'


def node(script: Path, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run one of our reading scripts."""
    return subprocess.run(["node", script, *arguments], capture_output=True, text=True, check=False)


def instant(value: datetime) -> str:
    """Return a moment as JavaScript writes it."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Read a rendered feed with feedsmith."""
    folder = tmp_path_factory.mktemp("feeds")

    def read(case: str, file: str) -> dict:
        path = folder / f"{case}-{file}"
        path.write_bytes(FORMATS[file](CASES[case]))
        run = node(CLIENTS / "feeds.mjs", path)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    return read


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("file", FORMATS)
def test_feedsmith_finds_what_the_feed_says(read, case, file):
    """The feed and its items, in each of the three formats, to the last field."""
    feed = CASES[case]
    found = read(case, file)
    atom, json_feed = file == "atom.xml", file == "feed.json"
    assert found == {
        "format": {"atom.xml": "atom", "rss.xml": "rss", "feed.json": "json"}[file],
        "id": feed.id if atom else None,
        "title": feed.title,
        "language": feed.language,
        "updated": None if json_feed else instant(feed.updated),
        "self": feed.urls[file],
        "hub": feed.hub,
        "previous": feed.previous_archive and feed.previous_archive.replace("{file}", file),
        "items": [
            {
                "id": item.id,
                "title": item.title,
                "url": item.url,
                "html": markup.mark_direction(item.html, feed.direction),
                "published": instant(item.published),
                "updated": instant(item.updated) if file != "rss.xml" else None,
                "categories": list(item.categories),
            }
            for item in feed.items
        ],
    }


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("file", XML_FORMATS)
def test_feedparser_finds_what_the_feed_says(case, file):
    """Well-formed, with language, self link, hub, author and items as given."""
    feed = CASES[case]
    found = feedparser.parse(XML_FORMATS[file](feed), sanitize_html=False, resolve_relative_uris=False)
    assert not found.bozo
    assert found.version == {"atom.xml": "atom10", "rss.xml": "rss20"}[file]
    assert found.feed.title == feed.title
    assert found.feed.subtitle == feed.description
    assert found.feed.link == feed.page_url
    rels = {link.rel: link.href for link in found.feed.links}
    assert rels["self"] == feed.urls[file]
    assert rels.get("hub") == feed.hub
    assert [(entry.id, entry.title, entry.link) for entry in found.entries] == [
        (item.id, item.title, item.url) for item in feed.items
    ]
    assert [entry.content[0].value for entry in found.entries] == [
        markup.mark_direction(item.html, feed.direction) for item in feed.items
    ]
    # An author of the feed is each entry's in Atom (RFC 4287 section 4.2.1), but not in RSS.
    told = [found.feed] if file == "atom.xml" else found.entries
    assert [one.author for one in told] == [feed.author] * len(told)
    language = found.feed.title_detail.language if file == "atom.xml" else found.feed.language
    assert language == feed.language


def test_feedparser_keeps_our_html_as_it_is():
    """A reader's own sanitiser takes nothing out of what ours lets through."""
    feed = CASES["awkward"]
    for render in XML_FORMATS.values():
        found = feedparser.parse(render(feed))
        kept = [entry.content[0].value.replace("<br />", "<br>") for entry in found.entries]
        assert kept == [item.html for item in feed.items]


@pytest.mark.parametrize("script", ["feeds.mjs", "ical.mjs"])
def test_missing_packages_are_a_plain_failure(tmp_path, script):
    """Without the packages a script says what to run; it neither passes nor skips."""
    for name in (script, "ready.mjs", "package.json", "package-lock.json"):
        shutil.copy(CLIENTS / name, tmp_path)
    run = node(tmp_path / script, tmp_path / "package.json")
    assert (run.returncode, run.stdout, run.stderr) == (69, "", f"{script}: node_modules is missing: {ADVICE}\n")


@pytest.mark.parametrize("script", ["feeds.mjs", "ical.mjs"])
def test_stale_packages_are_a_plain_failure(tmp_path, script):
    """Packages other than the pinned ones are refused by name."""
    for name in (script, "ready.mjs", "package.json", "package-lock.json"):
        shutil.copy(CLIENTS / name, tmp_path)
    lock = json.loads((CLIENTS / "package-lock.json").read_text())
    lock["packages"]["node_modules/feedsmith"]["integrity"] = "sha512-another"
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / ".package-lock.json").write_text(json.dumps(lock))
    run = node(tmp_path / script, tmp_path / "package.json")
    message = f"{script}: node_modules is not what package-lock.json says (node_modules/feedsmith): {ADVICE}\n"
    assert (run.returncode, run.stdout, run.stderr) == (69, "", message)


def test_installing_without_npm_says_so(tmp_path):
    """Without npm, and without the right to install it, there is one clear line."""
    for name in ("install.sh", "package.json", "package-lock.json"):
        shutil.copy(CLIENTS / name, tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("dirname", "id"):
        (tools / tool).symlink_to(shutil.which(tool))
    run = subprocess.run(
        [shutil.which("sh"), tmp_path / "install.sh"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    message = "npm is missing: install Node.js 18 or newer with npm, then run this again"
    assert (run.returncode, run.stdout, run.stderr) == (69, "", f"tests/clients/install.sh: {message}\n")


def test_the_lock_names_hashes_and_no_registry():
    """Every package is pinned by version and digest; where it comes from is for whoever installs it to say."""
    lock = json.loads((CLIENTS / "package-lock.json").read_text())
    wanted = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//tests//EN
BEGIN:VTIMEZONE
TZID:Asia/Dubai
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0400
TZOFFSETTO:+0400
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:a@racing.example
DTSTAMP:20230609T130000Z
LAST-MODIFIED:20230609T130000Z
DTSTART;TZID=Asia/Dubai:20240204T150000
DTEND;TZID=Asia/Dubai:20240204T190000
SUMMARY:4 Hours of Dubai\\, Race 1
LOCATION:Dubai Autodrome
DESCRIPTION:One\\nTwo
CATEGORIES:LMP2,GT
SEQUENCE:2
STATUS:CONFIRMED
END:VEVENT
BEGIN:VEVENT
UID:b@racing.example
DTSTAMP:20230609T130000Z
DTSTART;VALUE=DATE:20240202
DTEND;VALUE=DATE:20240205
END:VEVENT
BEGIN:VEVENT
UID:c@racing.example
DTSTAMP:20230609T130000Z
DTSTART;TZID=Europe/Paris:20240204T150000
DURATION:PT4H
END:VEVENT
END:VCALENDAR
"""


def test_ical_js_tells_known_zones_from_floating_times(tmp_path):
    """Times come in UTC where the file defines their zone, and are marked where it does not."""
    path = tmp_path / "a.ics"
    path.write_bytes(ICS.replace("\n", "\r\n").encode())
    run = node(CLIENTS / "ical.mjs", path)
    assert run.returncode == 0, run.stderr
    first, second, third = json.loads(run.stdout)
    assert first == {
        "uid": "a@racing.example",
        "summary": "4 Hours of Dubai, Race 1",
        "start": "2024-02-04T11:00:00Z",
        "end": "2024-02-04T15:00:00Z",
        "location": "Dubai Autodrome",
        "description": "One\nTwo",
        "sequence": 2,
        "status": "CONFIRMED",
        "categories": ["LMP2", "GT"],
        "lastModified": "2023-06-09T13:00:00Z",
        "zoneKnown": True,
    }
    assert (second["start"], second["end"], second["zoneKnown"]) == ("2024-02-02", "2024-02-05", True)
    assert (third["start"], third["end"], third["zoneKnown"]) == ("2024-02-04T15:00:00", "2024-02-04T19:00:00", False)


def test_scripts_want_one_readable_file(tmp_path):
    """A wrong call ends in one line, and in a status of its own."""
    assert node(CLIENTS / "feeds.mjs").stderr == "feeds.mjs: give one file\n"
    run = node(CLIENTS / "feeds.mjs", tmp_path / "missing.xml")
    assert run.returncode == os.EX_NOINPUT
    assert run.stderr.startswith("feeds.mjs: ENOENT")

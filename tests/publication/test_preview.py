"""A preview: the site as of any instant, in a folder of its own, and not a trace in what is published."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing

import commands
import pytest

from seasons import PUBLISHER, SEASON, contents

FEW = PUBLISHER + '\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
STREET = """
[[event]]
id = "street"
name = "A Street Race"
circuit = "paris"
embargo = 2030-01-11T12:00:00Z

  [[event.session]]
  id = "race"
  kind = "race"
  start = 2030-05-04T13:00:00
"""
FILES = contents(SEASON + STREET, publisher=FEW)
BEFORE, AFTER = "2030-01-11T11:59:59Z", "2030-01-11T12:00:00Z"
COMMAND = [sys.executable, "-m", "aslms_feeds"]


@pytest.fixture
def folder(tmp_path):
    """Return a working directory with a calendars folder."""
    write(tmp_path, FILES)
    return tmp_path


@pytest.fixture(scope="module")
def built_before(tmp_path_factory):
    """Return a working directory in which all that is public before the embargo ends was built, to be copied."""
    output = tmp_path_factory.mktemp("built")
    write(output, FILES)
    assert run(output, "build", "--now", BEFORE)[0] == 0
    return output


@pytest.fixture
def built(built_before, tmp_path):
    """Return such a directory of the test's own."""
    return shutil.copytree(built_before, tmp_path, symlinks=True, dirs_exist_ok=True)


def write(folder, files):
    """Write a calendars folder."""
    for path, data in files.items():
        (folder / "calendars" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "calendars" / path).write_bytes(data)


def run(folder, *arguments, **environment):
    """Return exit status, output and errors of one command."""
    return commands.run(folder, *arguments, **{"COLUMNS": "100", **environment})


def tree(root):
    """Return every file below a folder with its bytes and time, every link with where it leads."""
    entries = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            entries[name] = str(path.readlink())
        elif path.is_file():
            entries[name] = (path.read_bytes(), path.stat().st_mtime_ns)
        else:
            entries[name] = "folder"
    return entries


def site(output):
    """Return what a web server has to give, through the links, by path."""
    root = output / "site"
    paths = [path for top in [root, *root.iterdir()] if top.is_dir() for path in top.resolve().rglob("*")]
    files = [path for path in paths if path.is_file() and not path.name.endswith((".gz", ".br"))]
    return {
        f"{path.parts[path.parts.index('generations') - 1]}/{str(path).split('/site/')[-1]}": path for path in files
    }


def test_a_preview_shows_what_is_not_public_yet(built):
    """With the instant as it will be; it says how to look at it, and the publication stays as it was."""
    before = tree(built / "publication")
    status, out, errors = run(built, "preview", "--now", AFTER)
    assert (status, errors) == (0, "")
    assert "  2030: street: added" in out
    assert out.endswith("Look at it: aslms-feeds serve --output preview --port 8001\n")
    text = (built / "preview/site/trial/trial-races.ics").read_text()
    assert "UID:race.street.2030.trial@example.org" in text
    assert tree(built / "publication") == before
    assert "street" not in (built / "publication/site/trial/trial-races.ics").read_text()


def test_a_preview_is_what_a_build_makes_then(built):
    """Every document, byte for byte."""
    run(built, "preview", "ahead", "--now", AFTER)
    assert run(built, "build", "--now", AFTER)[0] == 0
    ahead, public = site(built / "ahead"), site(built / "publication")
    assert ahead.keys() == public.keys()
    assert len(ahead) > 20
    different = [name for name in ahead if ahead[name].read_bytes() != public[name].read_bytes()]
    # A manifest names its generation: that of a preview is the preview's own.
    assert {name.split("/")[-1] for name in different} <= {"manifest.json"}


def test_a_preview_without_an_instant_shows_what_a_build_would_make_now(folder):
    """Also an edit that is not published; and nothing that is under embargo now."""
    later = STREET.replace("2030-01-11", "2130-01-11")
    write(folder, contents(SEASON + later, publisher=FEW))
    run(folder, "build")
    write(folder, contents(SEASON.replace("4 Hours of Paris", "5 Hours of Paris") + later, publisher=FEW))
    status, _out, errors = run(folder, "preview")
    assert (status, errors) == (0, "")
    text = (folder / "preview/site/trial/trial-races.ics").read_text()
    assert "5 Hours of Paris" in text
    assert "street" not in text
    assert "5 Hours of Paris" not in (folder / "publication/site/trial/trial-races.ics").read_text()


def test_previews_follow_one_another(folder):
    """The second one, into the same folder, shows its own instant, whichever that is."""
    for now, is_public in ((AFTER, True), (BEFORE, False), (AFTER, True)):
        assert run(folder, "preview", "--now", now)[0] == 0
        text = (folder / "preview/site/trial/trial-races.ics").read_text()
        assert ("street" in text) == is_public
        page = (folder / "preview/site/trial/2030/index.html").read_text()
        assert ("A Street Race" in page) == is_public
    assert not (folder / "publication").exists()


def test_a_preview_of_a_first_publication_needs_no_publication(folder):
    """It makes none either."""
    assert run(folder, "preview", "--now", BEFORE)[0] == 0
    assert (folder / "preview/site/index.html").is_file()
    assert not (folder / "publication").exists()


def test_a_preview_holds_no_private_state(built):
    """Whoever is given the folder gets documents: no ledger, no definitions, no chronicle."""
    assert run(built, "preview", "--now", AFTER)[0] == 0
    states = [path for path in (built / "preview").rglob("state/*") if path.is_file()]
    assert states == []


def test_a_preview_is_never_what_is_published(built):
    """The folder of the publication is refused, under any name that leads there."""
    (built / "link").symlink_to("publication")
    before = tree(built / "publication")
    for name in ("publication", "./publication/", "link", str(built / "publication")):
        status, out, errors = run(built, "preview", name, "--now", AFTER)
        assert (status, out) == (64, "")
        assert "is what is published" in errors
        assert "Try: name another folder, which nobody serves" in errors
    status, _out, errors = run(built, "preview", "other", "--now", AFTER, ASLMS_FEEDS_OUTPUT="other")
    assert status == 64
    assert "is what is published" in errors
    assert tree(built / "publication") == before


def test_a_preview_of_wrong_definitions_says_what_is_wrong(built):
    """Status 1, as a build; told in full as of an instant at which it is no secret."""
    write(built, contents(SEASON + STREET.replace('circuit = "paris"', 'circuit = "pariss"'), publisher=FEW))
    status, _out, errors = run(built, "preview", "--now", AFTER)
    assert status == 1
    assert "event.street.circuit: unknown circuit 'pariss', did you mean 'paris'?" in errors
    status, _out, errors = run(built, "preview", "--now", BEFORE)
    assert status == 1
    assert "street" not in errors


def test_a_preview_asks_nobody_about_a_mass_change(built):
    """It shows what would be; only a build wants to know whether it is meant."""
    moved = SEASON.replace("2030-03-0", "2030-09-0").replace("2030-04-06", "2030-10-06")
    write(built, contents(moved, publisher=FEW))
    assert run(built, "build", "--now", BEFORE)[0] == 1
    assert run(built, "preview", "--now", BEFORE)[0] == 0
    assert "20301006T" in (built / "preview/site/trial/trial-races.ics").read_text()


def test_a_preview_takes_another_address(folder):
    """Links in it lead where it is looked at."""
    assert run(folder, "preview", "--now", AFTER, "--base-url", "http://127.0.0.1:8001")[0] == 0
    assert "http://127.0.0.1:8001/trial/" in (folder / "preview/site/sitemap.xml").read_text()


def test_wrong_arguments_are_explained(folder):
    """An instant without an offset is no instant."""
    status, _out, errors = run(folder, "preview", "--now", "2030-01-11T12:00:00")
    assert status == 64
    assert "has no offset" in errors
    status, out, _errors = run(folder, "preview", "--help")
    assert status == 0
    assert "in a folder that nobody serves" in out


@pytest.mark.slow
def test_a_preview_can_be_served(folder):
    """With the command it names, on a port of the test."""
    run(folder, "preview", "--now", AFTER)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([*COMMAND, "serve", "--output", "preview", "--port", str(port)], cwd=folder)
    try:
        url = f"http://127.0.0.1:{port}/trial/2030/season.json"
        events = json.loads(get(url, server))["events"]
        assert [event["id"] for event in events] == ["okayama", "paris", "street"]
    finally:
        server.terminate()
        server.wait(30)


def get(url, server, seconds=30.0):
    """Return the body at an address, once there is one."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own server
                return answer.read()
        except OSError:
            if time.monotonic() > end or server.poll() is not None:
                raise
            time.sleep(0.1)

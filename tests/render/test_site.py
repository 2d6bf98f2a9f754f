"""The top of the site: made from what each published series says of itself, and from nothing else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from lxml import etree

from aslms_feeds.builds.recipe import regenerate
from aslms_feeds.errors import PublicationError
from aslms_feeds.publication.manifest import INDEX
from aslms_feeds.publication.stores.local import LocalStore
from aslms_feeds.publication.stores.memory import MemoryStore
from aslms_feeds.render import site
from seasons import NOW, PUBLISHER, SEASON, SERIES, contents

FEW = PUBLISHER + 'languages = ["en", "fr"]\n\n[calendars]\nnames = ["races"]\nclasses = []\nreminders = false\n'
BASE = "https://calendar.example.org"
LATER = NOW + timedelta(hours=1)
NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def two(**changed: str) -> dict[str, bytes]:
    """Return a calendars folder with the series ``trial`` and ``cup``."""
    files = contents(publisher=FEW) | {f"trial/{path}": text.encode() for path, text in changed.items()}
    cup = contents(series=SERIES.replace("Test Series", "Test <Cup> & Co"), publisher=FEW)
    return files | {path.replace("trial/", "cup/"): data for path, data in cup.items()}


def published(*steps) -> MemoryStore:
    """Return a store in which folders were published one after the other."""
    store = MemoryStore()
    for files, now in steps:
        regenerate(store, files, now=now)
    return store


def locations(store) -> dict[str, str]:
    """Return the addresses of the sitemap with their times."""
    root = etree.fromstring(store.read_document(INDEX, "sitemap.xml"))
    assert root.tag == f"{NAMESPACE}urlset"
    return {url.findtext(f"{NAMESPACE}loc"): url.findtext(f"{NAMESPACE}lastmod", "") for url in root}


def outlines(store) -> dict[str, list[str]]:
    """Return the feeds of the OPML, by the name of their folder."""
    root = etree.fromstring(store.read_document(INDEX, "feeds.opml"))
    return {folder.get("text"): [inner.get("xmlUrl") for inner in folder] for folder in root.iterfind("body/outline")}


@pytest.mark.slow
def test_every_series_is_on_the_front_page():
    """The front page exists in each language and leads to every series."""
    store = published((two(), NOW))
    for page, folder in (("index.html", ""), ("fr/index.html", "fr/")):
        text = store.read_document(INDEX, page).decode()
        assert f'href="{BASE}/trial/{folder}"' in text or f'href="/trial/{folder}"' in text
        assert "Test &lt;Cup&gt; &amp; Co" in text


@pytest.mark.slow
def test_the_sitemap_lists_every_page_of_every_series():
    """Each page of each manifest is listed with the second its content last changed, and nothing else is."""
    store = published((two(), NOW), (two(**{"2030/season.toml": SEASON.replace("4 Hours of Paris", "Paris")}), LATER))
    addresses = locations(store)
    for name in ("trial", "cup"):
        for path, listed in store.read_current(name).manifest.documents.items():
            address = f"{BASE}/{name}/{path.removesuffix('index.html')}"
            if path.endswith("index.html"):
                assert addresses.pop(address) == f"{listed.modified:%Y-%m-%dT%H:%M:%SZ}"
            else:
                assert address not in addresses
    assert addresses == {f"{BASE}/": "", f"{BASE}/fr/": ""}


@pytest.mark.slow
def test_the_feeds_of_every_series_can_be_taken_at_once():
    """The OPML has a folder for each series with its feeds in each language, all of which exist."""
    store = published((two(), NOW))
    folders = outlines(store)
    assert list(folders) == ["Test <Cup> & Co", "Test Series"]
    for name, addresses in zip(("cup", "trial"), folders.values(), strict=True):
        assert addresses
        assert len(set(addresses)) == len(addresses)
        for address in addresses:
            assert store.read_document(name, address.removeprefix(f"{BASE}/{name}/"))
    assert any("/fr/" in address for address in folders["Test Series"])


@pytest.mark.slow
def test_robots_may_read_everything():
    """Google's calendar obeys robots.txt: nothing is forbidden, and the sitemap is named."""
    text = published((two(), NOW)).read_document(INDEX, "robots.txt")
    assert text == f"User-agent: *\nDisallow:\n\nSitemap: {BASE}/sitemap.xml\n".encode()


@pytest.mark.slow
def test_a_series_with_a_wrong_file_stays_on_it():
    """The front page, the sitemap and the OPML keep what is public of a series that cannot be published now."""
    store = published((two(), NOW))
    before = {path: store.read_document(INDEX, path) for path in ("index.html", "sitemap.xml", "feeds.opml")}
    report = regenerate(store, two(**{"2030/season.toml": "wrong"}), now=LATER)
    assert report.failed
    assert {path: store.read_document(INDEX, path) for path in before} == before


@pytest.mark.slow
def test_the_index_changes_only_with_what_it_shows():
    """A build that changes no page leaves the index at its generation."""
    store = published((two(), NOW), (two(), LATER))
    assert store.read_current(INDEX).manifest.generation == 1


@pytest.mark.slow
def test_a_new_series_is_linked(tmp_path):
    """The web root leads to a series that was added later, and to the old one as before."""
    store = LocalStore(tmp_path)
    regenerate(store, contents(publisher=FEW), now=NOW)
    assert not (tmp_path / "site/cup").exists()
    regenerate(store, two(), now=LATER)
    assert (tmp_path / "site/cup/manifest.json").is_file()
    assert (tmp_path / "site/trial/manifest.json").is_file()


@pytest.mark.slow
def test_a_listing_reads_back():
    """What a series says of itself is kept as text, and is the same when it is read."""
    store = published((two(), NOW))
    text = store.read_current("trial").state[site.LISTING_FILE]
    listing = site.parse_listing(text)
    assert sorted(listing.teasers) == ["en", "fr"]
    assert listing.teasers["en"].name == "Test Series"
    assert [outline.text for outline in listing.feeds]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"teasers": {"en": {}}, "feeds": []}'])
def test_a_garbled_card_is_refused(text):
    """A card that cannot be read is an error with a way out."""
    with pytest.raises(PublicationError, match=r"^site\.json cannot be read: ") as raised:
        site.parse_listing(text)
    assert raised.value.hint == "restore the generation folder from a backup"


@pytest.mark.slow
def test_the_state_of_the_index_names_its_series():
    """What the index leads to is remembered, so that a series whose folder is lost is not taken for a new one."""
    store = published((two(), NOW))
    assert dict(store.read_current(INDEX).state) == {"series": b"cup\ntrial"}
    assert json.loads(store.read_current("cup").state[site.LISTING_FILE])["teasers"].keys() == {"en", "fr"}

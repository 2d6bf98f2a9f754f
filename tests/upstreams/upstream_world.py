"""A calendars folder, an output, and upstreams on a server of ours: for the tests of what asking them comes to."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

from aslms_feeds.definitions.reading import read_definitions
from aslms_feeds.upstreams.poll import poll
from seasons import NOW, PUBLISHER, SEASON, contents

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOOPBACK = "\n[network]\nallow_loopback = true\n"
FEED = 'id = "club"\nkind = "feed"\nurl = "SERVER/feed"\nseries = "trial"'
ICS = 'id = "club"\nkind = "ics"\nurl = "SERVER/ics"\nseries = "trial"'
FOLDER = 'id = "club"\nkind = "definitions"\nurl = "SERVER/trial/"\nseries = "trial"\nfiles = ["2031/season.toml"]'
FILE = 'id = "club"\nkind = "definitions"\nurl = "SERVER/trial/2031/season.toml"\nseries = "trial"'
ARCHIVE = 'id = "club"\nkind = "definitions"\nurl = "SERVER/main.zip"\nseries = "trial"'
NEXT = SEASON.replace("2030", "2031").replace("2029", "2030")
RACE = ("Okayama Race", "20300302T050000Z")
AGREED = ("Paris Race", "20300406T110000Z")


class World:
    """A calendars folder, an output, and upstreams on a server of ours; time goes on by itself from call to call."""

    def __init__(self, output, server, *upstreams, local_files=None):
        """Ask these upstreams, each given as its keys."""
        self.output, self.server, self.now = output, server, NOW
        tables = "".join(f"\n[[upstream]]\n{keys.replace('SERVER', server.url(''))}\n" for keys in upstreams)
        self.publisher_text = PUBLISHER + tables + LOOPBACK
        self.local_files = local_files or contents(publisher=self.publisher_text)
        self.publisher = read_definitions(contents(publisher=self.publisher_text), "calendars").publisher
        assert self.publisher is not None

    def poll(self, later=timedelta(), **options):
        """Ask what is due now, or so much later."""
        self.now += later
        return poll(self.output, self.publisher, now=self.now, local_files=self.local_files, **options)

    def file(self, name, upstream="club"):
        """Return a file that is stored of an upstream."""
        return self.output / "upstreams" / upstream / name


def rss(*numbers, title="Club News", text="Words"):
    """Return an RSS feed of items with these numbers."""
    items = "".join(
        f"<item><guid>https://club.example/{number}</guid><title>Item {number}</title>"
        f"<pubDate>Tue, 01 Jan 2030 10:00:00 GMT</pubDate><description>{text} {number}</description></item>"
        for number in numbers
    )
    return f"<rss><channel><title>{title}</title>{items}</channel></rss>".encode()


def vcalendar(*events):
    """Return a calendar of titles and UTC starts."""
    inner = "".join(
        f"BEGIN:VEVENT\r\nUID:{at}\r\nSUMMARY:{title}\r\nDTSTART:{start}\r\nEND:VEVENT\r\n"
        for at, (title, start) in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\n{inner}END:VCALENDAR\r\n".encode()


def zipped(**files):
    """Return a .zip of definition files, by names with underscores for slashes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"top/trial/{name.replace('_', '/')}.toml", text)
    return file.getvalue()


def titles(polled):
    """Return the titles of what has been joined, by season."""
    return {season: [item.title for item in items] for (_series, season), items in polled.news.items()}

"""What leads into calendars and feeds: the address of each, and the link that opens it in each kind of client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from aslms_feeds.publication.formats import FEED_FORMATS, JSON_FEED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aslms_feeds.editions.calendars import Calendar
    from aslms_feeds.editions.items import FeedName

_LINK_TYPES = {
    # NetNewsWire sees types that end in "/json" only, others ask for the registered one.
    JSON_FEED: ("application/json", JSON_FEED.link_type),
}
"""The media types that links to a format say, where they are not its own alone."""


@dataclass(frozen=True)
class FeedLink:
    """One feed, in every format."""

    name: FeedName
    title: str
    what: str
    """What it holds, in a sentence."""
    urls: Mapping[str, str]
    """By file name."""

    @property
    def types(self) -> Iterable[tuple[str, str]]:
        """Every address with a media type it is known under."""
        return [
            (self.urls[feed_format.file], link_type)
            for feed_format in FEED_FORMATS
            for link_type in _LINK_TYPES.get(feed_format, (feed_format.link_type,))
        ]


@dataclass(frozen=True)
class CalendarLink:
    """One calendar, and how each kind of client subscribes to it."""

    calendar: Calendar
    label: str
    url: str

    @property
    def webcal(self) -> str:
        """The address that opens Apple Calendar, Thunderbird and most others."""
        return f"webcal://{self.url.partition('://')[2]}"

    @property
    def google(self) -> str:
        """The page of Google Calendar that asks whether to subscribe."""
        # Google refuses https in cid: the webcal address is what it takes.
        return f"https://calendar.google.com/calendar/r?cid={quote(self.webcal, safe='')}"

    @property
    def outlook(self) -> str:
        """The same page of Outlook.com."""
        return self._link_to_microsoft("outlook.live.com")

    @property
    def office(self) -> str:
        """The same page of Microsoft 365."""
        return self._link_to_microsoft("outlook.office.com")

    def _link_to_microsoft(self, host: str) -> str:
        name = quote(self.calendar.title, safe="")
        return f"https://{host}/calendar/0/addfromweb?url={quote(self.url, safe='')}&name={name}"


def make_report_link(report: str, subject: str, page_url: str) -> str:
    """Return where a reader reports a wrong time: the publisher's address, or a message about a page (RFC 6068)."""
    if report.startswith("https://"):
        return report
    address = quote(report.removeprefix("mailto:"), safe="@!$'*+")
    return f"mailto:{address}?subject={quote(subject, safe='')}&body={quote(page_url, safe='')}"


def strip_host(url: str) -> str:
    """Return an address of ours without its host, so that a copy of the site elsewhere leads nowhere else."""
    return urlsplit(url).path

"""What is known of the apps that people subscribe with, in one place: the page about each matter shows its own columns.

Makers publish little of it. What stands here was read in the sources of an app, on its maker's pages, or in reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aslms_feeds.editions.language import Language


@dataclass(frozen=True)
class Client:
    """A kind of calendar app, in one language."""

    id: str
    name: str
    refresh: str
    """How often it looks at an address again."""
    again: str
    """How a person makes it look now."""
    subscribed: str
    """How a subscription looks in it; an imported copy looks otherwise."""
    reminders: str
    """What it does with the reminders of a calendar that has some."""
    cancelled: str
    """What it does with an entry that is marked as cancelled (RFC 5545 section 3.8.1.11)."""


def list_clients(language: Language, *, refresh_hours: int) -> tuple[Client, ...]:
    """Return what is known of each kind of client; ``refresh_hours`` is how often the calendars ask to be read."""
    _ = language.gettext
    anew = _("It cannot be made to. Remove the calendar there, and subscribe to it again.")
    unlisted = _("Its entries cannot be edited.")
    ignored = _("ignored")
    unknown = _("not known")
    return (
        Client(
            "google",
            _("Google Calendar"),
            _("every 4 to 24 hours; cannot be set"),
            _("It cannot be made to. Remove the calendar, and subscribe again with “?1” at the end of its address."),
            _("In a browser it stands under “Other calendars”; a copy is in a calendar of your own."),
            ignored,
            _("hidden"),
        ),
        Client(
            "apple",
            _("Apple Calendar"),
            _("as you set it; once a week on a Mac, unless you choose more"),
            _("iPhone, iPad: open the list of calendars and pull it down. Mac: View, Refresh Calendars."),
            _("It stands under “Subscribed” in the list of calendars, and its information shows the address."),
            _("rings, unless you have alerts removed"),
            _("struck through"),
        ),
        Client(
            "outlook",
            _("Outlook.com, Microsoft 365"),
            _("about every 3 hours, up to 24"),
            anew,
            _("Its entries cannot be edited; a copy is in a calendar of your own."),
            ignored,
            unknown,
        ),
        Client(
            "outlook-windows",
            _("Outlook for Windows"),
            language.ngettext(
                "when it sends and receives, at most every hour",
                "when it sends and receives, at most every %(n)s hours",
                refresh_hours,
            ),
            _("Send and receive all folders (F9)."),
            _("It is listed under “Internet Calendars” in the account settings."),
            ignored,
            unknown,
        ),
        Client(
            "proton",
            "Proton",
            _("every 4 to 16 hours"),
            anew,
            _("It stands under “Other calendars”."),
            ignored,
            unknown,
        ),
        Client("fastmail", "Fastmail", _("every hour"), anew, unlisted, unknown, _("struck through")),
        Client(
            "thunderbird",
            "Thunderbird",
            _("every 30 minutes, unless you choose otherwise"),
            _("Choose “Synchronize” in the calendar tab."),
            _("The properties of the calendar show the address."),
            _("rings, unless you switch it off for the calendar"),
            _("struck through, and silent"),
        ),
        Client(
            "icsx5",
            "ICSx5",
            _("once a day, unless you choose more"),
            _("Pull the list of subscriptions down."),
            _("It is in the list of subscriptions, with the address."),
            _("rings, unless you switch it off for the calendar"),
            _("hidden, or shown as if it took place, by the app that shows it"),
        ),
        Client(
            "nextcloud",
            "Nextcloud",
            language.ngettext(
                "as these calendars ask: every hour", "as these calendars ask: every %(n)s hours", refresh_hours
            ),
            anew,
            unlisted,
            ignored,
            unknown,
        ),
    )

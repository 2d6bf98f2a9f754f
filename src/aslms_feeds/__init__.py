"""Racing seasons as calendars, feeds, pages and data that subscribers can trust."""

__version__ = "0.2.0"

"""Instants and days as text and back, in the one form that everything of ours is written in (RFC 3339)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

ONE_SECOND = timedelta(seconds=1)


def whole_second(value: datetime) -> datetime:
    """Return the instant in UTC without its fraction: calendars know no smaller unit (RFC 5545 section 3.3.5)."""
    return value.astimezone(UTC).replace(microsecond=0)


def format_instant(value: datetime) -> str:
    """Return an aware instant as text, in UTC and whole seconds: ``2023-12-02T10:00:00Z``."""
    # Not by strftime, which writes a year before 1000 with fewer than four digits on some machines.
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def parse_instant(text: str) -> datetime:
    """Return the aware instant that a text of RFC 3339 names; raise :class:`ValueError` where it names none."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        message = f"{text} has no offset"
        raise ValueError(message)
    return value.astimezone(UTC)


def format_moment(value: datetime | date) -> str:
    """Return an instant, or a day alone, as text."""
    return format_instant(value) if isinstance(value, datetime) else value.isoformat()


def parse_moment(text: str) -> datetime | date:
    """Return the instant or the day that :func:`format_moment` wrote; raise :class:`ValueError` for anything else."""
    return parse_instant(text) if "T" in text else date.fromisoformat(text)


def earliest(*instants: datetime | None) -> datetime | None:
    """Return the first of the instants that there are; None where there is none."""
    return min((instant for instant in instants if instant), default=None)

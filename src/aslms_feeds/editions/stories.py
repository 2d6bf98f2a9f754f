"""A headline and a Markdown text, and the names of what they are about, in one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aslms_feeds.editions import labels

if TYPE_CHECKING:
    from aslms_feeds.definitions.model import SeasonFiles, SeriesFiles
    from aslms_feeds.definitions.season import Event, Session
    from aslms_feeds.editions.language import Language


@dataclass(frozen=True)
class Story:
    """A headline, plain, and a text, in Markdown."""

    title: str
    text: str
    translated: bool = True
    """Whether it is in the language it was asked for; else it is in the first one."""


@dataclass(frozen=True)
class StoryWriter:
    """Writes about one season in one language, and knows what everything in it is called."""

    files: SeriesFiles
    season: SeasonFiles
    language: Language

    def season_name(self) -> str:
        """Return what the season is called."""
        return labels.name_season(self.season.season, self.language)

    def _find_event(self, event_id: str) -> Event | None:
        return self.season.season.find_event(event_id)

    def event_name(self, event_id: str) -> str:
        """Return what an event is called; one that is not defined by its id."""
        event = self._find_event(event_id)
        return labels.name_event(event, self.language) if event else event_id

    def _find_session(self, event_id: str, session_id: str) -> Session | None:
        event = self._find_event(event_id)
        return event.find_session(session_id) if event else None

    def subject_name(self, event_id: str, session_id: str) -> str:
        """Return what a session is called with its event, an event alone, or the season where there is no event."""
        if not event_id:
            return self.season_name()
        name = self.event_name(event_id)
        session = self._find_session(event_id, session_id) if session_id else None
        if session is None:
            return name
        session_name = labels.name_session(session, self.files.series, self.language)
        return self.language.gettext("%(event)s: %(session)s", event=name, session=session_name)


def escape_markdown(text: str) -> str:
    """Return plain text as Markdown that shows it unchanged (CommonMark section 2.4)."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+-.!|~&" else char for char in text)

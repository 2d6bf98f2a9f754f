"""What we say, taken from the definitions."""

from their_calendar import FILES

from aslms_feeds.definitions.values import Kind
from aslms_feeds.upstreams.proposals import statements


def test_what_we_say_is_taken_from_the_definitions():
    """Ids and UIDs as they are published, spans as they are computed, names in every language."""
    our_events = {
        event.session_id or event.event_id: event for event in statements.collect_our_events(FILES, FILES.seasons[0])
    }
    race = our_events["race-1"]
    assert race.uid == "race-1.okayama.2030.trial@example.org"
    assert (race.kind, race.length_key, race.number, race.timezone) == (Kind.RACE, "hours", 1, "Asia/Tokyo")
    assert our_events["qualifying-gt"].distinctive_words == {"gt"}
    assert our_events["okayama"].uid == "okayama.2030.trial@example.org"

"""What we say, taken from the definitions."""

from rivals import FILES

from aslms_feeds.definitions.values import Kind
from aslms_feeds.upstreams.proposals import statements


def test_what_we_say_is_taken_from_the_definitions():
    """Ids and UIDs as they are published, spans as they are computed, names in every language."""
    own = {one.session or one.event: one for one in statements.ours(FILES, FILES.seasons[0])}
    race = own["race-1"]
    assert race.uid == "race-1.okayama.2030.trial@example.org"
    assert (race.kind, race.length, race.number, race.timezone) == (Kind.RACE, "hours", 1, "Asia/Tokyo")
    assert own["qualifying-gt"].extras == {"gt"}
    assert own["okayama"].uid == "okayama.2030.trial@example.org"

"""Foreign texts, made plain and short."""

from hypothesis import example, given
from hypothesis import strategies as st

from aslms_feeds.definitions.toml import text_problems
from aslms_feeds.upstreams.readers import text as reader_text
from aslms_feeds.upstreams.readers.values import TEXT, TITLE


@given(st.text(max_size=3_000))
@example("\u2028".join("ab" * 400))
@example("x\n\n" * 400 + "y" * 2_000)
def test_every_text_comes_out_clean_and_short(text):
    """Whatever comes in, what comes out is text that a feed can carry."""
    whole, line = reader_text.paragraphs(text), reader_text.line(text)
    assert not list(text_problems((whole, line)))
    assert len(whole) <= TEXT + 2
    assert len(line) <= TITLE
    assert line == " ".join(line.split())
    assert whole == reader_text.paragraphs(whole)

"""Foreign texts, made plain and short."""

from hypothesis import example, given
from hypothesis import strategies as st

from aslms_feeds.definitions.toml import text_problems
from aslms_feeds.upstreams.readers import text as reader_text
from aslms_feeds.upstreams.readers.values import MAX_TEXT, MAX_TITLE


@given(st.text(max_size=3_000))
@example("\u2028".join("ab" * 400))
@example("x\n\n" * 400 + "y" * 2_000)
def test_every_text_comes_out_clean_and_short(text):
    """Whatever comes in, what comes out is text that a feed can carry."""
    paragraphs, line = reader_text.clean_paragraphs(text), reader_text.clean_line(text)
    assert not list(text_problems((paragraphs, line)))
    assert len(paragraphs) <= MAX_TEXT + 2
    assert len(line) <= MAX_TITLE
    assert line == " ".join(line.split())
    assert paragraphs == reader_text.clean_paragraphs(paragraphs)

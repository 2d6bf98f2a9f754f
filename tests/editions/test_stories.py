"""Names and reasons inside Markdown."""

import pytest

from aslms_feeds.editions import markup
from aslms_feeds.editions.stories import escape_markdown


@pytest.mark.parametrize(
    "text", ["*a* _b_ `c` [d](e) <f> # g", "1. one", "- two", "~~a~~ | b & c \\ d!", "https://a.b"]
)
def test_what_is_escaped_is_shown_as_it_is(text):
    """Names and reasons are no Markdown, whatever they hold."""
    assert markup.render_plain(escape_markdown(text)) == text

"""Items of other people's feeds as news of ours."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from aslms_feeds.definitions.results import NewsItem
from aslms_feeds.editions.markup import render_plain
from aslms_feeds.upstreams import news


@given(
    st.text(
        st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Zs"))
        | st.sampled_from("  \n*_`#>-+1.)[](<&!|~=:\\\"'"),
        max_size=200,
    )
)
@example("1. one\n\n2) two\n\n- three\n\n# four\n\n+ five\n\n> six\n\n===\n\n---\n\n: x")
@example("a\\b `c` **d** <script> &amp; ![x](y) https://x.example | a | b |\n\n| - | - |")
@example("```\n\ncode")
def test_foreign_words_are_only_words(text):
    """Markdown finds nothing in them: read back, they are what they were."""
    paragraphs = "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.split())
    assert render_plain(news._escape_markdown(paragraphs)) == paragraphs


def test_every_item_is_news_that_a_definition_could_say():
    """What is joined passes the same checks as news.toml."""
    row = {
        "id": "a",
        "series": "t",
        "season": "2030",
        "on": "2030-01-01",
        "origin": "O",
        "title": "T",
        "text": "",
        "link": "",
    }
    assert isinstance(news.make_news_item(row, spoils=False), NewsItem)
    for bad in (
        {"title": "a\nb"},
        {"title": ""},
        {"on": "1500-01-01"},
        {"on": ""},
        {"link": "javascript:x"},
        {"text": "\x07"},
    ):
        assert news.make_news_item({**row, **bad}, spoils=False) is None

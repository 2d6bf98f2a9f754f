"""Markdown as HTML and as plain text."""

import pytest

from aslms_feeds.editions import markup
from aslms_feeds.errors import RenderError

REL = 'rel="noopener noreferrer"'


@pytest.mark.parametrize(
    ("markdown", "html", "plain"),
    [
        ("", "", ""),
        ("One\ntwo", "<p>One\ntwo</p>", "One two"),
        ("One\\\ntwo  \nthree", "<p>One<br>\ntwo<br>\nthree</p>", "One\ntwo\nthree"),
        ("One\n\n*two* **three** ~~four~~", "<p>One</p>\n<p><em>two</em> <strong>three</strong> <s>four</s></p>", None),
        ("# A\n\n###### B", "<h3>A</h3>\n<h6>B</h6>", "A\n\nB"),
        ("A\n===", "<h3>A</h3>", "A"),
        ("`a < b`", "<p><code>a &lt; b</code></p>", "a < b"),
        ("```py\na <\n  b\n```", "<pre><code>a &lt;\n  b\n</code></pre>", "a <\n  b"),
        ("    code", "<pre><code>code\n</code></pre>", "code"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>", "said"),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>", "a\n\nb"),
        ("R&D &copy; &lt;", "<p>R&amp;D © &lt;</p>", "R&D © <"),
        ("- a\n  - b\n- c", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n<li>c</li>\n</ul>", "- a\n  - b\n- c"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>', "3. a\n4. b"),
        ("- a\n-", "<ul>\n<li>a</li>\n<li></li>\n</ul>", "- a\n-"),
        ("10. a\n\n    b", '<ol start="10">\n<li>\n<p>a</p>\n<p>b</p>\n</li>\n</ol>', "10. a\n    b"),
        ("日程 🏁", "<p>日程 🏁</p>", "日程 🏁"),
        ("سباق", "<p>سباق</p>", "سباق"),
        # What Markdown cannot say stays text.
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>", "<b>x</b>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>", "<script>x</script>"),
        ("www.example.org", "<p>www.example.org</p>", "www.example.org"),
        ('"quoted" -- (c)', '<p>"quoted" -- (c)</p>', '"quoted" -- (c)'),
        # A picture becomes the words that stand for it.
        ('![a "b" <c> *d*](https://e.org/p.png)', '<p>a "b" &lt;c&gt; d</p>', 'a "b" <c> d'),
    ],
)
def test_markdown(markdown, html, plain):
    """Each thing Markdown can say, in both forms."""
    assert markup.render_html(markdown) == html
    assert markup.render_plain(markdown) == ("One\n\ntwo three four" if plain is None else plain)


@pytest.mark.parametrize(
    ("markdown", "html", "plain"),
    [
        (
            '[words](https://e.org/?a=1&b=2 "title")',
            f'<a href="https://e.org/?a=1&amp;b=2" {REL}>words</a>',
            "words (https://e.org/?a=1&b=2)",
        ),
        ("<https://e.org/a>", f'<a href="https://e.org/a" {REL}>https://e.org/a</a>', "https://e.org/a"),
        ("[words](HTTPS://E.org)", f'<a href="HTTPS://E.org" {REL}>words</a>', "words (HTTPS://E.org)"),
        ("[us](mailto:a@e.org)", f'<a href="mailto:a@e.org" {REL}>us</a>', "us (a@e.org)"),
        ("<a@e.org>", f'<a href="mailto:a@e.org" {REL}>a@e.org</a>', "a@e.org"),
        ("[](https://e.org)", f'<a href="https://e.org" {REL}></a>', "https://e.org"),
        # Relative links would lead anywhere in a reader.
        ("[words](/a)", f"<a {REL}>words</a>", "words"),
        ("[words](a/b)", f"<a {REL}>words</a>", "words"),
        ("[words](#a)", f"<a {REL}>words</a>", "words"),
        ("[words](//e.org/a)", f"<a {REL}>words</a>", "words"),
        ("[words](http:a)", f"<a {REL}>words</a>", "words"),
        # Other schemes are dangers, or need a program that is not there.
        ("[words](ftp://e.org/a)", f"<a {REL}>words</a>", "words"),
        ("[words](tel:1)", f"<a {REL}>words</a>", "words"),
        ("[words](javascript:x)", "[words](javascript:x)", "[words](javascript:x)"),
        ("[words](data:text/html,x)", "[words](data:text/html,x)", "[words](data:text/html,x)"),
    ],
)
def test_links(markdown, html, plain):
    """Only absolute links to the web and to people survive, and say nothing about where one came from."""
    assert markup.render_html(markdown) == f"<p>{html}</p>"
    assert markup.render_plain(markdown) == plain


def test_tables():
    """A table keeps its rows; how its columns were aligned needs a style, which is not let out."""
    markdown = "| class | cars |\n|:--|--:|\n| LMP2 | 11 |\n| GT | 20 |"
    assert markup.render_html(markdown) == (
        "<table>\n<thead>\n<tr>\n<th>class</th>\n<th>cars</th>\n</tr>\n</thead>\n<tbody>\n"
        "<tr>\n<td>LMP2</td>\n<td>11</td>\n</tr>\n<tr>\n<td>GT</td>\n<td>20</td>\n</tr>\n</tbody>\n</table>"
    )
    assert markup.render_plain(markdown) == "class | cars\nLMP2 | 11\nGT | 20"


def test_the_second_lock_holds_alone():
    """Were Markdown ever to pass HTML on, nothing but the tags of the list would come out."""
    hostile = (
        '<h1 onclick="x">a</h1><img src=x onerror=x><svg><script>x</script></svg><math><mi>b</mi></math>'
        '<style>x</style><form action=x><input></form><iframe src="https://e.org"></iframe><p style="x" class="y" '
        'id="z" title="t">c</p><a href="javascript:x" onclick="x">d</a><a href="vbscript:x">e</a><!-- f -->'
    )
    assert markup._CLEANER.clean(hostile) == f"a<p>c</p><a {REL}>d</a><a {REL}>e</a>"


def test_direction_is_said_only_where_it_differs():
    """Left to right is what every reader does."""
    assert markup.mark_direction("<p>a</p>", "ltr") == "<p>a</p>"
    assert markup.mark_direction("<p>a</p>", "rtl") == '<div dir="rtl"><p>a</p></div>'


def test_legal_lets_all_text_pass_and_no_control_character():
    """Tabs, line ends, the last of each range, and nothing between them."""
    markup.check_legal("item a", "", "\t\n\r ~\xa0\ud7ff\ue000\ufffd\U00010000\U0010ffff")
    for character in "\0\x08\v\x0c\x0e\x1f\x7f\x85\x9f\ud800\udfff\ufffe\uffff":
        with pytest.raises(RenderError) as caught:
            markup.check_legal("item a", "good", f"bad {character}")
        assert str(caught.value) == f"item a: a feed cannot carry the character U+{ord(character):04X}"

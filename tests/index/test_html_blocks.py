"""What is kept of a page's text is what the page shows: whole, in its order, a paragraph for a paragraph."""

from __future__ import annotations

import html
import re

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.readers import read_page
from index.readers.blocks import article_blocks, blocks_of
from index.types import RawPage

SENTENCES = (
    "The harbour of Esbjerg was closed on Monday after a storm had torn two cranes from their rails.",
    "Nobody was hurt, said the harbour master, since all ships had left before the night.",
    "The cranes will be repaired until March, and the cost is put at nine million kroner.",
    "Fishermen asked the council for help, as their catch cannot be landed elsewhere.",
)
WORDS = st.lists(
    st.sampled_from("storm crane harbour night March kroner ships & <b> it’s 9,5 “quoted”".split()), min_size=4
)


def read(body: str) -> str:
    page = f"<html><body>{body}</body></html>".encode()
    return read_page(RawPage("file:///a.html", page, "text/html", "r", "a.html")).text


def paragraphs_of(body: str) -> list[str]:
    return read(body).split("\n\n")


def shown(body: str) -> list[str]:
    return [block.text for block in blocks_of(lxml.html.fromstring(f"<html><body>{body}</body></html>"))]


def paragraphs(tag: str = "p", sentences: tuple[str, ...] = SENTENCES) -> str:
    name = tag.partition(" ")[0]
    return "".join(f"<{tag}>{text}</{name}>" for text in sentences)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("<p>A storm\n  tore <b>two\tcranes</b>\noff.</p>", ["A storm tore two cranes off."]),
        ("<p>Harbour<br>Esbjerg</p><p>Denmark</p>", ["Harbour", "Esbjerg", "Denmark"]),
        ("loose<p>held</p>loose again", ["loose", "held", "loose again"]),
        ("<pre>if storm:\n    close()\n</pre>", ["if storm:\n    close()"]),
        ("<pre>if storm:<br>    close()</pre>", ["if storm:\n    close()"]),
        ("<ul><li>storm<li><p>cranes</p><p>rails</p></ul>", ["- storm", "- cranes", "rails"]),
        ("<table><tr><th>Year<th>Ships<tr><td>2023<td>41</table>", ["Year | Ships", "2023 | 41"]),
        ("<table><tr><td><p>Menu</p><td><p>Storm</p><p>Night</p></table>", ["Menu", "Storm", "Night"]),
        ("<p>storm<script>x()</script><!-- c --> closed</p><p hidden>no</p>", ["storm closed"]),
        ("<p style='color:red; display : none'>no</p><svg><text>no</text></svg><p>yes</p>", ["yes"]),
        ("<dl><dt>Storm</dt><dd>Much wind.</dd></dl>", ["Storm", "Much wind."]),
    ],
)
def test_blocks_are_the_lines_a_browser_shows(body: str, lines: list[str]) -> None:
    assert shown(body) == lines


@given(st.characters(min_codepoint=33, blacklist_categories=("Cs", "Cc", "Co", "Cn")))
def test_a_character_written_by_its_number_is_that_character(character: str) -> None:
    number = ord(character)
    line = " ".join(
        f"storm{written}s" for written in (f"&#{number};", f"&#0{number};", f"&#x{number:x};", f"&#X{number:X};")
    )
    expected = html.unescape(line)
    assert expected == " ".join([f"storm{character}s"] * 4)
    assert read(f"<p>{line}</p>").split() == expected.split()


def test_an_apostrophe_in_prose_and_in_code_is_kept() -> None:
    kept = paragraphs_of(
        f"<article>{paragraphs()}<p>It&#39;s closed, the master&#8217;s men said.</p>"
        "<pre>x = &#39;a&#39;</pre></article>"
    )
    assert kept[-2:] == ["It's closed, the master’s men said.", "x = 'a'"]


@given(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(["p", "div", "div class=para", "li", "blockquote"]))
def test_a_line_is_what_the_page_shows_whatever_the_extractor_drops(lines: list[list[str]], tag: str) -> None:
    written = [
        " ".join(f"<code>{html.escape(word)}</code>" if at % 3 else html.escape(word) for at, word in enumerate(line))
        for line in lines
    ]
    kept = re.split("\n+", read("<div class=section>" + paragraphs(tag, tuple(written)) + "</div>"))
    assert {line.removeprefix("- ") for line in kept} <= {" ".join(line) for line in lines}


def test_paragraphs_that_the_extractor_cuts_short_are_whole() -> None:
    tool = "<code>dpkg</code>"
    told = (
        f"{tool} is the base command for handling packages. If you have a package, it is {tool} that installs it. "
        f"But this program knows only what is installed. Tools like <code>apt</code>, on the contrary, look further.",
        f"{tool} is above all the tool for installing what is there already. We use its <code>-i</code> option.",
    )
    whole = [re.sub("<.*?>", "", one) for one in told]
    assert set(paragraphs_of(f"<div class=section>{paragraphs('div class=para', told * 2)}</div>")) == set(whole)


def test_what_stands_around_and_between_an_article_is_left_out() -> None:
    body = (
        "<nav><ul><li><a href=/>Home</a><li><a href=/news>News</a></ul></nav>"
        f"<div class=crumbs><a href=/>Harbour closed</a></div><article><h1>Harbour closed</h1>{paragraphs()}"
        "<div class=newsletter><p>Sign up for our newsletter and never miss a storm again.</p></div>"
        f"<h2>The repairs <a href=#repairs>¶</a></h2>{paragraphs('p', SENTENCES[::-1])}</article>"
        "<section class=comments><h2>Comments</h2><div class=comment><p>I was there, it was loud all night.</p></div>"
        "</section>"
        "<footer><p>© 2024 The Harbour Post. All rights reserved.</p></footer>"
    )
    assert paragraphs_of(body) == ["Harbour closed", *SENTENCES, "The repairs", *SENTENCES[::-1]]


def test_paragraphs_are_parted_and_items_rows_and_lines_of_code_are_not() -> None:
    body = (
        f"<article>{paragraphs()}<ul><li>storm and night<li>cranes and rails</ul>"
        "<table><tr><th>Year<th>Ships<tr><td>2023<td>41</table><pre>if storm:\n    close()</pre></article>"
    )
    assert paragraphs_of(body)[-3:] == [
        "- storm and night\n- cranes and rails",
        "Year | Ships\n2023 | 41",
        "if storm:\n    close()",
    ]


def test_of_two_short_lines_alike_the_one_by_the_article_is_kept() -> None:
    blocks = blocks_of(lxml.html.fromstring(f"<div><p>Storm</p><div>menu</div><h1>Storm</h1>{paragraphs()}</div>"))
    kept = article_blocks(blocks, "\n".join(("Storm", *SENTENCES)))
    assert [block.text for block in kept] == ["Storm", *SENTENCES]
    assert kept[0] is blocks[2]


def test_a_table_of_contents_is_left_out_and_the_headings_are_not() -> None:
    heads = ("Repairs", "What the council of Esbjerg says")
    contents = "".join(f"<li><a href=#{at}>{head}</a>" for at, head in enumerate(heads))
    told = f"<h2>{heads[0]}</h2>{paragraphs()}<h2>{heads[1]}</h2>{paragraphs('p', SENTENCES[::-1])}"
    blocks = blocks_of(lxml.html.fromstring(f"<div><ul>{contents}</ul>{told}</div>"))
    extracted = "\n".join((heads[0], *SENTENCES, heads[1], *SENTENCES[::-1]))
    assert [block.text for block in article_blocks(blocks, extracted)] == extracted.split("\n")


def test_nothing_extracted_is_no_article() -> None:
    assert article_blocks(blocks_of(lxml.html.fromstring(f"<div>{paragraphs()}</div>")), "") == []

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Citation
from assistant.ui import reading
from assistant.ui.markup import Html, join
from assistant.ui.reading import LONGEST, Mark, article_alone, paragraphs, text_with_marks
from index.quotes import resolve_quote
from index.types import Article
from tests.assistant.ui.fake_service import ARTICLES, SITUATION, FakeAnswers, situation_answer
from tests.assistant.ui.markup_tree import Element, parse

ANSWER = situation_answer(SITUATION, FakeAnswers().evidence())
QUOTES = ANSWER.citations[:2]


def opened(now: Article | None, then: Article | None, quotes: Sequence[Citation], current: int, exchange: int) -> Html:
    """The panel for quotes of an article that is `now` and was `then`."""
    resolved = {c.number: resolve_quote(now, then, c.start, c.end, c.quote) for c in quotes}
    return reading.opened(resolved, now is not None, quotes, current, exchange)


def panel(markup: Html) -> Element:
    return parse(markup).one("article", "q-article")


def marked(root: Element) -> dict[str, str]:
    return {mark.attributes["data-numbers"]: mark.text for mark in root.every("mark")}


def test_every_quote_is_marked_where_it_stands_with_all_of_the_article_around_it() -> None:
    root = panel(opened(ARTICLES[0], ARTICLES[0], QUOTES, current=2, exchange=5))
    assert "since" not in root.one("div", "q-article-head").text and not root.every("p", "q-note")
    assert marked(root) == {"1": QUOTES[0].quote, "2": QUOTES[1].quote}
    assert "".join(p.text for p in root.one("div", "q-article-text").every("p")) == ARTICLES[0].text.replace("\n", "")
    assert (root.attributes["data-exchange"], root.attributes["data-current"]) == ("5", "2")
    assert [step.text for step in root.every("button", "q-step")] == ["1", "2"]


@given(
    st.text(alphabet="ab <&\n", max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4),
)
def test_the_pieces_are_the_text_and_each_knows_who_quotes_it(text: str, spans: list[tuple[int, int]]) -> None:
    marks = [Mark(n, min(a, b), max(a, b)) for n, (a, b) in enumerate(spans, 1) if max(a, b) <= len(text)]
    cut = list(paragraphs(text, marks, 0, len(text)))
    parted = re.search(r"\n *\n", text.strip()) is not None
    runs = [list(run) for filled, run in groupby(text.split("\n"), lambda line: bool(line.strip())) if filled]
    expected = ["\n".join(run) for run in runs] if parted else [line for run in runs for line in run]
    assert ["".join(p.text for p in one) for one in cut] == expected
    quoted = {mark.number: "".join(p.text for one in cut for p in one if mark.number in p.numbers) for mark in marks}
    for mark in marks:
        assert "".join(quoted[mark.number].split()) == "".join(text[mark.start : mark.end].split())


def looks(text: str, headed: bool = True) -> list[tuple[str, str | None]]:
    """Each paragraph shown and how it is shown."""
    shown = parse(text_with_marks(text, (), 1, headed)).one("div", "q-article-text")
    return [(p.text, p.attributes.get("class")) for p in shown.every("p")]


def test_paragraphs_keep_their_lines_unless_prose_was_wrapped_by_hand() -> None:
    prose = "The harbour was closed on Monday after a storm had torn\ntwo cranes from their rails."
    items, verse = "- two cranes\n- one rail", "Night fell\nand all was still"
    code, shell = "if storm:\n    close()\n    wait()", "# dpkg -r cranes\nRemoving cranes (2.0) ..."
    assert looks("\n\n".join((prose, items, verse, code)))[:] == [
        (prose, None),
        (items, "q-lines"),
        (verse, "q-lines"),
        (code, "q-code"),
    ]
    assert looks(f"Text.\n\n{shell}", headed=False)[1] == (shell, "q-code")
    assert looks("They paid $ 5 million.\nNo more.") == [("They paid $ 5 million.", None), ("No more.", None)]


def test_a_heading_stands_alone_where_hashes_mean_headings() -> None:
    text = "# The storm\nIt came at night.\n\nNobody was hurt."
    alone = ("# The storm", "q-heading")
    assert looks(text) == [alone, ("It came at night.", None), ("Nobody was hurt.", None)]
    page = replace(ARTICLES[0], uri="/articles/storm.html", text=text)
    assert "q-heading" not in article_alone(page) and "q-heading" in article_alone(replace(page, uri="/a/storm.MD"))


def test_overlapping_quotes_share_their_middle() -> None:
    root = parse(text_with_marks("one two three", [Mark(1, 0, 7), Mark(2, 4, 13)], 1))
    assert marked(root) == {"1": "one ", "1 2": "two", "2": " three"}


def test_a_quote_that_moved_is_found_and_one_that_is_gone_is_said_to_be() -> None:
    changed = replace(ARTICLES[0], text="New words first. " + QUOTES[1].quote, digest="1" * 64)
    moved = panel(opened(changed, None, QUOTES, current=2, exchange=1))
    assert marked(moved) == {"2": QUOTES[1].quote} and "The quote still stands in it" in moved.text
    gone = panel(opened(changed, None, QUOTES, current=1, exchange=1))
    assert "the quote is no longer in it" in gone.text and gone.one("blockquote").text == QUOTES[0].quote
    assert marked(gone) == {"2": QUOTES[1].quote}


@pytest.mark.parametrize(
    ("now", "said"),
    [(replace(ARTICLES[0], text="All new.", digest="1" * 64), "has changed since"), (None, "has been removed since")],
)
def test_a_text_that_was_kept_is_read_as_it_was_and_this_is_said(now: Article | None, said: str) -> None:
    root = panel(opened(now, ARTICLES[0], QUOTES, current=1, exchange=1))
    assert marked(root) == {"1": QUOTES[0].quote, "2": QUOTES[1].quote}
    assert said in root.text and "as it was when the answer was written" in root.text


def test_a_removed_article_whose_text_was_not_kept_leaves_its_quote() -> None:
    root = panel(opened(None, None, QUOTES, current=2, exchange=1))
    assert "no longer in the index" in root.text and root.one("blockquote").text == QUOTES[1].quote


def test_of_a_very_long_article_the_part_around_the_quote_is_shown_and_the_rest_counted() -> None:
    text = "a" * 200_000 + "QUOTE" + "b" * 300_000
    root = parse(text_with_marks(text, [Mark(1, 200_000, 200_005)], 1))
    assert marked(root) == {"1": "QUOTE"}
    assert len(root.one("div", "q-article-text").text) == LONGEST
    assert "140,000 characters before this" in root.text and "240,005 characters after this" in root.text


def test_an_article_can_be_read_without_a_citation() -> None:
    root = panel(article_alone(ARTICLES[1]))
    assert root.one("h2").text == ARTICLES[1].title and not root.every("mark")


def test_nothing_of_an_article_becomes_markup() -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    article = replace(ARTICLES[0], title=hostile, text=hostile, source=hostile, url="javascript:alert(1)")
    quote = replace(QUOTES[0], title=hostile, quote=hostile, start=0, end=len(hostile), source=hostile, url=hostile)
    root = parse(
        join([opened(article, article, [quote], 1, 1), article_alone(article), opened(None, None, [quote], 1, 1)])
    )
    assert {e.tag for e in root.every()}.isdisjoint({"img", "script", "a"})


def test_a_heading_of_markdown_looks_like_one_and_keeps_every_character() -> None:
    text = "## The dam\nIt was damaged.\n#1 of three"
    root = parse(text_with_marks(text, [Mark(1, 3, 10)], 1))
    [heading] = root.every("p", "q-heading")
    assert heading.text == "## The dam" and heading.one("span", "q-hashes").text == "## "
    assert [p.text for p in root.every("p")] == text.split("\n")
    assert marked(root) == {"1": "The dam"}

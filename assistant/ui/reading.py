"""An article opened beside the answer that quotes it → markup.

Pure functions. The article's text is shown as text, paragraph by paragraph; the quotes are marked by their offsets,
each with the numbers of the citations that quote it, so that the browser can find a citation's mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.types import Citation
from assistant.ui.markup import NOTHING, Html, join, tag
from assistant.ui.pieces import byline, control, count, heading, note
from index.types import Article, ResolvedQuote

LONGEST = 120_000
"""Characters shown of one article: enough for any article a person reads, little enough for a browser."""
_HEADING = re.compile(r"#{1,6}[ \t]+(?=\S|$)")
_HEADED = (".md", ".markdown", ".txt", ".text")
"""Files in which a line that begins with a hash is a heading: in code on a web page it is a comment or a prompt."""
_ITEM = re.compile(r"\s*(?:[-*+•|>]|\(?\w{1,3}[.)])\s")
_CODE = re.compile(r"[ \t]{2,}\S|\t\S|>>> |[$#] [a-z./~]|```")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_WRAPPED_AT = 45
"""Prose that is wrapped by hand has no shorter line than this, but for the last of a paragraph."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the article that citation `number` quotes."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text quoted by the same citations, perhaps by none."""

    text: str
    numbers: tuple[int, ...]


def opened(
    resolved: Mapping[int, ResolvedQuote],
    indexed: bool,
    citations: Sequence[Citation],
    current: int,
    exchange: int,
    quoted: bool = True,
) -> Html:
    """The panel's content: the article with all its quotes marked, or why it cannot be shown.

    `citations` are those of this article in one answer, `resolved` what became of the quote of each, by number;
    `current` is the number that was followed, `indexed` whether the article still is. Shown is the text the quote was
    cut from, wherever it was kept; otherwise the text of now, with a word on what became of the quote. What is not
    `quoted`, because it came closest and answered nothing, is marked without a number.
    """
    followed = next(c for c in citations if c.number == current)
    found = resolved[current]
    if found.article is None:
        return _panel(_head(followed.title, followed, citations if quoted else ()), _gone(followed), current, exchange)
    marks = [Mark(number, *place) for number, one in resolved.items() if (place := _place(one, found))]
    body = join(
        (_became(found, followed, indexed), text_with_marks(found.article.text, marks, current, _headed(found.article)))
    )
    return _panel(_head(found.article.title, followed, citations if quoted else ()), body, current, exchange)


def _place(quote: ResolvedQuote, shown: ResolvedQuote) -> tuple[int, int] | None:
    """Where a quote stands in the text that is shown; None where it does not."""
    texts = [one.article.digest for one in (quote, shown) if one.article is not None]
    return (quote.start, quote.end) if quote.found and len(texts) == 2 and texts[0] == texts[1] else None


def article_alone(article: Article) -> Html:
    """The panel's content for an article that is opened for itself."""
    head = join((tag("h2", heading(article.title, article.url)), byline(article.source, article.published)))
    return _panel(tag("div", head), text_with_marks(article.text, (), 0, _headed(article)), 0, 0)


def _panel(head: Html, body: Html, current: int, exchange: int) -> Html:
    return tag(
        "article",
        tag("div", head, control("Close", "close", class_="q-close"), class_="q-article-head"),
        body,
        class_="q-article",
        data_exchange=str(exchange),
        data_current=str(current),
        tabindex="-1",
        aria_label="Article",
    )


def _head(title: str, followed: Citation, citations: Sequence[Citation]) -> Html:
    steps = (control(str(c.number), "mark", class_="q-step", data_citation=str(c.number)) for c in citations)
    named = tag("p", "Quoted as ", join(steps, " "), class_="q-steps") if citations else None
    return tag("div", tag("h2", heading(title, followed.url)), byline(followed.source, followed.published), named)


def _headed(article: Article) -> bool:
    return article.uri.lower().endswith(_HEADED)


def _gone(followed: Citation) -> Html:
    said = note("This article is no longer in the index. The quote as it was when the answer was written:")
    return join((said, tag("blockquote", followed.quote, dir="auto")))


def _became(found: ResolvedQuote, followed: Citation, indexed: bool) -> Html:
    """What became of the quote since the answer was written; nothing where all is as it was."""
    if found.state == "superseded" and not indexed:
        return note("This article has been removed since. You read its text as it was when the answer was written.")
    if found.state == "superseded":
        return note("This article has changed since. You read its text as it was when the answer was written.")
    if found.state == "moved":
        return note("This article has changed since the answer was written. The quote still stands in it.")
    if found.state == "changed":
        said = note("This article has changed since, and the quote is no longer in it. When the answer was written:")
        return tag("div", said, tag("blockquote", followed.quote, dir="auto"), class_="q-lost")
    return NOTHING


def text_with_marks(text: str, marks: Sequence[Mark], current: int, headed: bool = True) -> Html:
    """The text in paragraphs; of a very long one a window around the current quote, with what is left out said.

    Where it is `headed`, hashes at the beginning of a line make it a heading.
    """
    centre = next((mark.start for mark in marks if mark.number == current), 0)
    first = max(0, min(centre - LONGEST // 2, len(text) - LONGEST))
    last = min(len(text), first + LONGEST)
    inside = [Mark(m.number, max(m.start, first), min(m.end, last)) for m in marks if m.start < last and m.end > first]
    shown = join(_paragraph(cut, headed) for cut in paragraphs(text, inside, first, last, headed))
    return join(
        (
            _left_out(first, "before this"),
            tag("div", shown, class_="q-article-text"),
            _left_out(len(text) - last, "after this"),
        )
    )


def _left_out(characters: int, where: str) -> Html:
    return note(f"{count(characters, 'character')} {where} are not shown.") if characters else NOTHING


def paragraphs(text: str, marks: Sequence[Mark], first: int, last: int, headed: bool = True) -> Iterator[list[Piece]]:
    """The paragraphs of text[first:last], each cut where a quote begins or ends. Empty lines come as no paragraph.

    Empty lines part them; where there are none each line is one, and a heading always is.
    """
    parted = bool(_EMPTY_LINE.search(text[first:last].strip()))
    begun: int | None = None
    before = end = first
    while end < last:
        start, end = end, text.find("\n", end, last) + 1 or last
        alone = headed and bool(_HEADING.match(text, start, end))
        blank = not text[start:end].strip()
        if begun is not None and (blank or alone or not parted):
            yield list(pieces(text, marks, begun, before))
            begun = None
        if alone:
            yield list(pieces(text, marks, start, _without_break(text, end)))
        elif not blank:
            begun = start if begun is None else begun
        before = _without_break(text, end)
    if begun is not None:
        yield list(pieces(text, marks, begun, before))


def _without_break(text: str, end: int) -> int:
    return end - 1 if text[end - 1] == "\n" else end


def pieces(text: str, marks: Sequence[Mark], start: int, end: int) -> Iterator[Piece]:
    """text[start:end] cut at the marks' borders; joined they are that text."""
    borders = {at for mark in marks for at in (mark.start, mark.end) if start < at < end}
    cuts = [start, *sorted(borders), end]
    for left, right in pairwise(cuts):
        numbers = tuple(mark.number for mark in marks if mark.start <= left and right <= mark.end)
        yield Piece(text[left:right], numbers)


def _paragraph(cut: Sequence[Piece], headed: bool) -> Html:
    """A paragraph; one that Markdown means as a heading looks like one, its hashes kept out of sight."""
    shown = join(_piece(piece) for piece in cut)
    lines = "".join(piece.text for piece in cut).split("\n")
    if not headed or cut[0].numbers or not (heads := _HEADING.match(cut[0].text)):
        return tag("p", shown, class_=_look(lines), dir="auto")
    rest = join((cut[0].text[heads.end() :], *(_piece(piece) for piece in cut[1:])))
    return tag("p", tag("span", heads[0], class_="q-hashes"), rest, class_="q-heading", dir="auto")


def _look(lines: Sequence[str]) -> str | None:
    """How a paragraph keeps its lines: as code, as lines, or not at all where prose was wrapped by hand."""
    if 3 * sum(bool(_CODE.match(line)) for line in lines) >= len(lines):
        return "q-code"
    apart = any(_ITEM.match(line) for line in lines[1:]) or any(len(line) < _WRAPPED_AT for line in lines[:-1])
    return "q-lines" if apart else None


def _piece(piece: Piece) -> Html | str:
    if not piece.numbers:
        return piece.text
    return tag("mark", piece.text, class_="q-quote", data_numbers=" ".join(map(str, piece.numbers)))

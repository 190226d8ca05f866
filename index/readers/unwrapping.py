"""The lines of printed pages → paragraphs: words cut at a line's end joined, running heads and page numbers left out.

Knows lines of text and nothing of what they were read from. What it leaves out stands on most pages at the same place;
what it joins, a person reading the page joins too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_FULL: Final = 0.72
"""A line this long, of the usual full length, goes on in the next; a shorter one ends its paragraph."""
_USUAL: Final = 0.9
_NARROWEST: Final = 36
"""Characters below which no line is full: the columns of a journal are not narrower."""
_REPEATED_PAGES: Final = 3
_REPEATED_SHARE: Final = 0.5
_EDGE_LINES: Final = 2
_PAGE_NUMBER = re.compile(r"\W*(?:page\s+|seite\s+|p\.\s*)?\d{1,4}(?:\s*(?:of|/|von|\|)\s*\d{1,4})?\W*", re.I)
_OUTER_NUMBER = re.compile(r"^\d{1,4}\b\W*|\W*\b\d{1,4}$")
_ITEM = re.compile(r"[-*+•‣◦▪·–]\s|\(?\d{1,3}[.)]\s")
_CUT_WORD = re.compile(r"([^\W\d_]+)[-\u2010\u00ad]$")
_ENDED = re.compile(r"[.!?…:。！？][\"'”’»)\]]*$")
_LIGATURES: Final = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00a0": " "}
)


def without_furniture(pages: Sequence[Sequence[str]]) -> list[str]:
    """The lines of all pages; an empty one stays, what most pages have at an edge and bare page numbers do not."""
    cleaned = [[line.translate(_LIGATURES).strip() for line in page] for page in pages]
    often = Counter(key for page in cleaned for key in {_unnumbered(line) for line in _edges(page)})
    least = max(_REPEATED_PAGES, _REPEATED_SHARE * len(pages))
    furniture = {key for key, times in often.items() if key and times >= least}
    return [line for page in cleaned for line in _body(page, furniture)]


def _edges(page: Sequence[str]) -> list[str]:
    filled = [line for line in page if line]
    return [*filled[:_EDGE_LINES], *filled[-_EDGE_LINES:]]


def _unnumbered(line: str) -> str:
    """The line without a page number at either end."""
    return _OUTER_NUMBER.sub("", line)


def _body(page: Sequence[str], furniture: set[str]) -> Iterator[str]:
    filled = [number for number, line in enumerate(page) if line]
    edge = {*filled[:_EDGE_LINES], *filled[-_EDGE_LINES:]}
    outermost = {*filled[:1], *filled[-1:]}
    for number, line in enumerate(page):
        repeated = number in edge and _unnumbered(line) in furniture
        if not repeated and not (number in outermost and _PAGE_NUMBER.fullmatch(line)):
            yield line


def paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """The lines joined where a paragraph goes on, each result one paragraph, heading or item."""
    held = list(lines)
    lengths = sorted(len(line) for line in held if line)
    full = max(_NARROWEST, _FULL * lengths[int(_USUAL * (len(lengths) - 1))]) if lengths else 0.0
    written = "\n".join(held)
    running = ""
    last = ""
    for line in held:
        if running and not _goes_on(last, line, full):
            yield running
            running = ""
        if line:
            running = _joined(running, line, written) if running else line
        last = line
    if running:
        yield running


def _goes_on(last: str, line: str, full: float) -> bool:
    """Whether a line belongs to the paragraph of the one before."""
    if not line or not last or _ITEM.match(line):
        return False
    return len(last) >= full or (line[0].islower() and not _ENDED.search(last)) or bool(_CUT_WORD.search(last))


def _joined(running: str, line: str, written: str) -> str:
    """Both with a space between; a word that was cut in two is made whole, unless it is written with a hyphen."""
    cut = _CUT_WORD.search(running)
    if cut is None or not line[0].islower():
        return f"{running} {line}" if cut is None else running + line
    rest = re.match(r"[^\W\d_]+", line)
    hyphened = f"{cut[1]}-{rest[0] if rest else ''}"
    return running + line if hyphened in written else running[: cut.start()] + cut[1] + line

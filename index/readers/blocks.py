"""The blocks of text a browser shows of an HTML tree, and those of them that an extractor takes for the article.

An extractor tells an article from what stands around it, but out of some paragraphs it drops words, and what is quoted
must be what the page says. So its choice of blocks is followed, and their text is the page's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

_WORDS_TOGETHER = 4
"""So many words in a row are told apart from other text; a block with fewer counts only as a whole line."""
_SHARE_KEPT = 0.3
"""Of an article's paragraph the extractor keeps at least this share of its runs of words."""
_MOST_LINKED = 0.5
"""A block with more of its text in links leads elsewhere."""
_SPACES = re.compile(r"[ \t\r\n\f]+")
_WORD = re.compile(r"\w+")
_UNSEEN = frozenset(
    "audio button canvas datalist head iframe input math noscript object script select style svg template video".split()
)
_UNSEEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol p pre section summary table tbody "
    "tfoot thead tr ul xmp caption".split()
)
_HEADINGS = frozenset((f"h{level}",) for level in range(1, 7))
_CELLS = frozenset(("td", "th"))
_KEEPS_LINES = frozenset(("pre", "listing", "xmp"))
_BETWEEN_CELLS = " | "
_BREAK = "\n"
_TOGETHER = frozenset(("li", "tr", "dt", "dd"))
"""Blocks that stand close below each other."""

Line = tuple[str, ...]
"""The words of a line, folded."""

Kind = tuple[str, ...]
"""Tag and class of a block and of what holds it: what the paragraphs of one article have in common."""


@dataclass(frozen=True, slots=True)
class Block:
    """Text that stands on lines of its own: one line, of preformatted text several. `linked` is the share in links."""

    text: str
    kind: Kind
    linked: float


def blocks_of(tree: Any) -> list[Block]:
    """What is shown of a tree of lxml, in its order."""
    return list(_Walk().blocks(tree))


def article_blocks(blocks: Sequence[Block], extracted: str) -> list[Block]:
    """Those that an extractor's text was made of; none if nothing was extracted.

    Between them also those of their kind, of which it forgets some, and the headings of what is kept.
    """
    lines = [line for line in map(_words, extracted.split("\n")) if line]
    runs = set(_runs(tuple(word for line in lines for word in line)))
    kept = [block.linked <= _MOST_LINKED and _share_in(runs, _words(block.text)) >= _SHARE_KEPT for block in blocks]
    for place in _whole_lines(blocks, lines):
        kept[place] = True
    if True not in kept:
        return []
    first, last = kept.index(True), len(kept) - 1 - kept[::-1].index(True)
    kinds = {block.kind for block, its in zip(blocks, kept, strict=True) if its}
    chosen: list[Block] = []
    for place in range(len(blocks) - 1, -1, -1):
        block, between = blocks[place], first < place < last
        of_their_kind = block.kind in kinds and block.linked <= _MOST_LINKED and bool(_words(block.text))
        heading = block.kind[:1] in _HEADINGS and place + 1 < len(blocks) and chosen[-1:] == [blocks[place + 1]]
        if kept[place] or (between and (of_their_kind or heading)):
            chosen.append(block)
    return chosen[::-1]


def written(blocks: Sequence[Block]) -> str:
    """The text of blocks: paragraphs parted by an empty line, items of a list and rows of a table not."""
    text = ""
    for before, block in zip((None, *blocks), blocks, strict=False):
        together = before is not None and before.kind[:1] == block.kind[:1] and block.kind[0] in _TOGETHER
        text += f"{'' if before is None else _BREAK if together else _BREAK * 2}{block.text}"
    return text


def _whole_lines(blocks: Sequence[Block], lines: Sequence[Line]) -> Iterator[int]:
    """Which blocks are lines of the extractor's, whole and in its order: a table of contents says what headings say."""
    if len(lines) == 1:  # of a short page it runs all text together
        said = f" {' '.join(lines[0])} "
        yield from (place for place, block in enumerate(blocks) if f" {' '.join(_words(block.text))} " in said)
        return
    owned = [(place, line) for place, block in enumerate(blocks) for line in _lines(block)]
    missing = Counter(place for place, _ in owned)
    for match in SequenceMatcher(None, [line for _, line in owned], lines).get_matching_blocks():
        missing.subtract(place for place, _ in owned[match.a : match.a + match.size])
    yield from (place for place, count in missing.items() if not count)


def _lines(block: Block) -> list[Line]:
    return [words for line in block.text.split("\n") if (words := _words(line))]


def _words(text: str) -> Line:
    return tuple(_WORD.findall(text.casefold()))


def _runs(words: Line) -> list[Line]:
    return [words[at : at + _WORDS_TOGETHER] for at in range(len(words) - _WORDS_TOGETHER + 1)]


def _share_in(known: set[Line], words: Line) -> float:
    runs = _runs(words)
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


class _Walk:
    """Goes through a tree once and gathers text until a block begins or ends."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._inside: list[Any] = []
        self._links = self._linked = 0
        self._bullet = False
        self._long_rows: dict[Any, bool] = {}

    def blocks(self, root: Any) -> Iterator[Block]:
        """Without recursion: a hostile page is nested as deep as it likes."""
        waiting: list[tuple[Any, bool]] = [(root, False)]
        while waiting:
            node, over = waiting.pop()
            if not over and isinstance(node.tag, str) and not _unseen(node):
                waiting.append((node, True))
                waiting.extend((child, False) for child in reversed(node))
                yield from self._entered(node)
                self._say(node.text)
            else:
                if over:
                    yield from self._left(node)
                if node is not root:
                    self._say(node.tail)
        yield from self._flushed()

    def _entered(self, node: Any) -> Iterator[Block]:
        self._links += node.tag == "a"
        if self._breaks(node):
            yield from self._flushed()
            self._inside.append(node)
            self._bullet = self._bullet or node.tag == "li"
        elif node.tag == "br":
            if self._keeps_lines():
                self._say("\n")
            else:
                yield from self._flushed()
        elif node.tag in _CELLS and "".join(self._pieces).strip():
            self._pieces.append(_BETWEEN_CELLS)

    def _left(self, node: Any) -> Iterator[Block]:
        self._links -= node.tag == "a"
        if self._breaks(node):
            yield from self._flushed()
            self._inside.pop()

    def _breaks(self, node: Any) -> bool:
        """Whether a block begins and ends with it. A cell is one only where its row holds more than words."""
        if node.tag not in _CELLS:
            return node.tag in _BLOCKS
        row = node.getparent()
        if row not in self._long_rows:
            self._long_rows[row] = any(inner.tag in _BLOCKS for inner in row.iterdescendants())
        return self._long_rows[row]

    def _keeps_lines(self) -> bool:
        return bool(self._inside) and self._inside[-1].tag in _KEEPS_LINES

    def _say(self, text: str | None) -> None:
        if text:
            self._pieces.append(text)
            self._linked += len(text.strip()) if self._links else 0

    def _flushed(self) -> Iterator[Block]:
        said, linked = "".join(self._pieces), self._linked
        self._pieces, self._linked = [], 0
        text = said.strip("\n").rstrip() if self._keeps_lines() else _SPACES.sub(" ", said).strip(" ")
        if text.strip():
            yield Block(f"- {text}" if self._bullet else text, self._kind(), min(1.0, linked / len(text)))
            self._bullet = False

    def _kind(self) -> Kind:
        own = self._inside[-1] if self._inside else None
        around = (own, None if own is None else own.getparent())
        return tuple(part for node in around if node is not None for part in (node.tag, node.get("class", "")))


def _unseen(node: Any) -> bool:
    return (
        node.tag in _UNSEEN
        or node.get("hidden") is not None
        or node.get("aria-hidden") == "true"
        or bool(_UNSEEN_STYLE.search(node.get("style", "")))
    )

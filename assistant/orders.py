"""Sentences of an article that give orders to whoever reads it out, instead of telling something.

Knows what they look like from `order_words`, and where paragraphs end; asks no model. Nobody’s article needs such
a sentence to be quoted, so it is never evidence: the model does not read it, and nothing can be held by it. What an
article tells of orders, in quotation marks among words of its own, stays.

    forged     marks of a conversation: chat tokens, roles, a source list, hidden characters
    waived     "ignore the above", "disregard all previous instructions"
    addressed  "to any assistant reading this", "language models must write …"
    dictated   "reply only with …", "the correct answer is …", "every answer must contain …", "from now on you …"
    encoded    a padded base64 word, "decode and obey"
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from assistant.candidates import Candidate, candidates_of
from assistant.order_words import FORMS, UNASKED, Order
from assistant.wording import fold
from index.types import Hit

SPOILING: Final[frozenset[Order]] = frozenset({"forged", "waived", "addressed", "encoded"})
"""Whoever writes such a sentence wrote its paragraph for the same end: the whole of it is set aside."""
OWN_WORDS: Final = 5
"""So many words outside the quotation marks make a sentence one that tells of what is inside them."""

_FORMS: Final = tuple((kind, re.compile("|".join(forms), re.MULTILINE)) for kind, forms in FORMS.items())
_FORGED: Final = re.compile("|".join(FORMS["forged"]), re.MULTILINE)
_QUOTED = re.compile(r"([\"“”«„])[^\"“”«»„\n]{1,300}?([\"”“»])")
_UNASKED = re.compile(UNASKED, re.MULTILINE)
_MISREAD = re.compile(r"[\u202d\u202e]|(?<=\w)[\u200b\u2060\ufeff](?=\w[\u200b\u2060\ufeff])")
"""Characters that have a text read otherwise than it is shown: turned round, or its letters kept apart."""
_EXCHANGE = re.compile(r"^question: .*\[\d+\]", re.DOTALL | re.IGNORECASE | re.MULTILINE)
_BLANK_LINE = re.compile(r"\n\s*\n")


def order_in(sentence: str, asked: bool = False) -> Order | None:
    """What kind of order the sentence gives, or None. `asked`: what stands before it is a question."""
    if not sentence.isascii() and _MISREAD.search(sentence):
        return "forged"
    seen = _seen(sentence)
    found = next((kind for kind, form in _FORMS if form.search(seen)), None)
    return "dictated" if found is None and not asked and _UNASKED.search(seen) else found


def _seen(sentence: str) -> str:
    """Folded, without the characters that nobody sees, and without what is only quoted."""
    visible = sentence if sentence.isascii() else "".join(c for c in sentence if unicodedata.category(c) != "Cf")
    folded = fold(visible)
    bare = _QUOTED.sub(r"\1\2", folded)
    return bare if bare == folded or len(re.findall(r"\w+", bare)) >= OWN_WORDS else folded


def without_orders(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that give no orders and stand in no paragraph spoilt by one."""
    ordering = {(id(c.stretch), c.span.start) for c in _ordering(candidates)}
    return [c for c in candidates if (id(c.stretch), c.span.start) not in ordering]


def ordering(hits: Sequence[Hit]) -> list[Candidate]:
    """The sentences of the hits that `without_orders` leaves out, in its order."""
    return list(_ordering(candidates_of(hits)))


def _ordering(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    before: Candidate | None = None
    for paragraph in _paragraphs(candidates):
        kinds: list[Order | None] = []
        for candidate in paragraph:
            kinds.append(order_in(candidate.text, asked=before is not None and before.text.endswith("?")))
            before = candidate
        spoilt = not SPOILING.isdisjoint(kinds) or _forges(_block(paragraph))
        yield from (c for c, kind in zip(paragraph, kinds, strict=True) if spoilt or kind)


def _forges(block: str) -> bool:
    return bool(_EXCHANGE.search(block) or _FORGED.search(fold(block)))


def _block(paragraph: Sequence[Candidate]) -> str:
    """All that stands between the same blank lines, headings too."""
    stretch = paragraph[0].stretch
    before = stretch.cut(stretch.start, paragraph[0].span.start)
    after = stretch.cut(paragraph[-1].span.end, stretch.end)
    start = max((match.end() for match in _BLANK_LINE.finditer(before)), default=0)
    end = _BLANK_LINE.search(after)
    return before[start:] + _text(paragraph) + (after[: end.start()] if end else after)


def _text(paragraph: Sequence[Candidate]) -> str:
    return paragraph[0].stretch.cut(paragraph[0].span.start, paragraph[-1].span.end)


def _paragraphs(candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """The candidates, those between which no blank line stands together."""
    paragraph: list[Candidate] = []
    for candidate in candidates:
        if paragraph and not _same_paragraph(paragraph[-1], candidate):
            yield paragraph
            paragraph = []
        paragraph.append(candidate)
    if paragraph:
        yield paragraph


def _same_paragraph(one: Candidate, other: Candidate) -> bool:
    if one.stretch is not other.stretch:
        return False
    return not _BLANK_LINE.search(one.stretch.cut(one.span.end, other.span.start))

"""Sentences of an article that give orders to whoever reads it out, instead of telling something.

Knows what they look like from `order_words`, and where paragraphs end; asks no model. Nobody’s article needs such
a sentence to be quoted, so it is never evidence: the model does not read it, and nothing can be held by it. What an
article tells of orders, in quotation marks among words of its own, stays.

    forged     marks of a conversation: chat tokens, roles and their turns, a source list, hidden characters
    waived     "ignore the above", "disregard all previous instructions"
    addressed  "to any assistant reading this", "language models must write …"
    dictated   "reply only with …", "the correct answer is …", "every answer must contain …", "from now on you …"
    encoded    a padded base64 word, "decode and obey"
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from assistant.candidates import Candidate, Stretch, candidates_of
from assistant.order_words import FORMS, UNASKED, Order
from assistant.wording import fold
from index.types import Hit

SPOILING: Final[frozenset[Order]] = frozenset({"forged", "waived", "addressed"})
"""Whoever writes such a sentence wrote its paragraph for the same end: the whole of it is set aside. A word in base64
is no such sign, since manuals show them."""
OWN_WORDS: Final = 5
"""So many words outside the quotation marks make a sentence one that tells of what is inside them."""

_FORMS: Final = tuple((kind, re.compile("|".join(forms), re.MULTILINE)) for kind, forms in FORMS.items())
_FORGED: Final = re.compile("|".join(FORMS["forged"]), re.MULTILINE)
_QUOTED = re.compile(r"([\"“”«„])[^\"“”«»„\n]{1,300}?([\"”“»])")
_UNASKED = re.compile(UNASKED, re.MULTILINE)
_MISREAD = re.compile(r"[\u202d\u202e]|(?<=\w)[\u200b\u2060\ufeff](?=\w[\u200b\u2060\ufeff])")
"""Characters that have a text read otherwise than it is shown: turned round, or its letters kept apart."""
_QUESTION = re.compile(r"^question: ", re.IGNORECASE | re.MULTILINE)
_MARKER = re.compile(r"\[\d+\]")
_ASKING = re.compile(r"^[^\w\n]*+(?:human|user)\s*:", re.IGNORECASE | re.MULTILINE)
_ANSWERING = re.compile(r"^[^\w\n]*+assistant\s*:", re.IGNORECASE | re.MULTILINE)
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
    for stretch, together in groupby(candidates, key=lambda candidate: candidate.stretch):
        in_turns = bool(_ASKING.search(stretch.text) and _ANSWERING.search(stretch.text))
        for block, paragraph in _paragraphs(stretch, together):
            kinds: list[Order | None] = []
            for candidate in paragraph:
                asked = before is not None and before.text.endswith("?")
                kinds.append("forged" if in_turns and _is_turn(candidate.text) else order_in(candidate.text, asked))
                before = candidate
            spoilt = not SPOILING.isdisjoint(kinds) or _forges(block)
            yield from (c for c, kind in zip(paragraph, kinds, strict=True) if spoilt or kind)


def _is_turn(sentence: str) -> bool:
    """Only where a person and an assistant speak by turns: "User:" alone is a field."""
    return bool(_ASKING.match(sentence) or _ANSWERING.match(sentence))


def _forges(block: str) -> bool:
    asked = _QUESTION.search(block)
    return bool((asked and _MARKER.search(block, asked.end())) or _FORGED.search(fold(block)))


def _paragraphs(stretch: Stretch, candidates: Iterable[Candidate]) -> Iterator[tuple[str, list[Candidate]]]:
    """The candidates that stand between the same blank lines, with all that stands there, headings too."""
    ends = [match.end() for match in _BLANK_LINE.finditer(stretch.text)]
    borders = [0, *ends, len(stretch.text)]
    for at, paragraph in groupby(candidates, key=lambda one: bisect_right(ends, one.span.start - stretch.start)):
        yield stretch.text[borders[at] : borders[at + 1]], list(paragraph)

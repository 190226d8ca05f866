"""Where another piece of evidence gives another figure for the same thing, the answer says so.

Knows cited sentences and evidence as words, figures and dates; asks no model. What is added is a quotation, cut by
offsets like any other. Deliberately blind: only figures with a unit, only what the question asks for and the answer
tells; two sentences that merely sound alike are left in peace, since a false alarm costs the trust it is meant to earn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from assistant.citing import CitedSentence, Quote, defused
from assistant.types import Citation, Disagreement, Evidence, Span
from assistant.wording import content_words, names, share, stem

SAME_TIME_DAYS: Final = 3
"""Figures published so close together contradict each other; further apart the newer has overtaken the older."""
ASKED_SHARE: Final = 0.5
"""What both sentences must hold, titles counted in, of the question's words; and of its names, all but one in five."""
NAMED_SHARE: Final = 0.8
ALIKE_SHARE: Final = 0.35
"""What the shorter of both sentences must share with the other, figures and units aside."""

_SMALL = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty".split()
)
_SCALE: Final = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_FIGURE = re.compile(
    rf"(?<![\w.,$€£-])(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|{'|'.join(_SMALL)})"
    rf"(?: (?P<scale>{'|'.join(_SCALE)}))?(?P<unit> ?%| (?:square |cubic )?[a-z][a-z-]*)",
)
_MEASURE = re.compile(r"\b(?:how (?:much|far|close|large|big|high|deep|wide|fast|heavy)|per ?cent\w*|share)\b", re.I)
_NO_UNIT: Final = frozenset(
    "january february march april may june july august september october november december day days week weeks month "
    "months year years hour hours minute minutes second seconds time times of in on at and or to the a an other others "
    "more less or who which that by from as st nd rd th s days' years' pm am o'clock was were is are had have per out "
    "after before until since so for with man men".split()
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit, as a sentence gives it."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Rival:
    """A quote that gives another figure than `told`, a quote of the answer, for the same `unit`."""

    told: Quote
    other: Quote
    unit: str


def figures(sentence: str) -> frozenset[Figure]:
    """Every figure of the sentence that counts or measures something. Dates, years and durations are none."""
    return frozenset(figure for _, figure in _figures(sentence))


def written(sentence: str, unit: str) -> tuple[Span, ...]:
    """Where the sentence gives a figure of this unit."""
    return tuple(span for span, figure in _figures(sentence) if figure.unit == unit)


def rivals(question: str, cited: Sequence[CitedSentence], evidence: Sequence[Evidence]) -> tuple[Rival, ...]:
    """For each figure the answer tells, the newest evidence that gives another for the same thing; at most one."""
    sentences = [Quote(piece, span.start, span.end) for piece in evidence for span in piece.sentences]
    told_already = {(_article(quote), quote.start, quote.end) for sentence in cited for quote in sentence.quotes}
    for sentence in cited:
        for quote in sentence.quotes:
            found = [
                Rival(quote, other, unit)
                for other in sentences
                if (_article(other), other.start, other.end) not in told_already
                for unit in _differing(question, sentence.text, quote, other)
            ]
            if found:
                return (max(found, key=lambda rival: _published(rival.other) or date.min),)
    return ()


def with_rivals(cited: Sequence[CitedSentence], found: Sequence[Rival]) -> list[CitedSentence]:
    """The answer's sentences with a quotation for each rival: before them what is newer, after them all else."""
    first = [_quotation(rival, 0) for rival in found if _gap(rival) > SAME_TIME_DAYS]
    last = cited[-1].paragraph if cited else 0
    return [*first, *cited, *(_quotation(rival, last) for rival in found if _gap(rival) <= SAME_TIME_DAYS)]


def disagreements(found: Sequence[Rival], citations: Sequence[Citation]) -> tuple[Disagreement, ...]:
    """The rivals by the numbers their quotes are shown under, the older first."""
    numbers = {(c.article_id, c.start, c.end): c.number for c in citations}
    told: list[Disagreement] = []
    for rival in found:
        pair = sorted((rival.told, rival.other), key=lambda quote: _published(quote) or date.min)
        older, newer = (numbers[(_article(quote), quote.start, quote.end)] for quote in pair)
        told.append(Disagreement(rival.unit, older, newer))
    return tuple(told)


def _figures(sentence: str) -> Iterator[tuple[Span, Figure]]:
    for match in _FIGURE.finditer(sentence):
        unit = match["unit"].strip()
        if unit in _NO_UNIT or re.fullmatch(r"(?:19|20)\d\d", match["number"]):
            continue
        number = match["number"].replace(",", "")
        value = float(_SMALL.index(number) + 1) if number in _SMALL else float(number)
        kind = "percent" if unit == "%" else " ".join(stem(word) for word in unit.split())
        yield Span(*match.span()), Figure(value * _SCALE.get(match["scale"] or "", 1.0), kind)


def _differing(question: str, claim: str, quote: Quote, other: Quote) -> Iterator[str]:
    """The units for which `claim` tells a figure of `quote` and `other`, on the same thing, gives only another."""
    if _article(quote) == _article(other) or not _both_answer(question, quote, other):
        return
    told, held = figures(quote.text) & figures(claim), figures(other.text)
    for unit in sorted({figure.unit for figure in told}):
        ours = {figure.value for figure in figures(quote.text) if figure.unit == unit}
        theirs = {figure.value for figure in held if figure.unit == unit}
        wanted = _MEASURE.search(question) or set(unit.split()) & content_words(question)
        if theirs and not ours & theirs and wanted:
            yield unit


def _both_answer(question: str, quote: Quote, other: Quote) -> bool:
    """Whether both are about what is asked, and say it in like words."""
    asked, named = content_words(question), names(question)
    for one in (quote, other):
        held = content_words(f"{one.evidence.hit.article.title} {one.text}")
        if share(asked, held) < ASKED_SHARE or share(named, held) < NAMED_SHARE:
            return False
    mine, theirs = _said(quote), _said(other)
    return bool(mine and theirs) and len(mine & theirs) / min(len(mine), len(theirs)) >= ALIKE_SHARE


def _said(quote: Quote) -> frozenset[str]:
    """The words of a quote without its figures."""
    return content_words(_FIGURE.sub(" ", quote.text))


def _quotation(rival: Rival, paragraph: int) -> CitedSentence:
    """The other figure, as its source has it: a quotation needs no proof but its own place."""
    return CitedSentence(f"{_opening(rival)}: “{defused(rival.other.text)}”", (rival.other,), 1.0, paragraph)


def _opening(rival: Rival) -> str:
    day = _published(rival.other)
    dated = f"{day.day} {day:%B} {day.year}" if day else "of unknown date"
    gap = _gap(rival)
    if gap > SAME_TIME_DAYS:
        return f"As of {dated}"
    return f"Earlier, as of {dated}" if gap < -SAME_TIME_DAYS else f"Another source says otherwise ({dated})"


def _gap(rival: Rival) -> int:
    """Days by which the other is newer than what the answer tells; 0 where a date is unknown."""
    told, other = _published(rival.told), _published(rival.other)
    return (other - told).days if told and other else 0


def _published(quote: Quote) -> date | None:
    return quote.evidence.hit.article.published


def _article(quote: Quote) -> str:
    return quote.evidence.hit.article.id

"""Where another piece of evidence gives another figure, day or name for the same thing, the answer says so.

Knows cited sentences and evidence as words and values; asks no model. What is added is a quotation, cut by offsets like
any other. Deliberately blind: only figures with a unit, days and who does what, only what the question asks for and the
answer tells; what merely sounds alike is left in peace, since a false alarm costs the trust it is meant to earn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from assistant.citing import CitedSentence, Quote, defused
from assistant.types import Citation, Disagreement, Evidence
from assistant.values import FIGURE, figures, values
from assistant.wording import content_words, names, share

SAME_TIME_DAYS: Final = 3
"""What is published so close together contradict each other; further apart the newer has overtaken the older."""
ASKED_SHARE: Final = 0.5
"""What both sentences must hold, titles counted in, of the question's words; and of its names, all but one in five."""
NAMED_SHARE: Final = 0.8
ALIKE_SHARE: Final = 0.35
"""What the shorter of both sentences must share with the other, figures and units aside."""

_MEASURE = re.compile(r"\b(?:how (?:much|far|close|large|big|high|deep|wide|fast|heavy)|per ?cent\w*|share)\b", re.I)
DAYS: Final = frozenset({"date", "day"})
_ASKING: Final = content_words("day date month year side party country company army team group person")
_WHEN = re.compile(r"\b(?:when|(?:what|which) (?:day|date|month|year)|since when)\b", re.I)
_WHO = re.compile(r"\b(?:who|whom|whose|(?:what|which) (?:side|party|country|company|army|team|group|person))\b", re.I)


@dataclass(frozen=True, slots=True)
class Rival:
    """A quote that tells otherwise than `told`, a quote of the answer; `unit` is the figures' or the kind of value."""

    told: Quote
    other: Quote
    unit: str


def rivals(question: str, cited: Sequence[CitedSentence], evidence: Sequence[Evidence]) -> tuple[Rival, ...]:
    """For what the answer tells, the newest evidence that tells the same thing otherwise; at most one."""
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


def _differing(question: str, claim: str, quote: Quote, other: Quote) -> Iterator[str]:
    """The kinds of value that `claim` tells as `quote` does and `other`, on the same thing, only otherwise."""
    if _article(quote) == _article(other):
        return
    mine, theirs = values(quote.text), values(other.text)
    for kind in sorted(_told(quote.text, claim) & {value.kind for value in theirs}):
        same = any(one.agrees(two) for one in mine if one.kind == kind for two in theirs if two.kind == kind)
        if not same and _wanted(question, kind) and _both_answer(question, quote, other, kind):
            yield kind


def _told(quote: str, claim: str) -> set[str]:
    """The kinds of value that the claim takes from the quote."""
    exactly = {figure.unit for figure in figures(quote) & figures(claim)}
    said = {value.kind for value in values(quote) & values(claim)}
    return exactly | {kind for kind in said if kind in DAYS or kind.endswith(" by")}


def _wanted(question: str, kind: str) -> bool:
    """Whether the question asks for a value of this kind."""
    if kind in DAYS:
        return bool(_WHEN.search(question))
    if kind.endswith(" by"):
        return bool(_WHO.search(question))
    return bool(_MEASURE.search(question) or set(kind.split()) & content_words(question))


def _both_answer(question: str, quote: Quote, other: Quote, kind: str) -> bool:
    """Whether both are about what is asked, and say it in like words.

    What the one takes from the question's words, the other must too: people are killed in a fire, and others hurt. Of
    days and names every word asked for must be there: many things happen to one bridge, each on a day of its own.
    """
    asked, named = content_words(question) - _ASKING - set(kind.split()), names(question)
    exact = kind in DAYS or kind.endswith(" by")
    taken = asked & content_words(quote.text)
    for one in (quote, other):
        held = content_words(f"{one.evidence.hit.article.title} {one.text}")
        if share(asked, held) < (1.0 if exact else ASKED_SHARE) or share(named, held) < NAMED_SHARE:
            return False
        if not (asked if exact else taken) - named <= content_words(one.text):
            return False
    mine, theirs = _said(quote), _said(other)
    return bool(mine and theirs) and len(mine & theirs) / min(len(mine), len(theirs)) >= ALIKE_SHARE


def _said(quote: Quote) -> frozenset[str]:
    """The words of a quote without its figures."""
    return content_words(FIGURE.sub(" ", quote.text))


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

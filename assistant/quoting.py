"""Answers in the sources' own words: which sentences of the evidence an answer is made of.

Knows evidence, how near its sentences are to the question, and what the generator says of each alone; no model. A model
of 1.5 billion parameters writes sentences that the sources do not bear out, and says yes to whatever it is asked
whether. Which sentence answers it knows far better. So it is asked of the nearest ones, each alone, "does this hold the
answer?", and the sentences that it is surest of speak for themselves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Protocol

from assistant.citing import defused
from assistant.kinds import asks_how_many, asks_when
from assistant.timely import LATEST
from assistant.types import Evidence
from assistant.values import tells_a_quantity
from assistant.when_words import tells_a_time
from assistant.wording import content_words, names, numbers, share

ASKED_OF: Final = 4
"""How many sentences the generator is asked about, the nearest first."""
NEARNESS: Final = 1.5
"""What a sentence's nearness counts beside the generator's yes or no of it."""
LEAST_NEARNESS: Final = 0.6
"""What is sure of the present is at least so near, as a share of the nearest."""
NEW_WORDS: Final = 3
"""What holds fewer words that are not the question's, fewer than of the question's, and no name or number, says the
question again. Of 720 sentences near to 180 development questions four do, and none of them answers."""
MARGIN: Final = 0.6
"""Quoted beside the best is what scores at most so much less."""
AT_BEST: Final = 1.75
"""A yes as sure as that is enough: no further sentence is asked about, and of none a surer one is reckoned with."""
LIFT: Final = 1.0
"""How much surer a yes may yet come than the best so far. Of 259 development questions so asked, none that is
answerable was refused for it; 2.9 sentences are asked about instead of four."""

_POINTING: Final = re.compile(
    r"[\"“‘'(]?(?:(?:and|but|so|yet)\s+)?(?:he|she|it|they|his|her|its|their|this|that|these|those|both|such|there|then)\b",
    re.IGNORECASE,
)
_KNOWN: Final = re.compile(
    r"\bthe (town|city|village|settlement|district|island|region|company|firm|bank|group|party|agency|ministry|court|"
    r"plant|factory|mine|ship|ferry|bridge|dam|reservoir|river|building|museum|school|hospital|law|bill|treaty|deal|"
    r"project|strike|storm|team|film|book|album|song)\b(?! of\b)",
    re.IGNORECASE,
)
"""What is so called was named before, in the sentence that calls it "a town" or "the largest town"."""
_ONLY_IF: Final = re.compile(r"[\"“‘'(]?(?:if|unless|whether|provided)\b", re.IGNORECASE)
_DENIAL: Final = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|disput\w+|reject\w*|contradict\w*|disagree\w*|refus\w+|neither)\b|"
    r"(?:\b(?:not|nobody|never|no)|n['’]t)\b[^.]{0,40}\b(?:confirm|accept|verif|agree|check)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quotable:
    """A passage cut to the sentence that may be quoted of it, and how near that is to the question.

    One that is `sure` is quoted whatever the generator says of it, if anything is.
    """

    piece: Evidence
    nearness: float
    sure: bool = False

    def score(self, yes_no: float) -> float:
        """How well it answers, given what the generator says of it alone, logit(yes) − logit(no)."""
        return NEARNESS * self.nearness + yes_no


class Quoting(Protocol):
    """A way to answer in the sources' words: what the generator is asked about, and what is said then."""

    @property
    def asked(self) -> Sequence[Quotable]:
        """What to ask about, in this order."""
        ...

    def goes_on(self, yes_no: Sequence[float], answered: bool) -> bool:
        """Whether to ask about the next one, after what was said; `answered`: it makes an answer likely enough."""
        ...

    def reply(self, yes_no: Sequence[float]) -> str:
        """The answer with its markers, given what was said of the first ones."""
        ...


@dataclass(frozen=True, slots=True)
class Sentences:
    """A `Quoting` of the sentences that the generator is surest of."""

    asked: tuple[Quotable, ...]
    present: bool = False

    def goes_on(self, yes_no: Sequence[float], answered: bool) -> bool:
        """Whether the next sentence could still become part of the answer."""
        return worth_asking(self.asked[len(yes_no)], self.asked[: len(yes_no)], yes_no)

    def reply(self, yes_no: Sequence[float]) -> str:
        """The sentences chosen, each cited."""
        return quoted(chosen(self.asked[: len(yes_no)], yes_no, self.present))


def quotable(
    question: str, evidence: Sequence[Evidence], nearness: Sequence[float], *, whether: bool, present: bool
) -> tuple[Quotable, ...]:
    """The sentences to ask the generator about: the nearest, a sure one, then the next nearest; none without evidence.

    `nearness` is of each sentence of the evidence, in its order. One that says the question again ("The importance of
    Kupiansk cannot be overstated") answers none but a yes-or-no question. Asked `whether` a thing is so, the nearest is
    sure: "Is the answer there?" is denied of a sentence that tells that it is not. What is so only if something else is
    ("If the claim is right, …") is never sure, unless there is nothing else. Asked of the `present`, the nearest
    of the newest is whose passage names no less of what is asked about: newer news of another town is none of this one.
    Asked how many, only what tells a quantity can answer: of 99 sentences near to 25 such development questions 26 tell
    none, and none of those answers.
    """
    units = [Quotable(piece, one) for piece, one in zip(_units(question, evidence), nearness, strict=True)]
    if not whether:
        units = [one for one in units if _tells(question, one.piece.text)] or units
    if asks_how_many(question):
        units = [one for one in units if tells_a_quantity(one.piece.text)] or units
    near = sorted(units, key=lambda one: -one.nearness)
    asked = near[:ASKED_OF]
    if near and (whether or present):
        outright = [one for one in near if not _ONLY_IF.match(one.piece.text)] or near
        sure = _newest(question, evidence, outright) if present else outright[0]
        marked = [replace(one, sure=one is sure) for one in (asked if sure in asked else [*asked, sure])]
        asked = [marked[0], *sorted(marked[1:], key=lambda one: not one.sure)]
    return tuple(asked)


def _tells(question: str, text: str) -> bool:
    """Whether a text tells more than the question does: a name, a number, or some words beside the question's."""
    told, asked = content_words(text), content_words(question)
    named = names(text) - names(question) or numbers(text) - numbers(question)
    return bool(named) or len(told - asked) >= min(NEW_WORDS, len(told & asked))


def _newest(question: str, evidence: Sequence[Evidence], near: Sequence[Quotable]) -> Quotable:
    """The newest sentence among the near ones; of one day, what itself holds most of the question's names, then words.

    The title, whose words make a sentence near, is that of all sentences of an article.
    """
    asked, wanted = names(question), content_words(question) - numbers(question)  # "two" counts anything

    def named(one: Quotable) -> float:
        passage = next(piece for piece in evidence if piece.number == one.piece.number)
        return share(asked, content_words(f"{passage.hit.article.title} {passage.text}"))

    least = named(near[0])
    told = [one for one in near if one.nearness >= LEAST_NEARNESS * near[0].nearness and named(one) >= least]

    def worth(one: Quotable) -> tuple[date, float, float, float]:
        own = content_words(one.piece.text)
        return _day(one.piece), share(asked, own), share(wanted, own), one.nearness

    return max(told, key=worth)


def _day(piece: Evidence) -> date:
    return piece.hit.article.published or date.min


def worth_asking(one: Quotable, asked: Sequence[Quotable], yes_no: Sequence[float]) -> bool:
    """Whether what the generator says of this one could still make it part of the answer."""
    settled = max(yes_no, default=-math.inf) >= AT_BEST
    return one.sure or (not settled and one.score(AT_BEST) >= _least(_scores(asked, yes_no)))


def best_to_come(yes_no: Sequence[float]) -> float:
    """The surest yes to be reckoned with, after what the generator has said; at least one."""
    return min(AT_BEST, max(yes_no) + LIFT)


def chosen(asked: Sequence[Quotable], yes_no: Sequence[float], present: bool = False) -> tuple[Evidence, ...]:
    """The sentences an answer is made of, best first, but together and in order those of one passage.

    `yes_no`: what the generator says of each. Of the `present` the newest stand first, of one day the sure one; and
    nothing is told that is older by more than a month than the newest of what answers well enough to be told.
    """
    scored = list(zip(asked, _scores(asked, yes_no), strict=True))
    if present:
        scored = _of_now(scored)
    least = _least([score for _, score in scored])
    best = [one for one, score in sorted(scored, key=lambda one: -one[1]) if one.sure or score >= least]
    if present:
        best.sort(key=lambda one: (_day(one.piece), one.sure), reverse=True)
    passages = dict.fromkeys(one.piece.number for one in best)
    inside = sorted((one.piece for one in best), key=lambda piece: piece.start)
    return tuple(piece for number in passages for piece in inside if piece.number == number)


def _of_now(scored: Sequence[tuple[Quotable, float]]) -> list[tuple[Quotable, float]]:
    """Those not older by more than a month than the newest within the margin. What has no date is as new as any."""
    least = _least([score for _, score in scored])
    newest = max((_day(one.piece) for one, score in scored if score >= least), default=date.min)
    return [
        (one, score)
        for one, score in scored
        if one.sure or _day(one.piece) in (date.min, newest) or newest - _day(one.piece) <= LATEST
    ]


def quoted(pieces: Sequence[Evidence]) -> str:
    """The pieces' sentences as a reply that cites them: each with the number of its passage, none twice."""
    said = {
        (piece.number, span): text
        for piece in pieces
        for span, text in zip(piece.sentences, piece.sentence_texts, strict=True)
    }
    return " ".join(f"{defused(' '.join(text.split()))} [{number}]" for (number, _), text in said.items())


def _scores(asked: Sequence[Quotable], yes_no: Sequence[float]) -> list[float]:
    return [one.score(odds) for one, odds in zip(asked, yes_no, strict=True)]


def _least(scores: Sequence[float]) -> float:
    return max(scores, default=-math.inf) - MARGIN


def _units(question: str, evidence: Sequence[Evidence]) -> list[Evidence]:
    """For each sentence its passage cut to what is quoted of it."""
    dated = asks_when(question)
    return [_unit(piece, at, dated) for piece in evidence for at in range(len(piece.sentences))]


def _unit(piece: Evidence, at: int, dated: bool) -> Evidence:
    """The sentence, with the one before it where it points back ("He has left"), and the next if that is part of it.

    The next denies or doubts it ("Moscow has neither confirmed nor denied it"): a claim is not given without that. Or
    it tells the time asked for, and the sentence does not: news says first what happened, then on what day.
    """
    more = is_denied(piece, at) or (dated and _is_dated_next(piece, at))
    return piece.cut_to(piece.sentences[at - points_back(piece, at) : at + 1 + more])


def points_back(piece: Evidence, at: int) -> bool:
    """Whether a sentence tells of what only the one before it, which stands right there, names.

    It begins with "he" or "that", or tells of "the town" where the one before it has the word too.
    """
    before, own = piece.sentences[max(0, at - 1)], piece.sentences[at]
    near = not piece.text[before.end - piece.start : own.start - piece.start].strip()
    told_before, told = piece.sentence_texts[max(0, at - 1)].lower(), piece.sentence_texts[at]
    known = (match.group(1).lower() for match in _KNOWN.finditer(told))
    return (
        at > 0 and near and bool(_POINTING.match(told) or any(re.search(rf"\b{one}\b", told_before) for one in known))
    )


def _is_dated_next(piece: Evidence, at: int) -> bool:
    own, *after = piece.sentence_texts[at : at + 2]
    return not tells_a_time(own) and any(map(tells_a_time, after))


def is_denied(piece: Evidence, at: int) -> bool:
    """Whether the sentence behind it denies or doubts it, so that it is not told without that."""
    return any(_DENIAL.search(text) for text in piece.sentence_texts[at + 1 : at + 2])

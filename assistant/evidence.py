"""Hits become evidence: the sentences that bear on the question, within a token budget, numbered 1..n.

Knows candidates and the scores, folds and token counts it is given; no model and no index. Whole chunks cost prefill,
which is what a reader waits for, so sentences are picked from the best hits and joined with their neighbours where they
touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from assistant.asked import Asked
from assistant.candidates import Candidate, candidates_of, sentences_of, stretches
from assistant.kinds import asks_for_overview, asks_when
from assistant.orders import ordering
from assistant.types import Evidence, best_overlap
from assistant.when_words import tells_a_time
from index.types import Hit

READ_HITS = 10
"""So many of the best hits are read sentence by sentence."""

SHORTLIST = 20
TOKENS_A_LOOK = 15
"""Of their sentences one is looked at closely for so many tokens of the budget, and no fewer than SHORTLIST: to look is
to embed, which is most of what choosing costs. A sentence of news has some thirty tokens."""

RANK_COST = 0.03
"""What a place further down the hits takes from a sentence's promise, in shares of the question's words."""

Fold = Callable[[Sequence[Candidate]], Sequence[Candidate]]
"""Candidates → those to choose from, in their order; the others are the `twins` of one of them."""


class Selector(Protocol):
    """Question and hits → evidence within the budget, numbered in prompt order."""

    def __call__(self, question: str, hits: Sequence[Hit]) -> tuple[Evidence, ...]: ...


class Reranker(Protocol):
    """Question and candidates → how much each bears on the question, in 0..1, in their order."""

    def __call__(self, question: str, candidates: Sequence[Candidate]) -> Sequence[float]: ...


@dataclass(frozen=True, slots=True)
class SentenceSelector:
    """Picks sentences of the best hits one by one, until the budget is full or nothing left is worth its place.

    Only the sentences of most promise are reranked, one for every `tokens_a_look` of the budget and no fewer than
    `shortlist`; another is taken only as the neighbour of one of them.
    A sentence is scored for the question and, `part_weight` times, for the part of it that it answers best; scores
    count as shares of the best one's. Each pick is the sentence of greatest score plus what it adds to those picked
    before: `cover_weight` times the question's words that none of them holds, and `uncovered_weight` times how much
    better it answers each part. So a question about two things gets sentences on both. What stands right before a
    picked sentence gains `lead_share` of its score, since it says who "he" is; so does what stands right after it where
    an overview is asked for, or a time that only the latter tells. Nothing below `floor_share` is taken: it
    would cost prefill and lead astray. `budget_tokens` is counted by `count_tokens`, titles, dates and `heading_tokens`
    more a passage included.
    """

    rerank: Reranker
    fold: Fold
    parts: Callable[[str], Sequence[str]]
    count_tokens: Callable[[str], int]
    budget_tokens: int
    passages: int
    hits: int = READ_HITS
    shortlist: int = SHORTLIST
    tokens_a_look: int = TOKENS_A_LOOK
    part_weight: float = 1.0
    cover_weight: float = 0.7
    uncovered_weight: float = 0.5
    lead_share: float = 0.7
    floor_share: float = 0.45
    heading_tokens: int = 8

    def __call__(self, question: str, hits: Sequence[Hit]) -> tuple[Evidence, ...]:
        return self.beside((), question, hits, self.budget_tokens)

    def beside(
        self, held: Sequence[Evidence], question: str, hits: Sequence[Hit], budget_tokens: int
    ) -> tuple[Evidence, ...]:
        """What to show after evidence that is `held` already, numbered on from it and saying nothing of it twice.

        Nothing, where what is held is best and the rest has no room.
        """
        candidates = self.fold(candidates_of(hits[: self.hits]))
        if not candidates:
            return ()
        known = frozenset(i for i, one in enumerate(candidates) if _is_in(held, one))
        chosen = self._choose(question, candidates, budget_tokens, known)
        best = {i: n for n, i in enumerate(chosen)}
        runs = sorted(_runs(sorted(chosen), candidates), key=lambda run: min(best[i] for i in run))
        return tuple(_evidence(n, [candidates[i] for i in run]) for n, run in enumerate(runs, len(held) + 1))

    def _choose(
        self, question: str, candidates: Sequence[Candidate], budget_tokens: int, known: frozenset[int]
    ) -> list[int]:
        """Indices of the sentences taken, best first; at least one, however long, where the best is not `known`."""
        scores, parts = self._scores(question, candidates)
        asked = Asked.among(question, [candidate.words for candidate in candidates])
        brings = _brings_the_next(question)
        best_is_known = any(scores[i] == max(scores) for i in known)
        space = _Space(candidates, self.count_tokens, self.heading_tokens, begun=best_is_known)
        worth, answered = list(scores), [0.0] * len(parts)
        for i in known:
            if scores[i] >= self.floor_share and space.follows[i]:
                worth[i - 1] += self.lead_share * scores[i]
        chosen: list[int] = []
        covered: set[str] = set()

        def gain(i: int) -> float:
            better = sum(max(0.0, part[i] - before) for part, before in zip(parts, answered, strict=True))
            words = asked.share(candidates[i].words - covered)
            return worth[i] + self.cover_weight * words + self.uncovered_weight * better

        while fitting := space.fitting(
            (i for i, one in enumerate(worth) if one >= self.floor_share and i not in known),
            budget_tokens,
            self.passages,
        ):
            best = max(fitting, key=gain)
            space.take(best)
            chosen.append(best)
            covered |= candidates[best].words
            answered = [max(part[best], before) for part, before in zip(parts, answered, strict=True)]
            if space.follows[best]:
                worth[best - 1] += self.lead_share * scores[best]
            if best + 1 < len(worth) and space.follows[best + 1] and brings(candidates[best], candidates[best + 1]):
                worth[best + 1] += self.lead_share * scores[best]
        return chosen

    def _scores(self, question: str, candidates: Sequence[Candidate]) -> tuple[list[float], list[list[float]]]:
        """Each candidate's score for the whole question and its parts together, and for each part by itself."""
        texts = (question, *self.parts(question))
        promising = _most_promising(texts, candidates, max(self.shortlist, self.budget_tokens // self.tokens_a_look))
        whole, *parts = (_shares_of_best(self._reranked(text, candidates, promising)) for text in texts)
        if not parts:
            return whole, parts
        best = (max(scores) for scores in zip(*parts, strict=True))
        return _shares_of_best([one + self.part_weight * other for one, other in zip(whole, best, strict=True)]), parts

    def _reranked(self, text: str, candidates: Sequence[Candidate], promising: Sequence[int]) -> list[float]:
        """The scores of the promising candidates, 0 for the others."""
        scores = [0.0] * len(candidates)
        for i, score in zip(promising, self.rerank(text, [candidates[i] for i in promising]), strict=True):
            scores[i] = score
        return scores


def _brings_the_next(question: str) -> Callable[[Candidate, Candidate], bool]:
    """Whether a picked sentence of that question brings the one right after it.

    How things stand is told in more than one sentence. What happened is often told first, and then on what day.
    """
    if asks_for_overview(question):
        return lambda picked, after: True
    if asks_when(question):
        return lambda picked, after: tells_a_time(after.text) and not tells_a_time(picked.text)
    return lambda picked, after: False


def _most_promising(texts: Sequence[str], candidates: Sequence[Candidate], most: int) -> list[int]:
    """Indices of the candidates worth a closer look, in their order: by the question's words and the hits' ranks."""
    asked = [Asked.among(text, [candidate.words for candidate in candidates]) for text in texts]

    def promise(i: int) -> float:
        whole, *parts = (one.share(candidates[i].words) for one in asked)
        return whole + max(parts, default=0.0) - RANK_COST * candidates[i].rank

    return sorted(sorted(range(len(candidates)), key=promise, reverse=True)[:most])


def _shares_of_best(scores: Sequence[float]) -> list[float]:
    """Each score as a share of the greatest; all 1 where none is above 0."""
    best = max(scores)
    return [score / best for score in scores] if best > 0 else [1.0] * len(scores)


class _Space:
    """What is taken of the candidates, and what it costs: a sentence its tokens, a run of them one heading.

    Only what is asked about is counted: counting tokens takes longer than all else here.
    """

    def __init__(
        self, candidates: Sequence[Candidate], count: Callable[[str], int], heading_tokens: int, begun: bool
    ) -> None:
        """`begun`: something is shown already, so that nothing need be taken that does not fit."""
        self.follows = [i > 0 and c.follows(candidates[i - 1]) for i, c in enumerate(candidates)]
        self._candidates = candidates
        self._count = cache(count)
        self._heading_tokens = heading_tokens
        self._begun = begun
        self._taken: set[int] = set()
        self._spent = 0
        self._passages = 0

    def take(self, i: int) -> None:
        """Take a sentence, whether it fits or not."""
        self._spent += self._cost(i)
        self._passages += 1 - self._touching(i)
        self._taken.add(i)

    def fitting(self, wanted: Iterable[int], budget_tokens: int, passages: int) -> list[int]:
        """What of the wanted can still be taken; of nothing taken or begun, everything."""
        if not self._taken and not self._begun:
            return list(wanted)
        return [
            i
            for i in wanted
            if i not in self._taken
            and self._passages + 1 - self._touching(i) <= passages
            and self._spent + self._cost(i) <= budget_tokens
        ]

    def _cost(self, i: int) -> int:
        return self._count(self._candidates[i].text) + (1 - self._touching(i)) * self._heading(i)

    def _heading(self, i: int) -> int:
        article = self._candidates[i].stretch.article
        return self._count(f"{article.title} {article.published or 'date unknown'}") + self._heading_tokens

    def _touching(self, i: int) -> int:
        """How many of its two neighbours are taken: one spares a heading, two spare one more."""
        after = i + 1 in self._taken and self.follows[i + 1]
        return (i - 1 in self._taken and self.follows[i]) + after


def _is_in(held: Sequence[Evidence], sentence: Candidate) -> bool:
    """Whether the sentence, or one that it was folded with, is shown already."""
    return any(piece.holds(one.stretch.article.id, one.span) for piece in held for one in (sentence, *sentence.twins))


def whole_chunks(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """Each hit as one piece of evidence: what is shown as nearest passages when nothing is answered."""
    pieces = (sentences_of(stretch) for hit in hits for stretch in stretches([hit]))
    return tuple(_evidence(number, sentences) for number, sentences in enumerate(filter(None, pieces), 1))


def set_aside(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """The sentences of the best hits that give orders, each as one piece: for the reader, never for the model."""
    return tuple(_evidence(number, [one]) for number, one in enumerate(ordering(hits[:READ_HITS]), 1))


def _runs(indices: Sequence[int], candidates: Sequence[Candidate]) -> list[list[int]]:
    """Rising indices, those of sentences that follow one another together."""
    runs: list[list[int]] = []
    for i in indices:
        if runs and candidates[i].follows(candidates[runs[-1][-1]]):
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _evidence(number: int, run: Sequence[Candidate]) -> Evidence:
    stretch, start, end = run[0].stretch, run[0].span.start, run[-1].span.end
    hit = best_overlap(stretch.hits, start, end)
    spans, text = tuple(c.span for c in run), stretch.cut(start, end)
    return Evidence(number, hit, start, end, text, spans, stretch.hits, _also(run))


def _also(run: Sequence[Candidate]) -> tuple[Hit, ...]:
    """A hit of each other article that tells at least half of the run, counted in characters, best ranked first."""
    told: dict[str, int] = {}
    hits: dict[str, Hit] = {}
    for candidate in run:
        for twin in candidate.twins:
            name = twin.stretch.article.id
            told[name] = told.get(name, 0) + len(candidate.text)
            hits.setdefault(name, twin.hit)
    half = sum(len(candidate.text) for candidate in run) / 2
    return tuple(sorted((hits[name] for name, length in told.items() if length >= half), key=lambda hit: hit.rank))

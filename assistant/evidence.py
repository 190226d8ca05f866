"""Hits become evidence: the sentences that bear on the question, within a token budget, numbered 1..n.

Knows candidates and the scores, folds and token counts it is given; no model and no index. Whole chunks cost prefill,
which is what a reader waits for, so sentences are picked from the best hits and joined with their neighbours where they
touch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.candidates import Candidate, candidates_of, sentences_of, stretches
from assistant.types import Evidence, best_overlap
from index.types import Hit

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
    """Picks the best sentences of the best hits, each with the sentence before it, until the budget is full.

    What follows a sentence is worth at least `follow_share` of it, since it goes on about the same. Nothing below
    `floor_share` of the best is taken: it would cost prefill and lead astray. `budget_tokens` is counted by
    `count_tokens`, titles included.
    """

    rerank: Reranker
    fold: Fold
    count_tokens: Callable[[str], int]
    budget_tokens: int
    passages: int
    hits: int = 8
    follow_share: float = 0.7
    floor_share: float = 0.5
    heading_tokens: int = 24
    """What number, title and date of a passage cost, about."""

    def __call__(self, question: str, hits: Sequence[Hit]) -> tuple[Evidence, ...]:
        candidates = self.fold(candidates_of(hits[: self.hits]))
        if not candidates:
            return ()
        chosen = self._choose(candidates, self._scores(question, candidates))
        best = {i: n for n, i in enumerate(chosen)}
        runs = sorted(_runs(sorted(chosen), candidates), key=lambda run: min(best[i] for i in run))
        return tuple(_evidence(number, [candidates[i] for i in run]) for number, run in enumerate(runs, 1))

    def _scores(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        scores: list[float] = []
        for candidate, own in zip(candidates, self.rerank(question, candidates), strict=True):
            follows = bool(scores) and candidate.follows(candidates[len(scores) - 1])
            scores.append(max(own, self.follow_share * scores[-1]) if follows else own)
        return scores

    def _choose(self, candidates: Sequence[Candidate], scores: Sequence[float]) -> list[int]:
        """Indices of the sentences taken, best first; each brings its predecessor if there is room."""
        chosen: list[int] = []
        spent = 0
        floor = self.floor_share * max(scores)
        worthy = [i for i, score in enumerate(scores) if score >= floor]
        for i in sorted(worthy, key=lambda i: -scores[i]):
            for j in (i, i - 1):
                if j < 0 or j in chosen or (j != i and (i not in chosen or not candidates[i].follows(candidates[j]))):
                    continue
                passages = len(_runs(sorted([*chosen, j]), candidates))
                cost = self.count_tokens(candidates[j].text)
                if chosen and (passages > self.passages or self._spent(spent + cost, passages) > self.budget_tokens):
                    continue
                chosen.append(j)
                spent += cost
        return chosen

    def _spent(self, tokens: int, passages: int) -> int:
        return tokens + passages * self.heading_tokens


def whole_chunks(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """Each hit as one piece of evidence: what is shown as nearest passages when nothing is answered."""
    pieces = (sentences_of(stretch) for hit in hits for stretch in stretches([hit]))
    return tuple(_evidence(number, sentences) for number, sentences in enumerate(filter(None, pieces), 1))


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

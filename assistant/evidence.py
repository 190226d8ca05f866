"""Hits become evidence: the sentences that bear on the question, within a token budget, numbered 1..n.

Knows sentences, words and the similarity it is given; no model and no index. Whole chunks cost prefill, which is what
a reader waits for, so sentences are picked from the best hits and joined with their neighbours where they touch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.types import Evidence, Span, best_overlap
from assistant.verifying import Similarity
from assistant.wording import content_words, names, share
from index.sentences import sentences
from index.types import Hit

GENERAL = content_words("situation state latest news development happening overview summary known current now today")
"""Words that ask how things stand and say nothing of what; a sentence that holds them is not nearer for it."""


class Selector(Protocol):
    """Question and hits → evidence within the budget, numbered in prompt order."""

    def __call__(self, question: str, hits: Sequence[Hit]) -> tuple[Evidence, ...]: ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """What overlapping hits of one article make together: `article.text[start:start + len(text)] == text`."""

    hits: tuple[Hit, ...]
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def cut(self, start: int, end: int) -> str:
        """The article's text from `start` to `end`, which must lie inside the stretch."""
        return self.text[start - self.start : end - self.start]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a stretch, at its place in the article."""

    stretch: Stretch
    span: Span
    text: str
    rank: int

    def follows(self, other: Candidate) -> bool:
        """Whether `other` is the sentence right before this one, in the same stretch."""
        return self.stretch is other.stretch and not self.stretch.cut(other.span.end, self.span.start).strip()


@dataclass(frozen=True, slots=True)
class SentenceSelector:
    """Picks the best sentences of the best hits, each with the sentence before it, until the budget is full.

    A sentence's worth is its cosine with the question, plus the share of the question's content words and of its names
    in it and its title, plus a little for the rank of its hit; what follows a sentence is worth at least
    `follow_share` of it, since it goes on about the same. Nothing below `floor_share` of the best is taken: it would
    cost prefill and lead astray. `budget_tokens` is counted by `count_tokens`, titles included.
    """

    similarity: Similarity
    count_tokens: Callable[[str], int]
    budget_tokens: int
    passages: int
    hits: int = 8
    word_weight: float = 0.6
    name_weight: float = 0.4
    rank_weight: float = 0.3
    follow_share: float = 0.7
    floor_share: float = 0.5
    heading_tokens: int = 24
    """What number, title and date of a passage cost, about."""

    def __call__(self, question: str, hits: Sequence[Hit]) -> tuple[Evidence, ...]:
        candidates = [c for stretch in stretches(hits[: self.hits]) for c in _sentences(stretch)]
        if not candidates:
            return ()
        chosen = self._choose(candidates, self._scores(question, candidates))
        best = {i: n for n, i in enumerate(chosen)}
        runs = sorted(_runs(sorted(chosen), candidates), key=lambda run: min(best[i] for i in run))
        return tuple(_evidence(number, [candidates[i] for i in run]) for number, run in enumerate(runs, 1))

    def _scores(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        asked, named = content_words(question) - GENERAL, names(question)
        cosines = self.similarity(question, [c.text for c in candidates])
        scores: list[float] = []
        for candidate, cosine in zip(candidates, cosines, strict=True):
            held = content_words(f"{candidate.stretch.hits[0].article.title} {candidate.text}")
            wording = self.word_weight * share(asked, held) + self.name_weight * share(named, held)
            own = cosine + wording + self.rank_weight / candidate.rank
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
    pieces = (_sentences(stretch) for hit in hits for stretch in stretches([hit]))
    return tuple(_evidence(number, sentences) for number, sentences in enumerate(filter(None, pieces), 1))


def stretches(hits: Sequence[Hit]) -> tuple[Stretch, ...]:
    """Overlapping or touching chunks of one article joined, in the order of the articles by best rank."""
    articles = list(dict.fromkeys(hit.article.id for hit in hits))
    joined: list[Stretch] = []
    for hit in sorted(hits, key=lambda h: (articles.index(h.article.id), h.chunk.start)):
        last = joined[-1] if joined else None
        if last and last.hits[0].article.id == hit.article.id and hit.chunk.start <= last.end:
            more = hit.chunk.text[last.end - hit.chunk.start :]
            joined[-1] = Stretch((*last.hits, hit), last.start, last.text + more)
        else:
            joined.append(Stretch((hit,), hit.chunk.start, hit.chunk.text))
    return tuple(joined)


def _sentences(stretch: Stretch) -> list[Candidate]:
    """The sentences of a stretch; headings, which state nothing, are left out."""
    found = (s for s in sentences(stretch.text, stretch.hits[0].article.language) if not s.heading)
    return [_candidate(stretch, stretch.start + s.start, stretch.start + s.end) for s in found]


def _candidate(stretch: Stretch, start: int, end: int) -> Candidate:
    rank = best_overlap(stretch.hits, start, end).rank
    return Candidate(stretch, Span(start, end), stretch.cut(start, end), rank)


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
    return Evidence(number, hit, start, end, stretch.cut(start, end), tuple(c.span for c in run), stretch.hits)

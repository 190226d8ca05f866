"""How much a sentence bears on a question.

Knows question and candidates as texts, and the similarity it is given; chooses nothing and counts no tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.candidates import Candidate
from assistant.verifying import Similarity
from assistant.wording import content_words, names, share

GENERAL = content_words("situation state latest news development happening overview summary known current now today")
"""Words that ask how things stand and say nothing of what; a sentence that holds them is not nearer for it."""


def by_rank(question: str, candidates: Sequence[Candidate]) -> list[float]:
    """The order of retrieval as it is: a sentence is worth what its hit's rank says."""
    return [1 / candidate.rank for candidate in candidates]


@dataclass(frozen=True, slots=True)
class WordsAndMeaning:
    """A sentence's cosine with the question, the question's words and names in it or its title, its hit's rank."""

    similarity: Similarity
    word_weight: float = 0.6
    name_weight: float = 0.4
    rank_weight: float = 0.3

    def __call__(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        asked, named = content_words(question) - GENERAL, names(question)
        cosines = self.similarity(question, [c.text for c in candidates])
        scores: list[float] = []
        for candidate, cosine in zip(candidates, cosines, strict=True):
            held = content_words(f"{candidate.stretch.article.title} {candidate.text}")
            wording = self.word_weight * share(asked, held) + self.name_weight * share(named, held)
            scores.append(cosine + wording + self.rank_weight / candidate.rank)
        return scores

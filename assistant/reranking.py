"""How much a sentence bears on a question.

Knows question and candidates as texts, and the similarity it is given; chooses nothing and counts no tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.asked import Asked
from assistant.candidates import Candidate
from assistant.verifying import Similarity


def by_rank(question: str, candidates: Sequence[Candidate]) -> list[float]:
    """The order of the search as it is: a sentence is worth what its hit's rank says, the last half of the first."""
    last = max((candidate.rank for candidate in candidates), default=1)
    return [1 - 0.5 * (candidate.rank - 1) / last for candidate in candidates]


@dataclass(frozen=True, slots=True)
class WordsAndMeaning:
    """A sentence's cosine with the question, the question's words in it or its title, and its chunk's words.

    `word_weight` times the share of the question's content words, the rare ones weighing more; `chunk_weight` times the
    BM25 score of the chunk as part of the best one's, which knows how rare a word is in the whole index. Names, numbers
    and dates weigh as rare words: weights of their own added nothing where they were measured.
    """

    similarity: Similarity
    word_weight: float = 1.0
    chunk_weight: float = 0.3

    def __call__(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        asked = Asked.among(question, [candidate.words for candidate in candidates])
        cosines = self.similarity(question, [candidate.text for candidate in candidates])
        chunks = [candidate.hit.lexical or 0.0 for candidate in candidates]
        best = max(chunks, default=0.0) or 1.0
        most = 1 + self.word_weight + self.chunk_weight
        return [
            max(0.0, cosine + self.word_weight * asked.share(candidate.words) + self.chunk_weight * chunk / best) / most
            for candidate, cosine, chunk in zip(candidates, cosines, chunks, strict=True)
        ]

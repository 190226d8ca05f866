"""What of a question's words a text holds, the rare ones weighing more.

Knows words; neither sentences' places nor their meaning.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from assistant.wording import content_words

GENERAL = content_words("situation state latest news development happening overview summary known current now today")
"""Words that ask how things stand and say nothing of what; a sentence that holds them is not nearer for it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The question's content words, each with its part of the whole: the weights add up to 1, or there are none."""

    weights: Mapping[str, float]

    @classmethod
    def among(cls, question: str, texts: Sequence[frozenset[str]]) -> Self:
        """Weighed by how few of the texts, given as their content words, hold a word: log(1 + n / (held + 0.5))."""
        holding = Counter(word for text in texts for word in text)
        told = sorted(content_words(question) - GENERAL)
        rarity = {word: math.log(1 + len(texts) / (holding[word] + 0.5)) for word in told}
        whole = sum(rarity.values())
        return cls({word: one / whole for word, one in rarity.items()} if whole else {})

    def share(self, words: Iterable[str]) -> float:
        """The weight of those of the different `words` that are asked, in 0..1."""
        return sum(self.weights.get(word, 0.0) for word in words)

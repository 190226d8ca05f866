"""Answers in the sources' own words: which sentences a reply may be made of.

Knows evidence and how near its sentences are to the question; no model. Asked whether something is so, a model of 1.5
billion parameters says yes: to 9 of 28 questions about our starter articles it affirmed the contrary of what the
sentence that it cited says, and most of that passed the check, which asks the same model. Which sentence tells of the
matter it knows far better. So it chooses, and the sentence speaks for itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from assistant.citing import defused
from assistant.types import Choices, Evidence

LEAST_NEARNESS: Final = 0.6
"""As a share of the nearest sentence's."""
MOST_QUOTED: Final = 2
QUOTED_THRESHOLD: Final = 0.4
"""What the threshold of abstaining is multiplied by. "Is the answer there?" is denied more readily where the answer is
no; and a quotation that is beside the point is seen to be so, while a wrong yes is not."""


_DENIAL: Final = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|disput\w+|reject\w*|contradict\w*|disagree\w*|refus\w+|neither)\b|"
    r"(?:\b(?:not|nobody|never|no)|n['’]t)\b[^.]{0,40}\b(?:confirm|accept|verif|agree|check)",
    re.IGNORECASE,
)


def quotations(evidence: Sequence[Evidence], nearness: Sequence[float], present: bool = False) -> Choices:
    """The sentences that are nearly as near as the nearest, each with the number of its evidence; one of them surely.

    That is the nearest, and of the `present` the nearest of the newest. What the model chooses and what is nearest by
    words and meaning are two opinions on what tells of the matter. Where the next sentence denies or doubts what one
    says ("Moscow has neither confirmed nor denied it"), both are one choice: a claim is not quoted without it.
    """
    told = [(piece, text) for piece in evidence for text in _units(piece)]
    least = LEAST_NEARNESS * max(nearness, default=0.0)
    near = [
        (text, one, piece.hit.article.published or date.min)
        for (piece, text), one in zip(told, nearness, strict=True)
        if one >= least
    ]
    sure = max(near, key=lambda it: (it[2] if present else date.min, it[1]), default=("",))[0]
    return Choices(tuple(dict.fromkeys(text for text, _, _ in near)), MOST_QUOTED, sure)


def _units(piece: Evidence) -> list[str]:
    """For each sentence of the passage what is quoted of it: with its number, and with a denial right behind it."""
    texts = [f"{defused(' '.join(text.split()))} [{piece.number}]" for text in piece.sentence_texts]
    following = [text if _DENIAL.search(text) else "" for text in (*texts[1:], "")]
    return [f"{text} {denial}".rstrip() for text, denial in zip(texts, following, strict=True)]

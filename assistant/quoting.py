"""Answers in the sources' own words: which sentences a reply may be made of.

Knows evidence and how near its sentences are to the question; no model. Asked whether something is so, a model of 1.5
billion parameters says yes: to 9 of 28 questions about our starter articles it affirmed the contrary of what the
sentence that it cited says, and most of that passed the check, which asks the same model. Which sentence tells of the
matter it knows far better. So it chooses, and the sentence speaks for itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from assistant.citing import defused
from assistant.types import Choices, Evidence
from assistant.wording import content_words, names, share

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


@dataclass(frozen=True, slots=True)
class _Near:
    """What may be quoted, how near it is, when it came out, and the share of the question's names told around it."""

    text: str
    nearness: float
    day: date
    named: float


def quotations(
    question: str, evidence: Sequence[Evidence], nearness: Sequence[float], present: bool = False
) -> Choices:
    """The sentences that are nearly as near as the nearest, each with the number of its evidence; one of them surely.

    That is the nearest, and of the `present` the nearest of the newest whose passage names no less of what is asked
    about: newer news of another town is none of this one. What the model chooses and what is nearest by words and
    meaning are two opinions on what tells of the matter. Where the next sentence denies or doubts what one says
    ("Moscow has neither confirmed nor denied it"), both are one choice: a claim is not quoted without it.
    """
    least = LEAST_NEARNESS * max(nearness, default=0.0)
    told = [(piece, text) for piece in evidence for text in _units(piece)]
    near = [
        _Near(text, one, piece.hit.article.published or date.min, _named(question, piece))
        for (piece, text), one in zip(told, nearness, strict=True)
        if one >= least
    ]
    if not near:
        return Choices((), MOST_QUOTED, "")
    sure = max(near, key=lambda one: one.nearness)
    if present:
        sure = max((one for one in near if one.named >= sure.named), key=lambda one: (one.day, one.nearness))
    return Choices(tuple(dict.fromkeys(one.text for one in near)), MOST_QUOTED, sure.text)


def _named(question: str, piece: Evidence) -> float:
    """The share of the question's names in the passage or its title."""
    return share(names(question), content_words(f"{piece.hit.article.title} {piece.text}"))


def _units(piece: Evidence) -> list[str]:
    """For each sentence of the passage what is quoted of it: with its number, and with a denial right behind it."""
    texts = [f"{defused(' '.join(text.split()))} [{piece.number}]" for text in piece.sentence_texts]
    following = [text if _DENIAL.search(text) else "" for text in (*texts[1:], "")]
    return [f"{text} {denial}".rstrip() for text, denial in zip(texts, following, strict=True)]

"""Whether the sources answer the question: a probability from cheap signals, and a threshold with a name.

Knows signals as numbers. The model's wording is not one of them: a small model told to refuse refuses at random, so it
is asked "is the answer in there?" and its two logits are read instead: over the same evidence, and over the sentence
nearest to the question alone, where nothing else on the subject leads it to say yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.citing import defused
from assistant.types import Evidence, Span
from assistant.verifying import Logistic, Similarity
from assistant.wording import content_words, names, numbers, share
from index.types import Hit

COVERAGE = 1.0
"""What the share of the question's words in a sentence or its title counts beside its cosine, to find the nearest."""

SAID_OF_ALL = (0.0, 1.75)
"""What the generator says of all the evidence, at worst where it says of the nearest sentence that it answers, and at
best where it says that it does not. Of 492 questions of seven runs, which these were chosen on, a third were answered
and a seventh refused without asking about all the evidence, of 100 others half; none otherwise than after asking.
"""


class Abstainer(Protocol):
    """Signals → the probability in 0..1 that the sources answer the question."""

    def __call__(self, signals: Mapping[str, float]) -> float: ...


@dataclass(frozen=True, slots=True)
class Nearest:
    """The sentence of the evidence nearest to a question by meaning and words, in the passage it is cut from.

    `cosine` in -1..1 is the best of any sentence.
    """

    piece: Evidence
    span: Span
    cosine: float

    def alone(self) -> Evidence:
        """The passage, less all its other sentences."""
        return self.piece.cut_to((self.span,))


def nearness(question: str, evidence: Sequence[Evidence], similarity: Similarity) -> list[float]:
    """How near each sentence of the evidence is, in its order: cosine and `COVERAGE` times the question's words in it.

    Words of the title count as the sentence's: "The repair cost 4 million" need not name the ship once more.
    """
    told = [(piece.hit.article.title, text) for piece in evidence for text in piece.sentence_texts]
    cosines, wanted = similarity(question, [text for _, text in told]), content_words(question)
    return [
        cosine + COVERAGE * share(wanted, content_words(f"{title} {text}"))
        for cosine, (title, text) in zip(cosines, told, strict=True)
    ]


def nearest_of(question: str, evidence: Sequence[Evidence], similarity: Similarity) -> Nearest:
    """The nearest sentence of the evidence, of which there is some."""
    said = [(piece, span) for piece in evidence for span in piece.sentences]
    near = nearness(question, evidence, similarity)
    return Nearest(*said[near.index(max(near))], best_cosine(question, evidence, similarity))


def best_cosine(question: str, evidence: Sequence[Evidence], similarity: Similarity) -> float:
    """The best cosine of a sentence of the evidence, of which there is some, with the question."""
    return max(similarity(question, [text for piece in evidence for text in piece.sentence_texts]))


def signals_of(question: str, hits: Sequence[Hit], evidence: Sequence[Evidence], nearest: float) -> dict[str, float]:
    """The signals that need no generator, by name.

    dense: best cosine of a hit with the question; nearest: that of a sentence, given; covered_once: the greatest
    share of the question's content words in one sentence; covered, names, numbers: share of the question's content
    words, names and numbers in the evidence and its titles. What the generator says when asked whether the answer is
    there, logit(yes) − logit(no), stands beside them: yes_no_nearest of the nearest sentence alone, yes_no of all the
    evidence where that was asked, yes_no_best the best of several sentences alone; none when it cannot tell.
    """
    told = " ".join(f"{piece.hit.article.title} {piece.text}" for piece in evidence)
    held = content_words(told)
    said = [one for piece in evidence for one in piece.sentence_texts]
    return {
        "nearest": nearest,
        "covered_once": max((share(content_words(question), content_words(one)) for one in said), default=0.0),
        "dense": max((hit.dense for hit in hits if hit.dense is not None), default=0.0),
        "covered": share(content_words(question), held),
        "names": share(names(question), held),
        "numbers": share(numbers(question), numbers(told)),
    }


@dataclass(frozen=True, slots=True)
class FittedAbstainer:
    """Fitted logistic models: with the generator's yes/no logits, of all the evidence or of single sentences, and one
    for generators that have none.

    Where only the nearest sentence was asked about, it speaks for all the evidence.
    """

    with_logit: Logistic
    of_sentences: Logistic
    without_logit: Logistic

    def __call__(self, signals: Mapping[str, float]) -> float:
        """The calibrated probability that the sources answer the question."""
        if "yes_no_best" in signals:
            return self.of_sentences(signals)
        if "yes_no_nearest" not in signals:
            return self.without_logit(signals)
        return self.with_logit({"yes_no": signals["yes_no_nearest"], **signals})


def sentence_for(question: str, nearest: Sequence[Evidence], why: str = "") -> str:
    """What an abstention says; `why` goes on after "what they hold on it" where that can be told."""
    asked = defused(" ".join(question.split()))
    if not nearest:
        return f"Your sources do not answer this: nothing in them is about “{asked}”."
    if why:
        return (
            f"Your sources do not answer this: “{asked}”. What they hold on it {why}; "
            "the passages that come closest are listed."
        )
    return f"Your sources do not answer this: “{asked}”. The passages that come closest are listed."

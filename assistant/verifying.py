"""How far the cited passages hold a claim: measures of both, and the generator's own yes or no, weighed together.

Knows claim and passages as texts, and the generator's answer as a number. Words, numbers and names show what a claim
adds; they cannot see a changed meaning in the same words, which the generator's yes or no can. The weights are fitted
on development pairs and kept in a JSON file beside this module, with the command and the data that made them.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from assistant.comparing import MEASURES, measured, word_for_word
from assistant.types import ClaimStatus
from assistant.wording import content_words, words

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosines in -1..1 of one text with others, in their order."""

LARGEST_ODDS = 4.0
"""Log-odds of the generator beyond these say no more."""
A_LITTLE = 0.001
BRIEF = 8
"""A claim of so many words is brief."""

_NO_CLAIM = re.compile(
    r"^(?:(?:in (?:summary|short|conclusion)|to (?:summari[sz]e|conclude)|overall|hello|hi|sure|certainly|of course|"
    r"here (?:is|are)\b.{0,60}|thank you.{0,30}|i hope.{0,40})[\s,.:!]*)$",
    re.IGNORECASE,
)


class Verifier(Protocol):
    """Claim, cited passages, and the generator's log-odds that they hold it, if it was asked → support in 0..1."""

    def __call__(self, claim: str, passages: Sequence[str], yes_no: float | None = None) -> float: ...

    def settled(self, claim: str, passages: Sequence[str]) -> float | None:
        """The support where the generator's yes or no cannot change what the claim is called; None where it can."""
        ...


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model over named features: readable, comparable, never pickled."""

    intercept: float
    weights: Mapping[str, float]

    @classmethod
    def read(cls, path: Path, name: str) -> Logistic:
        """The model called `name` in the JSON file `path`."""
        stored = json.loads(path.read_text(encoding="utf-8"))["models"][name]
        return cls(float(stored["intercept"]), {k: float(v) for k, v in stored["weights"].items()})

    def digest(self) -> str:
        """Eight hex digits naming these weights, so that a report of other weights is another report."""
        return hashlib.sha256(repr((self.intercept, sorted(self.weights.items()))).encode()).hexdigest()[:8]

    def __call__(self, features: Mapping[str, float]) -> float:
        """The probability in 0..1. Every weight's feature must be given."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.odds(features)))))

    def odds(self, features: Mapping[str, float]) -> float:
        """The same as log-odds."""
        return self.intercept + sum(weight * features[name] for name, weight in self.weights.items())


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which support on a claim is supported, and from which at least partial."""

    supported: float = 0.6
    partial: float = 0.35

    @classmethod
    def read(cls, path: Path) -> Thresholds:
        """Those of the JSON file `path`."""
        stored = json.loads(path.read_text(encoding="utf-8"))["thresholds"]
        return cls(float(stored["supported"]), float(stored["partial"]))


Entailment = Callable[[str, str], float]
"""(premise, hypothesis) → the probability in 0..1 that the first entails the second."""


@dataclass(frozen=True, slots=True)
class FittedVerifier:
    """Support by two fitted logistic models: one with the generator's log-odds, one for generators that have none.

    With an `entailment` model its probability and ours are averaged as log-odds, unweighted: a person's own model
    has been fitted by nobody.
    """

    graded: Logistic
    words: Logistic
    thresholds: Thresholds
    entailment: Entailment | None = None

    def __call__(self, claim: str, passages: Sequence[str], yes_no: float | None = None) -> float:
        """Support in 0..1; 0 without passages, and for a claim without content, which any passage would hold.

        A claim made outright of what is only told in somebody's name is at most partial.
        """
        if not passages or not content_words(claim):
            return 0.0
        model = self.words if yes_no is None else self.graded
        signals = features(claim, passages, yes_no, {"attributed", *model.weights} & MEASURES.keys())
        support = model(signals)
        if self.entailment:
            support = _averaged(support, self.entailment(" ".join(passages), claim))
        return support if signals["attributed"] else min(support, self.thresholds.supported - A_LITTLE)

    def by_words_alone(self) -> FittedVerifier:
        """The same without the entailment model: quick enough to try every sentence of the evidence."""
        return replace(self, entailment=None)

    def settled(self, claim: str, passages: Sequence[str]) -> float | None:
        """Half-way between the two supports it could have, where both have one name; asking would be lost time.

        Nor is asked about a sentence that is word for word its passage, as about half of a small model's are.
        """
        low, high = (self(claim, passages, odds) for odds in (-LARGEST_ODDS, LARGEST_ODDS))
        if word_for_word(claim, passages):
            return high
        one, other = (status_of(claim, support, True, self.thresholds) for support in (low, high))
        return (low + high) / 2 if one == other else None


def features(
    claim: str, passages: Sequence[str], yes_no: float | None, wanted: Iterable[str] = MEASURES
) -> dict[str, float]:
    """The signals by name: the wanted measures, and the generator's log-odds where there are any, bounded.

    `yes_no_brief` are the same log-odds, the less the longer the claim is: of a long one the generator sees less.
    """
    found = measured(claim, passages, wanted)
    if yes_no is None:
        return found
    odds = max(-LARGEST_ODDS, min(LARGEST_ODDS, yes_no))
    return found | {"yes_no": odds, "yes_no_brief": odds * BRIEF / max(BRIEF, len(words(claim)))}


def _averaged(one: float, other: float) -> float:
    odds = [math.log(p / (1 - p)) for p in (min(max(one, 1e-6), 1 - 1e-6), min(max(other, 1e-6), 1 - 1e-6))]
    return 1 / (1 + math.exp(-sum(odds) / 2))


def status_of(claim: str, support: float, cited: bool, thresholds: Thresholds) -> ClaimStatus:
    """The status of a claim. Without a citation nothing is supported; a sentence that says nothing is no claim."""
    if not content_words(claim) or _NO_CLAIM.match(claim.strip()):
        return "no_claim"
    if not cited or support < thresholds.partial:
        return "unsupported"
    return "supported" if support >= thresholds.supported else "partial"

"""How far a cited passage holds a claim.

Knows claim and passages as texts. `LexicalVerifier` sees what a claim adds that the passages do not hold: words,
numbers, names. It cannot see a changed meaning in the same words. Its weights are fitted and
kept in a JSON file beside this module, together with the command and the data that made them.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.types import ClaimStatus
from assistant.wording import content_words, names, numbers, share

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosines in -1..1 of one text with others, in their order."""

_NO_CLAIM = re.compile(
    r"^(?:(?:in (?:summary|short|conclusion)|to (?:summari[sz]e|conclude)|overall|hello|hi|sure|certainly|of course|"
    r"here (?:is|are)\b.{0,60}|thank you.{0,30}|i hope.{0,40})[\s,.:!]*)$",
    re.IGNORECASE,
)


class Verifier(Protocol):
    """Claim and cited passages → support in 0..1."""

    def __call__(self, claim: str, passages: Sequence[str]) -> float: ...


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
        z = self.intercept + sum(weight * features[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))


@dataclass(frozen=True, slots=True)
class LexicalVerifier:
    """Support from words, numbers, names and sentence similarity, combined by a fitted logistic model."""

    model: Logistic
    similarity: Similarity

    def __call__(self, claim: str, passages: Sequence[str]) -> float:
        """Support in 0..1; 0 without passages, and for a claim without content, which any passage would hold."""
        return self.model(self.features(claim, passages)) if passages and content_words(claim) else 0.0

    def features(self, claim: str, passages: Sequence[str]) -> dict[str, float]:
        """The signals, each in 0..1.

        covered: share of the claim's content words in the passages; numbers, names: likewise for those;
        similarity: best cosine of the claim with a passage.
        """
        told = " ".join(passages)
        held = content_words(told)
        return {
            "covered": share(content_words(claim), held),
            "numbers": share(numbers(claim), numbers(told)),
            "names": share(names(claim), held),
            "similarity": max(0.0, *self.similarity(claim, passages)),
        }


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which support on a claim is supported, and from which at least partial."""

    supported: float = 0.6
    partial: float = 0.35


def status_of(claim: str, support: float, cited: bool, thresholds: Thresholds) -> ClaimStatus:
    """The status of a claim. Without a citation nothing is supported; a sentence that says nothing is no claim."""
    if not content_words(claim) or _NO_CLAIM.match(claim.strip()):
        return "no_claim"
    if not cited or support < thresholds.partial:
        return "unsupported"
    return "supported" if support >= thresholds.supported else "partial"

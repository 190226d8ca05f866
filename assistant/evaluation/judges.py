"""Who says whether a cited passage entails a sentence, and how far that judge itself can be trusted.

Knows a generator that grades yes against no, or any entailment function, and labelled pairs. A judge is not the gate
that answers pass: the generator is asked about the whole cited passage alone, without the question, in another wording
than the gate's. It is still the same model, which its name says, and its accuracy on labelled pairs stands beside all
that it judges.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from assistant.evaluation.datasets import PairSet, draw_pairs, half_of
from assistant.evaluation.judging import NamedGrader, shortened
from assistant.evaluation.metrics import Entails, auroc, share
from assistant.prompting import Composer
from assistant.verifying import Entailment

SURE: float = 0.5
"""From this probability on an entailment model says yes."""
PAIRS_A_SET = 100


@dataclass(frozen=True, slots=True)
class InOtherWords:
    """The generator as a judge: yes is more likely than no. One that cannot grade entails nothing."""

    grader: NamedGrader
    composer: Composer
    count_tokens: Callable[[str], int]

    @property
    def name(self) -> str:
        return f"{self.grader.model.name} in other words than the gate's"

    def __call__(self, premise: str, hypothesis: str) -> bool:
        passage = shortened(hypothesis, premise, self.count_tokens)
        prompt = self.composer.entail(" ".join(passage.split()), " ".join(hypothesis.split()))
        return (self.grader.yes_no(prompt, threading.Event()) or 0.0) > 0.0


@dataclass(frozen=True, slots=True)
class ByEntailment:
    """An entailment model as a judge."""

    entailment: Entailment

    def __call__(self, premise: str, hypothesis: str) -> bool:
        return self.entailment(premise, hypothesis) >= SURE


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How a judge fares on labelled pairs: of the supported it says yes to `yes_right`, of the others no to `no_right`.

    None where there are no such pairs. `balanced` is their mean: 0.5 is chance.
    """

    n: int
    yes_right: float | None
    no_right: float | None
    balanced: float | None


def accuracy(entails: Entails, pairs: PairSet, seed: int, limit: int = PAIRS_A_SET) -> Accuracy:
    """The judge on so many pairs of the half that nothing is fitted on."""
    held_out = [pair for pair in pairs.pairs if half_of(pair.id) == "test"]
    drawn = draw_pairs(held_out, min(limit, len(held_out)) or None, seed)
    said = [(pair.supported, entails(pair.evidence, pair.claim)) for pair in drawn]
    yes = [verdict for supported, verdict in said if supported]
    no = [not verdict for supported, verdict in said if not supported]
    return Accuracy(
        len(said),
        share(sum(yes), len(yes)),
        share(sum(no), len(no)),
        auroc([float(one) for one in yes], [float(not one) for one in no]),
    )


def told(found: Mapping[str, Accuracy]) -> dict[str, dict[str, float | int | None]]:
    """By set, as plain values."""
    return {name: asdict(one) for name, one in found.items()}


def accuracies(entails: Entails, sets: Sequence[PairSet], seed: int) -> dict[str, Accuracy]:
    """The judge on each set, by its name."""
    return {pairs.name: accuracy(entails, pairs, seed) for pairs in sets}

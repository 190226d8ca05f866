"""A judge asks in other words than the gate, and is itself measured on pairs nothing was fitted on."""

from __future__ import annotations

import pytest

from assistant.evaluation.datasets import Pair, PairSet, half_of
from assistant.evaluation.judges import Accuracy, ByEntailment, InOtherWords, accuracies, accuracy, told
from assistant.prompting import Composer
from tests.fakes import TEMPLATES, FakeGenerator

PASSAGE = "The dam was struck. The river rose by 1.2 metres."


def in_other_words(generator: FakeGenerator) -> InOtherWords:
    composer = Composer(TEMPLATES, generator.count_prompt, generator.context_size, 0)
    return InOtherWords(generator, composer, generator.count_tokens)


@pytest.mark.parametrize(("logit", "entailed"), [(0.1, True), (-0.1, False), (None, False)])
def test_the_model_entails_what_it_rather_says_yes_to(logit: float | None, entailed: bool) -> None:
    generator = FakeGenerator(logit=logit)
    assert in_other_words(generator)(PASSAGE, "The river rose.") is entailed
    (prompt,) = generator.checked
    asked = prompt.messages[-1].text
    assert PASSAGE in asked
    assert TEMPLATES.support.substitute(claim="The river rose.") not in asked


def test_the_judge_names_the_model_it_is() -> None:
    assert in_other_words(FakeGenerator()).name.startswith(FakeGenerator().model.name)


def test_an_entailment_model_judges_by_what_is_likelier() -> None:
    judge = ByEntailment(lambda premise, hypothesis: 0.7 if hypothesis in premise else 0.2)
    assert judge(PASSAGE, "The dam was struck.")
    assert not judge(PASSAGE, "The dam held.")


def labelled(*supported: bool) -> PairSet:
    """Pairs of the held-out half, a claim of "yes" where the evidence supports it, and one pair of the other half."""
    names = (f"p{n}" for n in range(1_000))
    held_out = (name for name in names if half_of(name) == "test")
    pairs = [Pair(next(held_out), "yes" if one else "no", PASSAGE, "", one) for one in supported]
    return PairSet("own", (*pairs, Pair("p0" if half_of("p0") == "dev" else "p1", "no", PASSAGE, "", True)), "")


def test_a_judge_is_measured_on_the_half_nothing_was_fitted_on() -> None:
    found = accuracy(lambda premise, claim: claim == "yes", labelled(True, False, True), seed=0)
    assert found == Accuracy(3, 1.0, 1.0, 1.0)


def test_a_judge_that_always_says_yes_is_no_better_than_chance() -> None:
    found = accuracies(lambda premise, claim: True, [labelled(True, False, False)], seed=0)
    assert told(found) == {"own": {"n": 3, "yes_right": 1.0, "no_right": 0.0, "balanced": 0.5}}

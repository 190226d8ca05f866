"""What evidence adds to a yes, whatever the model would say without."""

from __future__ import annotations

import threading

import pytest

from assistant.grading import held_by
from assistant.prompting import Composer
from assistant.types import Usage
from tests.fakes import TEMPLATES, FakeGenerator, evidence

CLAIM = "The dam was struck."
NEVER = threading.Event()


def composer(generator: FakeGenerator) -> Composer:
    return Composer(TEMPLATES, generator.count_prompt, generator.context_size, 0)


@pytest.mark.parametrize(("told", "untold"), [(2.0, 0.0), (2.0, 1.5), (-1.0, -3.0), (1.0, 4.0)])
def test_what_the_model_believes_anyway_is_taken_off(told: float, untold: float) -> None:
    generator = FakeGenerator(logit=told, untold_logit=untold)
    assert held_by(generator, composer(generator), CLAIM, evidence(CLAIM), NEVER) == told - untold


def test_both_are_accounted_for_and_the_one_without_sources_is_asked_aside() -> None:
    generator, spent = FakeGenerator(), list[Usage]()
    held_by(generator, composer(generator), CLAIM, evidence(CLAIM), NEVER, spent.append)
    (told,), (untold,) = generator.checked, generator.untold
    assert (told.aside, untold.aside) == (False, True)
    assert [usage.prompt_tokens for usage in spent] == [told.tokens, untold.tokens]


def test_a_generator_that_cannot_grade_says_nothing() -> None:
    generator = FakeGenerator(logit=None)
    assert held_by(generator, composer(generator), CLAIM, evidence(CLAIM), NEVER) is None

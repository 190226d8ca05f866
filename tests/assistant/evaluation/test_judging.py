"""A pair is judged as a sentence of an answer is, and what the generator said of it is kept."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.judging import PairJudge, RememberedOdds, shortened
from assistant.prompting import Composer
from assistant.types import Prompt
from tests.fakes import TEMPLATES, FakeGenerator, FakeVerifier, count_words

EVIDENCE = "The dam was struck. The river rose by 1.2 metres. Paris is large."


def judge(generator: FakeGenerator) -> PairJudge:
    composer = Composer(TEMPLATES, generator.count_prompt, generator.context_size, 0)
    return PairJudge(FakeVerifier(), generator, composer, generator.count_tokens)


def test_a_claim_of_several_sentences_has_the_mean_support_of_their_words() -> None:
    generator = FakeGenerator(logit=2.0)
    judged = judge(generator)("The dam was struck. Berlin burned once before dawn. It is so.", EVIDENCE)
    assert judged.support == judged.signals["covered"] == pytest.approx(2 / 5)
    assert judged.signals["yes_no"] == 2.0
    for prompt, claim in zip(
        generator.checked, ("The dam was struck.", "Berlin burned once before dawn."), strict=True
    ):
        assert prompt.messages[-1].text.endswith(TEMPLATES.support.substitute(claim=claim))
        assert EVIDENCE in prompt.messages[-1].text


def test_a_generator_that_cannot_grade_leaves_the_signal_out() -> None:
    judged = judge(FakeGenerator(logit=None))("The dam was struck.", EVIDENCE)
    assert judged.support == 1.0
    assert "yes_no" not in judged.signals


def test_a_claim_that_says_nothing_has_no_support() -> None:
    assert judge(FakeGenerator())("It is so.", EVIDENCE).support == 0.0
    assert judge(FakeGenerator())("The dam was struck.", "").support == 0.0


def test_long_evidence_is_cut_to_the_sentences_nearest_the_claim() -> None:
    assert shortened("The river rose.", EVIDENCE, count_words, 7) == "The river rose by 1.2 metres."
    assert shortened("The river rose.", EVIDENCE, count_words, 9) == "The river rose by 1.2 metres.\nParis is large."
    assert shortened("The river rose.", EVIDENCE, count_words, 13) == EVIDENCE


sentences = st.lists(st.sampled_from(["The dam was struck.", "The river rose.", "Paris is large."]), max_size=9)


@given(sentences.map(" ".join), st.integers(4, 40))
def test_shortened_evidence_fits_and_is_in_order(evidence: str, most: int) -> None:
    cut = shortened("The river rose.", evidence, count_words, most)
    assert count_words(cut) <= most
    kept, rest = cut.split(), iter(evidence.split())
    assert all(word in rest for word in kept)


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    generator = FakeGenerator(logit=1.5)
    prompts = _prompts(generator, "The dam was struck.", "The river rose.")
    kept = tmp_path / "odds.jsonl"
    first = RememberedOdds(generator, kept)
    assert [first.yes_no(prompt, threading.Event()) for prompt in (*prompts, prompts[0])] == [1.5, 1.5, 1.5]
    assert len(generator.checked) == 2

    generator.logit = -9.0
    again = RememberedOdds(generator, kept, ask=False)
    assert [again.yes_no(prompt, threading.Event()) for prompt in prompts] == [1.5, 1.5]
    (other,) = _prompts(generator, "Paris is large.")
    assert again.yes_no(other, threading.Event()) is None
    assert len(generator.checked) == 2


def _prompts(generator: FakeGenerator, *claims: str) -> Sequence[Prompt]:
    composer = Composer(TEMPLATES, generator.count_prompt, generator.context_size, 0)
    return [composer.entail(EVIDENCE, claim) for claim in claims]

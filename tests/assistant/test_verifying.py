"""Support sees words, numbers and names that the passages do not hold; what says nothing is no claim."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assistant.verifying
from assistant.verifying import LexicalVerifier, Logistic, Thresholds, status_of
from tests.fakes import word_similarity

WEIGHTS = Path(assistant.verifying.__file__).with_name("verifying.json")
PASSAGE = "The dam of Kurakhove was struck on 11 November 2024, Vadym Filashkin said."
THRESHOLDS = Thresholds(supported=0.6, partial=0.35)


@pytest.fixture
def verifier() -> LexicalVerifier:
    """The verifier with the weights that are shipped."""
    return LexicalVerifier(Logistic.read(WEIGHTS, "lexical"), word_similarity)


# ---- support


@pytest.mark.parametrize(
    ("held", "changed"),
    [
        ("The dam was struck on 11 November.", "The dam was struck on 12 November."),
        ("The dam of Kurakhove was struck.", "The dam of Pokrovsk was struck."),
        ("Vadym Filashkin said so.", "Vadym Skibitsky said so."),
        ("The dam was struck.", "The dam was struck by missiles and drones at dawn."),
        ("The dam of Kurakhove was struck.", "Paris has two million inhabitants."),
    ],
)
def test_a_claim_that_adds_something_is_supported_less(verifier: LexicalVerifier, held: str, changed: str) -> None:
    assert verifier(held, [PASSAGE]) > verifier(changed, [PASSAGE])


def test_a_claim_in_the_passages_own_words_is_supported(verifier: LexicalVerifier) -> None:
    assert verifier(PASSAGE, [PASSAGE]) >= THRESHOLDS.supported


def test_a_claim_about_something_else_is_not_even_partial(verifier: LexicalVerifier) -> None:
    assert verifier("Paris has two million inhabitants.", [PASSAGE]) < THRESHOLDS.partial


def test_passages_hold_together_what_none_holds_alone(verifier: LexicalVerifier) -> None:
    claim, one, other = "The dam was struck and the river rose.", "The dam was struck.", "The river rose."
    assert verifier(claim, [one, other]) > max(verifier(claim, [one]), verifier(claim, [other]))


def test_nothing_is_supported_by_no_passage(verifier: LexicalVerifier) -> None:
    assert verifier("The dam was struck.", []) == 0.0


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3))
def test_support_is_a_probability(claim: str, passages: list[str]) -> None:
    verifier = LexicalVerifier(Logistic.read(WEIGHTS, "lexical"), word_similarity)
    assert 0.0 <= verifier(claim, passages) <= 1.0


@given(st.text(max_size=60), st.lists(st.text(max_size=60), min_size=1, max_size=3), st.floats(-1, 1))
def test_every_signal_is_between_nothing_and_all(claim: str, passages: list[str], cosine: float) -> None:
    found = LexicalVerifier(Logistic(0.0, {}), lambda text, others: [cosine] * len(others)).features(claim, passages)
    assert all(0.0 <= value <= 1.0 for value in found.values())


@pytest.mark.parametrize("nothing", ["", "…", "It is so.", "That is what they were."])
def test_a_claim_without_content_is_not_supported_by_whatever_comes(verifier: LexicalVerifier, nothing: str) -> None:
    assert verifier(nothing, [PASSAGE]) == 0.0


# ---- the model


@given(st.floats(-100, 100), st.dictionaries(st.sampled_from("abc"), st.tuples(st.floats(-50, 50), st.floats(-10, 10))))
def test_the_logistic_model_is_the_textbooks(intercept: float, given_: dict[str, tuple[float, float]]) -> None:
    model = Logistic(intercept, {name: weight for name, (weight, _) in given_.items()})
    z = intercept + sum(weight * value for weight, value in given_.values())
    found = model({name: value for name, (_, value) in given_.items()} | {"unused": 1e9})
    assert 0.0 < found < 1.0
    assert found == pytest.approx(1 / (1 + math.exp(-z)) if abs(z) < 30 else float(z > 0), abs=1e-9)


def test_a_signal_that_is_missing_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Logistic(0.0, {"dense": 1.0})({"covered": 1.0})


def test_the_shipped_weights_are_named_after_signals_and_say_where_they_come_from(verifier: LexicalVerifier) -> None:
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    assert stored["made_by"].startswith("python -m assistant.evaluation.")
    assert all(min(counts.values()) > 0 for counts in stored["cases"].values())
    assert set(stored["models"]["lexical"]["weights"]) <= set(verifier.features("x", ["x"]))


def test_other_weights_have_another_name() -> None:
    model = Logistic(1.0, {"a": 2.0, "b": 3.0})
    assert model.digest() == Logistic(1.0, {"b": 3.0, "a": 2.0}).digest()
    assert len(model.digest()) == 8
    assert (
        len({model.digest(), Logistic(1.1, model.weights).digest(), Logistic(1.0, {"a": 2.0, "b": 3.5}).digest()}) == 3
    )


# ---- status


@pytest.mark.parametrize(
    ("support", "cited", "status"),
    [
        (1.0, True, "supported"),
        (0.6, True, "supported"),
        (0.59, True, "partial"),
        (0.35, True, "partial"),
        (0.34, True, "unsupported"),
        (0.0, True, "unsupported"),
        (1.0, False, "unsupported"),
    ],
)
def test_a_claim_is_called_what_its_support_makes_it(support: float, cited: bool, status: str) -> None:
    assert status_of("The dam was struck.", support, cited, THRESHOLDS) == status


@pytest.mark.parametrize(
    "sentence", ["", "…", "In summary,", "Sure!", "Of course.", "It is so.", "Here are the facts:"]
)
def test_a_sentence_that_says_nothing_is_no_claim(sentence: str) -> None:
    assert status_of(sentence, 1.0, True, THRESHOLDS) == "no_claim"


@pytest.mark.parametrize(
    "sentence", ["Yes.", "No, Kurakhove fell.", "In summary, the dam was struck.", "库拉霍韦被包围。"]
)
def test_a_sentence_that_says_something_is_a_claim(sentence: str) -> None:
    assert status_of(sentence, 0.0, False, THRESHOLDS) == "unsupported"

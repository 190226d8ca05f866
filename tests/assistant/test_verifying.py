"""Support sees words, numbers and names that the passages do not hold; what says nothing is no claim."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import assistant.verifying
from assistant.comparing import word_for_word
from assistant.verifying import FittedVerifier, Logistic, Thresholds, features, status_of

WEIGHTS = Path(assistant.verifying.__file__).with_name("verifying.json")
PASSAGE = "The dam of Kurakhove was struck on 11 November 2024, Vadym Filashkin said."
THRESHOLDS = Thresholds(supported=0.6, partial=0.35)


@pytest.fixture
def verifier() -> FittedVerifier:
    """The verifier with the weights that are shipped."""
    return shipped()


def shipped() -> FittedVerifier:
    graded, words = (Logistic.read(WEIGHTS, name) for name in ("with_logit", "without_logit"))
    return FittedVerifier(graded, words, Thresholds.read(WEIGHTS))


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
def test_a_claim_that_adds_something_is_supported_less(verifier: FittedVerifier, held: str, changed: str) -> None:
    assert verifier(held, [PASSAGE]) > verifier(changed, [PASSAGE])


def test_a_claim_in_the_passages_own_words_is_supported(verifier: FittedVerifier) -> None:
    assert verifier(PASSAGE, [PASSAGE]) >= verifier.thresholds.supported
    assert verifier(PASSAGE, [PASSAGE], yes_no=2.0) >= verifier.thresholds.supported


@pytest.mark.parametrize("yes_no", [None, 0.0])
def test_a_claim_about_something_else_is_not_even_partial(verifier: FittedVerifier, yes_no: float | None) -> None:
    assert verifier("Paris has two million inhabitants.", [PASSAGE], yes_no) < verifier.thresholds.partial


def test_what_the_generator_denies_is_not_supported_although_its_words_are_there(verifier: FittedVerifier) -> None:
    claim = "The dam of Kurakhove was struck on 11 November 2024."
    supports = [verifier(claim, [PASSAGE], odds) for odds in (-4.0, -1.0, 0.0, 1.0, 4.0)]
    assert supports == sorted(supports)
    assert supports[0] < verifier.thresholds.supported <= supports[-1]


def test_odds_beyond_the_largest_say_no_more(verifier: FittedVerifier) -> None:
    assert verifier(PASSAGE, [PASSAGE], 1e6) == verifier(PASSAGE, [PASSAGE], 4.0)


def test_a_half_truth_of_one_side_is_at_most_partial(verifier: FittedVerifier) -> None:
    passage = "The Russian ministry said on Monday that Russia has captured the whole of the town of Kurakhove."
    told = "Russia has captured the whole of the town of Kurakhove."
    assert verifier(told, [passage], 4.0) < verifier.thresholds.supported
    assert verifier(f"The ministry said that {told}", [passage], 4.0) >= verifier.thresholds.supported


def test_what_no_answer_of_the_generator_can_change_is_settled() -> None:
    model = Logistic(-3.0, {"covered": 6.0, "yes_no": 0.5})
    verifier = FittedVerifier(model, model, THRESHOLDS)
    other = verifier.settled("Paris has two million inhabitants.", [PASSAGE])
    assert other is not None and other < THRESHOLDS.partial
    assert verifier.settled("The dam of Kurakhove was struck.", [PASSAGE]) == pytest.approx(0.9, abs=0.1)
    assert verifier.settled("The dam of Kurakhove was not hit by Paris.", [PASSAGE]) is None


def test_a_sentence_that_is_word_for_word_its_passage_is_settled(verifier: FittedVerifier) -> None:
    claim = "The dam of Kurakhove was struck"
    support = verifier.settled(claim, ["It rained.", f"{claim.upper()}!"])
    assert support is not None and support >= verifier.thresholds.supported
    assert verifier.settled(claim, [f"{claim}, the ministry falsely claimed."]) is None


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3), st.floats(-9, 9))
def test_what_is_settled_has_the_name_it_would_have_had(claim: str, passages: list[str], odds: float) -> None:
    assume(not word_for_word(claim, passages))
    verifier = shipped()
    support = verifier.settled(claim, passages)
    if support is not None:
        asked = verifier(claim, passages, odds)
        names = {status_of(claim, one, True, verifier.thresholds) for one in (support, asked)}
        assert len(names) == 1


def test_a_model_of_the_users_has_its_say() -> None:
    def entails(premise: str, hypothesis: str) -> float:
        assert premise == PASSAGE
        return 0.001 if "Paris" in hypothesis else 0.999

    plain = shipped()
    helped = FittedVerifier(plain.graded, plain.words, plain.thresholds, entails)
    for odds in (None, 0.0):
        assert helped("The dam in Paris was struck.", [PASSAGE], odds) < plain(
            "The dam in Paris was struck.", [PASSAGE], odds
        )
        assert helped("A dam was hit.", [PASSAGE], odds) > plain("A dam was hit.", [PASSAGE], odds)


def test_passages_hold_together_what_none_holds_alone(verifier: FittedVerifier) -> None:
    claim, one, other = "The dam was struck and the river rose.", "The dam was struck.", "The river rose."
    assert verifier(claim, [one, other]) > max(verifier(claim, [one]), verifier(claim, [other]))


def test_nothing_is_supported_by_no_passage(verifier: FittedVerifier) -> None:
    assert verifier("The dam was struck.", []) == 0.0


@given(
    st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3), st.one_of(st.none(), st.floats(allow_nan=False))
)
def test_support_is_a_probability(claim: str, passages: list[str], odds: float | None) -> None:
    assert 0.0 <= shipped()(claim, passages, odds) <= 1.0


@pytest.mark.parametrize("nothing", ["", "…", "It is so.", "That is what they were."])
def test_a_claim_without_content_is_not_supported_by_whatever_comes(verifier: FittedVerifier, nothing: str) -> None:
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


def test_the_shipped_weights_are_named_after_signals_and_say_where_they_come_from(verifier: FittedVerifier) -> None:
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    assert stored["made_by"].startswith("python -m assistant.evaluation.")
    assert all(min(counts.values()) > 0 for counts in stored["cases"].values())
    assert stored["graded_cases"]
    assert set(features("x", ["x"], 1.0)) >= verifier.graded.weights.keys()
    assert set(features("x", ["x"], None)) >= verifier.words.weights.keys()
    assert "yes_no_brief" in verifier.graded.weights
    assert all(weight > 0 for model in (verifier.graded, verifier.words) for weight in model.weights.values())
    assert 0 < verifier.thresholds.partial <= verifier.thresholds.supported < 1


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


def test_the_generators_word_counts_less_the_longer_the_claim() -> None:
    brief, long = (features("So it was " + "and so " * n, ["so"], 3.0) for n in (2, 8))
    assert brief["yes_no"] == brief["yes_no_brief"] == long["yes_no"] == 3.0
    assert long["yes_no_brief"] == pytest.approx(3.0 * 8 / 19)

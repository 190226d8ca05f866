"""Whether the sources answer is read from signals that each mean what they say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assistant.abstaining
from assistant.abstaining import FittedAbstainer, nearest_of, sentence_for, signals_of
from assistant.types import Evidence
from assistant.verifying import Logistic
from index.types import Hit
from tests.fakes import article, evidence, evidence_of, hit, hits, word_similarity

FOLDER = Path(assistant.abstaining.__file__).parent
WEIGHTS = {"with_logit": "abstaining.json", "of_sentences": "quoting.json", "without_logit": "abstaining.json"}
ODDS = {"with_logit": {"yes_no", "yes_no_nearest"}, "of_sentences": {"yes_no_best"}, "without_logit": set()}
QUESTION = "How many metres did the Vovcha river rise in Novosilka?"
FOUND = hits("The river rose by 1.2 metres in the Novosilka community.")


def shipped() -> FittedAbstainer:
    return FittedAbstainer(**{name: Logistic.read(FOLDER / file, name) for name, file in WEIGHTS.items()})


def signals(question: str, found: Sequence[Hit], told: Sequence[Evidence]) -> dict[str, float]:
    cosine = nearest_of(question, told, word_similarity).cosine if told else 0.0
    return signals_of(question, found, told, cosine)


# ---- signals


def test_the_signals_are_what_question_and_evidence_share() -> None:
    found = signals(QUESTION, FOUND, evidence_of(FOUND))
    assert found == {
        "dense": 0.5,
        "nearest": 1 / 2,
        "covered_once": 4 / 6,
        "covered": 4 / 6,  # metre, river, Novosilka, rise; not many, Vovcha
        "names": 1 / 2,
        "numbers": 1.0,
    }


def test_the_nearest_sentence_is_so_by_meaning_and_by_words() -> None:
    told = evidence("The dam held. The river rose in Novosilka. Nobody fled.", "In Novosilka the Vovcha river rose.")
    nearest = nearest_of(QUESTION, told, word_similarity)
    assert nearest.alone().text == "In Novosilka the Vovcha river rose."
    assert nearest.cosine == word_similarity(QUESTION, ["In Novosilka the Vovcha river rose."])[0]


def test_the_nearest_sentence_need_not_say_again_what_its_title_says() -> None:
    (ferry,) = evidence_of([hit(article("It ran aground. The repair cost 4 million.", title="The ferry Bore is back"))])
    (other,) = evidence_of([hit(article("The ferry Bore has a new crew.", "a2", title="Crews"))])
    nearest = nearest_of(
        "What did the repair of the ferry Bore cost?", (other, replace(ferry, number=2)), word_similarity
    )
    alone = nearest.alone()
    assert (alone.number, alone.text) == (2, "The repair cost 4 million.")
    assert ferry.hit.chunk.text[alone.start : alone.end] == alone.text and alone.sentences == (nearest.span,)


def test_the_best_cosine_counts_wherever_it_was_found() -> None:
    found = tuple(replace(one, dense=dense) for one, dense in zip(hits("a", "b", "c"), (0.2, None, 0.7), strict=True))
    assert signals("x", found, ())["dense"] == 0.7
    assert signals("x", [replace(one, dense=None) for one in found], ())["dense"] == 0.0


def test_a_title_counts_as_evidence() -> None:
    titled = evidence_of([hit(article("It was struck.", title="Kurakhove dam"))])
    plain = evidence("It was struck.")
    assert signals("the Kurakhove dam", (), titled)["covered"] == 1.0
    assert signals("the Kurakhove dam", (), plain)["covered"] == 0.0


@given(st.text(max_size=60), st.lists(st.text(max_size=60).filter(str.strip), max_size=3))
def test_every_signal_but_the_models_is_between_nothing_and_all(question: str, texts: list[str]) -> None:
    found = signals(question, hits(*texts), evidence(*texts))
    assert all(0.0 <= value <= 1.0 for value in found.values())


# ---- the probability


@given(*[st.floats(-1, 1)] * 2, *[st.floats(0, 1)] * 4, st.none() | st.floats(-60, 60))
def test_whatever_the_signals_the_answer_is_a_probability(
    dense: float, nearest: float, once: float, covered: float, names: float, numbers: float, yes_no: float | None
) -> None:
    told = {
        "dense": dense,
        "nearest": nearest,
        "covered_once": once,
        "covered": covered,
        "names": names,
        "numbers": numbers,
    }
    odds = {} if yes_no is None else {"yes_no": yes_no, "yes_no_nearest": -yes_no}
    of_sentences = {} if yes_no is None else {"yes_no_best": yes_no}
    assert 0.0 < shipped()(told | odds) < 1.0 and 0.0 < shipped()(told | of_sentences) < 1.0


def test_the_nearest_sentence_speaks_for_all_the_evidence_where_that_was_not_asked_about() -> None:
    told = {"dense": 0.4, "nearest": 0.5}
    assert shipped()({**told, "yes_no_nearest": 0.3}) == shipped()({**told, "yes_no_nearest": 0.3, "yes_no": 0.3})
    assert shipped()({**told, "yes_no_nearest": 0.3}) < shipped()({**told, "yes_no_nearest": 0.3, "yes_no": 0.4})


@pytest.mark.parametrize("name", WEIGHTS)
def test_no_shipped_weight_counts_evidence_against_itself(name: str) -> None:
    weights = Logistic.read(FOLDER / WEIGHTS[name], name).weights
    assert weights["nearest"] > 0
    assert weights.keys() & set.union(*ODDS.values()) == ODDS[name]
    assert all(weights[odds] > 0 for odds in ODDS[name])


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_shipped_weights_are_named_after_signals_and_say_where_they_come_from(name: str) -> None:
    stored = json.loads((FOLDER / WEIGHTS[name]).read_text(encoding="utf-8"))
    assert stored["made_by"].startswith("python -m assistant.evaluation.")
    assert all(min(counts.values()) > 0 for counts in stored["cases"].values())
    assert set(stored["models"][name]["weights"]) <= set(signals("x", (), ())) | ODDS[name]


@pytest.mark.parametrize("odds", [ODDS["with_logit"], ODDS["of_sentences"]])
def test_a_generator_that_says_yes_is_believed_more_than_one_that_says_no(odds: set[str]) -> None:
    found = signals(QUESTION, FOUND, evidence_of(FOUND))
    assert shipped()(found | dict.fromkeys(odds, 4.0)) > shipped()(found | dict.fromkeys(odds, -4.0))


# ---- the sentence


def test_an_abstention_repeats_the_question_on_one_line() -> None:
    assert sentence_for("What  is\n it?", evidence("x")) == (
        "Your sources do not answer this: “What is it?”. The passages that come closest are listed."
    )


def test_an_abstention_shows_no_number_that_leads_nowhere() -> None:
    assert "“Why (1) and (2, 3)?”" in sentence_for("Why [1] and 【2, 3】?", ())


def test_an_abstention_with_nothing_near_says_so() -> None:
    assert sentence_for("What is it?", ()) == (
        "Your sources do not answer this: nothing in them is about “What is it?”."
    )

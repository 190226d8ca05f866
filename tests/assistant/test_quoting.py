"""A reply may be made of the sentences nearest to the question, as they stand in the sources."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.citing import split_sentences
from assistant.quoting import LEAST_NEARNESS, quotations
from tests.fakes import article, evidence, evidence_of, hit

NEAR = st.floats(0, 2)


@given(st.lists(st.lists(NEAR, min_size=1, max_size=3), max_size=4))
def test_each_is_a_near_sentence_with_the_number_of_its_evidence(nearness: list[list[float]]) -> None:
    told = [[f"Sentence {n} of {m}." for n in range(len(of))] for m, of in enumerate(nearness)]
    pieces = evidence(*(" ".join(texts) for texts in told))
    flat = [near for of in nearness for near in of]
    found = quotations("Did it?", pieces, flat)
    numbered = [f"{text} [{m}]" for m, texts in enumerate(told, 1) for text in texts]
    least = LEAST_NEARNESS * max(flat, default=0.0)
    assert list(found.texts) == [text for text, near in zip(numbered, flat, strict=True) if near >= least]
    assert found.sure == (numbered[flat.index(max(flat))] if flat else "")
    assert not flat or found.sure in found.texts


def test_a_bracket_in_a_source_is_no_marker() -> None:
    (text,) = quotations("Did it?", evidence("The dam\n broke [7] at noon."), [1.0]).texts
    assert text == "The dam broke (7) at noon. [1]"
    assert [sentence.numbers for sentence in split_sentences(text)] == [(1,)]


def test_what_two_sources_say_in_the_same_words_is_there_for_each() -> None:
    assert quotations("Did it?", evidence("It fell.", "It fell. It fell."), [1.0] * 3).texts == (
        "It fell. [1]",
        "It fell. [2]",
    )


def test_of_the_present_the_nearest_of_the_newest_is_said_surely() -> None:
    days = [date(2024, 11, 12), date(2025, 1, 11), date(2025, 3, 31), None]
    pieces = evidence_of([hit(article(f"It held on day {n}.", f"a{n}", published=day)) for n, day in enumerate(days)])
    near = [1.0, 0.9, 0.1, 0.95]
    assert quotations("Did it?", pieces, near).sure == "It held on day 0. [1]"
    assert quotations("Did it?", pieces, near, present=True).sure == "It held on day 1. [2]", (
        "day 2 is newer and not near"
    )


def test_of_the_present_newer_news_of_something_else_is_not_said_surely() -> None:
    told = [("Ukraine has left Vuhledar.", date(2024, 10, 3)), ("Fighting goes on in Kurakhove.", date(2025, 1, 11))]
    pieces = evidence_of([hit(article(text, f"a{n}", published=day)) for n, (text, day) in enumerate(told)])
    asked = "Does Ukraine still hold Vuhledar?"
    assert quotations(asked, pieces, [1.0, 0.9], present=True).sure == "Ukraine has left Vuhledar. [1]"
    assert quotations("Is it still so?", pieces, [1.0, 0.9], present=True).sure == "Fighting goes on in Kurakhove. [2]"


@pytest.mark.parametrize(
    "denial",
    [
        "Moscow has neither confirmed nor denied it.",
        "Ukraine did not confirm the loss.",
        "Nobody could verify it.",
        "The army denies this.",
        "The figure couldn’t be checked.",
    ],
)
def test_a_claim_is_quoted_with_the_denial_right_behind_it(denial: str) -> None:
    pieces = evidence(f"Soldiers have arrived. {denial} They wear no badges.", denial)
    texts = quotations("Did it?", pieces, [1.0] * 4).texts
    assert texts[0] == f"Soldiers have arrived. [1] {denial} [1]"
    assert "They wear no badges. [1]" in texts, "the next passage denies nothing of this one"


def test_what_goes_on_without_a_denial_stays_apart() -> None:
    assert quotations("Did it?", evidence("It fell. The mayor confirmed it."), [1.0] * 2).texts[0] == "It fell. [1]"

"""The naive pipeline answers with whole chunks and the model's own markers, and refuses by what its text says."""

from __future__ import annotations

import itertools

import pytest

from assistant.contract import answer_to_json
from assistant.evaluation.naive import NaivePipeline
from assistant.prompting import Composer
from assistant.types import Question
from tests.contract_schema import assert_contract
from tests.fakes import TEMPLATES, FakeGenerator, FakeRetriever, hits

DAM = "The dam of Kurakhove was struck on 11 November 2024."
FOUND = hits(DAM, "The river rose by 1.2 metres.")
WHAT = Question("What was struck?")


def naive(reply: str) -> NaivePipeline:
    generator = FakeGenerator(reply)
    composer = Composer(TEMPLATES, generator.count_prompt, generator.context_size, 100)
    return NaivePipeline(FakeRetriever(FOUND), composer, generator, itertools.count().__next__, "0" * 12, "0.0")


def test_a_marker_cites_the_whole_chunk_it_names_and_nothing_else_is_cited() -> None:
    answer = naive("The dam was struck [1]. It was loud.").ask(WHAT)
    assert [citation.quote for citation in answer.citations] == [DAM]
    assert [claim.numbers for claim in answer.claims] == [(1,), ()]
    assert not answer.abstained
    assert_contract(answer_to_json(answer), {one.article.id: one.chunk.text for one in FOUND}.__getitem__)


def test_a_marker_that_points_nowhere_is_reported() -> None:
    assert [one.marker.strip() for one in naive("The dam was struck [7].").ask(WHAT).unresolved] == ["[7]"]


@pytest.mark.parametrize(
    "reply",
    [
        "The sources do not contain the answer.",
        "The provided sources don’t mention that.",
        "There is no information about it.",
        "",
    ],
)
def test_a_text_that_says_so_is_an_abstention(reply: str) -> None:
    answer = naive(reply).ask(WHAT)
    assert answer.abstained and answer.citations == ()


def test_a_text_that_answers_is_none() -> None:
    assert not naive("The mayor says that the dam does not hold [1].").ask(WHAT).abstained

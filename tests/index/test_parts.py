"""A question in several parts is searched by each of them; one that asks a single thing is left whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lexical import content_words
from index.parts import MOST_PARTS, parts_of


def test_a_question_about_two_things_is_parted_at_its_joints() -> None:
    question = "Which company, sued over its app store, also plans a cheaper electric car?"
    assert parts_of(question) == ("sued over its app store", "plans a cheaper electric car")


@pytest.mark.parametrize(
    "question",
    [
        "What is the situation in Kurakhove?",
        "Who said that Russia has the initiative?",
        "When did the dam of the Kurakhove reservoir break, and why?",
        "",
        "?!,;",
    ],
)
def test_a_question_about_one_thing_has_no_parts(question: str) -> None:
    assert parts_of(question) == ()


@pytest.mark.parametrize(
    "question",
    [
        "According to articles published by both sources, which ferry ran into pack ice?",
        "Which ferry ran into pack ice, and do the reports by the two publications agree?",
    ],
)
def test_a_part_that_only_says_who_tells_it_is_not_searched(question: str) -> None:
    assert [part.removeprefix("Which ") for part in parts_of(question)] == ["ferry ran into pack ice"]


@given(st.text())
def test_any_text_has_none_or_a_few_telling_parts(text: str) -> None:
    parts = parts_of(text)
    assert len(parts) <= MOST_PARTS
    for part in parts:
        assert len(content_words(part)) >= 3
        assert set(content_words(part)) <= set(content_words(text))


@given(st.lists(st.sampled_from(["and", ",", "ship harbour storm", "mayor", "who", "the", "flood market school"])))
def test_no_telling_word_before_the_last_part_is_lost(words: list[str]) -> None:
    text = " ".join(words)
    parts = parts_of(text)
    if 0 < len(parts) < MOST_PARTS:
        kept = {word for part in parts for word in content_words(part)}
        assert kept >= {word for chosen in words for word in content_words(chosen) if len(content_words(chosen)) >= 3}

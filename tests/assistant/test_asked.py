"""The words a question asks for, the rare ones weighing more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asked import Asked
from assistant.wording import content_words

TEXTS = [content_words(text) for text in ("the dam was struck", "the dam held", "the dam of Kurakhove", "boats")]


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    asked = Asked.among("Was the Kurakhove dam struck?", TEXTS)
    assert asked.share(content_words("Kurakhove")) > asked.share(content_words("dam"))


def test_words_that_ask_how_things_stand_weigh_nothing() -> None:
    asked = Asked.among("What is the latest situation of the dam now?", TEXTS)
    assert asked.share(content_words("dam")) == pytest.approx(1)


def test_a_question_without_content_asks_for_no_word() -> None:
    assert Asked.among("What is it?", TEXTS).share(content_words("the dam was struck")) == 0


@given(st.text(), st.lists(st.text(max_size=20).map(content_words), max_size=5))
def test_all_words_of_a_question_together_weigh_one_or_nothing(question: str, texts: list[frozenset[str]]) -> None:
    asked = Asked.among(question, texts)
    assert asked.share(asked.weights) == pytest.approx(1 if asked.weights else 0)
    assert all(weight > 0 for weight in asked.weights.values())

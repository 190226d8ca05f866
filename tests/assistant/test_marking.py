"""A marker that points nowhere is not allowed to be written, and no other text is held up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.metrics import marker_numbers
from assistant.marking import Resolving, resolving
from assistant.types import Message, Prompt
from tests.fakes import evidence

MARKS = "[]【】 ,-–0123456789a."


def test_only_numbers_of_the_evidence_may_be_written() -> None:
    allows = Resolving(frozenset({1, 12}))
    assert all(
        map(allows, ["It fell [1]", "It fell [12].", "It fell [1, 12]", "It fell [", "It fell [1", "in 2024", "[a2]"])
    )
    assert not any(map(allows, ["It fell [2]", "It fell [2", "It fell [13", "[1, 3]", "[1-3]", "【3】", "[123", "[0]"]))


@given(st.text(MARKS, max_size=30), st.frozensets(st.integers(1, 15), min_size=1, max_size=4))
def test_a_text_written_a_character_at_a_time_holds_markers_of_the_evidence_alone(
    wish: str, numbers: frozenset[int]
) -> None:
    allows, written = Resolving(numbers), ""
    for character in wish:
        if allows(written + character):
            written += character
    assert set(marker_numbers(written)) <= numbers


@given(st.text(max_size=60).filter(lambda text: "[" not in text and "【" not in text))
def test_a_text_without_brackets_is_free(text: str) -> None:
    assert Resolving(frozenset({1}))(text)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_prompt_allows_the_numbers_it_shows(count: int) -> None:
    shown = evidence(*[f"Sentence {n}." for n in range(count)])
    allows = resolving(Prompt((Message("user", "Why?"),), shown, 1, 1))
    assert (allows and allows.numbers) == (frozenset(range(1, count + 1)) if count else None)

"""A quantity is known in figures and in words; a date is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.values import tells_a_quantity


@pytest.mark.parametrize(
    "told",
    [
        "The town had 60,000 inhabitants.",
        "Reports placed them roughly twelve kilometres away.",
        "Half of the houses are empty.",
        "It was raided twice.",
        "Thousands fled on 6 August 2024.",
        "Nobody was hurt.",
    ],
)
def test_a_quantity_is_told_in_figures_or_words(told: str) -> None:
    assert tells_a_quantity(told)


@pytest.mark.parametrize(
    "told", ["The dam broke on 6 August 2024.", "The mayor left in 2019.", "The troops moved on.", "Someone hung up."]
)
def test_a_date_is_no_quantity(told: str) -> None:
    assert not tells_a_quantity(told)


@given(st.integers(min_value=0, max_value=10**9), st.text(alphabet="abc .", max_size=20))
def test_a_number_before_a_thing_is_a_quantity_wherever_it_stands(number: int, around: str) -> None:
    assert tells_a_quantity(f"{around} {number:,} sheep {around}")

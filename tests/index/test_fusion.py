"""Fusion: both scores count by how far ahead a passage is, and each part of a question gets its passage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from index.fusion import Fusion, Scores

UNIT = st.floats(0, 1, allow_nan=False, width=32)
WHOLE = st.integers(1, 12).flatmap(lambda n: st.tuples(arrays(float, n, elements=UNIT), parts_for(n)))


def parts_for(n: int) -> st.SearchStrategy[list[Scores]]:
    return st.lists(arrays(float, n, elements=UNIT), max_size=4)


def test_each_score_counts_as_its_share_of_the_greatest() -> None:
    relevance = Fusion(meaning=0.25).relevance(np.array([0.8, 0.4, -0.2]), np.array([0.0, 12.0, 3.0]))
    assert relevance == pytest.approx([0.25, 0.125 + 0.75, 0.1875])


def test_where_no_word_is_found_the_meaning_decides_alone() -> None:
    relevance = Fusion().relevance(np.array([0.2, 0.6]), np.zeros(2))
    assert relevance == pytest.approx([0.5 / 3, 0.5])


def test_nothing_to_order_is_no_error() -> None:
    assert Fusion().order(np.empty(0), [], 5) == ([], [])
    assert Fusion().order(np.empty(0), [np.empty(0), np.empty(0)], 5) == ([], [])


def test_the_second_place_goes_to_the_passage_that_answers_the_other_part() -> None:
    whole = np.array([1.0, 0.95, 0.5])
    parts = [np.array([1.0, 0.95, 0.0]), np.array([0.1, 0.1, 0.9])]
    assert Fusion().order(whole, parts, 3)[0] == [0, 2, 1]
    assert Fusion(part=0, uncovered=0).order(whole, parts, 3)[0] == [0, 1, 2]


@given(WHOLE, st.integers(1, 15), st.floats(0, 2), st.floats(0, 2))
def test_every_candidate_comes_once_and_gains_never_rise(
    given: tuple[Scores, list[Scores]], k: int, part: float, uncovered: float
) -> None:
    whole, parts = given
    order, gains = Fusion(part=part, uncovered=uncovered).order(whole, parts, k)
    assert len(order) == len(set(order)) == min(k, len(whole))
    assert all(0 <= at < len(whole) for at in order)
    assert all(now <= before + 1e-9 for before, now in itertools.pairwise(gains))


@given(WHOLE, st.integers(1, 15))
def test_each_choice_is_the_best_that_is_left(given: tuple[Scores, list[Scores]], k: int) -> None:
    """Against the definition, computed the slow way."""
    whole, parts = given
    if not parts:
        return
    fusion = Fusion()
    order, gains = fusion.order(whole, parts, k)
    for place, gain in enumerate(gains):
        before = order[:place]
        worth = [
            whole[one]
            + fusion.part * max(part[one] for part in parts)
            + fusion.uncovered
            * sum(max(0.0, part[one] - max((part[b] for b in before), default=0.0)) for part in parts)
            for one in range(len(whole))
            if one not in before
        ]
        assert gain == pytest.approx(max(worth))

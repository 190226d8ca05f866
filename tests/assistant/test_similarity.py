"""Cosines are those of the vectors, and no text is embedded twice while it is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.similarity import CachedSimilarity
from tests.index.fakes import FakeEmbedder

some_texts = st.lists(st.sampled_from([f"word{n} here" for n in range(8)]), max_size=6)


def similarity(embedder: FakeEmbedder, capacity: int = 100) -> CachedSimilarity:
    return CachedSimilarity(embedder.embed_documents, capacity)


@given(st.lists(st.tuples(st.sampled_from("abcd"), some_texts), max_size=6), st.integers(1, 5))
def test_the_cosines_are_those_of_the_vectors_whatever_is_remembered(
    calls: list[tuple[str, list[str]]], capacity: int
) -> None:
    embedder = FakeEmbedder()
    cosines = similarity(embedder, capacity)
    for text, others in calls:
        expected = [float(embedder.embed_query(other) @ embedder.embed_query(text)) for other in others]
        assert list(cosines(text, others)) == pytest.approx(expected, abs=1e-5)


@given(some_texts)
def test_a_remembered_text_is_embedded_once(texts: list[str]) -> None:
    embedder = FakeEmbedder()
    cosines = similarity(embedder)
    for _ in range(2):
        cosines("a question", texts)
    assert len(embedder.embedded) == len(set(embedder.embedded))
    assert set(embedder.embedded) == ({"a question", *texts} if texts else set())


def test_a_text_is_most_like_itself() -> None:
    assert similarity(FakeEmbedder())("a b", ["a b", "c d"])[0] == pytest.approx(1.0)


def test_with_nothing_to_compare_nothing_is_embedded() -> None:
    embedder = FakeEmbedder()
    assert list(similarity(embedder)("a", [])) == []
    assert embedder.embedded == []


def test_the_text_used_longest_ago_is_forgotten_first() -> None:
    embedder = FakeEmbedder()
    cosines = similarity(embedder, capacity=3)
    for others in (["one"], ["two"], ["one"], ["three"]):  # with "question": one and three stay, two goes
        cosines("question", others)
    embedder.embedded.clear()
    cosines("question", ["one", "three"])
    assert embedder.embedded == []
    cosines("question", ["two"])
    assert embedder.embedded == ["two"]


def test_a_failure_to_embed_leaves_nothing_wrong_behind() -> None:
    embedder = FakeEmbedder()
    failing = True

    def embed(texts: Sequence[str]) -> np.ndarray:
        if failing:
            raise MemoryError
        return embedder.embed_documents(texts)

    cosines = CachedSimilarity(embed)
    with pytest.raises(MemoryError):
        cosines("a", ["b"])
    failing = False
    assert cosines("a", ["a"])[0] == pytest.approx(1.0)


def test_several_threads_may_ask_at_once() -> None:
    embedder = FakeEmbedder()
    cosines = similarity(embedder, capacity=4)
    texts = [f"word{n}" for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: cosines(text, [text])[0], texts * 5))
    assert found == pytest.approx([1.0] * 60)

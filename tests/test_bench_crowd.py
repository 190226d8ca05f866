"""What the benchmark of very many chunks is made of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from index.store import Store
from index.types import ChunkingSettings
from tests.bench_crowd import Crowd
from tests.bench_size import Corpus, bulk_entry, write

DIMENSION = 384
TEXTS = ["The ferry left Turku at noon.", "The storm had passed; the harbour was open."]


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as made:
        made.claim("synthetic", DIMENSION, ChunkingSettings())
        write(made, [bulk_entry(0, "Own", TEXTS, Corpus(1).vectors(2))])
        yield made


def test_a_crowd_speaks_the_corpus_words_and_fills_the_store(store: Store) -> None:
    write(store, Crowd(store, TEXTS, seed=0).entries(20))
    assert store.manifest().chunks >= 20
    words = {word.strip(".").lower() for word in Crowd(store, TEXTS, seed=0).text(300).split()}
    assert words <= {word.strip(".").lower() for text in TEXTS for word in text.split()}


def test_its_vectors_lie_about_those_of_real_chunks(store: Store) -> None:
    own = store.vectors(0, 10)[1]
    strewn = Crowd(store, TEXTS, seed=0).vectors(200)
    np.testing.assert_allclose(np.linalg.norm(strewn, axis=1), 1, atol=1e-5)
    nearest = (strewn @ own.T).max(axis=1)
    assert 0.7 < nearest.mean() < 0.86


def test_a_seed_makes_the_same_crowd_again(store: Store) -> None:
    one, same, other = (Crowd(store, TEXTS, seed) for seed in (3, 3, 4))
    assert one.text(80) == same.text(80) != other.text(80)

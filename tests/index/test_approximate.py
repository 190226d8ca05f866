"""Approximate search: finds what is near, never what is gone or not allowed, and follows no wild file."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import saved
from index.approximate import HnswIndex
from index.current import VECTOR_CACHE, BySize
from index.embedding import Vectors
from index.ingest import article_id
from index.search import Index
from index.store import Store
from index.vectors import FaissIndex, Ids, NumpyIndex
from tests.index.fakes import FakeEmbedder, FakeSource, filled_store, ingester, page, told_pages

DIMENSION, COUNT = 16, 1500


@functools.cache
def vectors(count: int = COUNT, seed: int = 0) -> Vectors:
    random = np.random.default_rng(seed)
    rows = random.standard_normal((30, DIMENSION))[random.integers(0, 30, count)]
    rows = rows + 0.4 * random.standard_normal((count, DIMENSION))
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def filled(count: int = COUNT) -> HnswIndex:
    index = HnswIndex(DIMENSION)
    index.add(np.arange(1, count + 1), vectors(count))
    return index


def exact(count: int = COUNT) -> NumpyIndex:
    index = NumpyIndex(DIMENSION)
    index.add(np.arange(1, count + 1), vectors(count))
    return index


QUESTIONS = vectors(40, seed=1)


def found(index: HnswIndex | NumpyIndex, allowed: Ids | None = None, k: int = 10) -> list[set[int]]:
    return [set(index.search(row, k, allowed)[0].tolist()) for row in QUESTIONS]


def share(some: list[set[int]], of: list[set[int]]) -> float:
    return sum(len(a & b) for a, b in zip(some, of, strict=True)) / sum(map(len, of))


def test_nearly_all_true_neighbours_are_found_with_nearly_their_cosines() -> None:
    index = filled()
    assert share(found(index), of=found(exact())) > 0.93
    assert index.recall is not None and index.recall > 0.93
    for row in QUESTIONS[:5]:
        ids, scores = index.search(row, 10)
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)
        np.testing.assert_allclose(scores, vectors()[ids - 1] @ row, atol=0.02)


@pytest.mark.parametrize("step", [2, 7, 40, 400])
def test_only_what_is_allowed_is_found_and_all_of_it_when_little_is(step: int) -> None:
    allowed = np.arange(3, COUNT, step)
    results = found(filled(), allowed)
    assert set().union(*results) <= set(allowed.tolist())
    assert all(len(one) == min(10, len(allowed)) for one in results)
    assert share(results, of=found(exact(), allowed)) > 0.9


def test_nothing_is_found_among_nothing_or_among_strangers() -> None:
    for allowed in ([], [COUNT + 5, 10**9], [-4, 0]):
        assert filled(50).search(QUESTIONS[0], 5, np.array(allowed, dtype=np.int64))[0].tolist() == []
    assert HnswIndex(DIMENSION).search(QUESTIONS[0], 5)[0].tolist() == []


@pytest.mark.parametrize("gone_share", [0.1, 0.6, 1.0])
def test_what_is_removed_is_never_found_again(gone_share: float) -> None:
    index, reference = filled(), exact()
    gone = np.arange(1, int(COUNT * gone_share) + 1)
    for one in (index, reference):
        one.remove(gone)
        one.remove(np.array([COUNT + 9]))
    assert index.ids.tolist() == reference.ids.tolist()
    results = found(index)
    assert not set().union(*results) & set(gone.tolist())
    if len(reference.ids):
        assert share(results, of=found(reference)) > 0.9
    more = vectors(20, seed=9)
    index.add(np.arange(COUNT + 1, COUNT + 21), more)
    assert index.search(more[3], 1)[0].tolist() == [COUNT + 4]


def test_ids_ascend() -> None:
    index = filled(10)
    for ids in ([10, 11], [11, 11], [12, 11]):
        with pytest.raises(ValueError, match="ascending"):
            index.add(np.array(ids), vectors(2))


# Saved copies


def test_a_saved_copy_finds_the_same_and_grows_on(tmp_path: Path) -> None:
    index = filled()
    index.remove(np.arange(5, 50))
    before = found(index)
    index.save(tmp_path / "v", "now")
    loaded = HnswIndex.load(tmp_path / "v", "now")
    assert loaded is not None
    assert (found(loaded), loaded.ids.tolist()) == (before, index.ids.tolist())
    loaded.add(np.array([COUNT + 1]), vectors(1, seed=5))
    assert loaded.search(vectors(1, seed=5)[0], 1)[0].tolist() == [COUNT + 1]


def test_a_copy_of_another_stamp_or_kind_is_not_loaded(tmp_path: Path) -> None:
    filled(50).save(tmp_path / "graph", "then")
    exact(50).save(tmp_path / "exact", "now")
    assert HnswIndex.load(tmp_path / "graph", "now") is None
    assert HnswIndex.load(tmp_path / "exact", "now") is None
    assert FaissIndex.load(tmp_path / "graph", "then") is None
    assert HnswIndex.load(tmp_path / "none", "now") is None


@given(position=st.integers(min_value=0), flip=st.integers(1, 255))
@settings(deadline=None, max_examples=60)
def test_a_copy_with_any_byte_changed_is_not_loaded_or_means_the_same(
    position: int, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped-graph"
    filled(40).save(path, "now")
    body = bytearray(path.read_bytes())
    body[position % len(body)] ^= flip
    path.write_bytes(body)
    loaded = HnswIndex.load(path, "now")
    if loaded is not None:  # a change of white space, case or a number that is only told
        assert found(loaded) == found(filled(40))


def _set(name: str, place: int, value: int) -> Callable[[dict[str, Any]], None]:
    def harm(arrays: dict[str, Any]) -> None:
        arrays[name] = arrays[name].copy()
        arrays[name][place] = value

    return harm


@pytest.mark.parametrize(
    "harm",
    [
        _set("neighbours", 3, 10**6),
        _set("neighbours", 3, -2),
        _set("levels", 0, 0),
        _set("levels", 0, 7),
        _set("levels", 0, 100),
        _set("ids", 5, 2),
        lambda arrays: arrays.update(ids=arrays["ids"][:-1]),
        lambda arrays: arrays.update(codes=arrays["codes"][:-1]),
        lambda arrays: arrays.update(ranges=arrays["ranges"] * np.float32(np.nan)),
        lambda arrays: arrays.update(neighbours=arrays["neighbours"].astype(np.float32)),
        lambda arrays: arrays.pop("levels"),
    ],
)
def test_a_well_formed_file_of_a_graph_that_cannot_be_is_not_followed(
    harm: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    path = tmp_path / "v"
    filled(200).save(path, "now")
    kept = saved.read(path, "hnsw of bytes, 1")
    assert kept is not None
    arrays = dict(kept.arrays)
    harm(arrays)
    saved.write(path, saved.Saved(kept.layout, "now", arrays, kept.facts))
    assert HnswIndex.load(path, "now") is None


def test_a_neighbour_above_its_own_level_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "v"
    filled().save(path, "now")
    kept = saved.read(path, "hnsw of bytes, 1")
    assert kept is not None
    levels, neighbours = kept.arrays["levels"], kept.arrays["neighbours"].copy()
    high, low = int(np.flatnonzero(levels > 1)[0]), int(np.flatnonzero(levels == 1)[0])
    neighbours[32 * (high + 1) + 16 * int((levels[:high] - 1).sum())] = low
    saved.write(path, saved.Saved(kept.layout, "now", {**kept.arrays, "neighbours": neighbours}, kept.facts))
    assert HnswIndex.load(path, "now") is None


def test_an_old_copy_is_recovered_without_what_is_gone(tmp_path: Path) -> None:
    filled().save(tmp_path / "v", "then")
    ids = np.arange(101, COUNT + 1)
    recovered = HnswIndex.recover(tmp_path / "v", [(ids[:700], vectors()[100:800]), (ids[700:], vectors()[800:])])
    assert recovered is not None
    assert recovered.ids.tolist() == ids.tolist()


@pytest.mark.parametrize("stored", [(np.array([7]), 3), (np.array([0]), 1)], ids=["another vector", "unknown id"])
def test_a_copy_of_another_index_is_not_recovered(stored: tuple[Ids, int], tmp_path: Path) -> None:
    filled(50).save(tmp_path / "v", "then")
    ids, seed = stored
    assert HnswIndex.recover(tmp_path / "v", [(ids, vectors(1, seed))]) is None


# Chosen by size


def test_the_kind_is_chosen_by_count_and_by_memory() -> None:
    kinds = BySize(FaissIndex, HnswIndex, exact_up_to=1000, exact_bytes=100_000)
    assert kinds(1000, 8) is FaissIndex
    assert kinds(1001, 8) is HnswIndex
    assert kinds(1000, 384) is HnswIndex
    assert BySize(FaissIndex)(10**9, 384) is FaissIndex


class Counting(HnswIndex):
    """Counts the vectors it has put into a graph."""

    grown = 0

    def add(self, ids: Ids, vectors: Vectors) -> None:
        Counting.grown += len(ids)
        super().add(ids, vectors)


def test_a_large_index_keeps_its_graph_from_one_opening_to_the_next(tmp_path: Path) -> None:
    def ask() -> set[str]:
        with Store.open(tmp_path) as store:
            index = Index(store, FakeEmbedder(), BySize(FaissIndex, Counting, exact_up_to=10), cache_from=1)
            hits = index.retrieve("Article 7 tells of harbour 3", 400)
            assert len(hits) == store.manifest().chunks
            assert "approximate" in index.search_kind()
            return {hit.chunk.id for hit in hits}

    pages = told_pages(30)
    filled_store(pages, Store.open(tmp_path)).close()
    Counting.grown = 0
    everything = ask()
    assert Counting.grown == len(everything)
    assert ask() == everything
    assert Counting.grown == len(everything)
    with Store.open(tmp_path) as store:
        ingester(store).remove([article_id("mem:3")])
        ingester(store).add(FakeSource({"mem:new": page("A new harbour.")}))
    changed = ask()
    assert Counting.grown == len(everything) + 1
    assert len(changed - everything) == 1
    (tmp_path / VECTOR_CACHE).write_bytes(b"spoilt")
    assert ask() == changed
    assert Counting.grown == len(everything) + 1 + len(changed)

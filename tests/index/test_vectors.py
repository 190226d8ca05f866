"""Exact search: FAISS against the NumPy reference, and saved copies that are never trusted blindly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.vectors import FaissIndex, NumpyIndex, VectorIndex

DIMENSION = 6
KINDS = (FaissIndex, NumpyIndex)

STEP = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 20)),
    st.tuples(st.just("remove"), st.lists(st.integers(1, 60), max_size=10)),
    st.tuples(st.just("search"), st.integers(1, 12), st.none() | st.lists(st.integers(1, 60), max_size=30)),
)


def vectors(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filled(kind: type[VectorIndex], count: int = 30) -> VectorIndex:
    index = kind(DIMENSION)
    index.add(np.arange(1, count + 1), vectors(count, seed=1))
    return index


@given(steps=st.lists(STEP, max_size=12), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=150)
def test_faiss_agrees_with_numpy_after_any_sequence_of_changes(steps: list[tuple], seed: int) -> None:
    faiss, numpy = FaissIndex(DIMENSION), NumpyIndex(DIMENSION)
    next_id = 1
    for number, (action, *rest) in enumerate(steps):
        if action == "add":
            ids, rows = np.arange(next_id, next_id + rest[0]), vectors(rest[0], seed + number)
            next_id += rest[0]
            faiss.add(ids, rows)
            numpy.add(ids, rows)
        elif action == "remove":
            gone = np.array(rest[0], dtype=np.int64)
            faiss.remove(gone)
            numpy.remove(gone)
        else:
            k, allowed = rest[0], None if rest[1] is None else np.array(rest[1], dtype=np.int64)
            query = vectors(1, 5000 + seed + number)[0]
            ids, scores = faiss.search(query, k, allowed)
            expected_ids, expected_scores = numpy.search(query, k, allowed)
            assert ids.tolist() == expected_ids.tolist()
            np.testing.assert_allclose(scores, expected_scores, atol=1e-5)
    assert sorted(faiss.ids.tolist()) == sorted(numpy.ids.tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_vectors_than_asked_for_are_all_returned(kind: type[VectorIndex]) -> None:
    ids, scores = filled(kind, 3).search(vectors(1, 2)[0], 10)
    assert sorted(ids.tolist()) == [1, 2, 3]
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_scores_come_in_the_order_of_ids(kind: type[VectorIndex]) -> None:
    index, row = kind(DIMENSION), vectors(1, 3)
    index.add(np.array([7, 3, 5]), np.repeat(row, 3, axis=0))
    assert index.search(row[0], 3)[0].tolist() == [3, 5, 7]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_found_where_nothing_is_allowed(kind: type[VectorIndex]) -> None:
    assert filled(kind).search(vectors(1, 2)[0], 5, np.empty(0, dtype=np.int64))[0].tolist() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 30])
def test_a_saved_copy_is_loaded_under_its_stamp(kind: type[VectorIndex], count: int, tmp_path: Path) -> None:
    index, query = filled(kind, count), vectors(1, 2)[0]
    index.save(tmp_path / "v", "now")
    loaded = kind.load(tmp_path / "v", "now")
    assert loaded is not None
    assert loaded.search(query, 5)[0].tolist() == index.search(query, 5)[0].tolist()
    assert loaded.search(query, 5)[1].tolist() == index.search(query, 5)[1].tolist()


def test_a_copy_of_another_stamp_is_not_loaded(tmp_path: Path) -> None:
    filled(FaissIndex).save(tmp_path / "v", "then")
    assert FaissIndex.load(tmp_path / "v", "now") is None


def test_no_copy_is_no_error(tmp_path: Path) -> None:
    assert FaissIndex.load(tmp_path / "v", "now") is None


@given(position=st.integers(min_value=0), flip=st.integers(1, 255))
@settings(deadline=None, max_examples=100)
def test_a_copy_with_any_byte_changed_is_not_loaded_or_means_the_same(
    position: int, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped"
    filled(FaissIndex, 4).save(path, "now")
    body = bytearray(path.read_bytes())
    body[position % len(body)] ^= flip
    path.write_bytes(body)
    loaded = FaissIndex.load(path, "now")
    if loaded is not None:  # a change of white space or case in the header alters nothing
        assert (
            loaded.search(vectors(1, 2)[0], 4)[0].tolist()
            == filled(FaissIndex, 4).search(vectors(1, 2)[0], 4)[0].tolist()
        )


@pytest.mark.parametrize("length", [0, 10, 200, -1])
def test_a_truncated_copy_is_not_loaded(length: int, tmp_path: Path) -> None:
    path = tmp_path / "v"
    filled(FaissIndex).save(path, "now")
    path.write_bytes(path.read_bytes()[:length])
    assert FaissIndex.load(path, "now") is None


@pytest.mark.parametrize("header", ["[]", "3", '{"stamp": "now"}', '{"layout": 1, "stamp": "now"}', "{", "null"])
def test_a_foreign_file_is_not_loaded(header: str, tmp_path: Path) -> None:
    (tmp_path / "v").write_text(header + "\n")
    assert FaissIndex.load(tmp_path / "v", "now") is None


def test_a_copy_that_promises_more_than_it_holds_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "v"
    filled(FaissIndex).save(path, "now")
    path.write_bytes(path.read_bytes().replace(b"[30]", b"[30000000000000]"))
    assert FaissIndex.load(path, "now") is None


def test_a_failed_save_leaves_the_copy_before_it(tmp_path: Path) -> None:
    path = tmp_path / "v"
    filled(FaissIndex, 5).save(path, "now")
    (tmp_path / "v.part").mkdir()
    with pytest.raises(OSError):
        filled(FaissIndex, 9).save(path, "later")
    loaded = FaissIndex.load(path, "now")
    assert loaded is not None and len(loaded.ids) == 5

"""Vectors to nearest ids, by inner product: the cosine, as all vectors have unit length.

Knows ids and vectors; nothing of chunks, texts or the database they come from. The only importer of faiss.
An index here is a cache: it can always be built again from the database, so whatever is wrong with a saved one is no
error but a reason to build it again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index import saved
from index.embedding import Vectors

if TYPE_CHECKING:
    from typing import Self

log = logging.getLogger(__name__)

Ids = NDArray[np.int64]


class VectorIndex(Protocol):
    """Holds vectors under ids. Not thread-safe: its owner lets one thread in at a time."""

    def __init__(self, dimension: int) -> None: ...

    @property
    def ids(self) -> Ids:
        """The ids held, in no particular order."""

    @property
    def recall(self) -> float | None:
        """The share of the ten nearest that a search finds, as measured; None before anything was searched."""

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Take in vectors of shape (n, dimension) under n ascending ids, each above all that were ever held."""

    def remove(self, ids: Ids) -> None:
        """Forget these ids; one not held is passed over."""

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> tuple[Ids, Vectors]:
        """The k ids nearest to `query`, best first, with their cosines; only among `allowed` unless it is None.

        Equal scores come in the order of their ids. Fewer than k where there are fewer.
        """

    def save(self, path: Path, stamp: str) -> None:
        """Write a copy that `load` gives back under the same stamp. Raises OSError."""

    @classmethod
    def load(cls, path: Path, stamp: str) -> Self | None:
        """The copy saved under `stamp`; None when there is none, it is of another stamp, or it is damaged."""

    @classmethod
    def recover(cls, path: Path, stored: Iterable[tuple[Ids, Vectors]]) -> Self | None:
        """The copy of any stamp without what is not `stored`; the caller adds what it lacks.

        None where the copy holds something else under an id, or where building anew costs no more.
        """


class NumpyIndex:
    """Exact search by one matrix product. The reference that the others are tested against."""

    def __init__(self, dimension: int) -> None:
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._vectors: Vectors = np.empty((0, dimension), dtype=np.float32)

    @property
    def ids(self) -> Ids:
        return self._ids

    @property
    def recall(self) -> float | None:
        return 1.0

    def add(self, ids: Ids, vectors: Vectors) -> None:
        self._ids = np.concatenate([self._ids, ids])
        self._vectors = np.concatenate([self._vectors, vectors])

    def remove(self, ids: Ids) -> None:
        kept = ~np.isin(self._ids, ids)
        self._ids, self._vectors = self._ids[kept], self._vectors[kept]

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> tuple[Ids, Vectors]:
        rows = np.arange(len(self._ids)) if allowed is None else np.flatnonzero(np.isin(self._ids, allowed))
        ids, scores = best_first(self._ids[rows], self._vectors[rows] @ query)
        return ids[:k], scores[:k]

    def save(self, path: Path, stamp: str) -> None:
        _save(path, stamp, self._ids, self._vectors)

    @classmethod
    def load(cls, path: Path, stamp: str) -> Self | None:
        content = _read(path, stamp)
        if content is None:
            return None
        ids, vectors = content
        index = cls(vectors.shape[1])
        index.add(ids, vectors)
        return index

    @classmethod
    def recover(cls, path: Path, stored: Iterable[tuple[Ids, Vectors]]) -> Self | None:
        return None


class FaissIndex:
    """Exact search by FAISS.

    One thread by default: a single question is bound by memory, and starting more for it made 10⁵ vectors of 384
    take 28 ms where one takes 5.
    """

    def __init__(self, dimension: int, threads: int = 1) -> None:
        import faiss

        self._faiss: Any = faiss  # its stubs know the C++ side, not the Python methods laid over it
        self._threads = threads
        self._index: Any = faiss.IndexIDMap(faiss.IndexFlatIP(dimension))

    @property
    def ids(self) -> Ids:
        ids: Ids = self._faiss.vector_to_array(self._index.id_map)
        return ids

    @property
    def recall(self) -> float | None:
        return 1.0

    def add(self, ids: Ids, vectors: Vectors) -> None:
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))

    def remove(self, ids: Ids) -> None:
        self._index.remove_ids(np.ascontiguousarray(ids, np.int64))

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> tuple[Ids, Vectors]:
        self._faiss.omp_set_num_threads(self._threads)  # OpenMP keeps the count per calling thread
        parameters = None
        if allowed is not None:
            selector = self._faiss.IDSelectorBatch(np.ascontiguousarray(allowed, np.int64))
            parameters = self._faiss.SearchParameters(sel=selector)
        scores, ids = self._index.search(np.ascontiguousarray(query[np.newaxis], np.float32), k, params=parameters)
        found = ids[0] >= 0  # FAISS fills up to k with the id -1
        return best_first(ids[0][found], scores[0][found])

    def save(self, path: Path, stamp: str) -> None:
        flat = self._faiss.downcast_index(self._index.index)
        vectors = self._faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(flat.ntotal, flat.d)
        _save(path, stamp, self.ids, vectors)

    @classmethod
    def load(cls, path: Path, stamp: str) -> Self | None:
        content = _read(path, stamp)
        if content is None:
            return None
        ids, vectors = content
        index = cls(vectors.shape[1])
        index.add(ids, vectors)
        return index

    @classmethod
    def recover(cls, path: Path, stored: Iterable[tuple[Ids, Vectors]]) -> Self | None:
        return None


def best_first(ids: Ids, scores: Vectors) -> tuple[Ids, Vectors]:
    """In the order of scores, equal ones in that of their ids."""
    order = np.lexsort((ids, -scores))
    return ids[order], scores[order]


_LAYOUT = "exact, 1"


def _save(path: Path, stamp: str, ids: Ids, vectors: Vectors) -> None:
    saved.write(path, saved.Saved(_LAYOUT, stamp, {"ids": ids, "vectors": vectors}, {}))


def _read(path: Path, stamp: str) -> tuple[Ids, Vectors] | None:
    kept = saved.read(path, _LAYOUT, stamp)
    if kept is None:
        return None
    ids, vectors = kept.arrays.get("ids"), kept.arrays.get("vectors")
    if ids is None or vectors is None or vectors.ndim != 2 or ids.shape != vectors.shape[:1]:
        log.warning("saved vectors passed over file=%s reason=arrays of different lengths", path)
        return None
    return ids.astype(np.int64, copy=False), vectors.astype(np.float32, copy=False)

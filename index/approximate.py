"""Approximate search for indexes too large to be searched vector by vector.

Knows ids and vectors; nothing of chunks, texts or the database they come from. A navigable small-world graph (Malkov
and Yashunin, 2018) by FAISS, over vectors of one byte a dimension: a quarter of the memory, and a question looks at
some hundred vectors instead of all. What that costs in neighbours missed is measured while the graph is built.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index import saved
from index.embedding import Vectors
from index.vectors import Ids, best_first

if TYPE_CHECKING:
    from typing import Self

log = logging.getLogger(__name__)

_LAYOUT = "hnsw of bytes, 1"
_NEIGHBOURS = 16
_BUILD_BREADTH = 80
_BREADTH = 256
"""Candidates kept while searching: 2.5 times the depth that fusion looks to."""
_MOST_BREADTH = 4096
_SCAN_BELOW = 0.1
"""With fewer allowed than this share, looking at each of them is both faster than the graph and exact."""
_MOST_GONE = 0.3
"""Share of removed vectors from which the graph is built anew without them."""
_BLOCK = 50_000
_WORTH_TELLING = 20_000
"""Vectors that take long enough to be put in the graph for a person to wonder: five seconds."""


class HnswIndex:
    """A `VectorIndex` that may miss some neighbours. Cosines are those of the bytes: off by some thousandths.

    Ids must be added in ascending order. The first vectors added settle the range of each dimension, so they should
    be some thousands. Removed vectors stay in the graph, passed over, until a share of it is gone. `recall` is the
    share of the ten nearest neighbours found, over a sample of the vectors; None before anything was searched.
    """

    def __init__(self, dimension: int, threads: int = 1, build_threads: int = 2) -> None:
        import faiss

        self._faiss: Any = faiss  # its stubs know the C++ side, not the Python methods laid over it
        self._dimension, self._threads, self._build_threads = dimension, threads, build_threads
        self._graph: Any = self._empty_graph()
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._sums: NDArray[np.uint32] = np.empty(0, dtype=np.uint32)
        self._live: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self._probe: _Probe | None = None
        self._recall: float | None = None

    @property
    def ids(self) -> Ids:
        return self._ids[self._live]

    @property
    def recall(self) -> float | None:
        return self._recall

    def add(self, ids: Ids, vectors: Vectors) -> None:
        if not len(ids):
            return
        if (len(self._ids) and ids[0] <= self._ids[-1]) or np.any(np.diff(ids) <= 0):
            raise ValueError("ids must be added in ascending order")
        if len(ids) >= _WORTH_TELLING:
            log.warning("building the search graph over %d passages more: once, some seconds", len(ids))
        begun = time.perf_counter()
        rows = np.ascontiguousarray(vectors, np.float32)
        if self._probe is None and not len(self._ids):
            self._probe = _Probe(ids, rows)
        self._extend(rows)
        self._ids = np.concatenate([self._ids, ids])
        self._sums = np.concatenate([self._sums, checksums(rows)])
        self._live = np.concatenate([self._live, np.ones(len(ids), dtype=np.bool_)])
        if self._probe:
            self._probe.look(ids, rows)
        log.info("graph grown by=%d to=%d seconds=%.1f", len(ids), len(self._ids), time.perf_counter() - begun)

    def remove(self, ids: Ids) -> None:
        self._live &= ~_marked(self._ids, ids)
        if self._probe and len(ids):
            self._probe = None
        if len(self._ids) and 1 - self._live.mean() > _MOST_GONE:
            self._compact()

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> tuple[Ids, Vectors]:
        self._measure()
        wanted = self._live if allowed is None else self._live & _marked(self._ids, allowed)
        count = int(np.count_nonzero(wanted))
        if not count:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        return self._search(query, min(k, count), wanted, count)

    def _search(self, query: Vectors, k: int, wanted: NDArray[np.bool_], count: int) -> tuple[Ids, Vectors]:
        share = count / len(self._ids)
        selector = None if share == 1.0 else self._faiss.IDSelectorBitmap(np.packbits(wanted, bitorder="little"))
        row = np.ascontiguousarray(query[np.newaxis], np.float32)
        self._faiss.omp_set_num_threads(self._threads)  # OpenMP keeps the count per calling thread
        if share < _SCAN_BELOW or count <= k:
            found = self._graph.storage.search(row, k, params=self._faiss.SearchParameters(sel=selector))
        else:
            breadth = min(int(max(_BREADTH, 2 * k) / share), _MOST_BREADTH)
            parameters = self._faiss.SearchParametersHNSW(sel=selector, efSearch=breadth)
            found = self._graph.search(row, k, params=parameters)
        scores, places = found[0][0], found[1][0]
        met = places >= 0  # FAISS fills up to k with -1
        return best_first(self._ids[places[met]], scores[met])

    def save(self, path: Path, stamp: str) -> None:
        self._measure()
        graph, storage = self._graph.hnsw, self._storage
        arrays: dict[str, NDArray[Any]] = {
            "ids": self._ids,
            "sums": self._sums,
            "live": self._live.view(np.uint8),
            "levels": self._numbers(graph.levels),
            "neighbours": self._numbers(graph.neighbors),
            "codes": self._numbers(storage.codes),
            "ranges": self._numbers(storage.sq.trained),
        }
        facts = {"entry": graph.entry_point, "dimension": self._dimension}
        facts |= {} if self._recall is None else {"recall": self._recall}
        saved.write(path, saved.Saved(_LAYOUT, stamp, arrays, facts))

    @classmethod
    def load(cls, path: Path, stamp: str) -> Self | None:
        kept = saved.read(path, _LAYOUT, stamp)
        return cls._of(path, kept) if kept else None

    @classmethod
    def recover(cls, path: Path, stored: Iterable[tuple[Ids, Vectors]]) -> Self | None:
        kept = saved.read(path, _LAYOUT)
        index = cls._of(path, kept) if kept else None
        if index is None:
            return None
        same = np.zeros(len(index._ids), dtype=np.bool_)
        for ids, vectors in stored:
            old = ids <= index._ids[-1]
            places = np.searchsorted(index._ids, ids[old])
            if not np.array_equal(index._ids[places], ids[old]):
                return None
            same[places] = index._live[places] & (index._sums[places] == checksums(vectors[old]))
            if not same[places].all():
                return None
        index.remove(index._ids[~same])
        return index

    @classmethod
    def _of(cls, path: Path, kept: saved.Saved) -> Self | None:
        try:
            index = cls(int(kept.facts["dimension"]))
            index._restore(kept)
            return index
        except (KeyError, ValueError, TypeError, IndexError) as error:
            log.warning("saved vectors passed over file=%s reason=%s", path, error)
            return None

    def _restore(self, kept: saved.Saved) -> None:
        """From plain numbers, each looked at before FAISS follows it: a wrong neighbour would be a wild pointer."""
        arrays, count = kept.arrays, len(kept.arrays["ids"])
        levels, neighbours, entry = arrays["levels"], arrays["neighbours"], int(kept.facts["entry"])
        room = self._numbers(self._graph.hnsw.cum_nneighbor_per_level)
        if not (levels.shape == arrays["sums"].shape == arrays["live"].shape == (count,)) or count == 0:
            raise ValueError("arrays of different lengths")
        if levels.min() < 1 or levels.max() >= len(room) or not 0 <= entry < count or levels[entry] != levels.max():
            raise ValueError("levels that no graph has")
        offsets = np.concatenate([[0], np.cumsum(room[levels].astype(np.int64))])
        if neighbours.shape != (offsets[-1],) or neighbours.min() < -1 or neighbours.max() >= count:
            raise ValueError("neighbours that are none")
        _check_upper_levels(levels, neighbours, offsets, room)
        codes, ranges = arrays["codes"], arrays["ranges"]
        if codes.shape != (count * self._dimension,) or ranges.shape != (2 * self._dimension,):
            raise ValueError("vectors of another length")
        if not np.isfinite(ranges).all() or np.any(np.diff(arrays["ids"]) <= 0):
            raise ValueError("ranges or ids that are none")
        graph, storage = self._graph.hnsw, self._storage
        for numbers, place in (
            (levels, graph.levels),
            (neighbours, graph.neighbors),
            (offsets.astype(np.uint64), graph.offsets),
            (codes, storage.codes),
            (ranges, storage.sq.trained),
        ):
            self._faiss.copy_array_to_vector(np.ascontiguousarray(numbers), place)
        graph.entry_point, graph.max_level = entry, int(levels.max()) - 1
        self._graph.ntotal = storage.ntotal = count
        self._graph.is_trained = storage.is_trained = True
        self._ids, self._sums = arrays["ids"], arrays["sums"]
        self._live = arrays["live"].astype(np.bool_)
        self._recall = kept.facts.get("recall")

    def _empty_graph(self) -> Any:
        kind, metric = self._faiss.ScalarQuantizer.QT_8bit, self._faiss.METRIC_INNER_PRODUCT
        graph = self._faiss.IndexHNSWSQ(self._dimension, kind, _NEIGHBOURS, metric)
        graph.hnsw.efConstruction = _BUILD_BREADTH
        return graph

    def _extend(self, rows: Vectors) -> None:
        self._faiss.omp_set_num_threads(self._build_threads)
        if not self._graph.is_trained:
            self._graph.train(rows)
        self._graph.add(rows)

    def _compact(self) -> None:
        """The graph anew without what is gone, from its own bytes."""
        places, storage = np.flatnonzero(self._live), self._storage
        ranges, rows = self._numbers(storage.sq.trained), []
        for first in range(0, len(places), _BLOCK):
            rows.append(storage.reconstruct_batch(places[first : first + _BLOCK]))
        self._graph = self._empty_graph()
        if len(places):
            self._faiss.copy_array_to_vector(ranges, self._storage.sq.trained)
            self._graph.is_trained = self._storage.is_trained = True  # the same ranges give the same bytes again
            for block in rows:
                self._extend(block)
        log.info("graph built anew kept=%d of=%d", len(places), len(self._ids))
        self._ids, self._sums = self._ids[places], self._sums[places]
        self._live = np.ones(len(places), dtype=np.bool_)

    def _measure(self) -> None:
        """Once after building: how many of the true neighbours are found."""
        if self._probe is None:
            return
        probe, self._probe = self._probe, None
        everything, count = np.ones(len(self._ids), dtype=np.bool_), len(self._ids)
        self._recall = probe.recall(lambda row, k: self._search(row, min(k, count), everything, count)[0])
        log.info("approximate search vectors=%d recall_at_10=%.4f", count, self._recall)

    @property
    def _storage(self) -> Any:
        return self._faiss.downcast_index(self._graph.storage)

    def _numbers(self, vector: Any) -> NDArray[Any]:
        numbers: NDArray[Any] = self._faiss.vector_to_array(vector)
        return numbers


class _Probe:
    """A few of the first vectors as questions, with their ten nearest of all that were looked at since."""

    QUESTIONS, K = 64, 10

    def __init__(self, ids: Ids, rows: Vectors) -> None:
        chosen = np.linspace(0, len(ids) - 1, min(self.QUESTIONS, len(ids))).astype(np.int64)
        self._own, self._rows = ids[chosen], rows[chosen].copy()
        self._ids = np.full((len(chosen), self.K), -1, dtype=np.int64)
        self._scores = np.full((len(chosen), self.K), -2.0, dtype=np.float32)

    def look(self, ids: Ids, rows: Vectors) -> None:
        scores = self._rows @ rows.T
        scores[self._own[:, np.newaxis] == ids] = -2.0  # a vector is no neighbour of itself
        all_ids = np.concatenate([self._ids, np.broadcast_to(ids, scores.shape)], axis=1)
        all_scores = np.concatenate([self._scores, scores], axis=1)
        best = np.argsort(-all_scores, axis=1, kind="stable")[:, : self.K]
        self._ids = np.take_along_axis(all_ids, best, axis=1)
        self._scores = np.take_along_axis(all_scores, best, axis=1)

    def recall(self, search: Any) -> float:
        """The share of them that `search(row, k)` finds."""
        found = [set(search(row, self.K + 1).tolist()) for row in self._rows]
        true = [set(ids[ids >= 0].tolist()) for ids in self._ids]
        hit, all_of_them = sum(len(a & b) for a, b in zip(found, true, strict=True)), sum(map(len, true))
        return hit / all_of_them if all_of_them else 1.0


def checksums(vectors: Vectors) -> NDArray[np.uint32]:
    """One number a vector, by which a saved copy knows it again."""
    rows = np.ascontiguousarray(vectors, "<f4")
    return np.fromiter((zlib.crc32(row.data) for row in rows), dtype=np.uint32, count=len(rows))


def _marked(ids: Ids, some: Ids) -> NDArray[np.bool_]:
    """Which of the ascending `ids` are among `some`."""
    marked = np.zeros(len(ids), dtype=np.bool_)
    places = np.searchsorted(ids, some)
    there = places < len(ids)
    places = places[there]
    marked[places[ids[places] == some[there]]] = True
    return marked


def _check_upper_levels(
    levels: NDArray[Any], neighbours: NDArray[Any], offsets: NDArray[np.int64], room: NDArray[Any]
) -> None:
    """On each level above the lowest, a neighbour must itself reach that level. Few vectors do."""
    for level in range(1, int(levels.max())):
        for node in np.flatnonzero(levels > level).tolist():
            first = offsets[node]
            met = neighbours[first + room[level] : first + room[level + 1]]
            if np.any(levels[met[met >= 0]] <= level):
                raise ValueError("a neighbour that is not on its level")

"""The vectors of a store, ready to be searched and in step with it.

Knows when to load, build, catch up and save; nothing of how vectors are searched. Whatever is wrong with a saved copy
is no error but a reason to build it again from the store.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from index.embedding import Vectors
from index.store import Store
from index.types import Filters
from index.vectors import FaissIndex, Ids, VectorIndex

log = logging.getLogger(__name__)

VECTOR_CACHE = "vectors.cache"
_BLOCK = 50_000
"""Vectors read at once: 77 MB of 384 dimensions."""


@dataclass(frozen=True, slots=True)
class BySize:
    """Which kind of index suits how many vectors: `exact` up to a count and a size in memory, then `approximate`."""

    exact: type[VectorIndex] = FaissIndex
    approximate: type[VectorIndex] | None = None
    exact_up_to: int = 50_000
    exact_bytes: int | None = None

    def __call__(self, count: int, dimension: int) -> type[VectorIndex]:
        fits = self.exact_bytes is None or count * (4 * dimension + 8) <= self.exact_bytes
        return self.exact if self.approximate is None or (count <= self.exact_up_to and fits) else self.approximate


class CurrentVectors:
    """Not thread-safe: to be asked within a snapshot of the store, by one thread at a time.

    The kind is chosen when the vectors are opened, and stays. Those of `save_from` or more are saved in the store's
    folder.
    """

    def __init__(self, store: Store, kinds: BySize, save_from: int) -> None:
        self._store = store
        self._kinds = kinds
        self._save_from = save_from
        self._file = store.directory / VECTOR_CACHE if store.directory else None
        self._vectors: VectorIndex | None = None
        self._stamp = ""

    def up_to_date(self) -> VectorIndex:
        """The vectors of the store as it is in this snapshot."""
        stamp = self._store.stamp()
        if self._vectors is None:
            self._vectors = self._opened(stamp)
        elif stamp != self._stamp:
            self._catch_up(self._vectors)
        self._stamp = stamp
        return self._vectors

    def _opened(self, stamp: str) -> VectorIndex:
        manifest = self._store.manifest()
        kind = self._kinds(manifest.chunks, manifest.dimension)
        if self._file and (loaded := kind.load(self._file, stamp)):
            return loaded
        recovered = kind.recover(self._file, self._blocks()) if self._file else None
        vectors = recovered or kind(manifest.dimension)
        self._catch_up(vectors)
        self._save(vectors, stamp)
        return vectors

    def _save(self, vectors: VectorIndex, stamp: str) -> None:
        if self._file and len(vectors.ids) >= self._save_from:
            try:
                vectors.save(self._file, stamp)
            except OSError as error:  # a full or read-only disk: the next opening builds it again
                log.warning("vectors not saved file=%s reason=%s", self._file, error)

    def _catch_up(self, vectors: VectorIndex) -> None:
        """By the difference of keys: one that is gone never comes back, and a new one is above all before it."""
        held = vectors.ids
        vectors.remove(np.setdiff1d(held, self._store.keys(Filters())))
        for ids, rows in self._blocks(after=int(held.max(initial=0))):
            vectors.add(ids, rows)
        log.info("vectors caught up held=%d now=%d", len(held), len(vectors.ids))

    def _blocks(self, after: int = 0) -> Iterator[tuple[Ids, Vectors]]:
        """All stored vectors above a key, so many at once."""
        while len((block := self._store.vectors(after, _BLOCK))[0]):
            yield block
            after = int(block[0][-1])

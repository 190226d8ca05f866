"""Vectors to nearest ids, by inner product: the cosine, as all vectors have unit length.

Knows ids and vectors; nothing of chunks, texts or the database they come from. The only importer of faiss.
An index here is a cache: it can always be built again from the database, so whatever is wrong with a saved one is no
error but a reason to build it again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

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

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Take in vectors of shape (n, dimension) under n ids not held so far."""

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


class NumpyIndex:
    """Exact search by one matrix product. The reference that the others are tested against."""

    def __init__(self, dimension: int) -> None:
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._vectors: Vectors = np.empty((0, dimension), dtype=np.float32)

    @property
    def ids(self) -> Ids:
        return self._ids

    def add(self, ids: Ids, vectors: Vectors) -> None:
        self._ids = np.concatenate([self._ids, ids])
        self._vectors = np.concatenate([self._vectors, vectors])

    def remove(self, ids: Ids) -> None:
        kept = ~np.isin(self._ids, ids)
        self._ids, self._vectors = self._ids[kept], self._vectors[kept]

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> tuple[Ids, Vectors]:
        rows = np.arange(len(self._ids)) if allowed is None else np.flatnonzero(np.isin(self._ids, allowed))
        ids, scores = _best_first(self._ids[rows], self._vectors[rows] @ query)
        return ids[:k], scores[:k]

    def save(self, path: Path, stamp: str) -> None:
        _write(path, stamp, self._ids, self._vectors)

    @classmethod
    def load(cls, path: Path, stamp: str) -> Self | None:
        content = _read(path, stamp)
        if content is None:
            return None
        ids, vectors = content
        index = cls(vectors.shape[1])
        index.add(ids, vectors)
        return index


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
        return _best_first(ids[0][found], scores[0][found])

    def save(self, path: Path, stamp: str) -> None:
        flat = self._faiss.downcast_index(self._index.index)
        vectors = self._faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(flat.ntotal, flat.d)
        _write(path, stamp, self.ids, vectors)

    @classmethod
    def load(cls, path: Path, stamp: str) -> Self | None:
        content = _read(path, stamp)
        if content is None:
            return None
        ids, vectors = content
        index = cls(vectors.shape[1])
        index.add(ids, vectors)
        return index


def _best_first(ids: Ids, scores: Vectors) -> tuple[Ids, Vectors]:
    order = np.lexsort((ids, -scores))
    return ids[order], scores[order]


# A saved index is one line of JSON, then the ids, then the vectors, as plain little-endian numbers. FAISS's own format
# would have its parser read a file that anybody may have put there, and takes three times as long to load.


@dataclass(frozen=True, slots=True)
class _Header:
    """The first line of a saved index. `sha256` is of all bytes after it."""

    layout: str
    stamp: str
    count: int
    dimension: int
    sha256: str


_LAYOUT = "ids int64, vectors float32, little-endian"


def _write(path: Path, stamp: str, ids: Ids, vectors: Vectors) -> None:
    """Under another name first: a kill or a full disk leaves the old file as it was.

    That name is fixed, so that killed writers leave one file behind and not many. Two writing to it at once spoil
    each other's copy, which the checksum shows when it is loaded.
    """
    body = (np.ascontiguousarray(ids, "<i8"), np.ascontiguousarray(vectors, "<f4"))
    header = _Header(_LAYOUT, stamp, len(ids), vectors.shape[1], _sha256(*body))
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as file:
            file.write(json.dumps(asdict(header)).encode() + b"\n")
            for numbers in body:
                file.write(numbers.data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _read(path: Path, stamp: str) -> tuple[Ids, Vectors] | None:
    try:
        with path.open("rb") as file:
            header = _Header(**json.loads(file.readline(_LONGEST_HEADER)))
            return _read_body(file, header) if header.stamp == stamp else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        log.warning("saved vectors passed over file=%s reason=%s", path, error)
        return None


_LONGEST_HEADER = 4096


def _read_body(file: BinaryIO, header: _Header) -> tuple[Ids, Vectors]:
    if header.layout != _LAYOUT:
        raise ValueError(f"unknown layout {header.layout!r}")
    room = os.fstat(file.fileno()).st_size - file.tell()
    promised = header.count * (8 + 4 * header.dimension)
    if room != promised:  # before anything of that size is allocated
        raise ValueError(f"{room} bytes where {promised} were promised")
    ids = np.fromfile(file, "<i8", header.count)
    vectors = np.fromfile(file, "<f4", header.count * header.dimension).reshape(header.count, header.dimension)
    if _sha256(ids, vectors) != header.sha256:
        raise ValueError("the checksum differs")
    return ids, vectors


def _sha256(*arrays: NDArray[np.generic]) -> str:
    digest = hashlib.sha256()
    for numbers in arrays:
        digest.update(numbers.data)
    return digest.hexdigest()

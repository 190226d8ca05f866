"""An opened index: from a question to the passages that may answer it.

Knows how dense and lexical results are fused; nothing of how they are scored. Finds by itself that another process
has changed the index. Each question sees one state of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import numpy as np

from index.embedding import Embedder, Vectors
from index.errors import IndexMissing
from index.quotes import resolve_quote
from index.store import Store
from index.types import Article, ArticleInfo, Filters, Hit, Manifest, Origin, ResolvedQuote, SkippedSource
from index.vectors import FaissIndex, Ids, VectorIndex

log = logging.getLogger(__name__)

VECTOR_CACHE = "vectors.cache"
_EVERYTHING = Filters()


class Index:
    """A store with an embedder to ask it by. Safe to call from several threads.

    `depth` is how far down each of the two rankings fusion looks. `fusion_k` is the constant of reciprocal-rank
    fusion: 60 as in Cormack, Clarke and Büttcher (SIGIR 2009). An index of `cache_from` vectors or more saves them.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        vector_index: type[VectorIndex] = FaissIndex,
        depth: int = 100,
        fusion_k: float = 60.0,
        cache_from: int = 20_000,
    ) -> None:
        store.require(embedder.name)
        self._store = store
        self._embedder = embedder
        self._vector_index = vector_index
        self._depth = depth
        self._fusion_k = fusion_k
        self._cache = store.directory / VECTOR_CACHE if store.directory else None
        self._cache_from = cache_from
        self._vectors: VectorIndex | None = None
        self._stamp = ""

    def retrieve(self, query: str, k: int, filters: Filters = _EVERYTHING) -> tuple[Hit, ...]:
        """The k best chunks for a query, best first; fewer where there are fewer, none from an empty index.

        Filters apply before the search. Equal scores are ordered by the cosine, then by when a chunk was stored.
        """
        query = query.encode("utf-8", "replace").decode()  # an argument's stray bytes are no text
        if k < 1 or not query.strip() or self._store.is_empty():
            return ()
        vector = self._embedder.embed_query(query)
        with self._store.snapshot():
            self._store.require(self._embedder.name, len(vector))
            vectors = self._up_to_date()
            allowed = None if filters == _EVERYTHING else self._store.keys(filters)
            depth = max(self._depth, k)
            dense = _ranking(*vectors.search(vector, depth, allowed))
            lexical = self._store.match(query, depth, filters)
            cosines = dense | self._cosines(vectors, vector, lexical.keys() - dense.keys())
            scores = fuse((dense, lexical), self._fusion_k)
            best = sorted(scores, key=lambda key: (-scores[key], -cosines.get(key, -2.0), key))[:k]
            passages = self._store.passages(best)
        return tuple(
            Hit(*passages[key], scores[key], rank, _origin(key, dense, lexical), cosines.get(key), lexical.get(key))
            for rank, key in enumerate(best, start=1)
        )

    def require_articles(self) -> None:
        """Raises IndexMissing when there is nothing to search in."""
        if self._store.is_empty():
            place = self._store.directory or "memory"
            raise IndexMissing(f"The index in {place} holds no articles. Put some in with `quoth add PATH…`.")

    @property
    def manifest(self) -> Manifest:
        return self._store.manifest()

    def articles(self) -> tuple[ArticleInfo, ...]:
        return self._store.articles()

    def article(self, article_id: str) -> Article | None:
        return self._store.article(article_id)

    def text_of(self, article_id: str, digest: str) -> Article | None:
        """The article as it was when its text had this digest; None when that text was not kept."""
        return self._store.text_of(article_id, digest)

    def resolve(self, article_id: str, digest: str, start: int, end: int, quote: str) -> ResolvedQuote:
        """What became of a quote of an old answer, given the digest of the text it was cut from."""
        now, then = self._store.article(article_id), self._store.text_of(article_id, digest)
        return resolve_quote(now, then, start, end, quote)

    def find_article(self, name: str) -> ArticleInfo | None:
        """The article with this id or URI, or the only one whose id begins so. Raises IndexingError if several do."""
        return self._store.find_article(name)

    def failures(self) -> tuple[SkippedSource, ...]:
        return self._store.failures()

    def _up_to_date(self) -> VectorIndex:
        stamp = self._store.stamp()
        if self._vectors is None:
            self._vectors = self._opened(stamp)
        elif stamp != self._stamp:
            self._catch_up(self._vectors)
        self._stamp = stamp
        return self._vectors

    def _opened(self, stamp: str) -> VectorIndex:
        saved = self._vector_index.load(self._cache, stamp) if self._cache else None
        if saved is not None:
            return saved
        vectors = self._vector_index(self._store.manifest().dimension)
        self._catch_up(vectors)
        if self._cache and len(vectors.ids) >= self._cache_from:
            try:
                vectors.save(self._cache, stamp)
            except OSError as error:  # a full or read-only disk: the next opening builds it again
                log.warning("vectors not saved file=%s reason=%s", self._cache, error)
        return vectors

    def _catch_up(self, vectors: VectorIndex) -> None:
        """By the difference of keys: one that is gone never comes back, and a new one is above all before it."""
        held = vectors.ids
        vectors.remove(np.setdiff1d(held, self._store.keys(_EVERYTHING)))
        ids, rows = self._store.vectors(after=int(held.max(initial=0)))
        vectors.add(ids, rows)
        log.info("vectors caught up held=%d added=%d", len(held), len(ids))

    def _cosines(self, vectors: VectorIndex, query: Vectors, keys: Iterable[int]) -> dict[int, float]:
        ids = np.fromiter(keys, dtype=np.int64)
        return _ranking(*vectors.search(query, len(ids), ids)) if len(ids) else {}


def fuse(rankings: Iterable[Iterable[int]], constant: float) -> dict[int, float]:
    """Reciprocal-rank fusion: each ranking gives the key at rank r (from 1) the score 1 / (constant + r)."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (constant + rank)
    return scores


def _ranking(ids: Ids, scores: Vectors) -> dict[int, float]:
    return dict(zip(ids.tolist(), scores.tolist(), strict=True))


def _origin(key: int, dense: Mapping[int, float], lexical: Mapping[int, float]) -> Origin:
    if key in dense and key in lexical:
        return "both"
    return "dense" if key in dense else "lexical"

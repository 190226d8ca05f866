"""An opened index: from a question to the passages that may answer it.

Knows which searches a question needs and what their scores become; nothing of how they are scored or fused. Finds by
itself that another process has changed the index. Each question sees one state of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from index.current import BySize, CurrentVectors
from index.embedding import Embedder, Vectors
from index.errors import IndexMissing
from index.fusion import Fusion, Scores
from index.lexical import Only
from index.parts import parts_of
from index.quotes import resolve_quote
from index.store import Store
from index.types import Article, ArticleInfo, Chunk, Filters, Hit, Manifest, Origin, ResolvedQuote, SkippedSource
from index.vectors import FaissIndex, Ids, VectorIndex

_EVERYTHING = Filters()


class Index:
    """A store with an embedder to ask it by. Safe to call from several threads.

    `depth` is how far down each search looks. An index of `cache_from` vectors or more saves them.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        vector_index: type[VectorIndex] | BySize = FaissIndex,
        depth: int = 100,
        fusion: Fusion = Fusion(),  # noqa: B008 - frozen
        cache_from: int = 20_000,
    ) -> None:
        store.require(embedder.name)
        self._store = store
        self._embedder = embedder
        self._depth = depth
        self._fusion = fusion
        kinds = vector_index if isinstance(vector_index, BySize) else BySize(vector_index)
        self._vectors = CurrentVectors(store, kinds, cache_from)

    def retrieve(self, query: str, k: int, filters: Filters = _EVERYTHING) -> tuple[Hit, ...]:
        """The k best chunks for a query, best first; fewer where there are fewer, none from an empty index.

        A question in several parts is searched as a whole and by each of them. Filters apply before the search.
        Equal scores are ordered by the cosine, then by when a chunk was stored.
        """
        query = query.encode("utf-8", "replace").decode()  # an argument's stray bytes are no text
        if k < 1 or not query.strip() or self._store.is_empty():
            return ()
        texts = (query, *parts_of(query))
        with ThreadPoolExecutor(1, "query") as aside, self._store.snapshot():
            vectors = aside.submit(lambda: [self._embedder.embed_query(text) for text in texts])
            searches = self._searches(texts, vectors, max(self._depth, k), filters)
            order, scores = self._fused(searches, k)
            passages = self._store.passages(order)
        return tuple(
            _hit(searches, key, score, rank, passages[key])
            for rank, (key, score) in enumerate(zip(order, scores, strict=True), start=1)
        )

    def _searches(
        self, texts: Sequence[str], embedding: Future[list[Vectors]], depth: int, filters: Filters
    ) -> list[_Search]:
        """Each text's two rankings, and its cosine with everything that any of them found.

        Words are looked up while the texts are embedded.
        """
        held = self._vectors.up_to_date()
        allowed = None if filters == _EVERYTHING else self._store.keys(filters, of=held.ids)
        only = None if allowed is None else Only.these(allowed, of=held.ids)
        lexical = [self._store.match(text, depth, only) for text in texts]
        vectors = embedding.result()
        self._store.require(self._embedder.name, len(vectors[0]))
        dense = [_ranking(*held.search(vector, depth, allowed)) for vector in vectors]
        found = set[int]().union(*dense, *lexical)
        return [
            _Search(by_meaning | self._cosines(held, vector, found - by_meaning.keys()), by_words, by_meaning.keys())
            for vector, by_meaning, by_words in zip(vectors, dense, lexical, strict=True)
        ]

    def _fused(self, searches: Sequence[_Search], k: int) -> tuple[list[int], list[float]]:
        whole, *parts = searches
        keys = sorted(whole.cosines, key=lambda key: (-whole.cosines[key], key))
        relevance = [self._fusion.relevance(*search.scores(keys)) for search in (whole, *parts)]
        order, gains = self._fusion.order(relevance[0], relevance[1:], k)
        return [keys[at] for at in order], gains

    @property
    def store(self) -> Store:
        """What is searched in."""
        return self._store

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

    def search_kind(self) -> str:
        """How vectors are searched, in words: exactly, or approximately and then how well."""
        with self._store.snapshot():
            vectors = self._vectors.up_to_date()
        recall, count = vectors.recall, len(vectors.ids)
        return (
            f"exact search in {count:,} vectors"
            if recall == 1.0
            else (f"approximate search in {count:,} vectors" + ("" if recall is None else f", recall@10 {recall:.3f}"))
        )

    def find_article(self, name: str) -> ArticleInfo | None:
        """The article with this id or URI, or the only one whose id begins so. Raises IndexingError if several do."""
        return self._store.find_article(name)

    def failures(self) -> tuple[SkippedSource, ...]:
        return self._store.failures()

    def _cosines(self, vectors: VectorIndex, query: Vectors, keys: Iterable[int]) -> dict[int, float]:
        ids = np.fromiter(keys, dtype=np.int64)
        return _ranking(*vectors.search(query, len(ids), ids)) if len(ids) else {}


@dataclass(frozen=True, slots=True)
class _Search:
    """What one text found. `cosines` has every candidate's, `words` the BM25 scores, `near` those found by meaning."""

    cosines: Mapping[int, float]
    words: Mapping[int, float]
    near: Collection[int]

    def scores(self, keys: Sequence[int]) -> tuple[Scores, Scores]:
        """Cosines and BM25 scores of these candidates, 0 where the words did not find one."""
        cosines = np.array([self.cosines[key] for key in keys])
        return cosines, np.array([self.words.get(key, 0.0) for key in keys])


def _hit(searches: Sequence[_Search], key: int, score: float, rank: int, passage: tuple[Chunk, ArticleInfo]) -> Hit:
    near, worded = (
        any(key in found for found in each)
        for each in ((search.near for search in searches), (search.words for search in searches))
    )
    origin: Origin = "both" if near and worded else "dense" if near else "lexical"
    return Hit(*passage, score, rank, origin, searches[0].cosines[key], searches[0].words.get(key))


def _ranking(ids: Ids, scores: Vectors) -> dict[int, float]:
    """Rounded, so that the noise of another back end's arithmetic does not decide between equals."""
    return dict(zip(ids.tolist(), np.round(scores.astype(np.float64), 6).tolist(), strict=True))

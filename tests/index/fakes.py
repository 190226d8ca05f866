"""Stand-ins for what indexing is handed: an embedder that hashes words, a source in memory, a clock that ticks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from index.embedding import Vectors
from index.errors import SourceUnreadable
from index.ingest import Ingester
from index.store import Store
from index.types import Absence, ChunkingSettings, Filters, RawPage, Root, SkippedSource

CHUNKING = ChunkingSettings(chunk_tokens=24, overlap_tokens=6)


class FakeEmbedder:
    """Texts that share words are near each other. `embedded` records every document text it was given."""

    def __init__(self, name: str = "fake", dimension: int = 32, max_tokens: int = 32) -> None:
        self.name = name
        self.dimension = dimension
        self.max_tokens = max_tokens
        self.embedded: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        return [len(_tokens(text)) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        # Summed in the order of the alphabet: equal bags of words have equal vectors to the last bit.
        words = sorted(_tokens(text.lower()))
        total = np.sum([_direction(word, self.dimension) for word in words or ["nothing"]], axis=0)
        vector: Vectors = (total / np.linalg.norm(total)).astype(np.float32)
        return vector


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


def _direction(word: str, dimension: int) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(dimension)


class FakeSource:
    """Pages in memory by URI. A page of None cannot be read; a URI in `skipped` is listed with that reason."""

    def __init__(self, pages: dict[str, str | None] | None = None, skipped: dict[str, str] | None = None) -> None:
        self.pages = dict(pages or {})
        self.skipped = dict(skipped or {})
        self.marks: dict[str, str] = {}
        self.read_uris: list[str] = []

    def uris(self) -> Iterator[str | SkippedSource]:
        yield from list(self.pages)
        yield from (SkippedSource(uri, reason) for uri, reason in self.skipped.items())

    def revision(self, uri: str) -> str:
        return self.marks.get(uri) or hashlib.sha256((self.pages[uri] or "").encode()).hexdigest()

    def read(self, uri: str) -> RawPage:
        self.read_uris.append(uri)
        body = self.pages[uri]
        if body is None:
            raise SourceUnreadable("cannot be read today")
        return RawPage(uri, body.encode(), "application/json", self.revision(uri), uri)

    def absence(self, uri: str) -> Absence:
        return "gone" if uri.startswith("mem:") else "foreign"

    def roots(self) -> tuple[Root, ...]:
        return ()


def page(text: str, title: str = "A title", published: date | None = None, source: str | None = None) -> str:
    """The body of an article for FakeSource."""
    fields = {"title": title, "text": text, "source": source, "published": published and published.isoformat()}
    return json.dumps({name: value for name, value in fields.items() if value is not None})


def told_pages(articles: int) -> dict[str, str | None]:
    """So many articles of a dozen different sentences."""
    return {
        f"mem:{n}": page(" ".join(f"Article {n} tells of harbour {line}." for line in range(12)), f"Title {n}")
        for n in range(articles)
    }


def ticking_clock() -> Callable[[], datetime]:
    """A second later at every look."""
    now = datetime(2025, 1, 1, tzinfo=UTC)

    def tick() -> datetime:
        nonlocal now
        now += timedelta(seconds=1)
        return now

    return tick


def ingester(store: Store, embedder: FakeEmbedder | None = None, chunking: ChunkingSettings = CHUNKING) -> Ingester:
    return Ingester(store, embedder or FakeEmbedder(), chunking, ticking_clock(), lock_seconds=0.2)


def filled_store(pages: dict[str, str | None], store: Store | None = None) -> Store:
    store = store or Store.open(None)
    ingester(store).add(FakeSource(pages))
    return store


def content(store: Store) -> dict[str, Any]:
    """All that is stored, but for keys, times and generations, which tell how it came there."""
    passages = store.passages(store.keys(Filters()))
    ids, vectors = store.vectors()
    rows = dict(zip(ids.tolist(), vectors.tolist(), strict=True))
    chunks = {chunk.id: (chunk, rows[key]) for key, (chunk, _) in passages.items()}
    articles = {info.uri: store.article(info.id) for info in store.articles()}
    undated = {uri: article and replace(article, added=None) for uri, article in articles.items()}
    words = {
        word: {passages[key][0].id: round(score, 9) for key, score in store.match(word, 1000).items()}
        for word in ("harbour", "alpha", "beta", "gamma", "title")
    }
    return {"articles": undated, "chunks": chunks, "words": words, "revisions": store.revisions()}

"""What is kept, and how it gets there: the index's database, its folders, the library, conversations.

Knows every concrete store and source by name.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.assemble.models import Models
from assistant.types import Citation
from index.corpus import Corpus
from index.errors import IndexMissing
from index.holdings import Holdings
from index.ingest import Ingester
from index.quotes import resolve_quote
from index.store import Store
from index.types import Article, ArticleInfo, ChunkingSettings, RawPage, ResolvedQuote
from index.uploads import FOLDER as UPLOADS
from index.uploads import Uploads

if TYPE_CHECKING:
    from assistant.conversations.store import Conversations
    from assistant.library import Library
    from index.readers import Draft
    from index.sources import Source


class Stores(Models):
    """The stored articles and conversations, and what fills them."""

    @cached_property
    def store(self) -> Store:
        """The index's database, made if need be."""
        return self._kept(Store.open(self.settings.data))

    @cached_property
    def stored(self) -> Store:
        """The index's database as it is. Raises IndexMissing where there is none."""
        return self._kept(Store.open(self.settings.data, create=False))

    def _kept(self, store: Store) -> Store:
        self._opened.append(store)
        return store

    def find_article(self, name: str) -> ArticleInfo:
        """The article of this id or path. Raises IndexMissing."""
        here = Path(name).expanduser().absolute()
        found = self.stored.find_article(name) or self.stored.find_article(str(here))
        if found is None:
            raise IndexMissing(f"no article {name!r} is indexed; `quoth list` shows the ids")
        return found

    def article(self, name: str, digest: str | None = None) -> Article:
        """The whole article of this id or path, as it is or as it was with this digest. Raises IndexMissing."""
        if digest:
            return self._article_of_then(name, digest)
        found = self.stored.article(self.find_article(name).id)
        assert found is not None, "an article is read in the process that found it"
        return found

    def _article_of_then(self, name: str, digest: str) -> Article:
        info = self.stored.find_article(name) or self.stored.find_article(str(Path(name).expanduser().absolute()))
        then = self.stored.text_of(info.id if info else name, digest)
        if then is None:
            raise IndexMissing(
                f"article {name!r} is not kept with the text of digest {digest!r}: its source has changed or was"
                f" removed, and no conversation refers to that text. `quoth article {name}` shows what it says now"
            )
        return then

    @cached_property
    def conversations(self) -> Conversations:
        """What was asked and answered. Raises ConversationError."""
        from assistant.conversations.store import Conversations

        conversations = Conversations.open(self.settings.data, now)
        self._opened.append(conversations)
        return conversations

    def text_as_cited(self, article_id: str, digest: str | None) -> Article | None:
        """The article with the text of that digest, if it is kept; without a digest as it is now."""
        with contextlib.suppress(IndexMissing):
            return self.stored.text_of(article_id, digest) if digest else self.stored.article(article_id)
        return None

    def _resolve(self, cited: Citation, digest: str | None) -> ResolvedQuote:
        """What became of a quote; of an old answer that tells no digest, by the text of now."""
        now = self.store.article(cited.article_id)
        then = self.store.text_of(cited.article_id, digest) if digest else now
        return resolve_quote(now, then, cited.start, cited.end, cited.quote)

    def stored_articles(self) -> Iterator[Article]:
        """Every article with its text, one at a time; none where there is no index."""
        with contextlib.suppress(IndexMissing):
            for info in self.stored.articles():
                if article := self.stored.article(info.id):
                    yield article

    @cached_property
    def chunking(self) -> ChunkingSettings:
        return ChunkingSettings(self.settings.chunk_tokens, self.settings.overlap_tokens)

    @cached_property
    def ingester(self) -> Ingester:
        return self._ingester(self.store)

    @cached_property
    def library(self) -> Library:
        """Adding and removing while questions are answered."""
        from assistant.library import Library

        return Library(self._holdings, takes_addresses=self._uses_web())

    def _holdings(self) -> Holdings:
        """Over a database connection of its own, so that no reader waits for a transaction."""
        store = self._kept(Store.open(self.settings.data))
        uploads = Uploads(self.settings.data / UPLOADS)
        uploads.begin()

        def ingester(read: Callable[[RawPage], Draft]) -> Ingester:
            return Ingester(store, self.embedder, self.chunking, now, read)

        return Holdings(store, ingester, uploads, self.settings.file_bytes, self._web if self._uses_web() else None)

    def _uses_web(self) -> bool:
        return self.settings.web_pages and not self.settings.offline

    def _web(self, address: str) -> Source:
        from index.web import WebPage

        return WebPage(address, self.settings.file_bytes, time.monotonic)

    def _ingester(self, store: Store) -> Ingester:
        return Ingester(store, self.embedder, self.chunking, now)

    def corpus(self, make: bool) -> Corpus:
        """The index and its folders. Where there is none: with `make` an empty one, else IndexMissing is raised."""
        store = self.store if make else self.stored
        return Corpus(store, lambda: self._ingester(store), now, self.settings.file_bytes)


def now() -> datetime:
    """The time of day, for whoever is given a clock."""
    return datetime.now(UTC)

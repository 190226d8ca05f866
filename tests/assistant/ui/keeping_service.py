"""The service that answers from a table, with conversations kept in a folder and a library of files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.conversations.store import Conversations
from assistant.library import Library
from assistant.types import Event, Question
from assistant.ui.exports import Exporter
from assistant.ui.keeping import Keeper
from assistant.ui.service import ChatService
from index.embedding import Vectors
from index.holdings import Holdings
from index.ingest import Ingester
from index.readers import Draft
from index.sources import Source
from index.store import Store
from index.types import Article, ChunkingSettings, RawPage
from index.uploads import Uploads
from tests.assistant.ui.fake_service import FakeAnswers
from tests.index.fakes import FakeEmbedder


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def keeping(folder: Path | None, answers: FakeAnswers | None = None) -> Iterator[ChatService]:
    """A service whose conversations lie in `folder`."""
    service = (answers or FakeAnswers()).service()

    def text(article_id: str, digest: str | None) -> Article | None:
        return service.article(article_id)

    with Conversations.open(folder, now) as conversations:
        yield replace(
            service,
            keeper=Keeper(conversations, service.article, lambda by, texts: None, now),
            exporter=Exporter(conversations, text, lambda: iter(()), now, "0.1.0"),
        )


@dataclass
class Shelf:
    """A service with a library over a store of its own. `asked` is every question the table was asked."""

    service: ChatService
    store: Store
    library: Library
    asked: list[Question]

    def fill(self, folder: Path, **articles: str) -> None:
        """Index Markdown articles by name."""
        folder.mkdir(exist_ok=True)
        files = []
        for name, content in articles.items():
            (folder / name).write_text(content)
            files.append((folder / name, f"{name}.md"))
        self.library.add_files(files)
        self.library.wait()


class WaitingEmbedder(FakeEmbedder):
    """Calls `before` whenever documents are embedded."""

    def __init__(self, before: Callable[[], object]) -> None:
        super().__init__(max_tokens=300)
        self.before = before

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.before()
        return super().embed_documents(texts)


@contextmanager
def shelving(
    folder: Path,
    before_embedding: Callable[[], object] = lambda: None,
    answers: FakeAnswers | None = None,
    web: Callable[[str], Source] | None = None,
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
) -> Iterator[Shelf]:
    """A service with a library in `folder`; what it answers comes from the table."""
    embedder = WaitingEmbedder(before_embedding)
    asked: list[Question] = []
    with (
        Store.open(folder) as store,
        Store.open(folder, connect=connect) as writing,
        keeping(folder, answers) as service,
    ):

        def ingester(read: Callable[[RawPage], Draft]) -> Ingester:
            return Ingester(writing, embedder, ChunkingSettings(), now, read)

        def ask(question: Question, *more: Any) -> Iterator[Event]:
            asked.append(question)
            return service.ask(question, *more)

        uploads = Uploads(folder / "uploads")
        library = Library(lambda: Holdings(writing, ingester, uploads, 100_000, web), takes_addresses=web is not None)
        shelved = replace(
            service,
            ask=ask,
            articles=store.articles,
            article=lambda name: store.article(name) or service.article(name),
            library=library,
        )
        yield Shelf(shelved, store, library, asked)
        library.wait()

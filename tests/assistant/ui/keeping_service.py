"""The service that answers from a table, with conversations kept in a folder and a library of files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from assistant.conversations.store import Conversations
from assistant.ui.exports import Exporter
from assistant.ui.keeping import Keeper
from assistant.ui.service import ChatService
from index.types import Article
from tests.assistant.ui.fake_service import FakeAnswers


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

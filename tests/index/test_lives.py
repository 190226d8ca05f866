"""However an index came to be what it is, it equals one built at once from what its sources hold now."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from index.approximate import HnswIndex
from index.current import BySize
from index.ingest import article_id
from index.search import Index
from index.store import Store
from index.types import Filters
from index.vectors import FaissIndex, NumpyIndex, VectorIndex
from tests.index.fakes import FakeEmbedder, FakeSource, content, ingester, page

IN_MEMORY = Path("/dev/shm")
URIS = st.sampled_from([f"mem:{name}" for name in "abcd"])
WORDS = st.lists(
    st.sampled_from(["Alpha harbour rises. ", "Beta falls. ", "A gamma of eight words is a sentence. ", "# Delta\n\n"]),
    min_size=1,
    max_size=12,
).map("".join)
PAGES = st.builds(page, text=WORDS.filter(lambda text: "." in text), title=st.sampled_from(["One", "Two"]))


class Killed(BaseException):
    """What a process does not survive."""


class Mortal(sqlite3.Connection):
    """A connection whose process dies at a statement: nothing after it reaches the database."""

    left = 10**9

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self._live()
        return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        self._live()
        return super().executemany(*arguments)


class Life(RuleBasedStateMachine):
    """A folder of sources, and an index that is told of it now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, str | None] = {}
        self.synced: dict[str, str | None] = {}
        self.referred: dict[tuple[str, str], str] = {}
        self.folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None))
        self.open()

    def open(self) -> None:
        self.connections: list[Mortal] = []
        self.store = Store.open(self.folder, connect=self.connect)

    def connect(self, *arguments: Any, **named: Any) -> sqlite3.Connection:
        self.connections.append(sqlite3.connect(*arguments, **named, factory=Mortal))
        return self.connections[-1]

    def die_within(self, statements: int, deed: Callable[[], object]) -> None:
        """Do it in a process that ends after so many statements, if it has not done it by then."""
        self.connections[-1].left = statements
        with contextlib.suppress(Killed):
            deed()
        self.connections[-1].close()
        self.open()

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize(pages=st.dictionaries(URIS, PAGES, min_size=1))
    def begin(self, pages: dict[str, str | None]) -> None:
        self.pages = pages

    @rule(uri=URIS, body=PAGES)
    def write(self, uri: str, body: str) -> None:
        self.pages[uri] = body

    @rule(uri=URIS)
    def delete(self, uri: str) -> None:
        self.pages.pop(uri, None)

    @rule(uri=URIS)
    def spoil(self, uri: str) -> None:
        """What cannot be read keeps the article that was read before."""
        if uri in self.pages:
            self.pages[uri] = None

    @rule()
    def sync(self) -> None:
        ingester(self.store).sync(FakeSource(self.pages))
        self.settle()

    @rule(statements=st.integers(0, 120))
    def sync_and_die(self, statements: int) -> None:
        self.die_within(statements, lambda: ingester(self.store).sync(FakeSource(self.pages)))

    @rule(uri=URIS)
    def remove(self, uri: str) -> None:
        ingester(self.store).remove([article_id(uri)])

    @rule(uri=URIS, statements=st.integers(0, 25))
    def remove_and_die(self, uri: str, statements: int) -> None:
        self.die_within(statements, lambda: ingester(self.store).remove([article_id(uri)]))

    @rule(statements=st.integers(0, 200))
    def rebuild_and_die(self, statements: int) -> None:
        self.die_within(statements, lambda: ingester(self.store).rebuild())

    @rule()
    def refer(self) -> None:
        for info in self.store.articles():
            article = self.store.article(info.id)
            assert article and self.store.refer("chat", [(info.id, info.digest)])
            self.referred[info.id, info.digest] = article.text

    @rule()
    def release(self) -> None:
        self.store.release("chat")
        self.referred.clear()

    @rule()
    def ask(self) -> None:
        """Writes or reads the saved vectors."""
        found(self.store, FaissIndex)

    @invariant()
    def nothing_is_half_there(self) -> None:
        assert self.store.check() == ()
        for (article, digest), text in self.referred.items():
            kept = self.store.text_of(article, digest)
            assert kept is not None and kept.text == text

    def settle(self) -> None:
        """After a sync, all that can be read now is as if it had just been added to an empty index."""
        readable = {uri: body for uri, body in self.pages.items() if body}
        stale = [article_id(uri) for uri in self.store.revisions() if uri not in readable]
        assert all(self.pages.get(uri, "") is None for uri in self.store.revisions() if uri not in readable)
        self.store.remove(stale)
        with Store.open(None) as fresh:
            ingester(fresh).add(FakeSource(readable))
            assert content(self.store) == content(fresh)
            for kind in (FaissIndex, HnswIndex):
                assert found(self.store, kind) == found(fresh, NumpyIndex)


def found(store: Store, kind: type[VectorIndex]) -> list[list[tuple[str, str]]]:
    """What is found for some questions: passages, best first, but for the order of equals."""
    index = Index(store, FakeEmbedder(), BySize(kind), cache_from=1)
    return [
        sorted((hit.article.uri, hit.chunk.text) for hit in index.retrieve(question, 50, filters))
        for question in ("alpha harbour", "a gamma falls")
        for filters in (Filters(), Filters(article_ids=(article_id("mem:a"), article_id("mem:b"))))
    ]


Life.TestCase.settings = settings(deadline=None, max_examples=30, stateful_step_count=14)
test_any_life_of_an_index_ends_where_building_it_at_once_does = Life.TestCase

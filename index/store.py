"""The truth of an index: articles, chunks, vectors, the word index and the manifest, kept in step.

Knows what is stored of an article and how it is found again; knows no embedder, no source and no ranking. Each change
is one transaction of the `Database` beneath, which knows files, locks and failures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index import checking, lexical
from index.database import Database
from index.embedding import Vectors
from index.errors import IndexingError, IndexMismatch
from index.rows import (
    ARTICLE,
    CHUNK,
    INFO,
    SUMMED,
    article_of,
    article_row,
    chunk_of,
    condition,
    info_of,
    row_sum,
)
from index.schema import FORMAT
from index.types import Article, ArticleInfo, Chunk, ChunkingSettings, Filters, Manifest, Root, SkippedSource
from index.vectors import Ids

if TYPE_CHECKING:
    from index.database import Connect

_EVERYTHING = Filters()
BEGINNING = 5
"""Characters of an id that name an article where they are those of one alone: every id begins with "a"."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article ready to be stored. `inputs[i]` is the digest of what the embedder was given for `vectors[i]`."""

    article: Article
    revision: str
    chunks: tuple[Chunk, ...]
    inputs: tuple[bytes, ...]
    vectors: Vectors


class Store:
    """An opened index folder, or with no folder an index in memory. Safe to call from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows, self._value, self._run = database.rows, database.value, database.run

    @classmethod
    def open(cls, directory: Path | None, create: bool = True, connect: Connect | None = None) -> Store:
        """Open the index in `directory`; make an empty one where there is none, unless `create` is False.

        Raises IndexMissing, IndexMismatch (another format), IndexDamaged, IndexBusy, StorageFull.
        """
        return cls(Database.open(directory, create, *([connect] if connect else ())))

    @property
    def directory(self) -> Path | None:
        return self._database.directory

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self, timeout_seconds: float = 10.0) -> Iterator[None]:
        """Be the only writer of this folder, over all processes, for as long as it takes. Dies with the process."""
        with self._database.writing(timeout_seconds):
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes within are kept, or none. One inside another joins it. Each raises the generation by one."""
        with self._database.transaction() as outermost:
            yield
            if outermost:
                self._run("UPDATE manifest SET generation = generation + 1")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads within see one and the same state, whatever other processes write meanwhile."""
        with self._database.snapshot():
            yield

    # Manifest -----------------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """What made this index. Until it is first filled: generation 0, embedder "" of dimension 0."""
        ((generation, embedder, dimension, chunk_tokens, overlap_tokens, articles, chunks),) = self._rows(
            "SELECT generation, embedder, dimension, chunk_tokens, overlap_tokens,"
            " (SELECT count(*) FROM articles), (SELECT count(*) FROM chunks) FROM manifest"
        )
        chunking = ChunkingSettings(chunk_tokens, overlap_tokens)
        return Manifest(FORMAT, generation, embedder, dimension, chunking, articles, chunks)

    def is_empty(self) -> bool:
        return not self._value("SELECT EXISTS (SELECT 1 FROM articles)")

    def stamp(self) -> str:
        """Names the chunks there are: it changes when some come or go, and is never used again."""
        stamp: str = self._value("SELECT stamp FROM manifest")
        return stamp

    def require(self, embedder: str, dimension: int | None = None, chunking: ChunkingSettings | None = None) -> None:
        """Raises IndexMismatch unless the index was made with these; an empty index suits every setting."""
        if self.is_empty():
            return
        (found,) = self._rows("SELECT embedder, dimension, chunk_tokens, overlap_tokens FROM manifest")
        wanted = (embedder, dimension, chunking and chunking.chunk_tokens, chunking and chunking.overlap_tokens)
        names = ("embedder", "vector length", "chunk_tokens", "overlap_tokens")
        differing = [
            f"{name} is {here!r}, wanted {there!r}"
            for name, here, there in zip(names, found, wanted, strict=True)
            if there is not None and here != there
        ]
        if differing:
            raise IndexMismatch(
                f"{self._database.name} was built with other settings: {'; '.join(differing)}."
                " Build it anew with `quoth add --rebuild PATH…`, or use another folder with --data OTHER."
            )

    def claim(self, embedder: str, dimension: int, chunking: ChunkingSettings, anew: bool = False) -> None:
        """Note what the index is made with. Raises IndexMismatch like `require`, unless all of it is made anew."""
        with self.transaction():
            if not anew:
                self.require(embedder, dimension, chunking)
            self._run(
                "UPDATE manifest SET embedder = ?, dimension = ?, chunk_tokens = ?, overlap_tokens = ?",
                *(embedder, dimension, chunking.chunk_tokens, chunking.overlap_tokens),
            )

    # Articles -----------------------------------------------------------------------------------------------------

    def revisions(self) -> dict[str, str]:
        """URI → revision of every stored article."""
        return dict(self._rows("SELECT uri, revision FROM articles ORDER BY uri"))

    def articles(self, filters: Filters = _EVERYTHING) -> tuple[ArticleInfo, ...]:
        """Those that pass, newest publication first, those of unknown date last."""
        passing, values = condition(filters)
        order = "ORDER BY published IS NULL, published DESC, title, uri"
        rows = self._rows(f"SELECT {INFO} FROM articles WHERE {passing or 'TRUE'} {order}", *values)
        with self._database.as_promised():
            return tuple(info_of(row) for row in rows)

    def article(self, article_id: str) -> Article | None:
        rows = self._rows(f"SELECT {ARTICLE} FROM articles WHERE id = ?", article_id)
        with self._database.as_promised():
            return article_of(rows[0]) if rows else None

    def find_article(self, name: str) -> ArticleInfo | None:
        """The article with this id or URI, or the only one whose id begins so.

        Raises IndexingError if several do, or if one does with fewer than BEGINNING characters.
        """
        whole = self._rows(f"SELECT {INFO} FROM articles WHERE id = ? OR uri = ?", name, name)
        rows = whole or self._rows(f"SELECT {INFO} FROM articles WHERE substr(id, 1, length(?)) = ?", name, name)
        if name and rows and not whole and len(name) < BEGINNING:
            raise IndexingError(
                f"{name!r} is too little of an id to be sure of the article: give {BEGINNING} characters of it or more."
                " `quoth list` shows the ids."
            )
        if name and len(rows) > 1:
            ids = ", ".join(row[0] for row in rows[:5])
            raise IndexingError(f"{name!r} fits {len(rows)} articles: {ids}. Give more of the id.")
        with self._database.as_promised():
            return info_of(rows[0]) if name and rows else None

    def entry(self, article_id: str) -> Entry | None:
        """All that is stored of an article, such that `put` stores it again."""
        with self.snapshot():
            article = self.article(article_id)
            rows = self._rows(
                f"SELECT {CHUNK}, vectors.input, vectors.vector FROM chunks JOIN vectors ON vectors.key = chunks.key"
                " WHERE chunks.article_id = ? ORDER BY chunks.ordinal",
                article_id,
            )
            revision = self._value("SELECT revision FROM articles WHERE id = ?", article_id)
        if article is None:
            return None
        with self._database.as_promised():
            vectors = np.stack([np.frombuffer(row[-1], dtype="<f4") for row in rows])
        return Entry(article, revision, tuple(chunk_of(row[:-2]) for row in rows), tuple(r[-2] for r in rows), vectors)

    def put(self, entry: Entry) -> None:
        """Store an article with its chunks, words and vectors, in place of what had its URI."""
        article = entry.article
        with self.transaction():
            self.remove([article.id])
            self._run(
                f"INSERT INTO articles ({ARTICLE}, revision, characters, chunks)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(*article_row(article), entry.revision, len(article.text), len(entry.chunks)),
            )
            self._run(f"UPDATE articles SET sum = row_sum({SUMMED['articles']}) WHERE id = ?", article.id)
            for chunk, given, vector in zip(entry.chunks, entry.inputs, entry.vectors, strict=True):
                self._put_chunk(chunk, given, vector)
            with self._database.connection() as connection:
                lexical.add_article(connection, article.id)
            self._run("DELETE FROM superseded WHERE id = ? AND digest = ?", article.id, article.digest)

    def _put_chunk(self, chunk: Chunk, given: bytes, vector: Vectors) -> None:
        row = (chunk.id, chunk.article_id, chunk.ordinal, chunk.start, chunk.end, chunk.heading)
        sql = f"INSERT INTO chunks ({SUMMED['chunks']}, text, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        key = self._run(sql, *row, chunk.text, row_sum(*row))
        meant = (key, given, vector.astype("<f4").tobytes())
        self._run("INSERT INTO vectors VALUES (?, ?, ?, ?)", *meant, row_sum(*meant))

    def touch(self, uri: str, revision: str) -> None:
        """Note that a source of another revision still holds the stored article."""
        with self.transaction():
            self._run("UPDATE articles SET revision = ? WHERE uri = ?", revision, uri)

    def remove(self, article_ids: Iterable[str]) -> tuple[str, ...]:
        """Remove articles and all that hangs on them; the URIs of those that were there.

        A text that something refers to stays, as superseded.
        """
        removed: list[str] = []
        with self.transaction():
            for article_id in article_ids:
                removed += [uri for (uri,) in self._rows("SELECT uri FROM articles WHERE id = ?", article_id)]
                with self._database.connection() as connection:
                    lexical.remove_article(connection, article_id)
                for sql in _REMOVE:
                    self._run(sql, article_id)
            self._run("UPDATE manifest SET stamp = hex(randomblob(16))")
        return tuple(removed)

    def failures(self) -> tuple[SkippedSource, ...]:
        """The sources that could not be taken in when they were last tried, by URI."""
        return tuple(SkippedSource(*row) for row in self._rows("SELECT uri, reason FROM failures ORDER BY uri"))

    def note_failures(self, failed: Mapping[str, str], forgotten: Iterable[str]) -> None:
        """Keep URI → reason of what failed now; forget URIs that no longer do."""
        with self.transaction():
            self._database.run_many("DELETE FROM failures WHERE uri = ?", ((uri,) for uri in forgotten))
            rows = ((*failure, row_sum(*failure)) for failure in failed.items())
            self._database.run_many("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", rows)

    # Texts that answers refer to ----------------------------------------------------------------------------------

    def text_of(self, article_id: str, digest: str) -> Article | None:
        """The article as it was when its text had this digest: as it is, or superseded and still referred to."""
        rows = self._rows(f"SELECT {ARTICLE} FROM articles WHERE id = ? AND digest = ?", article_id, digest)
        rows = rows or self._rows(f"SELECT {ARTICLE} FROM superseded WHERE id = ? AND digest = ?", article_id, digest)
        with self._database.as_promised():
            return article_of(rows[0]) if rows else None

    def refer(self, by: str, texts: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Keep texts, each (article id, digest), until `by` releases them, whatever becomes of their articles.

        Returns those that are kept: one that was superseded before anybody referred to it is gone.
        """
        kept: list[tuple[str, str]] = []
        with self._database.transaction():  # what is stored of articles stays as it is, so no generation passes
            for article_id, digest in texts:
                if self._value(_HAS_TEXT, *(article_id, digest) * 2):
                    self._run("INSERT OR IGNORE INTO referred VALUES (?, ?, ?)", by, article_id, digest)
                    kept.append((article_id, digest))
        return tuple(kept)

    def release(self, by: str) -> None:
        """`by` refers to nothing any more. A superseded text that nobody refers to is deleted."""
        with self._database.transaction():
            self._run("DELETE FROM referred WHERE by = ?", by)
            self._run(_FORGET)

    def referring(self) -> tuple[str, ...]:
        """Everyone who refers to a text, in order."""
        return tuple(by for (by,) in self._rows("SELECT DISTINCT by FROM referred ORDER BY by"))

    def superseded(self) -> tuple[int, int]:
        """How many superseded texts are kept, and of how many characters together."""
        ((count, characters),) = self._rows("SELECT count(*), coalesce(sum(length(text)), 0) FROM superseded")
        return count, characters

    # Where articles come from -------------------------------------------------------------------------------------

    def roots(self) -> tuple[Root, ...]:
        """The places articles were added from, in the order of their URIs."""
        return tuple(Root(*row) for row in self._rows("SELECT uri, mark FROM roots ORDER BY uri"))

    def note_roots(self, roots: Iterable[Root]) -> None:
        """Remember these places, with their marks as they are now; forget those without a mark."""
        known = {root.uri: root.mark for root in self.roots()}
        differing = [root for root in roots if known.get(root.uri) != root.mark]
        if not differing:
            return
        with self._database.transaction():  # what is stored of articles stays as it is, so no generation passes
            for root in differing:
                if root.mark is None:
                    self._run("DELETE FROM roots WHERE uri = ?", root.uri)
                else:
                    self._run("INSERT OR REPLACE INTO roots VALUES (?, ?)", root.uri, root.mark)

    # What searching needs -----------------------------------------------------------------------------------------

    def keys(self, filters: Filters, of: Ids | None = None) -> Ids:
        """The keys of all chunks that pass, in order. `of`, when they are known, are the keys of all chunks."""
        passing, values = condition(filters)
        if of is not None and passing and 2 * self._value(f"{_COUNT} {passing}", *values) > self._value(_COUNT + " 1"):
            return np.setdiff1d(of, self._chunk_keys(f"NOT coalesce({passing}, FALSE)", *values), assume_unique=True)
        return np.sort(self._chunk_keys(passing or "TRUE", *values))

    def _chunk_keys(self, passing: str, *values: object) -> Ids:
        # Articles first: there are fewer of them, and an index holds the keys of each.
        sql = f"SELECT key FROM chunks WHERE article_id IN (SELECT id FROM articles WHERE {passing})"
        rows = self._rows(sql if passing != "TRUE" else "SELECT key FROM chunks", *values)
        return np.fromiter((key for (key,) in rows), dtype=np.int64, count=len(rows))

    def vectors(self, after: int = 0, most: int = -1) -> tuple[Ids, Vectors]:
        """The keys above `after`, in order, and their vectors, shape (n, dimension); the first `most` of them."""
        with self.snapshot(), self._database.as_promised(), self._database.connection() as connection:
            dimension = self._value("SELECT dimension FROM manifest")
            sql = "SELECT key, vector FROM vectors WHERE key > ? ORDER BY key LIMIT ?"
            count = self._value(f"SELECT count(*) FROM ({sql})", after, most)
            ids, vectors = np.empty(count, dtype=np.int64), np.empty((count, dimension), dtype=np.float32)
            for row, (key, blob) in enumerate(connection.execute(sql, (after, most))):
                ids[row], vectors[row] = key, np.frombuffer(blob, "<f4", dimension)
        return ids, vectors

    def known_vectors(self, inputs: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The stored vectors of what was embedded before, by the digest of what the embedder was given."""
        found: dict[bytes, Vectors] = {}
        for given in inputs:
            blob = self._value(_UNHARMED_VECTOR, given)
            if blob is not None:
                found[given] = np.frombuffer(blob, dtype="<f4")
        return found

    def match(self, question: str, k: int, only: lexical.Only | None = None) -> dict[int, float]:
        """The k keys with the best BM25 scores for the question's words, best first."""
        with self._database.connection() as connection:
            return lexical.search(connection, question, k, only)

    def passages(self, keys: Iterable[int]) -> dict[int, tuple[Chunk, ArticleInfo]]:
        """Chunk and article of each key, in no particular order."""
        rows = self._rows(
            f"SELECT chunks.key, {CHUNK}, {INFO} FROM chunks JOIN articles ON articles.id = chunks.article_id"
            " WHERE chunks.key IN (SELECT value FROM json_each(?))",
            json.dumps([int(key) for key in keys]),
        )
        with self._database.as_promised():
            return {key: (chunk_of(rest[:7]), info_of(rest[7:])) for key, *rest in rows}

    # Health -------------------------------------------------------------------------------------------------------

    def check(self) -> tuple[str, ...]:
        """Everything that is not as it should be, in words. Reads the whole index. Empty when all is well."""
        try:
            with self.snapshot(), self._database.as_promised():
                found = tuple(checking.problems(self._database, *self.vectors()))
            return (*found, *checking.word_problems(self._database))
        except IndexingError as error:
            return (str(error),)


_COUNT = "SELECT count(*) FROM articles WHERE"
_UNHARMED_VECTOR = f"SELECT vector FROM vectors WHERE input = ? AND sum = row_sum({SUMMED['vectors']}) LIMIT 1"
_REFERRED = "SELECT 1 FROM referred WHERE (referred.id, referred.digest) = "
_REMOVE = (
    f"INSERT OR REPLACE INTO superseded ({ARTICLE}, sum)"
    f" SELECT {ARTICLE}, row_sum({SUMMED['superseded']})"
    f" FROM articles WHERE id = ? AND EXISTS ({_REFERRED} (articles.id, articles.digest))",
    "DELETE FROM vectors WHERE key IN (SELECT key FROM chunks WHERE article_id = ?)",
    "DELETE FROM chunks WHERE article_id = ?",
    "DELETE FROM articles WHERE id = ?",
)
_FORGET = f"DELETE FROM superseded WHERE NOT EXISTS ({_REFERRED} (superseded.id, superseded.digest))"
_HAS_TEXT = (
    "SELECT EXISTS (SELECT 1 FROM articles WHERE id = ? AND digest = ?)"
    " OR EXISTS (SELECT 1 FROM superseded WHERE id = ? AND digest = ?)"
)

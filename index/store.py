"""The truth of an index: one SQLite database in one folder.

Knows articles, chunks, vectors, the word index and the manifest, and keeps them in step: each change is one
transaction, flushed to the disk before it counts, so that a kill at any instant loses nothing acknowledged. Knows no
embedder, no source and no ranking. The only importer of sqlite3's errors: they leave here as those of `index.errors`.

One connection serves all threads, one at a time; transactions are short, because vectors are computed before them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from index import lexical
from index.embedding import Vectors
from index.errors import IndexBusy, IndexDamaged, IndexingError, IndexMismatch, IndexMissing, StorageFull
from index.types import Article, ArticleInfo, Chunk, ChunkingSettings, Filters, Manifest, SkippedSource
from index.vectors import Ids

log = logging.getLogger(__name__)

FORMAT = 1
DATABASE = "quoth.db"
WRITE_LOCK = "write.lock"

_APPLICATION = 0x51554F54  # "QUOT", in the header of every database of ours
_BUSY_SECONDS = 10.0

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS manifest (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    generation INTEGER NOT NULL,
    stamp TEXT NOT NULL,
    embedder TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    chunk_tokens INTEGER NOT NULL,
    overlap_tokens INTEGER NOT NULL);
INSERT OR IGNORE INTO manifest VALUES (1, 0, hex(randomblob(16)), '', 0, 0, 0);
CREATE TABLE IF NOT EXISTS articles (
    id TEXT PRIMARY KEY,
    uri TEXT NOT NULL UNIQUE,
    revision TEXT NOT NULL,
    title TEXT NOT NULL,
    published TEXT,
    published_from TEXT,
    language TEXT,
    url TEXT,
    source TEXT,
    digest TEXT NOT NULL,
    characters INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    added TEXT NOT NULL,
    text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    article_id TEXT NOT NULL REFERENCES articles (id),
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    heading TEXT,
    text TEXT NOT NULL,
    UNIQUE (article_id, ordinal));
CREATE TABLE IF NOT EXISTS vectors (
    key INTEGER PRIMARY KEY REFERENCES chunks (key),
    input BLOB NOT NULL,
    vector BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS vectors_by_input ON vectors (input);
CREATE TABLE IF NOT EXISTS failures (uri TEXT PRIMARY KEY, reason TEXT NOT NULL);
{lexical.SCHEMA}
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {FORMAT};
COMMIT;
"""
# A chunk's text is kept beside the article's: cutting it out anew would read a 50 MB article for one passage of it.
# `key` never comes back (AUTOINCREMENT) and its vector never changes, which is what lets an index of vectors be
# brought up to date by the difference of keys. `stamp` is new with every transaction: equal stamps, equal content.

_INFO = (
    "articles.id, articles.uri, articles.title, articles.published, articles.published_from, articles.language,"
    " articles.url, articles.source, articles.digest, articles.characters, articles.chunks"
)
_CHUNK = "chunks.id, chunks.article_id, chunks.ordinal, chunks.start, chunks.end, chunks.text, chunks.heading"
_ARTICLE = "id, uri, title, text, digest, published, published_from, language, url, source, added"


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

    def __init__(self, connection: sqlite3.Connection, directory: Path | None) -> None:
        self.directory = directory
        self._connection = connection
        self._lock = threading.RLock()
        self._memory_writer = threading.Lock()

    @classmethod
    def open(
        cls,
        directory: Path | None,
        create: bool = True,
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
    ) -> Store:
        """Open the index in `directory`; make an empty one where there is none, unless `create` is False.

        Raises IndexMissing, IndexMismatch (another format), IndexDamaged, IndexBusy, StorageFull.
        """
        place = ":memory:" if directory is None else str(directory / DATABASE)
        if directory is not None and not create and not (directory / DATABASE).is_file():
            raise IndexMissing(f"There is no index in {directory}. Make one with `quoth add PATH…`.")
        with _translated(directory):
            if directory is not None and create:
                directory.mkdir(parents=True, exist_ok=True)
            connection = connect(place, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        store = cls(connection, directory)
        try:
            store._prepare()
        except BaseException:
            connection.close()
            raise
        return store

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        with _translated(self.directory):
            for pragma in ("foreign_keys = ON", "synchronous = FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            if self._is_blank():
                with self.writing():
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._connection.executescript(_SCHEMA)
            self._refuse_foreign()

    def _is_blank(self) -> bool:
        return not self._value("SELECT count(*) FROM sqlite_master")

    def _refuse_foreign(self) -> None:
        found = self._value("PRAGMA user_version")
        if self._value("PRAGMA application_id") != _APPLICATION:
            raise IndexMismatch(f"{self._name} holds a database of another program. Choose a folder with --data OTHER.")
        if found != FORMAT:
            raise IndexMismatch(
                f"{self._name} holds an index of format {found}; this version reads format {FORMAT}."
                " Use the version that made it, or build anew in another folder: `quoth add PATH… --data OTHER`."
            )

    @property
    def _name(self) -> str:
        return _named(self.directory)

    # Locks and transactions ---------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, timeout_seconds: float = _BUSY_SECONDS) -> Iterator[None]:
        """Be the only writer of this folder, over all processes, for as long as it takes. Dies with the process."""
        if self.directory is None:
            with self._memory_writer:
                yield
            return
        lock = FileLock(self.directory / WRITE_LOCK, timeout=timeout_seconds)
        try:
            lock.acquire()
        except Timeout as error:
            raise IndexBusy(
                f"Another quoth is adding to {self.directory} (waited {timeout_seconds:g} s)."
                " Wait until it is done, or use another folder with --data OTHER."
            ) from error
        except OSError as error:
            raise _from_system(error, self.directory) from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes within are kept, or none. One inside another joins it. Each raises the generation by one."""
        with self._lock, _translated(self.directory):
            if self._connection.in_transaction:
                yield
                return
            with self._all_or_nothing("BEGIN IMMEDIATE"):
                yield
                self._connection.execute("UPDATE manifest SET generation = generation + 1, stamp = hex(randomblob(16))")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads within see one and the same state, whatever other processes write meanwhile."""
        with self._lock, _translated(self.directory):
            if self._connection.in_transaction:
                yield
                return
            with self._all_or_nothing("BEGIN"):
                yield

    @contextmanager
    def _all_or_nothing(self, begin: str) -> Iterator[None]:
        try:
            self._connection.execute(begin)
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has SQLite roll back by itself
                self._connection.execute("ROLLBACK")
            raise

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock, _translated(self.directory):
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def _as_promised(self) -> Iterator[None]:
        """Values that cannot be what was once stored: a date that is none, half a vector."""
        try:
            yield
        except (TypeError, ValueError) as error:
            raise _damaged(self.directory, str(error)) from error

    def _value(self, sql: str, *values: object) -> Any:
        rows = self._rows(sql, *values)
        return rows[0][0] if rows else None

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
        """Names the content: it changes with every transaction and is never used again."""
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
                f"{self._name} was built with other settings: {'; '.join(differing)}."
                " Build it anew with `quoth add --rebuild PATH…`, or use another folder with --data OTHER."
            )

    def claim(self, embedder: str, dimension: int, chunking: ChunkingSettings, anew: bool = False) -> None:
        """Note what the index is made with. Raises IndexMismatch like `require`, unless all of it is made anew."""
        with self.transaction():
            if not anew:
                self.require(embedder, dimension, chunking)
            self._connection.execute(
                "UPDATE manifest SET embedder = ?, dimension = ?, chunk_tokens = ?, overlap_tokens = ?",
                (embedder, dimension, chunking.chunk_tokens, chunking.overlap_tokens),
            )

    # Articles -----------------------------------------------------------------------------------------------------

    def revisions(self) -> dict[str, str]:
        """URI → revision of every stored article."""
        return dict(self._rows("SELECT uri, revision FROM articles ORDER BY uri"))

    def articles(self) -> tuple[ArticleInfo, ...]:
        """Newest publication first, those of unknown date last."""
        rows = self._rows(f"SELECT {_INFO} FROM articles ORDER BY published IS NULL, published DESC, title, uri")
        with self._as_promised():
            return tuple(_info(row) for row in rows)

    def article(self, article_id: str) -> Article | None:
        rows = self._rows(f"SELECT {_ARTICLE} FROM articles WHERE id = ?", article_id)
        with self._as_promised():
            return _article(rows[0]) if rows else None

    def find_article(self, name: str) -> ArticleInfo | None:
        """The article with this id or URI, or the only one whose id begins so. Raises IndexingError if several do."""
        whole = self._rows(f"SELECT {_INFO} FROM articles WHERE id = ? OR uri = ?", name, name)
        rows = whole or self._rows(f"SELECT {_INFO} FROM articles WHERE substr(id, 1, length(?)) = ?", name, name)
        if name and len(rows) > 1:
            ids = ", ".join(row[0] for row in rows[:5])
            raise IndexingError(f"{name!r} fits {len(rows)} articles: {ids}. Give more of the id.")
        with self._as_promised():
            return _info(rows[0]) if name and rows else None

    def put(self, entry: Entry) -> None:
        """Store an article with its chunks, words and vectors, in place of what had its URI."""
        article = entry.article
        with self.transaction():
            self.remove([article.id])
            self._connection.execute(
                f"INSERT INTO articles ({_ARTICLE}, revision, characters, chunks)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*_article_row(article), entry.revision, len(article.text), len(entry.chunks)),
            )
            for chunk, given, vector in zip(entry.chunks, entry.inputs, entry.vectors, strict=True):
                self._put_chunk(chunk, given, vector)
            lexical.add_article(self._connection, article.id)

    def _put_chunk(self, chunk: Chunk, given: bytes, vector: Vectors) -> None:
        key = self._connection.execute(
            "INSERT INTO chunks (id, article_id, ordinal, start, end, heading, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (chunk.id, chunk.article_id, chunk.ordinal, chunk.start, chunk.end, chunk.heading, chunk.text),
        ).lastrowid
        self._connection.execute("INSERT INTO vectors VALUES (?, ?, ?)", (key, given, vector.astype("<f4").tobytes()))

    def touch(self, uri: str, revision: str) -> None:
        """Note that a source of another revision still holds the stored article."""
        with self.transaction():
            self._connection.execute("UPDATE articles SET revision = ? WHERE uri = ?", (revision, uri))

    def remove(self, article_ids: Iterable[str]) -> tuple[str, ...]:
        """Remove articles and all that hangs on them; the URIs of those that were there."""
        removed: list[str] = []
        with self.transaction():
            for article_id in article_ids:
                removed += [uri for (uri,) in self._rows("SELECT uri FROM articles WHERE id = ?", article_id)]
                lexical.remove_article(self._connection, article_id)
                for sql in (
                    "DELETE FROM vectors WHERE key IN (SELECT key FROM chunks WHERE article_id = ?)",
                    "DELETE FROM chunks WHERE article_id = ?",
                    "DELETE FROM articles WHERE id = ?",
                ):
                    self._connection.execute(sql, (article_id,))
        return tuple(removed)

    def failures(self) -> tuple[SkippedSource, ...]:
        """The sources that could not be taken in when they were last tried, by URI."""
        return tuple(SkippedSource(*row) for row in self._rows("SELECT uri, reason FROM failures ORDER BY uri"))

    def note_failures(self, failed: Mapping[str, str], forgotten: Iterable[str]) -> None:
        """Keep URI → reason of what failed now; forget URIs that no longer do."""
        with self.transaction():
            self._connection.executemany("DELETE FROM failures WHERE uri = ?", [(uri,) for uri in forgotten])
            self._connection.executemany("INSERT OR REPLACE INTO failures VALUES (?, ?)", failed.items())

    # What searching needs -----------------------------------------------------------------------------------------

    def keys(self, filters: Filters) -> Ids:
        """The keys of all chunks that pass, in order."""
        condition, values = _condition(filters)
        rows = self._rows(
            "SELECT chunks.key FROM chunks JOIN articles ON articles.id = chunks.article_id"
            f" WHERE {condition or 'TRUE'} ORDER BY chunks.key",
            *values,
        )
        return np.fromiter((key for (key,) in rows), dtype=np.int64, count=len(rows))

    def vectors(self, after: int = 0) -> tuple[Ids, Vectors]:
        """The keys above `after`, in order, and their vectors, shape (n, dimension)."""
        with self.snapshot(), self._as_promised():
            count = self._value("SELECT count(*) FROM vectors WHERE key > ?", after)
            dimension = self._value("SELECT dimension FROM manifest")
            ids, vectors = np.empty(count, dtype=np.int64), np.empty((count, dimension), dtype=np.float32)
            rows = self._connection.execute("SELECT key, vector FROM vectors WHERE key > ? ORDER BY key", (after,))
            for row, (key, blob) in enumerate(rows):
                ids[row], vectors[row] = key, np.frombuffer(blob, "<f4", dimension)
        return ids, vectors

    def known_vectors(self, inputs: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The stored vectors of what was embedded before, by the digest of what the embedder was given."""
        found: dict[bytes, Vectors] = {}
        for given in inputs:
            blob = self._value("SELECT vector FROM vectors WHERE input = ? LIMIT 1", given)
            if blob is not None:
                found[given] = np.frombuffer(blob, dtype="<f4")
        return found

    def match(self, question: str, k: int, filters: Filters) -> dict[int, float]:
        """The k keys with the best BM25 scores for the question's words, best first."""
        condition, values = _condition(filters)
        with self._lock, _translated(self.directory):
            return lexical.search(self._connection, question, k, condition, values)

    def passages(self, keys: Iterable[int]) -> dict[int, tuple[Chunk, ArticleInfo]]:
        """Chunk and article of each key, in no particular order."""
        rows = self._rows(
            f"SELECT chunks.key, {_CHUNK}, {_INFO} FROM chunks JOIN articles ON articles.id = chunks.article_id"
            " WHERE chunks.key IN (SELECT value FROM json_each(?))",
            json.dumps([int(key) for key in keys]),
        )
        with self._as_promised():
            return {key: (Chunk(*rest[:7]), _info(rest[7:])) for key, *rest in rows}

    # Health -------------------------------------------------------------------------------------------------------

    def check(self) -> tuple[str, ...]:
        """Everything that is not as it should be, in words. Reads the whole index. Empty when all is well."""
        try:
            with self.snapshot():
                problems = [row for (row,) in self._rows("PRAGMA integrity_check") if row != "ok"]
                problems += [f"{row[0]} points at nothing" for row in self._rows("PRAGMA foreign_key_check")]
                problems += [f"chunk {chunk_id} has no vector" for (chunk_id,) in self._rows(_WITHOUT_VECTOR)]
                problems += self._untrue_vectors()
                for (article_id,) in self._rows("SELECT id FROM articles"):
                    problems += self._untrue_texts(article_id)
            with self._lock, _translated(self.directory):
                lexical.check(self._connection)
        except IndexingError as error:
            return (str(error),)
        return tuple(problems)

    def _untrue_vectors(self) -> list[str]:
        ids, vectors = self.vectors()
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)  # a damaged number may be huge
        return [f"the vector of chunk {key} is not of unit length" for key in ids[~(abs(lengths - 1) < 1e-3)]]

    def _untrue_texts(self, article_id: str) -> list[str]:
        ((text, digest),) = self._rows("SELECT text, digest FROM articles WHERE id = ?", article_id)
        rows = self._rows("SELECT id, start, end, text FROM chunks WHERE article_id = ?", article_id)
        changed = hashlib.sha256(text.encode()).hexdigest() != digest
        return [f"the text of article {article_id} has changed"] * changed + [
            f"chunk {row[0]} is not what its article says" for row in rows if text[row[1] : row[2]] != row[3]
        ]


_WITHOUT_VECTOR = "SELECT id FROM chunks WHERE key NOT IN (SELECT key FROM vectors)"


def _condition(filters: Filters) -> tuple[str, tuple[object, ...]]:
    """Filters as SQL over `articles`, "" for none. An unknown date is NULL, and NULL passes no comparison."""
    terms: list[tuple[str, object]] = []
    if filters.since:
        terms.append(("articles.published >= ?", filters.since.isoformat()))
    if filters.until:
        terms.append(("articles.published <= ?", filters.until.isoformat()))
    if filters.sources:
        terms.append(("articles.source IN (SELECT value FROM json_each(?))", json.dumps(filters.sources)))
    if filters.article_ids:
        terms.append(("articles.id IN (SELECT value FROM json_each(?))", json.dumps(filters.article_ids)))
    return " AND ".join(sql for sql, _ in terms), tuple(value for _, value in terms)


def _info(row: Sequence[Any]) -> ArticleInfo:
    article_id, uri, title, published, *rest = row
    return ArticleInfo(article_id, uri, title, date.fromisoformat(published) if published else None, *rest)


def _article(row: Sequence[Any]) -> Article:
    article_id, uri, title, text, digest, published, published_from, language, url, source, added = row
    return Article(
        article_id,
        uri,
        title,
        text,
        digest,
        date.fromisoformat(published) if published else None,
        published_from,
        language,
        url,
        source,
        datetime.fromisoformat(added),
    )


def _article_row(article: Article) -> tuple[object, ...]:
    """The article's fields in the order of `_ARTICLE`, as SQLite keeps them."""
    return (
        article.id,
        article.uri,
        article.title,
        article.text,
        article.digest,
        article.published.isoformat() if article.published else None,
        article.published_from,
        article.language,
        article.url,
        article.source,
        article.added.isoformat(),
    )


# Errors ---------------------------------------------------------------------------------------------------------------


@contextmanager
def _translated(directory: Path | None) -> Iterator[None]:
    """SQLite's and the file system's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(error, directory) from error
    except OSError as error:
        raise _from_system(error, directory) from error


def _from_system(error: OSError, directory: Path | None) -> IndexingError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(directory)
    return IndexingError(f"{_named(directory)} cannot be used: {error}. Choose a folder with --data OTHER.")


def _from_sqlite(error: sqlite3.Error, directory: Path | None) -> IndexingError:
    code = getattr(error, "sqlite_errorname", "")
    if code == "SQLITE_FULL":
        return _full(directory)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return IndexBusy(f"{_named(directory)} is in use by another program ({error}). Try again when it is done.")
    if code.startswith(_DAMAGE) or (not code and isinstance(error, sqlite3.OperationalError)):
        return _damaged(directory, str(error))
    return IndexingError(f"{_named(directory)} cannot be used: {error} ({code or type(error).__name__}).")


_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH")
"""What only wrong content brings about. Text that is not UTF-8 does too: an operational error without a code."""


def _full(directory: Path | None) -> StorageFull:
    return StorageFull(
        f"There is no room left for {_named(directory)}. What was stored before is whole."
        " Make room and run the same command again, or use another disk with --data OTHER."
    )


def _damaged(directory: Path | None, what: str) -> IndexDamaged:
    return IndexDamaged(
        f"{_named(directory)} is damaged: {what}. Put back a copy of the folder, or move it away and build it anew"
        " with `quoth add PATH…`."
    )


def _named(directory: Path | None) -> str:
    return "The index in memory" if directory is None else f"The index in {directory}"

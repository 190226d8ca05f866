"""Whether an index is what it promises to be: every page, row, word, vector and text of it.

Knows what must hold between the tables; mends nothing. Reads the whole index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from index import lexical
from index.database import Database
from index.embedding import Vectors
from index.errors import IndexingError
from index.rows import SUMMED
from index.vectors import Ids


def problems(database: Database, ids: Ids, vectors: Vectors) -> Iterator[str]:
    """Everything that is not as it should be, in words. Raises IndexingError where nothing more can be read.

    `ids` and `vectors` are those of the database, read in the same snapshot.
    """
    yield from (row for (row,) in database.rows("PRAGMA integrity_check") if row != "ok")
    yield from (f"{row[0]} points at nothing" for row in database.rows("PRAGMA foreign_key_check"))
    for table, columns in SUMMED.items():
        count = database.value(f"SELECT count(*) FROM {table} WHERE sum IS NOT row_sum({columns})")
        if count:
            yield f"{count} of the {table} have changed since they were stored"
    yield from (f"chunk {chunk_id} has no vector" for (chunk_id,) in database.rows(_WITHOUT_VECTOR))
    yield from _untrue_vectors(ids, vectors)
    for (article_id,) in database.rows("SELECT id FROM articles"):
        yield from _untrue_texts(database, article_id)
    for article_id, text, digest in database.rows("SELECT id, text, digest FROM superseded"):
        if not _holds(text, digest):
            yield f"the superseded text of article {article_id} has changed"


_WITHOUT_VECTOR = "SELECT id FROM chunks WHERE key NOT IN (SELECT key FROM vectors)"


def word_problems(database: Database) -> Iterator[str]:
    """Whether the word index matches the tables. It writes, in a way: not to be called within a snapshot."""
    try:
        with database.connection() as connection:
            lexical.check(connection)
    except IndexingError as error:
        yield str(error)


def _untrue_vectors(ids: Ids, vectors: Vectors) -> Iterator[str]:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)  # a damaged number may be huge
    return (f"the vector of chunk {key} is not of unit length" for key in ids[~(abs(lengths - 1) < 1e-3)])


def _untrue_texts(database: Database, article_id: str) -> Iterator[str]:
    ((text, digest),) = database.rows("SELECT text, digest FROM articles WHERE id = ?", article_id)
    if not _holds(text, digest):
        yield f"the text of article {article_id} has changed"
    for chunk_id, start, end, shown in database.rows(_SPANS, article_id):
        if text[start:end] != shown:
            yield f"chunk {chunk_id} is not what its article says"


_SPANS = "SELECT id, start, end, text FROM chunks WHERE article_id = ?"


def _holds(text: object, digest: str) -> bool:
    return isinstance(text, str) and hashlib.sha256(text.encode()).hexdigest() == digest

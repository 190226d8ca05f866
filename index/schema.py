"""The tables of an index, and how those of an older format become ours.

Knows SQL text alone: it opens nothing and runs nothing. A new format raises FORMAT, changes CREATE, and says in
MIGRATIONS how the one before it is brought up to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from index import lexical
from index.rows import SUMMED

FORMAT: Final = 5
APPLICATION: Final = 0x51554F54
"""“QUOT”, in the header of every database of ours."""

_KEYED = "PRIMARY KEY (id, digest))"
_SUPERSEDED = (
    """
CREATE TABLE IF NOT EXISTS superseded (
    id TEXT NOT NULL,
    uri TEXT NOT NULL,
    title TEXT NOT NULL,
    published TEXT,
    published_from TEXT,
    language TEXT,
    url TEXT,
    source TEXT,
    digest TEXT NOT NULL,
    added TEXT NOT NULL,
    text TEXT NOT NULL,
    """
    + _KEYED,
    """
CREATE TABLE IF NOT EXISTS referred (
    by TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (by, id, digest)) WITHOUT ROWID""",
    """
CREATE INDEX IF NOT EXISTS referred_by_text ON referred (id, digest)""",
)
"""Since format 2: texts that their articles no longer have, and who still refers to which text of which article."""

_ROOTS = "CREATE TABLE IF NOT EXISTS roots (uri TEXT PRIMARY KEY, mark TEXT NOT NULL)"
"""Since format 3: the files and folders that were added."""

_FILTERED = (
    "CREATE INDEX IF NOT EXISTS articles_by_date ON articles (published)",
    "CREATE INDEX IF NOT EXISTS articles_by_source ON articles (source)",
)


def _sums(*tables: str) -> tuple[str, ...]:
    return tuple(
        statement
        for table in tables
        for statement in (
            f"ALTER TABLE {table} ADD COLUMN sum INTEGER",
            f"UPDATE {table} SET sum = row_sum({SUMMED[table]})",
        )
    )


_SUMS = _sums("articles", "chunks", "vectors")
"""Since format 4: a filter need not read every article, and a row tells when a bit of it has changed."""
_MORE_SUMS = _sums("superseded", "failures")
"""Since format 5: so do the rows that had no sum yet."""

CREATE: Final = f"""
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
    text TEXT NOT NULL,
    sum INTEGER);
CREATE TABLE IF NOT EXISTS chunks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    article_id TEXT NOT NULL REFERENCES articles (id),
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    heading TEXT,
    text TEXT NOT NULL,
    sum INTEGER,
    UNIQUE (article_id, ordinal));
CREATE TABLE IF NOT EXISTS vectors (
    key INTEGER PRIMARY KEY REFERENCES chunks (key),
    input BLOB NOT NULL,
    vector BLOB NOT NULL,
    sum INTEGER);
CREATE INDEX IF NOT EXISTS vectors_by_input ON vectors (input);
CREATE TABLE IF NOT EXISTS failures (uri TEXT PRIMARY KEY, reason TEXT NOT NULL, sum INTEGER);
{";".join(_SUPERSEDED).replace(_KEYED, f"sum INTEGER, {_KEYED}")};
{_ROOTS};
{";".join(_FILTERED)};
{lexical.SCHEMA}
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
COMMIT;
"""
# A chunk's text is kept beside the article's: cutting it out anew would read a 50 MB article for one passage of it.
# `key` never comes back (AUTOINCREMENT) and its vector never changes, which is what lets an index of vectors be
# brought up to date by the difference of keys. `stamp` is new whenever chunks come or go: equal stamps, equal chunks.

MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {1: _SUPERSEDED, 2: (_ROOTS,), 3: (*_FILTERED, *_SUMS), 4: _MORE_SUMS}
)
"""The statements that bring an index of each older format to the next one."""

"""Words to BM25 scores, over the same chunk keys as the vectors.

Knows SQLite's FTS5 and which columns count how much; decides nothing about transactions, which belong to the store.
The word index holds no text of its own: it reads the view `passages`, so it can be built again from the tables.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCHEMA = """
CREATE VIEW IF NOT EXISTS passages AS
    SELECT chunks.key, chunks.article_id, articles.title, chunks.heading, chunks.text
    FROM chunks JOIN articles ON articles.id = chunks.article_id;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    title, heading, text,
    content = 'passages', content_rowid = 'key',
    tokenize = 'porter unicode61 remove_diacritics 2');
"""

_WEIGHTS = "0.8, 0.8, 1.0"
"""Of title, heading, text: the title stands on every chunk of its article, so it says least about which chunk."""

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 100
_STOP_WORDS = frozenset(
    "a about an and are as at be been but by can could did do does for from had has have he her him his how i if in"
    " into is it its me my no not of on or our she should so some such t s than that the their them then there these"
    " they this those to was we were what when where which who whom whose why will with would you your".split()
)


def add_article(connection: sqlite3.Connection, article_id: str) -> None:
    """Take in an article's chunks, once they are in the tables."""
    connection.execute(
        "INSERT INTO words (rowid, title, heading, text)"
        " SELECT key, title, heading, text FROM passages WHERE article_id = ?",
        (article_id,),
    )


def remove_article(connection: sqlite3.Connection, article_id: str) -> None:
    """Forget an article's chunks, while they are still in the tables: FTS5 must be told what it had indexed."""
    connection.execute(
        "INSERT INTO words (words, rowid, title, heading, text)"
        " SELECT 'delete', key, title, heading, text FROM passages WHERE article_id = ?",
        (article_id,),
    )


def check(connection: sqlite3.Connection) -> None:
    """Raises sqlite3.DatabaseError when the word index does not match the tables."""
    connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


@dataclass(frozen=True, slots=True)
class Only:
    """Which chunks may be found: those of these keys, or with `excepted` all but those."""

    keys: NDArray[np.int64]
    excepted: bool = False

    @classmethod
    def these(cls, keys: NDArray[np.int64], of: NDArray[np.int64]) -> Only:
        """`keys` of all there are, by whichever of both sides is the shorter: it is looked at key by key."""
        return cls(np.setdiff1d(of, keys, assume_unique=True), excepted=True) if 2 * len(keys) > len(of) else cls(keys)


def search(connection: sqlite3.Connection, question: str, k: int, only: Only | None = None) -> dict[int, float]:
    """The k chunk keys with the best BM25 score for the words of `question`, best first, each with its score.

    Scores are above 0; a chunk that shares no word with the question is not found.
    """
    expression = match_expression(question)
    if expression is None:
        return {}
    # The keys, and not a join: looking up the article of every chunk with a common word doubles the time. The plus
    # keeps FTS5 from looking up every key in turn.
    passing = f"AND +words.rowid {'NOT ' * only.excepted}IN (SELECT value FROM json_each(?))" if only else ""
    rows = connection.execute(
        f"SELECT words.rowid, -bm25(words, {_WEIGHTS}) AS score FROM words WHERE words MATCH ? {passing}"
        " ORDER BY score DESC, words.rowid LIMIT ?",
        (expression, *([json.dumps(only.keys.tolist())] if only else []), k),
    )
    return dict(rows)


def match_expression(question: str) -> str | None:
    """The question's words as an FTS5 expression that finds any of them; None when it has no word.

    Nothing of the question's own punctuation reaches FTS5, whose operators would make "NEAR", "*" or a stray quote
    an error. Function words are left out unless there is nothing else: they would score next to nothing and have
    every chunk looked at.
    """
    telling = content_words(question) or tuple(dict.fromkeys(_WORD.findall(question.lower())))
    return " OR ".join(f'"{word}"' for word in telling[:_MOST_WORDS]) or None


def content_words(text: str) -> tuple[str, ...]:
    """The words of a text that are not function words, in lower case, each once, in order."""
    return tuple(word for word in dict.fromkeys(_WORD.findall(text.lower())) if word not in _STOP_WORDS)

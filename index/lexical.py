"""Words to BM25 scores, over the same chunk keys as the vectors.

Knows SQLite's FTS5 and which columns count how much; decides nothing about transactions, which belong to the store.
The word index holds no text of its own: it reads the view `passages`, so it can be built again from the tables.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

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

_K1 = 1.2
"""FTS5's constant: a word that a chunk holds ever more often scores up to K1 + 1 times its rarity."""
_LEAST_RARITY = 1e-6
"""FTS5's floor of a word's rarity, which else would be negative where more than half of the chunks hold it."""
_LIKELY = 1.25
"""Of 60 questions over 100,000 chunks 48 leave words out so, 2 of them in vain; with 1 39, with 1.75 57 and 14."""

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

    Scores are above 0; a chunk that shares no word with the question is not found. Chunks that hold none but the
    commonest words are not scored where they cannot be among the best (as Turtle and Flood's MaxScore, 1995): what is
    found is the same, in about two thirds of the time among 100,000 chunks.
    """
    words = _telling(question)
    if not words:
        return {}
    rare, others_score_below = _without_the_commonest(connection, words, k)
    if len(rare) < len(words):
        found = _best(connection, words, k, only, rare)
        if len(found) == k and min(found.values()) >= others_score_below:
            return found
    return _best(connection, words, k, only)


def _best(
    connection: sqlite3.Connection, words: Sequence[str], k: int, only: Only | None, holding: Sequence[str] = ()
) -> dict[int, float]:
    """The same for these words; with `holding` of those chunks alone that hold one of them."""
    # The keys, and not a join: looking up the article of every chunk with a common word doubles the time. The plus
    # keeps FTS5 from looking up every key in turn.
    passing = f"AND +words.rowid {'NOT ' * only.excepted}IN (SELECT value FROM json_each(?))" if only else ""
    held = "AND +words.rowid IN (SELECT rowid FROM words WHERE words MATCH ?)" if holding else ""
    rows = connection.execute(
        f"SELECT words.rowid, -bm25(words, {_WEIGHTS}) AS score FROM words WHERE words MATCH ? {held} {passing}"
        " ORDER BY score DESC, words.rowid LIMIT ?",
        (
            _any_of(words),
            *([_any_of(holding)] if holding else []),
            *([json.dumps(only.keys.tolist())] if only else []),
            k,
        ),
    )
    return dict(rows)


def _without_the_commonest(
    connection: sqlite3.Connection, words: Sequence[str], k: int
) -> tuple[tuple[str, ...], float]:
    """The words less those that are likely to decide nothing, and what all chunks with only the latter score below.

    A word scores less than K1 + 1 times its rarity however often a chunk holds it, and about once its rarity where that
    is once. So many are left out as score below `_LIKELY` times the rarity at which k chunks hold a word so rare or
    rarer.
    """
    (most,) = connection.execute("SELECT coalesce(max(key), 0) FROM chunks").fetchone()
    holding = {word: _count(connection, word) for word in words}
    rare = sorted(words, key=lambda word: holding[word])
    rarity = [max(_LEAST_RARITY, math.log((most - holding[w] + 0.5) / (holding[w] + 0.5))) for w in rare]
    enough = next((at for at, held in enumerate(accumulate(holding[w] for w in rare)) if held >= k), None)
    below = 0.0
    while enough is not None and len(rare) > 1:
        bound = below + (_K1 + 1) * rarity[len(rare) - 1]
        if bound > _LIKELY * rarity[enough]:
            break
        below = bound
        rare.pop()
    return tuple(rare), below


def _count(connection: sqlite3.Connection, word: str) -> int:
    (count,) = connection.execute("SELECT count(*) FROM words WHERE words MATCH ?", (_any_of([word]),)).fetchone()
    return int(count)


def _any_of(words: Sequence[str]) -> str:
    """An FTS5 expression that finds any of the words; they are letters and digits alone."""
    return " OR ".join(f'"{word}"' for word in words)


def _telling(question: str) -> tuple[str, ...]:
    """The words to search for, at most _MOST_WORDS.

    Nothing of the question's own punctuation reaches FTS5, whose operators would make "NEAR", "*" or a stray quote
    an error. Function words are left out unless there is nothing else: they would score next to nothing and have
    every chunk looked at.
    """
    telling = content_words(question) or tuple(dict.fromkeys(_WORD.findall(question.lower())))
    return telling[:_MOST_WORDS]


def content_words(text: str) -> tuple[str, ...]:
    """The words of a text that are not function words, in lower case, each once, in order."""
    return tuple(word for word in dict.fromkeys(_WORD.findall(text.lower())) if word not in _STOP_WORDS)

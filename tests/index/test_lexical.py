"""Words: any question is a valid one, words meet across case, accents and endings, and the index keeps in step."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.lexical import SCHEMA, Only, add_article, search
from index.store import Store
from tests.index.fakes import FakeSource, filled_store, ingester, page

HOSTILE = st.one_of(
    st.text(),
    st.text(alphabet="\"*^():+-{}_\x00 aNEAR'\\"),
    st.sampled_from(
        ["NEAR(a b)", '"', "a AND", "NOT", "title:x", "a*", "^a", "a OR OR b", "{text}: x", "\ud800", "🙂"]
    ),
)


@pytest.fixture(scope="module")
def store() -> Store:
    return filled_store(
        {
            "mem:a": page("The bridges over the Seine were closed in March. Traffic was diverted.", "Paris"),
            "mem:b": page("A cafe opened near the station. Résumés are read by hand.", "Lyon"),
            "mem:c": page("It was what it was.", "Nice"),
        }
    )


def found(store: Store, question: str) -> set[str]:
    keys = store.match(question, 10)
    return {info.title for _, info in store.passages(keys).values()}


@given(question=HOSTILE)
@settings(deadline=None, max_examples=500)
def test_no_question_is_an_error(store: Store, question: str) -> None:
    scores = store.match(question, 10)
    assert all(score > 0 for score in scores.values())
    assert list(scores.values()) == sorted(scores.values(), reverse=True)


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("bridge", "Paris"),
        ("CLOSING", "Paris"),
        ("café", "Lyon"),
        ("resume", "Lyon"),
        ("lyon", "Lyon"),
        ("nice", "Nice"),
    ],
)
def test_words_meet_across_case_accent_ending_and_title(store: Store, question: str, title: str) -> None:
    assert found(store, question) == {title}


def test_a_chunk_that_shares_no_word_is_not_found(store: Store) -> None:
    assert found(store, "zeppelin") == set()


def test_one_shared_word_is_enough(store: Store) -> None:
    assert found(store, "Which zeppelin crossed the Seine?") == {"Paris"}


def test_function_words_count_only_when_there_is_nothing_else(store: Store) -> None:
    assert found(store, "what was it with the zeppelin") == set()
    assert "Nice" in found(store, "what was it")


@pytest.mark.parametrize("question", ["", "   ", "?!", "___", "\x00"])
def test_a_question_without_words_finds_nothing(store: Store, question: str) -> None:
    assert store.match(question, 10) == {}


def test_a_question_of_ten_thousand_words_is_searched(store: Store) -> None:
    assert found(store, "bridge " + " ".join(f"w{number}" for number in range(10_000))) == {"Paris"}


def test_a_word_of_the_text_outweighs_the_same_word_in_a_title() -> None:
    store = filled_store(
        {
            "mem:title": page("Nothing of the kind is told here.", "Harbour"),
            "mem:text": page("Nothing of the harbour is told here.", "Something"),
        }
    )
    scores = store.match("harbour", 10)
    titles = {key: info.title for key, (_, info) in store.passages(scores).items()}
    assert [titles[key] for key in scores] == ["Something", "Harbour"]


def test_words_of_a_replaced_article_are_forgotten() -> None:
    source = FakeSource({"mem:a": page("The harbour was closed.")})
    store = Store.open(None)
    ingester(store).add(source)
    source.pages["mem:a"] = page("The airport was closed.")
    ingester(store).add(source)
    assert store.match("harbour", 10) == {}
    assert len(store.match("airport", 10)) == 1
    assert store.check() == ()


RARITIES = [word for at, word in enumerate("alps brook cliff delta eddy fjord".split()) for _ in range(3**at)]
"""Each word thrice as often as the one before it."""
passages = st.lists(st.lists(st.sampled_from(RARITIES), min_size=1, max_size=9), min_size=1, max_size=60)


def words_of(texts: Sequence[Sequence[str]]) -> sqlite3.Connection:
    """A word index over passages given as words, with keys 1, 2, …"""
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "CREATE TABLE articles (id TEXT PRIMARY KEY, title TEXT);"
        "CREATE TABLE chunks (key INTEGER PRIMARY KEY, article_id TEXT, heading TEXT, text TEXT);" + SCHEMA
    )
    connection.execute("INSERT INTO articles VALUES ('a', 'Waters')")
    connection.executemany("INSERT INTO chunks (article_id, text) VALUES ('a', ?)", [(" ".join(w),) for w in texts])
    add_article(connection, "a")
    return connection


def all_scored(connection: sqlite3.Connection, words: Sequence[str], k: int, only: Only | None) -> dict[int, float]:
    """What `search` is to find, by scoring every passage."""
    expression = " OR ".join(f'"{word}"' for word in words)
    rows = connection.execute(
        "SELECT rowid, -bm25(words, 0.8, 0.8, 1.0) AS score FROM words WHERE words MATCH ? ORDER BY score DESC, rowid",
        (expression,),
    ).fetchall()
    passing = [row for row in rows if only is None or (row[0] in only.keys.tolist()) is not only.excepted]
    return dict(passing[:k])


@given(
    texts=passages,
    words=st.lists(st.sampled_from(RARITIES), min_size=1, max_size=6, unique=True),
    k=st.integers(1, 9),
    only=st.none()
    | st.builds(
        lambda keys, out: Only(np.array(keys, np.int64), out), st.lists(st.integers(1, 60), unique=True), st.booleans()
    ),
)
@settings(deadline=None, max_examples=400)
def test_what_is_not_scored_would_not_be_among_the_best(
    texts: list[list[str]], words: list[str], k: int, only: Only | None
) -> None:
    connection = words_of(texts)
    found = search(connection, " ".join(words), k, only)
    assert list(found.items()) == list(all_scored(connection, words, k, only).items())


@pytest.mark.parametrize(("k", "spared"), [(5, True), (11, False)])
def test_passages_that_hold_only_a_common_word_are_not_scored_where_others_suffice(k: int, spared: bool) -> None:
    connection = words_of([["delta", "brook"]] * 10 + [["delta", "eddy"]] * 90 + [["fjord"]] * 100)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    found = search(connection, "delta brook", k)
    scoring = [statement for statement in asked if "bm25" in statement]
    assert [("IN (SELECT rowid" in statement) for statement in scoring] == [spared]
    assert found == all_scored(connection, ["delta", "brook"], k, None)

"""Words: any question is a valid one, words meet across case, accents and endings, and the index keeps in step."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.lexical import match_expression
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
    assert match_expression(question) is None
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

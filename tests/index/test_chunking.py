"""Chunks: exact, within the budget whatever counts it, and together the whole article."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.chunking import chunk_article
from index.types import Article, Chunk, ChunkingSettings

CountTokens = Callable[[Sequence[str]], Sequence[int]]


def article(text: str) -> Article:
    return Article("a1", "/a.txt", "A", text, "0123456789abcdef", None, None, None, None, None, datetime(2025, 1, 1))


def words(texts: Sequence[str]) -> Sequence[int]:
    return [len(text.split()) for text in texts]


def characters(texts: Sequence[str]) -> Sequence[int]:
    return [len(text) for text in texts]


def utf8_bytes(texts: Sequence[str]) -> Sequence[int]:
    return [len(text.encode("utf-8", "surrogatepass")) for text in texts]


def pieces_of_four(texts: Sequence[str]) -> Sequence[int]:
    """Like subwords: a word costs a token for every four characters it has begun."""
    return [sum(-(-len(word) // 4) for word in text.split()) for text in texts]


def with_special_tokens(texts: Sequence[str]) -> Sequence[int]:
    return [count + 2 for count in words(texts)]


COUNTERS: list[CountTokens] = [words, characters, utf8_bytes, pieces_of_four, with_special_tokens]
FRAGMENTS = st.sampled_from(
    [
        *(
            "a ",
            "Bc ",
            "the ",
            "Kyiv",
            " ",
            ". ",
            "\n",
            "\n\n",
            "# ",
            "- ",
            ", ",
            "; ",
            "U.S. ",
            "Title\n",
            "Words here. ",
        ),
        *(
            "\ud800",
            "😀",
            "\u2028",
            "\x1c",
            "一二三。",
            "x" * 40,
            "\u0301",
            "## Heading\n",
            "(aside) ",
            "“So,” he said. ",
        ),
    ]
)
TEXTS = st.one_of(st.text(alphabet=st.characters(), max_size=150), st.lists(FRAGMENTS, max_size=60).map("".join))
SETTINGS = st.builds(ChunkingSettings, st.integers(1, 40), st.integers(0, 20))


def chunks_of(text: str, tokens: int = 30, overlap: int = 0, count: CountTokens = words) -> tuple[Chunk, ...]:
    return chunk_article(article(text), ChunkingSettings(tokens, overlap), count)


def numbered(count: int, length: int = 8) -> str:
    """So many sentences of so many words, each different."""
    return " ".join(f"Sentence{number}" + " word" * (length - 2) + " ends." for number in range(count))


@pytest.mark.parametrize("count", COUNTERS)
@given(text=TEXTS, chunking=SETTINGS)
@settings(max_examples=150)
def test_chunks_are_exact_within_the_budget_in_order_and_cover_the_article(
    count: CountTokens, text: str, chunking: ChunkingSettings
) -> None:
    chunks = chunk_article(article(text), chunking, count)

    covered = set[int]()
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert chunk.id == f"a1-01234567-{ordinal}"
        assert text[chunk.start : chunk.end] == chunk.text == chunk.text.strip()
        assert count([chunk.text])[0] <= chunking.chunk_tokens or len(chunk.text) == 1
        covered.update(range(chunk.start, chunk.end))
    assert all(character.isspace() or at in covered for at, character in enumerate(text))
    for before, after in pairwise(chunks):
        assert before.start < after.start
        assert before.end < after.end


@given(text=TEXTS, chunking=SETTINGS)
@settings(max_examples=50)
def test_the_same_article_is_always_cut_the_same_way(text: str, chunking: ChunkingSettings) -> None:
    assert chunk_article(article(text), chunking, words) == chunk_article(article(text), chunking, words)


@pytest.mark.parametrize("text", ["", " ", "\n\n\t "])
def test_an_article_without_words_has_no_chunks(text: str) -> None:
    assert chunks_of(text) == ()


def test_a_short_article_is_one_chunk() -> None:
    text = "  It fell.\nIt held. \n"
    assert [(chunk.start, chunk.end) for chunk in chunks_of(text)] == [(2, 19)]


def test_chunks_begin_and_end_with_their_sentences() -> None:
    for chunk in chunks_of(numbered(20)):
        assert chunk.text.startswith("Sentence")
        assert chunk.text.endswith("ends.")


def test_chunks_are_filled_as_far_as_whole_sentences_go() -> None:
    assert [len(chunk.text.split()) for chunk in chunks_of(numbered(7), tokens=30)] == [24, 24, 8]


def test_neighbours_share_whole_sentences_of_about_the_overlap() -> None:
    chunks = chunks_of(numbered(20), tokens=40, overlap=15)
    for before, after in pairwise(chunks):
        shared = before.text[after.start - before.start :]
        assert 8 <= len(shared.split()) <= 22
        assert shared.startswith("Sentence")


def test_without_overlap_nothing_is_shared() -> None:
    chunks = chunks_of(numbered(20), tokens=40)
    assert all(before.end <= after.start for before, after in pairwise(chunks))


def test_a_sentence_much_longer_than_the_overlap_is_not_repeated() -> None:
    text = f"{numbered(1, 20)} {numbered(1, 20)} {numbered(1, 20)}"
    assert [len(chunk.text.split()) for chunk in chunks_of(text, tokens=45, overlap=5)] == [40, 20]


def test_a_heading_starts_a_chunk_once_the_running_one_is_half_full() -> None:
    chunks = chunks_of(f"{numbered(3)}\n\n## The Battle\n\n{numbered(2)}", tokens=40, overlap=10)
    assert [chunk.text.split("\n")[0][:13] for chunk in chunks] == ["Sentence0 wor", "## The Battle"]
    assert chunks[0].end <= chunks[1].start


def test_a_heading_after_little_text_stays_with_it() -> None:
    assert len(chunks_of(f"{numbered(1)}\n\n## The Battle\n\n{numbered(1)}", tokens=40)) == 1


def test_a_heading_never_ends_a_chunk_that_its_text_does_not_fit_into() -> None:
    text = f"{numbered(1, 10)}\n\n## The Battle\n\n{numbered(1, 25)}"
    chunks = chunks_of(text, tokens=30)
    assert [chunk.heading for chunk in chunks] == [None, "The Battle"]
    assert chunks[1].text.startswith("## The Battle")


def test_every_chunk_carries_the_nearest_heading_above_it() -> None:
    text = f"{numbered(4)}\n\n# One\n\n{numbered(9)}\n\nThe Second Part\n\n{numbered(9)}"
    seen = [chunk.heading for chunk in chunks_of(text, tokens=30)]
    assert list(dict.fromkeys(seen)) == [None, "One", "The Second Part"]


def test_a_sentence_over_the_budget_is_parted_at_its_clauses() -> None:
    clause = "one two three four five six seven eight nine"
    chunks = chunks_of(f"{clause}, {clause}, {clause}, {clause}.", tokens=20)
    assert len(chunks) == 2
    assert chunks[0].text.endswith("nine,")


def test_without_clauses_it_is_parted_between_words() -> None:
    chunks = chunks_of("word " * 100 + "end.", tokens=30)
    assert {part for chunk in chunks for part in chunk.text.split()} == {"word", "end."}


def test_without_words_it_is_parted_between_characters() -> None:
    text = "x" * 1_000
    assert "".join(chunk.text for chunk in chunks_of(text, tokens=100, count=characters)) == text


def test_where_sentences_count_more_together_than_apart_the_chunk_is_divided() -> None:
    def crowded(texts: Sequence[str]) -> Sequence[int]:
        return [len(text.split()) * (1 if len(text) < 60 else 2) for text in texts]

    chunks = chunks_of(numbered(12), tokens=20, overlap=8, count=crowded)
    assert max(crowded([chunk.text for chunk in chunks])) <= 20


def test_the_counter_sees_sentences_once_and_chunks_once_in_batches() -> None:
    calls: list[int] = []

    def counting(texts: Sequence[str]) -> Sequence[int]:
        calls.append(len(texts))
        return words(texts)

    chunks = chunks_of(numbered(3_000), tokens=30, count=counting)
    assert sum(calls) == 3_000 + len(chunks)
    assert len(calls) <= 4


def test_a_budget_below_one_token_is_refused_with_its_value() -> None:
    with pytest.raises(ValueError, match="chunk_tokens is 0"):
        chunks_of("It fell.", tokens=0)


@pytest.mark.parametrize("unit", ["The quick brown fox ran home. ", "word ", "x", "- a b\n", "Title\n\n", ". "])
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        begun = time.perf_counter()
        chunks_of(text, tokens=60, overlap=10, count=pieces_of_four)
        return time.perf_counter() - begun

    seconds(1_000)
    # Eight times the text; quadratic behaviour would take 64 times as long. The floor is for the clock's noise.
    assert min(seconds(160_000), seconds(160_000)) < 30 * max(seconds(20_000), 0.01)

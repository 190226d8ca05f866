"""What a sentence is worth to a question, by each way of scoring it."""

from __future__ import annotations

from assistant.candidates import candidates_of
from assistant.reranking import WordsAndMeaning, by_rank
from tests.fakes import hits, word_similarity

FOUND = hits("Snow fell in the night. Schools stayed closed.", "The dam of Kurakhove was struck.", "Boats were new.")


def test_without_a_reranker_sentences_keep_the_order_of_the_search() -> None:
    scores = by_rank("anything", candidates_of(FOUND))
    assert scores[0] == scores[1] > scores[2] > scores[3] > 0.5


def test_the_sentence_that_shares_words_and_meaning_is_worth_most() -> None:
    candidates = candidates_of(FOUND)
    scores = WordsAndMeaning(word_similarity)("Was the dam of Kurakhove struck?", candidates)
    assert candidates[scores.index(max(scores))].text == "The dam of Kurakhove was struck."


def test_nothing_to_score_has_no_scores() -> None:
    assert by_rank("dam", []) == WordsAndMeaning(word_similarity)("dam", []) == []


def test_every_score_lies_between_0_and_1() -> None:
    for question in ("Was the dam of Kurakhove struck?", "nothing of it", "?"):
        candidates = candidates_of(FOUND)
        assert all(0 <= score <= 1 for score in WordsAndMeaning(word_similarity)(question, candidates))

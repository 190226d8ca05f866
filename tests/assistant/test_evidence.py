"""Evidence is cut from the articles, numbered in order, and keeps to its budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.candidates import Candidate, stretches
from assistant.duplicates import fold
from assistant.evidence import SentenceSelector, whole_chunks
from assistant.reranking import WordsAndMeaning
from assistant.types import Evidence, Span
from index.sentences import sentence_spans
from index.types import Article, Hit
from tests.fakes import article, count_words, hit, hits, word_similarity

WORDS = "the dam was struck river rose Kurakhove troops Pokrovsk on 11 November and 1.2 metres held 🙂 库拉".split()


def in_one_part(question: str) -> tuple[str, ...]:
    return ()


def selector(budget_tokens: int = 60, passages: int = 4, heading_tokens: int = 5, most: int = 8) -> SentenceSelector:
    rerank = WordsAndMeaning(word_similarity)
    # of five: three for a title such as "Title of a1", one for its date
    return SentenceSelector(
        rerank, list, in_one_part, count_words, budget_tokens, passages, hits=most, heading_tokens=heading_tokens - 4
    )


@st.composite
def found_hits(draw: st.DrawFn) -> tuple[tuple[Hit, ...], dict[str, Article]]:
    """Chunks of a few articles, cut between sentences, overlapping or apart, in any order of rank."""
    sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(lambda words: " ".join(words) + ".")
    texts = st.lists(sentences, min_size=1, max_size=9).flatmap(
        lambda said: st.sampled_from([" ", "\n\n", "  "]).map(lambda gap: gap.join(said))
    )
    articles = {f"a{n}": article(text, f"a{n}") for n, text in enumerate(draw(st.lists(texts, min_size=1, max_size=3)))}
    cuts: list[tuple[str, int, int]] = []
    for name, of in articles.items():
        spans = sentence_spans(of.text)
        for _ in range(draw(st.integers(1, 3))):
            first = draw(st.integers(0, len(spans) - 1))
            last = draw(st.integers(first, len(spans) - 1))
            cuts.append((name, spans[first][0], spans[last][1]))
    ranked = draw(st.permutations(list(dict.fromkeys(cuts))))
    return tuple(hit(articles[name], start, end, rank) for rank, (name, start, end) in enumerate(ranked, 1)), articles


def assert_sound(pieces: Sequence[Evidence], articles: dict[str, Article]) -> None:
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))
    for piece in pieces:
        of = articles[piece.hit.article.id]
        assert of.text[piece.start : piece.end] == piece.text
        assert piece.sentences
        assert (piece.sentences[0].start, piece.sentences[-1].end) == (piece.start, piece.end)
        assert all(one.end <= other.start for one, other in pairwise(piece.sentences))
        assert all(not of.text[one.end : other.start].strip() for one, other in pairwise(piece.sentences))
        assert all(of.text[s.start : s.end].strip() for s in piece.sentences)
        chunk = piece.hit.chunk
        assert chunk.article_id == of.id
        assert min(chunk.end, piece.end) > max(chunk.start, piece.start)


def sentences_of(pieces: Sequence[Evidence]) -> list[tuple[str, Span]]:
    return [(piece.hit.article.id, span) for piece in pieces for span in piece.sentences]


# ---- whatever is found


@given(found_hits(), st.text(alphabet="damriver Ku", max_size=30), st.integers(1, 80), st.integers(1, 5))
def test_evidence_is_cut_from_the_articles_within_the_budget(
    found: tuple[tuple[Hit, ...], dict[str, Article]], question: str, budget: int, passages: int
) -> None:
    chosen, articles = found
    pieces = selector(budget, passages)(question, chosen)
    assert_sound(pieces, articles)
    assert 1 <= len(pieces) <= passages
    shown = sentences_of(pieces)
    assert len(set(shown)) == len(shown)
    tokens = sum(count_words(articles[name].text[s.start : s.end]) for name, s in shown) + 5 * len(pieces)
    assert tokens <= budget or len(shown) == 1


@given(found_hits())
def test_with_room_for_all_every_sentence_found_is_shown_once(
    found: tuple[tuple[Hit, ...], dict[str, Article]],
) -> None:
    chosen, _articles = found
    everything = replace(selector(10_000, 100, most=100), floor_share=-math.inf)
    shown = sentences_of(everything("dam", chosen))
    expected = {
        (one.article.id, Span(one.chunk.start + start, one.chunk.start + end))
        for one in chosen
        for start, end in sentence_spans(one.chunk.text)
    }
    assert set(shown) == expected


@given(found_hits())
def test_every_chunk_can_be_shown_whole(found: tuple[tuple[Hit, ...], dict[str, Article]]) -> None:
    chosen, articles = found
    pieces = whole_chunks(chosen)
    assert_sound(pieces, articles)
    assert [(piece.hit, piece.text) for piece in pieces] == [(one, one.chunk.text) for one in chosen]


@given(found_hits())
def test_stretches_join_what_overlaps_and_lose_nothing(found: tuple[tuple[Hit, ...], dict[str, Article]]) -> None:
    chosen, articles = found
    joined = stretches(chosen)
    for stretch in joined:
        of = articles[stretch.hits[0].article.id]
        assert of.text[stretch.start : stretch.end] == stretch.text
        assert {one.article.id for one in stretch.hits} == {of.id}
    assert sorted(one.rank for stretch in joined for one in stretch.hits) == [one.rank for one in chosen]
    for one, other in pairwise(joined):
        assert one.hits[0].article.id != other.hits[0].article.id or one.end < other.start


# ---- what is chosen

KURAKHOVE = article(
    "Snow fell in the night. The dam of Kurakhove was struck. The river rose at once. Schools stayed closed.", "a1"
)


def test_the_sentence_that_answers_brings_the_one_before_it() -> None:
    (piece,) = selector(budget_tokens=20)("What was struck at the Kurakhove dam?", [hit(KURAKHOVE)])
    assert piece.text == "Snow fell in the night. The dam of Kurakhove was struck."


def test_sentences_apart_are_passages_apart_numbered_by_worth() -> None:
    of = article("Alpha one two. Bravo three four. Charlie five six. Delta seven eight. Kurakhove dam struck.")
    pieces = replace(selector(budget_tokens=19, passages=2), floor_share=0.1)("Kurakhove dam, or alpha?", [hit(of)])
    assert [piece.text for piece in pieces] == ["Delta seven eight. Kurakhove dam struck.", "Alpha one two."]


def test_a_title_helps_the_sentences_under_it() -> None:
    plain, titled = article("It was struck at dawn.", "a1"), article("It was hit at dawn.", "a2", title="Kurakhove dam")
    (piece,) = selector(budget_tokens=11, passages=1)("Kurakhove dam", [hit(plain, rank=1), hit(titled, rank=2)])
    assert piece.hit.article.id == "a2"


def test_of_equal_sentences_the_better_found_is_shown() -> None:
    (piece,) = selector(budget_tokens=8, passages=1)("nothing of it", hits("Alpha bravo.", "Charlie delta."))
    assert piece.hit.article.id == "a1"


def test_a_sentence_brings_none_of_another_article() -> None:
    found = hits("Alpha one.", "Kurakhove dam struck.", "The dam held.")
    pieces = selector(1000, passages=2)("Kurakhove dam", found)
    assert [piece.text for piece in pieces] == ["Kurakhove dam struck.", "The dam held."]


def test_a_sentence_without_room_brings_nothing() -> None:
    of = article("Alpha. Kurakhove dam was struck by many missiles in the night. Bravo dam.")
    (piece,) = selector(budget_tokens=8, passages=1)("dam bravo", [hit(of)])
    assert piece.text == "Bravo dam."


def test_only_the_best_hits_are_looked_at() -> None:
    pieces = selector(1000, 10, most=2)("x", hits("Alpha one.", "Bravo two.", "Charlie three."))
    assert {piece.hit.article.id for piece in pieces} == {"a1", "a2"}


def test_overlapping_chunks_show_their_shared_sentences_once() -> None:
    first, second = hit(KURAKHOVE, 0, 56, rank=2), hit(KURAKHOVE, 24, rank=1)
    (piece,) = replace(selector(1000), floor_share=0.0)("Kurakhove dam", [second, first])
    assert piece.text == KURAKHOVE.text
    assert piece.hit.chunk.id == second.chunk.id


def test_a_sentence_longer_than_the_budget_is_still_better_than_nothing() -> None:
    (piece,) = selector(budget_tokens=3)("dam", hits("The dam was struck in the early morning of Monday."))
    assert piece.text == "The dam was struck in the early morning of Monday."


@pytest.mark.parametrize("found", [(), hits("   ")], ids=["no hit", "a blank hit"])
def test_where_nothing_is_found_there_is_no_evidence(found: tuple[Hit, ...]) -> None:
    assert selector()("dam", found) == ()
    assert whole_chunks(found) == ()


def test_a_heading_is_no_evidence() -> None:
    of = article("Kurakhove dam\n\nThe dam was struck. It broke.\n\nThe river\n\nIt rose at once.")
    pieces = replace(selector(1000), floor_share=0.0)("Kurakhove dam", [hit(of)])
    assert [piece.text for piece in pieces] == ["The dam was struck. It broke.", "It rose at once."]


def test_the_title_in_the_text_is_no_evidence_unless_it_is_all_there_is() -> None:
    told = replace(selector(1000), floor_share=0.0)
    of = article("The dam broke. It rained on the river all day.", title="The dam broke")
    assert [piece.text for piece in told("the dam", [hit(of)])] == ["It rained on the river all day."]
    bare = article("The dam broke.", title="The dam broke")
    assert [piece.text for piece in told("the dam", [hit(bare)])] == ["The dam broke."]


def test_what_is_far_from_the_best_is_left_out_and_what_leads_to_the_best_is_kept() -> None:
    text = "Far away men sold fish. It is a dam. Kurakhove was struck there. Boats were new."
    (piece,) = selector(1000)("Who struck Kurakhove?", hits(text))
    assert piece.text == "It is a dam. Kurakhove was struck there."


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("When was Kurakhove struck?", "Kurakhove was struck. An army report told of it on 11 November 2024."),
        ("Who struck Kurakhove?", "Kurakhove was struck."),
        ("What is the situation in Kurakhove?", "Kurakhove was struck. An army report told of it on 11 November 2024."),
    ],
)
def test_what_stands_right_behind_is_brought_where_it_tells_the_time_or_an_overview_is_asked_for(
    question: str, told: str
) -> None:
    text = "Kurakhove was struck. An army report told of it on 11 November 2024. Boats were new."
    assert [piece.text for piece in selector(1000)(question, hits(text))] == [told]


def test_a_time_told_by_the_sentence_itself_brings_no_other() -> None:
    text = "Kurakhove was struck in May 2023. An army report told of it on 11 November 2024."
    (piece,) = selector(1000)("When was Kurakhove struck?", hits(text))
    assert piece.text == "Kurakhove was struck in May 2023."


def test_a_question_about_two_things_gets_sentences_on_both() -> None:
    worth = {"The dam was struck.": 1.0, "The dam was hit.": 0.9, "Pokrovsk fell quiet.": 0.6}
    chosen = replace(selector(budget_tokens=18, passages=2), rerank=lambda question, cs: [worth[c.text] for c in cs])
    first, second = chosen("The dam, or Pokrovsk?", hits(*worth))
    assert (first.text, second.text) == ("The dam was struck.", "Pokrovsk fell quiet.")
    first, second = chosen("The dam?", hits(*worth))
    assert (first.text, second.text) == ("The dam was struck.", "The dam was hit.")


def test_each_part_of_a_question_gets_a_sentence() -> None:
    worth = {
        "who and when": {"Alpha one two.": 1.0, "Bravo three four.": 0.9, "Charlie five six.": 0.6},
        "who": {"Alpha one two.": 1.0, "Bravo three four.": 0.9, "Charlie five six.": 0.1},
        "when": {"Alpha one two.": 0.1, "Bravo three four.": 0.1, "Charlie five six.": 1.0},
    }
    chosen = replace(
        selector(budget_tokens=16, passages=2), rerank=lambda question, cs: [worth[question][c.text] for c in cs]
    )
    found = hits("Alpha one two.", "Bravo three four.", "Charlie five six.")
    assert [piece.hit.article.id for piece in chosen("who and when", found)] == ["a1", "a2"]
    in_parts = replace(chosen, parts=lambda question: ("who", "when"))
    assert {piece.hit.article.id for piece in in_parts("who and when", found)} == {"a1", "a3"}


def test_scores_of_any_reranker_count_as_shares_of_the_best() -> None:
    found = hits("Alpha one two.", "Bravo three four.", "Charlie five six.")
    for scale in (0.001, 1.0, 50.0):
        worth = {"Alpha one two.": 0.2 * scale, "Bravo three four.": scale, "Charlie five six.": 0.6 * scale}
        chosen = replace(selector(1000), rerank=lambda question, cs, w=worth: [w[c.text] for c in cs])
        assert [piece.hit.article.id for piece in chosen("what?", found)] == ["a2", "a3"]


def test_only_sentences_of_promise_are_reranked() -> None:
    asked: list[list[str]] = []

    def first_come(_: str, candidates: Sequence[Candidate]) -> list[float]:
        asked.append([candidate.text for candidate in candidates])
        return [1.0] * len(candidates)

    told = "Barley grew. The dam broke. Rye grew. Oats grew. The dam held again. Wheat grew."
    choose = replace(selector(budget_tokens=200), rerank=first_come, shortlist=1, tokens_a_look=100, cover_weight=0.0)
    (first, second) = choose("Did the dam hold?", hits(told))
    assert asked == [["The dam broke.", "The dam held again."]]
    assert (first.text, second.text) == ("Barley grew. The dam broke.", "Oats grew. The dam held again.")


def test_where_no_sentence_is_worth_anything_the_order_of_the_search_decides() -> None:
    nothing = replace(selector(budget_tokens=8, passages=1), rerank=lambda question, cs: [0.0] * len(cs))
    (piece,) = nothing("what?", hits("Alpha one two.", "Bravo three four."))
    assert piece.hit.article.id == "a1"


# ---- the same story in several articles

STORY = "The dam of Kurakhove was struck on Monday. Forty homes were flooded."
COPIES = (
    article(STORY, "a1", published=date(2024, 11, 12), source="The Times"),
    article(STORY, "a2", published=date(2024, 11, 11), source="The Agency"),
    article("The dam of Kurakhove was struck on Monday. Fifty homes were flooded.", "a3", published=date(2024, 11, 13)),
)


def test_a_story_of_several_articles_is_shown_once_and_names_the_others() -> None:
    found = [hit(of, rank=rank) for rank, of in enumerate(COPIES[:2], 1)]
    (piece,) = replace(selector(1000), fold=fold, floor_share=0.0)("Kurakhove dam", found)
    assert (piece.hit.article.id, piece.text) == ("a2", STORY)
    assert [one.article.id for one in piece.also] == ["a1"]


def test_an_article_that_tells_less_than_half_of_a_passage_is_not_named_with_it() -> None:
    found = [hit(of, rank=rank) for rank, of in enumerate((COPIES[0], article("Forty homes were flooded.", "a4")), 1)]
    (piece,) = replace(selector(1000), fold=fold)("Kurakhove dam flooded homes", found)
    assert piece.text == STORY
    assert piece.also == ()


def test_where_copies_differ_in_a_number_both_are_shown() -> None:
    found = [hit(of, rank=rank) for rank, of in enumerate(COPIES[1:], 1)]
    pieces = replace(selector(1000), fold=fold, floor_share=0.0)("How many homes were flooded?", found)
    assert {piece.hit.article.id: piece.text for piece in pieces} == {"a2": STORY, "a3": "Fifty homes were flooded."}


@given(found_hits(), st.integers(1, 60))
def test_folding_loses_no_article_and_keeps_evidence_sound(
    found: tuple[tuple[Hit, ...], dict[str, Article]], budget: int
) -> None:
    chosen, articles = found
    pieces = replace(selector(budget), fold=fold)("dam", chosen)
    assert_sound(pieces, articles)
    for piece in pieces:
        assert piece.hit.article.id not in {one.article.id for one in piece.also}

"""One answer's scores: offsets against gold, abstentions, markers, judges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistant.evaluation.datasets import GoldQuestion
from assistant.evaluation.scoring import Library, locate, score_answer, score_retrieval
from assistant.types import Answer, Citation, Claim
from index.types import Hit

from .worlds import abstention, answer, chunk, citation_of, hit_of

TEXTS = {"d": "x" * 50 + "g" * 100 + "y" * 50, "twin": "x" * 50 + "g" * 100}
LIBRARY = Library({"A": "d", "B": "twin", "C": "other"}, lambda article_id: {"A": TEXTS["d"]}.get(article_id))
GOLD_TEXT = "g" * 100


def question(**changes: Any) -> GoldQuestion:
    """An answerable question whose one gold string is characters 50 to 150 of document d."""
    plain = GoldQuestion("q", "?", ("fish",), True, ("d",), ((GOLD_TEXT,),))
    return replace(plain, **changes)


def piece(start: int, end: int, article_id: str = "A", rank: int = 1) -> Hit:
    """A hit on characters start..end."""
    text = TEXTS.get(LIBRARY.documents[article_id], "z" * 500)[start:end]
    return hit_of(chunk(article_id, start, text, ordinal=start), rank)


def scores_of(given: Answer, asked: GoldQuestion | None = None, entails: Any = None) -> dict[str, float]:
    asked = asked or question()
    return score_answer(asked, locate(asked, TEXTS), (), given, LIBRARY, entails)


# --- gold --------------------------------------------------------------------------------------------------------


def test_gold_is_found_wherever_it_occurs_in_a_gold_document_and_only_there() -> None:
    gold = locate(question(evidence_sets=(("xx",),)), {"d": "xx.xx", "twin": "xx"})
    assert [(place.doc_id, place.start, place.end) for place in gold.strings[0]] == [("d", 0, 2), ("d", 3, 5)]


# --- citations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "recall"), [(129, 0.0), (130, 1.0)])
def test_a_quote_of_80_percent_hits_and_of_79_does_not(end: int, recall: float) -> None:
    hit = piece(50, end)
    scores = scores_of(answer([hit]))
    assert scores["evidence_recall"] == scores["quote_evidence_recall"] == recall
    assert scores["evidence_precision"] == 1.0


def test_a_short_quote_hits_through_its_chunk_and_is_told_apart_by_the_quote_metrics() -> None:
    hit = piece(40, 160)
    scores = scores_of(answer([hit], citations=(citation_of(hit, start=40, end=45),)))
    assert (scores["evidence_recall"], scores["quote_evidence_recall"]) == (1.0, 0.0)
    assert (scores["evidence_precision"], scores["quote_evidence_precision"]) == (1.0, 0.0)


def test_two_halves_cited_are_not_a_hit_while_two_halves_retrieved_are() -> None:
    halves = [piece(50, 100), piece(100, 150, rank=2)]
    cited = answer(halves, citations=(citation_of(halves[0]), citation_of(halves[1], 2)))
    assert scores_of(cited)["evidence_recall"] == 0.0
    assert score_retrieval(locate(question(), TEXTS), halves, LIBRARY)["evidence_recall@5"] == 1.0
    assert score_retrieval(locate(question(), TEXTS), halves, LIBRARY)["evidence_recall@1"] == 0.0


def test_a_chunk_and_a_quote_of_half_each_do_not_add_up() -> None:
    chunk_half, quote_half = piece(50, 100), piece(100, 150)
    mixed = replace(citation_of(quote_half), chunk_id=chunk_half.chunk.id)
    assert scores_of(answer([chunk_half], citations=(mixed,)))["evidence_recall"] == 0.0


def test_the_same_words_in_another_document_are_no_hit() -> None:
    scores = scores_of(answer([piece(50, 150, "B")]))
    assert (scores["evidence_recall"], scores["evidence_precision"]) == (0.0, 0.0)
    assert (scores["document_recall"], scores["document_precision"]) == (0.0, 0.0)


def test_precision_counts_citations_and_document_recall_counts_documents() -> None:
    hits = [piece(50, 150), piece(0, 40, rank=2), piece(0, 40, "C", rank=3)]
    cited = tuple(citation_of(hit, number) for number, hit in enumerate(hits, start=1))
    scores = scores_of(answer(hits, citations=cited), question(gold_docs=("d", "twin")))
    assert scores["evidence_precision"] == pytest.approx(1 / 3)
    assert scores["document_precision"] == pytest.approx(2 / 3)
    assert scores["document_recall"] == pytest.approx(1 / 2)


def test_an_abstention_on_an_answerable_question_finds_nothing_and_has_no_precision() -> None:
    scores = scores_of(abstention([piece(50, 150)]))
    assert (scores["evidence_recall"], scores["document_recall"]) == (0.0, 0.0)
    assert "evidence_precision" not in scores
    assert "document_precision" not in scores
    assert "quote_validity" not in scores


def test_the_best_annotators_set_counts_for_recall_and_all_of_them_for_precision() -> None:
    asked = question(evidence_sets=((GOLD_TEXT, "y" * 50), (GOLD_TEXT,)))
    assert scores_of(answer([piece(50, 150)]), asked)["evidence_recall"] == 1.0
    assert scores_of(answer([piece(160, 200)]), asked)["evidence_precision"] == 1.0


def test_an_unanswerable_question_has_no_gold_to_cite_but_its_quotes_are_checked() -> None:
    asked = question(answerable=False, answers=(), gold_docs=(), evidence_sets=())
    scores = scores_of(answer([piece(50, 150)]), asked)
    assert scores["quote_validity"] == 1.0
    assert not {"evidence_recall", "evidence_precision", "document_recall", "inclusion", "right"} & scores.keys()


@pytest.mark.parametrize(
    "wrong",
    [{"quote": "g" * 99}, {"start": 49}, {"end": 151}, {"article_id": "unknown"}, {"start": 9000, "end": 9100}],
)
def test_a_quote_that_is_not_the_stored_span_is_invalid(wrong: dict[str, Any]) -> None:
    hit = piece(50, 150)
    right: Citation = citation_of(hit)
    assert scores_of(answer([hit], citations=(right,)))["quote_validity"] == 1.0
    assert scores_of(answer([hit], citations=(right, replace(right, **wrong))))["quote_validity"] == 0.5


def test_markers_of_the_raw_text_must_point_at_shown_evidence() -> None:
    hits = [piece(50, 150), piece(0, 40, rank=2)]
    raw = "One [1]. Two [2][7]. Three [0]."
    assert scores_of(answer(hits, raw_text=raw))["marker_validity"] == 0.5
    assert "marker_validity" not in scores_of(answer(hits, raw_text="No marker."))


# --- text and abstention -----------------------------------------------------------------------------------------


def test_an_answers_text_scores_without_markers() -> None:
    scores = scores_of(answer([piece(50, 150)], text="They eat fish [1]."))
    assert scores["inclusion"] == scores["right"] == scores["token_recall"] == 1.0
    assert scores["token_f1"] == scores["rouge_l"] == pytest.approx(1 / 2)
    assert scores["reliability"] == 1.0
    assert "yes_no" not in scores


def test_an_abstention_scores_0_on_an_answerable_question_even_if_its_sentence_holds_the_answer() -> None:
    scores = scores_of(abstention([piece(50, 150)], text="The sources do not say which fish."))
    assert (scores["inclusion"], scores["token_f1"], scores["right"]) == (0.0, 0.0, 0.0)
    assert scores["reliability"] == 0.0


@pytest.mark.parametrize(("text", "right"), [("No. Yes is wrong.", 0.0), ("Yes [1].", 1.0)])
def test_a_yes_no_question_is_right_by_its_first_word_of_the_two(text: str, right: float) -> None:
    scores = scores_of(answer([piece(50, 150)], text=text), question(answers=("Yes",)))
    assert scores["yes_no"] == scores["right"] == right
    assert scores["inclusion"] == 1.0
    assert scores["reliability"] == (1.0 if right else -1.0)


def test_a_long_reference_is_met_by_holding_half_of_it() -> None:
    long = " ".join(f"word{at}" for at in range(20))
    half = " ".join(f"word{at}" for at in range(10))
    assert scores_of(answer([piece(50, 150)], text=half), question(answers=(long,)))["right"] == 1.0
    less = scores_of(answer([piece(50, 150)], text=half[:-6]), question(answers=(long,)))
    assert (less["right"], less["reliability"]) == (0.0, -1.0)
    beside_a_short_one = scores_of(answer([piece(50, 150)], text=half), question(answers=(long, "fish")))
    assert beside_a_short_one["right"] == 0.0


def test_confidence_is_turned_round_for_an_abstention() -> None:
    assert scores_of(answer([piece(50, 150)]))["probability_answerable"] == pytest.approx(0.8)
    assert scores_of(abstention([piece(50, 150)]))["probability_answerable"] == pytest.approx(0.1)


def test_an_unanswerable_question_is_reliable_only_if_abstained_on() -> None:
    asked = question(answerable=False, answers=(), gold_docs=(), evidence_sets=())
    assert scores_of(abstention([piece(50, 150)]), asked)["reliability"] == 1.0
    assert scores_of(answer([piece(50, 150)]), asked)["reliability"] == -1.0


def test_a_question_that_wants_a_question_back_is_scored_apart() -> None:
    asked = question(type="underspecified", answerable=False, answers=(), gold_docs=(), evidence_sets=())
    scores = scores_of(answer([piece(50, 150)], text="Which series do you mean?"), asked)
    assert scores["asks_back"] == 1.0
    assert "reliability" not in scores
    assert scores_of(abstention([piece(50, 150)]), asked)["asks_back"] == 0.0


def test_an_answerable_question_without_a_written_answer_is_neither_right_nor_wrong() -> None:
    for given in (answer([piece(50, 150)]), abstention([piece(50, 150)])):
        scores = scores_of(given, question(answers=("",)))
        assert not {"inclusion", "right", "reliability"} & scores.keys()


# --- judges ------------------------------------------------------------------------------------------------------


def test_a_judge_is_asked_the_passages_shown_and_the_sentence_without_markers() -> None:
    asked: list[tuple[str, str]] = []

    def entails(premise: str, hypothesis: str) -> bool:
        asked.append((premise, hypothesis))
        return True

    hit = piece(50, 150)
    scores = scores_of(answer([hit], text="They eat fish [1]."), entails=entails)
    assert (scores["alce_recall"], scores["alce_precision"]) == (1.0, 1.0)
    assert set(asked) == {("g" * 100, "They eat fish.")}


def test_a_sentence_without_a_citation_or_with_a_wrong_number_is_not_supported() -> None:
    text = "Bare. Wrong [4]. Good [1]."
    claims = tuple(
        Claim(part, text.index(part), text.index(part) + len(part), numbers, 0.0, "unsupported")
        for part, numbers in (("Bare.", ()), ("Wrong [4].", (4,)), ("Good [1].", (1,)))
    )
    scores = scores_of(answer([piece(50, 150)], text=text, claims=claims), entails=lambda *_: True)
    assert scores["alce_recall"] == pytest.approx(1 / 3)
    assert scores["alce_precision"] == pytest.approx(1 / 2)


def test_an_abstention_is_not_judged() -> None:
    assert (
        not {"alce_recall", "alce_precision"} & scores_of(abstention([piece(50, 150)]), entails=lambda *_: True).keys()
    )


# --- retrieval ---------------------------------------------------------------------------------------------------


def test_retrieval_scores_of_a_ranking_by_hand() -> None:
    hits = [piece(0, 40, "C"), piece(0, 40, rank=2), piece(50, 150, rank=3), piece(0, 40, "B", rank=4)]
    scores = score_retrieval(locate(question(gold_docs=("d", "twin")), TEXTS), hits, LIBRARY)
    assert [scores[f"evidence_recall@{k}"] for k in (1, 5, 10)] == [0.0, 1.0, 1.0]
    assert [scores[f"document_hit@{k}"] for k in (1, 5, 10)] == [0.0, 1.0, 1.0]
    assert [scores[f"document_recall@{k}"] for k in (1, 5, 10)] == [0.0, 1.0, 1.0]
    assert scores["mrr@10"] == 0.5


def test_retrieval_has_no_scores_where_there_is_nothing_to_find() -> None:
    asked = question(answerable=False, gold_docs=(), evidence_sets=())
    assert score_retrieval(locate(asked, TEXTS), [piece(0, 40)], LIBRARY) == {}

"""A follow-up keeps what the model has read as it stood, and adds what the new question still needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence import SentenceSelector
from assistant.resuming import Resuming, share_held, still_found
from assistant.types import Evidence
from index.types import Hit
from tests.assistant.test_evidence import assert_sound, found_hits, selector, sentences_of
from tests.fakes import article, evidence_of, hit, hits

STRUCK = "The dam of Kurakhove was struck on 11 November."
ROSE = "The river rose by 1.2 metres."
FLED = "Ninety families fled from Velyka Novosilka."
BAKED = "Bread was baked in Lviv all night."
TOLD = article(" ".join((STRUCK, ROSE, "Nobody was hurt.", BAKED, FLED)), "a1")
FOUND = (hit(TOLD),)


def chosen(question: str, found: Sequence[Hit] = FOUND, budget: int = 14) -> tuple[Evidence, ...]:
    return selector(budget)(question, found)


def resumed(question: str, earlier: Sequence[Evidence], budget: int = 14, **others: float) -> tuple[Evidence, ...]:
    choose: SentenceSelector = selector(budget)
    return Resuming(choose, **others)(question, FOUND, choose(question, FOUND), earlier)


def texts(pieces: Sequence[Evidence]) -> list[str]:
    return [piece.text for piece in pieces]


def test_what_was_shown_stands_as_it_stood_and_what_is_new_behind_it() -> None:
    earlier = chosen("When was the dam of Kurakhove struck?")
    assert texts(earlier) == [STRUCK]
    after = resumed("Was the dam of Kurakhove struck when families fled?", earlier, 40, added_share=0.5)
    assert after[0] == earlier[0]
    assert [piece.number for piece in after] == list(range(1, len(after) + 1))
    assert any(FLED in piece.text for piece in after[1:])
    assert not any(STRUCK in piece.text for piece in after[1:])


def test_a_question_whose_evidence_is_all_there_adds_nothing() -> None:
    earlier = chosen("When was the dam of Kurakhove struck?")
    assert resumed("Where was the dam struck?", earlier) == earlier


def test_a_question_about_something_else_gets_its_own_evidence() -> None:
    earlier = chosen("When was the dam of Kurakhove struck?")
    assert resumed("Where was bread baked in Lviv?", earlier) == chosen("Where was bread baked in Lviv?")


def test_evidence_that_begins_with_something_else_is_not_gone_on_with() -> None:
    """A small model leads with what stands first: it would tell of the question before."""
    both = chosen("When was the dam of Kurakhove struck, and where was bread baked?", budget=30)
    assert len(both) == 2
    behind = tuple(replace(piece, number=n) for n, piece in enumerate(reversed(both), 1))
    question = both[0].text
    assert resumed(question, both) == both
    assert resumed(question, behind) == chosen(question)


def test_the_best_sentence_is_added_however_long() -> None:
    """Else a question that shares little but the subject would be answered from what was asked before."""
    earlier = chosen("When was the dam of Kurakhove struck?")
    after = resumed("Which families fled from Velyka Novosilka?", earlier, least_held=0.0, added_share=0.01)
    assert texts(after) == [STRUCK, FLED]


def test_evidence_that_would_grow_too_long_begins_anew() -> None:
    earlier = chosen("When was the dam of Kurakhove struck?")
    question = "Which families fled from Velyka Novosilka?"
    assert resumed(question, earlier, least_held=0.0, most_share=0.5) == chosen(question)


@pytest.mark.parametrize("change", ["gone", "edited"])
def test_what_the_index_no_longer_holds_is_not_kept(change: str) -> None:
    first, second = evidence_of(hits(STRUCK, ROSE))
    now = hits(STRUCK, "The river fell by 1.2 metres.") if change == "edited" else hits(STRUCK)
    assert texts(still_found((first, second), now)) == [STRUCK]
    assert still_found((second, first), now) == ()


def test_a_passage_joined_of_two_chunks_is_kept_only_if_both_are_found() -> None:
    of = article(f"{STRUCK} {ROSE}", "a1")
    cut = len(STRUCK) + 1
    both = (hit(of, 0, cut, rank=1), hit(of, cut, rank=2))
    (piece,) = selector(40)("When was the dam struck and the river rose?", both)
    assert texts(still_found((piece,), both)) == [of.text]
    assert still_found((piece,), both[:1]) == ()


def test_what_is_kept_carries_the_ranks_of_now() -> None:
    (found,) = hits(STRUCK)
    (piece,) = still_found(evidence_of((found,)), (replace(found, rank=7, dense=0.1),))
    assert (piece.hit.rank, piece.hit.dense) == (7, 0.1)


def test_the_share_held_counts_characters_of_whole_sentences() -> None:
    fresh = evidence_of(hits(f"{STRUCK} {ROSE}"))
    held = (replace(fresh[0], end=len(STRUCK), text=STRUCK, sentences=fresh[0].sentences[:1]),)
    assert share_held(fresh, held) == pytest.approx(len(STRUCK) / len(STRUCK + ROSE))
    assert share_held(fresh, fresh) == 1.0
    assert share_held((), held) == 0.0


QUESTIONS = st.text(alphabet="damriver Ku", max_size=30)


@given(found_hits(), QUESTIONS, QUESTIONS, st.integers(1, 80), st.floats(0, 1))
def test_resumed_evidence_is_sound_and_says_nothing_twice(
    found: tuple[tuple[Hit, ...], dict], before: str, then: str, budget: int, least_held: float
) -> None:
    hits_found, articles = found
    choose = selector(budget)
    earlier, fresh = choose(before, hits_found), choose(then, hits_found)
    whole = Resuming(choose, least_held=least_held)(then, hits_found, fresh, earlier)
    assert_sound(whole, articles)
    assert whole == fresh or whole[: len(earlier)] == earlier
    assert len(set(sentences_of(whole))) == len(sentences_of(whole))

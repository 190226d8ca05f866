"""How things stand is told by whole passages of the evidence, in its order, less what is not near or not understood."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.overviews import MOST_WORDS, PASSAGE_SHARE, in_paragraphs, overview, passages
from assistant.types import Evidence
from tests.fakes import article, evidence, evidence_of, hit

NEAR = st.lists(st.lists(st.floats(0, 2), min_size=1, max_size=5), max_size=4)


def told(nearness: Sequence[Sequence[float]], words: int = 4) -> tuple[Evidence, ...]:
    """Passages of a sentence for each number."""
    more = " again" * (words - 4)
    return evidence(
        *(" ".join(f"Dam{m} broke{n} in spring{more}." for n in range(len(of))) for m, of in enumerate(nearness))
    )


def flat(nearness: Sequence[Sequence[float]]) -> list[float]:
    return [near for of in nearness for near in of]


def texts(pieces: Sequence[Evidence]) -> list[str]:
    return [piece.text for piece in pieces]


@given(NEAR)
def test_asked_about_are_all_passages_whole_that_of_the_nearest_sentence_first(nearness: list[list[float]]) -> None:
    asked = passages(told(nearness), flat(nearness))
    assert [one.nearness for one in asked] == sorted(map(max, nearness), reverse=True)
    assert sorted(one.piece.number for one in asked) == list(range(1, len(nearness) + 1))
    assert {one.piece for one in asked} == set(told(nearness))


@given(NEAR, st.integers(4, 60))
def test_what_is_told_is_cut_from_the_passages_and_is_not_too_long(nearness: list[list[float]], words: int) -> None:
    pieces, near = told(nearness, words), flat(nearness)
    shown = overview(pieces, near)
    assert bool(shown) is bool(pieces), "something is told of whatever there is"
    assert [piece.number for piece in shown] == sorted(piece.number for piece in shown)
    assert sum(len(piece.text.split()) for piece in shown) <= MOST_WORDS
    for piece in shown:
        whole, own = pieces[piece.number - 1], nearness[piece.number - 1]
        assert whole.text[piece.start - whole.start : piece.end - whole.start] == piece.text
        at = whole.sentences.index(piece.sentences[0])
        assert piece.sentences == whole.sentences[at : at + len(piece.sentences)], "nothing is left out between"
        assert max(own) >= PASSAGE_SHARE * max(near)


def test_what_leads_into_a_passage_or_out_of_it_is_left_out() -> None:
    pieces = evidence("It was Monday. The dam broke. People ran. The river rose. Tea was served.", "Tea was served.")
    assert texts(overview(pieces, [0.1, 1.0, 0.1, 0.9, 0.1, 0.1])) == ["The dam broke. People ran. The river rose."]


def test_a_claim_at_the_end_is_told_with_the_denial_behind_it() -> None:
    pieces = evidence("The army claimed the town. Kyiv denied it. Tea was served.")
    assert texts(overview(pieces, [1.0, 0.1, 0.1])) == ["The army claimed the town. Kyiv denied it."]


@pytest.mark.parametrize("lost", ["He repeated the claim.", "In its view the aim is the dam.", "One of them fled."])
def test_what_tells_of_something_named_before_is_not_told_first(lost: str) -> None:
    pieces = evidence(f"{lost} The dam of Kurakhove broke.")
    assert texts(overview(pieces, [1.0, 1.0])) == ["The dam of Kurakhove broke."]
    assert texts(overview(evidence(f"The army said so. {lost}"), [1.0, 1.0])) == [f"The army said so. {lost}"]
    assert texts(overview(evidence(lost), [1.0])) == [lost], "there is nothing else"


def test_passages_of_one_article_stand_together_and_in_its_order() -> None:
    long, other = article("The dam broke. Tea was served. The river rose.", "a1"), article("Kyiv denied it.", "a2")
    later, first = hit(long, 31), hit(long, 0, 14)
    pieces = evidence_of([later, hit(other), first])
    assert texts(overview(pieces, [1.0] * 3)) == ["The dam broke.", "The river rose.", "Kyiv denied it."]


@pytest.mark.parametrize(("words", "told_of"), [(4, 2), (70, 1)])
def test_of_the_present_enough_of_the_newest_leaves_out_the_older(words: int, told_of: int) -> None:
    days = (date(2025, 1, 11), date(2024, 11, 20))
    said = f"The dam broke{' again' * (words - 3)}."
    pieces = evidence_of([hit(article(said, f"a{n}", published=day)) for n, day in enumerate(days)])
    assert len(overview(pieces, [1.0, 1.0], present=True)) == told_of
    assert len(overview(pieces, [1.0, 1.0])) == 2


def test_each_passage_is_a_paragraph_whose_sentences_cite_it() -> None:
    pieces = evidence("The dam broke. The river rose.", "Kyiv denied it.")
    assert in_paragraphs(pieces) == "The dam broke. [1] The river rose. [1]\n\nKyiv denied it. [2]"

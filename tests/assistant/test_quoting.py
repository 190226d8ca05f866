"""An answer may be made of the sentences of the evidence that the generator is surest of, as they stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.citing import split_sentences
from assistant.quoting import (
    ASKED_OF,
    AT_BEST,
    LIFT,
    MARGIN,
    Quotable,
    best_to_come,
    chosen,
    quotable,
    quoted,
    worth_asking,
)
from assistant.types import Evidence
from tests.fakes import article, evidence, evidence_of, hit

NEAR = st.floats(0, 2)
PASSAGES = st.lists(st.lists(NEAR, min_size=1, max_size=3), max_size=4)


def told(nearness: Sequence[Sequence[float]]) -> tuple[Evidence, ...]:
    """Passages of a sentence for each number."""
    return evidence(*(" ".join(f"Dam {n} of {m} broke." for n in range(len(of))) for m, of in enumerate(nearness)))


def near_of(
    pieces: Sequence[Evidence],
    nearness: Sequence[float],
    question: str = "Did it?",
    *,
    whether: bool = False,
    present: bool = False,
) -> tuple[Quotable, ...]:
    return quotable(question, pieces, nearness, whether=whether, present=present)


@given(PASSAGES)
def test_asked_about_are_the_nearest_sentences_each_cut_from_its_passage(nearness: list[list[float]]) -> None:
    pieces, flat = told(nearness), [near for of in nearness for near in of]
    near = near_of(pieces, flat)
    assert [one.nearness for one in near] == sorted(flat, reverse=True)[:ASKED_OF]
    for one in near:
        whole = pieces[one.piece.number - 1]
        assert whole.text[one.piece.start - whole.start : one.piece.end - whole.start] == one.piece.text
        assert one.piece.sentence_texts == (one.piece.text,) and one.piece.hit == whole.hit
        assert (
            one.nearness
            == flat[sum(map(len, nearness[: one.piece.number - 1])) + whole.sentences.index(*one.piece.sentences)]
        )


@given(PASSAGES, st.lists(st.floats(-3, AT_BEST), min_size=ASKED_OF, max_size=ASKED_OF))
def test_quoted_is_the_best_and_what_is_nearly_as_good(nearness: list[list[float]], yes_no: list[float]) -> None:
    near = near_of(told(nearness), [one for of in nearness for one in of])
    scores = [one.score(odds) for one, odds in zip(near, yes_no, strict=False)]
    pieces = chosen(near, yes_no[: len(near)])
    assert len(pieces) == sum(score >= max(scores) - MARGIN for score in scores)
    assert not near or near[scores.index(max(scores))].piece.number == pieces[0].number, "the best one's passage leads"
    for one, score in zip(near, scores, strict=True):
        assert (one.piece in pieces) is (score >= max(scores) - MARGIN)


@given(PASSAGES, st.lists(st.floats(-3, AT_BEST, exclude_max=True), min_size=ASKED_OF, max_size=ASKED_OF))
def test_what_is_not_asked_about_would_not_have_been_quoted(nearness: list[list[float]], yes_no: list[float]) -> None:
    near = near_of(told(nearness), [one for of in nearness for one in of])
    asked = 0
    while asked < len(near) and worth_asking(near[asked], near[:asked], yes_no[:asked]):
        asked += 1
    assert asked > 0 or not near
    assert chosen(near[:asked], yes_no[:asked]) == chosen(near, yes_no[: len(near)])


def test_a_sure_yes_ends_the_asking_but_for_what_is_told_in_any_case() -> None:
    near = near_of(evidence("The dam broke.", "The river rose."), [1.0, 1.0])
    assert worth_asking(near[1], near[:1], [AT_BEST - 0.1]) and not worth_asking(near[1], near[:1], [AT_BEST])
    assert worth_asking(replace(near[1], sure=True), near[:1], [AT_BEST])


def test_a_yes_to_come_is_a_little_surer_than_the_best_so_far_and_never_surer_than_sure() -> None:
    assert best_to_come([-2.0, -1.0]) == -1.0 + LIFT
    assert best_to_come([AT_BEST, 0.0]) == AT_BEST


def test_of_one_passage_the_sentences_stand_together_in_its_order() -> None:
    near = near_of(evidence("The dam broke. The river rose.", "The mayor spoke."), [1.0, 1.1, 1.05])
    assert quoted(chosen(near, [0.0] * 3)) == "The dam broke. [1] The river rose. [1] The mayor spoke. [2]"


def told_on(*days: date | None) -> tuple[Evidence, ...]:
    """A passage of an article of its own for each day."""
    return evidence_of([hit(article(f"It held on day {n}.", f"a{n}", published=day)) for n, day in enumerate(days)])


def test_of_the_present_the_newest_stands_first_and_the_undated_last() -> None:
    near = near_of(told_on(date(2025, 3, 12), None, date(2025, 3, 31)), [1.0, 0.99, 0.98])
    assert [piece.number for piece in chosen(near, [0.0] * 3)] == [1, 2, 3]
    assert [piece.number for piece in chosen(near, [0.0] * 3, present=True)] == [3, 1, 2]


def test_of_the_present_nothing_old_is_told_where_something_newer_answers_about_as_well() -> None:
    near = near_of(told_on(date(2024, 11, 12), date(2025, 3, 12), date(2025, 3, 31), None), [1.0] * 4)
    as_well, worse = [0.5, 0.0, 0.4, 0.3], [0.5, -0.5, -0.2, -1.0]
    assert [piece.number for piece in chosen(near, as_well, present=True)] == [3, 2, 4]
    assert [piece.number for piece in chosen(near, as_well)] == [1, 3, 4, 2]
    assert [piece.number for piece in chosen(near, worse, present=True)] == [1]


def test_a_sure_one_that_answers_worse_leaves_what_is_older_standing() -> None:
    old, new = near_of(told_on(date(2024, 11, 12), date(2025, 3, 31)), [1.0, 1.0])
    near = (old, replace(new, sure=True))
    assert [piece.number for piece in chosen(near, [1.0, -1.0], present=True)] == [2, 1]
    assert [piece.number for piece in chosen(near, [1.0, 0.5], present=True)] == [2]


def test_asked_whether_a_thing_is_so_the_nearest_is_quoted_whatever_the_generator_says_of_it() -> None:
    pieces = evidence("The dam broke.", "The river rose.")
    for whether in (True, False):
        near = near_of(pieces, [1.0, 0.9], whether=whether)
        quotes = [piece.text for piece in chosen(near, [-3.0, 3.0])]
        assert quotes == ["The river rose.", "The dam broke."][: 1 + whether]


@pytest.mark.parametrize("present", [False, True])
def test_what_is_so_only_if_something_else_is_is_not_sure(present: bool) -> None:
    told, perhaps = "Russia announced that Toretsk had been taken.", "If the claim is right, Toretsk is its largest."
    near = near_of(evidence(told, perhaps), [0.9, 1.0], "Is Toretsk taken?", whether=True, present=present)
    assert [(one.piece.text, one.sure) for one in near] == [(perhaps, False), (told, True)]
    (alone,) = near_of(evidence(perhaps), [1.0], "Is Toretsk taken?", whether=True, present=present)
    assert alone.sure


@pytest.mark.parametrize(
    "told", ["It stands at a crossroads of two supply roads.", "So says Oksana.", "It fell 7 times."]
)
def test_a_sentence_that_says_the_question_again_is_no_answer(told: str) -> None:
    again = "Kupiansk’s strategic importance cannot be overstated."
    pieces, asked = evidence(again, told), "Why is Kupiansk strategically important?"
    assert [one.piece.text for one in near_of(pieces, [2.0, 1.0], asked)] == [told]
    assert [one.piece.text for one in near_of(pieces, [2.0, 1.0], asked, whether=True)] == [again, told]
    assert [one.piece.text for one in near_of(pieces[:1], [2.0], asked)] == [again], "where there is nothing else"


def test_of_the_present_the_nearest_of_the_newest_is_quoted_whatever_the_generator_says_of_it() -> None:
    days = [date(2024, 11, 12), date(2025, 1, 11), date(2025, 3, 31), None]
    pieces = evidence_of([hit(article(f"It held on day {n}.", f"a{n}", published=day)) for n, day in enumerate(days)])
    near = near_of(pieces, [1.0, 0.9, 0.1, 0.95], present=True)
    assert [one.piece.text for one in near if one.sure] == ["It held on day 1."], "day 2 is newer and not near"
    assert near[1].sure and len({one.piece.number for one in near}) == len(near)
    assert "It held on day 1." in [piece.text for piece in chosen(near, [3.0, -3.0, *[3.0] * (len(near) - 2)])]


def test_of_the_present_newer_news_of_something_else_is_not_sure() -> None:
    told = [("Ukraine has left Vuhledar.", date(2024, 10, 3)), ("Fighting goes on in Kurakhove.", date(2025, 1, 11))]
    pieces = evidence_of([hit(article(text, f"a{n}", published=day)) for n, (text, day) in enumerate(told)])

    def sure(question: str) -> str:
        near = near_of(pieces, [1.0, 0.9], question, whether=True, present=True)
        return next(one.piece.text for one in near if one.sure)

    assert sure("Does Ukraine still hold Vuhledar?") == "Ukraine has left Vuhledar."
    assert sure("Is it still so?") == "Fighting goes on in Kurakhove."


def test_of_the_newest_article_the_sentence_that_names_what_is_asked_about_is_sure() -> None:
    (piece,) = evidence_of([hit(article("Ukraine left Vuhledar today. Kurakhove, which Ukraine still holds, is far."))])
    near = near_of([piece], [0.9, 1.0], "Does Ukraine still hold Vuhledar?", whether=True, present=True)
    assert [(one.piece.text, one.sure) for one in near] == [
        ("Kurakhove, which Ukraine still holds, is far.", False),
        ("Ukraine left Vuhledar today.", True),
    ]
    apart = [
        replace(one, piece=replace(one.piece, number=number)) for number, one in enumerate(near, 1)
    ]  # as of two passages of one day
    assert [piece.number for piece in chosen(apart, [1.0, 1.0], present=True)] == [2, 1]


def test_asked_how_many_only_what_tells_a_quantity_can_answer() -> None:
    pieces = evidence("The troops moved on Pokrovsk.", "Reports placed them 12 kilometres away.", "It began on 6 May.")
    asked = "How close are the troops to Pokrovsk?"
    assert [one.piece.text for one in near_of(pieces, [1.0, 0.5, 0.4], asked)] == [pieces[1].text]
    assert near_of(pieces[:1], [1.0], asked), "where nothing does, the nearest may still say why"


def test_what_tells_of_the_town_is_quoted_with_the_sentence_that_names_it() -> None:
    text = (
        "Troops have left Sudzha, the largest town there. Russia said that it had retaken the town. The town is quiet."
    )
    (piece,) = evidence_of([hit(article(text))])
    units = {one.nearness: one.piece.text for one in near_of([piece], [0.1, 0.2, 0.3])}
    assert units[0.2] == text.removesuffix(" The town is quiet.")


def test_a_bracket_in_a_source_is_no_marker() -> None:
    (one,) = near_of(evidence("The dam\n broke [7] at noon."), [1.0])
    text = quoted([one.piece])
    assert text == "The dam broke (7) at noon. [1]"
    assert [sentence.numbers for sentence in split_sentences(text)] == [(1,)]


def test_what_two_sources_say_in_the_same_words_is_quoted_of_each() -> None:
    near = near_of(evidence("It fell.", "It fell."), [1.0, 1.0])
    assert quoted(chosen(near, [0.0, 0.0])) == "It fell. [1] It fell. [2]"


@pytest.mark.parametrize(
    "denial",
    [
        "Moscow has neither confirmed nor denied it.",
        "Ukraine did not confirm the loss.",
        "Nobody could verify it.",
        "The army denies this.",
        "The figure couldn’t be checked.",
    ],
)
def test_a_claim_is_quoted_with_the_denial_right_behind_it(denial: str) -> None:
    pieces = evidence(f"Soldiers have arrived. {denial} Flags were seen.", denial)
    near = near_of(pieces, [1.0, 0.1, 0.2, 0.1])
    assert [one.piece.text for one in near[:2]] == [f"Soldiers have arrived. {denial}", "Flags were seen."], (
        "the next passage denies nothing of this one"
    )
    assert quoted([near[0].piece]) == f"Soldiers have arrived. [1] {denial} [1]"


@pytest.mark.parametrize("pointing", ["He has left.", "“They fled.”", "And this is why.", "Its gates were shut."])
def test_a_sentence_that_points_back_is_quoted_with_the_one_before_it(pointing: str) -> None:
    pieces = evidence(f"The mayor spoke. {pointing}", pointing)
    near = near_of(pieces, [0.1, 1.0, 0.5])
    assert [one.piece.text for one in near] == [f"The mayor spoke. {pointing}", pointing, "The mayor spoke."]
    assert quoted([near[0].piece, near[2].piece]) == f"The mayor spoke. [1] {pointing} [1]", "nothing is said twice"


def test_asked_when_what_happened_is_quoted_with_the_sentence_that_tells_the_day() -> None:
    pieces = evidence("The dam has been damaged. Workers saw it on 11 November. Nobody was hurt.")
    near = [1.0, 0.5, 0.1]
    assert near_of(pieces, near, "When was it hit?")[0].piece.text == (
        "The dam has been damaged. Workers saw it on 11 November."
    )
    assert near_of(pieces, near, "Who hit it?")[0].piece.text == "The dam has been damaged."
    assert near_of(pieces, [0.1, 1.0, 0.5], "When was it hit?")[0].piece.text == "Workers saw it on 11 November."


def test_a_sentence_before_it_that_was_left_out_explains_nothing() -> None:
    (piece,) = evidence("The mayor spoke. Bread was dear. He has left.")
    kept = piece.cut_to(piece.sentences)
    apart = [piece.sentences[0], piece.sentences[2]]
    near = near_of([type(kept)(1, kept.hit, kept.start, kept.end, kept.text, tuple(apart))], [0.1, 1.0])
    assert near[0].piece.text == "He has left."

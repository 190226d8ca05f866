"""What several articles tell in the same words is kept once; what one of them tells otherwise is never lost."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.candidates import Candidate, candidates_of
from assistant.duplicates import fold
from index.types import Hit
from tests.fakes import article, hit

WIRE = (
    "KURAKHOVE — A missile struck the dam of Kurakhove early on Monday, the regional governor Vadym Filashkin said. "
    "The water of the Vovcha river rose by 1.2 metres within four hours and flooded 40 homes. "
    "Nobody was killed, and rescuers brought 112 people to a school in the town."
)
OUTLETS = (
    WIRE,
    WIRE.removeprefix("KURAKHOVE — "),
    WIRE.replace(
        "early on Monday, the regional governor Vadym Filashkin said", "on Monday, said governor Vadym Filashkin"
    ),
    WIRE.replace("The water of the Vovcha river", "Water of the Vovcha river").replace(
        "brought 112", "had brought 112"
    ),
    WIRE.replace("within four hours ", "within 4 hours ").replace(", and rescuers", "; rescuers"),
)


def found(*texts: str, days: tuple[int, ...] = ()) -> tuple[Hit, ...]:
    """One hit a text, of November 2024 where a day is given, else undated."""
    dates = [date(2024, 11, day) for day in days] + [None] * (len(texts) - len(days))
    articles = (
        article(text, f"a{n}", published=day) for n, (text, day) in enumerate(zip(texts, dates, strict=True), 1)
    )
    return tuple(hit(of, rank=rank) for rank, of in enumerate(articles, 1))


def folded(*texts: str, days: tuple[int, ...] = ()) -> list[Candidate]:
    return fold(candidates_of(found(*texts, days=days)))


def articles_of(candidates: list[Candidate]) -> list[str]:
    return [candidate.stretch.article.id for candidate in candidates]


def test_a_story_printed_by_five_outlets_with_small_edits_is_kept_once() -> None:
    kept = folded(*OUTLETS, days=(12, 11, 12, 13, 12))
    assert articles_of(kept) == ["a2"] * 3
    assert [sorted(twin.stretch.article.id for twin in one.twins) for one in kept] == [["a1", "a3", "a4", "a5"]] * 3


@pytest.mark.parametrize(
    ("told", "otherwise"),
    [
        ("40 homes", "60 homes"),
        ("by 1.2 metres", "by 1.4 metres"),
        ("four hours", "five hours"),
        ("Vovcha river", "Siverskyi river"),
        ("flooded 40", "flooded no"),
        ("rose by", "fell by"),
    ],
    ids=["a number", "a decimal", "a number word", "a name", "a denial", "a verb"],
)
def test_an_update_that_says_something_else_is_kept_beside_the_first(told: str, otherwise: str) -> None:
    kept = folded(WIRE, WIRE.replace(told, otherwise), days=(11, 12))
    assert articles_of(kept) == ["a1", "a1", "a1", "a2"]
    assert otherwise in kept[-1].text


def test_a_later_day_in_the_text_keeps_both() -> None:
    kept = folded(WIRE, WIRE.replace("Monday", "Tuesday"), days=(11, 12))
    assert articles_of(kept) == ["a1", "a1", "a1", "a2"]
    assert "Tuesday" in kept[-1].text


def test_the_earliest_dated_article_is_shown() -> None:
    assert set(articles_of(folded(WIRE, WIRE, WIRE, days=(13, 11, 12)))) == {"a2"}


def test_an_undated_article_gives_way_to_a_dated_one() -> None:
    assert set(articles_of(fold(candidates_of(found(WIRE, WIRE, days=(11,))[::-1])))) == {"a1"}


def test_of_one_day_the_article_with_most_text_is_shown() -> None:
    more = WIRE + " The dam was built in 1965."
    assert set(articles_of(folded(WIRE, more, days=(11, 11)))) == {"a2"}


def test_what_is_folded_lends_its_better_rank() -> None:
    kept = folded(WIRE, WIRE, days=(12, 11))
    assert {(one.stretch.article.id, one.rank) for one in kept} == {("a2", 1)}


def test_a_sentence_that_an_article_repeats_is_not_folded() -> None:
    text = "The dam was struck on Monday. Rain fell. The dam was struck on Monday."
    assert [one.text for one in folded(text)] == [
        "The dam was struck on Monday.",
        "Rain fell.",
        "The dam was struck on Monday.",
    ]


def test_nothing_found_is_nothing_kept() -> None:
    assert fold([]) == []


WORDS = st.sampled_from("the dam was struck river rose not 11 12 Kurakhove Pokrovsk on Monday".split())
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(lambda words: " ".join(words).capitalize() + ".")


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_every_sentence_is_kept_or_is_a_twin_of_one_kept_once(texts: list[str]) -> None:
    candidates = candidates_of(found(*texts))
    kept = fold(candidates)
    places = [(c.stretch.article.id, c.span) for one in kept for c in (one, *one.twins)]
    assert sorted(places, key=str) == sorted(((c.stretch.article.id, c.span) for c in candidates), key=str)


@given(st.lists(TEXTS, min_size=1, max_size=6, unique=True), st.integers(2, 4))
def test_a_text_under_many_names_is_always_kept_once(texts: list[str], times: int) -> None:
    text = " ".join(texts)
    kept = folded(*[text] * times)
    assert set(articles_of(kept)) == {"a1"}
